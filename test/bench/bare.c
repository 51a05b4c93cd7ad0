/*
 * bare.c - the bare loops that ours is held against: rows that are ready in memory into SQLite, nothing else.
 *
 * What is inserted is what ours wrote: its bodies, boxes and digests, read from
 * its store before the clock starts.  Settings are those of src/store/sqlite.c,
 * statements are prepared once, bytes are bound where they lie.
 */
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct cell {
    int type, length;
    int64_t number;
    const char *bytes;
};

/* The rows of one statement, one after another. */
struct rows {
    struct cell *cells;
    size_t count, room, columns;     /* count of cells */
};

/* Those with which src/store/sqlite.c writes; ingest.mjs holds them against it.  Having no thread for it, this one carries its log by itself. */
static void settings_set_up(sqlite3 *db)
{
    sqlite3_db_config(db, SQLITE_DBCONFIG_LOOKASIDE, NULL, 512, 8000);
    db_run(db, "PRAGMA journal_mode = WAL; PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
               "PRAGMA cache_size = -65536; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = ON;"
               "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000;");
    sqlite3_test_control(SQLITE_TESTCTRL_OPTIMIZATIONS, db, 0x80000);
}

/* The row the statement stands on, without its last `extra` columns. */
static void rows_take(struct rows *rows, sqlite3_stmt *q, int extra, struct arena *mem)
{
    rows->columns = (size_t)(sqlite3_column_count(q) - extra);
    for (size_t i = 0; i < rows->columns; i++) {
        struct cell c = { .type = sqlite3_column_type(q, (int)i) };

        if (c.type == SQLITE_INTEGER) {
            c.number = sqlite3_column_int64(q, (int)i);
        } else if (c.type != SQLITE_NULL) {
            const void *bytes = c.type == SQLITE_TEXT ? (const void *)sqlite3_column_text(q, (int)i) : sqlite3_column_blob(q, (int)i);
            c.length = sqlite3_column_bytes(q, (int)i);
            c.bytes = arena_str(mem, (struct str){ bytes ? bytes : "", (size_t)c.length }).at;
        }
        rows->cells = MEM_GROW(rows->cells, rows->count, rows->room);
        rows->cells[rows->count++] = c;
    }
}

static void cell_bind(sqlite3_stmt *to, int i, const struct cell *c)
{
    switch (c->type) {
    case SQLITE_INTEGER:
        sqlite3_bind_int64(to, i, c->number);
        break;
    case SQLITE_TEXT:
        sqlite3_bind_text(to, i, c->bytes, c->length, SQLITE_STATIC);
        break;
    case SQLITE_BLOB:
        sqlite3_bind_blob(to, i, c->bytes, c->length, SQLITE_STATIC);
        break;
    case SQLITE_NULL:
        sqlite3_bind_null(to, i);
        break;
    default:
        fail("a column holds neither number, text nor bytes");
    }
}

static void run_once(sqlite3_stmt *stmt)
{
    db_step(stmt);
    sqlite3_reset(stmt);
}

static void row_put(sqlite3_stmt *to, const struct rows *rows, size_t row)
{
    for (size_t i = 0; i < rows->columns; i++)
        cell_bind(to, (int)i + 1, &rows->cells[row * rows->columns + i]);
    run_once(to);
}

static sqlite3_stmt *inserting(sqlite3 *db, const char *table)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    sqlite3_stmt *q, *result;
    int columns;

    buf_printf(&text, "SELECT * FROM \"%s\"", table);
    q = db_prepare(db, buf_z(&text));
    columns = sqlite3_column_count(q);
    sqlite3_finalize(q);
    buf_clear(&text);
    buf_printf(&text, "INSERT INTO \"%s\" VALUES (?", table);
    for (int i = 1; i < columns; i++)
        buf_text(&text, ", ?");
    buf_char(&text, ')');
    result = db_prepare(db, buf_z(&text));
    return result;
}

static int64_t ask_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = db_prepare(db, sql);
    int64_t n = db_step(q) ? sqlite3_column_int64(q, 0) : 0;

    sqlite3_finalize(q);
    return n;
}

/* ==== what ours wrote, again ============================================================= */

enum { AREA = 2, COUNTS = 9 };       /* of screening_count: the column of the area, how many are counted */

struct change {                      /* what a run added to one counter, until a visit of it was repeated */
    struct cell key[3];              /* ledger, round, area */
    int64_t n[COUNTS];
    bool given;
};

