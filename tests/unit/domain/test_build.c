// SPDX-License-Identifier: Apache-2.0
/* Building: every byte of every block that a guest is given is an image's or zero, and lies in RAM, not only in a
 * cache. */
#include "domain/build_state.h"
#include "fixture.h"
#include "support/guest_abi.h"
#include "support/parts.h"
#include "support/suite.h"

struct mapped {
    uint64_t ram, device;
};

static void count_mapped(void *context, ipa_t base, pa_t target, uint64_t size, enum stage2_kind kind)
{
    struct mapped *mapped = context;

    (void)base;
    (void)target;
    if (kind == STAGE2_RAM)
        mapped->ram += size;
    else
        mapped->device += size;
}

static struct mapped mapped(void)
{
    struct mapped result = {0, 0};

    stage2_walk(&fixture.domain->stage2, count_mapped, &result);
    return result;
}

/** What is mapped of an image that begins a block: whole blocks, but the last only as far as the image where that is
 * not half. */
static uint64_t mapped_at_first(uint64_t size)
{
    uint64_t last = align_up(size % BLOCK_SIZE, PAGE_SIZE);

    return align_down(size, BLOCK_SIZE) + (last <= BLOCK_SIZE / 2 ? last : BLOCK_SIZE);
}

/** The guest looks at each of its pages in [base, end). */
static void touch(uint64_t base, uint64_t end)
{
    for (uint64_t at = base; at < end; at += PAGE_SIZE)
        if (domain_touch(fixture.domain, ipa(at)) != HV_OK)
            ck_abort_msg("0x%llx is not there", (unsigned long long)at);
}

/* What the guest gets: kernel and ramdisk unchanged, a valid device tree, zeros around them, and no more than these. */
static void assert_built(const uint8_t *kernel, uint64_t kernel_size, const uint8_t *ramdisk, uint64_t ramdisk_size)
{
    uint64_t kernel_end = align_up(KERNEL + kernel_size, BLOCK_SIZE);
    uint64_t ramdisk_end = align_up(RAMDISK + ramdisk_size, BLOCK_SIZE);
    uint64_t tree_size = guest_tree_size();

    ck_assert_uint_eq(load_acquire(&fixture.domain->state), DOMAIN_RUNNING);
    ck_assert_uint_eq(mapped().ram,
                      mapped_at_first(kernel_size) + mapped_at_first(tree_size) + mapped_at_first(ramdisk_size));
    ck_assert_uint_eq(mapped().device, GUEST_GICC_SIZE);
    for (unsigned touched = 0; touched < 2; touched++) {
        assert_guest_holds(KERNEL, kernel, kernel_size);
        assert_guest_holds(RAMDISK, ramdisk, ramdisk_size);
        assert_guest_zero(KERNEL + kernel_size, align_up(KERNEL + kernel_size, PAGE_SIZE));
        assert_guest_zero(RAMDISK + ramdisk_size, align_up(RAMDISK + ramdisk_size, PAGE_SIZE));
        assert_guest_zero(DTB + tree_size, align_up(DTB + tree_size, PAGE_SIZE));
        touch(KERNEL, kernel_end);
        touch(DTB, DTB + BLOCK_SIZE);
        touch(RAMDISK, ramdisk_end);
    }
    assert_guest_zero(KERNEL + kernel_size, kernel_end);
    assert_guest_zero(DTB + tree_size, DTB + BLOCK_SIZE);
    assert_guest_zero(RAMDISK + ramdisk_size, ramdisk_end);
    ck_assert_uint_eq(mapped().ram, kernel_end - KERNEL + BLOCK_SIZE + (ramdisk_end - RAMDISK));
}

static void assert_tree_valid(void)
{
    static _Alignas(8) uint8_t tree[KIB(64)];
    int length;

    guest_read(DTB, tree, guest_tree_size());
    ck_assert_int_eq(fdt_check_full(tree, sizeof(tree)), 0);
    ck_assert_ptr_nonnull(fdt_getprop(tree, fdt_path_offset(tree, "/psci"), "method", &length));
}

/* Sizes around lines, pages, steps and blocks; sources aligned as the destination, a little off, and by odd bytes. */
static const uint64_t sizes[] = {
    1, 63, 64, 65, 4096, BLOCK_SIZE - 64, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 3 * 1000003};
static const uint64_t offsets[] = {0, 1, BLOCK_SIZE - 1, BLOCK_SIZE - 63, BLOCK_SIZE - 100};
#define COPY_CASES ((int)(ARRAY_SIZE(sizes) * ARRAY_SIZE(offsets)))

