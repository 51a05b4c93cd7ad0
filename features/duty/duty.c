/*
 * duty.c - who answers: organisations, workers, dated duties, handovers.
 *
 * A duty says who answers for which area, in which role, from when to when;
 * rights, the names on the map and the list of what nobody owns all read that
 * one table, which core keeps.  A duty ends by a record: ended, handed over,
 * or lapsed by itself at its last day.  An end may reach a replay before its
 * duty does (they can lie in two ledgers), so ends are kept apart and the
 * earliest stands.
 */
#include "core/core.h"

#include "duty.sql.h"

#define LEVEL_VILLAGE 4
#define MOST_HANDED 500

/* Is there one with this id, and to which area does it belong? */
static int known(struct tx *tx, const struct sql *sql, struct id id, const struct area **where, bool *is, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, sql, ARGS(id)) < 0)
        return -1;
    *is = rows_next(&rows);
    *where = *is ? area_find(tx_areas(tx), rows_str(&rows, 0)) : NULL;
    return 0;
}

/* What belongs to another area already may be changed only by who may do so there, too. */
static int may_change(struct tx *tx, const struct record *r, const struct sql *sql, struct id id, struct err *e)
{
    const struct area *where;
    bool is, may;

    if (known(tx, sql, id, &where, &is, e) < 0)
        return -1;
    if (!where || str_eq(where->id, r->area))
        return 0;
    if (tx_may(tx, r, RIGHT_DUTIES, where, &may, e) < 0)
        return -1;
    return may ? 0 : err_set(e, ERR_DENIED, "right.denied");
}

static int must_know_worker(struct tx *tx, const struct record *r, const char *field, struct err *e)
{
    const struct area *where;
    bool is;

    if (known(tx, &sql_worker, record_id(r, field), &where, &is, e) < 0)
        return -1;
    return is ? 0 : err_missing(e, "worker.unknown", field);
}

/* ---- organisations and workers ------------------------------------------------------ */

static const struct field organisation_fields[] = {
    { "organisation", FIELD_ID, .required = true, .words = "单位" },
    { "name", FIELD_TEXT, .required = true, .max = 80, .words = "名称" },
    { "kind", FIELD_CODE, .required = true, .codes = "organisation_kind", .words = "类别" },
    { 0 },
};

static int check_organisation(struct tx *tx, struct record *r, struct err *e)
{
    return may_change(tx, r, &sql_organisation, record_id(r, "organisation"), e);
}

static int apply_organisation(struct tx *tx, const struct record *r, struct err *e)
{
    return tx_run(tx, e, &sql_put_organisation,
                  ARGS(record_id(r, "organisation"), r->area, record_text(r, "name"), record_text(r, "kind"), record_stamp(r)), NULL);
}

/* Said whole each time, so that the box of the record that stands is all one needs. */
static const struct field worker_fields[] = {
    { "worker", FIELD_ID, .required = true, .words = "工作人员" },
    { "name", FIELD_TEXT, .required = true, .max = 40, .seal = SEAL_REGISTER, .words = "姓名" },
    { "phone", FIELD_TEXT, .required = true, .min = 3, .max = 20, .seal = SEAL_REGISTER, .words = "电话" },
    { "category", FIELD_CODE, .required = true, .codes = "worker_category", .words = "人员类别" },
    { "organisation", FIELD_ID, .words = "所在单位" },
    { "skills", FIELD_TEXT, .list = true, .items = 20, .max = 20, .words = "特长" },
    { 0 },
};

static bool is_phone(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.at[i] < '0' || s.at[i] > '9') && s.at[i] != '-' && !(s.at[i] == '+' && i == 0))
            return false;
    return true;
}

static int check_worker(struct tx *tx, struct record *r, struct err *e)
{
    const struct area *where;
    bool is = true;

    if (!is_phone(record_text(r, "phone")))
        return err_field(e, "field.phone", "phone");
    if (record_has(r, "organisation") && known(tx, &sql_organisation, record_id(r, "organisation"), &where, &is, e) < 0)
        return -1;
    if (!is)
        return err_missing(e, "organisation.unknown", "organisation");
    return may_change(tx, r, &sql_worker, record_id(r, "worker"), e);
}

