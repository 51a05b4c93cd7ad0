/*
 * base.h - the door of base: text, buffers, memory, ids, time, errors, JSON
 * out, settings, log.  Nothing here knows of epidemics, stores or requests.
 */
#ifndef WANGGE_BASE_H
#define WANGGE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST_USE __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))
/* What must be closed is declared with CLEANUP(x_done); x_done takes a pointer to it and accepts a zeroed thing. */
#define CLEANUP(done) __attribute__((cleanup(done), unused))
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- errors -------------------------------------------------------------
 * What can fail returns 0 or -1 and takes struct err * last.  key is a word
 * key ("area.unknown"), never a sentence; field names the field at fault;
 * detail is for the operator's log only and never leaves in an answer.
 */
enum err_kind { ERR_NONE, ERR_INVALID, ERR_DENIED, ERR_MISSING, ERR_CONFLICT, ERR_BUSY, ERR_BROKEN };

struct err {
    enum err_kind kind;
    bool again;       /* waiting may cure it: the same bytes may be sent again */
    char key[48];
    char field[80];   /* "checks[2].temps[0].temp" */
    char detail[160];
};

int err_set(struct err *e, enum err_kind kind, const char *key);                       /* always -1 */
int err_field(struct err *e, const char *key, const char *field);                      /* ERR_INVALID, always -1 */
int err_missing(struct err *e, const char *key, const char *field);                     /* ERR_MISSING: it may still arrive, again = true; always -1 */
int err_again(struct err *e, enum err_kind kind, const char *key);                     /* again = true, always -1 */
int err_broken(struct err *e, const char *key, const char *fmt, ...) PRINTF_LIKE(3, 4); /* ERR_BROKEN with detail, always -1 */

/* ---- text --------------------------------------------------------------- */

struct str {          /* borrowed bytes, not terminated; at == NULL means "none" (binds NULL, writes null) */
    const char *at;
    size_t len;
};
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })

struct str str_of(const char *z);                      /* NULL gives "none" */
bool str_eq(struct str a, struct str b);
bool str_is(struct str a, const char *z);
int str_cmp(struct str a, struct str b);               /* like memcmp, shorter first */
bool str_starts(struct str a, struct str prefix);
bool str_to_int(struct str a, int64_t *out);           /* whole text, decimal, no overflow */
bool utf8_valid(struct str a);                         /* RFC 3629: no surrogates, no overlong forms; NUL is refused */
size_t utf8_count(struct str a);                       /* characters of valid UTF-8 */
size_t utf8_next(struct str a, size_t i);              /* bytes of the character at i */

