/* SPDX-License-Identifier: MIT */
#include "mqtt/lanes.h"

#include "mqtt/types.h"

enum {
	/* Publishes up to this size join control packets in one write. */
	JOIN_MAX = 16 * 1024,
	/* Storage above this is not kept for later. */
	KEEP_MAX = 1024 * 1024,
};

void lanes_release(struct lanes *l)
{
	buf_release(&l->control);
	buf_release(&l->publish);
	*l = (struct lanes){ .control = l->control, .publish = l->publish };
}

void lanes_trim(struct lanes *l)
{
	buf_trim(&l->control);
	buf_trim(&l->publish);
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The size of the packet at p, one of our own. */
static size_t packet_size(const uint8_t *p)
{
	size_t length = 0, i = 1;
	unsigned int shift = 0;

	do {
		length |= (size_t)(p[i] & 0x7fu) << shift;
		shift += 7;
	} while (p[i++] & 0x80u);
	return i + length;
}

static struct bytes first(struct bytes b, size_t n)
{
	return bytes_of(b.p, least(b.n, n));
}

static struct bytes publish_view(const struct lanes *l, size_t n)
{
	if (buf_len(&l->publish))
		return first(buf_view(&l->publish), n);
	return first(l->attached, n);
}

/* A write costs far more than copying a few packets: when both lanes are
 * short, their packets leave together, control packets first. */
static void join(struct lanes *l)
{
	size_t n = l->publish_cleared;

	if (n > JOIN_MAX || n != buf_len(&l->publish) || l->half_sent ||
	    l->control_cleared != buf_len(&l->control))
		return;
	if (buf_append(&l->control, buf_view(&l->publish)) < 0)
		return;
	buf_clear(&l->publish);
	l->publish_cleared = 0;
	l->control_cleared += n;
}

static struct bytes next_view(struct lanes *l)
{
	if (!l->is_held)
		l->is_control = l->control_cleared && !l->half_sent;
	if (l->is_control && l->publish_cleared)
		join(l);
	if (l->is_control)
		return first(buf_view(&l->control), l->control_cleared);
	if (!l->control_cleared)
		return publish_view(l, l->publish_cleared);
	/* Control packets wait for the end of this publish, or of what a
	 * stream was offered before they came. */
	return publish_view(l, l->is_held ? l->offered : l->half_sent);
}

struct bytes lanes_view(struct lanes *l)
{
	struct bytes view = next_view(l);

	l->offered = view.n;
	return view;
}

/* Finds out how much of the packet that n bytes end in is still missing, by
 * walking from header to header. */
static void find_border(struct lanes *l, size_t n)
{
	const uint8_t *p = buf_view(&l->publish).p;
	size_t border = l->half_sent;

	if (n == buf_len(&l->publish) + l->attached.n)
		border = n;
	while (border < n)
		border += packet_size(p + border);
	l->half_sent = border - n;
}

static void drop_if_huge(struct buf *b)
{
	if (b->cap > KEEP_MAX)
		buf_trim(b);
}

static void publish_sent(struct lanes *l, size_t n)
{
	size_t head = least(n, buf_len(&l->publish));

	find_border(l, n);
	l->publish_cleared -= n;
	buf_consume(&l->publish, head);
	drop_if_huge(&l->publish);
	if (n == head)
		return;
	l->attached.p += n - head;
	l->attached.n -= n - head;
	if (!l->attached.n)
		l->attached = BYTES_NULL;
}

void lanes_sent(struct lanes *l, size_t n)
{
	if (!n)
		return;
	l->is_held = false;
	if (!l->is_control) {
		publish_sent(l, n);
		return;
	}
	l->control_cleared -= n;
	buf_consume(&l->control, n);
	drop_if_huge(&l->control);
}

void lanes_attach(struct lanes *l, struct bytes payload)
{
	l->attached = payload;
}

int lanes_detach(struct lanes *l)
{
	if (l->attached.n && buf_append(&l->publish, l->attached) < 0)
		return -1;
	l->attached = BYTES_NULL;
	return 0;
}

int lanes_put_ping(struct lanes *l)
{
	static const uint8_t ping[] = { PACKET_PINGREQ << 4, 0 };
	uint8_t *end = buf_reserve(&l->control, sizeof(ping)), *at;
	size_t behind = buf_len(&l->control) - l->control_cleared;

	if (!end)
		return -1;
	at = end - behind;
	memmove(at + sizeof(ping), at, behind);
	memcpy(at, ping, sizeof(ping));
	buf_commit(&l->control, sizeof(ping));
	l->control_cleared += sizeof(ping);
	return 0;
}

void lanes_drop_publishes(struct lanes *l)
{
	size_t len = buf_len(&l->publish), keep = l->half_sent;

	if (l->is_held && !l->is_control && l->offered > keep)
		keep = l->offered;
	/* What is kept ends at a packet's border or, when it reaches the end
	 * of the lane, at that of the attached payload. */
	if (keep >= len)
		return;
	l->attached = BYTES_NULL;
	buf_truncate(&l->publish, keep);
	l->publish_cleared = keep;
}
