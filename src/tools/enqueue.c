/* SPDX-License-Identifier: MIT */
#include "tools/enqueue.h"

#include "base/clock.h"
#include "mqtt/topic.h"
#include "store/sqlite.h"
#include "tools/pub_input.h"

#define BATCH 512

static int put_all(struct store *s, const struct publish *messages,
		   size_t count, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (!s->ops->put(s, &messages[i], 0, clock_boot(), e))
			return -1;
	return s->ops->commit(s, e);
}

static int put_repeated(const struct tool_run *t, struct store *s,
			const struct publish *m, struct err *e)
{
	for (uint64_t i = 0; i < t->settings.pub.repeat; i++)
		if (!s->ops->put(s, m, 0, clock_boot(), e))
			return -1;
	return s->ops->commit(s, e);
}

static int copy(const struct tool_run *t, struct pub_input *in, struct store *s,
		struct err *e)
{
	bool is_one = t->settings.pub.source != PUB_LINES;
	struct publish messages[BATCH];
	size_t count;

	for (size_t i = 0; i < BATCH; i++)
		messages[i] = t->settings.pub.publish;
	for (;;) {
		switch (pub_input_next(in, messages, is_one ? 1 : BATCH, &count,
				       e)) {
		case PUB_INPUT_GOT:
			if (is_one)
				return put_repeated(t, s, messages, e);
			if (put_all(s, messages, count, e))
				return -1;
			break;
		case PUB_INPUT_WAIT:
			if (tool_await_input(t, pub_input_fd(in), e))
				return -1;
			break;
		case PUB_INPUT_END:
			return 0;
		case PUB_INPUT_FAIL:
			return -1;
		}
	}
}

int enqueue(struct tool_run *t, struct err *e)
{
	const struct sqlite_options o = {
		.path = t->settings.store.path,
		.use = SQLITE_ENQUEUE,
		.survives_power_loss = t->settings.store.durability == 1,
	};
	struct pub_input *in = pub_input_new(&t->settings.pub, e);
	struct store *s = in ? sqlite_store_open(&o, clock_boot(), e) : NULL;
	int ret = s ? copy(t, in, s, e) : -1;

	if (s)
		s->ops->free(s);
	pub_input_free(in);
	return ret;
}
