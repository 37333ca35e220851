/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "config_load.h"

#include "mqtt/props.h"

static bool message_is(const struct loaded *l, const char *text)
{
	struct bytes want = bytes_str(text);

	return is_bytes(l->s.pub.message, want, "%s", l->e.text);
}

static void values_come_in_three_forms(void)
{
	static const char *const forms[] = {
		"-t|a|-m|hello",
		"-ta|-mhello",
		"--topic|a|--message|hello",
		"--topic=a|--message=hello",
		"-m|hello|-t|a|--",
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct loaded l;

		load(&l, TOOL_PUB, forms[i]);
		is_int(l.rc, 0, "%s: %s", forms[i], l.e.text);
		is_int(l.s.pub.source, PUB_MESSAGE);
		message_is(&l, "hello");
		unload(&l);
	}
}

static void short_options_are_bundled(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-rdnq1|-t|a");
	is_int(l.rc, 0, "%s", l.e.text);
	ok(l.s.pub.publish.retain);
	ok(l.s.client.trace);
	is_int(l.s.pub.source, PUB_NULL);
	is_int(l.s.pub.publish.qos, 1);
	unload(&l);
}

static void values_may_look_like_options(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "-t|--|-m|-q");
	is_int(l.rc, 0, "%s", l.e.text);
	message_is(&l, "-q");
	is_bytes(l.s.pub.publish.topic, BYTES_LIT("--"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|a|--message=|-q|2");
	is_int(l.rc, 0, "%s", l.e.text);
	message_is(&l, "");
	is_int(l.s.pub.publish.qos, 2);
	unload(&l);
}

static void spellings_of_mosquitto_are_known(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "--topic|a|--null-message|--username|u|--pw|p|"
	     "--disable-clean-session|--id|me|--protocol-version|mqttv5|"
	     "--nodelay|--max-inflight|5|--keepalive|7|--retain|--debug|"
	     "--will-payload|x|--will-topic|w|--will-qos|1|--will-retain");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.user, BYTES_LIT("u"));
	is_bytes(l.s.client.connect.password, BYTES_LIT("p"));
	ok(!l.s.client.connect.clean_start);
	is_int(l.s.client.version, MQTT_5);
	is_int(l.s.client.session.inflight, 5);
	ok(l.s.client.connect.will.is_set);
	is_int(l.s.client.connect.will.qos, 1);
	ok(l.s.client.connect.will.retain);
	unload(&l);
	load(&l, TOOL_PUB, "-t|a|--stdin-line");
	is_int(l.s.pub.source, PUB_LINES);
	unload(&l);
	load(&l, TOOL_PUB, "-t|a|--file|x");
	is_int(l.s.pub.source, PUB_FILE);
	is_str(l.s.pub.file, "x");
	unload(&l);
	load(&l, TOOL_PUB, "-t|a|--stdin-file");
	is_int(l.s.pub.source, PUB_STDIN);
	unload(&l);
	load(&l, TOOL_SUB,
	     "-t|a|-v|-N|-R|-E|-C|3|-F|%p|--filter-out|b|"
	     "--unsubscribe|c|--retained-only|--no-retained=no");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.sub.count, 3);
	is_int(l.s.sub.filter_out_count, 1);
	is_int(l.s.sub.unsubscribe.count, 1);
	ok(l.s.sub.exit_subscribed && l.s.sub.no_newline && l.s.sub.verbose);
	unload(&l);
}

