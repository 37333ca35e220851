/* SPDX-License-Identifier: MIT */
#ifndef MQTT_TYPES_H
#define MQTT_TYPES_H

/*
 * Numbers of the protocol that everybody needs: versions, packet types,
 * limits. Constants only; no code, nothing owned, any thread.
 */

#include <stdint.h>

enum mqtt_version {
	MQTT_AUTO = 0, /* not a wire value: highest the broker speaks */
	MQTT_3_1 = 3,
	MQTT_3_1_1 = 4,
	MQTT_5 = 5,
};

enum packet_type {
	PACKET_CONNECT = 1,
	PACKET_CONNACK = 2,
	PACKET_PUBLISH = 3,
	PACKET_PUBACK = 4,
	PACKET_PUBREC = 5,
	PACKET_PUBREL = 6,
	PACKET_PUBCOMP = 7,
	PACKET_SUBSCRIBE = 8,
	PACKET_SUBACK = 9,
	PACKET_UNSUBSCRIBE = 10,
	PACKET_UNSUBACK = 11,
	PACKET_PINGREQ = 12,
	PACKET_PINGRESP = 13,
	PACKET_DISCONNECT = 14,
	PACKET_AUTH = 15,
};

#define MQTT_VARINT_MAX 268435455u /* [MQTT-1.5.5] four bytes */
#define MQTT_STRING_MAX 65535u
#define MQTT_PID_MAX 65535u
#define MQTT_HEADER_MAX 5u /* type byte and four length bytes */
#define MQTT_PACKET_MAX (MQTT_VARINT_MAX + MQTT_HEADER_MAX)
#define MQTT_EXPIRY_NEVER UINT32_MAX

#define MQTT_CONNECT_RESERVED 0x01u /* flags of CONNECT (3.1.2.3) */
#define MQTT_CONNECT_CLEAN 0x02u
#define MQTT_CONNECT_WILL 0x04u
#define MQTT_CONNECT_WILL_QOS_SHIFT 3
#define MQTT_CONNECT_WILL_RETAIN 0x20u
#define MQTT_CONNECT_PASSWORD 0x40u
#define MQTT_CONNECT_USER 0x80u

#define MQTT_SUB_NO_LOCAL 0x04u /* bits of a subscription's options */
#define MQTT_SUB_RETAIN_AS_PUBLISHED 0x08u
#define MQTT_SUB_RETAIN_HANDLING_SHIFT 4

#endif
