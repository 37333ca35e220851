/* SPDX-License-Identifier: MIT */
#ifndef MQTT_LANES_H
#define MQTT_LANES_H

/*
 * The output of a session: one byte stream made of two lanes. Control
 * packets go before publishes, and the lanes change places at packet borders
 * only. Packets are encoded straight into the lane's buf.
 *
 * Bytes may leave only once they are cleared: the session clears everything
 * whenever the store has nothing uncommitted. While a commit fails, what was
 * queued since stays back, and pings still get out (lanes_put_ping).
 *
 * A large payload is not copied: it is attached to the end of the publish
 * lane as a view into the store, whose message must stay until
 * lanes_detach(). Used by the session alone; one caller at a time. Storage
 * is allocated on demand; lanes_trim() gives it back.
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"
#include "base/bytes.h"

struct lanes {
	struct buf control, publish;
	struct bytes attached;  /* goes after all of publish */
	size_t control_cleared; /* bytes from the head that may leave */
	size_t publish_cleared; /* the same, attached bytes included */
	size_t half_sent;       /* bytes missing of the publish packet that has
				 * begun to leave */
	size_t offered;         /* size of the view handed out */
	bool is_control;        /* it is of the control lane */
	bool is_held;           /* a stream may have taken some of it */
};

void lanes_release(struct lanes *l);
/* Gives storage back that is not in use. */
void lanes_trim(struct lanes *l);

static inline size_t lanes_len(const struct lanes *l)
{
	return buf_len(&l->control) + buf_len(&l->publish) + l->attached.n;
}

/* Everything queued so far may leave. */
static inline void lanes_clear_all(struct lanes *l)
{
	l->control_cleared = buf_len(&l->control);
	l->publish_cleared = buf_len(&l->publish) + l->attached.n;
}

/* The next bytes to write; lives until the next call but lanes_sent(). */
struct bytes lanes_view(struct lanes *l);
/* The first n bytes of the view have left. */
void lanes_sent(struct lanes *l, size_t n);

/* The view was offered to a stream that could not finish writing it and may
 * have made records or frames of its first bytes: until lanes_sent() the
 * next view begins with the same bytes. An empty view holds nothing. */
static inline void lanes_hold(struct lanes *l)
{
	l->is_held = l->offered != 0;
}

/* Attaches the payload of the packet whose header is at the end of the
 * publish lane; nothing may be attached already. */
void lanes_attach(struct lanes *l, struct bytes payload);
/* Copies what is left of the attached payload into the lane, so that the
 * lane can grow and the payload can go. -1 when out of memory. */
int lanes_detach(struct lanes *l) MUST_CHECK;

/* Queues PINGREQ in front of everything that is not cleared. */
int lanes_put_ping(struct lanes *l) MUST_CHECK;
/* Drops all publishes but those that may have begun to leave. */
void lanes_drop_publishes(struct lanes *l);

#endif
