/*
 * field.c - the shape of records: what a value must look like, which values
 * are sealed, and how a body falls into its clear part and its shadows.
 *
 * A body is rebuilt in the order of its table, so that equal content is equal
 * bytes whoever wrote it.  A shadow is the skeleton of a body with only the
 * fields of one class; joined with the clear part it gives the whole again.
 */
#include "core/own.h"

#include <stdio.h>

struct place {                    /* where we are, for "checks[2].temps[0].temp" */
    const struct place *up;
    const char *name;
    int64_t index;                /* -1: no list */
};

static size_t place_write(const struct place *p, char *to, size_t room)
{
    size_t n = p->up ? place_write(p->up, to, room) : 0;

    if (n < room)
        n += (size_t)snprintf(to + n, room - n, p->index >= 0 ? "%s%s[%lld]" : "%s%s", n ? "." : "", p->name, (long long)p->index);
    return n;
}

static int wrong(const struct place *p, const char *key, struct err *e)
{
    char text[80];

    place_write(p, text, sizeof text);
    return err_field(e, key, text);
}

static bool control_free(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (((unsigned char)s.at[i] < 0x20 && s.at[i] != '\n') || s.at[i] == 0x7f)
            return false;
    return true;
}

/* Nothing but spaces, among them the wide one of Chinese keyboards: a witness called "  " is none. */
static bool blank(struct str s)
{
    static const struct str spaces[] = { { " ", 1 }, { "\n", 1 }, { "\u00a0", 2 }, { "\u3000", 3 } };

    for (size_t i = 0; i < s.len;) {
        size_t at = i;
        for (size_t k = 0; k < COUNT_OF(spaces) && i == at; k++)
            if (str_starts((struct str){ s.at + i, s.len - i }, spaces[k]))
                i += spaces[k].len;
        if (i == at)
            return false;
    }
    return true;
}

static int read_map(struct core *c, const struct field *fields, const struct json *in, const struct place *up, struct json **out, struct err *e);

/* One value; what comes out is a fresh tree in our own spelling. */
static int read_value(struct core *c, const struct field *f, const struct json *in, const struct place *p, struct json **out, struct err *e)
{
    struct str s = json_str(in);
    int64_t n, begin;
    struct id id;

    switch (f->kind) {
    case FIELD_ID:
        if (!id_parse(s, &id) || id_none(id))           /* sixteen zeros mean nobody */
            return wrong(p, "field.id", e);
        *out = json_id(id);
        return 0;
    case FIELD_AREA:
        if (!s.len || s.len >= LEDGER_NAME)
            return wrong(p, "field.area", e);
        *out = json_text(s);
        return 0;
    case FIELD_NUMBER:
    case FIELD_TIME:
        if (json_kind(in) != JSON_NUMBER)
            return wrong(p, "field.number", e);
        n = json_int(in);
        if (f->kind == FIELD_TIME ? n < 0 || n > LATEST_AT : (f->min || f->max) && (n < f->min || n > f->max))
            return wrong(p, "field.range", e);
        *out = json_number(n);
        return 0;
    case FIELD_TEXT:
        if (json_kind(in) != JSON_TEXT)
            return wrong(p, "field.text", e);
        n = (int64_t)utf8_count(s);
        if (n < (f->min ? f->min : 1) || n > (f->max ? f->max : 200))
            return wrong(p, "field.length", e);
        if (!control_free(s))
            return wrong(p, "field.control", e);
        if (blank(s))
            return wrong(p, "field.blank", e);
        *out = json_text(s);
        return 0;
    case FIELD_CODE:
        if (json_kind(in) != JSON_TEXT || !core_code_known(c, f->codes, s))
            return wrong(p, "field.code", e);
        *out = json_text(s);
        return 0;
    case FIELD_DAY:
        if (!day_parse(s, &begin) || memcmp(s.at, "1900", 4) < 0 || memcmp(s.at, "2199", 4) > 0)
            return wrong(p, "field.day", e);
        *out = json_text(s);
        return 0;
    case FIELD_BOOL:
        if (json_kind(in) != JSON_BOOL)
            return wrong(p, "field.bool", e);
        *out = json_bool(json_int(in) != 0);
        return 0;
    case FIELD_GROUP:
        if (json_kind(in) != JSON_MAP)
            return wrong(p, "field.group", e);
        return read_map(c, f->fields, in, p, out, e);
    case FIELD_DATA: {
        CLEANUP(buf_done) struct buf size = { 0 };
        json_write(in, &size);
        if (size.len > (size_t)(f->max ? f->max : 65536))
            return wrong(p, "field.large", e);
        *out = json_copy(in);
        return 0;
    }
    }
    return err_broken(e, "field.kind", "%s", f->name);
}

