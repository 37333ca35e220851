/* SPDX-License-Identifier: MIT */
#include "bench/scenario_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "bench/header.h"
#include "bench/number.h"

#define TOPIC_USES                                                             \
	(TEMPLATE_INDEX | TEMPLATE_GROUP | TEMPLATE_COLUMN | TEMPLATE_CLIENT | \
	 TEMPLATE_USER | TEMPLATE_NUMBER | TEMPLATE_RANDOM)
#define PAYLOAD_USES (TOPIC_USES | TEMPLATE_TIME | TEMPLATE_HEADER)
#define REPLY_USES (TOPIC_USES & ~(unsigned)TEMPLATE_VARIES)
#define DEFAULT_SIZE 256
#define PROPERTY_NAME "mqtt-bench"

static struct template_config config_of(const struct group *g, unsigned allowed)
{
	return (struct template_config){
		.allowed = allowed,
		.columns = g->from.columns,
		.column_count = g->from.column_count,
	};
}

static int build_pace(struct builder *b, const struct raw_publish *raw,
		      struct publish_plan *p)
{
	uint64_t interval = 0;

	if (raw->rate && raw->interval)
		return build_fail(b, "interval", "there is a rate already");
	if (build_rate(b, "rate", raw->rate, &p->rate) < 0 ||
	    build_duration(b, "interval", raw->interval, &interval) < 0)
		return -1;
	if (interval)
		p->rate = (double)CLOCK_SEC / (double)interval;
	if (p->rate > 0 || (!raw->rate && !raw->interval))
		return 0;
	return build_fail(b, raw->rate ? "rate" : "interval",
			  "expected more than 0; as fast as it goes is "
			  "without it");
}

static int build_arrival(struct builder *b, const struct raw_publish *raw,
			 struct publish_plan *p)
{
	uint64_t burst = 1;

	if (build_number(b, "count", raw->count, 1, UINT64_MAX, &p->count) <
		    0 ||
	    build_number(b, "burst", raw->burst, 1, UINT32_MAX, &burst) < 0)
		return -1;
	p->phase = raw->phase ? (enum schedule_phase)(raw->phase - 1)
			      : PHASE_UNIFORM;
	p->burst = (uint32_t)burst;
	p->arrival = raw->arrival ? (enum arrival)(raw->arrival - 1)
		     : raw->burst ? ARRIVAL_BURST
				  : ARRIVAL_CONSTANT;
	if (raw->burst && p->arrival != ARRIVAL_BURST)
		return build_fail(b, "burst", "needs arrival: burst");
	if (p->arrival == ARRIVAL_BURST && !raw->burst)
		return build_fail(b, "arrival",
				  "a burst needs 'burst', the "
				  "number of messages");
	if ((p->arrival == ARRIVAL_POISSON || p->arrival == ARRIVAL_BURST) &&
	    p->rate <= 0)
		return build_fail(b, "arrival", "%s needs a rate",
				  raw->burst ? "a burst" : "poisson");
	return 0;
}

/* One time in seconds on each line; rising. */
static int read_trace(struct builder *b, char *text, struct publish_plan *p)
{
	uint64_t *times, t, n = 0;
	char *line;

	for (char *c = text; *c; c++)
		n += *c == '\n';
	times = calloc(n + 1, sizeof(*times));
	if (!times)
		return err_nomem(b->e);
	p->trace = times;
	for (uint64_t at = 1; (line = strsep(&text, "\n")); at++) {
		line[strcspn(line, "\r")] = '\0';
		if (*line == '\0' || *line == '#')
			continue;
		if (parse_duration(line, CLOCK_SEC, &t, b->e) < 0) {
			err_prefix(b->e, "line %llu", (unsigned long long)at);
			return build_blame(b, "trace");
		}
		if (p->trace_count && t < times[p->trace_count - 1])
			return build_fail(b, "trace",
					  "line %llu: goes back "
					  "in time",
					  (unsigned long long)at);
		times[p->trace_count++] = t;
	}
	return p->trace_count ? 0 : build_fail(b, "trace", "is empty");
}

static int build_trace(struct builder *b, const struct raw_publish *raw,
		       struct publish_plan *p)
{
	struct buf content;
	int r;

	if ((p->arrival == ARRIVAL_TRACE) != (raw->trace != NULL))
		return build_fail(b, "trace",
				  raw->trace ? "needs arrival: trace"
					     : "is missing: a file of times");
	if (!raw->trace)
		return 0;
	if (p->rate > 0)
		return build_fail(b, "rate", "a trace has its own times");
	if (build_read(b, "trace", raw->trace, &content) < 0)
		return -1;
	r = buf_cstr(&content)
		    ? read_trace(b, (char *)(uintptr_t)buf_view(&content).p, p)
		    : err_nomem(b->e);
	buf_release(&content);
	return r;
}

static int build_content(struct builder *b, const struct raw_publish *raw,
			 const struct group *g, struct payload_plan *p)
{
	const struct template_config c = config_of(g, PAYLOAD_USES);

	if ((raw->size != NULL) + (raw->payload != NULL) +
		    (raw->payload_file != NULL) >
	    1)
		return build_fail(b, "",
				  "expected one of size, payload and "
				  "payload-file");
	if (raw->payload) {
		p->kind = PAYLOAD_TEMPLATE;
		return build_template(b, "payload", raw->payload, &c,
				      &p->template);
	}
	if (raw->payload_file) {
		p->kind = PAYLOAD_BYTES;
		return build_read(b, "payload-file", raw->payload_file,
				  &p->bytes);
	}
	p->kind = PAYLOAD_SIZE;
	p->size[0] = p->size[1] = DEFAULT_SIZE;
	if (raw->size &&
	    number_sizes(raw->size, MQTT_VARINT_MAX / 2, p->size, b->e) < 0)
		return build_blame(b, "size");
	return 0;
}

