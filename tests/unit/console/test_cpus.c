// SPDX-License-Identifier: Apache-2.0
/* Two CPUs print at once, in many orders: what a source writes in one piece is one line, whole. */
#include "hostsim/sim.h"
#include "support/blob.h"
#include "support/suite.h"
#include "unit/console/terminal.h"

#include "arch/cpu.h"
#include "console/screen.h"

#define LINES 40
#define WIDTH 24
#define BYTE_US 87 /* at 115200 baud */

static unsigned finished;

static void print_lines(char letter)
{
    char line[WIDTH + 1];

    memset(line, letter, WIDTH);
    line[WIDTH] = '\n';
    for (unsigned i = 0; i < LINES; i++) {
        console_write(&peers[0].source, line, sizeof(line)); /* two vCPUs of one domain */
        for (unsigned j = 0; j < sizeof(line); j++)
            console_put(&peers[letter - 'a' + 1].source, line[j]); /* each a domain of its own */
        console_printf("%.*s\n", WIDTH, line);
    }
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

static void second(unsigned cpu)
{
    (void)cpu;
    print_lines('b');
}

static void first(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    print_lines('a');
    while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < 2)
        (void)arch_timer_now();
}

/** @return which letter fills the line behind @p prefix, 0: the row is no such line */
static char filled_with(const char *row, const char *prefix)
{
    size_t length = strlen(prefix);

    if (strncmp(row, prefix, length) != 0 || strlen(row) != length + WIDTH)
        return 0;
    for (unsigned i = 1; i < WIDTH; i++)
        if (row[length + i] != row[length])
            return 0;
    return row[length];
}

static void run_on_two_cpus(const struct sim_options *options, void (*boot)(void *context), void (*other)(unsigned cpu))
{
    struct blob tree = blob_read("ok/two-domains.dtb");
    struct sim_machine *machine = sim_create(tree.data, tree.size, options);

    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    ck_assert_int_eq(sim_run_with(machine, boot, NULL, other), SIM_END_RETURNED);
    sim_destroy(machine);
    blob_free(&tree);
}

START_TEST(lines_do_not_tear)
{
    unsigned shared = 0, own = 0, hypervisors = 0;

    start(3);
    finished = 0;
    run_on_two_cpus(
        &(struct sim_options){.seed = (uint64_t)_i, .schedule = _i % 2 != 0 ? SIM_SCHEDULE_PCT : SIM_SCHEDULE_DEFAULT},
        first, second);
    for (unsigned row = 0; row < terminal.row; row++) {
        const char *text = terminal.rows[row];
        shared += filled_with(text, "dom1: ") != 0;
        own += filled_with(text, "dom2: ") == 'a' || filled_with(text, "dom3: ") == 'b';
        hypervisors += filled_with(text, "bulkhead: ") != 0;
    }
    ck_assert_uint_eq(shared, 2 * LINES);
    ck_assert_uint_eq(own, 2 * LINES);
    ck_assert_uint_eq(hypervisors, 2 * LINES);
}
END_TEST

/* ---- One types while another prints */

#define KEYS 60

static void print_noise(unsigned cpu)
{
    for (unsigned i = 0; i < 2 * KEYS; i++)
        console_write(&peers[cpu].source, "noise\n", 6);
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
}

/** The row and the cursor, whenever the line is on the screen, are what was typed so far. */
static void expect_typed(const char *typed, unsigned length, unsigned cursor)
{
    char row[KEYS + 16];

    screen_lock(&console.lock);
    snprintf(row, sizeof(row), "dom1: %.*s", (int)length, typed);
    if (console.partial == &peers[0].source && console.sent == console.log_end) {
        assert_row(terminal.row, row);
        ck_assert_uint_eq(terminal.column, 6 + cursor);
    }
    screen_unlock(&console.lock);
}

static void type_beside(void *context)
{
    char typed[KEYS];
    unsigned length = 0;

    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    for (unsigned i = 0; i < KEYS; i++) {
        typed[length++] = (char)('a' + i % 26);
        console_put(&peers[0].source, typed[length - 1]);
        expect_typed(typed, length, length);
        if (i % 3 != 0)
            continue;
        console_put(&peers[0].source, '\b');
        expect_typed(typed, length, length - 1);
        length--;
    }
    while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < 1)
        (void)arch_timer_now();
}

