/* SPDX-License-Identifier: Apache-2.0 */
/* A system on the desk: the device tree of a board and what core makes of it. */
#ifndef BULKHEAD_TOOL_DESK_H
#define BULKHEAD_TOOL_DESK_H

#include "config/machine.h"
#include "config/system_config.h"
#include "dt/dt.h"
#include "lib/diag.h"
#include "options.h"
#include "plan/plan.h"

/** A file in memory, aligned for a device tree. */
struct blob {
    uint8_t *data;
    size_t size;
};

/** Reads a file or a pipe, "-" being standard input; nothing larger than @p most bytes is read to its end. @return
 * false after a message on stderr */
bool blob_read(struct blob *blob, const char *path, uint64_t most);

/** A report, kept for --json. */
struct kept_report {
    enum diag_severity severity;
    char *texts[6]; /* path, property, found, expected, message, hint; NULL: none */
};

struct desk {
    const struct options *options;
    struct diag diag;
    struct kept_report *reports;
    unsigned report_count;
    struct blob file;
    struct blob modules[OPTIONS_MAX_MODULES]; /* contents of options->modules */
    struct dt tree;
    struct machine machine;
    struct system_config config;
    struct system_plan plan;
    struct plan_reader reader;
    void *kept[HV_MAX_DOMAINS]; /* what the plan refers to of modules */
    unsigned kept_count;
    bool planned;     /* plan holds something: the tree could be read */
    unsigned spoiled; /* planned domains that would not start all the same: their files are damaged */
};

/** Reads the device tree's file alone. @return 0, or EXIT_USAGE where it cannot be read */
int desk_read(struct desk *desk, const struct options *options);
/**
 * Reads all files, then everything up to the plan; goes on past errors as the hypervisor does.
 * @return 0, or EXIT_USAGE where a file cannot be read
 */
int desk_open(struct desk *desk, const struct options *options);
void desk_close(struct desk *desk);
/** 1 if errors were reported, else 0: the command's exit status. */
int desk_status(const struct desk *desk);

/** A sink that writes to a standard stream. */
struct text_sink *stdout_sink(void);
struct text_sink *stderr_sink(void);
/** Writes to a file, or to standard output where @p path is NULL. @return 0, or EXIT_USAGE after a message */
int desk_write_file(const char *path, const void *data, size_t size);

/** Compares the files given with --module with what the tree says of them, and unpacks what is packed. */
void desk_check_modules(struct desk *desk);
/** The first @p size bytes of a kernel, unpacked. @return false: it has fewer, or is damaged */
bool desk_kernel_head(const struct blob *file, void *head, size_t size);
/** The plan as JSON, on standard output. */
void desk_print_json(const struct desk *desk);

/** The commands. @return exit status */
int command_check(struct desk *desk);
int command_plan(struct desk *desk);
int command_guest_dtb(struct desk *desk);
int command_sim(struct desk *desk);
int command_assign(struct desk *desk);

#endif
