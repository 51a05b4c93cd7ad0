/*
 * test_http.c - what http refuses, admits and answers, asked over real
 * connections of a server without features; and its limits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/http.h"
#include "http/own.h"

static const struct feature *const none[] = { NULL };
static char folder[32], url[64];
static struct signing as = { .name = STR("city"), .password = STR("password1") };
static struct core *core;
static struct http *server;

static int connect_to(void)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(strrchr(http_url(server), ':') + 1)) };
    struct timeval wait = { .tv_sec = 5 };
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    return fd;
}

static void send_all(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* Sends a request, "$T" standing for the bearer line, and gives status and answer; the connection closes after it. */
static int ask(const char *request, struct buf *answer)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    char some[4096];
    const char *at;
    int fd = connect_to(), status = 0;
    ssize_t n;

    at = strstr(request, "\r\n") + 2;
    buf_put(&text, request, (size_t)(at - request));
    buf_text(&text, "Connection: close\r\n");
    request = at;
    while ((at = strstr(request, "$T"))) {
        buf_put(&text, request, (size_t)(at - request));
        buf_printf(&text, "Authorization: Bearer %s\r\n", as.token);
        request = at + 2;
    }
    buf_text(&text, request);
    send_all(fd, text.at, text.len);
    buf_clear(answer);
    while ((n = recv(fd, some, sizeof some, 0)) > 0)
        buf_put(answer, some, (size_t)n);
    close(fd);
    if (sscanf(buf_z(answer), "HTTP/1.%*d %d", &status) != 1)
        status = 0;
    return status;
}

static void body_of(const char *method, const char *path, const char *more, const char *body, struct buf *out)
{
    buf_clear(out);
    buf_printf(out, "%s %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n%s", method, path, more, strlen(body), body);
}

