/* SPDX-License-Identifier: Apache-2.0 */
/* One machine, read from one tree, and what was said about it. */
#ifndef BULKHEAD_TESTS_UNIT_CONFIG_MACHINE_READING_H
#define BULKHEAD_TESTS_UNIT_CONFIG_MACHINE_READING_H

#include <check.h>
#include <string.h>

#include "config/machine.h"
#include "support/blob.h"
#include "support/reports.h"

static struct machine machine;
static struct reports reports;
static struct blob blob;
static struct dt tree;

static const struct region dtb_range = {0x48000000, 0x48010000};
static const struct region image_range = {0x40200000, 0x40280000};

static inline void setup(void)
{
    reports_start(&reports);
}

static inline hv_status read_machine(uint64_t boot_mpidr)
{
    memset(&machine, 0, sizeof(machine));
    return machine_read(&machine, &tree, dtb_range, image_range, boot_mpidr, &reports.diag);
}

static inline hv_status read_file(const char *name)
{
    blob = blob_read(name);
    blob_open(&blob, &tree);
    return read_machine(UINT64_MAX);
}

static inline void assert_range(struct dt_range range, uint64_t base, uint64_t size)
{
    ck_assert_uint_eq(range.base, base);
    ck_assert_uint_eq(range.size, size);
}

#endif
