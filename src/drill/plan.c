/*
 * plan.c - how many people live where: census figures spread over towns and villages.
 *
 * Districts and the towns whose census figure is known get theirs; the rest is
 * shared by weight.  A smaller city keeps every village: each has at least
 * twenty households as long as there are enough, and below that some villages
 * have no grid yet.  Village 440513108216 is always at full size.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drill/own.h"
#include "exchange/exchange.h"

static const double mean_household = 3.7;
static const int grid_households = 250;
static const int least_households = 20;
static const char *const whole_village = "440513108216";

static int read_file(const struct plan *p, const char *name, struct buf *out, struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_printf(&path, "%s/%s", p->o->data, name);
    return file_read(buf_z(&path), 64 << 20, out, e);
}

/* ---- places -------------------------------------------------------------------------------- */

static void place_from(struct plan *p, struct place *to, const struct division *d)
{
    *to = (struct place){ .id = d->code, .name = arena_str(&p->mem, d->name), .kind = d->kind };
    to->rural = str_is(d->kind, "village");
}

static void link_places(struct place *above, size_t above_count, struct place *below, size_t count)
{
    for (size_t i = 0, at = 0; i < above_count; i++) {
        above[i].first = at;
        for (; at < count && str_starts(below[at].id, above[i].id); at++) {
            below[at].above = i;
            above[i].count++;
        }
    }
}

static int read_places(struct plan *p, struct err *e)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    struct division *list;
    size_t count;

    if (read_file(p, "divisions.csv", &file, e) < 0 || exchange_divisions(buf_view(&file), &p->mem, &list, &count, e) < 0)
        return -1;
    p->districts = arena_take(&p->mem, count * sizeof *p->districts);
    p->towns = arena_take(&p->mem, count * sizeof *p->towns);
    p->villages = arena_take(&p->mem, count * sizeof *p->villages);
    for (size_t i = 0; i < count; i++) {
        const struct division *d = &list[i];

        if (!str_starts(d->code, str_of(p->o->city)))
            continue;
        if (d->level == 1)
            place_from(p, &p->city, d);
        else if (d->level == 2)
            place_from(p, &p->districts[p->district_count++], d);
        else if (d->level == 3)
            place_from(p, &p->towns[p->town_count++], d);
        else
            place_from(p, &p->villages[p->village_count++], d);
    }
    if (!p->city.id.at || !p->village_count)
        return err_field(e, "drill.city", "city");
    link_places(&p->city, 1, p->districts, p->district_count);
    link_places(p->districts, p->district_count, p->towns, p->town_count);
    link_places(p->towns, p->town_count, p->villages, p->village_count);
    return 0;
}

static struct place *place_find(struct place *list, size_t count, struct str code)
{
    for (size_t i = 0; i < count; i++)
        if (code.len >= list[i].id.len && str_eq((struct str){ code.at, list[i].id.len }, list[i].id))
            return &list[i];
    return NULL;
}

/* Calls take for each row of a small table of ours; rows that are broken are a fault of the installation. */
static int each_row(struct plan *p, const char *name, void (*take)(struct plan *p, const struct str *cells, size_t count), struct err *e)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    struct arena mem = { 0 };
    int more;

    if (read_file(p, name, &file, e) < 0)
        return -1;
    struct csv csv = { .text = buf_view(&file), .mem = &mem };

    while ((more = csv_next(&csv, e)) == 1)
        if (csv.line > 1)
            take(p, csv.cells, csv.count);
    arena_done(&mem);
    return more;
}

static double decimal(struct str s)
{
    char text[40];

    snprintf(text, sizeof text, "%.*s", (int)(s.len < 39 ? s.len : 39), s.at);
    return strtod(text, NULL);
}

static void take_census(struct plan *p, const struct str *cells, size_t count)
{
    struct place *district, *town;

    if (count < 4)
        return;
    district = place_find(p->districts, p->district_count, cells[0]);
    town = place_find(p->towns, p->town_count, cells[0]);
    bool of_town = cells[0].len == 12 && memcmp(cells[0].at + 6, "000000", 6) != 0;

    if (str_is(cells[2], "resident_population") && count > 5 && str_is(cells[5], "2020-11-01")) {
        if (of_town && town)
            town->people = decimal(cells[3]);
        else if (!of_town && district)
            district->people = decimal(cells[3]);
    } else if (str_is(cells[2], "share_age_60_plus") && !of_town) {
        if (district)
            district->elders = decimal(cells[3]) / 100;
        else if (str_starts(cells[0], p->city.id))
            p->city.elders = decimal(cells[3]) / 100;
    }
}

