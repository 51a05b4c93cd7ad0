/*
 * village.c - one invented village: grids, doors in walking order, households, people, workers.
 *
 * Households follow the census in size and age; many villages carry one or two
 * surnames; brothers share a roof, let houses have many rooms, some flats are
 * empty.  Everything comes from the village's own chance, in one fixed order.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drill/own.h"

const char *const need_names[NEED_COUNT] = {
    "alone_elder", "disabled", "chronic", "pregnant", "infant", "left_behind_child", "poor", "no_smartphone",
};
enum { NEED_ALONE, NEED_DISABLED, NEED_CHRONIC, NEED_PREGNANT, NEED_INFANT, NEED_LEFT_BEHIND, NEED_POOR, NEED_NO_PHONE };

struct maker {
    struct village *v;
    struct luck l;
    const struct plan *p;
    struct str clan[2];          /* surnames most families here carry; none in a town */
    int year, today;             /* of the round; 20200210 */
    double elders;
    uint32_t lets;
    int order;
};

/* ---- people ------------------------------------------------------------------------------------- */

void invent_phone(struct luck *l, char to[12])
{
    snprintf(to, 12, "100%08u", luck_below(l, 100000000));
}

static struct str family_name(struct maker *m, bool local)
{
    if (local && m->clan[0].len && luck_is(&m->l, 0.82))
        return m->clan[luck_is(&m->l, 0.3)];
    return plan_surname(m->p, &m->l);
}

void invent_name(const struct plan *p, struct luck *l, bool male, int born, char *to, size_t room)
{
    struct str s = plan_surname(p, l);

    memcpy(to, s.at, s.len);
    plan_given(p, l, male, born, to + s.len, room - s.len);
}

void id_number(const struct person *p, unsigned serial, char to[24])
{
    static const int weights[17] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    int sum = 0;

    serial = serial % 499 * 2 + (p->male ? 1 : 2);
    snprintf(to, 24, "990000%04u%02u%02u%03u", (unsigned)p->year % 10000, (unsigned)p->month % 100, (unsigned)p->day % 100, serial % 1000);
    for (int i = 0; i < 17; i++)
        sum += (to[i] - '0') * weights[i];
    to[17] = "10X98765432"[sum % 11];
    to[18] = 0;
}

static struct person *add_person(struct maker *m, struct str surname, bool male, int age, const char *relation)
{
    struct village *v = m->v;
    struct person *p;
    struct luck *l = &m->l;

    v->persons = MEM_GROW(v->persons, v->person_count, v->person_room);
    p = &v->persons[v->person_count];
    *p = (struct person){ .male = male, .relation = relation };
    p->year = (int16_t)(m->year - age - (luck_is(l, 0.5) && age < 100));
    p->month = (int8_t)luck_between(l, 1, 12);
    p->day = (int8_t)luck_between(l, 1, 28);
    if (p->year * 10000 + p->month * 100 + p->day > m->today)
        p->year--;
    memcpy(p->name, surname.at, surname.len);
    plan_given(m->p, l, male, p->year, p->name + surname.len, sizeof p->name - surname.len);
    if (age >= 14 && luck_is(l, age < 70 ? 0.97 : 0.5))
        invent_phone(l, p->phone);
    id_number(p, luck_below(l, 499), p->number);
    v->person_count++;
    return p;
}

static int draw_elder(struct maker *m)
{
    return 60 + (int)fabs(9.5 * luck_bell(&m->l));
}

