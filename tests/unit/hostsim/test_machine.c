// SPDX-License-Identifier: Apache-2.0
/* Time, CPUs, memory and the UART of the simulated machine. */
#include <libfdt.h>

#include "unit/hostsim/mini.h"

/* ---- Time and CPUs. What the simulated CPUs do is noted here; they run in this process. */

static char notes[256];

static void note(const char *text)
{
    strcat(notes, text);
}

static void wait_us(uint64_t microseconds)
{
    uint64_t until = arch_timer_now() + microseconds * arch_timer_frequency() / 1000000;
    while (arch_timer_now() < until)
        arch_cpu_wait();
}

static void second_cpu(unsigned cpu)
{
    ck_assert_uint_eq(cpu, 1);
    ck_assert_uint_eq(arch_cpu_id(), 1);
    ck_assert_uint_eq(arch_cpu_mpidr(), 1);
    wait_us(1000);
    note("b");
    wait_us(2000);
    note("d");
}

static void first_cpu(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 7), HV_E_INVALID);
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_E_BUSY);
    note("a");
    wait_us(2000);
    note("c");
    wait_us(2000);
    note("e");
}

START_TEST(test_cpus_share_time)
{
    struct sim_machine *machine = make_machine(NULL);
    *notes = '\0';
    ck_assert_int_eq(sim_run_with(machine, first_cpu, NULL, second_cpu), SIM_END_RETURNED);
    ck_assert_str_eq(notes, "abcde");
    ck_assert_uint_ge(sim_time_ns(machine), 4000000);
    ck_assert_uint_le(sim_time_ns(machine), 4300000); /* side by side, not one after the other */
    sim_destroy(machine);
}
END_TEST

static uint64_t last_seen;

static void look_at_the_clock(void)
{
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t now = arch_timer_now();
        ck_assert_uint_ge(now, last_seen);
        last_seen = now;
    }
}

static void look_second(unsigned cpu)
{
    (void)cpu;
    look_at_the_clock();
}

static void look_first(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    look_at_the_clock();
}

/* The counter never goes back, on whichever CPU one looks, in whichever order they run. */
START_TEST(test_counter_is_monotonic)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.seed = (uint64_t)_i});
    last_seen = 0;
    ck_assert_int_eq(sim_run_with(machine, look_first, NULL, look_second), SIM_END_RETURNED);
    sim_destroy(machine);
}
END_TEST

static struct arch_spinlock lock;
static unsigned counted;

static void count(void)
{
    for (unsigned i = 0; i < 200; i++) {
        arch_spin_lock(&lock);
        unsigned value = counted;
        (void)arch_timer_now(); /* the other CPU has its turn here */
        counted = value + 1;
        arch_spin_unlock(&lock);
    }
}

static void count_second(unsigned cpu)
{
    (void)cpu;
    count();
}

static void count_first(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    count();
    wait_us(100000);
}

START_TEST(test_locks_exclude)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.seed = (uint64_t)_i});
    lock = (struct arch_spinlock){0};
    counted = 0;
    ck_assert_int_eq(sim_run_with(machine, count_first, NULL, count_second), SIM_END_RETURNED);
    ck_assert_uint_eq(counted, 400);
    sim_destroy(machine);
}
END_TEST

/* The same without the lock loses counts in some order: the interleavings are real. */
static void careless(void)
{
    for (unsigned i = 0; i < 200; i++) {
        unsigned value = counted;
        (void)arch_timer_now();
        counted = value + 1;
    }
}

static void careless_second(unsigned cpu)
{
    (void)cpu;
    careless();
}

static void careless_first(void *context)
{
    (void)context;
    ck_assert_int_eq(arch_cpu_start(1, 1), HV_OK);
    while (counted == 0) /* the other has begun */
        (void)arch_timer_now();
    careless();
    wait_us(100000);
}

START_TEST(test_races_are_found)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.seed = 3});
    counted = 0;
    ck_assert_int_eq(sim_run_with(machine, careless_first, NULL, careless_second), SIM_END_RETURNED);
    ck_assert_uint_lt(counted, 400);
    sim_destroy(machine);
}
END_TEST

