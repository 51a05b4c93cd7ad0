/*
 * keys.c - the key store: every statement, and wrapping under the master.
 *
 * Writes of all threads gather in one transaction, begun with the first of
 * them and committed by whoever calls seal_sync; reads of the same connection
 * see them.  When a write or a commit fails (a full disk), the transaction is
 * undone as a whole, the caches that showed it are wiped, and the next write
 * begins a new one: nothing has to be started again.  Why nothing is lost:
 *
 * - What stood on disk stands.  Gone is only what gathered in that
 *   transaction: secrets and tokens minted for records of the batch in the
 *   writer's hands, and sessions, accounts and device keys put meanwhile.
 * - A box sealed with such a secret is in no file yet: the writer syncs this
 *   store before it commits its own, and a failed sync undoes that batch as a
 *   whole.  Sent again, its records mint other secrets.
 * - But the failure may strike in another thread's call, while the writer (or
 *   a sign-in) goes on.  So each undone transaction is counted in `lost`.
 *   Whoever needs what he put takes the count before his first write and gives
 *   it to seal_sync_since: while it has not moved, all he put since is in the
 *   one open transaction or on disk; when it has, the sync is refused
 *   (keys.undone, again), though the transaction that is open now is sound.
 * - The caches are wiped under the same lock, so a secret found in them later
 *   is on disk or in the open transaction, of which the same holds.
 * - Tombstones are not at stake: their list is written beside this store, each
 *   call commits on its own, and its failure is its caller's.
 */
#include "seal/own.h"

#include "seal.sql.h"

#include <sodium.h>
#include <stdlib.h>

enum { NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES, TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES };
enum { CLEAR_MAX = 4, WRAPPED_MAX = NONCE + VERIFIER + TAG };

static const struct {
    const char *table;
    size_t size; /* of what is wrapped */
    const struct sql *get, *put, *all, *wrap;
} shelves[SHELF_COUNT] = {
    [SHELF_KEY] = { "seal_key", SECRET, &sql_get_key, &sql_put_key, &sql_all_keys, &sql_wrap_key },
    [SHELF_SUBJECT] = { "seal_subject", SECRET, &sql_get_subject, &sql_put_subject, &sql_all_subjects, &sql_wrap_subject },
    [SHELF_PERIOD] = { "seal_period", SECRET, &sql_get_period, &sql_put_period, &sql_all_periods, &sql_wrap_period },
    [SHELF_ACCOUNT] = { "seal_account", VERIFIER, &sql_get_account, &sql_put_account, &sql_all_accounts, &sql_wrap_account },
    [SHELF_SESSION] = { "seal_session", 0, &sql_get_session, &sql_put_session, &sql_all_sessions, &sql_wrap_session },
    [SHELF_DEVICE] = { "seal_device", SECRET, &sql_get_device, &sql_put_device, &sql_all_devices, &sql_wrap_device },
    [SHELF_CARD] = { "seal_card", VERIFIER, &sql_get_card, &sql_put_card, &sql_all_cards, &sql_wrap_card },
};

static const struct sql *const statements[STATEMENT_COUNT] = {
    [ADD_TOMBSTONE] = &sql_add_tombstone,
    [ADD_TOMBSTONE_PERIOD] = &sql_add_tombstone_period,
    [DROP_SUBJECT] = &sql_drop_subject,
    [DROP_PERIOD] = &sql_drop_period,
    [ADD_TOKEN] = &sql_add_token,
    [DROP_TOKENS] = &sql_drop_tokens,
    [FORGET_TOKENS] = &sql_forget_tokens,
    [DROP_ACCOUNT] = &sql_drop_account,
    [PUT_LEFT] = &sql_put_left,
    [DROP_SESSION] = &sql_drop_session,
    [END_SESSIONS_ACCOUNT] = &sql_end_sessions_account,
    [END_SESSIONS_WORKER] = &sql_end_sessions_worker,
    [END_SESSIONS_UNTIL] = &sql_end_sessions_until,
    [TAKE_CARD] = &sql_take_card,
    [DROP_CARD] = &sql_drop_card,
    [END_CARDS_WORKER] = &sql_end_cards_worker,
    [END_CARDS_UNTIL] = &sql_end_cards_until,
    [ASK_TOMBSTONE] = &sql_tombstone,
    [ASK_TOMBSTONES] = &sql_tombstones,
    [ASK_TOMBSTONES_PERIOD] = &sql_tombstones_period,
    [ASK_HITS] = &sql_hits,
    [ASK_UNFINDABLE] = &sql_unfindable,
    [ASK_TOKEN] = &sql_token,
    [ASK_ACCOUNTS] = &sql_all_accounts,
    [ASK_ACCOUNT_OF] = &sql_account_of,
    [ASK_LEFT] = &sql_left,
    [ASK_LEFT_OF] = &sql_left_of,
};

