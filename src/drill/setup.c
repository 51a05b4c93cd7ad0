/*
 * setup.c - what stands above the villages: profile, areas, commands, organisations.
 */
#include <stdio.h>

#include "drill/own.h"

static const int64_t step = 2 * SECOND;

static struct json *point(double lon, double lat)
{
    struct json *p = json_map();

    json_set(p, "lon", json_number((int64_t)(lon * 1e6)));
    json_set(p, "lat", json_number((int64_t)(lat * 1e6)));
    return p;
}

static struct id made_id(const struct making *m, const char *label, struct str name, uint64_t n)
{
    return drill_id(m->plan->o->seed, label, name, n, m->plan->made_at);
}

static void text_of(struct str s, char to[40])
{
    snprintf(to, 40, "%.*s", (int)s.len, s.at);
}

static void add_open(struct making *m, const struct place *p, const struct place *above, int level, double lon, double lat, int64_t at)
{
    struct json *body = json_map();
    char area[40];

    text_of(above ? above->id : p->id, area);
    json_set(body, "code", json_text(p->id));
    json_set(body, "name", json_text(p->name));
    json_set(body, "level", json_number(level));
    if (p->kind.len)
        json_set(body, "kind", json_text(p->kind));
    json_set(body, "point", point(lon, lat));
    write_add(m, made_id(m, "open", p->id, 0), "area.open", area, at, body);
}

/* shape is taken; NULL is no shape. */
static void add_shape(struct making *m, struct str id, struct json *shape, int64_t at)
{
    struct json *body;
    char area[40];

    if (!shape)
        return;
    body = json_map();
    text_of(id, area);
    json_set(body, "polygon", shape);
    json_set(body, "synthetic", json_bool(true));
    write_add(m, made_id(m, "shape", id, 0), "area.shape", area, at, body);
}

static void put_profile(struct making *m)
{
    CLEANUP(buf_done) struct buf path = { 0 };
    CLEANUP(buf_done) struct buf file = { 0 };
    struct json *body = NULL;

    buf_printf(&path, "%s/profile/covid_2020.json", m->plan->o->data);
    if (file_read(buf_z(&path), 8 << 20, &file, m->e) < 0 || json_parse(buf_view(&file), &json_own, &body, m->e) < 0) {
        m->failed = true;
        return;
    }
    write_begin(m, (struct id){ 0 }, m->plan->made_at + MINUTE);
    write_add(m, made_id(m, "profile", m->plan->city.id, 0), "profile.set", m->plan->o->city, m->plan->made_at + step, body);
    write_end(m);
}

static void open_above(struct making *m)
{
    const struct plan *p = m->plan;
    int64_t at = p->made_at;

    write_begin(m, (struct id){ 0 }, at + MINUTE);
    add_open(m, &p->city, NULL, 1, p->city.lon, p->city.lat, at);
    write_end(m);
    put_profile(m);
    write_begin(m, (struct id){ 0 }, at + 2 * MINUTE);
    add_shape(m, p->city.id, map_city(m->map), at += step);
    for (size_t i = 0; i < p->district_count; i++) {
        const struct place *d = &p->districts[i];
        double lon = 0, lat = 0;

        for (size_t k = d->first; k < d->first + d->count; k++) {
            lon += p->towns[k].lon / (double)d->count;
            lat += p->towns[k].lat / (double)d->count;
        }
        add_open(m, d, &p->city, 2, lon, lat, at += step);
    }
    write_end(m);
    for (size_t i = 0; i < p->district_count; i++) {
        const struct place *d = &p->districts[i];

        write_begin(m, (struct id){ 0 }, at + MINUTE);
        add_shape(m, d->id, map_district(m->map, i), at += step);
        for (size_t k = d->first; k < d->first + d->count; k++)
            add_open(m, &p->towns[k], d, 3, p->towns[k].lon, p->towns[k].lat, at += step);
        write_end(m);
    }
}

