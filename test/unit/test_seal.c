/*
 * test_seal.c - boxes, tokens, erasing, rotating, accounts, on a key store in a folder of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "seal/own.h"

static char folder[32], file[64], master[64], url[96], list[96], side[96];
static struct seal *seal;
static struct err e;

#define VILLAGE STR("440513108216")
#define OTHER STR("440513108217")
#define FAR STR("440513109001")
#define FEBRUARY 1580832000000 /* 2020-02-05 */
#define DAY 86400000LL

#define FINE(call)                                                                                                                         \
    do {                                                                                                                                   \
        e = (struct err){ 0 };                                                                                                             \
        if ((call) != 0)                                                                                                                   \
            fail_msg("%s: %s %s", #call, e.key, e.detail);                                                                                 \
    } while (0)
#define REFUSED(word, call)                                                                                                                \
    do {                                                                                                                                   \
        e = (struct err){ 0 };                                                                                                             \
        assert_int_equal((call), -1);                                                                                                      \
        assert_string_equal(e.key, word);                                                                                                  \
    } while (0)

static void reopen(void)
{
    seal_close(seal);
    seal = NULL;
    FINE(seal_open(&seal, url, master, false, &e));
}

static void copy(const char *from, const char *to)
{
    struct buf bytes = { 0 };

    FINE(file_read(from, 1 << 28, &bytes, &e));
    FINE(file_write_whole(to, 0600, buf_view(&bytes), &e));
    buf_done(&bytes);
}

static char *beside(const char *suffix)
{
    static char path[4][200];
    static int turn;
    char *at = path[turn++ % 4];

    snprintf(at, sizeof path[0], "%s%s", file, suffix);
    return at;
}

/* An older copy of the key store comes back; what its log held is in the file, for the store was closed. */
static void put_back(const char *older)
{
    unlink(beside("-wal"));
    unlink(beside("-shm"));
    copy(older, file);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/test_seal.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(file, sizeof file, "%s/keys", folder);
    snprintf(url, sizeof url, "sqlite:%s", file);
    snprintf(master, sizeof master, "%s/master", folder);
    snprintf(list, sizeof list, "%s.tombstones", master);
    snprintf(side, sizeof side, "%s.new", master);
    FINE(seal_open(&seal, url, master, true, &e));
    return 0;
}

static int teardown(void **state)
{
    char command[64];

    (void)state;
    seal_close(seal);
    seal = NULL;
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

static struct id some_id(unsigned n)
{
    struct id id = { { 1 } };

    memcpy(id.b + 12, &n, sizeof n);
    return id;
}

static struct seal_place place(unsigned record, unsigned subject, enum seal_class class)
{
    return (struct seal_place){ VILLAGE, some_id(record), some_id(subject), class, FEBRUARY };
}

static struct buf sealed(struct seal_place p, struct str plain)
{
    struct buf box = { 0 };

    FINE(seal_box(seal, &p, plain, &box, &e));
    return box;
}

/* 0 and the same text, or the word key. */
static const char *opened(struct str ledger, unsigned record, struct str box, struct str plain)
{
    struct buf out = { 0 };
    int rc;

    e = (struct err){ 0 };
    buf_text(&out, "before");
    rc = seal_unbox(seal, ledger, some_id(record), box, &out, &e);
    if (rc == 0) {
        assert_int_equal(out.len, 6 + plain.len);
        assert_memory_equal(out.at + 6, plain.at, plain.len);
    } else {
        assert_int_equal(out.len, 6);
    }
    buf_done(&out);
    return rc == 0 ? "" : e.key;
}

/* ---- boxes ------------------------------------------------------------------ */

static void test_box_opens_again(void **state)
{
    struct str plain = STR("{\"temp\":373}");
    struct buf box = sealed(place(1, 2, SEAL_HEALTH), plain), none = sealed(place(3, 2, SEAL_REGISTER), STR(""));

    (void)state;
    assert_int_equal(seal_box_class(buf_view(&box)), SEAL_HEALTH);
    assert_true(id_eq(seal_box_subject(buf_view(&box)), some_id(2)));
    assert_int_equal(box.len, 60 + plain.len);
    assert_null(memmem(box.at, box.len, "temp", 4));
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), plain), "");
    assert_string_equal(opened(VILLAGE, 3, buf_view(&none), STR("")), "");
    assert_int_equal(none.at[2] | none.at[3], 0);
    FINE(seal_sync(seal, &e));
    reopen();
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), plain), "");
    buf_done(&box);
    buf_done(&none);
}

static void test_sealing_is_a_function(void **state)
{
    struct buf one = sealed(place(1, 2, SEAL_HEALTH), STR("a")), two, other;

    (void)state;
    FINE(seal_sync(seal, &e));
    reopen();
    two = sealed(place(1, 2, SEAL_HEALTH), STR("a"));
    other = sealed(place(1, 2, SEAL_HEALTH), STR("b"));
    assert_int_equal(one.len, two.len);
    assert_memory_equal(one.at, two.at, one.len);
    assert_memory_not_equal(one.at + 20, other.at + 20, 24); /* another text, another nonce */
    buf_done(&one);
    buf_done(&two);
    buf_done(&other);
}

static void test_box_is_bound(void **state)
{
    struct buf box = sealed(place(1, 2, SEAL_HEALTH), STR("a")), again = { 0 };
    struct seal_place p = place(1, 2, SEAL_HEALTH);
    struct buf others[] = { sealed(place(9, 9, SEAL_HEALTH), STR("a")), sealed(place(9, 2, SEAL_MOVEMENT), STR("a")) };

    (void)state;
    p.ledger = OTHER;
    FINE(seal_box(seal, &p, STR("a"), &again, &e));
    assert_string_equal(opened(VILLAGE, 9, buf_view(&box), STR("a")), "seal.damaged");
    assert_string_equal(opened(OTHER, 1, buf_view(&box), STR("a")), "seal.damaged");
    assert_string_equal(opened(STR("4405"), 1, buf_view(&box), STR("a")), "seal.key_lost");
    memcpy(box.at + 4, some_id(9).b, 16); /* another subject, who has a secret too */
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "seal.damaged");
    memcpy(box.at + 4, some_id(2).b, 16);
    box.at[1] = SEAL_MOVEMENT;
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "seal.damaged");
    box.at[1] = SEAL_HEALTH;
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
    buf_done(&box);
    buf_done(&again);
    buf_done(&others[0]);
    buf_done(&others[1]);
}

