/*
 * replay.c - proving and making again: chains, counters, tables from ledgers.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { REPLAY_COMMIT = 20000, REBUILD_AGAIN = 3000 };

/* ---- verify --------------------------------------------------------------------- */

static void first_bad(struct verify_report *r, const char *fmt, const char *what, int64_t where)
{
    if (!r->first_bad[0])
        snprintf(r->first_bad, sizeof r->first_bad, "%s %.80s %lld", fmt, what, (long long)where);
}

struct daily {                    /* where the root of a day is */
    char ledger[LEDGER_NAME];
    int64_t position;
};

struct looking {
    struct core *core;
    struct verify_report *report;
    struct daily *daily;
    size_t count, room;
};

/* What of a row's sealed parts can still be opened: erased is meant, lost is a loss. */
static void look_into(void *ctx, const struct ledger_row *row)
{
    struct looking *l = ctx;
    CLEANUP(buf_done) struct buf plain = { 0 };
    struct str box;

    if (str_is(row->type, "core.heads")) {
        l->daily = MEM_GROW(l->daily, l->count, l->room);
        l->daily[l->count] = (struct daily){ .position = row->position };
        snprintf(l->daily[l->count++].ledger, LEDGER_NAME, "%.*s", (int)row->ledger.len, row->ledger.at);
    }
    if (!l->core->seal)
        return;
    for (size_t i = 0; ledger_box(row->boxes, &i, &box);) {
        struct err wrong = { 0 };
        buf_clear(&plain);
        l->report->boxes++;
        if (seal_unbox(l->core->seal, row->ledger, row->id, box, &plain, &wrong) == 0)
            continue;
        if (strcmp(wrong.key, "seal.erased") == 0) {
            l->report->erased++;
            continue;
        }
        l->report->lost++;
        first_bad(l->report, wrong.key, "position", row->position);
    }
}

/* Each day's root against the ledgers, which by now are known to agree with themselves. */
static int verify_daily(struct core *c, struct store *s, const struct looking *l, struct err *e)
{
    for (size_t i = 0; i < l->count; i++) {
        CLEANUP(rows_done) struct rows rows = { 0 };
        struct ledger_row row;
        if (ledger_after(s, str_of(l->daily[i].ledger), l->daily[i].position - 1, &rows, e) < 0)
            return -1;
        if (ledger_next(&rows, &row) && heads_verify(c, s, &row, l->report, e) < 0)
            return -1;
    }
    return store_failed(s, e);
}

static int verify_ledgers(struct core *c, struct store *s, struct verify_report *out, struct err *e)
{
    struct ledger_head *heads = NULL;
    size_t count = 0;
    struct looking looking = { .core = c, .report = out };
    int result = ledger_list(s, LEDGERS_BY_NAME, &heads, &count, e);

    for (size_t i = 0; result == 0 && i < count; i++) {
        struct err wrong = { 0 };
        int64_t records, bad;
        out->ledgers++;
        if (ledger_verify(s, str_of(heads[i].ledger), look_into, &looking, &records, &bad, &wrong) < 0) {
            bool damaged = strcmp(wrong.key, "store.damaged") == 0;      /* costs this ledger; the others are looked at */
            if (wrong.kind != ERR_CONFLICT && !damaged) {
                *e = wrong;
                result = -1;
                break;
            }
            out->bad_ledgers++;
            first_bad(out, damaged ? "damaged ledger" : "ledger", heads[i].ledger, bad);
        }
        out->records += records;
    }
    if (result == 0)
        result = verify_daily(c, s, &looking, e);
    free(looking.daily);
    free(heads);
    return result;
}

/* A recount that meets a damaged page is a bad counter too. */
static int recount(struct store *s, const struct sql *sql, struct verify_report *out, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, sql, NO_ARGS, e) == 0)
        while (rows_next(&rows)) {
            out->bad_counters++;
            first_bad(out, "counter", sql->name, out->bad_counters);
        }
    else if (strcmp(e->key, "store.damaged") != 0)
        return -1;
    if (store_failed(s, e) < 0 && strcmp(e->key, "store.damaged") != 0)
        return -1;
    if (strcmp(e->key, "store.damaged") == 0) {
        out->bad_counters++;
        first_bad(out, "damaged counter", sql->name, out->bad_counters);
    }
    *e = (struct err){ 0 };
    return 0;
}

static int verify_counters(struct core *c, struct store *s, struct verify_report *out, struct err *e)
{
    for (size_t i = 0; i < c->feature_count; i++)
        for (const struct sql *const *sql = c->features[i]->recounts; sql && *sql; sql++)
            if (recount(s, *sql, out, e) < 0)
                return -1;
    return 0;
}

static void bad_page(void *ctx, const char *words)
{
    struct verify_report *out = ctx;

    out->bad_pages++;
    first_bad(out, "page", words, out->bad_pages);
}

