#include "daemon/assess/rates_stale.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/carbon.h"
#include "daemon/assess/rates.h"
#include "daemon/core/text.h"

#define KEYS_MAX 1024 /* keys of one look at the table */

/* A day's last quarter-hours close up to 16 minutes after its end: it is assessed after
 * that. */
#define SETTLING_MS INT64_C(1200000)

enum {
    KEY_LEN = 32,
    FOLLOWING_DAYS = 6,
    DECEMBER = 12
};

/* The first day that is not over and settled. */
static day_t unsettled_day(const struct assess_options *options)
{
    return day_of_ts(options->now_ms - SETTLING_MS, options->zone);
}

struct keys {
    char text[KEYS_MAX][KEY_LEN];
    int n;
};

static void note_key(void *ctx, const char *key)
{
    struct keys *keys = ctx;

    if (keys->n < KEYS_MAX && key != NULL) {
        (void)text_copy(keys->text[keys->n], KEY_LEN, key);
        keys->n++;
    }
}

/* ---- what a changed day touches ---- */

struct marking {
    struct store *writer;
    int err;
};

static void mark_again(void *ctx, day_t day)
{
    struct marking *marking = ctx;
    char text[DAY_TEXT_LEN];

    text_from_day(day, text);
    if (marking->err == 0) {
        marking->err = store_stale_add(marking->writer, "rates_again", text);
    }
}

struct day_list {
    day_t *day;
    int n;
    int cap;
    int err;
};

static void note_day(void *ctx, day_t day)
{
    struct day_list *list = ctx;

    if (list->n == list->cap) {
        int cap = list->cap == 0 ? 64 : list->cap * 2;
        day_t *grown = realloc(list->day, (size_t)cap * sizeof(*grown));

        if (grown == NULL) {
            list->err = ERR_NOMEM;
            return;
        }
        list->day = grown;
        list->cap = cap;
    }
    list->day[list->n++] = day;
}

/* Computed days in (first, last] are to be computed again. */
static int mark_days(struct store *writer, const struct assess_options *options,
                     day_t first, day_t last)
{
    struct day_list list = {0};
    struct marking marking = {writer, 0};
    int err =
        results_rate_days(writer, options->resumption->id, first, last, note_day, &list);

    if (err == 0) {
        err = list.err;
    }
    for (int i = 0; err == 0 && i < list.n; i++) {
        mark_again(&marking, list.day[i]);
        err = marking.err;
    }
    free(list.day);
    return err;
}

/* Stored carbon periods that hold the day. */
static int mark_carbon(struct store *writer, const struct assess_options *options,
                       day_t day)
{
    struct keys keys = {.n = 0};
    int err = results_carbon_periods(writer, options->carbon->id, NULL, note_key, &keys);

    for (int i = 0; err == 0 && i < keys.n; i++) {
        struct period period;

        if (text_to_period(keys.text[i], &period) == 0 && period.first <= day &&
            day <= period.last) {
            err = store_stale_add(writer, "carbon", keys.text[i]);
        }
    }
    return err;
}

/* A day of a December carries the baselines of the whole year after it. */
static int spread_baseline(struct store *writer, const struct assess_options *options,
                           day_t day)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(day, &year, &month, &dom);
    if (month != DECEMBER) {
        return 0;
    }
    int err = results_baseline_forget(writer, options->resumption->id,
                                      day_from_civil(year, month, 1));
    if (err != 0) {
        return err;
    }
    day_t last = day_from_civil(year + 2, 1, 1) - 1 + FOLLOWING_DAYS;
    return mark_days(writer, options, day_from_civil(year + 1, 1, 1) - 1, last);
}

static int spread_day(struct store *writer, const struct assess_options *options, day_t day,
                      const char *key)
{
    int err = 0;

    if (options->resumption != NULL) {
        err = spread_baseline(writer, options, day);
        if (err == 0) {
            err = mark_days(writer, options, day, day + FOLLOWING_DAYS);
        }
        if (err == 0) {
            err = store_stale_add(writer, "rates_again", key);
        }
    }
    if (err == 0 && options->carbon != NULL) {
        err = mark_carbon(writer, options, day);
    }
    return err == 0 ? store_stale_remove(writer, "rates", key) : err;
}

