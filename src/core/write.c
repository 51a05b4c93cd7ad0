/*
 * write.c - the one way in: batch, shape, right, check, boxes, ledger, tables.
 *
 * Whoever hands in a batch parses it and checks its shape on their own thread;
 * the rest belongs to the writer's thread, which takes every waiting batch into
 * one transaction.  The records of one ledger stand in one savepoint: a record
 * whose apply fails is left out and the others are written again without it.
 * Nothing is answered before the commit, and no secret is needed that is not
 * on disk before the record sealed with it.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>

enum { AHEAD_MS = 10 * 60 * 1000, DAY_MS = 24 * 60 * 60 * 1000, GROUP_MOST = 4096, BULK_COMMIT = 8192 };
static const int64_t handover_ms = 7LL * DAY_MS;       /* work done before a handover still counts for so long */

struct entry {                     /* one record of a batch on its way */
    struct batch_own *batch;
    struct result *result;
    const struct kind *kind;
    struct str area;              /* as stated */
    char ledger[LEDGER_NAME];     /* where it goes; guessed until its turn comes */
    struct id id, maker, for_whom;
    int64_t at, corrected;
    struct json *values;          /* every value, sealed ones too */
    size_t order;                 /* in its batch */
    size_t arrival;               /* among everything written together: order is promised within a ledger */
    bool dropped;                 /* its apply failed: left out of the next try */
    struct str stored_area, path; /* for the event */
};

struct batch_own {
    struct batch open;            /* what the caller sees; first, so that one pointer is both */
    struct core *core;
    struct batch_own *next;
    struct entry *items;
    size_t room;
    struct who who;
    int64_t received_at, now;     /* now 0: the clock of the maker is trusted */
    struct arena mem;
};

/* ---- handing in -------------------------------------------------------------- */

struct batch *core_batch_new(struct core *c, const struct who *who, int64_t received_at)
{
    struct batch_own *b = mem_take(sizeof *b);

    b->core = c;
    b->who = *who;
    b->who.duties = NULL;         /* looked up by the writer, who knows today's */
    b->who.duty_count = 0;
    b->received_at = received_at;
    b->open.own = b;
    return &b->open;
}

void core_batch_free(struct batch *b)
{
    if (!b)
        return;
    for (size_t i = 0; i < b->count; i++)
        json_free(b->own->items[i].values);
    free(b->own->items);
    free(b->results);
    arena_done(&b->own->mem);
    free(b->own);
}

static struct entry *item_add(struct batch_own *b)
{
    if (b->open.count == b->room) {
        b->room = b->room ? b->room * 2 : 4;
        b->items = mem_resize(b->items, b->room, sizeof *b->items);
        b->open.results = mem_resize(b->open.results, b->room, sizeof *b->open.results);
    }
    struct entry *it = &b->items[b->open.count];
    memset(it, 0, sizeof *it);
    memset(&b->open.results[b->open.count], 0, sizeof *b->open.results);
    it->batch = b;
    it->order = b->open.count++;
    it->maker = b->who.worker;
    return it;
}

static struct result *result_of(struct entry *it)
{
    return &it->batch->open.results[it->order];
}

static void refuse(struct entry *it, const struct err *e)
{
    struct result *r = result_of(it);

    r->status = RESULT_REFUSED;
    r->err = *e;
}

/* Shape and time of one record; what is wrong becomes its result. */
static int item_shape(struct entry *it, struct str type, const struct json *body, struct err *e)
{
    struct batch_own *b = it->batch;

    it->kind = core_kind(b->core, type);
    if (!it->kind)
        return err_field(e, "record.type", "type");
    if (!it->area.len || it->area.len >= LEDGER_NAME - 8)
        return err_field(e, "record.area", "area");
    if (it->at <= 0)
        return err_field(e, "record.at", "at");
    it->corrected = b->now ? it->at + (b->received_at - b->now) : it->at;
    if (it->corrected > b->received_at + AHEAD_MS)
        return err_field(e, "clock.ahead", "at");
    return fields_read(b->core, it->kind->type->fields, body, &it->values, e);
}

void core_batch_add(struct batch *b, struct id id, const char *type, struct str area, int64_t at, struct json *values)
{
    struct entry *it = item_add(b->own);
    struct err e = { 0 };

    it->id = id;
    result_of(it)->id = id;
    it->area = arena_str(&b->own->mem, area);
    it->at = at;
    if (item_shape(it, str_of(type), values, &e) < 0)
        refuse(it, &e);
    json_free(values);
}

