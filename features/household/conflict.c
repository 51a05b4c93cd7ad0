/*
 * conflict.c - two people, one fact, and neither knew of the other.
 *
 * Of each fact the later stamp stands; that is not touched here.  But when a
 * record says otherwise than the one that set the fact, by another person, and
 * was made (corrected time) before that one was received, its maker cannot have
 * known of it: then whoever keeps the register is told.  What a record only
 * implies - that a member who is written of lives there, in which grid a door
 * is - contests nothing, nor does what no person said.  Decided on acceptance,
 * where sealed values can be compared; what is kept are the names of fields,
 * both records and, of clear facts, both values.
 *
 * Settling is a record of its own: it says that what stands, stands.  If the
 * other value was right, it is said again before.
 */
#include "conflict.h"

#include "conflict.sql.h"

static const struct id nobody;

struct stated {                   /* a fact that records state by a field */
    const char *field;
    int fact;
    const char *name;             /* in conflicts; NULL: as the field */
    bool always;                  /* left out, it says: none */
};

struct sealed {
    const char *field;
    enum seal_class class;
};

struct kind {                     /* of row */
    const struct sql *sql;
    int facts;                    /* columns before stamp, marks, boxes, then needs, or NULL and the member's whole and parts */
    const struct stated *stated;
    const struct sealed *sealed;
};

static const struct stated door_stated[] = { { "order", DOOR_ORDER }, { "use", DOOR_USE }, { 0 } };
static const struct stated home_stated[] = {
    { "door", HOME_DOOR }, { "kind", HOME_KIND }, { "centre_of", HOME_CENTRE }, { "centre", HOME_IS_CENTRE }, { "speaks", HOME_SPEAKS }, { 0 },
};
static const struct stated link_stated[] = { { "centre", HOME_CENTRE, "centre_of", true }, { 0 } };
static const struct stated member_stated[] = { { "sex", MEMBER_SEX }, { "relation", MEMBER_RELATION }, { "away_until", MEMBER_AWAY }, { 0 } };
static const struct sealed no_sealed[] = { { 0 } };
static const struct sealed door_sealed[] = {
    { "building", SEAL_REGISTER }, { "floor", SEAL_REGISTER }, { "room", SEAL_REGISTER }, { "landlord", SEAL_REGISTER }, { 0 },
};
static const struct sealed home_sealed[] = {
    { "head", SEAL_REGISTER }, { "phone", SEAL_REGISTER }, { "contact", SEAL_REGISTER }, { "needs", SEAL_HEALTH }, { 0 },
};
static const struct sealed member_sealed[] = {
    { "name", SEAL_REGISTER }, { "birth", SEAL_REGISTER }, { "id", SEAL_REGISTER }, { "phone", SEAL_REGISTER }, { 0 },
};

static const struct kind door_kind = { &sql_door, 3, door_stated, door_sealed };
static const struct kind home_kind = { &sql_household, 5, home_stated, home_sealed };
static const struct kind link_kind = { &sql_household, 5, link_stated, no_sealed };
static const struct kind member_kind = { &sql_member, 3, member_stated, member_sealed };

/* ==== what is known of a fact ======================================================== */

struct held {                     /* which record set a fact */
    struct id record;
    int64_t at;
};

/* The stamp of a fact: its mark, or the row's when it came with the row; none when nobody ever stated it. */
static struct str stamp_of(const struct rows *row, const struct kind *k, int fact)
{
    struct str marks = rows_str(row, k->facts + 1);

    for (size_t i = 0; marks.at && i + 1 + STAMP <= marks.len; i += 1 + STAMP)
        if (marks.at[i] == fact)
            return (struct str){ marks.at + i + 1, STAMP };
    return rows_kind(row, fact) == VALUE_NULL ? (struct str){ 0 } : rows_str(row, k->facts);
}

static struct json *fact_value(const struct rows *row, int fact)
{
    switch (rows_kind(row, fact)) {
    case VALUE_INT:
        return json_number(rows_int(row, fact));
    case VALUE_TEXT:
        return json_text(rows_str(row, fact));
    case VALUE_BLOB:
        return json_id(rows_id(row, fact));
    default:
        return json_text((struct str){ 0 });
    }
}

