/*
 * openapi.c - GET /api/openapi.json: the contract as OpenAPI 3.1.
 *
 * Record types, their fields and bounds, today's codes, the questions with
 * their parameters and columns and the word keys come from the tables that do
 * the work; what is the same for every feature stands here as text.  A test
 * holds the paths and the routes of http together.
 */
#include "core/own.h"

/* ---- what is the same for every feature --------------------------------------------------- */

#define SAID(name) "{\"$ref\":\"#/components/schemas/" name "\"}"
#define MAP(required, properties) "{\"type\":\"object\",\"required\":[" required "],\"properties\":{" properties "}}"
#define LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define TEXT "{\"type\":\"string\"}"
#define ID "{\"type\":\"string\",\"format\":\"uuid\"}"
#define TIME "{\"type\":\"integer\",\"format\":\"int64\",\"description\":\"milliseconds UTC\"}"
#define BOOL "{\"type\":\"boolean\"}"
#define LEFT "\"now\":" TIME ",\"left\":{\"type\":\"integer\",\"minimum\":0},\"oldest\":" TIME ","
#define CODE "{\"type\":\"string\",\"description\":\"eight digits of a card, instead of a password\"}"

#define SESSION \
    "\"face\":{\"enum\":[\"field\",\"command\"]}," \
    "\"worker\":" ID ",\"account\":" TEXT ",\"name\":" TEXT ",\"drill\":" BOOL ",\"until\":" TIME ",\"incarnation\":" ID \
    ",\"office\":{\"type\":\"string\",\"description\":\"base64 of the P-256 point for which parcels are sealed\"},\"duties\":" LIST( \
        MAP("\"area\",\"role\",\"rights\"", "\"area\":" TEXT ",\"name\":{\"type\":[\"string\",\"null\"]},\"level\":{\"type\":\"integer\"}," \
            "\"role\":" TEXT ",\"rights\":" LIST(TEXT) ",\"household\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"deputy\":" BOOL))

static const struct {
    const char *name, *json;
} shared[] = {
    { "problem",
      MAP("\"status\",\"key\"", "\"status\":{\"type\":\"integer\"},\"key\":{\"type\":\"string\",\"description\":\"a word key; see x-wangge-keys\"},"
          "\"field\":{\"type\":\"string\",\"description\":\"the field at fault\"},"
          "\"again\":{\"type\":\"boolean\",\"description\":\"waiting may cure it: the same bytes may be sent again\"}") },
    { "result",
      MAP("\"id\",\"status\"", "\"id\":{\"type\":[\"string\",\"null\"],\"format\":\"uuid\"},\"status\":{\"enum\":[\"stored\",\"repeated\",\"refused\"]},"
          "\"ledger\":" TEXT ",\"position\":{\"type\":\"integer\"},\"safe\":{\"type\":\"integer\"},\"digest\":" TEXT ",\"error\":"
          MAP("\"key\"", "\"key\":" TEXT ",\"field\":" TEXT ",\"again\":" BOOL)) },
    { "marked",
      MAP("\"text\",\"device\",\"mac\"", "\"text\":{\"type\":\"string\",\"description\":\"a record without maker, as its device wrote it\"},\"device\":" ID
          ",\"mac\":{\"type\":\"string\",\"description\":\"the first 16 bytes of HMAC-SHA-256, hexadecimal\"}") },
    { "cursor", "{\"type\":[\"string\",\"null\"],\"description\":\"goes on after this page; null: it was the last\"}" },
};

struct contract {
    const char *path, *method, *words;
    bool open;                    /* without signing in */
    const char *params;           /* list, or NULL */
    const char *body;             /* schema, or NULL */
    const char *answer;           /* schema; NULL: none, 204 */
    const char *type;             /* NULL: application/json */
};

#define PARAM(name, where, required, schema) \
    "{\"name\":\"" name "\",\"in\":\"" where "\",\"required\":" required ",\"schema\":" schema "}"

