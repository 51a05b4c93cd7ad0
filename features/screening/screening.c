/*
 * screening.c - rounds of door-to-door screening, and the two hundred per cent.
 *
 * A round freezes its list in each village: the position of the freeze in the
 * ledger.  A slot is one household of the list, or a door that had none; what
 * a visit says is kept in the slot, the later visit stands, whichever came
 * first.  One pure function says what a slot counts; every change takes the
 * old contribution from its grid and gives the new one.  A visit is a fact: of
 * a closed round, out of order, before the freeze, of a household nobody knew.
 */
#include <stdlib.h>

#include "form.h"
#include "photo.h"

#include "screening.sql.h"

/* ==== what records look like ===================================================== */

static const struct field round_fields[] = {
    { "round", FIELD_ID, .required = true, .words = "轮次" },
    { "name", FIELD_TEXT, .required = true, .max = 80, .words = "名称" },
    { "trigger", FIELD_CODE, .required = true, .codes = "round_trigger", .words = "触发原因" },
    { "measures", FIELD_CODE, .list = true, .items = 30, .codes = "measure", .words = "措施" },
    { "questionnaire", FIELD_DATA, .max = 32768, .words = "问卷" },
    { "deadline", FIELD_TIME, .words = "截止时间" },
    { 0 },
};

static const struct field only_round_fields[] = {
    { "round", FIELD_ID, .required = true, .words = "轮次" },
    { 0 },
};

static const struct field temps_fields[] = {
    { "temp", FIELD_NUMBER, .required = true, .min = 300, .max = 430, .unit = "0.1 °C", .seal = SEAL_HEALTH, .words = "体温" },
    { "method", FIELD_CODE, .codes = "temp_method", .words = "测温方式" },
    { "at", FIELD_TIME, .words = "测量时间" },
    { 0 },
};

static const struct field checks_fields[] = {
    { "person", FIELD_ID, .required = true, .words = "人员" },
    { "basis", FIELD_CODE, .required = true, .codes = "check_basis", .words = "依据" },
    { "temps", FIELD_GROUP, .list = true, .items = 10, .fields = temps_fields, .words = "体温" },
    { "symptoms", FIELD_CODE, .list = true, .items = 20, .codes = "symptom", .seal = SEAL_HEALTH, .words = "症状" },
    { "key_area", FIELD_BOOL, .seal = SEAL_HEALTH, .words = "重点地区来人" },
    { 0 },
};

static const struct field measures_fields[] = {
    { "measure", FIELD_CODE, .required = true, .codes = "measure", .words = "措施" },
    { "person", FIELD_ID, .words = "人员" },
    { 0 },
};

static const struct field answers_fields[] = {
    { "item", FIELD_TEXT, .required = true, .max = 60, .words = "问题" },
    { "value", FIELD_DATA, .required = true, .max = 800, .seal = SEAL_HEALTH, .words = "回答" },
    { 0 },
};

static const struct field found_fields[] = {
    { "name", FIELD_TEXT, .required = true, .max = 60, .seal = SEAL_REGISTER, .find = FIND_NAME, .words = "姓名" },
    { 0 },
};

static const struct field visit_fields[] = {
    { "round", FIELD_ID, .required = true, .words = "轮次" },
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "household", FIELD_ID, .words = "户" },                       /* absent: everybody behind the door */
    { "method", FIELD_CODE, .codes = "visit_method", .words = "方式" },
    { "source", FIELD_CODE, .codes = "record_source", .words = "来源" },
    { "outcome", FIELD_CODE, .required = true, .codes = "visit_outcome", .words = "结果" },
    { "by", FIELD_ID, .list = true, .items = 20, .words = "同行人员" },
    { "notice", FIELD_BOOL, .words = "已留告知" },
    { "witness", FIELD_TEXT, .max = 60, .seal = SEAL_REGISTER, .words = "见证人" },
    { "retry_at", FIELD_TIME, .words = "再访时间" },
    { "seconds", FIELD_NUMBER, .min = 0, .max = 86400, .unit = "s", .words = "用时" },
    { "note", FIELD_TEXT, .max = 500, .seal = SEAL_REGISTER, .words = "备注" },
    { "checks", FIELD_GROUP, .list = true, .items = 200, .fields = checks_fields, .words = "人员排查" },
    { "measures", FIELD_GROUP, .list = true, .items = 200, .fields = measures_fields, .words = "措施" },
    { "questionnaire", FIELD_TEXT, .max = 60, .words = "问卷" },
    { "answers", FIELD_GROUP, .list = true, .items = 100, .fields = answers_fields, .words = "回答" },
    { "found", FIELD_GROUP, .list = true, .items = 50, .fields = found_fields, .words = "名单外人员" },
    { 0 },
};

static const struct field recheck_fields[] = {
    { "visit", FIELD_ID, .required = true, .words = "入户记录" },
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "household", FIELD_ID, .words = "户" },                       /* as the visit had it */
    { "result", FIELD_CODE, .required = true, .codes = "task_state", .words = "结果" },   /* verified or rejected */
    { 0 },
};

static const struct field photo_fields[] = {
    { "visit", FIELD_ID, .required = true, .words = "入户记录" },   /* or one that comes yet */
    { "door", FIELD_ID, .required = true, .words = "门" },
    { "household", FIELD_ID, .words = "户" },                       /* as the visit has it */
    { "image", FIELD_TEXT, .required = true, .max = PHOTO_TEXT, .seal = SEAL_HEALTH, .words = "照片" },    /* JPEG, base64 */
    { 0 },
};

/* ==== what a slot counts ============================================================= */

enum { HOUSEHOLDS, PERSONS, AWAY, ENTERED, ENTERED_DOOR, SCREENED, LATE, REFUSED, RETRY, COUNTS };
enum { NOT_FROZEN_YET = -1 };

struct counts {
    int64_t n[COUNTS];
};

struct freeze {
    struct id round;
    int64_t position;             /* 0: it has not come yet */
    char day[DAY_TEXT];
};

struct person {                   /* who is or was of a household */
    struct id id;
    bool member;                  /* may be checked; else only an earlier state that was frozen */
    bool due, away;               /* when the list was frozen */
};

struct slot {
    struct id id;
    bool door;                    /* a door that had no household */
    struct str area;              /* grid in which it counts */
    int frozen;                   /* 1 in the list, 0 found later, NOT_FROZEN_YET */
    int64_t persons, away;        /* due, once slot_people has looked */
    struct str stamp;             /* "none": never visited */
    struct str outcome, method, checked;
    bool together, witness, rejected;
    struct value retry_at;
    int64_t visits, screened, measures;
    struct person *people;        /* once somebody has looked */
    size_t people_count;
};

static bool one_of(struct str s, const char *const *words)
{
    while (*words && !str_is(s, *words))
        words++;
    return *words != NULL;
}

/* The one place that knows what a state is worth. */
static struct counts contribution(const struct slot *s)
{
    static const char *const met[] = { "completed", "partial", NULL }, *const gone[] = { "vacant", "moved", NULL };
    static const char *const not_met[] = { "no_answer", "owner_unreachable", "wrong_address", "vacant", "moved", NULL };
    struct counts c = { { 0 } };

    if (s->frozen != 1)
        return c;
    bool stands = s->stamp.at && !s->rejected;
    bool witnessed = stands && s->witness && one_of(s->outcome, gone);
    bool empty = witnessed && s->door && str_is(s->outcome, "vacant");
    bool entered = stands && !empty && (witnessed || one_of(s->outcome, met));
    c.n[HOUSEHOLDS] = !empty;
    c.n[PERSONS] = s->persons;
    c.n[AWAY] = s->away;
    c.n[ENTERED] = entered;
    c.n[ENTERED_DOOR] = entered && !s->together && str_is(s->method, "at_door");
    c.n[SCREENED] = s->screened;
    c.n[REFUSED] = stands && str_is(s->outcome, "refused");
    c.n[RETRY] = stands && !witnessed && one_of(s->outcome, not_met);
    return c;
}

