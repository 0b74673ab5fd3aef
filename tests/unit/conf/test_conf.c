#include <sys/stat.h>
#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/conf/conf.h"
#include "daemon/conf/files.h"
#include "daemon/core/text.h"
#include "tests/support/test.h"

static struct conf *load(const char *path)
{
    struct problems problems;
    struct conf *conf = NULL;
    char text[512];

    problems_init(&problems);
    int err = conf_load(path, &problems, &conf);

    for (size_t i = 0; i < problems.n; i++) {
        problem_text(&problems.problem[i], text, sizeof(text));
        print_error("%s\n", text);
    }
    assert_int_equal(err, 0);
    assert_int_equal(problems.n, 0);
    problems_done(&problems);
    return conf;
}

/* Parses text; returns the number of problems and the first one's message. */
static size_t count_problems(const char *text, char ret_message[512])
{
    struct problems problems;
    struct conf *conf = NULL;

    problems_init(&problems);
    int err = conf_parse_bytes("t", text, strlen(text), &problems, &conf);
    size_t n = problems.n;

    assert_true((err == 0) == (n == 0));
    ret_message[0] = '\0';
    if (n > 0) {
        (void)snprintf(ret_message, 512, "%s", problems.problem[0].message);
    }
    conf_free(conf);
    problems_done(&problems);
    return n;
}

static void only_the_site_id_must_be_given(void **state)
{
    struct conf *conf = load("tests/data/conf/good/minimal/ecmond.yaml");
    char expected[2 * CONF_PATH_LEN];

    (void)state;
    assert_string_equal(conf->site.id, "s1");
    assert_string_equal(conf->site.name, "s1");
    assert_string_equal(conf->site.timezone, "Asia/Shanghai");
    assert_int_equal(conf->site.tz.offset_ms, 28800000);
    assert_int_equal(conf->site.zone, ZONE_INTERNET);
    assert_string_equal(conf->store.path, "/var/lib/ecmon/ecmon.db");
    assert_int_equal(conf->store.keep_readings_ms, INT64_C(3024000000)); /* 35 d */
    assert_int_equal(conf->store.keep_results_ms, 0);
    assert_int_equal(conf->store.max_size_bytes, INT64_C(21474836480)); /* 20 GiB */
    assert_true(conf->store.durable);
    assert_int_equal(conf->collect.interval_ms, 60000);
    assert_int_equal(conf->collect.timeout_ms, 1000);
    assert_int_equal(conf->collect.retries, 1);
    assert_int_equal(conf->collect.backoff_max_ms, 300000);
    assert_int_equal(conf->collect.late_window_ms, 2000);
    assert_int_equal(conf->n_lines, 0);
    assert_int_equal(conf->time.max_offset_ms, 2000);
    assert_false(conf->time.require_sync);
    assert_string_equal(conf->control.socket, "/run/ecmon/ecmond.sock");
    assert_string_equal(conf->mqtt.url, "");
    assert_string_equal(conf->mqtt.password_credential, "mqtt-password");
    assert_string_equal(conf->mqtt.topic_root, "ecmon/v1");
    assert_int_equal(conf->mqtt.version, 5);
    assert_int_equal(conf->mqtt.qos, 1);
    assert_int_equal(conf->mqtt.batch, 1);
    assert_int_equal(conf->mqtt.inflight, 20);
    assert_string_equal(conf->assess.resumption, "sgcc-2020");
    assert_string_equal(conf->assess.carbon, "zj-2021");
    assert_false(conf->assess.prefer_import);
    assert_true(conf->publish.suppress_small_cells);
    (void)snprintf(expected, sizeof(expected), "%s/enterprises.csv", conf->folder);
    assert_string_equal(conf->reg.enterprises, expected);
    assert_string_equal(conf->reg.lists, "");
    assert_string_equal(conf->reg.groups, "");
    assert_int_equal(conf->folder[0], '/');
    /* sha256sum tests/data/conf/good/minimal/ecmond.yaml */
    assert_string_equal(conf->sha256,
                        "cf5956f9f651bafb970dd98f26767b5dc8fb9783a8d5cff279d4aa55b0a28f81");
    conf_free(conf);
}

