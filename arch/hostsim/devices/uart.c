// SPDX-License-Identifier: Apache-2.0
#include "hostsim/devices/uart.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hostsim/gic/gic.h"

/** Text that will arrive: from a time on, or once something has been seen in the output. */
struct sim_input {
    struct sim_event event;
    struct sim_uart *uart;
    char *after; /* NULL: by time */
    char *text;
    size_t position;
    bool damaged;
    struct sim_input *next;
};

uint64_t sim_uart_character_time(unsigned baud)
{
    return SIM_UART_CHARACTER_BITS * 1000000000ULL / baud;
}

void sim_uart_set_line(struct sim_uart *uart, bool level)
{
    uint64_t before;
    if (sim_fault_asked(uart->machine, SIM_FAULT_UART_STORM, &before) && uart->length > before)
        level = true;
    if (uart->intid != 0)
        sim_gic_set_shared(uart->machine, uart->intid, level);
}

void sim_uart_misused(const struct sim_uart *uart, const char *format, ...)
{
    char text[128];
    va_list arguments;
    if (sim_this_cpu()->guest != NULL)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    sim_fail("%s: %s", uart->name, text);
}

#define LONGEST_LOOP_NS 10000
#define LONGEST_WAIT_NS 200000 /* of EL2 in one stay there: less than the time of three characters at 115200 baud */

void sim_uart_looked_at(const struct sim_uart *uart, bool full)
{
    struct sim_cpu *cpu = sim_this_cpu();
    (void)uart;
    if (cpu->guest != NULL)
        return;
    /* Looks that lie further apart are not a loop that waits: between them the CPU did something else, or was held up.
     */
    uint64_t since = cpu->time - cpu->uart_full_at;
    if (full && cpu->uart_full_at != 0 && since < LONGEST_LOOP_NS)
        cpu->uart_waited += since;
    cpu->uart_full_at = full ? cpu->time : 0;
}

void sim_uart_check_no_wait(struct sim_cpu *cpu)
{
    if (cpu->has_run_guest && cpu->uart_waited > LONGEST_WAIT_NS)
        sim_fail("CPU %u waited for the UART for %llu us at EL2, with interrupts masked", cpu->id,
                 (unsigned long long)cpu->uart_waited / 1000);
    cpu->uart_waited = cpu->uart_full_at = 0;
}

bool sim_uart_stuck(const struct sim_uart *uart)
{
    uint64_t before;
    return sim_fault_asked(uart->machine, SIM_FAULT_UART_STUCK, &before) && uart->length >= before;
}

/* ---- Receiving */

static void input_arrives(struct sim_machine *machine, struct sim_event *event)
{
    struct sim_input *input = event->context;
    if (input->text[input->position] == '\0')
        return;
    input->uart->arrives(input->uart, (uint8_t)input->text[input->position++], input->damaged);
    if (input->text[input->position] != '\0')
        sim_event_schedule(machine, event, machine->now + sim_uart_character_time(SIM_UART_TYPING_BAUD));
}

static struct sim_input *add_input(struct sim_uart *uart, const char *after, const char *text)
{
    struct sim_input *input = calloc(1, sizeof(*input));
    if (input == NULL || (input->text = strdup(text)) == NULL)
        abort();
    input->uart = uart;
    input->after = after != NULL ? strdup(after) : NULL;
    input->event.happen = input_arrives;
    input->event.context = input;
    input->next = uart->inputs;
    uart->inputs = input;
    return input;
}

static void start_inputs_after(struct sim_uart *uart)
{
    for (struct sim_input *input = uart->inputs; input != NULL; input = input->next) {
        size_t length = input->after != NULL ? strlen(input->after) : 0;
        if (length == 0 || uart->length < length || strcmp(uart->output + uart->length - length, input->after) != 0)
            continue;
        free(input->after);
        input->after = NULL;
        sim_event_schedule(uart->machine, &input->event,
                           uart->machine->now + sim_uart_character_time(SIM_UART_TYPING_BAUD));
    }
}

/* ---- Sending */

void sim_uart_capture(struct sim_uart *uart, char character)
{
    if (uart->length + 2 > uart->capacity) {
        uart->capacity = uart->capacity != 0 ? uart->capacity * 2 : 4096;
        uart->output = realloc(uart->output, uart->capacity);
        if (uart->output == NULL)
            abort();
    }
    uart->output[uart->length++] = character;
    uart->output[uart->length] = '\0';
    if (uart->machine->options.echo && uart == uart->machine->uarts[0])
        putchar(character);
    if (uart->callback != NULL)
        uart->callback(uart->callback_context, character);
    start_inputs_after(uart);
}

void *sim_uart_create(struct sim_machine *machine, unsigned intid, size_t model_size)
{
    struct sim_uart *uart = calloc(1, model_size);
    if (uart == NULL)
        abort();
    uart->machine = machine;
    uart->intid = intid;
    return uart;
}

void sim_uart_destroy(struct sim_uart *uart)
{
    while (uart->inputs != NULL) {
        struct sim_input *input = uart->inputs;
        uart->inputs = input->next;
        free(input->after);
        free(input->text);
        free(input);
    }
    free(uart->output);
    free(uart);
}

/* ---- The public side: of the console's UART */

void sim_input(struct sim_machine *machine, uint64_t at_us, const char *text)
{
    if (machine->uart_count > 0)
        sim_event_schedule(machine, &add_input(machine->uarts[0], NULL, text)->event, at_us * 1000);
}

void sim_input_damaged(struct sim_machine *machine, uint64_t at_us, const char *text)
{
    if (machine->uart_count == 0)
        return;
    struct sim_input *input = add_input(machine->uarts[0], NULL, text);
    input->damaged = true;
    sim_event_schedule(machine, &input->event, at_us * 1000);
}

void sim_input_after(struct sim_machine *machine, const char *after, const char *text)
{
    if (machine->uart_count > 0)
        add_input(machine->uarts[0], after, text);
}

const char *sim_output(const struct sim_machine *machine)
{
    const struct sim_uart *uart = machine->uart_count > 0 ? machine->uarts[0] : NULL;
    return uart != NULL && uart->output != NULL ? uart->output : "";
}

void sim_on_output(struct sim_machine *machine, void (*callback)(void *context, char character), void *context)
{
    if (machine->uart_count == 0)
        return;
    machine->uarts[0]->callback = callback;
    machine->uarts[0]->callback_context = context;
}
