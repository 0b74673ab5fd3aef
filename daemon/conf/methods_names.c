/* Names: industries*.csv (GB/T 4754-2017), regions*.csv (GB/T 2260). */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/conf/methods_parts.h"

#define INDUSTRY(field) TABLE_INTO(struct industry_name, field)

enum {
    INDUSTRY_CODE
};

static const struct table_column industry_columns[] = {
    {"code", "代码", NULL, TABLE_CODE, TABLE_REQUIRED, INDUSTRY(code)},
    {"name", "名称", NULL, TABLE_TEXT, TABLE_REQUIRED, INDUSTRY(name)},
    {"name_en", "英文名称", NULL, TABLE_TEXT, TABLE_OPTIONAL, INDUSTRY(name_en)},
    {.name = NULL}};

#define REGION(field) TABLE_INTO(struct region_name, field)

enum {
    REGION_CODE
};

static const struct table_column region_columns[] = {
    {"code", "代码", NULL, TABLE_CODE, TABLE_REQUIRED, REGION(code)},
    {"name", "名称", NULL, TABLE_TEXT, TABLE_REQUIRED, REGION(name)},
    {"grid", "电网", NULL, TABLE_TEXT, TABLE_OPTIONAL, REGION(grid)},
    {.name = NULL}};

static int take_industry(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct industry_name row = {0};

    if (table_fill(table, &row) > 0) {
        return 0;
    }
    size_t digits = strspn(row.code + 1, "0123456789");

    if (row.code[0] < 'A' || row.code[0] > 'T' || digits > 4 ||
        row.code[1 + digits] != '\0') {
        table_error(table, INDUSTRY_CODE, "code \"%s\" is not of GB/T 4754-2017", row.code);
        return 0;
    }
    struct industry_name *grown =
        array_grow(methods->industry, methods->n_industry, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->industry = grown;
    grown[methods->n_industry++] = row;
    return 0;
}

static int take_region(struct methods_reader *reader, struct table *table)
{
    struct methods *methods = reader->methods;
    struct region_name row = {0};

    if (table_fill(table, &row) > 0) {
        return 0;
    }
    size_t n = strlen(row.code);

    if ((n != 2 && n != 4 && n != 6) || strspn(row.code, "0123456789") != n) {
        table_error(table, REGION_CODE, "code \"%s\" is not 2, 4 or 6 digits", row.code);
        return 0;
    }
    struct region_name *grown =
        array_grow(methods->region, methods->n_region, sizeof(*grown));

    if (grown == NULL) {
        return ERR_NOMEM;
    }
    methods->region = grown;
    grown[methods->n_region++] = row;
    return 0;
}

int methods_on_names(void *ctx, const char *path, const char *name)
{
    static const struct method_table industries = {industry_columns, false, take_industry};
    static const struct method_table regions = {region_columns, false, take_region};
    struct methods_reader *reader = ctx;

    if (strncmp(name, "industries", 10) == 0) {
        return methods_read_table(reader, &industries, path, name);
    }
    if (strncmp(name, "regions", 7) == 0) {
        return methods_read_table(reader, &regions, path, name);
    }
    reader->path = path;
    methods_error(reader, "a file of names is called industries*.csv or regions*.csv");
    return 0;
}

static int compare_days(const void *a, const void *b)
{
    const struct calendar_day *left = a;
    const struct calendar_day *right = b;

    return (left->day > right->day) - (left->day < right->day);
}

static int compare_industries(const void *a, const void *b)
{
    return strcmp(((const struct industry_name *)a)->code,
                  ((const struct industry_name *)b)->code);
}

static int compare_regions(const void *a, const void *b)
{
    return strcmp(((const struct region_name *)a)->code,
                  ((const struct region_name *)b)->code);
}

void methods_sort(struct methods *methods)
{
    if (methods->n_calendar > 0) {
        qsort(methods->calendar, (size_t)methods->n_calendar, sizeof(*methods->calendar),
              compare_days);
    }
    if (methods->n_industry > 0) {
        qsort(methods->industry, (size_t)methods->n_industry, sizeof(*methods->industry),
              compare_industries);
    }
    if (methods->n_region > 0) {
        qsort(methods->region, (size_t)methods->n_region, sizeof(*methods->region),
              compare_regions);
    }
}

int names_load(const struct conf *conf, struct problems *problems,
               struct methods *ret_methods)
{
    struct methods methods = {0};
    struct methods_reader reader = {.methods = &methods, .problems = problems};
    int err = conf_each_file(conf, "names", ".csv", methods_on_names, &reader);

    if (err != 0) {
        methods_done(&methods);
        return err;
    }
    methods_sort(&methods);
    *ret_methods = methods;
    return 0;
}
