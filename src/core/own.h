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
    bool areas;                   /* its fields name areas: which, is known when its turn comes */
};

struct code_lists {               /* never changed once published; old ones live until core_close */
    struct json *lists;           /* {"sex":{"0":1,…}} */
    struct code_lists *before;
};

struct lists {                    /* what stood at a moment */
    struct code_lists *codes, *thresholds;
};

struct duties {                   /* of one worker, ended ones too; kept in a cache */
    struct id worker;
    int64_t revision;
    struct duty *at;
    int64_t *ended_at;            /* 0: stands */
    size_t count;
};
#define DUTY_CACHE 1024

struct alarm {                    /* the key of one */
    int64_t due_at;
    char ledger[LEDGER_NAME], type[64];
    struct id subject;
};

struct debt {                     /* a record owed to another village */
    char ledger[LEDGER_NAME], target[LEDGER_NAME];
    int64_t position;
};

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
    atomic_bool backup_stop;
    atomic_int_least64_t backups_void;
    void (*progress)(const char *words, int64_t done, int64_t all);

    /* writer's own picture, changed as records are applied; readers get a published copy */
    struct areas *writing;
    bool areas_dirty;             /* writing differs from what is published */
    bool tree_dirty;              /* paths must be computed again before the next look */
    pthread_mutex_t areas_lock;
    const struct areas *published;
    int64_t areas_revision;

    _Atomic(struct code_lists *) codes;
    _Atomic(struct code_lists *) thresholds;
    struct lists settled;         /* of the last commit */
    pthread_mutex_t codes_lock;

    pthread_mutex_t duty_lock;
    struct duties duty_cache[DUTY_CACHE];
    _Atomic int64_t duty_revision;
    bool duties_dirty;            /* the writer changed duties that are not yet committed */

    pthread_t thread;
    bool running, bulk_open;
    atomic_bool bulk;             /* bulk_thread is the writer */
    pthread_t bulk_thread;
    int64_t bulk_pending;
    atomic_int rebuilding;        /* enum rebuild_state */
    int64_t rebuild_at;           /* monotonic ms: not tried again before */
    int seen;                     /* the mark beside the store; -1: none */
    int64_t seen_count, appended; /* records acknowledged; those of the writer's transaction */
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_wake;
    struct batch_own *queue[2], **queue_end[2];   /* [1]: low priority */
    bool stopping;
    int64_t writing_since;        /* monotonic ms at which the oldest batch in the writer's hands was queued; 0: none */
    uint64_t seal_mark;           /* of the key store, from when the writer's transaction began */

    pthread_mutex_t figures_lock; /* of what follows */
    struct core_figures figures;
    int64_t looked_at, slow_count, slow_worst, slow_micros;
    char *keys_url;
    atomic_int_least64_t readers;

    pthread_mutex_t tick_lock;
    struct reader *tick_reader;
    char heads_day[DAY_TEXT];     /* whose heads are written */
    struct alarm alarm_after;     /* tried last: the next tick goes on after it, after zeros at the beginning */
    struct debt debt_after;

    struct memo *memo;            /* NULL: nothing is remembered */

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

/* memo.c */
struct memo;
struct memo_time {                /* of a state of the store; taken before anything of it is read */
    int64_t commits, areas;
};
struct memo *memo_new(void);
void memo_free(struct memo *m);
struct memo_time memo_time(struct core *c, const struct areas *areas);
bool memo_find(struct memo *m, struct str question, struct memo_time time, struct buf *body);
void memo_keep(struct memo *m, struct str question, struct memo_time time, struct str body);

/* box.c: what the record's box of a class holds, where the ledger has it.  NULL: nothing, or it cannot be opened */
struct json *box_kept(struct core *c, struct store *s, struct str ledger, struct id record, enum seal_class class, struct err *e);

/* area.c */
struct areas *areas_load(struct store *s, int64_t revision, struct err *e);
void areas_free(struct areas *a);
const struct area *areas_put(struct areas *a, const struct area *row, struct str parent);  /* in place; sorted order is lost */
int areas_repath(struct core *c, struct err *e);        /* paths of all rows computed again and written where they differ */
int areas_publish(struct core *c, struct store *s, struct err *e);
int areas_reload(struct core *c, struct err *e);        /* the writer's picture, after something was undone */

/* right.c */
const char *right_name(enum right right);               /* as /api/meta says it */
int duties_of(struct core *c, struct store *s, struct id worker, struct duty **at, int64_t **ended, size_t *count, struct arena *mem, struct err *e);
bool duties_allow(const struct duty *duties, const int64_t *ended, size_t count, const struct areas *areas, enum right right,
                  const struct area *area, int64_t at, const struct id *centre);
