/*
 * write.c - one record in the writer's hands: area, repeat, right, check, boxes, ledger, tables.
 *
 * The records of one ledger stand in one savepoint: a record whose apply fails
 * is left out and the others are written again without it.
 */
#include "core/own.h"

#include <stdio.h>

static const int64_t day_ms = 24 * 60 * 60 * 1000;
static const int64_t handover_ms = 7 * 24 * 60 * 60 * 1000LL;       /* work done before a handover still counts for so long */

struct store *tx_store(struct tx *tx)
{
    return tx->store;
}

const struct areas *tx_areas(struct tx *tx)
{
    return tx->core->writing;
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

int tx_made(struct tx *tx, const struct record *r, struct id record, struct id *doer, int64_t *received_at, struct err *e)
{
    CLEANUP(rows_done) struct rows found = { 0 };
    struct ledger_row row;

    store_fence(tx->store, NULL);
    int hit = ledger_find(tx->store, r->ledger, record, &found, &row, e);
    store_fence(tx->store, &tx->core->fences[tx->feature]);
    if (hit == 1) {
        *doer = id_none(row.for_whom) ? row.maker : row.for_whom;
        *received_at = row.received_at;
    }
    return hit;
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
        if (c->features[i]->centre_of && !id_none(household) &&
            c->features[i]->centre_of(c->writer, r->ledger, household, centre, e) < 0)
            return -1;
    return 0;
}

static int allowed(struct core *c, const struct record *r, struct id worker, enum right right, const struct area *area, int64_t at,
                   bool *yes, struct err *e)
{
    struct duty *duties;
    int64_t *ended;
    size_t count;
    struct id centre = record_id(r, "household");       /* the centre household itself, or one linked to it */

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

int64_t judged_at(const struct record *r)
{
    return r->received_at - r->at <= handover_ms ? r->at : r->received_at;
}

/*
 * The maker's right at the time of the work, for seven days; a command's now
 * as well, and nobody gives one in another's name.  Typing in for somebody
 * needs the right to do so, and theirs; a maker who is only claimed needs the
 * right of whoever hands it in, now.
 *
 * A maker whom his device proves needs nobody beside him: whoever brings his
 * work in has no say in it and needs no right, and what he typed in for another
 * he typed when he made it, not when it came.  His commands he must give
 * himself, though: a mark tells that he once wrote it, not that he wants it now,
 * and only his own session does; who found it on his phone could give it when
 * it suits him.
 */
static int judge(struct core *c, const struct entry *it, const struct record *r, const struct area *area, struct err *e)
{
    const struct record_type *type = r->type;
    int64_t then = judged_at(r);
    struct id hand = it->batch->who.worker;
    struct id doer = record_doer(r);
    bool proved = r->proof == PROOF_MAC, typed = !id_none(r->for_whom), yes = true;
    enum right right = type->own && id_eq(record_id(r, type->own), doer) ? RIGHT_SIGNED_IN : type->right;

    if (it->batch->who.system)
        return 0;
    if ((type->command || (typed && !proved)) && !id_eq(r->maker, hand))
        return err_field(e, "record.maker", "maker");
    if (type->command && typed)
        return err_field(e, "record.for", "for");
    if (typed && allowed(c, r, r->maker, RIGHT_FOR, area, proved ? then : r->received_at, &yes, e) < 0)
        return -1;
    if (yes && allowed(c, r, doer, right, area, then, &yes, e) < 0)
        return -1;
    if (yes && type->command && allowed(c, r, doer, right, area, r->received_at, &yes, e) < 0)
        return -1;
    if (yes && !typed && !proved && !id_eq(r->maker, hand) && allowed(c, r, hand, right, area, r->received_at, &yes, e) < 0)
        return -1;
    return yes ? 0 : err_set(e, ERR_DENIED, "right.denied");
}

static int make_boxes(struct core *c, const struct entry *it, const struct record *r, int64_t at, struct buf *boxes, struct err *e)
{
    for (enum seal_class class = SEAL_OPEN + 1; class < SEAL_CLASSES; class++) {
        CLEANUP(buf_done) struct buf box = { 0 };
        struct seal_place place = { r->ledger, r->id, r->subject, class, at };
        if (!it->shadows[class].at)
            continue;
        if (seal_box(c->seal, &place, it->shadows[class], &box, e) < 0)
            return -1;
        ledger_box_add(boxes, buf_view(&box));
    }
    return 0;
}

/* Of an erased subject, and of a destroyed month, only the clear part is kept. */
static int seal_record(struct core *c, const struct entry *it, struct record *r, struct buf *boxes, struct err *e)
{
    int result = make_boxes(c, it, r, r->at, boxes, e);

    if (result == 0 || strcmp(e->key, "seal.erased") != 0)
        return result;
    buf_clear(boxes);
    given_number(r, "erased", 1);
    return 0;
}

/* Is what the row keeps sealed what came again?  Of what is erased nothing can be compared. */
static int sealed_same(struct core *c, const struct entry *it, struct record *r, const struct ledger_row *row, bool *same, struct err *e)
{
    CLEANUP(buf_done) struct buf boxes = { 0 };
    struct json *given = NULL;
    struct str first;
    size_t i = 0;
    bool any = false;

    for (enum seal_class class = SEAL_OPEN + 1; class < SEAL_CLASSES; class++)
        any |= it->shadows[class].at != NULL;
    if (json_parse(row->given, &json_own, &given, e) < 0)
        return -1;
    *same = !any || json_int(json_get(given, "erased")) != 0;
    if (!ledger_box(row->boxes, &i, &first))
        return 0;
    r->subject = seal_box_subject(first);
    *same = seal_erased(c->seal, r->ledger, r->subject);
    if (*same)
        return 0;
    if (make_boxes(c, it, r, json_int(json_get(given, "at")), &boxes, e) < 0) {
        *same = strcmp(e->key, "seal.erased") == 0;
        return *same ? 0 : -1;
    }
    *same = str_eq(row->boxes, buf_view(&boxes));
    return 0;
}

/* The same id again: the same content is a harmless repeat, another content is refused. */
static int again(struct core *c, struct entry *it, struct record *r, const struct ledger_row *row, struct err *e)
{
    struct result *result = entry_result(it);
    bool same = str_is(row->type, r->type->name) && str_eq(row->area, r->area) && row->at == it->at && id_eq(row->maker, r->maker) &&
                id_eq(row->for_whom, r->for_whom) && str_eq(row->body, it->body);

    if (same && sealed_same(c, it, r, row, &same, e) < 0)
        return -1;
    if (!same)
        return err_set(e, ERR_CONFLICT, "record.reused");
    result->status = RESULT_REPEATED;
    result->position = row->position;
    memcpy(result->digest, row->digest, LEDGER_DIGEST);
    return 0;
}

static struct id subject_of(const struct record *r)
{
    if (!id_none(r->subject) || !r->type->subject)
        return r->subject;
    return record_id(r, r->type->subject);
}

static bool goes_to(const struct entry *it, const struct area *area, const struct ledger_head *head)
{
    char name[LEDGER_NAME];

    ledger_name(name, area->ledger, it->kind->type->looks);
    return strcmp(name, head->ledger) == 0;
}

/* 0 written or repeated or refused (see the result); -1: its apply failed or the store did. */
static int write_one(struct core *c, struct ledger_head *head, struct entry *it, struct err *e)
{
    struct batch_own *b = it->batch;
    JSON_HOME(&b->mem);
    struct json *given = json_map();
    CLEANUP(rows_done) struct rows found = { 0 };
    CLEANUP(buf_done) struct buf boxes = { 0 };
    CLEANUP(buf_done) struct buf given_text_ = { 0 };
    struct tx tx = { .core = c, .store = c->writer, .checking = true };
    struct ledger_row row;
    struct record r = {
        .type = it->kind->type, .id = it->id, .ledger = str_of(head->ledger), .at = it->corrected, .received_at = b->received_at,
        .maker = it->maker, .author = b->who.worker, .for_whom = it->for_whom, .values = it->values, .given = given, .mem = &b->mem,
        .proof = b->who.system ? PROOF_SERVER : it->marked ? PROOF_MAC : id_eq(it->maker, b->who.worker) ? PROOF_SESSION : PROOF_CLAIMED,
    };
    struct result *result = entry_result(it);
    struct err wrong = { 0 };
    const struct area *area;
    int hit;

    if (c->tree_dirty && areas_repath(c, e) < 0)
        return -1;
    area = area_find(c->writing, it->area);
    memcpy(result->ledger, head->ledger, sizeof result->ledger);
    result->safe = head->safe;
    if (!area && !(r.type->births && b->who.system)) {
        err_again(&wrong, ERR_MISSING, "area.unknown");
        entry_refuse(it, &wrong);
        return 0;
    }
    if (area && !goes_to(it, area, head)) {         /* another record of this commit changed where it belongs */
        err_again(&wrong, ERR_BUSY, "ledger.changed");
        entry_refuse(it, &wrong);
        return 0;
    }
    r.area = area ? arena_str(r.mem, area->id) : it->area;      /* apply may change the picture it comes from */
    hit = ledger_find(c->writer, r.ledger, it->id, &found, &row, e);
    if (hit < 0)
        return -1;
    if (it->kind->areas) {
        if (fields_areas(c->writing, r.type->fields, it->values, &wrong) < 0) {
            entry_refuse(it, &wrong);
            return 0;
        }
        entry_split(it);
    }
    if (hit) {
        if (again(c, it, &r, &row, &wrong) < 0)
            entry_refuse(it, &wrong);
        return 0;
    }
    rows_done(&found);
    if (judge(c, it, &r, area, &wrong) < 0) {
        entry_refuse(it, &wrong);
        return 0;
    }
    given_number(&r, "at", r.at);
    if (r.received_at - r.at > day_ms)
        given_number(&r, "late", 1);
    if (r.type->check) {
        enter(&tx, it->kind->feature);
        hit = r.type->check(&tx, &r, &wrong);
        store_fence(c->writer, NULL);
        if (store_failed(c->writer, e) < 0)
            return -1;
        if (hit < 0) {
            entry_refuse(it, &wrong);
            return 0;
        }
    }
    r.subject = subject_of(&r);
    if (given_has(&r, "erase_subject") && core_erase(c, r.ledger, given_as_id(&r, "erase_subject"), e) < 0)
        return -1;
    if (seal_record(c, it, &r, &boxes, &wrong) < 0) {
        entry_refuse(it, &wrong);
        return 0;
    }
    if (boxes.len && it->findable && tokens_note(c, &r, it->values, e) < 0)
        return -1;

    r.values = it->clear;
    r.boxes = boxes.len ? arena_str(r.mem, buf_view(&boxes)) : (struct str){ 0 };
    json_write(given, &given_text_);
    row = (struct ledger_row){
        .id = r.id, .type = str_of(r.type->name), .area = r.area, .at = it->at, .received_at = r.received_at, .maker = r.maker,
        .author = r.author, .for_whom = r.for_whom, .proof = r.proof, .body = it->body, .given = buf_view(&given_text_), .boxes = r.boxes,
    };
    if (ledger_append(c->writer, head, &row, e) < 0)
        return -1;
    r.position = row.position;
    if (apply_record(c, it->kind, &r, false, e) < 0)
        return -1;
    result->status = RESULT_STORED;
    result->position = row.position;
    memcpy(result->digest, row.digest, LEDGER_DIGEST);
    it->stored_area = r.area;
    area = area_find(c->writing, r.area);
    it->path = area ? arena_str(&b->mem, area->path) : (struct str){ 0 };
    return 0;
}

int write_ledger(struct core *c, struct entry **entries, size_t count, struct err *e)
{
    for (;;) {
        struct ledger_head head;
        struct entry *broken = NULL;
        struct lists before = lists_now(c);
        if (store_savepoint(c->writer, e) < 0)
            return -1;
        bool locked = ledger_lock(c->writer, str_of(entries[0]->ledger), &head, e) == 0;
        for (size_t i = 0; locked && i < count && !broken; i++) {
            if (entries[i]->dropped)
                continue;
            memset(entry_result(entries[i]), 0, sizeof(struct result));
            entry_result(entries[i])->id = entries[i]->id;
            if (write_one(c, &head, entries[i], e) < 0)
                broken = entries[i];
        }
        if (locked && !broken) {
            c->appended += head.position - head.settled;
            return ledger_settle(c->writer, &head, e) < 0 || store_release(c->writer, e) < 0 ? -1 : 0;
        }
        store_fence(c->writer, NULL);
        store_back(c->writer);
        lists_back(c, before);
        if (e->kind == ERR_BUSY)
            return -1;
        struct err ignored = { 0 };
        (void)!store_failed(c->writer, &ignored);
        if (areas_reload(c, &ignored) < 0)
            return -1;
        if (!locked || strcmp(e->key, "store.damaged") == 0) {     /* costs this ledger, not the others; what came for it stays with who sent it */
            e->again = true;
            for (size_t i = 0; i < count; i++)
                entry_refuse(entries[i], e);
            return 0;
        }
        broken->dropped = true;
        struct err said = *e;
        err_broken(e, "core.broken", "%s: %s %.80s", broken->kind->type->name, said.key, said.detail);
        entry_refuse(broken, e);
    }
}