static int item_read(struct entry *it, const struct json *in, struct err *e)
{
    struct str for_whom = json_str(json_get(in, "for")), maker = json_str(json_get(in, "maker"));

    if (json_kind(in) != JSON_MAP)
        return err_field(e, "record.map", "");
    if (!id_parse(json_str(json_get(in, "id")), &it->id) || id_none(it->id))
        return err_field(e, "record.id", "id");
    result_of(it)->id = it->id;
    if (for_whom.at && !id_parse(for_whom, &it->for_whom))
        return err_field(e, "record.for", "for");
    if (maker.at && !id_parse(maker, &it->maker))
        return err_field(e, "record.maker", "maker");
    it->area = arena_str(&it->batch->mem, json_str(json_get(in, "area")));
    it->at = json_kind(json_get(in, "at")) == JSON_NUMBER ? json_int(json_get(in, "at")) : 0;
    if (it->at > 7258118400000)
        return err_field(e, "record.at", "at");
    return item_shape(it, json_str(json_get(in, "type")), json_get(in, "body"), e);
}

int core_batch_read(struct core *c, const struct who *who, struct str body, struct batch **out, struct err *e)
{
    const struct json_limits limits = { (size_t)setting_number("max_body"), (size_t)setting_number("max_depth"), (size_t)setting_number("max_text") };
    CLEANUP(json_done) struct json *doc = NULL;

    if (json_parse(body, &limits, &doc, e) < 0)
        return -1;
    const struct json *records = json_get(doc, "records"), *now = json_get(doc, "now");
    if (json_kind(doc) != JSON_MAP || json_kind(records) != JSON_LIST)
        return err_field(e, "body.records", "records");
    if (now && (json_kind(now) != JSON_NUMBER || json_int(now) <= 0 || json_int(now) > 7258118400000))
        return err_field(e, "body.now", "now");
    if (json_count(records) > (size_t)setting_number("max_records"))
        return err_field(e, "body.many", "records");

    struct batch *b = core_batch_new(c, who, time_now());
    b->own->now = json_int(now);
    for (size_t i = 0; i < json_count(records); i++) {
        struct entry *it = item_add(b->own);
        struct err wrong = { 0 };
        if (item_read(it, json_at(records, i), &wrong) < 0)
            refuse(it, &wrong);
    }
    *out = b;
    return 0;
}

/* ---- one record in the writer's hands ------------------------------------------ */

struct store *tx_store(struct tx *tx)
{
    return tx->store;
}

const struct areas *tx_areas(struct tx *tx)
{
    return areas_writing(tx->core);
}

struct core *tx_core(struct tx *tx)
{
    return tx->core;
}

int tx_query(struct tx *tx, struct rows *rows, struct err *e, const struct sql *sql, struct args args)
{
    return store_query(tx->store, rows, sql, args, e);
}

int tx_run(struct tx *tx, struct err *e, const struct sql *sql, struct args args, int64_t *changed)
{
    return store_run(tx->store, sql, args, changed, e);
}

int core_run(struct tx *tx, struct err *e, const struct sql *sql, struct args args)
{
    store_fence(tx->store, NULL);
    int result = store_run(tx->store, sql, args, NULL, e);
    store_fence(tx->store, &tx->core->fences[tx->feature]);
    return result;
}

static void enter(struct tx *tx, int feature)
{
    tx->feature = feature;
    store_fence(tx->store, &tx->core->fences[feature]);
}

/* Its type's apply, then those who follow; what an alarm called for is no longer due. */
int apply_record(struct core *c, const struct kind *kind, struct record *r, bool replaying, struct err *e)
{
    struct tx tx = { .core = c, .store = c->writer, .replaying = replaying };
    int result = 0;

    enter(&tx, kind->feature);
    if (kind->type->apply)
        result = kind->type->apply(&tx, r, e);
    for (size_t i = 0; result == 0 && i < kind->follow_count; i++) {
        enter(&tx, kind->follow_features[i]);
        result = kind->follows[i]->apply(&tx, r, e);
    }
    if (result == 0 && kind->type->right == RIGHT_SYSTEM && kind->type->fields && kind->type->fields[0].kind == FIELD_ID)
        result = core_alarm_off(&tx, r, kind->type->name, record_id(r, kind->type->fields[0].name), e);
    store_fence(c->writer, NULL);
    if (result == 0)
        result = store_failed(c->writer, e);
    return result;
}

