/*
 * store.h - the door of store: rows in, rows out.
 *
 * One door, two drivers: SQLite now, PostgreSQL behind the same calls.  This
 * room is the only place that names either.  SQL comes as named statements,
 * compiled in from *.sql files by tool/sql2c.mjs, never put together at run time.
 *
 * A store is one connection and belongs to one thread at a time.  In one
 * process exactly one store is open for writing; the others only read.
 */
#ifndef WANGGE_STORE_H
#define WANGGE_STORE_H

#include "base/base.h"

struct store;

/* A named statement: "-- name: add_reading" in watch.sql is sql_add_reading in watch.sql.h. */
struct sql {
    const char *name;   /* "watch.add_reading" */
    const char *text;   /* one statement, or for a schema several, each ending in ";" */
};

enum value_kind { VALUE_NULL, VALUE_INT, VALUE_TEXT, VALUE_BLOB };
struct value {
    enum value_kind kind;
    int64_t number;
    struct str bytes;   /* borrowed until store_run or store_query returns */
    struct id own;      /* of value_id, where bytes.at is NULL */
};
struct value value_int(int64_t n);
struct value value_bool(bool b);
struct value value_str(struct str s);        /* "none" gives NULL */
struct value value_text(const char *z);
struct value value_blob(struct str bytes);   /* "none" gives NULL */
struct value value_id(struct id id);         /* a BLOB of 16 bytes; the zero id is bound as 16 zero bytes */
struct value value_same(struct value v);
extern const struct value value_null;

#define VALUE_OF(x) _Generic((x), \
    int: value_int, long: value_int, long long: value_int, unsigned: value_int, bool: value_bool, \
    struct str: value_str, char *: value_text, const char *: value_text, struct id: value_id, struct value: value_same)(x)
#define ARGS_1(a) VALUE_OF(a)
#define ARGS_2(a, ...) VALUE_OF(a), ARGS_1(__VA_ARGS__)
#define ARGS_3(a, ...) VALUE_OF(a), ARGS_2(__VA_ARGS__)
#define ARGS_4(a, ...) VALUE_OF(a), ARGS_3(__VA_ARGS__)
#define ARGS_5(a, ...) VALUE_OF(a), ARGS_4(__VA_ARGS__)
#define ARGS_6(a, ...) VALUE_OF(a), ARGS_5(__VA_ARGS__)
#define ARGS_7(a, ...) VALUE_OF(a), ARGS_6(__VA_ARGS__)
#define ARGS_8(a, ...) VALUE_OF(a), ARGS_7(__VA_ARGS__)
#define ARGS_9(a, ...) VALUE_OF(a), ARGS_8(__VA_ARGS__)
#define ARGS_10(a, ...) VALUE_OF(a), ARGS_9(__VA_ARGS__)
#define ARGS_11(a, ...) VALUE_OF(a), ARGS_10(__VA_ARGS__)
#define ARGS_12(a, ...) VALUE_OF(a), ARGS_11(__VA_ARGS__)
#define ARGS_13(a, ...) VALUE_OF(a), ARGS_12(__VA_ARGS__)
#define ARGS_14(a, ...) VALUE_OF(a), ARGS_13(__VA_ARGS__)
#define ARGS_15(a, ...) VALUE_OF(a), ARGS_14(__VA_ARGS__)
#define ARGS_16(a, ...) VALUE_OF(a), ARGS_15(__VA_ARGS__)
#define ARGS_N(_1, _2, _3, _4, _5, _6, _7, _8, _9, _10, _11, _12, _13, _14, _15, _16, n, ...) ARGS_##n
#define ARGS_PICK(...) ARGS_N(__VA_ARGS__, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
/* The arguments $1, $2 … of a statement: ARGS(r->ledger, door, 3) */
struct args {
    const struct value *at;
    size_t count;
};
#define ARGS(...) ((struct args){ (const struct value[]){ ARGS_PICK(__VA_ARGS__)(__VA_ARGS__) }, \
    sizeof((const struct value[]){ ARGS_PICK(__VA_ARGS__)(__VA_ARGS__) }) / sizeof(struct value) })
#define NO_ARGS ((struct args){ NULL, 0 })

enum store_mode { STORE_READ, STORE_WRITE, STORE_COPY };

/*
 * Opens "sqlite:FILE".  STORE_WRITE makes the file when missing and takes the
 * one writer's lock (store.locked when another process holds it).  STORE_COPY
 * writes a copy that nobody works with: one plain file once it is closed, to
 * be read on any medium; no lock is taken, whoever writes sees to it that he
 * is alone.  A store of a newer version is refused by store_step with
 * store.newer.
 */
