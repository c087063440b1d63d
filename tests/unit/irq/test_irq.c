// SPDX-License-Identifier: Apache-2.0
/* The table of sinks: who is called, who is not there, and what is said when something has to be turned off. Of the
 * hypervisor's own sinks: sched/test_run.c. */
#include "irq/irq.h"

#include <string.h>

#include "drivers/gic.h"
#include "support/suite.h"
#include "vcpu/vcpu_timers.h"

#define TOKENS 64

/** What waits at the interface, and what became of it. */
static struct {
    uint32_t waiting[TOKENS];
    unsigned count, taken, ended;
    uint32_t disabled;
    unsigned disables;
} gic;

static uint32_t acknowledge(struct gic *self, uint32_t *token)
{
    (void)self;
    *token = gic.taken < gic.count ? gic.waiting[gic.taken++] : GIC_SPURIOUS;
    return *token;
}

static void priority_drop(struct gic *self, uint32_t token)
{
    (void)self;
    ck_assert_uint_eq(token, gic.waiting[gic.taken - 1]);
}

static void deactivate(struct gic *self, uint32_t token)
{
    priority_drop(self, token);
    gic.ended++;
}

static void disable(struct gic *self, uint32_t intid)
{
    (void)self;
    gic.disabled = intid;
    gic.disables++;
}

static const struct gic_ops ops = {
    .acknowledge = acknowledge, .priority_drop = priority_drop, .deactivate = deactivate, .disable = disable};

static struct {
    unsigned count, cpu;
    uint32_t intid;
    const char *why;
} reports;

static void report(unsigned cpu, uint32_t intid, const char *why)
{
    reports.count++;
    reports.cpu = cpu;
    reports.intid = intid;
    reports.why = why;
}

static struct {
    unsigned calls;
    uint32_t intid;
} handled;

static enum irq_result handle(unsigned cpu, uint32_t intid, unsigned count)
{
    (void)cpu;
    (void)count;
    handled.calls++;
    handled.intid = intid;
    return IRQ_ENDED;
}

static const struct irq_sink one = {.handle = handle};

static void setup(void)
{
    memset(&gic, 0, sizeof(gic));
    memset(&reports, 0, sizeof(reports));
    memset(&handled, 0, sizeof(handled));
    host_gic.ops = &ops;
    irq_init(report);
}

static void take(unsigned cpu, uint32_t intid)
{
    gic.waiting[gic.count++] = intid;
    irq_take(cpu);
    ck_assert_uint_eq(gic.taken, gic.count);
    ck_assert_uint_eq(gic.ended, gic.count);
}

START_TEST(each_goes_to_its_sink)
{
    ck_assert_int_eq(irq_connect(40, &one), HV_OK);
    ck_assert_int_eq(irq_connect(1019, &one), HV_OK);
    take(0, 40);
    ck_assert_uint_eq(handled.intid, 40);
    take(0, 1019);
    ck_assert_uint_eq(handled.intid, 1019);
    ck_assert_uint_eq(handled.calls, 2);
    ck_assert_uint_eq(gic.disables, 0);
    ck_assert_uint_eq(reports.count, 0);
}
END_TEST

START_TEST(nobodys_is_turned_off_and_reported)
{
    ck_assert_int_eq(irq_connect(40, &one), HV_OK);
    take(3, 41);
    ck_assert_uint_eq(handled.calls, 0);
    ck_assert_uint_eq(gic.disabled, 41);
    ck_assert_uint_eq(reports.count, 1);
    ck_assert_uint_eq(reports.cpu, 3);
    ck_assert_uint_eq(reports.intid, 41);
    ck_assert_str_eq(reports.why, "is nobody's");
}
END_TEST

START_TEST(reports_have_an_end)
{
    for (unsigned i = 0; i < 2 * IRQ_MAX_REPORTS; i++)
        take(0, 100 + i);
    ck_assert_uint_eq(gic.disables, 2 * IRQ_MAX_REPORTS);
    ck_assert_uint_eq(reports.count, IRQ_MAX_REPORTS);
    ck_assert_uint_eq(reports.intid, 100 + IRQ_MAX_REPORTS - 1);
}
END_TEST

/** Leaves room for @p left more. */
static void fill(unsigned left)
{
    static const struct irq_sink sinks[IRQ_MAX_SINKS];

    for (unsigned i = 1; i < IRQ_MAX_SINKS - left; i++) /* nobody is one */
        ck_assert_int_eq(irq_connect(100 + i, &sinks[i]), HV_OK);
}

START_TEST(a_full_table)
{
    fill(1);
    ck_assert_int_eq(irq_connect(40, &one), HV_OK);
    static const struct irq_sink another = {.handle = handle};
    ck_assert_int_eq(irq_connect(41, &another), HV_E_NOMEM);
    ck_assert_int_eq(irq_connect(40, &another), HV_E_NOMEM);
    ck_assert_int_eq(irq_connect(42, &one), HV_OK); /* one that is there already needs no room */
    take(0, 40);
    take(0, 42);
    ck_assert_uint_eq(handled.calls, 2);
    take(0, 41);
    ck_assert_uint_eq(handled.calls, 2);
    ck_assert_uint_eq(gic.disabled, 41);
}
END_TEST

START_TEST(guests_timers_say_that_there_is_no_room)
{
    fill(1);
    ck_assert_int_eq(vcpu_timers_init(27, 30), HV_OK);
    irq_init(report);
    fill(0);
    ck_assert_int_eq(vcpu_timers_init(27, 30), HV_E_NOMEM);
}
END_TEST

static unsigned lost[2];

static void lost_one(unsigned cpu)
{
    (void)cpu;
    lost[0]++;
}

static void lost_another(unsigned cpu)
{
    (void)cpu;
    lost[1]++;
}

/* Many interrupts are no storm while none of the sinks has IRQ_STORM of them: each is counted by itself. */
START_TEST(a_storm_is_one_sinks)
{
    static const struct irq_sink sinks[] = {{handle, lost_one}, {handle, lost_another}};

    memset(lost, 0, sizeof(lost));
    ck_assert_int_eq(irq_connect(40, &sinks[0]), HV_OK);
    ck_assert_int_eq(irq_connect(41, &sinks[1]), HV_OK);
    for (unsigned i = 0; i < 2 * (IRQ_STORM - 1); i++)
        gic.waiting[gic.count++] = 40 + i % 2;
    irq_take(0);
    ck_assert_uint_eq(handled.calls, 2 * (IRQ_STORM - 1));
    ck_assert_uint_eq(gic.disables, 0);
    for (unsigned i = 0; i < IRQ_STORM; i++)
        gic.waiting[gic.count++] = 41;
    irq_take(0);
    ck_assert_uint_eq(gic.disables, 1);
    ck_assert_uint_eq(gic.disabled, 41);
    ck_assert_uint_eq(lost[0], 0);
    ck_assert_uint_eq(lost[1], 1);
    ck_assert_uint_eq(reports.count, 1);
    ck_assert_str_eq(reports.why, "storms");
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, each_goes_to_its_sink);
    tcase_add_test(tests, nobodys_is_turned_off_and_reported);
    tcase_add_test(tests, reports_have_an_end);
    tcase_add_test(tests, a_storm_is_one_sinks);
    tcase_add_test(tests, a_full_table);
    tcase_add_test(tests, guests_timers_say_that_there_is_no_room);
}

int main(void)
{
    return suite_run("irq", add_tests, setup);
}