/* As a column keeps it: true is 1, an id is written small, nothing is null. */
static struct json *said_value(const struct json *said)
{
    struct id id;

    if (json_kind(said) == JSON_BOOL)
        return json_number(json_int(said));
    if (id_parse(json_str(said), &id))
        return json_id(id);
    return said ? json_copy(said) : json_text((struct str){ 0 });
}

/* ==== on acceptance ==================================================================== */

struct contest {
    struct tx *tx;
    struct record *r;
    struct id person;
    struct json *found;           /* what goes into given */
};

/* said and was are NULL of what is sealed: only that they differ is told. */
static int contested(struct contest *c, const char *field, struct held other, const struct json *said, const struct json *was, struct err *e)
{
    struct id doer = nobody, me = record_doer(c->r);
    int64_t received_at = 0;

    if (id_none(other.record))
        return 0;
    int found = tx_made(c->tx, c->r, other.record, &doer, &received_at, e);
    if (found <= 0)
        return found;
    if (id_none(doer) || id_eq(doer, me) || c->r->at >= received_at)
        return 0;
    struct json *one = json_map();
    json_set(one, "field", json_text(str_of(field)));
    if (!id_none(c->person))
        json_set(one, "person", json_id(c->person));
    if (said)
        json_set(one, "value", json_copy(said));
    json_set(one, "other", json_id(other.record));
    json_set(one, "other_maker", json_id(doer));
    json_set(one, "other_at", json_number(other.at));
    if (was)
        json_set(one, "other_value", json_copy(was));
    json_add(c->found, one);
    return 0;
}

static int clear_facts(struct contest *c, const struct kind *k, const struct rows *row, const struct json *values, struct err *e)
{
    for (const struct stated *s = k->stated; s->field; s++) {
        const struct json *value = json_get(values, s->field);
        if (!value && !s->always)
            continue;
        CLEANUP(json_done) struct json *said = said_value(value);
        CLEANUP(json_done) struct json *was = fact_value(row, s->fact);
        struct str stamp = stamp_of(row, k, s->fact);
        struct held by = { stamp_record(stamp), stamp_at(stamp) };
        if (!json_equal(said, was) && contested(c, s->name ? s->name : s->field, by, said, was, e) < 0)
            return -1;
    }
    return 0;
}

struct last {                     /* who said a sealed field last, and what */
    const char *field;
    struct held by;
    struct json *value;
};

static void look(void *ctx, struct id record, int64_t at, const struct json *said)
{
    struct last *l = ctx;
    const struct json *value = json_get(said, l->field);

    if (!value)
        return;
    json_free(l->value);
    l->value = json_copy(value);
    l->by = (struct held){ record, at };
}

static int sealed_facts(struct contest *c, const struct kind *k, const struct rows *row, const struct json *values, struct err *e)
{
    int boxes = k->facts + 2, needs = boxes + 1;
    struct boxes_part part = { .list = "members" };

    if (!id_none(c->person))
        part = (struct boxes_part){ "members", rows_str(row, boxes + 2), rows_str(row, boxes + 3) };
    for (const struct sealed *s = k->sealed; s->field; s++) {
        struct last l = { .field = s->field };
        struct err ignored = { 0 };
        const struct json *said = json_get(values, s->field);
        if (!said)
            continue;
        core_said_each(tx_core(c->tx), c->r->ledger, rows_str(row, s->class == SEAL_HEALTH ? needs : boxes), &part, s->class, look, &l, &ignored);
        int result = !l.value || json_equal(said, l.value) ? 0 : contested(c, s->field, l.by, NULL, NULL, e);
        json_free(l.value);
        if (result < 0)
            return -1;
    }
    return 0;
}

/* 1 when the row stands, 0 when it does not. */
static int contest_row(struct contest *c, const struct kind *k, struct id home, struct id person, const struct json *values, struct err *e)
{
    CLEANUP(rows_done) struct rows row = { 0 };

    c->person = person;
    struct args which = id_none(person) ? ARGS(c->r->ledger, home) : ARGS(c->r->ledger, home, person);
    if (tx_query(c->tx, &row, e, k->sql, which) < 0)
        return -1;
    if (!rows_next(&row))
        return store_failed(tx_store(c->tx), e);
    return clear_facts(c, k, &row, values, e) < 0 || sealed_facts(c, k, &row, values, e) < 0 ? -1 : 1;
}

