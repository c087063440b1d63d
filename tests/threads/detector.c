// SPDX-License-Identifier: Apache-2.0
/* ThreadSanitizer, as these tests want it. */
const char *__tsan_default_options(void);

const char *__tsan_default_options(void)
{
    return "exitcode=66:atexit_sleep_ms=0:history_size=7:second_deadlock_stack=1:report_signal_unsafe=0";
}
