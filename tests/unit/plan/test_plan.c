// SPDX-License-Identifier: Apache-2.0
/* The plan as a whole: where things go, who gets RAM, which CPU runs whom, and its text. */
#include "plan/claims.h"
#include "support/guest_abi.h"
#include "support/parts.h"
#include "support/suite.h"
#include "unit/plan/invariants.h"

static const struct plan_domain *planned(unsigned number)
{
    return &world.plan.domains[number - 1];
}

/* ---- Places in the guest, as on Xen */

START_TEST(images_go_where_xen_puts_them)
{
    add_simple(MIB(512), RAM + MIB(64), MIB(32));
    add_module(MODULE_RAMDISK, RAM + MIB(96), 0x14bc5c);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    const struct plan_domain *domain = planned(1);
    ck_assert_uint_eq(domain->kernel.load.raw, 0x40000000);
    ck_assert_uint_eq(domain->kernel.source.raw, RAM + MIB(64));
    ck_assert_uint_eq(domain->kernel.file_size, MIB(32));
    ck_assert_uint_eq(domain->kernel.memory_size, MIB(64));
    ck_assert_uint_eq(domain->dtb.raw, 0x48000000);
    ck_assert_uint_eq(domain->ramdisk.load.raw, 0x48200000);
    ck_assert_uint_eq(domain->ramdisk.file_size, 0x14bc5c);
    ck_assert_uint_eq(domain->entry.raw, 0x40000000);
    ck_assert_uint_eq(domain->spi_count, PLAN_SPIS_AS_HOST);
    ck_assert_uint_eq(domain->ipa_bits, 36);
}
END_TEST

/* A log of Xen's with a domain of 128 MiB: Image 0x40000000, DTB 0x47c00000, initrd 0x47e00000. */
START_TEST(a_small_domain_has_them_at_its_top)
{
    add_simple(MIB(128), RAM + MIB(64), MIB(32));
    add_module(MODULE_RAMDISK, RAM + MIB(96), MIB(2));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->dtb.raw, 0x47c00000);
    ck_assert_uint_eq(planned(1)->ramdisk.load.raw, 0x47e00000);
}
END_TEST

START_TEST(text_offset_is_honoured)
{
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(32));
    load_header(RAM + MIB(64), 0x80000, MIB(33));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->kernel.load.raw, 0x40080000);
    ck_assert_uint_eq(planned(1)->entry.raw, 0x40080000);
}
END_TEST

/* With a BSS that reaches beyond 128 MiB the usual place is taken. */
START_TEST(bss_is_kept_free)
{
    add_domain(MIB(256));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(32));
    load_header(RAM + MIB(64), 0, MIB(128) + 1);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->dtb.raw, 0x40000000 + MIB(254));
}
END_TEST

START_TEST(below_the_kernel_if_nowhere_else)
{
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(8));
    load_header(RAM + MIB(64), MIB(55), MIB(9));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->kernel.load.raw, 0x40000000 + MIB(55));
    ck_assert_uint_eq(planned(1)->dtb.raw, 0x40000000 + MIB(52));
}
END_TEST

START_TEST(an_image_larger_than_its_domain_is_refused)
{
    add_simple(MIB(32), RAM + MIB(64), MIB(17));
    add_simple(MIB(36), RAM + MIB(128), MIB(17));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert(!planned(1)->valid && planned(2)->valid);
    assert_logged("error: /chosen/domU1: memory: the kernel is larger than its domain");
    assert_logged("found 32 MiB, expected at least 34 MiB");
}
END_TEST

/* What an RTOS has: the device tree lies in the last 64 KiB. */
START_TEST(a_domain_of_a_mebibyte)
{
    static const uint64_t memory[] = {KIB(576), MIB(1), MIB(2), MIB(3), MIB(4) - PAGE_SIZE};

    for (unsigned i = 0; i < ARRAY_SIZE(memory); i++) {
        world_setup();
        add_simple(memory[i], RAM + MIB(64), KIB(256));
        ck_assert_int_eq(make_plan(), HV_OK);
        assert_silent();
        assert_plan_sound();
        ck_assert_uint_eq(planned(1)->dtb.raw, 0x40000000 + align_down(memory[i] - KIB(64), KIB(64)));
    }
    world_setup();
    add_simple(KIB(572), RAM + MIB(64), KIB(256));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("there is no room for the device tree and the ramdisk beside the kernel");
    assert_logged("found 572 KiB, expected at least 576 KiB");
}
END_TEST

