/*
 * scenario.c - plays scenarios: what people do and see, against the real program.
 *
 * Each file runs in a process and a folder of its own: core and http are
 * opened in it and spoken to over the loopback.  Steps are the table steps[];
 * README.md beside this file is the grammar.
 */
#include "scenario.h"
#include "clock.h"
#include "exchange/exchange.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_WORDS 64
#define MOST_RECORDS 64
#define PATIENCE 300   /* seconds a file may take, sanitizers included */
#define TOLD 9         /* exit of a process that has said why it failed */

extern const struct feature *const feature_table[];

/* ---- how a file ends badly ---- */

static _Noreturn void stop_with(struct play *p, struct buf *why)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_printf(&b, "not ok %s:%d: %.*s\n", p->file, p->step.number, (int)p->step.text.len, p->step.text.at);
    buf_str(&b, buf_view(why));
    if (write(STDOUT_FILENO, b.at, b.len) < 0)
        _exit(2);
    _exit(TOLD);
}

_Noreturn void play_fail(struct play *p, struct str expected, struct str came)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_printf(&b, "    expected: %.*s\n    came:     %.*s\n", (int)expected.len, expected.at,
               (int)(came.len < 4000 ? came.len : 4000), came.at ? came.at : "");
    stop_with(p, &b);
}

_Noreturn void play_stop(struct play *p, const char *why, struct str what)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_printf(&b, "    %s: %.*s\n", why, (int)what.len, what.at ? what.at : "");
    stop_with(p, &b);
}

_Noreturn void play_broken(struct play *p, const char *doing, const struct err *e)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    buf_printf(&b, "    %s: %s %s %s\n", doing, e->key, e->field, e->detail);
    stop_with(p, &b);
}

/* ---- the program under test ---- */

static void serve(struct play *p)
{
    const char *store = arena_printf(&p->mem, "sqlite:%s/wangge.db", p->folder);
    struct core_options core = { .store = store, .create = true, .features = feature_table };
    struct http_options http = { .listen = "127.0.0.1:0", .threads = 2 };
    struct err e = { 0 };

    if (core_open(&p->core, &core, &e) < 0)
        play_broken(p, "open", &e);
    if (http_start(&p->http, p->core, &http, &e) < 0)
        play_broken(p, "serve", &e);
}

static void stop_serving(struct play *p)
{
    if (p->http)
        http_stop(p->http);
    if (p->core)
        core_close(p->core);
    p->http = NULL;
    p->core = NULL;
}

static struct core *opened(struct play *p)
{
    if (!p->core)
        play_stop(p, "begins with", STR("given …"));
    return p->core;
}

/* ---- answers and what is expected of them ---- */

static struct str text_of(struct play *p, const struct json *j)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    if (json_kind(j) == JSON_TEXT)
        return json_str(j);
    json_write(j, &b);
    return arena_str(&p->mem, buf_view(&b));
}

/* Does what came match the word?  A name without a value takes it. */
static bool matches(struct play *p, struct str word, const struct json *came)
{
    struct str name;

    if (json_kind(came) == JSON_NONE)
        return false;
    if (str_is(word, "*"))
        return json_kind(came) != JSON_NULL_VALUE;
    if (unbound(p, word, &name)) {
        name_set(p, name, text_of(p, came));
        return true;
    }
    return str_eq(expand(p, word), text_of(p, came));
}

static const struct json *at_path(const struct json *j, struct str path)
{
    while (j && path.len) {
        const char *dot = memchr(path.at, '.', path.len);
        size_t n = dot ? (size_t)(dot - path.at) : path.len;
        char key[80];
        int64_t i;

        snprintf(key, sizeof key, "%.*s", (int)n, path.at);
        j = json_kind(j) != JSON_LIST ? json_get(j, key)
            : str_to_int(str_of(key), &i) && i >= 0 && (size_t)i < json_count(j) ? json_at(j, (size_t)i) : NULL;
        path = dot ? (struct str){ dot + 1, path.len - n - 1 } : (struct str){ path.at + n, 0 };
    }
    return j;
}

struct seen {                 /* an answer and the lines that speak of it */
    struct str body;
    struct json *json;        /* NULL when the body is none */
};

static void seen_done(struct seen *s)
{
    json_done(&s->json);
}

static struct seen seen_of(struct str body)
{
    struct seen s = { .body = body };
    struct err e = { 0 };

    if (json_parse(body, &(struct json_limits){ 64 << 20, 64, 16 << 20 }, &s.json, &e) < 0)
        s.json = NULL;
    return s;
}

