/*
 * meta.c - what there is, said by the tables themselves: record types, fields, questions.
 */
#include "core/own.h"

static const char *const kinds[] = {
    [FIELD_ID] = "id", [FIELD_AREA] = "area", [FIELD_NUMBER] = "number", [FIELD_TEXT] = "text", [FIELD_CODE] = "code",
    [FIELD_DAY] = "day", [FIELD_TIME] = "time", [FIELD_BOOL] = "bool", [FIELD_GROUP] = "group", [FIELD_DATA] = "data",
};
const char *const class_words[] = { "open", "register", "health", "movement" };
const char *const mask_words[] = {
    [MASK_OPEN] = "open", [MASK_NAME] = "name", [MASK_PHONE] = "phone", [MASK_ID] = "id", [MASK_TEXT] = "text", [MASK_OMIT] = "omit",
};

static void words_out(struct out *o, const char *words)
{
    if (words)
        out_key(o, "words"), out_text(o, str_of(words));
}

static void fields_out(struct out *o, const struct field *fields)
{
    out_key(o, "fields");
    out_open(o, '[');
    for (const struct field *f = fields; f && f->name; f++) {
        out_open(o, '{');
        out_key(o, "name"), out_text(o, str_of(f->name));
        out_key(o, "kind"), out_text(o, str_of(kinds[f->kind]));
        if (f->required)
            out_key(o, "required"), out_bool(o, true);
        if (f->list)
            out_key(o, "list"), out_int(o, f->items ? (int64_t)f->items : 100);
        if (f->min || f->max)
            out_key(o, "min"), out_int(o, f->min), out_key(o, "max"), out_int(o, f->max);
        if (f->codes)
            out_key(o, "codes"), out_text(o, str_of(f->codes));
        if (f->unit)
            out_key(o, "unit"), out_text(o, str_of(f->unit));
        out_key(o, "class"), out_text(o, str_of(class_words[f->seal]));
        words_out(o, f->words);
        if (f->fields)
            fields_out(o, f->fields);
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void record_out(struct out *o, const struct record_type *t)
{
    out_open(o, '{');
    out_key(o, "type"), out_text(o, str_of(t->name));
    out_key(o, "right"), out_text(o, str_of(right_name(t->right)));
    out_key(o, "command"), out_bool(o, t->command != 0);
    if (t->own)
        out_key(o, "own"), out_text(o, str_of(t->own));
    words_out(o, t->words);
    fields_out(o, t->fields);
    out_close(o, '}');
}

/* Columns opened from boxes, and how they look to who may not see the row open. */
static void sealed_out(struct out *o, const struct sealed_column *sealed)
{
    out_key(o, "sealed");
    out_open(o, '[');
    for (const struct sealed_column *c = sealed; c && c->name; c++) {
        out_open(o, '{');
        out_key(o, "name"), out_text(o, str_of(c->name));
        out_key(o, "class"), out_text(o, str_of(class_words[c->class ? c->class : SEAL_REGISTER]));
        out_key(o, "mask"), out_text(o, str_of(mask_words[c->mask]));
        out_close(o, '}');
    }
    out_close(o, ']');
}

static const char *const bundles[] = { [BUNDLE_NONE] = NULL, [BUNDLE_ROWS] = "rows", [BUNDLE_STATES] = "states", [BUNDLE_TAGGED] = "tagged" };

static void query_out(struct out *o, const struct query *q)
{
    out_open(o, '{');
    out_key(o, "name"), out_text(o, str_of(q->name));
    out_key(o, "right"), out_text(o, str_of(right_name(q->right)));
    out_key(o, "area"), out_bool(o, !q->everywhere);
    out_key(o, "paged"), out_bool(o, q->keys != NULL);
    out_key(o, "bundle"), out_text(o, str_of(bundles[q->bundle]));
    words_out(o, q->words);
    out_key(o, "params");
    out_open(o, '[');
    for (const struct param *p = q->params; p && p->name; p++) {
        if (p->from != PARAM_ASKED)
            continue;
        out_open(o, '{');
        out_key(o, "name"), out_text(o, str_of(p->name));
        out_key(o, "kind"), out_text(o, str_of(kinds[p->kind]));
        out_key(o, "required"), out_bool(o, p->required);
        out_close(o, '}');
    }
    out_close(o, ']');
    sealed_out(o, q->sealed);
    out_close(o, '}');
}

/* Today's code lists, as the profile has them; the words to each are in profile/current. */
static void codes_out(struct out *o, struct core *c)
{
    struct code_lists *now = atomic_load(&c->codes);
    const struct json *lists = now ? now->lists : NULL;

    out_key(o, "codes");
    out_open(o, '{');
    for (void *it = json_first(lists); it; it = json_next(lists, it)) {
        out_key(o, json_key(it));
        out_open(o, '[');
        for (void *code = json_first(json_value(it)); code; code = json_next(json_value(it), code))
            out_text(o, str_of(json_key(code)));
        out_close(o, ']');
    }
    out_close(o, '}');
}

void core_meta(struct core *c, struct buf *to)
{
    struct out o = { .to = to };

    out_open(&o, '{');
    out_key(&o, "features");
    out_open(&o, '[');
    for (size_t i = 0; i < c->feature_count; i++) {
        const struct feature *f = c->features[i];
        out_open(&o, '{');
        out_key(&o, "name"), out_text(&o, str_of(f->name));
        words_out(&o, f->words);
        out_key(&o, "records");
        out_open(&o, '[');
        for (const struct record_type *t = f->records; t && t->name; t++)
            record_out(&o, t);
        out_close(&o, ']');
        out_key(&o, "queries");
        out_open(&o, '[');
        for (const struct query *q = f->queries; q && q->name; q++)
            if (!q->reveal)
                query_out(&o, q);
        out_close(&o, ']');
        out_close(&o, '}');
    }
    out_close(&o, ']');
    codes_out(&o, c);
    out_close(&o, '}');
}
