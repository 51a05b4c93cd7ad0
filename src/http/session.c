/*
 * session.c - signing in and out, and who is asking.
 *
 * A session is a token: as bearer, or in a cookie no script can read; who signs
 * in with "bearer" keeps it himself and gets no cookie; with "at_doors" this is so
 * where all his duties are at doors: his phone locks it away.  With the cookie a
 * request that changes something must carry "X-Wangge: 1", which no foreign page
 * can send.  Passwords are checked by workers; wrong ones make the account's
 * name and the peer's address wait, whether the name exists or not.  Whoever signed in gets a second cookie, a year long, that says so of
 * this device and this name and opens nothing: with it only the device waits.
 */
#include "http/own.h"

#include <stdio.h>
#include <strings.h>

enum { TOKEN = 43, MARK = 32, DEVICE_DAYS = 366 };

static bool token_shaped(struct str t)
{
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.at[i];

        if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') && c != '-' && c != '_')
            return false;
    }
    return t.len == TOKEN;
}

static bool token_find(const struct request *r, struct str *token, bool *cookie)
{
    struct str bearer = request_header(r, "Authorization");
    const char *at;

    *cookie = false;
    if (bearer.at) {
        if (bearer.len <= 7 || strncasecmp(bearer.at, "Bearer ", 7) != 0)
            return false;
        *token = (struct str){ bearer.at + 7, bearer.len - 7 };
        return token_shaped(*token);
    }
    at = MHD_lookup_connection_value(r->conn, MHD_COOKIE_KIND, "wangge");
    *cookie = true;
    *token = str_of(at);
    return at && token_shaped(*token);
}

bool session_token(const struct request *r, struct str *token)
{
    bool cookie;

    return token_find(r, token, &cookie);
}

static bool has_mark(const struct request *r)
{
    return str_is(request_header(r, "X-Wangge"), "1");
}

int session_of(struct request *r, struct err *e)
{
    struct reader *reader = NULL;
    struct str token;
    bool cookie;

    if (!token_find(r, &token, &cookie))
        return err_set(e, ERR_DENIED, "session.none");
    if (cookie && !has_mark(r) && strcmp(r->route->method, "GET") != 0)
        return err_set(e, ERR_DENIED, "request.foreign");
    if (reader_take(r->h, &reader, e) < 0)
        return -1;
    int failed = core_session(r->h->core, reader, token, &r->session, e);
    reader_put(r->h, reader);
    if (failed < 0)
        return -1;
    r->signed_in = true;
    return often(r->h->limits, r->session.token_hash) ? err_again(e, ERR_BUSY, "request.often") : 0;
}

/* ---- what a signed-in person is told --------------------------------------------- */

static void base64_out(struct out *o, const char *key, const void *bytes, size_t n)
{
    CLEANUP(buf_done) struct buf text = { .secret = true };

    base64_put(&text, (struct str){ bytes, n });
    out_key(o, key);
    out_text(o, buf_view(&text));
}

/* s: who has just signed in, and what he is told once; NULL: asks again. */
static void session_write(struct request *r, const struct signing *s)
{
    const struct areas *areas = core_areas_hold(r->h->core);
    const struct who *who = &r->session.who;
    struct out o = { .to = &r->reply.body };
    uint8_t office[SEAL_POINT];
    CLEANUP(buf_done) struct buf name = { 0 };
    struct reader *reader = NULL;
    struct err e = { 0 };

    if (reader_take(r->h, &reader, &e) == 0) {
        if (core_worker_name(r->h->core, reader, who->worker, &name, &e) < 0)
            buf_clear(&name);
        reader_put(r->h, reader);
    }
    reply_json(r);
    out_open(&o, '{');
    if (s) {
        out_key(&o, "token");
        out_text(&o, str_of(s->token));
        out_key(&o, "device");
        out_id(&o, s->device);
        base64_out(&o, "key", s->key, sizeof s->key);
    }
    out_key(&o, "face");
    out_text(&o, who_at_doors(who) ? STR("field") : STR("command"));
    out_key(&o, "worker");
    out_id(&o, who->worker);
    out_key(&o, "account");
    out_text(&o, str_of(who->account));
    out_key(&o, "name");
    out_text(&o, name.len ? buf_view(&name) : str_of(who->account));
    out_key(&o, "duties");
    out_open(&o, '[');
    for (size_t i = 0; i < who->duty_count; i++) {
        const struct duty *d = who->duties + i;
        const struct area *area = area_find(areas, str_of(d->area));

        out_open(&o, '{');
        out_key(&o, "area");
        out_text(&o, str_of(d->area));
        out_key(&o, "name");
        out_text(&o, area ? area->name : (struct str){ 0 });
        out_key(&o, "level");
        out_int(&o, area ? area->level : 0);
        out_key(&o, "role");
        out_text(&o, str_of(d->role));
        out_key(&o, "rights");
        role_write(&o, d->role);
        out_key(&o, "household");
        out_maybe_id(&o, d->household);
        out_key(&o, "deputy");
        out_bool(&o, d->deputy);
        out_close(&o, '}');
    }
    out_close(&o, ']');
    out_key(&o, "drill");
    out_bool(&o, is_drill(r));
    out_key(&o, "until");
    out_int(&o, r->session.until);
    out_key(&o, "incarnation");
    out_id(&o, core_incarnation(r->h->core));
    seal_office(core_seal(r->h->core), office);
    base64_out(&o, "office", office, sizeof office);
    out_close(&o, '}');
    core_areas_drop(areas);
}

