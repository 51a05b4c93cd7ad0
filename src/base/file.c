/*
 * file.c - whole files, read under a limit and written so that a crash leaves the old or the new.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

void fd_done(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static int failed(struct err *e, const char *path)
{
    if (errno == ENOENT || errno == ENOTDIR) {
        err_set(e, ERR_MISSING, "file.missing");
        if (e)
            snprintf(e->detail, sizeof e->detail, "%s", path);
        return -1;
    }
    if (errno == ENOSPC || errno == EDQUOT)
        return err_again(e, ERR_BUSY, "file.full");
    return err_broken(e, "file.failed", "%s: %s", path, strerror(errno));
}

int file_read(const char *path, size_t limit, struct buf *out, struct err *e)
{
    CLEANUP(fd_done) int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t before = out->len;

    if (fd < 0)
        return failed(e, path);
    for (;;) {
        char chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);

        if (n == 0)
            return 0;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            out->len = before;
            return failed(e, path);
        }
        if ((size_t)n > limit - (out->len - before)) {
            out->len = before;
            err_set(e, ERR_INVALID, "file.large");
            if (e)
                snprintf(e->detail, sizeof e->detail, "%s", path);
            return -1;
        }
        buf_put(out, chunk, n);
    }
}

static int write_all(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.at, bytes.len);

        if (n < 0 && errno != EINTR)
            return -1;
        if (n > 0) {
            bytes.at += n;
            bytes.len -= n;
        }
    }
    return fsync(fd);
}

int file_sync_folder(const char *path)
{
    CLEANUP(buf_done) struct buf copy = { 0 };

    buf_put(&copy, path, strlen(path) + 1);
    CLEANUP(fd_done) int fd = open(dirname(copy.at), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? -1 : fsync(fd);
}

static int write_side(const char *path, unsigned mode, struct str bytes)
{
    /* A side file left behind by a crash may be open to others: it is not taken over. */
    unlink(path);
    CLEANUP(fd_done) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    return fd < 0 || fchmod(fd, mode) < 0 ? -1 : write_all(fd, bytes);
}

int file_write_whole(const char *path, unsigned mode, struct str bytes, struct err *e)
{
    CLEANUP(buf_done) struct buf side = { 0 };

    buf_printf(&side, "%s.part", path);
    if (write_side(buf_z(&side), mode, bytes) < 0 || rename(buf_z(&side), path) < 0) {
        failed(e, path);
        unlink(buf_z(&side));
        return -1;
    }
    return file_sync_folder(path) < 0 ? failed(e, path) : 0;
}

bool file_exists(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}