static void take_seat(struct plan *p, const struct str *cells, size_t count)
{
    struct place *town = count < 4 ? NULL : place_find(p->towns, p->town_count, cells[0]);

    if (town) {
        town->lon = decimal(cells[2]);
        town->lat = decimal(cells[3]);
    }
}

/* ---- names ------------------------------------------------------------------------------------ */

static struct str *characters(struct plan *p, struct str s, size_t *count)
{
    struct str *list = arena_take(&p->mem, (utf8_count(s) + 1) * sizeof *list);

    for (size_t i = 0; i < s.len; i += list[(*count)++].len)
        list[*count] = (struct str){ s.at + i, utf8_next(s, i) };
    return list;
}

static int read_names(struct plan *p, struct err *e)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    CLEANUP(json_done) struct json *names = NULL;
    static const struct json_limits limits = { 1 << 20, 8, 1 << 16 };
    struct json *known = NULL;

    /* The shares in "rules" are for a reader; they are real numbers, which our reader of JSON passes over. */
    if (read_file(p, "names.json", &file, e) < 0 || json_parse(buf_view(&file), &limits, &names, e) < 0)
        return -1;
    known = json_get(names, "surnames");
    p->surnames = arena_take(&p->mem, (json_count(known) + 1) * sizeof *p->surnames);
    for (void *it = json_first(known); it; it = json_next(known, it)) {
        struct surname *s = &p->surnames[p->surname_count++];

        snprintf(s->text, sizeof s->text, "%s", json_key(it));
        s->weight = (int)json_int(json_value(it));
        p->surname_weight += s->weight;
    }
    p->male = characters(p, arena_str(&p->mem, json_str(json_get(names, "given_male"))), &p->male_count);
    p->female = characters(p, arena_str(&p->mem, json_str(json_get(names, "given_female"))), &p->female_count);
    return p->surname_count && p->male_count && p->female_count ? 0 : err_broken(e, "drill.data", "names.json");
}

struct str plan_surname(const struct plan *p, struct luck *l)
{
    int at = luck_between(l, 0, p->surname_weight - 1);
    size_t i = 0;

    while (at >= p->surnames[i].weight)
        at -= p->surnames[i++].weight;
    return str_of(p->surnames[i].text);
}

void plan_given(const struct plan *p, struct luck *l, bool male, int born, char *to, size_t room)
{
    static const char *const old[] = { "建", "国", "军", "木", "金", "洪", "炳" }, *const young[] = { "梓", "轩", "宇", "嘉", "欣", "妍" };
    const struct str *list = male ? p->male : p->female;
    size_t count = male ? p->male_count : p->female_count, len = 0;
    int characters_wanted = luck_is(l, 0.82) ? 2 : 1;

    for (int i = 0; i < characters_wanted; i++) {
        struct str c = list[luck_below(l, (uint32_t)count)];

        if (i == 0 && luck_is(l, 0.3) && (born < 1970 ? male : born > 2000))
            c = str_of(born < 1970 ? old[luck_below(l, COUNT_OF(old))] : young[luck_below(l, COUNT_OF(young))]);
        if (len + c.len < room) {
            memcpy(to + len, c.at, c.len);
            len += c.len;
        }
    }
    to[len] = 0;
}

/* ---- spreading -------------------------------------------------------------------------------- */

/* Shares what is left of above's people by weight among those of below that have no figure. */
static void share_out(const struct place *above, struct place *below, const double *weight)
{
    double left = above->people, sum = 0;

    for (size_t i = above->first; i < above->first + above->count; i++) {
        left -= below[i].people;
        sum += below[i].people > 0 ? 0 : weight[i];
    }
    for (size_t i = above->first; i < above->first + above->count; i++)
        if (below[i].people <= 0)
            below[i].people = fmax(left, above->people / 20) * weight[i] / sum;
}

