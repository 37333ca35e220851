/* SPDX-License-Identifier: MIT */
#include "bench/result_file.h"
#include "bench/result_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Members that are absent leave the value as it is; those of another type
 * are an error, kept in e and looked at once at the end. */
struct reader {
	struct err *e;
	bool has_failed;
};

static void fail(struct reader *rd, const char *key, const char *want)
{
	if (!rd->has_failed)
		err_set(rd->e, ERR_USAGE, 0, "'%s' is not %s", key, want);
	rd->has_failed = true;
}

static uint64_t take_int(struct reader *rd, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && (!json_is_integer(v) || json_integer_value(v) < 0))
		fail(rd, key, "a whole number");
	return v ? (uint64_t)json_integer_value(v) : 0;
}

static uint32_t take_small(struct reader *rd, json_t *o, const char *key,
			   uint32_t max)
{
	uint64_t v = take_int(rd, o, key);

	if (v > max)
		fail(rd, key, "a number of that size");
	return (uint32_t)v;
}

static double take_real(struct reader *rd, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_number(v))
		fail(rd, key, "a number");
	return v ? json_number_value(v) : 0;
}

static char *take_text(struct reader *rd, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);
	char *copy;

	if (!v)
		return NULL;
	if (!json_is_string(v)) {
		fail(rd, key, "a text");
		return NULL;
	}
	copy = strdup(json_string_value(v));
	if (!copy)
		fail(rd, key, "small enough for the memory");
	return copy;
}

static void copy_text(struct reader *rd, json_t *o, const char *key, char *dst,
		      size_t size)
{
	char *text = take_text(rd, o, key);

	if (text)
		snprintf(dst, size, "%s", text);
	free(text);
}

static uint64_t take_hex(struct reader *rd, json_t *o, const char *key)
{
	char *text = take_text(rd, o, key), *end = text;
	uint64_t v = text ? strtoull(text, &end, 16) : 0;

	if (text && (*end || end == text))
		fail(rd, key, "a hexadecimal number");
	free(text);
	return v;
}

static json_t *take_list(struct reader *rd, json_t *o, const char *key)
{
	json_t *v = json_object_get(o, key);

	if (v && !json_is_array(v))
		fail(rd, key, "a list");
	return json_is_array(v) ? v : NULL;
}

int hist_from_json(json_t *o, struct hist *h, struct err *e)
{
	struct reader rd = { .e = e };
	json_t *list = take_list(&rd, o, "buckets");
	uint64_t slot = 0, count, sum = 0;
	size_t n = json_array_size(list);

	if (!h->counts && hist_init(h) < 0)
		return err_nomem(e);
	for (size_t i = 0; i + 1 < n; i += 2) {
		slot += (uint64_t)json_integer_value(json_array_get(list, i));
		count = (uint64_t)json_integer_value(
			json_array_get(list, i + 1));
		if (slot >= HIST_SLOTS)
			return err_set(e, ERR_USAGE, 0,
				       "'buckets' leads out of the histogram");
		h->counts[slot] += count;
		sum += count;
	}
	h->total = take_int(&rd, o, "count");
	h->over = take_int(&rd, o, "over");
	h->min = h->total ? take_int(&rd, o, "min") : UINT64_MAX;
	/* Where some never came, that is the greatest of all. */
	h->max = take_int(&rd, o,
			  json_is_string(json_object_get(o, "max")) ? "max_came"
								    : "max");
	if (rd.has_failed)
		return -1;
	if (sum != h->total || h->over > sum ||
	    (sum && (h->min > h->max || !h->counts[hist_slot(h->min)] ||
		     !h->counts[hist_slot(h->max)])))
		return err_set(e, ERR_USAGE, 0,
			       "a histogram contradicts "
			       "itself");
	return 0;
}

