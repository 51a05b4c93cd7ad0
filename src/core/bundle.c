/*
 * bundle.c - GET /api/bundle: what a phone takes along of its grid, in one answer from one state of the store.
 *
 * Its parts are the questions that say so; each keeps its own right, and who
 * may not ask one of them gets no bundle.  What changed since a cursor is read
 * from the ledger: the ids its records name lead to doors, and of these doors
 * all rows come anew.  Whatever else rows depend on - the day, the round, the
 * asker's duties, the tree - is hashed into the cursor: when that differs, when a
 * record names no door, or when too much happened, everything comes.
 */
#include "core/own.h"

#include <inttypes.h>
#include <stdlib.h>

enum { PARTS_MOST = 16, LEVEL_LEAST = 4, RANGE_MOST = 1000, HASH = 16 };   /* LEVEL: a village; RANGE: records read for a delta */

struct part {
    struct ask ask;
    const char *name;
};

struct bundling {
    struct ask *ask;                  /* area, mem, store and areas of all parts; what was shown is summed there */
    struct part parts[PARTS_MOST];
    size_t count;
    char state[HASH + 1];
    int64_t position;
    bool whole;
    struct ids doors;                 /* touched; unless whole */
    struct told told;
    struct str tags;                  /* the asker has these */
};

int64_t told_place(struct told *t, struct id id)
{
    uint64_t at;

    if (2 * t->count >= t->size) {
        t->size = t->size ? 2 * t->size : 256;
        free(t->slots);
        t->slots = mem_take(t->size * sizeof *t->slots);
        for (size_t i = 0, all = t->count; i < all; i++) {
            memcpy(&at, t->at[i].b + 8, sizeof at);
            while (t->slots[at & (t->size - 1)])
                at++;
            t->slots[at & (t->size - 1)] = (uint32_t)i + 1;
        }
    }
    memcpy(&at, id.b + 8, sizeof at);
    for (; t->slots[at & (t->size - 1)]; at++)
        if (id_eq(t->at[t->slots[at & (t->size - 1)] - 1], id))
            return t->slots[at & (t->size - 1)] - 1;
    t->at = MEM_GROW(t->at, t->count, t->room);
    t->at[t->count++] = id;
    t->slots[at & (t->size - 1)] = (uint32_t)t->count;
    return (int64_t)t->count - 1;
}

static bool by_door(const struct part *p)
{
    return p->ask.query->bundle != BUNDLE_TAGGED;
}

static void hash_put(struct buf *to, struct str bytes)
{
    uint8_t hash[32];

    seal_hash(bytes, hash);
    hex_put(to, (struct str){ (const char *)hash, HASH / 2 });
}

/* ---- the state in which a delta is possible -------------------------------------------- */

static void word(struct buf *to, struct str s)
{
    buf_printf(to, "%zu:", s.len);
    buf_str(to, s.at ? s : STR(""));
}

/* False when its areas lie in several ledgers: one position does not say how far. */
static bool state_areas(const struct ask *ask, struct buf *to)
{
    for (size_t i = 0; i < area_count(ask->areas); i++) {
        const struct area *a = area_at(ask->areas, i);
        if (!area_within(a, ask->area))
            continue;
        word(to, a->id), word(to, a->path);
        if (!str_eq(a->ledger, ask->area->ledger))
            return false;
    }
    return true;
}

static void state_who(const struct who *who, struct buf *to)
{
    word(to, id_bytes(&who->worker));
    for (size_t i = 0; i < who->duty_count; i++) {
        const struct duty *d = &who->duties[i];
        word(to, str_of(d->area)), word(to, str_of(d->role)), word(to, id_bytes(&d->household));
    }
}

static void state_part(const struct part *p, struct buf *to)
{
    word(to, str_of(p->name));
    for (size_t i = 0; i < p->ask.arg_count; i++) {
        const struct value *v = &p->ask.args[i];
        buf_printf(to, "%d.%" PRId64 ".", v->kind, v->number);
        word(to, v->bytes.at ? v->bytes : id_bytes(&v->own));
    }
}

/* Whatever rows are made from beside the ledger. Empty: there is no delta. */
static void state_of(struct bundling *b)
{
    CLEANUP(buf_done) struct buf all = { 0 }, hash = { 0 };
    bool possible = state_areas(b->ask, &all);

    word(&all, str_of(WANGGE_VERSION));
    state_who(b->ask->who, &all);
    for (size_t i = 0; i < b->count; i++) {
        if (by_door(&b->parts[i]))
            state_part(&b->parts[i], &all);
        possible &= !b->parts[i].ask.own_only;
    }
    if (!possible)
        return;
    hash_put(&hash, buf_view(&all));
    memcpy(b->state, hash.at, HASH);
}

static void cursor_put(const struct bundling *b, int64_t position, struct buf *to)
{
    hex_put(to, (struct str){ (const char *)b->ask->core->incarnation.b + 12, 4 });
    buf_printf(to, ".%s.%" PRId64, b->state, position);
}

