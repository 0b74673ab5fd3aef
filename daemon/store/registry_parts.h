/* What the files of the register in the store share. Not a door. */
#ifndef ECMON_STORE_REGISTRY_PARTS_H
#define ECMON_STORE_REGISTRY_PARTS_H

#include <sqlite3.h>

#include <ecmon/time.h>

#define DAY_TEXT_OPEN_SINCE "0000-01-01"
#define DAY_TEXT_OPEN_UNTIL "9999-12-31" /* DAY_MAX */

/* A day column; DAY_MIN is DAY_TEXT_OPEN_SINCE. */
void registry_bind_day(sqlite3_stmt *stmt, int index, day_t day);
day_t registry_column_day(sqlite3_stmt *stmt, int index);

#endif
