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

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool dash_at(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool id_parse(struct str text, struct id *out)
{
    struct id id;
    size_t n = 0;

    if (text.len != ID_TEXT - 1)
        return false;
    for (size_t i = 0; i < text.len;) {
        int high, low;

        if (dash_at(i)) {
            if (text.at[i++] != '-')
                return false;
            continue;
        }
        high = hex_value(text.at[i]);
        low = hex_value(text.at[i + 1]);
        if (high < 0 || low < 0)
            return false;
        id.b[n++] = (uint8_t)(high << 4 | low);
        i += 2;
    }
    *out = id;
    return true;
}

void id_text(struct id id, char out[ID_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    size_t i = 0;

    for (size_t n = 0; n < sizeof id.b; n++) {
        if (dash_at(i))
            out[i++] = '-';
        out[i++] = digits[id.b[n] >> 4];
        out[i++] = digits[id.b[n] & 15];
    }
    out[i] = '\0';
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
