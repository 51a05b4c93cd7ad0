/*
 * server.c - starting, stopping, and the table of what there is.
 *
 * Server threads answer questions themselves and wait for nothing else: a
 * request that needs the disk, a password check or a long walk is suspended.  A stop
 * refuses what is new, ends the streams, lets what was taken on be answered,
 * and only then closes.
 */
#include "http/own.h"

#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTION_BYTES = 32 * 1024,   /* first line, headers and buffers of one connection */
    SIGN_IN_BYTES = 4096,
    REVEAL_BYTES = 16 * 1024,
    BACKLOG = 1024,
    LEAVE_SECONDS = 10,             /* for answers to leave when stopping */
    DESCRIPTORS_KEPT = 128,         /* for stores and files */
};

const struct route routes[] = {
    { "session", "GET", "/api/session", ROUTE_SESSION, 0, session_show },
    { "sign_in", "POST", "/api/session", ROUTE_BODY | ROUTE_SECRET, SIGN_IN_BYTES, session_open },
    { "sign_out", "DELETE", "/api/session", ROUTE_SESSION, 0, session_end },
    { "account", "POST", "/api/account", ROUTE_SESSION | ROUTE_BODY | ROUTE_SECRET, SIGN_IN_BYTES, account_post },
    { "card", "POST", "/api/card", ROUTE_SESSION | ROUTE_BODY | ROUTE_SECRET, SIGN_IN_BYTES, card_post },
    { "records", "POST", "/api/records", ROUTE_SESSION | ROUTE_BODY, 0, records_post },
    { "parcels", "POST", "/api/parcels", ROUTE_SESSION | ROUTE_BODY, 0, parcels_post },
    { "reveal", "POST", "/api/reveal", ROUTE_SESSION | ROUTE_BODY, REVEAL_BYTES, reveal_post },
    { "bundle", "GET", "/api/bundle", ROUTE_SESSION, 0, bundle_get },
    { "stream", "GET", "/api/stream", ROUTE_SESSION, 0, stream_get },
    { "meta", "GET", "/api/meta", ROUTE_OPEN, 0, meta_get },
    { "openapi", "GET", "/api/openapi.json", ROUTE_OPEN, 0, openapi_get },
    { "ask", "GET", "/api/", ROUTE_SESSION | ROUTE_BELOW, 0, ask_get },
    { "health", "GET", "/healthz", ROUTE_OPEN, 0, health_get },
    { "metrics", "GET", "/metrics", ROUTE_OPEN, 0, metrics_get },
    { "page", "GET", "/", ROUTE_OPEN | ROUTE_BELOW, 0, page_get },
    { 0 },
};
_Static_assert(COUNT_OF(routes) <= ROUTES, "no room for figures");

/* ---- readers: as many as ever were needed at once --------------------------------- */

int reader_take(struct http *h, struct reader **out, struct err *e)
{
    struct reader *reader = NULL;

    pthread_mutex_lock(&h->lock);
    if (h->idle_count)
        reader = h->idle[--h->idle_count];
    pthread_mutex_unlock(&h->lock);
    if (!reader)
        return core_reader_open(h->core, out, e);
    *out = reader;
    return 0;
}

void reader_put(struct http *h, struct reader *reader)
{
    pthread_mutex_lock(&h->lock);
    bool full = h->idle_count == COUNT_OF(h->idle);
    if (!full)
        h->idle[h->idle_count++] = reader;
    pthread_mutex_unlock(&h->lock);
    if (full)
        core_reader_close(reader);
}

bool is_drill(struct request *r)
{
    struct reader *reader = NULL;
    struct err ignored = { 0 };
    struct str fact;

    if (reader_take(r->h, &reader, &ignored) < 0)
        return false;
    bool drill = core_fact(reader, "drill", &r->mem, &fact, &ignored) == 0 && str_is(fact, "1");
    reader_put(r->h, reader);
    return drill;
}

/* ---- starting ------------------------------------------------------------------------ */

/* "127.0.0.1:8440", "[::1]:8440"; url gets the address with the port that was found. */
static int listen_on(const char *where, const char *scheme, char url[96], int *out, struct err *e)
{
    const char *colon = strrchr(where, ':');
    struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM }, *found = NULL;
    struct sockaddr_storage own = { 0 };
    socklen_t own_size = sizeof own;
    char host[64] = "", port[8];
    int on = 1, fd;

    if (!colon || colon - where >= (int)sizeof host)
        return err_broken(e, "http.listen", "'%.80s' is not HOST:PORT", where);
    memcpy(host, where, (size_t)(colon - where));
    if (host[0] == '[' && host[strlen(host) - 1] == ']') {
        host[strlen(host) - 1] = 0;
        memmove(host, host + 1, strlen(host));
    }
    if (getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, &found) != 0 || !found)
        return err_broken(e, "http.listen", "no address '%.80s'", where);
    fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, found->ai_addr, found->ai_addrlen) < 0 ||
        listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&own, &own_size) < 0) {
        int why = errno;

        if (fd >= 0)
            close(fd);
        freeaddrinfo(found);
        return err_broken(e, "http.listen", "%.80s: %s", where, strerror(why));
    }
    freeaddrinfo(found);
    if (getnameinfo((struct sockaddr *)&own, own_size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        host[0] = port[0] = 0;
    snprintf(url, 96, own.ss_family == AF_INET6 ? "%.5s://[%.63s]:%.7s" : "%.5s://%.63s:%.7s", scheme, host, port);
    *out = fd;
    return 0;
}

/* As many connections as are set and descriptors can be had for. */
static unsigned connections(void)
{
    int64_t most = setting_number("connections");
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
        if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur != RLIM_INFINITY && (int64_t)files.rlim_cur - DESCRIPTORS_KEPT < most)
            most = (int64_t)files.rlim_cur - DESCRIPTORS_KEPT;
    }
    return most > 16 ? (unsigned)most : 16;
}

