/* SPDX-License-Identifier: MIT */
#include "puppet_step.h"

#include "base/parse.h"

static int run_on(struct run *r, struct err *e)
{
	return rule_add(r->p, r->args, e);
}

static int run_clear(struct run *r, struct err *e)
{
	(void)e;
	r->p->rule_count = 0;
	return 0;
}

static int run_connack(struct run *r, struct err *e)
{
	(void)e;
	r->p->behaviour.connack = r->args;
	return 0;
}

static int run_session(struct run *r, struct err *e)
{
	uint64_t n = 0;

	if (r->args[0] && !strcmp(r->args[0], "auto")) {
		r->p->behaviour.session_present = -1;
		return 0;
	}
	if (!r->args[0] || parse_uint(r->args[0], 0, 1, &n, e) < 0)
		return err_set(e, ERR_USAGE, 0, "expected 0, 1 or auto");
	r->p->behaviour.session_present = (int)n;
	return 0;
}

/* versions 3 4 else connack|connack3|close */
static int run_versions(struct run *r, struct err *e)
{
	struct behaviour *b = &r->p->behaviour;
	char **word = r->args;
	uint64_t n = 0;

	b->versions = 0;
	for (; *word && strcmp(*word, "else") != 0; word++) {
		if (parse_uint(*word, MQTT_3_1, MQTT_5, &n, e) < 0)
			return -1;
		b->versions |= 1u << n;
	}
	if (!*word || !word[1])
		return 0;
	if (!strcmp(word[1], "connack"))
		b->refusal = REFUSE_V5;
	else if (!strcmp(word[1], "connack3"))
		b->refusal = REFUSE_V3;
	else if (!strcmp(word[1], "close"))
		b->refusal = REFUSE_CLOSE;
	else
		return err_set(e, ERR_USAGE, 0,
			       "expected connack, connack3 or close");
	return 0;
}

static int run_numbered(struct run *r, struct err *e)
{
	return numbered_read(&r->p->numbered, r->args, e);
}

static int run_release(struct run *r, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < r->p->conn_count; i++)
		if (!r->p->conns[i]->is_shut)
			conn_release_held(r->p->conns[i]);
	return 0;
}

static int run_fragment(struct run *r, struct err *e)
{
	struct conn *c = r->p->current;
	uint64_t n = 0;

	if (step_need_current(r, e) < 0)
		return -1;
	if (!r->args[0] || parse_uint(r->args[0], 0, UINT32_MAX, &n, e) < 0)
		return err_set(e, ERR_USAGE, 0, "expected a number of bytes");
	c->fragment = n;
	c->pace = 0;
	if (r->args[1] && !strcmp(r->args[1], "every"))
		return step_time(r->args[2], &c->pace, e);
	return 0;
}

static int run_flag(struct run *r, struct err *e)
{
	const char *name = r->words[0];
	struct conn *c = r->p->current;

	if (step_need_current(r, e) < 0)
		return -1;
	if (!strcmp(name, "hear"))
		c->is_deaf = false;
	else
		c->is_corked = !strcmp(name, "cork");
	conn_flush(c, clock_now());
	return 0;
}

const struct step setting_steps[] = {
	{ "on", run_on },
	{ "clear", run_clear },
	{ "connack", run_connack },
	{ "session-present", run_session },
	{ "versions", run_versions },
	{ "numbered", run_numbered },
	{ "release", run_release },
	{ "fragment", run_fragment },
	{ "cork", run_flag },
	{ "uncork", run_flag },
	{ "hear", run_flag },
	{ 0 },
};
