/* clock.h - the door of the tests' clock. */
#ifndef WANGGE_TEST_CLOCK_H
#define WANGGE_TEST_CLOCK_H

#include <stdint.h>

#define TEST_CLOCK_START 1580515200000   /* 2020-02-01 08:00 +08:00 */

void test_clock_set(int64_t at);         /* ms UTC */

#endif
