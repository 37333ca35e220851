/* SPDX-License-Identifier: MIT */
/*
 * mqtt-pub: publishes an argument, a file, or stdin.
 *
 * The main thread reads records and hands them to the client in batches,
 * without ever waiting inside it: when there is no room it polls, and reads
 * no input meanwhile, so that a pipe pushes back on whoever fills it. The
 * receive thread counts what the broker confirms.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "tools/drain.h"
#include "tools/durable.h"
#include "tools/enqueue.h"
#include "tools/events.h"
#include "tools/pub_input.h"
#include "tools/refusals.h"
#include "tools/source.h"
#include "tools/tool.h"

#define BATCH 512

struct pub {
	struct tool_run *tool;
	const struct pub_settings *settings;
	struct pub_input *input;
	struct source source;
	struct refusals refusals;
	uint64_t accepted;      /* QoS 1 and 2 that the client took */
	uint64_t unacked_since; /* when it took the first of the open ones */
	uint64_t input_at;      /* when the last record came */
	uint64_t stop_by;       /* CLOCK_NEVER, or what a signal leaves us */
	bool is_stopping;

	/* Written by the receive thread. */
	atomic_bool is_up;
	atomic_uint_fast64_t completed; /* confirmed, refused or expired */
	atomic_uint_fast64_t confirmed;
	atomic_uint_fast64_t expired;
	atomic_uint_fast64_t dropped; /* the queue was full */
	atomic_uint_fast64_t progress_at;

	struct publish messages[BATCH];
	uint64_t tags[BATCH];
};

enum send {
	SEND_FAILED = -1,
	SEND_OK,
	SEND_ENDED, /* there is no more to be sent */
};

static void on_up(void *ctx, const struct client_up *up)
{
	struct pub *p = ctx;

	tool_note_up(p->tool, up);
	events_up(p->tool, up);
	atomic_store(&p->progress_at, clock_boot());
	atomic_store(&p->is_up, true);
	/* Acknowledgements are due from now on. */
	event_raise(client_event_fd(p->tool->client));
}

static void on_down(void *ctx, const struct client_down *down)
{
	struct pub *p = ctx;

	atomic_store(&p->is_up, false);
	tool_note_down(p->tool, down);
	events_down(p->tool, down);
}

/* One writer: no need for a locked instruction per message. */
static void count(atomic_uint_fast64_t *n)
{
	uint64_t was = atomic_load_explicit(n, memory_order_relaxed);

	atomic_store_explicit(n, was + 1, memory_order_relaxed);
}

static void on_published(void *ctx, const struct event_published *done)
{
	struct pub *p = ctx;

	if (done->reason >= 0x80)
		refusals_add(&p->refusals, done->reason, done->props);
	else if (done->expired)
		atomic_fetch_add(&p->expired, 1);
	else if (done->no_room)
		atomic_fetch_add(&p->dropped, 1);
	else
		count(&p->confirmed);
	tool_note_published(p->tool, done);
	count(&p->completed);
	atomic_store_explicit(&p->progress_at,
			      loop_now(client_loop(p->tool->client)),
			      memory_order_relaxed);
}

static void on_store(void *ctx, const struct client_store_event *ev)
{
	struct pub *p = ctx;

	durable_note(p->tool, ev);
	events_store(p->tool, ev);
}

static void on_attempt(void *ctx, const struct client_attempt *a)
{
	struct pub *p = ctx;

	tool_note_attempt(p->tool, a);
	events_attempt(p->tool, a);
}

static void on_heartbeat(void *ctx, const struct client_heartbeat *h)
{
	struct pub *p = ctx;

	tool_note_heartbeat(p->tool, h);
	events_heartbeat(p->tool, h);
}

static int on_status(void *ctx, struct buf *line)
{
	struct pub *p = ctx;
	uint64_t dropped = atomic_load(&p->dropped);

	if (buf_printf(line, ", %ju confirmed",
		       (uintmax_t)atomic_load(&p->confirmed)))
		return -1;
	return dropped ? buf_printf(line, ", %ju dropped", (uintmax_t)dropped)
		       : 0;
}

/* Messages of an earlier run, or of others, are waited for too. */
static bool has_unconfirmed(struct pub *p)
{
	struct session_stats st;

	if (!p->tool->store)
		return p->accepted != atomic_load(&p->completed);
	client_stats(p->tool->client, &st);
	return st.awaiting_ack || st.awaiting_comp;
}

/* When the next acknowledgement is overdue, if the wait for it did not begin
 * before `from`. */
