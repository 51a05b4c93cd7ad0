/*
 * replay.c - rows of a ledger into the tables, as a rebuild reads them, when
 * the ledger is not one we wrote: bodies, decisions and boxes of any kind.
 *
 * {"rows":[{"type","area","ledger","id","at","received_at","maker","body","given","boxes"}]}: body and given are
 * maps, or texts for bytes that are none; boxes is base64, or a list of
 * {"class","month","kind","n","plain"} to be sealed with true keys.  A row goes
 * in or is refused with a word.  Now and then the rows are chained into the
 * store itself, and the whole is proved, made anew and asked about.
 */
#include "grow.h"

#include <stdlib.h>

#include "core/own.h"

static void said(const struct err *e)
{
    DEMAND(e->kind != ERR_NONE && e->key[0], "failed without a word");
}

/* ---- what a row is made of ------------------------------------------------------------- */

static struct str text_of(struct arena *mem, const struct json *j, const char *preset)
{
    CLEANUP(buf_done) struct buf out = { 0 };

    if (json_kind(j) == JSON_NONE)
        return str_of(preset);
    if (json_kind(j) == JSON_TEXT)
        return json_str(j);
    json_write(j, &out);
    return arena_str(mem, buf_view(&out));
}

static void add_box(struct buf *boxes, const struct ledger_row *row, const struct json *j)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    CLEANUP(buf_done) struct buf box = { 0 };
    struct str kind = json_str(json_get(j, "kind"));
    struct seal_place place = { row->ledger, row->id, house_id(kind.len ? kind.at[0] : 'h', (unsigned)json_int(json_get(j, "n"))),
                                (enum seal_class)(json_int(json_get(j, "class")) & 3), HOUSE_NOW };
    struct err e = { 0 };

    if (json_get(j, "plain"))
        json_write(json_get(j, "plain"), &plain);
    if (seal_box(house()->seal, &place, buf_view(&plain), &box, &e) == 0)
        ledger_box_add(boxes, buf_view(&box));
    else
        said(&e);
}

static struct ledger_row row_of(struct arena *mem, const struct json *j)
{
    CLEANUP(buf_done) struct buf boxes = { 0 };
    const struct json *given = json_get(j, "boxes");
    struct ledger_row row = {
        .ledger = text_of(mem, json_get(j, "ledger"), VILLAGE), .type = text_of(mem, json_get(j, "type"), ""),
        .area = text_of(mem, json_get(j, "area"), VILLAGE "01"), .at = json_int(json_get(j, "at")),
        .received_at = json_int(json_get(j, "received_at")), .proof = PROOF_SESSION,
        .body = text_of(mem, json_get(j, "body"), "{}"), .given = text_of(mem, json_get(j, "given"), "{}"), .position = 1000,
    };

    if (!id_parse(json_str(json_get(j, "id")), &row.id))
        row.id = house_id('v', 77);
    if (!id_parse(json_str(json_get(j, "maker")), &row.maker))
        row.maker = house_id('w', 3);
    if (json_kind(given) == JSON_TEXT)
        (void)base64_read(&boxes, json_str(given));
    for (size_t i = 0; i < json_count(given); i++)
        add_box(&boxes, &row, json_at(given, i));
    row.boxes = boxes.len ? arena_str(mem, buf_view(&boxes)) : (struct str){ 0 };
    return row;
}

/* ---- one by one, in a transaction that is undone ------------------------------------------ */

static bool goes_in(struct core *c, const struct json *rows)
{
    bool any = false;
    struct err e = { 0 };

    DEMAND(c->bulk_open || store_begin(c->writer, &e) == 0, "%s", e.key);
    c->bulk_open = true;
    for (size_t i = 0; i < json_count(rows); i++) {
        struct arena mem = { 0 };
        struct ledger_row row = row_of(&mem, json_at(rows, i));
        JSON_HOME(&mem);

        row.position += (int64_t)i;
        e = (struct err){ 0 };
        DEMAND(store_savepoint(c->writer, &e) == 0, "%s", e.key);
        if (replay_row(c, &row, &mem, &e) == 0) {
            any = true;
            DEMAND(store_release(c->writer, &e) == 0, "%s", e.key);
        } else {
            said(&e);
            store_fence(c->writer, NULL);
            store_back(c->writer);
            (void)!store_failed(c->writer, &e);
            DEMAND(areas_reload(c, &e) == 0, "%s", e.key);
        }
        arena_done(&mem);
    }
    return any;
}

/* ---- the whole way, from the store's own files ---------------------------------------------- */

