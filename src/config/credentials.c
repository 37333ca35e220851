/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/keep.h"
#include "config/secret.h"

enum { ASK_SECONDS = 300 };

/* Where the password comes from. Files and commands are asked anew for each
 * connection, on the receive thread: so that a changed password needs no
 * restart. */
struct source {
	const char *file, *command;
	uint64_t within;
	struct bytes user;
	char told_by[ORIGIN_TEXT_MAX];
	struct secret secret;
};

static int load(void *ctx, struct bytes *ret_user, struct bytes *ret_password,
		struct err *e)
{
	struct source *src = ctx;
	int rc = src->file ? secret_from_file(src->file, src->within,
					      &src->secret, e)
			   : secret_from_command(src->command, src->within,
						 &src->secret, e);

	if (rc)
		return err_prefix(e, "%s", src->told_by);
	*ret_user = src->user;
	*ret_password = bytes_of(src->secret.data, src->secret.n);
	return 0;
}

static int ask(struct settings *s, struct source *src, struct err *e)
{
	char prompt[300];

	snprintf(prompt, sizeof(prompt), "Password%s%.200s: ",
		 s->typed.user ? " of " : "",
		 s->typed.user ? s->typed.user : "");
	return secret_from_terminal(prompt, ASK_SECONDS * CLOCK_SEC,
				    &src->secret, e);
}

/* Which of the options that give a password is in force: that of the
 * strongest origin. *ret is its field, 0 when there is none. */
static int pick(const struct settings *s, size_t *ret, struct err *e)
{
	static const size_t ways[] = {
		offsetof(struct settings, typed.password),
		offsetof(struct settings, typed.password_file),
		offsetof(struct settings, typed.password_command),
		offsetof(struct settings, typed.password_fd),
		offsetof(struct settings, typed.password_prompt),
	};
	const struct origin *best = NULL;

	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct origin *from = settings_origin(s, ways[i]);
		int order = best ? origin_compare(from, best) : 1;

		if (from->kind == ORIGIN_DEFAULT || order < 0)
			continue;
		if (!order)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s both give a password, "
				       "expected one of them",
				       told_by(s, *ret), told_by(s, ways[i]));
		best = from;
		*ret = ways[i];
	}
	return 0;
}

#define IS_FIELD(offset, field) ((offset) == offsetof(struct settings, field))

static int read_once(struct settings *s, size_t way, struct source *src,
		     struct err *e)
{
	int rc = IS_FIELD(way, typed.password_prompt)
			 ? ask(s, src, e)
			 : secret_from_fd((int)s->typed.password_fd,
					  src->within, &src->secret, e);

	if (rc)
		return err_prefix(e, "%s", src->told_by);
	s->client.connect.password =
		bytes_of(src->secret.data, src->secret.n);
	return 0;
}

/* A file that is missing shows now rather than at the first connection. */
static int read_each_time(struct settings *s, size_t way, struct source *src,
			  struct err *e)
{
	struct bytes user, password;

	s->client.credentials.load = load;
	s->client.credentials.ctx = src;
	if (IS_FIELD(way, typed.password_command)) {
		src->command = s->typed.password_command;
		return 0;
	}
	src->file = s->typed.password_file;
	return load(src, &user, &password, e);
}

int resolve_password(struct settings *s, struct err *e)
{
	struct source *src;
	size_t way;

	if (pick(s, &way, e))
		return -1;
	if (!way || IS_FIELD(way, typed.password)) {
		s->client.connect.password = bytes_str(
			way ? s->typed.password : s->typed.url_password);
		return 0;
	}
	src = keep_alloc(s, sizeof(*src));
	if (!src)
		return err_nomem(e);
	src->within = s->client.connect_timeout;
	src->user = s->client.connect.user;
	snprintf(src->told_by, sizeof(src->told_by), "%s", told_by(s, way));
	if (IS_FIELD(way, typed.password_prompt) ||
	    IS_FIELD(way, typed.password_fd))
		return read_once(s, way, src, e);
	return read_each_time(s, way, src, e);
}
