// SPDX-License-Identifier: Apache-2.0
/* What a guest of GICv3 finds: distributor, redistributors, routing by affinity, SGIs (IHI 0069 chapter 12), in every
 * width and from every vCPU. */
#include "support/suite.h"
#include "unit/vgic/vgic_system.h"

#define PIDR2 0xffe8
#define GICR_TYPER 0x0008
#define GICR_WAKER 0x0014
#define FRAMES VGIC_REDISTRIBUTOR_SIZE
#define SPI 40
#define PPI 20
#define ALL_BUT_SELF (1ULL << 40)

static uint64_t access(unsigned v, bool redistributor, uint32_t offset, unsigned size, bool write, uint64_t value)
{
    if (redistributor)
        return access_redistributor(v, offset / FRAMES, offset % FRAMES, size, write, value);
    return access_raw(v, offset, size, write, value);
}

static uint64_t gicd_read(unsigned v, uint32_t offset, unsigned size)
{
    return access(v, false, offset, size, false, UINT64_MAX);
}

static void gicd_write(unsigned v, uint32_t offset, unsigned size, uint64_t value)
{
    access(v, false, offset, size, true, value);
}

/** @param v      who makes the access
 *  @param owner  whose redistributor it is */
static uint32_t gicr_read(unsigned v, unsigned owner, uint32_t offset)
{
    return (uint32_t)access(v, true, owner * FRAMES + offset, 4, false, UINT64_MAX);
}

static void gicr_write(unsigned v, unsigned owner, uint32_t offset, uint32_t value)
{
    access(v, true, owner * FRAMES + offset, 4, true, value);
}

static void gicr_bit(unsigned v, unsigned owner, uint32_t base, uint32_t intid)
{
    gicr_write(v, owner, SGI_FRAME + base, 1u << intid);
}

static bool gicr_has(unsigned v, unsigned owner, uint32_t base, uint32_t intid)
{
    return gicr_read(v, owner, SGI_FRAME + base) >> intid & 1;
}

static void gicd_bit(unsigned v, uint32_t base, uint32_t intid)
{
    gicd_write(v, base + intid / 32 * 4, 4, 1u << intid % 32);
}

static bool gicd_has(unsigned v, uint32_t base, uint32_t intid)
{
    return gicd_read(v, base + intid / 32 * 4, 4) >> intid % 32 & 1;
}

/** A guest that has everything on. */
static void setup(unsigned vcpus, uint32_t spis)
{
    setup_version(GIC_V3, vcpus, spis, 4);
    gicd_write(0, CTLR, 4, 3);
    gicd_bit(0, ISENABLER, SPI);
    for (unsigned v = 0; v < vcpus; v++)
        gicr_bit(v, v, ISENABLER, PPI);
}

static unsigned taker_of(uint32_t intid)
{
    unsigned taker = UINT32_MAX;

    for (unsigned v = 0; v < sys.domain.vcpu_count; v++) {
        uint32_t taken = acknowledge(v);
        if (taken == GIC_SPURIOUS)
            continue;
        ck_assert_uint_eq(taken, intid);
        ck_assert_msg(taker == UINT32_MAX, "%u goes to vCPU %u and %u", intid, taker, v);
        taker = v;
        end(v, taken);
    }
    return taker;
}

