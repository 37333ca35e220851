/* SPDX-License-Identifier: MIT */
#include "client/conn_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

void conn_fail_write(struct conn *c)
{
	struct err e;

	mutex_lock(c->lock);
	e = *c->write_error;
	mutex_unlock(c->lock);
	if (e.kind != ERR_LOCAL && e.kind != ERR_TLS)
		e.kind = ERR_LOST;
	err_prefix(&e, "connection to '%s' lost", c->target->name);
	conn_fail(c, &e);
}

void conn_fail_read(struct conn *c, struct err *e)
{
	if (e->kind != ERR_TLS)
		e->kind = ERR_LOST;
	err_prefix(e, "connection to '%s' lost", c->target->name);
	conn_fail(c, e);
}

void conn_fail_eof(struct conn *c)
{
	struct err e;
	const char *where = "";

	c->closed_at_login = c->phase == CONN_LOGIN;
	if (c->closed_at_login)
		where = " without answering CONNECT";
	else if (buf_len(&c->in))
		where = " in the middle of a packet";
	err_set(&e, ERR_LOST, 0, "broker '%s' closed the connection%s",
		c->target->name, where);
	conn_fail(c, &e);
}

void conn_fail_protocol(struct conn *c)
{
	struct session_failure f;
	struct err e;

	mutex_lock(c->lock);
	f = session_failure(c->session);
	conn_flush_locked(c); /* our DISCONNECT says why; best effort */
	mutex_unlock(c->lock);
	err_set(&e, ERR_PROTOCOL, f.reason,
		"broker '%s' broke the protocol: %s (%s, 0x%02x)",
		c->target->name, f.why, reason_text(f.reason), f.reason);
	conn_fail(c, &e);
}

void conn_forget_referral(struct conn *c)
{
	if (c->referral)
		buf_release(c->referral);
	free(STEAL(c->referral));
}

/* "; it refers to 'HOST:PORT'", or nothing. */
static void note_referral(struct conn *c, struct bytes props, char *dst,
			  size_t size)
{
	struct bytes text = props_value(props, PROP_SERVER_REFERENCE);
	char shown[100];

	conn_forget_referral(c);
	if (!text.n)
		return;
	snprintf(dst, size, "; it refers to '%s'",
		 text_visible(shown, sizeof(shown), text));
	/* Without memory it is only shown. */
	c->referral = calloc(1, sizeof(*c->referral));
	if (c->referral && buf_append(c->referral, text) < 0)
		conn_forget_referral(c);
}

/* What the broker says besides the reason: ": 'text'", "; it refers to
 * 'HOST:PORT'", both or nothing. */
static void reason_suffix(struct conn *c, struct bytes props, char *dst,
			  size_t size)
{
	struct bytes text = props_value(props, PROP_REASON_STRING);
	char shown[200];

	dst[0] = '\0';
	if (bytes_is_set(text))
		snprintf(dst, size, ": '%s'",
			 text_visible(shown, sizeof(shown), text));
	note_referral(c, props, dst + strlen(dst), size - strlen(dst));
}

void conn_fail_refused(struct conn *c, const struct connack *p)
{
	enum reason_class class = reason_class(p->reason);
	enum err_kind kind = ERR_REFUSED;
	char text[340];
	struct err e;

	if (class == REASON_IS_RETRYABLE || class == REASON_IS_RATE ||
	    class == REASON_IS_REDIRECT)
		kind = ERR_BUSY;
	reason_suffix(c, p->props, text, sizeof(text));
	err_set(&e, kind, p->reason,
		"broker '%s' refused the connection: %s (0x%02x)%s",
		c->target->name, reason_text(p->reason),
		p->return_code != p->reason ? p->return_code : p->reason, text);
	conn_fail(c, &e);
}

void conn_fail_disconnected(struct conn *c, const struct disconnect *p)
{
	char text[340];
	struct err e;

	reason_suffix(c, p->props, text, sizeof(text));
	err_set(&e, ERR_LOST, p->reason,
		"broker '%s' closed the connection: %s (0x%02x)%s",
		c->target->name, reason_text(p->reason), p->reason, text);
	conn_fail(c, &e);
}

void conn_fail_timeout(struct conn *c)
{
	double seconds = (double)c->target->connect_timeout / 1e9;
	struct err e;

	if (c->phase == CONN_DIALING) {
		const char *what = dial_phase(c->dial);
		bool is_dns = strncmp(what, "resolving", 9) == 0;

		err_set(&e, is_dns ? ERR_RESOLVE : ERR_CONNECT, 0,
			"cannot connect to '%s': no answer within %g s "
			"while %s",
			c->target->name, seconds, what);
	} else if (c->phase == CONN_HANDSHAKE) {
		const struct stream_ops *layer = stream_unfinished(c->stream);

		err_set(&e, layer->failure, 0,
			"cannot connect to '%s': %s "
			"did not finish within %g s",
			c->target->name, layer->phase, seconds);
	} else {
		err_set(&e, ERR_CONNECT, 0,
			"cannot connect to '%s': broker did not answer "
			"CONNECT within %g s",
			c->target->name, seconds);
	}
	conn_fail(c, &e);
}

void conn_fail_tick(struct conn *c, enum tick why)
{
	struct err e;

	if (why == TICK_FAILED) {
		conn_fail_protocol(c);
		return;
	}
	err_set(&e, ERR_LOST, why == TICK_DEAD ? ETIMEDOUT : 0,
		"connection to '%s' lost: %s", c->target->name,
		why == TICK_DEAD ? "broker does not answer pings"
				 : "nothing could be written for too long");
	conn_fail(c, &e);
}
