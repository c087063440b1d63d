// SPDX-License-Identifier: Apache-2.0
/* What several CPUs do to one thing of core at once, in many orders: a power state, a kick, the timeline. */
#include "hostsim/cpus/atomic_accesses.h" /* first: what this file reads of core, it sees as late as core does */

#include "unit/trap/guest.h"

#include "arch/cpu.h"
#include "arch/timer.h"
#include "hostsim/sim.h"
#include "scenario/support/system.h"
#include "support/seeds.h"
#include "trace/trace.h"
#include "trap/psci.h"

#define CPUS 3

static void (*on_cpu)(unsigned cpu);
static uint32_t finished, ready;

static void secondary(unsigned cpu)
{
    on_cpu(cpu);
    __atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
    arch_cpu_signal();
}

static void boot(void *prepare)
{
    void (*function)(void) = *(void (**)(void))prepare;

    function();
    for (unsigned cpu = 1; cpu < CPUS; cpu++)
        if (arch_cpu_start(cpu, cpu) != HV_OK)
            ck_abort_msg("CPU %u cannot be started", cpu);
    on_cpu(0);
    while (load_acquire(&finished) < CPUS - 1)
        arch_cpu_wait();
}

/** Runs @p function on every CPU, after @p prepare on the first. */
static void run_all(uint64_t seed, uint64_t steps, void (*prepare)(void), void (*function)(unsigned cpu))
{
    const struct sim_options options = {.seed = seed,
                                        .schedule = SIM_SCHEDULE_PCT,
                                        .clean_ram = true,
                                        .pct_depth = 2 + (unsigned)(seed % 5),
                                        .pct_steps = steps};
    struct sim_machine *machine = system_machine(CPUS, &options);

    on_cpu = function;
    finished = ready = 0;
    enum sim_end end = sim_run_with(machine, boot, &prepare, secondary);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_destroy(machine);
}

/* ---- CPU_ON by two vCPUs for a third, which goes off again at once ---- */

#define TARGET 2
#define ROUNDS 4
#define CPU_OFF 0x84000002u
#define CPU_ON 0xc4000003u
#define AFFINITY_INFO 0xc4000004u
#define ENTRY(caller, round) (RAM_BASE + 4 * ((caller)*ROUNDS + (round)))

static unsigned won[2][ROUNDS];

static int64_t call(unsigned vcpu, uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t *x = guest.vcpus[vcpu].arch.regs.x;

    x[1] = x1;
    x[2] = x2;
    x[3] = x3;
    return (int64_t)psci_call(&guest.vcpus[vcpu], function);
}

static void turn_on(unsigned caller)
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        int64_t answer = call(caller, CPU_ON, TARGET, ENTRY(caller, round), ~ENTRY(caller, round));
        while (answer != 0) {
            if (answer != -4 && answer != -5)
                ck_abort_msg("CPU_ON answers %lld", (long long)answer);
            arch_cpu_wait();
            answer = call(caller, CPU_ON, TARGET, ENTRY(caller, round), ~ENTRY(caller, round));
        }
        int64_t state = call(caller, AFFINITY_INFO, TARGET, 0, 0);
        if (state < 0 || state > 2)
            ck_abort_msg("AFFINITY_INFO answers %lld", (long long)state);
    }
    call(caller, CPU_OFF, 0, 0, 0);
}

/* Each request that was granted is taken up once, with the entry and the context of one and the same caller. */
static void be_turned_on(void)
{
    struct vcpu *self = &guest.vcpus[TARGET];

    for (unsigned starts = 0; starts < 2 * ROUNDS; starts++) {
        while (load_acquire(&self->state) != VCPU_READY)
            arch_cpu_wait();
        if (!vcpu_power_requested(self))
            ck_abort_msg("it is on without a request");
        vcpu_power_take_up(self);
        uint64_t number = (self->arch.regs.pc - RAM_BASE) / 4;
        if (number >= 2 * ROUNDS || self->arch.regs.x[0] != ~self->arch.regs.pc)
            ck_abort_msg("started at %#llx with %#llx", (unsigned long long)self->arch.regs.pc,
                         (unsigned long long)self->arch.regs.x[0]);
        won[number / ROUNDS][number % ROUNDS]++;
        call(TARGET, CPU_OFF, 0, 0, 0);
        arch_cpu_signal();
    }
}

static void prepare_guest(void)
{
    guest_setup(3);
    for (unsigned i = 0; i < 3; i++)
        guest.vcpus[i].cpu = (uint8_t)i;
    guest.vcpus[1].state = VCPU_READY;
    memset(won, 0, sizeof(won));
}

static void play_power(unsigned cpu)
{
    if (cpu == TARGET)
        be_turned_on();
    else
        turn_on(cpu);
}

