/*
 * seal.c - opening and closing the key store, and the small help of the door.
 *
 * The order of an opening: store and tables, master (and the rest of a rotation
 * that was cut off), tombstones; only then is anything sealed or opened.
 */
#include "seal/own.h"

#include <sodium.h>
#include <stdlib.h>

enum { SECRETS = 65536, SESSIONS = 16384 }; /* kept in memory: 6 MB and 2 MB */

int crypto_ready(struct err *e)
{
    return sodium_init() < 0 ? err_broken(e, "keys.crypto", "libsodium does not start") : 0;
}

static void opening_done(struct seal **s)
{
    seal_close(*s);
}

int seal_open(struct seal **out, const char *url, const char *master_path, bool create, struct err *e)
{
    CLEANUP(opening_done) struct seal *s = NULL;

    if (crypto_ready(e) < 0)
        return -1;
    if (!create && !store_has(url)) {
        err_broken(e, "keys.missing", "%.60s is gone: accounts and everything sealed open with it alone; put its copy back", url);
        e->kind = ERR_MISSING;
        return -1;
    }
    s = mem_take(sizeof *s);
    (void)sodium_mlock(s, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->url = path_with(url, "");
    s->master_path = path_with(master_path, "");
    cache_make(&s->secrets, SECRETS, sizeof(struct secret_name), SECRET);
    cache_make(&s->sessions, SESSIONS, 32, sizeof(struct seal_session));
    if (keys_open(s, e) < 0 || master_open(s, create, e) < 0 || tombstones_apply(s, e) < 0 || parcel_open(s, e) < 0 ||
        keys_run(s, END_SESSIONS_UNTIL, ARGS((long long)time_now()), NULL, e) < 0 ||
        keys_run(s, END_CARDS_UNTIL, ARGS((long long)time_now()), NULL, e) < 0 || keys_commit(s, e) < 0)
        return -1;
    *out = s;
    s = NULL;
    return 0;
}

void seal_close(struct seal *s)
{
    struct err e = { 0 };

    if (!s)
        return;
    if (s->store && s->open && keys_commit(s, &e) < 0)
        s->open = false; /* who needed it on disk called seal_sync and heard of it */
    finders_close(s);
    store_close(s->store);
    cache_done(&s->secrets);
    cache_done(&s->sessions);
    free(s->url);
    free(s->master_path);
    pthread_mutex_destroy(&s->lock);
    sodium_munlock(s, sizeof *s); /* wipes it too */
    free(s);
}

int seal_sync(struct seal *s, struct err *e)
{
    LOCKED(s);

    return keys_commit(s, e);
}

uint64_t seal_mark(struct seal *s)
{
    LOCKED(s);

    return s->lost;
}

int seal_sync_since(struct seal *s, uint64_t mark, struct err *e)
{
    LOCKED(s);

    if (s->lost != mark)
        return err_again(e, ERR_BUSY, "keys.undone");
    return keys_commit(s, e);
}

bool seal_stuck(const struct seal *s)
{
    return store_stuck(s->store);
}

bool seal_failing(struct seal *s, uint64_t *lost)
{
    LOCKED(s);

    *lost = s->lost;
    return s->failing;
}

int seal_try(struct seal *s, struct err *e)
{
    uint8_t none[32];
    LOCKED(s);

    randombytes_buf(none, sizeof none);
    struct value token = value_blob((struct str){ (const char *)none, sizeof none });
    if (keys_put(s, SHELF_SESSION, ARGS(token, value_blob(STR("")), "", 0), "", e) < 0 || keys_run(s, DROP_SESSION, ARGS(token), NULL, e) < 0)
        return -1;
    return keys_commit(s, e);
}

void seal_random(void *out, size_t n)
{
    struct err e = { 0 };

    if (crypto_ready(&e) < 0)
        abort(); /* better no program than a guessable secret */
    randombytes_buf(out, n);
}

void seal_hash(struct str bytes, uint8_t out[32])
{
    crypto_hash_sha256(out, (const uint8_t *)bytes.at, bytes.len);
}

void seal_mac(const uint8_t key[32], struct str bytes, uint8_t out[32])
{
    crypto_auth_hmacsha256(out, (const uint8_t *)bytes.at, bytes.len, key);
}
