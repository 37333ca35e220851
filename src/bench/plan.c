/* SPDX-License-Identifier: MIT */
#include "bench/plan.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "bench/metric.h"
#include "bench/payload.h"
#include "bench/route.h"
#include "mqtt/topic.h"

#define SAMPLE 512  /* topics of a group that are looked up */
#define FD_SPARE 64 /* epoll sets, files, pipes */
#define BYTES_PER_CLIENT 1536
#define BYTES_PER_TLS 48000   /* with the records of the library */
#define BYTES_PER_SOCKET 4096 /* an idle one in Linux */
#define BYTES_BASE (16u << 20)
#define PACKET_OVERHEAD 8 /* fixed header, packet id, topic length */
#define PORTS_SHARE 0.9   /* of the range that one address can use */
/* What one thread carries without being late: messages per second both ways,
 * and connections. A tenth of what it can do at most. */
#define CALM_RATE 25000.0
#define CALM_CLIENTS 10000u
#define SYSTEM_SPARE 1024 /* files and connections of others */
#define PORTS_FIRST 1024  /* of the widest range */
#define PORTS_MOST (65536 - PORTS_FIRST)

/* ----------------------------------------------------------------- fan-out */

/* A share group counts as one receiver, however many groups are in it. */
struct shares {
	char **seen;
	size_t count;
};

static int note_share(struct shares *s, struct bytes filter, bool *ret_new)
{
	char **seen;

	*ret_new = false;
	for (size_t i = 0; i < s->count; i++)
		if (bytes_equal(bytes_str(s->seen[i]), filter))
			return 0;
	seen = reallocarray(s->seen, s->count + 1, sizeof(*seen));
	if (!seen)
		return -1;
	s->seen = seen;
	seen[s->count] = strndup((const char *)filter.p, filter.n);
	if (!seen[s->count])
		return -1;
	s->count++;
	*ret_new = true;
	return 0;
}

static int add_filters(struct route *r, const struct group *g, size_t i,
		       struct shares *shares)
{
	struct buf text = { 0 };
	struct bytes filter, name;
	bool is_new = true;
	int result = 0;

	for (uint32_t n = 0; result == 0 && n < g->clients; n++) {
		buf_clear(&text);
		result = group_render(g, n, g->subscribe[i].filter, &text);
		filter = buf_view(&text);
		if (result == 0 && topic_is_shared(filter, &name, &filter))
			result = note_share(shares, buf_view(&text), &is_new);
		if (result == 0 && is_new)
			result = route_add(r, filter, n);
	}
	buf_release(&text);
	return result;
}

static uint32_t fixed_random(void *ctx)
{
	(void)ctx;
	return 1u << 31;
}

/* The mean number of receivers of a message, from a sample of clients. */
static int fan_of(const struct route *r, const struct group *g,
		  const struct publish_plan *p, double *ret)
{
	uint32_t step = g->clients / SAMPLE + 1, used = 0;
	struct template_values v;
	struct buf text = { 0 }, topic = { 0 };
	uint64_t sum = 0;
	int result = 0;

	for (uint32_t n = 0; result == 0 && n < g->clients; n += step) {
		buf_clear(&text);
		buf_clear(&topic);
		result = group_values(g, n, p->topic, &text, &v);
		v.random = fixed_random;
		if (result == 0)
			result = template_render(p->topic, &v, &topic);
		sum += route_match(r, buf_view(&topic), NULL, NULL);
		used++;
	}
	buf_release(&text);
	buf_release(&topic);
	*ret = used ? (double)sum / used : 0;
	return result;
}

static uint64_t packet_bytes(const struct publish_plan *p)
{
	return payload_size_max(&p->payload) + PACKET_OVERHEAD + 16;
}

static double send_time(const struct scenario *s)
{
	const struct phases *p = &s->phases;

	return p->measure ? (double)(p->warmup + p->measure) / 1e9 : 0;
}

/* Factor of the mean load over the run. */
static double mean_factor(const struct scenario *s, const struct group *g)
{
	const struct stages *st = scenario_stages(s, g);
	double time = send_time(s);

	if (!st || time <= 0)
		return 1;
	return stages_mass(st, s->phases.warmup + s->phases.measure) / time;
}

/* Seconds at 100% while the group is there: it may join later. */
static double mass_of(const struct scenario *s, const struct group *g)
{
	const struct phases *p = &s->phases;

	return p->measure ? stages_mass_between(scenario_stages(s, g), g->join,
						p->warmup + p->measure)
			  : 0;
}

