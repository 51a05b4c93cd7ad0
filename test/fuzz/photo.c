/*
 * photo.c - the bytes of a photo, taken or refused with one of three words.
 *
 * What is taken is so again, is not with a byte behind it or its last byte gone,
 * and is not with a label of the camera's put before its first segment.
 */
#include "grow.h"

#include "screening/photo.h"

static bool taken(struct str file)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err e = { 0 };

    base64_put(&text, file);
    if (photo_check(buf_view(&text), &e) == 0)
        return true;
    DEMAND(strcmp(e.field, "image") == 0 && strncmp(e.key, "screening.photo_", 16) == 0, "%s %s", e.key, e.field);
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf other = { 0 };
    struct str file = { (const char *)data, size };
    struct err e = { 0 };

    if (photo_check(file, &e) < 0)                  /* as it is: base64 of something at best */
        DEMAND(strcmp(e.field, "image") == 0, "%s", e.field);
    if (!taken(file))
        return 0;
    DEMAND(taken(file), "looked at twice it is another");
    DEMAND(!taken((struct str){ file.at, file.len - 1 }), "it has no end, and is taken");
    buf_str(&other, file);
    buf_char(&other, 'x');
    DEMAND(!taken(buf_view(&other)), "it goes on, and is taken");
    buf_clear(&other);
    buf_str(&other, (struct str){ file.at, 2 });
    buf_str(&other, (struct str){ "\xff\xe1\0\x08" "Exif\0\0", 10 });
    buf_str(&other, (struct str){ file.at + 2, file.len - 2 });
    DEMAND(!taken(buf_view(&other)), "it tells where it was made, and is taken");
    return 0;
}
