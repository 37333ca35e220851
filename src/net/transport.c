/* SPDX-License-Identifier: MIT */
#include "net/transport.h"

#include "net/http_connect.h"
#include "net/socks.h"
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

/* What a certificate must name. A Unix socket has no name of its own. */
static const char *server_name(const struct transport_config *c,
			       const struct dial_config *target)
{
	if (c->server_name)
		return c->server_name;
	return target->host ? target->host : "localhost";
}

/* -------------------------------------------------------------------- dial */

static int check(const struct transport_config *c,
		 const struct dial_config *target, struct err *e)
{
	if (target->unix_path && (c->proxy || c->srv))
		return err_set(e, ERR_USAGE, 0,
			       "a Unix socket is not reached "
			       "through %s",
			       c->proxy ? "a proxy" : "DNS SRV records");
	/* Behind a proxy, DNS may be another one, or none. */
	if (c->proxy && c->srv)
		return err_set(e, ERR_USAGE, 0,
			       "DNS SRV records cannot be "
			       "used through a proxy");
	if (c->proxy && c->proxy->scheme != URL_SOCKS5 &&
	    c->proxy->scheme != URL_SOCKS5H && c->proxy->scheme != URL_HTTP)
		return err_set(e, ERR_USAGE, 0,
			       "a proxy's URL begins with "
			       "socks5://, socks5h:// or http://");
	return 0;
}

struct dial *transport_dial(const struct transport_config *c,
			    const struct dial_config *target, uint64_t now,
			    struct err *e)
{
	struct dial_config d = *target;

	c = c ? c : &plain;
	if (check(c, target, e) < 0)
		return NULL;
	if (c->srv)
		d.srv = has_tls(c) ? "secure-mqtt" : "mqtt";
	if (!c->proxy)
		return dial_new(&d, now, e);
	d.role = "proxy";
	d.host = c->proxy->host;
	d.port = c->proxy->port ? c->proxy->port
				: url_default_port(c->proxy->scheme);
	if (c->proxy->scheme == URL_SOCKS5) {
		d.far_host = target->host;
		d.far_port = target->port;
	}
	return dial_new(&d, now, e);
}

/* ------------------------------------------------------------------- stack */

/* Where the stack leads and how; the socket is at the far end of it. */
struct plan {
	const struct transport_config *c;
	const struct dial_config *target;
	const struct dial *dial;
};

/* Each adds its layer on top of the one below, which it takes over. */
typedef struct stream *add_layer(struct stream *below, const struct plan *p,
				 struct err *e);

static struct stream *add_proxy_header(struct stream *below,
				       const struct plan *p, struct err *e)
{
	return proxy_header_stream_new(below, &p->c->proxy_header, e);
}

static struct stream *add_socks(struct stream *below, const struct plan *p,
				struct err *e)
{
	const struct url *proxy = p->c->proxy;
	const struct socks_target t = {
		.host = p->target->host,
		.port = p->target->port,
		.address = dial_far(p->dial),
		.user = proxy->user,
		.password = proxy->password,
	};

	return socks_stream_new(below, &t, e);
}

static struct stream *add_http_connect(struct stream *below,
				       const struct plan *p, struct err *e)
{
	const struct http_connect_target t = {
		.host = p->target->host,
		.port = p->target->port,
		.user = p->c->proxy->user,
		.password = p->c->proxy->password,
	};

	return http_connect_stream_new(below, &t, e);
}

static struct stream *add_tls(struct stream *below, const struct plan *p,
			      struct err *e)
{
	const struct tls_peer peer = {
		.name = server_name(p->c, p->target),
		.port = p->target->port,
	};
	struct tls_config *config = tls_cache_get(p->c->tls_cache, &p->c->tls,
						  e);
	struct stream *s;

	if (!config) {
		stream_free(below);
		return NULL;
	}
	s = tls_stream_new(below, config, &peer, e);
	tls_config_release(config);
	return s;
}

static struct stream *add_ws(struct stream *below, const struct plan *p,
			     struct err *e)
{
	enum url_scheme scheme = has_tls(p->c) ? URL_WSS : URL_WS;
	const struct ws_peer peer = {
		.host = server_name(p->c, p->target),
		.port = p->target->port,
		.default_port = p->target->unix_path ? 0
						     : url_default_port(scheme),
	};

	return ws_stream_new(below, &p->c->ws, &peer, e);
}

/* From the bottom up; NULL for what is not asked for. */
static void choose_layers(const struct transport_config *c, add_layer *ret[4])
{
	ret[0] = c->proxy_header.version != PROXY_HEADER_NONE ? add_proxy_header
							      : NULL;
	ret[1] = !c->proxy                      ? NULL
		 : c->proxy->scheme == URL_HTTP ? add_http_connect
						: add_socks;
	ret[2] = has_tls(c) ? add_tls : NULL;
	ret[3] = has_ws(c) ? add_ws : NULL;
}

struct stream *transport_open(const struct transport_config *c,
			      const struct dial_config *target, struct dial *d,
			      struct err *e)
{
	const struct plan p = { .c = c ? c : &plain,
				.target = target,
				.dial = d };
	struct socket_options o = p.c->socket;
	add_layer *layers[4];
	struct stream *s;

	o.quickack = has_tls(p.c);
	o.detect_tls = !has_tls(p.c) && !p.c->proxy;
	s = socket_stream_new(dial_take_fd(d), &o, e);
	choose_layers(p.c, layers);
	for (size_t i = 0; s && i < ARRAY_SIZE(layers); i++)
		if (layers[i])
			s = layers[i](s, &p, e);
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

uint16_t transport_default_port(enum transport_kind kind)
{
	static const enum url_scheme schemes[] = {
		[TRANSPORT_TCP] = URL_MQTT,
		[TRANSPORT_TLS] = URL_MQTTS,
		[TRANSPORT_WS] = URL_WS,
		[TRANSPORT_WSS] = URL_WSS,
	};

	return url_default_port(schemes[kind]);
}
