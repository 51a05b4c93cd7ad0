/*
 * tick.c - what happens by itself: alarms that come due, records owed to other villages, the day's heads.
 *
 * Both become ordinary records with ids hashed from what called for them, so
 * that whoever fires or delivers one twice does no harm.  A tick tries so many
 * and the next goes on after them, from the end to the beginning again: those
 * that have to wait keep no others waiting.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>

#include "core_tick.sql.h"

enum { ALARMS = 500, DEBTS = 200 };    /* tried in a tick */

int core_alarm(struct tx *tx, const struct record *r, int64_t due_at, const char *type, struct id subject, struct err *e)
{
    return core_run(tx, e, &sql_put_alarm, ARGS(r->ledger, type, subject, r->area, due_at));
}

int core_alarm_off(struct tx *tx, const struct record *r, const char *type, struct id subject, struct err *e)
{
    return core_run(tx, e, &sql_drop_alarm, ARGS(r->ledger, type, subject));
}

int core_owe(struct tx *tx, const struct record *r, struct str target_area, struct err *e)
{
    return core_run(tx, e, &sql_owe, ARGS(r->ledger, r->position, target_area));
}

static struct id alarm_id(struct str ledger, struct str type, struct id subject, int64_t due_at)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_str(&text, ledger), buf_char(&text, ' '), buf_str(&text, type);
    buf_printf(&text, " %lld ", (long long)due_at);
    return id_make("alarm", buf_view(&text), id_bytes(&subject));
}

static struct id delivery_id(struct id first, struct str target)
{
    return id_make("delivery", id_bytes(&first), target);
}

static void keep(char *to, size_t room, struct str s)
{
    snprintf(to, room, "%.*s", (int)s.len, s.at);
}

/* ---- alarms ------------------------------------------------------------------- */

/* Those that are due into the batch, up to so many, which is counted down. */
static int take_alarms(struct core *c, struct store *s, struct batch *b, int *left, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct alarm *after = &c->alarm_after;

    if (store_query(s, &rows, &sql_due_alarms, ARGS(b->own->received_at, after->due_at, after->ledger, after->type, after->subject, *left), e) < 0)
        return -1;
    for (; rows_next(&rows); --*left) {
        *after = (struct alarm){ .due_at = rows_int(&rows, 4), .subject = rows_id(&rows, 2) };
        keep(after->ledger, sizeof after->ledger, rows_str(&rows, 0));
        keep(after->type, sizeof after->type, rows_str(&rows, 1));
        const struct kind *kind = core_kind(c, rows_str(&rows, 1));
        if (!kind)
            continue;
        struct json *values = json_map();
        json_set(values, kind->type->fields[0].name, json_id(rows_id(&rows, 2)));
        core_batch_add(b, alarm_id(rows_str(&rows, 0), rows_str(&rows, 1), rows_id(&rows, 2), rows_int(&rows, 4)), kind->type->name,
                       rows_str(&rows, 3), rows_int(&rows, 4), values);
    }
    if (*left)
        *after = (struct alarm){ 0 };
    return store_failed(s, e);
}

static int fire_alarms(struct core *c, struct store *s, struct err *e)
{
    struct batch *b = core_batch_new(c, &who_system, time_now());
    bool round = c->alarm_after.due_at != 0;
    int left = ALARMS, fired = 0;
    int result = take_alarms(c, s, b, &left, e);

    if (result == 0 && left && round)
        result = take_alarms(c, s, b, &left, e);
    if (result == 0 && b->count)
        core_write(c, b);
    for (size_t i = 0; result == 0 && i < b->count; i++) {
        if (b->results[i].status == RESULT_STORED)
            fired++;
        else if (b->results[i].status == RESULT_REFUSED)
            *e = b->results[i].err;
    }
    core_batch_free(b);
    return result < 0 ? -1 : fired;
}

/* ---- deliveries ------------------------------------------------------------------ */

static int read_record(struct core *c, const struct ledger_row *row, struct arena *mem, struct record *r, const struct kind **kind, struct err *e)
{
    *kind = core_kind(c, row->type);
    if (!*kind)
        return err_broken(e, "record.type", "type of a stored record");
    *r = (struct record){
        .type = (*kind)->type, .id = row->id, .ledger = arena_str(mem, row->ledger), .area = arena_str(mem, row->area), .position = row->position,
        .received_at = row->received_at, .maker = row->maker, .author = row->author, .for_whom = row->for_whom, .proof = row->proof,
        .boxes = row->boxes.len ? arena_str(mem, row->boxes) : (struct str){ 0 }, .mem = mem,
    };
    if (json_parse(row->body, &json_own, &r->values, e) < 0)
        return -1;
    if (json_parse(row->given, &json_own, &r->given, e) < 0)
        return -1;
    r->at = json_int(json_get(r->given, "at"));
    return 0;
}

static int first_record(struct core *c, struct store *s, struct str ledger, int64_t position, struct arena *mem, struct record *r,
                        const struct kind **kind, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_after(s, ledger, position - 1, &rows, e) < 0)
        return -1;
    if (!ledger_next(&rows, &row))
        return err_broken(e, "ledger.broken", "an owed record is missing");
    return read_record(c, &row, mem, r, kind, e);
}

/* The answer comes back as a record beside the first one; applying it takes the debt from the outbox. */
static void come_back(struct core *c, const struct record *r, struct str target, const char *refused)
{
    struct batch *b = core_batch_new(c, &who_system, time_now());
    struct json *values = json_map();

    json_set(values, "position", json_number(r->position));
    json_set(values, "target", json_text(target));
    if (refused)
        json_set(values, "key", json_text(str_of(refused)));
    core_batch_add(b, id_make(refused ? "refused" : "delivered", id_bytes(&r->id), target), refused ? "core.refused" : "core.delivered",
                   r->area, time_now(), values);
    core_write(c, b);
    core_batch_free(b);
}

