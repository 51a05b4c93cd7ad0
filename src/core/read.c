/*
 * read.c - the one way out: question, right, rows, and what of them is open.
 *
 * A question is a named statement and a table of columns.  Rows stream into
 * JSON under their column names; sealed columns are opened for whoever holds a
 * duty on that very row, masked for everybody else.  Open values are noted in
 * the read ledger before they leave.
 */
#include "core/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

int core_reader_open(struct core *c, struct reader **out, struct err *e)
{
    struct reader *r = mem_take(sizeof *r);

    r->core = c;
    if (store_open(&r->store, c->url, STORE_READ, e) < 0) {
        free(r);
        return -1;
    }
    atomic_fetch_add(&c->readers, 1);
    *out = r;
    return 0;
}

void core_reader_close(struct reader *r)
{
    if (!r)
        return;
    atomic_fetch_sub(&r->core->readers, 1);
    store_close(r->store);
    free(r);
}

struct store *reader_store(struct reader *r)
{
    return r->store;
}

bool ask_on_duty(const struct ask *ask)
{
    static const struct id nobody;

    return who_may(ask->who, ask->areas, RIGHT_DOORS, ask->area, time_now()) || who_opens(ask->who, ask->areas, ask->area, nobody, nobody);
}

static int unknown_area(struct err *e, const char *field)
{
    err_field(e, "area.unknown", field);
    e->kind = ERR_MISSING;
    return -1;
}

void answer_done(struct answer *a)
{
    buf_done(&a->body);
    core_batch_free(a->note);
    a->note = NULL;
}

/* ---- the asked ---------------------------------------------------------------- */

static int param_value(struct ask *ask, const struct param *p, struct str text, struct value *out, struct err *e)
{
    const struct area *a;
    struct id id;
    int64_t n;

    switch (p->kind) {
    case FIELD_ID:
        if (!id_parse(text, &id))
            return err_field(e, "field.id", p->name);
        *out = value_id(id);
        return 0;
    case FIELD_NUMBER:
    case FIELD_TIME:
    case FIELD_BOOL:
        if (!str_to_int(text, &n))
            return err_field(e, "field.number", p->name);
        *out = value_int(n);
        return 0;
    case FIELD_AREA:
        a = area_find(ask->areas, text);
        if (!a)
            return unknown_area(e, p->name);
        *out = value_str(a->id);
        return 0;
    case FIELD_DAY:
        if (!day_parse(text, &n))
            return err_field(e, "field.day", p->name);
        break;
    default:
        if (text.len > 400 || !utf8_valid(text))
            return err_field(e, "field.length", p->name);
    }
    *out = value_str(text);
    return 0;
}

static int read_params(struct ask *ask, ask_param *get, void *ctx, struct err *e)
{
    size_t asked = 0;

    for (const struct param *p = ask->query->params; p && p->name; p++) {
        struct value *arg = &ask->args[ask->arg_count++];
        *arg = value_null;
        if (p->from == PARAM_WORKER) {
            *arg = value_id(ask->who->worker);
        } else if (p->from == PARAM_NOW) {
            *arg = value_int(time_now());
        } else if (p->from == PARAM_DAY) {
            char *day = arena_take(ask->mem, DAY_TEXT);
            day_of(time_now(), day);
            *arg = value_text(day);
        } else if (p->from == PARAM_ASKED) {
            struct str text = arena_str(ask->mem, get(ctx, p->name));
            if (!text.len && p->required)
                return err_field(e, "field.missing", p->name);
            ask->text_of[asked++] = text.len ? text : (struct str){ 0 };
            if (text.len && param_value(ask, p, text, arg, e) < 0)
                return -1;
        }
    }
    return 0;
}

