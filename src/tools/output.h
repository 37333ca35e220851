/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

/*
 * Where messages are written: stdout or a file, as one more descriptor of the
 * receive thread, so that a slow reader never blocks it. Whoever has bytes
 * appends them to output_buf() and flushes.
 *
 * Tried: waiting for POLLOUT before small writes is not enough, a terminal
 * and a pipe with other writers block all the same. So pipes and terminals
 * are opened a second time with O_NONBLOCK (our own open file, which does not
 * change what others see of it), sockets are written with MSG_DONTWAIT, and
 * regular files, which cannot be waited for, plainly. Where opening again is
 * not allowed a thread does the writing.
 *
 * output_new() and output_free() belong to the main thread, before the loop
 * has started and after it has ended; everything else to the loop's thread.
 * It owns its descriptor, never stdout itself.
 */

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "client/loop.h"

struct output;

/* Both run on the loop's thread and may be called from output_flush(). */
struct output_handlers {
	void *ctx;
	/* All of what a flush could not write is written now. */
	void (*on_drained)(void *ctx);
	/* Nothing more can be written (once). e->code is the errno; EPIPE:
	 * the reader is gone, told also when nothing is being written. */
	void (*on_failed)(void *ctx, const struct err *e);
};

/* path NULL: stdout; else the file is made when it is not there and written
 * at its end. NULL with ERR_LOCAL. */
struct output *output_new(const char *path, const struct output_handlers *h,
			  struct err *e);
void output_free(struct output *o);
bool output_is_terminal(const struct output *o);

/* Makes it a descriptor of the loop. Before that nothing may be flushed. */
int output_attach(struct output *o, struct loop *l, struct err *e) MUST_CHECK;
/* Leaves the loop again; what has not been written is lost. */
void output_detach(struct output *o);

/* What is to be written: append to it. */
struct buf *output_buf(struct output *o);
/* Makes what was written safe on the disk. -1 after on_failed. */
int output_sync(struct output *o) MUST_CHECK;
/* Writes as much as can be written now. True when that was everything; else
 * on_drained or on_failed follows, and meanwhile no more should be added. */
bool output_flush(struct output *o);

#endif
