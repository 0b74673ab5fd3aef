#include "daemon/core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024

static atomic_int least_urgent = LOG_LEVEL_INFO;
static atomic_int journal_prefix;

void log_init(enum log_level level, int journal)
{
    atomic_store(&least_urgent, (int)level);
    atomic_store(&journal_prefix, journal);
}

static const char *word(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error: ";
    case LOG_LEVEL_WARNING:
        return "warning: ";
    case LOG_LEVEL_DEBUG:
        return "debug: ";
    case LOG_LEVEL_INFO:
    default:
        return "";
    }
}

/* Control characters of foreign text must not forge lines. */
static void defuse(char *text)
{
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
}

__attribute__((format(printf, 2, 0))) static void log_line(enum log_level level,
                                                           const char *format, va_list args)
{
    char line[LINE_MAX_BYTES];
    int n = 0;

    if ((int)level > atomic_load(&least_urgent)) {
        return;
    }
    if (atomic_load(&journal_prefix) != 0) {
        n = snprintf(line, sizeof(line), "<%d>", (int)level);
    } else {
        n = snprintf(line, sizeof(line), "%s", word(level));
    }
    (void)vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, args);
    defuse(line);
    size_t length = strlen(line);

    line[length] = '\n'; /* one write, so that lines of two threads do not mix */
    ssize_t written = write(STDERR_FILENO, line, length + 1);

    (void)written;
}

void log_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_ERROR, format, args);
    va_end(args);
}

void log_warn(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_WARNING, format, args);
    va_end(args);
}

void log_info(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_INFO, format, args);
    va_end(args);
}

void log_debug(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    log_line(LOG_LEVEL_DEBUG, format, args);
    va_end(args);
}

int log_limit_pass(struct log_limit *limit, int64_t mono_ms, uint32_t burst,
                   int64_t period_ms, uint32_t *ret_suppressed)
{
    if (limit->in_window == 0 || mono_ms - limit->window_start_mono_ms >= period_ms) {
        limit->window_start_mono_ms = mono_ms;
        limit->in_window = 0;
    }
    if (limit->in_window >= burst) {
        limit->suppressed++;
        return 0;
    }
    limit->in_window++;
    *ret_suppressed = limit->suppressed;
    limit->suppressed = 0;
    return 1;
}
