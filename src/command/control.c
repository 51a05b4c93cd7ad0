/*
 * control.c - the socket through which commands reach a running server.
 *
 * A request is: number of words, each word and then the input, all with a
 * 4-byte length before them.  The answer is the output in parts as they are
 * made, an empty part, and the error as text, empty when it went well, with
 * lengths likewise.  Only the store's owner can reach the socket (mode 0600).
 * Commands run one after another, but for those that take long and bear others beside them.
 */
#include "command/command.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    WORD_MOST = 64 << 10,
    INPUT_MOST = 64 << 20,
    PART_MOST = 1 << 20,          /* of the output */
    PATIENCE = 10,                /* seconds for somebody who stops in the middle of a request */
    LISTENING = 20,               /* seconds for somebody who stops in the middle of an answer: a stop waits for him */
};

struct control {
    struct core *core;
    int listener;
    pthread_t thread;
    pthread_mutex_t turn;         /* held by the command that runs */
    pthread_mutex_t lock;
    pthread_cond_t gone;
    int guests;                   /* connections being served */
    atomic_bool stopping;
    char path[sizeof ((struct sockaddr_un *)0)->sun_path];
};

static int place(const char *url, struct sockaddr_un *at, struct err *e)
{
    const char *path = store_path(url);

    memset(at, 0, sizeof *at);
    at->sun_family = AF_UNIX;
    if (snprintf(at->sun_path, sizeof at->sun_path, "%s.sock", path) >= (int)sizeof at->sun_path)
        return err_broken(e, "control.path", "%s.sock is too long for a socket", path);
    return 0;
}

