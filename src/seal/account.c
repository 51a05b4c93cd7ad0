/*
 * account.c - who may sign in: verifiers, accounts, cards, sessions, device keys.
 *
 * What is put is on disk after seal_sync; what is dropped or ended is when the
 * call returns, so that nobody who was put out comes back with a crash.
 */
#include "seal/own.h"

#include <sodium.h>
#include <stdio.h>

enum { PASSES = 2, MEMORY = 19 * 1024 * 1024 }; /* OWASP's second choice for Argon2id: 19 MiB, 2 passes, 1 lane */
enum { DEVICE_MAC = 16 };
_Static_assert(VERIFIER == crypto_pwhash_STRBYTES, "a verifier is what crypto_pwhash_str makes");

int seal_verifier_make(struct str password, char out[VERIFIER], struct err *e)
{
    if (crypto_ready(e) < 0)
        return -1;
    memset(out, 0, VERIFIER);
    if (crypto_pwhash_str(out, password.at ? password.at : "", password.len, PASSES, MEMORY) < 0)
        return err_broken(e, "keys.memory", "no %d bytes of memory for a verifier", MEMORY);
    return 0;
}

bool seal_verifier_check(const char *verifier, struct str password)
{
    static const uint8_t salt[crypto_pwhash_SALTBYTES];
    const char *text = password.at ? password.at : "";
    uint8_t burnt[SECRET];
    struct err e = { 0 };

    if (crypto_ready(&e) < 0)
        return false;
    if (verifier && verifier[0])
        return crypto_pwhash_str_verify(verifier, text, password.len) == 0;
    /* An unknown name, and one without a password, must take as long as a wrong one. */
    if (crypto_pwhash(burnt, sizeof burnt, text, password.len, salt, PASSES, MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0)
        sodium_memzero(burnt, sizeof burnt);
    return false;
}

/* ---- accounts ------------------------------------------------------------------- */

int seal_account_put(struct seal *s, struct str name, struct id worker, const char *verifier, struct err *e)
{
    char padded[VERIFIER] = { 0 };
    size_t n = strnlen(verifier, VERIFIER);
    LOCKED(s);

    if (!name.len || name.len >= ACCOUNT_ROOM || !utf8_valid(name))
        return err_field(e, "account.name", "name");
    if (n == VERIFIER)
        return err_set(e, ERR_INVALID, "account.verifier");
    memcpy(padded, verifier, n);
    return keys_put(s, SHELF_ACCOUNT, ARGS(name, value_blob(id_bytes(&worker))), padded, e);
}

int seal_account_get(struct seal *s, struct str name, struct id *worker, char verifier[VERIFIER], struct err *e)
{
    char padded[VERIFIER];
    LOCKED(s);
    CLEANUP(rows_done) struct rows row = { 0 };
    int found = keys_get(s, SHELF_ACCOUNT, ARGS(name), &row, padded, e);

    if (found < 0)
        return -1;
    if (found != FOUND_WHOLE)
        return err_set(e, ERR_MISSING, "account.unknown");
    memcpy(verifier, padded, VERIFIER);
    *worker = rows_id(&row, 1);
    return 0;
}

int seal_account_drop(struct seal *s, struct str name, struct err *e)
{
    int64_t changed = 0;
    LOCKED(s);

    cache_wipe(&s->sessions);
    if (keys_run(s, DROP_ACCOUNT, ARGS(name), &changed, e) < 0 || keys_run(s, END_SESSIONS_ACCOUNT, ARGS(name), NULL, e) < 0 ||
        keys_run(s, DROP_CARD, ARGS(name), NULL, e) < 0 || keys_commit(s, e) < 0)
        return -1;
    return changed ? 0 : err_set(e, ERR_MISSING, "account.unknown");
}

int seal_accounts(struct seal *s, void (*each)(void *ctx, struct str name, struct id worker), void *ctx, struct err *e)
{
    char verifier[VERIFIER];
    LOCKED(s);
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_ACCOUNTS, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        if (keys_unwrap_row(s, SHELF_ACCOUNT, &rows, verifier, e) < 0)
            return -1;
        each(ctx, rows_str(&rows, 0), rows_id(&rows, 1));
    }
    return store_failed(s->store, e);
}

