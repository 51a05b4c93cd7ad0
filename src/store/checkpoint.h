/*
 * checkpoint.h - carrying what is committed from SQLite's log into its file.
 */
#ifndef WANGGE_STORE_CHECKPOINT_H
#define WANGGE_STORE_CHECKPOINT_H

#include <sqlite3.h>

#include "base/base.h"

struct checkpoints;

/* From now on the log of the file at path is emptied beside this connection, which is its one writer. */
struct checkpoints *checkpoints_begin(sqlite3 *writer, const char *path);
/* Waits until nobody else is at it; the writer's thread may do it by itself until its next commit.  false: stuck.  Accepts NULL. */
MUST_USE bool checkpoints_wait(struct checkpoints *c);
/* A sync of the file failed: the log is kept, and only grows, until the store is opened anew.  Accepts NULL. */
bool checkpoints_stuck(const struct checkpoints *c);
void checkpoints_end(struct checkpoints *c);           /* before the writer is closed; accepts NULL */

#endif
