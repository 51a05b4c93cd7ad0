/*
 * village.c - the fixture `given village`: one village, 2 grids, 24 doors, 72
 * people, 6 workers, made as records by the operator.  README.md lists it.
 */
#include "scenario.h"

#define STANDING_SINCE 1579449600000   /* 2020-01-20 00:00 +08:00 */

static const struct {
    const char *name, *id, *parent, *words;
    int level;
} areas[] = {
    { "city", "4405", "4405", "汕头市", 1 },
    { "district", "440513", "4405", "潮阳区", 2 },
    { "town", "440513108", "440513", "铜盂镇", 3 },
    { "village", "440513108216", "440513108", "草尾村", 4 },
    { "grid1", "44051310821601", "440513108216", "第一网格", 5 },
    { "grid2", "44051310821602", "440513108216", "第二网格", 5 },
};
#define VILLAGE "440513108216"

static const struct {
    const char *name, *role, *area, *category;
} workers[] = {
    { "陈大暑", "commander", "440513", "sent_down_cadre" },
    { "林立秋", "secretary", VILLAGE, "village_committee" },
    { "李小满", "grid_worker", VILLAGE "01", "grid_worker_full" },
    { "王谷雨", "grid_worker", VILLAGE "02", "grid_worker_full" },
    { "赵春分", "clerk", VILLAGE, "village_committee" },
    { "周白露", "approver", "440513", "sent_down_cadre" },
};

static const char *const surnames[] = { "赵", "钱", "孙", "李", "周", "吴", "郑", "王", "冯", "陈", "褚", "卫",
                                        "蒋", "沈", "韩", "杨", "朱", "秦", "尤", "许", "何", "吕", "施", "张" };
static const char *const numerals[] = { "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二",
                                        "十三", "十四", "十五", "十六", "十七", "十八", "十九", "二十", "二十一", "二十二", "二十三", "二十四" };
static const struct {
    const char *middle, *relation, *sex, *birth;
} members[] = {
    { "门", "self", "1", "1970-01" },
    { "阿", "spouse", "2", "1972-02" },
    { "小", "child", "1", "2005-03" },
};

/* The id called $name, the same in every run. */
static struct id named(struct play *p, const char *stem, size_t n)
{
    const char *name = n ? arena_printf(&p->mem, "%s%zu", stem, n) : stem;
    struct id id = id_make("scenario", str_of(name), STR(""));

    name_set_id(p, str_of(name), id);
    return id;
}

static const char *text_of(struct play *p, struct id id)
{
    char *out = arena_take(&p->mem, ID_TEXT);

    id_text(id, out);
    return out;
}

/* An identity number of region 990000, which does not exist, with its check digit (GB 11643). */
static const char *identity(struct play *p, const char *birth, size_t day, size_t sequence)
{
    static const int weights[] = { 7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2 };
    char *id = arena_printf(&p->mem, "990000%.4s%.2s%02zu%03zu?", birth, birth + 5, day, sequence);
    int sum = 0;

    for (size_t i = 0; i < COUNT_OF(weights); i++)
        sum += (id[i] - '0') * weights[i];
    id[17] = "10X98765432"[sum % 11];
    return id;
}

void operator_put(struct play *p, struct batch *b, const char *type, struct str area, struct id id, struct str text)
{
    struct json *values = NULL;
    struct err e = { 0 };

    if (json_parse(text, &json_own, &values, &e) < 0)
        play_broken(p, type, &e);
    core_batch_add(b, id, type, area, time_now(), values);
}

void operator_write(struct play *p, struct batch *b)
{
    core_write(p->core, b);
    for (size_t i = 0; i < b->count; i++)
        if (b->results[i].status == RESULT_REFUSED)
            play_broken(p, arena_printf(&p->mem, "record %zu of the fixture", i + 1), &b->results[i].err);
    core_batch_free(b);
}

#define PUT(b, type, area, id, ...) operator_put(p, b, type, str_of(area), id, str_of(arena_printf(&p->mem, __VA_ARGS__)))

static void one(struct play *p, const char *type, const char *area, struct str text)
{
    struct batch *b = core_batch_new(p->core, &who_system, time_now());

    operator_put(p, b, type, str_of(area), id_make(type, str_of(area), text), text);
    operator_write(p, b);
}

