/*
 * log.c - one line to stderr for each thing worth knowing, every part of it key=value.
 *
 * A line is written at once, so that lines of two threads do not mix; control
 * characters in it become spaces, so that nobody forges a second line, and
 * text from outside stands in quotes (log_quoted), so that nobody forges a
 * second key.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

const char *log_quoted(char to[LOG_QUOTED], const char *text)
{
    size_t n = 0;

    to[n++] = '"';
    for (; *text && n < LOG_QUOTED - 3; text++) {
        if (*text == '"' || *text == '\\')
            to[n++] = '\\';
        to[n++] = *text;
    }
    to[n++] = '"';
    to[n] = 0;
    return to;
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
    static const char *const levels[] = { [LOG_INFO] = "info", [LOG_WARN] = "warn", [LOG_ERROR] = "error" };
    int64_t now = time_now();
    time_t second = now / 1000;
    char line[1024], stamp[32];
    size_t n, room = sizeof line - 1;
    struct tm tm;
    va_list ap;
    int more;

    gmtime_r(&second, &tm);
    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
    more = snprintf(line, room, "at=%s.%03dZ level=%s event=%s ", stamp, (int)(now % 1000), levels[level], event);
    n = more < 0 ? 0 : (size_t)more < room ? (size_t)more : room - 1;
    va_start(ap, fmt);
    more = vsnprintf(line + n, room - n, fmt, ap);
    va_end(ap);
    n += more < 0 ? 0 : (size_t)more < room - n ? (size_t)more : room - n - 1;
    for (size_t i = 0; i < n; i++)
        if ((uint8_t)line[i] < 0x20)
            line[i] = ' ';
    line[n++] = '\n';
    /* Where a log cannot be written there is nobody to tell. */
    if (write(STDERR_FILENO, line, n) < 0)
        return;
}
