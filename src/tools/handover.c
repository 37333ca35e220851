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

void handover_acknowledge(struct handover *h, struct client *c)
{
	if (!h->is_due)
		return;
	/* Each acknowledges what came before it as well. */
	for (size_t i = 0; i < h->count; i++)
		client_refuse(c, h->refused[i], REASON_PAYLOAD_FORMAT);
	if (!h->count || h->refused[h->count - 1] != h->upto)
		client_acknowledge(c, h->upto);
	h->count = 0;
	h->is_due = false;
}