/* The centre household of the record's household, when any feature knows of such. */
static int centre_of(struct core *c, const struct record *r, struct id *centre, struct err *e)
{
    struct id household = record_id(r, "household");

    *centre = (struct id){ 0 };
    for (size_t i = 0; i < c->feature_count; i++)
        if (c->features[i]->centre_of && !id_none(household))
            return c->features[i]->centre_of(c->writer, r->ledger, household, centre, e);
    return 0;
}

static int allowed(struct core *c, const struct record *r, struct id worker, enum right right, const struct area *area, int64_t at,
                   bool *yes, struct err *e)
{
    struct duty *duties;
    int64_t *ended;
    size_t count;
    struct id centre = { 0 };

    if (duties_of(c, c->writer, worker, &duties, &ended, &count, r->mem, e) < 0)
        return -1;
    *yes = duties_allow(duties, ended, count, c->writing, right, area, at, &centre);
    if (!*yes && count) {
        if (centre_of(c, r, &centre, e) < 0)
            return -1;
        *yes = !id_none(centre) && duties_allow(duties, ended, count, c->writing, right, area, at, &centre);
    }
    return 0;
}

/*
 * The maker's right at the time of the work, for seven days; a command's now
 * as well.  Typing in for somebody needs the right to do so, and theirs; a
 * maker who is only claimed needs the right of whoever hands it in, too.
 */
static int judge(struct core *c, const struct entry *it, const struct record *r, const struct area *area, struct err *e)
{
    const struct record_type *type = r->type;
    int64_t then = r->received_at - r->at <= handover_ms ? r->at : r->received_at;
    struct id hand = it->batch->who.worker;
    struct id doer = id_none(r->for_whom) ? r->maker : r->for_whom;
    bool yes = true;

    if (it->batch->who.system)
        return 0;
    if (!id_none(r->for_whom) && allowed(c, r, hand, RIGHT_FOR, area, r->received_at, &yes, e) < 0)
        return -1;
    if (yes && allowed(c, r, doer, type->right, area, then, &yes, e) < 0)
        return -1;
    if (yes && type->command && allowed(c, r, doer, type->right, area, r->received_at, &yes, e) < 0)
        return -1;
    if (yes && id_none(r->for_whom) && !id_eq(r->maker, hand) && allowed(c, r, hand, type->right, area, then, &yes, e) < 0)
        return -1;
    return yes ? 0 : err_set(e, ERR_DENIED, "right.denied");
}

struct notes {                    /* what noting search tokens needs to know */
    struct core *core;
    const struct record *r;
    struct str scope;
};

static int note(void *ctx, enum seal_find find, struct str text, struct err *e)
{
    struct notes *n = ctx;

    return seal_note(n->core->seal, find, n->scope, text, n->r->ledger, n->r->subject, e);
}

static int make_boxes(struct core *c, struct record *r, const struct json *values, int64_t at, struct buf *boxes, struct err *e)
{
    static const enum seal_class classes[] = { SEAL_REGISTER, SEAL_HEALTH, SEAL_MOVEMENT };

    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        CLEANUP(json_done) struct json *shadow = fields_shadow(r->type->fields, values, classes[i]);
        CLEANUP(buf_done) struct buf plain = { 0 };
        CLEANUP(buf_done) struct buf box = { 0 };
        struct seal_place place = { r->ledger, r->id, r->subject, classes[i], at };
        if (!shadow)
            continue;
        json_write(shadow, &plain);
        if (seal_box(c->seal, &place, buf_view(&plain), &box, e) < 0)
            return -1;
        ledger_box_add(boxes, buf_view(&box));
    }
    return 0;
}

