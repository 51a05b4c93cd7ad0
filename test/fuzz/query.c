/*
 * query.c - GET /api/<feature>/<query>?…: every question there is, with any
 * parameters, and POST /api/reveal.
 *
 * One line: on whose behalf (a digit, house_who), a blank, the question as it
 * stands in an address; or "reveal" and a body.  "$" in a cursor stands for
 * this store's mark.  What is answered is JSON, and shows nobody's name to
 * who has no business with it.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/own.h"

enum { PARAMS_MOST = 12 };

struct asked {
    struct {
        struct str name, value;
    } at[PARAMS_MOST];
    size_t count;
    struct arena mem;
};

static struct str asked_param(void *ctx, const char *name)
{
    const struct asked *a = ctx;

    for (size_t i = 0; i < a->count; i++)
        if (str_is(a->at[i].name, name))
            return a->at[i].value;
    return (struct str){ 0 };
}

/* Percent signs resolved; a cursor's "$" becomes the end of the incarnation. */
static struct str decoded(struct arena *mem, struct str s)
{
    CLEANUP(buf_done) struct buf out = { 0 };
    struct id incarnation = core_incarnation(house());

    for (size_t i = 0; i < s.len; i++) {
        unsigned c;

        if (s.at[i] == '%' && i + 2 < s.len && sscanf((char[]){ s.at[i + 1], s.at[i + 2], 0 }, "%2x", &c) == 1) {
            buf_char(&out, (char)c);
            i += 2;
        } else if (s.at[i] == '$') {
            hex_put(&out, (struct str){ (const char *)incarnation.b + 12, 4 });
        } else {
            buf_char(&out, s.at[i] == '+' ? ' ' : s.at[i]);
        }
    }
    return arena_str(mem, buf_view(&out));
}

static struct str cut(struct str *rest, char at)
{
    const char *end = rest->len ? memchr(rest->at, at, rest->len) : NULL;
    struct str part = { rest->at, end ? (size_t)(end - rest->at) : rest->len };

    rest->at += part.len + (end != NULL);
    rest->len -= part.len + (end != NULL);
    return part;
}

/* What request.c lets through: valid text without control characters. */
static bool admitted(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.at[i] < ' ' || s.at[i] == 0x7f)
            return false;
    return utf8_valid(s);
}

static bool read_params(struct asked *a, struct str rest)
{
    while (rest.len && a->count < PARAMS_MOST) {
        struct str pair = cut(&rest, '&'), name = cut(&pair, '=');

        a->at[a->count].name = decoded(&a->mem, name);
        a->at[a->count].value = decoded(&a->mem, pair);
        if (!admitted(a->at[a->count].name) || !admitted(a->at[a->count].value))
            return false;
        a->count++;
    }
    return true;
}

static void looked_at(const struct answer *answer, size_t who, bool reveal)
{
    struct str body = buf_view(&answer->body);
    CLEANUP(json_done) struct json *read = house_json(body);

    DEMAND(strnlen(answer->tag, sizeof answer->tag) < sizeof answer->tag, "a tag without end");
    DEMAND(!reveal || answer->note, "a reveal that nobody notes");
    if (!reveal && (who == 1 || who == PEOPLE - 1))
        DEMAND(!memmem(body.at, body.len, "门一", strlen("门一")) && !memmem(body.at, body.len, "1000000000", 10), "open: %.*s", (int)body.len, body.at);
}

