/*
 * keys.c - the key file and what stands beside it: the master, the one of a
 * rotation that was cut off, the list of tombstones, rows of the key store.
 *
 * Four parts, "--" on a line of its own between them: <master>, <master>.new,
 * <master>.tombstones, and changes of rows, a line each.  An empty part is no
 * file.  $M is the true master, $O another one, $T the true list; changes that
 * begin with "older" are made to a copy of the key store from before anybody
 * was erased.  Whatever stands there, opening ends with keys that open what was
 * sealed, or with a word; who was erased stays erased - by the older store as
 * far as the list holds his line.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "seal/seal.h"

enum { PARTS = 4 };
static const char *const suffixes[] = { ".keys.master", ".keys.master.new", ".keys.master.tombstones" };
static struct buf store, older, master, tombs, list, box;
static const struct id known = { { 1, 2, 3 } }, gone = { { 4, 5, 6 } }, record = { { 7, 8, 9 } };
#define SECRET_TEXT STR("{\"head\":\"王小明\"}")

static const char *path_of(const char *suffix)
{
    char name[64];

    snprintf(name, sizeof name, "k%s", suffix);
    return house_file(name);
}

static int open_seal(struct seal **s, struct err *e)
{
    char url[128], key[128];

    snprintf(url, sizeof url, "sqlite:%s", path_of(".keys"));
    snprintf(key, sizeof key, "%s", path_of(".keys.master"));
    return seal_open(s, url, key, !store.len, e);
}

static void put_file(const char *path, struct str bytes)
{
    FILE *f = fopen(path, "w");

    DEMAND(f && fchmod(fileno(f), 0600) == 0 && fwrite(bytes.at, 1, bytes.len, f) == bytes.len && fclose(f) == 0, "%s", path);
}

static void clear(struct str keys)
{
    static const char *const all[] = { ".keys-wal", ".keys-shm", ".keys.master", ".keys.master.new", ".keys.master.tombstones" };

    for (size_t i = 0; i < COUNT_OF(all); i++)
        unlink(path_of(all[i]));
    put_file(path_of(".keys"), keys);
}

static void begin(void)
{
    struct seal_place place = { STR(VILLAGE), record, known, SEAL_REGISTER, HOUSE_NOW };
    struct seal_session session = { .worker = known, .account = "one", .until = HOUSE_NOW + 86400000 };
    struct seal *s;
    struct err e = { 0 };

    DEMAND(open_seal(&s, &e) == 0, "%s %s", e.key, e.detail);
    DEMAND(seal_box(s, &place, SECRET_TEXT, &box, &e) == 0, "%s", e.key);
    DEMAND(seal_note(s, FIND_NAME, STR("王小明"), STR(VILLAGE), known, &e) == 0, "%s", e.key);
    DEMAND(seal_account_put(s, STR("one"), known, "$argon2id$v=19$m=8,t=1,p=1$x", &e) == 0, "%s", e.key);
    DEMAND(seal_session_put(s, (const uint8_t[32]){ 1 }, &session, &e) == 0, "%s", e.key);
    seal_close(s);
    DEMAND(file_read(path_of(".keys"), 1 << 24, &older, &e) == 0 && open_seal(&s, &e) == 0, "%s", e.key);
    DEMAND(seal_erase(s, STR(VILLAGE), gone, &e) == 0 && seal_erase_period(s, STR(VILLAGE), SEAL_HEALTH, 200, &e) == 0, "%s", e.key);
    seal_close(s);
    DEMAND(file_read(path_of(".keys"), 1 << 24, &store, &e) == 0 && file_read(path_of(".keys.master"), 4096, &master, &e) == 0 &&
           file_read(path_of(".keys.master.tombstones"), 4096, &tombs, &e) == 0, "%s", e.key);
}

/* ---- what stands there ------------------------------------------------------------------- */

