/*
 * heads.c - once a day the heads of all ledgers under one root, signed, and what clients say of a ledger that changed.
 *
 * The record core.heads in the ledger of a root area (the city) lists every
 * ledger at or below it with its position and digest; the root is SHA-256 over
 * these lines, each with a line end.  Whoever keeps the root on paper can hold every
 * ledger against it, and one village by its one line.  A chain that was
 * computed anew after a change agrees with itself but not with the line.
 */
#include "core/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core_heads.sql.h"

enum { ROOT = 32, ROOT_TEXT = 64 };

/* ---- the list and its root ------------------------------------------------------- */

/* "440513108216/read" lies where 440513108216 does. */
static const struct area *ledger_area(const struct areas *areas, struct str ledger)
{
    const char *slash = memchr(ledger.at, '/', ledger.len);

    return area_find(areas, (struct str){ ledger.at, slash ? (size_t)(slash - ledger.at) : ledger.len });
}

/* Of all heads those at or below root, free() the list. */
static int list_heads(struct store *s, const struct areas *areas, const struct area *root, struct ledger_head **heads, size_t *count,
                      struct err *e)
{
    struct ledger_head *list;
    size_t all, kept = 0;

    if (ledger_list(s, LEDGERS_BY_NAME, &list, &all, e) < 0)
        return -1;
    for (size_t i = 0; i < all; i++) {
        const struct area *area = ledger_area(areas, str_of(list[i].ledger));
        if (area && area_within(area, root))
            list[kept++] = list[i];
    }
    *heads = list;
    *count = kept;
    return 0;
}

static struct json *hex_json(const uint8_t *bytes, size_t n)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    hex_put(&text, (struct str){ (const char *)bytes, n });
    return json_text(buf_view(&text));
}

/* What is signed: "core.heads 4405 2020-02-05 2184 <root>". */
static void signed_text(struct buf *to, struct str area, struct str day, int64_t ledgers, struct str root)
{
    buf_printf(to, "core.heads %.*s %.*s %" PRId64 " %.*s", (int)area.len, area.at, (int)day.len, day.at, ledgers, (int)root.len, root.at);
}

/* The bytes a root is the digest of. */
static void list_text(const struct json *list, struct buf *to)
{
    for (size_t i = 0; i < json_count(list); i++) {
        buf_str(to, json_str(json_at(list, i)));
        buf_char(to, '\n');
    }
}

static struct json *list_json(const struct ledger_head *heads, size_t count)
{
    struct json *list = json_list();

    for (size_t i = 0; i < count; i++) {
        CLEANUP(buf_done) struct buf text = { 0 };
        buf_printf(&text, "%s %" PRId64 " ", heads[i].ledger, heads[i].position);
        hex_put(&text, (struct str){ (const char *)heads[i].digest, LEDGER_DIGEST });
        json_add(list, json_text(buf_view(&text)));
    }
    return list;
}

static struct json *heads_body(struct core *c, const struct area *root, const char *day, const struct ledger_head *heads, size_t count,
                               struct err *e)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(buf_done) struct buf message = { 0 };
    CLEANUP(json_done) struct json *body = json_map();
    CLEANUP(json_done) struct json *list = list_json(heads, count);
    uint8_t digest[ROOT], sign[SEAL_SIGN], key[SEAL_PUBLIC];
    int64_t records = 0;

    for (size_t i = 0; i < count; i++)
        records += heads[i].position;
    list_text(list, &text);
    seal_hash(buf_view(&text), digest);
    json_set(body, "day", json_text(str_of(day)));
    json_set(body, "ledgers", json_number((int64_t)count));
    json_set(body, "records", json_number(records));
    json_set(body, "root", hex_json(digest, sizeof digest));
    signed_text(&message, root->id, str_of(day), (int64_t)count, json_str(json_get(body, "root")));
    if (seal_sign(c->seal, buf_view(&message), sign, key, e) < 0)
        return NULL;
    json_set(body, "key", hex_json(key, sizeof key));
    json_set(body, "sign", hex_json(sign, sizeof sign));
    json_set(body, "heads", list);
    struct json *made = body;
    body = list = NULL;
    return made;
}

/* ---- once a day -------------------------------------------------------------------- */

static struct id heads_id(struct str area, const char *day)
{
    return id_make("heads", area, str_of(day));
}

