/* SPDX-License-Identifier: MIT */
#include "client/client_private.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "mqtt/reason.h"

static size_t current_server(const struct client *c)
{
	return (c->server_first + c->server_done) % c->params->server_count;
}

static void name_server(struct client *c, const struct client_server *s)
{
	if (s->unix_path)
		snprintf(c->name, sizeof(c->name), "unix:%s", s->unix_path);
	else if (strchr(s->host, ':'))
		snprintf(c->name, sizeof(c->name), "[%s]:%u", s->host, s->port);
	else
		snprintf(c->name, sizeof(c->name), "%s:%u", s->host, s->port);
}

/* What the server has spoken before; of one that another refers to nothing is
 * remembered. 0: nothing. */
static uint8_t proven_version(const struct client *c)
{
	return c->redirect.is_on ? 0 : c->versions[current_server(c)];
}

static enum mqtt_version pick_version(const struct client *c)
{
	uint8_t known = c->fallback ? c->fallback : proven_version(c);

	if (c->params->version != MQTT_AUTO)
		return c->params->version;
	return known ? (enum mqtt_version)known : MQTT_5;
}

void attempt_note_up(struct client *c)
{
	if (!c->redirect.is_on)
		c->versions[current_server(c)] = (uint8_t)c->connect.version;
	c->fallback = 0;
	reconnect_up(&c->reconnect, loop_now(c->loop));
}

/* The broker keeps our session between connections: then only the very first
 * CONNECT may ask for a clean one. */
static bool pick_clean_start(const struct client *c, enum mqtt_version v)
{
	bool is_kept = c->params->keep_session &&
		       (v == MQTT_5 || !c->params->connect.clean_start);

	return c->params->connect.clean_start && !(is_kept && c->was_up);
}

static int load_credentials(struct client *c, struct err *e)
{
	const struct client_credentials *cred = &c->params->credentials;

	if (!cred->load)
		return 0;
	return cred->load(cred->ctx, &c->connect.user, &c->connect.password, e);
}

static void fill_target(struct client *c, const struct client_server *s)
{
	const struct client_params *p = c->params;

	mutex_lock(c->conn.lock); /* error lines of publishers show it */
	name_server(c, s);
	mutex_unlock(c->conn.lock);
	c->target = (struct conn_target){
		.dial = {
			.host = s->host,
			.port = s->port,
			.unix_path = s->unix_path,
			.family = p->family,
			.bind_addresses = p->bind_addresses,
			.bind_count = p->bind_count,
			.bind_index = c->bind_next++,
		},
		.transport = s->transport,
		.connect = &c->connect,
		.connect_timeout = p->connect_timeout,
		.name = c->name,
	};
}

static const struct client_server *pick_server(const struct client *c)
{
	return c->redirect.is_on ? &c->redirect.server
				 : &c->params->servers[current_server(c)];
}

static void tell_attempt(struct client *c)
{
	struct client_attempt a = { c->name, c->reconnect.attempt };

	if (c->handlers.on_attempt)
		c->handlers.on_attempt(c->handlers.ctx, &a);
}

static void cannot_start(struct client *c, struct err *why);

static void start_attempt(struct client *c)
{
	enum mqtt_version v = pick_version(c);
	struct err e;

	c->connect = c->params->connect;
	c->connect.version = v;
	c->connect.clean_start = pick_clean_start(c, v);
	fill_target(c, pick_server(c));
	tell_attempt(c);
	if (load_credentials(c, &e) < 0 || auth_begin(c, &e) < 0) {
		cannot_start(c, &e);
		return;
	}
	conn_start_on_loop(&c->conn, &c->target);
}

static void retry_due(struct timer *t, uint64_t now)
{
	struct client *c = CONTAINER_OF(t, struct client, retry);

	(void)now;
	attempt_start_round(c);
}

void attempt_init(struct client *c)
{
	uint64_t seed = clock_now() ^ (uint64_t)(uintptr_t)c;

	c->retry.on_due = retry_due;
	reconnect_init(&c->reconnect, &c->params->reconnect, seed);
}

void attempt_start_round(struct client *c)
{
	const struct client_params *p = c->params;
	enum state_error r;

	mutex_lock(c->conn.lock);
	/* The call of client_connect() has done this for the first one. */
	r = c->state == CLIENT_CONNECTING ? STATE_OK
					  : state_apply(&c->state, STATE_RETRY);
	mutex_unlock(c->conn.lock);
	if (r != STATE_OK)
		return;
	err_clear(&c->round_error);
	redirect_start_round(&c->redirect);
	c->server_done = 0;
	if (p->server_order == SERVERS_RANDOM)
		c->server_first = (size_t)reconnect_random(&c->reconnect,
							   p->server_count);
	start_attempt(c);
}

/* Proof that the server does not speak this version: it said so, or it hung
 * up on a CONNECT of MQTT 5 without a word. Who has spoken it before does that
 * for other reasons, such as a balancer whose broker restarts. */
static bool is_version_refusal(const struct client *c, const struct err *why)
{
	if (why->kind == ERR_REFUSED && why->code == REASON_BAD_VERSION)
		return true;
	return c->conn.closed_at_login && c->connect.version == MQTT_5 &&
	       !proven_version(c);
}

