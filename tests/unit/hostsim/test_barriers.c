// SPDX-License-Identifier: Apache-2.0
/* An interrupt that one CPU sends another by GICD_SGIR is a store to a device: without a barrier it may come before
 * what it tells of can be seen (DDI 0487 B2.3). */
#include "unit/hostsim/mini.h"

#include "hostsim/cpus/atomic_accesses.h"

static uint32_t word;
static struct arch_spinlock lock;

static void send(void)
{
    struct arch_mmio gicd;
    ck_assert(arch_mmio_map(&gicd, pa(GICD), 0x1000));
    arch_mmio_write32(&gicd, 0xf00, 1u << 16);
}

static void behind_a_store(void *context)
{
    (void)context;
    __atomic_store_n(&word, 1, __ATOMIC_RELEASE);
    send();
}

static void behind_an_exchange(void *context)
{
    (void)context;
    (void)__atomic_exchange_n(&word, 1, __ATOMIC_SEQ_CST);
    send();
}

static void behind_a_lock(void *context)
{
    (void)context;
    arch_spin_lock(&lock);
    arch_spin_unlock(&lock);
    send();
}

static void behind_a_barrier(void *context)
{
    (void)context;
    send(); /* nothing to tell of */
    __atomic_store_n(&word, 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    (void)__atomic_load_n(&word, __ATOMIC_RELAXED);
    send();
    arch_spin_lock(&lock);
    arch_spin_unlock(&lock);
    arch_cpu_signal(); /* has one in it */
    send();
}

START_TEST(test_rule)
{
    static void (*const wrongs[])(void *context) = {behind_a_store, behind_an_exchange, behind_a_lock};
    lock = (struct arch_spinlock){0};
    expect_rule(wrongs[_i], "no barrier since the last store");
}
END_TEST

START_TEST(test_no_false_alarm)
{
    struct sim_machine *machine = make_machine(NULL);
    lock = (struct arch_spinlock){0};
    ck_assert_int_eq(sim_run_with(machine, behind_a_barrier, NULL, NULL), SIM_END_RETURNED);
    sim_destroy(machine);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hostsim barriers");
    TCase *tcase = tcase_create("barriers");
    tcase_add_loop_test(tcase, test_rule, 0, 3);
    tcase_add_test(tcase, test_no_false_alarm);
    suite_add_tcase(suite, tcase);
    return suite_execute(suite);
}
