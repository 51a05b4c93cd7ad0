/*
 * account.c - POST /api/account and /api/card: a worker gets a way to sign in.
 *
 * {"name","worker","password"?} → {"name","password"}, and
 * {"worker","end"?} → {"name","code","until"}, shown once; with "end" whoever is
 * signed in as that worker is put out first: his phone is lost.  Whoever may
 * assign every duty the worker holds may give both.  Making a verifier is slow
 * on purpose: workers do it.
 */
#include "http/own.h"

struct giving {
    struct str name;
    struct id worker;
    char password[204];
};

static void giving_job(struct request *r)
{
    struct giving *g = r->own;
    struct reader *reader = NULL;

    if (reader_take(r->h, &reader, &r->err) < 0)
        return;
    if (core_account_may(r->h->core, reader, &r->session.who, g->worker, &r->err) == 0)
        (void)!core_account_add(r->h->core, g->name, g->worker, str_of(g->password), &r->err);
    reader_put(r->h, reader);
}

static void given(struct request *r)
{
    struct giving *g = r->own;
    struct out o = { .to = &r->reply.body };

    if (r->err.kind != ERR_NONE) {
        reply_problem(r, &r->err);
        return;
    }
    reply_json(r);
    out_open(&o, '{');
    out_key(&o, "name"), out_text(&o, g->name);
    out_key(&o, "password"), out_text(&o, str_of(g->password));
    out_close(&o, '}');
}

void account_post(struct request *r)
{
    struct giving *g = arena_take(&r->mem, sizeof *g);
    struct json *body = NULL;
    struct err e = { 0 };

    if (request_json(r, &body, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    struct str password = json_str(json_get(body, "password"));
    g->name = arena_str(&r->mem, json_str(json_get(body, "name")));
    if (!g->name.len)
        (void)err_field(&e, "field.missing", "name");
    else if (!id_parse(json_str(json_get(body, "worker")), &g->worker))
        (void)err_field(&e, "field.id", "worker");
    else if (json_get(body, "password") && !password.at)
        (void)err_field(&e, "field.text", "password");
    else if (password.len >= sizeof g->password)
        (void)err_field(&e, "account.password", "password");
    if (e.kind == ERR_NONE) {
        if (password.len)
            memcpy(g->password, password.at, password.len);
        else
            core_password_make(g->password);
        r->own = g;
        (void)!request_work(r, r->h->work, giving_job, given, &e);
    }
    if (e.kind != ERR_NONE)
        reply_problem(r, &e);
}

/* ---- a card ------------------------------------------------------------------------ */

struct printing {
    struct id worker;
    bool end;
    struct card card;
};

static void printing_job(struct request *r)
{
    struct printing *p = r->own;
    struct reader *reader = NULL;

    if (reader_take(r->h, &reader, &r->err) < 0)
        return;
    if (core_account_may(r->h->core, reader, &r->session.who, p->worker, &r->err) == 0 &&
        (!p->end || core_sign_out_all(r->h->core, p->worker, &r->err) == 0))
        (void)!core_card_make(r->h->core, p->worker, &p->card, &r->err);
    reader_put(r->h, reader);
}

static void printed(struct request *r)
{
    struct printing *p = r->own;
    struct out o = { .to = &r->reply.body };

    if (r->err.kind != ERR_NONE) {
        reply_problem(r, &r->err);
        return;
    }
    reply_json(r);
    out_open(&o, '{');
    out_key(&o, "name"), out_text(&o, str_of(p->card.name));
    out_key(&o, "code"), out_text(&o, str_of(p->card.code));
    out_key(&o, "until"), out_int(&o, p->card.until);
    out_close(&o, '}');
}

void card_post(struct request *r)
{
    struct printing *p = arena_take(&r->mem, sizeof *p);
    struct json *body = NULL;
    struct err e = { 0 };

    if (request_json(r, &body, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    p->end = json_int(json_get(body, "end")) != 0;
    if (!id_parse(json_str(json_get(body, "worker")), &p->worker))
        (void)err_field(&e, "field.id", "worker");
    else if (json_get(body, "end") && json_kind(json_get(body, "end")) != JSON_BOOL)
        (void)err_field(&e, "field.bool", "end");
    r->own = p;
    if (e.kind != ERR_NONE || request_work(r, r->h->work, printing_job, printed, &e) < 0)
        reply_problem(r, &e);
}
