/*
 * form.h - what form.c does for screening.c: questionnaires and what is answered to them.
 */
#ifndef WANGGE_SCREENING_FORM_H
#define WANGGE_SCREENING_FORM_H

#include "core/core.h"

/* Does the round's questionnaire refer to something?  screening.questionnaire, with the place in field. */
MUST_USE int form_check(struct tx *tx, const struct record *r, struct err *e);
/* Do a visit's answers fit its round's questionnaire?  screening.answer_item, screening.answer_value, with the place in field. */
MUST_USE int form_answers(struct tx *tx, const struct record *r, struct err *e);

#endif
