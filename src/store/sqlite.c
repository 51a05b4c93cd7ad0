/*
 * sqlite.c - the store in one SQLite file.
 *
 * WAL with synchronous=FULL; no memory map.  The writer holds a lock on
 * FILE.lock; it and its checkpoint thread (checkpoint.c) alone write to the
 * file and its log, readers open the file read-only.  Statements are prepared once for each fence and kept; one
 * that is still being read is prepared a second time beside it.  Every table
 * with a primary key is clustered on it (WITHOUT ROWID).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/checkpoint.h"
#include "store/driver.h"

enum { MOST_ARGS = 64, PATIENCE = 5000 };

struct statement {
    sqlite3_stmt *stmt;
    const char *text;                  /* with the fence: the key it is kept under */
    const struct store_fence *fence;
    bool busy;                         /* rows of it are being read */
    bool stepped;                      /* its first row is there but was not asked for yet */
    bool once;                         /* not kept */
    uint8_t params, number[MOST_ARGS]; /* number[i]: which argument SQLite's parameter i + 1 is, from 0 */
};

struct sqlite {
    struct store common;
    sqlite3 *db;
    struct checkpoints *checkpoints;   /* of a writer */
    int lock;
    struct statement **kept;           /* open addressing; never more than half full; nothing is taken out */
    size_t count, room;
    sqlite3_stmt *orders[ORDER_SNAPSHOT_END + 1];
};

static struct sqlite *sqlite_of(struct store *s)
{
    return (struct sqlite *)s;
}

/* ---- errors ------------------------------------------------------------------ */

static const struct meaning {
    int code;
    enum err_kind kind;
    bool again;
    const char *key;
} meanings[] = {
    { SQLITE_BUSY, ERR_BUSY, true, "store.busy" },
    { SQLITE_LOCKED, ERR_BUSY, true, "store.busy" },
    { SQLITE_FULL, ERR_BUSY, true, "store.full" },
    { SQLITE_IOERR, ERR_BUSY, true, "store.io" },
    { SQLITE_CONSTRAINT, ERR_CONFLICT, false, "store.constraint" },
    { SQLITE_CORRUPT, ERR_BROKEN, true, "store.damaged" },      /* again: once it has been mended, it is not the record's fault */
    { SQLITE_NOTADB, ERR_BROKEN, true, "store.damaged" },
    { SQLITE_AUTH, ERR_BROKEN, false, "store.fenced" },
};

/* A quota, a bound on the size of files, a disk that is full only when it is synced: for SQLite a failed write like any other. */
static bool no_room(sqlite3 *db)
{
    int why[2] = { 0, 0 };
    sqlite3_file *log = NULL;

    sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &why[0]);
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log) == SQLITE_OK && log && log->pMethods)
        log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &why[1]);
    for (size_t i = 0; i < COUNT_OF(why); i++)
        if (why[i] == ENOSPC || why[i] == EDQUOT || why[i] == EFBIG)
            return true;
    return false;
}

static int refuse(struct err *e, sqlite3 *db, int code, const char *what)
{
    static const struct meaning other = { 0, ERR_BROKEN, false, "store.failed" };
    const struct meaning *m = &other;

    if ((code & 0xff) == SQLITE_IOERR && (code == SQLITE_IOERR_SHMSIZE || (db && no_room(db))))
        code = SQLITE_FULL;
    for (size_t i = 0; i < COUNT_OF(meanings); i++)
        if (meanings[i].code == (code & 0xff))
            m = &meanings[i];
    const char *file = db && strcmp(m->key, "store.damaged") == 0 ? sqlite3_db_filename(db, "main") : NULL;
    err_broken(e, m->key, "%s%s%s: %s", file ? file : "", file ? ": " : "", what, db ? sqlite3_errmsg(db) : sqlite3_errstr(code));
    if (e) {
        e->kind = m->kind;
        e->again = m->again;
    }
    return -1;
}

/* ---- the fence ----------------------------------------------------------------- */

static bool among(const char *const *prefixes, const char *table)
{
    for (; prefixes && *prefixes; prefixes++)
        if (strncmp(table, *prefixes, strlen(*prefixes)) == 0)
            return true;
    return false;
}