/* ---- transaction -------------------------------------------------------------- */

static int failed(struct seal *s, struct err *e)
{
    if (s->open)
        store_rollback(s->store);
    s->open = false;
    s->failing = true;
    s->lost++;
    cache_wipe(&s->secrets);
    cache_wipe(&s->sessions);
    e->again = true;
    return -1;
}

static int begin(struct seal *s, struct err *e)
{
    if (!s->open && store_begin(s->store, e) < 0)
        return failed(s, e);
    s->open = true;
    return 0;
}

int keys_run(struct seal *s, enum statement which, struct args args, int64_t *changed, struct err *e)
{
    if (begin(s, e) < 0)
        return -1;
    return store_run(s->store, statements[which], args, changed, e) < 0 ? failed(s, e) : 0;
}

int keys_commit(struct seal *s, struct err *e)
{
    if (!s->open)
        return 0;
    if (store_commit(s->store, e) < 0)
        return failed(s, e);
    s->open = false;
    s->failing = false;
    return 0;
}

int keys_commit_gone(struct seal *s, struct err *e)
{
    if (keys_commit(s, e) < 0)
        return -1;
    return store_scrub(s->store, e);
}

int keys_commit_tidy(struct seal *s, struct err *e)
{
    struct err busy = { 0 };

    if (keys_commit(s, e) < 0)
        return -1;
    if (store_scrub(s->store, &busy) < 0 && !busy.again) {
        *e = busy;
        return -1;
    }
    return 0;
}

int keys_ask(struct store *from, struct rows *rows, enum statement which, struct args args, struct err *e)
{
    return store_query(from, rows, statements[which], args, e);
}

int keys_schema(struct store *s, struct err *e)
{
    static const struct sql *const steps[] = { &sql_schema, &sql_schema_2, &sql_schema_3, &sql_schema_4 };

    return store_step(s, "seal", COUNT_OF(steps), steps, e);
}

int keys_open(struct seal *s, struct err *e)
{
    return store_open(&s->store, s->url, STORE_WRITE, e) < 0 ? -1 : keys_schema(s->store, e);
}

/* ---- wrapping ------------------------------------------------------------------- */

struct bound { /* associated data: the table's name and the row's clear columns */
    uint8_t at[320];
    size_t len;
    bool over;       /* no row of ours is as long */
};

static void bind_bytes(struct bound *b, char kind, const void *bytes, size_t n)
{
    b->over |= n > sizeof b->at - b->len - 3;
    if (b->over)
        return;
    b->at[b->len++] = (uint8_t)kind;
    b->at[b->len++] = (uint8_t)(n >> 8);
    b->at[b->len++] = (uint8_t)n;
    if (n)
        memcpy(b->at + b->len, bytes, n);
    b->len += n;
}

static void bind_int(struct bound *b, int64_t n)
{
    uint8_t big[8];

    for (int i = 0; i < 8; i++)
        big[i] = (uint8_t)((uint64_t)n >> (56 - 8 * i));
    bind_bytes(b, 'n', big, sizeof big);
}

static void bind_shelf(struct bound *b, enum shelf shelf)
{
    b->len = 0;
    b->over = false;
    bind_bytes(b, 't', shelves[shelf].table, strlen(shelves[shelf].table));
}