static void sleep_by_timer(void *context)
{
    struct arch_mmio gicd, gicc;
    (void)context;
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x1000) && arch_mmio_map(&gicc, pa(GICC), 0x2000));
    arch_mmio_write32(&gicd, 0, 1);
    arch_mmio_write32(&gicd, 0x100, 1u << 26);
    arch_mmio_write32(&gicc, 4, 0xff);
    arch_mmio_write32(&gicc, 0, 1);
    uint64_t deadline = arch_timer_now() + arch_timer_frequency(); /* a second */
    arch_timer_set_deadline(deadline);
    arch_cpu_idle();
    ck_assert_uint_ge(arch_timer_now(), deadline);
    ck_assert_uint_lt(arch_timer_now(), deadline + 100);
    ck_assert_uint_eq(arch_mmio_read32(&gicc, 0x0c), 26);
    arch_timer_set_deadline(ARCH_TIMER_NEVER);
    arch_mmio_write32(&gicc, 0x10, 26);
    arch_cpu_idle(); /* nothing will ever wake it */
    ck_abort();
}

START_TEST(test_idle_jumps)
{
    struct sim_machine *machine = make_machine(NULL);
    ck_assert_int_eq(sim_run_with(machine, sleep_by_timer, NULL, NULL), SIM_END_IDLE);
    ck_assert_uint_lt(sim_steps(machine), 100);
    sim_destroy(machine);
}
END_TEST

static void spin_for_ever(void *context)
{
    (void)context;
    for (;;)
        (void)arch_timer_now();
}

START_TEST(test_limits)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.time_limit_us = 100});
    ck_assert_int_eq(sim_run_with(machine, spin_for_ever, NULL, NULL), SIM_END_LIMIT);
    sim_destroy(machine);
    machine = make_machine(&(struct sim_options){.step_limit = 1000});
    ck_assert_int_eq(sim_run_with(machine, spin_for_ever, NULL, NULL), SIM_END_LIMIT);
    ck_assert_uint_eq(sim_steps(machine), 1001);
    sim_destroy(machine);
}
END_TEST

/* ---- Memory */

START_TEST(test_caches)
{
    struct sim_machine *machine = make_machine(NULL);
    uint8_t byte = 1;
    uint8_t *window = arch_window_open(0, pa(KERNEL_PA), 0x1000, ARCH_MAP_READ_WRITE);
    window[100] = 0x11;
    sim_peek(machine, KERNEL_PA + 100, &byte, 1);
    ck_assert_uint_eq(byte, 0); /* in the cache only */
    arch_cache_clean(window, 64);
    sim_peek(machine, KERNEL_PA + 100, &byte, 1);
    ck_assert_uint_eq(byte, 0); /* byte 100 is in the next line */
    arch_cache_clean(window + 100, 1);
    sim_peek(machine, KERNEL_PA + 100, &byte, 1);
    ck_assert_uint_eq(byte, 0x11);
    byte = 0x22; /* somebody writes past the caches */
    ck_assert(sim_load(machine, KERNEL_PA + 101, &byte, 1));
    ck_assert_uint_ne(window[101], 0x22);
    arch_cache_clean(window, 0x1000); /* not dirty: nothing is written back over it */
    sim_peek(machine, KERNEL_PA + 101, &byte, 1);
    ck_assert_uint_eq(byte, 0x22);
    arch_cache_clean_invalidate(window, 0x1000);
    ck_assert_uint_eq(window[101], 0x22);
    ck_assert_uint_eq(window[100], 0x11);
    window[100] = 0x33; /* dirty, then zeroed and cleaned as a whole */
    arch_zero_and_clean(window, 0x1000);
    sim_peek(machine, KERNEL_PA + 100, &byte, 1);
    ck_assert_uint_eq(byte, 0);
    arch_window_close(0);
    sim_destroy(machine);
}
END_TEST

START_TEST(test_ram_is_not_clean)
{
    struct sim_machine *machine = make_machine(NULL);
    unsigned dirty = 0;
    for (uint64_t block = 0x40000000; block < 0xc0000000; block += 0x200000) {
        uint8_t byte;
        uint64_t page = (block - 0x40000000) / 0x200000 % 512;
        ck_assert(sim_peek(machine, block + page * 0x1000, &byte, 1));
        dirty += byte != 0;
    }
    ck_assert_uint_ge(dirty, 1000);
    uint8_t byte;
    ck_assert(!sim_peek(machine, 0x3fffffff, &byte, 1));
    ck_assert(!sim_peek(machine, 0xbfffffff, &byte, 2));
    sim_destroy(machine);
}
END_TEST

