/*
 * time.c - days and months of +08:00, the civil time of the field.
 *
 * There is no summer time, so a day is always 24 hours long.
 */
#include <stdio.h>
#include <time.h>

#include "base/base.h"

enum { SECOND = 1000, EIGHT_HOURS = 8 * 3600 };

/* Civil time of +08:00; years are held within four digits. */
static struct tm civil(int64_t at)
{
    static const int64_t year_0 = -62167219200, year_10000 = 253402300800;
    int64_t second = at / SECOND - (at % SECOND < 0) + EIGHT_HOURS;
    time_t t = second < year_0 ? year_0 : second >= year_10000 ? year_10000 - 1 : second;
    struct tm tm;

    gmtime_r(&t, &tm);
    return tm;
}

void day_of(int64_t at, char out[DAY_TEXT])
{
    struct tm tm = civil(at);

    /* The remainders only tell the compiler how many digits there can be. */
    snprintf(out, DAY_TEXT, "%04u-%02u-%02u", (unsigned)(tm.tm_year + 1900) % 10000, (unsigned)(tm.tm_mon + 1) % 100,
        (unsigned)tm.tm_mday % 100);
}

/* Reads digits and marks as the pattern has them: "dddd-dd-dd". */
static bool shaped(struct str text, const char *pattern)
{
    if (text.len != strlen(pattern))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (pattern[i] == 'd' ? text.at[i] < '0' || text.at[i] > '9' : text.at[i] != pattern[i])
            return false;
    return true;
}

static int digits(const char *at, int n)
{
    int value = 0;

    while (n-- > 0)
        value = value * 10 + (*at++ - '0');
    return value;
}

bool day_parse(struct str text, int64_t *start_at)
{
    struct tm tm = { 0 };
    int year, month, day;
    time_t t;

    if (!shaped(text, "dddd-dd-dd"))
        return false;
    year = digits(text.at, 4);
    month = digits(text.at + 5, 2);
    day = digits(text.at + 8, 2);
    tm.tm_year = year - 1900;
    tm.tm_mon = month - 1;
    tm.tm_mday = day;
    t = timegm(&tm);
    /* timegm turns 30 February into 1 March: a real day comes back as it went in. */
    if (year < 1 || tm.tm_year != year - 1900 || tm.tm_mon != month - 1 || tm.tm_mday != day)
        return false;
    *start_at = ((int64_t)t - EIGHT_HOURS) * SECOND;
    return true;
}

int32_t month_of(int64_t at)
{
    struct tm tm = civil(at);
    int32_t month = (tm.tm_year - 100) * 12 + tm.tm_mon;

    return month < 1 ? 1 : month;
}

bool minute_parse(struct str text, int64_t *at)
{
    int64_t day;
    int hour, minute;

    if (!shaped(text, "dddd-dd-dd dd:dd") || !day_parse((struct str){ text.at, 10 }, &day))
        return false;
    hour = digits(text.at + 11, 2);
    minute = digits(text.at + 14, 2);
    if (hour > 23 || minute > 59)
        return false;
    *at = day + (int64_t)(hour * 60 + minute) * 60 * SECOND;
    return true;
}
