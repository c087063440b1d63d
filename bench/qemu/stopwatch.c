// SPDX-License-Identifier: Apache-2.0
/* A QEMU TCG plugin: counts the instructions that the machine executes, and tells where those of the hypervisor go.
 *
 *   -plugin stopwatch.so,out=FILE[,symbols=FILE][,until=MARKER][,times=N]
 *
 * A marker is `movz xzr, #imm` with imm in 0xb000..0xbfff, which does nothing otherwise at any exception level. The
 * guests of bench/guest execute them. 0xb100 + n begins window n, 0xb200 + n ends it; 0xb300 + n begins it and the next
 * entry of a guest ends it. Windows may overlap. With until=, the machine stops when that marker is executed for the
 * Nth time (1): not everything can power itself off.
 *
 * symbols= names the functions of the hypervisor: a first line "START END" (hexadecimal), the virtual addresses of its
 * code, then one line "ADDRESS NAME" a function, in the order of addresses. All figures but `marker` count instructions
 * in that range only, those of all CPUs together. FILE gets a line for each event:
 *
 *   marker 0xb001 COUNT                      COUNT: executed since reset, by all CPUs, guests included
 *   window N COUNT CODE DATA NAME=COUNT...   in the window: instructions; lines of 64 bytes that they were fetched
 *                                            from, and that they read or wrote in RAM; instructions by function
 *   stay CPU COUNT NAME=COUNT...             at the end: the longest way from a guest (or from sleep) to a guest (or
 *                                            to sleep), which it went with interrupts masked
 *   all COUNT NAME=COUNT...                  at the end: since reset
 *   end 0 COUNT
 *
 * qemu-plugin.h is not packaged by Debian; the few declarations below are of its API version 1
 * (docs/devel/tcg-plugins.rst). */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_plugin_hwaddr;
struct qemu_info;

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*callback)(qemu_plugin_id_t id, struct qemu_plugin_tb *block));
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id, void (*callback)(qemu_plugin_id_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, int operation, void *target,
                                                uint64_t operand);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction, void (*callback)(unsigned, void *),
                                            int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
                                      void (*callback)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *), int flags,
                                      int accesses, void *data);
struct qemu_plugin_hwaddr *qemu_plugin_get_hwaddr(qemu_plugin_meminfo_t info, uint64_t address);
bool qemu_plugin_hwaddr_is_io(const struct qemu_plugin_hwaddr *address);

EXPORT int qemu_plugin_version = 1;

static const int add_u64 = 0;      /* QEMU_PLUGIN_INLINE_ADD_U64 */
static const int no_registers = 0; /* QEMU_PLUGIN_CB_NO_REGS */
static const int reads_writes = 3; /* QEMU_PLUGIN_MEM_RW */

#define MARKER_FIRST 0xb000
#define MARKER_BEGIN 0xb100
#define MARKER_END 0xb200
#define MARKER_STAY 0xb300
#define WINDOWS 32
#define MAX_CPUS 8
#define MAX_FUNCTIONS 1024
#define NAME_BYTES 64
#define LINE_SHIFT 6
#define A64_ERET 0xd69f03e0
#define A64_WFI 0xd503207f

static FILE *output;
static uint64_t executed;
static uint64_t last_marker, last_marker_times = 1;

/* ---- The hypervisor's functions, and instructions executed of each */

struct counts {
    uint64_t all;
    uint64_t of[MAX_FUNCTIONS];
};

static struct function {
    uint64_t address;
    char name[NAME_BYTES];
} functions[MAX_FUNCTIONS];
static unsigned function_count;
static uint64_t code_start, code_end;

static struct counts total;

static bool read_symbols(const char *path)
{
    FILE *file = fopen(path, "r");

    if (file == NULL || fscanf(file, "%" SCNx64 " %" SCNx64, &code_start, &code_end) != 2)
        return false;
    while (function_count < MAX_FUNCTIONS &&
           fscanf(file, "%" SCNx64 " %63s", &functions[function_count].address, functions[function_count].name) == 2)
        function_count++;
    fclose(file);
    return function_count != 0 && function_count != MAX_FUNCTIONS;
}

