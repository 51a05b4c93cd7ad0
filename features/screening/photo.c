/*
 * photo.c - the bytes of a photo: a JPEG file (ITU-T T.81, annex B), walked from
 * marker to marker up to its end; its picture is not decoded here.
 *
 * The phone draws every picture anew before it is sent, so that what a camera
 * writes beside it - place, time, device, a small copy - stays there.  What
 * carries such a segment did not come that way and is refused.
 */
#include "photo.h"

#include <string.h>

enum { SOI = 0xd8, EOI = 0xd9, RST0 = 0xd0, RST7 = 0xd7 };

enum part { TABLES, FRAME, SCAN, LABEL };

/* The segments a plain picture has; a label only as long as said and beginning so. */
static const struct {
    uint8_t from, to;
    enum part part;
    size_t length;                /* with its own two bytes; 0: any */
    struct str begins;
} known[] = {
    { 0xc0, 0xc2, FRAME, 0, { 0 } },                          /* baseline, extended, progressive */
    { 0xc4, 0xc4, TABLES, 0, { 0 } },                         /* Huffman */
    { 0xda, 0xda, SCAN, 0, { 0 } },
    { 0xdb, 0xdb, TABLES, 0, { 0 } },                         /* quantisation */
    { 0xdd, 0xdd, TABLES, 4, { 0 } },                         /* restart interval */
    { 0xe0, 0xe0, LABEL, 16, { "JFIF\0", 5 } },               /* without the small copy it may hold */
    { 0xe2, 0xe2, LABEL, 0, { "ICC_PROFILE\0", 12 } },
    { 0xee, 0xee, LABEL, 14, { "Adobe", 5 } },
};

struct walk {
    const uint8_t *at;
    size_t len, i;
    bool frame, scan;
};

static int none(struct err *e)
{
    return err_field(e, "screening.photo_kind", "image");
}

static size_t two(const uint8_t *at)
{
    return (size_t)at[0] << 8 | at[1];
}

/* Precision, height, width, how many components. */
static int frame(struct walk *w, const uint8_t *at, size_t n, struct err *e)
{
    if (w->frame || n < 6 || at[0] != 8 || (at[5] != 1 && at[5] != 3) || n != 6 + 3 * (size_t)at[5] || !two(at + 1) || !two(at + 3))
        return none(e);
    w->frame = true;
    return two(at + 1) > PHOTO_SIDE || two(at + 3) > PHOTO_SIDE ? err_field(e, "screening.photo_large", "image") : 0;
}

/* Over the coded picture to the next marker: 0xff stands in it before a zero or as a restart only. */
static void over_scan(struct walk *w)
{
    w->scan = true;
    while (w->i + 1 < w->len && !(w->at[w->i] == 0xff && w->at[w->i + 1] && (w->at[w->i + 1] < RST0 || w->at[w->i + 1] > RST7)))
        w->i++;
}

static int segment(struct walk *w, uint8_t marker, struct err *e)
{
    size_t n = w->len - w->i >= 2 ? two(w->at + w->i) : 0, k = 0;
    const uint8_t *at = w->at + w->i + 2;

    if (n < 2 || n > w->len - w->i)
        return none(e);
    while (k < COUNT_OF(known) && (marker < known[k].from || marker > known[k].to))
        k++;
    bool label = (marker >= 0xe0 && marker <= 0xef) || marker == 0xfe;
    if (k == COUNT_OF(known) || (known[k].length && known[k].length != n) || !str_starts((struct str){ (const char *)at, n - 2 }, known[k].begins))
        return label ? err_field(e, "screening.photo_beside", "image") : none(e);
    w->i += n;
    if (known[k].part == FRAME)
        return frame(w, at, n - 2, e);
    if (known[k].part == SCAN) {
        if (!w->frame)
            return none(e);
        over_scan(w);
    }
    return 0;
}

int photo_check(struct str image, struct err *e)
{
    CLEANUP(buf_done) struct buf file = { 0 };

    if (!base64_read(&file, image))
        return none(e);
    struct walk w = { .at = (const uint8_t *)file.at, .len = file.len };
    if (w.len < 4 || w.at[0] != 0xff || w.at[1] != SOI)
        return none(e);
    for (w.i = 2; w.len - w.i >= 2 && w.at[w.i] == 0xff;) {
        uint8_t marker = w.at[w.i + 1];
        w.i += 2;
        if (marker == EOI)
            return w.scan && w.i == w.len ? 0 : none(e);
        if (segment(&w, marker, e) < 0)
            return -1;
    }
    return none(e);
}
