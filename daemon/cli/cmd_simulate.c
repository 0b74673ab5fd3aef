#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/cli/cli.h"
#include "daemon/cli/commands.h"
#include "daemon/cli/simulation.h"
#include "daemon/core/clock.h"
#include "daemon/core/text.h"
#include "daemon/core/zone.h"

#define PORT_DEFAULT    1502
#define PROFILE_DEFAULT "eastron-sdm630"

static int number_option(const struct cli *cli, enum option_id id, const char *name,
                         int64_t max, int64_t otherwise, int64_t *ret_value)
{
    const char *text = cli->options.value[id];

    *ret_value = otherwise;
    if (text != NULL && text_to_i64(text, 1, max, ret_value) != 0) {
        return cli_fail(EXIT_USAGE, "--%s: \"%s\" is not a whole number from 1 to %" PRId64,
                        name, text, max);
    }
    return 0;
}

/* Profiles and zone: of the configuration when one is named, else of the shared folder. */
static int open_profiles(struct cli *cli, struct profiles *ret_profiles,
                         struct zone *ret_zone)
{
    struct problems problems;
    struct conf conf = {.folder = "."};
    int err = 0;

    problems_init(&problems);
    if (cli->options.value[OPTION_CONFIG] != NULL) {
        struct conf *loaded = NULL;

        err = conf_load(cli->conf_path, &problems, &loaded);
        err = err != 0 ? err : profiles_load(loaded, &problems, ret_profiles);
        if (err == 0) {
            *ret_zone = loaded->site.tz;
        }
        conf_free(loaded);
    } else {
        err = profiles_load(&conf, &problems, ret_profiles);
        err = err != 0 ? err : zone_load("Asia/Shanghai", ret_zone);
    }
    char text[1024];

    for (size_t i = 0; err != 0 && i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
    }
    problems_done(&problems);
    return err == 0 ? 0 : EXIT_CONFIG;
}

static int read_files(struct cli *cli, const struct profiles *profiles,
                      struct simulation *simulation)
{
    static const enum option_id files[] = {OPTION_REGISTER, OPTION_SCENARIO};
    struct problems problems;
    char text[1024];
    int err = 0;

    problems_init(&problems);
    for (size_t i = 0; err == 0 && i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = cli->options.value[files[i]];

        if (path != NULL) {
            err = simulation_read(simulation, path, profiles, &problems);
        }
    }
    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        (void)fprintf(stderr, "%s\n", text);
    }
    int exit_code = problems_exit_code(&problems);

    problems_done(&problems);
    return err == 0 ? 0 : exit_code != 0 ? exit_code : EXIT_DATA;
}

static int make_equal(struct cli *cli, const struct profiles *profiles,
                      struct simulation *simulation)
{
    const char *id = cli->options.value[OPTION_PROFILE];
    const struct profile *profile =
        profiles_find(profiles, id != NULL ? id : PROFILE_DEFAULT);
    int64_t n = 0;
    int64_t port = 0;
    int64_t per_port = 0;

    if (number_option(cli, OPTION_METERS, "count", 100000, 1, &n) != 0 ||
        number_option(cli, OPTION_PORT, "port", 65535, PORT_DEFAULT, &port) != 0 ||
        number_option(cli, OPTION_PER_PORT, "per-port", 255, 1, &per_port) != 0) {
        return EXIT_USAGE;
    }
    if (profile == NULL) {
        return cli_fail(EXIT_USAGE, "there is no profile \"%s\"", id);
    }
    if (port + (n - 1) / per_port > 65535) {
        return cli_fail(EXIT_USAGE,
                        "%" PRId64 " meters do not fit the ports from %" PRId64
                        " on; put more behind each with --per-port",
                        n, port);
    }
    if (simulation_make(simulation, (int)n, (int)port, (int)per_port, profile) != 0) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    (void)printf("id,enterprise,endpoint,address,profile\n");
    for (int i = 0; i < simulation->n; i++) {
        const struct simulated_meter *meter = &simulation->meter[i];

        (void)printf("%s,SIM,modbus+tcp://%s:%u,%u,%s\n", meter->id, meter->host,
                     (unsigned)meter->port, (unsigned)meter->unit, profile->id);
    }
    (void)fflush(stdout);
    return 0;
}

