// SPDX-License-Identifier: Apache-2.0
/* A domain's life: memory at first touch, its end, its restart, and how much it can make the hypervisor say. */
#include "domain/build_state.h"
#include "domain/entropy.h"
#include "fixture.h"
#include "parts/vpl011/vpl011.h"
#include "support/guest_abi.h"
#include "support/parts.h"
#include "support/suite.h"

static uint8_t *kernel;

static void start(void)
{
    kernel = load_kernel(KIB(300));
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
}

static void discard(void)
{
    free(kernel);
    teardown();
}

static unsigned count_in_output(const char *text)
{
    const char *output = sim_output(fixture.machine);
    unsigned count = 0;

    while ((output = strstr(output, text)) != NULL) {
        count++;
        output++;
    }
    return count;
}

/** A guest that writes to its memory: through the host's, as the guest's caches would write it back. */
static void guest_write(uint64_t address, uint8_t byte)
{
    ck_assert(sim_load(fixture.machine, translate(address), &byte, 1));
}

START_TEST(a_block_is_zero_at_its_first_touch)
{
    start();
    ck_assert_uint_eq(translate(KERNEL + MIB(6)), 0);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + MIB(6) + 0x12345)), HV_OK);
    assert_guest_zero(KERNEL + MIB(6), KERNEL + MIB(8));
    ck_assert_uint_eq(translate(KERNEL + MIB(6)), EXTENT0 + MIB(6));
    ck_assert_uint_eq(translate(KERNEL + MIB(6) - 1), 0);
    ck_assert_uint_eq(translate(KERNEL + MIB(8)), 0);
}
END_TEST

/* Two vCPUs fault on one block: the second must not take away what the guest wrote after the first. */
START_TEST(a_second_touch_changes_nothing)
{
    uint8_t byte;

    start();
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + MIB(6))), HV_OK);
    guest_write(KERNEL + MIB(6) + 99, 0x77);
    uint32_t used = fixture.domain->stage2.pool_used;
    sim_act_as(fixture.machine, 1);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + MIB(6) + 99)), HV_OK);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + MIB(8) - 1)), HV_OK);
    guest_read(KERNEL + MIB(6) + 99, &byte, 1);
    ck_assert_uint_eq(byte, 0x77);
    ck_assert_uint_eq(fixture.domain->stage2.pool_used, used);
}
END_TEST

START_TEST(what_is_no_ram_is_not_touched)
{
    start();
    static const uint64_t outside[] = {
        0, KERNEL - 1, GUEST_END, GUEST_END + MIB(2), GUEST_GICC_BASE, GUEST_VPL011_BASE, UINT64_MAX, 1ULL << 40,
    };
    for (size_t i = 0; i < ARRAY_SIZE(outside); i++) {
        ck_assert_int_eq(domain_touch(fixture.domain, ipa(outside[i])), HV_E_MISSING);
        if (outside[i] != GUEST_GICC_BASE)
            ck_assert_uint_eq(translate(outside[i]), 0);
    }
}
END_TEST

/* RAM that ends within a block: the guest gets it up to that end, and not one page of its neighbour's. */
START_TEST(the_last_block_ends_where_the_ram_ends)
{
    uint64_t last = KERNEL + EXTENT0_SIZE + MIB(2);
    uint8_t behind;

    start();
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(GUEST_END - 1)), HV_OK);
    assert_guest_zero(last, GUEST_END);
    ck_assert_uint_eq(translate(GUEST_END), 0);
    ck_assert_uint_eq(translate(last - 1), 0);
    ck_assert(sim_peek(fixture.machine, EXTENT1 + EXTENT1_SIZE - 1, &behind, 1));
    ck_assert_uint_eq(behind, 0);
    fill_host(EXTENT1 + EXTENT1_SIZE, 4096, STALE);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(GUEST_END - 1)), HV_OK);
    ck_assert(sim_peek(fixture.machine, EXTENT1 + EXTENT1_SIZE, &behind, 1));
    ck_assert_uint_eq(behind, STALE);
}
END_TEST

