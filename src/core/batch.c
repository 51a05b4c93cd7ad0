/*
 * batch.c - handing in: from bytes or by hand to a batch, and from its results to an answer.
 *
 * Whoever hands in a batch parses it and checks its shape on their own thread.
 * What is wrong with one record becomes that record's result; it never holds
 * back the others.
 *
 * A record that its maker's device has marked is a text of its own, so that the
 * very bytes can be proved.  It counts as its maker's, whoever hands it in.  The
 * clock of a batch is that of the phone that sends it: it corrects the times of
 * whoever sends, and says nothing of another phone's.  What that one made keeps
 * the time it says, but for one still to come, which becomes the moment of
 * arrival: nobody who hands it in could mend it.
 */
#include "core/own.h"

#include <stdlib.h>

static const int64_t earliest_at = 946684800000;        /* year 2000: no corrected time is earlier */
static const int64_t ahead_ms = 10 * 60 * 1000;         /* a maker's clock may be ahead by so much */
enum { LEFT_MOST = 1000000 };                            /* records that may wait on a device */

static struct json_limits limits_now(void)
{
    return (struct json_limits){ (size_t)setting_number("max_body"), (size_t)setting_number("max_depth"), (size_t)setting_number("max_text"),
                                 (size_t)setting_number("max_nodes") };
}

struct batch *core_batch_new(struct core *c, const struct who *who, int64_t received_at)
{
    struct batch_own *b = mem_take(sizeof *b);

    b->core = c;
    b->who = *who;
    b->who.duties = NULL;         /* looked up by the writer, who knows today's */
    b->who.duty_count = 0;
    b->received_at = received_at;
    b->open.own = b;
    return &b->open;
}

void core_batch_free(struct batch *b)
{
    if (!b)
        return;
    free(b->own->entries);
    free(b->results);
    arena_done(&b->own->mem);
    free(b->own);
}

static void batch_done(struct batch **b)
{
    core_batch_free(*b);
}

static struct entry *entry_add(struct batch_own *b)
{
    if (b->open.count == b->room) {
        b->room = b->room ? b->room * 2 : 4;
        b->entries = mem_resize(b->entries, b->room, sizeof *b->entries);
        b->open.results = mem_resize(b->open.results, b->room, sizeof *b->open.results);
    }
    struct entry *it = &b->entries[b->open.count];
    memset(it, 0, sizeof *it);
    memset(&b->open.results[b->open.count], 0, sizeof *b->open.results);
    it->batch = b;
    it->order = b->open.count++;
    it->maker = b->who.worker;
    return it;
}

struct result *entry_result(struct entry *it)
{
    return &it->batch->open.results[it->order];
}

void entry_refuse(struct entry *it, const struct err *e)
{
    struct result *r = entry_result(it);

    r->status = RESULT_REFUSED;
    r->err = *e;
}

static struct str written(const struct json *tree, struct arena *mem)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    json_write(tree, &text);
    return arena_str(mem, buf_view(&text));
}

static int is_findable(void *found, enum seal_find find, struct str text, struct err *e)
{
    (void)find, (void)text, (void)e;
    *(bool *)found = true;
    return 0;
}

void entry_split(struct entry *it)
{
    const struct field *fields = it->kind->type->fields;
    struct arena *mem = &it->batch->mem;

    it->clear = fields_clear(fields, it->values);
    it->body = written(it->clear, mem);
    (void)!fields_findable(fields, it->values, is_findable, &it->findable, NULL);
    for (enum seal_class class = SEAL_OPEN + 1; class < SEAL_CLASSES; class++) {
        const struct json *shadow = fields_shadow(fields, it->values, class);
        it->shadows[class] = shadow ? written(shadow, mem) : (struct str){ 0 };
    }
}

/* Shape and time of one record; what is wrong becomes its result. */
static int entry_shape(struct entry *it, struct str type, const struct json *body, struct err *e)
{
    struct batch_own *b = it->batch;

    it->kind = core_kind(b->core, type);
    if (!it->kind)
        return err_field(e, "record.type", "type");
    if (!it->area.len || it->area.len >= LEDGER_NAME - 8)
        return err_field(e, "record.area", "area");
    if (it->at <= 0)
        return err_field(e, "record.at", "at");
    if (!id_eq(it->maker, b->who.worker) && it->marked)
        it->corrected = it->at < b->received_at ? it->at : b->received_at;
    else
        it->corrected = b->now ? it->at + (b->received_at - b->now) : it->at;
    if (it->corrected < earliest_at)
        return err_field(e, "record.at", "at");
    if (it->corrected > b->received_at + ahead_ms)
        return err_field(e, "clock.ahead", "at");
    if (fields_read(b->core, it->kind->type->fields, body, &it->values, e) < 0)
        return -1;
    if (!it->kind->areas)         /* on the thread of whoever hands it in: the writer has enough to do */
        entry_split(it);
    return 0;
}

