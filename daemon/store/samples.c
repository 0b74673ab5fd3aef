#include "daemon/store/samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"
#include "daemon/store/journal.h"
#include "daemon/store/state.h"

#define FLUSH_LAST_MS (60 * MS_PER_S)

/* What is known of a meter without asking: its newest row and the span it is in. */
struct meter_state {
    bool loaded;
    bool dirty; /* differs from meter_last */
    bool has_noted;
    int32_t status;
    int64_t slot_ts_ms; /* INT64_MIN: none */
    int64_t last_ok_ms; /* 0: none */
    int64_t noted_ms;   /* newest slot that was taken, committed or not */
    struct span span;   /* interval_s 0: none cached */
};

struct samples_state {
    struct meter_state *meter; /* by meter_no */
    size_t n_meters;
    int64_t flushed_ms;
};

int samples_state_new(struct store *store)
{
    store->samples = calloc(1, sizeof(*store->samples));
    return store->samples == NULL ? ERR_NOMEM : 0;
}

void samples_state_free(struct store *store)
{
    if (store->samples != NULL) {
        free(store->samples->meter);
        free(store->samples);
        store->samples = NULL;
    }
}

void samples_forget(struct store *store)
{
    struct samples_state *samples = store->samples;

    for (size_t i = 0; samples != NULL && i < samples->n_meters; i++) {
        samples->meter[i].loaded = false;
        samples->meter[i].dirty = false;
        samples->meter[i].span.interval_s = 0;
    }
}

void samples_drop_span(struct store *store, uint32_t meter_no)
{
    if (meter_no < store->samples->n_meters) {
        store->samples->meter[meter_no].span.interval_s = 0;
    }
}

static int64_t key_of(int64_t slot_ts_ms, uint32_t meter_no)
{
    return (slot_ts_ms / MS_PER_S) << 20 | (int64_t)meter_no;
}

static int make_room(struct samples_state *samples, uint32_t meter_no)
{
    size_t n = samples->n_meters == 0 ? 64 : samples->n_meters;

    while (n <= meter_no) {
        n *= 2;
    }
    struct meter_state *meter = realloc(samples->meter, n * sizeof(*meter));

    if (meter == NULL) {
        return ERR_NOMEM;
    }
    memset(meter + samples->n_meters, 0, (n - samples->n_meters) * sizeof(*meter));
    samples->meter = meter;
    samples->n_meters = n;
    return 0;
}

/* meter_last may be a minute old: newer rows are found by the schedule. */
static int load_meter(struct store *store, uint32_t meter_no, struct meter_state *meter)
{
    struct sample newest;
    sqlite3_stmt *stmt = db_prepare(
        store, "SELECT slot_ts_ms, status, last_ok_ms FROM meter_last WHERE meter_no = ?1");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    int row = db_step(store, stmt);

    if (row < 0) {
        return row;
    }
    meter->slot_ts_ms = INT64_MIN;
    meter->last_ok_ms = 0;
    if (row == 1) {
        meter->slot_ts_ms = sqlite3_column_int64(stmt, 0);
        meter->status = sqlite3_column_int(stmt, 1);
        meter->last_ok_ms = sqlite3_column_int64(stmt, 2);
        (void)sqlite3_reset(stmt);
    }
    int err = samples_newest_since(store, meter_no, meter->slot_ts_ms, false, &newest);

    if (err == 0 && newest.slot_ts_ms > meter->slot_ts_ms) {
        int64_t from_ms = meter->slot_ts_ms;

        meter->slot_ts_ms = newest.slot_ts_ms;
        meter->status = (int32_t)newest.status;
        meter->dirty = true;
        err = samples_newest_since(store, meter_no, from_ms, true, &newest);
        if (err == 0 && newest.ts_ms > meter->last_ok_ms) {
            meter->last_ok_ms = newest.ts_ms;
        }
    }
    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    meter->loaded = true;
    return 0;
}

static int meter_of(struct store *store, uint32_t meter_no, struct meter_state **ret_meter)
{
    struct samples_state *samples = store->samples;
    int err = 0;

    if (meter_no >= METER_NO_END) {
        return ERR_RANGE;
    }
    if (meter_no >= samples->n_meters) {
        err = make_room(samples, meter_no);
    }
    if (err == 0 && !samples->meter[meter_no].loaded) {
        err = load_meter(store, meter_no, &samples->meter[meter_no]);
    }
    if (err == 0) {
        *ret_meter = &samples->meter[meter_no];
    }
    return err;
}

bool samples_note_slot(struct store *store, uint32_t meter_no, int64_t slot_ts_ms)
{
    struct meter_state *meter = NULL;

    if (meter_of(store, meter_no, &meter) != 0) {
        return false;
    }
    if (!meter->has_noted) {
        meter->has_noted = true;
        meter->noted_ms = meter->slot_ts_ms;
    }
    if (slot_ts_ms < meter->noted_ms) {
        return true;
    }
    meter->noted_ms = slot_ts_ms;
    return false;
}

