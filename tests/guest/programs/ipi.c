// SPDX-License-Identifier: Apache-2.0
/* Software generated interrupts to itself: each arrives once, in order of priority, and can be taken back.
 * (Between vCPUs: smp.) */
#include "programs.h"

#define SGIS 16
#define GICD_SGIR 0xf00
#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define TO_LIST 0u
#define TO_OTHERS (1u << 24)
#define GICR_ISPENDR0 0x200 /* in a redistributor's SGI_base */
#define GICR_ICPENDR0 0x280

struct taken {
    const struct platform *platform;
    unsigned count;
    uint8_t intids[4 * SGIS];
};

static void on_sgi(void *context, uint32_t intid, uint64_t entered)
{
    struct taken *taken = context;

    (void)entered;
    if (intid >= SGIS || taken->count == sizeof(taken->intids))
        program_fail(taken->platform, "an interrupt too many", intid);
    taken->intids[taken->count++] = (uint8_t)intid;
}

/* Those that are pending, @p count, which begin with @p first and go on by @p step. */
static void take(struct taken *taken, unsigned count, int first, int step)
{
    taken->count = 0;
    while (taken->count < count)
        await_interrupt();
    for (unsigned i = 0; i < count; i++) {
        if (taken->intids[i] != first + (int)i * step)
            program_fail(taken->platform, "out of order", taken->intids[i]);
    }
}

/* All, pending at one priority: in which order is the controller's choice. */
static void take_each(struct taken *taken)
{
    uint32_t seen = 0;

    taken->count = 0;
    while (taken->count < SGIS)
        await_interrupt();
    for (unsigned i = 0; i < SGIS; i++)
        seen |= 1u << taken->intids[i];
    if (seen != (1u << SGIS) - 1)
        program_fail(taken->platform, "some came twice, others not", seen);
}

static void take_nothing(struct taken *taken, const char *otherwise)
{
    taken->count = 0;
    interrupts_on();
    compute();
    interrupts_off();
    if (taken->count != 0)
        program_fail(taken->platform, otherwise, taken->intids[0]);
}

static void one_by_one(const struct platform *platform, struct taken *taken)
{
    for (int sgi = 0; sgi < SGIS; sgi++) {
        gic_send_self(platform, (uint32_t)sgi);
        gic_send_self(platform, (uint32_t)sgi); /* pending is pending */
        take(taken, 1, sgi, 0);
        take_nothing(taken, "came twice");
    }
    print(platform, "ipi: each arrives, once\n");
}

static void by_priority(const struct platform *platform, struct taken *taken)
{
    for (uint32_t sgi = 0; sgi < SGIS; sgi++)
        gic_send_self(platform, sgi);
    take_each(taken);
    for (uint32_t sgi = 0; sgi < SGIS; sgi++)
        gic_set_priority(platform, sgi, (uint8_t)((SGIS - 1 - sgi) << 4));
    for (uint32_t sgi = 0; sgi < SGIS; sgi++)
        gic_send_self(platform, sgi);
    take(taken, SGIS, SGIS - 1, -1);
    print(platform, "ipi: all arrive, highest priority first\n");
}

/* Who an SGI goes to, and the registers that show and withdraw it. */
static void by_register_v2(const struct platform *platform, struct taken *taken)
{
    uint64_t distributor = platform->distributor;

    write32(distributor + GICD_SGIR, TO_OTHERS | 3);
    take_nothing(taken, "all but this CPU means all");
    write32(distributor + GICD_SGIR, TO_LIST | 3);
    take_nothing(taken, "nobody means somebody");
    write32(distributor + GICD_SGIR, TO_LIST | 1u << 16 | 3);
    take(taken, 1, 3, 0);
    write8(distributor + GICD_SPENDSGIR + 4, 1);
    take(taken, 1, 4, 0);
    gic_send_self(platform, 5);
    if (read8(distributor + GICD_SPENDSGIR + 5) != 1)
        program_fail(platform, "not seen as pending", read32(distributor + GICD_SPENDSGIR + 4));
    write8(distributor + GICD_CPENDSGIR + 5, 1);
    take_nothing(taken, "came though it was taken back");
}

static void by_register_v3(const struct platform *platform, struct taken *taken)
{
    uint64_t frame = gic_private_frame(platform);

    gic_send_others(platform, 3);
    take_nothing(taken, "all but this CPU means all");
    gic_send(platform, 3, 0);
    take_nothing(taken, "nobody means somebody");
    gic_send(platform, 3, 1);
    take(taken, 1, 3, 0);
    write32(frame + GICR_ISPENDR0, 1u << 4);
    take(taken, 1, 4, 0);
    gic_send_self(platform, 5);
    if ((read32(frame + GICR_ISPENDR0) & 0xffff) != 1u << 5)
        program_fail(platform, "not seen as pending", read32(frame + GICR_ISPENDR0));
    write32(frame + GICR_ICPENDR0, 1u << 5);
    take_nothing(taken, "came though it was taken back");
}

void program_ipi(struct platform *platform)
{
    struct taken taken = {.platform = platform};

    on_interrupt(platform, on_sgi, &taken);
    gic_init(platform);
    for (uint32_t sgi = 0; sgi < SGIS; sgi++)
        gic_enable(platform, sgi);
    one_by_one(platform, &taken);
    by_priority(platform, &taken);
    if (platform->redistributors != 0)
        by_register_v3(platform, &taken);
    else
        by_register_v2(platform, &taken);
    print(platform, "ipi: goes where it is sent\n");
    print(platform, "ipi: done\n");
}
