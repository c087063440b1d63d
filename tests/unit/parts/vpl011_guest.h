/* SPDX-License-Identifier: Apache-2.0 */
/* A guest's UART, its domain of one vCPU, and a host's UART that can be full. */
#ifndef BULKHEAD_TESTS_UNIT_PARTS_VPL011_GUEST_H
#define BULKHEAD_TESTS_UNIT_PARTS_VPL011_GUEST_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "parts/vpl011/vpl011.h"
#include "support/core_state.h"

#define DR 0x00
#define RSR 0x04
#define FR 0x18
#define ILPR 0x20
#define IBRD 0x24
#define FBRD 0x28
#define LCR_H 0x2c
#define CR 0x30
#define IFLS 0x34
#define IMSC 0x38
#define RIS 0x3c
#define MIS 0x40
#define ICR 0x44
#define DMACR 0x48

#define FR_BUSY 0x08
#define FR_RXFE 0x10
#define FR_TXFF 0x20
#define FR_RXFF 0x40
#define FR_TXFE 0x80
#define RX 0x010
#define TX 0x020
#define RT 0x040
#define OE 0x400
#define INTID 32

static struct domain domain;
static struct plan_domain plan;
static struct vcpu vcpu;
static struct vpl011 the_uart;
static struct vpl011 *const uart = &the_uart;

static char screen[4096];
static size_t screen_length;

static bool host_full; /* takes nothing */

static inline size_t put(struct uart *host, const uint8_t *bytes, size_t count)
{
    (void)host;
    if (host_full)
        return 0;
    ck_assert_uint_lt(screen_length + count, sizeof(screen));
    memcpy(&screen[screen_length], bytes, count);
    screen_length += count;
    screen[screen_length] = '\0';
    return count;
}

static const struct uart_ops host_ops = {.write = put};
static struct uart host_uart = {.ops = &host_ops};

static inline void setup(void)
{
    core_reset();
    memset(&domain, 0, sizeof(domain));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(uart, 0, sizeof(*uart));
    domain.plan = &plan;
    domain.name = "domU1";
    domain.state = DOMAIN_RUNNING;
    domain.vcpu_count = 1;
    domain.vcpus[0] = &vcpu;
    vcpu.domain = &domain;
    console_init();
    console_attach(&host_uart);
    domain.vgic.wake = vcpu_wake_for_interrupt;
    vgic_add_vcpu(&domain.vgic, &vcpu.vgic, 0);
    vgic_reset(&domain.vgic, 32);
    vgic_reset_vcpu(&vcpu.vgic);
    domain.console.name = "domU1";
    vpl011_init(uart, &domain.vgic, INTID, &domain.console);
    vpl011_reset(uart);
    console_open(&domain.console);
    console_add_source(&domain.console);
    screen_length = 0;
    host_full = false;
}

static inline uint64_t read_n(uint32_t offset, uint8_t size)
{
    struct mmio_access access = {.offset = offset, .size = size};

    ck_assert_int_eq(vpl011_access(uart, &access), MMIO_HANDLED);
    return access.value;
}

static inline void write_n(uint32_t offset, uint8_t size, uint64_t value)
{
    struct mmio_access access = {.offset = offset, .size = size, .write = true, .value = value};

    ck_assert_int_eq(vpl011_access(uart, &access), MMIO_HANDLED);
}

static inline uint32_t in(uint32_t offset)
{
    return (uint32_t)read_n(offset, 4);
}

static inline void out(uint32_t offset, uint32_t value)
{
    write_n(offset, 4, value);
}

/** The interrupt line as the distributor sees it. */
static inline bool line(void)
{
    return domain.vgic.spis[INTID - 32].line;
}

#endif