static const struct contract contracts[] = {
    { "/api/session", "get", "Who is signed in", false, NULL, NULL, MAP("\"worker\",\"account\",\"duties\"", SESSION) },
    { "/api/session", "post", "Sign in; sets a cookie, too, unless `bearer` (`at_doors`: where all duties are). `key` marks what is made here", true, NULL,
      MAP("\"name\"", "\"name\":" TEXT ",\"password\":" TEXT ",\"code\":" CODE ",\"bearer\":{\"enum\":[false,true,\"at_doors\"]}"),
      MAP("\"token\",\"device\",\"key\",\"worker\",\"account\",\"duties\"", "\"token\":" TEXT ",\"device\":" ID ",\"key\":" TEXT "," SESSION) },
    { "/api/session", "delete", "Sign out, with everywhere=1 on every device", false, PARAM("everywhere", "query", "false", "{\"enum\":[\"1\"]}"), NULL, NULL },
    { "/api/account", "post", "Give a worker a way to sign in, or a new password; shown once", false, NULL,
      MAP("\"name\",\"worker\"", "\"name\":" TEXT ",\"worker\":" ID ",\"password\":" TEXT),
      MAP("\"name\",\"password\"", "\"name\":" TEXT ",\"password\":" TEXT) },
    { "/api/card", "post", "Give a worker a card to sign in with, good once; `end` puts out first whoever is signed in as him", false, NULL,
      MAP("\"worker\"", "\"worker\":" ID ",\"end\":" BOOL),
      MAP("\"name\",\"code\",\"until\"", "\"name\":" TEXT ",\"code\":" CODE ",\"until\":" TIME) },
    { "/api/records", "post", "Hand in records; the answer leaves when they are on disk", false, NULL,
      MAP("\"records\"", LEFT "\"records\":" LIST("{\"oneOf\":[" SAID("record") "," SAID("marked") "]}")),
      MAP("\"results\"", "\"results\":" LIST(SAID("result"))) },
    { "/api/parcels", "post", "Hand in marked records that were sealed for the installation (`office`); a result for each, in order", false, NULL,
      MAP("\"parcels\"", LEFT "\"parcels\":" LIST(TEXT)), MAP("\"results\"", "\"results\":" LIST(SAID("result"))) },
    { "/api/reveal", "post", "Open sealed fields of one household, for a purpose, which is recorded", false, NULL,
      MAP("\"household\",\"area\",\"fields\",\"purpose\"", "\"query\":" TEXT ",\"photo\":" ID ",\"household\":" ID ",\"area\":" TEXT ",\"fields\":" LIST(TEXT)
          ",\"purpose\":{\"type\":\"string\",\"minLength\":2,\"maxLength\":120}"),
      MAP("\"rows\"", "\"rows\":" LIST("{\"type\":\"object\"}") ",\"next\":{\"type\":\"null\"}") },
    { "/api/bundle", "get", "What a phone takes along of a village or less; with since, what changed", false,
      PARAM("area", "query", "true", TEXT) "," PARAM("since", "query", "false", TEXT) "," PARAM("tags", "query", "false", TEXT), NULL,
      MAP("\"cursor\",\"whole\",\"touched\",\"tags\",\"parts\",\"ids\"", "\"incarnation\":" ID ",\"area\":" TEXT ",\"ledger\":" TEXT
          ",\"position\":{\"type\":\"integer\"},\"cursor\":" TEXT ",\"whole\":" BOOL ",\"touched\":" LIST(ID)
          ",\"tags\":{\"type\":\"object\",\"additionalProperties\":" TEXT "},\"parts\":{\"type\":\"object\"},\"ids\":" LIST(ID)) },
    { "/api/stream", "get", "Events of an area as they happen: ledger, position, type, area; `reset` says: ask again", false,
      PARAM("area", "query", "true", TEXT) "," PARAM("Last-Event-ID", "header", "false", TEXT), NULL, TEXT, "text/event-stream" },
    { "/api/meta", "get", "Record types, fields, codes and questions, as the pages read them", true, NULL, NULL, "{\"type\":\"object\"}" },
    { "/api/openapi.json", "get", "This", true, NULL, NULL, "{\"type\":\"object\"}" },
    { "/healthz", "get", "200 when a write can be made, 503 with the word key of what is in the way", true, NULL, NULL,
      MAP("\"ok\",\"version\",\"incarnation\"", "\"ok\":{\"const\":true},\"version\":" TEXT ",\"incarnation\":" ID ",\"drill\":" BOOL) },
    { "/metrics", "get", "Figures for Prometheus", true, NULL, NULL, TEXT, "text/plain" },
};

/* ---- parts -------------------------------------------------------------------------------------- */

static void text(struct out *o, const char *key, const char *value)
{
    out_key(o, key);
    out_text(o, str_of(value));
}

static void raw(struct out *o, const char *key, const char *json)
{
    out_key(o, key);
    out_raw(o, str_of(json));
}

static void codes_enum(struct out *o, struct core *c, const char *list)
{
    struct code_lists *now = atomic_load(&c->codes);
    const struct json *items = now ? json_get(now->lists, list) : NULL;

    text(o, "x-wangge-codes", list);
    if (!items)                   /* no profile yet */
        return;
    out_key(o, "enum");
    out_open(o, '[');
    for (void *it = json_first(items); it; it = json_next(items, it))
        out_text(o, str_of(json_key(it)));
    out_close(o, ']');
}

