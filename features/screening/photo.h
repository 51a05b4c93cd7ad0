/*
 * photo.h - what photo.c does for screening.c: whether a picture may be kept.
 */
#ifndef WANGGE_SCREENING_PHOTO_H
#define WANGGE_SCREENING_PHOTO_H

#include "base/base.h"

enum {
    PHOTO_TEXT = 120000,          /* characters of base64 */
    PHOTO_SIDE = 2048,            /* pixels */
    PHOTOS_MOST = 3,              /* of one visit */
};

/*
 * image: base64 of one JPEG file, whole, with nothing before, behind or
 * beside the picture.  screening.photo_kind: it is none; screening.photo_large:
 * a side is longer than PHOTO_SIDE; screening.photo_beside: it tells more than
 * the picture - place, device, a second picture.  With "image" in field.
 */
MUST_USE int photo_check(struct str image, struct err *e);

#endif
