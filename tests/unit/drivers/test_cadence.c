// SPDX-License-Identifier: Apache-2.0
/* The Cadence driver on hostsim's model of the device. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/mmio.h"
#include "drivers/uart.h"
#include "hostsim/sim.h"
#include "support/suite.h"

#define FRAME 0xff000000ULL
#define CR 0x00
#define MR 0x04
#define IER 0x08
#define IMR 0x10
#define ISR 0x14
#define BAUDGEN 0x18
#define RXTOUT 0x1c
#define FIFO 0x30
#define BDIV 0x34

#define CR_OFF 0x128 /* as reset leaves it: both paths off, no break */
#define CR_ON 0x114
#define ROVR (1u << 5)
#define MILLISECOND 1000000

static struct sim_machine *machine;
static struct uart uart;
static struct arch_mmio registers;

static const struct machine_uart description = {.type = UART_CADENCE, .frame = {FRAME, 0x1000}};

static void start(const struct sim_options *options)
{
    static uint8_t dtb[0x10000];
    FILE *file = fopen(DTB_DIR "/ok/zynqmp.dtb", "rb");

    ck_assert_ptr_nonnull(file);
    size_t size = fread(dtb, 1, sizeof(dtb), file);
    fclose(file);
    machine = sim_create(dtb, size, options);
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    ck_assert(arch_mmio_map(&registers, pa(FRAME), 0x1000));
}

static void start_open(const struct sim_options *options)
{
    start(options);
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
}

static void teardown(void)
{
    sim_destroy(machine);
}

static uint32_t get(uint32_t offset)
{
    return arch_mmio_read32(&registers, offset);
}

static void set(uint32_t offset, uint32_t value)
{
    arch_mmio_write32(&registers, offset, value);
}

/** What the boot loader set up, on a UART that is off meanwhile, as the manual wants it. */
static void boot_loader(uint32_t mode, uint32_t control)
{
    set(CR, CR_OFF);
    set(MR, mode);
    set(BAUDGEN, 651);
    set(BDIV, 15);
    set(CR, control);
}

static bool interrupts(void)
{
    return (get(ISR) & get(IMR)) != 0;
}

/** All that can be read now. */
static const char *read_all(void)
{
    static char text[256];
    size_t length = 0;
    uint8_t byte;

    while (length < sizeof(text) - 1 && uart.ops->try_get(&uart, &byte))
        text[length++] = (char)byte;
    text[length] = '\0';
    return text;
}

START_TEST(keeps_what_the_boot_loader_set)
{
    start(NULL);
    boot_loader(0x9a, CR_ON); /* even parity, 7 bits, 2 stop bits */
    set(RXTOUT, 10);
    set(IER, 0x1fff);
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert_uint_eq(get(MR), 0x9a);
    ck_assert_uint_eq(get(BAUDGEN), 651);
    ck_assert_uint_eq(get(BDIV), 15);
    ck_assert_uint_eq(get(CR), CR_ON);
    ck_assert_uint_eq(get(IMR), 0);
    ck_assert_uint_eq(get(ISR), 0);
    uart_write(&uart, "hello\r\n", 7);
    ck_assert_str_eq(sim_output(machine), "hello\r\n");
}
END_TEST

START_TEST(turns_on_what_is_off)
{
    static const struct {
        uint32_t mode, control, mode_after, control_after;
    } cases[] = {
        {0x9a, 0x118, 0x9a, CR_ON}, /* an early console without receiver */
        {0x9a, 0x11c, 0x9a, CR_ON}, /* the same: disabled wins over enabled */
        {0x9a, 0x034, 0x9a, 0x014}, /* a transmitter that is held */
        {0x00, 0x128, 0x20, CR_ON}, /* nobody was here: reset has even parity */
        {0x00, 0x000, 0x20, 0x014}, /* neither enabled nor disabled is off */
    };

    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        start(NULL);
        boot_loader(cases[i].mode, cases[i].control);
        ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
        ck_assert_uint_eq(get(MR), cases[i].mode_after);
        ck_assert_uint_eq(get(CR), cases[i].control_after);
        ck_assert_uint_eq(get(BAUDGEN), 651);
        uart_put(&uart, 'x');
        sim_input(machine, 0, "y");
        sim_advance(machine, MILLISECOND);
        ck_assert_str_eq(sim_output(machine), "x");
        ck_assert_str_eq(read_all(), "y");
        if (i + 1 < ARRAY_SIZE(cases))
            sim_destroy(machine);
    }
}
END_TEST

/* CR reads as it was written until both paths are reset, which takes the model 1 us. */
START_TEST(a_reset_under_way_is_not_repeated)
{
    start(NULL);
    set(CR, 0x11b); /* the receiver is off */
    uint64_t end = sim_time_ns(machine) + 1000;
    ck_assert_uint_eq(get(CR) & 3, 3);
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    ck_assert_uint_eq(get(CR), CR_ON | 3);
    sim_advance(machine, end - sim_time_ns(machine));
    ck_assert_uint_eq(get(CR), CR_ON);
}
END_TEST

/* What the boot loader said last is still in the FIFO. */
START_TEST(slow_uart_loses_nothing)
{
    static char text[201];
    static const unsigned bauds[] = {921600, 115200, SIM_BAUD_DIVISORS};

    start(&(struct sim_options){.uart_baud = bauds[_i]});
    memset(text, 'U', 40);
    for (unsigned i = 0; i < 40; i++)
        set(FIFO, 'U');
    for (size_t i = 40; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i % 26);
    ck_assert_int_eq(uart_open(&uart, &description), HV_OK);
    uart_write(&uart, text + 40, sizeof(text) - 41);
    ck_assert_str_eq(sim_output(machine), text);
    ck_assert(!uart.stuck);
}
END_TEST

