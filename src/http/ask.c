/*
 * ask.c - GET /api/<feature>/<query>, GET /api/bundle.
 *
 * Whoever opens what is sealed leaves a record; the answer leaves after it.
 * Answers are personal and not stored, except those with an ETag, which the
 * asker keeps and asks again about: the right is looked at every time.
 */
#include "http/own.h"

static void answer_leaves(struct request *r, struct answer *a)
{
    reply_json(r);
    r->reply.body = a->body;
    a->body = (struct buf){ 0 };
    if (a->tag[0]) {
        r->reply.cache = "private, no-cache";
        reply_tag(r, a->tag);
    }
    answer_done(a);
}

static void answer_noted(struct request *r)
{
    struct answer *a = r->own;
    struct batch *note = a->note;
    struct err e = { 0 };

    a->note = NULL;
    for (size_t i = 0; i < note->count && e.kind == ERR_NONE; i++)
        if (note->results[i].status != RESULT_STORED && note->results[i].status != RESULT_REPEATED) {
            e = note->results[i].err;
            if (e.kind == ERR_NONE)
                (void)err_again(&e, ERR_BUSY, "busy.note");
        }
    core_batch_free(note);
    if (e.kind == ERR_NONE) {
        answer_leaves(r, a);
        return;
    }
    answer_done(a);
    reply_problem(r, &e);
}

void answer_reply(struct request *r, struct answer *a)
{
    r->own = a;
    if (a->note)
        request_submit(r, a->note, answer_noted);
    else
        answer_leaves(r, a);
}

struct asking {
    struct str feature, query;
    struct answer *answer;
};

/* On a worker when the question is a long one. */
static void ask_job(struct request *r)
{
    struct asking *q = r->own;
    struct reader *reader = NULL;

    if (reader_take(r->h, &reader, &r->err) < 0)
        return;
    (void)!core_read(r->h->core, reader, &r->session.who, q->feature, q->query, request_param, r, q->answer, &r->err);
    reader_put(r->h, reader);
}

static void asked(struct request *r)
{
    struct asking *q = r->own;

    if (r->err.kind == ERR_NONE) {
        answer_reply(r, q->answer);
        return;
    }
    answer_done(q->answer);
    reply_problem(r, &r->err);
}

void ask_get(struct request *r)
{
    struct str rest = { r->path.at + sizeof "/api/" - 1, r->path.len - (sizeof "/api/" - 1) };
    const char *slash = memchr(rest.at, '/', rest.len);
    struct asking *q = arena_take(&r->mem, sizeof *q);
    struct err e = { 0 };

    if (!slash || memchr(slash + 1, '/', rest.len - (size_t)(slash + 1 - rest.at))) {
        (void)err_set(&e, ERR_MISSING, "request.unknown");
        reply_problem(r, &e);
        return;
    }
    q->feature = (struct str){ rest.at, (size_t)(slash - rest.at) };
    q->query = (struct str){ slash + 1, rest.len - q->feature.len - 1 };
    q->answer = arena_take(&r->mem, sizeof *q->answer);
    r->own = q;
    const struct query *known = core_query(r->h->core, q->feature, q->query);
    r->named = known != NULL;
    if (!known || !known->slow) {
        ask_job(r);
        asked(r);
    } else if (request_work(r, r->h->questions, ask_job, asked, &e) < 0) {
        reply_problem(r, &e);
    }
}

static void bundle_job(struct request *r)
{
    struct asking *q = r->own;
    struct reader *reader = NULL;

    if (reader_take(r->h, &reader, &r->err) < 0)
        return;
    bool made = core_bundle(r->h->core, reader, &r->session.who, request_param, r, q->answer, &r->err) == 0;
    reader_put(r->h, reader);
    if (made)
        reply_compress(r, &q->answer->body, 9);
}

/* However many phones come at once, one worker of low priority answers them: visits do not wait. */
void bundle_get(struct request *r)
{
    struct asking *q = arena_take(&r->mem, sizeof *q);
    struct err e = { 0 };

    q->answer = arena_take(&r->mem, sizeof *q->answer);
    r->own = q;
    if (request_work(r, r->h->questions, bundle_job, asked, &e) < 0)
        reply_problem(r, &e);
}
