// SPDX-License-Identifier: Apache-2.0
/* Typed reading: numbers, strings, lists, addresses through buses, interrupts, reservations, and values as text. */
#include <check.h>
#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"

static struct blob blob;
static struct dt tree;

static void close_tree(void *writer)
{
    blob = blob_finish(writer);
    blob_open(&blob, &tree);
}

/** Cells from a list of numbers. */
static void cells(void *writer, const char *name, unsigned count, ...)
{
    fdt32_t data[64];
    va_list values;

    ck_assert_uint_le(count, ARRAY_SIZE(data));
    va_start(values, count);
    for (unsigned i = 0; i < count; i++)
        data[i] = cpu_to_fdt32(va_arg(values, unsigned));
    va_end(values);
    ck_assert_int_eq(fdt_property(writer, name, data, (int)(count * 4)), 0);
}

START_TEST(numbers)
{
    void *writer = blob_begin();
    struct dt_node root;
    uint32_t small;
    uint64_t large;

    cells(writer, "one", 1, 0x12345678);
    cells(writer, "two", 2, 1, 0xfffffffe);
    cells(writer, "three", 3, 7, 8, 9);
    fdt_property(writer, "empty", "", 0);
    fdt_property(writer, "short", "abc", 3);
    close_tree(writer);
    root = dt_root(&tree);
    ck_assert_int_eq(dt_read_u32(root, "one", &small), HV_OK);
    ck_assert_uint_eq(small, 0x12345678);
    ck_assert_int_eq(dt_read_u32(root, "three", &small), HV_OK);
    ck_assert_uint_eq(small, 7);
    ck_assert_int_eq(dt_read_u32(root, "short", &small), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_u32(root, "empty", &small), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_u32(root, "none", &small), HV_E_MISSING);
    ck_assert_int_eq(dt_read_u64(root, "one", &large), HV_OK);
    ck_assert_uint_eq(large, 0x12345678);
    ck_assert_int_eq(dt_read_u64(root, "two", &large), HV_OK);
    ck_assert_uint_eq(large, 0x1fffffffe);
    ck_assert_int_eq(dt_read_u64(root, "three", &large), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_u64(root, "short", &large), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_u64(root, "empty", &large), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_u64(root, "none", &large), HV_E_MISSING);
    blob_free(&blob);
}
END_TEST

START_TEST(strings)
{
    void *writer = blob_begin();
    struct dt_node root;
    const char *text;

    fdt_property_string(writer, "text", "hello");
    fdt_property(writer, "list", "one\0two\0three", 14);
    fdt_property(writer, "open", "one\0two", 7);
    fdt_property(writer, "bare", "abc", 3);
    fdt_property(writer, "empty", "", 0);
    fdt_property(writer, "gaps", "\0\0x\0", 4);
    close_tree(writer);
    root = dt_root(&tree);
    ck_assert_int_eq(dt_read_string(root, "text", &text), HV_OK);
    ck_assert_str_eq(text, "hello");
    ck_assert_int_eq(dt_read_string(root, "list", &text), HV_OK);
    ck_assert_str_eq(text, "one");
    ck_assert_int_eq(dt_read_string(root, "bare", &text), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_string(root, "empty", &text), HV_E_FORMAT);
    ck_assert_int_eq(dt_read_string(root, "none", &text), HV_E_MISSING);
    ck_assert(dt_list_contains(root, "list", "one"));
    ck_assert(dt_list_contains(root, "list", "three"));
    ck_assert(!dt_list_contains(root, "list", "thre"));
    ck_assert(!dt_list_contains(root, "list", "wo"));
    ck_assert(!dt_list_contains(root, "open", "one")); /* damaged: holds nothing */
    ck_assert(!dt_list_contains(root, "open", "two"));
    ck_assert(!dt_list_contains(root, "empty", ""));
    ck_assert(!dt_list_contains(root, "none", ""));
    ck_assert(dt_list_contains(root, "gaps", "x"));
    blob_free(&blob);
}
END_TEST

