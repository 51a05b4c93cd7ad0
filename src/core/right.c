/*
 * right.c - what each role may do, and who holds which duty.
 *
 * A right comes from a current duty: its role gives rights, its area the place
 * and everything below it.  A centre head's duty covers the households linked
 * to the centre household and nothing else.
 */
#include "core/own.h"

#include <stdlib.h>

#include "core_duty.sql.h"

#define LOOK (RIGHT_FIGURES | RIGHT_LISTS)
#define COMMAND (LOOK | RIGHT_REVEAL | RIGHT_ROUNDS | RIGHT_DUTIES | RIGHT_ORDERS)
#define WALK (LOOK | RIGHT_OPEN | RIGHT_DOORS | RIGHT_VISIT)

static const struct {
    const char *role;
    uint32_t rights;
    bool households;        /* only the households linked to the duty's centre household */
    bool desk;              /* for some of its work a phone is too small */
} roles[] = {
    { "commander", COMMAND, .desk = true },
    { "leader_contact", LOOK, .desk = true },
    { "secretary", COMMAND | RIGHT_DOORS | RIGHT_GRIDS, .desk = true },
    { "grid_head", WALK },
    { "grid_worker", WALK },
    { "centre_head", LOOK | RIGHT_OPEN | RIGHT_VISIT, .households = true },
    { "police", LOOK | RIGHT_VISIT, .desk = true },
    { "medic", LOOK | RIGHT_VISIT, .desk = true },
    { "clerk", LOOK | RIGHT_IMPORT | RIGHT_DOORS | RIGHT_FOR, .desk = true },
    { "approver", RIGHT_APPROVE, .desk = true },
    { "auditor", RIGHT_AUDIT, .desk = true },
    { "keeper", RIGHT_ACCOUNTS | RIGHT_SETTINGS, .desk = true },
    { "gate_keeper", RIGHT_SIGNED_IN },
    { "watcher", RIGHT_SIGNED_IN },
    { "dock", RIGHT_SIGNED_IN },
    { "volunteer", RIGHT_SIGNED_IN },
};

static const struct {
    enum right right;
    const char *name;
} names[] = {
    { RIGHT_SIGNED_IN, "signed_in" }, { RIGHT_FIGURES, "figures" }, { RIGHT_LISTS, "lists" }, { RIGHT_OPEN, "open" },
    { RIGHT_REVEAL, "reveal" }, { RIGHT_ROUNDS, "rounds" }, { RIGHT_DUTIES, "duties" }, { RIGHT_ORDERS, "orders" },
    { RIGHT_GRIDS, "grids" }, { RIGHT_DOORS, "doors" }, { RIGHT_VISIT, "visit" }, { RIGHT_FOR, "for" }, { RIGHT_IMPORT, "import" },
    { RIGHT_APPROVE, "approve" }, { RIGHT_AUDIT, "audit" }, { RIGHT_ACCOUNTS, "accounts" }, { RIGHT_SETTINGS, "settings" },
    { RIGHT_SYSTEM, "system" },
};

const struct who who_system = { .system = true, .account = "system" };

const char *right_name(enum right right)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].right == right)
            return names[i].name;
    return "?";
}

static size_t role_place(const char *role)
{
    size_t i = 0;

    while (i < COUNT_OF(roles) && strcmp(roles[i].role, role) != 0)
        i++;
    return i;
}

bool role_known(const char *role)
{
    return role_place(role) < COUNT_OF(roles);
}

uint32_t role_rights(const char *role)
{
    return role_known(role) ? roles[role_place(role)].rights : 0;
}

void role_write(struct out *o, const char *role)
{
    uint32_t rights = role_rights(role) & ~(uint32_t)RIGHT_SIGNED_IN;      /* everybody's */

    out_open(o, '[');
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (rights & names[i].right)
            out_text(o, str_of(names[i].name));
    out_close(o, ']');
}

static bool role_of_households(const char *role)
{
    return role_known(role) && roles[role_place(role)].households;
}

