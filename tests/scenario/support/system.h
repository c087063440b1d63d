/* SPDX-License-Identifier: Apache-2.0 */
/* A system for a scenario: the device tree of QEMU's virt machine, or another, with domains that run guest programs,
 * booted in hostsim. */
#ifndef BULKHEAD_TESTS_SCENARIO_SYSTEM_H
#define BULKHEAD_TESTS_SCENARIO_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hostsim/sim.h"

#define SYSTEM_MAX_DOMAINS 16

struct system_domain {
    const char *name;      /* node name */
    const char *program;   /* of its kernel image */
    const char *bootargs;  /* NULL: none */
    unsigned vcpus;        /* 0: one */
    uint64_t memory;       /* KiB; 0: 64 MiB */
    uint64_t kernel_size;  /* bytes of the file; 0: 64 KiB */
    uint64_t ramdisk_size; /* 0: no ramdisk */
    bool eager;            /* bulkhead,eager-memory */
    bool packed;           /* its kernel is gzip'ed */
    bool mute;             /* without vpl011 */
    const char *devices;   /* names of system_devices[] that it is given, with spaces between; NULL: none */
};

/** A device of the host that a domain can be given. The machine has all of them if any domain has one, but for those
 * that the tree has already. */
struct system_device {
    const char *name; /* in system_domain::devices, and of its node in the partial tree */
    const char *path; /* of its node in the host's tree */
    const char *compatible;
    uint64_t base;
    unsigned intids[2]; /* level, edge; 0: none */
};
#define SYSTEM_DEVICES 4
extern const struct system_device system_devices[SYSTEM_DEVICES];

/** Everything of one boot. */
struct system_run {
    struct sim_options options;              /* set before system_boot() */
    const char *tree;                        /* of tests/dts; NULL: QEMU's virt; set before */
    unsigned cpus;                           /* 1.. 8; 0: those of the tree; set before */
    bool stay;                               /* do not power off when all domains are off */
    void (*prepare)(struct system_run *run); /* called with the machine made and loaded; NULL */
    void (*edit)(void *dtb); /* changes the tree (libfdt, room for 4 KiB more) before anything is made of it; NULL */
    void (*secondary)(unsigned cpu); /* where CPUs but the first begin; NULL: hv_secondary_main() */
    void *dtb;
    struct sim_machine *machine;
    enum sim_end end;
    char *screen;       /* what output is in */
    const char *output; /* as a terminal shows it at last: without rows that were cleared (CR ESC [ K) */
};

/** Boots @p domains and runs until the machine ends. */
void system_boot(struct system_run *run, const struct system_domain *domains, unsigned count);
/** A machine with @p cpus CPUs and without domains, for sim_run_with(). */
struct sim_machine *system_machine(unsigned cpus, const struct sim_options *options);
void system_destroy(struct system_run *run);

/** Fails the test, with the whole output, unless the run ended like that. */
void expect_end(const struct system_run *run, enum sim_end end);
/** @return how many lines are exactly @p line, or begin with what comes before a trailing "*". */
unsigned count_lines(const struct system_run *run, const char *line);
/** @return where in the output the first such line ends; fails the test if there is none. */
const char *find_line(const struct system_run *run, const char *line);
/** Fails the test unless there are as many such lines. */
void expect_lines(const struct system_run *run, const char *line, unsigned count);
/** Fails the test unless every line begins with the hypervisor's or a domain's name and ": ", and none is torn. */
void expect_intact(const struct system_run *run, const struct system_domain *domains, unsigned count);

/** A compiled tree of tests/dts, allocated. */
void *load_dtb(const char *name, size_t *size);

#endif
