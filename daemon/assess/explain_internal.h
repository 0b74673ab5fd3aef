/* Small pieces of text that both explanations are made of. Not a door. */
#ifndef ECMON_ASSESS_EXPLAIN_INTERNAL_H
#define ECMON_ASSESS_EXPLAIN_INTERNAL_H

#include <ecmon/row.h>

#include "daemon/compute/resumption.h"
#include "daemon/core/text.h"

/* One of two languages. */
const char *say(bool english, const char *zh, const char *en);
/* The word of an enum as people read it; the word itself in English or where none is known.
 */
const char *explain_word(bool english, const char *word);
/* "60.00 %", "–" where there is none. */
void explain_pct(struct text_buffer *buffer, struct fraction rate);
/* "15599.000 kWh" */
void explain_kwh(struct text_buffer *buffer, int64_t wh);
/* value / 10^digits, every digit shown. */
void explain_decimal(struct text_buffer *buffer, int64_t value, int digits);
/* value / 10^digits, trailing zeros dropped. */
void explain_short(struct text_buffer *buffer, int64_t value, int digits);
/* "key":"text" or "key":null, with a comma before it unless first. */
void explain_json_text(struct text_buffer *buffer, bool first, const char *key,
                       const char *text);
void explain_json_i64(struct text_buffer *buffer, const char *key, int64_t value);
void explain_json_decimal(struct text_buffer *buffer, const char *key, int64_t value,
                          int digits);

#endif
