/*
 * core.h - the door of core: what every feature needs.
 *
 * Areas and rights, the shape of a feature, and the three ways data moves:
 * core_write (ask, check, ledger, tables), core_read (question, right, rows)
 * and core_rebuild (ledger, tables).  core knows no feature by name: main
 * hands over the table of them.
 */
#ifndef WANGGE_CORE_H
#define WANGGE_CORE_H

#include "base/json.h"
#include "ledger/ledger.h"
#include "seal/seal.h"
#include "store/store.h"

struct core;
struct tx;
struct reader;                                        /* a read connection of one thread */

/* ==== rights and roles (core/right.c: one table, role by right) ================ */

enum right {
    RIGHT_SIGNED_IN = 0,         /* whoever is signed in, about no area */
    RIGHT_FIGURES = 1 << 0,      /* counts */
    RIGHT_LISTS = 1 << 1,        /* lists, masked unless the row is one's own */
    RIGHT_OPEN = 1 << 2,         /* members of the very grid of one's duty, open */
    RIGHT_REVEAL = 1 << 3,       /* one household at a time, with a purpose */
    RIGHT_ROUNDS = 1 << 4,
    RIGHT_DUTIES = 1 << 5,
    RIGHT_ORDERS = 1 << 6,
    RIGHT_GRIDS = 1 << 7,        /* the tree */
    RIGHT_DOORS = 1 << 8,        /* doors, households, members */
    RIGHT_VISIT = 1 << 9,
    RIGHT_FOR = 1 << 10,         /* types in for somebody */
    RIGHT_IMPORT = 1 << 11,
    RIGHT_APPROVE = 1 << 12,     /* the second person */
    RIGHT_AUDIT = 1 << 13,
    RIGHT_ACCOUNTS = 1 << 14,
    RIGHT_SETTINGS = 1 << 15,    /* profiles, installation */
    RIGHT_SYSTEM = 1 << 30,      /* only the program itself: alarms, deliveries, freezes */
};

struct duty {                    /* one dated responsibility, as rights read it */
    struct id id, worker;
    char area[LEDGER_NAME];      /* area id */
    char role[24];               /* code of list duty_role */
    struct id household;         /* zero, or the centre household whose linked ones it covers */
    bool deputy;
    int64_t since, until;        /* ms; until 0: open end */
};
uint32_t role_rights(const char *role);          /* 0 for an unknown role, and for one whose tasks do not exist yet */
bool role_known(const char *role);
void role_write(struct out *o, const char *role);       /* the names of its rights, as /api/meta says them; a JSON list */

struct who {                     /* on whose behalf something is asked or written */
    struct id worker;
    bool system;                 /* the program itself or the operator at the command line: every right */
    char account[64];
    const struct duty *duties;   /* current ones; borrowed from the session or the request's arena */
    size_t duty_count;
};

/* ==== areas (core/area.c) ======================================================= */

/* One area as it is now.  id is its code at birth; path is "4405/440513/…/" of today's tree. */
struct area {
    struct str id, code, name, path, ledger, kind;
    int level;                   /* 1 city 2 district 3 town 4 village 5 grid 6 block 7 … */
    bool open;
    const struct area *parent;   /* NULL at a root */
    const struct area *successor;/* where a closed one was merged into */
    size_t children;             /* open ones */
    bool placed;                 /* has a point */
    int32_t lon, lat;            /* 1e-6 degrees, WGS-84 */
};

/* An unchanging picture of all areas, shared by readers; hold it while you borrow from it. */
struct areas;
const struct areas *core_areas_hold(struct core *c);
void core_areas_drop(const struct areas *a);                         /* accepts NULL */
/* By id, by present code, by any former code, in 12 digits or fewer. NULL: unknown. */
const struct area *area_find(const struct areas *a, struct str text);
size_t area_count(const struct areas *a);
const struct area *area_at(const struct areas *a, size_t i);         /* in the order of paths, but for the writer's own picture */
bool area_within(const struct area *below, const struct area *above);/* or the same */
int64_t areas_revision(const struct areas *a);                       /* grows with each change */