START_TEST(all_of_the_ram_can_be_touched)
{
    start();
    for (uint64_t at = KERNEL; at < GUEST_END; at += PAGE_SIZE)
        ck_assert_int_eq(domain_touch(fixture.domain, ipa(at)), HV_OK);
    assert_guest_holds(KERNEL, kernel, KIB(300));
    assert_guest_zero(KERNEL + KIB(300), DTB);
    assert_guest_zero(DTB + guest_tree_size(), GUEST_END);
}
END_TEST

/* What it was is gone when its CPU next looks after it, but not as long as a CPU holds one of its vCPUs. */
START_TEST(an_end_takes_it_apart)
{
    struct domain *domain;

    start();
    domain = fixture.domain;
    const struct vpl011 *uart = domain->parts[part_index("vpl011")];
    domain_stop(domain, DOMAIN_OFF, "powered off");
    ck_assert_uint_ne(translate(KERNEL), 0);
    cpu_table[domain->vcpus[0]->cpu].loaded = domain->vcpus[0];
    ck_assert_int_eq(build_step(domain), BUILD_MORE);
    ck_assert_uint_ne(translate(KERNEL), 0);
    cpu_table[domain->vcpus[0]->cpu].loaded = NULL;
    ck_assert_int_eq(build_step(domain), BUILD_FAILED);
    for (uint64_t at = KERNEL; at < GUEST_END; at += MIB(1))
        ck_assert_uint_eq(translate(at), 0);
    ck_assert_uint_eq(translate(GUEST_GICC_BASE), 0);
    ck_assert_uint_eq(domain->vgic.spi_count, 0);
    ck_assert_uint_eq(domain->vgic.groups, 0);
    ck_assert_uint_eq(uart->control, 0);
    ck_assert_uint_eq(domain->taken_apart, 1);
    ck_assert_int_eq(build_step(domain), BUILD_FAILED);
    ck_assert_int_eq(domain->state, DOMAIN_OFF);
}
END_TEST

START_TEST(a_domain_stops_once)
{
    start();
    domain_stop(fixture.domain, DOMAIN_OFF, "powered off by its guest");
    domain_stop(fixture.domain, DOMAIN_FAILED, "too late");
    domain_restart(fixture.domain);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_OFF);
    ck_assert_str_eq(fixture.domain->reason, "powered off by its guest");
    ck_assert_uint_eq(count_in_output("domU1: "), 1);
}
END_TEST

/* All that can happen to a domain; a table of its own, so that one that changes by mistake is noticed. */
START_TEST(states_move_as_they_should)
{
    static const char expected[DOMAIN_STATES][DOMAIN_EVENTS + 1] = {"B--OF", "-R-OF", "--POF", "-----", "-----"};
    static const char letters[] = "PBROF";

    for (uint32_t from = 0; from < DOMAIN_STATES; from++)
        for (unsigned event = 0; event < DOMAIN_EVENTS; event++) {
            uint32_t state = from;
            bool moves = expected[from][event] != '-';
            ck_assert(state_move(&state, (enum domain_event)event) == moves);
            ck_assert_int_eq(letters[state], moves ? expected[from][event] : letters[from]);
        }
}
END_TEST

START_TEST(states_have_names)
{
    ck_assert_str_eq(domain_state_name(DOMAIN_PLANNED), "planned");
    ck_assert_str_eq(domain_state_name(DOMAIN_BUILDING), "building");
    ck_assert_str_eq(domain_state_name(DOMAIN_RUNNING), "running");
    ck_assert_str_eq(domain_state_name(DOMAIN_OFF), "off");
    ck_assert_str_eq(domain_state_name(DOMAIN_FAILED), "failed");
    ck_assert_str_eq(domain_state_name(77), "unknown");
}
END_TEST

START_TEST(messages_are_bounded)
{
    start();
    for (unsigned i = 0; i < 100000; i++)
        domain_message(fixture.domain, "did it %u times", i);
    ck_assert_uint_eq(count_in_output("did it"), DOMAIN_MAX_MESSAGES);
    ck_assert_uint_eq(count_in_output("domU1: "), DOMAIN_MAX_MESSAGES + 1);
    ck_assert_uint_eq(count_in_output("no further messages"), 1);
}
END_TEST

