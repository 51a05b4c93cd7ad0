/*
 * json.c - JSON in: one strict parser, and the trees it and others make.
 *
 * A tree is small nodes: a text has its bytes behind it, a list and a map an
 * array that grows.  Maps are searched from the front - records have a score
 * of fields - but a parsed one is proved free of duplicates by sorting, so
 * that foreign bytes cannot make it slow, and one that the program fills key by
 * key beyond MANY, outside an arena, is found in by hash.  Foreign bytes are measured before
 * memory is taken for them: the whole and its UTF-8 first, nesting, texts and
 * the number of nodes on the way.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"

struct member {
    struct str key;              /* terminated */
    struct json *value;
};

struct json {
    uint8_t kind;                /* enum json_kind */
    bool homed;                  /* its memory is an arena's */
    uint32_t count, room;
    union {
        int64_t number;
        double real;
        const char *text;        /* count bytes, terminated */
        struct json **items;
        struct member *members;
    };
};

enum { MANY = 32 };
struct finder {                  /* behind the node of a map that is not in an arena */
    uint32_t *slots, room;       /* number of a member + 1, room a power of two; NULL: there is none */
};

const struct json_limits json_own = { .bytes = (size_t)1 << 30, .depth = 64, .text = (size_t)1 << 30 };

/* ---- memory -------------------------------------------------------------------- */

static _Thread_local struct arena *home;

struct arena *json_home(struct arena *mem)
{
    struct arena *former = home;

    home = mem;
    return former;
}

void json_home_back(struct arena **former)
{
    home = *former;
}

static struct json *node(enum json_kind kind, size_t more)
{
    struct json *j = home ? arena_take(home, sizeof *j + more) : mem_take(sizeof *j + more);

    j->kind = (uint8_t)kind;
    j->homed = home != NULL;
    return j;
}

static struct finder *finder(const struct json *map)
{
    return (struct finder *)(uintptr_t)(map + 1);
}

static struct json *map_node(void)
{
    return node(JSON_MAP, home ? 0 : sizeof(struct finder));
}

/* Room for one more in an array of things of this size. */
static void *grown(struct json *j, void *array, size_t size)
{
    uint32_t room = j->room ? j->room * 2 : 4;
    void *more;

    if (j->count < j->room)
        return array;
    if (room <= j->room)
        abort();
    if (j->homed) {
        /* The arena of its maker: nobody adds to a tree of another home. */
        more = arena_take(home, room * size);
        if (j->count)
            memcpy(more, array, j->count * size);
    } else {
        more = mem_resize(array, room, size);
    }
    j->room = room;
    return more;
}

static struct str key_copy(struct str key)
{
    char *copy = home ? arena_take(home, key.len + 1) : mem_take(key.len + 1);

    memcpy(copy, key.at, key.len);
    return (struct str){ copy, key.len };
}

void json_free(struct json *j)
{
    if (!j || j->homed)
        return;
    for (uint32_t i = 0; j->kind == JSON_LIST && i < j->count; i++)
        json_free(j->items[i]);
    for (uint32_t i = 0; j->kind == JSON_MAP && i < j->count; i++) {
        json_free(j->members[i].value);
        free((char *)(uintptr_t)j->members[i].key.at);
    }
    if (j->kind == JSON_LIST)
        free(j->items);
    if (j->kind == JSON_MAP) {
        free(j->members);
        free(finder(j)->slots);
    }
    free(j);
}

void json_done(struct json **j)
{
    json_free(*j);
    *j = NULL;
}

/* ---- making ---------------------------------------------------------------------- */

struct json *json_map(void)
{
    return map_node();
}

struct json *json_list(void)
{
    return node(JSON_LIST, 0);
}

static struct json *text_node(struct str s)
{
    struct json *j = node(JSON_TEXT, s.len + 1);

    if (s.len)
        memcpy(j + 1, s.at, s.len);
    j->text = (const char *)(j + 1);
    j->count = (uint32_t)s.len;
    return j;
}

struct json *json_text(struct str s)
{
    return s.at && s.len < UINT32_MAX && utf8_valid(s) ? text_node(s) : node(JSON_NULL_VALUE, 0);
}

struct json *json_id(struct id id)
{
    char text[ID_TEXT];

    id_text(id, text);
    return json_text(str_of(text));
}

struct json *json_number(int64_t n)
{
    struct json *j = node(JSON_NUMBER, 0);

    j->number = n;
    return j;
}

