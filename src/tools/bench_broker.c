/* SPDX-License-Identifier: MIT */
#include "tools/bench_broker.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/host.h"
#include "bench/listener.h"

#define GOODBYE (CLOCK_SEC / 2)

static const struct {
	const char *topic, *label;
} shown[] = {
	{ "$SYS/broker/version", "version" },
	{ "$SYS/broker/clients/connected", "clients" },
	{ "$SYS/broker/messages/received", "messages in" },
	{ "$SYS/broker/messages/sent", "messages out" },
	{ "$SYS/broker/publish/messages/dropped", "dropped" },
	{ "$SYS/broker/heap/current", "heap" },
};

/* At once: at the end of the run it may be gone. */
static void read_name(long pid, char dst[64])
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
	f = fopen(path, "re");
	if (f && fgets(dst, 64, f))
		dst[strcspn(dst, "\n")] = '\0';
	if (f)
		fclose(f);
}

int bench_broker_check(const struct bench *b, struct err *e)
{
	long pid = (long)b->options->broker_pid;

	if (pid == 0 || host_cpu_seconds(pid) >= 0)
		return 0;
	return err_set(e, ERR_USAGE, 0,
		       "option '--broker-pid': there is no process %ld", pid);
}

void bench_broker_begin(struct bench_broker *w, const struct bench *b,
			const struct bench_load *l)
{
	const struct run_target *t = &l->targets.v[0];

	*w = (struct bench_broker){ .bench = b,
				    .load = l,
				    .course = json_array(),
				    .pid = (long)b->options->broker_pid };
	mutex_init(&w->lock);
	/* The peer in this program has counts of its own. */
	if (bench_targets_are_self(&l->targets)) {
		w->is_begun = true;
		return;
	}
	/* Elsewhere the same port would be somebody else's. */
	if (!w->pid && l->targets.is_loopback && t->port)
		w->pid = listener_pid(t->port);
	if (w->pid && host_cpu_seconds(w->pid) < 0)
		w->pid = 0;
	if (w->pid)
		read_name(w->pid, w->process);
	w->values = calloc(BROKER_TOPICS, sizeof(*w->values));
	w->is_begun = !b->options->broker_stats || !w->values;
}

/* ----------------------------------------------------------------- topics */

static struct broker_value *value_of(struct bench_broker *w, const char *topic)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->values[i].topic, topic) == 0)
			return &w->values[i];
	return NULL;
}

static void copy_text(char dst[BROKER_TEXT], struct bytes src)
{
	snprintf(dst, BROKER_TEXT, "%.*s",
		 (int)(src.n < BROKER_TEXT ? src.n : BROKER_TEXT - 1),
		 (const char *)src.p);
}

static void on_message(void *ctx, const struct event_message *m)
{
	struct bench_broker *w = ctx;
	struct broker_value *v;
	char topic[BROKER_TEXT];

	copy_text(topic, m->packet.topic);
	mutex_lock(&w->lock);
	v = value_of(w, topic);
	if (!v && w->count < BROKER_TOPICS) {
		v = &w->values[w->count++];
		copy_text(v->topic, m->packet.topic);
	}
	if (v) {
		copy_text(v->text, m->packet.payload);
		v->has_changed = true;
	}
	mutex_unlock(&w->lock);
	client_acknowledge(w->client, m->delivery);
}

static struct bytes render(const struct group *g, const struct template *t,
			   const char *fallback, struct buf *text)
{
	if (t && group_render(g, 0, t, text) == 0)
		return buf_view(text);
	return bytes_str(fallback);
}

/* Whoever may be a client may read this: it is who the first of them is. */
static void be_first_client(struct bench_broker *w, struct client_params *p)
{
	const struct bench_targets *t = &w->load->targets;
	const struct group *g = &w->load->scenario.groups[0];

	p->credentials.load = NULL;
	p->connect.user = render(g, g->username, t->user, &w->user);
	p->connect.password = render(g, g->password, t->password, &w->password);
	/* [MQTT 3.1] has no empty ids. */
	p->connect.client_id = p->version == MQTT_3_1 ? BYTES_LIT("bench-sys")
						      : BYTES_LIT("");
}

