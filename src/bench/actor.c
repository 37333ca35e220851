/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "mqtt/props.h"
#include "net/transport.h"
#include "store/memory.h"

#define LEAVE_TIMEOUT (2 * CLOCK_SEC)

static struct actor *actor_of(struct conn *c)
{
	return CONTAINER_OF(c, struct actor, conn);
}

static struct worker *worker_of(const struct actor *a)
{
	return a->squad->worker;
}

static void count(struct actor *a, enum count what)
{
	worker_count(worker_of(a), what, 1);
}

static void add_progress(atomic_uint_fast64_t *v, int n)
{
	atomic_fetch_add_explicit(v, (uint_fast64_t)(int_fast64_t)n,
				  memory_order_relaxed);
}

static bool is_up(enum actor_state state)
{
	return state == ACTOR_SUBSCRIBING || state == ACTOR_READY;
}

static void set_state(struct actor *a, enum actor_state state)
{
	struct progress *p = &worker_of(a)->progress;

	if (is_up(a->state) != is_up(state))
		add_progress(&p->connected, is_up(state) ? 1 : -1);
	if ((a->state == ACTOR_READY) != (state == ACTOR_READY))
		add_progress(&p->ready, state == ACTOR_READY ? 1 : -1);
	if ((a->state == ACTOR_GONE) != (state == ACTOR_GONE))
		add_progress(&p->gone, state == ACTOR_GONE ? 1 : -1);
	a->state = (uint8_t)state;
}

/* ------------------------------------------------------------- connecting */

static void drop_attempt(struct actor *a)
{
	if (!a->attempt)
		return;
	loop_stop_timer(worker_of(a)->loop, &a->attempt->timer);
	buf_release(&a->attempt->text);
	free(STEAL(a->attempt));
}

static void reconnect_due(struct timer *t, uint64_t now)
{
	struct actor *a = CONTAINER_OF(t, struct attempt, timer)->actor;

	(void)now;
	worker_reconnect(worker_of(a), a, t->node.deadline);
}

static struct attempt *new_attempt(struct actor *a)
{
	if (a->attempt)
		return a->attempt;
	a->attempt = calloc(1, sizeof(*a->attempt));
	if (!a->attempt)
		return NULL;
	a->attempt->actor = a;
	a->attempt->timer.on_due = reconnect_due;
	return a->attempt;
}

static void give_up(struct actor *a)
{
	drop_attempt(a);
	set_state(a, ACTOR_GONE);
}

void actor_connect(struct actor *a, uint64_t due)
{
	struct worker *w = worker_of(a);

	a->since = due;
	if (!new_attempt(a)) {
		give_up(a);
		return;
	}
	if (actor_fill_attempt(a) < 0) {
		give_up(a);
		return;
	}
	w->pending++;
	set_state(a, ACTOR_CONNECTING);
	a->attempt->begun = loop_refresh_now(w->loop);
	a->attempt->ready = 0;
	if (!a->is_cleaner)
		worker_record_connect(w, due, a->attempt->begun);
	conn_start_on_loop(&a->conn, &a->attempt->target);
}

/* To the next target, unless its session is where it was. */
static void reconnect_later(struct actor *a, uint64_t delay)
{
	struct worker *w = worker_of(a);
	uint64_t due = clock_add(loop_refresh_now(w->loop), delay);

	if (w->is_over) {
		set_state(a, ACTOR_IDLE);
		return;
	}
	a->moves += !a->has_session;
	if (!new_attempt(a) ||
	    loop_set_timer(w->loop, &a->attempt->timer, due) < 0) {
		give_up(a);
		return;
	}
	set_state(a, ACTOR_IDLE);
}

static void on_phase(struct conn *c, enum conn_phase phase)
{
	struct actor *a = actor_of(c);
	uint64_t now = clock_boot();

	if (phase == CONN_HANDSHAKE) {
		a->attempt->resolved = dial_resolved_at(c->dial);
		a->attempt->connected = now;
	} else {
		a->attempt->ready = now;
	}
}

static enum timing timing_of(const struct stream_ops *layer)
{
	if (strcmp(layer->name, "tls") == 0)
		return TIMING_CONN_TLS;
	return strcmp(layer->name, "ws") == 0 ? TIMING_CONN_WS
					      : TIMING_CONN_PROXY;
}