START_TEST(reset_values)
{
    setup_version(GIC_V3, 4, 64, 4);
    for (unsigned v = 0; v < 4; v++) {
        ck_assert_uint_eq(gicd_read(v, CTLR, 4), 0x50); /* affinity routing, one security state */
        ck_assert_uint_eq(gicd_read(v, TYPER, 4), 1u << 25 | 9u << 19 | 2);
        ck_assert_uint_eq(gicd_read(v, IIDR, 4) & 0xfff, 0x43b);
        ck_assert_uint_eq(gicd_read(v, PIDR2, 4) & 0xf0, 0x30);
        ck_assert_uint_eq(gicd_read(v, 0xffd0, 4), 0x44);
        ck_assert_uint_eq(gicd_read(v, 0xfffc, 4), 0xb1);
        ck_assert_uint_eq(gicd_read(v, IGROUPR + 4, 4), UINT32_MAX);
        ck_assert_uint_eq(gicd_read(v, IROUTER + 8 * 95, 8), 0);
        for (unsigned owner = 0; owner < 4; owner++) {
            ck_assert_uint_eq(gicr_read(v, owner, PIDR2) & 0xf0, 0x30);
            ck_assert_uint_eq(gicr_read(v, owner, 0), 0); /* no LPIs, no write pending */
            ck_assert_uint_eq(gicr_read(v, owner, GICR_WAKER), 0);
            ck_assert_uint_eq(gicr_read(v, owner, SGI_FRAME + IGROUPR), UINT32_MAX);
            ck_assert_uint_eq(gicr_read(v, owner, SGI_FRAME + ISENABLER), 0xffff);
            ck_assert_uint_eq(gicr_read(v, owner, SGI_FRAME + ISPENDR), 0);
            ck_assert_uint_eq(gicr_read(v, owner, SGI_FRAME + ICFGR), 0xaaaaaaaa);
            ck_assert_uint_eq(gicr_read(v, owner, SGI_FRAME + ICFGR + 4), 0);
        }
    }
}
END_TEST

START_TEST(redistributors_say_whose_they_are)
{
    static const uint64_t spread[FAKE_CPUS] = {0, 15, 0x100, 0x10203, 0x7f00000000};

    memcpy(affinities, spread, sizeof(affinities));
    setup_version(GIC_V3, 5, 32, 4);
    for (unsigned owner = 0; owner < 5; owner++) {
        uint64_t packed = (spread[owner] & 0xffffff) | (spread[owner] >> 32) << 24;
        uint64_t expected = packed << 32 | owner << 8 | (owner == 4 ? 1u << 4 : 0);
        uint32_t at = owner * FRAMES + GICR_TYPER;
        ck_assert_uint_eq(access(1, true, at, 8, false, 0), expected);
        ck_assert_uint_eq((uint32_t)access(2, true, at, 4, false, 0), (uint32_t)expected);
        ck_assert_uint_eq((uint32_t)access(2, true, at + 4, 4, false, 0), expected >> 32);
        access(0, true, at, 8, true, UINT64_MAX);
        ck_assert_uint_eq(access(0, true, at, 8, false, 0), expected);
    }
}
END_TEST

/** Which accesses a frame takes: IHI 0069 12.1.3, less what a GIC without LPIs and message-based SPIs has not. */
static bool distributor_takes(uint32_t offset, unsigned size)
{
    bool word =
        size == 4 && (offset < 0xc || (offset >= 0x84 && offset < 0x100) ||
                      (offset >= 0x100 && offset < 0x400 && offset % 0x80 >= 4) ||
                      (offset >= 0x420 && offset < 0x7fc) || (offset >= 0xc08 && offset < 0xd00) || offset >= 0xffd0);
    bool byte = size == 1 && offset >= 0x420 && offset < 0x7fc;
    bool route = (size == 4 || size == 8) && offset >= 0x6100 && offset < 0x7fe0;
    return word || byte || route;
}

static bool private_frame_takes(uint32_t offset, unsigned size)
{
    bool word = size == 4 && ((offset >= 0x80 && offset < 0x400 && offset % 0x80 == 0) ||
                              (offset >= 0x400 && offset < 0x420) || (offset >= 0xc00 && offset < 0xc08));
    return word || (size == 1 && offset >= 0x400 && offset < 0x420);
}

static bool redistributor_takes(uint32_t offset, unsigned size)
{
    bool type = offset >= 8 && offset < 16 && (size == 4 || size == 8);
    return type || (size == 4 && (offset == 4 || offset >= 0xffd0));
}

