/* SPDX-License-Identifier: MIT */
/*
 * One packet of every kind on the wire, written out by hand from the
 * specifications, so that encoder and decoder are held against something that
 * is neither of them. A script is bytes in hexadecimal and 'text'.
 */
#ifndef PACKETS_H
#define PACKETS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/attr.h"
#include "mqtt/decode.h"

enum { V31 = 1, V311 = 2, V5 = 4 };
enum {
	CLIENT = 1 << DECODE_FROM_CLIENT,
	SERVER = 1 << DECODE_FROM_SERVER,
	BOTH = CLIENT | SERVER,
};
enum { PACKET_BYTES_MAX = 512 };

struct sample {
	const char *name;
	int versions, sides;
	bool is_canonical; /* the form that the encoder chooses */
	const char *script;
};

static const struct sample samples[] = {
	{ "CONNECT 3.1", V31, CLIENT, true,
	  "10 11 00 06 'MQIsdp' 03 02 00 3c 00 03 'cid'" },
	{ "CONNECT 3.1.1", V311, CLIENT, true,
	  "10 0f 00 04 'MQTT' 04 00 00 00 00 03 'cid'" },
	{ "CONNECT 3.1.1 empty id", V311, CLIENT, true,
	  "10 0c 00 04 'MQTT' 04 02 ff ff 00 00" },
	{ "CONNECT 3.1.1 will, user, password", V311, CLIENT, true,
	  "10 23 00 04 'MQTT' 04 ee 00 0a 00 03 'cid' 00 03 'w/t' 00 "
	  "03 00 ff 01 00 04 'user' 00 02 00 fe" },
	{ "CONNECT 3.1 user, empty password", V31, CLIENT, true,
	  "10 19 00 06 'MQIsdp' 03 c2 00 0a 00 03 'cid' 00 04 'user' "
	  "00 00" },
	{ "CONNECT 5", V5, CLIENT, true,
	  "10 10 00 04 'MQTT' 05 02 00 3c 00 00 03 'cid'" },
	{ "CONNECT 5 password alone", V5, CLIENT, true,
	  "10 14 00 04 'MQTT' 05 40 00 3c 00 00 03 'cid' 00 02 00 ff" },
	{ "CONNECT 5 everything", V5, CLIENT, true,
	  "10 75 00 04 'MQTT' 05 d6 00 3c 28 11 00 00 0e 10 21 00 14 "
	  "27 00 10 00 00 22 00 0a 19 01 17 00 26 00 01 'k' 00 01 'v' "
	  "15 00 05 'SCRAM' 16 00 02 00 ff 00 03 'cid' 24 18 00 00 00 "
	  "05 01 01 02 00 00 00 3c 03 00 03 't/p' 08 00 03 'r/t' 09 "
	  "00 02 01 02 26 00 01 'a' 00 01 'b' 00 03 'w/t' 00 03 'bye' "
	  "00 04 'user' 00 06 'secret'" },
	{ "CONNACK 3.x", V31 | V311, SERVER, true, "20 02 00 00" },
	{ "CONNACK 3.1.1 session present", V311, SERVER, true, "20 02 01 00" },
	{ "CONNACK 3.x refused", V31 | V311, SERVER, true, "20 02 00 05" },
	{ "CONNACK 3.x unknown code", V31 | V311, SERVER, true, "20 02 00 80" },
	{ "CONNACK 5 in 3.x form", V5, SERVER, true, "20 02 00 01" },
	{ "CONNACK 5", V5, SERVER, true, "20 03 01 00 00" },
	{ "CONNACK 5 refused", V5, SERVER, true,
	  "20 0d 00 87 0a 1f 00 07 'go away'" },
	{ "CONNACK 5 unknown code", V5, SERVER, true, "20 03 00 fe 00" },
	{ "CONNACK 5 everything", V5, SERVER, true,
	  "20 47 00 00 44 11 00 00 00 00 21 00 14 24 01 25 00 27 00 "
	  "0f 42 40 12 00 05 'gen-1' 22 00 0a 1f 00 02 'hi' 26 00 01 "
	  "'k' 00 01 'v' 28 00 29 01 2a 00 13 00 1e 1a 00 02 'r/' 1c "
	  "00 03 'h:1' 15 00 01 'M' 16 00 01 ff" },
	{ "CONNACK 5 form to 3.x", V311, SERVER, false, "20 03 00 84 00" },
	{ "PUBLISH QoS 0", V31 | V311, BOTH, true,
	  "30 0a 00 03 'a/b' 'hello'" },
	{ "PUBLISH empty", V31 | V311, BOTH, true, "30 03 00 01 'a'" },
	{ "PUBLISH QoS 1 retain", V31 | V311, BOTH, true,
	  "33 08 00 03 'a/b' 00 01 'x'" },
	{ "PUBLISH QoS 2 dup", V31 | V311, BOTH, true,
	  "3c 0a 00 03 'a/b' ff ff 00 01 02" },
	{ "PUBLISH longer topic", V31 | V311, BOTH, true,
	  "31 21 00 1b 'sensors/building-42/floor-3' '21.5'" },
	{ "PUBLISH 5 QoS 0", V5, BOTH, true, "30 0b 00 03 'a/b' 00 'hello'" },
	{ "PUBLISH 5 QoS 1", V5, BOTH, true,
	  "3b 0d 00 03 'a/b' 12 34 00 'hello'" },
	{ "PUBLISH 5 alias only", V5, BOTH, true,
	  "30 07 00 00 03 23 00 07 'x'" },
	{ "PUBLISH 5 everything", V5, BOTH, true,
	  "34 32 00 03 'a/b' 00 02 28 01 01 02 00 00 00 0a 23 00 01 "
	  "08 00 03 'r/t' 09 00 00 26 00 01 'k' 00 01 'v' 26 00 01 "
	  "'k' 00 01 'w' 03 00 04 'json' '{}'" },
	{ "PUBLISH 5 two subscription identifiers", V5, SERVER, true,
	  "30 0c 00 01 'a' 07 0b 01 0b ff ff ff 7f 'x'" },
	{ "PUBLISH of 130 bytes", V31 | V311, BOTH, true,
	  "30 88 01 00 04 'long' "
	  "'0123456789012345678901234567890123456789012345678' "
	  "'9012345678901234567890123456789012345678901234567' "
	  "'89012345678901234567890123456789'" },
	{ "PUBACK", V31 | V311 | V5, BOTH, true, "40 02 00 01" },
	{ "PUBACK 5 with reason", V5, BOTH, true, "40 03 ff ff 87" },
	{ "PUBACK 5 with properties", V5, BOTH, true,
	  "40 10 12 34 87 0c 1f 00 02 'no' 26 00 01 'k' 00 01 'v'" },
	{ "PUBACK 5 in its longest form", V5, BOTH, false,
	  "40 04 12 34 00 00" },
	{ "PUBREC", V31 | V311 | V5, BOTH, true, "50 02 00 01" },
	{ "PUBREC 5 with reason", V5, BOTH, true, "50 03 ff ff 87" },
	{ "PUBREC 5 with properties", V5, BOTH, true,
	  "50 10 12 34 87 0c 1f 00 02 'no' 26 00 01 'k' 00 01 'v'" },
	{ "PUBREC 5 in its longest form", V5, BOTH, false,
	  "50 04 12 34 00 00" },
	{ "PUBREL", V31 | V311 | V5, BOTH, true, "62 02 00 01" },
	{ "PUBREL 5 with reason", V5, BOTH, true, "62 03 ff ff 92" },
	{ "PUBREL 5 with properties", V5, BOTH, true,
	  "62 10 12 34 92 0c 1f 00 02 'no' 26 00 01 'k' 00 01 'v'" },
	{ "PUBREL 5 in its longest form", V5, BOTH, false,
	  "62 04 12 34 00 00" },
	{ "PUBCOMP", V31 | V311 | V5, BOTH, true, "70 02 00 01" },
	{ "PUBCOMP 5 with reason", V5, BOTH, true, "70 03 ff ff 92" },
	{ "PUBCOMP 5 with properties", V5, BOTH, true,
	  "70 10 12 34 92 0c 1f 00 02 'no' 26 00 01 'k' 00 01 'v'" },
	{ "PUBCOMP 5 in its longest form", V5, BOTH, false,
	  "70 04 12 34 00 00" },
	{ "PUBACK 5 nobody listens", V5, BOTH, true, "40 03 00 01 10" },
	{ "PUBACK 5 with a code of others", V5, BOTH, true, "40 03 00 01 95" },
	{ "SUBSCRIBE 3.x", V31 | V311, CLIENT, true,
	  "82 0e 00 01 00 03 'a/b' 00 00 03 'c/#' 02" },
	{ "SUBSCRIBE 5", V5, CLIENT, true, "82 09 00 01 00 00 03 '+/x' 2d" },
	{ "SUBSCRIBE 5 with properties", V5, CLIENT, true,
	  "82 1e 00 02 0a 0b 80 01 26 00 01 'k' 00 01 'v' 00 0a "
	  "'$share/g/t' 19 00 01 '#' 00" },
	{ "SUBACK 3.x", V31 | V311, SERVER, true, "90 06 00 01 00 01 02 80" },
	{ "SUBACK 3.x of odd brokers", V31 | V311, SERVER, true,
	  "90 05 00 01 87 8f ff" },
	{ "SUBACK 5", V5, SERVER, true,
	  "90 0d 00 01 00 00 01 02 80 87 8f 97 9e a1 a2" },
	{ "SUBACK 5 with properties", V5, SERVER, true,
	  "90 10 00 01 0c 1f 00 02 'no' 26 00 01 'k' 00 01 'v' 87" },
	{ "UNSUBSCRIBE 3.x", V31 | V311, CLIENT, true,
	  "a2 0a 00 01 00 03 'a/b' 00 01 '#'" },
	{ "UNSUBSCRIBE 5", V5, CLIENT, true,
	  "a2 0f 00 01 07 26 00 01 'k' 00 01 'v' 00 03 'a/b'" },
	{ "UNSUBACK 3.x", V31 | V311, SERVER, true, "b0 02 00 01" },
	{ "UNSUBACK 5", V5, SERVER, true, "b0 06 00 01 00 00 11 80" },
	{ "UNSUBACK 5 with properties", V5, SERVER, true,
	  "b0 09 00 01 05 1f 00 02 'no' 8f" },
	{ "PINGREQ", V31 | V311 | V5, CLIENT, true, "c0 00" },
	{ "PINGRESP", V31 | V311 | V5, SERVER, true, "d0 00" },
	{ "DISCONNECT", V31 | V311 | V5, BOTH, true, "e0 00" },
	{ "DISCONNECT 5 with will", V5, CLIENT, true, "e0 01 04" },
	{ "DISCONNECT 5 with properties", V5, BOTH, true,
	  "e0 16 9d 14 1f 00 05 'moved' 26 00 01 'k' 00 01 'v' 1c 00 "
	  "02 'h2'" },
	{ "DISCONNECT 5 with session expiry", V5, CLIENT, true,
	  "e0 07 00 05 11 00 00 00 00" },
	{ "DISCONNECT 5 in its longest form", V5, BOTH, false, "e0 02 00 00" },
	{ "DISCONNECT to 3.x with a reason", V31 | V311, SERVER, false,
	  "e0 01 8e" },
	{ "DISCONNECT to 3.x with properties", V31 | V311, SERVER, false,
	  "e0 0a 8e 08 1f 00 05 'taken'" },
	{ "AUTH 5 done", V5, SERVER, true, "f0 00" },
	{ "AUTH 5 done in full", V5, SERVER, true, "f0 06 00 04 15 00 01 'M'" },
	{ "AUTH 5 continue", V5, BOTH, true,
	  "f0 18 18 16 15 00 0d 'SCRAM-SHA-256' 16 00 03 00 01 ff" },
	{ "AUTH 5 again", V5, CLIENT, true,
	  "f0 13 19 11 15 00 01 'M' 1f 00 03 'why' 26 00 01 'k' 00 01 "
	  "'v'" },
};

