/* SPDX-License-Identifier: MIT */
#ifndef MQTT_IDS_H
#define MQTT_IDS_H

/*
 * Packet identifiers in use, and what each of them stands for. One table per
 * direction of a session; PUBLISH, SUBSCRIBE and UNSUBSCRIBE share it, as
 * they share the id space [MQTT-2.2.1-3].
 *
 * The table has a power of two of slots, and an id lives in the slot that
 * its lowest bits name, so that a lookup is one comparison. Which slots are
 * taken is also kept in a bitmap, where the next free id is found. It grows
 * with the ids in use, up to all 65,535; an empty table costs the struct
 * only. Used by the session alone; one caller at a time. Slots move when the
 * table grows: a slot pointer dies with the next ids_take() or ids_add().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mqtt/store.h"

enum id_use {
	ID_PUBLISH,   /* message is set */
	ID_SUBSCRIBE, /* filters is set, as for UNSUBSCRIBE */
	ID_UNSUBSCRIBE,
	ID_SPENT,   /* given up here, but the broker may know it yet */
	ID_ARRIVED, /* inbound QoS 2: position is set */
};

struct id_slot {
	union {
		struct message *message;
		uint64_t position;
	};
	uint32_t filters;
	uint16_t pid;   /* 0: the slot is free */
	uint8_t use;    /* enum id_use */
	bool in_window; /* holds a slot of the send window */
};

struct ids {
	struct id_slot *slots; /* the bitmap follows them in one block */
	uint32_t cap;          /* slots: 0 or a power of two */
	uint32_t used;
	uint16_t last; /* the id handed out last */
};

void ids_release(struct ids *t);

/* Takes the next free id and returns its slot with pid set, or NULL when
 * all are in use or memory is short. */
struct id_slot *ids_take(struct ids *t);
/* Takes the id pid, which must be free; NULL when out of memory. */
struct id_slot *ids_add(struct ids *t, uint16_t pid);
/* Gives an id back; the slot pointer is dead. */
void ids_drop(struct ids *t, struct id_slot *slot);
/* Gives the memory back when no id is in use. */
void ids_trim(struct ids *t);

static inline struct id_slot *ids_find(const struct ids *t, uint16_t pid)
{
	struct id_slot *slot;

	if (!t->cap || !pid)
		return NULL;
	slot = &t->slots[pid & (t->cap - 1)];
	return slot->pid == pid ? slot : NULL;
}

/* Iterates over the slots in use: start with *index = 0; NULL at the end.
 * The slot handed out may be dropped. */
struct id_slot *ids_next(const struct ids *t, uint32_t *index);

#endif
