// SPDX-License-Identifier: Apache-2.0
/* Tries every system register that an instruction can name, and finds out by itself which of them hold a value. Those
 * must be zero when a life begins, and keep what this domain wrote while others, which run the same program, write
 * theirs. A register that two domains share shows in one of them. Arguments: seed=N (1), another one for each domain;
 * rounds=N (20), of writing all, waiting and comparing; pause-us=N (15000), longer than a slice of others; until-ms=N
 * (500): a life that begins before the counter says so ends in a restart then; list=1: names each register that
 * answers; bare=1: without a hypervisor, where a life may begin with anything. */
#include "native.h"
#include "programs.h"

#define ENCODING(op0, op1, crn, crm, op2)                                                                              \
    ((uint32_t)(op0) << 16 | (op1) << 12 | (crn) << 8 | (crm) << 4 | (uint32_t)(op2))
#define CPACR_FPEN (3ul << 20)
#define CPACR_EL1 3, 0, 1, 0, 2
#define VBAR_EL1 3, 0, 12, 0, 0
#define CLASS_TRAPPED 0x18
#define MAX_REGISTERS 1024

/* What cannot be tried at random, and what may be: bits of the register. Others: all of it. */
static const struct {
    uint32_t encoding;
    uint64_t bits;
} careful[] = {
    {ENCODING(3, 0, 1, 0, 0), 1ul << 16 | 1ul << 18}, /* SCTLR_EL1: nTWI, nTWE. Not the MMU, not the endianness */
    {ENCODING(3, 0, 1, 0, 2), 0},                     /* CPACR_EL1: FPEN is needed to reach FPCR */
    {ENCODING(3, 0, 4, 2, 0), 0},                     /* SPSel */
    {ENCODING(3, 0, 4, 2, 2), 0},                     /* CurrentEL */
    {ENCODING(3, 3, 4, 2, 0), 0},                     /* NZCV: changes by itself */
    {ENCODING(3, 3, 4, 2, 1), 0},                     /* DAIF */
    {ENCODING(3, 0, 4, 6, 0), 0},                     /* ICC_PMR_EL1: with priorities it stays as it is set up */
    {ENCODING(3, 0, 12, 0, 0), 0},                    /* VBAR_EL1 */
    {ENCODING(3, 0, 12, 1, 0), 0},                    /* ISR_EL1: what is pending */
    {ENCODING(3, 0, 12, 8, 0), 0},                    /* ICC_IAR0_EL1, HPPIR0: what is pending */
    {ENCODING(3, 0, 12, 8, 2), 0},
    {ENCODING(3, 0, 12, 12, 0), 0}, /* ICC_IAR1_EL1, HPPIR1, RPR */
    {ENCODING(3, 0, 12, 12, 2), 0},
    {ENCODING(3, 0, 12, 11, 3), 0},
    {ENCODING(3, 3, 2, 4, 0), 0}, /* RNDR, RNDRRS */
    {ENCODING(3, 3, 2, 4, 1), 0},
    {ENCODING(3, 3, 14, 0, 1), 0}, /* the counters */
    {ENCODING(3, 3, 14, 0, 2), 0},
    {ENCODING(3, 3, 14, 0, 5), 0},
    {ENCODING(3, 3, 14, 0, 6), 0},
    {ENCODING(3, 3, 14, 2, 0), 0}, /* CNTP_TVAL_EL0 and CNTV_TVAL_EL0: count down */
    {ENCODING(3, 3, 14, 3, 0), 0},
    {ENCODING(3, 3, 14, 2, 1), 2}, /* their controls: masked, and not on */
    {ENCODING(3, 3, 14, 3, 1), 2},
};

/* Of these a life begins with something else than zero: the entry code or the architecture says what. */
static const uint32_t not_zero[] = {
    ENCODING(3, 0, 1, 0, 0),   /* SCTLR_EL1: RES1 */
    ENCODING(3, 0, 4, 0, 0),   /* SPSR, ELR and ESR_EL1: of the exceptions by which this program learns */
    ENCODING(3, 0, 4, 0, 1),   /* */
    ENCODING(3, 0, 5, 2, 0),   /* */
    ENCODING(3, 0, 6, 0, 0),   /* FAR_EL1: unknown after some of them */
    ENCODING(3, 0, 12, 12, 3), /* ICC_BPR1_EL1, ICC_BPR0_EL1: the least there is */
    ENCODING(3, 0, 12, 8, 3),  /* */
    ENCODING(3, 0, 12, 12, 4), /* ICC_CTLR_EL1: what there is */
};

