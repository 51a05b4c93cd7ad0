/*
 * queue.c - the writer's thread: every waiting batch into one transaction.
 *
 * Records are written ledger by ledger, within a ledger in the order of their
 * arrival.  Nothing is answered before the commit, and no secret is needed
 * that is not on disk before the record sealed with it.  A bulk load moves the
 * writer into the caller's thread and commits every few thousand records.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>

enum { GROUP_MOST = 4096, BULK_COMMIT = 8192 };

static int by_ledger(const void *l, const void *r)
{
    const struct entry *a = *(struct entry *const *)l, *b = *(struct entry *const *)r;
    int cmp = strcmp(a->ledger, b->ledger);

    if (cmp)
        return cmp;
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

enum { VILLAGE_DIGITS = 12 };

void ledger_name(char name[LEDGER_NAME], struct str ledger, bool looks)
{
    static const struct str read = { "/read", 5 };
    size_t room = LEDGER_NAME - 1 - read.len, n = ledger.len < room ? ledger.len : room;

    memcpy(name, ledger.at ? ledger.at : "", n);
    if (looks) {
        memcpy(name + n, read.at, read.len);
        n += read.len;
    }
    name[n] = 0;
}

/* Where a record goes: its area's ledger, or as the digits say when the area is made just before it. */
static void route(struct core *c, struct entry *it)
{
    const struct area *a = area_find(c->writing, it->area);
    struct str village = { it->area.at, it->area.len > VILLAGE_DIGITS ? VILLAGE_DIGITS : it->area.len };

    if (!a)
        a = area_find(c->writing, village);
    ledger_name(it->ledger, a ? a->ledger : village, it->kind->type->looks);
}

static int write_all(struct core *c, struct entry **entries, size_t count, struct err *e)
{
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin + 1; end < count && strcmp(entries[end]->ledger, entries[begin]->ledger) == 0; end++)
            ;
        if (write_ledger(c, entries + begin, end - begin, e) < 0)
            return -1;
    }
    return 0;
}

/* Secrets first, then the records sealed with them, then what readers may see. */
static int settle(struct core *c, struct err *e)
{
    struct err late = { 0 };

    if (c->tree_dirty && areas_repath(c, e) < 0)
        return -1;
    int64_t began = figures_micros();
    if ((c->seal && seal_sync_since(c->seal, c->seal_mark, e) < 0) || store_commit(c->writer, e) < 0)
        return -1;
    figures_committed(c, figures_micros() - began);
    seen_note(c);
    c->settled = lists_now(c);
    atomic_fetch_add(&c->commits, 1);
    if (c->duties_dirty)                    /* a reader may have kept what stood before */
        atomic_fetch_add(&c->duty_revision, 1);
    c->duties_dirty = false;
    if (c->areas_dirty)
        (void)!areas_publish(c, c->writer, &late);      /* stored is stored: while it stays dirty each commit tries again */
    return 0;
}

static void undo(struct core *c)
{
    struct err ignored = { 0 };

    store_fence(c->writer, NULL);
    store_rollback(c->writer);
    (void)!store_failed(c->writer, &ignored);
    c->duties_dirty = false;
    c->appended = 0;
    lists_back(c, c->settled);
    c->settled = lists_now(c);
    (void)!areas_reload(c, &ignored);
}

static void tell(struct core *c, struct entry **entries, size_t count)
{
    struct event *events = mem_take((count + 1) * sizeof *events);
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        const struct result *r = entry_result(entries[i]);
        if (r->status == RESULT_STORED)
            events[n++] = (struct event){ str_of(r->ledger), str_of(entries[i]->kind->type->name), entries[i]->stored_area, entries[i]->path,
                                          r->position, ++c->event_number };
        if (r->status != RESULT_REFUSED)
            atomic_fetch_add(r->status == RESULT_STORED ? &c->stored : &c->repeated, 1);
    }
    if (n)
        figures_well(c);
    pthread_mutex_lock(&c->listen_lock);
    for (size_t i = 0; n && i < c->listener_count; i++)
        c->listeners[i].tell(c->listeners[i].arg, events, n);
    pthread_mutex_unlock(&c->listen_lock);
    free(events);
}

