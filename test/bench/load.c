/*
 * load.c - sends a script: one thread, epoll, connections kept open, bytes made before.
 *
 * A request is sent when it is due and the answer before it on its connection
 * is whole.  Its time runs from when it was due, or from when it was sent when
 * it was due at once, to the last byte of its answer.  An event of a stream is
 * timed from the sending of the batch that caused it.
 */
#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IN_BYTES = 65536, EVENTS = 256 };
static const double patience = 120;      /* seconds without any answer after which a run is given up */

struct request {
    struct script_head head;
    const char *bytes;
    struct request *next;                /* of the same connection */
    double due, sent;
};

struct connection {
    int fd;
    struct request *first, *last;        /* not yet answered */
    size_t released;                     /* of these, how many are due */
    bool busy, streaming;
    size_t out;                          /* bytes of the first that are sent */
    struct buf in;
};

struct sample {                          /* a record acknowledged, an event seen */
    uint64_t key;
    double at;
};

struct samples {
    struct sample *at;
    size_t count, room;
};

struct figures {
    double *took;                        /* seconds of each answer */
    size_t count, room;
    size_t bad, bytes;
    double until;                        /* the last answer */
};

struct load {
    struct sockaddr_in to;
    int epoll;
    struct request *requests;
    size_t count, next, answered, expected;
    struct connection *connections;
    size_t connection_count, streams;
    struct figures figures[KINDS];
    size_t stored, repeated, refused;
    struct samples written, seen;
    FILE *tokens;
    double began, last;
    char first_bad[300];
};

static void note(struct figures *f, double took)
{
    f->took = MEM_GROW(f->took, f->count, f->room);
    f->took[f->count++] = took;
}

/* ---- answers ------------------------------------------------------------------------------ */

/* Of a record's place: the text after `"ledger":"` up to the end of the number after `"position":`. */
static bool place_of(const char **at, const char *end, uint64_t *key)
{
    static const char ledger[] = "\"ledger\":\"", position[] = "\"position\":";
    const char *l = memmem(*at, (size_t)(end - *at), ledger, sizeof ledger - 1);
    const char *p = l ? memmem(l, (size_t)(end - l), position, sizeof position - 1) : NULL;
    uint64_t h = 0xcbf29ce484222325u;

    if (!p)
        return false;
    for (l += sizeof ledger - 1; l < end && *l != '"'; l++)
        h = (h ^ (unsigned char)*l) * 0x100000001b3u;
    for (p += sizeof position - 1; p < end && *p >= '0' && *p <= '9'; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3u;
    if (p == end)
        return false;
    *key = h;
    *at = p;
    return true;
}

static void sample(struct samples *to, uint64_t key, double at)
{
    to->at = MEM_GROW(to->at, to->count, to->room);
    to->at[to->count++] = (struct sample){ key, at };
}

static void take_records(struct load *l, const struct request *r, const char *at, const char *end)
{
    static const char mark[] = "\"status\":\"";
    const char *s = at;
    uint64_t key;

    while ((s = memmem(s, (size_t)(end - s), mark, sizeof mark - 1))) {
        s += sizeof mark - 1;
        *(*s == 's' ? &l->stored : s[2] == 'p' ? &l->repeated : &l->refused) += 1;
        if (*s == 'r' && s[2] == 'f' && !l->first_bad[0])
            snprintf(l->first_bad, sizeof l->first_bad, "%.*s", (int)(end - s < 200 ? end - s : 200), s);
    }
    while (l->streams && place_of(&at, end, &key))
        sample(&l->written, key, r->sent);
}

static void take_token(struct load *l, const struct request *r, const char *at, const char *end)
{
    static const char mark[] = "\"token\":\"";
    const char *t = memmem(at, (size_t)(end - at), mark, sizeof mark - 1);
    const char *quote = t ? memchr(t + sizeof mark - 1, '"', (size_t)(end - t) - sizeof mark + 1) : NULL;

    if (l->tokens && quote)
        fprintf(l->tokens, "%zu %.*s\n", (size_t)(r - l->requests), (int)(quote - t - sizeof mark + 1), t + sizeof mark - 1);
}

/* What stands whole in the buffer of a stream; chunks end between events. */
static void take_events(struct load *l, struct connection *c, double now)
{
    const char *at = c->in.at, *end = at + c->in.len, *done = at;
    uint64_t key;

    while (place_of(&at, end, &key)) {
        sample(&l->seen, key, now);
        done = at;
    }
    c->in.len = (size_t)(end - done);
    if (c->in.len > 4096) {
        done = end - 4096;
        c->in.len = 4096;
    }
    memmove(c->in.at, done, c->in.len);
}

/* ---- connections ------------------------------------------------------------------------------ */

static void watch(struct load *l, struct connection *c, bool writing, bool added)
{
    struct epoll_event e = { .events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c };

    if (epoll_ctl(l->epoll, added ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, c->fd, &e) < 0)
        fail("epoll: %s", strerror(errno));
}

static void dial(struct load *l, struct connection *c)
{
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->to, sizeof l->to) < 0)
        fail("connect: %s", strerror(errno));
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(c->fd, F_SETFL, O_NONBLOCK);
    watch(l, c, false, true);
}