/* 1 there is one, 0 none, -1. */
static int find_account(struct seal *s, struct id worker, char name[ACCOUNT_ROOM], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_ACCOUNT_OF, ARGS(value_blob(id_bytes(&worker))), e) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(s->store, e);
    snprintf(name, ACCOUNT_ROOM, "%.*s", (int)rows_str(&rows, 0).len, rows_str(&rows, 0).at);
    return 1;
}

int seal_account_of(struct seal *s, struct id worker, char name[ACCOUNT_ROOM], struct err *e)
{
    char verifier[VERIFIER] = { 0 };
    LOCKED(s);
    int found = find_account(s, worker, name, e);

    for (unsigned tries = 0; found == 0; tries++) {
        CLEANUP(rows_done) struct rows row = { 0 };
        char held[VERIFIER];

        snprintf(name, ACCOUNT_ROOM, "%06u", tries < 20 ? randombytes_uniform(1000000) : randombytes_random());
        int taken = keys_get(s, SHELF_ACCOUNT, ARGS((const char *)name), &row, held, e);
        if (taken < 0)
            return -1;
        if (taken == FOUND_LOST) {
            rows_done(&row);
            return keys_put(s, SHELF_ACCOUNT, ARGS((const char *)name, value_blob(id_bytes(&worker))), verifier, e);
        }
    }
    return found < 0 ? -1 : 0;
}

/* ---- cards ---------------------------------------------------------------------- */

int seal_card_put(struct seal *s, struct str name, int64_t until, const char *verifier, struct err *e)
{
    char padded[VERIFIER] = { 0 };
    LOCKED(s);

    memcpy(padded, verifier, strnlen(verifier, VERIFIER - 1));
    return keys_put(s, SHELF_CARD, ARGS(name, (long long)until), padded, e);
}

int seal_card_get(struct seal *s, struct str name, int64_t *until, char verifier[VERIFIER], struct err *e)
{
    char padded[VERIFIER];
    LOCKED(s);
    CLEANUP(rows_done) struct rows row = { 0 };
    int found = keys_get(s, SHELF_CARD, ARGS(name), &row, padded, e);

    if (found < 0)
        return -1;
    if (found != FOUND_WHOLE || rows_int(&row, 1) <= time_now())
        return err_set(e, ERR_MISSING, "card.unknown");
    memcpy(verifier, padded, VERIFIER);
    *until = rows_int(&row, 1);
    return 0;
}

int seal_card_take(struct seal *s, struct str name, int64_t until, struct err *e)
{
    int64_t changed = 0;
    LOCKED(s);

    return keys_run(s, TAKE_CARD, ARGS(name, (long long)until), &changed, e) < 0 ? -1 : changed > 0;
}

int seal_cards_end(struct seal *s, struct id worker, struct err *e)
{
    LOCKED(s);

    return keys_run(s, END_CARDS_WORKER, ARGS(value_blob(id_bytes(&worker))), NULL, e) < 0 ? -1 : keys_commit(s, e);
}

/* ---- sessions ------------------------------------------------------------------- */

static struct value token_value(const uint8_t token_hash[32])
{
    return value_blob((struct str){ (const char *)token_hash, 32 });
}

int seal_session_put(struct seal *s, const uint8_t token_hash[32], const struct seal_session *session, struct err *e)
{
    struct str account = { session->account, strnlen(session->account, ACCOUNT_ROOM) };
    LOCKED(s);

    if (account.len == ACCOUNT_ROOM)
        return err_field(e, "account.name", "account");
    if (keys_put(s, SHELF_SESSION,
                 ARGS(token_value(token_hash), value_blob(id_bytes(&session->worker)), account, (long long)session->until), "", e) < 0)
        return -1;
    memcpy(cache_put(&s->sessions, token_hash), session, sizeof *session);
    return 0;
}

static int find_session(struct seal *s, const uint8_t token_hash[32], struct seal_session *out, struct err *e)
{
    const struct seal_session *held = cache_find(&s->sessions, token_hash);
    CLEANUP(rows_done) struct rows row = { 0 };
    uint8_t nothing[1];
    int found;

    if (held) {
        *out = *held;
        return FOUND_WHOLE;
    }
    memset(out, 0, sizeof *out);
    if ((found = keys_get(s, SHELF_SESSION, ARGS(token_value(token_hash)), &row, nothing, e)) != FOUND_WHOLE)
        return found;
    out->worker = rows_id(&row, 1);
    snprintf(out->account, sizeof out->account, "%.*s", (int)rows_str(&row, 2).len, rows_str(&row, 2).at);
    out->until = rows_int(&row, 3);
    memcpy(cache_put(&s->sessions, token_hash), out, sizeof *out);
    return FOUND_WHOLE;
}

