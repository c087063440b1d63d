// SPDX-License-Identifier: Apache-2.0
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include "support/shrink.h"

#include <check.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_CHOICES (1u << 18)
#define MAX_STEPS (1u << 15)
#define MAX_ATTEMPTS 4000
#define ATTEMPT_SECONDS 10 /* a property that runs for ever is stopped, and has failed */

/** Choices in order; a step's are those from its first one to that of the next. */
struct sequence {
    size_t count, step_count;
    uint64_t numbers[MAX_CHOICES];
    uint32_t steps[MAX_STEPS];
};

struct choices {
    uint64_t seed, state;
    bool replay, shown;
    size_t next, step; /* of the sequence that is played */
    struct sequence played;
    struct sequence made; /* what was chosen; larger numbers than a limit allows are cut */
};

/* Shared with the process that runs the property, so that its choices outlive it. */
static struct choices *shared;

/* Of the search. Mapped, not static: every test program has this file, and what is static is looked through for leaks
 * at the end of each of its tests. */
static struct {
    struct sequence best, candidate;
} * work;

static void *map(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    ck_assert(memory != MAP_FAILED);
    return memory;
}

/* As much as there is of it, which is little. */
static void copy(struct sequence *to, const struct sequence *from)
{
    to->count = from->count;
    to->step_count = from->step_count;
    memcpy(to->numbers, from->numbers, from->count * sizeof(*to->numbers));
    memcpy(to->steps, from->steps, from->step_count * sizeof(*to->steps));
}

