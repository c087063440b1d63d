// SPDX-License-Identifier: Apache-2.0
/* The distributor's register file: what the manual says each register is (IHI 0048B 4.3), in every width. */
#include "support/suite.h"
#include "unit/vgic/vgic_system.h"

/** Which accesses a register takes, for the whole frame, in the manual's words (4.1.4, table 4-1). */
static bool is_byte_accessible(uint32_t offset)
{
    return (offset >= 0x400 && offset < 0x7fc) || (offset >= 0x800 && offset < 0xbfc) ||
           (offset >= 0xf10 && offset < 0xf30);
}

static bool is_allowed(uint32_t offset, unsigned size)
{
    return (size == 4 && offset % 4 == 0) || (size == 1 && is_byte_accessible(offset));
}

/** Puts something other than zero wherever a guest can. */
static void fill(unsigned v)
{
    static const struct {
        uint32_t base, length;
    } arrays[] = {{IGROUPR, 0x80},     {ISENABLER, 0x80},  {ISPENDR, 0x80}, {ISACTIVER, 0x80},
                  {IPRIORITYR, 0x3fc}, {ITARGETSR, 0x3fc}, {ICFGR, 0x100},  {SPENDSGIR, 16}};

    write32(v, CTLR, 3);
    for (unsigned i = 0; i < ARRAY_SIZE(arrays); i++)
        for (uint32_t offset = 0; offset < arrays[i].length; offset += 4)
            write32(v, arrays[i].base + offset, 0xfafbfcfd);
}

START_TEST(reset_values)
{
    setup_system(4, 64, 4);
    for (unsigned v = 0; v < 4; v++) {
        ck_assert_uint_eq(read32(v, CTLR), 0);
        ck_assert_uint_eq(read32(v, TYPER), 3u << 5 | 2);
        ck_assert_uint_eq(read32(v, IIDR) & 0xfff, 0x43b);
        ck_assert_uint_eq(read32(v, ISENABLER), 0x0000ffff); /* SGIs are always enabled */
        ck_assert_uint_eq(read32(v, ICFGR), 0xaaaaaaaa);     /* and edge-triggered */
        ck_assert_uint_eq(read32(v, ICFGR + 4), 0);          /* PPIs level */
        for (uint32_t i = 0; i < 32; i += 4)
            ck_assert_uint_eq(read32(v, ITARGETSR + i), 0x01010101u << v);
        for (uint32_t i = 32; i < 96; i += 4)
            ck_assert_uint_eq(read32(v, ITARGETSR + i), 0x01010101);
        ck_assert_uint_eq(read32(v, 0xfe8) & 0xf0, 0x20); /* ICPIDR2.ArchRev: GICv2 */
        ck_assert_uint_eq(read32(v, 0xff0), 0x0d);        /* component identification */
        ck_assert_uint_eq(read32(v, 0xff4), 0xf0);
        ck_assert_uint_eq(read32(v, 0xff8), 0x05);
        ck_assert_uint_eq(read32(v, 0xffc), 0xb1);
        for (uint32_t offset = ISENABLER + 4; offset < IPRIORITYR; offset += 4)
            ck_assert_msg(offset == ICENABLER || read32(v, offset) == 0, "%#x", offset);
        for (uint32_t offset = IPRIORITYR; offset < ITARGETSR; offset += 4)
            ck_assert_uint_eq(read32(v, offset), 0);
    }
}
END_TEST

START_TEST(type_says_what_there_is)
{
    static const struct {
        unsigned vcpus;
        uint32_t spis, expected;
    } cases[] = {{1, 32, 1}, {8, 32, 7u << 5 | 1}, {2, 0, 1u << 5}, {1, 960, 30}, {8, 988, 7u << 5 | 31}};

    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        setup_system(cases[i].vcpus, cases[i].spis, 4);
        ck_assert_uint_eq(read32(0, TYPER), cases[i].expected);
        write32(0, TYPER, UINT32_MAX);
        ck_assert_uint_eq(read32(0, TYPER), cases[i].expected);
    }
}
END_TEST