static void push(struct load *l, struct connection *c)
{
    struct request *r = c->first;
    size_t whole = r->head.length;
    bool was = c->out > 0;

    while (c->out < whole) {
        ssize_t n = send(c->fd, r->bytes + c->out, whole - c->out, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            break;
        if (n <= 0)
            fail("send: %s", strerror(errno));
        c->out += (size_t)n;
    }
    if (c->out < whole || was)
        watch(l, c, c->out < whole, false);
}

static void begin(struct load *l, struct connection *c, double now)
{
    if (c->busy || !c->released || c->streaming)
        return;
    if (c->fd < 0)
        dial(l, c);
    c->busy = true;
    c->out = 0;
    c->first->sent = now;
    push(l, c);
}

static void answered(struct load *l, struct connection *c, int status, const char *body, size_t n, double now)
{
    struct request *r = c->first;
    struct figures *f = &l->figures[r->head.kind];

    note(f, now - (r->head.due ? r->due : r->sent));
    f->bytes += n;
    f->until = now;
    if (status != 200) {
        f->bad++;
        if (!l->first_bad[0])
            snprintf(l->first_bad, sizeof l->first_bad, "%d %.*s", status, (int)(n < 200 ? n : 200), body);
    }
    if (r->head.kind == KIND_RECORDS)
        take_records(l, r, body, body + n);
    if (r->head.kind == KIND_SIGN_IN)
        take_token(l, r, body, body + n);
    l->answered++;
    l->last = now;
    c->first = r->next;
    c->busy = false;
    if (r->head.kind == KIND_STREAM && status == 200)
        c->streaming = true;
    else
        c->released--;
}

/* True when an answer was whole.  Everything but a stream comes with its length. */
static bool take_answer(struct load *l, struct connection *c, double now)
{
    static const char mark[] = "\r\nContent-Length:";
    const char *end = c->in.len ? memmem(c->in.at, c->in.len, "\r\n\r\n", 4) : NULL;
    const char *length;
    size_t head, body = 0;
    int status;

    if (!end || !c->busy)
        return false;
    head = (size_t)(end - c->in.at) + 4;
    status = atoi(c->in.at + 9);
    length = memmem(c->in.at, head, mark, sizeof mark - 1);
    if (length)
        body = strtoul(length + sizeof mark - 1, NULL, 10);
    else if (c->first->head.kind != KIND_STREAM)
        fail("an answer without its length: %.*s", (int)head, c->in.at);
    if (c->in.len < head + body)
        return false;
    answered(l, c, status, c->in.at + head, body, now);
    c->in.len -= head + body;
    memmove(c->in.at, c->in.at + head + body, c->in.len);
    return true;
}

static void pull(struct load *l, struct connection *c)
{
    static char part[IN_BYTES];

    for (;;) {
        ssize_t n = recv(c->fd, part, sizeof part, 0);
        double now = seconds();

        if (n > 0)
            buf_put(&c->in, part, (size_t)n);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (n <= 0) {
            if (c->busy || c->streaming)
                fail("the server hung up after %zu answers: %s", l->answered, n < 0 ? strerror(errno) : "end");
            close(c->fd);                        /* idle too long: dialled again when something is due */
            c->fd = -1;
            return;
        }
        if (!c->streaming)
            while (take_answer(l, c, now))
                begin(l, c, now);
        if (c->streaming)
            take_events(l, c, now);
        if (n < IN_BYTES)
            return;
    }
}

/* ---- the run --------------------------------------------------------------------------------- */

static void read_script(struct load *l, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    size_t room = 0;

    if (fd < 0 || fstat(fd, &st) < 0 || st.st_size == 0)
        fail("%s: no script", path);
    const char *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0), *end = at + st.st_size;
    if (at == MAP_FAILED)
        fail("%s: %s", path, strerror(errno));
    close(fd);
    for (size_t n; at < end; at += n) {
        struct script_head h = { 0 };
        if ((size_t)(end - at) >= sizeof h)
            memcpy(&h, at, sizeof h);
        n = sizeof h + h.length;
        if (!h.length || n > (size_t)(end - at) || h.kind >= KINDS)
            fail("%s is cut off", path);
        if (h.connection >= l->connection_count)
            l->connection_count = h.connection + 1;
        l->requests = MEM_GROW(l->requests, l->count, room);
        l->requests[l->count++] = (struct request){ .head = h, .bytes = at + sizeof h };
        l->streams += h.kind == KIND_STREAM;
    }
    l->connections = mem_take(l->connection_count * sizeof *l->connections);
    for (size_t i = 0; i < l->connection_count; i++)
        l->connections[i].fd = -1;
    for (size_t i = 0; i < l->count; i++) {
        struct connection *c = &l->connections[l->requests[i].head.connection];
        *(c->first ? &c->last->next : &c->first) = &l->requests[i];
        c->last = &l->requests[i];
    }
}

