/*
 * request.c - a request from its first line to its answer.
 *
 * Framing is strict, since two programs that read one request differently are
 * how requests are smuggled: both Content-Length and Transfer-Encoding, two of
 * either, another coding than chunked, any of them before HTTP/1.1, no Host, two hosts, control bytes or
 * bytes that are not UTF-8 are refused and the connection is closed.  Limits
 * come before memory: what is refused is read on only to be thrown away, so
 * that the asker gets to see why.
 */
#include "http/own.h"

#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

enum {
    LINE_MOST = 4096,                   /* bytes of the address with its parameters */
    HEADERS_MOST = 64,
    HEADER_BYTES = 8192,
    PARAMS_MOST = 32,
    UPLOADS_MOST = 64 * 1024 * 1024,    /* bytes of all bodies in memory at once, beside the largest one */
    WASTE = 4,                          /* times the limit that is read on and thrown away */
};

/* Called by the library with the first line, before it has read the headers. */
void *request_line(void *cls, const char *uri, struct MHD_Connection *conn)
{
    struct http *h = cls;
    struct request *r = mem_take(sizeof *r);
    const union MHD_ConnectionInfo *peer = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    size_t n = strlen(uri);

    r->h = h;
    r->conn = conn;
    r->peer = peer ? peer->socket_context : NULL;
    r->number = ++h->numbers;
    r->begun = time_monotonic();
    r->line_long = n > LINE_MOST;
    for (size_t i = 0; i < n && !r->line_bad; i++)
        r->line_bad = (unsigned char)uri[i] <= ' ' || (unsigned char)uri[i] >= 0x7f || (uri[i] == '%' && uri[i + 1] == '0' && uri[i + 2] == '0');
    r->line_bad = r->line_bad || uri[0] != '/';
    if (r->peer)
        r->peer->deadline = r->begun + 4 * h->timeout;
    pthread_mutex_lock(&h->lock);
    h->open++;
    pthread_mutex_unlock(&h->lock);
    return r;
}

struct str request_header(const struct request *r, const char *name)
{
    const char *at = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(r->conn, MHD_HEADER_KIND, name, strlen(name), &at, &n) != MHD_YES || !at)
        return (struct str){ 0 };
    return (struct str){ at, n };
}

bool by_tls(const struct request *r)
{
    return tls_on(&r->h->tls) || str_is(request_header(r, "X-Forwarded-Proto"), "https");
}

struct str request_param(void *r, const char *name)
{
    const char *at = NULL;
    size_t n = 0;

    if (MHD_lookup_connection_value_n(((struct request *)r)->conn, MHD_GET_ARGUMENT_KIND, name, strlen(name), &at, &n) != MHD_YES || !at)
        return (struct str){ 0 };
    return (struct str){ at, n };
}

int request_json(struct request *r, struct json **body, struct err *e)
{
    static const struct json_limits small = { .bytes = 4096, .depth = 3, .text = 1024 };
    JSON_HOME(&r->mem);

    return json_parse(buf_view(&r->body), &small, body, e);
}

/* ---- framing -------------------------------------------------------------------- */

struct frame {
    size_t count, bytes, hosts, lengths, codings, tokens;
    bool bad_name, bad_value, bad_length, bad_coding, old;
    int64_t length;
};

/* RFC 9110, 5.6.2 */
static bool is_token(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)at[i] <= ' ' || (unsigned char)at[i] >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", at[i]))
            return false;
    return n > 0;
}

static bool named(const char *at, size_t n, const char *name)
{
    return n == strlen(name) && strncasecmp(at, name, n) == 0;
}

static enum MHD_Result frame_header(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value, size_t size)
{
    struct frame *f = cls;
    struct str v = { value ? value : "", value ? size : 0 };

