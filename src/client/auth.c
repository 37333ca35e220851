/* SPDX-License-Identifier: MIT */
#include "client/auth.h"

#include <stdlib.h>

#include "base/clock.h"
#include "client/client_private.h"
#include "client/scram.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

/* --- the client's side of any dialogue -------------------------------- */

static int fill_props(struct client *c, struct bytes data)
{
	const struct client_auth *a = &c->params->auth;
	struct buf *props = &c->auth_props;

	buf_clear(props);
	if (buf_append(props, c->connect.props) < 0 ||
	    props_put_bytes(props, PROP_AUTH_METHOD, bytes_str(a->method)) < 0)
		return -1;
	if (data.n && props_put_bytes(props, PROP_AUTH_DATA, data) < 0)
		return -1;
	c->connect.props = buf_view(props);
	return 0;
}

int auth_begin(struct client *c, struct err *e)
{
	const struct client_auth *a = &c->params->auth;
	struct buf data AUTO(buf_release) = { 0 };

	err_clear(&c->auth_error);
	c->is_reauthenticating = false;
	if (!a->method || c->connect.version != MQTT_5)
		return 0;
	if (a->begin(a->ctx, &c->connect, &data, e) < 0)
		return -1;
	return fill_props(c, buf_view(&data)) < 0 ? err_nomem(e) : 0;
}

/* Ends the connection; on_down tells why. */
static void end_with(struct client *c, const struct err *why)
{
	struct disconnect bye = { .reason = REASON_NOT_AUTHORIZED };

	c->auth_error = *why;
	err_prefix(&c->auth_error, "cannot authenticate to '%s'", c->name);
	conn_disconnect_on_loop(&c->conn, &bye, loop_now(c->loop));
}

static void send_auth(struct client *c, uint8_t reason, struct bytes data)
{
	struct buf props AUTO(buf_release) = { 0 };
	enum submit r = SUBMIT_NO_MEMORY;
	struct err e;

	if (!data.n || props_put_bytes(&props, PROP_AUTH_DATA, data) == 0) {
		mutex_lock(c->conn.lock);
		r = session_auth(c->conn.session, reason, buf_view(&props));
		mutex_unlock(c->conn.lock);
	}
	if (r == SUBMIT_OK) {
		conn_kick(&c->conn);
		return;
	}
	err_set(&e, ERR_PROTOCOL, 0, "the dialogue is out of step");
	end_with(c, &e);
}

void auth_step(struct client *c, const struct disconnect *p)
{
	const struct client_auth *a = &c->params->auth;
	struct bytes in = props_value(p->props, PROP_AUTH_DATA);
	struct buf out AUTO(buf_release) = { 0 };
	struct err e;

	if (p->reason == REASON_SUCCESS) {
		c->is_reauthenticating = false;
		if (a->finish(a->ctx, in, &e) < 0)
			end_with(c, &e);
		return;
	}
	if (a->answer(a->ctx, in, &out, &e) < 0)
		end_with(c, &e);
	else
		send_auth(c, REASON_CONTINUE_AUTH, buf_view(&out));
}

bool auth_finish(struct client *c, const struct connack *p)
{
	const struct client_auth *a = &c->params->auth;
	struct err e;

	if (!a->method || c->connect.version != MQTT_5)
		return true;
	if (a->finish(a->ctx, props_value(p->props, PROP_AUTH_DATA), &e) == 0)
		return true;
	end_with(c, &e);
	return false;
}

void auth_again(struct task *t)
{
	struct client *c = CONTAINER_OF(t, struct client, reauth_task);
	const struct client_auth *a = &c->params->auth;
	struct connect fresh = c->params->connect;
	struct buf data AUTO(buf_release) = { 0 };
	struct err e;

	/* A server that is slow is given its time. */
	if (!a->method || c->conn.phase != CONN_UP || c->is_reauthenticating)
		return;
	c->is_reauthenticating = true;
	if (c->params->credentials.load &&
	    c->params->credentials.load(c->params->credentials.ctx, &fresh.user,
					&fresh.password, &e) < 0)
		end_with(c, &e);
	else if (a->begin(a->ctx, &fresh, &data, &e) < 0)
		end_with(c, &e);
	else
		send_auth(c, REASON_REAUTH, buf_view(&data));
}

void auth_schedule(struct client *c)
{
	uint64_t every = c->params->reauth_interval;

	/* Without memory for it, the next connection sets it again. */
	if (every)
		(void)!loop_set_timer(c->loop, &c->reauth,
				      clock_add(loop_now(c->loop), every));
}

static void reauth_due(struct timer *t, uint64_t now)
{
	struct client *c = CONTAINER_OF(t, struct client, reauth);

	(void)now;
	if (c->conn.phase != CONN_UP)
		return;
	auth_again(&c->reauth_task);
	auth_schedule(c);
}

void auth_init(struct client *c)
{
	c->reauth.on_due = reauth_due;
	c->reauth_task.run = auth_again;
}

void client_reauthenticate(struct client *c)
{
	loop_post(c->loop, &c->reauth_task);
}

/* --- SCRAM ------------------------------------------------------------ */

struct scram_auth {
	const char *method;
	struct scram *dialogue;
};

static int begin_scram(void *ctx, struct connect *c, struct buf *ret,
		       struct err *e)
{
	struct scram_auth *s = ctx;

	scram_free(s->dialogue);
	s->dialogue = scram_new(s->method, c->user, c->password, NULL, e);
	if (!s->dialogue)
		return -1;
	c->user = c->password = BYTES_NULL;
	return scram_first(s->dialogue, ret, e);
}

static int answer_scram(void *ctx, struct bytes challenge, struct buf *ret,
			struct err *e)
{
	struct scram_auth *s = ctx;

	return scram_final(s->dialogue, challenge, ret, e);
}

static int finish_scram(void *ctx, struct bytes last, struct err *e)
{
	struct scram_auth *s = ctx;

	return scram_verify(s->dialogue, last, e);
}

int auth_scram_init(struct client_auth *ret, const char *method, struct err *e)
{
	struct scram_auth *s = calloc(1, sizeof(*s));

	if (!s)
		return err_nomem(e);
	s->method = method;
	*ret = (struct client_auth){
		.method = method,
		.begin = begin_scram,
		.answer = answer_scram,
		.finish = finish_scram,
		.ctx = s,
	};
	return 0;
}

void auth_scram_release(struct client_auth *a)
{
	struct scram_auth *s = a->ctx;

	if (s)
		scram_free(s->dialogue);
	free(s);
	*a = (struct client_auth){ 0 };
}
