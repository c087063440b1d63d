// SPDX-License-Identifier: Apache-2.0
/* A partial device tree as a whole: where it lies, what of it counts, phandles; and the tree that its guest is given,
 * compared from end to end. */
#include <stdio.h>

#include "domain/guest_dt.h"
#include "unit/parts/fragment_world.h"

#define MODULE "/chosen/domU1/module@60000000"
#define IN(node) "error: " MODULE ":" node ": "
#define WARNS(node) "warning: " MODULE ":" node ": "

/** @param said  NULL: nothing */
static void check(const char *fragment, hv_status status, const char *said)
{
    ck_assert_int_eq(plan_fragments(fragment, NULL), status);
    ck_assert_str_eq(world.log, said != NULL ? said : "");
}

static void accept(const char *fragment)
{
    check(fragment, HV_OK, NULL);
}

static void refuse(const char *fragment, const char *said)
{
    check(fragment, HV_E_MISSING, said);
}

static void warn(const char *fragment, const char *said)
{
    check(fragment, HV_OK, said);
}

/* ---- The module */

START_TEST(a_tree_that_is_none)
{
    board.count = 0;
    add_fragment(PASSTHROUGH(RTC));
    board.room[0][0] = 0;
    ck_assert_int_eq(plan_board(), HV_E_MISSING);
    ck_assert_str_eq(world.log,
                     "error: " MODULE ":device tree: this is not a device tree (found 0xdfeed, expected magic "
                     "0xd00dfeed)\n"
                     "  hint: pass a compiled device tree (dtc -O dtb), uncompressed\n");
    board.count = 0;
    add_fragment(PASSTHROUGH(RTC));
    fdt32_st(board.room[0] + fdt_off_dt_struct(board.room[0]), 8);
    ck_assert_int_eq(plan_board(), HV_E_MISSING);
    ck_assert_str_eq(world.log, "error: " MODULE ":device tree: the device tree is damaged (found there is an unknown "
                                "token, at offset 0x0 of the structure block)\n"
                                "  hint: load it anew; see that no other file is loaded over it\n");
}
END_TEST

START_TEST(a_tree_that_is_cut)
{
    char said[512];
    _Alignas(8) uint8_t whole[4096];
    size_t size = dts_write(PASSTHROUGH(RTC), whole, sizeof(whole));

    asked.cut = 1;
    snprintf(said, sizeof(said),
             "error: " MODULE ":device tree: the device tree is truncated: it claims more than there is (found %zu "
             "bytes, expected at least %zu)\n"
             "  hint: load the whole file; compare its size with the loader's count of bytes\n",
             size - 1, size);
    refuse(PASSTHROUGH(RTC), said);
}
END_TEST

START_TEST(a_tree_between_words)
{
    asked.module_at = 4;
    ck_assert_int_eq(plan_fragments(PASSTHROUGH(RTC), NULL), HV_E_MISSING);
    assert_logged("error: " MODULE ":device tree: the device tree lies at a misaligned address");
}
END_TEST

/* Its header says where it ends. */
START_TEST(a_module_of_unknown_size)
{
    char said[512];

    asked.module_cells = "0xffffffff";
    board.count = 0;
    add_fragment(PASSTHROUGH(RTC));
    snprintf(said, sizeof(said),
             "warning: " MODULE
             ": reg: the module's size cannot be right; 0x60000000..0x%zx is taken, as its header says "
             "(found size 0xffffffff, expected at most 0x%zx)\n"
             "  hint: write the file's size into reg; U-Boot has it in ${filesize} after each load\n",
             0x60000000 + board.sizes[0] - 1, board.sizes[0]);
    ck_assert_int_eq(plan_board(), HV_OK);
    ck_assert_str_eq(world.log, said);
    ck_assert_uint_eq(planned(0)->frame_count, 1);
}
END_TEST

START_TEST(a_module_that_cannot_be_looked_at)
{
    asked.hidden = true;
    warn(PASSTHROUGH(RTC), "warning: " MODULE ": reg: the partial device tree cannot be looked at: its devices are not "
                           "in the plan\n"
                           "  hint: give the file by --module ADDRESS=FILE\n");
    ck_assert_uint_eq(planned(0)->frame_count, 0);
    ck_assert_uint_eq(planned(0)->interrupt_count, 0);
    ck_assert(planned(0)->eager_memory);
    asked.on_a_board = true;
    refuse(PASSTHROUGH(RTC), "error: " MODULE ": reg: the hypervisor has no address space left for the partial device "
                             "tree\n");
}
END_TEST

