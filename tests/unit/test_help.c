/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "config_load.h"

#include "config/help.h"
#include "config/show.h"

static void help_names_every_option(void)
{
	static const enum tool tools[] = { TOOL_PUB, TOOL_SUB };

	for (size_t t = 0; t < 2; t++) {
		struct buf out = { 0 };
		const char *text;

		is_int(help_text(tools[t], &out), 0);
		text = buf_cstr(&out);
		for (size_t i = 0; i < option_count; i++) {
			char name[80];

			if (!(options[i].tools & tools[t]))
				continue;
			snprintf(name, sizeof(name), "%s%s",
				 options[i].type == OPTION_FLAG &&
						 options[i].fallback
					 ? "--[no-]"
					 : "--",
				 options[i].name);
			ok(strstr(text, name) != NULL, "%s", name);
		}
		buf_release(&out);
	}
}

static void help_fits_a_terminal(void)
{
	struct buf out = { 0 };
	const char *line;

	is_int(help_text(TOOL_SUB, &out), 0);
	for (line = buf_cstr(&out); *line;) {
		size_t n = strcspn(line, "\n");

		ok(n <= 80, "%.*s", (int)n, line);
		ok(n == 0 || line[n - 1] != ' ', "%.*s", (int)n, line);
		line += n + 1;
	}
	buf_release(&out);
}

static void scalars_are_quoted_when_needed(void)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "a/b,c=d@e", "a/b,c=d@e" },
		{ "", "\"\"" },
		{ "null", "\"null\"" },
		{ "-x", "\"-x\"" },
		{ "a: b", "\"a: b\"" },
		{ "a:", "\"a:\"" },
		{ "a #b", "\"a #b\"" },
		{ "quo\"te\\", "\"quo\\\"te\\\\\"" },
		{ "line\nend\t\x01", "\"line\\nend\\t\\x01\"" },
		{ "\xc3\xa4", "\"\xc3\xa4\"" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = { 0 };

		is_int(show_scalar(bytes_str(cases[i][0]), &out), 0);
		is_str(buf_cstr(&out), cases[i][1]);
		buf_release(&out);
	}
}

static void every_value_is_shown_with_its_origin(void)
{
	struct loaded l;
	const char *text;

	make_home();
	write_home(PROFILES, "default: {keepalive: 5m}\n");
	load_with(&l, TOOL_SUB,
		  "--show-config|-T|a|-T|b c|-W|1500ms|-V|5|"
		  "--random-filter|12.5|--user-property|a=b",
		  "MQTT_TOOLS_PORT=9");
	is_str(l.e.text, "option '--user-property' is one of mqtt-pub, not of "
			 "mqtt-sub");
	unload(&l);
	load_with(&l, TOOL_SUB,
		  "--show-config|-T|a|-T|b c|-W|1500ms|-V|5|"
		  "--random-filter|12.5|--connect-user-property|a=b c|"
		  "--session-expiry|60",
		  "MQTT_TOOLS_PORT=9");
	is_int(l.rc, 0, "%s", l.e.text);
	text = buf_cstr(&l.s.text);
	ok(strstr(text, "host: localhost  # default\n") != NULL, "%s", text);
	ok(strstr(text, "port: 9  # environment MQTT_TOOLS_PORT\n") != NULL);
	ok(strstr(text, with_home("keepalive: 300  # profile @/" PROFILES
				  ":1:22\n")) != NULL);
	ok(strstr(text, "filter-out:  # command line -T\n  - a\n"
			"  - \"b c\"\n") != NULL);
	ok(strstr(text, "timeout: 1500ms  # command line -W\n") != NULL);
	ok(strstr(text, "protocol-version: 5  # command line -V\n") != NULL);
	ok(strstr(text, "random-filter: 12.5  # command line") != NULL);
	ok(strstr(text, "connect-user-property:  # command line "
			"--connect-user-property\n  - \"a=b c\"\n") != NULL);
	ok(strstr(text, "reconnect: yes  # default\n") != NULL);
	ok(!strstr(text, "will-topic"), "what has no value is not shown");
	unload(&l);
	remove_home();
}

TEST_MAIN(T(help_names_every_option), T(help_fits_a_terminal),
	  T(scalars_are_quoted_when_needed),
	  T(every_value_is_shown_with_its_origin))
