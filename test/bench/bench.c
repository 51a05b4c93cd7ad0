/*
 * bench.c - the program beside the bench: loads, bare loops and bare servers, one command each.
 */
#include "bench.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    int least;
    const char *words;
} commands[] = {
    { "visits", bench_visits, 8, "STORE SESSIONS SCRIPT HOST:PORT CONNECTIONS PER COUNT one|mixed [SEED [MOST-OF-A-GRID]]" },
    { "count", bench_count, 1, "STORE" },
    { "load", bench_load, 2, "HOST:PORT SCRIPT [LINGER-MS] [TOKENS]" },
    { "constant", bench_constant, 2, "BYTES THREADS" },
    { "repeat", bench_repeat, 3, "OURS BARE RECORDS-A-COMMIT" },
    { "copy", bench_copy, 3, "FROM TO all|derived" },
    { "grow", bench_grow, 3, "SMALL COPY VISITS" },
    { "sizes", bench_sizes, 1, "STORE" },
    { "sync", bench_sync, 1, "FOLDER" },
    { "run", bench_run, 1, "COMMAND…" },
};

_Noreturn void fail(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    fputs("bench: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

sqlite3 *db_open(const char *path, int flags)
{
    sqlite3 *db;

    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        fail("%s: %s", path, sqlite3_errmsg(db));
    sqlite3_busy_timeout(db, 5000);
    return db;
}

void db_run(sqlite3 *db, const char *sql)
{
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail("%s: %.80s", sqlite3_errmsg(db), sql);
}

sqlite3_stmt *db_prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *stmt;

    if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
        fail("%s: %.200s", sqlite3_errmsg(db), sql);
    return stmt;
}

bool db_step(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        fail("%s: %.80s", sqlite3_errmsg(sqlite3_db_handle(stmt)), sqlite3_sql(stmt));
    return rc == SQLITE_ROW;
}

void db_close(sqlite3 *db)
{
    for (sqlite3_stmt *q; (q = sqlite3_next_stmt(db, NULL));)
        sqlite3_finalize(q);
    sqlite3_close_v2(db);
}

/* Its output goes to stderr, so that the figures stand alone. */
int bench_run(int argc, char **argv)
{
    double began = seconds();
    struct rusage use;
    int status;
    pid_t pid = fork();

    (void)argc;
    if (pid == 0) {
        dup2(2, 1);
        execvp(argv[0], argv);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &use) < 0)
        fail("%s: %s", argv[0], strerror(errno));
    printf("{\"seconds\":%.3f,\"megabytes\":%.1f,\"cpu\":%.3f,\"code\":%d}\n", seconds() - began, (double)use.ru_maxrss / 1024,
           (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) + (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
           WIFEXITED(status) ? WEXITSTATUS(status) : 128);
    return 0;
}

int main(int argc, char **argv)
{
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    for (size_t i = 0; argc > 1 && i < COUNT_OF(commands); i++)
        if (strcmp(argv[1], commands[i].name) == 0 && argc - 2 >= commands[i].least)
            return commands[i].run(argc - 2, argv + 2);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(stderr, "bench %s %s\n", commands[i].name, commands[i].words);
    return 2;
}
