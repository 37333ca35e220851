/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_SUBS_H
#define CLIENT_SUBS_H

/*
 * The subscriptions of a client, remembered so that they can be made again
 * after a reconnect to a broker that lost the session, and so that requests
 * that were unanswered when the connection broke are issued anew.
 *
 * Guarded by the connection's mutex. The list owns deep copies of the
 * requests; tokens in it are borrowed.
 */

#include <stdbool.h>

#include "base/err.h"
#include "client/token.h"
#include "mqtt/packet.h"

struct sub {
	struct sub *next;
	struct subscribe request; /* points into this allocation */
	struct token *token;      /* who waits for the answer; or NULL */
	uint16_t pid;             /* of the request under way; 0: none */
	bool is_unsubscribe;
	bool is_waiting; /* for a connection: never issued yet */
	bool is_granted; /* at least one filter was */
};

struct subs {
	struct sub *first;
};

/* A deep copy of the request at the end of the list; NULL with e. */
struct sub *subs_add(struct subs *l, const struct subscribe *s,
		     bool is_unsubscribe, struct err *e);
void subs_remove(struct subs *l, struct sub *s);
void subs_release(struct subs *l);
/* The request that waits for this packet id, or NULL. */
struct sub *subs_find(struct subs *l, uint16_t pid, bool is_unsubscribe);
/* The answer came: remembers a granted subscription, drops a refused one and
 * what an unsubscription took back. s may be gone afterwards. */
void subs_answered(struct subs *l, struct sub *s, struct bytes reasons);
/* Whoever waited for t does not any more. */
void subs_forget_token(struct subs *l, const struct token *t);

#endif
