/*
 * words.c - the text of a scenario: lines, words, names and times.
 *
 * Quotes guard blanks and # inside a line.  A quote opens a word only at its
 * beginning or after its "=", so that JSON keeps its own.
 */
#include "scenario.h"

/* ---- lines ---- */

static struct str raw_line(struct script *s, struct script *after)
{
    struct str rest = { s->text.at + s->at, s->text.len - s->at };
    const char *end = memchr(rest.at, '\n', rest.len);
    struct str line = { rest.at, end ? (size_t)(end - rest.at) : rest.len };

    *after = *s;
    after->at += line.len + (end != NULL);
    after->number++;
    return line;
}

/* What stands before the comment, and how many brackets are open after it. */
static size_t without_comment(struct str line, int *depth)
{
    bool quoted = false;

    for (size_t i = 0; i < line.len; i++) {
        char c = line.at[i];

        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '#' && (i == 0 || line.at[i - 1] == ' '))
            return i;
        else if (!quoted)
            *depth += (c == '{' || c == '[') - (c == '}' || c == ']');
    }
    return line.len;
}

static struct str trimmed(struct str s)
{
    while (s.len && (s.at[0] == ' ' || s.at[0] == '\t'))
        s = (struct str){ s.at + 1, s.len - 1 };
    while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\t' || s.at[s.len - 1] == '\r'))
        s.len--;
    return s;
}

static bool read_line(struct play *p, struct script *s, struct line *out)
{
    while (s->at < s->text.len) {
        struct script after;
        int depth = 0;
        struct str raw = raw_line(s, &after);
        struct str text = trimmed((struct str){ raw.at, without_comment(raw, &depth) });

        out->number = s->number;
        out->indented = raw.len && (raw.at[0] == ' ' || raw.at[0] == '\t');
        *s = after;
        if (text.len == 0)
            continue;
        while (depth > 0 && s->at < s->text.len) {
            raw = raw_line(s, &after);
            struct str more = trimmed((struct str){ raw.at, without_comment(raw, &depth) });

            text = str_of(arena_printf(&p->mem, "%.*s %.*s", (int)text.len, text.at, (int)more.len, more.at));
            *s = after;
        }
        out->text = text;
        return true;
    }
    return false;
}

bool line_peek(struct play *p, struct line *out)
{
    struct script ahead = p->script;

    return read_line(p, &ahead, out);
}

bool line_next(struct play *p, struct line *out)
{
    return read_line(p, &p->script, out);
}

struct str line_raw_block(struct play *p, bool crlf)
{
    CLEANUP(buf_done) struct buf b = { 0 };

    while (p->script.at < p->script.text.len) {
        struct script after;
        struct str raw = raw_line(&p->script, &after);

        if (raw.len == 0 || raw.at[0] != ' ')
            break;
        buf_str(&b, trimmed(raw));
        buf_text(&b, crlf ? "\r\n" : "\n");
        p->script = after;
    }
    return arena_str(&p->mem, buf_view(&b));
}

/* ---- words ---- */

size_t words_of(struct play *p, struct str text, struct str *words, size_t most)
{
    size_t count = 0, i = 0;

    while (i < text.len) {
        CLEANUP(buf_done) struct buf word = { 0 };
        bool quoted = false;

        if (text.at[i] == ' ') {
            i++;
            continue;
        }
        if (count == most)
            play_stop(p, "too many words", text);
        if (text.at[i] == '{' || text.at[i] == '[') {
            words[count++] = (struct str){ text.at + i, text.len - i };
            break;
        }
        for (; i < text.len && (quoted || text.at[i] != ' '); i++) {
            char c = text.at[i];

            if (c == '"' && (quoted || word.len == 0 || word.at[word.len - 1] == '='))
                quoted = !quoted;
            else
                buf_char(&word, c);
        }
        words[count++] = arena_str(&p->mem, buf_view(&word));
    }
    return count;
}

bool word_pair(struct str word, struct str *key, struct str *value)
{
    const char *sign = memchr(word.at, '=', word.len);

    if (!sign)
        return false;
    *key = (struct str){ word.at, (size_t)(sign - word.at) };
    *value = (struct str){ sign + 1, word.len - key->len - 1 };
    return true;
}

