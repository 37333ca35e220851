/* SPDX-License-Identifier: MIT */
/* Topic names and filters: what is legal, and what matches what. */
#include "mqtt/topic.h"

#include <stdlib.h>

#include "base/attr.h"
#include "test.h"

static void names(void)
{
	static const char *const good[] = {
		"a",
		"/",
		"//",
		"a/b",
		"/a",
		"a/",
		" ",
		"a b",
		"$SYS/x",
		"$",
		"$share",
		"caf\xc3\xa9/\xf0\x9f\x98\x80",
		"\xef\xbb\xbfx",
		"sensors/building/1",
		"\x01/control/\x7f",
		"a,b;c*d!",
	};
	static const char *const wild[] = {
		"+",
		"#",
		"a/+",
		"a/#",
		"a+b",
		"a#",
		"sensors/+/temperature",
		"sensors/building/#",
		"caf\xc3\xa9/+/long/enough",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_str(topic_check_name(bytes_str(good[i])), NULL, "%s",
		       good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(wild); i++)
		is_str(topic_check_name(bytes_str(wild[i])),
		       "contains a wildcard ('+' or '#')", "%s", wild[i]);
}

static void texts_that_are_neither(void)
{
	static uint8_t big[65536];
	static const struct {
		struct bytes text;
		const char *why;
	} table[] = {
		{ { (const uint8_t *)"", 0 }, "is empty" },
		{ { NULL, 0 }, "is empty" },
		{ { (const uint8_t *)"\xff", 1 }, "is not UTF-8" },
		{ { (const uint8_t *)"a/\xc0\x80/bcdefgh", 12 },
		  "is not UTF-8" },
		{ { (const uint8_t *)"a\0b", 3 }, "contains a NUL character" },
		{ { (const uint8_t *)"abcdefghijklm\0", 14 },
		  "contains a NUL character" },
		{ { big, sizeof(big) }, "is longer than 65535 bytes" },
	};

	memset(big, 'a', sizeof(big));
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		is_str(topic_check_name(table[i].text), table[i].why);
		is_str(topic_check_filter(table[i].text), table[i].why);
	}
	is_str(topic_check_name(bytes_of(big, 65535)), NULL);
	is_str(topic_check_filter(bytes_of(big, 65535)), NULL);
}

/* Each byte at each place of names of each small length, ASan at the end. */
static void every_byte_of_a_name(void)
{
	size_t wrong = 0;

	for (size_t n = 1; n <= 26; n++) {
		uint8_t *p = malloc(n);

		for (size_t at = 0; at < n; at++) {
			for (unsigned int byte = 0; byte < 256; byte++) {
				bool is_legal = byte > 0 && byte < 0x80 &&
						byte != '+' && byte != '#';

				memset(p, 'a', n);
				p[at] = (uint8_t)byte;
				wrong += !topic_check_name(bytes_of(p, n)) !=
					 is_legal;
			}
		}
		free(p);
	}
	is_int(wrong, 0);
}

