/*
 * doors.c - a list of doors and households, one row for each household or empty door.
 *
 * Rows become the records a phone would send, and only where they say something
 * the store does not hold: the same file twice, or an export read back, writes
 * nothing.  An empty cell says nothing; what is not in the file stays as it is.
 * Doors, households and persons without an id get one hashed from where they
 * stand.  `centre` is "yes", or the id or head of the centre household of the
 * same area.  `members` holds persons separated by ";", each
 * name/sex/birth/id/phone/relation/away_until/person; "\" goes before a "/",
 * ";" or "\" that belongs to a value.
 */
#include <stdio.h>
#include <stdlib.h>

#include "exchange/table.h"

enum {
    COL_AREA, COL_ORDER, COL_BUILDING, COL_FLOOR, COL_ROOM, COL_USE, COL_LANDLORD, COL_KIND, COL_HEAD, COL_PHONE, COL_CONTACT, COL_SPEAKS,
    COL_NEEDS, COL_CENTRE, COL_MEMBERS, COL_DOOR, COL_HOUSEHOLD,
};
const struct column door_columns[] = {
    [COL_AREA] = { "area", "网格", true },
    [COL_ORDER] = { "order", "次序", true },
    [COL_BUILDING] = { "building", "楼栋", false },
    [COL_FLOOR] = { "floor", "楼层", false },
    [COL_ROOM] = { "room", "房号", false },
    [COL_USE] = { "use", "用途", true },
    [COL_LANDLORD] = { "landlord", "房东", false },
    [COL_KIND] = { "household_kind", "户类别", false },
    [COL_HEAD] = { "head", "户主", false },
    [COL_PHONE] = { "phone", "电话", false },
    [COL_CONTACT] = { "contact", "外地联系人", false },
    [COL_SPEAKS] = { "speaks", "语言", false },
    [COL_NEEDS] = { "needs", "需求", false },
    [COL_CENTRE] = { "centre", "中心户", false },
    [COL_MEMBERS] = { "members", "成员", false },
    [COL_DOOR] = { "door", "房屋编号", false },
    [COL_HOUSEHOLD] = { "household", "户编号", false },
    { 0 },
};

/* Cells that are fields of the records as they stand. */
static const struct cell {
    int column;
    const char *field;
} door_cells[] = {
    { COL_ORDER, "order" }, { COL_USE, "use" }, { COL_BUILDING, "building" }, { COL_FLOOR, "floor" }, { COL_ROOM, "room" },
    { COL_LANDLORD, "landlord" },
}, home_cells[] = {
    { COL_KIND, "kind" }, { COL_HEAD, "head" }, { COL_PHONE, "phone" }, { COL_CONTACT, "contact" }, { COL_SPEAKS, "speaks" },
};
static const char *const person_parts[] = { "name", "sex", "birth", "id", "phone", "relation", "away_until", "person" };
enum { PERSON_ID = COUNT_OF(person_parts) - 1, PERSONS = 500 };

/* ---- one row -------------------------------------------------------------------------- */

struct entry {
    const struct area *area;
    struct id door, household;   /* household zero: an empty door */
    bool own_household_id;
    struct json *door_body, *home_body, *members;   /* members: list of maps, each with person */
    struct str centre;
};

static void entry_done(struct entry *n)
{
    json_free(n->door_body);
    json_free(n->home_body);
    json_free(n->members);
    *n = (struct entry){ 0 };
}

static const struct field *field_of(const struct field *fields, const char *name)
{
    while (fields->name && strcmp(fields->name, name) != 0)
        fields++;
    return fields->name ? fields : NULL;
}

/* One text as a value of the field; NULL and the key when it is none. */
static struct json *value_from(struct core *c, const struct field *f, struct str text, const char **key)
{
    int64_t n;
    struct id id;

    switch (f->kind) {
    case FIELD_NUMBER:
        *key = "field.number";
        return str_to_int(text, &n) && n >= f->min && n <= f->max ? json_number(n) : NULL;
    case FIELD_CODE:
        *key = "field.code";
        return core_code_known(c, f->codes, text) ? json_text(text) : NULL;
    case FIELD_DAY:
        *key = "field.day";
        return day_parse(text, &n) ? json_text(text) : NULL;
    case FIELD_ID:
        *key = "field.id";
        return id_parse(text, &id) ? json_text(text) : NULL;
    default:
        *key = "field.text";
        for (size_t i = 0; i < text.len; i++)
            if ((unsigned char)text.at[i] < 32 || text.at[i] == 127)
                return NULL;
        return utf8_count(text) <= (size_t)(f->max ? f->max : 200) ? json_text(text) : NULL;
    }
}