static void spread_people(struct plan *p)
{
    double *village = mem_take(p->village_count * sizeof *village), *town = mem_take(p->town_count * sizeof *town);

    for (size_t i = 0; i < p->village_count; i++) {
        struct luck l = luck_of(p->o->seed, "size", p->villages[i].id);

        village[i] = exp(0.45 * luck_bell(&l)) * (p->villages[i].rural ? 1.0 : 1.15);
        town[p->villages[i].above] += village[i];
    }
    for (size_t i = 0; i < p->district_count; i++) {
        if (p->districts[i].people <= 0)
            p->districts[i].people = 800.0 * (double)p->districts[i].count * 10;
        if (p->districts[i].elders <= 0)
            p->districts[i].elders = p->city.elders;
        p->city.people += p->districts[i].people;
        share_out(&p->districts[i], p->towns, town);
    }
    for (size_t i = 0; i < p->town_count; i++)
        share_out(&p->towns[i], p->villages, village);
    free(village);
    free(town);
}

static int full_grids(const struct place *v)
{
    return (int)fmax(1, round(v->people / mean_household / grid_households));
}

/* Which villages have anybody when there are too few for all: every so many households along the list, each town once first. */
static void spread_few(struct plan *p, double households)
{
    double sum = 0, step, at = 0;
    size_t wanted = (size_t)(households / least_households);

    for (size_t i = 0; i < p->town_count && wanted; i++)
        for (size_t k = p->towns[i].first; k < p->towns[i].first + p->towns[i].count; k++)
            if (!p->villages[k].households) {
                p->villages[k].households = least_households;
                wanted--;
                break;
            }
    for (size_t i = 0; i < p->village_count; i++)
        sum += p->villages[i].households ? 0 : p->villages[i].people;
    step = wanted ? sum / (double)wanted : 2 * sum;
    at = step / 2;
    for (size_t i = 0; i < p->village_count; i++) {
        if (p->villages[i].households)
            continue;
        at -= p->villages[i].people;
        if (at < 0) {
            p->villages[i].households = least_households;
            at += step;
        }
    }
}

static double above_least(const struct place *v)
{
    return fmax(0, v->people / mean_household - least_households);
}

static void spread_households(struct plan *p)
{
    double people = (double)p->o->people, households, sum = 0, others = (double)p->village_count;

    for (size_t i = 0; i < p->village_count; i++)
        if (str_is(p->villages[i].id, whole_village)) {
            p->villages[i].households = (int)(p->villages[i].people / mean_household);
            people -= p->villages[i].people;
            others--;
        }
    households = fmax(people, 0) / mean_household;
    if (households < others * least_households) {
        spread_few(p, households);
    } else {
        double spare = households - others * least_households;

        for (size_t i = 0; i < p->village_count; i++)
            sum += p->villages[i].households ? 0 : above_least(&p->villages[i]);
        for (size_t i = 0; i < p->village_count; i++)
            if (!p->villages[i].households)
                p->villages[i].households = least_households + (int)(spare * above_least(&p->villages[i]) / sum);
    }
    for (size_t i = 0; i < p->village_count; i++) {
        struct place *v = &p->villages[i];
        int most = v->households / least_households, grids = full_grids(v);

        v->grids = grids < most ? grids : most;
        if (v->grids > 99)
            v->grids = 99;
    }
}

static int read_days(struct plan *p, struct err *e)
{
    int64_t last;

    if (p->o->until)
        snprintf(p->until, sizeof p->until, "%s", p->o->until);
    else
        day_of(time_now() - DAY, p->until);
    if (!day_parse(str_of(p->until), &last))
        return err_field(e, "field.day", "until");
    p->days = p->o->days > 0 ? p->o->days : 1;
    p->first_day = last - (p->days - 1) * DAY;
    p->end = last + DAY;
    p->made_at = p->first_day - 40 * DAY + 9 * HOUR;
    p->registered_at = p->first_day - 20 * DAY + 9 * HOUR;
    return 0;
}

int plan_read(const struct drill_options *o, struct plan *p, struct err *e)
{
    *p = (struct plan){ .o = o };
    if (o->people < 1000 || o->people > 20000000)
        return err_field(e, "field.number", "people");
    if (read_days(p, e) < 0 || read_places(p, e) < 0 || read_names(p, e) < 0 || each_row(p, "census.csv", take_census, e) < 0 ||
        each_row(p, "town_seats.csv", take_seat, e) < 0)
        return -1;
    for (size_t i = 0; i < p->town_count; i++) {
        p->city.lon += p->towns[i].lon / (double)p->town_count;
        p->city.lat += p->towns[i].lat / (double)p->town_count;
    }
    spread_people(p);
    spread_households(p);
    return 0;
}

void plan_done(struct plan *p)
{
    arena_done(&p->mem);
}
