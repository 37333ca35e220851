/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SOURCE_H
#define TOOLS_SOURCE_H

/*
 * How far the input of mqtt-pub -l has been read, kept in the store together
 * with the messages made of it, so that the next run goes on where this one
 * ended, however that was:
 *
 *	a regular file is continued at the byte after the last record;
 *	a pipe or socket is looked at, stored, and only then read
 *	(tools/source_pipe.h);
 *	with --resume, input that comes anew is compared and passed over.
 *
 * Anything else, and all without a store, is just read. Main thread. Input
 * and run belong to the caller and outlive it.
 */

#include "store/digest.h"
#include "tools/pub_input.h"
#include "tools/source_pipe.h"
#include "tools/tool.h"

enum source_kind { SOURCE_PLAIN, SOURCE_FILE, SOURCE_PIPE, SOURCE_REPLAY };

struct source {
	struct tool_run *tool;
	struct pub_input *input;
	enum source_kind kind;
	struct source_pipe *pipe;
	uint64_t to_skip;           /* REPLAY: records still to be passed */
	uint8_t chain[DIGEST_SIZE]; /* over those passed */
	uint8_t expected[DIGEST_SIZE];
	uint64_t told; /* to --source-ack */
};

/* After durable_open(), before tool_start(). ERR_LOCAL when the store was
 * left in the middle of another input. */
int source_open(struct source *s, struct tool_run *t, struct pub_input *in,
		struct err *e) MUST_CHECK;
void source_release(struct source *s);

/* Leaves out records that are stored already: moves the others to the
 * front. */
int source_filter(struct source *s, struct publish *messages, size_t *count,
		  struct err *e) MUST_CHECK;
/* The tags that the messages of this input are to be published with. */
void source_tag(const struct source *s, const struct publish *messages,
		size_t count, uint64_t *tags);
/* Tells --source-ack what is safe in the store by now. */
int source_confirm(struct source *s, struct err *e) MUST_CHECK;
/* The input is at its end, and all of it is published. */
int source_finish(struct source *s, struct err *e) MUST_CHECK;

#endif