/* Written only by the apply of feature area; upserts in which the later (at, record) stands. */
struct area_put {
    struct str id, code, name, kind, parent, ledger;
    int level;
    bool placed;
    int32_t lon, lat;
};
struct record;
MUST_USE int core_area_put(struct tx *tx, const struct record *r, const struct area_put *a, struct err *e);
MUST_USE int core_area_close(struct tx *tx, const struct record *r, struct str id, struct str successor, struct err *e);
/* Gives an area another present code and parent; the former code stays findable. */
MUST_USE int core_area_recode(struct tx *tx, const struct record *r, struct str id, struct str code, struct str name, struct str parent, struct err *e);
/* Geometry: GeoJSON-like {"type","coordinates"} in 1e-6 degrees, or NULL to remove. synthetic is shown on the map. */
MUST_USE int core_area_shape(struct tx *tx, const struct record *r, struct str id, const struct json *shape, bool synthetic, struct err *e);
MUST_USE int core_area_point(struct tx *tx, const struct record *r, struct str id, int32_t lon, int32_t lat, struct err *e);
/* The id a newly opened area with this code gets: the code, or code.2, code.3 when an id of that name is taken. */
struct str area_birth_id(const struct areas *a, struct str code, struct arena *mem);

/* Duties: written only by feature duty.  An ended or lapsed one keeps its row.  One that begins after the record's time stands from core_duty_begin on. */
MUST_USE int core_duty_put(struct tx *tx, const struct record *r, const struct duty *d, struct err *e);
MUST_USE int core_duty_begin(struct tx *tx, struct id duty, struct err *e);
MUST_USE int core_duty_end(struct tx *tx, struct id duty, int64_t at, struct err *e);

/* ==== fields, records ============================================================ */

enum field_kind {
    FIELD_ID,        /* UUID text, 36 characters */
    FIELD_AREA,      /* an area: id or any code of it; becomes the id */
    FIELD_NUMBER,    /* whole, min..max, of unit */
    FIELD_TEXT,      /* min..max characters (default 1..200), no control characters; trimmed by nobody */
    FIELD_CODE,      /* an item of code list `codes` */
    FIELD_DAY,       /* "2020-02-05", a real day 1900..2199 */
    FIELD_TIME,      /* ms UTC */
    FIELD_BOOL,      /* true or false */
    FIELD_GROUP,     /* a nested map of `fields` */
    FIELD_DATA,      /* free JSON (thresholds, geometry), `max` bytes when written */
};

struct field {
    const char *name;
    enum field_kind kind;
    bool required;
    bool list;                   /* a list of it, 0..items */
    int64_t min, max;            /* NUMBER: bounds (both 0: any); TEXT: characters; DATA: bytes */
    size_t items;                /* list: most items, default 100 */
    const char *codes;           /* CODE: name of the list */
    const char *unit;            /* "0.1 °C" */
    enum seal_class seal;
    enum seal_find find;         /* sealed: what it may be found by */
    const struct field *fields;  /* GROUP */
    const char *words;           /* zh label, shown by /api/meta; en is in the feature's ui */
};

enum { RECORD_FACT = 0, RECORD_COMMAND = 1 };

/*
 * A record on its way.  check sees all values; when the boxes are made the
 * sealed ones leave the tree, so that apply - now or at a replay in thirty
 * years - sees exactly what the ledger keeps.
 */
struct record {
    const struct record_type *type;
    struct id id;
    struct str ledger;
    struct str area;             /* id */
    int64_t position;            /* known in apply */
    int64_t at;                  /* corrected time */
    int64_t received_at;
    struct id maker, author, for_whom;
    enum ledger_proof proof;
    struct id subject;           /* whose secret seals it */
    struct json *values;         /* body */
    struct json *given;
    struct str boxes;            /* known in apply */
    struct arena *mem;
};

/* Reading fields; names are those of the type's table. Absent: zero, "none" or value_null. */
bool record_has(const struct record *r, const char *field);
struct value record_value(const struct record *r, const char *field);   /* as the store keeps it: id → BLOB, bool → 0/1 … */
int64_t record_number(const struct record *r, const char *field);
struct str record_text(const struct record *r, const char *field);      /* text, code, day, area */
struct id record_id(const struct record *r, const char *field);
const struct json *record_json(const struct record *r, const char *field);
/* Items of a list of groups: for (size_t i = 0; record_item(r, "checks", i, &it); i++) */
struct item {
    const struct json *map;
};
bool record_item(const struct record *r, const char *list, size_t i, struct item *it);
bool item_has(const struct item *it, const char *field);
struct id item_id(const struct item *it, const char *field);
int64_t item_number(const struct item *it, const char *field);
struct str item_text(const struct item *it, const char *field);
/* The record's box of one class, "none" when it has none. */
struct str record_box(const struct record *r, enum seal_class class);
/* (at, id) as 24 bytes that compare like time: "the later stands, ties by id". Lives in r->mem. */
struct str record_stamp(const struct record *r);
int64_t stamp_at(struct str stamp);                                     /* 0 for what is no stamp */
struct id stamp_record(struct str stamp);
/* Who did what it tells: for whom it was typed in, else its maker. */
struct id record_doer(const struct record *r);

