/*
 * driver.h - what a driver brings; known inside store/ only.
 *
 * store.c keeps what is the same for all: transactions and savepoints as a
 * state, the first failed read, schema versions, digests.  A driver puts
 * struct store first in its own struct.
 */
#ifndef WANGGE_STORE_DRIVER_H
#define WANGGE_STORE_DRIVER_H

#include "store/store.h"

struct store {
    const struct store_driver *driver;
    enum store_mode mode;
    const struct store_fence *fence;
    bool begun, snapshot;
    int depth;                  /* open savepoints */
    struct err failure;         /* first failed read, while kind is set */
    int failure_depth;
};

enum store_order {
    ORDER_BEGIN, ORDER_COMMIT, ORDER_ROLLBACK, ORDER_SAVEPOINT, ORDER_RELEASE, ORDER_BACK, ORDER_SNAPSHOT, ORDER_SNAPSHOT_END
};

struct store_driver {
    const char *scheme;         /* "sqlite:"; the address is what follows it */
    bool (*has)(const char *address);
    int (*open)(struct store **out, const char *address, enum store_mode mode, struct err *e);
    void (*close)(struct store *s);

    int (*order)(struct store *s, enum store_order order, struct err *e);
    int (*run)(struct store *s, const struct sql *sql, struct args args, int64_t *changed, struct err *e);
    int (*query)(struct store *s, struct rows *rows, const struct sql *sql, struct args args, struct err *e);

    int (*describe)(struct store *s, const struct sql *sql, store_column *each, void *ctx, struct err *e);
    int (*next)(struct rows *rows, struct err *e);              /* 1 a row, 0 the end, -1 */
    void (*done)(struct rows *rows);                            /* of live rows: they end here */
    int (*columns)(const struct rows *rows);
    const char *(*name)(const struct rows *rows, int column);
    enum value_kind (*kind)(const struct rows *rows, int column);
    int64_t (*number)(const struct rows *rows, int column);
    struct str (*bytes)(const struct rows *rows, int column);

    /* Below the fence: statements each ending in ";"; names of tables, each ended by NUL; all rows of a table by its key. */
    int (*script)(struct store *s, struct str text, struct err *e);
    int (*tables)(struct store *s, const char *prefix, struct buf *names, struct err *e);
    int (*scan)(struct store *s, struct rows *rows, const char *table, struct err *e);
    int (*drop)(struct store *s, const char *table, struct err *e);
    int (*scrub)(struct store *s, struct err *e);
    bool (*stuck)(const struct store *s);
    int (*check)(struct store *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e);
    int (*copy)(struct store *s, const char *path, struct err *e);
};

extern const struct store_driver store_sqlite;

#endif
