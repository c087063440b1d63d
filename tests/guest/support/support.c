/* Start, console, exceptions, interrupt controller and firmware calls of the payloads. */
#include <stdarg.h>

#include "guest.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_FR_RXFE (1u << 4)
#define UART_FR_TXFF (1u << 5)

#define GICD_CTLR 0x000
#define GICD_ISENABLER 0x100
#define GICD_SGIR 0xf00
#define GICD_SGIR_SELF (2u << 24)
#define GICC_CTLR 0x00
#define GICC_PMR 0x04
#define GICC_IAR 0x0c
#define GICC_EOIR 0x10
#define GIC_SPURIOUS 1020

struct platform platform;
void (*sync_handler)(struct exception_frame *frame, uint64_t esr, uint64_t far);
void (*interrupt_handler)(struct exception_frame *frame, uint32_t intid);

void guest_start(uintptr_t tree, uint64_t first_ticks);
void guest_exception(struct exception_frame *frame, unsigned kind);

void guest_start(uintptr_t tree, uint64_t first_ticks)
{
    bool good = tree_read(tree);
    platform.first_ticks = first_ticks;
    if (good)
        guest_main();
    power_off();
}

void put_char(char character)
{
    if (platform.uart == 0)
        return;
    while ((read32(platform.uart + UART_FR) & UART_FR_TXFF) != 0)
        continue;
    write32(platform.uart + UART_DR, (uint8_t)character);
}

int get_char(void)
{
    if (platform.uart == 0 || (read32(platform.uart + UART_FR) & UART_FR_RXFE) != 0)
        return -1;
    return (int)(read32(platform.uart + UART_DR) & 0xff);
}

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            put_char('\r');
        put_char(*text);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[21];
    unsigned used = sizeof(digits);

    digits[--used] = '\0';
    do {
        digits[--used] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_text(&digits[used]);
}

static void put_signed(int value)
{
    if (value < 0)
        put_char('-');
    put_number(value < 0 ? (uint64_t) - (int64_t)value : (uint64_t)value, 10);
}

static void put_conversion(const char *conversion, va_list *arguments)
{
    bool wide = conversion[0] == 'l';
    char kind = conversion[wide ? 1 : 0];

    if (kind == 's')
        put_text(va_arg(*arguments, const char *));
    else if (kind == 'c')
        put_char((char)va_arg(*arguments, int));
    else if (kind == 'd')
        put_signed(va_arg(*arguments, int));
    else if (kind == 'u' || kind == 'x')
        put_number(wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned), kind == 'u' ? 10 : 16);
    else
        put_char(kind);
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format == '%') {
            format++;
            put_conversion(format, &arguments);
            format += *format == 'l' ? 1 : 0;
        } else {
            if (*format == '\n')
                put_char('\r');
            put_char(*format);
        }
    }
    va_end(arguments);
}

static void interrupt(struct exception_frame *frame)
{
    uint32_t acknowledged = read32(platform.cpu_interface + GICC_IAR);
    uint32_t intid = acknowledged & 0x3ff;

    if (intid >= GIC_SPURIOUS)
        return;
    if (interrupt_handler != NULL)
        interrupt_handler(frame, intid);
    write32(platform.cpu_interface + GICC_EOIR, acknowledged);
}

void guest_exception(struct exception_frame *frame, unsigned kind)
{
    uint64_t esr = READ_SYSREG(esr_el1), far = READ_SYSREG(far_el1);

    if (kind == EXCEPTION_IRQ) {
        interrupt(frame);
    } else if (kind == EXCEPTION_SYNC && sync_handler != NULL) {
        sync_handler(frame, esr, far);
    } else {
        print("fatal: exception %u, esr %lx, far %lx, pc %lx\n", kind, esr, far, frame->pc - (uintptr_t)image_start);
        power_off();
    }
}

void gic_init(void)
{
    write32(platform.distributor + GICD_CTLR, 1);
    write32(platform.cpu_interface + GICC_PMR, 0xff);
    write32(platform.cpu_interface + GICC_CTLR, 1);
}

void gic_enable(uint32_t intid)
{
    write32(platform.distributor + GICD_ISENABLER + intid / 32 * 4, 1u << intid % 32);
}

void gic_send_self(uint32_t sgi)
{
    write32(platform.distributor + GICD_SGIR, GICD_SGIR_SELF | sgi);
}

#define SMCCC(name, instruction)                                                                                       \
    uint64_t name(uint64_t function, uint64_t a1, uint64_t a2, uint64_t a3)                                            \
    {                                                                                                                  \
        register uint64_t x0 __asm__("x0") = function;                                                                 \
        register uint64_t x1 __asm__("x1") = a1;                                                                       \
        register uint64_t x2 __asm__("x2") = a2;                                                                       \
        register uint64_t x3 __asm__("x3") = a3;                                                                       \
                                                                                                                       \
        __asm__ volatile(instruction : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)::"memory");                              \
        return x0;                                                                                                     \
    }
SMCCC(smccc_hvc, "hvc #0")
SMCCC(smccc_smc, "smc #0")

uint64_t psci(uint64_t function)
{
    return platform.smc ? smccc_smc(function, 0, 0, 0) : smccc_hvc(function, 0, 0, 0);
}

void power_off(void)
{
    psci(PSCI_SYSTEM_OFF);
    while (true)
        wait_for_interrupt();
}

/* What the compiler may ask of a freestanding program. */
void *memset(void *destination, int value, size_t size);
void *memcpy(void *restrict destination, const void *restrict source, size_t size);

void *memset(void *destination, int value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)destination)[i] = (uint8_t)value;
    return destination;
}

void *memcpy(void *restrict destination, const void *restrict source, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((volatile uint8_t *)destination)[i] = ((const uint8_t *)source)[i];
    return destination;
}