/** Everything else reads as zero and ignores writes: nothing of the other frames shines through. */
START_TEST(reserved_is_zero)
{
    setup(2, 988);
    for (uint32_t intid = 32; intid < 1020; intid++) {
        gicd_write(0, IPRIORITYR + intid, 1, 0xf8);
        gicd_write(0, IROUTER + 8 * intid, 8, 0xa5a5a5);
    }
    for (uint32_t word = 4; word < 128; word += 4)
        gicd_write(0, ISENABLER + word, 4, UINT32_MAX);
    gicr_write(0, 0, SGI_FRAME + ISENABLER, UINT32_MAX);
    for (uint32_t offset = 0; offset < 0x10000; offset += offset < 0x1000 || offset >= 0x5ff0 ? 1 : 0x10)
        for (unsigned size = 1; size <= 8; size *= 2) {
            if (offset > 0x1000 && offset < 0x7f00 && offset % 0x40 > 8)
                continue;
            bool aligned = offset % size == 0;
            if (!(aligned && distributor_takes(offset, size)))
                ck_assert_msg(gicd_read(0, offset, size) == 0, "GICD %#x/%u", offset, size);
            if (!(aligned && redistributor_takes(offset, size)))
                ck_assert_msg(access(0, true, offset, size, false, 1) == 0, "GICR %#x/%u", offset, size);
            if (!(aligned && private_frame_takes(offset, size)))
                ck_assert_msg(access(0, true, SGI_FRAME + offset, size, false, 1) == 0, "SGI_base %#x/%u", offset,
                              size);
        }
}
END_TEST

START_TEST(control)
{
    setup(1, 32);
    ck_assert_uint_eq(gicd_read(0, CTLR, 4), 0x53);
    gicd_write(0, CTLR, 4, 0xffffff02); /* what is fixed stays */
    ck_assert_uint_eq(gicd_read(0, CTLR, 4), 0x52);
    set_line(SPI, true);
    ck_assert_uint_eq(taker_of(SPI), 0);
    gicd_write(0, CTLR, 4, 1); /* what IGROUPR says is not for long: group 1 */
    set_line(SPI, false);
    set_line(SPI, true);
    ck_assert_uint_eq(taker_of(SPI), UINT32_MAX);
}
END_TEST

START_TEST(private_and_shared_lie_in_different_frames)
{
    setup(2, 64);
    gicd_write(0, ISENABLER, 4, UINT32_MAX);
    gicd_write(0, IPRIORITYR + PPI, 1, 0x80);
    ck_assert_uint_eq(gicd_read(0, ISENABLER, 4), 0);
    ck_assert_uint_eq(gicr_read(0, 0, SGI_FRAME + ISENABLER), 0xffff | 1u << PPI);
    ck_assert_uint_eq(gicr_read(0, 0, SGI_FRAME + IPRIORITYR + PPI), 0);
    gicr_write(0, 0, SGI_FRAME + ISENABLER + 4, UINT32_MAX); /* GICv3.1's extended PPIs: none */
    ck_assert_uint_eq(gicd_read(0, ISENABLER + 4, 4), 1u << (SPI - 32));
}
END_TEST

/* ---- Routing */

START_TEST(routes)
{
    setup(8, 64);
    for (unsigned v = 0; v < 8; v++) {
        gicd_write(7 - v, IROUTER + 8 * SPI, 8, v);
        ck_assert_uint_eq(gicd_read(v, IROUTER + 8 * SPI, 8), v);
        set_line(SPI, true);
        ck_assert_uint_eq(acknowledge(v), SPI);
        set_line(SPI, false);
        end(v, SPI);
        ck_assert_uint_eq(taker_of(SPI), UINT32_MAX);
    }
}
END_TEST

/** The halves of a route come from different vCPUs; neither loses what the other wrote. */
START_TEST(halves_of_a_route)
{
    uint32_t at = IROUTER + 8 * SPI;

    setup(4, 64);
    gicd_write(0, at, 4, 3);
    gicd_write(1, at + 4, 4, UINT32_MAX); /* Aff3: zero for good */
    ck_assert_uint_eq(gicd_read(2, at, 8), 3);
    ck_assert_uint_eq((uint32_t)gicd_read(2, at + 4, 4), 0);
    gicd_write(2, at + 4, 4, 0);
    gicd_write(3, at, 4, 2);
    ck_assert_uint_eq((uint32_t)gicd_read(0, at, 4), 2);
    set_line(SPI, true);
    ck_assert_uint_eq(taker_of(SPI), 2);
    gicd_write(0, at, 8, 0xff807f6055a5);
    ck_assert_uint_eq(gicd_read(1, at, 8), 0x6055a5); /* Aff2 to Aff0, no more and no less; no interrupt routing mode */
    ck_assert_uint_eq((uint32_t)gicd_read(1, at, 4), 0x6055a5);
    ck_assert_uint_eq(gicd_read(0, at + 8, 8), 0); /* the next one's */
    ck_assert_uint_eq(gicd_read(0, at - 8, 8), 0);
}
END_TEST

