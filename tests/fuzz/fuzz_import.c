/* Any bytes as an import of the kind that the first byte chooses. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/store/registry.h"
#include "daemon/sync/import.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

#define NOW_MS INT64_C(1795219200000) /* 2026-11-21T08:00:00+08:00 */

/* One store for all inputs: its file is gone from the folder at once, each input is undone.
 */
static struct store *open_store(void)
{
    static const struct zone zone = {8 * 3600 * 1000, "Asia/Shanghai"};
    char folder[] = "/tmp/ecmon-fuzz-XXXXXX";
    char path[64];
    struct store *store = NULL;
    static const char *const ends[] = {"", "-wal", "-shm", ".lock"};

    if (mkdtemp(folder) == NULL) {
        abort();
    }
    (void)snprintf(path, sizeof(path), "%s/db", folder);
    const struct store_options options = {.path = path,
                                          .mode = STORE_WRITE,
                                          .now_ms = NOW_MS,
                                          .site_id = "fuzz",
                                          .zone = &zone};
    struct enterprise enterprise = {
        .id = "E001", .name = "a", .since = DAY_MIN, .until = DAY_MAX};

    if (store_open(&options, &store, NULL, 0) != 0 || store_begin(store) != 0 ||
        registry_enterprise_ensure(store, "E001", &enterprise.enterprise_no) != 0 ||
        registry_enterprise_put(store, &enterprise, 1) != 0 || store_commit(store) != 0) {
        abort();
    }
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        (void)snprintf(path, sizeof(path), "%s/db%s", folder, ends[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
    return store;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const kinds[] = {"energy", "output", "energy-use"};
    struct problems problems;
    struct import_counts counts = {0};

    if (n < 1) {
        return 0;
    }
    static struct store *store = NULL;

    if (store == NULL) {
        store = open_store();
    }
    FILE *file = tmpfile();
    FILE *rejects = tmpfile();
    const struct import_options options = {.now_ms = NOW_MS,
                                           .skip_bad = (bytes[0] & 4) != 0,
                                           .rejects = rejects,
                                           .who = "fuzz"};

    if (file == NULL || rejects == NULL || fwrite(bytes + 1, 1, n - 1, file) != n - 1) {
        abort();
    }
    if (store_begin(store) != 0) {
        abort();
    }
    rewind(file);
    problems_init(&problems);
    int err = import_run(store, kinds[bytes[0] % 3], file, "in.csv", &options, &problems,
                         &counts);

    if (err != 0 && !problems_has_errors(&problems)) {
        abort();
    }
    problems_done(&problems);
    (void)fclose(file);
    (void)fclose(rejects);
    store_rollback(store);
    return 0;
}
