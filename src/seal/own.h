/*
 * own.h - what the files of seal share; the door is seal.h.
 *
 * keys_ functions are called with the lock held (LOCKED).  Every statement on
 * the key store is in keys.c; the other files name them by enum statement.
 */
#ifndef WANGGE_SEAL_OWN_H
#define WANGGE_SEAL_OWN_H

#include "seal/seal.h"

#include <pthread.h>

#define SECRET 32
enum { NAME_ROOM = 32 }; /* of a ledger's name, with the end */
#define ACCOUNT_ROOM sizeof((struct seal_session){ .until = 0 }.account)
#define VERIFIER 128

/* ---- cache.c: a table of fixed size, four places to a key ----------------- */

struct cache {
    size_t key, value, slot, sets;
    uint8_t *slots;
    uint8_t salt[16];
    unsigned turn;
};
void cache_make(struct cache *c, size_t entries, size_t key, size_t value);
void *cache_find(const struct cache *c, const void *key); /* the value, NULL when it is not there */
void *cache_put(struct cache *c, const void *key); /* where its value goes; another may have to leave */
void cache_drop(struct cache *c, const void *key);
void cache_wipe(struct cache *c);
void cache_done(struct cache *c);

/* ---- the key store -------------------------------------------------------- */

struct seal {
    pthread_mutex_t lock;
    struct store *store;
    struct finder *finders; /* that nobody searches with just now, see token.c */
    char *url, *master_path;
    bool open; /* a transaction gathers what seal_sync will commit */
    bool failing; /* the newest transaction was undone by a failure, and none has been committed since */
    uint64_t lost; /* transactions undone by a failure; see keys.c */
    uint8_t master[SECRET], token_key[SECRET], nonce_key[SECRET];
    uint8_t office_key[SECRET], office[SEAL_POINT]; /* set at the opening, read without the lock */
    struct cache secrets, sessions;
};

static inline struct seal *seal_lock(struct seal *s)
{
    pthread_mutex_lock(&s->lock);
    return s;
}

static inline void seal_unlock(struct seal **s)
{
    pthread_mutex_unlock(&(*s)->lock);
}
#define LOCKED(s) CLEANUP(seal_unlock) struct seal *locked __attribute__((unused)) = seal_lock(s)

/* Tables with a wrapped column; their rows are read, written and wrapped anew in one way. */
enum shelf { SHELF_KEY, SHELF_SUBJECT, SHELF_PERIOD, SHELF_ACCOUNT, SHELF_SESSION, SHELF_DEVICE, SHELF_CARD, SHELF_COUNT };
enum found { FOUND_LOST, FOUND_WHOLE, FOUND_ERASED };

enum statement {
    ADD_TOMBSTONE,
    ADD_TOMBSTONE_PERIOD,
    DROP_SUBJECT,
    DROP_PERIOD,
    ADD_TOKEN,
    DROP_TOKENS,
    FORGET_TOKENS,
    DROP_ACCOUNT,
    PUT_LEFT,
    DROP_SESSION,
    END_SESSIONS_ACCOUNT,
    END_SESSIONS_WORKER,
    END_SESSIONS_UNTIL,
    TAKE_CARD,
    DROP_CARD,
    END_CARDS_WORKER,
    END_CARDS_UNTIL,
    ASK_TOMBSTONE,
    ASK_TOMBSTONES,
    ASK_TOMBSTONES_PERIOD,
    ASK_HITS,
    ASK_UNFINDABLE,
    ASK_TOKEN,
    ASK_ACCOUNTS,
    ASK_ACCOUNT_OF,
    ASK_LEFT,
    ASK_LEFT_OF,
    STATEMENT_COUNT
};

MUST_USE int keys_schema(struct store *s, struct err *e);
MUST_USE int keys_open(struct seal *s, struct err *e); /* store and tables, no keys yet */
MUST_USE int keys_run(struct seal *s, enum statement which, struct args args, int64_t *changed,
                      struct err *e); /* in the open transaction */
MUST_USE int keys_ask(struct store *from, struct rows *rows, enum statement which, struct args args, struct err *e);
MUST_USE int keys_commit(struct seal *s, struct err *e);
/* Commits, and sees to it that what was deleted is in the file no more. */
MUST_USE int keys_commit_gone(struct seal *s, struct err *e);
/* The same where nothing was promised: a reader elsewhere, who keeps the old log from going, is no failure. */
MUST_USE int keys_commit_tidy(struct seal *s, struct err *e);

/* Wraps secret under the master and puts the row: its clear columns, then the wrapped one. */
MUST_USE int keys_put(struct seal *s, enum shelf shelf, struct args clear, const void *secret, struct err *e);
/* enum found or -1; the row stays in rows (column 0 …), its secret in out. */
int keys_get(struct seal *s, enum shelf shelf, struct args key, struct rows *rows, void *out, struct err *e);
MUST_USE int keys_unwrap_row(struct seal *s, enum shelf shelf, const struct rows *rows, void *out, struct err *e);
/* Wraps every row anew under next, in one transaction. */
MUST_USE int keys_rewrap(struct seal *s, const uint8_t next[SECRET], struct err *e);

/* What a subject's or a period's secret is cached under. */
struct secret_name {
    char ledger[NAME_ROOM];
    uint8_t shelf, class;
    uint16_t month;
    struct id subject;
};
MUST_USE int name_subject(struct secret_name *n, struct str ledger, struct id subject, struct err *e);
MUST_USE int name_period(struct secret_name *n, struct str ledger, enum seal_class class, int32_t month, struct err *e);
/* enum found or -1; with mint a missing one is made. */
int keys_secret(struct seal *s, const struct secret_name *n, bool mint, uint8_t out[SECRET], struct err *e);

void finders_close(struct seal *s); /* token.c: when nobody searches any more */

/* ---- parcel.c --------------------------------------------------------------- */

MUST_USE int parcel_open(struct seal *s, struct err *e); /* loads the installation's number, or makes it */
bool parcel_point(const uint8_t key[SECRET], uint8_t point[SEAL_POINT]); /* false: such a number there is none */
/* Appends what is inside; nothing when it is refused: parcel.bad. */
MUST_USE int parcel_unseal(const uint8_t key[SECRET], struct str parcel, struct buf *plain, struct err *e);

/* ---- master.c, erase.c ------------------------------------------------------ */

/* Makes or finds the master that opens this key store, finishes a rotation that was cut off, loads the two keys. */
MUST_USE int master_open(struct seal *s, bool create, struct err *e);
/* Reads the list beside the master and applies every tombstone again. */
MUST_USE int tombstones_apply(struct seal *s, struct err *e);
MUST_USE int folder_sync(const char *path, struct err *e);
char *path_with(const char *path, const char *suffix); /* free() it */
void path_done(char **path);
void wipe_secret(uint8_t (*secret)[SECRET]); /* CLEANUP of a key on the stack */
#define SECRET_HERE(name) CLEANUP(wipe_secret) uint8_t name[SECRET] = { 0 }
MUST_USE int crypto_ready(struct err *e);

#endif
