/*
 * http.h - the door of http: requests in, answers out.
 *
 * The contract of doc/flow.md: sessions, records, questions, the stream, the
 * pages embedded in the program.  No domain words and no route per feature.
 */
#ifndef WANGGE_HTTP_H
#define WANGGE_HTTP_H

#include "core/core.h"

struct http;

struct http_options {
    const char *listen;      /* "127.0.0.1:8440"; port 0 takes a free one */
    int threads;             /* 0: one per processor, at least 2 */
    const char *tls;         /* path of a certificate chain in PEM, "local": an own authority signs one; NULL or empty: plain http */
    const char *tls_key;     /* path of its key; with "local" of the authority's own file, made when there is none */
    const char *trust;       /* with "local": address and port of the plain page that gives phones the authority; empty: none */
};
/* Starts serving; returns when the socket listens.  http_url gives "http://127.0.0.1:8440".  http.listen, tls.files, tls.authority. */
MUST_USE int http_start(struct http **out, struct core *core, const struct http_options *o, struct err *e);
const char *http_url(const struct http *h);
const char *http_trust_url(const struct http *h);       /* empty: there is no such page */
/* Refuses new requests, ends streams, lets acknowledged ones leave. Then core_close. */
void http_stop(struct http *h);

#endif
