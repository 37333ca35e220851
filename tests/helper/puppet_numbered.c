/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/parse.h"
#include "bench/pcg.h"
#include "mqtt/topic.h"

/*
 * What must not be forgotten is written before it has consequences: an id
 * before its PUBLISH, a PUBREC before the PUBREL, a PUBCOMP before the id is
 * used again. One write serves all packets that came in together, so there
 * is often something that a restart takes back: then that PUBLISH or PUBREL
 * is sent once more, as it may be.
 */

enum {
	IDS = 64,   /* few, so that each is used often */
	STEPS = 10, /* of a message, at which one may die */
};

enum state { PUBLISHED, RELEASED, COMPLETED };

struct flight {
	uint64_t number;
	uint16_t pid;
	enum state state, written;
	bool is_due;   /* to be sent on this connection */
	bool was_sent; /* perhaps; then it is a duplicate */
};

struct numbered {
	const struct numbered_rules *rules;
	struct pcg random;
	double risk;    /* to die at a step */
	uint64_t begun; /* the last number that has got an id */
	bool is_over;
	size_t count;
	struct flight flights[IDS]; /* in the order of their numbers */
};

int numbered_read(struct numbered_rules *r, char **words, struct err *e)
{
	char *equals;
	uint64_t *to;

	*r = (struct numbered_rules){ .window = 20 };
	if (!words[0] || !words[1])
		return err_set(e, ERR_USAGE, 0, "numbered TOPIC COUNT ...");
	r->topic = words[0];
	if (parse_uint(words[1], 1, UINT32_MAX, &r->count, e) < 0)
		return -1;
	for (words += 2; *words; words++) {
		equals = strchr(*words, '=');
		to = !equals                          ? NULL
		     : !strncmp(*words, "window=", 7) ? &r->window
		     : !strncmp(*words, "deaths=", 7) ? &r->deaths
		     : !strncmp(*words, "seed=", 5)   ? &r->seed
						      : NULL;
		if (!to)
			return err_set(e, ERR_USAGE, 0, "what is '%s'?",
				       *words);
		if (parse_uint(equals + 1, 0, UINT32_MAX, to, e) < 0)
			return -1;
	}
	return 0;
}

/* ------------------------------------------------------------- writing */

static void write_all(struct numbered *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n->count; i++) {
		struct flight f = n->flights[i];

		if (f.state == COMPLETED)
			continue;
		f.is_due |= f.state != f.written;
		f.written = f.state;
		n->flights[kept++] = f;
	}
	n->count = kept;
}

/* A restart: what was written is all that is known. */
static void take_back(struct numbered *n)
{
	for (size_t i = 0; i < n->count; i++) {
		n->flights[i].state = n->flights[i].written;
		n->flights[i].was_sent = true;
	}
}

/* Returns whether the connection is over. */
static bool dies(struct conn *c, struct numbered *n, const char *step)
{
	bool restarts, resets;

	if (c->is_shut || pcg_unit(&n->random) > n->risk)
		return c->is_shut;
	restarts = pcg_below(&n->random, 2);
	resets = pcg_below(&n->random, 2);
	puppet_log(c->puppet, "%u dies %s restart=%d", c->number, step,
		   restarts);
	if (restarts)
		take_back(n);
	conn_shut(c, resets);
	return true;
}

/* ------------------------------------------------------------- sending */

static void send_publish(struct conn *c, struct numbered *n, struct flight *f)
{
	struct fields p = { .topic = bytes_str(n->rules->topic), .qos = 2 };
	char number[24];

	if (dies(c, n, "before publish"))
		return;
	snprintf(number, sizeof(number), "%" PRIu64, f->number);
	p.payload = bytes_str(number);
	p.pid = f->pid;
	p.dup = f->was_sent;
	f->was_sent = true;
	f->is_due = false;
	c->deliveries++;
	rule_send(c, PACKET_PUBLISH, &p);
	dies(c, n, "after publish");
}

static void send_pubrel(struct conn *c, struct numbered *n, struct flight *f)
{
	struct fields p = { .pid = f->pid };

	if (dies(c, n, "before pubrel"))
		return;
	f->is_due = false;
	rule_send(c, PACKET_PUBREL, &p);
	dies(c, n, "after pubrel");
}

/* 5.0 section 4.9: a PUBREL does not count. */
static bool has_room(const struct conn *c, const struct numbered *n)
{
	return c->deliveries < c->receive_max &&
	       c->deliveries < n->rules->window;
}

