/*
 * account.c - POST /api/account: a worker gets a way to sign in, or a new password.
 *
 * {"name","worker","password"?} → {"name","password"}, shown once.  Whoever
 * may assign every duty the worker holds may give it.  Making a verifier is
 * slow on purpose: workers do it.
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
