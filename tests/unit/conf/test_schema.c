#include <ecmon/err.h>

#include "daemon/conf/schema.h"
#include "tests/support/test.h"

static const char *const colours[] = {"red", "yellow", "green", NULL};

struct target {
    char name[8];
    bool is_on;
    int32_t count;
    int64_t factor_e6;
    uint16_t address;
    struct ratio ratio;
    int64_t wait_ms;
    int64_t size_bytes;
    day_t day;
    int colour;
    int n_items;
    char items[64];
};

static void add_item(const struct schema *schema, const struct opt *opt,
                     const struct yaml_node *item)
{
    struct target *target = schema->target;

    (void)opt;
    (void)strncat(target->items, item->key == NULL ? item->text : item->key, 16);
    target->n_items++;
}

#define INTO(field) OPT_INTO(struct target, field)

static const struct opt rows[] = {
    {"name", OPT_TEXT, INTO(name), .min = 1, .required = true, .help = "its name"},
    {"part.on", OPT_BOOL, INTO(is_on), "true", .help = "a switch"},
    {"part.count", OPT_INT, INTO(count), "3", .min = -5, .max = 5, .help = "a number"},
    {"part.factor", OPT_DECIMAL, INTO(factor_e6), "0.3", .min = 0, .max = 1000000,
     .digits = 6, .help = "a fraction"},
    {"part.address", OPT_NUMBER16, INTO(address), .help = "a register"},
    {"part.ratio", OPT_RATIO, INTO(ratio), "1/1000", .help = "a factor"},
    {"part.wait", OPT_DURATION, INTO(wait_ms), "60s", .min = 1000, .max = 3600000,
     .help = "a duration"},
    {"part.size", OPT_SIZE, INTO(size_bytes), "8MiB", .min = 1024, .max = INT64_C(1) << 30,
     .help = "a size"},
    {"part.day", OPT_DAY, INTO(day), .help = "a day"},
    {"part.colour", OPT_WORD, INTO(colour), "red", .words = colours, .help = "a word"},
    {"items", OPT_EACH, .each = add_item, .help = "a list"},
    {"keys", OPT_EACH, .each = add_item, .map = true, .help = "free keys"},
    {0}};

/* Reads text; returns the messages, one per line. */
static struct target read(const char *text, char ret_messages[2048])
{
    struct target target = {0};
    struct problems problems;
    struct yaml_doc *doc = NULL;

    problems_init(&problems);
    assert_int_equal(yaml_parse("f", text, strlen(text), &problems, &doc), 0);
    int err = schema_read_once(rows, &target, doc->root, &problems);

    ret_messages[0] = '\0';
    for (size_t i = 0; i < problems.n; i++) {
        size_t n = strlen(ret_messages);
        char line[256];

        problem_text(&problems.problem[i], line, sizeof(line));
        (void)snprintf(ret_messages + n, 2048 - n, "%s\n", line);
    }
    assert_int_equal(err, problems.n == 0 ? 0 : ERR_CONFIG);
    yaml_doc_free(doc);
    problems_done(&problems);
    return target;
}

static void defaults_are_parsed_like_values(void **state)
{
    char messages[2048];
    struct target target = read("name: a\n", messages);

    (void)state;
    assert_string_equal(messages, "");
    assert_true(target.is_on);
    assert_int_equal(target.count, 3);
    assert_int_equal(target.factor_e6, 300000);
    assert_int_equal(target.ratio.num, 1);
    assert_int_equal(target.ratio.den, 1000);
    assert_int_equal(target.wait_ms, 60000);
    assert_int_equal(target.size_bytes, 8388608);
    assert_int_equal(target.colour, 0);
}

