/*
 * household.c - doors in walking order, the households behind them, their members.
 *
 * A door is a dwelling: what a round visits.  Behind it live none, one or many
 * households; a member belongs to a household.  Of each fact (door, kind,
 * language, who is away …) the record with the later stamp stands, whatever
 * came first; a row keeps one stamp for all of them and marks for those that
 * changed since.  Sealed values keep their boxes in the order of stamps.
 * Whoever asks to erase a household cannot be the one who allows it.
 */
#include <stdlib.h>

#include "conflict.h"

#include "household.sql.h"

/* ==== what records look like ===================================================== */

static const struct field door_fields[] = {
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "order", FIELD_NUMBER, .required = true, .min = 0, .max = 1000000, .words = "走访次序" },
    { "building", FIELD_TEXT, .max = 120, .seal = SEAL_REGISTER, .find = FIND_ADDRESS, .words = "楼栋" },
    { "floor", FIELD_TEXT, .max = 20, .seal = SEAL_REGISTER, .words = "楼层" },
    { "room", FIELD_TEXT, .max = 40, .seal = SEAL_REGISTER, .find = FIND_ADDRESS, .words = "房号" },
    { "use", FIELD_CODE, .required = true, .codes = "dwelling_use", .words = "用途" },
    { "landlord", FIELD_TEXT, .max = 120, .seal = SEAL_REGISTER, .find = FIND_NAME, .words = "房东" },
    { 0 },
};

#define PERSON_FIELDS \
    { "name", FIELD_TEXT, .max = 60, .seal = SEAL_REGISTER, .find = FIND_NAME, .words = "姓名" }, \
    { "sex", FIELD_CODE, .codes = "sex", .words = "性别" }, \
    { "birth", FIELD_DAY, .seal = SEAL_REGISTER, .words = "出生日期" }, \
    { "id", FIELD_TEXT, .max = 40, .seal = SEAL_REGISTER, .find = FIND_ID, .words = "证件号码" }, \
    { "phone", FIELD_TEXT, .max = 30, .seal = SEAL_REGISTER, .find = FIND_PHONE, .words = "电话" }, \
    { "relation", FIELD_CODE, .codes = "relation", .words = "与户主关系" }, \
    { "away_until", FIELD_DAY, .words = "外出至" }

static const struct field members_fields[] = {
    { "person", FIELD_ID, .required = true, .words = "人员" },
    PERSON_FIELDS,
    { 0 },
};

#define HOUSEHOLD_FIELDS \
    { "head", FIELD_TEXT, .max = 60, .seal = SEAL_REGISTER, .find = FIND_NAME, .words = "户主" }, \
    { "phone", FIELD_TEXT, .max = 30, .seal = SEAL_REGISTER, .find = FIND_PHONE, .words = "电话" }, \
    { "contact", FIELD_TEXT, .max = 200, .seal = SEAL_REGISTER, .words = "外地联系人" }, \
    { "speaks", FIELD_CODE, .codes = "language", .words = "语言" }, \
    { "needs", FIELD_CODE, .list = true, .items = 20, .codes = "need_flag", .seal = SEAL_HEALTH, .words = "需求" }, \
    { "centre", FIELD_BOOL, .words = "是中心户" }, \
    { "centre_of", FIELD_ID, .words = "所属中心户" }

static const struct field open_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "kind", FIELD_CODE, .required = true, .codes = "household_kind", .words = "户类别" },
    HOUSEHOLD_FIELDS,
    { "members", FIELD_GROUP, .list = true, .items = 500, .fields = members_fields, .words = "成员" },
    { 0 },
};

static const struct field change_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "kind", FIELD_CODE, .codes = "household_kind", .words = "户类别" },
    HOUSEHOLD_FIELDS,
    { 0 },
};

static const struct field close_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "reason", FIELD_TEXT, .required = true, .max = 60, .words = "原因" },
    { 0 },
};

static const struct field move_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "area", FIELD_AREA, .words = "迁往网格" },        /* needed only when it lies in another village */
    { 0 },
};

static const struct field link_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "centre", FIELD_ID, .words = "中心户" },            /* absent: linked to none */
    { 0 },
};

static const struct field member_fields[] = {
    { "person", FIELD_ID, .required = true, .words = "人员" },
    { "household", FIELD_ID, .required = true, .words = "户" },
    PERSON_FIELDS,
    { 0 },
};

static const struct field leave_fields[] = {
    { "person", FIELD_ID, .required = true, .words = "人员" },
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "to", FIELD_ID, .words = "迁入户" },                /* in the same village; elsewhere the other village registers */
    { 0 },
};

static const struct field erase_fields[] = {
    { "household", FIELD_ID, .required = true, .words = "户" },
    { "classes", FIELD_TEXT, .required = true, .list = true, .items = 1, .max = 20, .words = "类别(只可为 all:全部)" },
    { "reason", FIELD_TEXT, .required = true, .max = 200, .words = "原因" },
    { 0 },
};

static const struct field approve_fields[] = {
    { "erase", FIELD_ID, .required = true, .words = "擦除申请" },
    { 0 },
};

static const struct field note_fields[] = {
    { "household", FIELD_ID, .words = "户" },
    { "door", FIELD_ID, .words = "门" },                  /* one of the two */
    { "text", FIELD_TEXT, .required = true, .max = 500, .seal = SEAL_REGISTER, .words = "留言" },
    { "promise", FIELD_BOOL, .words = "是承诺" },
    { "due", FIELD_DAY, .words = "期限" },
    { 0 },
};

static const struct field note_done_fields[] = {
    { "note", FIELD_ID, .required = true, .words = "留言" },
    { "household", FIELD_ID, .words = "户" },             /* as the note has it */
    { 0 },
};

static const struct field settle_fields[] = {
    { "household", FIELD_ID, .words = "户" },
    { "door", FIELD_ID, .words = "门" },                  /* one of the two */
    { "person", FIELD_ID, .words = "人员" },
    { "field", FIELD_TEXT, .required = true, .max = 20, .words = "栏目" },
    { 0 },
};

/* ==== facts of a row: the later stands, each for itself ============================ */

struct facts {
    struct value now[FACTS];
    struct str mark[FACTS];       /* stamp of a fact that did not come with the row's */
    struct str stamp;
};

struct news {                     /* what one record says */
    bool said[FACTS];
    struct value now[FACTS];
};

static struct value column(const struct rows *rows, int i, struct arena *mem)
{
    switch (rows_kind(rows, i)) {
    case VALUE_INT:
        return value_int(rows_int(rows, i));
    case VALUE_TEXT:
        return value_str(arena_str(mem, rows_str(rows, i)));
    case VALUE_BLOB:
        return value_blob(arena_str(mem, rows_str(rows, i)));
    default:
        return value_null;
    }
}

static struct str column_str(const struct rows *rows, int i, struct arena *mem)
{
    struct str s = rows_str(rows, i);

    return s.at ? arena_str(mem, s) : s;
}

