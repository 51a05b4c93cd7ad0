/*
 * erase.c - tombstones: forgetting one subject, or one period.
 *
 * The tombstone comes first: a line in <master>.tombstones, on disk.  Then one
 * transaction takes the tombstone's row, the secret and the tokens.  Every
 * start joins list and rows and applies them all again; so neither a crash
 * between the two nor an older copy of the key store brings anybody back.
 * The list is text: "subject LEDGER ID end" or "period LEDGER CLASS MONTH end";
 * a line without its end was cut off by a crash before it was promised.
 */
#include "seal/own.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define SUBJECT_LINE "subject %.*s %s end\n"
#define PERIOD_LINE "period %.*s %d %d end\n"
#define LIST_MAX ((size_t)1 << 30)

static void add_subject_line(struct buf *line, struct str ledger, struct id subject)
{
    char text[ID_TEXT];

    id_text(subject, text);
    buf_printf(line, SUBJECT_LINE, (int)ledger.len, ledger.at, text);
}

static int list_append(struct seal *s, struct str line, struct err *e)
{
    CLEANUP(path_done) char *path = path_with(s->master_path, ".tombstones");
    CLEANUP(fd_done) int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    off_t before = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);

    errno = 0;
    if (before < 0 || write(fd, line.at, line.len) != (ssize_t)line.len || fsync(fd) < 0) {
        int why = errno ? errno : ENOSPC;     /* a short write says nothing more */

        /* Half a line would spoil the next one, which ends on it. */
        if (before >= 0 && ftruncate(fd, before) < 0)
            why = errno;
        (void)err_broken(e, "keys.tombstones", "%s: %s", path, strerror(why));
        if (why == ENOSPC || why == EDQUOT || why == EFBIG)
            e->kind = ERR_BUSY, e->again = true;
        return -1;
    }
    return folder_sync(path, e);
}

/* Secret and tokens of a subject with a tombstone. Tokens belong only to who has a secret, so without one there are none. */
static int forget_subject(struct seal *s, struct str ledger, struct id subject, struct err *e)
{
    struct value id = value_blob(id_bytes(&subject));
    int64_t changed = 0;

    if (keys_run(s, DROP_SUBJECT, ARGS(ledger, id), &changed, e) < 0)
        return -1;
    return changed ? keys_run(s, DROP_TOKENS, ARGS(ledger, id), NULL, e) : 0;
}

static int bury_subject(struct seal *s, struct str ledger, struct id subject, struct err *e)
{
    return keys_run(s, ADD_TOMBSTONE, ARGS(ledger, value_blob(id_bytes(&subject)), (long long)time_now()), NULL, e);
}

static int bury_period(struct seal *s, struct str ledger, int class, int month, struct err *e)
{
    return keys_run(s, ADD_TOMBSTONE_PERIOD, ARGS(ledger, class, month, (long long)time_now()), NULL, e);
}

static bool stands(struct seal *s, struct str ledger, struct id subject, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_TOMBSTONE, ARGS(ledger, value_blob(id_bytes(&subject))), e) < 0)
        return true; /* who cannot be asked about is not shown */
    return rows_next(&rows) || store_failed(s->store, e) < 0;
}

bool seal_erased(struct seal *s, struct str ledger, struct id subject)
{
    struct err e = { 0 };
    LOCKED(s);

    return stands(s, ledger, subject, &e);
}

int seal_erase(struct seal *s, struct str ledger, struct id subject, struct err *e)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    struct secret_name name;
    LOCKED(s);

    if (name_subject(&name, ledger, subject, e) < 0 || keys_commit(s, e) < 0)
        return -1;
    cache_drop(&s->secrets, &name);
    add_subject_line(&line, ledger, subject);
    if (!stands(s, ledger, subject, e) && list_append(s, buf_view(&line), e) < 0)
        return -1;
    if (bury_subject(s, ledger, subject, e) < 0 || forget_subject(s, ledger, subject, e) < 0)
        return -1;
    return keys_commit_gone(s, e);
}