int tick_paid(struct tx *tx, const struct record *r, struct err *e)
{
    return core_run(tx, e, &sql_paid, ARGS(r->ledger, record_number(r, "position"), record_text(r, "target")));
}

/* A village that was merged away still has its ledger, as long as anything in it is open. */
static bool lives(const struct areas *areas, const struct area *village)
{
    if (village->open)
        return true;
    for (size_t i = 0; i < area_count(areas); i++)
        if (area_at(areas, i)->open && str_eq(area_at(areas, i)->ledger, village->id))
            return true;
    return false;
}

static bool is_target(const struct delivery *d, const struct areas *areas, const struct area *a, const struct area *target)
{
    return d->villages ? a->level == 4 && area_within(a, target) && lives(areas, a) : a == target;
}

/* One owed row: every record it calls for, then the receipt.  What must wait is tried again at the next tick. */
static int deliver(struct core *c, struct store *s, struct str ledger, int64_t position, struct str target_id, struct err *e)
{
    struct arena mem = { 0 };
    struct record source = { 0 };
    const struct kind *kind;
    const struct areas *areas = core_areas_hold(c);
    const struct area *target = area_find(areas, target_id);
    CLEANUP(json_done) struct json *values = NULL;
    struct tx tx = { .core = c, .store = s, .checking = true };
    struct batch *b = NULL;
    const char *refused = NULL;
    int written = -1;
    bool wait = false;

    bool read = first_record(c, s, ledger, position, &mem, &source, &kind, e) == 0;
    if (read && (!kind->delivery || !target))           /* what can never be delivered is no debt for ever */
        come_back(c, &source, target_id, "area.unknown");
    else if (read && record_opened(c, &source, &values, e) < 0) {
        if (e->kind == ERR_MISSING)                     /* erased before it left */
            come_back(c, &source, target_id, e->key);
    } else if (read) {
        written = 0;
        b = core_batch_new(c, &(struct who){ .worker = source.author, .system = true, .account = "delivery" }, time_now());
        for (size_t i = 0; written == 0 && i < area_count(areas); i++) {
            struct json *body = NULL;
            if (!is_target(kind->delivery, areas, area_at(areas, i), target))
                continue;
            if (kind->delivery->make(&tx, &source, values, &body, e) < 0)
                written = -1;
            else
                core_batch_add(b, delivery_id(source.id, area_at(areas, i)->id), kind->delivery->to, area_at(areas, i)->id, source.at, body);
        }
        if (written == 0)
            core_write(c, b);
        for (size_t i = 0; written >= 0 && i < b->count; i++) {
            const struct result *r = &b->results[i];
            written += r->status == RESULT_STORED;
            wait |= r->status == RESULT_REFUSED && r->err.again;
            if (r->status == RESULT_REFUSED)
                refused = r->err.key;
        }
        if (written >= 0 && !wait)
            come_back(c, &source, target_id, refused);
    }
    core_batch_free(b);
    json_free(source.values);
    json_free(source.given);
    core_areas_drop(areas);
    arena_done(&mem);
    return written;
}

static int list_debts(struct store *s, const struct debt *after, struct debt **debts, size_t *count, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    size_t room = *count;

    if (store_query(s, &rows, &sql_owed, ARGS(after->ledger, after->position, after->target, DEBTS - (int)*count), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        *debts = MEM_GROW(*debts, *count, room);
        struct debt *d = &(*debts)[(*count)++];
        *d = (struct debt){ .position = rows_int(&rows, 1) };
        keep(d->ledger, sizeof d->ledger, rows_str(&rows, 0));
        keep(d->target, sizeof d->target, rows_str(&rows, 2));
    }
    return store_failed(s, e);
}

static int pay_debts(struct core *c, struct store *s, struct err *e)
{
    struct debt *debts = NULL;
    size_t count = 0;
    int all = 0;

    if (list_debts(s, &c->debt_after, &debts, &count, e) < 0 ||
        (count < DEBTS && c->debt_after.position && list_debts(s, &(struct debt){ 0 }, &debts, &count, e) < 0))
        all = -1;
    c->debt_after = count == DEBTS ? debts[DEBTS - 1] : (struct debt){ 0 };
    for (size_t i = 0; all >= 0 && i < count; i++) {        /* one that cannot be delivered does not keep the others waiting */
        int written = deliver(c, s, str_of(debts[i].ledger), debts[i].position, str_of(debts[i].target), e);
        all += written > 0 ? written : 0;
    }
    free(debts);
    return all;
}

int core_tick(struct core *c, struct err *e)
{
    int alarms = 0, debts = 0, heads = 0, rebuilding = atomic_load(&c->rebuilding);

    if (rebuilding != REBUILD_NONE)
        return rebuilding == REBUILD_GOING || time_monotonic() < c->rebuild_at ? 0 : core_rebuild(c, e);
    if (write_elsewhere(c))
        return 0;
    pthread_mutex_lock(&c->tick_lock);
    if ((c->tick_reader || core_reader_open(c, &c->tick_reader, e) == 0) && write_flush(c, e) == 0) {
        figures_look(c, c->tick_reader);
        if (figures_doubtful(c))
            figures_try(c);
        alarms = fire_alarms(c, c->tick_reader->store, e);
        debts = alarms < 0 ? -1 : pay_debts(c, c->tick_reader->store, e);
        heads = debts < 0 ? -1 : heads_tick(c, c->tick_reader->store, e);
    } else {
        alarms = -1;
    }
    pthread_mutex_unlock(&c->tick_lock);
    return alarms < 0 || debts < 0 || heads < 0 ? -1 : alarms + debts + heads;
}
