/* SPDX-License-Identifier: Apache-2.0 */
/* hostsim's inside: the machine and its parts. Shares with core the contract's headers and lib/types.h, and nothing
 * else. */
#ifndef BULKHEAD_HOSTSIM_MACHINE_H
#define BULKHEAD_HOSTSIM_MACHINE_H

#include "arch/cpu.h"
#include "arch/mem.h"
#include "arch/vcpu.h"
#include "hostsim/contract/lock_order.h"
#include "hostsim/cpus/coroutine.h"
#include "hostsim/cpus/store_buffer.h"
#include "hostsim/memory/memory.h"
#include "hostsim/sim.h"
#include "lib/types.h"

struct sim_cpu;

#define SIM_MAX_CPUS 16
#define SIM_MAX_BANKS 16
#define SIM_MAX_DEVICES 32
#define SIM_MAX_MAPPINGS 256
#define SIM_MAX_HELD_LOCKS 8
#define SIM_NEVER UINT64_MAX

/* ---- Time: nanoseconds since power-on. One nanosecond stands for one instruction, as under QEMU's -icount shift=0. */

/** Something that will happen. Embedded in the part that it happens to. */
struct sim_event {
    uint64_t time;
    uint64_t order; /* of two events at one time, the earlier scheduled comes first */
    void (*happen)(struct sim_machine *machine, struct sim_event *event);
    void *context;
    struct sim_event *next;
    bool queued;
};

/** What contract calls and guest operations take, in nanoseconds. Values: platforms.c. */
enum sim_cost {
    SIM_COST_CALL, /* any contract call without an entry of its own */
    SIM_COST_LOCK,
    SIM_COST_TIMER, /* reading the counter, setting a deadline */
    SIM_COST_MMIO,
    SIM_COST_GIC,       /* a system register of GICv3 */
    SIM_COST_WINDOW,    /* opening or closing one */
    SIM_COST_MAP,       /* arch_map(), arch_mmio_map() */
    SIM_COST_ZERO_LINE, /* 64 bytes */
    SIM_COST_COPY_LINE,
    SIM_COST_CLEAN_LINE,
    SIM_COST_TLB, /* an invalidation with its barriers */
    SIM_COST_ICACHE,
    SIM_COST_SMC,
    SIM_COST_START,        /* from power-on to hv_main() */
    SIM_COST_CPU_ON,       /* from CPU_ON to hv_secondary_main() */
    SIM_COST_WAKE,         /* from the interrupt to the instruction after WFI */
    SIM_COST_EVENT_STREAM, /* longest stay in arch_cpu_wait() */
    SIM_COST_VCPU_LOAD,    /* EL1 and FP state in or out */
    SIM_COST_VCPU_ENTER,   /* into the guest */
    SIM_COST_VCPU_EXIT,    /* out of it */
    SIM_COST_GUEST,        /* one operation of a guest program */
    SIM_COST_COUNT
};

/** How long things take on one kind of machine. */
struct sim_platform {
    const char *name, *description;
    uint32_t costs[SIM_COST_COUNT];
    /* Between contract calls, in picoseconds; all 0 where core's own computing takes no time. */
    uint32_t block;         /* a basic block of core */
    uint32_t tree_call;     /* a call of libfdt's writer ... */
    uint32_t tree_byte;     /* ... and each byte of property or name */
    uint32_t inflated_byte; /* that zlib made */
};
/** @return the platform of that name, NULL: the default one; NULL if there is none. */
const struct sim_platform *sim_platform_find(const char *name);

/** What the CPU that executes has computed since it was last asked, in picoseconds. computing.c. */
uint64_t sim_computed(const struct sim_platform *platform);

/* ---- Memory: hostsim/memory/memory.h */

struct sim_window {
    bool open;
    uint64_t base, size;
    enum arch_map_access access;
};

