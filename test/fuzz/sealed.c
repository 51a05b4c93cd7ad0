/*
 * sealed.c - boxes and lists of boxes: opened, tampered with, joined.
 *
 * {"boxes":[box…],"whole":[box…],"parts":[[record,item]…],"list","values","shadow","raw"}; a box is
 * {"record","at","class","n","plain","flip":[place,bits],"cut"}.  An untouched
 * box opens to what was sealed, of an erased subject to nothing, a touched one
 * never; lists of any bytes open or do not, and what they give is a map.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/own.h"

static struct str ledger(void)
{
    return STR(VILLAGE);
}

static void put_be(struct buf *b, uint64_t n, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_char(b, (char)(n >> (8 * i)));
}

enum { ERASED = 9 };                     /* of the households: house.c */

/* One box into the list, when it could be sealed. */
static void put_box(struct core *c, struct buf *list, const struct json *j)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    CLEANUP(buf_done) struct buf box = { 0 };
    CLEANUP(buf_done) struct buf open = { 0 };
    const struct json *flip = json_get(j, "flip");
    int64_t n = json_int(json_get(j, "n"));
    struct id record = house_id('v', (unsigned)json_int(json_get(j, "record")));
    struct seal_place place = { ledger(), record, house_id('h', (unsigned)n), (enum seal_class)(json_int(json_get(j, "class")) & 3),
                                json_int(json_get(j, "at")) };
    struct err e = { 0 };

    if (json_get(j, "plain"))
        json_write(json_get(j, "plain"), &plain);
    if (seal_box(c->seal, &place, buf_view(&plain), &box, &e) < 0) {
        DEMAND(e.key[0] && ((uint8_t)n == ERASED || place.class == SEAL_OPEN), "%s %s", e.key, e.detail);
        return;
    }
    DEMAND((uint8_t)n != ERASED, "sealed for who was erased");
    bool touched = json_kind(flip) == JSON_LIST && (uint8_t)json_int(json_at(flip, 1)) != 0;
    if (touched)
        box.at[(uint64_t)json_int(json_at(flip, 0)) % box.len] ^= (char)json_int(json_at(flip, 1));
    if (json_int(json_get(j, "cut")) > 0) {
        touched = true;
        box.len -= (uint64_t)json_int(json_get(j, "cut")) % box.len;
    }
    int result = seal_unbox(c->seal, ledger(), record, buf_view(&box), &open, &e);
    if (result < 0)
        DEMAND(touched && e.key[0] && open.len == 0, "%s %s", e.key, e.detail);
    else
        DEMAND((!touched || json_int(json_get(j, "cut")) > 0) && str_eq(buf_view(&open), buf_view(&plain)), "opened to something else");
    buf_put(list, record.b, 16), put_be(list, (uint64_t)place.at, 8), put_be(list, box.len, 4), buf_str(list, buf_view(&box));
}

static void put_list(struct core *c, struct buf *list, const struct json *boxes)
{
    for (size_t i = 0; i < json_count(boxes); i++)
        put_box(c, list, json_at(boxes, i));
}

static void look(struct json *made)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    if (!made)
        return;
    DEMAND(json_kind(made) == JSON_MAP, "no map");
    json_write(made, &text);
    json_free(house_json(buf_view(&text)));
    json_free(made);
}

static void open_all(struct core *c, struct str boxes, struct str whole, struct str parts, const char *list)
{
    struct boxes_part part = { list, whole, parts };
    struct err e = { 0 };

    for (int class = SEAL_REGISTER; class <= SEAL_MOVEMENT; class++) {
        look(core_open_boxes(c, ledger(), boxes, (enum seal_class)class, &e));
        look(core_open_parts(c, ledger(), boxes, &part, (enum seal_class)class, &e));
    }
}

/* A record's own boxes, any bytes, and its place in a list of others. */
static void add_to(struct str raw, struct str boxes)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct record r = { .id = house_id('v', 3), .at = HOUSE_NOW, .boxes = raw, .mem = &mem };

    for (int class = SEAL_REGISTER; class <= SEAL_MOVEMENT; class++) {
        struct str box = record_box(&r, (enum seal_class)class);
        struct str more = boxes_with(&r, boxes, (enum seal_class)class);

        DEMAND(!box.at || (box.at >= raw.at && box.at + box.len <= raw.at + raw.len), "a box out of the list");
        struct str same = boxes_with(&r, more, (enum seal_class)class);
        DEMAND(str_eq(more, same) || !box.at || box.len > 1 << 20, "the same record twice");
    }
}

