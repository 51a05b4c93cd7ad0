/*
 * arena.c - memory: taken, or the program ends; and the request's arena.
 *
 * An arena is a list of zeroed pages.  The first is the one being filled;
 * what is too large for a page gets its own behind it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

static _Noreturn void out_of_memory(void)
{
    fputs("wangge: out of memory\n", stderr);
    abort();
}

void *mem_take(size_t n)
{
    void *p = calloc(1, n ? n : 1);

    if (!p)
        out_of_memory();
    return p;
}

void *mem_resize(void *p, size_t count, size_t size)
{
    size_t n;

    if (__builtin_mul_overflow(count, size, &n) || n > PTRDIFF_MAX)
        out_of_memory();
    p = realloc(p, n ? n : 1);
    if (!p)
        out_of_memory();
    return p;
}

enum { PAGE_FIRST = 4096, PAGE_MOST = 262144, ALIGN = _Alignof(max_align_t) };

struct arena_page {
    struct arena_page *next;
    size_t used, room;
    _Alignas(max_align_t) char bytes[];
};

static struct arena_page *page_new(size_t room)
{
    struct arena_page *page = mem_take(sizeof *page + room);

    page->room = room;
    return page;
}

void *arena_take(struct arena *a, size_t n)
{
    struct arena_page *page = a->page;
    void *p;

    if (n > PTRDIFF_MAX / 2)
        out_of_memory();
    n = (n + ALIGN - 1) / ALIGN * ALIGN;
    if (!page || page->room - page->used < n) {
        size_t room = page ? page->room * 2 : PAGE_FIRST;

        room = room > PAGE_MOST ? PAGE_MOST : room;
        if (page && n > room / 4) {
            struct arena_page *own = page_new(n);

            own->next = page->next;
            page->next = own;
            return own->bytes;
        }
        page = page_new(n > room ? n : room);
        page->next = a->page;
        a->page = page;
    }
    p = page->bytes + page->used;
    page->used += n;
    return p;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *copy;

    if (!s.at)
        return s;
    copy = arena_take(a, s.len + 1);
    memcpy(copy, s.at, s.len);
    return (struct str){ copy, s.len };
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap, again;
    char *text;
    int n;

    va_start(ap, fmt);
    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    text = arena_take(a, (size_t)(n > 0 ? n : 0) + 1);
    if (n > 0)
        vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    return text;
}

void arena_done(struct arena *a)
{
    while (a->page) {
        struct arena_page *next = a->page->next;

        if (a->secret)
            explicit_bzero(a->page->bytes, a->page->room);
        free(a->page);
        a->page = next;
    }
}
