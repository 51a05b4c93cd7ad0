/*
 * paper.c - what is printed and signed by hand: the day's root over all ledgers, a resident's trace.
 *
 * Plain text, narrow enough for a page.  Nothing sealed is in it: the root is
 * a digest, a trace says who, when and why, never what.
 */
#include "command/command.h"

#include <inttypes.h>
#include <stdio.h>

/* ---- the day's root -------------------------------------------------------------- */

enum { GROUP = 4, GROUPS_A_LINE = 8 };

/* "1a2b 3c4d …", eight groups a line, the following lines under the first. */
static void groups(struct buf *out, const char *label, struct str hex)
{
    for (size_t i = 0; i < hex.len; i += GROUP) {
        if (i % (size_t)(GROUP * GROUPS_A_LINE) == 0)
            buf_printf(out, "%s%-11s", i ? "\n" : "", i ? "" : label);
        buf_printf(out, " %.*s", (int)(hex.len - i < GROUP ? hex.len - i : GROUP), hex.at + i);
    }
    buf_char(out, '\n');
}

static struct str hex_of(struct arena *mem, const uint8_t *bytes, size_t n)
{
    CLEANUP(buf_done) struct buf text = { 0 };

    hex_put(&text, (struct str){ (const char *)bytes, n });
    return arena_str(mem, buf_view(&text));
}

static void moment(struct buf *out, int64_t at)
{
    char day[DAY_TEXT];
    int64_t midnight = 0;

    day_of(at, day);
    (void)!day_parse(str_of(day), &midnight);
    int64_t minute = (at - midnight) / 60000;
    buf_printf(out, "%s %02d:%02d", day, (int)(minute / 60), (int)(minute % 60));
}

static void heads_page(struct buf *out, struct arena *mem, const struct area *root, const struct day_heads *h)
{
    uint8_t finger[32];

    seal_hash(h->key, finger);    /* of its hexadecimal text, as it stands on this page: sha256sum is enough */
    buf_printf(out, "网格 wangge · 每日总摘要 The day's root over all ledgers\n\n");
    buf_printf(out, "%-12s%.*s %.*s\n", "area", (int)root->id.len, root->id.at, (int)root->name.len, root->name.at);
    buf_printf(out, "%-12s%.*s (+08:00)\n", "day", (int)h->day.len, h->day.at);
    groups(out, "root", h->root);
    buf_printf(out, "%-12s%" PRId64 ", with %" PRId64 " records\n", "ledgers", h->ledgers, h->records);
    buf_printf(out, "%-12s", "written");
    moment(out, h->at);
    buf_printf(out, ", position %" PRId64 " of ledger %.*s\n", h->position, (int)root->ledger.len, root->ledger.at);
    groups(out, "its digest", hex_of(mem, h->digest, sizeof h->digest));
    groups(out, "fingerprint", hex_of(mem, finger, sizeof finger));
    groups(out, "public key", h->key);
    groups(out, "signature", h->sign);
    buf_printf(out, "\n"
        "总摘要是当日各账本末条的 SHA-256。谁事后改动任何一个账本,哪怕重算整条链,\n"
        "它也与这张纸对不上。请核对后签名,与系统分开保管。\n\n"
        "The root is SHA-256 over one line for each ledger: its name, its last\n"
        "position, the digest there. Whoever changes a ledger afterwards, and\n"
        "computes its chain anew, does not come out at this root again.\n\n"
        "核对 To check, on any day:\n"
        "  wangge heads --day %.*s --list | sha256sum    gives the root above\n"
        "  wangge verify                                 holds it against every ledger\n"
        "  tool/verify.mjs, doc/records.md               the same without this program\n\n"
        "核对人 Checked by  ____________________    日期 Date  ____________________\n\n"
        "见证人 Witness     ____________________    存放 Kept   ____________________\n", (int)h->day.len, h->day.at);
}

int paper_heads(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    const char *asked = words_option(w, "area", NULL);
    struct arena mem = { 0 };
    struct reader *reader = NULL;
    struct day_heads heads;
    int result = -1;
    int64_t begin;

    (void)input;
    struct str day = str_of(words_option(w, "day", NULL));
    if (day.len && !day_parse(day, &begin))
        return err_field(e, "field.day", "day");
    if (core_reader_open(c, &reader, e) < 0)
        return -1;
    const struct areas *areas = core_areas_hold(c);
    const struct area *root = asked ? area_find(areas, str_of(asked)) : area_count(areas) ? area_at(areas, 0) : NULL;
    while (root && root->parent)
        root = root->parent;
    if (!root)
        err_field(e, "area.unknown", "area");
    else
        result = core_heads(reader, root, day, &mem, &heads, e);
    if (result == 0 && words_option(w, "list", NULL))
        buf_str(out, heads.list);
    else if (result == 0)
        heads_page(out, &mem, root, &heads);
    core_areas_drop(areas);
    core_reader_close(reader);
    arena_done(&mem);
    return result;
}

/* ---- a resident's trace ------------------------------------------------------------------ */

enum { ZH, EN, LANGUAGES };