/* ---- The UART */

/* ---- RAM of a machine that is gone is used again: nothing of it is left */

#define LEFT_STORED SPARE_PA               /* by core, not cleaned */
#define LEFT_CLEANED (SPARE_PA + 0x3000)   /* by core */
#define LEFT_LOADED (SPARE_PA + 0x6000)    /* by a boot loader */
#define LEFT_OVERTAKEN (SPARE_PA + 0x9000) /* by a boot loader, below a line that core holds */

static uint64_t sum_of(const uint8_t *bytes)
{
    uint64_t sum = 0;
    for (unsigned i = 0; i < 0x1000; i++)
        sum += bytes[i];
    return sum;
}

static void leave_something(void *context)
{
    static uint8_t bytes[0x1000];
    memset(bytes, 0x5a, sizeof(bytes));
    memset(arch_window_open(0, pa(LEFT_STORED), 0x1000, ARCH_MAP_READ_WRITE), 0x5a, 0x1000);
    void *window = arch_window_open(1, pa(LEFT_CLEANED), 0x1000, ARCH_MAP_READ_WRITE);
    memset(window, 0x5a, 0x1000);
    arch_cache_clean(window, 0x1000);
    ck_assert(sim_load(context, LEFT_LOADED, bytes, sizeof(bytes)));
    (void)arch_window_open(0, pa(LEFT_OVERTAKEN), 0x1000, ARCH_MAP_READ);
    ck_assert(sim_load(context, LEFT_OVERTAKEN, bytes, sizeof(bytes)));
    arch_window_close(1);
}

static void find_nothing(void *context)
{
    static const uint64_t places[] = {LEFT_STORED, LEFT_CLEANED, LEFT_LOADED, LEFT_OVERTAKEN};
    static uint8_t bytes[0x1000];
    for (unsigned i = 0; i < 4; i++) {
        ck_assert(sim_peek(context, places[i], bytes, sizeof(bytes)));
        ck_assert_uint_eq(sum_of(bytes), 0);
        uint8_t *window = arch_window_open(0, pa(places[i]), 0x1000, ARCH_MAP_READ_WRITE);
        ck_assert_uint_eq(sum_of(window), 0);
        arch_cache_clean(window, 0x1000);
        ck_assert(sim_peek(context, places[i], bytes, sizeof(bytes)));
        ck_assert_uint_eq(sum_of(bytes), 0);
    }
}

START_TEST(test_the_next_machine_is_as_new)
{
    for (unsigned round = 0; round < 3; round++) {
        struct sim_machine *machine = make_machine(NULL);
        ck_assert_int_eq(sim_run_with(machine, find_nothing, machine, NULL), SIM_END_RETURNED);
        sim_destroy(machine);
        machine = make_machine(NULL);
        ck_assert_int_eq(sim_run_with(machine, leave_something, machine, NULL), SIM_END_RETURNED);
        sim_destroy(machine);
    }
}
END_TEST

START_TEST(test_uart_speed)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.uart_baud = 9600});
    struct arch_mmio uart;
    ck_assert(arch_mmio_map(&uart, pa(UART), 0x1000));
    uint64_t begin = sim_time_ns(machine);
    for (unsigned i = 0; i < 96; i++) {
        while ((arch_mmio_read32(&uart, 0x18) & 1u << 5) != 0)
            ;
        arch_mmio_write32(&uart, 0, 'a' + i % 26);
    }
    uint64_t took = sim_time_ns(machine) - begin; /* 10 bits a character, 32 of them in the FIFO at the end */
    ck_assert_uint_ge(took, 64 * 10 * 1000000000ULL / 9600 * 95 / 100);
    ck_assert_uint_le(took, 65 * 10 * 1000000000ULL / 9600);
    ck_assert_uint_eq(strlen(sim_output(machine)), 96);
    sim_destroy(machine);
}
END_TEST

