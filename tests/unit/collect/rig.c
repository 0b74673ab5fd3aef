#include "tests/unit/collect/rig.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/core/log.h"
#include "tests/support/test.h"

static void on_sample(void *ctx, const struct sample *sample)
{
    struct rig *rig = ctx;

    if (rig->n_samples == rig->cap_samples) {
        rig->cap_samples = rig->cap_samples * 2 + 1024;
        rig->sample = realloc(rig->sample, rig->cap_samples * sizeof(*rig->sample));
        rig->told_ms = realloc(rig->told_ms, rig->cap_samples * sizeof(*rig->told_ms));
        assert_non_null(rig->sample);
        assert_non_null(rig->told_ms);
    }
    rig->told_ms[rig->n_samples] = rig->run.clock.wall_ms;
    rig->sample[rig->n_samples++] = *sample;
}

static void on_schedule(void *ctx, uint32_t meter_no, int64_t from_ms, int32_t interval_s)
{
    struct rig *rig = ctx;

    if (rig->n_schedule < sizeof(rig->schedule) / sizeof(rig->schedule[0])) {
        rig->schedule[rig->n_schedule++] =
            (struct rig_schedule){meter_no, from_ms, interval_s};
    }
}

void rig_add_point(struct rig *rig, enum quantity quantity, uint16_t address)
{
    struct profile_point *point = &rig->point[rig->profile.n_points++];

    *point = (struct profile_point){.quantity = quantity, .function = 3, .n_parts = 1};
    point->part[0] = (struct profile_part){
        .address = address, .type = REGISTER_U32, .order = WORD_ORDER_BE, .scale = {1, 1}};
}

void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    log_init(LOG_LEVEL_ERROR, 0);
    virtual_run_init(&rig->run, RIG_START_MS);
    assert_int_equal(loop_new(&rig->run.clock.clock, 16, &rig->loop), 0);
    assert_int_equal(loop_new(&rig->run.clock.clock, 16, &rig->meter_loop), 0);
    assert_int_equal(virtual_run_add(&rig->run, rig->loop), 0);
    assert_int_equal(virtual_run_add(&rig->run, rig->meter_loop), 0);
    (void)snprintf(rig->profile.id, sizeof(rig->profile.id), "test-meter");
    rig->profile.register_wh = (struct ratio){1, 1};
    rig->profile.point = rig->point;
    rig_add_point(rig, QUANTITY_ENERGY_IMPORT_WH, 0);
    rig_add_point(rig, QUANTITY_POWER_W, 10);
    rig_add_point(rig, QUANTITY_VOLTAGE_A_MV, 20);
    rig->options = (struct collect_options){
        .loop = rig->loop,
        .timing = {.timeout_ms = 1000, .retries = 1, .backoff_max_ms = 300000},
        .seed = 1,
        .deliver = on_sample,
        .schedule = on_schedule,
        .ctx = rig,
    };
}

void rig_done(struct rig *rig)
{
    collect_free(rig->collect);
    loop_free(rig->loop);
    loop_free(rig->meter_loop);
    free(rig->sample);
    free(rig->told_ms);
}

uint32_t rig_add_meter(struct rig *rig, uint16_t port, uint8_t unit, int32_t interval_s)
{
    struct meter *meter = &rig->meter[rig->n_meters];

    memset(meter, 0, sizeof(*meter));
    meter->meter_no = (uint32_t)rig->n_meters + 1;
    meter->pt = (struct ratio){1, 1};
    meter->ct = (struct ratio){1, 1};
    (void)snprintf(meter->id, sizeof(meter->id), "M%03d", rig->n_meters + 1);
    (void)snprintf(meter->endpoint, sizeof(meter->endpoint), "modbus+tcp://127.0.0.1:%u",
                   (unsigned)port);
    (void)snprintf(meter->address, sizeof(meter->address), "%u", (unsigned)unit);
    for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
        meter->interval_s[g] = interval_s;
    }
    rig->profile_of_meter[rig->n_meters++] = &rig->profile;
    return meter->meter_no;
}

void rig_start(struct rig *rig)
{
    if (rig->collect == NULL) {
        assert_int_equal(collect_new(&rig->options, &rig->collect), 0);
    }
    assert_int_equal(
        collect_set_meters(rig->collect, rig->meter, rig->n_meters, rig->profile_of_meter),
        0);
}

void rig_run(struct rig *rig, int64_t ms)
{
    virtual_run_until(&rig->run, rig->run.clock.wall_ms + ms);
}

int rig_count(const struct rig *rig, uint32_t meter_no, enum slot_status status)
{
    int n = 0;

    for (size_t i = 0; i < rig->n_samples; i++) {
        n += rig->sample[i].meter_no == meter_no &&
                     (status == SLOT_STATUS_COUNT || rig->sample[i].status == status)
                 ? 1
                 : 0;
    }
    return n;
}

const struct sample *rig_sample(const struct rig *rig, uint32_t meter_no, int n)
{
    for (size_t i = 0; i < rig->n_samples; i++) {
        if (rig->sample[i].meter_no == meter_no && n-- == 0) {
            return &rig->sample[i];
        }
    }
    fail_msg("meter %u has no such outcome", meter_no);
    return NULL;
}

void rig_assert_dense(const struct rig *rig, uint32_t meter_no, int64_t from_ms,
                      int64_t interval_ms, int n)
{
    assert_int_equal(rig_count(rig, meter_no, SLOT_STATUS_COUNT), n);
    for (size_t i = 0; i < rig->n_samples; i++) {
        if (rig->sample[i].meter_no == meter_no) {
            assert_int_equal(rig->sample[i].slot_ts_ms, from_ms);
            from_ms += interval_ms;
        }
    }
}

uint16_t rig_closed_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t n = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &n), 0);
    (void)close(fd);
    return ntohs(address.sin_port);
}
