/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong in a simulated machine, by name. One table (faults.c) says what each fault does and what its number
 * means; `bulkhead sim --fault help` prints it. The parts of the machine ask here whether one is due; core knows of
 * none.
 */
#ifndef BULKHEAD_HOSTSIM_FAULTS_H
#define BULKHEAD_HOSTSIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_machine;
struct sim_cpu;
struct sim_event;

enum sim_fault_kind {
    SIM_FAULT_NONE,
    SIM_FAULT_DTB_TRUNCATED,
    SIM_FAULT_DTB_BIT,
    SIM_FAULT_MODULE_TRUNCATED,
    SIM_FAULT_MODULE_BIT,
    SIM_FAULT_CPU_NEVER_STARTS,
    SIM_FAULT_CPU_LATE,
    SIM_FAULT_CPU_REFUSED,
    SIM_FAULT_CPU_STARTS_TWICE,
    SIM_FAULT_CPU_ON_ERROR,
    SIM_FAULT_PSCI_MISSING,
    SIM_FAULT_PSCI_0_1,
    SIM_FAULT_SMC_GARBAGE,
    SIM_FAULT_SYSTEM_OFF_RETURNS,
    SIM_FAULT_SERROR_GUEST,
    SIM_FAULT_SERROR_HYPERVISOR,
    SIM_FAULT_WALK_SERROR,
    SIM_FAULT_WALK_ABORT,
    SIM_FAULT_KICK_LOST,
    SIM_FAULT_KICK_REPEATED,
    SIM_FAULT_UART_STUCK,
    SIM_FAULT_UART_STORM,
    SIM_FAULT_SPURIOUS_NONE,
    SIM_FAULT_SPURIOUS_SPI,
    SIM_FAULT_SPI_STORM,
    SIM_FAULT_PPI_STORM,
    SIM_FAULT_LEVEL_LATE,
    SIM_FAULT_MAINTENANCE_GROUP,
    SIM_FAULT_MAINTENANCE_STORM,
    SIM_FAULT_LR_BIT,
    SIM_FAULT_LR_PENDING,
    SIM_FAULT_LR_LOST,
    SIM_FAULT_TIMER_EARLY,
    SIM_FAULT_TIMER_NEVER,
    SIM_FAULT_TIMER_STORM,
    SIM_FAULT_COUNTER_AHEAD,
    SIM_FAULT_COUNTER_BACK,
    SIM_FAULT_DEVICE_STUCK,
    SIM_FAULT_DEVICE_DISABLED,
    SIM_FAULT_DEVICE_SILENT,
    SIM_FAULT_COUNT
};

/** One fault that is asked for. All zero is none. */
struct sim_fault {
    enum sim_fault_kind kind;
    uint64_t n;
};

/** A line of the table. */
struct sim_fault_info {
    enum sim_fault_kind kind;
    const char *name;
    const char *unit; /* of n; NULL: it takes none */
    uint64_t usual;   /* n where none is given */
    const char *what;
};

/** @return the line of @p index, in the order in which they are printed; NULL past the end. */
const struct sim_fault_info *sim_fault_info(unsigned index);
/** Reads "NAME" or "NAME@n", n decimal or with 0x. @return false if there is no such fault or it takes no such number.
 */
bool sim_fault_read(struct sim_fault *fault, const char *text);

/* ---- For the parts of the machine */

/** What a machine knows of its faults. */
struct sim_faults {
    uint64_t asked; /* bit per kind */
    uint64_t counts[SIM_FAULT_COUNT];
    uint64_t repeated_kick;               /* what was written to GICD_SGIR or ICC_SGI1R_EL1 */
    uint64_t loaded;                      /* bytes of modules so far */
    uint64_t damaged_first, damaged_last; /* of a module: offsets in its file that are not as they should be */
};

/** @return whether this fault is asked for; its number is then in @p n (NULL: not wanted). */
bool sim_fault_asked(const struct sim_machine *machine, enum sim_fault_kind kind, uint64_t *n);
/** @return whether it is asked for with the number @p n. */
bool sim_fault_is(const struct sim_machine *machine, enum sim_fault_kind kind, uint64_t n);
/** To be called where it can strike. @return whether this is the n-th time (from 1), and so it does. */
bool sim_fault_due(struct sim_machine *machine, enum sim_fault_kind kind);
/** The same, but once it has struck it lasts. */
bool sim_fault_since(struct sim_machine *machine, enum sim_fault_kind kind);

/** Power-on: schedules those that strike at a time. */
void sim_faults_create(struct sim_machine *machine);
/** Damages a copy of the device tree as asked. */
void sim_fault_damage_dtb(struct sim_machine *machine, uint8_t *dtb, size_t size);
/** Damages a copy of a module as asked, counting through all modules in the order in which they are loaded. */
void sim_fault_damage_module(struct sim_machine *machine, uint8_t *module, size_t size);
/** @return whether the tree, from which core knows what the machine has, is damaged. */
bool sim_fault_in_tree(const struct sim_machine *machine);
/** @return whether a guest kernel's @p size bytes at @p offset may differ from what it should be: a module was damaged
 * there, or the tree, which says where modules are. */
bool sim_fault_excuses(const struct sim_machine *machine, uint64_t offset, uint64_t size);

/** An SGI is sent by writing @p value. @return whether it is lost. @param again  what sends it once more */
bool sim_fault_loses_kick(struct sim_cpu *cpu, uint64_t value,
                          void (*again)(struct sim_machine *machine, struct sim_event *event));
/** @return what the hypervisor reads where a list register holds @p lr. @param pending  its state bit for pending */
uint64_t sim_fault_list_register(struct sim_machine *machine, uint64_t lr, uint64_t pending);

/** @return what a caller of the firmware finds in x0 where it means @p answer. */
uint64_t sim_firmware_answer(const struct sim_machine *machine, uint64_t answer);

/** EL2 touched what does not answer: an external abort. Where the tree that says what there is has been damaged, core
 * is told as by an exception vector (its panic); else a rule was broken. */
_Noreturn void sim_external_abort(struct sim_cpu *cpu, uint64_t address, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
