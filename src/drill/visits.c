/*
 * visits.c - the working days of the round: who went where, when, and what was found.
 *
 * Each worker goes along the doors of his grid day after day, comes back in
 * the evening where nobody answered, and hands in a few visits at a time.  Some
 * only telephone; a few write down what they did not see.  How far a grid got
 * depends on the place.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "drill/own.h"

#define NO_HOME UINT32_MAX

enum told { TOLD_NOBODY, TOLD_ALL, TOLD_SOME, TOLD_BY_OTHERS };

struct visit {
    int64_t at, arrives, retry_at;
    uint32_t worker, door, home, sync;
    const char *outcome, *method;
    const char *note;
    int seconds;
    enum told told;
    bool notice, witness, invented;
};

struct task {                    /* a slot somebody still has to go to */
    uint32_t worker, door, home;
    int day, tries;
};

struct working {
    struct making *m;
    const struct village *v;
    struct luck l;
    struct task *tasks, *again;
    size_t task_count, task_room, again_count, again_room;
    struct visit *visits;
    size_t visit_count, visit_room;
    uint32_t syncs;
    double quality;
};

/* ---- who has to go where ------------------------------------------------------------------------- */

static void add_task(struct working *w, uint32_t worker, uint32_t door, uint32_t home, int day)
{
    w->tasks = MEM_GROW(w->tasks, w->task_count, w->task_room);
    w->tasks[w->task_count++] = (struct task){ worker, door, home, day, 0 };
}