/* What the server decided on acceptance; clear, under the digest.  Only in check. */
void given_number(struct record *r, const char *key, int64_t n);
void given_text(struct record *r, const char *key, struct str s);
void given_id(struct record *r, const char *key, struct id id);
int64_t given_int(const struct record *r, const char *key);
struct str given_str(const struct record *r, const char *key);
struct id given_as_id(const struct record *r, const char *key);
bool given_has(const struct record *r, const char *key);

/*
 * Columns that hold sealed values keep boxes: a list of [record, at, box].
 * boxes_with gives the list with this record's box of the class added in the
 * order of stamps; opening it merges the fields, the later stands.  The same
 * record is not added twice.  "none" when there is nothing to keep.
 */
struct str boxes_with(const struct record *r, struct str boxes, enum seal_class class);

struct record_type {
    const char *name;                       /* "watch.reading" */
    enum right right;                       /* of the maker on record.area at the corrected time */
    const struct field *fields;
    int (*check)(struct tx *tx, struct record *r, struct err *e);        /* may be NULL; only reads; may set given and subject */
    int (*apply)(struct tx *tx, const struct record *r, struct err *e);  /* may be NULL */
    int command;                            /* RECORD_COMMAND: right judged now as well, may be refused for the state of the world */
    const char *own;                        /* field of a worker's id: that one may say it without the right, of what is his own, which check holds to */
    const char *subject;                    /* field whose id is the sealing subject; NULL: check sets r->subject */
    bool looks;                             /* goes to the read ledger beside the village's own */
    bool aside;                             /* no row of a door changes by it (BUNDLE_ROWS) */
    bool births;                            /* record.area may be unknown: the root of a tree is born with it (system only) */
    const char *words;                      /* zh */
};

struct follow {                  /* apply of another feature's type, to our left */
    const char *type;
    int (*apply)(struct tx *tx, const struct record *r, struct err *e);
};

struct delivery {                /* how a record here becomes one in another village */
    const char *from, *to;       /* types */
    /* values: the source record, opened; out: the body of the record at the target */
    int (*make)(struct tx *tx, const struct record *source, const struct json *values, struct json **out, struct err *e);
    bool villages;               /* one into every village at or below the target, not one into the target */
};

/* ==== questions ==================================================================== */

enum mask { MASK_OPEN, MASK_NAME, MASK_PHONE, MASK_ID, MASK_TEXT, MASK_OMIT };

/*
 * A column that is opened from boxes.  The statement selects, besides the
 * columns that are sent, hidden ones whose names begin with "_": the list of
 * boxes, and _ledger, _area, _household, _centre by which it is decided
 * whether the asker sees the row open or masked.
 */
struct sealed_column {
    const char *name;            /* in the answer */
    const char *boxes;           /* hidden column: "_boxes" */
    const char *field;           /* field inside the boxes */
    enum mask mask;              /* for who may not see it open; MASK_OPEN: everybody signed in may */
    enum seal_class class;       /* preset SEAL_REGISTER when 0 */
    const char *whole, *parts;   /* hidden columns: other boxes, and which items of their list this row is (core_open_parts); NULL: none */
    const char *list;            /* the list `parts` are items of */
    bool kept;                   /* `boxes` is a record's id: too large for a table, the box is opened where the ledger has it */
};

enum param_from { PARAM_ASKED, PARAM_WORKER, PARAM_NOW, PARAM_DAY, PARAM_SET };  /* PARAM_SET: by prepare */
struct param {
    const char *name;
    enum field_kind kind;
    bool required;
    enum param_from from;
};

struct ask {
    struct core *core;
    const struct who *who;
    struct store *store;         /* a reader, in one snapshot */
    const struct areas *areas;
    const struct area *area;     /* asked area; NULL when the query needs none */
    const struct query *query;
    struct str text_of[12];      /* raw text of each asked param, "none" when absent */
    struct value args[16];       /* $1 = path from, $2 = path to (exclusive), $3 … = params in order, then cursor values, then limit */
    size_t arg_count;
    bool opened;                 /* some row was one the asker may see open */
    int64_t shown;               /* rows that told something sealed: above none, the answer leaves only after its read record */
    bool own_only;               /* only rows of the asker's own households may leave */
    bool bundled;                /* for a bundle, which has no other list */
    struct arena *mem;
};

enum bundle {
    BUNDLE_NONE,
    BUNDLE_ROWS,                 /* rows of doors, by their column door: what changed since comes door by door */
    BUNDLE_STATES,               /* the same without what is sealed: other rows of the door tell it */
    BUNDLE_TAGGED,               /* comes when it is not as the asker has it */
};

