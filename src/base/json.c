/*
 * json.c - JSON in, by way of jansson.
 *
 * Foreign bytes are measured before jansson takes memory for them: whole size,
 * UTF-8, nesting, the length of every string.  The measuring is lax about
 * grammar, which is jansson's work; it only must never count too little.
 */
#include <jansson.h>
#include <stdlib.h>

static int jansson_equal(const json_t *a, const json_t *b)
{
    return json_equal(a, b);
}

#include "base/json.h"

const struct json_limits json_own = { .bytes = (size_t)1 << 30, .depth = 64, .text = (size_t)1 << 30 };

static json_t *tree(const struct json *j)
{
    return (json_t *)(uintptr_t)j;
}

static struct json *ours(json_t *j)
{
    return (struct json *)j;
}

/* Length of the string that opens at i, as it will be in memory; i moves behind its end. An escaped \uXXXX counts 3. */
static size_t measure_text(struct str s, size_t *i)
{
    size_t n = 0, at = *i + 1;

    while (at < s.len && s.at[at] != '"') {
        if (s.at[at] != '\\') {
            at++;
            n++;
        } else if (at + 1 < s.len && s.at[at + 1] == 'u') {
            at += 6;
            n += 3;
        } else {
            at += 2;
            n++;
        }
    }
    *i = at + 1;
    return n;
}

static const char *measure(struct str s, const struct json_limits *limits)
{
    size_t depth = 0;

    if (s.len > limits->bytes)
        return "json.large";
    if (!utf8_valid(s))
        return "json.utf8";
    for (size_t i = 0; i < s.len;) {
        if (s.at[i] == '"') {
            if (measure_text(s, &i) > limits->text)
                return "json.text";
            continue;
        }
        if ((s.at[i] == '[' || s.at[i] == '{') && ++depth > limits->depth)
            return "json.deep";
        if ((s.at[i] == ']' || s.at[i] == '}') && depth > 0)
            depth--;
        i++;
    }
    return NULL;
}

static const char *key_of(const json_error_t *error)
{
    switch (json_error_code(error)) {
    case json_error_duplicate_key:
        return "json.duplicate";
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return "json.utf8";
    case json_error_stack_overflow:
        return "json.deep";
    default:
        return "json.bad";
    }
}

int json_parse(struct str bytes, const struct json_limits *limits, struct json **out, struct err *e)
{
    const char *key = measure(bytes, limits);
    json_error_t error;
    json_t *j;

    if (key)
        return err_set(e, ERR_INVALID, key);
    j = json_loadb(bytes.at ? bytes.at : "", bytes.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!j)
        return err_set(e, ERR_INVALID, key_of(&error));
    *out = ours(j);
    return 0;
}

/* jansson answers NULL when memory is out. */
static struct json *made(json_t *j)
{
    if (!j)
        abort();
    return ours(j);
}

struct json *json_map(void)
{
    return made(json_object());
}

struct json *json_list(void)
{
    return made(json_array());
}

struct json *json_text(struct str s)
{
    if (!s.at || !utf8_valid(s))
        return made(json_null());
    return made(json_stringn(s.at, s.len));
}

struct json *json_number(int64_t n)
{
    return made(json_integer(n));
}

struct json *json_bool(bool b)
{
    return made(json_boolean(b));
}

struct json *json_copy(const struct json *j)
{
    return j ? made(json_deep_copy(tree(j))) : NULL;
}

void json_free(struct json *j)
{
    json_decref(tree(j));
}

void json_done(struct json **j)
{
    json_free(*j);
    *j = NULL;
}

void json_set(struct json *map, const char *key, struct json *value)
{
    json_object_set_new(tree(map), key, tree(value));
}

void json_unset(struct json *map, const char *key)
{
    json_object_del(tree(map), key);
}

void json_add(struct json *list, struct json *value)
{
    json_array_append_new(tree(list), tree(value));
}

enum json_kind json_kind(const struct json *j)
{
    static const enum json_kind kinds[] = {
        [JSON_OBJECT] = JSON_MAP, [JSON_ARRAY] = JSON_LIST, [JSON_STRING] = JSON_TEXT, [JSON_INTEGER] = JSON_NUMBER,
        [JSON_REAL] = JSON_REAL_NUMBER, [JSON_TRUE] = JSON_BOOL, [JSON_FALSE] = JSON_BOOL, [JSON_NULL] = JSON_NULL_VALUE,
    };

    return j ? kinds[json_typeof(tree(j))] : JSON_NONE;
}

struct json *json_get(const struct json *map, const char *key)
{
    return ours(json_object_get(tree(map), key));
}

size_t json_count(const struct json *j)
{
    return json_kind(j) == JSON_MAP ? json_object_size(tree(j)) : json_array_size(tree(j));
}

struct json *json_at(const struct json *list, size_t i)
{
    return ours(json_array_get(tree(list), i));
}

struct str json_str(const struct json *j)
{
    return (struct str){ json_string_value(tree(j)), json_string_length(tree(j)) };
}

int64_t json_int(const struct json *j)
{
    return json_kind(j) == JSON_BOOL ? json_is_true(tree(j)) : json_integer_value(tree(j));
}

void *json_first(const struct json *map)
{
    return json_object_iter(tree(map));
}

void *json_next(const struct json *map, void *it)
{
    return json_object_iter_next(tree(map), it);
}

const char *json_key(void *it)
{
    return json_object_iter_key(it);
}

struct json *json_value(void *it)
{
    return ours(json_object_iter_value(it));
}

bool json_equal(const struct json *a, const struct json *b)
{
    return a == b || jansson_equal(tree(a), tree(b)) == 1;
}

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
        for (void *it = json_first(j); it; it = json_next(j, it)) {
            out_key(o, json_key(it));
            write_node(json_value(it), o);
        }
        out_close(o, '}');
        break;
    case JSON_LIST:
        out_open(o, '[');
        for (size_t i = 0; i < json_count(j); i++)
            write_node(json_at(j, i), o);
        out_close(o, ']');
        break;
    case JSON_TEXT:
        out_text(o, json_str(j));
        break;
    case JSON_NUMBER:
        out_int(o, json_int(j));
        break;
    case JSON_REAL_NUMBER:
        write_real(json_real_value(tree(j)), o);
        break;
    case JSON_BOOL:
        out_bool(o, json_is_true(tree(j)));
        break;
    default:
        out_null(o);
    }
}

void json_write(const struct json *j, struct buf *out)
{
    write_node(j, &(struct out){ .to = out });
}
