// SPDX-License-Identifier: Apache-2.0
/* Xen's calls of a domain: console_io writes to its console, in bounded pieces; all others are not there. */
#include "unit/domain/fixture.h"

#include "domain/guest_memory.h"
#include "hostsim/memory/memory.h"
#include "support/parts.h"
#include "support/suite.h"
#include "trap/trap.h"

#define HVC_XEN 0x5a000ea1ULL
#define CONSOLE_IO 18
#define WRITE 0
#define READ 1
#define EFAULT (-14)
#define ENOSYS (-38)
#define TEXT (KERNEL + MIB(2) + 0x100) /* in a block that no image is in, and nobody has touched */
#define PIECES_MAX 100

static struct {
    char text[8192];
    size_t length;
} screen;

static size_t screen_write(struct uart *uart, const uint8_t *bytes, size_t count)
{
    (void)uart;
    ck_assert_uint_lt(screen.length + count, sizeof(screen.text));
    memcpy(&screen.text[screen.length], bytes, count);
    screen.length += count;
    return count;
}

static void setup_domain(void)
{
    static const struct uart_ops ops = {.write = screen_write};
    static struct uart uart = {.ops = &ops};

    setup();
    uint8_t *kernel = load_kernel(KIB(64));
    ck_assert_int_eq(create_and_build(), BUILD_DONE);
    free(kernel);
    console_init();
    console_attach(&uart);
    memset(&screen, 0, sizeof(screen));
    arch_vcpu_load(&fixture.domain->vcpus[0]->arch);
}

static void teardown_domain(void)
{
    arch_vcpu_put(&fixture.domain->vcpus[0]->arch);
    teardown();
}

static struct vcpu_regs *regs(void)
{
    return &fixture.domain->vcpus[0]->arch.regs;
}

/** One exit. pc is where the CPU leaves it: behind the HVC at KERNEL. */
static int64_t call(uint64_t number, uint64_t x0, uint64_t x1, uint64_t x2)
{
    const struct arch_exit exit = {.reason = ARCH_EXIT_SYNC, .esr = HVC_XEN};

    regs()->x[16] = number;
    regs()->x[0] = x0;
    regs()->x[1] = x1;
    regs()->x[2] = x2;
    regs()->pc = KERNEL + 4;
    trap_handle(fixture.domain->vcpus[0], &exit);
    return (int64_t)regs()->x[0];
}

/** The call as often as pc says, with the registers as they are then. @return exits */
static unsigned call_to_end(uint64_t count, uint64_t address)
{
    unsigned exits = 1;

    ck_assert_int_eq(call(CONSOLE_IO, WRITE, count, address), 0);
    for (; regs()->pc == KERNEL; exits++) {
        ck_assert_uint_lt(exits, PIECES_MAX);
        ck_assert_int_eq(call(CONSOLE_IO, regs()->x[0], regs()->x[1], regs()->x[2]), 0);
    }
    ck_assert_uint_eq(regs()->pc, KERNEL + 4);
    return exits;
}

static void write_guest(uint64_t address, const char *text, size_t size)
{
    ck_assert_int_eq(domain_touch(fixture.domain, ipa(address)), HV_OK);
    for (size_t i = 0; i < size; i++) {
        uint64_t one = 1;
        char *byte = guest_memory_open(&fixture.plan, ipa(address + i), &one);
        ck_assert_ptr_nonnull(byte);
        *byte = text[i];
        arch_cache_clean_invalidate(byte, 1);
        guest_memory_close();
    }
}

START_TEST(test_text)
{
    fixture.config.parts = _i != 0 ? part_bits("vpl011") : part_bits(NULL); /* with a UART or without */
    write_guest(TEXT, "hello\nthere\n", 12);
    ck_assert_uint_eq(call_to_end(12, TEXT), 1);
    ck_assert_str_eq(screen.text, "domU1: hello\r\ndomU1: there\r\n");
}
END_TEST

