/*
 * figures.c - how the installation does, for who watches over it: counts, times, sizes, and whether a write can be made.
 *
 * What happens is counted as it happens.  What must be asked of the store is
 * asked by the tick, through the reader it keeps, and handed out from memory,
 * so that looking costs nothing and never waits for the writer.  Nothing here
 * is about a person.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>

#include "core_figures.sql.h"

enum { LOOK_MS = 2000, TIGHT_BYTES = 1 << 20, OTHER = CORE_KEYS - 1 };

const int64_t core_commit_bounds[CORE_TIMES] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000 };

int64_t figures_micros(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void figures_open(struct core *c)
{
    pthread_mutex_init(&c->figures_lock, NULL);
    c->slow_micros = 1000 * setting_number("slow_ms");
}

void figures_close(struct core *c)
{
    pthread_mutex_destroy(&c->figures_lock);
    free(c->keys_url);
}

/* ---- noted by the writer -------------------------------------------------------------- */

void figures_committed(struct core *c, int64_t micros)
{
    size_t in = 0;

    while (in < CORE_TIMES && micros > core_commit_bounds[in])
        in++;
    pthread_mutex_lock(&c->figures_lock);
    c->figures.commit_within[in]++;
    c->figures.commit_micros += micros;
    if (micros >= c->slow_micros) {
        c->slow_count++;
        c->slow_worst = micros > c->slow_worst ? micros : c->slow_worst;
    }
    pthread_mutex_unlock(&c->figures_lock);
}

void figures_well(struct core *c)
{
    pthread_mutex_lock(&c->figures_lock);
    c->figures.failing[0] = 0;
    pthread_mutex_unlock(&c->figures_lock);
}

void figures_failed(struct core *c, const struct err *e)
{
    pthread_mutex_lock(&c->figures_lock);
    snprintf(c->figures.failing, sizeof c->figures.failing, "%s", e->key);
    pthread_mutex_unlock(&c->figures_lock);
}

/* Keys come from the program's own text, so there are few; what finds no room is "other". */
static void count_key(struct core_refusals *r, const char *key)
{
    size_t i = 0;

    while (i < OTHER && r[i].key[0] && strcmp(r[i].key, key) != 0)
        i++;
    snprintf(r[i].key, sizeof r[i].key, "%s", i < OTHER ? key : "other");
    r[i].count++;
}

void figures_refused(struct core *c, const struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        if (b->results[i].status != RESULT_REFUSED)
            continue;
        atomic_fetch_add(&c->refused, 1);
        pthread_mutex_lock(&c->figures_lock);
        count_key(c->figures.refusals, b->results[i].err.key);
        pthread_mutex_unlock(&c->figures_lock);
    }
}

bool core_slow(struct core *c, int64_t *count, int64_t *worst_ms)
{
    pthread_mutex_lock(&c->figures_lock);
    *count = c->slow_count;
    *worst_ms = c->slow_worst / 1000;
    c->slow_count = c->slow_worst = 0;
    pthread_mutex_unlock(&c->figures_lock);
    return *count > 0;
}

/* ---- looked at by the tick -------------------------------------------------------------- */

struct sizes {
    int64_t bytes, log;
};

static struct sizes sizes_of(const char *url)
{
    CLEANUP(buf_done) struct buf log = { 0 };
    struct sizes s = { 0 };
    struct stat st;

    buf_printf(&log, "%s-wal", store_path(url));
    if (stat(store_path(url), &st) == 0)
        s.bytes = st.st_size;
    if (stat(buf_z(&log), &st) == 0)
        s.log = st.st_size;
    return s;
}

static void look_at_disk(struct core *c, struct core_figures *f)
{
    struct sizes store = sizes_of(c->url), keys = c->keys_url ? sizes_of(c->keys_url) : (struct sizes){ 0 };
    struct statvfs disk;

    f->store_bytes = store.bytes, f->store_log_bytes = store.log;
    f->keys_bytes = keys.bytes, f->keys_log_bytes = keys.log;
    if (statvfs(store_path(c->url), &disk) == 0) {
        f->disk_free = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
        f->disk_size = (int64_t)disk.f_blocks * (int64_t)disk.f_frsize;
    }
}

/* Up to four numbers of one row. */
static void numbers(struct store *s, const struct sql *sql, struct args args, int64_t *out[4])
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err ignored = { 0 };

    if (store_query(s, &rows, sql, args, &ignored) == 0 && rows_next(&rows))
        for (int i = 0; i < 4 && out[i]; i++)
            *out[i] = rows_int(&rows, i);
    rows_done(&rows);
    (void)!store_failed(s, &ignored);
}

