/*
 * csv.c - comma separated values, strictly as RFC 4180 has them.
 *
 * Quotes stand around a whole cell or nowhere; a bare CR is an error, LF and
 * CRLF end a record.  Blank lines are nothing.  A broken record costs its own
 * line only: reading goes on after it.
 */
#include <stdio.h>

#include "exchange/exchange.h"

enum { CELL_BYTES = 4000 };
#define MARK STR("\xef\xbb\xbf")       /* of UTF-8, at the begin of a file */

static const char *end_of_cell(const char *at, const char *end)
{
    if (at == end || *at == ',' || *at == '\n')
        return at;
    if (*at == '\r' && at + 1 < end && at[1] == '\n')
        return at;
    return NULL;
}

/* Reads one cell and stands behind it; NULL with the key of what is wrong. */
static const char *quoted(struct csv *c, const char *at, const char *end, struct str *cell, const char **key)
{
    const char *from = ++at;
    size_t doubled = 0;

    *key = "csv.quote";
    for (;; at++) {
        if (at == end)
            return NULL;
        if (*at != '"')
            continue;
        if (at + 1 < end && at[1] == '"') {
            doubled++;
            at++;
            continue;
        }
        break;
    }
    *cell = (struct str){ from, (size_t)(at - from) };
    if (!end_of_cell(at + 1, end))
        return NULL;
    if (doubled && cell->len <= 2 * CELL_BYTES) {
        char *to = arena_take(c->mem, cell->len);
        size_t n = 0;

        for (size_t i = 0; i < cell->len; i++) {
            to[n++] = cell->at[i];
            i += cell->at[i] == '"';
        }
        *cell = (struct str){ to, n };
    }
    return at + 1;
}

static const char *plain(const char *at, const char *end, struct str *cell, const char **key)
{
    const char *from = at;

    *key = "csv.quote";
    while (!end_of_cell(at, end)) {
        if (*at == '"' || *at == '\r')
            return NULL;
        at++;
    }
    *cell = (struct str){ from, (size_t)(at - from) };
    return at;
}

static const char *wrong_cell(struct str cell)
{
    if (cell.len && memchr(cell.at, 0, cell.len))
        return "csv.nul";
    if (cell.len > CELL_BYTES)
        return "csv.cell";
    return utf8_valid(cell) ? NULL : "csv.utf8";
}

static int broken(struct csv *c, size_t start, const char *key, struct err *e)
{
    const char *lf = memchr(c->text.at + start, '\n', c->text.len - start);
    char line[32];

    c->at = lf ? (size_t)(lf - c->text.at) + 1 : c->text.len;
    c->breaks = c->line;
    snprintf(line, sizeof line, "line %lld", (long long)c->line);
    return err_field(e, key, line);
}

static void skip_blank(struct csv *c)
{
    if (c->at == 0 && str_starts(c->text, MARK))
        c->at = MARK.len;
    while (c->at < c->text.len) {
        size_t n = c->text.at[c->at] == '\n' ? 1 : c->at + 1 < c->text.len && memcmp(c->text.at + c->at, "\r\n", 2) == 0 ? 2 : 0;

        if (n == 0)
            return;
        c->at += n;
        c->breaks++;
    }
}

int csv_next(struct csv *c, struct err *e)
{
    skip_blank(c);
    c->count = 0;
    c->line = c->breaks + 1;
    if (c->at >= c->text.len)
        return 0;

    const size_t start = c->at;
    const char *end = c->text.at + c->text.len, *at = c->text.at + start;

    for (;;) {
        struct str cell = { 0 };
        const char *key = NULL, *from = at;

        at = at < end && *at == '"' ? quoted(c, at, end, &cell, &key) : plain(at, end, &cell, &key);
        if (at)
            key = c->count == COUNT_OF(c->cells) ? "csv.columns" : wrong_cell(cell);
        if (key)
            return broken(c, start, key, e);
        for (const char *p = from; p < at; p++)
            c->breaks += *p == '\n';
        c->cells[c->count++] = cell;
        if (at == end || *at != ',')
            break;
        at++;
    }
    if (at < end) {
        at += *at == '\r' ? 2 : 1;
        c->breaks++;
    }
    c->at = (size_t)(at - c->text.at);
    return 1;
}

void csv_put(struct buf *out, struct str cell, bool first)
{
    /* An empty first cell must not look like a blank line, nor one that begins with the mark like the mark of a file. */
    bool quote = first && (cell.len == 0 || str_starts(cell, MARK));

    if (!first)
        buf_char(out, ',');
    for (size_t i = 0; i < cell.len && !quote; i++)
        quote = strchr(",\"\r\n", cell.at[i]) != NULL;
    if (!quote) {
        buf_str(out, cell);
        return;
    }
    buf_char(out, '"');
    for (size_t i = 0; i < cell.len; i++) {
        if (cell.at[i] == '"')
            buf_char(out, '"');
        buf_char(out, cell.at[i]);
    }
    buf_char(out, '"');
}
