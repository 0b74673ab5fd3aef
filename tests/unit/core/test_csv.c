#include <unistd.h>

#include <ecmon/err.h>

#include "daemon/core/csv.h"
#include "tests/support/test.h"

struct reader {
    FILE *file;
    struct csv *csv;
    const struct csv_field *field;
    const char *why;
    int column;
};

static int reader_open(struct reader *reader, const char *bytes, size_t n)
{
    reader->file = tmpfile();
    assert_non_null(reader->file);
    assert_int_equal(fwrite(bytes, 1, n, reader->file), n);
    rewind(reader->file);
    reader->csv = NULL;
    reader->why = NULL;
    return csv_open(reader->file, &reader->csv, &reader->why);
}

static void reader_close(struct reader *reader)
{
    csv_close(reader->csv);
    (void)fclose(reader->file);
}

static int next(struct reader *reader)
{
    return csv_next(reader->csv, &reader->field, &reader->why, &reader->column);
}

static void begin(struct reader *reader, const char *text)
{
    assert_int_equal(reader_open(reader, text, strlen(text)), 0);
}

/* Overwrites without a NUL. */
static void put(char *bytes, const char *text)
{
    for (; *text != '\0'; text++, bytes++) {
        *bytes = *text;
    }
}

static void rows_come_with_line_and_column(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "id,name\nE1, 慈溪 ,x\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(csv_line(reader.csv), 1);
    assert_string_equal(reader.field[1].text, "name");
    assert_int_equal(reader.field[1].column, 4);
    assert_int_equal(next(&reader), 3);
    assert_int_equal(csv_line(reader.csv), 2);
    assert_string_equal(reader.field[1].text, "慈溪");
    assert_int_equal(reader.field[2].column, 13);
    assert_int_equal(next(&reader), 0);
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
}

static void line_ends_may_be_lf_crlf_or_cr(void **state)
{
    static const char *const files[] = {"a,b\n\n1,2\n,,\n3,4",
                                        "a,b\r\n\r\n1,2\r\n,,\r\n3,4\r\n",
                                        "a,b\r\r1,2\r , ,\r3,4\r"};

    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct reader reader;

        begin(&reader, files[i]);
        assert_int_equal(next(&reader), 2);
        assert_int_equal(next(&reader), 2);
        assert_int_equal(csv_line(reader.csv), 3);
        assert_string_equal(reader.field[1].text, "2");
        assert_int_equal(next(&reader), 2);
        assert_int_equal(csv_line(reader.csv), 5);
        assert_string_equal(reader.field[1].text, "4");
        assert_int_equal(next(&reader), 0);
        reader_close(&reader);
    }
}

static void quotes_hold_separators_quotes_and_line_ends(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "a,b\n\"x,\"\"y\"\"\r\nz\",\"\"\nlast,1\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "x,\"y\"\r\nz");
    assert_true(reader.field[0].quoted);
    assert_string_equal(reader.field[1].text, "");
    assert_int_equal(csv_line(reader.csv), 2);
    assert_int_equal(next(&reader), 2);
    assert_int_equal(csv_line(reader.csv), 4);
    assert_false(reader.field[0].quoted);
    reader_close(&reader);
}

static void bad_quotes_are_errors_at_their_place(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "a,b\n1,x\"\"y\n\"1\"z,2\n3,4\n5,\"open\n6,7\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(csv_line(reader.csv), 2);
    assert_int_equal(reader.column, 4);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(csv_line(reader.csv), 3);
    assert_int_equal(reader.column, 4);
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "3");
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(csv_line(reader.csv), 5);
    assert_int_equal(reader.column, 3);
    assert_string_equal(reader.why, "this quote is not closed");
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
}

static void text_marks_of_spreadsheets_are_taken_off(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "a,b,c,d\n'0123,=\"0456\",\"=\"\"0789\"\"\",\"'1\"\n");
    assert_int_equal(next(&reader), 4);
    assert_int_equal(next(&reader), 4);
    assert_string_equal(reader.field[0].text, "0123");
    assert_string_equal(reader.field[1].text, "0456");
    assert_string_equal(reader.field[2].text, "0789");
    assert_string_equal(reader.field[3].text, "1");
    reader_close(&reader);
}

static void full_width_digits_are_narrowed_and_said(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "a,b\n　１２3　,３号\n4,号\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "123");
    assert_true(reader.field[0].narrowed);
    assert_string_equal(reader.field[1].text, "3号");
    assert_int_equal(next(&reader), 2);
    assert_false(reader.field[0].narrowed);
    assert_string_equal(reader.field[1].text, "号");
    reader_close(&reader);
}

static void thousands_separators_are_numbers_only_when_quoted(void **state)
{
    struct csv_field field = {.text = "-1,234,567.5", .quoted = true};
    char number[CSV_NUMBER_LEN];

    (void)state;
    assert_string_equal(csv_number_text(&field, number), "-1234567.5");
    field.quoted = false;
    assert_string_equal(csv_number_text(&field, number), "-1,234,567.5");
    field.quoted = true;
    field.text = "1,23";
    assert_string_equal(csv_number_text(&field, number), "1,23");
    field.text = "1234,567";
    assert_string_equal(csv_number_text(&field, number), "1234,567");
    field.text = "12.5";
    assert_string_equal(csv_number_text(&field, number), "12.5");
}

static void the_header_decides_between_comma_and_tab(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "\"a,b,c\"\tb\n1,5\t\"x\ty\"\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "1,5");
    assert_string_equal(reader.field[1].text, "x\ty");
    reader_close(&reader);
}