static void test_every_flipped_bit(void **state)
{
    struct buf box = sealed(place(1, 2, SEAL_REGISTER), STR("{\"head\":\"陈大文\"}"));

    (void)state;
    for (size_t bit = 0; bit < box.len * 8; bit++) {
        const char *key;

        box.at[bit / 8] ^= (char)(1 << bit % 8);
        key = opened(VILLAGE, 1, buf_view(&box), STR(""));
        if (bit >= 20 * 8 || bit < 8)
            assert_string_equal(key, "seal.damaged");
        else
            assert_true(!strcmp(key, "seal.damaged") || !strcmp(key, "seal.key_lost")); /* of a subject or month nobody knows */
        box.at[bit / 8] ^= (char)(1 << bit % 8);
    }
    for (size_t n = 0; n < box.len; n++)
        assert_string_not_equal(opened(VILLAGE, 1, (struct str){ box.at, n }, STR("")), "");
    buf_done(&box);
}

static void test_shape_of_a_place(void **state)
{
    struct seal_place p = place(1, 2, SEAL_OPEN);
    struct buf out = { 0 };

    (void)state;
    REFUSED("seal.class", seal_box(seal, &p, STR("a"), &out, &e));
    p = place(1, 2, SEAL_HEALTH);
    p.ledger = STR("44051310821644051310821644051310821644051310821644051310821");
    REFUSED("seal.ledger", seal_box(seal, &p, STR("a"), &out, &e));
    p = place(1, 2, SEAL_HEALTH);
    p.subject = (struct id){ 0 };
    REFUSED("seal.subject", seal_box(seal, &p, STR("a"), &out, &e));
    assert_int_equal(out.len, 0);
    assert_int_equal(seal_box_class(STR("")), SEAL_OPEN);
    assert_true(id_none(seal_box_subject(STR("short"))));
    buf_done(&out);
}

static void test_period_goes_alone(void **state)
{
    struct seal_place p = place(1, 2, SEAL_HEALTH), later = place(2, 2, SEAL_HEALTH);
    struct buf february = sealed(p, STR("a")), march, standing = sealed(place(3, 2, SEAL_REGISTER), STR("c")), out = { 0 };

    (void)state;
    later.at += 40 * DAY;
    march = sealed(later, STR("b"));
    assert_memory_not_equal(february.at + 2, march.at + 2, 2);
    FINE(seal_erase_period(seal, VILLAGE, SEAL_HEALTH, month_of(FEBRUARY), &e));
    FINE(seal_erase_period(seal, VILLAGE, SEAL_HEALTH, month_of(FEBRUARY), &e));
    for (int i = 0; i < 2; i++) {
        assert_string_equal(opened(VILLAGE, 1, buf_view(&february), STR("a")), "seal.erased");
        assert_string_equal(opened(VILLAGE, 2, buf_view(&march), STR("b")), "");
        assert_string_equal(opened(VILLAGE, 3, buf_view(&standing), STR("c")), "");
        REFUSED("seal.erased", seal_box(seal, &p, STR("a"), &out, &e));
        reopen();
    }
    buf_done(&february);
    buf_done(&march);
    buf_done(&standing);
}

/* Not only the word that it is gone: whoever has everything but the period's secret has nothing. */
static void test_both_secrets_are_in_the_key(void **state)
{
    static const struct sql drops[] = { { "drop_period", "DELETE FROM seal_period WHERE class = 2" }, { "drop_subject", "DELETE FROM seal_subject" } };
    struct str plain = STR("{\"temp\":373}");

    (void)state;
    for (size_t i = 0; i < COUNT_OF(drops); i++) {
        struct buf box = sealed(place(1, 2, SEAL_HEALTH), plain), again;
        struct store *s = NULL;

        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), plain), "");
        seal_close(seal);
        seal = NULL;
        FINE(store_open(&s, url, STORE_WRITE, &e));
        FINE(store_begin(s, &e));
        FINE(store_run(s, &drops[i], NO_ARGS, NULL, &e));
        FINE(store_commit(s, &e));
        store_close(s);
        FINE(seal_open(&seal, url, master, false, &e));
        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), plain), "seal.key_lost");
        again = sealed(place(1, 2, SEAL_HEALTH), plain);        /* mints what is missing */
        assert_string_equal(opened(VILLAGE, 1, buf_view(&again), plain), "");
        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), plain), "seal.damaged");
        buf_done(&box);
        buf_done(&again);
    }
}

/* ---- erasing ------------------------------------------------------------------ */

struct hits { /* told by a search that has enough after most of them */
    size_t count, most;
    struct id last;
    char ledger[32];
};

static int hit(void *ctx, struct str ledger, struct id subject, struct err *err)
{
    struct hits *h = ctx;

    (void)err;
    h->last = subject;
    snprintf(h->ledger, sizeof h->ledger, "%.*s", (int)ledger.len, ledger.at);
    return ++h->count == h->most;
}

static size_t found(enum seal_find kind, struct str text)
{
    struct hits h = { 0 };

    FINE(seal_sync(seal, &e)); /* a search sees what is on disk */
    FINE(seal_search(seal, kind, text, (const struct str[]){ VILLAGE, OTHER, FAR }, 3, hit, &h, &e));
    return h.count;
}

static void test_erase_stays(void **state)
{
    struct seal_place gone = place(1, 2, SEAL_REGISTER);
    struct buf box = sealed(gone, STR("a")), kept = sealed(place(2, 3, SEAL_REGISTER), STR("b")), out = { 0 };

    (void)state;
    FINE(seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(2), &e));
    FINE(seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(3), &e));
    FINE(seal_sync(seal, &e));
    reopen();
    seal_close(seal);
    copy(file, beside(".older"));
    FINE(seal_open(&seal, url, master, false, &e));

    assert_false(seal_erased(seal, VILLAGE, some_id(2)));
    assert_int_equal(found(FIND_NAME, STR("陈大文")), 2);
    FINE(seal_erase(seal, VILLAGE, some_id(2), &e));
    FINE(seal_erase(seal, VILLAGE, some_id(2), &e));
    FINE(seal_erase(seal, VILLAGE, some_id(77), &e)); /* whom nobody knew */

    for (int i = 0; i < 4; i++) {
        assert_true(seal_erased(seal, VILLAGE, some_id(2)));
        assert_true(seal_erased(seal, VILLAGE, some_id(77)));
        assert_false(seal_erased(seal, VILLAGE, some_id(3)));
        assert_false(seal_erased(seal, OTHER, some_id(2)));
        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "seal.erased");
        assert_string_equal(opened(VILLAGE, 2, buf_view(&kept), STR("b")), "");
        REFUSED("seal.erased", seal_box(seal, &gone, STR("a"), &out, &e));
        REFUSED("seal.erased", seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(2), &e));
        assert_int_equal(found(FIND_NAME, STR("陈大文")), 1);
        seal_close(seal);
        if (i == 1)
            put_back(beside(".older")); /* a key store from before the erase, beside the list of today */
        if (i == 2)
            unlink(list); /* the list is lost, the rows are not */
        FINE(seal_open(&seal, url, master, false, &e));
        assert_true(file_exists(list));
    }
    buf_done(&box);
    buf_done(&kept);
}

