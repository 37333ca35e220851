/* SPDX-License-Identifier: MIT */
#ifndef BENCH_RESULT_H
#define BENCH_RESULT_H

/*
 * Everything that a run found out: what reports are made from, what is
 * written to a file, and what files are merged and compared by. Plain data
 * with the means to add it up; it owns all it points to.
 *
 * Filled by the engine on the main thread when its threads have ended, or
 * read from a file. Durations are ns, times of the course seconds since the
 * begin of sending.
 */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "bench/account.h"
#include "bench/fairness.h"
#include "bench/hist.h"
#include "bench/metric.h"
#include "bench/verdict.h"

enum { RESULT_TEXT = 128, RESULT_CAUSES = 16, RESULT_WORST = 10 };

enum run_phase {
	RUN_CONNECT,
	RUN_SETTLE,
	RUN_WARMUP,
	RUN_MEASURE,
	RUN_DRAIN,
	RUN_OVER,
};
const char *run_phase_name(enum run_phase p);

/* How late this program itself was in an interval. */
struct own_delay {
	uint64_t count, p99 /* 0: too few for one */, max;
};

/* One second of the run, or less. */
struct interval {
	double at; /* its end; negative before sending began */
	double length;
	enum run_phase phase;
	uint64_t connected;                         /* at its end */
	uint64_t connects, sent, delivered, errors; /* in it */
	/* Percentiles are 0 where they are not known, and may be of few
	 * messages: ask judge_interval_has(). */
	uint64_t e2e_count, e2e_p50, e2e_p99, e2e_max;
	uint64_t ack_count, ack_p50, ack_p99;
	double e2e_mean, ack_mean;
	struct own_delay lag;  /* of our timers */
	struct own_delay turn; /* of the loops, how long one turn took */
	double cpu;            /* cores used by this program */
	double thread_cpu; /* share of its time that the busiest thread had */
	double throttled, steal; /* shares of the time, as for the whole */
	uint64_t memory;
	double broker_cpu; /* -1: unknown */
	uint64_t broker_memory;
};

/* One publishing entry of a group: what each of its clients got through. */
struct tally {
	char *group, *topic;
	uint32_t first_stream, clients;
	bool varies;          /* topics differ from message to message */
	uint64_t *sent;       /* by client of the whole group */
	uint64_t *unaccepted; /* of these: refused or never acknowledged */
	uint64_t *unique;     /* first deliveries to the receivers of this
			       * generator */
	uint64_t *settled;    /* shards: sum over these receivers of what they
			       * got, or are not expected to get */
	uint32_t *receivers;  /* how many there are of each client's topic */
};

/* Why connections failed, in words, with how often. */
struct cause {
	char text[RESULT_TEXT];
	uint64_t count;
};

/* A client or pair of clients with the most losses. */
struct worst {
	char text[RESULT_TEXT];
	uint64_t lost;
};

struct thread_load {
	char name[16];
	double cpu; /* share of its time, 0..1 */
};

struct outcome {
	char *requirement, *text;
	bool holds;
};

struct result {
	char *scenario;   /* name */
	char *text;       /* the scenario's YAML */
	char *title;      /* of the report; NULL: from the scenario */
	json_t *settings; /* effective values, in the order to show them */
	json_t *host, *broker;
	double started;    /* seconds since 1970 */
	double late_start; /* seconds after it was to begin; 0: in time */
	uint64_t seed, run_id, clock_id;
	uint64_t clock_bound;   /* ns; end-to-end figures are known to that; 0:
				 * one clock told them all */
	uint32_t shard, shards; /* 0 of 1: the whole; shard == shards: some
				 * together, not enough to know losses */
	bool is_merged;         /* all shards are in it */
	char *partial; /* why the run did not end as planned, or NULL */
	unsigned partial_status; /* the exit status that this deserves; 0: the
				  * signal's */
	bool is_open;            /* had rates */
	bool is_self;            /* against the peer in the same binary */
	double asked;            /* messages per second in the measured phase */
	double measured;         /* seconds */
	double connect_time;     /* seconds until all were connected */
	uint64_t clients;
	uint32_t window; /* messages that a publisher may have under way, the
			  * least of all; 0: nobody published */
	uint64_t measured_sent, measured_delivered; /* due in that time */
	/* In that time by the clock, whenever they were due: for rates. */
	uint64_t sent_in_time, delivered_in_time;
	/* Of the measured phase, infinitely late: lost, skipped, timed out,
	 * still waiting. */
	uint64_t late_publishes, late_deliveries;
	/* Those of the publishes that wait for PUBACK, PUBREC, PUBCOMP; a
	 * message that was never sent waits for the first of its answers. */
	uint64_t late_acks, late_recs, late_comps;
	uint64_t late_echoes; /* requests without an answer */
	double waited;        /* share of messages that had to wait for window
			       * or socket */

	struct hist timings[TIMING_COUNT];
	struct hist floor; /* timer lag of the idle machine */
	struct account account;
	struct interval *course;
	size_t course_count;
	struct tally *tallies;
	size_t tally_count;
	struct shared_list shares;
	/* Topics that vary from message to message: only the sum of what all
	 * receivers should have got is known, and not even that when there is
	 * a reason. */
	uint64_t varying_expected;
	char varying_blind[RESULT_TEXT];
	/* Why nobody knows what was lost; empty: it is known. */
	char losses_unknown[RESULT_TEXT];
	/* Why there is no e2e, or e2e.raw, of all messages or of some; empty:
	 * there is, or nobody receives. */
	char e2e_gap[RESULT_TEXT], raw_gap[RESULT_TEXT];
	struct cause causes[RESULT_CAUSES];
	struct worst worst[RESULT_WORST];
	struct thread_load *threads;
	size_t thread_count;
	double cpu;      /* seconds of this program */
	uint64_t memory; /* at the end of sending, PSS where known */
	double throttled, steal;
	uint64_t untracked;

	char *imbalances; /* lines of the books that do not hold */
	struct outcome *outcomes;
	size_t outcome_count;
	struct verdict verdict;
	/* Of repetitions, each by itself, when there were more than one; this
	 * is then all of them together. */
	struct result *runs;
	size_t run_count;
};

void result_init(struct result *r);
void result_release(struct result *r);

/* The lesser of two numbers, where 0 is none. */
uint32_t result_least(uint32_t a, uint32_t b);
/* The histogram to record into; NULL when memory is short. */
struct hist *result_timing(struct result *r, enum timing t);
/* Of two intervals together; before their counts are added. */
void interval_add_means(struct interval *dst, const struct interval *src);
/* Of two generators the worse, as far as both have enough to tell. */
void interval_add_own(struct own_delay *dst, const struct own_delay *src);
int result_add_interval(struct result *r, const struct interval *i) MUST_CHECK;
/* Dates the intervals before sending began, which nobody knew the time of
 * then, by those that follow. */
void result_date_course(struct result *r);
/* Counts a cause in a list of RESULT_CAUSES; what finds no place is counted
 * in the last one. */
void result_count_cause(struct cause *list, const char *text, uint64_t n);
void result_add_worst(struct result *r, const char *text, uint64_t lost);

/* Appends the names of the settings that two results do not have in common,
 * but for those in a list that ends with NULL. */
int result_name_changes(const struct result *a, const struct result *b,
			const char *const *but, struct buf *names);

#endif
