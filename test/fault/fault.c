/*
 * fault.c - a disk that fills, slows, fails and forgets, and a clock that jumps: preloaded before a program under test.
 *
 * It watches the files of one folder.  Whatever is written there is seen at
 * once, as through a page cache, but what stood before is remembered until a
 * sync of that file (of the folder, for names).  A power cut puts back what
 * was remembered and ends the process; a torn one lets a random part of the
 * unsynced 512-byte sectors, sizes and names have reached the disk.  A sync
 * that fails loses the pages it was for, as Linux does.
 *
 * The test writes the numbers of struct control into a file that both map.
 * FAULT_FOLDER names the folder, FAULT_CONTROL that file.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 64, NAMES = 64, NAME = 256 };

/* In the order of `slots` in fault.mjs. */
struct control {
    _Atomic int64_t room;        /* bytes by which files may still grow; negative: no bound */
    _Atomic int64_t room_of;     /* bits of enum part: which files the bound holds for */
    _Atomic int64_t slow;        /* milliseconds each sync takes longer */
    _Atomic int64_t bad_writes;  /* so many of the next writes fail */
    _Atomic int64_t bad_syncs;
    _Atomic int64_t bad_of;      /* bits of enum part */
    _Atomic int64_t lie;         /* syncs say they were done, and were not */
    _Atomic int64_t cut;         /* the power goes at the n-th change from now; 0: it stays */
    _Atomic int64_t torn;        /* seed of what an unsynced part left behind; 0: nothing of it */
    _Atomic int64_t clock;       /* milliseconds the time of day is off */
    _Atomic int64_t changes;     /* told: changes seen */
    _Atomic int64_t failures;    /* told: faults given */
};

enum part { PART_STORE = 1, PART_STORE_WAL = 2, PART_KEYS = 4, PART_KEYS_WAL = 8, PART_OTHER = 16, PART_SHM = 32 };

struct sector {
    int64_t number;
    int lost;                    /* a failed sync was for it: no later one brings it back */
    char before[SECTOR];
};

struct file {
    dev_t dev;
    ino_t ino;
    int fd;                      /* kept open: the number of the file cannot become another's, and its bytes outlive its name */
    enum part part;
    int64_t size;                /* on disk */
    struct sector *dirty;
    size_t count, room;
    uint32_t *find;              /* open addressing over dirty, index + 1 */
    size_t find_room;
};