static void counts_add(struct counts *to, const struct counts *c, int sign)
{
    for (int i = 0; i < COUNTS; i++)
        to->n[i] += sign * c->n[i];
}

static int count(struct tx *tx, const struct record *r, struct id round, struct str area, const struct counts *c, struct err *e)
{
    static const struct counts nothing;

    if (memcmp(c, &nothing, sizeof nothing) == 0)
        return 0;
    return tx_run(tx, e, &sql_count,
                  ARGS(r->ledger, round, area, c->n[HOUSEHOLDS], c->n[PERSONS], c->n[AWAY], c->n[ENTERED], c->n[ENTERED_DOOR],
                       c->n[SCREENED], c->n[LATE], c->n[REFUSED], c->n[RETRY]),
                  NULL);
}

/* ==== slots from the tables ============================================================== */

static int any(struct tx *tx, const struct sql *sql, struct args args, bool *found, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, sql, args) < 0)
        return -1;
    *found = rows_next(&rows);
    return *found ? 0 : store_failed(tx_store(tx), e);
}

static struct str kept(const struct rows *rows, int column, struct arena *mem)
{
    struct str s = rows_str(rows, column);

    return s.at ? arena_str(mem, s) : s;
}

enum {
    SLOT_ID,
    SLOT_AREA,
    SLOT_SINCE,
    SLOT_UNTIL,
    SLOT_POSITION,
    SLOT_DAY,
    SLOT_FROZEN,
    SLOT_STAMP,
    SLOT_OUTCOME,
    SLOT_METHOD,
    SLOT_TOGETHER,
    SLOT_WITNESS,
    SLOT_RETRY,
    SLOT_REJECTED,
    SLOT_VISITS,
    SLOT_CHECKED,
    SLOT_SCREENED,
    SLOT_MEASURES
};

struct span {                     /* positions of the present stay: since, until (0: still) */
    int64_t since, until;
};

static void slot_read(struct slot *s, struct span *span, struct freeze *f, const struct rows *rows, bool door, struct arena *mem)
{
    struct str day = rows_str(rows, SLOT_DAY);

    *s = (struct slot){ .id = rows_id(rows, SLOT_ID), .door = door, .area = kept(rows, SLOT_AREA, mem), .frozen = NOT_FROZEN_YET };
    *span = (struct span){ rows_int(rows, SLOT_SINCE), rows_int(rows, SLOT_UNTIL) };
    f->position = rows_int(rows, SLOT_POSITION);
    if (day.len == DAY_TEXT - 1)
        memcpy(f->day, day.at, day.len);
    if (rows_kind(rows, SLOT_STAMP) == VALUE_NULL)
        return;
    if (rows_kind(rows, SLOT_FROZEN) != VALUE_NULL)
        s->frozen = (int)rows_int(rows, SLOT_FROZEN);
    s->stamp = kept(rows, SLOT_STAMP, mem);
    s->outcome = kept(rows, SLOT_OUTCOME, mem);
    s->method = kept(rows, SLOT_METHOD, mem);
    s->together = rows_int(rows, SLOT_TOGETHER) != 0;
    s->witness = rows_int(rows, SLOT_WITNESS) != 0;
    s->retry_at = rows_kind(rows, SLOT_RETRY) == VALUE_NULL ? value_null : value_int(rows_int(rows, SLOT_RETRY));
    s->rejected = rows_int(rows, SLOT_REJECTED) != 0;
    s->visits = rows_int(rows, SLOT_VISITS);
    s->checked = kept(rows, SLOT_CHECKED, mem);
    s->screened = rows_int(rows, SLOT_SCREENED);
    s->measures = rows_int(rows, SLOT_MEASURES);
}

/* Whether it stood in the list: asked of the tables only while no visit has settled it. */
static int slot_freeze(struct tx *tx, const struct record *r, struct slot *s, const struct span *span, const struct freeze *f,
                       struct err *e)
{
    bool found;

    if (!f->position || s->frozen != NOT_FROZEN_YET)
        return 0;
    bool then = span->since < f->position && (!span->until || span->until > f->position);
    if (s->door ? then : !then) {
        if (any(tx, s->door ? &sql_lived_behind : &sql_stood_before, ARGS(r->ledger, s->id, f->position), &found, e) < 0)
            return -1;
        then = s->door ? !found : found;
    }
    s->frozen = then;
    return 0;
}

struct slots {                    /* what one record touches */
    struct slot *at;
    struct span *spans;
    size_t count, room, span_room;
    struct freeze freeze;
};

static void slots_done(struct slots *s)
{
    free(s->at);
    free(s->spans);
}

static int slots_add(struct tx *tx, const struct record *r, struct slots *s, const struct sql *sql, struct id which, bool door,
                     struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, sql, ARGS(r->ledger, which, s->freeze.round)) < 0)
        return -1;
    while (rows_next(&rows)) {
        s->at = MEM_GROW(s->at, s->count, s->room);
        s->spans = MEM_GROW(s->spans, s->count, s->span_room);
        slot_read(&s->at[s->count], &s->spans[s->count], &s->freeze, &rows, door, r->mem);
        s->count++;
    }
    return store_failed(tx_store(tx), e);
}

/*
 * The slots of a visit: its household, or all behind its door; households that
 * closed count only where they stood in the list, the door only where it had none.
 */
static int slots_of(struct tx *tx, const struct record *r, struct slots *s, struct id round, struct id door, struct id household,
                    struct err *e)
{
    size_t keep = 0;

    s->freeze.round = round;
    if (!id_none(household)) {
        if (slots_add(tx, r, s, &sql_slot_of_household, household, false, e) < 0)
            return -1;
    } else if (slots_add(tx, r, s, &sql_slots_behind_door, door, false, e) < 0 ||
               slots_add(tx, r, s, &sql_slot_of_door, door, true, e) < 0) {
        return -1;
    }
    for (size_t i = 0; i < s->count; i++) {
        if (slot_freeze(tx, r, &s->at[i], &s->spans[i], &s->freeze, e) < 0)
            return -1;
        bool gone = id_none(household) && s->spans[i].until && s->at[i].frozen != 1;
        bool lived_in = s->at[i].door && s->at[i].frozen == 0 && keep > 0;
        if (!gone && !lived_in) {
            s->at[keep] = s->at[i];
            s->spans[keep++] = s->spans[i];
        }
    }
    s->count = keep;
    return 0;
}