/* Asked by SQLite while it prepares a statement. */
static int authorize(void *ctx, int action, const char *a, const char *b, const char *schema, const char *trigger)
{
    const struct store_fence *fence = ((struct sqlite *)ctx)->common.fence;

    (void)schema;
    (void)trigger;
    if (!fence)
        return SQLITE_OK;
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
        return SQLITE_OK;
    case SQLITE_READ:
        /* Of no column: a count, also of a name a WITH clause gives, and those have no underscore. */
        if (b && *b == '\0' && !strchr(a, '_'))
            return SQLITE_OK;
        return among(fence->read, a) || among(fence->write, a) ? SQLITE_OK : SQLITE_DENY;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE:
        return among(fence->write, a) ? SQLITE_OK : SQLITE_DENY;
    default:
        return SQLITE_DENY;
    }
}

/* ---- statements ------------------------------------------------------------------ */

static bool blank(const char *text)
{
    return text[strspn(text, " \t\r\n;")] == '\0';
}

static void statement_free(struct statement *t)
{
    sqlite3_finalize(t->stmt);
    free(t);
}

/* SQLite numbers $2, $1 by first appearance; args are numbered by name. */
static int read_params(struct statement *t, const char *name, struct err *e)
{
    int count = sqlite3_bind_parameter_count(t->stmt);

    if (count > MOST_ARGS)
        return err_broken(e, "store.args", "%s: more than %d arguments", name, MOST_ARGS);
    for (int i = 0; i < count; i++) {
        const char *param = sqlite3_bind_parameter_name(t->stmt, i + 1);
        int64_t n;

        if (!param || param[0] != '$' || !str_to_int(str_of(param + 1), &n) || n < 1 || n > MOST_ARGS)
            return err_broken(e, "store.args", "%s: %s is no $1, $2 …", name, param ? param : "?");
        t->number[i] = (uint8_t)(n - 1);
    }
    t->params = (uint8_t)count;
    return 0;
}

static int prepare(struct sqlite *q, const struct sql *sql, bool once, struct statement **out, struct err *e)
{
    struct statement *t = mem_take(sizeof *t);
    const char *tail = "";
    int rc = sqlite3_prepare_v3(q->db, sql->text, -1, once ? 0 : SQLITE_PREPARE_PERSISTENT, &t->stmt, &tail);

    t->text = sql->text;
    t->fence = q->common.fence;
    t->once = once;
    if (rc != SQLITE_OK)
        refuse(e, q->db, rc, sql->name);
    else if (!t->stmt || !blank(tail))
        rc = err_broken(e, "store.failed", "%s is not one statement", sql->name);
    else
        rc = read_params(t, sql->name, e);
    if (rc != 0) {
        statement_free(t);
        return -1;
    }
    *out = t;
    return 0;
}

static size_t slot_of(const struct sqlite *q, const char *text, const struct store_fence *fence)
{
    uint64_t h = ((uintptr_t)text ^ (uintptr_t)fence * 31) * 0x9e3779b97f4a7c15u;

    return h >> 32 & (q->room - 1);
}

static void keep(struct sqlite *q, struct statement *t)
{
    size_t i = slot_of(q, t->text, t->fence);

    while (q->kept[i])
        i = (i + 1) & (q->room - 1);
    q->kept[i] = t;
}

static void grow(struct sqlite *q)
{
    struct statement **old = q->kept;
    size_t room = q->room;

    q->room = room ? room * 2 : 256;
    q->kept = mem_take(q->room * sizeof(struct statement *));
    for (size_t i = 0; i < room; i++)
        if (old[i])
            keep(q, old[i]);
    free(old);
}

/* The kept statement for this text and today's fence, or a new one. */
static int find(struct sqlite *q, const struct sql *sql, struct statement **out, struct err *e)
{
    const struct store_fence *fence = q->common.fence;

    if (q->count * 2 >= q->room)
        grow(q);
    for (size_t i = slot_of(q, sql->text, fence); q->kept[i]; i = (i + 1) & (q->room - 1)) {
        struct statement *t = q->kept[i];

        if (t->text == sql->text && t->fence == fence && !t->busy) {
            *out = t;
            return 0;
        }
    }
    if (prepare(q, sql, false, out, e) < 0)
        return -1;
    keep(q, *out);
    q->count++;
    return 0;
}