static void send_due(struct conn *c, struct numbered *n)
{
	for (size_t i = 0; i < n->count && !c->is_shut; i++) {
		struct flight *f = &n->flights[i];

		if (f->is_due && f->state == RELEASED)
			send_pubrel(c, n, f);
		else if (f->is_due && has_room(c, n))
			send_publish(c, n, f);
	}
}

static bool is_used(const struct numbered *n, uint16_t pid)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->flights[i].pid == pid)
			return true;
	return false;
}

/* The message and its id are written with that. */
static void begin_next(struct numbered *n)
{
	uint16_t pid = (uint16_t)pcg_below(&n->random, IDS);

	while (is_used(n, (uint16_t)(pid + 1)))
		pid = (uint16_t)((pid + 1) % IDS);
	n->flights[n->count++] = (struct flight){
		.number = ++n->begun,
		.pid = (uint16_t)(pid + 1),
		.is_due = true,
	};
}

void numbered_settle(struct conn *c)
{
	struct numbered *n = c->session ? c->session->numbered : NULL;

	if (!n || dies(c, n, "before write"))
		return;
	write_all(n);
	if (dies(c, n, "after write"))
		return;
	send_due(c, n);
	while (!c->is_shut && n->begun < n->rules->count && n->count < IDS &&
	       has_room(c, n)) {
		begin_next(n);
		send_publish(c, n, &n->flights[n->count - 1]);
	}
	if (!n->count && n->begun == n->rules->count && !n->is_over) {
		n->is_over = true;
		puppet_log(c->puppet, "%u delivered all", c->number);
	}
}

/* ----------------------------------------------------------- receiving */

static struct flight *find(struct numbered *n, uint16_t pid)
{
	for (size_t i = 0; i < n->count; i++)
		if (n->flights[i].pid == pid)
			return &n->flights[i];
	return NULL;
}

/* [MQTT-4.6.0-3]: in the order of the PUBLISHes. */
static bool is_first_published(const struct numbered *n, const struct flight *f)
{
	const struct flight *i = n->flights;

	while (i != f && (i->state != PUBLISHED || i->is_due))
		i++;
	return i == f;
}

static const char *take_pubrec(struct numbered *n, struct flight *f,
			       const struct ack *p)
{
	if (!f || f->state != PUBLISHED || f->is_due)
		return "PUBREC of nothing";
	if (p->reason)
		return "PUBREC refuses";
	if (!is_first_published(n, f))
		return "PUBREC out of order";
	f->state = RELEASED;
	return NULL;
}

static const char *take_pubcomp(struct conn *c, struct flight *f)
{
	if (!f || f->written != RELEASED || f->state != RELEASED || f->is_due)
		return "PUBCOMP of nothing";
	f->state = COMPLETED;
	if (c->deliveries)
		c->deliveries--;
	return NULL;
}

bool numbered_handle(struct conn *c, enum packet_type type, const struct ack *p)
{
	struct numbered *n = c->session ? c->session->numbered : NULL;
	bool is_rec = type == PACKET_PUBREC;
	const char *fault;

	if (!n || (!is_rec && type != PACKET_PUBCOMP))
		return false;
	if (dies(c, n, is_rec ? "before pubrec" : "before pubcomp"))
		return true;
	fault = is_rec ? take_pubrec(n, find(n, p->pid), p)
		       : take_pubcomp(c, find(n, p->pid));
	if (fault)
		puppet_log(c->puppet, "%u error %s: %u", c->number, fault,
			   (unsigned)p->pid);
	dies(c, n, is_rec ? "after pubrec" : "after pubcomp");
	return true;
}

/* ------------------------------------------------------------ sessions */

void numbered_begin(struct conn *c)
{
	const struct numbered_rules *r = &c->puppet->numbered;
	struct session *s = c->session;
	const struct sub *sub = s->subs;

	while (sub && r->count &&
	       (!topic_matches(buf_view(&sub->filter), bytes_str(r->topic)) ||
		(sub->options & 3) != 2))
		sub = sub->next;
	if (!sub || !r->count || s->numbered)
		return;
	s->numbered = calloc(1, sizeof(*s->numbered));
	if (!s->numbered)
		return;
	s->numbered->rules = r;
	s->numbered->risk = (double)r->deaths / ((double)r->count * STEPS);
	pcg_init(&s->numbered->random, r->seed, 1);
}

void numbered_resume(struct numbered *n)
{
	write_all(n);
	for (size_t i = 0; i < n->count; i++)
		n->flights[i].is_due = true;
}

void numbered_free(struct numbered *n)
{
	free(n);
}
