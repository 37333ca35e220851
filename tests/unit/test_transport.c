/* SPDX-License-Identifier: MIT */
/* Stacks as they are put together from a configuration. */
#include "net/transport.h"

#include "dial_peer.h"

static struct stream *open_plain(const struct transport_config *c,
				 uint16_t port, struct err *e)
{
	const struct dial_config target = { .host = "127.0.0.1",
					    .port = port };
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

static void kinds(void)
{
	is_int(transport_kind_of(URL_MQTT), TRANSPORT_TCP);
	is_int(transport_kind_of(URL_MQTTS), TRANSPORT_TLS);
	is_int(transport_kind_of(URL_WS), TRANSPORT_WS);
	is_int(transport_kind_of(URL_WSS), TRANSPORT_WSS);
	is_int(transport_kind_of(URL_UNIX), TRANSPORT_TCP);
}

TEST_MAIN(T(plain_tcp), T(kinds))
