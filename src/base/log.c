/*
 * log.c - one line to stderr for each thing worth knowing.
 *
 * A line is written at once, so that lines of two threads do not mix; control
 * characters in it become spaces, so that nobody forges a second line.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

void log_line(enum log_level level, const char *what, const char *fmt, ...)
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
    more = snprintf(line, room, "%s.%03dZ %s %s ", stamp, (int)(now % 1000), levels[level], what);
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
