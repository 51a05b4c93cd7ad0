/*
 * shape.c - geometry: what may be a shape, and how shapes travel.
 *
 * A shape comes as {"type":"Polygon"|"MultiPolygon","coordinates":…} in whole
 * 1e-6 degrees of WGS-84, every ring closed.  It travels as rings of whole
 * 1e-5 degrees (one metre), each point as its difference from the one before,
 * the closing point left out; holes and islands are rings like the others
 * (even-odd).
 */
#include "shape.h"

#include <geos_c.h>
#include <stdio.h>
#include <stdlib.h>

#include "shape.sql.h"

#define MOST_POINTS 20000
#define MICRO 1000000

/* ---- what may be a shape ---------------------------------------------------- */

static int invalid(struct err *e)
{
    return err_field(e, "shape.invalid", "polygon");
}

/* Lists of the given depth, then pairs of whole numbers on the globe; counts the pairs. */
static int measure(const struct json *j, int depth, size_t *points, struct err *e)
{
    if (json_kind(j) != JSON_LIST || json_count(j) == 0)
        return invalid(e);
    if (depth == 0) {
        const struct json *x = json_at(j, 0), *y = json_at(j, 1);
        if (json_count(j) != 2 || json_kind(x) != JSON_NUMBER || json_kind(y) != JSON_NUMBER)
            return invalid(e);
        if (json_int(x) < -180 * MICRO || json_int(x) > 180 * MICRO || json_int(y) < -90 * MICRO || json_int(y) > 90 * MICRO)
            return err_field(e, "shape.bounds", "polygon");
        return ++*points > MOST_POINTS ? err_field(e, "shape.large", "polygon") : 0;
    }
    for (size_t i = 0; i < json_count(j); i++)
        if (measure(json_at(j, i), depth - 1, points, e) < 0)
            return -1;
    return 0;
}

/* NULL when it is none: a ring that is not closed or has under four points. */
static GEOSGeometry *ring_make(GEOSContextHandle_t g, const struct json *ring)
{
    size_t n = json_count(ring);
    GEOSCoordSequence *seq = n < 4 ? NULL : GEOSCoordSeq_create_r(g, (unsigned)n, 2);

    for (size_t i = 0; seq && i < n; i++) {
        const struct json *pair = json_at(ring, i);
        GEOSCoordSeq_setXY_r(g, seq, (unsigned)i, (double)json_int(json_at(pair, 0)), (double)json_int(json_at(pair, 1)));
    }
    return seq ? GEOSGeom_createLinearRing_r(g, seq) : NULL;
}

static GEOSGeometry *polygon_make(GEOSContextHandle_t g, const struct json *rings)
{
    size_t n = json_count(rings), made = 0;
    GEOSGeometry **all = mem_take(n * sizeof *all);

    while (made < n && (all[made] = ring_make(g, json_at(rings, made))))
        made++;
    GEOSGeometry *polygon = made == n ? GEOSGeom_createPolygon_r(g, all[0], all + 1, (unsigned)n - 1) : NULL;
    for (size_t i = 0; made < n && i < made; i++)
        GEOSGeom_destroy_r(g, all[i]);
    free(all);
    return polygon;
}

static GEOSGeometry *multi_make(GEOSContextHandle_t g, const struct json *polygons)
{
    size_t n = json_count(polygons), made = 0;
    GEOSGeometry **all = mem_take(n * sizeof *all);

    while (made < n && (all[made] = polygon_make(g, json_at(polygons, made))))
        made++;
    GEOSGeometry *multi = made == n ? GEOSGeom_createCollection_r(g, GEOS_MULTIPOLYGON, all, (unsigned)n) : NULL;
    for (size_t i = 0; made < n && i < made; i++)
        GEOSGeom_destroy_r(g, all[i]);
    free(all);
    return multi;
}

int shape_check(const struct json *polygon, struct err *e)
{
    struct str type = json_str(json_get(polygon, "type"));
    const struct json *coordinates = json_get(polygon, "coordinates");
    bool multi = str_is(type, "MultiPolygon");
    size_t points = 0;

    if ((!multi && !str_is(type, "Polygon")) || json_count(polygon) != 2)
        return invalid(e);
    if (measure(coordinates, multi ? 3 : 2, &points, e) < 0)
        return -1;
    GEOSContextHandle_t g = GEOS_init_r();
    GEOSGeometry *made = multi ? multi_make(g, coordinates) : polygon_make(g, coordinates);
    bool valid = made && GEOSisValid_r(g, made) == 1;
    GEOSGeom_destroy_r(g, made);
    GEOS_finish_r(g);
    return valid ? 0 : invalid(e);
}

