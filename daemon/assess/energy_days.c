/* Days of enterprises out of days of meters and imports. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/compute/interval.h"
#include "daemon/core/text.h"
#include "daemon/store/energy.h"

#define KNOWN_QUARTERS_VALID                                                               \
    87 /* of 96: 90 %, where a midnight's register is not known                            \
        */
#define STALE_DAYS_MAX 64
#define BOTH_MIDNIGHTS (MIDNIGHT_START | MIDNIGHT_END)

/* What the meters of an enterprise add up to. */
struct metered {
    int n_meters;
    bool has_row;  /* one of them has a day */
    bool unknown;  /* one of them has a part without known energy */
    bool unproven; /* one of them has neither midnights nor quarter-hours enough */
    bool open;     /* quarter-hours are still to come */
    int64_t known_quarters;
    enum quality quality;
    int64_t import_wh;
    int64_t export_wh;
    int64_t generation_wh;
    int64_t storage_wh;
};

struct enterprise_day {
    struct metered metered;
    bool has_import;
    struct energy_import import;
    bool had_metered; /* rows that stand in the store */
    bool had_day;
};

/* A day in the works; arrays are indexed by enterprise_no and meter_no. */
struct day_run {
    struct store *store;
    struct zone zone;
    int64_t now_ms;
    const struct energy_options *options;
    struct energy_meter *meter; /* every version */
    int n_meters;
    uint32_t *owner; /* enterprise_no of a meter that day, 0 = none */
    uint32_t n_owners;
    day_t day;
    struct meter_day *meter_day;
    int n_meter_days;
    int cap_meter_days;
    struct enterprise_day *enterprise;
    uint32_t n_enterprises; /* room */
    int n_changed;
};

static int make_room(struct day_run *run, uint32_t enterprise_no)
{
    uint32_t n = run->n_enterprises == 0 ? 64 : run->n_enterprises;

    if (enterprise_no < run->n_enterprises) {
        return 0;
    }
    while (n <= enterprise_no) {
        n *= 2;
    }
    struct enterprise_day *more = realloc(run->enterprise, n * sizeof(*more));

    if (more == NULL) {
        return ERR_NOMEM;
    }
    memset(more + run->n_enterprises, 0, (n - run->n_enterprises) * sizeof(*more));
    run->enterprise = more;
    run->n_enterprises = n;
    return 0;
}

/* The version that speaks for the day: in force at its start, else the first one in it. */
static const struct energy_meter *version_of(const struct day_run *run, int first, int end)
{
    int64_t start_ms = ts_of_day(run->day, &run->zone);

    for (int i = first; i < end; i++) {
        const struct register_version *version = &run->meter[i].version;

        if (version->since_ms < start_ms + MS_PER_DAY && version->until_ms > start_ms) {
            return &run->meter[i];
        }
    }
    return NULL;
}

static int end_of_meter(const struct day_run *run, int first)
{
    int end = first + 1;

    while (end < run->n_meters && run->meter[end].meter_no == run->meter[first].meter_no) {
        end++;
    }
    return end;
}

/* Quarter-hours of the day in which the meter is in force, as far as time has come. */
static int32_t expected_quarters(const struct day_run *run, int first, int end,
                                 bool *ret_open)
{
    int64_t start_ms = ts_of_day(run->day, &run->zone);
    int64_t since_ms = INT64_MAX;
    int64_t until_ms = start_ms;
    const struct energy_meter *meter = &run->meter[first];

    for (int i = first; i < end; i++) {
        const struct register_version *version = &run->meter[i].version;

        if (version->since_ms < start_ms + MS_PER_DAY && version->until_ms > start_ms) {
            since_ms = version->since_ms < since_ms ? version->since_ms : since_ms;
            until_ms = version->until_ms > until_ms ? version->until_ms : until_ms;
        }
    }
    since_ms = since_ms > start_ms ? interval_floor(since_ms) : start_ms;
    until_ms =
        until_ms < start_ms + MS_PER_DAY ? interval_ceil(until_ms) : start_ms + MS_PER_DAY;
    bool is_closed = meter->has_next && meter->next_start_ms >= until_ms;

    /* Of meters without an endpoint nothing more is due once the day is over. */
    *ret_open = !is_closed &&
                (run->now_ms < until_ms || (run->meter[end - 1].live && meter->has_next));
    if (*ret_open) {
        until_ms = meter->has_next && meter->next_start_ms < until_ms ? meter->next_start_ms
                                                                      : until_ms;
    }
    return until_ms > since_ms ? (int32_t)((until_ms - since_ms) / MS_PER_QUARTER_HOUR) : 0;
}

