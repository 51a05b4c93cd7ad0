/*
 * trace.c - a resident's trace: who wrote and who looked at what is kept of one household.
 *
 * Every ledger the household ever lived in is walked twice: once to learn who
 * its members are and behind which doors it lived, once to find the records
 * that name it, one of them, its door while it lived there, or a record found
 * before (an approval names the request).  Looks lie in the read ledgers of its
 * areas and of those above.  No key is needed: nothing sealed is opened.
 */
#include "core/own.h"

#include <stdlib.h>

struct stay {                     /* behind a door from a position on */
    struct id door;
    int64_t position;
};

struct tracing {
    struct core *core;
    struct store *store;
    const struct areas *areas;
    struct id household;
    struct trace *out;
    struct ids persons, records;
    struct stay *stays;
    size_t stay_count, stay_room;
    struct str *ledgers;          /* it lived in */
    size_t ledger_count, ledger_room;
    const struct area **lived;    /* areas it was written of in */
    size_t lived_count, lived_room;
    int64_t known_at;             /* the first record about it */
};

bool ids_have(const struct ids *ids, struct id id)
{
    for (size_t i = 0; i < ids->count; i++)
        if (id_eq(ids->at[i], id))
            return true;
    return false;
}

void ids_add(struct ids *ids, struct id id)
{
    if (id_none(id) || ids_have(ids, id))
        return;
    ids->at = MEM_GROW(ids->at, ids->count, ids->room);
    ids->at[ids->count++] = id;
}

static struct id id_at(const struct json *map, const char *key)
{
    struct id id;

    return id_parse(json_str(json_get(map, key)), &id) ? id : (struct id){ 0 };
}

static bool ever_behind(const struct tracing *t, struct id door)
{
    for (size_t i = 0; i < t->stay_count; i++)
        if (id_eq(t->stays[i].door, door))
            return true;
    return false;
}

enum mention { MENTION_NONE, MENTION_DOOR, MENTION_OTHER, MENTION_SELF };       /* OTHER: a member, or a record about it */

/*
 * What our own JSON text names: every id in it stands between two quotes.
 * Nearly all rows of a ledger name nothing of this household: they are told
 * apart by their bytes, and only the others are parsed.
 */
static enum mention mentions(const struct tracing *t, struct str text)
{
    enum { LENGTH = ID_TEXT - 1 };
    enum mention found = MENTION_NONE;
    const char *at = text.at, *end = text.at + text.len;

    while (at && (at = memchr(at, '"', (size_t)(end - at))) && end - at > LENGTH + 1) {
        struct id id;
        at++;
        if (at[LENGTH] != '"' || !id_parse((struct str){ at, LENGTH }, &id))
            continue;
        at += LENGTH + 1;
        if (id_eq(id, t->household))
            return MENTION_SELF;
        if (found < MENTION_OTHER && (ids_have(&t->persons, id) || ids_have(&t->records, id)))
            found = MENTION_OTHER;
        else if (found < MENTION_DOOR && ever_behind(t, id))
            found = MENTION_DOOR;
    }
    return found;
}

static enum mention row_mentions(const struct tracing *t, const struct ledger_row *row)
{
    enum mention body = mentions(t, row->body), given = mentions(t, row->given);

    return body > given ? body : given;
}

/* ---- first walk: its members, its doors --------------------------------------------- */

static void add_persons(struct tracing *t, const struct json *j)
{
    ids_add(&t->persons, id_at(j, "person"));
    for (size_t i = 0; json_kind(j) == JSON_LIST && i < json_count(j); i++)
        add_persons(t, json_at(j, i));
    for (void *it = json_kind(j) == JSON_MAP ? json_first(j) : NULL; it; it = json_next(j, it))
        if (json_kind(json_value(it)) == JSON_LIST || json_kind(json_value(it)) == JSON_MAP)
            add_persons(t, json_value(it));
}

static void add_area(struct tracing *t, struct str id)
{
    const struct area *a = area_find(t->areas, id);

    for (size_t i = 0; i < t->lived_count; i++)
        if (t->lived[i] == a)
            return;
    if (!a)
        return;
    t->lived = MEM_GROW(t->lived, t->lived_count, t->lived_room);
    t->lived[t->lived_count++] = a;
}

