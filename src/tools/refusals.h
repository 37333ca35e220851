/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_REFUSALS_H
#define TOOLS_REFUSALS_H

/*
 * Counts publishes that the broker refused, by reason, with the first text
 * it gave for each: one line per reason at the end says more than a million
 * lines.
 *
 * Noted by the receive thread or the main one, reported by the main one; has
 * a lock of its own.
 */

#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"
#include "client/sync.h"

/* Refused by our own side, which knows the broker's limits: no code. */
#define REFUSED_LOCALLY 0

struct refusals {
	struct mutex lock;
	uint64_t total;
	uint64_t counts[256];
	char *texts[256]; /* the broker's words, made visible; or NULL */
};

void refusals_init(struct refusals *r);
void refusals_release(struct refusals *r);
/* props: of the answer, may hold a reason string. */
void refusals_add(struct refusals *r, uint8_t reason, struct bytes props);
/* text: the whole story. */
void refusals_add_local(struct refusals *r, const char *text);

/* Shows one line per reason but the last, whose line becomes e. 0 when
 * nothing was refused, else -1 (ERR_PUBLISH). */
int refusals_report(struct refusals *r, const char *server, const char *topic,
		    struct err *e) MUST_CHECK;

#endif