static struct control *control;
static struct control idle = { .room = -1 };
static char folder[PATH_MAX];
static struct stat folder_stat;
static struct file files[FILES];
static size_t file_count;
static struct {
    char name[NAME];
    struct file *file;
} names[NAMES];
static size_t name_count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ({ static __typeof__(&name) real; if (!real) real = (__typeof__(real))dlsym(RTLD_NEXT, #name); real; })

/* ---- what is watched --------------------------------------------------------- */

static int ends(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    return n >= m && strcmp(text + n - m, end) == 0;
}

static enum part part_of(const char *name)
{
    static const struct {
        const char *end;
        enum part part;
    } table[] = {
        { "-shm", PART_SHM }, { ".keys-wal", PART_KEYS_WAL }, { "-wal", PART_STORE_WAL }, { ".keys", PART_KEYS }, { ".db", PART_STORE },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (ends(name, table[i].end))
            return table[i].part;
    return PART_OTHER;
}

/* Never closed: that would take the locks the program holds on the same file. */
static struct file *file_add(const char *at, const char *name, const struct stat *st)
{
    int fd = file_count < FILES ? open(at, O_RDWR | O_CLOEXEC) : -1;

    if (fd < 0)
        return NULL;
    files[file_count] = (struct file){ .dev = st->st_dev, .ino = st->st_ino, .fd = fd, .part = part_of(name) };
    return &files[file_count++];
}

static struct file *file_known(const struct stat *st)
{
    for (size_t i = 0; i < file_count; i++)
        if (files[i].ino == st->st_ino && files[i].dev == st->st_dev)
            return &files[i];
    return NULL;
}

/* The watched file behind a descriptor; one that is seen first when it is written to has nothing on disk. */
static struct file *file_of(int fd)
{
    struct stat st;
    struct file *f;
    char self[64], path[PATH_MAX];
    ssize_t n;

    if (!folder[0] || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return NULL;
    if ((f = file_known(&st)))
        return f;
    snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
    n = readlink(self, path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = 0;
    if (strncmp(path, folder, strlen(folder)) != 0 || path[strlen(folder)] != '/')
        return NULL;
    return file_add(self, path, &st);
}

static void path_in(char path[PATH_MAX + NAME], const char *name)
{
    size_t n = strlen(folder);

    memcpy(path, folder, n);
    path[n] = '/';
    strcpy(path + n + 1, name);
}

/* The names of now are those on disk. */
static void names_settle(void)
{
    DIR *d = opendir(folder);

    name_count = 0;
    for (struct dirent *it; d && (it = readdir(d)) && name_count < NAMES;) {
        char path[PATH_MAX + NAME];
        struct stat st;
        struct file *f;

        path_in(path, it->d_name);
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode) || part_of(path) == PART_SHM)
            continue;
        f = file_known(&st);
        if (!f && !(f = file_add(path, path, &st)))
            continue;
        strcpy(names[name_count].name, it->d_name);
        names[name_count++].file = f;
    }
    if (d)
        closedir(d);
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("FAULT_FOLDER"), *numbers = getenv("FAULT_CONTROL");
    int fd = numbers ? open(numbers, O_RDWR | O_CLOEXEC) : -1;

    control = fd < 0 ? &idle : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || control == MAP_FAILED || !at || !realpath(at, folder) || stat(folder, &folder_stat) < 0) {
        control = &idle;
        folder[0] = 0;
        return;
    }
    close(fd);
    names_settle();
    for (size_t i = 0; i < file_count; i++) {      /* all that is there now is on disk */
        struct stat st;

        if (fstat(files[i].fd, &st) == 0)
            files[i].size = st.st_size;
    }
}

/* ---- what is remembered -------------------------------------------------------- */

static struct sector *sector_of(struct file *f, int64_t number, int add)
{
    size_t i;

    if (add && f->count * 2 >= f->find_room) {
        f->find_room = f->find_room ? f->find_room * 2 : 1024;
        free(f->find);
        f->find = calloc(f->find_room, sizeof *f->find);
        for (size_t k = 0; k < f->count; k++) {
            for (i = (uint64_t)f->dirty[k].number * 0x9e3779b97f4a7c15u >> 32 & (f->find_room - 1); f->find[i]; i = (i + 1) & (f->find_room - 1))
                ;
            f->find[i] = (uint32_t)k + 1;
        }
    }
    if (!f->find_room)
        return NULL;
    for (i = (uint64_t)number * 0x9e3779b97f4a7c15u >> 32 & (f->find_room - 1); f->find[i]; i = (i + 1) & (f->find_room - 1))
        if (f->dirty[f->find[i] - 1].number == number)
            return &f->dirty[f->find[i] - 1];
    if (!add)
        return NULL;
    if (f->count == f->room)
        f->dirty = realloc(f->dirty, (f->room = f->room ? f->room * 2 : 256) * sizeof *f->dirty);
    f->find[i] = (uint32_t)f->count + 1;
    f->dirty[f->count] = (struct sector){ .number = number };
    return &f->dirty[f->count++];
}

/* Keeps what stands in these bytes, unless it is kept already. */
static void remember(struct file *f, int64_t at, int64_t n)
{
    for (int64_t s = at / SECTOR; n > 0 && s <= (at + n - 1) / SECTOR; s++) {
        struct sector *kept = sector_of(f, s, 0);

        if (kept) {
            kept->lost = 0;
            continue;
        }
        kept = sector_of(f, s, 1);
        if (pread(f->fd, kept->before, SECTOR, s * SECTOR) < 0)
            abort();
    }
}

/* What was written is on disk, but for what an earlier failure lost. */
static void settle(struct file *f)
{
    struct sector *lost = NULL;
    size_t count = 0;
    struct stat st;

    for (size_t i = 0; i < f->count; i++)
        if (f->dirty[i].lost) {
            lost = realloc(lost, (count + 1) * sizeof *lost);
            lost[count++] = f->dirty[i];
        }
    f->count = 0;
    if (f->find_room)
        memset(f->find, 0, f->find_room * sizeof *f->find);
    for (size_t i = 0; i < count; i++)
        *sector_of(f, lost[i].number, 1) = lost[i];
    free(lost);
    if (fstat(f->fd, &st) == 0)
        f->size = st.st_size;
}

/* ---- the power cut ---------------------------------------------------------------- */

static uint64_t dice;

static int coin(void)
{
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return control->torn && (dice >> 33 & 1);
}

static void file_fall(struct file *f)
{
    struct stat st;
    int shrunk, stays;
    int64_t end = f->size;

    if (fstat(f->fd, &st) < 0)
        return;
    shrunk = st.st_size < f->size;
    stays = shrunk && coin();                       /* the shrinking reached the disk */
    for (size_t i = 0; i < f->count; i++) {
        struct sector *s = &f->dirty[i];
        int64_t at = s->number * SECTOR;

        if (at < st.st_size && coin()) {            /* this one did */
            if (at + SECTOR > end)
                end = at + SECTOR < st.st_size ? at + SECTOR : st.st_size;
        } else if (!(stays && at >= st.st_size)) {
            if (REAL(pwrite)(f->fd, s->before, SECTOR, at) < 0)
                abort();
        }
    }
    if (REAL(ftruncate)(f->fd, stays ? st.st_size : end) < 0)
        abort();
}

static void copy_out(struct file *f, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char bytes[65536];
    ssize_t n;

    for (off_t at = 0; fd >= 0 && (n = pread(f->fd, bytes, sizeof bytes, at)) > 0; at += n)
        if (REAL(pwrite)(fd, bytes, (size_t)n, at) != n)
            abort();
    close(fd);
}

/* Names as they are on disk: what had none is gone, what had one is there with its bytes. */
static void names_fall(void)
{
    DIR *d = opendir(folder);
    char path[PATH_MAX + NAME];

    for (struct dirent *it; d && (it = readdir(d));) {
        struct stat st;
        size_t i = 0;

        if (fstatat(dirfd(d), it->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
            continue;
        while (i < name_count && strcmp(names[i].name, it->d_name) != 0)
            i++;
        if (i == name_count)
            unlinkat(dirfd(d), it->d_name, 0);
    }
    if (d)
        closedir(d);
    for (size_t i = 0; i < name_count; i++) {
        struct stat st;

        path_in(path, names[i].name);
        if (stat(path, &st) == 0 && st.st_ino == names[i].file->ino)
            continue;
        REAL(unlink)(path);
        copy_out(names[i].file, path);
    }
}

static void power_cut(void)
{
    dice = (uint64_t)control->torn * 0x9e3779b97f4a7c15u + 1;
    for (int i = 0; i < 8; i++)
        coin();
    for (size_t i = 0; i < file_count; i++)
        if (files[i].part != PART_SHM)
            file_fall(&files[i]);
    if (!coin())
        names_fall();
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* One change is about to be made. */
static void tick(void)
{
    control->changes++;
    if (control->cut > 0 && --control->cut == 0)
        power_cut();
}

static int gives_way(_Atomic int64_t *left, struct file *f)
{
    if (*left <= 0 || !(control->bad_of & f->part))
        return 0;
    --*left;
    control->failures++;
    return 1;
}

/* 0, or the error a write of n bytes meets. */
static int write_meets(struct file *f, int64_t at, int64_t n)
{
    struct stat st;

    if (gives_way(&control->bad_writes, f))
        return EIO;
    if (control->room < 0 || !(control->room_of & f->part) || fstat(f->fd, &st) < 0 || at + n <= st.st_size)
        return 0;
    if (at + n - st.st_size > control->room) {
        control->failures++;
        return ENOSPC;
    }
    control->room -= at + n - st.st_size;
    return 0;
}

/* ---- in front of libc -------------------------------------------------------------- */

static struct file *enter(int fd)
{
    int kept = errno;

    pthread_mutex_lock(&lock);
    struct file *f = file_of(fd);
    if (!f)
        pthread_mutex_unlock(&lock);
    errno = kept;
    return f;
}

static int leave(int wrong)
{
    pthread_mutex_unlock(&lock);
    if (wrong)
        errno = wrong;
    return wrong;
}

static ssize_t write_at(int fd, const void *bytes, size_t n, off_t at)
{
    struct file *f = enter(fd);
    int wrong;

    if (!f)
        return REAL(pwrite)(fd, bytes, n, at);
    wrong = write_meets(f, at, (int64_t)n);
    if (!wrong && f->part != PART_SHM) {
        tick();
        remember(f, at, (int64_t)n);
    }
    ssize_t done = wrong ? -1 : REAL(pwrite)(fd, bytes, n, at);
    leave(wrong);
    return done;
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    return write_at(fd, bytes, n, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return write_at(fd, bytes, n, at);
}

ssize_t write(int fd, const void *bytes, size_t n)
{
    struct file *f = enter(fd);
    struct stat st;
    off_t at;
    int wrong;

    if (!f)
        return REAL(write)(fd, bytes, n);
    at = fcntl(fd, F_GETFL) & O_APPEND ? (fstat(fd, &st) == 0 ? st.st_size : 0) : lseek(fd, 0, SEEK_CUR);
    wrong = write_meets(f, at, (int64_t)n);
    if (!wrong) {
        tick();
        remember(f, at, (int64_t)n);
    }
    ssize_t done = wrong ? -1 : REAL(write)(fd, bytes, n);
    leave(wrong);
    return done;
}

static int cut_to(int fd, off_t size)
{
    struct file *f = enter(fd);
    struct stat st;

    if (!f)
        return REAL(ftruncate)(fd, size);
    if (f->part != PART_SHM) {
        tick();
        if (fstat(fd, &st) == 0 && st.st_size > size)
            remember(f, size, st.st_size - size);
    }
    int done = REAL(ftruncate)(fd, size);
    leave(0);
    return done;
}

int ftruncate(int fd, off_t size)
{
    return cut_to(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return cut_to(fd, size);
}

static int sync_of(int fd)
{
    struct file *f = enter(fd);
    struct stat st;
    int wrong = 0;

    if (f) {
        tick();
        if (gives_way(&control->bad_syncs, f)) {
            wrong = EIO;
            for (size_t i = 0; i < f->count; i++)
                f->dirty[i].lost = 1;
        } else if (!control->lie) {
            settle(f);
        }
        leave(wrong);
    } else if (folder[0] && fstat(fd, &st) == 0 && st.st_ino == folder_stat.st_ino && st.st_dev == folder_stat.st_dev) {
        pthread_mutex_lock(&lock);
        tick();
        if (!control->lie)
            names_settle();
        pthread_mutex_unlock(&lock);
    }
    if (control->slow > 0)
        usleep((useconds_t)(control->slow * 1000));
    return wrong ? -1 : 0;
}

/* What the machine itself has on disk is of no matter here. */
int fsync(int fd)
{
    return sync_of(fd);
}

int fdatasync(int fd)
{
    return sync_of(fd);
}

static void tick_at(const char *path)
{
    if (!folder[0] || strncmp(path, folder, strlen(folder)) != 0 || part_of(path) == PART_SHM)
        return;
    pthread_mutex_lock(&lock);
    tick();
    pthread_mutex_unlock(&lock);
}

int unlink(const char *path)
{
    tick_at(path);
    return REAL(unlink)(path);
}

int rename(const char *from, const char *to)
{
    tick_at(from);
    return REAL(rename)(from, to);
}

int clock_gettime(clockid_t which, struct timespec *t)
{
    int result = REAL(clock_gettime)(which, t);
    int64_t off = control ? control->clock : 0;

    if (result == 0 && which == CLOCK_REALTIME && off) {
        t->tv_sec += off / 1000;
        t->tv_nsec += off % 1000 * 1000000;
        if (t->tv_nsec >= 1000000000)
            t->tv_sec++, t->tv_nsec -= 1000000000;
        else if (t->tv_nsec < 0)
            t->tv_sec--, t->tv_nsec += 1000000000;
    }
    return result;
}
