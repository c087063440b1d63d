// SPDX-License-Identifier: Apache-2.0
/* The UART of Zynq and ZynqMP, Cadence's (Xilinx UG1085 chapter 21, UG1087 module UART). */
#include "drivers/uart.h"

#define CR 0x00
#define MR 0x04
#define IER 0x08
#define IDR 0x0c
#define ISR 0x14
#define RXTOUT 0x1c
#define RXWM 0x20
#define SR 0x2c
#define FIFO 0x30

#define CR_SELF_CLEARING 0x43u /* RXRES, TXRES, RSTTO: commands, not settings */
#define CR_RXEN (1u << 2)
#define CR_RXDIS (1u << 3) /* wins over RXEN, as TXDIS over TXEN */
#define CR_TXEN (1u << 4)
#define CR_TXDIS (1u << 5)

#define MR_NO_PARITY (4u << 3) /* 8 data bits and 1 stop bit are 0; but so is even parity */

#define SR_REMPTY (1u << 1)
#define SR_TEMPTY (1u << 3)
#define SR_TFUL (1u << 4)

#define INTERRUPT_RTRIG (1u << 0)
#define INTERRUPT_TEMPTY (1u << 3)
#define INTERRUPT_FRAME (1u << 6)
#define INTERRUPT_PARE (1u << 7)
#define INTERRUPT_ALL 0x3fffu

#define INTERRUPT_DAMAGED (INTERRUPT_FRAME | INTERRUPT_PARE)

#define FIFO_DEPTH_MIN 16 /* 64 on Xilinx's chips; QEMU's model has 16 */
#define FIFO_DEPTH_MAX 64

/* How many bytes fit without looking again. */
static size_t room(const struct arch_mmio *mmio)
{
    uint32_t status = arch_mmio_read32(mmio, SR);

    if ((status & SR_TEMPTY) != 0)
        return FIFO_DEPTH_MIN;
    return (status & SR_TFUL) == 0 ? 1 : 0;
}

static size_t cadence_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    return uart_fill(&uart->mmio, FIFO, room, bytes, count);
}

static bool received(const struct arch_mmio *mmio)
{
    return (arch_mmio_read32(mmio, SR) & SR_REMPTY) == 0;
}

/* Whether nothing that came up to now was damaged. Which byte it was is told by a register that neither r1p8 nor QEMU's
 * model has: all that wait are dropped. */
static bool intact(const struct arch_mmio *mmio)
{
    uint32_t damaged = arch_mmio_read32(mmio, ISR) & INTERRUPT_DAMAGED;

    if (damaged == 0)
        return true;
    arch_mmio_write32(mmio, ISR, damaged); /* before the bytes are dropped: later ones have their own */
    for (unsigned i = 0; i < FIFO_DEPTH_MAX && received(mmio); i++)
        (void)arch_mmio_read32(mmio, FIFO);
    return false;
}

static bool cadence_try_get(struct uart *uart, uint8_t *byte)
{
    if (!received(&uart->mmio))
        return false;
    *byte = (uint8_t)arch_mmio_read32(&uart->mmio, FIFO);
    return intact(&uart->mmio);
}

/* From the first byte on. A higher level would need the receive time-out for what stays below it, and that counts on an
 * idle line, whether the FIFO holds anything or not: once for every restart, or for ever (UG1085, "Receiver Timeout
 * Mechanism"). */
static void cadence_enable_receive_interrupt(struct uart *uart)
{
    arch_mmio_write32(&uart->mmio, RXWM, 1);
    arch_mmio_write32(&uart->mmio, IER, INTERRUPT_RTRIG);
}

/* When the FIFO becomes empty. ISR may still note that it was earlier: then one interrupt finds no room. */
static void cadence_enable_transmit_interrupt(struct uart *uart, bool on)
{
    arch_mmio_write32(&uart->mmio, on ? IER : IDR, INTERRUPT_TEMPTY);
}

/* Before the FIFO is drained, never after: ISR notes that the level is reached, not that it still is. */
static void cadence_acknowledge(struct uart *uart)
{
    arch_mmio_write32(&uart->mmio, ISR, INTERRUPT_RTRIG | INTERRUPT_TEMPTY);
}

static const struct uart_ops cadence_ops = {
    .write = cadence_write,
    .try_get = cadence_try_get,
    .enable_receive_interrupt = cadence_enable_receive_interrupt,
    .enable_transmit_interrupt = cadence_enable_transmit_interrupt,
    .acknowledge = cadence_acknowledge,
};

/* A UART that already runs is left alone; one that was never enabled has no format yet. Its baud rate is the reset
 * value's: the frequency of its clock is the firmware's to know. */
static void take_over(const struct arch_mmio *mmio)
{
    uint32_t control = arch_mmio_read32(mmio, CR) & ~CR_SELF_CLEARING;
    uint32_t wanted = (control & ~(CR_RXDIS | CR_TXDIS)) | CR_RXEN | CR_TXEN;

    if ((control & (CR_TXEN | CR_TXDIS)) != CR_TXEN && (control & (CR_RXEN | CR_RXDIS)) != CR_RXEN)
        arch_mmio_write32(mmio, MR, MR_NO_PARITY);
    if (wanted != control)
        arch_mmio_write32(mmio, CR, wanted);
}

hv_status cadence_open(struct uart *uart, const struct machine_uart *description)
{
    if (!arch_mmio_map(&uart->mmio, pa(description->frame.base), description->frame.size))
        return HV_E_NOMEM;
    uart->ops = &cadence_ops;
    arch_mmio_write32(&uart->mmio, IDR, INTERRUPT_ALL);
    arch_mmio_write32(&uart->mmio, RXTOUT, 0);
    arch_mmio_write32(&uart->mmio, ISR, INTERRUPT_ALL);
    take_over(&uart->mmio);
    return HV_OK;
}
