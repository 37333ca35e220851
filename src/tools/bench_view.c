/* SPDX-License-Identifier: MIT */
#include "tools/bench_view.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/write_all.h"
#include "bench/report.h"
#include "bench/result_file.h"

int bench_print(struct bytes text, bool to_stderr, struct err *e)
{
	if (write_all(to_stderr ? STDERR_FILENO : STDOUT_FILENO, text) == 0)
		return 0;
	return err_sys(e, ERR_LOCAL, "cannot write to '%s'",
		       to_stderr ? "stderr" : "stdout");
}

bool bench_has_terminal(int fd)
{
	const char *terminal = getenv("TERM");

	return isatty(fd) && !getenv("NO_COLOR") && terminal &&
	       strcmp(terminal, "dumb") != 0;
}

static unsigned choose_view(const struct bench_settings *o)
{
	if (o->progress != PROGRESS_AUTO)
		return o->progress;
	return bench_has_terminal(STDERR_FILENO) ? PROGRESS_LIVE
						 : PROGRESS_LINES;
}

/* Of the terminal, as far as somebody has said it. */
static bool is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	const char *locale;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		locale = getenv(names[i]);
		if (locale && *locale)
			return strcasestr(locale, "utf-8") ||
			       strcasestr(locale, "utf8");
	}
	return true;
}

static unsigned terminal_width(void)
{
	struct winsize size = { 0 };

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
	return size.ws_col ? size.ws_col : 80;
}

static void set_up_live(struct bench_view *p)
{
	const struct scenario *s = &p->load->scenario;

	snprintf(p->title, sizeof(p->title), "%s%s", s->name,
		 bench_targets_are_self(&p->load->targets) ? " (" REPORT_SELF
							     ")"
							   : "");
	p->live = (struct live){
		.title = p->title,
		.clients = p->load->plan.clients,
		.width = terminal_width(),
		.is_ascii = !is_utf8(),
		.length = s->phases.measure ? (double)(s->phases.warmup +
						       s->phases.measure) /
						      CLOCK_SEC
					    : 0,
	};
}

/* Who reads from a pipe is waited for before anything begins. A file is made
 * or emptied when there is a line for it. */
static int open_special(struct bench *b, struct err *e)
{
	const char *path = b->options->ndjson;

	if (!path || b->ndjson_fd >= 0)
		return 0;
	if (strcmp(path, "-") == 0)
		b->ndjson_fd = STDOUT_FILENO;
	else if (file_is_special(path))
		b->ndjson_fd = open(path, O_WRONLY | O_CLOEXEC);
	else
		return 0;
	if (b->ndjson_fd >= 0)
		return 0;
	return err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
}

int bench_view_begin(struct bench_view *p, struct bench *b,
		     const struct bench_load *l, struct err *e)
{
	*p = (struct bench_view){ .bench = b,
				  .load = l,
				  .how = choose_view(b->options) };
	set_up_live(p);
	if (b->options->metrics) {
		p->metrics = bench_metrics_open(b->options->metrics, e);
		if (!p->metrics)
			return -1;
	}
	if (open_special(b, e) == 0)
		return 0;
	bench_metrics_close(p->metrics);
	return -1;
}

static void tell_ndjson(struct bench_view *p, const struct result *r,
			const struct interval *i)
{
	struct bench *b = p->bench;
	const char *path = b->options->ndjson;

	if (!path || b->output.kind)
		return;
	if (b->ndjson_fd < 0)
		b->ndjson_fd = open(
			path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	buf_clear(&p->text);
	if (b->ndjson_fd < 0)
		err_sys(&b->output, ERR_LOCAL, "cannot open '%s'", path);
	else if (interval_to_ndjson(r, i, &p->text) < 0)
		err_nomem(&b->output);
	else if (write_all(b->ndjson_fd, buf_view(&p->text)) < 0)
		err_sys(&b->output, ERR_LOCAL, "cannot write to '%s'", path);
}

/* The others have begun: who looks on may want to begin again. */
static void warn_when_late(struct bench_view *p, const struct result *r)
{
	if (r->late_start <= 0 || p->has_warned)
		return;
	p->has_warned = true;
	p->live.lines = 0; /* what is drawn next stands below this */
	log_line(
		LOG_WARN,
		"clients were ready %.1f s after --start-at: leave more time to connect",
		r->late_start);
}

void bench_view_tell(void *ctx, const struct result *r,
		     const struct interval *i, const char **ret_stop)
{
	struct bench_view *p = ctx;

	if (!p->missed)
		p->missed = bench_must_abort(p->load, r, i, p->why,
					     sizeof(p->why));
	if (p->missed)
		*ret_stop = p->why;
	warn_when_late(p, r);
	tell_ndjson(p, r, i);
	if (p->metrics)
		bench_metrics_tell(p->metrics, r, i);
	if (p->how == PROGRESS_NONE)
		return;
	buf_clear(&p->text);
	p->live.width = terminal_width();
	if ((p->how == PROGRESS_LIVE ? live_draw(&p->live, i, &p->text)
				     : report_interval(i, &p->text)) == 0)
		(void)!write_all(STDERR_FILENO, buf_view(&p->text));
}

void bench_view_end(struct bench_view *p)
{
	buf_clear(&p->text);
	p->live.width = terminal_width();
	if (live_erase(&p->live, &p->text) == 0)
		(void)!write_all(STDERR_FILENO, buf_view(&p->text));
	buf_release(&p->text);
	bench_metrics_close(p->metrics);
}
