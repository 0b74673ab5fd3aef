/* energy-use: what an enterprise used of each carrier, by period. */
#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/sync/import_parts.h"

#define QUANTITY_MAX_E6 INT64_C(1000000000000000000)

static const struct table_word carrier_words[] = {
    {"electricity", "electricity"},
    {"电力", "electricity"},
    {"natural_gas", "natural_gas"},
    {"天然气", "natural_gas"},
    {"coke_oven_gas", "coke_oven_gas"},
    {"焦炉煤气", "coke_oven_gas"},
    {"blast_furnace_gas", "blast_furnace_gas"},
    {"高炉煤气", "blast_furnace_gas"},
    {"raw_coal", "raw_coal"},
    {"原煤", "raw_coal"},
    {"washed_coal", "washed_coal"},
    {"洗精煤", "washed_coal"},
    {"anthracite", "anthracite"},
    {"无烟煤", "anthracite"},
    {"bituminous", "bituminous"},
    {"烟煤", "bituminous"},
    {"coke", "coke"},
    {"焦炭", "coke"},
    {"crude_oil", "crude_oil"},
    {"原油", "crude_oil"},
    {"diesel", "diesel"},
    {"柴油", "diesel"},
    {"gasoline", "gasoline"},
    {"汽油", "gasoline"},
    {"fuel_oil", "fuel_oil"},
    {"燃料油", "fuel_oil"},
    {"lpg", "lpg"},
    {"液化石油气", "lpg"},
    {"lng", "lng"},
    {"液化天然气", "lng"},
    {"biomass", "biomass"},
    {"生物质", "biomass"},
    {"heat", "heat"},
    {"热力", "heat"},
    {"heat_oil", "heat_oil"},
    {"导热油", "heat_oil"},
    {"steam", "steam"},
    {"蒸汽", "steam"},
    {"green_power", "green_power"},
    {"绿电", "green_power"},
    {"self_pv", "self_pv"},
    {"自用光伏", "self_pv"},
    {"certificate", "certificate"},
    {"绿证", "certificate"},
    {NULL, NULL}};

/* interfaces: the unit of each carrier; whatever is not named here is in t. */
static const struct table_word carrier_units[] = {
    {"electricity", "kWh"},  {"natural_gas", "m3"},
    {"coke_oven_gas", "m3"}, {"blast_furnace_gas", "m3"},
    {"heat", "GJ"},          {"heat_oil", "GJ"},
    {"green_power", "kWh"},  {"self_pv", "kWh"},
    {"certificate", "MWh"},  {NULL, NULL}};

static const struct table_word unit_words[] = {
    {"kWh", "kWh"},    {"kwh", "kWh"}, {"千瓦时", "kWh"}, {"度", "kWh"},    {"m3", "m3"},
    {"m³", "m3"},      {"Nm3", "m3"},  {"Nm³", "m3"},     {"立方米", "m3"}, {"t", "t"},
    {"吨", "t"},       {"GJ", "GJ"},   {"吉焦", "GJ"},    {"MWh", "MWh"},   {"mwh", "MWh"},
    {"兆瓦时", "MWh"}, {NULL, NULL}};

#define COLUMN_LIST(X)                                                                     \
    X(ENTERPRISE, "enterprise", "企业编号", "企业", TABLE_OTHER, TABLE_REQUIRED,           \
      .size = 0)                                                                           \
    X(PERIOD, "period", "期间", "时期", TABLE_OTHER, TABLE_REQUIRED, .size = 0)            \
    X(CARRIER, "carrier", "能源品种", "品种", TABLE_OTHER, TABLE_REQUIRED, .size = 0)      \
    X(QUANTITY, "quantity", "数量", "消费量", TABLE_OTHER, TABLE_REQUIRED, .size = 0)      \
    X(UNIT, "unit", "单位", "计量单位", TABLE_OTHER, TABLE_REQUIRED, .size = 0)            \
    X(CERT_ID, "cert_id", "证书编号", "绿证编号", TABLE_OTHER, TABLE_OPTIONAL, .size = 0)

enum {
    COLUMN_LIST(TABLE_ENUM)
};

