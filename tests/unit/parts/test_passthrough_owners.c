// SPDX-License-Identifier: Apache-2.0
/* What a domain is given by its partial device tree is its own: nobody else has it, and its own addresses and numbers
 * are free for it. The plan that follows: tables, SPIs, RAM, text, digest. */
#include "domain/guest_dt.h"
#include "mem/stage2.h"
#include "support/allocate.h"
#include "unit/parts/fragment_world.h"

#define FORCED(name, reg) name " { xen,force-assign-without-iommu; xen,reg = <" reg ">; };"
#define DEVICE(name, path, reg) name " { xen,path = \"" path "\"; xen,reg = <" reg ">; };"
#define RTC_AT(guest) DEVICE("rtc", "/axi/rtc@10000", "0 0x10010000 0x1000 0 " guest)
#define EDGE_AT(guest) DEVICE("edge", "/axi/edge@20000", "0 0x10020000 0x1000 0 " guest)

/** Two domains' partial trees, of which the second is refused, with what is said; NULL: neither. */
struct conflict {
    const char *gic, *first, *second, *said;
};

#define REFUSED(domain, text) "error: /chosen/" domain ": its " text "\n"

static const struct conflict conflicts[] = {
    {BOARD_GICV2, RTC_AT("0x10010000"), EDGE_AT("0x10010000"), NULL}, /* guests' addresses are each one's own */
    {BOARD_GICV2, RTC_AT("0x10010000"), RTC_AT("0x20000000"),
     REFUSED("domU2", "rtc at 0x10010000..0x10010fff overlaps rtc of domU1 at 0x10010000..0x10010fff")},
    {BOARD_GICV2, DEVICE("all", "/axi/large@400000", "0 0x10400000 0x800000 0 0x20000000"),
     DEVICE("some", "/axi/large@400000", "0 0x10401000 0x1000 0 0x20000000"),
     REFUSED("domU2", "some at 0x10401000..0x10401fff overlaps all of domU1 at 0x10400000..0x10bfffff")},
    {BOARD_GICV2, DEVICE("a", "/axi/part@90800", "0 0x10090000 0x1000 0 0x20000000"),
     DEVICE("b", "/axi/part@90a00", "0 0x10090000 0x1000 0 0x20000000"),
     "warning: /chosen/domU1/module@60000000:/passthrough/a: xen,reg: the guest reaches 1 other device in the same "
     "pages: /axi/part@90a00 (found 0x10090000..0x10090fff)\n"
     "warning: /chosen/domU2/module@61000000:/passthrough/b: xen,reg: the guest reaches 1 other device in the same "
     "pages: /axi/part@90800 (found 0x10090000..0x10090fff)\n" REFUSED(
         "domU2", "b at 0x10090000..0x10090fff overlaps a of domU1 at 0x10090000..0x10090fff")},
    {BOARD_GICV2, RTC_AT("0x10010000"), "rtc { xen,path = \"/axi/rtc@10000\"; xen,reg; };",
     REFUSED("domU2", "rtc at interrupt 34 overlaps rtc of domU1 at interrupt 34")},
};

START_TEST(a_device_is_one_domains)
{
    const struct conflict *conflict = &conflicts[_i];
    char first[512], second[512];

    snprintf(first, sizeof(first), PASSTHROUGH("%s"), conflict->first);
    snprintf(second, sizeof(second), PASSTHROUGH("%s"), conflict->second);
    ck_assert_int_eq(plan_fragments(first, second), HV_OK);
    ck_assert_str_eq(world.log, conflict->said != NULL ? conflict->said : "");
    ck_assert(planned(0)->valid);
    ck_assert_int_eq(planned(1)->valid, conflict->said == NULL);
}
END_TEST

/** One domain with these nodes, refused for what is said; NULL: it is not. */
static void check_one(const char *nodes, const char *said)
{
    static char fragment[16384];

    snprintf(fragment, sizeof(fragment), PASSTHROUGH("%s"), nodes);
    ck_assert_int_eq(plan_fragments(fragment, NULL), said == NULL ? HV_OK : HV_E_MISSING);
    ck_assert_str_eq(world.log, said != NULL ? said : "");
}