/* Returns how many keys went, or enum err. A day that goes on keeps its key. */
static int spread_keys(struct store *writer, const struct assess_options *options,
                       const struct keys *keys)
{
    int n_gone = 0;
    int err = 0;

    for (int i = 0; err == 0 && i < keys->n; i++) {
        day_t day = 0;

        if (text_to_day(keys->text[i], &day) != 0) {
            err = store_stale_remove(writer, "rates", keys->text[i]);
        } else if (day < unsettled_day(options)) {
            err = spread_day(writer, options, day, keys->text[i]);
        } else {
            continue;
        }
        n_gone++;
    }
    return err == 0 ? n_gone : err;
}

/* Marks of changed inputs become marks of what must be computed: cheap, so all of them at
 * once. */
static int spread_all(struct store *writer, const struct assess_options *options)
{
    int n_gone = 1;

    while (n_gone > 0) {
        struct keys keys = {.n = 0};
        int err = store_stale_each(writer, "rates", KEYS_MAX, note_key, &keys);

        n_gone = err < 0 ? err : spread_keys(writer, options, &keys);
    }
    return n_gone;
}

/* ---- what time touches ---- */

/* Every day is computed once it is over, whether anything came or not. */
static int mark_ended(struct store *writer, day_t first, day_t end)
{
    struct marking marking = {writer, 0};

    for (day_t day = first; day < end; day++) {
        mark_again(&marking, day);
    }
    return marking.err;
}

static int spread_open_periods(struct store *writer, const struct assess_options *options)
{
    struct keys keys = {.n = 0};
    int err =
        results_carbon_periods(writer, options->carbon->id,
                               carbon_reason_name(CARBON_PERIOD_OPEN), note_key, &keys);

    for (int i = 0; err == 0 && i < keys.n; i++) {
        err = store_stale_add(writer, "carbon", keys.text[i]);
    }
    return err;
}

/* Once a day: the day that ended, days whose stage closes, open periods. */
static int spread_time(struct store *writer, const struct assess_options *options)
{
    day_t today = unsettled_day(options);
    day_t before = today - 1;
    char text[DAY_TEXT_LEN] = "";
    int err = store_meta_get(writer, "assessed_day", text, sizeof(text));

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    if (text[0] != '\0' && text_to_day(text, &before) == 0 && before >= today) {
        return 0;
    }
    err = 0;
    if (options->resumption != NULL) {
        err = mark_ended(writer, before, today);
        if (err == 0) {
            err = mark_days(writer, options, before - 3, today - 3);
        }
    }
    if (err == 0 && options->carbon != NULL) {
        err = spread_open_periods(writer, options);
    }
    if (err != 0) {
        return err;
    }
    text_from_day(today, text);
    return store_meta_set(writer, "assessed_day", text);
}

/* ---- 'carbon' 'all' ---- */

/* The last complete year and the closed months of this one. */
static bool is_due(const struct period *period, day_t today)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;
    int32_t of = 0;

    civil_from_day(today, &year, &month, &dom);
    civil_from_day(period->first, &of, &month, &dom);
    if (period->kind == PERIOD_YEAR) {
        return of == year - 1;
    }
    return period->kind == PERIOD_MONTH && of == year && period->last < today;
}

static int mark_period(struct store *writer, const char *text, day_t today, bool stored)
{
    struct period period;

    if (text_to_period(text, &period) != 0 || (!stored && !is_due(&period, today))) {
        return 0;
    }
    return store_stale_add(writer, "carbon", period.text);
}

/* A year's value added may stand in its months: the year is due as well. */
static int mark_last_year(struct store *writer, const struct keys *periods, day_t today)
{
    int32_t year = 0;
    int32_t month = 0;
    int32_t dom = 0;

    civil_from_day(today, &year, &month, &dom);
    for (int i = 0; i < periods->n; i++) {
        struct period period;
        struct period whole;
        char text[8] = {0};

        if (text_to_period(periods->text[i], &period) != 0) {
            continue;
        }
        (void)text_copy(text, 5, periods->text[i]);
        if (text_to_period(text, &whole) == 0 && is_due(&whole, today)) {
            return store_stale_add(writer, "carbon", whole.text);
        }
    }
    return 0;
}