static void join(const struct json *values, const struct json *shadow)
{
    if (json_kind(values) != JSON_MAP || json_kind(shadow) != JSON_MAP)
        return;
    struct json *once = json_copy(values);
    fields_join(once, shadow);
    struct json *twice = json_copy(once);
    fields_join(twice, shadow);
    DEMAND(json_equal(once, twice), "joined twice it is another");
    look(once);
    look(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(json_done) struct json *doc = NULL;
    CLEANUP(buf_done) struct buf boxes = { 0 };
    CLEANUP(buf_done) struct buf whole = { 0 };
    CLEANUP(buf_done) struct buf parts = { 0 };
    CLEANUP(buf_done) struct buf raw = { 0 };
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct err e = { 0 };

    if (json_parse((struct str){ (const char *)data, size }, &json_own, &doc, &e) < 0)
        return 0;
    struct core *c = house();
    house_try();
    join(json_get(doc, "values"), json_get(doc, "shadow"));
    put_list(c, &boxes, json_get(doc, "boxes"));
    put_list(c, &whole, json_get(doc, "whole"));
    for (size_t i = 0; i < json_count(json_get(doc, "parts")); i++) {
        const struct json *pair = json_at(json_get(doc, "parts"), i);
        struct id record = house_id('v', (unsigned)json_int(json_at(pair, 0)));

        buf_put(&parts, record.b, 16), put_be(&parts, (uint64_t)json_int(json_at(pair, 1)), 2);
    }
    struct str name = arena_str(&mem, json_str(json_get(doc, "list")));
    open_all(c, buf_view(&boxes), buf_view(&whole), buf_view(&parts), name.len ? name.at : "members");
    if (base64_read(&raw, json_str(json_get(doc, "raw")))) {
        open_all(c, buf_view(&raw), buf_view(&boxes), buf_view(&raw), "found");
        add_to(buf_view(&raw), buf_view(&boxes));
        add_to(buf_view(&boxes), buf_view(&raw));
    }
    house_undo();
    return 0;
}

/* ---- how they grow -------------------------------------------------------------------------- */

static struct json *a_box(void)
{
    struct json *j = json_map(), *record = grow_record();

    json_set(j, "record", json_number((int64_t)grow_any(5)));
    json_set(j, "at", json_number(HOUSE_NOW - (int64_t)grow_any(3) * 1000));
    json_set(j, "class", json_number(1 + (int64_t)grow_any(3)));
    json_set(j, "n", json_number(grow_any(8) ? 1 + (int64_t)grow_any(3) : ERASED));
    json_set(j, "plain", json_copy(json_get(record, "body")));
    if (grow_any(6) == 0) {
        struct json *flip = json_list();

        json_add(flip, json_number((int64_t)grow_any(120)));
        json_add(flip, json_number(1 + (int64_t)grow_any(255)));
        json_set(j, "flip", flip);
    }
    json_free(record);
    return j;
}

static struct json *a_doc(void)
{
    struct json *doc = json_map(), *one = grow_record(), *other = grow_record();
    static const char *const lists[] = { "boxes", "whole" }, *const names[] = { "members", "found", "checks" };

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        struct json *list = json_list();

        for (size_t n = grow_any(5); n; n--)
            json_add(list, a_box());
        json_set(doc, lists[i], list);
    }
    struct json *parts = json_list();
    for (size_t n = grow_any(4); n; n--) {
        struct json *pair = json_list();

        json_add(pair, json_number((int64_t)grow_any(5)));
        json_add(pair, json_number((int64_t)grow_any(3)));
        json_add(parts, pair);
    }
    json_set(doc, "parts", parts);
    json_set(doc, "list", json_text(str_of(names[grow_any(COUNT_OF(names))])));
    json_set(doc, "values", json_copy(json_get(one, "body")));
    json_set(doc, "shadow", json_copy(json_get(grow_any(2) ? one : other, "body")));
    json_set(doc, "raw", json_text(STR("AAAACAECAwQFBgcIAAAAAA==")));
    json_free(one);
    json_free(other);
    return doc;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(json_done) struct json *doc = NULL;

    grow_seed(seed);
    if (grow_any(8))
        return grow_change(data, size, most, seed, "boxes", a_box);
    doc = a_doc();
    json_write(doc, &text);
    if (text.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, text.at, text.len);
    return text.len;
}