static int insert_row(struct store *store, const struct sample *sample)
{
    sqlite3_stmt *stmt = db_prepare(
        store,
        "INSERT OR IGNORE INTO reading VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, "
        "?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27)");

    (void)sqlite3_bind_int64(stmt, 1, key_of(sample->slot_ts_ms, sample->meter_no));
    if (sample->ts_ms != 0) {
        (void)sqlite3_bind_int64(stmt, 2, sample->ts_ms - sample->slot_ts_ms);
    }
    (void)sqlite3_bind_int(stmt, 3, (int)sample->status);
    if (sample->detail[0] != '\0') {
        (void)sqlite3_bind_text(stmt, 4, sample->detail, -1, SQLITE_STATIC);
    }
    for (int q = 0; q < QUANTITY_COUNT; q++) {
        if (sample_has(sample, (enum quantity)q)) {
            (void)sqlite3_bind_int64(stmt, 5 + q, sample->value[q]);
        }
    }
    int err = db_run(store, stmt);

    if (err == 0 && sqlite3_changes(store->db) == 0) {
        return ERR_EXISTS;
    }
    return err;
}

static void learn(struct meter_state *meter, const struct sample *sample)
{
    if (sample->slot_ts_ms < meter->slot_ts_ms) {
        return;
    }
    meter->slot_ts_ms = sample->slot_ts_ms;
    meter->status = (int32_t)sample->status;
    meter->dirty = true;
    if (sample_has(sample, QUANTITY_ENERGY_IMPORT_WH) &&
        sample->ts_ms > meter->last_ok_ms) {
        meter->last_ok_ms = sample->ts_ms;
    }
}

static int ensure_schedule(struct store *store, struct meter_state *meter,
                           const struct sample *sample)
{
    struct span *span = &meter->span;
    int err = schedule_take_slot(store, sample->interval_s, sample->slot_ts_ms);

    if (err != 0 ||
        (span->interval_s == sample->interval_s && sample->slot_ts_ms >= span->from_ms &&
         sample->slot_ts_ms < span->until_ms)) {
        return err;
    }
    return schedule_cover(store, sample->meter_no, sample->slot_ts_ms, sample->interval_s,
                          span);
}

static bool is_storable(const struct sample *sample)
{
    return sample->meter_no < METER_NO_END && sample->slot_ts_ms >= 0 &&
           sample->slot_ts_ms < TS_MS_END && sample->slot_ts_ms % MS_PER_S == 0 &&
           sample->interval_s > 0 && sample->interval_s <= INTERVAL_S_MAX &&
           (unsigned)sample->status < SLOT_STATUS_COUNT;
}

/* A late reading may lie in quarter-hours that are closed already: they are made again. */
static int mark_late(struct store *store, const struct sample *sample)
{
    char key[64];

    (void)snprintf(key, sizeof(key), "%u:%lld:%lld", (unsigned)sample->meter_no,
                   (long long)sample->slot_ts_ms, (long long)sample->slot_ts_ms);
    return store_stale_add(store, "meter", key);
}

int samples_insert(struct store *store, const struct sample *sample, bool late)
{
    struct meter_state *meter = NULL;
    struct journal_entry entry = {.kind = JOURNAL_READING,
                                  .late = late,
                                  .slot_ts_ms = sample->slot_ts_ms,
                                  .meter_no = sample->meter_no};

    if (!store->open || !is_storable(sample)) {
        return store->open ? ERR_RANGE : ERR_IO;
    }
    int err = meter_of(store, sample->meter_no, &meter);

    if (err == 0) {
        err = ensure_schedule(store, meter, sample);
    }
    if (err == 0) {
        err = insert_row(store, sample);
    }
    if (err == 0) {
        err = journal_append(store, &entry, NULL);
    }
    if (err == 0 && late) {
        err = mark_late(store, sample);
    }
    if (err == 0) {
        learn(meter, sample);
    }
    return err;
}

static int write_last(struct store *store, uint32_t meter_no,
                      const struct meter_state *meter)
{
    sqlite3_stmt *stmt = db_prepare(
        store, "INSERT INTO meter_last (meter_no, slot_ts_ms, status, last_ok_ms) "
               "VALUES (?1, ?2, ?3, ?4) ON CONFLICT (meter_no) DO UPDATE SET "
               "slot_ts_ms = excluded.slot_ts_ms, status = excluded.status, "
               "last_ok_ms = excluded.last_ok_ms");

    (void)sqlite3_bind_int64(stmt, 1, meter_no);
    (void)sqlite3_bind_int64(stmt, 2, meter->slot_ts_ms);
    (void)sqlite3_bind_int(stmt, 3, meter->status);
    db_bind_optional(stmt, 4, meter->last_ok_ms != 0, meter->last_ok_ms);
    return db_run(store, stmt);
}

int samples_flush_last(struct store *store, int64_t now_ms)
{
    struct samples_state *samples = store->samples;
    int err = 0;

    /* The wall clock may have been set back. */
    if (now_ms >= samples->flushed_ms && now_ms - samples->flushed_ms < FLUSH_LAST_MS) {
        return 0;
    }
    samples->flushed_ms = now_ms;
    for (size_t i = 0; err == 0 && i < samples->n_meters; i++) {
        if (samples->meter[i].dirty) {
            err = write_last(store, (uint32_t)i, &samples->meter[i]);
            samples->meter[i].dirty = false;
        }
    }
    return err;
}