void core_batch_add(struct batch *b, struct id id, const char *type, struct str area, int64_t at, struct json *values)
{
    struct entry *it = entry_add(b->own);
    JSON_HOME(&b->own->mem);
    struct err e = { 0 };

    it->id = id;
    entry_result(it)->id = id;
    it->area = arena_str(&b->own->mem, area);
    it->at = at;
    if (entry_shape(it, str_of(type), values, &e) < 0)
        entry_refuse(it, &e);
    json_free(values);
}

/* A worker's id; absent and null say nothing. */
static bool id_read(const struct json *in, const char *name, struct id *out)
{
    const struct json *value = json_get(in, name);

    return json_kind(value) == JSON_NONE || json_kind(value) == JSON_NULL_VALUE || (id_parse(json_str(value), out) && !id_none(*out));
}

static int entry_id(struct entry *it, const struct json *in, struct err *e)
{
    if (json_kind(in) != JSON_MAP)
        return err_field(e, "record.map", "");
    /* Version 8 is what the server hashes for alarms and deliveries: nobody else takes such an id. */
    if (!id_parse(json_str(json_get(in, "id")), &it->id) || id_none(it->id) || it->id.b[6] >> 4 == 8)
        return err_field(e, "record.id", "id");
    entry_result(it)->id = it->id;
    return 0;
}

static int entry_rest(struct entry *it, const struct json *in, struct err *e)
{
    if (!id_read(in, "for", &it->for_whom))
        return err_field(e, "record.for", "for");
    it->area = arena_str(&it->batch->mem, json_str(json_get(in, "area")));
    it->at = json_kind(json_get(in, "at")) == JSON_NUMBER ? json_int(json_get(in, "at")) : 0;
    if (it->at > LATEST_AT)
        return err_field(e, "record.at", "at");
    return entry_shape(it, json_str(json_get(in, "type")), json_get(in, "body"), e);
}

/* Values and keys, as the limits count them. */
static size_t nodes_of(const struct json *j)
{
    size_t n = 1;

    for (size_t i = 0; json_kind(j) == JSON_LIST && i < json_count(j); i++)
        n += nodes_of(json_at(j, i));
    for (void *it = json_kind(j) == JSON_MAP ? json_first(j) : NULL; it; it = json_next(j, it))
        n += 1 + nodes_of(json_value(it));
    return n;
}

/* A text within the batch, under the limits that hold for all of it together. */
static int inner_parse(struct batch_own *b, struct str text, struct json **out, struct err *e)
{
    struct json_limits limits = limits_now();

    limits.nodes = b->nodes;
    if (!b->nodes)
        return err_set(e, ERR_INVALID, "json.many");
    if (json_parse(text, &limits, out, e) < 0)
        return -1;
    size_t n = nodes_of(*out);
    b->nodes -= n < b->nodes ? n : b->nodes;
    return 0;
}

/* {"text","device","mac"}: who made it is proved by the device, and said by nobody. */
static int entry_marked(struct entry *it, const struct json *in, struct err *e)
{
    struct str text = json_str(json_get(in, "text"));
    struct json *told = NULL;
    struct id device;

    if (!text.at)
        return err_field(e, "field.text", "text");
    if (inner_parse(it->batch, text, &told, e) < 0 || entry_id(it, told, e) < 0)
        return -1;
    if (!id_parse(json_str(json_get(in, "device")), &device))
        return err_set(e, ERR_MISSING, "device.unknown");
    if (seal_device_signed(it->batch->core->seal, device, text, json_str(json_get(in, "mac")), &it->maker, e) < 0)
        return -1;
    it->marked = true;
    if (json_get(told, "maker"))
        return err_field(e, "record.maker", "maker");
    return entry_rest(it, told, e);
}

static int entry_read(struct entry *it, const struct json *in, struct err *e)
{
    if (json_get(in, "text"))
        return entry_marked(it, in, e);
    if (entry_id(it, in, e) < 0)
        return -1;
    if (!id_read(in, "maker", &it->maker))
        return err_field(e, "record.maker", "maker");
    return entry_rest(it, in, e);
}

/* {"text","device","mac"} sealed for us. */
static int entry_parcel(struct entry *it, const struct json *in, struct err *e)
{
    CLEANUP(buf_done) struct buf bytes = { 0 };
    CLEANUP(buf_done) struct buf plain = { .secret = true };
    struct json *told = NULL;

    if (!base64_read(&bytes, json_str(in)))
        return err_set(e, ERR_INVALID, "parcel.bad");
    if (seal_parcel_open(it->batch->core->seal, buf_view(&bytes), &plain, e) < 0 || inner_parse(it->batch, buf_view(&plain), &told, e) < 0)
        return -1;
    return entry_marked(it, told, e);
}