/* A couple of some age, children younger by a generation, then parents of one of them. */
static void add_family(struct maker *m, struct home *h, int size, bool local)
{
    struct luck *l = &m->l;
    struct str name = family_name(m, local), wife = plan_surname(m->p, l);
    bool man = luck_is(l, size == 1 ? 0.5 : 0.86), old = size <= 2 && luck_is(l, m->elders * 2.8);
    int age = old ? draw_elder(m) : size <= 2 ? luck_between(l, 22, 59) : luck_between(l, 26, 64), couple = size >= 2, children;

    h->first = (uint32_t)m->v->person_count;
    add_person(m, name, man, age, "self");
    if (size == 2 && luck_is(l, 0.25))
        couple = 0;
    if (couple)
        add_person(m, wife, !man, age + luck_between(l, -4, 2), "spouse");
    children = size - 1 - couple;
    if (children >= 2 && luck_is(l, 0.3 + m->elders)) {
        int parents = children >= 3 && luck_is(l, 0.5) ? 2 : 1;

        for (int i = 0; i < parents; i++) {
            bool father = parents == 2 ? i == 0 : luck_is(l, 0.42);

            add_person(m, i ? plan_surname(m->p, l) : name, father, age + luck_between(l, 21, 33), "parent");
        }
        children -= parents;
    }
    for (int i = 0; i < children; i++) {
        int child = age - luck_between(l, 21, 36);

        if (child > 24 && i >= 2 && luck_is(l, 0.7))
            add_person(m, name, luck_is(l, 0.52), child - luck_between(l, 21, 24) > 0 ? child - 24 : 0, "grandchild");
        else
            add_person(m, name, luck_is(l, 0.536), child > 0 ? child : luck_between(l, 0, 2), "child");
    }
    h->count = (uint32_t)(m->v->person_count - h->first);
}

static void send_away(struct maker *m, struct home *h, bool all)
{
    for (uint32_t i = h->first; i < h->first + h->count; i++) {
        struct person *p = &m->v->persons[i];
        int age = m->year - p->year;

        if (all || (age >= 17 && age < 50 && luck_is(&m->l, m->v->place->rural ? 0.06 : 0.03)))
            day_of(m->p->end + luck_between(&m->l, 10, 120) * DAY, p->away_until);
    }
}

static void note_needs(struct maker *m, struct home *h)
{
    struct luck *l = &m->l;
    bool adult_home = false;

    for (uint32_t i = h->first; i < h->first + h->count; i++) {
        const struct person *p = &m->v->persons[i];
        int age = m->year - p->year;

        adult_home |= age >= 18 && !p->away_until[0];
        if (age >= 60 && luck_is(l, 0.12))
            h->needs |= 1u << NEED_CHRONIC;
        if (!p->male && age >= 21 && age <= 38 && luck_is(l, 0.018))
            h->needs |= 1u << NEED_PREGNANT;
        if (age <= 2)
            h->needs |= 1u << NEED_INFANT;
        if (luck_is(l, 0.006))
            h->needs |= 1u << NEED_DISABLED;
    }
    if (h->count == 1 && m->year - m->v->persons[h->first].year >= 65) {
        h->needs |= 1u << NEED_ALONE;
        if (luck_is(l, 0.7))
            h->needs |= 1u << NEED_NO_PHONE;
    }
    if (!adult_home && h->count && strcmp(h->kind, "away") != 0)
        h->needs |= 1u << NEED_LEFT_BEHIND;
    if (luck_is(l, 0.012))
        h->needs |= 1u << NEED_POOR;
}

static const char *language(struct maker *m, bool local)
{
    bool hakka = str_starts(m->v->place->id, STR("440514109")) || str_starts(m->v->place->id, STR("440514110"));

    if (local)
        return luck_is(&m->l, hakka ? 0.35 : 0.004) ? "hak" : "nan_chaoshan";
    return luck_is(&m->l, 0.7) ? "cmn" : luck_is(&m->l, 0.5) ? "yue" : "nan_chaoshan";
}

/* ---- doors ------------------------------------------------------------------------------------------ */

static struct door *add_door(struct maker *m, uint32_t leaf, const char *use, const char *building)
{
    struct village *v = m->v;
    struct door *d;

    v->doors = MEM_GROW(v->doors, v->door_count, v->door_room);
    d = &v->doors[v->door_count++];
    *d = (struct door){ .leaf = leaf, .use = use, .order = m->order += 10, .first = (uint32_t)v->home_count };
    snprintf(d->building, sizeof d->building, "%s", building);
    return d;
}