    (void)kind;
    f->count++;
    f->bytes += key_size + v.len;
    f->bad_name |= !is_token(key, key_size);
    for (size_t i = 0; i < v.len; i++)
        f->bad_value |= ((unsigned char)v.at[i] < ' ' && v.at[i] != '\t') || v.at[i] == 0x7f;
    f->bad_value |= !utf8_valid(v);
    if (named(key, key_size, "Host")) {
        f->hosts++;
        f->bad_value |= v.len == 0;
    } else if (named(key, key_size, "Content-Length")) {
        f->lengths++;
        f->bad_length |= v.len == 0 || v.len > 15 || strspn(v.at, "0123456789") < v.len || !str_to_int(v, &f->length);
    } else if (named(key, key_size, "Transfer-Encoding")) {
        f->codings++;
        f->bad_coding |= !named(v.at, v.len, "chunked");
    } else if (named(key, key_size, "Authorization")) {
        f->tokens++;
    }
    return MHD_YES;
}

struct params {
    const char *key[PARAMS_MOST];
    size_t key_size[PARAMS_MOST], count;
    bool bad;
};

static enum MHD_Result frame_param(void *cls, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value, size_t size)
{
    struct params *p = cls;
    struct str name = { key ? key : "", key_size }, v = { value ? value : "", value ? size : 0 };

    (void)kind;
    p->bad |= p->count == PARAMS_MOST || !utf8_valid(name) || !utf8_valid(v);
    for (size_t i = 0; i < v.len; i++)
        p->bad |= (unsigned char)v.at[i] < ' ' || v.at[i] == 0x7f;
    for (size_t i = 0; i < p->count && !p->bad; i++)
        p->bad |= p->key_size[i] == key_size && memcmp(p->key[i], name.at, key_size) == 0;
    if (p->bad)
        return MHD_NO;
    p->key[p->count] = name.at;
    p->key_size[p->count++] = key_size;
    return MHD_YES;
}

static int frame_check(struct request *r, struct frame *f, struct err *e)
{
    struct params p = { 0 };

    (void)MHD_get_connection_values_n(r->conn, MHD_HEADER_KIND, frame_header, f);
    if (r->line_long)
        return err_set(e, ERR_INVALID, "request.url");
    if (r->line_bad)
        return err_set(e, ERR_INVALID, "request.line");
    if (f->count > HEADERS_MOST || f->bytes > HEADER_BYTES)
        return err_set(e, ERR_INVALID, "request.headers");
    if (f->bad_name || f->bad_value)
        return err_set(e, ERR_INVALID, "request.header");
    if (f->hosts != 1)
        return err_set(e, ERR_INVALID, "request.host");
    if (f->lengths + f->codings > 1 || (f->codings && f->old) || f->bad_length || f->bad_coding || f->tokens > 1)
        return err_set(e, ERR_INVALID, "request.framing");
    (void)MHD_get_connection_values_n(r->conn, MHD_GET_ARGUMENT_KIND, frame_param, &p);
    return p.bad ? err_set(e, ERR_INVALID, "request.parameter") : 0;
}

/* ---- where it goes ---------------------------------------------------------------- */

static bool path_fits(const struct route *t, struct str path)
{
    return t->flags & ROUTE_BELOW ? str_starts(path, str_of(t->path)) : str_is(path, t->path);
}

/* The first route whose path fits decides which methods there are; GET brings HEAD. */
static int route_find(struct request *r, struct err *e)
{
    const struct route *first = NULL;
    bool head = str_is(r->method, "HEAD");

    r->reply.allow[0] = 0;
    for (const struct route *t = routes; t->name; t++) {
        if (!path_fits(t, r->path) || (first && strcmp(first->path, t->path) != 0))
            continue;
        first = first ? first : t;
        if (str_is(r->method, t->method) || (head && strcmp(t->method, "GET") == 0)) {
            r->route = t;
            r->reply.allow[0] = 0;
            return 0;
        }
        if (r->reply.allow[0])
            strcat(r->reply.allow, ", ");
        strcat(r->reply.allow, strcmp(t->method, "GET") == 0 ? "GET, HEAD" : t->method);
    }
    if (!first)
        return err_set(e, ERR_MISSING, "request.unknown");
    strcat(r->reply.allow, ", OPTIONS");
    if (str_is(r->method, "OPTIONS")) {
        r->decided = true;
        r->reply.status = 204;
        return 0;
    }
    return err_set(e, ERR_INVALID, "request.method");
}

static void refuse(struct request *r, const struct err *e)
{
    reply_problem(r, e);
    r->decided = true;
}

