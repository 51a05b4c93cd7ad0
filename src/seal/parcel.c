/*
 * parcel.c - what a phone has sealed for this installation and nobody else.
 *
 * A phone that may be lost, or whose owner is put out, seals what it has not
 * sent under the installation's public point; any other phone and the office
 * may carry it, and none of them can read it.  A parcel is
 *
 *     1 | ephemeral point, 65 bytes | nonce, 12 | ciphertext and tag, 16
 *
 * AES-256-GCM under HKDF-SHA-256 (no salt, info "wangge parcel 1") of the ECDH
 * x-coordinate on P-256: what every browser's WebCrypto can make.  The private
 * number is one more row of the key store, made at the first opening, wrapped
 * under the master and so wrapped anew by a rotation, and goes with a backup.
 */
#include "seal/own.h"

#include <nettle/ecc-curve.h>
#include <nettle/ecc.h>
#include <nettle/gcm.h>
#include <sodium.h>

enum { VERSION = 1, NONCE = 12, TAG = 16, LEAST = 1 + SEAL_POINT + NONCE + TAG };
_Static_assert(SEAL_POINT == 1 + 2 * SECRET && NONCE == GCM_IV_SIZE && TAG == GCM_DIGEST_SIZE && AES256_KEY_SIZE == SECRET, "sizes of P-256 and GCM");

static void number_done(mpz_t *n)
{
    size_t limbs = mpz_size(*n);

    if (limbs)
        sodium_memzero(mpz_limbs_modify(*n, (mp_size_t)limbs), limbs * sizeof(mp_limb_t));
    mpz_clear(*n);
}
#define NUMBER_HERE(name) CLEANUP(number_done) mpz_t name; mpz_init(name)

static void scalar_done(struct ecc_scalar *s)
{
    sodium_memzero(s->p, SECRET);
    ecc_scalar_clear(s);
}

static void point_done(struct ecc_point *p)
{
    ecc_point_clear(p);
}
#define SCALAR_HERE(name) CLEANUP(scalar_done) struct ecc_scalar name; ecc_scalar_init(&name, nettle_get_secp_256r1())
#define POINT_HERE(name) CLEANUP(point_done) struct ecc_point name; ecc_point_init(&name, nettle_get_secp_256r1())

static void wipe_point(uint8_t (*point)[SEAL_POINT])
{
    sodium_memzero(point, sizeof *point);
}

static void wipe_gcm(struct gcm_aes256_ctx *gcm)
{
    sodium_memzero(gcm, sizeof *gcm);
}

/* false: zero, or not below the order of the curve. */
static bool scalar_set(struct ecc_scalar *s, const uint8_t key[SECRET])
{
    NUMBER_HERE(n);

    nettle_mpz_set_str_256_u(n, SECRET, key);
    return ecc_scalar_set(s, n) != 0;
}

/* false: no point of the curve.  The point at infinity has no such form. */
static bool point_set(struct ecc_point *p, const uint8_t bytes[SEAL_POINT])
{
    NUMBER_HERE(x);
    NUMBER_HERE(y);

    nettle_mpz_set_str_256_u(x, SECRET, bytes + 1);
    nettle_mpz_set_str_256_u(y, SECRET, bytes + 1 + SECRET);
    return bytes[0] == 4 && ecc_point_set(p, x, y) != 0;
}

static void point_get(const struct ecc_point *p, uint8_t bytes[SEAL_POINT])
{
    NUMBER_HERE(x);
    NUMBER_HERE(y);

    ecc_point_get(p, x, y);
    bytes[0] = 4;
    nettle_mpz_get_str_256(SECRET, bytes + 1, x);
    nettle_mpz_get_str_256(SECRET, bytes + 1 + SECRET, y);
}

/* RFC 5869, one block of it. */
static void derive(const uint8_t shared[SECRET], uint8_t out[SECRET])
{
    static const uint8_t no_salt[SECRET];
    SECRET_HERE(extracted);

    seal_mac(no_salt, (struct str){ (const char *)shared, SECRET }, extracted);
    seal_mac(extracted, STR("wangge parcel 1\1"), out);
}

bool parcel_point(const uint8_t key[SECRET], uint8_t point[SEAL_POINT])
{
    SCALAR_HERE(number);
    POINT_HERE(p);

    if (!scalar_set(&number, key))
        return false;
    ecc_point_mul_g(&p, &number);
    point_get(&p, point);
    return true;
}

static bool shared_key(const uint8_t key[SECRET], const uint8_t theirs[SEAL_POINT], uint8_t out[SECRET])
{
    CLEANUP(wipe_point) uint8_t shared[SEAL_POINT] = { 0 };
    SCALAR_HERE(number);
    POINT_HERE(given);
    POINT_HERE(p);

    if (!scalar_set(&number, key) || !point_set(&given, theirs))
        return false;
    ecc_point_mul(&p, &number, &given);
    point_get(&p, shared);
    derive(shared + 1, out);
    return true;
}

int parcel_unseal(const uint8_t key[SECRET], struct str parcel, struct buf *plain, struct err *e)
{
    const uint8_t *at = (const uint8_t *)parcel.at;
    CLEANUP(wipe_gcm) struct gcm_aes256_ctx gcm = { 0 };
    SECRET_HERE(own);
    uint8_t tag[TAG];

    if (parcel.len < LEAST || at[0] != VERSION || !shared_key(key, at + 1, own))
        return err_set(e, ERR_INVALID, "parcel.bad");
    const uint8_t *nonce = at + 1 + SEAL_POINT, *sealed = nonce + NONCE;
    size_t n = parcel.len - LEAST, before = plain->len;
    uint8_t *out = (uint8_t *)buf_take(plain, n);
    gcm_aes256_set_key(&gcm, own);
    gcm_aes256_set_iv(&gcm, NONCE, nonce);
    gcm_aes256_decrypt(&gcm, n, out, sealed);
    gcm_aes256_digest(&gcm, TAG, tag);
    if (sodium_memcmp(tag, sealed + n, TAG) == 0)
        return 0;
    sodium_memzero(out, n);
    plain->len = before;
    return err_set(e, ERR_INVALID, "parcel.bad");
}

/* ---- the installation's ------------------------------------------------------------ */

static int mint(struct seal *s, struct err *e)
{
    do
        randombytes_buf(s->office_key, SECRET);
    while (!parcel_point(s->office_key, s->office));
    return keys_put(s, SHELF_KEY, ARGS("office"), s->office_key, e);
}

int parcel_open(struct seal *s, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    int found = keys_get(s, SHELF_KEY, ARGS("office"), &rows, s->office_key, e);

    if (found < 0)
        return -1;
    rows_done(&rows);
    if (found != FOUND_WHOLE)
        return mint(s, e);
    return parcel_point(s->office_key, s->office) ? 0 : err_broken(e, "keys.damaged", "the office's key is no number of P-256");
}

void seal_office(const struct seal *s, uint8_t point[SEAL_POINT])
{
    memcpy(point, s->office, SEAL_POINT);
}

int seal_parcel_open(const struct seal *s, struct str parcel, struct buf *plain, struct err *e)
{
    return parcel_unseal(s->office_key, parcel, plain, e);
}