struct buf {          /* text being written; a zeroed one is empty and ready */
    char *at;
    size_t len, room;
    bool secret;      /* wiped where it grows out of and where it ends */
};
void buf_put(struct buf *b, const void *bytes, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_text(struct buf *b, const char *z);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
char *buf_take(struct buf *b, size_t n);               /* n more bytes to be filled by the caller */
const char *buf_z(struct buf *b);                      /* terminated; valid until the next write */
struct str buf_view(const struct buf *b);
void buf_clear(struct buf *b);                         /* empty, memory kept */
void buf_done(struct buf *b);

struct drain {        /* where text goes that may be longer than memory: part after part, each as it is made */
    int (*take)(void *to, struct str part, struct err *e);
    void *to;
};
enum { DRAIN_PART = 256 * 1024 };                      /* bytes after which a part should leave */
int drain_buf(void *to, struct str part, struct err *e);   /* a take that keeps all of it in a struct buf */

void hex_put(struct buf *b, struct str bytes);         /* lower case */
extern const uint8_t hex_value[256];                   /* of a digit in either case its value and 16, of anything else 0 */
bool hex_read(struct str text, void *out, size_t n);   /* 2n digits, no more; when false, out is not to be used */
void base64_put(struct buf *b, struct str bytes);      /* RFC 4648, padded */
bool base64_read(struct buf *b, struct str text);      /* false and nothing written when it is not */

/* ---- memory --------------------------------------------------------------
 * Out of memory ends the program; the transaction keeps the data whole.
 */
void *mem_take(size_t n);                              /* zeroed; free() it */
void *mem_resize(void *p, size_t count, size_t size);  /* like realloc; ends the program on overflow */
#define MEM_GROW(array, count, room) \
    ((count) < (room) ? (array) : mem_resize((array), ((room) = (room) ? (room) * 2 : 8), sizeof *(array)))

struct arena {        /* the request's memory; a zeroed one is ready */
    struct arena_page *page;
    bool secret;      /* wiped when it ends */
};
void *arena_take(struct arena *a, size_t n);           /* zeroed, aligned for anything */
struct str arena_str(struct arena *a, struct str s);   /* a copy, terminated */
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
void arena_done(struct arena *a);

/* ---- ids ----------------------------------------------------------------- */

struct id {
    uint8_t b[16];
};
#define ID_TEXT 37
struct id id_new(void);                                /* UUIDv7 of time_now() */
struct id id_make(const char *label, struct str a, struct str b); /* UUIDv8 hashed from its arguments: same in, same out */
bool id_parse(struct str text, struct id *out);        /* 36 characters, either case */
void id_text(struct id id, char out[ID_TEXT]);
bool id_eq(struct id a, struct id b);
bool id_none(struct id id);                            /* all zero */
struct str id_bytes(const struct id *id);              /* borrowed view of the 16 bytes */

/* ---- time ----------------------------------------------------------------
 * Times are milliseconds UTC, days are text "2020-02-05" of +08:00, the only
 * civil time of the field.  time_now() is the one reader of the clock; the
 * test build replaces base/clock.c by test/clock.c.
 */
int64_t time_now(void);
int64_t time_monotonic(void);                          /* for measuring, never stored */
#define DAY_TEXT 11
void day_of(int64_t at, char out[DAY_TEXT]);
bool day_parse(struct str text, int64_t *start_at);    /* a real calendar day; the ms at which it begins in +08:00 */
int32_t month_of(int64_t at);                          /* months since 2000-01 in +08:00; 0 is kept for "standing" */
bool minute_parse(struct str text, int64_t *at);       /* "2020-02-05 08:00" in +08:00 */

/* ---- JSON out -------------------------------------------------------------
 * Straight into a buffer; commas are put by the writer.
 */
struct out {
    struct buf *to;
    bool comma;
};
void out_open(struct out *o, char bracket);            /* '{' or '[' */
void out_close(struct out *o, char bracket);           /* '}' or ']' */
void out_key(struct out *o, const char *key);
void out_text(struct out *o, struct str s);            /* quoted and escaped; "none" writes null */
void out_int(struct out *o, int64_t n);
void out_bool(struct out *o, bool b);
void out_null(struct out *o);
void out_id(struct out *o, struct id id);
void out_maybe_id(struct out *o, struct id id);        /* the zero id writes null */
void out_hex(struct out *o, struct str bytes);         /* as text, lower case */
void out_raw(struct out *o, struct str json);          /* JSON already made */

/* ---- settings --------------------------------------------------------------
 * One table, defined in base/settings.c.  File ("key = value" lines), then
 * environment (WANGGE_KEY), then command line (--key value); the later wins.
 * An error names the place in its detail: "wangge.conf:3", "WANGGE_LISTEN".
 */
struct setting {
    const char *name;      /* "listen" */
    enum { SETTING_TEXT, SETTING_NUMBER, SETTING_BOOL } kind;
    int64_t min, max;
    const char *preset;    /* default as text */
    const char *words;     /* one line of help */
};
extern const struct setting settings[];                /* ends with a NULL name */
int settings_read_file(const char *path, struct err *e);
int settings_read_env(struct err *e);
int settings_set(const char *name, const char *value, struct err *e);               /* from the command line */
const char *setting_source(const struct setting *s);   /* "preset", "file wangge.conf:3", "environment", "command line" */
const char *setting_text(const char *name);            /* ends the program on a name that is not in the table */
int64_t setting_number(const char *name);
bool setting_bool(const char *name);

/* ---- log -------------------------------------------------------------------
 * One line to stderr: at=… level=… event=…, then more key=value.  Nobody below
 * http/, exchange/ and main.c logs.  Never a name, phone or id of a person.
 * doc/operations.md lists the events.
 */
enum log_level { LOG_INFO, LOG_WARN, LOG_ERROR };
enum { LOG_QUOTED = 400 };
void log_line(enum log_level level, const char *event, const char *fmt, ...) PRINTF_LIKE(3, 4);
const char *log_quoted(char to[LOG_QUOTED], const char *text);   /* text from outside, in quotes, as %s of a log_line; gives to */

/* ---- files ----------------------------------------------------------------- */
int file_read(const char *path, size_t limit, struct buf *out, struct err *e);  /* "file.missing", "file.large" */
/* To a side name, fsync, rename, fsync of the folder: a crash leaves the old or the new.  "file.full" */
int file_write_whole(const char *path, unsigned mode, struct str bytes, struct err *e);
bool file_exists(const char *path);
MUST_USE int file_sync_folder(const char *path);        /* fsync of the folder path stands in; -1 with errno */
void fd_done(int *fd);                                  /* CLEANUP of a descriptor; accepts -1 */

#endif
