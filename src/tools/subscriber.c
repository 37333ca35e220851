/* SPDX-License-Identifier: MIT */
#include "tools/subscriber.h"

#include "base/clock.h"
#include "base/crash.h"
#include "base/log.h"
#include "base/text.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"
#include "mqtt/topic.h"
#include "tools/durable.h"
#include "tools/events.h"

/* Messages that pour in are written in blocks of at least this size. */
#define BLOCK ((size_t)256 * 1024)

enum {
	PAUSE_OUTPUT = 1,
	PAUSE_REMOVAL = 2,
};

static void pause_for(struct subscriber *s, unsigned why)
{
	if (!s->pauses)
		client_pause(s->tool->client);
	s->pauses |= why;
}

static void resume_from(struct subscriber *s, unsigned why)
{
	bool was_paused = s->pauses != 0;

	s->pauses &= ~why;
	if (was_paused && !s->pauses)
		client_resume(s->tool->client);
}

static void finish(struct subscriber *s)
{
	atomic_store(&s->is_finished, true);
	client_interrupt(s->tool->client);
}

/* Messages whose numbers may still come. */
static bool waits_for_numbers(const struct subscriber *s)
{
	return s->acks.is_open && ack_input_open(&s->acks);
}

/* Nothing waits to be written, or to be sent for that matter. */
static void check_finished(struct subscriber *s)
{
	if (atomic_load(&s->is_over) && !(s->pauses & PAUSE_OUTPUT) &&
	    !removal_is_waiting(&s->removal) && !waits_for_numbers(s) &&
	    !atomic_load(&s->is_finished))
		finish(s);
}

static void on_failed(void *ctx, const struct err *e);

/* What was taken over is acknowledged, unless its numbers do that. */
static int acknowledge(struct subscriber *s)
{
	struct err e;

	if (s->settings->ack == SUB_ACK_MANUAL)
		return 0;
	if (handover_acknowledge(&s->handover, s->tool->client, &e) == 0)
		return 0;
	on_failed(s, &e);
	return -1;
}

/* All that was to be written is. With a sink it is made safe first. */
static void written(struct subscriber *s, size_t n)
{
	crash_point();
	if (s->sink.path && n) {
		if (output_sync(s->output))
			return;
		s->sink.size += n;
		crash_point();
	}
	if (!s->handover.commits_first)
		(void)acknowledge(s);
}

static void flush(struct subscriber *s)
{
	size_t n = buf_len(output_buf(s->output));

	if (s->pauses & PAUSE_OUTPUT)
		return; /* on_drained follows */
	if (s->handover.commits_first && acknowledge(s))
		return;
	if (output_flush(s->output))
		written(s, n);
	else
		pause_for(s, PAUSE_OUTPUT);
}

static void note_failure(struct subscriber *s, const struct err *why)
{
	if (s->has_failed || !why || why->kind == ERR_NONE)
		return;
	s->has_failed = true;
	s->failure = *why;
}

static void end_here(struct subscriber *s, const struct err *why)
{
	if (atomic_exchange(&s->is_over, true))
		return;
	note_failure(s, why);
	/* Reading goes on: answers are still due. How long is up to the main
	 * thread, which is woken for that. */
	flush(s);
	check_finished(s);
	client_interrupt(s->tool->client);
}

static void on_drained(void *ctx)
{
	struct subscriber *s = ctx;

	written(s, 0);
	resume_from(s, PAUSE_OUTPUT);
	check_finished(s);
}

/* Nothing more can be written: there is nothing to wait for either. */
static void on_failed(void *ctx, const struct err *e)
{
	struct subscriber *s = ctx;

	if (atomic_load(&s->is_finished))
		return; /* all was written before the reader left */
	/* What is on its way out is lost: worse than what ended us so far. */
	s->has_failed = true;
	s->failure = *e;
	atomic_store(&s->is_over, true);
	finish(s);
}

static bool is_filtered_out(const struct subscriber *s, struct bytes topic)
{
	for (size_t i = 0; i < s->settings->filter_out_count; i++)
		if (topic_matches(s->settings->filter_out[i], topic))
			return true;
	return false;
}

/* Text that says it is UTF-8 and is not. */
static bool is_bad_text(const struct publish *p)
{
	return props_num(p->props, PROP_PAYLOAD_FORMAT, 0) == 1 &&
	       !text_is_utf8(p->payload);
}

static void refuse(struct subscriber *s, const struct event_message *m)
{
	char topic[256];
	struct err e;

	text_visible(topic, sizeof(topic), m->packet.topic);
	log_line(
		LOG_WARN,
		"message on '%s' refused: its payload is not UTF-8, as its format says",
		topic);
	if (handover_refuse(&s->handover, m->delivery)) {
		err_nomem(&e);
		end_here(s, &e);
	}
}

