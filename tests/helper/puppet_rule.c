/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <stdlib.h>

#include "base/parse.h"
#include "dump.h"
#include "mqtt/reason.h"

/* "3", "3+" or "all". */
static int read_range(const char *word, struct rule *r, struct err *e)
{
	char text[32];
	size_t n = strlen(word);

	r->from = 1;
	r->to = UINT64_MAX;
	if (!strcmp(word, "all"))
		return 0;
	if (n == 0 || n >= sizeof(text))
		return err_set(e, ERR_USAGE, 0, "'%s' is not N, N+ or all",
			       word);
	memcpy(text, word, n + 1);
	if (text[n - 1] == '+')
		text[n - 1] = '\0';
	if (parse_uint(text, 1, UINT32_MAX, &r->from, e) < 0)
		return -1;
	if (word[n - 1] != '+')
		r->to = r->from;
	return 0;
}

/* [conn N] send|recv TYPE RANGE ACTION... */
static int read_rule(char **words, struct rule *r, struct err *e)
{
	uint64_t n = 0;

	if (words[0] && words[1] && !strcmp(words[0], "conn")) {
		if (parse_uint(words[1], 1, UINT32_MAX, &n, e) < 0)
			return -1;
		r->conn = (unsigned)n;
		words += 2;
	}
	for (int i = 0; i < 4; i++)
		if (!words[i])
			return err_set(e, ERR_USAGE, 0,
				       "expected send or "
				       "recv, a packet type, which, an action");
	r->on_send = !strcmp(words[0], "send");
	r->type = dump_type_by_name(words[1]);
	if ((!r->on_send && strcmp(words[0], "recv") != 0) || !r->type)
		return err_set(e, ERR_USAGE, 0,
			       "'%s %s': expected send or "
			       "recv, and a packet type",
			       words[0], words[1]);
	r->action = words + 3;
	return read_range(words[2], r, e);
}

int rule_add(struct puppet *p, char **words, struct err *e)
{
	struct rule r = { 0 };

	if (p->rule_count == RULES_MAX)
		return err_set(e, ERR_USAGE, 0, "more than %d rules",
			       RULES_MAX);
	if (read_rule(words, &r, e) < 0)
		return -1;
	p->rules[p->rule_count++] = r;
	return 0;
}

const struct rule *rule_next(const struct conn *c, bool on_send,
			     enum packet_type type, size_t *pos)
{
	const struct puppet *p = c->puppet;
	uint64_t nth = on_send ? c->sent[type] : c->received[type];
	const struct rule *r;

	while (*pos < p->rule_count) {
		r = &p->rules[(*pos)++];
		if (r->on_send == on_send && r->type == type &&
		    (!r->conn || r->conn == c->number) && nth >= r->from &&
		    nth <= r->to)
			return r;
	}
	return NULL;
}

struct plan {
	int copies;
	uint64_t due;
};

/* Anything that is no action of its own changes the packet's fields. */
static int apply(const struct rule *r, struct plan *plan, struct fields *f,
		 struct err *e)
{
	uint64_t time = 0;

	if (!strcmp(r->action[0], "drop")) {
		plan->copies = 0;
	} else if (!strcmp(r->action[0], "duplicate")) {
		plan->copies = 2;
	} else if (!strcmp(r->action[0], "hold")) {
		plan->due = CLOCK_NEVER;
	} else if (!strcmp(r->action[0], "delay")) {
		if (!r->action[1] ||
		    parse_duration(r->action[1], CLOCK_MSEC, &time, e) < 0)
			return err_set(e, ERR_USAGE, 0, "delay what?");
		plan->due = clock_add(clock_now(), time);
	} else {
		return fields_read(f, r->action, e);
	}
	return 0;
}

static int post(struct conn *c, enum packet_type type, const struct fields *f,
		uint64_t due, struct err *e)
{
	struct outgoing *o = calloc(1, sizeof(*o));

	if (!o)
		return err_nomem(e);
	o->due = due;
	o->ends_flight = type == PACKET_PUBACK || type == PACKET_PUBCOMP ||
			 (type == PACKET_PUBREC &&
			  f->reason >= REASON_UNSPECIFIED);
	if (build_packet(&o->bytes, c->version, type, f, e) < 0) {
		buf_release(&o->bytes);
		free(o);
		return -1;
	}
	conn_post(c, o);
	return 0;
}

void rule_send(struct conn *c, enum packet_type type, struct fields *f)
{
	struct plan plan = { .copies = 1 };
	const struct rule *r;
	struct err e;
	size_t pos = 0;
	int rc = 0;

	if (c->is_shut || c->is_mute)
		return;
	c->sent[type]++;
	while (rc == 0 && (r = rule_next(c, true, type, &pos)) != NULL)
		rc = apply(r, &plan, f, &e);
	for (int i = 0; rc == 0 && i < plan.copies; i++)
		rc = post(c, type, f, plan.due, &e);
	if (rc < 0)
		puppet_log(c->puppet, "%u error %s", c->number, e.text);
}