static int set_header(struct builder *b, const char *text,
		      const struct group *g, struct payload_plan *p)
{
	const char *colon = strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	if (n == 4 && !colon && memcmp(text, "none", n) == 0)
		p->header = HEADER_NONE;
	else if (n == 5 && !colon && memcmp(text, "front", n) == 0)
		p->header = HEADER_FRONT;
	else if (n == 5 && colon && colon[1] && memcmp(text, "field", n) == 0)
		p->header = HEADER_FIELD;
	else if (n == 8 && memcmp(text, "property", n) == 0)
		p->header = HEADER_PROPERTY;
	else
		return build_fail(b, "header",
				  "'%s' is not none, front, "
				  "field:NAME or property",
				  text);
	if (p->header == HEADER_PROPERTY && g->mqtt.version != MQTT_5)
		return build_fail(b, "header", "property needs version: 5");
	if (p->header == HEADER_PROPERTY)
		return build_copy(b, colon ? colon + 1 : PROPERTY_NAME,
				  &p->field);
	return colon ? build_copy(b, colon + 1, &p->field) : 0;
}

static uint32_t least(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Headers that receivers do not find would make every message a lost one. */
static int check_field(struct builder *b, const struct group *g,
		       const struct payload_plan *p)
{
	struct header h = { 0 };
	struct template_values v;
	struct buf names = { 0 }, text = { 0 };
	char hex[HEADER_HEX_SIZE];
	bool is_found;
	int r = group_values(g, 0, p->template, &names, &v);

	header_write_hex(hex, &h);
	v.random = least;
	v.header = bytes_of(hex, sizeof(hex));
	if (r == 0)
		r = template_render(p->template, &v, &text);
	is_found = r == 0 &&
		   header_find_field(buf_view(&text), bytes_str(p->field), &h);
	buf_release(&names);
	buf_release(&text);
	if (r < 0)
		return err_nomem(b->e);
	return is_found ? 0
			: build_fail(b, "header",
				     "nobody would find it: expected "
				     "\"%s\":\"%%h\" in the payload",
				     p->field);
}

/* Where it goes by itself: into payloads of bytes that are large enough. */
static int build_header(struct builder *b, const struct raw_publish *raw,
			const struct group *g, struct payload_plan *p)
{
	bool has_mark = p->template &&
			(template_uses(p->template) & TEMPLATE_HEADER);

	p->header = HEADER_NONE;
	if (p->kind == PAYLOAD_SIZE && p->size[0] >= HEADER_SIZE)
		p->header = HEADER_FRONT;
	if (raw->header && set_header(b, raw->header, g, p) < 0)
		return -1;
	if (p->header == HEADER_FRONT && p->kind == PAYLOAD_SIZE &&
	    p->size[0] < HEADER_SIZE)
		return build_fail(b, "header", "needs a size of %u at least",
				  HEADER_SIZE);
	if (p->header == HEADER_PROPERTY && raw->reply)
		return build_fail(b, "header",
				  "answers bring the payload back and no "
				  "property: expected front or field:NAME");
	if (p->header == HEADER_FIELD && !has_mark)
		return build_fail(b, "header",
				  "a field needs %%h in the "
				  "payload");
	if (p->header == HEADER_FIELD && check_field(b, g, p) < 0)
		return -1;
	if (p->header != HEADER_FIELD && has_mark)
		return build_fail(b, "payload",
				  "%%h needs 'header: "
				  "field:NAME', so that it can be found");
	return 0;
}

static int need_v5(struct builder *b, const char *key, bool is_used,
		   const struct group *g)
{
	if (!is_used || g->mqtt.version == MQTT_5)
		return 0;
	return build_fail(b, key, "needs version: 5");
}

int build_publish(struct builder *b, const struct raw_publish *raw,
		  const struct group *g, struct publish_plan *p)
{
	const struct template_config topic = config_of(g, TOPIC_USES);
	const struct template_config reply = config_of(g, REPLY_USES);

	p->qos = (uint8_t)(raw->qos ? raw->qos - RAW_QOS0 : 0);
	p->retain = raw->retain == RAW_YES;
	p->use_alias = raw->alias == RAW_YES;
	if (need_v5(b, "alias", p->use_alias, g) < 0 ||
	    need_v5(b, "expiry", raw->expiry != NULL, g) < 0 ||
	    need_v5(b, "reply", raw->reply != NULL, g) < 0)
		return -1;
	if (build_topic(b, "topic", raw->topic, &topic, g, &p->topic) < 0 ||
	    build_topic(b, "reply", raw->reply, &reply, g, &p->reply) < 0 ||
	    build_seconds(b, "expiry", raw->expiry, UINT32_MAX, &p->expiry) <
		    0 ||
	    build_pace(b, raw, p) < 0 || build_arrival(b, raw, p) < 0 ||
	    build_trace(b, raw, p) < 0 ||
	    build_content(b, raw, g, &p->payload) < 0)
		return -1;
	return build_header(b, raw, g, &p->payload);
}

void publish_plan_release(struct publish_plan *p)
{
	template_free(p->topic);
	template_free(p->reply);
	template_free(p->payload.template);
	buf_release(&p->payload.bytes);
	free(p->payload.field);
	free(p->trace);
}