struct repeat {
    sqlite3 *ours, *bare;
    struct arena mem;
    struct rows records, slots, visits, places;      /* one row each for each record; places: ledger, round, area */
    struct change *changes;
    size_t change_count, change_room;
};

static void take_one(struct repeat *p, struct rows *rows, const char *table, const char *sql, const struct cell *keys[3], struct id id)
{
    static struct {
        const char *sql;
        sqlite3_stmt *q;
    } known[4];
    size_t i = 0;

    while (known[i].sql && known[i].sql != sql)
        i++;
    if (!known[i].sql)
        known[i].sql = sql, known[i].q = db_prepare(p->ours, sql);
    sqlite3_reset(known[i].q);
    for (int k = 0; k < 3 && keys[k]; k++)
        cell_bind(known[i].q, k + 1, keys[k]);
    sqlite3_bind_blob(known[i].q, 4, id.b, 16, SQLITE_TRANSIENT);
    if (!db_step(known[i].q))
        fail("a visit has no row in %s", table);
    rows_take(rows, known[i].q, 0, &p->mem);
    sqlite3_reset(known[i].q);
}

static struct id slot_of(sqlite3_stmt *q, int column)
{
    struct id id;
    int household = sqlite3_column_type(q, column) == SQLITE_TEXT ? column : column + 1;

    if (!id_parse(str_of((const char *)sqlite3_column_text(q, household)), &id))
        fail("a visit names no door");
    return id;
}

/* Everything beyond the heads of the bare store, in the order in which it came. */
static void read_new(struct repeat *p)
{
    enum { LEDGER, POSITION, ID, TYPE };
    sqlite3_stmt *q = db_prepare(p->ours,
        "SELECT r.*, MAX(r.received_at) OVER (PARTITION BY r.ledger ORDER BY r.position) AS came "
        "FROM bare.ledger_head h CROSS JOIN ledger_record r WHERE r.ledger = h.ledger AND r.position > h.position "
        "ORDER BY came, r.ledger, r.position");
    sqlite3_stmt *more = db_prepare(p->ours, "SELECT json_extract(?1, '$.household'), json_extract(?1, '$.door'), json_extract(?1, '$.round')");
    enum { BODY = 11 };

    while (db_step(q)) {
        size_t row = p->records.count;
        rows_take(&p->records, q, 1, &p->mem);
        const struct cell *c = &p->records.cells[row];
        struct id round, slot;

        if (strcmp(c[TYPE].bytes, "screening.visit") != 0)
            fail("ours wrote %s: the bare loop knows visits only", c[TYPE].bytes);
        sqlite3_reset(more);
        cell_bind(more, 1, &c[BODY]);
        if (!db_step(more) || !id_parse(str_of((const char *)sqlite3_column_text(more, 2)), &round))
            fail("a visit names no round");
        slot = slot_of(more, 0);
        struct cell r = { SQLITE_BLOB, 16, 0, (const char *)round.b };
        const struct cell *of_slot[3] = { &c[LEDGER], &r }, *of_visit[3] = { &c[LEDGER], &c[ID] }, *of_place[3] = { &c[LEDGER], &r };
        take_one(p, &p->slots, "screening_slot", "SELECT * FROM screening_slot WHERE ledger = ?1 AND round = ?2 AND slot = ?4", of_slot, slot);
        take_one(p, &p->visits, "screening_visit", "SELECT * FROM screening_visit WHERE ledger = ?1 AND visit = ?2 AND slot = ?4", of_visit, slot);
        take_one(p, &p->places, "household_door",
            "SELECT d.ledger, CAST(?2 AS BLOB), d.area FROM household_door d WHERE d.ledger = ?1 AND d.door = COALESCE("
            "(SELECT h.door FROM household_household h WHERE h.ledger = ?1 AND h.household = ?4), ?4)", of_place, slot);
    }
    sqlite3_finalize(q);
    sqlite3_finalize(more);
}

