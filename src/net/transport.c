/* SPDX-License-Identifier: MIT */
#include "net/transport.h"

#include "net/tls.h"
#include "net/tls_config.h"

static const struct transport_config plain = { .kind = TRANSPORT_TCP };

static bool has_tls(const struct transport_config *c)
{
	return c->kind == TRANSPORT_TLS || c->kind == TRANSPORT_WSS;
}

static bool has_ws(const struct transport_config *c)
{
	return c->kind == TRANSPORT_WS || c->kind == TRANSPORT_WSS;
}

/* What this layer can do so far. */
static int check(const struct transport_config *c, struct err *e)
{
	if (has_ws(c) || c->proxy || c->srv ||
	    c->proxy_header.version != PROXY_HEADER_NONE)
		return err_set(e, ERR_USAGE, 0, "WebSocket and proxies are "
			       "not supported");
	return 0;
}

struct dial *transport_dial(const struct transport_config *c,
			    const struct dial_config *target, uint64_t now,
			    struct err *e)
{
	if (check(c ? c : &plain, e) < 0)
		return NULL;
	return dial_new(target, now, e);
}

/* What a certificate must name. A Unix socket has no name of its own. */
static const char *server_name(const struct transport_config *c,
			       const struct dial_config *target)
{
	if (c->server_name)
		return c->server_name;
	return target->host ? target->host : "localhost";
}

static struct stream *add_tls(struct stream *below,
			      const struct transport_config *c,
			      const struct dial_config *target,
			      struct err *e)
{
	const struct tls_peer peer = { .name = server_name(c, target),
				       .port = target->port };
	struct tls_config *config = tls_cache_get(c->tls_cache, &c->tls, e);
	struct stream *s;

	if (!config) {
		stream_free(below);
		return NULL;
	}
	s = tls_stream_new(below, config, &peer, e);
	tls_config_release(config);
	return s;
}

struct stream *transport_open(const struct transport_config *c,
			      const struct dial_config *target,
			      struct dial *d, struct err *e)
{
	struct socket_options o;
	struct stream *s;

	c = c ? c : &plain;
	o = c->socket;
	o.quickack = has_tls(c);
	o.detect_tls = !has_tls(c);
	s = socket_stream_new(dial_take_fd(d), &o, e);
	if (s && has_tls(c))
		s = add_tls(s, c, target, e);
	return s;
}

enum transport_kind transport_kind_of(enum url_scheme scheme)
{
	switch (scheme) {
	case URL_MQTTS:
		return TRANSPORT_TLS;
	case URL_WS:
		return TRANSPORT_WS;
	case URL_WSS:
		return TRANSPORT_WSS;
	default:
		return TRANSPORT_TCP;
	}
}