/* The lines every answer understands: has, lacks, contains, hides. */
static bool speaks_of(struct play *p, const struct seen *s, const struct line *l, struct str *words, size_t count)
{
    bool has = str_is(words[0], "has"), contains = str_is(words[0], "contains");

    if (has || str_is(words[0], "lacks")) {
        for (size_t i = 1; i < count; i++) {
            struct str path = words[i], value = STR("*");

            if (has && !word_pair(words[i], &path, &value))
                play_stop(p, "has PATH=VALUE, not", words[i]);
            const struct json *came = at_path(s->json, path);

            if (has ? !matches(p, value, came) : came != NULL)
                play_fail(p, l->text, came && s->body.len > 4000 ? text_of(p, came) : s->body);
        }
        return true;
    }
    if (contains || str_is(words[0], "hides")) {
        size_t n = words[0].len + 1;
        struct str text = expand(p, (struct str){ l->text.at + n, l->text.len > n ? l->text.len - n : 0 });

        if (!text.len)
            play_stop(p, "a text is missing", l->text);
        if ((memmem(s->body.at, s->body.len, text.at, text.len) != NULL) != contains)
            play_fail(p, l->text, s->body);
        return true;
    }
    return false;
}

/* The next expectation of this step, split into words; false when there is none. */
static bool expectation(struct play *p, struct line *l, struct str *words, size_t *count)
{
    if (!line_peek(p, l) || !l->indented)
        return false;
    line_next(p, l);
    p->step.number = l->number;
    *count = words_of(p, l->text, words, MOST_WORDS);
    return true;
}

static bool is_refused(struct play *p, struct str *words, size_t count, const struct json *error)
{
    if (count < 2 || !str_is(words[0], "refused") || !matches(p, words[1], json_get(error, "key")))
        return false;
    bool again = str_is(words[count - 1], "again");

    if (again != (json_int(json_get(error, "again")) != 0))
        return false;
    return count - again < 3 || matches(p, words[2], json_get(error, "field"));
}

/* For steps that speak with err instead of HTTP: `refused KEY`, or it must have worked. */
static void expect_worked(struct play *p, int failed, const struct err *e, const char *doing)
{
    struct str words[MOST_WORDS];
    struct line l;
    size_t count;

    if (!failed)
        return;
    if (expectation(p, &l, words, &count) && count > 1 && str_is(words[0], "refused") && str_eq(expand(p, words[1]), str_of(e->key)))
        return;
    play_broken(p, doing, e);
}

/* ---- people ---- */

static struct person *acting(struct play *p)
{
    return &p->people[p->person];
}

static struct str problem_key(struct play *p, struct reply *r)
{
    CLEANUP(seen_done) struct seen s = seen_of(r->body);
    struct str key = json_str(json_get(s.json, "key"));

    return arena_str(&p->mem, key.at ? key : r->body);
}

static bool sign_in(struct play *p, struct person *who, struct reply *r)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct out o = { .to = &body };

    out_open(&o, '{');
    out_key(&o, "name");
    out_text(&o, who->name);
    out_key(&o, "password");
    out_text(&o, STR(PASSWORD));
    out_close(&o, '}');
    client_send(p, "POST", STR("/api/session"), STR(""), (struct str){ 0 }, buf_view(&body), r);
    if (r->status != 200)
        return false;
    CLEANUP(seen_done) struct seen s = seen_of(r->body);

    who->token = arena_str(&p->mem, json_str(json_get(s.json, "token")));
    CLEANUP(buf_done) struct buf key = { 0 };
    who->device = arena_str(&p->mem, json_str(json_get(s.json, "device")));
    if (base64_read(&key, json_str(json_get(s.json, "key"))))
        who->key = arena_str(&p->mem, buf_view(&key));
    who->area = arena_str(&p->mem, json_str(at_path(s.json, STR("duties.0.area"))));
    return who->token.len > 0;
}

/* One request of who acts; where the clock has run past the session's end, they sign in again. */
static void send_as(struct play *p, const char *method, struct str path, struct str body, struct reply *out)
{
    struct person *who = acting(p);
    struct reply again;

    client_send(p, method, path, STR(""), who->token, body, out);
    if (out->status == 401 && who->token.at && sign_in(p, who, &again))
        client_send(p, method, path, STR(""), who->token, body, out);
}

static void find_person(struct play *p, struct str name)
{
    for (p->person = 0; p->person < p->person_count; p->person++)
        if (str_eq(acting(p)->name, name))
            return;
    p->people = MEM_GROW(p->people, p->person_count, p->person_room);
    p->people[p->person_count++] = (struct person){ .name = arena_str(&p->mem, name), .system = str_is(name, "system") };
}

