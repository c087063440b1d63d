// SPDX-License-Identifier: Apache-2.0
/* A domain's bus: the right device at the right offset, and an abort for everything else. */
#include "bus/mmio.h"
#include "support/suite.h"

static struct {
    unsigned calls;
    void *device;
    struct mmio_access access;
    enum mmio_result answer;
} seen;

static enum mmio_result handler(void *device, struct mmio_access *access)
{
    seen.calls++;
    seen.device = device;
    seen.access = *access;
    access->value = 0x1234;
    return seen.answer;
}

static struct mmio_bus bus;
static char device_a, device_b;

static hv_status add(uint64_t base, uint32_t size, void *device)
{
    struct mmio_region region = {.base = ipa(base), .size = size, .handler = handler, .device = device};
    return mmio_bus_add(&bus, &region);
}

static enum mmio_result touch(uint64_t address, uint8_t size)
{
    struct mmio_access access = {.address = ipa(address), .size = size};
    return mmio_bus_access(&bus, &access);
}

static void setup(void)
{
    bus = (struct mmio_bus){0};
    seen.calls = 0;
    seen.answer = MMIO_HANDLED;
}

START_TEST(finds_the_device)
{
    struct mmio_access access = {.address = ipa(0x3001104), .size = 2, .vcpu = 5, .write = true, .value = 7};

    ck_assert_int_eq(add(0x3001000, 0x1000, &device_a), HV_OK);
    ck_assert_int_eq(add(0x22000000, 0x1000, &device_b), HV_OK);
    ck_assert_int_eq(mmio_bus_access(&bus, &access), MMIO_HANDLED);
    ck_assert_ptr_eq(seen.device, &device_a);
    ck_assert_uint_eq(seen.access.vcpu, 5);
    ck_assert_uint_eq(seen.access.offset, 0x104);
    ck_assert_uint_eq(seen.access.size, 2);
    ck_assert(seen.access.write);
    ck_assert_uint_eq(seen.access.value, 7);
    ck_assert_uint_eq(access.value, 0x1234); /* the handler's answer comes back */
    ck_assert_int_eq(touch(0x22000ff8, 8), MMIO_HANDLED);
    ck_assert_ptr_eq(seen.device, &device_b);
    ck_assert_uint_eq(seen.access.offset, 0xff8);
}
END_TEST

START_TEST(the_device_may_abort)
{
    ck_assert_int_eq(add(0x1000, 0x1000, &device_a), HV_OK);
    seen.answer = MMIO_ABORT;
    ck_assert_int_eq(touch(0x1000, 4), MMIO_ABORT);
    ck_assert_uint_eq(seen.calls, 1);
}
END_TEST

START_TEST(holes_abort)
{
    static const uint64_t holes[] = {0, 0xfff, 0x2000, 0x2fff, 0x4000, 0x100001000, UINT64_MAX - 7, UINT64_MAX};

    ck_assert_int_eq(add(0x1000, 0x1000, &device_a), HV_OK);
    ck_assert_int_eq(add(0x3000, 0x1000, &device_b), HV_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(holes); i++)
        ck_assert_int_eq(touch(holes[i], 1), MMIO_ABORT);
    ck_assert_uint_eq(seen.calls, 0);
}
END_TEST

START_TEST(crossing_an_end_aborts)
{
    ck_assert_int_eq(add(0x1000, 0x1000, &device_a), HV_OK);
    ck_assert_int_eq(add(0x2000, 0x1000, &device_b), HV_OK);
    ck_assert_int_eq(touch(0xffc, 8), MMIO_ABORT);
    ck_assert_int_eq(touch(0x1ffd, 4), MMIO_ABORT); /* not even into the next device */
    ck_assert_int_eq(touch(0x1fff, 2), MMIO_ABORT);
    ck_assert_int_eq(touch(0x2ffc, 8), MMIO_ABORT);
    ck_assert_uint_eq(seen.calls, 0);
    ck_assert_int_eq(touch(0x1fff, 1), MMIO_HANDLED);
    ck_assert_int_eq(touch(0x1ff8, 8), MMIO_HANDLED);
    ck_assert_uint_eq(seen.calls, 2);
}
END_TEST

START_TEST(regions_do_not_overlap)
{
    static const struct {
        uint64_t base;
        uint32_t size;
        hv_status expected;
    } cases[] = {
        {0x1000, 0x1000, HV_E_OVERLAP}, {0x1fff, 1, HV_E_OVERLAP},           {0x800, 0x801, HV_E_OVERLAP},
        {0, 0x10000, HV_E_OVERLAP},     {0x1800, 0x10, HV_E_OVERLAP},        {0x800, 0x800, HV_OK},
        {0x2000, 0x1000, HV_OK},        {0x1000, 0, HV_E_INVALID},           {UINT64_MAX - 0xfff, 0x1000, HV_E_RANGE},
        {UINT64_MAX, 2, HV_E_RANGE},    {0xffffffff00000000, 0x1000, HV_OK},
    };

    ck_assert_int_eq(add(0x1000, 0x1000, &device_a), HV_OK);
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        unsigned count = bus.count;
        ck_assert_int_eq(add(cases[i].base, cases[i].size, &device_b), cases[i].expected);
        ck_assert_uint_eq(bus.count, count + (cases[i].expected == HV_OK));
    }
    ck_assert_int_eq(touch(0x1800, 4), MMIO_HANDLED);
    ck_assert_ptr_eq(seen.device, &device_a);
}
END_TEST

START_TEST(a_region_needs_a_handler)
{
    struct mmio_region region = {.base = ipa(0x1000), .size = 0x1000};
    ck_assert_int_eq(mmio_bus_add(&bus, &region), HV_E_INVALID);
}
END_TEST

START_TEST(the_bus_fills_up)
{
    for (unsigned i = 0; i < MMIO_MAX_REGIONS; i++)
        ck_assert_int_eq(add(0x1000 * (i + 1), 0x1000, &device_a), HV_OK);
    ck_assert_int_eq(add(0x100000, 0x1000, &device_b), HV_E_FULL);
    ck_assert_int_eq(add(0x1000, 0x1000, &device_b), HV_E_OVERLAP); /* the more helpful of two reasons */
    ck_assert_int_eq(touch(0x1000 * MMIO_MAX_REGIONS, 4), MMIO_HANDLED);
    ck_assert_int_eq(touch(0x100000, 4), MMIO_ABORT);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, finds_the_device);
    tcase_add_test(tests, the_device_may_abort);
    tcase_add_test(tests, holes_abort);
    tcase_add_test(tests, crossing_an_end_aborts);
    tcase_add_test(tests, regions_do_not_overlap);
    tcase_add_test(tests, a_region_needs_a_handler);
    tcase_add_test(tests, the_bus_fills_up);
}

int main(void)
{
    return suite_run("mmio", add_tests, setup);
}
