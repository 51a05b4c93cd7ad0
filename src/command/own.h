/*
 * own.h - what the files of command share: the functions of the table that do not stand beside it.
 */
#ifndef WANGGE_COMMAND_OWN_H
#define WANGGE_COMMAND_OWN_H

#include "command/command.h"

/* manual.c */
int list_settings(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);
int print_openapi(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);
int print_manual(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);

/* keep.c */
int make_backup(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);
int restore_backup(struct core *c, const struct words *w, struct str input, struct buf *out, struct err *e);

/* To stderr: how far a long command is. */
void command_progress(const char *words, int64_t done, int64_t all);

#endif
