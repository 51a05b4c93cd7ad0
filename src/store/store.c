/*
 * store.c - the door of store, in front of its drivers.
 *
 * Here is what does not depend on the driver: values, the state of a
 * transaction, the first failed read, schema versions, digests.
 */
#include <sodium.h>
#include <stdio.h>

#include "store/driver.h"
#include "store.sql.h"

static const struct store_driver *const drivers[] = { &store_sqlite };

/* ---- values ---------------------------------------------------------------- */

const struct value value_null = { .kind = VALUE_NULL };

struct value value_int(int64_t n)
{
    return (struct value){ .kind = VALUE_INT, .number = n };
}

struct value value_bool(bool b)
{
    return value_int(b);
}

struct value value_str(struct str s)
{
    return s.at ? (struct value){ .kind = VALUE_TEXT, .bytes = s } : value_null;
}

struct value value_text(const char *z)
{
    return value_str(str_of(z));
}

struct value value_blob(struct str bytes)
{
    return bytes.at ? (struct value){ .kind = VALUE_BLOB, .bytes = bytes } : value_null;
}

struct value value_id(struct id id)
{
    return (struct value){ .kind = VALUE_BLOB, .bytes = { NULL, sizeof id.b }, .own = id };
}

struct value value_same(struct value v)
{
    return v;
}

/* ---- opening --------------------------------------------------------------- */

static const struct store_driver *driver_of(const char *url, const char **address)
{
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        size_t n = strlen(drivers[i]->scheme);

        if (strncmp(url, drivers[i]->scheme, n) == 0 && url[n] != '\0') {
            *address = url + n;
            return drivers[i];
        }
    }
    return NULL;
}

int store_open(struct store **out, const char *url, enum store_mode mode, struct err *e)
{
    const char *address;
    const struct store_driver *driver = driver_of(url, &address);
    struct store *s;

    if (!driver)
        return err_field(e, "store.address", url);
    if (driver->open(&s, address, mode, e) < 0)
        return -1;
    s->driver = driver;
    s->mode = mode;
    if (mode != STORE_READ && driver->script(s, str_of(sql_schema.text), e) < 0) {
        store_close(s);
        return -1;
    }
    *out = s;
    return 0;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    store_rollback(s);
    s->driver->close(s);
}

void store_done(struct store **s)
{
    store_close(*s);
}

bool store_has(const char *url)
{
    const char *address;
    const struct store_driver *driver = driver_of(url, &address);

    return driver && driver->has(address);
}

const char *store_path(const char *url)
{
    const char *address;

    return driver_of(url, &address) ? address : url;
}

void store_url(struct buf *to, const char *path)
{
    buf_text(to, drivers[0]->scheme);
    buf_text(to, path);
}

/* ---- transactions ---------------------------------------------------------- */

static int out_of_place(struct err *e, const char *what)
{
    return err_broken(e, "store.failed", "%s out of place", what);
}

int store_begin(struct store *s, struct err *e)
{
    if (s->begun || s->snapshot)
        return out_of_place(e, "begin");
    if (s->driver->order(s, ORDER_BEGIN, e) < 0)
        return -1;
    s->begun = true;
    return 0;
}

int store_commit(struct store *s, struct err *e)
{
    if (!s->begun)
        return out_of_place(e, "commit");
    if (store_failed(s, e) < 0 || s->driver->order(s, ORDER_COMMIT, e) < 0) {
        store_rollback(s);
        return -1;
    }
    s->begun = false;
    s->depth = 0;
    return 0;
}

void store_rollback(struct store *s)
{
    if (!s->begun)
        return;
    /* What cannot be rolled back was never committed: the next begin will tell. */
    s->driver->order(s, ORDER_ROLLBACK, NULL);
    s->begun = false;
    s->depth = 0;
    s->failure.kind = ERR_NONE;
}

