/*
 * sign.c - the installation's own signature: Ed25519.
 *
 * The seed is one more row of the key store, wrapped under the master like the
 * others and so wrapped anew by a rotation; it is made when something is first
 * signed, and is on disk before the signature leaves.
 */
#include "seal/own.h"

#include <sodium.h>

_Static_assert(crypto_sign_SEEDBYTES == SECRET, "a seed is a secret like the others");
_Static_assert(SEAL_SIGN == crypto_sign_BYTES && SEAL_PUBLIC == crypto_sign_PUBLICKEYBYTES, "sizes of the door are those of Ed25519");

/* enum found or -1; with mint a missing seed is made. */
static int find_seed(struct seal *s, bool mint, uint8_t seed[SECRET], struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    int found = keys_get(s, SHELF_KEY, ARGS("sign"), &rows, seed, e);

    if (found != FOUND_LOST || !mint)
        return found;
    rows_done(&rows);
    randombytes_buf(seed, SECRET);
    return keys_put(s, SHELF_KEY, ARGS("sign"), seed, e) < 0 || keys_commit(s, e) < 0 ? -1 : FOUND_WHOLE;
}

static void wipe_long(uint8_t (*secret)[crypto_sign_SECRETKEYBYTES])
{
    sodium_memzero(secret, sizeof *secret);
}

int seal_sign(struct seal *s, struct str bytes, uint8_t sign[SEAL_SIGN], uint8_t public[SEAL_PUBLIC], struct err *e)
{
    SECRET_HERE(seed);
    CLEANUP(wipe_long) uint8_t secret[crypto_sign_SECRETKEYBYTES];
    LOCKED(s);

    if (find_seed(s, true, seed, e) < 0)
        return -1;
    crypto_sign_seed_keypair(public, secret, seed);
    crypto_sign_detached(sign, NULL, (const uint8_t *)bytes.at, bytes.len, secret);
    return 0;
}

int seal_public(struct seal *s, uint8_t public[SEAL_PUBLIC], struct err *e)
{
    SECRET_HERE(seed);
    CLEANUP(wipe_long) uint8_t secret[crypto_sign_SECRETKEYBYTES];
    LOCKED(s);
    int found = find_seed(s, false, seed, e);

    if (found < 0)
        return -1;
    if (found != FOUND_WHOLE)
        return 0;
    crypto_sign_seed_keypair(public, secret, seed);
    return 1;
}

bool seal_signed(struct str bytes, const uint8_t sign[SEAL_SIGN], const uint8_t public[SEAL_PUBLIC])
{
    return crypto_sign_verify_detached(sign, (const uint8_t *)bytes.at, bytes.len, public) == 0;
}