static int bind_one(sqlite3_stmt *stmt, int i, const struct value *v, sqlite3_destructor_type keep_bytes)
{
    const char *bytes = v->bytes.at ? v->bytes.at : (const char *)v->own.b;

    switch (v->kind) {
    case VALUE_INT:
        return sqlite3_bind_int64(stmt, i, v->number);
    case VALUE_TEXT:
        return sqlite3_bind_text64(stmt, i, bytes, v->bytes.len, keep_bytes, SQLITE_UTF8);
    case VALUE_BLOB:
        return sqlite3_bind_blob64(stmt, i, bytes, v->bytes.len, keep_bytes);
    default:
        return sqlite3_bind_null(stmt, i);
    }
}

/* Finds the statement and binds its arguments; those it does not name are left alone. */
static int ready(struct sqlite *q, const struct sql *sql, struct args args, sqlite3_destructor_type keep_bytes, struct statement **out,
    struct err *e)
{
    struct statement *t;

    /* On a full disk SQLite may end the transaction itself; what follows must not stand alone. */
    if (q->common.begun && sqlite3_get_autocommit(q->db))
        return err_again(e, ERR_BUSY, "store.undone");
    if (find(q, sql, &t, e) < 0)
        return -1;
    for (int i = 0; i < t->params; i++) {
        int rc;

        if (t->number[i] >= args.count)
            return err_broken(e, "store.args", "%s: no argument for $%d", sql->name, t->number[i] + 1);
        rc = bind_one(t->stmt, i + 1, &args.at[t->number[i]], keep_bytes);
        if (rc != SQLITE_OK)
            return refuse(e, q->db, rc, sql->name);
    }
    *out = t;
    return 0;
}

