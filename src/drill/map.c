/*
 * map.c - synthetic polygons: nearest seat, nearest well, clipped by the coast.
 *
 * Land is the coast line joined with a disc around every seat, cut to what lies
 * near a seat.  Towns are the Voronoi cells of their seats, districts the
 * union of towns; villages and grids are cells of points strewn inside and
 * evened out.  Nothing here is an administrative boundary, and every record
 * made from it says so.
 */
#include <geos_c.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drill/own.h"

struct map {
    const struct plan *plan;
    GEOSContextHandle_t g;
    GEOSGeometry *land;
    GEOSGeometry **towns;        /* cells */
    GEOSGeometry **villages;     /* of the town last asked for */
    size_t town;
    GEOSGeometry **grids;        /* of the village last asked for */
    int grid_count;
};

/* Kilometres east and north of the city's middle, so that near is near in every direction. */
static const double km_lat = 111.2;

static double km_lon(const struct map *m)
{
    return km_lat * cos(m->plan->city.lat * M_PI / 180);
}

static void to_km(const struct map *m, double lon, double lat, double xy[2])
{
    xy[0] = (lon - m->plan->city.lon) * km_lon(m);
    xy[1] = (lat - m->plan->city.lat) * km_lat;
}

static void quiet(const char *words, void *arg)
{
    (void)words;
    (void)arg;
}

static GEOSGeometry *ring(struct map *m, const double (*xy)[2], size_t n)
{
    GEOSCoordSequence *seq = GEOSCoordSeq_create_r(m->g, (unsigned)n, 2);

    for (size_t i = 0; i < n; i++)
        GEOSCoordSeq_setXY_r(m->g, seq, (unsigned)i, xy[i][0], xy[i][1]);
    return GEOSGeom_createPolygon_r(m->g, GEOSGeom_createLinearRing_r(m->g, seq), NULL, 0);
}

static GEOSGeometry *points(struct map *m, const double (*xy)[2], size_t n)
{
    GEOSGeometry **all = mem_take((n + 1) * sizeof *all), *made;

    for (size_t i = 0; i < n; i++)
        all[i] = GEOSGeom_createPointFromXY_r(m->g, xy[i][0], xy[i][1]);
    made = GEOSGeom_createCollection_r(m->g, GEOS_MULTIPOINT, all, (unsigned)n);
    free(all);
    return made;
}

static GEOSGeometry *swap(struct map *m, GEOSGeometry *old, GEOSGeometry *made)
{
    GEOSGeom_destroy_r(m->g, old);
    return made;
}

/* ---- cells ------------------------------------------------------------------------------------- */

static bool holds(struct map *m, const GEOSGeometry *cell, const double xy[2])
{
    GEOSGeometry *p = GEOSGeom_createPointFromXY_r(m->g, xy[0], xy[1]);
    bool inside = GEOSIntersects_r(m->g, cell, p) == 1;

    GEOSGeom_destroy_r(m->g, p);
    return inside;
}

/* The part of `whole` nearest to each point, in their order; NULL where a cell came out empty. */
static void cells(struct map *m, const GEOSGeometry *whole, const double (*xy)[2], size_t n, GEOSGeometry **out)
{
    GEOSGeometry *p, *diagram;
    int faces;

    for (size_t i = 0; i < n; i++)
        out[i] = NULL;
    if (n == 1) {
        out[0] = GEOSGeom_clone_r(m->g, whole);
        return;
    }
    p = points(m, xy, n);
    diagram = GEOSVoronoiDiagram_r(m->g, p, whole, 0, 0);
    faces = diagram ? GEOSGetNumGeometries_r(m->g, diagram) : 0;
    for (int f = 0; f < faces; f++) {
        const GEOSGeometry *face = GEOSGetGeometryN_r(m->g, diagram, f);

        for (size_t i = 0; i < n; i++)
            if (!out[i] && holds(m, face, xy[i])) {
                out[i] = GEOSIntersection_r(m->g, face, whole);
                break;
            }
    }
    GEOSGeom_destroy_r(m->g, p);
    if (diagram)
        GEOSGeom_destroy_r(m->g, diagram);
}