START_TEST(images_are_copied)
{
    uint64_t size = sizes[(size_t)_i % ARRAY_SIZE(sizes)];
    uint64_t offset = offsets[(size_t)_i / ARRAY_SIZE(sizes)];

    fixture.plan.kernel.source = pa(MODULES + offset);
    uint8_t *kernel = load_kernel(size);
    fixture.plan.ramdisk.source = pa(MODULES + MIB(16) + offset);
    uint8_t *ramdisk = load_ramdisk(size + 333);
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    assert_built(kernel, size, ramdisk, size + 333);
    assert_tree_valid();
    free(kernel);
    free(ramdisk);
}
END_TEST

/* A kernel that wants to lie 512 KiB behind the start: what is before it is its block's too. */
START_TEST(before_the_kernel_is_zero)
{
    fixture.plan.kernel.load = fixture.plan.entry = ipa(KERNEL + 0x80000);
    uint8_t *kernel = load_kernel(MIB(2));

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    touch(KERNEL, KERNEL + MIB(4));
    assert_guest_zero(KERNEL, KERNEL + 0x80000);
    assert_guest_holds(KERNEL + 0x80000, kernel, MIB(2));
    assert_guest_zero(KERNEL + 0x80000 + MIB(2), KERNEL + MIB(4));
    free(kernel);
}
END_TEST

/* All three in one block, in an order that is not that of their addresses. */
START_TEST(images_may_share_a_block)
{
    fixture.plan.dtb = ipa(KERNEL + KIB(512));
    fixture.plan.ramdisk.load = ipa(KERNEL + KIB(256));
    uint8_t *kernel = load_kernel(KIB(100) + 7);
    uint8_t *ramdisk = load_ramdisk(KIB(200) + 1);

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(mapped().ram, KIB(104) + KIB(204) + PAGE_SIZE);
    touch(KERNEL, KERNEL + BLOCK_SIZE);
    assert_guest_holds(KERNEL, kernel, KIB(100) + 7);
    assert_guest_zero(KERNEL + KIB(100) + 7, KERNEL + KIB(256));
    assert_guest_holds(KERNEL + KIB(256), ramdisk, KIB(200) + 1);
    assert_guest_zero(KERNEL + KIB(456) + 1, KERNEL + KIB(512));
    assert_guest_zero(KERNEL + KIB(512) + guest_tree_size(), KERNEL + BLOCK_SIZE);
    ck_assert_uint_eq(mapped().ram, BLOCK_SIZE);
    free(kernel);
    free(ramdisk);
}
END_TEST

/* Two images, one of them the device tree, that meet in one page. */
START_TEST(images_may_share_a_page)
{
    fixture.plan.dtb = ipa(KERNEL + KIB(100) + 8); /* within a cache line */
    fixture.plan.dtb_size = KIB(3) - 8;
    fixture.plan.ramdisk.load = ipa(KERNEL + KIB(103));
    uint8_t *kernel = load_kernel(KIB(99) + 7);
    uint8_t *ramdisk = load_ramdisk(KIB(1) + 1);

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(mapped().ram, KIB(108));
    for (unsigned touched = 0; touched < 2; touched++) {
        uint64_t tree_end = KERNEL + KIB(100) + 8 + guest_tree_size();
        assert_guest_holds(KERNEL, kernel, KIB(99) + 7);
        assert_guest_zero(KERNEL + KIB(99) + 7, KERNEL + KIB(100) + 8);
        assert_guest_zero(tree_end, KERNEL + KIB(103));
        assert_guest_holds(KERNEL + KIB(103), ramdisk, KIB(1) + 1);
        assert_guest_zero(KERNEL + KIB(104) + 1, KERNEL + KIB(108));
        touch(KERNEL, KERNEL + BLOCK_SIZE);
    }
    ck_assert_uint_eq(mapped().ram, BLOCK_SIZE);
    free(kernel);
    free(ramdisk);
}
END_TEST

/* The plan has tables for so many blocks that are mapped by pages; the next one is given whole. */
START_TEST(few_blocks_are_mapped_by_pages)
{
    fixture.plan.kernel.load = ipa(KERNEL + BLOCK_SIZE - KIB(64)); /* two blocks each */
    fixture.plan.ramdisk.load = ipa(RAMDISK + BLOCK_SIZE - KIB(64));
    uint8_t *kernel = load_kernel(KIB(128));
    uint8_t *ramdisk = load_ramdisk(KIB(128));

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(mapped().ram, 4 * KIB(64) + BLOCK_SIZE);
    assert_guest_zero(DTB + guest_tree_size(), DTB + BLOCK_SIZE);
    free(kernel);
    free(ramdisk);
}
END_TEST

