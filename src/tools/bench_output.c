/* SPDX-License-Identifier: MIT */
/* Where results go, and what the exit status makes of them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/judge.h"
#include "bench/report.h"
#include "bench/result_file.h"
#include "tools/bench.h"

static bool is_stdout(const char *path)
{
	return path && strcmp(path, "-") == 0;
}

/* -------------------------------------------------------- before the run */

/* Where one option writes to. */
struct outlet {
	const char *option, *path;
	char real[PATH_MAX]; /* links followed; empty: not known */
	bool exists;
	struct stat st;
};

static void find_outlet(struct outlet *o, const char *option, const char *path)
{
	*o = (struct outlet){ .option = option, .path = path };
	if (is_stdout(path)) {
		o->exists = fstat(STDOUT_FILENO, &o->st) == 0;
		return;
	}
	o->exists = stat(path, &o->st) == 0;
	/* What does not exist yet has its name there all the same. */
	if (!realpath(path, o->real) && errno != ENOENT)
		o->real[0] = '\0';
}

/* A device keeps nothing that another could spoil. */
static bool is_same(const struct outlet *a, const struct outlet *b)
{
	if (is_stdout(a->path) && is_stdout(b->path))
		return true;
	if (a->exists && b->exists)
		return a->st.st_dev == b->st.st_dev &&
		       a->st.st_ino == b->st.st_ino && !S_ISCHR(a->st.st_mode);
	return !a->exists && !b->exists && a->real[0] &&
	       strcmp(a->real, b->real) == 0;
}

static int refuse_same(const struct outlet *a, const struct outlet *b,
		       struct err *e)
{
	if (is_stdout(a->path) && is_stdout(b->path))
		return err_set(e, ERR_USAGE, 0,
			       "options '%s' and '%s' cannot both have "
			       "standard output",
			       a->option, b->option);
	return err_set(e, ERR_USAGE, 0,
		       "options '%s' and '%s' cannot have the same file: "
		       "'%s' and '%s'",
		       a->option, b->option, a->path, b->path);
}

/* The later of two would take the place of the other. */
static int check_apart(const struct bench_settings *o, struct err *e)
{
	struct outlet list[3 + TIMING_COUNT];
	char hgrm[TIMING_COUNT][PATH_MAX];
	size_t n = 0;

	if (o->json)
		find_outlet(&list[n++], "--json", o->json);
	if (o->html)
		find_outlet(&list[n++], "--html", o->html);
	if (o->ndjson)
		find_outlet(&list[n++], "--ndjson", o->ndjson);
	for (enum timing t = 0; o->hgrm && t < TIMING_COUNT; t++) {
		snprintf(hgrm[t], sizeof(hgrm[t]), "%s.%s.hgrm", o->hgrm,
			 timing_name(t));
		find_outlet(&list[n++], "--hgrm", hgrm[t]);
	}
	for (size_t b = 1; b < n; b++)
		for (size_t a = 0; a < b; a++)
			if (is_same(&list[a], &list[b]))
				return refuse_same(&list[a], &list[b], e);
	return 0;
}

/* Intervals are written as they come, into the file itself. */
static int check_stream(const char *path, struct err *e)
{
	if (access(path, F_OK) < 0 || file_is_special(path))
		return file_check(path, e);
	if (access(path, W_OK) == 0)
		return 0;
	return err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
}

static int check_hgrm(const char *prefix, struct err *e)
{
	AUTO(buf_release) struct buf name = { 0 };
	const char *path;

	if (buf_printf(&name, "%s.%s.hgrm", prefix, timing_name(TIMING_E2E)) <
		    0 ||
	    !(path = buf_cstr(&name)))
		return err_nomem(e);
	return file_check(path, e);
}

