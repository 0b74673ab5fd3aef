#include "daemon/core/csv.h"

#include <stdlib.h>
#include <string.h>

#include <ecmon/err.h>

#include "daemon/core/csv_encoding.h"
#include "daemon/core/text.h"
#include "daemon/core/utf8.h"

#define CSV_BLOCK ((size_t)64 * 1024)
#define ROW_END   (-1) /* next_row: nothing left; not one of enum err */

struct csv {
    FILE *file; /* borrowed */
    char block[CSV_BLOCK];
    size_t block_n;
    size_t block_at;
    enum csv_encoding encoding;
    struct csv_converter *converter; /* only for GB18030 */
    char separator;                  /* '\0' until the header was read */
    bool after_cr;                   /* a LF that comes now belongs to the CR before it */
    long next_line;
    long row_line;
    struct text_buffer raw;    /* one record as the file has it, without its line end */
    struct text_buffer record; /* the same in UTF-8; fields point into it */
    struct csv_field field[CSV_FIELD_MAX];
    const char *why; /* of the row at hand */
    int column;
};

static int fail(struct csv *csv, size_t offset, const char *why)
{
    csv->column = (int)offset + 1;
    csv->why = why;
    return ERR_SYNTAX;
}

/* The next byte, -1 at the end of the file (or where reading fails: ferror tells). */
static int peek_byte(struct csv *csv)
{
    if (csv->block_at == csv->block_n) {
        csv->block_n = fread(csv->block, 1, sizeof(csv->block), csv->file);
        csv->block_at = 0;
        if (csv->block_n == 0) {
            return -1;
        }
    }
    return (unsigned char)csv->block[csv->block_at];
}

/* Where a record stands while its bytes come in. */
struct record_state {
    bool any;
    bool quoted;
    bool closed; /* the byte before closed a quoted part: one more quote is a doubled one */
    bool too_long;
};

/* Whether a quote here opens a quoted field: at the field's start, or as ="…". */
static bool at_field_start(const struct csv *csv)
{
    const char *text = csv->raw.text;
    size_t n = csv->raw.n;

    if (n > 0 && text[n - 1] == '=') {
        n--;
    }
    if (n == 0) {
        return true;
    }
    return csv->separator != '\0' ? text[n - 1] == csv->separator
                                  : text[n - 1] == ',' || text[n - 1] == '\t';
}

static void add_byte(struct csv *csv, struct record_state *state, char c)
{
    if (csv->raw.n >= (size_t)CSV_LINE_MAX) {
        state->too_long = true;
        state->quoted = false;
        return;
    }
    bool was_closed = state->closed;

    state->closed = c == '"' && state->quoted;
    if (c == '"') {
        state->quoted = !state->quoted && (was_closed || at_field_start(csv));
    }
    text_append_char(&csv->raw, c);
}

/* Collects one record, line ends inside quotes included. Returns 1, 0 at the end, or an
 * error. */
static int read_record(struct csv *csv)
{
    struct record_state state = {false, false, false, false};

    text_buffer_clear(&csv->raw);
    for (int c = peek_byte(csv); c >= 0; c = peek_byte(csv)) {
        bool second = c == '\n' && csv->after_cr;
        bool line_end = c == '\n' || c == '\r';

        csv->block_at++;
        csv->after_cr = c == '\r';
        csv->next_line += line_end && !second ? 1 : 0;
        if (second && !state.any) {
            continue;
        }
        state.any = true;
        if (line_end && !state.quoted) {
            break;
        }
        add_byte(csv, &state, (char)c);
    }
    if (csv->raw.err != 0) {
        return ERR_NOMEM;
    }
    if (ferror(csv->file) != 0) {
        csv->why = "the file cannot be read";
        return ERR_IO;
    }
    if (state.too_long) {
        return fail(csv, 0, "the line is longer than 1 MiB (is a quote not closed?)");
    }
    return state.any ? 1 : 0;
}

/* raw as UTF-8 into record. */
static int decode_record(struct csv *csv)
{
    size_t offset = 0;

    text_buffer_clear(&csv->record);
    if (memchr(csv->raw.text, '\0', csv->raw.n) != NULL) {
        return fail(csv, 0, csv_why_not_utf8);
    }
    if (csv->encoding == CSV_GB18030) {
        int err =
            csv_convert(csv->converter, csv->raw.text, csv->raw.n, &csv->record, &offset);

        if (err == ERR_SYNTAX) {
            return fail(csv, offset,
                        "neither UTF-8 nor GB18030; save the file as CSV UTF-8");
        }
        return err;
    }
    offset = utf8_valid_prefix(csv->raw.text, csv->raw.n);
    if (offset < csv->raw.n) {
        return fail(csv, offset, "not valid UTF-8; save the file as CSV UTF-8");
    }
    text_append_n(&csv->record, csv->raw.text, csv->raw.n);
    return csv->record.err;
}

