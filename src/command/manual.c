/*
 * manual.c - what the program says of itself: settings, contract, manual page, drawn from the tables that do the work.
 */
#include "command/own.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- settings ---------------------------------------------------------------------- */

static const char *range_of(const struct setting *s, char to[48])
{
    snprintf(to, 48, s->kind == SETTING_TEXT ? "text" : s->kind == SETTING_BOOL ? "true or false" : "%" PRId64 " to %" PRId64, s->min, s->max);
    return to;
}

/* What a value alone does not show: can what it names be used? */
static bool writable_folder(const char *value)
{
    CLEANUP(buf_done) struct buf folder = { 0 };
    const char *path = store_path(value), *slash = strrchr(path, '/');

    buf_put(&folder, slash ? path : ".", slash ? (size_t)(slash - path) + 1 : 1);
    return path != value && access(buf_z(&folder), W_OK | X_OK) == 0;
}

static bool beside_or_folder(const char *value)
{
    return !*value || writable_folder(value);
}

static bool beside_or_there(const char *value)
{
    return !*value || access(value, R_OK) == 0;
}

static bool host_and_port(const char *value)
{
    const char *colon = strrchr(value, ':');
    int64_t port;

    return colon && str_to_int(str_of(colon + 1), &port) && port >= 0 && port < 65536;
}

static bool profile_there(const char *value)
{
    CLEANUP(buf_done) struct buf path = { 0 };

    buf_printf(&path, "%s/profile/covid_2020.json", value);
    return access(buf_z(&path), R_OK) == 0;
}

static const struct {
    const char *setting, *fault;
    bool (*well)(const char *value);
} checks[] = {
    { "store", "is not sqlite:FILE in a folder one may write in", writable_folder },
    { "keys", "is not sqlite:FILE in a folder one may write in", beside_or_folder },
    { "master", "cannot be read", beside_or_there },
    { "listen", "is not HOST:PORT", host_and_port },
    { "data", "holds no profile/covid_2020.json", profile_there },
};

int list_settings(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    char range[48];
    int bad = 0;

    (void)c, (void)input;
    for (const struct setting *s = settings; s->name; s++)
        buf_printf(out, "%-14s  %-26s  %-14s  %-20s  %s\n", s->name, *setting_text(s->name) ? setting_text(s->name) : "-", setting_source(s),
                   range_of(s, range), s->words);
    if (!words_option(w, "check", NULL))
        return 0;
    for (size_t i = 0; i < COUNT_OF(checks); i++)
        if (!checks[i].well(setting_text(checks[i].setting))) {
            buf_printf(out, "bad %s: %s %s\n", checks[i].setting, setting_text(checks[i].setting), checks[i].fault);
            bad++;
        }
    return bad ? err_set(e, ERR_INVALID, "settings.bad") : 0;
}

/* ---- the contract ------------------------------------------------------------------------ */

int print_openapi(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    struct reader *reader = NULL;

    (void)w, (void)input;
    if (core_reader_open(c, &reader, e) < 0)
        return -1;
    int result = core_openapi(c, reader, out, e);
    core_reader_close(reader);
    buf_char(out, '\n');
    return result;
}

/* ---- the manual page ------------------------------------------------------------------- */

/* Text as roff takes it: no command at the start of a line, no hyphen that cannot be copied. */
static void roff(struct buf *out, const char *text)
{
    for (const char *at = text; *at; at++) {
        if (*at == '\\')
            buf_text(out, "\\e");
        else if (*at == '-')
            buf_text(out, "\\-");
        else if ((*at == '.' || *at == '\'') && (at == text || at[-1] == '\n'))
            buf_printf(out, "\\&%c", *at);
        else
            buf_char(out, *at);
    }
    buf_char(out, '\n');
}

static void entry(struct buf *out, const char *name, const char *usage, const char *words)
{
    buf_text(out, ".TP\n.B ");
    roff(out, name);
    if (*usage) {
        out->len--;
        buf_text(out, "\n.RI \"");
        roff(out, usage);
        out->len--;
        buf_text(out, "\"\n.br\n");
    }
    roff(out, words);
}

static const struct {
    const char *name, *words;
} files[] = {
    { "wangge.db", "the store: ledgers and tables (setting store), with wangge.db-wal and wangge.db-shm while it is open" },
    { "wangge.db.keys", "the key store: secrets, accounts, sessions (setting keys)" },
    { "wangge.db.keys.master", "the master key (setting master), mode 0600. Keep a copy apart from this machine: "
                               "without it every name, phone and temperature is lost for good" },
    { "wangge.db.seen", "how many records were acknowledged here: an older copy in place of the store is not served" },
    { "wangge.db.tables", "made by verify --tables and gone with it" },
    { "wangge.db.keys.master.tombstones", "who was erased; never put an older one in its place" },
    { "wangge.db.sock", "through which commands reach the running server, mode 0600" },
    { "wangge.db.lock", "held by whoever writes" },
}, signals[] = {
    { "TERM, INT", "stop: what was taken on is answered, what is new is refused, then all is closed" },
    { "KILL", "loses nothing that was acknowledged" },
}, endings[] = {
    { "0", "done" },
    { "1", "it failed; the word key and what is behind it are on standard error" },
    { "2", "what was typed, a setting or a file is not right" },
};

static const char about[] =
    "helps the grid workers of a city to hold an epidemic at the door: rounds from door to door, who answers for which area, "
    "what was done and what was not. One program, one store, pages for phones and desks.\n"
    "A command reaches the running server through its socket; where none runs it takes the store itself. "
    "Run it as the user the server runs as, with the same settings.";

int print_manual(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e)
{
    char line[400], range[48];

    (void)c, (void)w, (void)input, (void)e;
    buf_text(out, ".TH WANGGE 1 \"\" \"wangge " WANGGE_VERSION "\"\n.SH NAME\nwangge \\- the grid workers' epidemic\\-response system\n"
                  ".SH SYNOPSIS\n.B wangge serve\n.RI [ \"setting ...\" ]\n.br\n.B wangge\n.I command\n.RI [ \"word ...\" ]\n"
                  ".SH DESCRIPTION\n.B wangge\n");
    roff(out, about);
    buf_text(out, ".SH COMMANDS\n");
    entry(out, "serve", "[--config FILE]", "the pages and the contract; prints \"listening URL\" when it does");
    for (const struct command *k = commands; k->name; k++)
        entry(out, k->name, k->usage, k->words);
    buf_text(out, ".SH SETTINGS\nEach is a line \"name = value\" of the file given by \\-\\-config, or WANGGE_NAME in the environment, "
                  "or \\-\\-name VALUE; the later wins. A line that begins with # is a remark.\n");
    for (const struct setting *s = settings; s->name; s++) {
        snprintf(line, sizeof line, "%s (%s; preset %s)", s->words, range_of(s, range), *s->preset ? s->preset : "empty");
        entry(out, s->name, "", line);
    }
    buf_text(out, ".SH FILES\n");
    for (size_t i = 0; i < COUNT_OF(files); i++)
        entry(out, files[i].name, "", files[i].words);
    buf_text(out, ".SH SIGNALS\n");
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        entry(out, signals[i].name, "", signals[i].words);
    buf_text(out, ".SH EXIT STATUS\n");
    for (size_t i = 0; i < COUNT_OF(endings); i++)
        entry(out, endings[i].name, "", endings[i].words);
    return 0;
}
