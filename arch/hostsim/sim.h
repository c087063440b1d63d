/* SPDX-License-Identifier: Apache-2.0 */
/* hostsim, the public side: a machine in this process, made from a device tree, on which the hypervisor boots.
 *
 *   struct sim_options options = {0};
 *   struct sim_machine *machine = sim_create(dtb, dtb_size, &options);
 *   sim_load(machine, 0x44000000, image, image_size);     modules, where the device tree says they lie
 *   enum sim_end end = sim_run(machine);                  boots, and runs until nothing more can happen
 *   puts(sim_output(machine));                            what came out of the UART
 *   sim_destroy(machine);
 *
 * One machine exists at a time. The same device tree, options, loads and inputs give the same run, bit for bit.
 *
 * A machine can also be used without sim_run(): between sim_create() and sim_destroy() the caller is CPU 0 (or another,
 * see sim_act_as()) and may call the contract's functions and core's drivers itself. Device models and time then work
 * as they do in a run. Without any machine the contract's locks, counters and memory helpers still work; what needs a
 * machine ends the process with a message. */
#ifndef BULKHEAD_HOSTSIM_SIM_H
#define BULKHEAD_HOSTSIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostsim/faults/faults.h"

struct sim_machine;

#define SIM_BAUD_DIVISORS UINT32_MAX /* sim_options::uart_baud: what the UART's divisors are set to */

/** Whose turn it is, where more than one CPU could go on. Every order below is one that slow or stalled CPUs can bring
 * about, and the same seed gives the same one. */
enum sim_schedule {
    SIM_SCHEDULE_DEFAULT, /* by time where the seed is 0, else random */
    SIM_SCHEDULE_BY_TIME, /* the CPU whose clock is furthest behind */
    SIM_SCHEDULE_RANDOM,  /* the same, but one in 16 switch points goes to a CPU drawn at random */
    SIM_SCHEDULE_PCT,     /* random priorities with few changes: arch/hostsim/cpus/pct.c */
};

/** Whose interrupt controller guests in KVM have. */
enum sim_kvm_gic {
    SIM_KVM_GIC_DEFAULT, /* core's, if the host's KVM can do without one of its own */
    SIM_KVM_GIC_CORE,
    SIM_KVM_GIC_HOST, /* KVM's own: core's is bypassed but for the lines that it raises */
};

#define SIM_MAX_FAULTS 8

/** All zero is a good machine: what a field's 0 means is written beside it. */
struct sim_options {
    /* The machine */
    uint64_t timer_frequency; /* Hz; 0: what the tree's timer node says, else 62.5 MHz, as QEMU */
    unsigned list_registers;  /* of the GIC's virtual interface, 1..64 (GICv3: 16); 0: 4, as GIC-400 */
    bool gic_security;        /* the GIC has Security Extensions: EL2 sees the Non-secure view of its registers */
    unsigned spi_count;       /* 0: 256 */
    unsigned
        gic_preemption_bits; /* GICv3's virtual interface: 5, 6 (of 7 priority bits) or 7; 0: by the seed, 5 without */
    uint64_t gic_write_ns;   /* GICv3: how long a write that RWP tracks takes to be everywhere; 0: 60 */
    uint64_t gic_wake_ns;    /* GICv3: how long a redistributor takes to wake or to fall asleep; 0: 60 */
    unsigned pa_bits;        /* 32..48; 0: 40 */
    unsigned uart_baud;      /* 0: characters leave at once, as on QEMU */
    bool random;             /* the CPU has RNDR; its numbers come from the seed */
    const char *platform;    /* how long things take: a name of sim_platform_name(); NULL: the first one */
    bool clean_ram;          /* RAM holds zeros at power-on; false: traces of earlier use in every 2 MiB block */
    bool coherent; /* no cache model: what EL2 writes is in memory at once (as QEMU). false: only when cleaned */
    bool kvm;      /* guests are native code in the host's KVM rather than guest programs; makes RAM coherent */
    enum sim_kvm_gic kvm_gic;

    /* Where the boot loader put things; addresses must lie in RAM. 0: image 2 MiB above the first bank's base, 2 MiB
     * long; device tree 4 MiB below the first bank's end. */
    uint64_t image_base, image_size;
    uint64_t dtb_base;
    uint64_t early_uart; /* a PL011 that this build knows of without a tree; 0: none */

