// SPDX-License-Identifier: Apache-2.0
/* Whose share a vCPU belongs to, and which CPU is told of what. How turns go is in tests/scenario: wakes, fairness. */
#include "sched/sched.h"
#include "support/suite.h"
#include "unit/domain/fixture.h"

#define CPUS 3

static unsigned kicks[CPUS];

static void send_kick(struct gic *gic, unsigned cpu)
{
    (void)gic;
    kicks[cpu]++;
}

static const struct gic_ops ops = {.send_kick = send_kick};
static struct domain domains[2];
static struct vcpu vcpus[2][4];

/** Two domains of four vCPUs, vCPU n of each on CPU n modulo 3. This is CPU 0. */
static void prepare(void)
{
    setup();
    host_gic.ops = &ops;
    memset(kicks, 0, sizeof(kicks));
    memset(domains, 0, sizeof(domains));
    memset(vcpus, 0, sizeof(vcpus));
    for (unsigned i = 0; i < CPUS; i++)
        cpu_table[i].reschedule = false;
    for (unsigned d = 0; d < 2; d++) {
        domains[d].vcpu_count = 4;
        for (unsigned i = 0; i < 4; i++) {
            vcpus[d][i] = (struct vcpu){.domain = &domains[d], .index = (uint8_t)i, .cpu = (uint8_t)(i % CPUS)};
            domains[d].vcpus[i] = &vcpus[d][i];
            sched_add_vcpu(&vcpus[d][i]);
        }
    }
}

START_TEST(one_share_a_domain_and_cpu)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        const struct cpu_share *share = cpu_table[cpu].shares;
        for (unsigned d = 0; d < 2; d++, share = share->next) {
            ck_assert_ptr_eq(share, &domains[d].shares[cpu]);
            ck_assert_ptr_eq(share->domain, &domains[d]);
            ck_assert_ptr_eq(share->vcpus, &vcpus[d][cpu]);
            ck_assert_ptr_eq(share->vcpus->next, cpu == 0 ? &vcpus[d][3] : NULL);
        }
        ck_assert_ptr_null(share);
        ck_assert_ptr_eq(cpu_table[cpu].unbuilt, cpu_table[cpu].shares);
    }
    ck_assert_ptr_null(vcpus[0][3].next);
}
END_TEST

static unsigned kicked(const struct vcpu *vcpu)
{
    unsigned before = kicks[vcpu->cpu];

    vcpu_wake(&vcpus[vcpu->domain == &domains[1]][vcpu->index]);
    ck_assert_uint_eq(vcpu->wake, 1);
    return kicks[vcpu->cpu] - before;
}

/* A turn that ends anyway is not disturbed for a vCPU that waits for its own; everybody else is told at once. */
START_TEST(who_is_told_of_a_wake)
{
    struct cpu *own = &cpu_table[0], *other = &cpu_table[1];

    ck_assert_uint_eq(kicked(&vcpus[0][1]), 1); /* it may sleep */
    other->settled = 1;
    ck_assert_uint_eq(kicked(&vcpus[0][1]), 0);
    other->loaded = &vcpus[1][1];
    ck_assert_uint_eq(kicked(&vcpus[0][1]), 0);
    other->loaded = &vcpus[0][1]; /* has to leave its guest, to find the interrupt */
    ck_assert_uint_eq(kicked(&vcpus[0][1]), 1);
    ck_assert_uint_eq(kicked(&vcpus[0][2]), 1); /* another CPU's */
    ck_assert(!own->reschedule);
    own->settled = 1;
    ck_assert_uint_eq(kicked(&vcpus[1][3]), 0);
    ck_assert(own->reschedule);
    ck_assert_uint_eq(kicks[0], 0);
}
END_TEST

START_TEST(the_earliest_wish_for_the_console)
{
    struct cpu *cpu = &cpu_table[0];

    deadline_init(cpu_look_again);
    deadline_add(&console.tick, 0, NULL);
    deadline_bring_forward(&console.tick, 100);
    ck_assert_uint_eq(console.tick.when, 100);
    ck_assert(cpu->reschedule); /* the timer is set anew */
    cpu->reschedule = false;
    deadline_bring_forward(&console.tick, 100);
    deadline_bring_forward(&console.tick, 200);
    ck_assert_uint_eq(console.tick.when, 100);
    ck_assert(!cpu->reschedule);
    sim_act_as(fixture.machine, 1);
    deadline_bring_forward(&console.tick, 50);
    ck_assert_uint_eq(console.tick.when, 50);
    ck_assert_uint_eq(kicks[0], 1);
    ck_assert(!cpu->reschedule); /* the other CPU's own */
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, one_share_a_domain_and_cpu);
    tcase_add_test(tests, who_is_told_of_a_wake);
    tcase_add_test(tests, the_earliest_wish_for_the_console);
}

int main(void)
{
    return suite_run("sched", add_tests, prepare);
}
