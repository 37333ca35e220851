/* SPDX-License-Identifier: MIT */
#include "bench/scenario_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/text.h"
#include "bench/number.h"
#include "bench/peer.h"
#include "mqtt/topic.h"
#include "mqtt/types.h"
#include "net/url.h"

#define KEEPALIVE 60
#define CONNECT_RATE 1000
#define CONNECT_PENDING 100
#define CONNECT_TIMEOUT (30 * CLOCK_SEC)
#define START_DEADLINE (300 * CLOCK_SEC)
#define MEASURE (30 * CLOCK_SEC)
#define DRAIN (10 * CLOCK_SEC)

int build_blame(struct builder *b, const char *key)
{
	char path[BUILD_PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s%s%s", b->path,
		 *b->path && *key && *key != '[' ? "." : "", key);
	if (b->e && (b->e->kind == ERR_USAGE || b->e->kind == ERR_LOCAL))
		return document_blame(b->source, path, b->e);
	return err_prefix(b->e, "%s", path);
}

int build_fail(struct builder *b, const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(b->e, ERR_USAGE, 0, fmt, ap);
	va_end(ap);
	return build_blame(b, key);
}

int build_copy(struct builder *b, const char *text, char **ret)
{
	char *copy;

	if (!text)
		return 0;
	copy = strdup(text);
	if (!copy)
		return err_nomem(b->e);
	*ret = copy;
	return 0;
}

int build_duration(struct builder *b, const char *key, const char *text,
		   uint64_t *ret)
{
	if (!text || parse_duration(text, CLOCK_SEC, ret, b->e) == 0)
		return 0;
	return build_blame(b, key);
}

int build_share(struct builder *b, const char *key, const char *text,
		double *ret)
{
	if (!text || number_percent(text, 0, ret, b->e) == 0)
		return 0;
	return build_blame(b, key);
}

int build_rate(struct builder *b, const char *key, const char *text,
	       double *ret)
{
	if (!text || number_rate(text, ret, b->e) == 0)
		return 0;
	return build_blame(b, key);
}

int build_seconds(struct builder *b, const char *key, const char *text,
		  uint32_t max, uint32_t *ret)
{
	uint64_t ns;

	if (!text)
		return 0;
	if (parse_duration(text, CLOCK_SEC, &ns, b->e) < 0)
		return build_blame(b, key);
	if (ns % CLOCK_SEC || ns / CLOCK_SEC > max)
		return build_fail(b, key, "'%s' is not whole seconds up to %u",
				  text, max);
	*ret = (uint32_t)(ns / CLOCK_SEC);
	return 0;
}

int build_number(struct builder *b, const char *key, const char *text,
		 uint64_t min, uint64_t max, uint64_t *ret)
{
	if (!text || parse_uint(text, min, max, ret, b->e) == 0)
		return 0;
	return build_blame(b, key);
}

int build_template(struct builder *b, const char *key, const char *text,
		   const struct template_config *c, struct template **ret)
{
	struct template *t;

	if (!text)
		return 0;
	t = template_new(text, c, b->e);
	if (!t)
		return build_blame(b, key);
	*ret = t;
	return 0;
}

static uint32_t least(void *ctx)
{
	(void)ctx;
	return 0;
}

static uint32_t most(void *ctx)
{
	(void)ctx;
	return UINT32_MAX;
}

struct text_check {
	const struct group *group;
	const struct template *template;
	const char *(*check)(struct bytes text); /* why not, or NULL */
	struct buf text;                         /* what is checked */
};

static int render_for(struct text_check *c, uint32_t client, bool is_longest)
{
	struct template_values v;
	struct buf names = { 0 };
	int r = group_values(c->group, client, c->template, &names, &v);

	v.random = is_longest ? most : least;
	if (is_longest)
		v.number = UINT64_MAX - 1;
	buf_clear(&c->text);
	if (r == 0)
		r = template_render(c->template, &v, &c->text);
	buf_release(&names);
	return r;
}

static bool uses_file(const struct group *g, const struct template *t)
{
	return g->from.row_count &&
	       template_uses(t) &
		       (TEMPLATE_COLUMN | TEMPLATE_CLIENT | TEMPLATE_USER);
}

static int check_client(struct builder *b, const char *key,
			struct text_check *c, uint32_t client, bool is_longest)
{
	char shown[64], whose[256] = "";
	const struct identities *from = &c->group->from;
	const char *why;

