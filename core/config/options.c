// SPDX-License-Identifier: Apache-2.0
#include "config/options.h"

#include <string.h>

static bool is_blank(char character)
{
    return character == ' ' || character == '\t' || character == '\n' || character == '\r';
}

bool option_next(const char **cursor, struct option *option)
{
    const char *at = *cursor;
    const char *equals = NULL;

    while (is_blank(*at))
        at++;
    option->name = at;
    while (*at != '\0' && !is_blank(*at)) {
        if (*at == '=' && equals == NULL)
            equals = at;
        at++;
    }
    *cursor = at;
    option->name_length = (size_t)((equals != NULL ? equals : at) - option->name);
    option->value = equals != NULL ? equals + 1 : NULL;
    option->value_length = equals != NULL ? (size_t)(at - option->value) : 0;
    return at != option->name;
}

static bool same(const char *text, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(text, name, length) == 0;
}

bool option_is(const struct option *option, const char *name)
{
    return same(option->name, option->name_length, name);
}

bool option_value_is(const struct option *option, const char *value)
{
    return option->value != NULL && same(option->value, option->value_length, value);
}

bool option_read(const char *line, const char *name, char *value, size_t size)
{
    struct option option;
    bool found = false;

    while (line != NULL && option_next(&line, &option)) {
        if (!option_is(&option, name) || option.value == NULL || option.value_length >= size)
            continue;
        memcpy(value, option.value, option.value_length);
        value[option.value_length] = '\0';
        found = true;
    }
    return found;
}