START_TEST(the_hypervisors_devices_are_its_own)
{
    check_one(DEVICE("uart", "/pl011@9000000", "0 0x9000000 0x1000 0 0x20000000"),
              REFUSED("domU1", "uart at 0x9000000..0x9000fff overlaps uart of bulkhead at 0x9000000..0x9000fff"));
    check_one(FORCED("any", "0 0x9000000 0x1000 0 0x20000000"),
              REFUSED("domU1", "any at 0x9000000..0x9000fff overlaps uart of bulkhead at 0x9000000..0x9000fff"));
    check_one(
        DEVICE("gic", "/intc@8000000", "0 0x8000000 0x10000 0 0x20000000"),
        "error: /chosen/domU1/module@60000000:/passthrough/gic: xen,path: a device with an interrupt of that kind "
        "cannot be given to a guest (found interrupt 25, expected SPIs)\n");
    check_one(FORCED("gicd", "0 0x8000000 0x10000 0 0x20000000"),
              REFUSED("domU1", "gicd at 0x8000000..0x800ffff overlaps gicd of bulkhead at 0x8000000..0x800ffff"));
    check_one(FORCED("gicc", "0 0x8011000 0x1000 0 0x20000000"),
              REFUSED("domU1", "gicc at 0x8011000..0x8011fff overlaps gicc of bulkhead at 0x8010000..0x801ffff"));
    check_one(FORCED("gich", "0 0x8030000 0x1000 0 0x20000000"),
              REFUSED("domU1", "gich at 0x8030000..0x8030fff overlaps gich of bulkhead at 0x8030000..0x803ffff"));
    check_one(FORCED("gicv", "0 0x8040000 0x10000 0 0x20000000"),
              REFUSED("domU1", "gicv at 0x8040000..0x804ffff overlaps gicv of bulkhead at 0x8040000..0x804ffff"));
    check_one(FORCED("free", "0 0x8050000 0x1000 0 0x20000000"), NULL);
    /* Its interrupt, by another node that has it, too. */
    check_one(DEVICE("serial", "/axi/serial@f0000", "0 0x100f0000 0x1000 0 0x20000000"),
              REFUSED("domU1", "serial at interrupt 33 overlaps uart of bulkhead at interrupt 33"));
    asked.gic = BOARD_GICV3;
    check_one(FORCED("gicr", "0 0x80c0000 0x1000 0 0x20000000"),
              REFUSED("domU1", "gicr at 0x80c0000..0x80c0fff overlaps gicr of bulkhead at 0x80a0000..0x80dffff"));
}
END_TEST

START_TEST(a_guest_address_is_there_once)
{
    check_one(RTC_AT("0x40000000"),
              REFUSED("domU1", "rtc at 0x40000000..0x40000fff overlaps ram of domU1 at 0x40000000..0x43ffffff"));
    check_one(RTC_AT("0x43fff000"),
              REFUSED("domU1", "rtc at 0x43fff000..0x43ffffff overlaps ram of domU1 at 0x40000000..0x43ffffff"));
    check_one(RTC_AT("0x44000000"), NULL);
    check_one(RTC_AT("0x3001000"),
              REFUSED("domU1", "gicd at 0x3001000..0x3001fff overlaps rtc of domU1 at 0x3001000..0x3001fff"));
    check_one(RTC_AT("0x3003000"),
              REFUSED("domU1", "gicc at 0x3002000..0x3003fff overlaps rtc of domU1 at 0x3003000..0x3003fff"));
    check_one(RTC_AT("0x22000000"),
              REFUSED("domU1", "vpl011 at 0x22000000..0x22000fff overlaps rtc of domU1 at 0x22000000..0x22000fff"));
    check_one(RTC_AT("0x20000000") EDGE_AT("0x20000000"),
              REFUSED("domU1", "edge at 0x20000000..0x20000fff overlaps rtc of domU1 at 0x20000000..0x20000fff"));
    check_one(RTC_AT("0x20000000") RTC_AT("0x20001000"),
              REFUSED("domU1", "rtc at 0x10010000..0x10010fff overlaps rtc of domU1 at 0x10010000..0x10010fff"));
    asked.gic = BOARD_GICV3;
    check_one(RTC_AT("0x3020000"),
              REFUSED("domU1", "gicr at 0x3020000..0x303ffff overlaps rtc of domU1 at 0x3020000..0x3020fff"));
    asked.domain = "memory = <0 0x10000>;";
    check_one(RTC_AT("0x22000000"), NULL); /* no vpl011 */
}
END_TEST