	if (render_for(c, client, is_longest) < 0)
		return err_nomem(b->e);
	why = c->check(buf_view(&c->text));
	if (!why)
		return 0;
	if (uses_file(c->group, c->template))
		snprintf(whose, sizeof(whose), " (%.200s:%zu)", from->name,
			 from->lines[client]);
	else if (client)
		snprintf(whose, sizeof(whose), " (client %u)", client + 1);
	return build_fail(b, key, "'%s' %s%s",
			  text_visible(shown, sizeof(shown),
				       buf_view(&c->text)),
			  why, whose);
}

/* A file may have anything in it for any client, those that only a greater
 * --scale needs included. Otherwise they differ by numbers only: the first has
 * the least and the last the greatest. */
static int check_clients(struct builder *b, const char *key,
			 const struct group *g, const struct template *t,
			 const char *(*check)(struct bytes text))
{
	struct text_check c = { .group = g, .template = t, .check = check };
	uint32_t last = g->clients - 1, step = last ? last : 1;
	int r = 0;

	if (!t)
		return 0;
	if (uses_file(g, t)) {
		step = 1;
		last = (uint32_t)g->from.row_count - 1;
	}
	for (uint32_t i = 0; r == 0 && i <= last; i += step)
		r = check_client(b, key, &c, i, false);
	if (r == 0)
		r = check_client(b, key, &c, last, true);
	buf_release(&c.text);
	return r;
}

int build_topic(struct builder *b, const char *key, const char *text,
		const struct template_config *c, const struct group *g,
		struct template **ret)
{
	if (build_template(b, key, text, c, ret) < 0)
		return -1;
	return check_clients(b, key, g, *ret, topic_check_name);
}

int build_filter(struct builder *b, const char *key, const char *text,
		 const struct template_config *c, const struct group *g,
		 struct template **ret)
{
	if (build_template(b, key, text, c, ret) < 0)
		return -1;
	return check_clients(b, key, g, *ret, topic_check_filter);
}

static const char *check_size(struct bytes text)
{
	return text.n > MQTT_STRING_MAX ? "is longer than 65535 bytes" : NULL;
}

/* [MQTT-1.5.4-1,-2] */
static const char *check_string(struct bytes text)
{
	if (text.n && memchr(text.p, 0, text.n))
		return "contains a NUL character";
	return text_is_utf8(text) ? check_size(text) : "is not valid UTF-8";
}

int build_name(struct builder *b, const char *key, const char *text,
	       const struct template_config *c, const struct group *g,
	       struct template **ret)
{
	if (build_template(b, key, text, c, ret) < 0)
		return -1;
	return check_clients(b, key, g, *ret, check_string);
}

int build_secret(struct builder *b, const char *key, const char *text,
		 const struct template_config *c, const struct group *g,
		 struct template **ret)
{
	if (build_template(b, key, text, c, ret) < 0)
		return -1;
	return check_clients(b, key, g, *ret, check_size);
}

static int build_stage(struct builder *b, const struct raw_stage *raw,
		       struct stages *s)
{
	enum stage_kind kind = (enum stage_kind)(raw->kind - 1);
	uint64_t duration = 0;
	double to = 0;

	if (build_share(b, "to", raw->to, &to) < 0 ||
	    build_duration(b, "for", raw->duration, &duration) < 0)
		return -1;
	if (duration == 0)
		return build_fail(b, "for", "expected more than 0");
	if ((kind == STAGE_HOLD) != (raw->to == NULL))
		return build_fail(
			b, "",
			kind == STAGE_HOLD
				? "a hold has no 'to'"
				: "'to' is missing here, such as 200%%");
	if (stages_add(s, kind, to, duration) < 0)
		return err_nomem(b->e);
	return 0;
}

/* Before the first stage the load is at 100 %. */
int build_stages(struct builder *b, const struct raw_stage *raw, size_t n,
		 struct stages *ret)
{
	size_t len = strlen(b->path);

	stages_init(ret, 1);
	for (size_t i = 0; i < n; i++) {
		snprintf(b->path + len, sizeof(b->path) - len, "%sstages[%zu]",
			 len ? "." : "", i);
		if (build_stage(b, &raw[i], ret) < 0)
			return -1;
		b->path[len] = '\0';
	}
	return 0;
}

int build_mqtt(struct builder *b, const struct raw_mqtt *raw,
	       struct mqtt_plan *ret)
{
	uint32_t keepalive = ret->keepalive;
	uint64_t receive_max = ret->receive_max, window = ret->window;

