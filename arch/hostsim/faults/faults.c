// SPDX-License-Identifier: Apache-2.0
#include "hostsim/faults/faults.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/devices/timers.h"
#include "hostsim/machine/machine.h"

#define REPEAT_NS 20000
#define MAX_US 1000000000000ULL          /* in nanoseconds it still fits */
#define ESR_EXTERNAL_ABORT 0x96000010ULL /* data abort at EL2, synchronous external abort (Arm ARM D19.2.37) */

static const struct sim_fault_info table[] = {
    {SIM_FAULT_DTB_TRUNCATED, "dtb-truncated", "byte", 64, "the device tree in RAM ends before byte n; zeros follow"},
    {SIM_FAULT_DTB_BIT, "dtb-bit", "bit", 0, "bit n of the device tree is flipped (bit 8 is bit 0 of byte 1)"},
    {SIM_FAULT_MODULE_TRUNCATED, "module-truncated", "byte", 4096,
     "the module that holds byte n, counted through all modules as they are loaded, ends there; zeros follow"},
    {SIM_FAULT_MODULE_BIT, "module-bit", "bit", 0, "bit n is flipped, counted through all modules as they are loaded"},
    {SIM_FAULT_CPU_NEVER_STARTS, "cpu-never-starts", "CPU", 1, "CPU_ON of CPU n succeeds, but it never arrives"},
    {SIM_FAULT_CPU_LATE, "cpu-late", "us", 10000, "CPUs arrive n microseconds after CPU_ON"},
    {SIM_FAULT_CPU_REFUSED, "cpu-refused", "CPU", 1, "CPU_ON of CPU n answers INTERNAL_FAILURE"},
    {SIM_FAULT_CPU_STARTS_TWICE, "cpu-starts-twice", "us", 10,
     "CPU 1 is reset n microseconds after it arrived, and starts again"},
    {SIM_FAULT_CPU_ON_ERROR, "cpu-on-error", "code", 1, "every CPU_ON answers -n (PSCI: 1 to 9)"},
    {SIM_FAULT_PSCI_MISSING, "psci-missing", NULL, 0, "every SMC answers NOT_SUPPORTED"},
    {SIM_FAULT_PSCI_0_1, "psci-0.1", NULL, 0, "the firmware is PSCI 0.1: it knows CPU_ON, and no other number"},
    {SIM_FAULT_SMC_GARBAGE, "smc-garbage", NULL, 0, "SMCs answer in 32 bits: the upper half of x0 is garbage"},
    {SIM_FAULT_SYSTEM_OFF_RETURNS, "system-off-returns", NULL, 0, "SYSTEM_OFF does nothing and returns"},
    {SIM_FAULT_SERROR_GUEST, "serror-guest", "entry", 1, "SError while a guest runs, at the n-th entry to a guest"},
    {SIM_FAULT_SERROR_HYPERVISOR, "serror-hypervisor", "exit", 1,
     "SError at EL2 after the n-th exit; masked there, it is taken at that CPU's next entry to a guest"},
    {SIM_FAULT_WALK_SERROR, "walk-serror", "access", 1,
     "uncorrectable memory error in the stage-2 entry of guests' n-th access to memory, reported as SError"},
    {SIM_FAULT_WALK_ABORT, "walk-abort", "access", 1, "the same, reported as synchronous external abort on the walk"},
    {SIM_FAULT_KICK_LOST, "kick-lost", "SGI", 1, "the n-th SGI is lost"},
    {SIM_FAULT_KICK_REPEATED, "kick-repeated", "SGI", 1, "the n-th SGI arrives again 20 microseconds later"},
    {SIM_FAULT_UART_STUCK, "uart-stuck", "character", 0, "the UART's transmitter never drains after n characters"},
    {SIM_FAULT_UART_STORM, "uart-storm", "character", 0,
     "the UART's interrupt stays asserted once more than n characters were sent"},
    {SIM_FAULT_SPURIOUS_NONE, "spurious-none", "acknowledge", 1,
     "the n-th acknowledge at the CPU interface finds nothing (1023)"},
    {SIM_FAULT_SPURIOUS_SPI, "spurious-spi", "acknowledge", 1,
     "the n-th acknowledge gives an SPI that nobody owns or has enabled"},
    {SIM_FAULT_SPI_STORM, "spi-storm", "acknowledge", 1,
     "from the n-th acknowledge on an SPI that nobody owns is enabled, and its line high"},
    {SIM_FAULT_PPI_STORM, "ppi-storm", "acknowledge", 1, "the same with a PPI of the CPU that acknowledges"},
    {SIM_FAULT_LEVEL_LATE, "level-late", "drop", 1,
     "from the n-th on, level-sensitive interrupts whose line drops while they wait are acknowledged once all the "
     "same"},
    {SIM_FAULT_MAINTENANCE_GROUP, "maintenance-group", NULL, 0,
     "GICv3: ICH_HCR_EL2.VGrp0DIE looks at group 1, and so may call without end (as QEMU's does)"},
    {SIM_FAULT_MAINTENANCE_STORM, "maintenance-storm", "interrupt", 1,
     "from the n-th maintenance interrupt on that CPU's line stays high"},
    {SIM_FAULT_LR_BIT, "lr-bit", "bit", 28, "bit n % 64 of the read of a list register number n / 64 is flipped"},
    {SIM_FAULT_LR_PENDING, "lr-pending", "read", 1, "the n-th read of a list register says pending"},
    {SIM_FAULT_LR_LOST, "lr-lost", "read", 1, "the n-th read of a list register says 0"},
    {SIM_FAULT_TIMER_EARLY, "timer-early", "us", 100, "EL2's timers fire n microseconds early"},
    {SIM_FAULT_TIMER_NEVER, "timer-never", "deadline", 1, "EL2's timers do not fire from the n-th deadline on"},
    {SIM_FAULT_TIMER_STORM, "timer-storm", "deadline", 1,
     "the EL2 timer for which the n-th deadline is set keeps its interrupt asserted"},
    {SIM_FAULT_COUNTER_AHEAD, "counter-ahead", "us", 1000, "n microseconds after power-on the counter jumps 1 s ahead"},
    {SIM_FAULT_COUNTER_BACK, "counter-back", "us", 1000, "n microseconds after power-on the counter jumps 1 ms back"},
    {SIM_FAULT_DEVICE_STUCK, "device-stuck", "interrupt", 1,
     "from its n-th interrupt on the line of a device that a guest has stays high, whatever the guest does to it"},
    {SIM_FAULT_DEVICE_DISABLED, "device-disabled", "acknowledge", 1,
     "the n-th acknowledge gives the first interrupt of a guest's devices, enabled or not, asked for or not"},
    {SIM_FAULT_DEVICE_SILENT, "device-silent", "access", 1,
     "from the n-th access on devices that guests have do not answer: an external abort"},
};

