/*
 * status.c - /healthz, /metrics and /api/meta: nothing about a person.
 */
#include "http/own.h"

#include <stdio.h>

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

void health_get(struct request *r)
{
    struct out o = { .to = &r->reply.body };

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

void meta_get(struct request *r)
{
    uint8_t hash[32];
    char tag[36] = "\"";

    reply_json(r);
    core_meta(r->h->core, &r->reply.body);
    seal_hash(buf_view(&r->reply.body), hash);
    for (size_t i = 0; i < 16; i++)
        snprintf(tag + 1 + 2 * i, 3, "%02x", hash[i]);
    tag[33] = '"';
    r->reply.cache = "no-cache";
    reply_tag(r, tag);
}

static void metric(struct buf *to, const char *name, const char *kind, const char *words, int64_t n)
{
    buf_printf(to, "# HELP wangge_%s %s\n# TYPE wangge_%s %s\nwangge_%s %lld\n", name, words, name, kind, name, (long long)n);
}

static void metrics_of_routes(struct http *h, struct buf *to)
{
    struct figures *f = &h->figures;

    buf_text(to, "# HELP wangge_http_answers_total Answers by route and class of status; 0xx left without one\n"
                 "# TYPE wangge_http_answers_total counter\n");
    for (size_t i = 0; i < ROUTES; i++)
        for (int class = 0; class < FIGURE_CLASSES; class++)
            if (f->answers[i][class])
                buf_printf(to, "wangge_http_answers_total{route=\"%s\",status=\"%dxx\"} %llu\n",
                           i < ROUTES - 1 ? routes[i].name : "none", class, (unsigned long long)f->answers[i][class]);
    buf_text(to, "# HELP wangge_http_request_seconds From the whole request in hand to its answer\n"
                 "# TYPE wangge_http_request_seconds histogram\n");
    for (size_t i = 0; routes[i].name; i++) {
        uint64_t all = 0;

        for (size_t in = 0; in <= FIGURE_TIMES; in++) {
            all += f->within[i][in];
            if (in < FIGURE_TIMES)
                buf_printf(to, "wangge_http_request_seconds_bucket{route=\"%s\",le=\"%g\"} %llu\n", routes[i].name,
                           (double)bounds[in] / 1000, (unsigned long long)all);
        }
        buf_printf(to, "wangge_http_request_seconds_bucket{route=\"%s\",le=\"+Inf\"} %llu\n", routes[i].name, (unsigned long long)all);
        buf_printf(to, "wangge_http_request_seconds_sum{route=\"%s\"} %g\n", routes[i].name, (double)f->millis[i] / 1000);
        buf_printf(to, "wangge_http_request_seconds_count{route=\"%s\"} %llu\n", routes[i].name, (unsigned long long)all);
    }
}

void metrics_get(struct request *r)
{
    struct http *h = r->h;
    struct buf *to = &r->reply.body;
    struct core_figures c = { 0 };
    size_t streams;
    uint64_t events;

    core_figures(h->core, &c);
    hub_figures(h->hub, &streams, &events);
    pthread_mutex_lock(&h->lock);
    size_t peers = h->peer_count, waiting = h->suspended;
    pthread_mutex_unlock(&h->lock);
    r->reply.status = 200;
    r->reply.type = "text/plain; version=0.0.4; charset=utf-8";
    metric(to, "records_stored_total", "counter", "Records stored", c.stored);
    metric(to, "records_repeated_total", "counter", "Records sent again", c.repeated);
    metric(to, "records_refused_total", "counter", "Records refused", c.refused);
    metric(to, "commits_total", "counter", "Transactions on disk", c.commits);
    metric(to, "questions_total", "counter", "Questions answered", c.reads);
    metric(to, "records_waiting", "gauge", "Records that wait for the writer", c.waiting);
    metric(to, "alarms_waiting", "gauge", "Alarms set and not yet due or fired", c.alarms_waiting);
    metric(to, "deliveries_owed", "gauge", "Records owed to other ledgers", c.owed);
    metric(to, "http_connections", "gauge", "Open connections", (int64_t)peers);
    metric(to, "http_waiting", "gauge", "Requests that wait for the disk or a worker", (int64_t)waiting);
    metric(to, "http_workers_waiting", "gauge", "Sign-ins that wait for a worker", (int64_t)work_waiting(h->work));
    metric(to, "http_upload_bytes", "gauge", "Bodies of requests in memory", (int64_t)atomic_load(&h->uploading));
    metric(to, "stream_open", "gauge", "Open event streams", (int64_t)streams);
    metric(to, "stream_events_total", "counter", "Events told", (int64_t)events);
    metrics_of_routes(h, to);
}