static void middle(struct map *m, const GEOSGeometry *cell, double xy[2])
{
    GEOSGeometry *c = GEOSPointOnSurface_r(m->g, cell), *centroid = GEOSGetCentroid_r(m->g, cell);

    if (centroid && !GEOSisEmpty_r(m->g, centroid) && GEOSIntersects_r(m->g, cell, centroid) == 1)
        c = swap(m, c, GEOSGeom_clone_r(m->g, centroid));
    if (c && !GEOSisEmpty_r(m->g, c)) {
        GEOSGeomGetX_r(m->g, c, &xy[0]);
        GEOSGeomGetY_r(m->g, c, &xy[1]);
    }
    GEOSGeom_destroy_r(m->g, c);
    GEOSGeom_destroy_r(m->g, centroid);
}

/* n cells of whole: points strewn inside it, each moved to the middle of its cell a few times. */
static void split(struct map *m, const GEOSGeometry *whole, size_t n, struct luck *l, GEOSGeometry **out)
{
    double (*xy)[2] = mem_take((n + 1) * sizeof *xy), low[2], high[2];
    const GEOSPreparedGeometry *ready = GEOSPrepare_r(m->g, whole);

    GEOSGeom_getExtent_r(m->g, whole, &low[0], &low[1], &high[0], &high[1]);
    for (size_t i = 0, tries = 0; i < n && tries < 4000; tries++) {
        GEOSGeometry *p;

        xy[i][0] = low[0] + luck_unit(l) * (high[0] - low[0]);
        xy[i][1] = low[1] + luck_unit(l) * (high[1] - low[1]);
        p = GEOSGeom_createPointFromXY_r(m->g, xy[i][0], xy[i][1]);
        i += GEOSPreparedContains_r(m->g, ready, p) == 1;
        GEOSGeom_destroy_r(m->g, p);
    }
    GEOSPreparedGeom_destroy_r(m->g, ready);
    for (int pass = 0; pass < (n > 1 ? 3 : 1); pass++) {
        if (pass)
            for (size_t i = 0; i < n; i++) {
                if (out[i])
                    middle(m, out[i], xy[i]);
                GEOSGeom_destroy_r(m->g, out[i]);
            }
        cells(m, whole, xy, n, out);
    }
    free(xy);
}

static void drop(struct map *m, GEOSGeometry **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (list[i])
            GEOSGeom_destroy_r(m->g, list[i]);
    free(list);
}

/* ---- JSON ---------------------------------------------------------------------------------------- */

static struct json *ring_json(struct map *m, const GEOSGeometry *r)
{
    const GEOSCoordSequence *seq = GEOSGeom_getCoordSeq_r(m->g, r);
    struct json *list = json_list();
    unsigned n = 0;
    int64_t first[2] = { 0, 0 }, last[2] = { 0, 0 };
    size_t count = 0;

    GEOSCoordSeq_getSize_r(m->g, seq, &n);
    for (unsigned i = 0; i + 1 < n; i++) {
        double x, y;
        int64_t at[2];

        GEOSCoordSeq_getXY_r(m->g, seq, i, &x, &y);
        at[0] = llround((x / km_lon(m) + m->plan->city.lon) * 1e6);
        at[1] = llround((y / km_lat + m->plan->city.lat) * 1e6);
        if (count && at[0] == last[0] && at[1] == last[1])
            continue;
        if (!count)
            memcpy(first, at, sizeof at);
        memcpy(last, at, sizeof at);
        struct json *pair = json_list();

        json_add(pair, json_number(at[0]));
        json_add(pair, json_number(at[1]));
        json_add(list, pair);
        count++;
    }
    struct json *pair = json_list();

    json_add(pair, json_number(first[0]));
    json_add(pair, json_number(first[1]));
    json_add(list, pair);
    if (count < 3) {
        json_free(list);
        return NULL;
    }
    return list;
}

/* Parts of a cell that are smaller than this (km²) are crumbs of clipping. */
static const double crumb = 0.0004;

static void add_polygon(struct map *m, const GEOSGeometry *p, struct json *to)
{
    double area = 0;
    struct json *outer, *rings;

    if (GEOSGeomTypeId_r(m->g, p) != GEOS_POLYGON || GEOSArea_r(m->g, p, &area) != 1 || area < crumb)
        return;
    if (!(outer = ring_json(m, GEOSGetExteriorRing_r(m->g, p))))
        return;
    rings = json_list();
    json_add(rings, outer);
    for (int i = 0; i < GEOSGetNumInteriorRings_r(m->g, p); i++) {
        struct json *inner = ring_json(m, GEOSGetInteriorRingN_r(m->g, p, i));

        if (inner)
            json_add(rings, inner);
    }
    json_add(to, rings);
}

