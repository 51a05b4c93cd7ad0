/*
 * box.c - lists of boxes in columns, opening and masking them.
 *
 * An entry is the record's id (16 bytes), its corrected time (8), the box's
 * length (4) and the box; entries stand in the order of their stamps, so that
 * of the same field the later stands.
 */
#include "core/own.h"

enum { ENTRY = 16 + 8 + 4, PART = 16 + 2 };     /* a part: the record, and which item of its list a row is */

static uint64_t read_be(const char *at, int bytes)
{
    uint64_t n = 0;

    for (int i = 0; i < bytes; i++)
        n = n << 8 | (uint8_t)at[i];
    return n;
}

static void put_be(struct buf *b, uint64_t n, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--)
        buf_char(b, (char)(n >> (8 * i)));
}

struct sealed {
    struct id record;
    int64_t at;
    struct str box, whole;
};

static bool sealed_next(struct str boxes, size_t *i, struct sealed *out)
{
    size_t left = boxes.len - *i;

    if (!boxes.at || left < ENTRY)
        return false;
    const char *p = boxes.at + *i;
    size_t n = (size_t)read_be(p + 24, 4);
    if (n > left - ENTRY)
        return false;
    memcpy(out->record.b, p, 16);
    out->at = (int64_t)read_be(p + 16, 8);
    out->box = (struct str){ p + ENTRY, n };
    out->whole = (struct str){ p, ENTRY + n };
    *i += ENTRY + n;
    return true;
}

struct str record_box(const struct record *r, enum seal_class class)
{
    struct str box;

    for (size_t i = 0; ledger_box(r->boxes, &i, &box);)
        if (seal_box_class(box) == class)
            return box;
    return (struct str){ 0 };
}

struct str boxes_with(const struct record *r, struct str boxes, enum seal_class class)
{
    CLEANUP(buf_done) struct buf list = { 0 };
    struct str ours = record_box(r, class);
    struct sealed entry;
    bool placed = !ours.at;

    for (size_t i = 0; sealed_next(boxes, &i, &entry);) {
        if (id_eq(entry.record, r->id))
            placed = true;
        if (!placed && (entry.at > r->at || (entry.at == r->at && memcmp(entry.record.b, r->id.b, 16) > 0))) {
            buf_put(&list, r->id.b, 16), put_be(&list, (uint64_t)r->at, 8), put_be(&list, ours.len, 4), buf_str(&list, ours);
            placed = true;
        }
        buf_str(&list, entry.whole);
    }
    if (!placed)
        buf_put(&list, r->id.b, 16), put_be(&list, (uint64_t)r->at, 8), put_be(&list, ours.len, 4), buf_str(&list, ours);
    return list.len ? arena_str(r->mem, buf_view(&list)) : (struct str){ 0 };
}

static struct json *unbox(struct core *c, struct str ledger, struct id record, struct str box, struct err *e)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    struct json *shadow = NULL;

    if (!c->seal || seal_unbox(c->seal, ledger, record, box, &plain, e) < 0)
        return NULL;
    if (json_parse(buf_view(&plain), &json_own, &shadow, e) < 0)
        return NULL;
    return shadow;
}

struct json *core_open_boxes(struct core *c, struct str ledger, struct str boxes, enum seal_class class, struct err *e)
{
    struct json *whole = NULL;
    struct sealed entry;

    for (size_t i = 0; sealed_next(boxes, &i, &entry);) {
        if (seal_box_class(entry.box) != class)
            continue;
        CLEANUP(json_done) struct json *shadow = unbox(c, ledger, entry.record, entry.box, e);
        if (!shadow)
            continue;
        if (!whole)
            whole = json_map();
        fields_join(whole, shadow);
    }
    return whole;
}

/* Which item of the list in this record the row is; -1: none. */
static int part_in(struct str parts, struct id record)
{
    for (size_t i = 0; parts.at && i + PART <= parts.len; i += PART)
        if (memcmp(parts.at + i, record.b, 16) == 0)
            return (int)read_be(parts.at + i + 16, 2);
    return -1;
}