struct fault {
    const char *key;
    char field[40];
};

static bool fill(struct core *c, const struct table *t, const char *type, const struct cell *cells, size_t count, struct json *body,
                 struct fault *fault)
{
    const struct field *fields = core_type(c, str_of(type))->fields;

    for (size_t i = 0; i < count; i++) {
        struct str text = table_cell(t, cells[i].column);
        struct json *v;

        if (!text.len)
            continue;
        if (!(v = value_from(c, field_of(fields, cells[i].field), text, &fault->key))) {
            snprintf(fault->field, sizeof fault->field, "%s", t->columns[cells[i].column].name);
            return false;
        }
        json_set(body, cells[i].field, v);
    }
    return true;
}

/* Up to the next unescaped separator; what it read is without escapes. */
static struct str part(struct str text, size_t *at, char *ended, struct arena *mem)
{
    char *to = arena_take(mem, text.len - *at + 1);
    size_t n = 0;

    for (*ended = 0; *at < text.len; (*at)++) {
        char ch = text.at[*at];

        if (ch == '/' || ch == ';') {
            *ended = ch;
            (*at)++;
            break;
        }
        if (ch == '\\' && *at + 1 < text.len)
            ch = text.at[++*at];
        to[n++] = ch;
    }
    return (struct str){ to, n };
}

static struct json *persons(struct core *c, struct str text, struct id household, struct arena *mem, struct fault *fault)
{
    const struct field *fields = field_of(core_type(c, STR("household.open"))->fields, "members")->fields;
    CLEANUP(json_done) struct json *list = json_list();
    struct json *all = NULL;
    size_t at = 0;

    fault->key = "field.text";
    while (at < text.len) {
        CLEANUP(json_done) struct json *one = json_map();
        size_t begin = at, k = 0;
        char ended = '/', line[ID_TEXT];

        for (; ended == '/'; k++) {
            struct str s = part(text, &at, &ended, mem);
            struct json *v;

            snprintf(fault->field, sizeof fault->field, "members[%zu].%s", json_count(list), k <= PERSON_ID ? person_parts[k] : "");
            if (k > PERSON_ID || (s.len && !(v = value_from(c, field_of(fields, person_parts[k]), s, &fault->key))))
                return NULL;
            if (s.len)
                json_set(one, person_parts[k], v);
        }
        if (json_count(one) == 0 || json_count(list) == PERSONS)
            return NULL;
        if (!json_get(one, "person")) {
            struct str who = { text.at + begin, at - begin };
            struct id id = id_make("import.person", id_bytes(&household), who);
            struct str name = json_str(json_get(one, "name"));

            if (name.len) {      /* by name and birth, so that a new phone makes no new person */
                CLEANUP(buf_done) struct buf key = { 0 };

                buf_str(&key, name), buf_char(&key, '/');
                if (json_get(one, "birth"))
                    buf_str(&key, json_str(json_get(one, "birth")));
                id = id_make("import.person", id_bytes(&household), buf_view(&key));
                id_text(id, line);
                for (size_t i = 0; i < json_count(list); i++)
                    if (str_is(json_str(json_get(json_at(list, i), "person")), line))
                        id = id_make("import.person", id_bytes(&id), STR("again"));
            }
            id_text(id, line);
            json_set(one, "person", json_text(str_of(line)));
        }
        json_add(list, json_copy(one));
    }
    all = list;
    list = NULL;
    return all;
}

static struct json *need_list(struct core *c, struct str text, struct fault *fault)
{
    const struct field *f = field_of(core_type(c, STR("household.open"))->fields, "needs");
    struct json *list = json_list();

    for (size_t at = 0; at < text.len;) {
        size_t end = at;
        struct json *v;

        while (end < text.len && text.at[end] != ';')
            end++;
        if (!(v = value_from(c, f, (struct str){ text.at + at, end - at }, &fault->key))) {
            snprintf(fault->field, sizeof fault->field, "needs");
            json_free(list);
            return NULL;
        }
        json_add(list, v);
        at = end + 1;
    }
    return list;
}

