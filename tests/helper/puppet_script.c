/* SPDX-License-Identifier: MIT */
#include "puppet_step.h"

#include <stdlib.h>

#include "base/parse.h"
#include "base/text.h"
#include "peer.h"

enum { WORDS_MAX = 64, NESTING_MAX = 8, LINE_SIZE = 64 * 1024 };

int step_failed(struct err *e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_vset(e, ERR_NO, 0, fmt, ap);
	va_end(ap);
	return -1;
}

/* One turn of the event loop for a statement that waits. */
int step_turn(struct run *r, struct err *e)
{
	if (clock_now() >= r->until)
		return step_failed(e, "not within its time");
	return puppet_turn(r->p, r->until, e);
}

int step_need_current(const struct run *r, struct err *e)
{
	if (r->p->current)
		return 0;
	return err_set(e, ERR_USAGE, 0, "there is no connection yet");
}

int step_time(const char *word, uint64_t *ret, struct err *e)
{
	if (!word)
		return err_set(e, ERR_USAGE, 0, "expected a time");
	return parse_duration(word, CLOCK_MSEC, ret, e);
}

/* A number after the statement's name, or fallback when there is none. */
int step_count(const struct run *r, uint64_t fallback, uint64_t *ret,
	       struct err *e)
{
	*ret = fallback;
	return r->args[0] ? parse_uint(r->args[0], 1, UINT32_MAX, ret, e) : 0;
}

int step_wait(struct run *r, uint64_t time, struct err *e)
{
	uint64_t end = clock_add(clock_now(), time);

	while (clock_now() < end)
		if (puppet_turn(r->p, end, e) < 0)
			return -1;
	return 0;
}

bool step_has_ended(const struct conn *c)
{
	return c->is_shut || c->end != CONN_OPEN;
}

static int run_loop(struct run *r, struct err *e)
{
	size_t here = r->next - 1;
	uint64_t turns;

	if (step_count(r, UINT64_MAX, &turns, e) < 0)
		return -1;
	if (r->turns[here]++ < turns)
		return 0;
	r->turns[here] = 0;
	r->next = r->s->partner + 1;
	return 0;
}

static int run_end(struct run *r, struct err *e)
{
	(void)e;
	r->next = r->s->partner;
	return 0;
}

static const struct step script_steps[] = {
	{ "loop", run_loop },
	{ "end", run_end },
	{ 0 },
};

static const struct step *const step_tables[] = {
	script_steps, act_steps, expect_steps, scram_steps, setting_steps,
};

static const struct step *find_step(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(step_tables); i++)
		for (const struct step *s = step_tables[i]; s->name; s++)
			if (!strcmp(s->name, name))
				return s;
	return NULL;
}

/* --------------------------------------------------------------- loading */

static int add_listener(struct puppet *p, const char *address, struct err *e)
{
	int fd;

	if (!address || p->listener_count == LISTENERS_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "one address, at most %d "
			       "times",
			       LISTENERS_MAX);
	fd = peer_listen(address, e);
	if (fd < 0)
		return -1;
	p->listeners[p->listener_count++] = fd;
	printf("port %u\n", (unsigned)peer_port(fd));
	fflush(stdout);
	return 0;
}

/* The line with %port% (%port2%, ...) as the port of that listener. */
static char *substitute(const struct puppet *p, const char *line)
{
	struct buf out = { 0 };
	const char *at, *end, *text;
	char *copy;
	unsigned n;
	int rc = 0;

	for (; rc == 0 && (at = strstr(line, "%port")) != NULL; line = end) {
		n = (unsigned)strtoul(at + 5, (char **)&end, 10);
		n = n ? n : 1;
		if (*end++ != '%' || n > p->listener_count)
			break;
		rc = buf_append(&out, bytes_of(line, (size_t)(at - line)));
		if (rc == 0)
			rc = buf_printf(
				&out, "%u",
				(unsigned)peer_port(p->listeners[n - 1]));
	}
	text = rc == 0 && buf_append_str(&out, line) == 0 ? buf_cstr(&out)
							  : NULL;
	copy = text ? strdup(text) : NULL;
	buf_release(&out);
	return copy;
}

static int split(struct statement *s, struct err *e)
{
	char *save, *word;

	s->words = calloc(WORDS_MAX + 1, sizeof(*s->words));
	if (!s->words)
		return err_nomem(e);
	word = strtok_r(s->text, " \t\n", &save);
	for (; word; word = strtok_r(NULL, " \t\n", &save)) {
		if (s->count == WORDS_MAX)
			return err_set(e, ERR_USAGE, 0, "too many words");
		s->words[s->count++] = word;
	}
	return 0;
}

static struct statement *add_statement(struct puppet *p, unsigned line)
{
	struct statement *all;