static bool falls_back(struct client *c, const struct err *why)
{
	if (c->params->version != MQTT_AUTO || c->params->needs_v5 ||
	    !is_version_refusal(c, why) || c->connect.version == MQTT_3_1)
		return false;
	c->fallback = (uint8_t)(c->connect.version - 1);
	return true;
}

/* One server: its own words. Several: all of them, in order. */
static void note_failure(struct client *c, const struct err *why)
{
	struct err all = *why;

	mutex_lock(c->conn.lock);
	c->last_error = *why;
	mutex_unlock(c->conn.lock);
	if (c->round_error.kind == ERR_NONE) {
		c->round_error = *why;
		return;
	}
	err_prefix(&all, "%.300s; then", c->round_error.text);
	c->round_error = all;
}

static void tell_down(struct client *c, const struct err *why, bool will_retry,
		      uint64_t delay)
{
	struct client_down d = {
		.why = why,
		.server = c->name,
		.will_retry = will_retry,
		.delay = delay,
		.attempt = c->reconnect.attempt,
	};

	if (c->handlers.on_down)
		c->handlers.on_down(c->handlers.ctx, &d);
}

/* A connection that was there and cannot be made again is a lost one. What
 * else is known about it, such as a refusal, says more. */
static void judge(const struct client *c, struct err *why)
{
	if (c->was_up && (why->kind == ERR_CONNECT || why->kind == ERR_RESOLVE))
		why->kind = ERR_LOST;
}

static void give_up(struct client *c, struct err *why, enum reconnect_verdict v)
{
	judge(c, why);
	if (v == RECONNECT_ATTEMPTS)
		err_prefix(why, "gave up after %u attempts",
			   c->reconnect.attempt);
	else if (v == RECONNECT_ELAPSED)
		err_prefix(why, "gave up after %.0f s",
			   (double)c->params->reconnect.max_elapsed / 1e9);
	tell_down(c, why, false, 0);
	client_give_up(c, why);
}

/* All servers have been tried, or a connection was lost. */
static void end_round(struct client *c, const struct err *why, bool was_up)
{
	enum reconnect_verdict v;
	struct err e = *why;
	uint64_t delay = 0, now = loop_refresh_now(c->loop);

	mutex_lock(c->conn.lock);
	(void)state_apply(&c->state, STATE_TEARDOWN_DONE);
	if (c->params->reconnect.resend_only && was_up &&
	    session_is_idle(c->conn.session))
		v = RECONNECT_DISABLED;
	else
		v = reconnect_next(&c->reconnect, why, was_up, now, &delay);
	client_raise_room_locked(c); /* another rule holds offline */
	cond_broadcast(&c->changed);
	mutex_unlock(c->conn.lock);
	if (v != RECONNECT_AFTER) {
		give_up(c, &e, v);
		return;
	}
	if (loop_set_timer(c->loop, &c->retry, clock_add(now, delay)) < 0) {
		err_nomem(&e);
		give_up(c, &e, v);
		return;
	}
	tell_down(c, why, true, delay);
}

/* There is no password, or no answer of the user's command: no server needs
 * to be asked. Where there was a connection before, it was there before as
 * well, and may be again. */
static void cannot_start(struct client *c, struct err *why)
{
	bool was_up;

	mutex_lock(c->conn.lock);
	was_up = c->was_up;
	mutex_unlock(c->conn.lock);
	if (was_up && (why->kind == ERR_LOCAL || why->kind == ERR_USAGE))
		why->kind = ERR_CONNECT;
	c->fallback = 0;
	note_failure(c, why);
	c->server_done = c->params->server_count - 1;
	end_round(c, &c->round_error, was_up);
}

static bool is_referral(const struct client *c, const struct err *why)
{
	return c->conn.referral && (why->code == REASON_USE_ANOTHER_SERVER ||
				    why->code == REASON_SERVER_MOVED);
}

/* Is there another server to try, because this one refers to it or because
 * it has been referred to before? If it may not be, why tells. */
static bool is_redirected(struct client *c, struct err *why)
{
	struct referral r = {
		.text = is_referral(c, why) ? buf_view(c->conn.referral)
					    : BYTES_NULL,
		.from = pick_server(c),
		.is_permanent = why->code == REASON_SERVER_MOVED,
	};

	return redirect_next(&c->redirect, &r, c->params->max_redirects, why);
}

/* The next server of a list begins with a new round after a loss. */
static void lost_connection(struct client *c, struct err *why)
{
	if (is_referral(c, why))
		c->redirect.is_pending = is_redirected(c, why);
	if (c->params->server_order == SERVERS_ROTATE)
		c->server_first = current_server(c);
	c->server_done = 0;
	end_round(c, why, true);
}

void attempt_failed(struct client *c, const struct err *cause)
{
	struct err copy = *cause, *why = &copy;
	bool was_connected, was_up;

	mutex_lock(c->conn.lock);
	was_connected = c->state == CLIENT_CONNECTED;
	was_up = c->was_up;
	mutex_unlock(c->conn.lock);
	if (was_connected) {
		lost_connection(c, why);
		return;
	}
	if (falls_back(c, why)) {
		start_attempt(c);
		return;
	}
	c->fallback = 0; /* it has proved nothing */
	if (is_redirected(c, why)) {
		start_attempt(c);
		return;
	}
	note_failure(c, why);
	if (++c->server_done < c->params->server_count) {
		start_attempt(c);
		return;
	}
	c->server_done = c->params->server_count - 1;
	end_round(c, &c->round_error, was_up);
}