static int apply_worker(struct tx *tx, const struct record *r, struct err *e)
{
    static const struct str none = { 0 };

    return tx_run(tx, e, &sql_put_worker,
                  ARGS(record_id(r, "worker"), r->ledger, r->area, record_text(r, "category"), record_value(r, "organisation"),
                       record_value(r, "skills"), value_blob(boxes_with(r, none, SEAL_REGISTER)), record_stamp(r)), NULL);
}

/* ---- assigning -------------------------------------------------------------------------- */

static const struct field assign_fields[] = {
    { "duty", FIELD_ID, .required = true, .words = "责任" },
    { "worker", FIELD_ID, .required = true, .words = "责任人" },
    { "role", FIELD_CODE, .required = true, .codes = "duty_role", .words = "角色" },
    { "household", FIELD_ID, .words = "中心户" },
    { "deputy", FIELD_BOOL, .words = "副岗" },
    { "since", FIELD_TIME, .required = true, .words = "开始" },
    { "until", FIELD_TIME, .words = "结束" },
    { 0 },
};

static uint32_t rights_of(struct str role)
{
    char text[24] = { 0 };

    if (role.len < sizeof text)
        memcpy(text, role.at, role.len);
    return role_rights(text);
}

/*
 * Whoever gives out duties does not thereby make the second person, the
 * auditor or the keeper: those come only from who keeps accounts there.
 */
static int may_give(struct tx *tx, const struct record *r, struct str role, const struct area *area, struct err *e)
{
    bool may = true;

    if ((rights_of(role) & (RIGHT_APPROVE | RIGHT_AUDIT | RIGHT_ACCOUNTS | RIGHT_SETTINGS)) &&
        tx_may(tx, r, RIGHT_ACCOUNTS, area, &may, e) < 0)
        return -1;
    if (may)
        return 0;
    err_field(e, "duty.role_reserved", "role");
    e->kind = ERR_DENIED;
    return -1;
}

static int check_centre(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_centre, ARGS(r->ledger, record_id(r, "household"))) < 0)
        return -1;
    if (!rows_next(&rows))
        return err_missing(e, "household.unknown", "household");
    return rows_int(&rows, 0) ? 0 : err_field(e, "duty.no_centre", "household");
}

static int check_assign(struct tx *tx, struct record *r, struct err *e)
{
    const struct area *area = area_find(tx_areas(tx), r->area), *where;
    struct str role = record_text(r, "role");
    bool is;

    if (!area->open)
        return err_set(e, ERR_CONFLICT, "area.closed");
    if (record_number(r, "until") && record_number(r, "until") <= record_number(r, "since"))
        return err_field(e, "duty.until", "until");
    if ((rights_of(role) & RIGHT_OPEN) && area->level < LEVEL_VILLAGE)      /* nobody reads a whole town's people open */
        return err_field(e, "duty.level", "role");
    if (record_has(r, "household") != str_is(role, "centre_head"))
        return err_field(e, "duty.household", "household");
    if (known(tx, &sql_duty, record_id(r, "duty"), &where, &is, e) < 0 || must_know_worker(tx, r, "worker", e) < 0 ||
        may_give(tx, r, role, area, e) < 0)
        return -1;
    if (is)
        return err_set(e, ERR_CONFLICT, "duty.known");
    return record_has(r, "household") ? check_centre(tx, r, e) : 0;
}

/* Puts a duty and whatever end of it is known already. */
static int put_duty(struct tx *tx, const struct record *r, const struct duty *d, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (core_duty_put(tx, r, d, e) < 0 || tx_query(tx, &rows, e, &sql_end, ARGS(d->id)) < 0)
        return -1;
    if (rows_next(&rows) && core_duty_end(tx, d->id, rows_int(&rows, 0), e) < 0)
        return -1;
    if (d->since > r->at && core_alarm(tx, r, d->since, "duty.begun", d->id, e) < 0)
        return -1;
    return d->until ? core_alarm(tx, r, d->until, "duty.lapsed", d->id, e) : 0;
}

static int end_duty(struct tx *tx, const struct record *r, struct id duty, int64_t at, struct err *e)
{
    if (tx_run(tx, e, &sql_put_end, ARGS(duty, at), NULL) < 0 || core_alarm_off(tx, r, "duty.lapsed", duty, e) < 0 ||
        core_alarm_off(tx, r, "duty.begun", duty, e) < 0)
        return -1;
    return core_duty_end(tx, duty, at, e);
}

static void copy_text(char *to, size_t room, struct str s)
{
    size_t n = s.len < room ? s.len : room - 1;

    memcpy(to, s.at, n);
    to[n] = 0;
}