START_TEST(test_uart_receives)
{
    struct sim_machine *machine = make_machine(NULL);
    struct arch_mmio uart, gicd;
    ck_assert(arch_mmio_map(&uart, pa(UART), 0x1000) && arch_mmio_map(&gicd, pa(GICD), 0x1000));
    sim_input(machine, 1000, "hi");
    arch_mmio_write32(&uart, 0x38, 1u << 6); /* receive timeout */
    ck_assert_uint_ne(arch_mmio_read32(&uart, 0x18) & 1u << 4, 0);
    sim_advance(machine, 1100000);
    ck_assert_uint_eq(arch_mmio_read32(&uart, 0x18) & 1u << 4, 0);
    sim_advance(machine, 10000000);
    ck_assert_uint_ne(arch_mmio_read32(&uart, 0x3c) & 1u << 6, 0);
    ck_assert_uint_ne(arch_mmio_read32(&gicd, 0x204) & 2, 0); /* INTID 33 */
    ck_assert_uint_eq(arch_mmio_read32(&uart, 0), 'h');
    ck_assert_uint_eq(arch_mmio_read32(&uart, 0), 'i');
    ck_assert_uint_eq(arch_mmio_read32(&gicd, 0x204) & 2, 0);
    sim_destroy(machine);
}
END_TEST

/* A guest to whom the UART is assigned may misuse it. */
static void program_misuse(uint64_t device_tree)
{
    (void)device_tree;
    guest_write32(SPARE_IPA + 0x30, 0); /* CR: off */
    guest_write32(SPARE_IPA, 'x');
    guest_write32(SPARE_IPA + 0x30, 0x301);
    for (unsigned i = 0; i < 40; i++)
        guest_write32(SPARE_IPA, 'y');
    guest_hvc(0, 0, 0, 0);
}

static void run_misuse(void *context)
{
    struct mini mini;
    (void)context;
    mini_begin(&mini, "misuse");
    mini_map(&mini, SPARE_IPA, UART, DEVICE);
    arch_vcpu_load(&mini.vcpu);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
    arch_vcpu_put(&mini.vcpu);
}

START_TEST(test_uart_misused_by_a_guest)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.uart_baud = 9600});
    sim_register_guest("misuse", program_misuse);
    enum sim_end end = sim_run_with(machine, run_misuse, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    ck_assert_str_eq(sim_output(machine), "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"); /* the others were lost */
    sim_destroy(machine);
}
END_TEST

/* ---- What the device tree says */

START_TEST(test_parts_of_a_server)
{
    size_t size;
    void *dtb = read_file("ok/server.dtb", &size);
    struct sim_machine *machine = sim_create(dtb, size, NULL);
    uint8_t byte;
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    ck_assert(sim_peek(machine, 0x80000000, &byte, 1));
    ck_assert(sim_peek(machine, 0x8ffffffff, &byte, 1));
    ck_assert(!sim_peek(machine, 0x9000000000, &byte, 1)); /* disabled */
    ck_assert_uint_eq(arch_cpu_mpidr(), 0x100);
    ck_assert_uint_eq(arch_timer_frequency(), 25000000);
    struct arch_mmio uart;
    ck_assert(arch_mmio_map(&uart, pa(0x100011000), 0x1000));
    arch_mmio_write32(&uart, 0, 'x');
    ck_assert_str_eq(sim_output(machine), "x");
    sim_destroy(machine);
    free(dtb);
}
END_TEST

/* A bus that counts in more cells than libfdt takes is none, wherever it is: nothing outside of the tree is read. */
START_TEST(test_cells_out_of_range)
{
    static const struct {
        const char *property;
        uint32_t cells;
    } cases[] = {{"#address-cells", 5}, {"#address-cells", UINT32_MAX}, {"#address-cells", 0}, {"#size-cells", 5}};
    size_t size;
    void *dtb = read_file("ok/two-domains.dtb", &size);
    ck_assert_int_eq(fdt_setprop_inplace_u32(dtb, 0, cases[_i].property, cases[_i].cells), 0);
    ck_assert_ptr_null(sim_create(dtb, size, NULL));
    ck_assert_str_eq(sim_create_error(), "no memory node");
    free(dtb);
}
END_TEST

