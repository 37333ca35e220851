/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "alloc.h"
#include "config_load.h"

#include "base/clock.h"
#include "mqtt/props.h"

#define ENV_ALL "MQTT_TOOLS_HOST=e|MQTT_TOOLS_PORT=2|MQTT_TOOLS_KEEPALIVE=3"

static void each_source_beats_the_weaker(void)
{
	struct loaded l;

	make_home();
	write_home(PROFILES, "default:\n  host: p\n  port: 1\n  keepalive: 1\n"
			     "  user: pu\n");
	write_home("opts", "-k 4\n");
	load_with(&l, TOOL_PUB, with_home("-t|t|-n|-o|@/opts|-p|5"), ENV_ALL);
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "e");
	is_int(l.s.client.servers[0].port, 5);
	is_int(l.s.client.connect.keepalive, 4);
	is_bytes(l.s.client.connect.user, BYTES_LIT("pu"));
	is_int(l.s.client.session.inflight, 20);

	is_int(ORIGIN_OF(&l.s, typed.port)->kind, ORIGIN_ARGV);
	is_str(ORIGIN_OF(&l.s, typed.port)->where, "-p");
	is_int(ORIGIN_OF(&l.s, typed.keepalive)->kind, ORIGIN_OPTIONS_FILE);
	is_str(ORIGIN_OF(&l.s, typed.keepalive)->where,
	       with_home("@/opts:1: option '-k'"));
	is_int(ORIGIN_OF(&l.s, typed.host)->kind, ORIGIN_ENVIRONMENT);
	is_str(ORIGIN_OF(&l.s, typed.host)->where, "MQTT_TOOLS_HOST");
	is_int(ORIGIN_OF(&l.s, typed.user)->kind, ORIGIN_PROFILE);
	is_str(ORIGIN_OF(&l.s, typed.user)->where,
	       with_home("@/" PROFILES ":5:9"));
	is_int(ORIGIN_OF(&l.s, typed.inflight)->kind, ORIGIN_DEFAULT);
	unload(&l);
	remove_home();
}

static void lists_are_replaced_not_mixed(void)
{
	struct loaded l;

	make_home();
	write_home(PROFILES, "default:\n  server: [a, 'b:1']\n"
			     "  filter-out: [x, y]\n");
	load_with(&l, TOOL_SUB, "-t|t|-T|z", "");
	is_int(l.s.client.server_count, 2);
	is_int(l.s.sub.filter_out_count, 1);
	is_bytes(l.s.sub.filter_out[0], BYTES_LIT("z"));
	unload(&l);
	load_with(&l, TOOL_SUB, "-t|t",
		  "MQTT_TOOLS_SERVER=c:5 [::1]:6 ::1 mqtt://d unix:/s");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.server_count, 5);
	is_str(l.s.client.servers[0].host, "c");
	is_int(l.s.client.servers[0].port, 5);
	is_str(l.s.client.servers[1].host, "::1");
	is_int(l.s.client.servers[1].port, 6);
	is_str(l.s.client.servers[2].host, "::1");
	is_int(l.s.client.servers[2].port, 1883);
	is_str(l.s.client.servers[3].host, "d");
	is_str(l.s.client.servers[4].unix_path, "/s");
	is_int(l.s.sub.filter_out_count, 2);
	unload(&l);
	remove_home();
}

static void environment_is_taken_away(void)
{
	struct loaded l;

	load_with(&l, TOOL_PUB, "-t|t|-n",
		  "PATH=/bin|MQTT_TOOLS_PASSWORD=sesame|MQTT_HOST=no|"
		  "MQTT_TOOLS_USERNAME=u|MQTT_TOOLS_HOST=|Z=1");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.password, BYTES_LIT("sesame"));
	is_bytes(l.s.client.connect.user, BYTES_LIT("u"));
	is_str(l.s.client.servers[0].host, "localhost");
	is_str(l.env[0], "PATH=/bin");
	is_str(l.env[1], "MQTT_HOST=no");
	is_str(l.env[2], "Z=1");
	ok(!l.env[3]);
	is_str(l.env_text + sizeof("PATH=/bin") - 1 + 1,
	       "MQTT_TOOLS_PASSWORD=", "the secret is overwritten");
	unload(&l);
}