/* The same id again: the same content is a harmless repeat, another content is refused. */
static int again(struct core *c, struct entry *it, struct record *r, const struct ledger_row *row, struct err *e)
{
    CLEANUP(json_done) struct json *clear = fields_clear(r->type->fields, it->values);
    CLEANUP(json_done) struct json *given = NULL;
    CLEANUP(buf_done) struct buf body = { 0 };
    CLEANUP(buf_done) struct buf boxes = { 0 };
    struct str first;
    size_t i = 0;

    json_write(clear, &body);
    bool same = str_is(row->type, r->type->name) && str_eq(row->area, r->area) && row->at == it->at && id_eq(row->maker, r->maker) &&
                id_eq(row->for_whom, r->for_whom) && str_eq(row->body, buf_view(&body));
    if (same && ledger_box(row->boxes, &i, &first)) {
        r->subject = seal_box_subject(first);
        if (!seal_erased(c->seal, r->ledger, r->subject)) {     /* of an erased one nothing can be compared */
            if (json_parse(row->given, &json_own, &given, e) < 0 ||
                make_boxes(c, r, it->values, json_int(json_get(given, "at")), &boxes, e) < 0)
                return -1;
            same = str_eq(row->boxes, buf_view(&boxes));
        }
    } else if (same) {
        same = !fields_seal(r->type->fields, SEAL_REGISTER) || row->boxes.len == 0;
    }
    if (!same)
        return err_set(e, ERR_CONFLICT, "record.reused");
    result_of(it)->status = RESULT_REPEATED;
    result_of(it)->position = row->position;
    return 0;
}

static struct str town_of(const struct area *a)
{
    while (a->parent && a->level > 3)
        a = a->parent;
    return a->id;
}

static struct id subject_of(const struct record *r)
{
    if (!id_none(r->subject) || !r->type->subject)
        return r->subject;
    return record_id(r, r->type->subject);
}

/* 0 written or repeated or refused (see the result); -1: its apply failed or the store did. */
static int write_one(struct core *c, struct ledger_head *head, struct entry *it, struct err *e)
{
    struct batch_own *b = it->batch;
    CLEANUP(json_done) struct json *given = json_map();
    CLEANUP(json_done) struct json *clear = NULL;
    CLEANUP(rows_done) struct rows found = { 0 };
    CLEANUP(buf_done) struct buf boxes = { 0 };
    CLEANUP(buf_done) struct buf body = { 0 };
    CLEANUP(buf_done) struct buf given_text_ = { 0 };
    struct tx tx = { .core = c, .store = c->writer, .checking = true };
    struct ledger_row row;
    struct record r = {
        .type = it->kind->type, .id = it->id, .ledger = str_of(head->ledger), .at = it->corrected, .received_at = b->received_at,
        .maker = it->maker, .author = b->who.worker, .for_whom = it->for_whom, .values = it->values, .given = given, .mem = &b->mem,
        .proof = b->who.system ? PROOF_SERVER : id_eq(it->maker, b->who.worker) ? PROOF_SESSION : PROOF_CLAIMED,
    };
    struct result *result = result_of(it);
    struct err wrong = { 0 };
    const struct area *area = area_find(c->writing, it->area);
    int hit;

    memcpy(result->ledger, head->ledger, sizeof result->ledger);
    if (!area && !(r.type->births && b->who.system)) {
        err_again(&wrong, ERR_MISSING, "area.unknown");
        refuse(it, &wrong);
        return 0;
    }
    r.area = area ? arena_str(r.mem, area->id) : it->area;      /* apply may change the picture it comes from */
    hit = ledger_find(c->writer, r.ledger, it->id, &found, &row, e);
    if (hit < 0)
        return -1;
    if (fields_areas(c->writing, r.type->fields, it->values, &wrong) < 0) {
        refuse(it, &wrong);
        return 0;
    }
    if (hit) {
        if (again(c, it, &r, &row, &wrong) < 0)
            refuse(it, &wrong);
        return 0;
    }
    rows_done(&found);
    if (judge(c, it, &r, area, &wrong) < 0) {
        refuse(it, &wrong);
        return 0;
    }
    given_number(&r, "at", r.at);
    if (r.received_at - r.at > DAY_MS)
        given_number(&r, "late", 1);
    if (r.type->check) {
        enter(&tx, it->kind->feature);
        hit = r.type->check(&tx, &r, &wrong);
        store_fence(c->writer, NULL);
        if (store_failed(c->writer, e) < 0)
            return -1;
        if (hit < 0) {
            refuse(it, &wrong);
            return 0;
        }
    }
    r.subject = subject_of(&r);
    if (given_has(&r, "erase_subject") && core_erase(c, r.ledger, given_as_id(&r, "erase_subject"), e) < 0)
        return -1;
    if (make_boxes(c, &r, it->values, r.at, &boxes, &wrong) < 0) {
        refuse(it, &wrong);
        return 0;
    }
    struct notes notes = { c, &r, area ? arena_str(r.mem, town_of(area)) : r.area };
    if (fields_findable(r.type->fields, it->values, note, &notes, e) < 0)
        return -1;

    clear = fields_clear(r.type->fields, it->values);
    r.values = clear;
    r.boxes = boxes.len ? arena_str(r.mem, buf_view(&boxes)) : (struct str){ 0 };
    json_write(clear, &body);
    json_write(given, &given_text_);
    row = (struct ledger_row){
        .id = r.id, .type = str_of(r.type->name), .area = r.area, .at = it->at, .received_at = r.received_at, .maker = r.maker,
        .author = r.author, .for_whom = r.for_whom, .proof = r.proof, .body = buf_view(&body), .given = buf_view(&given_text_), .boxes = r.boxes,
    };
    if (ledger_append(c->writer, head, &row, e) < 0)
        return -1;
    r.position = row.position;
    if (apply_record(c, it->kind, &r, false, e) < 0)
        return -1;
    result->status = RESULT_STORED;
    result->position = row.position;
    it->stored_area = r.area;
    area = area_find(c->writing, r.area);
    it->path = area ? arena_str(&b->mem, area->path) : (struct str){ 0 };
    return 0;
}