START_TEST(test_too_many_cpus_for_gicv2)
{
    static uint8_t dtb[1 << 16];
    size_t size;
    void *file = read_file("ok/two-domains.dtb", &size);
    ck_assert_int_eq(fdt_open_into(file, dtb, sizeof(dtb)), 0);
    free(file);
    for (int cpus = 2; cpus < 9; cpus++) {
        char name[] = "cpu@100";
        struct sim_machine *machine = sim_create(dtb, fdt_totalsize(dtb), NULL);
        ck_assert_msg(machine != NULL, "%d CPUs: %s", cpus, sim_create_error());
        sim_destroy(machine);
        name[6] = (char)('0' + cpus);
        int node = fdt_add_subnode(dtb, fdt_path_offset(dtb, "/cpus"), name);
        ck_assert_int_ge(node, 0);
        ck_assert_int_eq(fdt_setprop_string(dtb, node, "device_type", "cpu"), 0);
    }
    ck_assert_ptr_null(sim_create(dtb, fdt_totalsize(dtb), NULL));
    ck_assert_str_eq(sim_create_error(), "interrupt controller: a GICv2 has interfaces for 8 CPUs");
}
END_TEST

/* What a damaged tree may say of a device's registers. */
START_TEST(test_frames_that_cannot_be)
{
    struct sim_machine *machine = make_machine(&(struct sim_options){.pa_bits = 40});
    struct arch_mmio mmio;

    ck_assert(arch_mmio_map(&mmio, pa(0x9000000), 0x1000));
    ck_assert(arch_mmio_map(&mmio, pa((1ULL << 40) - 0x1000), 0x1000));
    ck_assert(!arch_mmio_map(&mmio, pa((1ULL << 40) - 0x1000), 0x1001));
    ck_assert(!arch_mmio_map(&mmio, pa(1ULL << 40), 0x1000));
    ck_assert(!arch_mmio_map(&mmio, pa(0x4bf21580a45f5174), 0x1000));
    ck_assert(!arch_mmio_map(&mmio, pa(UINT64_MAX - 3), 0x1000));
    ck_assert(!arch_mmio_map(&mmio, pa(0x3d), 0x1000));
    sim_destroy(machine);
}
END_TEST

START_TEST(test_no_machine)
{
    uint8_t garbage[64] = {0};
    ck_assert_ptr_null(sim_create(garbage, sizeof(garbage), NULL));
    ck_assert_str_eq(sim_create_error(), "not a device tree");
    size_t size;
    void *dtb = read_file("bad/machine-no-memory.dtb", &size);
    ck_assert_ptr_null(sim_create(dtb, size, NULL));
    ck_assert_str_eq(sim_create_error(), "no memory node");
    free(dtb);
    /* What works without: locks, the counter, plain memory */
    struct arch_spinlock desk = {0};
    arch_spin_lock(&desk);
    arch_spin_unlock(&desk);
    uint64_t now = arch_timer_now();
    ck_assert_uint_gt(arch_timer_now(), now);
    static _Alignas(64) uint8_t memory[128] = {1, 2, 3};
    arch_zero_and_clean(memory, sizeof(memory));
    ck_assert_uint_eq(memory[2], 0);
    ck_assert_uint_eq(arch_smc(0x84000000, 0, 0, 0), UINT64_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim machine");
    TCase *tcase = tcase_create("machine");
    tcase_add_test(tcase, test_cpus_share_time);
    tcase_add_loop_test(tcase, test_counter_is_monotonic, 0, 4);
    tcase_add_loop_test(tcase, test_locks_exclude, 0, 4);
    tcase_add_test(tcase, test_races_are_found);
    tcase_add_test(tcase, test_idle_jumps);
    tcase_add_test(tcase, test_limits);
    tcase_add_test(tcase, test_caches);
    tcase_add_test(tcase, test_ram_is_not_clean);
    tcase_add_test(tcase, test_the_next_machine_is_as_new);
    tcase_add_test(tcase, test_uart_speed);
    tcase_add_test(tcase, test_uart_receives);
    tcase_add_test(tcase, test_parts_of_a_server);
    tcase_add_loop_test(tcase, test_cells_out_of_range, 0, 4);
    tcase_add_test(tcase, test_too_many_cpus_for_gicv2);
    tcase_add_test(tcase, test_uart_misused_by_a_guest);
    tcase_add_test(tcase, test_frames_that_cannot_be);
    tcase_add_test(tcase, test_no_machine);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
