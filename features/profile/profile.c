/*
 * profile.c - hazards as data: thresholds, measures, questionnaires and code lists.
 *
 * A profile is set whole; the later record of a hazard stands.  The profile
 * set last is today's: its thresholds and lists are handed to core, which
 * holds every later record against them.  Lists of an earlier profile stay
 * until one of the same name replaces them, so that old words keep a meaning.
 */
#include "core/core.h"

#include <stdio.h>

#include "profile.sql.h"

/* ---- may it be so ---------------------------------------------------------- */

static int wrong(struct err *e, const char *field, const char *name, size_t i)
{
    char text[80];

    snprintf(text, sizeof text, i == SIZE_MAX ? "%s.%s" : "%s.%s[%zu]", field, name, i);
    return err_field(e, "profile.shape", text);
}

static bool is_word(struct str s, size_t most)
{
    if (!s.len || s.len > most)
        return false;
    for (size_t i = 0; i < s.len; i++)
        if (!((s.at[i] >= 'a' && s.at[i] <= 'z') || (s.at[i] >= '0' && s.at[i] <= '9') || s.at[i] == '_'))
            return false;
    return true;
}

static bool has_text(const struct json *map, const char *key)
{
    return json_str(json_get(map, key)).len > 0;
}

static bool labelled(const struct json *map)
{
    return has_text(map, "zh") && has_text(map, "en");
}

/* A list of {"code","zh","en"}, no code twice.  SIZE_MAX: well; else the item at fault. */
static size_t bad_option(const struct json *list)
{
    for (size_t i = 0; i < json_count(list); i++) {
        struct str code = json_str(json_get(json_at(list, i), "code"));
        if (!is_word(code, 40) || !labelled(json_at(list, i)))
            return i;
        for (size_t j = 0; j < i; j++)
            if (str_eq(code, json_str(json_get(json_at(list, j), "code"))))
                return i;
    }
    return json_count(list) ? SIZE_MAX : 0;
}

static bool one_of(const char *const *words, struct str s)
{
    while (*words && !str_is(s, *words))
        words++;
    return *words != NULL;
}

static bool in_list(const struct json *codes, const char *list, struct str code)
{
    const struct json *items = json_get(codes, list);

    for (size_t i = 0; i < json_count(items); i++)
        if (str_eq(json_str(json_get(json_at(items, i), "code")), code))
            return true;
    return false;
}

static const struct json *item_named(const struct json *items, size_t before, struct str name)
{
    for (size_t i = 0; i < before; i++)
        if (str_eq(json_str(json_get(json_at(items, i), "item")), name))
            return json_at(items, i);
    return NULL;
}

/* An item says what it is called, how it is answered, how closely it is kept, and which earlier answer it waits for. */
static bool item_well(const struct json *items, size_t i, const struct json *codes)
{
    static const char *const types[] = { "bool", "code", "number", "text", "day", NULL };
    static const char *const classes[] = { "open", "register", "health", "movement", NULL };
    const struct json *item = json_at(items, i), *options = json_get(item, "options"), *show = json_get(item, "show");
    struct str name = json_str(json_get(item, "item")), type = json_str(json_get(item, "type"));

    if (!is_word(name, 40) || item_named(items, i, name) || !labelled(item) || !one_of(types, type) ||
        !one_of(classes, json_str(json_get(item, "class"))))
        return false;
    if (str_is(type, "code") && (options ? bad_option(options) != SIZE_MAX : !has_text(item, "codes")))
        return false;
    if (has_text(item, "codes")) {
        char list[64];
        snprintf(list, sizeof list, "%.*s", (int)json_str(json_get(item, "codes")).len, json_str(json_get(item, "codes")).at);
        if (!json_get(codes, list))
            return false;
    }
    if (json_get(item, "min") && json_get(item, "max") && json_int(json_get(item, "min")) > json_int(json_get(item, "max")))
        return false;
    return !show || (item_named(items, i, json_str(json_get(show, "item"))) && json_get(show, "is"));
}

static int check_parts(const struct json *codes, const struct json *thresholds, const struct json *questionnaires, struct err *e)
{
    if (json_kind(codes) != JSON_MAP)
        return err_field(e, "profile.shape", "codes");
    for (void *it = json_first(codes); it; it = json_next(codes, it)) {
        size_t bad = bad_option(json_value(it));
        if (bad != SIZE_MAX || !is_word(str_of(json_key(it)), 40))
            return wrong(e, "codes", json_key(it), bad);
    }
    if (json_kind(thresholds) != JSON_MAP)
        return err_field(e, "profile.shape", "thresholds");
    for (void *it = json_first(thresholds); it; it = json_next(thresholds, it)) {
        const struct json *t = json_value(it);
        if (!is_word(str_of(json_key(it)), 40) || json_kind(json_get(t, "value")) != JSON_NUMBER || !has_text(t, "unit") ||
            !has_text(t, "rule") || !labelled(t))
            return wrong(e, "thresholds", json_key(it), SIZE_MAX);
    }
    if (json_kind(questionnaires) != JSON_MAP)
        return err_field(e, "profile.shape", "questionnaires");
    for (void *it = json_first(questionnaires); it; it = json_next(questionnaires, it)) {
        const struct json *items = json_get(json_value(it), "items");
        if (!is_word(str_of(json_key(it)), 40) || !labelled(json_value(it)) || json_kind(items) != JSON_LIST)
            return wrong(e, "questionnaires", json_key(it), SIZE_MAX);
        for (size_t i = 0; i < json_count(items); i++)
            if (!item_well(items, i, codes))
                return wrong(e, "questionnaires", json_key(it), i);
    }
    return 0;
}

