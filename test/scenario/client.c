/*
 * client.c - a small HTTP client: one request, one connection, the whole answer.
 */
#include "scenario.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void close_socket(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int connect_to(const char *url)
{
    const char *port = strrchr(url, ':');
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port ? port + 1 : "0")) };
    struct timeval patience = { .tv_sec = 60 };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0) {
        close_socket(&fd);
        return -1;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

/* The value of a header in the answer's head, "none" when absent. */
static struct str header_of(struct str head, const char *name)
{
    size_t n = strlen(name);

    for (size_t i = 0; i + n < head.len; i++)
        if (head.at[i] == '\n' && strncasecmp(head.at + i + 1, name, n) == 0 && head.at[i + 1 + n] == ':') {
            size_t from = i + n + 2, to = from;

            while (to < head.len && head.at[to] != '\r')
                to++;
            while (from < to && head.at[from] == ' ')
                from++;
            return (struct str){ head.at + from, to - from };
        }
    return (struct str){ 0 };
}

static struct str unchunked(struct play *p, struct str body)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    const char *at = body.at, *end = body.at + body.len;

    while (at < end) {
        char *after;
        unsigned long n = strtoul(at, &after, 16);

        if (after == at || n == 0 || n > (unsigned long)(end - after) || end - after < 2)
            break;
        buf_put(&out, after + 2, n);
        at = after + 2 + n + 2;
    }
    return arena_str(&p->mem, buf_view(&out));
}

void client_send(struct play *p, const char *method, struct str path, struct str headers, struct str token, struct str body,
                 struct reply *out)
{
    CLEANUP(buf_done) struct buf request = { 0 };
    CLEANUP(buf_done) struct buf answer = { 0 };
    CLEANUP(close_socket) int fd = connect_to(http_url(p->http));
    const char *url = http_url(p->http), *host = strstr(url, "//");

    if (fd < 0)
        play_stop(p, "cannot connect to", str_of(url));
    buf_printf(&request, "%s %.*s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n", method, (int)path.len, path.at, host ? host + 2 : url);
    if (token.at)
        buf_printf(&request, "Authorization: Bearer %.*s\r\n", (int)token.len, token.at);
    if (body.at)
        buf_printf(&request, "Content-Type: application/json\r\nContent-Length: %zu\r\n", body.len);
    buf_str(&request, headers);
    buf_text(&request, "\r\n");
    buf_str(&request, body);
    for (size_t sent = 0; sent < request.len;) {
        ssize_t n = send(fd, request.at + sent, request.len - sent, MSG_NOSIGNAL);

        if (n <= 0)
            break;   /* refused early: the answer says why */
        sent += (size_t)n;
    }
    for (;;) {
        char page[16384];
        ssize_t n = recv(fd, page, sizeof page, 0);

        if (n <= 0)
            break;
        buf_put(&answer, page, (size_t)n);
    }
    struct str all = arena_str(&p->mem, buf_view(&answer));
    const char *gap = all.len ? memmem(all.at, all.len, "\r\n\r\n", 4) : NULL;

    if (!gap || all.len < 12 || memcmp(all.at, "HTTP/1.", 7) != 0)
        play_stop(p, "no answer to", path);
    out->status = atoi(all.at + 9);
    out->head = (struct str){ all.at, (size_t)(gap - all.at) + 2 };
    out->body = (struct str){ gap + 4, all.len - (size_t)(gap - all.at) - 4 };
    if (str_is(header_of(out->head, "Transfer-Encoding"), "chunked"))
        out->body = unchunked(p, out->body);
}
