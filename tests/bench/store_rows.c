/*
 * Processor time per reading and bytes per value of the store: rows of 20 values, one
 * transaction per slot, beside a bare SQLite table that takes the same rows in the same
 * run.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ecmon/sample.h>

#include "daemon/store/samples.h"
#include "daemon/store/store.h"
#include "tests/bench/bench.h"

#define EPOCH_MS INT64_C(1795219200000)

static const enum quantity measured[BENCH_VALUES] = {QUANTITY_ENERGY_IMPORT_WH,
                                                     QUANTITY_ENERGY_EXPORT_WH,
                                                     QUANTITY_REACTIVE_IMPORT_VARH,
                                                     QUANTITY_REACTIVE_EXPORT_VARH,
                                                     QUANTITY_POWER_W,
                                                     QUANTITY_POWER_A_W,
                                                     QUANTITY_POWER_B_W,
                                                     QUANTITY_POWER_C_W,
                                                     QUANTITY_REACTIVE_VAR,
                                                     QUANTITY_APPARENT_VA,
                                                     QUANTITY_PF_E3,
                                                     QUANTITY_VOLTAGE_A_MV,
                                                     QUANTITY_VOLTAGE_B_MV,
                                                     QUANTITY_VOLTAGE_C_MV,
                                                     QUANTITY_CURRENT_A_MA,
                                                     QUANTITY_CURRENT_B_MA,
                                                     QUANTITY_CURRENT_C_MA,
                                                     QUANTITY_CURRENT_N_MA,
                                                     QUANTITY_FREQUENCY_MHZ,
                                                     QUANTITY_DEMAND_W};

static const char *const bare_schema =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    "CREATE TABLE reading (key INTEGER PRIMARY KEY, v0, v1, v2, v3, v4, v5, v6, v7, v8, v9,"
    " v10, v11, v12, v13, v14, v15, v16, v17, v18, v19)";

static const char *const bare_insert =
    "INSERT INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

struct bench {
    struct store *store;
    sqlite3 *bare;
    sqlite3_stmt *insert;
    struct sample *sample;
    uint64_t random;
    int meters;
    int64_t store_us;
    int64_t bare_us;
};

static int64_t noise(struct bench *bench, int64_t spread)
{
    bench->random =
        bench->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((bench->random >> 33) % (uint64_t)(2 * spread + 1)) - spread;
}

/* A three-phase load between 2 kW and 1 MW, 380 V, energies in 10 Wh. */
static void measure(struct bench *bench, int meter, int64_t slot_ts_ms)
{
    struct sample *sample = &bench->sample[meter];
    int64_t phase_w = 700 + (int64_t)meter * meter * 333333 / bench->meters / bench->meters;
    int64_t *value = sample->value;

    phase_w += noise(bench, phase_w / 20);
    sample->slot_ts_ms = slot_ts_ms;
    sample->ts_ms = slot_ts_ms + 300 + noise(bench, 250);
    value[QUANTITY_ENERGY_IMPORT_WH] += phase_w * 3 / 36000 + 1;
    value[QUANTITY_REACTIVE_IMPORT_VARH] += phase_w / 36000 + 1;
    value[QUANTITY_POWER_W] = 0;
    for (int i = 0; i < 3; i++) {
        int64_t w = phase_w + noise(bench, phase_w / 50);
        int64_t mv = 230000 + noise(bench, 2000);

        value[QUANTITY_POWER_A_W + i] = w;
        value[QUANTITY_POWER_W] += w;
        value[QUANTITY_VOLTAGE_A_MV + i] = mv;
        value[QUANTITY_CURRENT_A_MA + i] = w * 1050000 / mv;
    }
    value[QUANTITY_CURRENT_N_MA] = phase_w / 20;
    value[QUANTITY_REACTIVE_VAR] = phase_w;
    value[QUANTITY_APPARENT_VA] = value[QUANTITY_POWER_W] * 105 / 100;
    value[QUANTITY_PF_E3] = 950 + noise(bench, 20);
    value[QUANTITY_FREQUENCY_MHZ] = 50000 + noise(bench, 30);
    value[QUANTITY_DEMAND_W] = value[QUANTITY_POWER_W] * 98 / 100;
}

static void first_samples(struct bench *bench)
{
    for (int i = 0; i < bench->meters; i++) {
        struct sample *sample = &bench->sample[i];

        sample->meter_no = (uint32_t)i + 1;
        sample->interval_s = 1;
        sample->status = SLOT_OK;
        for (int k = 0; k < BENCH_VALUES; k++) {
            sample->present |= 1u << measured[k];
        }
        sample->value[QUANTITY_ENERGY_IMPORT_WH] = 12345678 + (int64_t)i * 4000;
        sample->value[QUANTITY_REACTIVE_IMPORT_VARH] = 2345678 + (int64_t)i * 1000;
        sample->value[QUANTITY_REACTIVE_EXPORT_VARH] = 12345;
    }
}

static int store_slot(struct bench *bench)
{
    int err = store_begin(bench->store);

    for (int i = 0; err == 0 && i < bench->meters; i++) {
        err = samples_insert(bench->store, &bench->sample[i], false);
    }
    return err != 0 ? err : store_commit(bench->store);
}