static void odd_variables_are_warned_of(void)
{
	struct loaded l;

	load_with(&l, TOOL_PUB, "-t|t|-n",
		  "MQTT_TOOLS_HSOT=x|"
		  "MQTT_TOOLS_TOPIC=x|MQTT_TOOLS_=x|MQTT_TOOLS_host=x");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.warnings.n, 4);
	is_str(l.s.warnings.v[0],
	       "unknown environment variable "
	       "'MQTT_TOOLS_HSOT'; did you mean 'MQTT_TOOLS_HOST'?");
	is_str(l.s.warnings.v[1],
	       "environment variable 'MQTT_TOOLS_TOPIC' is "
	       "ignored: give --topic as an option or in a profile");
	is_str(l.s.warnings.v[2], "unknown environment variable 'MQTT_TOOLS_'");
	is_str(l.s.warnings.v[3],
	       "unknown environment variable "
	       "'MQTT_TOOLS_host'; did you mean 'MQTT_TOOLS_HOST'?");
	unload(&l);
	load_with(&l, TOOL_PUB, "-t|t|-n", "MQTT_TOOLS_PORT=x");
	is_int(l.e.kind, ERR_USAGE);
	is_str(l.e.text, "environment variable 'MQTT_TOOLS_PORT': 'x' is not "
			 "a whole number from 1 to 65535");
	unload(&l);
}

static void urls_give_server_user_and_topic(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-n|-L|mqtt://u%40x:p%2F@[::1]:77/a%20b/c");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "::1");
	is_int(l.s.client.servers[0].port, 77);
	is_bytes(l.s.client.connect.user, BYTES_LIT("u@x"));
	is_bytes(l.s.client.connect.password, BYTES_LIT("p/"));
	is_bytes(l.s.pub.publish.topic, BYTES_LIT("a b/c"));
	unload(&l);
	load(&l, TOOL_PUB, "-n|-L|mqtt://h|-p|5|-t|x|-u|v");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.servers[0].port, 5);
	is_bytes(l.s.client.connect.user, BYTES_LIT("v"));
	is_bytes(l.s.pub.publish.topic, BYTES_LIT("x"));
	unload(&l);
	load(&l, TOOL_SUB, "-L|mqtt://h/a/%23|-t|b");
	is_int(l.s.sub.subscribes[0].count, 2);
	is_bytes(l.s.sub.subscribes[0].filters[1].filter, BYTES_LIT("a/#"));
	unload(&l);
	load(&l, TOOL_PUB, "-n|-t|a|-L|unix:/run/m.sock");
	is_str(l.s.client.servers[0].unix_path, "/run/m.sock");
	unload(&l);
	fails(TOOL_PUB, "-n|-L|mqtt://h/a/%2B",
	      "option '-L': the topic 'a/+' contains a wildcard ('+' or '#')");
	fails(TOOL_PUB, "-n|-L|mqtt://h:7/a|-p|8",
	      "option '-L' has a port of its own, so option '-p' can't give "
	      "another one");
	fails(TOOL_PUB, "-n|-L|socks5://h",
	      "option '-L': expected a URL "
	      "that begins with mqtt://, mqtts://, ws://, wss:// or unix:");
}

static void one_way_to_name_the_server(void)
{
	struct loaded l;

	fails(TOOL_PUB, "-h|a|--unix|/b",
	      "option '-h' and option '--unix' "
	      "both say where the broker is, expected one of them");
	fails(TOOL_PUB, "--server|a|-L|mqtt://b",
	      "option '-L' and option "
	      "'--server' both say where the broker is, expected one of them");
	load_with(&l, TOOL_PUB, "-t|t|-n|--unix|/b", "MQTT_TOOLS_HOST=x");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].unix_path, "/b");
	unload(&l);
	fails(TOOL_PUB, "-h|", "option '-h': the host is empty");
	fails(TOOL_PUB, "--server|mqtt://u@h",
	      "option '--server': expected a URL without user, password and "
	      "topic");
	fails(TOOL_PUB, "-4|-6",
	      "option '-4' and option '-6' exclude each "
	      "other");
	fails(TOOL_PUB, "-A|lo", "option '-A': 'lo' is not an IP address");
	load(&l, TOOL_PUB, "-t|t|-n|-A|127.0.0.2|-A|::1|-6");
	is_int(l.s.client.bind_count, 2);
	is_int(l.s.client.family, DIAL_IPV6);
	unload(&l);
}

static void client_ids(void)
{
	struct loaded l;
	char want[40];

	load(&l, TOOL_SUB, "-t|t");
	is_int(l.s.client.connect.client_id.n, 21);
	ok(!memcmp(l.s.client.connect.client_id.p, "mqttsub", 7));
	unload(&l);
	load(&l, TOOL_SUB, "-t|t|-I|pre-");
	snprintf(want, sizeof(want), "pre-%ld", (long)getpid());
	is_bytes(l.s.client.connect.client_id, bytes_str(want));
	unload(&l);
	fails(TOOL_SUB, "-t|t|-i|a|-I|b",
	      "option '-i' and option '-I' exclude each other");
}

