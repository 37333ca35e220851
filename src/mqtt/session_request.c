/* SPDX-License-Identifier: MIT */
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/session_impl.h"
#include "mqtt/topic.h"

/* Why this filter cannot be sent to this broker; has_options: SUBSCRIBE. */
static enum submit judge_filter(const struct session *s,
				const struct subscription *f, bool has_options)
{
	struct bytes group, filter;
	bool is_shared;

	if (topic_check_filter(f->filter))
		return SUBMIT_BAD_TOPIC;
	if (!has_options)
		return SUBMIT_OK;
	is_shared = topic_is_shared(f->filter, &group, &filter);
	if (is_shared && !s->limits.shared)
		return SUBMIT_NO_SHARED;
	if (is_shared && f->options & MQTT_SUB_NO_LOCAL && s->version == MQTT_5)
		return SUBMIT_SHARED_NO_LOCAL; /* [MQTT-3.8.3-4] */
	if (!s->limits.wildcard && topic_has_wildcard(f->filter))
		return SUBMIT_NO_WILDCARD;
	return SUBMIT_OK;
}

static enum submit judge_request(const struct session *s,
				 const struct subscribe *p, enum id_use use)
{
	enum submit verdict = p->count ? SUBMIT_OK : SUBMIT_BAD_TOPIC;
	struct prop id;

	if (!session_may_send(s))
		return SUBMIT_OFFLINE;
	for (size_t i = 0; i < p->count && verdict == SUBMIT_OK; i++)
		verdict = judge_filter(s, &p->filters[i], use == ID_SUBSCRIBE);
	if (verdict == SUBMIT_OK && s->version == MQTT_5 &&
	    !s->limits.sub_ids &&
	    props_find(p->props, PROP_SUBSCRIPTION_ID, &id))
		return SUBMIT_NO_SUB_IDS;
	return verdict;
}

static enum submit put_request(struct session *s, const struct subscribe *p,
			       enum id_use use)
{
	struct buf *control = &s->lanes.control;
	size_t before = buf_len(control);
	int r;

	if (use == ID_SUBSCRIBE)
		r = encode_subscribe(control, s->version, p);
	else
		r = encode_unsubscribe(control, s->version, p);
	if (r < 0)
		return SUBMIT_NO_MEMORY;
	if (session_check_control(s, before) < 0)
		return SUBMIT_TOO_LARGE;
	return SUBMIT_OK;
}

static enum submit request(struct session *s, const struct subscribe *p,
			   enum id_use use, uint16_t *ret_pid)
{
	struct subscribe packet = *p;
	enum submit verdict = judge_request(s, p, use);
	struct id_slot *slot;

	if (verdict != SUBMIT_OK)
		return verdict;
	slot = ids_take(&s->ids);
	if (!slot)
		return s->ids.used == MQTT_PID_MAX ? SUBMIT_NO_PID
						   : SUBMIT_NO_MEMORY;
	packet.pid = slot->pid;
	verdict = put_request(s, &packet, use);
	if (verdict != SUBMIT_OK) {
		ids_drop(&s->ids, slot);
		return verdict;
	}
	slot->use = (uint8_t)use;
	slot->filters = (uint32_t)p->count;
	*ret_pid = slot->pid;
	return SUBMIT_OK;
}

enum submit session_subscribe(struct session *s, const struct subscribe *p,
			      uint16_t *ret_pid)
{
	return request(s, p, ID_SUBSCRIBE, ret_pid);
}

enum submit session_unsubscribe(struct session *s, const struct subscribe *p,
				uint16_t *ret_pid)
{
	return request(s, p, ID_UNSUBSCRIBE, ret_pid);
}

/* AUTH continues what CONNECT or a reauthentication began. */
static bool may_authenticate(const struct session *s, uint8_t reason)
{
	if (s->phase == PHASE_CONNECTING)
		return reason == REASON_CONTINUE_AUTH;
	if (s->phase != PHASE_ONLINE)
		return false;
	return reason == REASON_REAUTH ||
	       (reason == REASON_CONTINUE_AUTH && s->is_reauthenticating);
}

