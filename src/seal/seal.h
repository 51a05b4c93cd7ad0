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
#define SEAL_CLASSES (SEAL_MOVEMENT + 1)

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

/*
 * Puts everything minted, noted or put by any thread since the last call on
 * disk.  Cheap when there is nothing.  Where other threads sync too, their
 * failure may have undone what this one put: it takes the mark before its
 * first write and syncs with it.  keys.undone (again): some of it is gone, all
 * of it must be done again.  A failure does not last: the next write begins anew.
 */
MUST_USE int seal_sync(struct seal *s, struct err *e);
uint64_t seal_mark(struct seal *s);
MUST_USE int seal_sync_since(struct seal *s, uint64_t mark, struct err *e);

/* For who watches over it: did the newest write fail, and how many transactions ever did?  seal_try writes a row
   that it takes back, to find out. */
bool seal_stuck(const struct seal *s);         /* as store_stuck */
bool seal_failing(struct seal *s, uint64_t *lost);
MUST_USE int seal_try(struct seal *s, struct err *e);

/* ---- search tokens ---------------------------------------------------------- */

enum seal_find { FIND_NONE, FIND_NAME, FIND_PHONE, FIND_ID, FIND_PLATE, FIND_ADDRESS };

/*
 * Notes what the value of a sealed field can be found by in its ledger: for
 * names and addresses every two neighbouring characters, for phones, ids and
 * plates the whole (upper case, no spaces), for phones and ids the last four.
 */
MUST_USE int seal_note(struct seal *s, enum seal_find kind, struct str value, struct str ledger, struct id subject, struct err *e);
/*
 * Tells who may be meant by a search text, ledger by ledger in the order given,
 * until hit() answers other than 0: 1 is enough, -1 a failure.  False hits are
 * possible, misses are not, of what seal_sync has put on disk.  hit() may seal
 * and open.  find.short: too little to look for.
 */
typedef int seal_hit(void *ctx, struct str ledger, struct id subject, struct err *e);
MUST_USE int seal_search(struct seal *s, enum seal_find kind, struct str text, const struct str *ledgers, size_t count, seal_hit *hit, void *ctx,
                         struct err *e);
/* 1: there are subjects, and nobody can be found by anything: the tokens are gone, or were made by an earlier version. */
MUST_USE int seal_unfindable(struct seal *s, struct err *e);
MUST_USE int seal_forget_tokens(struct seal *s, struct err *e);      /* all of them, before they are made again */

/* ---- erasing and rotating ----------------------------------------------------- */

/* Tombstone, secret and tokens of one subject, on disk when it returns; the file is overwritten, not only freed. Harmless twice. */
MUST_USE int seal_erase(struct seal *s, struct str ledger, struct id subject, struct err *e);
bool seal_erased(struct seal *s, struct str ledger, struct id subject);
/* Destroys one period's secret: every box of that ledger, class and month. */
MUST_USE int seal_erase_period(struct seal *s, struct str ledger, enum seal_class class, int32_t month, struct err *e);
/* A new master: everything is wrapped anew, the new file stands, the old master is overwritten. A crash leaves one of the two whole. */
MUST_USE int seal_rotate(struct seal *s, struct err *e);

/* Tells each thing wrong with the pages of the key store's file. */
MUST_USE int seal_check(struct seal *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e);

/* ---- backup and restore (seal/copy.c) ------------------------------------------- */

/*
 * Puts a copy of the key store at path, whole or not at all: secrets, accounts
 * and tombstones, no session, no card and no search token.  Read in small pieces beside
 * whoever writes; every secret that was on disk when it began and stands at
 * the end is in it.  secrets counts those of subjects and periods.
 * keys.rotated (again): the master changed meanwhile.
 */
MUST_USE int seal_copy(struct seal *s, const char *path, int64_t *secrets, struct err *e);
/* Makes the key store at url from a copy; keys.exists when one stands there. */
MUST_USE int seal_copy_back(const char *path, const char *url, struct err *e);
/* How many subjects and how many periods were erased. */
MUST_USE int seal_erasures(struct seal *s, int64_t *subjects, int64_t *periods, struct err *e);

/*
 * ---- accounts, sessions, device keys: secrets, not records --------------------
 * What is put is on disk after seal_sync_since (or, in one thread, seal_sync or
 * seal_close); what is dropped or ended is when the call returns.
 */