static bool holds(struct str ids, struct id id)
{
    size_t low = 0, high = ids.len / sizeof id.b;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = memcmp(ids.at + middle * sizeof id.b, id.b, sizeof id.b);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int people_of(struct tx *tx, const struct record *r, struct slot *s, const struct freeze *f, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct person *all = NULL;
    size_t n = 0, room = 0;

    if (s->people || s->door)
        return 0;
    if (tx_query(tx, &rows, e, &sql_people, ARGS(r->ledger, s->id, f->position)) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str until = rows_str(&rows, 1);
        bool then = rows_int(&rows, 3) != 0, away = then && until.at && str_cmp(until, str_of(f->day)) >= 0;
        all = MEM_GROW(all, n, room);
        all[n++] = (struct person){ rows_id(&rows, 0), rows_int(&rows, 2) != 0, then && !away, away };
    }
    s->people = arena_take(r->mem, (n + 1) * sizeof *all);
    s->people_count = n;
    if (n)
        memcpy(s->people, all, n * sizeof *all);
    free(all);
    return store_failed(tx_store(tx), e);
}

/* Persons due and away, and how many of the due were checked. */
static int slot_people(struct tx *tx, const struct record *r, struct slot *s, const struct freeze *f, struct err *e)
{
    s->persons = s->away = s->screened = 0;
    if (s->frozen != 1 || s->door)
        return 0;
    if (people_of(tx, r, s, f, e) < 0)
        return -1;
    for (size_t i = 0; i < s->people_count; i++) {
        s->persons += s->people[i].due;
        s->away += s->people[i].away;
        s->screened += s->people[i].due && holds(s->checked, s->people[i].id);
    }
    return 0;
}

static int slot_put(struct tx *tx, const struct record *r, struct id round, const struct slot *s, struct err *e)
{
    return tx_run(tx, e, &sql_put_slot,
                  ARGS(r->ledger, round, s->id, s->door, s->frozen == NOT_FROZEN_YET ? value_null : value_int(s->frozen),
                       value_blob(s->stamp), s->outcome, s->method, s->together, s->witness, s->retry_at, s->rejected, s->visits,
                       value_blob(s->checked), s->screened, s->measures),
                  NULL);
}

/* ==== rounds ================================================================================== */

/*
 * Rounds are of villages and above: what is frozen is the list of a village.  A round may get
 * another name or deadline, never other measures or another scope: what is owed was counted by them.
 */
static int check_round(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    const struct json *measures = record_json(r, "measures");
    const struct area *scope = area_find(tx_areas(tx), r->area);

    if (!scope || scope->level > 4)
        return err_field(e, "screening.scope", "area");
    for (size_t i = 0; i < json_count(measures); i++)
        for (size_t k = 0; k < i; k++)
            if (str_eq(json_str(json_at(measures, i)), json_str(json_at(measures, k))))
                return err_field(e, "screening.measure_twice", "measures");
    if (form_check(tx, r, e) < 0)
        return -1;
    if (tx_query(tx, &rows, e, &sql_round, ARGS(record_id(r, "round"))) < 0)
        return -1;
    if (!rows_next(&rows)) {
        given_number(r, "first", 1);
        return store_failed(tx_store(tx), e);
    }
    if (!str_eq(rows_str(&rows, 0), r->area))
        return err_field(e, "screening.other_scope", "area");
    CLEANUP(rows_done) struct rows known = { 0 };
    if (tx_query(tx, &known, e, &sql_measures_of, ARGS(record_id(r, "round"))) < 0)
        return -1;
    size_t n = 0;
    while (rows_next(&known)) {
        if (!str_eq(rows_str(&known, 0), json_str(json_at(measures, n++))))
            return err_field(e, "screening.other_measures", "measures");
    }
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    return n == json_count(measures) ? 0 : err_field(e, "screening.other_measures", "measures");
}

static int apply_round(struct tx *tx, const struct record *r, struct err *e)
{
    const struct json *measures = record_json(r, "measures");
    struct id round = record_id(r, "round");

    if (tx_run(tx, e, &sql_put_round,
               ARGS(round, r->area, record_text(r, "name"), record_text(r, "trigger"), record_value(r, "measures"),
                    record_value(r, "questionnaire"), record_value(r, "deadline"), r->at, record_stamp(r)),
               NULL) < 0)
        return -1;
    for (size_t i = 0; i < json_count(measures); i++)
        if (tx_run(tx, e, &sql_put_measure, ARGS(round, json_str(json_at(measures, i)), (int64_t)1 << i), NULL) < 0)
            return -1;
    if (tx_run(tx, e, &sql_close_known, ARGS(round), NULL) < 0)
        return -1;
    return given_has(r, "first") ? core_owe(tx, r, r->area, e) : 0;
}

static int make_freeze(struct tx *tx, const struct record *source, const struct json *values, struct json **out, struct err *e)
{
    (void)tx, (void)source, (void)e;
    *out = json_map();
    json_set(*out, "round", json_copy(json_get(values, "round")));
    return 0;
}

static int check_freeze(struct tx *tx, struct record *r, struct err *e)
{
    bool found;

    if (any(tx, &sql_round, ARGS(record_id(r, "round")), &found, e) < 0)
        return -1;
    return found ? 0 : err_missing(e, "screening.round_unknown", "round");
}

/* Where a round was opened it is closed, neither below nor above. */
static int check_close(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_round, ARGS(record_id(r, "round"))) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "screening.round_unknown", "round");
    return str_eq(rows_str(&rows, 0), r->area) ? 0 : err_field(e, "screening.other_scope", "area");
}

/* Kept apart, too: its area may have another ledger by then, so that a replay comes to the close first. */
static int apply_close(struct tx *tx, const struct record *r, struct err *e)
{
    struct id round = record_id(r, "round");

    if (tx_run(tx, e, &sql_put_close, ARGS(round, r->at, record_stamp(r)), NULL) < 0)
        return -1;
    return tx_run(tx, e, &sql_close_known, ARGS(round), NULL);
}

/* Visits that came before their freeze are counted now. */
static int settle(struct tx *tx, const struct record *r, const struct freeze *f, struct id slot, bool door, struct err *e)
{
    CLEANUP(slots_done) struct slots s = { .freeze = { .round = f->round } };
    struct counts change = { { 0 } }, now;

    if (slots_add(tx, r, &s, door ? &sql_slot_of_door : &sql_slot_of_household, slot, door, e) < 0)
        return -1;
    if (s.count == 0)
        return 0;
    if (slot_freeze(tx, r, &s.at[0], &s.spans[0], &s.freeze, e) < 0 || slot_people(tx, r, &s.at[0], &s.freeze, e) < 0 ||
        slot_put(tx, r, f->round, &s.at[0], e) < 0)
        return -1;
    struct slot untouched = { .frozen = s.at[0].frozen, .door = door, .persons = s.at[0].persons, .away = s.at[0].away };
    now = contribution(&s.at[0]);
    counts_add(&change, &now, 1);
    now = contribution(&untouched);
    counts_add(&change, &now, -1);
    return count(tx, r, f->round, s.at[0].area, &change, e);
}

struct waiting {
    struct id slot;
    bool door;
};

static int apply_freeze(struct tx *tx, const struct record *r, struct err *e)
{
    struct freeze f = { .round = record_id(r, "round"), .position = r->position };
    struct waiting *waiting = NULL;
    size_t n = 0, room = 0;
    int64_t added;
    int result;

    day_of(r->at, f.day);
    if (tx_run(tx, e, &sql_add_freeze, ARGS(r->ledger, f.round, f.position, (const char *)f.day), &added) < 0)
        return -1;
    if (!added)
        return 0;
    if (tx_run(tx, e, &sql_freeze_counts, ARGS(r->ledger, f.round, (const char *)f.day), NULL) < 0 ||
        tx_run(tx, e, &sql_freeze_total, ARGS(r->ledger, f.round), NULL) < 0)
        return -1;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_slots_waiting, ARGS(r->ledger, f.round)) < 0)
            return -1;
        while (rows_next(&rows)) {
            waiting = MEM_GROW(waiting, n, room);
            waiting[n++] = (struct waiting){ rows_id(&rows, 0), rows_int(&rows, 1) != 0 };
        }
    }
    result = store_failed(tx_store(tx), e);
    for (size_t i = 0; result == 0 && i < n; i++)
        result = settle(tx, r, &f, waiting[i].slot, waiting[i].door, e);
    free(waiting);
    return result;
}