START_TEST(a_small_domain_with_a_ramdisk)
{
    add_simple(MIB(4), RAM + MIB(64), MIB(1));
    add_module(MODULE_RAMDISK, RAM + MIB(96), MIB(1) + 1);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->dtb.raw, 0x40000000 + MIB(3) - KIB(128));
    ck_assert_uint_eq(planned(1)->ramdisk.load.raw, 0x40000000 + MIB(3) - KIB(64));
}
END_TEST

START_TEST(spis_are_as_asked_for)
{
    static const struct {
        uint32_t asked, given;
        bool vpl011;
    } cases[] = {{0, 0, false},    {0, 32, true},     {1, 32, true},
                 {32, 32, false},  {33, 64, false},   {960, 960, true},
                 {961, 988, true}, {988, 988, false}, {CONFIG_SPIS_AS_HOST, PLAN_SPIS_AS_HOST, false}};

    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        world.config.domains[0].nr_spis = cases[i].asked;
        world.config.domains[0].parts = cases[i].vpl011 ? part_bits("vpl011") : part_bits(NULL);
        ck_assert_int_eq(make_plan(), HV_OK);
        ck_assert_uint_eq(planned(1)->spi_count, cases[i].given);
        char text[16];
        snprintf(text, sizeof(text), "  spis %u\n", cases[i].given);
        ck_assert_ptr_nonnull(strstr(plan_text(), cases[i].asked == CONFIG_SPIS_AS_HOST ? "  spis as host\n" : text));
    }
}
END_TEST

START_TEST(no_room_beside_the_kernel)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(16));
    add_module(MODULE_RAMDISK, RAM + MIB(96), MIB(31) + KIB(961));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged(
        "error: /chosen/domU1: memory: there is no room for the device tree and the ramdisk beside the kernel");
    assert_logged("found 64 MiB, expected at least 65600 KiB");
    world.config.domains[0].memory = MIB(64) + KIB(64);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
}
END_TEST

START_TEST(a_ramdisk_larger_than_all_addresses_below_it)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    add_module(MODULE_RAMDISK, RAM + MIB(96), MIB(1200));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("found 64 MiB, expected at least 1245248 KiB");
}
END_TEST

START_TEST(a_ramdisk_of_unknown_size_gets_what_there_is)
{
    struct bytes image = {calloc(1, 64), 64};

    memcpy(image.data, "hsqs", 4); /* it says itself that it is larger */
    put_le64(image.data + 40, MIB(60));
    load_file(RAM + MIB(96), image);
    add_domain(MIB(64));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(8));
    load_header(RAM + MIB(64), MIB(55), MIB(9)); /* at the end: what there is lies below */
    add_module(MODULE_RAMDISK, RAM + MIB(96), 0xffffffff);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->dtb.raw, 0x40000000);
    ck_assert_uint_eq(planned(1)->ramdisk.file_size, MIB(55) - KIB(64));
    world.config.domains[0].memory = MIB(66); /* now a little lies above, too: not as much as below */
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(planned(1)->ramdisk.file_size, MIB(55) - KIB(64));
    /* Nothing but the device tree fits: a ramdisk of no bytes is none. */
    world_teardown();
    load_header(RAM + MIB(64), 0, MIB(64));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("there is no room for the device tree and the ramdisk beside the kernel");
}
END_TEST

/* ---- Guest RAM */

/* Its first bank ends at 4 GiB. */
START_TEST(a_large_domain_with_a_ramdisk_of_unknown_size)
{
    add_memory(0x880200000, GIB(8));
    add_domain(GIB(5));
    add_module(MODULE_KERNEL, RAM + MIB(64), MIB(8));
    add_module(MODULE_RAMDISK, RAM + MIB(96), 0xffffffff);
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_ge(planned(1)->ramdisk.file_size, MIB(32));
}
END_TEST

START_TEST(large_domains_have_a_second_bank)
{
    add_memory(0x880200000, GIB(8));
    add_simple(GIB(5), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->guest_ram[0].end, 0x100000000);
    ck_assert_uint_eq(planned(1)->guest_ram[1].base, 0x200000000);
    ck_assert_uint_eq(planned(1)->guest_ram[1].end, 0x200000000 + GIB(2));
    ck_assert_uint_eq(planned(1)->extent_count, 2);
    ck_assert_uint_eq(planned(1)->ipa_bits, 36);
    /* Whole gibibytes at multiples of a gibibyte. */
    ck_assert(is_aligned(planned(1)->extents[0].target.raw, GIB(1)));
    ck_assert(is_aligned(planned(1)->extents[1].target.raw, GIB(1)));
}
END_TEST

