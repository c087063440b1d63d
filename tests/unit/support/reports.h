/* SPDX-License-Identifier: Apache-2.0 */
/* A diag that keeps what it is told, as text, for tests to look at. */
#ifndef BULKHEAD_TESTS_UNIT_SUPPORT_REPORTS_H
#define BULKHEAD_TESTS_UNIT_SUPPORT_REPORTS_H

#include "lib/diag.h"

struct reports {
    struct diag diag;
    struct text_sink sink;
    char text[32768]; /* what diag_format() wrote, one report after the other */
    size_t used;
};

void reports_start(struct reports *reports);
/** @return how many lines of the text hold @p part. */
unsigned reports_count(const struct reports *reports, const char *part);
static inline bool reports_have(const struct reports *reports, const char *part)
{
    return reports_count(reports, part) > 0;
}

#endif
