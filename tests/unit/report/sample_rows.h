/* Three rows that hold one of every kind of cell. */
#ifndef ECMON_TESTS_UNIT_REPORT_SAMPLE_ROWS_H
#define ECMON_TESTS_UNIT_REPORT_SAMPLE_ROWS_H

#include "daemon/core/row.h"
#include "daemon/report/report.h"
#include "tests/support/test.h"

static const struct zone sample_zone = {8 * 3600 * 1000, "Asia/Shanghai"};

static const struct column sample_columns[] = {
    {"enterprise", COLUMN_PLAIN, "企业"},
    {"start_ts_ms", COLUMN_TS_MS, "时间"},
    {"energy_wh", COLUMN_WH, "电量"},
    {"ratio", COLUMN_PCT, "复工比"},
    {"value_added_cny", COLUMN_CNY_WAN, "增加值"},
    {"grade", COLUMN_PLAIN, "等级"},
    {"stage", COLUMN_PLAIN, "阶段"},
    {"light", COLUMN_PLAIN, "灯"},
};

static inline void sample_rows_init(struct rows *rows)
{
    static const char *const names[] = {"示例钢厂", "B", "乙"};

    rows_init(rows, sample_columns, sizeof(sample_columns) / sizeof(sample_columns[0]));
    for (int i = 0; i < 3; i++) {
        struct cell *cell = rows_add(rows);

        assert_non_null(cell);
        cell[0] = cell_text(names[i]);
        if (i == 2) {
            continue;
        }
        cell[1] = cell_int(1795219200000 + i * INT64_C(900000));
        cell[2] = cell_int(i == 0 ? 15599000 : 2999);
        cell[3] = cell_fraction(i == 0 ? 3 : 2999, i == 0 ? 5 : 10000);
        cell[4] = cell_decimal(1500000000, 2);
        cell[5] = cell_int(2 + i);
        cell[6] = cell_enum(i == 0 ? "closed" : "preliminary");
        cell[7] = cell_enum(i == 0 ? "red" : "yellow");
    }
}

/* What report_write puts out, as a string to free. */
static inline char *sample_write(const struct rows *rows, struct report_options options)
{
    char *text = NULL;
    size_t n = 0;

    options.zone = &sample_zone;
    options.out = open_memstream(&text, &n);
    assert_non_null(options.out);
    assert_int_equal(report_write(rows, &options), 0);
    assert_int_equal(fclose(options.out), 0);
    return text;
}

#endif
