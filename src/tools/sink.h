/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_SINK_H
#define TOOLS_SINK_H

/*
 * An output file of which the store knows how much is sure: cut to that at
 * the start, and after each batch its length is committed together with the
 * acknowledgements of what was written. What was written and not committed
 * comes again from the broker. So a kill or a power cut neither loses nor
 * repeats a message of QoS 2.
 *
 * sink_open() belongs to the main thread before the client starts, the rest
 * to the receive thread. A sink that is not open is the normal case and does
 * nothing.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "mqtt/store.h"

struct sink {
	char *path;    /* canonical; NULL: not open */
	uint64_t size; /* written and safe on disk */
};

/* Makes the file when it is not there. Only regular files can be cut: for
 * others the sink stays closed. ERR_LOCAL when it is shorter than what was
 * written to it. */
int sink_open(struct sink *k, const char *path, struct store *store,
	      struct err *e) MUST_CHECK;
void sink_release(struct sink *k);
/* For the next commit. -1 when out of memory. */
int sink_note(const struct sink *k, struct store *store) MUST_CHECK;

#endif
