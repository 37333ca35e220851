/* SPDX-License-Identifier: MIT */
#include "bench/run_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "bench/actor.h"
#include "bench/run_share.h"
#include "mqtt/props.h"

#define DEFAULT_WINDOW 20
#define ALIASES 10

int actor_filter(const struct actor *a, size_t i, struct buf *ret)
{
	const struct group *g = a->squad->crew->group;

	return group_render(g, actor_client(a), g->subscribe[i].filter, ret);
}

size_t actor_target_number(const struct actor *a)
{
	const struct crew *c = a->squad->crew;

	return c->first_target +
	       (c->first_connect + actor_client(a) + a->moves) %
		       c->target_count;
}

const struct conn_target *actor_target(const struct actor *a)
{
	return &a->squad->crew->targets[actor_target_number(a)];
}

/* ------------------------------------------------------------------ crews */

static int fill_props(struct crew *c)
{
	const struct mqtt_plan *m = &c->group->mqtt;
	struct buf *props = &c->connect_props;

	if (m->version != MQTT_5)
		return 0;
	if (m->session_expiry &&
	    props_put_num(props, PROP_SESSION_EXPIRY, m->session_expiry) < 0)
		return -1;
	if (m->receive_max &&
	    props_put_num(props, PROP_RECEIVE_MAX, m->receive_max) < 0)
		return -1;
	return 0;
}

static void fill_connect(struct crew *c)
{
	const struct group *g = c->group;

	c->connect = (struct connect){
		.version = g->mqtt.version,
		.clean_start = g->mqtt.is_clean,
		.keepalive = g->mqtt.keepalive,
		.client_id = BYTES_LIT(""),
		.props = buf_view(&c->connect_props),
		.will = { .is_set = g->will.topic != NULL,
			  .qos = g->will.qos,
			  .retain = g->will.retain },
	};
}

static int fill_targets(struct crew *c)
{
	const struct run_config *config = c->run->config;
	const struct group *g = c->group;

	c->target_count = config->target_count;
	if (config->targets_by_group && g->target_count)
		c->first_target = g->first_target;
	if (config->targets_by_group)
		c->target_count = g->target_count
					  ? g->target_count
					  : c->run->scenario->common_targets;
	c->targets = calloc(config->target_count, sizeof(*c->targets));
	if (!c->targets)
		return -1;
	for (size_t i = 0; i < config->target_count; i++)
		c->targets[i] = (struct conn_target){
			.transport = config->targets[i].transport,
			.connect = &c->connect,
			.connect_timeout = c->run->scenario->connect.timeout,
			.name = config->targets[i].name,
		};
	return 0;
}

static void fill_entry(struct crew *c, size_t i, uint64_t *stream)
{
	struct run *r = c->run;
	struct entry *e = &c->entries[i];
	const struct publish_plan *p = &c->group->publish[i];

	e->plan = p;
	e->number = (uint32_t)(e - r->entries);
	e->first_stream = (uint32_t)*stream;
	e->varies = template_uses(p->topic) & TEMPLATE_VARIES;
	if (p->payload.header == HEADER_NONE)
		r->has_unmarked = true;
	e->payload_seed = r->config->seed + e->number;
	e->schedule = (struct schedule_config){
		.arrival = p->arrival,
		.phase = p->phase,
		.rate = p->rate,
		.clients = c->group->clients,
		.burst = p->burst,
		.trace = p->trace,
		.trace_count = p->trace_count,
		.limit = p->count,
		.tick = r->scenario->tick,
		.begin = c->group->join,
		.stages = scenario_stages(r->scenario, c->group),
		.seed = r->config->seed,
		.stream = e->number,
	};
	*stream += c->group->clients;
	if (entry_is_closed(e))
		c->is_closed = true;
	if (p->use_alias)
		c->aliases = ALIASES;
}

/* All of a share group has to be in one place, so that somebody can see each
 * message once: the whole crew goes to one worker of one shard. */
static void pin(struct crew *c, uint32_t hash)
{
	const struct run_config *config = c->run->config;

	c->is_shared = true;
	c->share = share_of(c->group->clients, 0, 1);
	if (hash % config->shards != config->shard)
		c->share.count = 0;
	c->pinned = (int)(hash / config->shards % c->run->worker_count);
}

static bool wants_qos(const struct group *g)
{
	for (size_t i = 0; i < g->subscribe_count; i++)
		if (!(g->subscribe[i].options & 3))
			return false;
	return true;
}

