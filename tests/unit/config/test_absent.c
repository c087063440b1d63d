// SPDX-License-Identifier: Apache-2.0
/* A small build: what it lacks is refused by name. tests/CMakeLists.txt builds these files of core with nothing but
 * vgic, GICv3 and pl011. */
#include <check.h>
#include <string.h>

#include "config/part.h"
#include "plan/plan.h"
#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"

static struct system_config config;
static struct machine machine;
static struct system_plan plan;
static struct reports reports;
static struct dt tree;

static void open_tree(const char *name)
{
    static struct blob blob;

    reports_start(&reports);
    memset(&machine, 0, sizeof(machine));
    blob_free(&blob);
    blob = blob_read(name);
    blob_open(&blob, &tree);
}

static hv_status read_machine(void)
{
    const struct region nowhere = {0, 0};

    return machine_read(&machine, &tree, nowhere, nowhere, UINT64_MAX, &reports.diag);
}

START_TEST(a_part)
{
    open_tree("ok/two-domains.dtb");
    ck_assert_int_eq(config_read(&config, &tree, &reports.diag), HV_OK);
    ck_assert(!config.domains[0].valid);
    ck_assert(reports_have(&reports, "error: /chosen/good: vpl011: not in this build"));
    ck_assert(!reports_have(&reports, "unknown property"));
}
END_TEST

START_TEST(an_interrupt_controller)
{
    open_tree("ok/two-domains.dtb");
    ck_assert_int_eq(read_machine(), HV_E_UNSUPPORTED);
    ck_assert(reports_have(&reports, "compatible: not in this build: the driver of the interrupt controller"));
    ck_assert_uint_eq(reports_count(&reports, "interrupt controller"), 1);
    open_tree("ok/machine-gicv3.dtb");
    ck_assert_int_eq(read_machine(), HV_OK);
}
END_TEST

START_TEST(a_uart)
{
    struct machine_uart uart = {0};

    open_tree("ok/zynqmp.dtb");
    ck_assert_int_ne(machine_read_uart(&uart, &tree, &reports.diag), HV_OK);
    ck_assert(reports_have(&reports, "not in this build (BULKHEAD_UART): the driver of the console's UART"));
    ck_assert_int_eq(uart.type, UART_NONE);
}
END_TEST

/** A module that begins as a gzip file does. */
static const void *read_packed(struct plan_reader *reader, pa_t base, uint64_t size)
{
    static const uint8_t packed[IMAGE_PROBE_SIZE] = {0x1f, 0x8b, 8};

    (void)reader;
    (void)base;
    return size <= sizeof(packed) ? packed : NULL;
}

START_TEST(a_packed_kernel)
{
    struct plan_reader reader = {.read = read_packed};

    open_tree("ok/machine-gicv3.dtb");
    ck_assert_int_eq(read_machine(), HV_OK);
    hv_status status = config_read(&config, &tree, &reports.diag);
    ck_assert_uint_gt(config.domain_count, 0);
    for (unsigned i = 0; i < config.domain_count; i++)
        config.domains[i].valid = true; /* but for its UART */
    status = plan_make(&plan, &machine, &config, &reader, &reports.diag);
    ck_assert_int_eq(status, HV_E_MISSING);
    ck_assert(reports_have(&reports, "reg: not in this build: kernels in gzip (BULKHEAD_GZIP)"));
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_test(tests, a_part);
    tcase_add_test(tests, an_interrupt_controller);
    tcase_add_test(tests, a_uart);
    tcase_add_test(tests, a_packed_kernel);
}

int main(void)
{
    return suite_run("what a build lacks", add_tests, NULL);
}
