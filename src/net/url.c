/* SPDX-License-Identifier: MIT */
#include "net/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/text.h"

enum {
	URL_HOST_MAX = 255, /* of DNS, and of SOCKS5's length byte */
	URL_ZONE_MAX = 32,
	URL_PART_SHOWN = 64, /* bytes of a bad part that an error quotes */
};

static const struct {
	const char *name;
	enum url_scheme scheme;
} url_schemes[] = {
	{ "mqtt", URL_MQTT },     { "mqtts", URL_MQTTS },
	{ "ws", URL_WS },         { "wss", URL_WSS },
	{ "unix", URL_UNIX },     { "tcp", URL_MQTT },
	{ "ssl", URL_MQTTS },     { "tls", URL_MQTTS },
	{ "socks5", URL_SOCKS5 }, { "socks5h", URL_SOCKS5H },
	{ "http", URL_HTTP },
};

static int bad(struct err *e, const char *what, struct bytes part,
	       const char *expected)
{
	char shown[URL_PART_SHOWN];

	text_visible(shown, sizeof(shown), part);
	return err_set(e, ERR_USAGE, 0, "URL: %s '%s' %s", what, shown,
		       expected);
}

static int find_scheme(struct bytes name, enum url_scheme *ret, struct err *e)
{
	const char *names[ARRAY_SIZE(url_schemes)], *near;
	char shown[URL_PART_SHOWN];

	for (size_t i = 0; i < ARRAY_SIZE(url_schemes); i++) {
		names[i] = url_schemes[i].name;
		if (strlen(names[i]) == name.n &&
		    strncasecmp(names[i], (const char *)name.p, name.n) == 0) {
			*ret = url_schemes[i].scheme;
			return 0;
		}
	}
	text_visible(shown, sizeof(shown), name);
	near = text_nearest(shown, names, ARRAY_SIZE(names));
	if (near)
		return err_set(e, ERR_USAGE, 0,
			       "URL: scheme '%s' is not "
			       "known; did you mean '%s'?",
			       shown, near);
	return err_set(e, ERR_USAGE, 0,
		       "URL: scheme '%s' is not known; "
		       "expected mqtt, mqtts, ws, wss or unix (proxies: "
		       "socks5, socks5h, http)",
		       shown);
}

/* The byte that an escape at the start of s stands for; -1 when s does not
 * start with a well-formed one. */
