/*
 * clock.c - the clock of the tests: stands still until it is told.
 *
 * Takes the place of src/base/clock.c.  A check proves that a released
 * program has no test_clock_set.
 */
#include "base/base.h"
#include "clock.h"

#include <stdatomic.h>
#include <time.h>

static _Atomic int64_t clock_at = TEST_CLOCK_START;

int64_t time_now(void)
{
    return atomic_load(&clock_at);
}

int64_t time_monotonic(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void test_clock_set(int64_t at)
{
    atomic_store(&clock_at, at);
}
