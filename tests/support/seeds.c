// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE /* readlink(), MAP_ANONYMOUS */
#include "support/seeds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support/suite.h"

#define MAX_CASES 64
#define SECONDS_PER_TEST 60
#define SEEDS_PER_SECOND 4 /* at least, on a loaded machine */

/* Which seed each case is at. Shared with the processes in which Check runs tests: what is still there when all of them
 * have ended belongs to a case that failed. */
static struct progress {
    char name[64];
    uint64_t seed;
} * progress;

static uint64_t number(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);

    return text != NULL ? strtoull(text, NULL, 0) : otherwise;
}

bool seeds_single(void)
{
    return getenv("BULKHEAD_SEED") != NULL;
}

uint64_t seeds_count(uint64_t usual)
{
    return seeds_single() ? 1 : number("BULKHEAD_SEEDS", usual);
}

void seeds_add(Suite *suite, const char *name, const TTest *test)
{
    TCase *tcase = tcase_create(name);

    tcase_set_timeout(tcase, (double)(SECONDS_PER_TEST + seeds_count(0) / SEEDS_PER_SECOND));
    tcase_add_test(tcase, test);
    suite_add_tcase(suite, tcase);
}

static struct progress *begin(const char *name)
{
    struct progress *free = progress;

    while (free->name[0] != '\0')
        ck_assert(++free < progress + MAX_CASES);
    snprintf(free->name, sizeof(free->name), "%s", name);
    return free;
}

void seeds_run(const char *name, uint64_t usual, void (*run)(uint64_t seed))
{
    struct progress *now = begin(name);
    uint64_t first = number("BULKHEAD_SEED", 1), count = seeds_count(usual);

    clock_t start = clock();
    for (uint64_t i = 0; i < count; i++) {
        now->seed = first + i;
        run(now->seed);
    }
    now->name[0] = '\0';
    if (count > usual)
        fprintf(stderr, "%s: %llu seeds in %.1f s of one CPU\n", name, (unsigned long long)count,
                (double)(clock() - start) / CLOCKS_PER_SEC);
}

static void print_commands(void)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

    path[length > 0 ? length : 0] = '\0';
    for (struct progress *at = progress; at < progress + MAX_CASES; at++)
        if (at->name[0] != '\0')
            fprintf(stderr, "To run only what failed:\n  BULKHEAD_SEED=%llu CK_RUN_CASE=%s %s\n",
                    (unsigned long long)at->seed, at->name, path);
}

int seeds_execute(Suite *suite)
{
    progress = mmap(NULL, MAX_CASES * sizeof(*progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (progress == MAP_FAILED)
        return EXIT_FAILURE;
    int result = suite_execute(suite);
    print_commands();
    munmap(progress, MAX_CASES * sizeof(*progress));
    return result;
}
