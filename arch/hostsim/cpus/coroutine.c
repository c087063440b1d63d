// SPDX-License-Identifier: Apache-2.0
#include "hostsim/cpus/coroutine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hostsim/cpus/carrier.h"

#if defined(__SANITIZE_ADDRESS__)
#define WITH_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#ifndef WITH_ASAN
#define WITH_ASAN 0
#endif

#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_SIZE ((size_t)256 << 10) /* sanitizers make frames large */
#define GUARD_SIZE ((size_t)4096)

/* Saves what the ABI says a call preserves on the stack that runs, and continues on the other. swapcontext() would make
 * two system calls each time, for a signal mask that never differs. */
void hostsim_switch_stack(void **save, void *to);
#if defined(__x86_64__)
__asm__(".text\n"
        ".globl hostsim_switch_stack\n"
        ".type hostsim_switch_stack, @function\n"
        "hostsim_switch_stack:\n"
        "    pushq %rbp\n    pushq %rbx\n    pushq %r12\n    pushq %r13\n    pushq %r14\n    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n    popq %r14\n    popq %r13\n    popq %r12\n    popq %rbx\n    popq %rbp\n"
        "    ret\n"
        ".size hostsim_switch_stack, .-hostsim_switch_stack\n");
#define FRAME_WORDS 8 /* six registers, the return address, and one that aligns the entry's stack */
#define FRAME_RETURN 6
#elif defined(__aarch64__)
__asm__(
    ".text\n"
    ".globl hostsim_switch_stack\n"
    ".type hostsim_switch_stack, %function\n"
    "hostsim_switch_stack:\n"
    "    sub sp, sp, #160\n"
    "    stp x19, x20, [sp]\n    stp x21, x22, [sp, #16]\n    stp x23, x24, [sp, #32]\n    stp x25, x26, [sp, #48]\n"
    "    stp x27, x28, [sp, #64]\n    stp x29, x30, [sp, #80]\n    stp d8, d9, [sp, #96]\n    stp d10, d11, [sp, "
    "#112]\n"
    "    stp d12, d13, [sp, #128]\n    stp d14, d15, [sp, #144]\n"
    "    mov x9, sp\n    str x9, [x0]\n    mov sp, x1\n"
    "    ldp x19, x20, [sp]\n    ldp x21, x22, [sp, #16]\n    ldp x23, x24, [sp, #32]\n    ldp x25, x26, [sp, #48]\n"
    "    ldp x27, x28, [sp, #64]\n    ldp x29, x30, [sp, #80]\n    ldp d8, d9, [sp, #96]\n    ldp d10, d11, [sp, "
    "#112]\n"
    "    ldp d12, d13, [sp, #128]\n    ldp d14, d15, [sp, #144]\n"
    "    add sp, sp, #160\n    ret\n"
    ".size hostsim_switch_stack, .-hostsim_switch_stack\n");
#define FRAME_WORDS 20
#define FRAME_RETURN 11
#else
#error "hostsim switches stacks on x86_64 and aarch64 hosts only"
#endif

static struct coroutine *switched_from;
static struct coroutine *switched_to;

/* Stacks are kept for the next machine: a process may boot thousands. */
#define MAX_SPARE 64
static uint8_t *spare[MAX_SPARE];
static unsigned spare_count;

static uint8_t *stack_get(void)
{
    if (spare_count > 0)
        return spare[--spare_count];
    uint8_t *memory =
        mmap(NULL, GUARD_SIZE + STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (memory == MAP_FAILED || mprotect(memory, GUARD_SIZE, PROT_NONE) != 0) {
        perror("hostsim: no memory for a stack");
        abort();
    }
    return memory + GUARD_SIZE;
}

static void arrived(struct coroutine *self)
{
#if WITH_ASAN
    __sanitizer_finish_switch_fiber(self->fake_stack, &switched_from->bottom, &switched_from->bottom_size);
#else
    (void)self;
#endif
}

static void coroutine_main(void)
{
    struct coroutine *self = switched_to;
    arrived(self);
    self->entry(self->argument);
    fputs("hostsim: a coroutine's entry returned\n", stderr);
    abort();
}

void coroutine_start(struct coroutine *coroutine, void (*entry)(void *argument), void *argument)
{
    struct carrier *carrier = coroutine->carrier;
    memset(coroutine, 0, sizeof(*coroutine));
    coroutine->carrier = carrier;
    coroutine->stack = stack_get();
    coroutine->stack_size = STACK_SIZE;
    coroutine->entry = entry;
    coroutine->argument = argument;
    coroutine->bottom = coroutine->stack;
    coroutine->bottom_size = STACK_SIZE;
    uintptr_t *frame = (uintptr_t *)(void *)(coroutine->stack + STACK_SIZE) - FRAME_WORDS;
    memset(frame, 0, FRAME_WORDS * sizeof(*frame));
    frame[FRAME_RETURN] = (uintptr_t)coroutine_main;
    coroutine->stack_pointer = frame;
}

void coroutine_create_thread(struct coroutine *coroutine)
{
#if WITH_ASAN
    fputs("hostsim: threads are for builds without AddressSanitizer\n", stderr);
    abort();
#endif
    coroutine->carrier = carrier_create();
}

void coroutine_bind_thread(struct coroutine *coroutine)
{
    coroutine->carrier = carrier_this();
}

/* A stack that has not run yet is entered by its thread, from the stack to which the thread returns when it ends. */
static void hand_over(struct coroutine *to)
{
    carrier_resume(to->carrier, to->entered ? NULL : to->stack_pointer);
    to->entered = true;
    carrier_pause();
}

void coroutine_switch(struct coroutine *from, struct coroutine *to)
{
    switched_from = from;
    switched_to = to;
    if (to->carrier != NULL && to->carrier != carrier_this()) {
        hand_over(to);
        return;
    }
#if WITH_ASAN
    __sanitizer_start_switch_fiber(&from->fake_stack, to->bottom, to->bottom_size);
#endif
    hostsim_switch_stack(&from->stack_pointer, to->stack_pointer);
    arrived(from);
}

void coroutine_release(struct coroutine *coroutine)
{
    carrier_end(coroutine->carrier);
    coroutine->carrier = NULL;
    if (coroutine->stack == NULL)
        return;
#if WITH_ASAN
    __asan_unpoison_memory_region(coroutine->stack, coroutine->stack_size); /* frames that will never return */
#endif
    if (spare_count < MAX_SPARE)
        spare[spare_count++] = coroutine->stack;
    else
        munmap(coroutine->stack - GUARD_SIZE, GUARD_SIZE + STACK_SIZE);
    memset(coroutine, 0, sizeof(*coroutine));
}