/* The vpl011 is the guest's SPI 32. */
START_TEST(a_guest_interrupt_is_there_once)
{
    const char *console = DEVICE("console", "/axi/console@e0000", "0 0x100e0000 0x1000 0 0x20000000");

    check_one(console, REFUSED("domU1", "vpl011 at interrupt 32 overlaps console of domU1 at interrupt 32"));
    asked.domain = "memory = <0 0x10000>;";
    check_one(console, NULL);
}
END_TEST

/* Of two devices of a domain that lie in one page both are given; and both may raise one interrupt. */
START_TEST(devices_of_one_domain_share)
{
    ck_assert_int_eq(
        plan_fragments(PASSTHROUGH(DEVICE("a", "/axi/part@90800", "0 0x10090000 0x1000 0 0x20000000") DEVICE(
                           "b", "/axi/part@90a00", "0 0x100a0000 0x1000 0 0x20001000 0 0x10090000 0x1000 0 0x20000000")
                                       RTC_AT("0x20004000") RTC_AT("0x20004000")),
                       NULL),
        HV_OK);
    ck_assert_uint_eq(planned(0)->frame_count, 3);
    ck_assert_uint_eq(planned(0)->interrupt_count, 1);
}
END_TEST

/* ---- As many as there may be */

/** Forced frames, a page each, from @p first on. */
static void many_frames(char *text, size_t room, unsigned first, unsigned count)
{
    size_t used = (size_t)snprintf(text, room, "passthrough { ");

    for (unsigned i = first; i < first + count; i++)
        used += (size_t)snprintf(text + used, room - used, FORCED("f%u", "0 0x%x 0x1000 0 0x%x"), i,
                                 0x20000000 + 0x1000 * i, 0x20000000 + 0x1000 * i);
    snprintf(text + used, room - used, " };");
}

