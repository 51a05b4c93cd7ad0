/*
 * command.c - what an operator's files and commands say: the settings file,
 * the words of a command line, and the bytes on the socket of a running server.
 *
 * The first byte chooses: 's' a settings file, 'w' words, a line each, 'c'
 * parts for the socket, a line each, "$" at the end of a line for a length
 * that is not its own, 'r' bytes for the socket as they are.
 */
#include "grow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "command/command.h"

static struct control *control;

static void said(const struct err *e)
{
    DEMAND(e->kind != ERR_NONE && e->key[0], "failed without a word");
}

static void settings_back(void)
{
    struct err e = { 0 };

    for (const struct setting *s = settings; s->name; s++)
        DEMAND(settings_set(s->name, s->preset, &e) == 0, "%s is not what it may be", s->name);
}

static void settings_hold(void)
{
    for (const struct setting *s = settings; s->name; s++)
        DEMAND(s->kind != SETTING_NUMBER || (setting_number(s->name) >= s->min && setting_number(s->name) <= s->max), "%s", s->name);
}

static void file(struct str text)
{
    const char *path = house_file("settings");
    struct err e = { 0 };
    FILE *f = fopen(path, "w");

    DEMAND(f && fwrite(text.at, 1, text.len, f) == text.len && fclose(f) == 0, "%s", path);
    if (settings_read_file(path, &e) < 0)
        said(&e);
    settings_hold();
    settings_back();
}

/* Lines as words, without their ends; bytes behind a NUL are not there for who reads words. */
static size_t lines_of(struct arena *mem, struct str text, char **argv, size_t most)
{
    size_t n = 0;

    while (text.len && n < most) {
        const char *end = memchr(text.at, '\n', text.len);
        size_t len = end ? (size_t)(end - text.at) : text.len;

        argv[n++] = (char *)(uintptr_t)arena_str(mem, (struct str){ text.at, len }).at;
        text.at += len + (end != NULL);
        text.len -= len + (end != NULL);
    }
    return n;
}

static void words(struct str text)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    char *argv[WORDS_MOST * 2];
    size_t n = lines_of(&mem, text, argv, COUNT_OF(argv));
    struct words w;
    struct err e = { 0 };

    if (words_read(&w, (int)n, argv, &e) < 0)
        said(&e);
    else
        for (size_t i = 0; i < w.option_count; i++)
            DEMAND(words_option(&w, w.option[i].name, NULL), "an option that is not found");
    settings_hold();
    settings_back();
}

/* ---- the socket ---------------------------------------------------------------------------- */

static void serve(void)
{
    char url[128];
    struct err e = { 0 };

    snprintf(url, sizeof url, "sqlite:%s", house_file("w.db"));
    house();
    DEMAND(control_start(&control, house(), url, &e) == 0, "%s %s", e.key, e.detail);
}

static void leave(void)
{
    control_stop(control);
}

static bool quiet(struct str bytes)
{
    /* Commands that write files where they are told, or take a city's time. */
    static const char *const loud[] = { "drill", "backup", "restore", "rotate", "make" };

    for (size_t i = 0; i < COUNT_OF(loud); i++)
        if (memmem(bytes.at, bytes.len, loud[i], strlen(loud[i])))
            return false;
    return true;
}

static void ask(struct str bytes)
{
    struct timeval patience = { .tv_sec = 10 };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char some[4096];
    size_t all = 0;
    ssize_t n;

    if (!control) {
        serve();
        atexit(leave);
    }
    snprintf(at.sun_path, sizeof at.sun_path, "%s", house_file("w.db.sock"));
    DEMAND(fd >= 0 && connect(fd, (struct sockaddr *)&at, sizeof at) == 0, "nobody listens");
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    while (bytes.len) {
        if ((n = send(fd, bytes.at, bytes.len, MSG_NOSIGNAL)) <= 0 && errno != EINTR)
            break;
        bytes.at += n > 0 ? n : 0;
        bytes.len -= n > 0 ? (size_t)n : 0;
    }
    shutdown(fd, SHUT_WR);
    do
        all += (n = recv(fd, some, sizeof some, 0)) > 0 ? (size_t)n : 0;
    while (n > 0 || (n < 0 && errno == EINTR));
    DEMAND(n == 0 || errno == ECONNRESET, "it never hangs up: %s", strerror(errno));
    DEMAND(all == 0 || all >= 8, "half an answer");
    close(fd);
    if (all) {                          /* it ran, and may have changed anything */
        control_stop(control);
        house_fresh();
        settings_back();
        serve();
    }
}

static void put_part(struct buf *out, struct str part, bool other)
{
    uint32_t n = (uint32_t)part.len + (other ? 1u << 20 : 0);

    buf_put(out, &n, sizeof n);
    buf_str(out, part);
}

static void parts(struct str text)
{
    CLEANUP(arena_done) struct arena mem = { 0 };
    CLEANUP(buf_done) struct buf bytes = { 0 };
    char *argv[WORDS_MOST];
    size_t n = lines_of(&mem, text, argv, COUNT_OF(argv));
    uint32_t count = n ? (uint32_t)n - 1 : 0;         /* the last one is the input */

    buf_put(&bytes, &count, sizeof count);
    for (size_t i = 0; i < n; i++) {
        struct str part = str_of(argv[i]);
        bool other = part.len && part.at[part.len - 1] == '$';

        put_part(&bytes, (struct str){ part.at, part.len - other }, other);
    }
    ask(buf_view(&bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data + (size > 0), size - (size > 0) };

    if (!size)
        return 0;
    house();
    if (data[0] == 's')
        file(text);
    else if (data[0] == 'w')
        words(text);
    else if (data[0] == 'c' && quiet(text))
        parts(text);
    else if (data[0] == 'r' && quiet(text))
        ask(text);
    return 0;
}

/* ---- how lines grow ---------------------------------------------------------------------------- */

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    static const char *const options[] = { "--as", "--area", "--apply", "--gbk", "--ledger", "--name", "--phone", "--account", "--role", "--worker", "--class",
                                           "--month", "--reason", "--max-body", "--listen", "--", "---", "--config" };
    static const char *const values[] = { "doors", "divisions", "ledger", "4405", VILLAGE, "grid_worker", "health", "2020-02", "true", "-1",
                                          "99999999999999999999" };
    CLEANUP(buf_done) struct buf text = { 0 };
    size_t n = 0;

    grow_seed(seed);
    if (grow_any(3))
        return LLVMFuzzerMutate(data, size, most);
    buf_char(&text, "swcr"[grow_any(4)]);
    if (buf_view(&text).at[0] == 's') {
        while (settings[n].name)
            n++;
        for (size_t lines = 1 + grow_any(4); lines; lines--)
            buf_printf(&text, "%s%s%s\n", settings[grow_any(n)].name, grow_any(4) ? " = " : "=", values[grow_any(COUNT_OF(values))]);
    } else {
        while (commands[n].name)
            n++;
        buf_printf(&text, "%s\n", commands[grow_any(n)].name);
        for (size_t lines = grow_any(6); lines; lines--)
            buf_printf(&text, "%s%s\n", grow_any(2) ? options[grow_any(COUNT_OF(options))] : values[grow_any(COUNT_OF(values))], grow_any(20) ? "" : "$");
        buf_text(&text, grow_any(2) ? "\n" : "area,order,use\n");
    }
    if (text.len > most)
        return LLVMFuzzerMutate(data, size, most);
    memcpy(data, text.at, text.len);
    return text.len;
}
