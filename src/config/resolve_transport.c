/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <string.h>

#include "base/text.h"
#include "config/keep.h"
#include "net/proxy_rules.h"
#include "net/transport.h"

enum { SHOWN_MAX = 80, TLS_PORT = 8883 };

/* Like mosquitto, who names what to trust, or a key, wants TLS; and so does
 * who names its port. */
static bool implies_tls(const struct typed *t, uint16_t port)
{
	return t->tls_ca || t->tls_ca_path || t->tls_os_certs || t->tls_cert ||
	       t->tls_psk.p || port == TLS_PORT;
}

static bool wants_tls(const struct settings *s, enum url_scheme scheme,
		      uint16_t port)
{
	if (IS_SET(s, typed.tls) || scheme == URL_UNIX)
		return s->typed.tls;
	return scheme == URL_MQTTS || scheme == URL_WSS ||
	       implies_tls(&s->typed, port);
}

static enum transport_kind kind_of(bool has_tls, bool has_ws)
{
	if (has_ws)
		return has_tls ? TRANSPORT_WSS : TRANSPORT_WS;
	return has_tls ? TRANSPORT_TLS : TRANSPORT_TCP;
}

static const char *keep_or_null(struct settings *s, const char *text,
				bool *is_short)
{
	const char *copy = text ? keep_str(s, text) : NULL;

	*is_short |= text && !copy;
	return copy;
}

static int keep_proxy(struct settings *s, const struct url *u,
		      const struct url **ret, struct err *e)
{
	struct url *copy = keep_alloc(s, sizeof(*copy));
	bool is_short = !copy;

	if (copy) {
		copy->scheme = u->scheme;
		copy->port = u->port;
		copy->user = (char *)keep_or_null(s, u->user, &is_short);
		copy->password = (char *)keep_or_null(s, u->password,
						      &is_short);
		copy->host = (char *)keep_or_null(s, u->host, &is_short);
	}
	if (is_short)
		return err_nomem(e);
	*ret = copy;
	return 0;
}

/* by: what said so, for errors. */
static int parse_proxy(struct settings *s, const char *text, const char *by,
		       const struct url **ret, struct err *e)
{
	AUTO(url_release) struct url u = { 0 };

	if (!strstr(text, "://"))
		text = keep_printf(s, "http://%s", text);
	if (!text)
		return err_nomem(e);
	if (url_parse(text, &u, e))
		return err_prefix(e, "%s", by);
	if (u.scheme != URL_SOCKS5 && u.scheme != URL_SOCKS5H &&
	    u.scheme != URL_HTTP)
		return err_set(e, ERR_USAGE, 0,
			       "%s: expected a URL that begins with "
			       "socks5://, socks5h:// or http://",
			       by);
	return keep_proxy(s, &u, ret, e);
}

/* "NAME=value" of the environment. */
static const char *value_of(const char *variable)
{
	const char *equals = variable ? strchr(variable, '=') : NULL;

	return equals ? equals + 1 : NULL;
}

/* The variable that has that value, for errors. */
static const char *variable_of(const struct settings *s, const char *value)
{
	size_t i = 0;

	while (value_of(s->typed.proxy_env[i]) != value)
		i++;
	return s->typed.proxy_env[i];
}

static int resolve_proxy(struct settings *s, const struct client_server *server,
			 struct transport_config *c, struct err *e)
{
	const char *const *v = s->typed.proxy_env;
	const struct proxy_environment env = {
		.all_proxy = value_of(v[PROXY_ALL]),
		.https_proxy = value_of(v[PROXY_HTTPS]),
		.http_proxy = value_of(v[PROXY_HTTP]),
		.no_proxy = value_of(v[PROXY_NOT_FOR]),
	};
	const char *chosen, *variable;
	char by[SHOWN_MAX];

