/*
 * test_core.c - core with a small feature of its own: the way of a record from batch to table and back.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/core.h"

/* ---- a feature: places that count things, in one table ------------------------- */

static const struct sql schema = { "toy.schema",
    "CREATE TABLE toy_thing (ledger TEXT NOT NULL, thing BLOB NOT NULL, n BIGINT NOT NULL, hot INTEGER NOT NULL, boxes BLOB, PRIMARY KEY (ledger, thing));"
    "CREATE TABLE toy_count (ledger TEXT NOT NULL, area TEXT NOT NULL, things BIGINT NOT NULL, PRIMARY KEY (ledger, area));" };
static const struct sql put = { "toy.put", "INSERT INTO toy_thing (ledger, thing, n, hot, boxes) VALUES ($1, $2, $3, $4, $5)" };
static const struct sql count = { "toy.count", "INSERT INTO toy_count (ledger, area, things) VALUES ($1, $2, 1) "
                                               "ON CONFLICT (ledger, area) DO UPDATE SET things = toy_count.things + 1" };
static const struct sql list = { "toy.list", "SELECT t.n, t.hot, t.ledger AS _ledger, t.ledger AS _area, t.boxes AS _boxes FROM toy_thing t "
                                             "WHERE t.ledger = $3 AND t.n > $4 ORDER BY t.n LIMIT $5" };
static const struct sql recount = { "toy.recount", "SELECT c.ledger FROM toy_count c "
                                                   "WHERE c.things <> (SELECT COUNT(*) FROM toy_thing t WHERE t.ledger = c.ledger)" };
static const struct sql *const steps[] = { &schema };
static const struct sql *const recounts[] = { &recount, NULL };

static const struct field open_fields[] = {
    { "code", FIELD_TEXT, .required = true, .max = 20 }, { "name", FIELD_TEXT, .required = true }, { 0 } };
static const struct field temp_fields[] = {
    { "temp", FIELD_NUMBER, .required = true, .min = 300, .max = 430, .seal = SEAL_HEALTH }, { "method", FIELD_TEXT }, { 0 } };
static const struct field add_fields[] = {
    { "thing", FIELD_ID, .required = true }, { "n", FIELD_NUMBER, .required = true, .min = 0, .max = 1000 },
    { "name", FIELD_TEXT, .seal = SEAL_REGISTER, .find = FIND_NAME }, { "temps", FIELD_GROUP, .list = true, .items = 3, .fields = temp_fields },
    { "boom", FIELD_BOOL }, { 0 } };

static int apply_open(struct tx *tx, const struct record *r, struct err *e)
{
    struct area_put a = { .id = record_text(r, "code"), .code = record_text(r, "code"), .name = record_text(r, "name"), .kind = STR("test"),
                          .ledger = record_text(r, "code"), .level = (int)record_text(r, "code").len, .parent = STR("") };
    return core_area_put(tx, r, &a, e);
}

static void (*meanwhile)(struct core *c);      /* what somebody else does while the writer has a record in hand */

static bool shut;                              /* 4406 takes nothing for now */

static int check_add(struct tx *tx, struct record *r, struct err *e)
{
    struct item it;
    int64_t hot = 0;

    if (record_number(r, "n") == 998 && meanwhile)
        meanwhile(tx_core(tx));
    if (shut && str_is(r->area, "4406"))
        return err_again(e, ERR_CONFLICT, "toy.shut");
    if (record_number(r, "n") == 999)
        return err_set(e, ERR_CONFLICT, "toy.full");
    for (size_t i = 0; record_item(r, "temps", i, &it); i++)
        hot += item_number(&it, "temp") >= 373;
    given_number(r, "hot", hot);
    return 0;
}

static int apply_add(struct tx *tx, const struct record *r, struct err *e)
{
    struct item it;

    if (record_item(r, "temps", 0, &it))
        assert_false(item_has(&it, "temp"));      /* sealed: gone before apply */
    if (tx_run(tx, e, &put, ARGS(r->ledger, record_id(r, "thing"), record_number(r, "n"), given_int(r, "hot"),
                                 value_blob(boxes_with(r, (struct str){ 0 }, SEAL_REGISTER))), NULL) < 0 ||
        tx_run(tx, e, &count, ARGS(r->ledger, r->area), NULL) < 0)
        return -1;
    if (record_number(r, "n") == 997 && meanwhile)
        meanwhile(tx_core(tx));
    if (record_number(r, "n") == 996)
        return err_again(e, ERR_BUSY, "toy.busy");            /* costs the whole transaction */
    return record_number(r, "boom") ? err_broken(e, "toy.boom", "after two writes") : 0;
}

