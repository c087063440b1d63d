// SPDX-License-Identifier: Apache-2.0
/* What the machine is: real trees read whole, and the odd ones made on the spot. */
#include <check.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/suite.h"
#include "unit/config/machine_reading.h"

START_TEST(qemu_virt)
{
    ck_assert_int_eq(read_file("ok/two-domains.dtb"), HV_OK);
    ck_assert_str_eq(reports.text, "");
    ck_assert_ptr_eq(machine.tree, &tree);
    ck_assert_uint_eq(machine.dtb.base, dtb_range.base);
    ck_assert_uint_eq(machine.image.end, image_range.end);
    ck_assert_uint_eq(machine.memory.count, 1);
    ck_assert_uint_eq(machine.memory.list[0].base, 0x40000000);
    ck_assert_uint_eq(machine.memory.list[0].end, 0xc0000000);
    ck_assert_uint_eq(machine.reservation_count, 0);
    ck_assert_uint_eq(machine.cpu_count, 2);
    ck_assert_uint_eq(machine.cpus[0].mpidr, 0);
    ck_assert_uint_eq(machine.cpus[1].mpidr, 1);
    ck_assert_str_eq(machine.cpus[1].compatible, "arm,cortex-a57");
    ck_assert_uint_eq(machine.cpus[1].compatible_length, 15);
    ck_assert(machine.cpus[0].psci && machine.cpus[1].psci && machine.cpus[0].online && machine.cpus[1].online);
    ck_assert_int_eq(machine.gic.version, GIC_V2);
    assert_range(machine.gic.distributor, 0x8000000, 0x10000);
    assert_range(machine.gic.cpu_interface, 0x8010000, 0x10000);
    assert_range(machine.gic.hyp_interface, 0x8030000, 0x10000);
    assert_range(machine.gic.virtual_interface, 0x8040000, 0x10000);
    ck_assert_uint_eq(machine.gic.maintenance_intid, 25);
    ck_assert_int_eq(machine.uart.type, UART_PL011);
    assert_range(machine.uart.frame, 0x9000000, 0x1000);
    ck_assert_uint_eq(machine.uart.intid, 33);
    ck_assert_uint_eq(machine.uart.flags, 4);
    ck_assert_str_eq(dt_name(machine.uart.node), "pl011@9000000");
    ck_assert_uint_eq(machine.timer_virtual_intid, 27);
    ck_assert_uint_eq(machine.timer_physical_intid, 30);
    ck_assert_uint_eq(machine.timer_hypervisor_intid, 26);
    ck_assert_uint_eq(machine.timer_frequency, 0);
    ck_assert(machine.psci);
    ck_assert_uint_eq(machine.pa_bits, 40);
    ck_assert_uint_eq(machine.rng_seed_length, 32);
    ck_assert_uint_eq(machine.rng_seed[0], 0xbe);
    blob_free(&blob);
}
END_TEST

static void assert_reserved(unsigned index, uint64_t base, uint64_t end, const char *name)
{
    ck_assert_uint_eq(machine.reservations[index].range.base, base);
    ck_assert_uint_eq(machine.reservations[index].range.end, end);
    ck_assert_str_eq(machine.reservations[index].name, name);
}