int seal_session_get(struct seal *s, const uint8_t token_hash[32], struct seal_session *out, struct err *e)
{
    struct seal_session session;
    int found;
    LOCKED(s);

    if ((found = find_session(s, token_hash, &session, e)) < 0)
        return -1;
    if (found != FOUND_WHOLE || session.until <= time_now())
        return err_set(e, ERR_MISSING, "session.unknown");
    *out = session;
    return 0;
}

int seal_session_drop(struct seal *s, const uint8_t token_hash[32], struct err *e)
{
    LOCKED(s);

    cache_drop(&s->sessions, token_hash);
    return keys_run(s, DROP_SESSION, ARGS(token_value(token_hash)), NULL, e) < 0 ? -1 : keys_commit(s, e);
}

int seal_sessions_end(struct seal *s, struct id worker, struct err *e)
{
    LOCKED(s);

    cache_wipe(&s->sessions);
    return keys_run(s, END_SESSIONS_WORKER, ARGS(value_blob(id_bytes(&worker))), NULL, e) < 0 ? -1 : keys_commit(s, e);
}

/* ---- what waits on a device ------------------------------------------------------ */

static int left_ask(struct seal *s, enum statement which, struct args args, struct seal_left *out, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, which, args, e) < 0)
        return -1;
    *out = (struct seal_left){ 0 };
    if (rows_next(&rows))
        *out = (struct seal_left){ rows_int(&rows, 0), rows_int(&rows, 1) };
    return store_failed(s->store, e);
}

int seal_left_put(struct seal *s, const uint8_t token_hash[32], struct seal_left left, struct err *e)
{
    struct seal_left held;
    LOCKED(s);

    if (left_ask(s, ASK_LEFT, ARGS(token_value(token_hash)), &held, e) < 0)
        return -1;
    if (held.count == left.count && held.oldest == left.oldest)         /* as nearly always: 0 */
        return 0;
    return keys_run(s, PUT_LEFT, ARGS(token_value(token_hash), (long long)left.count, (long long)left.oldest), NULL, e);
}

int seal_left_of(struct seal *s, struct id worker, struct seal_left *out, struct err *e)
{
    LOCKED(s);

    return left_ask(s, ASK_LEFT_OF, ARGS(value_blob(id_bytes(&worker)), (long long)time_now()), out, e);
}

/* ---- device keys ---------------------------------------------------------------- */

int seal_device_put(struct seal *s, struct id device, struct id worker, const uint8_t key[32], struct err *e)
{
    LOCKED(s);

    return keys_put(s, SHELF_DEVICE, ARGS(value_blob(id_bytes(&device)), value_blob(id_bytes(&worker))), key, e);
}

int seal_device_get(struct seal *s, struct id device, struct id *worker, uint8_t key[32], struct err *e)
{
    SECRET_HERE(secret);
    LOCKED(s);
    CLEANUP(rows_done) struct rows row = { 0 };
    int found = keys_get(s, SHELF_DEVICE, ARGS(value_blob(id_bytes(&device))), &row, secret, e);

    if (found < 0)
        return -1;
    if (found != FOUND_WHOLE)
        return err_set(e, ERR_MISSING, "device.unknown");
    *worker = rows_id(&row, 1);
    memcpy(key, secret, SECRET);
    return 0;
}

int seal_device_signed(struct seal *s, struct id device, struct str text, struct str mac, struct id *worker, struct err *e)
{
    SECRET_HERE(key);
    uint8_t said[DEVICE_MAC], right[32];
    struct id whose;

    if (!hex_read(mac, said, sizeof said))
        return err_field(e, "device.mac", "mac");
    if (seal_device_get(s, device, &whose, key, e) < 0)
        return -1;
    seal_mac(key, text, right);
    if (sodium_memcmp(said, right, sizeof said) != 0)
        return err_field(e, "device.mac", "mac");
    *worker = whose;
    return 0;
}

/* ---- marks ------------------------------------------------------------------------ */

void seal_vouch(struct seal *s, struct str what, uint8_t out[32])
{
    SECRET_HERE(key);

    seal_mac(s->token_key, STR("vouch"), key);      /* never changed while the store is open */
    seal_mac(key, what, out);
}