struct query {
    const char *name;
    enum right right;            /* on the asked area */
    bool everywhere;             /* no area is asked for ($1 $2 cover all) */
    const struct sql *sql;
    const struct param *params;
    const struct sealed_column *sealed;
    const char *keys;            /* paged: kinds of the first result columns, the key, ascending: "tib" is text, integer, blob.
                                    The key after which to go on comes as the last args before the limit, at first the lowest */
    int page;                    /* rows a page, default 500 */
    int (*prepare)(struct ask *ask, struct err *e);               /* sets args by PARAM_SET, or refuses */
    /* Instead of sql: writes the whole answer; tag (64 bytes) may get an ETag. */
    int (*answer)(struct ask *ask, struct buf *body, char *tag, struct err *e);
    /* Of a row, what is told from elsewhere than the store: writes the value of this column, or nothing and is false.  Not of parts of a bundle. */
    bool (*told)(struct ask *ask, const struct rows *rows, const char *column, struct out *o);
    bool same;                   /* the answer is the same for everybody who may ask: it may be remembered until the next commit */
    enum bundle bundle;          /* a part of what a phone takes along; asked there without any param */
    bool slow;                   /* reads a whole ledger: it is answered beside those that answer everybody */
    bool reveal;                 /* asked by POST /api/reveal only, the leftmost feature's where none is named; sealed columns are given
                                    open where `fields` names them. Its params are ids, the first a household, or
                                    whatever else seals what it opens; one row where it has more */
    const char *words;
};

/* ==== a feature ======================================================================= */

struct feature {
    const char *name, *words;
    int version;                          /* number of schema steps */
    const struct sql *const *schema;      /* one step each */
    const struct record_type *records;    /* end with a NULL name; all tables may be NULL */
    const struct follow *follows;
    const struct query *queries;
    const struct delivery *deliveries;
    const struct sql *const *recounts;    /* each gives one row per counter that differs from a recount; NULL-terminated */
    /* The centre household a household is linked to (zero: none), for rights of role centre_head. At most one feature. */
    int (*centre_of)(struct store *s, struct str ledger, struct id household, struct id *centre, struct err *e);
    /*
     * $1 a ledger, $2 an id that a record names: the doors whose rows change with it, where each stands and the position
     * at which it last came from another grid (NULL: never did).  At most one feature.
     */
    const struct sql *doors_of;
    /* The name by which a signed-in worker is greeted; nothing appended when unknown. At most one feature. */
    int (*name_of)(struct core *c, struct store *s, struct id worker, struct buf *out, struct err *e);
    /* Called when the store is opened and after a rebuild: hands lists and thresholds to core. */
    int (*opened)(struct core *c, struct store *s, struct err *e);
};

/* ==== inside check and apply =============================================================== */

struct store *tx_store(struct tx *tx);
const struct areas *tx_areas(struct tx *tx);             /* check only */
struct core *tx_core(struct tx *tx);
/* A command sometimes touches a second area beside record.area: has whoever does it the right there, too, now?  (Of what
   his device has marked: at the time of the work.)  check only. */
MUST_USE int tx_may(struct tx *tx, const struct record *r, enum right right, const struct area *area, bool *may, struct err *e);
/* Who did what a record of the same ledger tells - for whom it was typed in, else its maker - and when it was received. check only. 1 found, 0 not, -1. */
MUST_USE int tx_made(struct tx *tx, const struct record *r, struct id record, struct id *doer, int64_t *received_at, struct err *e);
MUST_USE int tx_query(struct tx *tx, struct rows *rows, struct err *e, const struct sql *sql, struct args args);
MUST_USE int tx_run(struct tx *tx, struct err *e, const struct sql *sql, struct args args, int64_t *changed);
/* Does `code` stand in the list today?  check only. Lists are written by feature profile through core_codes_put. */
bool core_code_known(struct core *c, const char *list, struct str code);
const void *core_codes_now(struct core *c);            /* another after each change, never one that was; only to be compared */
void core_codes_put(struct core *c, const struct json *lists);   /* {"sex":["0","1"]…}; replaces lists of the same name */
/* A number of today's profile ("fever_line"), for check only; {"fever_line":373} or {"fever_line":{"value":373,…}}. */
int64_t core_threshold(struct core *c, const char *name, int64_t preset);
void core_thresholds_put(struct core *c, const struct json *thresholds);
/* Sets an alarm: at due_at the record `type` with {first id field: subject} is appended to this ledger and area. The same call twice is one alarm. */
MUST_USE int core_alarm(struct tx *tx, const struct record *r, int64_t due_at, const char *type, struct id subject, struct err *e);
MUST_USE int core_alarm_off(struct tx *tx, const struct record *r, const char *type, struct id subject, struct err *e);
/* A record for another village is owed because of this one; see struct delivery. */
MUST_USE int core_owe(struct tx *tx, const struct record *r, struct str target_area, struct err *e);