/* Comma or tab, whichever the header has more of outside its quotes. */
static char find_separator(const struct text_buffer *record)
{
    bool quoted = false;
    size_t commas = 0;
    size_t tabs = 0;

    for (size_t i = 0; i < record->n; i++) {
        char c = record->text[i];

        quoted = c == '"' ? !quoted : quoted;
        commas += !quoted && c == ',' ? 1 : 0;
        tabs += !quoted && c == '\t' ? 1 : 0;
    }
    return tabs > commas ? '\t' : ',';
}

/* Bytes of the blank (space, tab, no-break and ideographic space) at the start; 0 for none.
 */
static size_t blank_length(const char *text)
{
    static const char *const blanks[] = {" ", "\t", "\r", "\n", "\xc2\xa0", "\xe3\x80\x80"};

    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++) {
        size_t n = strlen(blanks[i]);

        if (strncmp(text, blanks[i], n) == 0) {
            return n;
        }
    }
    return 0;
}

static char *trim(char *text)
{
    char *end = text;

    for (size_t n = blank_length(text); n > 0; n = blank_length(text)) {
        text += n;
    }
    for (char *at = text; *at != '\0';) {
        size_t n = blank_length(at);

        at += n > 0 ? n : 1;
        end = n > 0 ? end : at;
    }
    if (end > text) {
        *end = '\0';
    }
    return text;
}

/* Full-width digits (U+FF10 … U+FF19) to ASCII, in place. */
static bool narrow_digits(char *text)
{
    char *to = text;
    bool narrowed = false;

    for (const char *from = text; *from != '\0';) {
        unsigned char last = 0;

        if (strncmp(from, "\xef\xbc", 2) == 0) {
            last = (unsigned char)from[2];
        }
        if (last >= 0x90 && last <= 0x99) {
            *to++ = (char)('0' + (last - 0x90));
            from += 3;
            narrowed = true;
        } else {
            *to++ = *from++;
        }
    }
    *to = '\0';
    return narrowed;
}

/* What spreadsheets put around a text: a leading ', or ="…". */
static char *strip_text_marks(char *text)
{
    size_t n = strlen(text);

    if (text[0] == '\'') {
        return text + 1;
    }
    if (n >= 3 && text[0] == '=' && text[1] == '"' && text[n - 1] == '"') {
        text[n - 1] = '\0';
        return text + 2;
    }
    return text;
}

static void clean_field(struct csv_field *field, char *text)
{
    text = trim(strip_text_marks(trim(text)));
    field->narrowed = narrow_digits(text);
    field->text = text;
}

/* The quoted field whose opening quote is at `open`: unquotes in place. *ret_next is behind
 * the closing quote. */
static int take_quoted(struct csv *csv, size_t open, size_t *ret_next)
{
    char *text = csv->record.text;
    size_t to = open;
    size_t from = open + 1;

    for (; from < csv->record.n; from++) {
        if (text[from] == '"') {
            if (text[from + 1] != '"') {
                break;
            }
            from++;
        }
        text[to] = text[from];
        to++;
    }
    if (from >= csv->record.n) {
        return fail(csv, open, "this quote is not closed");
    }
    char after = text[from + 1];

    if (after != '\0' && after != csv->separator) {
        return fail(csv, from + 1,
                    "text after the closing quote (a quote inside is doubled)");
    }
    text[to] = '\0';
    *ret_next = from + 1;
    return 0;
}

/* The field at offset *at of the record; moves *at to the separator or the end. */
static int take_field(struct csv *csv, size_t *at, struct csv_field *ret_field)
{
    char *text = csv->record.text + *at;
    size_t skip = text[0] == '=' && text[1] == '"' ? 1 : 0;
    size_t start = *at + skip;

    *ret_field = (struct csv_field){.column = (int)*at + 1, .quoted = text[skip] == '"'};
    if (ret_field->quoted) {
        int err = take_quoted(csv, start, at);

        if (err == 0) {
            clean_field(ret_field, csv->record.text + start);
        }
        return err;
    }
    const char stops[] = {csv->separator, '"', '\0'};

    *at += strcspn(text, stops);
    if (csv->record.text[*at] == '"') {
        return fail(csv, *at, "a quote inside a field that is not quoted");
    }
    return 0;
}

/* Cuts the record into fields. Returns their number, or an error. */
static int split_record(struct csv *csv)
{
    size_t at = 0;
    int n = 0;

    for (;;) {
        size_t start = at;

        if (n == CSV_FIELD_MAX) {
            return fail(csv, at, "more than 256 fields in one row");
        }
        struct csv_field *field = &csv->field[n];
        int err = take_field(csv, &at, field);

        if (err != 0) {
            return err;
        }
        bool last = csv->record.text[at] == '\0';

        if (!field->quoted) {
            csv->record.text[at] = '\0';
            clean_field(field, csv->record.text + start);
        }
        n++;
        if (last) {
            return n;
        }
        at++;
    }
}