/* The records of one ledger: all of them, or all but those whose apply fails. -1 only when the store itself fails. */
static int write_ledger(struct core *c, struct entry **items, size_t count, struct err *e)
{
    for (;;) {
        struct ledger_head head;
        struct entry *broken = NULL;
        if (store_savepoint(c->writer, e) < 0 || ledger_lock(c->writer, str_of(items[0]->ledger), &head, e) < 0)
            return -1;
        for (size_t i = 0; i < count && !broken; i++) {
            if (items[i]->dropped)
                continue;
            memset(result_of(items[i]), 0, sizeof(struct result));
            result_of(items[i])->id = items[i]->id;
            if (write_one(c, &head, items[i], e) < 0)
                broken = items[i];
        }
        if (!broken)
            return ledger_settle(c->writer, &head, e) < 0 || store_release(c->writer, e) < 0 ? -1 : 0;
        store_fence(c->writer, NULL);
        store_back(c->writer);
        if (e->kind == ERR_BUSY)
            return -1;
        struct err ignored = { 0 };
        (void)!store_failed(c->writer, &ignored);
        atomic_fetch_add(&c->duty_revision, 1);
        if (areas_reload(c, &ignored) < 0)
            return -1;
        broken->dropped = true;
        struct err said = *e;
        err_broken(e, "core.broken", "%s: %s %.80s", broken->kind->type->name, said.key, said.detail);
        refuse(broken, e);
    }
}

/* ---- many batches, one transaction ------------------------------------------------- */

static int by_ledger(const void *l, const void *r)
{
    const struct entry *a = *(struct entry *const *)l, *b = *(struct entry *const *)r;
    int cmp = strcmp(a->ledger, b->ledger);

    if (cmp)
        return cmp;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

/* Where a record goes: its area's ledger, or as the digits say when the area is made just before it. */
static void route(struct core *c, struct entry *it)
{
    const struct area *a = area_find(c->writing, it->area);
    struct str ledger = a ? a->ledger : it->area;

    if (!a && ledger.len > 12)
        ledger.len = 12;
    snprintf(it->ledger, sizeof it->ledger, "%.*s%s", (int)ledger.len, ledger.at,
             strncmp(it->kind->type->name, "core.read", 9) == 0 || strcmp(it->kind->type->name, "core.reveal") == 0 ? "/read" : "");
}

static int write_all(struct core *c, struct entry **items, size_t count, struct err *e)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && strcmp(items[end]->ledger, items[begin]->ledger) == 0; end++)
            ;
        if (write_ledger(c, items + begin, end - begin, e) < 0)
            return -1;
    }
    return 0;
}

/* Secrets first, then the records sealed with them, then what readers may see. */
static int settle(struct core *c, struct err *e)
{
    if (seal_sync(c->seal, e) < 0 || store_commit(c->writer, e) < 0)
        return -1;
    atomic_fetch_add(&c->commits, 1);
    return c->areas_dirty ? areas_publish(c, c->writer, e) : 0;
}

