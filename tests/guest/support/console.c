// SPDX-License-Identifier: Apache-2.0
/* The UART of a program's domain, a PL011 (DDI 0183). */
#include <stdarg.h>

#include "program.h"

#define UART_DR 0x00
#define UART_FR 0x18
#define UART_CR 0x30
#define UART_IMSC 0x38
#define UART_ICR 0x44
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define CR_ENABLE_BOTH (1u << 9 | 1u << 8 | 1u)
#define RECEIVE_INTERRUPTS (1u << 4 | 1u << 6)

void put_char(const struct platform *platform, char character)
{
    if (platform->uart == 0)
        return;
    while ((read32(platform->uart + UART_FR) & FR_TXFF) != 0)
        continue;
    write32(platform->uart + UART_DR, (uint8_t)character);
}

int get_char(const struct platform *platform)
{
    if (platform->uart == 0 || (read32(platform->uart + UART_FR) & FR_RXFE) != 0)
        return -1;
    return (int)(read32(platform->uart + UART_DR) & 0xff);
}

void uart_receive_interrupt(const struct platform *platform, bool on)
{
    if (platform->uart == 0)
        return;
    write32(platform->uart + UART_CR, CR_ENABLE_BOTH);
    write32(platform->uart + UART_IMSC, on ? RECEIVE_INTERRUPTS : 0);
}

static void put_text(const struct platform *platform, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n')
            put_char(platform, '\r');
        put_char(platform, *text);
    }
}

static void put_number(const struct platform *platform, uint64_t value, unsigned base)
{
    char digits[21];
    unsigned used = sizeof(digits);

    digits[--used] = '\0';
    do {
        digits[--used] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put_text(platform, &digits[used]);
}

static void put_signed(const struct platform *platform, int value)
{
    if (value < 0)
        put_char(platform, '-');
    put_number(platform, value < 0 ? (uint64_t) - (int64_t)value : (uint64_t)value, 10);
}

static void put_conversion(const struct platform *platform, const char *conversion, va_list *arguments)
{
    bool wide = conversion[0] == 'l';
    char kind = conversion[wide ? 1 : 0];

    if (kind == 's')
        put_text(platform, va_arg(*arguments, const char *));
    else if (kind == 'c')
        put_char(platform, (char)va_arg(*arguments, int));
    else if (kind == 'd')
        put_signed(platform, va_arg(*arguments, int));
    else if (kind == 'u' || kind == 'x')
        put_number(platform, wide ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned),
                   kind == 'u' ? 10 : 16);
    else
        put_char(platform, kind);
}

void print(const struct platform *platform, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    for (; *format != '\0'; format++) {
        if (*format == '%') {
            format++;
            put_conversion(platform, format, &arguments);
            format += *format == 'l' ? 1 : 0;
        } else {
            if (*format == '\n')
                put_char(platform, '\r');
            put_char(platform, *format);
        }
    }
    va_end(arguments);
}