START_TEST(odd_sizes_are_rounded_to_pages)
{
    add_simple(MIB(64) + KIB(1), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    assert_logged("warning: /chosen/domU1: memory: the memory is rounded up to whole pages (found 65537 KiB");
    ck_assert_uint_eq(region_size(planned(1)->guest_ram[0]), MIB(64) + KIB(4));
}
END_TEST

START_TEST(ipa_bits_grow_with_the_domain)
{
    world.machine.memory.count = 0;
    world.machine.pa_bits = 44;
    add_memory(RAM, GIB(2));
    add_memory(1ULL << 42, GIB(600));
    add_simple(GIB(58), RAM + MIB(64), MIB(8));
    add_simple(GIB(100), RAM + MIB(128), MIB(8));
    add_simple(GIB(300), RAM + MIB(192), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->ipa_bits, 36); /* up to 8 + 55 GiB */
    ck_assert_uint_eq(planned(2)->ipa_bits, 37);
    ck_assert_uint_eq(planned(3)->ipa_bits, 39);
    world.machine.pa_bits = 36;
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert(planned(1)->valid && !planned(2)->valid && !planned(3)->valid);
    assert_logged(
        "error: /chosen/domU2: memory: more RAM than this CPU can translate for a guest (found 102400 MiB, expected "
        "guest addresses of at most 36 bits");
    world.machine.pa_bits = 32; /* the least that a CPU can have */
    world.config.domains[0].memory = GIB(3);
    world.config.domain_count = 1;
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->ipa_bits, 32);
}
END_TEST

START_TEST(more_ram_than_the_map_has_room_for)
{
    add_simple(GIB(1024), RAM + MIB(64), MIB(8));
    world.machine.pa_bits = 48;
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1: memory: more RAM than the guest's memory map has room for");
    world.config.domains[0].memory = UINT64_MAX - 1; /* whatever it is, it does not wrap */
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1: memory: more RAM than the guest's memory map has room for");
}
END_TEST

START_TEST(the_memory_map_ends_where_it_ends)
{
    add_simple(GUEST_RAM0_SIZE + GUEST_RAM1_SIZE, RAM + MIB(64), MIB(8));
    world.machine.pa_bits = 48;
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("not enough RAM"); /* the map has room for it */
    world.config.domains[0].memory += PAGE_SIZE;
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1: memory: more RAM than the guest's memory map has room for");
}
END_TEST

/* ---- Host RAM */

START_TEST(domains_that_fit_in_order_start)
{
    add_simple(MIB(900), RAM + MIB(64), MIB(8));
    add_simple(MIB(1200), RAM + MIB(64), MIB(8));
    add_simple(MIB(900), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert(planned(1)->valid && !planned(2)->valid && planned(3)->valid);
    ck_assert_uint_eq(world.diag.errors, 1);
    assert_logged("error: /chosen/domU2: memory: not enough RAM: ");
    /* 2048, without 900, 8 of modules, 2 blocks, 2 for domU1's control area, and 2 broken for domU2's own. */
    assert_logged("not enough RAM: 66 MiB missing (found 1200 MiB, expected at most 1134 MiB, what is left in whole 2 "
                  "MiB blocks)");
}
END_TEST

/* As many banks as can be managed, of which a domain would leave something at both ends. */
START_TEST(ram_in_as_many_pieces_as_there_can_be)
{
    world.machine.memory.count = 0;
    for (unsigned i = 0; i < HV_MAX_REGIONS; i++)
        add_memory(RAM + MIB(64) + i * MIB(8) + KIB(4), MIB(5));
    add_simple(MIB(2), RAM + MIB(64) + KIB(4), KIB(512));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1: memory: free RAM is in too many pieces: 128");
    assert_logged("hint: reserve fewer and larger ranges");
    /* One whose ends are whole is taken, wherever it lies. */
    world.machine.memory.count = HV_MAX_REGIONS - 1;
    add_memory(RAM + GIB(2), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->extents[0].target.raw, RAM + GIB(2));
}
END_TEST

START_TEST(ram_comes_in_pieces_where_it_must)
{
    world.machine.memory.count = 0;
    for (unsigned i = 0; i < 15; i++)
        add_memory(RAM + i * MIB(64) + KIB(4) * i, MIB(16));
    add_domain(MIB(100) + KIB(8));
    add_module(MODULE_KERNEL, RAM + MIB(10), MIB(1));
    load_header(RAM + MIB(10), 0, MIB(1));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    ck_assert_uint_ge(planned(1)->extent_count, 7);
    /* The same in smaller pieces would be too many. */
    world.machine.memory.count = 0;
    add_memory(RAM, MIB(16));
    for (unsigned i = 1; i < 60; i++)
        add_memory(RAM + i * MIB(64), MIB(4));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("error: /chosen/domU1: memory: the domain's RAM would be in more than 16 pieces");
    ck_assert_uint_eq(regions_total(&world.plan.free), MIB(16) + 59 * MIB(4) - MIB(2) - MIB(2) - MIB(1));
}
END_TEST

START_TEST(the_hypervisor_and_the_tree_keep_their_blocks)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    uint64_t digest = world.plan.digest;
    /* Elsewhere in the same blocks: nothing that is decided changes. */
    world.machine.image.end += 0x50000;
    world.machine.dtb = (struct region){RAM + MIB(7), RAM + MIB(7) + 0x400};
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_eq(world.plan.digest, digest);
    world.machine.dtb = (struct region){RAM + MIB(8), RAM + MIB(8) + 0x400};
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_uint_ne(world.plan.digest, digest);
    assert_plan_sound();
}
END_TEST

