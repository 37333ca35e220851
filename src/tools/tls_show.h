/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_TLS_SHOW_H
#define TOOLS_TLS_SHOW_H

/*
 * --tls-info: connects to the first server as far as TLS, sends nothing of
 * MQTT, and says what was agreed on. Main thread, before any other; blocks
 * for the connect time at most.
 */

#include "base/buf.h"
#include "base/err.h"
#include "config/settings.h"

/* Appends the lines to ret. -1 with e, whose kind is the exit status. */
int tls_show(const struct settings *s, struct buf *ret, struct err *e)
	MUST_CHECK;

#endif
