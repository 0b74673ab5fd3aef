# cmake -DOUT=sql.c -DVIEWS=views.sql -DMIGRATIONS="0001_init.sql;…" -P embed.cmake
# Writes the SQL files as C arrays (string literals may not be that long in C11).
function(embed name file)
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    string(REGEX REPLACE "((0x..,){20})" "\\1\n" bytes "${bytes}")
    set(text "${text}static const unsigned char ${name}[] = {\n${bytes}0};\n\n" PARENT_SCOPE)
endfunction()

set(text "/* Generated from daemon/store/sql. */\n#include \"daemon/store/state.h\"\n\n")
set(list "")
set(n 0)
foreach(file IN LISTS MIGRATIONS)
    math(EXPR n "${n} + 1")
    embed(migration_${n} ${file})
    string(APPEND list "    (const char *)migration_${n},\n")
endforeach()
embed(views ${VIEWS})
string(APPEND text "const char *const store_migrations[] = {\n${list}};\n"
                   "const int store_n_migrations = ${n};\n"
                   "const char *const store_views = (const char *)views;\n")
file(WRITE ${OUT} "${text}")
