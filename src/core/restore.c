/*
 * restore.c - a store made from a backup: ledgers, keys, tables, search tokens, a new incarnation.
 *
 * A store that is being restored says so (RESTORING_FACT) and has no
 * incarnation, so nobody serves it and a restore that was cut goes on with it.
 * The order: that mark; the keys, and whether the master opens them; the
 * ledgers, each record proved; then the store is opened - which applies every
 * tombstone again, also those beside the master that are younger than the
 * backup, and makes the tables - then the tokens; last the incarnation, and
 * the mark goes.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PIECE = 5000 };

struct restore {
    const struct core_options *o;
    const char *folder, *keys, *master;
    struct restore_report *report;
    struct store *from, *to;
    struct ledger_head *heads;      /* of the backup; as far as it is finished */
    size_t count;
    struct str run;                 /* which state of the backup this is */
    struct arena mem;
};

int backup_state(struct store *s, bool restoring, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct str backup, run;

    if (core_fact_read(s, BACKUP_FACT, &mem, &backup, e) < 0 || core_fact_read(s, RESTORING_FACT, &mem, &run, e) < 0)
        return -1;
    if (backup.len)
        return err_set(e, ERR_CONFLICT, "store.is_backup");
    if ((run.len > 0) != restoring)
        return err_set(e, ERR_CONFLICT, restoring ? "restore.exists" : "restore.unfinished");
    return 0;
}

static int open_backup(struct restore *r, struct err *e)
{
    CLEANUP(buf_done) struct buf url = { 0 };

    store_url(&url, r->folder);
    buf_text(&url, "/ledger.db");
    if (!store_has(buf_z(&url)))
        return err_set(e, ERR_MISSING, "backup.missing");
    if (store_open(&r->from, buf_z(&url), STORE_READ, e) < 0 || ledger_schema(r->from, e) < 0 || core_installation_schema(r->from, e) < 0 ||
        core_fact_read(r->from, BACKUP_FACT, &r->mem, &r->run, e) < 0)
        return -1;
    if (!r->run.len || str_is(r->run, "half"))
        return err_set(e, ERR_CONFLICT, r->run.len ? "backup.unfinished" : "backup.missing");
    return ledger_list(r->from, LEDGERS_BY_NAME, &r->heads, &r->count, e);
}

/* The store is ours from now on, or was by a run before us that was cut. */
static int claim(struct restore *r, struct err *e)
{
    struct id whose;
    struct str run;
    struct ledger_head *heads = NULL;
    size_t count = 0;

    if (store_has(r->o->store)) {               /* looked at before anything is touched */
        CLEANUP(store_done) struct store *there = NULL;
        int lives = store_open(&there, r->o->store, STORE_READ, e) < 0 ? -1 : ledger_incarnation(there, &whose, e);
        if (lives)
            return lives < 0 ? -1 : err_set(e, ERR_CONFLICT, "restore.exists");
    }
    if (store_open(&r->to, r->o->store, STORE_WRITE, e) < 0 || ledger_schema(r->to, e) < 0 || core_installation_schema(r->to, e) < 0 ||
        core_fact_read(r->to, RESTORING_FACT, &r->mem, &run, e) < 0 || ledger_list(r->to, LEDGERS_BY_NAME, &heads, &count, e) < 0)
        return -1;
    free(heads);
    if (run.len)
        return str_eq(run, r->run) ? 0 : err_set(e, ERR_CONFLICT, "restore.other");
    if (count || store_has(r->keys))
        return err_set(e, ERR_CONFLICT, count ? "restore.exists" : "keys.exists");
    if (store_begin(r->to, e) < 0 || core_fact_put(r->to, RESTORING_FACT, r->run, e) < 0 ||
        core_fact_put(r->to, "rebuilding", STR("1"), e) < 0 || core_facts_copy(r->from, r->to, e) < 0)
        return -1;
    return store_commit(r->to, e);
}

/* The keys come whole or not at all, so those that stand there came from this backup. */
static int bring_keys(struct restore *r, struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };
    struct seal *s = NULL;

    buf_printf(&path, "%s/keys.db", r->folder);
    if (!store_has(r->keys) && seal_copy_back(buf_z(&path), r->keys, e) < 0)
        return -1;
    if (seal_open(&s, r->keys, r->master, false, e) < 0)
        return -1;
    seal_close(s);
    return 0;
}

static int bring_ledger(struct pieces *p, const struct ledger_head *head, struct err *e)
{
    struct ledger_head at;
    int result = pieces_ledger(p, str_of(head->ledger), head->safe, &at, e);

    if (result == 1)
        snprintf(e->field, sizeof e->field, "%s", head->ledger);
    return result ? -1 : 0;
}

static int note_newest(struct restore *r, const struct ledger_head *head, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_between(r->from, str_of(head->ledger), head->safe - 1, head->safe, &rows, e) < 0)
        return -1;
    if (ledger_next(&rows, &row) && row.received_at > r->report->newest_at)
        r->report->newest_at = row.received_at;
    return store_failed(r->from, e);
}

static int bring_ledgers(struct restore *r, struct err *e)
{
    struct pieces p = { .from = r->from, .to = r->to, .size = PIECE };
    int64_t all = 0;
    int result = store_begin(r->to, e);

    for (size_t i = 0; i < r->count; i++)
        all += r->heads[i].safe;
    for (size_t i = 0; result == 0 && i < r->count; i++) {
        result = bring_ledger(&p, &r->heads[i], e) < 0 ? -1 : note_newest(r, &r->heads[i], e);
        r->report->ledgers += r->heads[i].safe > 0;
        r->report->records += r->heads[i].safe;
        if (result == 0 && r->o->progress)
            r->o->progress("ledgers", r->report->records, all);
    }
    return result < 0 ? -1 : store_commit(r->to, e);
}

/* The mark goes with the incarnation that comes. */
static int finish(struct core *c, void *arg, struct err *e)
{
    (void)arg;
    return ledger_reincarnate(c->writer, id_new(), e) < 0 ? -1 : core_fact_set(c, RESTORING_FACT, STR(""), e);
}

static int make_the_rest(struct restore *r, struct err *e)
{
    struct core_options o = *r->o;
    struct restore_report *report = r->report;
    struct core *c = NULL;

    o.create = false, o.keyless = false, o.restoring = true;
    int result = core_open(&c, &o, e);
    if (result == 0)
        result = core_tokens(c, &report->findable, e);
    if (result == 0)
        result = seal_erasures(core_seal(c), &report->erased, &report->erased_periods, e);
    if (result == 0)
        result = write_errand(c, finish, NULL, e);
    core_close(c);
    return result;
}

static int bring(struct restore *r, struct err *e)
{
    return open_backup(r, e) < 0 || claim(r, e) < 0 || bring_keys(r, e) < 0 ? -1 : bring_ledgers(r, e);
}

int core_restore(const struct core_options *o, const char *folder, struct restore_report *out, struct err *e)
{
    struct restore r = { .o = o, .folder = folder, .report = out };
    int lock = backup_lock(folder, false, e);

    memset(out, 0, sizeof *out);
    if (lock < 0)
        return -1;
    r.keys = core_beside(&r.mem, o->keys, o->store, ".keys");
    r.master = core_beside(&r.mem, o->master, store_path(o->store), ".keys.master");
    int result = bring(&r, e);
    store_close(r.from);
    store_close(r.to);
    free(r.heads);
    close(lock);
    if (result == 0)
        result = make_the_rest(&r, e);
    arena_done(&r.mem);
    return result;
}