static void read_reasons(struct reader *rd, json_t *o, const char *key,
			 uint64_t codes[256])
{
	json_t *list = json_object_get(o, key), *v;
	unsigned long code;
	const char *name;

	json_object_foreach(list, name, v)
	{
		code = strtoul(name, NULL, 16);
		if (code > 255 || !json_is_integer(v))
			fail(rd, key, "a table of reason codes");
		else
			codes[code] = (uint64_t)json_integer_value(v);
	}
}

static void read_account(struct reader *rd, json_t *o, struct account *a)
{
	for (enum count c = 0; c < COUNT_COUNT; c++)
		if (!json_is_null(json_object_get(o, count_name(c))))
			a->n[c] = take_int(rd, o, count_name(c));
	read_reasons(rd, o, "publish_reasons", a->publish_reasons);
	read_reasons(rd, o, "connect_reasons", a->connect_reasons);
	read_reasons(rd, o, "subscribe_reasons", a->subscribe_reasons);
	read_reasons(rd, o, "unsubscribe_reasons", a->unsubscribe_reasons);
	read_reasons(rd, o, "disconnect_reasons", a->disconnect_reasons);
}

static enum run_phase phase_of(const char *name)
{
	enum run_phase p = RUN_CONNECT;

	while (p < RUN_OVER && strcmp(run_phase_name(p), name) != 0)
		p++;
	return p;
}

static void read_own(struct reader *rd, json_t *o, const char *name,
		     struct own_delay *ret)
{
	struct hist samples = { 0 };
	char key[32];

	snprintf(key, sizeof(key), "%s_count", name);
	ret->count = samples.total = take_int(rd, o, key);
	snprintf(key, sizeof(key), "%s_max", name);
	ret->max = take_int(rd, o, key);
	snprintf(key, sizeof(key), "%s_p99", name);
	ret->p99 = take_int(rd, o, key);
	if (!hist_has_enough(&samples, 99))
		ret->p99 = 0;
}

static int read_interval(struct reader *rd, json_t *o, struct result *r)
{
	char phase[16] = "over";
	struct interval i = { .broker_cpu = -1 };

	copy_text(rd, o, "phase", phase, sizeof(phase));
	i.phase = phase_of(phase);
	i.at = take_real(rd, o, "at");
	i.length = take_real(rd, o, "length");
	i.connected = take_int(rd, o, "connected");
	i.connects = take_int(rd, o, "connects");
	i.sent = take_int(rd, o, "sent");
	i.delivered = take_int(rd, o, "delivered");
	i.errors = take_int(rd, o, "errors");
	i.e2e_count = take_int(rd, o, "e2e_count");
	i.e2e_p50 = take_int(rd, o, "e2e_p50");
	i.e2e_p99 = take_int(rd, o, "e2e_p99");
	i.e2e_max = take_int(rd, o, "e2e_max");
	i.ack_count = take_int(rd, o, "ack_count");
	i.ack_p50 = take_int(rd, o, "ack_p50");
	i.ack_p99 = take_int(rd, o, "ack_p99");
	i.e2e_mean = take_real(rd, o, "e2e_mean");
	i.ack_mean = take_real(rd, o, "ack_mean");
	read_own(rd, o, "lag", &i.lag);
	read_own(rd, o, "turn", &i.turn);
	i.cpu = take_real(rd, o, "cpu");
	i.thread_cpu = take_real(rd, o, "thread_cpu");
	i.throttled = take_real(rd, o, "throttled");
	i.steal = take_real(rd, o, "steal");
	i.memory = take_int(rd, o, "memory");
	if (json_object_get(o, "broker_cpu"))
		i.broker_cpu = take_real(rd, o, "broker_cpu");
	i.broker_memory = take_int(rd, o, "broker_memory");
	return result_add_interval(r, &i);
}

static uint64_t *read_runs(struct reader *rd, json_t *o, const char *key,
			   uint32_t clients)
{
	json_t *list = take_list(rd, o, key);
	uint64_t *v = calloc((size_t)clients + 1, sizeof(*v)), n, value;
	size_t at = 0;

	if (!v) {
		fail(rd, key, "small enough for the memory");
		return NULL;
	}
	for (size_t i = 0; i + 1 < json_array_size(list); i += 2) {
		n = (uint64_t)json_integer_value(json_array_get(list, i));
		value = (uint64_t)json_integer_value(
			json_array_get(list, i + 1));
		if (n > clients - at) {
			fail(rd, key, "as long as there are clients");
			break;
		}
		while (n--)
			v[at++] = value;
	}
	return v;
}