/* A guest that went on for as long as it takes to count to the end is as quiet as before. */
START_TEST(messages_stay_bounded)
{
    start();
    fixture.domain->messages = UINT32_MAX;
    for (unsigned i = 0; i < 3; i++)
        domain_message(fixture.domain, "did it again");
    ck_assert_uint_eq(count_in_output("domU1: "), 0);
}
END_TEST

static void write_distributor(uint32_t offset, uint32_t value)
{
    struct mmio_access access = {.offset = offset, .size = 4, .write = true, .value = value};

    ck_assert_int_eq(vgic_distributor_access(&fixture.domain->vgic, &access), MMIO_HANDLED);
}

static void use_everything(void)
{
    for (uint64_t at = KERNEL; at < GUEST_END; at += MIB(1))
        ck_assert_int_eq(domain_touch(fixture.domain, ipa(at)), HV_OK);
    for (uint64_t at = KERNEL; at < GUEST_END; at += KIB(60))
        guest_write(at, 0x99);
    fixture.domain->vcpus[0]->arch.regs.x[5] = 5;
    fixture.domain->vcpus[0]->arch.sysregs[VCPU_CNTV_CTL_EL0] = 1;
    fixture.domain->vcpus[0]->arch.virtual_lines = 1 << 8;
    fixture.domain->vcpus[0]->timers_in_flight = 3;
    vgic_set_spi(&fixture.domain->vgic, GUEST_VPL011_INTID, true);
    write_distributor(0x000, 1);          /* CTLR */
    write_distributor(0x100, 1u << 27);   /* ISENABLER0: the virtual timer */
    write_distributor(0x200, 1u << 27);   /* ISPENDR0 */
    write_distributor(0x418, 0x50000000); /* IPRIORITYR6 */
    write_distributor(0xf20, 1);          /* SPENDSGIR0: SGI 0 from vCPU 0 */
}

static void restart(void)
{
    domain_restart(fixture.domain);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_PLANNED);
    ck_assert_int_eq(build_to_end(), BUILD_DONE);
}

static void count_blocks(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind)
{
    uint64_t *total = context;

    (void)base;
    (void)target;
    (void)kind;
    *total += size;
}

static uint64_t mapped(void)
{
    uint64_t total = 0;

    stage2_walk(&fixture.domain->stage2, count_blocks, &total);
    return total;
}

/* After a restart the domain is what it was after its first build, seeds and time excepted. */
START_TEST(a_restart_is_a_fresh_start)
{
    static struct vcpu vcpu_before;
    static struct vgic vgic_before;
    struct vcpu *vcpu;

    start();
    vcpu = fixture.domain->vcpus[0];
    uint64_t mapped_before = mapped();
    vcpu_before = *vcpu;
    vgic_before = fixture.domain->vgic;
    use_everything();
    uint64_t then = arch_timer_now();
    restart();
    ck_assert_uint_eq(mapped(), mapped_before);
    assert_guest_holds(KERNEL, kernel, KIB(300));
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + KIB(300))), HV_OK);
    assert_guest_zero(KERNEL + KIB(300), KERNEL + BLOCK_SIZE);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(GUEST_END - MIB(2))), HV_OK);
    assert_guest_zero(GUEST_END - MIB(3), GUEST_END - MIB(1) - KIB(12));
    ck_assert_uint_gt(vcpu->arch.counter_offset, then);
    vcpu_before.arch.counter_offset = vcpu->arch.counter_offset;
    ck_assert_mem_eq(&vcpu->arch, &vcpu_before.arch, sizeof(vcpu->arch));
    ck_assert_mem_eq(&vcpu->vgic, &vcpu_before.vgic, sizeof(vcpu->vgic));
    ck_assert_uint_eq(vcpu->state, VCPU_READY);
    ck_assert_uint_eq(vcpu->timers_in_flight, 0);
    ck_assert_uint_eq(fixture.domain->vgic.spi_count, fixture.plan.spi_count);
    ck_assert_uint_eq(fixture.domain->vgic.groups, 0);
    ck_assert_mem_eq(fixture.domain->vgic.spis, vgic_before.spis, fixture.plan.spi_count * sizeof(struct vgic_irq));
    ck_assert_uint_eq(fixture.domain->restarts, 1);
}
END_TEST

