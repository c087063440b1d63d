/* SPDX-License-Identifier: Apache-2.0 */
/* A domain put together by hand, whose vCPUs come out of the guest as the test says. No machine: nothing is loaded. */
#ifndef BULKHEAD_TESTS_UNIT_TRAP_GUEST_H
#define BULKHEAD_TESTS_UNIT_TRAP_GUEST_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "boot/boot.h"
#include "console/console.h"
#include "support/core_state.h"
#include "support/suite.h"
#include "trap/esr.h"
#include "trap/trap.h"

#define RAM_BASE 0x40000000ULL
#define RAM_SIZE MIB(16)
#define DEVICE 0x0a000000ULL
#define DEVICE_SIZE 0x1000
#define VECTORS 0x40080000ULL
#define EL1H 0x3c5ULL
#define EL1T 0x3c4ULL
#define EL0 0ULL
#define EL0_32 0x10ULL
#define DATA_ABORT 0x92000000ULL        /* with IL */
#define INSTRUCTION_ABORT 0x82000000ULL /* with IL */
#define TRANSLATION 7                   /* level 3 */

static struct guest {
    struct domain domain;
    struct plan_domain plan;
    struct domain_config config;
    struct vcpu vcpus[HV_MAX_VCPUS];
    struct mmio_access last; /* as the device saw it */
    unsigned accesses;
    uint64_t answer; /* what the device's registers read as */
    char screen[1 << 16];
    size_t screen_length;
} guest;

static inline size_t guest_screen_put(struct uart *uart, const uint8_t *bytes, size_t count)
{
    (void)uart;
    for (size_t i = 0; i < count && guest.screen_length < sizeof(guest.screen) - 1; i++)
        guest.screen[guest.screen_length++] = (char)bytes[i];
    return count;
}

static const struct uart_ops guest_screen_ops = {.write = guest_screen_put};
static struct uart guest_screen = {.ops = &guest_screen_ops};

/** Refuses the last 256 bytes of its frame, as a device does with registers that it does not have. */
static inline enum mmio_result guest_device(void *device, struct mmio_access *access)
{
    (void)device;
    guest.accesses++;
    if (access->offset >= DEVICE_SIZE - 0x100)
        return MMIO_ABORT;
    if (!access->write)
        access->value = guest.answer;
    guest.last = *access;
    return MMIO_HANDLED;
}

static inline void guest_setup(unsigned vcpu_count)
{
    const struct mmio_region device = {ipa(DEVICE), DEVICE_SIZE, guest_device, NULL};
    static const struct domain_host handed = {&hv_boot.machine, &host_gic, &hv_boot.plan, hv_domain_stopped};

    core_reset();
    domain_init(&handed);
    memset(&guest, 0, sizeof(guest));
    console_init();
    console_attach(&guest_screen);
    guest.config.name = "domU1";
    guest.plan = (struct plan_domain){.config = &guest.config,
                                      .valid = true,
                                      .domid = 1,
                                      .vmid = 1,
                                      .map = &guest_map_xen,
                                      .vcpu_count = vcpu_count,
                                      .guest_ram = {{RAM_BASE, RAM_BASE + RAM_SIZE}, {0, 0}},
                                      .ipa_bits = 40};
    guest.domain.plan = &guest.plan;
    guest.domain.name = "domU1";
    guest.domain.domid = 1;
    guest.domain.state = DOMAIN_RUNNING;
    guest.domain.vcpu_count = vcpu_count;
    domain_table[0] = &guest.domain;
    guest.domain.vgic.wake = vcpu_wake_for_interrupt;
    for (unsigned i = 0; i < vcpu_count; i++)
        vgic_add_vcpu(&guest.domain.vgic, &guest.vcpus[i].vgic, i);
    vgic_reset(&guest.domain.vgic, 32);
    ck_assert_int_eq(mmio_bus_add(&guest.domain.bus, &device), HV_OK);
    for (unsigned i = 0; i < vcpu_count; i++) {
        struct vcpu *vcpu = &guest.vcpus[i];
        guest.domain.vcpus[i] = vcpu;
        vcpu->domain = &guest.domain;
        vcpu->index = (uint8_t)i;
        vcpu->arch.vmpidr = 1ULL << 31 | i;
        vgic_reset_vcpu(&vcpu->vgic);
        arch_vcpu_init(&vcpu->arch, RAM_BASE, 0);
        arch_vcpu_sysreg_write(&vcpu->arch, VCPU_VBAR_EL1, VECTORS);
        vcpu->state = i == 0 ? VCPU_READY : VCPU_OFF;
    }
    guest.screen_length = 0;
}

static inline void guest_setup_one(void)
{
    guest_setup(1);
}

static inline struct vcpu_regs *regs(void)
{
    return &guest.vcpus[0].arch.regs;
}

static inline uint64_t sysreg(enum vcpu_sysreg number)
{
    return arch_vcpu_sysreg_read(&guest.vcpus[0].arch, number);
}

static inline const char *screen(void)
{
    guest.screen[guest.screen_length] = '\0';
    return guest.screen;
}

/** vCPU 0 comes out with this syndrome; the address is both the virtual and the intermediate physical one. */
static inline void trap_at(uint64_t esr, uint64_t address)
{
    const struct arch_exit exit = {
        .reason = ARCH_EXIT_SYNC, .esr = esr, .far = address, .hpfar = (address & ~0xfffULL) >> 8};

    trap_handle(&guest.vcpus[0], &exit);
}

static inline void trap(uint64_t esr)
{
    trap_at(esr, 0);
}

/** Syndrome of a single load or store. */
static inline uint64_t access_syndrome(unsigned size, unsigned reg, bool write, bool sign_extend, bool reg64)
{
    uint64_t log2 = (uint64_t)__builtin_ctz(size);

    return DATA_ABORT | 1u << 24 | log2 << 22 | (uint64_t)sign_extend << 21 | (uint64_t)reg << 16 |
           (uint64_t)reg64 << 15 | (uint64_t)write << 6 | TRANSLATION;
}

/** Asserts that the guest is at its vectors with this syndrome, having been at @p pc with @p pstate. */
static inline void assert_exception(unsigned offset, uint64_t esr, uint64_t pc, uint64_t pstate)
{
    ck_assert_uint_eq(regs()->pc, VECTORS + offset);
    ck_assert_uint_eq(sysreg(VCPU_ESR_EL1), esr);
    ck_assert_uint_eq(sysreg(VCPU_ELR_EL1), pc);
    ck_assert_uint_eq(sysreg(VCPU_SPSR_EL1), pstate);
    ck_assert_uint_eq(regs()->pstate & 0x3df, EL1H);
}

static inline int guest_run(Suite *suite)
{

    return suite_execute(suite);
}

#endif