/* ==== visits ===================================================================================== */

struct seen {                     /* figures about the people of a visit; never a value of one of them */
    int64_t checked, fever, symptoms, key_area;
};

static bool is_checked(const struct json *check)
{
    return !str_is(json_str(json_get(check, "basis")), "not_checked");
}

static int see(struct tx *tx, const struct json *checks, struct seen *seen, struct err *e)
{
    int64_t line = core_threshold(tx_core(tx), "fever_line", 373), least = core_threshold(tx_core(tx), "invalid_below", 350);

    for (size_t i = 0; i < json_count(checks); i++) {
        const struct json *check = json_at(checks, i), *temps = json_get(check, "temps"), *symptoms = json_get(check, "symptoms");
        bool fever = false, symptom = false;
        for (size_t k = 0; k < json_count(temps); k++) {
            int64_t temp = json_int(json_get(json_at(temps, k), "temp"));
            fever |= temp >= line && temp >= least;
        }
        for (size_t k = 0; k < json_count(symptoms); k++)
            symptom |= !str_is(json_str(json_at(symptoms, k)), "none");
        if (str_is(json_str(json_get(check, "basis")), "measured") && json_count(temps) == 0) {
            err_field(e, "screening.no_temp", "");
            struct buf field = { .at = NULL };
            buf_printf(&field, "checks[%zu].temps", i);
            memcpy(e->field, buf_z(&field), field.len + 1);
            buf_done(&field);
            return -1;
        }
        seen->checked += is_checked(check);
        seen->fever += fever;
        seen->symptoms += symptom;
        seen->key_area += json_int(json_get(check, "key_area")) != 0;
    }
    return 0;
}

static const int64_t early_ms = 24 * 60 * 60 * 1000;     /* clocks, and the walk that begins before the order is typed */

/* What the register says where a visit was made, in one look: columns of `standing`. */
enum {
    AT_AREA, AT_AREA_BEFORE, AT_STAMP, AT_MARKS, AT_SCOPE, AT_OPENED, AT_MEASURES, AT_DOOR, AT_DOOR_STAMP, AT_DOOR_MARKS, AT_LIVED, AT_PERSONS
};

static int look(struct tx *tx, struct record *r, struct id round, struct rows *at, struct err *e)
{
    struct id household = record_id(r, "household");
    char day[DAY_TEXT];

    day_of(r->at, day);
    if (tx_query(tx, at, e, &sql_standing,
                 ARGS(r->ledger, record_id(r, "door"), id_none(household) ? value_null : value_id(household), round, (const char *)day)) < 0)
        return -1;
    if (rows_next(at))
        return 0;
    return store_failed(tx_store(tx), e) < 0 ? -1 : err_missing(e, "screening.door_unknown", "door");
}

/* The round must be known and be about this place. */
static int check_place(struct tx *tx, struct record *r, const struct rows *at, struct err *e)
{
    if (rows_kind(at, AT_SCOPE) == VALUE_NULL)
        return err_missing(e, "screening.round_unknown", "round");
    const struct area *scope = area_find(tx_areas(tx), rows_str(at, AT_SCOPE)), *here = area_find(tx_areas(tx), r->area);
    if (rows_int(at, AT_OPENED) > r->at + early_ms)
        given_number(r, "elsewhere", 1);        /* made before the round was opened: kept, and counted by no round */
    return scope && here && area_within(here, scope) ? 0 : err_field(e, "screening.round_elsewhere", "round");
}

/* When it was said where a door or a household is: the first of its facts. */
static struct str since_when(const struct rows *rows, int column)
{
    enum { STAMP = 24 };
    struct str marks = rows_str(rows, column + 1);

    return marks.len > STAMP && marks.at[0] == 0 ? (struct str){ marks.at + 1, STAMP } : rows_str(rows, column);
}

/* May whoever made the visit visit there: by a duty, or as the head of the household's centre? */
static int may_visit(struct tx *tx, struct record *r, const struct area *there, bool *may, struct err *e)
{
    if (tx_may(tx, r, RIGHT_VISIT, there, may, e) < 0)
        return -1;
    return *may ? 0 : any(tx, &sql_heads_centre, ARGS(r->ledger, record_id(r, "household"), record_doer(r)), may, e);
}

/* The door stands at or below the record's area, or did when the visit was made, or the maker visits there, too. */
static int check_door(struct tx *tx, struct record *r, const struct rows *at, struct err *e)
{
    const struct area *here = area_find(tx_areas(tx), r->area), *there = area_find(tx_areas(tx), rows_str(at, AT_AREA)), *was = NULL;
    bool may = false;

    for (const struct area *a = there; a && !may; a = a->successor)
        may = area_within(a, here);
    if (!may && rows_str(at, AT_AREA_BEFORE).at && str_cmp(record_stamp(r), since_when(at, AT_STAMP)) < 0)
        was = area_find(tx_areas(tx), rows_str(at, AT_AREA_BEFORE));
    if (may || area_within(was, here))
        return 0;
    if (may_visit(tx, r, there, &may, e) < 0)
        return -1;
    if (may)
        return 0;
    err_field(e, "right.denied", "door");
    e->kind = ERR_DENIED;
    return -1;
}

/* Whose secret seals it: the household meant, the only one behind the door, else the door. */
static int check_subject(struct tx *tx, struct record *r, const struct rows *at, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct id household = record_id(r, "household");

    if (!id_none(household)) {
        r->subject = household;
        return rows_kind(at, AT_DOOR) != VALUE_NULL ? 0 : err_missing(e, "screening.household_unknown", "household");
    }
    if (tx_query(tx, &rows, e, &sql_homes, ARGS(r->ledger, record_id(r, "door"))) < 0)
        return -1;
    bool one = rows_next(&rows);
    r->subject = one ? rows_id(&rows, 0) : record_id(r, "door");
    if (one && rows_next(&rows))
        r->subject = record_id(r, "door");
    return store_failed(tx_store(tx), e);
}

/* A household that does not live behind the door, and did not when the visit was made, counts by no such visit. */
static void check_lives(struct record *r, const struct rows *at)
{
    if (id_none(record_id(r, "household")) || id_eq(rows_id(at, AT_DOOR), record_id(r, "door")))
        return;
    if (!rows_int(at, AT_LIVED) || str_cmp(record_stamp(r), since_when(at, AT_DOOR_STAMP)) >= 0)
        given_number(r, "elsewhere", 1);
}

static int check_persons(struct tx *tx, struct record *r, const struct rows *at, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    char day[DAY_TEXT];

    if (!id_none(record_id(r, "household"))) {
        given_number(r, "persons", rows_int(at, AT_PERSONS));
        return 0;
    }
    day_of(r->at, day);
    if (tx_query(tx, &rows, e, &sql_present_behind, ARGS(r->ledger, record_id(r, "door"), (const char *)day)) < 0)
        return -1;
    if (rows_next(&rows))
        given_number(r, "persons", rows_int(&rows, 0));
    return store_failed(tx_store(tx), e);
}

/* Which of the measures the round owes were done, as bits: each by its place in the round's list. */
static int check_measures(struct record *r, const struct rows *at, struct err *e)
{
    const struct json *measures = record_json(r, "measures");
    CLEANUP(json_done) struct json *owed = NULL;
    int64_t done = 0;

    if (json_count(measures) == 0 || rows_kind(at, AT_MEASURES) == VALUE_NULL)
        return 0;
    if (json_parse(rows_str(at, AT_MEASURES), &json_own, &owed, e) < 0)
        return -1;
    for (size_t k = 0; k < json_count(owed); k++)
        for (size_t i = 0; i < json_count(measures); i++)
            if (str_eq(json_str(json_at(owed, k)), json_str(json_get(json_at(measures, i), "measure"))))
                done |= (int64_t)1 << k;
    if (done)
        given_number(r, "measures", done);
    return 0;
}