static void step_as(struct play *p, struct str *words, size_t count)
{
    struct line l;
    struct reply r;

    opened(p);
    find_person(p, words[1]);
    if (acting(p)->system || str_is(words[1], "nobody") || sign_in(p, acting(p), &r))
        return;
    struct str key = problem_key(p, &r);

    if (!expectation(p, &l, words, &count) || count < 2 || !str_eq(words[1], key))
        play_fail(p, STR("signed in"), key);
}

/* ---- steps ---- */

static void tick(struct play *p)
{
    struct err e = { 0 };

    for (int i = 0; i < 1000; i++) {
        int n = core_tick(opened(p), &e);

        if (n < 0)
            play_broken(p, "tick", &e);
        if (n == 0)
            return;
    }
    play_stop(p, "alarms and deliveries do not come to an end", STR(""));
}

static void given_round(struct play *p)
{
    struct batch *b;
    struct id round = id_make("scenario", STR("round"), STR(""));

    name_set_id(p, STR("round"), round);
    b = core_batch_new(opened(p), &who_system, time_now());
    operator_put(p, b, "screening.round", name_get(p, STR("village")), id_make("scenario", STR("opens"), STR("round")),
                 expand(p, STR("{\"round\":\"$round\",\"name\":\"第一轮\",\"trigger\":\"routine\",\"measures\":[\"notify\",\"supply\"]}")));
    operator_write(p, b);
    tick(p);
}

static void step_given(struct play *p, struct str *words, size_t count)
{
    (void)count;
    if (str_is(words[1], "round")) {
        given_round(p);
        return;
    }
    if (p->core)
        play_stop(p, "given already", words[1]);
    serve(p);
    name_set(p, STR("password"), STR(PASSWORD));
    if (str_is(words[1], "village"))
        given_village(p);
    else if (!str_is(words[1], "empty"))
        play_stop(p, "given empty, village or round, not", words[1]);
}

static void step_clock(struct play *p, struct str *words, size_t count)
{
    int64_t at;

    if (count != 3 || !minute_parse(str_of(arena_printf(&p->mem, "%s %s", words[1].at, words[2].at)), &at))
        play_stop(p, "clock YYYY-MM-DD HH:MM, not", p->step.text);
    test_clock_set(at);
}

static void step_wait(struct play *p, struct str *words, size_t count)
{
    if (count != 3)
        play_stop(p, "wait 10 min, not", p->step.text);
    test_clock_set(time_word(p, str_of(arena_printf(&p->mem, "+%s%s", words[1].at, words[2].at))));
}

static void step_let(struct play *p, struct str *words, size_t count)
{
    if (count < 4 || words[1].at[0] != '$' || !str_is(words[2], "="))
        play_stop(p, "let $name = value, not", p->step.text);
    struct str name = { words[1].at + 1, words[1].len - 1 };

    if (str_is(words[3], "new"))
        name_set_id(p, name, id_new());
    else if (str_is(words[3], "time") && count == 5)
        name_set(p, name, str_of(arena_printf(&p->mem, "%lld", (long long)time_word(p, words[4]))));
    else
        name_set(p, name, expand(p, words[3]));
}

struct told {                 /* one record of a post as the file tells it */
    struct id id;
    struct str type, area, body, for_whom;
    int64_t at;
    const struct person *by;  /* whose device marks it; NULL: it goes plain */
    bool broken;              /* the mark does not fit */
};

static const char *file_of(struct play *p, struct str name)
{
    const char *slash = strrchr(p->file, '/');
    const char *tries[] = {
        arena_printf(&p->mem, "%s/%.*s", p->folder, (int)name.len, name.at),
        arena_printf(&p->mem, "%.*s%.*s", slash ? (int)(slash - p->file + 1) : 0, p->file, (int)name.len, name.at),
        arena_printf(&p->mem, "%s/%.*s", SOURCE_ROOT, (int)name.len, name.at),
    };

    for (size_t i = 0; i < COUNT_OF(tries); i++)
        if (file_exists(tries[i]))
            return tries[i];
    play_stop(p, "no such file", name);
}

static struct str read_file(struct play *p, struct str name)
{
    CLEANUP(buf_done) struct buf file = { 0 };
    struct err e = { 0 };

    if (file_read(file_of(p, name), 65 << 20, &file, &e) < 0)
        play_broken(p, "file", &e);
    return arena_str(&p->mem, buf_view(&file));
}

/* Somebody who has signed in before; their device marks what the acting one hands in. */
static const struct person *marker(struct play *p, struct str name)
{
    for (size_t i = 0; i < p->person_count; i++)
        if (str_eq(p->people[i].name, name) && p->people[i].key.len == 32)
            return &p->people[i];
    play_stop(p, "has not signed in yet:", name);
}

