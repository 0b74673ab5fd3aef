/* One meter's quarter-hours in the general case: gaps, late readings, changed versions. */
#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/assess/energy.h"
#include "daemon/assess/energy_parts.h"

/* How far back a register is looked for, and a stretch of quarter-hours to be made again.
 */
#define OLDEST_MS (400 * MS_PER_DAY)
/* Readings are taken in bites of this length. */
#define BITE_MS         MS_PER_DAY
#define IMPORT_REGISTER UINT32_C(1)

struct loading {
    struct closing_readings *readings;
    const struct closing_meter *meter;
    int64_t enough_ms; /* stop behind this … */
    int64_t needed_ms; /* … when a register was read here or later */
    bool has_needed;
};

static int load_reading(void *ctx, uint32_t meter_no,
                        const struct register_reading *reading)
{
    struct loading *loading = ctx;
    struct closing_readings *readings = loading->readings;

    (void)meter_no;
    if (readings->n == readings->cap) {
        size_t cap = readings->cap == 0 ? 256 : 2 * readings->cap;
        struct register_reading *more = realloc(readings->reading, cap * sizeof(*more));

        if (more == NULL) {
            return ERR_NOMEM;
        }
        readings->reading = more;
        readings->cap = cap;
    }
    readings->n = interval_readings_add(readings->reading, readings->n, reading,
                                        closing_cut(loading->meter, reading->slot_ts_ms));
    if ((reading->present & IMPORT_REGISTER) != 0 &&
        reading->slot_ts_ms >= loading->needed_ms) {
        loading->has_needed = true;
    }
    return loading->has_needed && reading->slot_ts_ms >= loading->enough_ms;
}

/* Readings from a slot on: a bite past base_ms, and until one closes the quarter-hour
 * there. */
static int load(struct closing *closing, const struct closing_meter *meter, int64_t from_ms,
                int64_t base_ms)
{
    struct closing_readings *readings = &closing->readings;
    struct loading loading = {.readings = readings,
                              .meter = meter,
                              .enough_ms = base_ms + BITE_MS,
                              .needed_ms = base_ms + MS_PER_QUARTER_HOUR};
    struct energy_span span = {meter->meter_no, meter->meter_no, from_ms, closing->now_ms};
    int result = energy_readings_each(closing->store, &span, load_reading, &loading);

    readings->at_end = result == 0;
    return result < 0 ? result : 0;
}

static uint32_t registers_of(const struct closing_readings *readings)
{
    uint32_t registers = 0;

    for (size_t i = 0; i < readings->n; i++) {
        registers |= readings->reading[i].present;
    }
    return registers;
}

/* Back over quarter-hours that lack what the registers may prove now. */
static int walk_back(struct closing *closing, uint32_t meter_no, uint32_t registers,
                     int64_t *from_ms)
{
    int64_t oldest_ms = *from_ms - OLDEST_MS;

    while (*from_ms > oldest_ms) {
        struct interval row;
        int err = energy_interval_get(closing->store, meter_no,
                                      *from_ms - MS_PER_QUARTER_HOUR, -1, &row);

        if (err == ERR_NOT_FOUND || (err == 0 && row.quality != QUALITY_MISSING &&
                                     (registers & ~row.present) == 0)) {
            return 0;
        }
        if (err != 0) {
            return err;
        }
        *from_ms -= MS_PER_QUARTER_HOUR;
    }
    return 0;
}

static int find_newest(struct closing *closing, uint32_t meter_no, int64_t newest_ms,
                       uint32_t registers, struct register_reading *ret_reading)
{
    struct energy_span span = {meter_no, meter_no, newest_ms - OLDEST_MS, newest_ms};

    return energy_reading_newest(closing->store, &span, registers, ret_reading);
}

/* Readings are gone, their register is not: the row that ends at from_ms kept it. */
static int load_from_row(struct closing *closing, const struct closing_meter *meter,
                         const struct interval *row, int64_t from_ms)
{
    struct register_reading kept = {.slot_ts_ms = from_ms,
                                    .ts_ms = row->end_register_ts_ms,
                                    .present = IMPORT_REGISTER,
                                    .reg = {row->end_register}};
    struct loading loading = {.readings = &closing->readings,
                              .meter = meter,
                              .enough_ms = INT64_MAX,
                              .needed_ms = INT64_MAX};
    int result = load_reading(&loading, meter->meter_no, &kept);

    return result != 0 ? result : load(closing, meter, from_ms + 1, from_ms);
}