static void make_areas(struct play *p)
{
    CLEANUP(buf_done) struct buf profile = { 0 };
    struct err e = { 0 };

    for (size_t i = 0; i < COUNT_OF(areas); i++) {
        name_set(p, str_of(areas[i].name), str_of(areas[i].id));
        one(p, "area.open", areas[i].parent,
            str_of(arena_printf(&p->mem, "{\"code\":\"%s\",\"name\":\"%s\",\"level\":%d}", areas[i].id, areas[i].words, areas[i].level)));
        if (i == 0) {
            if (file_read(SOURCE_ROOT "/data/profile/covid_2020.json", 1 << 20, &profile, &e) < 0)
                play_broken(p, "the profile", &e);
            one(p, "profile.set", areas[0].id, buf_view(&profile));
        }
    }
}

static void make_workers(struct play *p)
{
    struct batch *b = core_batch_new(p->core, &who_system, time_now());
    struct err e = { 0 };
    struct id org = named(p, "org", 0);

    PUT(b, "duty.organisation", VILLAGE, id_make("organisation", STR("org"), STR("")),
        "{\"organisation\":\"%s\",\"name\":\"草尾村党支部\",\"kind\":\"party_branch\"}", text_of(p, org));
    operator_write(p, b);

    b = core_batch_new(p->core, &who_system, time_now());
    for (size_t i = 0; i < COUNT_OF(workers); i++)
        PUT(b, "duty.worker", VILLAGE, id_make("worker", str_of(workers[i].name), STR("")),
            "{\"worker\":\"%s\",\"name\":\"%s\",\"phone\":\"100900000%02zu\",\"category\":\"%s\",\"organisation\":\"%s\"}",
            text_of(p, named(p, "w", i + 1)), workers[i].name, i + 1, workers[i].category, text_of(p, org));
    operator_write(p, b);

    for (size_t i = 0; i < COUNT_OF(workers); i++) {
        struct id worker = named(p, "w", i + 1);

        one(p, "duty.assign", workers[i].area,
            str_of(arena_printf(&p->mem, "{\"duty\":\"%s\",\"worker\":\"%s\",\"role\":\"%s\",\"since\":%lld}",
                                text_of(p, named(p, "duty", i + 1)), text_of(p, worker), workers[i].role, (long long)STANDING_SINCE)));
        if (core_account_add(p->core, str_of(workers[i].name), worker, STR(PASSWORD), &e) < 0)
            play_broken(p, "an account", &e);
    }
}

static void make_doors(struct play *p)
{
    struct batch *doors = core_batch_new(p->core, &who_system, time_now());
    struct batch *households = core_batch_new(p->core, &who_system, time_now());
    struct batch *people = core_batch_new(p->core, &who_system, time_now());

    for (size_t n = 1; n <= COUNT_OF(surnames); n++) {
        const char *grid = n <= 12 ? VILLAGE "01" : VILLAGE "02", *surname = surnames[n - 1], *numeral = numerals[n - 1];
        const char *door = text_of(p, named(p, "d", n)), *household = text_of(p, named(p, "h", n));

        PUT(doors, "household.door", grid, id_make("door", str_of(door), STR("")),
            "{\"door\":\"%s\",\"order\":%zu,\"building\":\"村前路%zu号\",\"use\":\"self\"}", door, (n - 1) % 12 + 1, n);
        PUT(households, "household.open", grid, id_make("household", str_of(household), STR("")),
            "{\"household\":\"%s\",\"door\":\"%s\",\"kind\":\"registered\",\"head\":\"%s门%s\",\"phone\":\"100000000%02zu\"}",
            household, door, surname, numeral, n);
        for (size_t m = 0; m < COUNT_OF(members); m++) {
            size_t number = (n - 1) * COUNT_OF(members) + m + 1;
            const char *person = text_of(p, named(p, "p", number)), *id = identity(p, members[m].birth, n, n);

            name_set(p, str_of(arena_printf(&p->mem, "id%zu", number)), str_of(id));
            PUT(people, "household.member", grid, id_make("member", str_of(person), STR("")),
                "{\"household\":\"%s\",\"person\":\"%s\",\"name\":\"%s%s%s\",\"sex\":\"%s\",\"birth\":\"%s-%02zu\",\"id\":\"%s\","
                "\"relation\":\"%s\"%s}",
                household, person, surname, members[m].middle, numeral, members[m].sex, members[m].birth, n, id, members[m].relation,
                m == 0 ? arena_printf(&p->mem, ",\"phone\":\"100000000%02zu\"", n) : "");
        }
    }
    operator_write(p, doors);
    operator_write(p, households);
    operator_write(p, people);
}

void given_village(struct play *p)
{
    make_areas(p);
    make_workers(p);
    make_doors(p);
}