static const struct field send_fields[] = { { "thing", FIELD_ID, .required = true }, { "to", FIELD_TEXT, .required = true }, { 0 } };

static int apply_send(struct tx *tx, const struct record *r, struct err *e)
{
    return core_owe(tx, r, record_text(r, "to"), e);
}

static int make_add(struct tx *tx, const struct record *source, const struct json *values, struct json **out, struct err *e)
{
    (void)tx, (void)source, (void)e;
    *out = json_map();
    json_set(*out, "thing", json_copy(json_get(values, "thing")));
    json_set(*out, "n", json_number(7));
    return 0;
}
static const struct field wind_fields[] = { { "thing", FIELD_ID, .required = true }, { "due", FIELD_TIME, .required = true }, { 0 } };
static const struct field ring_fields[] = { { "thing", FIELD_ID, .required = true }, { 0 } };
static const int64_t too_early = 1580342400000;

static int apply_wind(struct tx *tx, const struct record *r, struct err *e)
{
    return core_alarm(tx, r, record_number(r, "due"), "toy.ring", record_id(r, "thing"), e);
}

static int check_ring(struct tx *tx, struct record *r, struct err *e)
{
    (void)tx;
    return r->at == too_early ? err_again(e, ERR_CONFLICT, "toy.early") : 0;
}

static int apply_ring(struct tx *tx, const struct record *r, struct err *e)
{
    return core_alarm_off(tx, r, "toy.ring", record_id(r, "thing"), e);
}

static const struct delivery deliveries[] = { { "toy.send", "toy.add", make_add }, { 0 } };

static const struct record_type records[] = {
    { "toy.send", RIGHT_VISIT, send_fields, NULL, apply_send },
    { "toy.open", RIGHT_SYSTEM, open_fields, NULL, apply_open, .births = true },
    { "toy.wind", RIGHT_VISIT, wind_fields, NULL, apply_wind },
    { "toy.ring", RIGHT_SYSTEM, ring_fields, check_ring, apply_ring },
    { "toy.add", RIGHT_VISIT, add_fields, check_add, apply_add, .subject = "thing" },
    { 0 } };
static const struct param params[] = { { "ledger", FIELD_TEXT, true, PARAM_ASKED }, { 0 } };
static const struct sealed_column sealed[] = { { "name", "_boxes", "name", MASK_NAME }, { 0 } };
static const struct query queries[] = {
    { "list", RIGHT_LISTS, .sql = &list, .params = params, .sealed = sealed, .keys = "i", .page = 2 },
    { 0 } };
static const struct feature toy = { "toy", "玩具", 1, steps, records, .queries = queries, .deliveries = deliveries, .recounts = recounts };
static const struct feature *const features[] = { &toy, NULL };

/* ---- a store in a folder of its own ------------------------------------------------ */

struct world {
    char dir[64], store[96];
    struct core *c;
};

static void open_world(struct world *w)
{
    struct err e = { 0 };
    struct core_options o = { .store = w->store, .create = true, .features = features };

    if (core_open(&w->c, &o, &e) < 0)
        fail_msg("%s %s", e.key, e.detail);
}