/* As many as the host has, where the plan leaves it to the host; Xen's are at most 960 then. */
START_TEST(spis_as_host)
{
    static const struct {
        uint32_t intids, spis;
        bool vpl011;
    } hosts[] = {{288, 256, true}, {32, 32, true}, {32, 0, false}, {64, 32, true}, {1020, 960, false}};

    start();
    fixture.plan.spi_count = PLAN_SPIS_AS_HOST;
    for (unsigned i = 0; i < ARRAY_SIZE(hosts); i++) {
        host_gic.intid_count = hosts[i].intids;
        fixture.config.parts = hosts[i].vpl011 ? part_bits("vpl011") : part_bits(NULL);
        domain_reset_devices(fixture.domain);
        ck_assert_uint_eq(fixture.domain->vgic.spi_count, hosts[i].spis);
    }
}
END_TEST

START_TEST(a_thousand_restarts_leak_nothing)
{
    start();
    use_everything();
    uint32_t used = 0;
    for (unsigned i = 0; i < 1000; i++) {
        restart();
        ck_assert_int_eq(domain_touch(fixture.domain, ipa(GUEST_END - 1)), HV_OK);
        ck_assert_int_eq(domain_touch(fixture.domain, ipa(KERNEL + MIB(6))), HV_OK);
        if (i == 0)
            used = fixture.domain->stage2.pool_used; /* all the pages ever taken, free ones included */
        ck_assert_uint_eq(fixture.domain->stage2.pool_used, used);
    }
    ck_assert_uint_eq(fixture.domain->restarts, 1000);
    ck_assert_uint_le(count_in_output("domU1: "), DOMAIN_MAX_MESSAGES + 1);
}
END_TEST

/** Restarts after it ran for @p us. @return the microseconds that its build has to wait */
static uint64_t restart_after(uint64_t us)
{
    sim_advance(fixture.machine, us * 1000);
    uint64_t now = arch_timer_now();
    domain_restart(fixture.domain);
    uint64_t at = fixture.domain->build_at;
    ck_assert_uint_ge(at, now);
    ck_assert_int_eq(build_to_end(), BUILD_DONE);
    ck_assert_uint_eq(fixture.domain->build_at, ARCH_TIMER_NEVER);
    return (at - now) * 1000000 / arch_timer_frequency();
}

/* A guest that starts again and again does not keep its CPU busy with that; one that has lived is started at once. */
START_TEST(who_restarts_again_and_again_waits)
{
    start();
    ck_assert_uint_eq(fixture.domain->build_at, ARCH_TIMER_NEVER);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 4; i++)
            ck_assert_uint_le(restart_after(1000), 1);
        for (unsigned i = 0; i < 10; i++) {
            uint64_t expected = 10000ULL << (i < 6 ? i : 6);
            uint64_t waits = restart_after(999000);
            ck_assert_uint_ge(waits + 1, expected);
            ck_assert_uint_le(waits, expected + 1);
        }
        ck_assert_uint_le(restart_after(1000001), 1);
        ck_assert_uint_le(restart_after(1000001), 1);
    }
    ck_assert_uint_ge(count_in_output("domU1: restarts in 10 ms"), 1);
}
END_TEST

/* The vCPU of another CPU may still be in the guest when the domain is reset: its memory is taken only afterwards. */
START_TEST(a_restart_waits_for_all_vcpus)
{
    start();
    domain_restart(fixture.domain);
    cpu_table[0].loaded = fixture.domain->vcpus[0];
    for (unsigned i = 0; i < 10; i++)
        ck_assert_int_eq(build_step(fixture.domain), BUILD_MORE);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_PLANNED);
    assert_guest_holds(KERNEL, kernel, KIB(300));
    cpu_table[0].loaded = NULL;
    ck_assert_int_eq(build_to_end(), BUILD_DONE);
}
END_TEST