static uint64_t ack_deadline(struct pub *p, uint64_t from)
{
	uint64_t progress_at = atomic_load(&p->progress_at);

	if (!p->tool->settings.run.ack_timeout || !has_unconfirmed(p))
		return CLOCK_NEVER;
	if (from < progress_at)
		from = progress_at;
	if (from < p->unacked_since)
		from = p->unacked_since;
	return clock_add(from, p->tool->settings.run.ack_timeout);
}

/* While there is input an outage may last: nothing is due meanwhile. */
static uint64_t stream_ack_deadline(struct pub *p)
{
	return atomic_load(&p->is_up) ? ack_deadline(p, 0) : CLOCK_NEVER;
}

static uint64_t idle_deadline(const struct pub *p)
{
	uint64_t idle = p->tool->settings.run.idle_timeout;

	return idle ? clock_add(p->input_at, idle) : CLOCK_NEVER;
}

static uint64_t drain_deadline(const struct pub *p)
{
	uint64_t time = p->tool->settings.run.drain_timeout;

	return time ? clock_add(clock_boot(), time) : CLOCK_NEVER;
}

/* A signal asked for an end: no more is read, what has been read is sent. */
static bool is_stopping(struct pub *p)
{
	if (!tool_is_stopping(p->tool))
		return false;
	if (!p->is_stopping) {
		p->is_stopping = true;
		pub_input_stop(p->input);
		p->stop_by = drain_deadline(p);
	}
	return true;
}

/* Waits until the client has something new, or, with an fd, input is there;
 * input that never comes ends the work. */
static enum send wait_for(struct pub *p, int fd, struct err *e)
{
	struct pollfd fds[2] = { [1] = { .fd = fd, .events = POLLIN } };
	uint64_t idle = fd < 0 ? CLOCK_NEVER : idle_deadline(p);
	uint64_t limit, until;

	(void)is_stopping(p); /* sets stop_by */
	limit = clock_earlier(p->tool->deadline, p->stop_by);
	until = clock_earlier(limit, idle);
	if (tool_wait(p->tool, fds, fd < 0 ? 1 : 2,
		      clock_earlier(until, stream_ack_deadline(p))))
		return client_has_failed(p->tool->client, e) ? SEND_FAILED
							     : SEND_OK;
	if (clock_boot() >= limit) {
		tool_timed_out(p->tool, "not everything was published", e);
		return SEND_FAILED;
	}
	if (clock_boot() < stream_ack_deadline(p))
		return clock_boot() < idle ? SEND_OK : SEND_ENDED;
	err_set(e, ERR_INCOMPLETE, 0, "acknowledgements are overdue");
	return SEND_FAILED;
}

/* The wait for the first of the open acknowledgements begins now. */
static void note_accepted(struct pub *p, size_t n)
{
	if (!n || !p->settings->publish.qos)
		return;
	if (p->accepted == atomic_load(&p->completed))
		p->unacked_since = clock_boot();
	p->accepted += n;
}

/* This broker's limits forbid a message: of many only that one is lost. */
static enum send take_refusal(struct pub *p, struct err *e)
{
	if (p->settings->source != PUB_LINES)
		return SEND_FAILED;
	refusals_add_local(&p->refusals, e->text);
	return SEND_OK;
}

static enum send publish(struct pub *p, size_t count, struct err *e)
{
	bool coalesce = p->tool->settings.run.coalesce;
	enum send s = SEND_OK;
	size_t done = 0, n;

	while (done < count && s == SEND_OK) {
		struct client_batch b = {
			.messages = p->messages + done,
			.tags = p->tags + done,
			.count = coalesce ? count - done : 1,
			/* With a store each batch is a transaction. */
			.flags = coalesce && !p->tool->store ? CLIENT_MORE : 0,
		};
		int ret = client_publish(p->tool->client, &b, 0, &n, e);

		note_accepted(p, n);
		done += n;
		if (ret == 0)
			continue;
		if (e->kind == ERR_PUBLISH) {
			s = take_refusal(p, e);
			done++;
		} else {
			s = e->kind == ERR_TIMEOUT ? wait_for(p, -1, e)
						   : SEND_FAILED;
		}
	}
	return s;
}

static enum send publish_lines(struct pub *p, size_t count, struct err *e)
{
	if (source_filter(&p->source, p->messages, &count, e))
		return SEND_FAILED;
	source_tag(&p->source, p->messages, count, p->tags);
	if (publish(p, count, e) != SEND_OK || source_confirm(&p->source, e))
		return SEND_FAILED;
	return SEND_OK;
}

/* The end of the input, or ours. */
static enum send finish_lines(struct pub *p, struct err *e)
{
	if (!p->is_stopping && source_finish(&p->source, e))
		return SEND_FAILED;
	return SEND_ENDED;
}