START_TEST(other_widths_read_zero)
{
    setup_system(2, 988, 4);
    fill(0);
    for (uint32_t offset = 0; offset < 0x1000; offset++)
        for (unsigned size = 1; size <= 8; size *= 2)
            if (offset + size <= 0x1000 && !is_allowed(offset, size))
                ck_assert_msg(access_raw(0, offset, size, false, 0x55) == 0, "%#x/%u", offset, size);
}
END_TEST

START_TEST(other_widths_ignore_writes)
{
    static uint32_t before[0x400];

    setup_system(2, 988, 4);
    fill(0);
    for (uint32_t i = 0; i < 0x400; i++)
        before[i] = read32(0, i * 4);
    for (uint32_t offset = 0; offset < 0x1000; offset++)
        for (unsigned size = 1; size <= 8; size *= 2)
            if (offset + size <= 0x1000 && !is_allowed(offset, size)) {
                access_raw(0, offset, size, true, 0);
                access_raw(0, offset, size, true, UINT64_MAX);
            }
    for (uint32_t i = 0; i < 0x400; i++)
        ck_assert_msg(read32(0, i * 4) == before[i], "%#x: %#x, was %#x", i * 4, read32(0, i * 4), before[i]);
}
END_TEST

START_TEST(reserved_offsets_are_zero)
{
    setup_system(1, 988, 4);
    fill(0);
    for (uint32_t offset = 0; offset < 0x1000; offset += 4) {
        bool reserved = (offset >= 0x00c && offset < 0x080) || offset == 0x7fc || offset == 0xbfc ||
                        (offset >= 0xd00 && offset < 0xf10) || (offset >= 0xf30 && offset < 0xfd0);
        if (!reserved || offset == SGIR)
            continue;
        write32(0, offset, UINT32_MAX);
        ck_assert_msg(read32(0, offset) == 0, "%#x", offset);
    }
    ck_assert_uint_eq(read32(0, SGIR), 0); /* write-only */
}
END_TEST

START_TEST(bytes_make_words)
{
    uint32_t arrays[] = {IPRIORITYR, ITARGETSR};

    setup_system(8, 64, 4);
    for (unsigned a = 0; a < 2; a++)
        for (uint32_t intid = 32; intid < 96; intid += 4) {
            uint32_t value = 0x08182838 + intid * 0x01030507;
            uint32_t kept = a == 0 ? value & 0xf8f8f8f8 : value;
            write32(0, arrays[a] + intid, value);
            ck_assert_uint_eq(read32(3, arrays[a] + intid), kept);
            for (uint32_t i = 0; i < 4; i++)
                ck_assert_uint_eq(read8(1, arrays[a] + intid + i), kept >> 8 * i & 0xff);
            write8(2, arrays[a] + intid + 2, 0xa8); /* only its own byte */
            ck_assert_uint_eq(read32(0, arrays[a] + intid), (kept & 0xff00ffff) | 0xa80000);
            ck_assert_uint_eq(access_raw(0, arrays[a] + intid, 4, false, UINT64_MAX), (kept & 0xff00ffff) | 0xa80000);
        }
}
END_TEST

/** No word of an array answers for another one, up to the last. */
START_TEST(each_interrupt_has_its_own_fields)
{
    setup_system(8, 988, 4);
    for (uint32_t intid = 32; intid < 1020; intid += 4) {
        write32(0, IPRIORITYR + intid, (intid >> 2) * 0x00080808u);
        write32(0, ITARGETSR + intid, (intid >> 2) * 0x01010101u);
    }
    for (uint32_t intid = 64; intid < 1020; intid += 32)
        write32(0, ISENABLER + intid / 8, intid * 0x00010001u);
    for (uint32_t intid = 32; intid < 1020; intid += 4) {
        ck_assert_uint_eq(read32(0, IPRIORITYR + intid), (intid >> 2) * 0x00080808u & 0xf8f8f8f8);
        ck_assert_uint_eq(read32(0, ITARGETSR + intid), (intid >> 2) * 0x01010101u);
    }
    for (uint32_t intid = 64; intid < 992; intid += 32)
        ck_assert_uint_eq(read32(0, ICENABLER + intid / 8), intid * 0x00010001u);
}
END_TEST

