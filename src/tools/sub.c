/* SPDX-License-Identifier: MIT */
/*
 * mqtt-sub: subscribes and writes what arrives.
 *
 * The main thread connects, subscribes and then only waits for an end; the
 * receive thread does the rest (tools/subscriber.h).
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "mqtt/reason.h"
#include "tools/subscriber.h"

/* After --timeout the output has this long to take what is there. */
#define LATE_FLUSH CLOCK_SEC

/* By when an answer has to be there. */
static uint64_t answer_deadline(const struct tool_run *t)
{
	uint64_t time = t->settings.run.ack_timeout;

	return clock_earlier(t->deadline, time ? clock_add(clock_boot(), time)
					       : CLOCK_NEVER);
}

/* Why there is no answer: e is what the client said. */
static int no_answer(struct tool_run *t, const char *what, struct err *e)
{
	char text[64];

	if (e->kind != ERR_TIMEOUT)
		return -1;
	if (clock_boot() >= t->deadline) {
		snprintf(text, sizeof(text), "%s was not answered", what);
		return tool_timed_out(t, text, e);
	}
	return err_set(e, ERR_INCOMPLETE, 0,
		       "broker '%s' did not answer the %s within %.3g s",
		       tool_server(t).name, what,
		       (double)t->settings.run.ack_timeout / CLOCK_SEC);
}

static void describe_refusal(struct tool_run *t, struct bytes filter,
			     uint8_t reason, const char *verb, struct err *e)
{
	char shown[256];

	text_visible(shown, sizeof(shown), filter);
	err_set(e, ERR_SUBSCRIBE, reason,
		"cannot %s '%s': broker '%s' refused it: %s (0x%02x)", verb,
		shown, tool_server(t).name, reason_text(reason), reason);
}

static void tell_downgrade(struct bytes filter, unsigned wanted,
			   unsigned granted)
{
	char shown[256];

	text_visible(shown, sizeof(shown), filter);
	log_line(LOG_WARN, "subscribed to '%s' with QoS %u instead of %u",
		 shown, granted, wanted);
}

/* Shows every refusal; e has the last one. */
static size_t count_refused(struct tool_run *t, const struct subscribe *s,
			    const struct client_answer *a, const char *verb,
			    struct err *e)
{
	size_t refused = 0;

	for (size_t i = 0; i < s->count && i < a->count; i++) {
		struct bytes filter = s->filters[i].filter;
		unsigned wanted = s->filters[i].options & 3;

		if (a->reasons[i] >= 0x80) {
			if (refused++)
				tool_report(e);
			describe_refusal(t, filter, a->reasons[i], verb, e);
			if (a->text && *a->text)
				err_prefix(e, "%.160s", a->text);
		} else if (a->reasons[i] < wanted) {
			tell_downgrade(filter, wanted, a->reasons[i]);
		}
	}
	return refused;
}

/* Some filters may be refused if --partial-ok says so, but not all. */
static int subscribe_all(struct subscriber *s, struct err *e)
{
	const struct sub_settings *o = s->settings;
	struct tool_run *t = s->tool;
	size_t granted = 0, refused = 0;
	struct client_answer a;
	struct err last;

	for (size_t i = 0; i < o->subscribe_count; i++) {
		const struct subscribe *p = &o->subscribes[i];
		size_t n;

		if (client_subscribe(t->client, p, answer_deadline(t), &a, e))
			return no_answer(t, "subscription", e);
		last = *e;
		n = count_refused(t, p, &a, "subscribe to", e);
		client_answer_release(&a);
		if (n && !o->partial_ok)
			return -1;
		if (n && refused)
			tool_report(&last);
		refused += n;
		granted += p->count - n;
	}
	if (refused && granted)
		tool_report(e);
	return refused && !granted ? -1 : 0;
}

static int unsubscribe_all(struct subscriber *s, struct err *e)
{
	const struct subscribe *p = &s->settings->unsubscribe;
	struct tool_run *t = s->tool;
	struct client_answer a;
	size_t n;

	if (!p->count)
		return 0;
	if (client_unsubscribe(t->client, p, answer_deadline(t), &a, e))
		return no_answer(t, "unsubscription", e);
	n = count_refused(t, p, &a, "unsubscribe from", e);
	client_answer_release(&a);
	return n ? -1 : 0;
}

static uint64_t idle_deadline(struct subscriber *s)
{
	uint64_t idle = s->tool->settings.run.idle_timeout;

	return idle ? clock_add(atomic_load(&s->heard_at), idle) : CLOCK_NEVER;
}

