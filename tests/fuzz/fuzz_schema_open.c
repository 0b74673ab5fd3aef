/*
 * A damaged store: opened or refused, read without crash, never an endless loop.
 * Input: first byte 0xff: the rest is the file. Else two bytes that cut the file (in units
 * of 64 bytes, 0 = whole), then four bytes per wound: three of offset, one of value, in a
 * sound store that is made once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/db.h"
#include "daemon/store/journal.h"
#include "daemon/store/samples.h"
#include "daemon/store/store.h"

#define T0 INT64_C(1795219200000)

static const struct zone zone = {8 * 3600 * 1000, "Asia/Shanghai"};

static const char *const questions[] = {
    "SELECT * FROM v_reading LIMIT 50",     "SELECT * FROM v_interval LIMIT 50",
    "SELECT * FROM v_curve LIMIT 50",       "SELECT * FROM v_energy_month LIMIT 50",
    "SELECT * FROM v_success_day LIMIT 50", "SELECT * FROM v_rate_day LIMIT 50",
    "SELECT * FROM v_meter LIMIT 50",       "SELECT * FROM v_enterprise LIMIT 50",
};

struct place {
    char folder[64];
    char path[96];
    unsigned char *sound;
    size_t n;
};

static struct place place;

static struct store_options options(enum store_mode mode)
{
    return (struct store_options){
        .path = place.path, .mode = mode, .now_ms = T0, .site_id = "fuzz", .zone = &zone};
}

static void remove_files(void)
{
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        char path[128];

        (void)snprintf(path, sizeof(path), "%s%s", place.path, ends[i]);
        (void)unlink(path);
    }
}

static void leave(void)
{
    remove_files();
    (void)rmdir(place.folder);
    free(place.sound);
}

static void fill(struct store *store)
{
    (void)store_begin(store);
    (void)db_exec(
        store,
        "INSERT INTO enterprise (id) VALUES ('E1');"
        "INSERT INTO meter (id) VALUES ('M1'), ('M2');"
        "INSERT INTO meter_version (meter_no, since_ms, until_ms, enterprise_no, "
        "pt_num, pt_den, ct_num, ct_den, register_wh_num, register_wh_den, role, "
        "loss_bp, energy_interval_s, power_interval_s, voltage_interval_s, "
        "current_interval_s) SELECT meter_no, 0, 9223372036854775807, 1, 1, 1, 1, 1, "
        "10, 1, 'supply', 0, 60, 60, 60, 60 FROM meter;");
    for (int i = 0; i < 40; i++) {
        struct sample sample = {.slot_ts_ms = T0 + i / 2 * MS_PER_MIN,
                                .ts_ms = T0 + i / 2 * MS_PER_MIN + 100,
                                .meter_no = 1 + (uint32_t)i % 2,
                                .interval_s = 60,
                                .present = 0x1f};

        (void)samples_insert(store, &sample, false);
    }
    (void)store_commit(store);
    (void)db_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void make_sound(void)
{
    struct store_options writer = options(STORE_WRITE);
    struct store *store = NULL;

    if (store_open(&writer, &store, NULL, 0) != 0) {
        abort();
    }
    fill(store);
    store_close(store);
    FILE *file = fopen(place.path, "rb");

    place.sound = malloc(1 << 20);
    if (file == NULL || place.sound == NULL) {
        abort();
    }
    place.n = fread(place.sound, 1, 1 << 20, file);
    (void)fclose(file);
}

static void prepare(void)
{
    if (place.sound != NULL) {
        return;
    }
    (void)snprintf(place.folder, sizeof(place.folder), "/tmp/ecmon-fuzz-XXXXXX");
    if (mkdtemp(place.folder) == NULL) {
        abort();
    }
    (void)snprintf(place.path, sizeof(place.path), "%s/f.db", place.folder);
    make_sound();
    (void)atexit(leave);
}

static void write_file(const uint8_t *bytes, size_t n)
{
    FILE *file = fopen(place.path, "wb");

    if (file == NULL) {
        abort();
    }
    if (n > 0) {
        (void)fwrite(bytes, 1, n, file);
    }
    (void)fclose(file);
}

static void write_wounded(const uint8_t *bytes, size_t n)
{
    unsigned char *copy = malloc(place.n);
    size_t length = ((size_t)bytes[0] << 8 | bytes[1]) * 64;

    if (copy == NULL) {
        abort();
    }
    memcpy(copy, place.sound, place.n);
    for (size_t i = 2; i + 4 <= n; i += 4) {
        size_t offset = (size_t)bytes[i] << 16 | (size_t)bytes[i + 1] << 8 | bytes[i + 2];

        copy[offset % place.n] = bytes[i + 3];
    }
    write_file(copy, length == 0 || length > place.n ? place.n : length);
    free(copy);
}

/* Damage can make a question long; a thousand steps of 1000 are enough for this file. */
static int on_progress(void *ctx)
{
    int *left = ctx;

    return --*left < 0;
}

static void ask(struct store *store)
{
    struct journal_entry entry[64];
    struct sample sample;
    int left = 1000;

    sqlite3_progress_handler(store_db(store), 1000, on_progress, &left);
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
        (void)db_run(store, db_prepare(store, questions[i]));
    }
    (void)journal_read(store, 0, entry, 64);
    (void)samples_newest(store, 1, T0 + 3600000, true, &sample);
    sqlite3_progress_handler(store_db(store), 0, NULL, NULL);
}

static void try_open(enum store_mode mode)
{
    struct store_options as = options(mode);
    struct store *store = NULL;
    char why[256];
    int err = store_open(&as, &store, why, sizeof(why));

    if (err != 0) {
        if (why[0] == '\0') {
            abort(); /* refused without a sentence */
        }
        return;
    }
    ask(store);
    if (mode == STORE_WRITE) {
        struct sample sample = {
            .slot_ts_ms = T0 + 3600000, .meter_no = 1, .interval_s = 60};

        (void)store_begin(store);
        (void)samples_insert(store, &sample, false);
        (void)store_commit(store);
    }
    store_close(store);
}

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n < 2) {
        return 0;
    }
    prepare();
    remove_files();
    if (bytes[0] == 0xff) {
        write_file(bytes + 1, n - 1);
    } else {
        write_wounded(bytes, n);
    }
    try_open(STORE_READ);
    try_open(STORE_WRITE);
    return 0;
}