START_TEST(the_most_frames)
{
    static char first[32768], second[32768];

    many_frames(first, sizeof(first), 0, PLAN_MAX_FRAMES);
    ck_assert_int_eq(plan_fragments(first, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->frame_count, PLAN_MAX_FRAMES);
    many_frames(second, sizeof(second), PLAN_MAX_FRAMES, 1);
    ck_assert_int_eq(plan_fragments(first, second), HV_OK);
    ck_assert_str_eq(world.log,
                     "error: /chosen/domU2/module@61000000:/passthrough/f64: xen,reg: more than 64 ranges of "
                     "devices are given to domains\n");
    ck_assert(planned(0)->valid && !planned(1)->valid);
    /* Those of a domain that is refused are not counted. */
    many_frames(first, sizeof(first), 0, PLAN_MAX_FRAMES + 1);
    ck_assert_int_eq(plan_fragments(first, second), HV_OK);
    ck_assert_str_eq(world.log,
                     "error: /chosen/domU1/module@60000000:/passthrough/f64: xen,reg: more than 64 ranges of "
                     "devices are given to domains\n");
    ck_assert(!planned(0)->valid && planned(1)->valid);
    ck_assert_uint_eq(planned(1)->frame_count, 1);
}
END_TEST

/** A node of the host with @p count interrupts from SPI @p first on. */
static void many_interrupts(char *text, size_t room, const char *name, unsigned first, unsigned count)
{
    size_t used = (size_t)snprintf(text, room, "%s { interrupts = <", name);

    for (unsigned i = first; i < first + count; i++)
        used += (size_t)snprintf(text + used, room - used, "0 %u 4 ", i);
    snprintf(text + used, room - used, ">; };");
}

START_TEST(the_most_interrupts)
{
    static char devices[16384];
    const char *first = PASSTHROUGH("a { xen,path = \"/many\"; xen,reg; };");
    const char *second = PASSTHROUGH("b { xen,path = \"/one\"; xen,reg; };");

    many_interrupts(devices, sizeof(devices), "many", 16, PLAN_MAX_INTERRUPTS);
    many_interrupts(devices + strlen(devices), 1024, "one", 300, 1);
    asked.devices = devices;
    ck_assert_int_eq(plan_fragments(first, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->interrupt_count, PLAN_MAX_INTERRUPTS);
    ck_assert_int_eq(plan_fragments(first, second), HV_OK);
    ck_assert_str_eq(world.log,
                     "error: /chosen/domU2/module@61000000:/passthrough/b: xen,path: more than 128 interrupts "
                     "are given to domains\n");
    many_interrupts(devices, sizeof(devices), "many", 16, PLAN_MAX_INTERRUPTS + 1);
    many_interrupts(devices + strlen(devices), 1024, "one", 300, 1);
    ck_assert_int_eq(plan_fragments(first, second), HV_OK);
    ck_assert_str_eq(world.log,
                     "error: /chosen/domU1/module@60000000:/passthrough/a: xen,path: more than 128 interrupts "
                     "are given to domains\n");
    ck_assert(!planned(0)->valid && planned(1)->valid);
}
END_TEST

/* ---- What follows of it */

START_TEST(several_domains)
{
    board.count = 0;
    add_fragment(PASSTHROUGH(RTC_AT("0x10010000")));
    add_fragment(PASSTHROUGH(EDGE_AT("0x10010000")));
    add_fragment(PASSTHROUGH(RTC_AT("0x10010000")));
    add_fragment(PASSTHROUGH(DEVICE("w", "/axi/wrapper@40000", "0 0x10040000 0x2000 0 0x10010000")));
    ck_assert_int_eq(plan_board(), HV_OK);
    ck_assert_str_eq(world.log, REFUSED("domU3", "rtc at 0x10010000..0x10010fff overlaps rtc of domU1 at "
                                                 "0x10010000..0x10010fff"));
    ck_assert_uint_eq(planned(1)->frames[0].target.raw, 0x10020000);
    ck_assert_uint_eq(planned(1)->interrupts[0].intid, 37);
    ck_assert_uint_eq(planned(1)->interrupt_count, 1);
    ck_assert_uint_eq(planned(3)->frames[0].target.raw, 0x10040000);
    ck_assert_uint_eq(planned(3)->frame_count, 1);
    ck_assert_uint_eq(planned(3)->interrupt_count, 0);
}
END_TEST

/* A vGIC has SPIs by 32, up to the last that a device has. */
START_TEST(spis_reach_the_devices)
{
    const char *late = PASSTHROUGH(DEVICE("l", "/axi/late@b0000", "0 0x100b0000 0x1000 0 0x20000000"));
    const char *last = PASSTHROUGH(DEVICE("l", "/axi/last@c0000", "0 0x100c0000 0x1000 0 0x20000000"));

    ck_assert_int_eq(plan_fragments(late, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->spi_count, PLAN_SPIS_AS_HOST);
    asked.domain = "vpl011; memory = <0 0x10000>; nr_spis = <10>;";
    ck_assert_int_eq(plan_fragments(late, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->spi_count, 224); /* SPI 200 is the 201st */
    ck_assert_int_eq(plan_fragments(last, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->spi_count, HV_MAX_SPIS);
    asked.domain = "vpl011; memory = <0 0x10000>; nr_spis = <300>;";
    ck_assert_int_eq(plan_fragments(late, NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->spi_count, 320);
}
END_TEST

START_TEST(guest_addresses_reach_the_devices)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC_AT("0x10010000")), NULL), HV_OK);
    unsigned usual = planned(0)->ipa_bits;
    ck_assert_uint_lt(usual, 39);
    ck_assert_int_eq(
        plan_fragments(PASSTHROUGH(DEVICE("rtc", "/axi/rtc@10000", "0 0x10010000 0x1000 0x40 0x10010000")), NULL),
        HV_OK);
    ck_assert_uint_eq(planned(0)->ipa_bits, 39);
    ck_assert_int_eq(
        plan_fragments(PASSTHROUGH(DEVICE("rtc", "/axi/rtc@10000", "0 0x10010000 0x1000 0x3f 0xfffff000")), NULL),
        HV_OK);
    ck_assert_uint_eq(planned(0)->ipa_bits, usual > 38 ? usual : 38);
}
END_TEST

/** Maps all that a guest reaches of its devices and RAM, by tables of which there are as many as were planned. */
static void map_all(void)
{
    const struct plan_domain *plan = planned(0);
    uint64_t alignment = stage2_root_pages(plan->ipa_bits) * PAGE_SIZE;
    uint8_t *room = allocate_pages(plan->stage2_pages * PAGE_SIZE + alignment);
    uint8_t *pool = (uint8_t *)align_up((uintptr_t)room, alignment);
    struct stage2 stage2;

    ck_assert_int_eq(stage2_init(&stage2, pool, plan->stage2_base, plan->stage2_pages, plan->ipa_bits, plan->vmid),
                     HV_OK);
    ck_assert_int_eq(stage2_map(&stage2, ipa(plan->map->gicc.base), pa(0x8040000), plan->map->gicc.size, STAGE2_DEVICE),
                     HV_OK);
    for (unsigned i = 0; i < plan->frame_count; i++)
        ck_assert_int_eq(
            stage2_map(&stage2, plan->frames[i].base, plan->frames[i].target, plan->frames[i].size, STAGE2_DEVICE),
            HV_OK);
    for (unsigned i = 0; i < plan->extent_count; i++)
        ck_assert_int_eq(
            stage2_map(&stage2, plan->extents[i].base, plan->extents[i].target, plan->extents[i].size, STAGE2_RAM),
            HV_OK);
    /* Blocks of RAM of which its build maps single pages have theirs on top. */
    ck_assert_uint_le(stage2.pool_used + PLAN_SPARSE_BLOCKS, plan->stage2_pages);
    free(room);
}

START_TEST(tables_for_all_frames)
{
    static char fragment[32768];
    size_t used;

    many_frames(fragment, sizeof(fragment), 0, PLAN_MAX_FRAMES);
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    map_all();
    /* Each in a gibibyte of its own, the highest first. */
    used = (size_t)snprintf(fragment, sizeof(fragment), "passthrough { ");
    for (unsigned i = 0; i < 40; i++)
        used += (size_t)snprintf(fragment + used, sizeof(fragment) - used,
                                 FORCED("f%u", "0 0x%x 0x1000 0x%x 0x40000000"), i, 0x20000000 + 0x1000 * i, 80 - i);
    snprintf(fragment + used, sizeof(fragment) - used, " };");
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    map_all();
    /* A large one that lies in blocks for the guest, in none for the host. */
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(FORCED("f", "0 0x20001000 0x4000000 0 0x80000000")), NULL), HV_OK);
    map_all();
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(FORCED("f", "0 0x20001000 0x4000000 0 0x80003000")), NULL), HV_OK);
    map_all();
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(FORCED("f", "0 0x20000000 0x4000000 0 0x80000000")), NULL), HV_OK);
    unsigned in_blocks = planned(0)->stage2_pages;
    map_all();
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC_AT("0x80000000")), NULL), HV_OK);
    ck_assert_uint_le(in_blocks, planned(0)->stage2_pages); /* they cost no more than a page */
    /* Addresses that begin at level 0. */
    asked.pa_bits = 48;
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(FORCED("a", "0 0x20000000 0x1000 0x8000 0")
                                                    FORCED("b", "0 0x20001000 0x1000 0x4000 0")
                                                        FORCED("c", "0 0x20002000 0x1000 0x2000 0")),
                                    NULL),
                     HV_OK);
    ck_assert_uint_eq(planned(0)->ipa_bits, 48);
    map_all();
}
END_TEST