static bool fails(struct fault *f, const char *key, const char *field)
{
    f->key = key;
    snprintf(f->field, sizeof f->field, "%s", field);
    return false;
}

static bool row_ids(const struct table *t, struct entry *n, struct fault *fault)
{
    struct str door = table_cell(t, COL_DOOR), home = table_cell(t, COL_HOUSEHOLD), head = table_cell(t, COL_HEAD);
    struct str place[] = { table_cell(t, COL_ORDER), table_cell(t, COL_BUILDING), table_cell(t, COL_FLOOR), table_cell(t, COL_ROOM) };
    CLEANUP(buf_done) struct buf key = { 0 };

    for (size_t i = 0; i < COUNT_OF(place); i++)
        buf_str(&key, place[i]), buf_char(&key, '\n');
    n->door = id_make("import.door", n->area->id, buf_view(&key));
    if (door.len && !id_parse(door, &n->door))
        return fails(fault, "field.id", "door");
    if (!table_cell(t, COL_KIND).len) {
        static const int of_home[] = { COL_HEAD, COL_PHONE, COL_CONTACT, COL_SPEAKS, COL_NEEDS, COL_CENTRE, COL_MEMBERS, COL_HOUSEHOLD };

        for (size_t i = 0; i < COUNT_OF(of_home); i++)
            if (table_cell(t, of_home[i]).len)
                return fails(fault, "field.required", "household_kind");
        return true;
    }
    n->household = id_make("import.household", id_bytes(&n->door), head);
    n->own_household_id = home.len > 0;
    if (home.len && !id_parse(home, &n->household))
        return fails(fault, "field.id", "household");
    return true;
}

/* Reads the row the table stands on. */
static bool entry_read(struct import *in, struct entry *n, struct arena *mem, struct fault *fault)
{
    const struct table *t = &in->table;
    struct str members = table_cell(t, COL_MEMBERS), needs = table_cell(t, COL_NEEDS);

    n->area = area_find(in->areas, table_cell(t, COL_AREA));
    if (!n->area || !n->area->open)
        return fails(fault, "area.unknown", "area");
    if (n->area->level < 4)
        return fails(fault, "household.not_in_village", "area");
    if (in->area && !area_within(n->area, in->area))
        return fails(fault, "area.outside", "area");
    if (!table_cell(t, COL_ORDER).len)
        return fails(fault, "field.required", "order");
    if (!table_cell(t, COL_USE).len)
        return fails(fault, "field.required", "use");
    if (!row_ids(t, n, fault))
        return false;
    n->door_body = json_map();
    if (!fill(in->core, t, "household.door", door_cells, COUNT_OF(door_cells), n->door_body, fault))
        return false;
    if (id_none(n->household))
        return true;
    n->home_body = json_map();
    if (!fill(in->core, t, "household.open", home_cells, COUNT_OF(home_cells), n->home_body, fault))
        return false;
    if (needs.len) {
        struct json *list = need_list(in->core, needs, fault);

        if (!list)
            return false;
        json_set(n->home_body, "needs", list);
    }
    n->centre = table_cell(t, COL_CENTRE);
    if (str_is(n->centre, "yes") || str_is(n->centre, "是")) {
        json_set(n->home_body, "centre", json_bool(true));
        n->centre = (struct str){ 0 };
    }
    return !members.len || (n->members = persons(in->core, members, n->household, mem, fault));
}

/* ---- what the store holds --------------------------------------------------------------- */

struct asked {
    struct str area, household, cursor;
};

static struct str asked_param(void *ctx, const char *name)
{
    const struct asked *a = ctx;

    return strcmp(name, "area") == 0 ? a->area : strcmp(name, "household") == 0 ? a->household :
           strcmp(name, "cursor") == 0 ? a->cursor : (struct str){ 0 };
}

static const struct json_limits answer_limits = { 256 << 20, 16, 1 << 20 };