static bool part_next(struct str whole, size_t *i, struct str parts, struct sealed *out, int *index)
{
    while (sealed_next(whole, i, out)) {
        *index = part_in(parts, out->record);
        if (*index >= 0)
            return true;
    }
    return false;
}

static bool earlier(const struct sealed *a, const struct sealed *b)
{
    return a->at != b->at ? a->at < b->at : memcmp(a->record.b, b->record.b, 16) < 0;
}

/* Both lists stand in the order of stamps, so opening them is one merge. */
void core_said_each(struct core *c, struct str ledger, struct str boxes, const struct boxes_part *part, enum seal_class class,
                    core_said *each, void *ctx, struct err *e)
{
    struct sealed own, theirs;
    size_t i = 0, j = 0;
    int index = -1;
    bool has_own = sealed_next(boxes, &i, &own), has_part = part && part_next(part->whole, &j, part->parts, &theirs, &index);

    while (has_own || has_part) {
        bool theirs_first = has_part && (!has_own || earlier(&theirs, &own));
        const struct sealed *one = theirs_first ? &theirs : &own;
        CLEANUP(json_done) struct json *open = seal_box_class(one->box) == class ? unbox(c, ledger, one->record, one->box, e) : NULL;
        const struct json *said = theirs_first ? json_at(json_get(open, part->list), (size_t)index) : open;
        if (said)
            each(ctx, one->record, one->at, said);
        if (theirs_first)
            has_part = part_next(part->whole, &j, part->parts, &theirs, &index);
        else
            has_own = sealed_next(boxes, &i, &own);
    }
}

static void join(void *ctx, struct id record, int64_t at, const struct json *said)
{
    struct json **values = ctx;

    (void)record, (void)at;
    if (!*values)
        *values = json_map();
    fields_join(*values, said);
}

struct json *core_open_parts(struct core *c, struct str ledger, struct str boxes, const struct boxes_part *part, enum seal_class class, struct err *e)
{
    struct json *values = NULL;

    core_said_each(c, ledger, boxes, part, class, join, &values, e);
    return values;
}

struct json *box_kept(struct core *c, struct store *s, struct str ledger, struct id record, enum seal_class class, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;
    struct str box;

    if (ledger_find(s, ledger, record, &rows, &row, e) != 1)
        return NULL;
    for (size_t i = 0; ledger_box(row.boxes, &i, &box);)
        if (seal_box_class(box) == class)
            return unbox(c, ledger, record, box, e);
    return NULL;
}

int record_opened(struct core *c, const struct record *r, struct json **out, struct err *e)
{
    struct str box;

    *out = json_copy(r->values);
    for (size_t i = 0; ledger_box(r->boxes, &i, &box);) {
        CLEANUP(json_done) struct json *shadow = unbox(c, r->ledger, r->id, box, e);
        if (!shadow) {
            json_free(*out);
            *out = NULL;
            return -1;
        }
        fields_join(*out, shadow);
    }
    return 0;
}

static void stars(struct buf *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        buf_char(text, '*');
}

/* The last n characters of what has at least so many, "" of others; text that is no digits and letters is not cut anywhere. */
static struct str tail(struct str s, size_t n, size_t least)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] >= 0x80)
            return STR("");
    return s.len >= least ? (struct str){ s.at + s.len - n, n } : STR("");
}

void mask_put(struct buf *to, enum mask mask, struct str value)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct out o = { .to = to };

    if (!value.at || mask == MASK_OMIT) {
        out_null(&o);
        return;
    }
    switch (mask) {
    case MASK_NAME:            /* 王** */
        buf_put(&text, value.at, value.len ? utf8_next(value, 0) : 0);
        stars(&text, 2);
        break;
    case MASK_PHONE:           /* 100****1234 */
        buf_put(&text, value.at, tail(value, 4, 11).len ? 3 : 0);
        stars(&text, 4);
        buf_str(&text, tail(value, 4, 8));
        break;
    case MASK_ID:
        stars(&text, 14);
        buf_str(&text, tail(value, 4, 15));
        break;
    case MASK_TEXT:
        stars(&text, 3);
        break;
    default:
        buf_str(&text, value);
    }
    out_text(&o, text.at ? buf_view(&text) : STR(""));
}