static bool send_all(int fd, const void *bytes, size_t n)
{
    for (const char *at = bytes; n > 0;) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

static bool recv_all(int fd, void *bytes, size_t n)
{
    for (char *at = bytes; n > 0;) {
        ssize_t got = recv(fd, at, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

static bool send_part(int fd, struct str part)
{
    uint32_t length = (uint32_t)part.len;

    return send_all(fd, &length, sizeof length) && send_all(fd, part.at, part.len);
}

static bool recv_part(int fd, struct buf *part, uint32_t most)
{
    uint32_t length;

    return recv_all(fd, &length, sizeof length) && length <= most && recv_all(fd, buf_take(part, length), length);
}

/* A drain to whoever asked. */
static int send_parts(void *to, struct str text, struct err *e)
{
    while (text.len) {
        size_t n = text.len < PART_MOST ? text.len : PART_MOST;
        if (!send_part(*(int *)to, (struct str){ text.at, n }))
            return err_broken(e, "control.cut", "who asked hung up");
        text.at += n;
        text.len -= n;
    }
    return 0;
}

struct asker {
    struct control *control;
    int fd;
};

/* The same while there is more to come: an answer of any length does not hold up a stop. */
static int send_on(void *to, struct str text, struct err *e)
{
    struct asker *a = to;

    return a->control->stopping ? err_again(e, ERR_BUSY, "busy.stopping") : send_parts(&a->fd, text, e);
}

static void answer(struct control *k, int fd)
{
    uint32_t count;
    struct buf words[WORDS_MOST] = { { 0 } };
    CLEANUP(buf_done) struct buf input = { 0 };
    CLEANUP(buf_done) struct buf said = { .secret = true };
    struct asker asker = { k, fd };
    const struct drain out = { send_on, &asker }, kept = { drain_buf, &said };      /* kept: nobody's turn waits for a reader */
    char *argv[WORDS_MOST];
    struct words w;
    struct err e = { 0 };
    bool whole = recv_all(fd, &count, sizeof count) && count > 0 && count <= WORDS_MOST, failed = true;
    CLEANUP(buf_done) struct buf error = { 0 };

    for (uint32_t i = 0; whole && i < count; i++) {
        words[i].secret = true;       /* one may be a password */
        whole = recv_part(fd, &words[i], WORD_MOST);
        argv[i] = (char *)buf_z(&words[i]);
    }
    if (whole && recv_part(fd, &input, INPUT_MOST)) {
        const struct command *command = NULL;
        pthread_mutex_lock(&k->turn);
        if (words_read(&w, (int)count, argv, &e) == 0 && w.plain_count > 0)
            command = command_find(w.plain[0]);
        if (command && command->beside)
            pthread_mutex_unlock(&k->turn);
        if (command)
            failed = command_run(command, k->core, &w, buf_view(&input), command->beside ? &out : &kept, &e) < 0;
        else if (!e.key[0])
            err_set(&e, ERR_INVALID, "command.unknown");
        if (!command || !command->beside)
            pthread_mutex_unlock(&k->turn);
        if (failed)
            buf_printf(&error, "%s %s %s", e.key, e.field, e.detail);
        (void)(send_parts(&fd, buf_view(&said), &e) == 0 && send_part(fd, STR("")) && send_part(fd, buf_view(&error)));
    }
    for (size_t i = 0; i < WORDS_MOST; i++)
        buf_done(&words[i]);
}

static void *guest_main(void *arg)
{
    const struct timeval patience = { .tv_sec = PATIENCE }, listening = { .tv_sec = LISTENING };
    struct asker g = *(struct asker *)arg;

    free(arg);
    (void)setsockopt(g.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)setsockopt(g.fd, SOL_SOCKET, SO_SNDTIMEO, &listening, sizeof listening);
    answer(g.control, g.fd);
    close(g.fd);
    pthread_mutex_lock(&g.control->lock);
    g.control->guests--;
    pthread_cond_signal(&g.control->gone);
    pthread_mutex_unlock(&g.control->lock);
    return NULL;
}

static void welcome(struct control *k, int fd)
{
    struct asker *g = mem_take(sizeof *g);
    pthread_t thread;

    *g = (struct asker){ k, fd };
    pthread_mutex_lock(&k->lock);
    k->guests++;
    pthread_mutex_unlock(&k->lock);
    if (pthread_create(&thread, NULL, guest_main, g) == 0)
        pthread_detach(thread);
    else
        guest_main(g);
}

static void *control_main(void *arg)
{
    struct control *k = arg;

    for (;;) {
        int fd = accept(k->listener, NULL, NULL);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0)
            return NULL;
        welcome(k, fd);
    }
}

int control_start(struct control **out, struct core *c, const char *store_url, struct err *e)
{
    struct control *k = mem_take(sizeof *k);
    struct sockaddr_un at;

    k->core = c;
    pthread_mutex_init(&k->turn, NULL);
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->gone, NULL);
    if (place(store_url, &at, e) < 0) {
        free(k);
        return -1;
    }
    memcpy(k->path, at.sun_path, sizeof k->path);
    unlink(at.sun_path);            /* we hold the store's lock: whoever left it is gone */
    k->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    bool bound = k->listener >= 0 && bind(k->listener, (struct sockaddr *)&at, sizeof at) == 0;
    umask(mask);
    if (!bound || listen(k->listener, 8) < 0 || pthread_create(&k->thread, NULL, control_main, k) != 0) {
        err_broken(e, "control.socket", "%s: %s", at.sun_path, strerror(errno));
        if (k->listener >= 0)
            close(k->listener);
        free(k);
        return -1;
    }
    *out = k;
    return 0;
}

void control_stop(struct control *k)
{
    if (!k)
        return;
    k->stopping = true;
    shutdown(k->listener, SHUT_RDWR);
    pthread_join(k->thread, NULL);
    core_backup_stop(k->core);
    pthread_mutex_lock(&k->lock);
    while (k->guests)
        pthread_cond_wait(&k->gone, &k->lock);
    pthread_mutex_unlock(&k->lock);
    close(k->listener);
    unlink(k->path);
    free(k);
}

/* Its parts, each as it comes, up to the empty one.  1, 0: it ended before, -1: out did not take it. */
static int recv_parts(int fd, const struct drain *out, struct err *e)
{
    CLEANUP(buf_done) struct buf part = { .secret = true };

    do {
        buf_clear(&part);
        if (!recv_part(fd, &part, PART_MOST))
            return 0;
        if (part.len && out->take(out->to, buf_view(&part), e) < 0)
            return -1;
    } while (part.len);
    return 1;
}

int control_ask(const char *store_url, int argc, char **argv, struct str input, const struct drain *out, struct buf *failed, struct err *e)
{
    struct sockaddr_un at;
    uint32_t count = (uint32_t)argc;
    bool whole;

    if (place(store_url, &at, e) < 0)
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) < 0) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    whole = send_all(fd, &count, sizeof count);
    for (int i = 0; whole && i < argc; i++)
        whole = send_part(fd, str_of(argv[i]));
    int got = whole && send_part(fd, input.at ? input : STR("")) ? recv_parts(fd, out, e) : 0;
    whole = got > 0 && recv_part(fd, failed, PART_MOST);
    close(fd);
    return got < 0 ? -1 : whole ? 1 : err_broken(e, "control.cut", "the server hung up");
}
