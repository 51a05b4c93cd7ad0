/*
 * house.c - the village of the fuzz targets: made once as records, put back
 * by undoing one transaction or from copies of its files.
 */
#include "house.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "core/own.h"
#include "seal/own.h"

extern const struct feature *const feature_table[];

static struct core *core;
static char folder[64];
static struct code_lists *codes, *thresholds;        /* as they were */
static struct arena mem;
static struct who people[PEOPLE];

/* The files the store was made of when it had just been closed. */
static struct {
    char name[64];
    struct buf bytes;
} copies[12];
static size_t copy_count;
static const char list_name[] = "w.db.keys.master.tombstones";
static size_t list_size;

static bool once;                 /* is one file after another played, rather than found? */

int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct stat st;

    for (int i = 1; i < *argc && !once; i++)
        once = stat((*argv)[i], &st) == 0 && S_ISREG(st.st_mode);
    return 0;
}

bool house_thorough(const uint8_t *data, size_t size)
{
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < size; i++)
        h = (h ^ data[i]) * 16777619u;
    return once || (h >> 7) % 96 == 0;
}

void house_fail(const char *file, int line, const char *fmt, ...)
{
    va_list ap;

    fprintf(stderr, "%s:%d: ", file, line);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    abort();
}

void house_sane(const struct err *e)
{
    DEMAND(e->kind != ERR_NONE && e->key[0], "failed without a word");
    DEMAND(e->kind != ERR_BROKEN, "broken: %s %s %s", e->key, e->field, e->detail);
}

struct json *house_json(struct str text)
{
    struct json *j = NULL;
    struct err e = { 0 };

    DEMAND(json_parse(text, &json_own, &j, &e) == 0, "%s: %.*s", e.key, (int)text.len, text.at);
    return j;
}

struct id house_id(char kind, unsigned n)
{
    return (struct id){ { [6] = 0x70, [8] = 0x80, [14] = (uint8_t)kind, [15] = (uint8_t)n } };
}

struct id house_id_of(char kind, unsigned n, char text[ID_TEXT])
{
    struct id id = house_id(kind, n);

    id_text(id, text);
    return id;
}

/* ---- the folder: in memory, cleared of what fallen ones left behind ---------------- */

static void each_file(const char *path, const char *begins, void (*each)(const char *file, const char *name))
{
    struct dirent *d;
    DIR *dir = opendir(path);
    char file[384];

    while (dir && (d = readdir(dir)))
        if (d->d_name[0] != '.' && strncmp(d->d_name, begins, strlen(begins)) == 0) {
            snprintf(file, sizeof file, "%s/%s", path, d->d_name);
            each(file, d->d_name);
        }
    if (dir)
        closedir(dir);
}

static void file_remove(const char *file, const char *name)
{
    (void)name;
    unlink(file);
}

static void file_copy(const char *file, const char *name)
{
    struct err e = { 0 };

    DEMAND(copy_count < COUNT_OF(copies), "too many files");
    snprintf(copies[copy_count].name, sizeof copies[0].name, "%s", name);
    DEMAND(file_read(file, 1 << 28, &copies[copy_count++].bytes, &e) == 0, "%s %s", e.key, e.detail);
}

static void folder_remove(const char *path)
{
    each_file(path, "", file_remove);
    rmdir(path);
}

static void sweep(const char *place)
{
    struct dirent *d;
    DIR *dir = opendir(place);
    char path[320];
    int pid;

    while (dir && (d = readdir(dir)))
        if (sscanf(d->d_name, "wangge-fuzz-%d", &pid) == 1 && kill(pid, 0) < 0 && errno == ESRCH) {
            snprintf(path, sizeof path, "%s/%s", place, d->d_name);
            folder_remove(path);
        }
    if (dir)
        closedir(dir);
}

static void leave(void)
{
    core_close(core);
    folder_remove(folder);
    for (size_t i = 0; i < copy_count; i++)
        buf_done(&copies[i].bytes);
    arena_done(&mem);
}

