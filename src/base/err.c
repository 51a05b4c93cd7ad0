/*
 * err.c - the one way to say what went wrong.
 *
 * A later error replaces the earlier one whole; texts too long are cut.  A
 * NULL err is allowed where the caller does not care.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/base.h"

static void copy(char *to, size_t room, const char *from)
{
    size_t n = strnlen(from, room - 1);

    if (from[n])                /* cut between characters: the answer stays UTF-8 */
        while (n > 0 && ((unsigned char)from[n] & 0xc0) == 0x80)
            n--;
    memcpy(to, from, n);
    to[n] = '\0';
}

int err_set(struct err *e, enum err_kind kind, const char *key)
{
    if (!e)
        return -1;
    /* The texts may be those of this very error. */
    struct err fresh = { .kind = kind };
    copy(fresh.key, sizeof fresh.key, key);
    *e = fresh;
    return -1;
}

int err_field(struct err *e, const char *key, const char *field)
{
    char name[sizeof e->field];

    copy(name, sizeof name, field);
    err_set(e, ERR_INVALID, key);
    if (e)
        memcpy(e->field, name, sizeof name);
    return -1;
}

int err_missing(struct err *e, const char *key, const char *field)
{
    err_field(e, key, field);
    if (e) {
        e->kind = ERR_MISSING;
        e->again = true;
    }
    return -1;
}

int err_again(struct err *e, enum err_kind kind, const char *key)
{
    err_set(e, kind, key);
    if (e)
        e->again = true;
    return -1;
}

int err_broken(struct err *e, const char *key, const char *fmt, ...)
{
    char detail[sizeof e->detail];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    err_set(e, ERR_BROKEN, key);
    if (e)
        memcpy(e->detail, detail, sizeof detail);
    return -1;
}