static void every_type_is_read(void **state)
{
    char messages[2048];
    struct target target = read(
        "name: 1234567\n"
        "part: { on: False, count: -5, factor: 0.000001, address: 0xfF10, ratio: 0.25,\n"
        "        wait: 5min, size: 1GiB, day: 2026-11-21, colour: green }\n"
        "items: [a, b]\n"
        "keys: { c: 1, d: 2 }\n",
        messages);

    (void)state;
    assert_string_equal(messages, "");
    assert_string_equal(target.name, "1234567");
    assert_false(target.is_on);
    assert_int_equal(target.count, -5);
    assert_int_equal(target.factor_e6, 1);
    assert_int_equal(target.address, 0xFF10);
    assert_int_equal(target.ratio.num, 1);
    assert_int_equal(target.ratio.den, 4);
    assert_int_equal(target.wait_ms, 300000);
    assert_int_equal(target.size_bytes, 1073741824);
    assert_int_equal(target.day, 20778); /* date -d 2026-11-21 +%s / 86400 */
    assert_int_equal(target.colour, 2);
    assert_int_equal(target.n_items, 4);
    assert_string_equal(target.items, "abcd");
}

static void each_wrong_value_says_what_is_allowed(void **state)
{
    char messages[2048];

    (void)state;
    (void)read("name: 12345678\n"
               "part:\n"
               "  on: 1\n"
               "  count: 6\n"
               "  factor: 0.0000001\n"
               "  address: 0x10000\n"
               "  ratio: 0\n"
               "  wait: 999ms\n"
               "  size: 1k\n"
               "  day: 2026-02-30\n"
               "  colour: gren\n"
               "items: a\n"
               "keys: [a]\n",
               messages);
    assert_string_equal(
        messages,
        "f:1:7: name: 8 bytes are too many: at most 7\n"
        "f:3:7: part.on: '1' is not true or false\n"
        "f:4:10: part.count: '6' is out of range: allowed is -5..5\n"
        "f:5:11: part.factor: '0.0000001' is too large or has more than 6 decimals\n"
        "f:6:12: part.address: '0x10000' is not a number 0..65535 or 0x0000..0xFFFF\n"
        "f:7:10: part.ratio: '0' is not a factor above 0, such as 0.1 or 1/1000\n"
        "f:8:9: part.wait: '999ms' is out of range: allowed is 1s..1h\n"
        "f:9:9: part.size: '1k' is not a size such as 64KiB, 8MiB, 20GiB\n"
        "f:10:8: part.day: '2026-02-30' is not a day YYYY-MM-DD that exists\n"
        "f:11:11: part.colour: 'gren' is not one of red, yellow, green; did you mean "
        "'green'?\n"
        "f:12:8: items: text where a list was expected\n"
        "f:13:7: keys: a list where a map was expected\n");
}

static void limits_of_a_decimal_are_printed_as_decimals(void **state)
{
    char messages[2048];

    (void)state;
    (void)read("name: a\npart: { factor: 1.5 }\n", messages);
    assert_string_equal(messages, "f:2:17: part.factor: '1.5' is out of range: allowed is "
                                  "0.000000..1.000000\n");
}

static void a_missing_required_row_says_what_it_is(void **state)
{
    char messages[2048];

    (void)state;
    (void)read("part: { on: true }\n", messages);
    assert_string_equal(messages, "f:1:1: 'name' is missing: its name\n");
}

static void the_reference_shows_type_limits_default_and_help(void **state)
{
    struct text_buffer out = {0};

    (void)state;
    schema_document(rows, &out);
    assert_non_null(strstr(out.text, "name\n    text; must be given\n    its name\n"));
    assert_non_null(
        strstr(out.text, "part.wait\n    duration: 1s..1h; default 60s\n    a duration\n"));
    assert_non_null(
        strstr(out.text, "part.colour\n    word: red, yellow, green; default red\n"));
    assert_non_null(strstr(out.text, "keys\n    map\n    free keys\n"));
    text_buffer_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_parsed_like_values),
        cmocka_unit_test(every_type_is_read),
        cmocka_unit_test(each_wrong_value_says_what_is_allowed),
        cmocka_unit_test(limits_of_a_decimal_are_printed_as_decimals),
        cmocka_unit_test(a_missing_required_row_says_what_it_is),
        cmocka_unit_test(the_reference_shows_type_limits_default_and_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
