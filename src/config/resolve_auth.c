/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include "client/auth.h"
#include "client/scram.h"
#include "config/dialogue.h"
#include "config/keep.h"

#define OFFSET(field) offsetof(struct settings, field)

/* The one that gives the data of the method; 0: none. */
static int pick_data(const struct settings *s, size_t *ret, struct err *e)
{
	const size_t all[] = { OFFSET(typed.auth_data), OFFSET(typed.auth_file),
			       OFFSET(typed.auth_command) };

	*ret = 0;
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		if (settings_origin(s, all[i])->kind == ORIGIN_DEFAULT)
			continue;
		if (*ret)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s both give the data, "
				       "expected one of them",
				       told_by(s, *ret), told_by(s, all[i]));
		*ret = all[i];
	}
	return 0;
}

static int use_scram(struct settings *s, size_t data, struct err *e)
{
	const struct typed *t = &s->typed;

	if (data)
		return err_set(e, ERR_USAGE, 0,
			       "%s means nothing with %s, which takes --user "
			       "and the password",
			       told_by(s, data), TOLD_BY(s, typed.auth_method));
	if (!t->user)
		return err_set(e, ERR_USAGE, 0,
			       "%s needs --user and a "
			       "password",
			       TOLD_BY(s, typed.auth_method));
	return auth_scram_init(&s->client.auth, t->auth_method, e);
}

static int use_dialogue(struct settings *s, size_t data, struct err *e)
{
	const struct typed *t = &s->typed;
	struct dialogue_source from = {
		.method = t->auth_method,
		.told_by = data ? keep_str(s, told_by(s, data)) : "",
		.command = t->auth_command,
		.file = t->auth_file,
		.data = t->auth_data,
		.within = s->typed.connect_timeout,
	};

	if (!from.told_by)
		return err_nomem(e);
	return dialogue_init(&s->client.auth, &from, e);
}

int resolve_auth(struct settings *s, struct err *e)
{
	const char *method = s->typed.auth_method;
	size_t data;

	if (pick_data(s, &data, e))
		return -1;
	if (!method && data)
		return err_set(e, ERR_USAGE, 0, "%s needs --auth-method",
			       told_by(s, data));
	if (!method && s->client.reauth_interval)
		return err_set(e, ERR_USAGE, 0, "%s needs --auth-method",
			       TOLD_BY(s, client.reauth_interval));
	if (!method)
		return 0;
	s->client.needs_v5 = true;
	return scram_knows(method) ? use_scram(s, data, e)
				   : use_dialogue(s, data, e);
}

void release_auth(struct settings *s)
{
	struct client_auth *a = &s->client.auth;

	if (a->method && scram_knows(a->method))
		auth_scram_release(a);
	else
		dialogue_release(a);
}
