/*
 * peer.c - the connections that are open, and how long they may keep us waiting.
 *
 * A connection has until its deadline to go on: setting timeout from its
 * opening or its last answer to the first line of a request, four times that
 * from there to its last byte.  Bytes that trickle do not move the deadline.
 */
#include "http/own.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

static void address_put(char *to, size_t room, const struct sockaddr *from)
{
    const void *bytes = NULL;

    if (from && from->sa_family == AF_INET)
        bytes = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
    else if (from && from->sa_family == AF_INET6)
        bytes = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
    if (!bytes || !inet_ntop(from->sa_family, bytes, to, (socklen_t)room))
        to[0] = 0;
}

void peer_changed(void *cls, struct MHD_Connection *conn, void **own, enum MHD_ConnectionNotificationCode what)
{
    struct http *h = cls;
    struct peer *p = *own;

    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *from = MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        p = mem_take(sizeof *p);
        p->fd = fd ? (int)fd->connect_fd : -1;
        p->deadline = time_monotonic() + h->timeout;
        address_put(p->address, sizeof p->address, from ? from->client_addr : NULL);
        *own = p;
        pthread_mutex_lock(&h->lock);
        p->after = h->peers;
        if (h->peers)
            h->peers->before = p;
        h->peers = p;
        h->peer_count++;
        pthread_mutex_unlock(&h->lock);
        return;
    }
    if (!p)
        return;
    pthread_mutex_lock(&h->lock);
    if (p->after)
        p->after->before = p->before;
    if (p->before)
        p->before->after = p->after;
    else
        h->peers = p->after;
    h->peer_count--;
    pthread_mutex_unlock(&h->lock);
    *own = NULL;
    free(p);
}

void peers_sweep(struct http *h)
{
    int64_t now = time_monotonic();

    pthread_mutex_lock(&h->lock);
    for (struct peer *p = h->peers; p; p = p->after) {
        int64_t deadline = p->deadline;

        /* The library closes it; its descriptor cannot be another's before peer_changed has run. */
        if (deadline && deadline < now && atomic_compare_exchange_strong(&p->deadline, &deadline, 0))
            (void)shutdown(p->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&h->lock);
}

struct str peer_address(const struct request *r)
{
    struct str said = request_header(r, "X-Forwarded-For"), own = str_of(r->peer ? r->peer->address : "");

    if (!said.at || !(str_starts(own, STR("127.")) || str_is(own, "::1")))
        return own;
    /* The last one is the proxy's own word; what stands before it anybody can write. */
    for (size_t i = said.len; i > 0; i--)
        if (said.at[i - 1] == ',' || said.at[i - 1] == ' ') {
            said = (struct str){ said.at + i, said.len - i };
            break;
        }
    return said.len && said.len < 64 ? said : own;
}
