/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DURABLE_H
#define TOOLS_DURABLE_H

/*
 * --store: opens the store of a run, gives the client its id from there,
 * shows and clears it, and tells when it can't be written.
 *
 * The store belongs to the tool_run, from durable_open() to durable_close();
 * in between, once there is a client, to that client's connection. Main
 * thread, but for durable_note().
 */

#include "store/sqlite.h"
#include "tools/tool.h"

/* Opens t->store for sending, unless it is open or no --store was given.
 * The client id of the settings becomes the store's, or the other way
 * round. */
int durable_open(struct tool_run *t, struct err *e) MUST_CHECK;
/* After the client is gone. */
void durable_close(struct tool_run *t);

/* --store-info, --store-clear. */
int durable_show(const struct tool_run *t, struct err *e) MUST_CHECK;
int durable_clear(const struct tool_run *t, struct err *e) MUST_CHECK;

/* For on_store: says what is wrong, and when it is over. Receive thread. */
void durable_note(const struct tool_run *t,
		  const struct client_store_event *ev);
/* -1 with e when the store has rows that are no messages: they were not sent.
 * Main thread, like the next. */
int durable_check_rows(const struct tool_run *t, struct err *e) MUST_CHECK;
/* Adds to e, which says why the run failed, how many messages are kept. */
void durable_say_where(const struct tool_run *t, struct err *e);

#endif
