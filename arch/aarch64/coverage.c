// SPDX-License-Identifier: Apache-2.0
/* Only in a build with BULKHEAD_COVERAGE: when the machine is turned off, or the hypervisor halts, what gcov counted is
 * written to files of QEMU's host by semihosting (Arm's "Semihosting for AArch32 and AArch64", 2.0).
 *
 * QEMU's -semihosting-config arg=FOLDER says where. A machine that resets starts counting anew and writes again, so a
 * file's name begins with the counter's value: FOLDER/<ticks>#<path of the .gcda, with # for />. */
#include <gcov.h>
#include <string.h>

#include "arch/cpu.h"
#include "arch/smc.h"
#include "arch/timer.h"

#define SYS_OPEN 0x01
#define SYS_CLOSE 0x02
#define SYS_WRITE 0x05
#define SYS_GET_CMDLINE 0x15
#define OPEN_WRITE_BINARY 5
#define PATH_BYTES 512
#define SCRATCH_BYTES 4096

extern const struct gcov_info *const gcov_info_start[], *const gcov_info_end[];

static struct {
    char path[PATH_BYTES];
    size_t folder_length;
    uint64_t file;
    bool begun, done;
} dump;

static uint64_t semihosting(uint64_t operation, const uint64_t *arguments)
{
    register uint64_t x0 __asm__("x0") = operation;
    register const uint64_t *x1 __asm__("x1") = arguments;

    __asm__ volatile("hlt #0xf000" : "+r"(x0) : "r"(x1) : "memory");
    return x0;
}

static bool find_folder(void)
{
    uint64_t arguments[2] = {(uint64_t)(uintptr_t)dump.path, sizeof(dump.path) / 2};

    if (semihosting(SYS_GET_CMDLINE, arguments) != 0)
        return false;
    dump.folder_length = strlen(dump.path);
    dump.path[dump.folder_length++] = '/';
    for (int shift = 60; shift >= 0; shift -= 4)
        dump.path[dump.folder_length++] = "0123456789abcdef"[arch_timer_now() >> shift & 0xf];
    return true;
}

static void open_file(const char *name, void *context)
{
    uint64_t arguments[3] = {(uint64_t)(uintptr_t)dump.path, OPEN_WRITE_BINARY, 0};
    size_t length = strlen(name);

    (void)context;
    if (length >= sizeof(dump.path) - dump.folder_length)
        length = sizeof(dump.path) - dump.folder_length - 1;
    for (size_t i = 0; i < length; i++)
        dump.path[dump.folder_length + i] = name[i] == '/' ? '#' : name[i];
    dump.path[dump.folder_length + length] = '\0';
    arguments[2] = dump.folder_length + length;
    dump.file = semihosting(SYS_OPEN, arguments);
}

static void write_file(const void *data, unsigned length, void *context)
{
    uint64_t arguments[3] = {dump.file, (uint64_t)(uintptr_t)data, length};

    (void)context;
    (void)semihosting(SYS_WRITE, arguments);
}

static void *scratch(unsigned length, void *context)
{
    static uint64_t memory[SCRATCH_BYTES / sizeof(uint64_t)];

    (void)context;
    return length <= sizeof(memory) ? memory : NULL;
}

static void write_counters(void)
{
    if (__atomic_exchange_n(&dump.begun, true, __ATOMIC_RELAXED)) {
        while (
            !__atomic_load_n(&dump.done, __ATOMIC_ACQUIRE)) /* another CPU may halt first: this one ends the machine */
            arch_cpu_wait();
        return;
    }
    bool found = find_folder();
    for (const struct gcov_info *const *info = gcov_info_start; found && info < gcov_info_end; info++) {
        __gcov_info_to_gcda(*info, open_file, write_file, scratch, NULL);
        (void)semihosting(SYS_CLOSE, &dump.file);
    }
    __atomic_store_n(&dump.done, true, __ATOMIC_RELEASE);
}

/* ld --wrap: the two ways in which the hypervisor ends. */
uint64_t __real_arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t __wrap_arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3);
uint64_t __wrap_arch_smc(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    if (function == PSCI_SYSTEM_OFF || function == PSCI_SYSTEM_RESET)
        write_counters();
    return __real_arch_smc(function, a1, a2, a3);
}

HV_NORETURN void __real_arch_cpu_halt(void);
HV_NORETURN void __wrap_arch_cpu_halt(void);
void __wrap_arch_cpu_halt(void)
{
    write_counters();
    __real_arch_cpu_halt();
}

/* What libgcov refers to and never calls here. */
HV_NORETURN void abort(void);
void abort(void)
{
    __real_arch_cpu_halt();
}

void *mmap(void);
void *mmap(void)
{
    return NULL;
}

void __gcov_merge_add(void *counters, unsigned count);
void __gcov_merge_add(void *counters, unsigned count)
{
    (void)counters;
    (void)count;
}