/* All rows of a question, page after page. */
static int ask_all(struct core *c, struct reader *reader, const struct who *who, const char *query, struct asked asked,
                   int (*take)(void *ctx, const struct json *row, struct err *e), void *ctx, struct err *e)
{
    struct arena mem = { 0 };
    int failed = 0;

    do {
        struct answer answer = { 0 };
        CLEANUP(json_done) struct json *page = NULL;

        failed = core_read(c, reader, who, STR("household"), str_of(query), asked_param, &asked, &answer, e);
        if (!failed)
            failed = json_parse(buf_view(&answer.body), &answer_limits, &page, e);
        const struct json *rows = json_get(page, "rows");

        for (size_t i = 0; !failed && i < json_count(rows); i++)
            failed = take(ctx, json_at(rows, i), e);
        asked.cursor = failed ? (struct str){ 0 } : json_str(json_get(page, "next"));
        if (asked.cursor.len)
            asked.cursor = arena_str(&mem, asked.cursor);
        answer_done(&answer);
    } while (!failed && asked.cursor.len);
    arena_done(&mem);
    return failed;
}

/* Keeps rows by one of their ids. */
struct keeping {
    struct json *rows;
    const char *key;
};

static int keep(void *ctx, const struct json *row, struct err *e)
{
    const struct keeping *k = ctx;
    struct str id = json_str(json_get(row, k->key));
    char key[ID_TEXT] = "";

    (void)e;
    if (id.len >= sizeof key || !id.len)
        return 0;
    memcpy(key, id.at, id.len);
    json_set(k->rows, key, json_copy(row));
    return 0;
}

/* Beyond what lists show: needs, and members with their whole ids. What may not be seen stays masked. */
static int open_home(struct core *c, struct reader *reader, const struct who *who, struct str area, struct str household,
                     struct json **needs, struct json *members, struct err *e)
{
    CLEANUP(buf_done) struct buf asked = { 0 };
    CLEANUP(json_done) struct json *page = NULL;
    struct answer answer = { 0 };
    struct keeping keeping = { members, "person" };
    struct out o = { .to = &asked };
    const struct json *rows;
    int failed;

    *needs = NULL;
    if (ask_all(c, reader, who, "members", (struct asked){ .area = area, .household = household }, keep, &keeping, e) < 0)
        return -1;
    out_open(&o, '{');
    out_key(&o, "household"), out_text(&o, household);
    out_key(&o, "area"), out_text(&o, area);
    out_key(&o, "purpose"), out_text(&o, STR("export"));
    out_key(&o, "fields"), out_raw(&o, STR("[\"needs\",\"id\"]"));
    out_close(&o, '}');
    failed = core_reveal(c, reader, who, buf_view(&asked), &answer, e);
    if (failed && (e->kind == ERR_DENIED || e->kind == ERR_MISSING)) {
        *e = (struct err){ 0 };
        failed = 0;
    } else if (!failed) {
        failed = json_parse(buf_view(&answer.body), &answer_limits, &page, e);
    }
    answer_done(&answer);
    rows = json_get(page, "rows");
    for (size_t i = 0; i < json_count(rows); i++) {
        const struct json *row = json_at(rows, i), *id = json_get(row, "id");
        struct str person = json_str(json_get(row, "person"));
        char key[ID_TEXT] = "";

        if (i == 0 && json_count(json_get(row, "needs")))
            *needs = json_copy(json_get(row, "needs"));
        if (person.len && person.len < sizeof key)
            memcpy(key, person.at, person.len);
        if (json_get(members, key))
            json_set(json_get(members, key), "id", json_copy(id));
    }
    return failed;
}

struct merge {                   /* the file against the store */
    struct import *in;
    struct reader *reader;
    struct json *doors, *homes;  /* by id, of every village the file names */
    struct json *loaded;         /* those villages */
    struct json *told;           /* what the file says of its doors, by id */
    struct json *seen;           /* households of the file */
    struct json *heads;          /* "area head" of the file → household, "" when there are several */
    struct id *household_of;     /* of each row */
    struct batch *batch;
    char village[LEDGER_NAME];   /* of the batch */
    size_t *row_of;
    int64_t fresh, changed, same;
};
enum { BATCH = 1000 };

