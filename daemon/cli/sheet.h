/* The commissioning sheet (验收单): A4 pages to sign, or CSV rows. */
#ifndef ECMON_CLI_SHEET_H
#define ECMON_CLI_SHEET_H

#include <stdio.h>

#include <ecmon/row.h>
#include <ecmon/time.h>

#include "daemon/cli/commission.h"

struct sheet {
    const struct commission *row; /* judged */
    int n;
    const char *site_id;
    const char *site_name;
    const char *version; /* of ecmon */
    const struct zone *zone;
    int64_t now_ms;
    bool english; /* else Chinese */
};

/* One HTML file without anything from elsewhere. Write errors are the stream's. */
void sheet_html(const struct sheet *sheet, FILE *out);
/* Rows of the same, for rows_done. 0 or ERR_NOMEM. */
int sheet_rows(const struct sheet *sheet, struct rows *ret_rows);

#endif
