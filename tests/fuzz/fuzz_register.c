/* Any bytes as meters.csv: read without a crash, and what is accepted keeps its promises.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/conf/register.h"

/* NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's name */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char enterprises[] = "id,name\nE001,a\nE002,b\n";

/* An unlinked file by a name that fopen takes. */
static FILE *file_of(const void *bytes, size_t n, char *ret_path, size_t size)
{
    FILE *file = tmpfile();

    if (file == NULL || fwrite(bytes, 1, n, file) != n || fflush(file) != 0) {
        abort();
    }
    (void)snprintf(ret_path, size, "/proc/self/fd/%d", fileno(file));
    return file;
}

static void check(const struct registry *registry)
{
    for (int i = 0; i < registry->n_meters; i++) {
        const struct meter *meter = &registry->meter[i];

        if (meter->until_ms <= meter->since_ms || meter->register_wh.num <= 0 ||
            meter->register_wh.den <= 0 || meter->id[0] == '\0') {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct profile profile = {.id = "p", .register_wh = {10, 1}, .register_range = 100};
    struct profiles profiles = {.profile = &profile, .n = 1};
    struct conf *conf = calloc(1, sizeof(*conf));
    struct problems problems;
    struct registry registry = {0};

    if (conf == NULL) {
        return 0;
    }
    conf->collect.interval_ms = 60000;
    conf->site.tz.offset_ms = 8 * 3600 * 1000;
    FILE *first =
        file_of(enterprises, strlen(enterprises), conf->reg.enterprises, CONF_PATH_LEN);
    FILE *second = file_of(bytes, n, conf->reg.meters, CONF_PATH_LEN);

    problems_init(&problems);
    if (registry_load(conf, &profiles, &problems, &registry) == 0) {
        check(&registry);
        registry_done(&registry);
    } else if (!problems_has_errors(&problems)) {
        abort();
    }
    problems_done(&problems);
    (void)fclose(first);
    (void)fclose(second);
    free(conf);
    return 0;
}
