/*
 * divisions.c - the official list of areas, down to villages, and its changes.
 *
 * An area stands under its present code.  What the file has and the store has
 * not is opened; what is in both under another name is renamed; a village that
 * vanished is paired with a new one of the same district and name stem and
 * re-coded, so that its history stays its own.  What cannot be paired is told
 * and left as it is: a file that lists only part of a city closes nothing.
 * Ancestors named only by code are opened too, their code for a name.
 */
#include <stdio.h>
#include <stdlib.h>

#include "exchange/table.h"

enum { COL_CODE, COL_NAME, COL_LEVEL, COL_PARENT, COL_KIND };
const struct column division_columns[] = {
    [COL_CODE] = { "code", "代码", true },
    [COL_NAME] = { "name", "名称", true },
    [COL_LEVEL] = { "level", "级别", true },
    [COL_PARENT] = { "parent_code", "上级代码", false },
    [COL_KIND] = { "type", "类型", false },
    { "short_name", "简称", false },
    { 0 },
};
static const char *const level_names[] = { "", "city", "district", "town", "village" };
static const size_t level_digits[] = { 0, 4, 6, 9, 12 };
enum { LEVELS = COUNT_OF(level_digits) };

/* A code of this level without its trailing zeros; "none" when it is no such code. */
static struct str code_of(struct str text, int level)
{
    const size_t n = level_digits[level];

    if (text.len < n || text.len > 12)
        return (struct str){ 0 };
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9' || (i >= n && text.at[i] != '0'))
            return (struct str){ 0 };
    return (struct str){ text.at, n };
}

static struct str code_above(const struct division *d)
{
    return d->level > 1 ? (struct str){ d->code.at, level_digits[d->level - 1] } : (struct str){ 0 };
}

static const char *read_division(const struct table *t, struct arena *mem, struct division *d)
{
    struct str level = table_cell(t, COL_LEVEL), parent = table_cell(t, COL_PARENT);

    for (d->level = 1; d->level < LEVELS && !str_is(level, level_names[d->level]); d->level++)
        ;
    if (d->level == LEVELS)
        return "level";
    d->code = code_of(table_cell(t, COL_CODE), d->level);
    if (!d->code.len)
        return "code";
    d->code = arena_str(mem, d->code);
    d->name = arena_str(mem, table_cell(t, COL_NAME));
    if (d->name.len == 0 || utf8_count(d->name) > 100)
        return "name";
    d->parent = code_above(d);
    if (parent.len && (d->level == 1 || !str_eq(code_of(parent, d->level - 1), d->parent)))
        return "parent_code";
    d->kind = table_cell(t, COL_KIND);
    d->kind = d->kind.len ? arena_str(mem, d->kind) : (struct str){ 0 };
    return utf8_count(d->kind) > 40 ? "type" : NULL;
}

static int by_level_and_code(const void *a, const void *b)
{
    const struct division *x = a, *y = b;

    return x->level != y->level ? x->level - y->level : str_cmp(x->code, y->code);
}

/* All good rows in order; bad ones are noted in the table. */
static struct division *read_all(struct table *t, struct arena *mem, size_t *count)
{
    struct division *list = arena_take(mem, (t->count + 1) * sizeof *list);
    size_t n = 0;

    for (size_t i = 0; i < t->count; i++) {
        const char *field;

        if (t->rows[i].error || !table_row(t, i))
            continue;
        list[n] = (struct division){ .row = i };
        if ((field = read_division(t, mem, &list[n])))
            table_bad(t, i, "divisions.field", field);
        else
            n++;
    }
    qsort(list, n, sizeof *list, by_level_and_code);
    for (size_t i = 1; i < n; i++)
        if (by_level_and_code(&list[i - 1], &list[i]) == 0)
            table_bad(t, list[i].row, "divisions.double", "code");
    *count = n;
    return list;
}

int exchange_divisions(struct str file, struct arena *mem, struct division **out, size_t *count, struct err *e)
{
    struct table t = { 0 };
    int failed = table_read(&t, file, division_columns, true, e);

    if (!failed) {
        struct division *list = read_all(&t, mem, count);

        for (size_t i = 0; i < t.count && !failed; i++)
            if (t.rows[i].error)
                failed = err_broken(e, "divisions.bad", "line %lld: %s", (long long)t.rows[i].line, t.rows[i].error);
        *out = list;
    }
    table_done(&t);
    return failed;
}

