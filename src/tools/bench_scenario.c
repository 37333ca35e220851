/* SPDX-License-Identifier: MIT */
/* Scenarios by name, and what options change in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "bench/builtin.h"
#include "bench/number.h"
#include "config/option.h"
#include "tools/bench.h"

#define FILE_MAX ((size_t)16 << 20)
#define READ_BLOCK ((size_t)16384)

/* ------------------------------------------------------------------ opening */

static bool is_file(const char *name)
{
	size_t n = strlen(name);

	return strchr(name, '/') || (n > 5 && !strcmp(name + n - 5, ".yaml")) ||
	       access(name, F_OK) == 0;
}

static int read_file(const char *path, struct buf *out, struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t *room;
	ssize_t n = 1;

	while (fd >= 0 && n > 0) {
		room = buf_reserve(out, READ_BLOCK);
		n = room ? read(fd, room, READ_BLOCK) : -1;
		if (!room)
			errno = EFBIG;
		if (n > 0)
			buf_commit(out, (size_t)n);
		else if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (fd < 0 || n < 0)
		err_sys(e, ERR_USAGE, "cannot read '%s'", path);
	if (fd >= 0)
		close(fd);
	return fd < 0 || n < 0 ? -1 : 0;
}

/* Files that a scenario names are looked for beside it. */
static int open_file(const char *path, struct scenario *ret, struct err *e)
{
	struct document_source source = { .name = path };
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, (size_t)(slash - path) +
							(slash == path))
				: NULL;
	struct buf text;
	int r;

	buf_init(&text, FILE_MAX);
	r = slash && !directory ? err_nomem(e) : read_file(path, &text, e);
	source.text = buf_view(&text);
	if (r == 0)
		r = scenario_load(&source, directory, ret, e);
	buf_release(&text);
	free(directory);
	return r;
}

int bench_scenario_open(const char *name, struct scenario *ret, struct err *e)
{
	struct document_source source = { .name = name };
	const struct builtin *found;

	if (is_file(name))
		return open_file(name, ret, e);
	found = builtin_find(name, e);
	if (!found)
		return -1;
	source.text = bytes_str(found->text);
	return scenario_load(&source, NULL, ret, e);
}

/* ---------------------------------------------------------------- adjusting */

static int blame(const char *option, struct err *e)
{
	return err_prefix(e, "option '--%s'", option);
}

static int set_duration(const char *option, const char *text, uint64_t *ret,
			struct err *e)
{
	if (!text || parse_duration(text, CLOCK_SEC, ret, e) == 0)
		return 0;
	return blame(option, e);
}

/* "10" is ten milliseconds, as other generators have it. */
static int interval_rate(const char *option, const char *text, double *ret,
			 struct err *e)
{
	uint64_t ns;

	if (parse_duration(text, CLOCK_MSEC, &ns, e) < 0)
		return blame(option, e);
	if (ns == 0)
		return err_set(e, ERR_USAGE, 0,
			       "option '--%s': expected more "
			       "than 0",
			       option);
	*ret = (double)CLOCK_SEC / (double)ns;
	return 0;
}

/* As fast as it goes is without the option. */
static int message_rate(const char *option, const char *text, double *ret,
			struct err *e)
{
	if (number_rate(text, ret, e) < 0)
		return blame(option, e);
	if (*ret > 0)
		return 0;
	return err_set(e, ERR_USAGE, 0, "option '--%s': expected more than 0",
		       option);
}

static int adjust_size(const struct bench_settings *o, struct scenario *s,
		       struct err *e)
{
	double factor;

	if (o->scale) {
		if (parse_double(o->scale, 1e-6, 1e6, &factor, e) < 0)
			return blame("scale", e);
		scenario_scale(s, factor);
	}
	if (o->quick)
		scenario_quicken(s);
	return 0;
}

static int adjust_rate(const struct bench_settings *o, struct scenario *s,
		       struct err *e)
{
	double rate;

