/*
 * area.c - the tree: city, district, town, village, and grids down to any depth.
 *
 * An area is opened below its parent, with a code whose length says its level;
 * its id is that code for ever.  Codes, names and parents may change, areas
 * may be split, merged and closed, and nothing written about them moves: core
 * keeps the registry, this feature says what may be done to it and where an
 * area's ground went.  What apply needs of the tree of the day is in given.
 */
#include "shape.h"

#include <stdlib.h>

#include "area.sql.h"

#define LEVEL_VILLAGE 4
#define LEVEL_MOST 9
#define DEEPEST 64

/* ---- the tree ------------------------------------------------------------------ */

/* Where an area hangs today: a merged one below its successor. */
static const struct area *above(const struct area *a)
{
    return a->successor ? a->successor : a->parent;
}

/* The first area at or after this path. */
static size_t place_of(const struct areas *all, struct str path)
{
    size_t low = 0, high = area_count(all);

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (str_cmp(area_at(all, middle)->path, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Walks the open areas directly below: children, and those of a closed area that hangs here. i starts at 0. */
static const struct area *child_next(const struct areas *all, const struct area *of, size_t *i)
{
    const struct area *last = *i ? area_at(all, *i - 1) : of;

    if (*i == 0)
        *i = place_of(all, of->path);
    for (; *i < area_count(all); ++*i) {
        const struct area *a = area_at(all, *i);
        if (!str_starts(a->path, of->path))
            return NULL;
        if (a == of || !a->open || (last != of && str_starts(a->path, last->path)))
            continue;
        ++*i;
        return a;
    }
    return NULL;
}

static size_t child_count(const struct areas *all, const struct area *of)
{
    size_t i = 0, n = 0;

    while (child_next(all, of, &i))
        n++;
    return n;
}

/* ---- codes ------------------------------------------------------------------------ */

static bool is_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] < '0' || s.at[i] > '9')
            return false;
    return true;
}

/* City 4 digits, district 6, town 9, village 12, then two a level; the level's own digits are never all zero. */
static bool code_fits(struct str code, int64_t level)
{
    static const size_t lengths[] = { 0, 4, 6, 9, 12 };
    size_t length = level <= LEVEL_VILLAGE ? lengths[level] : 12 + 2 * (size_t)(level - LEVEL_VILLAGE);
    size_t before = level <= LEVEL_VILLAGE ? lengths[level - 1] : length - 2;

    if (code.len != length || !is_digits(code))
        return false;
    for (size_t i = before; i < length; i++)
        if (code.at[i] != '0')
            return true;
    return false;
}

/* Is this the present code of an open area other than `self` (and what lies below it, when `with_below`)? */
static int code_free(struct tx *tx, struct str code, const struct area *self, bool with_below, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_code_used, ARGS(code)) < 0)
        return -1;
    while (rows_next(&rows)) {
        const struct area *by = area_find(tx_areas(tx), rows_str(&rows, 0));
        if (by && by != self && !(with_below && area_within(by, self)))
            return err_set(e, ERR_CONFLICT, "area.code_used");
    }
    return 0;
}

/* The target of a merge or a move lies beside record.area: the right is needed there, too. */
static int must(struct tx *tx, const struct record *r, const struct area *area, struct err *e)
{
    bool may;

    if (tx_may(tx, r, RIGHT_GRIDS, area, &may, e) < 0)
        return -1;
    return may ? 0 : err_set(e, ERR_DENIED, "right.denied");
}

/* ---- opening --------------------------------------------------------------------------- */

static const struct field point_fields[] = {
    { "lon", FIELD_NUMBER, .required = true, .min = -180000000, .max = 180000000, .unit = "1e-6 °", .words = "经度" },
    { "lat", FIELD_NUMBER, .required = true, .min = -90000000, .max = 90000000, .unit = "1e-6 °", .words = "纬度" },
    { 0 },
};