static int load(struct merge *m, const struct area *a, struct err *e)
{
    char key[LEDGER_NAME];

    while (a->level > 4 && a->parent)
        a = a->parent;
    snprintf(key, sizeof key, "%.*s", (int)a->id.len, a->id.at);
    if (json_get(m->loaded, key))
        return 0;
    json_set(m->loaded, key, json_bool(true));
    struct asked asked = { .area = a->id };
    struct keeping doors = { m->doors, "door" }, homes = { m->homes, "household" };

    if (ask_all(m->in->core, m->reader, m->in->who, "doors", asked, keep, &doors, e) < 0)
        return -1;
    return ask_all(m->in->core, m->reader, m->in->who, "list", asked, keep, &homes, e);
}

/* ---- records ------------------------------------------------------------------------------ */

static void flush(struct merge *m)
{
    if (!m->batch)
        return;
    if (m->batch->count) {
        core_write(m->in->core, m->batch);
        import_take(m->in, m->batch, m->row_of);
    }
    core_batch_free(m->batch);
    m->batch = NULL;
}

/* body is taken. */
static void put(struct merge *m, const char *type, const struct area *area, struct json *body, size_t row)
{
    if (!m->in->apply) {
        json_free(body);
        return;
    }
    if (m->batch && (m->batch->count == BATCH || !str_is(area->ledger, m->village)))
        flush(m);
    if (!m->batch) {
        m->batch = core_batch_new(m->in->core, m->in->who, time_now());
        m->batch->low = true;
        snprintf(m->village, sizeof m->village, "%.*s", (int)area->ledger.len, area->ledger.at);
    }
    m->row_of[m->batch->count] = row;
    core_batch_add(m->batch, id_new(), type, area->id, time_now(), body);
}

/* Does the held row say all that the body says?  A false and an absent flag are the same. */
static bool says(const struct json *held, const struct json *body)
{
    for (void *it = json_first(body); it; it = json_next(body, it)) {
        const struct json *a = json_value(it), *b = json_get(held, json_key(it));

        if (json_kind(a) == JSON_BOOL ? json_int(a) != json_int(b) : !json_equal(a, b))
            return false;
    }
    return true;
}

/* Several rows may name a door, one for each household behind it; they must not say different things of it. */
static bool agrees(struct merge *m, const struct entry *n, const char *door)
{
    struct json *told = json_get(m->told, door);

    if (!told) {
        told = json_map();
        json_set(told, "area", json_text(n->area->id));
        json_set(m->told, door, told);
    }
    if (!str_eq(json_str(json_get(told, "area")), n->area->id))
        return false;
    for (void *it = json_first(n->door_body); it; it = json_next(n->door_body, it)) {
        const struct json *before = json_get(told, json_key(it));

        if (before && !json_equal(before, json_value(it)))
            return false;
        if (!before)
            json_set(told, json_key(it), json_copy(json_value(it)));
    }
    return true;
}

static void put_door(struct merge *m, struct entry *n, size_t row)
{
    char key[ID_TEXT];
    struct json *held;

    id_text(n->door, key);
    if (!agrees(m, n, key)) {
        table_bad(&m->in->table, row, "import.double", "door");
        return;
    }
    held = json_get(m->doors, key);
    if (held && says(held, n->door_body) && str_eq(json_str(json_get(held, "area")), n->area->id)) {
        m->same++;
        return;
    }
    m->fresh += held == NULL;
    m->changed += held != NULL;
    held = json_copy(n->door_body);
    json_set(held, "area", json_text(n->area->id));
    json_set(m->doors, key, held);
    json_set(n->door_body, "door", json_text(str_of(key)));
    put(m, "household.door", n->area, n->door_body, row);
    n->door_body = NULL;
}

static void put_members(struct merge *m, struct entry *n, const struct json *held, size_t row)
{
    for (size_t i = 0; i < json_count(n->members); i++) {
        const struct json *one = json_at(n->members, i);
        char person[ID_TEXT];

        snprintf(person, sizeof person, "%.36s", json_str(json_get(one, "person")).at);
        if (says(json_get(held, person), one)) {
            m->same++;
            continue;
        }
        m->fresh += json_get(held, person) == NULL;
        m->changed += json_get(held, person) != NULL;
        struct json *body = json_copy(one);

        json_set(body, "household", json_id(n->household));
        put(m, "household.member", n->area, body, row);
    }
}

