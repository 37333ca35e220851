/* SPDX-License-Identifier: MIT */
#ifndef HELPER_DUMP_H
#define HELPER_DUMP_H

/*
 * Packets as one readable line of "key=value" words, for assertions with
 * grep and for the scripts of puppet, which match and build packets by the
 * same words. Pure; the text is appended to the caller's buf.
 *
 *	connect version=5 clean=1 keepalive=60 client-id=a
 *	publish topic=a/b qos=1 retain=0 dup=0 pid=7 length=5 payload=hello
 *
 * Nothing is lost but long payloads: a byte that is not printable ASCII, a
 * blank or a backslash is written as \xHH. Properties come with the names of
 * the specification ("receive-maximum=20"), in the order of the wire; those
 * of a will with "will:" in front. A user property is
 * "user-property=NAME=VALUE" with \x3d for a '=' in the name. The second and
 * later filters of a subscription have a number: "filter2=b qos2=0".
 */

#include "base/buf.h"
#include "mqtt/packet.h"

enum { DUMP_PAYLOAD_MAX = 1024 }; /* then "..." */

/* No newline. -1 when memory is short. */
int dump_packet(struct buf *out, enum mqtt_version v, const struct packet *p)
	MUST_CHECK;

/* "publish"; "unknown" for what is no packet type. */
const char *dump_type_name(unsigned type);
/* 0 when there is no packet of that name. */
enum packet_type dump_type_by_name(const char *name);

/* The words of a property list, each with a blank in front. */
int dump_props(struct buf *out, const char *prefix, struct bytes props)
	MUST_CHECK;

/* " key=value", escaped. */
int dump_text(struct buf *out, const char *key, struct bytes value) MUST_CHECK;

#endif
