/* SPDX-License-Identifier: MIT */
/* Reason codes: text, class, and what the codes of 3.x mean. */
#include "mqtt/reason.h"

#include "base/attr.h"
#include "test.h"

static void texts(void)
{
	size_t known = 0;

	is_str(reason_text(REASON_NOT_AUTHORIZED), "not authorized");
	is_str(reason_text(0x01), "granted QoS 1");
	is_str(reason_text(0x00), "success");
	is_str(reason_text(0xA2), "wildcard subscriptions not supported");
	is_str(reason_text(0xA3), "unknown reason");
	is_str(reason_text(0xFF), "unknown reason");
	is_str(reason_text(0x03), "unknown reason");
	for (unsigned int code = 0; code < 256; code++) {
		known += reason_is_known((uint8_t)code);
		is_int(reason_is_known((uint8_t)code),
		       strcmp(reason_text((uint8_t)code), "unknown reason") !=
			       0);
	}
	is_int(known, 43, "as many as table 2-6 has");
}

/* What a client does about them: core semantics 5.8. */
static void classes(void)
{
	static const struct {
		enum reason_class class;
		const char *codes;
	} table[] = {
		{ REASON_IS_VERSION, "\x84" },
		{ REASON_IS_PERMANENT,
		  "\x81\x82\x85\x86\x87\x8A\x8C\x8E\x90\x95\x98\x99\x9A\x9B" },
		{ REASON_IS_RETRYABLE, "\x80\x83\x88\x8B\x8D\xA0\xA3\xFF" },
		{ REASON_IS_RATE, "\x89\x97\x9F" },
		{ REASON_IS_REDIRECT, "\x9C\x9D" },
		{ REASON_IS_OK, "\x04\x10\x03\x7F" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		for (const char *p = table[i].codes; *p; p++)
			is_int(reason_class((uint8_t)*p), table[i].class,
			       "0x%02X", (unsigned int)(uint8_t)*p);
	is_int(reason_class(0), REASON_IS_OK);
}

static void codes_of_3x(void)
{
	static const uint8_t v5[] = { 0x00, 0x84, 0x85, 0x88, 0x86, 0x87 };

	for (uint8_t i = 0; i < 6; i++) {
		is_int(reason_from_v3(i), v5[i]);
		is_int(reason_to_v3(v5[i]), i);
	}
	is_int(reason_from_v3(6), 0x80);
	is_int(reason_from_v3(0x80), 0x80);
	is_int(reason_from_v3(0xFF), 0x80);
	is_int(reason_to_v3(0x80), 3);
	is_int(reason_to_v3(0x97), 3);
}

TEST_MAIN(T(texts), T(classes), T(codes_of_3x))