START_TEST(routed_to_nobody)
{
    setup(2, 64);
    gicd_write(0, IROUTER + 8 * SPI, 8, 2); /* there is no such vCPU */
    set_line(SPI, true);
    ck_assert_uint_eq(taker_of(SPI), UINT32_MAX);
    ck_assert(gicd_has(1, ISPENDR, SPI));
    gicd_write(0, IROUTER + 8 * SPI, 8, 0x10001); /* Aff2 differs */
    ck_assert_uint_eq(taker_of(SPI), UINT32_MAX);
    gicd_write(0, IROUTER + 8 * SPI, 8, 1);
    ck_assert_uint_eq(taker_of(SPI), 1);
    gicd_write(0, IROUTER + 8 * 96, 8, 1); /* beyond the last SPI */
    ck_assert_uint_eq(gicd_read(0, IROUTER + 8 * 96, 8), 0);
}
END_TEST

START_TEST(routes_by_all_affinities)
{
    static const uint64_t spread[FAKE_CPUS] = {0, 15, 16, 0x100, 0x1ff, 0x10000, 0xff0203, 0x300};

    memcpy(affinities, spread, sizeof(affinities));
    setup(8, 64);
    for (unsigned v = 0; v < 8; v++) {
        gicd_write(0, IROUTER + 8 * SPI, 8, spread[v]);
        set_line(SPI, true);
        ck_assert_uint_eq(acknowledge(v), SPI);
        set_line(SPI, false);
        end(v, SPI);
    }
}
END_TEST

/* ---- State by register */

START_TEST(active_is_set_and_cleared_by_its_own_registers)
{
    setup(2, 64);
    gicd_bit(0, ISACTIVER, SPI);
    ck_assert(gicd_has(1, ISACTIVER, SPI) && gicd_has(1, ICACTIVER, SPI));
    gicd_bit(1, ICACTIVER, SPI);
    ck_assert(!gicd_has(0, ISACTIVER, SPI) && !gicd_has(0, ICACTIVER, SPI));
    gicr_bit(0, 0, ISACTIVER, PPI);
    ck_assert(gicr_has(0, 0, ICACTIVER, PPI) && !gicr_has(0, 1, ISACTIVER, PPI));
    gicr_bit(0, 0, ICACTIVER, PPI);
    ck_assert(!gicr_has(0, 0, ISACTIVER, PPI));
}
END_TEST

/** An SGI is one interrupt, whoever sends it, with a pending state like any other and an enable of its own. */
START_TEST(sgis_are_interrupts_like_others)
{
    setup(2, 32);
    gicr_bit(0, 0, ISPENDR, 5);
    ck_assert(gicr_has(0, 0, ISPENDR, 5));
    ck_assert_uint_eq(taker_of(5), 0);
    ck_assert(!gicr_has(0, 0, ISPENDR, 5));
    gicr_bit(0, 0, ICENABLER, 5);
    ck_assert(!gicr_has(0, 0, ISENABLER, 5));
    send_sgi(1, 5u << 24 | 1, true);
    send_sgi(0, 5u << 24 | 1, true);
    ck_assert_uint_eq(taker_of(5), UINT32_MAX);
    ck_assert(gicr_has(0, 0, ISPENDR, 5));
    gicr_bit(0, 0, ISENABLER, 5);
    ck_assert_uint_eq(acknowledge(0), 5); /* no source in the value */
    end(0, 5);
    ck_assert_uint_eq(acknowledge(0), GIC_SPURIOUS); /* two made one */
    gicr_bit(0, 0, ICENABLER, 5);
    send_sgi(0, 5u << 24 | 1, true);
    gicr_bit(0, 0, ICPENDR, 5);
    gicr_bit(0, 0, ISENABLER, 5);
    ck_assert_uint_eq(acknowledge(0), GIC_SPURIOUS);
}
END_TEST

