/*
 * http.c - whatever bytes somebody sends to the real server over a connection.
 *
 * $T in the input is the line of a commander's session, $W of a grid worker's,
 * $| a pause between two packets.  Every answer is framed as RFC 9112 wants it
 * and below 500, what calls itself JSON is, and the next one is served.
 */
#include "grow.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http.h"

enum { ANSWER_MOST = 4 << 20, QUICK_MS = 4, PATIENT_MS = 60, NEXT_MS = 10000 };

static struct http *server;
static const char *const tokens[] = { "fuzz-commander-0123456789-0123456789-012345", "fuzz-grid-worker-123456789-0123456789-01234" };
static const size_t workers[] = { 1, 3 };

static void sign_in(void)
{
    for (size_t i = 0; i < COUNT_OF(tokens); i++) {
        struct seal_session session = { .worker = house_who(workers[i])->worker, .account = "fuzz", .until = HOUSE_NOW + 86400000 };
        struct err e = { 0 };
        uint8_t hash[32];

        seal_hash((struct str){ tokens[i], 43 }, hash);
        DEMAND(seal_session_put(core_seal(house()), hash, &session, &e) == 0, "%s", e.key);
    }
}

static void leave(void)
{
    http_stop(server);
    server = NULL;
}

static void serve(void)
{
    struct http_options options = { .listen = "127.0.0.1:0", .threads = 2 };
    struct err e = { 0 };
    bool first = !server;

    http_stop(server);
    DEMAND(settings_set("requests", "1000000", &e) == 0 && settings_set("log_requests", "false", &e) == 0, "%s", e.key);
    house();
    if (!first)
        house_fresh();
    DEMAND(http_start(&server, house(), &options, &e) == 0, "%s %s", e.key, e.detail);
    if (first)
        atexit(leave);
    sign_in();
}

/* ---- the asker's side ------------------------------------------------------------------- */

static int connect_to(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(http_url(server), ':') + 1)) };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int result = connect(fd, (struct sockaddr *)&to, sizeof to);
    while (result < 0 && (errno == EINTR || errno == EALREADY))        /* the fuzzer's own alarm: the connection is being made all the same */
        result = connect(fd, (struct sockaddr *)&to, sizeof to);
    DEMAND(result == 0 || errno == EISCONN, "nobody there: %s", strerror(errno));
    return fd;
}

/* The events, or 0 when there were none for so long; the fuzzer's own alarms are none. */
static int wait_for(int fd, int events, int ms)
{
    struct pollfd p = { .fd = fd, .events = (short)events };
    int found;

    while ((found = poll(&p, 1, ms)) < 0 && errno == EINTR)
        ;
    return found > 0 ? p.revents : 0;
}

/* What has come is kept, so that neither side waits for the other. */
static void send_part(int fd, struct str part, struct buf *answer)
{
    while (part.len) {
        int ready = wait_for(fd, POLLIN | POLLOUT, NEXT_MS);
        char some[16384];
        ssize_t n;

        if (!ready || (ready & (POLLERR | POLLNVAL)))
            return;
        if ((ready & POLLIN) && (n = recv(fd, some, sizeof some, MSG_DONTWAIT)) > 0)
            buf_put(answer, some, (size_t)n);
        else if (ready & POLLIN)
            return;
        if ((ready & POLLOUT) && (n = send(fd, part.at, part.len, MSG_NOSIGNAL | MSG_DONTWAIT)) > 0)
            part.at += n, part.len -= (size_t)n;
    }
}

/* True when the server closed; false when it kept silent for so long. */
static bool receive(int fd, int wait, struct buf *answer)
{
    char some[16384];

    while (answer->len < ANSWER_MOST && wait_for(fd, POLLIN, wait)) {
        ssize_t n = recv(fd, some, sizeof some, 0);

        if (n <= 0)
            return true;
        buf_put(answer, some, (size_t)n);
    }
    return false;
}

/* ---- is it an answer? ---------------------------------------------------------------------- */

struct reading {
    struct str left;
    bool closed;               /* nothing comes after it */
    bool head;                 /* bodies may be missing */
};

