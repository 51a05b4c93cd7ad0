/*
 * command.c - the commands, one function each, in one table.
 */
#include "command/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "drill/drill.h"
#include "exchange/exchange.h"

/* ---- words ------------------------------------------------------------------ */

static const struct {
    const char *name;
    bool flag;
} options[] = {
    { "as" }, { "area" }, { "apply", true }, { "gbk", true }, { "city" }, { "people" }, { "days" }, { "seed" }, { "until" }, { "password" },
    { "accounts", true }, { "live", true }, { "url" }, { "rate" }, { "name" }, { "phone" }, { "account" }, { "role" }, { "category" },
    { "config" }, { "check", true }, { "ledger" }, { "worker" }, { "household" }, { "class" }, { "month" }, { "reason" },
    { "day" }, { "list", true }, { "lang" }, { "to" }, { "from" }, { "tables", true }, { "keyless", true },
};

static int option_take(struct words *w, const char *name, const char *value, struct err *e)
{
    if (w->option_count == WORDS_MOST)
        return err_field(e, "command.long", name);
    w->option[w->option_count].name = name;
    w->option[w->option_count++].value = value;
    return 0;
}

static int option_known(const char *name, bool *flag)
{
    for (size_t i = 0; i < COUNT_OF(options); i++)
        if (strcmp(options[i].name, name) == 0) {
            *flag = options[i].flag;
            return 1;
        }
    for (const struct setting *s = settings; s->name; s++)
        if (strcmp(s->name, name) == 0) {
            *flag = false;
            return 1;
        }
    return 0;
}

int words_apply(const struct words *w, struct err *e)
{
    for (size_t i = 0; i < w->option_count; i++)
        for (const struct setting *s = settings; s->name; s++)
            if (strcmp(s->name, w->option[i].name) == 0 && settings_set(s->name, w->option[i].value, e) < 0)
                return -1;
    return 0;
}

int words_read(struct words *w, int argc, char **argv, struct err *e)
{
    memset(w, 0, sizeof *w);
    for (int i = 0; i < argc; i++) {
        bool flag;
        if (strncmp(argv[i], "--", 2) != 0) {
            if (w->plain_count == WORDS_MOST)
                return err_field(e, "command.long", argv[i]);
            w->plain[w->plain_count++] = argv[i];
            continue;
        }
        if (!option_known(argv[i] + 2, &flag))
            return err_field(e, "command.option", argv[i]);
        if (!flag && i + 1 == argc)
            return err_field(e, "command.value", argv[i]);
        if (option_take(w, argv[i] + 2, flag ? "1" : argv[i + 1], e) < 0)
            return -1;
        i += !flag;
    }
    return 0;
}

const char *words_option(const struct words *w, const char *name, const char *preset)
{
    for (size_t i = 0; i < w->option_count; i++)
        if (strcmp(w->option[i].name, name) == 0)
            return w->option[i].value;
    return preset;
}

static int option_number(const struct words *w, const char *name, int64_t preset, int64_t min, int64_t max, int64_t *out, struct err *e)
{
    const char *text = words_option(w, name, NULL);

    *out = preset;
    if (text && (!str_to_int(str_of(text), out) || *out < min || *out > max))
        return err_field(e, "command.number", name);
    return 0;
}

/* ---- writing a few records -------------------------------------------------------- */

static void json_set_text(struct json *map, const char *key, const char *text)
{
    if (text)
        json_set(map, key, json_text(str_of(text)));
}

/* Writes the batch and frees it; the first refusal is the error. */
static int write_or_say(struct core *c, struct batch *b, struct err *e)
{
    int result = 0;

    core_write(c, b);
    for (size_t i = 0; i < b->count && result == 0; i++)
        if (b->results[i].status == RESULT_REFUSED) {
            *e = b->results[i].err;
            result = -1;
        }
    core_batch_free(b);
    return result;
}

static void wipe_made(char (*made)[17])
{
    explicit_bzero(made, sizeof *made);
}

/* ---- accounts ------------------------------------------------------------------------ */

