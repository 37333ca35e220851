/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_TRACE_H
#define CLIENT_TRACE_H

/*
 * The readable packet trace of --debug: one line per packet that goes out or
 * comes in, on the debug log. It decodes a copy of the bytes, so the hot
 * path pays nothing when it is off. Payloads are told by length only and
 * secrets never shown.
 *
 * Belongs to one connection and is called under its mutex.
 */

#include "base/bytes.h"
#include "mqtt/types.h"

struct trace;

/* NULL when out of memory. */
struct trace *trace_new(void);
void trace_free(struct trace *t);
/* A new connection of that version: half packets are forgotten. */
void trace_start(struct trace *t, enum mqtt_version v);
void trace_sent(struct trace *t, struct bytes b);
void trace_received(struct trace *t, struct bytes b);

#endif