const struct sim_fault_info *sim_fault_info(unsigned index)
{
    return index < ARRAY_SIZE(table) ? &table[index] : NULL;
}

/* Times have an end; what happens for the n-th time happens for a first time. */
static bool number_makes_sense(const struct sim_fault_info *info, uint64_t n)
{
    static const char *const counted[] = {"SGI",  "entry",    "exit", "access",    "acknowledge",
                                          "read", "deadline", "code", "interrupt", "drop"};
    if (info->unit == NULL)
        return false;
    if (strcmp(info->unit, "us") == 0)
        return n <= MAX_US;
    for (unsigned i = 0; i < ARRAY_SIZE(counted); i++)
        if (strcmp(info->unit, counted[i]) == 0)
            return n > 0;
    return true;
}

bool sim_fault_read(struct sim_fault *fault, const char *text)
{
    size_t length = strcspn(text, "@");
    const char *number = text[length] == '@' ? text + length + 1 : NULL;
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        if (strlen(table[i].name) != length || strncmp(table[i].name, text, length) != 0)
            continue;
        *fault = (struct sim_fault){table[i].kind, table[i].usual};
        if (number == NULL)
            return true;
        char *end;
        errno = 0;
        fault->n = strtoull(number, &end, 0);
        return *number >= '0' && *number <= '9' && *end == '\0' && errno == 0 &&
               number_makes_sense(&table[i], fault->n);
    }
    return false;
}

/* ---- Whether one is due */

bool sim_fault_asked(const struct sim_machine *machine, enum sim_fault_kind kind, uint64_t *n)
{
    if ((machine->faults.asked >> kind & 1) == 0)
        return false;
    for (unsigned i = 0; n != NULL && i < SIM_MAX_FAULTS; i++)
        if (machine->options.faults[i].kind == kind)
            *n = machine->options.faults[i].n;
    return true;
}

bool sim_fault_is(const struct sim_machine *machine, enum sim_fault_kind kind, uint64_t n)
{
    if ((machine->faults.asked >> kind & 1) == 0)
        return false;
    for (unsigned i = 0; i < SIM_MAX_FAULTS; i++)
        if (machine->options.faults[i].kind == kind && machine->options.faults[i].n == n)
            return true;
    return false;
}

bool sim_fault_due(struct sim_machine *machine, enum sim_fault_kind kind)
{
    return (machine->faults.asked >> kind & 1) != 0 && sim_fault_is(machine, kind, ++machine->faults.counts[kind]);
}

bool sim_fault_since(struct sim_machine *machine, enum sim_fault_kind kind)
{
    uint64_t n = 0;
    return sim_fault_asked(machine, kind, &n) && ++machine->faults.counts[kind] >= n;
}

/* ---- Those that strike at a time */

static void jump(struct sim_machine *machine, struct sim_event *event)
{
    (void)event;
    uint64_t second = machine->frequency;
    if (sim_fault_asked(machine, SIM_FAULT_COUNTER_AHEAD, NULL))
        machine->counter_jump += (int64_t)second;
    else
        machine->counter_jump -= (int64_t)min_u64(second / 1000, sim_ticks(machine, machine->now));
    for (unsigned i = 0; i < machine->cpu_count; i++)
        sim_timers_update(&machine->cpus[i]);
}