    bool dma_strays; /* guests may be hostile: what a device of theirs does to others' memory is noted (sim_stray()) and
                      * happens; false: it ends the run */

    /* The run */
    uint64_t seed; /* 0: CPUs advance strictly in order of virtual time; else switches between them are random too */
    enum sim_schedule schedule;
    unsigned pct_depth;       /* PCT: how many things must come in one order for the bug, 1..16; 0: 3 */
    uint64_t pct_steps;       /* PCT: how many steps the run is expected to take (sim_steps() of one); 0: 10,000 */
    uint64_t pct_patience_us; /* PCT: how long a CPU that could run is passed over; 0: 500 us */
    bool threads; /* each CPU is a thread, for race detectors: the run is the same. Not in builds with AddressSanitizer,
                   * nor with kvm; also by the environment: HOSTSIM_THREADS=1 */
    uint64_t time_limit_us; /* virtual time at which the run ends; 0: 60 s */
    uint64_t step_limit;    /* contract calls and guest operations; 0: 200 million */
    bool echo;              /* UART output also goes to stdout */
    bool trace;             /* what happens goes to stderr, a line each; also by the environment: HOSTSIM_TRACE=1 */

    /* What goes wrong (faults.h). CPUs are numbered in the order of the device tree */
    struct sim_fault faults[SIM_MAX_FAULTS];
};

/** How a run ended. */
enum sim_end {
    SIM_END_POWER_OFF, /* PSCI SYSTEM_OFF */
    SIM_END_RESET,     /* PSCI SYSTEM_RESET */
    SIM_END_IDLE,      /* every CPU waits and no event will ever come */
    SIM_END_RETURNED,  /* hv_main() returned and no other CPU has anything to do */
    SIM_END_HALTED,    /* every CPU halted: a panic */
    SIM_END_DEADLOCK,  /* a CPU waits for a lock that nobody will release */
    SIM_END_LIMIT,     /* time or step limit */
    SIM_END_FAILED,    /* the hypervisor or a guest program broke a rule: sim_message() says which */
};

const char *sim_end_name(enum sim_end end);

/** The platforms whose times are known. @return the name and, in @p description, what it stands for; NULL past the end.
 */
const char *sim_platform_name(unsigned index, const char **description);

/**
 * Makes a machine: RAM from the memory nodes, CPUs, GICv2 or GICv3, UARTs (PL011, Cadence) from the tree. The tree is
 * copied into RAM as a boot loader would. @return NULL where it holds no machine; sim_create_error() says why
 */
struct sim_machine *sim_create(const void *dtb, size_t dtb_size, const struct sim_options *options);
const char *sim_create_error(void);
void sim_destroy(struct sim_machine *machine);

/** Hands the hypervisor another device tree (an edited or damaged one) than that of which the machine was made. */
bool sim_set_boot_dtb(struct sim_machine *machine, const void *dtb, size_t size);

/** Copies into RAM, as a boot loader does: cleaned to memory. @return false if it is not all RAM */
bool sim_load(struct sim_machine *machine, uint64_t address, const void *data, size_t size);
/** @return what memory holds, as a CPU with its caches off reads it; false if it is not all RAM */
bool sim_peek(struct sim_machine *machine, uint64_t address, void *data, size_t size);

/** The keyboard: @p text arrives at the UART, one character a character time, from virtual time @p at_us on. */
void sim_input(struct sim_machine *machine, uint64_t at_us, const char *text);
/** The same, relative to the moment when @p after has been seen in the output. */
void sim_input_after(struct sim_machine *machine, const char *after, const char *text);
/** sim_input() with noise on the line: each character comes with a framing error. */
void sim_input_damaged(struct sim_machine *machine, uint64_t at_us, const char *text);

/** Resets core's globals and boots. May be called once per machine. */
enum sim_end sim_run(struct sim_machine *machine);
/** The same, but the other CPUs begin in @p secondary, which calls hv_secondary_main() for all but those that a test
 * has another use for. */
enum sim_end sim_run_secondary(struct sim_machine *machine, void (*secondary)(unsigned cpu));
/** The same with something else in the place of hv_main() and hv_secondary_main(): for tests of single parts on
 * simulated CPUs. A machine may be run so only once, too. @param secondary  where CPUs begin that arch_cpu_start()
 * starts; NULL: they must not */