/* What a form of a foreign page can send is none of these; nothing said is fine. */
static bool type_fits(const struct request *r)
{
    struct str type = request_header(r, "Content-Type");

    return !type.len || (type.len >= 16 && strncasecmp(type.at, "application/json", 16) == 0 && (type.len == 16 || strchr("; \t", type.at[16])));
}

static int admit(struct request *r, struct err *e)
{
    if (atomic_load(&r->h->stopping))
        return err_again(e, ERR_BUSY, "server.stopping");
    if (route_find(r, e) < 0)
        return -1;
    if (r->decided)
        return 0;
    r->mem.secret = r->body.secret = r->reply.body.secret = r->route->flags & ROUTE_SECRET;
    if (r->route->flags & (ROUTE_SESSION | ROUTE_BODY) && core_rebuilding(r->h->core))
        return err_again(e, ERR_BUSY, "busy.rebuilding");
    r->limit = !(r->route->flags & ROUTE_BODY) ? 0 : r->route->limit ? r->route->limit : r->h->max_body;
    if (r->route->flags & ROUTE_BODY && !type_fits(r))
        return err_set(e, ERR_INVALID, "request.type");
    if (r->route->flags & ROUTE_SESSION)
        return session_of(r, e);
    return 0;
}

/* With the headers: refuses, or lets the body come. */
static enum MHD_Result step_headers(struct request *r, const char *url, const char *method, const char *version)
{
    struct frame f = { .old = strcmp(version, "HTTP/1.1") != 0 };
    struct err e = { 0 };

    r->stage = STAGE_BODY;
    r->method = str_of(method);
    r->path = str_of(url);
    if (frame_check(r, &f, &e) < 0) {
        reply_problem(r, &e);
        r->reply.close = true;
        return reply_send(r);
    }
    if (admit(r, &e) < 0)
        refuse(r, &e);
    if (f.length > 0 && (uint64_t)f.length > r->limit && !r->decided) {
        (void)err_set(&e, ERR_INVALID, "request.large");
        refuse(r, &e);
    }
    if (f.length > (int64_t)WASTE * (int64_t)r->h->max_body) {
        r->reply.close = true;
        return reply_send(r);
    }
    return MHD_YES;
}

static enum MHD_Result step_body(struct request *r, const char *data, size_t n)
{
    struct err e = { 0 };

    r->seen += n;
    if (r->seen > WASTE * r->h->max_body)
        return MHD_NO;
    if (r->decided)
        return MHD_YES;
    if (r->seen > r->limit) {
        (void)err_set(&e, ERR_INVALID, "request.large");
    } else if (atomic_fetch_add(&r->h->uploading, n) + n > UPLOADS_MOST + r->h->max_body) {
        atomic_fetch_sub(&r->h->uploading, n);
        (void)err_again(&e, ERR_BUSY, "busy.uploads");
    } else {
        buf_put(&r->body, data, n);
        return MHD_YES;
    }
    atomic_fetch_sub(&r->h->uploading, r->body.len);
    buf_done(&r->body);
    r->body = (struct buf){ 0 };
    refuse(r, &e);
    return MHD_YES;
}

static void step_run(struct request *r)
{
    struct err e = { 0 };

    r->stage = STAGE_RUN;
    r->begun = time_monotonic();
    if (r->peer)
        r->peer->deadline = 0;
    if (r->decided)
        return;
    if (atomic_load(&r->h->stopping)) {
        (void)err_again(&e, ERR_BUSY, "server.stopping");
        reply_problem(r, &e);
        return;
    }
    r->route->run(r);
}

static void waited(struct request *r)
{
    r->waiting = false;
    pthread_mutex_lock(&r->h->lock);
    if (--r->h->suspended == 0)
        pthread_cond_broadcast(&r->h->quiet);
    pthread_mutex_unlock(&r->h->lock);
}

/*
 * The library calls again at once whoever has not answered.  Only then the
 * connection is suspended: in the first call it still counts as one that is
 * read from, and after the suspension a client's closed half would be read,
 * and taken for the end of the connection, before the answer is asked for.
 */