/** Registers that answer at physical addresses. */
struct sim_device {
    uint64_t base, size;
    /** @return false for an access that the device does not take (an external abort). @p size is 1, 2, 4 or 8 bytes,
     * aligned. */
    bool (*read)(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t *value);
    bool (*write)(void *context, struct sim_cpu *cpu, uint64_t offset, unsigned size, uint64_t value);
    void *context;
    const char *name;
};

/* ---- CPUs */

/** Whose a host address is, as the plan has it. */
struct sim_owner {
    unsigned vmid;          /* of a domain; 0: no domain's */
    const char *name;       /* the domain's, or what it is: "the hypervisor", "nobody" */
    uint64_t guest_address; /* of a domain's RAM: where the guest finds it */
};

/** What core says of one of the host's interrupts that a guest has. */
struct sim_assigned {
    unsigned intid, vmid;
    const char *domain;
    const struct arch_spinlock *lock; /* who holds it is changing what follows */
    bool runs, gone;                  /* its domain runs; is off, and taken apart */
    bool linked, enabled;             /* the guest has the interrupt, and has it on */
    bool in_flight, listed;           /* it was taken on the host for the guest; a list register has it */
    int cpu;                          /* that it is for; -1: for none */
};

enum sim_cpu_state {
    SIM_CPU_OFF,
    SIM_CPU_READY, /* runs, or could */
    SIM_CPU_IDLE,  /* WFI */
    SIM_CPU_WAIT,  /* WFE */
    SIM_CPU_LOCK,  /* waits for a lock */
    SIM_CPU_HALTED,
};

struct sim_cpu {
    struct sim_machine *machine; /* NULL: the desk without a machine */
    unsigned index;              /* in the order of the device tree */
    unsigned id;                 /* what core calls it */
    uint64_t mpidr;
    enum sim_cpu_state state;
    uint64_t time;
    struct coroutine coroutine;
    struct sim_event start, wake;
    bool starting;
    bool event_register; /* set by SEV, cleared by WFE */
    bool unfenced;       /* core stored what other CPUs read, and no barrier has followed */
    struct sim_store_buffer stores;
    const struct arch_spinlock *waits_for;
    uint32_t ticket;
    const struct arch_spinlock *held[SIM_MAX_HELD_LOCKS];
    unsigned held_count;
    struct sim_window windows[ARCH_WINDOW_SLOTS];

    /* EL2's timer, and those of the vCPU that is loaded */
    uint64_t hyp_deadline;
    bool hyp_timer_dead, hyp_timer_stuck; /* never fires again; its interrupt stays asserted */
    bool maintenance, maintenance_stuck;  /* its interrupt's line; fault */
    struct sim_event hyp_timer, virtual_timer, physical_timer;

    struct arch_vcpu *loaded;
    uint64_t sysregs[VCPU_SYSREG_COUNT]; /* live while loaded */
    uint8_t fp[sizeof(((struct arch_vcpu *)NULL)->fp)];
    struct sim_guest *guest; /* runs inside arch_vcpu_run() now */

    /* how long core has looked at a full UART, again and again, since it entered EL2 last */
    uint64_t uart_waited, uart_full_at; /* nanoseconds; time of the last look, 0: it was not full */
    bool has_run_guest;

    uint32_t handling[32]; /* bit per INTID: acknowledged since it was in a guest or slept, shared ones alone */

    bool serror;    /* one is pending; EL2 keeps them masked */
    bool reporting; /* core was told of an exception at EL2 */
};

/** Priorities of the order SIM_SCHEDULE_PCT; all by index of a CPU. */
#define SIM_PCT_MAX_DEPTH 16
struct sim_pct {
    bool on;
    int64_t priority[SIM_MAX_CPUS]; /* the greatest that is ready has the turn. Drawn: 0 or more; lowered: negative */
    int64_t lowest, highest;        /* handed out so far */
    uint64_t changes[SIM_PCT_MAX_DEPTH];
    unsigned change_count;
    uint64_t patience; /* nanoseconds */
};

#define SIM_MAX_CODES 64

