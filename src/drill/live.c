/*
 * live.c - the drill goes on: workers sign in over HTTP and send visits, so that a map moves.
 *
 * A plain HTTP/1.1 client over one socket a worker, on the machine itself.
 * The coverage shows where something is left to do; the worker there asks which
 * doors are not yet entered, looks up who lives there and sends what he might
 * have found; a grid that is done gives way to the next.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "drill/own.h"

enum { WALKERS = 12, ANSWER_BYTES = 32 << 20 };
static const struct json_limits answer_limits = { ANSWER_BYTES, 16, 1 << 20 };

struct address {
    char host[64], port[8];
};

struct walker {
    struct luck luck;
    int socket;                  /* -1: not connected */
    struct buf in;               /* what came and is not yet used */
    char token[64];              /* empty: not signed in */
    char area[40];               /* of the grid */
    struct id round;
    struct json *doors;          /* still to be visited */
    size_t next;
};

struct live {
    const struct drill_options *o;
    struct address address;
    struct walker scout;         /* the city's own eyes */
    struct luck luck;
    volatile int *stop;
};

/* ---- HTTP ------------------------------------------------------------------------------------- */

static int read_url(const char *url, struct address *a, struct err *e)
{
    const char *host = strncmp(url, "http://", 7) == 0 ? url + 7 : NULL, *colon = host ? strrchr(host, ':') : NULL;
    size_t n = colon ? (size_t)(colon - host) : 0;

    if (!host || !colon || n == 0 || n >= sizeof a->host || strlen(colon + 1) >= sizeof a->port)
        return err_field(e, "drill.url", "url");
    memcpy(a->host, host, n);
    a->host[n] = 0;
    snprintf(a->port, sizeof a->port, "%s", colon + 1);
    a->port[strcspn(a->port, "/")] = 0;
    if (strcmp(a->host, "localhost") == 0)
        snprintf(a->host, sizeof a->host, "127.0.0.1");
    return 0;
}

static void hang_up(struct walker *w)
{
    if (w->socket >= 0)
        close(w->socket);
    w->socket = -1;
    buf_clear(&w->in);
}

