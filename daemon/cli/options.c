#define _GNU_SOURCE /* getopt_long */

#include "daemon/cli/options.h"

#include <getopt.h>
#include <string.h>

#include "daemon/core/text.h"

struct option_row {
    const char *name;
    int letter;
    const char *argument;
    const char *help;
};

static const struct option_row rows[OPTION_COUNT] = {
#define OPTION_ROW(id, name, letter, argument, help) {name, letter, argument, help},
    OPTION_LIST(OPTION_ROW)
#undef OPTION_ROW
};

/* The options of one command as getopt_long wants them. val is 256 + id. */
struct accepted {
    struct option option[OPTION_COUNT + 2];
    const char *name[OPTION_COUNT + 2];
    char letters[2 * OPTION_COUNT + 4];
};

static void accept_rows(const enum option_id *ids, struct accepted *accepted)
{
    int n = 0;
    size_t n_letters = 0;

    memset(accepted, 0, sizeof(*accepted));
    accepted->letters[n_letters++] = ':';
    for (; ids[n] != OPTION_END; n++) {
        const struct option_row *row = &rows[ids[n]];
        int has = row->argument != NULL ? required_argument : no_argument;

        accepted->option[n] = (struct option){row->name, has, NULL, 256 + (int)ids[n]};
        accepted->name[n] = row->name;
        if (row->letter != 0) {
            accepted->letters[n_letters++] = (char)row->letter;
            accepted->letters[n_letters++] = ':';
        }
    }
}

static int complain(const char *command, const struct accepted *accepted, const char *word,
                    int missing)
{
    char name[64];

    if (missing) {
        (void)fprintf(stderr, "ecmon %s: option %s needs a value\n", command, word);
        return 64;
    }
    (void)snprintf(name, sizeof(name), "%s", word + strspn(word, "-"));
    name[strcspn(name, "=")] = '\0';
    const char *nearest = text_nearest(name, accepted->name);

    (void)fprintf(stderr, "ecmon %s: there is no option %s%s%s%s; see: ecmon help %s\n",
                  command, word, nearest != NULL ? ", did you mean --" : "",
                  nearest != NULL ? nearest : "", nearest != NULL ? "?" : "", command);
    return 64;
}

static enum option_id id_of(int code)
{
    if (code >= 256) {
        return (enum option_id)(code - 256);
    }
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (rows[i].letter == code) {
            return (enum option_id)i;
        }
    }
    return OPTION_COUNT;
}

int options_parse(int argc, char **argv, const enum option_id *accepted_ids,
                  struct options *ret_options)
{
    struct accepted accepted;

    accept_rows(accepted_ids, &accepted);
    memset(ret_options, 0, sizeof(*ret_options));
    optind = 1;
    opterr = 0;
    for (;;) {
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts */
        int code = getopt_long(argc, argv, accepted.letters, accepted.option, NULL);

        if (code == -1) {
            break;
        }
        if (code == '?' || code == ':') {
            return complain(argv[0], &accepted, argv[optind - 1], code == ':');
        }
        enum option_id id = id_of(code);

        if (id != OPTION_COUNT) {
            ret_options->value[id] = optarg != NULL ? optarg : "";
        }
    }
    ret_options->argument = argv + optind;
    ret_options->n_arguments = argc - optind;
    return 0;
}

void options_help(FILE *out, const enum option_id *accepted)
{
    for (; *accepted != OPTION_END; accepted++) {
        const struct option_row *row = &rows[*accepted];
        char left[64];

        (void)snprintf(left, sizeof(left), "%s%c%s --%s%s%s", row->letter != 0 ? "-" : "",
                       row->letter != 0 ? row->letter : ' ', row->letter != 0 ? "," : "  ",
                       row->name, row->argument != NULL ? " " : "",
                       row->argument != NULL ? row->argument : "");
        (void)fprintf(out, "  %-32s %s\n", left, row->help);
    }
}
