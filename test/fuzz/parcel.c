/*
 * parcel.c - what a phone has sealed: opened with a number whose point the seeds are sealed for.
 *
 * What opens opens again to the same, and with one bit changed anywhere not at
 * all; what does not leaves nothing behind.  The same bytes, handed in at the
 * door of an installation for which they are not meant, are refused, each by itself.
 */
#include "grow.h"

#include "seal/own.h"

static const uint8_t key[SECRET] = {
    0xc9, 0xaf, 0xa9, 0xd8, 0x45, 0xba, 0x75, 0x16, 0x6b, 0x5c, 0x21, 0x57, 0x67, 0xb1, 0xd6, 0x93,
    0x4e, 0x50, 0xc3, 0xdb, 0x36, 0xe8, 0x9b, 0x12, 0x7b, 0x8a, 0x62, 0x2b, 0x12, 0x0f, 0x67, 0x21,
}; /* RFC 6979, A.2.5 */

static bool opens(struct str parcel, struct buf *plain)
{
    size_t before = plain->len;
    struct err e = { 0 };

    if (parcel_unseal(key, parcel, plain, &e) == 0)
        return true;
    DEMAND(strcmp(e.key, "parcel.bad") == 0 && plain->len == before, "%s", e.key);
    return false;
}

static void flip(struct str parcel, const struct buf *plain)
{
    CLEANUP(buf_done) struct buf other = { 0 };
    CLEANUP(buf_done) struct buf again = { 0 };
    CLEANUP(buf_done) struct buf none = { 0 };

    DEMAND(opens(parcel, &again) && str_eq(buf_view(plain), buf_view(&again)), "opened twice it is another");
    buf_str(&other, parcel);
    other.at[grow_any(other.len)] ^= (char)(1 << grow_any(8));
    DEMAND(!opens(buf_view(&other), &none), "changed, and it opens");
}

static void hand_in(struct core *c, struct str parcel)
{
    CLEANUP(buf_done) struct buf body = { 0 };
    struct batch *b = NULL;
    struct err e = { 0 };

    buf_str(&body, STR("{\"parcels\":[\""));
    base64_put(&body, parcel);
    buf_str(&body, STR("\",7]}"));
    if (core_parcels_read(c, house_who(2), buf_view(&body), &b, &e) < 0) {
        house_sane(&e);
        return;
    }
    core_write(c, b);
    for (size_t i = 0; i < b->count; i++)
        DEMAND(b->results[i].status == RESULT_REFUSED && strcmp(b->results[i].err.key, "parcel.bad") == 0 && id_none(b->results[i].id), "taken");
    core_batch_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(buf_done) struct buf plain = { 0 };
    struct str parcel = { (const char *)data, size };

    grow_seed((unsigned)size + (size ? data[size - 1] : 0));
    if (opens(parcel, &plain))
        flip(parcel, &plain);
    if (house_thorough(data, size))
        hand_in(house(), parcel);
    return 0;
}