static int run_errands(struct core *c, struct batch_own *first, bool *wrote, struct err *e)
{
    for (struct batch_own *b = first; b; b = b->next) {
        *wrote |= b->errand != NULL;
        if (b->errand && b->errand(c, b->errand_arg, e) < 0)
            return -1;
    }
    return 0;
}

static bool any_stored(struct entry **entries, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (entry_result(entries[i])->status == RESULT_STORED)
            return true;
    return false;
}

static void write_batches(struct core *c, struct batch_own *first)
{
    struct entry **entries = NULL;
    size_t count = 0, room = 0;
    struct err e = { 0 };
    bool ok, wrote = c->bulk;

    for (struct batch_own *b = first; b; b = b->next)
        for (size_t i = 0; i < b->open.count; i++) {
            if (b->open.results[i].status == RESULT_REFUSED)
                continue;
            entries = MEM_GROW(entries, count, room);
            entries[count] = &b->entries[i];
            route(c, entries[count]);
            entries[count]->dropped = false;
            entries[count]->arrival = count;
            count++;
        }
    if (count > 1)
        qsort(entries, count, sizeof *entries, by_ledger);
    if (!c->bulk_open && c->seal)
        c->seal_mark = seal_mark(c->seal);
    ok = c->bulk_open || store_begin(c->writer, &e) == 0;
    c->bulk_open = c->bulk;
    ok = ok && write_all(c, entries, count, &e) == 0 && run_errands(c, first, &wrote, &e) == 0;
    c->bulk_pending += (int64_t)count;
    if (ok && !wrote && !any_stored(entries, count)) {     /* refused, or on disk long since: nothing to wait for the disk for */
        store_rollback(c->writer);
        c->bulk_pending = 0;
    } else if (ok && (!c->bulk || c->bulk_pending >= BULK_COMMIT)) {
        ok = settle(c, &e) == 0;
        c->bulk_open = false;
        c->bulk_pending = 0;
    }
    if (!ok) {
        if (e.kind == ERR_NONE || e.kind == ERR_INVALID)
            err_broken(&e, "store.failed", "commit");
        undo(c);
        figures_failed(c, &e);
        c->bulk_open = false;
        c->bulk_pending = 0;
        e.again = true;
        for (size_t i = 0; i < count; i++)
            entry_refuse(entries[i], &e);
    }
    for (struct batch_own *b = first; b; b = b->next)
        b->undone = ok ? (struct err){ 0 } : e;
    tell(c, entries, count);
    free(entries);
}

/* ---- the queue ------------------------------------------------------------------------- */

static void finish(struct batch_own *b)
{
    while (b) {
        struct batch_own *next = b->next;
        b->next = NULL;
        figures_refused(b->core, &b->open);
        atomic_fetch_sub(&b->core->waiting, 1);
        if (b->open.done)
            b->open.done(&b->open, b->open.arg);   /* may free it */
        b = next;
    }
}

/* Every waiting batch up to a bound; of the low ones one at a time, beside the others. */
static struct batch_own *take(struct core *c)
{
    struct batch_own *first = NULL, **end = &first;
    size_t records = 0;

    for (int low = 0; low < 2; low++)
        while (c->queue[low] && records < GROUP_MOST) {
            struct batch_own *b = c->queue[low];
            c->queue[low] = b->next;
            if (!c->queue[low])
                c->queue_end[low] = &c->queue[low];
            b->next = NULL;
            *end = b;
            end = &b->next;
            records += b->open.count;
            if (low)
                break;
        }
    return first;
}

static void *writer_main(void *arg)
{
    struct core *c = arg;

    for (;;) {
        pthread_mutex_lock(&c->queue_lock);
        c->writing_since = 0;
        while (!c->queue[0] && !c->queue[1] && !c->stopping)
            pthread_cond_wait(&c->queue_wake, &c->queue_lock);
        struct batch_own *taken = take(c);
        c->writing_since = taken ? taken->queued_at : 0;
        pthread_mutex_unlock(&c->queue_lock);
        if (!taken)
            return NULL;
        write_batches(c, taken);
        finish(taken);
    }
}