START_TEST(an_sgi_comes_again_while_it_is_active)
{
    setup(2, 32);
    send_sgi(1, 3u << 24 | 1, true);
    ck_assert_uint_eq(acknowledge(0), 3);
    send_sgi(0, 3u << 24 | 1, true);
    ck_assert(gicr_has(1, 0, ISPENDR, 3) && gicr_has(1, 0, ISACTIVER, 3));
    end(0, 3);
    ck_assert_uint_eq(acknowledge(0), 3);
    end(0, 3);
    ck_assert_uint_eq(acknowledge(0), GIC_SPURIOUS);
}
END_TEST

/* ---- Another vCPU's redistributor */

START_TEST(writes_reach_the_owner_and_nobody_else)
{
    setup(3, 32);
    gicr_write(0, 2, SGI_FRAME + IPRIORITYR + PPI, 0x50);
    gicr_bit(0, 2, ISENABLER, 21);
    gicr_bit(0, 2, ICENABLER, PPI);
    for (unsigned owner = 0; owner < 3; owner++) {
        ck_assert_uint_eq(gicr_read(1, owner, SGI_FRAME + IPRIORITYR + PPI), owner == 2 ? 0x50 : 0);
        ck_assert_int_eq(gicr_has(1, owner, ISENABLER, 21), owner == 2);
        ck_assert_int_eq(gicr_has(1, owner, ISENABLER, PPI), owner != 2);
    }
    gicr_bit(0, 1, ISPENDR, PPI);
    ck_assert_uint_eq(taker_of(PPI), 1);
    gicr_bit(0, 2, ISPENDR, PPI); /* disabled there */
    ck_assert_uint_eq(taker_of(PPI), UINT32_MAX);
    gicr_bit(1, 2, ISENABLER, PPI);
    ck_assert_uint_eq(taker_of(PPI), 2);
    gicr_bit(2, 0, ISPENDR, 9);
    ck_assert_uint_eq(taker_of(9), 0);
}
END_TEST

/** Active in a list register of the other: what its guest did shows after the exit that the read brings about. */
START_TEST(reads_see_what_the_other_does)
{
    setup(2, 32);
    gicr_bit(0, 1, ISPENDR, PPI);
    ck_assert_uint_eq(acknowledge(1), PPI);
    gicr_has(0, 1, ISACTIVER, PPI);
    ck_assert(gicr_has(0, 1, ISACTIVER, PPI));
    ck_assert(!gicr_has(0, 0, ISACTIVER, PPI));
    end(1, PPI);
    gicr_has(0, 1, ISACTIVER, PPI);
    ck_assert(!gicr_has(0, 1, ISACTIVER, PPI));
}
END_TEST

/** The host's interrupt behind another vCPU's is that one's CPU's to end. */
START_TEST(linked_interrupts_of_another)
{
    setup(2, 32);
    gicr_bit(1, 1, ISENABLER, TIMER);
    set_physical(1, TIMER, true);
    ck_assert_uint_eq(fake.cpus[1].physical_active, 1u << TIMER);
    ck_assert(gicr_has(0, 1, ISPENDR, TIMER));
    ck_assert_uint_eq(acknowledge(1), TIMER);
    set_physical(1, TIMER, false);
    fake.cpus[0].physical_active = 1u << TIMER; /* the other CPU's own: not to be touched */
    gicr_bit(0, 1, ICACTIVER, TIMER);
    ck_assert_uint_eq(fake.cpus[1].physical_active, 0);
    ck_assert_uint_eq(fake.cpus[0].physical_active, 1u << TIMER);
    fake.cpus[0].physical_active = 0;
    set_physical(1, TIMER, true); /* and so it can come again */
    bounce(1);
    ck_assert_uint_eq(fake.cpus[1].physical_active, 1u << TIMER);
}
END_TEST

/** The same where no list register holds it, so that nothing else makes that CPU look at it again. */
START_TEST(linked_interrupts_of_another_in_no_list_register)
{
    setup_version(GIC_V3, 2, 32, 1);
    gicd_write(0, CTLR, 4, 3);
    gicr_bit(1, 1, ISENABLER, PPI);
    gicr_bit(1, 1, ISENABLER, TIMER);
    gicr_bit(1, 1, ISPENDR, PPI);
    ck_assert_uint_eq(acknowledge(1), PPI); /* it has the only one until it ends */
    set_physical(1, TIMER, true);
    gicr_bit(1, 1, ISACTIVER, TIMER);
    set_physical(1, TIMER, false);
    ck_assert(!gicr_has(1, 1, ISPENDR, TIMER));
    ck_assert_uint_eq(fake.cpus[1].physical_active, 1u << TIMER);
    gicr_bit(0, 1, ICACTIVER, TIMER);
    ck_assert_uint_eq(fake.cpus[1].physical_active, 0); /* or it could not come again */
    end(1, PPI);
    set_physical(1, TIMER, true);
    ck_assert_uint_eq(acknowledge(1), TIMER);
}
END_TEST