static void open_villages(struct making *m, size_t town)
{
    const struct plan *p = m->plan;
    const struct place *t = &p->towns[town];
    int64_t at = p->made_at + HOUR;

    if (!m->failed && map_villages(m->map, town, m->e) < 0)
        m->failed = true;
    write_begin(m, (struct id){ 0 }, at + 10 * MINUTE);
    add_shape(m, t->id, map_town(m->map, town), at);
    for (size_t i = t->first; i < t->first + t->count && !m->failed; i++) {
        double lon, lat;

        json_free(map_village(m->map, i, &lon, &lat));
        add_open(m, &p->villages[i], t, 4, lon, lat, at += step);
    }
    write_end(m);
}

/* Into the village's own ledger: its shape, its grids, their blocks. */
static void open_grids(struct making *m, size_t village)
{
    const struct place *place = &m->plan->villages[village];
    int64_t at = m->plan->made_at + 2 * HOUR;
    struct village v;
    double lon, lat;

    if (m->failed || map_grids(m->map, village, place->grids, m->e) < 0) {
        m->failed = true;
        return;
    }
    village_make(m->plan, place, &v);
    write_begin(m, (struct id){ 0 }, at + 20 * MINUTE);
    add_shape(m, place->id, map_village(m->map, village, &lon, &lat), at);
    for (size_t g = 0; g < v.grid_count; g++) {
        struct json *shape = map_grid(m->map, (int)g, &lon, &lat);
        struct place grid = { .id = str_of(v.grids[g].id), .kind = STR("base") };
        char name[64];

        snprintf(name, sizeof name, "第%zu网格", g + 1);
        grid.name = str_of(name);
        add_open(m, &grid, place, 5, lon, lat, at += step);
        add_shape(m, grid.id, shape, at += step);
    }
    write_end(m);
    write_begin(m, (struct id){ 0 }, at + 30 * MINUTE);
    for (size_t g = 0; g < v.grid_count; g++) {
        struct place grid = { .id = str_of(v.grids[g].id) };

        for (uint32_t i = 0; v.grids[g].count > 1 && i < v.grids[g].count; i++) {
            struct place block = { .id = str_of(v.leaves[v.grids[g].first + i].id), .kind = STR("block") };
            struct luck l = luck_of(m->plan->o->seed, "point", block.id);
            char name[64];

            map_grid_point(m->map, (int)g, &l, &lon, &lat);
            snprintf(name, sizeof name, "第%zu网格%u片", g + 1, i + 1);
            block.name = str_of(name);
            add_open(m, &block, &grid, 6, lon, lat, at += step);
        }
    }
    write_end(m);
    village_done(&v);
}

/* ---- command, organisations, the first accounts --------------------------------------------------- */

static void add_account(struct making *m, const char *name, struct id worker)
{
    if (!m->failed && seal_account_put(core_seal(m->core), str_of(name), worker, m->verifier, m->e) < 0)
        m->failed = true;
}

struct post {
    const char *role, *category, *account;   /* account NULL: none; "" the area's own */
    bool deputy;
    double chance;
};

static struct id add_post(struct making *m, const struct post *post, const struct place *p, const char *level, size_t n,
                          struct id organisation, int64_t at)
{
    struct luck l = luck_of(m->plan->o->seed, "post", p->id);
    struct json *body = json_map();
    char area[40], name[24], phone[12], account[64];
    struct id worker = made_id(m, "worker", p->id, n);

    l.state += n * 77;
    text_of(p->id, area);
    invent_name(m->plan, &l, luck_is(&l, 0.7), 1975, name, sizeof name);
    invent_phone(&l, phone);
    set_id(body, "worker", worker);
    set_text(body, "name", name);
    set_text(body, "phone", phone);
    set_text(body, "category", post->category);
    set_id(body, "organisation", organisation);
    write_add(m, made_id(m, "worker_record", p->id, n), "duty.worker", area, at, body);
    body = json_map();
    set_id(body, "duty", made_id(m, "duty", p->id, n));
    set_id(body, "worker", worker);
    set_text(body, "role", post->role);
    if (post->deputy)
        json_set(body, "deputy", json_bool(true));
    json_set(body, "since", json_number(m->plan->made_at));
    write_add(m, made_id(m, "duty_record", p->id, n), "duty.assign", area, at, body);
    if (!post->account)
        return worker;
    if (*post->account)
        snprintf(account, sizeof account, "%s", post->account);
    else if (*level)
        snprintf(account, sizeof account, "%s-%s", level, area);
    else
        snprintf(account, sizeof account, "city");
    add_account(m, account, worker);
    return worker;
}

