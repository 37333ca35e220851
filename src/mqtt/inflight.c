/* SPDX-License-Identifier: MIT */
#include "mqtt/inflight.h"

/*
 * An answer for an id that is free is harmless (it was late, or the broker
 * remembers more than we do) and is answered as 5.0 section 4.3.3 says; an
 * answer of the wrong kind for an id in use is an error, because it would
 * complete something that the broker has not done.
 */
static const struct out_step out_table[OUT_STATES][OUT_EVENTS] = {
	[OUT_FREE] = {
		[OUT_PUBACK] = { OUT_FREE, OUT_IGNORE },
		[OUT_PUBACK_BAD] = { OUT_FREE, OUT_IGNORE },
		[OUT_PUBREC] = { OUT_FREE, OUT_REL_UNKNOWN },
		[OUT_PUBREC_BAD] = { OUT_FREE, OUT_IGNORE },
		[OUT_PUBCOMP] = { OUT_FREE, OUT_IGNORE },
		[OUT_SUBACK] = { OUT_FREE, OUT_IGNORE },
		[OUT_UNSUBACK] = { OUT_FREE, OUT_IGNORE },
	},
	[OUT_QOS1] = {
		[OUT_PUBACK] = { OUT_FREE, OUT_COMPLETE },
		[OUT_PUBACK_BAD] = { OUT_FREE, OUT_REFUSE },
		[OUT_PUBREC] = { OUT_QOS1, OUT_ERROR },
		[OUT_PUBREC_BAD] = { OUT_QOS1, OUT_ERROR },
		[OUT_PUBCOMP] = { OUT_QOS1, OUT_ERROR },
		[OUT_SUBACK] = { OUT_QOS1, OUT_ERROR },
		[OUT_UNSUBACK] = { OUT_QOS1, OUT_ERROR },
	},
	[OUT_QOS2] = {
		[OUT_PUBACK] = { OUT_FREE, OUT_DOWNGRADE },
		[OUT_PUBACK_BAD] = { OUT_FREE, OUT_DOWNGRADE },
		[OUT_PUBREC] = { OUT_RELEASED, OUT_RELEASE },
		[OUT_PUBREC_BAD] = { OUT_FREE, OUT_REFUSE },
		[OUT_PUBCOMP] = { OUT_QOS2, OUT_ERROR },
		[OUT_SUBACK] = { OUT_QOS2, OUT_ERROR },
		[OUT_UNSUBACK] = { OUT_QOS2, OUT_ERROR },
	},
	[OUT_RELEASED] = {
		[OUT_PUBACK] = { OUT_RELEASED, OUT_ERROR },
		[OUT_PUBACK_BAD] = { OUT_RELEASED, OUT_ERROR },
		[OUT_PUBREC] = { OUT_RELEASED, OUT_REL_AGAIN },
		[OUT_PUBREC_BAD] = { OUT_RELEASED, OUT_ERROR },
		[OUT_PUBCOMP] = { OUT_FREE, OUT_COMPLETE },
		[OUT_SUBACK] = { OUT_RELEASED, OUT_ERROR },
		[OUT_UNSUBACK] = { OUT_RELEASED, OUT_ERROR },
	},
	[OUT_SUBSCRIBE] = {
		[OUT_PUBACK] = { OUT_SUBSCRIBE, OUT_ERROR },
		[OUT_PUBACK_BAD] = { OUT_SUBSCRIBE, OUT_ERROR },
		[OUT_PUBREC] = { OUT_SUBSCRIBE, OUT_ERROR },
		[OUT_PUBREC_BAD] = { OUT_SUBSCRIBE, OUT_ERROR },
		[OUT_PUBCOMP] = { OUT_SUBSCRIBE, OUT_ERROR },
		[OUT_SUBACK] = { OUT_FREE, OUT_COMPLETE },
		[OUT_UNSUBACK] = { OUT_SUBSCRIBE, OUT_ERROR },
	},
	[OUT_UNSUBSCRIBE] = {
		[OUT_PUBACK] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_PUBACK_BAD] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_PUBREC] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_PUBREC_BAD] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_PUBCOMP] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_SUBACK] = { OUT_UNSUBSCRIBE, OUT_ERROR },
		[OUT_UNSUBACK] = { OUT_FREE, OUT_COMPLETE },
	},
};

/*
 * IN_PENDING x IN_PUBREL: the server cannot have our PUBREC, so it means an
 * id of another life; the message goes on waiting for the application.
 */
static const struct in_step in_table[IN_STATES][IN_EVENTS] = {
	[IN_NEW] = {
		[IN_PUBLISH] = { IN_PENDING, IN_DELIVER },
		[IN_PUBREL] = { IN_NEW, IN_COMP_UNKNOWN },
		[IN_ACCEPT] = { IN_NEW, IN_IGNORE },
		[IN_REFUSE] = { IN_NEW, IN_IGNORE },
	},
	[IN_PENDING] = {
		[IN_PUBLISH] = { IN_PENDING, IN_IGNORE },
		[IN_PUBREL] = { IN_PENDING, IN_COMP_UNKNOWN },
		[IN_ACCEPT] = { IN_HELD, IN_REC },
		[IN_REFUSE] = { IN_NEW, IN_REC_BAD },
	},
	[IN_STALE] = {
		[IN_PUBLISH] = { IN_PENDING, IN_ADOPT },
		[IN_PUBREL] = { IN_STALE, IN_COMP_UNKNOWN },
		[IN_ACCEPT] = { IN_HELD, IN_KEEP },
		[IN_REFUSE] = { IN_NEW, IN_FORGET },
	},
	[IN_HELD] = {
		[IN_PUBLISH] = { IN_HELD, IN_REC_AGAIN },
		[IN_PUBREL] = { IN_NEW, IN_COMP },
		[IN_ACCEPT] = { IN_HELD, IN_IGNORE },
		[IN_REFUSE] = { IN_HELD, IN_IGNORE },
	},
};

struct out_step inflight_out(enum out_state state, enum out_event event)
{
	return out_table[state][event];
}

struct in_step inflight_in(enum in_state state, enum in_event event)
{
	return in_table[state][event];
}
