// SPDX-License-Identifier: Apache-2.0
/* The PL011 driver on hostsim's model of the device, and the choice of a driver. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/mmio.h"
#include "arch/timer.h"
#include "drivers/uart.h"
#include "hostsim/sim.h"
#include "support/suite.h"
#include <libfdt.h>

#define FRAME 0x09000000ULL
#define IBRD 0x24
#define FBRD 0x28
#define LCR_H 0x2c
#define CR 0x30
#define IMSC 0x38
#define RIS 0x3c

static struct sim_machine *machine;
static struct uart uart;
static struct arch_mmio registers;

static const struct machine_uart description = {.type = UART_PL011, .frame = {FRAME, 0x1000}};

/** The least that makes a machine: RAM, a CPU, a GIC, a UART. */
static void write_tree(void *fdt, int size)
{
    static const char uart_names[] = "arm,pl011\0arm,primecell";
    const uint64_t frames[8] = {0x08000000, 0x10000, 0x08010000, 0x10000, 0x08030000, 0x10000, 0x08040000, 0x10000};
    const fdt32_t interrupt[3] = {0, cpu_to_fdt32(1), cpu_to_fdt32(4)};
    fdt64_t reg[8];

    for (unsigned i = 0; i < 8; i++)
        reg[i] = cpu_to_fdt64(frames[i]);
    ck_assert_int_eq(fdt_create(fdt, size), 0);
    fdt_finish_reservemap(fdt);
    fdt_begin_node(fdt, "");
    fdt_property_u32(fdt, "#address-cells", 2);
    fdt_property_u32(fdt, "#size-cells", 2);
    fdt_property_u32(fdt, "interrupt-parent", 1);
    fdt_begin_node(fdt, "memory@40000000");
    fdt_property_string(fdt, "device_type", "memory");
    fdt_property(fdt, "reg", (const fdt64_t[]){cpu_to_fdt64(0x40000000), cpu_to_fdt64(0x4000000)}, 16);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "cpus");
    fdt_property_u32(fdt, "#address-cells", 1);
    fdt_property_u32(fdt, "#size-cells", 0);
    fdt_begin_node(fdt, "cpu@0");
    fdt_property_string(fdt, "device_type", "cpu");
    fdt_property_string(fdt, "compatible", "arm,cortex-a53");
    fdt_property_u32(fdt, "reg", 0);
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "intc@8000000");
    fdt_property_string(fdt, "compatible", "arm,gic-400");
    fdt_property_u32(fdt, "#interrupt-cells", 3);
    fdt_property(fdt, "interrupt-controller", NULL, 0);
    fdt_property_u32(fdt, "phandle", 1);
    fdt_property(fdt, "reg", reg, sizeof(reg));
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "pl011@9000000");
    fdt_property(fdt, "compatible", uart_names, sizeof(uart_names));
    fdt_property(fdt, "reg", (const fdt64_t[]){cpu_to_fdt64(FRAME), cpu_to_fdt64(0x1000)}, 16);
    fdt_property(fdt, "interrupts", interrupt, sizeof(interrupt));
    fdt_end_node(fdt);
    fdt_begin_node(fdt, "chosen");
    fdt_property_string(fdt, "stdout-path", "/pl011@9000000");
    fdt_end_node(fdt);
    fdt_end_node(fdt);
    ck_assert_int_eq(fdt_finish(fdt), 0);
}

static void start(const struct sim_options *options)
{
    static _Alignas(8) uint8_t tree[4096];

    write_tree(tree, sizeof(tree));
    machine = sim_create(tree, sizeof(tree), options);
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    ck_assert(arch_mmio_map(&registers, pa(FRAME), 0x1000));
}

static void teardown(void)
{
    sim_destroy(machine);
}

static void put(const char *text)
{
    for (size_t i = 0; text[i] != '\0'; i++)
        uart_put(&uart, (uint8_t)text[i]);
}

START_TEST(test_takes_over_an_untouched_uart)
{
    start(&(struct sim_options){0});
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert_uint_eq(arch_mmio_read32(&registers, CR) & 0x301, 0x301);
    ck_assert_uint_eq(arch_mmio_read32(&registers, LCR_H) & 0x70, 0x70); /* 8 bits, FIFOs */
    ck_assert_uint_eq(arch_mmio_read32(&registers, IMSC), 0);
    put("hello\r\n");
    ck_assert_str_eq(sim_output(machine), "hello\r\n");
}
END_TEST

