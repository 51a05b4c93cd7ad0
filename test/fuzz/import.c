/*
 * import.c - files of rows: divisions and doors, in UTF-8 and GBK, tried and written.
 *
 * The first byte says what it is: 'v' divisions, 'd' doors, capitals write;
 * the second 'g' for GBK.  The file begins behind the first line break.  A dry
 * run writes nothing; a file that comes back with its errors can be read again
 * and has as many; a file written whole writes nothing the second time.
 */
#include "grow.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/own.h"
#include "exchange/exchange.h"

static struct err e;                     /* of the last one that failed */

static bool import(const char *as, struct str file, bool gbk, bool apply, struct import_report *report)
{
    e = (struct err){ 0 };
    if (exchange_import(house(), &who_system, as, (struct str){ 0 }, file, gbk, apply, report, &e) == 0)
        return true;
    house_sane(&e);
    return false;
}

static void comes_back(const char *as, const struct import_report *first)
{
    CLEANUP(import_report_done) struct import_report again = { 0 };

    DEMAND(utf8_valid(buf_view(&first->file)), "a file with errors that is no text");
    DEMAND(import(as, buf_view(&first->file), false, false, &again), "a file with errors that cannot be read: %s", e.key);
    DEMAND(again.rows == first->rows && again.bad == first->bad, "%lld of %lld rows, then %lld of %lld", (long long)first->bad,
           (long long)first->rows, (long long)again.bad, (long long)again.rows);
}

static void cells_stay(struct str text)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    struct csv csv = { .text = text, .mem = &mem };
    int more;

    while ((more = csv_next(&csv, &e)) != 0) {
        CLEANUP(buf_done) struct buf line = { 0 };

        if (more < 0)
            continue;
        for (size_t i = 0; i < csv.count; i++)
            csv_put(&line, csv.cells[i], i == 0);
        buf_char(&line, '\n');
        struct csv again = { .text = buf_view(&line), .mem = &mem };
        DEMAND(csv_next(&again, &e) == 1 && again.count == csv.count, "a row that is not one again: %s", e.key);
        for (size_t i = 0; i < csv.count; i++)
            DEMAND(str_eq(csv.cells[i], again.cells[i]), "another cell");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *begin = size ? memchr(data, '\n', size) : NULL;
    CLEANUP(import_report_done) struct import_report dry = { 0 };

    if (!begin || begin == data)
        return 0;
    struct str file = { (const char *)begin + 1, size - (size_t)(begin + 1 - data) };
    const char *as = (data[0] | 32) == 'v' ? "divisions" : "doors";
    bool gbk = begin > data + 1 && data[1] == 'g', apply = !(data[0] & 32);

    house();
    cells_stay(file);
    if (!import(as, file, gbk, false, &dry))
        return 0;
    DEMAND(dry.stored == 0 && dry.repeated == 0 && dry.refused == 0, "a dry run wrote");
    if (dry.bad) {
        comes_back(as, &dry);
    } else if (apply) {
        CLEANUP(import_report_done) struct import_report wet = { 0 };
        CLEANUP(import_report_done) struct import_report twice = { 0 };

        DEMAND(import(as, file, gbk, true, &wet), "tried but not written: %s %s", e.key, e.field);
        if (!wet.refused && !wet.bad) {
            DEMAND(import(as, file, gbk, true, &twice), "written but not twice: %s %s", e.key, e.field);
            DEMAND(twice.stored == 0, "%lld records, and %lld the second time", (long long)wet.stored, (long long)twice.stored);
        }
        if (wet.stored || wet.refused)
            house_fresh();
    }
    return 0;
}

/* ---- how files grow -------------------------------------------------------------------- */

static void put_value(struct buf *out, const char *column)
{
    CLEANUP(json_done) struct json *named = NULL;
    CLEANUP(buf_done) struct buf cell = { 0 };

    if (strcmp(column, "area") == 0 || strcmp(column, "code") == 0 || strcmp(column, "parent_code") == 0) {
        buf_text(&cell, grow_area());
    } else if (strcmp(column, "level") == 0) {
        static const char *const levels[] = { "city", "district", "town", "village", "grid" };
        buf_text(&cell, levels[grow_any(COUNT_OF(levels))]);
    } else if (strcmp(column, "members") == 0) {
        buf_printf(&cell, "王一/1/1970-01-01/99000019700101001X/10000000001/self;李\\/二/%zu", grow_any(3));
    } else {
        named = grow_named(strcmp(column, "household_kind") == 0 ? "kind" : column);
        if (json_kind(named) == JSON_LIST)
            buf_str(&cell, json_str(json_at(named, 0)));
        else if (json_kind(named) == JSON_NUMBER)
            buf_printf(&cell, "%lld", (long long)json_int(named));
        else if (json_str(named).at)
            buf_str(&cell, json_str(named));
    }
    csv_put(out, cell.len ? buf_view(&cell) : grow_any(2) ? STR("") : grow_word(), false);
}

static void put_file(struct buf *out)
{
    static const char *const divisions[] = { "code", "name", "level", "parent_code", "type" };
    static const char *const doors[] = { "area", "order", "use", "building", "household_kind", "head", "phone", "needs", "centre", "members", "door",
                                         "household", "landlord", "floor", "speaks" };
    bool areas = grow_any(3) == 0;
    const char *const *columns = areas ? divisions : doors;
    size_t width = areas ? 3 + grow_any(3) : 3 + grow_any(13);

    buf_printf(out, "%c\n", areas ? "vV"[grow_any(2)] : "dD"[grow_any(2)]);
    for (size_t i = 0; i < width; i++)
        buf_printf(out, "%s%s", i ? "," : "", columns[i]);
    buf_char(out, '\n');
    for (size_t rows = 1 + grow_any(5); rows; rows--) {
        CLEANUP(buf_done) struct buf line = { 0 };

        for (size_t i = 0; i < width; i++)
            put_value(&line, columns[i]);
        buf_put(out, line.at + 1, line.len - 1);     /* without the first comma */
        buf_char(out, '\n');
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    CLEANUP(buf_done) struct buf file = { 0 };

    grow_seed(seed);
    if (grow_any(6))
        return LLVMFuzzerMutate(data, size, most);
    put_file(&file);
    if (file.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, file.at, file.len);
    return file.len;
}