struct found {
    uint32_t encoding;
    uint64_t value;
};

static struct found found[MAX_REGISTERS];
static unsigned found_count, answered;
static _Alignas(64) uint32_t code[8];

/** One instruction at code[0]: x0 in and out. @return 0, or the class of the exception that it took and 0x100 */
struct tried {
    uint64_t value, exception;
};
struct tried registers_try(uint64_t value, const void *entry);
extern char registers_vectors[], vectors[];

__asm__("    .text\n"
        "    .global registers_try\n"
        "    .hidden registers_try\n"
        "registers_try:\n"
        "    mov x11, x1\n"
        "    mov x12, x30\n"
        "    mov x1, #0\n"
        "    blr x11\n"
        "    mov x30, x12\n"
        "    ret\n"
        "    .balign 2048\n"
        "    .global registers_vectors\n"
        "    .hidden registers_vectors\n"
        "registers_vectors:\n"
        "    .skip 0x200\n"
        "    mrs x9, esr_el1\n" /* synchronous, current level, SP_EL1 */
        "    lsr x1, x9, #26\n"
        "    orr x1, x1, #0x100\n"
        "    mrs x9, elr_el1\n"
        "    add x9, x9, #4\n"
        "    msr elr_el1, x9\n"
        "    eret\n");

static void set_vectors(const char *address)
{
    WRITE_SYSREG((uintptr_t)address, VBAR_EL1);
    barrier();
}

/** MRS x0 or MSR x0. */
static struct tried try_register(uint32_t encoding, bool write, uint64_t value)
{
    uint32_t op0 = encoding >> 16, op1 = encoding >> 12 & 15, crn = encoding >> 8 & 15, crm = encoding >> 4 & 15,
             op2 = encoding & 15;

    *(volatile uint32_t *)&code[0] =
        0xd5000000 | !write << 21 | op0 << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5;
    *(volatile uint32_t *)&code[1] = 0xd65f03c0; /* ret */
    __asm__ volatile("dc cvau, %0; dsb sy; ic ivau, %0; dsb sy; isb" ::"r"(code) : "memory");
    return registers_try(value, code);
}

static uint64_t read_register(uint32_t encoding)
{
    return try_register(encoding, false, 0).value;
}

static uint64_t bits_to_try(uint32_t encoding)
{
    for (unsigned i = 0; i < sizeof(careful) / sizeof(careful[0]); i++)
        if (careful[i].encoding == encoding)
            return careful[i].bits;
    return UINT64_MAX;
}

static bool begins_with_zero(uint32_t encoding)
{
    for (unsigned i = 0; i < sizeof(not_zero) / sizeof(not_zero[0]); i++)
        if (not_zero[i] == encoding)
            return false;
    return true;
}

/* Both the value and its complement: a register of which no bit can be set may hold those that can be cleared. */
static bool holds_a_value(uint32_t encoding, uint64_t before)
{
    uint64_t bits = bits_to_try(encoding), after;

    if (bits == 0 || try_register(encoding, true, before ^ bits).exception != 0)
        return false;
    after = read_register(encoding);
    try_register(encoding, true, before);
    return after != before;
}

static void name(const struct platform *of, uint32_t encoding, const char *what)
{
    if (argument(of, "list", 0) != 0)
        print(of, "registers: S%u_%u_C%u_C%u_%u %s\n", encoding >> 16, encoding >> 12 & 15, encoding >> 8 & 15,
              encoding >> 4 & 15, encoding & 15, what);
}

