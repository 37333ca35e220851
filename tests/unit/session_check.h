/* SPDX-License-Identifier: MIT */
/*
 * What has to be true of a session between any two calls: its counters equal
 * what its tables and its store contain. For the random tests and the fuzz
 * target; plain code without a harness.
 */
#ifndef SESSION_CHECK_H
#define SESSION_CHECK_H

#include <string.h>

#include "mqtt/session_impl.h"

#define FAULT_UNLESS(cond)            \
	do {                          \
		if (!(cond))          \
			return #cond; \
	} while (0)

/* A message with an id has the slot of that id, and the other way round. */
static inline const char *message_fault(const struct session *s,
					const struct message *m)
{
	const struct id_slot *slot = ids_find(&s->ids, m->pid);

	FAULT_UNLESS(m->state <= MESSAGE_RELEASED);
	FAULT_UNLESS(m->qos == 1 || m->qos == 2);
	FAULT_UNLESS(!m->prev || m->prev->seq < m->seq);
	FAULT_UNLESS(m->next || s->store->tail == m);
	if (m->state == MESSAGE_QUEUED) {
		FAULT_UNLESS(m->pid == 0);
		return NULL;
	}
	FAULT_UNLESS(slot && slot->use == ID_PUBLISH && slot->message == m);
	FAULT_UNLESS(m->state != MESSAGE_RELEASED || m->qos == 2);
	FAULT_UNLESS(m->release_order <= s->release_order);
	return NULL;
}

static inline const char *store_fault(const struct session *s)
{
	size_t queued = 0, held = 0, sent = 0, released = 0;
	bool is_ahead = true, saw_next = !s->next;

	for (const struct message *m = s->store->head; m; m = m->next) {
		const char *fault = message_fault(s, m);

		if (fault)
			return fault;
		if (m == s->next) {
			is_ahead = false;
			saw_next = true;
		}
		sent += m->state == MESSAGE_SENT;
		released += m->state == MESSAGE_RELEASED;
		if (m->state != MESSAGE_QUEUED)
			continue;
		held += session_is_held(s, m);
		queued += !session_is_held(s, m);
		/* Nothing that could be sent is passed over. */
		FAULT_UNLESS(!is_ahead || s->phase != PHASE_ONLINE ||
			     session_is_held(s, m));
	}
	FAULT_UNLESS(saw_next);
	FAULT_UNLESS(s->queued == queued);
	FAULT_UNLESS(s->held == held);
	FAULT_UNLESS(s->awaiting_ack == sent);
	FAULT_UNLESS(s->awaiting_comp == released);
	return NULL;
}

static inline const char *ids_fault(const struct session *s)
{
	size_t used = 0, window = 0, messages = 0;
	const struct id_slot *slot;
	uint32_t i = 0;

	while ((slot = ids_next(&s->ids, &i))) {
		used++;
		window += slot->in_window;
		messages += slot->use == ID_PUBLISH;
		FAULT_UNLESS(slot->use == ID_PUBLISH || !slot->in_window);
	}
	FAULT_UNLESS(s->ids.used == used);
	FAULT_UNLESS(s->in_window == window);
	FAULT_UNLESS(messages == s->awaiting_ack + s->awaiting_comp);
	FAULT_UNLESS(s->phase != PHASE_ONLINE || window <= s->quota);
	FAULT_UNLESS(s->phase != PHASE_OFFLINE || !window);
	return NULL;
}

static inline const char *arrivals_fault(const struct session *s)
{
	const struct arrivals *a = s->arrivals;
	size_t live = 0, qos2 = 0, n;
	uint64_t last = 0;

	FAULT_UNLESS(s->acknowledged <= s->delivered);
	FAULT_UNLESS(s->in_open <= s->receive_max || s->phase == PHASE_OFFLINE);
	if (!a)
		return NULL;
	n = buf_len(&a->queue) / sizeof(struct arrival);
	for (size_t i = 0; i < n; i++) {
		struct arrival at;

		memcpy(&at, buf_view(&a->queue).p + i * sizeof(at), sizeof(at));
		live += !at.is_stale;
		qos2 += at.kind == ARRIVAL_QOS2;
		FAULT_UNLESS(at.delivery >= last);
		FAULT_UNLESS(at.delivery > s->acknowledged);
		FAULT_UNLESS(at.kind != ARRIVAL_QOS2 ||
			     arrivals_state(a, at.pid) ==
				     (at.is_stale ? IN_STALE : IN_PENDING));
		last = at.delivery;
	}
	FAULT_UNLESS(a->live == live);
	FAULT_UNLESS(a->by_id.used == qos2);
	return NULL;
}

/* NULL, or the condition that does not hold. */
static inline const char *session_fault(const struct session *s)
{
	const char *fault = store_fault(s);

	if (!fault)
		fault = ids_fault(s);
	if (!fault)
		fault = arrivals_fault(s);
	if (!fault && s->dropped && buf_len(s->dropped) == 0)
		fault = "an empty queue of dropped messages";
	if (!fault && s->phase == PHASE_OFFLINE && lanes_len(&s->lanes))
		fault = "output without a connection";
	return fault;
}

#endif
