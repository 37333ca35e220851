/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "base/clock.h"
#include "config_load.h"

static void letters_are_those_of_other_generators(void)
{
	struct loaded l;

	load(&l, TOOL_BENCH,
	     "pub|-h|127.0.0.1|-p|1234|-V|4|-c|50|-R|700/s|-t|"
	     "a/%i|-s|16|-q|1|-I|10|-i|5|-F|7|-L|1000|-u|me|-k|300|-C|no|"
	     "-x|60|-r|-S|-m|x");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.operands.n, 1);
	is_str(l.s.operands.v[0], "pub");
	ok(l.s.bench.has_target && l.s.bench.has_clients);
	is_int(l.s.bench.clients, 50);
	is_int(l.s.typed.version, MQTT_3_1_1);
	is_str(l.s.bench.connect_rate, "700/s");
	is_str(l.s.bench.topics.v[0], "a/%i");
	is_str(l.s.bench.interval, "10");
	is_int(l.s.bench.window, 7);
	is_int(l.s.bench.limit, 1000);
	is_int(l.s.typed.keepalive, 300);
	ok(!l.s.bench.clean && l.s.bench.retain && l.s.typed.tls);
	unload(&l);
}

static void operands_may_stand_anywhere(void)
{
	struct loaded l;

	load(&l, TOOL_BENCH,
	     "--json|a.json|compare|old|--require|"
	     "e2e.p99 <= +10%|--|--new");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.operands.n, 3);
	is_str(l.s.operands.v[2], "--new");
	is_str(l.s.bench.json, "a.json");
	unload(&l);
	fails(TOOL_SUB, "-t|t|compare", "unexpected argument 'compare'");
}

static void targets_are_told_not_assumed(void)
{
	struct loaded l;

	load(&l, TOOL_BENCH, "conn");
	is_int(l.rc, 0);
	ok(!l.s.bench.has_target);
	unload(&l);
	fails(TOOL_BENCH, "conn|-h|a|--target|mqtt://b",
	      "option '-h' and --target exclude each other");
}

static void targets_become_servers(void)
{
	static const char *urls[] = { "mqtt://127.0.0.1:5000", "10.0.0.1" };
	const struct text_list list = { urls, 2 }, none = { 0 };
	struct loaded l;

	load(&l, TOOL_BENCH, "conn|-u|me");
	is_int(l.rc, 0);
	is_int(settings_resolve_targets(&l.s, &list, &l.e), 0);
	is_int(l.s.client.server_count, 2);
	is_int(l.s.client.servers[0].port, 5000);
	is_str(l.s.client.servers[1].host, "10.0.0.1");
	unload(&l);
	load(&l, TOOL_BENCH, "conn|-p|1999");
	is_int(settings_resolve_targets(&l.s, &none, &l.e), 0);
	is_int(l.s.client.servers[0].port, 1999);
	is_str(l.s.client.servers[0].host, "localhost");
	unload(&l);
}

TEST_MAIN(T(letters_are_those_of_other_generators),
	  T(operands_may_stand_anywhere), T(targets_are_told_not_assumed),
	  T(targets_become_servers))