void path_range(const struct area *below, struct arena *mem, struct value range[2])
{
    struct str from = below ? below->path : STR("");
    char *to = arena_take(mem, from.len + 2);

    if (from.len) {
        memcpy(to, from.at, from.len);
        to[from.len - 1] = '0';
    } else {
        to[0] = '~';
    }
    range[0] = value_str(from.len ? from : STR(""));
    range[1] = value_text(to);
}

static void scope_args(struct ask *ask)
{
    path_range(ask->area, ask->mem, ask->args);
    ask->arg_count = 2;
}

int ask_area(struct ask *ask, ask_param *get, void *ctx, struct err *e)
{
    struct str text = get(ctx, "area");

    if (ask->query->everywhere && !text.len)
        return 0;
    if (!text.len)
        return err_field(e, "field.missing", "area");
    ask->area = area_find(ask->areas, text);
    if (!ask->area)
        return unknown_area(e, "area");
    if (who_may(ask->who, ask->areas, ask->query->right, ask->area, time_now()))
        return 0;
    /* Whoever answers for some households only: counts as they are, of lists his own rows. */
    bool figures = ask->query->right == RIGHT_FIGURES;
    if ((ask->query->answer && !figures) || !who_may_own(ask->who, ask->areas, ask->query->right, ask->area))
        return err_set(e, ERR_DENIED, "right.denied");
    ask->own_only = !figures;
    return 0;
}

/* ---- cursors: the incarnation, then each key value as kind and hex ---------------- */

static void cursor_put(struct core *c, const struct rows *rows, size_t keys, struct buf *out)
{
    struct str incarnation = id_bytes(&c->incarnation);

    hex_put(out, (struct str){ incarnation.at + 12, 4 });
    for (size_t i = 0; i < keys; i++) {
        int column = (int)i;
        if (rows_kind(rows, column) == VALUE_INT)
            buf_printf(out, ".i%" PRId64, rows_int(rows, column));
        else {
            buf_text(out, rows_kind(rows, column) == VALUE_BLOB ? ".b" : ".t");
            hex_put(out, rows_str(rows, column));
        }
    }
}

static bool bytes_read(struct str text, struct arena *mem, struct str *out)
{
    char *bytes = arena_take(mem, text.len / 2 + 1);

    *out = (struct str){ bytes, text.len / 2 };
    return hex_read(text, bytes, out->len);
}

static int cursor_args(struct ask *ask, struct str cursor, struct err *e)
{
    const char *keys = ask->query->keys;
    size_t at = 8;
    struct str bytes;
    int64_t n;

    if (cursor.len) {
        CLEANUP(buf_done) struct buf begins = { 0 };
        hex_put(&begins, (struct str){ (const char *)ask->core->incarnation.b + 12, 4 });
        if (!str_starts(cursor, buf_view(&begins)))
            return err_field(e, "cursor.stale", "cursor");
    }
    for (; *keys; keys++) {
        struct value *arg = &ask->args[ask->arg_count++];
        if (!cursor.len) {
            *arg = *keys == 'i' ? value_int(INT64_MIN) : *keys == 'b' ? value_blob(STR("")) : value_str(STR(""));
            continue;
        }
        size_t begin = at + 2, end = begin;
        while (end < cursor.len && cursor.at[end] != '.')
            end++;
        struct str text = { cursor.at + begin, end > begin ? end - begin : 0 };
        if (begin > cursor.len || cursor.at[at] != '.' || cursor.at[at + 1] != *keys)
            return err_field(e, "cursor.bad", "cursor");
        if (*keys == 'i' ? !str_to_int(text, &n) : !bytes_read(text, ask->mem, &bytes))
            return err_field(e, "cursor.bad", "cursor");
        *arg = *keys == 'i' ? value_int(n) : *keys == 'b' ? value_blob(bytes) : value_str(bytes);
        at = end;
    }
    return 0;
}

int ask_args(struct ask *ask, ask_param *param, void *ctx, struct err *e)
{
    scope_args(ask);
    if (read_params(ask, param, ctx, e) < 0 || (ask->query->keys && cursor_args(ask, param(ctx, "cursor"), e) < 0))
        return -1;
    return ask->query->prepare ? ask->query->prepare(ask, e) : 0;
}

