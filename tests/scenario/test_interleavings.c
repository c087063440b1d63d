// SPDX-License-Identifier: Apache-2.0
/* Whole systems whose CPUs take turns by priorities (PCT): what boots, types, stops and starts again must come out the
 * same in every order. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/timer.h"
#include "boot/boot.h"
#include "boot/hv_main.h"
#include "hostsim/guest.h"
#include "program.h"
#include "scenario/support/system.h"
#include "support/seeds.h"

#define STEPS 12000 /* of these boots, about */

static struct system_run new_run(uint64_t seed, unsigned cpus)
{
    return (struct system_run){.cpus = cpus,
                               .options = {.seed = seed,
                                           .schedule = SIM_SCHEDULE_PCT,
                                           .pct_depth = 2 + (unsigned)(seed % 4),
                                           .pct_steps = STEPS,
                                           .list_registers = seed % 3 == 0 ? 1 : 4}};
}

/** No CPU came too late because others had the turn. */
static void expect_all_cpus(const struct system_run *run)
{
    expect_lines(run, "bulkhead: warning: CPU*", 0);
}

/* ---- CPUs that check in while others start, two domains, builds side by side ---- */

static void two_domains(uint64_t seed)
{
    static const struct system_domain domains[] = {
        {.name = "clock", .program = "timer", .bootargs = "ticks=3 period-us=300"},
        {.name = "talk", .program = "hello", .ramdisk_size = 4096},
    };
    struct system_run run = new_run(seed, 2 + (unsigned)(seed % 3));

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_intact(&run, domains, 2);
    expect_all_cpus(&run);
    expect_lines(&run, "clock: timer: done*", 1);
    expect_lines(&run, "talk: hello: done", 1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}

START_TEST(boots)
{
    seeds_run("boots", 100, two_domains);
}
END_TEST

/* ---- the keyboard: CPU 0 takes it and gives a domain on another CPU an interrupt, which waits for one in WFI ---- */

static void type_lines(struct system_run *run)
{
    sim_input_after(run->machine, "talk: echo: ready", "\001\001\001one\r");
    sim_input_after(run->machine, "talk: echo: got \"one\"", "two\r");
}

static void typed_lines(uint64_t seed)
{
    /* The first domain has CPU 0 and the keyboard; three Ctrl-A give it to the second. */
    static const struct system_domain domains[] = {
        {.name = "clock", .program = "timer", .bootargs = "ticks=6 period-us=2000"},
        {.name = "talk", .program = "echo", .bootargs = "lines=2"},
    };
    struct system_run run = new_run(seed, 2);

    run.prepare = type_lines;
    run.options.uart_baud = seed % 3 == 0 ? 1000000 : 0;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_all_cpus(&run);
    expect_lines(&run, "talk: echo: got \"one\"", 1);
    expect_lines(&run, "talk: echo: got \"two\"", 1);
    system_destroy(&run);
}

START_TEST(typing)
{
    seeds_run("typing", 60, typed_lines);
}
END_TEST

/* ---- a domain of several vCPUs: they start and stop each other, send interrupts, and the last one resets all of them
 * in the middle of that; then it ends in order. With fewer CPUs than vCPUs two of them share one and take turns. ----
 */

static unsigned restarted;

static void several_vcpus(uint64_t seed)
{
    /* Where vCPUs share a CPU, everything takes slices of 10 ms. */
    const unsigned cpus = 1 + (unsigned)(seed % 4);
    const struct system_domain domains[] = {
        {.name = "many",
         .program = "smp",
         .bootargs = cpus < 3 ? "laps=4 until-ms=400" : "laps=4 until-ms=2",
         .vcpus = 3},
        {.name = "talk", .program = "hello", .ramdisk_size = 4096},
    };
    struct system_run run = new_run(seed, cpus);

    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "many: smp: done", 1);
    expect_lines(&run, "talk: hello: done", 1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    restarted |= count_lines(&run, "bulkhead: many: restarts") > 0 ? 1u << cpus : 0;
    system_destroy(&run);
}

START_TEST(vcpus)
{
    restarted = 0;
    seeds_run("vcpus", 60, several_vcpus);
    if (getenv("BULKHEAD_SEED") == NULL)
        ck_assert_uint_eq(restarted, 0x1e); /* on 1, 2, 3 and 4 CPUs */
}
END_TEST

/* ---- GICv3: a vCPU writes the redistributor of another one, whose timer fires meanwhile ---- */

#define POKES 12
#define ISPENDR 0x200
#define IPRIORITYR 0x400

static struct {
    uint32_t go, done; /* rounds */
    uint32_t taken;    /* interrupts, by vCPU 0 */
    uint32_t wanted;   /* so many must be taken */
    uint32_t numbers;  /* what is drawn, by vCPU 1 */
} poked;

static uint8_t poked_priority(uint32_t round)
{
    return (uint8_t)(round % 14 << 4);
}

static void take_timer(void *context, uint32_t intid, uint64_t entered)
{
    (void)entered;
    if (intid != INTERRUPT_VIRTUAL_TIMER)
        program_fail(context, "another interrupt than the timer's", intid);
    timer_stop();
    store_release(&poked.taken, poked.taken + 1);
}

static void poke(struct platform *platform, void *context)
{
    const uint64_t frame = platform->redistributors + GICR_SGI_BASE; /* of vCPU 0 */

    (void)context;
    for (uint32_t round = 1; round <= POKES; round++) {
        while (load_acquire(&poked.go) < round)
            guest_spin(100);
        poked.numbers = poked.numbers * 1664525 + 1013904223;
        for (uint32_t pause = poked.numbers >> 28; pause > 0; pause--)
            guest_spin(200);
        uint32_t taken = load_acquire(&poked.taken);
        write8(frame + IPRIORITYR + INTERRUPT_VIRTUAL_TIMER, poked_priority(round));
        write32(frame + ISPENDR, 1u << INTERRUPT_VIRTUAL_TIMER);
        store_release(&poked.wanted, taken + 1);
        store_release(&poked.done, round);
    }
}

/** What the other vCPU made pending must come: if it is lost, the run ends with its limit of steps. */
static void await_poke(struct platform *platform, uint32_t round)
{
    while (load_acquire(&poked.done) < round || poked.taken < load_acquire(&poked.wanted))
        guest_spin(2000);
    if (read8(gic_private_frame(platform) + IPRIORITYR + INTERRUPT_VIRTUAL_TIMER) != poked_priority(round))
        program_fail(platform, "the priority that the other vCPU wrote is lost in round", round);
}

static void program_poked(struct platform *platform)
{
    on_interrupt(platform, take_timer, platform);
    gic_init(platform);
    gic_enable(platform, INTERRUPT_VIRTUAL_TIMER);
    if (vcpu_start(platform, 1, poke, NULL) != 0)
        program_fail(platform, "CPU_ON", 1);
    interrupts_on();
    for (uint32_t round = 1; round <= POKES; round++) {
        store_release(&poked.go, round);
        for (uint32_t ticks = 3; ticks > 0; ticks--) {
            timer_arm(counter() + 20);
            guest_spin(1000);
        }
        await_poke(platform, round);
    }
    interrupts_off();
    print(platform, "poked: done\n");
}

static void enter_poked(uint64_t device_tree)
{
    program_run("poked", program_poked, device_tree);
}

static void write_the_others_timer(uint64_t seed)
{
    static const struct system_domain domain = {.name = "poked", .program = "poked", .vcpus = 2};
    struct system_run run = new_run(seed, 2);

    memset(&poked, 0, sizeof(poked));
    poked.numbers = (uint32_t)seed;
    run.tree = "ok/machine-gicv3.dtb";
    run.options.step_limit = 200000;
    sim_register_guest("poked", enter_poked);
    system_boot(&run, &domain, 1);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "poked: poked: done", 1);
    system_destroy(&run);
}

