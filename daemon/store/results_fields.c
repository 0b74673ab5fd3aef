#include "daemon/store/results_fields.h"

#include <math.h>
#include <string.h>

#include "daemon/core/text.h"
#include "daemon/store/db.h"
#include "daemon/store/journal.h"

static const double per_one = 1e12;

static const unsigned char *place(const void *row, const struct field *field)
{
    return (const unsigned char *)row + field->offset;
}

static struct result_value value_at(const void *row, const struct field *field)
{
    struct result_value value;

    memcpy(&value, place(row, field), sizeof(value));
    return value;
}

static const char *pointer_at(const void *row, const struct field *field)
{
    const char *text = NULL;

    memcpy(&text, place(row, field), sizeof(text));
    return text;
}

static int64_t integer_at(const void *row, const struct field *field)
{
    int64_t wide = 0;
    int32_t narrow = 0;
    bool flag = false;

    if (field->type == FIELD_I64) {
        memcpy(&wide, place(row, field), sizeof(wide));
        return wide;
    }
    if (field->type == FIELD_BOOL) {
        memcpy(&flag, place(row, field), sizeof(flag));
        return flag ? 1 : 0;
    }
    memcpy(&narrow, place(row, field), sizeof(narrow));
    return narrow;
}

static void bind_text(sqlite3_stmt *stmt, int index, const struct field *field,
                      const void *row)
{
    const char *text = (const char *)place(row, field);

    if (field->type == FIELD_POINTER) {
        text = pointer_at(row, field);
    }
    bool null = text == NULL || (field->type == FIELD_OPTIONAL && text[0] == '\0');
    if (null) {
        (void)sqlite3_bind_null(stmt, index);
    } else {
        (void)sqlite3_bind_text(stmt, index, text, -1, SQLITE_STATIC);
    }
}

static void bind_one(sqlite3_stmt *stmt, int index, const struct field *field,
                     const void *row)
{
    char day[DAY_TEXT_LEN];
    struct result_value value = {0};

    switch (field->type) {
    case FIELD_I64:
    case FIELD_I32:
    case FIELD_BOOL:
        (void)sqlite3_bind_int64(stmt, index, integer_at(row, field));
        break;
    case FIELD_DAY:
        text_from_day((day_t)integer_at(row, field), day);
        db_bind_text(stmt, index, day);
        break;
    case FIELD_TEXT:
    case FIELD_OPTIONAL:
    case FIELD_POINTER:
        bind_text(stmt, index, field, row);
        break;
    case FIELD_VALUE:
        value = value_at(row, field);
        db_bind_optional(stmt, index, value.has, value.value);
        break;
    case FIELD_REAL_E12:
        value = value_at(row, field);
        (void)(value.has ? sqlite3_bind_double(stmt, index, (double)value.value / per_one)
                         : sqlite3_bind_null(stmt, index));
        break;
    }
}

void fields_bind(sqlite3_stmt *stmt, int first, const struct field *fields, int n,
                 const void *row)
{
    for (int i = 0; i < n; i++) {
        bind_one(stmt, first + i, &fields[i], row);
    }
}

static void put_integer(unsigned char *at, enum field_type type, int64_t value)
{
    int32_t narrow = (int32_t)value;
    bool flag = value != 0;

    if (type == FIELD_I64) {
        memcpy(at, &value, sizeof(value));
    } else if (type == FIELD_BOOL) {
        memcpy(at, &flag, sizeof(flag));
    } else {
        memcpy(at, &narrow, sizeof(narrow));
    }
}

static day_t day_of_column(sqlite3_stmt *stmt, int index)
{
    day_t day = DAY_MIN;
    char text[DAY_TEXT_LEN];

    db_column_text(stmt, index, text, sizeof(text));
    (void)text_to_day(text, &day);
    return day;
}

static void read_one(sqlite3_stmt *stmt, int index, const struct field *field,
                     unsigned char *at)
{
    struct result_value value = {0};
    const char *text = NULL;

    switch (field->type) {
    case FIELD_I64:
    case FIELD_I32:
    case FIELD_BOOL:
        put_integer(at, field->type, sqlite3_column_int64(stmt, index));
        break;
    case FIELD_DAY:
        put_integer(at, field->type, day_of_column(stmt, index));
        break;
    case FIELD_TEXT:
    case FIELD_OPTIONAL:
        db_column_text(stmt, index, (char *)at, field->size);
        break;
    case FIELD_POINTER:
        text = (const char *)sqlite3_column_text(stmt, index);
        memcpy(at, &text, sizeof(text));
        break;
    case FIELD_VALUE:
        value.has = db_column_optional(stmt, index, &value.value);
        memcpy(at, &value, sizeof(value));
        break;
    case FIELD_REAL_E12:
        if (sqlite3_column_type(stmt, index) != SQLITE_NULL) {
            value.has = true;
            value.value = llround(sqlite3_column_double(stmt, index) * per_one);
        }
        memcpy(at, &value, sizeof(value));
        break;
    }
}

void fields_read(sqlite3_stmt *stmt, const struct field *fields, int n, void *row)
{
    for (int i = 0; i < n; i++) {
        read_one(stmt, i, &fields[i], (unsigned char *)row + fields[i].offset);
    }
}

static bool text_equal(const char *a, const char *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return strcmp(a, b) == 0;
}

static bool one_equal(const struct field *field, const void *a, const void *b)
{
    struct result_value left;
    struct result_value right;

    switch (field->type) {
    case FIELD_I64:
    case FIELD_I32:
    case FIELD_BOOL:
    case FIELD_DAY:
        return integer_at(a, field) == integer_at(b, field);
    case FIELD_TEXT:
    case FIELD_OPTIONAL:
        return text_equal((const char *)place(a, field), (const char *)place(b, field));
    case FIELD_POINTER:
        return text_equal(pointer_at(a, field), pointer_at(b, field));
    case FIELD_VALUE:
    case FIELD_REAL_E12:
        break;
    }
    left = value_at(a, field);
    right = value_at(b, field);
    return left.has == right.has && (!left.has || left.value == right.value);
}

bool fields_equal(const struct field *fields, int n, const void *a, const void *b)
{
    for (int i = 0; i < n; i++) {
        if (fields[i].compared && !one_equal(&fields[i], a, b)) {
            return false;
        }
    }
    return true;
}

int results_journal(struct store *store, bool carbon, int64_t row_no, int32_t revision)
{
    const struct journal_entry entry = {.kind = carbon ? JOURNAL_CARBON : JOURNAL_RATE,
                                        .late = revision > 0,
                                        .revision = revision,
                                        .row_no = row_no};

    return journal_append(store, &entry, NULL);
}
