/* SPDX-License-Identifier: MIT */
#include "bench/metric.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"

#define MORE_DIGITS 12 /* at most, to tell two values apart */

struct timing_info {
	const char *name, *text;
};

static const struct timing_info timings[TIMING_COUNT] = {
	[TIMING_CONN_DNS] = { "conn.dns", "name to address" },
	[TIMING_CONN_TCP] = { "conn.tcp", "TCP connect" },
	[TIMING_CONN_PROXY] = { "conn.proxy", "handshake with the proxy" },
	[TIMING_CONN_TLS] = { "conn.tls", "TLS handshake" },
	[TIMING_CONN_WS] = { "conn.ws", "WebSocket upgrade" },
	[TIMING_CONN_MQTT] = { "conn.mqtt", "CONNECT to CONNACK" },
	[TIMING_CONN_TOTAL] = { "conn.total", "whole connect" },
	[TIMING_SUB_ACK] = { "sub.ack", "SUBSCRIBE to SUBACK" },
	[TIMING_UNSUB_ACK] = { "unsub.ack", "UNSUBSCRIBE to UNSUBACK" },
	[TIMING_PUB_ACK] = { "pub.ack", "QoS 1 publish to PUBACK" },
	[TIMING_PUB_REC] = { "pub.rec", "QoS 2 publish to PUBREC" },
	[TIMING_PUB_COMP] = { "pub.comp", "PUBREC to PUBCOMP" },
	[TIMING_PUB_TOTAL] = { "pub.total", "QoS 2 publish to PUBCOMP" },
	[TIMING_PUB_RAW] = { "pub.raw", "acknowledgement, uncorrected" },
	[TIMING_LAG_CONNECT] = { "lag.connect",
				 "connects late by this program" },
	[TIMING_LAG_PENDING] = { "lag.pending",
				 "connects waiting for others under way" },
	[TIMING_LAG_TIMER] = { "lag.timer", "late by this program" },
	[TIMING_LAG_RECEIVE] = { "lag.receive",
				 "receiving threads late by this program" },
	[TIMING_LAG_WINDOW] = { "lag.window", "waiting for the broker's acks" },
	[TIMING_LAG_SOCKET] = { "lag.socket", "waiting for the socket" },
	[TIMING_E2E] = { "e2e", "publish to delivery" },
	[TIMING_E2E_RAW] = { "e2e.raw", "delivery, uncorrected" },
	[TIMING_PING] = { "ping.rtt", "PINGREQ to PINGRESP" },
	[TIMING_ECHO] = { "rtt.echo", "request to answer" },
	[TIMING_TURN] = { "loop.turn", "one turn of a receive thread" },
};

static const char *const gauges[GAUGE_COUNT] = {
	[GAUGE_RATE_IN] = "rate.in",
	[GAUGE_RATE_OUT] = "rate.out",
	[GAUGE_RATE_CONNECTS] = "rate.connects",
	[GAUGE_ERRORS] = "errors",
	[GAUGE_CPU] = "cpu",
	[GAUGE_MEMORY] = "memory",
	[GAUGE_BROKER_CPU] = "broker.cpu",
	[GAUGE_BROKER_MEMORY] = "broker.memory",
	[GAUGE_SHARE_FAIRNESS] = "share.fairness",
};

const char *timing_name(enum timing t)
{
	return timings[t].name;
}

const char *timing_text(enum timing t)
{
	return timings[t].text;
}

enum timing timing_by_name(const char *name)
{
	enum timing t = 0;

	while (t < TIMING_COUNT && strcmp(timings[t].name, name) != 0)
		t++;
	return t;
}

const char *gauge_name(enum gauge g)
{
	return gauges[g];
}

enum gauge gauge_by_name(const char *name)
{
	enum gauge g = 0;

	while (g < GAUGE_COUNT && strcmp(gauges[g], name) != 0)
		g++;
	return g;
}

static int unknown(const char *name, struct err *e)
{
	const char
		*all[(int)TIMING_COUNT + (int)COUNT_COUNT + (int)GAUGE_COUNT];
	const char *near;
	size_t n = 0;

	for (enum timing t = 0; t < TIMING_COUNT; t++)
		all[n++] = timings[t].name;
	for (enum count c = 0; c < COUNT_COUNT; c++)
		all[n++] = count_name(c);
	for (enum gauge g = 0; g < GAUGE_COUNT; g++)
		all[n++] = gauges[g];
	near = text_nearest(name, all, n);
	if (near)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a metric, did you mean '%s'?", name,
			       near);
	return err_set(e, ERR_USAGE, 0,
		       "'%s' is not a metric such as e2e.p99, pub.ack.max, "
		       "lost or rate.in",
		       name);
}

static int parse_stat(const char *s, struct metric *m, struct err *e)
{
	if (strcmp(s, "min") == 0)
		m->stat = STAT_MIN;
	else if (strcmp(s, "max") == 0)
		m->stat = STAT_MAX;
	else if (strcmp(s, "mean") == 0)
		m->stat = STAT_MEAN;
	else if (strcmp(s, "count") == 0)
		m->stat = STAT_COUNT;
	else if (*s == 'p')
		return parse_double(s + 1, 0, 100, &m->percentile, e);
	else
		return -1;
	return 0;
}

/* The longest timing that the name begins with: "e2e.raw.p99" is of e2e.raw
 * although "e2e" fits too. */