/* Its stores go to memory, past the lines that the call before brought in. */
START_TEST(test_a_guest_with_its_caches_off)
{
    const uint64_t at = TEXT - KERNEL;
    const uint64_t host = at < EXTENT0_SIZE ? EXTENT0 + at : EXTENT1 + at - EXTENT0_SIZE;

    write_guest(TEXT, "hello\n", 6);
    ck_assert_uint_eq(call_to_end(6, TEXT), 1);
    sim_memory_write(fixture.machine, host, "there\n", 6);
    ck_assert_uint_eq(call_to_end(6, TEXT), 1);
    ck_assert_str_eq(screen.text, "domU1: hello\r\ndomU1: there\r\n");
}
END_TEST

/* Each exit takes a bounded part of one page; the guest goes on where it was. */
START_TEST(test_pieces)
{
    char text[1000];

    memset(text, 'x', sizeof(text));
    text[999] = '\n';
    write_guest(TEXT + 0xe00, text, sizeof(text)); /* on two pages */
    unsigned exits = call_to_end(sizeof(text), TEXT + 0xe00);
    ck_assert_uint_ge(exits, 8);
    ck_assert_uint_le(exits, 9);
    unsigned marks = 0;
    for (size_t i = 0; i < screen.length; i++)
        marks += screen.text[i] == 'x';
    ck_assert_uint_eq(marks, 999);
    ck_assert_int_eq(call(CONSOLE_IO, WRITE, UINT32_MAX, TEXT), 0); /* so many: still one piece */
    ck_assert_uint_eq(regs()->pc, KERNEL);
}
END_TEST

START_TEST(test_no_memory)
{
    const uint64_t nowhere[] = {0, GUEST_END, CONTROL - MIB(16) + GUEST_END, 0x22000000, UINT64_MAX};

    for (unsigned i = 0; i < ARRAY_SIZE(nowhere); i++) {
        ck_assert_int_eq(call(CONSOLE_IO, WRITE, 1, nowhere[i]), EFAULT);
        ck_assert_uint_eq(regs()->pc, KERNEL + 4);
    }
    ck_assert_int_eq(call(CONSOLE_IO, WRITE, 0, GUEST_END), 0);
    ck_assert_int_eq(call(CONSOLE_IO, WRITE, 8, GUEST_END - 4), 0); /* what is there comes first */
    ck_assert_int_eq(call(CONSOLE_IO, regs()->x[0], regs()->x[1], regs()->x[2]), EFAULT);
    ck_assert_uint_eq(fixture.domain->messages, 0);
}
END_TEST

/* What lay in its RAM before the domain is nobody's business, untouched or not. */
START_TEST(test_untouched_memory)
{
    ck_assert_uint_eq(call_to_end(64, KERNEL + MIB(8)), 1);
    for (size_t i = 0; i < screen.length; i++)
        ck_assert_int_ge(screen.text[i], 0);
}
END_TEST

START_TEST(test_others)
{
    write_guest(TEXT, "x\n", 2);
    for (uint64_t number = 0; number < 64; number++)
        if (number != CONSOLE_IO)
            ck_assert_int_eq(call(number, WRITE, 2, TEXT), ENOSYS);
    ck_assert_int_eq(call(1ULL << 32 | CONSOLE_IO, WRITE, 2, TEXT), ENOSYS);
    for (uint64_t command = 2; command < 9; command++)
        ck_assert_int_eq(call(CONSOLE_IO, command, 2, TEXT), ENOSYS);
    ck_assert_int_eq(call(CONSOLE_IO, READ, 2, TEXT), 0);
    ck_assert_uint_eq(regs()->pc, KERNEL + 4);
    ck_assert_uint_eq(screen.length, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("Xen's calls");
    TCase *all = tcase_create("console_io");

    tcase_add_checked_fixture(all, setup_domain, teardown_domain);
    tcase_add_loop_test(all, test_text, 0, 2);
    tcase_add_test(all, test_a_guest_with_its_caches_off);
    tcase_add_test(all, test_pieces);
    tcase_add_test(all, test_no_memory);
    tcase_add_test(all, test_untouched_memory);
    tcase_add_test(all, test_others);
    suite_add_tcase(suite, all);

    return suite_execute(suite);
}
