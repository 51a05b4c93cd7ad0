/*
 * grow.c - values, records and changed documents for fuzz targets.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/own.h"

static uint64_t luck = 1;

void grow_seed(unsigned seed)
{
    luck = (uint64_t)seed * 0x9e3779b97f4a7c15u + 1;
}

size_t grow_any(size_t n)
{
    luck ^= luck << 13;
    luck ^= luck >> 7;
    luck ^= luck << 17;
    return n ? (size_t)((luck >> 11) % n) : 0;
}

static bool one_in(size_t n)
{
    return grow_any(n) == 0;
}

/* ---- words ------------------------------------------------------------------------- */

struct str grow_word(void)
{
    static const char *const words[] = {
        "王小明", "欧阳小红", "赵门一", "一", "10000000001", "990000197001010010", "99000019700101001X", "粤D12345", "村前路1号", "all", "health",
        "register", "2020-02-05", "2020-02-30", "9999-12-31", "0001-01-01", "yes", "", " ", "\u3000", "a\nb", "%00", "'; --", "\"", "\\",
        "00000000-0000-7000-8000-000000006401", "00000000-0000-0000-0000-000000000000", "4405", "440513108216", "44051310821601", "4405131082169999",
        "9223372036854775807", "-1", "0", "1e9", "name", "phone", "id", "pending", "covid_2020", "\xf0\x9f\x98\xb7", "0123456789012345678901234567890123456789",
    };

    return str_of(words[grow_any(COUNT_OF(words))]);
}

const char *grow_area(void)
{
    static const char *const codes[] = {
        VILLAGE "01", VILLAGE "02", VILLAGE, VILLAGE "01", "4405", "440513", "440513108", "440513108217", "44051310821701", VILLAGE "03", "440513108218",
        "440514", "4406", "999999999999", VILLAGE "0101", "440513000000",
    };

    return codes[one_in(3) ? grow_any(COUNT_OF(codes)) : grow_any(5)];
}

static struct json *an_id(const char *name)
{
    static const struct {
        const char *name;
        char kind;
    } kinds[] = {
        { "door", 'd' }, { "household", 'h' }, { "centre", 'h' }, { "centre_of", 'h' }, { "to", 'h' }, { "person", 'p' }, { "worker", 'w' },
        { "from", 'w' }, { "duty", 'u' }, { "round", 'r' }, { "visit", 'v' }, { "organisation", 'o' }, { "erase", 'e' }, { "by", 'w' },
    };
    static const char letters[] = "dhpwurvoe";
    char kind = letters[grow_any(sizeof letters - 1)], text[ID_TEXT];

    for (size_t i = 0; i < COUNT_OF(kinds) && !one_in(20); i++)
        if (name && strcmp(kinds[i].name, name) == 0)
            kind = kinds[i].kind;
    house_id_of(kind, one_in(4) ? (unsigned)grow_any(256) : (unsigned)grow_any(8), text);
    return json_text(str_of(text));
}

static int64_t a_number(int64_t min, int64_t max)
{
    static const int64_t edges[] = { 0, 1, -1, 2, 255, 65536, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, 1000, 373, 7258118400000 };

    switch (grow_any(6)) {
    case 0:
        return min;
    case 1:
        return max;
    case 2:
        return edges[grow_any(COUNT_OF(edges))];
    default:
        return max > min ? min + (int64_t)(grow_any(SIZE_MAX) % ((uint64_t)max - (uint64_t)min + 1)) : (int64_t)grow_any(10);
    }
}

static int64_t a_time(void)
{
    static const int64_t away[] = { 0, -60000, -3600000, -86400000, -7 * 86400000LL, -30 * 86400000LL, 599999, 600001, 86400000, 0, -1000 };

    return one_in(12) ? a_number(0, LATEST_AT) : HOUSE_NOW + away[grow_any(COUNT_OF(away))] - (int64_t)grow_any(1000);
}

/* ---- from the tables ------------------------------------------------------------------ */

static struct json *a_map(const struct field *fields, int depth);

static struct json *a_code(const char *list)
{
    struct code_lists *l = atomic_load(&house()->codes);
    const struct json *items = l ? json_get(l->lists, list) : NULL;
    size_t n = grow_any(json_count(items));

    for (void *it = json_first(items); it; it = json_next(items, it))
        if (n-- == 0)
            return json_text(str_of(json_key(it)));
    return json_text(grow_word());
}

static struct json *a_pair(int64_t x, int64_t y)
{
    struct json *pair = json_list();

    json_add(pair, json_number(x));
    json_add(pair, json_number(y));
    return pair;
}

/* A ring around somewhere near the village: mostly a box, sometimes crossed. */
static struct json *a_ring(int64_t x, int64_t y, int64_t wide)
{
    int64_t dx[] = { 0, wide, wide, 0 }, dy[] = { 0, 0, wide, wide };
    struct json *ring = json_list();

