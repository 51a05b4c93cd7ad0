/*
 * stream.c - GET /api/stream?area=…: what became visible, told as it happens.
 *
 * The writer drops events into the ear and goes on, whoever listens.  The
 * hub's thread moves them into a ring of the last RING events every BEAT_MS
 * and wakes the streams that have something to say; a quiet stream is a
 * suspended connection and costs nothing.  A stream that has fallen behind the
 * ring, and one that resumes from another process or restore, is told `reset`:
 * ask again for what you show.
 *
 * An event's id is "<incarnation>-<process>-<number>".  Rights and the session
 * are looked at again with every heartbeat.
 */
#include "http/own.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    RING = 65536,
    BEAT_MS = 15 * 1000,
    GATHER_MS = 100,          /* how long events gather before streams are woken */
    LINE = 512,               /* room for one event as text */
    BLOCK = 2048,
    PER_SESSION = 16,         /* streams */
};

struct kept {
    const char *type;         /* the record type's own name */
    int64_t position;
    char ledger[LEDGER_NAME], area[LEDGER_NAME], path[144];
};

struct stream {
    struct stream *before, *after;
    struct hub *hub;
    struct MHD_Connection *conn;
    uint64_t next;            /* number of the event to look at next */
    int64_t beat_at;          /* monotonic ms */
    bool suspended, greeted, ended, reset;
    char token[48];
    uint8_t token_hash[32];
    char area[LEDGER_NAME], path[144];
};

/* What core calls: the writer drops events here and goes on. */
struct ear {
    pthread_mutex_t lock;
    pthread_cond_t some;
    struct core *core;
    bool open, lost;
    struct kept *in;
    size_t count, room;
};

struct hub {
    struct http *h;
    struct ear ear;
    pthread_t thread;
    pthread_mutex_t lock;     /* of what follows */
    struct kept *ring;
    uint64_t head;            /* number the next event gets; the first is 1 */
    uint64_t floor;           /* events before it were lost */
    struct stream *streams;
    size_t count;
    bool ending, stop;
    char prefix[64];          /* "<incarnation>-<process>-" */
};

/* ---- the writer's side ---------------------------------------------------------------- */

static void text_put(char *to, size_t room, struct str s)
{
    size_t n = s.len < room - 1 ? s.len : room - 1;

    if (n)
        memcpy(to, s.at, n);
    to[n] = 0;
}

static void heard(void *arg, const struct event *events, size_t count)
{
    struct ear *ear = arg;

    pthread_mutex_lock(&ear->lock);
    for (size_t i = 0; i < count && ear->open; i++) {
        const struct record_type *type = core_type(ear->core, events[i].type);

        if (ear->count == RING) {
            ear->lost = true;
            break;
        }
        if (!type)
            continue;
        ear->in = MEM_GROW(ear->in, ear->count, ear->room);
        struct kept *k = &ear->in[ear->count++];
        k->type = type->name;
        k->position = events[i].position;
        text_put(k->ledger, sizeof k->ledger, events[i].ledger);
        text_put(k->area, sizeof k->area, events[i].area);
        text_put(k->path, sizeof k->path, events[i].path);
    }
    pthread_cond_signal(&ear->some);
    pthread_mutex_unlock(&ear->lock);
}

/* ---- the hub's thread ------------------------------------------------------------------- */

static uint64_t oldest(const struct hub *b)
{
    uint64_t ring = b->head > RING ? b->head - RING : 1;

    return ring > b->floor ? ring : b->floor;
}

static bool concerns(const struct stream *s, const struct kept *k)
{
    return strncmp(k->path, s->path, strlen(s->path)) == 0;
}

/* Moves next over what does not concern the stream; true: there is something to say. */
static bool has_news(struct hub *b, struct stream *s)
{
    if (s->next < oldest(b))
        return true;
    while (s->next < b->head && !concerns(s, &b->ring[s->next % RING]))
        s->next++;
    return s->next < b->head;
}

static void wake(struct stream *s)
{
    if (!s->suspended)
        return;
    s->suspended = false;
    MHD_resume_connection(s->conn);
}

static void *hub_run(void *arg)
{
    struct hub *b = arg;
    struct ear *ear = &b->ear;
    struct kept *in = NULL;
    size_t room = 0;

    for (;;) {
        struct timespec until, gather = { .tv_nsec = (long)GATHER_MS * 1000000 };

        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec++;
        pthread_mutex_lock(&ear->lock);
        while (!ear->count && !ear->lost && ear->open && pthread_cond_timedwait(&ear->some, &ear->lock, &until) == 0)
            ;
        /* The two arrays change places, so that the writer never waits for a copy. */
        struct kept *full = ear->in;
        size_t count = ear->count, full_room = ear->room;
        bool lost = ear->lost;
        ear->in = in;
        ear->room = room;
        ear->count = 0;
        ear->lost = false;
        in = full;
        room = full_room;
        pthread_mutex_unlock(&ear->lock);

        int64_t now = time_monotonic();
        pthread_mutex_lock(&b->lock);
        for (size_t i = 0; i < count; i++)
            b->ring[b->head++ % RING] = in[i];
        if (lost)
            b->floor = b->head;
        for (struct stream *s = b->streams; s; s = s->after)
            if (s->suspended && (s->ended || b->ending || now >= s->beat_at || has_news(b, s)))
                wake(s);
        bool stop = b->stop;
        pthread_mutex_unlock(&b->lock);
        if (stop)
            break;
        peers_sweep(b->h);
        if (count)
            nanosleep(&gather, NULL);
    }
    free(in);
    return NULL;
}

