/*
 * form.c - a round's questions, and whether answers fit them.
 *
 * A round names a questionnaire of the profile, or says its own questions: a
 * list of them, or {"items":[…]}.  Answers are held against them by the rules
 * the phone has (ui/form.ts; test/story/form.mjs): the type, the options or code list, the
 * bounds, and that a question is shown at all, which an earlier answer of the
 * same visit decides.  Nothing is refused for what is not answered, required or
 * not: what was told at the door is a fact, and the phone asks for the rest.
 * Answers older than the questions, or to a name the profile does not know any
 * more, were given to others and are kept as they are.
 */
#include "form.h"

#include <stdio.h>

#include "form.sql.h"

enum { QUESTIONS_MOST = 100 };    /* as many answers as a visit has */
enum { TEXT_MOST = 200 };         /* characters, where a question says nothing else */

/* ==== a round's own questions ====================================================== */

static const struct json *items_of(const struct json *form)
{
    return json_kind(form) == JSON_MAP ? json_get(form, "items") : form;
}

static const struct json *item_named(const struct json *items, size_t before, struct str name)
{
    for (size_t i = 0; i < before; i++)
        if (str_eq(json_str(json_get(json_at(items, i), "item")), name))
            return json_at(items, i);
    return NULL;
}

static bool known_type(struct str type)
{
    static const char *const types[] = { "bool", "code", "number", "text", "day", "temp" };

    for (size_t i = 0; i < COUNT_OF(types); i++)
        if (str_is(type, types[i]))
            return true;
    return false;
}

static bool in_options(const struct json *options, struct str code)
{
    for (size_t i = 0; i < json_count(options); i++)
        if (str_eq(json_str(json_get(json_at(options, i), "code")), code))
            return true;
    return false;
}

struct name {
    char text[64];
};

/* Ended, empty when it is longer than any of ours. */
static struct name name_of(struct str s)
{
    struct name n = { { 0 } };

    memcpy(n.text, s.at ? s.at : "", s.len < sizeof n.text ? s.len : 0);
    return n;
}

static const struct json *list_named(const struct json *codes, struct str name)
{
    return json_get(codes, name_of(name).text);
}

static bool question_well(const struct json *items, size_t i, const struct json *codes)
{
    const struct json *q = json_at(items, i), *show = json_get(q, "show"), *options = json_get(q, "options");
    struct str name = json_str(json_get(q, "item")), type = json_str(json_get(q, "type")), list = json_str(json_get(q, "codes"));

    if (!name.len || name.len > 60 || item_named(items, i, name) || !known_type(type) || !json_str(json_get(q, "zh")).len ||
        !json_str(json_get(q, "en")).len)
        return false;
    for (size_t k = 0; k < json_count(options); k++)
        if (!json_str(json_get(json_at(options, k), "code")).len)
            return false;
    if (list.len ? !list_named(codes, list) : str_is(type, "code") && !json_count(options))
        return false;
    if (json_get(q, "min") && json_get(q, "max") && json_int(json_get(q, "min")) > json_int(json_get(q, "max")))
        return false;
    return !show || (item_named(items, i, json_str(json_get(show, "item"))) && json_get(show, "is"));
}

static int wrong(struct err *e, const char *key, const char *list, size_t i, const char *part)
{
    char field[40];

    snprintf(field, sizeof field, "%s[%zu]%s", list, i, part);
    return err_field(e, key, field);
}

int form_check(struct tx *tx, const struct record *r, struct err *e)
{
    const struct json *form = record_json(r, "questionnaire"), *items = items_of(form);
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(json_done) struct json *known = NULL;
    bool named = json_kind(form) == JSON_TEXT;

    if (!form)
        return 0;
    if (tx_query(tx, &rows, e, &sql_profile, NO_ARGS) < 0)
        return -1;
    if (rows_next(&rows) && json_parse(rows_str(&rows, named ? 0 : 1), &json_own, &known, e) < 0)
        return -1;
    if (store_failed(tx_store(tx), e) < 0)
        return -1;
    if (named)
        return json_str(form).len && list_named(known, json_str(form)) ? 0 : err_field(e, "screening.questionnaire", "questionnaire");
    if (json_kind(items) != JSON_LIST || json_count(items) == 0 || json_count(items) > QUESTIONS_MOST)
        return err_field(e, "screening.questionnaire", "questionnaire");
    for (size_t i = 0; i < json_count(items); i++)
        if (!question_well(items, i, known))
            return wrong(e, "screening.questionnaire", "questionnaire", i, "");
    return 0;
}

