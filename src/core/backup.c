/*
 * backup.c - a folder is brought up to what is acknowledged, while others write.
 *
 * ledger.db holds the ledgers, keys.db the key store without sessions and
 * search tokens; tables are made again by a restore.  The order:
 *   1. all heads, in one look: up to there this run goes, so that what it
 *      finishes is one moment of the whole store
 *   2. nothing is written before every ledger there is known to be the
 *      beginning of ours
 *   3. records, in pieces: short reads here, one transaction there; each is
 *      proved on the way
 *   4. the keys, which by now hold every secret of these records
 *   5. one transaction there says that all this is finished; a run cut before
 *      leaves the finished state of the one before, and the next goes on
 *   6. our own heads remember it: `safe` in answers
 */
#include "core/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 2000, NICE = 10 };

struct backup {
    struct core *core;
    const char *folder;
    struct backup_report *report;
    struct err *e;
    int lock;                     /* the folder itself */
    struct store *to;
    struct reader *from;
    struct ledger_head *heads;    /* ours; position becomes what is copied */
    size_t count;
    int64_t voided;               /* how often backups were made void, before the keys were copied */
    int result;
};

static int folder_failed(const char *folder, struct err *e)
{
    if (errno == EWOULDBLOCK)
        return err_again(e, ERR_BUSY, "backup.locked");
    return err_broken(e, "backup.folder", "%s: %s", folder, strerror(errno));
}