static void record_connect(struct actor *a, uint64_t now)
{
	const struct attempt *at = a->attempt;
	struct hist *h = worker_of(a)->timings;

	if (at->looks_up)
		hist_record(&h[TIMING_CONN_DNS], at->resolved - at->begun);
	hist_record(&h[TIMING_CONN_TCP], at->connected - at->resolved);
	for (const struct stream *s = a->conn.stream; s->below; s = s->below)
		hist_record(&h[timing_of(s->ops)], s->up_at - s->below->up_at);
	hist_record(&h[TIMING_CONN_MQTT], now - at->ready);
	hist_record(&h[TIMING_CONN_TOTAL], now - a->since);
}

/* -------------------------------------------------------------------- up */

void actor_become_ready(struct actor *a)
{
	set_state(a, ACTOR_READY);
	actor_start_slow(a);
	actor_go_on(a);
	if (worker_of(a)->tidy.is_going)
		worker_feed(worker_of(a), a);
}

/* It has come only for its session to be dropped. */
static void leave_cleanly(struct actor *a)
{
	struct worker *w = worker_of(a);
	const struct disconnect bye = { 0 };

	mutex_lock(a->conn.lock);
	session_share_connect(a->conn.session, &a->squad->crew->connect);
	mutex_unlock(a->conn.lock);
	a->conn.target = actor_target(a);
	a->has_session = false;
	drop_attempt(a);
	worker_connect_over(w);
	set_state(a, ACTOR_LEAVING);
	conn_disconnect_on_loop(&a->conn, &bye,
				loop_now(w->loop) + LEAVE_TIMEOUT);
}

/* Can it not have expired since there is something to miss? */
static bool must_have_session(const struct actor *a, uint32_t expiry)
{
	const struct worker *w = worker_of(a);

	return a->keeps_session && w->has_begun &&
	       (expiry == UINT32_MAX ||
		expiry * CLOCK_SEC > clock_boot() - w->run->send_begin);
}

/* Unless its session has them. */
static void get_subscriptions(struct actor *a, bool has_session,
			      uint32_t expiry)
{
	bool is_member = a->is_present & 1u << FATE_KEPT;

	if (!has_session && !must_have_session(a, expiry))
		receiver_depart(a, FATE_KEPT);
	a->keeps_session = !a->squad->crew->group->mqtt.is_clean && expiry > 0;
	if (!has_session || !is_member) {
		actor_subscribe(a);
		return;
	}
	receiver_arrive(a, clock_boot());
	actor_become_ready(a);
}

static bool wants_session(const struct actor *a)
{
	const struct group *g = a->squad->crew->group;

	return g->mqtt.version == MQTT_5 ? g->mqtt.session_expiry > 0
					 : !g->mqtt.is_clean;
}

static void note_target(struct actor *a)
{
	a->been_at |= actor_target_bit(actor_target_number(a));
}

static void on_up(struct conn *c, const struct event_connack *ack)
{
	struct actor *a = actor_of(c);
	struct worker *w = worker_of(a);
	struct crew *crew = a->squad->crew;
	struct session_stats st;
	uint32_t expiry;
	uint16_t allowed;

	if (a->is_cleaner) {
		leave_cleanly(a);
		return;
	}
	if (!w->is_counted)
		record_connect(a, clock_boot());
	count(a, COUNT_CONNECTS);
	count(a, COUNT_CONNECTED);
	if (a->was_up)
		count(a, COUNT_RECONNECTS);
	actor_take_dropped(a, loop_now(w->loop));
	a->has_session = wants_session(a);
	mutex_lock(c->lock);
	session_share_connect(c->session, &crew->connect);
	session_stats(c->session, &st);
	allowed = session_limits(c->session)->receive_max;
	expiry = crew->group->mqtt.version == MQTT_5
			 ? session_limits(c->session)->session_expiry
			 : UINT32_MAX;
	mutex_unlock(c->lock);
	c->target = actor_target(a);
	a->window = allowed < crew->window ? allowed : crew->window;
	if (crew->group->publish_count)
		w->window = result_least(w->window, a->window);
	a->in_flight = (uint16_t)(st.awaiting_ack + st.awaiting_comp +
				  st.queued);
	a->is_blocked = false;
	/* What is sent anew may be too old for that by now. */
	a->has_old = st.queued > 0;
	if (a->has_old)
		worker_feed(w, a);
	a->was_up = true;
	note_target(a);
	drop_attempt(a);
	worker_connect_over(w);
	set_state(a, ACTOR_SUBSCRIBING);
	a->since = clock_boot();
	if (crew->receives && !w->is_counted)
		get_subscriptions(a, ack->packet.session_present, expiry);
	else
		actor_become_ready(a);
}

