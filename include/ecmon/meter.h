/*
 * A meter as the register (档案) describes it: one version, in force from since_ms
 * (inclusive) to until_ms (exclusive).
 */
#ifndef ECMON_METER_H
#define ECMON_METER_H

#include <stdint.h>

#include <ecmon/quantity.h>
#include <ecmon/ratio.h>

#define ID_LEN       65  /* [A-Za-z0-9][A-Za-z0-9._-]{0,63} and NUL */
#define NAME_LEN     129 /* UTF-8, 128 bytes and NUL */
#define ENDPOINT_LEN 128
#define ADDRESS_LEN  16

/* What a meter measures. X(ID, name). */
#define METER_ROLE_LIST(X)                                                                 \
    X(SUPPLY, "supply")         /* 供电总表 */                                         \
    X(GENERATION, "generation") /* 自发电 */                                            \
    X(STORAGE, "storage")       /* 储能 */                                               \
    X(FEED_IN, "feed_in")       /* 全额上网 */                                         \
    X(PRODUCTION, "production") /* 产污 */                                               \
    X(CONTROL, "control")       /* 治污 */                                               \
    X(SUB, "sub")               /* 分表 */

enum meter_role {
#define METER_ROLE_ENUM(id, name) METER_ROLE_##id,
    METER_ROLE_LIST(METER_ROLE_ENUM)
#undef METER_ROLE_ENUM
    METER_ROLE_COUNT
};

struct meter {
    uint32_t meter_no;      /* of the store; 0 = not stored yet; < 2^20, never reused */
    uint32_t enterprise_no; /* of the store; 0 = not stored yet */
    uint32_t parent_no;     /* upstream supply meter; 0 = none */
    char id[ID_LEN];
    char enterprise[ID_LEN];
    char parent[ID_LEN]; /* "" = none */
    char account[24];    /* 户号, "" = none */
    char name[NAME_LEN];
    char serial[ID_LEN];
    char endpoint[ENDPOINT_LEN]; /* "" = imported readings only */
    char address[ADDRESS_LEN];   /* unit id, or 12 digits */
    char profile[ID_LEN];
    char site[ID_LEN];
    struct ratio pt; /* 电压互感器变比, 1/1 when direct */
    struct ratio ct; /* 电流互感器变比 */
    struct ratio
        register_wh; /* primary-side Wh (varh) per register unit: digit × PT × CT */
    int64_t register_range; /* register units at which it rolls over to 0; 0 = unknown */
    int64_t initial; /* first register of this version at an exchange; -1 = unknown */
    int64_t previous_final; /* last register of the version before; -1 = unknown */
    enum meter_role role;
    int32_t loss_bp; /* line or transformer loss, 0..1000 = 0.00..10.00 % */
    int64_t rated_w; /* 0 = unknown */
    int32_t interval_s[QUANTITY_GROUP_COUNT];
    int64_t since_ms;
    int64_t until_ms; /* TS_MS_OPEN = open */
};

/* Defined in daemon/core/words.c. */
const char *meter_role_name(enum meter_role role);
/* Returns METER_ROLE_COUNT when no role has that name. */
enum meter_role meter_role_from_name(const char *name);

#endif
