/* SPDX-License-Identifier: MIT */
#include "tools/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "tools/durable.h"
#include "tools/events.h"
#include "tools/tls_show.h"

/* An orderly end: DISCONNECT has to be written within this. */
#define DISCONNECT_TIME (2 * CLOCK_SEC)

void tool_report(const struct err *e)
{
	log_line(LOG_ERROR, "%s", e->text);
}

/* A descriptor that is closed now would be given to a socket, and messages
 * would be written to the broker. What stands in its place fails. */
static void hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null",
				    fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void signal_set(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGUSR1);
}

/* The storage of a long message goes back to the system with the message,
 * and grows without being copied. glibc would change its mind about that
 * after the first one. */
static void keep_memory_low(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 1 << 20);
}

/* Ends the process by that signal, so that whoever waits for it sees the
 * truth. */
static void die_by(int number)
{
	sigset_t set;

	signal(number, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, number);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	kill(getpid(), number);
}

const char *tool_state(struct tool_run *t)
{
	static const char *const states[] = {
		"disconnected",  "connecting", "connected",
		"disconnecting", "closed",
	};

	return states[client_state(t->client)];
}

/* How reconnecting goes on, and the heartbeat. */
static int print_link(const struct tool_run *t, struct buf *line)
{
	uint64_t now = clock_boot();
	int ret = 0;

	if (t->attempt)
		ret |= buf_printf(line, ", attempt %u", t->attempt);
	if (t->retry_at > now)
		ret |= buf_printf(line, " in %.1f s",
				  (double)(t->retry_at - now) / CLOCK_SEC);
	if (t->beat)
		ret |= buf_printf(line, ", ping after %.3g s",
				  (double)t->beat / CLOCK_SEC);
	return ret;
}

static void show_status(struct tool_run *t)
{
	struct session_stats st;
	struct buf line = { 0 };
	const char *text = NULL;

	client_stats(t->client, &st);
	if (buf_printf(
		    &line,
		    "status: %s, broker '%s', %zu queued, %zu unconfirmed, %zu not handed over",
		    tool_state(t), tool_server(t).name, st.queued,
		    st.awaiting_ack + st.awaiting_comp, st.undelivered) == 0 &&
	    print_link(t, &line) == 0 &&
	    (!t->on_status || t->on_status(t->ctx, &line) == 0))
		text = buf_cstr(&line);
	if (text)
		log_line(LOG_QUIET, "%s", text);
	buf_release(&line);
}

static void take_signal(struct tool_run *t, int number)
{
	if (number == SIGUSR1) {
		show_status(t);
		return;
	}
	if (atomic_exchange(&t->stop_signal, number)) {
		die_by(number);
		return;
	}
	if (t->on_stop)
		t->on_stop(t->ctx);
	client_interrupt(t->client);
}

static void on_signal(struct watch *w, uint32_t events)
{
	struct tool_run *t = CONTAINER_OF(w, struct tool_run, signals);
	struct signalfd_siginfo info;

	(void)events;
	while (read(t->signal_fd, &info, sizeof(info)) == sizeof(info))
		take_signal(t, (int)info.ssi_signo);
}

static void watch_signals(struct task *task)
{
	struct tool_run *t = CONTAINER_OF(task, struct tool_run, watch_task);
	struct err e;

	if (loop_watch(client_loop(t->client), &t->signals, t->signal_fd,
		       EPOLLIN, &e))
		tool_report(&e);
}