static void test_half_a_line_is_no_tombstone(void **state)
{
    struct buf box = sealed(place(1, 2, SEAL_REGISTER), STR("a")), all = { 0 };
    char text[ID_TEXT];

    (void)state;
    FINE(seal_erase(seal, VILLAGE, some_id(9), &e));
    seal_close(seal);
    id_text(some_id(2), text);
    FINE(file_read(list, 1 << 20, &all, &e));
    buf_printf(&all, "nonsense\nsubject 440513108216 %s e", text);
    FINE(file_write_whole(list, 0600, buf_view(&all), &e));
    FINE(seal_open(&seal, url, master, false, &e));
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
    FINE(seal_erase(seal, VILLAGE, some_id(2), &e));
    put_back(file);
    reopen();
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "seal.erased");
    buf_done(&box);
    buf_done(&all);
}

static size_t times_in(const char *path, const void *bytes, size_t n)
{
    struct buf all = { 0 };
    size_t times = 0;

    if (file_exists(path)) {
        FINE(file_read(path, 1 << 28, &all, &e));
        for (const char *at = buf_z(&all); (at = memmem(at, all.len - (size_t)(at - all.at), bytes, n)); at++)
            times++;
    }
    buf_done(&all);
    return times;
}

/* The wrapped secret itself is in no file any more: neither in the store nor in its log. */
static void test_erase_overwrites(void **state)
{
    static const struct sql ask = { "test.wrapped", "SELECT wrapped FROM seal_subject WHERE ledger = $1 AND subject = $2" };
    struct rows rows = { 0 };
    struct store *store;
    char wrapped[72];

    (void)state;
    for (unsigned i = 1; i <= 2000; i++) {
        struct buf box = sealed(place(i, i * 2654435761U, SEAL_REGISTER), STR("a"));
        buf_done(&box);
    }
    FINE(seal_sync(seal, &e));
    FINE(store_open(&store, url, STORE_READ, &e));
    FINE(store_query(store, &rows, &ask, ARGS(VILLAGE, some_id(700 * 2654435761U)), &e));
    assert_true(rows_next(&rows));
    assert_int_equal(rows_str(&rows, 0).len, sizeof wrapped);
    memcpy(wrapped, rows_str(&rows, 0).at, sizeof wrapped);
    rows_done(&rows);
    store_close(store);
    assert_true(times_in(file, wrapped, sizeof wrapped) + times_in(beside("-wal"), wrapped, sizeof wrapped) > 0);
    FINE(seal_erase(seal, VILLAGE, some_id(700 * 2654435761U), &e));
    assert_int_equal(times_in(file, wrapped, sizeof wrapped), 0);
    assert_int_equal(times_in(beside("-wal"), wrapped, sizeof wrapped), 0);
}