static void sessions_that_are_kept(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t");
	ok(l.s.client.connect.clean_start && !l.s.client.keep_session);
	is_int(l.s.client.connect.props.n, 0);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t|-c|-i|me");
	ok(!l.s.client.connect.clean_start && l.s.client.keep_session);
	ok(!l.s.client.needs_v5);
	ok(props_num(l.s.client.connect.props, PROP_SESSION_EXPIRY, 0) ==
	   UINT32_MAX);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t|-c|-i|me|-x|60");
	is_int(props_num(l.s.client.connect.props, PROP_SESSION_EXPIRY, 0), 60);
	ok(l.s.client.needs_v5);
	unload(&l);
	fails(TOOL_SUB, "-t|t|-c",
	      "option '-c' needs --id: a session belongs "
	      "to a client id");
	fails(TOOL_SUB, "-t|t|-x|never",
	      "option '-x' needs --id: a session "
	      "belongs to a client id");
}

/* Unlike mosquitto_sub, which makes it as small as the count. */
static void count_leaves_the_receive_maximum(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t|-C|3");
	is_int(l.s.client.connect.props.n, 0);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t|-C|3|--receive-max|9");
	is_int(props_num(l.s.client.connect.props, PROP_RECEIVE_MAX, 0), 9);
	unload(&l);
}

static void options_of_version_five(void)
{
	fails(TOOL_PUB, "-t|t|-n|--content-type|x|-V|311",
	      "option '--content-type' needs MQTT 5, but option '-V' says "
	      "3.1.1");
	fails(TOOL_PUB, "-t|t|-n|-D|connect|receive-maximum|3|-V|31",
	      "option '-D connect receive-maximum' needs MQTT 5, but option "
	      "'-V' says 3.1");
	fails(TOOL_SUB, "--subscribe|t,no-local|-V|311",
	      "option '--subscribe' needs MQTT 5, but option '-V' says "
	      "otherwise");
	fails(TOOL_PUB, "-t|t|-n|-P|x|-V|311",
	      "a password without --user needs MQTT 5, but option '-V' says "
	      "otherwise");
}

static void wills(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|--will-topic|w|--will-payload|gone|"
	     "--will-delay|5|--will-expiry|6|--will-payload-format|utf8|"
	     "--will-content-type|c|--will-response-topic|r|"
	     "--will-correlation-data|hex:01|--will-user-property|a=b");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.will.topic, BYTES_LIT("w"));
	is_bytes(l.s.client.connect.will.payload, BYTES_LIT("gone"));
	is_int(props_check(l.s.client.connect.will.props, PROP_IN_WILL), 0);
	is_int(props_num(l.s.client.connect.will.props, PROP_WILL_DELAY, 0), 5);
	unload(&l);
	fails(TOOL_PUB, "-t|t|-n|--will-qos|1",
	      "option '--will-qos' needs --will-topic");
	fails(TOOL_PUB,
	      "-t|t|-n|--will-topic|w|--will-payload|a|"
	      "--will-file|b",
	      "option '--will-payload' and option "
	      "'--will-file' exclude each other");
	fails(TOOL_PUB, "-t|t|-n|--will-topic|w|--will-file|/nowhere/x",
	      "option '--will-file': cannot read '/nowhere/x': No such file "
	      "or directory");
	fails(TOOL_PUB,
	      "-t|t|-n|--will-topic|w|--will-payload|\xff|"
	      "--will-payload-format|utf8",
	      "option '--will-payload-format': "
	      "the payload of the will is not UTF-8");
}

static void reconnecting(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t");
	ok(l.s.client.reconnect.is_enabled);
	ok(!l.s.client.reconnect.resend_only);
	is_int(l.s.client.reconnect.delay, CLOCK_SEC);
	is_int(l.s.client.reconnect.max_delay, 60 * CLOCK_SEC);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-l");
	ok(l.s.client.reconnect.is_enabled);
	ok(!l.s.client.reconnect.resend_only);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n");
	ok(l.s.client.reconnect.is_enabled);
	ok(l.s.client.reconnect.resend_only);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|--reconnect|yes|--reconnect-attempts|4");
	ok(!l.s.client.reconnect.resend_only);
	is_int(l.s.client.reconnect.max_attempts, 4);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t|--reconnect=no");
	ok(!l.s.client.reconnect.is_enabled);
	unload(&l);
	fails(TOOL_SUB, "-t|t|--reconnect-delay|5|--reconnect-max-delay|4",
	      "option '--reconnect-delay' is longer than "
	      "--reconnect-max-delay");
}

