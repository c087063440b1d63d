// SPDX-License-Identifier: Apache-2.0
/* The C library for hostsim where ThreadSanitizer runs: the detector replaces these functions by its own, which would
 * take what the models do for core's doing. Their calls in hostsim's archive are renamed to these. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

void __tsan_ignore_thread_begin(void);
void __tsan_ignore_thread_end(void);
void *unwatched_memcpy(void *to, const void *from, size_t size);
void *unwatched_memmove(void *to, const void *from, size_t size);
void *unwatched_memset(void *to, int value, size_t size);
int unwatched_memcmp(const void *a, const void *b, size_t size);
size_t unwatched_strlen(const char *text);
int unwatched_strcmp(const char *a, const char *b);
int unwatched_strncmp(const char *a, const char *b, size_t size);
char *unwatched_strstr(const char *text, const char *part);
char *unwatched_strchr(const char *text, int character);
size_t unwatched_strcspn(const char *text, const char *stop);
char *unwatched_strdup(const char *text);
void *__libc_malloc(size_t size);
int unwatched_vsnprintf(char *to, size_t size, const char *format, va_list arguments);
int unwatched_snprintf(char *to, size_t size, const char *format, ...);

#include <string.h>

/* clang-format off */
#define UNWATCHED(type, call)         \
    __tsan_ignore_thread_begin();     \
    type result = call;               \
    __tsan_ignore_thread_end();       \
    return result;
/* clang-format on */

void *unwatched_memcpy(void *to, const void *from, size_t size)
{
    UNWATCHED(void *, memcpy(to, from, size))
}

void *unwatched_memmove(void *to, const void *from, size_t size)
{
    UNWATCHED(void *, memmove(to, from, size))
}

void *unwatched_memset(void *to, int value, size_t size)
{
    UNWATCHED(void *, memset(to, value, size))
}

int unwatched_memcmp(const void *a, const void *b, size_t size){UNWATCHED(int, memcmp(a, b, size))}

size_t unwatched_strlen(const char *text)
{
    UNWATCHED(size_t, strlen(text))
}

int unwatched_strcmp(const char *a, const char *b)
{
    UNWATCHED(int, strcmp(a, b))
}

int unwatched_strncmp(const char *a, const char *b, size_t size)
{
    UNWATCHED(int, strncmp(a, b, size))
}

char *unwatched_strstr(const char *text, const char *part)
{
    UNWATCHED(char *, strstr(text, part))
}

char *unwatched_strchr(const char *text, int character){UNWATCHED(char *, strchr(text, character))}

size_t unwatched_strcspn(const char *text, const char *stop)
{
    UNWATCHED(size_t, strcspn(text, stop))
}

char *unwatched_strdup(const char *text)
{
    size_t size = unwatched_strlen(text) + 1;
    char *copy = __libc_malloc(size);
    return copy != NULL ? unwatched_memcpy(copy, text, size) : NULL;
}

int unwatched_vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    UNWATCHED(int, vsnprintf(to, size, format, arguments))
}

int unwatched_snprintf(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = unwatched_vsnprintf(to, size, format, arguments);
    va_end(arguments);
    return length;
}