	if (IS_SET(s, typed.proxy)) {
		if (!*s->typed.proxy)
			return 0;
		return parse_proxy(s, s->typed.proxy, TOLD_BY(s, typed.proxy),
				   &c->proxy, e);
	}
	chosen = proxy_choose(&env, c->kind, server->host, server->port);
	if (!chosen)
		return 0;
	variable = variable_of(s, chosen);
	snprintf(by, sizeof(by), "environment variable '%.*s'",
		 (int)strcspn(variable, "="), variable);
	return parse_proxy(s, chosen, by, &c->proxy, e);
}

static void fill_tls(const struct typed *t, struct tls_options *o)
{
	*o = (struct tls_options){
		.ca_file = t->tls_ca,
		.ca_path = t->tls_ca_path,
		.crl_file = t->tls_crl,
		.cert_file = t->tls_cert,
		.key_file = t->tls_key,
		.psk = t->tls_psk,
		.psk_identity = t->tls_psk_identity,
		.alpn = t->tls_alpn.v,
		.alpn_count = t->tls_alpn.n,
		.sni = t->tls_sni,
		.min_version = (enum tls_version)t->tls_min_version,
		.max_version = (enum tls_version)t->tls_max_version,
		.ciphers = t->tls_ciphers,
		.pins = t->tls_pins.v,
		.pin_count = t->tls_pins.n,
		.no_verify_host = t->tls_any_host,
		.is_insecure = t->tls_insecure,
		.keylog_file = t->tls_keylog,
	};
}

static int fill_ws(struct settings *s, const char *url_path,
		   struct ws_options *o, struct err *e)
{
	const struct typed *t = &s->typed;
	const char *path = t->ws_path;

	if (!path && url_path && url_path[1]) {
		path = keep_str(s, url_path);
		if (!path)
			return err_nomem(e);
	}
	*o = (struct ws_options){
		.path = path,
		.subprotocol = t->ws_subprotocol,
		.origin = t->ws_origin,
		.user = t->ws_user,
		.password = t->ws_password,
		.headers = t->ws_headers.v,
		.header_count = t->ws_headers.n,
	};
	return 0;
}

int resolve_transport(struct settings *s, const struct url *u,
		      struct client_server *server, struct err *e)
{
	const struct typed *t = &s->typed;
	struct transport_config *c = &t->transports[t->transport_count];
	bool has_ws = u->scheme == URL_WS || u->scheme == URL_WSS ||
		      (t->ws && u->scheme != URL_UNIX);
	bool has_tls = wants_tls(s, u->scheme, u->port);

	*c = (struct transport_config){
		.kind = kind_of(has_tls, has_ws),
		.srv = t->srv,
		.proxy_header = {
			.version = (enum proxy_header_version)
				t->proxy_protocol,
			.source = t->proxy_source,
			.destination = t->proxy_destination,
		},
	};
	resolve_socket(s, &c->socket);
	s->typed.transport_count++;
	server->transport = c;
	server->port = u->port ? u->port : transport_default_port(c->kind);
	if (has_tls) {
		fill_tls(t, &c->tls);
		c->tls_cache = tls_cache_new();
		if (!c->tls_cache)
			return err_nomem(e);
	}
	if (has_ws && fill_ws(s, u->path, &c->ws, e))
		return -1;
	if (u->scheme == URL_UNIX) {
		server->port = 0;
		return 0;
	}
	return resolve_proxy(s, server, c, e);
}

void release_transports(struct settings *s)
{
	for (size_t i = 0; i < s->typed.transport_count; i++)
		tls_cache_free(s->typed.transports[i].tls_cache);
}

/* Options of the command line that concern a layer nobody uses. */
static int check_unused(const struct settings *s, enum option_group group,
			size_t on, struct err *e)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (o->group != group || o->offset == on ||
		    !(o->tools & s->tool) ||
		    s->origins[i].kind < ORIGIN_OPTIONS_FILE)
			continue;
		return err_set(e, ERR_USAGE, 0, "%s means nothing without %s",
			       told_by(s, o->offset),
			       group == GROUP_TLS ? "TLS (--tls)"
						  : "WebSocket (--ws)");
	}
	return 0;
}

