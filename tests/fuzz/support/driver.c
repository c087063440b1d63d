// SPDX-License-Identifier: Apache-2.0
/* A main() for fuzzers where there is no libFuzzer: runs the inputs it is given, then random changes of them.
 *
 *   fuzz_X [-seconds=N] [-runs=N] [-seed=N] [FILE | FOLDER]...
 *
 * No coverage guides it. An input that crashes is left in ./crash-<pid>, to be run again by its name. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/fuzz.h"

#define MAX_INPUTS 4096
#define MAX_SIZE (1u << 17)
#define MAX_STACKED 8 /* changes on top of each other */

struct input {
    uint8_t *data;
    size_t size;
};

static struct {
    struct input inputs[MAX_INPUTS];
    unsigned count;
    uint64_t random;
    uint64_t runs;
    struct input now; /* what runs: written out if it crashes */
} driver;

#pragma weak LLVMFuzzerCustomMutator
void __sanitizer_set_death_callback(void (*callback)(void));
#pragma weak __sanitizer_set_death_callback

static uint32_t random_below(uint32_t limit)
{
    driver.random = driver.random * 6364136223846793005ULL + 1442695040888963407ULL;
    return (uint32_t)(driver.random >> 33) % limit;
}

static void keep_crash(void)
{
    char name[64];

    if (driver.now.data == NULL)
        return;
    snprintf(name, sizeof(name), "crash-%d", (int)getpid());
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (file < 0 || write(file, driver.now.data, driver.now.size) != (ssize_t)driver.now.size)
        perror(name);
    fprintf(stderr, "the input of %zu bytes is in %s\n", driver.now.size, name);
}

static void on_signal(int number)
{
    signal(number, SIG_DFL);
    if (number == SIGALRM)
        fprintf(stderr, "one input takes too long\n");
    keep_crash();
    raise(number);
}

static void run(const uint8_t *data, size_t size)
{
    driver.now = (struct input){malloc(size != 0 ? size : 1), size};
    memcpy(driver.now.data, data, size);
    alarm(60);
    fuzz_one(driver.now.data, size);
    alarm(0);
    free(driver.now.data);
    driver.now.data = NULL;
    driver.runs++;
}

static void load_file(const char *path, size_t size)
{
    FILE *file = fopen(path, "rb");
    struct input *input = &driver.inputs[driver.count];

    if (file == NULL || driver.count == MAX_INPUTS) {
        fprintf(stderr, "%s: cannot be read, or is too much\n", path);
        exit(EXIT_FAILURE);
    }
    *input = (struct input){malloc(size + 1), size};
    if (fread(input->data, 1, size, file) != size)
        perror(path);
    fclose(file);
    driver.count++;
}

static void load(const char *path)
{
    struct stat status;

    if (stat(path, &status) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    if (!S_ISDIR(status.st_mode)) {
        load_file(path, (size_t)status.st_size);
        return;
    }
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char below[1024];
        snprintf(below, sizeof(below), "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            load(below);
        free(entries[i]);
    }
    free(entries);
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
    static const uint8_t odd[] = {0, 1, 2, 3, 4, 8, 0x1f, 0x20, 0x7f, 0x80, 0xff};
    uint32_t at = size != 0 ? random_below((uint32_t)size) : 0;
    uint32_t length = 1 + random_below(8);

    switch (random_below(5)) {
    case 0:
        if (size != 0)
            data[at] ^= (uint8_t)(1u << random_below(8));
        return size;
    case 1:
        for (uint32_t i = at; i < size && i < at + length; i++)
            data[i] = odd[random_below(ARRAY_SIZE(odd))];
        return size;
    case 2: /* longer */
        if (length > max_size - size)
            return size;
        memmove(data + at + length, data + at, size - at);
        for (uint32_t i = 0; i < length; i++)
            data[at + i] = (uint8_t)random_below(256);
        return size + length;
    case 3: /* shorter */
        if (length > size - at)
            return size;
        memmove(data + at, data + at + length, size - at - length);
        return size - length;
    default: /* a piece of it elsewhere */
        if (size != 0 && length <= size - at)
            memmove(data + random_below((uint32_t)(size - length + 1)), data + at, length);
        return size;
    }
}

static void run_changed(void)
{
    static _Alignas(8) uint8_t data[MAX_SIZE];
    size_t size = 0;

    if (driver.count != 0) {
        const struct input *from = &driver.inputs[random_below(driver.count)];
        size = min_u64(from->size, sizeof(data));
        memcpy(data, from->data, size);
    }
    for (uint32_t i = 1 + random_below(MAX_STACKED); i > 0; i--)
        size = LLVMFuzzerCustomMutator != NULL
                   ? LLVMFuzzerCustomMutator(data, size, sizeof(data), random_below(UINT32_MAX))
                   : LLVMFuzzerMutate(data, size, sizeof(data));
    run(data, size);
}

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void watch(void)
{
    static const int signals[] = {SIGABRT, SIGALRM, SIGILL, SIGFPE};

    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        signal(signals[i], on_signal);
    atexit(keep_crash);
    if (__sanitizer_set_death_callback != NULL)
        __sanitizer_set_death_callback(keep_crash);
}

int main(int argc, char **argv)
{
    double seconds = 0, start = now();
    uint64_t runs = 0;

    driver.random = 1;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "-seconds=", 9) == 0)
            seconds = atof(argv[i] + 9);
        else if (strncmp(argv[i], "-runs=", 6) == 0)
            runs = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "-seed=", 6) == 0)
            driver.random = strtoull(argv[i] + 6, NULL, 0);
        else
            load(argv[i]);
    }
    watch();
    run((const uint8_t *)"", 0);
    for (unsigned i = 0; i < driver.count; i++)
        run(driver.inputs[i].data, driver.inputs[i].size);
    double mutate_until = now() + seconds;
    while (driver.runs < runs || now() < mutate_until)
        run_changed();
    printf("%u inputs, %llu executions in %.1f s\n", driver.count, (unsigned long long)driver.runs, now() - start);
    for (unsigned i = 0; i < driver.count; i++)
        free(driver.inputs[i].data);
    return EXIT_SUCCESS;
}