/* ---- rows ---------------------------------------------------------------------------- */

enum { COLUMNS_MOST = 64, SEALED_MOST = 32, OPENED_MOST = 4 };

struct shape {                    /* the columns of a statement, found once */
    int count;
    bool hidden[COLUMNS_MOST];
    int ledger, area, household, centre;
    bool bare;                    /* a row is a list, not a map */
    struct told *told;            /* ids are written as places in it; NULL: as text */
    struct {
        int boxes, whole, parts;
    } sealed[SEALED_MOST];        /* where each of the query's sealed columns finds its boxes */
};

struct opened {                   /* boxes of this row already opened */
    int column;
    enum seal_class class;
    struct json *map;
};

static void shape_read(const struct rows *rows, const struct sealed_column *sealed, struct shape *s)
{
    s->count = rows_columns(rows) < COLUMNS_MOST ? rows_columns(rows) : COLUMNS_MOST;
    for (int i = 0; i < s->count; i++)
        s->hidden[i] = rows_name(rows, i)[0] == '_';
    s->ledger = rows_named(rows, "_ledger");
    s->area = rows_named(rows, "_area");
    s->household = rows_named(rows, "_household");
    s->centre = rows_named(rows, "_centre");
    for (int i = 0; sealed && sealed[i].name && i < SEALED_MOST; i++) {
        s->sealed[i].boxes = rows_named(rows, sealed[i].boxes);
        s->sealed[i].whole = sealed[i].parts ? rows_named(rows, sealed[i].whole) : -1;
        s->sealed[i].parts = sealed[i].parts ? rows_named(rows, sealed[i].parts) : -1;
    }
}

static void value_out(struct out *o, const struct rows *rows, int column, struct told *told)
{
    struct str s = rows_str(rows, column);
    struct id id;

    switch (rows_kind(rows, column)) {
    case VALUE_INT:
        out_int(o, rows_int(rows, column));
        break;
    case VALUE_TEXT:
        out_text(o, s);
        break;
    case VALUE_BLOB:
        if (s.len == sizeof id.b && told) {
            out_int(o, told_place(told, rows_id(rows, column)));
        } else if (s.len == sizeof id.b) {
            out_id(o, rows_id(rows, column));
        } else {
            CLEANUP(buf_done) struct buf hex = { 0 };
            hex_put(&hex, s);
            out_text(o, hex.at ? buf_view(&hex) : STR(""));
        }
        break;
    default:
        out_null(o);
    }
}

static struct json *open_column(struct ask *ask, const struct rows *rows, const struct shape *s, const struct sealed_column *col, int n,
                                enum seal_class class)
{
    struct core *c = ask->core;
    struct err ignored = { 0 };       /* what cannot be opened any more is shown as nothing */
    struct str ledger = rows_str(rows, s->ledger), boxes = rows_str(rows, s->sealed[n].boxes);

    if (col->kept)
        return box_kept(c, ask->store, ledger, rows_id(rows, s->sealed[n].boxes), class, &ignored);
    if (!col->parts)
        return core_open_boxes(c, ledger, boxes, class, &ignored);
    struct boxes_part part = { col->list, rows_str(rows, s->sealed[n].whole), rows_str(rows, s->sealed[n].parts) };
    return core_open_parts(c, ledger, boxes, &part, class, &ignored);
}

/* What the n-th sealed column is read from; of one row each list of boxes is opened once. */
static const struct json *opened_map(struct ask *ask, const struct rows *rows, const struct shape *s, const struct sealed_column *col, int n,
                                     struct opened opened[OPENED_MOST])
{
    enum seal_class class = col->class ? col->class : SEAL_REGISTER;
    int column = s->sealed[n].boxes;