static struct json *shape(struct map *m, const GEOSGeometry *cell)
{
    struct json *polygons = json_list(), *out;

    for (int i = 0; cell && i < GEOSGetNumGeometries_r(m->g, cell); i++)
        add_polygon(m, GEOSGetGeometryN_r(m->g, cell, i), polygons);
    if (!json_count(polygons)) {
        json_free(polygons);
        return NULL;
    }
    out = json_map();
    json_set(out, "type", json_text(json_count(polygons) > 1 ? STR("MultiPolygon") : STR("Polygon")));
    json_set(out, "coordinates", json_count(polygons) > 1 ? json_copy(polygons) : json_copy(json_at(polygons, 0)));
    json_free(polygons);
    return out;
}

static struct json *joined(struct map *m, size_t first, size_t count)
{
    GEOSGeometry **list = mem_take((count + 1) * sizeof *list), *all, *one;
    struct json *out;
    size_t n = 0;

    for (size_t i = first; i < first + count; i++)
        if (m->towns[i])
            list[n++] = GEOSGeom_clone_r(m->g, m->towns[i]);
    all = GEOSGeom_createCollection_r(m->g, GEOS_GEOMETRYCOLLECTION, list, (unsigned)n);
    one = GEOSUnaryUnion_r(m->g, all);
    out = shape(m, one);
    GEOSGeom_destroy_r(m->g, all);
    if (one)
        GEOSGeom_destroy_r(m->g, one);
    free(list);
    return out;
}

static void tell(const struct map *m, const double xy[2], double *lon, double *lat)
{
    *lon = xy[0] / km_lon(m) + m->plan->city.lon;
    *lat = xy[1] / km_lat + m->plan->city.lat;
}

static void tell_middle(struct map *m, const GEOSGeometry *cell, double *lon, double *lat)
{
    double xy[2] = { 0, 0 };

    middle(m, cell, xy);
    tell(m, xy, lon, lat);
}

/* ---- land ------------------------------------------------------------------------------------------ */

static int read_coast(struct map *m, GEOSGeometry **out, struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };
    CLEANUP(buf_done) struct buf file = { 0 };
    CLEANUP(json_done) struct json *coast = NULL;
    static const struct json_limits limits = { 4 << 20, 8, 4096 };
    GEOSGeometry *all = GEOSGeom_createEmptyPolygon_r(m->g);

    buf_printf(&path, "%s/coast.json", m->plan->o->data);
    if (file_read(buf_z(&path), 4 << 20, &file, e) < 0 || json_parse(buf_view(&file), &limits, &coast, e) < 0)
        return -1;
    const struct json *land = json_get(coast, "land");
    double scale = (double)json_int(json_get(coast, "scale"));

    for (size_t i = 0; i < json_count(land) && scale > 0; i++) {
        const struct json *r = json_at(land, i);
        size_t n = json_count(r);
        double (*xy)[2] = mem_take((n + 1) * sizeof *xy);
        GEOSGeometry *raw, *one;

        for (size_t k = 0; k < n; k++)
            to_km(m, (double)json_int(json_at(json_at(r, k), 0)) / scale, (double)json_int(json_at(json_at(r, k), 1)) / scale, xy[k]);
        raw = ring(m, xy, n);
        one = GEOSBuffer_r(m->g, raw, 0, 4);         /* heals what clipping left behind */
        all = swap(m, all, GEOSUnion_r(m->g, all, one));
        GEOSGeom_destroy_r(m->g, raw);
        GEOSGeom_destroy_r(m->g, one);
        free(xy);
    }
    *out = all;
    return 0;
}

static int make_land(struct map *m, const double (*seats)[2], struct err *e)
{
    GEOSGeometry *coast, *p = points(m, seats, m->plan->town_count), *discs, *reach;

    if (read_coast(m, &coast, e) < 0) {
        GEOSGeom_destroy_r(m->g, p);
        return -1;
    }
    discs = GEOSBuffer_r(m->g, p, 1.6, 6);
    reach = GEOSBuffer_r(m->g, p, 8.5, 8);
    reach = swap(m, reach, GEOSBuffer_r(m->g, reach, -3.2, 8));
    m->land = GEOSIntersection_r(m->g, coast, reach);
    m->land = swap(m, m->land, GEOSUnion_r(m->g, m->land, discs));
    m->land = swap(m, m->land, GEOSTopologyPreserveSimplify_r(m->g, m->land, 0.12));
    GEOSGeom_destroy_r(m->g, coast);
    GEOSGeom_destroy_r(m->g, p);
    GEOSGeom_destroy_r(m->g, discs);
    GEOSGeom_destroy_r(m->g, reach);
    return m->land ? 0 : err_broken(e, "drill.map", "no land");
}

