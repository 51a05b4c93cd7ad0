/*
 * box.c - sealing one small JSON, and opening it.
 *
 * A box is: version (1), class (1), month (2, big-endian, 0 for the register),
 * subject (16), nonce (24), ciphertext and tag (16).  Everything before the
 * nonce, the record's id and the ledger's name are associated data.  The key
 * is a keyed hash of subject and period secret; the nonce a keyed hash of all
 * that is sealed, so that equal content gives equal bytes and two contents
 * never share a nonce.  The lock is held only while secrets are looked up.
 */
#include "seal/own.h"

#include <sodium.h>

enum {
    VERSION = 1,
    CLASS_AT = 1,
    MONTH_AT = 2,
    SUBJECT_AT = 4,
    NONCE_AT = 20,
    NONCE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    SEALED_AT = NONCE_AT + NONCE,
    TAG = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BOUND_MAX = NONCE_AT + 16 + 64,
};

static const char key_context[] = "wangge box key 1";

static size_t put_bound(uint8_t bound[BOUND_MAX], const uint8_t head[NONCE_AT], struct id record, struct str ledger)
{
    memcpy(bound, head, NONCE_AT);
    memcpy(bound + NONCE_AT, record.b, 16);
    memcpy(bound + NONCE_AT + 16, ledger.at, ledger.len); /* bounded by name_subject */
    return NONCE_AT + 16 + ledger.len;
}

/* Both secrets, hashed into the key of this subject's boxes of the period. */
static int box_key(struct seal *s, const struct secret_name *subject, const struct secret_name *period, bool mint, uint8_t key[SECRET],
                   struct err *e)
{
    CLEANUP(wipe_secret) uint8_t ours[SECRET] = { 0 };
    CLEANUP(wipe_secret) uint8_t times[SECRET] = { 0 };
    crypto_generichash_state hash;
    int of_subject, of_period;
    {
        LOCKED(s);
        of_subject = keys_secret(s, subject, mint, ours, e);
        of_period = of_subject < 0 ? -1 : keys_secret(s, period, mint && of_subject == FOUND_WHOLE, times, e);
    }
    if (of_period < 0)
        return -1;
    if (of_subject == FOUND_ERASED || of_period == FOUND_ERASED)
        return err_set(e, ERR_MISSING, "seal.erased");
    if (of_subject == FOUND_LOST || of_period == FOUND_LOST)
        return err_set(e, ERR_MISSING, "seal.key_lost");
    crypto_generichash_init(&hash, ours, SECRET, SECRET);
    crypto_generichash_update(&hash, times, SECRET);
    crypto_generichash_update(&hash, (const uint8_t *)key_context, sizeof key_context);
    crypto_generichash_final(&hash, key, SECRET);
    sodium_memzero(&hash, sizeof hash);
    return 0;
}

int seal_box(struct seal *s, const struct seal_place *place, struct str plain, struct buf *out, struct err *e)
{
    int32_t month = place->class == SEAL_REGISTER ? 0 : month_of(place->at);
    struct secret_name subject, period;
    uint8_t head[NONCE_AT] = { VERSION, (uint8_t)place->class }, bound[BOUND_MAX];
    crypto_generichash_state hash;
    SECRET_HERE(key);
    size_t bound_len;
    uint8_t *box;

    if (place->class != SEAL_REGISTER)
        month = month < 1 ? 1 : month > UINT16_MAX ? UINT16_MAX : month; /* facts are never refused for their date */
    if (name_subject(&subject, place->ledger, place->subject, e) < 0 || name_period(&period, place->ledger, place->class, month, e) < 0 ||
        box_key(s, &subject, &period, true, key, e) < 0)
        return -1;
    head[MONTH_AT] = (uint8_t)(month >> 8);
    head[MONTH_AT + 1] = (uint8_t)month;
    memcpy(head + SUBJECT_AT, place->subject.b, 16);
    bound_len = put_bound(bound, head, place->record, place->ledger);

    box = (uint8_t *)buf_take(out, SEALED_AT + plain.len + TAG);
    memcpy(box, head, NONCE_AT);
    crypto_generichash_init(&hash, s->nonce_key, SECRET, NONCE); /* set once at the opening: read without the lock */
    crypto_generichash_update(&hash, (const uint8_t[]){ (uint8_t)bound_len }, 1);
    crypto_generichash_update(&hash, bound, bound_len);
    crypto_generichash_update(&hash, (const uint8_t *)plain.at, plain.len);
    crypto_generichash_final(&hash, box + NONCE_AT, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(box + SEALED_AT, NULL, (const uint8_t *)plain.at, plain.len, bound, bound_len, NULL,
                                               box + NONCE_AT, key);
    return 0;
}

enum seal_class seal_box_class(struct str box)
{
    uint8_t class = box.len > CLASS_AT ? (uint8_t)box.at[CLASS_AT] : 0;

    return class <= SEAL_MOVEMENT ? class : SEAL_OPEN;
}

struct id seal_box_subject(struct str box)
{
    struct id subject = { 0 };

    if (box.len >= NONCE_AT)
        memcpy(subject.b, box.at + SUBJECT_AT, 16);
    return subject;
}

int seal_unbox(struct seal *s, struct str ledger, struct id record, struct str box, struct buf *plain, struct err *e)
{
    const uint8_t *at = (const uint8_t *)box.at;
    struct secret_name subject, period;
    uint8_t bound[BOUND_MAX];
    SECRET_HERE(key);
    size_t was = plain->len, n;

    if (box.len < SEALED_AT + TAG || at[0] != VERSION || seal_box_class(box) == SEAL_OPEN || id_none(seal_box_subject(box)))
        return err_set(e, ERR_BROKEN, "seal.damaged");
    if (name_subject(&subject, ledger, seal_box_subject(box), e) < 0 ||
        name_period(&period, ledger, at[CLASS_AT], at[MONTH_AT] << 8 | at[MONTH_AT + 1], e) < 0 ||
        box_key(s, &subject, &period, false, key, e) < 0)
        return -1;
    n = box.len - SEALED_AT - TAG;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)buf_take(plain, n), NULL, NULL, at + SEALED_AT, n + TAG, bound,
                                                   put_bound(bound, at, record, ledger), at + NONCE_AT, key)) {
        plain->len = was;
        return err_set(e, ERR_BROKEN, "seal.damaged");
    }
    return 0;
}
