/*
 * settings.c - the one table of settings: file, environment, command line,
 * help and documentation read it.
 *
 * Settings are set while the program starts, by one thread, and only read
 * after that.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

#define TEXT(name, preset, words) { name, SETTING_TEXT, 0, 0, preset, words }
#define NUMBER(name, preset, min, max, words) { name, SETTING_NUMBER, min, max, preset, words }
#define BOOL(name, preset, words) { name, SETTING_BOOL, 0, 1, preset, words }

const struct setting settings[] = {
    TEXT("store", "sqlite:wangge.db", "where the ledgers and tables are"),
    TEXT("keys", "", "where the secrets are; empty: beside the store"),
    TEXT("master", "", "file of the key that wraps the secrets; empty: beside the store"),
    TEXT("listen", "127.0.0.1:8440", "address and port of the pages; port 0 takes a free one"),
    TEXT("tls", "", "certificate chain of a public name (PEM), or \"local\": an own authority; empty: plain http, a proxy stands in front"),
    TEXT("tls_key", "", "its key (PEM); with \"local\" the authority's own file, empty: beside the store"),
    TEXT("trust", "127.0.0.1:8441", "with tls = local: address and port of the plain page that gives phones the authority; empty: none"),
    TEXT("data", "data", "folder of profiles, codes and divisions"),
    NUMBER("threads", "0", 0, 256, "threads that answer; 0: as many as there are processors"),
    NUMBER("connections", "16000", 16, 1000000, "most connections at once"),
    NUMBER("streams", "4000", 0, 1000000, "most open event streams"),
    NUMBER("max_body", "4194304", 4096, 1 << 30, "most bytes of one request"),
    NUMBER("max_records", "1000", 1, 100000, "most records of one request"),
    NUMBER("max_nodes", "300000", 100, 1 << 26, "most values and keys of one request"),
    NUMBER("max_depth", "16", 4, 64, "deepest nesting of a request"),
    NUMBER("max_text", "524288", 256, 1 << 24, "most bytes of one text in a request"),
    NUMBER("timeout", "30", 1, 3600, "seconds after which an idle or half-sent request is dropped"),
    NUMBER("session_days", "7", 1, 366, "days after which a sign-in ends"),
    NUMBER("field_days", "30", 1, 366, "days after which a sign-in on a phone ends, which keeps its token itself"),
    NUMBER("card_hours", "72", 1, 720, "hours for which a sign-in card is good"),
    NUMBER("requests", "1200", 1, 1000000, "most requests of one session in a minute"),
    NUMBER("log_pages", "4000", 16, 1000000, "pages in the store's log after which they are carried into its file"),
    BOOL("remember", "true", "figures that are the same for everybody are answered from memory until the next commit"),
    BOOL("log_requests", "false", "a line in the log for every request"),
    NUMBER("slow_ms", "1000", 1, 3600000, "requests and commits that take so many milliseconds are in the log"),
    NUMBER("stuck_seconds", "15", 1, 3600, "seconds a record may wait for the writer before /healthz says so"),
    { 0 },
};

static char *values[COUNT_OF(settings)], *sources[COUNT_OF(settings)];

static int find(const char *name)
{
    for (int i = 0; settings[i].name; i++) {
        const char *a = settings[i].name, *b = name;

        /* --log-requests is --log_requests */
        while (*a && (*a == *b || (*a == '_' && *b == '-'))) {
            a++;
            b++;
        }
        if (*a == '\0' && *b == '\0')
            return i;
    }
    return -1;
}

static const char *const yes[] = { "true", "yes", "on", "1" }, *const no[] = { "false", "no", "off", "0" };

static bool one_of(const char *const *words, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(yes); i++)
        if (strcmp(words[i], value) == 0)
            return true;
    return false;
}