static void facts_stamps(struct facts *f, struct str stamp, struct str marks)
{
    f->stamp = stamp;
    for (size_t i = 0; marks.at && i + 1 + STAMP <= marks.len; i += 1 + STAMP)
        if ((uint8_t)marks.at[i] < FACTS)
            f->mark[(uint8_t)marks.at[i]] = (struct str){ marks.at + i + 1, STAMP };
}

/* A fact nobody ever stated gives way to any record. */
static void facts_take(struct facts *f, const struct news *n, struct str stamp, bool opening)
{
    if (opening && str_cmp(stamp, f->stamp) < 0) {
        for (int i = 0; i < FACTS; i++)
            if (!f->mark[i].at && f->now[i].kind != VALUE_NULL)
                f->mark[i] = f->stamp;
        f->stamp = stamp;
    }
    for (int i = 0; i < FACTS; i++) {
        struct str held = f->mark[i].at ? f->mark[i] : f->now[i].kind != VALUE_NULL ? f->stamp : (struct str){ 0 };
        if (n->said[i] && (!held.at || str_cmp(stamp, held) >= 0)) {
            f->now[i] = n->now[i];
            f->mark[i] = stamp;
        }
        if (f->mark[i].at && f->now[i].kind != VALUE_NULL && str_eq(f->mark[i], f->stamp))
            f->mark[i] = (struct str){ 0 };
    }
}

static struct value facts_marks(const struct facts *f, struct arena *mem)
{
    CLEANUP(buf_done) struct buf marks = { 0 };

    for (int i = 0; i < FACTS; i++)
        if (f->mark[i].at) {
            buf_char(&marks, (char)i);
            buf_str(&marks, f->mark[i]);
        }
    return marks.len ? value_blob(arena_str(mem, buf_view(&marks))) : value_null;
}

static bool same(struct value a, struct value b)
{
    return a.kind == b.kind && a.number == b.number && (a.kind == VALUE_NULL || a.kind == VALUE_INT || str_eq(a.bytes, b.bytes));
}

static void say(struct news *n, int fact, struct value v)
{
    n->said[fact] = true;
    n->now[fact] = v;
}

static void say_field(struct news *n, int fact, const struct record *r, const char *field)
{
    if (record_has(r, field))
        say(n, fact, record_value(r, field));
}

static struct value id_value(const struct record *r, struct id id)
{
    return value_blob(arena_str(r->mem, id_bytes(&id)));
}

static const struct id nobody;

/* ==== checks ======================================================================== */

/* 1 when it stands here, with the door it lives behind; 0 when it does not. */
static int known(struct tx *tx, struct str ledger, struct id household, bool *closed, bool *is_centre, bool *erased, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_household, ARGS(ledger, household)) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(tx_store(tx), e);
    *closed = rows_kind(&rows, 6) != VALUE_NULL;
    *is_centre = rows_int(&rows, 3) != 0;
    *erased = rows_int(&rows, 11) != 0;
    return 1;
}

static int door_known(struct tx *tx, struct str ledger, struct id door, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_door, ARGS(ledger, door)) < 0)
        return -1;
    if (rows_next(&rows))
        return 0;
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    return err_missing(e, "household.door_unknown", "door");
}

/* ---- where it stands now, the right is needed as well -------------------------------- */

static bool below(struct tx *tx, const struct record *r, const struct area *there)
{
    const struct area *here = area_find(tx_areas(tx), r->area);

    while (there && !area_within(there, here))
        there = there->successor;
    return there != NULL;
}

/* The right on the record's area reaches as far as that does; beyond it, the doer and whoever types it in must have it there. */
static int may_there(struct tx *tx, const struct record *r, enum right right, const struct area *there, bool *may, struct err *e)
{
    *may = below(tx, r, there);
    return *may ? 0 : tx_may(tx, r, right, there, may, e);
}