static void mistakes_are_explained(void)
{
	fails(TOOL_PUB, "--hsot|x",
	      "unknown option '--hsot'; did you mean '--host'?");
	fails(TOOL_PUB, "--xyzzyxyzzy", "unknown option '--xyzzyxyzzy'");
	fails(TOOL_PUB, "--hos|x",
	      "unknown option '--hos'; did you mean "
	      "'--host'?");
	fails(TOOL_PUB, "-Z", "unknown option '-Z'");
	fails(TOOL_PUB, "-rZ", "unknown option '-Z'");
	fails(TOOL_PUB, "-\xc3\xa4", "unknown option '-\\xC3'");
	fails(TOOL_PUB, "hello", "unexpected argument 'hello'");
	fails(TOOL_PUB, "--|hello", "unexpected argument 'hello'");
	fails(TOOL_PUB, "-", "unexpected argument '-'");
	fails(TOOL_PUB, "-t", "option '-t' needs a value: TOPIC");
	fails(TOOL_PUB, "--topic", "option '--topic' needs a value: TOPIC");
	fails(TOOL_SUB, "--repeat|2",
	      "option '--repeat' is one of mqtt-pub, not of mqtt-sub");
	fails(TOOL_PUB, "--no-retain=yes",
	      "option '--no-retain' takes no value");
	fails(TOOL_PUB, "--no-host", "unknown option '--no-host'");
	fails(TOOL_PUB, "-t|a|-t|b", "option '-t': given twice");
	fails(TOOL_PUB, "-m|a|--message=b", "option '--message': given twice");
	fails(TOOL_PUB, "--a\x1b[31m", "unknown option '--a\\x1B[31m'");
}

static void properties_by_their_names(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|a|-n|-D|publish|content-type|text/plain|"
	     "--property|connect|receive-maximum|9|-D|will|user-property|k|v|"
	     "--will-topic|w|-D|disconnect|session-expiry-interval|4|"
	     "-D|publish|payload-format-indicator|1|"
	     "-D|connect|request-problem-information|0|"
	     "-D|publish|message-expiry-interval|60");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(props_value(l.s.pub.publish.props, PROP_CONTENT_TYPE),
		 BYTES_LIT("text/plain"));
	is_int(props_num(l.s.pub.publish.props, PROP_PAYLOAD_FORMAT, 9), 1);
	ok(l.s.pub.publish.has_expiry);
	is_int(l.s.pub.publish.expiry, 60);
	is_int(props_num(l.s.client.connect.props, PROP_RECEIVE_MAX, 0), 9);
	is_int(props_num(l.s.client.connect.props, PROP_REQUEST_PROBLEM_INFO,
			 1),
	       0);
	is_int(props_num(l.s.disconnect.props, PROP_SESSION_EXPIRY, 0), 4);
	ok(l.s.client.connect.will.props.n > 0);
	ok(!l.s.pub.check_utf8);
	ok(l.s.client.needs_v5);
	unload(&l);
}

static void properties_gone_wrong(void)
{
	fails(TOOL_PUB, "-D|publish|contnt-type|x",
	      "option '-D': 'publish' has no property 'contnt-type'; did you "
	      "mean 'content-type'?");
	fails(TOOL_PUB, "-D|publish|qqqqqq|x",
	      "option '-D': 'publish' has no property 'qqqqqq'");
	fails(TOOL_PUB, "-D|auth|user-property|x|y",
	      "option '-D': 'auth' is not a packet that mqtt-pub can give "
	      "properties");
	fails(TOOL_PUB, "-D|publish|user-property|x",
	      "option '-D' needs a value: COMMAND NAME [KEY] VALUE");
	fails(TOOL_PUB, "-D|publish",
	      "option '-D' needs a value: COMMAND NAME [KEY] VALUE");
	fails(TOOL_PUB, "--property|publish|content-type",
	      "option '--property' needs a value: COMMAND NAME [KEY] VALUE");
	fails(TOOL_PUB, "-D|connect|receive-maximum|0",
	      "option '-D connect receive-maximum': '0' is not a whole number "
	      "from 1 to 65535");
	fails(TOOL_PUB, "--property=publish",
	      "option '--property': expected COMMAND NAME [KEY] VALUE");
}