START_TEST(server)
{
    ck_assert_int_eq(read_file("ok/server.dtb"), HV_OK);
    ck_assert_uint_eq(machine.memory.count, 2); /* 0x80000000 and 0xc0000000 touch */
    ck_assert_uint_eq(machine.memory.list[0].base, 0x80000000);
    ck_assert_uint_eq(machine.memory.list[0].end, 0xe0000000);
    ck_assert_uint_eq(machine.memory.list[1].base, 0x880000000);
    ck_assert_uint_eq(machine.memory.list[1].end, 0x900000000);
    ck_assert_uint_eq(machine.reservation_count, 5);
    assert_reserved(0, 0x80000000, 0x80200000, "firmware@80000000");
    assert_reserved(1, 0x90000000, 0x90100000, "two-pieces@90000000");
    assert_reserved(2, 0x91000000, 0x91100000, "two-pieces@90000000");
    assert_reserved(3, 0x880000000, 0x880010000, "/memreserve/");
    assert_reserved(4, 0x8f000000, 0x8f800000, "/memreserve/");
    ck_assert(reports_have(&reports,
                           "note: /reserved-memory/linux,cma: size: memory that is placed by the operating system"));
    ck_assert_uint_eq(machine.cpu_count, 2); /* the third has failed */
    ck_assert_uint_eq(machine.cpus[0].mpidr, 0x100);
    ck_assert_uint_eq(machine.cpus[0].clock_frequency, 2000000000);
    ck_assert_uint_eq(machine.cpus[1].mpidr, 0x100000000);
    ck_assert_uint_eq(machine.cpus[1].clock_frequency, 0);
    assert_range(machine.gic.virtual_interface, 0x2c006000, 0x2000);
    assert_range(machine.uart.frame, 0x100011000, 0x1000);
    ck_assert_uint_eq(machine.uart.intid, 72);
    ck_assert_uint_eq(machine.timer_virtual_intid, 27); /* by its name, not by its place */
    ck_assert_uint_eq(machine.timer_physical_intid, 30);
    ck_assert_uint_eq(machine.timer_hypervisor_intid, 26);
    ck_assert_uint_eq(machine.timer_frequency, 25000000);
    ck_assert_uint_eq(machine.rng_seed_length, 16);
    blob_free(&blob);
}
END_TEST

START_TEST(zynqmp)
{
    ck_assert_int_eq(read_file("ok/zynqmp.dtb"), HV_OK);
    ck_assert_uint_eq(machine.memory.count, 2);
    ck_assert_uint_eq(machine.memory.list[0].base, 0);
    ck_assert_uint_eq(machine.memory.list[0].end, 0x7ff00000);
    ck_assert_uint_eq(machine.memory.list[1].base, 0x800000000);
    ck_assert_uint_eq(machine.cpu_count, 4);
    assert_range(machine.gic.cpu_interface, 0xf9020000, 0x20000);
    ck_assert_int_eq(machine.uart.type, UART_CADENCE);
    assert_range(machine.uart.frame, 0xff000000, 0x1000);
    ck_assert_uint_eq(machine.uart.intid, 53);
    ck_assert_ptr_null(machine.rng_seed);
    blob_free(&blob);
}
END_TEST

START_TEST(boot_cpu_comes_first)
{
    blob = blob_read("ok/zynqmp.dtb");
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(2), HV_OK);
    ck_assert_uint_eq(machine.cpu_count, 4);
    ck_assert_uint_eq(machine.cpus[0].mpidr, 2);
    ck_assert_uint_eq(machine.cpus[1].mpidr, 0);
    ck_assert_uint_eq(machine.cpus[2].mpidr, 1);
    ck_assert_uint_eq(machine.cpus[3].mpidr, 3);
    blob_free(&blob);
}
END_TEST

START_TEST(boot_cpu_not_in_the_tree)
{
    blob = blob_read("ok/zynqmp.dtb");
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(0x80f00), HV_OK);
    ck_assert(reports_have(&reports,
                           "warning: /cpus: the CPU that boots is not in the device tree; it is taken for one like "
                           "the first (found 0x80f00"));
    ck_assert_uint_eq(machine.cpu_count, 5);
    ck_assert_uint_eq(machine.cpus[0].mpidr, 0x80f00);
    ck_assert_str_eq(machine.cpus[0].compatible, "arm,cortex-a53");
    ck_assert_uint_eq(machine.cpus[1].mpidr, 0);
    ck_assert_uint_eq(machine.cpus[4].mpidr, 3);
    blob_free(&blob);
}
END_TEST

/** What boot/ reads before the console is there is not read again, nor reported again. */
START_TEST(uart_is_kept)
{
    blob = blob_read("ok/zynqmp.dtb");
    blob_open(&blob, &tree);
    memset(&machine, 0, sizeof(machine));
    ck_assert_int_eq(machine_read_uart(&machine.uart, &tree, &reports.diag), HV_OK);
    machine.uart.intid = 99;
    ck_assert_int_eq(machine_read(&machine, &tree, dtb_range, image_range, UINT64_MAX, &reports.diag), HV_OK);
    ck_assert_uint_eq(machine.uart.intid, 99);
    blob_free(&blob);
}
END_TEST

