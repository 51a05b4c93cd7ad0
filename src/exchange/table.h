/*
 * table.h - inside exchange: a file of rows, and what is wrong with each.
 *
 * Rows are kept as places in the file and read again when they are needed, so
 * that a million rows cost little.  An importer names its columns once.
 */
#ifndef WANGGE_EXCHANGE_TABLE_H
#define WANGGE_EXCHANGE_TABLE_H

#include "exchange/exchange.h"

struct column {
    const char *name, *zh;       /* either may head it in the file */
    bool required;
};

struct row {
    size_t start, end;           /* in the text */
    int64_t line;
    const char *error;           /* word key and field; NULL: nothing wrong */
};

struct table {
    struct str text;
    const struct column *columns;    /* end with a NULL name */
    int place[64];               /* of each column in the file; -1: not there */
    size_t width;                /* cells of the header */
    int old_error;               /* a column `error` of an earlier attempt: replaced; -1: none */
    struct str header[64];
    struct row *rows;
    size_t count, room, bad;
    struct arena mem;            /* header, errors */
    struct arena row_mem;        /* the row last read */
    struct str cells[64];        /* of the row last read */
};

/* Whole-file errors only: import.rows import.column import.column_missing import.empty, and what breaks the header. */
MUST_USE int table_read(struct table *t, struct str text, const struct column *columns, bool headless, struct err *e);
void table_done(struct table *t);
bool table_row(struct table *t, size_t i);              /* false: the row is broken */
struct str table_cell(const struct table *t, int column);   /* "none" when empty or not there */
void table_bad(struct table *t, size_t i, const char *key, const char *field);   /* the first error of a row stays */
void table_write(struct table *t, struct buf *out);     /* the same file with a column `error` */

struct import {
    struct core *core;
    const struct who *who;
    const struct area *area;     /* what the file must stay within; NULL: anything */
    const struct areas *areas;
    bool apply;
    struct table table;
    struct import_report *report;
    struct err busy;             /* what kept the program from taking a record (a full disk): no fault of its row */
};
MUST_USE int import_divisions(struct import *in, struct err *e);
MUST_USE int import_doors(struct import *in, struct err *e);
MUST_USE int export_doors(struct core *c, const struct who *who, const struct area *area, const struct drain *out, struct err *e);
extern const struct column division_columns[], door_columns[];

/* Takes the results of a written batch into the report; row_of[i] is the row that result i came from. */
void import_take(struct import *in, const struct batch *b, const size_t *row_of);

#endif
