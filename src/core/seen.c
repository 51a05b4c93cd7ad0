/*
 * seen.c - the mark beside the store: how many records were acknowledged here.
 *
 * A chain proves that nothing in it was changed, not that its end is there: an
 * older copy in place of the store, or a log that was lost, agrees with
 * itself.  So the number of all records stands in FILE.seen too, written after
 * each commit and never synced: it may fall behind the store and is never
 * ahead of it, but where records were lost; then the store is not opened.  Who
 * takes the loss removes the mark.  A store without one comes from somewhere
 * else, or has lost something: it gets a new incarnation, so that whoever holds
 * a part of it asks and offers again.
 */
#include "core/own.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MARK "%s %020" PRId64 "\n"
enum { MARK_BYTES = ID_TEXT - 1 + 1 + 20 + 1, MARK_MOST = 4096 };

static int count_records(struct store *s, int64_t *count, struct err *e)
{
    struct ledger_head *heads;
    size_t ledgers;

    if (ledger_list(s, LEDGERS_BY_NAME, &heads, &ledgers, e) < 0)
        return -1;
    *count = 0;
    for (size_t i = 0; i < ledgers; i++)
        *count += heads[i].position;
    free(heads);
    return 0;
}

static void mark_text(struct core *c, char out[MARK_BYTES + 1])
{
    char incarnation[ID_TEXT];

    id_text(c->incarnation, incarnation);
    snprintf(out, MARK_BYTES + 1, MARK, incarnation, c->seen_count);
}

/* 1 read, 0: there is none, or one that a crash left half, -1: it cannot be known. */
static int mark_read(const char *path, struct id *incarnation, int64_t *count, struct err *e)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct err wrong = { 0 };

    if (file_read(path, MARK_MOST, &text, &wrong) < 0 && wrong.kind == ERR_BROKEN) {
        *e = wrong;
        return -1;
    }
    return text.len == MARK_BYTES && id_parse((struct str){ text.at, ID_TEXT - 1 }, incarnation) &&
        str_to_int((struct str){ text.at + ID_TEXT, 20 }, count);
}

static int mark_make(struct core *c, const char *path, struct err *e)
{
    char text[MARK_BYTES + 1];

    mark_text(c, text);
    return file_write_whole(path, 0600, (struct str){ text, MARK_BYTES }, e);
}

int seen_open(struct core *c, bool fresh, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    const char *path = core_beside(&mem, NULL, store_path(c->url), ".seen");
    struct id whose;
    int64_t said;
    int there = mark_read(path, &whose, &said, e);
    bool ours = there == 1 && id_eq(whose, c->incarnation);

    if (there < 0 || count_records(c->writer, &c->seen_count, e) < 0)
        return -1;
    if ((ours || (there && fresh)) && said > c->seen_count) {
        const char *name = strrchr(path, '/');
        return err_broken(e, "store.behind", "%" PRId64 " records here, %" PRId64 " were acknowledged: an older copy, or its -wal is lost; "
                          "restore, or take the loss: remove %.40s", c->seen_count, said, name ? name + 1 : path);
    }
    if ((!there || fresh) && (ledger_reincarnate(c->writer, id_new(), e) < 0 || ledger_incarnation(c->writer, &c->incarnation, e) != 1))
        return -1;
    if ((!ours || fresh) && mark_make(c, path, e) < 0)
        return -1;
    c->seen = open(path, O_WRONLY | O_CLOEXEC);
    return 0;                               /* without a mark one can work; it is no more than a witness */
}

void seen_note(struct core *c)
{
    char text[MARK_BYTES + 1];

    c->seen_count += c->appended;
    c->appended = 0;
    mark_text(c, text);
    if (c->seen >= 0 && pwrite(c->seen, text, MARK_BYTES, 0) < 0)
        return;                             /* the next one may succeed */
}

void seen_close(struct core *c)
{
    if (c->seen >= 0)
        close(c->seen);
}