/* ==== answers ========================================================================= */

static bool within(const struct json *q, int64_t n, int64_t least, int64_t most)
{
    const struct json *min = json_get(q, "min"), *max = json_get(q, "max");

    return n >= (min ? json_int(min) : least) && n <= (max ? json_int(max) : most);
}

static bool fits(struct core *c, const struct json *q, const struct json *value)
{
    struct str type = json_str(json_get(q, "type")), text = json_str(value), list = json_str(json_get(q, "codes"));
    int64_t day;

    if (str_is(type, "bool"))
        return json_kind(value) == JSON_BOOL;
    if (str_is(type, "number"))
        return json_kind(value) == JSON_NUMBER && within(q, json_int(value), INT64_MIN, INT64_MAX);
    if (!text.at)
        return false;
    if (str_is(type, "day"))
        return day_parse(text, &day);
    if (str_is(type, "text"))
        return within(q, (int64_t)utf8_count(text), 1, TEXT_MOST);
    if (json_count(json_get(q, "options")))
        return in_options(json_get(q, "options"), text);
    return core_code_known(c, name_of(list).text, text);
}

/* The answer to this item among the first n, NULL: none. */
static const struct json *answer_to(const struct json *answers, size_t n, struct str item)
{
    const struct json *one = item_named(answers, n, item);

    return one ? json_get(one, "value") : NULL;
}

static int hold(struct tx *tx, const struct record *r, const struct json *items, struct err *e)
{
    const struct json *answers = record_json(r, "answers");
    size_t n = json_count(answers);

    for (size_t i = 0; i < n; i++) {
        const struct json *answer = json_at(answers, i);
        struct str item = json_str(json_get(answer, "item"));
        const struct json *q = item_named(items, json_count(items), item), *show = json_get(q, "show");
        const struct json *before = show ? answer_to(answers, n, json_str(json_get(show, "item"))) : NULL;
        bool shown = !show || (before && json_equal(before, json_get(show, "is")));
        if (!q || !shown || str_is(json_str(json_get(q, "type")), "temp") || answer_to(answers, i, item))
            return wrong(e, "screening.answer_item", "answers", i, ".item");
        if (!fits(tx_core(tx), q, json_get(answer, "value")))
            return wrong(e, "screening.answer_value", "answers", i, ".value");
    }
    return 0;
}

int form_answers(struct tx *tx, const struct record *r, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    CLEANUP(json_done) struct json *form = NULL;
    CLEANUP(json_done) struct json *all = NULL;

    if (json_count(record_json(r, "answers")) == 0)
        return 0;
    if (tx_query(tx, &rows, e, &sql_form, ARGS(record_id(r, "round"))) < 0)
        return -1;
    if (!rows_next(&rows) || rows_kind(&rows, 0) == VALUE_NULL)
        return store_failed(tx_store(tx), e);
    if (stamp_at(rows_str(&rows, 1)) > r->at)
        return 0;
    if (json_parse(rows_str(&rows, 0), &json_own, &form, e) < 0)
        return -1;
    if (json_kind(form) != JSON_TEXT)
        return hold(tx, r, items_of(form), e);
    if (rows_kind(&rows, 2) == VALUE_NULL || rows_int(&rows, 3) > r->at)
        return 0;
    if (json_parse(rows_str(&rows, 2), &json_own, &all, e) < 0)
        return -1;
    const struct json *named = list_named(all, json_str(form));
    return named ? hold(tx, r, items_of(named), e) : 0;
}
