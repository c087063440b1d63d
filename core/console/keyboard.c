// SPDX-License-Identifier: Apache-2.0
#include "console/keyboard.h"

#include "arch/timer.h"
#include "console/screen.h"

#define CTRL_A 0x01
#define CTRL_A_COUNT 3

static void list_keys(void)
{
    console_printf("Ctrl-A three times: next domain; twice and an id: that, 0: here\n"
                   "h  this list\n");
    for (size_t i = 0; i < console.key_count; i++)
        console_printf("%c  %s\n", console.keys[i].key, console.keys[i].help);
}

static void hypervisor_key(char character)
{
    for (size_t i = 0; i < console.key_count; i++) {
        if (console.keys[i].key == character) {
            console.keys[i].handler();
            return;
        }
    }
    if (character == 'h')
        list_keys();
    else if (character != '\n')
        keyboard_announce();
}

static void deliver(char character)
{
    struct console_source *source = console.keyboard;

    if (source == NULL)
        hypervisor_key(character);
    else {
        __atomic_store_n(&source->attended, true, __ATOMIC_RELAXED);
        if (!source->input(source, character))
            source->dropped_input++;
    }
}

static void release_held(void)
{
    for (; console.held_keys > 0; console.held_keys--)
        deliver(CTRL_A);
}

/** @param how  "keyboard ->" or the like */
static void announce(const char *how, const struct console_source *source)
{
    console_printf("%s %1.16s (%sCtrl-A three times to move on)\n", how, source != NULL ? source->name : "bulkhead",
                   source != NULL ? "" : "h: keys, ");
}

void keyboard_announce(void)
{
    announce("keyboard ->", console.keyboard);
}

static bool takes_input(const struct console_source *source)
{
    return source->input != NULL && !__atomic_load_n(&source->closed, __ATOMIC_RELAXED);
}

static struct console_source *first_with_input(struct console_source *source)
{
    while (source != NULL && !takes_input(source))
        source = source->next;
    return source;
}

static void set_owner(struct console_source *source)
{
    if (source != NULL)
        __atomic_store_n(&source->attended, false, __ATOMIC_RELAXED);
    __atomic_store_n(&console.keyboard, source, __ATOMIC_RELAXED);
}

/* Its prompt, if it stands at one: who has just got the keyboard wants to see where. */
static void show_line(struct console_source *source)
{
    if (source == NULL)
        return;
    screen_lock(&source->lock);
    screen_lock(&console.lock);
    if (source->length > 0 && console.partial != source)
        screen_show(source);
    screen_unlock(&console.lock);
    screen_unlock(&source->lock);
}

/** With console.lock held, which it gives back. */
static void move_to(struct console_source *to)
{
    set_owner(to);
    screen_unlock(&console.lock);
    keyboard_announce();
    show_line(to);
}

static void rotate(void)
{
    screen_lock(&console.lock);
    struct console_source *from = console.keyboard;
    move_to(first_with_input(from != NULL ? from->next : console.sources));
}

/** Goes to the domain with this number, 0: the hypervisor; says so where that one takes no input. @return false where
 * there is none */
static bool move_to_number(uint32_t number)
{
    struct console_source *to = console.sources;

    screen_lock(&console.lock);
    while (to != NULL && to->domid != number)
        to = to->next;
    if (number == 0 || (to != NULL && takes_input(to))) {
        move_to(to);
        return true;
    }
    screen_unlock(&console.lock);
    if (to != NULL)
        console_printf("%1.16s takes no input\n", to->name);
    return to != NULL;
}

/* Ctrl-A twice, then a number. Whether more of its digits follow nobody knows: each goes to the domain so far. */
static bool chooses(char character)
{
    uint32_t digit = (uint32_t)(character - '0'), number = console.chosen * 10 + digit;
    bool follows =
        console.chosen != 0 && arch_timer_now() - console.held_since < arch_timer_ticks(CONSOLE_HELD_KEYS_US);

    if (digit > 9 || (console.held_keys != CTRL_A_COUNT - 1 && !follows) || !move_to_number(number))
        return false;
    console.held_keys = 0;
    console.held_since = arch_timer_now();
    console.chosen = number;
    return true;
}

void keyboard_leave(struct console_source *source)
{
    struct console_source *to = NULL;

    screen_lock(&console.lock);
    __atomic_store_n(&source->closed, true, __ATOMIC_RELAXED);
    bool had = console.keyboard == source;
    if (had) {
        to = first_with_input(source->next);
        if (to == NULL)
            to = first_with_input(console.sources);
        set_owner(to);
    }
    screen_unlock(&console.lock);
    if (!had)
        return;
    announce("keyboard goes on to", to);
    show_line(to);
}

static void take(char character)
{
    if (chooses(character))
        return;
    console.chosen = 0;
    if (character != CTRL_A) {
        release_held();
        deliver(character);
    } else if (++console.held_keys < CTRL_A_COUNT) {
        console.held_since = arch_timer_now();
    } else {
        console.held_keys = 0;
        rotate();
    }
}

void keyboard_serve(void)
{
    uint8_t byte;

    console.more_input = false;
    for (unsigned i = 0; i < KEYBOARD_POLL_MAX; i++) {
        if (!console.uart->ops->try_get(console.uart, &byte))
            return;
        take((char)byte);
    }
    console.more_input = true;
}

uint64_t keyboard_tick(uint64_t now)
{
    uint64_t due;

    if (console.held_keys == 0)
        return UINT64_MAX;
    due = console.held_since + arch_timer_ticks(CONSOLE_HELD_KEYS_US);
    if (now < due)
        return due;
    release_held();
    return UINT64_MAX;
}
