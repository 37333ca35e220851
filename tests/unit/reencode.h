/* SPDX-License-Identifier: MIT */
/*
 * A decoded packet back to bytes, whatever its type: for tests that hold
 * decoder and encoder against each other.
 */
#ifndef REENCODE_H
#define REENCODE_H

#include <stdlib.h>

#include "mqtt/decode.h"
#include "mqtt/encode.h"

/* More filters than fit are a fault of the test. */
enum { REENCODE_FILTERS_MAX = 4096 };

static inline int reencode_filters(struct buf *b, enum mqtt_version v,
				   const struct packet *p)
{
	static struct subscription filters[REENCODE_FILTERS_MAX];
	struct subscribe s = p->subscribe;
	size_t pos = 0;

	if (s.count > REENCODE_FILTERS_MAX)
		abort();
	for (size_t i = 0; i < s.count; i++)
		if (!decode_next_filter(p, &pos, &filters[i]))
			abort();
	s.filters = filters;
	return p->type == PACKET_SUBSCRIBE ? encode_subscribe(b, v, &s)
					   : encode_unsubscribe(b, v, &s);
}

static inline int reencode_publish(struct buf *b, enum mqtt_version v,
				   struct publish p)
{
	/* What came in has these among its properties already. */
	p.has_expiry = false;
	p.alias = 0;
	return encode_publish(b, v, &p);
}

/* v: the version that the packet was decoded with. */
static inline int reencode(struct buf *b, enum mqtt_version v,
			   const struct packet *p)
{
	switch (p->type) {
	case PACKET_CONNECT:
		return encode_connect(b, &p->connect);
	case PACKET_CONNACK:
		return encode_connack(b, v, &p->connack);
	case PACKET_PUBLISH:
		return reencode_publish(b, v, p->publish);
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		return encode_ack(b, v, p->type, &p->ack);
	case PACKET_SUBSCRIBE:
	case PACKET_UNSUBSCRIBE:
		return reencode_filters(b, v, p);
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		return encode_suback(b, v, p->type, &p->suback);
	case PACKET_PINGREQ:
	case PACKET_PINGRESP:
		return encode_ping(b, p->type);
	case PACKET_DISCONNECT:
		return encode_disconnect(b, v, &p->disconnect);
	case PACKET_AUTH:
		return encode_auth(b, &p->auth);
	}
	return -1;
}

#endif