/* ---- what stands against what the file says ---------------------------------------- */

static const struct area *standing(const struct areas *areas, struct str code)
{
    const struct area *a = area_find(areas, code);

    return a && a->open && str_eq(a->code, code) ? a : NULL;
}

static const struct division *listed(const struct division *list, size_t count, int level, struct str code)
{
    struct division key = { .level = level, .code = code };

    return bsearch(&key, list, count, sizeof *list, by_level_and_code);
}

/* 外砂村委会 and 外砂社区 are one stem: what is left when the words for "village" and "committee" are cut off. */
static struct str stem(struct str name)
{
    static const char *const ends[] = { "居民委员会", "村民委员会", "居委会", "村委会", "委员会", "街道", "社区", "镇", "村", "居" };
    bool cut = true;

    while (cut) {
        cut = false;
        for (size_t i = 0; i < COUNT_OF(ends) && !cut; i++) {
            size_t n = strlen(ends[i]);

            if (name.len > n && memcmp(name.at + name.len - n, ends[i], n) == 0) {
                name.len -= n;
                cut = true;
            }
        }
    }
    return name;
}

struct gone {                    /* an area that stands but is no longer in the file */
    const struct area *area;
    struct str district;         /* code of its district */
    const struct division *pair;
    bool shared;                 /* more than one new area could be it */
};

struct change {
    struct import *in;
    struct arena mem;
    struct division *list;
    size_t count;
    const struct division **fresh;   /* not standing, in order */
    size_t fresh_count;
    struct gone *gone;
    size_t gone_count, gone_room;
    const struct division **ghost;   /* ancestors named by code only */
    size_t ghost_count;
    size_t *row_of;
};

/* An area is gone when its parent is in the file, or gone itself, and it is not. */
static bool is_gone(const struct change *c, const struct area *a)
{
    if (a->level >= LEVELS || !a->open || listed(c->list, c->count, a->level, a->code))
        return false;
    return a->parent && (listed(c->list, c->count, a->parent->level, a->parent->code) || is_gone(c, a->parent));
}

static struct str district_of(struct str code)
{
    return (struct str){ code.at, code.len < 6 ? code.len : 6 };
}

static void compare(struct change *c)
{
    const struct areas *areas = c->in->areas;

    c->fresh = arena_take(&c->mem, (c->count + 1) * sizeof *c->fresh);
    c->ghost = arena_take(&c->mem, (c->count + 1) * LEVELS * sizeof *c->ghost);
    for (size_t i = 0; i < c->count; i++) {
        const struct division *d = &c->list[i];

        if (standing(areas, d->code))
            continue;
        c->fresh[c->fresh_count++] = d;
        for (int level = d->level - 1; level > 0; level--) {
            struct str code = { d->code.at, level_digits[level] };
            bool known = standing(areas, code) || listed(c->list, c->count, level, code);

            for (size_t k = 0; k < c->ghost_count && !known; k++)
                known = str_eq(c->ghost[k]->code, code);
            if (known)
                continue;
            struct division *g = arena_take(&c->mem, sizeof *g);

            *g = (struct division){ .level = level, .code = code, .name = code, .row = d->row };
            g->parent = code_above(g);
            c->ghost[c->ghost_count++] = g;
        }
    }
    for (size_t i = 0; i < area_count(areas); i++)
        if (is_gone(c, area_at(areas, i))) {
            c->gone = MEM_GROW(c->gone, c->gone_count, c->gone_room);
            c->gone[c->gone_count++] = (struct gone){ .area = area_at(areas, i), .district = district_of(area_at(areas, i)->code) };
        }
}