START_TEST(reserved_memory_is_nobodys)
{
    add_reservation(RAM + MIB(8), GIB(1), "firmware");
    add_reservation(RAM + GIB(2) - MIB(1), GIB(1), "beyond-the-end");
    add_simple(MIB(512), RAM + GIB(1) + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->extents[0].target.raw, RAM + GIB(1) + MIB(72));
    ck_assert(strstr(plan_text(), "ram 0x40800000 +0x40000000 firmware: firmware\n") != NULL);
}
END_TEST

/* Every second page reserved: more pieces than a set holds. What cannot be kept track of is lost, never given away. */
START_TEST(a_shattered_ram_is_not_given_away_twice)
{
    for (unsigned i = 0; i < MACHINE_MAX_RESERVATIONS; i++)
        add_reservation(RAM + MIB(16) + i * KIB(64), KIB(4), "shard");
    for (unsigned i = 0; i < 70; i++)
        add_memory(0x100000000 + i * MIB(8), MIB(4));
    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_logged("RAM is in too many pieces; this part is not used");
    ck_assert_uint_gt(regions_total(&world.plan.free), GIB(2)); /* of what a cut leaves, the smaller part is given up */
    assert_plan_sound();
}
END_TEST

/* ---- CPUs */

START_TEST(first_vcpus_are_spread_first)
{
    world.machine.cpu_count = 5;
    for (unsigned i = 0; i < 5; i++)
        world.machine.cpus[i] = (struct machine_cpu){.mpidr = i, .online = i != 2};
    add_simple(MIB(64), RAM + MIB(64), MIB(8))->cpus = 2;
    add_simple(GIB(64), RAM + MIB(64), MIB(8))->cpus = 2; /* does not fit, and takes no CPU */
    add_simple(MIB(64), RAM + MIB(64), MIB(8))->cpus = 3;
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(1)->vcpu_cpu[0], 0);
    ck_assert_uint_eq(planned(3)->vcpu_cpu[0], 1);
    ck_assert_uint_eq(planned(1)->vcpu_cpu[1], 3);
    ck_assert_uint_eq(planned(3)->vcpu_cpu[1], 4);
    ck_assert_uint_eq(planned(3)->vcpu_cpu[2], 0); /* not 1 again, though 0, 1 and 3 have one vCPU each */
}
END_TEST

START_TEST(vcpus_of_one_domain_run_side_by_side)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    add_simple(MIB(64), RAM + MIB(64), MIB(8))->cpus = 2;
    add_simple(MIB(64), RAM + MIB(64), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    ck_assert_uint_eq(planned(2)->vcpu_cpu[0], 1);
    ck_assert_uint_eq(planned(2)->vcpu_cpu[1], 0); /* which has two vCPUs already, but not its own */
}
END_TEST

