/*
 * status.c - /healthz, /metrics and what the program says of itself: nothing about a person.
 *
 * The figures answer three questions: is it well, is it slow, is it filling
 * up.  doc/operations.md lists each with what it is good for; a test holds the
 * list and the answer together.
 */
#include "http/own.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static const int64_t bounds[FIGURE_TIMES] = { 1, 2, 5, 10, 25, 50, 100, 250, 1000, 5000 };   /* ms */

void figure_note(struct http *h, const struct route *route, int status, int64_t ms)
{
    size_t i = route ? (size_t)(route - routes) : ROUTES - 1, in = 0;

    h->figures.answers[i][status >= 100 && status < 600 ? status / 100 : 0]++;
    if (!route || status == 0)
        return;
    while (in < FIGURE_TIMES && ms > bounds[in])
        in++;
    h->figures.within[i][in]++;
    h->figures.millis[i] += (uint64_t)(ms > 0 ? ms : 0);
}

/* ---- is it well? ----------------------------------------------------------------------- */

/* 200 when a write can be made; 503 with the word key of what is in the way. */
void health_get(struct request *r)
{
    struct out o = { .to = &r->reply.body };
    struct err e = { 0 };
    char key[48];

    if (!core_health(r->h->core, key)) {
        (void)err_again(&e, ERR_BUSY, key);
        reply_problem(r, &e);
        return;
    }
    reply_json(r);
    out_open(&o, '{');
    out_key(&o, "ok");
    out_bool(&o, true);
    out_key(&o, "version");
    out_text(&o, STR(WANGGE_VERSION));
    out_key(&o, "incarnation");
    out_id(&o, core_incarnation(r->h->core));
    out_key(&o, "drill");
    out_bool(&o, is_drill(r));
    out_close(&o, '}');
}

/* ---- what there is ------------------------------------------------------------------------ */

/* Made once, and again after a change of the code lists; who has it already need not take it again. */
static void table_reply(struct request *r, struct contract *t, int (*make)(struct request *r, struct buf *to, struct err *e))
{
    const void *codes = core_codes_now(r->h->core);
    struct err e = { 0 };
    char tag[sizeof t->tag];
    uint8_t hash[32];

    pthread_mutex_lock(&t->lock);
    if (!t->body.len || t->codes != codes) {
        buf_clear(&t->body);
        if (make(r, &t->body, &e) < 0)
            buf_clear(&t->body);
        seal_hash(buf_view(&t->body), hash);
        for (size_t i = 0; i < 16; i++)
            snprintf(t->tag + 2 * i, 3, "%02x", hash[i]);
        t->codes = codes;
    }
    buf_str(&r->reply.body, buf_view(&t->body));
    memcpy(tag, t->tag, sizeof tag);
    pthread_mutex_unlock(&t->lock);
    if (e.kind != ERR_NONE) {
        reply_problem(r, &e);
        return;
    }
    reply_json(r);
    r->reply.cache = "no-cache";
    reply_tag(r, tag);
}

static int meta_make(struct request *r, struct buf *to, struct err *e)
{
    (void)e;
    core_meta(r->h->core, to);
    return 0;
}

static int openapi_make(struct request *r, struct buf *to, struct err *e)
{
    struct reader *reader = NULL;

    if (reader_take(r->h, &reader, e) < 0)
        return -1;
    int failed = core_openapi(r->h->core, reader, to, e);
    reader_put(r->h, reader);
    return failed;
}

void meta_get(struct request *r)
{
    table_reply(r, &r->h->meta, meta_make);
}

void openapi_get(struct request *r)
{
    table_reply(r, &r->h->openapi, openapi_make);
}

void contracts_open(struct http *h)
{
    pthread_mutex_init(&h->meta.lock, NULL);
    pthread_mutex_init(&h->openapi.lock, NULL);
}

void contracts_done(struct http *h)
{
    pthread_mutex_destroy(&h->meta.lock);
    pthread_mutex_destroy(&h->openapi.lock);
    buf_done(&h->meta.body);
    buf_done(&h->openapi.body);
}

/* ---- figures -------------------------------------------------------------------------------- */

static void head(struct buf *to, const char *name, const char *kind, const char *words)
{
    buf_printf(to, "# HELP %s %s\n# TYPE %s %s\n", name, words, name, kind);
}