static const struct field open_fields[] = {
    { "code", FIELD_TEXT, .required = true, .min = 4, .max = 22, .words = "代码" },
    { "name", FIELD_TEXT, .required = true, .max = 80, .words = "名称" },
    { "level", FIELD_NUMBER, .required = true, .min = 1, .max = LEVEL_MOST, .words = "层级" },
    { "kind", FIELD_CODE, .codes = "area_kind", .words = "类型" },
    { "point", FIELD_GROUP, .fields = point_fields, .words = "位置" },
    { 0 },
};

static int check_open(struct tx *tx, struct record *r, struct err *e)
{
    const struct areas *all = tx_areas(tx);
    const struct area *parent = area_find(all, r->area);
    struct str code = record_text(r, "code");
    int64_t level = record_number(r, "level");

    if (!code_fits(code, level))
        return err_field(e, "area.code", "code");
    if (code_free(tx, code, NULL, false, e) < 0)
        return -1;
    if (!parent && (!str_eq(r->area, code) || level > LEVEL_VILLAGE))   /* a root is born in its own area */
        return err_set(e, ERR_MISSING, "area.unknown");
    if (parent && !parent->open)
        return err_set(e, ERR_CONFLICT, "area.closed");
    if (parent && (level <= parent->level || (level > LEVEL_VILLAGE && parent->level < LEVEL_VILLAGE)))
        return err_field(e, "area.level", "level");
    if (level > LEVEL_VILLAGE && !str_starts(code, parent->code))
        return err_field(e, "area.code", "code");

    struct str id = area_birth_id(all, code, r->mem);
    given_text(r, "id", id);
    if (parent)
        given_text(r, "parent", parent->id);
    given_text(r, "ledger", level > LEVEL_VILLAGE ? parent->ledger : id);
    return 0;
}

static int apply_open(struct tx *tx, const struct record *r, struct err *e)
{
    const struct json *point = record_json(r, "point");
    struct area_put a = {
        .id = given_str(r, "id"), .parent = given_str(r, "parent"), .ledger = given_str(r, "ledger"),
        .code = record_text(r, "code"), .name = record_text(r, "name"), .level = (int)record_number(r, "level"),
        .kind = record_has(r, "kind") ? record_text(r, "kind") : STR(""), .placed = point != NULL,
        .lon = (int32_t)json_int(json_get(point, "lon")), .lat = (int32_t)json_int(json_get(point, "lat")),
    };

    return core_area_put(tx, r, &a, e);
}

/* ---- shape ------------------------------------------------------------------------------- */

static const struct field shape_fields[] = {
    { "polygon", FIELD_DATA, .max = 700000, .words = "边界" },
    { "point", FIELD_GROUP, .fields = point_fields, .words = "位置" },
    { "synthetic", FIELD_BOOL, .words = "虚构图形" },
    { 0 },
};

static int check_shape(struct tx *tx, struct record *r, struct err *e)
{
    (void)tx;
    if (!record_has(r, "polygon") && !record_has(r, "point"))
        return err_field(e, "field.missing", "polygon");
    return record_has(r, "polygon") ? shape_check(record_json(r, "polygon"), e) : 0;
}

static int apply_shape(struct tx *tx, const struct record *r, struct err *e)
{
    const struct json *polygon = record_json(r, "polygon"), *point = record_json(r, "point");
    int32_t lon = (int32_t)json_int(json_get(point, "lon")), lat = (int32_t)json_int(json_get(point, "lat"));

    if (polygon && core_area_shape(tx, r, r->area, polygon, record_number(r, "synthetic") != 0, e) < 0)
        return -1;
    return point ? core_area_point(tx, r, r->area, lon, lat, e) : 0;
}

/* ---- closing ------------------------------------------------------------------------------ */

static const struct field close_fields[] = {
    { "reason", FIELD_TEXT, .required = true, .max = 200, .words = "原因" },
    { 0 },
};

/* In check the areas of this transaction may not be in order yet: all of them are looked at. */
static bool open_below(const struct areas *all, const struct area *own)
{
    for (size_t i = 0; i < area_count(all); i++)
        if (area_at(all, i) != own && area_at(all, i)->open && area_within(area_at(all, i), own))
            return true;
    return false;
}

