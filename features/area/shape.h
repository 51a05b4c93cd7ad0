/*
 * shape.h - what shape.c does for area.c: geometry.
 */
#ifndef WANGGE_AREA_SHAPE_H
#define WANGGE_AREA_SHAPE_H

#include "core/core.h"

int shape_check(const struct json *polygon, struct err *e);
int shape_answer(struct ask *ask, struct buf *body, char *tag, struct err *e);

#endif