int backup_lock(const char *folder, bool writing, struct err *e)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0 && flock(fd, (writing ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
        return fd;
    folder_failed(folder, e);
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Is what stands there the beginning of what stands here? */
static int compare(struct backup *b, struct store *copy, struct err *e)
{
    struct ledger_head *there = NULL;
    size_t count = 0;
    int result = ledger_list(copy, LEDGERS_BY_NAME, &there, &count, e);

    for (size_t i = 0; result == 0 && i < count; i++) {
        uint8_t ours[LEDGER_DIGEST];
        int found = ledger_digest_at(b->from->store, str_of(there[i].ledger), there[i].position, ours, e);
        if (found < 0)
            result = -1;
        else if (!found || memcmp(ours, there[i].digest, LEDGER_DIGEST) != 0) {
            result = err_field(e, "backup.fork", there[i].ledger);
            e->kind = ERR_CONFLICT;
        }
    }
    free(there);
    return result;
}

/* Only looked at, so that what is no backup of ours is left as it is. begun: our name stands there already. */
static int look(struct backup *b, const char *url, bool *begun, struct err *e)
{
    CLEANUP(store_done) struct store *s = NULL;
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct id whose;
    struct str run;

    if (!store_has(url))
        return 0;
    if (store_open(&s, url, STORE_READ, e) < 0)
        return -1;
    int lives = ledger_incarnation(s, &whose, e);
    *begun = lives == 1;
    if (lives != 1)
        return lives;
    if (core_fact_read(s, BACKUP_FACT, &mem, &run, e) < 0)
        return -1;
    if (!id_eq(whose, b->core->incarnation) || !run.at)
        return err_set(e, ERR_CONFLICT, "backup.other");
    return compare(b, s, e);
}

static int open_copy(struct backup *b, struct err *e)
{
    CLEANUP(buf_done) struct buf url = { 0 };
    bool begun = false;

    store_url(&url, b->folder);
    buf_text(&url, "/ledger.db");
    if (look(b, buf_z(&url), &begun, e) < 0 || store_open(&b->to, buf_z(&url), STORE_COPY, e) < 0 || ledger_schema(b->to, e) < 0 ||
        core_installation_schema(b->to, e) < 0)
        return -1;
    if (begun)
        return 0;
    if (store_begin(b->to, e) < 0 || ledger_reincarnate(b->to, b->core->incarnation, e) < 0 ||
        core_fact_put(b->to, BACKUP_FACT, STR("half"), e) < 0)
        return -1;
    return store_commit(b->to, e);
}

static int next_transaction(struct pieces *p, struct err *e)
{
    p->pending = 0;
    if (store_commit(p->to, e) < 0)
        return -1;
    if (p->stop && atomic_load(p->stop))
        return err_again(e, ERR_BUSY, "busy.stopping");
    return store_begin(p->to, e);
}

int pieces_ledger(struct pieces *p, struct str ledger, int64_t upto, struct ledger_head *at, struct err *e)
{
    struct err wrong = { 0 };

    if (ledger_lock(p->to, ledger, at, e) < 0)
        return -1;
    while (at->position < upto && wrong.kind == ERR_NONE) {
        int64_t before = at->position, end = before + p->size - p->pending;
        if (ledger_copy(p->from, p->to, at, end < upto ? end : upto, &wrong) < 0 && strcmp(wrong.key, "ledger.broken") != 0) {
            *e = wrong;
            return -1;
        }
        p->pending += at->position - before;
        p->copied += at->position - before;
        if (ledger_settle(p->to, at, e) < 0 || (p->pending >= p->size && next_transaction(p, e) < 0))
            return -1;
        at->settled = at->position;
    }
    if (wrong.kind == ERR_NONE)
        return 0;
    *e = wrong;
    return 1;
}

/* One ledger up to its head.  A chain that does not hold is copied as far as it does; the others go on. */
static int copy_ledger(struct backup *b, struct pieces *p, struct ledger_head *head, struct err *e)
{
    struct ledger_head at;
    struct err wrong = { 0 };
    int result = pieces_ledger(p, str_of(head->ledger), head->position, &at, &wrong);

    if (result < 0) {
        *e = wrong;
        return -1;
    }
    if ((result || memcmp(at.digest, head->digest, LEDGER_DIGEST) != 0) && !b->report->broken++)
        memcpy(b->report->first_broken, head->ledger, LEDGER_NAME);
    head->position = at.position;
    b->report->records += at.position;
    return 0;
}

static int copy_ledgers(struct backup *b, struct err *e)
{
    struct pieces p = { .from = b->from->store, .to = b->to, .size = PIECE, .stop = &b->core->backup_stop };
    int result = store_begin(b->to, e);

    for (size_t i = 0; result == 0 && i < b->count; i++)
        result = copy_ledger(b, &p, &b->heads[i], e);
    b->report->ledgers = (int64_t)b->count;
    b->report->copied = p.copied;
    return result < 0 ? -1 : store_commit(b->to, e);
}

static int put_safe(struct store *s, const struct backup *b, struct err *e)
{
    for (size_t i = 0; i < b->count; i++)
        if (ledger_put_safe(s, str_of(b->heads[i].ledger), b->heads[i].position, e) < 0)
            return -1;
    return 0;
}

static int finish_copy(struct backup *b, struct err *e)
{
    char run[ID_TEXT];

    id_text(id_new(), run);
    if (store_begin(b->to, e) < 0 || put_safe(b->to, b, e) < 0 || core_facts_copy(b->from->store, b->to, e) < 0 ||
        core_fact_put(b->to, BACKUP_FACT, str_of(run), e) < 0)
        return -1;
    return store_commit(b->to, e);
}

/* In the writer's hands, between two batches. */
static int remember(struct core *c, void *arg, struct err *e)
{
    char now[24];

    if (atomic_load(&c->backups_void) != ((struct backup *)arg)->voided)
        return err_again(e, ERR_BUSY, "keys.rotated");
    snprintf(now, sizeof now, "%lld", (long long)time_now());
    return put_safe(c->writer, arg, e) < 0 ? -1 : core_fact_set(c, "backup_at", str_of(now), e);
}

static int run(struct backup *b, struct err *e)
{
    CLEANUP(buf_done) struct buf keys = { 0 };

    if (mkdir(b->folder, 0700) < 0 ? errno != EEXIST : file_sync_folder(b->folder) < 0)
        return folder_failed(b->folder, e);
    buf_printf(&keys, "%s/keys.db", b->folder);
    b->voided = atomic_load(&b->core->backups_void);
    if ((b->lock = backup_lock(b->folder, true, e)) < 0 || core_reader_open(b->core, &b->from, e) < 0 || open_copy(b, e) < 0 ||
        ledger_list(b->from->store, LEDGERS_BY_NAME, &b->heads, &b->count, e) < 0 || copy_ledgers(b, e) < 0 ||
        seal_copy(b->core->seal, buf_z(&keys), &b->report->secrets, e) < 0 || finish_copy(b, e) < 0)
        return -1;
    return write_errand(b->core, remember, b, e);
}

static void *backup_main(void *arg)
{
    struct backup *b = arg;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);      /* of this thread: whoever writes goes first */
    b->result = run(b, b->e);
    store_close(b->to);
    core_reader_close(b->from);
    if (b->lock >= 0)
        close(b->lock);
    free(b->heads);
    return NULL;
}

int core_backup(struct core *c, const char *folder, struct backup_report *out, struct err *e)
{
    struct backup b = { .core = c, .folder = folder, .report = out, .e = e, .lock = -1 };
    pthread_t thread;

    memset(out, 0, sizeof *out);
    if (pthread_create(&thread, NULL, backup_main, &b) != 0)
        return err_broken(e, "core.thread", "pthread_create");
    pthread_join(thread, NULL);
    return b.result;
}

void core_backup_stop(struct core *c)
{
    atomic_store(&c->backup_stop, true);
}

static int forget(struct core *c, void *arg, struct err *e)
{
    (void)arg;
    return ledger_put_unsafe(c->writer, e);
}

int core_backup_void(struct core *c, struct err *e)
{
    atomic_fetch_add(&c->backups_void, 1);
    return write_errand(c, forget, NULL, e);
}
