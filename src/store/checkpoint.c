/*
 * checkpoint.c - carrying what is committed from SQLite's log into its file.
 *
 * Half of what a commit costs is writing its pages a second time.  A thread
 * with a connection of its own does that while the writer goes on; when it has
 * come near the log's end, the writer carries the little rest, and with his
 * next commit the log begins anew.
 *
 * SQLite before 3.51.3 can damage a log that is begun anew while somebody looks
 * what there is to carry.  That cannot happen here: the log begins anew only
 * when all of it has been carried; the thread is asked right after a commit, so
 * that there is something to carry until it has carried it; and the writer
 * carries nothing before the thread is done.
 *
 * What counts as carried is written by nobody again, so the file is synced after
 * each time.  When that fails, its pages may be on no disk, while the log has
 * them all: from then on the log is kept as it is and only grows, and whoever
 * opens the store next carries all of it again.
 */
#include "store/checkpoint.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct checkpoints {
    pthread_mutex_t lock;
    pthread_cond_t asked, done;
    enum { IDLE, ASKED, DONE } state;
    atomic_bool stuck;                 /* a sync of the file failed */
    int enough;                        /* pages in the log for which the thread is asked */
    int asked_at;                      /* pages in the log when it was asked last */
    bool started, ending;
    pthread_t thread;
    sqlite3 *writer;
    char *path;
};

static void carry(struct checkpoints *c, sqlite3 *db)
{
    sqlite3_file *file = NULL;

    /* What fails here does not count as carried. */
    sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) != SQLITE_OK || !file || !file->pMethods ||
        file->pMethods->xSync(file, SQLITE_SYNC_NORMAL) != SQLITE_OK)
        c->stuck = true;
}

/* Its first look at the file tells a connection that there is a log. */
static bool connected(struct checkpoints *c, sqlite3 **db)
{
    if (*db)
        return true;
    if (sqlite3_open_v2(c->path, db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK &&
        sqlite3_db_config(*db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL) == SQLITE_OK &&
        sqlite3_exec(*db, "PRAGMA mmap_size = 0; PRAGMA synchronous = FULL; PRAGMA schema_version", NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite3_close_v2(*db);             /* the writer carries it, and the next time may do better */
    *db = NULL;
    return false;
}

static void *carry_main(void *arg)
{
    struct checkpoints *c = arg;
    sqlite3 *db = NULL;

    pthread_setname_np(pthread_self(), "checkpoint");
    pthread_mutex_lock(&c->lock);
    while (!c->ending || c->state == ASKED) {
        if (c->state != ASKED) {
            pthread_cond_wait(&c->asked, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        if (connected(c, &db))
            carry(c, db);
        pthread_mutex_lock(&c->lock);
        c->state = DONE;
        pthread_cond_signal(&c->done);
    }
    pthread_mutex_unlock(&c->lock);
    sqlite3_close_v2(db);
    return NULL;
}

static bool ask(struct checkpoints *c, int pages)
{
    if (!c->started && pthread_create(&c->thread, NULL, carry_main, c) != 0)
        return false;
    c->started = true;
    c->state = ASKED;
    c->asked_at = pages;
    pthread_cond_signal(&c->asked);
    return true;
}

/* Little enough to keep the writer for; or the log has grown so long that it must come to an end. */
static bool is_rest(const struct checkpoints *c, int pages)
{
    return pages - c->asked_at <= c->enough / 4 || pages / 4 >= c->enough;
}

/* After each commit of the writer, on its thread. */
static int committed(void *ctx, sqlite3 *writer, const char *schema, int pages)
{
    struct checkpoints *c = ctx;
    bool mine = false;

    (void)schema;
    if (c->stuck)
        return SQLITE_OK;
    pthread_mutex_lock(&c->lock);
    if (c->state == IDLE && pages >= c->enough)
        mine = !ask(c, pages);
    else if (c->state == DONE)
        mine = is_rest(c, pages) || !ask(c, pages);
    if (mine)
        c->state = IDLE;
    pthread_mutex_unlock(&c->lock);
    if (mine)
        carry(c, writer);
    return SQLITE_OK;
}

struct checkpoints *checkpoints_begin(sqlite3 *writer, const char *path)
{
    struct checkpoints *c = mem_take(sizeof *c);

    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->asked, NULL);
    pthread_cond_init(&c->done, NULL);
    c->writer = writer;
    c->path = strdup(path);
    c->enough = (int)setting_number("log_pages");
    sqlite3_wal_hook(writer, committed, c);
    return c;
}

bool checkpoints_stuck(const struct checkpoints *c)
{
    return c && c->stuck;
}

bool checkpoints_wait(struct checkpoints *c)
{
    if (!c)
        return true;
    pthread_mutex_lock(&c->lock);
    while (c->state == ASKED)
        pthread_cond_wait(&c->done, &c->lock);
    c->state = IDLE;
    pthread_mutex_unlock(&c->lock);
    return !c->stuck;
}

void checkpoints_end(struct checkpoints *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    c->ending = true;
    pthread_cond_signal(&c->asked);
    pthread_mutex_unlock(&c->lock);
    if (c->started)
        pthread_join(c->thread, NULL);
    if (c->stuck)
        sqlite3_db_config(c->writer, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->asked);
    pthread_cond_destroy(&c->done);
    free(c->path);
    free(c);
}
