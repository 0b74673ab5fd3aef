/* Files with a sidecar: NAME.yaml is bad, NAME.expect says "LINE:COLUMN: message begins
 * so". */
#ifndef ECMON_TESTS_UNIT_CONF_CORPUS_H
#define ECMON_TESTS_UNIT_CONF_CORPUS_H

#include "daemon/conf/problems.h"

/* Calls read for each NAME.yaml of a folder and compares every problem it adds, in any
 * order, with the sidecar. Returns the number of files; fails the test at the first
 * difference. */
int corpus_each(const char *folder,
                int (*read)(const char *path, struct problems *problems));

#endif