    for (int i = 0; i < OPENED_MOST && column >= 0 && s->ledger >= 0; i++) {
        if (opened[i].column == column && opened[i].class == class)
            return opened[i].map;
        if (opened[i].column < 0) {
            opened[i] = (struct opened){ column, class, open_column(ask, rows, s, col, n, class) };
            return opened[i].map;
        }
    }
    return NULL;
}

static void sealed_out(struct out *o, const struct json *value, enum mask mask, bool open)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    if (!value) {
        out_null(o);
    } else if (open || mask == MASK_OPEN) {
        json_write(value, &text);
        out_raw(o, buf_view(&text));
    } else if (json_kind(value) == JSON_TEXT) {
        mask_put(&text, mask, json_str(value));
        out_raw(o, buf_view(&text));
    } else {
        out_null(o);
    }
}

/* Is this column wanted?  Outside a reveal all are; in one only those named. */
static bool wanted(const struct json *fields, const char *name)
{
    for (size_t i = 0; i < json_count(fields); i++)
        if (str_is(json_str(json_at(fields, i)), name))
            return true;
    return !fields;
}

/* The duty on a household opens no id number, not even with a purpose: that takes the right to reveal. */
static bool wants_ids(const struct sealed_column *col, const struct json *reveal)
{
    while (reveal && col->name && !(col->mask == MASK_ID && wanted(reveal, col->name)))
        col++;
    return reveal && col->name;
}

/* One row; true when something of it was shown open that is masked for others. */
static bool row_out(struct ask *ask, const struct rows *rows, const struct shape *s, const struct json *reveal, struct out *o)
{
    struct opened opened[OPENED_MOST] = { { -1, 0, NULL }, { -1, 0, NULL }, { -1, 0, NULL }, { -1, 0, NULL } };
    const struct area *area = s->area >= 0 ? area_find(ask->areas, rows_str(rows, s->area)) : NULL;
    struct id household = s->household >= 0 ? rows_id(rows, s->household) : (struct id){ 0 };
    struct id centre = s->centre >= 0 ? rows_id(rows, s->centre) : (struct id){ 0 };
    bool open = false, showed = false;

    if (ask->own_only && !who_opens(ask->who, ask->areas, area, household, centre))
        return false;
    out_open(o, s->bare ? '[' : '{');
    for (int i = 0; i < s->count; i++)
        if (!s->hidden[i]) {
            if (!s->bare)
                out_key(o, rows_name(rows, i));
            if (!ask->query->told || !ask->query->told(ask, rows, rows_name(rows, i), o))
                value_out(o, rows, i, s->told);
        }
    if (ask->query->sealed)
        open = (reveal && who_may(ask->who, ask->areas, RIGHT_REVEAL, area, time_now())) ||
               (!wants_ids(ask->query->sealed, reveal) && who_opens(ask->who, ask->areas, area, household, centre));
    ask->opened |= open;
    const struct sealed_column *col = ask->query->sealed;
    for (int n = 0; col && col->name && n < SEALED_MOST; n++, col++) {
        if (s->bare && col->mask == MASK_ID)
            continue;
        const struct json *map = opened_map(ask, rows, s, col, n, opened);
        const struct json *value = json_get(map, col->field);
        bool show = open && (reveal ? wanted(reveal, col->name) : col->mask != MASK_ID && (col->class == 0 || col->class == SEAL_REGISTER));
        if (!s->bare)
            out_key(o, col->name);
        sealed_out(o, value, col->mask, show);
        showed |= show && value && col->mask != MASK_OPEN;
    }
    out_close(o, s->bare ? ']' : '}');
    for (int i = 0; i < OPENED_MOST; i++)
        json_free(opened[i].map);
    return showed;
}

