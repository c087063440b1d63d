// SPDX-License-Identifier: Apache-2.0
/* A domain of several vCPUs: PSCI CPU_ON, CPU_OFF and AFFINITY_INFO, software generated interrupts between vCPUs,
 * shared interrupts that go where they are sent. Arguments: laps=N (20) of an interrupt that goes round; until-ms=N
 * (0): while the machine's time is below that, the last vCPU ends with SYSTEM_RESET, in the middle of what the others
 * do. */
#include "programs.h"

#define SHARED_INTERRUPT 40
#define SECONDS 20 /* after which something that was to happen never will */

enum { SGI_ASK = 1, SGI_ANSWER, SGI_ALL, SGI_RING, SGI_END, SGI_COUNT };

enum { OFF_BY_CPU_OFF = 1, END_BY_RESET };

#define PSCI_ON 0
#define PSCI_OFF 1
#define PSCI_ALREADY_ON (-4)

struct shared;

/* Each word has one writer: the vCPU itself, but for end. */
struct vcpu_notes {
    struct shared *shared;
    struct platform *platform;
    unsigned index;
    uint32_t up, starts;
    uint32_t taken[SGI_COUNT]; /* how often */
    uint32_t sources;          /* of SGI_ASK and SGI_ANSWER: bit per vCPU */
    uint32_t shared_taken;
    uint32_t wrong; /* an interrupt that nobody sent */
    uint32_t end;   /* by vCPU 0: how it shall end */
};

struct shared {
    unsigned count;
    uint32_t laps; /* of the ring; written by vCPU 0 */
    uint32_t last_lap;
    struct vcpu_notes vcpus[MAX_VCPUS];
};

