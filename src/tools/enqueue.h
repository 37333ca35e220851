/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_ENQUEUE_H
#define TOOLS_ENQUEUE_H

/*
 * mqtt-pub --enqueue: puts messages into the store and is done. There is no
 * connection and no client; another process may be sending from the same
 * store meanwhile. Main thread; nothing stays open.
 */

#include "tools/tool.h"

/* 0 when all of the input is in the store; else what came before the failure
 * is. */
int enqueue(struct tool_run *t, struct err *e) MUST_CHECK;

#endif
