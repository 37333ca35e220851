/* SPDX-License-Identifier: MIT */
#ifndef MQTT_ENCODE_H
#define MQTT_ENCODE_H

/*
 * Packets to bytes, for MQTT 3.1, 3.1.1 and 5. Pure. Each function appends
 * one whole packet to out or, when the buf is full or memory is short,
 * returns -1 and leaves out as it was. Values are the caller's duty; sizes
 * that cannot be expressed (a string over 65,535 bytes, a packet over
 * MQTT_PACKET_MAX) give -1 too. Properties are left out for 3.x.
 */

#include "base/buf.h"
#include "mqtt/packet.h"

int encode_connect(struct buf *out, const struct connect *p) MUST_CHECK;
/* In 3.x, and in MQTT 5 with is_v3_form, the code is return_code, or when
 * that is 0 the one that means reason. */
int encode_connack(struct buf *out, enum mqtt_version v,
		   const struct connack *p) MUST_CHECK;
/* The hot path. alias, expiry go into the properties; a topic of length 0
 * is written as such (alias only). */
int encode_publish(struct buf *out, enum mqtt_version v,
		   const struct publish *p) MUST_CHECK;
/* As encode_publish() but without the payload itself, which the caller has to
 * send behind it: a large one needs no copy. */
int encode_publish_head(struct buf *out, enum mqtt_version v,
			const struct publish *p) MUST_CHECK;
/* Bytes that encode_publish() would append; 0 when it cannot be expressed. */
size_t encode_publish_size(enum mqtt_version v, const struct publish *p);
/* type: PUBACK, PUBREC, PUBREL or PUBCOMP; shortest legal form. */
int encode_ack(struct buf *out, enum mqtt_version v, enum packet_type type,
	       const struct ack *p) MUST_CHECK;
int encode_subscribe(struct buf *out, enum mqtt_version v,
		     const struct subscribe *p) MUST_CHECK;
int encode_unsubscribe(struct buf *out, enum mqtt_version v,
		       const struct subscribe *p) MUST_CHECK;
/* type: SUBACK or UNSUBACK. */
int encode_suback(struct buf *out, enum mqtt_version v, enum packet_type type,
		  const struct suback *p) MUST_CHECK;
/* type: PINGREQ or PINGRESP. */
int encode_ping(struct buf *out, enum packet_type type) MUST_CHECK;
int encode_disconnect(struct buf *out, enum mqtt_version v,
		      const struct disconnect *p) MUST_CHECK;
int encode_auth(struct buf *out, const struct disconnect *p) MUST_CHECK;

#endif
