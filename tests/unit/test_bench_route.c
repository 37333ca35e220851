/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdlib.h>

#include "bench/pcg.h"
#include "bench/route.h"
#include "mqtt/topic.h"

static uint32_t hits[64];

static void note(void *ctx, uint32_t receiver)
{
	(void)ctx;
	hits[receiver]++;
}

static const char *const filters[] = {
	"a",     "a/b",   "a/+",    "a/#",    "#",
	"+",     "+/b",   "a/+/c",  "a/b/c",  "/",
	"+/+",   "/a",    "$SYS/#", "$SYS/+", "a//b",
	"a/+/+", "+/+/#", "b/#",    "a/b/#",  "sport/tennis/player1/#",
};

static const char *const topics[] = {
	"a",
	"a/b",
	"a/c",
	"a/b/c",
	"/",
	"/a",
	"",
	"b",
	"b/b",
	"$SYS",
	"$SYS/x",
	"$SYS/x/y",
	"a//b",
	"a/",
	"a/b/c/d",
	"sport/tennis/player1",
	"sport/tennis/player1/score",
	"x/b",
};

static void matches_like_the_plain_rule(void)
{
	struct route *r = route_new();

	for (uint32_t i = 0; i < ARRAY_SIZE(filters); i++)
		is_int(route_add(r, bytes_str(filters[i]), i), 0);
	for (size_t t = 0; t < ARRAY_SIZE(topics); t++) {
		uint32_t n, want = 0;

		memset(hits, 0, sizeof(hits));
		n = route_match(r, bytes_str(topics[t]), note, NULL);
		for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
			bool m = topic_matches(bytes_str(filters[i]),
					       bytes_str(topics[t]));

			is_int(hits[i], m, "'%s' for '%s'", filters[i],
			       topics[t]);
			want += m;
		}
		is_int(n, want);
		is_int(route_match(r, bytes_str(topics[t]), NULL, NULL), want);
	}
	route_free(r);
}

static void random_filters_match_too(void)
{
	static const char *const words[] = { "a", "b", "", "+", "long-name" };
	char filter[300][64], topic[64];
	struct route *r = route_new();
	struct pcg p;

	pcg_init(&p, 3, 3);
	for (uint32_t i = 0; i < 300; i++) {
		uint32_t depth = 1 + pcg_below(&p, 4);

		filter[i][0] = '\0';
		for (uint32_t k = 0; k < depth; k++)
			snprintf(filter[i] + strlen(filter[i]), 16, "%s%s",
				 k ? "/" : "", words[pcg_below(&p, 5)]);
		if (pcg_below(&p, 3) == 0)
			snprintf(filter[i] + strlen(filter[i]), 8, "/#");
		is_int(route_add(r, bytes_str(filter[i]), i), 0);
	}
	for (int t = 0; t < 500; t++) {
		uint32_t depth = 1 + pcg_below(&p, 5), want = 0;

		topic[0] = '\0';
		for (uint32_t k = 0; k < depth; k++)
			snprintf(topic + strlen(topic), 16, "%s%s",
				 k ? "/" : "",
				 words[(pcg_below(&p, 4) + 4) % 5 == 3
					       ? 4
					       : pcg_below(&p, 3)]);
		for (int i = 0; i < 300; i++)
			want += topic_matches(bytes_str(filter[i]),
					      bytes_str(topic));
		is_int(route_match(r, bytes_str(topic), NULL, NULL), want,
		       "'%s'", topic);
	}
	route_free(r);
}

static void many_filters_are_quick(void)
{
	enum { N = 100000 };
	struct route *r = route_new();
	char name[32];

	for (uint32_t i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p2p/%u/x", i);
		if (route_add(r, bytes_str(name), i) < 0)
			break;
	}
	for (uint32_t i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "p2p/%u/x", i);
		if (!is_int(route_match(r, bytes_str(name), NULL, NULL), 1))
			break;
	}
	is_int(route_match(r, BYTES_LIT("p2p/100000/x"), NULL, NULL), 0);
	route_free(r);
}

TEST_MAIN(T(matches_like_the_plain_rule), T(random_filters_match_too),
	  T(many_filters_are_quick))
