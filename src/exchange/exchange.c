/*
 * exchange.c - files in and out: the table of what can be imported and exported.
 *
 * An importer reads the whole file first; when one row is broken nothing is
 * written and the file comes back with its errors, row by row.
 */
#include <errno.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

#include "exchange/table.h"

enum { FILE_BYTES = 64 << 20, FILE_ROWS = 1000000 };

static const struct importer {
    const char *as;
    const struct column *columns;
    bool headless;               /* a file of one row may come without its header */
    int (*import)(struct import *in, struct err *e);
} importers[] = {
    { "divisions", division_columns, true, import_divisions },
    { "doors", door_columns, false, import_doors },
};

void import_report_done(struct import_report *r)
{
    buf_done(&r->file);
    buf_done(&r->words);
    *r = (struct import_report){ 0 };
}

/* ---- a table of rows ------------------------------------------------------------ */

static int find_columns(struct table *t, const struct str *heads, size_t count, struct err *e)
{
    size_t n = 0;

    for (; t->columns[n].name; n++)
        t->place[n] = -1;
    t->old_error = -1;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        char name[64];

        while (k < n && !str_is(heads[i], t->columns[k].name) && !str_is(heads[i], t->columns[k].zh))
            k++;
        snprintf(name, sizeof name, "%.*s", (int)(heads[i].len < 60 ? heads[i].len : 0), heads[i].len ? heads[i].at : "");
        if (k == n && str_is(heads[i], "error") && t->old_error < 0)
            t->old_error = (int)i;
        else if (k == n || t->place[k] >= 0)
            return err_field(e, "import.column", name);
        else
            t->place[k] = (int)i;
        t->header[i] = arena_str(&t->mem, heads[i]);
    }
    for (size_t k = 0; k < n; k++)
        if (t->columns[k].required && t->place[k] < 0)
            return err_field(e, "import.column_missing", t->columns[k].name);
    t->width = count;
    return 0;
}

static bool digits(struct str s)
{
    size_t i = 0;

    while (i < s.len && s.at[i] >= '0' && s.at[i] <= '9')
        i++;
    return s.len > 0 && i == s.len;
}

int table_read(struct table *t, struct str text, const struct column *columns, bool headless, struct err *e)
{
    struct csv csv = { .text = text, .mem = &t->mem };
    struct err row_err = { 0 };
    int more;

    *t = (struct table){ .text = text, .columns = columns };
    if ((more = csv_next(&csv, e)) < 0)
        return -1;
    if (more == 0)
        return err_set(e, ERR_INVALID, "import.empty");
    if (headless && digits(csv.cells[0])) {
        struct str heads[64];
        size_t n = 0;

        for (; columns[n].name; n++)
            heads[n] = str_of(columns[n].name);
        if (csv.count > n)
            return err_field(e, "import.column", "");
        if (find_columns(t, heads, csv.count, e) < 0)
            return -1;
        csv.at = 0;
        csv.breaks = 0;
    } else if (find_columns(t, csv.cells, csv.count, e) < 0) {
        return -1;
    }
    csv.mem = &t->row_mem;
    for (;;) {
        size_t start = csv.at;

        row_err = (struct err){ 0 };
        if ((more = csv_next(&csv, &row_err)) == 0)
            break;
        if (t->count == FILE_ROWS)
            return err_set(e, ERR_INVALID, "import.rows");
        t->rows = MEM_GROW(t->rows, t->count, t->room);
        t->rows[t->count++] = (struct row){ start, csv.at, csv.line, NULL };
        if (more < 0)
            table_bad(t, t->count - 1, row_err.key, "");
        else if (csv.count != t->width)
            table_bad(t, t->count - 1, "csv.columns", "");
        if (t->count % 4096 == 0)
            arena_done(&t->row_mem);
    }
    return t->count ? 0 : err_set(e, ERR_INVALID, "import.empty");
}

