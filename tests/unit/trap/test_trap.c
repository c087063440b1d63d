// SPDX-License-Identifier: Apache-2.0
/* What each kind of exit does to the guest. */
#include "guest.h"

#define WFI 0x06000000ULL /* conditions and CV left out: as from A64 */
#define HVC 0x5a000000ULL
#define SMC 0x5e000000ULL
#define DEN_PSCI_VERSION 0x84000000ULL

START_TEST(test_wfi_waits)
{
    trap(WFI);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_WAITING);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    ck_assert_uint_eq(guest.vcpus[0].statistics.wfi, 1);
}
END_TEST

START_TEST(test_wfi_with_an_interrupt_pending)
{
    struct mmio_access forward = {.offset = 0x000, .size = 4, .write = true, .value = 1};
    struct mmio_access enable = {.offset = 0x104, .size = 4, .write = true, .value = 1};
    struct mmio_access target = {.offset = 0x820, .size = 1, .write = true, .value = 1};

    vgic_distributor_access(&guest.domain.vgic, &forward);
    vgic_distributor_access(&guest.domain.vgic, &enable);
    vgic_distributor_access(&guest.domain.vgic, &target);
    vgic_set_spi(&guest.domain.vgic, 32, true);
    trap(WFI);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_READY);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
}
END_TEST

START_TEST(test_wfe_and_its_like_go_on)
{
    for (unsigned i = 1; i <= 3; i++)
        trap(WFI | i);
    ck_assert_uint_eq(guest.vcpus[0].state, VCPU_READY);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 12);
}
END_TEST

START_TEST(test_hvc)
{
    regs()->x[0] = DEN_PSCI_VERSION;
    regs()->pc = RAM_BASE + 4; /* behind the instruction, as the CPU leaves it */
    trap(HVC);
    ck_assert_uint_eq(regs()->x[0], 0x10001);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    ck_assert_uint_eq(guest.vcpus[0].statistics.hypercalls, 1);
}
END_TEST

START_TEST(test_hvc_with_an_immediate)
{
    regs()->x[0] = DEN_PSCI_VERSION;
    regs()->pc = RAM_BASE + 4;
    trap(HVC | 0xea2);
    assert_exception(0x200, 0x02000000, RAM_BASE, EL1H);
    ck_assert_uint_eq(regs()->x[0], DEN_PSCI_VERSION);
}
END_TEST

START_TEST(test_smc)
{
    regs()->x[0] = DEN_PSCI_VERSION;
    trap(SMC);
    ck_assert_uint_eq(regs()->x[0], 0x10001);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    trap(SMC | 1);
    assert_exception(0x200, 0x02000000, RAM_BASE + 4, EL1H);
}
END_TEST

START_TEST(test_classes_that_are_not_handled)
{
    for (uint64_t class = 0; class < 64; class ++) {
        if (class == 0x01 || class == 0x16 || class == 0x17 || class == 0x18 || class == 0x20 || class == 0x24)
            continue;
        guest_setup(1);
        trap(class << 26 | 1u << 25);
        assert_exception(0x200, 0x02000000, RAM_BASE, EL1H);
        ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
    }
}
END_TEST

START_TEST(test_serror_ends_the_domain)
{
    trap_handle(&guest.vcpus[0], &(struct arch_exit){.reason = ARCH_EXIT_SERROR, .esr = 0xbe000011});
    ck_assert_uint_eq(guest.domain.state, DOMAIN_FAILED);
    ck_assert_ptr_nonnull(strstr(screen(), "SError"));
}
END_TEST

START_TEST(test_stores)
{
    static const struct {
        unsigned size;
        uint64_t seen;
    } stores[] = {{1, 0x88}, {2, 0x7788}, {4, 0x55667788}, {8, 0x1122334455667788}};

    for (unsigned i = 0; i < ARRAY_SIZE(stores); i++) {
        guest_setup(1);
        regs()->x[7] = 0x1122334455667788;
        trap_at(access_syndrome(stores[i].size, 7, true, false, stores[i].size == 8), DEVICE + 0x48);
        ck_assert_uint_eq(guest.accesses, 1);
        ck_assert(guest.last.write);
        ck_assert_uint_eq(guest.last.offset, 0x48);
        ck_assert_uint_eq(guest.last.size, stores[i].size);
        ck_assert_uint_eq(guest.last.value, stores[i].seen);
        ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
        ck_assert_uint_eq(regs()->x[7], 0x1122334455667788);
    }
}
END_TEST

START_TEST(test_store_of_the_zero_register)
{
    trap_at(access_syndrome(4, 31, true, false, false), DEVICE);
    ck_assert_uint_eq(guest.last.value, 0);
}
END_TEST