static bool over(struct request *r)
{
    int asked = WAIT_ASKED;

    if (atomic_load(&r->wait) == WAIT_OVER)
        return true;
    MHD_suspend_connection(r->conn);
    if (!atomic_compare_exchange_strong(&r->wait, &asked, WAIT_SUSPENDED))
        MHD_resume_connection(r->conn);         /* it was over meanwhile */
    return false;
}

enum MHD_Result request_step(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
                             const char *data, size_t *size, void **own)
{
    struct request *r = *own;

    (void)cls;
    (void)conn;
    if (!r)
        return MHD_NO;
    if (r->stage == STAGE_LINE)
        return step_headers(r, url, method, version);
    if (*size) {
        size_t n = *size;
        enum MHD_Result result = step_body(r, data, n);

        *size = 0;
        explicit_bzero((char *)(uintptr_t)data, n);     /* the library drops what was taken, and would leave it there */
        return result;
    }
    if (r->stage == STAGE_BODY) {
        step_run(r);
    } else if (r->waiting) {
        if (!over(r))
            return MHD_YES;
        waited(r);
        r->then(r);
    }
    return r->waiting ? MHD_YES : reply_send(r);
}

/*
 * The address stands in the log only when it named something of ours: what
 * somebody typed there may be anything, and so may what follows the "?".
 */
static void log_request(const struct request *r, enum MHD_RequestTerminationCode how)
{
    int64_t ms = time_monotonic() - r->begun;
    bool slow = ms >= r->h->slow && r->route && r->route->run != stream_get && r->stage == STAGE_RUN;
    bool ours = r->route && (!(r->route->flags & ROUTE_BELOW) || r->named || (r->reply.status > 0 && r->reply.status < 400));
    struct str path = ours ? r->path : STR("-");

    if (!r->h->log && !slow)
        return;
    log_line(slow ? LOG_WARN : LOG_INFO, slow ? "request.slow" : "request", "request=%llu method=%s route=%s path=%.*s status=%d ms=%lld end=%d",
             (unsigned long long)r->number, r->route ? r->route->method : "-", r->route ? r->route->name : "-", (int)path.len, path.at,
             r->reply.status, (long long)ms, (int)how);
}

void request_completed(void *cls, struct MHD_Connection *conn, void **own, enum MHD_RequestTerminationCode how)
{
    struct http *h = cls;
    struct request *r = *own;

    (void)conn;
    if (!r)
        return;
    *own = NULL;
    while (r->waiting) {
        /* The connection broke meanwhile: what waited still has to be put away, when nobody holds it any more. */
        while (atomic_load(&r->wait) != WAIT_OVER)
            usleep(200);
        waited(r);
        r->then(r);
    }
    if (r->reply.status == 0)
        figure_note(h, r->route, 0, 0);
    log_request(r, how);
    if (r->peer)
        r->peer->deadline = time_monotonic() + h->timeout;
    if (r->reply.made)
        MHD_destroy_response(r->reply.made);
    buf_done(&r->reply.body);
    atomic_fetch_sub(&h->uploading, r->body.len);
    buf_done(&r->body);
    if (r->signed_in)
        session_done(&r->session);
    arena_done(&r->mem);
    free(r);
    pthread_mutex_lock(&h->lock);
    if (--h->open == 0)
        pthread_cond_broadcast(&h->quiet);
    pthread_mutex_unlock(&h->lock);
}

/* ---- waiting ------------------------------------------------------------------------ */

void request_wait(struct request *r, void (*then)(struct request *r))
{
    r->then = then;
    r->waiting = true;
    pthread_mutex_lock(&r->h->lock);
    r->h->suspended++;
    pthread_mutex_unlock(&r->h->lock);
    atomic_store(&r->wait, WAIT_ASKED);
}

void request_go(struct request *r)
{
    struct MHD_Connection *conn = r->conn;      /* r may be gone with the next line */

    if (atomic_exchange(&r->wait, WAIT_OVER) == WAIT_SUSPENDED)
        MHD_resume_connection(conn);
}

static void batch_done(struct batch *b, void *arg)
{
    (void)b;
    request_go(arg);
}

void request_submit(struct request *r, struct batch *b, void (*then)(struct request *r))
{
    b->done = batch_done;
    b->arg = r;
    request_wait(r, then);
    core_submit(r->h->core, b);
}