START_TEST(test_keeps_the_boot_loaders_line)
{
    start(&(struct sim_options){0});
    arch_mmio_write32(&registers, IBRD, 26);
    arch_mmio_write32(&registers, FBRD, 3);
    arch_mmio_write32(&registers, LCR_H, 0x46); /* 7 bits, even parity, no FIFOs */
    arch_mmio_write32(&registers, CR, 0xb01);   /* with RTS and DTR */
    arch_mmio_write32(&registers, IMSC, 0x7ff);
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert_uint_eq(arch_mmio_read32(&registers, IBRD), 26);
    ck_assert_uint_eq(arch_mmio_read32(&registers, FBRD), 3);
    ck_assert_uint_eq(arch_mmio_read32(&registers, LCR_H), 0x56);
    ck_assert_uint_eq(arch_mmio_read32(&registers, CR), 0xb01);
    ck_assert_uint_eq(arch_mmio_read32(&registers, IMSC), 0);
}
END_TEST

START_TEST(test_turns_on_a_missing_receiver)
{
    start(&(struct sim_options){0});
    arch_mmio_write32(&registers, LCR_H, 0x70);
    arch_mmio_write32(&registers, CR, 0x101); /* as an early console may leave it */
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert_uint_eq(arch_mmio_read32(&registers, CR), 0x301);
}
END_TEST

START_TEST(test_what_the_boot_loader_said_still_leaves)
{
    start(&(struct sim_options){.uart_baud = 115200});
    arch_mmio_write32(&registers, LCR_H, 0x60); /* 8 bits, no FIFOs */
    arch_mmio_write32(&registers, CR, 0x301);
    arch_mmio_write32(&registers, 0, 'B');
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    put("ulkhead\n");
    sim_advance(machine, 10000000);
    ck_assert_str_eq(sim_output(machine), "Bulkhead\n");
}
END_TEST

START_TEST(test_slow_uart_loses_nothing)
{
    char text[201];

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i % 26);
    text[200] = '\0';
    start(&(struct sim_options){.uart_baud = 115200});
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    put(text);
    sim_advance(machine, 10000000);
    ck_assert_str_eq(sim_output(machine), text);
    ck_assert(!uart.stuck);
}
END_TEST

START_TEST(test_stuck_uart_is_given_up)
{
    start(&(struct sim_options){.faults = {{SIM_FAULT_UART_STUCK, 0}}});
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    uint64_t before = sim_time_ns(machine);
    for (unsigned i = 0; i < 1000; i++)
        uart_put(&uart, 'x');
    ck_assert(uart.stuck);
    ck_assert_uint_ge(sim_time_ns(machine) - before, UART_STUCK_US * 1000ULL);
    ck_assert_uint_lt(sim_time_ns(machine) - before, 2 * UART_STUCK_US * 1000ULL);
}
END_TEST

START_TEST(test_receives)
{
    uint8_t byte;

    start(&(struct sim_options){0});
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert(!uart.ops->try_get(&uart, &byte));
    uart.ops->enable_receive_interrupt(&uart);
    sim_input(machine, 0, "ok");
    sim_advance(machine, 10000000);
    ck_assert_uint_ne(arch_mmio_read32(&registers, RIS) & 0x50, 0);
    uart.ops->acknowledge(&uart);
    ck_assert_uint_eq(arch_mmio_read32(&registers, RIS) & 0x7ff, 0);
    ck_assert(uart.ops->try_get(&uart, &byte));
    ck_assert_uint_eq(byte, 'o');
    ck_assert(uart.ops->try_get(&uart, &byte));
    ck_assert_uint_eq(byte, 'k');
    ck_assert(!uart.ops->try_get(&uart, &byte));
}
END_TEST

START_TEST(test_choice_of_driver)
{
    start(&(struct sim_options){0});
    ck_assert_int_eq(uart_open(&uart, &(struct machine_uart){.type = UART_NONE}), HV_E_MISSING);
    ck_assert_ptr_null(uart.ops);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("uart");
    TCase *all = tcase_create("pl011");

    tcase_add_checked_fixture(all, NULL, teardown);
    tcase_add_test(all, test_takes_over_an_untouched_uart);
    tcase_add_test(all, test_keeps_the_boot_loaders_line);
    tcase_add_test(all, test_turns_on_a_missing_receiver);
    tcase_add_test(all, test_what_the_boot_loader_said_still_leaves);
    tcase_add_test(all, test_slow_uart_loses_nothing);
    tcase_add_test(all, test_stuck_uart_is_given_up);
    tcase_add_test(all, test_receives);
    tcase_add_test(all, test_choice_of_driver);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
