// SPDX-License-Identifier: Apache-2.0
/* The vGIC, of GICv2 or GICv3: sequences in step with the reference model of the unit tests, where an access is one
 * that the model knows; or any access of any width anywhere, where only what must hold at each entry is checked. */
#include "support/fuzz.h"
#include "unit/vgic/vgic_steps.h"

#define MODEL_STEPS 64
#define RAW_STEPS 100

/* Of the first byte. */
#define WITH_MODEL 0x01
#define OF_GICV3 0x80

static struct fuzz_input choices;

static uint32_t rnd(uint32_t below)
{
    if (choices.left == 0)
        step_limit = 0;
    return below <= 65536 ? fuzz_below(&choices, below) : (uint32_t)fuzz_take(&choices, 4) % below;
}

static bool next_step(void)
{
    return true;
}

/** What a guest of GICv3 has beyond the 4 KiB of GICv2. */
static uint64_t access_at(unsigned v, uint32_t offset, unsigned size, bool write, uint64_t value)
{
    if (host_gic.version != GIC_V3)
        return access_raw(v, offset, size, write, value);
    switch (fuzz_byte(&choices) & 7) {
    case 0:
        send_sgi(v, value, write);
        return 0;
    case 1:
        return access_raw(v, 0x6000 + (offset & ~7u) + (offset & (8 - size)), size, write, value);
    case 2:
        return access_raw(v, 0xf000 + offset, size, write, value);
    case 3:
        return access_redistributor(v, fuzz_below(&choices, sys.domain.vcpu_count), offset, size, write, value);
    case 4:
    case 5:
        return access_redistributor(v, fuzz_below(&choices, sys.domain.vcpu_count), SGI_FRAME + offset, size, write,
                                    value);
    default:
        return access_raw(v, offset, size, write, value);
    }
}

static void access_anything(unsigned v)
{
    uint8_t kind = fuzz_byte(&choices);
    uint32_t offset = (uint32_t)fuzz_take(&choices, 2) & 0xfff;
    unsigned size = 1u << (kind & 3);
    uint64_t read;

    if ((kind & 4) == 0)
        offset &= ~(size - 1); /* mostly aligned */
    read = access_at(v, offset, size, (kind & 8) != 0, fuzz_take(&choices, size));
    if ((kind & 8) == 0)
        FUZZ_REQUIRE(size == 8 || read >> 8 * size == 0);
}

static void do_anything(unsigned v)
{
    struct fake_cpu *cpu = &fake.cpus[v];

    switch (fuzz_byte(&choices) & 15) {
    case 0:
        set_line(32 + fuzz_below(&choices, SPIS), (fuzz_byte(&choices) & 1) != 0);
        break;
    case 1:
        set_physical(v, TIMER, (fuzz_byte(&choices) & 1) != 0);
        break;
    case 2:
    case 3:
        if (cpu->depth < FAKE_DEPTH)
            (void)acknowledge(v);
        break;
    case 4:
        if (cpu->depth != 0)
            end(v, cpu->running[cpu->depth - 1].intid & 0x3ff); /* without an SGI's source */
        break;
    case 5:
        deactivate(v, fuzz_below(&choices, INTIDS)); /* in order or not: the guest's own loss */
        break;
    case 6:
        step_switch(v);
        break;
    case 7:
        bounce(v);
        break;
    default:
        access_anything(v);
        break;
    }
}

static void run_anything(enum gic_version version)
{
    uint8_t shape = fuzz_byte(&choices);
    unsigned vcpus = 1 + (shape & 7), lrs = 1 + (shape >> 4);

    setup_version(version, vcpus, SPIS, lrs);
    for (unsigned v = 0; v < vcpus; v++)
        fake.cpus[v].eoi_mode = (shape & 8) != 0;
    for (unsigned i = 0; i < RAW_STEPS && choices.left != 0; i++)
        do_anything(fuzz_below(&choices, vcpus));
}

void fuzz_one(const uint8_t *data, size_t size)
{
    choices = (struct fuzz_input){data, size};
    uint8_t first = fuzz_byte(&choices);
    enum gic_version version = (first & OF_GICV3) != 0 ? GIC_V3 : GIC_V2;
    if ((first & WITH_MODEL) != 0)
        run_steps(version, MODEL_STEPS);
    else
        run_anything(version);
}
