/* What the reading of rows and those who extend it share: limits told to people, numbers.
 */
#ifndef ECMON_CONF_SCHEMA_PARTS_H
#define ECMON_CONF_SCHEMA_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/conf/schema.h"

/* "1s..15min", "64KiB..", "0..10", "meter, import"; "" when anything of the type is
 * allowed. */
void opt_limits_text(const struct opt *opt, char *ret_text, size_t size);

/* An unsigned number, decimal or 0x…, at most max. The output is untouched on failure. */
bool text_to_number(const char *text, uint64_t max, uint64_t *ret_number);

#endif
