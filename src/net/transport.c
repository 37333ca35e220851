/* SPDX-License-Identifier: MIT */
#include "net/transport.h"

static const struct transport_config plain = { .kind = TRANSPORT_TCP };

/* What this layer can do so far. */
static int check(const struct transport_config *c, struct err *e)
{
	if (c->kind != TRANSPORT_TCP || c->proxy || c->srv ||
	    c->proxy_header.version != PROXY_HEADER_NONE)
		return err_set(e, ERR_USAGE, 0, "only plain TCP and Unix "
			       "sockets are supported");
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

struct stream *transport_open(const struct transport_config *c,
			      const struct dial_config *target UNUSED,
			      struct dial *d, struct err *e)
{
	struct socket_options o = c ? c->socket : plain.socket;

	o.detect_tls = true;
	return socket_stream_new(dial_take_fd(d), &o, e);
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
