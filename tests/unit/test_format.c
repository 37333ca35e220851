/* SPDX-License-Identifier: MIT */
#include "tools/format.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "mqtt/props.h"
#include "test.h"

/* 2026-11-21 10:10:45.000000789 UTC */
#define WHEN (UINT64_C(1795255845) * CLOCK_SEC + 789)

static struct buf out, props;
static struct publish message;
static bool is_terminal;

/* What a message looks like, or the error. */
static const char *render(const struct sub_settings *sub)
{
	static struct err e;
	struct format *f = format_new(sub, is_terminal, &e);
	const char *s;

	if (!f)
		return e.kind == ERR_USAGE ? e.text : "(wrong kind)";
	buf_clear(&out);
	s = format_render(f, &message, WHEN, &out) ? "(failed)"
						   : buf_cstr(&out);
	format_free(f);
	return s;
}

static const char *with(const char *format)
{
	struct sub_settings sub = { .format = format, .no_newline = true };

	return render(&sub);
}

static void reset(void)
{
	buf_clear(&props);
	is_terminal = false;
	message = (struct publish){
		.topic = BYTES_LIT("a/b"),
		.payload = BYTES_LIT("hello"),
	};
}

static void add_props(void)
{
	ok(!props_put_num(&props, PROP_PAYLOAD_FORMAT, 1) &&
	   !props_put_num(&props, PROP_MESSAGE_EXPIRY, 77) &&
	   !props_put_num(&props, PROP_TOPIC_ALIAS, 3) &&
	   !props_put_bytes(&props, PROP_CONTENT_TYPE, BYTES_LIT("ct")) &&
	   !props_put_bytes(&props, PROP_RESPONSE_TOPIC, BYTES_LIT("rt")) &&
	   !props_put_bytes(&props, PROP_CORRELATION_DATA, BYTES_LIT("cd")) &&
	   !props_put_num(&props, PROP_SUBSCRIPTION_ID, 5) &&
	   !props_put_num(&props, PROP_SUBSCRIPTION_ID, 6) &&
	   !props_put_pair(&props, BYTES_LIT("k"), BYTES_LIT("v")) &&
	   !props_put_pair(&props, BYTES_LIT("k"), BYTES_LIT("w")));
	message.props = buf_view(&props);
}

static void plain_is_the_payload_and_a_newline(void)
{
	struct sub_settings sub = { 0 };

	reset();
	is_str(render(&sub), "hello\n");
	message.payload = BYTES_LIT("");
	is_str(render(&sub), "\n");
	sub.no_newline = true;
	message.payload = BYTES_LIT("a\0b");
	render(&sub);
	is_bytes(buf_view(&out), BYTES_LIT("a\0b"));
}

static void verbose_has_the_topic_in_front(void)
{
	struct sub_settings sub = { .verbose = true };

	reset();
	is_str(render(&sub), "a/b hello\n");
	message.payload = BYTES_LIT("");
	is_str(render(&sub), "a/b (null)\n");
}

static void fields_of_the_message(void)
{
	reset();
	is_str(with("%t|%p|%l|%q|%r|%m|%%"), "a/b|hello|5|0|0|0|%");
	message.qos = 2;
	message.pid = 65535;
	message.retain = true;
	is_str(with("%q %r %m"), "2 1 65535");
	is_str(with(""), "");
	is_str(with("text"), "text");
}

static void fields_of_the_properties(void)
{
	reset();
	is_str(with("%A|%C|%D|%E|%F|%R|%S|%P|"), "||||||||");
	is_str(with("%3A|%3C|%03E|%-3F|%3S|"), "   |   |   |   |   |");
	add_props();
	is_str(with("%A|%C|%D|%E|%F|%R|%S|%P"), "3|ct|cd|77|1|rt|5,6|k:v k:w");
	is_str(with("%05E|%-4C|%.1R"), "00077|ct  |r");
}

