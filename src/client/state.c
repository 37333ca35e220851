/* SPDX-License-Identifier: MIT */
#include "client/state.h"

struct step {
	enum client_state next;
	enum state_error result;
};

#define GO(s)                        \
	{                            \
		CLIENT_##s, STATE_OK \
	}
#define NO(e)                                  \
	{                                      \
		CLIENT_DISCONNECTED, STATE_##e \
	}
#define STAY NO(IGNORED)

/* Rows: input. Columns: Disconnected, Connecting, Connected, Disconnecting,
 * Closed. */
static const struct step steps[STATE_INPUTS][STATE_COUNT] = {
	[STATE_CALL_CONNECT] = { GO(CONNECTING), NO(IS_CONNECTING),
				 NO(IS_CONNECTED), NO(IS_DISCONNECTING),
				 NO(IS_CLOSED) },
	[STATE_CALL_DISCONNECT] = { NO(NOT_CONNECTED), GO(DISCONNECTING),
				    GO(DISCONNECTING), NO(IS_DISCONNECTING),
				    NO(IS_CLOSED) },
	[STATE_CALL_CLOSE] = { GO(CLOSED), NO(IS_CONNECTING), NO(IS_CONNECTED),
			       NO(CLOSE_LATER), STAY },
	[STATE_CALL_PUBLISH] = { NO(NEEDS_CONNECTION), NO(NEEDS_CONNECTION),
				 STAY, NO(NEEDS_CONNECTION), NO(IS_CLOSED) },
	[STATE_GOT_CONNACK] = { STAY, GO(CONNECTED), NO(SECOND_CONNACK), STAY,
				STAY },
	[STATE_GOT_FAILURE] = { STAY, GO(DISCONNECTING), GO(DISCONNECTING),
				STAY, STAY },
	[STATE_TEARDOWN_DONE] = { STAY, GO(DISCONNECTED), GO(DISCONNECTED),
				  GO(DISCONNECTED), STAY },
	[STATE_RETRY] = { GO(CONNECTING), STAY, STAY, STAY, STAY },
};

enum state_error state_apply(enum client_state *state, enum state_input in)
{
	const struct step *s = &steps[in][*state];

	if (s->result == STATE_OK)
		*state = s->next;
	return s->result;
}

const char *state_name(enum client_state s)
{
	static const char *const names[STATE_COUNT] = {
		[CLIENT_DISCONNECTED] = "disconnected",
		[CLIENT_CONNECTING] = "connecting",
		[CLIENT_CONNECTED] = "connected",
		[CLIENT_DISCONNECTING] = "disconnecting",
		[CLIENT_CLOSED] = "closed",
	};

	return names[s];
}

int state_refuse(struct err *e, enum state_error why, const char *call,
		 enum client_state s)
{
	if (why == STATE_IN_HANDLER)
		return err_set(e, ERR_STATE, (int)why,
			       "cannot wait for '%s' in a handler", call);
	return err_set(e, ERR_STATE, (int)why, "cannot %s while %s", call,
		       state_name(s));
}