static bool line_of(struct str *left, struct str *line)
{
    const char *end = left->len ? memmem(left->at, left->len, "\r\n", 2) : NULL;

    if (!end)
        return false;
    *line = (struct str){ left->at, (size_t)(end - left->at) };
    left->at += line->len + 2;
    left->len -= line->len + 2;
    return true;
}

static bool header_is(struct str line, const char *name, struct str *value)
{
    size_t n = strlen(name);

    if (line.len < n + 2 || strncasecmp(line.at, name, n) != 0 || line.at[n] != ':')
        return false;
    *value = (struct str){ line.at + n + 2, line.len - n - 2 };
    return true;
}

static bool body_chunked(struct reading *r, struct buf *body)
{
    struct str line;

    for (;;) {
        size_t n = 0;

        if (!line_of(&r->left, &line))
            return false;
        DEMAND(line.len > 0 && line.len < 9 && sscanf(line.at, "%zx", &n) == 1, "a chunk without a size");
        if (r->left.len < n + 2)
            return false;
        buf_put(body, r->left.at, n);
        DEMAND(memcmp(r->left.at + n, "\r\n", 2) == 0, "a chunk without an end");
        r->left.at += n + 2, r->left.len -= n + 2;
        if (n == 0)
            return true;
    }
}

/* One answer off the front; false when it is not whole, or was the last that can be told from the next. */
static bool one_answer(struct reading *r)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct str whole = r->left, line, value;
    int64_t length = -1;
    bool chunked = false, json = false, coded = false;
    int status = 0;

    if (!line_of(&r->left, &line))
        return false;
    DEMAND(line.len >= 12 && (str_starts(line, STR("HTTP/1.1 ")) || str_starts(line, STR("HTTP/1.0 "))), "no answer: %.*s", (int)line.len, line.at);
    status = atoi(line.at + 9);
    /* 505 is the library's own word for a version it does not know, said before request.c hears of it. */
    DEMAND(status >= 100 && (status < 500 || status == 505), "%.*s", (int)whole.len, whole.at);
    while (line_of(&r->left, &line) && line.len) {
        const char *colon = memchr(line.at, ':', line.len);

        DEMAND(colon && colon > line.at && colon[1] == ' ', "no header: %.*s", (int)line.len, line.at);
        if (header_is(line, "Content-Length", &value))
            DEMAND(length < 0 && str_to_int(value, &length) && length >= 0, "a length: %.*s", (int)line.len, line.at);
        chunked |= header_is(line, "Transfer-Encoding", &value) && str_is(value, "chunked");
        json |= header_is(line, "Content-Type", &value) && memmem(value.at, value.len, "json", 4);
        coded |= header_is(line, "Content-Encoding", &value);
    }
    if (line.len)
        return false;
    if (status < 200 || status == 204 || status == 304)
        return r->left.len > 0;
    if (r->head)
        return false;
    DEMAND((length >= 0) != chunked || (length < 0 && !chunked), "both a length and chunks");
    if (chunked) {
        if (!body_chunked(r, &body))
            return false;
    } else {
        size_t n = length < 0 ? r->left.len : (size_t)length;

        if (r->left.len < n) {
            DEMAND(!r->closed, "%zu bytes of %zu, then an end", r->left.len, n);
            return false;
        }
        buf_put(&body, r->left.at, n);
        r->left.at += n, r->left.len -= n;
    }
    if (json && !coded)
        json_free(house_json(buf_view(&body)));
    return r->left.len > 0;
}

