/* What the writers of this room share. */
#ifndef ECMON_REPORT_WRITER_H
#define ECMON_REPORT_WRITER_H

#include "daemon/core/text.h"
#include "daemon/report/report.h"

#define HEADING_LEN 128

int write_table(const struct rows *rows, const struct report_options *options);
int write_csv(const struct rows *rows, const struct report_options *options);
int write_json(const struct rows *rows, const struct report_options *options);
int write_xlsx(const struct rows *rows, const struct report_options *options);

/* Heading of the k-th expanded column: the key, or the Chinese label with its unit. */
void writer_heading(const struct column *column, int k, bool labels_zh,
                    char ret_heading[HEADING_LEN]);

/* The cell as it is to be shown: enum words (and grades) in Chinese where asked. grade must
 * live as long as the result. */
#define GRADE_LEN 32

struct cell writer_cell(const struct rows *rows, size_t row, int column, bool labels_zh,
                        char grade[GRADE_LEN]);

/* Writes the buffer, empties it. Returns 0, ERR_IO, or the buffer's latched error. */
int writer_flush(struct text_buffer *buffer, FILE *out);

#endif