static void read_tally(struct reader *rd, json_t *o, struct tally *t)
{
	uint64_t *wide;

	t->group = take_text(rd, o, "group");
	t->topic = take_text(rd, o, "topic");
	t->first_stream = take_small(rd, o, "first_stream", UINT32_MAX);
	t->clients = take_small(rd, o, "clients", 1u << 24);
	t->varies = json_is_true(json_object_get(o, "varies"));
	t->sent = read_runs(rd, o, "sent", t->clients);
	t->unaccepted = read_runs(rd, o, "unaccepted", t->clients);
	t->unique = read_runs(rd, o, "unique", t->clients);
	t->settled = read_runs(rd, o, "settled", t->clients);
	wide = read_runs(rd, o, "receivers", t->clients);
	t->receivers = calloc((size_t)t->clients + 1, sizeof(*t->receivers));
	if (!t->receivers)
		fail(rd, "receivers", "small enough for the memory");
	for (uint32_t i = 0; wide && t->receivers && i < t->clients; i++)
		t->receivers[i] = (uint32_t)wide[i];
	free(wide);
}

static void read_shares(struct reader *rd, json_t *root, struct result *r)
{
	uint32_t members;
	uint64_t *served;
	char *filter;
	json_t *v;
	size_t i;

	json_array_foreach(take_list(rd, root, "shares"), i, v)
	{
		filter = take_text(rd, v, "filter");
		if (!filter)
			fail(rd, "filter", "there");
		members = take_small(rd, v, "members", 1u << 24);
		served = read_runs(rd, v, "served", members);
		for (uint32_t k = 0; !rd->has_failed && k < members; k++)
			if (shared_add_member(&r->shares, filter, served[k]) <
			    0)
				fail(rd, "shares", "small enough for memory");
		free(served);
		free(filter);
	}
}

static enum trust trust_of(const char *name)
{
	enum trust t = TRUST_VALID;

	while (t < TRUST_INVALID && strcmp(trust_name(t), name) != 0)
		t++;
	return t;
}

static void read_verdict(struct reader *rd, json_t *o, struct verdict *v)
{
	json_t *list = take_list(rd, o, "reasons"), *reason;
	char text[32] = "VALID";
	size_t i;

	copy_text(rd, o, "trust", text, sizeof(text));
	v->trust = trust_of(text);
	*text = '\0';
	copy_text(rd, o, "bound", text, sizeof(text));
	while (*text && v->bound < BOUND_GENERATOR &&
	       strcmp(bound_name(v->bound), text) != 0)
		v->bound++;
	json_array_foreach(list, i, reason)
	{
		if (v->count == VERDICT_REASONS)
			break;
		copy_text(rd, reason, "trust", text, sizeof(text));
		v->reasons[v->count].trust = trust_of(text);
		copy_text(rd, reason, "text", v->reasons[v->count].text,
			  VERDICT_TEXT);
		v->count++;
	}
}

static void read_outcomes(struct reader *rd, json_t *list, struct result *r)
{
	struct outcome *o;
	json_t *v;
	size_t i;

	r->outcomes = calloc(json_array_size(list) + 1, sizeof(*r->outcomes));
	if (!r->outcomes)
		fail(rd, "requirements", "small enough for the memory");
	json_array_foreach(list, i, v)
	{
		if (rd->has_failed)
			break;
		o = &r->outcomes[r->outcome_count++];
		o->requirement = take_text(rd, v, "require");
		o->text = take_text(rd, v, "text");
		o->holds = json_is_true(json_object_get(v, "holds"));
	}
}