/* What a device writes must not be zeroed afterwards. */
START_TEST(memory_is_there_before_the_start)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC_AT("0x10010000")), NULL), HV_OK);
    ck_assert(planned(0)->eager_memory && !planned(0)->config->eager_memory);
}
END_TEST

START_TEST(the_text_of_the_plan)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC_AT("0x20000000") EDGE_AT("0x30000000")), NULL), HV_OK);
    const char *text = plan_text();
    const char *lines = "  spis as host\n"
                        "  frame 0x20000000 at 0x10010000 +0x1000\n"
                        "  frame 0x30000000 at 0x10020000 +0x1000\n"
                        "  spi 34 level\n"
                        "  spi 37 edge\n"
                        "  vcpu 0 on cpu 0\n";
    ck_assert_ptr_nonnull(strstr(text, lines));
    ck_assert_ptr_nonnull(strstr(text, "frame 0x10010000 +0x1000 domU1: rtc\nframe 0x10020000 +0x1000 domU1: edge\n"));
    ck_assert_ptr_nonnull(strstr(text, "\nintid 34 domU1: rtc\nintid 37 domU1: edge\n"));
    ck_assert_ptr_nonnull(strstr(text, "0x20000000 +0x1000 domU1: rtc\n"));
    ck_assert_ptr_nonnull(strstr(text, " 34 domU1: rtc\n"));
    ck_assert_ptr_nonnull(strstr(text, "0x60000000 +0x"));
    ck_assert_ptr_nonnull(strstr(text, " domU1: dtb module read-only\n"));
}
END_TEST