static int begin(void **state)
{
    struct world *w = mem_take(sizeof *w);

    shut = false, meanwhile = NULL;
    snprintf(w->dir, sizeof w->dir, "/tmp/wangge-core-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->store, sizeof w->store, "sqlite:%s/w.db", w->dir);
    open_world(w);
    struct batch *b = core_batch_new(w->c, &who_system, time_now());
    for (int i = 0; i < 2; i++) {
        struct json *v = json_map();
        json_set(v, "code", json_text(i ? STR("4406") : STR("4405")));
        json_set(v, "name", json_text(STR("某市")));
        core_batch_add(b, id_new(), "toy.open", i ? STR("4406") : STR("4405"), time_now(), v);
    }
    core_write(w->c, b);
    for (size_t i = 0; i < b->count; i++)
        if (b->results[i].status != RESULT_STORED)
            fail_msg("%s %s", b->results[i].err.key, b->results[i].err.detail);
    core_batch_free(b);
    *state = w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    char command[128];

    core_close(w->c);
    snprintf(command, sizeof command, "rm -rf %s", w->dir);
    free(w);
    return system(command);
}

static void add(struct batch *b, struct id id, const char *area, int64_t n, const char *name, int64_t temp, bool boom)
{
    struct json *v = json_map();
    char text[ID_TEXT];

    id_text(id, text);
    json_set(v, "thing", json_text(str_of(text)));
    json_set(v, "n", json_number(n));
    if (name)
        json_set(v, "name", json_text(str_of(name)));
    if (temp) {
        struct json *temps = json_list(), *t = json_map();
        json_set(t, "temp", json_number(temp));
        json_set(t, "method", json_text(STR("ear")));
        json_add(temps, t);
        json_set(v, "temps", temps);
    }
    if (boom)
        json_set(v, "boom", json_bool(true));
    core_batch_add(b, id, "toy.add", str_of(area), 1580860800000, v);
}

static struct result write_one(struct world *w, struct id id, const char *area, int64_t n, const char *name, int64_t temp)
{
    struct batch *b = core_batch_new(w->c, &who_system, 1580860801000);
    struct result r;

    add(b, id, area, n, name, temp, false);
    core_write(w->c, b);
    r = b->results[0];
    core_batch_free(b);
    return r;
}

static void verify(struct world *w, int64_t records_expected)
{
    struct verify_report r;
    struct err e = { 0 };

    assert_int_equal(core_verify(w->c, &r, &e), 0);
    assert_int_equal(r.bad_ledgers, 0);
    assert_int_equal(r.bad_counters, 0);
    assert_int_equal(r.records, records_expected);
}

/* ---- what must hold ------------------------------------------------------------------- */

static void stored_then_repeated_then_reused(void **state)
{
    struct world *w = *state;
    struct id id = id_new();

    assert_int_equal(write_one(w, id, "4405", 1, "王小明", 368).status, RESULT_STORED);
    struct result again = write_one(w, id, "4405", 1, "王小明", 368);
    assert_int_equal(again.status, RESULT_REPEATED);
    assert_int_equal(again.position, 2);
    struct result other = write_one(w, id, "4405", 1, "王小明", 369);       /* only a sealed value differs */
    assert_int_equal(other.status, RESULT_REFUSED);
    assert_string_equal(other.err.key, "record.reused");
    assert_string_equal(write_one(w, id, "4405", 2, "王小明", 368).err.key, "record.reused");
    verify(w, 3);
}

/* Somebody signs in while no file can grow beyond a page: the key store's transaction fails in their hands. */
static void sign_in_fails(struct core *c)
{
    struct seal_session session = { .until = time_now() + 1000 };
    uint8_t token[32] = { 1 };
    struct rlimit limit;
    struct err e = { 0 };

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    assert_int_equal(seal_session_put(core_seal(c), token, &session, &e), 0);
    assert_int_equal(seal_sync(core_seal(c), &e), -1);
    assert_string_equal(e.key, "store.full");
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void secrets_lost_in_another_hand_cost_the_batch_and_nothing_else(void **state)
{
    struct world *w = *state;
    struct id ids[] = { id_new(), id_new(), id_new() };
    struct verify_report report;
    struct err e = { 0 };
    char key[48];

    meanwhile = sign_in_fails;
    for (int turn = 0; turn < 2; turn++) {
        struct batch *b = core_batch_new(w->c, &who_system, 1580860801000);
        add(b, ids[0], "4405", 1, "王小明", 368, false);         /* sealed with secrets that are lost */
        add(b, ids[1], "4405", 998, "李小红", 0, false);         /* sealed after it, with new ones */
        add(b, ids[2], "4406", 2, NULL, 0, false);
        core_write(w->c, b);
        for (size_t i = 0; i < b->count; i++) {
            assert_int_equal(b->results[i].status, turn ? RESULT_STORED : RESULT_REFUSED);
            assert_string_equal(b->results[i].err.key, turn ? "" : "keys.undone");
            assert_int_equal(b->results[i].err.again, !turn);
        }
        core_batch_free(b);
        assert_int_equal(core_health(w->c, key), turn);
        verify(w, turn ? 5 : 2);
        meanwhile = NULL;
    }
    core_close(w->c);                                               /* what is on disk, not what is remembered */
    open_world(w);
    assert_int_equal(core_verify(w->c, &report, &e), 0);
    assert_int_equal(report.boxes, 3);
    assert_int_equal(report.lost, 0);
}

static void a_broken_apply_costs_only_its_record(void **state)
{
    struct world *w = *state;
    struct batch *b = core_batch_new(w->c, &who_system, 1580860801000);

    add(b, id_new(), "4405", 1, NULL, 0, false);
    add(b, id_new(), "4405", 2, NULL, 0, true);
    add(b, id_new(), "4406", 3, NULL, 0, false);
    add(b, id_new(), "4405", 4, NULL, 0, false);
    core_write(w->c, b);
    assert_int_equal(b->results[0].status, RESULT_STORED);
    assert_int_equal(b->results[1].status, RESULT_REFUSED);
    assert_string_equal(b->results[1].err.key, "core.broken");
    assert_int_equal(b->results[2].status, RESULT_STORED);
    assert_int_equal(b->results[3].status, RESULT_STORED);
    assert_int_equal(b->results[3].position, 3);
    core_batch_free(b);
    verify(w, 5);
}

static void hand_lists_over(struct core *c)
{
    CLEANUP(json_done) struct json *lists = json_map();
    CLEANUP(json_done) struct json *thresholds = json_map();
    struct json *codes = json_list();

    json_add(codes, json_text(STR("x")));
    json_set(lists, "toy", codes);
    json_set(thresholds, "line", json_number(7));
    core_codes_put(c, lists);
    core_thresholds_put(c, thresholds);
}

/* The commit of the store fails, of which these lists are. */
static void hand_over_on_a_full_disk(struct core *c)
{
    struct rlimit limit;

    hand_lists_over(c);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 4096;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void lists_of_what_was_undone_stand_no_more(void **state)
{
    static const struct {
        void (*meanwhile)(struct core *c);
        bool boom, stands;
    } turns[] = { { hand_over_on_a_full_disk, false, false }, { hand_lists_over, true, false }, { hand_lists_over, false, true },
                  { hand_over_on_a_full_disk, false, true } };
    struct world *w = *state;
    struct rlimit limit;

    for (size_t i = 0; i < COUNT_OF(turns); i++) {
        struct batch *b = core_batch_new(w->c, &who_system, 1580860801000);
        meanwhile = turns[i].meanwhile;
        add(b, id_new(), "4405", 997, NULL, 0, turns[i].boom);
        core_write(w->c, b);
        meanwhile = NULL;
        assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
        assert_int_equal(b->results[0].status, i == 2 ? RESULT_STORED : RESULT_REFUSED);
        assert_int_equal(core_code_known(w->c, "toy", STR("x")), true);
        assert_int_equal(core_code_known(w->c, "toy", STR("y")), !turns[i].stands);
        assert_int_equal(core_threshold(w->c, "line", 3), turns[i].stands ? 7 : 3);
        core_batch_free(b);
    }
}

static void shape_is_checked_with_the_place_of_the_fault(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *body, *key, *field;
    } cases[] = {
        { "{\"n\":1}", "field.missing", "thing" },
        { "{\"thing\":\"x\",\"n\":1}", "field.id", "thing" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1001}", "field.range", "n" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":\"1\"}", "field.number", "n" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1.5}", "field.number", "n" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1,\"x\":1}", "field.unknown", "x" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1,\"temps\":[{\"temp\":368},{\"temp\":500}]}", "field.range", "temps[1].temp" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1,\"temps\":[{},{},{},{}]}", "field.items", "temps" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":1,\"name\":\"a\\u0007b\"}", "field.control", "name" },
        { "{\"thing\":\"01890000-0000-7000-8000-000000000001\",\"n\":999}", "toy.full", "" },
    };

    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CLEANUP(buf_done) struct buf body = { 0 };
        struct batch *b;
        struct err e = { 0 };
        buf_printf(&body, "{\"now\":%lld,\"records\":[{\"id\":\"01890000-0000-7000-8000-0000000000aa\",\"type\":\"toy.add\",\"area\":\"4405\","
                          "\"at\":%lld,\"body\":%s}]}", (long long)time_now(), (long long)time_now(), cases[i].body);
        assert_int_equal(core_batch_read(w->c, &who_system, buf_view(&body), &b, &e), 0);
        core_write(w->c, b);
        assert_int_equal(b->results[0].status, RESULT_REFUSED);
        assert_string_equal(b->results[0].err.key, cases[i].key);
        assert_string_equal(b->results[0].err.field, cases[i].field);
        core_batch_free(b);
    }
}

