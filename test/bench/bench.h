/*
 * bench.h - what the parts of the bench program share: its commands, the script of a load, small helpers.
 *
 * A script is a file of requests, each with this head before its bytes, ordered by
 * due; those of one connection are sent one after another, each when the answer
 * before it is whole.  Numbers are little-endian.
 */
#ifndef WANGGE_BENCH_H
#define WANGGE_BENCH_H

#include <sqlite3.h>

#include "base/base.h"

enum kind { KIND_RECORDS, KIND_ASK, KIND_SIGN_IN, KIND_STREAM, KINDS };

struct script_head {
    uint32_t connection, due;    /* ms after the start; 0: at once */
    uint32_t kind, length;
};

/* Each takes its words and returns the exit code. */
int bench_visits(int argc, char **argv);     /* visits.c: a script of visits not yet made in a store */
int bench_count(int argc, char **argv);      /* visits.c: what there is to visit */
int bench_load(int argc, char **argv);       /* load.c: sends a script */
int bench_constant(int argc, char **argv);   /* constant.c: a server of constant bytes */
int bench_repeat(int argc, char **argv);     /* bare.c: what ours wrote, again by a bare loop */
int bench_copy(int argc, char **argv);       /* bare.c: all rows of a store into an empty one */
int bench_grow(int argc, char **argv);       /* bare.c: a copy with more visits of the same slots, in more rounds */
int bench_sizes(int argc, char **argv);      /* bare.c: bytes of each table and index */
int bench_sync(int argc, char **argv);       /* bare.c: how long the disk takes to sync */
int bench_run(int argc, char **argv);        /* bench.c: a command with its seconds and memory */

_Noreturn void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
double seconds(void);                        /* monotonic */

/* SQLite with a message instead of an error. */
sqlite3 *db_open(const char *path, int flags);
void db_run(sqlite3 *db, const char *sql);
sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql);
bool db_step(sqlite3_stmt *stmt);            /* true: a row */
void db_close(sqlite3 *db);                  /* with its statements */

#endif
