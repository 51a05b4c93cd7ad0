/*
 * trust.h - the plain page of the own authority, for server.c.
 */
#ifndef WANGGE_HTTP_TRUST_H
#define WANGGE_HTTP_TRUST_H

#include "http/tls.h"

struct trust;
/* Takes the listening socket when it succeeds. url: where the pages themselves are; tls outlives it. */
MUST_USE int trust_start(struct trust **out, int fd, const struct tls *tls, const char *url, struct err *e);
void trust_stop(struct trust *t);    /* accepts NULL */

#endif
