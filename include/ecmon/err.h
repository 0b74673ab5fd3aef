/*
 * Errors as values: 0 is success, a system error is -errno, ours start at -1000.
 * Words for people are made where the context is known, not here.
 */
#ifndef ECMON_ERR_H
#define ECMON_ERR_H

enum err {
    ERR_NOMEM = -1000,  /* an allocation failed */
    ERR_IO = -1001,     /* reading or writing failed */
    ERR_RANGE = -1002,  /* a value is outside what is allowed */
    ERR_SYNTAX = -1003, /* foreign text that cannot be read */
    ERR_NOT_FOUND = -1004,
    ERR_EXISTS = -1005,
    ERR_FULL = -1006,    /* a bounded queue or buffer is full */
    ERR_LOCKED = -1007,  /* another process holds the store */
    ERR_SCHEMA = -1008,  /* the store is of a newer or foreign schema */
    ERR_CONFIG = -1009,  /* bad configuration, profile or method data: exit 78 */
    ERR_DATA = -1010,    /* bad register or import file: exit 65 */
    ERR_CORRUPT = -1011, /* the store is damaged */
    ERR_BUSY = -1012,
    ERR_UNAVAILABLE = -1013, /* a service cannot be reached: exit 69 */
    ERR_OVERFLOW = -1014     /* an exact integer result does not fit */
};

#endif
