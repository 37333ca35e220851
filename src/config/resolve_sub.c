/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <string.h>

#include "config/keep.h"
#include "config/subscribe.h"
#include "mqtt/props.h"
#include "mqtt/topic.h"
#include "mqtt/types.h"

/* A filter with everything known: what becomes a struct subscription. */
struct wanted {
	struct subscription sub;
	uint32_t id;
};

struct wants {
	struct wanted *v;
	size_t n;
	bool needs_v5; /* by options inside --subscribe */
};

/* JSON tells the retain flag, so let it be the publisher's; unless the flag
 * is needed to tell retained messages from live ones. */
static bool wants_flag_as_published(const struct settings *s)
{
	const struct sub_settings *o = &s->sub;

	if (IS_SET(s, typed.retain_as_published))
		return s->typed.retain_as_published;
	if (o->no_retained || o->retained_only || o->remove_retained)
		return false;
	return o->json || (o->format && (strstr(o->format, "%j") ||
					 strstr(o->format, "%J")));
}

/* What the options say for all filters. */
static struct subscribe_spec defaults(const struct settings *s)
{
	const struct typed *t = &s->typed;
	bool no_retained = s->sub.no_retained &&
			   !IS_SET(s, typed.retain_handling);

	return (struct subscribe_spec){
		.qos = (uint8_t)t->qos,
		.no_local = t->no_local,
		.retain_as_published = wants_flag_as_published(s),
		/* What -R would throw away need not be sent. */
		.retain_handling = no_retained ? 2
					       : (uint8_t)t->retain_handling,
		.id = t->subscription_id,
	};
}

static uint8_t options_byte(const struct subscribe_spec *o)
{
	unsigned byte = o->qos;

	if (o->no_local)
		byte |= MQTT_SUB_NO_LOCAL;
	if (o->retain_as_published)
		byte |= MQTT_SUB_RETAIN_AS_PUBLISHED;
	byte |= (unsigned)o->retain_handling << MQTT_SUB_RETAIN_HANDLING_SHIFT;
	return (uint8_t)byte;
}

static int want(struct wants *w, const struct subscribe_spec *o, struct err *e)
{
	struct bytes group, rest;

	/* [MQTT-3.8.3-4] */
	if (o->no_local && topic_is_shared(o->filter, &group, &rest))
		return err_set(e, ERR_USAGE, 0,
			       "no-local is not allowed for the shared "
			       "subscription '%.*s'",
			       (int)o->filter.n, (const char *)o->filter.p);
	w->v[w->n++] = (struct wanted){
		.sub = { o->filter, options_byte(o) },
		.id = o->id,
	};
	return 0;
}

/* Each -t has the -q before it; when there is only one -q, it is for all,
 * wherever it stands. */
static int want_filters(const struct settings *s, struct wants *w,
			struct err *e)
{
	const struct filter_list *list = &s->typed.filters;
	bool is_mixed = false;

	for (size_t i = 0; i < list->names.n; i++)
		is_mixed |= list->qos[i] != FILTER_QOS_OPEN &&
			    list->qos[i] != s->typed.qos;
	for (size_t i = 0; i < list->names.n; i++) {
		struct subscribe_spec o = defaults(s);

		o.filter = bytes_str(list->names.v[i]);
		if (list->qos[i] != FILTER_QOS_OPEN)
			o.qos = list->qos[i];
		else if (is_mixed)
			return err_set(e, ERR_USAGE, 0,
				       "with several -q, each must stand "
				       "before the filters it is for, and "
				       "'%s' has none before it",
				       list->names.v[i]);
		if (want(w, &o, e))
			return -1;
	}
	return 0;
}

static int want_specs(const struct settings *s, struct wants *w, struct err *e)
{
	for (size_t i = 0; i < s->typed.subscribe.n; i++) {
		struct subscribe_spec o = defaults(s), said;

		if (subscribe_parse(s->typed.subscribe.v[i], &said, e))
			return -1;
		o.filter = said.filter;
		if (said.has_qos)
			o.qos = said.qos;
		if (said.has_no_local)
			o.no_local = said.no_local;
		if (said.has_retain_as_published)
			o.retain_as_published = said.retain_as_published;
		if (said.has_retain_handling)
			o.retain_handling = said.retain_handling;
		if (said.id)
			o.id = said.id;
		w->needs_v5 |= said.id || said.no_local ||
			       said.retain_as_published ||
			       said.has_retain_handling;
		if (want(w, &o, e))
			return -1;
	}
	return 0;
}

static int want_url_topic(const struct settings *s, struct wants *w,
			  struct err *e)
{
	struct subscribe_spec o = defaults(s);

	if (!s->typed.url_topic)
		return 0;
	if (resolve_url_topic(s, topic_check_filter, e))
		return -1;
	o.filter = bytes_str(s->typed.url_topic);
	return want(w, &o, e);
}

