/* SPDX-License-Identifier: MIT */
#include "bench/schedule.h"

#include <math.h>

#include "base/clock.h"

struct share share_of(uint32_t clients, uint32_t part, uint32_t parts)
{
	struct share all = { 0, 1, clients };

	return share_split(all, part, parts);
}

/* Every parts-th client, so that each part has its even share of whatever
 * depends on the number of a client: its topic, its place in the period. */
struct share share_split(struct share s, uint32_t part, uint32_t parts)
{
	return (struct share){
		.first = s.first + s.step * part,
		.step = s.step * parts,
		.count = s.count / parts + (part < s.count % parts),
	};
}

static bool share_has(const struct share *s, uint32_t client)
{
	return client >= s->first && (client - s->first) % s->step == 0 &&
	       (client - s->first) / s->step < s->count;
}

void schedule_init(struct schedule *s, const struct schedule_config *c,
		   struct share share)
{
	*s = (struct schedule){
		.config = c,
		.share = share,
		.before = stages_mass_between(c->stages, 0, c->begin),
	};
	pcg_init(&s->random, c->seed, c->stream);
}

/* One step of a process: the period it is due at, its client, and its number
 * among the messages of the whole group. */
struct step {
	double period;
	uint32_t client;
	uint64_t number;
};

/* Constant and burst arrivals follow from the number of the message. */
static bool next_periodic(struct schedule *s, struct step *ret)
{
	const struct schedule_config *c = s->config;
	uint64_t burst = c->arrival == ARRIVAL_BURST ? c->burst : 1;
	uint64_t round = s->next / (s->share.count * burst);
	uint64_t rest = s->next % (s->share.count * burst);

	s->next++;
	ret->client = s->share.first + s->share.step * (uint32_t)(rest / burst);
	ret->period = (double)round;
	if (c->phase == PHASE_UNIFORM)
		ret->period += (double)ret->client / c->clients;
	ret->period *= (double)burst;
	ret->number = (round * c->clients + ret->client) * burst + rest % burst;
	return true;
}

/*
 * Independent Poisson clients are together one Poisson process in which each
 * arrival belongs to any client with equal chance. Every loop makes the
 * arrivals of the whole group and keeps its own, so that the times are the
 * same for any number of loops.
 */
static bool next_poisson(struct schedule *s, struct step *ret)
{
	const struct schedule_config *c = s->config;

	do {
		ret->number = s->next++;
		if (c->limit && ret->number >= c->limit)
			return false;
		s->gone -= log(pcg_unit(&s->random)) / c->clients;
		ret->client = pcg_below(&s->random, c->clients);
	} while (!share_has(&s->share, ret->client));
	ret->period = s->gone;
	return true;
}

static bool next_trace(struct schedule *s, uint64_t *ret_time,
		       uint32_t *ret_client)
{
	const struct schedule_config *c = s->config;
	uint64_t end = c->trace_count;

	if (c->limit && c->limit < end)
		end = c->limit;
	for (; s->next < end; s->next++) {
		uint32_t client = (uint32_t)(s->next % c->clients);

		if (!share_has(&s->share, client))
			continue;
		*ret_time = c->begin + c->trace[s->next++];
		*ret_client = client;
		return true;
	}
	return false;
}

static uint64_t time_of(struct schedule *s, double period)
{
	double mass = s->before + period / s->config->rate;

	if (s->config->stages)
		return stages_time(s->config->stages, mass, &s->stage);
	return (uint64_t)(mass * (double)CLOCK_SEC + 0.5);
}

bool schedule_next(struct schedule *s, uint64_t *ret_time, uint32_t *ret_client)
{
	const struct schedule_config *c = s->config;
	struct step step;
	uint64_t time;

	if (s->share.count == 0)
		return false;
	if (c->arrival == ARRIVAL_TRACE)
		return next_trace(s, ret_time, ret_client);
	if (!(c->arrival == ARRIVAL_POISSON ? next_poisson(s, &step)
					    : next_periodic(s, &step)))
		return false;
	if (c->limit && step.number >= c->limit)
		return false;
	time = time_of(s, step.period);
	if (time == CLOCK_NEVER)
		return false;
	*ret_time = c->tick ? time - time % c->tick : time;
	*ret_client = step.client;
	return true;
}

static uint64_t traced_before(const struct schedule_config *c, uint64_t end)
{
	uint64_t n = 0;

	while (n < c->trace_count && c->trace[n] < end)
		n++;
	return n;
}

double schedule_expected(const struct schedule_config *c, uint64_t duration)
{
	double mass, n;

	if (duration <= c->begin)
		return 0;
	mass = stages_mass_between(c->stages, c->begin, duration);
	n = c->arrival == ARRIVAL_TRACE
		    ? (double)traced_before(c, duration - c->begin)
		    : mass * c->rate * c->clients;
	/* Whole bursts, all at once, the first of them at the begin. */
	if (c->arrival == ARRIVAL_BURST && c->phase == PHASE_ALIGNED)
		n = ceil(mass * c->rate / c->burst) * c->burst * c->clients;
	return c->limit && n > (double)c->limit ? (double)c->limit : n;
}

uint64_t schedule_length(const struct schedule_config *c)
{
	double mass = stages_mass_between(c->stages, 0, c->begin) +
		      (double)c->limit / c->rate / c->clients;
	uint64_t length;
	size_t at = 0;

	if (c->arrival == ARRIVAL_TRACE || !c->limit)
		return 0;
	if (!c->stages)
		return mass < (double)CLOCK_NEVER / 2 / (double)CLOCK_SEC
			       ? (uint64_t)(mass * (double)CLOCK_SEC)
			       : CLOCK_NEVER / 2;
	length = stages_time(c->stages, mass, &at);
	return length == CLOCK_NEVER ? stages_end(c->stages) : length;
}
