// SPDX-License-Identifier: Apache-2.0
#include "support/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_one(data, size);
    return 0;
}

uint64_t fuzz_take(struct fuzz_input *input, unsigned bytes)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < bytes && input->left > 0; i++, input->left--)
        value |= (uint64_t)*input->data++ << 8 * i;
    return value;
}

void fuzz_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

/* What the headers of tests/unit call where an assertion does not hold. Check itself is not linked. */
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...);
void _ck_assert_failed(const char *file, int line, const char *expression, const char *message, ...)
{
    va_list arguments;

    fprintf(stderr, "%s:%d: %s: ", file, line, expression);
    va_start(arguments, message);
    if (message != NULL)
        vfprintf(stderr, message, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

/* The same for assertions that hold. */
void _mark_point(const char *file, int line);
void _mark_point(const char *file, int line)
{
    (void)file;
    (void)line;
}

static void count(struct text_sink *sink, const char *text, size_t length)
{
    struct fuzz_diag *diag = CONTAINER_OF(sink, struct fuzz_diag, sink);
    volatile char last = text[length - 1]; /* is read: the text is there to its end */

    (void)last;
    diag->characters += length;
}

static void emit(struct diag *base, const struct diag_report *report)
{
    struct fuzz_diag *diag = CONTAINER_OF(base, struct fuzz_diag, diag);

    FUZZ_REQUIRE(report->message != NULL);
    diag_format(&diag->sink, report);
}

void fuzz_diag_start(struct fuzz_diag *diag)
{
    *diag = (struct fuzz_diag){.diag = {.emit = emit}, .sink = {.put = count}};
}
