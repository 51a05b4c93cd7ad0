/*
 * token.c - finding people by pieces of what is sealed.
 *
 * A value is folded first - full width to plain, lower to upper case, blanks
 * and dots away; of a phone only the digits stay, without 86 - and cut into
 * pieces; a token is a keyed hash of kind, ledger and piece, so that nobody
 * without the key sees who in two villages shares a name or a phone.  What was
 * noted is found by the same steps on the text that is searched for, village
 * by village.
 *
 * The hash is SipHash-2-4: made to be a keyed function of short texts, and
 * about twelve of them are made for each resident.  Its 64 bits are plenty within a
 * village, where a false hit costs one look at a box.
 */
#include "seal/own.h"

#include <sodium.h>
#include <stdlib.h>

enum { TOKEN = crypto_shorthash_BYTES, TAIL = 4 };
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

struct part { /* of the letters */
    enum piece piece;
    size_t from, count;
};

struct pieces { /* what a value is found by, not hashed yet: the ledger is part of it */
    enum seal_find kind;
    struct letters letters;
    struct part *at;
    size_t count;
    uint8_t *text; /* room for the longest of them, hashed */
    size_t room;
};

static void letters_done(struct letters *l)
{
    if (l->at)
        sodium_memzero(l->at, l->room * sizeof *l->at);
    free(l->at);
}

