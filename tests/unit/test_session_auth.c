/* SPDX-License-Identifier: MIT */
/* Enhanced authentication: section 5.7 of the obligations. */
#include "session_peer.h"

static struct peer peer_with_auth(const char *method)
{
	struct peer p;

	peer_init(&p, MQTT_5);
	prop_str(&p.connect_props, PROP_AUTH_METHOD, method);
	peer_open(&p);
	dial(&p);
	return p;
}

static enum feed auth(struct peer *p, uint8_t reason, const char *method)
{
	struct buf props = { 0 }, b = { 0 };
	struct disconnect packet = { .reason = reason };

	if (method)
		prop_str(&props, PROP_AUTH_METHOD, method);
	packet.props = buf_view(&props);
	ok(encode_auth(&b, &packet) == 0);
	buf_release(&props);
	return feed_buf(p, &b);
}

/* [MQTT-3.1.2-30], [MQTT-4.12.0-3] */
static void enhanced_authentication(void)
{
	struct peer p = peer_with_auth("M");
	const struct disconnect *sent;
	struct buf data = { 0 };

	is_int(auth(&p, REASON_CONTINUE_AUTH, "M"), FEED_EVENT);
	is_int(p.event.type, EVENT_AUTH);
	is_int(p.event.disconnect.reason, REASON_CONTINUE_AUTH);
	publish(&p, 1, "waits");
	is_silent(&p);
	prop_str(&data, PROP_AUTH_DATA, "proof");
	is_int(session_auth(p.s, REASON_REAUTH, buf_view(&data)),
	       SUBMIT_NO_AUTH, "not now");
	is_int(session_auth(p.s, REASON_CONTINUE_AUTH, buf_view(&data)),
	       SUBMIT_OK);
	sent = &next(&p, PACKET_AUTH)->auth;
	is_int(sent->reason, REASON_CONTINUE_AUTH);
	ok(bytes_equal(props_value(sent->props, PROP_AUTH_METHOD),
		       BYTES_LIT("M")));
	ok(bytes_equal(props_value(sent->props, PROP_AUTH_DATA),
		       BYTES_LIT("proof")));
	prop_str(&p.connack_props, PROP_AUTH_METHOD, "M");
	is_int(connack(&p, false, 0), FEED_EVENT);
	ok(session_is_online(p.s));
	buf_release(&data);
	peer_down(&p);
}

/* [MQTT-4.12.1-1]: other traffic goes on meanwhile. */
static void reauthentication(void)
{
	struct peer p = peer_with_auth("M");
	struct buf named = { 0 };

	prop_str(&p.connack_props, PROP_AUTH_METHOD, "M");
	connack(&p, false, 0);
	is_int(session_auth(p.s, REASON_CONTINUE_AUTH, BYTES_NULL),
	       SUBMIT_NO_AUTH, "nothing is going on");
	prop_str(&named, PROP_AUTH_METHOD, "M");
	is_int(session_auth(p.s, REASON_REAUTH, buf_view(&named)), SUBMIT_OK);
	is_int(next(&p, PACKET_AUTH)->auth.reason, REASON_REAUTH);
	is_bytes(p.result.packet.auth.props, buf_view(&named));
	publish(&p, 0, "meanwhile");
	next_publish(&p, "meanwhile");
	is_int(auth(&p, REASON_CONTINUE_AUTH, "M"), FEED_EVENT);
	is_int(session_auth(p.s, REASON_CONTINUE_AUTH, BYTES_NULL), SUBMIT_OK);
	next(&p, PACKET_AUTH);
	is_int(auth(&p, REASON_SUCCESS, "M"), FEED_EVENT);
	is_int(p.event.disconnect.reason, REASON_SUCCESS);
	is_failure(&p, auth(&p, REASON_CONTINUE_AUTH, "M"),
		   REASON_PROTOCOL_ERROR);
	buf_release(&named);
	peer_down(&p);
}

/* [MQTT-4.12.0-5] */
static void the_method_stays_the_same(void)
{
	static const char *const wrong[] = { "N", NULL, "MM" };
	struct peer p;
	struct buf named = { 0 };

	for (size_t i = 0; i < 3; i++) {
		p = peer_with_auth("M");
		if (wrong[i]) {
			is_failure(&p, auth(&p, REASON_CONTINUE_AUTH, wrong[i]),
				   REASON_PROTOCOL_ERROR);
			peer_down(&p);
			p = peer_with_auth("M");
			prop_str(&p.connack_props, PROP_AUTH_METHOD, wrong[i]);
		}
		is_failure(&p, connack(&p, false, 0), REASON_PROTOCOL_ERROR);
		peer_down(&p);
	}
	p = peer_with_auth("M");
	prop_str(&named, PROP_AUTH_METHOD, "N");
	is_int(session_auth(p.s, REASON_CONTINUE_AUTH, buf_view(&named)),
	       SUBMIT_NO_AUTH);
	is_int(auth(&p, REASON_SUCCESS, "M"), FEED_FAIL,
	       "success is told by CONNACK");
	buf_release(&named);
	peer_down(&p);
}