static int needs(const struct settings *s, size_t a, const char *other,
		 struct err *e)
{
	return err_set(e, ERR_USAGE, 0, "%s needs %s", told_by(s, a), other);
}

#define OFFSET(field) offsetof(struct settings, field)

static int check_tls(struct settings *s, struct err *e)
{
	const struct typed *t = &s->typed;

	if (t->tls_cert && !t->tls_key)
		return needs(s, OFFSET(typed.tls_cert), "--tls-key", e);
	if (t->tls_key && !t->tls_cert)
		return needs(s, OFFSET(typed.tls_key), "--tls-cert", e);
	if (t->tls_psk.p && !t->tls_psk_identity)
		return needs(s, OFFSET(typed.tls_psk), "--tls-psk-identity", e);
	if (t->tls_psk_identity && !t->tls_psk.p)
		return needs(s, OFFSET(typed.tls_psk_identity), "--tls-psk", e);
	if (t->tls_psk.p && (t->tls_ca || t->tls_ca_path))
		return err_set(e, ERR_USAGE, 0, "%s and %s exclude each other",
			       TOLD_BY(s, typed.tls_psk),
			       t->tls_ca ? TOLD_BY(s, typed.tls_ca)
					 : TOLD_BY(s, typed.tls_ca_path));
	if (t->tls_max_version && t->tls_min_version > t->tls_max_version)
		return err_set(e, ERR_USAGE, 0, "%s is above %s",
			       TOLD_BY(s, typed.tls_min_version),
			       TOLD_BY(s, typed.tls_max_version));
	if (t->tls_insecure)
		return keep_warning(s, e,
				    "TLS does not check who the broker "
				    "is (%s): anybody can be in between",
				    TOLD_BY(s, typed.tls_insecure));
	return 0;
}

/* What goes into an HTTP request as it is must not break it. */
static bool is_one_line(const char *text)
{
	while ((unsigned char)*text >= ' ' && *text != 0x7f)
		text++;
	return !*text;
}

static int check_ws(const struct settings *s, struct err *e)
{
	const struct typed *t = &s->typed;
	char shown[SHOWN_MAX];

	if (t->ws_path && (t->ws_path[0] != '/' || !is_one_line(t->ws_path) ||
			   strchr(t->ws_path, ' ')))
		return err_set(e, ERR_USAGE, 0,
			       "%s: '%s' is not a path such as /mqtt",
			       TOLD_BY(s, typed.ws_path),
			       text_visible(shown, sizeof(shown),
					    bytes_str(t->ws_path)));
	for (size_t i = 0; i < t->ws_headers.n; i++) {
		const char *h = t->ws_headers.v[i];

		if (is_one_line(h) && strchr(h, ':') && *h != ':')
			continue;
		return err_set(e, ERR_USAGE, 0,
			       "%s: '%s' is not of the form 'Name: value'",
			       TOLD_BY(s, typed.ws_headers),
			       text_visible(shown, sizeof(shown),
					    bytes_str(h)));
	}
	if (t->ws_password && !t->ws_user)
		return needs(s, OFFSET(typed.ws_password), "--ws-user", e);
	return 0;
}

int check_transports(struct settings *s, struct err *e)
{
	bool has_tls = false, has_ws = false, is_off;

	for (size_t i = 0; i < s->typed.transport_count; i++) {
		enum transport_kind kind = s->typed.transports[i].kind;

		has_tls |= kind == TRANSPORT_TLS || kind == TRANSPORT_WSS;
		has_ws |= kind == TRANSPORT_WS || kind == TRANSPORT_WSS;
	}
	is_off = IS_SET(s, typed.tls) && !s->typed.tls;
	if (!has_tls && !is_off &&
	    check_unused(s, GROUP_TLS, OFFSET(typed.tls), e))
		return -1;
	if (!has_ws && check_unused(s, GROUP_WEBSOCKET, OFFSET(typed.ws), e))
		return -1;
	if (has_tls && check_tls(s, e))
		return -1;
	return has_ws ? check_ws(s, e) : 0;
}