/* ---- What counts of it */

START_TEST(what_is_taken_of_the_root)
{
    accept("model = \"a board\"; gic { phandle = <3>; }; aliases { rtc0 = \"/passthrough/rtc@10010000\"; };"
           "__symbols__ { a = \"/x\"; }; __fixups__ { a; }; __local_fixups__ { a; };" PASSTHROUGH(""));
    warn("clocks { }; chosen { };" PASSTHROUGH(RTC),
         WARNS("/clocks") "the guest does not get this node: only /gic, /aliases and /passthrough are taken\n"
                          "  hint: move what the devices refer to into /passthrough\n" WARNS(
                              "/chosen") "the guest does not get this node: only /gic, /aliases and /passthrough are "
                                         "taken\n  hint: move what the devices refer to into /passthrough\n");
    ck_assert_uint_eq(planned(0)->frame_count, 1);
    refuse("axi { " RTC " };",
           WARNS("/axi") "the guest does not get this node: only /gic, /aliases and /passthrough are taken\n"
                         "  hint: move what the devices refer to into /passthrough\n" IN(
                             "/") "the partial device tree gives the domain no device (expected a node /passthrough)\n"
                                  "  hint: remove the module, or put devices there\n");
}
END_TEST

static void check_phandle(const char *fragment, uint32_t phandle)
{
    accept(fragment);
    ck_assert_uint_eq(planned(0)->map->gic_phandle, phandle);
}

START_TEST(the_interrupt_controller_of_the_guest)
{
    check_phandle(PASSTHROUGH(RTC), 65000);
    check_phandle("gic { };" PASSTHROUGH(RTC), 65000);
    check_phandle("gic { phandle = <0>; };" PASSTHROUGH(RTC), 65000);
    check_phandle("gic { phandle = <0xffffffff>; };" PASSTHROUGH(RTC), 65000);
    check_phandle("gic { phandle; };" PASSTHROUGH(RTC), 65000);
#define PARENT(n) PASSTHROUGH("x { interrupt-parent = <" #n ">; interrupts = <0 2 4>; };")
    check_phandle("gic { phandle = <7>; };" PARENT(7), 7);
    check_phandle("gic { linux,phandle = <7>; };" PARENT(7), 7);
    ck_assert_uint_eq(guest_map_xen.gic_phandle, 65000);
    /* It is by this phandle that interrupts are looked at. */
#define OF_GIC_7(number)                                                                                               \
    "gic { phandle = <7>; };" PASSTHROUGH("x { interrupt-parent = <7>; interrupts = <0 " #number " 4>;"                \
                                          " xen,path = \"/axi/rtc@10000\"; xen,reg; };")
    accept(OF_GIC_7(2));
    refuse(
        OF_GIC_7(3),
        IN("/passthrough/x") "interrupts: the device in the host's device tree has no such interrupt (found <0x0 0x3 "
                             "...>)\n  hint: the interrupts are those of the node that xen,path names, by the same "
                             "numbers\n");
}
END_TEST

#define CLASH(node)                                                                                                    \
    IN("/passthrough" node)                                                                                            \
    "phandle: the phandle stands for the guest's interrupt controller\n  hint: give the node another one\n"

START_TEST(phandles_that_clash)
{
    refuse(PASSTHROUGH("a { phandle = <65000>; };"), CLASH("/a"));
    refuse(PASSTHROUGH("a { linux,phandle = <65000>; };"), CLASH("/a"));
    refuse(PASSTHROUGH("a { b { phandle = <65000>; }; };"), CLASH("/a/b"));
    refuse("passthrough { phandle = <65000>; };", CLASH(""));
    refuse("gic { phandle = <3>; };" PASSTHROUGH("a { phandle = <3>; };"), CLASH("/a"));
    accept("gic { phandle = <3>; };" PASSTHROUGH("a { phandle = <65000>; };"));
}
END_TEST