static int bare_slot(struct bench *bench)
{
    int code = sqlite3_exec(bench->bare, "BEGIN", NULL, NULL, NULL);

    for (int i = 0; code == SQLITE_OK && i < bench->meters; i++) {
        const struct sample *sample = &bench->sample[i];

        (void)sqlite3_bind_int64(
            bench->insert, 1, sample->slot_ts_ms / 1000 << 20 | (int64_t)sample->meter_no);
        for (int k = 0; k < BENCH_VALUES; k++) {
            (void)sqlite3_bind_int64(bench->insert, k + 2, sample->value[measured[k]]);
        }
        (void)sqlite3_step(bench->insert);
        code = sqlite3_reset(bench->insert);
    }
    return code != SQLITE_OK ? code : sqlite3_exec(bench->bare, "COMMIT", NULL, NULL, NULL);
}

static int run(struct bench *bench, int slots)
{
    int err = 0;

    for (int slot = 0; err == 0 && slot < slots; slot++) {
        for (int i = 0; i < bench->meters; i++) {
            measure(bench, i, EPOCH_MS + (int64_t)slot * 1000);
        }
        int64_t start_us = bench_cpu_us();

        err = store_slot(bench);
        int64_t middle_us = bench_cpu_us();

        if (err == 0) {
            err = bare_slot(bench);
        }
        bench->store_us += middle_us - start_us;
        bench->bare_us += bench_cpu_us() - middle_us;
    }
    return err;
}

static int64_t file_bytes(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int64_t bytes = 0;

    if (sqlite3_prepare_v2(db,
                           "SELECT page_count * page_size FROM pragma_page_count, "
                           "pragma_page_size",
                           -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        bytes = sqlite3_column_int64(stmt, 0);
    }
    (void)sqlite3_finalize(stmt);
    return bytes;
}

static int open_both(struct bench *bench, const char *folder)
{
    static const struct zone zone = {8 * 3600 * 1000, "Asia/Shanghai"};
    char path[128];
    char why[256];

    (void)snprintf(path, sizeof(path), "%s/store.db", folder);
    struct store_options options = {.path = path,
                                    .mode = STORE_WRITE,
                                    .now_ms = EPOCH_MS,
                                    .site_id = "bench",
                                    .zone = &zone};

    if (store_open(&options, &bench->store, why, sizeof(why)) != 0) {
        (void)fprintf(stderr, "bench_store_rows: %s\n", why);
        return -1;
    }
    (void)snprintf(path, sizeof(path), "%s/bare.db", folder);
    if (sqlite3_open(path, &bench->bare) != SQLITE_OK ||
        sqlite3_exec(bench->bare, bare_schema, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(bench->bare, bare_insert, -1, &bench->insert, NULL) !=
            SQLITE_OK) {
        (void)fprintf(stderr, "bench_store_rows: %s\n", sqlite3_errmsg(bench->bare));
        return -1;
    }
    return 0;
}

static void clean(const char *folder)
{
    static const char *const names[] = {"store.db", "store.db-wal", "store.db-shm",
                                        "store.db.lock", "bare.db"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[160];

        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

static void report(const struct bench *bench, int slots, int64_t empty_bytes)
{
    sqlite3 *db = NULL;
    char path[160];
    double rows = (double)bench->meters * slots;

    (void)snprintf(path, sizeof(path), "%s", store_path(bench->store));
    (void)sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);
    double store_bytes = (double)(file_bytes(db) - empty_bytes);

    (void)sqlite3_close(db);
    (void)printf("rows %.0f\nstore_us_per_row %.3f\nbare_us_per_row %.3f\nratio %.2f\n"
                 "store_bytes_per_value %.2f\nbare_bytes_per_value %.2f\n",
                 rows, (double)bench->store_us / rows, (double)bench->bare_us / rows,
                 (double)bench->store_us / (double)bench->bare_us,
                 store_bytes / rows / BENCH_VALUES,
                 (double)file_bytes(bench->bare) / rows / BENCH_VALUES);
}

int main(int argc, char **argv)
{
    int meters = 1000;
    int slots = 300;
    char folder[] = "/tmp/ecmon-bench-XXXXXX";
    struct bench bench = {.random = 1};
    const struct bench_option options[] = {
        {"--meters", &meters, NULL, "meters per slot"},
        {"--slots", &slots, NULL, "slots, one transaction each"},
    };

    if (bench_parse(argc, argv, options, 2) != 0 || meters < 1 || slots < 1) {
        return 64;
    }
    bench.meters = meters;
    bench.sample = calloc((size_t)meters, sizeof(*bench.sample));
    if (bench.sample == NULL || mkdtemp(folder) == NULL) {
        free(bench.sample);
        return 74;
    }
    int err = open_both(&bench, folder);

    if (err == 0) {
        sqlite3 *db = NULL;

        (void)sqlite3_open_v2(store_path(bench.store), &db, SQLITE_OPEN_READONLY, NULL);
        int64_t empty_bytes = file_bytes(db);

        (void)sqlite3_close(db);
        first_samples(&bench);
        err = run(&bench, slots);
        if (err == 0) {
            report(&bench, slots, empty_bytes);
        }
    }
    (void)sqlite3_finalize(bench.insert);
    (void)sqlite3_close(bench.bare);
    store_close(bench.store);
    free(bench.sample);
    clean(folder);
    return err == 0 ? 0 : 1;
}
