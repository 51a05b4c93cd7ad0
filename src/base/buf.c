/*
 * buf.c - text being written, in memory that grows.
 *
 * There is always room for one byte behind the text, so that buf_z costs nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

static void wipe(struct buf *b)
{
    if (b->secret && b->at)
        explicit_bzero(b->at, b->room);
}

static void grow(struct buf *b, size_t room)
{
    if (b->secret) {
        char *to = mem_take(room);
        memcpy(to, buf_view(b).at, b->len);
        wipe(b);
        free(b->at);
        b->at = to;
    } else {
        b->at = mem_resize(b->at, room, 1);
    }
    b->room = room;
}

char *buf_take(struct buf *b, size_t n)
{
    size_t need, room;
    char *at;

    if (__builtin_add_overflow(b->len, n, &need) || need > PTRDIFF_MAX / 2)
        need = PTRDIFF_MAX; /* more than there is: mem_resize ends the program */
    if (need >= b->room) {
        room = need < PTRDIFF_MAX / 2 ? need + need / 2 + 64 : SIZE_MAX;
        grow(b, room);
    }
    at = b->at + b->len;
    b->len = need;
    return at;
}

void buf_put(struct buf *b, const void *bytes, size_t n)
{
    char *to = buf_take(b, n);

    if (n)
        memcpy(to, bytes, n);
}

void buf_str(struct buf *b, struct str s)
{
    buf_put(b, s.at, s.len);
}

void buf_text(struct buf *b, const char *z)
{
    buf_put(b, z, strlen(z));
}

void buf_char(struct buf *b, char c)
{
    *buf_take(b, 1) = c;
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list ap, again;
    size_t before = b->len;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        /* vsnprintf ends with a NUL: it falls on the byte that is always there. */
        buf_take(b, n);
        vsnprintf(b->at + before, n + 1, fmt, again);
    }
    va_end(again);
}

const char *buf_z(struct buf *b)
{
    buf_take(b, 0);
    b->at[b->len] = '\0';
    return b->at;
}

struct str buf_view(const struct buf *b)
{
    return (struct str){ b->at ? b->at : "", b->len };
}

void buf_clear(struct buf *b)
{
    b->len = 0;
}

int drain_buf(void *to, struct str part, struct err *e)
{
    (void)e;
    buf_str(to, part);
    return 0;
}

void buf_done(struct buf *b)
{
    wipe(b);
    free(b->at);
    *b = (struct buf){ 0 };
}
