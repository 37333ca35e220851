/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <ctype.h>

#include "config_load.h"

#include "base/clock.h"
#include "config/keep.h"
#include "mqtt/props.h"

static const enum tool tools[] = { TOOL_PUB, TOOL_SUB, TOOL_RR, TOOL_BENCH,
				   TOOL_CHECK };

static bool has_name(const struct option *o, const char *name)
{
	if (!strcmp(o->name, name))
		return true;
	for (size_t i = 0; i < OPTION_ALIASES; i++)
		if (o->alias[i] && !strcmp(o->alias[i], name))
			return true;
	return false;
}

static void names_are_unique_per_tool(void)
{
	for (size_t i = 0; i < option_count; i++) {
		for (size_t k = 0; k < option_count; k++) {
			const struct option *a = &options[i], *b = &options[k];

			if (i == k || !(a->tools & b->tools))
				continue;
			ok(!has_name(b, a->name), "%s", a->name);
			for (size_t x = 0; x < OPTION_ALIASES; x++)
				ok(!a->alias[x] || !has_name(b, a->alias[x]),
				   "%s", a->alias[x]);
		}
	}
}

static void letters_are_unique_per_tool(void)
{
	for (size_t t = 0; t < OPTION_TOOLS; t++) {
		char seen[256] = { 0 };

		for (size_t i = 0; i < option_count; i++) {
			char c = option_letter(&options[i], tools[t]);

			ok(!c || isalnum((unsigned char)c));
			ok(!c || !seen[(unsigned char)c], "-%c", c);
			seen[(unsigned char)c] = 1;
		}
	}
}

/* No name is the negation of a flag's, else --no-x would have two meanings. */
static void negations_hide_nothing(void)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i], *flag;

		if (strncmp(o->name, "no-", 3) != 0)
			continue;
		flag = option_find(o->name + 3, o->tools);
		ok(!flag, "%s", o->name);
	}
	ok(option_count > 50);
}

static void names_are_well_formed(void)
{
	char env[OPTION_ENV_MAX];

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		ok(strspn(o->name, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
			   strlen(o->name),
		   "%s", o->name);
		ok(o->name[0] != '-');
		option_env_name(o, env);
		is_int(strlen(env), strlen("MQTT_TOOLS_") + strlen(o->name));
		ok(o->tools != 0, "%s", o->name);
		ok(o->group < OPTION_GROUPS);
	}
}

static void every_row_is_described(void)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!ok(o->help != NULL, "%s", o->name))
			continue;
		ok(strlen(o->help) <= 60, "%s: %zu", o->name, strlen(o->help));
		ok(isupper((unsigned char)o->help[0]), "%s", o->name);
		ok(o->help[strlen(o->help) - 1] != '.', "%s", o->name);
		ok(!o->details || o->details[strlen(o->details) - 1] == '.',
		   "%s", o->name);
		is_int(o->metavar != NULL, option_takes_value(o), "%s",
		       o->name);
	}
}

static bool is_number(const struct option *o)
{
	return o->type == OPTION_UINT || o->type == OPTION_COUNT ||
	       o->type == OPTION_SECONDS || o->type == OPTION_DURATION ||
	       o->type == OPTION_SIZE || o->type == OPTION_PERCENT;
}

static void ranges_make_sense(void)
{
	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (is_number(o))
			ok(o->min < o->max, "%s", o->name);
		else
			ok(!o->min && !o->max, "%s", o->name);
		if (o->type == OPTION_UINT || o->type == OPTION_SECONDS ||
		    o->type == OPTION_SIZE)
			ok(o->max <= UINT32_MAX, "%s", o->name);
		is_int(o->choices != NULL && !is_number(o),
		       o->type == OPTION_CHOICE, "%s", o->name);
	}
}