static const struct table_column columns[] = {COLUMN_LIST(TABLE_ROW){.name = NULL}};
static const char *const template_names[] = {COLUMN_LIST(TABLE_NAME) NULL};
static const char *const template_labels[] = {COLUMN_LIST(TABLE_LABEL) NULL};

static int begin(struct import *import)
{
    struct figures *figures = calloc(1, sizeof(*figures));

    if (figures == NULL) {
        return ERR_NOMEM;
    }
    figures->compare = imports_energy_use_compare;
    figures->put = imports_energy_use_put;
    figures->periods = imports_energy_use_periods;
    figures->period_column = table_place(import->table, COLUMN_PERIOD);
    import->rows = figures;
    return 0;
}

static const char *unit_of(const char *carrier)
{
    const char *unit = table_word(carrier_units, carrier);

    return unit == NULL ? "t" : unit;
}

static void take_carrier(struct table *table, struct imported_figure *figure)
{
    const char *text = table_cell(table, COLUMN_CARRIER);
    const char *carrier = table_word(carrier_words, text);

    if (text[0] == '\0') {
        table_error(table, COLUMN_CARRIER, "carrier is blank");
    } else if (carrier == NULL) {
        table_error_words(table, COLUMN_CARRIER, carrier_words);
    } else {
        (void)text_copy(figure->name, sizeof(figure->name), carrier);
    }
}

static void take_unit(struct table *table, struct imported_figure *figure)
{
    const char *text = table_cell(table, COLUMN_UNIT);
    const char *unit = table_word(unit_words, text);

    if (text[0] == '\0') {
        table_error(table, COLUMN_UNIT, "unit is blank");
    } else if (unit == NULL) {
        table_error_words(table, COLUMN_UNIT, unit_words);
    } else if (figure->name[0] != '\0' && strcmp(unit, unit_of(figure->name)) != 0) {
        table_error(table, COLUMN_UNIT, "unit \"%s\": %s is counted in %s", text,
                    figure->name, unit_of(figure->name));
    } else {
        (void)text_copy(figure->unit, sizeof(figure->unit), unit);
    }
}

static void take_cert(struct table *table, struct imported_figure *figure)
{
    const char *text = table_cell(table, COLUMN_CERT_ID);

    if (table_is_cut_number(text)) {
        table_error(
            table, COLUMN_CERT_ID,
            "cert_id \"%.64s\" was shortened by a spreadsheet: format the cell as text "
            "and enter it again",
            text);
    } else if (!text_copy(figure->cert_id, sizeof(figure->cert_id), text)) {
        table_error(table, COLUMN_CERT_ID, "cert_id is longer than %zu bytes",
                    sizeof(figure->cert_id) - 1);
    }
}

static int take(struct import *import)
{
    struct table *table = import->table;
    struct figures *figures = import->rows;
    int64_t before = table_errors(table);
    struct period period = {.first = DAY_MIN, .last = DAY_MAX};
    struct imported_figure figure = {0};

    (void)import_period(import, COLUMN_PERIOD, &period);
    figure.enterprise_no =
        import_enterprise(import, COLUMN_ENTERPRISE, period.first, period.last);
    (void)text_copy(figure.period, sizeof(figure.period), period.text);
    take_carrier(table, &figure);
    take_unit(table, &figure);
    take_cert(table, &figure);
    if (table_amount(table, COLUMN_QUANTITY, 6, QUANTITY_MAX_E6, &figure.value_e6) == 0) {
        table_error(table, COLUMN_QUANTITY, "quantity is blank");
    }
    if (table_errors(table) > before) {
        return 0;
    }
    int err = figures_add_source(import, figures);

    if (err == 0) {
        err = figures_stage(import, figures, &figure, &period, COLUMN_QUANTITY);
    }
    if (err == 0 && table_errors(table) > before) {
        figures_refuse_source(figures);
    }
    return err;
}

static int check(struct import *import)
{
    return figures_check(import, import->rows);
}

static int store_all(struct import *import)
{
    return figures_store(import, import->rows);
}

static void done(struct import *import)
{
    if (import->rows != NULL) {
        figures_done(import->rows);
        free(import->rows);
    }
}

const struct import_kind import_energy_use = {"energy-use",    columns,   template_names,
                                              template_labels, begin,     take,
                                              check,           store_all, done};
