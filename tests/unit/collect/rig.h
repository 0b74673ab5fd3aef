/* The engine in a virtual run: fake meters, a profile of a few registers, what was told. */
#ifndef ECMON_TESTS_UNIT_COLLECT_RIG_H
#define ECMON_TESTS_UNIT_COLLECT_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/profile.h>
#include <ecmon/sample.h>

#include "daemon/collect/collect.h"
#include "daemon/core/virtual_run.h"
#include "tests/support/fake_meter.h"

/* 2026-11-21T08:00:00+08:00, a quarter-hour boundary. */
#define RIG_START_MS   INT64_C(1795219200000)
#define RIG_METERS_MAX 2048
#define RIG_POINTS_MAX 24

struct rig_schedule {
    uint32_t meter_no;
    int64_t from_ms;
    int32_t interval_s;
};

struct rig {
    struct virtual_run run;
    struct loop *loop;       /* the engine's */
    struct loop *meter_loop; /* the fakes' */
    struct collect *collect;
    struct collect_options options; /* to be changed before rig_start */
    struct profile profile;
    struct profile_point point[RIG_POINTS_MAX];
    struct meter meter[RIG_METERS_MAX];
    const struct profile *profile_of_meter[RIG_METERS_MAX];
    int n_meters;
    struct sample *sample; /* in the order told */
    int64_t *told_ms;      /* wall time of each */
    size_t n_samples;
    size_t cap_samples;
    struct rig_schedule schedule[256];
    size_t n_schedule;
};

/* Profile: energy_import at 0, power_w at 10, voltage_a_mv at 20, each U32, high word
 * first; timeout 1 s, 1 retry, back-off to 5 min. */
void rig_init(struct rig *rig);
void rig_done(struct rig *rig);
void rig_add_point(struct rig *rig, enum quantity quantity, uint16_t address);
/* A meter "M001", numbers from 1, every interval_s. Returns its number. */
uint32_t rig_add_meter(struct rig *rig, uint16_t port, uint8_t unit, int32_t interval_s);
/* Makes the engine (first time) and gives it the meters. */
void rig_start(struct rig *rig);
/* Lets time pass; ms of virtual time from now on. */
void rig_run(struct rig *rig, int64_t ms);
/* Outcomes of a meter with a status (SLOT_STATUS_COUNT: any). */
int rig_count(const struct rig *rig, uint32_t meter_no, enum slot_status status);
/* The n-th outcome of a meter, from 0; fails the test when there is none. */
const struct sample *rig_sample(const struct rig *rig, uint32_t meter_no, int n);
/* Fails unless a meter's slots are from, from + interval, … without gap or repetition. */
void rig_assert_dense(const struct rig *rig, uint32_t meter_no, int64_t from_ms,
                      int64_t interval_ms, int n);
/* A loopback port on which nobody listens. */
uint16_t rig_closed_port(void);

#endif
