/* SPDX-License-Identifier: MIT */
#include "bench/plan.h"

#include <stdio.h>

#include "base/text.h"
#include "bench/metric.h"

static const char *arrival_name(enum arrival a)
{
	static const char *const names[] = { "constant", "poisson", "burst",
					     "trace" };

	return names[a];
}

static const char *version_name(enum mqtt_version v)
{
	return v == MQTT_5 ? "5" : v == MQTT_3_1_1 ? "3.1.1" : "3.1";
}

static const char *seconds(char dst[32], uint64_t ns)
{
	snprintf(dst, 32, "%g s", (double)ns / 1e9);
	return dst;
}

static int describe_payload(const struct payload_plan *p, struct buf *out)
{
	static const char *const places[] = { ", not measured", "",
					      ", header in a field",
					      ", header in a property" };

	if (p->kind == PAYLOAD_TEMPLATE)
		return buf_printf(out, "template%s", places[p->header]);
	if (p->kind == PAYLOAD_BYTES)
		return buf_printf(out, "%zu B from a file%s",
				  buf_len(&p->bytes), places[p->header]);
	if (p->size[0] == p->size[1])
		return buf_printf(out, "%llu B%s",
				  (unsigned long long)p->size[0],
				  places[p->header]);
	return buf_printf(out, "%llu to %llu B%s",
			  (unsigned long long)p->size[0],
			  (unsigned long long)p->size[1], places[p->header]);
}

/* "1.00 k/s in all, 1/s each, constant, uniform phase, QoS 1, 16 B". */
static int describe_publish(const struct group *g, const struct publish_plan *p,
			    struct buf *out)
{
	char all[32], each[32];
	int r;

	if (p->arrival == ARRIVAL_TRACE)
		r = buf_printf(out, "%llu messages by a trace",
			       (unsigned long long)p->trace_count);
	else if (p->rate <= 0)
		r = buf_append_str(out, "as fast as it goes");
	else
		r = buf_printf(out, "%s in all, %s each, %s, %s phase",
			       metric_format(all, sizeof(all), UNIT_PER_SECOND,
					     p->rate * g->clients),
			       metric_format(each, sizeof(each),
					     UNIT_PER_SECOND, p->rate),
			       arrival_name(p->arrival),
			       p->phase == PHASE_ALIGNED ? "aligned"
							 : "uniform");
	if (r == 0 && p->arrival == ARRIVAL_BURST)
		r = buf_printf(out, ", bursts of %u", p->burst);
	if (r == 0)
		r = buf_printf(out, ", QoS %d, ", p->qos);
	if (r == 0)
		r = describe_payload(&p->payload, out);
	if (r == 0 && p->retain)
		r = buf_append_str(out, ", retained");
	if (r == 0 && p->count)
		r = buf_printf(out, ", %llu messages",
			       (unsigned long long)p->count);
	return r;
}

static int describe_group(const struct group *g, struct buf *out)
{
	char text[32];
	int r;

	r = buf_printf(out, "%u clients, MQTT %s, keepalive %u s, %s",
		       g->clients, version_name(g->mqtt.version),
		       g->mqtt.keepalive,
		       g->mqtt.is_clean ? "clean" : "kept session");
	if (r == 0 && g->mqtt.window)
		r = buf_printf(out, ", window %u", g->mqtt.window);
	if (r == 0 && !g->mqtt.window && g->publish_count)
		r = buf_append_str(out, ", window 20 at most");
	if (r == 0 && g->target_count)
		r = buf_printf(out, ", %zu target%s of its own",
			       g->target_count, g->target_count > 1 ? "s" : "");
	if (r == 0 && g->subscribe_count)
		r = buf_printf(out, "; subscribes %zu filter%s",
			       g->subscribe_count,
			       g->subscribe_count > 1 ? "s" : "");
	for (size_t i = 0; r == 0 && i < g->publish_count; i++) {
		r = buf_append_str(out, "; publishes ");
		if (r == 0)
			r = describe_publish(g, &g->publish[i], out);
	}
	if (r == 0 && g->churn.every)
		r = buf_printf(out, "; %g %% %s every %s", g->churn.share * 100,
			       g->churn.how == CHURN_UNSUBSCRIBE ? "unsubscribe"
								 : "go",
			       seconds(text, g->churn.every));
	if (r == 0 && g->join)
		r = buf_printf(out, "; joins after %s", seconds(text, g->join));
	return r;
}

/* Do all who publish have a last message? */
static bool has_end(const struct scenario *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->group_count; i++) {
		for (size_t k = 0; k < s->groups[i].publish_count; k++) {
			const struct publish_plan *p = &s->groups[i].publish[k];

			if (!p->count && !p->trace_count)
				return false;
			n++;
		}
	}
	return n > 0;
}

