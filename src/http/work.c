/*
 * work.c - workers for what is slow on purpose, waits for the disk or reads much.
 *
 * Checking a password takes 19 MiB and many milliseconds, a question about a
 * whole ledger reads all of it; server threads hand such things over and go on.
 * Each kind has its own line, so that nobody's sign-in waits for a question; at
 * most WAITING in one: beyond that the asker is told to come again.
 */
#include "http/own.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORKERS_MOST = 2, WAITING = 256 };

struct work {
    pthread_mutex_t lock;
    pthread_cond_t some;
    pthread_t thread[WORKERS_MOST];
    size_t workers;
    int nice;
    struct request *first, *last;
    size_t waiting;
    bool stop;
};

static void *work_run(void *arg)
{
    struct work *w = arg;

    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), w->nice);      /* of this thread only */
    for (;;) {
        pthread_mutex_lock(&w->lock);
        while (!w->first && !w->stop)
            pthread_cond_wait(&w->some, &w->lock);
        struct request *r = w->first;
        if (r) {
            w->first = r->queue;
            if (!w->first)
                w->last = NULL;
            w->waiting--;
        }
        pthread_mutex_unlock(&w->lock);
        if (!r)
            return NULL;
        r->job(r);
        request_go(r);
    }
}

struct work *work_new(size_t workers, int nice)
{
    struct work *w = mem_take(sizeof *w);

    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->some, NULL);
    w->nice = nice;
    w->workers = workers < WORKERS_MOST ? workers : WORKERS_MOST;
    for (size_t i = 0; i < w->workers; i++)
        if (pthread_create(&w->thread[i], NULL, work_run, w) != 0)
            abort();
    return w;
}

void work_stop(struct work *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->some);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < w->workers; i++)
        pthread_join(w->thread[i], NULL);
    pthread_cond_destroy(&w->some);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

size_t work_waiting(struct work *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->waiting;
    pthread_mutex_unlock(&w->lock);
    return n;
}

int request_work(struct request *r, struct work *w, void (*job)(struct request *r), void (*then)(struct request *r), struct err *e)
{
    if (work_waiting(w) >= WAITING)
        return err_again(e, ERR_BUSY, "busy.workers");
    r->job = job;
    r->queue = NULL;
    request_wait(r, then);
    pthread_mutex_lock(&w->lock);
    if (w->last)
        w->last->queue = r;
    else
        w->first = r;
    w->last = r;
    w->waiting++;
    pthread_cond_signal(&w->some);
    pthread_mutex_unlock(&w->lock);
    return 0;
}
