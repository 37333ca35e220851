/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <string.h>

#include "base/clock.h"
#include "mqtt/props.h"
#include "mqtt/topic.h"
#include "mqtt/types.h"

struct mode {
	bool is_set;
	enum pub_source source;
	size_t offset;
};

#define MODE(set, src, field)                                  \
	{                                                      \
		(set), (src), offsetof(struct settings, field) \
	}

static int resolve_source(struct settings *s, struct err *e)
{
	const struct typed *t = &s->typed;
	const struct mode modes[] = {
		MODE(t->message != NULL, PUB_MESSAGE, typed.message),
		MODE(s->pub.file != NULL, PUB_FILE, pub.file),
		MODE(t->null_message, PUB_NULL, typed.null_message),
		MODE(t->stdin_whole, PUB_STDIN, typed.stdin_whole),
		MODE(t->stdin_lines, PUB_LINES, typed.stdin_lines),
	};
	const struct mode *found = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
		if (!modes[i].is_set)
			continue;
		if (found)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s both say what to publish, "
				       "expected one of them",
				       told_by(s, found->offset),
				       told_by(s, modes[i].offset));
		found = &modes[i];
	}
	if (!found)
		return err_set(e, ERR_USAGE, 0,
			       "nothing to publish: expected -m TEXT, -f FILE, "
			       "-n, -s or -l");
	s->pub.source = found->source;
	s->pub.message = bytes_str(t->message ? t->message : "");
	return 0;
}

static int resolve_topic(struct settings *s, struct err *e)
{
	const char *topic = s->typed.topic;

	if (s->typed.url_topic && origin_compare(ORIGIN_OF(s, typed.topic),
						 ORIGIN_OF(s, typed.url)) < 0) {
		if (resolve_url_topic(s, topic_check_name, e))
			return -1;
		topic = s->typed.url_topic;
	}
	if (!topic)
		return err_set(e, ERR_USAGE, 0,
			       "no topic to publish to: expected -t TOPIC");
	s->pub.publish.topic = bytes_str(topic);
	return 0;
}

/* QoS 2 survives a reconnect only with its session: MQTT 5 can keep it as
 * long as we would wait, and end it at our DISCONNECT. */
static int keep_qos2_session(struct settings *s, struct err *e)
{
	uint64_t wait = (s->run.ack_timeout + s->run.drain_timeout) / CLOCK_SEC;
	struct implied_prop keep = { PROP_SESSION_EXPIRY, (uint32_t)wait + 1 };
	struct implied_prop drop = { PROP_SESSION_EXPIRY, 0 };

	if (s->typed.qos < 2 || s->client.keep_session ||
	    !s->client.reconnect.is_enabled ||
	    IS_SET(s, typed.session_expiry) ||
	    IS_SET(s, typed.disconnect_expiry))
		return 0;
	if (wait >= MQTT_EXPIRY_NEVER - 1)
		keep.num = MQTT_EXPIRY_NEVER - 1;
	s->client.keep_session = true;
	if (resolve_implied(s, &keep, &s->client.connect.props, e))
		return -1;
	return resolve_implied(s, &drop, &s->disconnect.props, e);
}

static int check_repeat(const struct settings *s, struct err *e)
{
	if (s->pub.source != PUB_LINES)
		return 0;
	if (IS_SET(s, pub.repeat))
		return err_set(e, ERR_USAGE, 0,
			       "%s does not go with %s: lines are sent once",
			       TOLD_BY(s, pub.repeat),
			       TOLD_BY(s, typed.stdin_lines));
	if (IS_SET(s, pub.repeat_delay))
		return err_set(e, ERR_USAGE, 0,
			       "%s does not go with %s: lines are sent once",
			       TOLD_BY(s, pub.repeat_delay),
			       TOLD_BY(s, typed.stdin_lines));
	return 0;
}

/* Only messages that are confirmed need a store. */
static int check_store(const struct settings *s, struct err *e)
{
	if (!s->store.path || s->typed.qos)
		return 0;
	return err_set(e, ERR_USAGE, 0,
		       "%s needs --qos 1 or 2: QoS 0 is never confirmed",
		       TOLD_BY(s, store.path));
}

static int resolve_utf8(struct settings *s, struct err *e)
{
	struct typed *t = &s->typed;

	if (!t->utf8)
		return 0;
	if (IS_SET(s, typed.payload_format) && !t->payload_format)
		return err_set(e, ERR_USAGE, 0, "%s contradicts %s",
			       TOLD_BY(s, typed.payload_format),
			       TOLD_BY(s, typed.utf8));
	s->pub.check_utf8 = true;
	t->payload_format = 1;
	return 0;
}

int resolve_pub(struct settings *s, struct err *e)
{
	const struct implied_prop text = { PROP_PAYLOAD_FORMAT, 1 };
	struct publish *p = &s->pub.publish;

	if (s->pub.flush || s->store.info || s->store.clear || s->run.tls_info)
		return 0;
	if (resolve_topic(s, e) || resolve_source(s, e) || check_store(s, e) ||
	    check_repeat(s, e) || resolve_utf8(s, e) || keep_qos2_session(s, e))
		return -1;
	if (resolve_props(s, "publish", PROP_IN(PACKET_PUBLISH), &p->props, e))
		return -1;
	if (s->pub.check_utf8 && !IS_SET(s, typed.payload_format) &&
	    resolve_implied(s, &text, &p->props, e))
		return -1;
	p->qos = (uint8_t)s->typed.qos;
	p->retain = s->typed.retain;
	p->has_expiry = IS_SET(s, typed.message_expiry);
	p->expiry = s->typed.message_expiry;
	return 0;
}