static void exactly_one_payload(void)
{
	fails(TOOL_PUB, "-t|a",
	      "nothing to publish: expected -m TEXT, "
	      "-f FILE, -n, -s or -l");
	fails(TOOL_PUB, "-m|x", "no topic to publish to: expected -t TOPIC");
	fails(TOOL_PUB, "-t|a|-m|x|-n",
	      "option '-m' and option '-n' both say "
	      "what to publish, expected one of them");
	fails(TOOL_PUB, "-t|a|-s|-l",
	      "option '-s' and option '-l' both say "
	      "what to publish, expected one of them");
	fails(TOOL_PUB, "-t|a|-l|--repeat|2",
	      "option '--repeat' does not go "
	      "with option '-l': lines are sent once");
	fails(TOOL_PUB, "-t|a|-n|--utf8|--payload-format|bytes",
	      "option '--payload-format' contradicts option '--utf8'");
}

static void messages_with_properties(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|a|-n|--utf8|--response-topic|r|"
	     "--topic-alias|7|--message-expiry|1h|-q|2|-r");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(l.s.pub.check_utf8);
	is_int(props_num(l.s.pub.publish.props, PROP_PAYLOAD_FORMAT, 0), 1);
	is_bytes(props_value(l.s.pub.publish.props, PROP_RESPONSE_TOPIC),
		 BYTES_LIT("r"));
	is_int(props_check(l.s.pub.publish.props, PROP_IN(PACKET_PUBLISH)), 0);
	is_int(l.s.client.session.aliases_out, 7);
	is_int(l.s.pub.publish.expiry, 3600);
	is_int(l.s.pub.publish.qos, 2);
	/* The session lives on long enough to learn QoS 2's fate. */
	ok(l.s.client.keep_session);
	is_int(props_num(l.s.client.connect.props, PROP_SESSION_EXPIRY, 0), 61);
	is_int(props_num(l.s.disconnect.props, PROP_SESSION_EXPIRY, 9), 0);
	unload(&l);
	load(&l, TOOL_PUB, "-t|a|-n|-q|2|--reconnect|no");
	ok(!l.s.client.keep_session);
	unload(&l);
}

static void qos_of_filters(void)
{
	static const struct {
		const char *args;
		uint8_t first, second;
	} cases[] = {
		{ "-t|a|-t|b", 0, 0 },           { "-q|1|-t|a|-t|b", 1, 1 },
		{ "-t|a|-q|1|-t|b", 1, 1 },      { "-t|a|-t|b|-q|2", 2, 2 },
		{ "-q|1|-t|a|-q|2|-t|b", 1, 2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct loaded l;

		load(&l, TOOL_SUB, cases[i].args);
		is_int(l.rc, 0, "%s", l.e.text);
		is_int(l.s.sub.subscribe_count, 1);
		is_int(l.s.sub.subscribes[0].filters[0].options, cases[i].first,
		       "%s", cases[i].args);
		is_int(l.s.sub.subscribes[0].filters[1].options,
		       cases[i].second, "%s", cases[i].args);
		unload(&l);
	}
	fails(TOOL_SUB, "-t|a|-q|1|-t|b|-q|2",
	      "with several -q, each must stand before the filters it is for, "
	      "and 'a' has none before it");
}

static void options_of_filters(void)
{
	struct loaded l;

	load(&l, TOOL_SUB,
	     "-t|a|--no-local|--retain-as-published|"
	     "--retain-handling|never|--subscription-id|5|-U|z|"
	     "--unsubscribe-user-property|k=v|--subscribe-user-property|s=t");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.subscribes[0].filters[0].options, 0x2c);
	is_int(props_num(l.s.sub.subscribes[0].props, PROP_SUBSCRIPTION_ID, 0),
	       5);
	is_int(props_check(l.s.sub.subscribes[0].props,
			   PROP_IN(PACKET_SUBSCRIBE)),
	       0);
	is_int(l.s.sub.unsubscribe.count, 1);
	ok(l.s.sub.unsubscribe.props.n > 0);
	unload(&l);
	load(&l, TOOL_SUB, "-t|a|-R");
	is_int(l.s.sub.subscribes[0].filters[0].options, 0x20);
	ok(!l.s.client.needs_v5);
	unload(&l);
	load(&l, TOOL_SUB, "-t|a|--json");
	is_int(l.s.sub.subscribes[0].filters[0].options, 0x08);
	ok(!l.s.client.needs_v5);
	unload(&l);
	load(&l, TOOL_SUB, "-t|a|-F|%t %j");
	is_int(l.s.sub.subscribes[0].filters[0].options, 0x08);
	unload(&l);
	load(&l, TOOL_SUB, "-t|a|--json|--retained-only");
	is_int(l.s.sub.subscribes[0].filters[0].options, 0);
	unload(&l);
	load(&l, TOOL_SUB, "-U|a");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.subscribe_count, 0);
	unload(&l);
	fails(TOOL_SUB, "-v", "nothing to subscribe to: expected -t FILTER");
	fails(TOOL_SUB, "-t|$share/g/a|--no-local",
	      "no-local is not allowed "
	      "for the shared subscription '$share/g/a'");
	fails(TOOL_SUB, "-t|a|-R|--retained-only",
	      "option '-R' and option "
	      "'--retained-only' exclude each other: nothing is left");
	fails(TOOL_SUB, "-t|a|--json|-F|%p",
	      "option '--json' and option '-F' exclude each other");
}

