/*
 * fact.c - facts of the installation: what is said of this store and its city, and of nobody in it.
 */
#include "core/own.h"

#include "core_fact.sql.h"

int core_installation_schema(struct store *s, struct err *e)
{
    static const struct sql *const steps[] = { &sql_schema };

    return store_step(s, "installation", COUNT_OF(steps), steps, e);
}

int core_fact_put(struct store *s, const char *name, struct str value, struct err *e)
{
    return store_run(s, &sql_put_fact, ARGS(name, value), NULL, e);
}

int core_fact_set(struct core *c, const char *name, struct str value, struct err *e)
{
    return core_fact_put(c->writer, name, value, e);
}

int core_facts_copy(struct store *from, struct store *to, struct err *e)
{
    static const char *const own[] = { "rebuilding", "tried_at", "backup_at", BACKUP_FACT, RESTORING_FACT };
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(from, &rows, &sql_facts, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        CLEANUP(arena_done) struct arena mem = { 0 };
        const char *name = arena_str(&mem, rows_str(&rows, 0)).at;
        bool ours = false;
        for (size_t i = 0; i < COUNT_OF(own); i++)
            ours |= strcmp(name, own[i]) == 0;
        if (!ours && core_fact_put(to, name, rows_str(&rows, 1), e) < 0)
            return -1;
    }
    return store_failed(from, e);
}

int core_fact_read(struct store *s, const char *name, struct arena *mem, struct str *value, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (store_query(s, &rows, &sql_fact, ARGS(name), e) < 0)
        return -1;
    *value = rows_next(&rows) ? arena_str(mem, rows_str(&rows, 0)) : (struct str){ 0 };
    return store_failed(s, e);
}