static void map_out(struct out *o, struct core *c, const struct field *fields);

static void field_out(struct out *o, struct core *c, const struct field *f)
{
    static const char *const types[] = {
        [FIELD_ID] = "string", [FIELD_AREA] = "string", [FIELD_NUMBER] = "integer", [FIELD_TEXT] = "string", [FIELD_CODE] = "string",
        [FIELD_DAY] = "string", [FIELD_TIME] = "integer", [FIELD_BOOL] = "boolean",
    };
    static const char *const formats[] = { [FIELD_ID] = "uuid", [FIELD_NUMBER] = "int64", [FIELD_DAY] = "date", [FIELD_TIME] = "int64", [FIELD_DATA] = NULL };

    if (f->list) {
        text(o, "type", "array");
        out_key(o, "maxItems"), out_int(o, f->items ? (int64_t)f->items : 100);
        out_key(o, "items");
        out_open(o, '{');
    }
    if (f->kind == FIELD_GROUP)
        map_out(o, c, f->fields);
    else if (f->kind != FIELD_DATA)
        text(o, "type", types[f->kind]);
    if (formats[f->kind])
        text(o, "format", formats[f->kind]);
    if (f->kind == FIELD_TEXT) {
        out_key(o, "minLength"), out_int(o, f->min ? f->min : 1);
        out_key(o, "maxLength"), out_int(o, f->max ? f->max : 200);
    } else if (f->kind == FIELD_NUMBER && (f->min || f->max)) {
        out_key(o, "minimum"), out_int(o, f->min);
        out_key(o, "maximum"), out_int(o, f->max);
    } else if (f->kind == FIELD_TIME) {
        out_key(o, "minimum"), out_int(o, 0);
        out_key(o, "maximum"), out_int(o, LATEST_AT);
    } else if (f->kind == FIELD_CODE) {
        codes_enum(o, c, f->codes);
    } else if (f->kind == FIELD_DATA) {
        out_key(o, "x-wangge-bytes"), out_int(o, f->max ? f->max : 65536);
    }
    if (f->unit)
        text(o, "x-wangge-unit", f->unit);
    if (f->list)
        out_close(o, '}');
    if (f->words)
        text(o, "description", f->words);
    if (f->seal)
        text(o, "x-wangge-class", class_words[f->seal]);
}

/* The keys of a schema whose object is open already. */
static void map_out(struct out *o, struct core *c, const struct field *fields)
{
    text(o, "type", "object");
    out_key(o, "additionalProperties"), out_bool(o, false);
    out_key(o, "required");
    out_open(o, '[');
    for (const struct field *f = fields; f && f->name; f++)
        if (f->required)
            out_text(o, str_of(f->name));
    out_close(o, ']');
    out_key(o, "properties");
    out_open(o, '{');
    for (const struct field *f = fields; f && f->name; f++) {
        out_key(o, f->name);
        out_open(o, '{');
        field_out(o, c, f);
        out_close(o, '}');
    }
    out_close(o, '}');
}

/* ---- records --------------------------------------------------------------------------------------- */

static void record_types(struct out *o, struct core *c)
{
    for (size_t i = 0; i < c->kind_count; i++) {
        const struct record_type *t = c->kinds[i].type;

        out_key(o, t->name);
        out_open(o, '{');
        map_out(o, c, t->fields);
        if (t->words)
            text(o, "description", t->words);
        text(o, "x-wangge-right", right_name(t->right));
        out_key(o, "x-wangge-command"), out_bool(o, t->command != 0);
        out_close(o, '}');
    }
}

/* What POST /api/records takes: one of the types that are not the program's own. */
static void record_any(struct out *o, struct core *c)
{
    out_key(o, "record");
    out_open(o, '{');
    text(o, "type", "object");
    raw(o, "required", "[\"id\",\"type\",\"area\",\"at\",\"body\"]");
    raw(o, "properties", "{\"id\":" ID ",\"type\":" TEXT ",\"area\":" TEXT ",\"at\":" TIME ",\"for\":" ID ",\"maker\":" ID ",\"body\":{\"type\":\"object\"}}");
    out_key(o, "oneOf");
    out_open(o, '[');
    for (size_t i = 0; i < c->kind_count; i++) {
        const struct record_type *t = c->kinds[i].type;
        CLEANUP(buf_done) struct buf body = { 0 };

        if (t->right == RIGHT_SYSTEM)
            continue;
        buf_printf(&body, "{\"type\":{\"const\":\"%s\"},\"body\":{\"$ref\":\"#/components/schemas/%s\"}}", t->name, t->name);
        out_open(o, '{');
        raw(o, "properties", buf_z(&body));
        out_close(o, '}');
    }
    out_close(o, ']');
    out_close(o, '}');
}