/** A function in the place of code at an IPA of one domain. */
struct sim_guest_code {
    uint16_t vmid;
    uint64_t address;
    uint64_t image; /* that it is part of */
    void (*main)(uint64_t x0);
    char name[48]; /* of the program that it belongs to */
};

struct sim_machine {
    struct sim_options options;
    struct sim_bank banks[SIM_MAX_BANKS];
    unsigned bank_count;
    struct sim_cpu cpus[SIM_MAX_CPUS];
    unsigned cpu_count;
    struct sim_device devices[SIM_MAX_DEVICES];
    unsigned device_count;
    unsigned last_device; /* that answered */
    bool frames_overlap;
    struct sim_mapping {
        uint64_t base, size;
    } mappings[SIM_MAX_MAPPINGS]; /* arch_mmio_map(): handle is index + 1 */
    unsigned mapping_count;
    uint32_t icache_round;                  /* how often all instruction caches were dropped */
    uint64_t code_order, dropped_code[256]; /* counts writes of code; by VMID: when its guest dropped what it had */
    uint32_t lives[256];                    /* by VMID: which of all lives is the one that its guest has now */
    uint64_t ended[256];                    /* by VMID: when its guest asked for the end of this life; 0: it has not */
    uint32_t life_count;
    struct sim_lock_order lock_order;
    const struct sim_platform *platform;
    uint64_t computed; /* picoseconds that are not yet a nanosecond */
    uint64_t frequency;
    unsigned virtual_ppi, physical_ppi, hypervisor_ppi; /* INTIDs of the timer's interrupts */
    int64_t counter_jump;                               /* ticks that the counter is ahead of time */

    /* Time and turns */
    uint64_t now;
    uint64_t horizon; /* before this time no event is due and no other CPU is behind */
    struct sim_event *events;
    uint64_t event_order;
    uint64_t steps;
    uint64_t fingerprint;
    uint64_t random;
    struct sim_pct pct;
    uint64_t store_delays; /* state of what draws them */
    struct sim_cpu *turn;  /* the CPU that executes */
    struct coroutine desk;
    bool running; /* inside sim_run() */
    bool booted;
    bool main_returned;
    bool boot_done; /* arch_boot_done() was called: nothing of the boot half runs any more */
    enum sim_end end;
    char message[512];

    struct sim_gic *gic;
    struct sim_uart *uarts[4];
    unsigned uart_count;
    struct sim_given *given; /* devices for guests */
    uint64_t
        lingers[1024]; /* by INTID, of those that guests have: since when one is on though its domain does not run */
    struct sim_stray strays[SIM_MAX_STRAYS];
    unsigned stray_count;
    struct sim_tlb *tlb;
    struct sim_kvm *kvm; /* NULL: guests are coroutines */
    struct sim_stage1_tlb *stage1_tlb;
    struct sim_oracle *oracle;
    struct sim_turns *turns;
    struct sim_guest *guests, **guests_tail;
    struct sim_guest_code codes[SIM_MAX_CODES]; /* of further vCPUs (guest_code()) */
    unsigned code_count;
    struct sim_faults faults;
    struct sim_event counter_jumps, kick_repeats;

    void (*main)(void *context);
    void *main_context;
    void (*secondary_main)(unsigned cpu);
    void (*panic)(const char *format, ...) HV_PRINTF(1, 2); /* what an exception at EL2 calls; NULL: nothing */
    /* Whether the plan's ledger gives the host range to the domain with that VMID; NULL: there is no plan. */
    bool (*owned)(unsigned vmid, uint64_t base, uint64_t size);
    void (*owner)(uint64_t address, struct sim_owner *owner); /* NULL: as above */
    /* The interrupts that guests have. @return false past the last one. NULL: as above. */
    bool (*assigned)(unsigned index, struct sim_assigned *assigned);
    /* The counter when CPU 0 is to look after the console; 0: it has not begun, or is to at once. NULL: as above. */
    uint64_t (*console_due)(void);
    uint64_t boot_dtb, boot_dtb_size;
};