/* ---- one stream, on its server thread ------------------------------------------------------- */

/* Is it still somebody's who may see the figures of this area?  Its path may have changed too. */
static bool still_may(struct stream *s, char path[144])
{
    struct http *h = s->hub->h;
    struct session session = { 0 };
    struct reader *reader = NULL;
    struct err e = { 0 };

    if (reader_take(h, &reader, &e) < 0)
        return true;
    int failed = core_session(h->core, reader, str_of(s->token), &session, &e);
    reader_put(h, reader);
    if (failed < 0)
        return e.kind == ERR_BUSY;
    const struct areas *areas = core_areas_hold(h->core);
    const struct area *area = area_find(areas, str_of(s->area));
    bool may = area && who_may(&session.who, areas, RIGHT_FIGURES, area, time_now());
    if (may)
        text_put(path, 144, area->path);
    core_areas_drop(areas);
    session_done(&session);
    return may;
}

static size_t say(struct stream *s, char *to, size_t room)
{
    struct hub *b = s->hub;
    size_t n = 0;

    if (!s->greeted && !s->reset)
        n += (size_t)snprintf(to, room, "retry: 3000\nid: %s%llu\n\n", b->prefix, (unsigned long long)s->next - 1);
    s->greeted = true;
    if (s->reset || s->next < oldest(b)) {
        s->reset = false;
        s->next = b->head;
        n += (size_t)snprintf(to + n, room - n, "id: %s%llu\nevent: reset\ndata: {}\n\n", b->prefix, (unsigned long long)s->next - 1);
    }
    while (room - n >= LINE && has_news(b, s)) {
        const struct kept *k = &b->ring[s->next % RING];

        n += (size_t)snprintf(to + n, room - n, "id: %s%llu\ndata: {\"ledger\":\"%s\",\"position\":%lld,\"type\":\"%s\",\"area\":\"%s\"}\n\n",
                              b->prefix, (unsigned long long)s->next, k->ledger, (long long)k->position, k->type, k->area);
        s->next++;
    }
    return n;
}

static ssize_t stream_more(void *cls, uint64_t at, char *to, size_t room)
{
    struct stream *s = cls;
    struct hub *b = s->hub;
    int64_t now = time_monotonic();
    char path[144] = "";
    size_t n;

    (void)at;
    if (room < 2 * LINE)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    bool beat = now >= s->beat_at, may = !beat || still_may(s, path);
    pthread_mutex_lock(&b->lock);
    if (path[0])
        memcpy(s->path, path, sizeof s->path);
    s->ended = s->ended || !may;
    if (s->ended || b->ending) {
        pthread_mutex_unlock(&b->lock);
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    n = say(s, to, room);
    /* A heartbeat carries the number, so that who heard nothing for long need not be reset. */
    if (beat && n == 0)
        n = (size_t)snprintf(to, room, "id: %s%llu\n\n", b->prefix, (unsigned long long)s->next - 1);
    if (beat)
        s->beat_at = now + BEAT_MS;
    if (n == 0) {
        s->suspended = true;
        MHD_suspend_connection(s->conn);
    }
    pthread_mutex_unlock(&b->lock);
    return (ssize_t)n;
}

static void stream_free(void *cls)
{
    struct stream *s = cls;
    struct hub *b = s->hub;

    pthread_mutex_lock(&b->lock);
    if (s->after)
        s->after->before = s->before;
    if (s->before)
        s->before->after = s->after;
    else
        b->streams = s->after;
    b->count--;
    pthread_mutex_unlock(&b->lock);
    explicit_bzero(s->token, sizeof s->token);
    free(s);
}

/* Where to go on: after Last-Event-ID if it is ours and still kept. */
static void resume_from(struct request *r, struct stream *s)
{
    struct hub *b = s->hub;
    struct str last = request_header(r, "Last-Event-ID");
    size_t n = strlen(b->prefix);
    int64_t number = 0;

    s->next = b->head;
    if (!last.at || last.len == 0)
        return;
    struct str tail = { last.at + n, last.len > n ? last.len - n : 0 };
    if (str_starts(last, str_of(b->prefix)) && str_to_int(tail, &number) && number >= 0 && (uint64_t)number < b->head)
        s->next = (uint64_t)number + 1;
    else
        s->reset = true;
}

static int stream_place(struct request *r, char area_id[LEDGER_NAME], char path[144], struct err *e)
{
    struct str asked = request_param(r, "area");
    int failed = 0;

    if (!asked.at)
        return err_field(e, "field.missing", "area");
    const struct areas *areas = core_areas_hold(r->h->core);
    const struct area *area = area_find(areas, asked);
    if (!area) {
        failed = err_set(e, ERR_MISSING, "area.unknown");
    } else if (!who_may(&r->session.who, areas, RIGHT_FIGURES, area, time_now())) {
        failed = err_set(e, ERR_DENIED, "right.denied");
    } else {
        text_put(area_id, LEDGER_NAME, area->id);
        text_put(path, 144, area->path);
    }
    core_areas_drop(areas);
    return failed;
}

static int stream_add(struct hub *b, struct request *r, struct stream *s, struct err *e)
{
    size_t own = 0;
    int failed = 0;

    pthread_mutex_lock(&b->lock);
    for (const struct stream *other = b->streams; other; other = other->after)
        own += memcmp(other->token_hash, s->token_hash, sizeof s->token_hash) == 0;
    if (b->ending) {
        failed = err_again(e, ERR_BUSY, "server.stopping");
    } else if (own >= PER_SESSION || b->count >= b->h->max_streams) {
        failed = err_again(e, ERR_BUSY, "busy.streams");
    } else {
        resume_from(r, s);
        s->after = b->streams;
        if (b->streams)
            b->streams->before = s;
        b->streams = s;
        b->count++;
    }
    pthread_mutex_unlock(&b->lock);
    return failed;
}

void stream_get(struct request *r)
{
    struct stream *s = mem_take(sizeof *s);
    struct str token = { 0 };
    struct err e = { 0 };

    s->hub = r->h->hub;
    s->conn = r->conn;
    s->beat_at = time_monotonic() + BEAT_MS;
    memcpy(s->token_hash, r->session.token_hash, sizeof s->token_hash);
    if (session_token(r, &token))
        text_put(s->token, sizeof s->token, token);
    if (stream_place(r, s->area, s->path, &e) < 0 || stream_add(s->hub, r, s, &e) < 0) {
        free(s);
        reply_problem(r, &e);
        return;
    }
    r->reply.made = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_more, s, stream_free);
    if (!r->reply.made)
        abort();
    r->reply.status = 200;
    r->reply.type = "text/event-stream";
    (void)MHD_add_response_header(r->reply.made, "X-Accel-Buffering", "no");
    /* A stream may stay open for days; what it was opened with need not. */
    session_done(&r->session);
    r->signed_in = false;
}