static int worker_add(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    const char *name = words_option(w, "name", NULL), *account = words_option(w, "account", NULL), *role = words_option(w, "role", NULL);
    const char *phone = words_option(w, "phone", NULL), *password = words_option(w, "password", NULL);
    struct str area = str_of(words_option(w, "area", ""));
    struct id worker = id_new(), duty = id_new();
    CLEANUP(wipe_made) char made[17];

    (void)input;
    if (w->plain_count < 2 || strcmp(w->plain[1], "add") != 0 || !name || !phone || !account || !role || !area.len)
        return err_set(e, ERR_INVALID, "command.usage");
    if (!role_known(role))          /* some may nothing yet */
        return err_field(e, "field.code", "role");
    core_password_make(made);
    if (!password)
        password = made;
    if (core_account_check(c, str_of(account), worker, str_of(password), e) < 0)     /* before anything is written */
        return -1;
    struct batch *b = core_batch_new(c, &who_system, time_now());
    struct json *person = json_map(), *assign = json_map();
    json_set(person, "worker", json_id(worker));
    json_set_text(person, "name", name);
    json_set_text(person, "phone", phone);
    json_set_text(person, "category", words_option(w, "category", "village_committee"));
    core_batch_add(b, id_new(), "duty.worker", area, time_now(), person);
    json_set(assign, "duty", json_id(duty));
    json_set(assign, "worker", json_id(worker));
    json_set_text(assign, "role", role);
    json_set_text(assign, "household", words_option(w, "household", NULL));
    json_set(assign, "since", json_number(time_now()));
    core_batch_add(b, id_new(), "duty.assign", area, time_now(), assign);
    if (write_or_say(c, b, e) < 0 || core_account_add(c, str_of(account), worker, str_of(password), e) < 0)
        return -1;
    buf_printf(out, "account %s %s\n", account, password);
    return 0;
}

/* A worker who is on record already gets an account, or a new password. */
static int account_add(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    const char *name = w->plain_count > 2 ? w->plain[2] : NULL, *password = words_option(w, "password", NULL);
    bool drop = w->plain_count > 1 && strcmp(w->plain[1], "drop") == 0;
    struct id worker;
    CLEANUP(wipe_made) char made[17];

    (void)input;
    if (!name || (!drop && strcmp(w->plain[1], "add") != 0))
        return err_set(e, ERR_INVALID, "command.usage");
    if (drop)
        return seal_account_drop(core_seal(c), str_of(name), e);
    if (!id_parse(str_of(words_option(w, "worker", "")), &worker))
        return err_field(e, "field.id", "worker");
    core_password_make(made);
    if (core_account_add(c, str_of(name), worker, str_of(password ? password : made), e) < 0)
        return -1;
    buf_printf(out, "account %s %s\n", name, password ? password : made);
    return 0;
}

/* A card, as the office prints it. */
static int card_make(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    struct card card;
    struct id worker;

    (void)input;
    if (!id_parse(str_of(words_option(w, "worker", "")), &worker))
        return err_field(e, "field.id", "worker");
    int result = core_card_make(c, worker, &card, e);
    if (result == 0)
        buf_printf(out, "card %s %s\n", card.name, card.code);
    explicit_bzero(&card, sizeof card);
    return result;
}

/* ---- import, export ---------------------------------------------------------------------- */

static bool has_profile(struct core *c)
{
    return core_threshold(c, "fever_line", -1) >= 0;
}

static const char *profile_path(struct buf *to)
{
    buf_printf(to, "%s/profile/covid_2020.json", setting_text("data"));
    return buf_z(to);
}

static bool profile_there(struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };

    if (file_exists(profile_path(&path)))
        return true;
    err_broken(e, "file.missing", "%s; --data names the folder it lies in", buf_z(&path));
    return false;
}

/* A store with areas but no profile gets the shipped one, so that a village can begin. */
static int load_profile(struct core *c, struct err *e)
{
    CLEANUP(buf_done) struct buf path = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct json *profile = NULL;
    const struct areas *areas = core_areas_hold(c);
    struct str root = area_count(areas) ? area_at(areas, 0)->id : STR("");
    int result = 0;

    if (root.len && !has_profile(c)) {
        result = file_read(profile_path(&path), 1 << 20, &text, e);
        if (result == 0)
            result = json_parse(buf_view(&text), &json_own, &profile, e);
        if (result == 0) {
            struct batch *b = core_batch_new(c, &who_system, time_now());
            core_batch_add(b, id_new(), "profile.set", root, time_now(), profile);
            result = write_or_say(c, b, e);
        }
    }
    core_areas_drop(areas);
    return result;
}