static void refuse_batch(struct batch *b, const char *key)
{
    struct err e = { 0 };

    err_again(&e, ERR_BUSY, key);
    for (size_t i = 0; i < b->count; i++)
        if (b->results[i].status == RESULT_WAITING) {
            b->results[i].status = RESULT_REFUSED;
            b->results[i].err = e;
        }
    if (b->done)
        b->done(b, b->arg);
}

void core_submit(struct core *c, struct batch *b)
{
    bool taken = false;

    pthread_mutex_lock(&c->queue_lock);
    if (!c->stopping && c->running) {
        atomic_fetch_add(&c->waiting, 1);
        b->own->queued_at = time_monotonic();
        *c->queue_end[b->low] = b->own;
        c->queue_end[b->low] = &b->own->next;
        taken = true;
        pthread_cond_signal(&c->queue_wake);
    }
    pthread_mutex_unlock(&c->queue_lock);
    if (!taken)
        refuse_batch(b, "busy.stopping");
}

struct wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool over;
};

static void wake(struct batch *b, void *arg)
{
    struct wait *w = arg;

    (void)b;
    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
}

void core_write(struct core *c, struct batch *b)
{
    struct wait w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false };

    if (c->bulk && !write_elsewhere(c)) {
        b->own->next = NULL;
        write_batches(c, b->own);
        return;
    }
    b->done = wake;
    b->arg = &w;
    core_submit(c, b);
    pthread_mutex_lock(&w.lock);
    while (!w.over)
        pthread_cond_wait(&w.wake, &w.lock);
    pthread_mutex_unlock(&w.lock);
}

int write_errand(struct core *c, int (*run)(struct core *c, void *arg, struct err *e), void *arg, struct err *e)
{
    struct batch *b = core_batch_new(c, &who_system, time_now());
    int result = 0;

    err_again(&b->own->undone, ERR_BUSY, "busy.stopping");      /* unless a writer takes it */
    b->own->errand = run;
    b->own->errand_arg = arg;
    core_write(c, b);
    if (b->own->undone.kind != ERR_NONE) {
        *e = b->own->undone;
        result = -1;
    }
    core_batch_free(b);
    return result;
}

/* A server's tick must not touch the connection with which its control thread makes a drill. */
bool write_elsewhere(struct core *c)
{
    return c->bulk && !pthread_equal(c->bulk_thread, pthread_self());
}

void core_bulk_begin(struct core *c)
{
    write_stop(c);
    c->bulk_thread = pthread_self();
    c->bulk = true;
    c->stopping = false;
}

/* Makes what the bulk load wrote so far visible and durable. */
int write_flush(struct core *c, struct err *e)
{
    if (write_elsewhere(c) || !c->bulk_open)
        return 0;
    c->bulk_open = false;
    c->bulk_pending = 0;
    if (settle(c, e) == 0)
        return 0;
    undo(c);
    return -1;
}

int core_bulk_end(struct core *c, struct err *e)
{
    int result = write_flush(c, e);

    c->bulk = false;
    return write_start(c, e) < 0 ? -1 : result;
}

int write_start(struct core *c, struct err *e)
{
    c->stopping = false;
    c->queue[0] = c->queue[1] = NULL;
    c->queue_end[0] = &c->queue[0];
    c->queue_end[1] = &c->queue[1];
    if (pthread_create(&c->thread, NULL, writer_main, c) != 0)
        return err_broken(e, "core.thread", "pthread_create");
    c->running = true;
    return 0;
}

void write_stop(struct core *c)
{
    if (!c->running)
        return;
    pthread_mutex_lock(&c->queue_lock);
    c->stopping = true;
    pthread_cond_signal(&c->queue_wake);
    pthread_mutex_unlock(&c->queue_lock);
    pthread_join(c->thread, NULL);      /* it empties the queue first */
    c->running = false;
}

