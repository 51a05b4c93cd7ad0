/*
 * token.c - finding people by pieces of what is sealed.
 *
 * A value is folded first - full width to plain, lower to upper case, blanks
 * and dots away; of a phone only the digits stay, without 86 - and cut into
 * pieces; a token is a keyed hash of kind, scope and piece.  What was noted is
 * found by the same steps on the text that is searched for.
 */
#include "seal/own.h"

#include <sodium.h>
#include <stdlib.h>

enum { TOKEN = 16, TAIL = 4 };
enum piece { PIECE_PAIR, PIECE_WHOLE, PIECE_TAIL };

static const struct {
    bool pairs, digits, tail;
} finds[] = {
    [FIND_NAME] = { .pairs = true },    [FIND_PHONE] = { .digits = true, .tail = true }, [FIND_ID] = { .tail = true }, [FIND_PLATE] = { 0 },
    [FIND_ADDRESS] = { .pairs = true },
};

struct letters { /* the folded text, a code point each */
    uint32_t *at;
    size_t count, room;
};

struct tokens {
    uint8_t (*at)[TOKEN];
    size_t count;
};

static void letters_done(struct letters *l)
{
    if (l->at)
        sodium_memzero(l->at, l->room * sizeof *l->at);
    free(l->at);
}

static void tokens_done(struct tokens *t)
{
    free(t->at);
}