void figures_look(struct core *c, struct reader *reader)
{
    int64_t now = time_now(), clock = time_monotonic(), due_at = 0, owed_at = 0;
    struct core_figures f = { 0 };
    struct arena mem = { 0 };
    struct err ignored = { 0 };
    struct str fact;
    int64_t backup_at;

    pthread_mutex_lock(&c->figures_lock);
    bool soon = c->looked_at && clock - c->looked_at < LOOK_MS;
    c->looked_at = soon ? c->looked_at : clock;
    pthread_mutex_unlock(&c->figures_lock);
    if (soon)
        return;
    look_at_disk(c, &f);
    numbers(reader->store, &sql_alarms_overdue, ARGS(now), (int64_t *[4]){ &f.alarms_overdue, &due_at });
    numbers(reader->store, &sql_outbox, NO_ARGS, (int64_t *[4]){ &f.owed, &owed_at });
    numbers(reader->store, &sql_ledgers, NO_ARGS, (int64_t *[4]){ &f.ledgers, &f.records, &f.unsafe });
    bool known = core_fact_read(reader->store, "backup_at", &mem, &fact, &ignored) == 0 && str_to_int(fact, &backup_at);
    f.backup_age = known ? now - backup_at : -1;
    arena_done(&mem);
    pthread_mutex_lock(&c->figures_lock);
    struct core_figures *to = &c->figures;
    to->alarms_overdue = f.alarms_overdue, to->alarms_age = due_at ? now - due_at : 0;
    to->owed = f.owed, to->owed_age = owed_at ? now - owed_at : 0;
    to->ledgers = f.ledgers, to->records = f.records;
    to->backup_age = f.backup_age, to->unsafe = f.unsafe;
    to->store_bytes = f.store_bytes, to->store_log_bytes = f.store_log_bytes;
    to->keys_bytes = f.keys_bytes, to->keys_log_bytes = f.keys_log_bytes;
    to->disk_free = f.disk_free, to->disk_size = f.disk_size;
    pthread_mutex_unlock(&c->figures_lock);
}

/* ---- handed out ---------------------------------------------------------------------------- */

/* How long the oldest batch has waited, in the queue or in the writer's hands. */
static int64_t oldest_wait(struct core *c)
{
    int64_t since = 0;

    pthread_mutex_lock(&c->queue_lock);
    since = c->writing_since;
    for (int low = 0; low < 2; low++)
        if (c->queue[low] && (!since || c->queue[low]->queued_at < since))
            since = c->queue[low]->queued_at;
    pthread_mutex_unlock(&c->queue_lock);
    return since ? time_monotonic() - since : 0;
}

void core_figures(struct core *c, struct core_figures *out)
{
    pthread_mutex_lock(&c->figures_lock);
    *out = c->figures;
    out->looked_ms = c->looked_at ? time_monotonic() - c->looked_at : -1;
    pthread_mutex_unlock(&c->figures_lock);
    out->stored = c->stored, out->repeated = c->repeated, out->refused = c->refused;
    out->commits = c->commits, out->reads = c->reads, out->waiting = c->waiting, out->readers = c->readers;
    out->waiting_ms = oldest_wait(c);
    if (c->seal) {
        uint64_t lost;
        out->log_stuck = store_stuck(c->writer) || seal_stuck(c->seal);
        out->keys_failing = seal_failing(c->seal, &lost);
        out->keys_lost = (int64_t)lost;
    }
}

bool core_health(struct core *c, char key[48])
{
    uint64_t lost;

    pthread_mutex_lock(&c->figures_lock);
    memcpy(key, c->figures.failing, sizeof c->figures.failing);
    pthread_mutex_unlock(&c->figures_lock);
    pthread_mutex_lock(&c->queue_lock);
    bool stopped = c->stopping || !c->running;
    pthread_mutex_unlock(&c->queue_lock);
    if (stopped)
        strcpy(key, "writer.stopped");              /* a rebuild, or the end */
    else if (oldest_wait(c) > 1000 * setting_number("stuck_seconds"))
        strcpy(key, "writer.stuck");
    else if (!key[0] && c->seal && seal_failing(c->seal, &lost))
        strcpy(key, "keys.failing");
    return !key[0];
}

/*
 * After a failure, and where the disk is all but full, the tick writes a little
 * into both stores: only so does who watches hear that it is over, for whoever
 * asks /healthz before sending anything would wait for ever.
 */
bool figures_doubtful(struct core *c)
{
    uint64_t lost;

    pthread_mutex_lock(&c->figures_lock);
    bool doubt = c->figures.failing[0] || (c->figures.disk_size && c->figures.disk_free < TIGHT_BYTES);
    pthread_mutex_unlock(&c->figures_lock);
    return doubt || (c->seal && seal_failing(c->seal, &lost));
}

static int try_both(struct core *c, void *arg, struct err *e)
{
    char now[24];

    (void)arg;
    if (c->seal && seal_try(c->seal, e) < 0)
        return -1;
    snprintf(now, sizeof now, "%lld", (long long)time_now());
    return core_fact_set(c, "tried_at", str_of(now), e);
}

void figures_try(struct core *c)
{
    struct err failed = { 0 };         /* figures_failed has it already */

    if (write_errand(c, try_both, NULL, &failed) == 0)
        figures_well(c);
}