static void remove_retained(struct subscriber *s, const struct publish *p)
{
	struct err e;

	if (removal_add(&s->removal, p->topic, &e))
		end_here(s, &e);
	else if (removal_is_waiting(&s->removal))
		pause_for(s, PAUSE_REMOVAL);
}

/* Those that are not shown are handed over all the same. */
static bool is_wanted(struct subscriber *s, const struct publish *p)
{
	const struct sub_settings *o = s->settings;

	if (is_filtered_out(s, p->topic))
		return false;
	if (o->remove_retained && !p->payload.n)
		return false; /* our own removal comes back to us */
	if (o->remove_retained && p->retain)
		remove_retained(s, p);
	if (o->no_retained && p->retain)
		return false;
	return o->random_filter >= 100 ||
	       pcg_unit(&s->random) * 100 <= o->random_filter;
}

/* With the number in front; of JSON it is the first member. */
static int render_numbered(struct subscriber *s, const struct event_message *m,
			   uint64_t now, struct buf *out)
{
	bool is_json = s->settings->json;

	buf_clear(&s->scratch);
	if (format_render(s->format, &m->packet, now, &s->scratch) ||
	    buf_printf(out, is_json ? "{\"ack\":%ju," : "%ju ",
		       (uintmax_t)m->delivery))
		return -1;
	if (is_json)
		buf_consume(&s->scratch, 1);
	return buf_append(out, buf_view(&s->scratch));
}

static int render(struct subscriber *s, const struct event_message *m,
		  struct buf *out)
{
	uint64_t now = s->shows_time ? clock_wall() : 0;

	if (s->settings->ack == SUB_ACK_MANUAL && m->packet.qos)
		return render_numbered(s, m, now, out);
	return format_render(s->format, &m->packet, now, out);
}

static void show(struct subscriber *s, const struct event_message *m)
{
	struct buf *out = output_buf(s->output);
	struct err e;

	if (render(s, m, out)) {
		err_nomem(&e);
		end_here(s, &e);
		return;
	}
	atomic_store_explicit(&s->count, ++s->shown, memory_order_relaxed);
	if (buf_len(out) >= BLOCK)
		flush(s);
}

static void number(struct subscriber *s, const struct event_message *m,
		   bool is_shown)
{
	struct err e;

	if (ack_input_add(&s->acks, m->delivery, !is_shown || !m->packet.qos)) {
		err_nomem(&e);
		end_here(s, &e);
	}
}

static void on_message(void *ctx, const struct event_message *m)
{
	struct subscriber *s = ctx;
	const struct sub_settings *o = s->settings;
	const struct publish *p = &m->packet;
	bool is_shown;

	/* What is not taken over any more stays with the broker. */
	if (atomic_load_explicit(&s->is_over, memory_order_relaxed))
		return;
	atomic_store_explicit(&s->heard_at,
			      loop_now(client_loop(s->tool->client)),
			      memory_order_relaxed);
	if (o->retained_only && !p->retain) {
		end_here(s, NULL);
		return;
	}
	if (o->validate_utf8 && is_bad_text(p)) {
		refuse(s, m);
		return;
	}
	handover_take(&s->handover, m->delivery);
	is_shown = s->is_simple || is_wanted(s, p);
	if (o->ack == SUB_ACK_MANUAL)
		number(s, m, is_shown);
	if (!is_shown)
		return;
	show(s, m);
	if (s->shown == o->count)
		end_here(s, NULL);
}

static void on_batch_end(void *ctx)
{
	flush(ctx);
}

static void on_published(void *ctx, const struct event_published *p)
{
	struct subscriber *s = ctx;
	struct err e;

	if (removal_note_published(&s->removal, p, &e)) {
		end_here(s, &e);
		return;
	}
	if (!removal_is_waiting(&s->removal)) {
		resume_from(s, PAUSE_REMOVAL);
		check_finished(s);
	}
}

static void on_up(void *ctx, const struct client_up *up)
{
	struct subscriber *s = ctx;

	tool_note_up(s->tool, up);
	events_up(s->tool, up);
	removal_note_limits(&s->removal, up->limits);
	if (up->is_first)
		return;
	log_line(LOG_INFO, "connected to '%s' again", up->server);
	if (!up->connack->packet.session_present)
		log_line(
			LOG_WARN,
			"broker '%s' has no session of ours any more: messages may be missing",
			up->server);
}

static void on_attempt(void *ctx, const struct client_attempt *a)
{
	struct subscriber *s = ctx;

	tool_note_attempt(s->tool, a);
	events_attempt(s->tool, a);
}

static void on_heartbeat(void *ctx, const struct client_heartbeat *h)
{
	struct subscriber *s = ctx;

	tool_note_heartbeat(s->tool, h);
	events_heartbeat(s->tool, h);
}

static void on_down(void *ctx, const struct client_down *down)
{
	struct subscriber *s = ctx;

	tool_note_down(s->tool, down);
	events_down(s->tool, down);
	if (!down->will_retry)
		end_here(ctx, down->why);
}

