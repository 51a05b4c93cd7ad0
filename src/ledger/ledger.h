/*
 * ledger.h - the door of ledger: one append-only, chained log per village.
 *
 * The digest of a row covers the digest before it and every stored byte of the
 * row; doc/records.md is the format's home.  A ledger's name is its area's id;
 * "<ledger>/read" is the log of who looked.
 */
#ifndef WANGGE_LEDGER_H
#define WANGGE_LEDGER_H

#include "store/store.h"

#define LEDGER_NAME 40         /* room for a name and its end */
#define LEDGER_DIGEST 32
#define LEDGER_ALGORITHM 1     /* SHA-256 over length-prefixed parts */

enum ledger_proof { PROOF_CLAIMED, PROOF_SESSION, PROOF_MAC, PROOF_SERVER };

struct ledger_row {
    struct str ledger;
    int64_t position;          /* 1, 2, 3 … without holes */
    struct id id;
    struct str type, area;
    int64_t at, received_at;
    struct id maker, author, for_whom;   /* zero: none */
    enum ledger_proof proof;
    struct str body, given;    /* JSON text, the bytes that are digested */
    struct str boxes;          /* the boxes one after another, each with a 4-byte big-endian length before it */
    uint8_t digest[LEDGER_DIGEST];
};

struct ledger_head {
    char ledger[LEDGER_NAME];
    int64_t position;
    int64_t settled;           /* position in the store; 0: not there yet */
    int64_t safe;              /* position in the last finished backup, 0: none; in a backup: up to where it is finished */
    uint8_t digest[LEDGER_DIGEST];
};

MUST_USE int ledger_schema(struct store *s, struct err *e);

/* Locks the ledger for this transaction and reads its head; a ledger not seen before begins at 0 and is kept with its first record. */
MUST_USE int ledger_lock(struct store *s, struct str ledger, struct ledger_head *head, struct err *e);
/* Gives the row its position and digest and writes it; the head moves on in memory. */
MUST_USE int ledger_append(struct store *s, struct ledger_head *head, struct ledger_row *row, struct err *e);
/* Writes the moved head back. Once per transaction and ledger. */
MUST_USE int ledger_settle(struct store *s, const struct ledger_head *head, struct err *e);

/* The row with this id, borrowed from rows (which the caller declares with CLEANUP(rows_done)). 1 found, 0 not, -1. */
int ledger_find(struct store *s, struct str ledger, struct id id, struct rows *rows, struct ledger_row *row, struct err *e);
/* Rows after a position, in order; ledger_next fills row with borrowed views. */
MUST_USE int ledger_after(struct store *s, struct str ledger, int64_t position, struct rows *rows, struct err *e);
bool ledger_next(struct rows *rows, struct ledger_row *row);
/* All heads, free() the list. As the ledgers began, an area's ledger comes after the one that opened it; by name, of the records nothing is read. */
enum ledger_order { LEDGERS_BY_NAME, LEDGERS_AS_BEGUN };
MUST_USE int ledger_list(struct store *s, enum ledger_order order, struct ledger_head **heads, size_t *count, struct err *e);
/* Of its newest record; 0: it has none. */
MUST_USE int ledger_position(struct store *s, struct str ledger, int64_t *position, struct err *e);
/* Rows after a position up to another: a piece of a ledger. */
MUST_USE int ledger_between(struct store *s, struct str ledger, int64_t after, int64_t upto, struct rows *rows, struct err *e);
/* The same, of each only its type (column 0) and clear body (1): what is sealed may be a photo and stays unread. */
MUST_USE int ledger_said(struct store *s, struct str ledger, int64_t after, int64_t upto, struct rows *rows, struct err *e);

void ledger_digest(const uint8_t prev[LEDGER_DIGEST], const struct ledger_row *row, uint8_t out[LEDGER_DIGEST]);

/*
 * Checks a whole chain against its head; each, if not NULL, sees every row that holds.  Position of the first bad
 * row in *bad (0: all well); ERR_CONFLICT ledger.broken.
 */
MUST_USE int ledger_verify(struct store *s, struct str ledger, void (*each)(void *ctx, const struct ledger_row *row), void *ctx, int64_t *count,
                           int64_t *bad, struct err *e);

/*
 * Copies the rows after head up to a position from one store to the other, in
 * the transaction that is open there, and proves each of them; head moves on
 * in memory, to the last row that holds.  ERR_CONFLICT ledger.broken.
 */
MUST_USE int ledger_copy(struct store *from, struct store *to, struct ledger_head *head, int64_t upto, struct err *e);
/* The digest of one row. 1 found, 0 not, -1. */
int ledger_digest_at(struct store *s, struct str ledger, int64_t position, uint8_t out[LEDGER_DIGEST], struct err *e);
MUST_USE int ledger_put_safe(struct store *s, struct str ledger, int64_t position, struct err *e);
MUST_USE int ledger_put_unsafe(struct store *s, struct err *e);        /* none of them */

/* Walks boxes: false at the end.  i starts at 0. */
bool ledger_box(struct str boxes, size_t *i, struct str *box);
void ledger_box_add(struct buf *boxes, struct str box);

/* One row as one line of JSON, as `wangge export` writes it and tool/verify.mjs reads it. */
void ledger_export(const struct ledger_row *row, struct buf *out);

/* The store's incarnation: a random id, renewed by a restore; a backup bears that of its store. 1 there, 0 the store has none yet, -1. */
int ledger_incarnation(struct store *s, struct id *out, struct err *e);
MUST_USE int ledger_reincarnate(struct store *s, struct id incarnation, struct err *e);

#endif