int seal_erase_period(struct seal *s, struct str ledger, enum seal_class class, int32_t month, struct err *e)
{
    CLEANUP(buf_done) struct buf line = { 0 };
    struct secret_name name;
    LOCKED(s);

    if (name_period(&name, ledger, class, month, e) < 0 || keys_commit(s, e) < 0)
        return -1;
    cache_drop(&s->secrets, &name);
    buf_printf(&line, PERIOD_LINE, (int)ledger.len, ledger.at, (int)class, (int)month);
    if (list_append(s, buf_view(&line), e) < 0 || bury_period(s, ledger, class, month, e) < 0 ||
        keys_run(s, DROP_PERIOD, ARGS(ledger, (int)class, month), NULL, e) < 0)
        return -1;
    return keys_commit_gone(s, e);
}

/* ---- at every start --------------------------------------------------------------- */

/* One line of the list becomes a row, if it is whole. */
static int read_line(struct seal *s, const char *line, struct err *e)
{
    char ledger[NAME_ROOM], text[ID_TEXT];
    int class, month, end = 0;
    struct id subject;
    _Static_assert(NAME_ROOM == 32 && ID_TEXT == 37, "as in the formats below");

    if (sscanf(line, "subject %31s %36s end%n", ledger, text, &end) == 2 && end && id_parse(str_of(text), &subject))
        return bury_subject(s, str_of(ledger), subject, e);
    if (sscanf(line, "period %31s %d %d end%n", ledger, &class, &month, &end) == 3 && end)
        return bury_period(s, str_of(ledger), class, month, e);
    return 0;
}

static int read_list(struct seal *s, struct buf *list, const char *path, struct err *e)
{
    if (!file_exists(path))
        return 0;
    if (file_read(path, LIST_MAX, list, e) < 0)
        return -1;
    for (size_t i = 0; i < list->len; i++)
        if (!list->at[i])
            list->at[i] = '\n'; /* a hole a power cut left: what stands behind it was promised, too */
    buf_char(list, '\0');
    for (char *line = list->at, *next; line; line = next) {
        if ((next = strchr(line, '\n')))
            *next++ = '\0';
        if (read_line(s, line, e) < 0)
            return -1;
        if (next)
            next[-1] = '\n';
    }
    list->len--;
    return 0;
}

static int apply_subjects(struct seal *s, struct buf *whole, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_TOMBSTONES, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        if (forget_subject(s, rows_str(&rows, 0), rows_id(&rows, 1), e) < 0)
            return -1;
        add_subject_line(whole, rows_str(&rows, 0), rows_id(&rows, 1));
    }
    return store_failed(s->store, e);
}

static int apply_periods(struct seal *s, struct buf *whole, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };

    if (keys_ask(s->store, &rows, ASK_TOMBSTONES_PERIOD, NO_ARGS, e) < 0)
        return -1;
    while (rows_next(&rows)) {
        struct str ledger = rows_str(&rows, 0);
        int class = (int)rows_int(&rows, 1), month = (int)rows_int(&rows, 2);

        if (keys_run(s, DROP_PERIOD, ARGS(ledger, class, month), NULL, e) < 0)
            return -1;
        buf_printf(whole, PERIOD_LINE, (int)ledger.len, ledger.at, class, month);
    }
    return store_failed(s->store, e);
}

int tombstones_apply(struct seal *s, struct err *e)
{
    CLEANUP(path_done) char *path = path_with(s->master_path, ".tombstones");
    CLEANUP(buf_done) struct buf list = { 0 };
    CLEANUP(buf_done) struct buf whole = { 0 };

    if (read_list(s, &list, path, e) < 0 || apply_subjects(s, &whole, e) < 0 || apply_periods(s, &whole, e) < 0)
        return -1;
    /* Written anew when it lacks a row, repeats one, or ends in half a line. */
    if (!str_eq(buf_view(&list), buf_view(&whole)) && file_write_whole(path, 0600, buf_view(&whole), e) < 0)
        return -1;
    return keys_commit_tidy(s, e);
}