static int check_v5(struct settings *s, const struct wants *w, struct err *e)
{
	if (!w->needs_v5)
		return 0;
	if (s->typed.version == MQTT_3_1 || s->typed.version == MQTT_3_1_1)
		return err_set(e, ERR_USAGE, 0,
			       "%s needs MQTT 5, but %s says otherwise",
			       TOLD_BY(s, typed.subscribe),
			       TOLD_BY(s, typed.version));
	s->client.needs_v5 = true;
	return 0;
}

/* The filters of one packet: those with the id of the first that is left. */
static int make_packet(struct settings *s, struct wants *w, struct subscribe *p,
		       struct err *e)
{
	struct subscription *filters = keep_alloc(s, w->n * sizeof(*filters));
	struct implied_prop id = { PROP_SUBSCRIPTION_ID, w->v[0].id };
	size_t left = 0;

	if (!filters)
		return err_nomem(e);
	for (size_t i = 0; i < w->n; i++) {
		if (w->v[i].id == id.num)
			filters[p->count++] = w->v[i].sub;
		else
			w->v[left++] = w->v[i];
	}
	w->n = left;
	p->filters = filters;
	if (resolve_props(s, "subscribe", PROP_IN(PACKET_SUBSCRIBE), &p->props,
			  e))
		return -1;
	return id.num ? resolve_implied(s, &id, &p->props, e) : 0;
}

static int make_packets(struct settings *s, struct wants *w, struct err *e)
{
	struct subscribe *packets = keep_alloc(s,
					       (w->n + 1) * sizeof(*packets));

	if (!packets)
		return err_nomem(e);
	while (w->n)
		if (make_packet(s, w, &packets[s->sub.subscribe_count++], e))
			return -1;
	s->sub.subscribes = packets;
	return 0;
}

static int resolve_subscribes(struct settings *s, struct err *e)
{
	const struct typed *t = &s->typed;
	size_t most = t->filters.names.n + t->subscribe.n + 1;
	struct wants w = { .v = keep_alloc(s, most * sizeof(*w.v)) };

	if (!w.v)
		return err_nomem(e);
	if (want_filters(s, &w, e) || want_specs(s, &w, e) ||
	    want_url_topic(s, &w, e) || check_v5(s, &w, e))
		return -1;
	if (!w.n && !t->unsubscribe.n)
		return err_set(e, ERR_USAGE, 0,
			       "nothing to subscribe to: expected -t FILTER");
	return make_packets(s, &w, e);
}

static int resolve_unsubscribe(struct settings *s, struct err *e)
{
	const struct text_list *list = &s->typed.unsubscribe;
	struct subscription *filters = keep_alloc(s, (list->n + 1) *
							     sizeof(*filters));

	if (!filters)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++)
		filters[i].filter = bytes_str(list->v[i]);
	s->sub.unsubscribe.filters = filters;
	s->sub.unsubscribe.count = list->n;
	return resolve_props(s, "unsubscribe", PROP_IN(PACKET_UNSUBSCRIBE),
			     &s->sub.unsubscribe.props, e);
}

static int resolve_filter_out(struct settings *s, struct err *e)
{
	const struct text_list *list = &s->typed.filter_out;
	struct bytes *out = keep_alloc(s, (list->n + 1) * sizeof(*out));

	if (!out)
		return err_nomem(e);
	for (size_t i = 0; i < list->n; i++)
		out[i] = bytes_str(list->v[i]);
	s->sub.filter_out = out;
	s->sub.filter_out_count = list->n;
	return 0;
}

/* Of two contradicting options the stronger origin wins. */
static int exclude(const struct settings *s, size_t a, size_t b, struct err *e)
{
	if (origin_compare(settings_origin(s, a), settings_origin(s, b)))
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s and %s exclude each other",
		       told_by(s, a), told_by(s, b));
}

static int check_output(struct settings *s, struct err *e)
{
	struct sub_settings *o = &s->sub;

	if (o->no_retained && o->retained_only)
		return err_set(e, ERR_USAGE, 0,
			       "%s and %s exclude each other: nothing is left",
			       TOLD_BY(s, sub.no_retained),
			       TOLD_BY(s, sub.retained_only));
	if (!o->json || !o->format)
		return 0;
	if (exclude(s, offsetof(struct settings, sub.json),
		    offsetof(struct settings, sub.format), e))
		return -1;
	if (origin_compare(ORIGIN_OF(s, sub.json), ORIGIN_OF(s, sub.format)) >
	    0)
		o->format = NULL;
	else
		o->json = false;
	return 0;
}

int resolve_sub(struct settings *s, struct err *e)
{
	if (s->store.info || s->store.clear || s->run.tls_info)
		return 0;
	if (resolve_subscribes(s, e) || resolve_unsubscribe(s, e) ||
	    resolve_filter_out(s, e))
		return -1;
	return check_heartbeat(s, e) || check_output(s, e) ? -1 : 0;
}