static void put_part(struct str part, const char *suffix, struct buf *bytes)
{
    static const struct str other = { "0123abcd 0123abcd 0123abcd 0123abcd 0123abcd 0123abcd 0123abcd 0123abcd\n", 72 };

    for (size_t i = 0; i < part.len; i++)
        if (part.at[i] == '$' && i + 1 < part.len && strchr("MOT", part.at[i + 1])) {
            char c = part.at[++i];
            buf_str(bytes, c == 'M' ? buf_view(&master) : c == 'T' ? buf_view(&tombs) : other);
        } else {
            buf_char(bytes, part.at[i]);
        }
    if (bytes->len)
        put_file(path_of(suffix), buf_view(bytes));
}

/* One row of a table, the column that is named and what it becomes, as bytes, text or number. */
static const struct sql changes[] = {
    { "k.a", "UPDATE seal_key SET wrapped = $1 WHERE name = 'token'" },
    { "k.b", "UPDATE seal_key SET name = $2 WHERE name = 'nonce'" },
    { "k.c", "DELETE FROM seal_key WHERE name = 'token'" },
    { "k.d", "UPDATE seal_subject SET wrapped = $1" },
    { "k.e", "UPDATE seal_subject SET ledger = $2" },
    { "k.f", "UPDATE seal_subject SET subject = $1" },
    { "k.g", "UPDATE seal_period SET class = $3, month = $3" },
    { "k.h", "UPDATE seal_period SET wrapped = $1" },
    { "k.i", "UPDATE seal_tombstone SET ledger = $2" },
    { "k.j", "UPDATE seal_tombstone SET subject = $1" },
    { "k.k", "DELETE FROM seal_tombstone" },
    { "k.l", "INSERT INTO seal_tombstone_period (ledger, class, month, at) VALUES ($2, $3, $3, 0)" },
    { "k.m", "UPDATE seal_account SET wrapped = $1" },
    { "k.n", "UPDATE seal_account SET worker = $1, name = $2" },
    { "k.o", "UPDATE seal_session SET until = $3, account = $2" },
    { "k.p", "UPDATE seal_session SET worker = $1" },
    { "k.q", "UPDATE seal_token SET token = $1, subject = $1" },
    { "k.r", "UPDATE seal_token SET ledger = $2" },
    { "k.t", "UPDATE seal_subject SET wrapped = (SELECT wrapped FROM seal_period)" },
    { "k.u", "INSERT INTO seal_tombstone (ledger, subject, at) VALUES ($2, $1, $3)" },
};

static void change_rows(struct str part)
{
    struct store *s = NULL;
    struct err e = { 0 };
    char url[128];

    snprintf(url, sizeof url, "sqlite:%s", path_of(".keys"));
    DEMAND(store_open(&s, url, STORE_WRITE, &e) == 0, "%s %s", e.key, e.detail);
    while (part.len) {
        const char *end = memchr(part.at, '\n', part.len);
        struct str line = { part.at, end ? (size_t)(end - part.at) : part.len }, rest = { 0 };
        uint64_t n = 0;

        part.at += line.len + (end != NULL);
        part.len -= line.len + (end != NULL);
        if (line.len < 1)
            continue;
        rest = (struct str){ line.at + 1, line.len - 1 };
        for (size_t i = 0; i < rest.len && i < 8; i++)
            n = n * 256 + (uint8_t)rest.at[i];
        (void)!store_run(s, &changes[(unsigned char)line.at[0] % COUNT_OF(changes)], ARGS(value_blob(rest), rest, (int64_t)n), NULL, &e);
    }
    store_close(s);
}

/* ---- and what is made of it ----------------------------------------------------------------- */

static void said(const struct err *e)
{
    DEMAND(e->kind != ERR_NONE && e->key[0], "failed without a word");
}

static void nobody(void *ctx, struct str name, struct id worker)
{
    (void)ctx, (void)worker;
    DEMAND(name.at != NULL, "an account without a name");
}

/* Does the list that was there hold the whole line of who is gone, on a line of its own? */
static bool listed(void)
{
    const char *line = memmem(tombs.at, tombs.len, "subject", 7), *at;
    size_t n = (size_t)((char *)memchr(line, '\n', tombs.len) - line) + 1;

    for (size_t from = 0; (at = memmem(list.at + from, list.len - from, line, n)); from = (size_t)(at - list.at) + n)
        if (at == list.at || at[-1] == '\n' || at[-1] == 0)
            return true;
    return false;
}

