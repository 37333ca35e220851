/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SOURCE_PIPE_H
#define TOOLS_SOURCE_PIPE_H

/*
 * A pipe or socket that is read without ever holding the only copy of its
 * bytes: what is there is looked at (tee(2), MSG_PEEK), its records go into
 * the store together with length and hash of the whole, and only when that is
 * committed is it taken out. After a kill the next run finds it still there,
 * and knows by the hash what of it is stored. That holds as long as the pipe
 * outlives us (somebody else has it open too).
 *
 * Two batches that are the same byte for byte can't be told apart, should we
 * be killed after taking out the first and before the next commit.
 *
 * Main thread. It owns its scratch pipe; run and input are borrowed.
 */

#include "tools/pub_input.h"
#include "tools/tool.h"

struct source_pipe;

/* Becomes the reader of the input, at the place where the last run ended.
 * Before tool_start(). */
struct source_pipe *source_pipe_new(struct tool_run *t, struct pub_input *in,
				    struct err *e);
void source_pipe_free(struct source_pipe *p);

#endif
