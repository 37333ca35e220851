/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_EVENTS_H
#define TOOLS_EVENTS_H

/*
 * --events json: one JSON object per line for each thing that happens to the
 * connection and the store, for scripts. Does nothing unless asked for.
 * Secrets and payloads are never part of it.
 *
 * Receive thread, but for events_end(), which comes last. The descriptor
 * belongs to whoever gave it.
 */

#include "client/client.h"
#include "tools/tool.h"

void events_attempt(struct tool_run *t, const struct client_attempt *a);
void events_up(struct tool_run *t, const struct client_up *up);
void events_down(struct tool_run *t, const struct client_down *down);
void events_store(struct tool_run *t, const struct client_store_event *ev);
/* The run is over with that exit status. Main thread. */
void events_heartbeat(struct tool_run *t, const struct client_heartbeat *h);
void events_end(struct tool_run *t, int status, const char *why);

#endif