/* Answers to what was subscribed again after a reconnect. */
static void on_resubscribed(void *ctx, const struct suback *a)
{
	struct subscriber *s = ctx;
	struct err e;

	for (size_t i = 0; i < a->reasons.n; i++) {
		uint8_t reason = a->reasons.p[i];

		if (reason < 0x80)
			continue;
		err_set(&e, ERR_SUBSCRIBE, reason,
			"cannot subscribe again: broker '%s' refused it: %s (0x%02x)",
			tool_server(s->tool).name, reason_text(reason), reason);
		if (!s->settings->partial_ok) {
			end_here(s, &e);
			return;
		}
		log_line(LOG_WARN, "%s", e.text);
	}
}

static void on_stop(void *ctx)
{
	end_here(ctx, NULL);
}

static void on_store(void *ctx, const struct client_store_event *ev)
{
	struct subscriber *s = ctx;

	durable_note(s->tool, ev);
	events_store(s->tool, ev);
}

/* Without numbers nothing can be acknowledged any more. */
static void on_numbers(void *ctx)
{
	struct subscriber *s = ctx;
	struct err e;

	if (!s->acks.is_open) {
		if (subscriber_check_numbers(s, &e))
			note_failure(s, &e);
		end_here(s, NULL);
	}
	check_finished(s);
}

int subscriber_check_numbers(const struct subscriber *s, struct err *e)
{
	size_t n = ack_input_open(&s->acks);

	if (!n)
		return 0;
	return err_set(e, ERR_INCOMPLETE, 0, "%zu message%s not acknowledged",
		       n, n == 1 ? " was" : "s were");
}

static int on_status(void *ctx, struct buf *line)
{
	struct subscriber *s = ctx;

	return buf_printf(line, ", %ju shown%s", (uintmax_t)s->shown,
			  s->pauses & PAUSE_OUTPUT ? ", output is full" : "");
}

static void run_attach(struct task *t)
{
	struct subscriber *s = CONTAINER_OF(t, struct subscriber, attach_task);
	struct err e;

	if (output_attach(s->output, client_loop(s->tool->client), &e) ||
	    (s->settings->ack == SUB_ACK_MANUAL &&
	     ack_input_attach(&s->acks, s->tool->client,
			      (int)s->settings->ack_fd, &e)))
		end_here(s, &e);
}

static void run_end(struct task *t)
{
	struct subscriber *s = CONTAINER_OF(t, struct subscriber, end_task);

	end_here(s, &s->end_why);
}

int subscriber_init(struct subscriber *s, struct tool_run *t,
		    struct client_handlers *ret_handlers, struct err *e)
{
	const struct sub_settings *o = &t->settings.sub;
	struct output_handlers h = { s, on_drained, on_failed };

	s->tool = t;
	s->settings = o;
	s->attach_task.run = run_attach;
	s->end_task.run = run_end;
	s->is_simple = !o->filter_out_count && !o->remove_retained &&
		       !o->no_retained && o->random_filter >= 100;
	pcg_init(&s->random, clock_wall(), 1);
	ack_input_init(&s->acks, on_numbers, s);
	s->handover.commits_first = o->at_most_once;
	if (durable_open(t, e) || sink_open(&s->sink, o->output, t->store, e))
		return -1;
	if (s->sink.path)
		s->handover.sink = &s->sink;
	s->output = output_new(o->output, &h, e);
	if (!s->output)
		return -1;
	s->format = format_new(o, output_is_terminal(s->output), e);
	if (!s->format)
		return -1;
	s->shows_time = format_shows_time(s->format);
	*ret_handlers = (struct client_handlers){
		.ctx = s,
		.on_attempt = on_attempt,
		.on_up = on_up,
		.on_down = on_down,
		.on_message = on_message,
		.on_batch_end = on_batch_end,
		.on_published = on_published,
		.on_resubscribed = on_resubscribed,
		.on_store = on_store,
		.on_heartbeat = on_heartbeat,
	};
	t->ctx = s;
	t->on_stop = on_stop;
	t->on_status = on_status;
	return 0;
}

void subscriber_start(struct subscriber *s)
{
	removal_init(&s->removal, s->tool->client);
	atomic_store(&s->heard_at, clock_boot());
	loop_post(client_loop(s->tool->client), &s->attach_task);
}

void subscriber_release(struct subscriber *s)
{
	output_free(s->output);
	format_free(s->format);
	handover_release(&s->handover);
	sink_release(&s->sink);
	ack_input_release(&s->acks);
	buf_release(&s->scratch);
	if (s->removal.client)
		removal_release(&s->removal);
}

void subscriber_end(struct subscriber *s, const struct err *why)
{
	s->end_why = why ? *why : (struct err){ 0 };
	loop_post(client_loop(s->tool->client), &s->end_task);
}