static void fallbacks_and_choices_are_accepted(void)
{
	for (size_t t = 0; t < OPTION_TOOLS; t++) {
		struct settings s = { .tool = tools[t] };

		s.origins = calloc(option_count, sizeof(*s.origins));
		for (size_t i = 0; i < option_count; i++) {
			const struct option *o = &options[i];
			struct setting v = { .option = o };
			struct err e = { 0 };

			if (!(o->tools & tools[t]))
				continue;
			v.text = o->fallback;
			ok(!v.text || !option_set(&s, &v, &e), "%s: %s",
			   o->name, e.text);
			for (const struct choice *c = o->choices; c && c->name;
			     c++) {
				v.text = c->name;
				ok(!option_set(&s, &v, &e), "%s: %s", o->name,
				   e.text);
			}
		}
		settings_release(&s);
	}
}

static void properties_are_those_of_mqtt(void)
{
	static const struct {
		const char *name;
		uint32_t in;
	} commands[] = {
		{ "connect", PROP_IN(PACKET_CONNECT) },
		{ "publish", PROP_IN(PACKET_PUBLISH) },
		{ "subscribe", PROP_IN(PACKET_SUBSCRIBE) },
		{ "unsubscribe", PROP_IN(PACKET_UNSUBSCRIBE) },
		{ "disconnect", PROP_IN(PACKET_DISCONNECT) },
		{ "will", PROP_IN_WILL },
	};

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];
		const struct prop_info *info;
		bool is_known = false;

		if (!o->property)
			continue;
		info = prop_info_by_name(strchr(o->property, ' ') + 1);
		if (!ok(info != NULL, "%s", o->property))
			continue;
		for (size_t c = 0; c < sizeof(commands) / sizeof(*commands);
		     c++)
			if (!strncmp(commands[c].name, o->property,
				     strlen(commands[c].name)) &&
			    (info->packets & commands[c].in))
				is_known = true;
		ok(is_known, "%s", o->property);
		ok(o->flags & OPTION_V5, "%s", o->name);
		is_int(info->type == PROP_PAIR, o->type == OPTION_PAIRS, "%s",
		       o->property);
	}
}

