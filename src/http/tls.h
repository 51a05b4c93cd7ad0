/*
 * tls.h - certificates, for server.c and trust.c.
 *
 * Either those of a public name, read from two files, or one that an own
 * authority signs anew at each start for every name and address of this machine.
 */
#ifndef WANGGE_HTTP_TLS_H
#define WANGGE_HTTP_TLS_H

#include "base/base.h"

struct tls {
    struct buf chain, key;       /* PEM; what connections are served with */
    struct buf authority;        /* DER of the own authority; empty: a public name */
    char print[97];              /* its SHA-256, as people compare it */
};
static inline bool tls_on(const struct tls *t)
{
    return t->chain.len > 0;
}

/*
 * chain: path of a PEM file, or "local"; key: path of its key, for "local" that
 * of the authority's own file (key and certificate, mode 0600), made when it is
 * not there.  host: the name or address listened on.  tls.files, tls.authority.
 */
MUST_USE int tls_open(struct tls *out, const char *chain, const char *key, const char *host, struct err *e);
void tls_done(struct tls *t);    /* accepts a zeroed one */

#endif
