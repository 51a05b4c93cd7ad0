/*
 * part.c - opening a row whose values came partly as an item of another row's boxes.
 *
 * A record that registers a household with its members makes one box; each
 * member's row only keeps which item of which record it is.  Both lists of
 * boxes stand in the order of stamps, so opening them is one merge.
 */
#include "core/own.h"

enum { ENTRY = 16 + 8 + 4, PART = 16 + 2 };     /* as box.c writes a list; as a row keeps its parts */

/* The first entry of a list of boxes, taken off its front. */
static bool take_entry(struct str *boxes, struct str *entry)
{
    if (!boxes->at || boxes->len < ENTRY)
        return false;
    const uint8_t *p = (const uint8_t *)boxes->at + 24;
    size_t n = ENTRY + ((size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3]);
    if (n > boxes->len)
        return false;
    *entry = (struct str){ boxes->at, n };
    *boxes = (struct str){ boxes->at + n, boxes->len - n };
    return true;
}

static int part_of(struct str parts, struct str entry)
{
    for (size_t i = 0; parts.at && i + PART <= parts.len; i += PART)
        if (memcmp(parts.at + i, entry.at, 16) == 0)
            return (uint8_t)parts.at[i + 16] << 8 | (uint8_t)parts.at[i + 17];
    return -1;
}

static bool take_part(struct str *whole, struct str parts, struct str *entry, int *index)
{
    while (take_entry(whole, entry)) {
        *index = part_of(parts, *entry);
        if (*index >= 0)
            return true;
    }
    return false;
}

/* By corrected time, ties by record. */
static bool before(struct str a, struct str b)
{
    int time = memcmp(a.at + 16, b.at + 16, 8);

    return time ? time < 0 : memcmp(a.at, b.at, 16) < 0;
}

struct json *core_open_parts(struct core *c, struct str ledger, struct str boxes, struct str whole, struct str parts, enum seal_class class,
                             struct err *e)
{
    struct json *values = NULL;
    struct str own, theirs;
    int index = -1;
    bool has_own = take_entry(&boxes, &own), has_part = parts.at && take_part(&whole, parts, &theirs, &index);

    while (has_own || has_part) {
        bool part = has_part && (!has_own || before(theirs, own));
        CLEANUP(json_done) struct json *open = core_open_boxes(c, ledger, part ? theirs : own, class, e);
        const struct json *said = part ? json_at(json_get(open, "members"), (size_t)index) : open;
        if (said && !values)
            values = json_map();
        if (said)
            fields_join(values, said);
        if (part)
            has_part = take_part(&whole, parts, &theirs, &index);
        else
            has_own = take_entry(&boxes, &own);
    }
    return values;
}