static int sqlite_run(struct store *s, const struct sql *sql, struct args args, int64_t *changed, struct err *e)
{
    struct sqlite *q = sqlite_of(s);
    struct statement *t;
    int rc;

    if (ready(q, sql, args, SQLITE_STATIC, &t, e) < 0)
        return -1;
    do
        rc = sqlite3_step(t->stmt);
    while (rc == SQLITE_ROW);
    if (rc != SQLITE_DONE)
        refuse(e, q->db, rc, sql->name);
    else if (changed)
        *changed = sqlite3_changes64(q->db);
    sqlite3_reset(t->stmt);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* ---- rows ------------------------------------------------------------------------ */

static void sqlite_done(struct rows *rows)
{
    struct statement *t = rows->stmt;

    sqlite3_reset(t->stmt);
    t->busy = t->stepped = false;
    if (t->once) {
        statement_free(t);
        rows->stmt = NULL;
    }
}

/* The first step is made at once: a statement that fails does so in store_query, and the fence of now holds. */
static int start(struct sqlite *q, struct rows *rows, struct statement *t, const char *name, struct err *e)
{
    int rc = sqlite3_step(t->stmt);

    *rows = (struct rows){ .store = &q->common, .stmt = t, .live = rc == SQLITE_ROW };
    if (rc == SQLITE_ROW) {
        t->busy = t->stepped = true;
        return 0;
    }
    if (rc != SQLITE_DONE) {
        refuse(e, q->db, rc, name);
        sqlite_done(rows);
        *rows = (struct rows){ 0 };
        return -1;
    }
    /* A statement that is not kept stays alive for its columns' names. */
    if (t->once)
        rows->live = t->busy = true;
    else
        sqlite3_reset(t->stmt);
    return 0;
}

static int sqlite_query(struct store *s, struct rows *rows, const struct sql *sql, struct args args, struct err *e)
{
    struct sqlite *q = sqlite_of(s);
    struct statement *t;

    /* Copies the bytes of the arguments: rows may be read after they are gone. */
    if (ready(q, sql, args, SQLITE_TRANSIENT, &t, e) < 0)
        return -1;
    return start(q, rows, t, sql->name, e);
}

static int sqlite_describe(struct store *s, const struct sql *sql, store_column *each, void *ctx, struct err *e)
{
    struct statement *t;

    if (find(sqlite_of(s), sql, &t, e) < 0)
        return -1;
    for (int i = 0; i < sqlite3_column_count(t->stmt); i++) {
        const char *type = sqlite3_column_decltype(t->stmt, i);
        bool text = type && strcmp(type, "TEXT") == 0, blob = type && strcmp(type, "BLOB") == 0;

        each(ctx, sqlite3_column_name(t->stmt, i), !type ? VALUE_NULL : text ? VALUE_TEXT : blob ? VALUE_BLOB : VALUE_INT);
    }
    return 0;
}

static int sqlite_next(struct rows *rows, struct err *e)
{
    struct statement *t = rows->stmt;
    int rc;

    if (t->stepped) {
        t->stepped = false;
        return 1;
    }
    /* A step behind the end would begin again. */
    rc = sqlite3_stmt_busy(t->stmt) ? sqlite3_step(t->stmt) : SQLITE_DONE;
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : refuse(e, sqlite_of(rows->store)->db, rc, "rows");
}

static sqlite3_stmt *stmt_of(const struct rows *rows)
{
    return ((struct statement *)rows->stmt)->stmt;
}

static int sqlite_columns(const struct rows *rows)
{
    return sqlite3_column_count(stmt_of(rows));
}

static const char *sqlite_name(const struct rows *rows, int column)
{
    return sqlite3_column_name(stmt_of(rows), column);
}

static enum value_kind sqlite_kind(const struct rows *rows, int column)
{
    switch (sqlite3_column_type(stmt_of(rows), column)) {
    case SQLITE_NULL:
        return VALUE_NULL;
    case SQLITE_TEXT:
        return VALUE_TEXT;
    case SQLITE_BLOB:
        return VALUE_BLOB;
    default:
        return VALUE_INT;
    }
}

static int64_t sqlite_number(const struct rows *rows, int column)
{
    return sqlite3_column_int64(stmt_of(rows), column);
}

static struct str sqlite_bytes(const struct rows *rows, int column)
{
    sqlite3_stmt *stmt = stmt_of(rows);
    int type = sqlite3_column_type(stmt, column);
    const void *at;

    if (type == SQLITE_NULL)
        return (struct str){ 0 };
    at = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, column) : sqlite3_column_text(stmt, column);
    /* An empty blob has no address, but it is not NULL. */
    return (struct str){ at ? at : "", sqlite3_column_bytes(stmt, column) };
}

/* ---- transactions ------------------------------------------------------------------ */