START_TEST(phandles_that_lead_nowhere)
{
    static const char *const names[] = {"interrupt-parent", "clocks", "resets", "power-domains", "iommus",
                                        "phy-handle",       "phys",   "dmas",   "pinctrl-0",     "vmmc-supply"};
    char fragment[256], said[256];

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(fragment, sizeof(fragment), PASSTHROUGH("x { %s = <9 1>; };"), names[i]);
        snprintf(
            said, sizeof(said),
            WARNS("/passthrough/x") "%s: the partial device tree has no node with this phandle: the driver may fail "
                                    "(found <0x9 ...>)\n",
            names[i]);
        warn(fragment, said);
        snprintf(fragment, sizeof(fragment), PASSTHROUGH("x { %s = <9 1>; }; y { phandle = <9>; };"), names[i]);
        accept(fragment);
        snprintf(fragment, sizeof(fragment), PASSTHROUGH("x { %s = <0xfde8 1>; };"), names[i]);
        accept(fragment);
        snprintf(fragment, sizeof(fragment), PASSTHROUGH("x { %s; };"), names[i]);
        accept(fragment);
    }
    accept(PASSTHROUGH("x { reg = <9>; supply = <9>; supplying = <9>; };"));
}
END_TEST

/* ---- The guest's tree */

static _Alignas(8) uint8_t tree[GUEST_DT_MAX_SIZE];
static char shown[65536];

static bool is_text(const char *value, int length)
{
    bool text = length > 1 && value[length - 1] == '\0';

    for (int i = 0; text && i < length; i++)
        text = value[i] == '\0' ? i > 0 && value[i - 1] != '\0' : value[i] >= ' ' && value[i] < 0x7f;
    return text;
}

static char *show_value(char *out, const char *value, int length)
{
    bool text = is_text(value, length);

    for (int i = 0; text && i < length; i += (int)strlen(value + i) + 1)
        out += sprintf(out, " \"%s\"", value + i);
    for (int i = 0; !text && i + 4 <= length; i += 4)
        out += sprintf(out, " %x", fdt32_ld((const fdt32_t *)(const void *)(value + i)));
    return out;
}

/** The node at @p path of the guest's tree and all below it, one line a node or a property. @return "" where there is
 * none */
static const char *show(const char *path)
{
    int node = fdt_path_offset(tree, path), depth = 0, property;
    char name[256], *out = shown;

    shown[0] = '\0';
    for (; node >= 0 && depth >= 0; node = fdt_next_node(tree, node, &depth)) {
        if (depth <= 0 && out != shown)
            break;
        ck_assert_int_eq(fdt_get_path(tree, node, name, sizeof(name)), 0);
        out += sprintf(out, "%s\n", name);
        fdt_for_each_property_offset(property, tree, node)
        {
            const char *what;
            int length;
            const char *value = fdt_getprop_by_offset(tree, property, &what, &length);
            out = show_value(out + sprintf(out, " %s", what), value, length);
            out += sprintf(out, "\n");
        }
    }
    return shown;
}

/** The guest's tree, in the room that is planned for it. */
static void write_guest_tree(void)
{
    const struct guest_seeds seeds = {.rng_length = 32, .kaslr_length = 8};
    struct guest_dt written;

    ck_assert_int_eq(guest_dt_write(tree, region_size(planned(0)->tree), planned(0), &world.machine, &seeds, &written),
                     HV_OK);
    ck_assert_int_eq(fdt_check_full(tree, sizeof(tree)), 0);
    ck_assert_uint_le(fdt_totalsize(tree), planned(0)->dtb_size);
}

static const char *guest_node(const char *fragment, const char *path)
{
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    write_guest_tree();
    return show(path);
}

