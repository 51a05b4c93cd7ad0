/*
 * records.c - POST /api/records, POST /api/parcels and POST /api/reveal.
 *
 * A batch is answered when all of it is on disk or refused, with 503 when the
 * disk is full; until then no thread waits for it.  What is revealed leaves
 * only after the record that says so is on disk.
 */
#include "http/own.h"

/* Did the disk refuse all of it (it is full)?  Then nothing of it stands, and the same bytes may be sent again. */
static bool disk_refused(const struct batch *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct result *one = &b->results[i];

        if (one->status != RESULT_REFUSED || one->err.kind != ERR_BUSY ||
            (!str_starts(str_of(one->err.key), STR("store.")) && !str_starts(str_of(one->err.key), STR("keys."))))
            return false;
        *e = one->err;
    }
    return b->count > 0;
}

static void records_stored(struct request *r)
{
    struct batch *b = r->own;
    struct err e = { 0 };

    if (disk_refused(b, &e)) {
        reply_problem(r, &e);
    } else {
        reply_json(r);
        core_batch_answer(b, &r->reply.body);
    }
    core_batch_free(b);
}

/* What else waits on this device; that it cannot be noted keeps no record from the store. */
static void note_left(struct request *r, const struct batch *b)
{
    struct err e = { 0 };

    if (b->told)
        (void)!seal_left_put(core_seal(r->h->core), r->session.token_hash, b->left, &e);
}

void records_post(struct request *r)
{
    struct batch *b = NULL;
    struct err e = { 0 };

    if (core_batch_read(r->h->core, &r->session.who, buf_view(&r->body), &b, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    r->own = b;
    note_left(r, b);
    request_submit(r, b, records_stored);
}

/* On a worker: a thousand parcels take a quarter of a second to open. */
static void open_parcels(struct request *r)
{
    struct batch *b = NULL;

    if (core_parcels_read(r->h->core, &r->session.who, buf_view(&r->body), &b, &r->err) == 0)
        r->own = b;
}

static void parcels_opened(struct request *r)
{
    if (!r->own) {
        reply_problem(r, &r->err);
        return;
    }
    note_left(r, r->own);
    request_submit(r, r->own, records_stored);
}

void parcels_post(struct request *r)
{
    struct err e = { 0 };

    if (request_work(r, r->h->questions, open_parcels, parcels_opened, &e) < 0)
        reply_problem(r, &e);
}

void reveal_post(struct request *r)
{
    struct answer *a = arena_take(&r->mem, sizeof *a);
    struct reader *reader = NULL;
    struct err e = { 0 };

    if (reader_take(r->h, &reader, &e) < 0) {
        reply_problem(r, &e);
        return;
    }
    int failed = core_reveal(r->h->core, reader, &r->session.who, buf_view(&r->body), a, &e);
    reader_put(r->h, reader);
    if (failed < 0) {
        answer_done(a);
        reply_problem(r, &e);
        return;
    }
    answer_reply(r, a);
}
