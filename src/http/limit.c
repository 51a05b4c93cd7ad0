/*
 * limit.c - how often somebody may try a password or ask anything.
 *
 * Wrong passwords: the first few are free, then the wait is a second and
 * doubles with each further one up to a bound, per account name and, with more
 * patience since offices share an address, per peer.  A device on which this
 * name has signed in before is counted by itself, so that nobody who guesses
 * elsewhere shuts its owner out.  A name that does not exist is treated as one
 * that does.  Requests: a bucket per session that holds those of ten seconds.
 * Both tables are of fixed size; a full neighbourhood forgets its oldest.
 */
#include "http/own.h"

#include <stdlib.h>

enum { NEAR = 8, DELAY_ROOM = 8192, OFTEN_ROOM = 32768, FORGET_MS = 60 * 60 * 1000 };
enum { MINUTE_MS = 60 * 1000 };

static const struct {
    int free, most;       /* tries without a wait; longest wait in seconds */
} rules[] = {
    [DELAY_NAME] = { 5, 15 * 60 },
    [DELAY_PEER] = { 30, 60 },
    [DELAY_DEVICE] = { 5, 15 * 60 },
};

struct slot {
    uint64_t key;
    int64_t at;           /* last touched, monotonic ms */
    int64_t until;        /* delay: monotonic ms */
    int64_t count;        /* delay: wrong tries; often: requests left, in parts of a minute's ms */
};

struct limits {
    pthread_mutex_t lock;
    int64_t requests;     /* of a session in a minute */
    uint8_t salt[32];     /* so that nobody can choose whom to push out */
    struct slot delays[DELAY_ROOM], often[OFTEN_ROOM];
};

struct limits *limits_new(int64_t requests)
{
    struct limits *l = mem_take(sizeof *l);

    pthread_mutex_init(&l->lock, NULL);
    l->requests = requests;
    seal_random(l->salt, sizeof l->salt);
    return l;
}

void limits_free(struct limits *l)
{
    if (l)
        pthread_mutex_destroy(&l->lock);
    free(l);
}

static uint64_t key_of(struct limits *l, struct str what)
{
    uint8_t hash[32];
    uint64_t key;

    seal_mac(l->salt, what, hash);
    memcpy(&key, hash, sizeof key);
    return key ? key : 1;
}

uint64_t limits_number(struct limits *l, struct str what)
{
    return key_of(l, what);
}

static uint64_t delay_key(struct limits *l, enum delay kind, struct str what)
{
    char text[160] = { "npd"[kind] };
    size_t n = what.len < sizeof text - 1 ? what.len : sizeof text - 1;

    if (n)
        memcpy(text + 1, what.at, n);
    return key_of(l, (struct str){ text, n + 1 });
}

/* The slot of the key, or with make the emptiest of its neighbourhood, cleared. */
static struct slot *slot_find(struct slot *table, size_t room, uint64_t key, bool make)
{
    struct slot *near = table + key % (room / NEAR) * NEAR, *oldest = near;

    for (size_t i = 0; i < NEAR; i++) {
        if (near[i].key == key)
            return near + i;
        if (near[i].at < oldest->at)
            oldest = near + i;
    }
    if (!make)
        return NULL;
    *oldest = (struct slot){ .key = key };
    return oldest;
}

int delay_left(struct limits *l, enum delay kind, struct str what)
{
    uint64_t key = delay_key(l, kind, what);
    int64_t left = 0, now = time_monotonic();

    pthread_mutex_lock(&l->lock);
    const struct slot *s = slot_find(l->delays, DELAY_ROOM, key, false);
    if (s && s->until > now)
        left = (s->until - now + 999) / 1000;
    pthread_mutex_unlock(&l->lock);
    return (int)left;
}

void delay_wrong(struct limits *l, enum delay kind, struct str what)
{
    uint64_t key = delay_key(l, kind, what);
    int64_t now = time_monotonic(), seconds = 0;

    pthread_mutex_lock(&l->lock);
    struct slot *s = slot_find(l->delays, DELAY_ROOM, key, true);
    if (s->at && now - s->at > FORGET_MS)
        s->count = 0;
    s->at = now;
    if (++s->count >= rules[kind].free) {
        int64_t over = s->count - rules[kind].free;

        seconds = over < 20 ? (int64_t)1 << over : rules[kind].most;
        s->until = now + 1000 * (seconds < rules[kind].most ? seconds : rules[kind].most);
    }
    pthread_mutex_unlock(&l->lock);
}

void delay_right(struct limits *l, enum delay kind, struct str what)
{
    uint64_t key = delay_key(l, kind, what);

    pthread_mutex_lock(&l->lock);
    struct slot *s = slot_find(l->delays, DELAY_ROOM, key, false);
    if (s)
        *s = (struct slot){ 0 };
    pthread_mutex_unlock(&l->lock);
}

bool often(struct limits *l, const uint8_t token_hash[32])
{
    uint64_t key;
    int64_t now = time_monotonic();
    bool none;

    memcpy(&key, token_hash, sizeof key);
    key = key ? key : 1;
    pthread_mutex_lock(&l->lock);
    struct slot *s = slot_find(l->often, OFTEN_ROOM, key, true);
    int64_t full = (l->requests + 5) / 6 * MINUTE_MS;
    s->count = s->at && now - s->at < MINUTE_MS ? s->count + (now - s->at) * l->requests : full;
    if (s->count > full)
        s->count = full;
    s->at = now ? now : 1;
    none = s->count < MINUTE_MS;
    if (!none)
        s->count -= MINUTE_MS;
    pthread_mutex_unlock(&l->lock);
    return none;
}