/* Everything that mosquitto's -D accepts has a row. */
static void all_properties_have_rows(void)
{
	static const char *const all[][2] = {
		{ "connect", "authentication-method" },
		{ "connect", "authentication-data" },
		{ "connect", "maximum-packet-size" },
		{ "connect", "receive-maximum" },
		{ "connect", "request-problem-information" },
		{ "connect", "request-response-information" },
		{ "connect", "session-expiry-interval" },
		{ "connect", "topic-alias-maximum" },
		{ "connect", "user-property" },
		{ "publish", "content-type" },
		{ "publish", "correlation-data" },
		{ "publish", "message-expiry-interval" },
		{ "publish", "payload-format-indicator" },
		{ "publish", "response-topic" },
		{ "publish", "topic-alias" },
		{ "publish", "user-property" },
		{ "will", "content-type" },
		{ "will", "correlation-data" },
		{ "will", "message-expiry-interval" },
		{ "will", "payload-format-indicator" },
		{ "will", "response-topic" },
		{ "will", "user-property" },
		{ "will", "will-delay-interval" },
		{ "subscribe", "subscription-identifier" },
		{ "subscribe", "user-property" },
		{ "unsubscribe", "user-property" },
		{ "disconnect", "session-expiry-interval" },
		{ "disconnect", "user-property" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ok(option_find_property(all[i][0], all[i][1], 0) != NULL,
		   "%s %s", all[i][0], all[i][1]);
}

static void environment_is_for_connections_only(void)
{
	static const char *const never[] = {
		"id",        "id-prefix",  "topic",        "message", "file",
		"subscribe", "will-topic", "will-payload", "count",   "qos",
	};

	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		ok(!(option_find(never[i], 0)->flags & OPTION_ENV), "%s",
		   never[i]);
	ok(option_find("host", 0)->flags & OPTION_ENV);
	ok(option_find("password", 0)->flags & OPTION_ENV);
}

static void numbers(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|-p|65535|--repeat|18446744073709551615");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.servers[0].port, 65535);
	ok(l.s.pub.repeat == UINT64_MAX);
	unload(&l);
	fails(TOOL_PUB, "-p|0",
	      "option '-p': '0' is not a whole number from 1 to 65535");
	fails(TOOL_PUB, "-p|65536",
	      "option '-p': '65536' is not a whole number from 1 to 65535");
	fails(TOOL_PUB, "-p|1883x",
	      "option '-p': '1883x' is not a whole number from 1 to 65535");
	fails(TOOL_PUB, "-p| 1883",
	      "option '-p': ' 1883' is not a whole number from 1 to 65535");
	fails(TOOL_PUB, "-p|-1",
	      "option '-p': '-1' is not a whole number from 1 to 65535");
	fails(TOOL_PUB, "-q|3",
	      "option '-q': '3' is not a whole number from 0 to 2");
	fails(TOOL_PUB, "--repeat|18446744073709551616",
	      "option '--repeat': '18446744073709551616' is not a whole "
	      "number from 1 to 18446744073709551615");
}

static void seconds(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|t|-n|-k|0|-x|2h|--will-topic|w|--will-delay|90s");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.connect.keepalive, 0);
	is_int(props_num(l.s.client.connect.props, PROP_SESSION_EXPIRY, 0),
	       7200);
	is_int(l.s.typed.will_delay, 90);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|-i|a|-x|-1");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(l.s.typed.session_expiry == UINT32_MAX);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|-i|a|-x|\xe2\x88\x9e");
	ok(l.s.typed.session_expiry == UINT32_MAX);
	unload(&l);
	fails(TOOL_PUB, "-k|1.5s",
	      "option '-k': '1.5s' is not a whole number from 0 to 65535 "
	      "(seconds), nor a time like 5m or 2h, nor auto");
	fails(TOOL_PUB, "-k|70000",
	      "option '-k': '70000' is not a whole number from 0 to 65535");
	fails(TOOL_PUB, "-k|20h",
	      "option '-k': '20h' is not a whole number from 0 to 65535 "
	      "(seconds), nor a time like 5m or 2h, nor auto");
	fails(TOOL_PUB, "-x|forever",
	      "option '-x': 'forever' is not a whole number from 0 to "
	      "4294967295 (seconds), nor a time like 5m or 2h, nor never");
}

static void durations(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t|-W|0.5|--ack-timeout|250ms|--idle-timeout|2m");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.run.timeout, 500 * CLOCK_MSEC);
	is_int(l.s.run.ack_timeout, 250 * CLOCK_MSEC);
	is_int(l.s.run.idle_timeout, 120 * CLOCK_SEC);
	is_int(l.s.run.drain_timeout, 30 * CLOCK_SEC);
	unload(&l);
	fails(TOOL_SUB, "-W|0",
	      "option '-W': '0' is too short a time, expected at least 1 ms");
	fails(TOOL_BENCH, "conn|--clock-bound|0",
	      "option '--clock-bound': '0' is too short a time, expected at "
	      "least 1 us");
	fails(TOOL_SUB, "-W|2000000h",
	      "option '-W': '2000000h' is too long a time");
	load(&l, TOOL_SUB, "-W|3x");
	is_int(l.rc, -1);
	ok(!strncmp(l.e.text, "option '-W': '3x' ", 18), "%s", l.e.text);
	unload(&l);
}

static void sizes(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|--maximum-packet-size|64k");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(props_num(l.s.client.connect.props, PROP_MAX_PACKET, 0), 65536);
	ok(l.s.client.needs_v5);
	unload(&l);
	fails(TOOL_PUB, "--maximum-packet-size|0",
	      "option '--maximum-packet-size': '0' is too small, expected at "
	      "least 1");
	load(&l, TOOL_PUB, "--maximum-packet-size|4G");
	is_int(l.rc, -1, "%s", l.e.text);
	unload(&l);
}

static void percents(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t|--random-filter|12.5");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(l.s.sub.random_filter == 12.5);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t");
	ok(l.s.sub.random_filter == 100);
	unload(&l);
	load(&l, TOOL_SUB, "--random-filter|0.01");
	is_int(l.rc, -1, "%s", l.e.text);
	unload(&l);
}