	if (build_seconds(b, "mqtt.keepalive", raw->keepalive, UINT16_MAX,
			  &keepalive) < 0 ||
	    build_seconds(b, "mqtt.session-expiry", raw->session_expiry,
			  UINT32_MAX, &ret->session_expiry) < 0 ||
	    build_number(b, "mqtt.receive-maximum", raw->receive_maximum, 1,
			 UINT16_MAX, &receive_max) < 0 ||
	    build_number(b, "mqtt.window", raw->window, 1, UINT16_MAX,
			 &window) < 0)
		return -1;
	ret->keepalive = (uint16_t)keepalive;
	ret->receive_max = (uint16_t)receive_max;
	ret->window = (uint16_t)window;
	if (raw->version)
		ret->version = (enum mqtt_version)raw->version;
	if (raw->clean)
		ret->is_clean = raw->clean == RAW_YES;
	if (ret->receive_max && ret->version != MQTT_5)
		return build_fail(b, "mqtt.receive-maximum",
				  "needs version: 5");
	if (ret->session_expiry && ret->version != MQTT_5)
		return build_fail(b, "mqtt.session-expiry", "needs version: 5");
	return 0;
}

static int build_connect(struct builder *b)
{
	const struct raw_connect *raw = &b->raw->connect;
	struct connect_plan *c = &b->scenario->connect;
	uint64_t pending = CONNECT_PENDING, retries = 0;

	*c = (struct connect_plan){ .rate = CONNECT_RATE,
				    .timeout = CONNECT_TIMEOUT };
	if (build_number(b, "connect.pending", raw->pending, 1, UINT32_MAX,
			 &pending) < 0 ||
	    build_number(b, "connect.retries", raw->retries, 0, UINT32_MAX,
			 &retries) < 0 ||
	    build_rate(b, "connect.rate", raw->rate, &c->rate) < 0 ||
	    build_duration(b, "connect.timeout", raw->timeout, &c->timeout) < 0)
		return -1;
	if (c->timeout == 0)
		return build_fail(b, "connect.timeout", "expected more than 0");
	c->pending = (uint32_t)pending;
	c->retries = (uint32_t)retries;
	return 0;
}

static int build_phases(struct builder *b)
{
	const struct raw_phases *raw = &b->raw->phases;
	struct phases *p = &b->scenario->phases;

	*p = (struct phases){ .start_share = 1,
			      .start_deadline = START_DEADLINE,
			      .measure = MEASURE,
			      .drain = DRAIN };
	if (build_share(b, "phases.start", raw->start, &p->start_share) < 0 ||
	    build_duration(b, "phases.deadline", raw->deadline,
			   &p->start_deadline) < 0 ||
	    build_duration(b, "phases.settle", raw->settle, &p->settle) < 0 ||
	    build_duration(b, "phases.warmup", raw->warmup, &p->warmup) < 0 ||
	    build_duration(b, "phases.measure", raw->measure, &p->measure) <
		    0 ||
	    build_duration(b, "phases.drain", raw->drain, &p->drain) < 0)
		return -1;
	if (p->start_share > 1)
		return build_fail(b, "phases.start", "is more than 100%%");
	return 0;
}

static int check_target(const char *text, struct err *e)
{
	struct peer_faults faults;
	struct url url;
	bool is_broker;

	if (peer_is_target(text))
		return peer_parse_target(text, &faults, e);
	if (url_parse(text, &url, e) < 0)
		return -1;
	is_broker = url.scheme <= URL_UNIX;
	url_release(&url);
	return is_broker ? 0
			 : err_set(e, ERR_USAGE, 0,
				   "expected a URL that begins with mqtt://, "
				   "mqtts://, ws://, wss:// or unix:");
}

int build_targets(struct builder *b, char *const *urls, size_t n,
		  size_t *ret_count)
{
	struct scenario *s = b->scenario;
	char key[32], **all;

	all = reallocarray(s->targets, s->target_count + n + 1, sizeof(*all));
	if (!all)
		return err_nomem(b->e);
	s->targets = all;
	for (size_t i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "targets[%zu]", i);
		if (check_target(urls[i], b->e) < 0)
			return build_blame(b, key);
		if (build_copy(b, urls[i], &s->targets[s->target_count]) < 0)
			return -1;
		s->target_count++;
	}
	*ret_count = n;
	return 0;
}

static int build_requirements(struct builder *b)
{
	struct scenario *s = b->scenario;
	char key[32];

	s->require = calloc(b->raw->require_count + 1, sizeof(*s->require));
	if (!s->require)
		return err_nomem(b->e);
	for (size_t i = 0; i < b->raw->require_count; i++) {
		snprintf(key, sizeof(key), "require[%zu]", i);
		if (require_parse_alone(b->raw->require[i], &s->require[i],
					b->e) < 0)
			return build_blame(b, key);
		s->require_count++;
	}
	return 0;
}