int store_savepoint(struct store *s, struct err *e)
{
    if (!s->begun)
        return out_of_place(e, "savepoint");
    if (s->driver->order(s, ORDER_SAVEPOINT, e) < 0)
        return -1;
    s->depth++;
    return 0;
}

int store_release(struct store *s, struct err *e)
{
    if (s->depth == 0)
        return out_of_place(e, "release");
    if (s->driver->order(s, ORDER_RELEASE, e) < 0)
        return -1;
    s->depth--;
    return 0;
}

static void note(struct store *s, const struct err *failure)
{
    if (s->failure.kind != ERR_NONE)
        return;
    s->failure = *failure;
    s->failure_depth = s->depth;
}

void store_back(struct store *s)
{
    struct err failure = { 0 };

    if (s->depth == 0)
        return;
    /* A read that failed since the savepoint fed only what is undone now. */
    if (s->failure_depth >= s->depth)
        s->failure.kind = ERR_NONE;
    s->depth--;
    if (s->driver->order(s, ORDER_BACK, &failure) < 0) {
        s->failure_depth = 0;
        note(s, &failure);
    }
}

int store_snapshot(struct store *s, struct err *e)
{
    if (s->snapshot)
        return out_of_place(e, "snapshot");
    /* An open transaction sees one state as it is. */
    if (s->begun)
        return 0;
    if (s->driver->order(s, ORDER_SNAPSHOT, e) < 0)
        return -1;
    s->snapshot = true;
    return 0;
}

void store_snapshot_end(struct store *s)
{
    if (!s->snapshot)
        return;
    s->snapshot = false;
    s->driver->order(s, ORDER_SNAPSHOT_END, NULL);
}

/* ---- statements and rows --------------------------------------------------- */

int store_run(struct store *s, const struct sql *sql, struct args args, int64_t *changed, struct err *e)
{
    return s->driver->run(s, sql, args, changed, e);
}

int store_query(struct store *s, struct rows *rows, const struct sql *sql, struct args args, struct err *e)
{
    rows_done(rows);
    return s->driver->query(s, rows, sql, args, e);
}

bool rows_next(struct rows *rows)
{
    struct err failure = { 0 };
    int got;

    if (!rows->live)
        return false;
    got = rows->store->driver->next(rows, &failure);
    if (got > 0)
        return true;
    if (got < 0)
        note(rows->store, &failure);
    rows->store->driver->done(rows);
    rows->live = false;
    return false;
}

int rows_columns(const struct rows *rows)
{
    return rows->stmt ? rows->store->driver->columns(rows) : 0;
}

const char *rows_name(const struct rows *rows, int column)
{
    return rows->stmt ? rows->store->driver->name(rows, column) : "";
}

int rows_named(const struct rows *rows, const char *name)
{
    for (int i = 0; i < rows_columns(rows); i++)
        if (strcmp(rows_name(rows, i), name) == 0)
            return i;
    return -1;
}

enum value_kind rows_kind(const struct rows *rows, int column)
{
    return rows->live ? rows->store->driver->kind(rows, column) : VALUE_NULL;
}

int64_t rows_int(const struct rows *rows, int column)
{
    return rows->live ? rows->store->driver->number(rows, column) : 0;
}

struct str rows_str(const struct rows *rows, int column)
{
    return rows->live ? rows->store->driver->bytes(rows, column) : (struct str){ 0 };
}

struct id rows_id(const struct rows *rows, int column)
{
    struct str bytes = rows_str(rows, column);
    struct id id = { 0 };

    if (bytes.len == sizeof id.b)
        memcpy(id.b, bytes.at, sizeof id.b);
    return id;
}

void rows_done(struct rows *rows)
{
    if (rows->live)
        rows->store->driver->done(rows);
    *rows = (struct rows){ 0 };
}

int store_failed(struct store *s, struct err *e)
{
    if (s->failure.kind == ERR_NONE)
        return 0;
    if (e)
        *e = s->failure;
    s->failure.kind = ERR_NONE;
    return -1;
}