/* What the counters of grids gained. */
static void read_changes(struct repeat *p)
{
    sqlite3_stmt *q = db_prepare(p->ours,
        "SELECT n.ledger, n.round, n.area, n.households - o.households, n.persons - o.persons, n.away - o.away, n.entered - o.entered, "
        "n.entered_door - o.entered_door, n.screened - o.screened, n.late - o.late, n.refused - o.refused, n.retry - o.retry "
        "FROM screening_count n JOIN bare.screening_count o ON o.ledger = n.ledger AND o.round = n.round AND o.area = n.area "
        "WHERE n.area <> ''");

    while (db_step(q)) {
        struct rows key = { 0 };
        struct change change = { .given = false };

        rows_take(&key, q, 0, &p->mem);
        memcpy(change.key, key.cells, sizeof change.key);
        for (int i = 0; i < COUNTS; i++)
            change.n[i] = key.cells[i + 3].number;
        free(key.cells);
        p->changes = MEM_GROW(p->changes, p->change_count, p->change_room);
        p->changes[p->change_count++] = change;
    }
    sqlite3_finalize(q);
}

static int by_place(const void *a, const void *b)
{
    const struct cell *x = a, *y = b;

    for (int i = 0; i < 3; i++) {
        int n = x[i].length < y[i].length ? x[i].length : y[i].length, cmp = memcmp(x[i].bytes, y[i].bytes, (size_t)n);
        if (cmp || x[i].length != y[i].length)
            return cmp ? cmp : x[i].length - y[i].length;
    }
    return 0;
}

/* The counters of a visit.  The first of a grid brings what the whole run added, the others nothing: the same statement, the same rows. */
static void count(struct repeat *p, sqlite3_stmt *q, size_t i)
{
    static struct change nothing;
    const struct cell *place = &p->places.cells[i * p->places.columns];
    struct change *c = p->change_count ? bsearch(place, p->changes, p->change_count, sizeof *c, by_place) : NULL;
    const struct change *n = c && !c->given ? c : &nothing;

    for (int k = 0; k < 3; k++)
        cell_bind(q, k + 1, &place[k]);
    for (int k = 0; k < COUNTS; k++)
        sqlite3_bind_int64(q, k + 4, n->n[k]);
    if (c)
        c->given = true;
    run_once(q);
}

static const char counting[] =
    "INSERT INTO screening_count (ledger, round, area, households, persons, away, entered, entered_door, screened, late, refused, retry) "
    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12), (?1, ?2, '', ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) "
    "ON CONFLICT (ledger, round, area) DO UPDATE SET households = screening_count.households + excluded.households, "
    "persons = screening_count.persons + excluded.persons, away = screening_count.away + excluded.away, "
    "entered = screening_count.entered + excluded.entered, entered_door = screening_count.entered_door + excluded.entered_door, "
    "screened = screening_count.screened + excluded.screened, late = screening_count.late + excluded.late, "
    "refused = screening_count.refused + excluded.refused, retry = screening_count.retry + excluded.retry";

static int by_ledger(const void *a, const void *b)
{
    const struct cell *x = *(const struct cell *const *)a, *y = *(const struct cell *const *)b;
    int cmp = strcmp(x[0].bytes, y[0].bytes);

    return cmp ? cmp : x[1].number < y[1].number ? -1 : x[1].number > y[1].number;
}

/* Records are taken commit by commit; within one they stand ledger by ledger, as ours does. */
static double insert(struct repeat *p, size_t group, size_t *commits)
{
    sqlite3_stmt *record = inserting(p->bare, "ledger_record"), *slot = inserting(p->bare, "screening_slot"),
                 *visit = inserting(p->bare, "screening_visit"), *counters = db_prepare(p->bare, counting),
                 *head = db_prepare(p->bare, "UPDATE ledger_head SET position = ?2, digest = ?3 WHERE ledger = ?1"),
                 *begin = db_prepare(p->bare, "BEGIN IMMEDIATE"), *commit = db_prepare(p->bare, "COMMIT");
    enum { DIGEST = 14 };
    size_t columns = p->records.columns, all = columns ? p->records.count / columns : 0;
    const struct cell **order = mem_take((group + 1) * sizeof *order);
    double began = seconds();

    for (size_t first = 0; first < all; first += group) {
        size_t n = all - first < group ? all - first : group;

        for (size_t i = 0; i < n; i++)
            order[i] = &p->records.cells[(first + i) * columns];
        qsort(order, n, sizeof *order, by_ledger);
        run_once(begin);
        for (size_t i = 0; i < n; i++) {
            size_t row = (size_t)(order[i] - p->records.cells) / columns;
            row_put(record, &p->records, row);
            row_put(slot, &p->slots, row);
            row_put(visit, &p->visits, row);
            count(p, counters, row);
            if (i + 1 == n || strcmp(order[i][0].bytes, order[i + 1][0].bytes) != 0) {
                cell_bind(head, 1, &order[i][0]);
                cell_bind(head, 2, &order[i][1]);
                cell_bind(head, 3, &order[i][DIGEST]);
                run_once(head);
            }
        }
        run_once(commit);
        *commits += 1;
    }
    free(order);
    return seconds() - began;
}