static const struct {
    const char *type;
    const struct kind *kind;
    const char *home, *person;
} kinds[] = {
    { "household.door", &door_kind, "door", NULL },
    { "household.open", &home_kind, "household", NULL },
    { "household.change", &home_kind, "household", NULL },
    { "household.move", &home_kind, "household", NULL },
    { "household.link", &link_kind, "household", NULL },
    { "household.member", &member_kind, "household", "person" },
};

int conflict_check(struct tx *tx, struct record *r, struct err *e)
{
    struct contest c = { .tx = tx, .r = r, .found = json_list() };
    struct item it;
    int result = 0;

    for (size_t i = 0; i < COUNT_OF(kinds) && !id_none(record_doer(r)); i++)
        if (strcmp(r->type->name, kinds[i].type) == 0)
            result = contest_row(&c, kinds[i].kind, record_id(r, kinds[i].home), kinds[i].person ? record_id(r, kinds[i].person) : nobody,
                                 r->values, e);
    for (size_t i = 0; result == 1 && record_item(r, "members", i, &it); i++)
        result = contest_row(&c, &member_kind, record_id(r, "household"), item_id(&it, "person"), it.map, e) < 0 ? -1 : 1;
    if (result == 1 && json_count(c.found))
        json_set(r->given, "conflicts", c.found);
    else
        json_free(c.found);
    return result < 0 ? -1 : 0;
}

/* ==== kept ================================================================================ */

static struct value value_at(const struct record *r, const struct json *map, const char *key)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    const struct json *j = json_get(map, key);

    if (json_kind(j) == JSON_TEXT)
        return value_str(json_str(j));
    if (json_kind(j) != JSON_NUMBER)
        return value_null;
    json_write(j, &text);
    return value_str(arena_str(r->mem, buf_view(&text)));
}

int conflict_apply(struct tx *tx, const struct record *r, struct err *e)
{
    struct id household = record_id(r, "household");
    bool door = id_none(household);
    struct item one;

    for (size_t i = 0; (one.map = json_at(json_get(r->given, "conflicts"), i)); i++)
        if (tx_run(tx, e, &sql_add,
                   ARGS(r->ledger, door ? record_id(r, "door") : household, item_id(&one, "person"), item_text(&one, "field"), r->id, door,
                        record_doer(r), r->at, value_at(r, one.map, "value"), item_id(&one, "other"), item_id(&one, "other_maker"),
                        item_number(&one, "other_at"), value_at(r, one.map, "other_value"), r->received_at),
                   NULL) < 0)
            return -1;
    return 0;
}

int conflict_forget(struct tx *tx, struct str ledger, struct id household, struct err *e)
{
    return tx_run(tx, e, &sql_forget, ARGS(ledger, household), NULL);
}

int conflict_open(struct tx *tx, const struct record *r, struct id home, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_waits, ARGS(r->ledger, home, record_id(r, "person"), record_text(r, "field"), r->at)) < 0)
        return -1;
    if (rows_next(&rows))
        return 0;
    return store_failed(tx_store(tx), e) < 0 ? -1 : err_set(e, ERR_MISSING, "household.no_conflict");
}

int conflict_settle(struct tx *tx, const struct record *r, struct err *e)
{
    struct id household = record_id(r, "household"), home = id_none(household) ? record_id(r, "door") : household;

    return tx_run(tx, e, &sql_settle, ARGS(r->ledger, home, record_id(r, "person"), record_text(r, "field"), r->at, r->maker), NULL);
}

/* ==== told ================================================================================== */

enum { TOLD_MOST = 500 };         /* the oldest; the next come as these are settled */
enum {
    C_LEDGER, C_AREA, C_DOOR, C_HOUSEHOLD, C_CENTRE, C_PERSON, C_FIELD, C_RECORD, C_MAKER, C_AT, C_VALUE, C_OTHER, C_OTHER_MAKER, C_OTHER_AT,
    C_OTHER_VALUE, C_NOTED_AT, C_BOXES, C_WHOLE, C_PARTS, C_ORDER
};