START_TEST(uart_without_gic_interrupt)
{
    struct machine_uart uart;

    blob = blob_read("ok/server.dtb");
    ck_assert_int_eq(
        fdt_setprop_inplace(blob.data, fdt_path_offset(blob.data, "/chosen"), "stdout-path", "serial1:115200n8", 17),
        0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(machine_read_uart(&uart, &tree, &reports.diag), HV_OK);
    ck_assert_int_eq(uart.type, UART_PL011);
    assert_range(uart.frame, 0x100012000, 0x1000);
    ck_assert_uint_eq(uart.intid, 0);
    ck_assert(reports_have(&reports,
                           "warning: /soc/bus@10000/serial@2000: interrupts: the UART's interrupt cannot be used; its "
                           "input is polled (found <0x4 0x1>, expected"));
    blob_free(&blob);
}
END_TEST

START_TEST(uart_not_usable)
{
    static const char *const names[] = {"ok/console-missing.dtb",         "ok/console-unknown.dtb",
                                        "ok/console-disabled.dtb",        "ok/console-other.dtb",
                                        "ok/console-dtuart-disabled.dtb", "bad/no-chosen.dtb"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        struct machine_uart uart;

        memset(&uart, 0xa5, sizeof(uart));
        blob = blob_read(names[i]);
        blob_open(&blob, &tree);
        reports_start(&reports);
        ck_assert_int_eq(machine_read_uart(&uart, &tree, &reports.diag), HV_E_MISSING);
        ck_assert_int_eq(uart.type, UART_NONE);
        ck_assert_uint_eq(reports.diag.warnings, i == 4 ? 2 : 1);
        blob_free(&blob);
    }
}
END_TEST

/* dtuart= first, then stdout-path, then its old name; each that cannot be used is named. */
START_TEST(the_next_name_is_used)
{
    struct machine_uart uart;

    blob = blob_read("ok/console-dtuart-unknown.dtb");
    blob_open(&blob, &tree);
    ck_assert_int_eq(machine_read_uart(&uart, &tree, &reports.diag), HV_OK);
    ck_assert_int_eq(uart.type, UART_PL011);
    assert_range(uart.frame, 0x9000000, 0x1000);
    ck_assert_uint_eq(uart.intid, 33);
    ck_assert_uint_eq(reports.diag.warnings, 1);
    blob_free(&blob);
}
END_TEST

/** Without registers, or with ones that no CPU reaches. */
START_TEST(uart_without_registers)
{
    struct machine_uart uart;

    blob = blob_read("ok/server.dtb");
    ck_assert_int_eq(fdt_nop_property(blob.data, fdt_path_offset(blob.data, "/soc/bus@10000"), "ranges"), 0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(machine_read_uart(&uart, &tree, &reports.diag), HV_E_MISSING);
    ck_assert_int_eq(uart.type, UART_NONE);
    ck_assert(reports_have(&reports, "serial@1000: reg: the console's UART has no registers"));
    blob_free(&blob);
}
END_TEST

/** The smallest machine, for a test to add to. Left in the root node. */
static void *begin_machine(unsigned cpus)
{
    static const fdt32_t memory[] = {0, 0x00000040, 0, 0x00000040}; /* big-endian: 1 GiB at 0x40000000 */
    void *writer = blob_begin();

    fdt_property_u32(writer, "#address-cells", 2);
    fdt_property_u32(writer, "#size-cells", 2);
    fdt_begin_node(writer, "memory@40000000");
    fdt_property_string(writer, "device_type", "memory");
    fdt_property(writer, "reg", memory, sizeof(memory));
    fdt_end_node(writer);
    fdt_begin_node(writer, "cpus");
    fdt_property_u32(writer, "#address-cells", 1);
    fdt_property_u32(writer, "#size-cells", 0);
    for (unsigned i = 0; i < cpus; i++) {
        char name[16];

        snprintf(name, sizeof(name), "cpu@%x", i);
        fdt_begin_node(writer, name);
        fdt_property_string(writer, "device_type", "cpu");
        fdt_property_string(writer, "compatible", "arm,cortex-a53");
        fdt_property_string(writer, "enable-method", "psci");
        fdt_property_u32(writer, "reg", i);
        fdt_end_node(writer);
    }
    fdt_end_node(writer);
    fdt_begin_node(writer, "psci");
    fdt_property_string(writer, "compatible", "arm,psci-1.0");
    fdt_property_string(writer, "method", "smc");
    fdt_end_node(writer);
    return writer;
}

static void add_gic(void *writer, const char *compatible)
{
    static const uint64_t frames[4][2] = {{0x1000, 0x1000}, {0x2000, 0x2000}, {0x4000, 0x2000}, {0x6000, 0x2000}};

    fdt_begin_node(writer, "gic");
    fdt_property_string(writer, "compatible", compatible);
    fdt64_t reg[8];
    for (unsigned i = 0; i < 8; i++)
        reg[i] = cpu_to_fdt64(frames[i / 2][i % 2]);
    fdt_property(writer, "reg", reg, sizeof(reg));
    fdt_end_node(writer);
}

static void open_machine(void *writer)
{
    blob = blob_finish(writer);
    blob_open(&blob, &tree);
}

START_TEST(too_many_cpus)
{
    void *writer = begin_machine(HV_MAX_CPUS + 3);

    open_machine(writer);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_E_MISSING); /* no GIC */
    ck_assert_uint_eq(machine.cpu_count, HV_MAX_CPUS);
    ck_assert_uint_eq(machine.cpus[HV_MAX_CPUS - 1].mpidr, HV_MAX_CPUS - 1);
    ck_assert(reports_have(&reports, "warning: /cpus: the machine has more CPUs than this build can use"));
    /* the boot CPU has a place, wherever it stands */
    ck_assert_int_eq(read_machine(HV_MAX_CPUS + 1), HV_E_MISSING);
    ck_assert_uint_eq(machine.cpu_count, HV_MAX_CPUS);
    ck_assert_uint_eq(machine.cpus[0].mpidr, HV_MAX_CPUS + 1);
    ck_assert_uint_eq(machine.cpus[1].mpidr, 0);
    ck_assert_uint_eq(machine.cpus[HV_MAX_CPUS - 1].mpidr, HV_MAX_CPUS - 2);
    /* even if the tree does not know it */
    ck_assert_int_eq(read_machine(0x500), HV_E_MISSING);
    ck_assert_uint_eq(machine.cpu_count, HV_MAX_CPUS);
    ck_assert_uint_eq(machine.cpus[0].mpidr, 0x500);
    blob_free(&blob);
}
END_TEST

START_TEST(gicv2_serves_eight)
{
    void *writer = begin_machine(10);

    add_gic(writer, "arm,gic-400");
    open_machine(writer);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_uint_eq(machine.cpu_count, 8);
    ck_assert(reports_have(&reports, "the machine has more than 8 CPUs"));
    /* a GIC whose maintenance interrupt nobody knows is used all the same */
    ck_assert(reports_have(&reports, "warning: /gic: interrupts: the maintenance interrupt is not known"));
    ck_assert_uint_eq(machine.gic.maintenance_intid, 0);
    blob_free(&blob);
}
END_TEST

START_TEST(first_gic_counts)
{
    void *writer = begin_machine(1);

    add_gic(writer, "arm,cortex-a9-gic");
    fdt_begin_node(writer, "second");
    fdt_property_string(writer, "compatible", "arm,gic-v3");
    fdt_end_node(writer);
    fdt_begin_node(writer, "third");
    fdt_property_string(writer, "compatible", "arm,gic-400");
    fdt_end_node(writer);
    open_machine(writer);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_int_eq(machine.gic.version, GIC_V2);
    assert_range(machine.gic.virtual_interface, 0x6000, 0x2000);
    blob_free(&blob);
}
END_TEST

static void add_reserved(void *writer, unsigned count)
{
    fdt_begin_node(writer, "reserved-memory");
    fdt_property_u32(writer, "#address-cells", 1);
    fdt_property_u32(writer, "#size-cells", 1);
    fdt_property(writer, "ranges", "", 0);
    for (unsigned i = 0; i < count; i++) {
        const fdt32_t reg[] = {cpu_to_fdt32(0x40000000 + i * 0x2000), cpu_to_fdt32(0x1000)};
        char name[24];

        snprintf(name, sizeof(name), "r@%x", 0x40000000 + i * 0x2000);
        fdt_begin_node(writer, name);
        fdt_property(writer, "reg", reg, sizeof(reg));
        fdt_end_node(writer);
    }
    fdt_end_node(writer);
}

/** What does not fit must not be forgotten: no domain may start. */
START_TEST(too_many_reservations)
{
    for (unsigned more = 0; more < 2; more++) {
        void *writer = begin_machine(1);

        add_gic(writer, "arm,gic-400");
        add_reserved(writer, MACHINE_MAX_RESERVATIONS + more);
        open_machine(writer);
        reports_start(&reports);
        ck_assert_int_eq(read_machine(UINT64_MAX), more == 0 ? HV_OK : HV_E_FULL);
        ck_assert_uint_eq(machine.reservation_count, MACHINE_MAX_RESERVATIONS);
        ck_assert_int_eq(reports_have(&reports, "error: /reserved-memory/r@40080000: there are more reserved ranges"),
                         more != 0);
        blob_free(&blob);
    }
}
END_TEST

START_TEST(too_many_banks)
{
    void *writer = begin_machine(1);
    fdt64_t reg[HV_MAX_REGIONS + 2][2];

    for (unsigned i = 0; i < ARRAY_SIZE(reg); i++) {
        reg[i][0] = cpu_to_fdt64(0x100000000 + i * 0x400000ULL);
        reg[i][1] = cpu_to_fdt64(0x200000);
    }
    add_gic(writer, "arm,gic-400");
    fdt_begin_node(writer, "memory@100000000");
    fdt_property_string(writer, "device_type", "memory");
    fdt_property(writer, "reg", reg, sizeof(reg));
    fdt_end_node(writer);
    open_machine(writer);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_uint_eq(machine.memory.count, HV_MAX_REGIONS);
    ck_assert_uint_eq(reports_count(&reports, "warning: /memory@100000000: reg: there are more banks of RAM"), 1);
    blob_free(&blob);
}
END_TEST

START_TEST(memory_nodes_that_are_none)
{
    void *writer = begin_machine(1);
    const fdt64_t reg[] = {cpu_to_fdt64(0x100000000), cpu_to_fdt64(0x200000)};

    add_gic(writer, "arm,gic-400");
    fdt_begin_node(writer, "memory@0"); /* no reg */
    fdt_property_string(writer, "device_type", "memory");
    fdt_end_node(writer);
    fdt_begin_node(writer, "memory@1"); /* no device_type: a memory controller, say */
    fdt_property(writer, "reg", reg, sizeof(reg));
    fdt_end_node(writer);
    fdt_begin_node(writer, "bus"); /* not below the root */
    fdt_begin_node(writer, "memory@2");
    fdt_property_string(writer, "device_type", "memory");
    fdt_property(writer, "reg", reg, sizeof(reg));
    fdt_end_node(writer);
    fdt_end_node(writer);
    open_machine(writer);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_uint_eq(machine.memory.count, 1);
    ck_assert_uint_eq(machine.memory.list[0].base, 0x40000000);
    ck_assert(reports_have(&reports, "warning: /memory@0: reg: the memory node does not say where the RAM is"));
    blob_free(&blob);
}
END_TEST

static struct blob with_reservation(uint64_t base, uint64_t size)
{
    struct blob small = blob_read("ok/two-domains.dtb");
    struct blob large = {.data = malloc(small.size + 64), .size = small.size + 64};

    ck_assert_int_eq(fdt_open_into(small.data, large.data, (int)large.size), 0);
    ck_assert_int_eq(fdt_add_mem_rsv(large.data, base, size), 0);
    blob_free(&small);
    return large;
}

START_TEST(memreserve)
{
    blob = with_reservation(UINT64_MAX - 0xfff, 0x2000);
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_E_RANGE);
    ck_assert(reports_have(&reports, "error: /memreserve/: a memory reservation reaches beyond the end"));
    blob_free(&blob);
    blob = with_reservation(0x50000000, 0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_uint_eq(machine.reservation_count, 0);
    blob_free(&blob);
}
END_TEST

/** All of these fail with the first thing without which no domain can run, but read the rest. */
START_TEST(what_is_missing)
{
    ck_assert_int_eq(read_file("bad/machine-no-memory.dtb"), HV_E_MISSING);
    ck_assert_uint_eq(machine.cpu_count, 2);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-no-cpus.dtb"), HV_E_MISSING);
    ck_assert_uint_eq(machine.memory.count, 1);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-no-gic.dtb"), HV_E_MISSING);
    ck_assert_int_eq(machine.gic.version, GIC_NONE);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-gic-not-virtual.dtb"), HV_E_UNSUPPORTED);
    ck_assert_int_eq(machine.gic.version, GIC_V2);
    assert_range(machine.gic.distributor, 0, 0);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-gicv3-registers.dtb"), HV_E_INVALID);
    ck_assert_int_eq(machine.gic.version, GIC_V3);
    assert_range(machine.gic.distributor, 0, 0);
    ck_assert_uint_eq(machine.gic.redistributor_count, 0);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-reserved-length.dtb"), HV_E_FORMAT);
    blob_free(&blob);
    ck_assert_int_eq(read_file("bad/machine-reserved-wraps.dtb"), HV_E_RANGE);
    blob_free(&blob);
}
END_TEST

START_TEST(without_psci_one_cpu)
{
    static const char *const names[] = {"bad/machine-psci-hvc.dtb", "ok/psci-old.dtb", "ok/psci-missing.dtb"};

    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        ck_assert_int_eq(read_file(names[i]), HV_OK);
        ck_assert(!machine.psci);
        ck_assert_uint_eq(machine.cpu_count, 2);
        ck_assert(machine.cpus[0].online);
        ck_assert(!machine.cpus[1].online);
        blob_free(&blob);
    }
    ck_assert_int_eq(read_file("ok/cpu-spin-table.dtb"), HV_OK);
    ck_assert(machine.psci && !machine.cpus[1].psci && !machine.cpus[1].online);
    blob_free(&blob);
}
END_TEST