static void undo(struct core *c)
{
    struct err ignored = { 0 };

    store_fence(c->writer, NULL);
    store_rollback(c->writer);
    (void)!store_failed(c->writer, &ignored);
    atomic_fetch_add(&c->duty_revision, 1);
    (void)!areas_reload(c, &ignored);
}

static void tell(struct core *c, struct entry **items, size_t count)
{
    struct event *events = mem_take((count + 1) * sizeof *events);
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct result *r = result_of(items[i]);
        if (r->status == RESULT_STORED)
            events[n++] = (struct event){ str_of(r->ledger), str_of(items[i]->kind->type->name), items[i]->stored_area, items[i]->path,
                                          r->position, ++c->event_number };
        atomic_fetch_add(r->status == RESULT_STORED ? &c->stored : r->status == RESULT_REPEATED ? &c->repeated : &c->refused, 1);
    }
    pthread_mutex_lock(&c->listen_lock);
    for (size_t i = 0; n && i < c->listener_count; i++)
        c->listeners[i].tell(c->listeners[i].arg, events, n);
    pthread_mutex_unlock(&c->listen_lock);
    free(events);
}

static void write_batches(struct core *c, struct batch_own *first)
{
    struct entry **items = NULL;
    size_t count = 0, room = 0;
    struct err e = { 0 };
    bool ok;

    for (struct batch_own *b = first; b; b = b->next)
        for (size_t i = 0; i < b->open.count; i++) {
            if (b->open.results[i].status == RESULT_REFUSED)
                continue;
            items = MEM_GROW(items, count, room);
            items[count] = &b->items[i];
            route(c, items[count]);
            items[count]->dropped = false;
            items[count]->arrival = count;
            count++;
        }
    if (count > 1)
        qsort(items, count, sizeof *items, by_ledger);
    ok = c->bulk_open || store_begin(c->writer, &e) == 0;
    c->bulk_open = c->bulk;
    ok = ok && write_all(c, items, count, &e) == 0;
    c->bulk_pending += (int64_t)count;
    if (ok && (!c->bulk || c->bulk_pending >= BULK_COMMIT)) {
        ok = settle(c, &e) == 0;
        c->bulk_open = false;
        c->bulk_pending = 0;
    }
    if (!ok) {
        if (e.kind == ERR_NONE || e.kind == ERR_INVALID)
            err_broken(&e, "store.failed", "commit");
        undo(c);
        c->bulk_open = false;
        e.again = true;
        for (size_t i = 0; i < count; i++)
            refuse(items[i], &e);
    }
    tell(c, items, count);
    free(items);
}

/* ---- the queue ------------------------------------------------------------------------- */

static void finish(struct batch_own *b)
{
    while (b) {
        struct batch_own *next = b->next;
        b->next = NULL;
        atomic_fetch_sub(&b->core->waiting, 1);
        if (b->open.done)
            b->open.done(&b->open, b->open.arg);   /* may free it */
        b = next;
    }
}

/* Every waiting batch up to a bound; of the low ones one at a time, beside the others. */
static struct batch_own *take(struct core *c)
{
    struct batch_own *first = NULL, **end = &first;
    size_t records = 0;

    for (int low = 0; low < 2; low++)
        while (c->queue[low] && records < GROUP_MOST) {
            struct batch_own *b = c->queue[low];
            c->queue[low] = b->next;
            if (!c->queue[low])
                c->queue_end[low] = &c->queue[low];
            b->next = NULL;
            *end = b;
            end = &b->next;
            records += b->open.count;
            if (low)
                break;
        }
    return first;
}

static void *writer_main(void *arg)
{
    struct core *c = arg;

    for (;;) {
        pthread_mutex_lock(&c->queue_lock);
        while (!c->queue[0] && !c->queue[1] && !c->stopping)
            pthread_cond_wait(&c->queue_wake, &c->queue_lock);
        struct batch_own *taken = take(c);
        pthread_mutex_unlock(&c->queue_lock);
        if (!taken)
            return NULL;
        write_batches(c, taken);
        finish(taken);
    }
}