static uint32_t letter(const char *at, size_t n)
{
    static const uint8_t lead[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    uint32_t c = (uint8_t)at[0] & lead[n];

    for (size_t i = 1; i < n; i++)
        c = c << 6 | ((uint8_t)at[i] & 0x3f);
    return c;
}

static uint32_t folded(uint32_t c)
{
    if (c >= 0xff01 && c <= 0xff5e)
        c -= 0xff01 - '!';
    if (c >= 'a' && c <= 'z')
        c -= 'a' - 'A';
    return c <= ' ' || c == '-' || c == '.' || c == 0xa0 || c == 0xb7 || c == 0x2022 || c == 0x30fb || c == 0x3000 ? 0 : c;
}

static void fold(struct letters *l, enum seal_find kind, struct str text)
{
    l->room = text.len + 1;
    l->at = mem_take(l->room * sizeof *l->at);
    for (size_t i = 0, n; i < text.len; i += n) {
        uint32_t c;

        n = utf8_next(text, i);
        if (!(c = folded(letter(text.at + i, n))) || (finds[kind].digits && (c < '0' || c > '9')))
            continue;
        l->at[l->count++] = c;
    }
    if (finds[kind].digits && l->count == 13 && l->at[0] == '8' && l->at[1] == '6') {
        l->count -= 2;
        memmove(l->at, l->at + 2, l->count * sizeof *l->at);
    }
}

static void add(struct tokens *t, const struct seal *s, enum seal_find kind, enum piece piece, struct str scope, const uint32_t *at,
                size_t count)
{
    crypto_generichash_state hash;

    crypto_generichash_init(&hash, s->token_key, SECRET, TOKEN); /* set once at the opening: read without the lock */
    crypto_generichash_update(&hash, (const uint8_t[]){ (uint8_t)kind, (uint8_t)piece, (uint8_t)scope.len }, 3);
    crypto_generichash_update(&hash, (const uint8_t *)scope.at, scope.len);
    for (size_t i = 0; i < count; i++)
        crypto_generichash_update(&hash, (const uint8_t[]){ (uint8_t)(at[i] >> 16), (uint8_t)(at[i] >> 8), (uint8_t)at[i] }, 3);
    crypto_generichash_final(&hash, t->at[t->count++], TOKEN);
}

/* All that a value is found by, or - when searching - all that must be there. */
static int cut(struct tokens *t, const struct seal *s, enum seal_find kind, struct str scope, struct str text, bool searching,
               struct err *e)
{
    CLEANUP(letters_done) struct letters l = { 0 };

    if (kind <= FIND_NONE || kind >= (int)COUNT_OF(finds) || scope.len >= NAME_ROOM)
        return err_broken(e, "find.kind", "kind %d, scope of %zu bytes", (int)kind, scope.len);
    if (!utf8_valid(text))
        return err_set(e, ERR_INVALID, "find.text");
    fold(&l, kind, text);
    t->at = mem_take((l.count + 2) * TOKEN);
    if (finds[kind].pairs) {
        for (size_t i = 0; i + 1 < l.count; i++)
            add(t, s, kind, PIECE_PAIR, scope, l.at + i, 2);
        return 0;
    }
    if (l.count && !(searching && finds[kind].tail && l.count == TAIL))
        add(t, s, kind, PIECE_WHOLE, (struct str){ 0 }, l.at, l.count);
    if (finds[kind].tail && (searching ? l.count == TAIL : l.count >= TAIL))
        add(t, s, kind, PIECE_TAIL, (struct str){ 0 }, l.at + l.count - TAIL, TAIL);
    return 0;
}

static struct value token_value(const uint8_t token[TOKEN])
{
    return value_blob((struct str){ (const char *)token, TOKEN });
}

static struct str scope_text(struct str scope)
{
    return scope.at ? scope : STR("");
}

/* Village by village the pair stays the same: the last one is remembered. */
static int note_scope(struct seal *s, struct str scope, struct str ledger, struct err *e)
{
    if (str_is(ledger, s->noted_ledger) && str_is(scope, s->noted_scope))
        return 0;
    if (keys_run(s, ADD_SCOPE, ARGS(scope, ledger), NULL, e) < 0)
        return -1;
    memset(s->noted_ledger, 0, sizeof s->noted_ledger);
    memset(s->noted_scope, 0, sizeof s->noted_scope);
    memcpy(s->noted_ledger, ledger.at, ledger.len);
    memcpy(s->noted_scope, scope.at, scope.len);
    return 0;
}

int seal_note(struct seal *s, enum seal_find kind, struct str scope, struct str value, struct str ledger, struct id subject, struct err *e)
{
    CLEANUP(tokens_done) struct tokens t = { 0 };
    struct secret_name name;
    SECRET_HERE(unused);
    int found;

    if (cut(&t, s, kind, scope_text(scope), value, false, e) < 0 || name_subject(&name, ledger, subject, e) < 0)
        return -1;
    if (!t.count)
        return 0;
    LOCKED(s);
    if ((found = keys_secret(s, &name, true, unused, e)) < 0)
        return -1;
    if (found == FOUND_ERASED)
        return err_set(e, ERR_MISSING, "seal.erased");
    if (note_scope(s, scope_text(scope), ledger, e) < 0)
        return -1;
    for (size_t i = 0; i < t.count; i++)
        if (keys_run(s, ADD_TOKEN, ARGS(ledger, token_value(t.at[i]), value_blob(id_bytes(&subject))), NULL, e) < 0)
            return -1;
    return 0;
}

/* Has this subject all the other tokens too? */
static int has_rest(struct seal *s, const struct tokens *t, struct str ledger, struct id subject, struct err *e)
{
    for (size_t i = 1; i < t->count; i++) {
        CLEANUP(rows_done) struct rows rows = { 0 };

        if (keys_ask(s->finder, &rows, ASK_TOKEN, ARGS(ledger, token_value(t->at[i]), value_blob(id_bytes(&subject))), e) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(s->finder, e);
    }
    return 1;
}

static void finding_done(struct seal **s)
{
    pthread_mutex_unlock(&(*s)->find_lock);
}

int seal_search(struct seal *s, enum seal_find kind, struct str scope, struct str text, struct seal_hit **hits, size_t *count, size_t limit,
                struct err *e)
{
    CLEANUP(tokens_done) struct tokens t = { 0 };
    size_t first = *count;

    if (cut(&t, s, kind, scope_text(scope), text, true, e) < 0)
        return -1;
    if (!t.count)
        return err_set(e, ERR_INVALID, "find.short");
    CLEANUP(finding_done) struct seal *finding = s;
    CLEANUP(rows_done) struct rows rows = { 0 };

    pthread_mutex_lock(&finding->find_lock);
    if (!s->finder && store_open(&s->finder, s->url, STORE_READ, e) < 0)
        return -1;
    if (keys_ask(s->finder, &rows, finds[kind].pairs ? ASK_NEAR : ASK_EVERYWHERE, ARGS(scope_text(scope), token_value(t.at[0])), e) < 0)
        return -1;
    while (*count - first < limit && rows_next(&rows)) {
        struct str ledger = rows_str(&rows, 0);
        struct seal_hit hit = { .subject = rows_id(&rows, 1) };
        int all = has_rest(s, &t, ledger, hit.subject, e);

        if (all < 0)
            return -1;
        if (!all || ledger.len >= sizeof hit.ledger)
            continue;
        memcpy(hit.ledger, ledger.at, ledger.len);
        *hits = mem_resize(*hits, *count + 1, sizeof **hits);
        (*hits)[(*count)++] = hit;
    }
    return store_failed(s->finder, e);
}

int seal_forget_tokens(struct seal *s, struct err *e)
{
    LOCKED(s);

    s->noted_ledger[0] = 0;
    if (keys_run(s, FORGET_TOKENS, NO_ARGS, NULL, e) < 0 || keys_run(s, FORGET_SCOPES, NO_ARGS, NULL, e) < 0)
        return -1;
    return 0;
}