START_TEST(stuck_uart_is_given_up)
{
    start_open(&(struct sim_options){.faults = {{SIM_FAULT_UART_STUCK, 0}}});
    uint64_t before = sim_time_ns(machine);
    for (unsigned i = 0; i < 1000; i++)
        uart_put(&uart, 'x');
    ck_assert(uart.stuck);
    ck_assert_uint_ge(sim_time_ns(machine) - before, UART_STUCK_US * 1000ULL);
    ck_assert_uint_lt(sim_time_ns(machine) - before, 2 * UART_STUCK_US * 1000ULL);
}
END_TEST

/* Each character interrupts by itself, and again after it was served. */
START_TEST(single_characters_interrupt)
{
    start_open(NULL);
    sim_input(machine, 0, "early");
    sim_advance(machine, MILLISECOND);
    ck_assert(!interrupts());
    ck_assert_str_eq(read_all(), "early");
    uart.ops->enable_receive_interrupt(&uart);
    uart.ops->acknowledge(&uart);
    for (unsigned i = 0; i < 3; i++) {
        char text[2] = {(char)('a' + i), '\0'};
        ck_assert(!interrupts());
        sim_input(machine, sim_time_ns(machine) / 1000 + 1, text);
        sim_advance(machine, 10 * MILLISECOND);
        ck_assert(interrupts());
        uart.ops->acknowledge(&uart);
        ck_assert_str_eq(read_all(), text);
    }
    sim_advance(machine, 100ULL * MILLISECOND);
    ck_assert(!interrupts()); /* a line that idles is no reason */
}
END_TEST

/* Typed before the interrupt is enabled: the level is reached already, nothing is going to reach it again. */
START_TEST(typed_ahead_is_not_forgotten)
{
    start_open(NULL);
    sim_input(machine, 0, "early");
    sim_advance(machine, MILLISECOND);
    uart.ops->enable_receive_interrupt(&uart);
    ck_assert(interrupts());
    uart.ops->acknowledge(&uart);
    ck_assert_str_eq(read_all(), "early");
}
END_TEST

START_TEST(what_comes_while_served_is_seen)
{
    start_open(NULL);
    uart.ops->enable_receive_interrupt(&uart);
    sim_input(machine, 0, "abcdef");
    sim_advance(machine, 10000);
    ck_assert(interrupts());
    uart.ops->acknowledge(&uart);
    sim_advance(machine, MILLISECOND); /* the rest arrives before the first is read */
    ck_assert_str_eq(read_all(), "abcdef");
    sim_input(machine, sim_time_ns(machine) / 1000 + 1, "g");
    sim_advance(machine, MILLISECOND);
    ck_assert(interrupts());
    uart.ops->acknowledge(&uart);
    ck_assert_str_eq(read_all(), "g");
}
END_TEST

START_TEST(noise_is_not_taken_for_typed)
{
    start_open(NULL);
    uart.ops->enable_receive_interrupt(&uart);
    sim_input_damaged(machine, 0, "noise of some length");
    for (unsigned i = 0; i < 30; i++) { /* served as it comes */
        sim_advance(machine, 100000);
        uart.ops->acknowledge(&uart);
        ck_assert_str_eq(read_all(), "");
    }
    ck_assert(!interrupts());
    sim_input(machine, sim_time_ns(machine) / 1000 + 1, "ok");
    sim_advance(machine, MILLISECOND);
    ck_assert(interrupts());
    ck_assert_str_eq(read_all(), "ok");
}
END_TEST

START_TEST(overflow_harms_only_what_is_over)
{
    char text[101];

    for (size_t i = 0; i < 100; i++)
        text[i] = (char)(' ' + i % 90);
    text[100] = '\0';
    start_open(NULL);
    sim_input(machine, 0, text);
    sim_advance(machine, 20 * MILLISECOND);
    ck_assert_uint_ne(get(ISR) & ROVR, 0);
    text[64] = '\0';
    ck_assert_str_eq(read_all(), text);
    sim_input(machine, sim_time_ns(machine) / 1000 + 1, "more");
    sim_advance(machine, MILLISECOND);
    ck_assert_str_eq(read_all(), "more");
}
END_TEST

START_TEST(no_room_to_map_it)
{
    struct arch_mmio other;

    start(NULL);
    while (arch_mmio_map(&other, pa(FRAME), 0x1000))
        ;
    ck_assert_int_eq(uart_open(&uart, &description), HV_E_NOMEM);
    ck_assert_ptr_null(uart.ops);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, keeps_what_the_boot_loader_set);
    tcase_add_test(tests, turns_on_what_is_off);
    tcase_add_test(tests, a_reset_under_way_is_not_repeated);
    tcase_add_loop_test(tests, slow_uart_loses_nothing, 0, 3);
    tcase_add_test(tests, stuck_uart_is_given_up);
    tcase_add_test(tests, single_characters_interrupt);
    tcase_add_test(tests, typed_ahead_is_not_forgotten);
    tcase_add_test(tests, what_comes_while_served_is_seen);
    tcase_add_test(tests, noise_is_not_taken_for_typed);
    tcase_add_test(tests, overflow_harms_only_what_is_over);
    tcase_add_test(tests, no_room_to_map_it);
}

int main(void)
{
    return suite_run("cadence", add_tests, NULL);
}
