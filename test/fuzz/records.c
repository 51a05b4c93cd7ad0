/*
 * records.c - the bodies of POST /api/records: read, checked, written, applied.
 *
 * "who" beside "records" says on whose behalf (house_who).  What was stored is
 * `repeated` when the same bytes come again, and nothing may be broken.  One
 * body in a hundred goes the whole way: committed, alarms fired, every question
 * asked, chains and counters proved, tables made again and compared.
 */
#include "grow.h"

#include <stdlib.h>

static const struct who *who_of(struct str bytes)
{
    CLEANUP(json_done) struct json *doc = NULL;
    struct err e = { 0 };

    if (json_parse(bytes, &json_own, &doc, &e) < 0)
        return house_who(1);
    return house_who((size_t)json_int(json_get(doc, "who")));
}

static struct batch *hand_in(struct core *c, struct str bytes)
{
    struct batch *b = NULL;
    struct err e = { 0 };

    if (core_batch_read(c, who_of(bytes), bytes, &b, &e) < 0) {
        house_sane(&e);
        return NULL;
    }
    core_write(c, b);
    for (size_t i = 0; i < b->count; i++) {
        const struct result *r = &b->results[i];

        DEMAND(r->status == RESULT_STORED || r->status == RESULT_REPEATED || r->status == RESULT_REFUSED, "record %zu has no result", i);
        if (r->status == RESULT_REFUSED)
            house_sane(&r->err);
        else
            DEMAND(r->position > 0 && r->ledger[0], "record %zu is nowhere", i);
    }
    CLEANUP(buf_done) struct buf answer = { 0 };
    core_batch_answer(b, &answer);
    json_free(house_json(buf_view(&answer)));
    return b;
}

/* May the tree of areas have changed?  Then a code may mean another area when it comes again. */
static bool moves_areas(struct str bytes)
{
    return memmem(bytes.at, bytes.len, "area.", 5) != NULL;
}

static void come_again(struct core *c, struct str bytes, const struct batch *first)
{
    struct batch *b = hand_in(c, bytes);

    DEMAND(b && b->count == first->count, "the second time it cannot be read");
    for (size_t i = 0; i < b->count && !moves_areas(bytes); i++) {
        if (first->results[i].status == RESULT_REFUSED)
            continue;
        DEMAND(b->results[i].status == RESULT_REPEATED && b->results[i].position == first->results[i].position,
               "record %zu was kept, then: %d %s", i, b->results[i].status, b->results[i].err.key);
    }
    core_batch_free(b);
}

static void whole_way(struct core *c, struct str bytes)
{
    struct verify_report report;
    uint8_t before[32], after[32];
    struct err e = { 0 };

    core_batch_free(hand_in(c, bytes));
    for (int hours = 0; hours < 3; hours++) {
        (void)!core_tick(c, &e);
        DEMAND(e.kind != ERR_BROKEN, "an alarm or a delivery: %s %s", e.key, e.detail);
    }
    for (size_t who = 0; who < PEOPLE; who += 1 + (who == 1))
        house_ask(who, false);
    DEMAND(core_verify(c, &report, &e) == 0, "verify: %s %s", e.key, e.detail);
    DEMAND(!report.bad_ledgers && !report.bad_counters && !report.lost, "verify: %s", report.first_bad);
    DEMAND(core_tables_digest(c, before, &e) == 0 && core_rebuild(c, &e) == 0 && core_tables_digest(c, after, &e) == 0, "rebuild: %s %s", e.key,
           e.detail);
    DEMAND(memcmp(before, after, sizeof after) == 0, "other tables after a rebuild");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str bytes = { (const char *)data, size };
    struct core *c = house();

    house_try();
    struct batch *b = hand_in(c, bytes);
    bool kept = false;

    for (size_t i = 0; b && i < b->count; i++)
        kept |= b->results[i].status == RESULT_STORED;
    if (kept)
        come_again(c, bytes, b);
    core_batch_free(b);
    house_undo();
    if (kept && (house_thorough(data, size))) {
        house_fresh();
        whole_way(house(), bytes);
        house_fresh();
    }
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    return grow_change(data, size, most, seed, "records", grow_record);
}