/* The newest reading at or before newest_ms, or better the one at the start of its
 * quarter-hour: there the row before says whether a register is held. */
static int find_anchor(struct closing *closing, const struct closing_meter *meter,
                       uint32_t registers, int64_t newest_ms, int64_t *ret_anchor_ms)
{
    struct register_reading reading;
    int err = find_newest(closing, meter->meter_no, newest_ms, registers, &reading);

    if (err == ERR_NOT_FOUND && registers != IMPORT_REGISTER) {
        err = find_newest(closing, meter->meter_no, newest_ms, IMPORT_REGISTER, &reading);
    }
    if (err != 0) {
        return err;
    }
    int64_t start_ms = interval_floor(reading.slot_ts_ms);
    struct energy_span at_start = {meter->meter_no, meter->meter_no, start_ms, start_ms};

    *ret_anchor_ms = reading.slot_ts_ms;
    if (start_ms != reading.slot_ts_ms) {
        err = energy_reading_newest(closing->store, &at_start, reading.present, &reading);
        if (err == 0) {
            *ret_anchor_ms = start_ms;
        }
    }
    return err == ERR_NOT_FOUND ? 0 : err;
}

static int row_ending_at(struct closing *closing, uint32_t meter_no, int64_t end_ms,
                         struct interval *ret_row)
{
    *ret_row = (struct interval){0};
    int err = energy_interval_get(closing->store, meter_no, end_ms - MS_PER_QUARTER_HOUR,
                                  -1, ret_row);

    return err == ERR_NOT_FOUND ? 0 : err;
}

/* Nothing is left of the time before: quarter-hours made while it was stay as they are. */
static int load_first(struct closing *closing, const struct closing_meter *meter,
                      int64_t *from_ms)
{
    struct closing_readings *readings = &closing->readings;
    struct interval row;
    int err = load(closing, meter, *from_ms, *from_ms);

    if (err != 0 || readings->n == 0) {
        return err;
    }
    int64_t first_ms = readings->reading[0].slot_ts_ms;

    err = row_ending_at(closing, meter->meter_no,
                        interval_floor(first_ms) + MS_PER_QUARTER_HOUR, &row);
    if (err == 0 && (row.present & IMPORT_REGISTER) != 0 && row.has_start) {
        *from_ms = interval_ceil(first_ms);
    }
    return err;
}

/* Loads what is needed to make quarter-hours from *from_ms on: from the newest reading at
 * or before it, or the register that the row before kept. */
static int load_around(struct closing *closing, const struct closing_meter *meter,
                       uint32_t registers, int64_t *from_ms)
{
    struct closing_readings *readings = &closing->readings;
    int64_t anchor_ms = *from_ms;
    struct interval row;

    readings->n = 0;
    readings->held = 0;
    int found = find_anchor(closing, meter, registers, *from_ms, &anchor_ms);

    if (found != 0 && found != ERR_NOT_FOUND) {
        return found;
    }
    int err = row_ending_at(closing, meter->meter_no, anchor_ms, &row);

    if (err != 0) {
        return err;
    }
    if (found == 0) {
        readings->held = row.held;
        return load(closing, meter, anchor_ms, *from_ms);
    }
    if (row.has_end) {
        return load_from_row(closing, meter, &row, *from_ms);
    }
    return load_first(closing, meter, from_ms);
}

static int write_up_to(struct closing *closing, const struct closing_meter *meter,
                       int64_t from_ms, int64_t *ret_until_ms)
{
    *ret_until_ms = closing_limit(closing, meter, &closing->readings, from_ms);
    if (*ret_until_ms == from_ms) {
        return 0;
    }
    return closing_write(closing, meter, &closing->readings, from_ms, *ret_until_ms);
}