/* Nothing of this matters enough to end a run. */
static void start_client(struct bench_broker *w)
{
	const struct client_handlers handlers = { .ctx = w,
						  .on_message = on_message };
	struct client_params *p = &w->params;
	struct err e;

	w->is_begun = true;
	*p = w->bench->settings->client;
	p->server_count = 1;
	be_first_client(w, p);
	p->connect.clean_start = true;
	p->keep_session = false;
	p->reconnect.is_enabled = false;
	w->client = client_new(p, NULL, &handlers, &e);
	if (w->client)
		(void)!client_start_connect(w->client, &e);
}

static void subscribe(struct bench_broker *w)
{
	struct subscription s = { .filter = BYTES_LIT("$SYS/#") };
	struct subscribe all = { .filters = &s, .count = 1 };
	struct err e;

	if (!w->client || w->token ||
	    client_state(w->client) != CLIENT_CONNECTED)
		return;
	w->token = client_start_subscribe(w->client, &all, &e);
}

static void note_changes(struct bench_broker *w, double at)
{
	json_t *values = json_object(), *sample;

	mutex_lock(&w->lock);
	for (size_t i = 0; i < w->count; i++) {
		if (w->values[i].has_changed)
			json_object_set_new(values, w->values[i].topic,
					    json_string(w->values[i].text));
		w->values[i].has_changed = false;
	}
	mutex_unlock(&w->lock);
	if (json_object_size(values)) {
		sample = json_pack("{s:f, s:O}", "at", at, "values", values);
		json_array_append_new(w->course, sample);
	}
	json_decref(values);
}

/* ----------------------------------------------------------------- process */

static void sample_process(struct bench_broker *w, struct interval *i)
{
	uint64_t now = clock_boot();
	double cpu = w->pid ? host_cpu_seconds(w->pid) : -1;

	if (cpu < 0)
		return;
	if (w->sampled_at && now > w->sampled_at)
		i->broker_cpu = (cpu - w->cpu) /
				((double)(now - w->sampled_at) / 1e9);
	i->broker_memory = host_resident(w->pid);
	w->cpu = cpu;
	w->sampled_at = now;
}

void bench_broker_sample(struct bench_broker *w, struct interval *i)
{
	if (!w->is_begun)
		start_client(w);
	subscribe(w);
	sample_process(w, i);
	note_changes(w, i->at);
}

/* ----------------------------------------------------------------- the end */

static void put_process(const struct bench_broker *w, json_t *o)
{
	if (!w->pid)
		return;
	json_object_set_new(o, "pid", json_integer(w->pid));
	json_object_set_new(o, "process",
			    json_sprintf("%s (%ld)", w->process, w->pid));
}

static json_t *describe(struct bench_broker *w)
{
	json_t *o = json_object(), *sys = json_object();
	struct broker_value *v;

	put_process(w, o);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		v = value_of(w, shown[i].topic);
		if (v)
			json_object_set_new(o, shown[i].label,
					    json_string(v->text));
	}
	for (size_t i = 0; i < w->count; i++)
		json_object_set_new(sys, w->values[i].topic,
				    json_string(w->values[i].text));
	if (w->count) {
		json_object_set(o, "sys", sys);
		json_object_set(o, "course", w->course);
	}
	json_decref(sys);
	if (json_object_size(o))
		return o;
	json_decref(o);
	return NULL;
}

json_t *bench_broker_end(struct bench_broker *w)
{
	struct err e;
	json_t *o;

	if (w->token)
		client_free_token(w->client, w->token);
	if (w->client)
		(void)client_disconnect(w->client, NULL, clock_boot() + GOODBYE,
					&e);
	client_free(w->client);
	buf_release(&w->user);
	buf_wipe(&w->password);
	buf_release(&w->password);
	o = describe(w);
	json_decref(w->course);
	free(w->values);
	mutex_release(&w->lock);
	return o;
}
