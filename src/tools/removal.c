/* SPDX-License-Identifier: MIT */
#include "tools/removal.h"

void removal_init(struct removal *r, struct client *c)
{
	*r = (struct removal){ .client = c, .qos = 1 };
	refusals_init(&r->refusals);
}

void removal_release(struct removal *r)
{
	buf_release(&r->waiting);
	refusals_release(&r->refusals);
}

void removal_note_limits(struct removal *r, const struct session_limits *limits)
{
	r->qos = limits->max_qos < 1 ? 0 : 1;
}

bool removal_is_waiting(const struct removal *r)
{
	return buf_len(&r->waiting) != 0;
}

static struct bytes first_topic(const struct removal *r)
{
	struct bytes all = buf_view(&r->waiting);

	return bytes_of(all.p + 2, (size_t)all.p[0] << 8 | all.p[1]);
}

static int push(struct removal *r, struct err *e)
{
	while (removal_is_waiting(r)) {
		struct publish p = {
			.topic = first_topic(r),
			.payload = BYTES_LIT(""),
			.qos = r->qos,
			.retain = true,
		};

		if (client_post(r->client, &p, e) == 0)
			;
		else if (e->kind == ERR_LOCAL)
			return 0; /* no room yet */
		else if (e->kind == ERR_PUBLISH)
			refusals_add_local(&r->refusals, e->text);
		else
			return -1;
		buf_consume(&r->waiting, 2 + p.topic.n);
	}
	return 0;
}

int removal_add(struct removal *r, struct bytes topic, struct err *e)
{
	uint8_t size[2] = { (uint8_t)(topic.n >> 8), (uint8_t)topic.n };

	if (buf_append(&r->waiting, bytes_of(size, 2)) ||
	    buf_append(&r->waiting, topic))
		return err_nomem(e);
	return push(r, e);
}

int removal_note_published(struct removal *r, const struct event_published *p,
			   struct err *e)
{
	if (p->reason >= 0x80)
		refusals_add(&r->refusals, p->reason, p->props);
	return push(r, e);
}