static void guest_seed(uint8_t seed[32])
{
    static _Alignas(8) uint8_t tree[KIB(64)];
    int length;

    guest_read(DTB, tree, guest_tree_size());
    const void *value = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed", &length);
    ck_assert_ptr_nonnull(value);
    ck_assert_int_eq(length, 32);
    memcpy(seed, value, 32);
}

START_TEST(each_start_has_a_seed_of_its_own)
{
    static const uint8_t host[16] = {1, 2, 3};
    uint8_t first[32], second[32];

    hv_boot.machine.rng_seed = host;
    hv_boot.machine.rng_seed_length = sizeof(host);
    start();
    guest_seed(first);
    restart();
    guest_seed(second);
    ck_assert_mem_ne(first, second, 32);
}
END_TEST

START_TEST(the_cpus_random_numbers_come_first)
{
    const struct sim_options options = {.random = true};
    uint8_t first[32], second[32];

    teardown();
    fixture_options(&options);
    start();
    guest_seed(first);
    restart();
    guest_seed(second);
    ck_assert_mem_ne(first, second, 32);
}
END_TEST

/* Of the CPU's numbers each word is its own, in both seeds, at each draw; and they come before the host's seed, of
 * which two draws for one start would be the same. */
START_TEST(random_numbers_fill_both_seeds)
{
    static const uint8_t host[16] = {1, 2, 3};
    const struct sim_options options = {.random = true};
    struct guest_seeds seeds[2];
    uint64_t words[10];

    teardown();
    fixture_options(&options);
    start();
    hv_boot.machine.rng_seed = host;
    hv_boot.machine.rng_seed_length = sizeof(host);
    for (unsigned i = 0; i < 2; i++) {
        memset(&seeds[i], 0, sizeof(seeds[i]));
        entropy_seeds(&seeds[i], &hv_boot.machine, 1, 0);
        ck_assert_uint_eq(seeds[i].rng_length, 32);
        ck_assert_uint_eq(seeds[i].kaslr_length, 8);
        memcpy(words + 5 * i, seeds[i].rng, 32);
        memcpy(words + 5 * i + 4, seeds[i].kaslr, 8);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        for (unsigned j = 0; j < i; j++)
            ck_assert_uint_ne(words[i], words[j]);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("domain");
    TCase *test_case = tcase_create("domain");

    suite_add_tcase(suite, test_case);
    tcase_add_checked_fixture(test_case, setup, discard);
    tcase_set_timeout(test_case, 120);
    tcase_add_test(test_case, a_block_is_zero_at_its_first_touch);
    tcase_add_test(test_case, a_second_touch_changes_nothing);
    tcase_add_test(test_case, what_is_no_ram_is_not_touched);
    tcase_add_test(test_case, the_last_block_ends_where_the_ram_ends);
    tcase_add_test(test_case, all_of_the_ram_can_be_touched);
    tcase_add_test(test_case, an_end_takes_it_apart);
    tcase_add_test(test_case, a_domain_stops_once);
    tcase_add_test(test_case, states_move_as_they_should);
    tcase_add_test(test_case, states_have_names);
    tcase_add_test(test_case, messages_are_bounded);
    tcase_add_test(test_case, messages_stay_bounded);
    tcase_add_test(test_case, a_restart_is_a_fresh_start);
    tcase_add_test(test_case, spis_as_host);
    tcase_add_test(test_case, a_thousand_restarts_leak_nothing);
    tcase_add_test(test_case, who_restarts_again_and_again_waits);
    tcase_add_test(test_case, a_restart_waits_for_all_vcpus);
    tcase_add_test(test_case, each_start_has_a_seed_of_its_own);
    tcase_add_test(test_case, the_cpus_random_numbers_come_first);
    tcase_add_test(test_case, random_numbers_fill_both_seeds);
    return suite_execute(suite);
}
