/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdlib.h>

#include "bench/payload.h"

static const struct header head = {
	.tag = 0x1234, .publisher = 5, .sequence = 77, .intended = 1000000
};

static const struct header_tag tag = { 0x1234, 0xffff };
static const struct header_tag other = { 0x1235, 0xffff };

static struct payload_plan sized(uint64_t low, uint64_t high,
				 enum header_place place)
{
	return (struct payload_plan){ .kind = PAYLOAD_SIZE,
				      .size = { low, high },
				      .header = place };
}

static void front_header_comes_back(void)
{
	struct payload_plan plan = sized(16, 16, HEADER_FRONT);
	const struct scenario none = { 0 };
	struct template_values v = { 0 };
	struct payload_out out;
	struct header h = { 0 };
	struct payload p;

	is_int(payload_init(&p, &plan, 1), 0);
	is_int(payload_make(&p, &head, 5, &v, &out), 0);
	is_int(out.payload.n, 16);
	is_int(out.props.n, 0);
	is_int(payload_find(&none, &tag, out.payload, BYTES_NULL, &h),
	       HEADER_OURS);
	is_int(h.publisher, 5);
	is_int(h.sequence, 77);
	is_int(h.intended, 1000000);
	is_int(payload_find(&none, &other, out.payload, BYTES_NULL, &h),
	       HEADER_OTHER);
	is_int(h.tag, 0x1234);
	is_int(payload_find(&none, &tag, BYTES_LIT("short"), BYTES_NULL, &h),
	       HEADER_ABSENT);
	ok(payload_is_intact(&p, &head, out.payload));
	payload_release(&p);
}

static void damage_is_found(void)
{
	struct payload_plan plan = sized(16, 300, HEADER_FRONT);
	struct template_values v = { 0 };
	struct payload_out out;
	struct payload here, there; /* two processes, one seed */
	uint64_t sizes = 0, last = 0;
	uint8_t copy[300];

	is_int(payload_init(&here, &plan, 9), 0);
	is_int(payload_init(&there, &plan, 9), 0);
	for (uint64_t i = 0; i < 100; i++) {
		struct header h = head;

		h.sequence = i;
		is_int(payload_make(&here, &h, i, &v, &out), 0);
		ok(out.payload.n >= 16 && out.payload.n <= 300);
		sizes += out.payload.n != last;
		last = out.payload.n;
		ok(payload_is_intact(&there, &h, out.payload));
		memcpy(copy, out.payload.p, out.payload.n);
		ok(!payload_is_intact(&there, &h,
				      bytes_of(copy, out.payload.n - 1)));
		if (out.payload.n > 16) {
			copy[out.payload.n - 1] ^= 1;
			ok(!payload_is_intact(&there, &h,
					      bytes_of(copy, out.payload.n)));
		}
	}
	ok(sizes > 90, "sizes vary");
	payload_release(&here);
	payload_release(&there);
}

static void real_time_goes_along_where_it_fits(void)
{
	struct payload_plan plan = sized(22, 22, HEADER_FRONT);
	struct payload_plan tight = sized(21, 300, HEADER_FRONT);
	struct template_values v = { 0 };
	struct payload_out out;
	struct payload p;
	uint64_t sent = 0;

	is_int(payload_init(&p, &plan, 1), 0);
	is_int(payload_make(&p, &head, 0xa1b2c3d4e5, &v, &out), 0);
	ok(payload_sent_time(&p, out.payload, &sent));
	is_int(sent, 0xa1b2c3d4e5);
	ok(payload_is_intact(&p, &head, out.payload));
	payload_release(&p);
	is_int(payload_init(&p, &tight, 1), 0);
	is_int(payload_make(&p, &head, 7, &v, &out), 0);
	ok(!payload_sent_time(&p, out.payload, &sent));
	payload_release(&p);
}

static void template_carries_a_field(void)
{
	struct bytes field = BYTES_LIT("mb");
	const struct scenario s = { .fields = &field, .field_count = 1 };
	const struct template_config all = { .allowed = ~0u };
	struct payload_plan plan = { .kind = PAYLOAD_TEMPLATE,
				     .header = HEADER_FIELD };
	struct template_values v = { .index = 6 };
	struct payload_out out;
	struct header h = { 0 };
	struct payload p;

	plan.template = template_new("{\"id\": %i, \"mb\": \"%h\"}", &all,
				     NULL);
	is_int(payload_init(&p, &plan, 1), 0);
	for (int i = 0; i < 3; i++)
		is_int(payload_make(&p, &head, 5, &v, &out), 0);
	is_bytes(out.payload,
		 BYTES_LIT("{\"id\": 7, \"mb\": "
			   "\"1234000005000000004d0000000f4240\"}"));
	is_int(payload_find(&s, &tag, out.payload, BYTES_NULL, &h),
	       HEADER_OURS);
	is_int(h.sequence, 77);
	ok(payload_is_intact(&p, &head, out.payload));
	payload_release(&p);
	template_free(plan.template);
}

static void property_leaves_the_payload_alone(void)
{
	char name[] = "mqtt-bench";
	struct payload_plan plan = sized(4, 4, HEADER_PROPERTY);
	const struct scenario none = { 0 };
	struct template_values v = { 0 };
	struct payload_out out;
	struct header h = { 0 }, by_chance = head;
	uint8_t chance[HEADER_SIZE];
	struct payload p;

	by_chance.publisher++;
	plan.field = name;
	is_int(payload_size_max(&plan), 4 + 5 + 10 + 32);
	is_int(payload_init(&p, &plan, 1), 0);
	for (int i = 0; i < 3; i++)
		is_int(payload_make(&p, &head, 5, &v, &out), 0);
	is_int(out.payload.n, 4);
	is_int(out.props.n, 5 + 10 + 32);
	is_int(payload_find(&none, &tag, out.payload, out.props, &h),
	       HEADER_OURS);
	is_int(h.publisher, 5);
	ok(payload_is_intact(&p, &head, out.payload));
	ok(!payload_is_intact(&p, &head, BYTES_LIT("abcd")));
	/* Random bytes in front may look like one, too. */
	header_write(chance, &by_chance);
	is_int(payload_find(&none, &tag, bytes_of(chance, sizeof(chance)),
			    out.props, &h),
	       HEADER_OURS);
	is_int(h.publisher, 5);
	payload_release(&p);
}

static void file_follows_its_header(void)
{
	struct payload_plan plan = { .kind = PAYLOAD_BYTES,
				     .header = HEADER_FRONT };
	struct template_values v = { 0 };
	struct payload_out out;
	struct payload p;

	is_int(buf_append_str(&plan.bytes, "content"), 0);
	is_int(payload_init(&p, &plan, 1), 0);
	is_int(payload_make(&p, &head, 5, &v, &out), 0);
	is_int(out.payload.n, 16 + 7);
	is_mem(out.payload.p + 16, 7, "content", 7);
	ok(payload_is_intact(&p, &head, out.payload));
	payload_release(&p);
	plan.header = HEADER_NONE;
	is_int(payload_init(&p, &plan, 1), 0);
	is_int(payload_make(&p, &head, 5, &v, &out), 0);
	is_bytes(out.payload, BYTES_LIT("content"));
	payload_release(&p);
	buf_release(&plan.bytes);
}

TEST_MAIN(T(front_header_comes_back), T(damage_is_found),
	  T(real_time_goes_along_where_it_fits), T(template_carries_a_field),
	  T(property_leaves_the_payload_alone), T(file_follows_its_header))