static struct told told_of(struct play *p, struct str *words, size_t count, int64_t *now)
{
    struct told t = { .id = id_new(), .at = time_now(), .area = acting(p)->area, .body = STR("{}") };

    if (count < 2)
        play_stop(p, "a type is missing", p->step.text);
    t.type = words[1];
    if (!t.area.at)
        t.area = name_get(p, STR("village"));
    for (size_t i = 2; i < count; i++) {
        struct str key, value, name;

        if (words[i].at[0] == '{') {
            t.body = expand(p, words[i]);
            continue;
        }
        if (!word_pair(words[i], &key, &value))
            play_stop(p, "k=v or JSON, not", words[i]);
        if (str_is(key, "area"))
            t.area = expand(p, value);
        else if (str_is(key, "at"))
            t.at = time_word(p, value);
        else if (str_is(key, "now"))
            *now = time_word(p, value);
        else if (str_is(key, "for"))
            t.for_whom = expand(p, value);
        else if (str_is(key, "by") || str_is(key, "notby"))
            t.by = marker(p, value), t.broken = str_is(key, "notby");
        else if (str_is(key, "file"))
            t.body = read_file(p, value);
        else if (str_is(key, "id") && unbound(p, value, &name))
            name_set_id(p, name, t.id);
        else if (!str_is(key, "id") || !id_parse(expand(p, value), &t.id))
            play_stop(p, "area, at, now, for, by, file or id of a record, not", words[i]);
    }
    name_set_id(p, STR("last"), t.id);
    return t;
}

static struct str post_in_process(struct play *p, const struct told *told, size_t count)
{
    CLEANUP(buf_done) struct buf answer = { 0 };
    struct batch *b = core_batch_new(opened(p), &who_system, time_now());

    for (size_t i = 0; i < count; i++)
        operator_put(p, b, told[i].type.at, told[i].area, told[i].id, told[i].body);
    core_write(p->core, b);
    core_batch_answer(b, &answer);
    core_batch_free(b);
    return arena_str(&p->mem, buf_view(&answer));
}

static void told_out(struct out *o, const struct told *t)
{
    out_open(o, '{');
    out_key(o, "id");
    out_id(o, t->id);
    out_key(o, "type");
    out_text(o, t->type);
    out_key(o, "area");
    out_text(o, t->area);
    out_key(o, "at");
    out_int(o, t->at);
    if (t->for_whom.at) {
        out_key(o, "for");
        out_text(o, t->for_whom);
    }
    out_key(o, "body");
    out_raw(o, t->body);
    out_close(o, '}');
}

static void marked_out(struct out *o, const struct told *t)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct out inner = { .to = &text };
    uint8_t mac[32];

    told_out(&inner, t);
    seal_mac((const uint8_t *)t->by->key.at, buf_view(&text), mac);
    mac[0] ^= t->broken;
    out_open(o, '{');
    out_key(o, "text");
    out_text(o, buf_view(&text));
    out_key(o, "device");
    out_text(o, t->by->device);
    out_key(o, "mac");
    out_hex(o, (struct str){ (const char *)mac, 16 });
    out_close(o, '}');
}

static struct str post_over_http(struct play *p, const struct told *told, size_t count, int64_t now)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct out o = { .to = &body };
    struct reply r;

    out_open(&o, '{');
    if (now) {
        out_key(&o, "now");
        out_int(&o, now);
    }
    out_key(&o, "records");
    out_open(&o, '[');
    for (size_t i = 0; i < count; i++) {
        if (told[i].by)
            marked_out(&o, &told[i]);
        else
            told_out(&o, &told[i]);
    }
    out_close(&o, ']');
    out_close(&o, '}');
    send_as(p, "POST", STR("/api/records"), buf_view(&body), &r);
    return r.body;
}

