/*
 * area.c - the registry of areas: ids for ever, codes and tree of today.
 *
 * A picture of all areas is small (16,000 rows) and kept whole in memory.  The
 * writer has one that it changes as records are applied; readers hold a
 * published one that never changes.  Paths are derived from the tree: an area's
 * parent, or the successor of one that was merged away.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>

#include "core_area.sql.h"

struct name {                     /* one entry of the hash by id or code */
    struct str text;
    struct area *area;
    bool present;                 /* id or present code; former codes give way */
};

struct areas {
    struct arena mem;
    struct area **all;            /* by path as loaded; what is put later stands at the end */
    size_t count, room;
    struct name *names;           /* open addressing, power of two */
    size_t name_room, name_count;
    int64_t revision;
    struct area **stale;          /* those whose stored path is not today's */
    size_t stale_count, stale_room;
    atomic_int holds;
};

static uint64_t hash(struct str s)
{
    uint64_t h = 1469598103934665603u;

    for (size_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.at[i]) * 1099511628211u;
    return h;
}

static struct name *name_slot(const struct areas *a, struct str text)
{
    size_t i = hash(text) & (a->name_room - 1);

    while (a->names[i].area && !str_eq(a->names[i].text, text))
        i = (i + 1) & (a->name_room - 1);
    return &a->names[i];
}

/* An id wins over a present code, a present code over a former one. */
static void name_add(struct areas *a, struct str text, struct area *area, bool present)
{
    if ((a->name_count + 1) * 2 > a->name_room) {
        struct name *old = a->names;
        size_t old_room = a->name_room;
        a->name_room = old_room ? old_room * 2 : 1024;
        a->names = mem_take(a->name_room * sizeof *a->names);
        for (size_t i = 0; i < old_room; i++)
            if (old[i].area)
                *name_slot(a, old[i].text) = old[i];
        free(old);
    }
    struct name *slot = name_slot(a, text);
    if (!slot->area)
        a->name_count++;
    else if (str_eq(slot->area->id, text) || (slot->present && !present))
        return;
    *slot = (struct name){ text, area, present };
}

static struct str child_path(struct areas *a, const struct area *up, struct str id)
{
    return str_of(arena_printf(&a->mem, "%.*s%.*s/", up ? (int)up->path.len : 0, up ? up->path.at : "", (int)id.len, id.at));
}

/* Where an area hangs today: below its successor once merged away, else below its parent. */
static const struct area *hangs_on(const struct area *x)
{
    return x->successor ? x->successor : x->parent;
}

static void path_compute(struct areas *a, struct area *x, int depth)
{
    const struct area *up = hangs_on(x);

    if (x->path.at || depth > 64)
        return;
    if (up)
        path_compute(a, (struct area *)up, depth + 1);
    x->path = child_path(a, up, x->id);
}

static int by_path(const void *l, const void *r)
{
    return str_cmp((*(struct area *const *)l)->path, (*(struct area *const *)r)->path);
}

const struct area *areas_put(struct areas *a, const struct area *row, struct str parent)
{
    const struct area *up = parent.len ? area_find(a, parent) : NULL;
    struct area *x = (struct area *)area_find(a, row->id);

    if (!x || !str_eq(x->id, row->id)) {
        x = arena_take(&a->mem, sizeof *x);
        a->all = MEM_GROW(a->all, a->count, a->room);
        a->all[a->count++] = x;
        *x = *row;
        x->id = arena_str(&a->mem, row->id);
        if (up && row->open)
            ((struct area *)up)->children++;
    }
    x->code = arena_str(&a->mem, row->code);
    x->name = arena_str(&a->mem, row->name);
    x->kind = arena_str(&a->mem, row->kind);
    x->ledger = arena_str(&a->mem, row->ledger);
    x->placed = row->placed, x->lon = row->lon, x->lat = row->lat;
    x->parent = up;
    x->path = row->path.at ? arena_str(&a->mem, row->path) : child_path(a, up, x->id);
    name_add(a, x->id, x, true);
    name_add(a, x->code, x, true);
    return x;
}

void areas_free(struct areas *a)
{
    if (!a)
        return;
    free(a->all);
    free(a->stale);
    free(a->names);
    arena_done(&a->mem);
    free(a);
}

struct link {
    struct area *area;
    struct str parent, successor, path;
};

