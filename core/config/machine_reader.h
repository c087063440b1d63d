/* SPDX-License-Identifier: Apache-2.0 */
/* What the files that read the machine share. Private to this folder. */
#ifndef BULKHEAD_CONFIG_MACHINE_READER_H
#define BULKHEAD_CONFIG_MACHINE_READER_H

#include "config/machine.h"

/** One reading of the tree. */
struct machine_reader {
    struct machine *machine;
    struct diag *diag;
    uint64_t boot_mpidr;
    hv_status status; /* the first error without which no domain can run */
    bool timer;       /* the timer node was found */
    bool psci;        /* a psci node was found, usable or not */
};

/** Notes an error without which no domain can run; the first one counts. */
static inline void machine_fail(struct machine_reader *reader, hv_status status)
{
    if (reader->status == HV_OK)
        reader->status = status;
}

/** Reports about a property of @p node, with its value as what was found. */
void machine_complain(struct diag *diag, enum diag_severity severity, struct dt_node node, const char *property,
                      const char *expected, const char *message, const char *hint);

void machine_read_memory(struct machine_reader *reader, const struct dt_scan *scan);
void machine_read_reserved(struct machine_reader *reader, struct dt_node reserved_memory);
void machine_read_memreserve(struct machine_reader *reader, const struct dt *tree);
void machine_read_cpus(struct machine_reader *reader, struct dt_node cpus);
/** Reads the device at @p scan if its compatible names one the hypervisor itself needs: GIC, timer, PSCI. */
void machine_read_device(struct machine_reader *reader, struct dt_scan *scan, struct dt_property compatible);

#endif
