/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PLAN_H
#define BENCH_PLAN_H

/*
 * What a scenario will need and do, worked out before the first connection:
 * for --plan, for the checks before a run (descriptors, ports, memory), and
 * for the settings that every report shows. Pure arithmetic on the scenario;
 * what the machine allows comes in as numbers.
 */

#include <jansson.h>

#include "bench/scenario.h"

/* What one source address can be asked for: with more, connecting slows down
 * to a crawl long before the ports run out. */
#define PLAN_PER_ADDRESS 14000u

struct plan_limits {
	uint64_t descriptors_soft, descriptors_hard;
	uint32_t ports;  /* of the ephemeral range */
	uint64_t memory; /* bytes free for us; 0: unknown */
	/* Of the whole machine: files that are open, and that may be; max 0:
	 * unknown, or no limit for us. */
	uint64_t files, files_max;
	/* Connections that the kernel keeps track of (for a firewall, or to
	 * translate addresses), and that it can; 0: it does not. */
	uint64_t tracked, tracked_max;
	unsigned processors;
	bool is_loopback; /* all targets are in 127.0.0.0/8 */
	bool is_tls;
	bool is_self;       /* the peer is one process, under the same limit */
	uint32_t addresses; /* source addresses that were given; 0: none */
	uint32_t servers;   /* targets that are reached by ports; 0: all are
			     * Unix sockets */
};

struct plan {
	uint64_t clients; /* of this shard */
	uint64_t receivers, publishers;
	double rate_in;  /* messages per second; 0: as fast as it goes */
	double rate_out; /* deliveries per second */
	double bytes_in, bytes_out;  /* per second, seen from the broker */
	double messages, deliveries; /* in all, warm-up included */
	double connect_seconds, send_seconds; /* send 0: until stopped */
	uint64_t descriptors, memory;
	uint64_t kernel_memory; /* for our ends of the connections */
	uint64_t ports;         /* local ones, each of an address and server */
	uint32_t addresses;     /* source addresses to use; 0: leave it to
				 * the kernel */
	uint32_t shards;        /* local processes */
	unsigned threads;       /* in each */
};

/* shards: machines that share it. -1 with e when memory is short. */
int plan_make(const struct scenario *s, uint32_t shards,
	      const struct plan_limits *l, struct plan *ret, struct err *e)
	MUST_CHECK;
/* -1 when the machine cannot do that: e then says what to type. */
int plan_check(const struct plan *p, const struct plan_limits *l, struct err *e)
	MUST_CHECK;

/* For people, several lines. */
int plan_describe(const struct scenario *s, const struct plan *p,
		  struct buf *out) MUST_CHECK;
/* The effective values of a run as "name": "text" for its reports. */
json_t *plan_settings(const struct scenario *s, const struct plan *p);

#endif