static void counter(struct buf *to, const char *name, int64_t n, const char *words)
{
    head(to, name, "counter", words);
    buf_printf(to, "%s %lld\n", name, (long long)n);
}

static void gauge(struct buf *to, const char *name, int64_t n, const char *words)
{
    head(to, name, "gauge", words);
    buf_printf(to, "%s %lld\n", name, (long long)n);
}

static void seconds(struct buf *to, const char *name, int64_t ms, const char *words)
{
    head(to, name, "gauge", words);
    buf_printf(to, "%s %.3f\n", name, (double)ms / 1000);
}

static void metrics_of_routes(struct http *h, struct buf *to)
{
    struct figures *f = &h->figures;

    head(to, "wangge_http_answers_total", "counter", "Answers by route and class of status; 0xx left without one");
    for (size_t i = 0; i < ROUTES; i++)
        for (int class = 0; class < FIGURE_CLASSES; class++)
            if (f->answers[i][class])
                buf_printf(to, "wangge_http_answers_total{route=\"%s\",status=\"%dxx\"} %llu\n",
                           i < ROUTES - 1 ? routes[i].name : "none", class, (unsigned long long)f->answers[i][class]);
    head(to, "wangge_http_request_seconds", "histogram", "From the whole request in hand to its answer");
    for (size_t i = 0; routes[i].name; i++) {
        uint64_t all = 0;

        for (size_t in = 0; in <= FIGURE_TIMES; in++) {
            all += f->within[i][in];
            if (in < FIGURE_TIMES)
                buf_printf(to, "wangge_http_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", routes[i].name,
                           (double)bounds[in] / 1000, (unsigned long long)all);
        }
        buf_printf(to, "wangge_http_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", routes[i].name, (unsigned long long)all);
        buf_printf(to, "wangge_http_request_seconds_sum{route=\"%s\"} %.3f\n", routes[i].name, (double)f->millis[i] / 1000);
        buf_printf(to, "wangge_http_request_seconds_count{route=\"%s\"} %llu\n", routes[i].name, (unsigned long long)all);
    }
}

static void metrics_of_writing(const struct core_figures *c, struct buf *to)
{
    int64_t all = 0;

    counter(to, "wangge_records_stored_total", c->stored, "Records stored");
    counter(to, "wangge_records_repeated_total", c->repeated, "Records sent again that were there already");
    head(to, "wangge_records_refused_total", "counter", "Records refused, by word key");
    for (size_t i = 0; i < CORE_KEYS && c->refusals[i].key[0]; i++)
        buf_printf(to, "wangge_records_refused_total{key=\"%s\"} %lld\n", c->refusals[i].key, (long long)c->refusals[i].count);
    gauge(to, "wangge_queue_batches", c->waiting, "Batches that wait for the writer or are in its hands");
    seconds(to, "wangge_queue_oldest_seconds", c->waiting_ms, "How long the oldest of them has waited");
    head(to, "wangge_commit_seconds", "histogram", "A transaction on its way to disk, key store and store");
    for (size_t in = 0; in <= CORE_TIMES; in++) {
        all += c->commit_within[in];
        if (in < CORE_TIMES)
            buf_printf(to, "wangge_commit_seconds_bucket{le=\"%g\"} %lld\n", (double)core_commit_bounds[in] / 1e6, (long long)all);
    }
    buf_printf(to, "wangge_commit_seconds_bucket{le=\"+Inf\"} %lld\nwangge_commit_seconds_sum %.6f\nwangge_commit_seconds_count %lld\n",
               (long long)all, (double)c->commit_micros / 1e6, (long long)all);
    counter(to, "wangge_questions_total", c->reads, "Questions answered");
    gauge(to, "wangge_readers", c->readers, "Open connections that read the store");
}

