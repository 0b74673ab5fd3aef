set(CORE_TEXT_SOURCES
    csv.c csv_encoding.c row.c row_format.c sha256.c text.c text_buffer.c text_number.c text_time.c zone.c)