/* --- history: what these loads would have used, as an energy import --- */

/* Whether an earlier meter belongs to the same enterprise. */
static bool is_repeated(const struct simulation *simulation, int index)
{
    for (int i = 0; i < index; i++) {
        if (strcmp(simulation->enterprise[i], simulation->enterprise[index]) == 0) {
            return true;
        }
    }
    return false;
}

static void print_day(const struct simulation *simulation, int first, day_t day,
                      const struct zone *zone)
{
    const char *enterprise = simulation->enterprise[first];
    char text[DAY_TEXT_LEN];
    int64_t energy_wh = 0;

    for (int i = first; i < simulation->n; i++) {
        if (strcmp(simulation->enterprise[i], enterprise) == 0) {
            energy_wh += load_day_wh(&simulation->meter[i].load, day, zone);
        }
    }
    text_from_day(day, text);
    (void)printf("%s,%s,%" PRId64 ".%03" PRId64 "\n", enterprise, text, energy_wh / 1000,
                 energy_wh % 1000);
}

static int print_history(struct cli *cli, const struct simulation *simulation,
                         const struct zone *zone)
{
    day_t first = 0;
    day_t yesterday = day_of_ts(cli->now_ms, zone) - 1;

    if (text_to_day(cli->options.value[OPTION_HISTORY_FROM], &first) != 0) {
        return cli_fail(EXIT_USAGE, "--history-from: \"%s\" is not a day",
                        cli->options.value[OPTION_HISTORY_FROM]);
    }
    (void)printf("enterprise,day,kwh\n");
    for (int i = 0; i < simulation->n; i++) {
        for (day_t day = first; !is_repeated(simulation, i) && day <= yesterday; day++) {
            print_day(simulation, i, day, zone);
        }
    }
    return fflush(stdout) == 0 ? EXIT_DONE : EXIT_IO;
}

/* --- running --- */

static void on_end(void *ctx)
{
    loop_stop(ctx);
}

static void on_signal(void *ctx, int fd, uint32_t events)
{
    (void)fd;
    (void)events;
    loop_stop(ctx);
}

static int refuse_meter(const struct simulated_meter *meter, int err)
{
    char endpoint[ENDPOINT_LEN];

    simulator_endpoint(meter, endpoint, sizeof(endpoint));
    if (err == ERR_EXISTS) {
        return cli_fail(EXIT_DATA, "meter %s: two meters of one address on %s", meter->id,
                        endpoint);
    }
    if (err == ERR_CONFIG) {
        return cli_fail(EXIT_DATA,
                        "meter %s: profile %s or another meter's endpoint does not fit %s",
                        meter->id, meter->profile->id, endpoint);
    }
    return cli_fail(EXIT_NO, "out of memory");
}

static int add_meter(struct cli *cli, struct simulator *simulator,
                     struct simulated_meter *meter)
{
    const char *folder = cli->options.value[OPTION_PTY_FOLDER];
    struct ratio primary = meter->profile->primary_side ? (struct ratio){1, 1}
                                                        : ratio_mul(meter->pt, meter->ct);
    struct ratio unit = ratio_mul(primary, meter->profile->register_wh);

    meter->start_register =
        div_round_128((int128)meter->start_register * unit.den, unit.num);
    if (simulation_move(meter, cli->options.value[OPTION_ANY_ADDRESS] != NULL,
                        folder != NULL ? folder : "") != 0) {
        return cli_fail(EXIT_USAGE, "--pty-folder: %s is too long a path", folder);
    }
    int added = simulator_add(simulator, meter);

    return added < 0 ? refuse_meter(meter, added) : 0;
}

static bool is_on(const struct simulated_meter *meter, const struct simulated_meter *place)
{
    return meter->scheme == place->scheme && meter->port == place->port &&
           strcmp(meter->host, place->host) == 0 && strcmp(meter->path, place->path) == 0;
}