/* ---- the hub ------------------------------------------------------------------------------------ */

void hub_session_ended(struct hub *b, const uint8_t token_hash[32])
{
    pthread_mutex_lock(&b->lock);
    for (struct stream *s = b->streams; s; s = s->after)
        if (memcmp(s->token_hash, token_hash, sizeof s->token_hash) == 0) {
            s->ended = true;
            wake(s);
        }
    pthread_mutex_unlock(&b->lock);
}

void hub_figures(struct hub *b, size_t *streams, uint64_t *events)
{
    pthread_mutex_lock(&b->lock);
    *streams = b->count;
    *events = b->head - 1;
    pthread_mutex_unlock(&b->lock);
}

static void ear_open(struct ear *ear, struct core *core)
{
    pthread_condattr_t monotonic;

    ear->core = core;
    ear->open = true;
    pthread_mutex_init(&ear->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&ear->some, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static void ear_close(struct ear *ear)
{
    pthread_cond_destroy(&ear->some);
    pthread_mutex_destroy(&ear->lock);
    free(ear->in);
}

int hub_new(struct http *h, struct hub **out, struct err *e)
{
    struct hub *b = mem_take(sizeof *b);
    char incarnation[ID_TEXT];
    uint32_t process;

    b->h = h;
    b->head = 1;
    b->ring = mem_take(RING * sizeof *b->ring);
    pthread_mutex_init(&b->lock, NULL);
    id_text(core_incarnation(h->core), incarnation);
    seal_random(&process, sizeof process);
    snprintf(b->prefix, sizeof b->prefix, "%s-%08x-", incarnation, process);
    ear_open(&b->ear, h->core);
    if (pthread_create(&b->thread, NULL, hub_run, b) != 0) {
        ear_close(&b->ear);
        pthread_mutex_destroy(&b->lock);
        free(b->ring);
        free(b);
        return err_broken(e, "http.thread", "no thread for the stream");
    }
    core_listen(h->core, heard, &b->ear);
    *out = b;
    return 0;
}

void hub_end(struct hub *b)
{
    pthread_mutex_lock(&b->lock);
    b->ending = true;
    for (struct stream *s = b->streams; s; s = s->after)
        wake(s);
    pthread_mutex_unlock(&b->lock);
}

void hub_free(struct hub *b)
{
    if (!b)
        return;
    core_unlisten(b->h->core, &b->ear);
    pthread_mutex_lock(&b->ear.lock);
    b->ear.open = false;
    pthread_cond_signal(&b->ear.some);
    pthread_mutex_unlock(&b->ear.lock);
    pthread_mutex_lock(&b->lock);
    b->stop = true;
    pthread_mutex_unlock(&b->lock);
    pthread_join(b->thread, NULL);
    ear_close(&b->ear);
    pthread_mutex_destroy(&b->lock);
    free(b->ring);
    free(b);
}
