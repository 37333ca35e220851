/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "bench/header.h"

static const struct header sample = {
	.tag = 0xbeef,
	.publisher = 0x123456,
	.sequence = 0x98765432ffULL,
	.intended = 0xa1b2c3d4e5f6ULL,
};

static void is_sample(const struct header *h)
{
	is_int(h->tag, sample.tag);
	is_int(h->publisher, sample.publisher);
	is_int(h->sequence, sample.sequence);
	is_int(h->intended, sample.intended);
}

static void bytes_are_big_endian(void)
{
	static const uint8_t wire[] = {
		0xbe, 0xef, 0x12, 0x34, 0x56, 0x98, 0x76, 0x54,
		0x32, 0xff, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6,
	};
	uint8_t out[HEADER_SIZE];
	struct header h = { 0 };

	header_write(out, &sample);
	is_mem(out, sizeof(out), wire, sizeof(wire));
	ok(header_read(bytes_of(wire, sizeof(wire)), &h));
	is_sample(&h);
	ok(!header_read(bytes_of(wire, 15), &h), "too short");
}

static void hex_round_trip(void)
{
	char hex[HEADER_HEX_SIZE];
	struct header h = { 0 };

	header_write_hex(hex, &sample);
	is_mem(hex, sizeof(hex), "beef12345698765432ffa1b2c3d4e5f6", 32);
	ok(header_read_hex(bytes_of(hex, sizeof(hex)), &h));
	is_sample(&h);
	hex[7] = 'g';
	ok(!header_read_hex(bytes_of(hex, sizeof(hex)), &h));
	ok(!header_read_hex(bytes_of(hex, 31), &h));
}

static bool find(const char *json, struct header *h)
{
	return header_find_field(bytes_str(json), BYTES_LIT("mb"), h);
}

static void field_is_found(void)
{
	struct header h = { 0 };

	ok(find("{\"x\":1,\"mb\":\"beef12345698765432ffa1b2c3d4e5f6\"}", &h));
	is_sample(&h);
	h.tag = 0;
	ok(find("{\"mb2\":\"mb\", \"mb\" :\n \"beef12345698765432ffa1b2c3d4e5f6",
		&h),
	   "blanks, and the name elsewhere");
	is_sample(&h);
	ok(!find("{\"mb\":\"beef12345698765432ffa1b2c3d4e5f\"}", &h));
	ok(!find("{\"amb\":\"beef12345698765432ffa1b2c3d4e5f6\"}", &h));
	ok(!find("mb", &h));
	ok(!find("", &h));
}

static void tags_differ(void)
{
	int same = 0;

	is_int(header_tag(7, 9, false).value, header_tag(7, 9, false).value);
	for (uint64_t i = 0; i < 1000; i++) {
		same += header_tag(1, i, false).value ==
			header_tag(2, i, false).value;
		same += header_tag(i, 1, false).value ==
			header_tag(i, 2, false).value;
	}
	ok(same < 3, "%d of 2000 alike", same);
}

static void shared_tags_show_the_run(void)
{
	struct header_tag here = header_tag(77, 1, true);
	int same_run = 0, same_clock = 0;
	struct header h;

	for (uint64_t i = 2; i < 1002; i++) {
		h.tag = header_tag(77, i, true).value;
		ok(header_is_of_run(&h, &here));
		same_clock += h.tag == here.value;
		h.tag = header_tag(77 + i, 1, true).value;
		same_run += header_is_of_run(&h, &here);
	}
	ok(same_clock < 20, "%d clocks of 1000 look alike", same_clock);
	ok(same_run < 20, "%d runs of 1000 look alike", same_run);
}

static void delay_is_signed_and_wraps(void)
{
	const uint64_t wrap = UINT64_C(1) << 48;

	is_int(header_delay(1000, 400), 600);
	is_int(header_delay(400, 1000), -600);
	is_int(header_delay(5, 5), 0);
	/* 100 hours into a run, a message of 2 s ago. */
	is_int(header_delay(360000 * UINT64_C(1000000000),
			    359998 * UINT64_C(1000000000) % wrap),
	       2 * INT64_C(1000000000));
	is_int(header_delay(wrap + 3, wrap - 4), 7);
}

TEST_MAIN(T(bytes_are_big_endian), T(hex_round_trip), T(field_is_found),
	  T(tags_differ), T(shared_tags_show_the_run),
	  T(delay_is_signed_and_wraps))