/* Behind the newest door. */
static struct home *add_home(struct maker *m, const char *kind, int size, bool local)
{
    struct village *v = m->v;
    struct home *h;
    struct person *head;

    v->homes = MEM_GROW(v->homes, v->home_count, v->home_room);
    h = &v->homes[v->home_count++];
    *h = (struct home){ .door = (uint32_t)v->door_count - 1, .kind = kind };
    v->doors[v->door_count - 1].count++;
    add_family(m, h, size, local);
    head = &v->persons[h->first];
    if (!head->phone[0])
        invent_phone(&m->l, head->phone);
    send_away(m, h, strcmp(kind, "away") == 0);
    h->speaks = language(m, local);
    note_needs(m, h);
    if (strcmp(kind, "away") == 0 || (h->needs & 1u << NEED_ALONE && luck_is(&m->l, 0.6))) {
        char phone[12], name[24];

        invent_phone(&m->l, phone);
        invent_name(m->p, &m->l, luck_is(&m->l, 0.6), m->year - 40, name, sizeof name);
        snprintf(h->contact, sizeof h->contact, "%s %s", name, phone);
    }
    v->leaves[v->doors[h->door].leaf].households++;
    return h;
}

static int household_size(struct maker *m)
{
    int size = 1 + luck_poisson(&m->l, 2.84);

    return size > 12 ? 12 : size;
}

static void lane_name(struct maker *m, char to[64])
{
    static const char *const lanes[] = {
        "祠堂前", "大路", "东片", "西片", "南片", "北片", "新厝", "老厝", "池边", "榕树下", "桥头", "后巷", "学校路", "市场路", "宫前", "洋角",
    }, *const streets[] = { "长平路", "金环路", "朝阳街", "新兴街", "中山路", "海滨路", "文明街", "和平路", "东厦路", "光明街", "建设路", "人民街" };

    const size_t at = m->v->door_count;

    if (m->v->place->rural)
        snprintf(to, 64, "%s%zu巷%zu号", lanes[at / 60 % COUNT_OF(lanes)], at / 30 % 9 + 1, at % 30 + 1);
    else
        snprintf(to, 64, "%s%zu号", streets[at / 90 % COUNT_OF(streets)], at % 90 + 1);
}

/* A house let room by room: each room is a door, all have one landlord. */
static int add_let_house(struct maker *m, uint32_t leaf, int most)
{
    char building[80], landlord[24], phone[12], text[64];
    int rooms = luck_between(&m->l, 6, 20), made = 0;

    m->lets++;
    lane_name(m, building);
    invent_name(m->p, &m->l, luck_is(&m->l, 0.6), m->year - 50, landlord, sizeof landlord);
    invent_phone(&m->l, phone);
    snprintf(text, sizeof text, "%s %s", landlord, phone);
    for (int i = 0; i < rooms && made < most; i++) {
        bool empty = luck_is(&m->l, 0.14);
        struct door *d = add_door(m, leaf, empty ? "vacant" : "rent", building);

        d->let = m->lets;
        snprintf(d->floor, sizeof d->floor, "%d", i / 4 + 1);
        snprintf(d->room, sizeof d->room, "%d0%d", i / 4 + 1, i % 4 + 1);
        snprintf(d->landlord, sizeof d->landlord, "%s", text);
        if (empty)
            continue;
        add_home(m, "tenant", 1 + (luck_poisson(&m->l, 0.7) < 4 ? luck_poisson(&m->l, 0.7) : 3), false);
        made++;
    }
    return made;
}

