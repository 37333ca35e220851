/* SPDX-License-Identifier: MIT */
#include "mqtt/topic.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"
#include "mqtt/types.h"
#include "mqtt/wire.h"

#define SHARE "$share/"
#define SHARE_SIZE (sizeof(SHARE) - 1)

/* What holds for names and filters alike [MQTT-4.7.3-1,-2,-3]. */
static const char *check_text(struct bytes b)
{
	if (b.n == 0)
		return "is empty";
	if (b.n > MQTT_STRING_MAX)
		return "is longer than 65535 bytes";
	if (wire_is_plain(b))
		return NULL;
	if (!text_is_utf8(b))
		return "is not UTF-8";
	if (memchr(b.p, 0, b.n))
		return "contains a NUL character";
	return NULL;
}

#define ONES UINT64_C(0x0101010101010101)

/*
 * Top bits of the bytes that are NUL, not ASCII, '+' or '#'. A byte that
 * equals c is 0 in word ^ c, and 0 minus 1 borrows; without such a byte
 * nothing borrows, so none hides behind another.
 */
static uint64_t odd_bytes(uint64_t word)
{
	return word | (word - ONES) | ((word ^ ('+' * ONES)) - ONES) |
	       ((word ^ ('#' * ONES)) - ONES);
}

/* A name as nearly all are: ASCII, no NUL, no wildcard, 8..65535 bytes. */
static bool is_plain_name(struct bytes b)
{
	uint64_t word, bad = 0;

	if (b.n < sizeof(word) || b.n > MQTT_STRING_MAX)
		return false;
	for (size_t at = 0; at < b.n - sizeof(word); at += sizeof(word)) {
		memcpy(&word, b.p + at, sizeof(word));
		bad |= odd_bytes(word);
	}
	memcpy(&word, b.p + b.n - sizeof(word), sizeof(word));
	bad |= odd_bytes(word);
	return !(bad & (ONES << 7));
}

const char *topic_check_name(struct bytes name)
{
	const char *why;

	if (is_plain_name(name))
		return NULL;
	why = check_text(name);
	if (why)
		return why;
	if (topic_has_wildcard(name)) /* [MQTT-3.3.2-2] */
		return "contains a wildcard ('+' or '#')";
	return NULL;
}

/* '#' stands alone in the last level, '+' alone in any [MQTT-4.7.1-1,-2]. */
static const char *check_wildcards(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++) {
		bool starts = i == 0 || b.p[i - 1] == '/';
		bool ends = i + 1 == b.n || b.p[i + 1] == '/';

		if (b.p[i] == '+' && !(starts && ends))
			return "has '+' beside other characters in a level";
		if (b.p[i] != '#')
			continue;
		if (i + 1 < b.n)
			return "has '#' before its end";
		if (!starts)
			return "has '#' beside other characters in a level";
	}
	return NULL;
}

static bool has_share_prefix(struct bytes b)
{
	return b.n >= SHARE_SIZE && memcmp(b.p, SHARE, SHARE_SIZE) == 0;
}

bool topic_is_shared(struct bytes filter, struct bytes *ret_group,
		     struct bytes *ret_filter)
{
	const uint8_t *group, *slash;

	if (!has_share_prefix(filter))
		return false;
	group = filter.p + SHARE_SIZE;
	slash = memchr(group, '/', filter.n - SHARE_SIZE);
	if (!slash)
		return false;
	*ret_group = bytes_of(group, (size_t)(slash - group));
	*ret_filter = bytes_of(slash + 1,
			       (size_t)(filter.p + filter.n - slash - 1));
	return true;
}

const char *topic_check_filter(struct bytes filter)
{
	const char *why = check_text(filter);
	struct bytes group, rest;

	if (why)
		return why;
	if (!has_share_prefix(filter))
		return check_wildcards(filter);
	if (!topic_is_shared(filter, &group, &rest) || rest.n == 0)
		return "has no filter after $share/GROUP/";
	if (group.n == 0)
		return "has an empty group after $share/";
	if (topic_has_wildcard(group))
		return "has a wildcard in the group after $share/";
	return check_wildcards(rest);
}

bool topic_has_wildcard(struct bytes filter)
{
	for (size_t i = 0; i < filter.n; i++)
		if (filter.p[i] == '+' || filter.p[i] == '#')
			return true;
	return false;
}

/* Takes the first level off b; false when there are no more levels. */
static bool next_level(struct bytes *b, struct bytes *ret_level)
{
	const uint8_t *slash;

	if (!b->p)
		return false;
	slash = b->n ? memchr(b->p, '/', b->n) : NULL;
	if (!slash) {
		*ret_level = *b;
		*b = BYTES_NULL;
		return true;
	}
	*ret_level = bytes_of(b->p, (size_t)(slash - b->p));
	*b = bytes_of(slash + 1, b->n - ret_level->n - 1);
	return true;
}

static bool is_one(struct bytes level, char c)
{
	return level.n == 1 && level.p[0] == (uint8_t)c;
}

bool topic_matches(struct bytes filter, struct bytes name)
{
	struct bytes want, level;

	if (filter.n == 0 || name.n == 0)
		return false;
	if (name.p[0] == '$' && (filter.p[0] == '+' || filter.p[0] == '#'))
		return false;
	while (next_level(&filter, &want)) {
		if (is_one(want, '#')) /* the parent level too */
			return true;
		if (!next_level(&name, &level))
			return false;
		if (!is_one(want, '+') && !bytes_equal(want, level))
			return false;
	}
	return name.p == NULL;
}
