/*
 * json.h - JSON in: strict parsing under limits, and small trees.
 *
 * A tree owns its children; what json_get and json_at return is borrowed.
 * Maps keep the order in which keys were set.  Texts are valid UTF-8 without
 * NUL; numbers are whole, others are kept as JSON_REAL_NUMBER.
 */
#ifndef WANGGE_JSON_H
#define WANGGE_JSON_H

#include "base/base.h"

struct json;   /* an opaque tree node */

enum json_kind { JSON_NONE, JSON_NULL_VALUE, JSON_BOOL, JSON_NUMBER, JSON_REAL_NUMBER, JSON_TEXT, JSON_LIST, JSON_MAP };

struct json_limits {
    size_t bytes, depth, text;   /* whole body, nesting, one string */
    size_t nodes;                /* values and keys; 0: a body of `bytes` may hold what it likes */
};

/*
 * Parses one document.  Refuses what is not UTF-8, duplicate keys, NUL, text
 * after the end and anything beyond the limits, before memory is taken for
 * it.  Keys: json.large json.deep json.text json.many json.utf8 json.duplicate json.bad.
 */
MUST_USE int json_parse(struct str bytes, const struct json_limits *limits, struct json **out, struct err *e);
extern const struct json_limits json_own;              /* for bytes we wrote ourselves */

/*
 * Where this thread's trees are made from now on: in an arena, with which they
 * end - json_free leaves them alone - or, with NULL, each for itself.  Gives
 * back the former.  A tree made for itself must not be put into one that is not.
 */
struct arena *json_home(struct arena *mem);
void json_home_back(struct arena **former);
#define JSON_HOME(mem) CLEANUP(json_home_back) struct arena *json_home_former = json_home(mem)

struct json *json_map(void);
struct json *json_list(void);
struct json *json_text(struct str s);                  /* "none", and what is no text, gives null */
struct json *json_number(int64_t n);
struct json *json_bool(bool b);
struct json *json_id(struct id id);                    /* its text */
struct json *json_copy(const struct json *j);          /* deep */
void json_done(struct json **j);                       /* for CLEANUP; frees a tree one owns */
void json_free(struct json *j);

void json_set(struct json *map, const char *key, struct json *value);   /* takes value; replaces; nothing when it is no map */
void json_unset(struct json *map, const char *key);
void json_add(struct json *list, struct json *value);                   /* takes value */

enum json_kind json_kind(const struct json *j);        /* JSON_NONE for NULL */
struct json *json_get(const struct json *map, const char *key);  /* NULL when absent or not a map */
size_t json_count(const struct json *j);               /* of a list or map, else 0 */
struct json *json_at(const struct json *list, size_t i);
struct str json_str(const struct json *j);             /* "none" when it is no text */
int64_t json_int(const struct json *j);                /* 0 when it is no number; true is 1 */
/* Walks a map: for (void *it = json_first(m); it; it = json_next(m, it)) */
void *json_first(const struct json *map);
void *json_next(const struct json *map, void *it);
const char *json_key(void *it);
struct json *json_value(void *it);
bool json_equal(const struct json *a, const struct json *b);
void json_write(const struct json *j, struct buf *out);  /* compact, in the order set */

#endif