static int sqlite_order(struct store *s, enum store_order order, struct err *e)
{
    static const char *const texts[] = {
        [ORDER_BEGIN] = "BEGIN IMMEDIATE", [ORDER_COMMIT] = "COMMIT",
        [ORDER_ROLLBACK] = "ROLLBACK", [ORDER_SAVEPOINT] = "SAVEPOINT s",
        [ORDER_RELEASE] = "RELEASE s", [ORDER_BACK] = "ROLLBACK TO s",
        [ORDER_SNAPSHOT] = "BEGIN", [ORDER_SNAPSHOT_END] = "COMMIT",
    };
    struct sqlite *q = sqlite_of(s);
    sqlite3_stmt **stmt = &q->orders[order];
    const struct store_fence *fence = s->fence;
    int rc = SQLITE_OK;

    if (s->begun && sqlite3_get_autocommit(q->db))
        return order == ORDER_ROLLBACK ? 0 : err_again(e, ERR_BUSY, "store.undone");
    /* SQLite may prepare it again within the step. */
    s->fence = NULL;
    if (!*stmt)
        rc = sqlite3_prepare_v3(q->db, texts[order], -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(*stmt);
    s->fence = fence;
    if (rc != SQLITE_DONE)
        refuse(e, q->db, rc, texts[order]);
    sqlite3_reset(*stmt);
    if (rc != SQLITE_DONE)
        return -1;
    return order == ORDER_BACK ? sqlite_order(s, ORDER_RELEASE, e) : 0;
}

/* ---- schema and whole tables ---------------------------------------------------------- */

static bool clustered(const char *ddl)
{
    ddl += strspn(ddl, " \t\r\n");
    return strncasecmp(ddl, "CREATE TABLE ", 13) == 0 && strcasestr(ddl, "PRIMARY KEY") && !strcasestr(ddl, "WITHOUT ROWID");
}

static int run_text(struct sqlite *q, const char *text, struct err *e)
{
    CLEANUP(buf_done) struct buf name = { 0 };
    struct statement *t;
    int rc;

    buf_printf(&name, "%.60s", text);
    if (prepare(q, &(struct sql){ buf_z(&name), text }, true, &t, e) < 0)
        return -1;
    do
        rc = sqlite3_step(t->stmt);
    while (rc == SQLITE_ROW);
    if (rc != SQLITE_DONE)
        refuse(e, q->db, rc, buf_z(&name));
    statement_free(t);
    return rc == SQLITE_DONE ? 0 : -1;
}

/* Bytes of the first statement of text with its ";". */
static size_t first_statement(const char *text)
{
    CLEANUP(buf_done) struct buf part = { 0 };

    for (const char *at = text; (at = strchr(at, ';')); at++) {
        buf_put(&part, text + part.len, at + 1 - text - part.len);
        /* Not every ";" ends one: texts and triggers hold them too. */
        if (sqlite3_complete(buf_z(&part)))
            return part.len;
    }
    return strlen(text);
}

/*
 * Never analysed, SQLite believes that ten rows share a ledger and walks a
 * whole village where an index by ledger and door stands ready.  So it is told
 * what holds for every store: a ledger is long, what follows it in a key is not.
 */
static const char *const planner_facts[] = {
    "ANALYZE sqlite_schema;",
    "DELETE FROM sqlite_stat1;",
    "INSERT INTO sqlite_stat1 (tbl, idx, stat) SELECT m.name, CASE l.origin WHEN 'pk' THEN m.name ELSE l.name END, "
    "'1000000000' || (SELECT group_concat(' ' || CASE WHEN l.\"unique\" = 1 AND i.seqno = (SELECT MAX(z.seqno) FROM pragma_index_info(l.name) z) THEN '1' "
    "WHEN i.seqno = 0 THEN '100000' ELSE '10' END, '') FROM pragma_index_info(l.name) i) "
    "FROM sqlite_schema m JOIN pragma_index_list(m.name) l WHERE m.type = 'table' "
    "AND 'ledger' = (SELECT c.name FROM pragma_table_info(m.name) c WHERE c.cid = 0) AND 'ledger' = (SELECT i.name FROM pragma_index_info(l.name) i);",
    "ANALYZE sqlite_schema;",
};

static int sqlite_script(struct store *s, struct str text, struct err *e)
{
    CLEANUP(buf_done) struct buf all = { 0 }, one = { 0 };
    const char *at;

    buf_str(&all, text);
    for (at = buf_z(&all); !blank(at);) {
        size_t n = first_statement(at);

        buf_clear(&one);
        buf_put(&one, at, n);
        if (clustered(buf_z(&one))) {
            while (strchr("; \t\r\n", one.at[one.len - 1]))
                one.len--;
            buf_text(&one, " WITHOUT ROWID;");
        }
        if (run_text(sqlite_of(s), buf_z(&one), e) < 0)
            return -1;
        at += n;
    }
    for (size_t i = 0; i < COUNT_OF(planner_facts); i++)
        if (run_text(sqlite_of(s), planner_facts[i], e) < 0)
            return -1;
    return 0;
}

static int sqlite_tables(struct store *s, const char *prefix, struct buf *names, struct err *e)
{
    static const struct sql tables = { "store.tables", "SELECT name FROM sqlite_schema WHERE type = 'table' AND substr(name, 1, "
        "length($1)) = $1 AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name" };
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, &tables, ARGS(prefix), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        buf_str(names, rows_str(&rows, 0));
        buf_char(names, '\0');
    }
    return store_failed(s, e);
}

