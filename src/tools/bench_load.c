/* SPDX-License-Identifier: MIT */
/* From options to a load that is ready to run, and the checks before it. */
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "bench/host.h"
#include "bench/metric.h"
#include "config/option.h"
#include "tools/bench.h"
#include "tools/bench_broker.h"

/* More than this goes to public addresses only when told so. */
#define POLITE_CLIENTS 100
#define POLITE_RATE 1000.0

/* ------------------------------------------------------------------- limits */

static void read_ports(struct plan_limits *l)
{
	FILE *f = fopen("/proc/sys/net/ipv4/ip_local_port_range", "re");
	unsigned from, to;

	l->ports = 28232;
	if (f && fscanf(f, "%u %u", &from, &to) == 2 && to >= from)
		l->ports = to - from + 1;
	if (f)
		fclose(f);
}

static void read_memory(struct plan_limits *l)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kib;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
			l->memory = kib << 10;
	if (f)
		fclose(f);
}

/* Who may administer the system may have more files open than it allows. */
static bool is_administrator(void)
{
	FILE *f = fopen("/proc/self/status", "re");
	unsigned long long caps = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (f)
		fclose(f);
	return caps >> CAP_SYS_ADMIN & 1;
}

static uint64_t read_number(const char *path)
{
	FILE *f = fopen(path, "re");
	unsigned long long n;
	bool is_there = f && fscanf(f, "%llu", &n) == 1;

	if (f)
		fclose(f);
	return is_there ? n : 0;
}

/* The kernel has the second pair of files only while it can track connections,
 * and counts none where nothing has asked for it. */
static void read_system(struct plan_limits *l)
{
	if (!is_administrator())
		l->files_max = read_number("/proc/sys/fs/file-max");
	l->files = read_number("/proc/sys/fs/file-nr");
	l->tracked = read_number("/proc/sys/net/netfilter/nf_conntrack_count");
	l->tracked_max = read_number(
		"/proc/sys/net/netfilter/nf_conntrack_max");
}

static void read_limits(const struct bench *b, const struct bench_load *l,
			struct plan_limits *ret)
{
	struct rlimit files = { 0 };

	getrlimit(RLIMIT_NOFILE, &files);
	*ret = (struct plan_limits){
		.descriptors_soft = files.rlim_cur,
		.descriptors_hard = files.rlim_max,
		.processors = host_cpus(),
		.is_loopback = l->targets.is_loopback,
		.is_tls = l->targets.is_tls,
		.is_self = bench_targets_are_self(&l->targets),
		.addresses = (uint32_t)b->settings->client.bind_count,
	};
	for (size_t i = 0; i < l->targets.count; i++)
		ret->servers += l->targets.v[i].unix_path == NULL;
	read_ports(ret);
	read_memory(ret);
	read_system(ret);
}

/* The soft limit is a matter of asking; what lies beyond the hard one is done
 * with more processes. */
static int raise_descriptors(const struct plan *p, struct err *e)
{
	uint64_t need = p->descriptors / p->shards + 64;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(e, ERR_LOCAL,
			       "cannot read the limit of open "
			       "files");
	if (files.rlim_cur >= need)
		return 0;
	files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) < 0)
		return err_sys(e, ERR_LOCAL,
			       "cannot raise the limit of open "
			       "files to %llu",
			       (unsigned long long)need);
	return 0;
}

/* ------------------------------------------------------------------ manners */

static int check_manners(const struct bench *b, const struct bench_load *l,
			 struct err *e)
{
	const struct plan *p = &l->plan;
	uint64_t clients = scenario_clients(&l->scenario); /* of all shards */
	char rate[32];

	if (l->targets.is_private || b->options->is_owner)
		return 0;
	if (clients > POLITE_CLIENTS)
		return err_set(e, ERR_USAGE, 0,
			       "%llu clients are more than "
			       "%d, and '%s' is in no private network: add "
			       "--i-own-this-broker if you do",
			       (unsigned long long)clients, POLITE_CLIENTS,
			       l->targets.v[0].name);
	if (p->publishers && p->rate_in <= 0)
		return err_set(
			e, ERR_USAGE, 0,
			"this publishes as fast as it "
			"goes, and '%s' is in no private network: "
			"give a --rate, or add --i-own-this-broker if you do",
			l->targets.v[0].name);
	if (p->rate_in > POLITE_RATE || p->rate_out > POLITE_RATE)
		return err_set(
			e, ERR_USAGE, 0,
			"%s are more than 1 k/s, and "
			"'%s' is in no private network: add "
			"--i-own-this-broker if you do",
			metric_format(rate, sizeof(rate), UNIT_PER_SECOND,
				      p->rate_in > p->rate_out ? p->rate_in
							       : p->rate_out),
			l->targets.v[0].name);
	return 0;
}