/* ---- names ---- */

struct str name_get(struct play *p, struct str name)
{
    char day[DAY_TEXT];

    if (str_is(name, "now"))
        return str_of(arena_printf(&p->mem, "%lld", (long long)time_now()));
    if (str_is(name, "today")) {
        day_of(time_now(), day);
        return arena_str(&p->mem, str_of(day));
    }
    for (size_t i = 0; i < p->name_count; i++)
        if (str_eq(p->names[i].name, name))
            return p->names[i].value;
    return (struct str){ 0 };
}

void name_set(struct play *p, struct str name, struct str value)
{
    size_t i = 0;

    while (i < p->name_count && !str_eq(p->names[i].name, name))
        i++;
    if (i == p->name_count) {
        p->names = MEM_GROW(p->names, p->name_count, p->name_room);
        p->names[p->name_count++].name = arena_str(&p->mem, name);
    }
    p->names[i].value = arena_str(&p->mem, value);
}

void name_set_id(struct play *p, struct str name, struct id id)
{
    char text[ID_TEXT];

    id_text(id, text);
    name_set(p, name, str_of(text));
}

static size_t name_length(struct str s, size_t i)
{
    size_t n = 0;

    while (i + n < s.len && (s.at[i + n] == '_' || (s.at[i + n] >= '0' && s.at[i + n] <= '9') ||
                             (s.at[i + n] >= 'a' && s.at[i + n] <= 'z') || (s.at[i + n] >= 'A' && s.at[i + n] <= 'Z')))
        n++;
    return n;
}

struct str expand(struct play *p, struct str text)
{
    CLEANUP(buf_done) struct buf out = { 0 };

    for (size_t i = 0; i < text.len; i++) {
        size_t n = text.at[i] == '$' ? name_length(text, i + 1) : 0;

        if (n == 0) {
            buf_char(&out, text.at[i]);
            continue;
        }
        struct str value = name_get(p, (struct str){ text.at + i + 1, n });

        if (!value.at)
            play_stop(p, "no such name", (struct str){ text.at + i, n + 1 });
        buf_str(&out, value);
        i += n;
    }
    return arena_str(&p->mem, buf_view(&out));
}

bool unbound(struct play *p, struct str word, struct str *name)
{
    if (word.len < 2 || word.at[0] != '$' || name_length(word, 1) != word.len - 1)
        return false;
    *name = (struct str){ word.at + 1, word.len - 1 };
    return !name_get(p, *name).at;
}

/* ---- times ---- */

static const struct {
    const char *name;
    int64_t ms;
} units[] = { { "sec", 1000 }, { "min", 60000 }, { "h", 3600000 }, { "d", 86400000 } };

int64_t time_word(struct play *p, struct str word)
{
    struct str text = expand(p, word);
    char day[DAY_TEXT];
    int64_t n, at;

    if (str_is(text, "now"))
        return time_now();
    if (str_to_int(text, &n) && text.len > 6 && text.at[0] != '+')
        return n;
    if (text.len > 1 && (text.at[0] == '+' || text.at[0] == '-'))
        for (size_t i = 0; i < COUNT_OF(units); i++) {
            size_t unit = strlen(units[i].name);

            if (text.len > unit + 1 && memcmp(text.at + text.len - unit, units[i].name, unit) == 0 &&
                str_to_int((struct str){ text.at + 1, text.len - unit - 1 }, &n))
                return time_now() + (text.at[0] == '-' ? -n : n) * units[i].ms;
        }
    day_of(time_now(), day);
    if (text.len == 5)
        text = str_of(arena_printf(&p->mem, "%s %.*s", day, 5, text.at));
    if (text.len == 16 && text.at[10] == 'T')
        text = str_of(arena_printf(&p->mem, "%.*s %.*s", 10, text.at, 5, text.at + 11));
    if (minute_parse(text, &at) || day_parse(text, &at))
        return at;
    play_stop(p, "no time", word);
}