/* splitmix64 */
static uint64_t draw(struct choices *choices)
{
    uint64_t value = choices->state += 0x9e3779b97f4a7c15u;

    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

/* Where the played step ends; its choices beyond that are zeros. */
static size_t played_end(const struct choices *choices)
{
    const struct sequence *played = &choices->played;

    return choices->step < played->step_count ? played->steps[choices->step] : played->count;
}

uint64_t choose(struct choices *choices, uint64_t limit)
{
    uint64_t value = 0;

    if (!choices->replay)
        value = draw(choices) % limit;
    else if (choices->next < played_end(choices))
        value = choices->played.numbers[choices->next++] % limit;
    if (choices->made.count < MAX_CHOICES)
        choices->made.numbers[choices->made.count++] = value;
    return value;
}

bool choose_chance(struct choices *choices, unsigned percent)
{
    return choose(choices, 100) >= 100 - percent;
}

bool choose_step(struct choices *choices)
{
    if (choices->replay) {
        if (choices->step == choices->played.step_count)
            return false;
        choices->next = choices->played.steps[choices->step++];
    }
    if (choices->made.step_count == MAX_STEPS)
        return false;
    choices->made.steps[choices->made.step_count++] = (uint32_t)choices->made.count;
    return true;
}

void choices_say(struct choices *choices, const char *format, ...)
{
    va_list arguments;

    if (!choices->shown)
        return;
    va_start(arguments, format);
    fprintf(stderr, "%4zu: ", choices->made.step_count);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool choices_shown(const struct choices *choices)
{
    return choices->shown;
}

uint64_t choices_seed(const struct choices *choices)
{
    return choices->seed;
}

static void begin(uint64_t seed, const struct sequence *played)
{
    shared->seed = shared->state = seed;
    shared->replay = played != NULL;
    shared->next = shared->step = 0;
    shared->made.count = shared->made.step_count = 0;
    if (played != NULL)
        copy(&shared->played, played);
}

static bool child_failed(pid_t child)
{
    int status;

    while (waitpid(child, &status, 0) < 0)
        ;
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

/** Plays @p sequence in a process. @return whether the property fails */
static bool fails(void (*property)(struct choices *choices), uint64_t seed, const struct sequence *sequence, bool shown)
{
    begin(seed, sequence);
    shared->shown = shown;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (!shown && null >= 0) /* hundreds of reports of one failure help nobody */
            dup2(null, STDERR_FILENO);
        alarm(ATTEMPT_SECONDS);
        property(shared);
        _exit(0);
    }
    return child_failed(child);
}

/** All seeds in one process. @return whether one failed: it is shared->seed, with its choices in shared->made */
static bool any_fails(void (*property)(struct choices *choices), uint64_t first, uint64_t count)
{
    shared->shown = false;
    fflush(NULL);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child != 0)
        return child_failed(child);
    for (uint64_t seed = first; seed < first + count; seed++) {
        begin(seed, NULL);
        property(shared);
    }
    _exit(0);
}

/* ---- The search */

struct search {
    void (*property)(struct choices *choices);
    uint64_t seed;
    unsigned attempts;
};

/** Takes @p candidate as the best one if it fails. What it really chose is kept: it may have ended earlier. */
static bool improve(struct search *search, const struct sequence *candidate)
{
    if (search->attempts >= MAX_ATTEMPTS)
        return false;
    search->attempts++;
    if (!fails(search->property, search->seed, candidate, false))
        return false;
    copy(&work->best, &shared->made);
    return true;
}

static size_t step_end(const struct sequence *sequence, size_t step)
{
    return step < sequence->step_count ? sequence->steps[step] : sequence->count;
}

/** @p from without its steps [first, first + count). */
static void cut(struct sequence *to, const struct sequence *from, size_t first, size_t count)
{
    size_t begins = step_end(from, first), ends = step_end(from, first + count), gap = ends - begins;

    memcpy(to->numbers, from->numbers, begins * sizeof(*to->numbers));
    memcpy(to->numbers + begins, from->numbers + ends, (from->count - ends) * sizeof(*to->numbers));
    memcpy(to->steps, from->steps, first * sizeof(*to->steps));
    for (size_t i = first + count; i < from->step_count; i++)
        to->steps[i - count] = (uint32_t)(from->steps[i] - gap);
    to->count = from->count - gap;
    to->step_count = from->step_count - count;
}

static bool leave_out_steps(struct search *search)
{
    struct sequence *candidate = &work->candidate;
    bool better = false;

    for (size_t chunk = work->best.step_count; chunk > 0; chunk /= 2) {
        for (size_t first = work->best.step_count; first > 0;) { /* from the end: what fails is near it */
            first = first > chunk ? first - chunk : 0;
            size_t count = first + chunk <= work->best.step_count ? chunk : work->best.step_count - first;
            cut(candidate, &work->best, first, count);
            better = (count > 0 && improve(search, candidate)) || better;
            first = first < work->best.step_count ? first : work->best.step_count;
        }
    }
    return better;
}

static bool lower(struct search *search, size_t index, uint64_t value)
{
    struct sequence *candidate = &work->candidate;

    if (index >= work->best.count || work->best.numbers[index] <= value)
        return false;
    copy(candidate, &work->best);
    candidate->numbers[index] = value;
    return improve(search, candidate);
}

static bool lower_numbers(struct search *search)
{
    bool better = false;

    for (size_t index = 0; index < work->best.count; index++) {
        if (lower(search, index, 0)) {
            better = true;
            continue;
        }
        while (index < work->best.count && lower(search, index, work->best.numbers[index] / 2))
            better = true;
        while (index < work->best.count && work->best.numbers[index] > 0 &&
               lower(search, index, work->best.numbers[index] - 1))
            better = true;
    }
    return better;
}

bool shrink_search(void (*property)(struct choices *choices), uint64_t first, uint64_t count, struct shrunk *shrunk)
{
    struct search search = {.property = property};

    if (shared == NULL)
        shared = map(sizeof(*shared));
    if (work == NULL)
        work = map(sizeof(*work));
    if (!any_fails(property, first, count))
        return false;
    search.seed = shared->seed;
    copy(&work->best, &shared->made);
    *shrunk =
        (struct shrunk){.seed = search.seed, .steps_at_first = work->best.step_count, .numbers = work->best.numbers};
    copy(&work->candidate, &work->best);
    if (improve(&search, &work->candidate)) /* else it fails only in company */
        while (leave_out_steps(&search) || lower_numbers(&search))
            ;
    shrunk->steps = work->best.step_count;
    shrunk->choices = work->best.count;
    shrunk->attempts = search.attempts;
    return true;
}

static void run_shown(void (*property)(struct choices *choices), uint64_t seed)
{
    shared = map(sizeof(*shared));
    begin(seed, NULL);
    shared->shown = true;
    property(shared);
}

void shrink_run(void (*property)(struct choices *choices), uint64_t first, uint64_t count)
{
    const char *only = getenv("BULKHEAD_SEED");
    struct shrunk shrunk;

    if (only != NULL) {
        run_shown(property, strtoull(only, NULL, 0));
        return;
    }
    if (!shrink_search(property, first, count, &shrunk))
        return;
    fprintf(stderr, "seed %llu fails; of its %zu steps these %zu are enough (BULKHEAD_SEED=%llu shows all):\n",
            (unsigned long long)shrunk.seed, shrunk.steps_at_first, shrunk.steps, (unsigned long long)shrunk.seed);
    bool still = fails(property, shrunk.seed, &work->best, true);
    ck_abort_msg("seed %llu fails, after %u attempts with %zu steps%s", (unsigned long long)shrunk.seed,
                 shrunk.attempts, shrunk.steps, still ? "" : "; not always");
}
