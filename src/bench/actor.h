/* SPDX-License-Identifier: MIT */
#ifndef BENCH_ACTOR_H
#define BENCH_ACTOR_H

/*
 * What can be done with one client of the load engine, file by file; the
 * structs are in bench/run_private.h. The worker calls these on its loop's
 * thread, the only one that touches its actors, and so do the actor's own
 * files; only actor_init() and actor_release() are the coordinator's, before
 * the loops run and after they have ended. Nothing here waits. An actor owns
 * its connection, session and store, and lies in the array of its squad.
 */

#include "bench/run_private.h"

/* actor_receive.c */
void actor_on_message(struct actor *a, const struct event_message *m,
		      uint64_t now);
/* Everything up to that delivery has been seen. */
void actor_acknowledge(struct actor *a, uint64_t delivery, uint64_t now);
int actor_make_slow(struct actor *a) MUST_CHECK;
void actor_start_slow(struct actor *a);
void actor_stop_slow(struct actor *a);

/* actor.c */
int actor_init(struct actor *a, struct squad *s, uint32_t place) MUST_CHECK;
void actor_release(struct actor *a);
void actor_connect(struct actor *a, uint64_t due);
/* Takes it down on purpose; back after the group's churn.down. */
void actor_leave(struct actor *a, enum churn_how how);
/* At the end: is it there to get what it should? */
void actor_note_away(struct actor *a);
/* It is connected, and has subscribed to what it subscribes to. */
void actor_become_ready(struct actor *a);

/* actor_connect.c */
/* CONNECT and where to, for the next attempt. */
int actor_fill_attempt(struct actor *a) MUST_CHECK;

/* actor_subscribe.c */
/* The first SUBSCRIBE of a connection. */
void actor_subscribe(struct actor *a);
void actor_on_suback(struct actor *a, const struct suback *s, uint64_t now);
/* Lets all clients of the squad give their subscriptions back. */
int squad_make_absences(struct squad *s) MUST_CHECK;
/* The client is about to be released. */
void actor_stop_absence(struct actor *a);
/* It has unsubscribed, and not subscribed again yet. */
bool actor_is_absent(const struct actor *a);
/* Does it wait for the answer to one of the requests of its absence? */
bool actor_is_asking(const struct actor *a);
/* UNSUBSCRIBE, and SUBSCRIBE after the group's churn.down; the caller
 * flushes. Only for who is not absent. */
void actor_unsubscribe(struct actor *a, uint64_t due);
void actor_on_unsuback(struct actor *a, const struct suback *s, uint64_t now);
/* The connection or the run ends: what is under way will not be answered. */
void actor_drop_requests(struct actor *a);

/* actor_send.c */
void actor_publish_due(struct actor *a, uint32_t entry, uint64_t intended);
/* What waits does so for the connection from now on. */
void actor_wait_for_connection(struct actor *a, uint64_t now);
/* It was due, and will not be sent any more. */
void actor_skip(struct actor *a, uint32_t entry, uint64_t intended);
/* lag: from when it was meant to leave until it did, ns. */
uint64_t actor_tag(uint32_t entry, uint64_t intended, uint64_t lag);
/* Appends the topic of its message with that number. */
int actor_topic(const struct actor *a, uint32_t entry, uint64_t number,
		struct buf *ret) MUST_CHECK;
/* Sends what waits, and for the closed model what fits. */
void actor_go_on(struct actor *a);
void actor_on_published(struct actor *a, const struct event_published *p,
			uint64_t now);
/* Messages that are over without an answer: expired, too large for this
 * broker, or released in a session that is lost. */
void actor_take_dropped(struct actor *a, uint64_t now);
/* At the end: what is still waiting or unacknowledged. */
void actor_count_rest(struct actor *a, uint64_t now);

/* actor_output.c */
/* The connection was given a message, which has to leave in this turn or is
 * kept in mind until it does. */
void actor_note_handed_locked(const struct handed *h);
/* The socket was offered what there was. */
void actor_note_output_locked(struct actor *a);
/* The messages that have not left will not do so any more: the connection,
 * or the run, is over. */
void actor_forget_output(struct actor *a, uint64_t now);
/* At the end of a turn: what was handed over in it and is not kept in mind
 * has left. */
void worker_settle_handed(struct worker *w);

#endif
