/* SPDX-License-Identifier: Apache-2.0 */
/* Diagnostics: what is wrong with what a user wrote, and where. One form on the desk and on the board. */
#ifndef BULKHEAD_LIB_DIAG_H
#define BULKHEAD_LIB_DIAG_H

#include "lib/format.h"
#include "lib/types.h"

enum diag_severity {
    DIAG_NOTE,
    DIAG_WARNING,
    DIAG_ERROR,
};

/** One report. Pointers are valid only during the call of the sink. Fields that do not apply are NULL. */
struct diag_report {
    enum diag_severity severity;
    const char *path;     /* node path, e.g. "/chosen/domU1/module@44000000" */
    const char *property; /* property name, e.g. "memory" */
    const char *found;    /* what is there, e.g. "<0x0>" */
    const char *expected; /* what should be there, e.g. "size in KiB, two cells, not 0" */
    const char *message;  /* what it means for the user, one sentence without a full stop */
    const char *hint;     /* what to do about it */
};

/** Receives reports; embed it and recover the outer structure with CONTAINER_OF. */
struct diag {
    void (*emit)(struct diag *diag, const struct diag_report *report);
    unsigned errors;
    unsigned warnings;
};

/** Counts @p report and hands it to the sink. */
void diag_emit(struct diag *diag, const struct diag_report *report);

/**
 * Writes @p report as one or two lines, the form that `bulkhead check` and the boot console share:
 *   error: /chosen/domU1: memory: domain has no memory (found <0x0>, expected size in KiB, two cells, not 0)
 *     hint: ...
 */
void diag_format(struct text_sink *sink, const struct diag_report *report);

/** @return "note", "warning" or "error". */
const char *diag_severity_name(enum diag_severity severity);

#endif