static void step_post(struct play *p, struct str *words, size_t count)
{
    struct told told[MOST_RECORDS];
    size_t records = 0, judged = 0;
    int64_t now = 0;
    struct line l;

    opened(p);
    told[records++] = told_of(p, words, count, &now);
    while (line_peek(p, &l) && !l.indented && str_starts(l.text, STR("and ")) && records < MOST_RECORDS) {
        line_next(p, &l);
        p->steps++;
        count = words_of(p, l.text, words, MOST_WORDS);
        told[records++] = told_of(p, words, count, &now);
    }
    struct str said = acting(p)->system ? post_in_process(p, told, records) : post_over_http(p, told, records, now);
    CLEANUP(seen_done) struct seen s = seen_of(said);
    struct json *results = json_get(s.json, "results");

    while (expectation(p, &l, words, &count)) {
        if (speaks_of(p, &s, &l, words, count))
            continue;
        if (judged == records)
            play_stop(p, "more expectations than records", l.text);
        struct json *result = json_at(results, judged++);
        bool refused = str_is(words[0], "refused");

        if (refused ? !is_refused(p, words, count, result ? json_get(result, "error") : s.json)
                    : !str_eq(words[0], json_str(json_get(result, "status"))))
            play_fail(p, l.text, result ? text_of(p, result) : s.body);
    }
    for (size_t i = 0; judged == 0 && i < records; i++)
        if (!str_is(json_str(json_get(json_at(results, i), "status")), "stored"))
            play_fail(p, STR("stored"), s.body);
    if (judged && judged != records)
        play_stop(p, "one expectation for each record, please", STR(""));
}

/* ---- asking ---- */

static void url_put(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.at[i];

        if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || strchr("-._~", c))
            buf_char(b, (char)c);
        else
            buf_printf(b, "%%%02X", c);
    }
}

static const struct json *first_of(const struct json *row)
{
    void *it = row ? json_first(row) : NULL;

    return it ? json_value(it) : NULL;
}

static void expect_row(struct play *p, const struct json *row, const struct line *l, struct str *words, size_t count)
{
    struct str key, value;
    bool same = row && matches(p, words[0], first_of(row));

    for (size_t i = 1; i < count && same; i++) {
        if (!word_pair(words[i], &key, &value))
            play_stop(p, "a row is FIRST a=b c=d, not", words[i]);
        key = str_of(arena_printf(&p->mem, "%.*s", (int)key.len, key.at));
        same = matches(p, value, json_get(row, key.at));
    }
    if (!same)
        play_fail(p, l->text, row ? text_of(p, row) : STR("no further row"));
}

/* Follows the cursor to the end; rows gets every row, and the first answer is returned. */
static struct seen ask_all(struct play *p, struct str path, struct json *rows)
{
    struct seen first = { 0 };
    struct str cursor = { 0 };

    for (int pages = 0; pages < 1000; pages++) {
        CLEANUP(buf_done) struct buf url = { 0 };
        struct reply r;

        buf_str(&url, path);
        if (cursor.at) {
            buf_char(&url, memchr(path.at, '?', path.len) ? '&' : '?');
            buf_text(&url, "cursor=");
            url_put(&url, cursor);
        }
        send_as(p, "GET", arena_str(&p->mem, buf_view(&url)), (struct str){ 0 }, &r);
        struct seen s = seen_of(r.body);
        struct json *page = json_get(s.json, "rows");

        for (size_t i = 0; i < json_count(page); i++)
            json_add(rows, json_copy(json_at(page, i)));
        cursor = arena_str(&p->mem, json_str(json_get(s.json, "next")));
        if (pages == 0)
            first = s;
        else
            seen_done(&s);
        if (!cursor.len)
            return first;
    }
    play_stop(p, "the pages do not come to an end", path);
}

static void step_ask(struct play *p, struct str *words, size_t count)
{
    CLEANUP(buf_done) struct buf url = { 0 };
    CLEANUP(json_done) struct json *rows = json_list();
    size_t asked = 0, said = SIZE_MAX;
    bool more = false, rowed = false;
    struct str key, value;
    struct line l;
    const char *dot = count > 1 ? memchr(words[1].at, '.', words[1].len) : NULL;

    opened(p);
    if (!dot || acting(p)->system)
        play_stop(p, "ask feature.query as somebody, not", p->step.text);
    buf_printf(&url, "/api/%.*s/%.*s", (int)(dot - words[1].at), words[1].at, (int)(words[1].at + words[1].len - dot - 1), dot + 1);
    for (size_t i = 2; i < count; i++) {
        if (!word_pair(words[i], &key, &value))
            play_stop(p, "k=v, not", words[i]);
        buf_char(&url, i == 2 ? '?' : '&');
        url_put(&url, key);
        buf_char(&url, '=');
        url_put(&url, expand(p, value));
    }
    CLEANUP(seen_done) struct seen s = ask_all(p, buf_view(&url), rows);
    bool answered = json_kind(json_get(s.json, "key")) != JSON_TEXT;

    while (expectation(p, &l, words, &count)) {
        if (speaks_of(p, &s, &l, words, count))
            continue;
        if (str_is(words[0], "refused")) {
            if (answered || !is_refused(p, words, count, s.json))
                play_fail(p, l.text, s.body);
            return;
        }
        if (!answered)
            play_fail(p, l.text, s.body);
        if (str_is(words[0], "...")) {
            more = true;
            continue;
        }
        if (str_is(words[0], "none") || (str_is(words[0], "rows") && count == 2)) {
            int64_t n = 0;

            if (count == 2 && !str_to_int(expand(p, words[1]), &n))
                play_stop(p, "rows N, not", l.text);
            said = (size_t)n;
            if (json_count(rows) != said)
                play_fail(p, l.text, text_of(p, rows));
            continue;
        }
        rowed = true;
        expect_row(p, asked < json_count(rows) ? json_at(rows, asked) : NULL, &l, words, count);
        asked++;
    }
    if (!answered)
        play_fail(p, STR("an answer"), s.body);
    if (rowed && !more && said == SIZE_MAX && asked != json_count(rows))
        play_fail(p, str_of(arena_printf(&p->mem, "%zu rows", asked)), text_of(p, rows));
}

