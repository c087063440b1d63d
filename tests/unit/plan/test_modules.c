// SPDX-License-Identifier: Apache-2.0
/* Where modules end and whom they are in the way of. */
#include "support/suite.h"
#include "unit/plan/invariants.h"

#define UNKNOWN 0xffffffffULL
#define AT(mib) (RAM + MIB(mib))

static const struct plan_domain *planned(unsigned number)
{
    return &world.plan.domains[number - 1];
}

/** A domain whose kernel's size is unknown, as that of its ramdisk if @p ramdisk is not 0. */
static void add_open_ended(uint64_t kernel, uint64_t ramdisk)
{
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, kernel, UNKNOWN);
    load_header(kernel, 0, MIB(20));
    if (ramdisk != 0)
        add_module(MODULE_RAMDISK, ramdisk, UNKNOWN);
}

/* The protocol's own example: no size is known, each module ends where the next one begins. */
START_TEST(unknown_sizes_are_cut_at_the_next_module)
{
    add_open_ended(AT(64), AT(96));
    add_open_ended(AT(128), AT(160));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(world.plan.valid_count, 2);
    ck_assert_uint_eq(world.diag.errors, 0);
    ck_assert_uint_eq(planned(1)->kernel.source_size, MIB(20)); /* its header knows better */
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(32));
    ck_assert_uint_eq(planned(2)->kernel.source_size, MIB(20));
    assert_logged(
        "warning: /chosen/domU1/kernel: reg: the module's size cannot be right; 0x44000000..0x453fffff is taken, "
        "as its header says (found size 0xffffffff, expected at most 0x1400000)");
    assert_logged("hint: write the file's size into reg");
    assert_logged(
        "warning: /chosen/domU1/ramdisk: reg: the module's size cannot be right; 0x46000000..0x47ffffff is taken, up "
        "to where something else begins");
    /* The last one could be all the rest of RAM. It is half of what the kernel leaves. */
    assert_logged(
        "warning: /chosen/domU2/ramdisk: reg: the module's size cannot be right; 0x4a000000..0x515fffff is taken, "
        "at most half of what its kernel leaves");
    ck_assert_uint_eq(world.diag.warnings, 4);
    ck_assert_uint_eq(planned(2)->ramdisk.source_size, MIB(118));
    ck_assert_uint_eq(planned(2)->dtb.raw, 0x40000000 + MIB(128));
}
END_TEST

START_TEST(sizes_that_run_past_their_bank_are_cut_there)
{
    world.machine.memory.count = 0;
    add_memory(RAM, MIB(128));
    add_memory(AT(256), GIB(1));
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, AT(256), MIB(8));
    load_header(AT(256), 0, MIB(8));
    add_module(MODULE_RAMDISK, AT(120), MIB(9)); /* 1 MiB too much */
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(8));
    assert_logged(
        "warning: /chosen/domU1/ramdisk: reg: the module's size cannot be right; 0x47800000..0x47ffffff is taken");
    world.config.domains[0].ramdisk.size = MIB(8);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    world.config.domains[0].ramdisk.size = UINT64_MAX - AT(120); /* as config reads what wraps */
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(8));
}
END_TEST

START_TEST(unknown_sizes_are_cut_at_what_is_taken)
{
    const struct {
        const char *what;
        uint64_t base;
    } obstacles[] = {{"image", AT(70)}, {"dtb", AT(71) + 0x100}, {"firmware", AT(72)}, {"/memreserve/", AT(73)}};

    for (unsigned i = 0; i < ARRAY_SIZE(obstacles); i++) {
        uint64_t base = obstacles[i].base;
        world_setup();
        if (i == 0)
            world.machine.image = (struct region){base, base + MIB(1)};
        else if (i == 1)
            world.machine.dtb = (struct region){base, base + MIB(1)};
        else
            add_reservation(base, MIB(1), obstacles[i].what);
        add_simple(MIB(64), AT(96), MIB(8));
        add_module(MODULE_RAMDISK, AT(64), UNKNOWN);
        ck_assert_int_eq(make_plan(), HV_OK);
        ck_assert_uint_eq(planned(1)->ramdisk.source_size, base - AT(64));
        ck_assert_uint_eq(world.diag.warnings, 1);
        assert_plan_sound();
    }
}
END_TEST