/* A door unknown here is nobody's. What was noted before it was taken into another grid may come from the former one. */
static int may_at_door(struct tx *tx, const struct record *r, enum right right, struct str ledger, struct id door, bool *may, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct facts f = { 0 };

    *may = true;
    if (tx_query(tx, &rows, e, &sql_door, ARGS(ledger, door)) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(tx_store(tx), e);
    facts_stamps(&f, rows_str(&rows, 6), rows_str(&rows, 7));
    struct str taken = f.mark[DOOR_AREA].at ? f.mark[DOOR_AREA] : f.stamp;
    if (rows_str(&rows, 5).at && str_cmp(record_stamp(r), taken) < 0 && below(tx, r, area_find(tx_areas(tx), rows_str(&rows, 5))))
        return 0;
    return may_there(tx, r, right, area_find(tx_areas(tx), rows_str(&rows, 0)), may, e);
}

/* The same for a household, by the door behind which it lives or, for what was noted before it moved, lived before. */
static int may_at_home(struct tx *tx, const struct record *r, enum right right, struct id household, bool *may, struct err *e)
{
    struct id door, former = { 0 };
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        CLEANUP(rows_done) struct rows past = { 0 };
        struct facts f = { 0 };
        *may = true;
        if (tx_query(tx, &rows, e, &sql_household, ARGS(r->ledger, household)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        door = rows_id(&rows, 0);
        facts_stamps(&f, rows_str(&rows, 7), rows_str(&rows, 8));
        if (str_cmp(record_stamp(r), f.mark[HOME_DOOR].at ? f.mark[HOME_DOOR] : f.stamp) < 0 &&
            tx_query(tx, &past, e, &sql_former_door, ARGS(r->ledger, household)) < 0)
            return -1;
        if (rows_next(&past))
            former = rows_id(&past, 0);
        if (store_failed(tx_store(tx), e) < 0)
            return -1;
    }
    if (!id_none(former)) {
        if (may_at_door(tx, r, right, r->ledger, former, may, e) < 0)
            return -1;
        if (*may)
            return 0;
    }
    return may_at_door(tx, r, right, r->ledger, door, may, e);
}

static int denied(struct err *e, const char *field)
{
    err_field(e, "right.denied", field);
    e->kind = ERR_DENIED;
    return -1;
}

static int must_at_door(struct tx *tx, const struct record *r, struct str ledger, struct id door, const char *field, struct err *e)
{
    bool may = r->proof == PROOF_SERVER;

    if (!may && may_at_door(tx, r, RIGHT_DOORS, ledger, door, &may, e) < 0)
        return -1;
    return may ? 0 : denied(e, field);
}

static int must_at_home(struct tx *tx, const struct record *r, enum right right, struct id household, const char *field, struct err *e)
{
    bool may = r->proof == PROOF_SERVER;

    if (!may && may_at_home(tx, r, right, household, &may, e) < 0)
        return -1;
    return may ? 0 : denied(e, field);
}

static int check_centre(struct tx *tx, struct record *r, const char *field, struct err *e)
{
    bool closed, is_centre, erased;

    if (!record_has(r, field))
        return 0;
    if (id_eq(record_id(r, field), record_id(r, "household")))
        return err_field(e, "household.own_centre", field);
    int found = known(tx, r->ledger, record_id(r, field), &closed, &is_centre, &erased, e);
    if (found < 0)
        return -1;
    return found ? 0 : err_missing(e, "household.centre_unknown", field);
}

/* Doors stand in villages or in grids of villages. */
static int check_door(struct tx *tx, struct record *r, struct err *e)
{
    const struct area *area = area_find(tx_areas(tx), r->area);

    if (!area || area->level < 4)
        return err_field(e, "household.not_in_village", "area");
    if (must_at_door(tx, r, r->ledger, record_id(r, "door"), "door", e) < 0)
        return -1;
    return conflict_check(tx, r, e);
}

static int check_open(struct tx *tx, struct record *r, struct err *e)
{
    if (door_known(tx, r->ledger, record_id(r, "door"), e) < 0 || must_at_door(tx, r, r->ledger, record_id(r, "door"), "door", e) < 0 ||
        must_at_home(tx, r, RIGHT_DOORS, record_id(r, "household"), "household", e) < 0)
        return -1;
    return check_centre(tx, r, "centre_of", e) < 0 ? -1 : conflict_check(tx, r, e);
}

static int check_known(struct tx *tx, struct record *r, struct err *e)
{
    bool closed, is_centre, erased;
    int found = known(tx, r->ledger, record_id(r, "household"), &closed, &is_centre, &erased, e);

    if (found < 0)
        return -1;
    return found ? must_at_home(tx, r, RIGHT_DOORS, record_id(r, "household"), "household", e) : err_missing(e, "household.unknown", "household");
}

static int check_change(struct tx *tx, struct record *r, struct err *e)
{
    if (check_known(tx, r, e) < 0 || check_centre(tx, r, "centre_of", e) < 0)
        return -1;
    return conflict_check(tx, r, e);
}

static int check_member(struct tx *tx, struct record *r, struct err *e)
{
    return check_known(tx, r, e) < 0 ? -1 : conflict_check(tx, r, e);
}

/* Into another village: it opens there by a record of its own, here it closes. */
static int check_move(struct tx *tx, struct record *r, struct err *e)
{
    struct str ledger = r->ledger;

    if (check_known(tx, r, e) < 0)
        return -1;
    if (record_has(r, "area")) {
        const struct area *to = area_find(tx_areas(tx), record_text(r, "area"));
        if (!to || to->level < 4)
            return err_field(e, "household.not_in_village", "area");
        ledger = to->ledger;
        bool may = r->proof == PROOF_SERVER;
        if (!may && may_there(tx, r, RIGHT_DOORS, to, &may, e) < 0)
            return -1;
        if (!may)
            return denied(e, "area");
    }
    if (door_known(tx, ledger, record_id(r, "door"), e) < 0 || must_at_door(tx, r, ledger, record_id(r, "door"), "door", e) < 0)
        return -1;
    if (str_eq(ledger, r->ledger))
        return conflict_check(tx, r, e);
    given_text(r, "to_ledger", ledger);
    return 0;
}

static int check_link(struct tx *tx, struct record *r, struct err *e)
{
    bool closed, is_centre = true, erased;

    if (check_known(tx, r, e) < 0 || check_centre(tx, r, "centre", e) < 0)
        return -1;
    if (record_has(r, "centre") && known(tx, r->ledger, record_id(r, "centre"), &closed, &is_centre, &erased, e) < 0)
        return -1;
    return is_centre ? conflict_check(tx, r, e) : err_field(e, "household.no_centre", "centre");
}

static int check_leave(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (check_known(tx, r, e) < 0)
        return -1;
    if (tx_query(tx, &rows, e, &sql_member, ARGS(r->ledger, record_id(r, "household"), record_id(r, "person"))) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "household.person_unknown", "person");
    if (!record_has(r, "to"))
        return 0;
    CLEANUP(rows_done) struct rows to = { 0 };
    if (tx_query(tx, &to, e, &sql_found_household, ARGS(r->ledger, record_id(r, "to"))) < 0)
        return -1;
    if (!rows_next(&to))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "household.unknown", "to");
    given_text(r, "to_area", rows_str(&to, 0));
    return must_at_home(tx, r, RIGHT_DOORS, record_id(r, "to"), "to", e);
}

/* All classes of a household are sealed by one secret: less than all cannot be destroyed. */
static int check_erase(struct tx *tx, struct record *r, struct err *e)
{
    const struct json *classes = record_json(r, "classes");
    bool closed, is_centre, erased;
    int found = known(tx, r->ledger, record_id(r, "household"), &closed, &is_centre, &erased, e);

    if (found < 0)
        return -1;
    if (!found)
        return err_missing(e, "household.unknown", "household");
    if (must_at_home(tx, r, RIGHT_DOORS, record_id(r, "household"), "household", e) < 0)
        return -1;
    if (!str_is(json_str(json_at(classes, 0)), "all"))
        return err_field(e, "field.code", "classes");
    return erased ? err_set(e, ERR_CONFLICT, "household.erased") : 0;
}

/* The second person: the secret is destroyed before this record is written. */
static int check_approve(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_erasure, ARGS(r->ledger, record_id(r, "erase"))) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "household.erase_unknown", "erase");
    struct id asked[] = { rows_id(&rows, 1), rows_id(&rows, 3) };       /* whose name stands there, and whose hand it was */
    for (size_t i = 0; i < COUNT_OF(asked); i++)
        if (id_eq(asked[i], r->maker) || id_eq(asked[i], r->author))
            return err_set(e, ERR_DENIED, "household.same_person");
    if (must_at_home(tx, r, RIGHT_APPROVE, rows_id(&rows, 0), "erase", e) < 0)
        return -1;
    if (rows_kind(&rows, 2) != VALUE_NULL)
        return err_set(e, ERR_CONFLICT, "household.erased");
    r->subject = rows_id(&rows, 0);
    given_id(r, "erase_subject", rows_id(&rows, 0));
    return 0;
}

static int one_of_two(const struct record *r, struct err *e)
{
    return record_has(r, "household") != record_has(r, "door") ? 0 : err_field(e, "household.one_of_two", "household");
}

/* A door's note is sealed by the only household behind it, as a visit is: it goes when that is erased. */
static int check_note(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    bool closed, is_centre, erased;

    if (one_of_two(r, e) < 0)
        return -1;
    if (record_has(r, "household")) {
        int found = known(tx, r->ledger, record_id(r, "household"), &closed, &is_centre, &erased, e);
        if (found <= 0)
            return found < 0 ? -1 : err_missing(e, "household.unknown", "household");
        r->subject = record_id(r, "household");
        return must_at_home(tx, r, RIGHT_VISIT, r->subject, "household", e);
    }
    if (door_known(tx, r->ledger, record_id(r, "door"), e) < 0 || tx_query(tx, &rows, e, &sql_behind, ARGS(r->ledger, record_id(r, "door"))) < 0)
        return -1;
    bool one = rows_next(&rows);
    r->subject = one ? rows_id(&rows, 0) : record_id(r, "door");
    if (one && rows_next(&rows))
        r->subject = record_id(r, "door");
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    bool may = r->proof == PROOF_SERVER;
    if (!may && may_at_door(tx, r, RIGHT_VISIT, r->ledger, record_id(r, "door"), &may, e) < 0)
        return -1;
    return may ? 0 : denied(e, "door");
}

