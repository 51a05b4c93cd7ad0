/*
 * ledger.c - the append-only, chained log.
 *
 * A row's digest is SHA-256 over its parts, each with its length before it, the
 * digest of the row before it among them; the bytes that are digested are the
 * bytes that are stored.  doc/records.md describes this for strangers.
 */
#include "ledger/ledger.h"

#include <nettle/sha2.h>
#include <stdlib.h>

#include "ledger.sql.h"

int ledger_schema(struct store *s, struct err *e)
{
    static const struct sql *const steps[] = { &sql_schema, &sql_schema_safe };

    return store_step(s, "ledger", COUNT_OF(steps), steps, e);
}

static void digest_part(struct sha256_ctx *h, struct str part)
{
    uint8_t length[4] = { (uint8_t)(part.len >> 24), (uint8_t)(part.len >> 16), (uint8_t)(part.len >> 8), (uint8_t)part.len };

    sha256_update(h, sizeof length, length);
    sha256_update(h, part.len, (const uint8_t *)part.at);
}

static void digest_number(struct sha256_ctx *h, int64_t n)
{
    char text[24], *end = text + sizeof text, *at = end;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

    do
        *--at = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        *--at = '-';
    digest_part(h, (struct str){ at, (size_t)(end - at) });
}

static void digest_id(struct sha256_ctx *h, const struct id *id)
{
    digest_part(h, id_none(*id) ? STR("") : id_bytes(id));
}

void ledger_digest(const uint8_t prev[LEDGER_DIGEST], const struct ledger_row *row, uint8_t out[LEDGER_DIGEST])
{
    struct sha256_ctx h;

    sha256_init(&h);
    digest_number(&h, LEDGER_ALGORITHM);
    digest_part(&h, row->ledger);
    digest_number(&h, row->position);
    digest_part(&h, (struct str){ (const char *)prev, LEDGER_DIGEST });
    digest_part(&h, id_bytes(&row->id));
    digest_part(&h, row->type);
    digest_part(&h, row->area);
    digest_number(&h, row->at);
    digest_number(&h, row->received_at);
    digest_id(&h, &row->maker);
    digest_id(&h, &row->author);
    digest_id(&h, &row->for_whom);
    digest_number(&h, row->proof);
    digest_part(&h, row->body);
    digest_part(&h, row->given);
    digest_part(&h, row->boxes);
    sha256_digest(&h, LEDGER_DIGEST, out);
}

static struct str digest_view(const uint8_t digest[LEDGER_DIGEST])
{
    return (struct str){ (const char *)digest, LEDGER_DIGEST };
}

int ledger_lock(struct store *s, struct str ledger, struct ledger_head *head, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (ledger.len >= sizeof head->ledger)
        return err_broken(e, "ledger.name", "a ledger's name of %zu bytes", ledger.len);
    memset(head, 0, sizeof *head);
    memcpy(head->ledger, ledger.at, ledger.len);
    if (store_query(s, &rows, &sql_lock, ARGS(ledger), e) < 0)
        return -1;
    if (rows_next(&rows)) {
        struct str digest = rows_str(&rows, 1);
        head->position = head->settled = rows_int(&rows, 0);
        head->safe = rows_int(&rows, 2);
        if (digest.len != LEDGER_DIGEST)
            return err_broken(e, "ledger.broken", "head of %s", head->ledger);
        memcpy(head->digest, digest.at, LEDGER_DIGEST);
        rows_next(&rows);       /* to its end, so that the statement is over */
        return store_failed(s, e);
    }
    return store_failed(s, e);
}

/* The row as it stands, digest and all. */
static int put_row(struct store *s, struct ledger_head *head, const struct ledger_row *row, struct err *e)
{
    const struct value values[] = {
        value_str(row->ledger), value_int(row->position), value_id(row->id), value_str(row->type), value_str(row->area),
        value_int(row->at), value_int(row->received_at), value_id(row->maker), value_id(row->author), value_id(row->for_whom),
        value_int(row->proof), value_str(row->body), value_str(row->given),
        value_blob(row->boxes.at ? row->boxes : STR("")), value_blob(digest_view(row->digest)),
    };
    if (store_run(s, &sql_append, (struct args){ values, COUNT_OF(values) }, NULL, e) < 0)
        return -1;
    head->position = row->position;
    memcpy(head->digest, row->digest, LEDGER_DIGEST);
    return 0;
}

int ledger_append(struct store *s, struct ledger_head *head, struct ledger_row *row, struct err *e)
{
    row->ledger = str_of(head->ledger);
    row->position = head->position + 1;
    ledger_digest(head->digest, row, row->digest);
    return put_row(s, head, row, e);
}