MUST_USE int store_open(struct store **out, const char *url, enum store_mode mode, struct err *e);
void store_close(struct store *s);                      /* accepts NULL */
void store_done(struct store **s);                      /* CLEANUP of an open one */
MUST_USE bool store_has(const char *url);               /* is there anything at this address yet? */
const char *store_path(const char *url);                /* its file, within url; url itself when it is no address */
void store_url(struct buf *to, const char *path);       /* adds the address of a store in this file */

/*
 * Schema steps: brings `part` ("ledger", "household") from the version the
 * store holds to `version`, running steps[version_held] … in a transaction
 * (or in the one that is open).  A store opened to read is only looked at:
 * store.newer, store.older.
 */
MUST_USE int store_version(struct store *s, const char *part, int64_t *version, struct err *e);     /* what it holds; 0: nothing of it */
MUST_USE int store_step(struct store *s, const char *part, int version, const struct sql *const *steps, struct err *e);

MUST_USE int store_begin(struct store *s, struct err *e);
MUST_USE int store_commit(struct store *s, struct err *e);     /* after 0 it is on disk; after -1 nothing of it stands */
void store_rollback(struct store *s);
MUST_USE int store_savepoint(struct store *s, struct err *e);  /* nests */
MUST_USE int store_release(struct store *s, struct err *e);
void store_back(struct store *s);                              /* undoes to the newest savepoint and ends it */

/* Runs one statement to its end.  changed, if not NULL, gets the number of rows it touched. */
MUST_USE int store_run(struct store *s, const struct sql *sql, struct args args, int64_t *changed, struct err *e);

/*
 * Rows of one statement, read forward.  A zeroed one is done.  rows_next is
 * false at the end and on a failure; a failure stays with the store, and
 * store_failed() and store_commit() report it, so that no half-read answer is
 * taken for a whole one.
 */
struct rows {
    struct store *store;
    void *stmt;         /* stays for the columns' names when the rows are at their end */
    bool live;
};
MUST_USE int store_query(struct store *s, struct rows *rows, const struct sql *sql, struct args args, struct err *e);
bool rows_next(struct rows *rows);
int rows_columns(const struct rows *rows);
const char *rows_name(const struct rows *rows, int column);
int rows_named(const struct rows *rows, const char *name);     /* the column of this name, -1 */
enum value_kind rows_kind(const struct rows *rows, int column);
int64_t rows_int(const struct rows *rows, int column);         /* NULL is 0 */
struct str rows_str(const struct rows *rows, int column);      /* text or blob, borrowed until the next row; NULL is "none" */
struct id rows_id(const struct rows *rows, int column);        /* zero unless 16 bytes */
void rows_done(struct rows *rows);
/* Calls each for every column a statement gives, without running it; the kind of what comes straight from a table, VALUE_NULL of what is computed. */
typedef void store_column(void *ctx, const char *name, enum value_kind kind);
MUST_USE int store_describe(struct store *s, const struct sql *sql, store_column *each, void *ctx, struct err *e);
MUST_USE int store_failed(struct store *s, struct err *e);     /* -1 with the first failed read since the last call */

/* A read that sees one state of the store over several queries. */
MUST_USE int store_snapshot(struct store *s, struct err *e);
void store_snapshot_end(struct store *s);

/*
 * Names whose statements run from now on: an authorizer lets them read core's,
 * their own and their left neighbours' tables and write only their own.
 * Prefixes of table names; NULL lifts the fence.
 */
struct store_fence {
    const char *const *read;    /* NULL-terminated prefixes: "core_", "household_" */
    const char *const *write;
};
void store_fence(struct store *s, const struct store_fence *fence);     /* borrowed as long as the store is open */

/* Drops the tables whose names begin with prefix, and forgets the version of that part: the first half of a rebuild. */
MUST_USE int store_drop(struct store *s, const char *part, const char *prefix, struct err *e);

/* Hashes every row of every table whose name begins with prefix, in key order, into out: equal tables, equal bytes. */
MUST_USE int store_digest(struct store *s, const char *prefix, uint8_t out[32], struct err *e);
/* The same for each of these tables alone, in the order of their names. */
typedef void store_table(void *ctx, const char *table, const uint8_t digest[32]);
MUST_USE int store_digests(struct store *s, const char *prefix, store_table *each, void *ctx, struct err *e);

/*
 * After an erase: what was deleted is overwritten in every file of the store
 * before this returns.  Outside a transaction; store.busy while a reader still
 * sees the state before, store.io when it is stuck.
 */
MUST_USE int store_scrub(struct store *s, struct err *e);
/* From any thread: a sync failed while committed pages went into the file; its log only grows until the store is opened anew. */
bool store_stuck(const struct store *s);

/* Reads the whole file and tells each thing wrong with its pages and indexes: damage below what the rows mean. */
MUST_USE int store_check(struct store *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e);

/* A copy of the whole store, taken while it is in use (SQLite's backup), in place of whatever stood at path. */
MUST_USE int store_copy(struct store *s, const char *path, struct err *e);

#endif