static int rows_out(struct ask *ask, const struct json *reveal, struct buf *body, int64_t *count, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(buf_done) struct buf cursor = { 0 };
    struct out o = { .to = body };
    struct shape shape = { 0 };
    size_t keys = ask->query->keys ? strlen(ask->query->keys) : 0;
    int64_t page = ask->query->page ? ask->query->page : 500;

    *count = 0;
    if (keys)
        ask->args[ask->arg_count++] = value_int(page);
    if (store_query(ask->store, &rows, ask->query->sql, (struct args){ ask->args, ask->arg_count }, e) < 0)
        return -1;
    out_open(&o, '{');
    out_key(&o, "rows");
    out_open(&o, '[');
    while (rows_next(&rows)) {
        if (!*count)
            shape_read(&rows, ask->query->sealed, &shape);
        ask->shown += row_out(ask, &rows, &shape, reveal, &o);
        if (++*count == page && keys)
            cursor_put(ask->core, &rows, keys, &cursor);
    }
    out_close(&o, ']');
    out_key(&o, "next");
    out_text(&o, cursor.len ? buf_view(&cursor) : (struct str){ 0 });
    out_close(&o, '}');
    return store_failed(ask->store, e);
}

int table_out(struct ask *ask, const struct ids *doors, struct told *told, struct buf *body, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct out o = { .to = body };
    struct shape shape = { .bare = true, .told = told };
    uint64_t ids = 0;                 /* a bit a column */
    int64_t count = 0;

    if (ask->query->keys)
        ask->args[ask->arg_count++] = value_int(TABLE_MOST + 1);
    if (store_query(ask->store, &rows, ask->query->sql, (struct args){ ask->args, ask->arg_count }, e) < 0)
        return -1;
    shape_read(&rows, ask->query->sealed, &shape);
    int door = rows_named(&rows, "door");
    out_open(&o, '{');
    out_key(&o, "columns");
    out_open(&o, '[');
    for (int i = 0; i < shape.count; i++)
        if (!shape.hidden[i])
            out_text(&o, str_of(rows_name(&rows, i)));
    for (const struct sealed_column *col = ask->query->sealed; col && col->name; col++)
        if (col->mask != MASK_ID)
            out_text(&o, str_of(col->name));
    out_close(&o, ']');
    out_key(&o, "rows");
    out_open(&o, '[');
    while (rows_next(&rows)) {
        if (++count > TABLE_MOST)
            return err_field(e, "bundle.large", "area");
        for (int i = 0; i < shape.count; i++)
            ids |= (uint64_t)(!shape.hidden[i] && rows_kind(&rows, i) == VALUE_BLOB && rows_str(&rows, i).len == sizeof(struct id)) << i;
        if (!doors || ids_have(doors, rows_id(&rows, door)))
            ask->shown += row_out(ask, &rows, &shape, NULL, &o);
    }
    out_close(&o, ']');
    out_key(&o, "ids");
    out_open(&o, '[');
    for (int i = 0, sent = 0; told && i < shape.count; sent += !shape.hidden[i++])
        if (ids >> i & 1)
            out_int(&o, sent);
    out_close(&o, ']');
    out_close(&o, '}');
    return store_failed(ask->store, e);
}

/* Who looked: one record an act, in the read ledger of the asked area. */
struct batch *read_note(struct ask *ask, const char *type, struct json *values)
{
    struct who who = { .worker = ask->who->worker, .system = true };
    struct batch *b = core_batch_new(ask->core, &who, time_now());
    const struct area *area = ask->area ? ask->area : area_count(ask->areas) ? area_at(ask->areas, 0) : NULL;

    core_batch_add(b, id_new(), type, area ? area->id : STR("?"), time_now(), values);
    return b;
}

static const char *query_path(struct ask *ask, struct str feature)
{
    return arena_printf(ask->mem, "%.*s/%s", (int)feature.len, feature.at, ask->query->name);
}

