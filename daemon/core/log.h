/*
 * Log lines for people: one event, one line, on standard error (with journal priority
 * prefixes under systemd). Floors 0-2 never log above debug. Thread-safe.
 */
#ifndef ECMON_CORE_LOG_H
#define ECMON_CORE_LOG_H

#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* level: the least urgent that is still written; journal: put <N> in front. */
void log_init(enum log_level level, int journal);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * A rate limit that belongs to one subject (a meter and a reason): at most `burst` lines
 * per period; what is held back is counted and told with the next line that is let through.
 */
struct log_limit {
    int64_t window_start_mono_ms;
    uint32_t in_window;
    uint32_t suppressed;
};

/* 1: write the line now, and *ret_suppressed lines were held back before; 0: hold it back.
 */
int log_limit_pass(struct log_limit *limit, int64_t mono_ms, uint32_t burst,
                   int64_t period_ms, uint32_t *ret_suppressed);

#endif