static void release(struct load *l, double now)
{
    for (; l->next < l->count && l->began + l->requests[l->next].head.due / 1000.0 <= now; l->next++) {
        struct request *r = &l->requests[l->next];
        struct connection *c = &l->connections[r->head.connection];

        r->due = l->began + r->head.due / 1000.0;
        c->released++;
        begin(l, c, now);
    }
}

static int until_due(const struct load *l, double now)
{
    double wait = l->next < l->count ? l->began + l->requests[l->next].head.due / 1000.0 - now : 0.1;

    return wait > 0.1 ? 100 : wait > 0 ? (int)(wait * 1000) + 1 : 0;
}

static void run(struct load *l, double linger)
{
    struct epoll_event events[EVENTS];
    double now;

    for (size_t i = 0; i < l->connection_count && l->connection_count <= 256; i++)
        if (l->connections[i].first)
            dial(l, &l->connections[i]);
    l->began = l->last = seconds();
    while (l->answered < l->count || (now = seconds()) < l->last + linger) {
        now = seconds();
        release(l, now);
        int n = epoll_wait(l->epoll, events, EVENTS, until_due(l, now));
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                push(l, c);
            if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
                pull(l, c);
            if (c->fd < 0)
                begin(l, c, seconds());
        }
        if (seconds() - l->last > patience && l->next == l->count)
            fail("no answer for %.0f seconds; %zu of %zu came", patience, l->answered, l->count);
    }
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static void say(const struct load *l, const char *name, struct figures *f)
{
    static const struct {
        const char *name;
        double part;
    } parts[] = { { "p50", 0.5 }, { "p95", 0.95 }, { "p99", 0.99 }, { "most", 1 } };

    if (!f->count)
        return;
    qsort(f->took, f->count, sizeof *f->took, by_size);
    printf(",\"%s\":{\"count\":%zu,\"bad\":%zu,\"bytes\":%zu,\"seconds\":%.4f", name, f->count, f->bad, f->bytes,
           f->until ? f->until - l->began : 0);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        size_t at = (size_t)((double)f->count * parts[i].part);
        printf(",\"%s\":%.3f", parts[i].name, f->took[at < f->count ? at : f->count - 1] * 1000);
    }
    printf("}");
}

static int by_key(const void *a, const void *b)
{
    const struct sample *x = a, *y = b;

    return x->key < y->key ? -1 : x->key > y->key;
}

/* Events find the sending of their record. */
static void join(struct load *l, struct figures *events)
{
    if (l->written.count)
        qsort(l->written.at, l->written.count, sizeof *l->written.at, by_key);
    for (size_t i = 0; i < l->seen.count; i++) {
        const struct sample *w = l->written.count ?
            bsearch(&l->seen.at[i], l->written.at, l->written.count, sizeof *l->written.at, by_key) : NULL;
        if (w)
            note(events, l->seen.at[i].at - w->at);
        else
            events->bad++;       /* of something others wrote */
    }
}

int bench_load(int argc, char **argv)
{
    static const char *const names[] = { "records", "ask", "sign_in", "stream" };
    struct load l = { .epoll = epoll_create1(EPOLL_CLOEXEC) };
    struct figures events = { 0 };
    const char *colon = strrchr(argv[0], ':');
    char host[64];

    if (!colon || (size_t)(colon - argv[0]) >= sizeof host)
        fail("%s is no HOST:PORT", argv[0]);
    snprintf(host, sizeof host, "%.*s", (int)(colon - argv[0]), argv[0]);
    l.to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10)) };
    if (inet_pton(AF_INET, host, &l.to.sin_addr) != 1)
        fail("%s is no address", host);
    if (argc > 3 && !(l.tokens = fopen(argv[3], "w")))
        fail("%s: cannot be written", argv[3]);
    read_script(&l, argv[1]);
    run(&l, argc > 2 ? strtod(argv[2], NULL) / 1000 : 0);
    if (l.tokens && fclose(l.tokens) != 0)
        fail("%s: cannot be written", argv[3]);
    printf("{\"seconds\":%.4f,\"stored\":%zu,\"repeated\":%zu,\"refused\":%zu", l.last - l.began, l.stored, l.repeated, l.refused);
    for (int i = 0; i < KINDS; i++)
        say(&l, names[i], &l.figures[i]);
    join(&l, &events);
    say(&l, "events", &events);
    printf("}\n");
    if (l.first_bad[0])
        fprintf(stderr, "bench: the first of what went wrong: %s\n", l.first_bad);
    return 0;
}
