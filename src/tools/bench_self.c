/* SPDX-License-Identifier: MIT */
#include "tools/bench_self.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/transport.h"

int bench_self_open(const char *target, struct bench_targets *ret,
		    struct err *e)
{
	struct peer_faults faults;

	if (peer_parse_target(target, &faults, e) < 0)
		return -1;
	ret->v = calloc(1, sizeof(*ret->v));
	ret->transports = calloc(1, sizeof(*ret->transports));
	if (!ret->v || !ret->transports)
		return err_nomem(e);
	if (peer_start(&faults, &ret->peer, e) < 0)
		return -1;
	ret->count = 1;
	ret->v[0].host = strdup("127.0.0.1");
	if (!ret->v[0].host)
		return err_nomem(e);
	ret->v[0].port = ret->peer.port;
	ret->v[0].name = PEER_TARGET;
	return 0;
}

void bench_self_close(struct bench_targets *t)
{
	peer_release(&t->peer);
}

json_t *bench_self_counts(const struct bench_targets *t)
{
	struct peer_counts *c = t->peer.counts;
	const struct {
		const char *name;
		uint64_t n;
	} counts[] = {
		{ "connects", c->connects },
		{ "publishes", c->publishes },
		{ "deliveries", c->deliveries },
		{ "dropped", c->dropped },
		{ "duplicated", c->duplicated },
		{ "reordered", c->reordered },
		{ "corrupted", c->corrupted },
		{ "refused", c->refused },
		{ "unacked", c->unacked },
		{ "refused_connects", c->refused_connects },
		{ "stalled_ms", c->stalled / 1000000 },
	};
	json_t *o = json_object();
	char text[400] = "", *at = text;

	/* The first three always, the mistakes as far as there were any. */
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (i < 3 || counts[i].n)
			at += snprintf(at, sizeof(text) - (size_t)(at - text),
				       "%s%s %" PRIu64, i ? ", " : "",
				       counts[i].name, counts[i].n);
	if (json_object_set_new(o, "peer", json_string(text)) < 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}
