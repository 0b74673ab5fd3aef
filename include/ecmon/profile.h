/*
 * A meter profile: which registers hold which quantity, and how to read them. Profiles are
 * data (config/profiles/<id>.yaml, read by daemon/conf); drivers plan and decode from them.
 * Asked for by meters.md §2.22, §3.2.
 */
#ifndef ECMON_PROFILE_H
#define ECMON_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/quantity.h>
#include <ecmon/ratio.h>

/* What the meter speaks. */
enum profile_protocol {
    PROFILE_MODBUS,
    PROFILE_DLT645_2007, /* DL/T 645-2007 */
    PROFILE_DLT645_1997  /* DL/T 645-1997: identifiers of two bytes */
};

enum register_type {
    REGISTER_U16,
    REGISTER_S16,
    REGISTER_U32,
    REGISTER_S32,
    REGISTER_U64,
    REGISTER_S64,
    REGISTER_F32,
    REGISTER_F64,
    REGISTER_BCD16, /* 4 digits */
    REGISTER_BCD32  /* 8 digits */
};

enum word_order {
    WORD_ORDER_BE, /* high word first, "ABCD" */
    WORD_ORDER_SW  /* low word first, "CDAB" */
};

enum pf_rule {
    PF_PLAIN,    /* value as it is */
    PF_SIGNED,   /* the sign is the direction of power, kept */
    PF_SCHNEIDER /* four-quadrant code: |x| > 1 means 2 - |x|, leading */
};

#define PROFILE_MISSING_MAX  4
#define PROFILE_PARTS_MAX    2
#define PROFILE_NO_MERGE_MAX 8

/* One register that a value is made of. A value may add up two (kWh + residue, T1 + T2,
 * P+ - P-): both always come from one read. */
struct profile_part {
    uint16_t address; /* 0-based, as sent on the wire */
    enum register_type type;
    enum word_order order;
    struct ratio
        scale;   /* canonical units (mV, mA, W, mHz, 1/1000) or register units, per count */
    bool negate; /* subtract this part */
};

/* Where a DL/T 645 value stands: packed BCD, low byte first, behind a data identifier
 * (数据标识). */
struct profile_data {
    uint32_t id;        /* of the read: DI3 DI2 DI1 DI0; of 1997 DI1 DI0 */
    uint32_t single_id; /* of this value alone, asked when the meter refuses id; 0 = none */
    uint16_t offset;    /* of the value's first byte, from the end of the identifier */
    uint8_t bytes;      /* 1..8, two digits each */
    bool is_signed;     /* the top bit of the last byte is the sign */
};

/* Most bytes behind one data identifier, those of follow-up frames included. */
#define PROFILE_DATA_MAX 512

struct profile_point {
    enum quantity quantity;
    uint8_t function; /* Modbus reading function, 3 or 4 */
    int n_parts;      /* 1 or 2; of DL/T 645 1, and only the scale of part[0] counts */
    struct profile_data data; /* DL/T 645 */
    struct profile_part part[PROFILE_PARTS_MAX];
    enum pf_rule pf;
    int n_missing;                         /* raw codes that mean "no value" */
    uint64_t missing[PROFILE_MISSING_MAX]; /* raw bits of the whole register group */
    int64_t min;                           /* canonical units; outside: no value */
    int64_t max;
    bool has_range;
    char source[160]; /* document and page the register comes from */
};

struct profile_span {
    uint16_t
        first; /* registers that must not be joined with their neighbours in one read */
    uint16_t last;
};

struct profile {
    enum profile_protocol protocol;
    char id[ID_LEN]; /* maker-model */
    char name[NAME_LEN];
    char source[160];
    char version[32];         /* of the file's content, named by results */
    bool primary_side;        /* values already on the primary side of PT and CT */
    uint16_t max_registers;   /* most registers one read may ask, 1..125; of DL/T 645 0 */
    struct ratio register_wh; /* Wh (varh) per register unit: the stated digit, e.g. 10/1 */
    int64_t register_range;   /* register units at which energies roll over; 0 = unknown */
    int n_points;
    struct profile_point *point; /* owned, sorted by function and address, or by data.id and
                                    data.offset */
    int n_no_merge;
    struct profile_span no_merge[PROFILE_NO_MERGE_MAX];
};

/* Registers that a type takes: 1, 2 or 4. */
static inline int register_type_words(enum register_type type)
{
    switch (type) {
    case REGISTER_U16:
    case REGISTER_S16:
    case REGISTER_BCD16:
        return 1;
    case REGISTER_U32:
    case REGISTER_S32:
    case REGISTER_F32:
    case REGISTER_BCD32:
        return 2;
    case REGISTER_U64:
    case REGISTER_S64:
    case REGISTER_F64:
    default:
        return 4;
    }
}

#endif
