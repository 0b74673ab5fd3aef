/* Method data: resumption and carbon methods, factors, benchmarks, calendars, targets,
 * names. */
#ifndef ECMON_CONF_METHODS_H
#define ECMON_CONF_METHODS_H

#include <ecmon/method.h>

#include "daemon/conf/conf.h"

/* Everything under the folders of a configuration. Returns 0, ERR_CONFIG, ERR_IO,
 * ERR_NOMEM. */
int methods_load(const struct conf *conf, struct problems *problems,
                 struct methods *ret_methods);
void methods_done(struct methods *methods);

/* A resumption method from a file of the user's (rates --method FILE). */
int resumption_method_load(const char *path, struct problems *problems,
                           struct resumption_method *ret_method);

const struct resumption_method *methods_resumption(const struct methods *methods,
                                                   const char *id);
const struct carbon_method *methods_carbon(const struct methods *methods, const char *id);

#endif
