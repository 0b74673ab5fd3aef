/* meters.csv: the rows. What holds between rows: register_meter_checks.c. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/register_parts.h"
#include "daemon/core/text.h"

#define PART_MAX INT64_C(1000000000) /* of PT, CT and multiplier */

static const struct table_word role_words[] = {
    {"supply", "supply"},     {"供电总表", "supply"},
    {"总表", "supply"},       {"generation", "generation"},
    {"自发电", "generation"}, {"storage", "storage"},
    {"储能", "storage"},      {"feed_in", "feed_in"},
    {"全额上网", "feed_in"},  {"production", "production"},
    {"产污", "production"},   {"control", "control"},
    {"治污", "control"},      {"sub", "sub"},
    {"分表", "sub"},          {NULL, NULL}};

static const struct table_word side_words[] = {
    {"secondary", "secondary"}, {"二次侧", "secondary"}, {NULL, NULL}};

#define INTO(field) TABLE_INTO(struct meter, field)

#define COLUMN_LIST(X)                                                                     \
    X(ID, "id", "表号", "编号|表计编号|电表编号", TABLE_ID, TABLE_REQUIRED, INTO(id))      \
    X(ENTERPRISE, "enterprise", "企业编号", "企业", TABLE_ID, TABLE_REQUIRED,              \
      INTO(enterprise))                                                                    \
    X(ACCOUNT, "account", "户号", NULL, TABLE_CODE, TABLE_OPTIONAL, INTO(account))         \
    X(NAME, "name", "名称", "表计名称", TABLE_TEXT, TABLE_OPTIONAL, INTO(name))            \
    X(SERIAL, "serial", "出厂编号", "资产编号", TABLE_CODE, TABLE_OPTIONAL, INTO(serial))  \
    X(INITIAL, "initial", "起始示数", "起码", TABLE_INT64, TABLE_OPTIONAL,                 \
      .max = INT64_MAX, INTO(initial))                                                     \
    X(PREVIOUS_FINAL, "previous_final", "上表止数", "止码", TABLE_INT64, TABLE_OPTIONAL,   \
      .max = INT64_MAX, INTO(previous_final))                                              \
    X(ENDPOINT, "endpoint", "端点", "通讯端点|线路", TABLE_OTHER, TABLE_OPTIONAL,          \
      .size = 0)                                                                           \
    X(ADDRESS, "address", "地址", "通讯地址", TABLE_OTHER, TABLE_OPTIONAL, .size = 0)      \
    X(PROFILE, "profile", "型号", "表型", TABLE_ID, TABLE_OPTIONAL, INTO(profile))         \
    X(PT, "pt", "电压变比", "PT", TABLE_OTHER, TABLE_OPTIONAL, .size = 0)                  \
    X(CT, "ct", "电流变比", "CT", TABLE_OTHER, TABLE_OPTIONAL, .size = 0)                  \
    X(MULTIPLIER, "multiplier", "倍率", "综合倍率", TABLE_OTHER, TABLE_OPTIONAL,           \
      .size = 0)                                                                           \
    X(SIDE, "side", "侧", "示数侧", TABLE_OTHER, TABLE_OPTIONAL, .words = side_words)      \
    X(ROLE, "role", "角色", "用途", TABLE_OTHER, TABLE_OPTIONAL, .words = role_words)      \
    X(PARENT, "parent", "上级表", "上级", TABLE_ID, TABLE_OPTIONAL, INTO(parent))          \
    X(LOSS_PCT, "loss_pct", "损耗率", "线损率", TABLE_OTHER, TABLE_OPTIONAL,               \
      .help = "percent")                                                                   \
    X(RATED_KW, "rated_kw", "额定功率", NULL, TABLE_DECIMAL, TABLE_OPTIONAL, .min = 1,     \
      .max = INT64_C(1000000000000), .digits = 3, .help = "kW", INTO(rated_w))             \
    X(INTERVAL, "interval", "采集间隔", NULL, TABLE_OTHER, TABLE_OPTIONAL, .size = 0)      \
    X(INTERVALS, "intervals", "分组间隔", NULL, TABLE_OTHER, TABLE_OPTIONAL, .size = 0)    \
    X(SITE, "site", "站点", NULL, TABLE_ID, TABLE_OPTIONAL, INTO(site))                    \
    X(SINCE, "since", "起", "起始日|起始日期|开始日期", TABLE_OTHER, TABLE_OPTIONAL,       \
      .size = 0)                                                                           \
    X(UNTIL, "until", "止", "截止日|截止日期|结束日期", TABLE_OTHER, TABLE_OPTIONAL,       \
      .size = 0)

