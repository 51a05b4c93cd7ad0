/*
 * account.c - signing in: accounts, tokens, sessions.
 *
 * An account is a name, a worker and a password's verifier; a session is a
 * random token of which the key store keeps only the hash.  With each sign-in
 * goes a device key, which outlives the session: what was made on that phone is
 * its maker's work, whenever and by whoever it is handed in.  Accounts,
 * sessions and device keys are secrets, not records.
 */
#include "core/own.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

enum { TOKEN_BYTES = 32 };
static const int64_t hour_ms = 60 * 60 * 1000;

void core_password_make(char out[17])
{
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789";
    uint8_t bytes[16];

    seal_random(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        out[i] = letters[bytes[i] % 32];
    out[16] = 0;
    explicit_bzero(bytes, sizeof bytes);
}

int core_account_check(struct core *c, struct str name, struct id worker, struct str password, struct err *e)
{
    char verifier[128];
    struct id holder;
    struct err missing = { 0 };
    size_t letters = utf8_valid(name) ? utf8_count(name) : 0;

    if (letters < 1 || name.len >= sizeof ((struct seal_session *)0)->account)
        return err_field(e, "account.name", "name");
    if (utf8_count(password) < 8 || password.len > 200)
        return err_field(e, "account.password", "password");
    if (seal_account_get(c->seal, name, &holder, verifier, &missing) == 0 && !id_eq(holder, worker))
        return err_set(e, ERR_CONFLICT, "account.known");
    return 0;
}

int core_account_add(struct core *c, struct str name, struct id worker, struct str password, struct err *e)
{
    uint64_t mark = seal_mark(c->seal);
    char verifier[128];

    if (core_account_check(c, name, worker, password, e) < 0 || seal_verifier_make(password, verifier, e) < 0 ||
        seal_account_put(c->seal, name, worker, verifier, e) < 0 || seal_cards_end(c->seal, worker, e) < 0 ||
        seal_sessions_end(c->seal, worker, e) < 0)
        return -1;
    return seal_sync_since(c->seal, mark, e);
}

int core_card_make(struct core *c, struct id worker, struct card *out, struct err *e)
{
    uint64_t mark = seal_mark(c->seal);
    char verifier[128];

    snprintf(out->code, sizeof out->code, "%08u", randombytes_uniform(100000000));
    out->until = time_now() + setting_number("card_hours") * hour_ms;
    if (seal_verifier_make(str_of(out->code), verifier, e) < 0 || seal_account_of(c->seal, worker, out->name, e) < 0 ||
        seal_card_put(c->seal, str_of(out->name), out->until, verifier, e) < 0)
        return -1;
    return seal_sync_since(c->seal, mark, e);
}

int core_account_may(struct core *c, struct reader *reader, const struct who *who, struct id worker, struct err *e)
{
    const uint32_t reserved = RIGHT_ACCOUNTS | RIGHT_SETTINGS | RIGHT_APPROVE | RIGHT_AUDIT;
    const struct areas *areas = core_areas_hold(c);
    struct arena mem = { 0 };
    struct duty *duties;
    int64_t *ended;
    size_t count;
    int64_t now = time_now();
    size_t standing = 0;
    int result = duties_of(c, reader->store, worker, &duties, &ended, &count, &mem, e);

    if (result == 0) {
        bool may = true;
        for (size_t i = 0; may && i < count; i++) {
            if (ended[i] || (duties[i].until && duties[i].until <= now))
                continue;
            standing++;             /* one that begins tomorrow counts today */
            const struct area *area = area_find(areas, str_of(duties[i].area));
            enum right right = role_rights(duties[i].role) & reserved ? RIGHT_ACCOUNTS : RIGHT_DUTIES;
            may = who_may(who, areas, right, area, now) || who_may(who, areas, RIGHT_ACCOUNTS, area, now);
        }
        if (!who->system && (!may || !standing))
            result = err_set(e, ERR_DENIED, "right.denied");
    }
    arena_done(&mem);
    core_areas_drop(areas);
    return result;
}

static void token_hash(struct str token, uint8_t out[32])
{
    seal_hash(token, out);
}

/* The worker's duties of this moment, owned by the session. */
static int fill(struct core *c, struct reader *reader, const struct seal_session *kept, struct session *out, struct err *e)
{
    struct arena mem = { 0 };
    struct duty *duties;
    int64_t *ended;
    size_t count;
    int result = duties_of(c, reader->store, kept->worker, &duties, &ended, &count, &mem, e);

    if (result == 0) {
        count = duties_current(duties, ended, count, time_now());
        struct duty *own = mem_take((count + 1) * sizeof *own);
        memcpy(own, duties, count * sizeof *own);
        out->who = (struct who){ .worker = kept->worker, .duties = own, .duty_count = count };
        memcpy(out->who.account, kept->account, sizeof out->who.account);
        out->until = kept->until;
    }
    arena_done(&mem);
    return result;
}

/* What the name's password or card is held against; 0 when there is no such account or card.  card: until when, 0 for a password. */
static int verifier_of(struct core *c, const struct signing *s, struct id *worker, char verifier[128], int64_t *card, struct err *e)
{
    struct err missing = { 0 };

    *card = 0;
    if (s->name.len < sizeof ((struct seal_session *)0)->account && seal_account_get(c->seal, s->name, worker, verifier, &missing) == 0 &&
        (!s->code.at || seal_card_get(c->seal, s->name, card, verifier, &missing) == 0))
        return 1;
    if (missing.kind != ERR_BROKEN)
        return 0;
    *e = missing;
    return -1;
}

/* The card goes in the transaction in which the session comes: of two who hold it one gets in, and where the disk fails it is good again. */
static int enter(struct core *c, const struct signing *s, int64_t card, const struct session *out, const struct seal_session *kept, struct err *e)
{
    uint64_t mark = seal_mark(c->seal);
    int taken = card ? seal_card_take(c->seal, s->name, card, e) : 1;

    if (taken == 0)
        return err_set(e, ERR_DENIED, "session.wrong");
    if (taken < 0 || seal_device_put(c->seal, s->device, kept->worker, s->key, e) < 0 ||
        seal_session_put(c->seal, out->token_hash, kept, e) < 0)
        return -1;
    return seal_sync_since(c->seal, mark, e);
}

int core_sign_in(struct core *c, struct reader *reader, struct signing *s, struct session *out, struct err *e)
{
    char verifier[128] = "";
    int64_t card;
    struct seal_session kept = { 0 };
    uint8_t bytes[TOKEN_BYTES];
    int known = verifier_of(c, s, &kept.worker, verifier, &card, e);

    if (known < 0)
        return -1;
    if (!seal_verifier_check(known ? verifier : NULL, s->code.at ? s->code : s->password))
        return err_set(e, ERR_DENIED, "session.wrong");
    memcpy(kept.account, s->name.at, s->name.len);
    seal_random(bytes, sizeof bytes);
    sodium_bin2base64(s->token, sizeof s->token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    explicit_bzero(bytes, sizeof bytes);
    s->device = id_new();
    seal_random(s->key, sizeof s->key);
    memset(out, 0, sizeof *out);
    token_hash(str_of(s->token), out->token_hash);
    if (fill(c, reader, &kept, out, e) < 0)
        return -1;
    if (s->where == SIGN_BY_DUTY)
        s->where = who_at_doors(&out->who) ? SIGN_FIELD : SIGN_DESK;
    out->until = kept.until = time_now() + setting_number(s->where == SIGN_FIELD ? "field_days" : "session_days") * 24 * hour_ms;
    if (enter(c, s, card, out, &kept, e) < 0) {
        session_done(out);
        return -1;
    }
    return 0;
}

int core_session(struct core *c, struct reader *reader, struct str token, struct session *out, struct err *e)
{
    struct seal_session kept;

    memset(out, 0, sizeof *out);
    if (token.len != 43)
        return err_set(e, ERR_DENIED, "session.unknown");
    token_hash(token, out->token_hash);
    if (seal_session_get(c->seal, out->token_hash, &kept, e) < 0) {
        if (e->kind == ERR_MISSING)
            e->kind = ERR_DENIED;
        return -1;
    }
    if (kept.until <= time_now())
        return err_set(e, ERR_DENIED, "session.over");
    return fill(c, reader, &kept, out, e);
}

int core_sign_out(struct core *c, struct session *s, struct err *e)
{
    return seal_session_drop(c->seal, s->token_hash, e);
}

int core_sign_out_all(struct core *c, struct id worker, struct err *e)
{
    return seal_sessions_end(c->seal, worker, e);
}

int core_worker_name(struct core *c, struct reader *reader, struct id worker, struct buf *out, struct err *e)
{
    for (size_t i = 0; i < c->feature_count; i++)
        if (c->features[i]->name_of)
            return c->features[i]->name_of(c, reader->store, worker, out, e);
    return 0;
}

void session_done(struct session *s)
{
    free((struct duty *)s->who.duties);
    s->who.duties = NULL;
    s->who.duty_count = 0;
}
