/*
 * drill.h - the door of drill: the invented city and its working days, as records.
 *
 * Nobody in it exists: phones begin with 100, ids have region 990000, the
 * polygons are synthetic and say so.  The same seed and day give the same ids,
 * rows and answers.
 */
#ifndef WANGGE_DRILL_H
#define WANGGE_DRILL_H

#include "core/core.h"

struct drill_options {
    const char *city;        /* "4405" */
    const char *data;        /* folder of divisions.csv, census.csv, names.json, town_seats.csv, coast.json */
    int64_t people;          /* 5502031: full size */
    int days;
    uint64_t seed;
    const char *until;       /* last day of visits; NULL: yesterday */
    const char *password;    /* of every account */
    void (*progress)(const char *words, int64_t done, int64_t all);
};
MUST_USE int drill_make(struct core *c, const struct drill_options *o, struct err *e);
/* Goes on through HTTP at rate visits a second until *stop; signs in as the drill's own workers. */
MUST_USE int drill_live(const char *url, const struct drill_options *o, double rate, volatile int *stop, struct err *e);

#endif
