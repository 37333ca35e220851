/* SPDX-License-Identifier: MIT */
#ifndef MQTT_ALIAS_H
#define MQTT_ALIAS_H

/*
 * Topic aliases of one connection, both directions [MQTT-3.3.2.3.4]. The
 * tables die with the connection [MQTT-3.3.2-7].
 *
 * Outgoing: the topics that come first get the numbers and keep them. Many
 * brokers allow ten or so, and where more topics take turns, replacing would
 * send every one of them in full again. Incoming: what the server says.
 *
 * Tables own copies of the topics and grow with the aliases in use, never
 * with a maximum announced. Used by the session alone; one caller at a time.
 */

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"

struct alias_out;
struct alias_in;

/* NULL when out of memory; max is at least 1. */
struct alias_out *alias_out_new(uint16_t max);
void alias_out_free(struct alias_out *t);
/* The alias of a topic that has one, else 0. */
uint16_t alias_out_find(struct alias_out *t, struct bytes topic);
/* Gives a topic without alias the next number: 0 when there is none left or
 * no memory. To be called when its packet takes its place in the output. */
uint16_t alias_out_add(struct alias_out *t, struct bytes topic);
/* Takes the alias given last back: its packet did not get into the output. */
void alias_out_undo(struct alias_out *t);

struct alias_in *alias_in_new(void);
void alias_in_free(struct alias_in *t);
/* Binds alias (not 0) to a topic, which is copied. */
int alias_in_set(struct alias_in *t, uint16_t alias, struct bytes topic)
	MUST_CHECK;
/* BYTES_NULL when the alias is not bound. The view dies with the next
 * alias_in_set(). */
struct bytes alias_in_get(const struct alias_in *t, uint16_t alias);

#endif