START_TEST(pokes)
{
    seeds_run("pokes", 60, write_the_others_timer);
}
END_TEST

/* ---- stop and restart from outside, by a CPU that has no domain, whatever the domain is doing ---- */

static struct {
    uint64_t seed;
    unsigned restarts;
    bool stops;
} meddling;

static uint64_t draw(void)
{
    return meddling.seed = meddling.seed * 6364136223846793005 + 1442695040888963407;
}

static void wait_for(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        (void)arch_timer_now();
}

static void meddle(void)
{
    struct domain *domain = domain_table[0];

    for (unsigned i = 0; i < meddling.restarts; i++) {
        wait_for(draw() >> 33 & 1023);
        while (load_acquire(&domain->state) < DOMAIN_RUNNING)
            arch_cpu_wait();
        domain_restart(domain);
    }
    wait_for(draw() >> 33 & 1023);
    if (meddling.stops)
        domain_stop(domain, DOMAIN_FAILED, "stopped from outside");
}

static void secondary(unsigned cpu)
{
    if (cpu != 2)
        hv_secondary_main(cpu);
    cpu_table[cpu].id = cpu;
    store_release(&cpu_table[cpu].online, 1);
    arch_cpu_signal();
    while (load_acquire(&hv_boot.started) == 0)
        arch_cpu_wait();
    ck_assert_ptr_null(cpu_table[cpu].shares);
    meddle();
    arch_cpu_halt();
}