/* May this person see, of such rows, those of the households he answers for? */
bool who_may_own(const struct who *who, const struct areas *areas, enum right right, const struct area *area);
size_t duties_current(struct duty *duties, const int64_t *ended, size_t count, int64_t at);

/* field.c */
int fields_read(struct core *c, const struct field *fields, const struct json *in, struct json **out, struct err *e);
bool fields_have(const struct field *fields, enum field_kind kind);
int fields_areas(const struct areas *areas, const struct field *fields, struct json *values, struct err *e);
/* Is this what a ledger keeps of such a record?  Fields and their kinds only: bounds and codes were those of their day. */
int fields_kept(const struct field *fields, const struct json *values, struct err *e);
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
const char *core_beside(struct arena *mem, const char *given, const char *store, const char *ending);   /* given, or the store's name with an ending */
int core_opened(struct core *c, struct store *s, struct err *e);       /* every feature's opened */
struct lists lists_now(struct core *c);
void lists_back(struct core *c, struct lists then);     /* those of then stand again: what replaced them was undone */

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
    struct json *values;          /* every value, sealed ones too; in the batch's arena, as are the next three */
    struct json *clear;           /* what is not sealed */
    struct str body;              /* that as the ledger keeps it */
    struct str shadows[SEAL_CLASSES];   /* what goes into the box of each class; "none": nothing */
    bool findable;                /* something in it can be searched for */
    bool marked;                  /* by its maker's device: whoever hands it in, it is his */
    size_t order;                 /* in its batch */
    size_t arrival;               /* among everything written together: order is promised within a ledger */
    bool dropped;                 /* its apply failed: left out of the next try */
    struct str stored_area, path; /* for the event */
};

struct batch_own {
    struct batch open;            /* what the caller sees; first, so that one pointer is both */
    struct core *core;
    struct batch_own *next;
    int64_t queued_at;            /* monotonic ms */
    int (*errand)(struct core *c, void *arg, struct err *e);   /* in the same transaction; fails only when the store does */
    void *errand_arg;
    struct err undone;            /* why the whole transaction was */
    struct entry *entries;
    size_t room;
    struct who who;
    int64_t received_at, now;     /* now 0: the clock of the maker is trusted */
    size_t nodes;                 /* values and keys that texts within it may still hold */
    struct arena mem;
};
struct result *entry_result(struct entry *it);
void entry_split(struct entry *it);      /* values into body and shadows */
void entry_refuse(struct entry *it, const struct err *e);

/* write.c: the records of one ledger, all of them or all but those whose apply fails. -1 only when the store itself fails. */
int write_ledger(struct core *c, struct entry **entries, size_t count, struct err *e);

/* queue.c: the writer's thread */
void ledger_name(char name[LEDGER_NAME], struct str ledger, bool looks);
int write_start(struct core *c, struct err *e);
void write_stop(struct core *c);
int write_errand(struct core *c, int (*run)(struct core *c, void *arg, struct err *e), void *arg, struct err *e);   /* waits until it is on disk */
int write_flush(struct core *c, struct err *e);         /* in a bulk load: what was written so far becomes visible */
bool write_elsewhere(struct core *c);                   /* a bulk load of another thread is going on: nobody else writes */
/* replay.c: one row of a ledger into the tables, whoever wrote it */
int replay_row(struct core *c, const struct ledger_row *row, struct arena *mem, struct err *e);
/* write.c */
int64_t judged_at(const struct record *r);              /* when its maker must have had the right: at the time of the work, for seven days */
int apply_record(struct core *c, const struct kind *kind, struct record *r, bool replaying, struct err *e);

/* note.c: core's own records */
extern const struct feature feature_core;

/* fact.c: facts of the installation */
int core_installation_schema(struct store *s, struct err *e);
/* value: "none" when it was never set; -1 when that cannot be known. */
int core_fact_read(struct store *s, const char *name, struct arena *mem, struct str *value, struct err *e);
int core_fact_put(struct store *s, const char *name, struct str value, struct err *e);
/* What the other store is to know of the installation: all but what is said of this store's own state. */
int core_facts_copy(struct store *from, struct store *to, struct err *e);

/* token.c: what the values of a record are found by */
int tokens_note(struct core *c, const struct record *r, const struct json *values, struct err *e);

