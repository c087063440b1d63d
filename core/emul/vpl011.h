/* The guest's UART: a PL011 (Arm DDI 0183) whose other end is the shared console; complete enough for SBSA and full drivers. */
#ifndef BULKHEAD_EMUL_VPL011_H
#define BULKHEAD_EMUL_VPL011_H

#include "arch/cpu.h"
#include "console/console.h"
#include "emul/mmio.h"

#define VPL011_RX_FIFO 256 /* characters kept for a guest that does not read; the guest sees a 32-deep FIFO */
#define VPL011_TX_CHUNK 64

struct domain;

struct vpl011 {
    struct arch_spinlock lock;
    struct console_source console;
    struct domain *domain;
    uint32_t intid;
    uint32_t raw_status; /* UARTRIS */
    uint32_t mask;       /* UARTIMSC */
    uint32_t control, line_control, integer_baud, fraction_baud, fifo_select, dma_control, irda;
    uint32_t receive_status;
    uint8_t rx[VPL011_RX_FIFO];
    uint32_t rx_head, rx_tail;
    bool line; /* interrupt output as last given to the vGIC */
};

/** Reset state; the console source keeps its place in the rotation. */
void vpl011_init(struct vpl011 *uart, struct domain *domain, uint32_t intid);
enum mmio_result vpl011_access(struct vcpu *vcpu, void *device, struct mmio_access *access);

#endif
