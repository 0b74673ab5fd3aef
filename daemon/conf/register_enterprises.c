/* enterprises.csv */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/register_parts.h"
#include "daemon/core/text.h"

#define USCC_LEN 18

static const struct table_word size_words[] = {
    {"above", "above"},     {"规上", "above"},   {"below", "below"}, {"规下", "below"},
    {"unknown", "unknown"}, {"未定", "unknown"}, {NULL, NULL}};

static const struct table_word land_words[] = {
    {"owned", "owned"}, {"自有", "owned"}, {"tenant", "tenant"}, {"租用", "tenant"},
    {"租赁", "tenant"}, {"none", "none"},  {"无", "none"},       {NULL, NULL}};

static const struct table_word env_words[] = {{"a", "a"},
                                              {"A", "a"},
                                              {"leading", "leading"},
                                              {"引领性", "leading"},
                                              {"b", "b"},
                                              {"B", "b"},
                                              {"c", "c"},
                                              {"C", "c"},
                                              {"d", "d"},
                                              {"D", "d"},
                                              {"none", "none"},
                                              {"无", "none"},
                                              {NULL, NULL}};

static const struct table_word energy_words[] = {
    {"key", "key"}, {"重点", "key"}, {"none", "none"}, {"无", "none"}, {NULL, NULL}};

static const struct table_word price_words[] = {{"encouraged", "encouraged"},
                                                {"鼓励", "encouraged"},
                                                {"鼓励类", "encouraged"},
                                                {"allowed", "allowed"},
                                                {"允许", "allowed"},
                                                {"允许类", "allowed"},
                                                {"restricted", "restricted"},
                                                {"限制", "restricted"},
                                                {"限制类", "restricted"},
                                                {"eliminated", "eliminated"},
                                                {"淘汰", "eliminated"},
                                                {"淘汰类", "eliminated"},
                                                {NULL, NULL}};

#define INTO(field) TABLE_INTO(struct enterprise, field)

#define COLUMN_LIST(X)                                                                     \
    X(ID, "id", "编号", "企业编号|企业", TABLE_ID, TABLE_REQUIRED, INTO(id))               \
    X(NAME, "name", "名称", "企业名称", TABLE_TEXT, TABLE_REQUIRED, INTO(name))            \
    X(SHORT_NAME, "short_name", "简称", "企业简称", TABLE_TEXT, TABLE_OPTIONAL,            \
      INTO(short_name))                                                                    \
    X(USCC, "uscc", "统一社会信用代码", "信用代码", TABLE_CODE, TABLE_OPTIONAL,            \
      INTO(uscc))                                                                          \
    X(SIZE_CLASS, "size_class", "规模", "企业规模", TABLE_OTHER, TABLE_OPTIONAL,           \
      .words = size_words)                                                                 \
    X(INDUSTRY, "industry", "行业代码", "行业", TABLE_CODE, TABLE_OPTIONAL,                \
      INTO(industry))                                                                      \
    X(REGION, "region", "行政区划", "行政区划代码", TABLE_CODE, TABLE_OPTIONAL,            \
      INTO(region))                                                                        \
    X(TOWN, "town", "镇街", "乡镇街道|镇街道", TABLE_ID, TABLE_OPTIONAL, INTO(town))       \
    X(PARK, "park", "园区", NULL, TABLE_ID, TABLE_OPTIONAL, INTO(park))                    \
    X(VOLTAGE_KV, "voltage_kv", "电压等级", "电压", TABLE_DECIMAL, TABLE_OPTIONAL,         \
      .min = 1, .max = 1000000, .digits = 3, INTO(voltage_v))                              \
    X(AREA_MU, "area_mu", "用地面积", "占地面积", TABLE_DECIMAL, TABLE_OPTIONAL,           \
      .max = INT64_C(10000000000), .digits = 4, INTO(area_mu_e4))                          \
    X(LAND_KIND, "land_kind", "用地性质", NULL, TABLE_WORD, TABLE_OPTIONAL,                \
      .words = land_words, INTO(land_kind))                                                \
    X(ENV_CLASS, "env_class", "环保绩效等级", "环保绩效", TABLE_WORD, TABLE_OPTIONAL,      \
      .words = env_words, INTO(env_class))                                                 \
    X(GREEN_STARS, "green_stars", "绿色工厂星级", NULL, TABLE_INT32, TABLE_OPTIONAL,       \
      .max = 5, INTO(green_stars))                                                         \
    X(ENERGY_CLASS, "energy_class", "用能类别", NULL, TABLE_WORD, TABLE_OPTIONAL,          \
      .words = energy_words, INTO(energy_class))                                           \
    X(PRICE_CLASS, "price_class", "电价类别", NULL, TABLE_WORD, TABLE_OPTIONAL,            \
      .words = price_words, INTO(price_class))                                             \
    X(COMMISSIONING_UNTIL, "commissioning_until", "试生产止", NULL, TABLE_DAY,             \
      TABLE_OPTIONAL, INTO(commissioning_until))                                           \
    X(SINCE, "since", "起", "起始日|起始日期|开始日期", TABLE_DAY, TABLE_OPTIONAL,         \
      INTO(since))                                                                         \
    X(UNTIL, "until", "止", "截止日|截止日期|结束日期", TABLE_DAY, TABLE_OPTIONAL,         \
      INTO(until))

