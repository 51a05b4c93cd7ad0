/*
 * house.h - what fuzz targets storm: a real store with a small village in it,
 * in memory, and the way back to how it was.
 *
 * Ids are known beforehand, so that seeds can name them: house_id('d', 1) is
 * "00000000-0000-7000-8000-000000006401", the kind's letter and the number in
 * the last two bytes.  Kinds: d door, h household, p person, w worker, u duty,
 * r round, v visit, o organisation, e request to erase.
 */
#ifndef WANGGE_FUZZ_HOUSE_H
#define WANGGE_FUZZ_HOUSE_H

#include "core/core.h"

#define HOUSE_NOW 1580515200000          /* 2020-02-01 08:00 +08:00 */
#define VILLAGE "440513108216"

enum { DOORS = 6, HOUSEHOLDS = 5, WORKERS = 6 };

/* Ends the program, with the words, when what must hold does not. */
#define DEMAND(holds, ...) ((holds) ? (void)0 : house_fail(__FILE__, __LINE__, __VA_ARGS__))
_Noreturn void house_fail(const char *file, int line, const char *fmt, ...) PRINTF_LIKE(3, 4);

struct core *house(void);                /* opened with the first call, gone with the program */
const char *house_file(const char *name);/* a path in its folder; valid until the next call but three */
struct id house_id(char kind, unsigned n);
struct id house_id_of(char kind, unsigned n, char text[ID_TEXT]);

/* 0 is the program itself; then a commander, a secretary, two grid workers, a clerk and an approver; then nobody's. */
enum { PEOPLE = WORKERS + 2 };
const struct who *house_who(size_t n);

/*
 * Cheap: what is written between the two is in one transaction, seen by nobody
 * else and never on disk.  house_fresh: the store's files as they were at first.
 */
void house_try(void);
void house_undo(void);
void house_fresh(void);

/* Whether what a target does now and then is done for this input: for one in 96, and for every file that is played rather than found. */
bool house_thorough(const uint8_t *data, size_t size);
/* An error may say anything but nothing, and never that the program broke. */
void house_sane(const struct err *e);
/* Asks every question there is as this person; what is answered is JSON.  hostile: the store may hold anything, and an answer may be that it broke. */
void house_ask(size_t who, bool hostile);
/* Bytes that are sent as JSON must be read as such. */
struct json *house_json(struct str text);

#endif
