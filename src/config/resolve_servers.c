/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/text.h"
#include "config/keep.h"
#include "net/transport.h"

enum { SHOWN_MAX = 80 };

/* The four ways to name servers; the strongest origin wins. */
enum way { WAY_HOST, WAY_UNIX, WAY_URL, WAY_SERVERS, WAYS };

static const size_t way_fields[WAYS] = {
	[WAY_HOST] = offsetof(struct settings, typed.host),
	[WAY_UNIX] = offsetof(struct settings, typed.unix_path),
	[WAY_URL] = offsetof(struct settings, typed.url),
	[WAY_SERVERS] = offsetof(struct settings, typed.servers),
};

static int pick_way(const struct settings *s, enum way *ret, struct err *e)
{
	enum way best = WAY_HOST;

	for (enum way w = WAY_UNIX; w < WAYS; w++) {
		const struct origin *from = settings_origin(s, way_fields[w]);
		int order = origin_compare(
			from, settings_origin(s, way_fields[best]));

		if (from->kind == ORIGIN_DEFAULT || order < 0)
			continue;
		if (!order)
			return err_set(e, ERR_USAGE, 0,
				       "%s and %s both say where the broker "
				       "is, expected one of them",
				       told_by(s, way_fields[best]),
				       told_by(s, way_fields[w]));
		best = w;
	}
	*ret = best;
	return 0;
}

static int keep_url(struct settings *s, const struct url *u,
		    struct client_server *server, struct err *e)
{
	if (u->scheme == URL_UNIX)
		server->unix_path = keep_str(s, u->path);
	else
		server->host = keep_str(s, u->host);
	if (!server->unix_path && !server->host)
		return err_nomem(e);
	return resolve_transport(s, u, server, e);
}

static int check_scheme(const struct url *u, const char *by, struct err *e)
{
	if (u->scheme <= URL_UNIX)
		return 0;
	return err_set(e, ERR_USAGE, 0,
		       "%s: expected a URL that begins with mqtt://, "
		       "mqtts://, ws://, wss:// or unix:",
		       by);
}

/* What else a URL says, unless an option says it. */
static int take_credentials(struct settings *s, const struct url *u,
			    struct err *e)
{
	const char *user = u->user ? keep_str(s, u->user) : "";
	const char *password = u->password ? keep_str(s, u->password) : "";

	if (!user || !password)
		return err_nomem(e);
	if (u->user && !IS_SET(s, typed.user))
		s->typed.user = user;
	if (u->password && !IS_SET(s, typed.password))
		s->typed.url_password = password;
	return 0;
}

/* For WebSocket the path is that of the HTTP request. */
static bool has_topic(const struct url *u)
{
	return (u->scheme == URL_MQTT || u->scheme == URL_MQTTS) && u->path &&
	       u->path[1];
}

static int take_topic(struct settings *s, const struct url *u, struct err *e)
{
	const char *topic;

	if (!has_topic(u))
		return 0;
	topic = keep_str(s, u->path + 1);
	if (!topic)
		return err_nomem(e);
	s->typed.url_topic = topic;
	return 0;
}

static int add_url(struct settings *s, struct client_server *server,
		   struct err *e)
{
	AUTO(url_release) struct url u = { 0 };
	const char *by = TOLD_BY(s, typed.url);

	if (url_parse(s->typed.url, &u, e))
		return err_prefix(e, "%s", by);
	if (check_scheme(&u, by, e))
		return -1;
	if (u.port && IS_SET(s, typed.port) && s->typed.port != u.port)
		return err_set(e, ERR_USAGE, 0,
			       "%s has a port of its own, so %s can't give "
			       "another one",
			       by, TOLD_BY(s, typed.port));
	if (!u.port)
		u.port = (uint16_t)s->typed.port;
	if (keep_url(s, &u, server, e) || take_topic(s, &u, e))
		return -1;
	return take_credentials(s, &u, e);
}

/* HOST, HOST:PORT, [IPV6]:PORT, an IPv6 address or a URL. */
static int add_server(struct settings *s, const char *text,
		      struct client_server *server, struct err *e)
{
	AUTO(url_release) struct url u = { 0 };
	const char *by = TOLD_BY(s, typed.servers), *url = text;
	struct in6_addr ignored;

