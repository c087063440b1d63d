/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of the host command. */
#ifndef BULKHEAD_TOOL_OPTIONS_H
#define BULKHEAD_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "hostsim/sim.h"

#define OPTIONS_MAX_MODULES 64
#define OPTIONS_MAX_NODES 64
#define OPTIONS_MAX_CLOCKS 64
#define OPTIONS_MAX_MILLISECONDS 1000000000000 /* far from where nanoseconds in 64 bits end */

enum command {
    COMMAND_NONE, /* --help or --version: answered already */
    COMMAND_CHECK,
    COMMAND_PLAN,
    COMMAND_GUEST_DTB,
    COMMAND_SIM,
    COMMAND_ASSIGN,
};

/** --module ADDR=FILE */
struct module_option {
    uint64_t address;
    const char *path;
};

/** --clock NAME=HZ */
struct clock_option {
    const char *name;
    uint32_t rate;
};

struct options {
    enum command command;
    const char *system; /* file of the device tree, "-": standard input */
    const char *name;   /* the same, for messages */
    const char *domain; /* guest-dtb: its name */
    const char *output; /* guest-dtb, assign: file, NULL: standard output */
    bool json;
    bool quiet;
    bool has_image_at, has_dtb_at;
    uint64_t image_at, image_size, dtb_at;
    uint64_t boot_cpu; /* UINT64_MAX: the first one of the tree */
    unsigned pa_bits;  /* 0: core's default */
    struct module_option modules[OPTIONS_MAX_MODULES];
    unsigned module_count;

    /* assign */
    const char *const *nodes; /* paths, aliases, names */
    unsigned node_count;
    bool has_guest_at;
    uint64_t guest_at; /* a multiple of the page's size */
    struct clock_option clocks[OPTIONS_MAX_CLOCKS];
    unsigned clock_count;

    /* sim */
    uint64_t seed;
    uint64_t milliseconds;   /* virtual time, 0: hostsim's default */
    const char *platform;    /* whose times; NULL: QEMU's */
    const char *program;     /* guest program for kernels that name none */
    const char *input;       /* keyboard */
    const char *input_after; /* NULL: at once */
    enum sim_kvm_gic kvm_gic;
    bool kvm; /* kernels run natively in the host's KVM */
    struct sim_fault faults[SIM_MAX_FAULTS];
    unsigned fault_count;
};

#define EXIT_USAGE 2

/**
 * Reads the command line. --help and --version print and leave COMMAND_NONE.
 * @return false after a message on stderr: the caller exits with EXIT_USAGE
 */
bool options_read(struct options *options, int argc, char **argv);

#endif