/* ---- paths --------------------------------------------------------------------------------------------- */

static void answer_open(struct out *o, const char *type)
{
    out_key(o, "responses");
    out_open(o, '{');
    out_key(o, type ? "200" : "204");
    out_open(o, '{');
    text(o, "description", type ? "as asked" : "done");
    if (!type) {
        out_close(o, '}');
        return;
    }
    out_key(o, "content");
    out_open(o, '{');
    out_key(o, type);
    out_open(o, '{');
    out_key(o, "schema");
}

/* Closes what answer_open has opened. */
static void answer_close(struct out *o, bool open, const char *type)
{
    for (int i = 0; type && i < 3; i++)
        out_close(o, '}');
    raw(o, "default", "{\"$ref\":\"#/components/responses/problem\"}");
    out_close(o, '}');
    raw(o, "security", open ? "[]" : "[{\"bearer\":[]},{\"cookie\":[]}]");
}

static void contract_out(struct out *o, const struct contract *k)
{
    const char *type = k->answer ? k->type ? k->type : "application/json" : NULL;

    out_key(o, k->method);
    out_open(o, '{');
    text(o, "summary", k->words);
    if (k->params) {
        CLEANUP(buf_done) struct buf list = { 0 };
        buf_printf(&list, "[%s]", k->params);
        raw(o, "parameters", buf_z(&list));
    }
    if (k->body) {
        CLEANUP(buf_done) struct buf body = { 0 };
        buf_printf(&body, "{\"required\":true,\"content\":{\"application/json\":{\"schema\":%s}}}", k->body);
        raw(o, "requestBody", buf_z(&body));
    }
    answer_open(o, type);
    if (k->answer)
        out_raw(o, str_of(k->answer));
    answer_close(o, k->open, type);
    out_close(o, '}');
}

static void column_out(void *ctx, const char *name, enum value_kind kind)
{
    static const char *const schemas[] = {
        [VALUE_NULL] = "{}", [VALUE_INT] = "{\"type\":[\"integer\",\"null\"]}", [VALUE_TEXT] = "{\"type\":[\"string\",\"null\"]}",
        [VALUE_BLOB] = "{\"type\":[\"string\",\"null\"],\"description\":\"an id, or hexadecimal\"}",
    };

    if (name[0] != '_')           /* hidden */
        raw(ctx, name, schemas[kind]);
}

static int rows_schema(struct out *o, struct reader *reader, const struct query *q, struct err *e)
{

    out_open(o, '{');
    text(o, "type", "object");
    if (q->answer) {              /* its own shape */
        out_close(o, '}');
        return 0;
    }
    raw(o, "required", "[\"rows\",\"next\"]");
    out_key(o, "properties");
    out_open(o, '{');
    raw(o, "next", SAID("cursor"));
    out_key(o, "rows");
    out_open(o, '{');
    text(o, "type", "array");
    out_key(o, "items");
    out_open(o, '{');
    text(o, "type", "object");
    out_key(o, "properties");
    out_open(o, '{');
    if (store_describe(reader->store, q->sql, column_out, o, e) < 0)
        return -1;
    for (const struct sealed_column *s = q->sealed; s && s->name; s++) {
        CLEANUP(buf_done) struct buf schema = { 0 };
        buf_printf(&schema, "{\"description\":\"sealed: open on one's own rows\",\"x-wangge-mask\":\"%s\"}", mask_words[s->mask]);
        raw(o, s->name, buf_z(&schema));
    }
    for (int i = 0; i < 5; i++)
        out_close(o, '}');
    return 0;
}

static void param_out(struct out *o, const char *name, bool required, enum field_kind kind, const char *words)
{
    static const char *const schemas[] = {
        [FIELD_ID] = ID, [FIELD_AREA] = TEXT, [FIELD_NUMBER] = "{\"type\":\"integer\"}", [FIELD_TEXT] = "{\"type\":\"string\",\"maxLength\":400}",
        [FIELD_CODE] = TEXT, [FIELD_DAY] = "{\"type\":\"string\",\"format\":\"date\"}", [FIELD_TIME] = TIME, [FIELD_BOOL] = "{\"type\":\"integer\"}",
        [FIELD_GROUP] = TEXT, [FIELD_DATA] = TEXT,
    };

    out_open(o, '{');
    text(o, "name", name);
    text(o, "in", "query");
    out_key(o, "required"), out_bool(o, required);
    if (words)
        text(o, "description", words);
    raw(o, "schema", schemas[kind]);
    out_close(o, '}');
}

