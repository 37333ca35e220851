/* SPDX-License-Identifier: MIT */
#include "tools/handover.h"

#include <stdlib.h>

#include "mqtt/reason.h"

void handover_release(struct handover *h)
{
	free(h->refused);
	*h = (struct handover){ 0 };
}

void handover_take(struct handover *h, uint64_t delivery)
{
	h->upto = delivery;
	h->is_due = true;
}

int handover_refuse(struct handover *h, uint64_t delivery)
{
	if (h->count == h->cap) {
		size_t cap = h->cap ? h->cap * 2 : 16;
		uint64_t *more = realloc(h->refused, cap * sizeof(*more));

		if (!more)
			return -1;
		h->refused = more;
		h->cap = cap;
	}
	h->refused[h->count++] = delivery;
	handover_take(h, delivery);
	return 0;
}

/* One call of handover_acknowledge(). */
struct ending {
	struct handover *h;
	struct err *e;
};

/* Each acknowledges what came before it as well. */
static void end_all(struct handover *h, struct session *session)
{
	for (size_t i = 0; i < h->count; i++)
		session_refuse(session, h->refused[i], REASON_PAYLOAD_FORMAT);
	if (!h->count || h->refused[h->count - 1] != h->upto)
		session_acknowledge(session, h->upto);
	h->count = 0;
	h->is_due = false;
}

static int end_locked(void *ctx, struct session *session, struct store *store)
{
	const struct ending *x = ctx;

	if (x->h->sink && sink_note(x->h->sink, store))
		return err_nomem(x->e);
	end_all(x->h, session);
	return x->h->commits_first ? session_commit(session, x->e) : 0;
}

int handover_acknowledge(struct handover *h, struct client *c, struct err *e)
{
	struct ending x = { h, e };

	return h->is_due ? client_with_store(c, end_locked, &x) : 0;
}
