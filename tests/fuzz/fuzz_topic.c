/* SPDX-License-Identifier: MIT */
/*
 * Topic names and filters: the checks agree with each other, and matching
 * agrees with the definition, written out slowly.
 *
 * Input: a filter, a newline, a name.
 */
#include "mqtt/topic.h"

#include <stdlib.h>

#include "mqtt/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static size_t level_end(struct bytes b, size_t from)
{
	while (from < b.n && b.p[from] != '/')
		from++;
	return from;
}

/* [MQTT-4.7.1], level by level; f and t are where the next levels begin, one
 * past the end plus one when there are none. */
static bool matches_slowly(struct bytes filter, size_t f, struct bytes name,
			   size_t t)
{
	size_t f_end, t_end;
	bool is_any;

	for (; f <= filter.n; f = f_end + 1, t = t_end + 1) {
		f_end = level_end(filter, f);
		if (f_end - f == 1 && filter.p[f] == '#')
			return true;
		if (t > name.n)
			return false;
		t_end = level_end(name, t);
		is_any = f_end - f == 1 && filter.p[f] == '+';
		if (!is_any && !bytes_equal(bytes_of(filter.p + f, f_end - f),
					    bytes_of(name.p + t, t_end - t)))
			return false;
	}
	return t > name.n;
}

static bool should_match(struct bytes filter, struct bytes name)
{
	if (name.p[0] == '$' && (filter.p[0] == '+' || filter.p[0] == '#'))
		return false;
	return matches_slowly(filter, 0, name, 0);
}

static void check_name(struct bytes name)
{
	bool is_legal = !topic_check_name(name);

	require(is_legal == (name.n > 0 && wire_is_string(name) &&
			     !topic_has_wildcard(name)));
	if (is_legal) {
		require(topic_matches(name, name));
		require(topic_matches(BYTES_LIT("#"), name) ==
			(name.p[0] != '$'));
	}
}

static void check_filter(struct bytes filter)
{
	struct bytes group = BYTES_NULL, rest = BYTES_NULL;
	bool is_legal = !topic_check_filter(filter);

	require(!is_legal || (filter.n > 0 && wire_is_string(filter)));
	if (topic_is_shared(filter, &group, &rest)) {
		require(group.n + rest.n + 8 == filter.n);
		require(!is_legal || (group.n > 0 && rest.n > 0));
		require(!is_legal || !topic_has_wildcard(group));
	} else if (!topic_has_wildcard(filter) && filter.n > 0 &&
		   memchr(filter.p, '$', filter.n) != filter.p) {
		require(is_legal == !topic_check_name(filter));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = size ? memchr(data, '\n', size) : NULL;
	struct bytes filter, name;

	if (!newline)
		return 0;
	filter = bytes_of(data, (size_t)(newline - data));
	name = bytes_of(newline + 1, size - filter.n - 1);
	check_name(name);
	check_filter(filter);
	if (filter.n > 0 && name.n > 0 && !topic_check_filter(filter))
		require(topic_matches(filter, name) ==
			should_match(filter, name));
	else
		topic_matches(filter, name);
	return 0;
}