/* Done twice is done. */
static int check_note_done(struct tx *tx, struct record *r, struct err *e)
{
    struct id door, household;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_note, ARGS(r->ledger, record_id(r, "note"))) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "household.note_unknown", "note");
        door = rows_id(&rows, 0);
        household = rows_id(&rows, 1);
    }
    if (record_has(r, "household") && !id_eq(record_id(r, "household"), household))
        return err_missing(e, "household.note_unknown", "household");
    if (!id_none(household))
        return must_at_home(tx, r, RIGHT_VISIT, household, "note", e);
    bool may = r->proof == PROOF_SERVER;
    if (!may && may_at_door(tx, r, RIGHT_VISIT, r->ledger, door, &may, e) < 0)
        return -1;
    return may ? 0 : denied(e, "note");
}

/* Of a household or of a door, and open when whoever settles it looked. */
static int check_settle(struct tx *tx, struct record *r, struct err *e)
{
    bool home = record_has(r, "household");

    if (one_of_two(r, e) < 0 || conflict_open(tx, r, record_id(r, home ? "household" : "door"), e) < 0)
        return -1;
    return home ? must_at_home(tx, r, RIGHT_DOORS, record_id(r, "household"), "household", e)
                : must_at_door(tx, r, r->ledger, record_id(r, "door"), "door", e);
}

/* ==== applies ======================================================================== */

static int apply_door(struct tx *tx, const struct record *r, struct err *e)
{
    struct id door = record_id(r, "door");
    struct str stamp = record_stamp(r);
    struct value moved, before;
    struct facts f = { 0 };
    struct news n = { 0 };
    struct str boxes;
    int64_t added;

    if (tx_run(tx, e, &sql_add_door, ARGS(r->ledger, door, r->area, record_number(r, "order"), record_text(r, "use"), r->position, stamp,
                                          value_blob(boxes_with(r, (struct str){ 0 }, SEAL_REGISTER))), &added) < 0)
        return -1;
    if (added)
        return 0;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_door, ARGS(r->ledger, door)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        for (int i = DOOR_AREA; i <= DOOR_USE; i++)
            f.now[i] = column(&rows, i, r->mem);
        moved = column(&rows, 4, r->mem);
        before = column(&rows, 5, r->mem);
        facts_stamps(&f, column_str(&rows, 6, r->mem), column_str(&rows, 7, r->mem));
        boxes = column_str(&rows, 8, r->mem);
    }
    struct value old = f.now[DOOR_AREA];
    say(&n, DOOR_AREA, value_str(r->area));
    say_field(&n, DOOR_ORDER, r, "order");
    say_field(&n, DOOR_USE, r, "use");
    facts_take(&f, &n, stamp, true);
    if (!same(old, f.now[DOOR_AREA])) {
        moved = value_int(r->position);
        before = old;
    }
    return tx_run(tx, e, &sql_change_door, ARGS(r->ledger, door, f.now[DOOR_AREA], f.now[DOOR_ORDER], f.now[DOOR_USE], moved, before,
                                                value_blob(f.stamp), facts_marks(&f, r->mem),
                                                value_blob(boxes_with(r, boxes, SEAL_REGISTER))), NULL);
}

static int archive(struct tx *tx, const struct record *r, struct id household, struct id person, int64_t since, int64_t until,
                   struct value door, struct value away, struct err *e)
{
    return tx_run(tx, e, &sql_add_past, ARGS(r->ledger, household, person, since, until ? until : r->position, door, away), NULL);
}

/* A closed household that opens again, or one that lives behind another door now, begins a new stay. */
static int change_household(struct tx *tx, const struct record *r, struct id household, struct news *n, bool opening, struct err *e)
{
    struct str boxes, needs;
    struct facts f = { 0 };
    int64_t since, until;
    bool erased;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_household, ARGS(r->ledger, household)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        for (int i = HOME_DOOR; i <= HOME_SPEAKS; i++)
            f.now[i] = column(&rows, i, r->mem);
        since = rows_int(&rows, 5);
        until = rows_int(&rows, 6);
        f.now[HOME_CLOSED] = value_bool(until != 0);
        facts_stamps(&f, column_str(&rows, 7, r->mem), column_str(&rows, 8, r->mem));
        boxes = column_str(&rows, 9, r->mem);
        needs = column_str(&rows, 10, r->mem);
        erased = rows_int(&rows, 11) != 0;
    }
    struct value door = f.now[HOME_DOOR];
    if (erased)
        n->said[HOME_SPEAKS] = false;
    facts_take(&f, n, record_stamp(r), opening);
    bool closed = f.now[HOME_CLOSED].number != 0;
    if (!same(door, f.now[HOME_DOOR]) || (until && !closed)) {
        if (archive(tx, r, household, nobody, since, until, door, value_null, e) < 0)
            return -1;
        since = r->position;
        until = closed ? r->position : 0;
    } else if (closed && !until) {
        until = r->position;
    }
    return tx_run(tx, e, &sql_change_household,
                  ARGS(r->ledger, household, f.now[HOME_DOOR], f.now[HOME_KIND], f.now[HOME_CENTRE], f.now[HOME_IS_CENTRE],
                       f.now[HOME_SPEAKS], since, until ? value_int(until) : value_null, value_blob(f.stamp), facts_marks(&f, r->mem),
                       value_blob(erased ? (struct str){ 0 } : boxes_with(r, boxes, SEAL_REGISTER)),
                       value_blob(erased ? (struct str){ 0 } : boxes_with(r, needs, SEAL_HEALTH))),
                  NULL);
}

static void say_household(struct news *n, const struct record *r)
{
    say_field(n, HOME_KIND, r, "kind");
    say_field(n, HOME_CENTRE, r, "centre_of");
    say_field(n, HOME_IS_CENTRE, r, "centre");
    say_field(n, HOME_SPEAKS, r, "speaks");
}

/* The place of member i in this record's box, put among those known already; equal sets, equal bytes. */
static struct str parts_with(const struct record *r, struct str parts, size_t i)
{
    enum { PART = 18 };
    char ours[PART];
    CLEANUP(buf_done) struct buf all = { 0 };
    bool placed = false;