static const struct form {        /* of a body: a list of what */
    const char *list;
    int (*read)(struct entry *it, const struct json *in, struct err *e);
    size_t text;                  /* a text in it may be so many times as long: base64 of JSON in JSON */
} form_records = { "records", entry_read, 1 }, form_parcels = { "parcels", entry_parcel, 3 };

/* "left", "oldest": what waits on the device after this; its clock is put right as that of its records is. */
static int left_read(struct batch *b, const struct json *doc, int64_t now, int64_t received_at, struct err *e)
{
    const struct json *left = json_get(doc, "left"), *oldest = json_get(doc, "oldest");
    int64_t at = json_int(oldest) + (now ? received_at - now : 0);

    if (!left)
        return 0;
    if (json_kind(left) != JSON_NUMBER || json_int(left) < 0 || json_int(left) > LEFT_MOST)
        return err_field(e, "body.left", "left");
    if (oldest ? json_kind(oldest) != JSON_NUMBER || json_int(oldest) <= 0 || json_int(oldest) > LATEST_AT : json_int(left) > 0)
        return err_field(e, "body.left", "oldest");
    b->told = true;
    if (json_int(left))
        b->left = (struct seal_left){ json_int(left), at < earliest_at ? earliest_at : at < received_at ? at : received_at };
    return 0;
}

static int body_read(struct core *c, const struct form *form, const struct who *who, struct str body, struct batch **out, struct err *e)
{
    struct json_limits limits = limits_now();
    CLEANUP(batch_done) struct batch *b = core_batch_new(c, who, time_now());
    JSON_HOME(&b->own->mem);
    struct json *doc = NULL;

    limits.text *= form->text;
    if (json_parse(body, &limits, &doc, e) < 0)
        return -1;
    const struct json *records = json_get(doc, form->list), *now = json_get(doc, "now");
    if (json_kind(doc) != JSON_MAP || json_kind(records) != JSON_LIST)
        return err_field(e, "body.records", form->list);
    if (now && (json_kind(now) != JSON_NUMBER || json_int(now) <= 0 || json_int(now) > LATEST_AT))
        return err_field(e, "body.now", "now");
    if (json_count(records) > (size_t)setting_number("max_records"))
        return err_field(e, "body.many", form->list);

    if (left_read(b, doc, json_int(now), b->own->received_at, e) < 0)
        return -1;
    size_t nodes = nodes_of(doc);
    b->own->now = json_int(now);
    b->own->nodes = limits.nodes > nodes ? limits.nodes - nodes : 0;
    for (size_t i = 0; i < json_count(records); i++) {
        struct entry *it = entry_add(b->own);
        struct err wrong = { 0 };
        if (form->read(it, json_at(records, i), &wrong) < 0)
            entry_refuse(it, &wrong);
    }
    *out = b;
    b = NULL;
    return 0;
}

int core_batch_read(struct core *c, const struct who *who, struct str body, struct batch **out, struct err *e)
{
    return body_read(c, &form_records, who, body, out, e);
}

int core_parcels_read(struct core *c, const struct who *who, struct str body, struct batch **out, struct err *e)
{
    return body_read(c, &form_parcels, who, body, out, e);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void error_out(struct out *o, const struct err *e)
{
    out_key(o, "error");
    out_open(o, '{');
    out_key(o, "key"), out_text(o, str_of(e->key));
    if (e->field[0])
        out_key(o, "field"), out_text(o, str_of(e->field));
    if (e->again)
        out_key(o, "again"), out_bool(o, true);
    out_close(o, '}');
}

void core_batch_answer(const struct batch *b, struct buf *to)
{
    static const char *const words[] = { "waiting", "stored", "repeated", "refused" };
    struct out o = { .to = to };

    out_open(&o, '{');
    out_key(&o, "results");
    out_open(&o, '[');
    for (size_t i = 0; i < b->count; i++) {
        const struct result *r = &b->results[i];
        out_open(&o, '{');
        out_key(&o, "id");
        out_maybe_id(&o, r->id);
        out_key(&o, "status"), out_text(&o, str_of(words[r->status]));
        if (r->status == RESULT_REFUSED) {
            error_out(&o, &r->err);
        } else {
            out_key(&o, "ledger"), out_text(&o, str_of(r->ledger));
            out_key(&o, "position"), out_int(&o, r->position);
            out_key(&o, "safe"), out_int(&o, r->safe);
            out_key(&o, "digest"), out_hex(&o, (struct str){ (const char *)r->digest, LEDGER_DIGEST });
        }
        out_close(&o, '}');
    }
    out_close(&o, ']');
    out_close(&o, '}');
}
