/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include "base/text.h"
#include "mqtt/props.h"
#include "mqtt/types.h"

/* The first option of a will that is in use, or NULL. */
static const struct option *find_will(const struct settings *s)
{
	for (size_t i = 0; i < option_count; i++)
		if ((options[i].tools & s->tool) &&
		    options[i].group == GROUP_WILL &&
		    s->origins[i].kind != ORIGIN_DEFAULT)
			return &options[i];
	return NULL;
}

static int resolve_payload(struct settings *s, struct will *w, struct err *e)
{
	const struct typed *t = &s->typed;

	if (t->will_payload && t->will_file)
		return err_set(e, ERR_USAGE, 0, "%s and %s exclude each other",
			       TOLD_BY(s, typed.will_payload),
			       TOLD_BY(s, typed.will_file));
	w->payload = bytes_str(t->will_payload ? t->will_payload : "");
	if (t->will_file &&
	    resolve_file(s, t->will_file, MQTT_STRING_MAX, &w->payload, e))
		return err_prefix(e, "%s", TOLD_BY(s, typed.will_file));
	if (w->payload.n > MQTT_STRING_MAX) /* [MQTT-3.1.3.4] */
		return err_set(e, ERR_USAGE, 0,
			       "%s: %zu bytes, and a will can have %u",
			       TOLD_BY(s, typed.will_payload), w->payload.n,
			       MQTT_STRING_MAX);
	if (t->will_format && !text_is_utf8(w->payload))
		return err_set(e, ERR_USAGE, 0,
			       "%s: the payload of the will is not UTF-8",
			       TOLD_BY(s, typed.will_format));
	return 0;
}

int resolve_will(struct settings *s, struct err *e)
{
	struct will *w = &s->client.connect.will;
	const struct option *o = find_will(s);

	if (!o)
		return 0;
	if (!s->typed.will_topic)
		return err_set(e, ERR_USAGE, 0, "%s needs --will-topic",
			       told_by(s, o->offset));
	w->is_set = true;
	w->topic = bytes_str(s->typed.will_topic);
	w->qos = (uint8_t)s->typed.will_qos;
	w->retain = s->typed.will_retain;
	if (resolve_payload(s, w, e))
		return -1;
	return resolve_props(s, "will", PROP_IN_WILL, &w->props, e);
}
