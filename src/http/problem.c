/*
 * problem.c - what every answer carries, and what an error looks like outside.
 *
 * This is the only place that knows status numbers of errors: one for each
 * kind, and a table of keys for which HTTP has a better one.  An answer names
 * the word key and the field; the detail stays in the operator's log.
 */
#include "http/own.h"

#include <stdio.h>
#include <strings.h>

static const char *const always[][2] = {
    { "Content-Security-Policy",
      "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'" },
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cross-Origin-Resource-Policy", "same-origin" },
};

static const int of_kind[] = {
    [ERR_NONE] = 500, [ERR_INVALID] = 400, [ERR_DENIED] = 403, [ERR_MISSING] = 404,
    [ERR_CONFLICT] = 409, [ERR_BUSY] = 503, [ERR_BROKEN] = 500,
};

static const struct {
    const char *key;
    int status;
} of_key[] = {
    { "json.large", 413 }, { "request.headers", 431 }, { "request.large", 413 }, { "request.method", 405 },
    { "request.often", 429 }, { "request.url", 414 }, { "session.locked", 429 },
};

static int status_of(const struct err *e)
{
    for (size_t i = 0; i < COUNT_OF(of_key); i++)
        if (strcmp(of_key[i].key, e->key) == 0)
            return of_key[i].status;
    if (str_starts(str_of(e->key), STR("session.")) && e->kind != ERR_BUSY && e->kind != ERR_BROKEN && e->kind != ERR_INVALID)
        return 401;
    return (size_t)e->kind < COUNT_OF(of_kind) ? of_kind[e->kind] : 500;
}

void reply_json(struct request *r)
{
    r->reply.status = 200;
    r->reply.type = "application/json";
}

void reply_problem(struct request *r, const struct err *e)
{
    struct reply *a = &r->reply;
    struct out o = { .to = &a->body };

    buf_clear(&a->body);
    a->fixed = (struct str){ 0 };
    a->tag[0] = 0;
    a->gzip = false;
    a->cache = NULL;
    a->status = status_of(e);
    a->type = "application/problem+json";
    if ((a->status == 503 || a->status == 429) && a->retry_after == 0)
        a->retry_after = 1;
    out_open(&o, '{');
    out_key(&o, "status");
    out_int(&o, a->status);
    out_key(&o, "key");
    out_text(&o, str_of(e->key));
    if (e->field[0]) {
        out_key(&o, "field");
        out_text(&o, str_of(e->field));
    }
    if (e->again) {
        out_key(&o, "again");
        out_bool(&o, true);
    }
    out_close(&o, '}');
    if (a->status == 500)
        log_line(LOG_ERROR, "request.failed", "request=%llu route=%s key=%s detail=\"%s\"", (unsigned long long)r->number,
                 r->route ? r->route->name : "-", e->key, e->detail);
}

/* One of a list like: "a", W/"b", *  */
static bool tag_listed(struct str list, const char *tag)
{
    size_t n = strlen(tag);

    for (size_t i = 0; i < list.len;) {
        size_t end = i;

        while (end < list.len && list.at[end] != ',')
            end++;
        struct str one = { list.at + i, end - i };
        while (one.len && (one.at[0] == ' ' || one.at[0] == '\t'))
            one.at++, one.len--;
        while (one.len && (one.at[one.len - 1] == ' ' || one.at[one.len - 1] == '\t'))
            one.len--;
        if (str_starts(one, STR("W/")))
            one.at += 2, one.len -= 2;
        if (str_is(one, "*") || (one.len == n && memcmp(one.at, tag, n) == 0))
            return true;
        i = end + 1;
    }
    return false;
}

void reply_tag(struct request *r, const char *tag)
{
    struct reply *a = &r->reply;

    snprintf(a->tag, sizeof a->tag, tag[0] == '"' ? "%s" : "\"%s\"", tag);
    if (!tag_listed(request_header(r, "If-None-Match"), a->tag))
        return;
    a->status = 304;
    a->type = NULL;
    a->gzip = false;
    a->fixed = (struct str){ 0 };
    buf_clear(&a->body);
}

static void header(struct MHD_Response *m, const char *name, const char *value)
{
    if (value && value[0])
        (void)MHD_add_response_header(m, name, value);
}

enum MHD_Result reply_send(struct request *r)
{
    struct reply *a = &r->reply;
    struct MHD_Response *m = a->made;
    char seconds[16];

    if (!m && a->body.len) {
        m = MHD_create_response_from_buffer(a->body.len, a->body.at, MHD_RESPMEM_MUST_FREE);
        if (m)
            a->body = (struct buf){ 0 };
    } else if (!m) {
        m = MHD_create_response_from_buffer(a->fixed.len, (void *)(uintptr_t)(a->fixed.at ? a->fixed.at : ""), MHD_RESPMEM_PERSISTENT);
    }
    a->made = NULL;
    if (!m)
        return MHD_NO;
    for (size_t i = 0; i < COUNT_OF(always); i++)
        header(m, always[i][0], always[i][1]);
    header(m, "Cache-Control", a->cache ? a->cache : "no-store");
    header(m, "Content-Type", a->type);
    header(m, "ETag", a->tag);
    header(m, "Set-Cookie", a->cookie);
    header(m, "Allow", a->allow);
    header(m, "Content-Encoding", a->gzip ? "gzip" : "");
    header(m, "Connection", a->close || atomic_load(&r->h->stopping) ? "close" : "");
    if (a->status == 401)
        header(m, "WWW-Authenticate", "Bearer");
    if (a->retry_after) {
        snprintf(seconds, sizeof seconds, "%d", a->retry_after);
        header(m, "Retry-After", seconds);
    }
    figure_note(r->h, r->route, a->status, time_monotonic() - r->begun);
    enum MHD_Result queued = MHD_queue_response(r->conn, (unsigned)a->status, m);
    MHD_destroy_response(m);
    return queued;
}