/* AUTH with the method of CONNECT in front, unless it is there already. */
static enum submit put_auth(struct session *s, struct bytes method,
			    const struct disconnect *p)
{
	struct disconnect packet = *p;
	size_t before = buf_len(&s->lanes.control);
	struct buf props = { 0 };
	int r = 0;

	if (!bytes_is_set(props_value(p->props, PROP_AUTH_METHOD))) {
		r = props_put_bytes(&props, PROP_AUTH_METHOD, method);
		if (r == 0)
			r = buf_append(&props, p->props);
		packet.props = buf_view(&props);
	}
	if (r == 0)
		r = encode_auth(&s->lanes.control, &packet);
	buf_release(&props);
	if (r < 0)
		return SUBMIT_NO_MEMORY;
	return session_check_control(s, before) < 0 ? SUBMIT_TOO_LARGE
						    : SUBMIT_OK;
}

enum submit session_auth(struct session *s, uint8_t reason, struct bytes props)
{
	struct disconnect packet = { .reason = reason, .props = props };
	struct bytes method, given = props_value(props, PROP_AUTH_METHOD);
	enum submit verdict;

	if (s->phase != PHASE_CONNECTING && s->phase != PHASE_ONLINE)
		return SUBMIT_OFFLINE;
	method = s->version == MQTT_5
			 ? props_value(s->connect->props, PROP_AUTH_METHOD)
			 : BYTES_NULL;
	/* [MQTT-4.12.0-5, -7] */
	if (!bytes_is_set(method) || !may_authenticate(s, reason) ||
	    (bytes_is_set(given) && !bytes_equal(method, given)))
		return SUBMIT_NO_AUTH;
	verdict = put_auth(s, method, &packet);
	if (verdict == SUBMIT_OK && reason == REASON_REAUTH)
		s->is_reauthenticating = true;
	return verdict;
}

/* An expiry may not come into being here (5.0 section 3.14.2.2.2). */
static bool is_expiry_legal(const struct session *s, struct bytes props)
{
	return !props_num(props, PROP_SESSION_EXPIRY, 0) ||
	       props_num(s->connect->props, PROP_SESSION_EXPIRY, 0);
}

/* -1 when the packet cannot be written or is larger than the broker takes. */
static int put_disconnect(struct session *s, const struct disconnect *p)
{
	struct buf *lane = &s->lanes.publish;
	size_t before = buf_len(lane);

	if (encode_disconnect(lane, s->version, p) < 0)
		return -1;
	if (!s->limits.max_packet ||
	    buf_len(lane) - before <= s->limits.max_packet)
		return 0;
	buf_truncate(lane, before);
	return -1;
}

/* Reason string and user properties are worth less than the packet; the
 * session expiry is kept. */
static int put_short_disconnect(struct session *s, const struct disconnect *p)
{
	struct disconnect packet = { .reason = p->reason };
	struct buf props = { 0 };
	struct prop expiry;
	int r = 0;

	if (props_find(p->props, PROP_SESSION_EXPIRY, &expiry) &&
	    is_expiry_legal(s, p->props))
		r = props_put_num(&props, PROP_SESSION_EXPIRY, expiry.num);
	packet.props = buf_view(&props);
	if (r == 0)
		r = put_disconnect(s, &packet);
	buf_release(&props);
	return r;
}

void session_disconnect(struct session *s, const struct disconnect *p)
{
	struct disconnect bare = { .reason = p->reason };

	if (s->phase != PHASE_CONNECTING && s->phase != PHASE_ONLINE)
		return;
	if (lanes_detach(&s->lanes) < 0) {
		session_fail_memory(s);
		return;
	}
	if ((!is_expiry_legal(s, p->props) || put_disconnect(s, p) < 0) &&
	    put_short_disconnect(s, p) < 0 && put_disconnect(s, &bare) < 0) {
		session_fail_memory(s);
		return;
	}
	s->phase = PHASE_CLOSING;
	keepalive_finish(&s->keepalive);
}