static const struct {
    const char *field;
    enum mask mask;
} masks[] = {
    { "head", MASK_NAME }, { "name", MASK_NAME }, { "landlord", MASK_NAME }, { "phone", MASK_PHONE }, { "id", MASK_ID },
    { "contact", MASK_TEXT }, { "birth", MASK_TEXT }, { "building", MASK_TEXT }, { "floor", MASK_TEXT }, { "room", MASK_TEXT },
};

struct one {                      /* what one record said of a field */
    const char *field;
    struct id record;
    struct json *value;
};

static void pick(void *ctx, struct id record, int64_t at, const struct json *said)
{
    struct one *o = ctx;

    (void)at;
    if (id_eq(record, o->record) && !o->value)
        o->value = json_copy(json_get(said, o->field));
}

/* A clear value as it is, a sealed register value open or masked, of health nothing: as everywhere in lists. True: shown open. */
static bool put_value(struct out *o, const char *key, const struct ask *ask, const struct rows *row, int clear, struct id record, bool open)
{
    char field[24] = { 0 };
    struct str name = rows_str(row, C_FIELD);
    struct boxes_part part = { "members", rows_str(row, C_WHOLE), rows_str(row, C_PARTS) };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err ignored = { 0 };
    size_t m = 0;

    memcpy(field, name.at, name.len < sizeof field ? name.len : sizeof field - 1);
    while (m < COUNT_OF(masks) && strcmp(masks[m].field, field) != 0)
        m++;
    out_key(o, key);
    if (m == COUNT_OF(masks)) {
        out_text(o, rows_str(row, clear));
        return false;
    }
    struct one said = { .field = field, .record = record };
    core_said_each(ask->core, rows_str(row, C_LEDGER), rows_str(row, C_BOXES), &part, SEAL_REGISTER, pick, &said, &ignored);
    open = open && masks[m].mask != MASK_ID && said.value;
    mask_put(&text, open ? MASK_OPEN : masks[m].mask, json_str(said.value));
    out_raw(o, buf_view(&text));
    json_free(said.value);
    return open;
}

int conflict_answer(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct out o = { .to = body };

    (void)tag;
    if (store_query(ask->store, &rows, &sql_conflicts, ARGS(ask->args[0], ask->args[1], TOLD_MOST), e) < 0)
        return -1;
    out_open(&o, '{');
    out_key(&o, "rows");
    out_open(&o, '[');
    while (rows_next(&rows)) {
        bool open = who_opens(ask->who, ask->areas, area_find(ask->areas, rows_str(&rows, C_AREA)), rows_id(&rows, C_HOUSEHOLD), rows_id(&rows, C_CENTRE));
        out_open(&o, '{');
        out_key(&o, "field"), out_text(&o, rows_str(&rows, C_FIELD));
        out_key(&o, "area"), out_text(&o, rows_str(&rows, C_AREA));
        out_key(&o, "door"), out_id(&o, rows_id(&rows, C_DOOR));
        out_key(&o, "order"), out_int(&o, rows_int(&rows, C_ORDER));
        out_key(&o, "household"), out_maybe_id(&o, rows_id(&rows, C_HOUSEHOLD));
        out_key(&o, "person"), out_maybe_id(&o, rows_id(&rows, C_PERSON));
        out_key(&o, "maker"), out_id(&o, rows_id(&rows, C_MAKER));
        out_key(&o, "at"), out_int(&o, rows_int(&rows, C_AT));
        bool shown = put_value(&o, "value", ask, &rows, C_VALUE, rows_id(&rows, C_RECORD), open);
        out_key(&o, "other_maker"), out_id(&o, rows_id(&rows, C_OTHER_MAKER));
        out_key(&o, "other_at"), out_int(&o, rows_int(&rows, C_OTHER_AT));
        shown |= put_value(&o, "other_value", ask, &rows, C_OTHER_VALUE, rows_id(&rows, C_OTHER), open);
        out_key(&o, "noted_at"), out_int(&o, rows_int(&rows, C_NOTED_AT));
        out_close(&o, '}');
        ask->opened |= open;
        ask->shown += shown;
    }
    out_close(&o, ']');
    out_key(&o, "next"), out_null(&o);
    out_close(&o, '}');
    return store_failed(ask->store, e);
}