static void meddle_with(uint64_t seed, bool stops)
{
    static const struct system_domain domains[] = {
        {.name = "clock", .program = "timer", .bootargs = "ticks=4 period-us=200", .ramdisk_size = 4096},
        {.name = "talk", .program = "hello"},
    };
    struct system_run run = new_run(seed, 3);

    meddling.seed = seed;
    meddling.restarts = stops ? (unsigned)(seed % 2) : 1 + (unsigned)(seed % 3);
    meddling.stops = stops;
    run.secondary = secondary;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "talk: hello: done", 1);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    if (!stops)
        expect_lines(&run, "clock: timer: done*", 1);
    else if (count_lines(&run, "clock: timer: done*") == 0)
        expect_lines(&run, "bulkhead: clock: failed: stopped from outside", 1);
    system_destroy(&run);
}

static void restart_from_outside(uint64_t seed)
{
    meddle_with(seed, false);
}

static void stop_from_outside(uint64_t seed)
{
    meddle_with(seed, true);
}

START_TEST(restarts)
{
    seeds_run("restarts", 60, restart_from_outside);
}
END_TEST

START_TEST(stops)
{
    seeds_run("stops", 200, stop_from_outside);
}
END_TEST

/* ---- the last two domains go off at the same time: one of their CPUs sees that no other is left ---- */

static void all_off_at_once(uint64_t seed)
{
    static const struct system_domain domains[] = {
        {.name = "one", .program = "off", .memory = 0x1000},
        {.name = "two", .program = "off", .memory = 0x1000},
    };
    struct system_run run = new_run(seed, 2);

    run.options.pct_steps = 3000;
    system_boot(&run, domains, 2);
    expect_end(&run, SIM_END_POWER_OFF);
    expect_lines(&run, "bulkhead: all domains are off", 1);
    system_destroy(&run);
}

START_TEST(ends)
{
    seeds_run("ends", 150, all_off_at_once);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("interleavings");

    seeds_add(suite, "boots", boots);
    seeds_add(suite, "typing", typing);
    seeds_add(suite, "vcpus", vcpus);
    seeds_add(suite, "pokes", pokes);
    seeds_add(suite, "restarts", restarts);
    seeds_add(suite, "stops", stops);
    seeds_add(suite, "ends", ends);
    return seeds_execute(suite);
}