static int add_traffic(const struct scenario *s, const struct group *g,
		       const struct route *r, struct plan *p)
{
	double rate, fan, messages;

	for (size_t i = 0; i < g->publish_count; i++) {
		const struct publish_plan *pub = &g->publish[i];

		if (fan_of(r, g, pub, &fan) < 0)
			return -1;
		rate = pub->rate * g->clients * mean_factor(s, g);
		messages = pub->rate * g->clients * mass_of(s, g);
		if (pub->count &&
		    (messages <= 0 || messages > (double)pub->count))
			messages = (double)pub->count;
		if (pub->arrival == ARRIVAL_TRACE)
			messages = (double)pub->trace_count;
		p->rate_in += rate;
		p->rate_out += rate * fan;
		p->bytes_in += rate * (double)packet_bytes(pub);
		p->bytes_out += rate * fan * (double)packet_bytes(pub);
		p->messages += messages;
		p->deliveries += messages * fan;
	}
	return 0;
}

static int add_all_traffic(const struct scenario *s, struct plan *p)
{
	struct route *r = route_new();
	struct shares shares = { 0 };
	int result = r ? 0 : -1;
	const struct group *g;

	for (size_t i = 0; i < s->group_count; i++) {
		g = &s->groups[i];
		for (size_t k = 0; result == 0 && k < g->subscribe_count; k++)
			result = add_filters(r, g, k, &shares);
		p->receivers += g->subscribe_count ? g->clients : 0;
		p->publishers += g->publish_count ? g->clients : 0;
	}
	for (size_t i = 0; result == 0 && i < s->group_count; i++)
		result = add_traffic(s, &s->groups[i], r, p);
	for (size_t i = 0; i < shares.count; i++)
		free(shares.seen[i]);
	free(shares.seen);
	route_free(r);
	return result;
}

/* ------------------------------------------------------------------- needs */

/* How many connections one process may have. */
static uint64_t for_each_process(const struct plan_limits *l)
{
	return l->descriptors_hard > FD_SPARE ? l->descriptors_hard - FD_SPARE
					      : 0;
}

/* Ports are counted per source address and server. */
static double for_each_address(const struct plan_limits *l, double ports)
{
	return ports * PORTS_SHARE * l->servers;
}

static uint32_t parts(uint64_t n, double each)
{
	return (uint32_t)ceil((double)n / each);
}

static void add_needs(const struct plan_limits *l, struct plan *p)
{
	uint64_t each = for_each_process(l);

	p->descriptors = p->clients + FD_SPARE;
	p->shards = each ? parts(p->clients, (double)each) : 1;
	p->ports = l->servers ? p->clients : 0;
	if (!l->addresses && l->is_loopback && p->clients > PLAN_PER_ADDRESS)
		p->addresses = parts(p->clients, PLAN_PER_ADDRESS);
	p->memory = BYTES_BASE + p->clients * BYTES_PER_CLIENT;
	if (l->is_tls)
		p->memory += p->clients * BYTES_PER_TLS;
	p->kernel_memory = p->clients * BYTES_PER_SOCKET;
}

/* ------------------------------------------------------------------ limits */

/* Shards mend our side of the connections, but the peer of --target self has
 * the others all by itself. */
static int check_peer(const struct plan *p, const struct plan_limits *l,
		      struct err *e)
{
	uint64_t most = for_each_process(l);

	if (!l->is_self || p->clients <= most)
		return 0;
	return err_set(e, ERR_CONNECT, 0,
		       "the peer of --target self can hold %llu connections, "
		       "and not %llu: type: ulimit -n %llu",
		       (unsigned long long)most, (unsigned long long)p->clients,
		       (unsigned long long)p->descriptors);
}

static int check_descriptors(const struct plan *p, const struct plan_limits *l,
			     struct err *e)
{
	if (for_each_process(l))
		return check_peer(p, l, e);
	return err_set(e, ERR_CONNECT, 0,
		       "%llu descriptors are needed, and the limit is %llu "
		       "for one process: type: ulimit -n 65536",
		       (unsigned long long)p->descriptors,
		       (unsigned long long)l->descriptors_hard);
}

/* What is typed has to be enough. */
static int check_ports(const struct plan *p, const struct plan_limits *l,
		       struct err *e)
{
	uint64_t have = l->addresses ? l->addresses : 1;
	char wider[128] = "";

	if (p->addresses ||
	    (double)p->ports <= for_each_address(l, l->ports) * (double)have)
		return 0;
	if ((double)p->ports <= for_each_address(l, PORTS_MOST) * (double)have)
		snprintf(wider, sizeof(wider),
			 "type: sysctl -w net.ipv4.ip_local_port_range='%d "
			 "65535', or ",
			 PORTS_FIRST);
	return err_set(e, ERR_CONNECT, 0,
		       "%llu connections need more local ports than the %u "
		       "of %llu address%s: %sgive %u addresses of this "
		       "machine, each with --bind-address",
		       (unsigned long long)p->ports, l->ports,
		       (unsigned long long)have, have == 1 ? "" : "es", wider,
		       parts(p->ports, for_each_address(l, l->ports)));
}

static int check_memory(const struct plan *p, const struct plan_limits *l,
			struct err *e)
{
	uint64_t all = p->memory + p->kernel_memory;
	char need[32], have[32];