static void conf_d_merges_in_name_order(void **state)
{
    struct conf *conf = load("tests/data/conf/good/merge/ecmond.yaml");
    char expected[2 * CONF_PATH_LEN];

    (void)state;
    assert_string_equal(conf->site.name, "慈溪滨海经济开发区");
    assert_string_equal(conf->site.region, "330282");
    assert_int_equal(conf->collect.interval_ms, 15000); /* replaced */
    assert_int_equal(conf->collect.timeout_ms, 1500);   /* kept */
    assert_int_equal(conf->collect.retries, 3);         /* merged in */
    assert_int_equal(conf->n_lines, 2);                 /* appended */
    assert_string_equal(conf->line[0].endpoint, "modbus+tcp://meter-a.example:502");
    assert_int_equal(conf->line[0].timeout_ms, -1);
    assert_int_equal(conf->line[0].connections, -1);
    assert_string_equal(conf->line[1].endpoint, "modbus+tcp://[2001:db8::1]:1502");
    assert_int_equal(conf->line[1].timeout_ms, 3000);
    assert_int_equal(conf->line[1].gap_ms, 20);
    assert_int_equal(conf->line[1].max_registers, 50);
    assert_int_equal(conf->line[1].retries, -1);
    (void)snprintf(expected, sizeof(expected), "%s/sub/meters.csv", conf->folder);
    assert_string_equal(conf->reg.meters, expected);
    (void)snprintf(expected, sizeof(expected), "%s/lists.csv", conf->folder);
    assert_string_equal(conf->reg.lists, expected);
    conf_free(conf);
}

static void write_file(const char *folder, const char *name, const void *bytes, size_t n)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    (void)fclose(file);
}

