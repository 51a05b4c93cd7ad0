/*
 * copy.c - the key store into a backup and back.
 *
 * Tables are read in pieces through a connection of their own, each piece a
 * short read, so that neither the log of the key store grows nor an erase has
 * to wait.  Tombstones come last: who is erased while the copy is made leaves
 * it again.  A rotation meanwhile would leave two masters in one copy; it
 * changes the key rows, so they are compared at the end.
 */
#include "seal/own.h"

#include "seal_copy.sql.h"

#include <errno.h>
#include <stdio.h>
#include <sodium.h>
#include <unistd.h>

enum { PIECE = 5000, COLUMNS = 4 };

static const struct table {
    const struct sql *after, *put;
    const char *key;                   /* kinds of its columns: text, blob, integer */
    int columns;
    bool secrets;
} tables[] = {
    { &sql_keys, &sql_put_key, "t", 2 },
    { &sql_subjects, &sql_put_subject, "tb", 3, .secrets = true },
    { &sql_periods, &sql_put_period, "tii", 4, .secrets = true },
    { &sql_accounts, &sql_put_account, "t", 3 },
    { &sql_devices, &sql_put_device, "b", 3 },
    { &sql_tombstones, &sql_put_tombstone, "tb", 3 },
    { &sql_tombstones_period, &sql_put_tombstone_period, "tii", 4 },
};

static struct value column(const struct rows *rows, int i)
{
    switch (rows_kind(rows, i)) {
    case VALUE_INT:
        return value_int(rows_int(rows, i));
    case VALUE_TEXT:
        return value_str(rows_str(rows, i));
    case VALUE_BLOB:
        return value_blob(rows_str(rows, i));
    default:
        return value_null;
    }
}

/* One piece after the key in args, whose columns move on; its bytes are kept in mem. */
static int copy_piece(const struct table *t, struct store *from, struct store *to, struct value *args, struct arena *mem, int64_t *count,
                      struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct value values[COLUMNS];
    size_t keys = strlen(t->key);

    args[keys] = value_int(PIECE);
    if (store_query(from, &rows, t->after, (struct args){ args, keys + 1 }, e) < 0)
        return -1;
    for (*count = 0; rows_next(&rows); ++*count) {
        for (int i = 0; i < t->columns; i++)
            values[i] = column(&rows, i);
        if (store_run(to, t->put, (struct args){ values, (size_t)t->columns }, NULL, e) < 0)
            return -1;
        if (*count + 1 < PIECE)
            continue;
        for (size_t i = 0; i < keys; i++) {
            args[i] = values[i];
            args[i].bytes = values[i].bytes.at ? arena_str(mem, values[i].bytes) : (struct str){ 0 };
        }
    }
    return store_failed(from, e);
}

static int copy_table(const struct table *t, struct store *from, struct store *to, int64_t *secrets, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct value args[COLUMNS + 1];
    int64_t count = PIECE;

    for (size_t i = 0; t->key[i]; i++)
        args[i] = t->key[i] == 'i' ? value_int(-1) : t->key[i] == 't' ? value_str(STR("")) : value_blob(STR(""));
    while (count == PIECE) {
        if (store_begin(to, e) < 0 || copy_piece(t, from, to, args, &mem, &count, e) < 0 || store_commit(to, e) < 0)
            return -1;
        *secrets += t->secrets ? count : 0;
    }
    return 0;
}

/* A hash of the key rows, which every rotation wraps anew. */
static int look_at_keys(struct store *s, uint8_t out[32], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    crypto_generichash_state hash;

    crypto_generichash_init(&hash, NULL, 0, 32);
    if (store_query(s, &rows, &sql_keys, ARGS("", PIECE), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str wrapped = rows_str(&rows, 1);
        crypto_generichash_update(&hash, (const uint8_t *)wrapped.at, wrapped.len);
    }
    crypto_generichash_final(&hash, out, 32);
    return store_failed(s, e);
}

static int copy_all(struct store *from, struct store *to, int64_t *secrets, struct err *e)
{
    uint8_t before[32], after[32];
    int64_t gone = 0, gone_periods = 0;

    if (keys_schema(to, e) < 0 || look_at_keys(from, before, e) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(tables); i++)
        if (copy_table(&tables[i], from, to, secrets, e) < 0)
            return -1;
    if (store_run(to, &sql_drop_erased, NO_ARGS, &gone, e) < 0 || store_run(to, &sql_drop_erased_period, NO_ARGS, &gone_periods, e) < 0 ||
        look_at_keys(from, after, e) < 0)
        return -1;
    *secrets -= gone + gone_periods;
    return memcmp(before, after, sizeof before) ? err_again(e, ERR_BUSY, "keys.rotated") : 0;
}

static int copy_beside(struct seal *s, const char *side, int64_t *secrets, struct err *e)
{
    CLEANUP(store_done) struct store *from = NULL;
    CLEANUP(store_done) struct store *to = NULL;
    CLEANUP(buf_done) struct buf url = { 0 };

    store_url(&url, side);
    if (store_open(&from, s->url, STORE_READ, e) < 0 || store_open(&to, buf_z(&url), STORE_COPY, e) < 0)
        return -1;
    return copy_all(from, to, secrets, e);
}

int seal_copy(struct seal *s, const char *path, int64_t *secrets, struct err *e)
{
    CLEANUP(path_done) char *side = path_with(path, ".part");

    *secrets = 0;
    unlink(side); /* what a copy left that was cut */
    if (copy_beside(s, side, secrets, e) < 0) {
        unlink(side);
        return -1;
    }
    if (rename(side, path) < 0)
        return err_broken(e, "keys.copy", "%s: %s", path, strerror(errno));
    return folder_sync(path, e);
}

int seal_copy_back(const char *path, const char *url, struct err *e)
{
    CLEANUP(store_done) struct store *from = NULL;
    CLEANUP(buf_done) struct buf copy = { 0 };

    if (crypto_ready(e) < 0)
        return -1;
    if (store_has(url)) {
        err_set(e, ERR_CONFLICT, "keys.exists");
        return -1;
    }
    store_url(&copy, path);
    if (store_open(&from, buf_z(&copy), STORE_READ, e) < 0)
        return -1;
    return store_copy(from, store_path(url), e);
}

int seal_erasures(struct seal *s, int64_t *subjects, int64_t *periods, struct err *e)
{
    LOCKED(s);
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s->store, &rows, &sql_erasures, NO_ARGS, e) < 0)
        return -1;
    if (rows_next(&rows)) {
        *subjects = rows_int(&rows, 0);
        *periods = rows_int(&rows, 1);
    }
    return store_failed(s->store, e);
}
