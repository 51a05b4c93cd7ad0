/*
 * command.h - the door of command: what an operator does from the command line.
 *
 * A command is a function from words and input bytes to output text over an
 * open core, so that it runs the same in its own process or, when a server
 * holds the store's lock, inside that server through its Unix socket.
 */
#ifndef WANGGE_COMMAND_H
#define WANGGE_COMMAND_H

#include "core/core.h"

enum { WORDS_MOST = 64 };

struct words {                    /* what was typed after the program's name */
    const char *plain[WORDS_MOST];            /* "import", "village.csv" */
    size_t plain_count;
    struct { const char *name, *value; } option[WORDS_MOST];   /* --as doors; a flag has the value "1" */
    size_t option_count;
};
/* Splits argv; options of no command and no setting are refused (command.option). */
MUST_USE int words_read(struct words *w, int argc, char **argv, struct err *e);
/* Sets the settings among them: once, while the program starts; a running server keeps its own. */
MUST_USE int words_apply(const struct words *w, struct err *e);
/* A running server stands in another folder than who asks it: names of folders become whole. */
void words_from_here(int argc, char **argv);
const char *words_option(const struct words *w, const char *name, const char *preset);

struct command {
    const char *name, *usage, *words;
    bool keyless;                 /* works when the keys are lost */
    bool create;                  /* makes the store when there is none */
    bool alone;                   /* needs no store at all: core is NULL */
    bool beside;                  /* takes long in a server and bears other commands beside it */
    int input;                    /* index of the plain word that names a file to read, 0: none */
    int (*run)(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);
    int (*pour)(struct core *c, const struct words *w, const struct drain *out, struct err *e);   /* instead of run: its output may be long */
};
extern const struct command commands[];       /* ends with a NULL name */
const struct command *command_find(const char *name);
/* What it says goes to out, when it fails as well. */
MUST_USE int command_run(const struct command *k, struct core *c, const struct words *w, struct str input, const struct drain *out, struct err *e);

/* paper.c: wangge heads [--day D] [--area A] [--list], wangge trace --household ID [--lang zh|en] */
int paper_heads(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);
int paper_trace(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);

/* Listens beside the store ("wangge.db.sock", mode 0600) and runs commands for others until control_stop. */
struct control;
MUST_USE int control_start(struct control **out, struct core *c, const char *store_url, struct err *e);
void control_stop(struct control *k);
/* Asks a running server. 1: it ran (to out what it said, in *failed its error as text when it failed), 0: nobody listens, -1. */
int control_ask(const char *store_url, int argc, char **argv, struct str input, const struct drain *out, struct buf *failed, struct err *e);

#endif