    memcpy(ours, r->id.b, 16);
    ours[16] = (char)(i >> 8), ours[17] = (char)i;
    for (size_t at = 0; parts.at && at + PART <= parts.len; at += PART) {
        int order = memcmp(ours, parts.at + at, PART);
        if (order <= 0 && !placed) {
            buf_put(&all, ours, PART);
            placed = true;
        }
        if (order != 0)
            buf_put(&all, parts.at + at, PART);
    }
    if (!placed)
        buf_put(&all, ours, PART);
    return arena_str(r->mem, buf_view(&all));
}

/* One member, as the record itself says (part < 0) or as item `part` of its list. A changed absence or a return begins a new state. */
static int change_member(struct tx *tx, const struct record *r, struct id household, struct id person, const struct news *n, int part,
                         struct err *e)
{
    const struct str none = { 0 };
    struct str stamp = record_stamp(r), parts = none, boxes = none;
    struct facts f = { 0 };
    int64_t since, until, added;

    if (part >= 0 && record_box(r, SEAL_REGISTER).at)
        parts = parts_with(r, none, (size_t)part);
    if (part < 0)
        boxes = boxes_with(r, none, SEAL_REGISTER);
    if (!n->now[MEMBER_LEFT].number) {
        if (tx_run(tx, e, &sql_add_member,
                   ARGS(r->ledger, household, person, n->now[MEMBER_SEX], n->now[MEMBER_RELATION], n->now[MEMBER_AWAY], r->position, stamp,
                        value_blob(parts), value_blob(boxes)),
                   &added) < 0)
            return -1;
        if (added)
            return 0;
    }
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_member, ARGS(r->ledger, household, person)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        for (int i = MEMBER_SEX; i <= MEMBER_AWAY; i++)
            f.now[i] = column(&rows, i, r->mem);
        since = rows_int(&rows, 3);
        until = rows_int(&rows, 4);
        f.now[MEMBER_LEFT] = value_bool(until != 0);
        facts_stamps(&f, column_str(&rows, 5, r->mem), column_str(&rows, 6, r->mem));
        parts = column_str(&rows, 7, r->mem);
        boxes = column_str(&rows, 8, r->mem);
    }
    struct value away = f.now[MEMBER_AWAY];
    facts_take(&f, n, stamp, !n->now[MEMBER_LEFT].number);
    bool left = f.now[MEMBER_LEFT].number != 0;
    if (!same(away, f.now[MEMBER_AWAY]) || (until && !left)) {
        if (archive(tx, r, household, person, since, until, value_null, away, e) < 0)
            return -1;
        since = r->position;
        until = left ? r->position : 0;
    } else if (left && !until) {
        until = r->position;
    }
    if (part >= 0 && record_box(r, SEAL_REGISTER).at)
        parts = parts_with(r, parts, (size_t)part);
    if (part < 0)
        boxes = boxes_with(r, boxes, SEAL_REGISTER);
    return tx_run(tx, e, &sql_change_member,
                  ARGS(r->ledger, household, person, f.now[MEMBER_SEX], f.now[MEMBER_RELATION], f.now[MEMBER_AWAY], since,
                       until ? value_int(until) : value_null, value_blob(f.stamp), facts_marks(&f, r->mem), value_blob(parts),
                       value_blob(boxes)),
                  NULL);
}

static int apply_members(struct tx *tx, const struct record *r, struct id household, struct err *e)
{
    static const struct {
        int fact;
        const char *field;
    } texts[] = { { MEMBER_SEX, "sex" }, { MEMBER_RELATION, "relation" }, { MEMBER_AWAY, "away_until" } };
    struct item it;

    for (size_t i = 0; record_item(r, "members", i, &it); i++) {
        struct news n = { 0 };
        say(&n, MEMBER_LEFT, value_int(0));
        for (size_t k = 0; k < COUNT_OF(texts); k++)
            if (item_has(&it, texts[k].field))
                say(&n, texts[k].fact, value_str(item_text(&it, texts[k].field)));
        if (change_member(tx, r, household, item_id(&it, "person"), &n, (int)i, e) < 0)
            return -1;
    }
    return 0;
}

static int apply_open(struct tx *tx, const struct record *r, struct err *e)
{
    struct id household = record_id(r, "household");
    struct news n = { 0 };
    int64_t added;

    if (tx_run(tx, e, &sql_add_household,
               ARGS(r->ledger, household, record_id(r, "door"), record_text(r, "kind"), record_value(r, "centre_of"),
                    record_number(r, "centre"), record_text(r, "speaks"), r->position, record_stamp(r),
                    value_blob(boxes_with(r, (struct str){ 0 }, SEAL_REGISTER)), value_blob(boxes_with(r, (struct str){ 0 }, SEAL_HEALTH))),
               &added) < 0)
        return -1;
    if (!added) {
        say(&n, HOME_DOOR, id_value(r, record_id(r, "door")));
        say(&n, HOME_CLOSED, value_int(0));
        say_household(&n, r);
        if (change_household(tx, r, household, &n, true, e) < 0)
            return -1;
    }
    return apply_members(tx, r, household, e);
}

static int apply_change(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    say_household(&n, r);
    return change_household(tx, r, record_id(r, "household"), &n, false, e);
}

static int apply_close(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    say(&n, HOME_CLOSED, value_int(1));
    return change_household(tx, r, record_id(r, "household"), &n, false, e);
}

static int apply_move(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    if (given_has(r, "to_ledger"))
        return apply_close(tx, r, e) < 0 ? -1 : core_owe(tx, r, record_text(r, "area"), e);
    say(&n, HOME_DOOR, id_value(r, record_id(r, "door")));
    return change_household(tx, r, record_id(r, "household"), &n, false, e);
}

static int apply_link(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    say(&n, HOME_CENTRE, record_has(r, "centre") ? id_value(r, record_id(r, "centre")) : value_null);
    return change_household(tx, r, record_id(r, "household"), &n, false, e);
}

static int apply_member(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    say(&n, MEMBER_LEFT, value_int(0));
    say_field(&n, MEMBER_SEX, r, "sex");
    say_field(&n, MEMBER_RELATION, r, "relation");
    say_field(&n, MEMBER_AWAY, r, "away_until");
    return change_member(tx, r, record_id(r, "household"), record_id(r, "person"), &n, -1, e);
}

static int apply_leave(struct tx *tx, const struct record *r, struct err *e)
{
    struct news n = { 0 };

    say(&n, MEMBER_LEFT, value_int(1));
    if (change_member(tx, r, record_id(r, "household"), record_id(r, "person"), &n, -1, e) < 0)
        return -1;
    return given_has(r, "to_area") ? core_owe(tx, r, given_str(r, "to_area"), e) : 0;
}

static int apply_note(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_add_note,
                  ARGS(r->ledger, r->id, record_value(r, "door"), record_value(r, "household"), r->at, record_doer(r), record_number(r, "promise"),
                       record_value(r, "due"), value_blob(boxes_with(r, (struct str){ 0 }, SEAL_REGISTER))),
                  NULL);
}

static int apply_note_done(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_note_done, ARGS(r->ledger, record_id(r, "note"), r->at, record_doer(r)), NULL);
}