START_TEST(a_domain_may_have_more_vcpus_than_there_are_cpus)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(8))->cpus = 5;
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_plan_sound();
    unsigned on_cpu[2] = {0, 0};
    for (unsigned i = 0; i < 5; i++)
        on_cpu[planned(1)->vcpu_cpu[i]]++;
    ck_assert_uint_eq(on_cpu[0], 3);
    ck_assert_uint_eq(on_cpu[1], 2);
}
END_TEST

/* ---- What is wrong already, and the text */

START_TEST(domains_that_config_refused_stay_out)
{
    add_simple(MIB(64), RAM + MIB(64), MIB(8))->valid = false;
    add_simple(MIB(64), RAM + MIB(96), 0)->valid = false; /* an empty module: reported by who read it */
    add_domain(MIB(64));                                  /* no kernel at all */
    add_simple(MIB(64), RAM + MIB(128), MIB(8));
    ck_assert_int_eq(make_plan(), HV_OK);
    assert_silent();
    assert_plan_sound();
    ck_assert_uint_eq(world.plan.valid_count, 1);
    ck_assert_uint_eq(planned(4)->domid, 4);
    ck_assert(strstr(plan_text(), "domain 1 domU1 left out\n") != NULL);
    world.config.domains[3].valid = false;
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_plan_sound();
    world.config.domain_count = 0;
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
}
END_TEST

/** The tree says that one range is two devices: who cannot be given his is told whose it is. */
START_TEST(a_frame_that_is_anothers)
{
    world.machine.gic.version = GIC_V2;
    world.machine.gic.distributor = (struct dt_range){0x8040000, 0x1000};
    world.machine.gic.virtual_interface = (struct dt_range){0x8040000, 0x2000};
    add_simple(MIB(256), RAM + MIB(64), MIB(32));
    ck_assert_int_eq(make_plan(), HV_E_MISSING);
    assert_logged("its gicv at 0x8040000..0x8041fff overlaps gicd of bulkhead at 0x8040000..0x8040fff");
    assert_plan_sound();
    uint64_t free = regions_total(&world.plan.free);
    ck_assert_uint_eq(free, GIB(2) - MIB(2) - MIB(2) - MIB(32)); /* it gave back all that it had */
}
END_TEST

START_TEST(a_full_ledger_leaves_a_domain_out)
{
    struct ledger *ledger = &world.plan.ledger;

    add_simple(MIB(256), RAM + MIB(64), MIB(32));
    ck_assert_int_eq(make_plan(), HV_OK);
    ledger_drop(ledger, owner_domain(0));
    for (uint64_t at = 1ULL << 40; ledger->count < LEDGER_MAX - 1; at += 2 * PAGE_SIZE) {
        struct region page = {at, at + PAGE_SIZE};
        struct claim other = claim_of(OWNER_FIRMWARE, CLAIM_RAM, CLAIM_EXCLUSIVE, page, "page");
        ck_assert_int_eq(ledger_claim(ledger, &other, NULL), HV_OK);
    }
    ck_assert_int_eq(claims_of_domain(&world.plan, planned(1), &world.diag), HV_E_FULL);
    assert_logged("there is no room for what it would own");
    assert_claimed(&(struct plan_domain){.valid = false});
}
END_TEST

