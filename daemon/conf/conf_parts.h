/* Inside the reading of ecmond.yaml: the rows, what is being built, the checks. */
#ifndef ECMON_CONF_CONF_PARTS_H
#define ECMON_CONF_CONF_PARTS_H

#include "daemon/conf/conf.h"
#include "daemon/conf/schema.h"

/* Keys whose function is not in this version: known and checked, and refused when used. */
struct conf_later {
    bool home_assistant;
    char sparkplug_group[ID_LEN];
    char drop_path[CONF_PATH_LEN];
    int64_t drop_every_ms;
    int64_t drop_max_bytes;
    int32_t drop_format;
    char drop_sign[64];
    bool http_enabled;
    char http_listen[128];
    char yield[ID_LEN];
    char tariff[ID_LEN];
};

struct conf_build {
    struct conf conf;
    struct conf_later later;
    struct schema schema;     /* reads into this struct */
    struct place *line_place; /* of conf.line, owned */
    int lines_cap;
    int n_formats;
    bool bytes_only; /* look at no other file */
    int err;         /* ERR_NOMEM latch */
};

/* The rows of ecmond.yaml; offsets into struct conf_build. */
extern const struct opt conf_rows[];

/* Everything that concerns more than one value: fills what is derived, adds every problem.
 */
void conf_check(struct conf_build *build);
/* The same for mqtt and the zones of the network it may cross. */
void conf_check_mqtt(struct conf_build *build);
/* What asks for a part that this version does not have. */
void conf_check_later(struct conf_build *build);

/* Adds a PROBLEM_CONFIG where the option was given, or at the file when it was not. */
void conf_problem(struct conf_build *build, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
bool conf_is_given(const struct conf_build *build, const char *path);

#endif