static int sqlite_scan(struct store *s, struct rows *rows, const char *table, struct err *e)
{
    static const struct sql key = { "store.key", "SELECT name FROM pragma_table_info($1) WHERE pk > 0 ORDER BY pk" };
    CLEANUP(rows_done) struct rows columns = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    const char *comma = " ORDER BY ";
    struct statement *t;

    if (store_query(s, &columns, &key, ARGS(table), e) < 0)
        return -1;
    buf_printf(&text, "SELECT * FROM \"%s\"", table);
    for (; rows_next(&columns); comma = ", ")
        buf_printf(&text, "%s\"%s\"", comma, rows_str(&columns, 0).at);
    if (store_failed(s, e) < 0 || prepare(sqlite_of(s), &(struct sql){ table, buf_z(&text) }, true, &t, e) < 0)
        return -1;
    return start(sqlite_of(s), rows, t, table, e);
}

static int set_overwriting(struct sqlite *q, bool on, struct err *e)
{
    int rc = sqlite3_exec(q->db, on ? "PRAGMA secure_delete = ON" : "PRAGMA secure_delete = OFF", NULL, NULL, NULL);

    return rc == SQLITE_OK ? 0 : refuse(e, q->db, rc, "secure_delete");
}

/* Derived tables hold nothing that must be overwritten; a rebuild would write the whole file twice. */
static int sqlite_drop(struct store *s, const char *table, struct err *e)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct sqlite *q = sqlite_of(s);
    int result;

    buf_printf(&text, "DROP TABLE \"%s\"", table);
    if (set_overwriting(q, false, e) < 0)
        return -1;
    result = run_text(q, buf_z(&text), e);
    return set_overwriting(q, true, result < 0 ? NULL : e) < 0 ? -1 : result;
}

static int checkpoint(struct sqlite *q, int how, struct err *e)
{
    int rc = sqlite3_wal_checkpoint_v2(q->db, NULL, how, NULL, NULL);

    return rc == SQLITE_OK ? 0 : refuse(e, q->db, rc, "checkpoint");
}

static int overwrite(const char *path, struct err *e)
{
    static const char zeros[65536];
    CLEANUP(fd_done) int fd = open(path, O_WRONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 && errno == ENOENT)
        return 0;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_broken(e, "store.failed", "%s: %s", path, strerror(errno));
    for (off_t at = 0; at < st.st_size;) {
        size_t left = st.st_size - at > (off_t)sizeof zeros ? sizeof zeros : (size_t)(st.st_size - at);
        ssize_t n = pwrite(fd, zeros, left, at);

        if (n < 0 && errno != EINTR)
            return err_broken(e, "store.failed", "%s: %s", path, strerror(errno));
        at += n > 0 ? n : 0;
    }
    return fdatasync(fd) < 0 ? err_broken(e, "store.failed", "%s: %s", path, strerror(errno)) : 0;
}

/*
 * secure_delete has overwritten the pages; what is left are older pages in the
 * WAL file.  After a restart checkpoint nobody reads them any more, and we are
 * the only one who writes there.
 */
static int sqlite_scrub(struct store *s, struct err *e)
{
    CLEANUP(buf_done) struct buf wal = { 0 };
    struct sqlite *q = sqlite_of(s);

    buf_printf(&wal, "%s-wal", sqlite3_db_filename(q->db, "main"));
    if (!checkpoints_wait(q->checkpoints))
        return err_again(e, ERR_BUSY, "store.io");
    if (checkpoint(q, SQLITE_CHECKPOINT_RESTART, e) < 0 || overwrite(buf_z(&wal), e) < 0)
        return -1;
    return checkpoint(q, SQLITE_CHECKPOINT_TRUNCATE, e);
}

static bool sqlite_stuck(const struct store *s)
{
    return checkpoints_stuck(((const struct sqlite *)s)->checkpoints);
}

