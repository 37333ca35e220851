/* SPDX-License-Identifier: MIT */
/* Which proxy the environment means. */
#include "net/proxy_rules.h"

#include "base/attr.h"
#include "test.h"

static void exclusions(void)
{
	static const struct {
		const char *list, *host;
		unsigned int port;
		bool is_excluded;
	} cases[] = {
		{ NULL, "h", 1, false },
		{ "", "h", 1, false },
		{ " , ,", "h", 1, false },
		{ "*", "h", 1, true },
		{ "x,*", "h", 1, true },
		{ "example.org", "example.org", 1, true },
		{ "example.org", "EXAMPLE.org.", 1, true },
		{ "example.org", "a.b.example.org", 1, true },
		{ "example.org", "anexample.org", 1, false },
		{ "example.org", "org", 1, false },
		{ ".example.org", "example.org", 1, true },
		{ ".example.org", "a.example.org", 1, true },
		{ ".example.org", "anexample.org", 1, false },
		{ ".", "h", 1, false },
		{ "a,b c\td", "d", 1, true },
		{ "a,b c\td", "b", 1, true },
		{ "a,b c\td", "e", 1, false },
		{ "h:1883", "h", 1883, true },
		{ "h:1883", "h", 8883, false },
		{ "h:x", "h", 1883, false },
		{ "h:", "h", 1883, false },
		{ "192.0.2.1", "192.0.2.1", 1, true },
		{ "192.0.2.1", "192.0.2.2", 1, false },
		{ "192.0.2.1:5", "192.0.2.1", 5, true },
		{ "192.0.2.1:5", "192.0.2.1", 6, false },
		{ "2.1", "192.0.2.1", 1, false },
		{ "10.0.0.0/8", "10.255.1.2", 1, true },
		{ "10.0.0.0/8", "11.0.0.0", 1, false },
		{ "10.0.0.0/9", "10.127.0.0", 1, true },
		{ "10.0.0.0/9", "10.128.0.0", 1, false },
		{ "10.0.0.0/32", "10.0.0.0", 1, true },
		{ "10.0.0.0/33", "10.0.0.0", 1, false },
		{ "10.0.0.0/0", "1.2.3.4", 1, true },
		{ "10.0.0.0/", "10.0.0.0", 1, false },
		{ "10.0.0.0/x", "10.0.0.0", 1, false },
		{ "/8", "10.0.0.0", 1, false },
		{ "10.0.0.0/8", "ten.example", 1, false },
		{ "::1", "::1", 1, true },
		{ "0::1", "::1", 1, true },
		{ "[::1]", "::1", 1, true },
		{ "[::1]:5", "::1", 5, true },
		{ "[::1]:5", "::1", 6, false },
		{ "2001:db8::/32", "2001:db8:1::1", 1, true },
		{ "2001:db8::/32", "2001:db9::1", 1, false },
		{ "0.0.0.0/0", "::1", 1, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		is_int(proxy_is_excluded(cases[i].list, cases[i].host,
					 (uint16_t)cases[i].port),
		       cases[i].is_excluded, "'%s' for '%s'",
		       cases[i].list ? cases[i].list : "", cases[i].host);
}

static void long_items_are_harmless(void)
{
	char list[1000];

	memset(list, 'a', sizeof(list) - 1);
	list[sizeof(list) - 1] = '\0';
	ok(!proxy_is_excluded(list, "h", 1));
	memcpy(list + 900, ",h,", 3);
	ok(proxy_is_excluded(list, "h", 1));
}

static void choices(void)
{
	const struct proxy_environment all = {
		.all_proxy = "a",
		.https_proxy = "s",
		.http_proxy = "p",
		.no_proxy = "direct",
	};
	const struct proxy_environment some = {
		.https_proxy = "s",
		.http_proxy = "",
		.no_proxy = "",
	};

	is_str(proxy_choose(&all, TRANSPORT_TCP, "h", 1), "a");
	is_str(proxy_choose(&all, TRANSPORT_TLS, "h", 1), "a");
	is_str(proxy_choose(&all, TRANSPORT_WS, "h", 1), "p");
	is_str(proxy_choose(&all, TRANSPORT_WSS, "h", 1), "s");
	is_str(proxy_choose(&all, TRANSPORT_WSS, "direct", 1), NULL);
	is_str(proxy_choose(&some, TRANSPORT_TCP, "h", 1), NULL);
	is_str(proxy_choose(&some, TRANSPORT_TLS, "h", 1), NULL);
	is_str(proxy_choose(&some, TRANSPORT_WS, "h", 1), NULL);
	is_str(proxy_choose(&some, TRANSPORT_WSS, "h", 1), "s");
	is_str(proxy_choose(&all, TRANSPORT_TCP, "localhost", 1), "a");
}

TEST_MAIN(T(exclusions), T(long_items_are_harmless), T(choices))
