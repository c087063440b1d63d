// SPDX-License-Identifier: Apache-2.0
/* Trees with random damage: either refused, or read to the end without harm. The sanitizers watch. */
#include <check.h>
#include <libfdt.h>
#include <string.h>

#include "config/machine.h"
#include "config/system_config.h"
#include "support/blob.h"
#include "support/reports.h"
#include "support/suite.h"
#include "unit/mem/random.h"

#ifndef ROUNDS
#define ROUNDS 600 /* of each tree; -DROUNDS=60000 and TEST_SEED for a night */
#endif

static const char *const names[] = {"ok/server.dtb", "ok/uboot-script.dtb", "ok/zynqmp.dtb",
                                    "bad/several-mistakes.dtb"};

/** Reports are formatted, for every byte of them to be looked at, and thrown away. */
static size_t said;

static void count(struct text_sink *sink, const char *text, size_t length)
{
    (void)sink;
    for (size_t i = 0; i < length; i++)
        said += (unsigned char)text[i] != 0;
}

static void discard(struct diag *diag, const struct diag_report *report)
{
    struct text_sink sink = {count};

    (void)diag;
    diag_format(&sink, report);
}

static bool show(void *context, const char *name, struct dt_property value)
{
    char text[40];

    (void)context;
    said += strlen(name) + strlen(dt_show(value, text, sizeof(text)));
    return true;
}

/** All that can be asked of a node. */
static void ask(struct dt_node node)
{
    struct dt_interrupt interrupt;
    struct dt_range range;
    char path[DT_PATH_MAX];
    const char *text = "";
    uint64_t number;

    dt_for_each_property(node, show, NULL);
    for (unsigned i = 0; i < 3; i++) {
        if (dt_reg_cpu(node, i, &range) == HV_OK)
            REQUIRE(range.base + range.size >= range.base);
        if (dt_interrupt(node, i, &interrupt) == HV_OK)
            REQUIRE(interrupt.intid >= 16 && interrupt.intid < HV_MAX_INTIDS);
    }
    if (dt_read_string(node, "compatible", &text) == HV_OK)
        said += strlen(text);
    if (dt_read_u64(node, "reg", &number) == HV_OK)
        said += number != 0;
    REQUIRE(strlen(dt_path(node, path, sizeof(path))) < sizeof(path));
    said += dt_node_valid(dt_find(node.tree, path));
}

static void assert_sound(const struct machine *machine, const struct system_config *config)
{
    REQUIRE(machine->cpu_count <= HV_MAX_CPUS);
    REQUIRE(machine->reservation_count <= MACHINE_MAX_RESERVATIONS);
    REQUIRE(config->domain_count <= HV_MAX_DOMAINS);
    for (unsigned i = 0; i < machine->reservation_count; i++)
        REQUIRE(machine->reservations[i].range.base < machine->reservations[i].range.end);
    for (unsigned i = 0; i < config->domain_count; i++) {
        const struct domain_config *domain = &config->domains[i];

        if (!domain->valid)
            continue;
        REQUIRE(domain->memory > 0 && domain->cpus > 0 && domain->cpus <= HV_MAX_VCPUS);
        REQUIRE(domain->kernel.present && domain->kernel.size > 0);
        REQUIRE(domain->bootargs == NULL || strlen(domain->bootargs) < CONFIG_BOOTARGS_MAX);
    }
}

/** @return whether the tree was accepted */
static bool read_everything(const struct blob *blob)
{
    static struct system_config config;
    static struct machine machine;
    struct diag diag = {.emit = discard};
    struct dt tree;
    hv_status status = dt_open(&tree, blob->data, blob->size, &diag);

    if (status != HV_OK) {
        REQUIRE(diag.errors == 1);
        return false;
    }
    memset(&machine, 0, sizeof(machine));
    if (machine_read(&machine, &tree, (struct region){0x1000, 0x2000}, (struct region){0x3000, 0x4000}, 0, &diag) ==
        HV_OK)
        REQUIRE(machine.memory.count > 0 && machine.cpu_count > 0 && machine.gic.version == GIC_V2);
    if (config_read(&config, &tree, &diag) == HV_OK)
        REQUIRE(config.domain_count > 0);
    assert_sound(&machine, &config);
    for (struct dt_node node = dt_root(&tree); dt_node_valid(node); node = dt_next(node))
        ask(node);
    return true;
}

static void flip_bits(struct random *random, struct blob *blob)
{
    unsigned flips = 1 + (unsigned)random_below(random, 4);

    while (flips-- > 0)
        blob->data[random_below(random, blob->size)] ^= (uint8_t)(1u << random_below(random, 8));
}

/** Cells of odd values: what bit flips seldom make. */
static void set_cells(struct random *random, struct blob *blob)
{
    static const uint32_t odd[] = {0, 1, 2, 3, 4, 9, 0x7fffffff, 0x80000000, 0xfffffffc, 0xffffffff};
    unsigned cells = 1 + (unsigned)random_below(random, 4);

    while (cells-- > 0)
        fdt32_st(blob->data + random_below(random, blob->size / 4) * 4, odd[random_below(random, ARRAY_SIZE(odd))]);
}

/** One property's value replaced as a whole: stays well formed, so that the readers see it. */
static void spoil_property(struct random *random, struct blob *blob)
{
    unsigned wanted = (unsigned)random_below(random, 120);

    for (int node = 0; node >= 0; node = fdt_next_node(blob->data, node, NULL)) {
        int property;

        fdt_for_each_property_offset(property, blob->data, node)
        {
            int length;
            const uint8_t *value = fdt_getprop_by_offset(blob->data, property, NULL, &length);

            if (wanted-- != 0)
                continue;
            for (int i = 0; i < length; i++)
                blob->data[value - blob->data + i] = (uint8_t)(random_chance(random, 50) ? 0xff : random_next(random));
            return;
        }
    }
}

START_TEST(random_damage)
{
    static void (*const damages[])(struct random * random, struct blob * blob) = {flip_bits, set_cells, spoil_property};
    struct blob whole = blob_read(names[_i]);
    struct random random = random_start((uint64_t)_i + 1);
    unsigned accepted = 0;

    ck_assert(read_everything(&whole));
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct blob damaged = blob_copy(whole.data, whole.size);

        damages[round % ARRAY_SIZE(damages)](&random, &damaged);
        if (random_chance(&random, 10))
            spoil_property(&random, &damaged);
        accepted += read_everything(&damaged);
        blob_free(&damaged);
    }
    /* both ways have been taken often */
    ck_assert_uint_gt(accepted, ROUNDS / 10);
    ck_assert_uint_lt(accepted, ROUNDS - ROUNDS / 100);
    ck_assert_uint_gt(said, 0);
    blob_free(&whole);
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_loop_test(tests, random_damage, 0, (int)ARRAY_SIZE(names));
}

int main(void)
{
    return suite_run("hostile", add_tests, NULL);
}