/*
 * While a phone was without a network its door may have gone to another grid, or its duty to somebody else: the visit
 * stands as it was made, and both are told.  What no person made crosses nobody.
 */
static int check_crossed(struct tx *tx, struct record *r, const struct rows *at, struct err *e)
{
    const struct area *there = area_find(tx_areas(tx), rows_str(at, AT_AREA));
    bool moved = there != NULL, may = true;

    if (r->proof == PROOF_SERVER || !there)
        return 0;
    for (const struct area *a = there; a && moved; a = a->successor)
        moved = !area_within(a, area_find(tx_areas(tx), r->area));
    if (!moved && may_visit(tx, r, there, &may, e) < 0)
        return -1;
    if (moved || !may)
        given_text(r, "crossed", moved ? STR("moved") : STR("duty"));
    return 0;
}

static int check_visit(struct tx *tx, struct record *r, struct err *e)
{
    static const char *const met[] = { "completed", "partial", NULL };
    CLEANUP(rows_done) struct rows at = { 0 };
    struct seen seen = { 0 };

    if (one_of(record_text(r, "outcome"), met) && !record_has(r, "method"))
        return err_field(e, "field.missing", "method");
    if (look(tx, r, record_id(r, "round"), &at, e) < 0 || check_place(tx, r, &at, e) < 0 || check_door(tx, r, &at, e) < 0 ||
        check_subject(tx, r, &at, e) < 0)
        return -1;
    check_lives(r, &at);
    if (form_answers(tx, r, e) < 0 || check_crossed(tx, r, &at, e) < 0 || see(tx, record_json(r, "checks"), &seen, e) < 0 || check_persons(tx, r, &at, e) < 0 ||
        check_measures(r, &at, e) < 0)
        return -1;
    given_number(r, "checked", seen.checked);
    given_number(r, "fever", seen.fever);
    if (seen.symptoms)
        given_number(r, "symptoms", seen.symptoms);
    if (seen.key_area)
        given_number(r, "key_area", seen.key_area);
    if (record_has(r, "witness"))
        given_number(r, "witness", 1);
    return 0;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct id));
}

/* Sorted, each once, in place; a household has no more members than this. */
static struct str set_of(struct id *ids, size_t n)
{
    enum { MOST = 500 };
    size_t kept = 0;

    qsort(ids, n, sizeof *ids, by_bytes);
    for (size_t i = 0; i < n && kept < MOST; i++)
        if (i == 0 || !id_eq(ids[i], ids[i - 1]))
            ids[kept++] = ids[i];
    return kept ? (struct str){ (const char *)ids, kept * sizeof *ids } : (struct str){ 0 };
}

static bool is_member(const struct slot *s, struct id id)
{
    for (size_t i = 0; i < s->people_count; i++)
        if (s->people[i].member && id_eq(s->people[i].id, id))
            return true;
    return false;
}

/* The members this visit checked: no more than a household may have. */
static struct str checked_by(const struct record *r, const struct slot *s)
{
    size_t n = 0;
    struct item it;
    struct id *ids = arena_take(r->mem, (json_count(record_json(r, "checks")) + 1) * sizeof *ids);

    for (size_t i = 0; record_item(r, "checks", i, &it); i++) {
        struct id person = item_id(&it, "person");
        if (is_checked(it.map) && is_member(s, person))
            ids[n++] = person;
    }
    return set_of(ids, n);
}

/* Both, each once. */
static struct str set_with(const struct record *r, struct str set, struct str more)
{
    struct id *ids;

    if (!more.len || str_eq(set, more))
        return set;
    ids = arena_take(r->mem, set.len + more.len);
    if (set.len)
        memcpy(ids, set.at, set.len);
    memcpy((char *)ids + set.len, more.at, more.len);
    return set_of(ids, (set.len + more.len) / sizeof *ids);
}

/* What was checked is a union, so that the order of arrival changes nothing. */
static void slot_visited(struct slot *s, const struct record *r, struct str checked, bool together)
{
    struct str stamp = record_stamp(r);
    bool stands = !s->stamp.at || str_cmp(stamp, s->stamp) >= 0;

    s->visits++;
    s->measures |= given_int(r, "measures");
    s->checked = set_with(r, s->checked, checked);
    if (!stands)
        return;
    s->stamp = stamp;
    s->outcome = record_text(r, "outcome");
    s->method = record_text(r, "method");
    s->together = together;
    s->witness = given_has(r, "witness");
    s->retry_at = record_value(r, "retry_at");
    s->rejected = false;
}

static int visit_slot(struct tx *tx, const struct record *r, struct slot *s, const struct freeze *f, bool together, struct counts *change,
                      struct err *e)
{
    struct counts before = contribution(s), after;
    struct str known = s->checked, checked;

    if (record_has(r, "checks") && people_of(tx, r, s, f, e) < 0)
        return -1;
    checked = checked_by(r, s);
    slot_visited(s, r, checked, together);
    if (!str_eq(known, s->checked)) {
        if (slot_people(tx, r, s, f, e) < 0)
            return -1;
        before.n[PERSONS] = s->persons;
        before.n[AWAY] = s->away;
    }
    after = contribution(s);
    counts_add(change, &after, 1);
    counts_add(change, &before, -1);
    if (slot_put(tx, r, f->round, s, e) < 0)
        return -1;
    return tx_run(tx, e, &sql_add_visit,
                  ARGS(r->ledger, s->id, r->id, f->round, r->at, r->maker, r->for_whom, r->author, record_text(r, "method"),
                       record_text(r, "outcome"), given_int(r, "persons"), given_int(r, "checked"), given_int(r, "fever"),
                       value_blob(checked)),
                  NULL);
}

/* Who is in no list has no row: the names stay in the box of the visit. */
static int put_found(struct tx *tx, const struct record *r, struct err *e)
{
    int64_t found = (int64_t)json_count(record_json(r, "found"));

    if (!found)
        return 0;
    return tx_run(tx, e, &sql_add_found,
                  ARGS(r->ledger, record_id(r, "round"), r->id, record_id(r, "door"), record_value(r, "household"), r->at, found,
                       value_blob(boxes_with(r, (struct str){ 0 }, SEAL_REGISTER))),
                  NULL);
}

static int put_crossed(struct tx *tx, const struct record *r, struct err *e)
{
    if (!given_has(r, "crossed"))
        return 0;
    return tx_run(tx, e, &sql_add_crossed,
                  ARGS(r->ledger, r->id, record_id(r, "door"), record_value(r, "household"), r->area,
                       record_doer(r), r->at, r->received_at, record_text(r, "outcome"),
                       given_str(r, "crossed")),
                  NULL);
}

/* One visit for several households was told by whoever spoke for them. */
static bool for_several(const struct slots *s)
{
    size_t households = 0;

    for (size_t i = 0; i < s->count; i++)
        households += !s->at[i].door;
    return households > 1;
}