static bool is_empty(const struct csv *csv, int n)
{
    for (int i = 0; i < n; i++) {
        if (csv->field[i].text[0] != '\0') {
            return false;
        }
    }
    return true;
}

/* Number of fields, 0 for a row to skip, ROW_END, or an error. */
static int next_row(struct csv *csv)
{
    csv->row_line = csv->next_line;
    int got = read_record(csv);

    if (got <= 0) {
        return got == 0 ? ROW_END : got;
    }
    if (csv->raw.n == 0) {
        return 0;
    }
    int err = decode_record(csv);

    if (err != 0) {
        return err;
    }
    if (csv->separator == '\0') {
        csv->separator = find_separator(&csv->record);
    }
    int n = split_record(csv);

    if (n > 0 && is_empty(csv, n)) {
        return 0;
    }
    return n;
}

int csv_next(struct csv *csv, const struct csv_field **ret_fields, const char **ret_why,
             int *ret_column)
{
    int n = 0;

    csv->column = 0;
    csv->why = "out of memory";
    do {
        n = next_row(csv);
    } while (n == 0);
    if (n == ROW_END) {
        return 0;
    }
    if (n < 0) {
        *ret_why = csv->why;
        *ret_column = csv->column;
        return n;
    }
    *ret_fields = csv->field;
    return n;
}

long csv_line(const struct csv *csv)
{
    return csv->row_line;
}

/* "1,234,567.8": groups of three behind the first, none behind the point. Returns the
 * number of bytes without the commas, or 0 when it is not of this form. */
static size_t grouped_length(const char *text)
{
    size_t at = strspn(text, "+-") == 1 ? 1 : 0;
    size_t first = strspn(text + at, "0123456789");
    size_t commas = 0;

    if (first == 0 || first > 3) {
        return 0;
    }
    at += first;
    while (text[at] == ',') {
        if (strspn(text + at + 1, "0123456789") != 3) {
            return 0;
        }
        at += 4;
        commas++;
    }
    if (text[at] == '.') {
        at += 1 + strspn(text + at + 1, "0123456789");
    }
    return text[at] == '\0' && commas > 0 ? at - commas : 0;
}

const char *csv_number_text(const struct csv_field *field, char ret_text[CSV_NUMBER_LEN])
{
    size_t n = field->quoted ? grouped_length(field->text) : 0;

    if (n == 0 || n >= CSV_NUMBER_LEN) {
        return field->text;
    }
    char *to = ret_text;

    for (const char *from = field->text; *from != '\0'; from++) {
        if (*from != ',') {
            *to++ = *from;
        }
    }
    *to = '\0';
    return ret_text;
}

/* Reads the whole file when it can be read again, else its first block, which is kept. */
static int sniff(struct csv *csv, const char **ret_why)
{
    struct csv_sniffer sniffer = {.n_carried = 0};
    long start = ftell(csv->file);

    csv->block_n = fread(csv->block, 1, sizeof(csv->block), csv->file);
    csv_sniff(&sniffer, csv->block, csv->block_n);
    if (start >= 0) {
        char more[4096];

        for (size_t n = 1; n > 0;) {
            n = fread(more, 1, sizeof(more), csv->file);
            csv_sniff(&sniffer, more, n);
        }
    } else {
        sniffer.unfinished = feof(csv->file) == 0;
    }
    if (ferror(csv->file) != 0 ||
        (start >= 0 && fseek(csv->file, start + (long)csv->block_n, SEEK_SET) != 0)) {
        *ret_why = "the file cannot be read";
        return ERR_IO;
    }
    struct csv_encoding_found found = {CSV_UTF8, 0};
    int err = csv_encoding_decide(&sniffer, csv->block, csv->block_n, &found);

    if (err != 0) {
        *ret_why = csv_why_not_utf8;
        return err;
    }
    csv->encoding = found.encoding;
    csv->block_at = found.bom_n;
    return 0;
}

int csv_open(FILE *file, struct csv **ret_csv, const char **ret_why)
{
    struct csv *csv = calloc(1, sizeof(*csv));

    if (csv == NULL) {
        *ret_why = "out of memory";
        return ERR_NOMEM;
    }
    csv->file = file;
    csv->next_line = 1;
    csv->row_line = 1;
    int err = sniff(csv, ret_why);

    if (err == 0 && csv->encoding == CSV_GB18030) {
        err = csv_converter_new(&csv->converter);
        if (err != 0) {
            *ret_why =
                "not valid UTF-8, and this system cannot read GB18030; save the file as "
                "CSV UTF-8";
            err = err == ERR_NOMEM ? err : ERR_SYNTAX;
        }
    }
    if (err != 0) {
        csv_close(csv);
        return err;
    }
    *ret_csv = csv;
    return 0;
}

void csv_close(struct csv *csv)
{
    if (csv == NULL) {
        return;
    }
    csv_converter_free(csv->converter);
    text_buffer_done(&csv->raw);
    text_buffer_done(&csv->record);
    free(csv);
}
