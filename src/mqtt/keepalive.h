/* SPDX-License-Identifier: MIT */
#ifndef MQTT_KEEPALIVE_H
#define MQTT_KEEPALIVE_H

/*
 * Liveness of one connection: when to ping, when an unanswered ping means
 * that the peer is dead, when output has waited too long. Only times go in
 * and out; the session queues the packets.
 *
 * Rules: ping when nothing was sent for the keepalive less a margin
 * [MQTT-3.1.2-20], or when nothing came in for the keepalive, or for a beat
 * that is shorter (client/heartbeat.h looks for the right one); the answer is
 * awaited from the moment the ping became due, written or not, so that a
 * ping stuck behind a blocked publish counts, but not before what is ahead of
 * it has left: a peer that takes a long publish bit by bit is alive. Any byte
 * that comes in is as good as an answer. While we do not read ourselves,
 * silence proves nothing. A machine that slept finds out at its first tick.
 *
 * Used by the session alone. Times are nanoseconds of the session's clock.
 */

#include <stdbool.h>
#include <stdint.h>

struct keepalive {
	uint64_t interval; /* ping when silent for so long; 0: never */
	uint64_t silence;  /* ping when nothing came for so long: the
			    * keepalive, or a beat */
	uint64_t limit;    /* the server gives up on us after; 0: never */
	uint64_t ping_timeout;
	uint64_t write_timeout;
	uint64_t last_in;
	uint64_t last_out;  /* last byte sent or ping queued */
	uint64_t pinged_at; /* oldest unanswered ping became due, or moved on
			     * towards the peer */
	uint64_t stuck_at;  /* output waits without progress since */
	bool is_paused;
	bool has_beat;
	bool is_probe; /* that ping ended a silence of a whole beat
			* in both directions */
};

struct keepalive_config {
	uint16_t keepalive;     /* seconds; 0: no pings of our own accord */
	uint64_t beat;          /* ns, see keepalive_set_beat(); 0: none */
	uint64_t ping_timeout;  /* 0: the smaller of keepalive and 20 s */
	uint64_t write_timeout; /* 0: the smaller of keepalive and 30 s */
};

enum keepalive_due {
	KEEPALIVE_OK,
	KEEPALIVE_PING, /* send PINGREQ now; it counts as due already */
	KEEPALIVE_DEAD,
	KEEPALIVE_STALLED,
};

/* A connection begins: no pings before keepalive_set(). */
void keepalive_start(struct keepalive *k, const struct keepalive_config *c,
		     uint64_t now);
/* CONNACK has come; c->keepalive is what the server wants. */
void keepalive_set(struct keepalive *k, const struct keepalive_config *c,
		   uint64_t now);

/* Ping already when nothing came for this time, however long the keepalive
 * is; one that is longer than it allows is ignored. ping_timeout 0: as it
 * was. */
void keepalive_set_beat(struct keepalive *k, uint64_t beat,
			uint64_t ping_timeout);

/* No more pings: the connection is ending, only the output matters. */
void keepalive_finish(struct keepalive *k);
void keepalive_pause(struct keepalive *k, bool is_paused, uint64_t now);
/* A PINGREQ was queued for other reasons. */
void keepalive_pinged(struct keepalive *k, uint64_t now);
/* PINGRESP: true when a ping was waiting for it. */
bool keepalive_ponged(struct keepalive *k);
/* Output is waiting as of now, unless that is known already. */
void keepalive_waiting(struct keepalive *k, uint64_t now);
/* Bytes have left; is_empty: no more are waiting. */
void keepalive_sent(struct keepalive *k, bool is_empty, uint64_t now);
/* They were ahead of a ping that still waits. */
void keepalive_moved(struct keepalive *k, uint64_t now);

/* Is an answer awaited that tells whether a silence of a beat was too long
 * for the network? */
static inline bool keepalive_is_probing(const struct keepalive *k)
{
	return k->is_probe && k->pinged_at != UINT64_MAX;
}

static inline void keepalive_heard(struct keepalive *k, uint64_t now)
{
	k->last_in = now;
}

uint64_t keepalive_deadline(const struct keepalive *k, bool has_output);
enum keepalive_due keepalive_tick(struct keepalive *k, bool has_output,
				  uint64_t now);

#endif
