/*
 * memo.c - answers that are the same for everybody who may ask, kept until the next commit.
 *
 * On a wall, in a crowd of phones and behind every event of the stream the
 * same few figures are asked for again and again.  The right is judged each
 * time; the answer is looked up under the question as it was asked, and holds
 * as long as nothing was committed and no area changed since before it was
 * read.  A table of fixed size; a newer answer takes the place of an older one.
 */
#include "core/own.h"

#include <stdlib.h>

enum { PLACES = 128, LARGEST = 256 * 1024 };

struct place {
    char *question;               /* and its length */
    size_t length;
    struct memo_time time;
    struct buf body;
};

struct memo {
    pthread_mutex_t lock;
    struct place places[PLACES];
};

struct memo *memo_new(void)
{
    struct memo *m = mem_take(sizeof *m);

    pthread_mutex_init(&m->lock, NULL);
    return m;
}

void memo_free(struct memo *m)
{
    for (size_t i = 0; m && i < PLACES; i++) {
        free(m->places[i].question);
        buf_done(&m->places[i].body);
    }
    if (m)
        pthread_mutex_destroy(&m->lock);
    free(m);
}

static struct place *place_of(struct memo *m, struct str question)
{
    uint64_t hash = 14695981039346656037u;

    for (size_t i = 0; i < question.len; i++)
        hash = (hash ^ (uint8_t)question.at[i]) * 1099511628211u;
    return &m->places[hash % PLACES];
}

struct memo_time memo_time(struct core *c, const struct areas *areas)
{
    return (struct memo_time){ atomic_load(&c->commits), areas_revision(areas) };
}

bool memo_find(struct memo *m, struct str question, struct memo_time time, struct buf *body)
{
    struct place *p = place_of(m, question);
    bool found;

    pthread_mutex_lock(&m->lock);
    found = p->time.commits == time.commits && p->time.areas == time.areas && str_eq((struct str){ p->question, p->length }, question);
    if (found)
        buf_str(body, buf_view(&p->body));
    pthread_mutex_unlock(&m->lock);
    return found;
}

void memo_keep(struct memo *m, struct str question, struct memo_time time, struct str body)
{
    struct place *p = place_of(m, question);

    if (body.len > LARGEST)
        return;
    pthread_mutex_lock(&m->lock);
    p->question = mem_resize(p->question, question.len + 1, 1);
    memcpy(p->question, question.at, question.len);
    p->length = question.len;
    p->time = time;
    buf_clear(&p->body);
    buf_str(&p->body, body);
    pthread_mutex_unlock(&m->lock);
}