static int spread_carbon(struct store *writer, const struct assess_options *options)
{
    day_t today = day_of_ts(options->now_ms, options->zone);
    struct keys stored = {.n = 0};
    struct keys output = {.n = 0};
    int all = results_stale_between(writer, "carbon", "all", "all");

    if (all <= 0) {
        return all;
    }
    int err = results_carbon_periods(writer, options->carbon->id, NULL, note_key, &stored);
    if (err == 0) {
        err = results_output_periods(writer, note_key, &output);
    }
    for (int i = 0; err == 0 && i < stored.n; i++) {
        err = mark_period(writer, stored.text[i], today, true);
    }
    for (int i = 0; err == 0 && i < output.n; i++) {
        err = mark_period(writer, output.text[i], today, false);
    }
    if (err == 0) {
        err = mark_last_year(writer, &output, today);
    }
    return err == 0 ? store_stale_remove(writer, "carbon", "all") : err;
}

/* ---- the work ---- */

static const struct rates_by every_kind[] = {
    {{{GROUP_ALL, 0}}, 1},    {{{GROUP_SIZE_CLASS, 0}}, 1}, {{{GROUP_INDUSTRY, 3}}, 1},
    {{{GROUP_REGION, 6}}, 1}, {{{GROUP_TOWN, 0}}, 1},       {{{GROUP_PARK, 0}}, 1},
    {{{GROUP_LIST, 0}}, 1},
};

static int assess_day(struct store *writer, const struct methods *methods,
                      const struct assess_options *options, const char *key)
{
    struct rates_result result;
    struct rates_query query = {
        .method = options->resumption,
        .by = every_kind,
        .n_by = (int)(sizeof(every_kind) / sizeof(every_kind[0])),
        .now_ms = options->now_ms,
        .zone = options->zone,
    };

    if (options->resumption != NULL && text_to_day(key, &query.day) == 0) {
        int err = rates_compute(writer, methods, &query, &result);
        if (err != 0) {
            return err;
        }
        int n_changed = rates_store(writer, &result, options->now_ms);
        rates_result_done(&result);
        if (n_changed < 0) {
            return n_changed;
        }
    }
    return store_stale_remove(writer, "rates_again", key);
}

static int assess_period(struct store *writer, const struct methods *methods,
                         const struct assess_options *options, const char *key)
{
    struct carbon_result result;
    struct carbon_query query = {
        .method = options->carbon, .now_ms = options->now_ms, .zone = options->zone};

    if (options->carbon != NULL && text_to_period(key, &query.period) == 0) {
        int err = carbon_compute(writer, methods, &query, &result);
        if (err != 0) {
            return err;
        }
        int n_changed = carbon_store(writer, &result, options->now_ms);
        carbon_result_done(&result);
        if (n_changed < 0) {
            return n_changed;
        }
    }
    return store_stale_remove(writer, "carbon", key);
}

typedef int (*assess_fn)(struct store *writer, const struct methods *methods,
                         const struct assess_options *options, const char *key);

struct work {
    const char *kind;
    assess_fn fn;
};

static int spread(struct store *writer, const struct assess_options *options)
{
    int err = spread_all(writer, options);

    if (err == 0) {
        err = spread_time(writer, options);
    }
    if (err == 0 && options->carbon != NULL) {
        err = spread_carbon(writer, options);
    }
    return err;
}

int assess_stale(struct store *writer, const struct methods *methods,
                 const struct assess_options *options, int limit, bool *ret_more)
{
    static const struct work works[] = {{"rates_again", assess_day},
                                        {"carbon", assess_period}};
    bool more = false;
    int n_done = 0;
    int err = store_begin(writer);

    if (err == 0) {
        err = spread(writer, options);
    }
    for (size_t i = 0; err == 0 && i < sizeof(works) / sizeof(works[0]); i++) {
        struct keys keys = {.n = 0};
        int room = limit - n_done < KEYS_MAX - 1 ? limit - n_done : KEYS_MAX - 1;

        err = store_stale_each(writer, works[i].kind, room + 1, note_key, &keys);
        err = err > 0 ? 0 : err;
        for (int k = 0; err == 0 && k < keys.n && k < room; k++) {
            err = works[i].fn(writer, methods, options, keys.text[k]);
            n_done += err == 0;
        }
        more = more || keys.n > room;
    }
    if (err != 0) {
        return err;
    }
    *ret_more = more;
    return n_done;
}
