/* SPDX-License-Identifier: MIT */
/* list, show, validate: scenarios as texts. */
#include "base/text.h"
#include "bench/builtin.h"
#include "tools/bench.h"

static int describe(const struct builtin *b, struct buf *out, struct err *e)
{
	struct scenario s;
	int r;

	if (bench_scenario_open(b->name, &s, e) < 0)
		return -1;
	r = buf_printf(out, "%-26s %s\n", s.name, s.description);
	scenario_release(&s);
	return r < 0 ? err_nomem(e) : 0;
}

int bench_do_list(struct bench *b, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };

	if (b->words.n)
		return err_set(e, ERR_USAGE, 0, "unexpected argument '%s'",
			       b->words.v[0]);
	for (size_t i = 0; i < builtin_count; i++)
		if (describe(&builtins[i], &text, e) < 0)
			return -1;
	return bench_print(buf_view(&text), false, e);
}

int bench_do_show(struct bench *b, struct err *e)
{
	struct scenario s;
	int r;

	if (b->words.n != 1)
		return err_set(e, ERR_USAGE, 0,
			       "'show' needs the name of one "
			       "scenario or file: see mqtt-bench list");
	if (bench_scenario_open(b->words.v[0], &s, e) < 0)
		return -1;
	r = bench_print(bytes_str(s.text), false, e);
	scenario_release(&s);
	return r;
}

static int tell_good(const char *file, const struct scenario *s,
		     struct buf *out)
{
	char name[256], shown[256];

	return buf_printf(out, "%s: %s is in order\n",
			  text_visible(name, sizeof(name), bytes_str(file)),
			  text_visible(shown, sizeof(shown),
				       bytes_str(s->name)));
}

/* Every file is looked at; the last error is the one that is returned. */
int bench_do_validate(struct bench *b, struct err *e)
{
	AUTO(buf_release) struct buf text = { 0 };
	struct scenario s;
	struct err why;
	bool has_failed = false;

	if (!b->words.n)
		return err_set(e, ERR_USAGE, 0,
			       "'validate' needs the name of "
			       "a file");
	for (size_t i = 0; i < b->words.n; i++) {
		if (bench_scenario_open(b->words.v[i], &s, &why) < 0) {
			if (has_failed)
				tool_report(e);
			has_failed = true;
			*e = why;
			continue;
		}
		if (tell_good(b->words.v[i], &s, &text) < 0)
			has_failed = err_nomem(e) < 0;
		scenario_release(&s);
	}
	if (bench_print(buf_view(&text), false, &why) < 0) {
		*e = why;
		return -1;
	}
	return has_failed ? -1 : 0;
}