static void rebuild_gives_the_same_tables(void **state)
{
    struct world *w = *state;
    uint8_t before[32], after[32];
    struct err e = { 0 };

    for (int i = 0; i < 50; i++)
        assert_int_equal(write_one(w, id_new(), i % 3 ? "4405" : "4406", i, "陈大文", 360 + i).status, RESULT_STORED);
    assert_int_equal(core_tables_digest(w->c, before, &e), 0);
    assert_int_equal(core_rebuild(w->c, &e), 0);
    assert_int_equal(core_tables_digest(w->c, after, &e), 0);
    assert_memory_equal(before, after, sizeof before);
    verify(w, 52);
    assert_int_equal(write_one(w, id_new(), "4405", 77, NULL, 0).status, RESULT_STORED);
}

static struct str param(void *ctx, const char *name)
{
    const char *const *pairs = ctx;

    for (; *pairs; pairs += 2)
        if (strcmp(pairs[0], name) == 0)
            return str_of(pairs[1]);
    return (struct str){ 0 };
}

static void rows_come_in_pages_masked_or_open(void **state)
{
    struct world *w = *state;
    struct reader *r;
    struct err e = { 0 };
    char cursor[200] = "";
    int pages = 0;
    struct duty duty = { .area = "4405", .role = "commander" };
    struct who commander = { .worker = id_new(), .duties = &duty, .duty_count = 1 };

    for (int i = 0; i < 5; i++)
        write_one(w, id_new(), "4405", i, "欧阳小红", 0);
    assert_int_equal(core_reader_open(w->c, &r, &e), 0);
    do {
        const char *asked[] = { "area", "4405", "ledger", "4405", "cursor", cursor, NULL };
        struct answer a = { 0 };
        assert_int_equal(core_read(w->c, r, &commander, STR("toy"), STR("list"), param, asked, &a, &e), 0);
        assert_non_null(strstr(buf_z(&a.body), "\"欧**\""));
        assert_null(a.note);
        char *next = strstr(buf_z(&a.body), "\"next\":\"");
        cursor[0] = 0;
        if (next)
            sscanf(next + 8, "%199[^\"]", cursor);
        answer_done(&a);
        pages++;
    } while (cursor[0]);
    assert_int_equal(pages, 3);

    strcpy(duty.role, "grid_worker");                        /* on the very place: open, and noted */
    const char *asked[] = { "area", "4405", "ledger", "4405", NULL };
    struct answer a = { 0 };
    assert_int_equal(core_read(w->c, r, &commander, STR("toy"), STR("list"), param, asked, &a, &e), 0);
    assert_non_null(strstr(buf_z(&a.body), "欧阳小红"));
    assert_non_null(a.note);
    core_write(w->c, a.note);
    assert_int_equal(a.note->results[0].status, RESULT_STORED);
    assert_string_equal(a.note->results[0].ledger, "4405/read");
    answer_done(&a);

    strcpy(duty.area, "4406");
    assert_int_equal(core_read(w->c, r, &commander, STR("toy"), STR("list"), param, asked, &a, &e), -1);
    assert_string_equal(e.key, "right.denied");
    core_reader_close(r);
}