/* The position it stands at, -1 when a cursor of this state says something else. */
static int64_t cursor_position(const struct bundling *b, struct str cursor)
{
    CLEANUP(buf_done) struct buf same = { 0 };
    const char *dot = cursor.len ? memrchr(cursor.at, '.', cursor.len) : NULL;
    int64_t position;

    if (!dot || !b->state[0] || !str_to_int((struct str){ dot + 1, cursor.len - (size_t)(dot + 1 - cursor.at) }, &position))
        return -1;
    cursor_put(b, position, &same);
    return str_eq(buf_view(&same), cursor) ? position : -1;
}

/* ---- what the ledger says since ---------------------------------------------------------- */

struct named {                        /* an id that a record of the range names */
    struct id id;
    size_t record;
};

struct range {
    struct named *ids;
    size_t count, room, records;
    bool settled[RANGE_MOST];         /* leads to a door, or changes no row */
    bool unknown;                     /* a type this program does not know */
};

static void range_done(struct range *r)
{
    free(r->ids);
}

static int by_named(const void *a, const void *b)
{
    return memcmp(&((const struct named *)a)->id, &((const struct named *)b)->id, sizeof(struct id));
}

static void range_add(struct range *r, const struct field *fields, const struct json *values)
{
    struct id id;

    for (const struct field *f = fields; f && f->name; f++)
        if (f->kind == FIELD_ID && !f->list && id_parse(json_str(json_get(values, f->name)), &id)) {
            r->ids = MEM_GROW(r->ids, r->count, r->room);
            r->ids[r->count++] = (struct named){ id, r->records };
        }
}

static int range_read(struct bundling *b, int64_t after, struct range *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (ledger_said(b->ask->store, b->ask->area->ledger, after, b->position, &rows, e) < 0)
        return -1;
    for (; rows_next(&rows) && r->records < RANGE_MOST; r->records++) {
        CLEANUP(json_done) struct json *values = NULL;
        const struct kind *kind = core_kind(b->ask->core, rows_str(&rows, 0));
        r->unknown |= !kind;
        r->settled[r->records] = kind && kind->type->aside;
        if (!kind || kind->type->aside)
            continue;
        if (json_parse(rows_str(&rows, 1), &json_own, &values, e) < 0)
            return -1;
        range_add(r, kind->type->fields, values);
    }
    return store_failed(b->ask->store, e);
}

static const struct sql *doors_of(struct core *c)
{
    for (size_t i = 0; i < c->feature_count; i++)
        if (c->features[i]->doors_of)
            return c->features[i]->doors_of;
    return NULL;
}

