/* SPDX-License-Identifier: MIT */
/* Stacks as they are put together from a configuration. */
#include "net/transport.h"

#include "dial_peer.h"

static struct stream *open_plain(const struct transport_config *c,
				 uint16_t port, struct err *e)
{
	const struct dial_config target = { .host = "127.0.0.1", .port = port };
	struct dial *d = transport_dial(c, &target, clock_now(), e);
	struct stream *s = NULL;

	if (d && finish(d, e) == IO_OK)
		s = transport_open(c, &target, d, e);
	dial_free(d);
	return s;
}

static void plain_tcp(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 8);
	struct err e = { 0 };
	struct stream *s = open_plain(NULL, port, &e);

	if (!ok(s, "%s", e.text))
		return;
	is_str(stream_unfinished(s)->name, "socket");
	is_int(stream_step(s, &e), IO_OK);
	ok(!stream_unfinished(s));
	is_int(stream_shutdown(s, &e), IO_OK);
	is_int(stream_shutdown(s, &e), IO_OK, "again");
	stream_free(s);
	close(listener);
}

static void layers_are(const struct transport_config *c,
		       const struct dial_config *target,
		       const char *const *want)
{
	struct err e = { 0 };
	struct dial *d = transport_dial(c, target, clock_now(), &e);
	const struct stream *layer;
	struct stream *s = NULL;

	if (ok(d, "%s", e.text) && is_int(finish(d, &e), IO_OK, "%s", e.text))
		s = transport_open(c, target, d, &e);
	ok(s, "%s", e.text);
	for (layer = s; layer && *want; layer = layer->below)
		is_str(layer->ops->name, *want++);
	ok(!layer && !*want);
	stream_free(s);
	dial_free(d);
}

static void stacks(void)
{
	static const char *const tls[] = { "tls", "socket", NULL };
	static const char *const ws[] = { "ws", "socket", NULL };
	static const char *const all[] = { "ws",           "tls",    "socks5",
					   "proxy-header", "socket", NULL };
	static const char *const tunnel[] = { "tls", "http-connect", "socket",
					      NULL };
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 64);
	const struct dial_config target = { .host = "127.0.0.1", .port = port };
	const struct dial_config far = { .host = "two.test", .port = 1 };
	char host[] = "127.0.0.1";
	struct url proxy = { .scheme = URL_SOCKS5, .host = host, .port = port };
	struct transport_config c = { .kind = TRANSPORT_TLS };

	c.tls.is_insecure = true;
	layers_are(&c, &target, tls);
	c.kind = TRANSPORT_WS;
	layers_are(&c, &target, ws);
	c.kind = TRANSPORT_WSS;
	c.proxy = &proxy;
	c.proxy_header.version = PROXY_HEADER_V2;
	layers_are(&c, &far, all);
	c.kind = TRANSPORT_TLS;
	c.proxy_header.version = PROXY_HEADER_NONE;
	proxy.scheme = URL_HTTP;
	layers_are(&c, &far, tunnel);
	close(listener);
}

static void refuse(const struct transport_config *c,
		   const struct dial_config *target, const char *says)
{
	struct err e = { 0 };

	ok(!transport_dial(c, target, 0, &e));
	is_int(e.kind, ERR_USAGE, "%s", e.text);
	ok(strstr(e.text, says), "%s", e.text);
}

static void what_does_not_go_together(void)
{
	const struct dial_config unix_target = { .unix_path = "/s" };
	const struct dial_config target = { .host = "h", .port = 1 };
	char host[] = "p";
	struct url proxy = { .scheme = URL_SOCKS5H, .host = host };
	struct transport_config c = { .proxy = &proxy };

	refuse(&c, &unix_target, "not reached through a proxy");
	c.srv = true;
	refuse(&c, &target, "cannot be used through a proxy");
	c.proxy = NULL;
	refuse(&c, &unix_target, "not reached through DNS SRV records");
	c.srv = false;
	c.proxy = &proxy;
	proxy.scheme = URL_WS;
	refuse(&c, &target, "begins with socks5://, socks5h:// or http://");
}

static void files_are_missed_in_time(void)
{
	uint16_t port = 0;
	int listener = listen_at("127.0.0.1", &port, 8);
	struct transport_config c = {
		.kind = TRANSPORT_TLS,
		.tls = { .ca_file = "/nonexistent" },
	};
	struct err e = { 0 };

	ok(!open_plain(&c, port, &e));
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "'/nonexistent'"), "%s", e.text);
	close(listener);
}

static void kinds(void)
{
	is_int(transport_kind_of(URL_MQTT), TRANSPORT_TCP);
	is_int(transport_kind_of(URL_MQTTS), TRANSPORT_TLS);
	is_int(transport_kind_of(URL_WS), TRANSPORT_WS);
	is_int(transport_kind_of(URL_WSS), TRANSPORT_WSS);
	is_int(transport_kind_of(URL_UNIX), TRANSPORT_TCP);
}

TEST_MAIN(T(plain_tcp), T(stacks), T(what_does_not_go_together),
	  T(files_are_missed_in_time), T(kinds))