/* What its integrity check cannot even read is damage too. */
static int sqlite_check(struct store *s, void (*each)(void *ctx, const char *words), void *ctx, struct err *e)
{
    static const struct sql check = { "store.check", "PRAGMA integrity_check(20)" };
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct err wrong = { 0 };

    if (store_query(s, &rows, &check, NO_ARGS, &wrong) == 0)
        while (rows_next(&rows))
            if (!str_is(rows_str(&rows, 0), "ok"))
                each(ctx, rows_str(&rows, 0).at);
    if (wrong.kind == ERR_NONE && store_failed(s, &wrong) == 0)
        return 0;
    if (strcmp(wrong.key, "store.damaged") == 0) {
        each(ctx, wrong.detail);
        return 0;
    }
    *e = wrong;
    return -1;
}

static void db_done(sqlite3 **db)
{
    sqlite3_close_v2(*db);
}

static int copy_pages(sqlite3 *to, sqlite3 *from, struct err *e)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    int rc;

    if (!backup)
        return refuse(e, to, sqlite3_errcode(to), "copy");
    rc = sqlite3_backup_step(backup, -1);
    if (rc == SQLITE_DONE)
        rc = SQLITE_OK;
    sqlite3_backup_finish(backup);
    return rc == SQLITE_OK ? 0 : refuse(e, NULL, rc, "copy");
}

static int copy_into(const char *side, sqlite3 *from, struct err *e)
{
    CLEANUP(db_done) sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(side, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);

    /* The copy is synced as a whole when it is there. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF", NULL, NULL, NULL);
    return rc == SQLITE_OK ? copy_pages(to, from, e) : refuse(e, to, rc, side);
}

static int sync_file(const char *path, struct err *e)
{
    CLEANUP(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? err_broken(e, "store.failed", "%s: %s", path, strerror(errno)) : 0;
}

static int sqlite_copy(struct store *s, const char *path, struct err *e)
{
    CLEANUP(buf_done) struct buf side = { 0 };
    CLEANUP(buf_done) struct buf log = { 0 };

    buf_printf(&side, "%s.copy", path);
    if (file_write_whole(buf_z(&side), 0600, STR(""), e) < 0)
        return -1;
    if (copy_into(buf_z(&side), sqlite_of(s)->db, e) < 0 || sync_file(buf_z(&side), e) < 0) {
        unlink(buf_z(&side));
        return -1;
    }
    /* The log of a store that stood there once would be played into this one. */
    buf_printf(&log, "%s-wal", path);
    unlink(buf_z(&log));
    if (rename(buf_z(&side), path) < 0 || file_sync_folder(path) < 0)
        return err_broken(e, "store.failed", "%s: %s", path, strerror(errno));
    return 0;
}

/* ---- opening ------------------------------------------------------------------------------ */

static bool sqlite_has(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && st.st_size > 0;
}

static void sqlite_close(struct store *s)
{
    struct sqlite *q = sqlite_of(s);

    for (size_t i = 0; i < q->room; i++)
        if (q->kept[i])
            statement_free(q->kept[i]);
    for (size_t i = 0; i < COUNT_OF(q->orders); i++)
        sqlite3_finalize(q->orders[i]);
    checkpoints_end(q->checkpoints);
    sqlite3_close_v2(q->db);
    free(q->kept);
    fd_done(&q->lock);
    free(q);
}