START_TEST(test_loads)
{
    static const struct {
        unsigned size;
        bool sign_extend, reg64;
        uint64_t answer, expected;
    } loads[] = {
        {1, false, false, 0xffffffffffffff80, 0x80},              /* ldrb w */
        {1, true, false, 0x80, 0xffffff80},                       /* ldrsb w */
        {1, true, true, 0x80, 0xffffffffffffff80},                /* ldrsb x */
        {1, true, true, 0x7f, 0x7f},                              /* positive */
        {2, false, false, 0xfffffffff8001234, 0x1234},            /* ldrh w */
        {2, true, false, 0x8001, 0xffff8001},                     /* ldrsh w */
        {2, true, true, 0x8001, 0xffffffffffff8001},              /* ldrsh x */
        {4, false, false, 0xffffffff89abcdef, 0x89abcdef},        /* ldr w: the upper half is cleared */
        {4, true, true, 0x89abcdef, 0xffffffff89abcdef},          /* ldrsw x */
        {8, false, true, 0x89abcdef01234567, 0x89abcdef01234567}, /* ldr x */
    };

    for (unsigned i = 0; i < ARRAY_SIZE(loads); i++) {
        guest_setup(1);
        guest.answer = loads[i].answer;
        regs()->x[30] = UINT64_MAX;
        trap_at(access_syndrome(loads[i].size, 30, false, loads[i].sign_extend, loads[i].reg64), DEVICE + 8);
        ck_assert_uint_eq(regs()->x[30], loads[i].expected);
        ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    }
}
END_TEST

START_TEST(test_load_to_the_zero_register)
{
    struct vcpu_regs before = *regs();

    guest.answer = 5;
    trap_at(access_syndrome(8, 31, false, false, true), DEVICE);
    before.pc += 4;
    ck_assert_mem_eq(regs(), &before, sizeof(before));
}
END_TEST

START_TEST(test_device_that_refuses)
{
    regs()->x[1] = 77;
    trap_at(access_syndrome(4, 1, false, false, false), DEVICE + 0xf04);
    assert_exception(0x200, 0x96000010, RAM_BASE, EL1H);
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), DEVICE + 0xf04);
    ck_assert_uint_eq(regs()->x[1], 77);
}
END_TEST

START_TEST(test_nothing_there)
{
    trap_at(access_syndrome(4, 1, true, false, false), 0x50000123);
    assert_exception(0x200, 0x96000050, RAM_BASE, EL1H); /* a write: WnR */
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), 0x50000123);
    ck_assert_ptr_nonnull(
        strstr(screen(), "bulkhead: domU1: vCPU 0: write at 0x50000123, pc 0x40000000: nothing there"));
}
END_TEST

START_TEST(test_device_access_without_syndrome)
{
    trap_at(DATA_ABORT | TRANSLATION, DEVICE); /* ldp, an atomic, a vector register */
    assert_exception(0x200, 0x96000010, RAM_BASE, EL1H);
    ck_assert_ptr_nonnull(strstr(screen(), "not a plain load or store"));
    ck_assert_uint_eq(guest.accesses, 0);
}
END_TEST

START_TEST(test_cache_maintenance_of_a_device)
{
    trap_at(DATA_ABORT | 1u << 8 | 1u << 6 | TRANSLATION, DEVICE);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 4);
    trap_at(DATA_ABORT | 1u << 8 | 1u << 6 | TRANSLATION, 0x60000000);
    ck_assert_uint_eq(regs()->pc, RAM_BASE + 8);
    ck_assert_uint_eq(guest.accesses, 0);
}
END_TEST

START_TEST(test_table_walk_outside_memory)
{
    trap_at(access_syndrome(4, 1, false, false, false) | 1u << 7, DEVICE); /* its tables lie in a device */
    assert_exception(0x200, 0x96000010, RAM_BASE, EL1H);
    ck_assert_uint_eq(guest.accesses, 0);
}
END_TEST

START_TEST(test_permission_fault)
{
    trap_at(access_syndrome(4, 0, true, false, false) | 8, DEVICE); /* HPFAR_EL2 says nothing then */
    assert_exception(0x200, 0x96000050, RAM_BASE, EL1H);
    ck_assert_uint_eq(guest.accesses, 0);
}
END_TEST

START_TEST(test_fetch_from_a_device)
{
    regs()->pc = DEVICE;
    trap_at(INSTRUCTION_ABORT | TRANSLATION, DEVICE);
    assert_exception(0x200, 0x86000010, DEVICE, EL1H);
    ck_assert_uint_eq(sysreg(VCPU_FAR_EL1), DEVICE);
    ck_assert_uint_eq(guest.accesses, 0);
}
END_TEST

START_TEST(test_vectors_outside_memory)
{
    arch_vcpu_sysreg_write(&guest.vcpus[0].arch, VCPU_VBAR_EL1, 0x60000000);
    trap_at(access_syndrome(4, 0, true, false, false), 0x70000000);
    ck_assert_uint_eq(regs()->pc, 0x60000200);
    trap_at(INSTRUCTION_ABORT | TRANSLATION, 0x60000200);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_FAILED);
    ck_assert_ptr_nonnull(strstr(screen(), "vectors"));
}
END_TEST