static void an_erased_subject_is_unreadable_and_the_chain_stands(void **state)
{
    struct world *w = *state;
    struct id id = id_new();
    struct reader *r;
    struct err e = { 0 };
    struct answer a = { 0 };
    struct duty duty = { .area = "4405", .role = "grid_worker" };
    struct who worker = { .worker = id_new(), .duties = &duty, .duty_count = 1 };
    const char *asked[] = { "area", "4405", "ledger", "4405", NULL };

    write_one(w, id, "4405", 1, "林一", 380);
    assert_int_equal(core_erase(w->c, STR("4405"), id, &e), 0);
    assert_int_equal(core_reader_open(w->c, &r, &e), 0);
    assert_int_equal(core_read(w->c, r, &worker, STR("toy"), STR("list"), param, asked, &a, &e), 0);
    assert_null(strstr(buf_z(&a.body), "林一"));
    assert_non_null(strstr(buf_z(&a.body), "\"name\":null"));
    answer_done(&a);
    core_reader_close(r);
    assert_int_equal(write_one(w, id, "4405", 1, "林一", 380).status, RESULT_REPEATED);
    verify(w, 3);
}

static void a_stop_refuses_what_waits_and_keeps_what_was_said(void **state)
{
    struct world *w = *state;
    struct id id = id_new();

    assert_int_equal(write_one(w, id, "4405", 5, NULL, 0).status, RESULT_STORED);
    core_close(w->c);
    open_world(w);
    assert_int_equal(write_one(w, id, "4405", 5, NULL, 0).status, RESULT_REPEATED);
    verify(w, 3);
}