static int apply_assign(struct tx *tx, const struct record *r, struct err *e)
{
    struct duty d = { .id = record_id(r, "duty"), .worker = record_id(r, "worker"), .household = record_id(r, "household"),
                      .deputy = record_number(r, "deputy") != 0, .since = record_number(r, "since"), .until = record_number(r, "until") };

    copy_text(d.area, sizeof d.area, r->area);
    copy_text(d.role, sizeof d.role, record_text(r, "role"));
    return put_duty(tx, r, &d, e);
}

/* ---- ending --------------------------------------------------------------------------------- */

static const struct field end_fields[] = {
    { "duty", FIELD_ID, .required = true, .words = "责任" },
    { "reason", FIELD_TEXT, .required = true, .max = 200, .words = "原因" },
    { 0 },
};

/* Nobody ends what has been: from a session a duty ends when that is said, give or take ten minutes on the way. */
static void give_end(struct record *r)
{
    int64_t least = r->received_at - 10 * 60 * 1000;

    given_number(r, "ended_at", r->proof != PROOF_SERVER && r->at < least ? least : r->at);
}

static int check_end(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    const struct area *held;

    if (tx_query(tx, &rows, e, &sql_duty, ARGS(record_id(r, "duty"))) < 0)
        return -1;
    held = rows_next(&rows) ? area_find(tx_areas(tx), rows_str(&rows, 0)) : NULL;
    if (!area_within(held, area_find(tx_areas(tx), r->area)))
        return err_missing(e, "duty.unknown", "duty");
    if (rows_kind(&rows, 3) != VALUE_NULL)
        return err_set(e, ERR_CONFLICT, "duty.ended");
    give_end(r);
    return may_give(tx, r, rows_str(&rows, 1), held, e);
}

static int apply_end(struct tx *tx, const struct record *r, struct err *e)
{
    return end_duty(tx, r, record_id(r, "duty"), given_int(r, "ended_at"), e);
}

static const struct field by_itself_fields[] = {
    { "duty", FIELD_ID, .required = true, .words = "责任" },
    { 0 },
};

/* It ends on its day, however late the record comes. */
static int check_lapsed(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (tx_query(tx, &rows, e, &sql_duty, ARGS(record_id(r, "duty"))) < 0)
        return -1;
    given_number(r, "until", rows_next(&rows) && rows_int(&rows, 2) ? rows_int(&rows, 2) : r->at);
    return 0;
}

static int apply_begun(struct tx *tx, const struct record *r, struct err *e)
{
    return core_duty_begin(tx, record_id(r, "duty"), e);
}

static int apply_lapsed(struct tx *tx, const struct record *r, struct err *e)
{
    return end_duty(tx, r, record_id(r, "duty"), given_int(r, "until"), e);
}

/* ---- handing over ------------------------------------------------------------------------------ */

static const struct field handover_fields[] = {
    { "from", FIELD_ID, .required = true, .words = "移交人" },
    { "to", FIELD_ID, .required = true, .words = "接收人" },
    { "areas", FIELD_AREA, .list = true, .items = 100, .words = "范围" },
    { "note", FIELD_TEXT, .max = 500, .words = "交接说明" },
    { 0 },
};

/* At or below the record's area and, when areas are named, at or below one of them. */
static bool is_handed(struct tx *tx, const struct record *r, const struct area *held)
{
    const struct json *areas = record_json(r, "areas");
    bool handed = json_count(areas) == 0;

    for (size_t i = 0; i < json_count(areas) && !handed; i++)
        handed = area_within(held, area_find(tx_areas(tx), json_str(json_at(areas, i))));
    return handed && area_within(held, area_find(tx_areas(tx), r->area));
}

/* One of the duties handed over, as apply needs it; the new one's id is hashed from the record and the old. */
static struct json *handed(const struct rows *rows)
{
    struct json *one = json_map();

    json_set(one, "duty", json_id(rows_id(rows, 0)));
    json_set(one, "area", json_text(rows_str(rows, 1)));
    json_set(one, "role", json_text(rows_str(rows, 2)));
    if (rows_kind(rows, 3) != VALUE_NULL)
        json_set(one, "household", json_id(rows_id(rows, 3)));
    if (rows_int(rows, 4))
        json_set(one, "deputy", json_bool(true));
    json_set(one, "since", json_number(rows_int(rows, 5)));
    json_set(one, "until", json_number(rows_int(rows, 6)));
    return one;
}

