/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_STATE_H
#define CLIENT_STATE_H

/*
 * The five states of a client and what each call or event does in each: one
 * table, no code elsewhere decides it. Pure; called under the connection's
 * mutex. A late success can never bring a connection back: CONNACK counts in
 * Connecting only.
 *
 *   Disconnected -> Connecting -> Connected -> Disconnecting -> Disconnected
 *                                                            -> Closed
 *
 * A call that is not legal has an error of its own. Their numbers are those
 * users of the Java client know (32100..32111), so that traces compare.
 */

#include "base/attr.h"
#include "base/err.h"
#include "client/client.h"

enum state_input {
	STATE_CALL_CONNECT,
	STATE_CALL_DISCONNECT,
	STATE_CALL_CLOSE,
	STATE_CALL_PUBLISH,  /* QoS 0 or subscribe: needs a connection */
	STATE_GOT_CONNACK,   /* accepted */
	STATE_GOT_FAILURE,   /* refused, or I/O failed, or protocol error */
	STATE_TEARDOWN_DONE, /* socket closed, session told */
	STATE_RETRY,         /* reconnect timer fired */
	STATE_INPUTS,
};

enum state_error {
	STATE_OK = 0,
	STATE_IGNORED = 1,     /* legal, nothing to do */
	STATE_CLOSE_LATER = 2, /* close remembered, done after teardown */
	STATE_IS_CONNECTED = 32100,
	STATE_NOT_CONNECTED = 32101,
	STATE_IS_DISCONNECTING = 32102,
	STATE_NEEDS_CONNECTION = 32104,
	STATE_IN_HANDLER = 32107,
	STATE_SECOND_CONNACK = 32108,
	STATE_IS_CONNECTING = 32110,
	STATE_IS_CLOSED = 32111,
};

#define STATE_COUNT 5

/* Applies an input: *state changes only when STATE_OK is returned. */
enum state_error state_apply(enum client_state *state, enum state_input in);

/* "connected" ... for traces and events. */
const char *state_name(enum client_state s);
/* Sets e (ERR_STATE) to "cannot <call> while <state>"; returns -1. */
int state_refuse(struct err *e, enum state_error why, const char *call,
		 enum client_state s);

#endif