    for (size_t i = 0; i < 4; i++)
        json_add(ring, a_pair(x + dx[i] + (one_in(8) ? (int64_t)grow_any(8000) - 4000 : 0), y + dy[i]));
    if (!one_in(10))
        json_add(ring, json_copy(json_at(ring, 0)));
    return ring;
}

static struct json *a_polygon(void)
{
    struct json *polygon = json_map(), *all = json_list();
    bool multi = one_in(3);

    json_set(polygon, "type", json_text(multi ? STR("MultiPolygon") : STR("Polygon")));
    for (size_t n = multi ? 1 + grow_any(3) : 1; n; n--) {
        int64_t x = 116400000 + (int64_t)grow_any(4) * 5000, y = 23300000, wide = 1 + (int64_t)grow_any(6000);
        struct json *rings = json_list();

        json_add(rings, a_ring(x, y, wide));
        if (one_in(2))
            json_add(rings, a_ring(x + wide / 4, y + wide / 4, wide / 2));
        if (multi) {
            json_add(all, rings);
        } else {
            json_free(all);
            all = rings;
        }
    }
    json_set(polygon, "coordinates", all);
    return polygon;
}

static struct json *a_data(const struct field *f)
{
    struct json *map;

    if (strcmp(f->name, "polygon") == 0)
        return a_polygon();
    if (one_in(2)) {
        struct json *j = NULL;
        struct err e = { 0 };
        static const char *const some[] = {
            "{\"fever_line\":{\"value\":373}}", "{\"round\":{\"items\":[{\"item\":\"x\",\"type\":\"bool\"}]}}", "{\"sex\":[{\"code\":\"1\"}]}",
            "{\"measure\":[{\"code\":\"notify\"}],\"duty_role\":[]}", "{}", "[]", "null", "1.5", "{\"a\":[[[[[[1e300,-0.0,1E-5]]]]]]}", "\"text\"",
        };
        if (json_parse(str_of(some[grow_any(COUNT_OF(some))]), &json_own, &j, &e) == 0)
            return j;
    }
    map = json_map();
    json_set(map, "item", json_text(grow_word()));
    json_set(map, "value", json_number(a_number(0, 1000)));
    return map;
}

static struct json *one(const struct field *f, int depth)
{
    struct json *day;

    switch (f->kind) {
    case FIELD_ID:
        return an_id(f->name);
    case FIELD_AREA:
        return json_text(str_of(grow_area()));
    case FIELD_NUMBER:
        return json_number(a_number(f->min, f->max));
    case FIELD_TIME:
        return json_number(a_time());
    case FIELD_CODE:
        return a_code(f->codes);
    case FIELD_DAY:
        day = json_text(one_in(4) ? grow_word() : STR("1970-01-01"));
        return day;
    case FIELD_BOOL:
        return json_bool(one_in(2));
    case FIELD_GROUP:
        return a_map(f->fields, depth + 1);
    case FIELD_DATA:
        return a_data(f);
    default:
        return strcmp(f->name, "code") == 0 ? json_text(str_of(grow_area())) : json_text(grow_word());
    }
}

static struct json *a_value(const struct field *f, int depth)
{
    struct json *list;

    if (!f->list)
        return one(f, depth);
    list = json_list();
    for (size_t n = one_in(30) ? f->items + 1 : grow_any(4); n && n < 200; n--)
        json_add(list, one(f, depth));
    return list;
}

static struct json *a_map(const struct field *fields, int depth)
{
    struct json *map = json_map();

    for (const struct field *f = fields; f && f->name; f++)
        if (f->required ? !one_in(40) : one_in(2))
            json_set(map, f->name, a_value(f, depth));
    return map;
}

static const struct record_type *a_type(void)
{
    struct core *c = house();

    return c->kinds[grow_any(c->kind_count)].type;
}

struct json *grow_record(void)
{
    const struct record_type *type = a_type();
    struct json *record = json_map();
    char text[ID_TEXT];

    house_id_of(type->subject ? 'v' : 'e', (unsigned)grow_any(one_in(3) ? 4 : 256), text);
    json_set(record, "id", json_text(str_of(text)));
    json_set(record, "type", json_text(str_of(type->name)));
    json_set(record, "area", json_text(str_of(grow_area())));
    json_set(record, "at", json_number(a_time()));
    if (one_in(12))
        json_set(record, one_in(2) ? "for" : "maker", an_id("worker"));
    json_set(record, "body", a_map(type->fields, 0));
    return record;
}

static const struct field *field_named(const struct field *fields, const char *key)
{
    for (const struct field *f = fields; f && f->name; f++) {
        const struct field *below = f->kind == FIELD_GROUP ? field_named(f->fields, key) : NULL;
        if (strcmp(f->name, key) == 0)
            return f;
        if (below)
            return below;
    }
    return NULL;
}

struct json *grow_named(const char *key)
{
    struct core *c = house();
    size_t begin = grow_any(c->kind_count);

