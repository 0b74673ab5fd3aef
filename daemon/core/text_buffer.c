#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/core/utf8.h"

#define BUFFER_CAP_FIRST 256

void text_buffer_done(struct text_buffer *buffer)
{
    free(buffer->text);
    *buffer = (struct text_buffer){NULL, 0, 0, 0};
}

void text_buffer_clear(struct text_buffer *buffer)
{
    buffer->n = 0;
    buffer->err = 0;
    if (buffer->text != NULL) {
        buffer->text[0] = '\0';
    }
}

/* Room for n more bytes and the NUL. */
static bool reserve(struct text_buffer *buffer, size_t n)
{
    if (buffer->err != 0) {
        return false;
    }
    if (n < buffer->cap - buffer->n && buffer->text != NULL) {
        return true;
    }
    size_t cap = buffer->cap == 0 ? BUFFER_CAP_FIRST : buffer->cap;

    while (cap - buffer->n <= n && cap < SIZE_MAX / 2) {
        cap *= 2;
    }
    char *text = cap - buffer->n <= n ? NULL : realloc(buffer->text, cap);

    if (text == NULL) {
        buffer->err = ERR_NOMEM;
        return false;
    }
    buffer->text = text;
    buffer->cap = cap;
    return true;
}

void text_append_n(struct text_buffer *buffer, const char *text, size_t n)
{
    if (!reserve(buffer, n)) {
        return;
    }
    if (n > 0) {
        memcpy(buffer->text + buffer->n, text, n);
    }
    buffer->n += n;
    buffer->text[buffer->n] = '\0';
}

void text_append(struct text_buffer *buffer, const char *text)
{
    text_append_n(buffer, text, strlen(text));
}

void text_append_char(struct text_buffer *buffer, char c)
{
    text_append_n(buffer, &c, 1);
}

void text_append_i64(struct text_buffer *buffer, int64_t value)
{
    char digits[20];
    size_t at = sizeof(digits);
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        at--;
        digits[at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0) {
        at--;
        digits[at] = '-';
    }
    text_append_n(buffer, digits + at, sizeof(digits) - at);
}

void text_printf(struct text_buffer *buffer, const char *format, ...)
{
    va_list args;
    va_list measured;

    va_start(args, format);
    va_copy(measured, args);
    int n = vsnprintf(NULL, 0, format, measured);

    va_end(measured);
    if (n < 0 || !reserve(buffer, (size_t)n)) {
        buffer->err = buffer->err != 0 ? buffer->err : ERR_SYNTAX;
    } else {
        /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): started above */
        (void)vsnprintf(buffer->text + buffer->n, (size_t)n + 1, format, args);
        buffer->n += (size_t)n;
    }
    va_end(args);
}

static void append_escaped(struct text_buffer *buffer, unsigned char c)
{
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letter[] = "\"\\bfnrt";
    const char *found = strchr(plain, c);

    if (found != NULL) {
        text_append_char(buffer, '\\');
        text_append_char(buffer, letter[found - plain]);
    } else {
        text_printf(buffer, "\\u%04x", (unsigned int)c);
    }
}

void text_append_json(struct text_buffer *buffer, const char *text)
{
    size_t n = strlen(text);
    size_t done = 0;

    text_append_char(buffer, '"');
    for (size_t at = 0; at < n;) {
        unsigned char c = (unsigned char)text[at];
        size_t step = utf8_decode(text + at, n - at, NULL);

        if (step > 0 && c >= 0x20 && c != '"' && c != '\\') {
            at += step;
            continue;
        }
        text_append_n(buffer, text + done, at - done);
        if (step == 0) {
            text_append(buffer, "\\ufffd");
        } else {
            append_escaped(buffer, c);
        }
        at++;
        done = at;
    }
    text_append_n(buffer, text + done, n - done);
    text_append_char(buffer, '"');
}
