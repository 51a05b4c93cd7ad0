/*
 * register.c - what a village knows before the round: workers, duties, doors, households, people.
 *
 * A centre household is written before those it links; otherwise doors come in
 * walking order, a thousand records or so at a time.
 */
#include <stdio.h>

#include "drill/own.h"

enum { BATCH = 1200 };
static const int64_t half_day = 12 * HOUR;       /* a batch holds no more than this of a clerk's typing */

struct registering {
    struct making *m;
    const struct village *v;
    struct id clerk, branch;
    int64_t at;
};

static struct id record_id_of(const struct registering *r, const char *label, uint64_t n)
{
    return drill_id(r->v->plan->o->seed, label, r->v->place->id, n, r->at);
}

static void begin(struct registering *r, int64_t arrives)
{
    write_begin(r->m, r->clerk, arrives);
}

static void turn(struct registering *r)
{
    if (r->m->batch->count < BATCH)
        return;
    write_end(r->m);
    begin(r, r->at + half_day);
}

/* ---- people who answer for it -------------------------------------------------------------------- */

static void add_worker(struct registering *r, uint32_t i)
{
    const struct worker *w = &r->v->workers[i];
    struct json *body = json_map();

    r->at += 10;
    set_id(body, "worker", w->id);
    set_text(body, "name", w->name);
    set_text(body, "phone", w->phone);
    set_text(body, "category", w->category);
    set_id(body, "organisation", r->branch);
    write_add(r->m, record_id_of(r, "worker_record", i), "duty.worker", w->area, r->at, body);
    if (w->account[0] && !r->m->failed && seal_account_put(core_seal(r->m->core), str_of(w->account), w->id, r->m->verifier, r->m->e) < 0)
        r->m->failed = true;
}

static void add_duty(struct registering *r, uint32_t i)
{
    const struct worker *w = &r->v->workers[i];
    struct json *body = json_map();

    r->at += 10;
    set_id(body, "duty", drill_id(r->v->plan->o->seed, "duty", r->v->place->id, i, r->v->plan->made_at));
    set_id(body, "worker", w->id);
    set_text(body, "role", w->role);
    if (w->has_home)
        set_id(body, "household", r->v->homes[w->home].id);
    if (w->deputy)
        json_set(body, "deputy", json_bool(true));
    json_set(body, "since", json_number(r->v->plan->made_at));
    write_add(r->m, record_id_of(r, "duty_record", i), "duty.assign", w->area, r->at, body);
}

static void add_organisation(struct registering *r, const char *kind, const char *words, uint64_t n)
{
    struct json *body = json_map();
    char name[120], area[40];

    snprintf(area, sizeof area, "%.*s", (int)r->v->place->id.len, r->v->place->id.at);
    snprintf(name, sizeof name, "%.*s%s", (int)(r->v->place->name.len < 80 ? r->v->place->name.len : 80), r->v->place->name.at, words);
    r->at += 10;
    r->branch = drill_id(r->v->plan->o->seed, "organisation", r->v->place->id, n, r->v->plan->made_at);
    set_id(body, "organisation", r->branch);
    set_text(body, "name", name);
    set_text(body, "kind", kind);
    write_add(r->m, record_id_of(r, "organisation_record", n), "duty.organisation", area, r->at, body);
}

static void staff(struct registering *r, bool centres)
{
    for (uint32_t i = 0; i < r->v->worker_count; i++)
        if (r->v->workers[i].has_home == centres) {
            add_worker(r, i);
            add_duty(r, i);
            turn(r);
        }
}

/* ---- doors and who lives behind them ---------------------------------------------------------------- */

static void add_door(struct registering *r, uint32_t i)
{
    const struct door *d = &r->v->doors[i];
    struct json *body = json_map();

    r->at = r->v->plan->registered_at + (int64_t)i * 20 * SECOND;
    set_id(body, "door", d->id);
    json_set(body, "order", json_number(d->order));
    set_text(body, "building", d->building);
    set_text(body, "floor", d->floor);
    set_text(body, "room", d->room);
    set_text(body, "use", d->use);
    set_text(body, "landlord", d->landlord);
    write_add(r->m, record_id_of(r, "door_record", i), "household.door", r->v->leaves[d->leaf].id, r->at, body);
}

