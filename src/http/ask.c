/*
 * ask.c - GET /api/<feature>/<query>.
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

void ask_get(struct request *r)
{
    struct str rest = { r->path.at + sizeof "/api/" - 1, r->path.len - (sizeof "/api/" - 1) };
    const char *slash = memchr(rest.at, '/', rest.len);
    struct answer *a = arena_take(&r->mem, sizeof *a);
    struct reader *reader = NULL;
    struct err e = { 0 };

    if (!slash || memchr(slash + 1, '/', rest.len - (size_t)(slash + 1 - rest.at))) {
        (void)err_set(&e, ERR_MISSING, "request.unknown");
        reply_problem(r, &e);
        return;
    }
    struct str feature = { rest.at, (size_t)(slash - rest.at) };
    struct str query = { slash + 1, rest.len - feature.len - 1 };
    r->named = core_query(r->h->core, feature, query) != NULL;
    if (reader_take(r->h, &reader, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    int failed = core_read(r->h->core, reader, &r->session.who, feature, query, request_param, r, a, &e);
    reader_put(r->h, reader);
    if (failed < 0) {
        answer_done(a);
        reply_problem(r, &e);
        return;
    }
    answer_reply(r, a);
}