static int read_list(struct core *c, const struct field *f, const struct json *in, const struct place *up, struct json **out, struct err *e)
{
    CLEANUP(json_done) struct json *list = json_list();
    size_t count = json_count(in);

    struct place here = { up, f->name, -1 };
    if (json_kind(in) != JSON_LIST)
        return wrong(&here, "field.list", e);
    if (count > (f->items ? f->items : 100))
        return wrong(&here, "field.items", e);
    for (size_t i = 0; i < count; i++) {
        struct place item = { up, f->name, (int64_t)i };
        struct json *value = NULL;
        if (read_value(c, f, json_at(in, i), &item, &value, e) < 0)
            return -1;
        json_add(list, value);
    }
    *out = list;
    list = NULL;
    return 0;
}

static int read_map(struct core *c, const struct field *fields, const struct json *in, const struct place *up, struct json **out, struct err *e)
{
    CLEANUP(json_done) struct json *map = json_map();
    size_t known = 0;

    for (const struct field *f = fields; f->name; f++) {
        const struct json *value = json_get(in, f->name);
        struct place here = { up, f->name, -1 };
        struct json *made = NULL;
        known += json_kind(value) != JSON_NONE;
        if (json_kind(value) == JSON_NONE || json_kind(value) == JSON_NULL_VALUE) {
            if (f->required)
                return wrong(&here, "field.missing", e);
            continue;
        }
        if ((f->list ? read_list(c, f, value, up, &made, e) : read_value(c, f, value, &here, &made, e)) < 0)
            return -1;
        json_set(map, f->name, made);
    }
    if (known < json_count(in)) {
        for (void *it = json_first(in); it; it = json_next(in, it)) {
            const struct field *f = fields;
            while (f->name && strcmp(f->name, json_key(it)) != 0)
                f++;
            if (!f->name) {
                struct place here = { up, json_key(it), -1 };
                return wrong(&here, "field.unknown", e);
            }
        }
    }
    *out = map;
    map = NULL;
    return 0;
}

int fields_read(struct core *c, const struct field *fields, const struct json *in, struct json **out, struct err *e)
{
    if (json_kind(in) != JSON_MAP)
        return err_field(e, "field.group", "body");
    return read_map(c, fields, in, NULL, out, e);
}

bool fields_have(const struct field *fields, enum field_kind kind)
{
    while (fields->name && fields->kind != kind)
        fields++;
    return fields->name != NULL;
}

int fields_areas(const struct areas *areas, const struct field *fields, struct json *values, struct err *e)
{
    for (const struct field *f = fields; f->name; f++) {
        struct json *value = json_get(values, f->name);
        size_t count = f->list ? json_count(value) : 1;
        if (f->kind != FIELD_AREA || !value)
            continue;
        struct json *list = f->list ? json_list() : NULL;
        for (size_t i = 0; i < count; i++) {
            const struct area *a = area_find(areas, json_str(f->list ? json_at(value, i) : value));
            if (!a) {
                json_free(list);
                return err_missing(e, "area.unknown", f->name);
            }
            if (list)
                json_add(list, json_text(a->id));
            else
                json_set(values, f->name, json_text(a->id));
        }
        if (list)
            json_set(values, f->name, list);
    }
    return 0;
}

static int kept_value(const struct field *f, const struct json *j, struct err *e)
{
    static const enum json_kind kinds[] = {
        [FIELD_NUMBER] = JSON_NUMBER, [FIELD_TIME] = JSON_NUMBER, [FIELD_BOOL] = JSON_BOOL, [FIELD_GROUP] = JSON_MAP, [FIELD_ID] = JSON_TEXT,
        [FIELD_AREA] = JSON_TEXT, [FIELD_TEXT] = JSON_TEXT, [FIELD_CODE] = JSON_TEXT, [FIELD_DAY] = JSON_TEXT, [FIELD_DATA] = JSON_NONE,
    };
    struct id id;

    if ((f->kind != FIELD_DATA && json_kind(j) != kinds[f->kind]) || (f->kind == FIELD_ID && !id_parse(json_str(j), &id)))
        return err_broken(e, "record.shape", "%s", f->name);
    return f->kind == FIELD_GROUP ? fields_kept(f->fields, j, e) : 0;
}