static void ids_make_packets_of_their_own(void)
{
	struct loaded l;

	load(&l, TOOL_SUB,
	     "-t|a|--subscribe|b,id=1|--subscribe|c,id=2|"
	     "--subscribe|d,id=1|-t|e");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.subscribe_count, 3);
	is_int(l.s.sub.subscribes[0].count, 2);
	is_bytes(l.s.sub.subscribes[0].filters[1].filter, BYTES_LIT("e"));
	is_int(l.s.sub.subscribes[1].count, 2);
	is_bytes(l.s.sub.subscribes[1].filters[1].filter, BYTES_LIT("d"));
	is_int(props_num(l.s.sub.subscribes[2].props, PROP_SUBSCRIPTION_ID, 0),
	       2);
	unload(&l);
}

/* Each allocation fails in turn: an error each time, and nothing leaks. */
static void run_out(enum tool tool, const char *args, const char *env)
{
	size_t n = 0;
	int rc = -1;

	for (; rc && n < 3000; n++) {
		struct loaded l;
		struct settings_input in = { tool, l.argv, l.env };

		prepare(&l, args, env);
		alloc_fail_after(n);
		rc = settings_load(&l.s, &in, &l.e);
		alloc_heal();
		ok(!rc || strstr(l.e.text, "out of memory") ||
			   strstr(l.e.text, "Cannot allocate"),
		   "%zu: %s", n, l.e.text);
		unload(&l);
	}
	ok(n > 50 && n < 3000, "%s: %zu allocations", args, n);
}

static void memory_runs_out(void)
{
	make_home();
	write_home(PROFILES, "default:\n  extends: other\n  host: h\n"
			     "other:\n  user-property: [a=b]\n");
	write_home("opts", "-k 4\n");
	run_out(TOOL_PUB,
		with_home("-t|a|-m|a|-o|@/opts|--will-topic|w|-q2|"
			  "--correlation-data|hex:00"),
		"MQTT_TOOLS_USER=x|MQTT_TOOLS_BAD=y");
	run_out(TOOL_SUB,
		"--subscribe|a,id=1|-t|b|-T|c|-U|d|-Ipre|"
		"--server|mqtts://h|--server|wss://h/p|--proxy|socks5://u:p@x|"
		"--insecure|--tls-alpn|a",
		"");
	run_out(TOOL_SUB, "-L|mqtt://u:p@h/t|--show-config|-T|c", "");
	run_out(TOOL_PUB,
		"-h|x|-P|y|--save-profile|z|--tls-keylog|f|"
		"--tls|--will-topic|w",
		"");
	remove_home();
}

TEST_MAIN(T(each_source_beats_the_weaker), T(lists_are_replaced_not_mixed),
	  T(environment_is_taken_away), T(odd_variables_are_warned_of),
	  T(urls_give_server_user_and_topic), T(one_way_to_name_the_server),
	  T(client_ids), T(sessions_that_are_kept),
	  T(count_leaves_the_receive_maximum), T(options_of_version_five),
	  T(wills), T(reconnecting), T(exactly_one_payload),
	  T(messages_with_properties), T(qos_of_filters), T(options_of_filters),
	  T(ids_make_packets_of_their_own), T(memory_runs_out))