/* A pool of the size that the plan makes it serves all who map by pages at once. */
START_TEST(the_plans_tables_are_enough)
{
    enum { FRAMES = 4 };
    struct region ranges[2 + FRAMES] = {{GUEST_GICC_BASE, GUEST_GICC_BASE + GUEST_GICC_SIZE}, {KERNEL, GUEST_END}};

    fixture.plan.kernel.load = ipa(KERNEL + BLOCK_SIZE - KIB(64));
    fixture.plan.ramdisk.load = ipa(RAMDISK + BLOCK_SIZE - KIB(64));
    for (unsigned i = 0; i < FRAMES; i++)
        ranges[2 + i] = (struct region){0x10000000 + i * BLOCK_SIZE, 0x10000000 + i * BLOCK_SIZE + PAGE_SIZE};
    fixture.plan.stage2_pages = stage2_pages_needed(40, ranges, 2 + FRAMES, PLAN_SPARSE_BLOCKS);
    free(load_kernel(KIB(128)));
    free(load_ramdisk(KIB(128)));
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(fixture.domain->build->sparse_blocks, PLAN_SPARSE_BLOCKS);
    for (unsigned i = 2; i < 2 + FRAMES; i++)
        ck_assert_int_eq(
            stage2_map(&fixture.domain->stage2, ipa(ranges[i].base), pa(ranges[i].base), PAGE_SIZE, STAGE2_DEVICE),
            HV_OK);
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(GUEST_END - 1)), HV_OK);
}
END_TEST

/* What the guest wrote to the pages of an image stays when the rest of their block is given. */
START_TEST(what_the_guest_wrote_beside_stays)
{
    uint8_t *kernel = load_kernel(KIB(100) + 7);

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    memset(kernel, 0x33, KIB(100));
    ck_assert(sim_load(fixture.machine, translate(KERNEL), kernel, KIB(100)));
    ck_assert(
        sim_load(fixture.machine, translate(KERNEL + KIB(104) - 1), kernel, 1)); /* behind the image, in its page */
    touch(KERNEL + KIB(300), KERNEL + KIB(301));
    assert_guest_holds(KERNEL, kernel, KIB(100) + 7);
    assert_guest_holds(KERNEL + KIB(104) - 1, kernel, 1);
    assert_guest_zero(KERNEL + KIB(104), KERNEL + BLOCK_SIZE);
    struct stage2_mapping mapping;
    ck_assert_int_eq(stage2_lookup(&fixture.domain->stage2, ipa(KERNEL), &mapping), HV_OK);
    ck_assert_uint_eq(mapping.size, BLOCK_SIZE);
    free(kernel);
}
END_TEST

/* An image over the seam between two extents, which are far apart in host RAM, and into the last, partial block. */
START_TEST(images_across_extents)
{
    uint64_t size = MIB(5) + KIB(4);

    const uint64_t seam = KERNEL + EXTENT0_SIZE;
    fixture.plan.ramdisk.load = ipa(seam - MIB(2));
    uint8_t *kernel = load_kernel(4096);
    uint8_t *ramdisk = load_ramdisk(size);
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    touch(seam - MIB(2), GUEST_END);
    assert_guest_holds(seam - MIB(2), ramdisk, size);
    assert_guest_zero(seam - MIB(2) + size, GUEST_END);
    ck_assert_uint_eq(translate(seam), EXTENT1);
    ck_assert_uint_eq(translate(GUEST_END), 0);
    free(kernel);
    free(ramdisk);
}
END_TEST

START_TEST(an_image_outside_its_ram_fails_the_domain)
{
    fixture.plan.ramdisk.load = ipa(GUEST_END - MIB(1));
    uint8_t *kernel = load_kernel(4096);
    uint8_t *ramdisk = load_ramdisk(MIB(2));

    ck_assert_int_eq(create_and_build(), BUILD_FAILED);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
    ck_assert_ptr_nonnull(strstr(sim_output(fixture.machine), "error: /chosen/domU1/module@43000000"));
    free(kernel);
    free(ramdisk);
}
END_TEST

START_TEST(eager_memory_is_all_there_and_zero)
{
    fixture.plan.eager_memory = true;
    uint8_t *kernel = load_kernel(MIB(1));

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    assert_guest_holds(KERNEL, kernel, MIB(1));
    assert_guest_zero(KERNEL + MIB(1), DTB);
    assert_guest_zero(DTB + guest_tree_size(), GUEST_END);
    ck_assert_uint_eq(mapped().ram, EXTENT0_SIZE + EXTENT1_SIZE);
    free(kernel);
}
END_TEST