/** Registers in pairs: one sets, the other clears, both read the same; a bit written as zero stays. */
START_TEST(set_and_clear_pairs)
{
    static const uint32_t pairs[][2] = {{ISENABLER, ICENABLER}, {ISPENDR, ICPENDR}, {ISACTIVER, ICACTIVER}};

    for (unsigned p = 0; p < ARRAY_SIZE(pairs); p++) {
        setup_system(1, 64, 16);
        for (uint32_t word = 4; word < 12; word += 4) {
            uint32_t set = pairs[p][0] + word, clear = pairs[p][1] + word;
            write32(0, set, 0x80000101);
            ck_assert_uint_eq(read32(0, set), 0x80000101);
            ck_assert_uint_eq(read32(0, clear), 0x80000101);
            write32(0, set, 0);
            write32(0, clear, 0);
            ck_assert_uint_eq(read32(0, set), 0x80000101);
            write32(0, set, 0x00400000);
            write32(0, clear, 0x00000001);
            ck_assert_uint_eq(read32(0, clear), 0x80400100);
            write32(0, clear, UINT32_MAX);
            ck_assert_uint_eq(read32(0, set), 0);
        }
        for (unsigned other = 0; other < ARRAY_SIZE(pairs); other++) /* and touches nothing else */
            ck_assert_uint_eq(read32(0, pairs[other][0] + 4) | read32(0, pairs[other][0] + 8), 0);
    }
}
END_TEST

START_TEST(sgis_are_fixed)
{
    setup_system(2, 32, 4);
    write32(0, ICENABLER, UINT32_MAX);
    ck_assert_uint_eq(read32(0, ISENABLER), 0xffff);
    write32(0, ICFGR, 0);
    ck_assert_uint_eq(read32(0, ICFGR), 0xaaaaaaaa);
    write32(0, ICFGR + 4, UINT32_MAX);
    ck_assert_uint_eq(read32(0, ICFGR + 4), 0);
    write32(0, ITARGETSR, 0);
    ck_assert_uint_eq(read32(0, ITARGETSR), 0x01010101);
    write32(0, ISPENDR, 0xffff); /* has SPENDSGIR for this */
    ck_assert_uint_eq(read32(0, ISPENDR), 0);
    write8(0, SPENDSGIR + 5, 2);
    ck_assert_uint_eq(read32(0, ISPENDR), 1u << 5);
    write32(0, ICPENDR, 0xffff);
    ck_assert_uint_eq(read32(0, ISPENDR), 1u << 5);
}
END_TEST

START_TEST(sgi_sources)
{
    setup_system(3, 32, 4);
    write8(1, SPENDSGIR + 9, 0xff); /* of eight sources there are three */
    ck_assert_uint_eq(read8(1, SPENDSGIR + 9), 7);
    ck_assert_uint_eq(read8(1, CPENDSGIR + 9), 7);
    ck_assert_uint_eq(read32(1, SPENDSGIR + 8), 7u << 8);
    ck_assert_uint_eq(read32(0, SPENDSGIR + 8), 0); /* banked */
    write8(1, CPENDSGIR + 9, 5);
    ck_assert_uint_eq(read8(1, SPENDSGIR + 9), 2);
    write32(1, CPENDSGIR + 8, UINT32_MAX);
    ck_assert_uint_eq(read8(1, SPENDSGIR + 9), 0);
    ck_assert_uint_eq(read32(1, ISPENDR), 0);
}
END_TEST

START_TEST(private_registers_are_banked)
{
    static const uint32_t offsets[] = {IGROUPR, ISENABLER, ISPENDR, ISACTIVER, IPRIORITYR + 16};

    for (unsigned i = 0; i < ARRAY_SIZE(offsets); i++) {
        setup_system(8, 32, 4);
        uint32_t reset = read32(3, offsets[i]);
        write32(5, offsets[i], 0x10300000);
        ck_assert_uint_eq(read32(5, offsets[i]), 0x10300000 | reset);
        for (unsigned v = 0; v < 8; v++)
            ck_assert_uint_eq(read32(v, offsets[i]), v == 5 ? 0x10300000 | reset : reset);
    }
}
END_TEST

