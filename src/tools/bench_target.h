/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_BENCH_TARGET_H
#define TOOLS_BENCH_TARGET_H

/*
 * The brokers of a run: found out from the options or the scenario, looked up
 * before the first client connects, so that none of them has to wait for a
 * name. Main thread; owns what it points to, but for what belongs to the
 * settings.
 */

#include <stdbool.h>

#include "bench/peer.h"
#include "bench/run.h"
#include "bench/scenario.h"

struct bench;

struct bench_targets {
	struct run_target *v;
	size_t count;
	bool by_group;                       /* see struct run_config */
	struct transport_config *transports; /* one for each */
	char **names;          /* as errors call them: "host:port" */
	char *user, *password; /* for groups that have none; NULL: none */
	bool is_loopback;      /* all are in 127.0.0.0/8 */
	bool is_private;       /* none is a public address */
	bool is_tls;
	struct peer peer; /* see bench_self.h; counts NULL: a broker */
};

static inline bool bench_targets_are_self(const struct bench_targets *t)
{
	return t->peer.counts != NULL;
}

/* ERR_USAGE when nobody said which; ERR_RESOLVE, ERR_CONNECT when it is not
 * to be found. Waits as long as --connect-timeout. ret is to be released
 * whatever comes back. */
int bench_targets_open(struct bench *b, const struct scenario *s,
		       struct bench_targets *ret, struct err *e) MUST_CHECK;
void bench_targets_release(struct bench_targets *t);

#endif