bool who_at_doors(const struct who *who)
{
    for (size_t i = 0; i < who->duty_count; i++)
        if (!role_known(who->duties[i].role) || roles[role_place(who->duties[i].role)].desk)
            return false;
    return who->duty_count > 0;
}

static bool stands(const struct duty *d, int64_t ended, int64_t at)
{
    return d->since <= at && (d->until == 0 || d->until > at) && (ended == 0 || ended > at);
}

static bool covers(const struct areas *areas, const struct duty *d, const struct area *area)
{
    const struct area *held = area_find(areas, str_of(d->area));

    return held && area && area_within(area, held);
}

bool duties_allow(const struct duty *duties, const int64_t *ended, size_t count, const struct areas *areas, enum right right,
                  const struct area *area, int64_t at, const struct id *centre)
{
    for (size_t i = 0; i < count; i++) {
        const struct duty *d = &duties[i];
        if ((role_rights(d->role) & right) != right || !stands(d, ended ? ended[i] : 0, at))
            continue;
        if (role_of_households(d->role) && (!centre || id_none(*centre) || !id_eq(d->household, *centre)))
            continue;
        if (covers(areas, d, area))
            return true;
    }
    return right == RIGHT_SIGNED_IN;
}

bool who_may(const struct who *who, const struct areas *areas, enum right right, const struct area *area, int64_t at)
{
    if (who->system)
        return true;
    return duties_allow(who->duties, NULL, who->duty_count, areas, right, area, at, NULL);
}

bool who_may_own(const struct who *who, const struct areas *areas, enum right right, const struct area *area)
{
    for (size_t i = 0; i < who->duty_count; i++)
        if (role_of_households(who->duties[i].role) && (role_rights(who->duties[i].role) & right) == right && covers(areas, &who->duties[i], area))
            return true;
    return false;
}

bool who_opens(const struct who *who, const struct areas *areas, const struct area *row_area, struct id household, struct id centre)
{
    if (who->system)
        return true;
    for (size_t i = 0; i < who->duty_count; i++) {
        const struct duty *d = &who->duties[i];
        if (!(role_rights(d->role) & RIGHT_OPEN))
            continue;
        if (role_of_households(d->role)) {
            /* Ids are made by anybody: what counts is the household of this name in the duty's own village. */
            const struct area *held = area_find(areas, str_of(d->area));
            if (held && row_area && str_eq(held->ledger, row_area->ledger) && !id_none(d->household) &&
                (id_eq(d->household, centre) || id_eq(d->household, household)))
                return true;
        } else if (covers(areas, d, row_area)) {
            return true;
        }
    }
    return false;
}

/* ---- duties of a worker, cached until the next change of any duty --------- */

