/* Meter profiles from config/profiles/<id>.yaml. */
#ifndef ECMON_CONF_PROFILE_H
#define ECMON_CONF_PROFILE_H

#include <ecmon/profile.h>

#include "daemon/conf/conf.h"

struct profiles {
    struct profile *profile; /* owned, sorted by id */
    int n;
};

/* One file. Problems are added; returns 0, ERR_CONFIG, ERR_IO, ERR_NOMEM. */
int profile_load(const char *path, struct problems *problems, struct profile *ret_profile);
/* The same for bytes; name: in messages, its last part without ".yaml" is the id expected.
 */
int profile_parse_bytes(const char *name, const void *bytes, size_t n,
                        struct problems *problems, struct profile *ret_profile);
void profile_done(struct profile *profile);

/* Every profile that is in force for a configuration. With ERR_CONFIG *ret holds the good
 * ones; it is the caller's to end either way. */
int profiles_load(const struct conf *conf, struct problems *problems, struct profiles *ret);
void profiles_done(struct profiles *profiles);
const struct profile *profiles_find(const struct profiles *profiles, const char *id);

/* The reference of the profile format: every key, its limits, default and help. */
void profile_document(struct text_buffer *out);

#endif