static int setup_crew(struct run *r, size_t i, uint64_t *stream,
		      uint64_t *connect)
{
	const struct run_config *config = r->config;
	struct crew *c = &r->crews[i];
	const struct group *g = c->group = &r->scenario->groups[i];

	c->run = r;
	c->number = (uint32_t)i;
	c->receives = g->subscribe_count > 0;
	c->is_kept = wants_qos(g);
	c->is_slow = g->ack_delay || g->pause_every;
	c->share = share_of(g->clients, config->shard, config->shards);
	c->pinned = -1;
	if (c->share_group)
		pin(c, c->share_group);
	c->first_connect = *connect;
	c->connect_begin = CLOCK_NEVER;
	if (!g->join)
		*connect += c->share.count;
	c->window = g->mqtt.window ? g->mqtt.window : DEFAULT_WINDOW;
	c->entries = r->entries + r->entry_count;
	for (size_t k = 0; k < g->publish_count; k++)
		fill_entry(c, k, stream);
	r->entry_count += g->publish_count;
	r->clients += c->share.count;
	if (fill_props(c) < 0 || fill_targets(c) < 0)
		return -1;
	fill_connect(c);
	return 0;
}

/* Groups of the scenario may be members of one share group, which is sure to
 * get only what all of them are. */
static void agree_on_fates(struct run *r)
{
	struct crew *a, *b;

	for (size_t i = 0; i < r->crew_count; i++) {
		a = &r->crews[i];
		for (size_t k = 0; a->share_group && k < r->crew_count; k++) {
			b = &r->crews[k];
			if (b->share_group == a->share_group && !b->is_kept)
				a->is_kept = false;
		}
	}
}

static void note_fates(struct run *r)
{
	struct crew *c;

	agree_on_fates(r);
	for (size_t i = 0; i < r->crew_count; i++) {
		c = &r->crews[i];
		for (size_t k = 0; k < r->entry_count; k++)
			c->hears[crew_fate(c, r->entries[k].plan->qos)] = true;
	}
}

static int setup_crews(struct run *r, struct err *e)
{
	const struct scenario *s = r->scenario;
	uint64_t stream = 0, connect = 0;
	size_t n = 0;

	for (size_t i = 0; i < s->group_count; i++)
		n += s->groups[i].publish_count;
	r->crews = calloc(s->group_count + 1, sizeof(*r->crews));
	r->entries = calloc(n + 1, sizeof(*r->entries));
	if (!r->crews || !r->entries || run_join_shares(r) < 0)
		return err_nomem(e);
	for (size_t i = 0; i < s->group_count; i++) {
		r->crew_count++;
		if (setup_crew(r, i, &stream, &connect) < 0)
			return err_nomem(e);
	}
	if (stream > HEADER_PUBLISHERS_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "the groups publish %llu "
			       "streams, more than %u",
			       (unsigned long long)stream,
			       HEADER_PUBLISHERS_MAX);
	r->stream_count = (uint32_t)stream;
	note_fates(r);
	return 0;
}

/* ---------------------------------------------------------------- workers */

static int fill_quota(struct squad *s)
{
	const struct group *g = s->crew->group;
	uint64_t *q;

	q = calloc((size_t)s->share.count * g->publish_count + 1, sizeof(*q));
	if (!q)
		return -1;
	s->quota = q;
	for (uint32_t i = 0; i < s->share.count; i++) {
		for (size_t k = 0; k < g->publish_count; k++, q++) {
			*q = g->publish[k].count / g->clients +
			     (s->share.first + i * s->share.step <
			      g->publish[k].count % g->clients);
			if (entry_is_closed(&s->crew->entries[k]))
				atomic_fetch_add(&s->worker->progress.quota,
						 *q);
		}
	}
	return 0;
}

static int setup_squad(struct worker *w, size_t i)
{
	struct run *r = w->run;
	struct squad *s = &w->squads[i];
	struct crew *c = &r->crews[i];

	s->worker = w;
	s->crew = c;
	s->share = c->share;
	if (c->pinned < 0)
		s->share = share_split(c->share, w->number,
				       (uint32_t)r->worker_count);
	else if (c->pinned != (int)w->number)
		s->share.count = 0;
	if (s->share.count == 0)
		return 0;
	s->actors = calloc(s->share.count, sizeof(*s->actors));
	s->sequences = calloc((size_t)s->share.count * c->group->publish_count +
				      1,
			      sizeof(*s->sequences));
	if (c->is_shared)
		s->served = calloc(s->share.count, sizeof(*s->served));
	if (!s->actors || !s->sequences || (c->is_shared && !s->served) ||
	    (c->is_closed && fill_quota(s) < 0) ||
	    (c->group->churn.how == CHURN_UNSUBSCRIBE &&
	     squad_make_absences(s) < 0))
		return -1;
	for (uint32_t k = 0; k < s->share.count; k++)
		if (actor_init(&s->actors[k], s, k) < 0)
			return -1;
	return 0;
}

static int setup_sources(struct worker *w)
{
	struct run *r = w->run;
	struct source *s;

	w->sources = calloc(r->entry_count + 1, sizeof(*w->sources));
	if (!w->sources)
		return -1;
	for (size_t i = 0; i < r->crew_count; i++) {
		for (uint32_t k = 0; k < r->crews[i].group->publish_count;
		     k++) {
			if (!w->squads[i].share.count ||
			    entry_is_closed(&r->crews[i].entries[k]))
				continue;
			s = &w->sources[w->source_count++];
			s->squad = &w->squads[i];
			s->entry = &r->crews[i].entries[k];
			s->entry_index = k;
			schedule_init(&s->schedule, &s->entry->schedule,
				      s->squad->share);
		}
	}
	return 0;
}