static int put_home(struct merge *m, struct entry *n, size_t row, struct err *e)
{
    CLEANUP(json_done) struct json *members = json_map();
    char key[ID_TEXT], door[ID_TEXT];
    struct json *held, *needs;

    id_text(n->household, key);
    id_text(n->door, door);
    held = json_get(m->homes, key);
    if (!held) {
        m->fresh += 1 + (int64_t)json_count(n->members);
        json_set(n->home_body, "household", json_id(n->household));
        json_set(n->home_body, "door", json_id(n->door));
        json_set(m->homes, key, json_copy(n->home_body));      /* own_id lets no second row come here */
        if (n->members)
            json_set(n->home_body, "members", n->members);
        n->members = NULL;
        put(m, "household.open", n->area, n->home_body, row);
        n->home_body = NULL;
        return 0;
    }
    if (open_home(m->in->core, m->reader, m->in->who, json_str(json_get(held, "area")), str_of(key), &needs, members, e) < 0)
        return -1;
    if (needs)
        json_set(held, "needs", needs);
    if (!str_is(json_str(json_get(held, "door")), door)) {
        struct json *body = json_map();

        m->changed++;
        json_set(body, "household", json_id(n->household));
        json_set(body, "door", json_id(n->door));
        put(m, "household.move", n->area, body, row);
    }
    struct json *flag = json_get(n->home_body, "centre");

    if (flag) {                  /* the list calls the flag is_centre, and centre the household it is linked to */
        json_set(n->home_body, "is_centre", json_copy(flag));
        json_unset(n->home_body, "centre");
    }
    if (says(held, n->home_body)) {
        m->same++;
    } else {
        m->changed++;
        if (json_get(n->home_body, "is_centre"))
            json_set(n->home_body, "centre", json_bool(true));
        json_unset(n->home_body, "is_centre");
        json_set(n->home_body, "household", json_id(n->household));
        put(m, "household.change", n->area, n->home_body, row);
        n->home_body = NULL;
    }
    put_members(m, n, members, row);
    return 0;
}

/* The file may name a household twice only when neither row has an id: then the second is another one. */
static bool own_id(struct merge *m, struct entry *n)
{
    char key[ID_TEXT];

    for (id_text(n->household, key); json_get(m->seen, key); id_text(n->household, key)) {
        if (n->own_household_id)
            return false;
        n->household = id_make("import.household", id_bytes(&n->household), STR("again"));
    }
    json_set(m->seen, key, json_bool(true));
    return true;
}

static void name_key(const struct entry *n, struct str head, struct buf *key)
{
    buf_clear(key);
    buf_str(key, n->area->id);
    buf_char(key, ' ');
    buf_str(key, head);
}

static void note_head(struct merge *m, const struct entry *n)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    char id[ID_TEXT];

    if (!table_cell(&m->in->table, COL_HEAD).len)
        return;
    id_text(n->household, id);
    name_key(n, table_cell(&m->in->table, COL_HEAD), &key);
    json_set(m->heads, buf_z(&key), json_text(str_of(json_get(m->heads, buf_z(&key)) ? "" : id)));
}

static void put_link(struct merge *m, const struct entry *n, struct id household, size_t row)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    char text[ID_TEXT];
    struct id centre;
    struct str to = n->centre, held;

    if (!id_parse(to, &centre)) {
        name_key(n, to, &key);
        to = json_str(json_get(m->heads, buf_z(&key)));
        if (!id_parse(to, &centre)) {
            table_bad(&m->in->table, row, to.at ? "import.centre_several" : "household.centre_unknown", "centre");
            return;
        }
    }
    id_text(household, text);
    held = json_str(json_get(json_get(m->homes, text), "centre"));
    id_text(centre, text);
    if (str_is(held, text)) {
        m->same++;
        return;
    }
    struct json *body = json_map();

    m->fresh += !held.len;
    m->changed += held.len > 0;
    json_set(body, "household", json_id(household));
    json_set(body, "centre", json_id(centre));
    put(m, "household.link", n->area, body, row);
}

