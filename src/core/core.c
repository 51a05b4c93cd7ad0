/*
 * core.c - opening and closing the whole: store, keys, features, first picture of the areas.
 */
#include "core/own.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- what exists ------------------------------------------------------------- */

static int by_name(const void *l, const void *r)
{
    return strcmp(((const struct kind *)l)->type->name, ((const struct kind *)r)->type->name);
}

const struct kind *core_kind(struct core *c, struct str name)
{
    size_t low = 0, high = c->kind_count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int cmp = str_cmp(str_of(c->kinds[middle].type->name), name);
        if (cmp == 0)
            return &c->kinds[middle];
        if (cmp < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct record_type *core_type(struct core *c, struct str name)
{
    const struct kind *k = core_kind(c, name);

    return k ? k->type : NULL;
}

const struct query *core_query(struct core *c, struct str feature, struct str name)
{
    for (size_t i = 0; i < c->feature_count; i++)
        if (str_is(feature, c->features[i]->name))
            for (const struct query *q = c->features[i]->queries; q && q->name; q++)
                if (str_is(name, q->name))
                    return q;
    return NULL;
}

static bool asks_for_someone(const struct query *q)
{
    for (const struct param *p = q->params; p && p->name; p++)
        if (p->from == PARAM_WORKER || p->from == PARAM_NOW || p->from == PARAM_DAY)
            return true;
    return false;
}

static void index_types(struct core *c)
{
    size_t room = 0;

    for (size_t i = 0; i < c->feature_count; i++)
        for (const struct record_type *t = c->features[i]->records; t && t->name; t++) {
            c->kinds = MEM_GROW(c->kinds, c->kind_count, room);
            c->kinds[c->kind_count++] = (struct kind){ .type = t, .feature = (int)i, .areas = fields_have(t->fields, FIELD_AREA) };
        }
    qsort(c->kinds, c->kind_count, sizeof *c->kinds, by_name);
    for (size_t i = 0; i < c->feature_count; i++) {
        for (const struct query *q = c->features[i]->queries; q && q->name; q++)
            if (q->same && (q->sealed || q->answer || q->keys || asks_for_someone(q)))
                abort();                        /* its answer is not the same for everybody */
        for (const struct follow *f = c->features[i]->follows; f && f->type; f++) {
            struct kind *k = (struct kind *)core_kind(c, str_of(f->type));
            if (!k)
                continue;
            k->follows = mem_resize(k->follows, k->follow_count + 1, sizeof(struct follow *));
            k->follow_features = mem_resize(k->follow_features, k->follow_count + 1, sizeof *k->follow_features);
            k->follows[k->follow_count] = f;
            k->follow_features[k->follow_count++] = (int)i;
        }
        for (const struct delivery *d = c->features[i]->deliveries; d && d->from; d++) {
            struct kind *k = (struct kind *)core_kind(c, str_of(d->from));
            if (k)
                k->delivery = d;
        }
    }
}

static char *prefix(const char *name)
{
    char *text = mem_take(strlen(name) + 2);

    sprintf(text, "%s_", name);
    return text;
}

/* A feature's statements read core, itself and its left, and write only itself. */
static void make_fences(struct core *c)
{
    c->fences = mem_take((c->feature_count + 1) * sizeof *c->fences);
    char **prefixes = mem_take((c->feature_count + 1) * sizeof *prefixes);

    for (size_t i = 0; i < c->feature_count; i++) {
        const char **read = mem_take((i + 2) * sizeof *read), **write = mem_take(2 * sizeof *write);
        prefixes[i] = prefix(c->features[i]->name);
        for (size_t j = 0; j <= i; j++)
            read[j] = prefixes[j];
        write[0] = prefixes[i];
        c->fences[i] = (struct store_fence){ read, write };
    }
    free(prefixes);
}

static void free_fences(struct core *c)
{
    for (size_t i = 0; c->fences && i < c->feature_count; i++) {
        free((void *)c->fences[i].write[0]);
        free((void *)c->fences[i].read);
        free((void *)c->fences[i].write);
    }
    free(c->fences);
}

int core_schema(struct core *c, struct err *e)
{
    for (size_t i = 0; i < c->feature_count; i++) {
        const struct feature *f = c->features[i];
        if (f->version && store_step(c->writer, f->name, f->version, f->schema, e) < 0)
            return -1;
    }
    return 0;
}

/* A rebuild that was cut short left half the tables: it is done again before anybody asks. */
static int finish_rebuild(struct core *c, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct str half;

    if (core_fact_read(c->writer, "rebuilding", &mem, &half, e) < 0)
        return -1;
    return str_is(half, "1") ? core_rebuild(c, e) : 0;
}

struct seal *core_seal(struct core *c)
{
    return c->seal;
}

const struct feature *const *core_features(struct core *c)
{
    return c->features;
}

struct id core_incarnation(struct core *c)
{
    return c->incarnation;
}

int core_fact(struct reader *r, const char *name, struct arena *mem, struct str *value, struct err *e)
{
    return core_fact_read(r->store, name, mem, value, e);
}

/* ---- code lists and thresholds: published whole, never changed --------------- */

static void publish_lists(_Atomic(struct code_lists *) *to, struct json *lists)
{
    struct code_lists *l = mem_take(sizeof *l);

    l->lists = lists;
    l->before = atomic_load(to);
    atomic_store(to, l);
}

static void free_lists(struct code_lists *l)
{
    while (l) {
        struct code_lists *before = l->before;
        json_free(l->lists);
        free(l);
        l = before;
    }
}

bool core_code_known(struct core *c, const char *list, struct str code)
{
    struct code_lists *l = atomic_load(&c->codes);
    const struct json *items = l ? json_get(l->lists, list) : NULL;
    char key[64];

    if (!items)               /* no profile yet: nothing to hold it against */
        return code.len > 0 && code.len < sizeof key;
    if (code.len >= sizeof key)
        return false;
    memcpy(key, code.at, code.len);
    key[code.len] = 0;
    return json_get(items, key) != NULL;
}

const void *core_codes_now(struct core *c)
{
    return atomic_load(&c->codes);
}

void core_codes_put(struct core *c, const struct json *lists)
{
    JSON_HOME(NULL);              /* they outlive the record that brought them */
    pthread_mutex_lock(&c->codes_lock);
    struct code_lists *now = atomic_load(&c->codes);
    struct json *all = now ? json_copy(now->lists) : json_map();
    for (void *it = json_first(lists); it; it = json_next(lists, it)) {
        struct json *items = json_map();
        for (size_t i = 0; i < json_count(json_value(it)); i++) {
            struct str code = json_str(json_at(json_value(it), i));
            char key[64];
            if (code.len && code.len < sizeof key) {
                memcpy(key, code.at, code.len);
                key[code.len] = 0;
                json_set(items, key, json_number(1));
            }
        }
        json_set(all, json_key(it), items);
    }
    publish_lists(&c->codes, all);
    pthread_mutex_unlock(&c->codes_lock);
}

void core_thresholds_put(struct core *c, const struct json *thresholds)
{
    JSON_HOME(NULL);
    pthread_mutex_lock(&c->codes_lock);
    publish_lists(&c->thresholds, json_copy(thresholds));
    pthread_mutex_unlock(&c->codes_lock);
}

struct lists lists_now(struct core *c)
{
    return (struct lists){ atomic_load(&c->codes), atomic_load(&c->thresholds) };
}

static void back(_Atomic(struct code_lists *) *to, const struct code_lists *then)
{
    if (atomic_load(to) != then)
        publish_lists(to, then ? json_copy(then->lists) : json_map());
}

void lists_back(struct core *c, struct lists then)
{
    JSON_HOME(NULL);
    pthread_mutex_lock(&c->codes_lock);
    back(&c->codes, then.codes);
    back(&c->thresholds, then.thresholds);
    pthread_mutex_unlock(&c->codes_lock);
}

int64_t core_threshold(struct core *c, const char *name, int64_t preset)
{
    struct code_lists *l = atomic_load(&c->thresholds);
    const struct json *t = l ? json_get(l->lists, name) : NULL;
    const struct json *value = json_kind(t) == JSON_MAP ? json_get(t, "value") : t;

    return json_kind(value) == JSON_NUMBER ? json_int(value) : preset;
}

/* ---- opening ------------------------------------------------------------------- */

const char *core_beside(struct arena *mem, const char *given, const char *store, const char *ending)
{
    return given && *given ? given : arena_printf(mem, "%s%s", store, ending);
}

/* fresh: the store has just been made, and its keys may be made with it.  Later a missing key store is a loss, not a beginning. */
static int open_store(struct core *c, const struct core_options *o, bool *fresh, struct err *e)
{
    if (!o->create && !store_has(o->store))
        return err_set(e, ERR_MISSING, "store.missing");
    if (store_open(&c->writer, o->store, STORE_WRITE, e) < 0 || ledger_schema(c->writer, e) < 0 ||
        core_installation_schema(c->writer, e) < 0 || backup_state(c->writer, o->restoring, e) < 0 || core_schema(c, e) < 0)
        return -1;
    int lives = ledger_incarnation(c->writer, &c->incarnation, e);
    if (lives < 0)
        return -1;
    *fresh = !lives && !o->restoring && o->create;
    if (!lives && !o->restoring && !o->create)
        return err_broken(e, "ledger.incarnation", "the store has none");
    return areas_reload(c, e) < 0 || areas_publish(c, c->writer, e) < 0 ? -1 : 0;
}

int core_opened(struct core *c, struct store *s, struct err *e)
{
    for (size_t i = 0; i < c->feature_count; i++)
        if (c->features[i]->opened && c->features[i]->opened(c, s, e) < 0)
            return -1;
    c->settled = lists_now(c);
    return 0;
}

/* The store remembers whose keys it was made with: those of another installation open, and then everything is lost. */
static int keys_belong(struct core *c, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    CLEANUP(buf_done) struct buf text = { 0 };
    struct str held;
    uint8_t mark[32];

    if (!c->seal)
        return 0;
    seal_vouch(c->seal, STR("installation"), mark);
    hex_put(&text, (struct str){ (const char *)mark, sizeof mark });
    if (core_fact_read(c->writer, "keys", &mem, &held, e) < 0)
        return -1;
    if (!held.len)
        return core_fact_set(c, "keys", buf_view(&text), e);
    return str_eq(held, buf_view(&text)) ? 0
        : err_broken(e, "keys.other", "these keys and this master belong to another store: put back those that were made with this one");
}

int core_open(struct core **out, const struct core_options *o, struct err *e)
{
    struct core *c = mem_take(sizeof *c);
    struct arena mem = { 0 };
    bool fresh = false;
    int result;

    c->memo = setting_bool("remember") ? memo_new() : NULL;
    pthread_mutex_init(&c->areas_lock, NULL);
    pthread_mutex_init(&c->duty_lock, NULL);
    pthread_mutex_init(&c->codes_lock, NULL);
    pthread_mutex_init(&c->queue_lock, NULL);
    pthread_mutex_init(&c->tick_lock, NULL);
    pthread_mutex_init(&c->listen_lock, NULL);
    pthread_cond_init(&c->queue_wake, NULL);
    figures_open(c);
    c->seen = -1;
    c->url = strdup(o->store);
    c->progress = o->progress;
    c->duty_revision = 1;
    while (o->features && o->features[c->feature_count])
        c->feature_count++;
    c->features = mem_take((c->feature_count + 2) * sizeof *c->features);
    c->features[0] = &feature_core;
    for (size_t i = 0; i < c->feature_count; i++)
        c->features[i + 1] = o->features[i];
    c->feature_count++;
    index_types(c);
    make_fences(c);

    c->keys_url = strdup(core_beside(&mem, o->keys, o->store, ".keys"));
    result = open_store(c, o, &fresh, e);
    if (result == 0) {
        result = seal_open(&c->seal, c->keys_url, core_beside(&mem, o->master, store_path(o->store), ".keys.master"), fresh, e);
        if (result < 0 && e->kind == ERR_MISSING && o->keyless && !fresh) {
            c->seal = NULL;
            result = 0;
        }
    }
    arena_done(&mem);
    if (result == 0 && !o->restoring)       /* only now an incarnation: a beginning cut off before its keys stood begins again */
        result = keys_belong(c, e) < 0 ? -1 : seen_open(c, fresh, e);
    if (result == 0)
        result = finish_rebuild(c, e);
    if (result == 0)
        result = core_opened(c, c->writer, e);
    if (result == 0)
        result = write_start(c, e);
    if (result < 0) {
        core_close(c);
        return -1;
    }
    *out = c;
    return 0;
}

void core_close(struct core *c)
{
    if (!c)
        return;
    write_stop(c);
    core_reader_close(c->tick_reader);
    seen_close(c);
    if (c->seal)
        seal_close(c->seal);
    areas_free(c->writing);
    core_areas_drop(c->published);
    store_close(c->writer);
    for (size_t i = 0; i < DUTY_CACHE; i++) {
        free(c->duty_cache[i].at);
        free(c->duty_cache[i].ended_at);
    }
    for (size_t i = 0; i < c->kind_count; i++) {
        free(c->kinds[i].follows);
        free(c->kinds[i].follow_features);
    }
    free(c->kinds);
    free_fences(c);
    free(c->features);
    free_lists(atomic_load(&c->codes));
    free_lists(atomic_load(&c->thresholds));
    free(c->url);
    memo_free(c->memo);
    pthread_mutex_destroy(&c->areas_lock);
    pthread_mutex_destroy(&c->duty_lock);
    pthread_mutex_destroy(&c->codes_lock);
    pthread_mutex_destroy(&c->queue_lock);
    pthread_mutex_destroy(&c->tick_lock);
    pthread_mutex_destroy(&c->listen_lock);
    pthread_cond_destroy(&c->queue_wake);
    figures_close(c);
    free(c);
}

void core_listen(struct core *c, void (*tell)(void *arg, const struct event *events, size_t count), void *arg)
{
    pthread_mutex_lock(&c->listen_lock);
    if (c->listener_count < COUNT_OF(c->listeners))
        c->listeners[c->listener_count++] = (struct listener){ tell, arg };
    pthread_mutex_unlock(&c->listen_lock);
}

void core_unlisten(struct core *c, void *arg)
{
    size_t kept = 0;

    pthread_mutex_lock(&c->listen_lock);
    for (size_t i = 0; i < c->listener_count; i++)
        if (c->listeners[i].arg != arg)
            c->listeners[kept++] = c->listeners[i];
    c->listener_count = kept;
    pthread_mutex_unlock(&c->listen_lock);
}