static void must_be_equal(struct repeat *p, const char *sql, const char *what)
{
    int64_t n = ask_number(p->ours, sql);

    if (n)
        fail("%lld rows of %s differ between ours and the bare store", (long long)n, what);
}

int bench_repeat(int argc, char **argv)
{
    struct repeat p = { 0 };
    CLEANUP(buf_done) struct buf attach = { 0 };
    size_t commits = 0, group = strtoul(argv[2], NULL, 10);
    double took;

    (void)argc;
    buf_printf(&attach, "ATTACH 'file:%s?mode=ro' AS bare", argv[1]);
    p.ours = db_open(argv[0], SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
    p.bare = db_open(argv[1], SQLITE_OPEN_READWRITE);
    settings_set_up(p.bare);
    db_run(p.ours, buf_z(&attach));
    read_new(&p);
    read_changes(&p);
    if (p.change_count)
        qsort(p.changes, p.change_count, sizeof *p.changes, by_place);
    took = insert(&p, group ? group : 1, &commits);
    must_be_equal(&p, "SELECT COUNT(*) FROM (SELECT * FROM main.screening_count EXCEPT SELECT * FROM bare.screening_count)", "screening_count");
    must_be_equal(&p, "SELECT COUNT(*) FROM (SELECT * FROM main.ledger_head EXCEPT SELECT * FROM bare.ledger_head)", "ledger_head");
    printf("{\"seconds\":%.4f,\"records\":%zu,\"commits\":%zu}\n", took, p.records.columns ? p.records.count / p.records.columns : 0, commits);
    db_close(p.ours);
    db_close(p.bare);
    return 0;
}

/* ==== a whole store, row by row =========================================================== */

enum { COMMIT_AFTER = 8192 };        /* records; as a bulk load of ours */

struct table {
    char name[64];
    bool village;                    /* its key begins with the ledger */
    sqlite3_stmt *read, *write;
};

struct copy {
    sqlite3 *from, *to;
    struct table tables[64];
    size_t count;
    double took;
    int64_t rows;
};

static void make_schema(struct copy *c, bool derived)
{
    sqlite3_stmt *q = db_prepare(c->from,
        "SELECT m.name, m.sql, m.type = 'table', COALESCE((SELECT i.name FROM pragma_table_info(m.name) i WHERE i.cid = 0), '') = 'ledger' "
        "FROM sqlite_schema m WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite_%' AND (?1 = 0 OR m.tbl_name NOT LIKE 'ledger_%') "
        "ORDER BY m.type DESC, m.name");

    sqlite3_bind_int(q, 1, derived);
    while (db_step(q)) {
        struct table *t = &c->tables[c->count];
        db_run(c->to, (const char *)sqlite3_column_text(q, 1));
        if (!sqlite3_column_int(q, 2))
            continue;
        if (++c->count == COUNT_OF(c->tables))
            fail("more tables than expected");
        snprintf(t->name, sizeof t->name, "%s", sqlite3_column_text(q, 0));
        t->village = sqlite3_column_int(q, 3) != 0;
    }
    sqlite3_finalize(q);
    for (size_t i = 0; i < c->count; i++) {
        char text[160];

        snprintf(text, sizeof text, "SELECT * FROM \"%s\"%s", c->tables[i].name, c->tables[i].village ? " WHERE ledger = ?1" : "");
        c->tables[i].read = db_prepare(c->from, text);
        c->tables[i].write = inserting(c->to, c->tables[i].name);
    }
}

/* The rows of all tables for one ledger, or with NULL of the tables without one: read, then the clock, then written. */
static void copy_part(struct copy *c, const char *ledger)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct rows rows[COUNT_OF(c->tables)] = { 0 };

    for (size_t i = 0; i < c->count; i++) {
        struct table *t = &c->tables[i];
        if (t->village != (ledger != NULL))
            continue;
        if (ledger)
            sqlite3_bind_text(t->read, 1, ledger, -1, SQLITE_STATIC);
        while (db_step(t->read))
            rows_take(&rows[i], t->read, 0, &mem);
        sqlite3_reset(t->read);
    }
    double began = seconds();
    for (size_t i = 0; i < c->count; i++)
        for (size_t row = 0; row * rows[i].columns < rows[i].count; row++, c->rows++)
            row_put(c->tables[i].write, &rows[i], row);
    c->took += seconds() - began;
    for (size_t i = 0; i < c->count; i++)
        free(rows[i].cells);
}

