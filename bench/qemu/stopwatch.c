// SPDX-License-Identifier: Apache-2.0
/* A QEMU TCG plugin: counts the instructions that the machine executes and notes the count whenever a guest executes a
 * marker, `movz xzr, #imm` with imm in 0xb000..0xbfff, which does nothing otherwise at any exception level; or an
 * address given.
 *
 *   -plugin stopwatch.so,out=FILE[,pc=ADDRESS][,until=MARKER][,times=N]
 *
 * With until=, the machine stops when that marker is executed for the Nth time (1): not everything can power itself
 * off.
 *
 * FILE gets a line for each event: "marker 0xb001 COUNT" or "pc 0x40200000 COUNT", and at the end "end 0 COUNT".
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
struct qemu_plugin_tb;
struct qemu_plugin_insn;
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

EXPORT int qemu_plugin_version = 1;

static const int add_u64 = 0;      /* QEMU_PLUGIN_INLINE_ADD_U64 */
static const int no_registers = 0; /* QEMU_PLUGIN_CB_NO_REGS */

static FILE *output;
static uint64_t executed;
static uint64_t watched_pc;
static bool pc_seen;
static uint64_t last_marker, last_marker_times = 1;

/** Ends QEMU on the spot: whoever called has the counts that matter. */
static void stop_machine(void)
{
    fprintf(output, "end 0 %" PRIu64 "\n", executed);
    fflush(output);
    _exit(0);
}

static void on_marker(unsigned cpu, void *data)
{
    (void)cpu;
    fprintf(output, "marker 0x%04x %" PRIu64 "\n", (unsigned)(uintptr_t)data, executed);
    if ((uintptr_t)data == last_marker && --last_marker_times == 0)
        stop_machine();
}

static void on_pc(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    if (!pc_seen)
        fprintf(output, "pc 0x%" PRIx64 " %" PRIu64 "\n", watched_pc, executed);
    pc_seen = true;
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
        struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
        uint32_t code;

        memcpy(&code, qemu_plugin_insn_data(instruction), sizeof(code));
        uint32_t immediate = code >> 5 & 0xffff;
        if ((code & 0xffe0001f) == 0xd280001f && immediate >> 12 == 0xb)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_marker, no_registers, (void *)(uintptr_t)immediate);
        if (watched_pc != 0 && qemu_plugin_insn_vaddr(instruction) == watched_pc)
            qemu_plugin_register_vcpu_insn_exec_cb(instruction, on_pc, no_registers, NULL);
        qemu_plugin_register_vcpu_insn_exec_inline(instruction, add_u64, &executed, 1);
    }
}

static void finish(qemu_plugin_id_t id, void *data)
{
    (void)id;
    (void)data;
    fprintf(output, "end 0 %" PRIu64 "\n", executed);
    fclose(output);
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv);
int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0)
            output = fopen(argv[i] + 4, "w");
        else if (strncmp(argv[i], "pc=", 3) == 0)
            watched_pc = strtoull(argv[i] + 3, NULL, 0);
        else if (strncmp(argv[i], "until=", 6) == 0)
            last_marker = strtoull(argv[i] + 6, NULL, 0);
        else if (strncmp(argv[i], "times=", 6) == 0)
            last_marker_times = strtoull(argv[i] + 6, NULL, 0);
    }
    if (output == NULL) {
        fprintf(stderr, "stopwatch: out=FILE is missing or cannot be written\n");
        return 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, finish, NULL);
    return 0;
}