int ledger_settle(struct store *s, const struct ledger_head *head, struct err *e)
{
    if (head->position == head->settled)
        return 0;
    return store_run(s, head->settled ? &sql_settle : &sql_begin, ARGS(head->ledger, head->position, value_blob(digest_view(head->digest))), NULL, e);
}

static void read_row(const struct rows *rows, struct ledger_row *row)
{
    struct str digest = rows_str(rows, 14);

    *row = (struct ledger_row){
        .ledger = rows_str(rows, 0), .position = rows_int(rows, 1), .id = rows_id(rows, 2), .type = rows_str(rows, 3),
        .area = rows_str(rows, 4), .at = rows_int(rows, 5), .received_at = rows_int(rows, 6), .maker = rows_id(rows, 7),
        .author = rows_id(rows, 8), .for_whom = rows_id(rows, 9), .proof = (enum ledger_proof)rows_int(rows, 10),
        .body = rows_str(rows, 11), .given = rows_str(rows, 12), .boxes = rows_str(rows, 13),
    };
    if (digest.len == LEDGER_DIGEST)
        memcpy(row->digest, digest.at, LEDGER_DIGEST);
}

int ledger_find(struct store *s, struct str ledger, struct id id, struct rows *rows, struct ledger_row *row, struct err *e)
{
    if (store_query(s, rows, &sql_find, ARGS(ledger, id), e) < 0)
        return -1;
    if (ledger_next(rows, row))
        return 1;
    return store_failed(s, e);
}

int ledger_after(struct store *s, struct str ledger, int64_t position, struct rows *rows, struct err *e)
{
    return store_query(s, rows, &sql_after, ARGS(ledger, position), e);
}

bool ledger_next(struct rows *rows, struct ledger_row *row)
{
    if (!rows_next(rows))
        return false;
    read_row(rows, row);
    return true;
}

int ledger_list(struct store *s, enum ledger_order order, struct ledger_head **heads, size_t *count, struct err *e)
{
    static const struct sql *const orders[] = { [LEDGERS_BY_NAME] = &sql_heads, [LEDGERS_AS_BEGUN] = &sql_heads_begun };
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_head *list = NULL;
    size_t room = 0, n = 0;

    if (store_query(s, &rows, orders[order], NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str name = rows_str(&rows, 0), digest = rows_str(&rows, 2);
        list = MEM_GROW(list, n, room);
        list[n] = (struct ledger_head){ .position = rows_int(&rows, 1), .safe = rows_int(&rows, 3) };
        memcpy(list[n].ledger, name.at, name.len < LEDGER_NAME ? name.len : LEDGER_NAME - 1);
        memcpy(list[n].digest, digest.at, digest.len < LEDGER_DIGEST ? digest.len : LEDGER_DIGEST);
        list[n].settled = list[n].position;
        n++;
    }
    if (store_failed(s, e) < 0) {
        free(list);
        return -1;
    }
    *heads = list;
    *count = n;
    return 0;
}

int ledger_position(struct store *s, struct str ledger, int64_t *position, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, &sql_head, ARGS(ledger), e) < 0)
        return -1;
    int64_t newest = rows_next(&rows) ? rows_int(&rows, 0) : 0;
    if (store_failed(s, e) < 0)
        return -1;
    *position = newest;
    return 0;
}

int ledger_between(struct store *s, struct str ledger, int64_t after, int64_t upto, struct rows *rows, struct err *e)
{
    return store_query(s, rows, &sql_between, ARGS(ledger, after, upto), e);
}

int ledger_said(struct store *s, struct str ledger, int64_t after, int64_t upto, struct rows *rows, struct err *e)
{
    return store_query(s, rows, &sql_said, ARGS(ledger, after, upto), e);
}

int ledger_copy(struct store *from, struct store *to, struct ledger_head *head, int64_t upto, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_between(from, str_of(head->ledger), head->position, upto, &rows, e) < 0)
        return strcmp(e->key, "store.damaged") == 0 ? err_set(e, ERR_CONFLICT, "ledger.broken") : -1;
    while (ledger_next(&rows, &row)) {
        uint8_t ours[LEDGER_DIGEST];
        ledger_digest(head->digest, &row, ours);
        if (row.position != head->position + 1 || memcmp(ours, row.digest, LEDGER_DIGEST) != 0)
            return err_set(e, ERR_CONFLICT, "ledger.broken");
        if (put_row(to, head, &row, e) < 0)
            return -1;
    }
    if (store_failed(from, e) < 0 && strcmp(e->key, "store.damaged") != 0)      /* a damaged page is the end of this ledger, not of the run */
        return -1;
    return head->position < upto ? err_set(e, ERR_CONFLICT, "ledger.broken") : 0;
}

