/*
 * problem.c - what every answer carries, and what an error looks like outside.
 *
 * This is the only place that knows status numbers of errors: one for each
 * kind, and a table of keys for which HTTP has a better one.  An answer names
 * the word key and the field; the detail stays in the operator's log.
 */
#include "http/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <zlib.h>

enum {
    FAILURE_LINES = 20,          /* in the log, a second */
    SMALL = 1024,                /* bytes that are not worth compressing */
};

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
    { "request.often", 429 }, { "request.type", 415 }, { "request.url", 414 }, { "session.locked", 429 },
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

/* A line for each failure, but not a thousand a second: those beyond are counted, and told with the next that gets a line. */
static void log_failure(const struct request *r, const struct err *e)
{
    static _Atomic int64_t second, lines, left_out;
    int64_t now = time_monotonic() / 1000;
    char quoted[LOG_QUOTED];

    if (atomic_exchange(&second, now) != now)
        atomic_store(&lines, 0);
    if (atomic_fetch_add(&lines, 1) >= FAILURE_LINES) {
        atomic_fetch_add(&left_out, 1);
        return;
    }
    log_line(r->reply.status == 500 ? LOG_ERROR : LOG_WARN, "request.failed", "request=%llu route=%s status=%d key=%s detail=%s left_out=%lld",
             (unsigned long long)r->number, r->route ? r->route->name : "-", r->reply.status, e->key, log_quoted(quoted, e->detail),
             (long long)atomic_exchange(&left_out, 0));
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
    struct err busy = { 0 };

    if (e->kind == ERR_BROKEN && core_rebuilding(r->h->core)) {     /* it was on its way when the tables went */
        (void)err_again(&busy, ERR_BUSY, "busy.rebuilding");
        e = &busy;
    }
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
    if (a->status >= 500 && !(r->route && r->route->run == health_get))     /* whoever asks how it is hears it; the log has it once */
        log_failure(r, e);
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next item from a list with commas, without the blanks around it; false at the end. */
static bool next_listed(struct str *list, struct str *one)
{
    const char *comma = list->len ? memchr(list->at, ',', list->len) : NULL;
    size_t n = comma ? (size_t)(comma - list->at) : list->len;

    if (!list->len)
        return false;
    *one = (struct str){ list->at, n };
    *list = comma ? (struct str){ comma + 1, list->len - n - 1 } : (struct str){ 0 };
    while (one->len && blank(one->at[0]))
        one->at++, one->len--;
    while (one->len && blank(one->at[one->len - 1]))
        one->len--;
    return true;
}

/* One of a list like: "a", W/"b", *  */
static bool tag_listed(struct str list, const char *tag)
{
    for (struct str one; next_listed(&list, &one);) {
        if (str_starts(one, STR("W/")))
            one.at += 2, one.len -= 2;
        if (str_is(one, "*") || str_is(one, tag))
            return true;
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

/* "gzip", "gzip;q=0.5", "*", but not "gzip;q=0" */
static bool takes_gzip(struct str list)
{
    for (struct str one; next_listed(&list, &one);) {
        size_t n = str_starts(one, STR("*")) ? 1 : 4;
        if ((n == 4 && (one.len < 4 || strncasecmp(one.at, "gzip", 4) != 0)) || (one.len > n && !strchr("; \t", one.at[n])))
            continue;
        const char *q = memchr(one.at, '=', one.len);
        size_t zeros = q ? strspn(q + 1, "0.") : 0;     /* the header's own end stops it */
        return !q || q + 1 + zeros < one.at + one.len;
    }
    return false;
}

/*
 * Answers to GET that were made in memory, and are worth it, leave compressed
 * to whoever takes it; level 1 gives most of what there is for the least time.
 * Length tells what compressed bytes hold together (BREACH), so nothing with a
 * secret in it is compressed: tokens and passwords leave only in answers to
 * POST, and those, like what is written most, go as they are.  Rows of people
 * are no such secret: nobody else can make a browser ask for them (the cookie is
 * SameSite=Strict) and who may ask gets to see them.
 */
static void compress_body(struct request *r)
{
    if (!r->reply.made && !r->reply.gzip && r->reply.status == 200)
        reply_compress(r, &r->reply.body, 1);
}

void reply_compress(struct request *r, struct buf *body, int level)
{
    z_stream z = { 0 };

    if (body->len < SMALL || !str_is(r->method, "GET") || !takes_gzip(request_header(r, "Accept-Encoding")) ||
        deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return;
    size_t room = deflateBound(&z, body->len);
    char *out = malloc(room);
    z.next_in = (Bytef *)body->at;
    z.avail_in = (uInt)body->len;
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)room;
    if (out && body->len <= UINT32_MAX / 2 && deflate(&z, Z_FINISH) == Z_STREAM_END) {
        buf_done(body);
        *body = (struct buf){ .at = out, .len = z.total_out, .room = room };
        r->reply.gzip = true;
        out = NULL;
    }
    free(out);
    deflateEnd(&z);
}

static void header(struct MHD_Response *m, const char *name, const char *value)
{
    if (value && value[0])
        (void)MHD_add_response_header(m, name, value);
}

static void sent(void *body)
{
    buf_done(body);
    free(body);
}

enum MHD_Result reply_send(struct request *r)
{
    struct reply *a = &r->reply;
    struct MHD_Response *m = a->made;
    char seconds[16], weak[sizeof a->tag + 2];
    bool varies = a->body.len && str_is(r->method, "GET");

    compress_body(r);
    if (!m && a->body.len) {
        struct buf *body = mem_take(sizeof *body);
        *body = a->body;
        a->body = (struct buf){ 0 };
        m = MHD_create_response_from_buffer_with_free_callback_cls(body->len, body->at, sent, body);
        if (!m)
            sent(body);
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
    snprintf(weak, sizeof weak, "%s%s", varies && a->tag[0] ? "W/" : "", a->tag);    /* the same rows in other bytes */
    header(m, "ETag", weak);
    header(m, "Vary", varies ? "Accept-Encoding" : "");
    header(m, "Set-Cookie", a->cookie);
    header(m, "Set-Cookie", a->device);
    if (by_tls(r) && !r->h->tls.authority.len)      /* an address of one's own may be plain again tomorrow */
        header(m, "Strict-Transport-Security", "max-age=31536000");
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