static int learn(struct tracing *t, const struct ledger_row *row, struct err *e)
{
    CLEANUP(json_done) struct json *body = NULL;

    if (json_parse(row->body, &json_own, &body, e) < 0)
        return -1;
    bool of_it = id_eq(id_at(body, "household"), t->household);
    if (!of_it && !id_eq(id_at(body, "to"), t->household))
        return 0;
    add_persons(t, body);
    struct id door = id_at(body, "door");
    if (!of_it || id_none(door))
        return 0;
    add_area(t, row->area);
    t->stays = MEM_GROW(t->stays, t->stay_count, t->stay_room);
    t->stays[t->stay_count++] = (struct stay){ door, row->position };
    return 0;
}

static bool lived_behind(const struct tracing *t, struct id door, int64_t position)
{
    struct id now = { 0 };

    for (size_t i = 0; i < t->stay_count && t->stays[i].position <= position; i++)
        now = t->stays[i].door;
    return !id_none(door) && id_eq(now, door);
}

/* ---- second walk: what was written ---------------------------------------------------- */

static struct trace_line *line_add(struct tracing *t, const struct ledger_row *row, const struct json *given)
{
    struct trace *out = t->out;
    const struct kind *kind = core_kind(t->core, row->type);

    out->lines = MEM_GROW(out->lines, out->count, out->room);
    struct trace_line *l = &out->lines[out->count++];
    *l = (struct trace_line){
        .at = json_int(json_get(given, "at")), .position = row->position, .ledger = arena_str(&out->mem, row->ledger),
        .area = arena_str(&out->mem, row->area), .type = arena_str(&out->mem, row->type), .words = kind ? kind->type->words : NULL,
        .maker = row->maker, .author = row->author, .for_whom = row->for_whom,
    };
    return l;
}

/*
 * What is of another household only names it (as its centre).  What is of none
 * names it, a member, or its door: the dwelling itself, or a visit while it lived there.
 */
static bool concerns(const struct tracing *t, const struct ledger_row *row, const struct json *body, enum mention mention)
{
    const struct kind *kind = core_kind(t->core, row->type);
    struct id door = id_at(body, "door");

    if (json_get(body, "household"))
        return id_eq(id_at(body, "household"), t->household) || id_eq(id_at(body, "to"), t->household);
    if (mention > MENTION_DOOR || lived_behind(t, door, row->position))
        return true;
    return kind && kind->type->subject && strcmp(kind->type->subject, "door") == 0 && ever_behind(t, door);
}

static int note_written(struct tracing *t, const struct ledger_row *row, struct err *e)
{
    CLEANUP(json_done) struct json *body = NULL;
    CLEANUP(json_done) struct json *given = NULL;
    enum mention mention = row_mentions(t, row);

    if (mention == MENTION_NONE)
        return 0;
    if (json_parse(row->body, &json_own, &body, e) < 0 || json_parse(row->given, &json_own, &given, e) < 0)
        return -1;
    if (!concerns(t, row, body, mention))
        return 0;
    ids_add(&t->records, row->id);
    int64_t at = line_add(t, row, given)->at;
    t->known_at = !t->known_at || at < t->known_at ? at : t->known_at;
    return 0;
}

static int walk(struct tracing *t, struct str ledger, int (*each)(struct tracing *t, const struct ledger_row *row, struct err *e), struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_after(t->store, ledger, 0, &rows, e) < 0)
        return -1;
    while (ledger_next(&rows, &row)) {
        struct arena mem = { 0 };
        JSON_HOME(&mem);
        int result = each(t, &row, e);
        arena_done(&mem);
        if (result < 0)
            return -1;
    }
    return store_failed(t->store, e);
}

static int learn_if_named(struct tracing *t, const struct ledger_row *row, struct err *e)
{
    return row_mentions(t, row) == MENTION_SELF ? learn(t, row, e) : 0;
}

/* ---- who looked ------------------------------------------------------------------------- */

static bool covers_it(const struct tracing *t, struct str id)
{
    const struct area *asked = area_find(t->areas, id);

    for (size_t i = 0; asked && i < t->lived_count; i++)
        if (area_within(t->lived[i], asked))
            return true;
    return false;
}