/* The record's own area, open and, when it must be empty, with nothing open below; NULL with err when not. */
static const struct area *own_open(struct tx *tx, const struct record *r, bool empty, struct err *e)
{
    const struct area *own = area_find(tx_areas(tx), r->area);

    if (!own->open)
        err_set(e, ERR_CONFLICT, "area.closed");
    else if (empty && open_below(tx_areas(tx), own))
        err_set(e, ERR_CONFLICT, "area.children");
    else
        return own;
    return NULL;
}

static int check_close(struct tx *tx, struct record *r, struct err *e)
{
    return own_open(tx, r, true, e) ? 0 : -1;
}

static int apply_close(struct tx *tx, const struct record *r, struct err *e)
{
    return core_area_close(tx, r, r->area, (struct str){ 0 }, e);
}

/* ---- split and merge ------------------------------------------------------------------------ */

static const struct field split_fields[] = {
    { "to", FIELD_AREA, .required = true, .list = true, .items = 50, .words = "分为" },
    { 0 },
};

static bool stays(const struct record *r)
{
    const struct json *to = record_json(r, "to");

    for (size_t i = 0; i < json_count(to); i++)
        if (str_eq(json_str(json_at(to, i)), r->area))
            return true;
    return false;
}

/* Into two or more open siblings; the area may be one of them and stays then. */
static int check_split(struct tx *tx, struct record *r, struct err *e)
{
    const struct json *to = record_json(r, "to");
    const struct area *own = own_open(tx, r, !stays(r), e);

    if (!own)
        return -1;
    if (json_count(to) < 2)
        return err_field(e, "area.split", "to");
    for (size_t i = 0; i < json_count(to); i++) {
        const struct area *part = area_find(tx_areas(tx), json_str(json_at(to, i)));
        if (!part->open)
            return err_set(e, ERR_CONFLICT, "area.closed");
        if (part->level != own->level || above(part) != above(own))
            return err_field(e, "area.sibling", "to");
        for (size_t j = 0; j < i; j++)
            if (str_eq(json_str(json_at(to, j)), part->id))
                return err_field(e, "area.split", "to");
    }
    return 0;
}

static int put_line(struct tx *tx, const struct record *r, struct str successor, const char *how, struct err *e)
{
    return tx_run(tx, e, &sql_put_line, ARGS(r->area, successor, r->id, how, r->at), NULL);
}

static int apply_split(struct tx *tx, const struct record *r, struct err *e)
{
    const struct json *to = record_json(r, "to");

    for (size_t i = 0; i < json_count(to); i++)
        if (!str_eq(json_str(json_at(to, i)), r->area) && put_line(tx, r, json_str(json_at(to, i)), "split", e) < 0)
            return -1;
    return stays(r) ? 0 : core_area_close(tx, r, r->area, (struct str){ 0 }, e);
}

static const struct field merge_fields[] = {
    { "to", FIELD_AREA, .required = true, .words = "并入" },
    { 0 },
};

static int check_merge(struct tx *tx, struct record *r, struct err *e)
{
    const struct area *own = own_open(tx, r, false, e), *to = area_find(tx_areas(tx), record_text(r, "to"));

    if (!own)
        return -1;
    if (!to->open)
        return err_set(e, ERR_CONFLICT, "area.closed");
    if (area_within(to, own))
        return err_field(e, "area.inside", "to");
    if (to->level != own->level)
        return err_field(e, "area.level", "to");
    return must(tx, r, to, e);
}

static int apply_merge(struct tx *tx, const struct record *r, struct err *e)
{
    if (put_line(tx, r, record_text(r, "to"), "merge", e) < 0)
        return -1;
    return core_area_close(tx, r, r->area, record_text(r, "to"), e);
}

/* ---- another code --------------------------------------------------------------------------- */

static const struct field recode_fields[] = {
    { "code", FIELD_TEXT, .required = true, .min = 4, .max = 22, .words = "新代码" },
    { "name", FIELD_TEXT, .max = 80, .words = "新名称" },
    { "parent", FIELD_AREA, .words = "新上级" },
    { 0 },
};

