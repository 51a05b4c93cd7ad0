/*
 * json.c - the parser of every foreign body: what it takes reads the same
 * again, wherever it lives, and stays within its limits.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>

static const struct json_limits small = { .bytes = 2048, .depth = 6, .text = 40, .nodes = 60 };

struct size {
    size_t depth, nodes, text;
};

static void measure(const struct json *j, size_t depth, struct size *s)
{
    bool nests = json_kind(j) == JSON_MAP || json_kind(j) == JSON_LIST;

    s->nodes++;
    s->depth = nests && depth + 1 > s->depth ? depth + 1 : s->depth;
    s->text = json_str(j).len > s->text ? json_str(j).len : s->text;
    DEMAND(utf8_valid(json_str(j)), "a text that is none");
    for (void *it = json_first(j); it; it = json_next(j, it)) {
        struct str key = str_of(json_key(it));

        DEMAND(utf8_valid(key) && json_get(j, json_key(it)) == json_value(it), "a key that finds another");
        s->text = key.len > s->text ? key.len : s->text;
        measure(json_value(it), depth + 1, s);
    }
    for (size_t i = 0; json_kind(j) == JSON_LIST && i < json_count(j); i++)
        measure(json_at(j, i), depth + 1, s);
}

static void same_again(const struct json *j)
{
    CLEANUP(buf_done) struct buf first = { 0 };
    CLEANUP(buf_done) struct buf second = { 0 };

    json_write(j, &first);
    CLEANUP(json_done) struct json *again = house_json(buf_view(&first));
    json_write(again, &second);
    DEMAND(str_eq(buf_view(&first), buf_view(&second)), "%.*s\nwas %.*s", (int)second.len, second.at, (int)first.len, first.at);
    DEMAND(json_equal(j, again) && json_equal(again, j), "another: %.*s", (int)first.len, first.at);
    CLEANUP(json_done) struct json *copy = json_copy(j);
    DEMAND(json_equal(copy, j), "a copy that differs");
}

/* A map large enough to be found in by hash, filled and emptied by hand. */
static void by_hand(const struct json *j)
{
    CLEANUP(json_done) struct json *map = json_map();
    char filler[16];
    size_t n = 0;

    for (int i = 0; i < 40; i++) {
        snprintf(filler, sizeof filler, "%d", i);
        json_set(map, filler, json_number(i));
    }
    for (void *it = json_first(j); it; it = json_next(j, it))
        json_set(map, json_key(it), json_copy(json_value(it)));
    for (void *it = json_first(j); it; it = json_next(j, it), n++) {
        DEMAND(json_equal(json_get(map, json_key(it)), json_value(it)), "a member that is not found");
        if (n % 2) {
            json_unset(map, json_key(it));
            DEMAND(!json_get(map, json_key(it)), "a member that stays");
            json_set(map, "fresh", json_get(j, "fresh") ? json_copy(json_get(j, "fresh")) : json_number(40));
        }
    }
}

static void at_home(struct str bytes, const struct json *outside)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    JSON_HOME(&mem);
    struct json *inside = NULL;
    struct err e = { 0 };

    DEMAND(json_parse(bytes, &json_own, &inside, &e) == 0 && json_equal(inside, outside), "another at home: %s", e.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = { (const char *)data, size };
    struct json *j = NULL;
    struct size s = { 0 };
    struct err e = { 0 };

    if (json_parse(bytes, &small, &j, &e) == 0) {
        measure(j, 0, &s);
        DEMAND(s.depth <= small.depth && s.nodes <= small.nodes && s.text <= small.text && size <= small.bytes, "beyond its limits");
        json_free(j);
    } else {
        house_sane(&e);
    }
    if (json_parse(bytes, &json_own, &j, &e) < 0)
        return 0;
    measure(j, 0, &s);
    same_again(j);
    by_hand(j);
    at_home(bytes, j);
    json_free(j);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static const char *const pieces[] = {
        "{", "}", "[", "]", ",", ":", "\"", "\\u", "\\ud83d\\ude00", "\\ud800", "\\udc00", "\\u0000", "\\n", "\\/", "\"a\":1", "null", "true", "false", "-0",
        "0.5", "1e5", "1E400", "1e-400", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0.1e+1", "01", "-", " ", "\n", "\xef\xbb\xbf",
        "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80", "\"\\\"\"", "[[[[[[[[", "{\"a\":{\"a\":", "\"k\":\"v\",",
    };
    const char *piece;
    size_t at, n;

    grow_seed(seed);
    if (grow_any(3) == 0)
        return LLVMFuzzerMutate(data, size, most);
    if (grow_any(4) == 0)
        return grow_change(data, size, most, seed, NULL, NULL);
    piece = pieces[grow_any(COUNT_OF(pieces))];
    n = strlen(piece);
    if (size + n > most)
        return LLVMFuzzerMutate(data, size, most);
    at = grow_any(size + 1);
    memmove(data + at + n, data + at, size - at);
    memcpy(data + at, piece, n);
    return size + n;
}
