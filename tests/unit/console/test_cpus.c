/* Two CPUs print at once, in many orders: what a source writes in one piece is one line, whole. */
#include "hostsim/sim.h"
#include "support/blob.h"
#include "support/suite.h"
#include "unit/console/terminal.h"

#include "arch/cpu.h"

#define LINES 40
#define WIDTH 24

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

START_TEST(lines_do_not_tear)
{
    unsigned shared = 0, own = 0, hypervisors = 0;

    struct blob tree = blob_read("ok/two-domains.dtb");
    struct sim_machine *machine = sim_create(
        tree.data, tree.size,
        &(struct sim_options){.seed = (uint64_t)_i, .schedule = _i % 2 != 0 ? SIM_SCHEDULE_PCT : SIM_SCHEDULE_DEFAULT});
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    start(3);
    finished = 0;
    ck_assert_int_eq(sim_run_with(machine, first, NULL, second), SIM_END_RETURNED);
    for (unsigned row = 0; row < terminal.row; row++) {
        const char *text = terminal.rows[row];
        shared += filled_with(text, "dom1: ") != 0;
        own += filled_with(text, "dom2: ") == 'a' || filled_with(text, "dom3: ") == 'b';
        hypervisors += filled_with(text, "bulkhead: ") != 0;
    }
    ck_assert_uint_eq(shared, 2 * LINES);
    ck_assert_uint_eq(own, 2 * LINES);
    ck_assert_uint_eq(hypervisors, 2 * LINES);
    sim_destroy(machine);
    blob_free(&tree);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, lines_do_not_tear, 0, 20);
}

int main(void)
{
    return suite_run("console-cpus", add_tests, NULL);
}