static enum send send_lines(struct pub *p, struct err *e)
{
	enum send s = SEND_OK;
	size_t count;

	while (s == SEND_OK) {
		(void)is_stopping(p);
		switch (pub_input_next(p->input, p->messages, BATCH, &count,
				       e)) {
		case PUB_INPUT_GOT:
			s = publish_lines(p, count, e);
			p->input_at = clock_boot();
			break;
		case PUB_INPUT_WAIT:
			client_flush(p->tool->client);
			s = wait_for(p, pub_input_fd(p->input), e);
			break;
		case PUB_INPUT_END:
			s = finish_lines(p, e);
			break;
		case PUB_INPUT_FAIL:
			s = SEND_FAILED;
			break;
		}
	}
	return s;
}

/* Waits until all that the client took is confirmed and written, as long as
 * the broker makes progress. */
static int drain(struct pub *p, struct err *e)
{
	uint64_t end = clock_earlier(clock_earlier(p->tool->deadline,
						   p->stop_by),
				     drain_deadline(p));
	uint64_t start = clock_boot(), limit;
	int ret;

	do {
		limit = clock_earlier(end, ack_deadline(p, start));
		ret = tool_drain(p->tool, limit, e);
	} while (ret && limit < end && clock_boot() >= limit &&
		 limit < ack_deadline(p, start));
	if (ret && e->kind == ERR_INCOMPLETE && limit < end &&
	    clock_boot() >= limit)
		return err_prefix(
			e, "broker '%s' has acknowledged nothing for %.3g s",
			tool_server(p->tool).name,
			(double)p->tool->settings.run.ack_timeout / CLOCK_SEC);
	return ret;
}

static enum send pause_between(struct pub *p, struct err *e)
{
	uint64_t until = clock_add(clock_boot(), p->settings->repeat_delay);
	uint64_t limit = clock_earlier(until, p->tool->deadline);
	struct pollfd fd[1];

	while (!is_stopping(p) && tool_wait(p->tool, fd, 1, limit))
		if (client_has_failed(p->tool->client, e))
			return SEND_FAILED;
	if (is_stopping(p))
		return SEND_ENDED;
	if (limit == until)
		return SEND_OK;
	tool_timed_out(p->tool, "not every repetition was published", e);
	return SEND_FAILED;
}

/* The delay counts from a delivery to the next publish. */
static enum send send_slowly(struct pub *p, struct err *e)
{
	enum send s = publish(p, 1, e);

	for (uint64_t i = 1; i < p->settings->repeat && s == SEND_OK; i++) {
		if (drain(p, e))
			return SEND_FAILED;
		s = pause_between(p, e);
		if (s == SEND_OK)
			s = publish(p, 1, e);
	}
	return s;
}

/* The one record is in the first message. */
static enum send send_record(struct pub *p, struct err *e)
{
	uint64_t left = p->settings->repeat;
	enum send s = SEND_OK;

	if (p->settings->repeat_delay)
		return send_slowly(p, e);
	for (size_t i = 1; i < BATCH && i < left; i++)
		p->messages[i].payload = p->messages[0].payload;
	while (left && s == SEND_OK && !is_stopping(p)) {
		size_t n = left < BATCH ? (size_t)left : BATCH;

		s = publish(p, n, e);
		left -= n;
	}
	return s;
}

/* What is one message is read before the broker is bothered, so that bad
 * input sends nothing. Signals end the process as ever. */
static int read_record(struct pub *p, struct err *e)
{
	enum pub_input_state s;
	size_t count;

	for (;;) {
		s = pub_input_next(p->input, p->messages, 1, &count, e);
		if (s != PUB_INPUT_WAIT)
			return s == PUB_INPUT_GOT ? 0 : -1;
		if (tool_await_input(p->tool, pub_input_fd(p->input), e))
			return -1;
	}
}

static int prepare(struct pub *p, struct err *e)
{
	if (p->settings->source == PUB_NOTHING)
		return durable_open(p->tool, e);
	p->input = pub_input_new(p->settings, e);
	if (!p->input)
		return -1;
	for (size_t i = 0; i < BATCH; i++)
		p->messages[i] = p->settings->publish;
	if (p->settings->source != PUB_LINES)
		return read_record(p, e);
	if (durable_open(p->tool, e))
		return -1;
	return source_open(&p->source, p->tool, p->input, e);
}