/* The one writer's lock, held until the store is closed or the process ends. */
static int take_lock(struct sqlite *q, const char *path, struct err *e)
{
    CLEANUP(buf_done) struct buf name = { 0 };

    buf_printf(&name, "%s.lock", path);
    q->lock = open(buf_z(&name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (q->lock >= 0 && flock(q->lock, LOCK_EX | LOCK_NB) == 0)
        return 0;
    if (q->lock >= 0 && errno == EWOULDBLOCK)
        return err_again(e, ERR_BUSY, "store.locked");
    return err_broken(e, "store.failed", "%s: %s", buf_z(&name), strerror(errno));
}

static const char *const pragmas[] = {
    [STORE_READ] = "PRAGMA query_only = ON; PRAGMA cache_size = -32768;",
    [STORE_WRITE] = ("PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;"
        "PRAGMA synchronous = FULL;"),
    /* EXTRA: what was committed is not taken back by a journal whose removal was lost with the power. */
    [STORE_COPY] = "PRAGMA journal_mode = DELETE; PRAGMA synchronous = EXTRA; PRAGMA cache_size = -16384; PRAGMA secure_delete = ON;",
};

static int in_wal(sqlite3 *db, struct err *e)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    bool wal = false;

    if (rc == SQLITE_OK)
        rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        wal = strcmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    if (!wal)
        refuse(e, db, rc, "journal_mode");
    sqlite3_finalize(stmt);
    return wal ? 0 : -1;
}

static int set_up(struct sqlite *q, const char *path, enum store_mode mode, struct err *e)
{
    int rc;

    sqlite3_busy_timeout(q->db, PATIENCE);
    sqlite3_extended_result_codes(q->db, 1);
    sqlite3_set_authorizer(q->db, authorize, q);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(q->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == STORE_READ, NULL);
    if (mode == STORE_WRITE)
        sqlite3_db_config(q->db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 8000);      /* what a statement needs again and again, without malloc */
    /* Told to an empty file only.  Rows are a record or a household with its boxes, about a kilobyte: in pages of 4096 a fifth of
       them spills over and the trees get twice as deep. */
    if (mode == STORE_WRITE)
        sqlite3_exec(q->db, "PRAGMA page_size = 8192", NULL, NULL, NULL);
    if (mode == STORE_WRITE && in_wal(q->db, e) < 0)
        return -1;
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, q->db, 0x80000);     /* no Bloom filters: making one walks the whole table */
    rc = sqlite3_exec(q->db, "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(q->db, pragmas[mode], NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return refuse(e, q->db, rc, "open");
    if (mode == STORE_WRITE)
        q->checkpoints = checkpoints_begin(q->db, path);
    return 0;
}

static void configure(void)
{
    /* Counting memory takes a lock that all connections share. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

/* A copy that was cut: whoever reads it first takes back what was half written. */
static bool cut(const char *path)
{
    CLEANUP(buf_done) struct buf journal = { 0 };

    buf_printf(&journal, "%s-journal", path);
    return file_exists(buf_z(&journal));
}

static int connect_to(struct sqlite *q, const char *path, enum store_mode mode, struct err *e)
{
    int flags = SQLITE_OPEN_NOMUTEX | (mode != STORE_READ || cut(path) ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    int rc;

    if (mode == STORE_READ && !sqlite_has(path))
        return err_set(e, ERR_MISSING, "store.missing");
    if (mode == STORE_WRITE && take_lock(q, path, e) < 0)
        return -1;
    /* Made before SQLite sees it, closed to others; its side files take over the mode. */
    if (mode != STORE_READ && !file_exists(path) && file_write_whole(path, 0600, STR(""), e) < 0)
        return -1;
    rc = sqlite3_open_v2(path, &q->db, flags, NULL);
    return rc == SQLITE_OK ? set_up(q, path, mode, e) : refuse(e, q->db, rc, path);
}

static int sqlite_open(struct store **out, const char *path, enum store_mode mode, struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sqlite *q = mem_take(sizeof *q);

    pthread_once(&once, configure);
    q->lock = -1;
    if (connect_to(q, path, mode, e) < 0) {
        sqlite_close(&q->common);
        return -1;
    }
    *out = &q->common;
    return 0;
}

const struct store_driver store_sqlite = {
    .scheme = "sqlite:", .has = sqlite_has, .open = sqlite_open, .close = sqlite_close,
    .order = sqlite_order, .run = sqlite_run, .query = sqlite_query,
    .describe = sqlite_describe, .next = sqlite_next, .done = sqlite_done, .columns = sqlite_columns, .name = sqlite_name,
    .kind = sqlite_kind, .number = sqlite_number, .bytes = sqlite_bytes,
    .script = sqlite_script, .tables = sqlite_tables, .scan = sqlite_scan,
    .drop = sqlite_drop, .scrub = sqlite_scrub, .stuck = sqlite_stuck, .check = sqlite_check, .copy = sqlite_copy,
};