MUST_USE int seal_verifier_make(struct str password, char out[128], struct err *e);   /* Argon2id, 19 MiB, 2 passes */
bool seal_verifier_check(const char *verifier, struct str password);                   /* a NULL or empty verifier costs the same and is false */
MUST_USE int seal_account_put(struct seal *s, struct str name, struct id worker, const char *verifier, struct err *e);
MUST_USE int seal_account_get(struct seal *s, struct str name, struct id *worker, char verifier[128], struct err *e);  /* ERR_MISSING account.unknown */
MUST_USE int seal_account_drop(struct seal *s, struct str name, struct err *e);        /* and its sessions and card */
/* Calls each(ctx, name, worker) for every account in the order of names. */
MUST_USE int seal_accounts(struct seal *s, void (*each)(void *ctx, struct str name, struct id worker), void *ctx, struct err *e);

/*
 * The first of a worker's accounts; one is made when there is none: six digits
 * drawn by lot, quick to type on a phone and nobody's name, without a password.
 */
MUST_USE int seal_account_of(struct seal *s, struct id worker, char name[64], struct err *e);

/* A sign-in card: a code for an account, good once.  A new one takes the place of the former. */
MUST_USE int seal_card_put(struct seal *s, struct str name, int64_t until, const char *verifier, struct err *e);
/* ERR_MISSING card.unknown, also when it is over. */
MUST_USE int seal_card_get(struct seal *s, struct str name, int64_t *until, char verifier[128], struct err *e);
/* Uses it up: 1, or 0 when somebody else has meanwhile.  On disk with what is put beside it, after seal_sync_since. */
int seal_card_take(struct seal *s, struct str name, int64_t until, struct err *e);
MUST_USE int seal_cards_end(struct seal *s, struct id worker, struct err *e);          /* those of all his accounts */

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

/* What waits unsent on the device of a session, as it said last: how many records, and when the oldest was made.  When it said so is not kept.
   Not worth a sync of its own: it is on disk with whatever is put next. */
struct seal_left {
    int64_t count, oldest;       /* oldest: ms UTC, 0 when nothing waits */
};
MUST_USE int seal_left_put(struct seal *s, const uint8_t token_hash[32], struct seal_left left, struct err *e);
/* Of all devices on which the worker is signed in. */
MUST_USE int seal_left_of(struct seal *s, struct id worker, struct seal_left *out, struct err *e);

/* The device key of a sign-in: 32 bytes, with which the maker's records are marked (HMAC-SHA-256, truncated to 16). */
MUST_USE int seal_device_put(struct seal *s, struct id device, struct id worker, const uint8_t key[32], struct err *e);
MUST_USE int seal_device_get(struct seal *s, struct id device, struct id *worker, uint8_t key[32], struct err *e);
/* Whose work is it?  mac: the first 16 bytes, as 32 hexadecimal digits.  device.unknown, device.mac. */
MUST_USE int seal_device_signed(struct seal *s, struct id device, struct str text, struct str mac, struct id *worker, struct err *e);

/* ---- signing (sign.c): Ed25519, one key for the installation -------------------------- */

#define SEAL_SIGN 64
#define SEAL_PUBLIC 32
/* Signs bytes; the key is made on first need and on disk before this returns. */
MUST_USE int seal_sign(struct seal *s, struct str bytes, uint8_t sign[SEAL_SIGN], uint8_t public[SEAL_PUBLIC], struct err *e);
int seal_public(struct seal *s, uint8_t public[SEAL_PUBLIC], struct err *e);          /* 1 there, 0 nothing was ever signed, -1 */
bool seal_signed(struct str bytes, const uint8_t sign[SEAL_SIGN], const uint8_t public[SEAL_PUBLIC]);

/* ---- parcels (parcel.c): sealed on a phone for this installation ------------------------ */

#define SEAL_POINT 65
void seal_office(const struct seal *s, uint8_t point[SEAL_POINT]);                     /* the public point, uncompressed; the same after a rotation */
/* Appends what is inside; parcel.bad: cut, changed, or sealed for somebody else. */
MUST_USE int seal_parcel_open(const struct seal *s, struct str parcel, struct buf *plain, struct err *e);

/* A mark only this installation can make of these bytes, the same tomorrow and after a rotation. */
void seal_vouch(struct seal *s, struct str what, uint8_t out[32]);

/* ---- small help ----------------------------------------------------------------- */
void seal_random(void *out, size_t n);
void seal_hash(struct str bytes, uint8_t out[32]);                                     /* SHA-256 */
void seal_mac(const uint8_t key[32], struct str bytes, uint8_t out[32]);               /* HMAC-SHA-256 */

#endif