	if (!l->memory || all <= l->memory)
		return 0;
	return err_set(e, ERR_LOCAL, 0,
		       "%llu clients need about %s of memory, and %s are "
		       "free: add --scale %.2g, or share the load among %u "
		       "machines with --shard",
		       (unsigned long long)p->clients,
		       metric_format(need, sizeof(need), UNIT_BYTES,
				     (double)all),
		       metric_format(have, sizeof(have), UNIT_BYTES,
				     (double)l->memory),
		       0.9 * (double)l->memory / (double)all,
		       parts(all, 0.9 * (double)l->memory));
}

/* All processes of the machine together. A broker on it has as many. */
static int check_files(const struct plan *p, const struct plan_limits *l,
		       struct err *e)
{
	uint64_t need = p->descriptors + (l->is_loopback ? p->clients : 0);

	if (!l->files_max || l->files + need <= l->files_max)
		return 0;
	return err_set(e, ERR_CONNECT, 0,
		       "%llu more files would be open, and this machine has "
		       "%llu of the %llu that it may have: type: sysctl -w "
		       "fs.file-max=%llu",
		       (unsigned long long)need, (unsigned long long)l->files,
		       (unsigned long long)l->files_max,
		       (unsigned long long)(l->files + need + SYSTEM_SPARE));
}

/* Packets of connections beyond it are dropped without a word. */
static int check_tracking(const struct plan *p, const struct plan_limits *l,
			  struct err *e)
{
	if (!l->tracked || l->is_loopback ||
	    l->tracked + p->ports <= l->tracked_max)
		return 0;
	return err_set(
		e, ERR_CONNECT, 0,
		"%llu connections are more than the kernel of this "
		"machine keeps track of, %llu of %llu by now: type: "
		"sysctl -w net.netfilter.nf_conntrack_max=%llu",
		(unsigned long long)p->ports, (unsigned long long)l->tracked,
		(unsigned long long)l->tracked_max,
		(unsigned long long)(l->tracked + p->ports + SYSTEM_SPARE));
}

int plan_check(const struct plan *p, const struct plan_limits *l, struct err *e)
{
	if (check_descriptors(p, l, e) < 0 || check_ports(p, l, e) < 0 ||
	    check_tracking(p, l, e) < 0 || check_memory(p, l, e) < 0)
		return -1;
	return check_files(p, l, e);
}

/* ---------------------------------------------------------------- the plan */

/* Do messages go out, and come in, one after the other rather than many at
 * a moment? Fan-out, bursts and stages make moments of their own. */
static bool is_smooth(const struct scenario *s, const struct plan *p)
{
	const struct group *g;
	const struct publish_plan *pub;

	for (size_t i = 0; i < s->group_count; i++) {
		g = &s->groups[i];
		if (scenario_stages(s, g) || g->churn.every)
			return false;
		for (size_t k = 0; k < g->publish_count; k++) {
			pub = &g->publish[k];
			if (pub->rate <= 0 || pub->phase == PHASE_ALIGNED ||
			    (pub->arrival != ARRIVAL_CONSTANT &&
			     pub->arrival != ARRIVAL_POISSON))
				return false;
		}
	}
	return p->rate_in > 0 && p->rate_out <= p->rate_in;
}

/* Every thread costs wake-ups of its own, which a light load would mostly
 * consist of. TLS may need them all for its handshakes. */
static unsigned threads_for_calm(const struct plan *p)
{
	double by_rate = ceil((p->rate_in + p->rate_out) / CALM_RATE);
	double by_clients = ceil((double)p->clients / CALM_CLIENTS);

	return (unsigned)fmin(fmax(by_rate, by_clients), UINT16_MAX);
}

/* One more thread than processors at most; few connections need few, and so
 * does who connects with few at a time. */
static unsigned threads_for(const struct scenario *s, const struct plan *p,
			    const struct plan_limits *l)
{
	unsigned n = l->processors > 1 ? l->processors - 1 : 1;

	if (l->processors == 2 && p->clients > 1)
		n = 2;
	if (!l->is_tls && is_smooth(s, p))
		n = (unsigned)fmin(n, threads_for_calm(p));
	n /= p->shards;
	if (p->clients / p->shards < n)
		n = (unsigned)(p->clients / p->shards);
	if (s->connect.pending / p->shards < n)
		n = s->connect.pending / p->shards;
	return n ? n : 1;
}

int plan_make(const struct scenario *s, uint32_t shards,
	      const struct plan_limits *l, struct plan *ret, struct err *e)
{
	struct plan p = { 0 };

	if (add_all_traffic(s, &p) < 0)
		return err_nomem(e);
	p.clients = (scenario_clients(s) + shards - 1) / shards;
	p.connect_seconds = s->connect.rate > 0 ? (double)scenario_clients(s) /
							  s->connect.rate
						: 0;
	p.send_seconds = send_time(s);
	add_needs(l, &p);
	p.threads = threads_for(s, &p, l);
	*ret = p;
	return 0;
}