enum {
    COLUMN_LIST(TABLE_ENUM)
};
static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};
const char *const meter_columns[] = {COLUMN_LIST(TABLE_NAME) NULL};
const char *const meter_labels[] = {COLUMN_LIST(TABLE_LABEL) NULL};

struct meter_rows {
    struct meter *row;
    struct row_place *place;
    struct version *version;
    int n;
};

/* ---- ratios and side ---- */

static void take_ratio(struct table *table, int column, struct ratio *ratio)
{
    const char *text = table_cell(table, column);

    if (text[0] == '\0') {
        return;
    }
    struct ratio read = {1, 1};

    if (text_to_ratio(text, &read) != 0 || read.num > PART_MAX || read.den > PART_MAX) {
        table_error(
            table, column,
            "%s \"%.64s\" is not a ratio: a number above 0 such as 20 or 0.5, or exact "
            "such as 10000/100",
            columns[column].name, text);
        return;
    }
    *ratio = read;
}

static void take_ratios(struct table *table, struct meter *row)
{
    const char *multiplier = table_cell(table, COLUMN_MULTIPLIER);

    take_ratio(table, COLUMN_PT, &row->pt);
    take_ratio(table, COLUMN_CT, &row->ct);
    if (multiplier[0] == '\0') {
        return;
    }
    if (table_cell(table, COLUMN_PT)[0] != '\0' ||
        table_cell(table, COLUMN_CT)[0] != '\0') {
        table_error(table, COLUMN_MULTIPLIER,
                    "multiplier stands instead of pt and ct: give either");
        return;
    }
    take_ratio(table, COLUMN_MULTIPLIER, &row->ct);
}

static bool is_one(struct ratio ratio)
{
    return ratio.num == 1 && ratio.den == 1;
}

/* digit × PT × CT in lowest terms; false when it does not fit. */
static bool multiply(struct ratio digit, struct ratio pt, struct ratio ct,
                     struct ratio *ret)
{
    struct ratio both = ratio_mul(pt, ct);
    int64_t g1 = gcd_i64(both.num, digit.den);
    int64_t g2 = gcd_i64(digit.num, both.den);
    int128 num = (int128)(both.num / g1) * (digit.num / g2);
    int128 den = (int128)(both.den / g2) * (digit.den / g1);

    if (num > INT64_MAX || den > INT64_MAX) {
        return false;
    }
    *ret = (struct ratio){(int64_t)num, (int64_t)den};
    return true;
}

static void tell_unknown_profile(const struct register_reader *reader, struct table *table,
                                 const char *id)
{
    int n = reader->profiles->n;
    const char **words = calloc((size_t)n + 1, sizeof(*words));
    const char *nearest = NULL;

    if (words != NULL) {
        for (int i = 0; i < n; i++) {
            words[i] = reader->profiles->profile[i].id;
        }
        nearest = text_nearest(id, words);
    }
    table_error(table, COLUMN_PROFILE, "there is no profile \"%s\"%s%s%s", id,
                nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "\"?");
    free(words);
}

/* PT and CT count for a profile that reads the secondary side, or when `side` says so. */
static void take_register(const struct register_reader *reader, struct table *table,
                          struct meter *row)
{
    if (row->profile[0] == '\0') {
        return;
    }
    const struct profile *profile = profiles_find(reader->profiles, row->profile);