static const struct {
    const char *title, *printed, *record, *page, *note, *wrote, *looked, *program, *by, *for_whom, *typed, *purpose, *fields, *rows, *times;
} says[LANGUAGES] = {
    [ZH] = { "谁写过、看过这一户的资料", "打印于", "记录", "打开过这一片名单的人(名单记录只写区域,不能说明看到了这一户)", "这里没有资料的内容,只有谁在何时做了什么。",
             "写", "看", "程序", "", "代", "录入", "用途", "字段", "条", "次" },
    [EN] = { "Who wrote and who looked at what is kept of this household", "printed", "records",
             "Lists of the area that were opened (such a record names the area only: it does not tell whether this household was seen)",
             "What the records hold is not here: only who did what, and when.", "wrote", "looked", "the program", "by ", "for", "typed in by",
             "purpose", "fields", "rows", "times" },
};

struct printing {
    struct core *core;
    struct reader *reader;
    const struct areas *areas;
    struct buf *out;
    int language;
};

static int name_put(struct printing *p, struct id who, struct err *e)
{
    size_t before = p->out->len;
    char text[ID_TEXT];

    if (id_none(who)) {
        buf_text(p->out, says[p->language].program);
        return 0;
    }
    if (core_worker_name(p->core, p->reader, who, p->out, e) < 0)
        return -1;
    if (p->out->len == before) {
        id_text(who, text);
        buf_text(p->out, text);
    }
    return 0;
}

static void area_put(struct printing *p, struct str id)
{
    const struct area *a = area_find(p->areas, id);

    buf_printf(p->out, "%.*s", (int)id.len, id.at);
    if (a)
        buf_printf(p->out, " %.*s", (int)a->name.len, a->name.at);
}

static void labelled(struct buf *out, const char *label, struct str text)
{
    if (text.len)
        buf_printf(out, " · %s %.*s", label, (int)text.len, text.at);
}

static int print_line(struct printing *p, const struct trace_line *l, struct err *e)
{
    const char *words = p->language == ZH ? l->words : NULL;

    moment(p->out, l->at);
    if (l->kind != TRACE_PAGE) {
        buf_printf(p->out, "  %s  ", l->kind == TRACE_WROTE ? says[p->language].wrote : says[p->language].looked);
        if (words)
            buf_printf(p->out, "%s ", words);
        buf_printf(p->out, "%.*s  %s", (int)l->type.len, l->type.at, says[p->language].by);
    } else {
        buf_printf(p->out, "  %.*s  %s", (int)l->query.len, l->query.at, says[p->language].by);
    }
    if (name_put(p, l->maker, e) < 0)
        return -1;
    if (!id_none(l->for_whom)) {
        buf_printf(p->out, " · %s ", says[p->language].for_whom);
        if (name_put(p, l->for_whom, e) < 0)
            return -1;
    }
    if (l->kind == TRACE_WROTE && !id_none(l->author) && !id_eq(l->author, l->maker)) {
        buf_printf(p->out, " · %s ", says[p->language].typed);
        if (name_put(p, l->author, e) < 0)
            return -1;
    }
    if (l->kind == TRACE_LOOKED)
        labelled(p->out, "", l->query);
    labelled(p->out, says[p->language].purpose, l->purpose);
    labelled(p->out, says[p->language].fields, l->fields);
    buf_text(p->out, " · ");
    area_put(p, l->area);
    if (l->kind == TRACE_PAGE)
        buf_printf(p->out, " · %" PRId64 " %s\n", l->count, says[p->language].times);
    else
        buf_printf(p->out, " · %.*s %" PRId64 "\n", (int)l->ledger.len, l->ledger.at, l->position);
    return 0;
}

static int print_trace(struct printing *p, struct id household, const struct trace *t, struct err *e)
{
    char text[ID_TEXT];
    size_t pages = 0;

    id_text(household, text);
    buf_printf(p->out, "%s\n%s\n%s ", says[p->language].title, text, says[p->language].printed);
    moment(p->out, time_now());
    buf_printf(p->out, "\n%s\n\n", says[p->language].note);
    while (pages < t->count && t->lines[pages].kind != TRACE_PAGE)
        pages++;
    buf_printf(p->out, "%s %zu\n", says[p->language].record, pages);
    for (size_t i = 0; i < t->count; i++) {
        if (i == pages)
            buf_printf(p->out, "\n%s\n", says[p->language].page);
        if (print_line(p, &t->lines[i], e) < 0)
            return -1;
    }
    return 0;
}

int paper_trace(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    CLEANUP(trace_done) struct trace trace = { 0 };
    struct reader *reader = NULL;
    const char *language = words_option(w, "lang", "zh");
    struct id household;
    int result = -1;

    (void)input;
    if (!id_parse(str_of(words_option(w, "household", "")), &household))
        return err_field(e, "field.id", "household");
    if (strcmp(language, "zh") != 0 && strcmp(language, "en") != 0)
        return err_field(e, "field.code", "lang");
    if (core_reader_open(c, &reader, e) < 0)
        return -1;
    struct printing p = { c, reader, core_areas_hold(c), out, strcmp(language, "en") == 0 ? EN : ZH };
    if (store_snapshot(reader_store(reader), e) == 0) {
        result = core_trace(c, reader_store(reader), p.areas, NULL, household, &trace, e);
        if (result == 0)
            result = print_trace(&p, household, &trace, e);
        store_snapshot_end(reader_store(reader));
    }
    core_areas_drop(p.areas);
    core_reader_close(reader);
    return result;
}