static int escape_value(struct bytes s)
{
	int high, low;

	if (s.n < 3)
		return -1;
	high = parse_hex_digit(s.p[1]);
	low = parse_hex_digit(s.p[2]);
	return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Does not quote what is wrong: the part may be a password. */
static int decode(struct bytes s, const char *what, char **ret, struct err *e)
{
	char *out = malloc(s.n + 1);
	size_t n = 0;

	if (!out)
		return err_nomem(e);
	for (size_t i = 0; i < s.n; i++) {
		int c = s.p[i];

		if (c == '%') {
			c = escape_value(bytes_of(s.p + i, s.n - i));
			i += 2;
		}
		if (c <= 0) {
			free(out);
			return err_set(e, ERR_USAGE, 0,
				       "URL: '%%' in the %s "
				       "must be followed by two hexadecimal "
				       "digits other than 00 (a '%%' itself "
				       "is written %%25)",
				       what);
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	*ret = out;
	return 0;
}

static struct bytes until(struct bytes *s, const char *stops)
{
	struct bytes part = bytes_of(s->p, 0);

	while (part.n < s->n && !strchr(stops, s->p[part.n]))
		part.n++;
	s->p += part.n;
	s->n -= part.n;
	return part;
}

static struct bytes skip(struct bytes s, size_t n)
{
	return bytes_of(s.p + n, s.n - n);
}

static int parse_userinfo(struct bytes s, struct url *u, struct err *e)
{
	struct bytes user = until(&s, ":");

	if ((user.n || !s.n) && decode(user, "user name", &u->user, e) < 0)
		return -1;
	return s.n ? decode(skip(s, 1), "password", &u->password, e) : 0;
}

/* rest: what follows the authority. An '@' there suggests that a password
 * with a '/' was cut in two: then nothing of it may be quoted. */
static int parse_port(struct bytes s, struct bytes rest, struct url *u,
		      struct err *e)
{
	unsigned int port = 0;
	bool is_bad = s.n == 0 || s.n > 5;

	for (size_t i = 0; i < s.n && !is_bad; i++) {
		is_bad = s.p[i] < '0' || s.p[i] > '9';
		port = port * 10 + (s.p[i] - (unsigned int)'0');
	}
	if (!is_bad && port >= 1 && port <= 65535) {
		u->port = (uint16_t)port;
		return 0;
	}
	if (rest.n && memchr(rest.p, '@', rest.n))
		return err_set(e, ERR_USAGE, 0,
			       "URL: the port is not a "
			       "number from 1 to 65535 (a '/' in a password "
			       "must be written %%2F)");
	return bad(e, "port", s, "is not a number from 1 to 65535");
}

/* "::1" or "fe80::1%eth0" (RFC 6874 writes the '%' as %25). */
static int parse_ipv6(struct bytes s, struct url *u, struct err *e)
{
	char address[INET6_ADDRSTRLEN];
	struct in6_addr ignored;
	struct bytes zone = s, ip = until(&zone, "%");

	if (ip.n < sizeof(address)) {
		memcpy(address, ip.p, ip.n);
		address[ip.n] = '\0';
	}
	if (ip.n >= sizeof(address) ||
	    inet_pton(AF_INET6, address, &ignored) != 1)
		return bad(e, "host", s, "is not an IPv6 address");
	if (zone.n >= 3 && memcmp(zone.p, "%25", 3) == 0)
		zone = skip(zone, 2);
	if (zone.n == 1 || zone.n > URL_ZONE_MAX ||
	    (zone.n && memchr(zone.p + 1, '%', zone.n - 1)))
		return bad(e, "host", s, "has a bad zone after the '%'");
	u->host = malloc(ip.n + zone.n + 1);
	if (!u->host)
		return err_nomem(e);
	memcpy(u->host, address, ip.n);
	if (zone.n) {
		memcpy(u->host + ip.n, zone.p, zone.n);
		u->host[ip.n] = '%';
	}
	u->host[ip.n + zone.n] = '\0';
	return 0;
}

static int parse_name(struct bytes s, struct url *u, struct err *e)
{
	if (!s.n)
		return err_set(e, ERR_USAGE, 0, "URL: the host is missing");
	if (decode(s, "host", &u->host, e) < 0)
		return -1;
	if (strlen(u->host) > URL_HOST_MAX)
		return err_set(e, ERR_USAGE, 0,
			       "URL: the host is %zu bytes "
			       "long, expected at most %d",
			       strlen(u->host), URL_HOST_MAX);
	for (const char *c = u->host; *c; c++)
		if ((unsigned char)*c <= ' ' || strchr("/\\?#@:[]<>\"\x7f", *c))
			return bad(e, "host", s,
				   "has a character that no "
				   "name has");
	return 0;
}

static int parse_bracketed(struct bytes s, struct bytes rest, struct url *u,
			   struct err *e)
{
	struct bytes ip;

	s = skip(s, 1);
	ip = until(&s, "]");
	if (!s.n)
		return bad(e, "host", ip, "lacks the closing ']'");
	s = skip(s, 1);
	if (s.n && s.p[0] != ':')
		return bad(e, "text after ']'", s, "is not a ':' and a port");
	if (parse_ipv6(ip, u, e) < 0)
		return -1;
	return s.n ? parse_port(skip(s, 1), rest, u, e) : 0;
}

static int parse_host_port(struct bytes s, struct bytes rest, struct url *u,
			   struct err *e)
{
	struct bytes host;

	if (s.n && s.p[0] == '[')
		return parse_bracketed(s, rest, u, e);
	host = until(&s, ":");
	if (s.n && memchr(s.p + 1, ':', s.n - 1))
		return err_set(e, ERR_USAGE, 0,
			       "URL: more than one ':' in "
			       "the host (an IPv6 address is written in "
			       "brackets: [::1])");
	if (s.n && parse_port(skip(s, 1), rest, u, e) < 0)
		return -1;
	return parse_name(host, u, e);
}

static int parse_authority(struct bytes s, struct bytes rest, struct url *u,
			   struct err *e)
{
	const uint8_t *at = s.n ? memchr(s.p, '@', s.n) : NULL;
	struct bytes info;

	if (!at)
		return parse_host_port(s, rest, u, e);
	info = bytes_of(s.p, (size_t)(at - s.p));
	s = skip(s, info.n + 1);
	if (s.n && memchr(s.p, '@', s.n))
		return err_set(e, ERR_USAGE, 0,
			       "URL: more than one '@' (in a "
			       "user name or password it is written %%40)");
	if (parse_userinfo(info, u, e) < 0)
		return -1;
	return parse_host_port(s, rest, u, e);
}

/* Kept as typed; the request line can hold nothing but visible ASCII. */
static int parse_target(struct bytes s, struct url *u, struct err *e)
{
	for (size_t i = 0; i < s.n; i++) {
		struct bytes tail = skip(s, i);

		if (s.p[i] == '#')
			return bad(e, "fragment", tail,
				   "means nothing to a "
				   "server (a '#' is written %23)");
		if (s.p[i] == '%' && escape_value(tail) < 0)
			return bad(e, "path", s,
				   "has a '%' without two "
				   "hexadecimal digits after it");
		if (s.p[i] >= 0x7f)
			return bad(e, "path", s,
				   "has characters that must "
				   "be percent-encoded");
	}
	u->path = strndup((const char *)s.p, s.n);
	return u->path ? 0 : err_nomem(e);
}

static int parse_path(struct bytes s, struct url *u, struct err *e)
{
	if (!s.n)
		return 0;
	switch (u->scheme) {
	case URL_SOCKS5:
	case URL_SOCKS5H:
	case URL_HTTP:
		if (s.n == 1)
			return 0;
		return bad(e, "path", s, "is not allowed: a proxy has none");
	case URL_WS:
	case URL_WSS:
		return parse_target(s, u, e);
	default:
		return decode(s, "path", &u->path, e);
	}
}

static int parse_unix(struct bytes s, struct url *u, struct err *e)
{
	const size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (s.n >= 3 && memcmp(s.p, "///", 3) == 0)
		s = skip(s, 2);
	else if (s.n >= 2 && memcmp(s.p, "//", 2) == 0)
		return bad(e, "path", s, "has a host: expected unix:/path");
	if (!s.n || s.p[0] != '/')
		return bad(e, "path", s,
			   "is not absolute: expected "
			   "unix:/path");
	if (decode(s, "path", &u->path, e) < 0)
		return -1;
	if (strlen(u->path) > max)
		return err_set(e, ERR_USAGE, 0,
			       "URL: the socket's path is "
			       "%zu bytes long, expected at most %zu",
			       strlen(u->path), max);
	return 0;
}

static int parse_rest(struct bytes s, struct url *u, struct err *e)
{
	/* In a topic '?' and '#' are ordinary (a filter ends in "#"). */
	bool has_topic = u->scheme == URL_MQTT || u->scheme == URL_MQTTS;
	struct bytes authority;

	if (u->scheme == URL_UNIX)
		return parse_unix(s, u, e);
	if (s.n < 2 || memcmp(s.p, "//", 2) != 0)
		return err_set(e, ERR_USAGE, 0,
			       "URL: '//' must follow the "
			       "scheme");
	s = skip(s, 2);
	authority = until(&s, "/?#");
	/* An '@' suggests that this is the rest of a password. */
	if (s.n && s.p[0] != '/' && memchr(s.p, '@', s.n))
		return err_set(e, ERR_USAGE, 0,
			       "URL: '%c' before the first "
			       "'/' must be percent-encoded",
			       s.p[0]);
	if (s.n && s.p[0] != '/')
		return bad(e, has_topic ? "topic" : "path", s,
			   "must start with '/'");
	if (parse_authority(authority, s, u, e) < 0)
		return -1;
	return parse_path(s, u, e);
}

static int check_bytes(struct bytes s, struct err *e)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] == 0x7f || s.p[i] == ' ')
			return err_set(e, ERR_USAGE, 0,
				       "URL: a blank or "
				       "control character at position %zu "
				       "must be percent-encoded",
				       i + 1);
	return 0;
}

