#include <ecmon/err.h>

#include "daemon/store/db.h"
#include "daemon/store/results.h"

/* 1, 0, or enum err. */
static int ask_row(struct store *store, sqlite3_stmt *stmt, int64_t row_no)
{
    if (stmt == NULL) {
        return ERR_IO;
    }
    (void)sqlite3_bind_int64(stmt, 1, row_no);
    int got = db_step(store, stmt);

    if (got != 1) {
        return got < 0 ? got : ERR_NOT_FOUND;
    }
    int answer = sqlite3_column_int(stmt, 0);

    (void)sqlite3_reset(stmt);
    return answer;
}

int results_rate_is_latest(struct store *store, int64_t row_no)
{
    return ask_row(store,
                   db_prepare(store, "SELECT NOT EXISTS (SELECT 1 FROM rate_day AS later"
                                     " WHERE later.newest = 1 AND later.day > mine.day"
                                     " AND later.method = mine.method"
                                     " AND later.group_kind = mine.group_kind"
                                     " AND later.group_id = mine.group_id"
                                     " AND later.row_no < mine.row_no)"
                                     " FROM rate_day AS mine WHERE mine.row_no = ?1"),
                   row_no);
}

int results_carbon_is_latest(struct store *store, int64_t row_no)
{
    return ask_row(store,
                   db_prepare(store,
                              "SELECT NOT EXISTS (SELECT 1 FROM carbon AS later"
                              " WHERE later.newest = 1 AND later.period > mine.period"
                              " AND later.method = mine.method"
                              " AND later.enterprise_no = mine.enterprise_no"
                              " AND later.period_kind = mine.period_kind"
                              " AND later.row_no < mine.row_no)"
                              " FROM carbon AS mine WHERE mine.row_no = ?1"),
                   row_no);
}