/* A block of flats, floor by floor. */
static int add_flats(struct maker *m, uint32_t leaf, int most)
{
    char building[80], street[64];
    int floors = luck_between(&m->l, 4, 8), flats = luck_between(&m->l, 2, 4), made = 0;

    lane_name(m, street);
    snprintf(building, sizeof building, "%.50s%d幢", street, luck_between(&m->l, 1, 9));
    for (int i = 0; i < floors * flats && made < most; i++) {
        bool empty = luck_is(&m->l, 0.06), shop = i / flats == 0 && luck_is(&m->l, 0.3);
        struct door *d = add_door(m, leaf, empty ? "vacant" : shop ? "shop" : luck_is(&m->l, 0.12) ? "rent" : "self", building);

        snprintf(d->floor, sizeof d->floor, "%d", i / flats + 1);
        snprintf(d->room, sizeof d->room, "%d0%d", i / flats + 1, i % flats + 1);
        if (empty)
            continue;
        bool rent = strcmp(d->use, "rent") == 0;

        add_home(m, shop ? "shop" : rent ? "tenant" : luck_is(&m->l, 0.02) ? "away" : luck_is(&m->l, 0.25) ? "resident" : "registered",
                 household_size(m), !rent);
        made++;
    }
    return made;
}

static int add_house(struct maker *m, uint32_t leaf)
{
    char building[80];
    double at = luck_unit(&m->l);

    lane_name(m, building);
    if (at < 0.055) {
        add_door(m, leaf, "vacant", building);
        return 0;
    }
    add_door(m, leaf, at < 0.09 ? "shop" : "self", building);
    if (at < 0.09) {
        add_home(m, "shop", household_size(m), true);
        return 1;
    }
    if (at < 0.18) {             /* brothers under one roof: one surname, two or three hearths */
        struct str clan[2] = { m->clan[0], m->clan[1] }, name = family_name(m, true);
        int hearths = luck_between(&m->l, 2, 3);

        m->clan[0] = m->clan[1] = name;
        for (int i = 0; i < hearths; i++)
            add_home(m, "registered", household_size(m), true);
        m->clan[0] = clan[0];
        m->clan[1] = clan[1];
        return hearths;
    }
    add_home(m, at < 0.205 ? "away" : at < 0.28 ? "resident" : "registered", household_size(m), true);
    return 1;
}

static void fill_leaf(struct maker *m, uint32_t leaf, int households)
{
    struct village *v = m->v;

    v->leaves[leaf].first = (uint32_t)v->door_count;
    for (int made = 0; made < households;) {
        if (luck_is(&m->l, v->place->rural ? 0.006 : 0.02) && households - made >= 6)
            made += add_let_house(m, leaf, households - made);
        else if (!v->place->rural && luck_is(&m->l, 0.5))
            made += add_flats(m, leaf, households - made);
        else
            made += add_house(m, leaf);
    }
    v->leaves[leaf].count = (uint32_t)v->door_count - v->leaves[leaf].first;
}

/* One household in about four hundred is found only during the round, behind a door of its own. */
static void add_late(struct maker *m, uint32_t leaf)
{
    struct village *v = m->v;
    char building[80];

    if (!luck_is(&m->l, v->leaves[leaf].households / 400.0))
        return;
    lane_name(m, building);
    add_door(m, leaf, "rent", building);
    add_home(m, "tenant", luck_between(&m->l, 1, 3), false)->late = true;
    v->leaves[leaf].count++;
}

/* ---- centre households: each links five to fifteen neighbours of its leaf ------------------------------- */

static void link_centres(struct maker *m, const struct leaf *leaf)
{
    struct village *v = m->v;
    uint32_t first = v->doors[leaf->first].first, end = first;

    for (uint32_t d = leaf->first; d < leaf->first + leaf->count; d++)
        end += v->doors[d].count;
    if (end > first && v->homes[end - 1].late)
        end--;
    while (first < end) {
        uint32_t size = (uint32_t)luck_between(&m->l, 8, 13), centre;

        if (first + size + 8 > end)
            size = end - first > 16 ? (end - first) / 2 : end - first;
        centre = first;
        for (uint32_t i = first; i < first + size; i++)
            if (strcmp(v->homes[i].kind, "registered") == 0 && !v->persons[v->homes[i].first].away_until[0]) {
                centre = i;
                break;
            }
        for (uint32_t i = first; i < first + size; i++)
            v->homes[i].centre = centre;
        first += size;
    }
    if (end < v->home_count && v->homes[end].late)
        v->homes[end].centre = UINT32_MAX;
}