void table_done(struct table *t)
{
    free(t->rows);
    arena_done(&t->mem);
    arena_done(&t->row_mem);
    *t = (struct table){ 0 };
}

bool table_row(struct table *t, size_t i)
{
    struct csv csv = { .text = { t->text.at, t->rows[i].end }, .at = t->rows[i].start, .mem = &t->row_mem };
    struct err e = { 0 };

    arena_done(&t->row_mem);
    if (csv_next(&csv, &e) != 1 || csv.count != t->width)
        return false;
    memcpy(t->cells, csv.cells, csv.count * sizeof csv.cells[0]);
    return true;
}

struct str table_cell(const struct table *t, int column)
{
    if (t->place[column] < 0 || t->cells[t->place[column]].len == 0)
        return (struct str){ 0 };
    return t->cells[t->place[column]];
}

void table_bad(struct table *t, size_t i, const char *key, const char *field)
{
    if (t->rows[i].error)
        return;
    t->rows[i].error = arena_printf(&t->mem, "%s%s%s", key, field[0] ? " " : "", field);
    t->bad++;
}

void table_write(struct table *t, struct buf *out)
{
    for (size_t k = 0; k < t->width; k++)
        if ((int)k != t->old_error)
            csv_put(out, t->header[k], out->len == 0);
    buf_text(out, ",error\n");
    for (size_t i = 0; i < t->count; i++) {
        bool first = true, whole = table_row(t, i);

        for (size_t k = 0; k < t->width; k++) {
            struct str cell = whole ? t->cells[k] : (struct str){ 0 };

            if ((int)k == t->old_error)
                continue;
            if (!whole && first) {
                cell = (struct str){ t->text.at + t->rows[i].start, t->rows[i].end - t->rows[i].start };
                while (cell.len && strchr("\r\n", cell.at[cell.len - 1]))
                    cell.len--;
            }
            csv_put(out, cell, first);
            first = false;
        }
        csv_put(out, str_of(t->rows[i].error), first);
        buf_char(out, '\n');
    }
}

/* ---- encodings ------------------------------------------------------------------- */

/* GBK as its superset GB18030, into UTF-8; false when it is not that. */
static bool from_gbk(struct str in, struct buf *out)
{
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    char *from = (char *)(uintptr_t)in.at, part[8192];
    size_t left = in.len;
    bool good = cd != (iconv_t)-1;

    while (good && left) {
        char *to = part;
        size_t room = sizeof part;

        good = iconv(cd, &from, &left, &to, &room) != (size_t)-1 || errno == E2BIG;
        buf_put(out, part, sizeof part - room);
    }
    if (cd != (iconv_t)-1)
        iconv_close(cd);
    return good;
}

/* What the file says, in UTF-8: the file itself, or `made` from it. */
static int decode(struct str file, bool gbk, struct buf *made, struct str *text, struct err *e)
{
    bool marked = str_starts(file, STR("\xef\xbb\xbf")), valid = utf8_valid(file);

    *text = file;
    if (valid && (marked || !gbk))
        return 0;
    if (str_starts(file, STR("\xff\xfe")) || str_starts(file, STR("\xfe\xff")))
        return err_field(e, "import.encoding", "UTF-16");
    if (file.len && memchr(file.at, 0, file.len))
        return err_set(e, ERR_INVALID, "csv.nul");
    if (!from_gbk(file, made))
        return err_set(e, ERR_INVALID, "csv.utf8");
    if (!gbk)
        return err_field(e, "import.encoding", "GBK");
    *text = buf_view(made);
    return 0;
}

/* ---- the doors of the room --------------------------------------------------------- */

void import_take(struct import *in, const struct batch *b, const size_t *row_of)
{
    for (size_t i = 0; i < b->count; i++) {
        const struct result *r = &b->results[i];

        in->report->stored += r->status == RESULT_STORED;
        in->report->repeated += r->status == RESULT_REPEATED;
        if (r->status != RESULT_REFUSED)
            continue;
        in->report->refused++;
        if (r->err.kind == ERR_BUSY)
            in->busy = r->err;
        table_bad(&in->table, row_of[i], r->err.key, r->err.field);
    }
}