static inline int script_digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

/* The bytes of a script, n of them at dst (PACKET_BYTES_MAX). */
static inline size_t script_bytes(const char *s, uint8_t *dst)
{
	size_t n = 0;

	while (*s) {
		if (*s == ' ') {
			s++;
		} else if (*s == '\'') {
			for (s++; *s != '\''; s++)
				dst[n++] = (uint8_t)*s;
			s++;
		} else {
			dst[n++] = (uint8_t)(script_digit(s[0]) << 4 |
					     script_digit(s[1]));
			s += 2;
		}
	}
	return n;
}

/* The decoders that a sample is for, one after the other: start with *i = 0;
 * false at the end. */
static inline bool sample_decoder(const struct sample *s, int *i,
				  struct decoder *ret)
{
	static const struct {
		int bit;
		enum mqtt_version version;
	} versions[] = { { V31, MQTT_3_1 },
			 { V311, MQTT_3_1_1 },
			 { V5, MQTT_5 } };

	for (; *i < 6; ++*i) {
		if (!(s->versions & versions[*i / 2].bit) ||
		    !(s->sides & 1 << *i % 2))
			continue;
		*ret = (struct decoder){ .version = versions[*i / 2].version,
					 .side = *i % 2 ? DECODE_FROM_CLIENT
							: DECODE_FROM_SERVER };
		++*i;
		return true;
	}
	return false;
}

/* decode_packet() on a copy that ends where the memory ends, so that ASan
 * sees every byte read beyond; views in the result are dead. */
static inline enum decode decode_copy(const struct decoder *d, const void *p,
				      size_t n, struct decode_result *ret)
{
	uint8_t *copy = malloc(n + !n);
	enum decode r;

	if (n)
		memcpy(copy, p, n);
	r = decode_packet(d, bytes_of(copy, n), ret);
	free(copy);
	return r;
}

#endif
