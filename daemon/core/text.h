/*
 * Text from people and files: checked number, date, duration, size and id parsers, UTF-8,
 * the nearest word for a misspelt one. Every parser takes the whole string or fails;
 * outputs are untouched on failure. None depends on the locale.
 */
#ifndef ECMON_CORE_TEXT_H
#define ECMON_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ecmon/ratio.h>
#include <ecmon/time.h>

/* Copies with truncation at a UTF-8 boundary; always terminates. Returns false when cut. */
bool text_copy(char *ret_text, size_t size, const char *source);
/* Copies foreign text for a terminal or a log: control characters become \x1b and the like.
 * keep: control characters that stay, "" = none. Cut at a character; always terminates. */
void text_escape(char *ret_text, size_t size, const char *source, const char *keep);
bool text_is_utf8(const char *text, size_t n);
/* [A-Za-z0-9][A-Za-z0-9._-]{0,63} */
bool text_is_id(const char *text);

/* Decimal integer with optional sign. Returns 0, ERR_SYNTAX, ERR_RANGE. */
int text_to_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);
/* Decimal number "-1234.5" to value × 10^digits, exact: more digits than fit is ERR_RANGE,
 * exponents are ERR_SYNTAX. */
int text_to_decimal(const char *text, int digits, int64_t *ret_value);
/* "100/5", "0.5", "20": exact, in lowest terms, > 0. Returns 0, ERR_SYNTAX, ERR_RANGE. */
int text_to_ratio(const char *text, struct ratio *ret_ratio);
/* "60s", "1min", "500ms", "35d" -> ms. */
int text_to_duration_ms(const char *text, int64_t *ret_ms);
/* "20GiB", "64KiB" -> bytes. */
int text_to_size_bytes(const char *text, int64_t *ret_bytes);
/* YYYY-MM-DD, YYYY/M/D, YYYY年M月D日, YYYYMMDD; a real date. Returns 0, ERR_SYNTAX,
 * ERR_RANGE. */
int text_to_day(const char *text, day_t *ret_day);
/* "YYYY-MM-DD" (DAY_MIN and DAY_MAX too). ret_text holds DAY_TEXT_LEN bytes. */
void text_from_day(day_t day, char *ret_text);
/* ISO 8601 with offset or Z, UTC ms as digits, or local "YYYY-MM-DD HH:MM[:SS]" (24:00 is
 * the next day's 00:00). Returns 0, ERR_SYNTAX, ERR_RANGE. */
int text_to_ts_ms(const char *text, const struct zone *zone, int64_t *ret_ts_ms);
/* "2026-11-21T08:00:00+08:00"; ret_text holds 32 bytes. Milliseconds are dropped. */
void text_from_ts_ms(int64_t ts_ms, const struct zone *zone, char *ret_text);

/* YYYY | YYYYH1 | YYYYQ1 | YYYY-MM | YYYY-MM..YYYY-MM (one year). Days inclusive. */
enum period_kind {
    PERIOD_YEAR,
    PERIOD_HALF,
    PERIOD_QUARTER,
    PERIOD_MONTH,
    PERIOD_RANGE
};

struct period {
    enum period_kind kind;
    day_t first;
    day_t last;
    char text[20]; /* canonical */
};

int text_to_period(const char *text, struct period *ret_period);
/* "year" "half" "quarter" "month" "range" */
const char *period_kind_name(enum period_kind kind);

/* The word of a list that is nearest to a misspelt one (edit distance <= a third of its
 * length, at least 1), or NULL. words ends with NULL. */
const char *text_nearest(const char *text, const char *const *words);

/* A growing text. Functions return 0 or ERR_NOMEM; the latch err stops later appends. */
struct text_buffer {
    char *text; /* owned, NUL-terminated once anything was appended */
    size_t n;
    size_t cap;
    int err;
};

void text_buffer_done(struct text_buffer *buffer);
void text_buffer_clear(struct text_buffer *buffer);
void text_append(struct text_buffer *buffer, const char *text);
void text_append_n(struct text_buffer *buffer, const char *text, size_t n);
void text_append_char(struct text_buffer *buffer, char c);
void text_append_i64(struct text_buffer *buffer, int64_t value);
void text_printf(struct text_buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A JSON string with quotes, control characters and invalid UTF-8 escaped. */
void text_append_json(struct text_buffer *buffer, const char *text);

#endif
