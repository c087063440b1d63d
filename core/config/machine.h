/* SPDX-License-Identifier: Apache-2.0 */
/* What the board is: read from the boot device tree, nothing decided. Strings lie in the tree. */
#ifndef BULKHEAD_CONFIG_MACHINE_H
#define BULKHEAD_CONFIG_MACHINE_H

#include "dt/dt.h"
#include "lib/diag.h"
#include "lib/types.h"
#include "mem/regions.h"

enum gic_version {
    GIC_NONE,
    GIC_V2,
    GIC_V3,
};

enum uart_type {
    UART_NONE,
    UART_PL011,
    UART_CADENCE,
};

struct machine_cpu {
    uint64_t mpidr;         /* affinity from reg */
    const char *compatible; /* whole string list of the CPU node, for the guests' trees */
    uint32_t compatible_length;
    uint32_t clock_frequency; /* Hz, 0: not given */
    bool psci;                /* enable-method is "psci" (or absent on the boot CPU) */
    bool online;              /* checked in; machine_read() assumes it of all that can be started */
};

#define MACHINE_MAX_REDISTRIBUTOR_REGIONS 8

struct machine_gic {
    enum gic_version version;
    struct dt_range distributor;
    struct dt_range redistributors[MACHINE_MAX_REDISTRIBUTOR_REGIONS]; /* GICv3: ranges of GICR frames */
    unsigned redistributor_count;
    uint32_t redistributor_stride;     /* from one CPU's frames to the next; 0: as GICR_TYPER says */
    struct dt_range cpu_interface;     /* GICv2 GICC */
    struct dt_range hyp_interface;     /* GICv2 GICH */
    struct dt_range virtual_interface; /* GICv2 GICV: mapped into guests as their GICC */
    uint32_t maintenance_intid;
};

struct machine_uart {
    enum uart_type type;
    struct dt_range frame;
    uint32_t intid; /* 0: none given */
    uint32_t flags; /* trigger, as dt_interrupt */
    struct dt_node node;
};

/** Why a range of RAM is not free. Kept beside the set for messages and the memory map. */
struct machine_reservation {
    struct region range;
    const char *name; /* node name, or "/memreserve/" */
};

#define MACHINE_MAX_RESERVATIONS 64

struct machine {
    const struct dt *tree;
    struct region dtb;        /* where the boot device tree lies */
    struct region image;      /* where the hypervisor lies */
    struct region_set memory; /* RAM banks, as /memory nodes say; reservations not yet removed */
    struct machine_reservation reservations[MACHINE_MAX_RESERVATIONS];
    unsigned reservation_count;
    struct machine_cpu cpus[HV_MAX_CPUS]; /* cpus[0] is the boot CPU */
    unsigned cpu_count;
    struct machine_gic gic;
    struct machine_uart uart;
    uint32_t timer_virtual_intid;    /* 27 */
    uint32_t timer_physical_intid;   /* 30 */
    uint32_t timer_hypervisor_intid; /* 26 */
    uint32_t timer_frequency;        /* Hz from the timer node's clock-frequency; 0: CNTFRQ_EL0 counts */
    bool psci;                       /* firmware answers PSCI through SMC */
    unsigned pa_bits;                /* 32..48; the desk assumes 40 unless told */
    const uint8_t *rng_seed;         /* /chosen/rng-seed of the host's tree; NULL: none */
    uint32_t rng_seed_length;
};

/**
 * What the machine is asked of the device tree. A part that is missing or damaged is reported and left zero; the caller
 * decides whether it can go on (RAM and a GIC it must have, a UART not).
 * @param machine     all zero, but for uart: what machine_read_uart() found in the same tree is kept, not read again
 * @param boot_mpidr  affinity of the CPU that boots; its node becomes cpus[0]. UINT64_MAX: the first enabled node
 * @return HV_OK, or the first error without which no domain can run (no RAM, no CPU, no usable GIC)
 */
HV_CHECK hv_status machine_read(struct machine *machine, const struct dt *tree, struct region dtb, struct region image,
                                uint64_t boot_mpidr, struct diag *diag);
/**
 * Only the UART: what the console needs before anything else is read. dtuart= of the hypervisor's command line comes
 * before stdout-path. @return HV_E_MISSING where none is usable (reported)
 */
HV_CHECK hv_status machine_read_uart(struct machine_uart *uart, const struct dt *tree, struct diag *diag);

#endif