    for (size_t i = 0; i < c->kind_count; i++) {
        const struct field *f = field_named(c->kinds[(begin + i) % c->kind_count].type->fields, key);
        if (f)
            return a_value(f, 0);
    }
    return NULL;
}

/* ---- a document, a little changed -------------------------------------------------------- */

struct change {
    const struct json *whole;
    size_t at;                        /* which value, counted as they are walked */
    bool twice;                       /* the one just made is to stand twice */
    const char *into;
    struct json *(*more)(void);
};

static size_t count_of(const struct json *j)
{
    size_t n = 1;

    for (void *it = json_kind(j) == JSON_MAP ? json_first(j) : NULL; it; it = json_next(j, it))
        n += count_of(json_value(it));
    for (size_t i = 0; json_kind(j) == JSON_LIST && i < json_count(j); i++)
        n += count_of(json_at(j, i));
    return n;
}

static const struct json *nth(const struct json *j, size_t *n)
{
    const struct json *found;

    if ((*n)-- == 0)
        return j;
    for (void *it = json_kind(j) == JSON_MAP ? json_first(j) : NULL; it; it = json_next(j, it))
        if ((found = nth(json_value(it), n)))
            return found;
    for (size_t i = 0; json_kind(j) == JSON_LIST && i < json_count(j); i++)
        if ((found = nth(json_at(j, i), n)))
            return found;
    return NULL;
}

static struct json *mangled(struct str s)
{
    uint8_t bytes[512];
    size_t n = s.len < sizeof bytes ? s.len : sizeof bytes;

    memcpy(bytes, s.at, n);
    n = LLVMFuzzerMutate(bytes, n ? n : 1, sizeof bytes);
    struct str made = { (char *)bytes, n };
    return json_text(utf8_valid(made) ? made : grow_word());
}

static struct json *an_atom(void)
{
    switch (grow_any(7)) {
    case 0:
        return json_number(a_number(INT64_MIN / 2, INT64_MAX / 2));
    case 1:
        return json_bool(one_in(2));
    case 2:
        return json_text((struct str){ 0 });
    case 3:
        return json_list();
    case 4:
        return json_map();
    default:
        return json_text(grow_word());
    }
}

/* NULL: it is left out. */
static struct json *other(const struct json *j, const char *key, struct change *ch)
{
    struct json *named;
    size_t n;

    switch (grow_any(8)) {
    case 0:
        return NULL;
    case 1:
        ch->twice = true;
        return json_copy(j);
    case 2:
        n = grow_any(count_of(ch->whole));
        return json_copy(nth(ch->whole, &n));
    case 3:
        return an_atom();
    case 4:
        if (json_kind(j) == JSON_NUMBER)
            return json_number((int64_t)((uint64_t)json_int(j) + (uint64_t)a_number(-2, 2)));
        if (json_kind(j) == JSON_TEXT)
            return mangled(json_str(j));
        return json_copy(j);
    default:
        named = key ? grow_named(key) : NULL;
        return named ? named : an_atom();
    }
}

static struct json *changed(const struct json *j, const char *key, struct change *ch)
{
    struct json *to, *part;

    if (ch->at-- == 0)
        return other(j, key, ch);
    if (json_kind(j) == JSON_LIST) {
        to = json_list();
        for (size_t i = 0; i < json_count(j); i++) {
            ch->twice = false;
            if ((part = changed(json_at(j, i), key, ch)))
                json_add(to, part);
            if (part && ch->twice)
                json_add(to, json_copy(part));
        }
        ch->twice = false;
        if (ch->into && key && strcmp(key, ch->into) == 0 && one_in(4))
            json_add(to, ch->more());
        return to;
    }
    if (json_kind(j) != JSON_MAP)
        return json_copy(j);
    to = json_map();
    for (void *it = json_first(j); it; it = json_next(j, it)) {
        part = changed(json_value(it), json_key(it), ch);
        if (part && ch->twice)
            json_set(to, "again", json_copy(part));
        ch->twice = false;
        if (part)
            json_set(to, json_key(it), part);
    }
    return to;
}

size_t grow_change(uint8_t *data, size_t size, size_t most, unsigned seed, const char *into, struct json *(*more)(void))
{
    CLEANUP(json_done) struct json *j = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };
    struct err e = { 0 };

    grow_seed(seed);
    if (one_in(10) || json_parse((struct str){ (const char *)data, size }, &json_own, &j, &e) < 0)
        return LLVMFuzzerMutate(data, size, most);
    for (size_t n = 1 + grow_any(3); n && j; n--) {
        struct change ch = { .whole = j, .at = grow_any(count_of(j)), .into = more ? into : NULL, .more = more };
        struct json *next = changed(j, NULL, &ch);

        json_free(j);
        j = next;
    }
    if (!j)
        return LLVMFuzzerMutate(data, size, most);
    json_write(j, &out);
    if (out.len > most || !out.len)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, out.at, out.len);
    return out.len;
}
