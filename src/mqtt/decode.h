/* SPDX-License-Identifier: MIT */
#ifndef MQTT_DECODE_H
#define MQTT_DECODE_H

/*
 * Bytes to packets, for MQTT 3.1, 3.1.1 and 5, incrementally: the caller
 * keeps the bytes, the decoder keeps nothing between calls. Pure; safe on
 * any input; linear in the size of the packet; allocates nothing.
 *
 * All structural checks of the specification are made here (reserved bits,
 * lengths, UTF-8, property tables, topic names, counts); what depends on the
 * state of the session is checked by mqtt/session.h.
 */

#include "base/bytes.h"
#include "mqtt/packet.h"

enum decode {
	DECODE_OK,
	DECODE_MORE, /* the packet is not complete yet */
	DECODE_BAD,  /* reason says why; the connection cannot go on */
};

enum decode_side {
	DECODE_FROM_SERVER, /* we are the client */
	DECODE_FROM_CLIENT, /* we are a peer of the tests or the self test */
};

struct decoder {
	enum mqtt_version version;
	enum decode_side side;
	uint32_t max_packet; /* whole packet, 0: no limit */
};

struct decode_result {
	struct packet packet; /* DECODE_OK */
	size_t used;          /* DECODE_OK: bytes of the packet */
	size_t need;          /* DECODE_MORE: total bytes wanted, as far as
			       * known; never trust it for an allocation */
	uint8_t reason;       /* DECODE_BAD: REASON_MALFORMED, ... */
	const char *why;      /* DECODE_BAD: static text, "topic is not
			       * UTF-8"; for the error line */
};

/*
 * Looks at the first packet in `in`. Too large a packet is refused at its
 * length field (REASON_PACKET_TOO_LARGE) before any of it is buffered. When
 * an MQTT 5 client gets a 3.x CONNACK (20 02 00 xx), it is accepted with
 * is_v3_form set.
 */
enum decode decode_packet(const struct decoder *d, struct bytes in,
			  struct decode_result *ret);

/* Walks the filters of a decoded SUBSCRIBE (with options) or UNSUBSCRIBE;
 * false at the end. Start with pos = 0. */
bool decode_next_filter(const struct packet *p, size_t *pos,
			struct subscription *ret);

#endif
