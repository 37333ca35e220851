/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_REDIRECT_H
#define CLIENT_REDIRECT_H

/*
 * Referrals of a server to others (0x9C for now, 0x9D for good): the server
 * reference "host[:port] ..." read, and its entries tried in order with the
 * transport of the server that referred, so that what was TLS stays TLS. An
 * entry that is a URL must ask for the same transport. Only attempt.c uses
 * it; receive thread; owns its strings. [MQTT-4.11]
 */

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "client/params.h"
#include "net/url.h"

struct redirect {
	bool is_on;        /* server is the one to connect to */
	bool is_permanent; /* also in later rounds */
	bool is_pending;   /* keep it for the round that starts */
	struct client_server server;
	struct url url;  /* what server points to */
	struct buf list; /* all entries, and where the next one begins */
	size_t at;
	unsigned count; /* referrals followed in this round */
	unsigned tries; /* servers tried because of them */
};

struct referral {
	struct bytes text; /* absent: the failure was no referral */
	const struct client_server *from;
	bool is_permanent;
};

/* Forgets a temporary server unless the referral is new. */
void redirect_start_round(struct redirect *r);
/* After a failure: the next server of the referral, or of the one that led
 * here, becomes r->server. False when there is none that may be followed; why
 * then tells what was in the way. */
bool redirect_next(struct redirect *r, const struct referral *said,
		   unsigned max, struct err *why);
void redirect_release(struct redirect *r);

#endif