static void change(uint64_t *digest, const char *what)
{
    ck_assert_msg(plan_digest(&world.plan) != *digest, "%s is not in the digest", what);
}

START_TEST(the_digest)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC_AT("0x20000000") EDGE_AT("0x30000000")), NULL), HV_OK);
    uint64_t digest = world.plan.digest;
    struct plan_domain *domain = &world.plan.domains[0];
    struct plan_frame *frame = &world.plan.frames[1];
    struct plan_interrupt *interrupt = &world.plan.interrupts[1];

    for (size_t i = 0; i < domain->fragment.size; i++) {
        board.room[0][i] ^= 0x40;
        change(&digest, "a byte of the partial tree");
        board.room[0][i] ^= 0x40;
    }
    frame->base.raw += 0x1000;
    change(&digest, "a frame's guest address");
    frame->base.raw -= 0x1000;
    frame->target.raw += 0x1000;
    change(&digest, "a frame's address");
    frame->target.raw -= 0x1000;
    frame->size += 0x1000;
    change(&digest, "a frame's size");
    frame->size -= 0x1000;
    interrupt->intid++;
    change(&digest, "an interrupt");
    interrupt->intid--;
    interrupt->edge ^= 1;
    change(&digest, "its trigger");
    interrupt->edge ^= 1;
    domain->frame_count--;
    change(&digest, "the number of frames");
    domain->frame_count++;
    domain->interrupt_count--;
    change(&digest, "the number of interrupts");
    domain->interrupt_count++;
    domain->fragment.size--;
    change(&digest, "the size of the partial tree");
    domain->fragment.size++;
    ck_assert_uint_eq(plan_digest(&world.plan), digest);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, ask, NULL);
    tcase_add_loop_test(tests, a_device_is_one_domains, 0, ARRAY_SIZE(conflicts));
    tcase_add_test(tests, the_hypervisors_devices_are_its_own);
    tcase_add_test(tests, a_guest_address_is_there_once);
    tcase_add_test(tests, a_guest_interrupt_is_there_once);
    tcase_add_test(tests, devices_of_one_domain_share);
    tcase_add_test(tests, the_most_frames);
    tcase_add_test(tests, the_most_interrupts);
    tcase_add_test(tests, several_domains);
    tcase_add_test(tests, spis_reach_the_devices);
    tcase_add_test(tests, guest_addresses_reach_the_devices);
    tcase_add_test(tests, tables_for_all_frames);
    tcase_add_test(tests, memory_is_there_before_the_start);
    tcase_add_test(tests, the_text_of_the_plan);
    tcase_add_test(tests, the_digest);
}

int main(void)
{
    return suite_run("passthrough-owners", add_tests, NULL);
}