/* ---- ICC_SGI1R_EL1 */

/** The vCPUs that take SGI 7 after @p self wrote @p value. */
static uint32_t reached(unsigned self, uint64_t value)
{
    uint32_t mask = 0;

    send_sgi(self, value | 7u << 24, true);
    for (unsigned v = 0; v < sys.domain.vcpu_count; v++) {
        uint32_t intid = acknowledge(v);
        if (intid == GIC_SPURIOUS)
            continue;
        ck_assert_uint_eq(intid, 7);
        end(v, intid);
        ck_assert_uint_eq(acknowledge(v), GIC_SPURIOUS);
        mask |= 1u << v;
    }
    return mask;
}

START_TEST(sgi_targets)
{
    setup(8, 32);
    for (unsigned v = 0; v < 8; v++) {
        ck_assert_uint_eq(reached(v, 1u << v), 1u << v);
        ck_assert_uint_eq(reached(v, ALL_BUT_SELF), 0xffu & ~(1u << v));
        ck_assert_uint_eq(reached(v, ALL_BUT_SELF | 0xffff), 0xffu & ~(1u << v)); /* the list does not count */
    }
    ck_assert_uint_eq(reached(0, 0xffff), 0xff);
    ck_assert_uint_eq(reached(0, 0xa4), 0xa4);
    ck_assert_uint_eq(reached(0, 0), 0);
    ck_assert_uint_eq(reached(0, 0xff00), 0);            /* nobody there */
    ck_assert_uint_eq(reached(0, 0xffff | 1u << 16), 0); /* another cluster: Aff1 */
    ck_assert_uint_eq(reached(0, 0xffff | 1ULL << 32), 0);
    ck_assert_uint_eq(reached(0, 0xffff | 1ULL << 48), 0);
    ck_assert_uint_eq(reached(0, 0xffff | 1ULL << 44), 0); /* Aff0 from 16 on */
}
END_TEST

/** More CPUs than a list has, in clusters of every level. */
START_TEST(sgi_targets_by_affinity)
{
    static const uint64_t spread[FAKE_CPUS] = {0, 15, 16, 33, 0x101, 0x10001, 0x100000001, 0xff00ffffff};

    memcpy(affinities, spread, sizeof(affinities));
    setup(8, 32);
    ck_assert_uint_eq(reached(0, 0xffff), 0x3);
    ck_assert_uint_eq(reached(0, 0x8000), 0x2);
    ck_assert_uint_eq(reached(0, 1ULL << 44 | 1), 0x4);
    ck_assert_uint_eq(reached(0, 2ULL << 44 | 2), 0x8);
    ck_assert_uint_eq(reached(0, 1ULL << 16 | 2), 0x10);
    ck_assert_uint_eq(reached(0, 1ULL << 32 | 2), 0x20);
    ck_assert_uint_eq(reached(0, 1ULL << 48 | 2), 0x40);
    ck_assert_uint_eq(reached(0, 0xffULL << 48 | 0xfULL << 44 | 0xffULL << 32 | 0xffULL << 16 | 0x8000), 0x80);
    ck_assert_uint_eq(reached(7, ALL_BUT_SELF), 0x7f);
}
END_TEST

/** ICC_SGI0R_EL1 reaches only what is in group 0; ICC_SGI1R_EL1 both. */
START_TEST(sgi_groups)
{
    setup(1, 32);
    vgic_write_sgi(&sys.vcpus[0].vgic, 4u << 24 | 1, false);
    bounce(0);
    ck_assert_uint_eq(acknowledge(0), GIC_SPURIOUS);
    gicr_write(0, 0, SGI_FRAME + IGROUPR, ~(1u << 4));
    vgic_write_sgi(&sys.vcpus[0].vgic, 4u << 24 | 1, false);
    bounce(0);
    ck_assert_uint_eq(taker_of(4), 0);
    send_sgi(0, 4u << 24 | 1, true);
    ck_assert_uint_eq(taker_of(4), 0);
}
END_TEST

