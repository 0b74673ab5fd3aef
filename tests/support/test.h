/* cmocka's include order, hidden in one place. */
#ifndef ECMON_TESTS_SUPPORT_TEST_H
#define ECMON_TESTS_SUPPORT_TEST_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
/* clang-format on */

/* cmocka 1.1.5's assert_float_equal casts to float: too coarse for counters. */
/* NOLINTNEXTLINE(readability-identifier-naming): named like cmocka's own */
#define assert_near(a, b, tolerance)                                                       \
    do {                                                                                   \
        double assert_near_a = (a);                                                        \
        double assert_near_b = (b);                                                        \
        double assert_near_diff = assert_near_a - assert_near_b;                           \
        if (!(assert_near_diff <= (tolerance) && -assert_near_diff <= (tolerance))) {      \
            print_error("%.17g is not near %.17g\n", assert_near_a, assert_near_b);        \
            fail();                                                                        \
        }                                                                                  \
    } while (0)

#endif
