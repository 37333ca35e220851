/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_ACK_INPUT_H
#define TOOLS_ACK_INPUT_H

/*
 * --ack manual: reads the numbers of messages that are done with, one per
 * line, and acknowledges them in the order in which the messages came, as the
 * protocol wants it [MQTT-4.6.0-2]: number 7 waits for number 6.
 *
 * Belongs to the receive thread, but for ack_input_init(), ack_input_open()
 * and ack_input_release(). The descriptor is not closed.
 */

#include <stdatomic.h>

#include "base/buf.h"
#include "client/client.h"

struct ack_input {
	struct client *client;
	struct watch watch;
	struct buf line; /* that is not complete yet */
	struct buf done; /* a byte per delivery from first on: 1 done */
	uint64_t first;  /* oldest delivery that is not acknowledged */
	atomic_size_t open;
	bool is_open;
	void *ctx;
	/* One or more were acknowledged, or no more numbers will come. */
	void (*on_change)(void *ctx);
};

void ack_input_init(struct ack_input *a, void (*on_change)(void *ctx),
		    void *ctx);
void ack_input_release(struct ack_input *a);
int ack_input_attach(struct ack_input *a, struct client *c, int fd,
		     struct err *e) MUST_CHECK;
void ack_input_detach(struct ack_input *a);

/* A message came; is_done: nobody has to name it (QoS 0, not shown). */
int ack_input_add(struct ack_input *a, uint64_t delivery, bool is_done)
	MUST_CHECK;
/* Messages that are still to be named. */
size_t ack_input_open(const struct ack_input *a);

#endif
