// SPDX-License-Identifier: Apache-2.0
#include "support/reports.h"

#include <check.h>
#include <string.h>

static void keep(struct text_sink *sink, const char *text, size_t length)
{
    struct reports *reports = CONTAINER_OF(sink, struct reports, sink);

    ck_assert_uint_gt(length, 0);
    ck_assert_uint_lt(reports->used + length, sizeof(reports->text));
    memcpy(reports->text + reports->used, text, length);
    reports->used += length;
    reports->text[reports->used] = '\0';
}

static void emit(struct diag *diag, const struct diag_report *report)
{
    struct reports *reports = CONTAINER_OF(diag, struct reports, diag);

    /* a report that says nothing helps nobody */
    ck_assert_ptr_nonnull(report->message);
    diag_format(&reports->sink, report);
}

void reports_start(struct reports *reports)
{
    reports->diag = (struct diag){.emit = emit};
    reports->sink.put = keep;
    reports->used = 0;
    reports->text[0] = '\0';
}

unsigned reports_count(const struct reports *reports, const char *part)
{
    const char *line = reports->text;
    unsigned count = 0;

    while (*line != '\0') {
        const char *end = strchr(line, '\n');
        const char *found = strstr(line, part);

        count += found != NULL && found < end;
        line = end + 1;
    }
    return count;
}