int tool_start(struct tool_run *t, const struct client_handlers *h,
	       struct err *e)
{
	sigset_t set;

#ifdef M_ARENA_MAX
	/* The two threads hardly ever allocate at once, and an arena of its
	 * own would cost a short run several system calls. */
	mallopt(M_ARENA_MAX, 1);
#endif
	if (durable_open(t, e))
		return -1;
	/* Blocked before the first thread is made, which inherits that. */
	signal_set(&set);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	t->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (t->signal_fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot watch for signals");
	t->client = client_new(&t->settings.client, t->store, h, e);
	if (!t->client)
		return -1;
	t->signals.on_ready = on_signal;
	t->signals.fd = -1;
	t->watch_task.run = watch_signals;
	loop_post(client_loop(t->client), &t->watch_task);
	return 0;
}

void tool_end(struct tool_run *t)
{
	if (t->client)
		client_stats(t->client, &t->last);
	client_free(t->client);
	t->client = NULL;
	durable_close(t);
	if (t->signal_fd >= 0)
		close(t->signal_fd);
	t->signal_fd = -1;
}

int tool_connect(struct tool_run *t, struct err *e)
{
	return client_connect(t->client, t->deadline, e);
}

int tool_disconnect(struct tool_run *t, struct err *e)
{
	return client_disconnect(t->client, &t->settings.disconnect,
				 clock_add(clock_boot(), DISCONNECT_TIME), e);
}

bool tool_wait(struct tool_run *t, struct pollfd *p, size_t n,
	       uint64_t deadline)
{
	uint64_t now = clock_boot();

	p[0].fd = client_event_fd(t->client);
	p[0].events = POLLIN;
	while (now < deadline) {
		int ready = poll(p, (nfds_t)n,
				 clock_poll_timeout(deadline, now));

		if (ready > 0 && p[0].revents)
			client_clear_event(t->client);
		if (ready > 0)
			return true;
		now = clock_boot();
	}
	return false;
}

bool tool_is_stopping(const struct tool_run *t)
{
	return atomic_load(&t->stop_signal) != 0;
}

struct tool_server tool_server(struct tool_run *t)
{
	struct tool_server copy;

	mutex_lock(&t->lock);
	memcpy(copy.name, t->server, sizeof(copy.name));
	mutex_unlock(&t->lock);
	return copy;
}

/* Until there is a connection it is the first that will be tried. */
static void note_server(struct tool_run *t, const char *name)
{
	mutex_lock(&t->lock);
	snprintf(t->server, sizeof(t->server), "%s", name);
	mutex_unlock(&t->lock);
}

/* What became of messages that were under way when the broker forgot us. */
static void note_lost_session(const struct client_up *up)
{
	const struct event_connack *a = up->connack;

	if (a->republished)
		log_line(
			LOG_WARN,
			"broker '%s' has no session of ours any more: %zu message%s of unknown fate sent again",
			up->server, a->republished,
			a->republished == 1 ? " is" : "s are");
	if (a->held)
		log_line(
			LOG_WARN,
			"broker '%s' has no session of ours any more: %zu message%s of unknown fate kept back",
			up->server, a->held, a->held == 1 ? " is" : "s are");
}

void tool_note_up(struct tool_run *t, const struct client_up *up)
{
	t->attempt = 0;
	t->retry_at = 0;
	note_server(t, up->server);
	note_lost_session(up);
}

int tool_timed_out(const struct tool_run *t, const char *what, struct err *e)
{
	return err_set(e, ERR_TIMEOUT, 0, "%s within the %.3g s of --timeout",
		       what, (double)t->settings.run.timeout / CLOCK_SEC);
}

int tool_await_input(const struct tool_run *t, int fd, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint64_t now = clock_boot();

	if (now >= t->deadline)
		return tool_timed_out(t, "input did not end", e);
	(void)poll(&p, 1, clock_poll_timeout(t->deadline, now));
	return 0;
}

void tool_note_attempt(struct tool_run *t, const struct client_attempt *a)
{
	note_server(t, a->server);
}

void tool_note_heartbeat(struct tool_run *t, const struct client_heartbeat *h)
{
	t->beat = h->interval;
}

void tool_note_down(struct tool_run *t, const struct client_down *down)
{
	t->attempt = down->attempt;
	t->retry_at = 0;
	if (!down->will_retry)
		return;
	t->retry_at = clock_add(clock_boot(), down->delay);
	log_line(LOG_WARN, "%s; trying again in %.1f s", down->why->text,
		 (double)down->delay / CLOCK_SEC);
}

void tool_note_published(struct tool_run *t, const struct event_published *p)
{
	if (!p->downgraded || p->reason >= 0x80 || t->is_downgraded)
		return;
	t->is_downgraded = true;
	log_line(LOG_WARN, "the broker turns QoS 2 into QoS 1: messages may "
			   "arrive more than once");
}

/* What --help, --version and --show-config have to say. */
static int print_text(const struct buf *text, struct err *e)
{
	struct bytes left = buf_view(text);

	while (left.n) {
		ssize_t n = write(STDOUT_FILENO, left.p, left.n);

		if (n < 0 && errno != EINTR)
			return err_sys(e, ERR_LOCAL,
				       "cannot write to 'stdout'");
		if (n > 0)
			left = bytes_of(left.p + n, left.n - (size_t)n);
	}
	return 0;
}

static int show_tls(const struct tool_run *t, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };

	return tls_show(&t->settings, &text, e) ? -1 : print_text(&text, e);
}

static int work(struct tool_run *t, const struct tool_program *program,
		struct err *e)
{
	const struct settings *s = &t->settings;

	log_init(program->name, s->run.log_level);
	for (size_t i = 0; i < s->warnings.n; i++)
		log_line(LOG_WARN, "%s", s->warnings.v[i]);
	if (s->action == SETTINGS_PRINT)
		return print_text(&s->text, e);
	if (s->run.tls_info)
		return show_tls(t, e);
	if (s->store.info)
		return durable_show(t, e);
	if (s->store.clear)
		return durable_clear(t, e);
	/* Writing to a reader that is gone must not end us in mid-packet. */
	signal(SIGPIPE, SIG_IGN);
	/* Nor a store or output that reaches the limit of its size. */
	signal(SIGXFSZ, SIG_IGN);
	if (s->client.server_count)
		note_server(t, s->client.servers[0].unix_path
				       ? s->client.servers[0].unix_path
				       : s->client.servers[0].host);
	if (s->run.timeout)
		t->deadline = clock_add(clock_boot(), s->run.timeout);
	return program->run(t, e);
}

/* Messages that remain and a broken output say more than the signal. */
static bool is_worse(const struct err *e)
{
	return e->kind == ERR_INCOMPLETE || e->kind == ERR_LOCAL;
}

/* The signal that ends us; 0: none. One that interrupted the receive thread at
 * its work may not have been taken before that ended. */
static int ending_signal(const struct tool_run *t, const struct err *e)
{
	int number = atomic_load(&t->stop_signal);
	sigset_t pending;

	if (number || e->kind != ERR_STATE || e->code != EINTR ||
	    sigpending(&pending) < 0)
		return number;
	if (sigismember(&pending, SIGINT))
		return SIGINT;
	return sigismember(&pending, SIGTERM) ? SIGTERM : 0;
}

static int finish(struct tool_run *t, int ret, const struct err *e)
{
	int number = ending_signal(t, e);

	if (ret && e->kind == ERR_LOCAL && e->code == EPIPE)
		die_by(SIGPIPE);
	if (number && (!ret || !is_worse(e)))
		die_by(number);
	if (!ret)
		return 0;
	tool_report(e);
	return err_exit_status(e->kind);
}

int tool_main(const struct tool_program *program, char **argv)
{
	struct tool_run t = { .name = program->name,
			      .signal_fd = -1,
			      .deadline = CLOCK_NEVER };
	struct settings_input in = { .tool = program->tool,
				     .argv = argv,
				     .env = environ };
	struct err e = { 0 };
	int ret;

	hold_standard_fds();
	keep_memory_low();
	mutex_init(&t.lock);
	log_init(program->name, LOG_WARN);
	ret = settings_load(&t.settings, &in, &e);
	if (ret == 0)
		ret = work(&t, program, &e);
	if (t.settings.run.events)
		events_end(&t, ret ? err_exit_status(e.kind) : 0,
			   ret ? e.text : NULL);
	settings_release(&t.settings);
	mutex_release(&t.lock);
	return finish(&t, ret, &e);
}
