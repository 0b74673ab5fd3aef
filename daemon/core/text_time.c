#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"

#define YEAR_MIN    1900
#define YEAR_MAX    9999
#define MS_PER_HOUR (60 * MS_PER_MIN)

/* A place in a text that parsers move forward; on a mismatch they leave it and return
 * false. */
struct cursor {
    const char *at;
};

/* min..max digits; never more than fit an int32_t. */
static bool take_digits(struct cursor *cursor, int min, int max, int32_t *ret_value)
{
    int32_t value = 0;
    int n = 0;

    while (n < max && cursor->at[n] >= '0' && cursor->at[n] <= '9') {
        value = value * 10 + (cursor->at[n] - '0');
        n++;
    }
    if (n < min) {
        return false;
    }
    cursor->at += n;
    *ret_value = value;
    return true;
}

static bool take(struct cursor *cursor, const char *text)
{
    size_t n = strlen(text);

    if (strncmp(cursor->at, text, n) != 0) {
        return false;
    }
    cursor->at += n;
    return true;
}

static bool take_month_and_dom(struct cursor *cursor, int32_t *ret_month, int32_t *ret_dom)
{
    if (take(cursor, "-")) {
        return take_digits(cursor, 2, 2, ret_month) && take(cursor, "-") &&
               take_digits(cursor, 2, 2, ret_dom);
    }
    if (take(cursor, "/")) {
        return take_digits(cursor, 1, 2, ret_month) && take(cursor, "/") &&
               take_digits(cursor, 1, 2, ret_dom);
    }
    if (take(cursor, "年")) {
        return take_digits(cursor, 1, 2, ret_month) && take(cursor, "月") &&
               take_digits(cursor, 1, 2, ret_dom) && take(cursor, "日");
    }
    return take_digits(cursor, 2, 2, ret_month) && take_digits(cursor, 2, 2, ret_dom);
}

/* Returns 0, ERR_SYNTAX, or ERR_RANGE for a date that does not exist (the form was right).
 */
static int take_day(struct cursor *cursor, day_t *ret_day)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    if (!take_digits(cursor, 4, 4, &year) || !take_month_and_dom(cursor, &month, &dom)) {
        return ERR_SYNTAX;
    }
    if (year < YEAR_MIN || month < 1 || month > 12 || dom < 1 ||
        dom > days_in_month(year, month)) {
        return ERR_RANGE;
    }
    *ret_day = day_from_civil(year, month, dom);
    return 0;
}

int text_to_day(const char *text, day_t *ret_day)
{
    struct cursor cursor = {text};
    day_t day = 0;
    int err = take_day(&cursor, &day);

    if (err != ERR_SYNTAX && *cursor.at != '\0') {
        return ERR_SYNTAX;
    }
    if (err == 0) {
        *ret_day = day;
    }
    return err;
}

static char *put_digits(char *at, int32_t value, int n)
{
    for (int i = n - 1; i >= 0; i--) {
        at[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return at + n;
}

void text_from_day(day_t day, char *ret_text)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;
    day_t shown = day < DAY_MIN ? DAY_MIN : day > DAY_MAX ? DAY_MAX : day;
    char *at = ret_text;

    civil_from_day(shown, &year, &month, &dom);
    at = put_digits(at, year, 4);
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, dom, 2);
    *at = '\0';
}

/* HH:MM[:SS[.fff]] as ms of the day; 24:00[:00] is a whole day. */
static int take_time_of_day(struct cursor *cursor, int64_t *ret_ms)
{
    int32_t hour = 0;
    int32_t minute = 0;
    int32_t second = 0;
    int64_t ms = 0;

    if (!take_digits(cursor, 1, 2, &hour) || !take(cursor, ":") ||
        !take_digits(cursor, 2, 2, &minute)) {
        return ERR_SYNTAX;
    }
    if (take(cursor, ":")) {
        if (!take_digits(cursor, 2, 2, &second)) {
            return ERR_SYNTAX;
        }
        if (take(cursor, ".")) {
            const char *first = cursor->at;
            int64_t scale = 100;
            int32_t digit = 0;

            for (; take_digits(cursor, 1, 1, &digit); scale /= 10) {
                ms += digit * scale;
            }
            if (cursor->at == first) {
                return ERR_SYNTAX;
            }
        }
    }
    ms += hour * MS_PER_HOUR + minute * MS_PER_MIN + second * MS_PER_S;
    if (minute > 59 || second > 59 || ms > MS_PER_DAY) {
        return ERR_RANGE;
    }
    *ret_ms = ms;
    return 0;
}

/* Z, +HH:MM, +HHMM or +HH. Returns 1 when there was one, 0 when there is none, or an error.
 */
static int take_offset(struct cursor *cursor, int64_t *ret_ms)
{
    if (take(cursor, "Z")) {
        *ret_ms = 0;
        return 1;
    }
    bool west = *cursor->at == '-';
    int32_t hours = 0;
    int32_t minutes = 0;

    if (!take(cursor, "+") && !take(cursor, "-")) {
        return 0;
    }
    if (!take_digits(cursor, 2, 2, &hours)) {
        return ERR_SYNTAX;
    }
    if (take(cursor, ":") || *cursor->at != '\0') {
        if (!take_digits(cursor, 2, 2, &minutes)) {
            return ERR_SYNTAX;
        }
    }
    if (hours > 14 || minutes > 59) {
        return ERR_RANGE;
    }
    int64_t ms = hours * MS_PER_HOUR + minutes * MS_PER_MIN;

    *ret_ms = west ? -ms : ms;
    return 1;
}

