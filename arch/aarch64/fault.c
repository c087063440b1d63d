// SPDX-License-Identifier: Apache-2.0
#include "arch/cpu.h"
#include "arch/smc.h"
#include "console/panic.h"
#include "layout.h"

#define KIND_SERROR 7
#define PSTATE_A (1ULL << 8)

/** What vectors.S saved on the emergency stack. */
struct fault_frame {
    uint64_t x[31];
    uint64_t sp, elr, spsr, esr, far;
};

_Static_assert(offsetof(struct fault_frame, sp) == FAULT_OFFSET_SP, "vectors.S");
_Static_assert(offsetof(struct fault_frame, elr) == FAULT_OFFSET_ELR, "vectors.S");
_Static_assert(offsetof(struct fault_frame, esr) == FAULT_OFFSET_ESR, "vectors.S");
_Static_assert(sizeof(struct fault_frame) == FAULT_FRAME_BYTES, "vectors.S");

extern char smc_instruction[], serror_window_end[], cpu_areas[];
void fault_handle(struct fault_frame *frame, uint64_t kind);
HV_NORETURN void __stack_chk_fail(void);

/** Above bit 31 newer CPUs say more (ISS2). */
static unsigned esr_class(uint64_t esr)
{
    return (uint32_t)esr >> 26;
}

static bool is_undefined_smc(const struct fault_frame *frame)
{
    return frame->elr == (uint64_t)smc_instruction && esr_class(frame->esr) == 0;
}

/** One that arch_vcpu_put() lets in, behind the first or the second instruction of its window. */
static bool is_awaited_serror(const struct fault_frame *frame, uint64_t kind)
{
    return kind == KIND_SERROR && (uint64_t)serror_window_end - frame->elr <= 4;
}

/** What lies below each of the two stacks of a CPU is not mapped. */
static bool is_stack_overflow(const struct fault_frame *frame)
{
    uint64_t offset = frame->far - (uint64_t)cpu_areas;
    uint64_t page = align_down(offset % CPU_AREA_BYTES, PAGE_BYTES);

    return esr_class(frame->esr) == 0x25 && offset < MAX_CPUS * CPU_AREA_BYTES &&
           (page == CPU_AREA_GUARD1 || page == CPU_AREA_GUARD2);
}

/** @param kind  number of the vector: 0..3 with SP_EL0, 4..7 with SP_EL2; synchronous, IRQ, FIQ, SError */
void fault_handle(struct fault_frame *frame, uint64_t kind)
{
    static const char *const names[] = {"exception", "IRQ", "FIQ", "SError"};

    if (is_undefined_smc(frame)) {
        frame->x[0] = (uint64_t)SMCCC_NOT_SUPPORTED;
        frame->elr += 4;
        return;
    }
    if (is_awaited_serror(frame, kind)) {
        frame->spsr |= PSTATE_A; /* no second one */
        return;
    }
    hv_panic("%s at EL2: ESR 0x%llx ELR 0x%llx FAR 0x%llx SP 0x%llx LR 0x%llx",
             is_stack_overflow(frame) ? "stack overflow" : names[kind & 3], (unsigned long long)frame->esr,
             (unsigned long long)frame->elr, (unsigned long long)frame->far, (unsigned long long)frame->sp,
             (unsigned long long)frame->x[30]);
}

void __stack_chk_fail(void)
{
    hv_panic("stack corrupted, called from 0x%llx", (unsigned long long)(uint64_t)__builtin_return_address(0));
}
