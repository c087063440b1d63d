/* What goes with a vCPU when another one gets the CPU: the virtual timer's interrupt, which stays active on the host
 * until the guest has handled it. */
#include "support/suite.h"
#include "unit/domain/fixture.h"
#include "vcpu/run.h"

#define HOST_TIMER 28 /* not the guest's number, so that the two are told apart */

/** What was asked of the host's interrupt controller. */
static struct {
    bool active;
    unsigned changes, loads, puts;
} gic;

static void set_active(struct gic *self, uint32_t intid, bool active)
{
    (void)self;
    ck_assert_uint_eq(intid, HOST_TIMER);
    gic.active = active;
    gic.changes++;
}

static void vcpu_load(struct gic *self, const struct gic_vcpu_state *state)
{
    (void)self;
    (void)state;
    gic.loads++;
}

static void vcpu_put(struct gic *self, struct gic_vcpu_state *state)
{
    (void)self;
    (void)state;
    gic.puts++;
}

static const struct gic_ops ops = {.set_active = set_active, .vcpu_load = vcpu_load, .vcpu_put = vcpu_put};

static struct cpu *start(void)
{
    uint8_t *kernel = load_kernel(KIB(64));

    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    free(kernel);
    memset(&gic, 0, sizeof(gic));
    hypervisor.gic.ops = &ops;
    hypervisor.machine.timer_virtual_intid = HOST_TIMER;
    return &hypervisor.cpus[0];
}

START_TEST(an_interrupt_in_flight_goes_and_comes_with_its_vcpu)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    run_load(cpu, vcpu, true);
    ck_assert_ptr_eq(cpu->loaded, vcpu);
    vcpu->vgic.private[GUEST_TIMER_VIRTUAL_INTID].physical = true;
    gic.active = true;
    for (unsigned i = 0; i < 3; i++) {
        run_unload(cpu);
        ck_assert_ptr_null(cpu->loaded);
        ck_assert(!gic.active); /* or the timer of whoever comes next could not fire */
        ck_assert(vcpu->timer_in_flight);
        run_load(cpu, vcpu, true);
        ck_assert(gic.active); /* or the same interrupt would fire again */
        ck_assert(!vcpu->timer_in_flight);
    }
    ck_assert_uint_eq(gic.changes, 6);
}
END_TEST

START_TEST(without_one_nothing_is_touched)
{
    struct cpu *cpu = start();
    struct vcpu *vcpu = fixture.domain->vcpus[0];

    run_unload(cpu); /* none is loaded */
    ck_assert_uint_eq(gic.puts, 0);
    run_load(cpu, vcpu, true);
    run_load(cpu, vcpu, true); /* it is already */
    ck_assert_uint_eq(gic.loads, 1);
    run_unload(cpu);
    run_unload(cpu);
    ck_assert_uint_eq(gic.puts, 1);
    ck_assert_uint_eq(gic.changes, 0);
    ck_assert(!vcpu->timer_in_flight);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, an_interrupt_in_flight_goes_and_comes_with_its_vcpu);
    tcase_add_test(tests, without_one_nothing_is_touched);
}

int main(void)
{
    return suite_run("run", add_tests, setup);
}
