/* SPDX-License-Identifier: MIT */
#ifndef NET_URL_H
#define NET_URL_H

/*
 * URLs of brokers and proxies: scheme://[user[:password]@]host[:port][/path]
 * with percent-decoding, IPv6 in brackets, and unix:/path. Pure text work;
 * any thread. A struct url owns its strings. Errors never show a user name
 * or a password.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/err.h"

enum url_scheme {
	URL_MQTT,  /* mqtt:// tcp:// */
	URL_MQTTS, /* mqtts:// ssl:// tls:// */
	URL_WS,
	URL_WSS,
	URL_UNIX,    /* unix:/path unix:///path */
	URL_SOCKS5,  /* names resolved here */
	URL_SOCKS5H, /* names resolved by the proxy */
	URL_HTTP,    /* HTTP CONNECT proxy */
};

struct url {
	enum url_scheme scheme;
	/* Decoded; NULL when absent. An empty user before a password counts
	 * as absent: "mqtt://:secret@host" is a password alone. */
	char *user, *password;
	char *host;    /* decoded, no brackets; NULL for unix */
	uint16_t port; /* 0 when absent */
	/* NULL when absent; else with its leading '/'. For mqtt and mqtts a
	 * topic or filter follows the '/', decoded, '?' and '#' included;
	 * for unix it is the socket, decoded; for ws and wss the request
	 * target as it was typed, query included, because decoding it would
	 * change its meaning. Proxies have none. */
	char *path;
};

/* e names the part that is wrong and what was expected (ERR_USAGE). */
int url_parse(const char *text, struct url *ret, struct err *e) MUST_CHECK;
void url_release(struct url *u);
/* 1883, 8883, 80, 443, 1080, 3128; 0 for unix. */
uint16_t url_default_port(enum url_scheme scheme);

#endif
