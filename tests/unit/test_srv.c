/* SPDX-License-Identifier: MIT */
/* DNS SRV records: answers as they are on the wire, and the order of the
 * servers. The system's resolver is replaced, so that nobody is asked. */
#include "net/srv.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>

#include "base/attr.h"
#include "test.h"

/* _mqtt._tcp.example: one question, so many answers behind it. */
#define QUESTION(answers)                           \
	"\x12\x34\x81\x80\0\1\0" answers "\0\0\0\0" \
	"\5_mqtt\4_tcp\7example\0\0\x21\0\1"
/* The name points to the question's; time to live 60. */
#define RECORD(length) "\xc0\x0c\0\x21\0\1\0\0\0\x3c\0" length

static struct bytes scripted;
static int scripted_error;

int res_nquery(res_state state, const char *name UNUSED, int class UNUSED,
	       int type, unsigned char *answer, int size)
{
	is_int(type, ns_t_srv);
	state->res_h_errno = scripted_error;
	if (scripted_error || scripted.n > (size_t)size)
		return -1;
	memcpy(answer, scripted.p, scripted.n);
	return (int)scripted.n;
}

static const char two[] = QUESTION("\2") RECORD("\x12") "\0\x0a\0\5\7\x5b"
							"\2mq\7example\0"
	/* The target's second part is the question's. */
	RECORD("\x0b") "\0\5\0\1\x22\xb3"
		       "\2up\xc0\x17";

static void answers(void)
{
	struct srv_record list[SRV_MAX];

	if (!is_int(srv_parse(BYTES_LIT(two), list), 2))
		return;
	is_int(list[0].priority, 10);
	is_int(list[0].weight, 5);
	is_int(list[0].port, 1883);
	is_str(list[0].host, "mq.example");
	is_int(list[1].priority, 5);
	is_int(list[1].port, 8883);
	is_str(list[1].host, "up.example");
}

static void cut_anywhere(void)
{
	struct srv_record list[SRV_MAX];

	for (size_t n = 0; n < sizeof(two) - 1; n++)
		is_int(srv_parse(bytes_of(two, n), list), -1, "%zu bytes", n);
}

static void other_records_are_passed_over(void)
{
	static const char answer[] =
		QUESTION("\2") "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\2\xc0\x0c" RECORD(
			"\x0b") "\0\5\0\1\x22\xb3"
				"\2up\xc0\x17";
	struct srv_record list[SRV_MAX];

	is_int(srv_parse(BYTES_LIT(answer), list), 1);
	is_str(list[0].host, "up.example");
}

static void loops_and_lies(void)
{
	static const struct bytes bad[] = {
		/* A name that points to itself. */
		BYTES_LIT(QUESTION("\1") RECORD("\x08") "\0\1\0\1\0\1\xc0\x2f"),
		/* Forward beyond the end. */
		BYTES_LIT(QUESTION("\1") RECORD("\x08") "\0\1\0\1\0\1\xff\xff"),
		/* Shorter than what is fixed in it. */
		BYTES_LIT(QUESTION("\1") RECORD("\x06") "\0\1\0\1\0\1"),
		/* Longer than what there is. */
		BYTES_LIT(QUESTION("\1") RECORD("\xff") "\0\1\0\1\0\1\0"),
	};
	struct srv_record list[SRV_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_int(srv_parse(bad[i], list), -1, "%zu", i);
}

static uint32_t scripted_random;

static uint32_t next_random(uint32_t max)
{
	return scripted_random < max ? scripted_random : max;
}

static void priorities_and_weights(void)
{
	static const struct srv_record in[] = {
		{ 20, 0, 1, "last" },   { 10, 60, 1, "heavy" },
		{ 10, 40, 1, "light" }, { 10, 0, 1, "zero" },
		{ 5, 0, 1, "first" },
	};
	static const struct {
		uint32_t random;
		const char *want[5];
	} cases[] = {
		{ 0, { "first", "zero", "light", "heavy", "last" } },
		{ 1, { "first", "light", "heavy", "zero", "last" } },
		{ 40, { "first", "light", "heavy", "zero", "last" } },
		{ 41, { "first", "heavy", "light", "zero", "last" } },
		{ 100, { "first", "heavy", "light", "zero", "last" } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct srv_record list[5];

		memcpy(list, in, sizeof(in));
		scripted_random = cases[i].random;
		srv_order(list, 5, next_random);
		for (size_t k = 0; k < 5; k++)
			is_str(list[k].host, cases[i].want[k], "random %u",
			       (unsigned int)cases[i].random);
	}
}

static void queries(void)
{
	static const char none[] = QUESTION("\0");
	static const char dot[] = QUESTION("\1") RECORD("\7") "\0\0\0\0\0\0\0";
	static const struct {
		struct bytes answer;
		int error;
		const char *says;
	} cases[] = {
		{ BYTES_LIT(none), 0, "there are no SRV records" },
		{ BYTES_LIT(dot), 0, "there are no SRV records" },
		{ BYTES_LIT("short"), 0, "the answer is malformed" },
		{ BYTES_LIT(two), HOST_NOT_FOUND,
		  "cannot resolve "
		  "'_mqtt._tcp.example': there are no SRV records of that "
		  "name" },
		{ BYTES_LIT(two), NO_DATA, "there are no SRV records" },
		{ BYTES_LIT(two), TRY_AGAIN,
		  "no answer from the name "
		  "server" },
		{ BYTES_LIT(two), NO_RECOVERY, "the name server failed" },
	};
	struct srv_record list[SRV_MAX];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct err e = { 0 };

		scripted = cases[i].answer;
		scripted_error = cases[i].error;
		is_int(srv_query("_mqtt._tcp.example", list, &e), -1);
		is_int(e.kind, ERR_RESOLVE);
		ok(strstr(e.text, cases[i].says), "%s", e.text);
	}
	scripted = BYTES_LIT(two);
	scripted_error = 0;
	is_int(srv_query("_mqtt._tcp.example", list, NULL), 2);
	is_str(list[0].host, "up.example", "the lower priority first");
}

TEST_MAIN(T(answers), T(cut_anywhere), T(other_records_are_passed_over),
	  T(loops_and_lies), T(priorities_and_weights), T(queries))