static const struct area *village_of(const struct area *a)
{
    while (a && a->level > LEVEL_VILLAGE)
        a = a->parent;
    return a;
}

/*
 * What one does at doors one may hand on oneself, to whoever may do as much at other doors of the village already:
 * nobody is made more by it than the office made him.
 */
static int may_hand(struct tx *tx, const struct record *r, struct str role, const struct area *area, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    const struct area *village = village_of(area), *held;

    if (tx_query(tx, &rows, e, &sql_held, ARGS(record_id(r, "to"), r->received_at)) < 0)
        return -1;
    while (rows_next(&rows)) {
        held = village_of(area_find(tx_areas(tx), rows_str(&rows, 1)));
        if (held && held == village && rows_int(&rows, 5) <= r->received_at && (rights_of(role) & ~rights_of(rows_str(&rows, 2))) == 0)
            return 0;
    }
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    err_field(e, "duty.stranger", "to");
    e->kind = ERR_DENIED;
    return -1;
}

static bool at_doors(struct str role)
{
    return str_is(role, "grid_worker") || str_is(role, "grid_head") || str_is(role, "centre_head");
}

static int check_handover(struct tx *tx, struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(json_done) struct json *duties = json_list();
    bool office;

    if (id_eq(record_id(r, "from"), record_id(r, "to")))
        return err_field(e, "duty.same", "to");
    if (must_know_worker(tx, r, "to", e) < 0 || tx_may(tx, r, RIGHT_DUTIES, area_find(tx_areas(tx), r->area), &office, e) < 0 ||
        tx_query(tx, &rows, e, &sql_held, ARGS(record_id(r, "from"), r->at)) < 0)
        return -1;
    while (rows_next(&rows)) {
        const struct area *held = area_find(tx_areas(tx), rows_str(&rows, 1));
        struct str role = rows_str(&rows, 2);
        if (!held || !is_handed(tx, r, held) || (!office && !at_doors(role)))
            continue;
        if ((office ? may_give(tx, r, role, held, e) : may_hand(tx, r, role, held, e)) < 0)
            return -1;
        json_add(duties, handed(&rows));
    }
    if (!json_count(duties))
        return err_missing(e, "duty.none", "from");
    if (json_count(duties) > MOST_HANDED)
        return err_field(e, "duty.many", "areas");
    give_end(r);
    json_set(r->given, "duties", duties);
    duties = NULL;
    return 0;
}

static int apply_handover(struct tx *tx, const struct record *r, struct err *e)
{
    int64_t at = given_int(r, "ended_at");
    struct item one;

    for (size_t i = 0; (one.map = json_at(json_get(r->given, "duties"), i)); i++) {
        struct id old = item_id(&one, "duty");
        int64_t since = item_number(&one, "since");
        struct duty d = { .id = id_make("duty.handover", id_bytes(&r->id), id_bytes(&old)), .worker = record_id(r, "to"),
                          .household = item_id(&one, "household"), .deputy = item_number(&one, "deputy") != 0,
                          .since = since > at ? since : at, .until = item_number(&one, "until") };
        copy_text(d.area, sizeof d.area, item_text(&one, "area"));
        copy_text(d.role, sizeof d.role, item_text(&one, "role"));
        if (end_duty(tx, r, old, at, e) < 0 || put_duty(tx, r, &d, e) < 0 ||
            tx_run(tx, e, &sql_add_handed, ARGS(r->id, item_text(&one, "area"), record_id(r, "from"), d.worker, at), NULL) < 0)
            return -1;
    }
    return 0;
}

static const struct record_type records[] = {
    { "duty.organisation", RIGHT_DUTIES, organisation_fields, check_organisation, apply_organisation, .command = RECORD_COMMAND,
      .aside = true, .words = "登记单位" },
    { "duty.worker", RIGHT_DUTIES, worker_fields, check_worker, apply_worker, .command = RECORD_COMMAND, .subject = "worker",
      .aside = true, .words = "登记工作人员" },
    { "duty.assign", RIGHT_DUTIES, assign_fields, check_assign, apply_assign, .command = RECORD_COMMAND, .aside = true, .words = "包干" },
    { "duty.end", RIGHT_DUTIES, end_fields, check_end, apply_end, .command = RECORD_COMMAND, .aside = true, .words = "解除责任" },
    { "duty.handover", RIGHT_DUTIES, handover_fields, check_handover, apply_handover, .command = RECORD_COMMAND, .own = "from",
      .aside = true, .words = "移交" },
    { "duty.begun", RIGHT_SYSTEM, by_itself_fields, NULL, apply_begun, .aside = true, .words = "责任生效" },
    { "duty.lapsed", RIGHT_SYSTEM, by_itself_fields, check_lapsed, apply_lapsed, .aside = true, .words = "责任到期" },
    { 0 },
};

