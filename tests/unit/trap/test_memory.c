// SPDX-License-Identifier: Apache-2.0
/* Faults on guest RAM: the block is given and the instruction done again. On a machine, with real stage-2 tables. */
#include "unit/domain/fixture.h"

#include "support/suite.h"
#include "trap/trap.h"

#define UNTOUCHED (KERNEL + EXTENT0_SIZE - MIB(2)) /* a block that no image is in */

static void setup_domain(void)
{
    setup();
    uint8_t *kernel = load_kernel(KIB(64));
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    free(kernel);
    arch_vcpu_load(&fixture.domain->vcpus[0]->arch);
}

static void teardown_domain(void)
{
    arch_vcpu_put(&fixture.domain->vcpus[0]->arch);
    teardown();
}

static void fault(uint64_t esr, uint64_t address)
{
    /* FAR_EL2 is a virtual address: only its offset in the page tells of the IPA */
    const struct arch_exit exit = {.reason = ARCH_EXIT_SYNC,
                                   .esr = esr,
                                   .far = 0xffff800000000000 | (address & 0xfff),
                                   .hpfar = (address & ~0xfffULL) >> 8};

    trap_handle(fixture.domain->vcpus[0], &exit);
}

/* Each kind of access that finds no translation: load, store, store pair, fetch, table walk, cache maintenance. */
static const uint32_t faults[] = {0x93830006, 0x93830046, 0x92000046, 0x82000006, 0x92000086, 0x92000146};

START_TEST(test_first_touch)
{
    const struct vcpu *vcpu = fixture.domain->vcpus[0];
    uint64_t address = UNTOUCHED + 0x1234;
    struct vcpu_regs before = vcpu->arch.regs;

    ck_assert_uint_eq(translate(address), 0);
    fault(faults[_i], address);
    ck_assert_uint_ne(translate(address), 0);
    ck_assert_mem_eq(&before, &vcpu->arch.regs, sizeof(before)); /* the same instruction again */
    assert_guest_zero(UNTOUCHED, UNTOUCHED + MIB(2));
    ck_assert_uint_eq(vcpu->statistics.aborts, 1);
    fault(faults[_i], address); /* as from another vCPU that was a little later */
    ck_assert_mem_eq(&before, &vcpu->arch.regs, sizeof(before));
}
END_TEST

START_TEST(test_end_of_memory)
{
    fault(0x93830006, GUEST_END - 4);
    ck_assert_uint_ne(translate(GUEST_END - 4), 0);
    ck_assert_uint_eq(translate(GUEST_END), 0);
    fault(0x93830006, GUEST_END);
    ck_assert_uint_eq(translate(GUEST_END), 0);
    ck_assert_uint_eq(arch_vcpu_sysreg_read(&fixture.domain->vcpus[0]->arch, VCPU_ESR_EL1), 0x96000010);
    ck_assert_uint_eq(arch_vcpu_sysreg_read(&fixture.domain->vcpus[0]->arch, VCPU_FAR_EL1),
                      0xffff800000000000 | (GUEST_END & 0xfff));
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_RUNNING);
}
END_TEST

START_TEST(test_memory_that_cannot_be_mapped)
{
    fixture.plan.guest_ram[0].end += MIB(2); /* more than there is behind it */
    fault(0x93830006, GUEST_END);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("faults on memory");
    TCase *all = tcase_create("touch");

    tcase_add_checked_fixture(all, setup_domain, teardown_domain);
    tcase_add_loop_test(all, test_first_touch, 0, ARRAY_SIZE(faults));
    tcase_add_test(all, test_end_of_memory);
    tcase_add_test(all, test_memory_that_cannot_be_mapped);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