/* Connects under way: all workers of all shards together have those that the
 * scenario says, and each of them one at least. */
static unsigned pending_of(const struct run *r, unsigned number)
{
	uint32_t workers = (uint32_t)r->worker_count;
	uint32_t n = share_of(r->scenario->connect.pending,
			      r->config->shard * workers + number,
			      r->config->shards * workers)
			     .count;

	return n ? n : 1;
}

static int setup_worker(struct run *r, unsigned number)
{
	struct worker *w = &r->workers[number];

	worker_init(w, r, number);
	w->loop = pool_loop(r->pool, number);
	w->pending_max = pending_of(r, number);
	w->squads = calloc(r->crew_count, sizeof(*w->squads));
	w->payloads = calloc(r->entry_count + 1, sizeof(*w->payloads));
	w->unique = calloc(r->stream_count + 1, sizeof(*w->unique));
	if (!w->squads || !w->payloads || !w->unique)
		return -1;
	for (size_t i = 0; i < r->entry_count; i++)
		if (payload_init(&w->payloads[i], &r->entries[i].plan->payload,
				 r->entries[i].payload_seed) < 0)
			return -1;
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		if (hist_init(&w->timings[t]) < 0)
			return -1;
	if (hist_init(&w->floor) < 0)
		return -1;
	for (int i = 0; i < BRIEF_COUNT; i++)
		if (hist_init(&w->briefs[i]) < 0 ||
		    hist_init(&w->handover.briefs[i]) < 0)
			return -1;
	for (size_t i = 0; i < r->crew_count; i++)
		if (setup_squad(w, i) < 0)
			return -1;
	return setup_sources(w);
}

int run_setup(struct run *r, struct err *e)
{
	unsigned n = r->config->threads ? r->config->threads : 1;

	mutex_init(&r->lock);
	cond_init(&r->done);
	r->worker_count = n;
	r->tag = header_tag(r->config->run_id, r->config->clock_id,
			    r->config->shards > 1);
	if (setup_crews(r, e) < 0)
		return -1;
	r->workers = calloc(n, sizeof(*r->workers));
	if (!r->workers)
		return err_nomem(e);
	r->pool = pool_new("bench", n, e);
	if (!r->pool)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (setup_worker(r, i) < 0)
			return err_nomem(e);
	return 0;
}

static void release_squad(struct squad *s)
{
	for (uint32_t k = 0; s->actors && k < s->share.count; k++)
		actor_release(&s->actors[k]);
	for (uint32_t k = 0; s->outputs && k < s->share.count; k++)
		free(s->outputs[k]);
	free(s->outputs);
	free(s->absences);
	free(s->actors);
	free(s->sequences);
	free(s->unaccepted);
	free(s->served);
	free(s->quota);
}

static void release_worker(struct worker *w)
{
	struct receiver *r;

	for (size_t i = 0; w->squads && i < w->run->crew_count; i++)
		release_squad(&w->squads[i]);
	while ((r = w->shares)) {
		w->shares = r->next;
		receiver_free(r);
	}
	for (size_t i = 0; w->payloads && i < w->run->entry_count; i++)
		payload_release(&w->payloads[i]);
	for (enum timing t = 0; t < TIMING_COUNT; t++)
		hist_release(&w->timings[t]);
	for (int i = 0; i < BRIEF_COUNT; i++) {
		hist_release(&w->briefs[i]);
		hist_release(&w->handover.briefs[i]);
	}
	hist_release(&w->floor);
	heap_release(&w->due);
	buf_release(&w->topic);
	buf_release(&w->filter);
	buf_release(&w->props);
	free(w->tidy.left);
	free(w->touched.v);
	free(w->hungry.v);
	free(w->handed.v);
	free(w->queue.v);
	free(w->squads);
	free(w->payloads);
	free(w->sources);
	free(w->unique);
}

void run_teardown(struct run *r)
{
	if (r->pool)
		pool_stop(r->pool);
	for (size_t i = 0; r->workers && i < r->worker_count; i++)
		if (r->workers[i].run)
			release_worker(&r->workers[i]);
	pool_free(r->pool);
	free(r->workers);
	for (size_t i = 0; i < r->crew_count; i++) {
		buf_release(&r->crews[i].connect_props);
		free(r->crews[i].targets);
	}
	free(r->crews);
	free(r->entries);
	route_free(r->route);
	route_free(r->planned);
	if (!r->config->common)
		free(r->sent);
	free(r->receivers);
	free(r->fanout);
	cond_release(&r->done);
	mutex_release(&r->lock);
}