/* All slots of a visit stand behind one door, in one grid, unless a household has moved since: it counts where it lives. */
static int apply_visit(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(slots_done) struct slots s = { 0 };
    struct counts change = { { 0 } };

    if (put_found(tx, r, e) < 0 || put_crossed(tx, r, e) < 0)
        return -1;
    if (given_has(r, "elsewhere"))
        return 0;
    if (slots_of(tx, r, &s, record_id(r, "round"), record_id(r, "door"), record_id(r, "household"), e) < 0)
        return -1;
    bool together = for_several(&s);
    for (size_t i = 0; i < s.count; i++)
        if (visit_slot(tx, r, &s.at[i], &s.freeze, together, &change, e) < 0)
            return -1;
    return s.count ? count(tx, r, s.freeze.round, s.at[0].area, &change, e) : 0;
}

/* Somebody else looks again at what was called normal. */
static int check_recheck(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows at = { 0 };
    struct id slots[3] = { record_id(r, "household") };
    struct str result = record_text(r, "result");
    size_t n = 1;

    if (!str_is(result, "verified") && !str_is(result, "rejected"))
        return err_field(e, "field.code", "result");
    if (look(tx, r, (struct id){ { 0 } }, &at, e) < 0 || check_door(tx, r, &at, e) < 0)
        return -1;
    if (id_none(slots[0])) {
        CLEANUP(rows_done) struct rows homes = { 0 };
        if (tx_query(tx, &homes, e, &sql_homes, ARGS(r->ledger, record_id(r, "door"))) < 0)
            return -1;
        slots[0] = record_id(r, "door");
        while (n < COUNT_OF(slots) && rows_next(&homes))
            slots[n++] = rows_id(&homes, 0);
        if (store_failed(tx_store(tx), e) < 0)
            return -1;
    }
    for (size_t i = 0; i < n; i++) {
        CLEANUP(rows_done) struct rows visit = { 0 };
        if (tx_query(tx, &visit, e, &sql_visit, ARGS(r->ledger, slots[i], record_id(r, "visit"))) < 0)
            return -1;
        if (rows_next(&visit)) {
            given_id(r, "round", rows_id(&visit, 0));
            for (int who = 1; who <= 3; who++)      /* who did it, for whom it was typed in, who handed it in */
                if (!id_none(r->maker) && id_eq(rows_id(&visit, who), r->maker))
                    return err_set(e, ERR_DENIED, "screening.own_visit");
            return 0;
        }
        if (store_failed(tx_store(tx), e) < 0)
            return -1;
    }
    return err_missing(e, "screening.visit_unknown", "visit");
}

/* Whom the visits that are not rejected checked, all of them together. */
static int slot_checked(struct tx *tx, const struct record *r, struct id round, struct slot *s, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(buf_done) struct buf all = { 0 };

    if (tx_query(tx, &rows, e, &sql_people_checked, ARGS(r->ledger, s->id, round)) < 0)
        return -1;
    while (rows_next(&rows))
        buf_str(&all, rows_str(&rows, 0));
    struct id *ids = arena_take(r->mem, all.len + sizeof *ids);
    if (all.len)
        memcpy(ids, all.at, all.len);
    s->checked = set_of(ids, all.len / sizeof *ids);
    return store_failed(tx_store(tx), e);
}

/* A rejected visit stands no more for its slot, nor does what it checked; a newer one is not touched by that. */
static int apply_recheck(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(slots_done) struct slots s = { 0 };
    struct id visit = record_id(r, "visit");
    struct counts change = { { 0 } };
    int64_t stands;

    if (tx_run(tx, e, &sql_put_recheck, ARGS(r->ledger, visit, r->id, r->maker, record_text(r, "result"), record_stamp(r)), &stands) < 0)
        return -1;
    if (!stands)
        return 0;
    if (slots_of(tx, r, &s, given_as_id(r, "round"), record_id(r, "door"), record_id(r, "household"), e) < 0)
        return -1;
    for (size_t i = 0; i < s.count; i++) {
        struct slot *slot = &s.at[i];
        struct counts before = contribution(slot), after;
        if (slot->stamp.len >= sizeof visit.b && memcmp(slot->stamp.at + slot->stamp.len - sizeof visit.b, visit.b, sizeof visit.b) == 0)
            slot->rejected = str_is(record_text(r, "result"), "rejected");
        if (slot_checked(tx, r, s.freeze.round, slot, e) < 0 || slot_people(tx, r, slot, &s.freeze, e) < 0)
            return -1;
        before.n[PERSONS] = slot->persons;
        before.n[AWAY] = slot->away;
        after = contribution(slot);
        counts_add(&change, &after, 1);
        counts_add(&change, &before, -1);
        if (slot_put(tx, r, s.freeze.round, slot, e) < 0)
            return -1;
    }
    return s.count ? count(tx, r, s.freeze.round, s.at[0].area, &change, e) : 0;
}

/* A photo comes after its visit, or before it where another phone brings that: the visit is not looked for. */
static int check_photo(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows at = { 0 };
    CLEANUP(rows_done) struct rows kept = { 0 };

    if (photo_check(record_text(r, "image"), e) < 0 || look(tx, r, (struct id){ { 0 } }, &at, e) < 0 || check_door(tx, r, &at, e) < 0 ||
        check_subject(tx, r, &at, e) < 0 || tx_query(tx, &kept, e, &sql_count_photos, ARGS(r->ledger, record_id(r, "visit"))) < 0)
        return -1;
    if (rows_next(&kept) && rows_int(&kept, 0) >= PHOTOS_MOST)
        return err_field(e, "screening.photo_many", "visit");
    given_id(r, "slot", r->subject);
    return store_failed(tx_store(tx), e);
}

static int apply_photo(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_add_photo,
                  ARGS(r->ledger, record_id(r, "visit"), r->id, given_as_id(r, "slot"), r->position, r->at, record_doer(r)), NULL);
}

static const struct record_type records[] = {
    { "screening.round", RIGHT_ROUNDS, round_fields, check_round, apply_round, RECORD_COMMAND, .words = "开启轮次" },
    { "screening.freeze", RIGHT_SYSTEM, only_round_fields, check_freeze, apply_freeze, .words = "冻结名单" },
    { "screening.close", RIGHT_ROUNDS, only_round_fields, check_close, apply_close, RECORD_COMMAND, .words = "关闭轮次" },
    { "screening.visit", RIGHT_VISIT, visit_fields, check_visit, apply_visit, .words = "入户" },
    { "screening.recheck", RIGHT_VISIT, recheck_fields, check_recheck, apply_recheck, .command = RECORD_COMMAND,
      .words = "复核" },
    { "screening.photo", RIGHT_VISIT, photo_fields, check_photo, apply_photo, .aside = true, .words = "入户照片" },
    { 0 },
};

static const struct delivery deliveries[] = {
    { "screening.round", "screening.freeze", make_freeze, true },
    { 0 },
};

/* ==== what happens to the doors while rounds stand ================================================ */

struct freezes {
    struct freeze *at;
    size_t count, room;
};

static void freezes_done(struct freezes *f)
{
    free(f->at);
}

static int freezes_of(struct tx *tx, const struct record *r, struct freezes *f, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_freezes, ARGS(r->ledger)) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str day = rows_str(&rows, 2);
        f->at = MEM_GROW(f->at, f->count, f->room);
        struct freeze *one = &f->at[f->count++];
        *one = (struct freeze){ .round = rows_id(&rows, 0), .position = rows_int(&rows, 1) };
        memcpy(one->day, day.at, day.len < DAY_TEXT ? day.len : DAY_TEXT - 1);
    }
    return store_failed(tx_store(tx), e);
}

/* Everything a slot counts goes from one grid to another. */
static int carry(struct tx *tx, const struct record *r, struct slot *s, const struct freeze *f, struct str from, struct str to,
                 struct err *e)
{
    struct counts there = { { 0 } }, here;