static void a_utf8_bom_is_no_part_of_the_first_name(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "\xef\xbb\xbf编号,b\n");
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "编号");
    assert_int_equal(reader.field[0].column, 1);
    reader_close(&reader);
}

/* 编号,名称 and 慈溪 in GBK; 㐀 (U+3400) is the four bytes 81 39 EE 39 of GB18030. */
static void gb18030_is_read_where_it_is_no_utf8(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader,
          "\xb1\xe0\xba\xc5,\xc3\xfb\xb3\xc6\nE1,\xb4\xc8\xcf\xaa\x81\x39\xee\x39\n");
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "编号");
    assert_string_equal(reader.field[1].text, "名称");
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[1].text, "慈溪㐀");
    reader_close(&reader);
}

static void gb18030_far_into_a_big_file_is_found(void **state)
{
    struct reader reader;
    size_t n = 200000;
    char *bytes = malloc(n);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < n; i++) {
        bytes[i] = "a,b\n"[i % 4];
    }
    put(bytes + n - 4, "\xb1\xe0,x");
    assert_int_equal(reader_open(&reader, bytes, n), 0);
    for (size_t i = 0; i < n / 4 - 1; i++) {
        assert_int_equal(next(&reader), 2);
    }
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "编");
    assert_int_equal(csv_line(reader.csv), 50000);
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
    free(bytes);
}

static void bytes_of_no_known_encoding_are_errors(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "a,b\nx,\xff\xff\nE,1\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(reader.column, 3);
    assert_int_equal(next(&reader), 2);
    reader_close(&reader);
    begin(&reader, "\xef\xbb\xbf"
                   "a,b\nx,\xb1\xe0\n");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(reader.column, 3);
    reader_close(&reader);
}

static void utf16_and_nul_say_how_to_save(void **state)
{
    static const char utf16[] = "\xff\xfe"
                                "a\0,\0b\0\n";
    static const char nul[] = "a,b\n1,\0\n";
    struct reader reader;

    (void)state;
    assert_int_equal(reader_open(&reader, utf16, sizeof(utf16)), ERR_SYNTAX);
    assert_non_null(strstr(reader.why, "CSV UTF-8"));
    reader_close(&reader);
    assert_int_equal(reader_open(&reader, nul, sizeof(nul) - 1), ERR_SYNTAX);
    assert_non_null(strstr(reader.why, "CSV UTF-8"));
    reader_close(&reader);
}

static void an_empty_file_has_no_rows(void **state)
{
    struct reader reader;

    (void)state;
    begin(&reader, "");
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
    begin(&reader, "\xef\xbb\xbf\r\n , \n\n");
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
}

static void lines_and_columns_have_a_limit(void **state)
{
    struct reader reader;
    size_t n = CSV_LINE_MAX + 100;
    char *bytes = malloc(n);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'x', n);
    put(bytes, "a,b\n\"");
    put(bytes + n - 5, "\n1,2\n");
    assert_int_equal(reader_open(&reader, bytes, n), 0);
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(csv_line(reader.csv), 2);
    reader_close(&reader);
    memset(bytes, ',', 257);
    bytes[0] = 'a';
    bytes[257] = '\n';
    assert_int_equal(reader_open(&reader, bytes, 258), 0);
    assert_int_equal(next(&reader), ERR_SYNTAX);
    assert_int_equal(reader.column, 258);
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
    bytes[1] = 'a';
    assert_int_equal(reader_open(&reader, bytes, 258), 0);
    assert_int_equal(next(&reader), 256);
    reader_close(&reader);
    free(bytes);
}

static void a_pipe_is_read_too(void **state)
{
    static const char text[] = "\xb1\xe0\xba\xc5,b\n1,2\n";
    int fd[2];
    struct reader reader = {.csv = NULL};

    (void)state;
    assert_int_equal(pipe(fd), 0);
    assert_int_equal(write(fd[1], text, sizeof(text) - 1), sizeof(text) - 1);
    assert_int_equal(close(fd[1]), 0);
    reader.file = fdopen(fd[0], "r");
    assert_non_null(reader.file);
    assert_int_equal(csv_open(reader.file, &reader.csv, &reader.why), 0);
    assert_int_equal(next(&reader), 2);
    assert_string_equal(reader.field[0].text, "编号");
    assert_int_equal(next(&reader), 2);
    assert_int_equal(next(&reader), 0);
    reader_close(&reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_with_line_and_column),
        cmocka_unit_test(line_ends_may_be_lf_crlf_or_cr),
        cmocka_unit_test(quotes_hold_separators_quotes_and_line_ends),
        cmocka_unit_test(bad_quotes_are_errors_at_their_place),
        cmocka_unit_test(text_marks_of_spreadsheets_are_taken_off),
        cmocka_unit_test(full_width_digits_are_narrowed_and_said),
        cmocka_unit_test(thousands_separators_are_numbers_only_when_quoted),
        cmocka_unit_test(the_header_decides_between_comma_and_tab),
        cmocka_unit_test(a_utf8_bom_is_no_part_of_the_first_name),
        cmocka_unit_test(gb18030_is_read_where_it_is_no_utf8),
        cmocka_unit_test(gb18030_far_into_a_big_file_is_found),
        cmocka_unit_test(bytes_of_no_known_encoding_are_errors),
        cmocka_unit_test(utf16_and_nul_say_how_to_save),
        cmocka_unit_test(an_empty_file_has_no_rows),
        cmocka_unit_test(lines_and_columns_have_a_limit),
        cmocka_unit_test(a_pipe_is_read_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