static void read_timings(struct reader *rd, json_t *o, struct result *r)
{
	const char *name;
	enum timing t;
	json_t *v;

	json_object_foreach(o, name, v)
	{
		struct hist *h = &r->floor;

		t = timing_by_name(name);
		if (t != TIMING_COUNT)
			h = &r->timings[t];
		else if (strcmp(name, "lag.floor") != 0)
			continue; /* of a later version */
		if (rd->has_failed || hist_from_json(v, h, rd->e) == 0)
			continue;
		err_prefix(rd->e, "timings: '%s'", name);
		rd->has_failed = true;
	}
}

static void read_health(struct reader *rd, json_t *o, struct result *r)
{
	json_t *list = take_list(rd, o, "threads"), *v;
	size_t i;

	r->cpu = take_real(rd, o, "cpu_seconds");
	r->memory = take_int(rd, o, "memory");
	r->throttled = take_real(rd, o, "throttled");
	r->steal = take_real(rd, o, "steal");
	r->untracked = take_int(rd, o, "untracked");
	r->waited = take_real(rd, o, "waited");
	r->threads = calloc(json_array_size(list) + 1, sizeof(*r->threads));
	if (!r->threads)
		fail(rd, "threads", "small enough for the memory");
	json_array_foreach(list, i, v)
	{
		if (rd->has_failed)
			break;
		copy_text(rd, v, "name", r->threads[i].name,
			  sizeof(r->threads[i].name));
		r->threads[i].cpu = take_real(rd, v, "cpu");
		r->thread_count++;
	}
}

static void read_texts(struct reader *rd, json_t *root, struct result *r)
{
	json_t *v;
	char text[RESULT_TEXT] = "";
	size_t i;

	json_array_foreach(take_list(rd, root, "causes"), i, v)
	{
		copy_text(rd, v, "text", text, sizeof(text));
		result_count_cause(r->causes, text, take_int(rd, v, "count"));
	}
	json_array_foreach(take_list(rd, root, "worst"), i, v)
	{
		copy_text(rd, v, "text", text, sizeof(text));
		result_add_worst(r, text, take_int(rd, v, "lost"));
	}
}

static void read_head(struct reader *rd, json_t *o, struct result *r)
{
	r->scenario = take_text(rd, o, "scenario");
	r->title = take_text(rd, o, "title");
	r->partial = take_text(rd, o, "partial");
	/* Older files say only that it was partial. */
	r->partial_status = (unsigned)json_integer_value(
		json_object_get(o, "partial_status"));
	r->imbalances = take_text(rd, o, "imbalances");
	r->text = take_text(rd, o, "text");
	r->started = take_real(rd, o, "started");
	r->late_start = take_real(rd, o, "late_start");
	r->seed = take_hex(rd, o, "seed");
	r->run_id = take_hex(rd, o, "run");
	r->clock_id = take_hex(rd, o, "clock");
	if (json_object_get(o, "clock_bound")) /* since 0.1 */
		r->clock_bound = take_int(rd, o, "clock_bound");
	r->shard = take_small(rd, o, "shard", UINT32_MAX);
	r->shards = take_small(rd, o, "shards", UINT32_MAX);
	r->is_merged = json_is_true(json_object_get(o, "merged"));
	r->is_open = json_is_true(json_object_get(o, "open"));
	r->is_self = json_is_true(json_object_get(o, "self"));
	r->clients = take_int(rd, o, "clients");
	r->window = take_small(rd, o, "window", UINT16_MAX);
	r->asked = take_real(rd, o, "asked");
	r->measured = take_real(rd, o, "measured");
	r->connect_time = take_real(rd, o, "connect_time");
	r->measured_sent = take_int(rd, o, "measured_sent");
	r->measured_delivered = take_int(rd, o, "measured_delivered");
	r->sent_in_time = take_int(rd, o, "sent_in_time");
	r->delivered_in_time = take_int(rd, o, "delivered_in_time");
	r->late_publishes = take_int(rd, o, "late_publishes");
	r->late_acks = take_int(rd, o, "late_acks");
	r->late_recs = take_int(rd, o, "late_recs");
	r->late_comps = take_int(rd, o, "late_comps");
	r->late_deliveries = take_int(rd, o, "late_deliveries");
	r->late_echoes = take_int(rd, o, "late_echoes");
	r->varying_expected = take_int(rd, o, "varying_expected");
	copy_text(rd, o, "varying_blind", r->varying_blind, RESULT_TEXT);
	copy_text(rd, o, "losses_unknown", r->losses_unknown, RESULT_TEXT);
	copy_text(rd, o, "e2e_gap", r->e2e_gap, RESULT_TEXT);
	copy_text(rd, o, "raw_gap", r->raw_gap, RESULT_TEXT);
	r->settings = json_incref(json_object_get(o, "settings"));
	r->host = json_incref(json_object_get(o, "host"));
	r->broker = json_incref(json_object_get(o, "broker"));
}