int fields_kept(const struct field *fields, const struct json *values, struct err *e)
{
    for (const struct field *f = fields; f && f->name; f++) {
        const struct json *j = json_get(values, f->name);
        if (f->seal != SEAL_OPEN || (!j && !f->required))
            continue;
        if (f->list && json_kind(j) != JSON_LIST)
            return err_broken(e, "record.shape", "%s", f->name);
        for (size_t i = 0; i < (f->list ? json_count(j) : 1); i++)
            if (kept_value(f, f->list ? json_at(j, i) : j, e) < 0)
                return -1;
    }
    return 0;
}

bool fields_seal(const struct field *fields, enum seal_class class)
{
    for (const struct field *f = fields; f->name; f++)
        if (f->seal == class || (f->kind == FIELD_GROUP && f->fields && fields_seal(f->fields, class)))
            return true;
    return false;
}

static bool holds_sealed(const struct field *f)
{
    return f->kind == FIELD_GROUP && f->fields &&
           (fields_seal(f->fields, SEAL_REGISTER) || fields_seal(f->fields, SEAL_HEALTH) || fields_seal(f->fields, SEAL_MOVEMENT));
}

struct json *fields_clear(const struct field *fields, const struct json *values)
{
    struct json *clear = json_map();

    for (const struct field *f = fields; f->name; f++) {
        const struct json *value = json_get(values, f->name);
        if (!value || f->seal != SEAL_OPEN)
            continue;
        if (!holds_sealed(f)) {
            json_set(clear, f->name, json_copy(value));
        } else if (f->list) {
            struct json *list = json_list();
            for (size_t i = 0; i < json_count(value); i++)
                json_add(list, fields_clear(f->fields, json_at(value, i)));
            json_set(clear, f->name, list);
        } else {
            json_set(clear, f->name, fields_clear(f->fields, value));
        }
    }
    return clear;
}

struct json *fields_shadow(const struct field *fields, const struct json *values, enum seal_class class)
{
    struct json *shadow = NULL;

    for (const struct field *f = fields; f->name; f++) {
        const struct json *value = json_get(values, f->name);
        struct json *part = NULL;
        if (!value)
            continue;
        if (f->seal == class) {
            part = json_copy(value);
        } else if (f->kind == FIELD_GROUP && f->fields && fields_seal(f->fields, class)) {
            if (!f->list) {
                part = fields_shadow(f->fields, value, class);
            } else {
                bool any = false;
                part = json_list();
                for (size_t i = 0; i < json_count(value); i++) {
                    struct json *item = fields_shadow(f->fields, json_at(value, i), class);
                    any |= item != NULL;
                    json_add(part, item ? item : json_map());
                }
                if (!any) {
                    json_free(part);
                    part = NULL;
                }
            }
        }
        if (part) {
            if (!shadow)
                shadow = json_map();
            json_set(shadow, f->name, part);
        }
    }
    return shadow;
}

void fields_join(struct json *values, const struct json *shadow)
{
    for (void *it = json_first(shadow); it; it = json_next(shadow, it)) {
        struct json *ours = json_get(values, json_key(it)), *theirs = json_value(it);
        if (json_kind(ours) == JSON_MAP && json_kind(theirs) == JSON_MAP)
            fields_join(ours, theirs);
        else if (json_kind(ours) == JSON_LIST && json_kind(theirs) == JSON_LIST && json_kind(json_at(ours, 0)) == JSON_MAP)
            for (size_t i = 0; i < json_count(ours) && i < json_count(theirs); i++)
                fields_join(json_at(ours, i), json_at(theirs, i));
        else
            json_set(values, json_key(it), json_copy(theirs));
    }
}

int fields_findable(const struct field *fields, const struct json *values,
                    int (*each)(void *ctx, enum seal_find find, struct str text, struct err *e), void *ctx, struct err *e)
{
    for (const struct field *f = fields; f->name; f++) {
        const struct json *value = json_get(values, f->name);
        if (!value || (f->find == FIND_NONE && f->kind != FIELD_GROUP))
            continue;
        for (size_t i = 0; i < (f->list ? json_count(value) : 1); i++) {
            const struct json *one = f->list ? json_at(value, i) : value;
            if (f->kind == FIELD_GROUP ? fields_findable(f->fields, one, each, ctx, e) < 0
                                       : json_kind(one) == JSON_TEXT && each(ctx, f->find, json_str(one), e) < 0)
                return -1;
        }
    }
    return 0;
}