static int load(struct store *s, struct id worker, struct duties *into, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    size_t room = 0;

    into->worker = worker;
    into->count = 0;
    free(into->at), into->at = NULL;
    free(into->ended_at), into->ended_at = NULL;
    if (store_query(s, &rows, &sql_duties_of, ARGS(worker), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        if (into->count == room) {
            room = room ? room * 2 : 4;
            into->at = mem_resize(into->at, room, sizeof *into->at);
            into->ended_at = mem_resize(into->ended_at, room, sizeof *into->ended_at);
        }
        struct duty *d = &into->at[into->count];
        struct str area = rows_str(&rows, 1), role = rows_str(&rows, 2);
        *d = (struct duty){ .id = rows_id(&rows, 0), .worker = worker, .household = rows_id(&rows, 3), .deputy = rows_int(&rows, 4) != 0,
                            .since = rows_int(&rows, 5), .until = rows_int(&rows, 6) };
        memcpy(d->area, area.at, area.len < sizeof d->area ? area.len : sizeof d->area - 1);
        memcpy(d->role, role.at, role.len < sizeof d->role ? role.len : sizeof d->role - 1);
        into->ended_at[into->count++] = rows_int(&rows, 7);
    }
    return store_failed(s, e);
}

static void copy_duties(const struct duties *d, struct duty **at, int64_t **ended, size_t *count, struct arena *mem)
{
    *count = d->count;
    *at = arena_take(mem, (d->count + 1) * sizeof **at);
    *ended = arena_take(mem, (d->count + 1) * sizeof **ended);
    if (d->count) {
        memcpy(*at, d->at, d->count * sizeof **at);
        memcpy(*ended, d->ended_at, d->count * sizeof **ended);
    }
}

int duties_of(struct core *c, struct store *s, struct id worker, struct duty **at, int64_t **ended, size_t *count, struct arena *mem, struct err *e)
{
    uint32_t slot;
    int64_t revision = atomic_load(&c->duty_revision);
    int result = 0;

    if (s == c->writer && c->duties_dirty) {       /* what it has just written is nobody else's business yet */
        struct duties now = { 0 };
        result = load(s, worker, &now, e);
        if (result == 0)
            copy_duties(&now, at, ended, count, mem);
        free(now.at);
        free(now.ended_at);
        return result;
    }
    memcpy(&slot, worker.b + 12, sizeof slot);      /* the random end of the id */
    pthread_mutex_lock(&c->duty_lock);
    struct duties *d = &c->duty_cache[slot % DUTY_CACHE];
    if (d->revision != revision || !id_eq(d->worker, worker)) {
        d->revision = -1;
        result = load(s, worker, d, e);
        if (result == 0)
            d->revision = revision;
    }
    if (result == 0)
        copy_duties(d, at, ended, count, mem);
    pthread_mutex_unlock(&c->duty_lock);
    return result;
}

size_t duties_current(struct duty *duties, const int64_t *ended, size_t count, int64_t at)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (stands(&duties[i], ended[i], at))
            duties[kept++] = duties[i];
    return kept;
}

int tx_may(struct tx *tx, const struct record *r, enum right right, const struct area *area, bool *may, struct err *e)
{
    bool typed = !id_none(r->for_whom), proved = r->proof == PROOF_MAC;
    struct id doer = record_doer(r), hand = proved ? r->maker : r->author;     /* as judge() has it */
    int64_t at = proved && !r->type->command ? judged_at(r) : r->received_at;
    struct duty *duties;
    int64_t *ended;
    size_t count;

    *may = r->proof == PROOF_SERVER;
    if (*may)
        return 0;
    if (duties_of(tx->core, tx->store, doer, &duties, &ended, &count, r->mem, e) < 0)
        return -1;
    *may = duties_allow(duties, ended, count, tx_areas(tx), right, area, at, NULL);
    if (!*may || (!typed && id_eq(doer, hand)))
        return 0;
    if (duties_of(tx->core, tx->store, hand, &duties, &ended, &count, r->mem, e) < 0)     /* whoever hands it in needs it, too */
        return -1;
    *may = duties_allow(duties, ended, count, tx_areas(tx), typed ? RIGHT_FOR : right, area, at, NULL);
    return 0;
}

/* Whether an area is held is kept beside it, so that no figure asks the clock. */
static int hold(struct tx *tx, struct id duty, struct err *e)
{
    tx->core->duties_dirty = true;
    return core_run(tx, e, &sql_hold, ARGS(duty));
}

int core_duty_put(struct tx *tx, const struct record *r, const struct duty *d, struct err *e)
{
    struct value household = id_none(d->household) ? value_null : value_id(d->household);

    if (core_run(tx, e, &sql_put_duty, ARGS(d->id, d->worker, d->area, d->role, household, d->deputy, d->since, d->until, d->since <= r->at,
                                            record_stamp(r))) < 0)
        return -1;
    return hold(tx, d->id, e);
}

int core_duty_begin(struct tx *tx, struct id duty, struct err *e)
{
    return core_run(tx, e, &sql_begin_duty, ARGS(duty)) < 0 ? -1 : hold(tx, duty, e);
}

int core_duty_end(struct tx *tx, struct id duty, int64_t at, struct err *e)
{
    return core_run(tx, e, &sql_end_duty, ARGS(duty, at)) < 0 ? -1 : hold(tx, duty, e);
}