/* The first that applies of missing, suspect, estimated, measured. */
static enum quality worse(enum quality a, enum quality b)
{
    static const enum quality order[] = {QUALITY_MISSING, QUALITY_SUSPECT,
                                         QUALITY_ESTIMATED};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
        if (a == order[i] || b == order[i]) {
            return order[i];
        }
    }
    return QUALITY_MEASURED;
}

/* sign -1: what a tenant takes behind the enterprise's own meter (转供电). */
static void add_energy(struct metered *sum, const struct meter_day *day,
                       enum meter_role role, int sign)
{
    int64_t export_wh =
        day->has_export ? day->export_wh : 0; /* many meters have no such register */

    if (role == METER_ROLE_SUPPLY) {
        sum->import_wh += sign * day->import_wh;
        sum->export_wh += sign * export_wh;
    } else if (role == METER_ROLE_GENERATION) {
        sum->generation_wh += day->import_wh;
    } else {
        sum->storage_wh += export_wh - day->import_wh;
        sum->unknown = sum->unknown || !day->has_export;
    }
}

static void add_meter(struct metered *sum, const struct meter_day *day,
                      enum meter_role role, int sign)
{
    sum->n_meters++;
    if (day == NULL) {
        sum->unknown = true;
        sum->unproven = true;
        sum->quality = QUALITY_MISSING;
        return;
    }
    sum->has_row = true;
    sum->known_quarters += day->known_quarters;
    sum->quality = worse(sum->quality, day->quality);
    if ((day->midnights & BOTH_MIDNIGHTS) != BOTH_MIDNIGHTS &&
        day->known_quarters < KNOWN_QUARTERS_VALID) {
        sum->unproven = true;
    }
    if (!day->has_import || day->quality == QUALITY_MISSING ||
        day->quality == QUALITY_SUSPECT) {
        sum->unknown = true;
        return;
    }
    add_energy(sum, day, role, sign);
}

static bool enters_sum(enum meter_role role)
{
    return role == METER_ROLE_SUPPLY || role == METER_ROLE_GENERATION ||
           role == METER_ROLE_STORAGE;
}

/* One meter into its enterprise, and out of the one that passes its energy on. */
static int take_meter(struct day_run *run, int first, int end, const struct meter_day *day)
{
    const struct energy_meter *meter = version_of(run, first, end);

    if (meter == NULL || !enters_sum(meter->role)) {
        return 0;
    }
    uint32_t own = meter->version.enterprise_no;
    uint32_t upstream = meter->role == METER_ROLE_SUPPLY && meter->parent_no < run->n_owners
                            ? run->owner[meter->parent_no]
                            : 0;
    bool is_open = false;
    int32_t expected = expected_quarters(run, first, end, &is_open);
    struct meter_day known;
    int err = make_room(run, own > upstream ? own : upstream);

    if (err != 0) {
        return err;
    }
    if (day != NULL && day->quarters < expected) {
        known = *day;
        known.quality = QUALITY_MISSING;
        day = &known;
    }
    struct metered *sum = &run->enterprise[own].metered;

    add_meter(sum, day, meter->role, 1);
    sum->open = sum->open || is_open;
    if (upstream != 0 && upstream != own) {
        sum = &run->enterprise[upstream].metered;
        add_meter(sum, day, meter->role, -1);
        sum->open = sum->open || is_open;
    }
    return 0;
}