static void refuse_batch(struct batch *b, const char *key)
{
    struct err e = { 0 };

    err_again(&e, ERR_BUSY, key);
    for (size_t i = 0; i < b->count; i++)
        if (b->results[i].status == RESULT_WAITING) {
            b->results[i].status = RESULT_REFUSED;
            b->results[i].err = e;
        }
    if (b->done)
        b->done(b, b->arg);
}

void core_submit(struct core *c, struct batch *b)
{
    bool taken = false;

    pthread_mutex_lock(&c->queue_lock);
    if (!c->stopping && c->running) {
        atomic_fetch_add(&c->waiting, 1);
        *c->queue_end[b->low] = b->own;
        c->queue_end[b->low] = &b->own->next;
        taken = true;
        pthread_cond_signal(&c->queue_wake);
    }
    pthread_mutex_unlock(&c->queue_lock);
    if (!taken)
        refuse_batch(b, "busy.stopping");
}

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
};

static void wake(struct batch *b, void *arg)
{
    struct wait *w = arg;

    (void)b;
    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void core_write(struct core *c, struct batch *b)
{
    struct wait w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    if (c->bulk) {
        b->own->next = NULL;
        write_batches(c, b->own);
        return;
    }
    b->done = wake;
    b->arg = &w;
    core_submit(c, b);
    pthread_mutex_lock(&w.lock);
    while (!w.over)
        pthread_cond_wait(&w.wake, &w.lock);
    pthread_mutex_unlock(&w.lock);
}

int core_bulk_begin(struct core *c, struct err *e)
{
    write_stop(c);
    c->bulk = true;
    c->stopping = false;
    return c->writer ? 0 : err_set(e, ERR_CONFLICT, "store.read_only");
}

/* Makes what the bulk load wrote so far visible and durable. */
static int bulk_flush(struct core *c, struct err *e)
{
    if (!c->bulk_open)
        return 0;
    c->bulk_open = false;
    c->bulk_pending = 0;
    if (settle(c, e) == 0)
        return 0;
    undo(c);
    return -1;
}

int core_bulk_end(struct core *c, struct err *e)
{
    int result = bulk_flush(c, e);

    c->bulk = false;
    return write_start(c, e) < 0 ? -1 : result;
}

int write_flush(struct core *c, struct err *e)
{
    return c->bulk ? bulk_flush(c, e) : 0;
}

int write_start(struct core *c, struct err *e)
{
    c->stopping = false;
    c->queue[0] = c->queue[1] = NULL;
    c->queue_end[0] = &c->queue[0];
    c->queue_end[1] = &c->queue[1];
    if (pthread_create(&c->thread, NULL, writer_main, c) != 0)
        return err_broken(e, "core.thread", "pthread_create");
    c->running = true;
    return 0;
}

void write_stop(struct core *c)
{
    if (!c->running)
        return;
    pthread_mutex_lock(&c->queue_lock);
    c->stopping = true;
    pthread_cond_signal(&c->queue_wake);
    pthread_mutex_unlock(&c->queue_lock);
    pthread_join(c->thread, NULL);      /* it empties the queue first */
    c->running = false;
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void error_out(struct out *o, const struct err *e)
{
    out_key(o, "error");
    out_open(o, '{');
    out_key(o, "key"), out_text(o, str_of(e->key));
    if (e->field[0])
        out_key(o, "field"), out_text(o, str_of(e->field));
    if (e->again)
        out_key(o, "again"), out_bool(o, true);
    out_close(o, '}');
}

void core_batch_answer(const struct batch *b, struct buf *to)
{
    static const char *const words[] = { "waiting", "stored", "repeated", "refused" };
    struct out o = { .to = to };

    out_open(&o, '{');
    out_key(&o, "results");
    out_open(&o, '[');
    for (size_t i = 0; i < b->count; i++) {
        const struct result *r = &b->results[i];
        out_open(&o, '{');
        out_key(&o, "id");
        if (id_none(r->id))
            out_null(&o);
        else
            out_id(&o, r->id);
        out_key(&o, "status"), out_text(&o, str_of(words[r->status]));
        if (r->status == RESULT_REFUSED) {
            error_out(&o, &r->err);
        } else {
            out_key(&o, "ledger"), out_text(&o, str_of(r->ledger));
            out_key(&o, "position"), out_int(&o, r->position);
        }
        out_close(&o, '}');
    }
    out_close(&o, ']');
    out_close(&o, '}');
}