START_TEST(what_the_guest_finds)
{
    const char *fragment =
        "aliases { rtc0 = \"/passthrough/rtc@10010000\"; serial0 = \"/mine\"; serial1 = \"/x\"; };"
        "gic { phandle = <3>; };"
        "passthrough { compatible = \"simple-bus\"; #address-cells = <2>; #size-cells = <1>; ranges; dma-ranges;"
        " clock { phandle = <1>; #clock-cells = <0>; };"
        " rtc@10010000 { reg = <0 0x10010000 0x1000>; interrupt-parent = <3>; interrupts = <0 2 4>;"
        " clocks = <1>; xen,path = \"/axi/rtc@10000\"; xen,reg = <0 0x10010000 0x1000 0 0x10010000>;"
        " xen,force-assign-without-iommu; b; a { xen,other = <1>; deep { flag; }; }; };"
        " last { status = \"okay\"; }; };";
    ck_assert_str_eq(
        guest_node(fragment, "/passthrough"),
        "/passthrough\n compatible \"simple-bus\"\n #address-cells 2\n #size-cells 1\n ranges\n dma-ranges\n"
        "/passthrough/clock\n phandle 1\n #clock-cells 0\n"
        "/passthrough/rtc@10010000\n reg 0 10010000 1000\n interrupt-parent 3\n interrupts 0 2 4\n"
        " clocks 1\n b\n"
        "/passthrough/rtc@10010000/a\n xen,other 1\n"
        "/passthrough/rtc@10010000/a/deep\n flag\n"
        "/passthrough/last\n status \"okay\"\n");
    ck_assert_str_eq(show("/aliases"),
                     "/aliases\n serial0 \"/sbsa-uart@22000000\"\n rtc0 \"/passthrough/rtc@10010000\"\n"
                     " serial1 \"/x\"\n");
    ck_assert_ptr_nonnull(strstr(show("/interrupt-controller@3001000"), " phandle 3\n"));
    ck_assert_ptr_nonnull(strstr(show("/timer"), " interrupt-parent 3\n"));
    ck_assert_str_eq(show("/gic"), "");
    asked.domain = "memory = <0 0x10000>;";
    guest_node(fragment, "/passthrough");
    ck_assert_str_eq(show("/aliases"), "/aliases\n rtc0 \"/passthrough/rtc@10010000\"\n serial0 \"/mine\"\n"
                                       " serial1 \"/x\"\n");
    guest_node(PASSTHROUGH(RTC), "/");
    ck_assert_str_eq(show("/aliases"), "/aliases\n");
}
END_TEST

/** /passthrough with @p cells, a device, and a bus below it. */
#define BUSES(cells, reg)                                                                                              \
    "passthrough { ranges; " cells " x { xen,path = \"/axi/rtc@10000\"; xen,reg = <" reg ">; };"                       \
    " bus { ranges; deep { ranges = <1 2 3>; }; }; own { ranges; dma-ranges = <1 2 3>; }; none { }; };"
#define BUS_21 BUSES("#address-cells = <2>; #size-cells = <1>;", "0 0x10010000 0x1000 0 0x10010000")
#define BUS_22 BUSES("#address-cells = <2>; #size-cells = <2>;", "0 0x10010000 0 0x1000 0 0x10010000")
#define BUS_11 BUSES("#address-cells = <1>; #size-cells = <1>;", "0x10010000 0x1000 0x10010000")
#define BUS_12 BUSES("#address-cells = <1>; #size-cells = <2>;", "0x10010000 0 0x1000 0x10010000")

#define SHOWN(cells, ranges)                                                                                           \
    "/passthrough\n ranges\n" cells " dma-ranges " ranges "\n/passthrough/x\n"                                         \
    "/passthrough/bus\n ranges\n dma-ranges\n/passthrough/bus/deep\n ranges 1 2 3\n dma-ranges\n"                      \
    "/passthrough/own\n ranges\n dma-ranges 1 2 3\n/passthrough/none\n"

/* Where the host has the RAM that the guest finds at 1 GiB. */
START_TEST(devices_reach_ram)
{
    asked.memory = "<0 0x40000000 0 0x40000000>";
    ck_assert_str_eq(guest_node(BUS_21, "/passthrough"),
                     SHOWN(" #address-cells 2\n #size-cells 1\n", "0 44200000 0 40000000 4000000"));
    ck_assert_str_eq(guest_node(BUS_22, "/passthrough"),
                     SHOWN(" #address-cells 2\n #size-cells 2\n", "0 44200000 0 40000000 0 4000000"));
    ck_assert_str_eq(guest_node(BUS_11, "/passthrough"),
                     SHOWN(" #address-cells 1\n #size-cells 1\n", "44200000 0 40000000 4000000"));
    ck_assert_str_eq(guest_node(BUS_12, "/passthrough"),
                     SHOWN(" #address-cells 1\n #size-cells 2\n", "44200000 0 40000000 0 4000000"));
}
END_TEST

