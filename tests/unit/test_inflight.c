/* SPDX-License-Identifier: MIT */
/* Every pair of state and event, written down a second time from the
 * specification: section 4.3 of MQTT 5 and the rules for unknown ids. */
#include "mqtt/inflight.h"

#include "test.h"

struct out_row {
	enum out_state state;
	enum out_event event;
	struct out_step step;
};

static const struct out_row out_rows[] = {
	/* An answer to nothing: late, or of a session we do not know. */
	{ OUT_FREE, OUT_PUBACK, { OUT_FREE, OUT_IGNORE } },
	{ OUT_FREE, OUT_PUBACK_BAD, { OUT_FREE, OUT_IGNORE } },
	{ OUT_FREE, OUT_PUBREC, { OUT_FREE, OUT_REL_UNKNOWN } },
	{ OUT_FREE, OUT_PUBREC_BAD, { OUT_FREE, OUT_IGNORE } },
	{ OUT_FREE, OUT_PUBCOMP, { OUT_FREE, OUT_IGNORE } },
	{ OUT_FREE, OUT_SUBACK, { OUT_FREE, OUT_IGNORE } },
	{ OUT_FREE, OUT_UNSUBACK, { OUT_FREE, OUT_IGNORE } },
	/* QoS 1: PUBACK ends it, good or bad. */
	{ OUT_QOS1, OUT_PUBACK, { OUT_FREE, OUT_COMPLETE } },
	{ OUT_QOS1, OUT_PUBACK_BAD, { OUT_FREE, OUT_REFUSE } },
	{ OUT_QOS1, OUT_PUBREC, { OUT_QOS1, OUT_ERROR } },
	{ OUT_QOS1, OUT_PUBREC_BAD, { OUT_QOS1, OUT_ERROR } },
	{ OUT_QOS1, OUT_PUBCOMP, { OUT_QOS1, OUT_ERROR } },
	{ OUT_QOS1, OUT_SUBACK, { OUT_QOS1, OUT_ERROR } },
	{ OUT_QOS1, OUT_UNSUBACK, { OUT_QOS1, OUT_ERROR } },
	/* QoS 2: PUBREC releases it, an error ends it, some brokers answer
	 * with PUBACK. */
	{ OUT_QOS2, OUT_PUBACK, { OUT_FREE, OUT_DOWNGRADE } },
	{ OUT_QOS2, OUT_PUBACK_BAD, { OUT_FREE, OUT_DOWNGRADE } },
	{ OUT_QOS2, OUT_PUBREC, { OUT_RELEASED, OUT_RELEASE } },
	{ OUT_QOS2, OUT_PUBREC_BAD, { OUT_FREE, OUT_REFUSE } },
	{ OUT_QOS2, OUT_PUBCOMP, { OUT_QOS2, OUT_ERROR } },
	{ OUT_QOS2, OUT_SUBACK, { OUT_QOS2, OUT_ERROR } },
	{ OUT_QOS2, OUT_UNSUBACK, { OUT_QOS2, OUT_ERROR } },
	/* Released: PUBREL is repeated, the PUBLISH never. */
	{ OUT_RELEASED, OUT_PUBACK, { OUT_RELEASED, OUT_ERROR } },
	{ OUT_RELEASED, OUT_PUBACK_BAD, { OUT_RELEASED, OUT_ERROR } },
	{ OUT_RELEASED, OUT_PUBREC, { OUT_RELEASED, OUT_REL_AGAIN } },
	{ OUT_RELEASED, OUT_PUBREC_BAD, { OUT_RELEASED, OUT_ERROR } },
	{ OUT_RELEASED, OUT_PUBCOMP, { OUT_FREE, OUT_COMPLETE } },
	{ OUT_RELEASED, OUT_SUBACK, { OUT_RELEASED, OUT_ERROR } },
	{ OUT_RELEASED, OUT_UNSUBACK, { OUT_RELEASED, OUT_ERROR } },
	/* Requests: only their own answer counts. */
	{ OUT_SUBSCRIBE, OUT_PUBACK, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_SUBSCRIBE, OUT_PUBACK_BAD, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_SUBSCRIBE, OUT_PUBREC, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_SUBSCRIBE, OUT_PUBREC_BAD, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_SUBSCRIBE, OUT_PUBCOMP, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_SUBSCRIBE, OUT_SUBACK, { OUT_FREE, OUT_COMPLETE } },
	{ OUT_SUBSCRIBE, OUT_UNSUBACK, { OUT_SUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_PUBACK, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_PUBACK_BAD, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_PUBREC, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_PUBREC_BAD, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_PUBCOMP, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_SUBACK, { OUT_UNSUBSCRIBE, OUT_ERROR } },
	{ OUT_UNSUBSCRIBE, OUT_UNSUBACK, { OUT_FREE, OUT_COMPLETE } },
};

struct in_row {
	enum in_state state;
	enum in_event event;
	struct in_step step;
};

static const struct in_row in_rows[] = {
	{ IN_NEW, IN_PUBLISH, { IN_PENDING, IN_DELIVER } },
	{ IN_NEW, IN_PUBREL, { IN_NEW, IN_COMP_UNKNOWN } },
	{ IN_NEW, IN_ACCEPT, { IN_NEW, IN_IGNORE } },
	{ IN_NEW, IN_REFUSE, { IN_NEW, IN_IGNORE } },
	{ IN_PENDING, IN_PUBLISH, { IN_PENDING, IN_IGNORE } },
	{ IN_PENDING, IN_PUBREL, { IN_PENDING, IN_COMP_UNKNOWN } },
	{ IN_PENDING, IN_ACCEPT, { IN_HELD, IN_REC } },
	{ IN_PENDING, IN_REFUSE, { IN_NEW, IN_REC_BAD } },
	{ IN_STALE, IN_PUBLISH, { IN_PENDING, IN_ADOPT } },
	{ IN_STALE, IN_PUBREL, { IN_STALE, IN_COMP_UNKNOWN } },
	{ IN_STALE, IN_ACCEPT, { IN_HELD, IN_KEEP } },
	{ IN_STALE, IN_REFUSE, { IN_NEW, IN_FORGET } },
	{ IN_HELD, IN_PUBLISH, { IN_HELD, IN_REC_AGAIN } },
	{ IN_HELD, IN_PUBREL, { IN_NEW, IN_COMP } },
	{ IN_HELD, IN_ACCEPT, { IN_HELD, IN_IGNORE } },
	{ IN_HELD, IN_REFUSE, { IN_HELD, IN_IGNORE } },
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static void every_outbound_pair(void)
{
	bool seen[OUT_STATES][OUT_EVENTS] = { { false } };

	for (size_t i = 0; i < COUNT(out_rows); i++) {
		const struct out_row *row = &out_rows[i];
		struct out_step step = inflight_out(row->state, row->event);

		is_int(step.next, row->step.next, "row %zu", i);
		is_int(step.action, row->step.action, "row %zu", i);
		seen[row->state][row->event] = true;
	}
	for (int state = 0; state < OUT_STATES; state++)
		for (int event = 0; event < OUT_EVENTS; event++)
			ok(seen[state][event], "%d x %d", state, event);
}

static void every_inbound_pair(void)
{
	bool seen[IN_STATES][IN_EVENTS] = { { false } };

	for (size_t i = 0; i < COUNT(in_rows); i++) {
		const struct in_row *row = &in_rows[i];
		struct in_step step = inflight_in(row->state, row->event);

		is_int(step.next, row->step.next, "row %zu", i);
		is_int(step.action, row->step.action, "row %zu", i);
		seen[row->state][row->event] = true;
	}
	for (int state = 0; state < IN_STATES; state++)
		for (int event = 0; event < IN_EVENTS; event++)
			ok(seen[state][event], "%d x %d", state, event);
}

/* An id is given back exactly when the exchange has ended. */
static void actions_agree_with_states(void)
{
	for (size_t i = 0; i < COUNT(out_rows); i++) {
		const struct out_row *row = &out_rows[i];
		struct out_step step = inflight_out(row->state, row->event);
		bool ends = step.action == OUT_COMPLETE ||
			    step.action == OUT_REFUSE ||
			    step.action == OUT_DOWNGRADE;

		is_int(ends, row->state != OUT_FREE && step.next == OUT_FREE,
		       "row %zu", i);
		if (step.action == OUT_ERROR)
			is_int(step.next, row->state, "row %zu", i);
	}
}

TEST_MAIN(T(every_outbound_pair), T(every_inbound_pair),
	  T(actions_agree_with_states))