/* Killed without a goodbye: what was synced is there, what was erased is not. */
static void test_killed(void **state)
{
    struct buf box = { 0 }, lost = { 0 };
    int pipes[2], status;
    char bytes[61 * 2];
    pid_t child;

    (void)state;
    seal_close(seal);
    seal = NULL;
    assert_int_equal(pipe(pipes), 0);
    if (!(child = fork())) {
        struct seal_place one = place(1, 2, SEAL_REGISTER), two = place(2, 3, SEAL_REGISTER), three = place(3, 4, SEAL_REGISTER);

        if (seal_open(&seal, url, master, false, &e) < 0 || seal_box(seal, &one, STR("a"), &box, &e) < 0 ||
            seal_box(seal, &two, STR("b"), &box, &e) < 0 || seal_sync(seal, &e) < 0 || seal_erase(seal, VILLAGE, two.subject, &e) < 0 ||
            seal_box(seal, &three, STR("c"), &lost, &e) < 0)
            _exit(1);
        if (write(pipes[1], box.at, box.len) != (ssize_t)sizeof bytes)
            _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(read(pipes[0], bytes, sizeof bytes), sizeof bytes);
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    FINE(seal_open(&seal, url, master, false, &e));
    assert_string_equal(opened(VILLAGE, 1, (struct str){ bytes, 61 }, STR("a")), "");
    assert_string_equal(opened(VILLAGE, 2, (struct str){ bytes + 61, 61 }, STR("b")), "seal.erased");
    close(pipes[0]);
    close(pipes[1]);
}

/* ---- the master ----------------------------------------------------------------- */

static void test_master_missing_wrong_mode(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(stat(master, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, 72);
    seal_close(seal);
    seal = NULL;
    chmod(master, 0640);
    REFUSED("keys.master_mode", seal_open(&seal, url, master, false, &e));
    chmod(master, 0600);
    copy(master, beside(".paper"));
    unlink(master);
    REFUSED("keys.master_missing", seal_open(&seal, url, master, true, &e));
    assert_non_null(strstr(e.detail, "unreadable for ever"));
    FINE(file_write_whole(master, 0600, STR("hello"), &e));
    REFUSED("keys.master_wrong", seal_open(&seal, url, master, true, &e));
    FINE(file_write_whole(master, 0600, STR("00000000000000000000000000000000 00000000000000000000000000000000"), &e));
    REFUSED("keys.master_wrong", seal_open(&seal, url, master, true, &e));
    copy(beside(".paper"), master);
    FINE(seal_open(&seal, url, master, true, &e));
    seal_close(seal);
    seal = NULL;
    unlink(file);
    REFUSED("keys.missing", seal_open(&seal, url, master, false, &e));
    FINE(seal_open(&seal, url, master, true, &e)); /* a new key store under the old master */
}

static void test_rotate(void **state)
{
    struct buf box = sealed(place(1, 2, SEAL_HEALTH), STR("a"));
    const uint8_t token[32] = { 7 }, key[32] = { 8 };
    struct seal_session session = { some_id(5), "city", time_now() + DAY };
    char verifier[128] = "verifier", got[128];
    uint8_t got_key[32];
    struct id worker;

    (void)state;
    FINE(seal_account_put(seal, STR("city"), some_id(5), verifier, &e));
    FINE(seal_session_put(seal, token, &session, &e));
    FINE(seal_device_put(seal, some_id(6), some_id(5), key, &e));
    FINE(seal_note(seal, FIND_PLATE, STR("粤D12345"), VILLAGE, some_id(2), &e));
    FINE(seal_sync(seal, &e));
    seal_close(seal);
    copy(file, beside(".older"));
    copy(master, beside(".old_master"));
    FINE(seal_open(&seal, url, master, false, &e));
    FINE(seal_rotate(seal, &e));
    assert_false(file_exists(side));
    for (int i = 0; i < 3; i++) {
        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
        FINE(seal_account_get(seal, STR("city"), &worker, got, &e));
        assert_string_equal(got, "verifier");
        FINE(seal_session_get(seal, token, &session, &e));
        FINE(seal_device_get(seal, some_id(6), &worker, got_key, &e));
        assert_memory_equal(got_key, key, 32);
        assert_int_equal(found(FIND_PLATE, STR("粤d·12345")), 1);
        if (i == 1)
            FINE(seal_rotate(seal, &e));
        reopen();
    }
    seal_close(seal);
    seal = NULL;
    copy(master, beside(".new_master"));
    copy(beside(".old_master"), master);
    REFUSED("keys.master_wrong", seal_open(&seal, url, master, false, &e));
    copy(beside(".new_master"), master);
    put_back(beside(".older")); /* an old backup is useless under the new master */
    REFUSED("keys.master_wrong", seal_open(&seal, url, master, false, &e));
    buf_done(&box);
}

/* A rotation cut off at every point of master.c. */
static void test_signature(void **state)
{
    uint8_t sign[SEAL_SIGN], again[SEAL_SIGN], key[SEAL_PUBLIC], same[SEAL_PUBLIC];

    (void)state;
    assert_int_equal(seal_public(seal, key, &e), 0); /* nothing was ever signed */
    FINE(seal_sign(seal, STR("core.heads 4405"), sign, key, &e));
    assert_true(seal_signed(STR("core.heads 4405"), sign, key));
    assert_false(seal_signed(STR("core.heads 4406"), sign, key));
    sign[5] ^= 1;
    assert_false(seal_signed(STR("core.heads 4405"), sign, key));
    sign[5] ^= 1;
    reopen(); /* on disk without a seal_sync */
    FINE(seal_sign(seal, STR("core.heads 4405"), again, same, &e));
    assert_memory_equal(same, key, sizeof key);
    assert_memory_equal(again, sign, sizeof sign);
    FINE(seal_rotate(seal, &e));
    assert_int_equal(seal_public(seal, same, &e), 1);
    assert_memory_equal(same, key, sizeof key);
    reopen();
    assert_int_equal(seal_public(seal, same, &e), 1);
    assert_memory_equal(same, key, sizeof key);
}

static void test_rotation_cut_off(void **state)
{
    struct buf box = sealed(place(1, 2, SEAL_HEALTH), STR("a"));

    (void)state;
    /* 1: the side file is there, the store still under the old one */
    FINE(file_write_whole(side, 0600, STR("00000000000000000000000000000000 00000000000000000000000000000001"), &e));
    reopen();
    assert_false(file_exists(side));
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
    for (int cut = 2; cut <= 4; cut++) {
        copy(master, beside(".old_master"));
        FINE(seal_rotate(seal, &e));
        seal_close(seal);
        seal = NULL;
        copy(master, side);
        if (cut == 2) /* committed, the old one still whole */
            copy(beside(".old_master"), master);
        else if (cut == 3) /* half overwritten */
            FINE(file_write_whole(master, 0600,
                                  STR("\x01\xff"
                                      "garbage"),
                                  &e));
        else /* gone altogether */
            unlink(master);
        FINE(seal_open(&seal, url, master, false, &e));
        assert_false(file_exists(side));
        assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
        reopen();
    }
    /* the files could not be settled after the commit, and somebody rotates again before the next start */
    copy(master, beside(".old_master"));
    FINE(seal_rotate(seal, &e));
    copy(master, side);
    copy(beside(".old_master"), master);
    FINE(seal_rotate(seal, &e));
    assert_false(file_exists(side));
    reopen();
    assert_string_equal(opened(VILLAGE, 1, buf_view(&box), STR("a")), "");
    unlink(master);
    REFUSED("keys.master_wrong", seal_rotate(seal, &e)); /* nothing is made anew over a master that was lost */
    copy(beside(".old_master"), master);
    REFUSED("keys.master_wrong", seal_rotate(seal, &e));
    buf_done(&box);
}

/* ---- tokens ---------------------------------------------------------------------- */

static void test_tokens(void **state)
{
    struct hits one = { .most = 1 };

    (void)state;
    FINE(seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(1), &e));
    FINE(seal_note(seal, FIND_NAME, STR("陈大明"), OTHER, some_id(2), &e));
    FINE(seal_note(seal, FIND_NAME, STR("O'Neil mary"), VILLAGE, some_id(4), &e));
    assert_int_equal(found(FIND_NAME, STR("陈大")), 2);
    assert_int_equal(found(FIND_NAME, STR("大文")), 1);
    assert_int_equal(found(FIND_NAME, STR("陈 大 文")), 1);
    assert_int_equal(found(FIND_NAME, STR("陈文")), 0);
    assert_int_equal(found(FIND_NAME, STR("MARY")), 1);
    assert_int_equal(found(FIND_ADDRESS, STR("陈大")), 0);

    FINE(seal_note(seal, FIND_PHONE, STR("+86 100-1234-5678"), VILLAGE, some_id(1), &e));
    FINE(seal_note(seal, FIND_PHONE, STR("１００９９９９５６７８"), FAR, some_id(3), &e));
    assert_int_equal(found(FIND_PHONE, STR("10012345678")), 1);
    assert_int_equal(found(FIND_PHONE, STR("10099995678")), 1);
    assert_int_equal(found(FIND_PHONE, STR("8610012345678")), 1);
    assert_int_equal(found(FIND_PHONE, STR("5678")), 2);
    assert_int_equal(found(FIND_PHONE, STR("1234")), 0);

    FINE(seal_note(seal, FIND_ID, STR("99000019700101123x"), VILLAGE, some_id(1), &e));
    assert_int_equal(found(FIND_ID, STR("99000019700101123X")), 1);
    assert_int_equal(found(FIND_ID, STR("123X")), 1);
    FINE(seal_note(seal, FIND_ADDRESS, STR("后溪路12号3栋"), VILLAGE, some_id(1), &e));
    assert_int_equal(found(FIND_ADDRESS, STR("溪路12号")), 1);
    assert_int_equal(found(FIND_ADDRESS, STR("溪路13号")), 0);

    /* only the ledgers that are named, in their order, until there is enough */
    FINE(seal_search(seal, FIND_PHONE, STR("5678"), (const struct str[]){ FAR, VILLAGE }, 2, hit, &one, &e));
    assert_int_equal(one.count, 1);
    assert_true(id_eq(one.last, some_id(3)));
    assert_string_equal(one.ledger, "440513109001");
    FINE(seal_search(seal, FIND_PHONE, STR("5678"), &OTHER, 1, hit, &one, &e));
    assert_int_equal(one.count, 1);

    REFUSED("find.short", seal_search(seal, FIND_NAME, STR("陈"), &VILLAGE, 1, hit, &one, &e));
    REFUSED("find.short", seal_search(seal, FIND_PHONE, STR("abc"), &VILLAGE, 1, hit, &one, &e));
    REFUSED("find.text", seal_search(seal, FIND_NAME, STR("\xff\xff\xff"), &VILLAGE, 1, hit, &one, &e));
    FINE(seal_note(seal, FIND_NAME, STR("陈"), VILLAGE, some_id(1), &e));

    FINE(seal_forget_tokens(seal, &e));
    assert_int_equal(found(FIND_NAME, STR("陈大")), 0);
    FINE(seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(1), &e));
    FINE(seal_sync(seal, &e));
    reopen();
    assert_int_equal(found(FIND_NAME, STR("陈大")), 1);
}

