/*
 * own.h - what the files of http share: the server, a request, its reply.
 *
 * A request is made when its first line is read and freed when its answer has
 * left.  It is touched by its server thread only; while it waits for the disk
 * or a worker its connection is suspended and whoever it waits for calls
 * request_go, after which it must not be touched from there.
 */
#ifndef WANGGE_HTTP_OWN_H
#define WANGGE_HTTP_OWN_H

#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "http/http.h"
#include "http/tls.h"
#include "http/trust.h"

struct request;
struct work;

/* ---- routes (server.c) -------------------------------------------------------- */

enum { ROUTE_OPEN = 0, ROUTE_BELOW = 1, ROUTE_SESSION = 2, ROUTE_BODY = 4, ROUTE_SECRET = 8 };

struct route {
    const char *name;        /* in figures and the request log */
    const char *method;      /* GET serves HEAD too */
    const char *path;
    int flags;               /* BELOW: and everything below path; SESSION: signed in only; BODY: takes one; SECRET: with a password in it */
    size_t limit;            /* bytes of the body; 0 with BODY: setting max_body */
    void (*run)(struct request *r);
};
enum { ROUTES = 24 };        /* room for figures of each */
extern const struct route routes[];  /* ends with a NULL name */

/* ---- replies (problem.c) -------------------------------------------------------- */

struct reply {
    int status;
    const char *type;        /* Content-Type; NULL: no body */
    const char *cache;       /* Cache-Control; NULL: no-store */
    struct buf body;         /* given away when sent */
    struct str fixed;        /* instead of body: bytes that outlive the server */
    bool gzip, close;
    int retry_after;         /* seconds; 0: none */
    char tag[80];            /* ETag, quotes included, or empty */
    char cookie[192];        /* Set-Cookie, or empty */
    char device[192];        /* another one */
    char allow[64];
    struct MHD_Response *made;  /* instead of body: made elsewhere, given away when sent */
};
void reply_json(struct request *r);                        /* 200; the caller writes reply.body */
void reply_problem(struct request *r, const struct err *e);
void reply_compress(struct request *r, struct buf *body, int level);   /* where it is worth it and the asker takes it */
void reply_tag(struct request *r, const char *tag);        /* sets the ETag; 304 without body when the asker has it */
enum MHD_Result reply_send(struct request *r);

/* ---- a request (request.c) -------------------------------------------------------- */

enum stage { STAGE_LINE, STAGE_BODY, STAGE_RUN };
enum wait { WAIT_ASKED, WAIT_SUSPENDED, WAIT_OVER };

struct request {
    struct http *h;
    struct MHD_Connection *conn;
    struct peer *peer;
    uint64_t number;
    const struct route *route;   /* NULL: no such address */
    struct str method, path;
    enum stage stage;
    bool line_bad, line_long;    /* found before the headers were read */
    bool decided;                /* the reply stands already; what still comes in is thrown away */
    bool waiting;
    _Atomic int wait;            /* enum wait, while waiting */
    int64_t begun;               /* monotonic ms, when the whole request was in hand */
    struct buf body;
    size_t limit, seen;
    struct arena mem;
    bool signed_in;
    bool named;                  /* its address named a question there is: the log may say it */
    struct session session;
    void (*then)(struct request *r);   /* goes on after waiting */
    void (*job)(struct request *r);    /* what a worker does meanwhile */
    struct request *queue;
    void *own;                         /* the route's, in mem */
    struct err err;
    struct reply reply;
};
void *request_line(void *cls, const char *uri, struct MHD_Connection *conn);
enum MHD_Result request_step(void *cls, struct MHD_Connection *conn, const char *url, const char *method, const char *version,
                             const char *data, size_t *size, void **own);
void request_completed(void *cls, struct MHD_Connection *conn, void **own, enum MHD_RequestTerminationCode how);
struct str request_header(const struct request *r, const char *name);      /* "none" when absent */
bool by_tls(const struct request *r);                                       /* our own, or so says the proxy */
struct str request_param(void *r, const char *name);                       /* an ask_param */
/* A body of a few texts; the tree ends with the request. */
MUST_USE int request_json(struct request *r, struct json **body, struct err *e);
/* Suspends; then runs on the server's thread after request_go. */
void request_wait(struct request *r, void (*then)(struct request *r));
void request_go(struct request *r);
/* Gives the request to a worker of that line, job then `then`.  ERR_BUSY busy.workers when too many wait. */
MUST_USE int request_work(struct request *r, struct work *w, void (*job)(struct request *r), void (*then)(struct request *r), struct err *e);
/* Submits a batch and waits for the disk. */
void request_submit(struct request *r, struct batch *b, void (*then)(struct request *r));

/* ---- readers (server.c) ------------------------------------------------------------- */

MUST_USE int reader_take(struct http *h, struct reader **out, struct err *e);
void reader_put(struct http *h, struct reader *reader);
bool is_drill(struct request *r);                          /* is everybody in this store invented? */