/* ------------------------------------------------------------------ down */

static void count_failed_connect(struct actor *a, const struct err *why)
{
	struct worker *w = worker_of(a);
	uint64_t waited = clock_boot() - a->attempt->begun;

	w->account.n[COUNT_CONNECTS]++;
	worker_add_cause(w, why);
	if (why->kind == ERR_REFUSED || why->kind == ERR_BUSY) {
		w->account.n[COUNT_CONN_REFUSED]++;
		w->account.connect_reasons[why->code & 0xff]++;
	} else if (why->code == ETIMEDOUT ||
		   waited >= a->attempt->target.connect_timeout) {
		w->account.n[COUNT_CONN_TIMED_OUT]++;
	} else {
		w->account.n[COUNT_CONN_FAILED]++;
	}
}

/* A CONNECT that was sent may have done its work even though nobody said so:
 * then there is a will, and a session, which is where it goes next. */
static void note_unanswered(struct actor *a, const struct err *why)
{
	bool is_refused = why &&
			  (why->kind == ERR_REFUSED || why->kind == ERR_BUSY);

	if (!a->attempt->ready || is_refused)
		return;
	note_target(a);
	a->has_session |= wants_session(a);
}

static void connect_failed(struct actor *a, const struct err *why)
{
	const struct group *g = a->squad->crew->group;
	uint32_t retries = a->squad->crew->run->scenario->connect.retries;
	struct worker *w = worker_of(a);

	note_unanswered(a, why);
	if (why && !w->is_counted)
		count_failed_connect(a, why);
	if (!why || w->is_over)
		give_up(a);
	else if (a->was_up ? g->reconnects : a->attempts++ < retries)
		reconnect_later(a, g->reconnect_delay);
	else
		give_up(a);
	worker_connect_over(w);
	if (w->tidy.helper == a)
		tidy_go_on(w);
}

/* From now on messages are not taken. */
static void depart(struct actor *a)
{
	if (a->receiver && !worker_of(a)->is_counted)
		receiver_depart(a, a->keeps_session ? FATE_DROPPED : FATE_KEPT);
}

/* What the broker keeps for a client that is not there may well come one
 * day: it is not lost. */
void actor_note_away(struct actor *a)
{
	if (!a->receiver || is_up(a->state))
		return;
	count(a, COUNT_AWAY);
	receiver_depart(a, FATE_KEPT);
}

static void on_down(struct conn *c, const struct err *why)
{
	struct actor *a = actor_of(c);
	struct worker *w = worker_of(a);
	const struct group *g = a->squad->crew->group;

	if (w->probed == a)
		w->probed = NULL;
	actor_stop_slow(a);
	actor_drop_requests(a);
	actor_wait_for_connection(a, loop_refresh_now(w->loop));
	depart(a);
	if (a->state == ACTOR_CONNECTING) {
		connect_failed(a, why);
		return;
	}
	if (a->state == ACTOR_LEAVING || w->is_over) {
		if (w->is_over || !a->is_leaver)
			set_state(a, ACTOR_GONE);
		else
			reconnect_later(a, g->churn.down);
		if (w->tidy.helper == a && !w->is_over)
			tidy_go_on(w);
		return;
	}
	count(a, COUNT_DISCONNECTS);
	if (why && !w->is_counted) {
		worker_add_cause(w, why);
		if (why->kind == ERR_LOST && why->code > 0x80 &&
		    why->code < 0x100)
			w->account.disconnect_reasons[why->code]++;
	}
	if (g->reconnects)
		reconnect_later(a, g->reconnect_delay);
	else
		set_state(a, ACTOR_GONE);
}

