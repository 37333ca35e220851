/* SPDX-License-Identifier: MIT */
/* conn, pub and sub: scenarios of one group, written down from the options in
 * the words of a scenario file, so that they are checked in the same place.
 * What is wrong on a line is blamed on the option that the line came from. */
#include <inttypes.h>
#include <stdio.h>

#include "config/show.h"
#include "config/option.h"
#include "tools/bench.h"

enum { LINES_MAX = 96 };

static const char source_name[] = "options";

struct composer {
	struct buf text;
	const char *options[LINES_MAX]; /* by line */
	unsigned lines;
	int result;
};

static PRINTF(3, 4) void line(struct composer *c, const char *option,
			      const char *fmt, ...)
{
	va_list ap;
	char text[256];

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->result |= buf_append_str(&c->text, text);
	c->result |= buf_append_byte(&c->text, '\n');
	if (c->lines < LINES_MAX)
		c->options[c->lines++] = option;
}

/* key: the text of an option, which may hold anything; nothing without. */
static void value(struct composer *c, const char *option, const char *key,
		  const char *text)
{
	if (!text)
		return;
	c->result |= buf_append_str(&c->text, key);
	c->result |= show_scalar(bytes_str(text), &c->text);
	line(c, option, "%s", "");
}

static void compose_mqtt(struct composer *c, const struct bench *b)
{
	const struct bench_settings *o = b->options;

	line(c, NULL, "    mqtt:");
	line(c, "clean", "      clean: %s", o->clean ? "yes" : "no");
	if (o->session_expiry)
		line(c, "session-expiry", "      session-expiry: %" PRIu32 "s",
		     o->session_expiry);
}

static void compose_publish(struct composer *c, const struct bench_settings *o,
			    size_t i)
{
	static const char *const arrivals[] = { "constant", "poisson" };
	static const char *const phases[] = { "uniform", "aligned" };
	uint64_t n = o->topics.n;

	value(c, "topic", "      - topic: ", o->topics.v[i]);
	line(c, "qos", "        qos: %" PRIu32, o->qos);
	if (o->retain)
		line(c, "retain", "        retain: yes");
	value(c, "size", "        size: ", o->size);
	value(c, "message", "        payload: ", o->message);
	value(c, "payload-file", "        payload-file: ", o->payload_file);
	value(c, "header", "        header: ", o->header);
	if (o->limit)
		line(c, "limit", "        count: %" PRIu64,
		     o->limit / n + (i < o->limit % n));
	/* The rate itself comes later; this only says that there is one. */
	if (o->arrival)
		line(c, "arrival", "        arrival: %s",
		     arrivals[o->arrival - 1]);
	if (o->arrival > 1)
		line(c, "arrival", "        rate: 1/s");
	if (o->phase)
		line(c, "phase", "        phase: %s", phases[o->phase - 1]);
}

static void compose_group(struct composer *c, const struct bench *b)
{
	const struct bench_settings *o = b->options;
	const struct settings *s = b->settings;

	line(c, NULL, "  - name: %s", b->command);
	line(c, "clients", "    clients: %" PRIu32, o->clients);
	value(c, "id", "    id: ", o->id);
	if (ORIGIN_OF(s, typed.user)->kind == ORIGIN_ARGV)
		value(c, "user", "    username: ", s->typed.user);
	compose_mqtt(c, b);
	if (!strcmp(b->command, "sub")) {
		line(c, NULL, "    subscribe:");
		for (size_t i = 0; i < o->topics.n; i++) {
			value(c, "topic", "      - filter: ", o->topics.v[i]);
			line(c, "qos", "        qos: %" PRIu32, o->qos);
		}
	}
	if (!strcmp(b->command, "pub")) {
		line(c, NULL, "    publish:");
		/* Fewer messages than topics: some of these get none. */
		for (size_t i = 0; i < o->topics.n; i++)
			if (!o->limit || i < o->limit)
				compose_publish(c, o, i);
	}
}

/* "options:7:9: groups[0].publish[0].size: ..." becomes "option '--size':
 * ...". */
static int blame_option(const struct composer *c, struct err *e)
{
	char text[ERR_TEXT_MAX], *rest;
	unsigned at, column;
	int used = 0;

	snprintf(text, sizeof(text), "%s", e->text);
	if (sscanf(text, "options:%u:%u: %n", &at, &column, &used) < 2 ||
	    at == 0 || at > c->lines || !c->options[at - 1])
		return -1;
	rest = text + used;
	if (strncmp(rest, "groups[0]", 9) == 0 && strstr(rest, ": "))
		rest = strstr(rest, ": ") + 2;
	return err_set(e, e->kind, e->code, "option '--%s': %s",
		       c->options[at - 1], rest);
}

/* What the command would pay no heed to. */
static const char *find_unused(const struct bench *b)
{
	static const char *const of_pub[] = {
		"size",    "message", "payload-file", "header", "retain",
		"arrival", "phase",   "limit",        "window"
	};
	static const char *const of_sub[] = { "topic", "qos" };
	const char *found = NULL;

	if (strcmp(b->command, "pub") != 0)
		found = bench_given(b, of_pub, ARRAY_SIZE(of_pub));
	if (!found && strcmp(b->command, "conn") == 0)
		found = bench_given(b, of_sub, ARRAY_SIZE(of_sub));
	return found;
}

static int check(const struct bench *b, struct err *e)
{
	bool is_conn = !strcmp(b->command, "conn");
	const char *unused = find_unused(b);

	if (b->words.n)
		return err_set(e, ERR_USAGE, 0, "unexpected argument '%s'",
			       b->words.v[0]);
	if (!is_conn && !b->options->topics.n)
		return err_set(e, ERR_USAGE, 0, "'%s' needs --topic",
			       b->command);
	if ((b->options->size != NULL) + (b->options->message != NULL) +
		    (b->options->payload_file != NULL) >
	    1)
		return err_set(e, ERR_USAGE, 0,
			       "expected one of --size, --message and "
			       "--payload-file");
	if (b->options->session_expiry && b->options->has_version &&
	    b->settings->typed.version != MQTT_5)
		return err_set(e, ERR_USAGE, 0,
			       "--session-expiry needs MQTT "
			       "5");
	if (unused)
		return err_set(e, ERR_USAGE, 0, "'%s' has no use for --%s",
			       b->command, unused);
	if (b->options->arrival > 1 && !b->options->rate &&
	    !b->options->client_rate && !b->options->interval)
		return err_set(e, ERR_USAGE, 0,
			       "--arrival poisson needs "
			       "--rate or --rate-per-client");
	return 0;
}

int bench_scenario_compose(struct bench *b, struct scenario *ret, struct err *e)
{
	struct composer c = { .result = 0 };
	struct document_source source = { .name = source_name };
	int r = check(b, e);

	if (r < 0)
		return -1;
	line(&c, NULL, "name: %s", b->command);
	line(&c, NULL, "description: mqtt-bench %s", b->command);
	line(&c, NULL, "groups:");
	compose_group(&c, b);
	source.text = buf_view(&c.text);
	r = c.result ? err_nomem(e) : scenario_load(&source, NULL, ret, e);
	if (r < 0)
		blame_option(&c, e);
	buf_release(&c.text);
	return r;
}
