/*
 * exchange.h - the door of exchange: files in and out.
 *
 * An import turns rows into the same records a phone would send.  It reads
 * the whole file first (dry run); a file with a broken row changes nothing
 * and comes back with an `error` column, row by row.
 */
#ifndef WANGGE_EXCHANGE_H
#define WANGGE_EXCHANGE_H

#include "core/core.h"

struct import_report {
    int64_t rows, bad, stored, repeated, refused;
    struct buf file;         /* the same file with a column `error`, when bad > 0 */
    struct buf words;        /* what a person should read: pairs, what cannot be paired */
};
void import_report_done(struct import_report *r);

/*
 * as: "divisions" or "doors".  apply false is the dry run.  Limits: 64 MB,
 * a million rows, 64 columns, 4,000 bytes a cell.  UTF-8 with or without BOM; GBK
 * is recognised and refused with import.encoding unless `gbk` says to read it so.
 */
MUST_USE int exchange_import(struct core *c, const struct who *who, const char *as, struct str area, struct str file,
                             bool gbk, bool apply, struct import_report *out, struct err *e);
/* A row of a divisions file: codes without trailing zeros, parents before children, in the order of codes within a level. */
struct division {
    struct str code, name, kind, parent;   /* parent: code, "none" at a city */
    int level;               /* 1 city 2 district 3 town 4 village */
    size_t row;              /* of the file */
};
/* All or nothing; the memory is mem's.  What the import and the drill both begin with. */
MUST_USE int exchange_divisions(struct str file, struct arena *mem, struct division **out, size_t *count, struct err *e);

/*
 * as: "doors" (an area's doors and households, open values; each part is noted as read before it leaves) or "ledger" (JSON
 * lines of one ledger).  Nothing of the store is held while a part leaves; what has left before an error stays out.
 */
MUST_USE int exchange_export(struct core *c, const struct who *who, const char *as, struct str area, const struct drain *out, struct err *e);

/* ---- CSV (RFC 4180, quotes, CRLF or LF) ---- */
struct csv {
    struct str text;
    size_t at;
    int64_t line;            /* of the record last read, from 1 */
    int64_t breaks;          /* line breaks behind `at` */
    struct str cells[64];    /* decoded into mem */
    size_t count;
    struct arena *mem;
};
/* 1 a record, 0 end, -1 with csv.quote csv.columns csv.cell csv.utf8 csv.nul; the next call goes on with the line after the broken one. */
int csv_next(struct csv *c, struct err *e);
void csv_put(struct buf *out, struct str cell, bool first);

#endif
