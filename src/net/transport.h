/* SPDX-License-Identifier: MIT */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

/*
 * From "where to" and "how" to a stack of streams:
 *
 *	[WebSocket] [TLS] [SOCKS5 or HTTP CONNECT] [PROXY header] socket
 *
 * struct transport_config is plain data, filled in by the configuration
 * layer and only read here; where to connect is a struct dial_config, so
 * that one transport serves several servers and redirects. Dial with
 * transport_dial(), which goes to the proxy when there is one, then build
 * the stack over the connected dial with transport_open() and call
 * stream_step() until it is up. Nothing waits. Any thread; a dial and a
 * stream belong to one at a time.
 */

#include "net/dial.h"
#include "net/proxy_header.h"
#include "net/socket.h"
#include "net/stream.h"
#include "net/tls_cache.h"
#include "net/url.h"
#include "net/ws.h"

enum transport_kind {
	TRANSPORT_TCP,
	TRANSPORT_TLS,
	TRANSPORT_WS,
	TRANSPORT_WSS
};

/* Pointers are borrowed and must outlive the streams. A zeroed one is plain
 * TCP (or a Unix socket, when the dial_config names one). */
struct transport_config {
	enum transport_kind kind;
	/* What TLS verifies and HTTP asks for; NULL: the dial's host. Set it
	 * when that is an address the name was resolved to beforehand. */
	const char *server_name;
	struct socket_options socket;
	struct tls_options tls;
	struct tls_cache *tls_cache; /* NULL: files are read for each
				      * connection, none is resumed */
	struct ws_options ws;
	const struct url *proxy; /* socks5, socks5h or http; NULL: none */
	struct proxy_header_options proxy_header;
	bool srv; /* the dial's host is a domain whose DNS names the servers
		   * (_mqtt._tcp, with TLS _secure-mqtt._tcp); TLS verifies
		   * the domain */
};

/* As dial_new(); c NULL is a zeroed one. target must live as long as the
 * dial. */
struct dial *transport_dial(const struct transport_config *c,
			    const struct dial_config *target, uint64_t now,
			    struct err *e);

/* The stack over a dial that is connected; takes its socket and leaves the
 * dial to be freed. NULL with e: ERR_USAGE for what cannot be configured so,
 * ERR_LOCAL for files that cannot be read. */
struct stream *transport_open(const struct transport_config *c,
			      const struct dial_config *target, struct dial *d,
			      struct err *e);

/* The scheme's kind; URL_UNIX and proxies count as TCP. */
enum transport_kind transport_kind_of(enum url_scheme scheme);
uint16_t transport_default_port(enum transport_kind kind);

#endif
