/* SPDX-License-Identifier: MIT */
/* The table of states, all 5 x 8 cells, and random walks over it. */
#include <stdlib.h>

#include "client/state.h"
#include "test.h"

struct cell {
	enum state_input in;
	enum client_state from, to;
	enum state_error result;
};

#define D CLIENT_DISCONNECTED
#define G CLIENT_CONNECTING
#define U CLIENT_CONNECTED
#define X CLIENT_DISCONNECTING
#define C CLIENT_CLOSED

static const struct cell cells[] = {
	{ STATE_CALL_CONNECT, D, G, STATE_OK },
	{ STATE_CALL_CONNECT, G, G, STATE_IS_CONNECTING },
	{ STATE_CALL_CONNECT, U, U, STATE_IS_CONNECTED },
	{ STATE_CALL_CONNECT, X, X, STATE_IS_DISCONNECTING },
	{ STATE_CALL_CONNECT, C, C, STATE_IS_CLOSED },
	{ STATE_CALL_DISCONNECT, D, D, STATE_NOT_CONNECTED },
	{ STATE_CALL_DISCONNECT, G, X, STATE_OK },
	{ STATE_CALL_DISCONNECT, U, X, STATE_OK },
	{ STATE_CALL_DISCONNECT, X, X, STATE_IS_DISCONNECTING },
	{ STATE_CALL_DISCONNECT, C, C, STATE_IS_CLOSED },
	{ STATE_CALL_CLOSE, D, C, STATE_OK },
	{ STATE_CALL_CLOSE, G, G, STATE_IS_CONNECTING },
	{ STATE_CALL_CLOSE, U, U, STATE_IS_CONNECTED },
	{ STATE_CALL_CLOSE, X, X, STATE_CLOSE_LATER },
	{ STATE_CALL_CLOSE, C, C, STATE_IGNORED },
	{ STATE_CALL_PUBLISH, D, D, STATE_NEEDS_CONNECTION },
	{ STATE_CALL_PUBLISH, G, G, STATE_NEEDS_CONNECTION },
	{ STATE_CALL_PUBLISH, U, U, STATE_IGNORED },
	{ STATE_CALL_PUBLISH, X, X, STATE_NEEDS_CONNECTION },
	{ STATE_CALL_PUBLISH, C, C, STATE_IS_CLOSED },
	{ STATE_GOT_CONNACK, D, D, STATE_IGNORED },
	{ STATE_GOT_CONNACK, G, U, STATE_OK },
	{ STATE_GOT_CONNACK, U, U, STATE_SECOND_CONNACK },
	{ STATE_GOT_CONNACK, X, X, STATE_IGNORED },
	{ STATE_GOT_CONNACK, C, C, STATE_IGNORED },
	{ STATE_GOT_FAILURE, D, D, STATE_IGNORED },
	{ STATE_GOT_FAILURE, G, X, STATE_OK },
	{ STATE_GOT_FAILURE, U, X, STATE_OK },
	{ STATE_GOT_FAILURE, X, X, STATE_IGNORED },
	{ STATE_GOT_FAILURE, C, C, STATE_IGNORED },
	{ STATE_TEARDOWN_DONE, D, D, STATE_IGNORED },
	{ STATE_TEARDOWN_DONE, G, D, STATE_OK },
	{ STATE_TEARDOWN_DONE, U, D, STATE_OK },
	{ STATE_TEARDOWN_DONE, X, D, STATE_OK },
	{ STATE_TEARDOWN_DONE, C, C, STATE_IGNORED },
	{ STATE_RETRY, D, G, STATE_OK },
	{ STATE_RETRY, G, G, STATE_IGNORED },
	{ STATE_RETRY, U, U, STATE_IGNORED },
	{ STATE_RETRY, X, X, STATE_IGNORED },
	{ STATE_RETRY, C, C, STATE_IGNORED },
};

static void every_cell_is_as_the_table_says(void)
{
	size_t n = sizeof(cells) / sizeof(cells[0]);

	is_int(n, STATE_INPUTS * STATE_COUNT);
	for (size_t i = 0; i < n; i++) {
		enum client_state s = cells[i].from;

		is_int(state_apply(&s, cells[i].in), cells[i].result,
		       "input %d in %s", cells[i].in,
		       state_name(cells[i].from));
		is_int(s, cells[i].to, "input %d in %s", cells[i].in,
		       state_name(cells[i].from));
	}
}

/* D2: a late CONNACK must not bring back what was given up. */
static void late_success_resurrects_nothing(void)
{
	enum client_state s = CLIENT_CONNECTING;

	is_int(state_apply(&s, STATE_CALL_DISCONNECT), STATE_OK);
	is_int(state_apply(&s, STATE_GOT_CONNACK), STATE_IGNORED);
	is_int(s, CLIENT_DISCONNECTING);
	is_int(state_apply(&s, STATE_TEARDOWN_DONE), STATE_OK);
	is_int(state_apply(&s, STATE_GOT_CONNACK), STATE_IGNORED);
	is_int(s, CLIENT_DISCONNECTED);
}

/* D1: close during a disconnect is remembered, and done after teardown. */
static void close_while_disconnecting_comes_later(void)
{
	enum client_state s = CLIENT_DISCONNECTING;

	is_int(state_apply(&s, STATE_CALL_CLOSE), STATE_CLOSE_LATER);
	is_int(state_apply(&s, STATE_TEARDOWN_DONE), STATE_OK);
	is_int(state_apply(&s, STATE_CALL_CLOSE), STATE_OK);
	is_int(s, CLIENT_CLOSED);
}

static bool is_legal(enum client_state from, enum client_state to)
{
	static const bool legal[STATE_COUNT][STATE_COUNT] = {
		[D] = { [G] = true, [C] = true },
		[G] = { [U] = true, [X] = true, [D] = true },
		[U] = { [X] = true, [D] = true },
		[X] = { [D] = true },
	};

	return from == to || legal[from][to];
}

static void random_walks_make_legal_steps_only(void)
{
	enum client_state s = CLIENT_DISCONNECTED, before;
	bool held = true;

	srand(1);
	for (int i = 0; i < 100000 && held; i++) {
		before = s;
		(void)state_apply(&s,
				  (enum state_input)(rand() % STATE_INPUTS));
		held = is_legal(before, s);
		if (before == CLIENT_CLOSED && i % 16 == 0)
			s = CLIENT_DISCONNECTED; /* a new client */
	}
	ok(held, "%s to %s", state_name(before), state_name(s));
}

static void refusals_have_errors_of_their_own(void)
{
	static const enum state_error all[] = {
		STATE_IS_CONNECTED,     STATE_NOT_CONNECTED,
		STATE_IS_DISCONNECTING, STATE_NEEDS_CONNECTION,
		STATE_IS_CONNECTING,    STATE_IS_CLOSED,
	};
	struct err e;

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		is_int(state_refuse(&e, all[i], "connect", CLIENT_CLOSED), -1);
		is_int(e.kind, ERR_STATE);
		is_int(e.code, (int)all[i]);
		is_str(e.text, "cannot connect while closed");
	}
	state_refuse(&e, STATE_IN_HANDLER, "drain", CLIENT_CONNECTED);
	is_str(e.text, "cannot wait for 'drain' in a handler");
}

TEST_MAIN(T(every_cell_is_as_the_table_says),
	  T(late_success_resurrects_nothing),
	  T(close_while_disconnecting_comes_later),
	  T(random_walks_make_legal_steps_only),
	  T(refusals_have_errors_of_their_own))