struct json *json_bool(bool b)
{
    struct json *j = node(JSON_BOOL, 0);

    j->number = b;
    return j;
}

/* ---- finding in large maps -------------------------------------------------------- */

static uint32_t hash_of(struct str key)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (uint8_t)key.at[i]) * 16777619u;
    return h ^ h >> 15;
}

/* The slot of the key, or the empty one where it belongs. */
static uint32_t *slot_of(const struct json *map, struct str key)
{
    const struct finder *f = finder(map);
    uint32_t i = hash_of(key) & (f->room - 1);

    while (f->slots[i] && !str_eq(map->members[f->slots[i] - 1].key, key))
        i = (i + 1) & (f->room - 1);
    return &f->slots[i];
}

/* After a member was added; half of the slots stay empty. */
static void finder_note(struct json *map)
{
    struct finder *f = finder(map);
    uint32_t from = map->count - 1;

    if (map->homed || map->count <= MANY || map->count > UINT32_MAX / 8)
        return;
    if (f->room < map->count * 2) {
        f->room = f->room ? f->room : 2 * MANY;
        while (f->room < map->count * 4)
            f->room *= 2;
        free(f->slots);
        f->slots = mem_take(f->room * sizeof *f->slots);
        from = 0;
    }
    for (uint32_t i = from; i < map->count; i++)
        *slot_of(map, map->members[i].key) = i + 1;
}

static void finder_drop(struct json *map)
{
    if (map->homed)
        return;
    free(finder(map)->slots);
    *finder(map) = (struct finder){ 0 };
}

static struct member *member(const struct json *map, struct str key)
{
    if (!map || map->kind != JSON_MAP || !map->count)
        return NULL;
    if (!map->homed && map->count > MANY && finder(map)->slots) {
        uint32_t *slot = slot_of(map, key);
        return *slot ? &map->members[*slot - 1] : NULL;
    }
    for (struct member *m = map->members, *end = m + map->count; m < end; m++)
        if (m->key.len == key.len && m->key.at[0] == key.at[0] && memcmp(m->key.at, key.at, key.len) == 0)      /* terminated: there is a first */
            return m;
    return NULL;
}

static void append(struct json *map, struct str key, struct json *value)
{
    map->members = grown(map, map->members, sizeof *map->members);
    map->members[map->count++] = (struct member){ key, value };
}

void json_set(struct json *map, const char *key, struct json *value)
{
    struct member *m = member(map, str_of(key));

    if (!map || map->kind != JSON_MAP) {
        json_free(value);
    } else if (m) {
        json_free(m->value);
        m->value = value;
    } else {
        append(map, key_copy(str_of(key)), value);
        finder_note(map);
    }
}

void json_unset(struct json *map, const char *key)
{
    struct member *m = member(map, str_of(key));

    if (!m)
        return;
    json_free(m->value);
    if (!map->homed)
        free((char *)(uintptr_t)m->key.at);
    finder_drop(map);
    memmove(m, m + 1, (size_t)(map->members + map->count - m - 1) * sizeof *m);
    map->count--;
}

void json_add(struct json *list, struct json *value)
{
    if (!list || list->kind != JSON_LIST) {
        json_free(value);
        return;
    }
    list->items = grown(list, list->items, sizeof(struct json *));
    list->items[list->count++] = value;
}

struct json *json_copy(const struct json *j)
{
    struct json *copy;

    if (!j)
        return NULL;
    if (j->kind == JSON_TEXT)
        return text_node(json_str(j));
    copy = j->kind == JSON_MAP ? map_node() : node(j->kind, 0);
    if (j->kind == JSON_LIST)
        for (uint32_t i = 0; i < j->count; i++)
            json_add(copy, json_copy(j->items[i]));
    else if (j->kind == JSON_MAP)
        for (uint32_t i = 0; i < j->count; i++)
            append(copy, key_copy(j->members[i].key), json_copy(j->members[i].value));
    else
        copy->number = j->number;
    return copy;
}

/* ---- looking ----------------------------------------------------------------------- */

enum json_kind json_kind(const struct json *j)
{
    return j ? j->kind : JSON_NONE;
}

struct json *json_get(const struct json *map, const char *key)
{
    struct member *m = member(map, str_of(key));

    return m ? m->value : NULL;
}

size_t json_count(const struct json *j)
{
    return j && (j->kind == JSON_LIST || j->kind == JSON_MAP) ? j->count : 0;
}