static int check(const struct setting *setting, const char *value, struct err *e)
{
    int64_t n;

    if (setting->kind == SETTING_BOOL)
        return one_of(yes, value) || one_of(no, value) ? 0 : err_field(e, "setting.bool", setting->name);
    if (setting->kind == SETTING_TEXT)
        return 0;
    if (!str_to_int(str_of(value), &n))
        return err_field(e, "setting.number", setting->name);
    return n < setting->min || n > setting->max ? err_field(e, "setting.range", setting->name) : 0;
}

static void replace(char **at, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        abort();
    free(*at);
    *at = copy;
}

static int set_from(const char *source, const char *name, const char *value, struct err *e)
{
    int i = find(name);

    if (i < 0)
        (void)err_field(e, "setting.unknown", name);
    if (i < 0 || check(&settings[i], value, e) < 0) {
        if (e)
            snprintf(e->detail, sizeof e->detail, "%s", source);
        return -1;
    }
    replace(&values[i], value);
    replace(&sources[i], source);
    return 0;
}

int settings_set(const char *name, const char *value, struct err *e)
{
    return set_from("command line", name, value, e);
}

const char *setting_source(const struct setting *s)
{
    return sources[s - settings] ? sources[s - settings] : "preset";
}

static struct str trimmed(struct str s)
{
    while (s.len > 0 && strchr(" \t\r", s.at[0])) {
        s.at++;
        s.len--;
    }
    while (s.len > 0 && strchr(" \t\r", s.at[s.len - 1]))
        s.len--;
    return s;
}

static int read_line(struct str line, const char *path, int number, struct err *e)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    const char *source = arena_printf(&mem, "file %s:%d", path, number);
    const char *equals;
    struct str name, value;

    line = trimmed(line);
    if (line.len == 0 || line.at[0] == '#')
        return 0;
    equals = memchr(line.at, '=', line.len);
    if (!equals) {
        (void)err_field(e, "setting.line", arena_str(&mem, line).at);
        if (e)
            snprintf(e->detail, sizeof e->detail, "%s", source);
        return -1;
    }
    name = arena_str(&mem, trimmed((struct str){ line.at, equals - line.at }));
    value = arena_str(&mem, trimmed((struct str){ equals + 1, line.at + line.len - equals - 1 }));
    return set_from(source, name.at, value.at, e);
}

int settings_read_file(const char *path, struct err *e)
{
    CLEANUP(buf_done) struct buf text = { 0 };
    struct str left;
    int number = 0;

    if (file_read(path, 1 << 20, &text, e) < 0)
        return -1;
    left = buf_view(&text);
    if (!utf8_valid(left))
        return err_field(e, "setting.line", path);
    while (left.len > 0) {
        const char *end = memchr(left.at, '\n', left.len);
        size_t n = end ? (size_t)(end - left.at) : left.len;

        if (read_line((struct str){ left.at, n }, path, ++number, e) < 0)
            return -1;
        n += end != NULL;
        left = (struct str){ left.at + n, left.len - n };
    }
    return 0;
}

int settings_read_env(struct err *e)
{
    for (const struct setting *setting = settings; setting->name; setting++) {
        char name[64] = "WANGGE_";
        const char *value;

        for (size_t i = 0, n = strlen(name); setting->name[i] && n < sizeof name - 1; i++, n++)
            name[n] = setting->name[i] >= 'a' && setting->name[i] <= 'z' ? setting->name[i] - 'a' + 'A' : setting->name[i];
        value = getenv(name);
        if (value && set_from("environment", setting->name, value, e) < 0)
            return -1;
    }
    return 0;
}

const char *setting_text(const char *name)
{
    int i = find(name);

    if (i < 0) {
        fprintf(stderr, "wangge: there is no setting %s\n", name);
        abort();
    }
    return values[i] ? values[i] : settings[i].preset;
}

int64_t setting_number(const char *name)
{
    int64_t n = 0;

    str_to_int(str_of(setting_text(name)), &n);
    return n;
}

bool setting_bool(const char *name)
{
    return one_of(yes, setting_text(name));
}