/* ---- reading a record ------------------------------------------------------- */

bool record_has(const struct record *r, const char *field)
{
    return json_get(r->values, field) != NULL;
}

static const struct field *field_of(const struct record *r, const char *name)
{
    for (const struct field *f = r->type->fields; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f;
    return NULL;
}

struct value record_value(const struct record *r, const char *field)
{
    const struct field *f = field_of(r, field);
    const struct json *j = json_get(r->values, field);
    struct id id;

    if (!f || !j)
        return value_null;
    if (f->list || f->kind == FIELD_GROUP || f->kind == FIELD_DATA) {
        CLEANUP(buf_done) struct buf text = { 0 };
        json_write(j, &text);
        return value_str(arena_str(r->mem, buf_view(&text)));
    }
    switch (f->kind) {
    case FIELD_ID:
        return id_parse(json_str(j), &id) ? value_id(id) : value_null;
    case FIELD_NUMBER:
    case FIELD_TIME:
    case FIELD_BOOL:
        return value_int(json_int(j));
    default:
        return value_str(json_str(j));
    }
}

int64_t record_number(const struct record *r, const char *field)
{
    return json_int(json_get(r->values, field));
}

struct str record_text(const struct record *r, const char *field)
{
    return json_str(json_get(r->values, field));
}

static struct id id_of(const struct json *j)
{
    struct id id = { 0 };

    if (!id_parse(json_str(j), &id))
        memset(&id, 0, sizeof id);
    return id;
}

struct id record_id(const struct record *r, const char *field)
{
    return id_of(json_get(r->values, field));
}

const struct json *record_json(const struct record *r, const char *field)
{
    return json_get(r->values, field);
}

bool record_item(const struct record *r, const char *list, size_t i, struct item *it)
{
    it->map = json_at(json_get(r->values, list), i);
    return it->map != NULL;
}

bool item_has(const struct item *it, const char *field)
{
    return json_get(it->map, field) != NULL;
}

struct id item_id(const struct item *it, const char *field)
{
    return id_of(json_get(it->map, field));
}

int64_t item_number(const struct item *it, const char *field)
{
    return json_int(json_get(it->map, field));
}

struct str item_text(const struct item *it, const char *field)
{
    return json_str(json_get(it->map, field));
}

enum { STAMP = 8 + sizeof(struct id) };

struct str record_stamp(const struct record *r)
{
    uint8_t *stamp = arena_take(r->mem, STAMP);

    for (int i = 0; i < 8; i++)
        stamp[i] = (uint8_t)((uint64_t)r->at >> (56 - 8 * i));
    memcpy(stamp + 8, r->id.b, sizeof r->id.b);
    return (struct str){ (const char *)stamp, STAMP };
}

int64_t stamp_at(struct str stamp)
{
    uint64_t at = 0;

    for (int i = 0; stamp.len == STAMP && i < 8; i++)
        at = at << 8 | (uint8_t)stamp.at[i];
    return (int64_t)at;
}

struct id stamp_record(struct str stamp)
{
    struct id id = { 0 };

    if (stamp.len == STAMP)
        memcpy(id.b, stamp.at + 8, sizeof id.b);
    return id;
}

struct id record_doer(const struct record *r)
{
    return id_none(r->for_whom) ? r->maker : r->for_whom;
}

/* ---- given -------------------------------------------------------------------- */

void given_number(struct record *r, const char *key, int64_t n)
{
    json_set(r->given, key, json_number(n));
}

void given_text(struct record *r, const char *key, struct str s)
{
    json_set(r->given, key, json_text(s));
}

void given_id(struct record *r, const char *key, struct id id)
{
    json_set(r->given, key, json_id(id));
}

int64_t given_int(const struct record *r, const char *key)
{
    return json_int(json_get(r->given, key));
}

struct str given_str(const struct record *r, const char *key)
{
    return json_str(json_get(r->given, key));
}

struct id given_as_id(const struct record *r, const char *key)
{
    return id_of(json_get(r->given, key));
}

bool given_has(const struct record *r, const char *key)
{
    return json_get(r->given, key) != NULL;
}
