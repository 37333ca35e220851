/* SPDX-License-Identifier: MIT */
/*
 * Property lists: what the check accepts, the iterator reads in full, and the
 * writers write back byte by byte; what it refuses, the iterator survives.
 *
 * Input: a byte that picks the packet (16: the will), then the list.
 */
#include "mqtt/props.h"

#include <stdlib.h>

#include "mqtt/reason.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 1024 }; /* searching for each identifier takes a while */

static void require(bool holds)
{
	if (!holds)
		abort();
}

static int put(struct buf *b, const struct prop *p)
{
	switch (p->info->type) {
	case PROP_PAIR:
		return props_put_pair(b, p->name, p->value);
	case PROP_STRING:
	case PROP_BINARY:
		return props_put_bytes(b, p->info->id, p->value);
	default:
		return props_put_num(b, p->info->id, p->num);
	}
}

/* Walks to the end or to what cannot be read; writes down what was read. */
static size_t walk(struct bytes list, struct buf *copy, uint32_t packet)
{
	struct prop p;
	size_t pos = 0;

	while (props_next(list, &pos, &p)) {
		require(pos <= list.n && p.info == prop_info(p.info->id));
		require(!packet || p.info->packets & packet);
		require(put(copy, &p) == 0);
	}
	return pos;
}

static void find_each(struct bytes list)
{
	struct prop p;

	for (uint8_t id = 0; id < 0x30; id++) {
		bool is_there = props_find(list, id, &p);

		require(!is_there || p.info->id == id);
		require(is_there || props_num(list, id, 7) == 7);
		require(is_there || !bytes_is_set(props_value(list, id)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf copy = { 0 };
	struct bytes list;
	uint32_t packet;
	uint8_t reason;

	if (size == 0 || size > INPUT_MAX)
		return 0;
	packet = PROP_IN(data[0] % 17);
	list = bytes_of(data + 1, size - 1);
	reason = props_check(list, packet);
	require(reason == 0 || reason == REASON_MALFORMED ||
		reason == REASON_PROTOCOL_ERROR ||
		reason == REASON_ALIAS_INVALID);
	find_each(list);
	if (reason == 0) {
		require(walk(list, &copy, packet) == list.n);
		require(bytes_equal(buf_view(&copy), list));
	} else {
		walk(list, &copy, 0);
	}
	buf_release(&copy);
	return 0;
}