static int build_groups(struct builder *b)
{
	struct scenario *s = b->scenario;

	if (b->raw->groups_count == 0)
		return build_fail(b, "", "'groups' is missing here");
	s->groups = calloc(b->raw->groups_count, sizeof(*s->groups));
	if (!s->groups)
		return err_nomem(b->e);
	for (size_t i = 0; i < b->raw->groups_count; i++) {
		snprintf(b->path, sizeof(b->path), "groups[%zu]", i);
		s->group_count++;
		if (build_group(b, &b->raw->groups[i], &s->groups[i]) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(s->groups[k].name, s->groups[i].name))
				return build_fail(b, "name",
						  "'%s' is the name "
						  "of another group too",
						  s->groups[i].name);
	}
	b->path[0] = '\0';
	return 0;
}

/* The places where a receiver has to look for headers. */
static int collect_fields(struct builder *b)
{
	struct scenario *s = b->scenario;
	const struct payload_plan *p;
	size_t n = 1;

	for (size_t i = 0; i < s->group_count; i++)
		n += s->groups[i].publish_count;
	s->fields = calloc(n, sizeof(*s->fields));
	if (!s->fields)
		return err_nomem(b->e);
	for (size_t i = 0; i < s->group_count; i++) {
		for (size_t k = 0; k < s->groups[i].publish_count; k++) {
			p = &s->groups[i].publish[k].payload;
			if (p->header == HEADER_FIELD)
				s->fields[s->field_count++] = bytes_str(
					p->field);
		}
	}
	return 0;
}

/* With stages the load ends where the last of them does. */
static int fit_stages(struct builder *b)
{
	struct scenario *s = b->scenario;
	uint64_t end = stages_end(&s->stages), other;

	for (size_t i = 0; i < s->group_count; i++) {
		other = stages_end(&s->groups[i].stages);
		if (other > end)
			end = other;
	}
	if (end == 0 || b->raw->phases.measure)
		return 0;
	if (end <= s->phases.warmup)
		return build_fail(b, "phases.warmup",
				  "is as long as all "
				  "stages together");
	s->phases.measure = end - s->phases.warmup;
	return 0;
}

static int build_all(struct builder *b)
{
	struct scenario *s = b->scenario;
	const struct raw_scenario *raw = b->raw;

	if (build_copy(b, raw->name, &s->name) < 0 ||
	    build_copy(b, raw->description, &s->description) < 0 ||
	    build_connect(b) < 0 || build_phases(b) < 0 ||
	    build_targets(b, raw->targets, raw->targets_count,
			  &s->common_targets) < 0 ||
	    build_requirements(b) < 0 ||
	    build_stages(b, raw->stages, raw->stages_count, &s->stages) < 0 ||
	    build_duration(b, "tick", raw->tick, &s->tick) < 0 ||
	    build_duration(b, "skip-after", raw->skip_after, &s->skip_after) <
		    0)
		return -1;
	s->has_seed = raw->seed != NULL;
	if (raw->seed &&
	    parse_uint(raw->seed, 0, UINT64_MAX, &s->seed, b->e) < 0)
		return build_blame(b, "seed");
	if (build_groups(b) < 0 || fit_stages(b) < 0)
		return -1;
	return collect_fields(b);
}

int scenario_load(const struct document_source *source, const char *directory,
		  struct scenario *ret, struct err *e)
{
	struct scenario s = { 0 };
	struct builder b = {
		.source = source, .directory = directory, .scenario = &s, .e = e
	};
	void *raw = NULL;
	int r;

	if (document_load(source, &scenario_schema, &raw, e) < 0)
		return -1;
	b.raw = raw;
	s.text = strndup((const char *)source->text.p, source->text.n);
	r = s.text ? build_all(&b) : err_nomem(e);
	document_free(&scenario_schema, raw);
	if (r < 0)
		scenario_release(&s);
	else
		*ret = s;
	return r;
}

void scenario_release(struct scenario *s)
{
	for (size_t i = 0; i < s->group_count; i++)
		group_release(&s->groups[i]);
	free(s->groups);
	for (size_t i = 0; i < s->target_count; i++)
		free(s->targets[i]);
	free(s->targets);
	for (size_t i = 0; i < s->require_count; i++)
		require_release(&s->require[i]);
	free(s->require);
	stages_release(&s->stages);
	free(s->fields);
	free(s->name);
	free(s->description);
	free(s->text);
	*s = (struct scenario){ 0 };
}