START_TEST(targets_are_the_vcpus_there_are)
{
    static const unsigned counts[] = {1, 2, 3, 7, 8};

    for (unsigned i = 0; i < ARRAY_SIZE(counts); i++) {
        setup_system(counts[i], 32, 4);
        write32(0, ITARGETSR + 32, UINT32_MAX);
        ck_assert_uint_eq(read32(0, ITARGETSR + 32), 0x01010101u * ((1u << counts[i]) - 1));
    }
}
END_TEST

START_TEST(absent_spis_do_nothing)
{
    setup_system(1, 32, 4);
    for (uint32_t offset = IGROUPR; offset < 0xd00; offset += 4) {
        uint32_t first = offset < IPRIORITYR ? offset % 0x80 * 8 : offset < ICFGR ? offset % 0x400 : offset % 0x100 * 4;
        if (first < 64)
            continue;
        write32(0, offset, UINT32_MAX);
        ck_assert_msg(read32(0, offset) == 0, "%#x", offset);
    }
}
END_TEST

START_TEST(lines_of_absent_spis_do_nothing)
{
    setup_system(1, 64, 4);
    struct vgic before = sys.domain.vgic;

    vgic_set_spi(&sys.domain.vgic, 96, true);
    vgic_set_spi(&sys.domain.vgic, 1020, true);
    vgic_set_spi(&sys.domain.vgic, UINT32_MAX, true);
    vgic_set_spi(&sys.domain.vgic, 31, true);
    ck_assert_mem_eq(sys.domain.vgic.spis, before.spis, sizeof(before.spis));
}
END_TEST

START_TEST(the_last_spi)
{
    setup_system(1, 988, 4);
    write32(0, ISENABLER + 0x7c, UINT32_MAX);
    ck_assert_uint_eq(read32(0, ISENABLER + 0x7c), 0x0fffffff); /* 1020 to 1023 are no interrupts */
    write32(0, ICFGR + 0xfc, UINT32_MAX);
    ck_assert_uint_eq(read32(0, ICFGR + 0xfc), 0x00aaaaaa);
    write8(0, IPRIORITYR + 1019, 0x38);
    ck_assert_uint_eq(read32(0, IPRIORITYR + 1016), 0x38000000);
    write32(0, CTLR, 1);
    set_line(1019, true);
    ck_assert_uint_eq(acknowledge(0), 1019);
    vgic_set_spi(&sys.domain.vgic, 1020, true); /* none of these is one of its interrupts */
    vgic_set_spi(&sys.domain.vgic, 31, true);
    vgic_set_spi(&sys.domain.vgic, UINT32_MAX, true);
    ck_assert_uint_eq(sys.vcpus[0].vgic.dirty, 0);
}
END_TEST

START_TEST(reserved_bits)
{
    setup_system(1, 32, 4);
    write32(0, CTLR, UINT32_MAX);
    ck_assert_uint_eq(read32(0, CTLR), 3);
    write32(0, ICFGR + 8, UINT32_MAX);
    ck_assert_uint_eq(read32(0, ICFGR + 8), 0xaaaaaaaa);
    write32(0, ICFGR + 8, 0x55555555);
    ck_assert_uint_eq(read32(0, ICFGR + 8), 0);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, reset_values);
    tcase_add_test(tests, type_says_what_there_is);
    tcase_add_test(tests, other_widths_read_zero);
    tcase_add_test(tests, other_widths_ignore_writes);
    tcase_add_test(tests, reserved_offsets_are_zero);
    tcase_add_test(tests, bytes_make_words);
    tcase_add_test(tests, each_interrupt_has_its_own_fields);
    tcase_add_test(tests, set_and_clear_pairs);
    tcase_add_test(tests, sgis_are_fixed);
    tcase_add_test(tests, sgi_sources);
    tcase_add_test(tests, private_registers_are_banked);
    tcase_add_test(tests, targets_are_the_vcpus_there_are);
    tcase_add_test(tests, absent_spis_do_nothing);
    tcase_add_test(tests, lines_of_absent_spis_do_nothing);
    tcase_add_test(tests, the_last_spi);
    tcase_add_test(tests, reserved_bits);
}

int main(void)
{
    return suite_run("vgic-registers", add_tests, NULL);
}