/* ---- connections (peer.c) ------------------------------------------------------------ */

struct peer {
    struct peer *before, *after;
    int fd;
    _Atomic int64_t deadline;    /* monotonic ms by which the next whole request must be here; 0: none */
    char address[48];
};
void peer_changed(void *cls, struct MHD_Connection *conn, void **own, enum MHD_ConnectionNotificationCode what);
void peers_sweep(struct http *h);
/* The address to which wrong passwords are counted: behind a proxy on this machine, what the proxy says. */
struct str peer_address(const struct request *r);

/* ---- sessions (session.c), limits (limit.c) -------------------------------------------- */

MUST_USE int session_of(struct request *r, struct err *e);
bool session_token(const struct request *r, struct str *token);  /* false: none was sent */

enum delay { DELAY_NAME, DELAY_PEER, DELAY_DEVICE };
struct limits;
struct limits *limits_new(int64_t requests);                         /* of a session in a minute */
void limits_free(struct limits *l);
uint64_t limits_number(struct limits *l, struct str what);           /* the same for the same, as long as the process runs */
int delay_left(struct limits *l, enum delay kind, struct str what);  /* seconds to wait, 0 none */
void delay_wrong(struct limits *l, enum delay kind, struct str what);
void delay_right(struct limits *l, enum delay kind, struct str what);
bool often(struct limits *l, const uint8_t token_hash[32]);          /* takes a token; true: there was none */

/* ---- workers (work.c) --------------------------------------------------------------------- */

struct work *work_new(size_t workers, int nice);   /* at most 2; nice: 0 as everybody, up to 19 after everybody */
void work_stop(struct work *w);          /* after the last job; accepts NULL */
size_t work_waiting(struct work *w);

/* ---- the stream (stream.c) ------------------------------------------------------------------ */

struct hub;
MUST_USE int hub_new(struct http *h, struct hub **out, struct err *e);
void hub_end(struct hub *b);             /* streams end; no new ones */
void hub_free(struct hub *b);            /* after the last connection; accepts NULL */
void hub_session_ended(struct hub *b, const uint8_t token_hash[32]);
void hub_figures(struct hub *b, size_t *streams, uint64_t *events);

/* ---- figures (status.c) ------------------------------------------------------------------------ */

enum { FIGURE_TIMES = 10, FIGURE_CLASSES = 6 };
struct figures {
    _Atomic uint64_t answers[ROUTES][FIGURE_CLASSES];   /* by first digit of the status; 0: left without one */
    _Atomic uint64_t within[ROUTES][FIGURE_TIMES + 1];  /* not cumulative; the last has no bound */
    _Atomic uint64_t millis[ROUTES];
};
void figure_note(struct http *h, const struct route *route, int status, int64_t ms);

struct contract {               /* made from the program's tables and today's code lists; open to everybody */
    pthread_mutex_t lock;
    const void *codes;       /* it was made with */
    struct buf body;         /* empty: not made yet */
    char tag[33];
};
void contracts_open(struct http *h);
void contracts_done(struct http *h);

/* ---- answers of core (ask.c) ---------------------------------------------------------------------------- */

/* Sends it, after its note is on disk when it has one.  a lives in r->mem. */
void answer_reply(struct request *r, struct answer *a);

/* ---- what the routes run -------------------------------------------------------------------------- */

void session_open(struct request *r);
void session_show(struct request *r);
void session_end(struct request *r);
void account_post(struct request *r);
void card_post(struct request *r);
void records_post(struct request *r);
void parcels_post(struct request *r);
void reveal_post(struct request *r);
void ask_get(struct request *r);
void bundle_get(struct request *r);
void stream_get(struct request *r);
void meta_get(struct request *r);
void openapi_get(struct request *r);
void health_get(struct request *r);
void metrics_get(struct request *r);
void page_get(struct request *r);

/* ---- the server -------------------------------------------------------------------------------------- */

struct http {
    struct core *core;
    struct MHD_Daemon *daemon;
    struct limits *limits;
    struct work *work;               /* passwords and sessions */
    struct work *questions;          /* those that take long */
    struct hub *hub;
    struct figures figures;
    struct contract meta, openapi;
    struct tls tls;                  /* zeroed: plain http */
    struct trust *trust;
    char url[96], trust_url[96];
    size_t max_body, max_streams;
    int64_t timeout;                 /* ms */
    int64_t started_at;              /* ms UTC */
    int64_t slow;                    /* ms */
    bool log;
    atomic_bool stopping;
    _Atomic uint64_t numbers;        /* of requests */
    _Atomic size_t uploading;        /* bytes of bodies in memory */
    pthread_mutex_t lock;            /* of what follows */
    pthread_cond_t quiet;            /* suspended or open became zero */
    size_t suspended, open;          /* requests waiting; requests not yet answered whole */
    struct reader *idle[64];
    size_t idle_count;
    struct peer *peers;
    size_t peer_count;
};

#endif