static void look_at(const struct platform *of, uint32_t encoding)
{
    struct tried tried = try_register(encoding, false, 0);

    if (tried.exception != 0)
        return;
    answered++;
    if (!holds_a_value(encoding, tried.value)) {
        name(of, encoding, "is constant");
        return;
    }
    name(of, encoding, "holds a value");
    if (begins_with_zero(encoding) && tried.value != 0 && argument(of, "bare", 0) == 0) {
        set_vectors(vectors);
        print(of, "registers: S%u_%u_C%u_C%u_%u begins with %lx\n", encoding >> 16, encoding >> 12 & 15,
              encoding >> 8 & 15, encoding >> 4 & 15, encoding & 15, tried.value);
        program_fail(of, "a life begins with what another one left in", encoding);
    }
    if (found_count < MAX_REGISTERS)
        found[found_count++] = (struct found){encoding, tried.value};
}

static void look_at_all(const struct platform *of)
{
    for (uint32_t op0 = 2; op0 <= 3; op0++)
        for (uint32_t op1 = 0; op1 < 8; op1++)
            for (uint32_t crn = 0; crn < 16; crn++)
                for (uint32_t crm = 0; crm < 16; crm++)
                    for (uint32_t op2 = 0; op2 < 8; op2++)
                        look_at(of, ENCODING(op0, op1, crn, crm, op2));
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005 + 1442695040888963407;
    return *state ^ *state >> 29;
}

static void write_all(uint64_t *random)
{
    for (unsigned i = 0; i < found_count; i++) {
        uint64_t bits = bits_to_try(found[i].encoding);
        uint64_t value = (read_register(found[i].encoding) & ~bits) | (next_random(random) & bits);

        try_register(found[i].encoding, true, value);
    }
    for (unsigned i = 0; i < found_count; i++) /* afterwards: some registers change others */
        found[i].value = read_register(found[i].encoding);
}

static void compare_all(const struct platform *of)
{
    for (unsigned i = 0; i < found_count; i++) {
        uint32_t encoding = found[i].encoding;
        uint64_t value = read_register(encoding);

        if (value == found[i].value)
            continue;
        set_vectors(vectors);
        print(of, "registers: S%u_%u_C%u_C%u_%u was %lx, is %lx\n", encoding >> 16, encoding >> 12 & 15,
              encoding >> 8 & 15, encoding >> 4 & 15, encoding & 15, found[i].value, value);
        program_fail(of, "another domain wrote", encoding);
    }
}

static void pause_for(uint64_t ticks)
{
    uint64_t start = READ_SYSREG(CNTPCT_EL0);

    while (READ_SYSREG(CNTPCT_EL0) - start < ticks)
        continue;
}

/* What no register holds: only one of all levels may write the frequency (start code of RTOS's asks in this way). */
static void highest_level(const struct platform *of)
{
    bool highest = (READ_SYSREG(3, 0, 0, 4, 0) >> 8 & 0xff) == 0;
    bool refused = try_register(ENCODING(3, 3, 14, 0, 0), true, counter_frequency()).exception != 0;

    if (highest == refused) {
        set_vectors(vectors);
        program_fail(of, "ID_AA64PFR0_EL1 and CNTFRQ_EL0 do not agree on the highest level", highest);
    }
}

void program_registers(struct platform *of)
{
    uint64_t milliseconds = counter_frequency() / 1000, random = argument(of, "seed", 1);
    uint64_t rounds = argument(of, "rounds", 20), pause = argument(of, "pause-us", 15000) * milliseconds / 1000;
    uint64_t until = argument(of, "until-ms", 500) * milliseconds;
    bool again = READ_SYSREG(CNTPCT_EL0) < until;

    WRITE_SYSREG(CPACR_FPEN, CPACR_EL1);
    set_vectors(registers_vectors);
    look_at_all(of);
    highest_level(of);
    for (uint64_t round = 0; again ? READ_SYSREG(CNTPCT_EL0) < until : round < rounds; round++) {
        write_all(&random);
        pause_for(pause);
        compare_all(of);
    }
    set_vectors(vectors);
    print(of, "registers: %u answer, %u hold a value\n", answered, found_count);
    if (again) {
        print(of, "registers: another life\n");
        psci(of, PSCI_SYSTEM_RESET);
        program_fail(of, "SYSTEM_RESET came back at", counter());
    }
    print(of, "registers: done\n");
}
