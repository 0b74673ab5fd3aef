/* What the files that read the register share. Not a door. */
#ifndef ECMON_CONF_REGISTER_PARTS_H
#define ECMON_CONF_REGISTER_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/method.h>

#include "daemon/conf/register.h"
#include "daemon/conf/table.h"
#include "daemon/core/sha256.h"

/* Ids seen in a file, of good and bad rows alike, sorted and unique once finished. */
struct id_set {
    char **id; /* NULL-terminated when finished; owned */
    int n;
};

struct register_reader {
    const struct conf *conf;
    const struct profiles *profiles;
    struct problems *problems;
    struct methods names; /* industries and regions only */
    struct registry *registry;
    struct id_set enterprise_ids;
    struct id_set meter_ids;
    struct sha256 *sha;
    int64_t n_errors;
    int err; /* first ERR_NOMEM or ERR_IO */
};

/* One version for the rules that all kinds share: first to last, both inclusive, in days or
 * milliseconds. */
struct version {
    char key[2 * ID_LEN];
    int64_t first;
    int64_t last;
    bool open; /* no `until` was given */
    bool dropped;
    long line;
    int column; /* of its key or `since` */
    int row;    /* index of the kind's own rows */
};

void register_error(struct register_reader *reader, const char *file, long line, int column,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
void register_warn(struct register_reader *reader, const char *file, long line, int column,
                   const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Opens one register file as a table and adds its bytes to the hash. NULL: there is nothing
 * to read (not configured, missing, or a bad header: told). needed: a missing file is a
 * problem. */
struct table *register_open(struct register_reader *reader, const char *path, bool needed,
                            const struct table_column *columns, FILE **ret_file);

void id_set_add(struct register_reader *reader, struct id_set *set, const char *id);
void id_set_finish(struct register_reader *reader, struct id_set *set);
bool id_set_has(const struct id_set *set, const char *id);
/* NULL when none is near. */
const char *id_set_nearest(const struct id_set *set, const char *id);
void id_set_done(struct id_set *set);

/* Sorts by key and first day, ends open versions before the next one, tells overlaps and
 * keys given twice (same(ctx, a, b): are two rows equal? then it is a warning and b is
 * dropped). */
void versions_resolve(struct register_reader *reader, const char *file,
                      struct version *version, int n,
                      bool (*same)(const void *ctx, int a, int b), const void *ctx);

/* A cell that names an enterprise: told when there is none of that id. */
void register_check_enterprise(struct register_reader *reader, struct table *table,
                               int column, const char *id);

void register_read_enterprises(struct register_reader *reader);
void register_read_meters(struct register_reader *reader);
void register_read_lists(struct register_reader *reader);
void register_read_groups(struct register_reader *reader);

/* Where a row of meters.csv says how the meter is reached. */
struct reach_columns {
    int endpoint;
    int address;
    int profile;
};

/* Endpoint and address into the row; all three are checked, with what the profile speaks.
 */
void register_take_reach(struct register_reader *reader, struct table *table,
                         const struct reach_columns *columns, struct meter *row);
/* Polled meters, those of one device or port together, by endpoint: one framing and one set
 * of settings at a time, a wildcard address alone on its line. */
void register_check_lines(struct register_reader *reader, const struct meter *const *meter,
                          int n);
/* Parents and addresses of registry->meter. */
void register_check_meters(struct register_reader *reader);

extern const char *const enterprise_columns[];
extern const char *const enterprise_labels[];
extern const char *const meter_columns[];
extern const char *const meter_labels[];
extern const char *const list_columns[];
extern const char *const list_labels[];
extern const char *const group_columns[];
extern const char *const group_labels[];

#endif