struct json *json_at(const struct json *list, size_t i)
{
    return list && list->kind == JSON_LIST && i < list->count ? list->items[i] : NULL;
}

struct str json_str(const struct json *j)
{
    return j && j->kind == JSON_TEXT ? (struct str){ j->text, j->count } : (struct str){ 0 };
}

int64_t json_int(const struct json *j)
{
    return j && (j->kind == JSON_NUMBER || j->kind == JSON_BOOL) ? j->number : 0;
}

void *json_first(const struct json *map)
{
    return map && map->kind == JSON_MAP && map->count ? map->members : NULL;
}

void *json_next(const struct json *map, void *it)
{
    struct member *m = it;

    return ++m < map->members + map->count ? m : NULL;
}

const char *json_key(void *it)
{
    return ((struct member *)it)->key.at;
}

struct json *json_value(void *it)
{
    return ((struct member *)it)->value;
}

bool json_equal(const struct json *a, const struct json *b)
{
    if (a == b || !a || !b || a->kind != b->kind)
        return a == b;
    switch (a->kind) {
    case JSON_TEXT:
        return str_eq(json_str(a), json_str(b));
    case JSON_REAL_NUMBER:
        return a->real == b->real;
    case JSON_LIST:
        for (uint32_t i = 0; a->count == b->count && i < a->count; i++)
            if (!json_equal(a->items[i], b->items[i]))
                return false;
        return a->count == b->count;
    case JSON_MAP:
        for (uint32_t i = 0; a->count == b->count && i < a->count; i++) {
            const struct member *m = member(b, a->members[i].key);
            if (!m || !json_equal(a->members[i].value, m->value))
                return false;
        }
        return a->count == b->count;
    default:
        return a->number == b->number;
    }
}

/* ---- parsing -------------------------------------------------------------------------- */

struct parser {
    const char *at, *end;
    const struct json_limits *limits;
    size_t depth, nodes;
    const char *wrong;           /* the word key, once something is */
};

static bool fail(struct parser *p, const char *key)
{
    if (!p->wrong)
        p->wrong = key;
    return false;
}

static void blanks(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t'))
        p->at++;
}

static bool take(struct parser *p, char c)
{
    blanks(p);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static bool one_more(struct parser *p)
{
    p->nodes++;
    return !p->limits->nodes || p->nodes <= p->limits->nodes || fail(p, "json.many");
}

static int hex4(const char *at, const char *end)
{
    int n = 0;

    if (end - at < 4)
        return -1;
    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (digit < 0)
            return -1;
        n = n << 4 | digit;
    }
    return n;
}

