// SPDX-License-Identifier: Apache-2.0
/* hostsim's Cadence UART: what it does, and that it bears nothing its manual does not allow. */
#include "unit/hostsim/mini.h"

#define FRAME 0xff000000ULL
#define SPI 53
#define GIC_DISTRIBUTOR 0xf9010000ULL
#define GICD_ISPENDR1 0x204

#define CR 0x00
#define MR 0x04
#define IER 0x08
#define IDR 0x0c
#define IMR 0x10
#define ISR 0x14
#define BAUDGEN 0x18
#define RXTOUT 0x1c
#define RXWM 0x20
#define MODEMSR 0x28
#define SR 0x2c
#define FIFO 0x30
#define BDIV 0x34
#define TXWM 0x44
#define RXBS 0x48

#define RXRES 0x01
#define TXRES 0x02
#define ON 0x114
#define OFF 0x128
#define TORST 0x40
#define RTRIG 0x001
#define REMPTY 0x002
#define RFUL 0x004
#define TEMPTY 0x008
#define TFUL 0x010
#define ROVR 0x020
#define FRAMING 0x040
#define TIMEOUT 0x100
#define TTRIG 0x400
#define TNFUL 0x800
#define ALL 0x3fff
#define SR_TACTIVE 0x0800
#define SR_TTRIG 0x2000
#define SR_TNFUL 0x4000

#define BIT_NS 8680 /* at 100 MHz / (124 x 7), as the boot loader leaves it */
#define TYPED_NS 86805

static struct sim_machine *machine;
static struct arch_mmio uart;

static struct sim_machine *make_zynqmp(const struct sim_options *options)
{
    size_t size;
    void *dtb = read_file("ok/zynqmp.dtb", &size);
    struct sim_machine *made = sim_create(dtb, size, options);
    free(dtb);
    ck_assert_msg(made != NULL, "%s", sim_create_error());
    return made;
}

static void start(const struct sim_options *options)
{
    machine = make_zynqmp(options);
    ck_assert(arch_mmio_map(&uart, pa(FRAME), 0x1000));
}

static void teardown(void)
{
    sim_destroy(machine);
    machine = NULL;
}

static uint32_t get(uint32_t offset)
{
    return arch_mmio_read32(&uart, offset);
}

static void set(uint32_t offset, uint32_t value)
{
    arch_mmio_write32(&uart, offset, value);
}

/** Clears what ISR has noted. @return what it had */
static uint32_t noted(void)
{
    uint32_t value = get(ISR);
    set(ISR, ALL);
    return value;
}

/** @p text has arrived. */
static void type(const char *text)
{
    sim_input(machine, sim_time_ns(machine) / 1000 + 1, text);
    sim_advance(machine, 2000 + (strlen(text) - 1) * TYPED_NS);
}

/* FIFO and shift register hold 65 characters; each takes ten bits. */
START_TEST(transmitter)
{
    start(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY);
    set(TXWM, 60);
    noted();
    set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY | SR_TACTIVE); /* on its way already */
    for (unsigned i = 0; i < 59; i++)
        set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | SR_TACTIVE);
    set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | SR_TACTIVE | SR_TTRIG);
    for (unsigned i = 0; i < 3; i++)
        set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | SR_TACTIVE | SR_TTRIG | SR_TNFUL);
    set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | SR_TACTIVE | SR_TTRIG | TFUL);
    ck_assert_uint_eq(noted(), TTRIG | TNFUL | TFUL);
    sim_advance(machine, 10ULL * BIT_NS);
    ck_assert_uint_eq(get(SR) & TFUL, 0);
    sim_advance(machine, 63ULL * 10 * BIT_NS);
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY | SR_TACTIVE);
    sim_advance(machine, 10ULL * BIT_NS);
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY);
    ck_assert_uint_eq(noted() & TEMPTY, TEMPTY);
    ck_assert_uint_eq(strlen(sim_output(machine)), 65);
}
END_TEST

/** @return how long a character takes, to about a microsecond. */
static uint64_t character_time(void)
{
    uint64_t before = sim_time_ns(machine);
    set(FIFO, 'x');
    while ((get(SR) & SR_TACTIVE) != 0)
        sim_advance(machine, 500);
    return sim_time_ns(machine) - before;
}

