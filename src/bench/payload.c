/* SPDX-License-Identifier: MIT */
#include "bench/payload.h"

#include "bench/pcg.h"
#include "mqtt/props.h"

#define STAMP_SIZE 6u /* as large as the intended time */

static uint8_t *block_of(const struct payload *p)
{
	return p->block.data;
}

static int fill_random(struct buf *b, uint64_t n, uint64_t seed)
{
	struct pcg r;
	uint8_t *at = buf_reserve(b, n);

	if (n && !at)
		return -1;
	pcg_init(&r, seed, 1);
	for (uint64_t i = 0; i < n; i++)
		at[i] = (uint8_t)pcg_next(&r);
	buf_commit(b, n);
	return 0;
}

int payload_init(struct payload *p, const struct payload_plan *plan,
		 uint64_t seed)
{
	static const uint8_t room[HEADER_SIZE];

	*p = (struct payload){ .plan = plan };
	if (plan->kind == PAYLOAD_SIZE)
		return fill_random(&p->block, plan->size[1], seed);
	if (plan->kind != PAYLOAD_BYTES)
		return 0;
	if (plan->header == HEADER_FRONT &&
	    buf_append(&p->block, bytes_of(room, sizeof(room))) < 0)
		return -1;
	return buf_append(&p->block, buf_view(&plan->bytes));
}

void payload_release(struct payload *p)
{
	buf_release(&p->block);
	buf_release(&p->text);
	buf_release(&p->props);
}

/* Sizes from a range follow from who sent it and the number. */
static uint64_t size_of(const struct payload_plan *plan, const struct header *h)
{
	uint64_t range = plan->size[1] - plan->size[0] + 1;
	uint64_t x = h->sequence + ((uint64_t)h->publisher << 40);

	if (range == 1)
		return plan->size[0];
	x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
	return plan->size[0] + (x >> 32) % range;
}

static int put_property(struct payload *p, const struct header *h)
{
	char hex[HEADER_HEX_SIZE];

	header_write_hex(hex, h);
	buf_clear(&p->props);
	return props_put_pair(&p->props, bytes_str(p->plan->field),
			      bytes_of(hex, sizeof(hex)));
}

static int render(struct payload *p, const struct header *h,
		  struct template_values *v)
{
	static const uint8_t room[HEADER_SIZE];
	char hex[HEADER_HEX_SIZE];

	buf_clear(&p->text);
	if (p->plan->header == HEADER_FRONT &&
	    buf_append(&p->text, bytes_of(room, sizeof(room))) < 0)
		return -1;
	if (p->plan->header == HEADER_FRONT)
		header_write(p->text.data, h);
	header_write_hex(hex, h);
	v->header = bytes_of(hex, sizeof(hex));
	return template_render(p->plan->template, v, &p->text);
}

/* Bodies of generated content have room for the stamp when all sizes do. */
bool payload_has_stamp(const struct payload_plan *plan)
{
	return plan->kind == PAYLOAD_SIZE && plan->header == HEADER_FRONT &&
	       plan->size[0] >= HEADER_SIZE + STAMP_SIZE;
}

bool payload_sent_time(const struct payload *p, struct bytes payload,
		       uint64_t *ret)
{
	uint64_t v = 0;

	if (!payload_has_stamp(p->plan) || payload.n < HEADER_SIZE + STAMP_SIZE)
		return false;
	for (size_t i = 0; i < STAMP_SIZE; i++)
		v = v << 8 | payload.p[HEADER_SIZE + i];
	*ret = v;
	return true;
}

static void put_stamp(uint8_t *p, uint64_t sent)
{
	for (size_t i = STAMP_SIZE; i-- > 0; sent >>= 8)
		p[i] = (uint8_t)sent;
}

int payload_make(struct payload *p, const struct header *h, uint64_t sent,
		 struct template_values *v, struct payload_out *ret)
{
	*ret = (struct payload_out){ .props = BYTES_NULL };
	if (p->plan->header == HEADER_PROPERTY) {
		if (put_property(p, h) < 0)
			return -1;
		ret->props = buf_view(&p->props);
	}
	if (p->plan->kind == PAYLOAD_TEMPLATE) {
		if (render(p, h, v) < 0)
			return -1;
		ret->payload = buf_view(&p->text);
		return 0;
	}
	if (p->plan->header == HEADER_FRONT)
		header_write(block_of(p), h);
	if (payload_has_stamp(p->plan))
		put_stamp(block_of(p) + HEADER_SIZE, sent);
	ret->payload = bytes_of(block_of(p), p->plan->kind == PAYLOAD_SIZE
						     ? size_of(p->plan, h)
						     : buf_len(&p->block));
	return 0;
}

uint64_t payload_size_max(const struct payload_plan *plan)
{
	uint64_t n = plan->kind == PAYLOAD_SIZE ? plan->size[1]
						: buf_len(&plan->bytes);

	if (plan->kind == PAYLOAD_TEMPLATE)
		n = 256; /* an estimate: it depends on the values */
	if (plan->header == HEADER_PROPERTY)
		n += 5 + strlen(plan->field) + HEADER_HEX_SIZE;
	return n;
}

bool payload_is_intact(const struct payload *p, const struct header *h,
		       struct bytes payload)
{
	size_t from = p->plan->header == HEADER_FRONT ? HEADER_SIZE : 0, want;

	if (payload_has_stamp(p->plan))
		from += STAMP_SIZE;
	if (p->plan->kind == PAYLOAD_TEMPLATE)
		return true;
	want = p->plan->kind == PAYLOAD_SIZE ? size_of(p->plan, h)
					     : buf_len(&p->block);
	return payload.n == want &&
	       memcmp(payload.p + from, block_of(p) + from, want - from) == 0;
}

/* Keeps a header that is not ours only until one that is turns up. */
static enum header_found weigh(const struct header *h,
			       const struct header_tag *tag,
			       enum header_found so_far, struct header *ret)
{
	bool is_ours = header_is_of_run(h, tag);

	if (!is_ours && so_far == HEADER_OTHER)
		return HEADER_OTHER;
	*ret = *h;
	return is_ours ? HEADER_OURS : HEADER_OTHER;
}

static bool find_property(struct bytes props, struct header *ret)
{
	struct prop p;
	size_t pos = 0;

	while (props_next(props, &pos, &p))
		if (p.info->id == PROP_USER_PROPERTY &&
		    p.value.n == HEADER_HEX_SIZE &&
		    header_read_hex(p.value, ret))
			return true;
	return false;
}

enum header_found payload_find(const struct scenario *s,
			       const struct header_tag *tag,
			       struct bytes payload, struct bytes props,
			       struct header *ret)
{
	enum header_found found = HEADER_ABSENT;
	struct header h;

	/* What has a name is no chance; random bytes in front may be. */
	if (props.n && find_property(props, &h))
		found = weigh(&h, tag, found, ret);
	for (size_t i = 0; i < s->field_count && found != HEADER_OURS; i++)
		if (header_find_field(payload, s->fields[i], &h))
			found = weigh(&h, tag, found, ret);
	if (found != HEADER_OURS && header_read(payload, &h))
		found = weigh(&h, tag, found, ret);
	return found;
}
