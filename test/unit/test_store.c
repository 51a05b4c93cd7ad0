/*
 * test_store.c - the door of store, on a fresh store for each test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

static const struct sql schema_1 = { "t.schema", "CREATE TABLE t_row (ledger TEXT NOT NULL, n BIGINT NOT NULL, box BLOB, "
    "PRIMARY KEY (ledger, n)); CREATE INDEX t_row_box ON t_row (ledger, box); CREATE TABLE u_row (n BIGINT NOT NULL, PRIMARY KEY (n));" };
static const struct sql schema_2 = { "t.schema_2", "CREATE TABLE t_more (a TEXT DEFAULT 'x;y');" };
static const struct sql schema_bad = { "t.schema_bad", "CREATE TABLE t_bad (a TEXT); CREATE NONSENSE;" };
static const struct sql add = { "t.add", "INSERT INTO t_row (ledger, n, box) VALUES ($1, $2, $3)" };
static const struct sql add_swapped = { "t.add_swapped", "INSERT INTO t_row (n, ledger, box) VALUES ($2, $1, $3);" };
static const struct sql add_other = { "t.add_other", "INSERT INTO u_row (n) SELECT n FROM t_row WHERE ledger = $1" };
static const struct sql all = { "t.all", "SELECT n, ledger, box FROM t_row WHERE ledger = $1 ORDER BY n" };
static const struct sql count = { "t.count", "SELECT count(*) FROM t_row" };
static const struct sql change = { "t.change", "UPDATE t_row SET box = $2 WHERE ledger = $1 RETURNING n" };
static const struct sql put = { "t.put", "INSERT INTO t_row (ledger, n, box) VALUES ($1, $2, $3) ON CONFLICT (ledger, n) DO NOTHING" };

static char folder[64], url[128];

#define GOOD(call) do { if ((call) != 0) { print_error("%s: %s\n", e.key, e.detail); fail(); } } while (0)
#define BAD(call, word) do { assert_int_equal(call, -1); assert_string_equal(e.key, word); } while (0)

static int fresh(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/wangge-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(url, sizeof url, "sqlite:%s/store", folder);
    return 0;
}

static int swept(void **state)
{
    static const char *const ends[] = { "", "-wal", "-shm", ".lock", "_copy", "_copy.lock", "_copy-wal", "_copy-shm" };
    char path[200];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        snprintf(path, sizeof path, "%s%s", url + strlen("sqlite:"), ends[i]);
        unlink(path);
    }
    return rmdir(folder);
}

static struct store *opened(void)
{
    static const struct sql *const steps[] = { &schema_1 };
    struct store *s = NULL;
    struct err e = { 0 };

    GOOD(store_open(&s, url, STORE_WRITE, &e));
    GOOD(store_step(s, "t", 1, steps, &e));
    return s;
}

static void put_rows(struct store *s, const char *ledger, int64_t from, int64_t to)
{
    struct err e = { 0 };

    GOOD(store_begin(s, &e));
    for (int64_t n = from; n <= to; n++)
        GOOD(store_run(s, &add, ARGS(ledger, n, value_null), NULL, &e));
    GOOD(store_commit(s, &e));
}

static int64_t counted(struct store *s)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err e = { 0 };

    GOOD(store_query(s, &rows, &count, NO_ARGS, &e));
    assert_true(rows_next(&rows));
    return rows_int(&rows, 0);
}

static void values(void **state)
{
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct id id = id_make("test", STR("a"), STR("b"));
    struct err e = { 0 };
    struct id zero = { 0 };
    int64_t changed = -1;

    (void)state;
    GOOD(store_run(s, &add, ARGS("v", 1, id), &changed, &e));
    assert_true(changed == 1);
    GOOD(store_run(s, &add_swapped, ARGS(STR("v"), INT64_MAX, value_blob(STR("\0\xff"))), NULL, &e));
    GOOD(store_run(s, &add, ARGS("v", INT64_MIN, value_blob(STR(""))), NULL, &e));
    GOOD(store_run(s, &add, ARGS("v", true, value_null), NULL, NULL) == -1 ? 0 : 1);
    GOOD(store_run(s, &put, ARGS("v", 1, "text"), &changed, &e));
    assert_true(changed == 0);
    GOOD(store_run(s, &put, ARGS("v", 2, "text"), &changed, &e));
    assert_true(changed == 1);
    GOOD(store_run(s, &add, ARGS("v", 3, zero), NULL, &e));

    GOOD(store_query(s, &rows, &all, ARGS("v"), &e));
    assert_int_equal(rows_columns(&rows), 3);
    assert_string_equal(rows_name(&rows, 2), "box");
    assert_true(rows_next(&rows));
    assert_true(rows_int(&rows, 0) == INT64_MIN);
    assert_int_equal(rows_kind(&rows, 2), VALUE_BLOB);
    assert_non_null(rows_str(&rows, 2).at);
    assert_int_equal(rows_str(&rows, 2).len, 0);
    assert_true(rows_next(&rows));
    assert_true(id_eq(rows_id(&rows, 2), id));
    assert_true(rows_next(&rows));
    assert_int_equal(rows_kind(&rows, 2), VALUE_TEXT);
    assert_true(id_none(rows_id(&rows, 2)));
    assert_true(rows_next(&rows));
    assert_int_equal(rows_str(&rows, 2).len, 16);
    assert_true(rows_next(&rows));
    assert_true(rows_int(&rows, 0) == INT64_MAX);
    assert_true(str_eq(rows_str(&rows, 2), STR("\0\xff")));
    assert_true(str_is(rows_str(&rows, 1), "v"));
    assert_false(rows_next(&rows));
    assert_false(rows_next(&rows));
    assert_int_equal(rows_columns(&rows), 3);
    assert_int_equal(rows_kind(&rows, 0), VALUE_NULL);
}

static void arguments(void **state)
{
    static const struct sql two = { "t.two", "SELECT 1; SELECT 2" }, anonymous = { "t.anonymous", "SELECT ?" };
    static const struct sql nothing = { "t.nothing", " " };
    static const struct sql skip = { "t.skip", "SELECT $3, $1, $3" }, unknown = { "t.unknown", "SELECT a FROM nowhere" };
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err e = { 0 };

    (void)state;
    BAD(store_run(s, &add, ARGS("v", 1), NULL, &e), "store.args");
    BAD(store_run(s, &anonymous, ARGS("v"), NULL, &e), "store.args");
    BAD(store_run(s, &two, NO_ARGS, NULL, &e), "store.failed");
    BAD(store_run(s, &nothing, NO_ARGS, NULL, &e), "store.failed");
    BAD(store_query(s, &rows, &unknown, NO_ARGS, &e), "store.failed");
    assert_non_null(strstr(e.detail, "t.unknown: no such table"));
    GOOD(store_query(s, &rows, &skip, ARGS("one", "two", "three"), &e));
    assert_true(rows_next(&rows));
    assert_true(str_is(rows_str(&rows, 0), "three"));
    assert_true(str_is(rows_str(&rows, 1), "one"));
    assert_true(str_is(rows_str(&rows, 2), "three"));
    GOOD(store_run(s, &add, ARGS("v", 1, 1), NULL, &e));
    BAD(store_run(s, &add, ARGS("v", 1, 1), NULL, &e), "store.constraint");
    assert_int_equal(e.kind, ERR_CONFLICT);
    GOOD(store_run(s, &add, ARGS("v", 2, 1), NULL, &e));
    assert_true(counted(s) == 2);
}

static int begin_rows(struct store *s, struct rows *rows, const char *name, struct err *e)
{
    char ledger[8];

    /* The argument is gone when the rows are read. */
    snprintf(ledger, sizeof ledger, "%s", name);
    int result = store_query(s, rows, &all, ARGS(ledger), e);
    memset(ledger, 'x', sizeof ledger);
    return result;
}