struct areas *areas_load(struct store *s, int64_t revision, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(rows_done) struct rows codes = { 0 };
    struct areas *a = mem_take(sizeof *a);
    struct link *links = NULL;
    size_t count = 0, room = 0;

    a->revision = revision;
    if (store_query(s, &rows, &sql_areas, NO_ARGS, e) < 0) {
        areas_free(a);
        return NULL;
    }
    while (rows_next(&rows)) {
        struct area *x = arena_take(&a->mem, sizeof *x);
        *x = (struct area){
            .id = arena_str(&a->mem, rows_str(&rows, 0)), .code = arena_str(&a->mem, rows_str(&rows, 1)),
            .name = arena_str(&a->mem, rows_str(&rows, 2)), .kind = arena_str(&a->mem, rows_str(&rows, 3)),
            .level = (int)rows_int(&rows, 4), .ledger = arena_str(&a->mem, rows_str(&rows, 6)), .open = rows_int(&rows, 8) != 0,
            .placed = rows_kind(&rows, 10) != VALUE_NULL, .lon = (int32_t)rows_int(&rows, 10), .lat = (int32_t)rows_int(&rows, 11),
        };
        a->all = MEM_GROW(a->all, a->count, a->room);
        a->all[a->count++] = x;
        links = MEM_GROW(links, count, room);
        links[count++] = (struct link){ x, arena_str(&a->mem, rows_str(&rows, 5)), arena_str(&a->mem, rows_str(&rows, 9)),
                                        arena_str(&a->mem, rows_str(&rows, 7)) };
        name_add(a, x->id, x, true);
    }
    for (size_t i = 0; i < count; i++)
        name_add(a, links[i].area->code, links[i].area, true);
    for (size_t i = 0; i < count; i++) {
        struct area *x = links[i].area;
        x->parent = links[i].parent.len ? area_find(a, links[i].parent) : NULL;
        x->successor = links[i].successor.len ? area_find(a, links[i].successor) : NULL;
        if (x->parent && x->open)
            ((struct area *)x->parent)->children++;
    }
    for (size_t i = 0; i < count; i++) {
        path_compute(a, links[i].area, 0);
        if (!str_eq(links[i].area->path, links[i].path)) {
            a->stale = MEM_GROW(a->stale, a->stale_count, a->stale_room);
            a->stale[a->stale_count++] = links[i].area;
        }
    }
    free(links);
    rows_done(&rows);
    if (store_query(s, &codes, &sql_area_codes, NO_ARGS, e) < 0) {
        areas_free(a);
        return NULL;
    }
    while (rows_next(&codes)) {
        struct area *x = (struct area *)area_find(a, rows_str(&codes, 1));
        if (x)
            name_add(a, arena_str(&a->mem, rows_str(&codes, 0)), x, false);
    }
    if (a->count)
        qsort(a->all, a->count, sizeof *a->all, by_path);
    if (store_failed(s, e) < 0) {
        areas_free(a);
        return NULL;
    }
    return a;
}

/* ---- looking -------------------------------------------------------------- */

const struct area *area_find(const struct areas *a, struct str text)
{
    if (!a || !a->name_room || !text.len)
        return NULL;
    struct name *slot = name_slot(a, text);
    if (slot->area)
        return slot->area;
    if (text.len != 12)         /* an official code of a town, district or city ends in zeros */
        return NULL;
    static const size_t lengths[] = { 9, 6, 4 };
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        for (size_t z = lengths[i]; z < text.len; z++)
            if (text.at[z] != '0')
                return NULL;
        slot = name_slot(a, (struct str){ text.at, lengths[i] });
        if (slot->area)
            return slot->area;
    }
    return NULL;
}

size_t area_count(const struct areas *a)
{
    return a->count;
}

const struct area *area_at(const struct areas *a, size_t i)
{
    return a->all[i];
}

bool area_within(const struct area *below, const struct area *above)
{
    return below && above && str_starts(below->path, above->path);
}

int64_t areas_revision(const struct areas *a)
{
    return a->revision;
}

struct str area_birth_id(const struct areas *a, struct str code, struct arena *mem)
{
    struct str id = code;

    for (int n = 2;; n++) {
        const struct area *x = a->name_room ? name_slot(a, id)->area : NULL;
        if (!x || !str_eq(x->id, id))
            return arena_str(mem, id);
        id = str_of(arena_printf(mem, "%.*s.%d", (int)code.len, code.at, n));
    }
}

const struct areas *core_areas_hold(struct core *c)
{
    pthread_mutex_lock(&c->areas_lock);
    struct areas *a = (struct areas *)c->published;
    atomic_fetch_add(&a->holds, 1);
    pthread_mutex_unlock(&c->areas_lock);
    return a;
}