static int dial(struct live *live, struct walker *w, struct err *e)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)strtoul(live->address.port, NULL, 10)) };
    struct timeval patience = { .tv_sec = 30 };
    int one = 1;

    if (w->socket >= 0)
        return 0;
    if (inet_pton(AF_INET, live->address.host, &to.sin_addr) != 1)
        return err_field(e, "drill.url", "url");
    w->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (w->socket < 0 || connect(w->socket, (struct sockaddr *)&to, sizeof to) < 0) {
        hang_up(w);
        return err_broken(e, "drill.connect", "%s", strerror(errno));
    }
    setsockopt(w->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt(w->socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    setsockopt(w->socket, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return 0;
}

static bool send_all(int to, const char *at, size_t n)
{
    while (n) {
        ssize_t sent = send(to, at, n, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool more(struct walker *w)
{
    char part[16384];
    ssize_t n;

    do
        n = recv(w->socket, part, sizeof part, 0);
    while (n < 0 && errno == EINTR);
    if (n <= 0 || w->in.len + (size_t)n > ANSWER_BYTES)
        return false;
    buf_put(&w->in, part, (size_t)n);
    return true;
}

static void used(struct walker *w, size_t n)
{
    w->in.len -= n;
    memmove(w->in.at, w->in.at + n, w->in.len);
}

/* A line without its end; false when the connection ended before it. */
static bool take_line(struct walker *w, char *to, size_t room)
{
    const char *end;

    while (!(end = w->in.len ? memmem(w->in.at, w->in.len, "\r\n", 2) : NULL))
        if (!more(w))
            return false;
    snprintf(to, room, "%.*s", (int)(end - w->in.at), w->in.at);
    used(w, (size_t)(end - w->in.at) + 2);
    return true;
}

static bool take_bytes(struct walker *w, size_t n, struct buf *to)
{
    while (w->in.len < n)
        if (!more(w))
            return false;
    buf_put(to, w->in.at, n);
    used(w, n);
    return true;
}

static bool take_chunks(struct walker *w, struct buf *to)
{
    char line[512];

    for (;;) {
        unsigned long n;

        if (!take_line(w, line, sizeof line))
            return false;
        n = strtoul(line, NULL, 16);
        if (n > ANSWER_BYTES || !take_bytes(w, n, to))
            return false;
        if (n == 0) {
            do
                if (!take_line(w, line, sizeof line))
                    return false;
            while (line[0]);
            return true;
        }
        if (!take_line(w, line, sizeof line))
            return false;
    }
}

/* The status; 0 when the connection broke. */
static int take_answer(struct walker *w, struct buf *body)
{
    char line[2048];
    size_t length = 0;
    bool chunked = false, ends = false;
    int status;

    if (!take_line(w, line, sizeof line) || sscanf(line, "HTTP/1.%*d %d", &status) != 1)
        return 0;
    while (take_line(w, line, sizeof line)) {
        if (!line[0]) {
            bool whole = chunked ? take_chunks(w, body) : length <= ANSWER_BYTES && take_bytes(w, length, body);

            if (ends)
                hang_up(w);
            return whole ? status : 0;
        }
        if (strncasecmp(line, "content-length:", 15) == 0)
            length = strtoul(line + 15, NULL, 10);
        else if (strncasecmp(line, "transfer-encoding:", 18) == 0)
            chunked = strcasestr(line + 18, "chunked") != NULL;
        else if (strncasecmp(line, "connection:", 11) == 0)
            ends = strcasestr(line + 11, "close") != NULL;
    }
    return 0;
}

/* One request; again once on a connection that the server had closed. out may be NULL. */
static int talk(struct live *live, struct walker *w, const char *method, const char *path, struct str body, struct json **out,
                struct err *e)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    int status = 0;

    for (int tries = 0; tries < 2 && !status; tries++) {
        CLEANUP(buf_done) struct buf ask = { 0 };

        if (dial(live, w, e) < 0)
            return -1;
        buf_printf(&ask, "%s %s HTTP/1.1\r\nHost: %s:%s\r\n", method, path, live->address.host, live->address.port);
        if (w->token[0])
            buf_printf(&ask, "Authorization: Bearer %s\r\n", w->token);
        if (body.len)
            buf_printf(&ask, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
        buf_text(&ask, "\r\n");
        buf_str(&ask, body);
        buf_clear(&answer);
        if (!send_all(w->socket, ask.at, ask.len) || !(status = take_answer(w, &answer)))
            hang_up(w);
    }
    if (!status)
        return err_broken(e, "drill.connect", "%s %.60s", method, path);
    if (status == 401)
        w->token[0] = 0;
    if (status >= 300) {
        e->again = status == 503 || status == 429 || status == 401;
        return err_broken(e, "drill.answer", "%d to %s %.60s", status, method, path);
    }
    return out && answer.len ? json_parse(buf_view(&answer), &answer_limits, out, e) : 0;
}

/* ---- a worker's round ----------------------------------------------------------------------------- */

static void leave(struct live *live, struct walker *w)
{
    struct err ignored = { 0 };

    if (w->token[0] && talk(live, w, "DELETE", "/api/session", (struct str){ 0 }, NULL, &ignored) < 0)
        hang_up(w);
    w->token[0] = 0;
    json_done(&w->doors);
    w->next = 0;
}

static int sign_in_as(struct live *live, struct walker *w, const char *name, struct err *e)
{
    CLEANUP(json_done) struct json *body = json_map();
    CLEANUP(json_done) struct json *answer = NULL;
    CLEANUP(buf_done) struct buf text = { 0 };

    set_text(body, "name", name);
    set_text(body, "password", live->o->password);
    json_write(body, &text);
    if (talk(live, w, "POST", "/api/session", buf_view(&text), &answer, e) < 0)
        return -1;
    struct str token = json_str(json_get(answer, "token"));

    if (!token.len || token.len >= sizeof w->token)
        return err_broken(e, "drill.answer", "no token");
    memcpy(w->token, token.at, token.len);
    w->token[token.len] = 0;
    return 0;
}

/* Down the coverage from the city to a grid, each step by chance among what is still to do; "" when all is done. */
static int choose_grid(struct live *live, char area[40], struct err *e)
{
    struct walker *scout = &live->scout;

    if (!scout->token[0] && sign_in_as(live, scout, "city", e) < 0)
        return -1;
    snprintf(area, 40, "%s", live->o->city);
    for (int level = 1; level < 5; level++) {
        CLEANUP(json_done) struct json *answer = NULL;
        const struct json *rows, *chosen = NULL;
        int64_t left, all = 0;
        char path[128];

        snprintf(path, sizeof path, "/api/screening/coverage?area=%s", area);
        if (talk(live, scout, "GET", path, (struct str){ 0 }, &answer, e) < 0)
            return -1;
        rows = json_get(answer, "rows");
        for (size_t i = 0; i < json_count(rows); i++) {
            const struct json *row = json_at(rows, i);

            left = json_int(json_get(row, "households")) - json_int(json_get(row, "entered"));
            all += left > 0 ? left : 0;
            if (left > 0 && luck_unit(&live->luck) < (double)left / (double)all)
                chosen = row;
        }
        struct str id = json_str(json_get(chosen, "area"));

        snprintf(area, 40, "%.*s", (int)id.len, id.len ? id.at : "");
        if (!id.len)
            return 0;
    }
    return 0;
}

static int sign_in(struct live *live, struct walker *w, struct err *e)
{
    char name[64];

    if (choose_grid(live, w->area, e) < 0)
        return -1;
    if (!w->area[0])
        return 1;
    snprintf(name, sizeof name, "grid-%s", w->area);
    return sign_in_as(live, w, name, e);
}

static int ask(struct live *live, struct walker *w, struct json **out, struct err *e, const char *query, const char *more_of)
{
    char path[256];

    snprintf(path, sizeof path, "/api/%s?area=%s%s", query, w->area, more_of);
    return talk(live, w, "GET", path, (struct str){ 0 }, out, e);
}

/* The round that stands, and the doors it still waits for. */
static int fetch(struct live *live, struct walker *w, struct err *e)
{
    CLEANUP(json_done) struct json *rounds = NULL;
    CLEANUP(json_done) struct json *doors = NULL;
    bool found = false;

    if (ask(live, w, &rounds, e, "screening/rounds", "") < 0)
        return -1;
    for (size_t i = 0; i < json_count(json_get(rounds, "rows")) && !found; i++) {
        const struct json *row = json_at(json_get(rounds, "rows"), i);

        found = json_int(json_get(row, "current")) && id_parse(json_str(json_get(row, "round")), &w->round);
    }
    if (!found)
        return err_set(e, ERR_MISSING, "drill.no_round");
    if (ask(live, w, &doors, e, "screening/doors", "") < 0)
        return -1;
    json_done(&w->doors);
    w->doors = json_copy(json_get(doors, "rows"));
    w->next = 0;
    return 0;
}

static struct json *checks_of(struct walker *w, const struct json *members)
{
    struct json *checks = json_list();

    for (size_t i = 0; i < json_count(members); i++) {
        const struct json *row = json_at(members, i);
        struct json *one = json_map();

        if (json_str(json_get(row, "away_until")).len) {
            json_free(one);
            continue;
        }
        json_set(one, "person", json_text(json_str(json_get(row, "person"))));
        if (luck_is(&w->luck, 0.85)) {
            struct json *temp = json_map(), *temps = json_list();

            json_set(temp, "temp", json_number(luck_is(&w->luck, 0.003) ? 378 : luck_between(&w->luck, 361, 369)));
            set_text(temp, "method", "forehead");
            json_add(temps, temp);
            json_set(one, "temps", temps);
            set_text(one, "basis", "measured");
        } else {
            set_text(one, "basis", "told_by_family");
        }
        json_add(checks, one);
    }
    return checks;
}

static struct json *measures(void)
{
    struct json *list = json_list();

    for (int i = 0; i < 2; i++) {
        struct json *one = json_map();

        set_text(one, "measure", i ? "notify" : "educate");
        json_add(list, one);
    }
    return list;
}

static int visit_body(struct live *live, struct walker *w, const struct json *door, struct json **out, struct err *e)
{
    struct str home = json_str(json_get(door, "household"));
    double luck = luck_unit(&w->luck);
    struct json *body = json_map();

    *out = body;
    set_id(body, "round", w->round);
    json_set(body, "door", json_text(json_str(json_get(door, "door"))));
    set_text(body, "source", "phone");
    set_text(body, "method", luck > 0.93 && home.len ? "phone" : "at_door");
    json_set(body, "seconds", json_number(luck_between(&w->luck, 60, 300)));
    if (!home.len) {
        set_text(body, "outcome", "vacant");
        set_text(body, "witness", "邻居");
        return 0;
    }
    json_set(body, "household", json_text(home));
    if (luck < 0.08) {
        set_text(body, "outcome", luck < 0.012 ? "refused" : "no_answer");
        json_set(body, "notice", json_bool(true));
        return 0;
    }
    CLEANUP(json_done) struct json *members = NULL;
    char of[64];

    snprintf(of, sizeof of, "&household=%.*s", (int)home.len, home.at);
    if (ask(live, w, &members, e, "household/members", of) < 0)
        return -1;
    set_text(body, "outcome", "completed");
    json_set(body, "checks", checks_of(w, json_get(members, "rows")));
    json_set(body, "measures", measures());
    return 0;
}

static int send_visit(struct live *live, struct walker *w, const struct json *door, struct err *e)
{
    CLEANUP(json_done) struct json *request = json_map();
    CLEANUP(buf_done) struct buf text = { 0 };
    struct json *record = json_map(), *records = json_list(), *body = NULL;
    int failed = visit_body(live, w, door, &body, e);

    json_set(request, "now", json_number(time_now()));
    set_id(record, "id", id_new());
    set_text(record, "type", "screening.visit");
    json_set(record, "area", json_text(json_str(json_get(door, "area"))));
    json_set(record, "at", json_number(time_now()));
    json_set(record, "body", body);
    json_add(records, record);
    json_set(request, "records", records);
    json_write(request, &text);
    return failed ? -1 : talk(live, w, "POST", "/api/records", buf_view(&text), NULL, e);
}

/* One visit, or one step towards it. */
static int walk(struct live *live, struct walker *w, struct err *e)
{
    if (!w->token[0]) {
        int done = sign_in(live, w, e);

        if (done != 0)
            return done < 0 ? -1 : 0;
    }
    if (!w->doors && fetch(live, w, e) < 0)
        return -1;
    if (w->next >= json_count(w->doors)) {
        leave(live, w);
        return 0;
    }
    return send_visit(live, w, json_at(w->doors, w->next++), e) < 0 ? -1 : 1;
}

static void rest(double seconds)
{
    struct timespec t = { (time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9) };

    if (seconds > 0)
        nanosleep(&t, NULL);
}

/* Many failures in a row end it; a few are the weather. */
static int go_on(struct live *live, struct walker *walkers, double rate, struct err *e)
{
    const int64_t begun = time_monotonic();
    int64_t sent = 0;
    int failures = 0, idle = 0;

    for (size_t turn = 0; !*live->stop && failures < 50; turn++) {
        struct err failed = { 0 };
        int done = walk(live, &walkers[turn % WALKERS], &failed);
        double ahead;

        failures = done < 0 ? failures + 1 : 0;
        idle = done == 1 ? 0 : idle + 1;
        if (done < 0) {
            *e = failed;
            if (!failed.again)
                leave(live, &walkers[turn % WALKERS]);
            rest(0.2);
        }
        sent += done == 1;
        ahead = (double)sent / rate - (double)(time_monotonic() - begun) / 1000;
        rest(ahead > 2 ? 2 : ahead);
        if (idle > 4 * WALKERS)
            rest(0.5);           /* the city is nearly done: look again, without haste */
        if (done == 1 && sent % 100 == 0 && live->o->progress)
            live->o->progress("live", sent, 0);
    }
    return failures >= 50 ? -1 : 0;
}

int drill_live(const char *url, const struct drill_options *o, double rate, volatile int *stop, struct err *e)
{
    struct live live = { .o = o, .stop = stop };
    struct walker walkers[WALKERS] = { 0 };
    int failed;

    if (read_url(url, &live.address, e) < 0)
        return -1;
    live.scout.socket = -1;
    live.luck = luck_of(o->seed ^ (uint64_t)time_now(), "live", STR(""));
    for (size_t i = 0; i < WALKERS; i++)
        walkers[i] = (struct walker){ .luck = { luck_next(&live.luck) }, .socket = -1 };
    failed = go_on(&live, walkers, rate > 0 ? rate : 1, e);
    for (size_t i = 0; i < WALKERS; i++) {
        leave(&live, &walkers[i]);
        hang_up(&walkers[i]);
        buf_done(&walkers[i].in);
    }
    leave(&live, &live.scout);
    hang_up(&live.scout);
    buf_done(&live.scout.in);
    return failed;
}