static int import(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    CLEANUP(import_report_done) struct import_report report = { 0 };
    bool apply = words_option(w, "apply", NULL) != NULL;
    const char *as = words_option(w, "as", NULL);

    if (!as)
        return err_set(e, ERR_INVALID, "command.usage");
    if (apply && !has_profile(c) && !profile_there(e))         /* before anything is written */
        return -1;
    if (exchange_import(c, &who_system, as, str_of(words_option(w, "area", "")), input, words_option(w, "gbk", NULL) != NULL, apply, &report, e) < 0)
        return -1;
    if (report.bad) {         /* the file comes back alone, so that it can be mended and handed in again */
        buf_str(out, buf_view(&report.file));
        err_broken(e, "import.rows", "%" PRId64 " of %" PRId64 " rows; see the column error", report.bad, report.rows);
        e->kind = ERR_INVALID;
        return -1;
    }
    buf_str(out, buf_view(&report.words));
    buf_printf(out, "rows %" PRId64 " bad %" PRId64 " stored %" PRId64 " repeated %" PRId64 " refused %" PRId64 "\n", report.rows, report.bad,
               report.stored, report.repeated, report.refused);
    if (!apply)
        buf_text(out, "dry run: nothing was written; --apply writes\n");
    return apply ? load_profile(c, e) : 0;
}

static int export(struct core *c, const struct words *w, const struct drain *out, struct err *e)
{
    const char *as = words_option(w, "as", NULL), *area = words_option(w, "ledger", words_option(w, "area", NULL));

    if (!as || !area)
        return err_set(e, ERR_INVALID, "command.usage");
    return exchange_export(c, &who_system, as, str_of(area), out, e);
}

/* ---- verify, rebuild, keys, settings -------------------------------------------------------- */

static int verify(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    bool tables = words_option(w, "tables", NULL) != NULL;
    struct verify_report r;
    int result = 0;

    (void)input;
    if (core_verify(c, &r, e) < 0)
        return -1;
    if (tables && !r.bad_ledgers)
        result = core_verify_tables(c, &r, e);
    buf_printf(out, "ledgers %" PRId64 " records %" PRId64 " bad_ledgers %" PRId64 " bad_counters %" PRId64 " bad_pages %" PRId64 "\n", r.ledgers,
               r.records, r.bad_ledgers, r.bad_counters, r.bad_pages);
    if (r.keyless)
        buf_text(out, "boxes not looked into: the keys are missing\n");
    else
        buf_printf(out, "boxes %" PRId64 " erased %" PRId64 " lost %" PRId64 "\n", r.boxes, r.erased, r.lost);
    buf_printf(out, "heads %" PRId64 " bad_heads %" PRId64 "\n", r.heads, r.bad_heads);
    if (r.tables)
        buf_printf(out, "tables %" PRId64 " bad_tables %" PRId64 "\n", r.tables, r.bad_tables);
    else if (tables)
        buf_text(out, "tables not compared\n");
    if (r.first_bad[0])
        buf_printf(out, "first: %s\n", r.first_bad);
    if (r.bad_ledgers || r.bad_counters || r.bad_pages || r.bad_heads || r.lost || r.bad_tables)
        return err_set(e, ERR_CONFLICT, "verify.bad");
    if (result == 0 && r.keyless && !words_option(w, "keyless", NULL))
        return err_set(e, ERR_MISSING, "keys.missing");
    return result;
}

static int rebuild(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    CLEANUP(tables_done) struct tables before = { 0 }, after = { 0 };
    CLEANUP(buf_done) struct buf changed = { 0 };
    uint8_t digest[32];
    int64_t began = time_monotonic();

    (void)w, (void)input;
    if (core_tables(c, &before, e) < 0 || core_rebuild(c, e) < 0 || core_tables(c, &after, e) < 0)
        return -1;
    for (size_t i = 0; i < after.count; i++)
        if (!table_same(&before, &after.at[i]))
            buf_printf(&changed, " %s", after.at[i].name);
    tables_hash(&after, digest);
    buf_text(out, "tables ");
    hex_put(out, (struct str){ (const char *)digest, sizeof digest });
    buf_printf(out, "%s in %" PRId64 " ms\n", changed.len ? " changed" : " unchanged", time_monotonic() - began);
    if (changed.len)
        buf_printf(out, "changed:%s\n", buf_z(&changed));
    return 0;
}

static int make_tokens(struct core *c, struct buf *out, struct err *e)
{
    int64_t records;

    if (core_tokens(c, &records, e) < 0)
        return -1;
    buf_printf(out, "what people are found by was made again from %" PRId64 " records\n", records);
    return 0;
}

