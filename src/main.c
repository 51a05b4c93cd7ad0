/*
 * main.c - the program: `wangge serve`, and the commands of an operator.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command/command.h"
#include "drill/drill.h"
#include "http/http.h"

extern const struct feature *const feature_table[];

static volatile int stop;

static void on_signal(int signal)
{
    stop = signal;
}

/* A server and the living drill end in good order; a command just ends, since each may be cut anywhere. */
static void watch_signals(void)
{
    struct sigaction act = { .sa_handler = on_signal };

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

static void ignore_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);       /* a file as large as it may be is a full disk, no reason to end */
}

static int say(const struct err *e)
{
    fprintf(stderr, "wangge: %s%s%s%s%s\n", e->key, e->field[0] ? " " : "", e->field, e->detail[0] ? ": " : "", e->detail);
    return e->kind == ERR_INVALID ? 2 : 1;
}

static int open_core(struct core **c, bool create, bool keyless, struct err *e)
{
    struct core_options o = {
        .store = setting_text("store"), .keys = setting_text("keys"), .master = setting_text("master"),
        .create = create, .features = feature_table, .keyless = keyless,
    };

    return core_open(c, &o, e);
}

/* What stands in the log already, so that what lasts is told when it begins and when it ends. */
struct told {
    char failing[48], tick[48];
    int64_t failing_at, tick_at;
};

static void tell_tick(struct told *t, const struct err *e)
{
    char quoted[LOG_QUOTED];

    if (strcmp(t->tick, e->key) == 0 && time_monotonic() - t->tick_at < 60 * 1000)
        return;
    t->tick_at = time_monotonic();
    memcpy(t->tick, e->key, sizeof t->tick);
    if (e->key[0])
        log_line(LOG_ERROR, "tick.failed", "key=%s detail=%s", e->key, log_quoted(quoted, e->detail));
}

static void tell_writing(struct told *t, struct core *c)
{
    int64_t count, worst;
    char key[48];
    bool well = core_health(c, key);

    if (core_slow(c, &count, &worst))
        log_line(LOG_WARN, "commit.slow", "count=%lld worst_ms=%lld", (long long)count, (long long)worst);
    if (strcmp(t->failing, key) == 0)
        return;
    if (well)
        log_line(LOG_INFO, "writing.recovered", "after_ms=%lld", (long long)(time_monotonic() - t->failing_at));
    else
        log_line(LOG_ERROR, "writing.failing", "key=%s", key);
    if (!t->failing[0])
        t->failing_at = time_monotonic();
    memcpy(t->failing, key, sizeof t->failing);
}

static void work_on(struct core *c)
{
    struct told told = { 0 };

    while (!stop) {
        struct err late = { 0 };
        tell_tick(&told, core_tick(c, &late) < 0 ? &late : &(struct err){ 0 });
        tell_writing(&told, c);
        for (int i = 0; i < 10 && !stop; i++)
            usleep(100000);
    }
}

/* A log beside the store that is not empty: whoever wrote there last was killed, or lost its power. */
static void tell_recovery(const char *store)
{
    CLEANUP(buf_done) struct buf log = { 0 };
    struct stat st;

    buf_printf(&log, "%s-wal", store_path(store));
    if (stat(buf_z(&log), &st) == 0 && st.st_size > 0)
        log_line(LOG_WARN, "recovering", "log_bytes=%lld", (long long)st.st_size);
}

/* `--tls CERT KEY`: the second word is the key. */
static int tls_words(const struct words *w, struct buf *key, struct err *e)
{
    const char *tls = setting_text("tls");

    if (w->plain_count > 2 || (w->plain_count == 2 && (!tls[0] || setting_text("tls_key")[0])))
        return err_set(e, ERR_INVALID, "command.usage");
    if (w->plain_count == 2)
        buf_text(key, w->plain[1]);
    else if (setting_text("tls_key")[0])
        buf_text(key, setting_text("tls_key"));
    else if (strcmp(tls, "local") == 0)
        buf_printf(key, "%s.authority", store_path(setting_text("store")));
    return tls[0] && !key->len ? err_field(e, "setting.missing", "tls_key") : 0;
}

