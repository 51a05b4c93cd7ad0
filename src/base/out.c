/*
 * out.c - JSON out, straight into a buffer.
 *
 * Only what JSON demands is escaped: quote, backslash, control characters.
 * Text is taken to be UTF-8.
 */
#include "base/base.h"

static void comma(struct out *o)
{
    if (o->comma)
        buf_char(o->to, ',');
    o->comma = true;
}

void out_open(struct out *o, char bracket)
{
    comma(o);
    buf_char(o->to, bracket);
    o->comma = false;
}

void out_close(struct out *o, char bracket)
{
    buf_char(o->to, bracket);
    o->comma = true;
}

static void quoted(struct buf *b, struct str s)
{
    static const char shorts[32] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };
    size_t from = 0;

    buf_char(b, '"');
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = (uint8_t)s.at[i];

        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_put(b, s.at + from, i - from);
        from = i + 1;
        if (c >= 0x20)
            buf_printf(b, "\\%c", c);
        else if (shorts[c])
            buf_printf(b, "\\%c", shorts[c]);
        else
            buf_printf(b, "\\u%04x", c);
    }
    buf_put(b, s.at + from, s.len - from);
    buf_char(b, '"');
}

void out_key(struct out *o, const char *key)
{
    comma(o);
    quoted(o->to, str_of(key));
    buf_char(o->to, ':');
    o->comma = false;
}

void out_text(struct out *o, struct str s)
{
    if (!s.at) {
        out_null(o);
        return;
    }
    comma(o);
    quoted(o->to, s);
}

void out_int(struct out *o, int64_t n)
{
    char digits[20];
    size_t i = sizeof digits;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

    comma(o);
    do
        digits[--i] = (char)('0' + left % 10);
    while (left /= 10);
    if (n < 0)
        digits[--i] = '-';
    buf_put(o->to, digits + i, sizeof digits - i);
}

void out_bool(struct out *o, bool b)
{
    out_raw(o, b ? STR("true") : STR("false"));
}

void out_null(struct out *o)
{
    out_raw(o, STR("null"));
}

void out_id(struct out *o, struct id id)
{
    char text[ID_TEXT];

    id_text(id, text);
    out_text(o, str_of(text));
}

void out_maybe_id(struct out *o, struct id id)
{
    if (id_none(id))
        out_null(o);
    else
        out_id(o, id);
}

void out_hex(struct out *o, struct str bytes)
{
    comma(o);
    buf_char(o->to, '"');
    hex_put(o->to, bytes);
    buf_char(o->to, '"');
}

void out_raw(struct out *o, struct str json)
{
    comma(o);
    buf_str(o->to, json);
}