/* Sessions end with the run: what it left at the broker is tidied up. */
static void say_goodbye(struct actor *a)
{
	const struct crew *crew = a->squad->crew;
	struct disconnect bye = { 0 };
	struct buf props = { 0 };

	if (worker_of(a)->is_over && crew->group->mqtt.session_expiry &&
	    props_put_num(&props, PROP_SESSION_EXPIRY, 0) == 0) {
		bye.props = buf_view(&props);
		a->has_session = false;
	}
	conn_disconnect_on_loop(&a->conn, &bye,
				loop_now(worker_of(a)->loop) + LEAVE_TIMEOUT);
	buf_release(&props);
}

void actor_leave(struct actor *a, enum churn_how how)
{
	bool was_up = is_up(a->state);

	if (!was_up && a->state != ACTOR_CONNECTING) {
		drop_attempt(a);
		if (a->state == ACTOR_IDLE)
			set_state(a, ACTOR_GONE);
		return;
	}
	if (was_up) {
		a->is_leaver = !worker_of(a)->is_over;
		set_state(a, ACTOR_LEAVING);
		depart(a);
	}
	if (how == CHURN_DISCONNECT) {
		say_goodbye(a);
		return;
	}
	conn_abort_on_loop(&a->conn);
	on_down(&a->conn, NULL);
}

/* ---------------------------------------------------------------- events */

static void on_pong(struct actor *a, uint64_t now)
{
	struct worker *w = worker_of(a);

	if (w->probed != a)
		return;
	hist_record(&w->timings[TIMING_PING], now - w->probed_at);
	w->probed = NULL;
}

static void on_events(struct conn *c, const struct event *ev, size_t n)
{
	struct actor *a = actor_of(c);
	uint64_t now = loop_refresh_now(c->loop), delivery = 0;
	bool has_window = false;
	bool is_counted = worker_of(a)->is_counted;

	for (size_t i = 0; i < n; i++) {
		switch (ev[i].type) {
		case EVENT_MESSAGE:
			if (!is_counted)
				actor_on_message(a, &ev[i].message, now);
			delivery = ev[i].message.delivery;
			break;
		case EVENT_PUBLISHED:
			if (is_counted)
				break;
			actor_on_published(a, &ev[i].published, now);
			has_window = true;
			break;
		case EVENT_SUBACK:
			actor_on_suback(a, &ev[i].suback, now);
			break;
		case EVENT_UNSUBACK:
			actor_on_unsuback(a, &ev[i].suback, now);
			break;
		case EVENT_PONG:
			on_pong(a, now);
			break;
		default:
			break;
		}
	}
	if (delivery)
		actor_acknowledge(a, delivery, now);
	if (has_window)
		actor_go_on(a);
}

static void on_room_locked(struct conn *c)
{
	struct actor *a = actor_of(c);

	if (c->phase == CONN_UP)
		actor_note_output_locked(a);
	else
		actor_forget_output(a, loop_refresh_now(c->loop));
	if (!a->is_blocked || c->wants_write || c->phase != CONN_UP ||
	    session_output_len(c->session) > CONN_OUTPUT_LOW)
		return;
	a->is_blocked = false;
	worker_feed(worker_of(a), a);
}

static const struct conn_ops ops = {
	.on_phase = on_phase,
	.on_up = on_up,
	.on_events = on_events,
	.on_room_locked = on_room_locked,
	.on_down = on_down,
};

int actor_init(struct actor *a, struct squad *s, uint32_t place)
{
	const struct session_config config = {
		.inflight = s->crew->window,
		.aliases_out = s->crew->aliases,
	};
	struct store *store = memory_store_new(0);
	struct session *session = store ? session_new(store, &config) : NULL;

	a->squad = s;
	a->place = place;
	if (!session) {
		if (store)
			store->ops->free(store);
		return -1;
	}
	a->store = store;
	conn_init(&a->conn, s->worker->loop, session, &ops, NULL);
	if (s->crew->receives && receiver_join(a) < 0)
		return -1;
	return s->crew->is_slow ? actor_make_slow(a) : 0;
}

void actor_release(struct actor *a)
{
	if (!a->conn.session)
		return;
	conn_abort_on_loop(&a->conn);
	drop_attempt(a);
	actor_stop_slow(a);
	if (a->slow)
		free(a->slow->acks);
	free(a->slow);
	actor_stop_absence(a);
	free(a->backlog);
	if (!a->squad->crew->is_shared)
		receiver_free(a->receiver);
	conn_release(&a->conn);
	session_free(a->conn.session);
	a->store->ops->free(a->store);
}