enum {
    COLUMN_LIST(TABLE_ENUM)
};
static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};
const char *const enterprise_columns[] = {COLUMN_LIST(TABLE_NAME) NULL};
const char *const enterprise_labels[] = {COLUMN_LIST(TABLE_LABEL) NULL};

struct enterprise_rows {
    struct enterprise *row;
    struct version *version;
    int n;
};

/* The check digit of GB 32100-2015: weights 3^i mod 31 over the first 17 places. */
static bool uscc_is_right(const char *uscc)
{
    static const char digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";
    int weight = 1;
    int sum = 0;

    if (strlen(uscc) != USCC_LEN || strspn(uscc, digits) != USCC_LEN) {
        return false;
    }
    for (int i = 0; i < USCC_LEN - 1; i++) {
        sum += (int)(strchr(digits, uscc[i]) - digits) * weight;
        weight = weight * 3 % 31;
    }
    return uscc[USCC_LEN - 1] == digits[(31 - sum % 31) % 31];
}

static bool is_digits(const char *text, size_t min, size_t max)
{
    size_t n = strspn(text, "0123456789");

    return text[n] == '\0' && n >= min && n <= max;
}

static bool has_industry(const struct methods *names, const char *code)
{
    for (int i = 0; i < names->n_industry; i++) {
        if (strcmp(names->industry[i].code, code) == 0) {
            return true;
        }
    }
    return false;
}

/* Another section that has the division: C17 for A17. "" when none has. */
static const char *industry_of_division(const struct methods *names, const char *division)
{
    for (int i = 0; i < names->n_industry; i++) {
        const char *code = names->industry[i].code;

        if (strlen(code) == 3 && strncmp(code + 1, division, 2) == 0) {
            return code;
        }
    }
    return "";
}

static void check_industry(const struct register_reader *reader, struct table *table,
                           const char *industry)
{
    const struct methods *names = &reader->names;
    char known[4] = "";

    if (industry[0] == '\0') {
        return;
    }
    if (industry[0] < 'A' || industry[0] > 'T' || !is_digits(industry + 1, 0, 4)) {
        table_error(
            table, COLUMN_INDUSTRY,
            "industry \"%s\" is not a code of GB/T 4754-2017: a letter A to T and up to "
            "four digits, such as C3110",
            industry);
        return;
    }
    (void)snprintf(known, sizeof(known), "%.3s", industry);
    if (names->n_industry == 0 || strlen(known) == 2 || has_industry(names, known)) {
        return;
    }
    const char *nearest = industry_of_division(names, known + 1);

    table_error(table, COLUMN_INDUSTRY,
                "industry \"%s\": GB/T 4754-2017 has no division %s%s%s%s", industry, known,
                nearest[0] == '\0' ? "" : "; did you mean \"", nearest,
                nearest[0] == '\0' ? "" : "\"?");
}

static void check_region(struct table *table, const char *region)
{
    size_t n = strlen(region);

    if (n == 0 || (is_digits(region, 2, 6) && n % 2 == 0)) {
        return;
    }
    table_error(
        table, COLUMN_REGION,
        "region \"%s\" is not a code of GB/T 2260: 2, 4 or 6 digits, such as 330282",
        region);
}

static void check_uscc(struct table *table, const char *uscc)
{
    if (uscc[0] != '\0' && !uscc_is_right(uscc)) {
        table_warn(
            table, COLUMN_USCC,
            "uscc \"%s\" is not a valid code of GB 32100: 18 places with a check digit",
            uscc);
    }
}

static void take_size(struct table *table, struct enterprise *row)
{
    const char *text = table_cell(table, COLUMN_SIZE_CLASS);

    if (text[0] == '\0') {
        return;
    }
    const char *word = table_word(size_words, text);

    if (word == NULL) {
        table_error_words(table, COLUMN_SIZE_CLASS, size_words);
    } else {
        row->size_class = word[0] == 'a'   ? SIZE_CLASS_ABOVE
                          : word[0] == 'b' ? SIZE_CLASS_BELOW
                                           : SIZE_CLASS_UNKNOWN;
    }
}

