/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include "config/keep.h"
#include "mqtt/types.h"

/* Load goes where somebody has just said that it should go: neither a
 * variable of the environment nor a profile that applies by itself counts. */
static bool is_told(const struct settings *s, size_t offset)
{
	enum origin_kind kind = settings_origin(s, offset)->kind;

	return kind == ORIGIN_ARGV || kind == ORIGIN_OPTIONS_FILE ||
	       (kind == ORIGIN_PROFILE &&
		ORIGIN_OF(s, typed.profile)->kind == ORIGIN_ARGV);
}

#define IS_TOLD(s, field) is_told((s), offsetof(struct settings, field))

static int forget(struct settings *s, const struct option *o, struct err *e)
{
	struct setting v = { .option = o, .text = o->fallback };
	void *field = (char *)s + o->offset;

	s->origins[o - options] = (struct origin){ 0 };
	if (o->type == OPTION_UINT)
		*(uint32_t *)field = 0;
	else if (o->type == OPTION_LIST)
		*(struct text_list *)field = (struct text_list){ 0 };
	else
		*(const char **)field = NULL;
	return v.text ? option_set(s, &v, e) : 0;
}

/* --port alone does not mean that of the host which the environment names. */
static int resolve_places(struct settings *s, struct err *e)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!(o->flags & OPTION_PLACE))
			continue;
		if (is_told(s, o->offset))
			s->bench.has_target = true;
		else if (forget(s, o, e))
			return -1;
	}
	return 0;
}

int resolve_bench(struct settings *s, struct err *e)
{
	struct bench_settings *b = &s->bench;

	resolve_log_level(s);
	if (resolve_places(s, e))
		return -1;
	b->has_clients = IS_SET(s, bench.clients);
	b->has_seed = IS_SET(s, bench.seed);
	b->has_version = IS_SET(s, typed.version) &&
			 s->typed.version != MQTT_AUTO;
	b->has_keepalive = IS_SET(s, typed.keepalive);
	b->has_qos = IS_SET(s, bench.qos);
	if (b->has_target && b->targets.n)
		return err_set(e, ERR_USAGE, 0,
			       "%s and --target exclude each "
			       "other",
			       IS_TOLD(s, typed.host) ? TOLD_BY(s, typed.host)
						      : "--port or --url");
	return 0;
}

/* As if they had been typed as --server, and no host (a list of hosts comes
 * here in pieces). */
static int note_servers(struct settings *s, const struct text_list *urls)
{
	static const struct origin told = { .kind = ORIGIN_ARGV,
					    .where = "--target" };
	static const struct origin untold;
	struct text_list copy = { 0 };
	const char *url;

	for (size_t i = 0; i < urls->n; i++) {
		url = keep_str(s, urls->v[i]);
		if (!url || keep_add(s, &copy, url))
			return -1;
	}
	s->typed.servers = copy;
	for (size_t i = 0; i < option_count; i++) {
		if (options[i].offset ==
		    offsetof(struct settings, typed.servers))
			s->origins[i] = told;
		if (options[i].offset == offsetof(struct settings, typed.host))
			s->origins[i] = untold;
	}
	return 0;
}

int settings_resolve_targets(struct settings *s, const struct text_list *urls,
			     struct err *e)
{
	if (urls->n && note_servers(s, urls))
		return err_nomem(e);
	if (resolve_client(s, e))
		return -1;
	return resolve_password(s, e);
}