/* Another village did not take it in: the household that closed by that record stands again, by a new stay behind its door. */
static int apply_refused(struct tx *tx, const struct record *r, struct err *e)
{
    struct id household;
    struct value door;
    int64_t since, until = record_number(r, "position");
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_closed_by, ARGS(r->ledger, until)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        household = rows_id(&rows, 0);
        door = column(&rows, 1, r->mem);
        since = rows_int(&rows, 2);
    }
    if (archive(tx, r, household, nobody, since, until, door, value_null, e) < 0)
        return -1;
    return tx_run(tx, e, &sql_stand_again, ARGS(r->ledger, household, r->position), NULL);
}

static const struct follow follows[] = {
    { "core.refused", apply_refused },
    { "household.door", conflict_apply },
    { "household.open", conflict_apply },
    { "household.change", conflict_apply },
    { "household.move", conflict_apply },
    { "household.link", conflict_apply },
    { "household.member", conflict_apply },
    { 0 },
};

static int apply_erase(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_add_erasure,
                  ARGS(r->ledger, r->id, record_id(r, "household"), record_text(r, "reason"), r->maker, r->at, r->author), NULL);
}

static int apply_approve(struct tx *tx, const struct record *r, struct err *e)
{
    struct id household = given_as_id(r, "erase_subject");

    if (tx_run(tx, e, &sql_approve_erasure, ARGS(r->ledger, record_id(r, "erase"), r->maker, r->at), NULL) < 0 ||
        tx_run(tx, e, &sql_erase_household, ARGS(r->ledger, household), NULL) < 0 || conflict_forget(tx, r->ledger, household, e) < 0 ||
        tx_run(tx, e, &sql_erase_notes, ARGS(r->ledger, household), NULL) < 0)
        return -1;
    return tx_run(tx, e, &sql_erase_members, ARGS(r->ledger, household), NULL);
}

static const struct record_type records[] = {
    { "household.door", RIGHT_DOORS, door_fields, check_door, apply_door, .subject = "door", .words = "登记房屋" },
    { "household.open", RIGHT_DOORS, open_fields, check_open, apply_open, .subject = "household", .words = "登记住户" },
    { "household.change", RIGHT_DOORS, change_fields, check_change, apply_change, .subject = "household", .words = "变更住户" },
    { "household.close", RIGHT_DOORS, close_fields, check_known, apply_close, .subject = "household", .words = "注销住户" },
    { "household.move", RIGHT_DOORS, move_fields, check_move, apply_move, RECORD_COMMAND, .subject = "household", .words = "迁居" },
    { "household.link", RIGHT_DOORS, link_fields, check_link, apply_link, .subject = "household", .words = "联系中心户" },
    { "household.member", RIGHT_DOORS, member_fields, check_member, apply_member, .subject = "household", .words = "登记成员" },
    { "household.leave", RIGHT_DOORS, leave_fields, check_leave, apply_leave, .subject = "household", .words = "成员离开" },
    { "household.note", RIGHT_VISIT, note_fields, check_note, apply_note, .words = "留言" },
    { "household.note_done", RIGHT_VISIT, note_done_fields, check_note_done, apply_note_done, .words = "留言已办" },
    { "household.settle", RIGHT_DOORS, settle_fields, check_settle, conflict_settle, RECORD_COMMAND, .words = "了结说法不一" },
    { "household.erase", RIGHT_DOORS, erase_fields, check_erase, apply_erase, RECORD_COMMAND, .subject = "household", .words = "申请擦除" },
    { "household.erase_approve", RIGHT_APPROVE, approve_fields, check_approve, apply_approve, RECORD_COMMAND, .words = "批准擦除" },
    { 0 },
};

/* ==== what is owed to other places: sealed anew there ==================================== */

static void put_texts(struct json *to, const struct json *from, const char *const *names)
{
    for (; *names; names++)
        if (json_kind(json_get(from, *names)) != JSON_NONE)
            json_set(to, *names, json_copy(json_get(from, *names)));
}

static void put_text(struct json *to, const char *name, struct str text)
{
    if (text.at)
        json_set(to, name, json_text(text));
}

/* What cannot be opened any more does not go along. */
static struct json *person_of(struct core *c, struct str ledger, const struct rows *row, struct str whole)
{
    static const char *const sealed[] = { "name", "birth", "id", "phone", NULL };
    struct err ignored = { 0 };
    struct boxes_part part = { "members", whole, rows_str(row, 4) };
    CLEANUP(json_done) struct json *open = core_open_parts(c, ledger, rows_str(row, 5), &part, SEAL_REGISTER, &ignored);
    struct json *person = json_map();

    json_set(person, "person", json_id(rows_id(row, 0)));
    put_text(person, "sex", rows_str(row, 1));
    put_text(person, "relation", rows_str(row, 2));
    put_text(person, "away_until", rows_str(row, 3));
    put_texts(person, open, sealed);
    return person;
}

static int make_open(struct tx *tx, const struct record *source, const struct json *values, struct json **out, struct err *e)
{
    static const char *const sealed[] = { "head", "phone", "contact", NULL }, *const health[] = { "needs", NULL };
    CLEANUP(rows_done) struct rows home = { 0 };
    CLEANUP(rows_done) struct rows members = { 0 };
    struct id household = record_id(source, "household");
    struct core *core = tx_core(tx);
    struct err ignored = { 0 };

    if (tx_query(tx, &home, e, &sql_household, ARGS(source->ledger, household)) < 0)
        return -1;
    if (!rows_next(&home))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_set(e, ERR_MISSING, "household.unknown");
    struct str boxes = column_str(&home, 9, source->mem);
    CLEANUP(json_done) struct json *open = core_open_boxes(core, source->ledger, boxes, SEAL_REGISTER, &ignored);
    CLEANUP(json_done) struct json *needs = core_open_boxes(core, source->ledger, rows_str(&home, 10), SEAL_HEALTH, &ignored);
    CLEANUP(json_done) struct json *body = json_map();
    json_set(body, "household", json_id(household));
    json_set(body, "door", json_copy(json_get(values, "door")));
    put_text(body, "kind", rows_str(&home, 1));
    put_text(body, "speaks", rows_str(&home, 4));
    json_set(body, "centre", json_bool(rows_int(&home, 3) != 0));
    put_texts(body, open, sealed);
    put_texts(body, needs, health);

    if (tx_query(tx, &members, e, &sql_members_of, ARGS(source->ledger, household)) < 0)
        return -1;
    struct json *list = json_list();
    while (rows_next(&members))
        json_add(list, person_of(core, source->ledger, &members, boxes));
    json_set(body, "members", list);
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    *out = body;
    body = NULL;
    return 0;
}