static size_t wrap(const uint8_t master[SECRET], enum shelf shelf, const struct bound *b, const void *secret, uint8_t out[WRAPPED_MAX])
{
    unsigned long long n;

    if (b->over)
        abort(); /* every column is bounded where it is written */
    randombytes_buf(out, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE, &n, secret, shelves[shelf].size, b->at, b->len, NULL, out, master);
    return NONCE + (size_t)n;
}

static struct str wrapped_str(const uint8_t *wrapped, size_t n)
{
    return (struct str){ (const char *)wrapped, n };
}

int keys_put(struct seal *s, enum shelf shelf, struct args clear, const void *secret, struct err *e)
{
    struct value columns[CLEAR_MAX + 1];
    uint8_t wrapped[WRAPPED_MAX];
    struct bound b;

    if (begin(s, e) < 0)
        return -1;
    bind_shelf(&b, shelf);
    for (size_t i = 0; i < clear.count; i++) {
        columns[i] = clear.at[i];
        if (clear.at[i].kind == VALUE_INT)
            bind_int(&b, clear.at[i].number);
        else
            bind_bytes(&b, 'b', clear.at[i].bytes.at, clear.at[i].bytes.len);
    }
    columns[clear.count] = value_blob(wrapped_str(wrapped, wrap(s->master, shelf, &b, secret, wrapped)));
    if (store_run(s->store, shelves[shelf].put, (struct args){ columns, clear.count + 1 }, NULL, e) < 0)
        return failed(s, e);
    return 0;
}

int keys_unwrap_row(struct seal *s, enum shelf shelf, const struct rows *rows, void *out, struct err *e)
{
    int last = rows_columns(rows) - 1;
    struct str wrapped = rows_str(rows, last);
    struct bound b;

    bind_shelf(&b, shelf);
    for (int i = 0; i < last; i++) {
        struct str column = rows_str(rows, i);

        if (rows_kind(rows, i) == VALUE_INT)
            bind_int(&b, rows_int(rows, i));
        else
            bind_bytes(&b, 'b', column.at, column.len);
    }
    if (b.over || wrapped.len != NONCE + shelves[shelf].size + TAG ||
        crypto_aead_xchacha20poly1305_ietf_decrypt(out, NULL, NULL, (const uint8_t *)wrapped.at + NONCE, wrapped.len - NONCE, b.at, b.len,
                                                   (const uint8_t *)wrapped.at, s->master))
        return err_broken(e, "keys.damaged", "a row of %s does not open under the master", shelves[shelf].table);
    return 0;
}

int keys_get(struct seal *s, enum shelf shelf, struct args key, struct rows *rows, void *out, struct err *e)
{
    if (store_query(s->store, rows, shelves[shelf].get, key, e) < 0)
        return -1;
    if (!rows_next(rows))
        return store_failed(s->store, e) < 0 ? -1 : FOUND_LOST; /* a failed read must never look like "mint one" */
    if (rows_kind(rows, rows_columns(rows) - 1) == VALUE_NULL)
        return FOUND_ERASED;
    return keys_unwrap_row(s, shelf, rows, out, e) < 0 ? -1 : FOUND_WHOLE;
}