/* [MQTT-4.12.0-7] */
static void without_a_method_there_is_no_auth(void)
{
	struct peer p = peer_up(MQTT_5);

	is_int(session_auth(p.s, REASON_REAUTH, BYTES_NULL), SUBMIT_NO_AUTH);
	ok(session_is_online(p.s));
	is_failure(&p, auth(&p, REASON_CONTINUE_AUTH, "M"),
		   REASON_PROTOCOL_ERROR);
	peer_down(&p);
	peer_init(&p, MQTT_5);
	peer_open(&p);
	dial(&p);
	is_failure(&p, auth(&p, REASON_CONTINUE_AUTH, "M"),
		   REASON_PROTOCOL_ERROR);
	peer_down(&p);
	peer_init(&p, MQTT_5);
	peer_open(&p);
	dial(&p);
	prop_str(&p.connack_props, PROP_AUTH_METHOD, "M");
	is_failure(&p, connack(&p, false, 0), REASON_PROTOCOL_ERROR);
	peer_down(&p);
}

static void nobody_answers_while_we_leave(void)
{
	struct peer p = peer_with_auth("M");
	struct disconnect bye = { 0 };

	session_disconnect(p.s, &bye);
	next(&p, PACKET_DISCONNECT);
	is_int(auth(&p, REASON_CONTINUE_AUTH, "M"), FEED_NONE);
	is_int(session_auth(p.s, REASON_CONTINUE_AUTH, BYTES_NULL),
	       SUBMIT_OFFLINE);
	is_silent(&p);
	peer_down(&p);
}

static void not_in_3_x(void)
{
	struct peer p;

	peer_init(&p, MQTT_3_1_1);
	prop_str(&p.connect_props, PROP_AUTH_METHOD, "M");
	peer_open(&p);
	reconnect(&p, false);
	is_int(session_auth(p.s, REASON_REAUTH, BYTES_NULL), SUBMIT_NO_AUTH);
	is_silent(&p);
	peer_down(&p);
}

static void no_problem_information_elsewhere(void)
{
	struct subscription f = { .filter = BYTES_LIT("f") };
	struct subscribe sub = { .filters = &f, .count = 1 };
	struct suback codes = { .reasons = BYTES_LIT("\0") };
	struct disconnect more = { .reason = REASON_CONTINUE_AUTH };
	struct buf props = { 0 }, b = { 0 };
	struct peer p = peer_with_auth("M");

	prop(&p.connect_props, PROP_REQUEST_PROBLEM_INFO, 0);
	dial(&p);
	prop_str(&props, PROP_AUTH_METHOD, "M");
	more.props = buf_view(&props);
	ok(encode_auth(&b, &more) == 0);
	is_int(feed_buf(&p, &b), FEED_EVENT, "a method is no such thing");
	prop_str(&props, PROP_REASON_STRING, "because");
	more.props = buf_view(&props);
	ok(encode_auth(&b, &more) == 0);
	is_failure(&p, feed_buf(&p, &b), REASON_PROTOCOL_ERROR);
	peer_down(&p);

	peer_init(&p, MQTT_5);
	prop(&p.connect_props, PROP_REQUEST_PROBLEM_INFO, 0);
	peer_open(&p);
	reconnect(&p, false);
	session_subscribe(p.s, &sub, &codes.pid);
	next(&p, PACKET_SUBSCRIBE);
	buf_clear(&props);
	prop_str(&props, PROP_REASON_STRING, "because");
	codes.props = buf_view(&props);
	ok(encode_suback(&b, MQTT_5, PACKET_SUBACK, &codes) == 0);
	is_failure(&p, feed_buf(&p, &b), REASON_PROTOCOL_ERROR);
	buf_release(&props);
	peer_down(&p);
}

/* Connections of a load generator share one description. */
static void what_connect_said_can_be_replaced(void)
{
	struct peer p = peer_with_auth("M");
	struct connect copy = *p.connect;

	prop_str(&p.connack_props, PROP_AUTH_METHOD, "M");
	is_int(connack(&p, false, 0), FEED_EVENT);
	session_share_connect(p.s, &copy);
	memset(p.connect, 0xff, sizeof(*p.connect));
	p.connect->version = MQTT_5;
	is_bytes(session_client_id(p.s), BYTES_LIT("me"));
	is_int(session_auth(p.s, REASON_REAUTH, BYTES_NULL), SUBMIT_OK);
	next(&p, PACKET_AUTH);
	session_lost(p.s);
	session_share_connect(p.s, &copy);
	is_int(session_client_id(p.s).n, 0, "offline there is none");
	peer_down(&p);
}

TEST_MAIN({ "5.7 AUTH before CONNACK [MQTT-3.1.2-30]",
	    enhanced_authentication },
	  { "5.7 reauthentication [MQTT-4.12.1-1]", reauthentication },
	  { "5.7 one method for all [MQTT-4.12.0-5]",
	    the_method_stays_the_same },
	  { "5.7 no method, no AUTH [MQTT-4.12.0-7]",
	    without_a_method_there_is_no_auth },
	  T(nobody_answers_while_we_leave), T(not_in_3_x),
	  { "5.4 no problem information in AUTH and SUBACK",
	    no_problem_information_elsewhere },
	  T(what_connect_said_can_be_replaced))