/* The question as it was asked, to remember its answer under. */
static struct str question_text(struct ask *ask, ask_param *param, void *ctx)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_put(&text, &ask->query, sizeof ask->query);
    buf_str(&text, ask->area ? ask->area->id : STR("-"));
    for (const struct param *p = ask->query->params; p && p->name; p++)
        if (p->from == PARAM_ASKED) {
            struct str value = param(ctx, p->name);
            buf_put(&text, &value.len, sizeof value.len);
            buf_str(&text, value.at ? value : STR(""));
        }
    return arena_str(ask->mem, buf_view(&text));
}

int ask_snapshot(struct ask *ask, struct err *e)
{
    if (store_snapshot(ask->store, e) < 0)
        return -1;
    if (!core_rebuilding(ask->core))
        return 0;
    store_snapshot_end(ask->store);             /* it may be one of half the tables */
    return err_again(e, ERR_BUSY, "busy.rebuilding");
}

/* From one state of the store. */
static int read_answer(struct ask *ask, ask_param *param, void *ctx, struct answer *out, struct err *e)
{
    int64_t count = 0;
    int result = -1;

    if (ask_snapshot(ask, e) < 0)
        return -1;
    if (ask_args(ask, param, ctx, e) == 0)
        result = ask->query->answer ? ask->query->answer(ask, &out->body, out->tag, e) : rows_out(ask, NULL, &out->body, &count, e);
    store_snapshot_end(ask->store);
    return result;
}

/* As it was answered to somebody else since the last commit, or read. */
static int same_answer(struct ask *ask, ask_param *param, void *ctx, struct answer *out, struct err *e)
{
    struct memo_time time = memo_time(ask->core, ask->areas);
    struct str question = question_text(ask, param, ctx);

    if (memo_find(ask->core->memo, question, time, &out->body))
        return 0;
    if (read_answer(ask, param, ctx, out, e) < 0)
        return -1;
    memo_keep(ask->core->memo, question, time, buf_view(&out->body));
    return 0;
}

int core_read(struct core *c, struct reader *reader, const struct who *who, struct str feature, struct str query, ask_param *param, void *ctx,
              struct answer *out, struct err *e)
{
    struct arena mem = { 0 };
    struct ask ask = { .core = c, .who = who, .store = reader->store, .query = core_query(c, feature, query), .mem = &mem };
    int result;

    if (!ask.query || ask.query->reveal)
        return err_set(e, ERR_MISSING, "query.unknown");
    ask.areas = core_areas_hold(c);
    atomic_fetch_add(&c->reads, 1);
    result = ask_area(&ask, param, ctx, e);
    if (result == 0)
        result = ask.query->same && c->memo && !ask.own_only ? same_answer(&ask, param, ctx, out, e) : read_answer(&ask, param, ctx, out, e);
    if (result == 0 && ask.shown) {
        struct json *values = json_map();
        json_set(values, "query", json_text(str_of(query_path(&ask, feature))));
        json_set(values, "count", json_number(ask.shown));
        size_t asked = 0;
        for (const struct param *p = ask.query->params; p && p->name; p++)         /* of one household: its trace shows it */
            if (p->from == PARAM_ASKED && ask.text_of[asked++].len && strcmp(p->name, "household") == 0)
                json_set(values, p->name, json_text(ask.text_of[asked - 1]));
        out->note = read_note(&ask, "core.read", values);
    }
    core_areas_drop(ask.areas);
    arena_done(&mem);
    return result;
}

/* ---- one household, with a purpose ------------------------------------------------------ */

const struct query *reveal_query(struct core *c)      /* the household's: its feature is the leftmost that has one */
{
    for (size_t i = 0; i < c->feature_count; i++)
        for (const struct query *q = c->features[i]->queries; q && q->name; q++)
            if (q->reveal)
                return q;
    return NULL;
}

/* Which one is asked, the household's when none is named. */
static const struct query *reveal_named(struct core *c, const struct json *doc)
{
    struct str path = json_str(json_get(doc, "query"));
    const char *slash = path.len ? memchr(path.at, '/', path.len) : NULL;
    const struct query *q;

    if (!slash)
        return path.at ? NULL : reveal_query(c);
    q = core_query(c, (struct str){ path.at, (size_t)(slash - path.at) }, (struct str){ slash + 1, path.len - (size_t)(slash - path.at) - 1 });
    return q && q->reveal ? q : NULL;
}