    if (slot_people(tx, r, s, f, e) < 0)
        return -1;
    here = contribution(s);
    counts_add(&there, &here, -1);
    return count(tx, r, f->round, from, &there, e) < 0 ? -1 : count(tx, r, f->round, to, &here, e);
}

/* What was found behind a door after the freeze, counted anew and in the grid where the door stands now. */
static int late(struct tx *tx, const struct record *r, const struct freeze *f, struct id door, struct err *e)
{
    struct counts old = { { 0 } }, new = { { 0 } };
    struct str old_area = { 0 }, area;
    {
        CLEANUP(rows_done) struct rows was = { 0 };
        CLEANUP(rows_done) struct rows is = { 0 };
        if (tx_query(tx, &was, e, &sql_late, ARGS(r->ledger, f->round, door)) < 0)
            return -1;
        if (rows_next(&was)) {
            old_area = kept(&was, 0, r->mem);
            old.n[LATE] = -rows_int(&was, 1);
        }
        if (tx_query(tx, &is, e, &sql_late_behind, ARGS(r->ledger, door, f->position)) < 0)
            return -1;
        if (!rows_next(&is))
            return store_failed(tx_store(tx), e);
        area = kept(&is, 0, r->mem);
        new.n[LATE] = rows_int(&is, 3) + (rows_int(&is, 1) > f->position && rows_int(&is, 2) == 0);
    }
    if (old_area.at && str_eq(old_area, area) && old.n[LATE] + new.n[LATE] == 0)
        return 0;
    if (new.n[LATE] ? tx_run(tx, e, &sql_put_late, ARGS(r->ledger, f->round, door, area, new.n[LATE]), NULL) < 0
                    : old_area.at && tx_run(tx, e, &sql_drop_late, ARGS(r->ledger, f->round, door), NULL) < 0)
        return -1;
    if (old_area.at && count(tx, r, f->round, old_area, &old, e) < 0)
        return -1;
    return count(tx, r, f->round, area, &new, e);
}

static int area_of(struct tx *tx, const struct record *r, struct id door, struct str *area, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    *area = (struct str){ 0 };
    if (tx_query(tx, &rows, e, &sql_moved_door, ARGS(r->ledger, door)) < 0)
        return -1;
    if (rows_next(&rows))
        *area = kept(&rows, 0, r->mem);
    return store_failed(tx_store(tx), e);
}

/* A household opened, closed or moved: it may be late behind its door, and its slot goes with it. */
static int follow_household(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(freezes_done) struct freezes freezes = { 0 };
    struct id household = record_id(r, "household"), door, before = { 0 };
    struct str from = { 0 }, to;
    bool moved;

    if (freezes_of(tx, r, &freezes, e) < 0)
        return -1;
    if (freezes.count == 0)
        return 0;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_moved_household, ARGS(r->ledger, household)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        door = rows_id(&rows, 0);
        if (rows_int(&rows, 1) == r->position)
            before = rows_id(&rows, 2);
    }
    if (area_of(tx, r, door, &to, e) < 0 || (!id_none(before) && area_of(tx, r, before, &from, e) < 0))
        return -1;
    moved = from.at && to.at && !str_eq(from, to);
    for (size_t i = 0; i < freezes.count; i++) {
        struct freeze *f = &freezes.at[i];
        CLEANUP(slots_done) struct slots s = { 0 };
        if (moved && (slots_of(tx, r, &s, f->round, door, household, e) < 0 ||
                      (s.count && carry(tx, r, &s.at[0], f, from, to, e) < 0)))
            return -1;
        if (late(tx, r, f, door, e) < 0 || (!id_none(before) && !id_eq(before, door) && late(tx, r, f, before, e) < 0))
            return -1;
    }
    return 0;
}

/* A door found late, or taken into another grid with everything behind it. */
static int follow_door(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(freezes_done) struct freezes freezes = { 0 };
    struct id door = record_id(r, "door");
    struct str from = { 0 }, to;

    if (freezes_of(tx, r, &freezes, e) < 0)
        return -1;
    if (freezes.count == 0)
        return 0;
    {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_moved_door, ARGS(r->ledger, door)) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(tx_store(tx), e);
        to = kept(&rows, 0, r->mem);
        if (rows_int(&rows, 2) == r->position)
            from = kept(&rows, 1, r->mem);
        else if (rows_int(&rows, 3) != r->position)
            return 0;
    }
    for (size_t i = 0; i < freezes.count; i++) {
        struct freeze *f = &freezes.at[i];
        CLEANUP(slots_done) struct slots s = { 0 };
        if (from.at && slots_of(tx, r, &s, f->round, door, (struct id){ { 0 } }, e) < 0)
            return -1;
        for (size_t k = 0; k < s.count; k++)
            if (carry(tx, r, &s.at[k], f, from, to, e) < 0)
                return -1;
        if (late(tx, r, f, door, e) < 0)
            return -1;
    }
    return 0;
}

/* A household that was not taken in elsewhere stands again, as if it had opened by this record. */
static int follow_refused(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(freezes_done) struct freezes freezes = { 0 };
    struct id door = { 0 };

    if (freezes_of(tx, r, &freezes, e) < 0)
        return -1;
    if (freezes.count) {
        CLEANUP(rows_done) struct rows rows = { 0 };
        if (tx_query(tx, &rows, e, &sql_stands_since, ARGS(r->ledger, r->position)) < 0)
            return -1;
        if (rows_next(&rows))
            door = rows_id(&rows, 0);
        if (store_failed(tx_store(tx), e) < 0)
            return -1;
    }
    for (size_t i = 0; i < freezes.count && !id_none(door); i++)
        if (late(tx, r, &freezes.at[i], door, e) < 0)
            return -1;
    return 0;
}

static const struct follow follows[] = {
    { "core.refused", follow_refused },
    { "household.door", follow_door },
    { "household.open", follow_household },
    { "household.move", follow_household },
    { "household.close", follow_household },
    { 0 },
};

/* ==== questions =================================================================================== */

/* The latest open round whose scope covers the asked area. */
static int current_round(struct ask *ask, struct value *round, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    *round = value_null;
    if (store_query(ask->store, &rows, &sql_open_rounds, NO_ARGS, e) < 0)
        return -1;
    while (round->kind == VALUE_NULL && rows_next(&rows)) {
        const struct area *scope = area_find(ask->areas, rows_str(&rows, 1));
        if (scope && area_within(ask->area, scope))
            *round = value_blob(arena_str(ask->mem, rows_str(&rows, 0)));
    }
    return store_failed(ask->store, e);
}

/* Zeros are said of a round that is elsewhere, not of one that nobody opened. */
static int known_round(struct ask *ask, struct value round, const char *param, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(ask->store, &rows, &sql_round, ARGS(round), e) < 0)
        return -1;
    if (rows_next(&rows))
        return 0;
    if (store_failed(ask->store, e) < 0)
        return -1;
    err_field(e, "round.unknown", param);
    e->kind = ERR_MISSING;
    return -1;
}

static int prepare_round(struct ask *ask, struct err *e)
{
    if (ask->args[2].kind == VALUE_NULL)
        return current_round(ask, &ask->args[2], e);
    return known_round(ask, ask->args[2], "round", e);
}

static int prepare_rounds(struct ask *ask, struct err *e)
{
    return current_round(ask, &ask->args[2], e);
}

static int prepare_coverage(struct ask *ask, struct err *e)
{
    bool level = ask->args[3].kind != VALUE_NULL;

    if (!level)
        ask->args[3] = value_int(0);
    ask->args[4] = level ? value_text("") : value_str(ask->area->id);
    return prepare_round(ask, e);
}