int core_verify(struct core *c, struct verify_report *out, struct err *e)
{
    struct reader *r;
    int result = -1;

    memset(out, 0, sizeof *out);
    out->keyless = !c->seal;
    if (core_reader_open(c, &r, e) < 0)
        return -1;
    if (store_snapshot(r->store, e) == 0) {
        result = verify_ledgers(c, r->store, out, e) < 0 || verify_counters(c, r->store, out, e) < 0 ||
            store_check(r->store, bad_page, out, e) < 0 || (c->seal && seal_check(c->seal, bad_page, out, e) < 0) ? -1 : 0;
        store_snapshot_end(r->store);
    }
    core_reader_close(r);
    return result;
}

/* ---- rebuild ----------------------------------------------------------------------- */

int replay_row(struct core *c, const struct ledger_row *row, struct arena *mem, struct err *e)
{
    const struct kind *kind = core_kind(c, row->type);
    struct json *values = NULL, *given = NULL;      /* in the arena of the caller */

    if (!kind)
        return err_broken(e, "record.type", "%.*s in %.*s", (int)row->type.len, row->type.at, (int)row->ledger.len, row->ledger.at);
    if (json_parse(row->body, &json_own, &values, e) < 0 || json_parse(row->given, &json_own, &given, e) < 0 ||
        fields_kept(kind->type->fields, values, e) < 0)
        return -1;
    if (json_kind(values) != JSON_MAP || json_kind(json_get(given, "at")) != JSON_NUMBER)
        return err_broken(e, "record.shape", "%s", "given.at");
    struct record r = {
        .type = kind->type, .id = row->id, .ledger = row->ledger, .area = row->area, .position = row->position,
        .at = json_int(json_get(given, "at")), .received_at = row->received_at, .maker = row->maker, .author = row->author,
        .for_whom = row->for_whom, .proof = row->proof, .values = values, .given = given, .boxes = row->boxes, .mem = mem,
    };
    return apply_record(c, kind, &r, true, e);
}

/* Made again beside the store, it is given up when the server stops; a rebuild goes on to its end. */
static bool given_up(const struct core *c, const struct reader *from)
{
    return from->core != c && atomic_load(&from->core->backup_stop);
}

static int replay_ledger(struct core *c, struct reader *from, struct str ledger, int64_t *pending, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (given_up(c, from))
        return err_again(e, ERR_BUSY, "busy.stopping");
    if (ledger_after(from->store, ledger, 0, &rows, e) < 0)
        return -1;
    while (ledger_next(&rows, &row)) {
        struct arena mem = { 0 };
        JSON_HOME(&mem);
        int result = replay_row(c, &row, &mem, e);
        arena_done(&mem);
        if (result == 0 && ++*pending % REPLAY_COMMIT == 0)
            result = store_commit(c->writer, e) < 0 || store_begin(c->writer, e) < 0 ? -1 : 0;
        if (result < 0)
            return -1;
    }
    return store_failed(from->store, e);
}

static int replay_all(struct core *c, struct reader *from, struct err *e)
{
    struct ledger_head *heads = NULL;
    size_t count = 0;
    int64_t pending = 0;
    int result = ledger_list(from->store, LEDGERS_AS_BEGUN, &heads, &count, e);

    if (result == 0)
        result = store_begin(c->writer, e);
    for (size_t i = 0; result == 0 && i < count; i++) {
        result = replay_ledger(c, from, str_of(heads[i].ledger), &pending, e);
        if (result == 0 && c->progress)
            c->progress("tables", (int64_t)i + 1, (int64_t)count);
    }
    if (result == 0)
        result = areas_repath(c, e);
    if (result == 0)
        result = store_commit(c->writer, e);
    else
        store_rollback(c->writer);
    free(heads);
    return result;
}

static int rebuild(struct core *c, struct err *e)
{
    struct reader *r = NULL;
    int result = 0;

    if (core_fact_set(c, "rebuilding", STR("1"), e) < 0)
        result = -1;
    for (size_t i = 0; result == 0 && i < c->feature_count; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s_", c->features[i]->name);
        result = store_drop(c->writer, c->features[i]->name, prefix, e);
    }
    if (result == 0)
        result = core_schema(c, e);
    atomic_fetch_add(&c->duty_revision, 1);
    if (result == 0)
        result = areas_reload(c, e);
    if (result == 0)
        result = core_reader_open(c, &r, e);
    if (result == 0)
        result = replay_all(c, r, e);
    core_reader_close(r);
    atomic_fetch_add(&c->duty_revision, 1);
    atomic_fetch_add(&c->commits, 1);
    if (result == 0)
        result = areas_publish(c, c->writer, e);
    if (result == 0)
        result = core_opened(c, c->writer, e);
    if (result == 0)
        result = core_fact_set(c, "rebuilding", STR(""), e);
    return result;
}

/*
 * A fact of the installation says that a rebuild is under way; one that was cut
 * short is done again at the next start, and one that failed in a running
 * server (a full disk) by its tick.  Until it has succeeded nobody is shown
 * half the tables, and nothing is written beside them.
 */