/** A seed that was used up, or that gives too little, is none. */
START_TEST(seeds)
{
    static const uint8_t zeros[32] = {0};

    ck_assert_int_eq(read_file("ok/seed-short.dtb"), HV_OK);
    ck_assert_ptr_null(machine.rng_seed);
    blob_free(&blob);
    blob = blob_read("ok/two-domains.dtb");
    ck_assert_int_eq(fdt_setprop_inplace(blob.data, fdt_path_offset(blob.data, "/chosen"), "rng-seed", zeros, 32), 0);
    blob_open(&blob, &tree);
    ck_assert_int_eq(read_machine(UINT64_MAX), HV_OK);
    ck_assert_ptr_null(machine.rng_seed);
    ck_assert_uint_eq(machine.rng_seed_length, 0);
    blob_free(&blob);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, qemu_virt);
    tcase_add_test(tests, server);
    tcase_add_test(tests, zynqmp);
    tcase_add_test(tests, boot_cpu_comes_first);
    tcase_add_test(tests, boot_cpu_not_in_the_tree);
    tcase_add_test(tests, uart_is_kept);
    tcase_add_test(tests, uart_without_gic_interrupt);
    tcase_add_test(tests, uart_not_usable);
    tcase_add_test(tests, the_next_name_is_used);
    tcase_add_test(tests, uart_without_registers);
    tcase_add_test(tests, too_many_cpus);
    tcase_add_test(tests, gicv2_serves_eight);
    tcase_add_test(tests, first_gic_counts);
    tcase_add_test(tests, too_many_reservations);
    tcase_add_test(tests, too_many_banks);
    tcase_add_test(tests, memory_nodes_that_are_none);
    tcase_add_test(tests, memreserve);
    tcase_add_test(tests, what_is_missing);
    tcase_add_test(tests, without_psci_one_cpu);
    tcase_add_test(tests, seeds);
}

int main(void)
{
    return suite_run("machine", add_tests, setup);
}
