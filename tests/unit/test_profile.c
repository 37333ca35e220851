/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "config_load.h"

#include "mqtt/props.h"

/* Loads with this text as the user's profiles.yaml. */
static void load_profiles(struct loaded *l, const char *yaml, const char *args)
{
	make_home();
	write_home(PROFILES, yaml);
	load(l, TOOL_PUB, with_home(args));
}

static void done(struct loaded *l)
{
	unload(l);
	remove_home();
}

/* What is wrong with this profiles.yaml; '@' is its path. */
static void refuses(const char *yaml, const char *want)
{
	char path[200], text[ERR_TEXT_MAX];
	struct loaded l;

	load_profiles(&l, yaml, "-t|t|-n");
	snprintf(path, sizeof(path), "%s/" PROFILES, home);
	snprintf(text, sizeof(text), "%s%s", *want == ':' ? path : "", want);
	is_int(l.rc, -1, "%s", yaml);
	is_int(l.e.kind, ERR_USAGE);
	is_str(l.e.text, text);
	done(&l);
}

static void values_of_all_shapes(void)
{
	struct loaded l;

	load_profiles(&l,
		      "# comment\n"
		      "default:\n"
		      "  host: \"h\\u00e4\"\n"
		      "  port: 77\n"
		      "  retain: true\n"
		      "  user-property:\n"
		      "    - a=b\n"
		      "    - 'c=d e'\n"
		      "  will-topic: >-\n"
		      "    w/x\n"
		      "  keepalive: 5m\n"
		      "  username: u\n",
		      "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "h\xc3\xa4");
	is_int(l.s.client.servers[0].port, 77);
	ok(l.s.pub.publish.retain);
	is_int(l.s.typed.user_props.n, 4);
	is_str(l.s.typed.user_props.v[3], "d e");
	is_bytes(l.s.client.connect.will.topic, BYTES_LIT("w/x"));
	is_int(l.s.client.connect.keepalive, 300);
	is_bytes(l.s.client.connect.user, BYTES_LIT("u"));
	done(&l);
}

static void flow_style_and_anchors_work(void)
{
	struct loaded l;

	load_profiles(&l,
		      "a: {host: &h x, filter-out: [&f a, b]}\n"
		      "default: {host: *h, filter-out: [*f, c]}\n",
		      "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "x");
	done(&l);
}

static void default_only_when_none_is_named(void)
{
	static const char yaml[] = "default: {host: d}\nprod: {port: 9}\n";
	struct loaded l;

	load_profiles(&l, yaml, "-t|t|-n");
	is_str(l.s.client.servers[0].host, "d");
	done(&l);
	load_profiles(&l, yaml, "-t|t|-n|--profile|prod");
	is_str(l.s.client.servers[0].host, "localhost");
	is_int(l.s.client.servers[0].port, 9);
	done(&l);
	load_profiles(&l, yaml, "-t|t|-n|--profile|");
	is_str(l.s.client.servers[0].host, "localhost");
	done(&l);
	make_home();
	write_home(PROFILES, yaml);
	load_with(&l, TOOL_PUB, "-t|t|-n", "MQTT_TOOLS_PROFILE=prod");
	is_int(l.s.client.servers[0].port, 9);
	done(&l);
}

static void no_file_is_no_error(void)
{
	struct loaded l;

	make_home();
	load(&l, TOOL_PUB, "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	unload(&l);
	write_home(PROFILES, "");
	load(&l, TOOL_PUB, "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	unload(&l);
	write_home(PROFILES, "# nothing yet\n---\n...\n");
	load(&l, TOOL_PUB, "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	done(&l);
}

static void xdg_rules(void)
{
	struct loaded l;

	make_home();
	write_home("xdg/mqtt-tools/profiles.yaml", "default: {host: x}\n");
	write_home(PROFILES, "default: {host: home}\n");
	setenv("XDG_CONFIG_HOME", with_home("@/xdg"), 1);
	load(&l, TOOL_PUB, "-t|t|-n");
	is_str(l.s.client.servers[0].host, "x");
	unload(&l);
	setenv("XDG_CONFIG_HOME", "xdg", 1); /* not absolute: ignored */
	load(&l, TOOL_PUB, "-t|t|-n");
	is_str(l.s.client.servers[0].host, "home");
	unsetenv("XDG_CONFIG_HOME");
	done(&l);
}

static void profile_as_a_file(void)
{
	struct loaded l;

	make_home();
	write_home("one.yaml", "host: f\nwill-file: will.bin\n"
			       "will-topic: w\nunix: ~/sock\n");
	write_home("will.bin", "gone");
	load(&l, TOOL_PUB, with_home("-t|t|-n|--profile|@/one.yaml|-h|g"));
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.will.payload, BYTES_LIT("gone"));
	is_str(l.s.typed.unix_path, with_home("@/sock"));
	unload(&l);

	write_home("many.yaml", "a: {port: 1}\ndefault: {port: 2}\n");
	load(&l, TOOL_PUB, with_home("-t|t|-n|--profile|@/many.yaml"));
	is_int(l.s.client.servers[0].port, 2);
	unload(&l);
	write_home("many.yaml", "a: {port: 1}\n");
	load(&l, TOOL_PUB, with_home("-t|t|-n|--profile|@/many.yaml"));
	is_str(l.e.text, with_home("option '--profile': '@/many.yaml' has "
				   "several profiles, and none of them is "
				   "'default'"));
	unload(&l);
	load(&l, TOOL_PUB, with_home("-t|t|-n|--profile|@/none.yaml"));
	is_str(l.e.text, with_home("option '--profile': there is no file "
				   "'@/none.yaml'"));
	done(&l);
}

static void unknown_profiles(void)
{
	struct loaded l;

	load_profiles(&l, "prod: {}\ntest: {}\n", "-t|t|-n|--profile|prdo");
	is_str(l.e.text, "option '--profile': there is no profile 'prdo'; did "
			 "you mean 'prod'?");
	done(&l);
	make_home();
	load(&l, TOOL_PUB, "-t|t|-n|--profile|x");
	is_str(l.e.text, with_home("option '--profile': there is no profile "
				   "'x' in @/" PROFILES " or "
				   "/etc/mqtt-tools/profiles.yaml"));
	done(&l);
}

static void profiles_extend_each_other(void)
{
	struct loaded l;

	load_profiles(&l,
		      "base: {host: b, port: 1, user-property: [a=1, b=2]}\n"
		      "mid: {extends: base, port: 2}\n"
		      "default: {extends: mid, user-property: [c=3]}\n",
		      "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "b");
	is_int(l.s.client.servers[0].port, 2);
	is_int(l.s.typed.user_props.n, 2);
	is_str(l.s.typed.user_props.v[0], "c");
	is_str(ORIGIN_OF(&l.s, typed.host)->where,
	       with_home("@/" PROFILES ":1:14"));
	done(&l);
}

/* A server list in place of the parent's host is no contradiction. */
static void extending_may_change_the_way(void)
{
	struct loaded l;

	load_profiles(&l,
		      "base: {host: b, password-file: /nowhere}\n"
		      "default: {extends: base, server: [x, y], password: p}\n",
		      "-t|t|-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.server_count, 2);
	is_bytes(l.s.client.connect.password, BYTES_LIT("p"));
	done(&l);
	load_profiles(&l, "default: {host: b, server: [x]}\n", "-t|t|-n");
	ok(strstr(l.e.text, ":1:17: 'host' and ") &&
		   strstr(l.e.text,
			  ":1:29: 'server' both say where the broker is"),
	   "%s", l.e.text);
	done(&l);
}

static void files_extend_files_and_names(void)
{
	struct loaded l;

	make_home();
	write_home(PROFILES, "base: {port: 5, username: old}\n");
	write_home("d/one.yaml", "extends: ../two.yaml\nhost: one\n");
	write_home("two.yaml", "extends: base\nuser: new\n");
	load(&l, TOOL_PUB, with_home("-t|t|-n|--profile|@/d/one.yaml"));
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "one");
	is_int(l.s.client.servers[0].port, 5);
	is_bytes(l.s.client.connect.user, BYTES_LIT("new"));
	done(&l);
}

static void extends_gone_wrong(void)
{
	struct loaded l;
	char yaml[2000] = "default: {extends: p0}\n";
	size_t n = strlen(yaml);

	refuses("default: {extends: default}\n",
		":1:20: 'extends': 'default' leads back to itself");
	refuses("default:\n  extends: a\na:\n  extends: b\nb:\n  extends: a\n",
		":6:12: 'extends': 'a' leads back to itself");
	refuses("default:\n  extends: bse\nbase: {}\n",
		":2:12: 'extends': there is no profile 'bse'; did you mean "
		"'base'?");
	refuses("default:\n  extends: /nowhere/x.yaml\n",
		":2:12: 'extends': there is no file '/nowhere/x.yaml'");
	refuses("default:\n  extends: [a]\n",
		":2:12: 'extends' is a list, expected one value");
	for (int i = 0; i < 20; i++)
		n += (size_t)snprintf(yaml + n, sizeof(yaml) - n,
				      "p%d: {extends: p%d}\n", i, i + 1);
	load_profiles(&l, yaml, "-t|t|-n");
	ok(strstr(l.e.text, "more than 16 profiles in a row") != NULL, "%s",
	   l.e.text);
	done(&l);
}

static void bad_values_are_located(void)
{
	refuses("default:\n  host: x\n  port: 0x10\n",
		":3:9: 'port': '0x10' is not a whole number from 1 to 65535");
	refuses("default:\n  retain: maybe\n",
		":2:11: 'retain': 'maybe' is not yes or no (true, false, "
		"on, off, 1, 0)");
	refuses("default:\n  user-property:\n  - a=b\n  - nope\n",
		":4:5: 'user-property': 'nope' is not NAME=VALUE");
	refuses("default:\n  protocol-version: 6\n",
		":2:21: 'protocol-version': '6' is not one of auto, 5, 311 or "
		"31");
	refuses("default: {port: *x}\n",
		":1:11: No anchor found for alias "
		"(Load: No anchor found for alias: 'x')");
}

static void bad_keys_are_located(void)
{
	refuses("default:\n  hsot: x\n",
		":2:3: unknown key 'hsot'; did you mean 'host'?");
	refuses("other:\n  hsot: x\n",
		":2:3: unknown key 'hsot'; did you mean 'host'?");
	refuses("default:\n  message: x\n",
		":2:3: 'message' belongs to a single run, not to a profile");
	refuses("a: &a {host: x}\ndefault:\n  <<: *a\n",
		":3:3: '<<' is not supported; use extends: NAME");
	refuses("default:\n  host: a\n  port: 1\n  host: b\n",
		":4:3: 'host' is given twice, first in line 2");
	refuses("default:\n  user: a\n  username: b\n",
		":3:3: 'username' is given twice, first in line 2");
	refuses("a: {host: x}\na: {host: y}\n",
		":2:1: 'a' is given twice, first in line 1");
}

static void bad_shapes_are_located(void)
{
	refuses("default:\n  host: [a]\n",
		":2:9: 'host' is a list, expected one value");
	refuses("default:\n  user-property: a=b\n",
		":2:18: 'user-property' is one value, expected a list ('- "
		"item' lines or [a, b])");
	refuses("default:\n  host: {a: b}\n",
		":2:9: 'host' is a mapping, expected a value");
	refuses("default:\n  user-property: [[a]]\n",
		":2:19: expected a text in this list");
	refuses("default:\n  host:\n  port: 1\n", ":2:8: 'host' has no value");
	refuses("default:\n  host: ~\n", ":2:9: 'host' has no value");
	refuses("- a\n", ":1:1: expected lines of the form 'option: value'");
	refuses("just text\n",
		":1:1: expected lines of the form 'option: value'");
	refuses("default: {host: x}\nport: 1\n",
		":2:7: profiles and single options are mixed: expected a "
		"profile (a mapping)");
	refuses("port: 1\ndefault: {host: x}\n",
		":2:10: profiles and single options are mixed: expected a "
		"value");
	refuses("default: {}\n---\nother: {}\n",
		":2:1: expected one YAML document, this is a second");
	refuses("[a]: b\n", ":1:1: expected the name of an option");
}

static void bad_yaml_is_located(void)
{
	refuses("default:\n  host: \"x\n", ":3:1: found unexpected end of "
					   "stream");
	refuses("default:\n\thost: x\n",
		":2:1: found character that cannot start any token");
	refuses("default: {host: \xff}\n",
		":1:17: invalid leading UTF-8 octet");
}

static void profiles_of_other_tools_are_accepted(void)
{
	struct loaded l;

	load_profiles(&l,
		      "default:\n  host: x\n  format: '%p'\n  json: yes\n"
		      "  subscribe: ['a/#,qos=1']\n  qos: 2\n  topic: a/b\n",
		      "-n");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.pub.publish.topic, BYTES_LIT("a/b"));
	is_int(l.s.pub.publish.qos, 2);
	unload(&l);
	write_home(PROFILES, "default:\n  subscribe: ['a/#,qos=1', b]\n"
			     "  qos: 2\n  topic: a/b\n  repeat: 3\n");
	load(&l, TOOL_SUB, "-v");
	is_str(l.e.text, with_home("@/" PROFILES ":5:3: 'repeat' belongs to a "
				   "single run, not to a profile"));
	unload(&l);
	write_home(PROFILES, "default:\n  subscribe: ['a/#,qos=1', b]\n"
			     "  qos: 2\n  topic: a/b\n");
	load(&l, TOOL_SUB, "-v");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.subscribes[0].count, 2);
	is_int(l.s.sub.subscribes[0].filters[0].options, 1);
	is_int(l.s.sub.subscribes[0].filters[1].options, 2);
	done(&l);
}

static void read_home(const char *name, char *dst, size_t size)
{
	char path[200];
	FILE *f;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", home, name);
	f = fopen(path, "r");
	n = f ? fread(dst, 1, size - 1, f) : 0;
	dst[n] = '\0';
	if (f)
		fclose(f);
}

static void saved_profiles_are_read_back(void)
{
	struct loaded l;
	char text[2000], path[200];
	struct stat st;

	make_home();
	load(&l, TOOL_PUB,
	     "--save-profile|prod|-h|ex: #1|-P|sesame|-u|null|"
	     "--user-property|a=\"b\"|-k|5m|-q|1|-t|a b/\xc3\xa4|-r|"
	     "--correlation-data|hex:00ff|-m|gone|-W|1.5");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.action, SETTINGS_PRINT);
	is_int(buf_len(&l.s.text), 0);
	is_int(l.s.warnings.n, 2);
	is_str(l.s.warnings.v[0], "--password is not saved: it is a secret");
	is_str(l.s.warnings.v[1], with_home("saved in '@/" PROFILES "'"));
	unload(&l);
	read_home(PROFILES, text, sizeof(text));
	ok(!strstr(text, "sesame"), "%s", text);
	snprintf(path, sizeof(path), "%s/" PROFILES, home);
	ok(!stat(path, &st));
	is_int(st.st_mode & 0777, 0600);

	load(&l, TOOL_PUB, "--profile|prod|-n");
	is_int(l.rc, 0, "%s in %s", l.e.text, text);
	is_str(l.s.client.servers[0].host, "ex: #1");
	is_bytes(l.s.client.connect.user, BYTES_LIT("null"));
	is_int(l.s.client.connect.keepalive, 300);
	is_bytes(l.s.pub.publish.topic, BYTES_LIT("a b/\xc3\xa4"));
	is_str(l.s.typed.user_props.v[1], "\"b\"");
	is_bytes(l.s.typed.correlation, BYTES_LIT("\x00\xff"));
	is_int(l.s.run.timeout, 1500000000);
	done(&l);
}

static void saving_keeps_the_others(void)
{
	struct loaded l;
	char text[2000];

	make_home();
	write_home(PROFILES, "# mine\na:\n  host: x\n\n# the second\n"
			     "b:\n  host: y\n  port: 5\n\n# the third\n"
			     "c: {host: z}\n");
	load(&l, TOOL_PUB, "--save-profile|b|-h|new|-L|mqtt://u:secret@h");
	is_str(l.e.text, "option '-h' and option '-L' both say where the "
			 "broker is, expected one of them");
	unload(&l);
	load(&l, TOOL_PUB, "--save-profile|b|-L|mqtt://u:secret@h/t");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.warnings.v[0], "the password in --url is not saved");
	unload(&l);
	read_home(PROFILES, text, sizeof(text));
	is_str(text, "# mine\na:\n  host: x\n\n# the second\n"
		     "b:\n  url: mqtt://u@h/t\n\n# the third\nc: {host: z}\n");
	load(&l, TOOL_PUB, "--save-profile|d|-h|w");
	is_int(l.rc, 0, "%s", l.e.text);
	unload(&l);
	read_home(PROFILES, text, sizeof(text));
	ok(strstr(text, "c: {host: z}\nd:\n  host: w\n") != NULL, "%s", text);
	done(&l);
}

static void saving_to_a_file(void)
{
	struct loaded l;
	char text[500];

	make_home();
	load(&l, TOOL_SUB,
	     with_home("--save-profile|@/x.yaml|-h|h|"
		       "--subscribe|a,qos=1|-T|b"));
	is_int(l.rc, 0, "%s", l.e.text);
	unload(&l);
	read_home("x.yaml", text, sizeof(text));
	is_str(text, "subscribe:\n  - a,qos=1\nfilter-out:\n  - b\n"
		     "host: h\n");
	load(&l, TOOL_SUB, with_home("--profile|@/x.yaml"));
	is_int(l.rc, 0, "%s", l.e.text);
	done(&l);
}

static void saving_that_cannot_be(void)
{
	struct loaded l;
	char text[500];

	fails(TOOL_PUB, "--save-profile|x",
	      "option '--save-profile': there "
	      "is nothing to save: all settings are at their defaults");
	fails(TOOL_PUB, "--save-profile||-h|x",
	      "option '--save-profile': the name is empty");
	make_home();
	write_home(PROFILES, "a: {hsot: x}\n");
	load(&l, TOOL_PUB, "--profile||--save-profile|x|-h|h");
	is_int(l.rc, -1);
	is_str(l.e.text, with_home("option '--save-profile': @/" PROFILES
				   ":1:5: unknown key 'hsot'; did you mean "
				   "'host'?"));
	unload(&l);
	read_home(PROFILES, text, sizeof(text));
	is_str(text, "a: {hsot: x}\n", "the old file is still there");
	write_home(PROFILES, "{a: {host: x}}\n");
	load(&l, TOOL_PUB, "--save-profile|x|-h|h");
	is_str(l.e.text, with_home("option '--save-profile': @/" PROFILES
				   ":1:2: this profile does not begin at the "
				   "start of a line, so the file cannot be "
				   "changed here"));
	unload(&l);
	load(&l, TOOL_PUB, with_home("--save-profile|@/no/where.yaml|-h|h"));
	is_int(l.e.kind, ERR_LOCAL);
	done(&l);
}

TEST_MAIN(T(values_of_all_shapes), T(flow_style_and_anchors_work),
	  T(default_only_when_none_is_named), T(no_file_is_no_error),
	  T(xdg_rules), T(profile_as_a_file), T(unknown_profiles),
	  T(profiles_extend_each_other), T(extending_may_change_the_way),
	  T(files_extend_files_and_names), T(extends_gone_wrong),
	  T(bad_values_are_located), T(bad_keys_are_located),
	  T(bad_shapes_are_located), T(bad_yaml_is_located),
	  T(profiles_of_other_tools_are_accepted),
	  T(saved_profiles_are_read_back), T(saving_keeps_the_others),
	  T(saving_to_a_file), T(saving_that_cannot_be))