START_TEST(enabled)
{
    static const struct {
        const char *status;
        int length;
        bool enabled;
    } cases[] = {{"okay", 5, true},    {"ok", 3, true},    {"disabled", 9, false},
                 {"fail-x", 7, false}, {"okay", 4, false}, {"", 0, false}};

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *writer = blob_begin();

        fdt_property(writer, "status", cases[i].status, cases[i].length);
        close_tree(writer);
        ck_assert_int_eq(dt_enabled(dt_root(&tree)), cases[i].enabled);
        blob_free(&blob);
    }
    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    ck_assert(dt_enabled(dt_root(&tree)));
    blob_free(&blob);
}
END_TEST

static void assert_range(struct dt_range range, uint64_t base, uint64_t size)
{
    ck_assert_uint_eq(range.base, base);
    ck_assert_uint_eq(range.size, size);
}

START_TEST(reg)
{
    struct dt_range range;
    struct dt_node gic, cpu, memory;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    gic = dt_find(&tree, "/soc/interrupt-controller@1000");
    cpu = dt_find(&tree, "/cpus/cpu@100000000");
    memory = dt_find(&tree, "/memory@880000000");
    ck_assert_int_eq(dt_reg(gic, 3, &range), HV_OK);
    assert_range(range, 0x6000, 0x2000);
    ck_assert_int_eq(dt_reg(gic, 4, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_reg(gic, UINT32_MAX, &range), HV_E_MISSING);
    ck_assert_int_eq(dt_reg_cpu(gic, 3, &range), HV_OK);
    assert_range(range, 0x2c006000, 0x2000);
    ck_assert_int_eq(dt_reg(cpu, 0, &range), HV_OK);
    assert_range(range, 0x100000000, 0);
    ck_assert_int_eq(dt_reg_cpu(memory, 0, &range), HV_OK);
    assert_range(range, 0x880000000, 0x80000000);
    ck_assert_int_eq(dt_reg_cpu(dt_find(&tree, "serial0"), 0, &range), HV_OK);
    assert_range(range, 0x100011000, 0x1000);
    ck_assert_int_eq(dt_reg_cpu(dt_find(&tree, "/soc"), 0, &range), HV_E_MISSING);
    blob_free(&blob);
}
END_TEST

START_TEST(reg_cells)
{
    void *writer = blob_begin();
    struct dt_range range;
    struct dt_node root;

    cells(writer, "reg", 6, 0xffffffff, 0xfffff000, 0, 0xfff, 1, 2);
    close_tree(writer);
    root = dt_root(&tree);
    ck_assert_int_eq(dt_reg_cells(root, 0, 2, 2, &range), HV_E_FORMAT); /* a half entry behind the first */
    ck_assert_int_eq(dt_reg_cells(root, 0, 2, 1, &range), HV_OK);
    assert_range(range, 0xfffffffffffff000, 0);
    ck_assert_int_eq(dt_reg_cells(root, 1, 2, 1, &range), HV_OK);
    assert_range(range, 0xfff00000001, 2);
    ck_assert_int_eq(dt_reg_cells(root, 5, 1, 0, &range), HV_OK);
    assert_range(range, 2, 0);
    ck_assert_int_eq(dt_reg_cells(root, 0, 0, 1, &range), HV_E_UNSUPPORTED);
    ck_assert_int_eq(dt_reg_cells(root, 0, 3, 1, &range), HV_E_UNSUPPORTED);
    ck_assert_int_eq(dt_reg_cells(root, 0, 1, 3, &range), HV_E_UNSUPPORTED);
    ck_assert_int_eq(dt_reg_cells(root, 0, UINT32_MAX, 1, &range), HV_E_UNSUPPORTED);
    blob_free(&blob);
}
END_TEST

START_TEST(reg_wraps)
{
    static const struct {
        unsigned base[2], size[2];
        hv_status status;
    } cases[] = {
        {{0xffffffff, 0xfffff000}, {0, 0xfff}, HV_OK},
        {{0xffffffff, 0xfffff000}, {0, 0x1000}, HV_E_RANGE}, /* its end is 2^64, which is 0 */
        {{0xffffffff, 0xfffff000}, {0, 0x1001}, HV_E_RANGE},
        {{0, 1}, {0xffffffff, 0xffffffff}, HV_E_RANGE},
        {{0, 0}, {0xffffffff, 0xffffffff}, HV_OK},
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        void *writer = blob_begin();
        struct dt_range range;

        cells(writer, "reg", 4, cases[i].base[0], cases[i].base[1], cases[i].size[0], cases[i].size[1]);
        close_tree(writer);
        ck_assert_int_eq(dt_reg_cells(dt_root(&tree), 0, 2, 2, &range), cases[i].status);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(inherited_cells)
{
    void *writer = blob_begin();
    uint32_t address, size;

    fdt_begin_node(writer, "a");
    cells(writer, "#size-cells", 1, 2);
    fdt_begin_node(writer, "b");
    fdt_begin_node(writer, "c");
    cells(writer, "#address-cells", 1, 1);
    fdt_end_node(writer);
    fdt_begin_node(writer, "d");
    cells(writer, "#address-cells", 2, 1, 1);
    fdt_end_node(writer);
    fdt_end_node(writer);
    fdt_end_node(writer);
    close_tree(writer);
    ck_assert_int_eq(dt_cells(dt_find(&tree, "/a/b/c"), true, &address, &size), HV_OK);
    ck_assert_uint_eq(address, 1);
    ck_assert_uint_eq(size, 2);
    ck_assert_int_eq(dt_cells(dt_find(&tree, "/a/b/c"), false, &address, &size), HV_OK);
    ck_assert_uint_eq(address, 1);
    ck_assert_uint_eq(size, 1); /* the specification's default: cells are not inherited */
    ck_assert_int_eq(dt_cells(dt_find(&tree, "/a/b"), true, &address, &size), HV_OK);
    ck_assert_uint_eq(address, 2);
    ck_assert_uint_eq(size, 2);
    ck_assert_int_eq(dt_cells(dt_root(&tree), true, &address, &size), HV_OK);
    ck_assert_uint_eq(address, 2);
    ck_assert_uint_eq(size, 1);
    ck_assert_int_eq(dt_cells(dt_find(&tree, "/a/b/d"), true, &address, &size), HV_E_FORMAT);
    blob_free(&blob);
}
END_TEST

/** A bus below a bus, with the ranges to test. */
static hv_status through_bus(unsigned base, unsigned size, unsigned entries, const unsigned (*ranges)[3],
                             struct dt_range *range)
{
    void *writer = blob_begin();
    hv_status status;

    cells(writer, "#address-cells", 1, 1);
    cells(writer, "#size-cells", 1, 1);
    fdt_begin_node(writer, "bus");
    cells(writer, "#address-cells", 1, 1);
    cells(writer, "#size-cells", 1, 1);
    if (ranges != NULL) {
        fdt32_t data[12];

        for (unsigned i = 0; i < entries * 3; i++)
            data[i] = cpu_to_fdt32(ranges[i / 3][i % 3]);
        fdt_property(writer, "ranges", data, (int)entries * 12);
    }
    fdt_begin_node(writer, "device");
    cells(writer, "reg", 2, base, size);
    fdt_end_node(writer);
    fdt_end_node(writer);
    close_tree(writer);
    status = dt_reg_cpu(dt_find(&tree, "/bus/device"), 0, range);
    blob_free(&blob);
    return status;
}

START_TEST(translation)
{
    static const unsigned windows[][3] = {
        {0x1000, 0x80000000, 0x1000}, {0x8000, 0x9000000, 0x2000}, {0xff000000, 0xfffff000, 0x2000}};
    struct dt_range range;

    ck_assert_int_eq(through_bus(0x1000, 0x1000, 3, windows, &range), HV_OK);
    assert_range(range, 0x80000000, 0x1000);
    ck_assert_int_eq(through_bus(0x1fff, 1, 3, windows, &range), HV_OK);
    assert_range(range, 0x80000fff, 1);
    ck_assert_int_eq(through_bus(0x9000, 0x1000, 3, windows, &range), HV_OK);
    assert_range(range, 0x9001000, 0x1000);
    ck_assert_int_eq(through_bus(0x1001, 0x1000, 3, windows, &range), HV_E_RANGE); /* out at the end */
    ck_assert_int_eq(through_bus(0xfff, 2, 3, windows, &range), HV_E_RANGE);
    ck_assert_int_eq(through_bus(0x2000, 1, 3, windows, &range), HV_E_RANGE);
    ck_assert_int_eq(through_bus(0xff001000, 0x1000, 3, windows, &range), HV_OK); /* beyond 32 bits on the CPU's side */
    assert_range(range, 0x100000000, 0x1000);
    ck_assert_int_eq(through_bus(0x1000, 0x1000, 0, windows, &range), HV_OK); /* empty ranges: the same addresses */
    assert_range(range, 0x1000, 0x1000);
    ck_assert_int_eq(through_bus(0x1000, 0x1000, 0, NULL, &range), HV_E_RANGE); /* none: not reachable */
}
END_TEST

START_TEST(interrupts)
{
    struct dt_interrupt interrupt;
    struct dt_node serial0, serial1, timer;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    serial0 = dt_find(&tree, "serial0");
    serial1 = dt_find(&tree, "serial1");
    timer = dt_find(&tree, "/timer");
    ck_assert_int_eq(dt_interrupt(serial0, 0, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 72);
    ck_assert_uint_eq(interrupt.flags, 4);
    ck_assert_int_eq(dt_interrupt(serial0, 1, &interrupt), HV_E_UNSUPPORTED); /* a GPIO's */
    ck_assert_int_eq(dt_interrupt(serial0, 2, &interrupt), HV_E_MISSING);
    ck_assert_int_eq(dt_interrupt(serial1, 0, &interrupt), HV_E_UNSUPPORTED);
    ck_assert_int_eq(dt_interrupt(timer, 1, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 27);
    ck_assert_int_eq(dt_interrupt(timer, 3, &interrupt), HV_E_MISSING);
    ck_assert_int_eq(dt_interrupt(dt_find(&tree, "/psci"), 0, &interrupt), HV_E_MISSING);
    ck_assert_int_eq(dt_interrupt(dt_find(&tree, "/soc/interrupt-controller@1000"), 0, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 25);
    blob_free(&blob);
}
END_TEST

/** One device with the given interrupts behind a controller with the given number of cells. */
static hv_status one_interrupt(unsigned specifier_cells, const unsigned *specifier, unsigned count, bool extended,
                               struct dt_interrupt *interrupt)
{
    void *writer = blob_begin();
    fdt32_t data[8];
    hv_status status;

    for (unsigned i = 0; i < count; i++)
        data[i] = cpu_to_fdt32(specifier[i]);
    cells(writer, "interrupt-parent", 1, 5);
    fdt_begin_node(writer, "gic");
    cells(writer, "phandle", 1, 5);
    if (specifier_cells != 0)
        cells(writer, "#interrupt-cells", 1, specifier_cells);
    fdt_end_node(writer);
    fdt_begin_node(writer, "device");
    fdt_property(writer, extended ? "interrupts-extended" : "interrupts", data, (int)count * 4);
    fdt_end_node(writer);
    close_tree(writer);
    status = dt_interrupt(dt_find(&tree, "/device"), 0, interrupt);
    blob_free(&blob);
    return status;
}

START_TEST(interrupt_specifiers)
{
    struct dt_interrupt interrupt;
    const unsigned first_spi[] = {0, 0, 1}, last_spi[] = {0, 987, 0xf04}, spi_beyond[] = {0, 988, 4};
    const unsigned last_ppi[] = {1, 15, 8}, ppi_beyond[] = {1, 16, 8}, extended_spi[] = {2, 0, 4};
    const unsigned with_parent[] = {5, 0, 7, 4}, wrong_parent[] = {6, 0, 7, 4}, partition[] = {1, 9, 4, 0};

    ck_assert_int_eq(one_interrupt(3, first_spi, 3, false, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 32);
    ck_assert_uint_eq(interrupt.flags, 1);
    ck_assert_int_eq(one_interrupt(3, last_spi, 3, false, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 1019);
    ck_assert_uint_eq(interrupt.flags, 4);
    ck_assert_int_eq(one_interrupt(3, last_ppi, 3, false, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 31);
    ck_assert_int_eq(one_interrupt(4, partition, 4, false, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 25);
    ck_assert_int_eq(one_interrupt(3, with_parent, 4, true, &interrupt), HV_OK);
    ck_assert_uint_eq(interrupt.intid, 39);
    ck_assert_int_eq(one_interrupt(3, spi_beyond, 3, false, &interrupt), HV_E_RANGE);
    ck_assert_int_eq(one_interrupt(3, ppi_beyond, 3, false, &interrupt), HV_E_RANGE);
    ck_assert_int_eq(one_interrupt(3, extended_spi, 3, false, &interrupt), HV_E_UNSUPPORTED);
    ck_assert_int_eq(one_interrupt(3, first_spi, 2, false, &interrupt), HV_E_FORMAT);
    ck_assert_int_eq(one_interrupt(2, first_spi, 2, false, &interrupt), HV_E_UNSUPPORTED);
    ck_assert_int_eq(one_interrupt(0, first_spi, 3, false, &interrupt), HV_E_FORMAT);
    ck_assert_int_eq(one_interrupt(0xffffffff, first_spi, 3, false, &interrupt), HV_E_UNSUPPORTED);
    ck_assert_int_eq(one_interrupt(3, wrong_parent, 4, true, &interrupt), HV_E_FORMAT);
    ck_assert_int_eq(one_interrupt(3, with_parent, 3, true, &interrupt), HV_E_FORMAT);
    ck_assert_int_eq(one_interrupt(3, NULL, 0, false, &interrupt), HV_E_MISSING);
}
END_TEST

static void put_device(void *writer, const char *name, unsigned parent)
{
    fdt_begin_node(writer, name);
    cells(writer, "interrupt-parent", 1, parent);
    cells(writer, "interrupts", 3, 0, 7, 4);
    fdt_end_node(writer);
}

static void put_controller(void *writer, const char *name, unsigned phandle, unsigned specifier_cells)
{
    fdt_begin_node(writer, name);
    cells(writer, "phandle", 1, phandle);
    cells(writer, "#interrupt-cells", 1, specifier_cells);
    fdt_end_node(writer);
}

/* A scan remembers the controller that it found last. One that cannot be used must not change what is remembered. */
START_TEST(interrupts_of_another_controller_between)
{
    static const unsigned strange[] = {0x40000000, 0x80000000, 0, 5, 0xffffffff};

    for (size_t i = 0; i < ARRAY_SIZE(strange); i++) {
        void *writer = blob_begin();
        struct dt_interrupt interrupt;
        struct dt_scan scan;

        put_controller(writer, "gic", 5, 3);
        put_controller(writer, "strange", 6, strange[i]);
        put_device(writer, "device-a", 5);
        put_device(writer, "device-b", 6);
        put_device(writer, "device-c", 5);
        close_tree(writer);
        ck_assert(dt_scan_to(&scan, dt_find(&tree, "/device-a")));
        ck_assert_int_eq(dt_scan_interrupt(&scan, 0, &interrupt), HV_OK);
        dt_scan_next(&scan);
        ck_assert_int_eq(dt_scan_interrupt(&scan, 0, &interrupt), HV_E_UNSUPPORTED);
        dt_scan_next(&scan);
        interrupt.intid = 0;
        ck_assert_int_eq(dt_scan_interrupt(&scan, 0, &interrupt), HV_OK);
        ck_assert_uint_eq(interrupt.intid, 39);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(no_interrupt_parent)
{
    void *writer = blob_begin();
    struct dt_interrupt interrupt;

    fdt_begin_node(writer, "device");
    cells(writer, "interrupts", 3, 0, 1, 4);
    fdt_end_node(writer);
    close_tree(writer);
    ck_assert_int_eq(dt_interrupt(dt_find(&tree, "/device"), 0, &interrupt), HV_E_FORMAT);
    blob_free(&blob);
}
END_TEST

START_TEST(reservations)
{
    struct dt_range range;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    ck_assert(dt_reservation(&tree, 0, &range));
    assert_range(range, 0x880000000, 0x10000);
    ck_assert(dt_reservation(&tree, 1, &range));
    assert_range(range, 0x8f000000, 0x800000);
    ck_assert(!dt_reservation(&tree, 2, &range));
    ck_assert(!dt_reservation(&tree, UINT32_MAX, &range));
    blob_free(&blob);
}
END_TEST

START_TEST(reservation_of_no_bytes)
{
    struct dt_range range;

    blob = blob_read("ok/server.dtb");
    struct fdt_reserve_entry *entries = (void *)((char *)blob.data + fdt_off_mem_rsvmap(blob.data));
    entries[1].size = 0; /* ends the list, as for libfdt, whatever its address is */
    blob_open(&blob, &tree);
    ck_assert(dt_reservation(&tree, 0, &range));
    ck_assert(!dt_reservation(&tree, 1, &range));
    ck_assert_int_eq(fdt_num_mem_rsv(blob.data), 1);
    blob_free(&blob);
}
END_TEST

static void assert_shown(const void *data, uint32_t length, size_t size, const char *expected)
{
    uint8_t *copy = malloc(length + 4); /* cells are read as such */
    char *buffer = malloc(size);

    if (length > 0)
        memcpy(copy, data, length);
    ck_assert_str_eq(dt_show((struct dt_property){.data = data != NULL ? copy : NULL, .length = length}, buffer, size),
                     expected);
    free(buffer);
    free(copy);
}

START_TEST(values_as_text)
{
    assert_shown(NULL, 0, 32, "nothing");
    assert_shown("", 0, 32, "no value");
    assert_shown("okay", 5, 32, "\"okay\"");
    assert_shown("a\0b c", 6, 32, "\"a\", \"b c\"");
    assert_shown("\0\0\0\1\xff\xff\xff\xff", 8, 32, "<0x1 0xffffffff>");
    assert_shown("\1\2\3", 3, 32, "[01 02 03]");
    assert_shown("abc", 3, 32, "[61 62 63]");
    assert_shown("\0", 1, 32, "[00]");
    assert_shown("a\0\0", 3, 32, "[61 00 00]");
    assert_shown("bell\a", 6, 32, "[62 65 6c 6c 07 00]");
    assert_shown("okay", 5, 7, "\"okay\"");
    assert_shown("okay", 5, 6, "\"o...");
    assert_shown("\0\0\0\1\0\0\0\2\0\0\0\3", 12, 10, "<0x1 0...");
    assert_shown("okay", 5, 3, "\"o");
}
END_TEST

START_TEST(report_names_the_node)
{
    static struct reports reports;

    blob = blob_read("ok/server.dtb");
    blob_open(&blob, &tree);
    reports_start(&reports);
    dt_report(&reports.diag, DIAG_WARNING, dt_find(&tree, "serial0"), "reg", "f", "e", "m", "h");
    dt_report(&reports.diag, DIAG_ERROR, (struct dt_node){.tree = &tree, .offset = -1}, NULL, NULL, NULL, "m", NULL);
    dt_report(NULL, DIAG_ERROR, dt_root(&tree), NULL, NULL, NULL, "m", NULL);
    ck_assert_str_eq(reports.text,
                     "warning: /soc/bus@10000/serial@1000: reg: m (found f, expected e)\n  hint: h\nerror: m\n");
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, numbers);
    tcase_add_test(tests, strings);
    tcase_add_test(tests, enabled);
    tcase_add_test(tests, reg);
    tcase_add_test(tests, reg_cells);
    tcase_add_test(tests, reg_wraps);
    tcase_add_test(tests, inherited_cells);
    tcase_add_test(tests, translation);
    tcase_add_test(tests, interrupts);
    tcase_add_test(tests, interrupt_specifiers);
    tcase_add_test(tests, interrupts_of_another_controller_between);
    tcase_add_test(tests, no_interrupt_parent);
    tcase_add_test(tests, reservations);
    tcase_add_test(tests, reservation_of_no_bytes);
    tcase_add_test(tests, values_as_text);
    tcase_add_test(tests, report_names_the_node);
}

int main(void)
{
    return suite_run("property", add_tests, NULL);
}
