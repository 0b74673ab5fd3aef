/*
 * The poll loop of ecmond alone: the engine of daemon/collect reads N meters on N
 * connections, one request of 40 registers each, and throws the samples away. To be
 * compared with bench_raw at the same interval; "flat out" is every millisecond, the
 * engine's shortest slot.
 */
#include <stdio.h>
#include <stdlib.h>

#include <ecmon/err.h>

#include "daemon/collect/collect.h"
#include "daemon/core/clock.h"
#include "daemon/core/log.h"
#include "daemon/core/loop.h"
#include "tests/bench/bench.h"

#define INBOX_CAP   64
#define FLAT_OUT_MS 1
#define WARM_UP_MS  1000

struct poll_bench {
    int port;
    int n_connections;
    int seconds;
    int interval_ms;
    struct loop *loop;
    struct collect *collect;
    struct profile profile;
    struct profile_point point[BENCH_VALUES];
    struct loop_timer begin_timer;
    struct loop_timer end_timer;
    bool is_counting;
    int64_t cpu_us;
    int64_t start_us;
    int64_t requests;
    int64_t failures;
    int64_t late;
};

/* What stands in the registers 0, 2, 4 ... of bench_meter_server. */
static const enum quantity quantities[BENCH_VALUES] = {
    QUANTITY_VOLTAGE_A_MV, QUANTITY_VOLTAGE_B_MV,     QUANTITY_VOLTAGE_C_MV,
    QUANTITY_CURRENT_A_MA, QUANTITY_CURRENT_B_MA,     QUANTITY_CURRENT_C_MA,
    QUANTITY_POWER_A_W,    QUANTITY_POWER_B_W,        QUANTITY_POWER_C_W,
    QUANTITY_POWER_W,      QUANTITY_APPARENT_VA,      QUANTITY_DEMAND_W,
    QUANTITY_REACTIVE_VAR, QUANTITY_ENERGY_IMPORT_WH, QUANTITY_REACTIVE_IMPORT_VARH,
    QUANTITY_PF_E3,        QUANTITY_ENERGY_EXPORT_WH, QUANTITY_REACTIVE_EXPORT_VARH,
    QUANTITY_CURRENT_N_MA, QUANTITY_FREQUENCY_MHZ};

static void fill_profile(struct poll_bench *bench)
{
    struct profile *profile = &bench->profile;

    *profile = (struct profile){.id = "bench-meter",
                                .primary_side = true,
                                .max_registers = BENCH_REGISTERS,
                                .register_wh = {1, 1},
                                .n_points = BENCH_VALUES,
                                .point = bench->point};
    for (int i = 0; i < BENCH_VALUES; i++) {
        struct profile_point *point = &bench->point[i];

        *point = (struct profile_point){
            .quantity = quantities[i], .function = BENCH_FUNCTION, .n_parts = 1};
        point->part[0] = (struct profile_part){.address = (uint16_t)(2 * i),
                                               .type = REGISTER_F32,
                                               .order = WORD_ORDER_BE,
                                               .scale = {1000, 1}};
    }
}

static void deliver(void *ctx, const struct sample *sample)
{
    struct poll_bench *bench = ctx;

    if (!bench->is_counting) {
        return;
    }
    bench->requests += sample->status == SLOT_OK ? 1 : 0;
    bench->late += sample->status == SLOT_MISSED ? 1 : 0;
    bench->failures += sample->status != SLOT_OK && sample->status != SLOT_MISSED ? 1 : 0;
}

static void on_begin(void *ctx)
{
    struct poll_bench *bench = ctx;

    bench->is_counting = true;
    bench->cpu_us = bench_cpu_us();
    bench->start_us = bench_mono_us();
}

static void on_end(void *ctx)
{
    struct poll_bench *bench = ctx;

    loop_stop(bench->loop);
}

