/*
 * Memory that runs out in SQLite on request. scarce_install before the first use of SQLite
 * in the process; one thread.
 */
#ifndef ECMON_TESTS_SCARCE_H
#define ECMON_TESTS_SCARCE_H

#include <stdbool.h>
#include <stdint.h>

/* Aborts when SQLite does not take it. */
void scarce_install(void);
/* From here on the nth allocation fails (from 1; 0: none does), with sticky every one after
 * it, too. */
void scarce_fail(int64_t nth, bool sticky);
/* How many failed since scarce_fail. */
int64_t scarce_failures(void);

#endif