static int make_member(struct tx *tx, const struct record *source, const struct json *values, struct json **out, struct err *e)
{
    CLEANUP(rows_done) struct rows home = { 0 };
    CLEANUP(rows_done) struct rows member = { 0 };
    struct id household = record_id(source, "household"), person = record_id(source, "person");

    if (tx_query(tx, &home, e, &sql_household, ARGS(source->ledger, household)) < 0)
        return -1;
    struct str whole = rows_next(&home) ? column_str(&home, 9, source->mem) : (struct str){ 0 };
    if (tx_query(tx, &member, e, &sql_person, ARGS(source->ledger, household, person)) < 0)
        return -1;
    if (!rows_next(&member))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_set(e, ERR_MISSING, "household.person_unknown");
    *out = person_of(tx_core(tx), source->ledger, &member, whole);
    json_unset(*out, "relation");        /* to the head of another household */
    json_set(*out, "household", json_copy(json_get(values, "to")));
    return 0;
}

static const struct delivery deliveries[] = {
    { "household.move", "household.open", make_open, false },
    { "household.leave", "household.member", make_member, false },
    { 0 },
};

/* ==== questions ============================================================================== */

static int prepare_doors(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[2] = value_bool(ask_on_duty(ask));
    return 0;
}

static int prepare_list(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[3] = value_bool(ask_on_duty(ask));
    return 0;
}

static int prepare_people(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[2] = value_bool(ask_on_duty(ask));
    return 0;
}

static const struct {
    const char *name;
    enum seal_find find;
    const char *door[3], *home[3], *person[3];      /* the fields it may stand in */
} finds[] = {
    { "name", FIND_NAME, { "landlord" }, { "head" }, { "name" } },
    { "phone", FIND_PHONE, { NULL }, { "phone" }, { "phone" } },
    { "id", FIND_ID, { NULL }, { NULL }, { "id" } },
    { "plate", FIND_PLATE, { NULL }, { NULL }, { NULL } },
    { "address", FIND_ADDRESS, { "building", "room" }, { NULL }, { NULL } },
};

enum { FIND_LIMIT = 50, FIND_LOOKS = 20000 };      /* rows told; homes and doors opened for them */

/* A token only says perhaps: the opened value decides. Numbers match as a whole or by their tail. */
static bool matches(enum seal_find find, const struct json *map, const char *const *names, struct str text)
{
    for (; *names; names++) {
        struct str value = json_str(json_get(map, *names));
        if (!value.at || value.len < text.len)
            continue;
        if (find == FIND_NAME || find == FIND_ADDRESS ? memmem(value.at, value.len, text.at, text.len) != NULL
                                                      : strncasecmp(value.at + value.len - text.len, text.at, text.len) == 0)
            return true;
    }
    return false;
}

static void put_masked(struct out *o, const char *name, enum mask mask, struct str value)
{
    CLEANUP(buf_done) struct buf masked = { 0 };

    mask_put(&masked, mask, value);
    out_key(o, name);
    out_raw(o, buf_view(&masked));
}

struct finding {
    struct ask *ask;
    const char *const *door, *const *home, *const *person;
    enum seal_find find;
    struct str text;
    struct out out;
    struct id *seen;              /* households looked at already, or doors */
    size_t count, room, told;
};