static int check_set(struct tx *tx, struct record *r, struct err *e)
{
    const struct json *codes = record_json(r, "codes"), *measures = record_json(r, "measures");

    const struct area *area = area_find(tx_areas(tx), r->area);
    if (area && area->parent)           /* it is about the whole installation */
        return err_field(e, "profile.root", "area");
    if (!is_word(record_text(r, "hazard"), 40))
        return err_field(e, "profile.shape", "hazard");
    if (check_parts(codes, record_json(r, "thresholds"), record_json(r, "questionnaires"), e) < 0)
        return -1;
    for (size_t i = 0; i < json_count(measures); i++)
        if (!in_list(codes, "measure", json_str(json_at(measures, i)))) {
            char text[80];
            snprintf(text, sizeof text, "measures[%zu]", i);
            return err_field(e, "field.code", text);
        }
    return 0;
}

/* ---- what it changes ----------------------------------------------------------- */

/* {"sex":[{"code":"1",…}]} as core wants it: {"sex":["1"]} */
static struct json *bare_codes(const struct json *codes)
{
    struct json *lists = json_map();

    for (void *it = json_first(codes); it; it = json_next(codes, it)) {
        struct json *list = json_list();
        for (size_t i = 0; i < json_count(json_value(it)); i++)
            json_add(list, json_text(json_str(json_get(json_at(json_value(it), i), "code"))));
        json_set(lists, json_key(it), list);
    }
    return lists;
}

/* All profiles in the order in which they were set, so that core ends with what stands. */
static int hand_over(struct core *c, struct store *s, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, &sql_lists, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        CLEANUP(json_done) struct json *codes = NULL;
        CLEANUP(json_done) struct json *thresholds = NULL;
        CLEANUP(json_done) struct json *bare = NULL;
        if (json_parse(rows_str(&rows, 0), &json_own, &codes, e) < 0 || json_parse(rows_str(&rows, 1), &json_own, &thresholds, e) < 0)
            return -1;
        bare = bare_codes(codes);
        core_codes_put(c, bare);
        core_thresholds_put(c, thresholds);
    }
    return 0;
}

static int apply_set(struct tx *tx, const struct record *r, struct err *e)
{
    int64_t changed = 0;

    if (tx_run(tx, e, &sql_put, ARGS(record_text(r, "hazard"), r->at, record_value(r, "thresholds"), record_value(r, "measures"),
                                     record_value(r, "questionnaires"), record_value(r, "codes"), record_value(r, "retention"),
                                     record_stamp(r)), &changed) < 0)
        return -1;
    return changed ? hand_over(tx_core(tx), tx_store(tx), e) : 0;
}

/* ---- what may be asked ------------------------------------------------------------- */

static int answer_current(struct ask *ask, struct buf *body, char *tag, struct err *e)
{
    static const char *const parts[] = { "thresholds", "measures", "questionnaires", "codes", "retention" };
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(buf_done) struct buf record = { 0 };
    struct out o = { .to = body };

    if (store_query(ask->store, &rows, &sql_current, ARGS(ask->text_of[0]), e) < 0)
        return -1;
    if (!rows_next(&rows))
        return store_failed(ask->store, e) < 0 ? -1 : err_set(e, ERR_MISSING, "profile.unknown");
    out_open(&o, '{');
    out_key(&o, "hazard");
    out_text(&o, rows_str(&rows, 0));
    out_key(&o, "revision");
    out_int(&o, rows_int(&rows, 1));
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        struct str json = rows_str(&rows, 2 + (int)i);
        out_key(&o, parts[i]);
        if (json.at)
            out_raw(&o, json);
        else
            out_null(&o);
    }
    out_close(&o, '}');
    hex_put(&record, rows_str(&rows, 7));
    snprintf(tag, 64, "%s", buf_z(&record));
    return 0;
}

/* ---- what there is -------------------------------------------------------------------- */

static const struct field set_fields[] = {
    { "hazard", FIELD_TEXT, .required = true, .max = 40, .words = "事件类型" },
    { "thresholds", FIELD_DATA, .required = true, .max = 65536, .words = "阈值" },
    { "measures", FIELD_TEXT, .required = true, .list = true, .items = 40, .max = 40, .words = "措施" },
    { "questionnaires", FIELD_DATA, .required = true, .max = 262144, .words = "问卷" },
    { "codes", FIELD_DATA, .required = true, .max = 524288, .words = "代码表" },
    { "retention", FIELD_DATA, .max = 65536, .words = "保存期限" },
    { 0 },
};

static const struct record_type records[] = {
    { "profile.set", RIGHT_SETTINGS, set_fields, check_set, apply_set, .command = RECORD_COMMAND, .words = "设置事件类型" },
    { 0 },
};

static const struct param current_params[] = {
    { "hazard", FIELD_TEXT },
    { 0 },
};
static const struct query queries[] = {
    { "current", RIGHT_SIGNED_IN, .everywhere = true, .params = current_params, .answer = answer_current, .bundle = BUNDLE_TAGGED,
      .words = "现行配置" },
    { 0 },
};

static const struct sql *const schema[] = { &sql_schema };
const struct feature feature_profile = {
    "profile", "事件配置", 1, schema, .records = records, .queries = queries, .opened = hand_over,
};