static int prepare_compare(struct ask *ask, struct err *e)
{
    ask->args[4] = value_str(ask->area->id);
    return known_round(ask, ask->args[3], "with", e) < 0 ? -1 : prepare_round(ask, e);
}

static int prepare_doors(struct ask *ask, struct err *e)
{
    ask->args[4] = value_bool(ask_on_duty(ask));
    if (ask->bundled)
        ask->args[5] = value_bool(true);         /* what is in no list is entered, there */
    return prepare_round(ask, e);
}

static int prepare_debts(struct ask *ask, struct err *e)
{
    ask->args[3] = value_bool(ask_on_duty(ask));
    return prepare_round(ask, e);
}

static const int64_t told_ms = 14 * 24 * 60 * 60 * 1000LL;      /* so long both are told */

/* Whoever holds the asked area, or keeps its register, is told all of it, everybody else what is his own. */
static int prepare_crossed(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[3] = value_int(time_now() - told_ms);
    ask->args[4] = value_bool(ask_on_duty(ask));
    return 0;
}

static int prepare_handed(struct ask *ask, struct err *e)
{
    (void)e;
    ask->args[3] = value_int(time_now() - told_ms);
    return 0;
}

/* What a phone last said of itself; nothing, when that cannot be read. */
static bool told_phones(struct ask *ask, const struct rows *rows, const char *column, struct out *o)
{
    bool count = strcmp(column, "unsent") == 0;
    struct seal_left left = { 0 };
    struct err e = { 0 };

    if (!count && strcmp(column, "oldest") != 0)
        return false;
    if (seal_left_of(core_seal(ask->core), rows_id(rows, rows_named(rows, "worker")), &left, &e) < 0)
        return false;
    if (count || left.count)
        out_int(o, count ? left.count : left.oldest);
    else
        out_null(o);
    return true;
}

#define PARAM_ROUND { "round", FIELD_ID }
#define PARAM_EMPTY { "empty", FIELD_BOOL, .from = PARAM_SET }

static const struct param rounds_params[] = { { "current", FIELD_ID, .from = PARAM_SET }, { 0 } };
static const struct param round_params[] = { PARAM_ROUND, { 0 } };
static const struct param coverage_params[] = {
    PARAM_ROUND, { "level", FIELD_NUMBER }, { "parent", FIELD_TEXT, .from = PARAM_SET }, { 0 },
};
static const struct param compare_params[] = {
    PARAM_ROUND, { "with", FIELD_ID, true }, { "parent", FIELD_TEXT, .from = PARAM_SET }, { 0 }
};
static const struct param doors_params[] = { PARAM_ROUND, { "state", FIELD_TEXT }, PARAM_EMPTY, { "settled", FIELD_BOOL }, { 0 } };
static const struct param household_params[] = { { "household", FIELD_ID, true }, { 0 } };
static const struct param photo_params[] = { { "household", FIELD_ID, true }, { "photo", FIELD_ID, true }, { 0 } };
static const struct param crossed_params[] = {
    { "worker", FIELD_ID, .from = PARAM_WORKER }, { "since", FIELD_TIME, .from = PARAM_SET }, { "all", FIELD_BOOL, .from = PARAM_SET }, { 0 },
};
static const struct param handed_params[] = {
    { "worker", FIELD_ID, .from = PARAM_WORKER }, { "since", FIELD_TIME, .from = PARAM_SET }, { 0 },
};
static const struct param phones_params[] = { PARAM_ROUND, { "now", FIELD_TIME, .from = PARAM_NOW }, { 0 } };
static const struct param debts_params[] = { PARAM_ROUND, PARAM_EMPTY, { 0 } };

static const struct sealed_column doors_sealed[] = {
    { "building", "_door", "building", MASK_TEXT },
    { "floor", "_door", "floor", MASK_TEXT },
    { "room", "_door", "room", MASK_TEXT },
    { "head", "_boxes", "head", MASK_NAME },
    { "phone", "_boxes", "phone", MASK_PHONE },
    { 0 },
};

static const struct sealed_column found_sealed[] = {
    { "names", "_boxes", "found", MASK_OMIT },
    { 0 },
};

static const struct sealed_column worker_sealed[] = {
    { "name", "_boxes", "name", MASK_OPEN },         /* of a worker: open to everybody signed in */
    { 0 },
};

static const struct sealed_column photo_sealed[] = {
    { "image", "_photo", "image", MASK_OMIT, SEAL_HEALTH, .kept = true },
    { 0 },
};

static const struct sealed_column phones_sealed[] = {
    { "name", "_boxes", "name", MASK_OPEN },
    { "phone", "_boxes", "phone", MASK_OPEN },
    { 0 },
};

static const struct query queries[] = {
    { "rounds", RIGHT_FIGURES, .same = true, .sql = &sql_rounds, .params = rounds_params, .prepare = prepare_rounds,
      .bundle = BUNDLE_TAGGED, .words = "轮次" },
    { "coverage", RIGHT_FIGURES, .same = true, .sql = &sql_coverage, .params = coverage_params, .prepare = prepare_coverage, .words = "覆盖" },
    { "map", RIGHT_FIGURES, .same = true, .sql = &sql_map, .params = round_params, .prepare = prepare_round,
      .bundle = BUNDLE_TAGGED, .words = "作战图" },
    { "compare", RIGHT_FIGURES, .same = true, .sql = &sql_compare, .params = compare_params, .prepare = prepare_compare, .words = "轮次对比" },
    { "doors", RIGHT_LISTS, .sql = &sql_doors, .params = doors_params, .sealed = doors_sealed, .keys = "tibb", .prepare = prepare_doors,
      .bundle = BUNDLE_STATES, .words = "未入户" },
    { "found", RIGHT_LISTS, .sql = &sql_found, .params = round_params, .sealed = found_sealed, .keys = "tib", .prepare = prepare_round,
      .words = "名单外人员" },
    { "household", RIGHT_LISTS, .sql = &sql_household, .params = household_params, .sealed = worker_sealed, .words = "入户记录" },
    { "photos", RIGHT_LISTS, .sql = &sql_photos, .params = household_params, .sealed = worker_sealed, .words = "入户照片" },
    { "photo", RIGHT_REVEAL, .sql = &sql_photo, .params = photo_params, .sealed = photo_sealed, .reveal = true, .words = "看照片" },
    { "crossed", RIGHT_SIGNED_IN, .everywhere = true, .sql = &sql_crossed, .params = crossed_params, .sealed = worker_sealed, .keys = "ib",
      .prepare = prepare_crossed, .words = "交接期间的入户" },
    { "handed", RIGHT_SIGNED_IN, .everywhere = true, .sql = &sql_handed, .params = handed_params, .sealed = worker_sealed, .keys = "ibt",
      .prepare = prepare_handed, .words = "移交了什么" },
    { "debts", RIGHT_LISTS, .sql = &sql_debts, .params = debts_params, .sealed = doors_sealed, .keys = "tibbt", .prepare = prepare_debts,
      .words = "欠办措施" },
    { "phones", RIGHT_DUTIES, .sql = &sql_phones, .params = phones_params, .sealed = phones_sealed, .keys = "tb", .prepare = prepare_round,
      .told = told_phones, .words = "手机上待发的" },
    { 0 },
};

static const struct sql *const schema[] = { &sql_schema, &sql_schema_crossed, &sql_schema_photos };
static const struct sql *const recounts[] = { &sql_recount, &sql_recount_totals, &sql_recount_visits, &sql_recount_together, NULL };
const struct feature feature_screening = {
    "screening", "排查", COUNT_OF(schema), schema, records, follows, queries, deliveries, recounts,
};