/* A size of one cell ends below 4 GiB: a bank of more is several ranges. */
START_TEST(large_banks_are_split)
{
    asked.memory = "<0 0x40000000 0 0x40000000 8 0 4 0>";
    asked.domain = "vpl011; memory = <0 0x600000>;"; /* 6 GiB: 3 at 1 GiB, 3 at 8 GiB */
    ck_assert_str_eq(
        guest_node(BUS_21, "/passthrough"),
        SHOWN(" #address-cells 2\n #size-cells 1\n",
              "8 0 0 40000000 80000000 8 80000000 0 c0000000 40000000 8 c0000000 2 0 80000000 9 40000000 2 "
              "80000000 40000000"));
    ck_assert_str_eq(guest_node(BUS_22, "/passthrough"), SHOWN(" #address-cells 2\n #size-cells 2\n",
                                                               "8 0 0 40000000 0 c0000000 8 c0000000 2 0 0 c0000000"));
}
END_TEST

#define UNREACHABLE(severity, range, what)                                                                             \
    severity ": " MODULE ": " what " (found " range ")\n"                                                              \
             "  hint: set #address-cells and #size-cells to 2 in /passthrough, or write dma-ranges there\n"
#define PART "devices cannot reach this part of the domain's RAM by DMA"
#define ALL "no device can reach the domain's RAM by DMA, as it lies in the host"

/* The device's address has 32 bits, and an address that is cut is somebody else's. */
START_TEST(ram_that_one_cell_does_not_reach)
{
    asked.memory = "<0 0x40000000 0 0x40000000 8 0 4 0>";
    asked.domain = "vpl011; memory = <0 0x600000>;";
    refuse(BUS_11, UNREACHABLE("error", "0x800000000..0x97fffffff", ALL));
    refuse(BUS_12, UNREACHABLE("error", "0x800000000..0x97fffffff", ALL));
    accept(BUS_21);
    /* Whoever writes the ranges himself is taken at his word. */
    accept("passthrough { #address-cells = <1>; #size-cells = <1>; dma-ranges; x { xen,path = \"/axi/rtc@10000\";"
           " xen,reg = <0x10010000 0x1000 0x10010000>; }; };");
    /* Without pages there is no device that does DMA. */
    accept("passthrough { #address-cells = <1>; #size-cells = <1>; x { }; };");
}
END_TEST

START_TEST(ram_that_one_cell_reaches_in_part)
{
    asked.memory = "<0 0x40000000 0 0x40000000 8 0 0 0x40000000>";
    asked.domain = "vpl011; memory = <0 0x180000>;"; /* 1.5 GiB, in pieces of both banks */
    warn(BUS_11, UNREACHABLE("warning", "0x800000000..0x83fdfffff", PART));
    write_guest_tree();
    ck_assert_str_eq(show("/passthrough"), SHOWN(" #address-cells 1\n #size-cells 1\n",
                                                 "60200000 0 7fe00000 1fe00000 40400000 0 9fc00000 400000"));
}
END_TEST

/* RAM on both sides of 4 GiB. */
START_TEST(ram_that_one_cell_reaches_to_its_end)
{
    asked.memory = "<0 0x40000000 0 0x40000000 0 0xc0000000 0 0x80000000>";
    asked.domain = "vpl011; memory = <0 0x180000>;";
    warn(BUS_11, UNREACHABLE("warning", "0x100000000..0x11fffffff", PART));
    write_guest_tree();
    ck_assert_str_eq(show("/passthrough"),
                     SHOWN(" #address-cells 1\n #size-cells 1\n", "c0000000 0 40000000 40000000"));
}
END_TEST

START_TEST(more_pieces_than_ranges)
{
    asked.memory = "<0 0x40000000 0 0x40000000 8 0 0x20 0>";
    asked.domain = "vpl011; memory = <0 0x5000000>;"; /* 80 GiB in pieces of 2 */
    warn(BUS_21, UNREACHABLE("warning", "0x17c0000000..0x1bffffffff", PART));
    write_guest_tree();
    accept(BUS_22);
    write_guest_tree();
}
END_TEST