static int take_meters(struct day_run *run)
{
    int at = 0;
    int err = 0;

    memset(run->owner, 0, run->n_owners * sizeof(*run->owner));
    for (int i = 0; i < run->n_meters; i = end_of_meter(run, i)) {
        const struct energy_meter *meter = version_of(run, i, end_of_meter(run, i));

        if (meter != NULL) {
            run->owner[meter->meter_no] = meter->version.enterprise_no;
        }
    }
    for (int i = 0; err == 0 && i < run->n_meters; i = end_of_meter(run, i)) {
        const struct meter_day *day = NULL;

        while (at < run->n_meter_days &&
               run->meter_day[at].meter_no < run->meter[i].meter_no) {
            at++;
        }
        if (at < run->n_meter_days &&
            run->meter_day[at].meter_no == run->meter[i].meter_no) {
            day = &run->meter_day[at];
        }
        err = take_meter(run, i, end_of_meter(run, i), day);
    }
    return err;
}

static int take_meter_day(void *ctx, const struct meter_day *meter_day)
{
    struct day_run *run = ctx;

    if (run->n_meter_days == run->cap_meter_days) {
        int cap = run->cap_meter_days == 0 ? 64 : 2 * run->cap_meter_days;
        struct meter_day *more = realloc(run->meter_day, (size_t)cap * sizeof(*more));

        if (more == NULL) {
            return ERR_NOMEM;
        }
        run->meter_day = more;
        run->cap_meter_days = cap;
    }
    run->meter_day[run->n_meter_days] = *meter_day;
    run->n_meter_days++;
    return 0;
}

static int take_import(void *ctx, const struct energy_import *import)
{
    struct day_run *run = ctx;
    int err = make_room(run, import->enterprise_no);

    if (err == 0) {
        run->enterprise[import->enterprise_no].has_import = true;
        run->enterprise[import->enterprise_no].import = *import;
    }
    return err;
}

static int take_old_metered(void *ctx, const struct energy_day *energy_day)
{
    struct day_run *run = ctx;
    int err = make_room(run, energy_day->enterprise_no);

    if (err == 0) {
        run->enterprise[energy_day->enterprise_no].had_metered = true;
    }
    return err;
}

static int take_old_day(void *ctx, const struct energy_day *energy_day)
{
    struct day_run *run = ctx;
    int err = make_room(run, energy_day->enterprise_no);

    if (err == 0) {
        run->enterprise[energy_day->enterprise_no].had_day = true;
    }
    return err;
}

static struct energy_day metered_day(const struct metered *sum)
{
    struct energy_day day = {.source = ENERGY_SOURCE_METER,
                             .coverage_num = sum->known_quarters,
                             .coverage_den = (int64_t)QUARTER_HOURS_PER_DAY * sum->n_meters,
                             .quality = sum->quality,
                             .complete = !sum->open};

    if (sum->n_meters == 0) {
        day.quality = QUALITY_MISSING;
        day.coverage_den = 1;
        return day;
    }
    if (sum->unknown) {
        return day;
    }
    day.has_energy = true;
    day.import_wh = sum->import_wh;
    day.export_wh = sum->export_wh;
    day.generation_wh = sum->generation_wh;
    day.energy_wh = sum->import_wh - sum->export_wh + sum->generation_wh + sum->storage_wh;
    day.valid = day.complete && !sum->unproven;
    return day;
}

static struct energy_day imported_day(const struct energy_import *import)
{
    return (struct energy_day){.source = ENERGY_SOURCE_IMPORT,
                               .has_energy = true,
                               .energy_wh = import->import_wh - import->export_wh +
                                            import->generation_wh,
                               .import_wh = import->import_wh,
                               .export_wh = import->export_wh,
                               .generation_wh = import->generation_wh,
                               .coverage_num = 1,
                               .coverage_den = 1,
                               .quality = QUALITY_IMPORTED,
                               .valid = true,
                               .complete = true};
}

static int put_source(struct day_run *run, uint32_t enterprise_no, struct energy_day *day)
{
    day->day = run->day;
    day->enterprise_no = enterprise_no;
    return energy_day_source_put(run->store, day);
}

