/*
 * master.c - the master key file: made, read, changed for another.
 *
 * The file is one line of 64 hexadecimal digits in groups of eight, so that it
 * can be kept on paper and typed in again.  Which master is the right one is
 * known by the key store alone: its two keys open under it.
 *
 * Rotation, and what the next start finds when it is cut off:
 *   1. the new master is on disk as <master>.new
 *        the store opens under <master>: <master>.new is destroyed, nothing has happened
 *   2. every row is wrapped anew and committed, in one transaction
 *        the store opens under <master>.new only: the start goes on with 3
 *   3. the bytes of <master> are overwritten
 *        <master> is noise, the store opens under <master>.new: the start goes on with 3
 *   4. <master>.new takes the name <master>
 *        done
 */
#include "seal/own.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char what_loss_means[] = "without the master key file every sealed field is unreadable for ever; figures, areas, "
                                      "duties and the chain remain: put back its paper or USB copy";
_Static_assert(sizeof what_loss_means <= sizeof((struct err){ 0 }.detail), "the sentence must fit the detail of an error");

void wipe_secret(uint8_t (*secret)[SECRET])
{
    sodium_memzero(secret, SECRET);
}

char *path_with(const char *path, const char *suffix)
{
    size_t n = strlen(path) + strlen(suffix) + 1;
    char *all = mem_take(n);

    snprintf(all, n, "%s%s", path, suffix);
    return all;
}

void path_done(char **path)
{
    free(*path);
}

static void wiped_done(struct buf *b)
{
    if (b->at)
        sodium_memzero(b->at, b->room);
    buf_done(b);
}

static int file_err(struct err *e, const char *key, const char *path)
{
    return err_broken(e, key, "%s: %s", path, strerror(errno));
}

int folder_sync(const char *path, struct err *e)
{
    return file_sync_folder(path) < 0 ? file_err(e, "keys.master_write", path) : 0;
}

static int write_master(const char *path, const uint8_t master[SECRET], struct err *e)
{
    CLEANUP(wiped_done) struct buf text = { 0 };

    buf_take(&text, 128); /* room for all of it, so that growing leaves no copy behind */
    buf_clear(&text);
    for (size_t i = 0; i < SECRET; i += 4) {
        if (i)
            buf_char(&text, ' ');
        hex_put(&text, (struct str){ (const char *)master + i, 4 });
    }
    buf_char(&text, '\n');
    return file_write_whole(path, 0600, buf_view(&text), e);
}

static int read_master(const char *path, uint8_t master[SECRET], struct err *e)
{
    CLEANUP(wiped_done) struct buf text = { 0 };
    struct stat st;
    size_t n;

    if (stat(path, &st) < 0)
        return errno == ENOENT ? err_broken(e, "keys.master_missing", "%s", what_loss_means) : file_err(e, "keys.master_wrong", path);
    if (st.st_mode & 077)
        return err_broken(e, "keys.master_mode", "%s can be read by others: chmod 600, and rotate the keys", path);
    if (file_read(path, 4096, &text, e) < 0)
        return -1;
    if (sodium_hex2bin(master, SECRET, text.at, text.len, " \r\n", &n, NULL) || n != SECRET)
        return err_broken(e, "keys.master_wrong", "%s is not 64 hexadecimal digits", path);
    return 0;
}

/* Random bytes over the old ones, on disk: what the file system lets us do. */
static int overwrite(const char *path, struct err *e)
{
    CLEANUP(fd_done) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    uint8_t noise[256];
    struct stat st;

    if (fd < 0)
        return errno == ENOENT ? 0 : file_err(e, "keys.master_write", path);
    if (fstat(fd, &st) < 0)
        return file_err(e, "keys.master_write", path);
    for (off_t done = 0; done < st.st_size;) {
        ssize_t n = st.st_size - done < (off_t)sizeof noise ? st.st_size - done : (ssize_t)sizeof noise;

        randombytes_buf(noise, sizeof noise);
        if ((n = write(fd, noise, (size_t)n)) < 0)
            return file_err(e, "keys.master_write", path);
        done += n;
    }
    return fsync(fd) < 0 ? file_err(e, "keys.master_write", path) : 0;
}

static int destroy(const char *path, struct err *e)
{
    if (overwrite(path, e) < 0)
        return -1;
    if (unlink(path) < 0 && errno != ENOENT)
        return file_err(e, "keys.master_write", path);
    return folder_sync(path, e);
}