static void *erase_one(void *ctx)
{
    struct err err = { 0 };

    return seal_erase(seal, VILLAGE, some_id(2), &err) < 0 ? ctx : NULL;
}

static pthread_t eraser;
static struct buf opened_by_hit;

static int hit_and_open(void *ctx, struct str ledger, struct id subject, struct err *err)
{
    struct buf out = { 0 };

    (void)subject;
    if (!(*(int *)ctx)++) {
        assert_int_equal(pthread_create(&eraser, NULL, erase_one, ctx), 0);
        usleep(50000);
    }
    assert_int_equal(seal_unbox(seal, ledger, some_id(1), buf_view(&opened_by_hit), &out, err), 0);
    buf_done(&out);
    return 0;
}

/* Who is told of hits opens boxes, and somebody is erased meanwhile: neither waits for the other. */
static void test_search_beside_an_erase(void **state)
{
    int hits = 0;
    void *failed;

    (void)state;
    opened_by_hit = sealed(place(1, 1, SEAL_REGISTER), STR("a"));
    for (unsigned i = 1; i < 20; i++)
        FINE(seal_note(seal, FIND_PHONE, STR("10012345678"), VILLAGE, some_id(i), &e));
    FINE(seal_sync(seal, &e));
    FINE(seal_search(seal, FIND_PHONE, STR("5678"), &VILLAGE, 1, hit_and_open, &hits, &e));
    pthread_join(eraser, &failed);
    assert_null(failed);
    assert_int_equal(hits, 19);
    assert_int_equal(found(FIND_PHONE, STR("5678")), 18);
    buf_done(&opened_by_hit);
}

/* ---- accounts, sessions, device keys ------------------------------------------------ */

static void join_names(void *ctx, struct str name, struct id worker)
{
    buf_printf(ctx, "%.*s=%d ", (int)name.len, name.at, worker.b[12]);
}