/* Pairs villages that are each other's only candidate; a candidate whose town has the same stem goes first. */
static void pair(struct change *c)
{
    for (int near = 1; near >= 0; near--)
        for (size_t g = 0; g < c->gone_count; g++) {
            struct gone *gone = &c->gone[g];
            const struct division *found = NULL;
            size_t candidates = 0, rivals = 0;

            if (gone->area->level != 4 || gone->pair)
                continue;
            for (size_t f = 0; f < c->fresh_count; f++) {
                const struct division *d = c->fresh[f];
                const struct division *town = listed(c->list, c->count, 3, d->parent);
                bool taken = false;

                if (d->level != 4 || !str_eq(district_of(d->code), gone->district) || !str_eq(stem(d->name), stem(gone->area->name)))
                    continue;
                if (near && !(town && str_eq(stem(town->name), stem(gone->area->parent->name))))
                    continue;
                for (size_t k = 0; k < c->gone_count; k++)
                    taken |= c->gone[k].pair == d;
                if (taken)
                    continue;
                found = d;
                candidates++;
            }
            for (size_t k = 0; k < c->gone_count; k++)
                rivals += !c->gone[k].pair && c->gone[k].area->level == 4 && str_eq(c->gone[k].district, gone->district) &&
                          str_eq(stem(c->gone[k].area->name), stem(gone->area->name)) &&
                          (!near || c->gone[k].area->parent == gone->area->parent);
            if (candidates == 1 && rivals == 1)
                gone->pair = found;
            gone->shared = candidates > 0 && !gone->pair;
        }
}

static bool paired(const struct change *c, const struct division *d)
{
    for (size_t i = 0; i < c->gone_count; i++)
        if (c->gone[i].pair == d)
            return true;
    return false;
}

/* A vanished area ends when something stood in it and all of it went elsewhere. */
static bool ends(const struct change *c, const struct area *a)
{
    size_t left = 0;

    for (size_t i = 0; i < c->gone_count; i++)
        left += c->gone[i].area->parent == a && (c->gone[i].pair || ends(c, c->gone[i].area));
    return a->level < 4 && a->children > 0 && left == a->children;
}

static void say(struct change *c)
{
    struct buf *w = &c->in->report->words;
    size_t opened = 0, pairs = 0;

    for (size_t i = 0; i < c->ghost_count; i++, opened++)
        buf_printf(w, "open %.*s (named by its code)\n", (int)c->ghost[i]->code.len, c->ghost[i]->code.at);
    for (size_t i = 0; i < c->fresh_count; i++) {
        const struct division *d = c->fresh[i];

        if (paired(c, d))
            continue;
        opened++;
        if (area_count(c->in->areas) && c->fresh_count < 200)
            buf_printf(w, "open %.*s %.*s%s\n", (int)d->code.len, d->code.at, (int)d->name.len, d->name.at,
                       d->level == 4 && c->gone_count ? " (new: no village that vanished has its name)" : "");
    }
    for (size_t i = 0; i < c->gone_count; i++) {
        const struct area *a = c->gone[i].area;
        const struct division *d = c->gone[i].pair;

        pairs += d != NULL;
        if (d)
            buf_printf(w, "pair %.*s %.*s -> %.*s %.*s\n", (int)a->code.len, a->code.at, (int)a->name.len, a->name.at,
                       (int)d->code.len, d->code.at, (int)d->name.len, d->name.at);
        else if (ends(c, a))
            buf_printf(w, "close %.*s %.*s\n", (int)a->code.len, a->code.at, (int)a->name.len, a->name.at);
        else
            buf_printf(w, "stays %.*s %.*s: not in the file, %s; close or merge it by hand\n", (int)a->code.len, a->code.at,
                       (int)a->name.len, a->name.at, c->gone[i].shared ? "several could be it" : "nothing to pair it with");
    }
    for (size_t i = 0; i < c->count; i++) {
        const struct area *a = standing(c->in->areas, c->list[i].code);

        if (a && !str_eq(a->name, c->list[i].name))
            buf_printf(w, "rename %.*s %.*s -> %.*s\n", (int)a->code.len, a->code.at, (int)a->name.len, a->name.at,
                       (int)c->list[i].name.len, c->list[i].name.at);
    }
    buf_printf(w, "%zu opened, %zu paired\n", opened, pairs);
}

/* ---- writing --------------------------------------------------------------------------- */

static struct batch *begin(struct change *c)
{
    struct batch *b = core_batch_new(c->in->core, c->in->who, time_now());

    b->low = true;
    return b;
}

static void add(struct change *c, struct batch *b, const char *type, struct str area, struct json *body, size_t row)
{
    c->row_of[b->count] = row;
    core_batch_add(b, id_new(), type, area, time_now(), body);
}