static void http_free(struct http *h)
{
    work_stop(h->work);
    work_stop(h->questions);
    hub_free(h->hub);
    limits_free(h->limits);
    contracts_done(h);
    tls_done(&h->tls);
    for (size_t i = 0; i < h->idle_count; i++)
        core_reader_close(h->idle[i]);
    pthread_mutex_destroy(&h->lock);
    pthread_cond_destroy(&h->quiet);
    free(h);
}

static struct MHD_Daemon *daemon_start(struct http *h, int fd, int threads)
{
    /* request.c is stricter than the older library, and says why. */
#if MHD_VERSION >= 0x00097701
    const enum MHD_OPTION strict = MHD_OPTION_CLIENT_DISCIPLINE_LVL;
    const int level = 1;
#else
    const enum MHD_OPTION strict = MHD_OPTION_STRICT_FOR_CLIENT;
    const int level = 0;
#endif

    static char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
    const struct MHD_OptionItem secure[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, h->tls.chain.at }, { MHD_OPTION_HTTPS_MEM_KEY, 0, h->tls.key.at },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, versions }, { MHD_OPTION_END, 0, NULL },
    };

    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | (tls_on(&h->tls) ? MHD_USE_TLS : 0), 0, NULL, NULL,
                            request_step, h, MHD_OPTION_ARRAY, tls_on(&h->tls) ? secure : secure + 3,
                            MHD_OPTION_LISTEN_SOCKET, fd,
                            MHD_OPTION_THREAD_POOL_SIZE, (unsigned)threads,
                            MHD_OPTION_CONNECTION_LIMIT, connections(),
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(h->timeout / 1000),
                            MHD_OPTION_URI_LOG_CALLBACK, request_line, h,
                            MHD_OPTION_NOTIFY_COMPLETED, request_completed, h,
                            MHD_OPTION_NOTIFY_CONNECTION, peer_changed, h,
                            strict, level,
                            MHD_OPTION_END);
}

/* The host of "host:port", without the brackets of an IPv6 address. */
static void host_of(const char *where, char host[64])
{
    const char *colon = strrchr(where, ':'), *from = where[0] == '[' ? where + 1 : where;
    size_t n = colon ? (size_t)(colon - from) : strlen(from);

    n -= n > 0 && where[0] == '[';
    snprintf(host, 64, "%.*s", (int)n, from);
}

static int secure(struct http *h, const struct http_options *o, struct err *e)
{
    char host[64];

    if (!o->tls || !o->tls[0])
        return 0;
    host_of(o->listen, host);
    return tls_open(&h->tls, o->tls, o->tls_key, host, e);
}

static int trust(struct http *h, const struct http_options *o, struct err *e)
{
    int fd = -1;

    if (!h->tls.authority.len || !o->trust || !o->trust[0])
        return 0;
    if (listen_on(o->trust, "http", h->trust_url, &fd, e) < 0)
        return -1;
    if (trust_start(&h->trust, fd, &h->tls, h->url, e) == 0)
        return 0;
    close(fd);
    return -1;
}

int http_start(struct http **out, struct core *core, const struct http_options *o, struct err *e)
{
    struct http *h = mem_take(sizeof *h);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    int fd = -1, threads = o->threads ? o->threads : (int)processors;
    sigset_t all, before;
    pthread_condattr_t monotonic;

    h->core = core;
    h->max_body = (size_t)setting_number("max_body");
    h->max_streams = (size_t)setting_number("streams");
    h->timeout = 1000 * setting_number("timeout");
    h->log = setting_bool("log_requests");
    h->slow = setting_number("slow_ms");
    h->started_at = time_now();
    pthread_mutex_init(&h->lock, NULL);
    contracts_open(h);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&h->quiet, &monotonic);
    pthread_condattr_destroy(&monotonic);
    h->limits = limits_new(setting_number("requests"));
    /* Signals belong to main. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int failed = secure(h, o, e) < 0 || listen_on(o->listen, tls_on(&h->tls) ? "https" : "http", h->url, &fd, e) < 0 || trust(h, o, e) < 0 ||
                 hub_new(h, &h->hub, e) < 0;
    if (!failed) {
        h->work = work_new(2, 0);
        h->questions = work_new(1, 10);
        h->daemon = daemon_start(h, fd, threads < 2 ? 2 : threads);
        if (!h->daemon)
            failed = err_broken(e, "http.start", "%s", strerror(errno)) < 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed) {
        if (fd >= 0)
            close(fd);
        trust_stop(h->trust);
        if (h->hub)
            hub_end(h->hub);
        http_free(h);
        return -1;
    }
    *out = h;
    return 0;
}

const char *http_url(const struct http *h)
{
    return h->url;
}

const char *http_trust_url(const struct http *h)
{
    return h->trust_url;
}

void http_stop(struct http *h)
{
    struct timespec until;

    if (!h)
        return;
    atomic_store(&h->stopping, true);
    trust_stop(h->trust);
    hub_end(h->hub);
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LEAVE_SECONDS;
    pthread_mutex_lock(&h->lock);
    /* Whoever waits for the disk is answered, however long it takes; slow readers have LEAVE_SECONDS. */
    while (h->suspended)
        pthread_cond_wait(&h->quiet, &h->lock);
    while (h->open && pthread_cond_timedwait(&h->quiet, &h->lock, &until) == 0)
        ;
    while (h->suspended)
        pthread_cond_wait(&h->quiet, &h->lock);
    pthread_mutex_unlock(&h->lock);
    MHD_stop_daemon(h->daemon);
    http_free(h);
}
