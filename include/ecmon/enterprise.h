/* An enterprise as the register (档案) describes it: one version, days inclusive. */
#ifndef ECMON_ENTERPRISE_H
#define ECMON_ENTERPRISE_H

#include <stdint.h>

#include <ecmon/meter.h>
#include <ecmon/time.h>

enum size_class {
    SIZE_CLASS_UNKNOWN, /* 未定 */
    SIZE_CLASS_ABOVE, /* 规上: annual main revenue >= 20 M yuan, by the statistics bureau */
    SIZE_CLASS_BELOW /* 规下 */
};

struct enterprise {
    uint32_t enterprise_no; /* of the store; 0 = not stored yet; never reused */
    char id[ID_LEN];
    char name[NAME_LEN];
    char short_name[NAME_LEN];
    char uscc[24]; /* 统一社会信用代码, "" = unknown */
    enum size_class size_class;
    char industry[8]; /* GB/T 4754-2017, "C3110"; "" = unknown */
    char region[8];   /* GB/T 2260, "330282"; "" = unknown */
    char town[ID_LEN];
    char park[ID_LEN];
    int64_t voltage_v;         /* 0 = unknown */
    int64_t area_mu_e4;        /* 1/10000 mu; -1 = unknown */
    char land_kind[16];        /* owned tenant none, "" = unknown */
    char env_class[16];        /* a leading b c d none */
    int32_t green_stars;       /* 0..5; -1 = unknown */
    char energy_class[16];     /* key none */
    char price_class[16];      /* encouraged allowed restricted eliminated */
    day_t commissioning_until; /* DAY_MIN = not in commissioning */
    day_t since;               /* DAY_MIN = open */
    day_t until;               /* DAY_MAX = open, inclusive */
};

struct list_member {
    char list[ID_LEN];
    char enterprise[ID_LEN];
    char role[16]; /* lead tier1 tier2, "" = none */
    char note[NAME_LEN];
    day_t since;
    day_t until;
};

/* Names of towns, parks, lists (groups.csv). */
struct group_name {
    char kind[16];
    char id[ID_LEN];
    char name[NAME_LEN];
    char name_en[NAME_LEN];
    char parent[ID_LEN];
};

/* Defined in daemon/core/words.c. */
const char *size_class_name(enum size_class size_class);

#endif
