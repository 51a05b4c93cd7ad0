/*
 * own.h - what the files of core share and nobody else sees.
 */
#ifndef WANGGE_CORE_OWN_H
#define WANGGE_CORE_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/core.h"

#define LATEST_AT 7258118400000LL  /* year 2200: no time of a record is later */

struct kind {                     /* a record type with everything that happens when one is applied */
    const struct record_type *type;
    int feature;                  /* index; the core's own is 0 */
    const struct follow **follows;
    int *follow_features;
    size_t follow_count;
    const struct delivery *delivery;
};

struct code_lists {               /* never changed once published; old ones live until core_close */
    struct json *lists;           /* {"sex":{"0":1,…}} */
    struct code_lists *before;
};

struct duties {                   /* of one worker, ended ones too; kept in a cache */
    struct id worker;
    int64_t revision;
    struct duty *at;
    int64_t *ended_at;            /* 0: stands */
    size_t count;
};
#define DUTY_CACHE 1024

struct listener {
    void (*tell)(void *arg, const struct event *events, size_t count);
    void *arg;
};

struct core {
    struct store *writer;         /* NULL when read only */
    char *url;                    /* of the store, for readers */
    struct seal *seal;
    const struct feature **features;   /* [0] is core's own, then main's, NULL */
    size_t feature_count;
    struct store_fence *fences;   /* one a feature */
    struct kind *kinds;           /* sorted by name */
    size_t kind_count;
    struct id incarnation;

    /* writer's own picture, changed as records are applied; readers get a published copy */
    struct areas *writing;
    bool areas_dirty;             /* writing differs from what is published */
    bool tree_dirty;              /* paths must be computed again before the next look */
    pthread_mutex_t areas_lock;
    const struct areas *published;
    int64_t areas_revision;

    _Atomic(struct code_lists *) codes;
    _Atomic(struct code_lists *) thresholds;
    pthread_mutex_t codes_lock;

    pthread_mutex_t duty_lock;
    struct duties duty_cache[DUTY_CACHE];
    _Atomic int64_t duty_revision;
    bool duties_dirty;            /* the writer changed duties that are not yet committed */

    pthread_t thread;
    bool running, bulk, bulk_open;
    int64_t bulk_pending;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_wake;
    struct batch_own *queue[2], **queue_end[2];   /* [1]: low priority */
    bool stopping;

    pthread_mutex_t tick_lock;
    struct reader *tick_reader;

    pthread_mutex_t listen_lock;
    struct listener listeners[8];
    size_t listener_count;
    uint64_t event_number;
    atomic_int_least64_t stored, repeated, refused, commits, reads, waiting;
};

struct tx {
    struct core *core;
    struct store *store;
    int feature;                  /* whose statements run */
    bool checking;
    bool replaying;
};

struct reader {
    struct core *core;
    struct store *store;
};

/* area.c */
struct areas *areas_load(struct store *s, int64_t revision, struct err *e);
void areas_free(struct areas *a);
const struct area *areas_put(struct areas *a, const struct area *row, struct str parent);  /* in place; sorted order is lost */
int areas_repath(struct core *c, struct err *e);        /* paths of all rows computed again and written where they differ */
int areas_publish(struct core *c, struct store *s, struct err *e);
int areas_reload(struct core *c, struct err *e);        /* the writer's picture, after something was undone */

/* right.c */
int duties_of(struct core *c, struct store *s, struct id worker, struct duty **at, int64_t **ended, size_t *count, struct arena *mem, struct err *e);
bool duties_allow(const struct duty *duties, const int64_t *ended, size_t count, const struct areas *areas, enum right right,
                  const struct area *area, int64_t at, const struct id *centre);
/* May this person see, of such rows, those of the households he answers for? */
bool who_may_own(const struct who *who, const struct areas *areas, enum right right, const struct area *area);
size_t duties_current(struct duty *duties, const int64_t *ended, size_t count, int64_t at);

/* field.c */
int fields_read(struct core *c, const struct field *fields, const struct json *in, struct json **out, struct err *e);
int fields_areas(const struct areas *areas, const struct field *fields, struct json *values, struct err *e);
bool fields_seal(const struct field *fields, enum seal_class class);
struct json *fields_clear(const struct field *fields, const struct json *values);
struct json *fields_shadow(const struct field *fields, const struct json *values, enum seal_class class);   /* NULL: nothing of this class */
void fields_join(struct json *values, const struct json *shadow);
/* Calls each for every text of a sealed field that can be searched. */
int fields_findable(const struct field *fields, const struct json *values, int (*each)(void *ctx, enum seal_find find, struct str text, struct err *e),
                    void *ctx, struct err *e);

/* core.c */
const struct kind *core_kind(struct core *c, struct str name);
int core_schema(struct core *c, struct err *e);
int core_opened(struct core *c, struct store *s, struct err *e);       /* every feature's opened */

/* Runs one of core's own statements on behalf of a feature, outside its fence. */
int core_run(struct tx *tx, struct err *e, const struct sql *sql, struct args args);

/* batch.c: handing in */
struct entry {                     /* one record of a batch on its way */
    struct batch_own *batch;
    const struct kind *kind;
    struct str area;              /* as stated */
    char ledger[LEDGER_NAME];     /* where it goes; guessed until its turn comes */
    struct id id, maker, for_whom;
    int64_t at, corrected;
    struct json *values;          /* every value, sealed ones too */
    size_t order;                 /* in its batch */
    size_t arrival;               /* among everything written together: order is promised within a ledger */
    bool dropped;                 /* its apply failed: left out of the next try */
    struct str stored_area, path; /* for the event */
};

struct batch_own {
    struct batch open;            /* what the caller sees; first, so that one pointer is both */
    struct core *core;
    struct batch_own *next;
    struct entry *entries;
    size_t room;
    struct who who;
    int64_t received_at, now;     /* now 0: the clock of the maker is trusted */
    struct arena mem;
};
struct result *entry_result(struct entry *it);
void entry_refuse(struct entry *it, const struct err *e);

/* write.c: the records of one ledger, all of them or all but those whose apply fails. -1 only when the store itself fails. */
int write_ledger(struct core *c, struct entry **entries, size_t count, struct err *e);

/* queue.c: the writer's thread */
void ledger_name(char name[LEDGER_NAME], struct str ledger, bool looks);
int write_start(struct core *c, struct err *e);
void write_stop(struct core *c);
int write_flush(struct core *c, struct err *e);         /* in a bulk load: what was written so far becomes visible */
/* write.c */
int apply_record(struct core *c, const struct kind *kind, struct record *r, bool replaying, struct err *e);

/* note.c: core's own records */
extern const struct feature feature_core;
int core_installation_schema(struct store *s, struct err *e);
struct str core_fact_read(struct store *s, const char *name, struct arena *mem);

/* tick.c */
void tick_figures(struct core *c, struct core_figures *out);
int tick_paid(struct tx *tx, const struct record *r, struct err *e);   /* apply of core.delivered and core.refused */

/* box.c */
int record_opened(struct core *c, const struct record *r, struct json **out, struct err *e);   /* values with every box joined */

#endif