/* NOLINTNEXTLINE(misc-no-recursion): runs have no runs of their own. */
static void read_runs_of(struct reader *rd, json_t *root, struct result *r)
{
	json_t *list = take_list(rd, root, "runs"), *v;
	size_t n = json_array_size(list), i;

	if (n == 0 || rd->has_failed)
		return;
	r->runs = calloc(n, sizeof(*r->runs));
	if (!r->runs) {
		fail(rd, "runs", "small enough for the memory");
		return;
	}
	json_array_foreach(list, i, v)
	{
		result_init(&r->runs[i]);
		r->run_count++;
		if (json_object_get(v, "runs"))
			fail(rd, "runs", "without runs in runs");
		else if (result_from_json(v, &r->runs[i], rd->e) < 0)
			rd->has_failed = true;
		if (rd->has_failed)
			break;
	}
}

/* Without them a file that was cut down would pass for a perfect run. */
static void check_parts(struct reader *rd, json_t *root)
{
	static const char *const parts[] = { "verdict", "counts", "timings",
					     "health" };
	const char *trust = json_string_value(
		json_object_get(json_object_get(root, "verdict"), "trust"));

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (!json_is_object(json_object_get(root, parts[i])))
			fail(rd, parts[i], "there");
	if (!trust || strcmp(trust_name(trust_of(trust)), trust) != 0)
		fail(rd, "trust", "VALID, SUSPECT or INVALID");
}

/* NOLINTNEXTLINE(misc-no-recursion): runs have no runs of their own. */
int result_from_json(json_t *root, struct result *r, struct err *e)
{
	struct reader rd = { .e = e };
	const char *schema = json_string_value(json_object_get(root, "schema"));
	json_t *list, *v;
	size_t i;

	if (!schema || strcmp(schema, RESULT_SCHEMA) != 0)
		return err_set(e, ERR_USAGE, 0,
			       "is not a result of this "
			       "version of mqtt-bench: 'schema' is not '%s'",
			       RESULT_SCHEMA);
	read_head(&rd, root, r);
	read_account(&rd, json_object_get(root, "counts"), &r->account);
	read_timings(&rd, json_object_get(root, "timings"), r);
	read_health(&rd, json_object_get(root, "health"), r);
	read_verdict(&rd, json_object_get(root, "verdict"), &r->verdict);
	read_outcomes(&rd, take_list(&rd, root, "requirements"), r);
	read_texts(&rd, root, r);
	json_array_foreach(take_list(&rd, root, "course"), i,
			   v) if (!rd.has_failed &&
				  read_interval(&rd, v, r) < 0)
		fail(&rd, "course", "small enough for the memory");
	list = take_list(&rd, root, "tallies");
	r->tallies = calloc(json_array_size(list) + 1, sizeof(*r->tallies));
	if (!r->tallies)
		return err_nomem(e);
	json_array_foreach(list, i, v) if (!rd.has_failed)
		read_tally(&rd, v, &r->tallies[r->tally_count++]);
	read_shares(&rd, root, r);
	read_runs_of(&rd, root, r);
	check_parts(&rd, root);
	return rd.has_failed ? -1 : 0;
}