/* index_of: of each meter in the simulator, -1: not simulated. */
static int plan_faults(struct simulator *simulator, const struct simulation *simulation,
                       const int *index_of)
{
    for (int i = 0; i < simulation->n_faults; i++) {
        const struct simulated_fault *fault = &simulation->fault[i];
        int meter = fault->meter;

        for (int k = 0; meter < 0 && k < simulation->n; k++) {
            meter = is_on(&simulation->meter[k], &fault->place) ? k : meter;
        }
        if (meter < 0 || index_of[meter] < 0) {
            char endpoint[ENDPOINT_LEN];

            simulator_endpoint(&fault->place, endpoint, sizeof(endpoint));
            return cli_fail(EXIT_DATA, "a fault of %s: no meter is simulated there",
                            endpoint);
        }
        if (simulator_plan_fault(simulator, index_of[meter], fault->meter < 0,
                                 &fault->planned) != 0) {
            return cli_fail(EXIT_NO, "out of memory");
        }
    }
    return 0;
}

/* A meter without endpoint and profile takes imported readings only. */
static int add_meters(struct cli *cli, struct simulator *simulator,
                      const struct simulation *simulation, int64_t base_ts_ms,
                      int *index_of)
{
    int n = 0;

    for (int i = 0; i < simulation->n; i++) {
        struct simulated_meter meter = simulation->meter[i];
        bool has_place = meter.host[0] != '\0' || meter.path[0] != '\0';

        index_of[i] = -1;
        if (!has_place && meter.profile == NULL) {
            continue;
        }
        if (!has_place || meter.profile == NULL) {
            return cli_fail(EXIT_DATA, "meter %s has no endpoint or no profile", meter.id);
        }
        meter.base_ts_ms = base_ts_ms;
        int exit_code = add_meter(cli, simulator, &meter);

        if (exit_code != 0) {
            return exit_code;
        }
        index_of[i] = n++;
    }
    return n > 0 ? plan_faults(simulator, simulation, index_of)
                 : cli_fail(EXIT_DATA, "no meter has an endpoint and a profile");
}

/* The lines, once each: as the register names them, and where they are. */
static int print_lines(struct cli *cli, const struct simulator *simulator,
                       const struct simulation *simulation, const int *index_of)
{
    const char *folder = cli->options.value[OPTION_PTY_FOLDER];
    int *n_of = calloc((size_t)simulation->n, sizeof(int));

    if (n_of == NULL) {
        return cli_fail(EXIT_NO, "out of memory");
    }
    for (int i = 0; i < simulation->n; i++) {
        if (index_of[i] >= 0) {
            n_of[simulator_line(simulator, index_of[i])]++;
        }
    }
    (void)printf("endpoint,served,meters\n");
    for (int i = 0; i < simulation->n; i++) {
        struct simulated_meter meter = simulation->meter[i];
        int *n = index_of[i] >= 0 ? &n_of[simulator_line(simulator, index_of[i])] : NULL;
        char served[ENDPOINT_LEN];

        if (n == NULL || *n == 0) {
            continue;
        }
        (void)simulation_move(&meter, cli->options.value[OPTION_ANY_ADDRESS] != NULL,
                              folder != NULL ? folder : "");
        simulator_endpoint(&meter, served, sizeof(served));
        (void)printf("%s,%s%s,%d\n", simulation->endpoint[i], served,
                     meter.path[0] != '\0'
                         ? simulation->endpoint[i] + strcspn(simulation->endpoint[i], "?")
                         : "",
                     *n);
        *n = 0;
    }
    free(n_of);
    return fflush(stdout) == 0 ? 0 : EXIT_IO;
}

static int wait_for_end(struct loop *loop, int64_t seconds)
{
    struct loop_timer timer;
    sigset_t signals;

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
    int fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);

    if (fd < 0 || loop_fd_add(loop, fd, LOOP_READ, on_signal, loop) != 0) {
        return EXIT_NO;
    }
    loop_timer_init(&timer, on_end, loop);
    if (seconds > 0) {
        (void)loop_timer_arm(loop, &timer, loop_mono_ms(loop) + seconds * MS_PER_S);
    }
    (void)loop_run(loop);
    loop_timer_cancel(loop, &timer);
    loop_fd_remove(loop, fd);
    (void)close(fd);
    return 0;
}

