/* SPDX-License-Identifier: MIT */
#include "bench/actor.h"

/* Renders into the attempt's text; the views are made when all is in. */
struct piece {
	size_t begin, end;
	bool is_set;
};

static int render(struct actor *a, const struct template *t, struct piece *ret)
{
	struct buf *text = &a->attempt->text;
	int r = 0;

	ret->is_set = t != NULL;
	ret->begin = buf_len(text);
	if (t)
		r = group_render(a->squad->crew->group, actor_client(a), t,
				 text);
	ret->end = buf_len(text);
	return r;
}

static struct bytes view(const struct buf *text, const struct piece *p)
{
	if (!p->is_set)
		return BYTES_NULL;
	return bytes_of(buf_view(text).p + p->begin, p->end - p->begin);
}

/* [MQTT-3.1.2-4] a clean start discards the old session, and the new one is
 * gone with its connection. */
static void end_session(struct connect *c)
{
	c->clean_start = true;
	c->props = bytes_of("", 0);
	c->will.is_set = false;
}

/* Also with nothing in it the text must have an address: an empty client id
 * is not an absent one. */
static int fill_connect(struct actor *a)
{
	const struct crew *crew = a->squad->crew;
	const struct group *g = crew->group;
	const struct run_config *config = crew->run->config;
	struct attempt *at = a->attempt;
	struct piece id, user, password, topic, payload;

	at->connect = crew->connect;
	if (!buf_reserve(&at->text, 64) || render(a, g->id, &id) < 0 ||
	    render(a, g->username, &user) < 0 ||
	    render(a, g->password, &password) < 0 ||
	    render(a, g->will.topic, &topic) < 0 ||
	    render(a, g->will.payload, &payload) < 0)
		return -1;
	at->connect.client_id = view(&at->text, &id);
	at->connect.user = g->username ? view(&at->text, &user)
				       : bytes_str(config->username);
	at->connect.password = g->password ? view(&at->text, &password)
					   : bytes_str(config->password);
	if (g->will.topic) {
		at->connect.will.topic = view(&at->text, &topic);
		at->connect.will.payload = view(&at->text, &payload);
	}
	/* A kept session is begun anew once, where that can be said without
	 * losing it again at the end of the connection [MQTT 5]. */
	at->connect.clean_start = g->mqtt.is_clean ||
				  (!a->was_up && g->mqtt.version == MQTT_5);
	if (a->is_cleaner)
		end_session(&at->connect);
	return 0;
}

static void fill_target(struct actor *a)
{
	const struct crew *crew = a->squad->crew;
	const struct run_config *config = crew->run->config;
	uint64_t n = crew->first_connect + actor_client(a);
	const struct run_target *t = &config->targets[actor_target_number(a)];

	a->attempt->looks_up = t->looks_up;
	a->attempt->target = (struct conn_target){
		.dial = {
			.host = t->host,
			.port = t->port,
			.unix_path = t->unix_path,
			.bind_addresses = config->bind_addresses,
			.bind_count = config->bind_count,
			.bind_index = config->bind_count
				? n % config->bind_count : 0,
		},
		.transport = t->transport,
		.connect = &a->attempt->connect,
		.connect_timeout = crew->run->scenario->connect.timeout,
		.name = t->name,
	};
}

int actor_fill_attempt(struct actor *a)
{
	buf_clear(&a->attempt->text);
	if (fill_connect(a) < 0)
		return -1;
	fill_target(a);
	return 0;
}