static struct str joined(struct arena *mem, const struct json *list)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    for (size_t i = 0; i < json_count(list); i++) {
        if (i)
            buf_char(&text, ' ');
        buf_str(&text, json_str(json_at(list, i)));
    }
    return text.len ? arena_str(mem, buf_view(&text)) : (struct str){ 0 };
}

static struct str kept(struct arena *mem, const struct json *text)
{
    return json_kind(text) == JSON_TEXT ? arena_str(mem, json_str(text)) : (struct str){ 0 };
}

static int note_looked(struct tracing *t, const struct ledger_row *row, struct err *e)
{
    CLEANUP(json_done) struct json *body = NULL;
    CLEANUP(json_done) struct json *given = NULL;
    const struct str key = STR("\"household\":");

    /* Of another household, or a page of elsewhere. */
    if (memmem(row->body.at, row->body.len, key.at, key.len) ? row_mentions(t, row) != MENTION_SELF : !covers_it(t, row->area))
        return 0;
    if (json_parse(row->body, &json_own, &body, e) < 0 || json_parse(row->given, &json_own, &given, e) < 0)
        return -1;
    bool named = json_get(body, "household") != NULL;
    if (named ? !id_eq(id_at(body, "household"), t->household)
              : json_int(json_get(given, "at")) < t->known_at || !covers_it(t, row->area))
        return 0;
    struct trace_line *l = line_add(t, row, given);
    l->kind = named ? TRACE_LOOKED : TRACE_PAGE;
    l->query = kept(&t->out->mem, json_get(body, "query"));
    l->purpose = kept(&t->out->mem, json_get(body, "purpose"));
    l->fields = joined(&t->out->mem, json_get(body, "fields"));
    l->count = named ? json_int(json_get(body, "count")) : 1;
    return 0;
}

/* The read ledgers of its areas and of every area above, each once. */
static int walk_looks(struct tracing *t, struct err *e)
{
    struct str *done = NULL;
    size_t count = 0, room = 0;
    int result = 0;

    for (size_t i = 0; result == 0 && i < t->lived_count; i++)
        for (const struct area *a = t->lived[i]; result == 0 && a; a = a->parent) {
            char name[LEDGER_NAME];
            size_t k = 0;
            while (k < count && !str_eq(done[k], a->ledger))
                k++;
            if (k < count)
                continue;
            done = MEM_GROW(done, count, room);
            done[count++] = a->ledger;
            ledger_name(name, a->ledger, true);
            result = walk(t, str_of(name), note_looked, e);
        }
    free(done);
    return result;
}

/* ---- in order ------------------------------------------------------------------------------ */

static int by_number(int64_t l, int64_t r)
{
    return (l > r) - (l < r);
}

static int by_time(const void *left, const void *right)
{
    const struct trace_line *l = left, *r = right;
    int order = by_number(l->kind == TRACE_PAGE, r->kind == TRACE_PAGE);

    order = order ? order : by_number(l->at, r->at);
    order = order ? order : str_cmp(l->ledger, r->ledger);
    return order ? order : by_number(l->position, r->position);
}

static int by_page(const void *left, const void *right)
{
    const struct trace_line *l = left, *r = right;
    char day[DAY_TEXT], other[DAY_TEXT];

    day_of(l->at, day), day_of(r->at, other);
    int order = strcmp(day, other);
    order = order ? order : memcmp(&l->maker, &r->maker, sizeof l->maker);
    order = order ? order : str_cmp(l->query, r->query);
    return order ? order : str_cmp(l->area, r->area);
}