START_TEST(the_text_is_stable)
{
    static const char expected[] = "cpu 0 is 0x0\n"
                                   "cpu 1 is 0x1, offline\n"
                                   "domain 1 domU1\n"
                                   "  ram 0x40000000 at 0x46200000 +0x10000000\n"
                                   "  kernel 0x40000000 +0x4000000 from 0x44000000 +0x2000000 raw\n"
                                   "  ramdisk 0x48200000 +0x14bc5c from 0x46000000 +0x14bc5c raw\n"
                                   "  dtb 0x48000000 +0x10000\n"
                                   "  entry 0x40000000\n"
                                   "  spis as host\n"
                                   "  vcpu 0 on cpu 0\n"
                                   "  stage2 0xbfef7000 9 pages 36 bits vmid 1\n"
                                   "domain 2 domU2 left out\n"
                                   "ram 0x40000000 +0x200000 free\n"
                                   "ram 0x40200000 +0x200000 bulkhead: image\n"
                                   "ram 0x40400000 +0x200000 free\n"
                                   "ram 0x40600000 +0x200000 bulkhead: device tree\n"
                                   "ram 0x40800000 +0x3800000 free\n"
                                   "ram 0x44000000 +0x2000000 domU1: kernel module read-only\n"
                                   "ram 0x46000000 +0x14bc5c domU1: ramdisk module read-only\n"
                                   "ram 0x4614c000 +0xb4000 free\n"
                                   "ram 0x46200000 +0x10000000 domU1: ram\n"
                                   "ram 0x56200000 +0x69cec000 free\n"
                                   "ram 0xbfeec000 +0x14000 domU1: control\n"
                                   "ram 0xbff00000 +0x100000 firmware: firmware\n"
                                   "frame 0x8040000 +0x10000 bulkhead: gicv shared\n"
                                   "frame 0x8040000 +0x10000 domU1: gicv shared\n"
                                   "frame 0x9000000 +0x1000 bulkhead: uart\n"
                                   "intid 33 bulkhead: uart\n"
                                   "cpu 0 domU1: vcpu\n"
                                   "ipa 0x3001000 +0x1000 domU1: gicd\n"
                                   "ipa 0x3002000 +0x2000 domU1: gicc\n"
                                   "ipa 0x22000000 +0x1000 domU1: vpl011\n"
                                   "ipa 0x40000000 +0x10000000 domU1: ram\n"
                                   "virq 27 domU1: virtual timer\n"
                                   "virq 30 domU1: physical timer\n"
                                   "virq 32 domU1: vpl011\n";

    add_reservation(RAM + GIB(2) - MIB(1), MIB(1), "firmware");
    world.machine.cpus[1].online = false;
    world.machine.uart = (struct machine_uart){.type = UART_PL011, .frame = {0x9000000, 0x1000}, .intid = 33};
    world.machine.gic.version = GIC_V2;
    world.machine.gic.virtual_interface = (struct dt_range){0x8040000, 0x10000};
    add_simple(MIB(256), RAM + MIB(64), MIB(32));
    add_module(MODULE_RAMDISK, RAM + MIB(96), 0x14bc5c);
    add_domain(MIB(64))->valid = false;
    ck_assert_int_eq(make_plan(), HV_OK);
    ck_assert_str_eq(plan_text(), expected);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, images_go_where_xen_puts_them);
    tcase_add_test(tests, a_small_domain_has_them_at_its_top);
    tcase_add_test(tests, text_offset_is_honoured);
    tcase_add_test(tests, bss_is_kept_free);
    tcase_add_test(tests, below_the_kernel_if_nowhere_else);
    tcase_add_test(tests, an_image_larger_than_its_domain_is_refused);
    tcase_add_test(tests, a_domain_of_a_mebibyte);
    tcase_add_test(tests, a_small_domain_with_a_ramdisk);
    tcase_add_test(tests, spis_are_as_asked_for);
    tcase_add_test(tests, no_room_beside_the_kernel);
    tcase_add_test(tests, a_ramdisk_larger_than_all_addresses_below_it);
    tcase_add_test(tests, a_ramdisk_of_unknown_size_gets_what_there_is);
    tcase_add_test(tests, a_large_domain_with_a_ramdisk_of_unknown_size);
    tcase_add_test(tests, large_domains_have_a_second_bank);
    tcase_add_test(tests, odd_sizes_are_rounded_to_pages);
    tcase_add_test(tests, ipa_bits_grow_with_the_domain);
    tcase_add_test(tests, more_ram_than_the_map_has_room_for);
    tcase_add_test(tests, the_memory_map_ends_where_it_ends);
    tcase_add_test(tests, domains_that_fit_in_order_start);
    tcase_add_test(tests, ram_in_as_many_pieces_as_there_can_be);
    tcase_add_test(tests, ram_comes_in_pieces_where_it_must);
    tcase_add_test(tests, the_hypervisor_and_the_tree_keep_their_blocks);
    tcase_add_test(tests, reserved_memory_is_nobodys);
    tcase_add_test(tests, a_shattered_ram_is_not_given_away_twice);
    tcase_add_test(tests, first_vcpus_are_spread_first);
    tcase_add_test(tests, vcpus_of_one_domain_run_side_by_side);
    tcase_add_test(tests, a_domain_may_have_more_vcpus_than_there_are_cpus);
    tcase_add_test(tests, domains_that_config_refused_stay_out);
    tcase_add_test(tests, a_frame_that_is_anothers);
    tcase_add_test(tests, a_full_ledger_leaves_a_domain_out);
    tcase_add_test(tests, the_text_is_stable);
}

int main(void)
{
    return suite_run("plan", add_tests, world_setup);
}