static double clamp(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static void plan_leaf(struct working *w, const struct leaf *leaf)
{
    const struct village *v = w->v;
    double reach = clamp(w->quality + 0.04 * luck_bell(&w->l), 0.5, 1), at = 0;
    uint32_t slots = 0;

    for (uint32_t d = leaf->first; d < leaf->first + leaf->count; d++)
        slots += v->doors[d].count ? v->doors[d].count : 1;
    for (uint32_t d = leaf->first; d < leaf->first + leaf->count; d++) {
        const struct door *door = &v->doors[d];

        for (uint32_t i = 0; i < (door->count ? door->count : 1); i++) {
            double part = at++ / slots / reach;

            if (part >= 1)
                continue;
            add_task(w, leaf->worker, d, door->count ? door->first + i : NO_HOME, (int)(part * w->v->plan->days));
        }
    }
}

static int by_worker_and_day(const void *a, const void *b)
{
    const struct task *x = a, *y = b;

    if (x->worker != y->worker)
        return x->worker < y->worker ? -1 : 1;
    if (x->day != y->day)
        return x->day - y->day;
    if (x->door != y->door)
        return x->door < y->door ? -1 : 1;
    return x->home < y->home ? -1 : x->home > y->home;
}

/* ---- one visit --------------------------------------------------------------------------------------- */

static struct visit *add_visit(struct working *w, const struct task *t, int64_t at, const char *outcome, const char *method, enum told told)
{
    struct visit *v;

    w->visits = MEM_GROW(w->visits, w->visit_count, w->visit_room);
    v = &w->visits[w->visit_count++];
    *v = (struct visit){ .at = at, .worker = t->worker, .door = t->door, .home = t->home };
    v->outcome = outcome;
    v->method = method;
    v->told = told;
    v->seconds = luck_between(&w->l, 90, 420);
    v->sync = w->syncs;
    return v;
}

static void come_again(struct working *w, const struct task *t, int day)
{
    if (t->tries >= 2 || day >= w->v->plan->days)
        return;
    w->again = MEM_GROW(w->again, w->again_count, w->again_room);
    w->again[w->again_count] = *t;
    w->again[w->again_count].day = day;
    w->again[w->again_count++].tries++;
}

static int64_t evening(const struct working *w, int day)
{
    return w->v->plan->first_day + day * DAY + 18 * HOUR + 30 * MINUTE;
}

static void nobody_there(struct working *w, const struct task *t, int64_t at, const char *outcome)
{
    struct visit *v = add_visit(w, t, at, outcome, "at_door", TOLD_NOBODY);
    int day = t->tries == 0 && luck_is(&w->l, 0.6) ? t->day : t->day + 1;

    v->seconds = luck_between(&w->l, 20, 60);
    v->notice = luck_is(&w->l, 0.85);
    if (luck_is(&w->l, 0.8)) {
        v->retry_at = evening(w, day) + luck_between(&w->l, 0, 8) * 15 * MINUTE;
        come_again(w, t, day);
    }
}

static void empty_door(struct working *w, const struct task *t, int64_t at)
{
    struct visit *v = add_visit(w, t, at, "vacant", "at_door", TOLD_NOBODY);

    v->seconds = luck_between(&w->l, 30, 90);
    v->witness = luck_is(&w->l, 0.75);
    v->notice = !v->witness;
}

static void away_home(struct working *w, const struct task *t, int64_t at)
{
    double luck = luck_unit(&w->l);

    if (luck < 0.5)
        add_visit(w, t, at, "completed", "phone", TOLD_BY_OTHERS)->seconds = luck_between(&w->l, 60, 200);
    else if (luck < 0.6)
        add_visit(w, t, at, "moved", "at_door", TOLD_NOBODY)->witness = luck_is(&w->l, 0.6);
    else
        nobody_there(w, t, at, "no_answer");
}

static void at_the_door(struct working *w, const struct task *t, int64_t at)
{
    double luck = luck_unit(&w->l), absent = t->tries ? 0.3 : 0.09;
    bool tenant = strcmp(w->v->homes[t->home].kind, "tenant") == 0;

    if (luck < absent) {
        nobody_there(w, t, at, "no_answer");
    } else if (luck < absent + 0.012) {
        add_visit(w, t, at, "refused", "at_door", TOLD_NOBODY)->note = "隔门拒绝登记";
    } else if (luck < absent + 0.016) {
        nobody_there(w, t, at, "wrong_address");
    } else if (tenant && luck < absent + 0.046) {
        nobody_there(w, t, at, "owner_unreachable");
    } else if (luck < absent + 0.1) {
        add_visit(w, t, at, "partial", "at_door", TOLD_SOME);
    } else {
        const char *method = luck > 0.985 ? "self_report" : luck > 0.9 ? "phone" : "at_door";

        add_visit(w, t, at, "completed", method, TOLD_ALL);
    }
}

static void go(struct working *w, const struct task *t, int64_t at)
{
    if (t->home == NO_HOME)
        empty_door(w, t, at);
    else if (strcmp(w->v->homes[t->home].kind, "away") == 0)
        away_home(w, t, at);
    else
        at_the_door(w, t, at);
}

/* ---- one worker's day ------------------------------------------------------------------------------------ */

struct style {
    bool phones, invents;
    int from;                    /* day on which it begins */
};

static struct style style_of(struct working *w)
{
    double luck = luck_unit(&w->l);

    return (struct style){ luck < 0.045, luck >= 0.045 && luck < 0.06, luck_between(&w->l, 0, w->v->plan->days - 1) };
}

/* A sync carries the last few visits; some phones find no net before the evening. */
static void hand_in(struct working *w, size_t first, int64_t day)
{
    while (first < w->visit_count) {
        size_t end = first + (size_t)luck_between(&w->l, 4, 14);
        int64_t arrives;

        if (end > w->visit_count)
            end = w->visit_count;
        arrives = w->visits[end - 1].at + luck_between(&w->l, 240, 700) * SECOND;
        if (luck_is(&w->l, 0.06))
            arrives = day + 21 * HOUR + luck_between(&w->l, 5, 140) * MINUTE;
        if (arrives >= day + DAY)
            arrives = day + DAY - SECOND;
        for (; first < end; first++) {
            w->visits[first].arrives = arrives;
            w->visits[first].sync = w->syncs;
        }
        w->syncs++;
    }
}

/* What was never seen: evening, half a minute each, everybody well, everything alike. */
static void invent_day(struct working *w, const struct task *t, size_t n, int64_t day)
{
    int64_t at = day + 20 * HOUR + luck_between(&w->l, 0, 10) * MINUTE, step = 38 * MINUTE / (int64_t)(n ? n : 1);

    for (size_t i = 0; i < n; i++) {
        bool empty = t[i].home == NO_HOME;
        struct visit *v = add_visit(w, &t[i], at, empty ? "vacant" : "completed", "at_door", empty ? TOLD_NOBODY : TOLD_ALL);

        v->invented = true;
        v->seconds = 25;
        v->witness = empty;
        at += step < 30 * SECOND ? step : 30 * SECOND;
    }
}

static void phone_day(struct working *w, const struct task *t, size_t n, int64_t day)
{
    int64_t at = day + 18 * HOUR + luck_between(&w->l, 0, 40) * MINUTE, step = 130 * MINUTE / (int64_t)(n ? n : 1);

    for (size_t i = 0; i < n; i++, at += step < 2 * MINUTE ? step : 2 * MINUTE) {
        if (t[i].home == NO_HOME)
            continue;
        if (luck_is(&w->l, 0.12))
            nobody_there(w, &t[i], at, "no_answer");
        else
            add_visit(w, &t[i], at, "completed", "phone", TOLD_ALL);
        w->visits[w->visit_count - 1].method = "phone";
        w->visits[w->visit_count - 1].notice = false;
        w->visits[w->visit_count - 1].seconds = luck_between(&w->l, 35, 90);
    }
}

/* A landlord can speak for the rooms he lets: one conversation, told and not seen. */
static size_t let_house(struct working *w, const struct task *t, size_t n, int64_t at)
{
    const struct door *doors = w->v->doors;
    size_t end = 1;

    while (end < n && doors[t[end].door].let == doors[t[0].door].let && doors[t[end].door].leaf == doors[t[0].door].leaf)
        end++;
    for (size_t i = 0; i < end; i++) {
        bool empty = t[i].home == NO_HOME;
        struct visit *v = add_visit(w, &t[i], at, empty ? "vacant" : "completed", "proxy", empty ? TOLD_NOBODY : TOLD_BY_OTHERS);

        v->at += (int64_t)i * 20 * SECOND;
        v->seconds = 20;
        v->witness = empty;
    }
    return end;
}

static void walk_day(struct working *w, const struct task *t, size_t n, int64_t day)
{
    int64_t at = day + 8 * HOUR + luck_between(&w->l, 3, 50) * MINUTE, step = (int64_t)(9 * HOUR / (int64_t)(n ? n : 1));

    if (step > 8 * MINUTE)
        step = 8 * MINUTE;
    for (size_t i = 0; i < n;) {
        const struct door *d = &w->v->doors[t[i].door];

        if (at >= day + 12 * HOUR && at < day + 13 * HOUR + 30 * MINUTE)
            at += 90 * MINUTE;
        if (d->let && (i == 0 || w->v->doors[t[i - 1].door].let != d->let) && luck_is(&w->l, 0.35))
            i += let_house(w, &t[i], n - i, at);
        else
            go(w, &t[i++], at);
        at += (int64_t)((double)step * (0.6 + 0.8 * luck_unit(&w->l)));
        if (at > day + 20 * HOUR + 45 * MINUTE)
            at = day + 20 * HOUR + 45 * MINUTE + luck_between(&w->l, 0, 800) * SECOND;
    }
}

static void retry_day(struct working *w, int number, int64_t day)
{
    size_t n = w->again_count;
    int64_t at = day + 18 * HOUR + 30 * MINUTE, step = 0;

    for (size_t i = 0; i < n; i++)
        step += w->again[i].day == number;
    step = step ? 135 * MINUTE / step : 0;
    for (size_t i = 0; i < n; i++) {
        struct task t = w->again[i];     /* going may move the list */

        if (t.day != number)
            continue;
        go(w, &t, at);
        at += step < 5 * MINUTE ? step : 5 * MINUTE;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct visit *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

static void work(struct working *w, const struct task *tasks, size_t n)
{
    struct style style = style_of(w);

    w->again_count = 0;
    for (int number = 0; number < w->v->plan->days; number++) {
        int64_t day = w->v->plan->first_day + number * DAY;
        size_t end = 0, first = w->visit_count;

        while (end < n && tasks[end].day == number)
            end++;
        if (style.invents && number >= style.from)
            invent_day(w, tasks, end, day);
        else if (style.phones && number >= style.from)
            phone_day(w, tasks, end, day);
        else
            walk_day(w, tasks, end, day);
        retry_day(w, number, day);
        if (w->visit_count > first)
            qsort(w->visits + first, w->visit_count - first, sizeof *w->visits, by_time);
        hand_in(w, first, day);
        tasks += end;
        n -= end;
    }
}

/* ---- as records --------------------------------------------------------------------------------------------- */

static struct json *temps(struct working *w, const struct visit *v, bool fever)
{
    struct json *list = json_list(), *one = json_map();
    int temp = v->invented ? 365 : fever ? luck_between(&w->l, 374, 391) : 365 + (int)lround(2.2 * luck_bell(&w->l));

    json_set(one, "temp", json_number(temp));
    set_text(one, "method", luck_is(&w->l, 0.8) || v->invented ? "forehead" : "ear");
    json_add(list, one);
    if (fever) {                 /* again after some minutes, under the arm */
        one = json_map();
        json_set(one, "temp", json_number(temp + luck_between(&w->l, -8, 4)));
        set_text(one, "method", "axillary_mercury");
        json_set(one, "at", json_number(v->at + luck_between(&w->l, 5, 10) * MINUTE));
        json_add(list, one);
    }
    return list;
}

static void add_check(struct working *w, const struct visit *v, const struct person *p, struct json *checks, bool *returned)
{
    struct json *one = json_map();
    bool seen = strcmp(v->method, "at_door") == 0 && v->told != TOLD_BY_OTHERS;
    double luck = luck_unit(&w->l);
    const char *basis = v->told == TOLD_SOME && luck < 0.35 ? "not_checked" : v->told == TOLD_BY_OTHERS ? "told_by_family" :
                        seen && (v->invented || luck < 0.82) ? "measured" : luck < 0.9 ? "told_by_person" : "told_by_family";

    set_id(one, "person", p->id);
    set_text(one, "basis", basis);
    if (strcmp(basis, "measured") == 0) {
        bool fever = !v->invented && luck_is(&w->l, 0.003);

        json_set(one, "temps", temps(w, v, fever));
        if (fever) {
            struct json *symptoms = json_list();

            json_add(symptoms, json_text(STR("fever")));
            if (luck_is(&w->l, 0.6))
                json_add(symptoms, json_text(luck_is(&w->l, 0.6) ? STR("dry_cough") : STR("fatigue")));
            json_set(one, "symptoms", symptoms);
        }
    }
    if (!v->invented && strcmp(basis, "not_checked") != 0 && luck_is(&w->l, 0.004)) {
        json_set(one, "key_area", json_bool(true));
        *returned = true;
    }
    json_add(checks, one);
}

static void add_measures(struct working *w, const struct visit *v, struct json *body, bool returned)
{
    static const struct {
        const char *measure;
        double chance;
    } usual[] = { { "educate", 0.95 }, { "notify", 0.9 }, { "mobilise", 0.3 }, { "sanitise", 0.15 }, { "supply", 0.12 } };
    struct json *list = json_list();

    for (size_t i = 0; i < COUNT_OF(usual); i++)
        if (v->invented ? i < 2 : luck_is(&w->l, usual[i].chance)) {
            struct json *one = json_map();

            set_text(one, "measure", usual[i].measure);
            json_add(list, one);
        }
    if (returned) {
        struct json *one = json_map();

        set_text(one, "measure", "manage_returnee");
        json_add(list, one);
    }
    json_set(body, "measures", list);
}

static void add_answer(struct json *list, const char *item, struct json *value)
{
    struct json *one = json_map();

    set_text(one, "item", item);
    json_set(one, "value", value);
    json_add(list, one);
}

static void add_answers(struct working *w, const struct visit *v, struct json *body, bool returned)
{
    struct json *list;
    char day[DAY_TEXT];

    if (!returned && !luck_is(&w->l, 0.08))
        return;
    list = json_list();
    add_answer(list, "key_area_back", json_bool(returned));
    if (returned) {
        day_of(v->at - luck_between(&w->l, 1, 9) * DAY, day);
        add_answer(list, "key_area_from", json_text(luck_is(&w->l, 0.4) ? STR("wuhan") : STR("hubei_other")));
        add_answer(list, "key_area_people", json_number(1));
        add_answer(list, "key_area_arrived", json_text(str_of(day)));
    }
    add_answer(list, "contact", json_bool(false));
    add_answer(list, "ill_14d", json_bool(luck_is(&w->l, 0.02)));
    add_answer(list, "visitors_home", json_bool(false));
    set_text(body, "questionnaire", "round");
    json_set(body, "answers", list);
}

static void add_people(struct working *w, const struct visit *v, struct json *body)
{
    const struct home *h = &w->v->homes[v->home];
    struct json *checks = json_list();
    bool returned = false, away_home = strcmp(h->kind, "away") == 0;

    for (uint32_t i = h->first; i < h->first + h->count; i++)
        if (away_home || !w->v->persons[i].away_until[0])
            add_check(w, v, &w->v->persons[i], checks, &returned);
    json_set(body, "checks", checks);
    add_measures(w, v, body, returned);
    add_answers(w, v, body, returned);
    if (!v->invented && luck_is(&w->l, 0.003)) {
        struct json *found = json_list(), *one = json_map();
        char name[24];

        invent_name(w->v->plan, &w->l, true, 1990, name, sizeof name);
        set_text(one, "name", name);
        json_add(found, one);
        json_set(body, "found", found);
    }
}

static struct id visit_id(const struct working *w, const char *label, uint64_t n, int64_t at)
{
    return drill_id(w->v->plan->o->seed, label, w->v->place->id, n, at);
}

/* Who is found during the round is registered on the spot. */
static void add_found(struct working *w, const struct visit *v)
{
    const struct door *d = &w->v->doors[v->door];
    struct json *body = json_map();
    const char *area = w->v->leaves[d->leaf].id;

    set_id(body, "door", d->id);
    json_set(body, "order", json_number(d->order));
    set_text(body, "building", d->building);
    set_text(body, "use", d->use);
    write_add(w->m, visit_id(w, "door_record", v->door, v->at), "household.door", area, v->at - MINUTE, body);
    write_add(w->m, visit_id(w, "household_record", v->home, v->at), "household.open", area, v->at - MINUTE / 2, home_body(w->v, v->home));
}

static void put_visit(struct working *w, const struct visit *v, uint64_t n)
{
    const struct door *d = &w->v->doors[v->door];
    struct json *body = json_map();
    char name[24];

    if (v->home != NO_HOME && w->v->homes[v->home].late)
        add_found(w, v);
    set_id(body, "round", w->m->round);
    set_id(body, "door", d->id);
    if (v->home != NO_HOME)
        set_id(body, "household", w->v->homes[v->home].id);
    set_text(body, "method", v->method);
    set_text(body, "source", "phone");
    set_text(body, "outcome", v->outcome);
    if (v->notice)
        json_set(body, "notice", json_bool(true));
    if (v->witness) {
        invent_name(w->v->plan, &w->l, luck_is(&w->l, 0.5), 1965, name, sizeof name);
        set_text(body, "witness", name);
    }
    if (v->retry_at)
        json_set(body, "retry_at", json_number(v->retry_at));
    json_set(body, "seconds", json_number(v->seconds));
    set_text(body, "note", v->note);
    if (v->told != TOLD_NOBODY)
        add_people(w, v, body);
    write_add(w->m, visit_id(w, "visit", n, v->at), "screening.visit", w->v->leaves[d->leaf].id, v->at, body);
}

static int by_arrival(const void *a, const void *b)
{
    const struct visit *x = a, *y = b;

    if (x->arrives != y->arrives)
        return x->arrives < y->arrives ? -1 : 1;
    if (x->sync != y->sync)
        return x->sync < y->sync ? -1 : 1;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->door < y->door ? -1 : x->door > y->door ? 1 : x->home < y->home ? -1 : x->home > y->home;
}

/* A late household is registered once, by the first visit to it. */
static void drop_late_repeats(struct working *w)
{
    size_t kept = 0;

    for (size_t i = 0; i < w->visit_count; i++) {
        bool twice = false, late = w->visits[i].home != NO_HOME && w->v->homes[w->visits[i].home].late;

        for (size_t k = 0; late && k < kept; k++)
            twice |= w->visits[k].home == w->visits[i].home;
        if (!twice)
            w->visits[kept++] = w->visits[i];
    }
    w->visit_count = kept;
}

static double quality_of(const struct village *v)
{
    const struct place *district = &v->plan->districts[v->plan->towns[v->place->above].above];
    struct luck l = luck_of(v->plan->o->seed, "quality", district->id), own = luck_of(v->plan->o->seed, "quality", v->place->id);

    return clamp(0.8 + 0.16 * luck_unit(&l) + 0.085 * luck_bell(&own), 0.6, 0.985) * 1.04;
}

void make_visits(struct making *m, const struct village *v)
{
    struct working w = { .m = m, .v = v, .l = luck_of(v->plan->o->seed, "visits", v->place->id), .quality = quality_of(v) };

    for (size_t i = 0; i < v->leaf_count; i++)
        plan_leaf(&w, &v->leaves[i]);
    if (w.task_count)
        qsort(w.tasks, w.task_count, sizeof *w.tasks, by_worker_and_day);
    for (size_t first = 0, end; first < w.task_count; first = end) {
        for (end = first; end < w.task_count && w.tasks[end].worker == w.tasks[first].worker; end++)
            ;
        work(&w, w.tasks + first, end - first);
    }
    if (w.visit_count)
        qsort(w.visits, w.visit_count, sizeof *w.visits, by_arrival);
    drop_late_repeats(&w);
    for (size_t i = 0; i < w.visit_count && !m->failed;) {
        const struct visit *first = &w.visits[i];

        write_begin(m, v->workers[first->worker].id, first->arrives);
        for (; i < w.visit_count && w.visits[i].sync == first->sync; i++)
            put_visit(&w, &w.visits[i], i);
        write_end(m);
    }
    free(w.tasks);
    free(w.again);
    free(w.visits);
}

void make_round(struct making *m)
{
    const struct plan *p = m->plan;
    struct json *body = json_map(), *measures = json_list();
    static const char *const owed[] = { "mobilise", "educate", "notify", "manage_returnee", "sanitise", "supply" };
    int64_t at = p->first_day + 7 * HOUR;

    m->round = drill_id(p->o->seed, "round", p->city.id, 0, at);
    set_id(body, "round", m->round);
    set_text(body, "name", "返乡人员入户排查 第1轮");
    set_text(body, "trigger", "new_key_area");
    for (size_t i = 0; i < COUNT_OF(owed); i++)
        json_add(measures, json_text(str_of(owed[i])));
    json_set(body, "measures", measures);
    set_text(body, "questionnaire", "round");
    json_set(body, "deadline", json_number(p->end - 3 * HOUR));
    write_begin(m, m->commander, at + 5 * SECOND);
    write_add(m, drill_id(p->o->seed, "round_record", p->city.id, 0, at), "screening.round", p->o->city, at, body);
    write_end(m);
}