void sim_faults_create(struct sim_machine *machine)
{
    uint64_t at = 0;
    for (unsigned i = 0; i < SIM_MAX_FAULTS; i++)
        machine->faults.asked |= 1ULL << machine->options.faults[i].kind;
    machine->faults.asked &= ~(1ULL << SIM_FAULT_NONE);
    machine->counter_jumps.happen = jump;
    if (sim_fault_asked(machine, SIM_FAULT_COUNTER_AHEAD, &at) || sim_fault_asked(machine, SIM_FAULT_COUNTER_BACK, &at))
        sim_event_schedule(machine, &machine->counter_jumps, at * 1000);
}

/* ---- What the boot loader brings along */

static void flip(uint8_t *bytes, uint64_t bit)
{
    bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

void sim_fault_damage_dtb(struct sim_machine *machine, uint8_t *dtb, size_t size)
{
    uint64_t n = 0;
    if (sim_fault_asked(machine, SIM_FAULT_DTB_TRUNCATED, &n) && n < size)
        memset(dtb + n, 0, size - n);
    if (sim_fault_asked(machine, SIM_FAULT_DTB_BIT, &n) && n / 8 < size)
        flip(dtb, n);
}

void sim_fault_damage_module(struct sim_machine *machine, uint8_t *module, size_t size)
{
    struct sim_faults *faults = &machine->faults;
    uint64_t n = 0, first = faults->loaded;
    faults->loaded += size;
    if (sim_fault_asked(machine, SIM_FAULT_MODULE_TRUNCATED, &n) && n >= first && n < first + size) {
        memset(module + (n - first), 0, size - (size_t)(n - first));
        faults->damaged_first = n - first;
        faults->damaged_last = size;
    }
    if (sim_fault_asked(machine, SIM_FAULT_MODULE_BIT, &n) && n / 8 >= first && n / 8 < first + size) {
        flip(module, n - first * 8);
        faults->damaged_first = faults->damaged_last = n / 8 - first;
    }
}

bool sim_fault_in_tree(const struct sim_machine *machine)
{
    return sim_fault_asked(machine, SIM_FAULT_DTB_TRUNCATED, NULL) || sim_fault_asked(machine, SIM_FAULT_DTB_BIT, NULL);
}

bool sim_fault_excuses(const struct sim_machine *machine, uint64_t offset, uint64_t size)
{
    const struct sim_faults *faults = &machine->faults;
    const uint64_t modules = 1ULL << SIM_FAULT_MODULE_TRUNCATED | 1ULL << SIM_FAULT_MODULE_BIT;
    if (sim_fault_in_tree(machine))
        return true;
    return (faults->asked & modules) != 0 && offset + size > faults->damaged_first && offset <= faults->damaged_last;
}

uint64_t sim_firmware_answer(const struct sim_machine *machine, uint64_t answer)
{
    return sim_fault_asked(machine, SIM_FAULT_SMC_GARBAGE, NULL) ? (uint32_t)answer | 0x5a5a5a5aULL << 32 : answer;
}

/* ---- Interrupts */

bool sim_fault_loses_kick(struct sim_cpu *cpu, uint64_t value,
                          void (*again)(struct sim_machine *machine, struct sim_event *event))
{
    struct sim_machine *machine = cpu->machine;
    if (sim_fault_due(machine, SIM_FAULT_KICK_LOST)) {
        sim_trace(cpu, "SGI %#llx is lost", (unsigned long long)value);
        return true;
    }
    if (sim_fault_due(machine, SIM_FAULT_KICK_REPEATED)) {
        machine->faults.repeated_kick = value;
        machine->kick_repeats.happen = again;
        machine->kick_repeats.context = cpu;
        sim_event_schedule(machine, &machine->kick_repeats, machine->now + REPEAT_NS);
    }
    return false;
}

uint64_t sim_fault_list_register(struct sim_machine *machine, uint64_t lr, uint64_t pending)
{
    if (machine->faults.asked == 0)
        return lr;
    uint64_t bit = 0, reads = machine->faults.counts[SIM_FAULT_LR_BIT]++;
    if (sim_fault_asked(machine, SIM_FAULT_LR_BIT, &bit) && reads == bit / 64)
        lr ^= 1ULL << bit % 64;
    if (sim_fault_due(machine, SIM_FAULT_LR_PENDING))
        lr |= pending;
    return sim_fault_due(machine, SIM_FAULT_LR_LOST) ? 0 : lr;
}

/* ---- EL2's own exceptions: what arch/aarch64/fault.c does */

void sim_external_abort(struct sim_cpu *cpu, uint64_t address, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct sim_machine *machine = cpu->machine;
    bool lied = machine != NULL && sim_fault_in_tree(machine);
    if (!lied || !machine->running || machine->panic == NULL)
        sim_fail("external abort at EL2: %s", text);
    sim_trace(cpu, "external abort at EL2: %s", text);
    while (cpu->reporting) /* the report met another one */
        sim_cpu_block(cpu, SIM_CPU_HALTED);
    cpu->reporting = true;
    machine->panic("exception at EL2: ESR 0x%llx FAR 0x%llx", ESR_EXTERNAL_ABORT, (unsigned long long)address);
    abort();
}
