/*
 * conflict.h - what conflict.c does for household.c: two people who could not know of each other, and one fact.
 */
#ifndef WANGGE_HOUSEHOLD_CONFLICT_H
#define WANGGE_HOUSEHOLD_CONFLICT_H

#include "core/core.h"

/* Facts of a row, by the numbers its marks bear. */
enum { FACTS = 6, STAMP = 24 };
enum { DOOR_AREA, DOOR_ORDER, DOOR_USE };
enum { HOME_DOOR, HOME_KIND, HOME_CENTRE, HOME_IS_CENTRE, HOME_SPEAKS, HOME_CLOSED };
enum { MEMBER_SEX, MEMBER_RELATION, MEMBER_AWAY, MEMBER_LEFT };

/* In check: puts into given what this record says otherwise than one its maker cannot have known of. */
MUST_USE int conflict_check(struct tx *tx, struct record *r, struct err *e);
/* In apply, after the record's own: what given says of it. */
MUST_USE int conflict_apply(struct tx *tx, const struct record *r, struct err *e);
/* Of an erased household nothing is in dispute. */
MUST_USE int conflict_forget(struct tx *tx, struct str ledger, struct id household, struct err *e);
/* household.settle; home is the household, or the door. conflict_open: ERR_MISSING household.no_conflict. */
MUST_USE int conflict_open(struct tx *tx, const struct record *r, struct id home, struct err *e);
MUST_USE int conflict_settle(struct tx *tx, const struct record *r, struct err *e);
int conflict_answer(struct ask *ask, struct buf *body, char *tag, struct err *e);

#endif
