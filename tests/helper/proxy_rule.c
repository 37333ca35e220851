/* SPDX-License-Identifier: MIT */
#include "proxy.h"

#include "base/clock.h"
#include "base/parse.h"
#include "dump.h"

enum { WORDS_MAX = 12, TEXT_MAX = 256 };

struct words {
	char text[TEXT_MAX];
	char *all[WORDS_MAX + 1]; /* ends with NULL */
	size_t next;
};

static int split(const char *text, struct words *w, struct err *e)
{
	size_t n = strlen(text), count = 0;
	char *save, *word;

	if (n >= TEXT_MAX)
		return err_set(e, ERR_USAGE, 0, "a rule of %zu bytes", n);
	memcpy(w->text, text, n + 1);
	word = strtok_r(w->text, " \t\n", &save);
	for (; word; word = strtok_r(NULL, " \t\n", &save)) {
		if (count == WORDS_MAX)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' has too many words", text);
		w->all[count++] = word;
	}
	return 0;
}

/* Takes the next word if it is this one. */
static bool take(struct words *w, const char *word)
{
	if (!w->all[w->next] || strcmp(w->all[w->next], word) != 0)
		return false;
	w->next++;
	return true;
}

static int take_number(struct words *w, uint64_t min, uint64_t *ret,
		       struct err *e)
{
	if (!w->all[w->next])
		return err_set(e, ERR_USAGE, 0, "expected a number");
	return parse_uint(w->all[w->next++], min, UINT32_MAX, ret, e);
}

static int take_duration(struct words *w, uint64_t *ret, struct err *e)
{
	if (!w->all[w->next])
		return err_set(e, ERR_USAGE, 0, "expected a duration");
	return parse_duration(w->all[w->next++], CLOCK_MSEC, ret, e);
}

static int take_scope(struct words *w, struct rule *r, struct err *e)
{
	uint64_t n = 0;

	if (take(w, "conn") && take_number(w, 1, &n, e) < 0)
		return -1;
	r->conn = (unsigned)n;
	r->applies[UP] = take(w, "up");
	r->applies[DOWN] = !r->applies[UP] && take(w, "down");
	if (!r->applies[UP] && !r->applies[DOWN])
		r->applies[UP] = r->applies[DOWN] = true;
	return 0;
}

static int take_trigger(struct words *w, struct rule *r, struct err *e)
{
	const char *name;

	if (take(w, "after")) {
		r->trigger = AFTER_BYTES;
		return take_number(w, 0, &r->nth, e);
	}
	if (!take(w, "before"))
		return 0;
	r->trigger = BEFORE_PACKET;
	name = w->all[w->next];
	if (name && !take(w, "packet")) {
		w->next++;
		r->type = dump_type_by_name(name);
		if (!r->type)
			return err_set(e, ERR_USAGE, 0,
				       "'%s' is no packet type", name);
	}
	return take_number(w, 1, &r->nth, e);
}

static int take_action(struct words *w, struct rule *r, struct err *e)
{
	static const char *const names[] = {
		[ACT_STALL] = "stall",
		[ACT_BLACK_HOLE] = "black-hole",
		[ACT_HALF_CLOSE] = "half-close",
		[ACT_CUT] = "cut",
		[ACT_RESET] = "reset",
		[ACT_LATENCY] = "latency",
		[ACT_CHUNK] = "chunk",
		[ACT_IDLE] = "idle",
		[ACT_RESUME] = "resume",
		[ACT_REFUSE] = "refuse",
		[ACT_ACCEPT] = "accept",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (take(w, names[i])) {
			r->action = i;
			return 0;
		}
	return err_set(e, ERR_USAGE, 0, "'%s' is no action",
		       w->all[w->next] ? w->all[w->next] : "");
}

static int take_arguments(struct words *w, struct rule *r, struct err *e)
{
	uint64_t size = 0;
	int rc = 0;

	if (r->action == ACT_LATENCY || r->action == ACT_IDLE)
		rc = take_duration(w, &r->time, e);
	else if (r->action == ACT_CHUNK)
		rc = take_number(w, 1, &size, e);
	r->size = size;
	if (rc == 0 && r->action == ACT_CHUNK && take(w, "every"))
		rc = take_duration(w, &r->time, e);
	r->is_for_both = take(w, "both");
	return rc;
}

int rule_parse(const char *text, struct rule *ret, struct err *e)
{
	struct words w = { .next = 0 };
	struct rule r = { 0 };

	if (split(text, &w, e) < 0)
		return -1;
	if (take_scope(&w, &r, e) < 0 || take_trigger(&w, &r, e) < 0 ||
	    take_action(&w, &r, e) < 0 || take_arguments(&w, &r, e) < 0)
		return err_prefix(e, "rule '%s'", text);
	if (w.all[w.next])
		return err_set(e, ERR_USAGE, 0, "rule '%s': '%s' is too much",
			       text, w.all[w.next]);
	*ret = r;
	return 0;
}