START_TEST(a_typed_line_does_not_tear)
{
    unsigned noise = 0, copies = 0;

    start(2);
    finished = 0;
    type("?");
    say(0, "x");
    quiet();
    say(0, "\b\x1b[K");
    run_on_two_cpus(
        &(struct sim_options){.seed = (uint64_t)_i, .schedule = _i % 2 != 0 ? SIM_SCHEDULE_PCT : SIM_SCHEDULE_DEFAULT},
        type_beside, print_noise);
    for (unsigned row = 0; row <= terminal.row; row++) {
        noise += strcmp(terminal.rows[row], "dom2: noise") == 0;
        copies += strncmp(terminal.rows[row], "dom1: ", 6) == 0;
    }
    ck_assert_uint_eq(noise, 2 * KEYS);
    ck_assert_uint_eq(copies, 1);
}
END_TEST

/* ---- A CPU that panics while another one prints */

static void wait_for(uint64_t microseconds)
{
    uint64_t begin = arch_timer_now();

    while (arch_timer_now() - begin < ticks_of(microseconds))
        continue;
}

static size_t slow_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    wait_for(BYTE_US);
    return terminal_write(uart, bytes, count != 0);
}

/** It stops in the middle of a line, with the lock, and is not heard of again. */
static size_t write_and_stop(struct uart *uart, const uint8_t *bytes, size_t count)
{
    if (arch_cpu_id() != 0 && terminal.column > CONSOLE_LINE_MAX / 2)
        arch_cpu_halt();
    return slow_write(uart, bytes, count);
}

static void print_one_line(unsigned cpu)
{
    char line[CONSOLE_LINE_MAX];

    (void)cpu;
    memset(line, 'b', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\n';
    console_write(&peers[1].source, line, sizeof(line));
}

static uint64_t patience; /* us that the panic took to be said */

/* Reads of its timer take longest: fewer of them fill the time. */
static const struct sim_options slow_machine = {.platform = "zynqmp"};

static void panic_meanwhile(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    while (terminal.column == 0)
        (void)arch_timer_now();
    uint64_t begin = arch_timer_now();
    console_take_over();
    patience = (arch_timer_now() - begin) * 1000000 / arch_timer_frequency();
    console_printf("panic\n");
}

START_TEST(a_panic_waits_for_the_end_of_a_line)
{
    static const struct uart_ops slow = {.write = slow_write, .try_get = terminal_try_get};

    start(3);
    terminal.uart.ops = &slow;
    run_on_two_cpus(&slow_machine, panic_meanwhile, print_one_line);
    ck_assert_uint_eq(terminal.row, 2);
    ck_assert_uint_eq(strspn(terminal.rows[0] + strlen("dom2: "), "b"), CONSOLE_LINE_MAX - 1);
    assert_row(1, "bulkhead: panic");
}
END_TEST

/** Not for ever: what became of that CPU may be what the panic is about. */
START_TEST(a_panic_does_not_wait_for_a_cpu_that_is_gone)
{
    static const struct uart_ops stops = {.write = write_and_stop, .try_get = terminal_try_get};

    start(3);
    terminal.uart.ops = &stops;
    run_on_two_cpus(&slow_machine, panic_meanwhile, print_one_line);
    ck_assert_uint_ge(patience, CONSOLE_LINE_MAX * BYTE_US);
    ck_assert_uint_le(patience, 50000);
    ck_assert_msg(strstr(sent(), "bulkhead: panic\r\n") != NULL, "%s", sent());
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, a_typed_line_does_not_tear, 0, 20);
    tcase_add_loop_test(tests, lines_do_not_tear, 0, 20);
    tcase_add_test(tests, a_panic_waits_for_the_end_of_a_line);
    tcase_add_test(tests, a_panic_does_not_wait_for_a_cpu_that_is_gone);
}

int main(void)
{
    return suite_run("console-cpus", add_tests, NULL);
}