/* Does the id lead to doors?  Those that stand below the asked area, or may have left it since, are touched. */
static int id_doors(struct bundling *b, const struct sql *sql, struct id id, int64_t after, bool *found, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    *found = false;
    if (store_query(b->ask->store, &rows, sql, ARGS(b->ask->area->ledger, id), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        const struct area *area = area_find(b->ask->areas, rows_str(&rows, 1));
        *found = true;
        if (rows_int(&rows, 2) > after || (area && area_within(area, b->ask->area)))
            ids_add(&b->doors, rows_id(&rows, 0));
    }
    return store_failed(b->ask->store, e);
}

static int touched(struct bundling *b, int64_t after, struct err *e)
{
    CLEANUP(range_done) struct range r = { 0 };
    const struct sql *sql = doors_of(b->ask->core);
    bool found = false;

    b->whole = !sql || after < 0 || after > b->position || b->position - after > RANGE_MOST;
    if (b->whole)
        return 0;
    if (range_read(b, after, &r, e) < 0)
        return -1;
    if (r.count)
        qsort(r.ids, r.count, sizeof *r.ids, by_named);
    for (size_t i = 0; i < r.count; i++) {
        if ((i == 0 || !id_eq(r.ids[i].id, r.ids[i - 1].id)) && id_doors(b, sql, r.ids[i].id, after, &found, e) < 0)
            return -1;
        r.settled[r.ids[i].record] |= found;
    }
    b->whole = r.unknown || memchr(r.settled, false, r.records);
    return 0;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static int part_out(struct bundling *b, struct part *p, struct out *parts, struct out *tags, struct err *e)
{
    CLEANUP(buf_done) struct buf body = { 0 }, tag = { 0 };
    const struct query *q = p->ask.query;
    bool rows = by_door(p);
    char ignored[64];

    if (rows && !b->whole && !b->doors.count)
        return 0;
    if (q->answer ? q->answer(&p->ask, &body, ignored, e) < 0 : table_out(&p->ask, rows && !b->whole ? &b->doors : NULL, rows ? &b->told : NULL, &body, e) < 0)
        return -1;
    if (!rows) {
        hash_put(&tag, buf_view(&body));
        out_key(tags, p->name);
        out_text(tags, buf_view(&tag));
        if (b->tags.len && memmem(b->tags.at, b->tags.len, tag.at, tag.len))
            return 0;
    }
    b->ask->shown += p->ask.shown;
    out_key(parts, p->name);
    out_raw(parts, buf_view(&body));
    return 0;
}

static int bundle_out(struct bundling *b, struct buf *body, struct err *e)
{
    CLEANUP(buf_done) struct buf parts = { 0 }, tags = { 0 }, cursor = { 0 };
    struct out o = { .to = body }, part = { .to = &parts }, tag = { .to = &tags };

    out_open(&part, '{');
    out_open(&tag, '{');
    for (size_t i = 0; i < b->count; i++)
        if (part_out(b, &b->parts[i], &part, &tag, e) < 0)
            return -1;
    out_close(&part, '}');
    out_close(&tag, '}');
    cursor_put(b, b->position, &cursor);
    out_open(&o, '{');
    out_key(&o, "incarnation"), out_id(&o, b->ask->core->incarnation);
    out_key(&o, "area"), out_text(&o, b->ask->area->id);
    out_key(&o, "ledger"), out_text(&o, b->ask->area->ledger);
    out_key(&o, "position"), out_int(&o, b->position);
    out_key(&o, "cursor"), out_text(&o, buf_view(&cursor));
    out_key(&o, "whole"), out_bool(&o, b->whole);
    out_key(&o, "touched");
    out_open(&o, '[');
    for (size_t i = 0; i < b->doors.count && !b->whole; i++)
        out_id(&o, b->doors.at[i]);
    out_close(&o, ']');
    out_key(&o, "tags"), out_raw(&o, buf_view(&tags));
    out_key(&o, "parts"), out_raw(&o, buf_view(&parts));
    out_key(&o, "ids");
    out_open(&o, '[');
    for (size_t i = 0; i < b->told.count; i++)
        out_id(&o, b->told.at[i]);
    out_close(&o, ']');
    out_close(&o, '}');
    return 0;
}

struct asked {
    ask_param *param;
    void *ctx;
};

static struct str only_area(void *ctx, const char *name)
{
    const struct asked *a = ctx;

    return strcmp(name, "area") == 0 ? a->param(a->ctx, name) : (struct str){ 0 };
}

/* Every part there is, each with the right on the area. */
static int parts_find(struct bundling *b, struct asked *asked, struct err *e)
{
    struct core *c = b->ask->core;

    for (size_t i = 0; i < c->feature_count; i++)
        for (const struct query *q = c->features[i]->queries; q && q->name && b->count < PARTS_MOST; q++) {
            if (!q->bundle)
                continue;
            struct part *p = &b->parts[b->count++];
            p->ask = *b->ask;
            struct query *ours = arena_take(b->ask->mem, sizeof *ours);
            *ours = *q;
            if (q->bundle == BUNDLE_STATES)
                ours->sealed = NULL;
            p->ask.query = ours;
            p->ask.bundled = true;
            p->name = arena_printf(b->ask->mem, "%s/%s", c->features[i]->name, q->name);
            if (ask_area(&p->ask, only_area, asked, e) < 0)
                return -1;
            b->ask->area = p->ask.area;
        }
    return b->ask->area && b->ask->area->level >= LEVEL_LEAST ? 0 : err_field(e, "bundle.large", "area");
}

static int bundle_read(struct bundling *b, struct asked *asked, struct buf *body, struct err *e)
{
    for (size_t i = 0; i < b->count; i++)
        if (ask_args(&b->parts[i].ask, only_area, asked, e) < 0)
            return -1;
    state_of(b);
    if (ledger_position(b->ask->store, b->ask->area->ledger, &b->position, e) < 0 ||
        touched(b, cursor_position(b, asked->param(asked->ctx, "since")), e) < 0)
        return -1;
    return bundle_out(b, body, e);
}

int core_bundle(struct core *c, struct reader *reader, const struct who *who, ask_param *param, void *ctx, struct answer *out, struct err *e)
{
    struct arena mem = { 0 };
    struct ask ask = { .core = c, .who = who, .store = reader->store, .mem = &mem, .areas = core_areas_hold(c) };
    struct bundling *b = arena_take(&mem, sizeof *b);
    struct asked asked = { param, ctx };
    int result = -1;

    atomic_fetch_add(&c->reads, 1);
    *b = (struct bundling){ .ask = &ask, .tags = arena_str(&mem, param(ctx, "tags")) };
    if (parts_find(b, &asked, e) == 0 && ask_snapshot(&ask, e) == 0) {
        result = bundle_read(b, &asked, &out->body, e);
        store_snapshot_end(ask.store);
    }
    if (result == 0 && ask.shown) {
        struct json *values = json_map();
        json_set(values, "query", json_text(STR("bundle")));
        json_set(values, "count", json_number(ask.shown));
        out->note = read_note(&ask, "core.read", values);
    }
    free(b->doors.at);
    free(b->told.at);
    free(b->told.slots);
    core_areas_drop(ask.areas);
    arena_done(&mem);
    return result;
}
