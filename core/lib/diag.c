// SPDX-License-Identifier: Apache-2.0
#include "lib/diag.h"

const char *diag_severity_name(enum diag_severity severity)
{
    switch (severity) {
    case DIAG_NOTE:
        return "note";
    case DIAG_WARNING:
        return "warning";
    case DIAG_ERROR:
        return "error";
    }
    return "unknown";
}

void diag_emit(struct diag *diag, const struct diag_report *report)
{
    diag->errors += report->severity == DIAG_ERROR;
    diag->warnings += report->severity == DIAG_WARNING;
    diag->emit(diag, report);
}

static void write_evidence(struct text_sink *sink, const struct diag_report *report)
{
    if (report->found != NULL && report->expected != NULL)
        format_to(sink, " (found %s, expected %s)", report->found, report->expected);
    else if (report->found != NULL)
        format_to(sink, " (found %s)", report->found);
    else if (report->expected != NULL)
        format_to(sink, " (expected %s)", report->expected);
}

void diag_format(struct text_sink *sink, const struct diag_report *report)
{
    format_to(sink, "%s: ", diag_severity_name(report->severity));
    if (report->path != NULL)
        format_to(sink, "%s: ", report->path);
    if (report->property != NULL)
        format_to(sink, "%s: ", report->property);
    format_to(sink, "%s", report->message != NULL ? report->message : "no message");
    write_evidence(sink, report);
    format_to(sink, "\n");
    if (report->hint != NULL)
        format_to(sink, "  hint: %s\n", report->hint);
}
