/* Prints the reference of every configuration key, for tests/check_docs.sh: the manual page
 * must say what the program says. */
#include <stdio.h>

#include "daemon/conf/conf.h"

int main(void)
{
    struct text_buffer reference = {0};

    conf_document(&reference);
    int failed = reference.err != 0 || fputs(reference.text, stdout) == EOF;

    text_buffer_done(&reference);
    return failed;
}
