/* SPDX-License-Identifier: MIT */
#include "base/clock.h"
#include "config/resolve.h"

/* Look this often for what --enqueue has put into the store. */
#define REFRESH CLOCK_SEC

/* Options that make sense only with a store. */
static int check_needs(const struct settings *s, struct err *e)
{
	const size_t fields[] = {
		offsetof(struct settings, store.exactly_once),
		offsetof(struct settings, store.info),
		offsetof(struct settings, store.clear),
		offsetof(struct settings, pub.enqueue),
		offsetof(struct settings, pub.flush),
		offsetof(struct settings, pub.resume),
		offsetof(struct settings, typed.source_ack),
	};

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (settings_origin(s, fields[i])->kind != ORIGIN_DEFAULT)
			return err_set(e, ERR_USAGE, 0, "%s needs --store",
				       told_by(s, fields[i]));
	return 0;
}

#define FIELD(field) offsetof(struct settings, field)

/* Only one of the two can be done, or the second would be passed over: --flush
 * sends nothing new, and --enqueue has nothing to remember of its input. */
static int check_jobs(const struct settings *s, struct err *e)
{
	static const struct {
		size_t one, other;
	} pairs[] = {
		{ FIELD(pub.enqueue), FIELD(pub.flush) },
		{ FIELD(store.info), FIELD(store.clear) },
		{ FIELD(pub.flush), FIELD(typed.message) },
		{ FIELD(pub.flush), FIELD(pub.file) },
		{ FIELD(pub.flush), FIELD(typed.null_message) },
		{ FIELD(pub.flush), FIELD(typed.stdin_whole) },
		{ FIELD(pub.flush), FIELD(typed.stdin_lines) },
		{ FIELD(pub.enqueue), FIELD(pub.resume) },
		{ FIELD(pub.enqueue), FIELD(typed.source_ack) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		if (settings_origin(s, pairs[i].one)->kind != ORIGIN_DEFAULT &&
		    settings_origin(s, pairs[i].other)->kind != ORIGIN_DEFAULT)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s exclude each other",
				       told_by(s, pairs[i].one),
				       told_by(s, pairs[i].other));
	return 0;
}

static int check_exactly_once(const struct settings *s, struct err *e)
{
	if (!s->store.exactly_once)
		return 0;
	if (s->typed.qos != 2 && !s->pub.flush)
		return err_set(e, ERR_USAGE, 0, "%s needs --qos 2",
			       TOLD_BY(s, store.exactly_once));
	if (s->tool == TOOL_SUB && !s->sub.output)
		return err_set(e, ERR_USAGE, 0,
			       "%s needs --output FILE: what has been written "
			       "to a pipe can't be taken back",
			       TOLD_BY(s, store.exactly_once));
	return 0;
}

int resolve_store(struct settings *s, struct err *e)
{
	struct client_params *c = &s->client;
	struct typed *t = &s->typed;

	s->pub.source_ack = IS_SET(s, typed.source_ack) ? (int)t->source_ack
							: -1;
	c->queue_bytes = t->queue_bytes;
	c->queue_count = (size_t)t->queue_count;
	c->queue_policy = (enum client_queue_policy)t->queue_policy;
	if (!s->store.path)
		return check_needs(s, e);
	if (check_jobs(s, e) || check_exactly_once(s, e))
		return -1;
	s->store.has_given_id = IS_SET(s, typed.id) ||
				IS_SET(s, typed.id_prefix);
	if (s->store.exactly_once && !IS_SET(s, typed.on_session_loss))
		t->on_session_loss = SESSION_LOSS_HOLD;
	c->session.on_loss = (enum session_loss)t->on_session_loss;
	c->store_refresh = s->tool == TOOL_PUB ? REFRESH : 0;
	return 0;
}