START_TEST(ram_where_the_guest_has_it)
{
    static const char *const shown_none = "/passthrough\n ranges\n #address-cells 2\n #size-cells 1\n/passthrough/x\n"
                                          "/passthrough/bus\n ranges\n/passthrough/bus/deep\n ranges 1 2 3\n"
                                          "/passthrough/own\n ranges\n dma-ranges 1 2 3\n/passthrough/none\n";

    ck_assert_int_eq(plan_fragments(BUS_21, NULL), HV_OK);
    for (unsigned i = 0; i < planned(0)->extent_count; i++)
        world.plan.domains[0].extents[i].base.raw = planned(0)->extents[i].target.raw;
    write_guest_tree();
    ck_assert_str_eq(show("/passthrough"), shown_none);
}
END_TEST

/* Names that the partial tree has once and the guest's each time, and a word at each bus: it has room. */
START_TEST(the_guests_tree_has_room)
{
    static char fragment[131072];
    size_t used = (size_t)snprintf(fragment, sizeof(fragment), "passthrough { ranges; " RTC);

    for (unsigned i = 0; i < 280; i++)
        used += (size_t)snprintf(fragment + used, sizeof(fragment) - used,
                                 "n%u { ranges; a-name-of-some-length-a; a-name-of-some-length-b; "
                                 "a-name-of-some-length-c; };",
                                 i);
    snprintf(fragment + used, sizeof(fragment) - used, " };");
    accept(fragment);
    ck_assert_uint_lt(board.sizes[0], KIB(24));
    ck_assert_uint_gt(planned(0)->fragment_bytes, KIB(40));
    write_guest_tree();
    ck_assert_uint_le(fdt_totalsize(tree), planned(0)->fragment_bytes + PLAN_TREE_BYTES);
}
END_TEST

START_TEST(a_tree_that_has_none)
{
    static char fragment[131072];
    char said[512];
    size_t used = (size_t)snprintf(fragment, sizeof(fragment), "passthrough { ");

    for (unsigned i = 0; i < 600; i++)
        used += (size_t)snprintf(fragment + used, sizeof(fragment) - used,
                                 "n%u { a-name-of-some-length-a; a-name-of-some-length-b; };", i);
    snprintf(fragment + used, sizeof(fragment) - used, " };");
    /* By node: 8, its name of 4 or 8; 12 and 24 for each property; 12 and 11 for dma-ranges. */
    unsigned bytes = 768 + (8 + 12 + 12 + 11) + 600 * (8 + 2 * (12 + 24) + 12 + 11) + 100 * 4 + 500 * 8;
    snprintf(said, sizeof(said),
             IN("/") "the partial device tree is larger than a guest's tree has room for (found %u bytes, expected at "
                     "most 49152)\n",
             bytes);
    refuse(fragment, said);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, ask, NULL);
    tcase_add_test(tests, a_tree_that_is_none);
    tcase_add_test(tests, a_tree_that_is_cut);
    tcase_add_test(tests, a_tree_between_words);
    tcase_add_test(tests, a_module_of_unknown_size);
    tcase_add_test(tests, a_module_that_cannot_be_looked_at);
    tcase_add_test(tests, what_is_taken_of_the_root);
    tcase_add_test(tests, the_interrupt_controller_of_the_guest);
    tcase_add_test(tests, phandles_that_clash);
    tcase_add_test(tests, phandles_that_lead_nowhere);
    tcase_add_test(tests, what_the_guest_finds);
    tcase_add_test(tests, devices_reach_ram);
    tcase_add_test(tests, large_banks_are_split);
    tcase_add_test(tests, ram_that_one_cell_does_not_reach);
    tcase_add_test(tests, ram_that_one_cell_reaches_in_part);
    tcase_add_test(tests, ram_that_one_cell_reaches_to_its_end);
    tcase_add_test(tests, more_pieces_than_ranges);
    tcase_add_test(tests, ram_where_the_guest_has_it);
    tcase_add_test(tests, the_guests_tree_has_room);
    tcase_add_test(tests, a_tree_that_has_none);
}

int main(void)
{
    return suite_run("passthrough-tree", add_tests, NULL);
}