START_TEST(baud_rate)
{
    start(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    uint64_t time = character_time();
    ck_assert_msg(time >= 86800 && time < 90000, "%lu ns", (unsigned long)time);
    set(CR, OFF);
    set(BAUDGEN, 651); /* 9600 */
    set(BDIV, 15);
    set(CR, ON);
    time = character_time();
    ck_assert_msg(time >= 1041600 && time < 1045000, "%lu ns", (unsigned long)time);
    set(CR, OFF);
    set(MR, 0x21); /* reference clock / 8 */
    set(CR, ON);
    time = character_time();
    ck_assert_msg(time >= 8 * 1041600 && time < 8 * 1041600 + 10000, "%lu ns", (unsigned long)time);
    teardown();
    start(&(struct sim_options){.uart_baud = 57600}); /* whatever the divisors are */
    time = character_time();
    ck_assert_msg(time >= 173600 && time < 177000, "%lu ns", (unsigned long)time);
    teardown();
    start(NULL); /* at once */
    set(FIFO, 'x');
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY);
    ck_assert_str_eq(sim_output(machine), "x");
}
END_TEST

START_TEST(receive_level)
{
    start(NULL);
    set(RXWM, 3);
    noted();
    type("ab");
    ck_assert_uint_eq(get(SR) & (REMPTY | RTRIG), 0);
    ck_assert_uint_eq(noted(), 0);
    type("c");
    ck_assert_uint_eq(get(SR) & RTRIG, RTRIG);
    ck_assert_uint_eq(noted(), RTRIG);
    ck_assert_uint_eq(noted(), 0); /* the level holds, but was not reached again */
    type("d");
    ck_assert_uint_eq(noted(), 0);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(get(FIFO), 'a' + i);
    ck_assert_uint_eq(noted(), REMPTY);
    type("efg");
    ck_assert_uint_eq(noted(), RTRIG);
    set(RXWM, 0); /* no level */
    ck_assert_uint_eq(get(SR) & RTRIG, 0);
}
END_TEST

START_TEST(interrupt)
{
    struct arch_mmio distributor;

    start(NULL);
    ck_assert(arch_mmio_map(&distributor, pa(GIC_DISTRIBUTOR), 0x1000));
    set(RXWM, 1);
    noted();
    set(IER, RTRIG | ROVR);
    set(IER, TIMEOUT);
    set(IDR, ROVR);
    ck_assert_uint_eq(get(IMR), RTRIG | TIMEOUT);
    ck_assert_uint_eq(arch_mmio_read32(&distributor, GICD_ISPENDR1) >> (SPI - 32) & 1, 0);
    type("x");
    ck_assert_uint_eq(arch_mmio_read32(&distributor, GICD_ISPENDR1) >> (SPI - 32) & 1, 1);
    set(ISR, FRAMING); /* another's bit */
    ck_assert_uint_eq(arch_mmio_read32(&distributor, GICD_ISPENDR1) >> (SPI - 32) & 1, 1);
    set(ISR, RTRIG);
    ck_assert_uint_eq(arch_mmio_read32(&distributor, GICD_ISPENDR1) >> (SPI - 32) & 1, 0);
    set(IDR, ALL);
    ck_assert_uint_eq(get(IMR), 0);
}
END_TEST