	if ((o->rate != NULL) + (o->client_rate != NULL) +
		    (o->interval != NULL) >
	    1)
		return err_set(e, ERR_USAGE, 0,
			       "expected one of --rate, "
			       "--rate-per-client and --interval");
	if (o->rate) {
		if (message_rate("rate", o->rate, &rate, e) < 0)
			return -1;
		return scenario_set_total_rate(s, rate, e);
	}
	if (o->client_rate) {
		if (message_rate("rate-per-client", o->client_rate, &rate, e) <
		    0)
			return -1;
		return scenario_set_client_rate(s, rate, e);
	}
	if (!o->interval)
		return 0;
	if (interval_rate("interval", o->interval, &rate, e) < 0)
		return -1;
	return scenario_set_client_rate(s, rate, e);
}

static int adjust_connects(const struct bench *b, struct scenario *s,
			   struct err *e)
{
	const struct bench_settings *o = b->options;

	if (o->connect_rate && o->connect_interval)
		return err_set(e, ERR_USAGE, 0,
			       "--connect-rate and "
			       "--connect-interval exclude each other");
	if (o->connect_rate &&
	    number_rate(o->connect_rate, &s->connect.rate, e) < 0)
		return blame("connect-rate", e);
	if (o->connect_interval &&
	    interval_rate("connect-interval", o->connect_interval,
			  &s->connect.rate, e) < 0)
		return -1;
	if (o->pending)
		s->connect.pending = o->pending;
	if (ORIGIN_OF(b->settings, typed.connect_timeout)->kind !=
	    ORIGIN_DEFAULT)
		s->connect.timeout = b->settings->typed.connect_timeout;
	return 0;
}

static int adjust_phases(const struct bench_settings *o, struct scenario *s,
			 struct err *e)
{
	struct phases *p = &s->phases;
	uint64_t warmup = p->warmup, measure = p->measure;

	if (set_duration("warmup", o->warmup, &warmup, e) < 0 ||
	    set_duration("drain", o->drain, &p->drain, e) < 0 ||
	    set_duration("duration", o->duration, &measure, e) < 0 ||
	    set_duration("tick", o->tick, &s->tick, e) < 0 ||
	    set_duration("skip-after", o->skip_after, &s->skip_after, e) < 0)
		return -1;
	scenario_set_times(s, warmup, measure);
	return 0;
}

static int adjust_groups(const struct bench *b, struct scenario *s,
			 struct err *e)
{
	const struct bench_settings *o = b->options;
	enum mqtt_version v = (enum mqtt_version)b->settings->typed.version;
	struct group *g;

	if (o->has_version && scenario_set_version(s, v, e) < 0)
		return blame("protocol-version", e);
	for (size_t i = 0; i < s->group_count; i++) {
		g = &s->groups[i];
		if (o->targets.n || o->has_target)
			g->target_count = 0;
		if (o->has_keepalive)
			g->mqtt.keepalive =
				(uint16_t)b->settings->typed.keepalive;
		if (o->window)
			g->mqtt.window = (uint16_t)o->window;
		for (size_t k = 0; o->has_qos && k < g->publish_count; k++)
			g->publish[k].qos = (uint8_t)o->qos;
		for (size_t k = 0; o->has_qos && k < g->subscribe_count; k++)
			g->subscribe[k].options =
				(uint8_t)((g->subscribe[k].options & ~3u) |
					  o->qos);
	}
	return 0;
}

/* Those of the command line hold as well as those of the scenario. */
static int add_requirements(const struct bench_settings *o, struct scenario *s,
			    struct err *e)
{
	struct require *list;

	list = reallocarray(s->require, s->require_count + o->require.n + 1,
			    sizeof(*list));
	if (!list)
		return err_nomem(e);
	s->require = list;
	for (size_t i = 0; i < o->require.n; i++) {
		if (require_parse_alone(o->require.v[i],
					&list[s->require_count], e) < 0)
			return blame("require", e);
		s->require_count++;
	}
	return 0;
}

int bench_scenario_adjust(struct bench *b, struct scenario *s, struct err *e)
{
	const struct bench_settings *o = b->options;

	if (o->has_seed) {
		s->seed = o->seed;
		s->has_seed = true;
	}
	if (adjust_size(o, s, e) < 0 || adjust_phases(o, s, e) < 0 ||
	    adjust_connects(b, s, e) < 0 || adjust_groups(b, s, e) < 0 ||
	    adjust_rate(o, s, e) < 0)
		return -1;
	return add_requirements(o, s, e);
}
