/*
 * visits.c - a script of visits somebody could make now: real doors, households and persons of a made
 * city, each slot at most once a round, in the order of the walk, with the chances of the drill.
 *
 * "one": each connection walks grid after grid, a batch is of one grid and so of
 * one village, handed in by that grid's own worker.  "mixed": a batch holds
 * records of as many villages as it can, handed in by a session that may visit
 * all of them.  What nobody in a list is (`found`) is left out: its search
 * token would cost a second store its own sync, which a bare loop does not have.
 */
#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

struct session {
    char area[40], token[64];
    uint64_t order;
};

struct slot {
    uint32_t area;               /* in areas */
    struct id round, door, household;
    struct id persons[12];
    int count;                   /* of persons at home */
};

struct making {
    sqlite3 *db;
    struct session *sessions;
    size_t session_count, session_room;
    struct slot *slots;
    size_t count, room;
    char (*areas)[40];
    size_t area_count, area_room;
    uint64_t luck;
    size_t most;                 /* slots of one grid */
    struct id *rounds;
    size_t round_count, round_room;
    int64_t now;
};

/* ---- luck -------------------------------------------------------------------------- */

static uint64_t roll(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static double unit(struct making *m)
{
    return (double)(roll(&m->luck) >> 11) / 9007199254740992.0;
}

static int between(struct making *m, int low, int high)
{
    return low + (int)(roll(&m->luck) % (uint64_t)(high - low + 1));
}

/* ---- what is there -------------------------------------------------------------------- */

static int by_order(const void *a, const void *b)
{
    const struct session *x = a, *y = b;

    return x->order < y->order ? -1 : x->order > y->order;
}

/* Lines of an area and the token of somebody who visits there, shuffled: neighbours in the list work far apart. */
static void read_sessions(struct making *m, const char *path)
{
    FILE *f = fopen(path, "r");
    struct session s;

    if (!f)
        fail("%s: cannot be read", path);
    while (fscanf(f, "%39s %63s", s.area, s.token) == 2) {
        s.order = roll(&m->luck);
        m->sessions = MEM_GROW(m->sessions, m->session_count, m->session_room);
        m->sessions[m->session_count++] = s;
    }
    fclose(f);
    qsort(m->sessions, m->session_count, sizeof s, by_order);
}

static void read_rounds(struct making *m)
{
    sqlite3_stmt *q = db_prepare(m->db, "SELECT round FROM screening_round WHERE closed_at IS NULL ORDER BY opened_at DESC, round DESC");

    while (db_step(q)) {
        m->rounds = MEM_GROW(m->rounds, m->round_count, m->round_room);
        memcpy(m->rounds[m->round_count++].b, sqlite3_column_blob(q, 0), 16);
    }
    sqlite3_finalize(q);
}

static uint32_t area_number(struct making *m, const char *area)
{
    if (!m->area_count || strcmp(m->areas[m->area_count - 1], area) != 0) {
        m->areas = MEM_GROW(m->areas, m->area_count, m->area_room);
        snprintf(m->areas[m->area_count++], sizeof *m->areas, "%s", area);
    }
    return (uint32_t)m->area_count - 1;
}

static void read_id(sqlite3_stmt *q, int column, struct id *id)
{
    *id = (struct id){ 0 };
    if (sqlite3_column_bytes(q, column) == 16)
        memcpy(id->b, sqlite3_column_blob(q, column), 16);
}

static void read_persons(struct making *m, sqlite3_stmt *q, const char *ledger, struct slot *s)
{
    (void)m;
    sqlite3_reset(q);
    sqlite3_bind_text(q, 1, ledger, -1, SQLITE_STATIC);
    sqlite3_bind_blob(q, 2, s->household.b, 16, SQLITE_STATIC);
    while (db_step(q))
        if (s->count < (int)COUNT_OF(s->persons))
            read_id(q, 0, &s->persons[s->count++]);
}

/* Slots of a grid that no visit of the round has touched, until there are most of them. */
static void read_grid(struct making *m, const char *grid, const struct id *round, size_t most)
{
    static sqlite3_stmt *doors, *members;
    char ledger[13], upto[48];

    if (!doors) {
        doors = db_prepare(m->db,
            "SELECT d.door, h.household, d.area FROM household_door d "
            "LEFT JOIN household_household h ON h.ledger = d.ledger AND h.door = d.door AND h.until IS NULL "
            "WHERE d.ledger = ?1 AND d.area >= ?2 AND d.area < ?3 AND d.moved IS NULL AND NOT EXISTS (SELECT 1 FROM screening_slot s "
            "WHERE s.ledger = d.ledger AND s.round = ?4 AND s.slot = COALESCE(h.household, d.door)) ORDER BY d.area, d.ord");
        members = db_prepare(m->db,
            "SELECT person FROM household_member WHERE ledger = ?1 AND household = ?2 AND until IS NULL AND away_until IS NULL ORDER BY relation");
    }
    snprintf(ledger, sizeof ledger, "%.12s", grid);
    snprintf(upto, sizeof upto, "%s:", grid);
    sqlite3_reset(doors);
    sqlite3_bind_text(doors, 1, ledger, -1, SQLITE_STATIC);
    sqlite3_bind_text(doors, 2, grid, -1, SQLITE_STATIC);
    sqlite3_bind_text(doors, 3, upto, -1, SQLITE_STATIC);
    sqlite3_bind_blob(doors, 4, round->b, 16, SQLITE_STATIC);
    while (m->count < most && db_step(doors)) {
        m->slots = MEM_GROW(m->slots, m->count, m->room);
        struct slot *s = &m->slots[m->count++];
        *s = (struct slot){ .area = area_number(m, (const char *)sqlite3_column_text(doors, 2)), .round = *round };
        read_id(doors, 0, &s->door);
        read_id(doors, 1, &s->household);
        if (!id_none(s->household))
            read_persons(m, members, ledger, s);
    }
    sqlite3_reset(doors);
}

/* ---- a visit, with the chances of the drill ---------------------------------------------- */

static void out_word(struct out *o, const char *key, const char *word)
{
    out_key(o, key);
    out_text(o, str_of(word));
}

static void out_whom(struct out *o, const char *key, struct id id)
{
    out_key(o, key);
    out_id(o, id);
}

static void put_checks(struct making *m, struct out *o, const struct slot *s, bool at_door)
{
    out_key(o, "checks");
    out_open(o, '[');
    for (int i = 0; i < s->count; i++) {
        bool measured = at_door && unit(m) < 0.82, fever = measured && unit(m) < 0.003;
        double bell = (unit(m) + unit(m) + unit(m) - 1.5) * 2;
        out_open(o, '{');
        out_whom(o, "person", s->persons[i]);
        out_word(o, "basis", measured ? "measured" : unit(m) < 0.5 ? "told_by_person" : "told_by_family");
        if (measured) {
            out_key(o, "temps");
            out_open(o, '[');
            out_open(o, '{');
            out_key(o, "temp");
            out_int(o, fever ? between(m, 374, 391) : 365 + lround(2.2 * bell));
            out_word(o, "method", unit(m) < 0.8 ? "forehead" : "ear");
            out_close(o, '}');
            out_close(o, ']');
        }
        if (fever) {
            out_key(o, "symptoms");
            out_open(o, '[');
            out_text(o, STR("fever"));
            out_close(o, ']');
        }
        out_close(o, '}');
    }
    out_close(o, ']');
}

static void put_measures(struct making *m, struct out *o)
{
    static const struct {
        const char *measure;
        double chance;
    } usual[] = { { "educate", 0.95 }, { "notify", 0.9 }, { "mobilise", 0.3 }, { "sanitise", 0.15 }, { "supply", 0.12 } };

    out_key(o, "measures");
    out_open(o, '[');
    for (size_t i = 0; i < COUNT_OF(usual); i++)
        if (unit(m) < usual[i].chance) {
            out_open(o, '{');
            out_word(o, "measure", usual[i].measure);
            out_close(o, '}');
        }
    out_close(o, ']');
}

static void put_answers(struct making *m, struct out *o)
{
    static const char *const items[] = { "key_area_back", "contact", "ill_14d", "visitors_home" };

    out_word(o, "questionnaire", "round");
    out_key(o, "answers");
    out_open(o, '[');
    for (size_t i = 0; i < COUNT_OF(items); i++) {
        out_open(o, '{');
        out_word(o, "item", items[i]);
        out_key(o, "value");
        out_bool(o, i == 2 && unit(m) < 0.02);
        out_close(o, '}');
    }
    out_close(o, ']');
}

/* Everybody met, a part, or nobody; an empty door needs a witness. */
static void put_visit(struct making *m, struct out *o, const struct slot *s, int64_t at)
{
    double luck = unit(m);
    bool empty = id_none(s->household), absent = !empty && (luck < 0.09 || s->count == 0), refused = !absent && luck < 0.102;
    bool met = !empty && !absent && !refused, phone = met && luck > 0.9;

    out_open(o, '{');
    out_whom(o, "id", id_new());
    out_word(o, "type", "screening.visit");
    out_word(o, "area", m->areas[s->area]);
    out_key(o, "at"), out_int(o, at);
    out_key(o, "body");
    out_open(o, '{');
    out_whom(o, "round", s->round);
    out_whom(o, "door", s->door);
    if (!empty)
        out_whom(o, "household", s->household);
    out_word(o, "method", phone ? "phone" : "at_door");
    out_word(o, "source", "phone");
    out_word(o, "outcome", empty ? "vacant" : absent ? "no_answer" : refused ? "refused" : luck < 0.19 ? "partial" : "completed");
    if (absent) {
        out_key(o, "notice"), out_bool(o, true);
        out_key(o, "retry_at"), out_int(o, at + 3600000LL * between(m, 2, 9));
    }
    if (empty && unit(m) < 0.75)
        out_word(o, "witness", "邻居");
    out_key(o, "seconds"), out_int(o, absent ? between(m, 20, 60) : between(m, 90, 420));
    if (refused)
        out_word(o, "note", "隔门拒绝登记");
    if (met) {
        put_checks(m, o, s, !phone);
        put_measures(m, o);
        if (unit(m) < 0.08)
            put_answers(m, o);
    }
    out_close(o, '}');
    out_close(o, '}');
}

/* ---- the script ------------------------------------------------------------------------------ */

static void put_batch(struct making *m, FILE *to, const char *host, uint32_t connection, const char *token, const size_t *which, int n)
{
    static struct buf body, head;
    struct out o = { .to = &body };

    buf_clear(&body);
    buf_clear(&head);
    out_open(&o, '{');
    out_key(&o, "now"), out_int(&o, m->now);
    out_key(&o, "records");
    out_open(&o, '[');
    for (int i = 0; i < n; i++)
        put_visit(m, &o, &m->slots[which[i]], m->now - 60000LL * (n - i));
    out_close(&o, ']');
    out_close(&o, '}');
    buf_printf(&head, "POST /api/records HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\n"
               "Content-Length: %zu\r\n\r\n", host, token, body.len);
    struct script_head h = { .connection = connection, .kind = KIND_RECORDS, .length = (uint32_t)(head.len + body.len) };
    if (fwrite(&h, sizeof h, 1, to) != 1 || fwrite(head.at, head.len, 1, to) != 1 || fwrite(body.at, body.len, 1, to) != 1)
        fail("the script cannot be written");
}

/* Each grid's slots to one connection, which walks as many grids as its share needs. */
static size_t write_walks(struct making *m, FILE *to, const char *host, uint32_t connections, int per, size_t count)
{
    size_t written = 0, *which = mem_take((size_t)per * sizeof *which), round = 0, next = 0;
    size_t *shares = mem_take(connections * sizeof *shares);

    while (written < count && round < m->round_count) {
        uint32_t connection = 0;
        if (next == m->session_count && m->most < SIZE_MAX)
            break;
        if (next == m->session_count) {
            next = 0;
            round++;
            continue;
        }
        for (uint32_t c = 1; c < connections; c++)      /* whoever has the least to do walks it */
            if (shares[c] < shares[connection])
                connection = c;
        m->count = m->area_count = 0;
        /* Where a grid's share is bounded all rounds are taken for it at once: of a small grid one is not enough. */
        for (size_t r = round; strlen(m->sessions[next].area) > 12 && r < (m->most < SIZE_MAX ? m->round_count : round + 1); r++)
            read_grid(m, m->sessions[next].area, &m->rounds[r], count - written < m->most ? count - written : m->most);
        for (size_t at = 0; at + (size_t)per <= m->count; at += (size_t)per) {
            for (int i = 0; i < per; i++)
                which[i] = at + (size_t)i;
            put_batch(m, to, host, connection, m->sessions[next].token, which, per);
            shares[connection] += (size_t)per;
            written += (size_t)per;
        }
        next++;
    }
    free(which);
    free(shares);
    return written;
}

static size_t common(size_t a, size_t b)
{
    return b ? common(b, a % b) : a;
}

/* A few slots of each grid, taken with a stride that visits all of them: a batch is of many villages. */
static size_t write_mixed(struct making *m, FILE *to, const char *host, uint32_t connections, int per, size_t count)
{
    size_t *which = mem_take((size_t)per * sizeof *which), share = m->session_count > 1 ? (count + m->session_count - 2) / (m->session_count - 1) : 0;
    size_t written = 0, n = 0, batch = 0, stride = 1000003;
    const char *token = NULL;

    for (size_t i = 0; i < m->session_count; i++)
        if (strlen(m->sessions[i].area) < 12)
            token = m->sessions[i].token;
    if (!token)
        fail("nobody may visit everywhere");
    for (size_t round = 0; round < m->round_count; round++)
        for (size_t i = 0; i < m->session_count && m->count < count; i++)
            if (strlen(m->sessions[i].area) > 12)
                read_grid(m, m->sessions[i].area, &m->rounds[round], m->count + share < count ? m->count + share : count);
    while (m->count && common(stride, m->count) != 1)
        stride++;
    for (size_t i = 0, at = 0; i < m->count; i++, at = (at + stride) % m->count) {
        which[n++] = at;
        if (n < (size_t)per)
            continue;
        put_batch(m, to, host, (uint32_t)(batch++ % connections), token, which, per);
        written += n;
        n = 0;
    }
    free(which);
    return written;
}

int bench_visits(int argc, char **argv)
{
    struct making m = { .luck = argc > 8 ? strtoull(argv[8], NULL, 10) : 1, .now = time_now(),
        .most = argc > 9 ? strtoul(argv[9], NULL, 10) : SIZE_MAX };
    uint32_t connections = (uint32_t)strtoul(argv[4], NULL, 10);
    int per = atoi(argv[5]);
    size_t count = strtoul(argv[6], NULL, 10), written;
    FILE *to = fopen(argv[2], "w");

    if (!to || !connections || per < 1)
        fail("%s: cannot be written", argv[2]);
    m.db = db_open(argv[0], SQLITE_OPEN_READONLY);
    read_rounds(&m);
    read_sessions(&m, argv[1]);
    written = (strcmp(argv[7], "mixed") == 0 ? write_mixed : write_walks)(&m, to, argv[3], connections, per, count);
    if (fclose(to) != 0)
        fail("%s: cannot be written", argv[2]);
    printf("{\"records\":%zu}\n", written);
    return 0;
}

int bench_count(int argc, char **argv)
{
    sqlite3 *db = db_open(argv[0], SQLITE_OPEN_READONLY);
    sqlite3_stmt *q = db_prepare(db, "SELECT (SELECT COUNT(*) FROM household_door), (SELECT COUNT(*) FROM household_household WHERE until IS NULL), "
        "(SELECT COUNT(*) FROM household_member WHERE until IS NULL), (SELECT COUNT(*) FROM screening_visit), "
        "(SELECT COUNT(*) FROM core_area WHERE level = 4), (SELECT COUNT(*) FROM core_area WHERE level = 5), "
        "(SELECT COUNT(*) FROM duty_worker), (SELECT SUM(position) FROM ledger_head)");

    (void)argc;
    db_step(q);
    printf("{\"doors\":%lld,\"households\":%lld,\"persons\":%lld,\"visits\":%lld,\"villages\":%lld,\"grids\":%lld,\"workers\":%lld,"
           "\"records\":%lld}\n", sqlite3_column_int64(q, 0), sqlite3_column_int64(q, 1), sqlite3_column_int64(q, 2), sqlite3_column_int64(q, 3),
           sqlite3_column_int64(q, 4), sqlite3_column_int64(q, 5), sqlite3_column_int64(q, 6), sqlite3_column_int64(q, 7));
    db_close(db);
    return 0;
}
