/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SUBSCRIBER_H
#define TOOLS_SUBSCRIBER_H

/*
 * What mqtt-sub does with messages, on the receive thread: picks those that
 * are wanted, renders them, writes them, and acknowledges what has been
 * written. When the output takes no more it stops reading from the broker,
 * while pings and acknowledgements go on.
 *
 * Functions belong to the main thread; the handlers that they give to the
 * client run on the receive thread and own everything but the atomics. It
 * must outlive the client.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/pcg.h"
#include "tools/ack_input.h"
#include "tools/format.h"
#include "tools/handover.h"
#include "tools/output.h"
#include "tools/removal.h"
#include "tools/sink.h"
#include "tools/tool.h"

struct subscriber {
	struct tool_run *tool;
	const struct sub_settings *settings;
	struct format *format;
	struct output *output;
	struct handover handover;
	struct sink sink;      /* with --store and --output */
	struct ack_input acks; /* with --ack manual */
	struct buf scratch;
	struct removal removal;
	struct pcg random;
	uint64_t shown;
	unsigned pauses; /* reasons not to read, see subscriber.c */
	bool is_simple;  /* every message is wanted */
	bool shows_time;
	bool has_failed; /* failure says why; final with is_finished */
	struct err failure;

	struct task attach_task, end_task;
	struct err end_why; /* main's, for end_task; kind 0: none */

	atomic_bool is_over;           /* no more messages are taken */
	atomic_bool is_finished;       /* and all that were have been written */
	atomic_uint_fast64_t heard_at; /* the last message, clock_boot() */
	atomic_uint_fast64_t count;
};

/* Opens the output and compiles the format; fills in the handlers. */
int subscriber_init(struct subscriber *s, struct tool_run *t,
		    struct client_handlers *ret_handlers, struct err *e)
	MUST_CHECK;
/* After tool_start(), before anything can arrive. */
void subscriber_start(struct subscriber *s);
/* After tool_end(). */
void subscriber_release(struct subscriber *s);

/* Asks for the end: takes no more messages, writes what is there, then sets
 * is_finished and wakes tool_wait(). why NULL or of kind 0: because the work
 * is done. Once; later calls change nothing. */
void subscriber_end(struct subscriber *s, const struct err *why);
/* -1 with e when shown messages have not been acknowledged by number. Any
 * thread. */
int subscriber_check_numbers(const struct subscriber *s, struct err *e);

#endif