/* The grids below follow their village's new code: given.below is a list of [id, code]. */
static int give_below(struct tx *tx, struct record *r, const struct area *own, struct str code, struct err *e)
{
    const struct areas *all = tx_areas(tx);
    struct json *below = json_list();

    for (size_t i = 0; i < area_count(all); i++) {
        const struct area *a = area_at(all, i);
        if (a == own || !a->open || !area_within(a, own) || a->level <= LEVEL_VILLAGE || !str_starts(a->code, own->code))
            continue;
        struct json *pair = json_list();
        struct str fresh = str_of(arena_printf(r->mem, "%.*s%.*s", (int)code.len, code.at, (int)(a->code.len - own->code.len),
                                               a->code.at + own->code.len));
        json_add(pair, json_text(a->id));
        json_add(pair, json_text(fresh));
        json_add(below, pair);
        if (code_free(tx, fresh, own, true, e) < 0) {
            json_free(below);
            return -1;
        }
    }
    if (json_count(below))
        json_set(r->given, "below", below);
    else
        json_free(below);
    return 0;
}

static int check_recode(struct tx *tx, struct record *r, struct err *e)
{
    const struct area *own = own_open(tx, r, false, e);
    struct str code = record_text(r, "code");

    if (!own)
        return -1;
    const struct area *parent = record_has(r, "parent") ? area_find(tx_areas(tx), record_text(r, "parent")) : above(own);
    if (!code_fits(code, own->level))
        return err_field(e, "area.code", "code");
    if (code_free(tx, code, own, false, e) < 0)
        return -1;
    if (parent && parent != above(own)) {
        if (!parent->open)
            return err_set(e, ERR_CONFLICT, "area.closed");
        if (area_within(parent, own))
            return err_field(e, "area.inside", "parent");
        if (parent->level >= own->level || (own->level > LEVEL_VILLAGE && parent->level < LEVEL_VILLAGE))
            return err_field(e, "area.level", "parent");
        if (own->level > LEVEL_VILLAGE && !str_eq(parent->ledger, own->ledger))    /* its records stay in their village */
            return err_field(e, "area.village", "parent");
        if (must(tx, r, parent, e) < 0)
            return -1;
    }
    if (own->level > LEVEL_VILLAGE && parent && !str_eq(code, own->code) && !str_starts(code, parent->code))
        return err_field(e, "area.code", "code");
    return str_eq(code, own->code) || own->level < LEVEL_VILLAGE ? 0 : give_below(tx, r, own, code, e);
}

static int apply_recode(struct tx *tx, const struct record *r, struct err *e)
{
    static const struct str same = { 0 };
    const struct json *below = json_get(r->given, "below");

    if (core_area_recode(tx, r, r->area, record_text(r, "code"), record_text(r, "name"), record_text(r, "parent"), e) < 0)
        return -1;
    for (size_t i = 0; i < json_count(below); i++) {
        const struct json *pair = json_at(below, i);
        if (core_area_recode(tx, r, json_str(json_at(pair, 0)), json_str(json_at(pair, 1)), same, same, e) < 0)
            return -1;
    }
    return 0;
}

static const struct record_type records[] = {
    { "area.open", RIGHT_GRIDS, open_fields, check_open, apply_open, .command = RECORD_COMMAND, .births = true, .words = "新设区域" },
    { "area.shape", RIGHT_GRIDS, shape_fields, check_shape, apply_shape, .command = RECORD_COMMAND, .words = "划定边界" },
    { "area.close", RIGHT_GRIDS, close_fields, check_close, apply_close, .command = RECORD_COMMAND, .words = "撤销区域" },
    { "area.split", RIGHT_GRIDS, split_fields, check_split, apply_split, .command = RECORD_COMMAND, .words = "拆分" },
    { "area.merge", RIGHT_GRIDS, merge_fields, check_merge, apply_merge, .command = RECORD_COMMAND, .words = "合并" },
    { "area.recode", RIGHT_GRIDS, recode_fields, check_recode, apply_recode, .command = RECORD_COMMAND, .words = "变更代码" },
    { 0 },
};

/* ---- questions --------------------------------------------------------------------------------- */

static void put_pair(struct out *o, const char *key, struct str s)
{
    out_key(o, key);
    out_text(o, s);
}