static int serve(const struct words *w, struct err *e)
{
    CLEANUP(buf_done) struct buf key = { 0 };
    struct http_options options = {
        .listen = setting_text("listen"), .threads = (int)setting_number("threads"), .tls = setting_text("tls"), .trust = setting_text("trust"),
    };
    struct core *c = NULL;
    struct http *h = NULL;
    struct control *k = NULL;
    char quoted[LOG_QUOTED];
    int64_t began = time_monotonic();
    int result = -1;

    if (tls_words(w, &key, e) < 0)
        return -1;
    options.tls_key = buf_z(&key);
    watch_signals();
    log_line(LOG_INFO, "start", "version=%s pid=%ld store=%s", WANGGE_VERSION, (long)getpid(), log_quoted(quoted, setting_text("store")));
    tell_recovery(setting_text("store"));
    if (open_core(&c, true, false, e) < 0) {
        log_line(LOG_ERROR, "start.failed", "key=%s detail=%s", e->key, log_quoted(quoted, e->detail));
        return -1;
    }
    if (control_start(&k, c, setting_text("store"), e) == 0 && http_start(&h, c, &options, e) == 0) {
        printf("listening %s\n", http_url(h));
        if (http_trust_url(h)[0])
            printf("trust %s\n", http_trust_url(h));
        fflush(stdout);
        log_line(LOG_INFO, "listening", "url=%s opened_ms=%lld", http_url(h), (long long)(time_monotonic() - began));
        if (core_unfindable(c))
            log_line(LOG_WARN, "search.empty", "mend=\"wangge keys tokens\"");
        result = 0;
        work_on(c);
        log_line(LOG_INFO, "stop", "signal=%d", stop);
    } else {
        log_line(LOG_ERROR, "start.failed", "key=%s detail=%s", e->key, log_quoted(quoted, e->detail));
    }
    began = time_monotonic();
    control_stop(k);
    http_stop(h);
    core_close(c);
    log_line(LOG_INFO, "stopped", "ms=%lld", (long long)(time_monotonic() - began));
    return result;
}

static int live(const struct words *w, struct err *e)
{
    struct drill_options o = { .city = words_option(w, "city", "4405"), .data = setting_text("data"), .seed = (uint64_t)time_now(),
                               .password = words_option(w, "password", "wangge-drill") };

    watch_signals();
    return drill_live(words_option(w, "url", "http://127.0.0.1:8440"), &o, atof(words_option(w, "rate", "5")), &stop, e);
}

static int to_stdout(void *to, struct str part, struct err *e)
{
    (void)to;
    if (fwrite(part.at, 1, part.len, stdout) == part.len && fflush(stdout) == 0)
        return 0;
    return err_broken(e, "command.output", "%s", strerror(errno));
}

/* Through the running server when there is one, else with the store's own lock. */
static int run(const struct command *command, const struct words *w, int argc, char **argv, struct err *e)
{
    CLEANUP(buf_done) struct buf input = { 0 };
    const struct drain out = { to_stdout, NULL };
    CLEANUP(buf_done) struct buf failed = { 0 };
    struct core *c = NULL;
    int asked = 0, result = 0;

    if (command->input && w->plain_count <= (size_t)command->input)
        return err_set(e, ERR_INVALID, "command.usage");
    if (command->input && file_read(w->plain[command->input], 64 << 20, &input, e) < 0)
        return -1;
    words_from_here(argc, argv);
    if (!command->alone)
        asked = control_ask(setting_text("store"), argc, argv, buf_view(&input), &out, &failed, e);
    if (asked < 0)
        return -1;
    if (asked == 0) {
        result = command->alone ? 0 : open_core(&c, command->create, command->keyless, e);
        if (result == 0)
            result = command_run(command, c, w, buf_view(&input), &out, e);
        core_close(c);
    } else if (failed.len) {
        result = err_broken(e, "command.failed", "%s", buf_z(&failed));
    }
    return result;
}

static int usage(FILE *to)
{
    fprintf(to, "wangge " WANGGE_VERSION " - a city, a district or a single village holds an epidemic at the door\n\n"
                "wangge serve [--store sqlite:wangge.db] [--listen 127.0.0.1:8440] [--tls CERT KEY | --tls local]\n    the pages and the contract\n");
    for (const struct command *c = commands; c->name; c++)
        fprintf(to, "wangge %s %s\n    %s\n", c->name, c->usage, c->words);
    fprintf(to, "\nsettings, each as --NAME VALUE, WANGGE_NAME, or a line of the file given by --config:\n");
    for (const struct setting *s = settings; s->name; s++)
        fprintf(to, "  %-16s %s (%s)\n", s->name, s->words, s->preset);
    return to == stderr ? 2 : 0;
}

int main(int argc, char **argv)
{
    struct words w;
    struct err e = { 0 };
    const char *config = NULL;
    int result;

    (void)prctl(PR_SET_DUMPABLE, 0);     /* memory holds keys and names: no core file, and nobody attaches */
    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return usage(argc < 2 ? stderr : stdout);
    if (strcmp(argv[1], "--version") == 0)
        return puts(WANGGE_VERSION) < 0;
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--config") == 0)
            config = argv[i + 1];
    if ((config && settings_read_file(config, &e) < 0) || settings_read_env(&e) < 0 || words_read(&w, argc - 1, argv + 1, &e) < 0 ||
        words_apply(&w, &e) < 0)
        return say(&e);
    if (w.plain_count == 0)
        return usage(stderr);
    ignore_signals();
    const struct command *command = command_find(w.plain[0]);
    if (strcmp(w.plain[0], "serve") == 0)
        result = serve(&w, &e);
    else if (strcmp(w.plain[0], "drill") == 0 && words_option(&w, "live", NULL))
        result = live(&w, &e);
    else if (command)
        result = run(command, &w, argc - 1, argv + 1, &e);
    else
        return usage(stderr);
    return result < 0 ? say(&e) : 0;
}