/* 1 written, 0 there already or nothing to list, -1. */
static int write_heads(struct core *c, struct store *s, const struct areas *areas, const struct area *root, const char *day, struct err *e)
{
    struct ledger_head *heads = NULL;
    struct json *body;
    size_t count;
    int result;
    {
        CLEANUP(rows_done) struct rows found = { 0 };
        struct ledger_row row;
        result = ledger_find(s, root->ledger, heads_id(root->id, day), &found, &row, e);
    }
    if (result != 0)
        return result < 0 ? -1 : 0;
    if (list_heads(s, areas, root, &heads, &count, e) < 0)
        return -1;
    body = count ? heads_body(c, root, day, heads, count, e) : NULL;
    free(heads);
    if (!body)
        return count ? -1 : 0;
    struct batch *b = core_batch_new(c, &who_system, time_now());
    core_batch_add(b, heads_id(root->id, day), "core.heads", root->id, time_now(), body);
    core_write(c, b);
    result = b->results[0].status == RESULT_STORED;
    if (b->results[0].status == RESULT_REFUSED) {
        *e = b->results[0].err;
        result = -1;
    }
    core_batch_free(b);
    return result;
}

/* Not in a bulk load, whose days are not today's, and not without keys to sign with. */
int heads_tick(struct core *c, struct store *s, struct err *e)
{
    char day[DAY_TEXT];
    bool roots = false;
    int written = 0;

    day_of(time_now(), day);
    if (c->bulk || !c->seal || strcmp(c->heads_day, day) == 0)
        return 0;
    const struct areas *areas = core_areas_hold(c);
    for (size_t i = 0; written >= 0 && i < area_count(areas); i++) {
        const struct area *a = area_at(areas, i);
        if (a->parent || !a->open)
            continue;
        int one = write_heads(c, s, areas, a, day, e);
        written = one < 0 ? -1 : written + one;
        roots = true;
    }
    core_areas_drop(areas);
    if (roots && written >= 0)
        memcpy(c->heads_day, day, sizeof day);
    return written;
}

int heads_apply(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_add_root,
                  ARGS(r->ledger, r->area, record_text(r, "day"), r->position, r->at, record_number(r, "ledgers"), record_number(r, "records"),
                       record_text(r, "root")), NULL);
}

/* ---- proving ------------------------------------------------------------------------- */

static void heads_bad(struct verify_report *out, struct str day, const char *what, struct str ledger, int64_t position)
{
    out->bad_heads++;
    if (!out->first_bad[0])
        snprintf(out->first_bad, sizeof out->first_bad, "heads of %.*s: %s %.*s %" PRId64, (int)day.len, day.at, what, (int)ledger.len, ledger.at,
                 position);
}

static bool word_take(struct str *line, struct str *word)
{
    const char *end = line->len ? memchr(line->at, ' ', line->len) : NULL;
    size_t n = end ? (size_t)(end - line->at) : line->len;

    *word = (struct str){ line->at, n };
    *line = end ? (struct str){ end + 1, line->len - n - 1 } : (struct str){ 0 };
    return n > 0;
}

static int verify_line(struct store *s, struct str line, struct str day, struct verify_report *out, struct err *e)
{
    struct str ledger, position, digest;
    uint8_t said[LEDGER_DIGEST], held[LEDGER_DIGEST];
    int64_t n;
    int found;

    if (!word_take(&line, &ledger) || !word_take(&line, &position) || !word_take(&line, &digest) || line.len || !str_to_int(position, &n) ||
        !hex_read(digest, said, sizeof said)) {
        heads_bad(out, day, "unreadable", ledger, 0);
        return 0;
    }
    found = ledger_digest_at(s, ledger, n, held, e);
    if (found < 0)
        return -1;
    if (!found || memcmp(said, held, sizeof said) != 0)
        heads_bad(out, day, found ? "another" : "gone", ledger, n);
    return 0;
}

static bool signature_good(struct core *c, struct str area, const struct json *body, struct err *e)
{
    CLEANUP(buf_done) struct buf message = { 0 };
    uint8_t sign[SEAL_SIGN], key[SEAL_PUBLIC], own[SEAL_PUBLIC];

    if (!hex_read(json_str(json_get(body, "sign")), sign, sizeof sign) || !hex_read(json_str(json_get(body, "key")), key, sizeof key))
        return false;
    signed_text(&message, area, json_str(json_get(body, "day")), json_int(json_get(body, "ledgers")), json_str(json_get(body, "root")));
    if (!seal_signed(buf_view(&message), sign, key))
        return false;
    /* A signature is worth its key: with the keys at hand it must be ours. */
    return !c->seal || (seal_public(c->seal, own, e) == 1 && memcmp(own, key, sizeof own) == 0);
}