static int hit(void *ctx, struct str ledger, struct id subject, struct err *e)
{
    (void)ctx, (void)ledger, (void)subject, (void)e;
    return 0;
}

static void use(struct seal *s, bool promised)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    struct seal_session session;
    struct id worker;
    char verifier[128];
    struct err e = { 0 };

    if (seal_unbox(s, STR(VILLAGE), record, buf_view(&box), &plain, &e) == 0)
        DEMAND(str_eq(buf_view(&plain), SECRET_TEXT), "opened to something else");
    else
        said(&e);
    DEMAND(!promised || seal_erased(s, STR(VILLAGE), gone), "who was erased is back");
    e = (struct err){ 0 };
    if (seal_search(s, FIND_NAME, STR("王小"), &STR(VILLAGE), 1, hit, NULL, &e) < 0)
        said(&e);
    e = (struct err){ 0 };
    if (seal_account_get(s, STR("one"), &worker, verifier, &e) < 0)
        said(&e);
    e = (struct err){ 0 };
    if (seal_session_get(s, (const uint8_t[32]){ 1 }, &session, &e) < 0)
        said(&e);
    e = (struct err){ 0 };
    if (seal_accounts(s, nobody, NULL, &e) < 0)
        said(&e);
    e = (struct err){ 0 };
    if (seal_rotate(s, &e) < 0)
        said(&e);
    e = (struct err){ 0 };
    if (seal_sync(s, &e) < 0)
        said(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str parts[PARTS] = { 0 }, left = { (const char *)data, size };
    struct seal *s = NULL;
    struct err e = { 0 };

    test_clock_set(HOUSE_NOW);
    if (!store.len)
        begin();
    for (size_t i = 0; i < PARTS; i++) {
        const char *end = i + 1 < PARTS && left.len ? memmem(left.at, left.len, "\n--\n", 4) : NULL;

        parts[i] = (struct str){ left.at, end ? (size_t)(end - left.at) : left.len };
        left.at += parts[i].len + (end ? 4 : 0);
        left.len -= parts[i].len + (end ? 4 : 0);
    }
    bool old = str_starts(parts[3], STR("older\n"));
    clear(buf_view(old ? &older : &store));
    if (old)
        parts[3] = (struct str){ parts[3].at + 6, parts[3].len - 6 };
    for (size_t i = 0; i < COUNT_OF(suffixes); i++) {
        buf_clear(&list);
        put_part(parts[i], suffixes[i], &list);
    }
    if (parts[3].len)
        change_rows(parts[3]);
    if (open_seal(&s, &e) == 0)
        use(s, old ? list.len && listed() : !parts[3].len);
    else
        said(&e);
    seal_close(s);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static const char *const masters[] = { "$M", "$O", "", "$M\r\n", "$M$M", "$Mx", " $M", "00", "zz" };
    static const char *const lists[] = { "$T", "", "$T$T", "$Tsubject", "subject " VILLAGE " 01020300-0000-0000-0000-000000000000 end\n",
                                         "$Tperiod " VILLAGE " 1 0 end\n", "period " VILLAGE " 9 99999999999 end\n", "subject x y end\n", "\n\n", "end\n" };
    CLEANUP(buf_done) struct buf text = { 0 };

    grow_seed(seed);
    if (grow_any(4))
        return LLVMFuzzerMutate(data, size, most);
    buf_printf(&text, "%s\n--\n%s\n--\n%s\n--\n", masters[grow_any(COUNT_OF(masters))], grow_any(2) ? "" : masters[grow_any(COUNT_OF(masters))],
               lists[grow_any(COUNT_OF(lists))]);
    buf_text(&text, grow_any(2) ? "older\n" : "");
    for (size_t n = grow_any(3); n; n--) {
        buf_char(&text, (char)('@' + grow_any(COUNT_OF(changes))));
        buf_str(&text, grow_word());
        buf_char(&text, '\n');
    }
    if (text.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, text.at, text.len);
    return text.len;
}