/* As somebody does who has the store in his hands. */
static void behind_its_back(struct world *w, const char *text)
{
    const struct sql sql = { "toy.behind", text };
    struct store *s = NULL;
    struct err e = { 0 };

    core_close(w->c);
    int failed = store_open(&s, w->store, STORE_WRITE, &e) < 0 || store_begin(s, &e) < 0 || store_run(s, &sql, NO_ARGS, NULL, &e) < 0 ||
        store_commit(s, &e) < 0;
    store_close(s);
    open_world(w);
    if (failed)
        fail_msg("%s %s", e.key, e.detail);
}

static int64_t one_number(struct world *w, const char *text)
{
    const struct sql sql = { "toy.number", text };
    struct rows rows = { 0 };
    struct reader *r;
    struct err e = { 0 };

    assert_int_equal(core_reader_open(w->c, &r, &e), 0);
    assert_int_equal(store_query(reader_store(r), &rows, &sql, NO_ARGS, &e), 0);
    assert_true(rows_next(&rows));
    int64_t n = rows_int(&rows, 0);
    rows_done(&rows);
    core_reader_close(r);
    return n;
}

static void verify_finds_what_was_changed(void **state)
{
    static const char *const changes[] = {      /* each undoes the one before, but the last */
        "UPDATE ledger_record SET received_at = received_at + 1 WHERE ledger = '4405' AND position = 2",
        "UPDATE ledger_record SET received_at = received_at - 1, author = x'00112233445566778899aabbccddeeff' WHERE ledger = '4405' AND position = 2",
        "UPDATE ledger_record SET author = x'', given = given || ' ' WHERE ledger = '4405' AND position = 2",
    };
    struct world *w = *state;
    struct verify_report r;
    struct err e = { 0 };

    for (int i = 0; i < 3; i++)
        assert_int_equal(write_one(w, id_new(), "4405", i, "林一", 380).status, RESULT_STORED);
    verify(w, 5);
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        behind_its_back(w, changes[i]);
        assert_int_equal(core_verify(w->c, &r, &e), 0);
        assert_int_equal(r.bad_ledgers, 1);
        assert_string_equal(r.first_bad, "ledger 4405 2");
    }
}

/* A bulk load commits every 8,192 records; those that were undone are not counted. */
static void a_bulk_load_counts_anew_after_what_was_undone(void **state)
{
    enum { ALL_BUT_ONE = 8191 };
    static const char things[] = "SELECT COUNT(*) FROM toy_thing";
    struct world *w = *state;
    struct batch *b = core_batch_new(w->c, &who_system, 1580860801000);
    struct err e = { 0 };

    core_bulk_begin(w->c);
    for (int i = 0; i < ALL_BUT_ONE; i++)
        add(b, id_new(), "4405", i + 1 < ALL_BUT_ONE ? 1 : 996, NULL, 0, false);
    core_write(w->c, b);
    assert_int_equal(b->results[0].status, RESULT_REFUSED);
    assert_string_equal(b->results[0].err.key, "toy.busy");
    core_batch_free(b);
    assert_int_equal(write_one(w, id_new(), "4405", 1, NULL, 0).status, RESULT_STORED);
    assert_int_equal(one_number(w, things), 0);
    assert_int_equal(core_bulk_end(w->c, &e), 0);
    assert_int_equal(one_number(w, things), 1);
    verify(w, 3);
}

