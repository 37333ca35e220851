/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ACCOUNT_H
#define BENCH_ACCOUNT_H

/*
 * What happened to every message and every connection, as plain counts. Each
 * receive thread keeps an account of its own; they are added up at the end,
 * and then the books must balance:
 *
 *	scheduled = sent + skipped + backlog
 *	sent = acked + of QoS 0 + refused + timed out + in flight
 *	expected = unique + lost
 *	received = unique + duplicates + uncertain
 *	connects = connected + refused + failed + timed out
 *	subscribes = subscribed + refused + unanswered
 *	unsubscribes = unsubscribed + refused + unanswered
 *
 * where both sides of each line are counted in different places. A line that
 * does not balance is a defect of this program and makes the result invalid.
 * A value type without pointers; one writer at a time.
 */

#include <stdint.h>

#include "base/buf.h"

enum count {
	COUNT_SCHEDULED, /* due by the schedule, or taken without one */
	COUNT_SENT,      /* given to the connection's output */
	COUNT_SENT_QOS0, /* of these, the ones nobody acknowledges */
	COUNT_SKIPPED,   /* never sent: not connected, or too far behind */
	COUNT_BACKLOG,   /* due and still waiting at the end */
	COUNT_ACKED,     /* PUBACK or PUBCOMP below 0x80 */
	COUNT_UNMATCHED, /* of these, with "no matching subscribers" */
	COUNT_REFUSED,   /* PUBACK or PUBREC of 0x80 and above, or sent
			  * never for a limit of the broker */
	COUNT_TIMED_OUT, /* no acknowledgement within the deadline */
	COUNT_IN_FLIGHT, /* unacknowledged when the run ended */
	COUNT_EXPECTED,  /* deliveries, by granted subscriptions */
	COUNT_RECEIVED,  /* PUBLISH packets of this run */
	COUNT_UNIQUE,
	COUNT_DUPLICATES,
	COUNT_LOST,
	COUNT_REORDERED,    /* arrived after a later one of its publisher */
	COUNT_CORRUPTED,    /* length or content is not what was sent */
	COUNT_UNCERTAIN,    /* duplicate or overtaken, too old to tell */
	COUNT_FOREIGN,      /* not of this run: not in any line above */
	COUNT_UNMARKED,     /* without a header: wills, and what the scenario
			     * sends without one */
	COUNT_RETAINED,     /* of the foreign ones, those kept by the broker */
	COUNT_ANSWERED,     /* requests, by responders */
	COUNT_ECHOED,       /* answers that came back */
	COUNT_CLOCK_ERRORS, /* arrived before they were sent, by the clocks */
	COUNT_AWAY,         /* subscribers not connected at the end: what the
			     * broker has for them is in no line above */
	COUNT_CONNECTS,     /* attempts that came to an end */
	COUNT_CONNECTED,
	COUNT_CONN_REFUSED, /* CONNACK with a reason */
	COUNT_CONN_FAILED,  /* TCP, TLS, WebSocket, protocol */
	COUNT_CONN_TIMED_OUT,
	COUNT_DISCONNECTS, /* connections lost that were up */
	COUNT_RECONNECTS,  /* of the successful attempts, not the first */
	COUNT_SUBSCRIBES,  /* filters asked for */
	COUNT_SUBSCRIBED,  /* filters granted */
	COUNT_SUB_REFUSED,
	COUNT_SUB_UNANSWERED, /* the connection or the run ended before */
	COUNT_SUB_LOWERED,    /* of the granted, at a lower QoS than asked */
	COUNT_UNSUBSCRIBES,   /* filters given back */
	COUNT_UNSUBSCRIBED,
	COUNT_UNSUB_REFUSED,
	COUNT_UNSUB_UNANSWERED, /* or not within the deadline */
	COUNT_BYTES_OUT,        /* of PUBLISH packets, on the MQTT level */
	COUNT_BYTES_IN,
	COUNT_PINGS,
	COUNT_LEFT_RETAINED, /* not taken back at the end: the broker was not
			      * there, or nobody could wait for it */
	COUNT_LEFT_SESSIONS,
	COUNT_COUNT,
};

struct account {
	uint64_t n[COUNT_COUNT];
	uint64_t publish_reasons[256];     /* PUBACK, PUBREC, by code; 0: it
					    * expired before it was sent anew */
	uint64_t connect_reasons[256];     /* CONNACK other than 0 */
	uint64_t subscribe_reasons[256];   /* SUBACK of 0x80 and above */
	uint64_t unsubscribe_reasons[256]; /* UNSUBACK, the same */
	uint64_t disconnect_reasons[256];  /* DISCONNECT of the broker */
};

/* "scheduled", "timed_out"...: as in reports, files and requirements. */
const char *count_name(enum count c);
/* COUNT_COUNT when there is no such. */
enum count count_by_name(const char *name);

/* What such a code of refusal means, in words. */
const char *account_refusal(uint8_t code);

/* Of everything that can go wrong, how much did; lost as far as it is known. */
uint64_t account_errors(const struct account *a);

void account_add(struct account *dst, const struct account *src);

/* One line of the books: what the total is made of. */
enum { IDENTITY_PARTS = 5 };
struct identity {
	enum count total;
	enum count parts[IDENTITY_PARTS];
	int count;
};
enum { IDENTITIES = 7 };
extern const struct identity account_identities[IDENTITIES];

/*
 * For the end of a run, when lost, backlog and in flight have been counted.
 * Appends one line for each identity that does not hold, without a final
 * newline, and returns their number; 0 appends nothing.
 */
int account_check(const struct account *a, struct buf *out);

#endif