static struct str next_header;   /* of the `raw` to come */

static void step_header(struct play *p, struct str *words, size_t count)
{
    (void)words;
    (void)count;
    next_header = str_of(arena_printf(&p->mem, "%.*s%s\r\n", (int)next_header.len, next_header.at ? next_header.at : "",
                                      expand(p, (struct str){ p->step.text.at + 7, p->step.text.len - 7 }).at));
}

static void step_raw(struct play *p, struct str *words, size_t count)
{
    struct reply r;
    struct line l;
    struct str body = { 0 };

    opened(p);
    if (count < 3)
        play_stop(p, "raw METHOD PATH [BODY], not", p->step.text);
    if (count > 3) {   /* the rest of the line as it stands, quotes and all */
        const char *at = memmem(p->step.text.at, p->step.text.len, words[2].at, words[2].len);

        at += words[2].len;
        while (*at == ' ')
            at++;
        body = expand(p, (struct str){ at, (size_t)(p->step.text.at + p->step.text.len - at) });
    }
    client_send(p, words[1].at, expand(p, words[2]), next_header, acting(p)->token, body, &r);
    next_header = (struct str){ 0 };
    CLEANUP(seen_done) struct seen s = seen_of(r.body);

    while (expectation(p, &l, words, &count)) {
        int64_t status;

        if (speaks_of(p, &s, &l, words, count))
            continue;
        if (count < 2 || !str_is(words[0], "status") || !str_to_int(words[1], &status))
            play_stop(p, "status N [KEY], not", l.text);
        if (status != r.status || (count > 2 && !matches(p, words[2], json_get(s.json, "key"))))
            play_fail(p, l.text, str_of(arena_printf(&p->mem, "%d %.*s", r.status, (int)r.body.len, r.body.at)));
    }
}

/* ---- accounts and files ---- */

static void step_account(struct play *p, struct str *words, size_t count)
{
    struct err e = { 0 };
    struct id worker;

    if (count != 3 || !id_parse(expand(p, words[2]), &worker))
        play_stop(p, "account NAME $worker, not", p->step.text);
    expect_worked(p, core_account_add(opened(p), words[1], worker, STR(PASSWORD), &e) < 0, &e, "account");
}

static void keep_file(struct play *p, struct str name, struct str bytes)
{
    struct err e = { 0 };

    if (file_write_whole(arena_printf(&p->mem, "%s/%.*s", p->folder, (int)name.len, name.at), 0600, bytes, &e) < 0)
        play_broken(p, "file", &e);
}

static void step_file(struct play *p, struct str *words, size_t count)
{
    bool crlf = false, bom = false;

    for (size_t i = 2; i < count; i++) {
        crlf |= str_is(words[i], "crlf");
        bom |= str_is(words[i], "bom");
    }
    struct str text = expand(p, line_raw_block(p, crlf));

    keep_file(p, words[1], bom ? str_of(arena_printf(&p->mem, "\xEF\xBB\xBF%s", text.at)) : text);
}

/* Who acts, as core knows them; the session lends its duties until session_done. */
static const struct who *who_acts(struct play *p, struct session *session)
{
    struct reader *reader = NULL;
    struct err e = { 0 };

    if (acting(p)->system)
        return &who_system;
    if (core_reader_open(opened(p), &reader, &e) < 0 || core_session(p->core, reader, acting(p)->token, session, &e) < 0)
        play_broken(p, "session", &e);
    core_reader_close(reader);
    return &session->who;
}