    if (profile == NULL) {
        tell_unknown_profile(reader, table, row->profile);
        return;
    }
    bool secondary = !profile->primary_side || table_cell(table, COLUMN_SIDE)[0] != '\0';

    if (!secondary && !(is_one(row->pt) && is_one(row->ct))) {
        int column = table_cell(table, COLUMN_MULTIPLIER)[0] != '\0' ? COLUMN_MULTIPLIER
                     : is_one(row->ct)                               ? COLUMN_PT
                                                                     : COLUMN_CT;

        table_error(
            table, column,
            "profile \"%s\" already reads primary-side values: the ratio must be 1, or "
            "`side` must say \"secondary\"",
            profile->id);
        return;
    }
    row->register_range = profile->register_range;
    if (!multiply(profile->register_wh, row->pt, row->ct, &row->register_wh)) {
        table_error(table, COLUMN_CT, "PT times CT is too large");
    }
}

/* ---- words, times, intervals ---- */

static void take_role(struct table *table, struct meter *row)
{
    const char *text = table_cell(table, COLUMN_ROLE);

    if (text[0] == '\0') {
        return;
    }
    const char *word = table_word(role_words, text);

    if (word == NULL) {
        table_error_words(table, COLUMN_ROLE, role_words);
    } else {
        row->role = meter_role_from_name(word);
    }
}

static void take_side(struct table *table)
{
    const char *text = table_cell(table, COLUMN_SIDE);

    if (text[0] != '\0' && table_word(side_words, text) == NULL) {
        table_error_words(table, COLUMN_SIDE, side_words);
    }
}

static void take_loss(struct table *table, struct meter *row)
{
    int64_t loss_bp = 0;

    if (table_decimal(table, COLUMN_LOSS_PCT, 2, 0, 1000, &loss_bp) == 1) {
        row->loss_bp = (int32_t)loss_bp;
    }
}

/* A day (local, whole) or an instant with offset; step_days moves a day's `until` past its
 * end. */
static void take_instant(const struct register_reader *reader, struct table *table,
                         int column, int step_days, int64_t *ts_ms)
{
    const char *text = table_cell(table, column);
    const struct zone *zone = &reader->conf->site.tz;
    day_t day = 0;

    if (text[0] == '\0') {
        return;
    }
    if (strchr(text, 'T') != NULL && text_to_ts_ms(text, zone, ts_ms) == 0) {
        *ts_ms = *ts_ms < 0 ? 0 : *ts_ms;
        return;
    }
    int err = text_to_day(text, &day);

    if (err != 0) {
        table_error(table, column, "%s \"%.64s\" %s", columns[column].name, text,
                    err == ERR_RANGE
                        ? "is a day that does not exist"
                        : "is neither a day (2026-01-31) nor an instant with offset "
                          "(2026-01-31T08:00:00+08:00)");
    } else if (day < DAY_MAX || step_days == 0) {
        int64_t start_ms = ts_of_day(day + step_days, zone);

        *ts_ms = start_ms < 0 ? 0 : start_ms;
    }
}

static bool interval_is_right(int64_t ms)
{
    return ms >= MS_PER_S && ms % MS_PER_S == 0 && MS_PER_QUARTER_HOUR % ms == 0;
}

static bool take_interval(struct table *table, int column, const char *text, int32_t *ret_s)
{
    int64_t ms = 0;

    if (text_to_duration_ms(text, &ms) != 0) {
        table_error(table, column, "%s \"%.64s\" is not a duration such as 60s or 15min",
                    columns[column].name, text);
        return false;
    }
    if (!interval_is_right(ms)) {
        table_error(table, column, "%s \"%.64s\" must be whole seconds that divide 15 min",
                    columns[column].name, text);
        return false;
    }
    *ret_s = (int32_t)(ms / MS_PER_S);
    return true;
}