/* Both sources side by side, and the one that counts. */
static int put_enterprise(struct day_run *run, uint32_t enterprise_no)
{
    const struct enterprise_day *enterprise = &run->enterprise[enterprise_no];
    bool has_metered = enterprise->metered.has_row || enterprise->had_metered;
    struct energy_day metered = metered_day(&enterprise->metered);
    struct energy_day imported = imported_day(&enterprise->import);
    int change = 0;

    if (!has_metered && !enterprise->has_import && !enterprise->had_day) {
        return 0;
    }
    if (has_metered) {
        change = put_source(run, enterprise_no, &metered);
    }
    if (change >= 0 && enterprise->has_import) {
        change = put_source(run, enterprise_no, &imported);
    }
    if (change < 0) {
        return change;
    }
    bool takes_import =
        enterprise->has_import && (run->options->prefer_import || !metered.valid);
    struct energy_day day = takes_import ? imported : metered;

    day.day = run->day;
    day.enterprise_no = enterprise_no;
    if (!day.has_energy && day.coverage_num == 0) {
        day.source = ENERGY_SOURCE_NONE;
    }
    change = energy_day_put(run->store, &day);
    if (change > 0) {
        run->n_changed++;
    }
    return change < 0 ? change : 0;
}

static int mark_results(struct day_run *run)
{
    char text[DAY_TEXT_LEN];

    if (run->n_changed == 0) {
        return 0;
    }
    text_from_day(run->day, text);
    /* carbon of periods that hold the day follows from there */
    return store_stale_add(run->store, "rates", text);
}

static int run_day(struct day_run *run, day_t day)
{
    run->day = day;
    run->n_meter_days = 0;
    run->n_changed = 0;
    if (run->n_enterprises > 0) {
        memset(run->enterprise, 0, run->n_enterprises * sizeof(*run->enterprise));
    }
    int err = energy_meter_days_each(run->store, day, take_meter_day, run);

    if (err == 0) {
        err = take_meters(run);
    }
    if (err == 0) {
        err = energy_imports_each(run->store, day, take_import, run);
    }
    if (err == 0) {
        err = energy_days_each(run->store, day, ENERGY_SOURCE_METER, take_old_metered, run);
    }
    if (err == 0) {
        err = energy_days_each(run->store, day, ENERGY_SOURCE_NONE, take_old_day, run);
    }
    for (uint32_t no = 1; err == 0 && no < run->n_enterprises; no++) {
        err = put_enterprise(run, no);
    }
    return err == 0 ? mark_results(run) : err;
}

struct stale_days {
    char text[STALE_DAYS_MAX][32];
    int n;
};

static void take_stale(void *ctx, const char *key)
{
    struct stale_days *days = ctx;

    (void)text_copy(days->text[days->n], sizeof(days->text[0]), key);
    days->n++;
}

static int begin_run(struct day_run *run)
{
    int err = energy_meters(run->store, 0, UINT32_MAX, &run->meter, &run->n_meters);

    if (err != 0) {
        return err;
    }
    run->n_owners = run->n_meters > 0 ? run->meter[run->n_meters - 1].meter_no + 1 : 1;
    run->owner = calloc(run->n_owners, sizeof(*run->owner));
    return run->owner == NULL ? ERR_NOMEM : 0;
}

int energy_days(struct store *store, int64_t now_ms, const struct energy_options *options,
                int max_days, bool *ret_more)
{
    struct day_run run = {
        .store = store, .zone = *store_zone(store), .now_ms = now_ms, .options = options};
    struct stale_days stale = {.n = 0};
    int limit = max_days < STALE_DAYS_MAX ? max_days : STALE_DAYS_MAX - 1;
    int n_days = 0;
    int err = store_stale_each(store, "day", limit + 1, take_stale, &stale);

    *ret_more = stale.n > limit;
    if (err == 0 && stale.n > 0) {
        err = begin_run(&run);
    }
    for (int i = 0; err == 0 && i < stale.n && i < limit; i++) {
        day_t day = 0;

        err = store_stale_remove(store, "day", stale.text[i]);
        if (err == 0 && text_to_day(stale.text[i], &day) == 0) {
            err = run_day(&run, day);
            n_days++;
        }
    }
    free(run.meter);
    free(run.owner);
    free(run.meter_day);
    free(run.enterprise);
    return err != 0 ? err : n_days;
}