static void choices(void)
{
	struct loaded l;

	load(&l, TOOL_SUB, "-t|t|-V|mqttv311");
	is_int(l.s.client.version, MQTT_3_1_1);
	unload(&l);
	load(&l, TOOL_SUB, "-t|t");
	is_int(l.s.client.version, MQTT_AUTO);
	ok(!l.s.client.needs_v5);
	unload(&l);
	fails(TOOL_SUB, "-V|6",
	      "option '-V': '6' is not one of auto, 5, 311 or 31");
	fails(TOOL_SUB, "--retain-handling|no",
	      "option '--retain-handling': 'no' is not one of always, new or "
	      "never");
}

static void flags(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|--retain=no|--no-coalesce|--reconnect|on");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(!l.s.pub.publish.retain);
	ok(!l.s.run.coalesce);
	ok(l.s.client.reconnect.is_enabled);
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|-r|--no-reconnect");
	ok(l.s.pub.publish.retain);
	ok(l.s.run.coalesce);
	ok(!l.s.client.reconnect.is_enabled);
	unload(&l);
	load(&l, TOOL_PUB, "--retain=maybe");
	is_int(l.rc, -1);
	ok(!strncmp(l.e.text, "option '--retain': 'maybe' ", 27), "%s",
	   l.e.text);
	unload(&l);
}

static void strings(void)
{
	static char large[70000];
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|-i||-u|");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.client_id, bytes_str(""));
	ok(bytes_is_set(l.s.client.connect.user), "empty, not absent");
	unload(&l);
	fails(TOOL_PUB, "-i|\xff", "option '-i': '\\xFF' is not UTF-8 text");
	memset(large, 'x', sizeof(large) - 1);
	memcpy(large, "-i|", 3);
	load(&l, TOOL_PUB, large);
	is_int(l.rc, -1);
	ok(strstr(l.e.text, "is too long: 69996 bytes") != NULL, "%s",
	   l.e.text);
	unload(&l);
}

static void topics(void)
{
	fails(TOOL_PUB, "-t|a/+",
	      "option '-t': 'a/+' contains a wildcard ('+' or '#')");
	fails(TOOL_PUB, "-t|", "option '-t': '' is empty");
	fails(TOOL_SUB, "-t|a/#/b",
	      "option '-t': 'a/#/b' has '#' before its end");
	fails(TOOL_SUB, "-T|a+",
	      "option '-T': 'a+' has '+' beside other characters in a level");
	fails(TOOL_SUB, "-U|", "option '-U': '' is empty");
	fails(TOOL_PUB, "--will-topic|#",
	      "option '--will-topic': '#' contains a wildcard ('+' or '#')");
}

