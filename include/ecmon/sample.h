/* One slot of one meter: the outcome that collect hands to the store. */
#ifndef ECMON_SAMPLE_H
#define ECMON_SAMPLE_H

#include <stdint.h>

#include <ecmon/quantity.h>

/* Outcomes of a slot. X(ID, name). The numbers are stored: append only. */
#define SLOT_STATUS_LIST(X)                                                                \
    X(OK, "ok")                                                                            \
    X(PARTIAL, "partial")                                                                  \
    X(TIMEOUT, "timeout")                                                                  \
    X(REFUSED, "refused")                                                                  \
    X(CONNECTION, "connection")                                                            \
    X(EXCEPTION, "exception")                                                              \
    X(BAD_FRAME, "bad_frame")                                                              \
    X(BAD_CRC, "bad_crc")                                                                  \
    X(BAD_UNIT, "bad_unit")                                                                \
    X(RANGE, "range")                                                                      \
    X(MISSED, "missed")                                                                    \
    X(CLOCK, "clock")                                                                      \
    X(DISABLED, "disabled")

enum slot_status {
#define SLOT_STATUS_ENUM(id, name) SLOT_##id,
    SLOT_STATUS_LIST(SLOT_STATUS_ENUM)
#undef SLOT_STATUS_ENUM
    SLOT_STATUS_COUNT
};

#define SAMPLE_DETAIL_LEN 40

struct sample {
    int64_t slot_ts_ms; /* the slot's start, aligned to the wall clock */
    int64_t ts_ms;      /* arrival of the reply that holds energy_import_wh; 0 = none */
    uint32_t meter_no;
    int32_t interval_s; /* of the schedule that the slot belongs to */
    enum slot_status status;
    uint32_t present;               /* bit q set: value[q] came */
    int64_t value[QUANTITY_COUNT];  /* energies in register units, the rest primary side */
    char detail[SAMPLE_DETAIL_LEN]; /* "1000 ms, 2 tries", "3 of 20 missing"; "" = none */
};

static inline int sample_has(const struct sample *sample, enum quantity quantity)
{
    return (int)((sample->present >> quantity) & 1u);
}

/* Defined in daemon/core/words.c. */
const char *slot_status_name(enum slot_status status);

#endif