int core_rebuild(struct core *c, struct err *e)
{
    bool serving = c->running || atomic_load(&c->rebuilding) == REBUILD_OWED;

    pthread_mutex_lock(&c->tick_lock);
    atomic_store(&c->rebuilding, REBUILD_GOING);
    write_stop(c);
    int result = rebuild(c, e);
    if (result == 0 && serving)
        result = write_start(c, e);
    c->rebuild_at = time_monotonic() + REBUILD_AGAIN;
    atomic_store(&c->rebuilding, result < 0 ? REBUILD_OWED : REBUILD_NONE);
    pthread_mutex_unlock(&c->tick_lock);
    return result;
}

bool core_rebuilding(struct core *c)
{
    return atomic_load(&c->rebuilding) != REBUILD_NONE;
}

/* ---- tables, and what they should be ------------------------------------------------ */

static void tables_add(void *ctx, const char *table, const uint8_t digest[32])
{
    struct tables *t = ctx;

    t->at = MEM_GROW(t->at, t->count, t->room);
    struct table_digest *d = &t->at[t->count++];
    *d = (struct table_digest){ 0 };
    snprintf(d->name, sizeof d->name, "%s", table);
    memcpy(d->digest, digest, sizeof d->digest);
}

static int tables_of(struct core *c, struct store *s, struct tables *out, struct err *e)
{
    for (size_t i = 0; i < c->feature_count; i++) {
        char prefix[64];
        snprintf(prefix, sizeof prefix, "%s_", c->features[i]->name);
        if (store_digests(s, prefix, tables_add, out, e) < 0)
            return -1;
    }
    return 0;
}

void tables_done(struct tables *t)
{
    free(t->at);
    *t = (struct tables){ 0 };
}

bool table_same(const struct tables *others, const struct table_digest *t)
{
    for (size_t i = 0; i < others->count; i++)
        if (strcmp(others->at[i].name, t->name) == 0)
            return memcmp(others->at[i].digest, t->digest, sizeof t->digest) == 0;
    return false;
}

int core_tables(struct core *c, struct tables *out, struct err *e)
{
    struct reader *r;

    if (core_reader_open(c, &r, e) < 0)
        return -1;
    int result = tables_of(c, r->store, out, e);
    core_reader_close(r);
    return result;
}

void tables_hash(const struct tables *t, uint8_t out[32])
{
    seal_hash((struct str){ (const char *)t->at, t->count * sizeof *t->at }, out);
}

int core_tables_digest(struct core *c, uint8_t out[32], struct err *e)
{
    CLEANUP(tables_done) struct tables tables = { 0 };

    if (core_tables(c, &tables, e) < 0)
        return -1;
    tables_hash(&tables, out);
    return 0;
}

/* Empty and of no incarnation, as if to be restored: nobody serves it, should a kill leave it behind. */
static int make_beside(const char *url, struct err *e)
{
    struct store *s;

    if (store_open(&s, url, STORE_WRITE, e) < 0)
        return -1;
    int result = ledger_schema(s, e) < 0 || core_installation_schema(s, e) < 0 || core_fact_put(s, RESTORING_FACT, STR("tables"), e) < 0 ? -1 : 0;
    store_close(s);
    return result;
}

static void remove_beside(const char *url)
{
    static const char *const endings[] = { "", "-wal", "-shm", "-journal", ".lock" };

    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        CLEANUP(buf_done) struct buf path = { 0 };
        buf_printf(&path, "%s%s", store_path(url), endings[i]);
        unlink(buf_z(&path));
    }
}

static int compare_tables(struct core *made, struct reader *ours, struct verify_report *out, struct err *e)
{
    CLEANUP(tables_done) struct tables stand = { 0 }, should = { 0 };

    if (tables_of(made, ours->store, &stand, e) < 0 || replay_all(made, ours, e) < 0 || tables_of(made, made->writer, &should, e) < 0)
        return -1;
    for (size_t i = 0; i < should.count; i++) {
        const struct table_digest *t = &should.at[i];
        out->tables++;
        if (table_same(&stand, t))
            continue;
        if (!out->bad_tables++ && !out->first_bad[0])
            snprintf(out->first_bad, sizeof out->first_bad, "table %s of %.*s", t->name, (int)strcspn(t->name, "_"), t->name);
    }
    return 0;
}

int core_verify_tables(struct core *c, struct verify_report *out, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    const char *url = core_beside(&mem, NULL, c->url, ".tables");
    struct core_options o = { .store = url, .features = c->features + 1, .keyless = true, .restoring = true, .progress = c->progress };
    struct core *made = NULL;
    struct reader *ours = NULL;

    if (core_rebuilding(c))
        return err_again(e, ERR_BUSY, "busy.rebuilding");
    remove_beside(url);             /* what a kill left behind */
    int result = make_beside(url, e) < 0 || core_open(&made, &o, e) < 0 || core_reader_open(c, &ours, e) < 0 ? -1 : 0;
    if (result == 0)
        result = store_snapshot(ours->store, e);
    if (result == 0) {
        write_stop(made);           /* its writer is us */
        result = compare_tables(made, ours, out, e);
        store_snapshot_end(ours->store);
    }
    core_reader_close(ours);
    core_close(made);
    remove_beside(url);
    return result;
}

int core_erase(struct core *c, struct str ledger, struct id subject, struct err *e)
{
    return seal_erase(c->seal, ledger, subject, e);
}
