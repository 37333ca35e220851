/* SPDX-License-Identifier: MIT */
#include "tools/events.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static bool is_on(const struct tool_run *t)
{
	return t->settings.run.events != 0;
}

/* What every event tells, after its name. */
static json_t *new_event(struct tool_run *t, const char *name)
{
	json_t *o = json_object();
	struct session_stats st = t->last;
	size_t waiting;

	if (t->client)
		client_stats(t->client, &st);
	waiting = st.awaiting_ack + st.awaiting_comp;
	if (!o ||
	    json_object_set_new(o, "time",
				json_real((double)clock_wall() / CLOCK_SEC)) ||
	    json_object_set_new(o, "event", json_string(name)) ||
	    (t->client &&
	     json_object_set_new(o, "state", json_string(tool_state(t)))) ||
	    json_object_set_new(o, "queued",
				json_integer((json_int_t)st.queued)) ||
	    json_object_set_new(o, "unacknowledged",
				json_integer((json_int_t)waiting))) {
		json_decref(o);
		return NULL;
	}
	return o;
}

/* Text that is no UTF-8 is left out: json_string() refuses it. */
static void set_text(json_t *o, const char *key, const char *text)
{
	if (text)
		(void)json_object_set_new(o, key, json_string(text));
}

static void write_event(const struct tool_run *t, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));
	int fd = (int)t->settings.run.events_fd;

	if (!text || dprintf(fd, "%s\n", text) < 0)
		log_line(LOG_WARN, "cannot write an event to descriptor %d",
			 fd);
	free(text);
	json_decref(o);
}

void events_attempt(struct tool_run *t, const struct client_attempt *a)
{
	json_t *o = is_on(t) ? new_event(t, "connecting") : NULL;

	if (!o)
		return;
	set_text(o, "server", a->server);
	(void)json_object_set_new(o, "attempt", json_integer(a->attempt));
	write_event(t, o);
}

void events_up(struct tool_run *t, const struct client_up *up)
{
	json_t *o = is_on(t) ? new_event(t, "connected") : NULL;
	const struct event_connack *ack = up->connack;

	if (!o)
		return;
	set_text(o, "server", up->server);
	set_text(o, "address", up->address);
	(void)json_object_set_new(o, "session_present",
				  json_boolean(ack->packet.session_present));
	(void)json_object_set_new(o, "resent",
				  json_integer((json_int_t)ack->resent));
	write_event(t, o);
}

void events_down(struct tool_run *t, const struct client_down *down)
{
	json_t *o = is_on(t) ? new_event(t, "lost") : NULL;

	if (!o)
		return;
	set_text(o, "server", down->server);
	set_text(o, "why", down->why->text);
	(void)json_object_set_new(o, "retry", json_boolean(down->will_retry));
	(void)json_object_set_new(o, "delay",
				  json_real((double)down->delay / CLOCK_SEC));
	(void)json_object_set_new(o, "attempt", json_integer(down->attempt));
	write_event(t, o);
}

void events_store(struct tool_run *t, const struct client_store_event *ev)
{
	json_t *o;

	if (!is_on(t))
		return;
	o = new_event(t, ev->why       ? "store_failed"
			 : ev->is_low  ? "store_low"
			 : ev->bad_row ? "store_bad_row"
			 : ev->took    ? "store_slow"
				       : "store_works");
	if (!o)
		return;
	if (ev->why)
		set_text(o, "why", ev->why->text);
	if (ev->bad_row)
		(void)json_object_set_new(
			o, "row", json_integer((json_int_t)ev->bad_row));
	if (ev->took)
		(void)json_object_set_new(
			o, "took", json_real((double)ev->took / CLOCK_SEC));
	write_event(t, o);
}

void events_heartbeat(struct tool_run *t, const struct client_heartbeat *h)
{
	static const char *const verdicts[] = {
		[CLIENT_BEAT_STARTS] = "start",
		[CLIENT_BEAT_ANSWERED] = "answered",
		[CLIENT_BEAT_LOST] = "lost",
	};
	json_t *o = is_on(t) ? new_event(t, "heartbeat") : NULL;

	if (!o)
		return;
	set_text(o, "verdict", verdicts[h->verdict]);
	(void)json_object_set_new(o, "interval",
				  json_real((double)h->interval / CLOCK_SEC));
	(void)json_object_set_new(o, "stable", json_boolean(h->is_settled));
	write_event(t, o);
}

void events_end(struct tool_run *t, int status, const char *why)
{
	json_t *o = is_on(t) ? new_event(t, "end") : NULL;

	if (!o)
		return;
	(void)json_object_set_new(o, "status", json_integer(status));
	set_text(o, "why", why);
	write_event(t, o);
}