/** A guest that knows itself on the non-secure side of two security states: IGROUPR, which ignores writes there, is
 * left zero, and group 1 is all that it enables. */
START_TEST(one_group_for_who_knows_one)
{
    setup_version(GIC_V3, 1, 32, 4);
    gicd_bit(0, ISENABLER, SPI);
    gicd_write(0, CTLR, 4, 0x10);
    gicd_write(0, IGROUPR + 4, 4, 0);
    gicr_write(0, 0, SGI_FRAME + IGROUPR, 0);
    ck_assert_uint_eq(gicd_read(0, IGROUPR + 4, 4), 0);
    gicd_write(0, CTLR, 4, 0x12);
    set_line(SPI, true);
    send_sgi(0, 4u << 24 | 1, true);
    ck_assert(fake_lr(0, (unsigned)fake_find(0, SPI)).group1);
    ck_assert(fake_lr(0, (unsigned)fake_find(0, 4)).group1);
    vgic_write_sgi(&sys.vcpus[0].vgic, 5u << 24 | 1, false); /* SGI 5 is not in group 0 */
    bounce(0);
    ck_assert_int_eq(fake_find(0, 5), -1);
}
END_TEST

/** From when group 0 was enabled once the groups are what IGROUPR says; also of what waits already. */
START_TEST(two_groups_for_who_enables_both)
{
    setup_version(GIC_V3, 1, 32, 4);
    gicd_bit(0, ISENABLER, SPI);
    gicd_write(0, CTLR, 4, 0x12);
    gicd_write(0, IGROUPR + 4, 4, ~(1u << SPI % 32));
    gicr_write(0, 0, SGI_FRAME + IGROUPR, ~(1u << 4));
    set_line(SPI, true);
    gicd_write(0, CTLR, 4, 0x13);
    ck_assert(!fake_lr(0, (unsigned)fake_find(0, SPI)).group1);
    send_sgi(0, 4u << 24 | 1, true);
    ck_assert(!fake_lr(0, (unsigned)fake_find(0, 4)).group1);
    send_sgi(0, 5u << 24 | 1, true);
    ck_assert(fake_lr(0, (unsigned)fake_find(0, 5)).group1);
    gicd_write(0, CTLR, 4, 0x12); /* then group 0 is off, not one of two */
    ck_assert_int_eq(fake_find(0, SPI), -1);
    ck_assert_int_eq(fake_find(0, 4), -1);
    ck_assert(fake_find(0, 5) >= 0);
    vgic_reset(&sys.domain.vgic, 32); /* the next life knows one again */
    ck_assert(sys.domain.vgic.one_group);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, one_group_for_who_knows_one);
    tcase_add_test(tests, two_groups_for_who_enables_both);
    tcase_add_test(tests, reset_values);
    tcase_add_test(tests, redistributors_say_whose_they_are);
    tcase_add_test(tests, reserved_is_zero);
    tcase_add_test(tests, control);
    tcase_add_test(tests, private_and_shared_lie_in_different_frames);
    tcase_add_test(tests, routes);
    tcase_add_test(tests, halves_of_a_route);
    tcase_add_test(tests, routed_to_nobody);
    tcase_add_test(tests, routes_by_all_affinities);
    tcase_add_test(tests, active_is_set_and_cleared_by_its_own_registers);
    tcase_add_test(tests, sgis_are_interrupts_like_others);
    tcase_add_test(tests, an_sgi_comes_again_while_it_is_active);
    tcase_add_test(tests, writes_reach_the_owner_and_nobody_else);
    tcase_add_test(tests, reads_see_what_the_other_does);
    tcase_add_test(tests, linked_interrupts_of_another);
    tcase_add_test(tests, linked_interrupts_of_another_in_no_list_register);
    tcase_add_test(tests, sgi_targets);
    tcase_add_test(tests, sgi_targets_by_affinity);
    tcase_add_test(tests, sgi_groups);
}

int main(void)
{
    return suite_run("vgic_v3", add_tests, NULL);
}