static int rewrap_shelf(struct seal *s, struct store *from, enum shelf shelf, const uint8_t next[SECRET], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    uint8_t secret[VERIFIER];

    if (store_query(from, &rows, shelves[shelf].all, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        int last = rows_columns(&rows) - 1;
        struct value columns[CLEAR_MAX + 1];
        uint8_t wrapped[WRAPPED_MAX];
        int64_t changed = 0;
        struct bound b;

        if (keys_unwrap_row(s, shelf, &rows, secret, e) < 0)
            return -1;
        bind_shelf(&b, shelf);
        for (int i = 0; i < last; i++) {
            enum value_kind kind = rows_kind(&rows, i);
            struct str bytes = rows_str(&rows, i);

            columns[i] = kind == VALUE_INT ? value_int(rows_int(&rows, i)) : kind == VALUE_TEXT ? value_str(bytes) : value_blob(bytes);
            if (kind == VALUE_INT)
                bind_int(&b, rows_int(&rows, i));
            else
                bind_bytes(&b, 'b', bytes.at, bytes.len);
        }
        columns[last] = value_blob(wrapped_str(wrapped, wrap(next, shelf, &b, secret, wrapped)));
        sodium_memzero(secret, sizeof secret);
        if (store_run(s->store, shelves[shelf].wrap, (struct args){ columns, (size_t)last + 1 }, &changed, e) < 0)
            return -1;
        if (changed != 1)
            return err_broken(e, "keys.damaged", "a row of %s could not be wrapped anew", shelves[shelf].table);
    }
    return store_failed(from, e);
}

/* Through a second connection: it may take long, and nobody waits for it. */
int seal_check(struct seal *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e)
{
    CLEANUP(store_done) struct store *from = NULL;

    return store_open(&from, s->url, STORE_READ, e) < 0 ? -1 : store_check(from, each, ctx, e);
}

/* Read through a second connection, which goes on seeing the rows as they were. */
int keys_rewrap(struct seal *s, const uint8_t next[SECRET], struct err *e)
{
    CLEANUP(store_done) struct store *from = NULL;

    if (keys_commit(s, e) < 0 || store_open(&from, s->url, STORE_READ, e) < 0 || begin(s, e) < 0)
        return -1;
    for (enum shelf shelf = 0; shelf < SHELF_COUNT; shelf++)
        if (rewrap_shelf(s, from, shelf, next, e) < 0) {
            store_rollback(s->store); /* nothing was pending: nothing is lost */
            s->open = false;
            return -1;
        }
    return keys_commit(s, e);
}

/* ---- secrets of subjects and periods ---------------------------------------------- */

static int name_of(struct secret_name *n, enum shelf shelf, struct str ledger, struct err *e)
{
    memset(n, 0, sizeof *n);
    n->shelf = (uint8_t)shelf;
    if (!ledger.len || ledger.len >= sizeof n->ledger)
        return err_broken(e, "seal.ledger", "the name of a ledger has %zu bytes", ledger.len);
    memcpy(n->ledger, ledger.at, ledger.len);
    return 0;
}

int name_subject(struct secret_name *n, struct str ledger, struct id subject, struct err *e)
{
    if (id_none(subject))
        return err_broken(e, "seal.subject", "a box without a subject");
    if (name_of(n, SHELF_SUBJECT, ledger, e) < 0)
        return -1;
    n->subject = subject;
    return 0;
}

int name_period(struct secret_name *n, struct str ledger, enum seal_class class, int32_t month, struct err *e)
{
    if (class <= SEAL_OPEN || class > SEAL_MOVEMENT || month < 0 || month > UINT16_MAX)
        return err_broken(e, "seal.class", "class %d, month %d", (int)class, (int)month);
    if (name_of(n, SHELF_PERIOD, ledger, e) < 0)
        return -1;
    n->class = (uint8_t) class;
    n->month = (uint16_t)month;
    return 0;
}

int keys_secret(struct seal *s, const struct secret_name *n, bool mint, uint8_t out[SECRET], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    const uint8_t *held = cache_find(&s->secrets, n);
    struct value columns[3] = { value_text(n->ledger) };
    struct args key = { columns, 2 };
    int found;

    if (held) {
        memcpy(out, held, SECRET);
        return FOUND_WHOLE;
    }
    if (n->shelf == SHELF_SUBJECT) {
        columns[1] = value_blob(id_bytes(&n->subject));
    } else {
        columns[1] = value_int(n->class);
        columns[2] = value_int(n->month);
        key.count = 3;
    }
    found = keys_get(s, n->shelf, key, &rows, out, e);
    if (found == FOUND_LOST && mint) {
        rows_done(&rows);
        randombytes_buf(out, SECRET);
        if (keys_put(s, n->shelf, key, out, e) < 0)
            return -1;
        found = FOUND_WHOLE;
    }
    if (found == FOUND_WHOLE)
        memcpy(cache_put(&s->secrets, n), out, SECRET);
    return found;
}