static uint32_t load(const uint32_t *word)
{
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static void store(uint32_t *word, uint32_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

static void ring_on(struct vcpu_notes *self)
{
    struct shared *shared = self->shared;

    if (self->index == 0) {
        store(&shared->laps, load(&shared->laps) + 1);
        if (load(&shared->laps) >= load(&shared->last_lap))
            return;
    }
    gic_send(self->platform, SGI_RING, 1u << (self->index + 1) % shared->count);
}

/* GICv3 does not say it: there it is known from who asks whom, and when. */
static unsigned source_of(const struct vcpu_notes *self, uint32_t intid)
{
    if (self->platform->redistributors == 0)
        return self->platform->acknowledged >> 10 & 7;
    return intid == SGI_ANSWER ? load(&self->taken[SGI_ANSWER]) + 1 : 0;
}

static void take(void *context, uint32_t intid, uint64_t entered)
{
    struct vcpu_notes *self = context;
    unsigned source = source_of(self, intid);

    (void)entered;
    if (intid == SHARED_INTERRUPT) {
        store(&self->shared_taken, load(&self->shared_taken) + 1);
        return;
    }
    if (intid == 0 || intid >= SGI_COUNT) {
        store(&self->wrong, intid + 1);
        return;
    }
    if (intid == SGI_ASK || intid == SGI_ANSWER)
        store(&self->sources, load(&self->sources) | 1u << source);
    if (intid == SGI_ASK)
        gic_send(self->platform, SGI_ANSWER, 1u << source);
    if (intid == SGI_RING)
        ring_on(self);
    store(&self->taken[intid], load(&self->taken[intid]) + 1);
}

static void listen(struct platform *platform, struct vcpu_notes *self)
{
    self->platform = platform;
    on_interrupt(platform, take, self);
    gic_init(platform);
    for (uint32_t sgi = 0; sgi < SGI_COUNT; sgi++)
        gic_enable(platform, sgi);
}

static void further(struct platform *platform, void *context)
{
    struct shared *shared = context;
    struct vcpu_notes *self = &shared->vcpus[READ_SYSREG(MPIDR_EL1) & 0xff];

    if (!gic_is_reset(platform))
        store(&self->wrong, UINT32_MAX);
    listen(platform, self);
    store(&self->starts, load(&self->starts) + 1);
    store(&self->up, 1);
    while (load(&self->end) == 0)
        await_interrupt();
    if (load(&self->end) == END_BY_RESET) {
        psci(platform, PSCI_SYSTEM_RESET);
        store(&self->wrong, UINT32_MAX);
    }
    store(&self->up, 0);
}

/* vCPU 0, while the others work. */
static void await_word(const struct platform *platform, const uint32_t *word, uint32_t value, const char *what)
{
    uint64_t end = counter() + SECONDS * counter_frequency();

    while (load(word) != value) {
        compute();
        if (counter() > end)
            program_fail(platform, what, load(word));
    }
}

static int64_t affinity_info(const struct platform *platform, unsigned index)
{
    return (int64_t)psci_with(platform, PSCI_AFFINITY_INFO, index, 0, 0);
}

static void start(struct platform *platform, struct shared *shared, unsigned index)
{
    struct vcpu_notes *notes = &shared->vcpus[index];
    uint32_t starts = load(&notes->starts);
    int64_t answer;

    if (affinity_info(platform, index) != PSCI_OFF)
        program_fail(platform, "AFFINITY_INFO of one that is off", (uint64_t)affinity_info(platform, index));
    answer = vcpu_start(platform, index, further, shared);
    if (answer != 0)
        program_fail(platform, "CPU_ON", (uint64_t)answer);
    await_word(platform, &notes->starts, starts + 1, "a vCPU that does not start");
    await_word(platform, &notes->up, 1, "a vCPU that does not come up");
    if (affinity_info(platform, index) != PSCI_ON)
        program_fail(platform, "AFFINITY_INFO of one that is on", (uint64_t)affinity_info(platform, index));
    answer = (int64_t)psci_with(platform, PSCI_CPU_ON, index, platform->image_start, 0);
    if (answer != PSCI_ALREADY_ON)
        program_fail(platform, "CPU_ON of one that is on", (uint64_t)answer);
}

static void stop(const struct platform *platform, struct shared *shared, unsigned index)
{
    uint64_t limit = counter() + SECONDS * counter_frequency();

    store(&shared->vcpus[index].end, OFF_BY_CPU_OFF);
    gic_send(platform, SGI_END, 1u << index);
    while (affinity_info(platform, index) != PSCI_OFF) {
        compute();
        if (counter() > limit)
            program_fail(platform, "a vCPU that does not go off", index);
    }
    store(&shared->vcpus[index].end, 0);
}

/* ---- What is tried */

static void one_to_one(const struct platform *platform, struct shared *shared)
{
    struct vcpu_notes *own = &shared->vcpus[0];

    for (unsigned i = 1; i < shared->count; i++) {
        gic_send(platform, SGI_ASK, 1u << i);
        await_word(platform, &own->taken[SGI_ANSWER], i, "an answer");
        await_word(platform, &shared->vcpus[i].taken[SGI_ASK], 1, "a question");
        await_word(platform, &shared->vcpus[i].sources, 1, "who asked");
    }
    await_word(platform, &own->sources, (1u << shared->count) - 2, "who answered");
    print(platform, "smp: each answers\n");
}

static void one_to_all(const struct platform *platform, struct shared *shared)
{
    for (uint32_t round = 1; round <= 3; round++) {
        gic_send_others(platform, SGI_ALL);
        for (unsigned i = 1; i < shared->count; i++)
            await_word(platform, &shared->vcpus[i].taken[SGI_ALL], round, "one that is sent to all");
    }
    if (load(&shared->vcpus[0].taken[SGI_ALL]) != 0)
        program_fail(platform, "sent to the others, came back", 0);
    print(platform, "smp: all others hear it, once\n");
}

static void ring(const struct platform *platform, struct shared *shared, uint32_t laps)
{
    store(&shared->last_lap, laps);
    gic_send(platform, SGI_RING, 2);
    await_word(platform, &shared->laps, laps, "round the ring");
    for (unsigned i = 1; i < shared->count; i++)
        await_word(platform, &shared->vcpus[i].taken[SGI_RING], laps, "each lap, once");
    print(platform, "smp: round the ring\n");
}

static void shared_interrupts(const struct platform *platform, struct shared *shared)
{
    for (uint32_t round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < shared->count; i++) {
            gic_enable(platform, SHARED_INTERRUPT); /* which sends it to vCPU 0 */
            gic_set_target(platform, SHARED_INTERRUPT, i);
            gic_set_pending(platform, SHARED_INTERRUPT);
            await_word(platform, &shared->vcpus[i].shared_taken, round, "a shared interrupt");
        }
    }
    print(platform, "smp: shared interrupts go where they are sent\n");
}

static void off_and_on(struct platform *platform, struct shared *shared)
{
    for (unsigned i = 1; i < shared->count; i++) {
        stop(platform, shared, i);
        gic_send(platform, SGI_ALL, 1u << i); /* waits for it */
        start(platform, shared, i);
        await_word(platform, &shared->vcpus[i].taken[SGI_ALL], 4, "what came while it was off");
    }
    print(platform, "smp: off and on again\n");
}

static void all_off(const struct platform *platform, struct shared *shared)
{
    for (unsigned i = 0; i < shared->count; i++)
        if (load(&shared->vcpus[i].wrong) != 0)
            program_fail(platform, "an interrupt that nobody sent", load(&shared->vcpus[i].wrong) - 1);
    for (unsigned i = 1; i < shared->count; i++)
        stop(platform, shared, i);
}

static void reset(const struct platform *platform, struct shared *shared)
{
    store(&shared->last_lap, UINT32_MAX);
    gic_send(platform, SGI_RING, 2);
    store(&shared->vcpus[shared->count - 1].end, END_BY_RESET);
    gic_send(platform, SGI_END, 1u << (shared->count - 1));
    await_word(platform, &shared->laps, UINT32_MAX, "SYSTEM_RESET by the last vCPU");
}

void program_smp(struct platform *platform)
{
    struct shared shared = {.count = 1, .laps = 0};
    uint64_t until = argument(platform, "until-ms", 0) * counter_frequency() / 1000;

    while (shared.count < MAX_VCPUS && affinity_info(platform, shared.count) == PSCI_OFF)
        shared.count++;
    for (unsigned i = 0; i < shared.count; i++) {
        shared.vcpus[i].shared = &shared;
        shared.vcpus[i].index = i;
    }
    print(platform, "smp: %u vCPUs\n", shared.count);
    if (shared.count == 1) { /* no fault of the hypervisor's */
        print(platform, "smp: nobody to start\n");
        return;
    }
    listen(platform, &shared.vcpus[0]);
    interrupts_on();
    for (unsigned i = 1; i < shared.count; i++)
        start(platform, &shared, i);
    one_to_one(platform, &shared);
    one_to_all(platform, &shared);
    ring(platform, &shared, (uint32_t)argument(platform, "laps", 20));
    shared_interrupts(platform, &shared);
    off_and_on(platform, &shared);
    if (READ_SYSREG(CNTPCT_EL0) < until)
        reset(platform, &shared);
    all_off(platform, &shared);
    interrupts_off();
    print(platform, "smp: done\n");
}