void core_areas_drop(const struct areas *held)
{
    struct areas *a = (struct areas *)held;

    if (a && atomic_fetch_sub(&a->holds, 1) == 1)
        areas_free(a);
}

/* ---- the writer's side ------------------------------------------------------ */

int areas_publish(struct core *c, struct store *s, struct err *e)
{
    struct areas *fresh = areas_load(s, ++c->areas_revision, e);

    if (!fresh)
        return -1;
    fresh->holds = 1;
    pthread_mutex_lock(&c->areas_lock);
    const struct areas *old = c->published;
    c->published = fresh;
    pthread_mutex_unlock(&c->areas_lock);
    core_areas_drop(old);
    c->areas_dirty = false;
    return 0;
}

int areas_reload(struct core *c, struct err *e)
{
    struct areas *fresh = areas_load(c->writer, 0, e);

    if (!fresh)
        return -1;
    areas_free(c->writing);
    c->writing = fresh;
    c->tree_dirty = false;
    return 0;
}

int areas_repath(struct core *c, struct err *e)
{
    if (areas_reload(c, e) < 0)
        return -1;
    for (size_t i = 0; i < c->writing->stale_count; i++)
        if (store_run(c->writer, &sql_repath_area, ARGS(c->writing->stale[i]->id, c->writing->stale[i]->path), NULL, e) < 0)
            return -1;
    c->areas_dirty = true;
    return 0;
}

static int put_code(struct tx *tx, struct str code, struct str id, struct err *e)
{
    return core_run(tx, e, &sql_put_area_code, ARGS(code, id));
}

int core_area_put(struct tx *tx, const struct record *r, const struct area_put *a, struct err *e)
{
    struct core *c = tx->core;
    struct value lon = a->placed ? value_int(a->lon) : value_null, lat = a->placed ? value_int(a->lat) : value_null;
    struct area row = { .id = a->id, .code = a->code, .name = a->name, .kind = a->kind, .ledger = a->ledger, .level = a->level,
                        .open = true, .placed = a->placed, .lon = a->lon, .lat = a->lat };
    const struct area *x = areas_put(c->writing, &row, a->parent);

    c->areas_dirty = true;
    if (core_run(tx, e, &sql_put_area, ARGS(a->id, a->code, a->name, a->kind, a->level, a->parent.len ? value_str(a->parent) : value_null,
                                            a->ledger, x->path, lon, lat, STR(""), r->at, record_stamp(r))) < 0)
        return -1;
    return put_code(tx, a->code, a->id, e);
}

/* Another code or name moves nothing: the writer's picture is changed in place. */
static void areas_rename(struct areas *a, struct str id, struct str code, struct str name)
{
    struct area *x = (struct area *)area_find(a, id);

    if (!x)
        return;
    x->code = arena_str(&a->mem, code);
    if (name.len)
        x->name = arena_str(&a->mem, name);
    name_add(a, x->code, x, true);
}

/* What changes where an area hangs moves everything below it: paths are computed again before the next look. */
static void tree_changed(struct tx *tx)
{
    tx->core->areas_dirty = true;
    tx->core->tree_dirty = true;
}

int core_area_close(struct tx *tx, const struct record *r, struct str id, struct str successor, struct err *e)
{
    if (core_run(tx, e, &sql_close_area, ARGS(id, successor.len ? value_str(successor) : value_null, r->at)) < 0)
        return -1;
    tree_changed(tx);
    return 0;
}

int core_area_recode(struct tx *tx, const struct record *r, struct str id, struct str code, struct str name, struct str parent, struct err *e)
{
    if (core_run(tx, e, &sql_recode_area, ARGS(id, code, name.len ? value_str(name) : value_null,
                                               parent.len ? value_str(parent) : value_null, record_stamp(r))) < 0 ||
        put_code(tx, code, id, e) < 0)
        return -1;
    if (parent.len)
        tree_changed(tx);
    areas_rename(tx->core->writing, id, code, name);
    tx->core->areas_dirty = true;
    return 0;
}

int core_area_shape(struct tx *tx, const struct record *r, struct str id, const struct json *shape, bool synthetic, struct err *e)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    if (shape)
        json_write(shape, &text);
    tx->core->areas_dirty = true;
    return core_run(tx, e, &sql_shape_area, ARGS(id, shape ? value_str(buf_view(&text)) : value_null, synthetic, record_stamp(r)));
}

int core_area_point(struct tx *tx, const struct record *r, struct str id, int32_t lon, int32_t lat, struct err *e)
{
    tx->core->areas_dirty = true;
    return core_run(tx, e, &sql_point_area, ARGS(id, lon, lat, record_stamp(r)));
}
