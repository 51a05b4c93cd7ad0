/*
 * cache.c - a table of fixed size that keeps what was used last in memory.
 *
 * A key has four places; when all are taken one of them leaves in turn.  The
 * place is chosen by a salted hash, so that foreign ids cannot crowd together.
 * The memory holds secrets: locked where the system allows, wiped when left.
 */
#include "seal/own.h"

#include <sodium.h>
#include <stdlib.h>

enum { WAYS = 4, KEY_AT = 8 }; /* a slot: one byte "taken", the key at 8, the value behind it at a multiple of 8 */

void cache_make(struct cache *c, size_t entries, size_t key, size_t value)
{
    c->key = key;
    c->value = KEY_AT + (key + 7) / 8 * 8;
    c->slot = c->value + (value + 7) / 8 * 8;
    c->sets = entries / WAYS;
    c->slots = mem_take(c->sets * WAYS * c->slot);
    randombytes_buf(c->salt, sizeof c->salt);
    (void)sodium_mlock(c->slots, c->sets * WAYS * c->slot); /* a limit on locked memory is no reason not to start */
}

static uint8_t *set_of(const struct cache *c, const void *key)
{
    uint64_t hash;

    crypto_shorthash((uint8_t *)&hash, key, c->key, c->salt);
    return c->slots + hash % c->sets * WAYS * c->slot;
}

static uint8_t *slot_of(const struct cache *c, const void *key)
{
    uint8_t *slot = set_of(c, key);

    for (int i = 0; i < WAYS; i++, slot += c->slot)
        if (slot[0] && !memcmp(slot + KEY_AT, key, c->key))
            return slot;
    return NULL;
}

void *cache_find(const struct cache *c, const void *key)
{
    uint8_t *slot = slot_of(c, key);

    return slot ? slot + c->value : NULL;
}

void *cache_put(struct cache *c, const void *key)
{
    uint8_t *slot = slot_of(c, key);

    if (!slot) {
        uint8_t *set = set_of(c, key);

        slot = set + c->turn++ % WAYS * c->slot;
        for (int i = WAYS - 1; i >= 0; i--)
            if (!set[(size_t)i * c->slot])
                slot = set + (size_t)i * c->slot;
    }
    slot[0] = 1;
    memcpy(slot + KEY_AT, key, c->key);
    return slot + c->value;
}

void cache_drop(struct cache *c, const void *key)
{
    uint8_t *slot = slot_of(c, key);

    if (slot)
        sodium_memzero(slot, c->slot);
}

void cache_wipe(struct cache *c)
{
    sodium_memzero(c->slots, c->sets * WAYS * c->slot);
}

void cache_done(struct cache *c)
{
    if (!c->slots)
        return;
    sodium_munlock(c->slots, c->sets * WAYS * c->slot); /* wipes it too */
    free(c->slots);
    c->slots = NULL;
}