/* ---- workers ----------------------------------------------------------------------------------------------- */

static struct worker *add_worker(struct maker *m, const char *role, const char *category, const char *area, bool deputy)
{
    struct village *v = m->v;
    struct worker *w;

    v->workers = MEM_GROW(v->workers, v->worker_count, v->worker_room);
    w = &v->workers[v->worker_count];
    *w = (struct worker){ .role = role, .category = category, .deputy = deputy };
    snprintf(w->area, sizeof w->area, "%s", area);
    invent_name(m->p, &m->l, luck_is(&m->l, 0.62), m->year - luck_between(&m->l, 22, 58), w->name, sizeof w->name);
    invent_phone(&m->l, w->phone);
    w->id = drill_id(m->p->o->seed, "worker", v->place->id, v->worker_count, m->p->made_at);
    v->worker_count++;
    return w;
}

static void staff_village(struct maker *m)
{
    char area[40];
    struct worker *w;
    bool hole = luck_is(&m->l, 0.012);       /* the secretary is away, nobody was named in his place */

    snprintf(area, sizeof area, "%.*s", (int)m->v->place->id.len, m->v->place->id.at);
    w = add_worker(m, "secretary", "village_committee", area, hole);
    snprintf(w->account, sizeof w->account, "village-%s", area);
    if (!hole && luck_is(&m->l, 0.96))
        add_worker(m, "leader_contact", "stationed_cadre", area, false);
    if (luck_is(&m->l, 0.5))
        add_worker(m, "secretary", "first_secretary", area, true);
    add_worker(m, "medic", "village_doctor", area, false);
    add_worker(m, "police", "auxiliary_police", area, false);
    if (luck_is(&m->l, 0.4))
        add_worker(m, "clerk", "village_committee", area, false);
    for (int i = m->v->place->households / 110; i > 0; i--)
        add_worker(m, "volunteer", luck_is(&m->l, 0.5) ? "volunteer" : "party_member", area, false);
}

/* A grid has a head and somebody who walks; a few have nobody, or only a deputy, as the main person. */
static void staff_grid(struct maker *m, const struct grid *g)
{
    struct village *v = m->v;
    bool hole = luck_is(&m->l, 0.03);
    uint32_t head = (uint32_t)v->worker_count, walker = head;
    struct worker *w = add_worker(m, "grid_head", "group_leader", g->id, hole);

    snprintf(w->account, sizeof w->account, "grid-%s", g->id);
    if (!hole || luck_is(&m->l, 0.5)) {
        walker = (uint32_t)v->worker_count;
        add_worker(m, "grid_worker", luck_is(&m->l, 0.3) ? "grid_worker_full" : "grid_worker_part", g->id, hole || luck_is(&m->l, 0.1));
    }
    for (uint32_t i = g->first; i < g->first + g->count; i++) {
        struct leaf *leaf = &v->leaves[i];

        leaf->worker = walker;
        if (g->count > 1 && luck_is(&m->l, 0.965)) {
            leaf->worker = (uint32_t)v->worker_count;
            add_worker(m, "grid_worker", "building_head", leaf->id, false);
        }
    }
}

