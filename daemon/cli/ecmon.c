/* ecmon: the table of commands; every command is a row and a function of its own file. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ecmon/version.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/core/clock.h"
#include "daemon/core/log.h"
#include "daemon/core/text.h"

#define CONF_DEFAULT "/etc/ecmon/ecmond.yaml"

static bool wants_english(const struct options *options)
{
    const char *lang = options->value[OPTION_LANG];

    if (lang == NULL) {
        lang = getenv("LANG"); /* NOLINT(concurrency-mt-unsafe) */
    }
    return lang != NULL && strncmp(lang, "en", 2) == 0;
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = commands; command->name != NULL; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static int unknown_command(const char *name)
{
    const char *names[64] = {NULL};
    int n = 0;

    for (const struct command *command = commands; command->name != NULL && n < 63;
         command++) {
        names[n++] = command->name;
    }
    const char *nearest = text_nearest(name, names);

    return cli_fail(EXIT_USAGE, "there is no command \"%s\"%s%s%s; see: ecmon help", name,
                    nearest != NULL ? "; did you mean " : "",
                    nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

static void help_all(FILE *out)
{
    (void)fputs("Usage: ecmon COMMAND [OPTIONS]\n"
                "Energy and carbon monitor: meters to 电力复工率, 电量复产率 and 碳效.\n\n",
                out);
    for (const struct command *command = commands; command->name != NULL; command++) {
        (void)fprintf(out, "  %-11s %s\n", command->name, command->summary);
    }
    (void)fputs("\n  ecmon help COMMAND     its options\n"
                "  ecmon --version        the version\n",
                out);
}

static int help(int argc, char **argv)
{
    if (argc < 2) {
        help_all(stdout);
        return EXIT_DONE;
    }
    const struct command *command = find_command(argv[1]);

    if (command == NULL) {
        return unknown_command(argv[1]);
    }
    (void)printf("Usage: ecmon %s %s\n%s\n\n", command->name, command->synopsis,
                 command->summary);
    options_help(stdout, command->accepted);
    return EXIT_DONE;
}

static int check_words(const struct command *command, const struct options *options)
{
    static const struct {
        enum option_id id;
        const char *name;
    } languages[] = {{OPTION_LANG, "lang"}, {OPTION_LABELS, "labels"}};

    for (size_t i = 0; i < sizeof(languages) / sizeof(languages[0]); i++) {
        const char *word = options->value[languages[i].id];

        if (word != NULL && strcmp(word, "zh") != 0 && strcmp(word, "en") != 0) {
            return cli_fail(EXIT_USAGE, "--%s: \"%s\" is neither zh nor en",
                            languages[i].name, word);
        }
    }
    if (options->n_arguments > command->max_arguments) {
        return cli_fail(EXIT_USAGE, "%s does not take \"%s\"; see: ecmon help %s",
                        command->name, options->argument[command->max_arguments],
                        command->name);
    }
    return 0;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct cli cli = {.conf_path = CONF_DEFAULT, .now_ms = clock_wall_ms(clock_real())};

    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        char *words[] = {argv[0], argv[0]};

        return help(2, words);
    }
    int exit_code = options_parse(argc, argv, command->accepted, &cli.options);

    if (exit_code != 0) {
        return exit_code;
    }
    exit_code = check_words(command, &cli.options);
    if (exit_code != 0) {
        return exit_code;
    }
    if (cli.options.value[OPTION_CONFIG] != NULL) {
        cli.conf_path = cli.options.value[OPTION_CONFIG];
    }
    cli.english = wants_english(&cli.options);
    exit_code = command->run(&cli);
    cli_close(&cli);
    return exit_code;
}

int main(int argc, char **argv)
{
    int first = 1;
    char *conf_path = NULL;

    report_init();
    log_init(LOG_LEVEL_WARNING, 0);
    /* -c FILE may stand in front of the command */
    if (argc > 3 && (strcmp(argv[1], "-c") == 0 || strcmp(argv[1], "--config") == 0)) {
        conf_path = argv[2];
        first = 3;
    }
    if (first >= argc) {
        help_all(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[first];

    if (strcmp(name, "--version") == 0) {
        (void)printf("ecmon %s\n", ECMON_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0) {
        return help(argc - first, argv + first);
    }
    const struct command *command = find_command(name);

    if (command == NULL) {
        return unknown_command(name);
    }
    if (conf_path == NULL) {
        return run(command, argc - first, argv + first);
    }
    /* the command's words with -c FILE put behind its name */
    char **words = calloc((size_t)argc + 1, sizeof(char *));
    int n = 0;

    if (words == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    words[n++] = argv[first];
    words[n++] = argv[1];
    words[n++] = conf_path;
    for (int i = first + 1; i < argc; i++) {
        words[n++] = argv[i];
    }
    int exit_code = run(command, n, words);

    free((void *)words);
    return exit_code;
}