const char *house_file(const char *name)
{
    static char paths[4][128];
    static size_t turn;
    char *path = paths[turn++ % COUNT_OF(paths)];

    if (!folder[0]) {
        const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

        sweep(place);
        snprintf(folder, sizeof folder, "%s/wangge-fuzz-%d", place, (int)getpid());
        DEMAND(mkdir(folder, 0700) == 0, "%s", folder);
        atexit(leave);
    }
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* ---- the village --------------------------------------------------------------------- */

static const struct {
    const char *id, *parent, *name;
    int level;
} areas[] = {
    { "4405", "4405", "汕头市", 1 },
    { "440513", "4405", "潮阳区", 2 },
    { "440513108", "440513", "铜盂镇", 3 },
    { VILLAGE, "440513108", "草尾村", 4 },
    { VILLAGE "01", VILLAGE, "第一网格", 5 },
    { VILLAGE "02", VILLAGE, "第二网格", 5 },
    { "440513108217", "440513108", "岐北村", 4 },
    { "44051310821701", "440513108217", "岐北一格", 5 },
};
static const struct {
    const char *name, *role, *area;
} workers[WORKERS] = {
    { "陈大暑", "commander", "440513" }, { "林立秋", "secretary", VILLAGE }, { "李小满", "grid_worker", VILLAGE "01" },
    { "王谷雨", "grid_worker", VILLAGE "02" }, { "赵春分", "clerk", VILLAGE }, { "周白露", "approver", "440513" },
};
static const char *const surnames[] = { "赵", "钱", "孙", "李", "周", "吴" };

static void put(struct batch *b, const char *type, const char *area, const char *fmt, ...) PRINTF_LIKE(4, 5);

static void put(struct batch *b, const char *type, const char *area, const char *fmt, ...)
{
    char text[2048];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    core_batch_add(b, id_make("house", str_of(type), str_of(text)), type, str_of(area), HOUSE_NOW - 3600000, house_json(str_of(text)));
}

static void write_down(struct batch *b)
{
    core_write(core, b);
    for (size_t i = 0; i < b->count; i++)
        DEMAND(b->results[i].status == RESULT_STORED, "the village: %s %s", b->results[i].err.key, b->results[i].err.field);
    core_batch_free(b);
}

static struct batch *begin(void)
{
    return core_batch_new(core, &who_system, HOUSE_NOW);
}

static void make_areas(void)
{
    struct buf profile = { 0 };
    struct err e = { 0 };

    for (size_t i = 0; i < COUNT_OF(areas); i++) {
        struct batch *b = begin();

        put(b, "area.open", areas[i].parent, "{\"code\":\"%s\",\"name\":\"%s\",\"level\":%d}", areas[i].id, areas[i].name, areas[i].level);
        if (i == 0) {
            DEMAND(file_read(SOURCE_ROOT "/data/profile/covid_2020.json", 1 << 20, &profile, &e) == 0, "%s", e.key);
            core_batch_add(b, house_id('e', 99), "profile.set", STR("4405"), HOUSE_NOW, house_json(buf_view(&profile)));
            buf_done(&profile);
        }
        write_down(b);
    }
}

static void make_workers(void)
{
    char org[ID_TEXT], worker[ID_TEXT], duty[ID_TEXT];
    struct batch *b = begin();

    house_id_of('o', 1, org);
    put(b, "duty.organisation", VILLAGE, "{\"organisation\":\"%s\",\"name\":\"草尾村党支部\",\"kind\":\"party_branch\"}", org);
    for (unsigned i = 0; i < WORKERS; i++) {
        house_id_of('w', i + 1, worker);
        put(b, "duty.worker", VILLAGE, "{\"worker\":\"%s\",\"name\":\"%s\",\"phone\":\"1009000000%u\",\"category\":\"village_committee\"}",
            worker, workers[i].name, i + 1);
    }
    write_down(b);
    b = begin();
    for (unsigned i = 0; i < WORKERS; i++) {
        house_id_of('w', i + 1, worker);
        house_id_of('u', i + 1, duty);
        put(b, "duty.assign", workers[i].area, "{\"duty\":\"%s\",\"worker\":\"%s\",\"role\":\"%s\",\"since\":%lld}", duty, worker,
            workers[i].role, HOUSE_NOW - 86400000LL);
    }
    write_down(b);
}

static void make_doors(void)
{
    char door[ID_TEXT], home[ID_TEXT], person[ID_TEXT], centre[ID_TEXT];
    struct batch *b = begin();

    house_id_of('h', 1, centre);
    for (unsigned n = 1; n <= DOORS; n++) {
        const char *grid = n <= 3 ? VILLAGE "01" : n <= 5 ? VILLAGE "02" : "44051310821701";

        house_id_of('d', n, door);
        house_id_of('h', n, home);
        put(b, "household.door", grid, "{\"door\":\"%s\",\"order\":%u,\"building\":\"村前路%u号\",\"use\":\"%s\"}", door, n, n,
            n <= HOUSEHOLDS ? "self" : "vacant");
        if (n > HOUSEHOLDS)
            break;
        put(b, "household.open", grid, "{\"household\":\"%s\",\"door\":\"%s\",\"kind\":\"registered\",\"head\":\"%s门一\",\"phone\":\"1000000000%u\"%s%s%s}",
            home, door, surnames[n - 1], n, n == 1 ? ",\"centre\":true" : ",\"needs\":[\"alone_elder\"],\"centre_of\":\"", n == 1 ? "" : centre,
            n == 1 ? "" : "\"");
        for (unsigned m = 0; m < 2; m++) {
            house_id_of('p', 2 * n + m - 1, person);
            put(b, "household.member", grid, "{\"household\":\"%s\",\"person\":\"%s\",\"name\":\"%s%s一\",\"sex\":\"%u\",\"birth\":\"1970-0%u-01\","
                "\"relation\":\"%s\",\"id\":\"9900001970010%u00%uX\"}", home, person, surnames[n - 1], m ? "阿" : "门", m + 1, n,
                m ? "spouse" : "self", n, m);
        }
    }
    write_down(b);
    b = begin();
    house_id_of('u', WORKERS + 1, door);
    house_id_of('w', WORKERS, person);
    put(b, "duty.assign", VILLAGE "01", "{\"duty\":\"%s\",\"worker\":\"%s\",\"role\":\"centre_head\",\"household\":\"%s\",\"since\":%lld}",
        door, person, centre, HOUSE_NOW - 86400000LL);
    write_down(b);
}

static void make_round(void)
{
    char round[ID_TEXT], door[ID_TEXT], home[ID_TEXT], person[ID_TEXT], text[512];
    struct batch *b = begin();
    struct err e = { 0 };

    house_id_of('r', 1, round);
    house_id_of('d', 1, door);
    house_id_of('h', 1, home);
    house_id_of('p', 1, person);
    put(b, "screening.round", VILLAGE, "{\"round\":\"%s\",\"name\":\"第一轮\",\"trigger\":\"routine\",\"measures\":[\"notify\",\"supply\"]}", round);
    write_down(b);
    DEMAND(core_tick(core, &e) > 0, "the round is not frozen: %s", e.key);
    b = begin();
    snprintf(text, sizeof text, "{\"round\":\"%s\",\"door\":\"%s\",\"household\":\"%s\",\"method\":\"at_door\",\"outcome\":\"completed\","
             "\"checks\":[{\"person\":\"%s\",\"basis\":\"measured\",\"temps\":[{\"temp\":379,\"method\":\"forehead\"}]}],"
             "\"found\":[{\"name\":\"何甲\"}]}", round, door, home, person);
    core_batch_add(b, house_id('v', 1), "screening.visit", STR(VILLAGE "01"), HOUSE_NOW - 60000, house_json(str_of(text)));
    write_down(b);
}

/* ---- opening, and the way back --------------------------------------------------------- */

static void opened(void)
{
    struct core_options o = { .store = arena_printf(&mem, "sqlite:%s", house_file("w.db")), .create = true, .features = feature_table };
    struct err e = { 0 };

    DEMAND(core_open(&core, &o, &e) == 0, "the house does not open: %s %s", e.key, e.detail);
    codes = atomic_load(&core->codes);
    thresholds = atomic_load(&core->thresholds);
    /* Small enough to be wiped after every input. */
    cache_done(&core->seal->secrets);
    cache_make(&core->seal->secrets, 512, sizeof(struct secret_name), SECRET);
}

static void know_people(void)
{
    struct err e = { 0 };

    people[0] = who_system;
    for (unsigned i = 1; i < PEOPLE; i++) {
        struct duty *duties;
        int64_t *ended;
        size_t count;

        people[i].worker = house_id('w', i);
        DEMAND(duties_of(core, core->writer, people[i].worker, &duties, &ended, &count, &mem, &e) == 0, "%s", e.key);
        people[i].duties = duties;
        people[i].duty_count = duties_current(duties, ended, count, HOUSE_NOW);
    }
}

static size_t size_of(const char *name)
{
    struct stat st;

    return stat(house_file(name), &st) < 0 ? 0 : (size_t)st.st_size;
}

struct core *house(void)
{
    struct err e = { 0 };

    test_clock_set(HOUSE_NOW);
    if (core)
        return core;
    house_file("");
    opened();
    make_areas();
    make_workers();
    make_doors();
    make_round();
    DEMAND(seal_erase(core->seal, STR(VILLAGE), house_id('h', 9), &e) == 0, "%s", e.key);
    know_people();
    core_close(core);
    each_file(folder, "w.db", file_copy);
    list_size = size_of(list_name);
    opened();
    return core;
}

static struct str asked_param(void *ctx, const char *name)
{
    static char household[ID_TEXT], round[ID_TEXT];
    const struct {
        const char *name, *value;
    } params[] = { { "area", ctx }, { "household", household }, { "with", round }, { "text", "王小" }, { "kind", "name" } };

    house_id_of('h', 1, household);
    house_id_of('r', 1, round);
    for (size_t i = 0; i < COUNT_OF(params); i++)
        if (strcmp(name, params[i].name) == 0)
            return str_of(params[i].value);
    return (struct str){ 0 };
}

void house_ask(size_t who, bool hostile)
{
    static char places[][20] = { VILLAGE "01", "4405" };
    struct reader *reader;
    struct err e = { 0 };

    DEMAND(core_reader_open(core, &reader, &e) == 0, "%s", e.key);
    for (size_t n = 0; n < COUNT_OF(places) * core->feature_count; n++)
        for (const struct query *q = core->features[n / COUNT_OF(places)]->queries; q && q->name; q++) {
            struct answer answer = { 0 };

            e = (struct err){ 0 };
            if (core_read(core, reader, house_who(who), str_of(core->features[n / COUNT_OF(places)]->name), str_of(q->name), asked_param,
                          places[n % COUNT_OF(places)], &answer, &e) == 0)
                json_free(house_json(buf_view(&answer.body)));
            else if (hostile)
                DEMAND(e.kind != ERR_NONE && e.key[0], "failed without a word");
            else
                house_sane(&e);
            answer_done(&answer);
        }
    core_reader_close(reader);
}

const struct who *house_who(size_t n)
{
    return &people[n % PEOPLE];
}

void house_fresh(void)
{
    test_clock_set(HOUSE_NOW);
    core_close(core);
    each_file(folder, "w.db", file_remove);
    for (size_t i = 0; i < copy_count; i++) {
        const struct buf *bytes = &copies[i].bytes;
        FILE *f = fopen(house_file(copies[i].name), "w");

        DEMAND(f && fchmod(fileno(f), 0600) == 0 && fwrite(bytes->at, 1, bytes->len, f) == bytes->len && fclose(f) == 0, "%s", copies[i].name);
    }
    arena_done(&mem);
    opened();
    know_people();
}

void house_try(void)
{
    if (!core->bulk)
        core_bulk_begin(core);
}

/* Profiles of undone records: published lists are kept as long as the core is open, which is what a fuzzer has no room for. */
static void unpublish(_Atomic(struct code_lists *) *from, struct code_lists *back)
{
    struct code_lists *l = atomic_load(from);

    atomic_store(from, back);
    while (l != back) {
        struct code_lists *before = l->before;

        json_free(l->lists);
        free(l);
        l = before;
    }
}

void house_undo(void)
{
    static int turns;
    struct seal *s = core->seal;
    struct err e = { 0 };

    test_clock_set(HOUSE_NOW);
    /* Who was erased stays so; and now and then everything is made anew, so that nothing gathers. */
    if (size_of(list_name) != list_size || ++turns % 20000 == 0) {
        core->bulk_open = false;
        house_fresh();
        house_try();
        return;
    }
    if (core->bulk_open) {
        store_fence(core->writer, NULL);
        store_rollback(core->writer);
        (void)!store_failed(core->writer, &e);
        core->bulk_open = false;
        core->bulk_pending = 0;
        core->areas_dirty = core->duties_dirty = false;
        atomic_fetch_add(&core->duty_revision, 1);
        DEMAND(areas_reload(core, &e) == 0, "%s", e.key);
    }
    if (s->open) {
        store_rollback(s->store);
        s->open = false;
        cache_wipe(&s->secrets);
    }
    unpublish(&core->codes, codes);
    unpublish(&core->thresholds, thresholds);
    core->settled = lists_now(core);
}