int ledger_digest_at(struct store *s, struct str ledger, int64_t position, uint8_t out[LEDGER_DIGEST], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, &sql_digest, ARGS(ledger, position), e) < 0)
        return -1;
    if (!rows_next(&rows) || rows_str(&rows, 0).len != LEDGER_DIGEST)
        return store_failed(s, e);
    memcpy(out, rows_str(&rows, 0).at, LEDGER_DIGEST);
    return 1;
}

int ledger_put_safe(struct store *s, struct str ledger, int64_t position, struct err *e)
{
    return store_run(s, &sql_put_safe, ARGS(ledger, position), NULL, e);
}

int ledger_put_unsafe(struct store *s, struct err *e)
{
    return store_run(s, &sql_put_unsafe, NO_ARGS, NULL, e);
}

int ledger_verify(struct store *s, struct str ledger, void (*each)(void *ctx, const struct ledger_row *row), void *ctx, int64_t *count,
                  int64_t *bad, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(rows_done) struct rows end = { 0 };
    uint8_t digest[LEDGER_DIGEST] = { 0 };
    struct ledger_row row;
    int64_t position = 0;

    *count = *bad = 0;
    if (ledger_after(s, ledger, 0, &rows, e) < 0)
        return -1;
    while (ledger_next(&rows, &row)) {
        uint8_t ours[LEDGER_DIGEST];
        position++;
        ledger_digest(digest, &row, ours);
        if (row.position != position || memcmp(ours, row.digest, LEDGER_DIGEST) != 0) {
            *bad = position;
            return err_set(e, ERR_CONFLICT, "ledger.broken");
        }
        memcpy(digest, ours, LEDGER_DIGEST);
        if (each)
            each(ctx, &row);
    }
    *count = position;
    if (store_failed(s, e) < 0 || store_query(s, &end, &sql_head, ARGS(ledger), e) < 0)
        return -1;
    if (!rows_next(&end) || rows_int(&end, 0) != position || !str_eq(rows_str(&end, 1), digest_view(digest))) {
        *bad = position + 1;
        return err_set(e, ERR_CONFLICT, "ledger.broken");
    }
    return 0;
}

bool ledger_box(struct str boxes, size_t *i, struct str *box)
{
    const unsigned char *p;
    size_t left = boxes.len - *i, n;

    if (!boxes.at || left < 4)
        return false;
    p = (const unsigned char *)boxes.at + *i;
    n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
    if (n > left - 4)
        return false;
    *box = (struct str){ (const char *)p + 4, n };
    *i += 4 + n;
    return true;
}

void ledger_box_add(struct buf *boxes, struct str box)
{
    uint8_t length[4] = { (uint8_t)(box.len >> 24), (uint8_t)(box.len >> 16), (uint8_t)(box.len >> 8), (uint8_t)box.len };

    buf_put(boxes, length, sizeof length);
    buf_str(boxes, box);
}

void ledger_export(const struct ledger_row *row, struct buf *to)
{
    struct out o = { .to = to };
    CLEANUP(buf_done) struct buf text = { 0 };

    out_open(&o, '{');
    out_key(&o, "ledger"), out_text(&o, row->ledger);
    out_key(&o, "position"), out_int(&o, row->position);
    out_key(&o, "id"), out_id(&o, row->id);
    out_key(&o, "type"), out_text(&o, row->type);
    out_key(&o, "area"), out_text(&o, row->area);
    out_key(&o, "at"), out_int(&o, row->at);
    out_key(&o, "received_at"), out_int(&o, row->received_at);
    out_key(&o, "maker"), out_maybe_id(&o, row->maker);
    out_key(&o, "author"), out_maybe_id(&o, row->author);
    out_key(&o, "for"), out_maybe_id(&o, row->for_whom);
    out_key(&o, "proof"), out_int(&o, row->proof);
    out_key(&o, "body"), out_text(&o, row->body);
    out_key(&o, "given"), out_text(&o, row->given);
    base64_put(&text, row->boxes.at ? row->boxes : STR(""));
    out_key(&o, "boxes"), out_text(&o, text.at ? buf_view(&text) : STR(""));
    buf_clear(&text);
    hex_put(&text, digest_view(row->digest));
    out_key(&o, "digest"), out_text(&o, buf_view(&text));
    out_close(&o, '}');
    buf_char(to, '\n');
}

int ledger_reincarnate(struct store *s, struct id incarnation, struct err *e)
{
    return store_run(s, &sql_put_fact, ARGS("incarnation", incarnation), NULL, e);
}

int ledger_incarnation(struct store *s, struct id *out, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    int64_t version;

    if (store_version(s, "ledger", &version, e) < 0)
        return -1;
    if (!version)
        return 0;
    if (store_query(s, &rows, &sql_fact, ARGS("incarnation"), e) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(s, e);
    *out = rows_id(&rows, 0);
    return 1;
}