/* The row's records; links wait until every household of the file is there. */
static int merge_row(struct merge *m, size_t i, bool links, struct arena *mem, struct err *e)
{
    struct table *t = &m->in->table;
    CLEANUP(entry_done) struct entry n = { 0 };
    struct fault fault = { 0 };

    if (t->rows[i].error || !table_row(t, i))
        return 0;
    if (!entry_read(m->in, &n, mem, &fault)) {
        table_bad(t, i, fault.key, fault.field);
        return 0;
    }
    if (links) {
        if (n.centre.len && !id_none(n.household))
            put_link(m, &n, m->household_of[i], i);
        return 0;
    }
    if (load(m, n.area, e) < 0)
        return -1;
    if (!id_none(n.household) && !own_id(m, &n)) {
        table_bad(t, i, "import.double", "household");
        return 0;
    }
    m->household_of[i] = n.household;
    put_door(m, &n, i);
    if (id_none(n.household))
        return 0;
    note_head(m, &n);
    return put_home(m, &n, i, e);
}

static int check_rows(struct import *in, struct arena *mem)
{
    for (size_t i = 0; i < in->table.count; i++) {
        CLEANUP(entry_done) struct entry n = { 0 };
        struct fault fault = { 0 };

        if (!in->table.rows[i].error && table_row(&in->table, i) && !entry_read(in, &n, mem, &fault))
            table_bad(&in->table, i, fault.key, fault.field);
        arena_done(mem);
    }
    return in->table.bad ? -1 : 0;
}

static int merge_all(struct merge *m, struct arena *mem, struct err *e)
{
    for (int links = 0; links < 2; links++) {
        for (size_t i = 0; i < m->in->table.count; i++) {
            if (merge_row(m, i, links, mem, e) < 0)
                return -1;
            arena_done(mem);
        }
        flush(m);
    }
    return 0;
}

int import_doors(struct import *in, struct err *e)
{
    struct merge m = { .in = in };
    struct arena mem = { 0 };
    bool apply = in->apply;
    int failed = 0;

    /* Once to look, without writing; a second time to write, when nothing was wrong. */
    in->apply = false;
    failed = check_rows(in, &mem) < 0 ? 0 : core_reader_open(in->core, &m.reader, e);
    for (int write = 0; write <= apply && !failed && m.reader && !in->table.bad; write++) {
        in->apply = write;
        m.fresh = m.changed = m.same = 0;
        m.doors = json_map(), m.homes = json_map(), m.loaded = json_map(), m.told = json_map(), m.seen = json_map(), m.heads = json_map();
        m.household_of = mem_take(in->table.count * sizeof *m.household_of);
        m.row_of = mem_take(BATCH * sizeof *m.row_of);
        failed = merge_all(&m, &mem, e);
        core_batch_free(m.batch);
        m.batch = NULL;
        json_done(&m.doors), json_done(&m.homes), json_done(&m.loaded), json_done(&m.told), json_done(&m.seen), json_done(&m.heads);
        free(m.household_of);
        free(m.row_of);
    }
    in->apply = apply;
    buf_printf(&in->report->words, "%lld new, %lld changed, %lld the same\n", (long long)m.fresh, (long long)m.changed, (long long)m.same);
    core_reader_close(m.reader);
    arena_done(&mem);
    return failed;
}

/* ---- the way out ----------------------------------------------------------------------------- */

struct exporting {
    struct core *core;
    const struct who *who;
    struct reader *reader;
    const struct area *area;
    const struct drain *to;
    struct json *landlords;      /* of doors that have one */
    struct buf part, *out;       /* out: the part */
    int64_t count;               /* rows in it */
};

static void put_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (strchr("/;\\", s.at[i]))
            buf_char(out, '\\');
        buf_char(out, s.at[i]);
    }
}

static void put_person(struct buf *cell, const struct json *row)
{
    if (cell->len)
        buf_char(cell, ';');
    for (size_t k = 0; k <= PERSON_ID; k++) {
        if (k)
            buf_char(cell, '/');
        put_escaped(cell, json_str(json_get(row, person_parts[k])));
    }
}

static void put_text(struct exporting *x, const struct json *row, const char *key)
{
    csv_put(x->out, json_str(json_get(row, key)), false);
}

