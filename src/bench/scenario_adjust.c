/* SPDX-License-Identifier: MIT */
#include "bench/scenario.h"

#include <math.h>

#include "base/clock.h"

#define QUICK_FACTOR 0.01
#define QUICK_CLIENTS 10 /* up to so many stay as they are */
#define QUICK_TIME (30 * CLOCK_SEC)
#define QUICK_WARMUP (2 * CLOCK_SEC)
#define QUICK_CONNECTS 500

static uint32_t scaled(uint64_t n, double factor)
{
	double v = round((double)n * factor);

	if (v > SCENARIO_CLIENTS_MAX)
		return SCENARIO_CLIENTS_MAX;
	return v < 1 ? 1 : (uint32_t)v;
}

static void scale_group(struct group *g, double factor)
{
	g->clients = scaled(g->clients, factor);
	for (size_t i = 0; i < g->publish_count; i++)
		if (g->publish[i].count)
			g->publish[i].count = scaled(g->publish[i].count,
						     factor);
}

void scenario_scale(struct scenario *s, double factor)
{
	for (size_t i = 0; i < s->group_count; i++)
		scale_group(&s->groups[i], factor);
	s->connect.rate *= factor;
}

static void cap(uint64_t *v, uint64_t max)
{
	if (*v > max)
		*v = max;
}

static void stretch(uint64_t *v, double times)
{
	*v = (uint64_t)((double)*v * times);
}

/* What is to happen once, or a number of times, keeps its place in the run;
 * what goes on all the time keeps its pace. */
static void stretch_group(struct group *g, double times)
{
	stages_stretch(&g->stages, times);
	stretch(&g->join, times);
	stretch(&g->churn.after, times);
	if (!g->churn.times)
		return;
	stretch(&g->churn.every, times);
	stretch(&g->churn.down, times);
}

static void stretch_all(struct scenario *s, double times)
{
	stages_stretch(&s->stages, times);
	for (size_t i = 0; i < s->group_count; i++)
		stretch_group(&s->groups[i], times);
}

void scenario_set_times(struct scenario *s, uint64_t warmup, uint64_t measure)
{
	struct phases *p = &s->phases;
	uint64_t before = p->warmup + p->measure;

	if (p->measure && measure && before != warmup + measure)
		stretch_all(s, (double)(warmup + measure) / (double)before);
	p->warmup = warmup;
	p->measure = measure;
}

void scenario_quicken(struct scenario *s)
{
	struct phases *p = &s->phases;
	uint64_t before = p->warmup + p->measure;

	for (size_t i = 0; i < s->group_count; i++)
		if (s->groups[i].clients > QUICK_CLIENTS)
			scale_group(&s->groups[i],
				    fmax(QUICK_FACTOR,
					 (double)QUICK_CLIENTS /
						 s->groups[i].clients));
	if (s->connect.rate > QUICK_CONNECTS || s->connect.rate <= 0)
		s->connect.rate = QUICK_CONNECTS;
	cap(&p->warmup, QUICK_WARMUP);
	if (p->measure == 0 || p->measure > QUICK_TIME)
		p->measure = QUICK_TIME;
	cap(&p->drain, QUICK_TIME / 3);
	if (before > p->warmup + p->measure)
		stretch_all(s,
			    (double)(p->warmup + p->measure) / (double)before);
}

double scenario_rate(const struct scenario *s)
{
	double sum = 0;

	for (size_t i = 0; i < s->group_count; i++)
		for (size_t k = 0; k < s->groups[i].publish_count; k++)
			sum += s->groups[i].publish[k].rate *
			       s->groups[i].clients;
	return sum;
}

uint64_t scenario_clients(const struct scenario *s)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->group_count; i++)
		sum += s->groups[i].clients;
	return sum;
}

static bool has_pace(const struct publish_plan *p)
{
	return p->arrival != ARRIVAL_TRACE;
}

static size_t paced(const struct scenario *s, uint64_t *ret_clients)
{
	size_t n = 0;

	*ret_clients = 0;
	for (size_t i = 0; i < s->group_count; i++)
		for (size_t k = 0; k < s->groups[i].publish_count; k++)
			if (has_pace(&s->groups[i].publish[k])) {
				*ret_clients += s->groups[i].clients;
				n++;
			}
	return n;
}

static void set_all(struct scenario *s, double rate)
{
	for (size_t i = 0; i < s->group_count; i++)
		for (size_t k = 0; k < s->groups[i].publish_count; k++)
			if (has_pace(&s->groups[i].publish[k]))
				s->groups[i].publish[k].rate = rate;
}

/* In proportion to what the entries had, or in equal parts. */
static void set_group(struct group *g, double rate)
{
	double had = 0;
	size_t n = 0;

	for (size_t k = 0; k < g->publish_count; k++) {
		if (!has_pace(&g->publish[k]))
			continue;
		had += g->publish[k].rate;
		n++;
	}
	for (size_t k = 0; k < g->publish_count; k++) {
		if (!has_pace(&g->publish[k]))
			continue;
		if (had > 0)
			g->publish[k].rate *= rate / had;
		else
			g->publish[k].rate = rate / (double)n;
	}
}

