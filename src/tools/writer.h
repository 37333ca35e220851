/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_WRITER_H
#define TOOLS_WRITER_H

/*
 * A thread that writes to a descriptor which may block, one buffer at a
 * time: the way out of tools/output.c for descriptors that cannot be opened
 * a second time.
 *
 * Its functions belong to the loop's thread, which is told when a buffer is
 * done; writer_free() to the main thread after the loop has ended. It owns
 * its thread and the bytes under way.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "client/loop.h"

struct writer;

/* on_done: on the loop's thread; error is an errno or 0. NULL with e. */
struct writer *writer_new(int fd, struct loop *l,
			  void (*on_done)(void *ctx, int error), void *ctx,
			  struct err *e);
/* A thread that is stuck in write(2) cannot be joined: it is left behind with
 * its memory, and ends with the process. False then, and the descriptor must
 * not be closed. */
bool writer_free(struct writer *w);

bool writer_is_busy(const struct writer *w);
/* Takes the content of b, which gets other, empty storage. Not when busy. */
void writer_give(struct writer *w, struct buf *b);

#endif