/* ==== the whole ============================================================================= */

struct core_options {
    const char *store, *keys, *master;    /* urls and a path; keys and master NULL: beside the store */
    bool create;
    const struct feature *const *features;/* NULL-terminated, leftmost first */
    bool keyless;                         /* open even when the keys are lost: what needs none still works (verify, rebuild) */
    bool restoring;                       /* core_restore's own: open what is only half restored */
    void (*progress)(const char *words, int64_t done, int64_t all);   /* of a rebuild; may be NULL */
};
MUST_USE int core_open(struct core **out, const struct core_options *o, struct err *e);
void core_close(struct core *c);                         /* what was acknowledged is kept, what waits is refused busy.stopping */
struct seal *core_seal(struct core *c);
const struct feature *const *core_features(struct core *c);
const struct record_type *core_type(struct core *c, struct str name);
const struct query *core_query(struct core *c, struct str feature, struct str name);
struct id core_incarnation(struct core *c);

/* Facts about the installation ("drill": "1"), in the store, not records. "none" when not set. */
MUST_USE int core_fact_set(struct core *c, const char *name, struct str value, struct err *e);
MUST_USE int core_fact(struct reader *r, const char *name, struct arena *mem, struct str *value, struct err *e);

/* ---- writing (core/batch.c, core/queue.c) ------------------------------------------------------------------ */

enum result_status { RESULT_WAITING, RESULT_STORED, RESULT_REPEATED, RESULT_REFUSED };
struct result {
    struct id id;
    enum result_status status;
    char ledger[LEDGER_NAME];
    int64_t position;
    int64_t safe;                                    /* position of its ledger in the last finished backup, 0: none */
    uint8_t digest[LEDGER_DIGEST];                   /* of the row, stored now or before: what the client may remember */
    struct err err;
};

/* Records handed in together.  Shape errors are results already; the rest waits for the writer. */
struct batch {
    struct result *results;
    size_t count;
    bool low;                                        /* import: beside visits, not before them */
    bool told;                                       /* the body said what else waits on the device that sent it: */
    struct seal_left left;
    void (*done)(struct batch *b, void *arg);        /* from the writer's thread, after the disk; then the batch is yours again */
    void *arg;
    struct batch_own *own;                           /* core/batch.c's */
};
/* From the bytes of POST /api/records. Fails only on the whole body; who is copied. */
MUST_USE int core_batch_read(struct core *c, const struct who *who, struct str body, struct batch **out, struct err *e);
/* From the bytes of POST /api/parcels: opening one takes a quarter of a millisecond.  What cannot be opened is refused by itself, parcel.bad. */
MUST_USE int core_parcels_read(struct core *c, const struct who *who, struct str body, struct batch **out, struct err *e);
/* By hand, in-process: values is taken. at is the record's own time; received is usually time_now(). */
struct batch *core_batch_new(struct core *c, const struct who *who, int64_t received_at);
void core_batch_add(struct batch *b, struct id id, const char *type, struct str area, int64_t at, struct json *values);
void core_batch_free(struct batch *b);
void core_submit(struct core *c, struct batch *b);   /* returns at once */
void core_write(struct core *c, struct batch *b);    /* waits until it is done; every result is set */
void core_batch_answer(const struct batch *b, struct buf *out);      /* {"results":[…]} */
/* Bulk loading (drill): the caller's thread is the writer, thousands of records a commit. Ends with core_bulk_end. */
void core_bulk_begin(struct core *c);
MUST_USE int core_bulk_end(struct core *c, struct err *e);

extern const struct who who_system;

/* ---- reading (core/read.c) --------------------------------------------------------------------- */

MUST_USE int core_reader_open(struct core *c, struct reader **out, struct err *e);
void core_reader_close(struct reader *r);
struct store *reader_store(struct reader *r);

/* Looks up one named parameter of the request; "none" when absent. */
typedef struct str ask_param(void *ctx, const char *name);

struct answer {
    struct buf body;                                  /* {"rows":[…],"next":…} or what query.answer wrote */
    char tag[64];                                     /* ETag, or empty */
    struct batch *note;                               /* the read record that must be on disk before body leaves; NULL: none */
};
MUST_USE int core_read(struct core *c, struct reader *reader, const struct who *who, struct str feature, struct str query,
                       ask_param *param, void *ctx, struct answer *out, struct err *e);
