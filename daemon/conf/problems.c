#include "daemon/conf/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/text.h"

void problems_init(struct problems *problems)
{
    memset(problems, 0, sizeof(*problems));
}

static void problem_done(struct problem *problem)
{
    free(problem->file);
    free(problem->message);
}

void problems_done(struct problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        problem_done(&problems->problem[i]);
    }
    free(problems->problem);
    problems_init(problems);
}

/* How much a kind weighs in the exit code. */
static int rank_of(enum problem_kind kind)
{
    switch (kind) {
    case PROBLEM_CONFIG:
        return 3;
    case PROBLEM_DATA:
        return 2;
    case PROBLEM_IO:
        return 1;
    case PROBLEM_WARNING:
    default:
        return 0;
    }
}

static bool grow(struct problems *problems)
{
    if (problems->n < problems->cap) {
        return true;
    }
    size_t cap = problems->cap == 0 ? 16 : problems->cap * 2;
    struct problem *grown = realloc(problems->problem, cap * sizeof(*grown));

    if (grown == NULL) {
        return false;
    }
    problems->problem = grown;
    problems->cap = cap;
    return true;
}

/* Of a full list: the entry that may go so that the exit code stays right, or NULL. */
static struct problem *least_weighty(struct problems *problems, enum problem_kind kind)
{
    struct problem *least = NULL;

    for (size_t i = problems->n; i > 0; i--) {
        struct problem *problem = &problems->problem[i - 1];

        if (rank_of(problem->kind) >= rank_of(kind)) {
            if (rank_of(problem->kind) == rank_of(kind)) {
                return NULL;
            }
            continue;
        }
        if (least == NULL || rank_of(problem->kind) < rank_of(least->kind)) {
            least = problem;
        }
    }
    return least;
}

/* The slot of a new problem, or NULL when it is only counted. */
static struct problem *slot_for(struct problems *problems, enum problem_kind kind)
{
    if (problems->n < PROBLEMS_MAX && grow(problems)) {
        return &problems->problem[problems->n++];
    }
    problems->dropped++;
    struct problem *slot = least_weighty(problems, kind);

    if (slot != NULL) {
        problem_done(slot);
    }
    return slot;
}

static char *format_text(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

static char *format_text(const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);

    va_end(again);
    char *text = n < 0 ? NULL : malloc((size_t)n + 1);

    if (text != NULL) {
        (void)vsnprintf(text, (size_t)n + 1, format, args);
    }
    return text;
}

void problems_add(struct problems *problems, enum problem_kind kind, const char *file,
                  long line, int column, const char *format, ...)
{
    struct problem *slot = slot_for(problems, kind);

    if (slot == NULL) {
        return;
    }
    va_list args;

    va_start(args, format);
    *slot = (struct problem){.kind = kind,
                             .file = file == NULL ? NULL : strdup(file),
                             .line = line,
                             .column = column,
                             .message = format_text(format, args)};
    va_end(args);
}

bool problems_has_errors(const struct problems *problems)
{
    return problems_exit_code(problems) != 0;
}

int problems_exit_code(const struct problems *problems)
{
    static const int code[] = {0, 74, 65, 78};
    int rank = 0;

    for (size_t i = 0; i < problems->n; i++) {
        int other = rank_of(problems->problem[i].kind);

        rank = other > rank ? other : rank;
    }
    return code[rank];
}

void problem_text(const struct problem *problem, char *ret_text, size_t size)
{
    char place[32] = "";

    if (problem->line > 0 && problem->column > 0) {
        (void)snprintf(place, sizeof(place), ":%ld:%d", problem->line, problem->column);
    } else if (problem->line > 0) {
        (void)snprintf(place, sizeof(place), ":%ld", problem->line);
    }
    char raw[2048];

    (void)snprintf(raw, sizeof(raw), "%s%s%s%s%s",
                   problem->file == NULL ? "" : problem->file,
                   problem->file == NULL ? "" : place, problem->file == NULL ? "" : ": ",
                   problem->kind == PROBLEM_WARNING ? "warning: " : "",
                   problem->message == NULL ? "out of memory" : problem->message);
    text_escape(ret_text, size, raw, "");
}
