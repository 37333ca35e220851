/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "config/keep.h"
#include "config/secret.h"
#include "net/transport.h"

enum { ASK_SECONDS = 300 };

/* Where a secret comes from. Files and commands are asked anew on the receive
 * thread, for each connection (the password) or each time the key is read
 * (its passphrase): so that what has changed needs no restart. */
struct source {
	const char *file, *command;
	uint64_t within;
	struct bytes user;
	char told_by[ORIGIN_TEXT_MAX];
	struct secret secret;
};

/* The fields of the options that give one secret. */
struct ways {
	const char *name, *noun;
	size_t text, file, command, fd, prompt;
};

static const struct ways password_ways = {
	"Password",
	"password",
	offsetof(struct settings, typed.password),
	offsetof(struct settings, typed.password_file),
	offsetof(struct settings, typed.password_command),
	offsetof(struct settings, typed.password_fd),
	offsetof(struct settings, typed.password_prompt),
};

static const struct ways passphrase_ways = {
	"Passphrase",
	"passphrase",
	offsetof(struct settings, typed.key_passphrase),
	offsetof(struct settings, typed.key_passphrase_file),
	offsetof(struct settings, typed.key_passphrase_command),
	offsetof(struct settings, typed.key_passphrase_fd),
	offsetof(struct settings, typed.key_passphrase_prompt),
};

static int load(void *ctx, struct bytes *ret, struct err *e)
{
	struct source *src = ctx;
	int rc = src->file ? secret_from_file(src->file, src->within,
					      &src->secret, e)
			   : secret_from_command(src->command, src->within,
						 &src->secret, e);

	if (rc)
		return err_prefix(e, "%s", src->told_by);
	*ret = bytes_of(src->secret.data, src->secret.n);
	return 0;
}

static int load_login(void *ctx, struct bytes *ret_user,
		      struct bytes *ret_password, struct err *e)
{
	const struct source *src = ctx;

	if (load(ctx, ret_password, e))
		return -1;
	*ret_user = src->user;
	return 0;
}

static int ask(struct settings *s, const struct ways *w, struct source *src,
	       struct err *e)
{
	const char *of = w == &passphrase_ways ? s->typed.tls_key
					       : s->typed.user;
	char prompt[300];

	snprintf(prompt, sizeof(prompt), "%s%s%.200s: ", w->name,
		 of ? " of " : "", of ? of : "");
	return secret_from_terminal(prompt, ASK_SECONDS * CLOCK_SEC,
				    &src->secret, e);
}

/* Which of the options that give a secret is in force: that of the
 * strongest origin. *ret is its field, 0 when there is none. */
static int pick(const struct settings *s, const struct ways *w, size_t *ret,
		struct err *e)
{
	const size_t all[] = { w->text, w->file, w->command, w->fd, w->prompt };
	const struct origin *best = NULL;

	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		const struct origin *from = settings_origin(s, all[i]);
		int order = best ? origin_compare(from, best) : 1;

		if (from->kind == ORIGIN_DEFAULT || order < 0)
			continue;
		if (!order)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s both give a %s, expected "
				       "one of them",
				       told_by(s, *ret), told_by(s, all[i]),
				       w->noun);
		best = from;
		*ret = all[i];
	}
	return 0;
}

static const char *text_at(const struct settings *s, size_t field)
{
	return *(const char *const *)((const char *)s + field);
}

static struct source *make_source(struct settings *s, size_t way)
{
	struct source *src = keep_alloc(s, sizeof(*src));

	if (!src)
		return NULL;
	src->within = s->client.connect_timeout;
	src->user = s->client.connect.user;
	snprintf(src->told_by, sizeof(src->told_by), "%s", told_by(s, way));
	return src;
}

static int read_once(struct settings *s, const struct ways *w, size_t way,
		     struct source *src, struct err *e)
{
	const uint32_t *fd = (const uint32_t *)((char *)s + w->fd);
	int rc;

	if (way == w->prompt)
		rc = ask(s, w, src, e);
	else if (way == w->fd)
		rc = secret_from_fd((int)*fd, src->within, &src->secret, e);
	else
		rc = secret_from_file(text_at(s, way), src->within,
				      &src->secret, e);
	return rc ? err_prefix(e, "%s", src->told_by) : 0;
}

/* The options that give a secret, and what it is; *ret_again is set when it
 * is to be loaded again later. A file is read here as well: a wrong name is
 * told before anything is begun. */
static int resolve_secret(struct settings *s, const struct ways *w,
			  struct bytes *ret, struct source **ret_again,
			  struct err *e)
{
	struct source *src;
	size_t way;

	if (pick(s, w, &way, e))
		return -1;
	if (!way)
		return 0;
	if (way == w->text) {
		*ret = bytes_str(text_at(s, way));
		return 0;
	}
	src = make_source(s, way);
	if (!src)
		return err_nomem(e);
	if (way == w->command)
		src->command = text_at(s, way);
	else if (read_once(s, w, way, src, e))
		return -1;
	else if (way == w->file)
		src->file = text_at(s, way);
	*ret = bytes_of(src->secret.data, src->secret.n);
	if (src->file || src->command)
		*ret_again = src;
	return 0;
}

int resolve_password(struct settings *s, struct err *e)
{
	struct source *login = NULL, *key = NULL;
	struct bytes passphrase = BYTES_NULL;

	s->client.connect.password = bytes_str(s->typed.url_password);
	if (resolve_secret(s, &password_ways, &s->client.connect.password,
			   &login, e) ||
	    resolve_secret(s, &passphrase_ways, &passphrase, &key, e))
		return -1;
	if (login)
		s->client.credentials = (struct client_credentials){ load_login,
								     login };
	for (size_t i = 0; i < s->typed.transport_count; i++) {
		struct tls_options *o = &s->typed.transports[i].tls;

		if (key)
			o->ask_passphrase = (struct tls_passphrase){ load,
								     key };
		else
			o->key_passphrase = passphrase;
	}
	return 0;
}
