/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "client/client_private.h"
#include "net/uplink.h"

static bool is_on(const struct client *c)
{
	return c->params->heartbeat.search.max != 0;
}

/* "eth0 52:54:00:12:34:56 broker:1883 tls" */
static void name_network(const struct client *c, char *dst, size_t size)
{
	char uplink[128];

	uplink_name("/proc/net", uplink, sizeof(uplink));
	snprintf(dst, size, "%s %s %s", uplink, c->name,
		 c->conn.stream->ops->name);
}

static void load(struct client *c) REQUIRES(c->conn.lock)
{
	const struct client_heartbeat_params *p = &c->params->heartbeat;
	struct heartbeat_finding known;
	bool is_known = p->load &&
			p->load(p->ctx, bytes_str(c->network), &known);

	heartbeat_init(&c->heartbeat, &p->search, is_known ? &known : NULL);
}

static void save(struct client *c) REQUIRES(c->conn.lock)
{
	const struct client_heartbeat_params *p = &c->params->heartbeat;

	if (p->save)
		p->save(p->ctx, bytes_str(c->network), &c->heartbeat.found);
	/* Also when there is no connection: it waits for no message. */
	conn_flush_locked(&c->conn);
}

static void apply(struct client *c) REQUIRES(c->conn.lock)
{
	session_set_beat(c->conn.session, heartbeat_interval(&c->heartbeat),
			 heartbeat_timeout(&c->heartbeat));
}

static void tell(struct client *c, enum client_beat verdict)
{
	struct client_heartbeat h = {
		.verdict = verdict,
		.interval = heartbeat_interval(&c->heartbeat),
		.is_settled = c->heartbeat.found.is_settled,
	};

	if (c->handlers.on_heartbeat)
		c->handlers.on_heartbeat(c->handlers.ctx, &h);
}

void beat_start(struct client *c)
{
	char network[sizeof(c->network)];

	if (!is_on(c))
		return;
	name_network(c, network, sizeof(network));
	mutex_lock(c->conn.lock);
	if (strcmp(network, c->network) != 0) {
		memcpy(c->network, network, sizeof(network));
		load(c);
	}
	heartbeat_start(&c->heartbeat, session_ping_interval(c->conn.session),
			clock_wall());
	apply(c);
	mutex_unlock(c->conn.lock);
	tell(c, CLIENT_BEAT_STARTS);
}

void beat_answered(struct client *c, const struct event_pong *p)
{
	if (!is_on(c) || !p->is_probe)
		return;
	mutex_lock(c->conn.lock);
	if (heartbeat_answered(&c->heartbeat, p->round_trip, clock_wall()))
		save(c);
	apply(c);
	mutex_unlock(c->conn.lock);
	tell(c, CLIENT_BEAT_ANSWERED);
}

/* Nothing came back, or what did was the RST of somebody who knows of no such
 * connection. An end in good order, or a network of ours that is down, says
 * nothing about silence. */
static bool is_evidence(const struct err *why)
{
	return why && why->kind == ERR_LOST &&
	       (why->code == ETIMEDOUT || why->code == ECONNRESET ||
		why->code == EPIPE);
}

void beat_lost(struct client *c, const struct err *why)
{
	bool is_probing;

	if (!is_on(c) || !is_evidence(why))
		return;
	mutex_lock(c->conn.lock);
	is_probing = session_is_probing(c->conn.session);
	if (is_probing && heartbeat_lost(&c->heartbeat, clock_wall()))
		save(c);
	mutex_unlock(c->conn.lock);
	if (is_probing)
		tell(c, CLIENT_BEAT_LOST);
}