static void the_example_beside_a_register_loads_and_says_the_defaults(void **state)
{
    static const char *const names[] = {"ecmond.yaml", "enterprises.csv", "meters.csv"};
    char folder[] = "/tmp/ecmon-conf-XXXXXX";
    char path[64];
    struct problems problems;
    uint8_t *bytes = NULL;
    size_t n = 0;

    (void)state;
    problems_init(&problems);
    assert_int_equal(file_read("config/ecmond.yaml", 1 << 20, &problems, &bytes, &n), 0);
    assert_non_null(mkdtemp(folder));
    write_file(folder, names[0], bytes, n);
    write_file(folder, names[1], "id\n", 3);
    write_file(folder, names[2], "id\n", 3);
    (void)snprintf(path, sizeof(path), "%s/ecmond.yaml", folder);
    struct conf *example = load(path);
    struct conf *plain = load("tests/data/conf/good/minimal/ecmond.yaml");

    assert_memory_equal(&example->collect, &plain->collect, sizeof(plain->collect));
    assert_memory_equal(&example->mqtt, &plain->mqtt, sizeof(plain->mqtt));
    assert_memory_equal(&example->store, &plain->store, sizeof(plain->store));
    assert_memory_equal(&example->time, &plain->time, sizeof(plain->time));
    assert_memory_equal(&example->control, &plain->control, sizeof(plain->control));
    assert_string_equal(example->assess.resumption, plain->assess.resumption);
    assert_string_equal(example->assess.carbon, plain->assess.carbon);
    assert_int_equal(example->assess.prefer_import, plain->assess.prefer_import);
    conf_free(example);
    conf_free(plain);
    free(bytes);
    problems_done(&problems);
    for (size_t i = 0; i < 3; i++) {
        (void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(folder);
}

/* Every option of the reference stands in the example file, commented out or not. */
static void the_example_file_names_every_option(void **state)
{
    struct text_buffer reference = {0};
    struct problems problems;
    uint8_t *bytes = NULL;
    size_t n = 0;
    char key[64];

    (void)state;
    problems_init(&problems);
    assert_int_equal(file_read("config/ecmond.yaml", 1 << 20, &problems, &bytes, &n), 0);
    conf_document(&reference);
    for (const char *line = reference.text; line[0] != '\0';
         line = strchr(line, '\n') + 1) {
        size_t end = strcspn(line, "\n");
        size_t start = end;

        while (line[0] != ' ' && start > 0 && line[start - 1] != '.') {
            start--;
        }
        if (line[0] == ' ') {
            continue;
        }
        (void)snprintf(key, sizeof(key), "%.*s:", (int)(end - start), line + start);
        if (strstr((const char *)bytes, key) == NULL) {
            print_error("config/ecmond.yaml lacks %s\n", key);
            fail();
        }
    }
    text_buffer_done(&reference);
    free(bytes);
    problems_done(&problems);
}

static void a_missing_file_is_an_io_error(void **state)
{
    struct problems problems;
    struct conf *conf = NULL;

    (void)state;
    problems_init(&problems);
    assert_int_equal(conf_load("tests/data/conf/none.yaml", &problems, &conf), ERR_IO);
    assert_int_equal(problems_exit_code(&problems), 74);
    assert_string_equal(problems.problem[0].message, "no such file");
    problems_done(&problems);
}

static void a_huge_file_is_refused_unread(void **state)
{
    char folder[] = "/tmp/ecmon-conf-XXXXXX";
    char path[64];
    struct problems problems;
    struct conf *conf = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/ecmond.yaml", folder);
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(ftruncate(fileno(file), (off_t)100 * 1024 * 1024), 0);
    (void)fclose(file);
    problems_init(&problems);
    assert_int_equal(conf_load(path, &problems, &conf), ERR_CONFIG);
    assert_string_equal(problems.problem[0].message,
                        "larger than 4096 KiB: too much for this kind of file");
    problems_done(&problems);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void a_key_open_to_everybody_is_refused(void **state)
{
    char folder[] = "/tmp/ecmon-conf-XXXXXX";
    char key[64];
    char path[64];
    struct problems problems;
    struct conf *conf = NULL;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(key, sizeof(key), "%s/key.pem", folder);
    (void)snprintf(path, sizeof(path), "%s/ecmond.yaml", folder);
    FILE *file = fopen(key, "w");

    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(chmod(key, 0644), 0);
    file = fopen(path, "w");
    assert_non_null(file);
    (void)fputs("site: { id: s1, zone: access }\n"
                "mqtt: { url: \"mqtts://broker.example\", cert: key.pem, key: key.pem }\n",
                file);
    (void)fclose(file);
    problems_init(&problems);
    assert_int_equal(conf_load(path, &problems, &conf), ERR_CONFIG);
    assert_int_equal(problems.n, 1);
    assert_non_null(
        strstr(problems.problem[0].message, "is open to everybody (mode 0644)"));
    assert_int_equal(problems.problem[0].column, 60);
    problems_done(&problems);
    problems_init(&problems);
    assert_int_equal(chmod(key, 0640), 0);
    assert_int_equal(conf_load(path, &problems, &conf), 0);
    assert_int_equal(problems.n, 0);
    conf_free(conf);
    problems_done(&problems);
    (void)unlink(key);
    (void)unlink(path);
    (void)rmdir(folder);
}

static void zones_let_through_what_they_allow(void **state)
{
    static const char *const fine[] = {
        "site: { id: a }\nmqtt: { url: 'mqtt://127.0.0.1' }",
        "site: { id: a }\nmqtt: { url: 'mqtt://localhost:1884' }",
        "site: { id: a }\nmqtt: { url: 'mqtt://[::1]:1884' }",
        "site: { id: a, zone: office }\nmqtt: { url: 'mqtt://b.ex', insecure: true }",
        "site: { id: a, zone: office }\nmqtt: { url: 'mqtts://b.example' }",
        "site: { id: a, zone: access }\nmqtt: { url: 'mqtt://127.0.0.1' }",
        "site: { id: a, zone: access }\nmqtt: { url: 'mqtts://b.ex', cert: c, key: k }",
        "site: { id: a, zone: production }\nmqtt: { url: 'mqtts://10.0.0.1' }",
        "site: { id: a, zone: production }\nmqtt: { url: 'mqtt://127.0.0.1' }",
        "{site: {id: a, zone: production}, lines: [{endpoint: modbus+tcp://10.1.1.1}]}",
    };
    char message[512];

    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        size_t n = count_problems(fine[i], message);

        if (n != 0) {
            print_error("%s\n%s\n", fine[i], message);
        }
        assert_int_equal(n, 0);
    }
    assert_int_equal(
        count_problems(
            "site: { id: a, zone: production }\nmqtt: { url: 'mqtt://localhost' }",
            message),
        1);
    assert_int_equal(
        count_problems("site: { id: a }\nmqtt: { url: 'mqtt://127.0.0.1', ca: x }",
                       message),
        1);
}

static void keys_of_later_parts_may_stand_with_what_they_are_now(void **state)
{
    char message[512];

    (void)state;
    assert_int_equal(
        count_problems(
            "site: { id: a }\n"
            "store: { keep_results: forever }\n"
            "mqtt: { formats: [json], home_assistant: false, sparkplug: { group: '' } }\n"
            "drop: { path: '', every: 1min, max: 1MiB, format: jsonl, sign: none }\n"
            "http: { enabled: false }\n"
            "assess: { yield: none, tariff: none }\n"
            "notify: []\n",
            message),
        0);
    assert_int_equal(count_problems("site: { id: a }\nmqtt: { formats: [] }\n", message),
                     1);
}

static void endpoints_become_canonical(void **state)
{
    char endpoint[ENDPOINT_LEN];
    char host[HOST_LEN];
    char why[256];
    uint16_t port = 0;

    (void)state;
    assert_int_equal(endpoint_canonical("Modbus+TCP://PLC-7", endpoint, why, sizeof(why)),
                     0);
    assert_string_equal(endpoint, "modbus+tcp://plc-7:502");
    assert_int_equal(
        endpoint_canonical("modbus+tcp://[0:0::1]:0503", endpoint, why, sizeof(why)), 0);
    assert_string_equal(endpoint, "modbus+tcp://[::1]:503");
    assert_int_equal(endpoint_host_port(endpoint, host, sizeof(host), &port), 0);
    assert_string_equal(host, "::1");
    assert_int_equal(port, 503);
    assert_int_equal(endpoint_host_port(endpoint, host, 3, &port), ERR_RANGE);

    static const char *const bad[] = {"",
                                      "10.1.2.3",
                                      "modbus+tcp://",
                                      "modbus+tcp://:502",
                                      "modbus+tcp://h:",
                                      "modbus+tcp://h:0",
                                      "modbus+tcp://h:+5",
                                      "modbus+tcp://h/1",
                                      "modbus+tcp://u@h",
                                      "modbus+tcp://::1",
                                      "modbus+tcp://[10.1.2.3]",
                                      "modbus+tcp://[::1",
                                      "modbus+tcp://[::1]x",
                                      "modbus+tcp://a b",
                                      "modbus+tcp://-a",
                                      "modbus+tcp://a..b",
                                      "modbus+tcp://1.2.3",
                                      "dlt645+tcp://h",
                                      "modbus+rtu+tcp://h",
                                      "modbus+rtu://dev/ttyUSB0",
                                      "modbus+rtu:///",
                                      "modbus+rtu:///dev/",
                                      "modbus+rtu:///dev//tty",
                                      "modbus+rtu:///dev/a b",
                                      "modbus+rtu:///dev/ttyUSB0?baud=9601",
                                      "modbus+rtu:///dev/ttyUSB0?baud=",
                                      "modbus+rtu:///dev/ttyUSB0?parity=M",
                                      "modbus+rtu:///dev/ttyUSB0?stop=3",
                                      "modbus+rtu:///dev/ttyUSB0?bits=7",
                                      "dlt645:///dev/ttyUSB0?rs485=2"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        memcpy(endpoint, "kept", 5);
        why[0] = '\0';
        assert_int_equal(endpoint_canonical(bad[i], endpoint, why, sizeof(why)),
                         ERR_SYNTAX);
        assert_string_equal(endpoint, "kept");
        assert_true(why[0] != '\0');
    }
}

static void endpoints_of_serial_lines_name_all_their_settings(void **state)
{
    static const struct {
        const char *text;
        const char *canonical;
    } good[] = {
        {"modbus+rtu:///dev/ttyUSB0",
         "modbus+rtu:///dev/ttyUSB0?baud=9600&parity=N&stop=1"},
        {"Modbus+RTU:///dev/ttyUSB0?stop=2&baud=19200&parity=e",
         "modbus+rtu:///dev/ttyUSB0?baud=19200&parity=E&stop=2"},
        {"modbus+rtu:///dev/ttyS1?rs485=1",
         "modbus+rtu:///dev/ttyS1?baud=9600&parity=N&stop=1&rs485=1"},
        {"dlt645:///dev/ttyUSB1", "dlt645:///dev/ttyUSB1?baud=2400&parity=E"},
        {"dlt645:///dev/ttyUSB1?stop=2", "dlt645:///dev/ttyUSB1?baud=2400&parity=E&stop=2"},
        {"modbus+rtu+tcp://Server-1:4001", "modbus+rtu+tcp://server-1:4001"},
        {"dlt645+tcp://[::1]:4001", "dlt645+tcp://[::1]:4001"},
    };

    char endpoint[ENDPOINT_LEN];
    char why[320];

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(endpoint_canonical(good[i].text, endpoint, why, sizeof(why)), 0);
        assert_string_equal(endpoint, good[i].canonical);
    }
    assert_int_equal(endpoint_canonical("modbus+rtu+tpc://h:1", endpoint, why, sizeof(why)),
                     ERR_SYNTAX);
    assert_non_null(strstr(why, "did you mean modbus+rtu+tcp://HOST:PORT?"));
}

static void dlt645_waits_longer_unless_a_timeout_is_given(void **state)
{
    struct problems problems;
    struct conf *conf = NULL;
    static const char without[] = "site: { id: a }\n";
    static const char with[] = "site: { id: a }\ncollect: { timeout: 1s }\n";

    (void)state;
    problems_init(&problems);
    assert_int_equal(
        conf_parse_bytes("a.yaml", without, sizeof(without) - 1, &problems, &conf), 0);
    assert_int_equal(conf->collect.timeout_dlt645_ms, 1500);
    conf_free(conf);
    assert_int_equal(conf_parse_bytes("a.yaml", with, sizeof(with) - 1, &problems, &conf),
                     0);
    assert_int_equal(conf->collect.timeout_dlt645_ms, 1000);
    conf_free(conf);
    problems_done(&problems);
}

static void broker_urls_have_host_port_and_tls(void **state)
{
    struct mqtt_url url;
    char why[256];

    (void)state;
    assert_int_equal(mqtt_url_parse("mqtts://broker.example", &url, why, sizeof(why)), 0);
    assert_string_equal(url.host, "broker.example");
    assert_int_equal(url.port, 8883);
    assert_true(url.tls);
    assert_int_equal(mqtt_url_parse("mqtt://[::1]:18830", &url, why, sizeof(why)), 0);
    assert_string_equal(url.host, "::1");
    assert_int_equal(url.port, 18830);
    assert_false(url.tls);
    assert_int_equal(mqtt_url_parse("mqtt://a/b", &url, why, sizeof(why)), ERR_SYNTAX);
}

static void loopback_and_literal_addresses_are_known(void **state)
{
    (void)state;
    assert_true(host_is_loopback("127.8.0.1"));
    assert_true(host_is_loopback("::1"));
    assert_true(host_is_loopback("LocalHost"));
    assert_false(host_is_loopback("10.0.0.1"));
    assert_false(host_is_loopback("127.example"));
    assert_true(host_is_literal("10.0.0.1"));
    assert_true(host_is_literal("fe80::1"));
    assert_false(host_is_literal("localhost"));
}

static void days_left_follow_interval_and_meters(void **state)
{
    struct conf *conf = load("tests/data/conf/good/minimal/ecmond.yaml");

    (void)state;
    assert_true(conf_days_left(conf, 0) == INT64_MAX);
    /* 1440 × 104 + 96 × 80 = 157,440 bytes a day and meter; 20 GiB / that / 40 = 3410.003
     */
    assert_int_equal(conf_days_left(conf, 40), 3410);
    conf->collect.interval_ms = 900000;
    /* 96 × 184 = 17,664; 20 GiB / 17,664 / 40 = 30,393.5 */
    assert_int_equal(conf_days_left(conf, 40), 30393);
    conf_free(conf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_site_id_must_be_given),
        cmocka_unit_test(conf_d_merges_in_name_order),
        cmocka_unit_test(the_example_beside_a_register_loads_and_says_the_defaults),
        cmocka_unit_test(the_example_file_names_every_option),
        cmocka_unit_test(a_missing_file_is_an_io_error),
        cmocka_unit_test(a_huge_file_is_refused_unread),
        cmocka_unit_test(a_key_open_to_everybody_is_refused),
        cmocka_unit_test(zones_let_through_what_they_allow),
        cmocka_unit_test(keys_of_later_parts_may_stand_with_what_they_are_now),
        cmocka_unit_test(endpoints_become_canonical),
        cmocka_unit_test(endpoints_of_serial_lines_name_all_their_settings),
        cmocka_unit_test(dlt645_waits_longer_unless_a_timeout_is_given),
        cmocka_unit_test(broker_urls_have_host_port_and_tls),
        cmocka_unit_test(loopback_and_literal_addresses_are_known),
        cmocka_unit_test(days_left_follow_interval_and_meters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