int closing_advance(struct closing *closing, const struct closing_meter *meter)
{
    struct closing_readings *readings = &closing->readings;
    int64_t from_ms = meter->next_start_ms;
    int64_t until_ms = from_ms;

    readings->n = 0;
    readings->held = 0;
    int err = load(closing, meter, from_ms, from_ms);

    if (err != 0) {
        return err;
    }
    uint32_t registers = registers_of(readings);

    if ((registers & IMPORT_REGISTER) != 0) {
        err = walk_back(closing, meter->meter_no, registers, &from_ms);
        if (err == 0) {
            err = load_around(closing, meter, registers, &from_ms);
        }
    }
    if (err == 0) {
        err = write_up_to(closing, meter, from_ms, &until_ms);
    }
    if (err == 0 && until_ms > meter->next_start_ms && !readings->at_end) {
        closing->more = true;
    }
    return err;
}

/* The quarter-hour of the newest reading before a change, which it touches; the first
 * reading's when there is none before. */
static int find_touched(struct closing *closing, const struct closing_meter *meter,
                        int64_t changed_ms, uint32_t registers, int64_t *ret_start_ms)
{
    struct register_reading reading;
    int err = find_newest(closing, meter->meter_no, changed_ms - 1, registers, &reading);

    if (err == 0) {
        *ret_start_ms = interval_floor(reading.slot_ts_ms);
    }
    if (err != ERR_NOT_FOUND) {
        return err;
    }
    closing->readings.n = 0;
    err = load(closing, meter, changed_ms, changed_ms);
    if (err == 0 && closing->readings.n == 0) {
        return ERR_NOT_FOUND;
    }
    if (err == 0) {
        *ret_start_ms = interval_floor(closing->readings.reading[0].slot_ts_ms);
    }
    return err;
}

static int registers_ahead(struct closing *closing, const struct closing_meter *meter,
                           int64_t start_ms, uint32_t *ret_registers)
{
    closing->readings.n = 0;
    int err = load(closing, meter, start_ms, start_ms);

    *ret_registers = registers_of(&closing->readings) | IMPORT_REGISTER;
    return err;
}

/* A register that comes less often than energy_import_wh is touched further back. */
static int widen_touched(struct closing *closing, const struct closing_meter *meter,
                         int64_t changed_ms, uint32_t registers, int64_t *start_ms)
{
    int64_t wider_ms = *start_ms;
    int err = registers == IMPORT_REGISTER
                  ? 0
                  : find_touched(closing, meter, changed_ms, registers, &wider_ms);

    if (err != 0 && err != ERR_NOT_FOUND) {
        return err;
    }
    *start_ms = wider_ms < *start_ms ? wider_ms : *start_ms;
    return walk_back(closing, meter->meter_no, registers, start_ms);
}

int closing_reopen(struct closing *closing, const struct closing_meter *meter,
                   struct closing_job *job)
{
    int64_t changed_ms = job->from_ms;
    int64_t start_ms = changed_ms;
    int64_t end_ms = 0;
    uint32_t registers = IMPORT_REGISTER;
    int err = 0;

    if (!job->goes_on) {
        err = find_touched(closing, meter, changed_ms, registers, &start_ms);
    }
    job->from_ms = TS_MS_OPEN;
    if (err == ERR_NOT_FOUND || (err == 0 && meter->live &&
                                 (!meter->has_next || start_ms >= meter->next_start_ms))) {
        return 0; /* nothing to go by, or not closed yet */
    }
    if (err == 0) {
        err = registers_ahead(closing, meter, start_ms, &registers);
    }
    if (err == 0 && !job->goes_on) {
        err = widen_touched(closing, meter, changed_ms, registers, &start_ms);
    }
    if (err == 0) {
        err = load_around(closing, meter, registers, &start_ms);
    }
    int before = closing->n_written;

    if (err == 0) {
        err = write_up_to(closing, meter, start_ms, &end_ms);
    }
    bool is_past = end_ms > job->until_ms && closing->n_written == before;

    if (err == 0 && end_ms > start_ms && !closing->readings.at_end && !is_past) {
        job->from_ms = end_ms;
        job->goes_on = true;
    }
    return err;
}
