/*
 * Everything that files say about a site: configuration, profiles, method data, register.
 * Read as a whole, checked as a whole, replaced as a whole.
 */
#ifndef ECMON_CONF_SETUP_H
#define ECMON_CONF_SETUP_H

#include <stdio.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/methods.h"
#include "daemon/conf/profile.h"
#include "daemon/conf/register.h"

struct setup {
    struct conf *conf;
    struct profiles profiles;
    struct methods methods;
    struct registry registry;
};

/* Reads everything that a configuration names, also after a file was found wrong, so that
 * all problems are told at once. Returns 0 and *ret_setup (the caller's), ERR_CONFIG,
 * ERR_DATA, ERR_IO, ERR_NOMEM. */
int setup_load(const char *conf_path, struct problems *problems, struct setup **ret_setup);
void setup_free(struct setup *setup);

/* What other rooms find in a setup that is well-formed: adds warnings. */
typedef void (*setup_check_fn)(const struct setup *setup, int64_t now_ms,
                               struct problems *problems);

/* `ecmon check`: writes every problem to errors and, when there is none, one line to out.
 * strict: warnings count. now_ms: UTC, says which meters are in force. more may be NULL.
 * Returns the exit code: 0, 1 (strict), 65, 74, 78. */
int setup_check(const char *conf_path, bool strict, int64_t now_ms, setup_check_fn more,
                FILE *out, FILE *errors);

#endif