int exchange_import(struct core *c, const struct who *who, const char *as, struct str area, struct str file,
                    bool gbk, bool apply, struct import_report *out, struct err *e)
{
    CLEANUP(buf_done) struct buf made = { 0 };
    struct import in = { .core = c, .who = who, .apply = apply, .report = out };
    const struct importer *type = NULL;
    struct str text;
    int failed;

    *out = (struct import_report){ 0 };
    for (size_t i = 0; i < COUNT_OF(importers); i++)
        if (strcmp(importers[i].as, as) == 0)
            type = &importers[i];
    if (!type)
        return err_field(e, "import.as", "as");
    if (file.len > FILE_BYTES)
        return err_set(e, ERR_INVALID, "import.large");
    if (decode(file, gbk, &made, &text, e) < 0)
        return -1;

    in.areas = core_areas_hold(c);
    if (area.len && !(in.area = area_find(in.areas, area)))
        failed = err_field(e, "area.unknown", "area");
    else
        failed = table_read(&in.table, text, type->columns, type->headless, e);
    if (!failed)
        failed = type->import(&in, e);
    if (!failed && in.busy.kind != ERR_NONE) {      /* handed in again as it is, it goes on */
        *e = in.busy;
        failed = -1;
    }
    if (!failed) {
        out->rows = (int64_t)in.table.count;
        out->bad = (int64_t)in.table.bad;
        if (out->bad)
            table_write(&in.table, &out->file);
    }
    table_done(&in.table);
    core_areas_drop(in.areas);
    return failed;
}

/* From a position on, up to a part's length; the position comes to stand at the end when there is no more. */
static int ledger_part(struct store *s, struct str ledger, int64_t *position, struct buf *part, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    struct ledger_row row;

    if (ledger_after(s, ledger, *position, &rows, e) < 0)
        return -1;
    while (part->len < DRAIN_PART && ledger_next(&rows, &row)) {
        ledger_export(&row, part);
        *position = row.position;
    }
    return store_failed(s, e);
}

static int export_ledger(struct core *c, struct str ledger, const struct drain *out, struct err *e)
{
    CLEANUP(buf_done) struct buf part = { 0 };
    struct reader *reader = NULL;
    int64_t position = 0;
    int failed;

    if (core_reader_open(c, &reader, e) < 0)
        return -1;
    do {
        buf_clear(&part);
        failed = ledger_part(reader_store(reader), ledger, &position, &part, e);
        if (!failed && part.len)
            failed = out->take(out->to, buf_view(&part), e);
    } while (!failed && part.len);
    core_reader_close(reader);
    return failed;
}

int exchange_export(struct core *c, const struct who *who, const char *as, struct str area, const struct drain *out, struct err *e)
{
    const struct areas *areas = core_areas_hold(c);
    const struct str looks = STR("/read");
    bool read = area.len > looks.len && str_eq((struct str){ area.at + area.len - looks.len, looks.len }, looks);
    const struct area *a = area_find(areas, (struct str){ area.at, area.len - (read ? looks.len : 0) });
    CLEANUP(buf_done) struct buf ledger = { 0 };
    int failed;

    if (a) {
        buf_str(&ledger, a->ledger);
        buf_str(&ledger, read ? looks : STR(""));
    }
    if (!a)
        failed = err_field(e, "area.unknown", "area");
    else if (strcmp(as, "doors") == 0)
        failed = export_doors(c, who, a, out, e);
    else if (strcmp(as, "ledger") == 0)
        failed = export_ledger(c, buf_view(&ledger), out, e);
    else
        failed = err_field(e, "export.as", "as");
    core_areas_drop(areas);
    return failed;
}