/* QoS 0 is done when it has been written. */
static int check_written(struct pub *p, struct err *e)
{
	struct session_stats st;

	client_stats(p->tool->client, &st);
	if (p->settings->publish.qos || !st.unwritten)
		return 0;
	return err_set(e, ERR_INCOMPLETE, 0,
		       "a lost connection left %u bytes of messages unwritten",
		       st.unwritten);
}

static int check_expired(struct pub *p, struct err *e)
{
	uint64_t n = atomic_load(&p->expired);

	if (!n)
		return 0;
	return err_set(e, ERR_INCOMPLETE, 0,
		       "%ju message%s expired before the broker took %s",
		       (uintmax_t)n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static int check_dropped(struct pub *p, struct err *e)
{
	uint64_t n = atomic_load(&p->dropped);

	if (!n)
		return 0;
	return err_set(e, ERR_INCOMPLETE, 0,
		       "%ju message%s dropped because the queue was full",
		       (uintmax_t)n, n == 1 ? " was" : "s were");
}

static int report_refusals(struct pub *p, struct err *e)
{
	char topic[256];

	text_visible(topic, sizeof(topic), p->settings->publish.topic);
	return refusals_report(&p->refusals, tool_server(p->tool).name, topic,
			       e);
}

/* A peer that breaks the protocol is what went wrong, whatever remains. */
static void keep_cause(struct pub *p, struct err *e)
{
	struct err cause;

	if (e->kind == ERR_INCOMPLETE &&
	    client_has_failed(p->tool->client, &cause) &&
	    cause.kind == ERR_PROTOCOL)
		e->kind = ERR_PROTOCOL;
}

/* ret and e: how sending ended. The worst of all that happened becomes e;
 * what is not worse but different is shown before it. */
static int conclude(struct pub *p, int ret, struct err *e)
{
	struct err other;

	if (drain(p, &other) || check_expired(p, &other)) {
		if (ret && (e->kind == ERR_LOCAL || atomic_load(&p->dropped)))
			tool_report(e);
		*e = other;
		keep_cause(p, e);
		ret = -1;
	}
	if (check_dropped(p, &other)) {
		if (ret)
			tool_report(&other);
		else
			*e = other;
		ret = -1;
	}
	if ((!ret || e->kind == ERR_TIMEOUT) && check_written(p, &other)) {
		*e = other;
		ret = -1;
	}
	if (report_refusals(p, &other)) {
		if (ret)
			tool_report(&other);
		else
			*e = other;
		ret = -1;
	}
	/* What is still to be written may need as much again. */
	pub_input_forget(p->input);
	if (!client_has_failed(p->tool->client, NULL) &&
	    tool_disconnect(p->tool, &other) && !ret) {
		*e = other;
		ret = -1;
	}
	return ret;
}

static int start(struct pub *p, struct err *e)
{
	static const struct client_handlers handlers = {
		.on_attempt = on_attempt,
		.on_up = on_up,
		.on_down = on_down,
		.on_published = on_published,
		.on_store = on_store,
		.on_heartbeat = on_heartbeat,
	};
	struct client_handlers h = handlers;

	h.ctx = p;
	p->tool->ctx = p;
	p->tool->on_status = on_status;
	if (tool_start(p->tool, &h, e))
		return -1;
	if (p->tool->settings.client.reconnect.retry_first &&
	    p->settings->source == PUB_LINES)
		return client_start_connect(p->tool->client, e);
	return tool_connect(p->tool, e);
}

static enum send send_all(struct pub *p, struct err *e)
{
	p->input_at = clock_boot();
	switch (p->settings->source) {
	case PUB_NOTHING:
		return SEND_ENDED;
	case PUB_LINES:
		return send_lines(p, e);
	default:
		return send_record(p, e);
	}
}

static int run(struct tool_run *t, struct err *e)
{
	struct pub *p;
	enum send s;
	int ret;

	if (t->settings.pub.enqueue)
		return enqueue(t, e);
	p = calloc(1, sizeof(*p));
	if (!p)
		return err_nomem(e);
	p->tool = t;
	p->settings = &t->settings.pub;
	p->stop_by = CLOCK_NEVER;
	refusals_init(&p->refusals);
	ret = prepare(p, e);
	if (ret == 0)
		ret = start(p, e);
	if (ret == 0) {
		s = send_all(p, e);
		ret = conclude(p, s == SEND_FAILED ? -1 : 0, e);
	}
	if (ret)
		durable_say_where(t, e);
	else
		ret = durable_check_rows(t, e);
	tool_end(t);
	source_release(&p->source);
	pub_input_free(p->input);
	refusals_release(&p->refusals);
	free(p);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct tool_program pub = { TOOL_PUB, "mqtt-pub", run };

	(void)argc;
	return tool_main(&pub, argv);
}