int url_parse(const char *text, struct url *ret, struct err *e)
{
	struct bytes s = bytes_str(text), name;
	struct url u = { 0 };

	if (check_bytes(s, e) < 0)
		return -1;
	name = until(&s, ":/?#@");
	if (!s.n || s.p[0] != ':' || !name.n)
		return err_set(e, ERR_USAGE, 0,
			       "URL: the scheme is missing: "
			       "expected mqtt://, mqtts://, ws://, wss:// or "
			       "unix:/path");
	if (find_scheme(name, &u.scheme, e) < 0)
		return -1;
	if (parse_rest(skip(s, 1), &u, e) < 0) {
		url_release(&u);
		return -1;
	}
	*ret = u;
	return 0;
}

/* The compiler may not drop this store although the memory is freed. */
static void wipe(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

void url_release(struct url *u)
{
	wipe(u->password);
	free(u->user);
	free(u->host);
	free(u->path);
	*u = (struct url){ 0 };
}

uint16_t url_default_port(enum url_scheme scheme)
{
	static const uint16_t ports[] = {
		[URL_MQTT] = 1883,    [URL_MQTTS] = 8883, [URL_WS] = 80,
		[URL_WSS] = 443,      [URL_UNIX] = 0,     [URL_SOCKS5] = 1080,
		[URL_SOCKS5H] = 1080, [URL_HTTP] = 3128,
	};

	return ports[scheme];
}
