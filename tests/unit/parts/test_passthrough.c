// SPDX-License-Identifier: Apache-2.0
/* The rules of a node of a partial device tree, each by a tree that keeps it and one that breaks it, with all that is
 * said. */
#include "unit/parts/fragment_world.h"

#define IN(node) "error: /chosen/domU1/module@60000000:/passthrough" node ": "
#define WARNS(node) "warning: /chosen/domU1/module@60000000:/passthrough" node ": "

/** A partial tree, and what is said about it; NULL: nothing. An error ends its domain, nothing else does. */
struct rule {
    const char *name;
    const char *fragment;
    const char *said;
};

static void check_rule(const struct rule *rule)
{
    const char *said = rule->said != NULL ? rule->said : "";
    bool refused = strncmp(said, "error:", 6) == 0 || strstr(said, "\nerror:") != NULL;

    hv_status status = plan_fragments(rule->fragment, NULL);
    ck_assert_msg(strcmp(world.log, said) == 0, "%s: expected:\n%s\nfound:\n%s", rule->name, said, world.log);
    ck_assert_msg((status == HV_OK) == !refused && planned(0)->valid == !refused, "%s: valid %d", rule->name,
                  planned(0)->valid);
}

/** One device named x, with @p path as xen,path and @p reg as xen,reg. */
#define DEVICE(path, reg) PASSTHROUGH("x { xen,path = \"" path "\"; xen,reg = <" reg ">; };")

#define UNALIGNED(values)                                                                                              \
    IN("/x") "xen,reg: a guest is given whole pages of a device (found " values ", expected multiples of 4 KiB)\n"
#define NOWHERE(values) IN("/x") "xen,reg: there are no such addresses (found " values ")\n"
#define NOT_ITS(range, expected)                                                                                       \
    IN("/x")                                                                                                           \
    "xen,reg: not all of the range belongs to the device that xen,path names (found " range ", expected " expected ")" \
    "\n"
#define NO_RANGES(found)                                                                                               \
    IN("/x")                                                                                                           \
    "xen,reg: the ranges of the device cannot be read (found " found ", expected host address, size, guest address)\n" \
    "  hint: the cells are those that the parent node sets, by default 2 and 1\n"