	if (inet_pton(AF_INET6, text, &ignored) == 1)
		url = keep_printf(s, "mqtt://[%s]", text);
	else if (!strstr(text, "://") && strncmp(text, "unix:", 5) != 0)
		url = keep_printf(s, "mqtt://%s", text);
	if (!url)
		return err_nomem(e);
	if (url_parse(url, &u, e))
		return err_prefix(e, "%s", by);
	if (check_scheme(&u, by, e))
		return -1;
	if (u.user || u.password || has_topic(&u))
		return err_set(e, ERR_USAGE, 0,
			       "%s: expected a URL without user, password and "
			       "topic",
			       by);
	if (!u.port)
		u.port = (uint16_t)s->typed.port;
	return keep_url(s, &u, server, e);
}

static int add_host(struct settings *s, struct client_server *server,
		    struct err *e)
{
	struct url u = { .scheme = URL_MQTT };

	if (!*s->typed.host)
		return err_set(e, ERR_USAGE, 0, "%s: the host is empty",
			       TOLD_BY(s, typed.host));
	u.port = (uint16_t)s->typed.port;
	server->host = s->typed.host;
	return resolve_transport(s, &u, server, e);
}

static int add_unix(struct settings *s, struct client_server *server,
		    struct err *e)
{
	const struct url u = { .scheme = URL_UNIX };

	server->unix_path = s->typed.unix_path;
	return resolve_transport(s, &u, server, e);
}

static int add_all(struct settings *s, enum way way,
		   struct client_server *servers, struct err *e)
{
	switch (way) {
	case WAY_UNIX:
		return add_unix(s, servers, e);
	case WAY_URL:
		return add_url(s, servers, e);
	case WAY_SERVERS:
		for (size_t i = 0; i < s->typed.servers.n; i++)
			if (add_server(s, s->typed.servers.v[i], servers + i,
				       e))
				return -1;
		return 0;
	default:
		return add_host(s, servers, e);
	}
}

/* Numeric, so that a mistake shows before anything is connected. */
static int check_bind(const struct settings *s, struct err *e)
{
	unsigned char ignored[sizeof(struct in6_addr)];
	char shown[SHOWN_MAX];

	for (size_t i = 0; i < s->typed.bind.n; i++) {
		const char *a = s->typed.bind.v[i];

		if (inet_pton(AF_INET, a, ignored) == 1 ||
		    inet_pton(AF_INET6, a, ignored) == 1)
			continue;
		text_visible(shown, sizeof(shown), bytes_str(a));
		return err_set(e, ERR_USAGE, 0, "%s: '%s' is not an IP address",
			       TOLD_BY(s, typed.bind), shown);
	}
	return 0;
}

static int resolve_family(struct settings *s, struct err *e)
{
	if (s->typed.ipv4 && s->typed.ipv6)
		return err_set(e, ERR_USAGE, 0, "%s and %s exclude each other",
			       TOLD_BY(s, typed.ipv4), TOLD_BY(s, typed.ipv6));
	s->client.family = s->typed.ipv4   ? DIAL_IPV4
			   : s->typed.ipv6 ? DIAL_IPV6
					   : DIAL_ANY;
	return 0;
}

int resolve_servers(struct settings *s, struct err *e)
{
	struct client_server *servers;
	enum way way = WAY_HOST;
	size_t n;

	if (pick_way(s, &way, e) || check_bind(s, e) || resolve_family(s, e))
		return -1;
	n = way == WAY_SERVERS ? s->typed.servers.n : 1;
	if (!n)
		return err_set(e, ERR_USAGE, 0, "%s names no server",
			       TOLD_BY(s, typed.servers));
	servers = keep_alloc(s, n * sizeof(*servers));
	/* A search resolves its target again for each step. */
	s->typed.transports = keep_alloc(s, n * sizeof(*s->typed.transports));
	s->typed.transport_count = 0;
	if (!servers || !s->typed.transports)
		return err_nomem(e);
	if (add_all(s, way, servers, e) || check_transports(s, e))
		return -1;
	s->client.servers = servers;
	s->client.server_count = n;
	s->client.server_order = (enum client_server_order)
					 s->typed.server_order;
	s->client.bind_addresses = s->typed.bind.v;
	s->client.bind_count = s->typed.bind.n;
	/* What it came to, for --show-config. */
	if (way == WAY_HOST)
		s->typed.port = servers->port;
	return 0;
}

int resolve_url_topic(const struct settings *s,
		      const char *(*check)(struct bytes), struct err *e)
{
	struct bytes topic = bytes_str(s->typed.url_topic);
	const char *why = check(topic);
	char shown[SHOWN_MAX];

	if (!why)
		return 0;
	return err_set(e, ERR_USAGE, 0, "%s: the topic '%s' %s",
		       TOLD_BY(s, typed.url),
		       text_visible(shown, sizeof(shown), topic), why);
}
