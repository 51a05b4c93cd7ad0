/*
 * seal.h - the door of seal: what is known of people, and how it is forgotten.
 *
 * A box is a small JSON sealed for one record, one subject (a household, a
 * door, a worker, a passer-by) and one class.  Its key is a keyed hash of the
 * subject's secret and the period's secret (one per ledger, class and month;
 * register has one standing period); destroy either and the box is noise, in
 * every backup too.  Secrets, search tokens, verifiers, sessions and device
 * keys live in the key store, wrapped by the master key file.
 *
 * A struct seal may be used by several threads; it locks itself.
 */
#ifndef WANGGE_SEAL_H
#define WANGGE_SEAL_H

#include "store/store.h"

struct seal;

enum seal_class { SEAL_OPEN, SEAL_REGISTER, SEAL_HEALTH, SEAL_MOVEMENT };   /* SEAL_OPEN: not sealed */

/*
 * Opens the key store at url with the master key file.  With create, a missing
 * pair is made (file mode 0600, on disk before this returns).  Keys:
 * keys.master_missing (a key store stands there but its master does not: the
 * detail says what that means), keys.master_wrong, keys.master_mode.
 * Every open applies all tombstones again and finishes a half-done erase; they
 * are kept in the key store and, for the day an older copy of it is put back,
 * in <master>.tombstones, which no backup may replace by an older one.
 */
MUST_USE int seal_open(struct seal **out, const char *url, const char *master_path, bool create, struct err *e);
void seal_close(struct seal *s);

/* ---- boxes ---------------------------------------------------------------- */

struct seal_place {           /* what a box is bound to */
    struct str ledger;
    struct id record;
    struct id subject;
    enum seal_class class;
    int64_t at;               /* corrected time: chooses the period (month) of health and movement */
};

/*
 * Seals plain and appends to out the whole box: version, class, month,
 * subject, nonce, ciphertext.  Equal arguments give equal bytes.  Mints the
 * subject's and the period's secret when there is none (never for an erased
 * subject: seal.erased).  Minted secrets are on disk only after seal_sync.
 */
MUST_USE int seal_box(struct seal *s, const struct seal_place *place, struct str plain, struct buf *out, struct err *e);

/* Opens one box.  ERR_MISSING with seal.erased (tombstone or destroyed period), or seal.key_lost; seal.damaged. */
MUST_USE int seal_unbox(struct seal *s, struct str ledger, struct id record, struct str box, struct buf *plain, struct err *e);

enum seal_class seal_box_class(struct str box);
struct id seal_box_subject(struct str box);

/* Puts everything minted or noted since the last call on disk.  Cheap when there is nothing. */
MUST_USE int seal_sync(struct seal *s, struct err *e);

/* ---- search tokens ---------------------------------------------------------- */

enum seal_find { FIND_NONE, FIND_NAME, FIND_PHONE, FIND_ID, FIND_PLATE, FIND_ADDRESS };

struct seal_hit {
    char ledger[32];
    struct id subject;
};
/*
 * Notes what the value of a sealed field can be found by: for names every two
 * neighbouring characters with the scope (a town's area id) inside, for phones
 * the whole and the last four, for ids and plates the whole (upper case, no
 * spaces) and an id's last four, for addresses every two neighbouring characters with the scope.
 */
MUST_USE int seal_note(struct seal *s, enum seal_find kind, struct str scope, struct str value, struct str ledger, struct id subject, struct err *e);
/*
 * Appends the hits for one search text; false hits are possible, misses are
 * not.  At most limit; of phones, ids and plates, which are found everywhere,
 * those noted with this scope come first.  find.short: too little to look for.
 */
MUST_USE int seal_search(struct seal *s, enum seal_find kind, struct str scope, struct str text, struct seal_hit **hits, size_t *count,
                         size_t limit, struct err *e);
MUST_USE int seal_forget_tokens(struct seal *s, struct err *e);      /* all of them, before they are made again */

/* ---- erasing and rotating ----------------------------------------------------- */

/* Tombstone, secret and tokens of one subject, on disk when it returns; the file is overwritten, not only freed. Harmless twice. */
MUST_USE int seal_erase(struct seal *s, struct str ledger, struct id subject, struct err *e);
bool seal_erased(struct seal *s, struct str ledger, struct id subject);
/* Destroys one period's secret: every box of that ledger, class and month. */
MUST_USE int seal_erase_period(struct seal *s, struct str ledger, enum seal_class class, int32_t month, struct err *e);
/* A new master: everything is wrapped anew, the new file stands, the old master is overwritten. A crash leaves one of the two whole. */
MUST_USE int seal_rotate(struct seal *s, struct err *e);

/*
 * ---- accounts, sessions, device keys: secrets, not records --------------------
 * What is put is on disk after seal_sync (or seal_close); what is dropped or
 * ended is when the call returns.
 */

MUST_USE int seal_verifier_make(struct str password, char out[128], struct err *e);   /* Argon2id, 19 MiB, 2 passes */
bool seal_verifier_check(const char *verifier, struct str password);                   /* a NULL verifier costs the same and is false */
MUST_USE int seal_account_put(struct seal *s, struct str name, struct id worker, const char *verifier, struct err *e);
MUST_USE int seal_account_get(struct seal *s, struct str name, struct id *worker, char verifier[128], struct err *e);  /* ERR_MISSING account.unknown */
MUST_USE int seal_account_drop(struct seal *s, struct str name, struct err *e);        /* and its sessions */
/* Calls each(ctx, name, worker) for every account in the order of names. */
MUST_USE int seal_accounts(struct seal *s, void (*each)(void *ctx, struct str name, struct id worker), void *ctx, struct err *e);

struct seal_session {
    struct id worker;
    char account[64];
    int64_t until;
};
MUST_USE int seal_session_put(struct seal *s, const uint8_t token_hash[32], const struct seal_session *session, struct err *e);
/* ERR_MISSING session.unknown, also when it is over; cached. */
MUST_USE int seal_session_get(struct seal *s, const uint8_t token_hash[32], struct seal_session *out, struct err *e);
MUST_USE int seal_session_drop(struct seal *s, const uint8_t token_hash[32], struct err *e);
MUST_USE int seal_sessions_end(struct seal *s, struct id worker, struct err *e);

/* The device key of a sign-in: 32 bytes, with which the maker's records are marked (HMAC-SHA-256, truncated to 16). */
MUST_USE int seal_device_put(struct seal *s, struct id device, struct id worker, const uint8_t key[32], struct err *e);
MUST_USE int seal_device_get(struct seal *s, struct id device, struct id *worker, uint8_t key[32], struct err *e);

/* ---- small help ----------------------------------------------------------------- */
void seal_random(void *out, size_t n);
void seal_hash(struct str bytes, uint8_t out[32]);                                     /* SHA-256 */
void seal_mac(const uint8_t key[32], struct str bytes, uint8_t out[32]);               /* HMAC-SHA-256 */

#endif