static void power_states(uint64_t seed)
{
    run_all(seed, 700, prepare_guest, play_power);
    for (unsigned i = 0; i < 2 * ROUNDS; i++)
        if (won[i / ROUNDS][i % ROUNDS] != 1)
            ck_abort_msg("request %u was taken up %u times", i, won[i / ROUNDS][i % ROUNDS]);
    const char *off = strstr(screen(), "all its vCPUs were turned off");
    if (off == NULL || strstr(off + 1, "all its vCPUs were turned off") != NULL)
        ck_abort_msg("the domain did not end once: %s", screen());
}

START_TEST(power)
{
    seeds_run("power", 300, power_states);
}
END_TEST

/* ---- a ball that is passed on with a kick to a CPU that sleeps until one comes ---- */

#define LAPS 10

static uint32_t ball[CPUS];

static void open_gic(void)
{
    static const struct machine_gic frames = {.version = GIC_V2,
                                              .distributor = {0x08000000, 0x1000},
                                              .cpu_interface = {0x08010000, 0x2000},
                                              .hyp_interface = {0x08030000, 0x1000},
                                              .virtual_interface = {0x08040000, 0x2000},
                                              .maintenance_intid = 25};

    core_reset();
    memset(ball, 0, sizeof(ball));
    if (gic_open(&host_gic, &frames) != HV_OK)
        ck_abort_msg("no GIC");
    host_gic.ops->init_distributor(&host_gic);
}

static void take_kicks(void)
{
    struct gic *gic = &host_gic;
    uint32_t token;

    while (gic->ops->acknowledge(gic, &token) == GIC_SGI_KICK) {
        gic->ops->priority_drop(gic, token);
        gic->ops->deactivate(gic, token);
    }
}

static void pass_on(unsigned cpu, uint32_t lap)
{
    unsigned next = (cpu + 1) % CPUS;

    store_release(&ball[next], lap);
    cpu_kick(next);
}

static void play_ball(unsigned cpu)
{
    host_gic.ops->init_cpu(&host_gic);
    host_gic.ops->enable(&host_gic, GIC_SGI_KICK);
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    arch_cpu_signal();
    if (cpu == 0) {
        while (load_acquire(&ready) <
               CPUS) /* or the kick might go to nobody: a sleeper does not look before it sleeps */
            arch_cpu_wait();
        pass_on(0, 1);
    }
    for (uint32_t lap = 1; lap <= LAPS; lap++) {
        while (load_acquire(&ball[cpu]) < lap) {
            arch_cpu_idle();
            take_kicks();
        }
        if (cpu != 0 || lap < LAPS)
            pass_on(cpu, cpu == 0 ? lap + 1 : lap);
    }
}

static void kick_around(uint64_t seed)
{
    run_all(seed, 900, open_gic, play_ball);
}

START_TEST(kicks)
{
    seeds_run("kicks", 200, kick_around);
}
END_TEST

/* ---- the timeline: marks of all CPUs, printed meanwhile ---- */

#define MARKS 200 /* of each CPU: all together are more than there is room for */

static void clear_timeline(void)
{
    memset(&trace_timeline, 0, sizeof(trace_timeline));
}

static void drop(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    (void)text;
    (void)length;
}

static const char *nobody(uint16_t domid)
{
    (void)domid;
    return "x";
}

static void mark_time(unsigned cpu)
{
    static const char *const names[CPUS] = {"zero", "one", "two"};

    for (unsigned i = 0; i < MARKS; i++)
        trace_mark((uint16_t)cpu, names[cpu]);
}

static void mark_or_print(unsigned cpu)
{
    struct text_sink sink = {.put = drop};

    mark_time(cpu);
    if (cpu == 0)
        trace_print(&sink, nobody);
}

static void many_marks(uint64_t seed)
{
    unsigned count[CPUS] = {0};

    run_all(seed, 2500, clear_timeline, mark_or_print);
    if (trace_timeline.count != TRACE_MAX_MARKS)
        ck_abort_msg("%u marks", trace_timeline.count);
    for (unsigned i = 0; i < TRACE_MAX_MARKS; i++) {
        const struct trace_mark *mark = &trace_timeline.marks[i];
        if (mark->name == NULL || mark->cpu >= CPUS || mark->domid != mark->cpu || mark->name[0] != "zot"[mark->cpu] ||
            ++count[mark->cpu] > MARKS)
            ck_abort_msg("mark %u: %s of CPU %u", i, mark->name != NULL ? mark->name : "(none)", mark->cpu);
    }
}

START_TEST(marks)
{
    seeds_run("marks", 10, many_marks);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("protocols");

    seeds_add(suite, "power", power);
    seeds_add(suite, "kicks", kicks);
    seeds_add(suite, "marks", marks);
    return seeds_execute(suite);
}