static void pieces_done(struct pieces *p)
{
    letters_done(&p->letters);
    free(p->at);
    if (p->text)
        sodium_memzero(p->text, p->room);
    free(p->text);
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

static void add(struct pieces *p, enum piece piece, size_t from, size_t count)
{
    p->at[p->count++] = (struct part){ piece, from, count };
}

/* All that a value is found by, or - when searching - all that must be there. */
static int cut(struct pieces *p, enum seal_find kind, struct str text, bool searching, struct err *e)
{
    struct letters *l = &p->letters;

    if (kind <= FIND_NONE || kind >= (int)COUNT_OF(finds))
        return err_broken(e, "find.kind", "kind %d", (int)kind);
    if (!utf8_valid(text))
        return err_set(e, ERR_INVALID, "find.text");
    fold(l, kind, text);
    p->kind = kind;
    p->at = mem_take((l->count + 2) * sizeof *p->at);
    p->room = 3 + NAME_ROOM + 3 * l->count;
    p->text = mem_take(p->room);
    if (finds[kind].pairs) {
        for (size_t i = 0; i + 1 < l->count; i++)
            add(p, PIECE_PAIR, i, 2);
        return 0;
    }
    if (l->count && !(searching && finds[kind].tail && l->count == TAIL))
        add(p, PIECE_WHOLE, 0, l->count);
    if (finds[kind].tail && (searching ? l->count == TAIL : l->count >= TAIL))
        add(p, PIECE_TAIL, l->count - TAIL, TAIL);
    return 0;
}

/* The token of piece i in a ledger, whose name name_subject has measured; the key is set once at the opening and read without the lock. */
static struct value token(const struct seal *s, const struct pieces *p, size_t i, struct str ledger, uint8_t out[TOKEN])
{
    const struct part *part = &p->at[i];
    uint8_t *end = p->text;

    _Static_assert(SECRET >= crypto_shorthash_KEYBYTES, "the key is long enough");
    *end++ = (uint8_t)p->kind;
    *end++ = (uint8_t)part->piece;
    *end++ = (uint8_t)ledger.len;
    memcpy(end, ledger.at, ledger.len);
    end += ledger.len;
    for (size_t k = part->from; k < part->from + part->count; k++) {
        *end++ = (uint8_t)(p->letters.at[k] >> 16);
        *end++ = (uint8_t)(p->letters.at[k] >> 8);
        *end++ = (uint8_t)p->letters.at[k];
    }
    crypto_shorthash(out, p->text, (size_t)(end - p->text), s->token_key);
    return value_blob((struct str){ (const char *)out, TOKEN });
}

int seal_note(struct seal *s, enum seal_find kind, struct str value, struct str ledger, struct id subject, struct err *e)
{
    CLEANUP(pieces_done) struct pieces p = { 0 };
    struct secret_name name;
    SECRET_HERE(unused);
    uint8_t hash[TOKEN];
    int found;

    if (cut(&p, kind, value, false, e) < 0 || name_subject(&name, ledger, subject, e) < 0)
        return -1;
    if (!p.count)
        return 0;
    LOCKED(s);
    if ((found = keys_secret(s, &name, true, unused, e)) < 0)
        return -1;
    if (found == FOUND_ERASED)
        return err_set(e, ERR_MISSING, "seal.erased");
    for (size_t i = 0; i < p.count; i++)
        if (keys_run(s, ADD_TOKEN, ARGS(ledger, token(s, &p, i, ledger, hash), subject), NULL, e) < 0)
            return -1;
    return 0;
}

/* ---- searching ------------------------------------------------------------------ */

/* A connection that reads for one search: a long one keeps nobody waiting who seals, and no other search. */
struct finder {
    struct finder *next;
    struct seal *seal;
    struct store *store;
};

static void finder_back(struct finder **f)
{
    if (!*f)
        return;
    store_snapshot_end((*f)->store);
    LOCKED((*f)->seal);
    (*f)->next = (*f)->seal->finders;
    (*f)->seal->finders = *f;
}

static int finder_take(struct seal *s, struct finder **out, struct err *e)
{
    struct finder *f = NULL;

    {
        LOCKED(s);
        if ((f = s->finders))
            s->finders = f->next;
    }
    if (!f) {
        f = mem_take(sizeof *f);
        f->seal = s;
        if (store_open(&f->store, s->url, STORE_READ, e) < 0) {
            free(f);
            return -1;
        }
    }
    *out = f;
    return store_snapshot(f->store, e);
}

void finders_close(struct seal *s)
{
    for (struct finder *f; (f = s->finders);) {
        s->finders = f->next;
        store_close(f->store);
        free(f);
    }
}

/* Has this subject all the other tokens too? */
static int has_rest(struct finder *f, const struct pieces *p, struct str ledger, struct id subject, struct err *e)
{
    uint8_t hash[TOKEN];

    for (size_t i = 1; i < p->count; i++) {
        CLEANUP(rows_done) struct rows rows = { 0 };

        if (keys_ask(f->store, &rows, ASK_TOKEN, ARGS(ledger, token(f->seal, p, i, ledger, hash), subject), e) < 0)
            return -1;
        if (!rows_next(&rows))
            return store_failed(f->store, e);
    }
    return 1;
}

struct subjects {
    struct id *at;
    size_t count, room;
};

static void subjects_done(struct subjects *l)
{
    free(l->at);
}

/* Who may be meant in one ledger. */
static int search_one(struct finder *f, const struct pieces *p, struct str ledger, struct subjects *found, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    uint8_t hash[TOKEN];

    found->count = 0;
    if (ledger.len >= NAME_ROOM)
        return 0; /* nothing can be noted there */
    if (keys_ask(f->store, &rows, ASK_HITS, ARGS(ledger, token(f->seal, p, 0, ledger, hash)), e) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct id subject = rows_id(&rows, 0);
        int all = has_rest(f, p, ledger, subject, e);

        if (all < 0)
            return -1;
        if (!all)
            continue;
        found->at = MEM_GROW(found->at, found->count, found->room);
        found->at[found->count++] = subject;
    }
    return store_failed(f->store, e);
}

/* Nothing is read while they are told: hit() seals and opens, and whoever erases meanwhile waits for readers with the lock in his hands. */
static int tell(struct finder *f, struct str ledger, const struct subjects *found, seal_hit *hit, void *ctx, struct err *e)
{
    int enough = 0;

    store_snapshot_end(f->store);
    for (size_t i = 0; i < found->count && enough == 0; i++)
        enough = hit(ctx, ledger, found->at[i], e);
    return enough != 0 ? enough : store_snapshot(f->store, e);
}

int seal_search(struct seal *s, enum seal_find kind, struct str text, const struct str *ledgers, size_t count, seal_hit *hit, void *ctx,
                struct err *e)
{
    CLEANUP(pieces_done) struct pieces p = { 0 };
    CLEANUP(finder_back) struct finder *finder = NULL;
    CLEANUP(subjects_done) struct subjects found = { 0 };

    if (cut(&p, kind, text, true, e) < 0)
        return -1;
    if (!p.count)
        return err_set(e, ERR_INVALID, "find.short");
    if (finder_take(s, &finder, e) < 0)
        return -1;
    for (size_t i = 0; i < count; i++) {
        if (search_one(finder, &p, ledgers[i], &found, e) < 0)
            return -1;
        int enough = found.count ? tell(finder, ledgers[i], &found, hit, ctx, e) : 0;
        if (enough != 0)
            return enough < 0 ? -1 : 0;
    }
    return 0;
}

int seal_unfindable(struct seal *s, struct err *e)
{
    LOCKED(s);
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_UNFINDABLE, NO_ARGS, e) < 0)
        return -1;
    return rows_next(&rows) ? 1 : store_failed(s->store, e);
}

int seal_forget_tokens(struct seal *s, struct err *e)
{
    LOCKED(s);

    return keys_run(s, FORGET_TOKENS, NO_ARGS, NULL, e);
}