/* Steps 3 and 4. */
static int finish_rotation(const char *path, const char *next, struct err *e)
{
    if (overwrite(path, e) < 0)
        return -1;
    if (rename(next, path) < 0)
        return file_err(e, "keys.master_write", path);
    return folder_sync(path, e);
}

/* Which of the two files is the master in use?  The other one goes. */
static int settle(struct seal *s, const char *next, struct err *e)
{
    SECRET_HERE(held);

    if (read_master(s->master_path, held, e) == 0 && !sodium_memcmp(held, s->master, SECRET))
        return file_exists(next) ? destroy(next, e) : 0;
    if (read_master(next, held, e) == 0 && !sodium_memcmp(held, s->master, SECRET))
        return finish_rotation(s->master_path, next, e);
    return err_broken(e, "keys.master_wrong", "%s is not the master in use", s->master_path);
}

static int load_keys(struct seal *s, struct err *e)
{
    static const char *const names[] = { "token", "nonce" };
    uint8_t *const keys[] = { s->token_key, s->nonce_key };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        CLEANUP(rows_done) struct rows rows = { 0 };
        int found = keys_get(s, SHELF_KEY, ARGS(names[i]), &rows, keys[i], e);

        if (found < 0)
            return -1;
        if (found != FOUND_WHOLE)
            return err_set(e, ERR_MISSING, "keys.missing");
    }
    return 0;
}

static int open_with(struct seal *s, const char *path, struct err *e)
{
    if (read_master(path, s->master, e) < 0)
        return -1;
    if (load_keys(s, e) == 0)
        return 0;
    if (!strcmp(e->key, "keys.damaged"))
        return err_broken(e, "keys.master_wrong", "%s is not the master of this key store", path);
    return -1;
}

static bool keys_there(struct seal *s, bool *there, struct err *e)
{
    CLEANUP(rows_done) struct rows rows = { 0 };
    uint8_t none[SECRET];
    int found = keys_get(s, SHELF_KEY, ARGS("token"), &rows, none, e);

    *there = found == FOUND_WHOLE || (found < 0 && !strcmp(e->key, "keys.damaged")); /* there, though not under this master */
    return found >= 0 || *there;
}

/* The master first, then the keys under it: cut off between the two, the next create goes on with the same master. */
static int make_pair(struct seal *s, struct err *e)
{
    if (read_master(s->master_path, s->master, e) < 0) {
        if (strcmp(e->key, "keys.master_missing") != 0)
            return -1;
        randombytes_buf(s->master, SECRET);
        if (write_master(s->master_path, s->master, e) < 0)
            return -1;
    }
    randombytes_buf(s->token_key, SECRET);
    randombytes_buf(s->nonce_key, SECRET);
    if (keys_put(s, SHELF_KEY, ARGS("token"), s->token_key, e) < 0 || keys_put(s, SHELF_KEY, ARGS("nonce"), s->nonce_key, e) < 0)
        return -1;
    return keys_commit(s, e);
}

int master_open(struct seal *s, bool create, struct err *e)
{
    CLEANUP(path_done) char *next = path_with(s->master_path, ".new");
    struct err other = { 0 };
    bool there;

    if (!keys_there(s, &there, e))
        return -1;
    if (!there)
        return create ? make_pair(s, e) : err_set(e, ERR_MISSING, "keys.missing");
    if (open_with(s, s->master_path, e) < 0) {
        if (!strcmp(e->key, "keys.master_mode") || !file_exists(next))
            return -1;
        if (open_with(s, next, &other) < 0)
            return -1; /* with what was wrong with the master itself */
    }
    return settle(s, next, e);
}

int seal_rotate(struct seal *s, struct err *e)
{
    CLEANUP(path_done) char *next = path_with(s->master_path, ".new");
    SECRET_HERE(master);
    LOCKED(s);

    if (settle(s, next, e) < 0) /* what an earlier one left */
        return -1;
    randombytes_buf(master, SECRET);
    if (write_master(next, master, e) < 0 || keys_rewrap(s, master, e) < 0)
        return -1; /* the side file goes with the next start or the next rotation */
    memcpy(s->master, master, SECRET);
    if (finish_rotation(s->master_path, next, e) < 0)
        return -1; /* likewise: nothing is lost, both files stand */
    return keys_commit_tidy(s, e);
}
