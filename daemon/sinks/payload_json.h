/*
 * Payloads as JSON, from rows of the store alone: the same row always gives the same bytes.
 * Keys and types: interfaces.md §6 and appendix E6.
 */
#ifndef ECMON_SINKS_PAYLOAD_JSON_H
#define ECMON_SINKS_PAYLOAD_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/interval.h>
#include <ecmon/ratio.h>
#include <ecmon/row.h>
#include <ecmon/sample.h>
#include <ecmon/time.h>

#include "daemon/core/text.h"

/* What every payload but the status names. */
struct payload_head {
    const char *site;
    int64_t epoch_ms;
    int64_t seq;
    bool late;
};

/* One slot of one meter. register_wh turns its energy registers into primary-side Wh. */
void payload_reading(struct text_buffer *buffer, const struct payload_head *head,
                     const char *meter, const struct sample *sample,
                     struct ratio register_wh);

/* `readings` of a batch: begin, members, end. head->seq is the first member's. */
void payload_batch_begin(struct text_buffer *buffer, const struct payload_head *head);
void payload_batch_member(struct text_buffer *buffer, bool first,
                          const struct payload_head *head, const char *meter,
                          const struct sample *sample, struct ratio register_wh);
void payload_batch_end(struct text_buffer *buffer);

void payload_interval(struct text_buffer *buffer, const struct payload_head *head,
                      const char *meter, const char *enterprise,
                      const struct interval *interval, const struct zone *zone);

/* A result row (rate, carbon): all its columns behind the head. */
void payload_row(struct text_buffer *buffer, const char *type,
                 const struct payload_head *head, const struct rows *rows, size_t row,
                 const struct zone *zone);

void payload_watermark(struct text_buffer *buffer, const struct payload_head *head);

struct payload_status_fields {
    const char *state; /* online offline */
    const char *site;
    const char *version;
    int64_t epoch_ms;
    const char *zone; /* internet … */
    const char *config_sha256;
    const char *register_sha256;
    const char *methods_sha256;
    bool clock_synced;
};

void payload_status(struct text_buffer *buffer, const struct payload_status_fields *fields,
                    const struct zone *zone);

#endif