static const struct post city_posts[] = {
    { "commander", "stationed_cadre", "", false, 1 }, { "leader_contact", "stationed_cadre", NULL, false, 1 },
    { "commander", "stationed_cadre", NULL, true, 1 }, { "keeper", "stationed_cadre", "keeper", false, 1 },
    { "clerk", "stationed_cadre", "clerk", false, 1 }, { "approver", "stationed_cadre", "approver", false, 1 },
    { "auditor", "stationed_cadre", "auditor", false, 1 }, { NULL },
};
static const struct post district_posts[] = {
    { "commander", "stationed_cadre", "", false, 1 }, { "leader_contact", "stationed_cadre", NULL, false, 1 },
    { "leader_contact", "stationed_cadre", NULL, true, 0.8 }, { "clerk", "stationed_cadre", NULL, false, 1 }, { NULL },
};
static const struct post town_posts[] = {
    { "commander", "stationed_cadre", "", false, 1 }, { "secretary", "stationed_cadre", NULL, false, 0.96 },
    { "leader_contact", "stationed_cadre", NULL, false, 0.95 }, { "leader_contact", "stationed_cadre", NULL, true, 0.6 },
    { "police", "police", NULL, false, 1 }, { "medic", "village_doctor", NULL, false, 1 },
    { "clerk", "stationed_cadre", NULL, false, 1 }, { NULL },
};

static struct id add_organisation(struct making *m, const struct place *p, const char *kind, const char *words, size_t n, int64_t at)
{
    struct json *body = json_map();
    struct id id = made_id(m, "organisation", p->id, n);
    char area[40], name[120];

    text_of(p->id, area);
    snprintf(name, sizeof name, "%.*s%s", (int)(p->name.len < 80 ? p->name.len : 80), p->name.at, words);
    set_id(body, "organisation", id);
    set_text(body, "name", name);
    set_text(body, "kind", kind);
    write_add(m, made_id(m, "organisation_record", p->id, n), "duty.organisation", area, at, body);
    return id;
}

static struct id staff(struct making *m, const struct place *p, const char *level, const struct post *posts)
{
    struct luck l = luck_of(m->plan->o->seed, "staff", p->id);
    int64_t at = m->plan->made_at + 3 * HOUR;
    struct id first = { 0 }, command;

    write_begin(m, (struct id){ 0 }, at + 10 * MINUTE);
    command = add_organisation(m, p, "command_post", "防控指挥部", 0, at);
    if (posts == town_posts) {
        add_organisation(m, p, "party_committee", "党委", 1, at);
        add_organisation(m, p, "police_station", "派出所", 2, at);
        add_organisation(m, p, "health_centre", "卫生院", 3, at);
    }
    for (size_t i = 0; posts[i].role; i++)
        if (luck_is(&l, posts[i].chance)) {
            struct id worker = add_post(m, &posts[i], p, level, i, command, at += step);

            if (i == 0)
                first = worker;
        }
    write_end(m);
    return first;
}

void make_tree(struct making *m)
{
    const struct plan *p = m->plan;

    open_above(m);
    for (size_t t = 0; t < p->town_count && !m->failed; t++) {
        open_villages(m, t);
        for (size_t i = p->towns[t].first; i < p->towns[t].first + p->towns[t].count && !m->failed; i++)
            open_grids(m, i);
        if (p->o->progress)
            p->o->progress("areas", (int64_t)t + 1, (int64_t)p->town_count);
    }
    if (m->failed)
        return;
    m->commander = staff(m, &p->city, "", city_posts);
    for (size_t i = 0; i < p->district_count; i++)
        staff(m, &p->districts[i], "district", district_posts);
    for (size_t i = 0; i < p->town_count; i++)
        staff(m, &p->towns[i], "town", town_posts);
}