static int group_of(struct table *table, const char *text, size_t n)
{
    static const char *const words[] = {"energy", "power", "voltage", "current", NULL};
    char word[32];

    (void)snprintf(word, sizeof(word), "%.*s", (int)(n < 31 ? n : 31), text);
    for (int i = 0; i < QUANTITY_GROUP_COUNT; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    const char *nearest = text_nearest(word, words);

    table_error(table, COLUMN_INTERVALS,
                "intervals: \"%s\" is none of energy, power, voltage, current%s%s%s", word,
                nearest == NULL ? "" : "; did you mean \"", nearest == NULL ? "" : nearest,
                nearest == NULL ? "" : "\"?");
    return -1;
}

/* "energy=60s;power=15min": one part. Returns where the next one begins, NULL at the end or
 * when it was wrong. */
static const char *take_interval_part(struct table *table, const char *text,
                                      struct meter *row)
{
    size_t n = strcspn(text, ";");
    size_t equals = strcspn(text, "=;");
    char value[32];

    if (text[equals] != '=') {
        table_error(table, COLUMN_INTERVALS,
                    "intervals \"%.64s\" must read like energy=60s;power=15min", text);
        return NULL;
    }
    int group = group_of(table, text, equals);

    if (group < 0) {
        return NULL;
    }
    (void)snprintf(value, sizeof(value), "%.*s",
                   (int)(n - equals - 1 < 31 ? n - equals - 1 : 31), text + equals + 1);
    if (!take_interval(table, COLUMN_INTERVALS, value, &row->interval_s[group])) {
        return NULL;
    }
    return text[n] == ';' ? text + n + 1 : NULL;
}

static void take_intervals(const struct register_reader *reader, struct table *table,
                           struct meter *row)
{
    const char *one = table_cell(table, COLUMN_INTERVAL);
    const char *several = table_cell(table, COLUMN_INTERVALS);
    int32_t interval_s = (int32_t)(reader->conf->collect.interval_ms / MS_PER_S);

    if (one[0] != '\0' && several[0] != '\0') {
        table_error(table, COLUMN_INTERVALS,
                    "intervals stands instead of interval: give either");
        return;
    }
    if (one[0] != '\0') {
        (void)take_interval(table, COLUMN_INTERVAL, one, &interval_s);
    }
    for (int i = 0; i < QUANTITY_GROUP_COUNT; i++) {
        row->interval_s[i] = interval_s;
    }
    for (const char *at = several; at != NULL && *at != '\0';) {
        at = take_interval_part(table, at, row);
    }
}

static void check_account(struct table *table, const char *account)
{
    size_t n = strlen(account);

    if (n > 0 && (n < 6 || n > 20 || strspn(account, "0123456789") != n)) {
        table_error(table, COLUMN_ACCOUNT, "account \"%s\" is not 6 to 20 digits", account);
    }
}

static struct meter read_row(struct register_reader *reader, struct table *table)
{
    static const struct reach_columns reach = {COLUMN_ENDPOINT, COLUMN_ADDRESS,
                                               COLUMN_PROFILE};
    struct meter row = {.pt = {1, 1},
                        .ct = {1, 1},
                        .register_wh = {1, 1},
                        .initial = -1,
                        .previous_final = -1,
                        .role = METER_ROLE_SUPPLY,
                        .until_ms = TS_MS_OPEN};

    (void)table_fill(table, &row);
    register_check_enterprise(reader, table, COLUMN_ENTERPRISE, row.enterprise);
    check_account(table, row.account);
    take_role(table, &row);
    take_side(table);
    take_loss(table, &row);
    register_take_reach(reader, table, &reach, &row);
    take_ratios(table, &row);
    take_register(reader, table, &row);
    take_intervals(reader, table, &row);
    take_instant(reader, table, COLUMN_SINCE, 0, &row.since_ms);
    take_instant(reader, table, COLUMN_UNTIL, 1, &row.until_ms);
    if (row.until_ms <= row.since_ms) {
        table_error(table, COLUMN_UNTIL, "until %s is before since %s",
                    table_cell(table, COLUMN_UNTIL), table_cell(table, COLUMN_SINCE));
    }
    return row;
}

static int add_row(struct meter_rows *rows, const struct meter *row, struct table *table)
{
    struct meter *row_grown = array_grow(rows->row, rows->n, sizeof(*row_grown));

    if (row_grown == NULL) {
        return ERR_NOMEM;
    }
    rows->row = row_grown;
    struct row_place *place_grown = array_grow(rows->place, rows->n, sizeof(*place_grown));

    if (place_grown == NULL) {
        return ERR_NOMEM;
    }
    rows->place = place_grown;
    struct version *grown = array_grow(rows->version, rows->n, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    rows->version = grown;
    rows->row[rows->n] = *row;
    rows->place[rows->n] =
        (struct row_place){.line = table_line(table),
                           .parent_column = table_place(table, COLUMN_PARENT),
                           .address_column = table_place(table, COLUMN_ADDRESS),
                           .endpoint_column = table_place(table, COLUMN_ENDPOINT)};
    rows->version[rows->n] = (struct version){
        .first = row->since_ms,
        .last = row->until_ms - 1,
        .open = table_cell(table, COLUMN_UNTIL)[0] == '\0',
        .line = table_line(table),
        .column = table_place(
            table, table_cell(table, COLUMN_SINCE)[0] == '\0' ? COLUMN_ID : COLUMN_SINCE),
        .row = rows->n};
    (void)text_copy(rows->version[rows->n].key, sizeof(rows->version->key), row->id);
    rows->n++;
    return 0;
}

static bool same_row(const void *ctx, int a, int b)
{
    const struct meter_rows *rows = ctx;

    return meter_same(&rows->row[a], &rows->row[b]);
}

/* One file serves a fleet: rows of other sites are not looked at. */
static bool is_of_other_site(const struct register_reader *reader,
                             const struct table *table)
{
    const char *site = table_cell(table, COLUMN_SITE);

    return site[0] != '\0' && strcmp(site, reader->conf->site.id) != 0;
}

static void read_rows(struct register_reader *reader, struct table *table,
                      struct meter_rows *rows)
{
    for (int got = table_next(table); got != 0 && reader->err == 0;
         got = table_next(table)) {
        if (got < 0 || is_of_other_site(reader, table)) {
            continue;
        }
        int64_t before = table_errors(table);
        struct meter row = read_row(reader, table);

        if (row.id[0] != '\0') {
            id_set_add(reader, &reader->meter_ids, row.id);
        }
        if (table_errors(table) == before && add_row(rows, &row, table) != 0) {
            reader->err = ERR_NOMEM;
        }
    }
    reader->n_errors += table_errors(table);
}

static void keep_rows(struct register_reader *reader, const struct meter_rows *rows)
{
    struct registry *registry = reader->registry;

    registry->meter = calloc((size_t)rows->n + 1, sizeof(*registry->meter));
    registry->meter_place = calloc((size_t)rows->n + 1, sizeof(*registry->meter_place));
    if (registry->meter == NULL || registry->meter_place == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < rows->n; i++) {
        const struct version *version = &rows->version[i];
        int at = registry->n_meters;

        if (!version->dropped) {
            registry->meter[at] = rows->row[version->row];
            registry->meter[at].until_ms = version->last + 1;
            registry->meter_place[at] = rows->place[version->row];
            registry->n_meters++;
        }
    }
}

void register_read_meters(struct register_reader *reader)
{
    const char *path = reader->conf->reg.meters;
    struct meter_rows rows = {0};
    FILE *file = NULL;
    struct table *table = register_open(reader, path, true, columns, &file);

    if (table == NULL) {
        return;
    }
    read_rows(reader, table, &rows);
    table_close(table);
    (void)fclose(file);
    id_set_finish(reader, &reader->meter_ids);
    versions_resolve(reader, path, rows.version, rows.n, same_row, &rows);
    keep_rows(reader, &rows);
    free(rows.row);
    free(rows.place);
    free(rows.version);
}
