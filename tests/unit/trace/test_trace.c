// SPDX-License-Identifier: Apache-2.0
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "arch/timer.h"
#include "support/suite.h"
#include "trace/trace.h"

struct text {
    struct text_sink sink;
    char data[65536];
    size_t length;
};

static void collect(struct text_sink *sink, const char *data, size_t length)
{
    struct text *text = CONTAINER_OF(sink, struct text, sink);

    ck_assert_uint_lt(text->length + length, sizeof(text->data));
    memcpy(text->data + text->length, data, length);
    text->length += length;
    text->data[text->length] = '\0';
}

static const char *name_of(uint16_t domid)
{
    return domid == DOMID_HYPERVISOR ? "bulkhead" : domid == 1 ? "first" : "second";
}

static struct text text;

static const char *printed(void)
{
    text.sink.put = collect;
    text.length = 0;
    trace_print(&text.sink, name_of);
    return text.data;
}

static void forget(void)
{
    memset(&trace_timeline, 0, sizeof(trace_timeline));
}

static void place(unsigned slot, uint64_t ticks, uint16_t domid, const char *name)
{
    trace_timeline.marks[slot] = (struct trace_mark){.ticks = ticks, .domid = domid, .name = name};
}

START_TEST(marks_are_printed_in_order_of_time)
{
    forget();
    trace_begin(1000);
    trace_timeline.count = 3;
    place(0, 1000, DOMID_HYPERVISOR, "entry");
    place(1, 9000, 2, "late");
    place(2, 5000, 1, "early");
    const char *out = printed();
    const char *entry = strstr(out, "entry\n"), *early = strstr(out, "early\n"), *late = strstr(out, "late\n");
    ck_assert_ptr_nonnull(entry);
    ck_assert(entry < early && early < late);
}
END_TEST

START_TEST(a_stage_lasts_until_the_next_of_the_same_owner)
{
    uint64_t frequency = arch_timer_frequency();

    forget();
    trace_timeline.count = 3;
    place(0, 0, DOMID_HYPERVISOR, "plan");
    place(1, frequency / 1000, 1, "between");
    place(2, frequency / 100, DOMID_HYPERVISOR, "running");
    const char *line = printed();
    line = strstr(line, "     0.000");
    ck_assert_ptr_nonnull(line);
    ck_assert_ptr_nonnull(strstr(line, "10000.000"));
    ck_assert(strstr(line, "10000.000") < strstr(line, "plan\n"));
}
END_TEST

START_TEST(a_full_trace_drops_marks_and_says_so)
{
    forget();
    for (unsigned i = 0; i < TRACE_MAX_MARKS + 10; i++)
        trace_mark(DOMID_HYPERVISOR, "mark");
    ck_assert_uint_eq(trace_timeline.count, TRACE_MAX_MARKS);
    ck_assert_ptr_nonnull(strstr(printed(), "full: later marks")); /* and nothing behind it was written: ASan */
}
END_TEST

START_TEST(a_mark_that_is_still_being_written_is_left_out)
{
    forget();
    trace_timeline.count = 2;
    place(0, 10, DOMID_HYPERVISOR, NULL);
    place(1, 20, DOMID_HYPERVISOR, "whole");
    ck_assert_ptr_nonnull(strstr(printed(), "whole\n"));
    ck_assert_ptr_null(strstr(printed(), "(null)"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("trace");
    TCase *tests = tcase_create("trace");

    tcase_add_test(tests, marks_are_printed_in_order_of_time);
    tcase_add_test(tests, a_stage_lasts_until_the_next_of_the_same_owner);
    tcase_add_test(tests, a_full_trace_drops_marks_and_says_so);
    tcase_add_test(tests, a_mark_that_is_still_being_written_is_left_out);
    suite_add_tcase(suite, tests);
    return suite_execute(suite);
}