static int keys(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    (void)input;
    if (w->plain_count > 1 && strcmp(w->plain[1], "tokens") == 0)
        return make_tokens(c, out, e);
    if (w->plain_count < 2 || strcmp(w->plain[1], "rotate") != 0)
        return err_set(e, ERR_INVALID, "command.usage");
    /* Before, so that nothing is called safe that a rotation cut off in the middle leaves unreadable; after, for a backup that ended meanwhile. */
    if (core_backup_void(c, e) < 0 || seal_rotate(core_seal(c), e) < 0 || core_backup_void(c, e) < 0)
        return -1;
    buf_text(out, "a new master key wraps every secret; the old one and copies of the key store made with it open nothing any more.\n"
                  "Keep a copy of the new master key file apart from this machine: without it every name, phone and temperature is lost for good.\n"
                  "Backups made so far open nothing either: make a new one now.\n");
    return 0;
}

/* ---- erase: what a class of a month held, in every village at or below an area ------------------ */

static int erase_month(struct core *c, const struct area *village, enum seal_class class, const char *name, const char *day, int64_t at,
                       const char *reason, struct err *e)
{
    struct json *values = json_map();
    struct batch *b = core_batch_new(c, &who_system, time_now());

    json_set_text(values, "class", name);
    json_set_text(values, "month", day);
    json_set_text(values, "reason", reason);
    core_batch_add(b, id_new(), "core.erased", village->id, time_now(), values);
    if (seal_erase_period(core_seal(c), village->ledger, class, month_of(at), e) < 0) {     /* the secret first, then the record */
        core_batch_free(b);
        return -1;
    }
    return write_or_say(c, b, e);
}

static int erase(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    const char *class = words_option(w, "class", ""), *month = words_option(w, "month", ""), *reason = words_option(w, "reason", NULL);
    const struct areas *areas = core_areas_hold(c);
    const struct area *area = area_find(areas, str_of(words_option(w, "area", "")));
    enum seal_class sealed = strcmp(class, "health") == 0 ? SEAL_HEALTH : strcmp(class, "movement") == 0 ? SEAL_MOVEMENT : SEAL_OPEN;
    char day[DAY_TEXT];
    int64_t at, count = 0;
    int result = 0;

    (void)input;
    snprintf(day, sizeof day, "%.7s-01", month);
    if (!area)
        result = err_field(e, "area.unknown", "area");
    else if (sealed == SEAL_OPEN)
        result = err_field(e, "erase.class", "class");
    else if (strlen(month) != 7 || !day_parse(str_of(day), &at))
        result = err_field(e, "erase.month", "month");
    else if (!reason)
        result = err_field(e, "field.missing", "reason");
    for (size_t i = 0; result == 0 && i < area_count(areas); i++)
        if (area_at(areas, i)->level == 4 && area_within(area_at(areas, i), area)) {
            result = erase_month(c, area_at(areas, i), sealed, class, day, at, reason, e);
            count++;
        }
    core_areas_drop(areas);
    if (result == 0)
        buf_printf(out, "erased %s of %s in %" PRId64 " villages\n", class, month, count);
    return result;
}

static int meta(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    (void)w, (void)input, (void)e;
    core_meta(c, out);
    buf_char(out, '\n');
    return 0;
}

/* ---- drill ------------------------------------------------------------------------------------- */

static void list_account(void *ctx, struct str name, struct id worker)
{
    const char *password = ((void **)ctx)[1];

    (void)worker;
    buf_printf(((void **)ctx)[0], "account %.*s %s\n", (int)name.len, name.at, password);
}

void command_progress(const char *words, int64_t done, int64_t all)
{
    if (!isatty(STDERR_FILENO) && done != all)     /* a log needs the end of each part, not its way there */
        return;
    fprintf(stderr, "\r%-40s %" PRId64 "/%" PRId64, words, done, all);
    if (done == all)
        fputc('\n', stderr);
}