int bench_load_fit(struct bench *b, struct bench_load *l, struct err *e)
{
	read_limits(b, l, &l->limits);
	if (scenario_check_identities(&l->scenario, e) < 0 ||
	    plan_make(&l->scenario, l->shards, &l->limits, &l->plan, e) < 0)
		return -1;
	if (b->options->threads)
		l->plan.threads = b->options->threads;
	return 0;
}

int bench_load_allow(struct bench *b, const struct bench_load *l, struct err *e)
{
	if (plan_check(&l->plan, &l->limits, e) < 0 ||
	    check_manners(b, l, e) < 0)
		return -1;
	return raise_descriptors(&l->plan, e);
}

/* ------------------------------------------------------------------- making */

static int draw(uint64_t *ret, struct err *e)
{
	if (getrandom(ret, sizeof(*ret), 0) == (ssize_t)sizeof(*ret))
		return 0;
	return err_sys(e, ERR_LOCAL, "cannot get random numbers");
}

/* Shards have to come to the same ones. A seed of 32 bits is enough, and can
 * be typed again. */
static int choose_numbers(struct bench *b, struct bench_load *l, struct err *e)
{
	if (draw(&l->run_id, e) < 0 || draw(&l->seed, e) < 0)
		return -1;
	if (l->shards > 1 || b->options->run_id)
		l->run_id = bench_shard_run_id(b, l);
	if (l->shards > 1)
		l->seed = l->run_id;
	l->seed &= UINT32_MAX;
	if (l->scenario.has_seed)
		l->seed = l->scenario.seed;
	/* Others of that name count from the same moment. */
	if (b->options->run_id && l->shards == 1 && !l->epoch)
		l->epoch = 1;
	return 0;
}

const char *bench_given(const struct bench *b, const char *const *names,
			size_t count)
{
	const struct option *o;

	for (size_t i = 0; i < count; i++) {
		o = option_find(names[i], TOOL_BENCH);
		if (b->settings->origins[o - options].kind == ORIGIN_ARGV)
			return names[i];
	}
	return NULL;
}

/* A scenario says for itself what these options say of conn, pub and sub. */
static int check_options(const struct bench *b, struct err *e)
{
	static const char *const names[] = {
		"clients", "id",     "clean",   "session-expiry",
		"topic",   "size",   "message", "payload-file",
		"header",  "retain", "arrival", "phase",
		"limit",
	};
	const char *given = bench_given(b, names, ARRAY_SIZE(names));

	if (given)
		return err_set(e, ERR_USAGE, 0,
			       "--%s is for conn, pub and sub: a scenario says "
			       "it for each of its groups",
			       given);
	return 0;
}

static int load_scenario(struct bench *b, struct scenario *ret, struct err *e)
{
	if (strcmp(b->command, "conn") == 0 || strcmp(b->command, "pub") == 0 ||
	    strcmp(b->command, "sub") == 0)
		return bench_scenario_compose(b, ret, e);
	if (b->words.n != 1)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' needs the name of one "
			       "scenario or file: see mqtt-bench list",
			       b->command);
	if (check_options(b, e) < 0)
		return -1;
	return bench_scenario_open(b->words.v[0], ret, e);
}

int bench_load_make(struct bench *b, struct bench_load *l, struct err *e)
{
	*l = (struct bench_load){ .shards = 1 };
	if (bench_broker_check(b, e) < 0 ||
	    load_scenario(b, &l->scenario, e) < 0 ||
	    bench_scenario_adjust(b, &l->scenario, e) < 0 ||
	    bench_shard_choose(b, l, e) < 0)
		return -1;
	return bench_load_ready(b, l, e);
}

int bench_load_ready(struct bench *b, struct bench_load *l, struct err *e)
{
	if (choose_numbers(b, l, e) < 0 ||
	    bench_targets_open(b, &l->scenario, &l->targets, e) < 0)
		return -1;
	return bench_load_fit(b, l, e);
}

void bench_load_release(struct bench_load *l)
{
	bench_targets_release(&l->targets);
	scenario_release(&l->scenario);
	*l = (struct bench_load){ 0 };
}