static void filters(void)
{
	static const char *const good[] = {
		"a",
		"/",
		"a/b",
		"#",
		"+",
		"+/#",
		"a/#",
		"a/+/b",
		"/+",
		"+/",
		"+/+",
		"//#",
		"$SYS/#",
		"$share",
		"$share/g/a",
		"$share/g/#",
		"$share/g/+/b",
		"$share/g//",
		"$share/g/$SYS/#",
		"$shared/+",
		"$queue/a",
		"$share/caf\xc3\xa9/x",
	};
	static const struct {
		const char *text, *why;
	} bad[] = {
		{ "a#", "has '#' beside other characters in a level" },
		{ "a/b#", "has '#' beside other characters in a level" },
		{ "#/a", "has '#' before its end" },
		{ "##", "has '#' before its end" },
		{ "a/#/b", "has '#' before its end" },
		{ "#a", "has '#' before its end" },
		{ "a+", "has '+' beside other characters in a level" },
		{ "+a", "has '+' beside other characters in a level" },
		{ "a/b+/c", "has '+' beside other characters in a level" },
		{ "++", "has '+' beside other characters in a level" },
		{ "+#", "has '+' beside other characters in a level" },
		{ "$share/", "has no filter after $share/GROUP/" },
		{ "$share/g", "has no filter after $share/GROUP/" },
		{ "$share/g/", "has no filter after $share/GROUP/" },
		{ "$share//a", "has an empty group after $share/" },
		{ "$share/+/a", "has a wildcard in the group after $share/" },
		{ "$share/g#/a", "has a wildcard in the group after $share/" },
		{ "$share/g/a#", "has '#' beside other characters in a level" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		is_str(topic_check_filter(bytes_str(good[i])), NULL, "%s",
		       good[i]);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		is_str(topic_check_filter(bytes_str(bad[i].text)), bad[i].why,
		       "%s", bad[i].text);
}

static void shared_filters(void)
{
	struct bytes group = BYTES_NULL, filter = BYTES_NULL;

	ok(topic_is_shared(BYTES_LIT("$share/g/a/#"), &group, &filter));
	is_bytes(group, BYTES_LIT("g"));
	is_bytes(filter, BYTES_LIT("a/#"));
	ok(topic_is_shared(BYTES_LIT("$share/g//"), &group, &filter));
	is_bytes(filter, BYTES_LIT("/"));
	ok(topic_is_shared(BYTES_LIT("$share/g/"), &group, &filter));
	is_int(filter.n, 0);
	group = filter = BYTES_NULL;
	ok(!topic_is_shared(BYTES_LIT("$share/g"), &group, &filter));
	ok(!topic_is_shared(BYTES_LIT("$share"), &group, &filter));
	ok(!topic_is_shared(BYTES_LIT("$SHARE/g/a"), &group, &filter));
	ok(!topic_is_shared(BYTES_LIT("a/$share/g"), &group, &filter));
	ok(!topic_is_shared(BYTES_NULL, &group, &filter));
	ok(!bytes_is_set(group) && !bytes_is_set(filter), "untouched");
}

static void wildcards(void)
{
	ok(topic_has_wildcard(BYTES_LIT("a/+")));
	ok(topic_has_wildcard(BYTES_LIT("#")));
	ok(!topic_has_wildcard(BYTES_LIT("a/b")));
	ok(!topic_has_wildcard(BYTES_NULL));
}

/* The examples of MQTT 5 section 4.7 and more. */
static void matching(void)
{
	static const struct {
		const char *filter, *name;
		bool is_match;
	} table[] = {
		{ "sport/tennis/player1/#", "sport/tennis/player1", true },
		{ "sport/tennis/player1/#", "sport/tennis/player1/ranking",
		  true },
		{ "sport/tennis/player1/#",
		  "sport/tennis/player1/score/wimbledon", true },
		{ "sport/tennis/player1/#", "sport/tennis/player12", false },
		{ "sport/#", "sport", true },
		{ "sport/#", "sports", false },
		{ "#", "a", true },
		{ "#", "/", true },
		{ "#", "a/b/c", true },
		{ "sport/tennis/+", "sport/tennis/player1", true },
		{ "sport/tennis/+", "sport/tennis/player1/ranking", false },
		{ "sport/+", "sport", false },
		{ "sport/+", "sport/", true },
		{ "+/+", "/finance", true },
		{ "/+", "/finance", true },
		{ "+", "/finance", false },
		{ "+", "finance", true },
		{ "+/#", "a", true },
		{ "+/#", "/", true },
		{ "+/tennis/#", "sport/tennis", true },
		{ "#", "$SYS/broker", false },
		{ "+/monitor/Clients", "$SYS/monitor/Clients", false },
		{ "$SYS/#", "$SYS/a", true },
		{ "$SYS/monitor/+", "$SYS/monitor/Clients", true },
		{ "a/$SYS/+", "a/$SYS/b", true },
		{ "a/#", "a/$b", true },
		{ "a", "a", true },
		{ "a", "A", false },
		{ "a", "a/", false },
		{ "a/", "a", false },
		{ "a//b", "a//b", true },
		{ "a/+/b", "a//b", true },
		{ "a/b", "a/bc", false },
		{ "a/bc", "a/b", false },
		{ "/", "/", true },
		{ "//", "/", false },
		{ "a/b/c", "a/b", false },
		{ "", "a", false },
		{ "a", "", false },
		{ "", "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		is_int(topic_matches(bytes_str(table[i].filter),
				     bytes_str(table[i].name)),
		       table[i].is_match, "%s %s", table[i].filter,
		       table[i].name);
}

TEST_MAIN(T(names), T(texts_that_are_neither), T(every_byte_of_a_name),
	  T(filters), T(shared_filters), T(wildcards), T(matching))
