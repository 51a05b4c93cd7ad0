/*
 * drill.c - the order in which the invented city comes to be.
 *
 * Areas, commands and accounts; then village by village who lives there; then
 * the round is opened and frozen everywhere; then village by village the
 * working days.  Nothing is kept between villages but the plan.
 */
#include <stdio.h>

#include "drill/own.h"

static void each_village(struct making *m, const char *words, void (*make)(struct making *m, const struct village *v))
{
    const struct plan *p = m->plan;

    for (size_t i = 0; i < p->village_count && !m->failed; i++) {
        struct village v;

        village_make(p, &p->villages[i], &v);
        make(m, &v);
        village_done(&v);
        if (p->o->progress && (i % 16 == 15 || i + 1 == p->village_count))
            p->o->progress(words, (int64_t)i + 1, (int64_t)p->village_count);
    }
}

static void put_fact(struct making *m, const char *name, const char *value)
{
    if (!m->failed && core_fact_set(m->core, name, str_of(value), m->e) < 0)
        m->failed = true;
}

static void put_facts(struct making *m)
{
    const struct drill_options *o = m->plan->o;
    char text[32];

    put_fact(m, "drill", "1");
    put_fact(m, "drill_city", o->city);
    put_fact(m, "drill_day", m->plan->until);
    snprintf(text, sizeof text, "%llu", (unsigned long long)o->seed);
    put_fact(m, "drill_seed", text);
    snprintf(text, sizeof text, "%lld", (long long)o->people);
    put_fact(m, "drill_people", text);
    snprintf(text, sizeof text, "%d", m->plan->days);
    put_fact(m, "drill_days", text);
}

/* Every village gets its freeze before anybody goes to a door. */
static void freeze(struct making *m)
{
    int written = 1;

    while (!m->failed && (written = core_tick(m->core, m->e)) > 0)
        ;
    m->failed |= written < 0;
}

static void make_city(struct making *m)
{
    make_tree(m);
    map_close(m->map);           /* polygons are of no use any more */
    m->map = NULL;
    if (!m->failed)
        each_village(m, "villages", make_village);
    if (m->failed)
        return;
    make_round(m);
    freeze(m);
    each_village(m, "visits", make_visits);
}

int drill_make(struct core *c, const struct drill_options *o, struct err *e)
{
    struct plan plan;
    struct making m = { .core = c, .plan = &plan, .e = e };
    struct err end = { 0 };

    if (plan_read(o, &plan, e) < 0 || seal_verifier_make(str_of(o->password), m.verifier, e) < 0 || map_open(&plan, &m.map, e) < 0) {
        map_close(m.map);
        plan_done(&plan);
        return -1;
    }
    core_bulk_begin(c);
    put_facts(&m);
    make_city(&m);
    map_close(m.map);
    if (core_bulk_end(c, &end) < 0 && !m.failed) {
        *e = end;
        m.failed = true;
    }
    if (!m.failed)
        m.failed = seal_sync(core_seal(c), e) < 0;
    plan_done(&plan);
    return m.failed ? -1 : 0;
}