/* Behind "\u": one character, or two that make one; 0 with the error set. */
static uint32_t escaped(struct parser *p)
{
    int high = hex4(p->at, p->end), low;

    if (high < 0)
        return fail(p, "json.bad");
    p->at += 4;
    if (high == 0)
        return fail(p, "json.utf8");
    if (high < 0xd800 || high > 0xdfff)
        return (uint32_t)high;
    if (high > 0xdbff || p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
        return fail(p, "json.bad");
    low = hex4(p->at + 2, p->end);
    if (low < 0xdc00 || low > 0xdfff)
        return fail(p, "json.bad");
    p->at += 6;
    return 0x10000 + ((uint32_t)(high - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
}

static char *put_character(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = (char)c;
    } else if (c < 0x800) {
        *to++ = (char)(0xc0 | c >> 6);
        *to++ = (char)(0x80 | (c & 63));
    } else if (c < 0x10000) {
        *to++ = (char)(0xe0 | c >> 12);
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    } else {
        *to++ = (char)(0xf0 | c >> 18);
        *to++ = (char)(0x80 | (c >> 12 & 63));
        *to++ = (char)(0x80 | (c >> 6 & 63));
        *to++ = (char)(0x80 | (c & 63));
    }
    return to;
}

/* With its escapes resolved, into room for all the bytes between the quotes; how many they became, or -1. */
static int64_t unescape(struct parser *p, const char *end, char *to)
{
    static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *begin = to, *which;

    while (p->at < end) {
        if (*p->at != '\\') {
            *to++ = *p->at++;
            continue;
        }
        p->at++;
        if (*p->at == 'u') {
            p->at++;
            uint32_t c = escaped(p);
            if (!c)
                return -1;
            to = put_character(to, c);
        } else if (*p->at && (which = strchr(letters, *p->at))) {
            *to++ = meant[which - letters];
            p->at++;
        } else {
            fail(p, "json.bad");
            return -1;
        }
    }
    return to - begin;
}

/* The closing quote of the text that begins at p->at, or NULL; says whether there are escapes. */
static const char *text_end(struct parser *p, bool *escapes)
{
    const char *at = p->at;

    *escapes = false;
    for (; at < p->end && *at != '"'; at++) {
        if ((unsigned char)*at < 0x20)
            return NULL;
        if (*at == '\\') {
            *escapes = true;
            if (++at == p->end)
                return NULL;
        }
    }
    return at < p->end ? at : NULL;
}

/* Behind an opening quote; j becomes a text, or key gets it. */
static bool parse_text(struct parser *p, struct json **j, struct str *key)
{
    bool escapes;
    const char *end = text_end(p, &escapes);
    size_t room = end ? (size_t)(end - p->at) : 0;
    int64_t n = (int64_t)room;
    char *to;

    if (!end)
        return fail(p, "json.bad");
    /* An escape is never shorter than what it stands for; the longest is six bytes for one. */
    if ((escapes ? room / 6 : room) > p->limits->text || room >= UINT32_MAX)
        return fail(p, "json.text");
    if (j) {
        *j = node(JSON_TEXT, room + 1);
        (*j)->text = to = (char *)(*j + 1);
    } else {
        to = home ? arena_take(home, room + 1) : mem_take(room + 1);
        *key = (struct str){ to, 0 };
    }
    if (escapes) {
        n = unescape(p, end, to);
        if (n < 0 || (size_t)n > p->limits->text) {
            if (!j && !home)
                free(to);
            return fail(p, "json.text");
        }
        to[n] = 0;
    } else {
        memcpy(to, p->at, room);
    }
    p->at = end + 1;
    if (j)
        (*j)->count = (uint32_t)n;
    else
        key->len = (size_t)n;
    return true;
}

static bool digits(struct parser *p)
{
    const char *from = p->at;

    while (p->at < p->end && *p->at >= '0' && *p->at <= '9')
        p->at++;
    return p->at > from || fail(p, "json.bad");
}

static bool parse_number(struct parser *p, struct json **j)
{
    const char *from = p->at;
    bool whole = true;
    char text[64];
    int64_t n;

    if (*p->at == '-')
        p->at++;
    if (p->at < p->end && *p->at == '0')
        p->at++;
    else if (!digits(p))
        return false;
    if (p->at < p->end && *p->at == '.') {
        whole = false;
        p->at++;
        if (!digits(p))
            return false;
    }
    if (p->at < p->end && (*p->at == 'e' || *p->at == 'E')) {
        whole = false;
        p->at++;
        if (p->at < p->end && (*p->at == '+' || *p->at == '-'))
            p->at++;
        if (!digits(p))
            return false;
    }
    struct str all = { from, (size_t)(p->at - from) };
    if (whole) {
        if (!str_to_int(all, &n))
            return fail(p, "json.bad");
        *j = json_number(n);
        return true;
    }
    if (all.len >= sizeof text)
        return fail(p, "json.bad");
    memcpy(text, all.at, all.len);
    text[all.len] = 0;
    errno = 0;
    double real = strtod(text, NULL);
    if (errno == ERANGE && (real > 1 || real < -1))
        return fail(p, "json.bad");
    *j = node(JSON_REAL_NUMBER, 0);
    (*j)->real = real;
    return true;
}

static bool parse_value(struct parser *p, struct json **j);

static bool parse_list(struct parser *p, struct json *list)
{
    if (take(p, ']'))
        return true;
    do {
        struct json *value = NULL;
        bool good = parse_value(p, &value);
        if (value)
            json_add(list, value);
        if (!good)
            return false;
    } while (take(p, ','));
    return take(p, ']') || fail(p, "json.bad");
}

static int by_key(const void *a, const void *b)
{
    return str_cmp(**(const struct str *const *)a, **(const struct str *const *)b);
}

static bool all_differ(struct parser *p, const struct json *map)
{
    enum { FEW = 16 };
    bool same = false;

    if (map->count <= FEW) {
        for (uint32_t i = 1; i < map->count; i++)
            for (uint32_t k = 0; k < i; k++)
                if (str_eq(map->members[i].key, map->members[k].key))
                    return fail(p, "json.duplicate");
        return true;
    }
    const struct str **keys = mem_take(map->count * sizeof *keys);
    for (uint32_t i = 0; i < map->count; i++)
        keys[i] = &map->members[i].key;
    qsort(keys, map->count, sizeof *keys, by_key);
    for (uint32_t i = 1; i < map->count && !same; i++)
        same = str_eq(*keys[i], *keys[i - 1]);
    free(keys);
    return !same || fail(p, "json.duplicate");
}

static bool parse_map(struct parser *p, struct json *map)
{
    if (take(p, '}'))
        return true;
    do {
        struct json *value = NULL;
        struct str key;
        if (!take(p, '"'))
            return fail(p, "json.bad");
        if (!one_more(p) || !parse_text(p, NULL, &key))
            return false;
        bool good = take(p, ':') ? parse_value(p, &value) : fail(p, "json.bad");
        append(map, key, value);
        if (!good)
            return false;
    } while (take(p, ','));
    return (take(p, '}') || fail(p, "json.bad")) && all_differ(p, map);
}

static bool parse_word(struct parser *p, const char *word, struct json *value, struct json **j)
{
    struct str left = { p->at, (size_t)(p->end - p->at) };

    *j = value;
    if (!str_starts(left, str_of(word)))
        return fail(p, "json.bad");
    p->at += strlen(word);
    return true;
}

static bool nested(struct parser *p, enum json_kind kind, struct json **j)
{
    bool good;

    p->at++;
    if (++p->depth > p->limits->depth)
        return fail(p, "json.deep");
    *j = kind == JSON_MAP ? map_node() : node(kind, 0);
    good = kind == JSON_MAP ? parse_map(p, *j) : parse_list(p, *j);
    p->depth--;
    return good;
}

/* What was made stands in *j also when it failed, so that it is freed with the whole. */
static bool parse_value(struct parser *p, struct json **j)
{
    blanks(p);
    if (p->at == p->end)
        return fail(p, "json.bad");
    if (!one_more(p))
        return false;
    switch (*p->at) {
    case '{':
        return nested(p, JSON_MAP, j);
    case '[':
        return nested(p, JSON_LIST, j);
    case '"':
        p->at++;
        return parse_text(p, j, NULL);
    case 't':
        return parse_word(p, "true", json_bool(true), j);
    case 'f':
        return parse_word(p, "false", json_bool(false), j);
    case 'n':
        return parse_word(p, "null", node(JSON_NULL_VALUE, 0), j);
    default:
        return (*p->at == '-' || (*p->at >= '0' && *p->at <= '9')) ? parse_number(p, j) : fail(p, "json.bad");
    }
}

int json_parse(struct str bytes, const struct json_limits *limits, struct json **out, struct err *e)
{
    struct parser p = { .at = bytes.at ? bytes.at : "", .limits = limits };
    struct json *j = NULL;

    p.end = p.at + bytes.len;
    if (bytes.len > limits->bytes)
        return err_set(e, ERR_INVALID, "json.large");
    if (!utf8_valid(bytes))
        return err_set(e, ERR_INVALID, "json.utf8");
    bool good = parse_value(&p, &j);
    blanks(&p);
    if (!good || p.at != p.end) {
        json_free(j);
        return err_set(e, ERR_INVALID, p.wrong ? p.wrong : "json.bad");
    }
    *out = j;
    return 0;
}

/* ---- writing --------------------------------------------------------------------------- */

static void write_real(double n, struct out *o)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    buf_printf(&text, "%.17g", n);
    /* A real stays one when it is read again. */
    if (!strpbrk(buf_z(&text), ".e"))
        buf_text(&text, ".0");
    out_raw(o, buf_view(&text));
}

static void write_node(const struct json *j, struct out *o)
{
    switch (json_kind(j)) {
    case JSON_MAP:
        out_open(o, '{');
        for (uint32_t i = 0; i < j->count; i++) {
            out_key(o, j->members[i].key.at);
            write_node(j->members[i].value, o);
        }
        out_close(o, '}');
        break;
    case JSON_LIST:
        out_open(o, '[');
        for (uint32_t i = 0; i < j->count; i++)
            write_node(j->items[i], o);
        out_close(o, ']');
        break;
    case JSON_TEXT:
        out_text(o, json_str(j));
        break;
    case JSON_NUMBER:
        out_int(o, j->number);
        break;
    case JSON_REAL_NUMBER:
        write_real(j->real, o);
        break;
    case JSON_BOOL:
        out_bool(o, j->number != 0);
        break;
    default:
        out_null(o);
    }
}

void json_write(const struct json *j, struct buf *out)
{
    write_node(j, &(struct out){ .to = out });
}