/* Its params are ids, each by its name; the first is the household. */
static int reveal_ids(struct ask *ask, const struct json *doc, struct id *household, struct err *e)
{
    const struct param *params = ask->query->params;

    for (const struct param *p = params; p->name; p++) {
        struct id *id = p == params ? household : arena_take(ask->mem, sizeof *id);
        if (!id_parse(json_str(json_get(doc, p->name)), id))
            return err_field(e, "field.id", p->name);
        ask->args[2 + ask->arg_count++] = value_id(*id);
    }
    return 0;
}

static int reveal_read(struct ask *ask, const struct json *doc, struct id *household, struct err *e)
{
    size_t purpose = utf8_count(json_str(json_get(doc, "purpose")));
    const struct json *fields = json_get(doc, "fields");

    if (reveal_ids(ask, doc, household, e) < 0)
        return -1;
    if (purpose < 2 || purpose > 120)
        return err_field(e, "reveal.purpose", "purpose");
    if (json_kind(fields) != JSON_LIST || json_count(fields) == 0 || json_count(fields) > 40)
        return err_field(e, "field.items", "fields");
    for (size_t i = 0; i < json_count(fields); i++) {
        const struct sealed_column *col = ask->query->sealed;
        while (col->name && !str_is(json_str(json_at(fields, i)), col->name))
            col++;
        if (!col->name)
            return err_field(e, "field.unknown", "fields");
    }
    ask->area = area_find(ask->areas, json_str(json_get(doc, "area")));
    if (!ask->area)
        return unknown_area(e, "area");
    path_range(ask->area, ask->mem, ask->args);
    ask->arg_count += 2;
    return 0;
}

static int reveal_rows(struct ask *ask, const struct json *fields, struct buf *body, struct err *e)
{
    int64_t count = 0;
    int result;

    if (ask_snapshot(ask, e) < 0)
        return -1;
    result = rows_out(ask, fields, body, &count, e);
    store_snapshot_end(ask->store);
    if (result == 0 && !count)
        return err_set(e, ERR_MISSING, ask->query->params[1].name ? "reveal.nothing" : "household.unknown");
    if (result == 0 && !ask->shown) {
        buf_clear(body);
        return ask->opened ? err_set(e, ERR_MISSING, "reveal.nothing") : err_set(e, ERR_DENIED, "right.denied");
    }
    return result;
}

int core_reveal(struct core *c, struct reader *reader, const struct who *who, struct str body, struct answer *out, struct err *e)
{
    static const struct json_limits limits = { 8192, 4, 500 };
    CLEANUP(json_done) struct json *doc = NULL;
    struct arena mem = { 0 };
    struct ask ask = { .core = c, .who = who, .store = reader->store, .mem = &mem };
    struct id household;
    int result = -1;

    if (json_parse(body, &limits, &doc, e) < 0)
        return -1;
    ask.query = reveal_named(c, doc);
    if (!ask.query)
        return err_missing(e, "query.unknown", "query");
    ask.areas = core_areas_hold(c);
    if (reveal_read(&ask, doc, &household, e) == 0)
        result = reveal_rows(&ask, json_get(doc, "fields"), &out->body, e);
    if (result == 0) {
        struct json *values = json_map();
        json_set(values, "household", json_id(household));
        json_set(values, "fields", json_copy(json_get(doc, "fields")));
        json_set(values, "purpose", json_text(json_str(json_get(doc, "purpose"))));
        json_set(values, "count", json_number(ask.shown));
        out->note = read_note(&ask, "core.reveal", values);
    }
    core_areas_drop(ask.areas);
    arena_done(&mem);
    return result;
}