START_TEST(unknown_sizes_are_cut_at_the_lowest_obstacle)
{
    add_reservation(AT(73), MIB(1), "higher");
    add_reservation(AT(72), MIB(1), "lower");
    add_reservation(AT(74), MIB(1), "highest");
    add_simple(MIB(64), AT(96), MIB(8));
    add_module(MODULE_RAMDISK, AT(64), UNKNOWN);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(8));
}
END_TEST

/* There may be banks that 0xffffffff fits in. */
START_TEST(unknown_sizes_are_unknown_wherever_they_lie)
{
    add_memory(0x880000000, GIB(8));
    add_simple(MIB(64), AT(64), MIB(8));
    add_module(MODULE_RAMDISK, 0x880000000, UNKNOWN);
    add_simple(MIB(64), 0x880200000, MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(world.plan.valid_count, 2);
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(2));
}
END_TEST

/* A raw kernel of which nobody knows the size must not take all RAM from the others, nor a broken domain's modules. */
START_TEST(unknown_sizes_do_not_starve_others)
{
    add_open_ended(AT(64), 0);
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, AT(128), UNKNOWN);
    load_file(AT(128), (struct bytes){calloc(1, 4096), 4096}); /* no kernel at all */
    add_module(MODULE_RAMDISK, AT(192), UNKNOWN);
    add_open_ended(AT(100), 0);
    world.config.domains[2].memory = MIB(1400);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert(planned(1)->valid && !planned(2)->valid && planned(3)->valid);
}
END_TEST

START_TEST(a_packed_kernel_of_unknown_size)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes packed = pack(image.data, image.size, 9, NULL);

    add_domain(MIB(64));
    add_module(MODULE_KERNEL, AT(64), UNKNOWN);
    load_file(AT(64), packed);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->kernel.file_size, 0);
    ck_assert_uint_ge(planned(1)->kernel.source_size, packed.size);
    ck_assert_uint_le(planned(1)->kernel.source_size, 500000 + 500000 / 1024 + 4096);
    ck_assert_uint_eq(world.diag.warnings, 1);
    free(image.data);
}
END_TEST

/* What lies where the next module begins is no gzip trailer, however much it looks like one. */
START_TEST(a_cut_module_has_no_trailer)
{
    struct bytes image = make_image(300000, 0, 500000);
    struct bytes other = {calloc(1, 8), 8};

    memcpy(other.data + 4, "\0\0\x05\0", 4);
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, AT(64), UNKNOWN);
    load_file(AT(64), pack(image.data, image.size, 9, NULL));
    load_file(AT(64) + KIB(256) - 8, other);
    add_simple(MIB(64), AT(64) + KIB(256), MIB(1));
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->kernel.file_size, 0);
    free(image.data);
}
END_TEST

START_TEST(an_unseen_kernel_of_unknown_size)
{
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, AT(64), UNKNOWN);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->kernel.memory_size, MIB(32));
    assert_logged("note: /chosen/domU1/kernel: reg: the kernel could not be looked at");
}
END_TEST

START_TEST(one_module_of_several_domains)
{
    add_simple(MIB(64), AT(64), MIB(8));
    add_module(MODULE_RAMDISK, AT(80), MIB(4));
    add_open_ended(AT(64), AT(80));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(world.diag.errors, 0);
    ck_assert_uint_eq(world.diag.warnings, 2); /* about domU2's sizes, which are taken from domU1 */
    ck_assert_uint_eq(planned(2)->kernel.source.raw, planned(1)->kernel.source.raw);
    ck_assert_uint_eq(planned(2)->kernel.source_size, MIB(8));
    ck_assert_uint_eq(planned(2)->ramdisk.source_size, MIB(4));
    /* The other way round, too: the one who knows may come later. */
    world.config.domains[0].ramdisk.size = UNKNOWN;
    world.config.domains[1].ramdisk.size = MIB(3);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(3));
    /* Two who know, differently: each gets what it asked for. */
    world.config.domains[0].ramdisk.size = MIB(5);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->ramdisk.source_size, MIB(5));
    ck_assert_uint_eq(planned(2)->ramdisk.source_size, MIB(3));
    ck_assert_uint_eq(world.diag.errors, 0);
    assert_plan_sound();
}
END_TEST

