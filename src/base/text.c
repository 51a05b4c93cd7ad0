/*
 * text.c - borrowed text: comparing, numbers, UTF-8, hex and base64.
 *
 * Nothing here trusts its bytes or looks beyond len.
 */
#include "base/base.h"

struct str str_of(const char *z)
{
    return (struct str){ z, z ? strlen(z) : 0 };
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

bool str_is(struct str a, const char *z)
{
    return str_eq(a, str_of(z));
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.at, b.at, n) : 0;

    return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(struct str a, struct str prefix)
{
    return a.len >= prefix.len && (prefix.len == 0 || memcmp(a.at, prefix.at, prefix.len) == 0);
}

bool str_to_int(struct str a, int64_t *out)
{
    bool minus = a.len > 0 && a.at[0] == '-';
    size_t i = minus;
    int64_t n = 0;

    if (i == a.len)
        return false;
    for (; i < a.len; i++) {
        int digit = a.at[i] - '0';

        if (digit < 0 || digit > 9)
            return false;
        /* Counted downwards: the lowest number has no positive twin. */
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_sub_overflow(n, digit, &n))
            return false;
    }
    if (!minus && __builtin_sub_overflow(0, n, &n))
        return false;
    *out = n;
    return true;
}

/* Bytes of the valid character at p, 0 when there is none before end. */
static size_t character(const uint8_t *p, const uint8_t *end)
{
    size_t room = end - p;
    uint8_t low = 0x80, high = 0xbf;
    size_t n;

    if (p[0] < 0x80)
        return p[0] != 0;
    if (p[0] < 0xc2 || p[0] > 0xf4)
        return 0;
    n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
    if (room < n)
        return 0;
    /* The second byte is where overlong forms, surrogates and too large numbers show. */
    if (p[0] == 0xe0)
        low = 0xa0;
    else if (p[0] == 0xed)
        high = 0x9f;
    else if (p[0] == 0xf0)
        low = 0x90;
    else if (p[0] == 0xf4)
        high = 0x8f;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* Are these eight bytes all 0x01 … 0x7f? */
static bool plain(const uint8_t *p)
{
    uint64_t w;

    memcpy(&w, p, sizeof w);
    return ((w | (w - 0x0101010101010101u)) & 0x8080808080808080u) == 0;
}

bool utf8_valid(struct str a)
{
    const uint8_t *p = (const uint8_t *)(a.at ? a.at : ""), *end = p + a.len;

    while (p < end) {
        size_t n = end - p >= 8 && plain(p) ? 8 : character(p, end);

        if (n == 0)
            return false;
        p += n;
    }
    return true;
}

size_t utf8_count(struct str a)
{
    size_t count = 0;

    for (size_t i = 0; i < a.len; i++)
        count += ((uint8_t)a.at[i] & 0xc0) != 0x80;
    return count;
}

size_t utf8_next(struct str a, size_t i)
{
    size_t n = 1;

    if (i >= a.len)
        return 0;
    while (i + n < a.len && ((uint8_t)a.at[i + n] & 0xc0) == 0x80)
        n++;
    return n;
}

void hex_put(struct buf *b, struct str bytes)
{
    static const char digits[] = "0123456789abcdef";
    char *to = buf_take(b, bytes.len * 2);

    for (size_t i = 0; i < bytes.len; i++) {
        *to++ = digits[(uint8_t)bytes.at[i] >> 4];
        *to++ = digits[(uint8_t)bytes.at[i] & 15];
    }
}

const uint8_t hex_value[256] = {
    ['0'] = 16, ['1'] = 17, ['2'] = 18, ['3'] = 19, ['4'] = 20, ['5'] = 21, ['6'] = 22, ['7'] = 23, ['8'] = 24, ['9'] = 25,
    ['a'] = 26, ['b'] = 27, ['c'] = 28, ['d'] = 29, ['e'] = 30, ['f'] = 31,
    ['A'] = 26, ['B'] = 27, ['C'] = 28, ['D'] = 29, ['E'] = 30, ['F'] = 31,
};

bool hex_read(struct str text, void *out, size_t n)
{
    const uint8_t *at = (const uint8_t *)text.at;
    uint8_t all = 16, *to = out;

    if (text.len != 2 * n)
        return false;
    for (size_t i = 0; i < n; i++) {
        uint8_t high = hex_value[at[2 * i]], low = hex_value[at[2 * i + 1]];
        all &= high & low;
        to[i] = (uint8_t)(high << 4 | (low & 15));
    }
    return all;
}

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_put(struct buf *b, struct str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.at;
    char *to = buf_take(b, (bytes.len + 2) / 3 * 4);

    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t w = (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? p[i + 2] : 0);

        *to++ = base64_digits[w >> 18];
        *to++ = base64_digits[w >> 12 & 63];
        *to++ = left > 1 ? base64_digits[w >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[w & 63] : '=';
    }
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_read(struct buf *b, struct str text)
{
    size_t pad = 0, before = b->len;

    if (text.len % 4 != 0)
        return false;
    while (pad < 2 && pad < text.len && text.at[text.len - 1 - pad] == '=')
        pad++;
    for (size_t i = 0; i < text.len; i += 4) {
        size_t digits = i + 4 == text.len ? 4 - pad : 4;
        uint32_t w = 0;
        bool good = true;

        for (size_t k = 0; k < 4; k++) {
            int v = k < digits ? base64_value(text.at[i + k]) : 0;

            good = good && v >= 0;
            w = w << 6 | (v & 63);
        }
        /* One text per value: the bits behind the padding are zero. */
        if (!good || (digits < 4 && w & ((1u << (4 - digits) * 8) - 1))) {
            b->len = before;
            return false;
        }
        for (size_t k = 0; k + 1 < digits; k++)
            buf_char(b, (char)(w >> (16 - 8 * k) & 255));
    }
    return true;
}