static void binary_data(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|t|-n|--correlation-data|hex:00fF");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(props_value(l.s.pub.publish.props, PROP_CORRELATION_DATA),
		 BYTES_LIT("\x00\xff"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|--correlation-data|base64:AAE=");
	is_bytes(props_value(l.s.pub.publish.props, PROP_CORRELATION_DATA),
		 BYTES_LIT("\x00\x01"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|--correlation-data|text:hex:1");
	is_bytes(props_value(l.s.pub.publish.props, PROP_CORRELATION_DATA),
		 BYTES_LIT("hex:1"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|-D|publish|correlation-data|abc");
	is_bytes(props_value(l.s.pub.publish.props, PROP_CORRELATION_DATA),
		 BYTES_LIT("abc"));
	unload(&l);
	load(&l, TOOL_PUB, "--correlation-data|hex:0");
	is_int(l.rc, -1);
	ok(!strncmp(l.e.text, "option '--correlation-data': ", 29), "%s",
	   l.e.text);
	unload(&l);
	/* What is secret is not repeated in an error. */
	fails(TOOL_PUB, "--auth-data|hex:SECRET",
	      "option '--auth-data': the value (not shown) is not valid");
}

static void pairs(void)
{
	struct prop p;
	struct loaded l;
	size_t pos = 0;

	load(&l, TOOL_PUB,
	     "-t|t|-n|--user-property|a=b=c|"
	     "-D|publish|user-property|x=y|z|--user-property|=");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(props_next(l.s.pub.publish.props, &pos, &p));
	is_bytes(p.name, BYTES_LIT("a"));
	is_bytes(p.value, BYTES_LIT("b=c"));
	ok(props_next(l.s.pub.publish.props, &pos, &p));
	is_bytes(p.name, BYTES_LIT("x=y"));
	is_bytes(p.value, BYTES_LIT("z"));
	ok(props_next(l.s.pub.publish.props, &pos, &p));
	is_int(p.name.n + p.value.n, 0);
	ok(!props_next(l.s.pub.publish.props, &pos, &p));
	unload(&l);
	fails(TOOL_PUB, "--user-property|ab",
	      "option '--user-property': 'ab' is not NAME=VALUE");
}

static void subscriptions_with_options(void)
{
	struct loaded l;

	load(&l, TOOL_SUB,
	     "--subscribe|a/+,qos=2,no-local,rap,"
	     "retain-handling=new,id=7|--subscribe|b,rap=no");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.subscribe_count, 2);
	is_bytes(l.s.sub.subscribes[0].filters[0].filter, BYTES_LIT("a/+"));
	is_int(l.s.sub.subscribes[0].filters[0].options, 0x1e);
	is_int(props_num(l.s.sub.subscribes[0].props, PROP_SUBSCRIPTION_ID, 0),
	       7);
	is_int(l.s.sub.subscribes[1].filters[0].options, 0);
	is_int(l.s.sub.subscribes[1].props.n, 0);
	ok(l.s.client.needs_v5);
	unload(&l);
	fails(TOOL_SUB, "--subscribe|a,qso=1",
	      "option '--subscribe': unknown subscription option 'qso'; did "
	      "you mean 'qos'?");
	fails(TOOL_SUB, "--subscribe|a,qos",
	      "option '--subscribe': 'qos' needs a value: qos=...");
	fails(TOOL_SUB, "--subscribe|a,qos=3",
	      "option '--subscribe': qos: '3' is not a whole number from 0 "
	      "to 2");
	fails(TOOL_SUB, "--subscribe|,qos=1",
	      "option '--subscribe': '' is empty");
	fails(TOOL_SUB, "--subscribe|a,retain-handling=x",
	      "option '--subscribe': retain-handling: 'x' is not always, new "
	      "or never");
	fails(TOOL_SUB, "--subscribe|a,id=0",
	      "option '--subscribe': id: '0' is not a whole number from 1 to "
	      "268435455");
}

static void paths(void)
{
	fails(TOOL_PUB, "-f|", "option '-f': '' is not a file name");
}

TEST_MAIN(T(names_are_unique_per_tool), T(letters_are_unique_per_tool),
	  T(negations_hide_nothing), T(names_are_well_formed),
	  T(every_row_is_described), T(ranges_make_sense),
	  T(fallbacks_and_choices_are_accepted),
	  T(properties_are_those_of_mqtt), T(all_properties_have_rows),
	  T(environment_is_for_connections_only), T(numbers), T(seconds),
	  T(durations), T(sizes), T(percents), T(choices), T(flags), T(strings),
	  T(topics), T(binary_data), T(pairs), T(subscriptions_with_options),
	  T(paths))