/** Builds to the end. @return how long the longest step took */
static uint64_t longest_step(void)
{
    enum build_result result = BUILD_MORE;
    uint64_t longest = 0;

    while (result == BUILD_MORE) {
        uint64_t before = sim_time_ns(fixture.machine);
        result = build_step(fixture.domain);
        longest = max_u64(longest, sim_time_ns(fixture.machine) - before);
    }
    ck_assert_int_eq(result, BUILD_DONE);
    return longest;
}

/* The simulator counts core's basic blocks as time: without optimisation, as for coverage, there are twice as many. */
#ifdef __OPTIMIZE__
#define LONGEST_STEP_NS 100000
#else
#define LONGEST_STEP_NS 200000
#endif

/* Nobody else of the CPU runs during a step: 100 us of a Cortex-A53, whatever the domain had and is built from. */
START_TEST(steps_are_bounded)
{
    const struct sim_options options = {.platform = "zynqmp"};

    teardown();
    fixture_options(&options);
    uint8_t *kernel = load_kernel(MIB(4));
    uint8_t *ramdisk = load_ramdisk(MIB(2) + 5);
    fixture.plan.eager_memory = _i == 1;
    fixture.domain = domain_create(&fixture.plan);
    domain_table[0] = fixture.domain;
    for (unsigned i = 0; i < 2; i++) {
        uint64_t longest = longest_step();
        ck_assert_msg(longest > 10000 && longest <= LONGEST_STEP_NS, "start %u: a step of %llu ns", i,
                      (unsigned long long)longest);
        for (uint64_t at = KERNEL; at < GUEST_END; at += BLOCK_SIZE)
            ck_assert_int_eq(domain_touch(fixture.domain, ipa(at)), HV_OK);
        domain_restart(fixture.domain);
    }
    free(ramdisk);
    free(kernel);
}
END_TEST

START_TEST(vcpus_are_as_after_reset)
{
    uint8_t *kernel = load_kernel(4096);

    fixture.plan.vcpu_count = 3;
    fixture.plan.vcpu_cpu[1] = 1;
    fixture.plan.entry = ipa(KERNEL + 0x40);
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    struct vcpu *first = fixture.domain->vcpus[0];
    ck_assert_uint_eq(first->state, VCPU_READY);
    ck_assert_uint_eq(first->arch.regs.pc, KERNEL + 0x40);
    ck_assert_uint_eq(first->arch.regs.x[0], DTB);
    for (unsigned i = 1; i < 31; i++)
        ck_assert_uint_eq(first->arch.regs.x[i], 0);
    ck_assert_uint_eq(first->arch.regs.pstate, 0x3c5); /* EL1h, DAIF */
    ck_assert_uint_eq(first->arch.sysregs[VCPU_SCTLR_EL1], 0x00c50078);
    for (unsigned i = 0; i < 3; i++) {
        struct vcpu *vcpu = fixture.domain->vcpus[i];
        ck_assert_uint_eq(vcpu->index, i);
        ck_assert_uint_eq(vcpu->cpu, i == 1);
        ck_assert_int_eq(vcpu->arch.shares_vmid, i != 1); /* 0 and 2 are both on CPU 0 */
        ck_assert_uint_eq(vcpu->arch.vmpidr, 0x80000000 | i);
        ck_assert_ptr_eq(vcpu->arch.stage2, &fixture.domain->stage2.arch);
        ck_assert_uint_eq(vcpu->arch.counter_offset, first->arch.counter_offset);
        ck_assert(i == 0 || vcpu->state == VCPU_OFF);
    }
    free(kernel);
}
END_TEST

START_TEST(the_guests_gic_is_the_virtual_interface)
{
    struct stage2_mapping mapping;
    uint8_t *kernel = load_kernel(4096);

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_int_eq(stage2_lookup(&fixture.domain->stage2, ipa(GUEST_GICC_BASE + 0x1000), &mapping), HV_OK);
    ck_assert_uint_eq(mapping.pa.raw, GICV_FRAME + 0x1000);
    ck_assert_int_eq(mapping.kind, STAGE2_DEVICE);
    ck_assert_uint_eq(translate(GUEST_GICC_BASE + GUEST_GICC_SIZE), 0);
    ck_assert_uint_eq(fixture.domain->bus.count, 2);
    free(kernel);
}
END_TEST

START_TEST(no_uart_no_device)
{
    uint8_t *kernel = load_kernel(4096);

    fixture.config.parts = part_bits(NULL);
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    ck_assert_uint_eq(fixture.domain->bus.count, 1);
    free(kernel);
}
END_TEST

