/* A meter whose registers are written down by hand, and its quarter-hours. */
#ifndef ECMON_TESTS_COMPUTE_INTERVAL_FIXTURE_H
#define ECMON_TESTS_COMPUTE_INTERVAL_FIXTURE_H

#include <ecmon/time.h>

#include "daemon/compute/interval.h"
#include "tests/support/test.h"

/* 2026-11-21T08:00:00+08:00 */
#define T0            INT64_C(1795219200000)
#define MIN           MS_PER_MIN

#define READINGS_MAX  8192
#define INTERVALS_MAX 1024

struct plant {
    struct register_version version[4];
    int n_versions;
    struct register_reading reading[READINGS_MAX];
    size_t n;
    uint32_t held;
    struct interval interval[INTERVALS_MAX];
    struct interval_result result;
};

/* 0.01 kWh a unit (10 Wh), range 1,000,000.00 kWh. */
static inline void plant_init(struct plant *plant)
{
    memset(plant, 0, sizeof(*plant));
    plant->n_versions = 1;
    plant->version[0] = (struct register_version){.until_ms = TS_MS_OPEN,
                                                  .enterprise_no = 3,
                                                  .register_wh = {10, 1},
                                                  .register_range = 100000000,
                                                  .initial = -1,
                                                  .previous_final = -1};
    plant->result.interval = plant->interval;
    plant->result.cap = INTERVALS_MAX;
}

/* energy_import_wh shows units, `minute` minutes after T0; it arrives 100 ms later. */
static inline void plant_read(struct plant *plant, int64_t minute, int64_t units)
{
    int64_t slot_ms = T0 + minute * MIN;

    plant->reading[plant->n] = (struct register_reading){
        .slot_ts_ms = slot_ms, .ts_ms = slot_ms + 100, .present = 1, .reg = {units}};
    plant->n++;
}

/* A new version from `minute` on; the caller changes what differs. */
static inline struct register_version *plant_version(struct plant *plant, int64_t minute)
{
    struct register_version *version = &plant->version[plant->n_versions];

    *version = version[-1];
    version[-1].until_ms = T0 + minute * MIN;
    version->since_ms = T0 + minute * MIN;
    plant->n_versions++;
    return version;
}

/* Quarter-hours that begin `from` to `until` minutes after T0. */
static inline int plant_make(struct plant *plant, int64_t from, int64_t until)
{
    struct interval_window window = {.meter_no = 7,
                                     .version = plant->version,
                                     .n_versions = plant->n_versions,
                                     .reading = plant->reading,
                                     .n_readings = plant->n,
                                     .held = plant->held,
                                     .from_ms = T0 + from * MIN,
                                     .until_ms = T0 + until * MIN};

    return interval_make(&window, &plant->result);
}

#define NONE INT64_MIN

static inline void plant_expect(const struct plant *plant, int i, int64_t energy_wh,
                                enum quality quality)
{
    const struct interval *interval = &plant->interval[i];
    int64_t found = (interval->present & 1u) != 0 ? interval->energy[0] : NONE;

    if (i >= plant->result.n || found != energy_wh || interval->quality != quality) {
        print_error("quarter %d: %lld Wh, quality %d\n", i, (long long)found,
                    (int)interval->quality);
        fail();
    }
}

#endif