/*
 * GET /api/bundle: what a phone needs of a village or less, doc/flow.md.  since is the cursor of an answer before, tags those of its
 * parts; of another state of things than the cursor's the whole comes.  Keys: bundle.large.
 */
MUST_USE int core_bundle(struct core *c, struct reader *reader, const struct who *who, ask_param *param, void *ctx, struct answer *out,
                         struct err *e);
/* POST /api/reveal: {"query"?,"household","area","fields","purpose"} and the query's other params; area is the household's or one above it.
   out->note is always set. */
MUST_USE int core_reveal(struct core *c, struct reader *reader, const struct who *who, struct str body, struct answer *out, struct err *e);
void answer_done(struct answer *a);
void core_meta(struct core *c, struct buf *out);      /* GET /api/meta */
/* GET /api/openapi.json: the contract as OpenAPI 3.1, drawn from the same tables. */
MUST_USE int core_openapi(struct core *c, struct reader *reader, struct buf *out, struct err *e);
struct core_key {
    const char *key;
    enum err_kind kind;
};
extern const struct core_key core_keys[];             /* what the program refuses with, by name; made from the sources by tool/keys.mjs */
/* Opens a list of boxes (a column made by boxes_with) into one map of fields. NULL with err when none can be opened. */
struct json *core_open_boxes(struct core *c, struct str ledger, struct str boxes, enum seal_class class, struct err *e);
/* The same for a row that is also an item of a list in records of other boxes: each of parts is the record's id and 2 bytes of index. */
struct boxes_part {
    const char *list;
    struct str whole, parts;
};
struct json *core_open_parts(struct core *c, struct str ledger, struct str boxes, const struct boxes_part *part, enum seal_class class, struct err *e);
/* What each record of such a list said by itself, in the order of stamps; those that cannot be opened are left out. part NULL: none. */
typedef void core_said(void *ctx, struct id record, int64_t at, const struct json *said);
void core_said_each(struct core *c, struct str ledger, struct str boxes, const struct boxes_part *part, enum seal_class class,
                    core_said *each, void *ctx, struct err *e);
/* One row of boxes opened or masked for a column: appends the JSON value. */
void mask_put(struct buf *out, enum mask mask, struct str value);

/* May this person see the row open?  Duty on the very grid, household or its centre. */
bool who_opens(const struct who *who, const struct areas *areas, const struct area *row_area, struct id household, struct id centre);
/* Does the asker keep the register of the asked area, or open its rows by duty?  Lists of empty and away doors are for nobody else. */
bool ask_on_duty(const struct ask *ask);
bool who_at_doors(const struct who *who);              /* all duties are; there is one: theirs is the phone's face */
bool who_may(const struct who *who, const struct areas *areas, enum right right, const struct area *area, int64_t at);

/* ---- people who sign in (core/account.c) ----------------------------------------------------------- */

struct session {
    struct who who;                                   /* duties kept fresh while held */
    int64_t until;
    uint8_t token_hash[32];
};
/* A name belongs to one worker (account.known); for the same worker it is a new password, and what was signed in with the old one ends,
   and his card. */
MUST_USE int core_account_add(struct core *c, struct str name, struct id worker, struct str password, struct err *e);
/* Would it be taken?  account.name, account.password, account.known. */
MUST_USE int core_account_check(struct core *c, struct str name, struct id worker, struct str password, struct err *e);
/* May this person give the worker an account?  Whoever may assign every duty the worker holds, and there is one; or RIGHT_ACCOUNTS there. */
MUST_USE int core_account_may(struct core *c, struct reader *reader, const struct who *who, struct id worker, struct err *e);
void core_password_make(char out[17]);            /* sixteen letters and digits that are not mistaken for each other */
struct card {
    char name[64], code[9];                           /* of the account; eight digits, told once */
    int64_t until;
};
/* A card for the worker's account, which is made when he has none (seal_account_of); it is good once, for card_hours, and ends the one before it. */
MUST_USE int core_card_make(struct core *c, struct id worker, struct card *out, struct err *e);
struct signing {                                      /* how somebody signs in, and what he is given */
    struct str name, password;
    struct str code;                                  /* of a card, instead of the password; "none" without */
    enum sign { SIGN_DESK, SIGN_FIELD, SIGN_BY_DUTY } where;   /* for session_days, or field_days; by duty: the latter where all are at doors */
    char token[48];                                   /* given: 43 characters and an end */
    struct id device;                                 /* given, with the key that marks what is made on it (seal_device_put); nobody is told twice */
    uint8_t key[32];
};
/* Checks the password or uses up the card (a queue of two Argon2id at once).  Keys: session.wrong, session.locked (again). */
MUST_USE int core_sign_in(struct core *c, struct reader *reader, struct signing *s, struct session *out, struct err *e);
MUST_USE int core_session(struct core *c, struct reader *reader, struct str token, struct session *out, struct err *e);
MUST_USE int core_sign_out(struct core *c, struct session *s, struct err *e);
MUST_USE int core_sign_out_all(struct core *c, struct id worker, struct err *e);      /* wherever this worker is signed in */
/* Appends a worker's name, open to everyone signed in; nothing when it is not known. */
MUST_USE int core_worker_name(struct core *c, struct reader *reader, struct id worker, struct buf *out, struct err *e);
void session_done(struct session *s);