static void staff_centres(struct maker *m)
{
    struct village *v = m->v;

    for (uint32_t i = 0; i < v->home_count; i++) {
        const struct person *head = &v->persons[v->homes[i].first];
        struct worker *w;

        if (v->homes[i].centre != i || v->homes[i].late || luck_is(&m->l, 0.04))
            continue;
        w = add_worker(m, "centre_head", "centre_head", v->leaves[v->doors[v->homes[i].door].leaf].id, false);
        memcpy(w->name, head->name, sizeof w->name);
        memcpy(w->phone, head->phone, sizeof w->phone);
        w->home = i;
        w->has_home = true;
    }
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static void choose_clan(struct maker *m)
{
    if (!m->v->place->rural || !luck_is(&m->l, 0.7))
        return;
    for (int i = 0; i < 2; i++)
        m->clan[i] = plan_surname(m->p, &m->l);
    if (luck_is(&m->l, 0.5))
        m->clan[1] = m->clan[0];
}

static void make_grids(struct maker *m)
{
    struct village *v = m->v;
    int left = v->place->households;

    v->grids = mem_take(((size_t)v->place->grids + 1) * sizeof *v->grids);
    for (int g = 0; g < v->place->grids; g++) {
        struct grid *grid = &v->grids[v->grid_count++];
        int households = left / (v->place->grids - g), blocks = households >= 120 ? (households + 35) / 70 : 0, inside = households;

        left -= households;
        snprintf(grid->id, sizeof grid->id, "%.*s%02d", (int)v->place->id.len, v->place->id.at, g + 1);
        grid->first = (uint32_t)v->leaf_count;
        grid->count = blocks ? (uint32_t)blocks : 1;
        for (uint32_t i = 0; i < grid->count; i++) {
            int share = inside / (int)(grid->count - i);
            uint32_t leaf = (uint32_t)v->leaf_count++;

            inside -= share;
            v->leaves[leaf] = (struct leaf){ .grid = (uint32_t)g };
            if (blocks)
                snprintf(v->leaves[leaf].id, sizeof v->leaves[leaf].id, "%s%02u", grid->id, (i + 1) % 100);
            else
                snprintf(v->leaves[leaf].id, sizeof v->leaves[leaf].id, "%s", grid->id);
            m->order = 0;
            fill_leaf(m, leaf, share);
            add_late(m, leaf);
            link_centres(m, &v->leaves[leaf]);
        }
    }
}

static void give_ids(struct maker *m)
{
    struct village *v = m->v;
    const uint64_t seed = m->p->o->seed;
    const struct str name = v->place->id;

    for (uint32_t i = 0; i < v->door_count; i++)
        v->doors[i].id = drill_id(seed, "door", name, i, m->p->registered_at + (int64_t)i * 20 * SECOND);
    for (uint32_t i = 0; i < v->home_count; i++)
        v->homes[i].id = drill_id(seed, "household", name, i, m->p->registered_at + (int64_t)v->homes[i].door * 20 * SECOND + 2 * SECOND);
    for (uint32_t i = 0; i < v->person_count; i++)
        v->persons[i].id = drill_id(seed, "person", name, i, m->p->registered_at + (int64_t)i * 5 * SECOND);
}

void village_make(const struct plan *p, const struct place *place, struct village *v)
{
    struct maker m = { .v = v, .l = luck_of(p->o->seed, "village", place->id), .p = p };
    size_t most = (size_t)place->households / 60 + 2 * (size_t)place->grids + 2;

    *v = (struct village){ .plan = p, .place = place };
    m.year = (p->until[0] - '0') * 1000 + (p->until[1] - '0') * 100 + (p->until[2] - '0') * 10 + (p->until[3] - '0');
    m.today = m.year * 10000 + ((p->until[5] - '0') * 10 + p->until[6] - '0') * 100 + (p->until[8] - '0') * 10 + p->until[9] - '0';
    m.elders = p->districts[p->towns[place->above].above].elders;
    v->leaves = mem_take(most * sizeof *v->leaves);
    choose_clan(&m);
    make_grids(&m);
    give_ids(&m);
    staff_village(&m);
    for (size_t i = 0; i < v->grid_count; i++)
        staff_grid(&m, &v->grids[i]);
    staff_centres(&m);
}

void village_done(struct village *v)
{
    free(v->grids);
    free(v->leaves);
    free(v->doors);
    free(v->homes);
    free(v->persons);
    free(v->workers);
    *v = (struct village){ 0 };
}
