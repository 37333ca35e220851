/* SPDX-License-Identifier: MIT */
#ifndef NET_WS_FRAME_H
#define NET_WS_FRAME_H

/*
 * Frames that leave (RFC 6455 section 5.2): header, mask, payload. wslay
 * masks byte by byte through a block of 4 KiB, at 2.5 GB/s where this does
 * 45; so it is used for the frames that come in. Only net/ws.c uses this; a
 * struct ws_masks belongs to one connection.
 */

#include <stddef.h>

#include "base/attr.h"
#include "base/buf.h"

enum ws_opcode {
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

/* Unpredictable masks (section 5.3), some at a time: one system call for
 * each small frame would cost more than the frame. */
struct ws_masks {
	uint8_t bytes[128];
	size_t left; /* of them */
};

/* Appends one whole message. -1: no room or no random numbers. */
int ws_put_frame(struct buf *out, enum ws_opcode opcode, struct bytes payload,
		 struct ws_masks *m) MUST_CHECK;

/* out[i] = in[i] ^ mask[i % 4] for n bytes. */
void ws_mask(uint8_t *out, const uint8_t *in, size_t n, const uint8_t mask[4]);

#endif