static void nested(void **state)
{
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows outer = { 0 };
    struct err e = { 0 };
    int seen = 0;

    (void)state;
    put_rows(s, "a", 1, 20);
    put_rows(s, "b", 1, 30);
    for (int again = 0; again < 3; again++) {
        GOOD(begin_rows(s, &outer, "a", &e));
        while (rows_next(&outer)) {
            CLEANUP(rows_done) struct rows inner = { 0 };

            GOOD(begin_rows(s, &inner, "b", &e));
            while (rows_next(&inner)) {
                seen++;
                assert_true(str_is(rows_str(&inner, 1), "b"));
            }
            assert_true(str_is(rows_str(&outer, 1), "a"));
            /* Written while it is read. */
            GOOD(store_run(s, &put, ARGS("c", rows_int(&outer, 0), "x"), NULL, &e));
        }
    }
    assert_int_equal(seen, 3 * 20 * 30);
    /* Left half read, asked anew. */
    GOOD(begin_rows(s, &outer, "a", &e));
    assert_true(rows_next(&outer));
    GOOD(begin_rows(s, &outer, "b", &e));
    assert_true(rows_next(&outer));
    assert_true(str_is(rows_str(&outer, 1), "b"));
}

static void returning(void **state)
{
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err e = { 0 };

    (void)state;
    put_rows(s, "a", 1, 5);
    GOOD(store_begin(s, &e));
    GOOD(store_query(s, &rows, &change, ARGS("a", "y"), &e));
    assert_true(rows_next(&rows));
    rows_done(&rows);
    GOOD(store_commit(s, &e));
    GOOD(store_query(s, &rows, &all, ARGS("a"), &e));
    for (int i = 0; i < 5; i++) {
        assert_true(rows_next(&rows));
        assert_true(str_is(rows_str(&rows, 2), "y"));
    }
}