/** The machine that exists, or NULL. */
struct sim_machine *sim_this_machine(void);
/** The CPU that executes this; on the desk without a machine one that has none. Never NULL. */
struct sim_cpu *sim_this_cpu(void);

/** A rule was broken. In a run: ends it with SIM_END_FAILED. On the desk: prints and aborts the process. */
HV_NORETURN void sim_fail(const char *format, ...) HV_PRINTF(1, 2);
/** A line of sim_options::trace. */
void sim_trace(const struct sim_cpu *cpu, const char *format, ...) HV_PRINTF(2, 3);
/** Ends a run from inside. */
HV_NORETURN void sim_finish(struct sim_machine *machine, enum sim_end end, const char *format, ...) HV_PRINTF(3, 4);

/* clock.c */
/** Ticks of the system counter <-> nanoseconds; the second rounds up, so that at the returned time the tick has come.
 */
uint64_t sim_ticks(const struct sim_machine *machine, uint64_t nanoseconds);
uint64_t sim_nanoseconds(const struct sim_machine *machine, uint64_t ticks);
/** @return the system counter now. */
uint64_t sim_counter(const struct sim_machine *machine);
/** @return the time at which it will be @p ticks. */
uint64_t sim_counter_time(const struct sim_machine *machine, uint64_t ticks);
void sim_event_schedule(struct sim_machine *machine, struct sim_event *event, uint64_t time);
void sim_event_cancel(struct sim_machine *machine, struct sim_event *event);
/** Lets all events happen that are due by @p time. */
void sim_events_run(struct sim_machine *machine, uint64_t time);
/** A number of the machine's own sequence, which the seed begins. */
uint64_t sim_random(struct sim_machine *machine);

/* schedule.c */
/** Lets @p count times the cost pass on @p cpu, and others have their turn. The switch point of every contract call. */
void sim_spend(struct sim_cpu *cpu, enum sim_cost cost, uint64_t count);
/** Lets @p nanoseconds pass on @p cpu. */
void sim_pass(struct sim_cpu *cpu, uint64_t nanoseconds);
/** Leaves @p cpu in @p state until sim_cpu_wake(). */
void sim_cpu_block(struct sim_cpu *cpu, enum sim_cpu_state state);
void sim_cpu_wake(struct sim_cpu *cpu);
/* pct.c: all but the first do nothing in other orders. */
/** Draws priorities and change points from the seed. */
void sim_pct_begin(struct sim_machine *machine);
/** Core is about to access a word that other CPUs access. */
void sim_pct_atomic_access(void);
/** One step of the CPU that has the turn: its priority may change here. */
void sim_pct_step(struct sim_machine *machine, const struct sim_cpu *cpu);
/** @p cpu no longer sleeps: its priority is drawn anew. */
void sim_pct_woken(struct sim_machine *machine, const struct sim_cpu *cpu);
/** @p cpu awaits another CPU: all others come before it. */
void sim_pct_yield(struct sim_machine *machine, const struct sim_cpu *cpu);
/** @return whose turn it is of those that are ready, or NULL. */
struct sim_cpu *sim_pct_choose(struct sim_machine *machine);

/** Notes something that happened, for the fingerprint. */
void sim_note(struct sim_machine *machine, uint64_t what);

/* devices */
void sim_device_add(struct sim_machine *machine, const struct sim_device *device);
/** @return false where no device answers. */
bool sim_device_read(struct sim_cpu *cpu, uint64_t address, unsigned size, uint64_t *value);
bool sim_device_write(struct sim_cpu *cpu, uint64_t address, unsigned size, uint64_t value);
/** @return the device that answers at @p address, or NULL. */
const struct sim_device *sim_device_find(struct sim_machine *machine, uint64_t address);

/* parts.c: what the device tree says the machine has. @return NULL, or what is wrong. */
const char *sim_parts_read(struct sim_machine *machine, const void *dtb);

#endif