/* 43 bits after the last start bit, once for each restart; whether anything was received or not. */
START_TEST(receive_timeout)
{
    start(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    set(RXTOUT, 10);
    noted();
    type("a");
    sim_advance(machine, 25ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, 0);
    sim_advance(machine, 10ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, TIMEOUT);
    type("b"); /* no restart, no further one */
    sim_advance(machine, 100ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, 0);
    set(CR, ON | TORST);
    ck_assert_uint_eq(get(CR), ON); /* a command, not a setting */
    sim_advance(machine, 41ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, 0);
    sim_advance(machine, 3ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, TIMEOUT);
    set(RXTOUT, 0);
    set(CR, ON | TORST);
    type("c");
    sim_advance(machine, 2000ULL * BIT_NS);
    ck_assert_uint_eq(noted() & TIMEOUT, 0);
}
END_TEST

START_TEST(overflow_and_noise)
{
    static const char text[] = "0123456789012345678901234567890123456789012345678901234567890123lost";

    start(NULL);
    noted();
    sim_input(machine, 1, text);
    sim_advance(machine, 63 * TYPED_NS);
    ck_assert_uint_eq(noted() & (RFUL | ROVR), 0);
    sim_advance(machine, TYPED_NS);
    ck_assert_uint_eq(noted() & (RFUL | ROVR), RFUL);
    sim_advance(machine, 4 * TYPED_NS);
    ck_assert_uint_eq(noted() & (RFUL | ROVR), ROVR);
    for (unsigned i = 0; i < 64; i++)
        ck_assert_uint_eq(get(FIFO), (uint8_t)text[i]);
    ck_assert_uint_eq(get(SR) & REMPTY, REMPTY);
    noted();
    sim_input_damaged(machine, sim_time_ns(machine) / 1000 + 1, "!");
    sim_advance(machine, TYPED_NS);
    type("g");
    ck_assert_uint_eq(noted() & FRAMING, FRAMING);
    ck_assert_uint_eq(get(RXBS), 2);
    ck_assert_uint_eq(get(FIFO), '!');
    ck_assert_uint_eq(get(RXBS), 0);
    ck_assert_uint_eq(get(FIFO), 'g');
}
END_TEST

START_TEST(resets)
{
    start(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    type("abc");
    set(CR, ON | RXRES | TXRES);
    ck_assert_uint_eq(get(CR), ON | RXRES | TXRES);
    ck_assert_uint_eq(get(SR), REMPTY | TEMPTY);
    set(CR, ON); /* takes none back */
    ck_assert_uint_eq(get(CR), ON | RXRES | TXRES);
    sim_advance(machine, 2000);
    ck_assert_uint_eq(get(CR), ON);
    set(CR, OFF); /* an off receiver hears nothing */
    type("d");
    ck_assert_uint_eq(get(SR) & REMPTY, REMPTY);
    set(MODEMSR, 0xf);
    ck_assert_uint_eq(get(MODEMSR), 0);
}
END_TEST

/* ---- What the manual does not allow */

enum step { NOTHING, WRITE, BYTE, READ, FILL };

static struct rule {
    const char *message;
    struct {
        enum step step;
        uint32_t offset, value;
    } steps[4];
} rules[] = {
    {"1-byte write at offset 0x30", {{BYTE, FIFO, 'x'}}},
    {"read of IER", {{READ, IER, 0}}},
    {"read of IDR", {{READ, IDR, 0}}},
    {"write of IMR", {{WRITE, IMR, 0}}},
    {"write of SR", {{WRITE, SR, 0}}},
    {"write of RXBS", {{WRITE, RXBS, 0}}},
    {"read of a reserved register, offset 0x3c", {{READ, 0x3c, 0}}},
    {"write of a reserved register, offset 0x4c", {{WRITE, 0x4c, 0}}},
    {"reserved bits of CR written: 0x314", {{WRITE, CR, 0x314}}},
    {"reserved bits of RXWM written: 0x40", {{WRITE, RXWM, 0x40}}},
    {"read of an empty receive FIFO", {{READ, FIFO, 0}}},
    {"character sent while the transmitter is off", {{WRITE, CR, 0x138}, {WRITE, FIFO, 'x'}}},
    {"character sent while the transmitter is off or in reset", {{WRITE, CR, ON | TXRES}, {WRITE, FIFO, 'x'}}},
    {"written to a full transmit FIFO", {{FILL, FIFO, 66}}},
    {"BAUDGEN written while the UART is enabled", {{WRITE, BAUDGEN, 124}}},
    {"MR written while the UART is enabled", {{WRITE, CR, 0x124}, {WRITE, MR, 0x20}}},
    {"BDIV below 4", {{WRITE, CR, OFF}, {WRITE, BDIV, 3}}},
    {"loop-back", {{WRITE, CR, OFF}, {WRITE, MR, 0x220}}},
    {"a break is started and stopped", {{WRITE, CR, ON | 0x80}}},
    {"MR = 0x2020: loop-back, wide FIFO accesses", {{WRITE, CR, OFF}, {WRITE, MR, 0x2020}}},
    {"turned off or reset while it sends", {{WRITE, FIFO, 'x'}, {WRITE, CR, 0x124}}},
    {"turned off or reset while it sends", {{WRITE, FIFO, 'x'}, {WRITE, FIFO, 'y'}, {WRITE, CR, ON | TXRES}}},
    {"has no baud rate", {{WRITE, CR, OFF}, {WRITE, BAUDGEN, 0}, {WRITE, CR, ON}, {WRITE, FIFO, 'x'}}},
};

static void break_rule(void *context)
{
    const struct rule *rule = context;

    ck_assert(arch_mmio_map(&uart, pa(FRAME), 0x1000));
    for (unsigned i = 0; i < ARRAY_SIZE(rule->steps); i++) {
        uint32_t offset = rule->steps[i].offset, value = rule->steps[i].value;
        if (rule->steps[i].step == WRITE)
            set(offset, value);
        else if (rule->steps[i].step == BYTE)
            arch_mmio_write8(&uart, offset, (uint8_t)value);
        else if (rule->steps[i].step == READ)
            (void)get(offset);
        for (unsigned j = 0; rule->steps[i].step == FILL && j < value; j++)
            set(offset, 'x');
    }
}

START_TEST(broken_rules)
{
    struct rule *rule = &rules[_i];

    machine = make_zynqmp(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    enum sim_end end = sim_run_with(machine, break_rule, rule, NULL);
    ck_assert_msg(end == SIM_END_FAILED && strstr(sim_message(machine), rule->message) != NULL, "%s: %s, expected: %s",
                  sim_end_name(end), sim_message(machine), rule->message);
}
END_TEST

/* ---- A guest to whom the UART is assigned: what it does wrong is nobody's failure */

static const struct rule *misuse;

static void program_misuse(uint64_t device_tree)
{
    (void)device_tree;
    for (unsigned i = 0; i < ARRAY_SIZE(misuse->steps); i++) {
        uint64_t address = SPARE_IPA + misuse->steps[i].offset, value = misuse->steps[i].value;
        if (misuse->steps[i].step == WRITE)
            guest_write32(address, (uint32_t)value);
        else if (misuse->steps[i].step == BYTE)
            guest_write(address, 1, value);
        else if (misuse->steps[i].step == READ)
            ck_assert_uint_eq(guest_read32(address), 0);
        for (unsigned j = 0; misuse->steps[i].step == FILL && j < value; j++)
            guest_write32(address, 'x');
    }
    guest_hvc(0, 0, 0, 0);
}

static void run_guest(void *context)
{
    struct mini mini;

    (void)context;
    mini_begin(&mini, "misuse");
    mini_map(&mini, SPARE_IPA, FRAME, DEVICE);
    arch_vcpu_load(&mini.vcpu);
    struct arch_exit exit = mini_run(&mini);
    ck_assert_uint_eq(exit_class(&exit), CLASS_HVC);
    arch_vcpu_put(&mini.vcpu);
}

START_TEST(misused_by_a_guest)
{
    misuse = &rules[_i];
    sim_register_guest("misuse", program_misuse);
    machine = make_zynqmp(&(struct sim_options){.uart_baud = SIM_BAUD_DIVISORS});
    enum sim_end end = sim_run_with(machine, run_guest, NULL, NULL);
    ck_assert_msg(end == SIM_END_RETURNED, "%s: %s", sim_end_name(end), sim_message(machine));
    sim_advance(machine, 1000000); /* what was sent leaves, or does not */
}
END_TEST

static void add_tests(TCase *tests)
{
    tcase_add_checked_fixture(tests, NULL, teardown);
    tcase_add_test(tests, transmitter);
    tcase_add_test(tests, baud_rate);
    tcase_add_test(tests, receive_level);
    tcase_add_test(tests, interrupt);
    tcase_add_test(tests, receive_timeout);
    tcase_add_test(tests, overflow_and_noise);
    tcase_add_test(tests, resets);
    tcase_add_loop_test(tests, broken_rules, 0, ARRAY_SIZE(rules));
    tcase_add_loop_test(tests, misused_by_a_guest, 0, ARRAY_SIZE(rules));
}

int main(void)
{
    return suite_run("hostsim Cadence UART", add_tests, NULL);
}