static enum timing timing_prefix(const char *name, size_t *ret_len)
{
	enum timing best = TIMING_COUNT;
	size_t len;

	*ret_len = 0;
	for (enum timing t = 0; t < TIMING_COUNT; t++) {
		len = strlen(timings[t].name);
		if (len > *ret_len && !strncmp(timings[t].name, name, len) &&
		    name[len] == '.') {
			*ret_len = len;
			best = t;
		}
	}
	return best;
}

int metric_parse(const char *name, struct metric *ret, struct err *e)
{
	struct metric m = { .kind = METRIC_NUMBER };
	size_t len;

	m.number = count_by_name(name);
	m.gauge = gauge_by_name(name);
	m.timing = timing_prefix(name, &len);
	if (m.gauge != GAUGE_COUNT) {
		m.kind = METRIC_GAUGE;
	} else if (m.number == COUNT_COUNT) {
		m.kind = METRIC_TIMING;
		if (timing_by_name(name) != TIMING_COUNT)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' needs a statistic: '%s.p99', "
				       ".max, .min, .mean or .count",
				       name, name);
		if (m.timing == TIMING_COUNT)
			return unknown(name, e);
		if (parse_stat(name + len + 1, &m, NULL) < 0)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' in '%s' is not p0 to p100, max, "
				       "min, mean or count",
				       name + len + 1, name);
	}
	*ret = m;
	return 0;
}

enum metric_unit metric_unit(const struct metric *m)
{
	if (m->kind == METRIC_TIMING)
		return m->stat == STAT_COUNT ? UNIT_NUMBER : UNIT_NS;
	if (m->kind == METRIC_NUMBER)
		return m->number == COUNT_BYTES_IN ||
				       m->number == COUNT_BYTES_OUT
			       ? UNIT_BYTES
			       : UNIT_NUMBER;
	switch (m->gauge) {
	case GAUGE_RATE_IN:
	case GAUGE_RATE_OUT:
	case GAUGE_RATE_CONNECTS:
		return UNIT_PER_SECOND;
	case GAUGE_MEMORY:
	case GAUGE_BROKER_MEMORY:
		return UNIT_BYTES;
	default:
		return UNIT_NUMBER;
	}
}

bool metric_is_cost(const struct metric *m)
{
	if (m->kind == METRIC_GAUGE)
		return metric_unit(m) != UNIT_PER_SECOND &&
		       m->gauge != GAUGE_SHARE_FAIRNESS;
	if (m->kind == METRIC_TIMING)
		return m->stat != STAT_COUNT;
	return m->number != COUNT_SENT && m->number != COUNT_ACKED &&
	       m->number != COUNT_UNIQUE && m->number != COUNT_RECEIVED &&
	       m->number != COUNT_CONNECTED && m->number != COUNT_SUBSCRIBED &&
	       m->number != COUNT_UNSUBSCRIBED;
}

/* Three significant digits and some more, with the unit whose number is below
 * 1000. */
static char *scaled(char *dst, size_t size, double v, const char *const *units,
		    double base, int more)
{
	int i = 0;

	while (units[i + 1] && fabs(v) >= base * (1 - 0.0005)) {
		v /= base;
		i++;
	}
	snprintf(dst, size, "%.*f%s",
		 i == 0 && v == floor(v) ? 0
		 : fabs(v) >= 99.95      ? more
		 : fabs(v) >= 9.995      ? 1 + more
					 : 2 + more,
		 v, units[i]);
	return dst;
}

static char *format(char *dst, size_t size, enum metric_unit unit, double v,
		    int more)
{
	static const char *const ns[] = { " ns", " us", " ms", " s", NULL };
	static const char *const rate[] = { "/s", " k/s", " M/s", NULL };
	static const char *const bytes[] = { " B",   " KiB", " MiB",
					     " GiB", " TiB", NULL };

	switch (unit) {
	case UNIT_NS:
		if (isinf(v)) {
			snprintf(dst, size, "never");
			return dst;
		}
		return scaled(dst, size, v, ns, 1000, more);
	case UNIT_PER_SECOND:
		return scaled(dst, size, v, rate, 1000, more);
	case UNIT_BYTES:
		return scaled(dst, size, v, bytes, 1024, more);
	case UNIT_NUMBER:
		break;
	}
	snprintf(dst, size, "%.*f", v == floor(v) ? 0 : 2 + more, v);
	return dst;
}

char *metric_format(char *dst, size_t size, enum metric_unit unit, double v)
{
	return format(dst, size, unit, v, 0);
}

/* "1.00" and "1" are the same to who reads them. */
static bool look_same(const char *a, const char *b)
{
	char *after_a, *after_b;
	double x = strtod(a, &after_a), y = strtod(b, &after_b);

	return fabs(x - y) <= 0 && strcmp(after_a, after_b) == 0;
}

void metric_format_apart(char a[32], char b[32], enum metric_unit unit,
			 double x, double y)
{
	int more = 0;

	do {
		format(a, 32, unit, x, more);
		format(b, 32, unit, y, more);
	} while (fabs(x - y) > 0 && look_same(a, b) && more++ < MORE_DIGITS);
}

const char *metric_grouped(char dst[32], uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, v), at = 0;

	for (int i = 0; i < n; i++) {
		if (i && (n - i) % 3 == 0)
			dst[at++] = ',';
		dst[at++] = digits[i];
	}
	dst[at] = '\0';
	return dst;
}