/* Its chains hold and its counters agree: only the mark beside it knows that it was longer once. */
static void an_older_copy_is_not_served(void **state)
{
    struct world *w = *state;
    struct core_options o = { .store = w->store, .features = features };
    CLEANUP(buf_done) struct buf older = { 0 };
    char path[96], mark[112];
    struct err e = { 0 };

    snprintf(path, sizeof path, "%s/w.db", w->dir);
    snprintf(mark, sizeof mark, "%s.seen", path);
    core_close(w->c);
    assert_int_equal(file_read(path, 1 << 28, &older, &e), 0);
    open_world(w);
    assert_int_equal(write_one(w, id_new(), "4405", 1, NULL, 0).status, RESULT_STORED);
    core_close(w->c);
    assert_int_equal(file_write_whole(path, 0600, buf_view(&older), &e), 0);
    int opened = core_open(&w->c, &o, &e);
    unlink(mark);                     /* who takes the loss */
    if (opened < 0)
        open_world(w);
    assert_int_equal(opened, -1);
    assert_string_equal(e.key, "store.behind");
    verify(w, 2);
}

static int reads_until_bad;            /* the n-th read fails, once; 0: none does */

/* In place of libc's, for SQLite: a disk that once cannot be read. */
ssize_t pread64(int fd, void *bytes, size_t n, off64_t at);
ssize_t pread64(int fd, void *bytes, size_t n, off64_t at)
{
    if (reads_until_bad && !--reads_until_bad) {
        errno = EIO;
        return -1;
    }
    return syscall(SYS_pread64, fd, bytes, n, at);
}

/* Opens a store of which one read fails, each in turn; to_be: what an opening without such a read says, "" when it stands. */
static void open_with_each_read_failing(struct world *w, const struct core_options *o, const char *to_be)
{
    struct id incarnation = core_incarnation(w->c);
    struct err e;
    int turn = 0;

    do {
        e = (struct err){ 0 };
        core_close(w->c);
        w->c = NULL;
        reads_until_bad = ++turn;
        int opened = core_open(&w->c, o, &e);
        bool met = !reads_until_bad;
        reads_until_bad = 0;
        assert_int_equal(!w->c, opened < 0);
        if (w->c)
            assert_true(id_eq(core_incarnation(w->c), incarnation));
        if (!met)
            break;
        if (to_be[0])
            assert_null(w->c);
        if (!w->c && !to_be[0])
            open_world(w);
        if (w->c)
            assert_true(id_eq(core_incarnation(w->c), incarnation));
    } while (turn < 1000);
    assert_true(turn > 5 && turn < 1000);
    assert_string_equal(w->c ? "" : e.key, to_be);
}

static void what_cannot_be_read_is_not_absent(void **state)
{
    struct world *w = *state, *other;
    struct core_options o = { .store = w->store, .create = true, .features = features };
    char keys[112], master[112];
    void *second;

    open_with_each_read_failing(w, &o, "");
    assert_int_equal(begin(&second), 0);
    other = second;
    snprintf(keys, sizeof keys, "%s.keys", other->store);
    snprintf(master, sizeof master, "%s/w.db.keys.master", other->dir);
    core_close(other->c);
    o.keys = keys, o.master = master;
    open_with_each_read_failing(w, &o, "keys.other");
    open_world(w);
    open_world(other);
    assert_int_equal(end(&second), 0);
}

/* The receipt was lost with the power: what was delivered is owed again. */
static void what_is_owed_is_delivered_once(void **state)
{
    static const char delivered[] = "SELECT COUNT(*) FROM ledger_record WHERE ledger = '4406' AND type = 'toy.add'";
    struct world *w = *state;
    struct batch *b = core_batch_new(w->c, &who_system, time_now());
    struct json *values = json_map();
    struct err e = { 0 };
    char thing[ID_TEXT];

    id_text(id_new(), thing);
    json_set(values, "thing", json_text(str_of(thing)));
    json_set(values, "to", json_text(STR("4406")));
    core_batch_add(b, id_new(), "toy.send", STR("4405"), time_now(), values);
    core_write(w->c, b);
    assert_int_equal(b->results[0].status, RESULT_STORED);
    core_batch_free(b);
    assert_true(core_tick(w->c, &e) > 0);
    assert_int_equal(one_number(w, delivered), 1);
    assert_int_equal(one_number(w, "SELECT COUNT(*) FROM core_outbox"), 0);
    behind_its_back(w, "INSERT INTO core_outbox (ledger, position, target) VALUES ('4405', 2, '4406')");
    assert_true(core_tick(w->c, &e) >= 0);
    assert_int_equal(one_number(w, delivered), 1);
    assert_int_equal(one_number(w, "SELECT COUNT(*) FROM ledger_record WHERE type = 'core.refused'"), 0);
}