int heads_verify(struct core *c, struct store *s, const struct ledger_row *row, struct verify_report *out, struct err *e)
{
    CLEANUP(json_done) struct json *body = NULL;
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err ignored = { 0 };
    uint8_t root[ROOT], said[ROOT];

    if (json_parse(row->body, &json_own, &body, e) < 0)
        return -1;
    struct str day = json_str(json_get(body, "day"));
    const struct json *list = json_get(body, "heads");
    out->heads++;
    for (size_t i = 0; i < json_count(list); i++)
        if (verify_line(s, json_str(json_at(list, i)), day, out, e) < 0)
            return -1;
    list_text(list, &text);
    seal_hash(buf_view(&text), root);
    if (!hex_read(json_str(json_get(body, "root")), said, sizeof said) || memcmp(root, said, sizeof root) != 0 ||
        (int64_t)json_count(list) != json_int(json_get(body, "ledgers")))
        heads_bad(out, day, "root", row->ledger, row->position);
    else if (!signature_good(c, row->area, body, &ignored))
        heads_bad(out, day, "signature", row->ledger, row->position);
    return 0;
}

/* ---- for paper ---------------------------------------------------------------------------- */

static int find_root(struct store *s, const struct area *root, struct str day, int64_t *position, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (day.len ? store_query(s, &rows, &sql_root_of, ARGS(root->ledger, root->id, day), e)
                : store_query(s, &rows, &sql_newest_root, ARGS(root->ledger, root->id), e))
        return -1;
    if (!rows_next(&rows))
        return store_failed(s, e) < 0 ? -1 : err_set(e, ERR_MISSING, "heads.none");
    *position = rows_int(&rows, 0);
    return 0;
}

int core_heads(struct reader *reader, const struct area *root, struct str day, struct arena *mem, struct day_heads *out, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(json_done) struct json *body = NULL;
    CLEANUP(buf_done) struct buf list = { 0 };
    struct ledger_row row;
    int64_t position = 0;

    if (find_root(reader->store, root, day, &position, e) < 0 || ledger_after(reader->store, root->ledger, position - 1, &rows, e) < 0)
        return -1;
    if (!ledger_next(&rows, &row) || row.position != position)
        return err_broken(e, "ledger.broken", "the record of the day's heads");
    if (json_parse(row.body, &json_own, &body, e) < 0)
        return -1;
    list_text(json_get(body, "heads"), &list);
    *out = (struct day_heads){
        .day = arena_str(mem, json_str(json_get(body, "day"))), .root = arena_str(mem, json_str(json_get(body, "root"))),
        .key = arena_str(mem, json_str(json_get(body, "key"))), .sign = arena_str(mem, json_str(json_get(body, "sign"))),
        .list = arena_str(mem, buf_view(&list)), .ledgers = json_int(json_get(body, "ledgers")),
        .records = json_int(json_get(body, "records")), .position = row.position, .at = row.received_at,
    };
    memcpy(out->digest, row.digest, sizeof out->digest);
    return 0;
}

/* ---- what a client remembers and is not answered any more ------------------------------------ */

int fork_check(struct tx *tx, struct record *r, struct err *e)
{
    static const char *const digests[] = { "digest", "found" };
    uint8_t bytes[LEDGER_DIGEST];

    (void)tx;
    for (size_t i = 0; i < COUNT_OF(digests); i++)
        if (record_has(r, digests[i]) && !hex_read(record_text(r, digests[i]), bytes, sizeof bytes))
            return err_field(e, "field.hex", digests[i]);
    return 0;
}

static struct value digest_value(const struct record *r, const char *field)
{
    char *bytes = arena_take(r->mem, LEDGER_DIGEST);

    if (!hex_read(record_text(r, field), bytes, LEDGER_DIGEST))
        return value_null;
    return value_blob((struct str){ bytes, LEDGER_DIGEST });
}

int fork_apply(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_add_fork,
                  ARGS(r->ledger, r->id, record_number(r, "position"), digest_value(r, "digest"), digest_value(r, "found"), r->at, r->maker), NULL);
}