static struct enterprise read_row(const struct register_reader *reader, struct table *table)
{
    struct enterprise row = {.area_mu_e4 = -1,
                             .green_stars = -1,
                             .commissioning_until = DAY_MIN,
                             .since = DAY_MIN,
                             .until = DAY_MAX};

    (void)table_fill(table, &row);
    take_size(table, &row);
    check_industry(reader, table, row.industry);
    check_region(table, row.region);
    check_uscc(table, row.uscc);
    if (row.until < row.since) {
        table_error(table, COLUMN_UNTIL, "until %s is before since %s",
                    table_cell(table, COLUMN_UNTIL), table_cell(table, COLUMN_SINCE));
    }
    return row;
}

static int add_row(struct enterprise_rows *rows, const struct enterprise *row,
                   struct table *table)
{
    struct enterprise *row_grown = array_grow(rows->row, rows->n, sizeof(*row_grown));

    if (row_grown == NULL) {
        return ERR_NOMEM;
    }
    rows->row = row_grown;
    struct version *grown = array_grow(rows->version, rows->n, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    rows->version = grown;
    rows->row[rows->n] = *row;
    rows->version[rows->n] = (struct version){
        .first = row->since,
        .last = row->until,
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
    const struct enterprise_rows *rows = ctx;

    return enterprise_same(&rows->row[a], &rows->row[b]);
}

static void read_rows(struct register_reader *reader, struct table *table,
                      struct enterprise_rows *rows)
{
    for (int got = table_next(table); got != 0 && reader->err == 0;
         got = table_next(table)) {
        if (got < 0) {
            continue;
        }
        int64_t before = table_errors(table);
        struct enterprise row = read_row(reader, table);

        if (row.id[0] != '\0') {
            id_set_add(reader, &reader->enterprise_ids, row.id);
        }
        if (table_errors(table) == before && add_row(rows, &row, table) != 0) {
            reader->err = ERR_NOMEM;
        }
    }
    reader->n_errors += table_errors(table);
}

struct uscc_line {
    const char *uscc;
    const char *id;
    long line;
};

static int compare_usccs(const void *a, const void *b)
{
    const struct uscc_line *left = a;
    const struct uscc_line *right = b;
    int order = strcmp(left->uscc, right->uscc);

    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static void warn_repeated_uscc(struct register_reader *reader,
                               const struct registry *registry)
{
    struct uscc_line *at = calloc((size_t)registry->n_enterprises + 1, sizeof(*at));
    int n = 0;

    if (at == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < registry->n_enterprises; i++) {
        const struct enterprise *row = &registry->enterprise[i];

        if (row->uscc[0] != '\0') {
            at[n++] =
                (struct uscc_line){row->uscc, row->id, registry->enterprise_place[i].line};
        }
    }
    qsort(at, (size_t)n, sizeof(*at), compare_usccs);
    for (int i = 1; i < n; i++) {
        if (strcmp(at[i - 1].uscc, at[i].uscc) == 0 &&
            strcmp(at[i - 1].id, at[i].id) != 0) {
            register_warn(reader, reader->conf->reg.enterprises, at[i].line, 1,
                          "uscc %s of \"%s\" is also that of \"%s\" in line %ld",
                          at[i].uscc, at[i].id, at[i - 1].id, at[i - 1].line);
        }
    }
    free(at);
}

static void keep_rows(struct register_reader *reader, const struct enterprise_rows *rows)
{
    struct registry *registry = reader->registry;

    registry->enterprise = calloc((size_t)rows->n + 1, sizeof(*registry->enterprise));
    registry->enterprise_place =
        calloc((size_t)rows->n + 1, sizeof(*registry->enterprise_place));
    if (registry->enterprise == NULL || registry->enterprise_place == NULL) {
        reader->err = ERR_NOMEM;
        return;
    }
    for (int i = 0; i < rows->n; i++) {
        const struct version *version = &rows->version[i];
        int at = registry->n_enterprises;

        if (!version->dropped) {
            registry->enterprise[at] = rows->row[version->row];
            registry->enterprise[at].until = (day_t)version->last;
            registry->enterprise_place[at].line = version->line;
            registry->n_enterprises++;
        }
    }
}

void register_read_enterprises(struct register_reader *reader)
{
    const char *path = reader->conf->reg.enterprises;
    struct enterprise_rows rows = {0};
    FILE *file = NULL;
    struct table *table = register_open(reader, path, true, columns, &file);

    if (table == NULL) {
        return;
    }
    read_rows(reader, table, &rows);
    table_close(table);
    (void)fclose(file);
    id_set_finish(reader, &reader->enterprise_ids);
    versions_resolve(reader, path, rows.version, rows.n, same_row, &rows);
    keep_rows(reader, &rows);
    if (reader->err == 0) {
        warn_repeated_uscc(reader, reader->registry);
    }
    free(rows.row);
    free(rows.version);
}