static void secrets_leave_argv(void)
{
	struct loaded l;

	load(&l, TOOL_PUB,
	     "-t|a|-n|-u|u|-P|sesame|--pw=sesam2|"
	     "-Psesam3|-D|connect|authentication-data|sesam4|"
	     "--auth-method|m");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.password, BYTES_LIT("sesam3"));
	for (char **a = l.argv; *a; a++)
		ok(!strstr(*a, "sesam"), "%s", *a);
	is_str(l.argv[7], "");
	is_str(l.argv[8], "--pw=");
	is_str(l.argv[9], "-P");
	unload(&l);
	load(&l, TOOL_PUB, "-n|-L|mqtt://me:sesame@h:77/a/b");
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.argv[3], "mqtt://me:******@h:77/a/b");
	is_bytes(l.s.client.connect.password, BYTES_LIT("sesame"));
	unload(&l);
	/* Also when the URL is wrong, and the password has a '/'. */
	load(&l, TOOL_PUB, "-n|-L|mqtt://me:ses/ame@h:77/a/b");
	is_int(l.rc, -1, "%s", l.e.text);
	ok(!strstr(l.argv[3], "ame"), "%s", l.argv[3]);
	ok(!strstr(l.e.text, "ame@"), "%s", l.e.text);
	unload(&l);
}

static void options_from_a_file(void)
{
	struct loaded l;

	make_home();
	write_home("opts",
		   "# a comment\n\n-h   example.org \n--qos 1\n-r\n"
		   "-D publish user-property a b c\n"
		   "-D publish content-type text/x y\r\n--keepalive\t9\n");
	load(&l, TOOL_PUB, with_home("-o|@/opts|-t|t|-n|-k|7"));
	is_int(l.rc, 0, "%s", l.e.text);
	is_str(l.s.client.servers[0].host, "example.org ");
	is_int(l.s.pub.publish.qos, 1);
	ok(l.s.pub.publish.retain);
	is_int(l.s.client.connect.keepalive, 7);
	is_bytes(props_value(l.s.pub.publish.props, PROP_CONTENT_TYPE),
		 BYTES_LIT("text/x y"));
	is_bytes(props_value(l.s.pub.publish.props, PROP_USER_PROPERTY),
		 BYTES_LIT("b c"));
	unload(&l);
	write_home("bad", "-q 1\n\n-q 9\n");
	load(&l, TOOL_PUB, with_home("-o|@/bad|-t|t|-n"));
	is_str(l.e.text, with_home("@/bad:3: option '-q': '9' is not a whole "
				   "number from 0 to 2"));
	unload(&l);
	write_home("bad", "-q 1\nhost x\n");
	load(&l, TOOL_PUB, with_home("-o|@/bad|-t|t|-n"));
	is_str(l.e.text, with_home("@/bad:2: unexpected argument 'host'"));
	unload(&l);
	write_home("bad", "--hsot x\n");
	load(&l, TOOL_PUB, with_home("-o|@/bad|-t|t|-n"));
	is_str(l.e.text, with_home("@/bad:1: unknown option '--hsot'; did you "
				   "mean '--host'?"));
	unload(&l);
	load(&l, TOOL_PUB, with_home("-o|@/missing|-t|t|-n"));
	is_int(l.e.kind, ERR_USAGE);
	is_str(l.e.text, with_home("option '-o': cannot read '@/missing': No "
				   "such file or directory"));
	unload(&l);
	remove_home();
}

static void help_and_version_beat_the_rest(void)
{
	struct loaded l;

	load(&l, TOOL_PUB, "--help|-q|9");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.action, SETTINGS_PRINT);
	ok(buf_len(&l.s.text) > 1000);
	unload(&l);
	load(&l, TOOL_SUB, "--version");
	is_int(l.s.action, SETTINGS_PRINT);
	ok(!strncmp((const char *)buf_view(&l.s.text).p,
		    "mqtt-sub (mqtt-tools) ", 22));
	unload(&l);
}

TEST_MAIN(T(values_come_in_three_forms), T(short_options_are_bundled),
	  T(values_may_look_like_options), T(spellings_of_mosquitto_are_known),
	  T(mistakes_are_explained), T(properties_by_their_names),
	  T(properties_gone_wrong), T(secrets_leave_argv),
	  T(options_from_a_file), T(help_and_version_beat_the_rest))