static void ask(struct reader *reader, size_t who, struct str feature, struct str query, struct asked *a, int pages)
{
    struct answer answer = { 0 };
    struct err e = { 0 };

    if (core_read(house(), reader, house_who(who), feature, query, asked_param, a, &answer, &e) < 0) {
        house_sane(&e);
    } else {
        CLEANUP(json_done) struct json *page = house_json(buf_view(&answer.body));
        struct str next = json_str(json_get(page, "next"));

        looked_at(&answer, who, false);
        if (next.len && pages) {
            a->count = a->count < PARAMS_MOST ? a->count : PARAMS_MOST - 1;
            for (size_t i = 0; i < a->count; i++)
                if (str_is(a->at[i].name, "cursor"))
                    a->at[i].name = STR("");
            a->at[a->count].name = STR("cursor");
            a->at[a->count++].value = arena_str(&a->mem, next);
            ask(reader, who, feature, query, a, pages - 1);
        }
    }
    answer_done(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reader *reader;
    struct str line = { (const char *)data, size };
    struct answer answer = { 0 };
    struct asked a = { 0 };
    struct err e = { 0 };
    struct core *c = house();

    if (!reader && core_reader_open(c, &reader, &e) < 0)
        house_sane(&e);
    struct str digit = cut(&line, ' ');
    size_t who = digit.len ? (unsigned char)digit.at[0] % PEOPLE : 0;

    if (str_starts(line, STR("reveal "))) {
        (void)cut(&line, ' ');
        if (core_reveal(c, reader, house_who(who), line, &answer, &e) < 0)
            house_sane(&e);
        else
            looked_at(&answer, who, true);
        answer_done(&answer);
        return 0;
    }
    struct str feature = cut(&line, '/'), query = cut(&line, '?');
    if (read_params(&a, line))
        ask(reader, who, feature, query, &a, 2);
    arena_done(&a.mem);
    return 0;
}

/* ---- how lines grow ------------------------------------------------------------------- */

static void put_escaped(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (strchr("&=%+?# ", s.at[i]) || (unsigned char)s.at[i] < ' ')
            buf_printf(out, "%%%02x", (unsigned char)s.at[i]);
        else
            buf_char(out, s.at[i]);
}

static void put_cursor(struct buf *out, const char *keys)
{
    buf_char(out, '$');
    for (; keys && *keys; keys++)
        if (*keys == 'i')
            buf_printf(out, ".i%lld", grow_any(3) ? (long long)grow_any(10) : (long long)INT64_MIN);
        else
            buf_printf(out, ".%c%.*s", grow_any(20) ? *keys : 'i', (int)(2 * grow_any(12)), "343430353133313038323136");
}

static void put_question(struct buf *out)
{
    struct core *c = house();
    const struct feature *f = c->features[grow_any(c->feature_count)];
    size_t n = 0;

    while (f->queries && f->queries[n].name)
        n++;
    const struct query *q = n ? &f->queries[grow_any(n)] : NULL;
    buf_printf(out, "%zu %s/%s?area=%s", grow_any(PEOPLE), f->name, q ? q->name : "none", grow_area());
    for (const struct param *p = q ? q->params : NULL; p && p->name; p++) {
        CLEANUP(json_done) struct json *v = p->kind == FIELD_ID ? grow_named(p->name) : NULL;

        if (p->from != PARAM_ASKED || !grow_any(4))
            continue;
        buf_printf(out, "&%s=", p->name);
        put_escaped(out, v && json_str(v).at ? json_str(v) : grow_word());
    }
    if (q && q->keys && grow_any(2)) {
        buf_text(out, "&cursor=");
        put_cursor(out, q->keys);
    }
}

static void put_reveal(struct buf *out)
{
    static const char *const fields[] = { "phone", "needs", "id", "head", "name", "contact", "birth" };
    char text[ID_TEXT];

    house_id_of('h', (unsigned)grow_any(7), text);
    buf_printf(out, "%zu reveal {\"household\":\"%s\",\"area\":\"%s\",\"purpose\":\"screening\",\"fields\":[\"%s\",\"%s\"]}", grow_any(PEOPLE), text,
               grow_area(), fields[grow_any(COUNT_OF(fields))], fields[grow_any(COUNT_OF(fields))]);
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    CLEANUP(buf_done) struct buf line = { 0 };

    grow_seed(seed);
    if (grow_any(3))
        return LLVMFuzzerMutate(data, size, most);
    if (grow_any(6))
        put_question(&line);
    else
        put_reveal(&line);
    if (line.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, line.at, line.len);
    return line.len;
}
