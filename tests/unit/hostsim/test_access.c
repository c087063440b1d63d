// SPDX-License-Identifier: Apache-2.0
/* RAM that core has not mapped is out of its reach, in any machine: an access ends the process. */
#include "unit/hostsim/mini.h"

/* Core has no business in RAM that it has not mapped, nor may it write what it mapped for reading. */
static void read_outside_of_windows(void *context)
{
    (void)context;
    volatile uint8_t *window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
    arch_window_close(0);
    (void)*window;
}

static void write_to_a_reader(void *context)
{
    (void)context;
    volatile uint8_t *window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
    *window = 1;
}

static void read_is_fine(void *context)
{
    (void)context;
    volatile uint8_t *window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
    (void)*window;
}

/* Nor in a window that was open in a machine before. */
static void *last_window;

static void leave_a_window(void *context)
{
    (void)context;
    last_window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ);
}

static void read_an_earlier_window(void *context)
{
    (void)context;
    (void)*(volatile uint8_t *)last_window;
}

static void (*const accesses[])(void *context) = {read_is_fine, read_outside_of_windows, write_to_a_reader,
                                                  read_an_earlier_window};

START_TEST(test_access)
{
    struct sim_machine *earlier = make_machine(NULL);
    sim_run_with(earlier, leave_a_window, NULL, NULL);
    sim_destroy(earlier);
    sim_run_with(make_machine(NULL), accesses[_i], NULL, NULL);
    _exit(7); /* reached by the first only: the others die of the fault */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim access");
    TCase *tcase = tcase_create("access");
    tcase_add_loop_exit_test(tcase, test_access, 7, 0, 1);
#if defined(__SANITIZE_ADDRESS__)
    tcase_add_loop_exit_test(tcase, test_access, 1, 1, 4); /* its report ends the process so */
#else
    tcase_add_loop_test_raise_signal(tcase, test_access, SIGSEGV, 1, 4);
#endif
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