static void step_import(struct play *p, struct str *words, size_t count)
{
    CLEANUP(session_done) struct session session = { 0 };
    CLEANUP(import_report_done) struct import_report report = { 0 };
    struct str area = name_get(p, STR("village")), key, value;
    bool dry = false, gbk = false;
    struct err e = { 0 };
    struct line l;

    if (count < 3)
        play_stop(p, "import AS FILE, not", p->step.text);
    for (size_t i = 3; i < count; i++) {
        dry |= str_is(words[i], "dry");
        gbk |= str_is(words[i], "gbk");
        if (word_pair(words[i], &key, &value) && str_is(key, "area"))
            area = expand(p, value);
    }
    const struct who *who = who_acts(p, &session);

    if (exchange_import(opened(p), who, words[1].at, area, read_file(p, words[2]), gbk, !dry, &report, &e) < 0) {
        expect_worked(p, 1, &e, "import");
        return;
    }
    const struct { const char *name; int64_t came; } figures[] = {
        { "rows", report.rows }, { "bad", report.bad }, { "stored", report.stored },
        { "repeated", report.repeated }, { "refused", report.refused },
    };
    struct seen s = { .body = str_of(arena_printf(&p->mem, "%s\n%s", buf_z(&report.words), buf_z(&report.file))) };
    struct str sums = str_of(arena_printf(&p->mem, "rows=%lld bad=%lld stored=%lld repeated=%lld refused=%lld\n%s", (long long)report.rows,
        (long long)report.bad, (long long)report.stored, (long long)report.repeated, (long long)report.refused, s.body.at));
    bool judged = false;

    while (expectation(p, &l, words, &count)) {
        if (speaks_of(p, &s, &l, words, count))
            continue;
        judged = true;
        for (size_t i = 0; i < count; i++) {
            bool known = false;

            if (!word_pair(words[i], &key, &value))
                play_stop(p, "rows= bad= stored= repeated= refused=, not", words[i]);
            for (size_t f = 0; f < COUNT_OF(figures); f++)
                if (str_is(key, figures[f].name)) {
                    CLEANUP(json_done) struct json *came = json_number(figures[f].came);

                    known = true;
                    if (!matches(p, value, came))
                        play_fail(p, l.text, sums);
                }
            if (!known)
                play_stop(p, "no such figure", key);
        }
    }
    if (!judged && (report.bad || report.refused))
        play_fail(p, STR("bad=0 refused=0"), sums);
}

static void step_export(struct play *p, struct str *words, size_t count)
{
    CLEANUP(session_done) struct session session = { 0 };
    CLEANUP(buf_done) struct buf out = { 0 };
    struct str area = name_get(p, STR("village")), key, value;
    struct err e = { 0 };

    if (count < 3)
        play_stop(p, "export AS FILE area=A, not", p->step.text);
    if (count > 3 && word_pair(words[3], &key, &value))
        area = expand(p, value);
    int failed = exchange_export(opened(p), who_acts(p, &session), words[1].at, area, &(struct drain){ drain_buf, &out }, &e) < 0;

    expect_worked(p, failed, &e, "export");
    if (!failed)
        keep_file(p, words[2], buf_view(&out));
}

static void step_same(struct play *p, struct str *words, size_t count)
{
    if (count != 3)
        play_stop(p, "same FILE FILE, not", p->step.text);
    struct str a = read_file(p, words[1]), b = read_file(p, words[2]);

    if (!str_eq(a, b))
        play_fail(p, a, b);
}

static void step_erase(struct play *p, struct str *words, size_t count)
{
    struct str ledger = name_get(p, STR("village")), key, value;
    struct id subject;
    struct err e = { 0 };

    if (count < 2 || !id_parse(expand(p, words[1]), &subject))
        play_stop(p, "erase $subject, not", p->step.text);
    if (count > 2 && word_pair(words[2], &key, &value))
        ledger = expand(p, value);
    expect_worked(p, core_erase(opened(p), ledger, subject, &e) < 0, &e, "erase");
}

/* ---- the program itself ---- */

static void step_restart(struct play *p, struct str *words, size_t count)
{
    (void)words;
    (void)count;
    opened(p);
    stop_serving(p);
    serve(p);
}

static void step_tick(struct play *p, struct str *words, size_t count)
{
    (void)words;
    (void)count;
    tick(p);
}

static void verify(struct play *p)
{
    struct verify_report report = { 0 };
    struct err e = { 0 };

    if (core_verify(opened(p), &report, &e) < 0)
        play_broken(p, "verify", &e);
    if (report.bad_ledgers || report.bad_counters || report.bad_heads)
        play_fail(p, STR("whole ledgers, roots that hold and right counters"), str_of(report.first_bad));
}

static void rebuild(struct play *p)
{
    uint8_t before[32], after[32];
    struct err e = { 0 };

    http_stop(p->http);
    p->http = NULL;
    if (core_tables_digest(opened(p), before, &e) < 0 || core_rebuild(p->core, &e) < 0 || core_tables_digest(p->core, after, &e) < 0)
        play_broken(p, "rebuild", &e);
    if (memcmp(before, after, sizeof before) != 0)
        play_fail(p, STR("the same tables after a rebuild"), STR("other ones"));
    stop_serving(p);
    serve(p);
}