int scenario_set_client_rate(struct scenario *s, double rate, struct err *e)
{
	uint64_t clients;

	if (paced(s, &clients) == 0)
		return err_set(e, ERR_USAGE, 0,
			       "scenario '%s' has no "
			       "publishers whose rate could be set",
			       s->name);
	for (size_t i = 0; i < s->group_count; i++)
		set_group(&s->groups[i], rate);
	return 0;
}

int scenario_set_total_rate(struct scenario *s, double rate, struct err *e)
{
	double had = scenario_rate(s);
	uint64_t clients;

	if (paced(s, &clients) == 0)
		return err_set(e, ERR_USAGE, 0,
			       "scenario '%s' has no "
			       "publishers whose rate could be set",
			       s->name);
	if (had <= 0) {
		set_all(s, rate / (double)clients);
		return 0;
	}
	for (size_t i = 0; i < s->group_count; i++)
		for (size_t k = 0; k < s->groups[i].publish_count; k++)
			s->groups[i].publish[k].rate *= rate / had;
	return 0;
}

const struct stages *scenario_stages(const struct scenario *s,
				     const struct group *g)
{
	if (g->stages.count)
		return &g->stages;
	return s->stages.count ? &s->stages : NULL;
}

static const char *only_in_v5(const struct group *g)
{
	if (g->responds)
		return "respond";
	if (g->password && !g->username)
		return "password without username";
	for (size_t i = 0; i < g->subscribe_count; i++)
		if (g->subscribe[i].options & MQTT_SUB_NO_LOCAL)
			return "no-local";
	for (size_t i = 0; i < g->publish_count; i++) {
		if (g->publish[i].reply)
			return "reply";
		if (g->publish[i].expiry)
			return "expiry";
		if (g->publish[i].use_alias)
			return "alias";
		if (g->publish[i].payload.header == HEADER_PROPERTY)
			return "header: property";
	}
	return NULL;
}

int scenario_set_version(struct scenario *s, enum mqtt_version v, struct err *e)
{
	struct group *g;
	const char *what;

	for (size_t i = 0; i < s->group_count; i++) {
		g = &s->groups[i];
		what = v == MQTT_5 ? NULL : only_in_v5(g);
		if (what)
			return err_set(e, ERR_USAGE, 0,
				       "group '%s' needs "
				       "MQTT 5 for '%s'",
				       g->name, what);
		g->mqtt.version = v;
		if (v != MQTT_5)
			g->mqtt.session_expiry = g->mqtt.receive_max = 0;
	}
	return 0;
}

/* -------------------------------------------------------- numbers of clients
 */

static bool is_any(const struct group *g)
{
	(void)g;
	return true;
}

static bool is_subscriber(const struct group *g)
{
	return g->subscribe_count && !g->publish_count && !g->responds;
}

/* The sums so far are rounded, not the groups, so that all of them together
 * have what was asked for. */
static int share_clients(struct scenario *s, uint64_t clients,
			 bool (*is_meant)(const struct group *g),
			 const char *who, struct err *e)
{
	uint64_t had = 0, before = 0, given = 0, groups = 0;

	for (size_t i = 0; i < s->group_count; i++) {
		had += is_meant(&s->groups[i]) ? s->groups[i].clients : 0;
		groups += is_meant(&s->groups[i]);
	}
	if (groups == 0)
		return err_set(e, ERR_USAGE, 0, "there is no group %s", who);
	if (clients < groups || clients > SCENARIO_CLIENTS_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "%llu clients are too %s for "
			       "%llu groups",
			       (unsigned long long)clients,
			       clients < groups ? "few" : "many",
			       (unsigned long long)groups);
	for (size_t i = 0; i < s->group_count; i++) {
		struct group *g = &s->groups[i];
		uint64_t end;

		if (!is_meant(g))
			continue;
		before += g->clients;
		groups--;
		end = (uint64_t)round((double)clients * (double)before /
				      (double)had);
		if (end <= given)
			end = given + 1;
		if (end > clients - groups)
			end = clients - groups;
		g->clients = (uint32_t)(end - given);
		given = end;
	}
	return 0;
}

int scenario_set_clients(struct scenario *s, uint64_t clients, struct err *e)
{
	return share_clients(s, clients, is_any, "of clients", e);
}

int scenario_set_subscribers(struct scenario *s, uint64_t clients,
			     struct err *e)
{
	return share_clients(s, clients, is_subscriber, "that only subscribes",
			     e);
}

int scenario_check_identities(const struct scenario *s, struct err *e)
{
	for (size_t i = 0; i < s->group_count; i++) {
		const struct group *g = &s->groups[i];

		if (g->from.row_count && g->from.row_count < g->clients)
			return err_set(e, ERR_USAGE, 0,
				       "group '%s' has %u clients now, and "
				       "'%s', its clients-from, only %zu",
				       g->name, g->clients, g->from.name,
				       g->from.row_count);
	}
	return 0;
}