static void test_requests(void **state)
{
#define H "Host: x\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" H
#define POST "POST /api/records HTTP/1.1\r\n" H "$T"
    static const struct {
        const char *request;
        int status;
        const char *says;
    } all[] = {
        { GET("/healthz") "\r\n", 200, "\"ok\":true" },
        { "GET /healthz HTTP/1.1\r\n\r\n", 400, "request.host" },
        { GET("/healthz") H "\r\n", 400, "request.host" },
        { POST "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "request.framing" },
        { POST "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400, "request.framing" },
        { POST "Content-Length : 2\r\n\r\n{}", 400, "request.header" },
        { POST "Transfer-Encoding: identity\r\n\r\n{}", 400, "request.framing" },
        { POST "Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "request.framing" },
        { POST "Content-Length: 2x\r\n\r\n{}", 400, "" },
        { POST "Content-Length: +2\r\n\r\n{}", 400, "" },
        { POST "Content-Length: -2\r\n\r\n{}", 400, "" },
        { POST "Content-Length: 0x2\r\n\r\n{}", 400, "" },
        { POST "Content-Length: 2, 2\r\n\r\n{}", 400, "" },
        { POST "Content-Length:\r\n\r\n{}", 400, "" },
        { POST "Content-Length: 99999999999999999999\r\n\r\n{}", 413, "" },
        { POST "Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "" },
        { POST "Transfer-Encoding: chunked, identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "" },
        { POST "Transfer-Encoding : chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "request.header" },
        { POST "Transfer-Encoding: \vchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, "request.header" },
        { POST "Content-Type: text/plain\r\nContent-Length: 14\r\n\r\n{\"records\":[]}", 415, "request.type" },
        { POST "Content-Type: application/jsonp\r\nContent-Length: 14\r\n\r\n{\"records\":[]}", 415, "request.type" },
        { POST "Content-Type: application/json; charset=utf-8\r\nContent-Length: 14\r\n\r\n{\"records\":[]}", 200, "" },
        { GET("/healthz") "X: a\001b\r\n\r\n", 400, "request.header" },
        { GET("/healthz") "X: a\rContent-Length: 5\r\n\r\n", 400, "request.header" },
        { GET("/healthz") "X: \377\r\n\r\n", 400, "request.header" },
        { GET("/healthz") "X: \347\216\213\r\n\r\n", 200, "" },
        { GET("/api/meta%00x") "\r\n", 400, "request.line" },
        { GET("http://x/healthz") "\r\n", 400, "request.line" },
        { GET("/api/a/b?area=1&area=2") "$T\r\n", 400, "request.parameter" },
        { GET("/api/a/b?area=%ff") "$T\r\n", 400, "request.parameter" },
        { GET("/api/a/b?area=%0a") "$T\r\n", 400, "request.parameter" },
        { GET("/api/a/b") "\r\n", 401, "session.none" },
        { GET("/api/a/b") "Authorization: Bearer 0123456789012345678901234567890123456789012\r\n\r\n", 401, "session.unknown" },
        { GET("/api/a/b") "$T\r\n", 404, "query.unknown" },
        { GET("/api/a/b/c") "$T\r\n", 404, "request.unknown" },
        { GET("/nothing") "\r\n", 404, "request.unknown" },
        { "PUT /api/session HTTP/1.1\r\n" H "\r\n", 405, "Allow: GET, HEAD, POST, DELETE, OPTIONS" },
        { "OPTIONS /api/records HTTP/1.1\r\n" H "\r\n", 204, "Allow: POST, OPTIONS" },
        { "HEAD /healthz HTTP/1.1\r\n" H "\r\n", 200, "\r\n\r\n" },
        { POST "Content-Length: 2\r\n\r\n{{", 400, "json.bad" },
        { POST "Content-Length: 50000000\r\n\r\n", 413, "request.large" },
        { "POST /api/records HTTP/1.1\r\n" H "Content-Length: 2\r\n\r\n{}", 401, "session.none" },
        { POST "Content-Length: 14\r\n\r\n{\"records\":[]}", 200, "\"results\":[]" },
        { POST "Transfer-Encoding: chunked\r\n\r\ne\r\n{\"records\":[]}\r\n0\r\n\r\n", 200, "\"results\":[]" },
        { GET("/api/stream") "$T\r\n", 400, "\"field\":\"area\"" },
        { GET("/api/stream?area=4405") "$T\r\n", 404, "area.unknown" },
        { GET("/metrics") "\r\n", 200, "wangge_http_answers_total" },
    };
    CLEANUP(buf_done) struct buf answer = { 0 };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        int status = ask(all[i].request, &answer);

        if (status != all[i].status || !strstr(buf_z(&answer), all[i].says))
            fail_msg("%s\nwanted %d %s, got %d\n%s", all[i].request, all[i].status, all[i].says, status, buf_z(&answer));
        if (status && strstr(buf_z(&answer), "Content-Type"))
            assert_non_null(strstr(buf_z(&answer), "default-src 'self'"));
    }
}

/*
 * Two readers of one request: what stands behind a body whose end is in doubt
 * is not taken for a request.  Nothing asks to close here; refusing must.
 */
static void test_smuggling(void **state)
{
#define HIDDEN "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
#define AT "POST /api/session HTTP/1.1\r\nHost: x\r\n"
    static const char *const all[] = {
        AT "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: chunked\r\nContent-Length: 42\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Content-Length: 42\r\nContent-Length: 0\r\n\r\n" HIDDEN,
        AT "Content-Length: 0\r\nContent-Length: 42\r\n\r\n" HIDDEN,
        AT "Content-Length: 0, 42\r\n\r\n" HIDDEN,
        AT "Content-Length: +0\r\n\r\n" HIDDEN,
        AT "Content-Length : 0\r\n\r\n" HIDDEN,
        AT "Content-Length: 0\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n" HIDDEN,
        AT "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n" HIDDEN,
        "POST /api/session HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" HIDDEN,
        "POST /api/session HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n" HIDDEN,
        "POST /api/session HTTP/1.1\r\nContent-Length: 0\r\n\r\n" HIDDEN,
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        CLEANUP(buf_done) struct buf answer = { 0 };
        char some[4096];
        int fd = connect_to();
        ssize_t n;

        send_all(fd, all[i], strlen(all[i]));
        while ((n = recv(fd, some, sizeof some, 0)) > 0)
            buf_put(&answer, some, (size_t)n);
        close(fd);
        if (n < 0 || strstr(buf_z(&answer), "\"ok\":true") || strstr(buf_z(&answer), "HTTP/1.1 2"))
            fail_msg("%s\n%s\n%s", all[i], n < 0 ? "the connection stays open" : "answered twice", buf_z(&answer));
    }
}

/* What does not fit is refused before memory is taken, and said so in time to be read. */
static void test_large(void **state)
{
    CLEANUP(buf_done) struct buf request = { 0 };
    CLEANUP(buf_done) struct buf answer = { 0 };

    (void)state;
    buf_text(&request, "GET /healthz?");
    for (int i = 0; i < 5000; i++)
        buf_char(&request, 'a');
    buf_text(&request, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(ask(buf_z(&request), &answer), 414);
    buf_clear(&request);
    buf_text(&request, "GET /healthz HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 80; i++)
        buf_printf(&request, "X%d: 1\r\n", i);
    buf_text(&request, "\r\n");
    assert_int_equal(ask(buf_z(&request), &answer), 431);
    buf_clear(&request);
    buf_text(&request, "POST /api/records HTTP/1.1\r\nHost: x\r\n$TContent-Length: 5000000\r\n\r\n");
    for (int i = 0; i < 5000000; i++)
        buf_char(&request, 'x');
    assert_int_equal(ask(buf_z(&request), &answer), 413);
}

/* Exactly as much as may be is read, one byte more is not; in pieces too, where nobody says before how much it will be. */
static void test_limit_of_a_body(void **state)
{
    enum { MOST = 4096, FIRST = 4000 };          /* of a sign-in */
    CLEANUP(buf_done) struct buf body = { 0 };
    CLEANUP(buf_done) struct buf request = { 0 };
    CLEANUP(buf_done) struct buf answer = { 0 };

    (void)state;
    buf_text(&body, "{\"name\":\"city\"}");
    while (body.len < MOST)
        buf_char(&body, ' ');
    for (int more = 0; more < 2; more++) {
        body_of("POST", "/api/session", "", buf_z(&body), &request);
        assert_int_equal(ask(buf_z(&request), &answer), more ? 413 : 400);
        assert_true(!more || strstr(buf_z(&answer), "request.large"));     /* before anybody looked into it */
        buf_clear(&request);
        buf_printf(&request, "POST /api/session HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%.*s\r\n%zx\r\n%s\r\n0\r\n\r\n", FIRST, FIRST,
                   body.at, body.len - FIRST, buf_z(&body) + FIRST);
        assert_int_equal(ask(buf_z(&request), &answer), more ? 413 : 400);
        assert_true(!more || strstr(buf_z(&answer), "request.large"));     /* before anybody looked into it */
        buf_char(&body, ' ');
    }
}

static void test_sessions(void **state)
{
    CLEANUP(buf_done) struct buf request = { 0 };
    CLEANUP(buf_done) struct buf answer = { 0 };
    char more[256], other[48];

    (void)state;
    body_of("POST", "/api/session", "", "{\"name\":\"city\"}", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 400);
    assert_non_null(strstr(buf_z(&answer), "\"field\":\"password\""));
    body_of("POST", "/api/session", "Origin: http://elsewhere\r\n", "{\"name\":\"city\",\"password\":\"password1\"}", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 403);
    body_of("POST", "/api/session", "", "{\"name\":\"city\",\"password\":\"password1\"}", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 200);
    assert_non_null(strstr(buf_z(&answer), "HttpOnly; SameSite=Strict"));
    snprintf(other, sizeof other, "%.43s", strstr(buf_z(&answer), "wangge=") + 7);

    /* A cookie alone reads; to change something takes the mark. */
    snprintf(more, sizeof more, "Cookie: a=b; wangge=%s\r\n", other);
    body_of("GET", "/api/session", more, "", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 200);
    assert_null(strstr(buf_z(&answer), "\"token\""));
    body_of("POST", "/api/records", more, "{\"records\":[]}", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 403);
    assert_non_null(strstr(buf_z(&answer), "request.foreign"));
    snprintf(more, sizeof more, "X-Wangge: 1\r\nCookie: a=b; wangge=%s\r\n", other);
    body_of("POST", "/api/records", more, "{\"records\":[]}", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 200);
    body_of("DELETE", "/api/session", more, "", &request);
    assert_int_equal(ask(buf_z(&request), &answer), 204);
    assert_int_equal(ask(buf_z(&request), &answer), 401);

    /* Five wrong ones, then everybody waits, with the right one too; a name that does not exist is treated alike. */
    static const char *const names[] = { "city", "nobody" };
    for (size_t n = 0; n < COUNT_OF(names); n++) {
        snprintf(more, sizeof more, "{\"name\":\"%s\",\"password\":\"password2\"}", names[n]);
        body_of("POST", "/api/session", "", more, &request);
        for (int i = 0; i < 5; i++)
            assert_int_equal(ask(buf_z(&request), &answer), 401);
        assert_int_equal(ask(buf_z(&request), &answer), 429);
        assert_non_null(strstr(buf_z(&answer), "Retry-After: 1"));
    }
}

static void test_limits(void **state)
{
    struct limits *l = limits_new(60);
    uint8_t one[32] = { 1 }, two[32] = { 2 };

    (void)state;
    for (int i = 0; i < 10; i++)
        assert_false(often(l, one));
    assert_true(often(l, one));
    assert_false(often(l, two));
    for (int i = 0; i < 4; i++)
        delay_wrong(l, DELAY_NAME, STR("a"));
    assert_int_equal(delay_left(l, DELAY_NAME, STR("a")), 0);
    static const int waits[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900 };
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        delay_wrong(l, DELAY_NAME, STR("a"));
        assert_int_equal(delay_left(l, DELAY_NAME, STR("a")), waits[i]);
    }
    assert_int_equal(delay_left(l, DELAY_PEER, STR("a")), 0);
    assert_int_equal(delay_left(l, DELAY_DEVICE, STR("a")), 0);
    assert_int_equal(delay_left(l, DELAY_NAME, STR("b")), 0);
    delay_right(l, DELAY_NAME, STR("a"));
    assert_int_equal(delay_left(l, DELAY_NAME, STR("a")), 0);
    limits_free(l);
}

static int begin(void **state)
{
    struct core_options o = { .store = url, .keys = "", .master = "", .create = true, .features = none };
    struct session s = { 0 };
    struct reader *reader = NULL;
    struct err e = { 0 };

    (void)state;
    strcpy(folder, "/tmp/wangge-http-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(url, sizeof url, "sqlite:%s/w.db", folder);
    if (core_open(&core, &o, &e) < 0 || core_account_add(core, STR("city"), id_new(), STR("password1"), &e) < 0 ||
        core_reader_open(core, &reader, &e) < 0 || core_sign_in(core, reader, &as, &s, &e) < 0 ||
        http_start(&server, core, &(struct http_options){ "127.0.0.1:0", 2 }, &e) < 0) {
        fprintf(stderr, "%s %s\n", e.key, e.detail);
        return -1;
    }
    session_done(&s);
    core_reader_close(reader);
    return 0;
}

static int end(void **state)
{
    char command[64];

    (void)state;
    http_stop(server);
    core_close(core);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests), cmocka_unit_test(test_smuggling), cmocka_unit_test(test_large), cmocka_unit_test(test_limit_of_a_body),
        cmocka_unit_test(test_sessions), cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests_name("http", tests, begin, end);
}