/* --timeout or --idle-timeout may have come. */
static void check_time(struct subscriber *s)
{
	struct tool_run *t = s->tool;
	struct err e = { 0 };

	if (clock_boot() >= t->deadline) {
		if (s->settings->count)
			err_set(&e, ERR_TIMEOUT, 0,
				"only %ju of %ju messages came within the %.3g s of --timeout",
				(uintmax_t)atomic_load(&s->count),
				(uintmax_t)s->settings->count,
				(double)t->settings.run.timeout / CLOCK_SEC);
		else
			err_set(&e, ERR_TIMEOUT, 0,
				"time is up: the %.3g s of --timeout have passed",
				(double)t->settings.run.timeout / CLOCK_SEC);
		subscriber_end(s, &e);
	} else if (clock_boot() >= idle_deadline(s)) {
		subscriber_end(s, NULL);
	}
}

/* Waits until something ends the reception. */
static void wait_over(struct subscriber *s)
{
	struct pollfd fd[1];

	while (!atomic_load(&s->is_over) &&
	       (tool_wait(s->tool, fd, 1,
			  clock_earlier(s->tool->deadline, idle_deadline(s))) ||
		clock_boot() <
			clock_earlier(s->tool->deadline, idle_deadline(s))))
		;
	if (!atomic_load(&s->is_over))
		check_time(s);
}

static int too_late(const struct subscriber *s, struct err *e)
{
	if (subscriber_check_numbers(s, e))
		return -1;
	return err_set(e, tool_is_stopping(s->tool) ? ERR_TIMEOUT : ERR_LOCAL,
		       0, "output took not all messages in time");
}

/* Waits until all that came has been written. */
static int wait_written(struct subscriber *s, struct err *e)
{
	struct tool_run *t = s->tool;
	uint64_t time = t->settings.run.drain_timeout;
	uint64_t until = time ? clock_add(clock_boot(), time) : CLOCK_NEVER;
	struct pollfd fd[1];

	if (t->deadline != CLOCK_NEVER)
		until = clock_earlier(until,
				      clock_add(t->deadline, LATE_FLUSH));
	while (!atomic_load(&s->is_finished))
		if (!tool_wait(t, fd, 1, until))
			return too_late(s, e);
	if (!s->has_failed)
		return 0;
	*e = s->failure;
	return -1;
}

static int check_removals(struct subscriber *s, struct err *e)
{
	struct tool_run *t = s->tool;

	if (!s->settings->remove_retained)
		return 0;
	if (client_drain(t->client, answer_deadline(t), e))
		return -1;
	return refusals_report(&s->removal.refusals, tool_server(t).name,
			       "retained messages", e);
}

static int receive(struct subscriber *s, struct err *e)
{
	if (tool_connect(s->tool, e))
		return -1;
	/* A wait may have been cut short because there is nothing left to
	 * wait for. */
	if (subscribe_all(s, e) || unsubscribe_all(s, e))
		return e->kind == ERR_STATE && atomic_load(&s->is_over) ? 0
									: -1;
	if (s->settings->exit_subscribed)
		subscriber_end(s, NULL);
	else
		wait_over(s);
	return 0;
}

/* Whatever the reason: what has come is written, and then DISCONNECT. */
static int wind_up(struct subscriber *s, int ret, struct err *e)
{
	struct err other;

	if (ret)
		subscriber_end(s, e);
	if (wait_written(s, &other)) {
		*e = other;
		ret = -1;
	}
	if (!ret && check_removals(s, e))
		ret = -1;
	if (client_state(s->tool->client) == CLIENT_CONNECTED &&
	    tool_disconnect(s->tool, &other) && !ret) {
		*e = other;
		ret = -1;
	}
	return ret;
}

static int run(struct tool_run *t, struct err *e)
{
	struct subscriber *s = calloc(1, sizeof(*s));
	struct client_handlers h;
	int ret;

	if (!s)
		return err_nomem(e);
	ret = subscriber_init(s, t, &h, e);
	if (ret == 0)
		ret = tool_start(t, &h, e);
	if (ret == 0) {
		subscriber_start(s);
		ret = wind_up(s, receive(s, e), e);
	}
	tool_end(t);
	subscriber_release(s);
	free(s);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct tool_program sub = { TOOL_SUB, "mqtt-sub", run };

	(void)argc;
	return tool_main(&sub, argv);
}