static void savepoints(void **state)
{
    CLEANUP(store_done) struct store *s = opened();
    struct err e = { 0 };

    (void)state;
    BAD(store_savepoint(s, &e), "store.failed");
    BAD(store_commit(s, &e), "store.failed");
    GOOD(store_begin(s, &e));
    BAD(store_begin(s, &e), "store.failed");
    GOOD(store_run(s, &add, ARGS("a", 1, 0), NULL, &e));
    GOOD(store_savepoint(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 2, 0), NULL, &e));
    GOOD(store_savepoint(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 3, 0), NULL, &e));
    GOOD(store_savepoint(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 4, 0), NULL, &e));
    GOOD(store_release(s, &e));
    assert_true(counted(s) == 4);
    store_back(s);
    assert_true(counted(s) == 2);
    GOOD(store_savepoint(s, &e));
    BAD(store_run(s, &add, ARGS("a", 2, 0), NULL, &e), "store.constraint");
    store_back(s);
    GOOD(store_release(s, &e));
    BAD(store_release(s, &e), "store.failed");
    GOOD(store_commit(s, &e));
    assert_true(counted(s) == 2);
    GOOD(store_begin(s, &e));
    GOOD(store_savepoint(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 9, 0), NULL, &e));
    store_rollback(s);
    store_rollback(s);
    store_back(s);
    assert_true(counted(s) == 2);
}

static void readers(void **state)
{
    CLEANUP(store_done) struct store *s = opened(), *reader = NULL;
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err e = { 0 };

    (void)state;
    put_rows(s, "a", 1, 3);
    GOOD(store_open(&reader, url, STORE_READ, &e));
    assert_true(counted(reader) == 3);
    assert_int_equal(store_run(reader, &add, ARGS("a", 9, 0), NULL, &e), -1);
    GOOD(store_begin(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 4, 0), NULL, &e));
    assert_true(counted(reader) == 3);
    GOOD(store_commit(s, &e));
    assert_true(counted(reader) == 4);

    GOOD(store_snapshot(reader, &e));
    assert_true(counted(reader) == 4);
    put_rows(s, "a", 5, 8);
    assert_true(counted(reader) == 4);
    store_snapshot_end(reader);
    assert_true(counted(reader) == 8);

    /* A reader sees new tables, and may outlive the writer. */
    static const struct sql *const steps[] = { &schema_1, &schema_2 };
    BAD(store_step(reader, "t", 2, steps, &e), "store.older");
    GOOD(store_step(s, "t", 2, steps, &e));
    GOOD(store_step(reader, "t", 2, steps, &e));
    BAD(store_step(reader, "t", 1, steps, &e), "store.newer");
    store_close(s);
    s = NULL;
    assert_true(counted(reader) == 8);
    GOOD(store_open(&s, url, STORE_WRITE, &e));
    put_rows(s, "a", 9, 9);
    assert_true(counted(reader) == 9);
}