static void timed(struct copy *c, const char *sql)
{
    double began = seconds();

    db_run(c->to, sql);
    c->took += seconds() - began;
}

/* Ledger by ledger, with all indexes in place, a commit every few thousand records: as our own bulk load. */
int bench_copy(int argc, char **argv)
{
    struct copy c = { .from = db_open(argv[0], SQLITE_OPEN_READONLY), .to = db_open(argv[1], SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE) };
    sqlite3_stmt *ledgers;
    int64_t records = 0;

    (void)argc;
    CLEANUP(buf_done) struct buf page = { 0 };
    buf_printf(&page, "PRAGMA page_size = %lld", (long long)ask_number(c.from, "PRAGMA page_size"));
    db_run(c.to, buf_z(&page));
    settings_set_up(c.to);
    make_schema(&c, strcmp(argv[2], "derived") == 0);
    bool head = ask_number(c.from, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'ledger_head'") > 0;
    ledgers = db_prepare(c.from, head ? "SELECT ledger, position FROM ledger_head ORDER BY ledger" :
        "SELECT ledger, COUNT(*) FROM seal_subject GROUP BY ledger ORDER BY ledger");
    timed(&c, "BEGIN IMMEDIATE");
    copy_part(&c, NULL);
    while (db_step(ledgers)) {
        copy_part(&c, (const char *)sqlite3_column_text(ledgers, 0));
        records += sqlite3_column_int64(ledgers, 1);
        if (records >= COMMIT_AFTER) {
            timed(&c, "COMMIT");
            timed(&c, "BEGIN IMMEDIATE");
            records = 0;
        }
    }
    timed(&c, "COMMIT");
    sqlite3_finalize(ledgers);
    printf("{\"seconds\":%.3f,\"rows\":%lld}\n", c.took, (long long)c.rows);
    db_close(c.from);
    db_close(c.to);
    return 0;
}

/* ==== more of the same ======================================================================== */

/* What three further rounds and more visits of every slot leave in the tables of a copy; the ledgers stay as they are. */
int bench_grow(int argc, char **argv)
{
    static const char *const steps[] = {        /* ?1 the new round, ?2 the known one, ?3 how many times */
        "INSERT INTO screening_round SELECT ?1, area, name, why, measures, questionnaire, deadline, opened_at - 1, closed_at, stamp "
        "FROM small.screening_round WHERE round = ?2 AND ?1 <> ?2",
        "INSERT INTO screening_measure SELECT ?1, measure, bit FROM small.screening_measure WHERE round = ?2 AND ?1 <> ?2",
        "INSERT INTO screening_freeze SELECT ledger, ?1, position, day FROM small.screening_freeze WHERE round = ?2 AND ?1 <> ?2",
        "INSERT INTO screening_count SELECT ledger, ?1, area, households, persons, away, entered, entered_door, screened, late, refused, retry "
        "FROM small.screening_count WHERE round = ?2 AND ?1 <> ?2",
        "INSERT INTO screening_slot SELECT ledger, ?1, slot, door, frozen, stamp, outcome, method, together, witness, retry_at, rejected, visits, "
        "checked, screened, measures FROM small.screening_slot WHERE round = ?2 AND ?1 <> ?2",
        "INSERT INTO screening_visit SELECT v.ledger, v.slot, randomblob(16), ?1, v.at, v.maker, v.for_whom, v.author, v.method, v.outcome, "
        "v.persons, v.checked, v.fever, v.people FROM small.screening_visit v CROSS JOIN (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL "
        "SELECT i + 1 FROM n WHERE i < ?3) SELECT i FROM n) WHERE v.round = ?2",
    };
    CLEANUP(buf_done) struct buf attach = { 0 };
    sqlite3 *db = db_open(argv[1], SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI);
    struct id known, made;

    (void)argc;
    buf_printf(&attach, "ATTACH 'file:%s?mode=ro' AS small", argv[0]);
    settings_set_up(db);
    db_run(db, "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = OFF");
    db_run(db, buf_z(&attach));
    int64_t there = ask_number(db, "SELECT COUNT(*) FROM small.screening_visit"), times = there ? strtoll(argv[2], NULL, 10) / there / 4 : 0;
    if (times < 1)
        fail("%s holds %lld visits", argv[0], (long long)there);
    sqlite3_stmt *q = db_prepare(db, "SELECT round FROM small.screening_round ORDER BY opened_at DESC, round DESC LIMIT 1");
    db_step(q);
    memcpy(known.b, sqlite3_column_blob(q, 0), sizeof known.b);
    sqlite3_finalize(q);
    db_run(db, "BEGIN IMMEDIATE");
    for (int n = 0; n < 4; n++) {
        made = n ? id_new() : known;
        for (size_t i = 0; i < COUNT_OF(steps); i++) {
            q = db_prepare(db, steps[i]);
            sqlite3_bind_blob(q, 1, made.b, sizeof made.b, SQLITE_STATIC);
            sqlite3_bind_blob(q, 2, known.b, sizeof known.b, SQLITE_STATIC);
            if (sqlite3_bind_parameter_count(q) > 2)
                sqlite3_bind_int64(q, 3, times);
            run_once(q);
            sqlite3_finalize(q);
        }
    }
    db_run(db, "COMMIT");
    printf("{\"before\":%lld,\"visits\":%lld}\n", (long long)there, (long long)ask_number(db, "SELECT COUNT(*) FROM main.screening_visit"));
    db_close(db);
    return 0;
}

/* Every table and index with its bytes; of ledger_record also the bytes of each type's rows. */
int bench_sizes(int argc, char **argv)
{
    sqlite3 *db = db_open(argv[0], SQLITE_OPEN_READONLY);
    /* In aggregate pageno is the number of pages; pgsize would be their bytes in 32 bits. */
    sqlite3_stmt *q = db_prepare(db, "SELECT name, SUM(pageno) FROM dbstat WHERE aggregate = TRUE GROUP BY name ORDER BY name");
    int64_t page = ask_number(db, "PRAGMA page_size");
    const char *comma = "";

    (void)argc;
    printf("{\"tables\":{");
    for (; db_step(q); comma = ",")
        printf("%s\"%s\":%lld", comma, sqlite3_column_text(q, 0), (long long)(sqlite3_column_int64(q, 1) * page));
    printf("},\"types\":{");
    if (ask_number(db, "SELECT COUNT(*) FROM sqlite_schema WHERE name = 'ledger_record'")) {
        q = db_prepare(db, "SELECT type, COUNT(*), SUM(150 + length(type) + length(area) + length(CAST(body AS BLOB)) + length(CAST(given AS BLOB)) + "
            "length(boxes)) FROM ledger_record GROUP BY type");
        for (comma = ""; db_step(q); comma = ",")
            printf("%s\"%s\":{\"count\":%lld,\"bytes\":%lld}", comma, sqlite3_column_text(q, 0), sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2));
    }
    printf("}}\n");
    db_close(db);
    return 0;
}

/* ==== the disk ================================================================================ */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

/* Four kilobytes and a sync, many times: the median in ms. */
int bench_sync(int argc, char **argv)
{
    enum { TIMES = 200 };
    static const char page[4096];
    CLEANUP(buf_done) struct buf path = { 0 };
    double took[TIMES];

    (void)argc;
    buf_printf(&path, "%s/sync", argv[0]);
    int fd = open(buf_z(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        fail("%s: %s", buf_z(&path), strerror(errno));
    for (int i = 0; i < TIMES; i++) {
        double began = seconds();
        if (pwrite(fd, page, sizeof page, (off_t)i * (off_t)sizeof page) != (ssize_t)sizeof page || fsync(fd) < 0)
            fail("%s: %s", buf_z(&path), strerror(errno));
        took[i] = seconds() - began;
    }
    close(fd);
    unlink(buf_z(&path));
    qsort(took, TIMES, sizeof *took, by_size);
    printf("{\"median\":%.3f,\"p99\":%.3f}\n", took[TIMES / 2] * 1000, took[TIMES * 99 / 100] * 1000);
    return 0;
}