static void hex_has_groups_and_separators(void)
{
	reset();
	message.payload = BYTES_LIT("m\x0fz");
	is_str(with("%x %X"), "6d0f7a 6D0F7A");
	is_str(with("%.1x|%.2x|%.2:x|%.4-X"), "6 d 0 f 7 a|6d 0f 7a|"
					      "6d:0f:7a|6D0F-7A");
	is_str(with("%8x|%-8x|%08x|%.0x"), "  6d0f7a|6d0f7a  |006d0f7a|6d0f7a");
	is_str(with("%.2xX"), "6d 0f 7aX");
	message.payload = BYTES_LIT("");
	is_str(with("[%x|%4x|%04x]"), "[|    |    ]");
}

static void width_and_precision_count_characters(void)
{
	reset();
	is_str(with("%5t|%-5t|%.1t|%5.2t|%-5.2t|%2t"),
	       "  a/b|a/b  |a|   a/|a/   |a/b");
	is_str(with("%07t|%-07t|%03l|%-03l|%3q|%03m"),
	       "    a/b|a/b    |005|5  |  0|000");
	message.topic = BYTES_LIT("\xc3\xbc\xe2\x82\xac");
	is_str(with("%4t|%.1t|%.0t"), "  \xc3\xbc\xe2\x82\xac|\xc3\xbc|");
	is_str(with("%-12p|%8p|%.3p"), "hello       |   hello|hel");
}

static void numbers_of_floating_point(void)
{
	static const uint8_t pi_float[] = { 0xdb, 0x0f, 0x49, 0x40 };
	static const uint8_t e_double[] = { 0x69, 0x57, 0x14, 0x8b,
					    0x0a, 0xbf, 0x05, 0x40 };

	reset();
	message.payload = bytes_of(pi_float, sizeof(pi_float));
	is_str(with("%f|%.3f|%8.2f"), "3.141593|3.142|    3.14");
	is_str(with("[%d]"), "[]", "a float is no double");
	message.payload = bytes_of(e_double, sizeof(e_double));
	is_str(with("%d|%.2d"), "2.718282|2.72");
}

static void times_of_arrival(void)
{
	struct sub_settings sub = { .format = "%t" };
	struct format *f;
	struct err e;

	reset();
	setenv("TZ", "UTC-1", 1);
	is_str(with("%I"), "2026-11-21T11:10:45+0100");
	is_str(with("%U"), "1795255845.000000789");
	is_str(with("@Y-@m-@d @H:@M:@S.@N @@"),
	       "2026-11-21 11:10:45.000000789 @");
	is_str(with("%30I|%.5I|%-30I|"), "      2026-11-21T11:10:45+0100|2026-|"
					 "2026-11-21T11:10:45+0100      |");
	f = format_new(&sub, false, &e);
	ok(f && !format_shows_time(f));
	format_free(f);
	sub.format = "@H";
	f = format_new(&sub, false, &e);
	ok(f && format_shows_time(f));
	format_free(f);
}

static void the_text_of_a_second_is_made_once_and_anew(void)
{
	struct sub_settings sub = { .format = "@S.@N ", .no_newline = true };
	struct format *f;
	struct err e;

	reset();
	buf_clear(&out);
	f = format_new(&sub, false, &e);
	ok(f != NULL);
	is_int(format_render(f, &message, WHEN, &out), 0);
	is_int(format_render(f, &message, WHEN + 1, &out), 0);
	is_int(format_render(f, &message, WHEN + CLOCK_SEC, &out), 0);
	is_int(format_render(f, &message, WHEN, &out), 0);
	is_str(buf_cstr(&out), "45.000000789 45.000000790 46.000000789 "
			       "45.000000789 ");
	format_free(f);
}

static void escapes_stand_for_control_characters(void)
{
	reset();
	with("\\\\\\a\\e\\n\\r\\t\\v\\0%q");
	is_bytes(buf_view(&out), BYTES_LIT("\\\a\033\n\r\t\v\0000"));
}

