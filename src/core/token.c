/*
 * token.c - what people are found by: noted with each record, and made again from the boxes.
 *
 * Search tokens are in no backup.  A restore opens every sealed field that can
 * be looked for and notes it as the writer once did.
 */
#include "core/own.h"

#include <stdlib.h>

enum { PIECE = 2000, COMMIT = 5000 };

struct notes {
    struct core *core;
    struct str ledger;
    struct id subject;
    int64_t count;
};

static int note(void *ctx, enum seal_find find, struct str text, struct err *e)
{
    struct notes *n = ctx;

    n->count++;
    return seal_note(n->core->seal, find, text, n->ledger, n->subject, e);
}

int tokens_note(struct core *c, const struct record *r, const struct json *values, struct err *e)
{
    struct notes notes = { .core = c, .ledger = r->ledger, .subject = r->subject };

    return fields_findable(r->type->fields, values, note, &notes, e);
}

static bool findable(const struct field *fields)
{
    for (const struct field *f = fields; f && f->name; f++)
        if (f->find != FIND_NONE || (f->kind == FIELD_GROUP && findable(f->fields)))
            return true;
    return false;
}

/* 1 there was something to be found by, 0 not, -1.  What is erased or lost is found by nothing any more. */
static int note_row(struct core *c, const struct ledger_row *row, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    CLEANUP(buf_done) struct buf plain = { 0 };
    const struct kind *kind = core_kind(c, row->type);
    struct notes notes = { .core = c, .ledger = row->ledger };
    struct str box;
    JSON_HOME(&mem);

    if (!kind || !findable(kind->type->fields))
        return 0;
    for (size_t i = 0; ledger_box(row->boxes, &i, &box);) {
        struct err wrong = { 0 };
        struct json *shadow;
        buf_clear(&plain);
        notes.subject = seal_box_subject(box);
        if (seal_unbox(c->seal, row->ledger, row->id, box, &plain, &wrong) < 0) {
            if (wrong.kind == ERR_MISSING || strcmp(wrong.key, "seal.damaged") == 0)
                continue;
            *e = wrong;
            return -1;
        }
        if (json_parse(buf_view(&plain), &json_own, &shadow, e) < 0)
            return -1;
        if (fields_findable(kind->type->fields, shadow, note, &notes, &wrong) < 0 && strcmp(wrong.key, "seal.erased") != 0) {
            *e = wrong;             /* else it was erased since it was opened */
            return -1;
        }
    }
    return notes.count > 0;
}

static int note_piece(struct core *c, struct store *s, const struct ledger_head *head, int64_t after, int64_t *records,
                      struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_between(s, str_of(head->ledger), after, after + PIECE, &rows, e) < 0)
        return -1;
    while (ledger_next(&rows, &row)) {
        int found = row.boxes.len ? note_row(c, &row, e) : 0;
        if (found < 0)
            return -1;
        *records += found;
    }
    return store_failed(s, e);
}

static int forget(struct core *c, void *arg, struct err *e)
{
    (void)arg;
    return seal_forget_tokens(c->seal, e);
}

static int note_all(struct core *c, struct store *s, int64_t *records, struct err *e)
{
    struct ledger_head *heads = NULL;
    size_t count = 0;
    int64_t synced = 0;
    uint64_t mark = seal_mark(c->seal);
    /* Between two batches of the writer: what it notes later is of records that are listed, or noted by itself. */
    int result = (c->running ? write_errand(c, forget, NULL, e) : forget(c, NULL, e)) < 0 || ledger_list(s, LEDGERS_BY_NAME, &heads, &count, e) < 0 ? -1 : 0;

    for (size_t i = 0; result == 0 && i < count; i++) {
        for (int64_t after = 0; result == 0 && after < heads[i].position; after += PIECE) {
            result = note_piece(c, s, &heads[i], after, records, e);
            if (result == 0 && *records - synced >= COMMIT) {
                result = seal_sync_since(c->seal, mark, e);
                synced = *records;
            }
        }
        if (c->progress)
            c->progress("what people are found by", (int64_t)i + 1, (int64_t)count);
    }
    free(heads);
    return result < 0 ? -1 : seal_sync_since(c->seal, mark, e);
}

int core_tokens(struct core *c, int64_t *records, struct err *e)
{
    struct reader *r = NULL;
    int result = core_reader_open(c, &r, e);

    *records = 0;
    if (result == 0)
        result = note_all(c, r->store, records, e);
    core_reader_close(r);
    return result;
}

bool core_unfindable(struct core *c)
{
    struct err none = { 0 };

    return c->seal && seal_unfindable(c->seal, &none) > 0;
}