static void next_is_served(void)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    int fd = connect_to();

    send_part(fd, STR("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"), &answer);
    DEMAND(receive(fd, NEXT_MS, &answer) && str_starts(buf_view(&answer), STR("HTTP/1.1 200 ")), "the next: %.*s", (int)answer.len, answer.at);
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int turns;
    CLEANUP(buf_done) struct buf part = { 0 };
    CLEANUP(buf_done) struct buf answer = { 0 };
    struct str in = { (const char *)data, size };

    if (turns++ % 4000 == 0)
        serve();
    if (memmem(in.at, in.len, "DELETE", 6) || turns % 512 == 0)
        sign_in();
    int fd = connect_to();
    for (size_t i = 0; i < in.len; i++) {
        bool sign = in.at[i] == '$' && i + 1 < in.len;

        if (sign && (in.at[i + 1] == 'T' || in.at[i + 1] == 'W')) {
            buf_printf(&part, "Authorization: Bearer %.43s\r\n", tokens[in.at[++i] == 'W']);
        } else if (sign && in.at[i + 1] == '|') {
            i++;
            send_part(fd, buf_view(&part), &answer);
            buf_clear(&part);
            (void)receive(fd, 1, &answer);
        } else {
            buf_char(&part, in.at[i]);
        }
    }
    send_part(fd, buf_view(&part), &answer);
    bool whole = in.len && (memmem(in.at, in.len, "\r\n\r\n", 4) || memmem(in.at, in.len, "\n\n", 2));
    struct reading r = { .closed = receive(fd, whole ? PATIENT_MS : QUICK_MS, &answer), .head = memmem(in.at, in.len, "HEAD", 4) != NULL };
    close(fd);
    r.left = buf_view(&answer);
    while (one_answer(&r))
        ;
    next_is_served();
    return 0;
}

/* ---- how requests grow ------------------------------------------------------------------------ */

static void put_request(struct buf *out)
{
    static const char *const lines[] = {
        "GET /healthz", "GET /metrics", "GET /api/session", "GET /api/meta", "GET /", "GET /api/area/tree?area=4405", "POST /api/records",
        "GET /api/household/list?area=" VILLAGE "01", "GET /api/area/shapes?area=4405", "POST /api/reveal", "OPTIONS /api/records", "DELETE /api/session",
        "GET /api/stream?area=4405", "POST /api/session", "POST /api/account", "PUT /", "HEAD /healthz", "GET /%2e%2e/x", "GET /api/a/b?%61=%zz&a",
        "GET http://x/", "GET *", "GET /index.html",
    };
    static const char *const versions[] = { "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/1.2", "HTTP/2.0", "http/1.1", "" };
    static const char *const headers[] = {
        "Host: x", "$T", "$W", "Content-Length: 5", "Content-Length: 0", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
        "Expect: 100-continue", "If-None-Match: *", "If-None-Match: \"a\", W/\"b\"", "Cookie: wangge=fuzz-commander-0123456789-0123456789-01234",
        "Cookie: a=\"b;c=d", "X-Wangge: 1", "Origin: http://y", "Content-Type: application/json", "Accept-Encoding: gzip", "Last-Event-ID: 1-2-3",
        "X-Forwarded-For: 1.2.3.4, 5.6.7.8", "Connection: keep-alive", "Connection: upgrade", "Upgrade: h2c", " folded", "A:b", "A b", ":", "Range: bytes=0-1",
        "Authorization: Basic eDp5", "X-Forwarded-Proto: https", "Content-Length: +5", "Content-Length: 18446744073709551616",
    };
    static const char *const bodies[] = { "{\"records\":[]}", "{}", "[[[", "5\r\nhello\r\n0\r\n\r\n", "e\r\n{\"records\":[]}\r\n0\r\nA: b\r\n\r\n", "hello",
                                          "{\"name\":\"one\",\"password\":\"twelve-letters\"}", "" };
    const char *body = bodies[grow_any(COUNT_OF(bodies))];

    buf_printf(out, "%s %s\r\n", lines[grow_any(COUNT_OF(lines))], versions[grow_any(COUNT_OF(versions))]);
    if (grow_any(10))
        buf_text(out, "Host: x\r\n");
    if (grow_any(3))
        buf_text(out, grow_any(2) ? "$T" : "$W");
    for (size_t n = grow_any(4); n; n--) {
        const char *h = headers[grow_any(COUNT_OF(headers))];

        buf_printf(out, "%s%s", h, h[0] == '$' ? "" : "\r\n");
    }
    if (grow_any(2) == 0)
        buf_printf(out, "Content-Length: %zu\r\n", strlen(body));
    if (grow_any(4))
        buf_text(out, "Connection: close\r\n");
    buf_text(out, grow_any(12) ? "\r\n" : "$|\r\n");
    buf_text(out, body);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    grow_seed(seed);
    if (grow_any(3))
        return LLVMFuzzerMutate(data, size, most);
    put_request(&text);
    if (grow_any(6) == 0)
        put_request(&text);
    if (text.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, text.at, text.len);
    return text.len;
}
