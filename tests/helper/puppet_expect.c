/* SPDX-License-Identifier: MIT */
#include "puppet_step.h"

static bool has_word(const char *line, const char *word)
{
	size_t n = strlen(word);

	for (const char *at = strstr(line, word); at; at = strstr(at + 1, word))
		if ((at == line || at[-1] == ' ') &&
		    (at[n] == ' ' || at[n] == '\0'))
			return true;
	return false;
}

static bool has_key(const char *line, const char *key)
{
	size_t n = strlen(key);

	for (const char *at = strstr(line, key); at; at = strstr(at + 1, key))
		if (at != line && at[-1] == ' ' && at[n] == '=')
			return true;
	return false;
}

/* The packet's name, and each word; "!key": no such key. */
static bool fits(const char *line, char **words)
{
	size_t n = strlen(words[0]);

	if (strncmp(line, words[0], n) != 0 || (line[n] && line[n] != ' '))
		return false;
	for (words++; *words; words++)
		if (**words == '!' ? has_key(line, *words + 1)
				   : !has_word(line, *words))
			return false;
	return true;
}

static int expect_end(struct run *r, enum conn_end wanted, struct err *e)
{
	const struct conn *c = r->p->current;

	while (c->end == CONN_OPEN) {
		if (c->is_shut)
			return step_failed(e, "we have closed it ourselves");
		if (step_turn(r, e) < 0)
			return -1;
	}
	if (wanted != CONN_OPEN && wanted != c->end)
		return step_failed(e, "it was %s",
				   c->end == CONN_RESET
					   ? "reset"
					   : "closed in good order");
	return 0;
}

int step_take(struct run *r, struct entry **ret, struct err *e)
{
	struct conn *c = r->p->current;

	while (!c->first) {
		if (step_has_ended(c) || c->is_garbled)
			return step_failed(
				e, c->is_garbled ? "got no MQTT"
						 : "the connection has ended");
		if (step_turn(r, e) < 0)
			return -1;
	}
	*ret = conn_take(c);
	return 0;
}

static int run_expect(struct run *r, struct err *e)
{
	bool may_skip = !strcmp(r->words[0], "await");
	struct entry *entry = NULL;
	const char *line;

	if (step_need_current(r, e) < 0)
		return -1;
	if (!r->args[0])
		return err_set(e, ERR_USAGE, 0, "expected what?");
	if (!strcmp(r->args[0], "end"))
		return expect_end(r, CONN_OPEN, e);
	if (!strcmp(r->args[0], "close"))
		return expect_end(r, CONN_CLOSED, e);
	if (!strcmp(r->args[0], "reset"))
		return expect_end(r, CONN_RESET, e);
	for (;;) {
		if (step_take(r, &entry, e) < 0)
			return -1;
		line = buf_cstr(&entry->line);
		if (line && fits(line, r->args))
			break;
		if (!may_skip)
			step_failed(e, "got '%s'", line ? line : "");
		entry_free(entry);
		if (!may_skip)
			return -1;
	}
	entry_free(r->p->last);
	r->p->last = entry;
	return 0;
}

static int run_quiet(struct run *r, struct err *e)
{
	const struct conn *c = r->p->current;
	uint64_t time = 0;

	if (step_need_current(r, e) < 0 ||
	    step_time(r->args[0], &time, e) < 0 || step_wait(r, time, e) < 0)
		return -1;
	if (c->first || step_has_ended(c))
		return step_failed(e, c->first ? "a packet came"
					       : "the connection ended");
	return 0;
}

static int run_delay(struct run *r, struct err *e)
{
	uint64_t time = 0;

	return step_time(r->args[0], &time, e) < 0 ? -1 : step_wait(r, time, e);
}

/* Until the client gives up. */
static int run_silence(struct run *r, struct err *e)
{
	if (r->args[0])
		return run_delay(r, e);
	if (step_need_current(r, e) < 0)
		return -1;
	r->p->current->is_mute = true;
	return expect_end(r, CONN_OPEN, e);
}

static int run_save(struct run *r, struct err *e)
{
	struct decoder d = { .side = DECODE_FROM_CLIENT,
			     .version = r->p->current->version };
	struct decode_result result;
	struct bytes b;
	FILE *out;
	bool is_bad;

	if (!r->p->last || !r->args[0] ||
	    decode_packet(&d, buf_view(&r->p->last->raw), &result) !=
		    DECODE_OK ||
	    result.packet.type != PACKET_PUBLISH)
		return err_set(e, ERR_USAGE, 0,
			       "expected FILE, after a "
			       "publish was expected");
	b = result.packet.publish.payload;
	out = fopen(r->args[0], "we");
	if (!out)
		return err_sys(e, ERR_LOCAL, "cannot write");
	is_bad = b.n && fwrite(b.p, b.n, 1, out) != 1;
	is_bad |= fclose(out) != 0;
	return is_bad ? err_sys(e, ERR_LOCAL, "cannot write") : 0;
}

const struct step expect_steps[] = {
	{ "expect", run_expect },
	{ "await", run_expect },
	{ "quiet", run_quiet },
	{ "delay", run_delay },
	{ "silence", run_silence },
	{ "save", run_save },
	{ 0 },
};