/* Writes and frees the batch; what comes next reads the areas anew. */
static void end(struct change *c, struct batch *b)
{
    if (b->count) {
        core_write(c->in->core, b);
        import_take(c->in, b, c->row_of);
        core_areas_drop(c->in->areas);
        c->in->areas = core_areas_hold(c->in->core);
    }
    core_batch_free(b);
}

static void add_open(struct change *c, struct batch *b, const struct division *d)
{
    const struct area *parent = d->level > 1 ? standing(c->in->areas, d->parent) : NULL;
    struct json *body;

    if (d->level > 1 && !parent) {
        table_bad(&c->in->table, d->row, "area.unknown", "parent_code");
        return;
    }
    body = json_map();
    json_set(body, "code", json_text(d->code));
    json_set(body, "name", json_text(d->name));
    json_set(body, "level", json_number(d->level));
    if (d->kind.len)
        json_set(body, "kind", json_text(d->kind));
    add(c, b, "area.open", parent ? parent->id : d->code, body, d->row);
}

static void write_opens(struct change *c, int level)
{
    struct batch *b = begin(c);

    for (size_t i = 0; i < c->ghost_count; i++)
        if (c->ghost[i]->level == level)
            add_open(c, b, c->ghost[i]);
    for (size_t i = 0; i < c->fresh_count; i++)
        if (c->fresh[i]->level == level && !paired(c, c->fresh[i]))
            add_open(c, b, c->fresh[i]);
    end(c, b);
}

static void add_recode(struct change *c, struct batch *b, struct str id, const struct division *d, const struct area *parent)
{
    struct json *body = json_map();

    json_set(body, "code", json_text(d->code));
    json_set(body, "name", json_text(d->name));
    if (parent)
        json_set(body, "parent", json_text(parent->id));
    add(c, b, "area.recode", id, body, d->row);
}

static void write_recodes(struct change *c)
{
    struct batch *b = begin(c);

    for (size_t i = 0; i < c->gone_count; i++)
        if (c->gone[i].pair) {
            const struct division *d = c->gone[i].pair;
            const struct area *parent = standing(c->in->areas, d->parent);

            if (parent)
                add_recode(c, b, c->gone[i].area->id, d, parent);
            else
                table_bad(&c->in->table, d->row, "area.unknown", "parent_code");
        }
    for (size_t i = 0; i < c->count; i++) {
        const struct area *a = standing(c->in->areas, c->list[i].code);

        if (a && !str_eq(a->name, c->list[i].name))
            add_recode(c, b, a->id, &c->list[i], NULL);
    }
    end(c, b);
}

static void write_closes(struct change *c)
{
    for (int level = 3; level > 0; level--) {
        struct batch *b = begin(c);

        for (size_t i = 0; i < c->gone_count; i++) {
            const struct area *a = c->gone[i].area;
            struct json *body;

            if (a->level != level || !ends(c, a))
                continue;
            body = json_map();
            json_set(body, "reason", json_text(STR("re-organisation")));
            add(c, b, "area.close", a->id, body, 0);
        }
        end(c, b);
    }
}

static bool outside(const struct change *c, const struct division *d)
{
    const struct area *limit = c->in->area;

    return limit && !(d->code.len >= limit->code.len && str_starts(d->code, limit->code));
}

int import_divisions(struct import *in, struct err *e)
{
    struct change c = { .in = in };
    const struct areas *before = in->areas;

    (void)e;
    c.list = read_all(&in->table, &c.mem, &c.count);
    for (size_t i = 0; i < c.count; i++)
        if (outside(&c, &c.list[i]))
            table_bad(&in->table, c.list[i].row, "area.outside", "code");
    if (!in->table.bad) {
        compare(&c);
        pair(&c);
        say(&c);
    }
    if (!in->table.bad && in->apply) {
        in->areas = core_areas_hold(in->core);      /* `before` stays held: the plan borrows from it */
        c.row_of = arena_take(&c.mem, (c.count + c.ghost_count + c.gone_count + 1) * sizeof *c.row_of);
        for (int level = 1; level < LEVELS; level++)
            write_opens(&c, level);
        write_recodes(&c);
        write_closes(&c);
        core_areas_drop(in->areas);
        in->areas = before;
    }
    free(c.gone);
    arena_done(&c.mem);
    return 0;
}