static struct json *person(const struct person *p)
{
    struct json *one = json_map();
    char birth[24];

    snprintf(birth, sizeof birth, "%04d-%02d-%02d", p->year, p->month, p->day);
    set_id(one, "person", p->id);
    set_text(one, "name", p->name);
    set_text(one, "sex", p->male ? "1" : "2");
    set_text(one, "birth", birth);
    set_text(one, "id", p->number);
    set_text(one, "phone", p->phone);
    set_text(one, "relation", p->relation);
    set_text(one, "away_until", p->away_until);
    return one;
}

struct json *home_body(const struct village *v, uint32_t i)
{
    const struct home *h = &v->homes[i];
    const struct person *head = &v->persons[h->first];
    struct json *body = json_map(), *members = json_list();

    set_id(body, "household", h->id);
    set_id(body, "door", v->doors[h->door].id);
    set_text(body, "kind", h->kind);
    set_text(body, "head", head->name);
    set_text(body, "phone", head->phone);
    set_text(body, "contact", h->contact);
    set_text(body, "speaks", h->speaks);
    if (h->needs) {
        struct json *needs = json_list();

        for (int k = 0; k < NEED_COUNT; k++)
            if (h->needs & 1u << k)
                json_add(needs, json_text(str_of(need_names[k])));
        json_set(body, "needs", needs);
    }
    if (h->centre == i)
        json_set(body, "centre", json_bool(true));
    else if (h->centre < v->home_count)
        set_id(body, "centre_of", v->homes[h->centre].id);
    for (uint32_t k = h->first; k < h->first + h->count; k++)
        json_add(members, person(&v->persons[k]));
    json_set(body, "members", members);
    return body;
}

static void add_home(struct registering *r, uint32_t i)
{
    const struct home *h = &r->v->homes[i];
    const struct leaf *leaf = &r->v->leaves[r->v->doors[h->door].leaf];

    r->at = r->v->plan->registered_at + (int64_t)h->door * 20 * SECOND + 5 * SECOND;
    write_add(r->m, record_id_of(r, "household_record", i), "household.open", leaf->id, r->at, home_body(r->v, i));
    turn(r);
}

/* A door found during the round is registered then. */
static bool late_door(const struct village *v, uint32_t d)
{
    return v->doors[d].count && v->homes[v->doors[d].first].late;
}

static void add_group(struct registering *r, uint32_t first, uint32_t end)
{
    const struct village *v = r->v;

    if (v->homes[first].centre < v->home_count)
        add_home(r, v->homes[first].centre);
    for (uint32_t i = first; i < end; i++)
        if (v->homes[i].centre != i)
            add_home(r, i);
}

static void add_leaf(struct registering *r, const struct leaf *leaf)
{
    const struct village *v = r->v;
    uint32_t first, end, stop = leaf->first + leaf->count;

    for (uint32_t d = leaf->first; d < stop; d++)
        if (!late_door(v, d)) {
            add_door(r, d);
            turn(r);
        }
    if (leaf->first == stop)
        return;
    first = v->doors[leaf->first].first;
    end = v->doors[stop - 1].first + v->doors[stop - 1].count;
    if (end > first && v->homes[end - 1].late)
        end--;
    while (first < end) {
        uint32_t next = first + 1;

        while (next < end && v->homes[next].centre == v->homes[first].centre)
            next++;
        add_group(r, first, next);
        first = next;
    }
}

void make_village(struct making *m, const struct village *v)
{
    struct registering r = { .m = m, .v = v, .at = m->plan->made_at + 4 * HOUR };

    begin(&r, r.at + 10 * MINUTE);
    add_organisation(&r, "party_branch", "党支部", 1);
    add_organisation(&r, "village_committee", "", 0);
    staff(&r, false);
    write_end(m);
    r.clerk = v->workers[0].id;
    begin(&r, m->plan->registered_at + half_day);
    for (size_t i = 0; i < v->leaf_count && !m->failed; i++)
        add_leaf(&r, &v->leaves[i]);
    write_end(m);
    r.at = m->plan->registered_at + 5 * DAY;
    begin(&r, r.at + half_day);
    staff(&r, true);
    write_end(m);
}
