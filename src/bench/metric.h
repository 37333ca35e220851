/* SPDX-License-Identifier: MIT */
#ifndef BENCH_METRIC_H
#define BENCH_METRIC_H

/*
 * The names of everything that is measured, and how they are asked for:
 * "e2e.p99", "conn.total.max", "lost", "rate.in". Requirements, searches,
 * comparisons and reports all use these. Pure; any thread.
 *
 * Durations begin at the moment the schedule says (response); those that end
 * in .raw begin when the message was given to the connection's output
 * (service), so that both can be shown side by side.
 */

#include <stdint.h>

#include "base/err.h"
#include "bench/account.h"

enum timing {
	TIMING_CONN_DNS,
	TIMING_CONN_TCP,
	TIMING_CONN_PROXY,
	TIMING_CONN_TLS,
	TIMING_CONN_WS,
	TIMING_CONN_MQTT,  /* CONNECT to CONNACK */
	TIMING_CONN_TOTAL, /* from the scheduled time of the connect */
	TIMING_SUB_ACK,
	TIMING_UNSUB_ACK,
	TIMING_PUB_ACK,     /* QoS 1 */
	TIMING_PUB_REC,     /* QoS 2, first leg */
	TIMING_PUB_COMP,    /* QoS 2, second leg */
	TIMING_PUB_TOTAL,   /* QoS 2, both */
	TIMING_PUB_RAW,     /* QoS 1 and 2, complete, from the output */
	TIMING_LAG_CONNECT, /* connects: our lag, as lag.timer of messages; */
	TIMING_LAG_PENDING, /* until fewer of them were under way */
	TIMING_LAG_TIMER,   /* due until this program got to it: our lag */
	TIMING_LAG_RECEIVE, /* the same of threads that only receive */
	TIMING_LAG_WINDOW,  /* until the broker's window had room */
	TIMING_LAG_SOCKET,  /* until the kernel took its last byte */
	TIMING_E2E,
	TIMING_E2E_RAW,
	TIMING_PING,
	TIMING_ECHO, /* request until the answer came back */
	TIMING_TURN, /* one turn of a receive thread's loop */
	TIMING_COUNT,
};

enum gauge {
	GAUGE_RATE_IN,       /* messages published per second */
	GAUGE_RATE_OUT,      /* messages delivered per second */
	GAUGE_RATE_CONNECTS, /* connections made per second of the ramp */
	GAUGE_ERRORS,        /* everything refused, failed, lost or late */
	GAUGE_CPU,           /* of this program, cores */
	GAUGE_MEMORY,        /* of this program, bytes (proportional) */
	GAUGE_BROKER_CPU,
	GAUGE_BROKER_MEMORY,
	GAUGE_SHARE_FAIRNESS, /* of the least even share group, 0..1 */
	GAUGE_COUNT,
};

enum metric_kind { METRIC_TIMING, METRIC_NUMBER, METRIC_GAUGE };

enum metric_stat { STAT_PERCENTILE, STAT_MIN, STAT_MAX, STAT_MEAN, STAT_COUNT };

enum metric_unit { UNIT_NS, UNIT_NUMBER, UNIT_PER_SECOND, UNIT_BYTES };

struct metric {
	enum metric_kind kind;
	enum timing timing; /* METRIC_TIMING */
	enum metric_stat stat;
	double percentile;
	enum count number; /* METRIC_NUMBER */
	enum gauge gauge;  /* METRIC_GAUGE */
};

const char *timing_name(enum timing t);
enum timing timing_by_name(const char *name); /* TIMING_COUNT: none */
/* One line for people: "publish to delivery". */
const char *timing_text(enum timing t);
const char *gauge_name(enum gauge g);
enum gauge gauge_by_name(const char *name); /* GAUGE_COUNT: none */

/* "e2e.p99.9", "lost", "rate.in"... -1 with e and the nearest name. */
int metric_parse(const char *name, struct metric *ret, struct err *e)
	MUST_CHECK;
enum metric_unit metric_unit(const struct metric *m);
/* Is more of it worse? (For comparisons: latency yes, rate no.) */
bool metric_is_cost(const struct metric *m);

/* "12.3 ms", "1.50 M/s", "17", "3.2 MiB", and "never" for what takes for ever;
 * size 32 is enough. Returns dst. */
char *metric_format(char *dst, size_t size, enum metric_unit unit, double v);
/* Two values that are compared: the same, with as many digits more as it takes
 * to see which is greater. */
void metric_format_apart(char a[32], char b[32], enum metric_unit unit,
			 double x, double y);
/* 1234567 as 1,234,567. Returns dst. */
const char *metric_grouped(char dst[32], uint64_t v);

#endif