static int drill(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    int64_t people, days, seed;
    struct str fact = { 0 };
    struct drill_options o = {
        .city = words_option(w, "city", "4405"), .data = setting_text("data"), .until = words_option(w, "until", NULL),
        .password = words_option(w, "password", "wangge-drill"), .progress = command_progress,
    };
    int result = 0;

    (void)input;
    if (option_number(w, "people", 100000, 1000, 20000000, &people, e) < 0 || option_number(w, "days", 3, 0, 400, &days, e) < 0 ||
        option_number(w, "seed", 1, 0, INT64_MAX, &seed, e) < 0)
        return -1;
    o.people = people, o.days = (int)days, o.seed = (uint64_t)seed;
    struct reader *reader = NULL;
    if (core_reader_open(c, &reader, e) < 0)
        return -1;
    result = core_fact(reader, "drill", &mem, &fact, e);
    core_reader_close(reader);
    if (result < 0)
        return -1;
    const struct areas *areas = core_areas_hold(c);
    bool empty = area_count(areas) == 0;
    core_areas_drop(areas);
    if (!words_option(w, "accounts", NULL))
        result = empty ? drill_make(c, &o, e) : err_set(e, ERR_CONFLICT, fact.len ? "drill.exists" : "drill.real_store");
    else if (!fact.len)
        result = err_set(e, ERR_CONFLICT, "drill.none");
    if (result == 0) {
        void *ctx[] = { out, (void *)o.password };
        result = seal_accounts(core_seal(c), list_account, ctx, e);
    }
    return result;
}

const struct command commands[] = {
    { "drill", "[--city 4405] [--people N] [--days D] [--seed S] [--until DAY] | --accounts | --live [--url URL] [--rate N]",
      "make the invented city, or list its accounts, or go on working in it", .create = true, .run = drill },
    { "import", "FILE --as divisions|doors [--area AREA] [--gbk] [--apply]", "turn a file into records; a dry run without --apply",
      .create = true, .input = 1, .run = import },
    { "export", "--as doors|ledger --area AREA", "write an area's doors or a ledger to standard output", .beside = true,
      .pour = export },
    { "worker", "add --name NAME --phone PHONE --account ACCOUNT --role ROLE --area AREA [--household ID] [--category CODE] [--password WORD]",
      "a worker, a duty and an account to sign in with", .run = worker_add },
    { "card", "--worker ID", "a code to sign in with once, for a worker on record; the account is made when there is none", .run = card_make },
    { "account", "add NAME --worker ID [--password WORD] | drop NAME", "a way to sign in for a worker on record, or a new password",
      .run = account_add },
    { "verify", "[--tables] [--keyless]",
      "prove every chain, every day's root, and every counter against a recount; --tables: every table against one made from the ledgers",
      .keyless = true, .run = verify },
    { "heads", "[--day DAY] [--area AREA] [--list]", "the day's root over all ledgers as a page to sign and put away, or the list it is the digest of",
      .keyless = true, .run = paper_heads },
    { "trace", "--household ID [--lang zh|en]", "who wrote and who looked at what is kept of a household, to print for it", .run = paper_trace },
    { "rebuild", "", "make all tables again from the ledgers", .keyless = true, .run = rebuild },
    { "erase", "--area AREA --class health|movement --month 2020-02 --reason WORDS",
      "destroy what a month's records held, for good, in every village of the area (a household is erased by the records of two people)",
      .run = erase },
    { "backup", "--to FOLDER", "bring a backup up to now, beside a running server; the master key file is not in it",
      .beside = true, .run = make_backup },
    { "restore", "--from FOLDER", "make the store and its keys again from a backup and the master key file; one that was cut goes on",
      .alone = true, .run = restore_backup },
    { "keys", "rotate | tokens", "wrap all secrets with a new master key and destroy the old one; or make again what people are found by",
      .run = keys },
    { "meta", "", "record types, fields and questions as JSON, as the pages get them", .create = true, .run = meta },
    { "openapi", "", "the contract as OpenAPI 3.1", .create = true, .run = print_openapi },
    { "settings", "[--check]", "every setting: value, where it comes from, range, what it is; --check: can what they name be used?",
      .alone = true, .run = list_settings },
    { "man", "", "this manual page, for man(1)", .alone = true, .run = print_manual },
    { 0 },
};

const struct command *command_find(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

int command_run(const struct command *k, struct core *c, const struct words *w, struct str input, const struct drain *out, struct err *e)
{
    CLEANUP(buf_done) struct buf said = { .secret = true };
    struct err unsaid = { 0 };

    if (k->pour)
        return k->pour(c, w, out, e);
    if (k->run(c, w, input, &said, e) == 0)
        return said.len ? out->take(out->to, buf_view(&said), e) : 0;
    (void)!(said.len ? out->take(out->to, buf_view(&said), &unsaid) : 0);
    return -1;
}