static int run(struct loop *loop, const struct simulator *simulator, int n, int64_t seconds)
{
    (void)fprintf(stderr, "simulating %d meters; end with Ctrl-C\n", n);
    int exit_code = wait_for_end(loop, seconds);
    struct simulator_counts counts = simulator_counts(simulator);

    (void)fprintf(stderr,
                  "%" PRIu64 " requests, %" PRIu64 " answered, %" PRIu64 " faults, %" PRIu64
                  " refused, %" PRIu64 " with a writing function\n",
                  counts.requests, counts.replies, counts.faults, counts.refused,
                  counts.writes);
    return counts.writes > 0 ? EXIT_NO : exit_code;
}

static int start(struct simulator *simulator)
{
    char why[256] = "";

    if (simulator_start(simulator, why, sizeof(why)) != 0) {
        bool is_serial = strstr(why, "serial") != NULL;

        return cli_fail(EXIT_UNAVAILABLE, "%s%s", why,
                        is_serial ? "; --pty-folder FOLDER makes it elsewhere" : "");
    }
    return 0;
}

static int serve(struct cli *cli, const struct simulation *simulation,
                 const struct zone *zone, int64_t seconds)
{
    struct loop *loop = NULL;
    struct simulator *simulator = NULL;
    int64_t base_ts_ms = ts_of_day(day_of_ts(cli->now_ms, zone), zone);
    int64_t seed = 1;
    int exit_code = number_option(cli, OPTION_SEED, "seed", UINT32_MAX, 1, &seed);
    int *index_of = calloc((size_t)simulation->n + 1, sizeof(int));

    if (index_of == NULL || loop_new(clock_real(), 64, &loop) != 0) {
        free(index_of);
        return cli_fail(EXIT_NO, "out of memory");
    }
    struct simulator_options options = {
        .loop = loop, .zone = *zone, .seed = (uint32_t)seed};

    if (exit_code == 0) {
        exit_code = simulator_new(&options, &simulator) != 0
                        ? cli_fail(EXIT_NO, "out of memory")
                        : add_meters(cli, simulator, simulation, base_ts_ms, index_of);
    }
    exit_code = exit_code != 0 ? exit_code : start(simulator);
    if (exit_code == 0 && cli->options.value[OPTION_METERS] == NULL) {
        exit_code = print_lines(cli, simulator, simulation, index_of);
    }
    if (exit_code == 0) {
        int n = 0;

        for (int i = 0; i < simulation->n; i++) {
            n += index_of[i] >= 0;
        }
        exit_code = run(loop, simulator, n, seconds);
    }
    simulator_free(simulator);
    loop_free(loop);
    free(index_of);
    return exit_code;
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int cmd_simulate(struct cli *cli)
{
    bool from_files = cli->options.value[OPTION_REGISTER] != NULL ||
                      cli->options.value[OPTION_SCENARIO] != NULL;
    struct profiles profiles = {0};
    struct simulation simulation = {0};
    struct zone zone;
    int64_t seconds = 0;

    if (from_files == (cli->options.value[OPTION_METERS] != NULL)) {
        return cli_fail(
            EXIT_USAGE,
            "simulate needs --register FILE, --scenario FILE or both, or --count N");
    }
    if (number_option(cli, OPTION_SECONDS, "seconds", 1000000, 0, &seconds) != 0) {
        return EXIT_USAGE;
    }
    raise_descriptor_limit();
    int exit_code = open_profiles(cli, &profiles, &zone);

    if (exit_code == 0) {
        exit_code = from_files ? read_files(cli, &profiles, &simulation)
                               : make_equal(cli, &profiles, &simulation);
    }
    if (exit_code == 0) {
        exit_code = cli->options.value[OPTION_HISTORY_FROM] != NULL
                        ? print_history(cli, &simulation, &zone)
                        : serve(cli, &simulation, &zone, seconds);
    }
    simulation_done(&simulation);
    profiles_done(&profiles);
    return exit_code;
}