/* The plan and the tables disagree: a defect, but the domain's own, not the machine's. */
START_TEST(tables_too_small_fail_the_domain)
{
    uint8_t *kernel = load_kernel(4096);

    fixture.plan.stage2_pages = 3;
    ck_assert_int_eq(create_and_build(), BUILD_FAILED);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
    ck_assert_ptr_nonnull(fixture.domain->reason);
    free(kernel);
}
END_TEST

START_TEST(no_room_for_the_device_tree_fails_the_domain)
{
    uint8_t *kernel = load_kernel(4096);

    fixture.plan.tree.end = fixture.plan.tree.base + 512;
    ck_assert_int_eq(create_and_build(), BUILD_FAILED);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_FAILED);
    ck_assert_str_eq(fixture.domain->reason, "its device tree cannot be written");
    free(kernel);
}
END_TEST

START_TEST(a_stopped_domain_is_not_built_on)
{
    uint8_t *kernel = load_kernel(MIB(4));

    fixture.domain = domain_create(&fixture.plan);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(build_step(fixture.domain), BUILD_MORE);
    domain_stop(fixture.domain, DOMAIN_OFF, "test");
    ck_assert_int_eq(build_step(fixture.domain), BUILD_FAILED);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_OFF);
    ck_assert_str_eq(fixture.domain->reason, "test");
    free(kernel);
}
END_TEST

/* However far a build got before its domain was stopped: the next one of that domain is a whole one. */
START_TEST(a_build_begins_at_its_beginning)
{
    uint8_t *kernel = load_kernel(MIB(1) + 5);
    uint8_t *ramdisk = load_ramdisk(KIB(200));

    fixture.plan.eager_memory = true;
    fixture.domain = domain_create(&fixture.plan);
    domain_table[0] = fixture.domain;
    for (int i = 0; i < _i; i++)
        ck_assert_int_eq(build_step(fixture.domain), BUILD_MORE);
    domain_stop(fixture.domain, DOMAIN_OFF, "test");
    ck_assert_int_eq(build_step(fixture.domain), BUILD_FAILED);
    fill_host(EXTENT0, EXTENT0_SIZE, STALE);
    fill_host(EXTENT1, EXTENT1_SIZE, STALE);
    store_release(&fixture.domain->state, DOMAIN_PLANNED); /* as who starts a domain that is off has it */
    ck_assert_int_eq(build_to_end(), BUILD_DONE);
    ck_assert_uint_eq(fixture.domain->state, DOMAIN_RUNNING);
    assert_guest_holds(KERNEL, kernel, MIB(1) + 5);
    assert_guest_holds(RAMDISK, ramdisk, KIB(200));
    assert_guest_zero(KERNEL + MIB(1) + 5, DTB);
    assert_guest_zero(RAMDISK + KIB(200), GUEST_END);
    free(ramdisk);
    free(kernel);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("build");
    TCase *test_case = tcase_create("build");

    suite_add_tcase(suite, test_case);
    tcase_set_timeout(test_case, 60);
    tcase_add_checked_fixture(test_case, setup, teardown);
    tcase_add_loop_test(test_case, images_are_copied, 0, COPY_CASES);
    tcase_add_test(test_case, before_the_kernel_is_zero);
    tcase_add_test(test_case, images_may_share_a_block);
    tcase_add_test(test_case, images_may_share_a_page);
    tcase_add_test(test_case, few_blocks_are_mapped_by_pages);
    tcase_add_test(test_case, the_plans_tables_are_enough);
    tcase_add_test(test_case, what_the_guest_wrote_beside_stays);
    tcase_add_test(test_case, images_across_extents);
    tcase_add_test(test_case, an_image_outside_its_ram_fails_the_domain);
    tcase_add_test(test_case, eager_memory_is_all_there_and_zero);
    tcase_add_loop_test(test_case, steps_are_bounded, 0, 2);
    tcase_add_test(test_case, vcpus_are_as_after_reset);
    tcase_add_test(test_case, the_guests_gic_is_the_virtual_interface);
    tcase_add_test(test_case, no_uart_no_device);
    tcase_add_test(test_case, tables_too_small_fail_the_domain);
    tcase_add_test(test_case, no_room_for_the_device_tree_fails_the_domain);
    tcase_add_test(test_case, a_stopped_domain_is_not_built_on);
    tcase_add_loop_test(test_case, a_build_begins_at_its_beginning, 0, 40);
    return suite_execute(suite);
}