	all = realloc(p->statements,
		      (p->statement_count + 1) * sizeof(*p->statements));
	if (!all)
		return NULL;
	p->statements = all;
	all += p->statement_count++;
	*all = (struct statement){ .line = line };
	return all;
}

static int check_words(char **words, struct err *e)
{
	if (!strcmp(words[0], "within"))
		words += words[1] ? 2 : 1;
	if (!words[0] || !find_step(words[0]))
		return err_set(e, ERR_USAGE, 0, "'%s' is no statement",
			       words[0] ? words[0] : "");
	return 0;
}

static int load_line(struct puppet *p, const char *text, unsigned line,
		     struct err *e)
{
	struct statement *s = add_statement(p, line);

	if (strstr(text, "%port") && !p->listener_count &&
	    add_listener(p, "127.0.0.1:0", e) < 0)
		return -1;
	if (!s || !(s->text = substitute(p, text)))
		return err_nomem(e);
	if (split(s, e) < 0)
		return -1;
	if (s->count && !strcmp(s->words[0], "listen")) {
		if (add_listener(p, s->words[1], e) < 0)
			return -1;
		s->count = 0;
	}
	if (s->count && s->words[0][0] != '#')
		return check_words(s->words, e);
	free(s->words);
	free(s->text);
	p->statement_count--;
	return 0;
}

/* Finds the end of each loop. */
static int pair_loops(struct puppet *p, struct err *e)
{
	size_t open[NESTING_MAX], depth = 0;
	struct statement *s;

	for (size_t i = 0; i < p->statement_count; i++) {
		s = &p->statements[i];
		if (!strcmp(s->words[0], "loop")) {
			if (depth == NESTING_MAX)
				return err_set(e, ERR_USAGE, 0,
					       "loops too deep");
			open[depth++] = i;
		} else if (!strcmp(s->words[0], "end")) {
			if (depth == 0)
				return err_set(e, ERR_USAGE, 0,
					       "an end without loop");
			s->partner = open[--depth];
			p->statements[s->partner].partner = i;
		}
	}
	return depth ? err_set(e, ERR_USAGE, 0, "a loop without end") : 0;
}

int script_load(struct puppet *p, FILE *in, struct err *e)
{
	char *line = malloc(LINE_SIZE);
	int rc = line ? 0 : err_nomem(e);

	for (unsigned n = 1; rc == 0 && fgets(line, LINE_SIZE, in); n++) {
		rc = load_line(p, line, n, e);
		if (rc < 0)
			err_prefix(e, "line %u", n);
	}
	free(line);
	if (rc == 0 && !p->listener_count)
		rc = add_listener(p, "127.0.0.1:0", e);
	return rc == 0 ? pair_loops(p, e) : rc;
}

void script_release(struct puppet *p)
{
	for (size_t i = 0; i < p->statement_count; i++) {
		free(p->statements[i].words);
		free(p->statements[i].text);
	}
	free(p->statements);
}

/* --------------------------------------------------------------- running */

static int run_statement(struct run *r, struct err *e)
{
	char **words = r->s->words;
	uint64_t time = 0;

	r->until = CLOCK_NEVER;
	if (!strcmp(words[0], "within")) {
		if (step_time(words[1], &time, e) < 0)
			return -1;
		r->until = clock_add(clock_now(), time);
		words += 2;
	}
	r->words = words;
	r->args = words + 1;
	return find_step(words[0])->run(r, e);
}

/* Those that the broker serves are served until they end. */
static int run_to_the_end(struct run *r, struct err *e)
{
	bool is_served;

	for (;;) {
		is_served = false;
		for (size_t i = 0; i < r->p->conn_count; i++)
			is_served |= r->p->conns[i]->is_auto &&
				     !step_has_ended(r->p->conns[i]);
		if (!is_served)
			return 0;
		if (puppet_turn(r->p, CLOCK_NEVER, e) < 0)
			return -1;
	}
}

/* Says which statement it was. */
static void blame(const struct statement *s, struct err *e)
{
	char text[200] = "";
	size_t n = 0;

	for (size_t i = 0; i < s->count && n < sizeof(text); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s",
				      i ? " " : "", s->words[i]);
	err_prefix(e, "line %u '%s'", s->line, text);
}

int script_run(struct puppet *p, struct err *e)
{
	struct run r = { .p = p };
	int rc = 0;

	r.turns = calloc(p->statement_count + 1, sizeof(*r.turns));
	if (!r.turns)
		return err_nomem(e);
	while (rc == 0 && r.next < p->statement_count && !p->is_stopping) {
		r.s = &p->statements[r.next++];
		rc = run_statement(&r, e);
		if (rc < 0)
			blame(r.s, e);
	}
	free(r.turns);
	r.until = CLOCK_NEVER;
	return rc == 0 && !p->is_stopping ? run_to_the_end(&r, e) : rc;
}
