/* SPDX-License-Identifier: Apache-2.0 */
/* The least that enters a guest in hostsim: one vCPU, stage-2 tables written by hand, no core. */
#ifndef BULKHEAD_TESTS_UNIT_HOSTSIM_MINI_H
#define BULKHEAD_TESTS_UNIT_HOSTSIM_MINI_H

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/mmio.h"
#include "arch/smc.h"
#include "arch/timer.h"
#include "arch/vcpu.h"
#include "hostsim/guest.h"
#include "hostsim/sim.h"
#include "support/suite.h"

#define TABLES 0x41000000ULL /* root and one level-2 table of each VMID */
#define KERNEL_PA 0x50000000ULL
#define MINI_IMAGE 4096 /* bytes of a kernel */
#define KERNEL_IPA 0x40000000ULL
#define TREE_IPA 0x40100000ULL /* anything that is not 0 */
#define SPARE_PA 0x50200000ULL /* RAM for the tests to map */
#define SPARE_IPA 0x40200000ULL
#define GICD 0x08000000ULL
#define GICC 0x08010000ULL
#define GICH 0x08030000ULL
#define GICV 0x08040000ULL
#define UART 0x09000000ULL

#define BLOCK 0x1ULL
#define TABLE 0x3ULL
#define NORMAL 0x7fcULL            /* AF, inner shareable, read and write, Normal write-back */
#define DEVICE 0x400000000004c4ULL /* AF, read and write, Device-nGnRE, never executed (XN) */

struct mini {
    struct arch_stage2 stage2;
    uint64_t *root, *level2;
    struct arch_vcpu vcpu;
};

static inline void *read_file(const char *name, size_t *size)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", DTB_DIR, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    void *data = calloc(1, 1 << 20);
    *size = fread(data, 1, 1 << 20, file);
    fclose(file);
    return data;
}

/** A machine like QEMU's virt: 2 CPUs, 2 GiB of RAM at 0x40000000. */
static inline struct sim_machine *make_machine(const struct sim_options *options)
{
    size_t size;
    void *dtb = read_file("ok/two-domains.dtb", &size);
    struct sim_machine *machine = sim_create(dtb, size, options);
    free(dtb);
    ck_assert_msg(machine != NULL, "%s", sim_create_error());
    return machine;
}

/** Tables for @p vmid with nothing mapped yet: 32 bits of IPA, one level-2 table for IPAs from 1 to 2 GiB. */
static inline void mini_tables(struct mini *mini, uint16_t vmid)
{
    uint64_t base = TABLES + (vmid - 1) * 0x2000ULL;
    mini->root = arch_map(pa(base), 0x2000, ARCH_MAP_READ_WRITE);
    memset(mini->root, 0, 0x2000);
    mini->level2 = mini->root + 512;
    mini->root[1] = (base + 0x1000) | TABLE;
    mini->stage2 = (struct arch_stage2){.root = pa(base), .vmid = vmid, .ipa_bits = 32, .start_level = 1};
}

static inline void mini_map(struct mini *mini, uint64_t ipa, uint64_t target, uint64_t attributes)
{
    mini->level2[ipa >> 21 & 511] = target | attributes | BLOCK;
    arch_stage2_publish();
}

static inline void mini_image(const char *program, uint64_t target)
{
    static _Alignas(64) uint8_t image[MINI_IMAGE];
    sim_make_image(image, sizeof(image), sizeof(image), program);
    void *window = arch_window_open(0, pa(target), sizeof(image), ARCH_MAP_READ_WRITE);
    arch_copy_and_clean(window, image, sizeof(image));
    arch_window_close(0);
    arch_icache_invalidate_all();
}

/** Ready to run @p program, with its kernel's block mapped. */
static inline void mini_begin(struct mini *mini, const char *program)
{
    memset(mini, 0, sizeof(*mini));
    mini_tables(mini, 1);
    mini_image(program, KERNEL_PA);
    mini_map(mini, KERNEL_IPA, KERNEL_PA, NORMAL);
    mini->vcpu.stage2 = &mini->stage2;
    arch_vcpu_init(&mini->vcpu, KERNEL_IPA, TREE_IPA);
}

static inline unsigned exit_class(const struct arch_exit *exit)
{
    return (unsigned)(exit->esr >> 26) & 0x3f;
}

#define CLASS_HVC 0x16

/** Runs until the guest's next HVC, or whatever else brings it out. */
static inline struct arch_exit mini_run(struct mini *mini)
{
    struct arch_exit exit;
    arch_vcpu_run(&mini->vcpu, &exit);
    return exit;
}

/** Runs @p main as the hypervisor of a machine; expects that it breaks a rule and is told so. */
static inline void expect_rule(void (*main)(void *context), const char *message)
{
    struct sim_machine *machine = make_machine(NULL);
    enum sim_end end = sim_run_with(machine, main, NULL, NULL);
    ck_assert_msg(end == SIM_END_FAILED && strstr(sim_message(machine), message) != NULL, "%s: %s, expected: %s",
                  sim_end_name(end), sim_message(machine), message);
    sim_destroy(machine);
}

static inline int run_suite(Suite *suite)
{
    return suite_execute(suite);
}

#endif