/* backup.c: the folder, locked until it is closed; whoever reads it shares the lock. -1: backup.locked, backup.folder */
int backup_lock(const char *folder, bool writing, struct err *e);
struct pieces {                   /* ledgers from one store to the other: short reads there, transactions of `size` records here, one of them open */
    struct store *from, *to;
    int64_t size, pending;        /* pending: records in the open one */
    int64_t copied;
    const atomic_bool *stop;      /* busy.stopping between two transactions once it is set; NULL: never */
};
/* Goes on with one ledger up to a position; at: how far it stands then. 1: the chain holds no further, e says why; -1. */
int pieces_ledger(struct pieces *p, struct str ledger, int64_t upto, struct ledger_head *at, struct err *e);

/* restore.c */
#define BACKUP_FACT "backup"        /* in a backup: "half", or the id of the run that finished it */
#define RESTORING_FACT "restoring"  /* in a store that is being restored: that id */
int backup_state(struct store *s, bool restoring, struct err *e);   /* no backup, and not half restored */

/* heads.c: the day's root over all heads, and what clients say of a ledger that changed */
#define HEADS_MOST 20000          /* ledgers under one root; a city of 1,100 villages has some 2,400 */
int heads_tick(struct core *c, struct store *s, struct err *e);        /* writes today's, once; returns how many */
int heads_apply(struct tx *tx, const struct record *r, struct err *e);
int heads_verify(struct core *c, struct store *s, const struct ledger_row *row, struct verify_report *out, struct err *e);
int fork_check(struct tx *tx, struct record *r, struct err *e);
int fork_apply(struct tx *tx, const struct record *r, struct err *e);

/* trace.c */
int trace_answer(struct ask *ask, struct buf *body, char *tag, struct err *e);
struct ids {                      /* a few, each once; free() at */
    struct id *at;
    size_t count, room;
};
bool ids_have(const struct ids *ids, struct id id);
void ids_add(struct ids *ids, struct id id);            /* but the zero id */
/* read.c */
const struct query *reveal_query(struct core *c);
int ask_area(struct ask *ask, ask_param *get, void *ctx, struct err *e);        /* finds it and judges the right */
int ask_args(struct ask *ask, ask_param *param, void *ctx, struct err *e);      /* everything but the limit; prepares */
int ask_snapshot(struct ask *ask, struct err *e);                               /* until store_snapshot_end; busy.rebuilding */
struct batch *read_note(struct ask *ask, const char *type, struct json *values);
#define TABLE_MOST 10000          /* rows of one; beyond: bundle.large */
/* bundle.c: each id once; where it is asked for again, its place says it */
struct told {
    struct id *at;
    uint32_t *slots;              /* place + 1 by the id's last bytes; 0: free */
    size_t count, room, size;     /* size of slots: a power of two */
};
int64_t told_place(struct told *t, struct id id);
/*
 * {"columns":[…],"rows":[[…],…],"ids":[…]}: every row at once, but no id number, not even masked; told: ids are written as places
 * in it, "ids" says in which columns.
 * doors: only rows of these, no other is opened; NULL: all.
 */
int table_out(struct ask *ask, const struct ids *doors, struct told *told, struct buf *body, struct err *e);
/* Everything at or below an area (NULL: everything) is one range of paths: to the last '/' replaced by the character after it. */
void path_range(const struct area *below, struct arena *mem, struct value range[2]);

/* tick.c */
int tick_paid(struct tx *tx, const struct record *r, struct err *e);   /* apply of core.delivered and core.refused */

/* meta.c: what /api/meta and the contract call them */
extern const char *const class_words[], *const mask_words[];           /* by enum seal_class, by enum mask */

/* replay.c */
enum rebuild_state { REBUILD_NONE, REBUILD_GOING, REBUILD_OWED };      /* owed: it failed, and half the tables stand there */

/* seen.c: how many records were acknowledged here, beside the store */
int seen_open(struct core *c, bool fresh, struct err *e);  /* store.behind: the store has fewer; gives a fresh one its incarnation */
void seen_note(struct core *c);                            /* after a commit */
void seen_close(struct core *c);

/* figures.c */
void figures_open(struct core *c);
void figures_close(struct core *c);
int64_t figures_micros(void);                            /* monotonic */
void figures_committed(struct core *c, int64_t micros);
void figures_failed(struct core *c, const struct err *e);   /* a whole transaction */
void figures_well(struct core *c);                          /* something was written again */
void figures_refused(struct core *c, const struct batch *b);
void figures_look(struct core *c, struct reader *reader);   /* every few seconds */
bool figures_doubtful(struct core *c);
void figures_try(struct core *c);                           /* waits for the writer */

/* box.c */
int record_opened(struct core *c, const struct record *r, struct json **out, struct err *e);   /* values with every box joined */

#endif
