/*
 * scenario.h - what the parts of the scenario runner share.
 *
 * README.md beside it is the grammar's home.  One struct play is one file
 * being played, in a process of its own; its memory goes with it.  What
 * fails prints why and ends that process (play_fail does not return).
 */
#ifndef WANGGE_SCENARIO_H
#define WANGGE_SCENARIO_H

#include "core/core.h"
#include "http/http.h"

#define PASSWORD "village-2020-door"

struct line {                 /* one logical line: comment gone, JSON joined */
    int number;
    bool indented;
    struct str text;
};

struct script {               /* the file, read forward */
    struct str text;
    size_t at;
    int number;               /* of the line at `at` */
};

struct name {                 /* $name */
    struct str name, value;
};

struct person {
    struct str name, token, area;   /* area: of the first duty */
    bool system;              /* the operator: in-process */
    struct str device, key;   /* of the last sign-in; the key is 32 bytes */
};

struct play {
    const char *file;
    const char *folder;       /* a new one, for this file alone */
    struct script script;
    struct line step;         /* at fault when something fails */
    int steps;
    struct arena mem;
    struct name *names;
    size_t name_count, name_room;
    struct person *people;
    size_t person_count, person_room;
    size_t person;            /* index of who acts; 0 is nobody */
    struct core *core;
    struct http *http;
};

_Noreturn void play_fail(struct play *p, struct str expected, struct str came);
_Noreturn void play_stop(struct play *p, const char *why, struct str what);   /* the file itself is wrong */
_Noreturn void play_broken(struct play *p, const char *doing, const struct err *e);

/* ---- words.c: lines, words, names ---- */
bool line_peek(struct play *p, struct line *out);            /* false at the end */
bool line_next(struct play *p, struct line *out);
struct str line_raw_block(struct play *p, bool crlf);        /* the indented lines that follow, as they are */
/* Splits into words; one that begins with { or [ takes the rest of the line. */
size_t words_of(struct play *p, struct str text, struct str *words, size_t most);
bool word_pair(struct str word, struct str *key, struct str *value);  /* key=value */
struct str name_get(struct play *p, struct str name);        /* "none" when not bound */
void name_set(struct play *p, struct str name, struct str value);
void name_set_id(struct play *p, struct str name, struct id id);
struct str expand(struct play *p, struct str text);          /* every $name by its value */
bool unbound(struct play *p, struct str word, struct str *name);      /* is it exactly one $name that has no value? */
int64_t time_word(struct play *p, struct str word);          /* any of the time forms, ms */

/* ---- client.c: a small HTTP client ---- */
struct reply {
    int status;
    struct str head, body;
};
void client_send(struct play *p, const char *method, struct str path, struct str headers, struct str token, struct str body,
                 struct reply *out);

/* ---- village.c: the fixture ---- */
void given_village(struct play *p);
/* One record by the operator, stored or the file fails. */
void operator_put(struct play *p, struct batch *b, const char *type, struct str area, struct id id, struct str json);
void operator_write(struct play *p, struct batch *b);

#endif
