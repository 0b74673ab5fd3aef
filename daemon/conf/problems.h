/* Every problem found in files, not the first one: file, line, column, what is allowed. */
#ifndef ECMON_CONF_PROBLEMS_H
#define ECMON_CONF_PROBLEMS_H

#include <stdbool.h>
#include <stddef.h>

enum problem_kind {
    PROBLEM_WARNING,
    PROBLEM_CONFIG, /* configuration, profile, method data: exit 78 */
    PROBLEM_DATA,   /* register and import files: exit 65 */
    PROBLEM_IO      /* a file cannot be read: exit 74 */
};

struct problem {
    enum problem_kind kind;
    char *file;    /* as the user named it; NULL when no file is at fault */
    long line;     /* 1-based, 0 = none */
    int column;    /* 1-based, 0 = none */
    char *message; /* what was found, what is allowed, the nearest right word */
};

struct problems {
    struct problem *problem; /* owned, in the order found */
    size_t n;
    size_t cap;
    size_t dropped; /* beyond PROBLEMS_MAX: counted only */
};

#define PROBLEMS_MAX 1000

void problems_init(struct problems *problems);
void problems_done(struct problems *problems);
void problems_add(struct problems *problems, enum problem_kind kind, const char *file,
                  long line, int column, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* Any of CONFIG, DATA, IO? */
bool problems_has_errors(const struct problems *problems);
/* 0, 65, 74 or 78 (configuration wins). */
int problems_exit_code(const struct problems *problems);
/* "FILE:LINE:COLUMN: message" (warnings: "FILE:LINE:COLUMN: warning: message"). */
void problem_text(const struct problem *problem, char *ret_text, size_t size);

#endif