/* ---- questions ------------------------------------------------------------------------------------ */

/*
 * Each hole at its own level only.  A village and below shows areas and
 * households; above, a thousand villages' households are asked for by kind.
 */
static int prepare_unowned(struct ask *ask, struct err *e)
{
    struct str kind = ask->text_of[0];

    if (kind.len && !str_is(kind, "area") && !str_is(kind, "household"))
        return err_field(e, "field.code", "kind");
    bool homes = kind.len ? str_is(kind, "household") : ask->area->level >= LEVEL_VILLAGE;
    if (homes && !who_may(ask->who, ask->areas, RIGHT_LISTS, ask->area, time_now()))
        homes = false;                  /* households are a list; the areas are figures */
    ask->args[2] = value_bool(!str_is(kind, "household"));       /* $3 and $4: which of the two are wanted */
    ask->args[3] = value_bool(homes);
    return 0;
}

/* A worker's name and duty phone are open to whoever is signed in. */
static const struct sealed_column person[] = {
    { "name", "_boxes", "name", MASK_OPEN },
    { "phone", "_boxes", "phone", MASK_OPEN },
    { 0 },
};

static const struct param chain_params[] = {
    { "household", FIELD_ID },
    { "now", FIELD_TIME, .from = PARAM_NOW },
    { 0 },
};
static const struct param unowned_params[] = {
    { "kind", FIELD_TEXT },
    { "households", FIELD_BOOL, .from = PARAM_SET },
    { 0 },
};
static const struct param mine_params[] = {
    { "worker", FIELD_ID, .from = PARAM_WORKER },
    { "now", FIELD_TIME, .from = PARAM_NOW },
    { 0 },
};
static const struct param now_params[] = {
    { "now", FIELD_TIME, .from = PARAM_NOW },
    { 0 },
};
static const struct query queries[] = {
    { "chain", RIGHT_SIGNED_IN, .sql = &sql_chain, .params = chain_params, .sealed = person, .bundle = BUNDLE_TAGGED,
      .words = "责任链" },
    { "unowned", RIGHT_FIGURES, .sql = &sql_unowned, .params = unowned_params, .keys = "tiib", .prepare = prepare_unowned,
      .words = "无人负责" },
    { "mine", RIGHT_SIGNED_IN, .everywhere = true, .sql = &sql_mine, .params = mine_params, .words = "我的责任" },
    { "held", RIGHT_FIGURES, .sql = &sql_held_here, .params = now_params, .sealed = person, .words = "在岗责任" },
    { "workers", RIGHT_LISTS, .sql = &sql_workers, .params = now_params, .sealed = person, .keys = "tb", .words = "工作人员" },
    { "takers", RIGHT_SIGNED_IN, .sql = &sql_takers, .params = now_params, .sealed = person, .words = "可以接手的人" },
    { "handed", RIGHT_FIGURES, .sql = &sql_handed, .sealed = person, .keys = "ibti", .words = "移交记录" },
    { "organisations", RIGHT_SIGNED_IN, .sql = &sql_organisations, .keys = "tb", .words = "单位" },
    { 0 },
};

static const struct sql *const schema[] = { &sql_schema, &sql_schema_handed, &sql_schema_handed_area };

/* How a signed-in worker is greeted. */
static int name_of(struct core *c, struct store *s, struct id worker, struct buf *out, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err ignored = { 0 };

    if (store_query(s, &rows, &sql_name_of, ARGS(worker), e) < 0)
        return -1;
    if (rows_next(&rows)) {
        CLEANUP(json_done) struct json *open = core_open_boxes(c, rows_str(&rows, 0), rows_str(&rows, 1), SEAL_REGISTER, &ignored);
        buf_str(out, json_str(json_get(open, "name")));
    }
    return store_failed(s, e);
}

const struct feature feature_duty = { "duty", "责任", COUNT_OF(schema), schema, .records = records, .queries = queries, .name_of = name_of };
