/* SPDX-License-Identifier: MIT */
#ifndef NET_PROXY_RULES_H
#define NET_PROXY_RULES_H

/*
 * Which proxy the environment asks for. Pure text work on the values that
 * the caller has read; any thread; results point into them.
 */

#include "net/transport.h"

/* NULL or empty: not set. */
struct proxy_environment {
	const char *all_proxy;   /* every kind of transport */
	const char *https_proxy; /* WebSocket over TLS only */
	const char *http_proxy;  /* WebSocket only */
	const char *no_proxy;    /* see proxy_is_excluded() */
};

/* The URL of the proxy for a connection to that host, or NULL for none. As in
 * other programs, this machine itself is no exception. */
const char *proxy_choose(const struct proxy_environment *env,
			 enum transport_kind kind, const char *host,
			 uint16_t port);

/*
 * NO_PROXY: items with commas or blanks between. "*" is every host;
 * "example.org" and ".example.org" that domain and all below it;
 * "192.0.2.1", "2001:db8::1" and "10.0.0.0/8" addresses; each but the
 * networks also with ":port".
 */
bool proxy_is_excluded(const char *no_proxy, const char *host, uint16_t port);

#endif
