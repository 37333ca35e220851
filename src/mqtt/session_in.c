/* SPDX-License-Identifier: MIT */
#include "mqtt/decode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"

static enum feed on_pong(struct session *s, struct event *ret_event)
{
	const struct keepalive *k = &s->keepalive;
	struct event_pong pong = { .is_probe = k->is_probe,
				   .round_trip = k->last_in - k->pinged_at };

	if (!keepalive_ponged(&s->keepalive))
		return FEED_NONE;
	ret_event->type = EVENT_PONG;
	ret_event->pong = pong;
	return FEED_EVENT;
}

/* A text when the server may not send this AUTH, else NULL. */
static const char *find_auth_fault(const struct session *s,
				   const struct disconnect *p)
{
	struct bytes ours = props_value(s->connect->props, PROP_AUTH_METHOD);
	struct bytes theirs = props_value(p->props, PROP_AUTH_METHOD);

	if (!bytes_is_set(ours)) /* [MQTT-4.12.0-7] */
		return "AUTH although no authentication was asked for";
	if (!bytes_equal(ours, theirs)) /* [MQTT-4.12.0-5] */
		return "the authentication method in AUTH is not ours";
	if (s->phase == PHASE_CONNECTING)
		return p->reason == REASON_CONTINUE_AUTH
			       ? NULL
			       : "AUTH before CONNACK does not continue";
	if (!s->is_reauthenticating)
		return "AUTH although no authentication is going on";
	return NULL;
}

/* [MQTT-3.1.2-29]; AUTH has properties of other kinds too. */
static bool has_problem_info(struct bytes props)
{
	struct prop p;

	return props_find(props, PROP_REASON_STRING, &p) ||
	       props_find(props, PROP_USER_PROPERTY, &p);
}

static enum feed on_auth(struct session *s, const struct disconnect *p,
			 struct event *ret_event)
{
	const char *fault = find_auth_fault(s, p);

	if (fault)
		return session_fail(s, REASON_PROTOCOL_ERROR, fault);
	if (s->no_problem_info && has_problem_info(p->props))
		return session_fail_unwanted_info(s);
	if (p->reason == REASON_SUCCESS)
		s->is_reauthenticating = false;
	ret_event->type = EVENT_AUTH;
	ret_event->disconnect = *p;
	return FEED_EVENT;
}

static enum feed on_disconnect(struct session *s, const struct disconnect *p,
			       struct event *ret_event)
{
	s->phase = PHASE_OVER;
	keepalive_finish(&s->keepalive);
	lanes_release(&s->lanes);
	ret_event->type = EVENT_DISCONNECT;
	ret_event->disconnect = *p;
	return FEED_EVENT;
}

/* What belongs to an established connection. */
static enum feed on_packet(struct session *s, struct packet *p, uint64_t now,
			   struct event *ret_event)
{
	switch (p->type) {
	case PACKET_PUBLISH:
		return session_on_publish(s, &p->publish, ret_event);
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBCOMP:
		return session_on_ack(s, p->type, &p->ack, now, ret_event);
	case PACKET_PUBREL:
		return session_on_pubrel(s, &p->ack);
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		return session_on_suback(s, p->type, &p->suback, ret_event);
	case PACKET_PINGRESP:
		return on_pong(s, ret_event);
	default: /* the decoder lets nothing else through */
		return FEED_NONE;
	}
}

static enum feed take_packet(struct session *s, struct packet *p, uint64_t now,
			     struct event *ret_event)
{
	switch (p->type) {
	case PACKET_CONNACK:
		/* We left before the server let us in. */
		if (s->phase == PHASE_CLOSING)
			return FEED_NONE;
		return session_on_connack(s, &p->connack, now, ret_event);
	case PACKET_AUTH:
		if (s->phase == PHASE_CLOSING)
			return FEED_NONE;
		return on_auth(s, &p->auth, ret_event);
	case PACKET_DISCONNECT:
		return on_disconnect(s, &p->disconnect, ret_event);
	default:
		if (s->phase == PHASE_CONNECTING)
			return session_fail(s, REASON_PROTOCOL_ERROR,
					    "the first packet is no CONNACK");
		return on_packet(s, p, now, ret_event);
	}
}

static enum feed feed_failed(struct session *s)
{
	s->failure_was_told = true;
	return FEED_FAIL;
}

enum feed session_feed(struct session *s, struct bytes in, uint64_t now,
		       size_t *ret_used, struct event *ret_event)
{
	struct decoder decoder = { .version = s->version,
				   .side = DECODE_FROM_SERVER,
				   .max_packet = s->max_packet };
	struct decode_result result;
	enum feed verdict;

	*ret_used = 0;
	if (s->phase == PHASE_FAILED)
		return feed_failed(s);
	if (s->phase == PHASE_OFFLINE || s->phase == PHASE_OVER) {
		/* Nobody is interested in what comes after the end. */
		*ret_used = in.n;
		return in.n ? FEED_NONE : FEED_MORE;
	}
	switch (decode_packet(&decoder, in, &result)) {
	case DECODE_MORE:
		return FEED_MORE;
	case DECODE_BAD:
		session_fail(s, result.reason, result.why);
		return feed_failed(s);
	case DECODE_OK:
		break;
	}
	*ret_used = result.used;
	keepalive_heard(&s->keepalive, now);
	verdict = take_packet(s, &result.packet, now, ret_event);
	if (s->phase == PHASE_FAILED)
		return feed_failed(s);
	return verdict;
}