static void json_is_a_field(void)
{
	struct sub_settings sub = { .json = true };

	reset();
	message.payload = BYTES_LIT("[1, 2]");
	is_str(with("x %j"),
	       "x {\"tst\":\"2026-11-21T10:10:45.000000789Z\","
	       "\"topic\":\"a/b\",\"qos\":0,\"retain\":false,\"payloadlen\":6,"
	       "\"payload\":\"[1, 2]\"}");
	ok(strstr(with("%J"), "\"payload\":[1,2]}"), "%s", with("%J"));
	ok(strstr(render(&sub), "\"payload\":\"[1, 2]\"}\n"));
	sub.json_payload = JSON_PAYLOAD_BASE64;
	ok(strstr(render(&sub), "\"payload_b64\":\"WzEsIDJd\"}\n"));
	sub.json_payload = JSON_PAYLOAD_JSON;
	ok(strstr(render(&sub), "\"payload\":[1,2]}\n"));
	sub.pretty = true;
	ok(strstr(render(&sub), "\n  \"payloadlen\": 6,\n"));
}

static void mistakes_are_named(void)
{
	static const char *const bad[] = {
		"a%",  "%z",      "%5",       "%-",     "%.",   "%.3",
		"%5%", "%20000t", "%.20000t", "%.100f", "@",    "a@",
		"@-",  "@+d",     "@E",       "@O",     "@1",   "\\",
		"a\\", "\\q",     "\\x41",    "%:x",    "%5:x", "%+t",
	};

	reset();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		ok(strstr(with(bad[i]), "at character"), "%s: %s", bad[i],
		   with(bad[i]));
	is_str(with("ab%zc"), "format 'ab%zc': '%z' at character 3 is not a "
			      "field of a message");
	is_str(with("ab%"), "format 'ab%': '%' at character 3 has no end");
	is_str(with("\\q"), "format '\\q': '\\q' at character 1 is not an "
			    "escape sequence");
}

static void a_terminal_sees_no_control_characters_from_the_wire(void)
{
	reset();
	message.payload = BYTES_LIT("a\033[2Jb\tc\nd\x7f\xc2\x9b\xff\xc3\xbc");
	is_terminal = true;
	is_str(with("%p"), "a\\x1B[2Jb\tc\nd\\x7F\\xC2\\x9B\\xFF\xc3\xbc");
	is_str(with("\\e[1m%t\\e[0m"), "\033[1ma/b\033[0m");
	is_terminal = false;
	with("%p");
	is_bytes(buf_view(&out), message.payload);
}

static void a_full_buffer_leaves_nothing_behind(void)
{
	struct sub_settings sub = { .format = "%t %x %10q %j %U @N %P" };
	struct format *f;
	struct err e;
	size_t whole;

	reset();
	add_props();
	render(&sub);
	whole = buf_len(&out);
	f = format_new(&sub, false, &e);
	ok(f != NULL);
	for (size_t max = 1; max < whole; max++) {
		struct buf small;

		buf_init(&small, max);
		is_int(format_render(f, &message, WHEN, &small), -1);
		is_int(buf_len(&small), 0);
		buf_release(&small);
	}
	format_free(f);
}

TEST_MAIN(T(plain_is_the_payload_and_a_newline),
	  T(verbose_has_the_topic_in_front), T(fields_of_the_message),
	  T(fields_of_the_properties), T(hex_has_groups_and_separators),
	  T(width_and_precision_count_characters), T(numbers_of_floating_point),
	  T(times_of_arrival), T(the_text_of_a_second_is_made_once_and_anew),
	  T(escapes_stand_for_control_characters), T(json_is_a_field),
	  T(mistakes_are_named),
	  T(a_terminal_sees_no_control_characters_from_the_wire),
	  T(a_full_buffer_leaves_nothing_behind))