static int describe_phases(const struct scenario *s, struct buf *out)
{
	char a[32], b[32], c[32];

	if (!s->phases.measure)
		return buf_printf(out, "warm-up %s, then until %s",
				  seconds(a, s->phases.warmup),
				  has_end(s) ? "all is sent" : "it is stopped");
	return buf_printf(out, "warm-up %s, measured %s, drained %s at most",
			  seconds(a, s->phases.warmup),
			  seconds(b, s->phases.measure),
			  seconds(c, s->phases.drain));
}

static int describe_ramp(const struct scenario *s, struct buf *out)
{
	char text[32];

	if (s->connect.rate <= 0)
		return buf_printf(out, "at once, %u under way at most",
				  s->connect.pending);
	return buf_printf(out, "%s, %u under way at most",
			  metric_format(text, sizeof(text), UNIT_PER_SECOND,
					s->connect.rate),
			  s->connect.pending);
}

static int describe_load(const struct plan *p, struct buf *out)
{
	char in[32], fan[32], bytes_in[32], bytes_out[32];

	if (p->rate_in <= 0)
		return buf_append_str(out, p->publishers ? "as fast as it goes"
							 : "connections only");
	return buf_printf(
		out, "%s in (%s/s), %s out (%s/s)",
		metric_format(in, sizeof(in), UNIT_PER_SECOND, p->rate_in),
		metric_format(bytes_in, sizeof(bytes_in), UNIT_BYTES,
			      p->bytes_in),
		metric_format(fan, sizeof(fan), UNIT_PER_SECOND, p->rate_out),
		metric_format(bytes_out, sizeof(bytes_out), UNIT_BYTES,
			      p->bytes_out));
}

static int describe_needs(const struct plan *p, struct buf *out)
{
	char text[32], kernel[32];
	int r;

	r = buf_printf(out,
		       "%llu descriptors, %llu local ports, %s of memory "
		       "(and %s of the kernel's), %u process%s with %u "
		       "thread%s",
		       (unsigned long long)p->descriptors,
		       (unsigned long long)p->ports,
		       metric_format(text, sizeof(text), UNIT_BYTES,
				     (double)p->memory),
		       metric_format(kernel, sizeof(kernel), UNIT_BYTES,
				     (double)p->kernel_memory),
		       p->shards, p->shards > 1 ? "es" : "", p->threads,
		       p->threads > 1 ? "s" : "");
	if (r == 0 && p->addresses)
		r = buf_printf(out, ", %u source addresses in 127.0.0.0/8",
			       p->addresses);
	return r;
}

/* Each line of the description is a name and a text, which is what the
 * settings of a report are too. */
struct sink {
	struct buf *out; /* lines, or */
	json_t *object;  /* members */
	struct buf line;
	int result;
};

static void flush_line(struct sink *k, const char *name)
{
	const char *text = buf_cstr(&k->line);
	char shown[256];

	if (!text)
		k->result = -1;
	else if (k->out)
		k->result |= buf_printf(k->out, "%-12s %s\n",
					text_visible(shown, sizeof(shown),
						     bytes_str(name)),
					text);
	else
		k->result |= json_object_set_new(k->object, name,
						 json_string(text));
	buf_clear(&k->line);
}

static void tell(struct sink *k, const struct scenario *s, const struct plan *p)
{
	k->result |= describe_load(p, &k->line);
	flush_line(k, "load");
	k->result |= describe_ramp(s, &k->line);
	flush_line(k, "connects");
	k->result |= describe_phases(s, &k->line);
	flush_line(k, "phases");
	for (size_t i = 0; i < s->group_count; i++) {
		k->result |= describe_group(&s->groups[i], &k->line);
		flush_line(k, s->groups[i].name);
	}
	k->result |= describe_needs(p, &k->line);
	flush_line(k, "needs");
	buf_release(&k->line);
}

/* How much there is to do, and how long it takes. */
static int describe_all(const struct plan *p, struct buf *out)
{
	int r = buf_printf(out, "%-12s ", "in all");

	if (p->messages > 0)
		r |= buf_printf(out, "%.0f messages sent and %.0f delivered",
				p->messages, p->deliveries);
	if (p->send_seconds > 0)
		r |= buf_printf(out, "%s%g s, ", p->messages > 0 ? " in " : "",
				p->send_seconds);
	else
		r |= buf_append_str(
			out, p->messages > 0 ? ", " : "until it is stopped, ");
	return r | buf_printf(out, "after %g s of connecting\n",
			      p->connect_seconds);
}

int plan_describe(const struct scenario *s, const struct plan *p,
		  struct buf *out)
{
	struct sink k = { .out = out };
	const char *text = s->description ? s->description : "";
	char shown[256];
	int r = buf_printf(
		out,
		"%s: ", text_visible(shown, sizeof(shown), bytes_str(s->name)));

	r |= text_append_visible(out, bytes_str(text));
	r |= buf_append_byte(out, '\n');

	tell(&k, s, p);
	return r | k.result | describe_all(p, out);
}

json_t *plan_settings(const struct scenario *s, const struct plan *p)
{
	struct sink k = { .object = json_object() };

	tell(&k, s, p);
	if (k.result < 0) {
		json_decref(k.object);
		return NULL;
	}
	return k.object;
}