/* A row of the tree, as sql_tree gives it; count < 0: without children. */
static void put_row(struct out *o, const struct area *a, int64_t count)
{
    out_open(o, '{');
    put_pair(o, "area", a->id);
    put_pair(o, "code", a->code);
    put_pair(o, "name", a->name);
    out_key(o, "level");
    out_int(o, a->level);
    put_pair(o, "kind", a->kind);
    put_pair(o, "parent", a->parent ? a->parent->id : (struct str){ 0 });
    put_pair(o, "path", a->path);
    out_key(o, "open");
    out_int(o, a->open);
    out_key(o, "lon");
    a->placed ? out_int(o, a->lon) : out_null(o);
    out_key(o, "lat");
    a->placed ? out_int(o, a->lat) : out_null(o);
    put_pair(o, "successor", a->successor ? a->successor->id : (struct str){ 0 });
    if (count >= 0) {
        out_key(o, "children");
        out_int(o, count);
    }
    out_close(o, '}');
}

static void rows_begin(struct out *o)
{
    out_open(o, '{');
    out_key(o, "rows");
    out_open(o, '[');
}

static void rows_end(struct out *o)
{
    out_close(o, ']');
    out_key(o, "next");
    out_null(o);
    out_close(o, '}');
}

static int answer_children(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    struct out o = { .to = body };
    const struct area *a;
    size_t i = 0;

    (void)tag, (void)e;
    rows_begin(&o);
    while ((a = child_next(ask->areas, ask->area, &i)))
        put_row(&o, a, (int64_t)child_count(ask->areas, a));
    rows_end(&o);
    return 0;
}

static int answer_above(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    const struct area *line[DEEPEST];
    struct out o = { .to = body };
    size_t n = 0;

    (void)tag, (void)e;
    for (const struct area *a = ask->area; a && n < DEEPEST; a = above(a))
        line[n++] = a;
    rows_begin(&o);
    while (n--)
        put_row(&o, line[n], -1);
    rows_end(&o);
    return 0;
}

/*
 * The one with this id or code first, then by part of the name or beginning of the present code,
 * in the order of the tree; within an area when one is asked for.
 */
static int answer_search(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    struct str text = ask->text_of[0];
    struct out o = { .to = body };
    const struct area *exact;
    int left = 50;

    (void)tag;
    if (!text.len)
        return err_field(e, "field.missing", "text");
    exact = area_find(ask->areas, text);
    if (ask->area && !area_within(exact, ask->area))
        exact = NULL;
    rows_begin(&o);
    if (exact && left--)
        put_row(&o, exact, -1);
    for (size_t i = ask->area ? place_of(ask->areas, ask->area->path) : 0; left > 0 && i < area_count(ask->areas); i++) {
        const struct area *a = area_at(ask->areas, i);
        if (ask->area && !area_within(a, ask->area))
            break;
        if (a != exact && (str_starts(a->code, text) || memmem(a->name.at, a->name.len, text.at, text.len))) {
            put_row(&o, a, -1);
            left--;
        }
    }
    rows_end(&o);
    return 0;
}

static const struct param search_params[] = {
    { "text", FIELD_TEXT, .required = true },
    { 0 },
};
static const struct query queries[] = {
    { "tree", RIGHT_SIGNED_IN, .sql = &sql_tree, .keys = "t", .page = 2000, .words = "区域树" },
    { "children", RIGHT_SIGNED_IN, .answer = answer_children, .words = "下级" },
    { "above", RIGHT_SIGNED_IN, .answer = answer_above, .bundle = BUNDLE_TAGGED, .words = "上级" },
    { "search", RIGHT_SIGNED_IN, .everywhere = true, .params = search_params, .answer = answer_search, .words = "查找区域" },
    { "shapes", RIGHT_SIGNED_IN, .answer = shape_answer, .words = "图形" },
    { "history", RIGHT_SIGNED_IN, .sql = &sql_history, .words = "沿革" },
    { 0 },
};

static const struct sql *const schema[] = { &sql_schema };
const struct feature feature_area = { "area", "网格", 1, schema, .records = records, .queries = queries };
