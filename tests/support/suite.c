// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* dl_iterate_phdr() */
#include "support/suite.h"

#include <link.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#define PAGE 4096u

#ifdef __SANITIZE_ADDRESS__
/* What was freed is used again soon enough not to have to be brought in as new, late enough to be missed: after some
 * boots. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=8";
}

static int bring_in_data(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size, (void)context;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &info->dlpi_phdr[i];
        uintptr_t first = (info->dlpi_addr + part->p_vaddr) & -(uintptr_t)PAGE;
        uintptr_t end = (info->dlpi_addr + part->p_vaddr + part->p_memsz + PAGE - 1) & -(uintptr_t)PAGE;
        if (part->p_type == PT_LOAD && (part->p_flags & PF_W) != 0)
            madvise((void *)first, end - first, MADV_POPULATE_READ);
    }
    return 0;
}

/* At the end of each test's process LeakSanitizer looks through all static data, its own too: some thousand pages.
 * Those that are here come along with the fork, which is a hundred times cheaper than a fault for each. */
static void bring_in_static_data(void)
{
    dl_iterate_phdr(bring_in_data, NULL);
}
#else
static void bring_in_static_data(void)
{
}
#endif

/* Check hands each assertion that holds to the parent, so that it can tell where a test was that crashed or did not
 * end, and the parent's work grows with the square of their number. One in each tick of the kernel's clock is enough
 * for that: a test that does not end says where it was some ms before, and of a crash the sanitizers print the stack.
 */
void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line)
{
    static struct timespec last;
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC_COARSE, &now) == 0 && now.tv_nsec == last.tv_nsec && now.tv_sec == last.tv_sec)
        return;
    last = now;
    __real__mark_point(file, line);
}

int suite_execute(Suite *suite)
{
    bring_in_static_data();
    SRunner *runner = srunner_create(suite);

    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int suite_run(const char *name, void (*add)(TCase *tests), void (*setup)(void))
{
    Suite *suite = suite_create(name);
    TCase *tests = tcase_create(name);

    tcase_set_timeout(tests, 50);
    if (setup != NULL)
        tcase_add_checked_fixture(tests, setup, NULL);
    add(tests);
    suite_add_tcase(suite, tests);
    return suite_execute(suite);
}