static void locked(void **state)
{
    CLEANUP(store_done) struct store *s = NULL, *second = NULL;
    struct err e = { 0 };
    struct stat st;
    int status;

    (void)state;
    assert_false(store_has(url));
    BAD(store_open(&second, url, STORE_READ, &e), "store.missing");
    BAD(store_open(&second, "mysql:x", STORE_READ, &e), "store.address");
    BAD(store_open(&second, "sqlite:", STORE_READ, &e), "store.address");
    BAD(store_open(&second, "sqlite:/nowhere/at/all", STORE_WRITE, &e), "store.failed");
    s = opened();
    assert_true(store_has(url));
    assert_int_equal(stat(url + strlen("sqlite:"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    BAD(store_open(&second, url, STORE_WRITE, &e), "store.locked");
    assert_true(e.again);
    pid_t child = fork();
    if (child == 0)
        _exit(store_open(&second, url, STORE_WRITE, &e) == -1 && strcmp(e.key, "store.locked") == 0 ? 0 : 1);
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    store_close(s);
    s = opened();
}

static void killed(void **state)
{
    struct err e = { 0 };
    int status;

    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct store *s = opened();

        put_rows(s, "a", 1, 100);
        if (store_begin(s, &e) == 0 && store_run(s, &add, ARGS("a", 101, 0), NULL, &e) == 0)
            _exit(0);
        _exit(1);
    }
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
    CLEANUP(store_done) struct store *reader = NULL;
    GOOD(store_open(&reader, url, STORE_READ, &e));
    assert_true(counted(reader) == 100);
    CLEANUP(store_done) struct store *s = opened();
    assert_true(counted(s) == 100);
}

static void versions(void **state)
{
    static const struct sql *const steps[] = { &schema_1, &schema_2 }, *const bad[] = { &schema_1, &schema_bad };
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    static const struct sql ddl = { "t.ddl", "SELECT sql FROM sqlite_schema WHERE name = $1" };
    struct err e = { 0 };

    (void)state;
    BAD(store_step(s, "t", 2, bad, &e), "store.failed");
    GOOD(store_step(s, "t", 1, steps, &e));
    GOOD(store_query(s, &rows, &ddl, ARGS("t_bad"), &e));
    assert_false(rows_next(&rows));
    GOOD(store_step(s, "t", 2, steps, &e));
    GOOD(store_step(s, "t", 2, steps, &e));
    BAD(store_step(s, "t", 1, steps, &e), "store.newer");
    assert_int_equal(e.kind, ERR_CONFLICT);
    GOOD(store_query(s, &rows, &ddl, ARGS("t_row"), &e));
    assert_true(rows_next(&rows));
    assert_non_null(strstr(rows_str(&rows, 0).at, "WITHOUT ROWID"));
    GOOD(store_query(s, &rows, &ddl, ARGS("t_more"), &e));
    assert_true(rows_next(&rows));
    assert_null(strstr(rows_str(&rows, 0).at, "WITHOUT ROWID"));
    rows_done(&rows);

    /* Half a rebuild, undone and done. */
    put_rows(s, "a", 1, 3);
    GOOD(store_begin(s, &e));
    GOOD(store_drop(s, "t", "t_", &e));
    GOOD(store_step(s, "t", 2, steps, &e) == -1 ? 0 : 1);   /* u_row still stands */
    GOOD(store_drop(s, "t", "u_", &e));
    GOOD(store_step(s, "t", 2, steps, &e));
    assert_true(counted(s) == 0);
    store_rollback(s);
    assert_true(counted(s) == 3);
    GOOD(store_step(s, "t", 2, steps, &e));
    GOOD(store_drop(s, "t", "t_", &e));
    GOOD(store_drop(s, "t", "u_", &e));
    GOOD(store_step(s, "t", 2, steps, &e));
    assert_true(counted(s) == 0);
}

static void fences(void **state)
{
    static const struct sql recount = { "t.recount", "WITH RECURSIVE tree (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM tree WHERE n < 3) "
        "SELECT count(*), (SELECT count(*) FROM u_row) FROM tree" };
    static const struct sql upsert = { "t.upsert", "INSERT INTO t_row (ledger, n, box) SELECT 'a', n, NULL FROM t_row WHERE true "
        "ON CONFLICT (ledger, n) DO UPDATE SET box = excluded.box WHERE t_row.n > 0" };
    static const struct sql meta = { "t.meta", "SELECT name FROM sqlite_schema" }, pragma = { "t.pragma", "PRAGMA user_version" };
    static const struct sql attach = { "t.attach", "ATTACH 'x' AS x" }, drop = { "t.drop", "DROP TABLE u_row" };
    static const char *const t[] = { "t_", NULL }, *const u[] = { "u_", NULL };
    static const struct store_fence left = { u, t }, right = { t, u }, closed = { NULL, NULL };
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    uint8_t digest[32];
    struct err e = { 0 };

    (void)state;
    put_rows(s, "a", 1, 3);
    GOOD(store_run(s, &add, ARGS("a", 4, 0), NULL, &e));
    store_fence(s, &right);
    BAD(store_run(s, &add, ARGS("a", 5, 0), NULL, &e), "store.fenced");
    GOOD(store_run(s, &add_other, ARGS("a"), NULL, &e));
    BAD(store_run(s, &meta, NO_ARGS, NULL, &e), "store.fenced");
    BAD(store_run(s, &pragma, NO_ARGS, NULL, &e), "store.fenced");
    BAD(store_run(s, &attach, NO_ARGS, NULL, &e), "store.fenced");
    BAD(store_run(s, &drop, NO_ARGS, NULL, &e), "store.fenced");
    store_fence(s, &left);
    GOOD(store_run(s, &add, ARGS("a", 5, 0), NULL, &e));
    GOOD(store_run(s, &recount, NO_ARGS, NULL, &e));
    GOOD(store_run(s, &upsert, NO_ARGS, NULL, &e));
    BAD(store_run(s, &add_other, ARGS("b"), NULL, &e), "store.fenced");
    /* Rows go on when the fence changes, transactions and the store's own work need no gate, also after a rollback of tables. */
    GOOD(store_query(s, &rows, &all, ARGS("a"), &e));
    store_fence(s, &closed);
    for (int i = 0; i < 5; i++)
        assert_true(rows_next(&rows));
    assert_false(rows_next(&rows));
    BAD(store_run(s, &count, NO_ARGS, NULL, &e), "store.fenced");
    for (int i = 0; i < 3; i++) {
        static const struct sql *const steps[] = { &schema_1, &schema_2 };

        GOOD(store_begin(s, &e));
        GOOD(store_savepoint(s, &e));
        GOOD(store_step(s, "t", 2, steps, &e));
        store_back(s);
        GOOD(store_savepoint(s, &e));
        GOOD(store_release(s, &e));
        GOOD(store_step(s, "t", 2, steps, &e));
        store_rollback(s);
    }
    GOOD(store_digest(s, "t_", digest, &e));
    store_fence(s, NULL);
    assert_true(counted(s) == 5);
}

static void digests(void **state)
{
    CLEANUP(store_done) struct store *s = opened(), *copy = NULL, *reader = NULL;
    uint8_t a[32], b[32], u[32];
    char path[200];
    struct err e = { 0 };

    (void)state;
    put_rows(s, "a", 1, 300);
    put_rows(s, "b", 1, 3);
    GOOD(store_digest(s, "t_", a, &e));
    GOOD(store_digest(s, "u_", u, &e));
    assert_memory_not_equal(a, u, 32);
    snprintf(path, sizeof path, "%s_copy", url + strlen("sqlite:"));
    GOOD(store_open(&reader, url, STORE_READ, &e));
    GOOD(store_begin(s, &e));
    GOOD(store_run(s, &add, ARGS("c", 1, 0), NULL, &e));
    BAD(store_copy(s, path, &e), "store.failed");
    GOOD(store_copy(reader, path, &e));
    GOOD(store_copy(reader, path, &e));
    store_rollback(s);

    snprintf(path, sizeof path, "%s_copy", url);
    GOOD(store_open(&copy, path, STORE_WRITE, &e));
    GOOD(store_digest(copy, "t_", b, &e));
    assert_memory_equal(a, b, 32);
    GOOD(store_run(copy, &add, ARGS("c", 1, ""), NULL, &e));
    GOOD(store_digest(copy, "t_", b, &e));
    assert_memory_not_equal(a, b, 32);
    GOOD(store_run(s, &add, ARGS("c", 1, value_blob(STR(""))), NULL, &e));
    GOOD(store_digest(s, "t_", a, &e));
    assert_memory_not_equal(a, b, 32);

    /* The order of writing does not show. */
    static const struct sql clear = { "t.clear", "DELETE FROM t_row" };
    GOOD(store_run(s, &clear, NO_ARGS, NULL, &e));
    GOOD(store_run(copy, &clear, NO_ARGS, NULL, &e));
    put_rows(s, "a", 1, 2);
    put_rows(s, "b", 1, 2);
    put_rows(copy, "b", 1, 2);
    put_rows(copy, "a", 2, 2);
    put_rows(copy, "a", 1, 1);
    GOOD(store_digest(s, "t_", a, &e));
    GOOD(store_digest(copy, "t_", b, &e));
    assert_memory_equal(a, b, 32);
}

static bool holds(const char *end, const char *word)
{
    CLEANUP(buf_done) struct buf b = { 0 };
    char path[200];

    snprintf(path, sizeof path, "%s%s", url + strlen("sqlite:"), end);
    /* In a process of its own: closing the file here would drop SQLite's locks on it. */
    pid_t child = fork();
    int status;
    if (child == 0) {
        if (file_read(path, 1 << 26, &b, NULL) < 0)
            _exit(1);
        _exit(memmem(buf_view(&b).at, b.len, word, strlen(word)) ? 0 : 1);
    }
    waitpid(child, &status, 0);
    return status == 0;
}

static void scrubbed(void **state)
{
    static const struct sql forget = { "t.forget", "DELETE FROM t_row WHERE ledger = $1" };
    CLEANUP(store_done) struct store *s = opened(), *reader = NULL;
    struct err e = { 0 };

    (void)state;
    put_rows(s, "other", 1, 500);
    GOOD(store_run(s, &add, ARGS("gone", 1, "MOST-SECRET"), NULL, &e));
    GOOD(store_open(&reader, url, STORE_READ, &e));
    assert_true(counted(reader) == 501);
    assert_true(holds("-wal", "MOST-SECRET"));
    GOOD(store_run(s, &forget, ARGS("gone"), NULL, &e));
    GOOD(store_scrub(s, &e));
    assert_false(holds("-wal", "MOST-SECRET"));
    assert_false(holds("", "MOST-SECRET"));
    assert_true(counted(reader) == 500);
    put_rows(s, "other", 501, 600);
    assert_true(counted(reader) == 600);
    BAD(store_scrub(reader, &e), "store.failed");
}

static void damaged(void **state)
{
    struct store *s = NULL;
    struct err e = { 0 };

    (void)state;
    GOOD(file_write_whole(url + strlen("sqlite:"), 0600, STR("this is no store, whatever its name says, and long enough to tell"), &e));
    BAD(store_open(&s, url, STORE_WRITE, &e), "store.damaged");
    assert_int_equal(e.kind, ERR_BROKEN);
}

/* A read that fails half way is told by store_commit, and forgotten with what it fed. */
static void failing(void **state)
{
    static const struct sql late = { "t.late", "SELECT CASE WHEN n < 3 THEN n ELSE abs($1) END FROM t_row WHERE ledger = 'a' ORDER BY n" };
    CLEANUP(store_done) struct store *s = opened();
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err e = { 0 };
    int seen = 0;

    (void)state;
    put_rows(s, "a", 1, 5);
    GOOD(store_failed(s, &e));
    for (int savepoint = 0; savepoint < 2; savepoint++) {
        GOOD(store_begin(s, &e));
        GOOD(store_run(s, &add, ARGS("b", 1, 0), NULL, &e));
        if (savepoint)
            GOOD(store_savepoint(s, &e));
        GOOD(store_query(s, &rows, &late, ARGS(INT64_MIN), &e));
        for (seen = 0; rows_next(&rows);)
            seen++;
        assert_int_equal(seen, 2);
        if (savepoint) {
            store_back(s);
            GOOD(store_commit(s, &e));
        } else {
            BAD(store_commit(s, &e), "store.failed");
        }
        assert_true(counted(s) == 5 + savepoint);
    }
    GOOD(store_query(s, &rows, &late, ARGS(INT64_MIN), &e));
    while (rows_next(&rows))
        continue;
    BAD(store_failed(s, &e), "store.failed");
    GOOD(store_failed(s, &e));
}

/* When SQLite ends a transaction itself, nothing that follows stands alone. */
static void full(void **state)
{
    static const struct sql most = { "t.most", "PRAGMA max_page_count = 24" }, big = { "t.big", "INSERT INTO t_row (ledger, n, box) "
        "VALUES ($1, $2, zeroblob(20000))" };
    CLEANUP(store_done) struct store *s = opened();
    struct err e = { 0 };
    int n = 0;

    (void)state;
    GOOD(store_run(s, &most, NO_ARGS, NULL, &e));
    GOOD(store_begin(s, &e));
    while (store_run(s, &big, ARGS("a", ++n), NULL, &e) == 0)
        assert_true(n < 100);
    assert_string_equal(e.key, "store.full");
    assert_true(e.again);
    assert_int_equal(e.kind, ERR_BUSY);
    store_rollback(s);
    assert_true(counted(s) == 0);

    static const struct sql end = { "t.end", "ROLLBACK" };
    GOOD(store_begin(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 1, 0), NULL, &e));
    GOOD(store_savepoint(s, &e));
    GOOD(store_run(s, &end, NO_ARGS, NULL, &e));
    BAD(store_run(s, &add, ARGS("a", 2, 0), NULL, &e), "store.undone");
    store_back(s);
    BAD(store_savepoint(s, &e), "store.undone");
    BAD(store_commit(s, &e), "store.undone");
    assert_true(counted(s) == 0);
    GOOD(store_begin(s, &e));
    GOOD(store_run(s, &add, ARGS("a", 2, 0), NULL, &e));
    GOOD(store_commit(s, &e));
    assert_true(counted(s) == 1);
}

/* A copy is one plain file, and what a writer left half in it is taken back by who reads it. */
static void copies(void **state)
{
    static const struct sql *const steps[] = { &schema_1 };
    CLEANUP(store_done) struct store *s = NULL, *reader = NULL;
    char path[200];
    struct err e = { 0 };
    int status;

    (void)state;
    GOOD(store_open(&s, url, STORE_COPY, &e));
    GOOD(store_step(s, "t", 1, steps, &e));
    put_rows(s, "a", 1, 300);
    store_close(s);
    s = NULL;
    for (const char *const *suffix = (const char *const[]){ "-wal", "-shm", "-journal", ".lock", NULL }; *suffix; suffix++) {
        snprintf(path, sizeof path, "%s%s", url + strlen("sqlite:"), *suffix);
        assert_false(file_exists(path));
    }
    if (fork() == 0) {
        static const struct sql swell = { "t.swell", "UPDATE t_row SET n = n + 1000, box = zeroblob(100000)" };
        if (store_open(&s, url, STORE_COPY, &e) < 0 || store_begin(s, &e) < 0 || store_run(s, &swell, NO_ARGS, NULL, &e) < 0)
            _exit(1);
        raise(SIGKILL);
    }
    assert_true(wait(&status) > 0 && WIFSIGNALED(status));
    snprintf(path, sizeof path, "%s-journal", url + strlen("sqlite:"));
    assert_true(file_exists(path));
    GOOD(store_open(&reader, url, STORE_READ, &e));
    assert_true(counted(reader) == 300);
    static const struct sql least = { "t.least", "SELECT MIN(n), MAX(n), MAX(length(box)) FROM t_row" };
    CLEANUP(rows_done) struct rows rows = { 0 };
    GOOD(store_query(reader, &rows, &least, NO_ARGS, &e));
    assert_true(rows_next(&rows) && rows_int(&rows, 0) == 1 && rows_int(&rows, 1) == 300 && rows_int(&rows, 2) == 0);
    BAD(store_run(reader, &add, ARGS("b", 1, value_null), NULL, &e), "store.failed");
}

static atomic_bool enough_seen;

/* A reader of its own: every state it sees is one that was committed. */
static void *look_on(void *arg)
{
    CLEANUP(store_done) struct store *s = NULL;
    struct err e = { 0 };
    int64_t looks = 0, last = 0;

    (void)arg;
    if (store_open(&s, url, STORE_READ, &e) < 0)
        return (void *)1;
    for (; !enough_seen; looks++, usleep(500)) {
        CLEANUP(rows_done) struct rows rows = { 0 };
        int64_t seen = store_query(s, &rows, &count, NO_ARGS, &e) == 0 && rows_next(&rows) ? rows_int(&rows, 0) : -1;
        if (seen < last || seen % 50)
            return (void *)1;
        last = seen;
    }
    return looks ? NULL : (void *)1;
}

static void is_wrong(void *ctx, const char *words)
{
    print_error("%s\n", words);
    *(int *)ctx += 1;
}

/* Bytes that the thread of this name wrote. */
static int64_t written_by(const char *name)
{
    int64_t bytes = 0;

    for (int id = getpid(); id < getpid() + 1000; id++) {
        char path[64], line[128];
        snprintf(path, sizeof path, "/proc/self/task/%d/comm", id);
        FILE *comm = fopen(path, "r");
        bool named = comm && fgets(line, sizeof line, comm) && strncmp(line, name, strlen(name)) == 0;
        if (comm)
            fclose(comm);
        snprintf(path, sizeof path, "/proc/self/task/%d/io", id);
        FILE *io = named ? fopen(path, "r") : NULL;
        while (io && fgets(line, sizeof line, io))
            if (strncmp(line, "wchar: ", 7) == 0)
                bytes += atoll(line + 7);
        if (io)
            fclose(io);
    }
    return bytes;
}

/* The log is carried into the file beside the writer, again and again, and stays short. */
static void carried(void **state)
{
    struct store *s = opened();
    pthread_t reader;
    char log[200];
    struct stat file, wal = { 0 };
    struct err e = { 0 };
    int64_t most = 0;
    void *bad;
    int wrong = 0;

    (void)state;
    snprintf(log, sizeof log, "%s-wal", url + strlen("sqlite:"));
    assert_int_equal(pthread_create(&reader, NULL, look_on, NULL), 0);
    for (int64_t n = 0; n < 1500; n++) {
        char ledger[16];
        snprintf(ledger, sizeof ledger, "%d", (int)(n * 7919 % 997));        /* all over the tree */
        put_rows(s, ledger, n * 50 + 1, n * 50 + 50);
        if (n == 700)
            GOOD(store_scrub(s, &e));
        if (stat(log, &wal) == 0 && wal.st_size > most)
            most = wal.st_size;
    }
    enough_seen = true;
    pthread_join(reader, &bad);
    assert_null(bad);
    assert_int_equal(stat(url + strlen("sqlite:"), &file), 0);
    assert_true(file.st_size > 2000000);                    /* most of it stands there before the store is closed */
    assert_true(written_by("checkpoint") > 2000000);
    assert_true(most < 10000000);                           /* of 44 MB that went through it since it was scrubbed */
    GOOD(store_check(s, is_wrong, &wrong, &e));
    assert_true(wrong == 0 && counted(s) == 75000);
    store_close(s);
    GOOD(store_open(&s, url, STORE_WRITE, &e));
    GOOD(store_check(s, is_wrong, &wrong, &e));
    assert_true(wrong == 0 && counted(s) == 75000);
    store_close(s);
}

/* The next sync of the store's file by another thread than ours fails, as of a disk that loses what it was given. */
static atomic_bool sync_fails;
static pthread_t writer;

int fdatasync(int fd)
{
    char link[64], path[256];
    ssize_t n;

    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    n = readlink(link, path, sizeof path - 1);
    path[n > 0 ? n : 0] = 0;
    if (sync_fails && !pthread_equal(pthread_self(), writer) && strcmp(path, url + strlen("sqlite:")) == 0) {
        sync_fails = false;
        errno = EIO;
        return -1;
    }
    return fsync(fd);
}

/* Pages whose sync failed count as carried and are on no disk: the log that still has them is kept. */
static void unsynced(void **state)
{
    struct store *s = opened();
    char log[200];
    struct stat before, after;
    struct err e = { 0 };
    int wrong = 0;

    (void)state;
    snprintf(log, sizeof log, "%s-wal", url + strlen("sqlite:"));
    writer = pthread_self();
    sync_fails = true;
    int64_t n = 0;
    for (; n < 2000 && !store_stuck(s); n++)
        put_rows(s, "a", n * 50 + 1, n * 50 + 50);
    assert_true(store_stuck(s));
    assert_int_equal(stat(log, &before), 0);
    for (int64_t end = n + 400; n < end; n++)
        put_rows(s, "b", n * 50 + 1, n * 50 + 50);
    assert_int_equal(stat(log, &after), 0);
    assert_true(after.st_size > before.st_size + 400 * 4096);       /* it never began anew */
    BAD(store_scrub(s, &e), "store.io");
    store_close(s);
    assert_int_equal(stat(log, &after), 0);
    assert_true(after.st_size > before.st_size);                    /* nor was it taken for done with at the end */
    GOOD(store_open(&s, url, STORE_WRITE, &e));
    GOOD(store_check(s, is_wrong, &wrong, &e));
    assert_true(wrong == 0 && counted(s) == n * 50 && !store_stuck(s));
    GOOD(store_scrub(s, &e));
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, fresh, swept)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values), TEST(arguments), TEST(nested), TEST(returning), TEST(savepoints), TEST(readers), TEST(locked), TEST(killed),
        TEST(versions), TEST(fences), TEST(digests), TEST(copies), TEST(scrubbed), TEST(damaged), TEST(failing), TEST(full),
        TEST(carried), TEST(unsynced),
    };

    if (settings_set("log_pages", "16", NULL) < 0)          /* the log is carried all the time */
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
