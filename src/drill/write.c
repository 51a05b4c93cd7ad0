/*
 * write.c - the drill's records on their way to core.
 */
#include <stdio.h>

#include "drill/own.h"

void write_begin(struct making *m, struct id maker, int64_t received_at)
{
    struct who who = { .worker = maker, .system = true, .account = "drill" };

    m->batch = core_batch_new(m->core, &who, received_at);
}

void write_add(struct making *m, struct id id, const char *type, const char *area, int64_t at, struct json *body)
{
    core_batch_add(m->batch, id, type, str_of(area), at, body);
}

void write_end(struct making *m)
{
    struct batch *b = m->batch;

    if (!m->failed && b->count)
        core_write(m->core, b);
    for (size_t i = 0; i < b->count && !m->failed; i++) {
        m->stored += b->results[i].status == RESULT_STORED;
        if (b->results[i].status != RESULT_REFUSED && b->results[i].status != RESULT_WAITING)
            continue;
        m->failed = true;
        const struct result *r = &b->results[i];

        *m->e = r->err;
        snprintf(m->e->detail, sizeof m->e->detail, "refused in %s: %.40s %.60s", r->ledger, r->err.key, r->err.field);
    }
    core_batch_free(b);
    m->batch = NULL;
}

void set_text(struct json *map, const char *key, const char *text)
{
    if (text && *text)
        json_set(map, key, json_text(str_of(text)));
}

void set_id(struct json *map, const char *key, struct id id)
{
    char text[ID_TEXT];

    id_text(id, text);
    json_set(map, key, json_text(str_of(text)));
}