static int date_time(const char *text, const struct zone *zone, int64_t *ret_ts_ms)
{
    struct cursor cursor = {text};
    day_t day = 0;
    int64_t time_ms = 0;
    int64_t offset_ms = zone->offset_ms;
    int day_err = take_day(&cursor, &day);

    if (day_err == ERR_SYNTAX) {
        return ERR_SYNTAX;
    }
    bool iso = take(&cursor, "T");

    if (!iso && !take(&cursor, " ")) {
        return ERR_SYNTAX;
    }
    int time_err = take_time_of_day(&cursor, &time_ms);

    if (time_err == ERR_SYNTAX) {
        return ERR_SYNTAX;
    }
    int offset = take_offset(&cursor, &offset_ms);

    /* A "T" without offset could mean either; it is not guessed. */
    if (offset == ERR_SYNTAX || (iso && offset == 0) || *cursor.at != '\0') {
        return ERR_SYNTAX;
    }
    if (day_err != 0 || time_err != 0 || offset < 0) {
        return ERR_RANGE;
    }
    *ret_ts_ms = (int64_t)day * MS_PER_DAY + time_ms - offset_ms;
    return 0;
}

int text_to_ts_ms(const char *text, const struct zone *zone, int64_t *ret_ts_ms)
{
    size_t n_digits = strspn(text, "0123456789");

    if (n_digits > 0 && text[n_digits] == '\0') {
        return text_to_i64(text, 0, ((int64_t)DAY_MAX + 1) * MS_PER_DAY - 1, ret_ts_ms);
    }
    return date_time(text, zone, ret_ts_ms);
}

void text_from_ts_ms(int64_t ts_ms, const struct zone *zone, char *ret_text)
{
    int64_t min = ts_of_day(DAY_MIN, zone);
    int64_t max = ts_of_day(DAY_MAX, zone) + MS_PER_DAY - 1;
    int64_t shown = ts_ms < min ? min : ts_ms > max ? max : ts_ms;
    day_t day = day_of_ts(shown, zone);
    int32_t second = (int32_t)((shown - ts_of_day(day, zone)) / MS_PER_S);
    int32_t offset_min = zone->offset_ms / (int32_t)MS_PER_MIN;
    char *at = ret_text;

    text_from_day(day, at);
    at += DAY_TEXT_LEN - 1;
    *at++ = 'T';
    at = put_digits(at, second / 3600, 2);
    *at++ = ':';
    at = put_digits(at, second / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, second % 60, 2);
    *at++ = offset_min < 0 ? '-' : '+';
    offset_min = offset_min < 0 ? -offset_min : offset_min;
    at = put_digits(at, offset_min / 60, 2);
    *at++ = ':';
    at = put_digits(at, offset_min % 60, 2);
    *at = '\0';
}

static struct period months(enum period_kind kind, int32_t year, int32_t first,
                            int32_t last)
{
    struct period period = {.kind = kind};

    period.first = day_from_civil(year, first, 1);
    period.last = day_from_civil(year, last, days_in_month(year, last));
    return period;
}

/* H1, H2, Q1 … Q4: parts of a year that are `length` months long. */
static int take_numbered(struct cursor *cursor, int32_t year, int32_t length,
                         struct period *ret_period)
{
    int32_t n = 0;

    if (!take_digits(cursor, 1, 1, &n)) {
        return ERR_SYNTAX;
    }
    if (n < 1 || n > 12 / length) {
        return ERR_RANGE;
    }
    *ret_period = months(length == 6 ? PERIOD_HALF : PERIOD_QUARTER, year,
                         length * (n - 1) + 1, length * n);
    return 0;
}

/* -MM or -MM..YYYY-MM */
static int take_months(struct cursor *cursor, int32_t year, struct period *ret_period)
{
    int32_t first = 0;
    int32_t last = 0;
    int32_t last_year = 0;

    if (!take(cursor, "-") || !take_digits(cursor, 2, 2, &first)) {
        return ERR_SYNTAX;
    }
    bool range = take(cursor, "..");

    if (range && (!take_digits(cursor, 4, 4, &last_year) || !take(cursor, "-") ||
                  !take_digits(cursor, 2, 2, &last))) {
        return ERR_SYNTAX;
    }
    if (!range) {
        last_year = year;
        last = first;
    }
    if (first < 1 || last > 12 || last < first || last_year != year) {
        return ERR_RANGE;
    }
    *ret_period = months(range ? PERIOD_RANGE : PERIOD_MONTH, year, first, last);
    return 0;
}

static int take_part(struct cursor *cursor, int32_t year, struct period *ret_period)
{
    if (*cursor->at == '\0') {
        *ret_period = months(PERIOD_YEAR, year, 1, 12);
        return 0;
    }
    if (take(cursor, "H")) {
        return take_numbered(cursor, year, 6, ret_period);
    }
    if (take(cursor, "Q")) {
        return take_numbered(cursor, year, 3, ret_period);
    }
    return take_months(cursor, year, ret_period);
}

int text_to_period(const char *text, struct period *ret_period)
{
    struct cursor cursor = {text};
    struct period period = {.kind = PERIOD_YEAR};
    int32_t year = 0;

    if (!take_digits(&cursor, 4, 4, &year)) {
        return ERR_SYNTAX;
    }
    if (year < YEAR_MIN || year > YEAR_MAX) {
        return ERR_RANGE;
    }
    int err = take_part(&cursor, year, &period);

    if (err != 0) {
        return err;
    }
    if (*cursor.at != '\0' || !text_copy(period.text, sizeof(period.text), text)) {
        return ERR_SYNTAX;
    }
    *ret_period = period;
    return 0;
}

const char *period_kind_name(enum period_kind kind)
{
    static const char *const name[] = {"year", "half", "quarter", "month", "range"};

    return name[kind];
}