/* ---- listening -------------------------------------------------------------------------------------- */

struct event {
    struct str ledger, type, area, path;
    int64_t position;
    uint64_t number;                                  /* of this process, ascending */
};
/* Called from the writer's thread after each commit with what became visible.  Must not block. */
void core_listen(struct core *c, void (*tell)(void *arg, const struct event *events, size_t count), void *arg);
void core_unlisten(struct core *c, void *arg);        /* when it returns, nobody is in tell and nobody calls it again */

/* ---- proving, replaying, forgetting -------------------------------------------------------------------- */

struct verify_report {
    int64_t ledgers, records, bad_ledgers, bad_counters;
    int64_t bad_pages;                    /* of both files: what is wrong with their pages, below any meaning */
    int64_t boxes, erased, lost;          /* sealed parts: all, of those erased, of those whose key is lost or that are damaged */
    bool keyless;                         /* no keys: boxes were not looked into */
    int64_t heads, bad_heads;             /* daily roots looked at; lines, roots and signatures of them that do not hold */
    int64_t tables, bad_tables;           /* only of core_verify_tables */
    char first_bad[160];
};
MUST_USE int core_verify(struct core *c, struct verify_report *out, struct err *e);
/*
 * Every table against one made from the ledgers in a store beside ours, which is gone again afterwards; adds to out.
 * Both are read at one moment: what is written meanwhile counts for neither.  One at a time.  busy.rebuilding, busy.stopping.
 */
MUST_USE int core_verify_tables(struct core *c, struct verify_report *out, struct err *e);
MUST_USE int core_rebuild(struct core *c, struct err *e);
bool core_rebuilding(struct core *c);     /* the tables are not to be looked at: busy.rebuilding */
MUST_USE int core_tables_digest(struct core *c, uint8_t out[32], struct err *e);  /* core's and every feature's tables */
struct table_digest {                     /* "duty_worker" is a table of the feature duty */
    char name[64];
    uint8_t digest[32];
};
struct tables {
    struct table_digest *at;
    size_t count, room;
};
MUST_USE int core_tables(struct core *c, struct tables *out, struct err *e);      /* the same table by table */
void tables_done(struct tables *t);
void tables_hash(const struct tables *t, uint8_t out[32]);                        /* core_tables_digest of them */
bool table_same(const struct tables *others, const struct table_digest *t);       /* is one of this name there, with the same rows? */
/* Every search token made again from the boxes that still open; until it ends a search may miss somebody. */
MUST_USE int core_tokens(struct core *c, int64_t *records, struct err *e);
bool core_unfindable(struct core *c);                                              /* there are secrets, and no search token at all */
/* Destroys what is known of a subject: tombstone first, then whatever record the feature appends. */
MUST_USE int core_erase(struct core *c, struct str ledger, struct id subject, struct err *e);

/* ---- backup and restore (core/backup.c, core/restore.c) --------------------------------------------------- */

struct backup_report {
    int64_t ledgers, records, copied;     /* in the backup; records that were not there before */
    int64_t secrets;
    int64_t broken;                       /* ledgers whose chain does not hold: copied up to there */
    char first_broken[LEDGER_NAME];
};
/*
 * Brings the backup in folder up to what is acknowledged now, beside whoever
 * writes: ledger.db, then keys.db.  What was finished before stands until this
 * one is.  Nothing is changed when it is another store's (backup.other) or a
 * ledger there is not the beginning of ours (backup.fork, the ledger in field).
 * When it is finished, results tell by `safe` up to where.
 */