void session_show(struct request *r)
{
    session_write(r, NULL);
}

/* ---- signing in -------------------------------------------------------------------- */

struct sign_in {
    struct signing as;
    struct str peer;
    struct str device;      /* its id; "none" when nobody has signed in on it under this name */
    int wait;               /* seconds */
    bool failed;
};

/* The mark of a device under a name: the first half of what only this installation can say. */
static struct str device_mark(struct request *r, struct str device, struct str name)
{
    struct str what = str_of(arena_printf(&r->mem, "device %.*s %.*s", (int)device.len, device.at, (int)name.len, name.at));
    CLEANUP(buf_done) struct buf hex = { 0 };
    uint8_t mac[32];

    seal_vouch(core_seal(r->h->core), what, mac);
    hex_put(&hex, (struct str){ (const char *)mac, 16 });
    return arena_str(&r->mem, buf_view(&hex));
}

/* The id in the cookie "<id><mark>", when the mark is ours and for this name. */
static struct str device_known(struct request *r, struct str name)
{
    struct str said = str_of(MHD_lookup_connection_value(r->conn, MHD_COOKIE_KIND, "wangge_device"));
    unsigned other = 0;

    if (said.len != 2 * MARK)
        return (struct str){ 0 };
    struct str id = { said.at, MARK }, mark = device_mark(r, id, name);
    for (size_t i = 0; i < MARK; i++)           /* in equal time, however much of it is right */
        other |= (unsigned char)mark.at[i] ^ (unsigned char)said.at[MARK + i];
    return other ? (struct str){ 0 } : id;
}

static struct str device_name(struct request *r, const struct sign_in *s)
{
    return str_of(arena_printf(&r->mem, "%.*s%.*s", (int)s->device.len, s->device.at, (int)s->as.name.len, s->as.name.at));
}

static int wait_of(struct request *r, const struct sign_in *s)
{
    if (s->device.at)
        return delay_left(r->h->limits, DELAY_DEVICE, device_name(r, s));
    int name = delay_left(r->h->limits, DELAY_NAME, s->as.name), peer = delay_left(r->h->limits, DELAY_PEER, s->peer);

    return name > peer ? name : peer;
}

/* Who tries is told apart by numbers that mean something only as long as this process runs. */
static void log_refused(const struct request *r, const struct sign_in *s, const char *key)
{
    log_line(LOG_WARN, "signin.refused", "request=%llu key=%s account=%016llx peer=%016llx wait=%d", (unsigned long long)r->number, key,
             (unsigned long long)limits_number(r->h->limits, s->as.name), (unsigned long long)limits_number(r->h->limits, s->peer), s->wait);
}

static void locked(struct request *r, const struct sign_in *s)
{
    struct err e = { 0 };

    (void)err_again(&e, ERR_BUSY, "session.locked");
    log_refused(r, s, e.key);
    r->reply.retry_after = s->wait;
    reply_problem(r, &e);
}

/* On a worker.  Waits are looked at again: others may have failed while this one stood in line. */
static void sign_in_job(struct request *r)
{
    struct sign_in *s = r->own;
    struct reader *reader = NULL;

    s->failed = true;
    if ((s->wait = wait_of(r, s)) > 0 || reader_take(r->h, &reader, &r->err) < 0)
        return;
    s->failed = core_sign_in(r->h->core, reader, &s->as, &r->session, &r->err) < 0;
    reader_put(r->h, reader);
    bool wrong = s->failed && strcmp(r->err.key, "session.wrong") == 0;
    if (s->device.at && (wrong || !s->failed)) {
        (wrong ? delay_wrong : delay_right)(r->h->limits, DELAY_DEVICE, device_name(r, s));
    } else if (!s->failed) {
        delay_right(r->h->limits, DELAY_NAME, s->as.name);
    } else if (wrong) {
        delay_wrong(r->h->limits, DELAY_NAME, s->as.name);
        delay_wrong(r->h->limits, DELAY_PEER, s->peer);
    }
}