/* ---- the doors of the file ---------------------------------------------------------------------------- */

int map_open(const struct plan *p, struct map **out, struct err *e)
{
    struct map *m = mem_take(sizeof *m);
    double (*seats)[2] = mem_take((p->town_count + 1) * sizeof *seats);
    int failed;

    m->plan = p;
    m->g = GEOS_init_r();
    GEOSContext_setNoticeMessageHandler_r(m->g, quiet, NULL);
    GEOSContext_setErrorMessageHandler_r(m->g, quiet, NULL);
    for (size_t i = 0; i < p->town_count; i++)
        to_km(m, p->towns[i].lon, p->towns[i].lat, seats[i]);
    m->towns = mem_take((p->town_count + 1) * sizeof *m->towns);
    failed = make_land(m, seats, e);
    if (!failed)
        cells(m, m->land, seats, p->town_count, m->towns);
    for (size_t i = 0; i < p->town_count && !failed; i++)
        if (!m->towns[i])
            failed = err_broken(e, "drill.map", "no cell for a town");
    free(seats);
    if (failed)
        map_close(m);
    else
        *out = m;
    return failed;
}

static void forget_grids(struct map *m)
{
    drop(m, m->grids, (size_t)m->grid_count);
    m->grids = NULL;
    m->grid_count = 0;
}

static void forget_villages(struct map *m)
{
    drop(m, m->villages, m->villages ? m->plan->towns[m->town].count : 0);
    m->villages = NULL;
}

void map_close(struct map *m)
{
    if (!m)
        return;
    forget_grids(m);
    forget_villages(m);
    drop(m, m->towns, m->plan->town_count);
    if (m->land)
        GEOSGeom_destroy_r(m->g, m->land);
    GEOS_finish_r(m->g);
    free(m);
}

struct json *map_city(struct map *m)
{
    return shape(m, m->land);
}

struct json *map_district(struct map *m, size_t district)
{
    return joined(m, m->plan->districts[district].first, m->plan->districts[district].count);
}

struct json *map_town(struct map *m, size_t town)
{
    return shape(m, m->towns[town]);
}

int map_villages(struct map *m, size_t town, struct err *e)
{
    const struct place *t = &m->plan->towns[town];
    struct luck l = luck_of(m->plan->o->seed, "map", t->id);

    (void)e;
    forget_villages(m);
    m->town = town;
    m->villages = mem_take((t->count + 1) * sizeof *m->villages);
    split(m, m->towns[town], t->count, &l, m->villages);
    return 0;
}

struct json *map_village(struct map *m, size_t village, double *lon, double *lat)
{
    const GEOSGeometry *cell = m->villages[village - m->plan->towns[m->town].first];

    tell_middle(m, cell ? cell : m->towns[m->town], lon, lat);
    return shape(m, cell);
}

int map_grids(struct map *m, size_t village, int count, struct err *e)
{
    const GEOSGeometry *cell = m->villages[village - m->plan->towns[m->town].first];
    struct luck l = luck_of(m->plan->o->seed, "map", m->plan->villages[village].id);

    (void)e;
    forget_grids(m);
    m->grids = mem_take(((size_t)count + 1) * sizeof *m->grids);
    m->grid_count = count;
    if (cell && count > 0)
        split(m, cell, (size_t)count, &l, m->grids);
    return 0;
}

struct json *map_grid(struct map *m, int grid, double *lon, double *lat)
{
    tell_middle(m, m->grids[grid] ? m->grids[grid] : m->towns[m->town], lon, lat);
    return shape(m, m->grids[grid]);
}

void map_grid_point(struct map *m, int grid, struct luck *l, double *lon, double *lat)
{
    const GEOSGeometry *cell = m->grids[grid] ? m->grids[grid] : m->towns[m->town];
    double low[2], high[2], xy[2];

    GEOSGeom_getExtent_r(m->g, cell, &low[0], &low[1], &high[0], &high[1]);
    for (int tries = 0; tries < 100; tries++) {
        xy[0] = low[0] + luck_unit(l) * (high[0] - low[0]);
        xy[1] = low[1] + luck_unit(l) * (high[1] - low[1]);
        if (holds(m, cell, xy))
            break;
    }
    tell(m, xy, lon, lat);
}