static void test_accounts(void **state)
{
    struct buf names = { 0 };
    char verifier[128], got[128];
    struct id worker;

    (void)state;
    FINE(seal_verifier_make(STR("correct horse"), verifier, &e));
    assert_int_equal(strncmp(verifier, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_true(seal_verifier_check(verifier, STR("correct horse")));
    assert_false(seal_verifier_check(verifier, STR("wrong horse")));
    assert_false(seal_verifier_check(verifier, STR("")));
    assert_false(seal_verifier_check(NULL, STR("correct horse")));
    assert_false(seal_verifier_check("", STR("correct horse")));

    REFUSED("account.unknown", seal_account_get(seal, STR("city"), &worker, got, &e));
    FINE(seal_account_put(seal, STR("village-2"), some_id(2), verifier, &e));
    FINE(seal_account_put(seal, STR("city"), some_id(1), verifier, &e));
    FINE(seal_account_put(seal, STR("city"), some_id(3), verifier, &e));
    REFUSED("account.name", seal_account_put(seal, STR(""), some_id(3), verifier, &e));
    FINE(seal_sync(seal, &e));
    reopen();
    FINE(seal_account_get(seal, STR("city"), &worker, got, &e));
    assert_string_equal(got, verifier);
    assert_true(id_eq(worker, some_id(3)));
    FINE(seal_accounts(seal, join_names, &names, &e));
    assert_string_equal(buf_z(&names), "city=3 village-2=2 ");
    FINE(seal_account_drop(seal, STR("city"), &e));
    REFUSED("account.unknown", seal_account_drop(seal, STR("city"), &e));
    REFUSED("account.unknown", seal_account_get(seal, STR("city"), &worker, got, &e));
    buf_done(&names);
}

static void test_sessions(void **state)
{
    const uint8_t one[32] = { 1 }, two[32] = { 2 }, three[32] = { 3 }, old[32] = { 4 };
    struct seal_session session = { some_id(5), "city", time_now() + DAY }, got;

    (void)state;
    FINE(seal_session_put(seal, one, &session, &e));
    FINE(seal_session_put(seal, two, &session, &e));
    strcpy(session.account, "town");
    session.worker = some_id(6);
    FINE(seal_session_put(seal, three, &session, &e));
    session.until = time_now() - 1;
    FINE(seal_session_put(seal, old, &session, &e));
    REFUSED("session.unknown", seal_session_get(seal, old, &got, &e));
    FINE(seal_sync(seal, &e));
    for (int i = 0; i < 2; i++) {
        FINE(seal_session_get(seal, one, &got, &e));
        assert_string_equal(got.account, "city");
        assert_true(id_eq(got.worker, some_id(5)));
        reopen();
    }
    FINE(seal_session_get(seal, three, &got, &e));
    assert_string_equal(got.account, "town");
    FINE(seal_session_drop(seal, one, &e));
    REFUSED("session.unknown", seal_session_get(seal, one, &got, &e));
    FINE(seal_session_get(seal, two, &got, &e));
    FINE(seal_sessions_end(seal, some_id(5), &e));
    REFUSED("session.unknown", seal_session_get(seal, two, &got, &e));
    FINE(seal_session_get(seal, three, &got, &e));
    FINE(seal_account_put(seal, STR("town"), some_id(6), "v", &e));
    FINE(seal_account_drop(seal, STR("town"), &e));
    REFUSED("session.unknown", seal_session_get(seal, three, &got, &e));
    reopen();
    REFUSED("session.unknown", seal_session_get(seal, two, &got, &e));
}

static void test_devices(void **state)
{
    uint8_t key[32], got[32], mac[32];
    struct id worker;

    (void)state;
    seal_random(key, sizeof key);
    REFUSED("device.unknown", seal_device_get(seal, some_id(1), &worker, got, &e));
    FINE(seal_device_put(seal, some_id(1), some_id(2), key, &e));
    FINE(seal_sync(seal, &e));
    reopen();
    FINE(seal_device_get(seal, some_id(1), &worker, got, &e));
    assert_memory_equal(got, key, 32);
    assert_true(id_eq(worker, some_id(2)));
    seal_hash(STR("abc"), got); /* FIPS 180-4 */
    assert_memory_equal(got, "\xba\x78\x16\xbf\x8f\x01\xcf\xea\x41\x41\x40\xde\x5d\xae\x22\x23", 16);
    seal_mac((const uint8_t *)"key\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
             STR("The quick brown fox jumps over the lazy dog"), mac);
    assert_memory_equal(mac, "\xf7\xbc\x83\xf4\x30\x53\x84\x24\xb1\x32\x98\xe6\xaa\x6f\xb1\x43",
                        16); /* zero padding of the key changes nothing */
}

/* Whoever can write the key store cannot give one row's secret to another. */
static void test_rows_cannot_be_swapped(void **state)
{
    static const struct sql swap = { "test.swap", "UPDATE seal_account SET worker = $2 WHERE name = $1" };
    struct id worker, thief = some_id(9);
    struct store *store;
    char got[128];

    (void)state;
    FINE(seal_account_put(seal, STR("city"), some_id(1), "v", &e));
    seal_close(seal);
    FINE(store_open(&store, url, STORE_WRITE, &e));
    FINE(store_run(store, &swap, ARGS("city", thief), NULL, &e));
    store_close(store);
    FINE(seal_open(&seal, url, master, false, &e));
    REFUSED("keys.damaged", seal_account_get(seal, STR("city"), &worker, got, &e));
}

/* ---- a full disk ------------------------------------------------------------------------ */

/* No file may grow beyond the log's size: every commit of the key store fails as on a full disk. */
static void disk_full(bool full)
{
    struct rlimit limit;
    struct stat st;

    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    if (full) {
        assert_int_equal(stat(beside("-wal"), &st), 0);
        limit.rlim_cur = (rlim_t)st.st_size;
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_full_disk_is_survived(void **state)
{
    struct seal_session kept = { .worker = some_id(7), .account = "city", .until = time_now() + DAY }, got;
    uint8_t token[32] = { 1 };
    struct buf before = sealed(place(1, 1, SEAL_HEALTH), STR("before")), lost, later, after;
    uint64_t undone;

    (void)state;
    FINE(seal_sync(seal, &e));
    uint64_t mark = seal_mark(seal);
    lost = sealed(place(2, 2, SEAL_HEALTH), STR("lost"));                   /* the writer mints */
    disk_full(true);
    FINE(seal_session_put(seal, token, &kept, &e));                         /* somebody signs in meanwhile */
    REFUSED("store.full", seal_sync_since(seal, mark, &e));                 /* and is the one who hears of it */
    assert_true(e.again);
    assert_true(seal_failing(seal, &undone));
    assert_int_equal(undone, mark + 1);
    REFUSED("store.full", seal_try(seal, &e));
    REFUSED("session.unknown", seal_session_get(seal, token, &got, &e));
    disk_full(false);

    /* The writer has not heard: it goes on, and what it seals now would be sound; what it sealed before is not. */
    later = sealed(place(3, 2, SEAL_HEALTH), STR("later"));
    REFUSED("keys.undone", seal_sync_since(seal, mark, &e));
    assert_true(e.again);
    assert_string_equal(opened(VILLAGE, 2, buf_view(&lost), STR("lost")), "seal.damaged");

    /* All of it once more, without a new start. */
    mark = seal_mark(seal);
    after = sealed(place(2, 2, SEAL_HEALTH), STR("lost"));
    FINE(seal_session_put(seal, token, &kept, &e));
    FINE(seal_sync_since(seal, mark, &e));
    assert_false(seal_failing(seal, &undone));
    reopen();
    assert_string_equal(opened(VILLAGE, 1, buf_view(&before), STR("before")), "");
    assert_string_equal(opened(VILLAGE, 2, buf_view(&after), STR("lost")), "");
    assert_string_equal(opened(VILLAGE, 3, buf_view(&later), STR("later")), "");
    FINE(seal_session_get(seal, token, &got, &e));
    buf_done(&before);
    buf_done(&lost);
    buf_done(&later);
    buf_done(&after);
}

/* A tombstone that found no room leaves nothing behind that spoils the next one. */
static void test_tombstone_on_a_full_disk(void **state)
{
    struct buf one = sealed(place(1, 1, SEAL_HEALTH), STR("one")), two = sealed(place(2, 2, SEAL_HEALTH), STR("two"));
    struct rlimit limit;
    struct stat st;

    (void)state;
    FINE(seal_sync(seal, &e));
    FINE(seal_erase(seal, VILLAGE, some_id(1), &e));
    assert_int_equal(stat(list, &st), 0);
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = (rlim_t)st.st_size + 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    REFUSED("keys.tombstones", seal_erase(seal, VILLAGE, some_id(2), &e));
    assert_true(e.again);
    disk_full(false);
    copy(file, beside(".older"));
    FINE(seal_erase(seal, VILLAGE, some_id(2), &e));
    seal_close(seal);
    put_back(beside(".older"));          /* an older key store, in which the second still lives: only the list knows */
    FINE(seal_open(&seal, url, master, false, &e));
    assert_string_equal(opened(VILLAGE, 1, buf_view(&one), STR("one")), "seal.erased");
    assert_string_equal(opened(VILLAGE, 2, buf_view(&two), STR("two")), "seal.erased");
    buf_done(&one);
    buf_done(&two);
}

/* ---- threads and speed ---------------------------------------------------------------- */

static void *seal_and_open(void *arg)
{
    unsigned first = (unsigned)(uintptr_t)arg;
    struct buf box = { 0 }, plain = { 0 };
    struct err mine = { 0 };

    for (unsigned i = 0; i < 3000; i++) {
        struct seal_place p = place(first + i, 1 + i % 500, SEAL_HEALTH);

        buf_clear(&box);
        buf_clear(&plain);
        if (seal_box(seal, &p, STR("together"), &box, &mine) < 0 ||
            seal_unbox(seal, VILLAGE, p.record, buf_view(&box), &plain, &mine) < 0 || !str_is(buf_view(&plain), "together") ||
            (i % 300 == 0 && seal_sync(seal, &mine) < 0))
            return (void *)"failed";
    }
    buf_done(&box);
    buf_done(&plain);
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[4];

    (void)state;
    for (uintptr_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, seal_and_open, (void *)(i * 10000)), 0);
    for (int i = 0; i < 4; i++) {
        void *result;

        pthread_join(threads[i], &result);
        assert_null(result);
    }
}

static void print_rate(const char *what, unsigned n, int64_t from)
{
    int64_t ms = time_monotonic() - from;

    print_message("    %-34s %8.2f us\n", what, (double)ms * 1000 / n);
}

static void test_speed(void **state)
{
    const unsigned n = getenv("SEAL_SPEED") ? (unsigned)atoi(getenv("SEAL_SPEED")) : 20000;
    struct str plain = STR("{\"checks\":[{\"person\":\"0190163d-8694-739b-aea5-966c26f8ad90\",\"temps\":[{\"temp\":365}]}]}");
    struct buf box = { 0 }, out = { 0 };
    struct seal_place p;
    int64_t from = time_monotonic();

    (void)state;
    for (unsigned i = 0; i < n; i++) {
        p = place(i, i + 1, SEAL_REGISTER);
        buf_clear(&box);
        FINE(seal_box(seal, &p, plain, &box, &e));
    }
    FINE(seal_sync(seal, &e));
    print_rate("mint and seal", n, from);
    from = time_monotonic();
    for (unsigned i = 0; i < n; i++) {
        p = place(i, 1 + i % 10000, SEAL_HEALTH);
        buf_clear(&box);
        FINE(seal_box(seal, &p, plain, &box, &e));
    }
    print_rate("seal, known subjects", n, from);
    from = time_monotonic();
    for (unsigned i = 0; i < n; i++) {
        buf_clear(&out);
        FINE(seal_unbox(seal, VILLAGE, p.record, buf_view(&box), &out, &e));
    }
    print_rate("open", n, from);
    from = time_monotonic();
    for (unsigned i = 0; i < n; i++) {
        char phone[32];

        snprintf(phone, sizeof phone, "100%08u", i);
        FINE(seal_note(seal, FIND_PHONE, str_of(phone), VILLAGE, some_id(i + 1), &e));
    }
    FINE(seal_sync(seal, &e));
    print_rate("note a phone (two tokens)", n, from);
    from = time_monotonic();
    for (unsigned i = 0; i < 1000; i++) {
        struct hits h = { .most = 10 };

        FINE(seal_search(seal, FIND_PHONE, STR("10000000007"), &VILLAGE, 1, hit, &h, &e));
        assert_int_equal(h.count, 1);
    }
    print_rate("search", 1000, from);
    from = time_monotonic();
    FINE(seal_rotate(seal, &e));
    print_rate("rotate, each subject", n, from);
    from = time_monotonic();
    for (unsigned i = 0; i < 20; i++)
        FINE(seal_erase(seal, VILLAGE, some_id(i + 1), &e));
    print_rate("erase", 20, from);
    buf_done(&box);
    buf_done(&out);
}

/* Into a backup and back: all that is sealed opens, nobody is signed in, nobody is found, the erased stay away. */
static void test_cards(void **state)
{
    char name[64], other[64], verifier[128];
    struct id worker;
    int64_t until, soon = time_now() + DAY;

    (void)state;
    FINE(seal_account_of(seal, some_id(1), name, &e)); /* made: six digits, no password */
    assert_int_equal(strlen(name), 6);
    assert_int_equal(strspn(name, "0123456789"), 6);
    FINE(seal_account_of(seal, some_id(1), other, &e));
    assert_string_equal(other, name);
    FINE(seal_account_get(seal, str_of(name), &worker, verifier, &e));
    assert_true(id_eq(worker, some_id(1)) && verifier[0] == 0);
    assert_false(seal_verifier_check(verifier, STR("")));
    FINE(seal_account_put(seal, STR("city"), some_id(2), "of a password", &e));
    FINE(seal_account_of(seal, some_id(2), other, &e));
    assert_string_equal(other, "city");

    REFUSED("card.unknown", seal_card_get(seal, str_of(name), &until, verifier, &e));
    FINE(seal_card_put(seal, str_of(name), soon, "first", &e));
    FINE(seal_card_put(seal, str_of(name), soon + 1, "second", &e));
    FINE(seal_card_put(seal, STR("city"), time_now(), "over", &e));
    FINE(seal_sync(seal, &e));
    FINE(seal_rotate(seal, &e));
    reopen();
    REFUSED("card.unknown", seal_card_get(seal, STR("city"), &until, verifier, &e));
    FINE(seal_card_get(seal, str_of(name), &until, verifier, &e));
    assert_string_equal(verifier, "second");
    assert_int_equal(seal_card_take(seal, str_of(name), soon, &e), 0); /* that one is gone */
    assert_int_equal(seal_card_take(seal, str_of(name), until, &e), 1);
    assert_int_equal(seal_card_take(seal, str_of(name), until, &e), 0);
    FINE(seal_card_put(seal, str_of(name), soon, "third", &e));
    FINE(seal_cards_end(seal, some_id(2), &e));
    FINE(seal_card_get(seal, str_of(name), &until, verifier, &e));
    FINE(seal_cards_end(seal, some_id(1), &e));
    REFUSED("card.unknown", seal_card_get(seal, str_of(name), &until, verifier, &e));
}

/* ---- parcels ---- */

/* The private number of RFC 6979, A.2.5, its point, and what Node's WebCrypto sealed for it. */
static const char parcel_key[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721",
                  parcel_is[] = "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
                              "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
                  parcel_hex[] =
                         "010475ccb2f2fd6a5bb43eba9f85f55c680b28267540ae6a0b2460ccdf3decf5941fd7beea70da06876eec8ba3c1570f9f6103f84d339caf160054c3d0794870"
                         "39c8884a4af1a836265faca3bc2dd1a19a9e8966f3035aa21385c3960afd41c882232ecb78a256d0fc7beaba62cf791663b3298da156e37e9609beb7b66f8773"
                         "a381";
#define PARCEL_PLAIN "{\"text\":\"{}\",\"device\":\"d\",\"mac\":\"m\"}"
enum { PARCEL = (sizeof parcel_hex - 1) / 2 };

static void refused_parcel(const uint8_t key[32], const uint8_t *bytes, size_t n)
{
    struct buf plain = { 0 };

    buf_str(&plain, STR("before"));
    REFUSED("parcel.bad", parcel_unseal(key, (struct str){ (const char *)bytes, n }, &plain, &e));
    assert_int_equal(plain.len, strlen("before"));
    buf_done(&plain);
}

static void test_parcel_of_a_browser(void **state)
{
    uint8_t key[32], point[SEAL_POINT], right[SEAL_POINT], bytes[PARCEL], other[PARCEL];
    struct buf plain = { 0 };

    (void)state;
    assert_true(hex_read(str_of(parcel_key), key, sizeof key) && hex_read(str_of(parcel_is), right, sizeof right) &&
                hex_read(str_of(parcel_hex), bytes, sizeof bytes));
    assert_true(parcel_point(key, point));
    assert_memory_equal(point, right, sizeof point);
    FINE(parcel_unseal(key, (struct str){ (const char *)bytes, PARCEL }, &plain, &e));
    assert_int_equal(plain.len, strlen(PARCEL_PLAIN));
    assert_memory_equal(plain.at, PARCEL_PLAIN, plain.len);
    buf_done(&plain);
    for (size_t n = 0; n < PARCEL; n++) /* cut anywhere */
        refused_parcel(key, bytes, n);
    for (size_t i = 0; i < PARCEL; i++) { /* changed anywhere */
        memcpy(other, bytes, PARCEL);
        other[i] ^= (uint8_t)(1 << i % 8);
        refused_parcel(key, other, PARCEL);
    }
    key[31] ^= 1;
    refused_parcel(key, bytes, PARCEL);
}

static void test_points_that_are_none(void **state)
{
    uint8_t key[32], bytes[PARCEL], number[32] = { 0 }, point[SEAL_POINT];

    (void)state;
    assert_true(hex_read(str_of(parcel_key), key, sizeof key) && hex_read(str_of(parcel_hex), bytes, sizeof bytes));
    memset(bytes + 2, 0, 64); /* at infinity */
    refused_parcel(key, bytes, PARCEL);
    bytes[65] = 1; /* beside the curve */
    refused_parcel(key, bytes, PARCEL);
    memset(bytes + 2, 0xff, 64); /* beyond the field */
    refused_parcel(key, bytes, PARCEL);
    assert_false(parcel_point(number, point));
    memset(number, 0xff, sizeof number);
    assert_false(parcel_point(number, point));
}

/* The same point and what was sealed for it, after a rotation, a start, a backup and a restore. */
static void test_office_stays(void **state)
{
    char path[120];
    struct seal *again = NULL;
    uint8_t point[SEAL_POINT], now[SEAL_POINT], key[32];
    int64_t secrets;

    (void)state;
    seal_office(seal, point);
    memcpy(key, seal->office_key, sizeof key);
    assert_true(parcel_point(key, now));
    assert_memory_equal(now, point, sizeof now);
    FINE(seal_rotate(seal, &e));
    snprintf(path, sizeof path, "%s", beside(".office"));
    FINE(seal_copy(seal, path, &secrets, &e));
    reopen();
    seal_office(seal, now);
    assert_memory_equal(now, point, sizeof now);
    snprintf(path, sizeof path, "sqlite:%s", beside(".office"));
    FINE(seal_open(&again, path, master, false, &e));
    seal_office(again, now);
    assert_memory_equal(now, point, sizeof now);
    assert_memory_equal(again->office_key, key, sizeof key);
    seal_close(again);
}

static void test_copy(void **state)
{
    enum { MANY = 5003 };         /* more than one piece */
    struct buf boxes[3] = { sealed(place(1, 2, SEAL_REGISTER), STR("a")), sealed(place(2, 3, SEAL_REGISTER), STR("b")), { 0 } };
    struct seal_session session = { .worker = some_id(1), .account = "city", .until = time_now() + DAY };
    const uint8_t token[32] = { 7 };
    char verifier[128] = "$argon2id$", path[100], other[120];
    struct id worker;
    int64_t secrets, subjects, periods;

    (void)state;
    snprintf(path, sizeof path, "%s/copy.db", folder);
    snprintf(other, sizeof other, "sqlite:%s/other", folder);
    for (unsigned i = 4; i < MANY + 2; i++)
        FINE(seal_box(seal, &(struct seal_place){ VILLAGE, some_id(i), some_id(i), SEAL_REGISTER, FEBRUARY }, STR("c"), &boxes[2], &e));
    FINE(seal_note(seal, FIND_NAME, STR("陈大文"), VILLAGE, some_id(2), &e));
    FINE(seal_account_put(seal, STR("city"), some_id(1), verifier, &e));
    FINE(seal_session_put(seal, token, &session, &e));
    FINE(seal_sync(seal, &e));

    FINE(seal_copy(seal, path, &secrets, &e));
    assert_true(secrets == MANY + 1); /* each its own, and the standing period */
    FINE(seal_erase(seal, VILLAGE, some_id(3), &e));
    FINE(seal_copy(seal, path, &secrets, &e));
    assert_true(secrets == MANY);
    REFUSED("keys.exists", seal_copy_back(path, url, &e));
    FINE(seal_copy_back(path, other, &e));

    struct seal *first = seal;
    FINE(seal_open(&seal, other, master, false, &e));
    assert_string_equal(opened(VILLAGE, 1, buf_view(&boxes[0]), STR("a")), "");
    assert_string_equal(opened(VILLAGE, 2, buf_view(&boxes[1]), STR("b")), "seal.erased");
    FINE(seal_account_get(seal, STR("city"), &worker, verifier, &e));
    REFUSED("session.unknown", seal_session_get(seal, token, &session, &e));
    assert_int_equal(found(FIND_NAME, STR("陈大文")), 0);
    FINE(seal_erasures(seal, &subjects, &periods, &e));
    assert_true(subjects == 1 && periods == 0);
    seal_close(seal);

    seal = first;
    assert_int_equal(found(FIND_NAME, STR("陈大文")), 1);
    FINE(seal_rotate(seal, &e));
    REFUSED("keys.master_wrong", seal_open(&first, other, master, false, &e)); /* that is what a rotation is for */
    for (size_t i = 0; i < 3; i++)
        buf_done(&boxes[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_box_opens_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealing_is_a_function, setup, teardown),
        cmocka_unit_test_setup_teardown(test_box_is_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_flipped_bit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shape_of_a_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_period_goes_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_both_secrets_are_in_the_key, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_half_a_line_is_no_tombstone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_erase_overwrites, setup, teardown),
        cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_master_missing_wrong_mode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotate, setup, teardown),
        cmocka_unit_test_setup_teardown(test_signature, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rotation_cut_off, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tokens, setup, teardown),
        cmocka_unit_test_setup_teardown(test_search_beside_an_erase, setup, teardown),
        cmocka_unit_test_setup_teardown(test_accounts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_devices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cards, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parcel_of_a_browser, setup, teardown),
        cmocka_unit_test_setup_teardown(test_points_that_are_none, setup, teardown),
        cmocka_unit_test_setup_teardown(test_office_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_copy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_cannot_be_swapped, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_disk_is_survived, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tombstone_on_a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_speed, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
