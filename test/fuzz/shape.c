/*
 * shape.c - the polygons of area.shape: which are taken, and how they travel.
 *
 * What is taken is stored by the record it came in and asked for again: every
 * ring that comes out is a list of pairs, and adds up to points on the globe.
 */
#include "grow.h"

#include <stdlib.h>

#include "area/shape.h"
#include "core/own.h"

static void ring_on_globe(const struct json *ring)
{
    int64_t at[2] = { 0 };

    DEMAND(json_kind(ring) == JSON_LIST && json_count(ring) >= 2 && json_count(ring) % 2 == 0, "no ring");
    for (size_t i = 0; i < json_count(ring); i++) {
        at[i % 2] += json_int(json_at(ring, i));
        if (i % 2)
            DEMAND(at[0] >= -18000000 && at[0] <= 18000000 && at[1] >= -9000000 && at[1] <= 9000000, "beyond the globe");
    }
}

static void travels(struct core *c, size_t rings)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct value args[] = { value_str(STR("4405")), value_str(STR("4405~")) };
    struct ask ask = { .core = c, .store = c->writer, .args = { args[0], args[1] }, .arg_count = 2 };
    struct err e = { 0 };
    char tag[64] = "";
    size_t seen = 0;

    DEMAND(shape_answer(&ask, &body, tag, &e) == 0, "%s %s", e.key, e.detail);
    CLEANUP(json_done) struct json *answer = house_json(buf_view(&body));
    const struct json *shapes = json_get(answer, "shapes");
    for (size_t i = 0; i < json_count(shapes); i++) {
        const struct json *all = json_get(json_at(shapes, i), "rings");
        for (size_t k = 0; k < json_count(all); k++, seen++)
            ring_on_globe(json_at(all, k));
    }
    DEMAND(seen == rings, "%zu rings of %zu", seen, rings);
}

static size_t rings_of(const struct json *polygon)
{
    const struct json *all = json_get(polygon, "coordinates");
    size_t n = 0;

    if (str_is(json_str(json_get(polygon, "type")), "Polygon"))
        return json_count(all);
    for (size_t i = 0; i < json_count(all); i++)
        n += json_count(json_at(all, i));
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct json_limits limits = { .bytes = 1 << 20, .depth = 16, .text = 1024 };
    CLEANUP(json_done) struct json *polygon = NULL;
    struct err e = { 0 };

    if (json_parse((struct str){ (const char *)data, size }, &limits, &polygon, &e) < 0)
        return 0;
    if (shape_check(polygon, &e) < 0) {
        house_sane(&e);
        return 0;
    }
    struct core *c = house();
    house_try();
    struct batch *b = core_batch_new(c, &who_system, HOUSE_NOW);
    struct json *body = json_map();
    json_set(body, "polygon", json_copy(polygon));
    core_batch_add(b, house_id('e', 200), "area.shape", STR(VILLAGE), HOUSE_NOW, body);
    core_write(c, b);
    DEMAND(b->results[0].status == RESULT_STORED, "%s %s", b->results[0].err.key, b->results[0].err.detail);
    core_batch_free(b);
    travels(c, rings_of(polygon));
    house_undo();
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    CLEANUP(json_done) struct json *polygon = NULL;
    CLEANUP(buf_done) struct buf out = { 0 };

    grow_seed(seed);
    if (grow_any(8) || !(polygon = grow_named("polygon")))
        return grow_change(data, size, most, seed, NULL, NULL);
    json_write(polygon, &out);
    if (out.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, out.at, out.len);
    return out.len;
}
