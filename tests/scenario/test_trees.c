// SPDX-License-Identifier: Apache-2.0
/* Every tree of tests/dts boots: what is wrong with it is said, what is right runs, and nothing worse happens. */
#include <check.h>
#include <dirent.h>
#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scenario/support/system.h"
#include "support/suite.h"

#define MAX_TREES 256
#define AT_ONCE 8 /* in one test: a process of its own for each would cost more than the boots */
#define DAMAGES 80

static char names[MAX_TREES][96];
static unsigned name_count;

static int by_name(const void *left, const void *right)
{
    return strcmp(left, right);
}

static void collect(const char *folder)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", DTB_DIR, folder);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (struct dirent *entry; (entry = readdir(directory)) != NULL && name_count < MAX_TREES;)
        if (strstr(entry->d_name, ".dtb") != NULL)
            snprintf(names[name_count++], sizeof(names[0]), "%s/%.80s", folder, entry->d_name);
    closedir(directory);
    qsort(names, name_count, sizeof(names[0]), by_name);
}

/* Where a domain's partial device tree is to lie: one that asks for nothing. */
static void load_partial_trees(struct system_run *run)
{
    static _Alignas(8) uint8_t blob[256];
    int node = -1, length;

    fdt_create(blob, sizeof(blob));
    fdt_finish_reservemap(blob);
    fdt_begin_node(blob, "");
    fdt_begin_node(blob, "passthrough");
    fdt_end_node(blob);
    fdt_end_node(blob);
    ck_assert_int_eq(fdt_finish(blob), 0);
    while ((node = fdt_node_offset_by_compatible(run->dtb, node, "multiboot,device-tree")) >= 0) {
        const fdt64_t *reg = fdt_getprop(run->dtb, node, "reg", &length);
        ck_assert(reg != NULL && length == 16);
        ck_assert(sim_load(run->machine, fdt64_ld(reg), blob, fdt_totalsize(blob)));
    }
}

/* A tree that describes no machine is handed to the hypervisor on one that has everything. */
static void boot_tree(struct system_run *run, const char *name)
{
    size_t size, machine_size;
    run->dtb = load_dtb(name, &size);
    run->options.time_limit_us = 2000000;
    run->machine = sim_create(run->dtb, size, &run->options);
    if (run->machine == NULL) {
        void *other = load_dtb("ok/two-domains.dtb", &machine_size);
        run->machine = sim_create(other, machine_size, &run->options);
        free(other);
    }
    ck_assert_msg(run->machine != NULL, "%s", sim_create_error());
    ck_assert(sim_set_boot_dtb(run->machine, run->dtb, size));
    (void)sim_load_modules(run->machine, run->dtb, "hello"); /* modules outside of RAM are among what is tried */
    load_partial_trees(run);
    run->end = sim_run(run->machine);
    run->output = sim_output(run->machine);
}

static unsigned count_text(const char *text, const char *what)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, what)) != NULL; at += strlen(what))
        count++;
    return count;
}

/* How many domains ran in the RAM size of "good"; by its output where there is one. */
static unsigned starts_of_good(const struct system_run *run)
{
    struct sim_guest_info info;
    if (*run->output != '\0')
        return count_lines(run, "good: hello: done");
    return sim_guest_info(run->machine, 0, &info) && strcmp(info.program, "hello") == 0;
}

static void try_tree(const char *name)
{
    struct system_run run = {0};
    boot_tree(&run, name);
    if (run.end != SIM_END_POWER_OFF && run.end != SIM_END_IDLE && run.end != SIM_END_HALTED)
        expect_end(&run, SIM_END_IDLE);
    ck_assert_msg(strstr(run.output, "panic") == NULL, "%s: %s", name, run.output);
    if (*run.output != '\0') { /* some trees have no console */
        bool bad = strncmp(name, "bad/", 4) == 0;
        ck_assert_msg((count_text(run.output, "error: ") > 0) == bad, "%s: %s", name, run.output);
    }
    /* A domain that its tree's author calls good runs, whatever the others are, unless the machine itself is not fit
     * for any. */
    if (fdt_path_offset(run.dtb, "/chosen/good") >= 0 && strstr(name, "machine-") == NULL)
        ck_assert_msg(starts_of_good(&run) == 1, "%s: %s", name, run.output);
    system_destroy(&run);
}

START_TEST(every_tree)
{
    for (unsigned i = (unsigned)_i * AT_ONCE; i < ((unsigned)_i + 1) * AT_ONCE && i < name_count; i++)
        try_tree(names[i]);
}
END_TEST

/* Cut off anywhere, or with a bit flipped anywhere in its first KiB: refused or booted, never worse. */
static void try_damage(const uint8_t *dtb, size_t size, unsigned damage)
{
    struct system_run run = {.options.time_limit_us = 1000000};
    run.machine = sim_create(dtb, size, &run.options);
    (void)sim_load_modules(run.machine, dtb, "hello");
    uint8_t *damaged = calloc(1, size);
    memcpy(damaged, dtb, damage < 16 ? size * damage / 16 : size);
    if (damage >= 16)
        damaged[(damage - 16) * 16 % size] ^= (uint8_t)(1u << damage % 8);
    ck_assert(sim_set_boot_dtb(run.machine, damaged, size));
    run.end = sim_run(run.machine);
    run.output = sim_output(run.machine);
    if (run.end == SIM_END_FAILED || run.end == SIM_END_DEADLOCK || run.end == SIM_END_RESET)
        expect_end(&run, SIM_END_IDLE);
    free(damaged);
    sim_destroy(run.machine);
}

START_TEST(damaged_trees)
{
    size_t size;
    void *dtb = load_dtb("ok/two-domains.dtb", &size);
    for (unsigned i = 0; i < AT_ONCE; i++)
        try_damage(dtb, size, (unsigned)_i * AT_ONCE + i);
    free(dtb);
}
END_TEST

static Suite *suite(void)
{
    Suite *suite = suite_create("trees");
    TCase *tcase = tcase_create("trees");
    tcase_set_timeout(tcase, 60);
    collect("ok");
    collect("bad");
    tcase_add_loop_test(tcase, every_tree, 0, (int)(name_count + AT_ONCE - 1) / AT_ONCE);
    tcase_add_loop_test(tcase, damaged_trees, 0, DAMAGES / AT_ONCE);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_execute(suite());
}