int bench_check_outputs(const struct bench *b, struct err *e)
{
	const struct bench_settings *o = b->options;

	if (o->json && file_check(o->json, e) < 0)
		return err_prefix(e, "option '--json'");
	if (o->html && file_check(o->html, e) < 0)
		return err_prefix(e, "option '--html'");
	if (o->hgrm && check_hgrm(o->hgrm, e) < 0)
		return err_prefix(e, "option '--hgrm'");
	if (o->ndjson && !is_stdout(o->ndjson) &&
	    check_stream(o->ndjson, e) < 0)
		return err_prefix(e, "option '--ndjson'");
	return check_apart(o, e);
}

/* --------------------------------------------------------- after the run */

static int print_report(struct bench *b, const struct result *r, struct err *e)
{
	bool to_stderr = is_stdout(b->options->json) ||
			 is_stdout(b->options->html) ||
			 is_stdout(b->options->ndjson);
	int fd = to_stderr ? STDERR_FILENO : STDOUT_FILENO;
	struct report_style style = {
		.is_colored = bench_has_terminal(fd),
	};
	AUTO(buf_release) struct buf text = { 0 };
	struct winsize size;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		style.width = size.ws_col;
	if (report_text(r, &style, &text) < 0)
		return err_nomem(e);
	return bench_print(buf_view(&text), to_stderr, e);
}

static int write_hgrm(const struct result *r, const char *prefix, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 }, name = { 0 };
	const char *path;

	for (enum timing t = 0; t < TIMING_COUNT; t++) {
		if (!r->timings[t].total)
			continue;
		buf_clear(&text);
		buf_clear(&name);
		if (hist_write_hgrm(&r->timings[t], judge_late(r, t), &text) <
			    0 ||
		    (r->is_self &&
		     buf_append_str(&text, "#[" REPORT_SELF "]\n") < 0) ||
		    buf_printf(&name, "%s.%s.hgrm", prefix, timing_name(t)) <
			    0 ||
		    !(path = buf_cstr(&name)))
			return err_nomem(e);
		if (file_save(path, buf_view(&text), e) < 0)
			return -1;
	}
	return 0;
}

static int write_html(const struct result *r, const char *path, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };

	if (report_html(r, &text) < 0)
		return err_nomem(e);
	return file_save(path, buf_view(&text), e);
}

/* All that can be written is, whatever goes wrong with one of them; e has
 * the first failure. */
static int write_all(struct bench *b, const struct result *r, struct err *e)
{
	const struct bench_settings *o = b->options;
	struct err later;
	int result = print_report(b, r, e);

	if (o->json && result_save(r, o->json, result ? &later : e) < 0)
		result = -1;
	if (o->html && write_html(r, o->html, result ? &later : e) < 0)
		result = -1;
	if (o->hgrm && write_hgrm(r, o->hgrm, result ? &later : e) < 0)
		result = -1;
	if (result == 0 && b->output.kind) {
		*e = b->output;
		result = -1;
	}
	return result;
}

static size_t missed(const struct result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->outcome_count; i++)
		n += !r->outcomes[i].holds;
	return n;
}

/* A cause beats what follows from it, and not to be trusted beats not good
 * enough. */
static int conclude(const struct result *r, struct err *e)
{
	size_t n = missed(r);

	if (r->partial && r->partial_status > ERR_NO)
		return err_set(e, (enum err_kind)r->partial_status, 0, "%s",
			       r->partial);
	if (r->verdict.trust == TRUST_INVALID)
		return err_set(e, ERR_INVALID, 0,
			       "the measurement is not "
			       "valid: %s",
			       r->verdict.count ? r->verdict.reasons[0].text
						: "");
	if (r->partial && r->partial_status)
		return err_set(e, ERR_NO, 0, "%s", r->partial);
	if (n)
		return err_set(e, ERR_NO, 0,
			       "%zu of %zu requirements %s not "
			       "hold",
			       n, r->outcome_count, n == 1 ? "does" : "do");
	return 0;
}

int bench_report(struct bench *b, const struct result *r, struct err *e)
{
	if (write_all(b, r, e) < 0)
		return -1;
	return conclude(r, e);
}