MUST_USE int core_backup(struct core *c, const char *folder, struct backup_report *out, struct err *e);
/* Whoever makes a backup gives up at the next piece (busy.stopping). */
void core_backup_stop(struct core *c);
/* No backup can be opened any more (the master was changed): every `safe` is 0 until the next one. */
MUST_USE int core_backup_void(struct core *c, struct err *e);

struct restore_report {
    int64_t ledgers, records;
    int64_t erased, erased_periods;       /* households and months with a tombstone */
    int64_t findable;                     /* records whose search tokens were made again */
    int64_t newest_at;                    /* when the newest record was received */
};
/*
 * Makes store and keys of o, where there are none, from the finished part of
 * the backup in folder; o->master must stand.  One that was cut goes on when
 * it is called again.  restore.exists, backup.missing, backup.unfinished.
 */
MUST_USE int core_restore(const struct core_options *o, const char *folder, struct restore_report *out, struct err *e);

/* Appends due alarms and owed deliveries once; returns how many. The server calls it every second. */
int core_tick(struct core *c, struct err *e);

/* The day's heads under one root (core.heads), as the ledger of a root area keeps them. */
struct day_heads {
    struct str day, root, key, sign;      /* the last three hexadecimal; the key is the public one */
    struct str list;                      /* "ledger position digest" and a line end each; the root is SHA-256 of it */
    int64_t ledgers, records;             /* lines, and their positions together */
    int64_t position, at;                 /* of the record itself */
    uint8_t digest[LEDGER_DIGEST];
};
/* day "none": the newest. ERR_MISSING heads.none. */
MUST_USE int core_heads(struct reader *reader, const struct area *root, struct str day, struct arena *mem, struct day_heads *out, struct err *e);

/*
 * Who wrote and who looked at what is kept of one household, in every ledger
 * it lived in; never what the values were.  A list somebody opened names only
 * its area: whether this household was on it is not known, so such looks come
 * as pages, one line a person, question, area and day.
 */
struct trace_line {
    enum { TRACE_WROTE, TRACE_LOOKED, TRACE_PAGE } kind;
    int64_t at, position;                 /* corrected time; pages: of the first and 0 */
    struct str ledger, area;              /* ids */
    struct str type;
    const char *words;                    /* zh, of the type; NULL: one this program does not know */
    struct id maker, author, for_whom;    /* zero: the program, or nobody */
    struct str query, purpose, fields;    /* of looks; fields with blanks between */
    int64_t count;                        /* of looks: rows shown; of pages: how often */
};
struct trace {
    struct trace_line *lines;             /* in the order of time; pages last */
    size_t count, room;
    struct arena mem;
};
/* Everywhere below the area, NULL: everywhere. ERR_MISSING household.unknown. */
MUST_USE int core_trace(struct core *c, struct store *s, const struct areas *areas, const struct area *below, struct id household,
                        struct trace *out, struct err *e);
void trace_done(struct trace *t);

/* ---- how it does (core/figures.c): counts, times and sizes, nothing about a person ------------------------- */

enum { CORE_TIMES = 12, CORE_KEYS = 64 };
extern const int64_t core_commit_bounds[CORE_TIMES];  /* microseconds */
struct core_refusals {
    char key[48];
    int64_t count;
};
struct core_figures {
    int64_t stored, repeated, refused, commits, reads;    /* since the start */
    int64_t waiting, waiting_ms;                          /* batches for the writer; how long the oldest has waited */
    int64_t commit_within[CORE_TIMES + 1], commit_micros; /* both stores' fsync; not cumulative; the last has no bound */
    struct core_refusals refusals[CORE_KEYS];             /* by word key, up to the first without one */
    int64_t readers;                                      /* open connections that read */
    char failing[48];                                     /* why the newest transaction failed, empty when it did not */
    bool keys_failing;
    bool log_stuck;                                       /* of either store, see store_stuck */
    int64_t keys_lost;                                    /* transactions of the key store that were undone */
    /* as of looked_ms ago, -1: not yet */
    int64_t looked_ms, alarms_overdue, alarms_age, owed, owed_age, ledgers, records;  /* ages in ms, of the oldest */
    int64_t store_bytes, store_log_bytes, keys_bytes, keys_log_bytes, disk_free, disk_size;
    int64_t backup_age, unsafe;                           /* ms since the last finished one, -1: never; records it does not hold */
};
void core_figures(struct core *c, struct core_figures *out);
/* Can a write be made?  Else its word key: what the newest one failed with, keys.failing, writer.stuck, writer.stopped. */
bool core_health(struct core *c, char key[48]);
/* Commits that took setting slow_ms or longer since the last call; false: none. */
bool core_slow(struct core *c, int64_t *count, int64_t *worst_ms);

#endif