enum sim_end sim_run_with(struct sim_machine *machine, void (*main)(void *context), void *context,
                          void (*secondary)(unsigned cpu));
/** @return why a run ended, in words; "" where there is nothing to add to its sim_end. */
const char *sim_message(const struct sim_machine *machine);

/** @return all that the UART sent so far, NUL-terminated; valid until the machine does anything. */
const char *sim_output(const struct sim_machine *machine);
/** Called for every character the UART sends. */
void sim_on_output(struct sim_machine *machine, void (*callback)(void *context, char character), void *context);

/** Virtual time since power-on. */
uint64_t sim_time_ns(const struct sim_machine *machine);
/** Contract calls and guest operations so far. */
uint64_t sim_steps(const struct sim_machine *machine);
/** A number that two runs share only if they did the same things in the same order. */
uint64_t sim_fingerprint(const struct sim_machine *machine);

/** @return whether guests run in KVM with its own interrupt controller: core's vGIC is not what they see then. */
bool sim_kvm_has_own_gic(const struct sim_machine *machine);

/** One access by DMA to what was not to be accessed. */
struct sim_stray {
    char device[32];      /* name of its node in the machine's tree */
    char owner[48];       /* whose memory it was: a domain's name, or what it is to the hypervisor */
    unsigned device_vmid; /* of the domain that the device was given to; 0: to none */
    unsigned vmid; /* of the domain whose memory it was; its own domain's where the page was not zeroed and mapped */
    uint64_t address;
    bool write;
};
#define SIM_MAX_STRAYS 64 /* that are kept */
/** @return how many there were; the one of @p index is then in @p found, if it was kept (NULL: not wanted). */
unsigned sim_stray(const struct sim_machine *machine, unsigned index, struct sim_stray *found);

/** One vCPU that ran, in the order in which they first did. */
struct sim_guest_info {
    const char *program; /* the name in its kernel image */
    unsigned vmid;
    unsigned starts;               /* 1, and one more for each restart */
    uint64_t first_instruction_ns; /* virtual time of its very first instruction */
    uint64_t exits;                /* times arch_vcpu_run() returned */
};
/** @return false past the end. */
bool sim_guest_info(const struct sim_machine *machine, unsigned index, struct sim_guest_info *info);

/** Outside of sim_run(): contract calls are made by this CPU from now on (order of the device tree). */
void sim_act_as(struct sim_machine *machine, unsigned cpu);
/** Outside of sim_run(): lets virtual time pass. */
void sim_advance(struct sim_machine *machine, uint64_t nanoseconds);
/** Outside of sim_run(): drives the input of a shared interrupt, as a device would. */
void sim_set_spi(struct sim_machine *machine, unsigned intid, bool level);

/**
 * Writes a guest kernel: an arm64 Image whose code is the guest program @p name (hostsim/guest.h).
 * @param file_size   bytes to write, at least SIM_IMAGE_MIN; filled with a pattern that the program checks when it
 * starts
 * @param image_size  what the header's image_size says, BSS included
 */
#define SIM_IMAGE_MIN 64 /* the header */
bool sim_make_image(void *buffer, size_t file_size, uint64_t image_size, const char *name);

/** The guest programs that stand for kernels. @return the name and, in @p description, what it does; NULL past the end.
 */
const char *sim_program_name(unsigned index, const char **description);
/** @return the program whose image was loaded at @p address, "" where it names one that is not registered, NULL where
 * no image lies there. */
const char *sim_loaded_program(struct sim_machine *machine, uint64_t address);

/** One multiboot module that the device tree names. */
struct sim_module {
    char domain[64]; /* node name of its domain; "" if it belongs to none */
    bool kernel, ramdisk;
    uint64_t base, size;
    char bootargs[256];
};
/** @return false past the end. */
bool sim_module(const void *dtb, unsigned index, struct sim_module *module);
/**
 * Loads a guest program for each kernel module of the tree (sim.program=NAME in its bootargs, else @p program) and a
 * pattern for each ramdisk; sizes that run past the bank or into the next module are cut. @return false if one does not
 * lie in RAM
 */
bool sim_load_modules(struct sim_machine *machine, const void *dtb, const char *program);

#endif