static unsigned function_at(uint64_t address)
{
    unsigned low = 0, high = function_count;

    while (high - low > 1) {
        unsigned middle = low + (high - low) / 2;

        if (functions[middle].address <= address)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/** Ends a line: what was counted between two moments. */
static void print_functions(const struct counts *before, const struct counts *after)
{
    for (unsigned i = 0; i < function_count; i++)
        if (after->of[i] != before->of[i])
            fprintf(output, " %s=%" PRIu64, functions[i].name, after->of[i] - before->of[i]);
    fputc('\n', output);
}

/* ---- Lines of memory: those touched since the oldest window that is open, each at least once */

static struct {
    uint64_t *at; /* line number * 2 + 1 for data */
    size_t count, room;
} touched;
static unsigned open_windows;

static void touch(uint64_t address, bool data)
{
    uint64_t line = address >> LINE_SHIFT << 1 | data;

    /* By far the most are repetitions. */
    for (size_t back = 1; back <= 4 && back <= touched.count; back++)
        if (touched.at[touched.count - back] == line)
            return;
    if (touched.count == touched.room) {
        touched.room = touched.room * 2 + 4096;
        touched.at = realloc(touched.at, touched.room * sizeof(touched.at[0]));
        if (touched.at == NULL)
            abort();
    }
    touched.at[touched.count++] = line;
}

static int compare_lines(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/** Counts the different lines from @p first on. */
static void count_lines(size_t first, unsigned long lines[2])
{
    size_t count = touched.count - first;
    uint64_t *sorted = malloc((count + 1) * sizeof(sorted[0]));

    if (sorted == NULL)
        abort();
    memcpy(sorted, touched.at + first, count * sizeof(sorted[0]));
    qsort(sorted, count, sizeof(sorted[0]), compare_lines);
    lines[0] = lines[1] = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || sorted[i] != sorted[i - 1])
            lines[sorted[i] & 1]++;
    free(sorted);
}

/* ---- Windows */

static struct window {
    bool open;
    bool until_entry; /* of a guest */
    size_t first_touched;
    struct counts before;
} windows[WINDOWS];

static void begin_window(struct window *window, bool until_entry)
{
    open_windows += !window->open;
    if (open_windows == 1)
        touched.count = 0;
    window->open = true;
    window->until_entry = until_entry;
    window->first_touched = touched.count;
    window->before = total;
    touched.at = touched.at != NULL ? touched.at : calloc(1, sizeof(touched.at[0]));
}

static void end_window(struct window *window)
{
    unsigned long lines[2];

    if (!window->open)
        return;
    count_lines(window->first_touched, lines);
    fprintf(output, "window %u %" PRIu64 " %lu %lu", (unsigned)(window - windows), total.all - window->before.all,
            lines[0], lines[1]);
    print_functions(&window->before, &total);
    window->open = false;
    open_windows--;
}

/* ---- Stays at EL2 */

static struct cpu {
    bool began; /* since the end of the stay before; the first one, its boot, does not count */
    struct counts executed, before;
} cpus[MAX_CPUS];

static struct {
    unsigned cpu;
    struct counts before, after;
} longest;

static void end_stay(struct cpu *cpu)
{
    for (unsigned i = 0; open_windows != 0 && i < WINDOWS; i++)
        if (windows[i].until_entry)
            end_window(&windows[i]);
    if (cpu->began && cpu->executed.all - cpu->before.all > longest.after.all - longest.before.all) {
        longest.cpu = (unsigned)(cpu - cpus);
        longest.before = cpu->before;
        longest.after = cpu->executed;
    }
    cpu->began = true;
    cpu->before = cpu->executed;
}

/* ---- What is executed */

/** An instruction of the hypervisor. */
struct instruction {
    uint64_t address;
    unsigned function;
    bool ends_stay;
};

static void finish(void)
{
    static const struct counts none;

    if (function_count != 0) {
        fprintf(output, "stay %u %" PRIu64, longest.cpu, longest.after.all - longest.before.all);
        print_functions(&longest.before, &longest.after);
        fprintf(output, "all %" PRIu64, total.all);
        print_functions(&none, &total);
    }
    fprintf(output, "end 0 %" PRIu64 "\n", executed);
    fclose(output);
}

static void on_marker(unsigned cpu, void *data)
{
    unsigned marker = (unsigned)(uintptr_t)data;

    (void)cpu;
    if (marker >= MARKER_END && marker < MARKER_END + WINDOWS)
        end_window(&windows[marker - MARKER_END]);
    else if (marker >= MARKER_BEGIN && marker < MARKER_BEGIN + WINDOWS)
        begin_window(&windows[marker - MARKER_BEGIN], false);
    else if (marker >= MARKER_STAY && marker < MARKER_STAY + WINDOWS)
        begin_window(&windows[marker - MARKER_STAY], true);
    else
        fprintf(output, "marker 0x%04x %" PRIu64 "\n", marker, executed);
    if (marker == last_marker && --last_marker_times == 0) {
        finish();
        _exit(0); /* on the spot: whoever asked has the counts that matter */
    }
}

static void on_hypervisor(unsigned number, void *data)
{
    const struct instruction *instruction = data;
    struct cpu *cpu = &cpus[number % MAX_CPUS];

    total.all++;
    total.of[instruction->function]++;
    cpu->executed.all++;
    cpu->executed.of[instruction->function]++;
    if (open_windows != 0)
        touch(instruction->address, false);
    if (instruction->ends_stay)
        end_stay(cpu);
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t info, uint64_t address, void *data)
{
    (void)cpu;
    (void)data;
    if (open_windows != 0 && !qemu_plugin_hwaddr_is_io(qemu_plugin_get_hwaddr(info, address)))
        touch(address, true);
}

static void watch_hypervisor(struct qemu_plugin_insn *instruction, uint64_t address, uint32_t code)
{
    struct instruction *known = malloc(sizeof(*known)); /* as long as QEMU runs: translated code refers to it */

    if (known == NULL)
        abort();
    known->address = address;
    known->function = function_at(address);
    known->ends_stay = code == A64_ERET || code == A64_WFI;
    qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_hypervisor, no_registers, known);
    qemu_plugin_register_vcpu_mem_cb(instruction, on_access, no_registers, reads_writes, NULL);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint64_t address = qemu_plugin_insn_vaddr(instruction);
        uint32_t code;

        memcpy(&code, qemu_plugin_insn_data(instruction), sizeof(code));
        uint32_t immediate = code >> 5 & 0xffff;
        if ((code & 0xffe0001f) == 0xd280001f && immediate >> 12 == MARKER_FIRST >> 12)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_marker, no_registers, (void *)(uintptr_t)immediate);
        if (address >= code_start && address < code_end)
            watch_hypervisor(instruction, address, code);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, add_u64, &executed, 1);
    }
}

static void at_exit(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    finish();
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    bool readable = true;

    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            output = fopen(argv[i] + 4, "w");
        else if (strncmp(argv[i], "symbols=", 8) == 0)
            readable = read_symbols(argv[i] + 8);
        else if (strncmp(argv[i], "until=", 6) == 0)
            last_marker = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "times=", 6) == 0)
            last_marker_times = strtoull(argv[i] + 6, NULL, 0);
    }
    if (output == NULL || !readable) {
        fprintf(stderr, "stopwatch: out=FILE is missing or cannot be written, or symbols= cannot be read\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
