/*
 * constant.c - what libmicrohttpd alone can answer: constant bytes of a given length, with the threads and options of ours.
 */
#include "bench.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum MHD_Result answer(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **own)
{
    struct MHD_Response *response;
    enum MHD_Result result;
    struct str body = *(const struct str *)cls;
    char *copy;

    (void)url, (void)method, (void)version, (void)data, (void)size;
    if (!*own) {                 /* first call: only the headers are here */
        *own = cls;
        return MHD_YES;
    }
    copy = malloc(body.len + 1);     /* ours makes each answer anew; a copy is the least of that */
    if (!copy)
        return MHD_NO;
    memcpy(copy, body.at, body.len);
    response = MHD_create_response_from_buffer(body.len, copy, MHD_RESPMEM_MUST_FREE);
    MHD_add_response_header(response, "Content-Type", "application/json; charset=utf-8");
    result = MHD_queue_response(conn, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* Prints its port, serves until its input ends. */
int bench_constant(int argc, char **argv)
{
    size_t length = strtoul(argv[0], NULL, 10);
    unsigned threads = (unsigned)strtoul(argv[1], NULL, 10);
    char *bytes = mem_take(length + 1), end;
    struct str body = { bytes, length };
    struct MHD_Daemon *daemon;

    (void)argc;
    memset(bytes, 'x', length);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, answer, &body, MHD_OPTION_THREAD_POOL_SIZE, threads,
                              MHD_OPTION_CONNECTION_LIMIT, 4096u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)32 * 1024, MHD_OPTION_END);
    if (!daemon)
        fail("no daemon");
    printf("{\"port\":%u}\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    while (read(0, &end, 1) > 0)
        ;
    MHD_stop_daemon(daemon);
    free(bytes);
    return 0;
}
