/* SPDX-License-Identifier: MIT */
#include "bench/account.h"

#include <inttypes.h>
#include <string.h>

#include "mqtt/reason.h"

static const char *const names[COUNT_COUNT] = {
	[COUNT_SCHEDULED] = "scheduled",
	[COUNT_SENT] = "sent",
	[COUNT_SENT_QOS0] = "sent_qos0",
	[COUNT_SKIPPED] = "skipped",
	[COUNT_BACKLOG] = "backlog",
	[COUNT_ACKED] = "acked",
	[COUNT_UNMATCHED] = "unmatched",
	[COUNT_REFUSED] = "refused",
	[COUNT_TIMED_OUT] = "timed_out",
	[COUNT_IN_FLIGHT] = "in_flight",
	[COUNT_EXPECTED] = "expected",
	[COUNT_RECEIVED] = "received",
	[COUNT_UNIQUE] = "unique",
	[COUNT_DUPLICATES] = "duplicates",
	[COUNT_LOST] = "lost",
	[COUNT_REORDERED] = "reordered",
	[COUNT_CORRUPTED] = "corrupted",
	[COUNT_UNCERTAIN] = "uncertain",
	[COUNT_FOREIGN] = "foreign",
	[COUNT_UNMARKED] = "unmarked",
	[COUNT_RETAINED] = "retained",
	[COUNT_ANSWERED] = "answered",
	[COUNT_ECHOED] = "echoed",
	[COUNT_CLOCK_ERRORS] = "clock_errors",
	[COUNT_AWAY] = "away",
	[COUNT_CONNECTS] = "connects",
	[COUNT_CONNECTED] = "connected",
	[COUNT_CONN_REFUSED] = "conn_refused",
	[COUNT_CONN_FAILED] = "conn_failed",
	[COUNT_CONN_TIMED_OUT] = "conn_timed_out",
	[COUNT_DISCONNECTS] = "disconnects",
	[COUNT_RECONNECTS] = "reconnects",
	[COUNT_SUBSCRIBES] = "subscribes",
	[COUNT_SUBSCRIBED] = "subscribed",
	[COUNT_SUB_REFUSED] = "sub_refused",
	[COUNT_SUB_UNANSWERED] = "sub_unanswered",
	[COUNT_SUB_LOWERED] = "sub_lowered",
	[COUNT_UNSUBSCRIBES] = "unsubscribes",
	[COUNT_UNSUBSCRIBED] = "unsubscribed",
	[COUNT_UNSUB_REFUSED] = "unsub_refused",
	[COUNT_UNSUB_UNANSWERED] = "unsub_unanswered",
	[COUNT_BYTES_OUT] = "bytes_out",
	[COUNT_BYTES_IN] = "bytes_in",
	[COUNT_PINGS] = "pings",
	[COUNT_LEFT_RETAINED] = "left_retained",
	[COUNT_LEFT_SESSIONS] = "left_sessions",
};

const struct identity account_identities[IDENTITIES] = {
	{ COUNT_SCHEDULED, { COUNT_SENT, COUNT_SKIPPED, COUNT_BACKLOG }, 3 },
	{ COUNT_SENT,
	  { COUNT_ACKED, COUNT_SENT_QOS0, COUNT_REFUSED, COUNT_TIMED_OUT,
	    COUNT_IN_FLIGHT },
	  5 },
	{ COUNT_EXPECTED, { COUNT_UNIQUE, COUNT_LOST }, 2 },
	{ COUNT_RECEIVED,
	  { COUNT_UNIQUE, COUNT_DUPLICATES, COUNT_UNCERTAIN },
	  3 },
	{ COUNT_CONNECTS,
	  { COUNT_CONNECTED, COUNT_CONN_REFUSED, COUNT_CONN_FAILED,
	    COUNT_CONN_TIMED_OUT },
	  4 },
	{ COUNT_SUBSCRIBES,
	  { COUNT_SUBSCRIBED, COUNT_SUB_REFUSED, COUNT_SUB_UNANSWERED },
	  3 },
	{ COUNT_UNSUBSCRIBES,
	  { COUNT_UNSUBSCRIBED, COUNT_UNSUB_REFUSED, COUNT_UNSUB_UNANSWERED },
	  3 },
};

const char *count_name(enum count c)
{
	return names[c];
}

enum count count_by_name(const char *name)
{
	enum count c = 0;

	while (c < COUNT_COUNT && strcmp(names[c], name) != 0)
		c++;
	return c;
}

static void add_all(uint64_t *dst, const uint64_t *src, size_t n)
{
	while (n--)
		dst[n] += src[n];
}

const char *account_refusal(uint8_t code)
{
	return code ? reason_text(code) : "expired before it was sent anew";
}

uint64_t account_errors(const struct account *a)
{
	static const enum count bad[] = {
		COUNT_SKIPPED,          COUNT_REFUSED,
		COUNT_TIMED_OUT,        COUNT_LOST,
		COUNT_CORRUPTED,        COUNT_CONN_REFUSED,
		COUNT_CONN_FAILED,      COUNT_CONN_TIMED_OUT,
		COUNT_DISCONNECTS,      COUNT_SUB_REFUSED,
		COUNT_SUB_UNANSWERED,   COUNT_UNSUB_REFUSED,
		COUNT_UNSUB_UNANSWERED,
	};
	uint64_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		n += a->n[bad[i]];
	return n;
}

void account_add(struct account *dst, const struct account *src)
{
	add_all(dst->n, src->n, COUNT_COUNT);
	add_all(dst->publish_reasons, src->publish_reasons, 256);
	add_all(dst->connect_reasons, src->connect_reasons, 256);
	add_all(dst->subscribe_reasons, src->subscribe_reasons, 256);
	add_all(dst->unsubscribe_reasons, src->unsubscribe_reasons, 256);
	add_all(dst->disconnect_reasons, src->disconnect_reasons, 256);
}

static int describe(const struct account *a, const struct identity *i,
		    struct buf *out)
{
	int r = buf_printf(out, "%s%s %" PRIu64, buf_len(out) ? "\n" : "",
			   names[i->total], a->n[i->total]);

	r |= buf_append_str(out, " is not");
	for (int k = 0; k < i->count; k++)
		r |= buf_printf(out, " %s%s %" PRIu64, k ? "+ " : "",
				names[i->parts[k]], a->n[i->parts[k]]);
	return r;
}

int account_check(const struct account *a, struct buf *out)
{
	const struct identity *line = account_identities;
	uint64_t sum;
	int wrong = 0;

	for (int i = 0; i < IDENTITIES; i++, line++) {
		sum = 0;
		for (int k = 0; k < line->count; k++)
			sum += a->n[line->parts[k]];
		if (sum == a->n[line->total])
			continue;
		wrong++;
		/* Short of memory for the words, the number still tells. */
		if (describe(a, line, out) < 0)
			continue;
	}
	return wrong;
}
