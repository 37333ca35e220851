/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_DRAIN_H
#define TOOLS_DRAIN_H

/*
 * Waiting for confirmations in a way that can be watched: on a terminal the
 * number of messages that are left is shown once a second, and wiped out in
 * the end. Main thread; nothing is owned.
 */

#include "tools/tool.h"

/* As client_drain(), but a connection that is lost when all is confirmed is no
 * failure. */
int tool_drain(struct tool_run *t, uint64_t limit, struct err *e) MUST_CHECK;

#endif