static const struct rule ranges[] = {
    {"as it should be", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000"), NULL},
    {"host address not of a page", DEVICE("/axi/rtc@10000", "0 0x10010800 0x1000 0 0x20000000"),
     UNALIGNED("host 0x10010800, size 0x1000, guest 0x20000000")},
    {"size not of pages", DEVICE("/axi/rtc@10000", "0 0x10010000 0x800 0 0x20000000"),
     UNALIGNED("host 0x10010000, size 0x800, guest 0x20000000")},
    {"guest address not of a page", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000004"),
     UNALIGNED("host 0x10010000, size 0x1000, guest 0x20000004")},
    {"no size", DEVICE("/axi/rtc@10000", "0 0x10010000 0 0 0x20000000"),
     UNALIGNED("host 0x10010000, size 0x0, guest 0x20000000")},
    {"host range wraps", DEVICE("/axi/rtc@10000", "0xffffffff 0xfffff000 0x2000 0 0x20000000"),
     NOWHERE("host 0xfffffffffffff000, size 0x2000, guest 0x20000000")},
    {"host range ends with the address space", DEVICE("/axi/rtc@10000", "0xffffffff 0xfffff000 0x1000 0 0x20000000"),
     NOWHERE("host 0xfffffffffffff000, size 0x1000, guest 0x20000000")},
    {"beyond the host's addresses", DEVICE("/axi/rtc@10000", "0x100 0 0x1000 0 0x20000000"),
     NOWHERE("host 0x10000000000, size 0x1000, guest 0x20000000")},
    {"ends beyond them", DEVICE("/axi/rtc@10000", "0xff 0xfffff000 0x2000 0 0x20000000"),
     NOWHERE("host 0xfffffff000, size 0x2000, guest 0x20000000")},
    {"guest range wraps", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0xffffffff 0xfffff000"),
     NOWHERE("host 0x10010000, size 0x1000, guest 0xfffffffffffff000")},
    {"the last guest address that can be translated", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0xff 0xfffff000"),
     NULL},
    {"one that cannot", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0x100 0"),
     IN("/x") "xen,reg: this CPU cannot translate such addresses for a guest (found 0x10000000000..0x10000000fff)\n"},
    {"RAM", DEVICE("/axi/rtc@10000", "0 0x50000000 0x1000 0 0x20000000"),
     IN("/x") "xen,reg: the range is RAM, no device (found 0x50000000..0x50000fff)\n"},
    {"ends in RAM", PASSTHROUGH("x { xen,force-assign-without-iommu; xen,reg = <0 0x3ffff000 0x2000 0 0x20000000>; };"),
     IN("/x") "xen,reg: the range is RAM, no device (found 0x3ffff000..0x40000fff)\n"},
    {"ends where RAM begins",
     PASSTHROUGH("x { xen,force-assign-without-iommu; xen,reg = <0 0x3ffff000 0x1000 0 0x20000000>; };"), NULL},
    {"another device's pages", DEVICE("/axi/rtc@10000", "0 0x10020000 0x1000 0 0x20000000"),
     NOT_ITS("0x10020000..0x10020fff", "0x10010000..0x10010fff")},
    {"behind its own", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000 0 0x10020000 0x1000 0 0x20001000"),
     WARNS("/x") "xen,reg: the range belongs to another device, whose interrupts the guest does not get: "
                 "/axi/edge@20000 (found 0x10020000..0x10020fff)\n"},
    {"before its own", DEVICE("/axi/rtc@10000", "0 0x10020000 0x1000 0 0x20001000 0 0x10010000 0x1000 0 0x20000000"),
     NOT_ITS("0x10020000..0x10020fff", "0x10010000..0x10010fff")},
    {"some pages of another device, behind its own",
     DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000 0 0x10455000 0x3000 0 0x20001000"),
     WARNS("/x") "xen,reg: the range belongs to another device, whose interrupts the guest does not get: "
                 "/axi/large@400000 (found 0x10455000..0x10457fff)\n"},
    {"half of it another device's, behind its own",
     DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000 0 0x10020000 0x2000 0 0x20001000"),
     NOT_ITS("0x10020000..0x10021fff", "0x10010000..0x10010fff")},
    {"nobody's, behind its own",
     DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000 0 0x10021000 0x1000 0 0x20001000"),
     NOT_ITS("0x10021000..0x10021fff", "0x10010000..0x10010fff")},
    {"half of it the device's", DEVICE("/axi/rtc@10000", "0 0x10010000 0x2000 0 0x20000000"),
     NOT_ITS("0x10010000..0x10011fff", "0x10010000..0x10010fff")},
    {"the other half", DEVICE("/axi/rtc@10000", "0 0x1000f000 0x2000 0 0x20000000"),
     NOT_ITS("0x1000f000..0x10010fff", "0x10010000..0x10010fff")},
    {"two of its ranges that meet", DEVICE("/axi/meeting@30000", "0 0x10030000 0x2000 0 0x20000000"), NULL},
    {"and a page behind them", DEVICE("/axi/meeting@30000", "0 0x10030000 0x3000 0 0x20000000"),
     NOT_ITS("0x10030000..0x10032fff", "0x10030000..0x10030fff")},
    {"some pages of a large one", DEVICE("/axi/large@400000", "0 0x10455000 0x3000 0 0x20000000"), NULL},
    {"registers of a node below it", DEVICE("/axi/wrapper@40000", "0 0x10041000 0x1000 0 0x20000000"), NULL},
    {"its own and those of a node below it", DEVICE("/axi/wrapper@40000", "0 0x10040000 0x2000 0 0x20000000"), NULL},
    {"of a node above it", DEVICE("/axi/wrapper@40000/core@41000", "0 0x10040000 0x1000 0 0x20000000"),
     NOT_ITS("0x10040000..0x10040fff", "0x10041000..0x10041fff")},
    {"pages that it shares", DEVICE("/axi/part@90800", "0 0x10090000 0x1000 0 0x20000000"),
     WARNS("/x") "xen,reg: the guest reaches 1 other device in the same pages: /axi/part@90a00 (found "
                 "0x10090000..0x10090fff)\n"},
    {"with its second range", DEVICE("/axi/part@90a00", "0 0x10090000 0x1000 0 0x20000000"),
     WARNS("/x") "xen,reg: the guest reaches 1 other device in the same pages: /axi/part@90800 (found "
                 "0x10090000..0x10090fff)\n"},
    {"not with its first", DEVICE("/axi/part@90a00", "0 0x100a0000 0x1000 0 0x20000000"), NULL},
    {"several ranges",
     DEVICE("/axi/meeting@30000", "0 0x10031000 0x1000 0 0x20001000 0 0x10030000 0x1000 0 0x20000000"), NULL},
    {"the second one unaligned",
     DEVICE("/axi/meeting@30000", "0 0x10031000 0x1000 0 0x20001000 0 0x10030004 0x1000 0 0x20000000"),
     UNALIGNED("host 0x10030004, size 0x1000, guest 0x20000000")},
    {"a range and a part of one", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000 0 0"),
     WARNS("/x") "xen,reg: the last range is not whole, and not used (found <0x0 0x10010000 0x1000 0x0 0x20000000 0x0 "
                 "0x0>, expected host address, size, guest address)\n"
                 "  hint: the cells are those that the parent node sets, by default 2 and 1\n"},
    {"only a part of one", DEVICE("/axi/rtc@10000", "0 0x10010000 0x1000 0"), NO_RANGES("<0x0 0x10010000 0x1000 0x0>")},
    {"no range: the pages are another node's", DEVICE("/axi/rtc@10000", ""), NULL},
    {"no range and no device", PASSTHROUGH("x { xen,force-assign-without-iommu; xen,reg; };"), NO_RANGES("no value")},
    {"bytes", PASSTHROUGH("x { xen,path = \"/axi/rtc@10000\"; xen,reg = [01 02 03]; };"), NO_RANGES("[01 02 03]")},
};

START_TEST(ranges_are_pages_of_the_device)
{
    check_rule(&ranges[_i]);
}
END_TEST

#define BUS(cells, reg) "passthrough { " cells " x { xen,path = \"/axi/rtc@10000\"; xen,reg = <" reg ">; }; };"
#define ADDRESS(n) "#address-cells = <" #n ">;"
#define SIZE(n) "#size-cells = <" #n ">;"
#define NO_CELLS                                                                                                       \
    IN("/x")                                                                                                           \
    "xen,reg: the ranges of the device cannot be read (expected #address-cells and #size-cells of 1 or 2 in the "      \
    "parent node)\n"

static const struct rule cells[] = {
    {"one and one", BUS(ADDRESS(1) SIZE(1), "0x10010000 0x1000 0x20000000"), NULL},
    {"one and two", BUS(ADDRESS(1) SIZE(2), "0x10010000 0 0x1000 0x20000000"), NULL},
    {"two and one", BUS(ADDRESS(2) SIZE(1), "0 0x10010000 0x1000 0 0x20000000"), NULL},
    {"two and two", BUS(ADDRESS(2) SIZE(2), "0 0x10010000 0 0x1000 0 0x20000000"), NULL},
    {"none said: two and one", BUS("", "0 0x10010000 0x1000 0 0x20000000"), NULL},
    {"the root's are not inherited", ADDRESS(1) SIZE(1) BUS("", "0 0x10010000 0x1000 0 0x20000000"), NULL},
    {"those of the grandparent neither",
     "passthrough { #address-cells = <1>; #size-cells = <2>; bus { x { xen,path = \"/axi/rtc@10000\";"
     " xen,reg = <0 0x10010000 0x1000 0 0x20000000>; }; }; };",
     NULL},
    {"no cells of an address", BUS(ADDRESS(0) SIZE(1), "0x10010000 0x1000 0x20000000"), NO_CELLS},
    {"three", BUS(ADDRESS(3) SIZE(1), "0 0 0x10010000 0x1000 0 0 0x20000000"), NO_CELLS},
    {"no cells of a size", BUS(ADDRESS(1) SIZE(0), "0x10010000 0x20000000"), NO_CELLS},
    {"three of a size", BUS(ADDRESS(1) SIZE(3), "0x10010000 0 0 0x1000 0x20000000"), NO_CELLS},
    {"no number", BUS("#address-cells = \"two\";", "0 0x10010000 0x1000 0 0x20000000"), NO_CELLS},
};

START_TEST(cells_are_the_parents)
{
    check_rule(&cells[_i]);
    if (cells[_i].said != NULL)
        return;
    ck_assert_uint_eq(planned(0)->frame_count, 1);
    ck_assert_uint_eq(planned(0)->frames[0].target.raw, 0x10010000);
    ck_assert_uint_eq(planned(0)->frames[0].base.raw, 0x20000000);
    ck_assert_uint_eq(planned(0)->frames[0].size, 0x1000);
    ck_assert_str_eq(planned(0)->frames[0].name, "x");
}
END_TEST

#define REG "xen,reg = <0 0x10010000 0x1000 0 0x20000000>;"
#define NO_SUCH(path) IN("/x") "xen,path: the host's device tree has no such node (found " path

static const struct rule devices[] = {
    {"nothing asked for", PASSTHROUGH("x { clock-frequency = <1>; };"), NULL},
    {"xen,path alone", PASSTHROUGH("x { xen,path = \"/axi/rtc@10000\"; };"),
     IN("/x") "xen,reg: the device has no pages for the guest\n  hint: add xen,reg\n"},
    {"xen,path and force", PASSTHROUGH("x { xen,path = \"/axi/rtc@10000\"; xen,force-assign-without-iommu; };"),
     IN("/x") "xen,reg: the device has no pages for the guest\n  hint: add xen,reg\n"},
    {"xen,reg alone", PASSTHROUGH("x { " REG " };"),
     IN("/x") "xen,path: nothing says which device of the host the pages belong to\n"
              "  hint: add xen,path, or xen,force-assign-without-iommu for pages that no node describes\n"},
    {"force alone", PASSTHROUGH("x { xen,force-assign-without-iommu; };"), NULL},
    {"xen,reg and force: any pages",
     PASSTHROUGH("x { xen,force-assign-without-iommu; xen,reg = <0 0x3000000 0x5000 0 0x20000000>; };"), NULL},
    {"all three", PASSTHROUGH("x { xen,path = \"/axi/rtc@10000\"; xen,force-assign-without-iommu; " REG " };"), NULL},
    {"all three, and pages that are not the device's",
     PASSTHROUGH("x { xen,path = \"/axi/edge@20000\"; xen,force-assign-without-iommu; " REG " };"),
     NOT_ITS("0x10010000..0x10010fff", "0x10020000..0x10020fff")},
    {"a device on another bus", PASSTHROUGH("x { xen,path = \"/amba/rtc@10000\"; " REG " };"),
     NO_SUCH("/amba/rtc@10000, expected /axi/rtc@10000)\n")},
    {"one that is nowhere", PASSTHROUGH("x { xen,path = \"/axi/watchdog@1\"; " REG " };"),
     NO_SUCH("/axi/watchdog@1)\n")},
    {"one that is nowhere: its pages are not judged",
     PASSTHROUGH("x { xen,path = \"/axi/watchdog@1\"; xen,reg = <0 0x10010004 0x1000 0 0x20000000>; };"),
     NO_SUCH("/axi/watchdog@1)\n")},
    {"with a slash at its end", PASSTHROUGH("x { xen,path = \"/axi/rtc@10000/\"; " REG " };"), NULL},
    {"nowhere, with a slash at its end", PASSTHROUGH("x { xen,path = \"/nowhere/\"; " REG " };"),
     NO_SUCH("/nowhere/)\n")},
    {"no text", PASSTHROUGH("x { xen,path = <1>; " REG " };"),
     IN("/x") "xen,path: the path cannot be read (found <0x1>, expected the path of a node of the host's device "
              "tree)\n"},
    {"an empty one", PASSTHROUGH("x { xen,path; " REG " };"),
     IN("/x") "xen,path: the path cannot be read (found no value, expected the path of a node of the host's device "
              "tree)\n"},
    {"a name instead of a path", PASSTHROUGH("x { xen,path = \"rtc@10000\"; " REG " };"),
     NO_SUCH("rtc@10000, expected /axi/rtc@10000)\n")},
    {"the bus itself is a device", "passthrough { xen,path = \"/axi/rtc@10000\"; " REG " };", NULL},
    {"a node deeper down",
     PASSTHROUGH("a { b { #size-cells = <1>; x { xen,path = \"/axi/rtc@10000\"; " REG " }; }; };"), NULL},
    {"one mistake does not hide the next",
     PASSTHROUGH("a { xen,path = \"/nowhere\"; " REG " };"
                 " b { xen,force-assign-without-iommu; xen,reg = <0 0x3000004 0x1000 0 0x20001000>; };"
                 " c { " REG " };"),
     IN("/a") "xen,path: the host's device tree has no such node (found /nowhere)\n" IN(
         "/b") "xen,reg: a guest is given whole pages of a device (found host 0x3000004, size 0x1000, guest "
               "0x20001000, "
               "expected multiples of 4 KiB)\n" IN("/c") "xen,path: nothing says which device of the host the pages "
                                                         "belong to\n  hint: add xen,path, or "
                                                         "xen,force-assign-without-iommu for pages that no node "
                                                         "describes\n"},
};

START_TEST(a_device_is_named_and_has_pages)
{
    check_rule(&devices[_i]);
}
END_TEST

/* ---- Interrupts */

#define WITH(path, reg, told)                                                                                          \
    "x { interrupt-parent = <0xfde8>; xen,path = \"" path "\"; xen,reg = <" reg ">; " told " };"
#define RTC_TOLD(told) PASSTHROUGH(WITH("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000", told))
#define NOT_THERE(property, found)                                                                                     \
    IN("/x")                                                                                                           \
    property ": the device in the host's device tree has no such interrupt (found " found ")\n"                        \
             "  hint: the interrupts are those of the node that xen,path names, by the same numbers\n"

static const struct rule told[] = {
    {"the host's", RTC_TOLD("interrupts = <0 2 4>;"), NULL},
    {"with another trigger, which does not count", RTC_TOLD("interrupts = <0 2 1>;"), NULL},
    {"none", RTC_TOLD(""), NULL},
    {"another one", RTC_TOLD("interrupts = <0 3 4>;"), NOT_THERE("interrupts", "<0x0 0x3 ...>")},
    {"the host's, then another one", RTC_TOLD("interrupts = <0 2 4 0 3 4>;"), NOT_THERE("interrupts", "<0x0 0x3 ...>")},
    {"a private one", RTC_TOLD("interrupts = <1 2 4>;"), NOT_THERE("interrupts", "<0x1 0x2 ...>")},
    {"no number that there is", RTC_TOLD("interrupts = <0 988 4>;"), NOT_THERE("interrupts", "<0x0 0x3dc ...>")},
    {"one that would wrap", RTC_TOLD("interrupts = <0 0xffffffe2 4>;"),
     NOT_THERE("interrupts", "<0x0 0xffffffe2 ...>")},
    {"not three cells", RTC_TOLD("interrupts = <0 2>;"),
     WARNS("/x") "interrupts: the guest cannot read the interrupts (found <0x0 0x2>, expected three cells for each "
                 "interrupt)\n"},
    {"the parent's controller",
     "passthrough { interrupt-parent = <0xfde8>; x { xen,path = \"/axi/rtc@10000\"; " REG
     " interrupts = <0 3 4>; }; };",
     NOT_THERE("interrupts", "<0x0 0x3 ...>")},
    {"the root's is not the guest's",
     "interrupt-parent = <0xfde8>; passthrough { x { xen,path = \"/axi/rtc@10000\"; " REG
     " interrupts = <0 3 4>; }; };",
     NULL},
    {"a controller that is given, too",
     PASSTHROUGH("gpio { phandle = <7>; #interrupt-cells = <2>; }; x { interrupt-parent = <7>; interrupts = <3 1>;"
                 " xen,path = \"/axi/rtc@10000\"; " REG " };"),
     NULL},
    {"with its controller", RTC_TOLD("interrupts-extended = <0xfde8 0 2 4>;"), NULL},
    {"another one with its controller", RTC_TOLD("interrupts-extended = <0xfde8 0 2 4 0xfde8 0 3 4>;"),
     NOT_THERE("interrupts-extended", "<0x0 0x3 ...>")},
    {"behind that of another controller",
     PASSTHROUGH("gpio { phandle = <7>; #interrupt-cells = <2>; };" WITH(
         "/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000", "interrupts-extended = <7 0 3 0xfde8 0 4 4>;")),
     NOT_THERE("interrupts-extended", "<0x0 0x4 ...>")},
    {"of a controller that is nowhere", RTC_TOLD("interrupts-extended = <9 0 3 4>;"),
     WARNS(
         "/x") "interrupts-extended: the guest cannot read the interrupts (found <0x9 0x0 0x3 0x4>, expected for each "
               "interrupt its controller and as many cells as that has)\n"},
    {"cut short", RTC_TOLD("interrupts-extended = <0xfde8 0 2>;"),
     WARNS("/x") "interrupts-extended: the guest cannot read the interrupts (found <0xfde8 0x0 0x2>, expected for each "
                 "interrupt its controller and as many cells as that has)\n"},
};

START_TEST(the_guest_is_told_of_what_it_gets)
{
    check_rule(&told[_i]);
}
END_TEST

/** The interrupts that the domain gets with @p path, as the plan's text has them. */
static void check_interrupts(const char *path, const char *reg, const char *expected)
{
    char fragment[512], lines[256] = "";

    snprintf(fragment, sizeof(fragment), PASSTHROUGH("x { xen,path = \"%s\"; xen,reg = <%s>; };"), path, reg);
    ck_assert_int_eq(plan_fragments(fragment, NULL), HV_OK);
    ck_assert_str_eq(world.log, "");
    for (const char *line = plan_text(); (line = strstr(line, "\n  spi ")) != NULL; line++)
        strncat(lines, line + 1, strcspn(line + 1, "\n") + 1);
    ck_assert_str_eq(lines, expected);
}

START_TEST(interrupts_are_the_hosts)
{
    check_interrupts("/axi/rtc@10000", "0 0x10010000 0x1000 0 0x20000000", "  spi 34 level\n");
    check_interrupts("/axi/edge@20000", "0 0x10020000 0x1000 0 0x20000000", "  spi 37 edge\n");
    check_interrupts("/axi/meeting@30000", "0 0x10030000 0x1000 0 0x20000000", "  spi 38 level\n  spi 40 level\n");
    check_interrupts("/axi/wrapper@40000", "0 0x10040000 0x1000 0 0x20000000", ""); /* those below are not its */
    check_interrupts("/axi/button@70000", "0 0x10070000 0x1000 0 0x20000000", "");
    check_interrupts("/axi/mixed@80000", "0 0x10080000 0x1000 0 0x20000000", "  spi 39 level\n");
    check_interrupts("/axi/last@c0000", "0 0x100c0000 0x1000 0 0x20000000", "  spi 1019 level\n");
    check_interrupts("/axi/rtc@10000", "", "  spi 34 level\n");
}
END_TEST

static const struct rule kinds[] = {
    {"a private one", DEVICE("/axi/private@50000", "0 0x10050000 0x1000 0 0x20000000"),
     IN("/x") "xen,path: a device with an interrupt of that kind cannot be given to a guest (found interrupt 19, "
              "expected SPIs)\n"},
    {"one that cannot be read", DEVICE("/axi/damaged@d0000", "0 0x100d0000 0x1000 0 0x20000000"),
     IN("/x") "xen,path: the interrupts of this node of the host's device tree cannot be read\n"},
};

START_TEST(interrupts_that_no_guest_can_have)
{
    check_rule(&kinds[_i]);
}
END_TEST

/* Without a node there is no interrupt. */
START_TEST(forced_pages_have_no_interrupts)
{
    ck_assert_int_eq(plan_fragments(PASSTHROUGH("x { xen,force-assign-without-iommu; " REG " };"), NULL), HV_OK);
    ck_assert_uint_eq(planned(0)->interrupt_count, 0);
    ck_assert_uint_eq(planned(0)->frame_count, 1);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, ask, NULL);
    tcase_add_loop_test(tests, ranges_are_pages_of_the_device, 0, ARRAY_SIZE(ranges));
    tcase_add_loop_test(tests, cells_are_the_parents, 0, ARRAY_SIZE(cells));
    tcase_add_loop_test(tests, a_device_is_named_and_has_pages, 0, ARRAY_SIZE(devices));
    tcase_add_loop_test(tests, the_guest_is_told_of_what_it_gets, 0, ARRAY_SIZE(told));
    tcase_add_test(tests, interrupts_are_the_hosts);
    tcase_add_loop_test(tests, interrupts_that_no_guest_can_have, 0, ARRAY_SIZE(kinds));
    tcase_add_test(tests, forced_pages_have_no_interrupts);
}

int main(void)
{
    return suite_run("passthrough", add_tests, NULL);
}