START_TEST(test_aborts_of_programs)
{
    regs()->pstate = EL0;
    trap_at(access_syndrome(4, 1, false, false, false), 0x50000000);
    assert_exception(0x400, 0x92000010, RAM_BASE, EL0);
    guest_setup(1);
    regs()->pstate = EL0_32;
    trap_at(INSTRUCTION_ABORT | TRANSLATION, 0x50000000);
    assert_exception(0x600, 0x82000010, RAM_BASE, EL0_32);
    guest_setup(1);
    regs()->pstate = EL1T;
    trap_at(access_syndrome(4, 1, false, false, false), 0x50000000);
    assert_exception(0x000, 0x96000010, RAM_BASE, EL1T);
}
END_TEST

START_TEST(test_messages_end)
{
    for (unsigned i = 0; i < 10000; i++) {
        trap(0x62f00000);                          /* a system register that there is not */
        trap_at(DATA_ABORT | TRANSLATION, DEVICE); /* a device access that cannot be emulated */
        regs()->x[0] = 0xc6000000 + i;             /* calls that nobody answers */
        trap(HVC);
    }
    unsigned lines = 0;
    for (const char *at = screen(); (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    ck_assert_uint_le(lines, DOMAIN_MAX_MESSAGES + 1);
    ck_assert_uint_eq(guest.domain.state, DOMAIN_RUNNING);
}
END_TEST

/* No exit, whatever it says, does more than change the vCPU and its domain. */
START_TEST(test_random_exits)
{
    static const uint8_t classes[] = {0x01, 0x16, 0x17, 0x18, 0x20, 0x24, 0x24, 0x24};

    srand((unsigned)_i);
    guest_setup(4);
    guest.plan.guest_ram[0] = (struct region){0, 0}; /* no stage 2 here: nothing is RAM */
    for (unsigned step = 0; step < 5000; step++) {
        uint64_t random = (uint64_t)rand() << 31 ^ (uint64_t)rand();
        uint64_t class = rand() % 8 == 0 ? random >> 40 & 0x3f : classes[rand() % 8];
        struct arch_exit exit = {.reason = rand() % 5000 == 0 ? ARCH_EXIT_SERROR : ARCH_EXIT_SYNC,
                                 .esr = class << 26 | (random & 0x3ffffff),
                                 .far = (uint64_t)rand() << 33 ^ (uint64_t)rand(),
                                 .hpfar = rand() % 2 == 0 ? DEVICE >> 8 : (uint64_t)rand() << 20 ^ (uint64_t)rand()};
        struct vcpu *vcpu = &guest.vcpus[rand() % 4];
        for (unsigned i = 0; i < 4; i++)
            vcpu->arch.regs.x[i] = rand() % 2 == 0 ? (uint64_t)rand() : 0x84000000 + (uint64_t)rand() % 0x20;
        vcpu->arch.regs.pstate = (uint64_t)rand() & 0xf00003dd;
        if ((vcpu->arch.regs.pstate & 0xc) > 4)
            vcpu->arch.regs.pstate = EL1H;
        trap_handle(vcpu, &exit);
        ck_assert_uint_eq(vcpu->arch.regs.pstate & 0x8, 0); /* never EL2 or EL3 */
        if (guest.domain.state != DOMAIN_RUNNING) {
            memset(cpu_table, 0, sizeof(cpu_table));
            guest.domain.state = DOMAIN_RUNNING;
        }
        vcpu->state = VCPU_READY;
    }
    ck_assert_uint_gt(guest.accesses, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trap");
    TCase *all = tcase_create("exits");

    tcase_add_checked_fixture(all, guest_setup_one, NULL);
    tcase_add_test(all, test_wfi_waits);
    tcase_add_test(all, test_wfi_with_an_interrupt_pending);
    tcase_add_test(all, test_wfe_and_its_like_go_on);
    tcase_add_test(all, test_hvc);
    tcase_add_test(all, test_hvc_with_an_immediate);
    tcase_add_test(all, test_smc);
    tcase_add_test(all, test_classes_that_are_not_handled);
    tcase_add_test(all, test_serror_ends_the_domain);
    tcase_add_test(all, test_stores);
    tcase_add_test(all, test_store_of_the_zero_register);
    tcase_add_test(all, test_loads);
    tcase_add_test(all, test_load_to_the_zero_register);
    tcase_add_test(all, test_device_that_refuses);
    tcase_add_test(all, test_nothing_there);
    tcase_add_test(all, test_device_access_without_syndrome);
    tcase_add_test(all, test_cache_maintenance_of_a_device);
    tcase_add_test(all, test_table_walk_outside_memory);
    tcase_add_test(all, test_permission_fault);
    tcase_add_test(all, test_fetch_from_a_device);
    tcase_add_test(all, test_vectors_outside_memory);
    tcase_add_test(all, test_aborts_of_programs);
    tcase_add_test(all, test_messages_end);
    tcase_add_loop_test(all, test_random_exits, 0, 20);
    suite_add_tcase(suite, all);
    return guest_run(suite);
}