int store_describe(struct store *s, const struct sql *sql, store_column *each, void *ctx, struct err *e)
{
    return s->driver->describe(s, sql, each, ctx, e);
}

void store_fence(struct store *s, const struct store_fence *fence)
{
    s->fence = fence;
}

/* ---- schema versions -------------------------------------------------------- */

/* What belongs to the store itself runs below whatever fence stands. */
struct lifted {
    struct store *store;
    const struct store_fence *fence;
};

static struct lifted lift(struct store *s)
{
    struct lifted l = { s, s->fence };

    s->fence = NULL;
    return l;
}

static void lifted_done(struct lifted *l)
{
    l->store->fence = l->fence;
}

int store_version(struct store *s, const char *part, int64_t *version, struct err *e)
{
    CLEANUP(lifted_done) struct lifted lifted = lift(s);
    CLEANUP(buf_done) struct buf names = { 0 };
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (s->driver->tables(s, "store_part", &names, e) < 0)
        return -1;
    *version = 0;
    if (!names.len)         /* made, and cut off before anything stood in it */
        return 0;
    if (store_query(s, &rows, &sql_version, ARGS(part), e) < 0)
        return -1;
    if (rows_next(&rows))
        *version = rows_int(&rows, 0);
    return store_failed(s, e);
}

/* A transaction of one's own, or a savepoint in the one that is open. */
static int enter(struct store *s, struct err *e)
{
    return s->begun ? store_savepoint(s, e) : store_begin(s, e);
}

static int leave(struct store *s, int result, struct err *e)
{
    bool inner = s->depth > 0;

    if (result == 0)
        result = inner ? store_release(s, e) : store_commit(s, e);
    else if (!inner)
        store_rollback(s);
    if (result < 0 && inner)
        store_back(s);
    return result;
}

static int run_steps(struct store *s, const char *part, int64_t held, int version, const struct sql *const *steps, struct err *e)
{
    for (int64_t v = held; v < version; v++)
        if (s->driver->script(s, str_of(steps[v]->text), e) < 0)
            return -1;
    return store_run(s, &sql_put_version, ARGS(part, version), NULL, e);
}

int store_step(struct store *s, const char *part, int version, const struct sql *const *steps, struct err *e)
{
    CLEANUP(lifted_done) struct lifted lifted = lift(s);
    int64_t held;

    if (store_version(s, part, &held, e) < 0)
        return -1;
    if (held == version)
        return 0;
    if (held > version || s->mode == STORE_READ) {
        err_set(e, ERR_CONFLICT, held > version ? "store.newer" : "store.older");
        if (e)
            snprintf(e->detail, sizeof e->detail, "%s: the store holds version %d, the program knows %d", part, (int)held, version);
        return -1;
    }
    if (enter(s, e) < 0)
        return -1;
    return leave(s, run_steps(s, part, held, version, steps, e), e);
}

/* ---- whole tables ------------------------------------------------------------ */

/* Walks names, each ended by NUL: for (const char *t = NULL; (t = next_name(&names, t));) */
static const char *next_name(const struct buf *names, const char *name)
{
    name = name ? name + strlen(name) + 1 : names->at;
    return name && name < names->at + names->len ? name : NULL;
}

static int drop(struct store *s, const char *part, const struct buf *names, struct err *e)
{
    for (const char *table = NULL; (table = next_name(names, table));)
        if (s->driver->drop(s, table, e) < 0)
            return -1;
    return store_run(s, &sql_forget, ARGS(part), NULL, e);
}

int store_drop(struct store *s, const char *part, const char *prefix, struct err *e)
{
    CLEANUP(lifted_done) struct lifted lifted = lift(s);
    CLEANUP(buf_done) struct buf names = { 0 };

    if (s->driver->tables(s, prefix, &names, e) < 0 || enter(s, e) < 0)
        return -1;
    return leave(s, drop(s, part, &names, e), e);
}