/* One line a person, question, area and day, with the time of the first. */
static void gather_pages(struct trace *t)
{
    size_t first = 0, kept = 0;

    if (!t->count)
        return;
    qsort(t->lines, t->count, sizeof *t->lines, by_time);
    while (first < t->count && t->lines[first].kind != TRACE_PAGE)
        first++;
    if (first == t->count)
        return;
    qsort(t->lines + first, t->count - first, sizeof *t->lines, by_page);
    for (size_t i = kept = first; i < t->count; i++) {
        if (kept > first && by_page(&t->lines[kept - 1], &t->lines[i]) == 0) {
            struct trace_line *l = &t->lines[kept - 1];
            l->count += t->lines[i].count;
            l->at = t->lines[i].at < l->at ? t->lines[i].at : l->at;
            continue;
        }
        t->lines[kept] = t->lines[i];
        t->lines[kept++].position = 0;
    }
    t->count = kept;
    qsort(t->lines + first, t->count - first, sizeof *t->lines, by_time);
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The question behind POST /api/reveal finds a household in every ledger that ever had it. */
static int find_ledgers(struct tracing *t, const struct area *below, struct err *e)
{
    const struct query *q = reveal_query(t->core);
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct value range[2];

    if (!q)
        return err_set(e, ERR_MISSING, "query.unknown");
    path_range(below, &t->out->mem, range);
    if (store_query(t->store, &rows, q->sql, ARGS(range[0], range[1], t->household), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str ledger = rows_str(&rows, rows_named(&rows, "_ledger"));
        bool known = false;
        for (size_t i = 0; i < t->ledger_count; i++)
            known |= str_eq(t->ledgers[i], ledger);
        add_area(t, rows_str(&rows, rows_named(&rows, "_area")));
        if (known)
            continue;
        t->ledgers = MEM_GROW(t->ledgers, t->ledger_count, t->ledger_room);
        t->ledgers[t->ledger_count++] = arena_str(&t->out->mem, ledger);
    }
    if (store_failed(t->store, e) < 0)
        return -1;
    return t->ledger_count ? 0 : err_set(e, ERR_MISSING, "household.unknown");
}

int core_trace(struct core *c, struct store *s, const struct areas *areas, const struct area *below, struct id household, struct trace *out,
               struct err *e)
{
    struct tracing t = { .core = c, .store = s, .areas = areas, .household = household, .out = out };
    int result = find_ledgers(&t, below, e);

    for (size_t i = 0; result == 0 && i < t.ledger_count; i++) {
        t.stay_count = 0;         /* positions are a ledger's own */
        result = walk(&t, t.ledgers[i], learn_if_named, e);
        if (result == 0)
            result = walk(&t, t.ledgers[i], note_written, e);
    }
    if (result == 0)
        result = walk_looks(&t, e);
    if (result == 0)
        gather_pages(out);
    free(t.persons.at);
    free(t.records.at);
    free(t.stays);
    free(t.ledgers);
    free(t.lived);
    return result;
}

void trace_done(struct trace *t)
{
    free(t->lines);
    arena_done(&t->mem);
    *t = (struct trace){ 0 };
}

/* ---- the auditor's question: who and when, no residents ------------------------------------------- */

int trace_answer(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    static const char *const kinds[] = { [TRACE_WROTE] = "wrote", [TRACE_LOOKED] = "looked", [TRACE_PAGE] = "page" };
    CLEANUP(trace_done) struct trace trace = { 0 };
    struct out o = { .to = body };
    struct id household;

    (void)tag;
    if (!id_parse(ask->text_of[0], &household))
        return err_field(e, "field.id", "household");
    if (core_trace(ask->core, ask->store, ask->areas, ask->area, household, &trace, e) < 0)
        return -1;
    out_open(&o, '{');
    out_key(&o, "rows");
    out_open(&o, '[');
    for (size_t i = 0; i < trace.count; i++) {
        const struct trace_line *l = &trace.lines[i];
        out_open(&o, '{');
        out_key(&o, "kind"), out_text(&o, str_of(kinds[l->kind]));
        out_key(&o, "at"), out_int(&o, l->at);
        out_key(&o, "type"), out_text(&o, l->type);
        out_key(&o, "area"), out_text(&o, l->area);
        out_key(&o, "ledger"), out_text(&o, l->ledger);
        out_key(&o, "position"), out_int(&o, l->position);
        out_key(&o, "maker"), out_maybe_id(&o, l->maker);
        out_key(&o, "author"), out_maybe_id(&o, l->author);
        out_key(&o, "for_whom"), out_maybe_id(&o, l->for_whom);
        out_key(&o, "query"), out_text(&o, l->query);
        out_key(&o, "purpose"), out_text(&o, l->purpose);
        out_key(&o, "fields"), out_text(&o, l->fields);
        out_key(&o, "count"), out_int(&o, l->count);
        out_close(&o, '}');
    }
    out_close(&o, ']');
    out_key(&o, "next"), out_null(&o);
    out_close(&o, '}');
    return 0;
}