/* ---- how shapes travel ------------------------------------------------------- */

struct ring {
    int32_t (*at)[2];
    size_t count, room;
};

static int32_t coarse(int64_t micro)
{
    return (int32_t)((micro + (micro < 0 ? -5 : 5)) / 10);
}

static void ring_add(struct ring *r, int64_t lon, int64_t lat)
{
    int32_t x = coarse(lon), y = coarse(lat);

    if (r->count && r->at[r->count - 1][0] == x && r->at[r->count - 1][1] == y)
        return;
    r->at = MEM_GROW(r->at, r->count, r->room);
    r->at[r->count][0] = x;
    r->at[r->count++][1] = y;
}

static void ring_put(struct out *o, struct ring *r)
{
    int32_t x = 0, y = 0;

    if (r->count > 1 && r->at[0][0] == r->at[r->count - 1][0] && r->at[0][1] == r->at[r->count - 1][1])
        r->count--;
    out_open(o, '[');
    for (size_t i = 0; i < r->count; i++) {
        out_int(o, r->at[i][0] - x);
        out_int(o, r->at[i][1] - y);
        x = r->at[i][0], y = r->at[i][1];
    }
    out_close(o, ']');
    r->count = 0;
}

/* Straight from the stored text, which we wrote ourselves: a list of two numbers is a point, a list of points a ring. */
static void rings_put(struct out *o, struct str shape, struct ring *r)
{
    static const char begin[] = "\"coordinates\":";
    const char *at = memmem(shape.at, shape.len, begin, sizeof begin - 1), *end = shape.at + shape.len;
    int64_t pair[2] = { 0 }, sign = 1;
    int numbers = 0;
    bool digits = false;

    out_open(o, '[');
    for (; at && at < end; at++) {
        if (*at == '-') {
            sign = -1;
        } else if (*at >= '0' && *at <= '9') {
            if (!digits)
                pair[numbers & 1] = 0;
            digits = true;
            pair[numbers & 1] = pair[numbers & 1] * 10 + (*at - '0');
        } else {
            if (digits)
                pair[numbers++ & 1] *= sign;
            digits = false;
            sign = 1;
            if (*at == ']' && numbers == 2)
                ring_add(r, pair[0], pair[1]);
            else if (*at == ']' && r->count)
                ring_put(o, r);
            if (*at == ']')
                numbers = 0;
        }
    }
    out_close(o, ']');
}

/*
 * The revision is hashed from the shapes themselves: it is the same on every
 * server and after every restart as long as no shape changes, whatever else
 * happens to areas.
 */
int shape_answer(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(buf_done) struct buf shapes = { 0 };
    struct out o = { .to = &shapes };
    struct ring ring = { 0 };
    bool synthetic = false;
    uint8_t hash[32];

    if (store_query(ask->store, &rows, &sql_shapes, (struct args){ ask->args, 2 }, e) < 0)
        return -1;
    out_open(&o, '[');
    while (rows_next(&rows)) {
        struct str shape = rows_str(&rows, 4);
        out_open(&o, '{');
        out_key(&o, "area");
        out_text(&o, rows_str(&rows, 0));
        out_key(&o, "level");
        out_int(&o, rows_int(&rows, 1));
        if (shape.at) {
            synthetic |= rows_int(&rows, 5) != 0;
            out_key(&o, "rings");
            rings_put(&o, shape, &ring);
        }
        if (rows_kind(&rows, 2) != VALUE_NULL) {
            out_key(&o, "point");
            out_open(&o, '[');
            out_int(&o, coarse(rows_int(&rows, 2)));
            out_int(&o, coarse(rows_int(&rows, 3)));
            out_close(&o, ']');
        }
        out_close(&o, '}');
    }
    out_close(&o, ']');
    free(ring.at);
    if (store_failed(ask->store, e) < 0)
        return -1;

    seal_hash(buf_view(&shapes), hash);
    int64_t revision = 0;
    for (int i = 0; i < 6; i++)
        revision = revision << 8 | hash[i];
    o = (struct out){ .to = body };
    out_open(&o, '{');
    out_key(&o, "revision");
    out_int(&o, revision);
    out_key(&o, "scale");
    out_int(&o, 100000);
    out_key(&o, "synthetic");
    out_bool(&o, synthetic);
    out_key(&o, "shapes");
    out_raw(&o, buf_view(&shapes));
    out_close(&o, '}');
    snprintf(tag, 64, "shapes-%012llx-%d", (unsigned long long)revision, synthetic);
    return 0;
}