static void step_then(struct play *p, struct str *words, size_t count)
{
    (void)count;
    opened(p);
    if (str_is(words[1], "verify"))
        verify(p);
    else if (str_is(words[1], "rebuild"))
        rebuild(p);
    else
        play_stop(p, "then verify or rebuild, not", words[1]);
}

static const struct step {
    const char *name;
    size_t words;             /* at least, the name included */
    void (*run)(struct play *p, struct str *words, size_t count);
} steps[] = {
    { "given", 2, step_given },
    { "clock", 3, step_clock },
    { "wait", 3, step_wait },
    { "as", 2, step_as },
    { "let", 4, step_let },
    { "post", 2, step_post },
    { "ask", 2, step_ask },
    { "header", 3, step_header },
    { "raw", 3, step_raw },
    { "account", 3, step_account },
    { "file", 2, step_file },
    { "import", 3, step_import },
    { "export", 3, step_export },
    { "same", 3, step_same },
    { "erase", 2, step_erase },
    { "restart", 1, step_restart },
    { "tick", 1, step_tick },
    { "then", 2, step_then },
};

/* ---- one file ---- */

static void play_step(struct play *p)
{
    struct str words[MOST_WORDS];
    size_t count = words_of(p, p->step.text, words, MOST_WORDS);
    struct line l;

    if (p->step.indented)
        play_stop(p, "nothing is expected here", p->step.text);
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (str_is(words[0], steps[i].name)) {
            if (count < steps[i].words)
                play_stop(p, "more words are needed", p->step.text);
            p->steps++;
            steps[i].run(p, words, count);
            if (line_peek(p, &l) && l.indented) {
                p->step = l;
                play_stop(p, "nothing is expected of this step", l.text);
            }
            return;
        }
    play_stop(p, "no such step", words[0]);
}

static int play_file(const char *file, const char *folder)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    CLEANUP(buf_done) struct buf end = { 0 };
    struct play p = { .file = file, .folder = folder };
    struct err e = { 0 };

    test_clock_set(TEST_CLOCK_START);
    find_person(&p, STR("nobody"));
    p.person = 0;
    if (file_read(file, 1 << 20, &text, &e) < 0)
        play_broken(&p, "read", &e);
    p.script = (struct script){ .text = buf_view(&text), .number = 1 };
    while (line_next(&p, &p.step))
        play_step(&p);
    p.step.text = STR("at the end");
    tick(&p);
    verify(&p);
    rebuild(&p);
    stop_serving(&p);
    buf_printf(&end, "ok %s (%d steps)\n", file, p.steps);
    arena_done(&p.mem);
    free(p.names);
    free(p.people);
    return write(STDOUT_FILENO, end.at, end.len) < 0;
}

/* ---- all files ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
    (void)st;
    (void)kind;
    (void)walk;
    return remove(path);
}

/* What the program logged, and a sanitizer said, when a file failed. */
static void show_log(const char *path)
{
    CLEANUP(buf_done) struct buf log = { 0 };
    struct err e = { 0 };

    if (file_read(path, 64 << 20, &log, &e) < 0 || log.len == 0)
        return;
    size_t from = log.len > 8000 ? log.len - 8000 : 0;

    fwrite(log.at + from, 1, log.len - from, stdout);
}

static bool play_apart(const char *file)
{
    const char *base = getenv("TMPDIR");
    char folder[256], log[300];
    int status = 0;

    snprintf(folder, sizeof folder, "%s/scenario.XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(folder)) {
        perror(folder);
        return false;
    }
    snprintf(log, sizeof log, "%s/log", folder);
    fflush(stdout);
    pid_t child = fork();

    if (child == 0) {
        int fd = open(log, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);

        if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
            _exit(2);
        close(fd);
        alarm(PATIENCE);
        exit(play_file(file, folder));
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        status = -1;
    if (status != 0) {
        if (WIFSIGNALED(status))
            printf("not ok %s: ended by signal %d\n", file, WTERMSIG(status));
        else if (WEXITSTATUS(status) != TOLD)
            printf("not ok %s: ended with %d\n", file, WEXITSTATUS(status));
        show_log(log);
    }
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return status == 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    if (argc < 2) {
        fprintf(stderr, "scenario FILE.test …\n");
        return 2;
    }
    for (int i = 1; i < argc; i++)
        failed += !play_apart(argv[i]);
    return failed ? 1 : 0;
}