/* The disk is waited for by who stores something. */
static void what_writes_nothing_commits_nothing(void **state)
{
    static const enum result_status to_be[] = { RESULT_STORED, RESULT_REPEATED, RESULT_REFUSED };
    struct world *w = *state;
    struct id id = id_new(), thing = id_new();
    struct core_figures before, after;
    int64_t at = time_now();

    core_figures(w->c, &before);
    for (size_t i = 0; i < COUNT_OF(to_be); i++) {
        struct batch *b = core_batch_new(w->c, &who_system, at);
        struct json *values = json_map();
        char text[ID_TEXT];
        id_text(i == 2 ? id_new() : thing, text);             /* at last another content under the same id */
        json_set(values, "thing", json_text(str_of(text)));
        json_set(values, "to", json_text(STR("4405")));
        core_batch_add(b, id, "toy.send", STR("4405"), at, values);
        core_write(w->c, b);
        assert_int_equal(b->results[0].status, to_be[i]);
        core_batch_free(b);
        core_figures(w->c, &after);
        assert_int_equal(after.commits - before.commits, 1);
    }
}

/* Those that wait are tried again by turns, and keep what comes after them from nothing. */
static void what_waits_starves_nobody(void **state)
{
    enum { STUCK_DEBTS = 450, STUCK_ALARMS = 1100 };
    static const char owed[] = "SELECT COUNT(*) FROM core_outbox", due[] = "SELECT COUNT(*) FROM core_alarm";
    struct world *w = *state;
    struct batch *b = core_batch_new(w->c, &who_system, time_now());
    struct err e = { 0 };

    for (int i = 0; i <= STUCK_DEBTS + STUCK_ALARMS + 1; i++) {
        bool debt = i <= STUCK_DEBTS, last = i == STUCK_DEBTS || i == STUCK_DEBTS + STUCK_ALARMS + 1;
        struct json *values = json_map();
        char thing[ID_TEXT];
        id_text(id_new(), thing);
        json_set(values, "thing", json_text(str_of(thing)));
        if (debt)
            json_set(values, "to", json_text(last ? STR("4405") : STR("4406")));
        else
            json_set(values, "due", json_number(last ? too_early + 1 : too_early));
        core_batch_add(b, id_new(), debt ? "toy.send" : "toy.wind", STR("4405"), time_now(), values);
    }
    core_write(w->c, b);
    for (size_t i = 0; i < b->count; i++)
        assert_int_equal(b->results[i].status, RESULT_STORED);
    core_batch_free(b);
    shut = true;
    for (int i = 0; i < 3; i++)
        assert_true(core_tick(w->c, &e) >= 0);
    assert_int_equal(one_number(w, owed), STUCK_DEBTS);
    assert_int_equal(one_number(w, due), STUCK_ALARMS);
    shut = false;
    for (int i = 0; i < 6; i++)                 /* from wherever it is, all of them */
        assert_true(core_tick(w->c, &e) >= 0);
    assert_int_equal(one_number(w, owed), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(verify_finds_what_was_changed, begin, end),
        cmocka_unit_test_setup_teardown(what_is_owed_is_delivered_once, begin, end),
        cmocka_unit_test_setup_teardown(an_older_copy_is_not_served, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_not_absent, begin, end),
        cmocka_unit_test_setup_teardown(a_bulk_load_counts_anew_after_what_was_undone, begin, end),
        cmocka_unit_test_setup_teardown(what_writes_nothing_commits_nothing, begin, end),
        cmocka_unit_test_setup_teardown(what_waits_starves_nobody, begin, end),
        cmocka_unit_test_setup_teardown(stored_then_repeated_then_reused, begin, end),
        cmocka_unit_test_setup_teardown(a_broken_apply_costs_only_its_record, begin, end),
        cmocka_unit_test_setup_teardown(secrets_lost_in_another_hand_cost_the_batch_and_nothing_else, begin, end),
        cmocka_unit_test_setup_teardown(lists_of_what_was_undone_stand_no_more, begin, end),
        cmocka_unit_test_setup_teardown(shape_is_checked_with_the_place_of_the_fault, begin, end),
        cmocka_unit_test_setup_teardown(rebuild_gives_the_same_tables, begin, end),
        cmocka_unit_test_setup_teardown(rows_come_in_pages_masked_or_open, begin, end),
        cmocka_unit_test_setup_teardown(an_erased_subject_is_unreadable_and_the_chain_stands, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_refuses_what_waits_and_keeps_what_was_said, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