START_TEST(modules_that_overlap)
{
    add_simple(MIB(64), AT(64), MIB(8));
    add_simple(MIB(64), AT(71), MIB(8));
    add_simple(MIB(64), AT(79), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert(planned(1)->valid && !planned(2)->valid && planned(3)->valid);
    ck_assert_uint_eq(world.diag.errors, 1);
    assert_logged("error: /chosen/domU2/kernel: reg: the module overlaps kernel of domU1 at 0x44000000..0x447fffff "
                  "(found 0x44700000, size 0x800000, expected a range of its own)");
    assert_logged("hint: load it to another address");
    /* The later domain is refused wherever it lies. */
    world.config.domains[0].kernel.base = pa(AT(73));
    world.config.domains[2].kernel.base = pa(AT(100));
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert(planned(1)->valid && !planned(2)->valid && planned(3)->valid);
    assert_logged("error: /chosen/domU2/kernel: reg: the module overlaps kernel of domU1 at 0x44900000..0x450fffff");
}
END_TEST

START_TEST(modules_of_one_domain_that_overlap)
{
    add_simple(MIB(64), AT(64), MIB(8));
    add_module(MODULE_RAMDISK, AT(64) + 1, MIB(1));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1/ramdisk: reg: the module overlaps kernel of domU1");
}
END_TEST

/* A long module below hides behind others with the same base as the one that overlaps it. */
START_TEST(every_overlap_is_found)
{
    add_simple(MIB(64), AT(64), MIB(30));
    add_simple(MIB(64), AT(72), MIB(40));
    add_simple(MIB(64), AT(72), MIB(4));
    add_simple(MIB(64), AT(90), MIB(2));
    add_simple(MIB(64), AT(110), MIB(4));
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert(planned(1)->valid);
    for (unsigned number = 2; number <= 5; number++)
        ck_assert(!planned(number)->valid);
    assert_plan_sound();
}
END_TEST

/* Its start lies in another one's exact range: no cut can help. */
START_TEST(an_unknown_size_does_not_excuse_the_place)
{
    add_simple(MIB(64), AT(64), MIB(8));
    add_open_ended(AT(68), 0);
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert(planned(1)->valid && !planned(2)->valid);
    assert_logged("error: /chosen/domU2/kernel: reg: the module overlaps kernel of domU1");
}
END_TEST

START_TEST(modules_in_the_way_of_what_is_taken)
{
    const struct {
        uint64_t base, size;
        const char *report;
    } modules[] = {
        {RAM, MIB(3), "the module overlaps the hypervisor at 0x40200000..0x402a0fff"},
        {RAM + MIB(2) + 0xa0fff, MIB(1), "the module overlaps the hypervisor"},
        {RAM + MIB(6) + 0x100ff, 1, "the module overlaps the device tree at 0x40600100..0x406100ff"},
        {AT(32), MIB(1), "the module overlaps firmware@42000000 at 0x42000000..0x420fffff"},
        {AT(31), MIB(2), "the module overlaps firmware@42000000"},
        {AT(32) + 5, UNKNOWN, "the module overlaps firmware@42000000"},
        {AT(39), MIB(2), "the module overlaps /memreserve/ at 0x42800000"},
        {AT(40) + 5, MIB(1), "the module overlaps /memreserve/ at 0x42800000"},
        {RAM - 1, MIB(1), "the module lies outside RAM"},
        {RAM + GIB(2), MIB(1), "the module lies outside RAM"},
        {UINT64_MAX, UNKNOWN, "the module lies outside RAM"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(modules); i++) {
        world_setup();
        add_reservation(AT(32), MIB(1), "firmware@42000000");
        add_reservation(AT(40), MIB(1), "/memreserve/");
        add_simple(MIB(64), AT(64), MIB(8));
        add_module(MODULE_RAMDISK, modules[i].base, modules[i].size);
        add_simple(MIB(64), AT(96), MIB(8));
        ck_assert_int_eq(make_plan(), HV_OK);
        ck_assert(!planned(1)->valid && planned(2)->valid);
        ck_assert_uint_eq(world.diag.errors, 1);
        assert_logged("error: /chosen/domU1/ramdisk: reg: ");
        assert_logged(modules[i].report);
        ck_assert_uint_eq(region_size(world.plan.modules[0][MODULE_RAMDISK].range), 0);
        assert_plan_sound();
    }
}
END_TEST

/* In one block with the hypervisor or the device tree is not in their way, nor is up to their first byte. */
START_TEST(modules_may_be_close)
{
    add_simple(MIB(64), RAM + MIB(2) + 0xa1000, MIB(1));
    add_module(MODULE_RAMDISK, RAM + MIB(6) + 0x10100, KIB(64));
    add_simple(MIB(64), RAM, MIB(2));
    add_module(MODULE_RAMDISK, RAM + MIB(6), 0x100);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
}
END_TEST

/* /memreserve/ around a module keeps the boot loader away from it; the module is used all the same. */
START_TEST(a_reservation_may_protect_a_module)
{
    add_reservation(AT(64), MIB(8), "/memreserve/");
    add_reservation(AT(80), MIB(16), "/memreserve/");
    add_simple(MIB(64), AT(64), MIB(8));
    add_module(MODULE_RAMDISK, AT(81), UNKNOWN);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(world.diag.errors, 0);
    ck_assert(planned(1)->valid);
    /* Reserved for someone by name it is not the module's. */
    world.machine.reservations[0].name = "buffer@44000000";
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("the module overlaps buffer@44000000");
}
END_TEST

/* What a domain's images lie in is nobody's RAM, even when the domain is left out for lack of RAM. */
START_TEST(modules_stay_where_they_are)
{
    add_simple(GIB(64), AT(64), MIB(8));
    add_simple(MIB(64), AT(96), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert(!planned(1)->valid && planned(2)->valid);
    ck_assert_ptr_null(regions_overlap(&world.plan.free, AT(64), MIB(8)));
    ck_assert_ptr_nonnull(regions_find(&world.plan.free, AT(96) - 1));
    assert_plan_sound();
}
END_TEST

START_TEST(as_many_modules_as_there_can_be)
{
    for (unsigned i = 0; i < HV_MAX_DOMAINS; i++) {
        add_simple(MIB(16), AT(32 + 8 * (HV_MAX_DOMAINS - 1 - i)), MIB(1));
        add_module(MODULE_RAMDISK, AT(36 + 8 * i), MIB(1) + 1);
    }
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    ck_assert_uint_eq(world.plan.valid_count, HV_MAX_DOMAINS);
    assert_plan_sound();
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, unknown_sizes_are_cut_at_the_next_module);
    tcase_add_test(tests, sizes_that_run_past_their_bank_are_cut_there);
    tcase_add_test(tests, unknown_sizes_are_cut_at_what_is_taken);
    tcase_add_test(tests, unknown_sizes_are_cut_at_the_lowest_obstacle);
    tcase_add_test(tests, unknown_sizes_are_unknown_wherever_they_lie);
    tcase_add_test(tests, unknown_sizes_do_not_starve_others);
    tcase_add_test(tests, a_packed_kernel_of_unknown_size);
    tcase_add_test(tests, a_cut_module_has_no_trailer);
    tcase_add_test(tests, an_unseen_kernel_of_unknown_size);
    tcase_add_test(tests, one_module_of_several_domains);
    tcase_add_test(tests, modules_that_overlap);
    tcase_add_test(tests, modules_of_one_domain_that_overlap);
    tcase_add_test(tests, every_overlap_is_found);
    tcase_add_test(tests, an_unknown_size_does_not_excuse_the_place);
    tcase_add_test(tests, modules_in_the_way_of_what_is_taken);
    tcase_add_test(tests, modules_may_be_close);
    tcase_add_test(tests, a_reservation_may_protect_a_module);
    tcase_add_test(tests, modules_stay_where_they_are);
    tcase_add_test(tests, as_many_modules_as_there_can_be);
}

int main(void)
{
    return suite_run("modules", add_tests, world_setup);
}
