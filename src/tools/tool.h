/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

/*
 * What every program does the same way: settings, the client, signals, the
 * exit status, and the one place that shows errors.
 *
 * tool_main() is the whole of a main function. The program's own part is
 * run(), on the main thread, which starts the client with tool_start() and
 * waits with tool_wait(). Signals are one more descriptor of the receive
 * thread: the first SIGINT or SIGTERM asks for an orderly stop, the second
 * ends the process at once, SIGUSR1 shows a status line.
 *
 * The tool owns the settings and the client.
 */

#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "client/client.h"
#include "client/sync.h"
#include "config/settings.h"

struct tool_run {
	const char *name;
	struct settings settings;
	uint64_t deadline;     /* of --timeout, or CLOCK_NEVER */
	struct store *store;   /* with --store, see tools/durable.h */
	struct client *client; /* after tool_start() */

	/* Set before tool_start(); on the receive thread. */
	void *ctx;
	/* The first SIGINT or SIGTERM came; every wait of the main thread
	 * but drain and disconnect ends. May be NULL. */
	void (*on_stop)(void *ctx);
	/* Adds the program's own numbers to the status line. */
	int (*on_status)(void *ctx, struct buf *line);

	/* Receive thread: for the status line. */
	uint32_t attempt;   /* rounds without a connection; 0: none */
	uint64_t retry_at;  /* clock_boot() of the next round; 0: none */
	uint64_t beat;      /* ns, of a smart heartbeat; 0: none */
	bool is_downgraded; /* that QoS 2 became 1 was told */

	struct mutex lock;
	char server[300]; /* L: the broker in use, "host:port" */

	struct session_stats last; /* as of tool_end() */
	int signal_fd;
	struct watch signals;
	struct task watch_task;
	atomic_int stop_signal; /* 0: none */
};

struct tool_program {
	enum tool tool;
	const char *name;
	/* 0, or -1 with e, whose kind is the exit status. */
	int (*run)(struct tool_run *t, struct err *e);
};

/* The exit status, unless a signal ends the process. */
int tool_main(const struct tool_program *program, char **argv);

/* Makes the client and takes over the signals. t outlives the client. */
int tool_start(struct tool_run *t, const struct client_handlers *h,
	       struct err *e) MUST_CHECK;
/* Joins the receive thread and frees the client, which must not be used any
 * more; before the program's own context goes. */
void tool_end(struct tool_run *t);
/* Connects; at the latest when the whole run has to be done. */
int tool_connect(struct tool_run *t, struct err *e) MUST_CHECK;
/* DISCONNECT as the settings say, and an orderly close. */
int tool_disconnect(struct tool_run *t, struct err *e) MUST_CHECK;

/* Waits until the client has something new, one of the other descriptors is
 * ready, a signal asks to stop, or the deadline (clock_boot) has passed. p
 * has n entries, of which the first is filled in here for the client. True
 * when something happened before the deadline. */
bool tool_wait(struct tool_run *t, struct pollfd *p, size_t n,
	       uint64_t deadline);
/* Waits for input while there is no client; comes back without, too. -1 with e
 * when --timeout has passed. */
int tool_await_input(const struct tool_run *t, int fd, struct err *e)
	MUST_CHECK;
bool tool_is_stopping(const struct tool_run *t);

/* --timeout has passed: ERR_TIMEOUT with what was not done by then. */
int tool_timed_out(const struct tool_run *t, const char *what, struct err *e);
/* For on_up: remembers which broker it is, and warns when a kept session
 * was expected and is gone. */
void tool_note_up(struct tool_run *t, const struct client_up *up);
/* For on_attempt: remembers which broker is being tried. */
void tool_note_attempt(struct tool_run *t, const struct client_attempt *a);
/* For on_down: tells that the connection is being made again. */
void tool_note_down(struct tool_run *t, const struct client_down *down);
/* Tells once of a broker that ends QoS 2 as if it were 1. */
void tool_note_published(struct tool_run *t, const struct event_published *p);
/* For on_heartbeat. */
void tool_note_heartbeat(struct tool_run *t, const struct client_heartbeat *h);
/* "connected", "disconnected" ...; there is a client. */
const char *tool_state(struct tool_run *t);
struct tool_server {
	char name[300];
};
/* The broker as errors name it; any thread. */
struct tool_server tool_server(struct tool_run *t);
/* Shows one error line. */
void tool_report(const struct err *e);

#endif
