/*
 * id.c - ids: made of time and chance (UUIDv7), or of what they stand for (UUIDv8).
 *
 * Ids made here within one process grow, also when many are made in the same
 * millisecond or the clock is set back a little.  A hashed id is the first 16
 * bytes of SHA-256 over the label, a zero byte, and both parts with their
 * lengths before them (8 bytes, big-endian), with version and variant set.
 */
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

enum { A_MOST = 0xfff, SET_BACK = 10000 };
static const uint64_t b_most = ((uint64_t)1 << 62) - 1;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void prepare(void)
{
    if (sodium_init() < 0) {
        fputs("wangge: no source of chance\n", stderr);
        abort();
    }
}

static void put_big(uint8_t *to, uint64_t n, int bytes)
{
    while (bytes-- > 0) {
        to[bytes] = (uint8_t)n;
        n >>= 8;
    }
}

struct id id_new(void)
{
    static int64_t last_ms;
    static uint64_t a, b;
    uint64_t chance[2];
    int64_t ms = time_now();
    struct id id;

    pthread_once(&once, prepare);
    randombytes_buf(chance, sizeof chance);
    pthread_mutex_lock(&lock);
    if (ms > last_ms || last_ms - ms > SET_BACK) {
        last_ms = ms;
        a = chance[0] & (A_MOST >> 1); /* upper half kept free to count in */
        b = chance[1] & b_most;
    } else {
        b += 1 + (chance[1] & UINT32_MAX);
        if (b > b_most) {
            b &= b_most;
            if (++a > A_MOST) {
                a = 0;
                last_ms++;
            }
        }
    }
    put_big(id.b, (uint64_t)last_ms, 6);
    put_big(id.b + 6, 0x7000 | a, 2);
    put_big(id.b + 8, (uint64_t)1 << 63 | b, 8);
    pthread_mutex_unlock(&lock);
    return id;
}

struct id id_make(const char *label, struct str a, struct str b)
{
    crypto_hash_sha256_state state;
    uint8_t hash[crypto_hash_sha256_BYTES], len[8];
    const struct str parts[] = { a, b };
    struct id id;

    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const uint8_t *)label, strlen(label) + 1);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        put_big(len, parts[i].len, 8);
        crypto_hash_sha256_update(&state, len, sizeof len);
        crypto_hash_sha256_update(&state, (const uint8_t *)parts[i].at, parts[i].len);
    }
    crypto_hash_sha256_final(&state, hash);
    memcpy(id.b, hash, sizeof id.b);
    id.b[6] = (id.b[6] & 0x0f) | 0x80;
    id.b[8] = (id.b[8] & 0x3f) | 0x80;
    return id;
}

/* Of each byte: where its two digits stand in the text. */
static const uint8_t digits_at[16] = { 0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34 };

bool id_parse(struct str text, struct id *out)
{
    const uint8_t *at = (const uint8_t *)text.at;
    uint8_t all = 16;
    struct id id;

    if (text.len != ID_TEXT - 1 || at[8] != '-' || at[13] != '-' || at[18] != '-' || at[23] != '-')
        return false;
    for (size_t i = 0; i < sizeof id.b; i++) {
        uint8_t high = hex_value[at[digits_at[i]]], low = hex_value[at[digits_at[i] + 1]];
        all &= high & low;
        id.b[i] = (uint8_t)(high << 4 | (low & 15));
    }
    if (!all)
        return false;
    *out = id;
    return true;
}

void id_text(struct id id, char out[ID_TEXT])
{
    static const char digits[] = "0123456789abcdef";

    memcpy(out, "00000000-0000-0000-0000-000000000000", ID_TEXT);
    for (size_t i = 0; i < sizeof id.b; i++) {
        out[digits_at[i]] = digits[id.b[i] >> 4];
        out[digits_at[i] + 1] = digits[id.b[i] & 15];
    }
}

bool id_eq(struct id a, struct id b)
{
    return memcmp(a.b, b.b, sizeof a.b) == 0;
}

bool id_none(struct id id)
{
    return id_eq(id, (struct id){ 0 });
}

struct str id_bytes(const struct id *id)
{
    return (struct str){ (const char *)id->b, sizeof id->b };
}