static void metrics_of_store(const struct core_figures *c, struct buf *to)
{
    gauge(to, "wangge_ledgers", c->ledgers, "Ledgers in the store");
    gauge(to, "wangge_ledger_records", c->records, "Records in all of them");
    gauge(to, "wangge_alarms_overdue", c->alarms_overdue, "Alarms that are due and not yet fired");
    seconds(to, "wangge_alarms_overdue_seconds", c->alarms_age, "How long the oldest of them has been due");
    gauge(to, "wangge_outbox_owed", c->owed, "Records owed to other ledgers");
    seconds(to, "wangge_outbox_oldest_seconds", c->owed_age, "How long the oldest of them has been owed");
    head(to, "wangge_backup_age_seconds", "gauge", "Since the last backup was finished; +Inf: there is none");
    if (c->backup_age < 0)
        buf_text(to, "wangge_backup_age_seconds +Inf\n");
    else
        buf_printf(to, "wangge_backup_age_seconds %.3f\n", (double)c->backup_age / 1000);
    gauge(to, "wangge_backup_missing_records", c->unsafe, "Records that are not in it");
    head(to, "wangge_store_bytes", "gauge", "Sizes of the files");
    buf_printf(to, "wangge_store_bytes{file=\"store\"} %lld\nwangge_store_bytes{file=\"store_log\"} %lld\n"
                   "wangge_store_bytes{file=\"keys\"} %lld\nwangge_store_bytes{file=\"keys_log\"} %lld\n",
               (long long)c->store_bytes, (long long)c->store_log_bytes, (long long)c->keys_bytes, (long long)c->keys_log_bytes);
    gauge(to, "wangge_disk_free_bytes", c->disk_free, "Free bytes where the store is");
    gauge(to, "wangge_disk_size_bytes", c->disk_size, "All bytes where the store is");
    gauge(to, "wangge_store_log_stuck", c->log_stuck, "1: a sync of a store's file failed; its log is kept and only grows until the server is started again");
    gauge(to, "wangge_keys_failing", c->keys_failing, "1: the newest write of the key store failed");
    counter(to, "wangge_keys_undone_total", c->keys_lost, "Transactions of the key store that failed and were undone");
    seconds(to, "wangge_looked_seconds", c->looked_ms,
            "How long ago the store was looked at for the figures above; more than some seconds: the tick stands still");
}

static int64_t resident(void)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err e = { 0 };
    long long pages = 0;

    if (file_read("/proc/self/statm", 4096, &text, &e) < 0 || sscanf(buf_z(&text), "%*d %lld", &pages) != 1)
        return 0;
    return pages * sysconf(_SC_PAGESIZE);
}

static int64_t open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int64_t n = -3;                      /* ".", ".." and the folder itself */

    if (!folder)
        return 0;
    while (readdir(folder))
        n++;
    closedir(folder);
    return n;
}

static void metrics_of_process(struct http *h, struct buf *to)
{
    struct rlimit files = { 0 };
    size_t streams;
    uint64_t events;

    hub_figures(h->hub, &streams, &events);
    pthread_mutex_lock(&h->lock);
    size_t peers = h->peer_count, waiting = h->suspended;
    pthread_mutex_unlock(&h->lock);
    getrlimit(RLIMIT_NOFILE, &files);
    gauge(to, "wangge_http_connections", (int64_t)peers, "Open connections");
    gauge(to, "wangge_http_waiting", (int64_t)waiting, "Requests that wait for the disk or a worker");
    gauge(to, "wangge_http_workers_waiting", (int64_t)work_waiting(h->work), "Sign-ins that wait for a worker");
    gauge(to, "wangge_http_questions_waiting", (int64_t)work_waiting(h->questions), "Long questions that wait for their turn");
    gauge(to, "wangge_http_upload_bytes", (int64_t)atomic_load(&h->uploading), "Bodies of requests in memory");
    gauge(to, "wangge_stream_open", (int64_t)streams, "Open event streams");
    counter(to, "wangge_stream_events_total", (int64_t)events, "Events told");
    gauge(to, "process_resident_memory_bytes", resident(), "Memory in use");
    gauge(to, "process_open_fds", open_files(), "Open files and connections");
    gauge(to, "process_max_fds", (int64_t)files.rlim_cur, "Most there may be");
    seconds(to, "process_start_time_seconds", h->started_at, "When the program began to serve, seconds since 1970");
    head(to, "wangge_build_info", "gauge", "The version of the program");
    buf_text(to, "wangge_build_info{version=\"" WANGGE_VERSION "\"} 1\n");
}

void metrics_get(struct request *r)
{
    struct buf *to = &r->reply.body;
    struct core_figures c;
    char key[48];

    core_figures(r->h->core, &c);
    r->reply.status = 200;
    r->reply.type = "text/plain; version=0.0.4; charset=utf-8";
    gauge(to, "wangge_healthy", core_health(r->h->core, key), "1: a write can be made; what /healthz says");
    metrics_of_routes(r->h, to);
    metrics_of_writing(&c, to);
    metrics_of_store(&c, to);
    metrics_of_process(r->h, to);
}
