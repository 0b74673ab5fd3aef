#include <ecmon/err.h>

#include "daemon/conf/yaml.h"
#include "tests/support/test.h"

static struct yaml_doc *parse(const char *text)
{
    struct problems problems;
    struct yaml_doc *doc = NULL;

    problems_init(&problems);
    assert_int_equal(yaml_parse("f.yaml", text, strlen(text), &problems, &doc), 0);
    assert_int_equal(problems.n, 0);
    problems_done(&problems);
    return doc;
}

static void keys_and_values_keep_their_places(void **state)
{
    struct yaml_doc *doc = parse("site:\n  id:   abc\n  名: { a: 1 }\n");
    const struct yaml_node *site = yaml_member(doc->root, "site");
    const struct yaml_node *id = yaml_member(site, "id");
    const struct yaml_node *a = yaml_member(yaml_member(site, "名"), "a");

    (void)state;
    assert_string_equal(id->text, "abc");
    assert_int_equal(id->line, 2);
    assert_int_equal(id->column, 9);
    assert_int_equal(id->key_line, 2);
    assert_int_equal(id->key_column, 3);
    assert_int_equal(a->key_line, 3);
    assert_int_equal(a->key_column, 8); /* characters, not bytes */
    assert_int_equal(a->column, 11);
    assert_string_equal(a->file, "f.yaml");
    assert_int_equal(site->n, 2);
    yaml_doc_free(doc);
}

static void scalars_stay_text(void **state)
{
    struct yaml_doc *doc = parse("a: 060\nb: \"\"\nc:\nd: ~\ne: yes\nf: 0x10\ng: 1e5\n");

    (void)state;
    assert_string_equal(yaml_member(doc->root, "a")->text, "060");
    assert_false(yaml_is_null(yaml_member(doc->root, "b")));
    assert_true(yaml_is_null(yaml_member(doc->root, "c")));
    assert_true(yaml_is_null(yaml_member(doc->root, "d")));
    assert_string_equal(yaml_member(doc->root, "e")->text, "yes");
    assert_string_equal(yaml_member(doc->root, "f")->text, "0x10");
    assert_string_equal(yaml_member(doc->root, "g")->text, "1e5");
    assert_null(yaml_member(doc->root, "h"));
    yaml_doc_free(doc);
}

static void an_empty_file_is_an_empty_map(void **state)
{
    const char *const texts[] = {"", "\n", "# nothing\n", "\xEF\xBB\xBF", "---\n", "~\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct yaml_doc *doc = parse(texts[i]);

        assert_int_equal(doc->root->kind, YAML_MAP);
        assert_null(doc->root->child);
        yaml_doc_free(doc);
    }
}

static void bom_and_crlf_are_accepted_with_right_places(void **state)
{
    struct yaml_doc *doc = parse("\xEF\xBB\xBF"
                                 "a: 1\r\nb:\r\n  - x\r\n");
    const struct yaml_node *b = yaml_member(doc->root, "b");

    (void)state;
    assert_int_equal(yaml_member(doc->root, "a")->key_column, 1);
    assert_int_equal(b->child->line, 3);
    assert_int_equal(b->child->column, 5);
    assert_string_equal(b->child->text, "x");
    yaml_doc_free(doc);
}

static void refuses(const char *bytes, size_t n, const char *place_and_message)
{
    struct problems problems;
    struct yaml_doc *doc = NULL;
    char text[512];

    problems_init(&problems);
    assert_int_equal(yaml_parse("f", bytes, n, &problems, &doc), ERR_CONFIG);
    assert_null(doc);
    assert_int_equal(problems.n, 1);
    problem_text(&problems.problem[0], text, sizeof(text));
    if (strncmp(text, place_and_message, strlen(place_and_message)) != 0) {
        print_error("%s\n", text);
    }
    assert_memory_equal(text, place_and_message, strlen(place_and_message));
    problems_done(&problems);
}

static void too_many_values_are_refused(void **state)
{
    size_t n = (size_t)2 * 110000;
    char *text = malloc(n);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < n; i += 2) {
        text[i] = i == 0 ? '[' : '1';
        text[i + 1] = i == 0 ? ' ' : ',';
    }
    refuses(text, n, "f:1:200001: more than 100000 values");
    free(text);
}

static void a_hundred_thousand_equal_keys_take_no_time(void **state)
{
    size_t n = (size_t)5 * 90000;
    char *text = malloc(n);
    struct problems problems;
    struct yaml_doc *doc = NULL;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < n; i += 5) {
        /* Bytes, not a string. NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
        memcpy(text + i, "a: 1\n", 5);
    }
    problems_init(&problems);
    assert_int_equal(yaml_parse("f", text, n, &problems, &doc), ERR_CONFIG);
    assert_int_equal(problems.n, PROBLEMS_MAX);
    assert_int_equal(problems.n + problems.dropped, 89999);
    assert_string_equal(problems.problem[1].message,
                        "'a' is given twice: on line 1 and on line 3");
    problems_done(&problems);
    free(text);
}

static void keys_must_be_text(void **state)
{
    (void)state;
    refuses("[a]: 1\n", 7, "f:1:1: a key must be plain text");
    refuses("? {a: 1}\n: 2\n", 13, "f:1:3: a key must be plain text");
}

static void control_characters_are_a_syntax_error_at_their_line(void **state)
{
    (void)state;
    refuses("a: 1\nb: x\x01y\n", 12,
            "f:2:5: syntax error: control characters are not allowed");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_and_values_keep_their_places),
        cmocka_unit_test(scalars_stay_text),
        cmocka_unit_test(an_empty_file_is_an_empty_map),
        cmocka_unit_test(bom_and_crlf_are_accepted_with_right_places),
        cmocka_unit_test(too_many_values_are_refused),
        cmocka_unit_test(a_hundred_thousand_equal_keys_take_no_time),
        cmocka_unit_test(keys_must_be_text),
        cmocka_unit_test(control_characters_are_a_syntax_error_at_their_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