static int append(struct core *c, const struct json *rows, struct arena *mem, struct err *e)
{
    for (size_t i = 0; i < json_count(rows); i++) {
        struct ledger_row row = row_of(mem, json_at(rows, i));
        struct ledger_head head;

        if (ledger_lock(c->writer, row.ledger, &head, e) < 0 || ledger_append(c->writer, &head, &row, e) < 0 ||
            ledger_settle(c->writer, &head, e) < 0)
            return -1;
    }
    return 0;
}

static void whole_way(struct core *c, const struct json *rows)
{
    struct arena mem = { 0 };
    struct verify_report report;
    struct err e = { 0 };

    write_stop(c);
    DEMAND(store_begin(c->writer, &e) == 0, "%s", e.key);
    bool in = append(c, rows, &mem, &e) == 0;
    if (in)
        DEMAND(seal_sync(c->seal, &e) == 0 && store_commit(c->writer, &e) == 0, "%s %s", e.key, e.detail);
    else
        store_rollback(c->writer);
    arena_done(&mem);
    DEMAND(write_start(c, &e) == 0, "%s", e.key);
    if (!in)
        return;
    if (core_verify(c, &report, &e) < 0)
        said(&e);
    else
        DEMAND(report.bad_ledgers == 0, "a chain we made is broken: %s", report.first_bad);
    e = (struct err){ 0 };
    if (core_rebuild(c, &e) < 0)
        said(&e);
    house_ask(0, true);
    house_ask(3, true);
    (void)!core_tick(c, &e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_done) struct json *doc = NULL;
    struct err e = { 0 };

    if (json_parse((struct str){ (const char *)data, size }, &json_own, &doc, &e) < 0)
        return 0;
    const struct json *rows = json_get(doc, "rows");
    struct core *c = house();
    house_try();
    bool any = goes_in(c, rows);
    house_undo();
    if (any && (house_thorough(data, size))) {
        house_fresh();
        whole_way(house(), rows);
        house_fresh();
    }
    return 0;
}

/* ---- rows the village has, and rows that come near ------------------------------------------- */

static struct json *tree_of(struct str text)
{
    return text.len ? house_json(text) : json_map();
}

static struct json *a_row(void)
{
    static struct json *own;
    struct core *c = house();
    struct err e = { 0 };
    char text[ID_TEXT];

    if (!own) {
        static const char *const ledgers[] = { "4405", "440513", "440513108", VILLAGE, "440513108217" };

        own = json_list();
        for (size_t i = 0; i < COUNT_OF(ledgers); i++) {
            CLEANUP(rows_done) struct rows rows = { 0 };
            struct ledger_row row;

            DEMAND(ledger_after(c->writer, str_of(ledgers[i]), 0, &rows, &e) == 0, "%s", e.key);
            while (ledger_next(&rows, &row)) {
                CLEANUP(buf_done) struct buf boxes = { 0 };
                struct json *j = json_map();

                if (row.body.len > 4096)
                    row.body = STR("{\"hazard\":\"x\",\"thresholds\":{},\"measures\":[],\"questionnaires\":{},\"codes\":{}}");
                base64_put(&boxes, row.boxes);
                id_text(row.id, text);
                json_set(j, "type", json_text(row.type));
                json_set(j, "ledger", json_text(row.ledger));
                json_set(j, "area", json_text(row.area));
                json_set(j, "id", json_text(str_of(text)));
                json_set(j, "at", json_number(row.at));
                json_set(j, "received_at", json_number(row.received_at));
                json_set(j, "body", tree_of(row.body));
                json_set(j, "given", tree_of(row.given));
                json_set(j, "boxes", json_text(buf_view(&boxes)));
                json_add(own, j);
            }
        }
    }
    struct json *j = json_copy(json_at(own, grow_any(json_count(own))));
    struct json *fresh = grow_any(2) ? grow_record() : NULL;
    if (fresh) {                        /* another type's content, and what was decided about it as near as it comes */
        json_set(j, "type", json_copy(json_get(fresh, "type")));
        json_set(j, "body", json_copy(json_get(fresh, "body")));
        json_set(j, "area", json_copy(json_get(fresh, "area")));
        json_set(json_get(j, "given"), "at", json_copy(json_get(fresh, "at")));
        json_free(fresh);
    }
    if (grow_any(3) == 0) {
        struct json *boxes = json_list(), *box = json_map();

        json_set(box, "class", json_number(1 + (int64_t)grow_any(3)));
        json_set(box, "kind", json_text(STR("h")));
        json_set(box, "n", json_number(1 + (int64_t)grow_any(9)));
        json_set(box, "plain", json_copy(json_get(j, "body")));
        json_add(boxes, box);
        json_set(j, "boxes", boxes);
    }
    return j;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return grow_change(data, size, most, seed, "rows", a_row);
}