/* Tag, then a whole number of eight bytes or bytes after their length; all big-endian. */
static void put_number(struct buf *b, char tag, uint64_t n)
{
    char bytes[9] = { tag };

    for (int i = 8; i > 0; i--, n >>= 8)
        bytes[i] = (char)(n & 255);
    buf_put(b, bytes, sizeof bytes);
}

static void put_bytes(struct buf *b, char tag, struct str bytes)
{
    put_number(b, tag, bytes.len);
    buf_str(b, bytes);
}

static void put_value(struct buf *b, const struct rows *rows, int column)
{
    switch (rows_kind(rows, column)) {
    case VALUE_NULL:
        buf_char(b, 'n');
        break;
    case VALUE_INT:
        put_number(b, 'i', (uint64_t)rows_int(rows, column));
        break;
    case VALUE_TEXT:
        put_bytes(b, 't', rows_str(rows, column));
        break;
    case VALUE_BLOB:
        put_bytes(b, 'b', rows_str(rows, column));
        break;
    }
}

static void hash(crypto_hash_sha256_state *sha, struct buf *b)
{
    crypto_hash_sha256_update(sha, (const uint8_t *)buf_view(b).at, b->len);
    buf_clear(b);
}

static int hash_table(struct store *s, const char *table, crypto_hash_sha256_state *sha, struct buf *b, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (s->driver->scan(s, &rows, table, e) < 0)
        return -1;
    put_bytes(b, 'T', str_of(table));
    for (int i = 0; i < rows_columns(&rows); i++)
        put_bytes(b, 'C', str_of(rows_name(&rows, i)));
    while (rows_next(&rows)) {
        buf_char(b, 'R');
        for (int i = 0; i < rows_columns(&rows); i++)
            put_value(b, &rows, i);
        if (b->len > 65536)
            hash(sha, b);
    }
    hash(sha, b);
    return store_failed(s, e);
}

int store_digests(struct store *s, const char *prefix, store_table *each, void *ctx, struct err *e)
{
    CLEANUP(lifted_done) struct lifted lifted = lift(s);
    CLEANUP(buf_done) struct buf names = { 0 }, bytes = { 0 };

    if (s->driver->tables(s, prefix, &names, e) < 0)
        return -1;
    for (const char *table = NULL; (table = next_name(&names, table));) {
        crypto_hash_sha256_state sha;
        uint8_t digest[32];

        crypto_hash_sha256_init(&sha);
        if (hash_table(s, table, &sha, &bytes, e) < 0)
            return -1;
        crypto_hash_sha256_final(&sha, digest);
        each(ctx, table, digest);
    }
    return 0;
}

static void hash_digest(void *ctx, const char *table, const uint8_t digest[32])
{
    (void)table;                /* its digest begins with its name */
    crypto_hash_sha256_update(ctx, digest, 32);
}

int store_digest(struct store *s, const char *prefix, uint8_t out[32], struct err *e)
{
    crypto_hash_sha256_state sha;

    crypto_hash_sha256_init(&sha);
    if (store_digests(s, prefix, hash_digest, &sha, e) < 0)
        return -1;
    crypto_hash_sha256_final(&sha, out);
    return 0;
}

bool store_stuck(const struct store *s)
{
    return s->driver->stuck(s);
}

int store_scrub(struct store *s, struct err *e)
{
    return s->begun || s->snapshot || s->mode != STORE_WRITE ? out_of_place(e, "scrub") : s->driver->scrub(s, e);
}

int store_check(struct store *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e)
{
    CLEANUP(lifted_done) struct lifted lifted = lift(s);

    return s->driver->check(s, each, ctx, e);
}

int store_copy(struct store *s, const char *path, struct err *e)
{
    return s->begun ? out_of_place(e, "copy") : s->driver->copy(s, path, e);
}