static int set_meters(struct poll_bench *bench)
{
    size_t n = (size_t)bench->n_connections;
    struct meter *meter = calloc(n, sizeof(*meter));
    const struct profile **profile =
        (const struct profile **)calloc(n, sizeof(struct profile *));
    int err = meter == NULL || profile == NULL ? ERR_NOMEM : 0;

    for (size_t i = 0; err == 0 && i < n; i++) {
        meter[i] = (struct meter){
            .meter_no = (uint32_t)i + 1, .pt = {1, 1}, .ct = {1, 1}, .address = "1"};
        (void)snprintf(meter[i].id, sizeof(meter[i].id), "M%05zu", i + 1);
        (void)snprintf(meter[i].endpoint, sizeof(meter[i].endpoint),
                       "modbus+tcp://127.0.0.1:%d", bench->port);
        for (int g = 0; g < QUANTITY_GROUP_COUNT; g++) {
            meter[i].interval_s[g] = 1;
        }
        profile[i] = &bench->profile;
    }
    if (err == 0) {
        err = collect_set_meters(bench->collect, meter, bench->n_connections, profile);
    }
    free(meter);
    free((void *)profile);
    return err;
}

static int open_engine(struct poll_bench *bench)
{
    struct conf_line line = {
        .timeout_ms = -1, .gap_ms = -1, .retries = -1, .connections = bench->n_connections};
    const struct collect_options options = {
        .loop = bench->loop,
        .timing = {.timeout_ms = 1000,
                   .retries = 1,
                   .backoff_max_ms = 300000,
                   .line = &line,
                   .n_lines = 1},
        .seed = 1,
        .interval_ms = bench->interval_ms > 0 ? bench->interval_ms : FLAT_OUT_MS,
        .deliver = deliver,
        .ctx = bench};

    (void)snprintf(line.endpoint, sizeof(line.endpoint), "modbus+tcp://127.0.0.1:%d",
                   bench->port);
    int err = collect_new(&options, &bench->collect);

    return err != 0 ? err : set_meters(bench);
}

static int run(struct poll_bench *bench)
{
    int64_t begin_mono_ms = loop_mono_ms(bench->loop) + WARM_UP_MS;

    loop_timer_init(&bench->begin_timer, on_begin, bench);
    loop_timer_init(&bench->end_timer, on_end, bench);
    if (loop_timer_arm(bench->loop, &bench->begin_timer, begin_mono_ms) != 0 ||
        loop_timer_arm(bench->loop, &bench->end_timer,
                       begin_mono_ms + (int64_t)bench->seconds * 1000) != 0) {
        return ERR_NOMEM;
    }
    return loop_run(bench->loop);
}

static void print(const struct poll_bench *bench)
{
    double cpu_us = (double)(bench_cpu_us() - bench->cpu_us);
    double seconds = (double)(bench_mono_us() - bench->start_us) / 1e6;
    double requests = bench->requests > 0 ? (double)bench->requests : 1;

    (void)printf(
        "bench=poll connections=%d interval_ms=%d requests=%lld failures=%lld late=%lld "
        "requests_per_s=%.0f cpu_us_per_request=%.3f private_kib=%lld\n",
        bench->n_connections, bench->interval_ms, (long long)bench->requests,
        (long long)bench->failures, (long long)bench->late, requests / seconds,
        cpu_us / requests, (long long)bench_private_kib());
}

int main(int argc, char **argv)
{
    static struct poll_bench bench = {.port = 1502, .n_connections = 100, .seconds = 5};
    const struct bench_option options[] = {
        {"--port", &bench.port, NULL, "of the meters, on loopback (1502)"},
        {"--connections", &bench.n_connections, NULL, "(100)"},
        {"--seconds", &bench.seconds, NULL, "(5)"},
        {"--interval-ms", &bench.interval_ms, NULL,
         "between polls; 0 = flat out, every millisecond (default)"},
    };

    if (bench_parse(argc, argv, options, 4) != 0) {
        return 64;
    }
    bench_raise_descriptors();
    log_init(LOG_LEVEL_ERROR, 0);
    fill_profile(&bench);
    int err = loop_new(clock_real(), INBOX_CAP, &bench.loop);

    err = err != 0 ? err : open_engine(&bench);
    err = err != 0 ? err : run(&bench);
    if (err == 0) {
        print(&bench);
    } else {
        (void)fprintf(stderr, "bench_poll: error %d\n", err);
    }
    collect_free(bench.collect);
    loop_free(bench.loop);
    return err == 0 && bench.failures == 0 ? 0 : 1;
}
