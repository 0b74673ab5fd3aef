#include "daemon/core/zone.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ecmon/err.h>

#include "daemon/core/text.h"

#define ZONE_FOLDER     "/usr/share/zoneinfo"
#define ZONE_FIRST_YEAR 2010
#define ZONE_LAST_YEAR  2040

static bool is_zone_name(const char *name)
{
    size_t n =
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/");

    return n > 0 && name[n] == '\0' && name[0] != '/';
}

/* The C library takes an unknown zone for UTC without a word, so the file is looked at
 * first. */
static bool zone_exists(const char *name)
{
    char path[128];
    char magic[4] = {0};
    int n = snprintf(path, sizeof(path), ZONE_FOLDER "/%s", name);

    if (n < 0 || (size_t)n >= sizeof(path)) {
        return false;
    }
    FILE *file = fopen(path, "rbe");

    if (file == NULL) {
        return false;
    }
    size_t got = fread(magic, 1, sizeof(magic), file);

    (void)fclose(file);
    return got == sizeof(magic) && memcmp(magic, "TZif", sizeof(magic)) == 0;
}

static int64_t offset_at(time_t utc_s)
{
    struct tm local;

    (void)localtime_r(&utc_s, &local);
    int64_t day = day_from_civil(local.tm_year + 1900, local.tm_mon + 1, local.tm_mday);

    int64_t minute = INT64_C(60) * local.tm_hour + local.tm_min;

    return day * (MS_PER_DAY / MS_PER_S) + 60 * minute + local.tm_sec - utc_s;
}

/* The offset under the present TZ, or ERR_RANGE when it ever differs. Looks once a day. */
static int fixed_offset(int32_t *ret_offset_ms)
{
    const int64_t day_s = MS_PER_DAY / MS_PER_S;
    int64_t first = day_from_civil(ZONE_FIRST_YEAR, 1, 1);
    int64_t last = day_from_civil(ZONE_LAST_YEAR, 12, 31);
    int64_t offset_s = offset_at((time_t)(first * day_s));

    for (int64_t day = first + 1; day <= last; day++) {
        if (offset_at((time_t)(day * day_s)) != offset_s) {
            return ERR_RANGE;
        }
    }
    *ret_offset_ms = (int32_t)(offset_s * MS_PER_S);
    return 0;
}

/* Runs before there are threads (zone.h), so the environment is ours. */
static int offset_of_name(const char *name, int32_t *ret_offset_ms)
{
    char value[72] = ":";
    char *saved = NULL;
    const char *before = getenv("TZ"); /* NOLINT(concurrency-mt-unsafe) */

    if (before != NULL) {
        saved = strdup(before);
        if (saved == NULL) {
            return ERR_NOMEM;
        }
    }
    (void)text_copy(value + 1, sizeof(value) - 1, name);
    int err = ERR_NOMEM;

    if (setenv("TZ", value, 1) == 0) { /* NOLINT(concurrency-mt-unsafe) */
        tzset();
        err = fixed_offset(ret_offset_ms);
    }
    if (saved != NULL) {
        (void)setenv("TZ", saved, 1); /* NOLINT(concurrency-mt-unsafe) */
    } else {
        (void)unsetenv("TZ"); /* NOLINT(concurrency-mt-unsafe) */
    }
    tzset();
    free(saved);
    return err;
}

int zone_load(const char *name, struct zone *ret_zone)
{
    struct zone zone = {0, ""};

    if (!is_zone_name(name) || !text_copy(zone.name, sizeof(zone.name), name)) {
        return ERR_NOT_FOUND;
    }
    if (strcmp(name, "UTC") != 0) {
        if (!zone_exists(name)) {
            return ERR_NOT_FOUND;
        }
        int err = offset_of_name(name, &zone.offset_ms);

        if (err != 0) {
            return err;
        }
    }
    *ret_zone = zone;
    return 0;
}
