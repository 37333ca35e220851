/* SPDX-License-Identifier: MIT */
#include "puppet_step.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "dump.h"

static int send_words(struct conn *c, char **words, struct err *e)
{
	struct outgoing *o = calloc(1, sizeof(*o));
	enum packet_type type = dump_type_by_name(words[0]);
	struct fields f = { .pid = c->last_pid };
	int rc = -1;

	if (!o)
		return err_nomem(e);
	if (!strcmp(words[0], "hex")) {
		rc = build_hex(&o->bytes, words + 1, e);
	} else if (fields_read(&f, words + 1, e) == 0) {
		if (!buf_len(&f.reasons) &&
		    buf_append(&f.reasons, buf_view(&c->grants)) < 0)
			rc = err_nomem(e);
		else
			rc = build_packet(&o->bytes,
					  c->version ? c->version : MQTT_5,
					  type, &f, e);
	}
	fields_release(&f);
	if (rc == 0) {
		conn_post(c, o);
		return 0;
	}
	buf_release(&o->bytes);
	free(o);
	return -1;
}

int script_act(struct conn *c, char **words, struct err *e)
{
	if (!strcmp(words[0], "send") && words[1])
		return send_words(c, words + 1, e);
	if (!strcmp(words[0], "close"))
		c->is_ending = true;
	else if (!strcmp(words[0], "reset"))
		conn_shut(c, true);
	else if (!strcmp(words[0], "half-close") && !c->is_shut)
		shutdown(c->fd, SHUT_WR);
	else if (!strcmp(words[0], "mute"))
		c->is_mute = true;
	else if (!strcmp(words[0], "deaf"))
		c->is_deaf = true;
	else
		return err_set(e, ERR_USAGE, 0, "'%s' is no statement",
			       words[0]);
	return 0;
}

/* All that was sent is to be out before the script goes on. */
static int run_act(struct run *r, struct err *e)
{
	struct conn *c = r->p->current;

	if (step_need_current(r, e) < 0 || script_act(c, r->words, e) < 0)
		return -1;
	conn_flush(c, clock_now());
	while (!c->is_shut && c->end == CONN_OPEN && !c->is_corked &&
	       (buf_len(&c->out) || c->is_ending))
		if (step_turn(r, e) < 0)
			return -1;
	return 0;
}

static int run_accept(struct run *r, struct err *e)
{
	while (r->p->accepted == r->p->conn_count)
		if (step_turn(r, e) < 0)
			return -1;
	r->p->current = r->p->conns[r->p->accepted++];
	return 0;
}

static int run_use(struct run *r, struct err *e)
{
	uint64_t n = 0;

	if (step_count(r, 0, &n, e) < 0)
		return -1;
	if (n < 1 || n > r->p->conn_count)
		return err_set(e, ERR_USAGE, 0, "there is no such connection");
	r->p->current = r->p->conns[n - 1];
	return 0;
}

/* The broker takes over, also what came before it did. */
static void make_auto(struct conn *c)
{
	struct decoder d = { .side = DECODE_FROM_CLIENT };
	struct decode_result result;

	if (c->is_auto)
		return;
	c->is_auto = true;
	for (const struct entry *i = c->first; i; i = i->next) {
		d.version = c->version ? c->version : MQTT_5;
		if (decode_packet(&d, buf_view(&i->raw), &result) == DECODE_OK)
			broker_handle(c, &result.packet);
	}
	numbered_settle(c);
}

static int run_auto(struct run *r, struct err *e)
{
	if (step_need_current(r, e) < 0)
		return -1;
	make_auto(r->p->current);
	return 0;
}

static int run_serve(struct run *r, struct err *e)
{
	struct puppet *p = r->p;
	size_t from = p->accepted, ended;
	uint64_t wanted;

	if (step_count(r, UINT64_MAX, &wanted, e) < 0)
		return -1;
	p->serves = true;
	for (; p->accepted < p->conn_count; p->accepted++)
		make_auto(p->conns[p->accepted]);
	do {
		if (step_turn(r, e) < 0)
			return p->is_stopping && wanted == UINT64_MAX ? 0 : -1;
		ended = 0;
		for (size_t i = from; i < p->conn_count; i++)
			ended += step_has_ended(p->conns[i]);
	} while (ended < wanted);
	p->accepted = p->conn_count;
	p->serves = false;
	return 0;
}

const struct step act_steps[] = {
	{ "send", run_act },
	{ "close", run_act },
	{ "reset", run_act },
	{ "half-close", run_act },
	{ "mute", run_act },
	{ "deaf", run_act },
	{ "accept", run_accept },
	{ "use", run_use },
	{ "auto", run_auto },
	{ "serve", run_serve },
	{ 0 },
};
