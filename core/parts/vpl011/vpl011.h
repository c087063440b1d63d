/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's UART: a PL011 (Arm DDI 0183) whose other end is the shared console; complete enough for SBSA and full
 * drivers.
 *
 * Lock: vpl011.lock, before the console's and vgic.lock. */
#ifndef BULKHEAD_PARTS_VPL011_H
#define BULKHEAD_PARTS_VPL011_H

#include "arch/cpu.h"
#include "bus/mmio.h"
#include "console/console.h"

#define VPL011_RX_FIFO 256   /* characters kept for a guest that does not read; a power of two */
#define VPL011_FIFO_DEPTH 32 /* what the guest is told: a PL011 r1p5 */

struct vgic;

struct vpl011 {
    struct arch_spinlock lock;
    struct console_source *console;
    struct vgic *vgic;
    uint32_t intid;
    uint32_t raw_status; /* UARTRIS */
    uint32_t mask;       /* UARTIMSC */
    uint32_t control, line_control, integer_baud, fraction_baud, fifo_select, dma_control, irda;
    uint32_t receive_status; /* UARTRSR */
    bool overrun;            /* characters were lost since the last one that was read */
    uint8_t rx[VPL011_RX_FIFO];
    uint32_t rx_head, rx_tail;     /* free running: written at head, read at tail */
    uint8_t tx[VPL011_FIFO_DEPTH]; /* what the console does not take yet */
    uint32_t tx_tail, tx_count;
    bool line; /* interrupt output as last given to the vGIC */
};

/**
 * A UART that is off, and its other end. Before @p source is added to the others.
 * @param uart   zeroed
 * @param intid  SPI of @p vgic
 */
void vpl011_init(struct vpl011 *uart, struct vgic *vgic, uint32_t intid, struct console_source *source);
/** Reset state, as firmware leaves a UART. The vGIC was reset before. */
void vpl011_reset(struct vpl011 *uart);
/** All that its guest has written goes to the console; then it is off, its interrupt too. */
void vpl011_quiesce(struct vpl011 *uart);
/**
 * 8, 16 and 32 bits wide, within one register; others abort. What is reserved reads as zero and ignores writes.
 * @param device  the struct vpl011
 */
enum mmio_result vpl011_access(void *device, struct mmio_access *access);

#endif