static void cookie_set(struct request *r, const char *token, int64_t seconds)
{
    snprintf(r->reply.cookie, sizeof r->reply.cookie, "wangge=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", token,
             (long long)(seconds > 0 ? seconds : 0), by_tls(r) ? "; Secure" : "");
}

/* The same device keeps its id, so that its wrong tries stay counted. */
static void device_set(struct request *r, const struct sign_in *s)
{
    CLEANUP(buf_done) struct buf made = { 0 };
    uint8_t id[MARK / 2];

    seal_random(id, sizeof id);
    hex_put(&made, (struct str){ (const char *)id, sizeof id });
    struct str device = s->device.at ? s->device : buf_view(&made), mark = device_mark(r, device, s->as.name);
    snprintf(r->reply.device, sizeof r->reply.device, "wangge_device=%.*s%.*s; Path=/api/session; HttpOnly; SameSite=Strict; Max-Age=%d%s",
             (int)device.len, device.at, (int)mark.len, mark.at, DEVICE_DAYS * 24 * 60 * 60, by_tls(r) ? "; Secure" : "");
}

static void signed_in(struct request *r)
{
    struct sign_in *s = r->own;

    if (s->failed && s->wait > 0) {
        locked(r, s);
        return;
    }
    if (s->failed) {
        log_refused(r, s, r->err.key);
        reply_problem(r, &r->err);
        return;
    }
    r->signed_in = true;
    if (s->as.where == SIGN_DESK)
        cookie_set(r, s->as.token, (r->session.until - time_now()) / 1000);
    device_set(r, s);
    session_write(r, &s->as);
}

static struct str text_of(struct request *r, const struct json *body, const char *key, size_t most, struct err *e)
{
    struct str s = json_str(json_get(body, key));

    if (e->kind != ERR_NONE)
        return s;
    if (json_kind(json_get(body, key)) == JSON_NONE)
        (void)err_field(e, "field.missing", key);
    else if (!s.at)
        (void)err_field(e, "field.text", key);
    else if (s.len == 0 || s.len > most)
        (void)err_field(e, "field.length", key);
    return s.at ? arena_str(&r->mem, s) : s;
}

void session_open(struct request *r)
{
    struct sign_in *s = arena_take(&r->mem, sizeof *s);
    struct json *body = NULL;
    struct str kind = request_header(r, "Content-Type");
    struct err e = { 0 };

    /* A form of a foreign page could otherwise sign somebody in as somebody else. */
    if (request_header(r, "Origin").at && !has_mark(r) && !str_starts(kind, STR("application/json"))) {
        (void)err_set(&e, ERR_DENIED, "request.foreign");
        reply_problem(r, &e);
        return;
    }
    if (request_json(r, &body, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    const struct json *bearer = json_get(body, "bearer");
    s->as.name = text_of(r, body, "name", sizeof r->session.who.account - 1, &e);
    if (json_get(body, "code"))
        s->as.code = text_of(r, body, "code", 32, &e);
    else
        s->as.password = text_of(r, body, "password", 1024, &e);
    s->as.where = str_is(json_str(bearer), "at_doors") ? SIGN_BY_DUTY : json_int(bearer) != 0 ? SIGN_FIELD : SIGN_DESK;
    if (bearer && json_kind(bearer) != JSON_BOOL && s->as.where != SIGN_BY_DUTY && e.kind == ERR_NONE)
        (void)err_field(&e, "field.bool", "bearer");
    s->peer = arena_str(&r->mem, peer_address(r));
    s->device = e.kind == ERR_NONE ? device_known(r, s->as.name) : (struct str){ 0 };
    if (e.kind != ERR_NONE) {
        reply_problem(r, &e);
        return;
    }
    r->own = s;
    s->wait = wait_of(r, s);
    if (s->wait > 0)
        locked(r, s);
    else if (request_work(r, r->h->work, sign_in_job, signed_in, &e) < 0)
        reply_problem(r, &e);
}

/* ---- signing out --------------------------------------------------------------------- */

/* Everywhere: streams of other sessions end with their next heartbeat. */
static void sign_out_job(struct request *r)
{
    if (str_is(request_param(r, "everywhere"), "1"))
        (void)!core_sign_out_all(r->h->core, r->session.who.worker, &r->err);
    else
        (void)!core_sign_out(r->h->core, &r->session, &r->err);
}

static void signed_out(struct request *r)
{
    if (r->err.kind != ERR_NONE) {
        reply_problem(r, &r->err);
        return;
    }
    hub_session_ended(r->h->hub, r->session.token_hash);
    r->reply.status = 204;
    cookie_set(r, "", 0);
}

void session_end(struct request *r)
{
    struct err e = { 0 };

    if (request_work(r, r->h->work, sign_out_job, signed_out, &e) < 0)
        reply_problem(r, &e);
}