static int put_row(struct exporting *x, const struct json *row, struct err *e)
{
    struct str door = json_str(json_get(row, "door")), home = json_str(json_get(row, "household"));
    CLEANUP(buf_done) struct buf cell = { 0 };
    CLEANUP(json_done) struct json *members = json_map();
    CLEANUP(json_done) struct json *needs = NULL;
    char key[ID_TEXT] = "";

    x->count++;
    if (home.len && open_home(x->core, x->reader, x->who, json_str(json_get(row, "area")), home, &needs, members, e) < 0)
        return -1;

    snprintf(key, sizeof key, "%.*s", (int)door.len, door.at);
    csv_put(x->out, json_str(json_get(row, "area")), true);
    buf_printf(&cell, "%lld", (long long)json_int(json_get(row, "order")));
    csv_put(x->out, buf_view(&cell), false);
    put_text(x, row, "building"), put_text(x, row, "floor"), put_text(x, row, "room"), put_text(x, row, "use");
    csv_put(x->out, json_str(json_get(x->landlords, key)), false);
    put_text(x, row, "kind"), put_text(x, row, "head"), put_text(x, row, "phone"), put_text(x, row, "contact"), put_text(x, row, "speaks");
    buf_clear(&cell);
    for (size_t i = 0; i < json_count(needs); i++) {
        if (i)
            buf_char(&cell, ';');
        buf_str(&cell, json_str(json_at(needs, i)));
    }
    csv_put(x->out, buf_view(&cell), false);
    csv_put(x->out, json_int(json_get(row, "is_centre")) ? STR("yes") : json_str(json_get(row, "centre")), false);
    buf_clear(&cell);
    for (void *it = json_first(members); it; it = json_next(members, it))
        put_person(&cell, json_value(it));
    csv_put(x->out, buf_view(&cell), false);
    csv_put(x->out, door, false);
    csv_put(x->out, home, false);
    buf_char(x->out, '\n');
    return 0;
}

/* Who takes it, and how much: on disk before anything leaves. */
static int note_export(struct exporting *x, struct err *e)
{
    struct who who = { .worker = x->who->worker, .system = true };
    struct batch *b = core_batch_new(x->core, &who, time_now());
    struct json *body = json_map();
    int failed = 0;

    json_set(body, "query", json_text(STR("exchange/doors")));
    json_set(body, "count", json_number(x->count));
    json_set(body, "purpose", json_text(STR("export")));
    core_batch_add(b, id_new(), "core.read", x->area->id, time_now(), body);
    core_write(x->core, b);
    if (b->results[0].status != RESULT_STORED) {
        *e = b->results[0].err;
        failed = -1;
    }
    core_batch_free(b);
    return failed;
}

static int part_leaves(struct exporting *x, struct err *e)
{
    if (note_export(x, e) < 0 || x->to->take(x->to->to, buf_view(&x->part), e) < 0)
        return -1;
    buf_clear(&x->part);
    x->count = 0;
    return 0;
}

static int keep_landlord(void *ctx, const struct json *row, struct err *e)
{
    struct exporting *x = ctx;
    struct str door = json_str(json_get(row, "door")), landlord = json_str(json_get(row, "landlord"));
    char key[ID_TEXT];

    (void)e;
    if (!landlord.len)
        return 0;
    snprintf(key, sizeof key, "%.*s", (int)door.len, door.at);
    json_set(x->landlords, key, json_text(landlord));
    return 0;
}

static int put_and_leave(void *ctx, const struct json *row, struct err *e)
{
    struct exporting *x = ctx;

    if (put_row(x, row, e) < 0)
        return -1;
    return x->part.len < DRAIN_PART ? 0 : part_leaves(x, e);
}

int export_doors(struct core *c, const struct who *who, const struct area *area, const struct drain *out, struct err *e)
{
    struct exporting x = { .core = c, .who = who, .area = area, .to = out, .landlords = json_map(), .part.secret = true };
    struct asked asked = { .area = area->id };
    int failed = core_reader_open(c, &x.reader, e);

    x.out = &x.part;
    for (size_t i = 0; door_columns[i].name; i++)
        csv_put(x.out, str_of(door_columns[i].name), i == 0);
    buf_char(x.out, '\n');
    if (!failed)
        failed = ask_all(c, x.reader, who, "doors", asked, keep_landlord, &x, e);
    if (!failed)
        failed = ask_all(c, x.reader, who, "list", asked, put_and_leave, &x, e);
    if (!failed && x.part.len)
        failed = part_leaves(&x, e);
    buf_done(&x.part);
    core_reader_close(x.reader);
    json_done(&x.landlords);
    return failed;
}
