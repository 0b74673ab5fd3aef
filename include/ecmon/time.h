/*
 * Time words. ts_ms is UTC milliseconds since 1970, mono_ms is monotonic, and the two never
 * mix. A day is a local day, kept as the number of days since 1970-01-01 (struct-free,
 * cheap to compare); the site's zone is a fixed offset because zones with daylight saving
 * are refused.
 */
#ifndef ECMON_TIME_H
#define ECMON_TIME_H

#include <stdbool.h>
#include <stdint.h>

#define MS_PER_S              INT64_C(1000)
#define MS_PER_MIN            INT64_C(60000)
#define MS_PER_QUARTER_HOUR   INT64_C(900000)
#define MS_PER_DAY            INT64_C(86400000)
#define QUARTER_HOURS_PER_DAY 96
#define TS_MS_OPEN            INT64_MAX        /* "until" of a version that has no end */
#define DAY_TEXT_LEN          11               /* "YYYY-MM-DD" and NUL */
#define DAY_MIN               INT32_C(-25567)  /* 1900-01-01 */
#define DAY_MAX               INT32_C(2932896) /* 9999-12-31: also "open" */

typedef int32_t day_t; /* local days since 1970-01-01 */

/* A fixed offset from UTC. Source: the site's IANA zone, checked by core/zone. */
struct zone {
    int32_t offset_ms; /* local = UTC + offset */
    char name[64];
};

/* Floor division, so that instants before 1970 fall into the right day. */
static inline int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;

    return (a % b != 0 && (a < 0) != (b < 0)) ? q - 1 : q;
}

/* The local day that holds the instant. */
static inline day_t day_of_ts(int64_t ts_ms, const struct zone *zone)
{
    return (day_t)floor_div(ts_ms + zone->offset_ms, MS_PER_DAY);
}

/* The first instant (00:00 local) of a day, UTC ms. */
static inline int64_t ts_of_day(day_t day, const struct zone *zone)
{
    return (int64_t)day * MS_PER_DAY - zone->offset_ms;
}

/* Days of the proleptic Gregorian calendar. Source: the era arithmetic of
 * H. Hinnant, "chrono-Compatible Low-Level Date Algorithms". month 1..12, dom 1..31. */
static inline day_t day_from_civil(int32_t year, int32_t month, int32_t dom)
{
    int32_t y = year - (month <= 2);
    int32_t era = (y >= 0 ? y : y - 399) / 400;
    int32_t yoe = y - era * 400;
    int32_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + dom - 1;
    int32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

    return era * 146097 + doe - 719468;
}

static inline void civil_from_day(day_t day, int32_t *ret_year, int32_t *ret_month,
                                  int32_t *ret_dom)
{
    int32_t z = day + 719468;
    int32_t era = (z >= 0 ? z : z - 146096) / 146097;
    int32_t doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int32_t mp = (5 * doy + 2) / 153;

    *ret_dom = doy - (153 * mp + 2) / 5 + 1;
    *ret_month = mp + (mp < 10 ? 3 : -9);
    *ret_year = yoe + era * 400 + (*ret_month <= 2);
}

/* 0 = Sunday … 6 = Saturday. */
static inline int weekday_of_day(day_t day)
{
    return (int)(((int64_t)day % 7 + 11) % 7);
}

static inline int32_t days_in_month(int32_t year, int32_t month)
{
    return day_from_civil(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
           day_from_civil(year, month, 1);
}

#endif