static int query_out(struct out *o, struct reader *reader, const struct feature *f, const struct query *q, struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_printf(&path, "/api/%s/%s", f->name, q->name);
    out_key(o, buf_z(&path));
    out_open(o, '{');
    out_key(o, "get");
    out_open(o, '{');
    text(o, "summary", q->words ? q->words : q->name);
    text(o, "x-wangge-right", right_name(q->right));
    out_key(o, "parameters");
    out_open(o, '[');
    param_out(o, "area", !q->everywhere, FIELD_AREA, "an id or any code of an area");
    for (const struct param *p = q->params; p && p->name; p++)
        if (p->from == PARAM_ASKED)
            param_out(o, p->name, p->required, p->kind, NULL);
    if (q->keys)
        param_out(o, "cursor", false, FIELD_TEXT, "next of the page before");
    out_close(o, ']');
    answer_open(o, "application/json");
    if (rows_schema(o, reader, q, e) < 0)
        return -1;
    answer_close(o, false, "application/json");
    out_close(o, '}');
    out_close(o, '}');
    return 0;
}

static int paths_out(struct out *o, struct core *c, struct reader *reader, struct err *e)
{
    out_key(o, "paths");
    out_open(o, '{');
    for (size_t i = 0; i < COUNT_OF(contracts); i++) {
        const struct contract *k = &contracts[i];

        if (i == 0 || strcmp(k[-1].path, k->path) != 0) {
            out_key(o, k->path);
            out_open(o, '{');
        }
        contract_out(o, k);
        if (i + 1 == COUNT_OF(contracts) || strcmp(k[1].path, k->path) != 0)
            out_close(o, '}');
    }
    for (size_t i = 0; i < c->feature_count; i++)
        for (const struct query *q = c->features[i]->queries; q && q->name; q++)
            if (!q->reveal && query_out(o, reader, c->features[i], q, e) < 0)
                return -1;
    out_close(o, '}');
    return 0;
}

/* ---- the whole --------------------------------------------------------------------------------------------- */

static void keys_out(struct out *o)
{
    static const char *const kinds[] = {
        [ERR_NONE] = "none", [ERR_INVALID] = "invalid", [ERR_DENIED] = "denied", [ERR_MISSING] = "missing", [ERR_CONFLICT] = "conflict",
        [ERR_BUSY] = "busy", [ERR_BROKEN] = "broken",
    };

    out_key(o, "x-wangge-keys");
    out_open(o, '{');
    for (const struct core_key *k = core_keys; k->key; k++)
        text(o, k->key, kinds[k->kind]);
    out_close(o, '}');
}

int core_openapi(struct core *c, struct reader *reader, struct buf *to, struct err *e)
{
    struct out o = { .to = to };

    out_open(&o, '{');
    text(&o, "openapi", "3.1.0");
    raw(&o, "info", "{\"title\":\"wangge\",\"version\":\"" WANGGE_VERSION "\",\"license\":{\"name\":\"Apache-2.0\",\"identifier\":\"Apache-2.0\"},"
                    "\"description\":\"Drawn from the tables of the running program. Errors are application/problem+json with a word key.\"}");
    raw(&o, "servers", "[{\"url\":\"/\"}]");
    if (paths_out(&o, c, reader, e) < 0)
        return -1;
    out_key(&o, "components");
    out_open(&o, '{');
    raw(&o, "securitySchemes", "{\"bearer\":{\"type\":\"http\",\"scheme\":\"bearer\"},\"cookie\":{\"type\":\"apiKey\",\"in\":\"cookie\",\"name\":\"wangge\","
                               "\"description\":\"with a header X-Wangge: 1 on what changes something\"}}");
    raw(&o, "responses", "{\"problem\":{\"description\":\"refused\",\"content\":{\"application/problem+json\":{\"schema\":" SAID("problem") "}}}}");
    out_key(&o, "schemas");
    out_open(&o, '{');
    for (size_t i = 0; i < COUNT_OF(shared); i++)
        raw(&o, shared[i].name, shared[i].json);
    record_any(&o, c);
    record_types(&o, c);
    out_close(&o, '}');
    out_close(&o, '}');
    keys_out(&o);
    out_close(&o, '}');
    return 0;
}