static int by_text(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* In which something below the asked area may be, in order; free() it. */
static struct str *ledgers_below(const struct ask *ask, size_t *count)
{
    struct str *list = NULL;
    size_t room = 0, all = 0;

    for (size_t i = 0; i < area_count(ask->areas); i++) {
        const struct area *a = area_at(ask->areas, i);
        if (a->level < 4 || !area_within(a, ask->area) || (all && str_eq(list[all - 1], a->ledger)))
            continue;
        list = MEM_GROW(list, all, room);
        list[all++] = a->ledger;
    }
    *count = 0;
    if (all)
        qsort(list, all, sizeof *list, by_text);
    for (size_t i = 0; i < all; i++)
        if (i == 0 || !str_eq(list[i], list[*count - 1]))
            list[(*count)++] = list[i];
    return list;
}

/* Ids are made by anybody: another village may have one like it. */
static bool seen(struct finding *f, struct str ledger, struct id which)
{
    struct id id = id_make("find", ledger, id_bytes(&which));

    for (size_t i = 0; i < f->count; i++)
        if (id_eq(f->seen[i], id))
            return true;
    f->seen = MEM_GROW(f->seen, f->count, f->room);
    f->seen[f->count++] = id;
    return false;
}

static void tell(struct finding *f, struct str area, struct id household, struct id door, struct id person, struct str name,
                 const struct json *place)
{
    f->told++;
    out_open(&f->out, '{');
    out_key(&f->out, "area"), out_text(&f->out, area);
    out_key(&f->out, "household");
    out_maybe_id(&f->out, household);
    out_key(&f->out, "door"), out_id(&f->out, door);
    out_key(&f->out, "person");
    out_maybe_id(&f->out, person);
    put_masked(&f->out, "name", MASK_NAME, name);
    put_masked(&f->out, "building", MASK_TEXT, json_str(json_get(place, "building")));
    put_masked(&f->out, "room", MASK_TEXT, json_str(json_get(place, "room")));
    out_close(&f->out, '}');
}

/* One row of found_household or found_door: is it really there, and by whom? */
static int look(struct finding *f, struct str ledger, const struct rows *row, struct err *e)
{
    struct core *c = f->ask->core;
    struct arena *mem = f->ask->mem;
    const struct area *area = area_find(f->ask->areas, rows_str(row, 0));
    struct id household = rows_id(row, 1), door = rows_id(row, 2);
    struct str boxes = column_str(row, 3, mem);
    struct err ignored = { 0 };

    if (!area || !area_within(area, f->ask->area) || seen(f, ledger, id_none(household) ? door : household))
        return 0;
    CLEANUP(json_done) struct json *home = core_open_boxes(c, ledger, boxes, SEAL_REGISTER, &ignored);
    CLEANUP(json_done) struct json *place = core_open_boxes(c, ledger, rows_str(row, 4), SEAL_REGISTER, &ignored);
    bool told = matches(f->find, home, f->home, f->text) || matches(f->find, place, f->door, f->text);
    if (told)
        tell(f, area->id, household, door, nobody, json_str(json_get(home, "head")), place);
    if (told || id_none(household))
        return 0;

    CLEANUP(rows_done) struct rows members = { 0 };
    if (store_query(f->ask->store, &members, &sql_members_of, ARGS(ledger, household), e) < 0)
        return -1;
    while (rows_next(&members)) {
        struct boxes_part part = { "members", boxes, rows_str(&members, 4) };
        CLEANUP(json_done) struct json *person = core_open_parts(c, ledger, rows_str(&members, 5), &part, SEAL_REGISTER, &ignored);
        if (matches(f->find, person, f->person, f->text))
            tell(f, area->id, household, door, rows_id(&members, 0), json_str(json_get(person, "name")), place);
    }
    return store_failed(f->ask->store, e);
}

static int look_at_hit(void *ctx, struct str ledger, struct id subject, struct err *e)
{
    static const struct sql *const from[] = { &sql_found_household, &sql_found_door };
    struct finding *f = ctx;

    for (size_t i = 0; i < COUNT_OF(from); i++) {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (store_query(f->ask->store, &rows, from[i], ARGS(ledger, subject), e) < 0)
            return -1;
        while (rows_next(&rows))
            if (look(f, ledger, &rows, e) < 0)
                return -1;
        if (store_failed(f->ask->store, e) < 0)
            return -1;
    }
    return f->told >= FIND_LIMIT || f->count >= FIND_LOOKS;
}

static int answer_find(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    struct finding f = { .ask = ask, .text = ask->text_of[0], .out = { .to = body } };
    size_t count;

    (void)tag;
    for (size_t i = 0; i < COUNT_OF(finds); i++)
        if (str_is(ask->text_of[1], finds[i].name)) {
            f.find = finds[i].find;
            f.door = finds[i].door, f.home = finds[i].home, f.person = finds[i].person;
        }
    if (f.find == FIND_NONE)
        return err_field(e, "field.code", "kind");
    bool words = f.find == FIND_NAME || f.find == FIND_ADDRESS;
    if (utf8_count(f.text) < (words ? 2 : 4))
        return err_field(e, "household.find_short", "text");

    struct str *ledgers = ledgers_below(ask, &count);
    out_open(&f.out, '{');
    out_key(&f.out, "rows");
    out_open(&f.out, '[');
    int result = seal_search(core_seal(ask->core), f.find, f.text, ledgers, count, look_at_hit, &f, e);
    out_close(&f.out, ']');
    out_key(&f.out, "next"), out_null(&f.out);
    out_close(&f.out, '}');
    ask->shown = (int64_t)f.told;           /* masked or not: who has this number was asked, and told */
    free(f.seen);
    free(ledgers);
    return result;
}

static const struct param doors_params[] = { { "empty", FIELD_BOOL, .from = PARAM_SET }, { "day", FIELD_DAY, .from = PARAM_DAY }, { 0 } };
static const struct param people_params[] = { { "away", FIELD_BOOL, .from = PARAM_SET }, { 0 } };
static const struct param list_params[] = { { "day", FIELD_DAY, .from = PARAM_DAY }, { "empty", FIELD_BOOL, .from = PARAM_SET }, { 0 } };
static const struct param members_params[] = { { "household", FIELD_ID, true }, { "away", FIELD_BOOL, .from = PARAM_SET }, { 0 } };
static const struct param reveal_params[] = { { "household", FIELD_ID, true }, { 0 } };
static const struct param find_params[] = { { "text", FIELD_TEXT, true }, { "kind", FIELD_TEXT, true }, { 0 } };

#define PLACE_COLUMNS(boxes) \
    { "building", boxes, "building", MASK_TEXT }, { "floor", boxes, "floor", MASK_TEXT }, { "room", boxes, "room", MASK_TEXT }

static const struct sealed_column doors_sealed[] = {
    PLACE_COLUMNS("_boxes"),
    { "landlord", "_boxes", "landlord", MASK_NAME },
    { 0 },
};
static const struct sealed_column list_sealed[] = {
    { "head", "_boxes", "head", MASK_NAME },
    { "phone", "_boxes", "phone", MASK_PHONE },
    { "contact", "_boxes", "contact", MASK_TEXT },
    { "needs", "_needs", "needs", MASK_OMIT, SEAL_HEALTH },
    PLACE_COLUMNS("_door"),
    { 0 },
};
#define PERSON_COLUMNS(own, whole_, phone) \
    { "name", own, "name", MASK_NAME, .whole = whole_, .parts = "_parts", .list = "members" }, \
    { "birth", own, "birth", MASK_TEXT, .whole = whole_, .parts = "_parts", .list = "members" }, \
    { "id", own, "id", MASK_ID, .whole = whole_, .parts = "_parts", .list = "members" }, \
    { phone, own, "phone", MASK_PHONE, .whole = whole_, .parts = "_parts", .list = "members" }

static const struct sealed_column members_sealed[] = {
    PERSON_COLUMNS("_boxes", "_whole", "phone"),
    { 0 },
};
static const struct sealed_column notes_sealed[] = {
    { "text", "_boxes", "text", MASK_OMIT },
    { 0 },
};
static const struct sealed_column reveal_sealed[] = {
    { "head", "_boxes", "head", MASK_NAME },
    { "phone", "_boxes", "phone", MASK_PHONE },
    { "contact", "_boxes", "contact", MASK_TEXT },
    { "needs", "_needs", "needs", MASK_OMIT, SEAL_HEALTH },
    PLACE_COLUMNS("_door"),
    { "landlord", "_door", "landlord", MASK_NAME },
    PERSON_COLUMNS("_own", "_boxes", "person_phone"),
    { 0 },
};

static const struct query queries[] = {
    { "doors", RIGHT_LISTS, .sql = &sql_doors, .params = doors_params, .sealed = doors_sealed, .keys = "tib", .prepare = prepare_doors,
      .words = "房屋" },
    { "list", RIGHT_LISTS, .sql = &sql_list, .params = list_params, .sealed = list_sealed, .keys = "tibb", .prepare = prepare_list,
      .bundle = BUNDLE_ROWS, .words = "住户" },
    { "people", RIGHT_LISTS, .sql = &sql_people, .params = people_params, .sealed = members_sealed, .keys = "tibbb", .page = 1000,
      .prepare = prepare_people, .bundle = BUNDLE_ROWS, .words = "网格内成员" },
    { "members", RIGHT_LISTS, .sql = &sql_members, .params = members_params, .sealed = members_sealed, .prepare = prepare_list,
      .words = "成员" },
    { "find", RIGHT_LISTS, .params = find_params, .answer = answer_find, .words = "查找" },
    { "notes", RIGHT_LISTS, .sql = &sql_notes, .sealed = notes_sealed, .keys = "tibb", .bundle = BUNDLE_ROWS, .words = "留言和承诺" },
    { "conflicts", RIGHT_DOORS, .answer = conflict_answer, .words = "说法不一" },
    { "erasures", RIGHT_APPROVE, .sql = &sql_erasures, .keys = "iib", .words = "擦除申请" },
    { "reveal", RIGHT_REVEAL, .sql = &sql_reveal, .params = reveal_params, .sealed = reveal_sealed, .reveal = true, .words = "查看" },
    { 0 },
};

static int centre_of(struct store *s, struct str ledger, struct id household, struct id *centre, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    *centre = nobody;
    if (store_query(s, &rows, &sql_centre, ARGS(ledger, household), e) < 0)
        return -1;
    if (rows_next(&rows))
        *centre = rows_id(&rows, 0);
    return store_failed(s, e);
}

static const struct sql *const schema[] = { &sql_schema, &sql_schema_conflicts, &sql_schema_notes };
const struct feature feature_household = {
    "household", "住户", COUNT_OF(schema), schema, records, follows, queries, deliveries, .centre_of = centre_of,
    .doors_of = &sql_doors_of,
};
