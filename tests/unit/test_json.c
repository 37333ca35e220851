/* SPDX-License-Identifier: MIT */
#include "tools/json.h"

#include "mqtt/props.h"
#include "test.h"

static struct buf out, props;

static const char *text(void)
{
	const char *s = buf_cstr(&out);

	return s ? s : "(out of memory)";
}

static const char *string_of(struct bytes b)
{
	buf_clear(&out);
	return json_put_string(&out, b) ? "(failed)" : text();
}

static const char *compact_of(struct bytes b)
{
	buf_clear(&out);
	return json_put_compact(&out, b) ? text() : "(not JSON)";
}

static const char *message_of(const struct publish *m,
			      enum json_payload payload, bool pretty)
{
	struct json_style style = { payload, pretty };

	buf_clear(&out);
	if (json_put_message(&out, &style, m, BYTES_LIT("T")))
		return "(failed)";
	return text();
}

static void strings_are_escaped(void)
{
	is_str(string_of(BYTES_LIT("")), "\"\"");
	is_str(string_of(BYTES_LIT("abc")), "\"abc\"");
	is_str(string_of(BYTES_LIT("a\"b\\c/d")), "\"a\\\"b\\\\c/d\"");
	is_str(string_of(BYTES_LIT("\b\t\n\f\r")), "\"\\b\\t\\n\\f\\r\"");
	is_str(string_of(BYTES_LIT("a\0b")), "\"a\\u0000b\"");
	is_str(string_of(BYTES_LIT("\x01\x1b\x1f")),
	       "\"\\u0001\\u001b\\u001f\"");
	is_str(string_of(BYTES_LIT("\x7f")), "\"\\u007f\"");
	is_str(string_of(BYTES_LIT("\xc2\x80\xc2\x9f\xc2\xa0")),
	       "\"\\u0080\\u009f\xc2\xa0\"");
	is_str(string_of(BYTES_LIT("gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80")),
	       "\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x98\x80\"");
}

static void every_byte_below_0x80_makes_legal_json(void)
{
	struct buf again = { 0 };

	for (int c = 0; c < 0x80; c++) {
		uint8_t b = (uint8_t)c;

		string_of(bytes_of(&b, 1));
		buf_clear(&again);
		ok(json_put_compact(&again, buf_view(&out)), "byte %d", c);
		is_bytes(buf_view(&again), buf_view(&out), "byte %d", c);
	}
	buf_release(&again);
}

static void numbers_are_decimal(void)
{
	buf_clear(&out);
	is_int(json_put_uint(&out, 0), 0);
	is_str(text(), "0");
	buf_clear(&out);
	is_int(json_put_uint(&out, UINT64_MAX), 0);
	is_str(text(), "18446744073709551615");
}

static void message_has_mosquittos_keys_in_order(void)
{
	struct publish m = { .topic = BYTES_LIT("a/b"),
			     .payload = BYTES_LIT("hi") };

	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"a/b\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":2,\"payload\":\"hi\"}");
	m.qos = 2;
	m.pid = 17;
	m.retain = true;
	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"a/b\",\"qos\":2,\"retain\":true,"
	       "\"payloadlen\":2,\"mid\":17,\"payload\":\"hi\"}");
}

static void payload_gives_the_exact_bytes_back(void)
{
	struct publish m = { .topic = BYTES_LIT("t") };

	m.payload = BYTES_LIT("a\0b");
	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":3,\"payload\":\"a\\u0000b\"}");
	m.payload = BYTES_LIT("a\xff");
	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":2,\"payload_b64\":\"Yf8=\"}");
	m.payload = BYTES_LIT("");
	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":0,\"payload\":\"\"}");
	m.payload = BYTES_LIT("hi");
	is_str(message_of(&m, JSON_PAYLOAD_BASE64, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":2,\"payload_b64\":\"aGk=\"}");
}

static void payload_may_be_json_itself(void)
{
	struct publish m = { .topic = BYTES_LIT("t") };

	m.payload = BYTES_LIT("{\n\t\"a\" : [1, 2]\n}\n");
	is_str(message_of(&m, JSON_PAYLOAD_JSON, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":18,\"payload\":{\"a\":[1,2]}}");
	m.payload = BYTES_LIT("no");
	is_str(message_of(&m, JSON_PAYLOAD_JSON, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":2,\"payload_b64\":\"bm8=\"}");
}

static struct bytes make_props(void)
{
	buf_clear(&props);
	ok(!props_put_num(&props, PROP_PAYLOAD_FORMAT, 1) &&
	   !props_put_bytes(&props, PROP_CONTENT_TYPE, BYTES_LIT("c\"t")) &&
	   !props_put_pair(&props, BYTES_LIT("k"), BYTES_LIT("1")) &&
	   !props_put_bytes(&props, PROP_CORRELATION_DATA,
			    BYTES_LIT("\0\xff")) &&
	   !props_put_pair(&props, BYTES_LIT("a"), BYTES_LIT("2")) &&
	   !props_put_pair(&props, BYTES_LIT("k"), BYTES_LIT("3")) &&
	   !props_put_num(&props, PROP_MESSAGE_EXPIRY, 77));
	return buf_view(&props);
}

static void properties_keep_order_and_duplicates(void)
{
	struct publish m = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT(""),
			     .props = make_props() };

	is_str(message_of(&m, JSON_PAYLOAD_AUTO, false),
	       "{\"tst\":\"T\",\"topic\":\"t\",\"qos\":0,\"retain\":false,"
	       "\"payloadlen\":0,\"properties\":{"
	       "\"payload-format-indicator\":1,\"content-type\":\"c\\\"t\","
	       "\"correlation-data\":\"AP8=\",\"message-expiry-interval\":77,"
	       "\"user-properties\":[{\"k\":\"1\"},{\"a\":\"2\"},"
	       "{\"k\":\"3\"}]},\"payload\":\"\"}");
}

static void one_subscription_id_is_a_number_and_several_an_array(void)
{
	struct publish m = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("") };

	buf_clear(&props);
	is_int(props_put_num(&props, PROP_SUBSCRIPTION_ID, 5), 0);
	m.props = buf_view(&props);
	ok(strstr(message_of(&m, JSON_PAYLOAD_AUTO, false),
		  "{\"subscription-identifier\":5}"),
	   "%s", text());
	is_int(props_put_num(&props, PROP_SUBSCRIPTION_ID, 300), 0);
	m.props = buf_view(&props);
	ok(strstr(message_of(&m, JSON_PAYLOAD_AUTO, false),
		  "{\"subscription-identifier\":[5,300]}"),
	   "%s", text());
}

static void pretty_is_the_same_over_several_lines(void)
{
	struct publish m = { .topic = BYTES_LIT("t"),
			     .payload = BYTES_LIT("x") };

	buf_clear(&props);
	is_int(props_put_pair(&props, BYTES_LIT("k"), BYTES_LIT("v")), 0);
	m.props = buf_view(&props);
	is_str(message_of(&m, JSON_PAYLOAD_AUTO, true),
	       "{\n  \"tst\": \"T\",\n  \"topic\": \"t\",\n  \"qos\": 0,\n"
	       "  \"retain\": false,\n  \"payloadlen\": 1,\n"
	       "  \"properties\": {\n    \"user-properties\": [\n"
	       "      {\"k\":\"v\"}\n    ]\n  },\n  \"payload\": \"x\"\n}");
	m.props = make_props();
	message_of(&m, JSON_PAYLOAD_AUTO, true);
	ok(json_put_compact(&props, buf_view(&out)), "%s", text());
}

static void legal_json_loses_only_its_blanks(void)
{
	is_str(compact_of(BYTES_LIT(" { } ")), "{}");
	is_str(compact_of(BYTES_LIT("[ ]")), "[]");
	is_str(compact_of(BYTES_LIT("[1 , -0.5e+10,true, false ,null]")),
	       "[1,-0.5e+10,true,false,null]");
	is_str(compact_of(BYTES_LIT("{\"a b\" : { \"c\":\" \" }, \"d\":0}")),
	       "{\"a b\":{\"c\":\" \"},\"d\":0}");
	is_str(compact_of(BYTES_LIT("\"\\u00e9\\n\"")), "\"\\u00e9\\n\"");
	is_str(compact_of(BYTES_LIT("\"\x7f\xc2\x9b\xc3\xa9\"")),
	       "\"\\u007f\\u009b\xc3\xa9\"");
	is_str(compact_of(BYTES_LIT("12345678901234567890.10")),
	       "12345678901234567890.10");
}

static void what_is_not_json_is_refused(void)
{
	static const char *const bad[] = {
		"",          " ",
		"no",        "nul",
		"truex",     "{",
		"}",         "[",
		"]",         "[1,]",
		"[,1]",      "{\"a\"}",
		"{\"a\":}",  "{\"a\":1,}",
		"{a:1}",     "01",
		"-",         "+1",
		"1.",        ".5",
		"1e",        "1e+",
		"0x10",      "NaN",
		"\"",        "\"\\\"",
		"\"\\x\"",   "\"\\u12g4\"",
		"\"\\u12\"", "\"a\nb\"",
		"'a'",       "1 2",
		"[1 2]",     "{\"a\":1 \"b\":2}",
		"\"\xff\"",  "[\"a\"",
		"{\"a\":1",  "{1:2}",
		"//",        "[1]]",
		"\"\\",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		is_str(compact_of(bytes_str(bad[i])), "(not JSON)", "%s",
		       bad[i]);
		is_int(buf_len(&out), 0, "%s", bad[i]);
	}
	is_str(compact_of(BYTES_LIT("\"a\0b\"")), "(not JSON)");
}

static void nesting_has_a_limit(void)
{
	static uint8_t deep[1100];

	memset(deep, '[', 512);
	memset(deep + 512, ']', 512);
	buf_clear(&out);
	ok(json_put_compact(&out, bytes_of(deep, 1024)));
	memset(deep, '[', 513);
	memset(deep + 513, ']', 513);
	buf_clear(&out);
	ok(!json_put_compact(&out, bytes_of(deep, 1026)));
}

static void a_full_buffer_is_told(void)
{
	struct json_style style = { JSON_PAYLOAD_AUTO, false };
	struct publish m = { .topic = BYTES_LIT("topic"),
			     .payload = BYTES_LIT("payload"),
			     .props = make_props() };
	struct buf small;
	size_t whole;

	message_of(&m, JSON_PAYLOAD_AUTO, false);
	whole = buf_len(&out);
	for (size_t max = 1; max < whole; max++) {
		buf_init(&small, max);
		is_int(json_put_message(&small, &style, &m, BYTES_LIT("T")), -1,
		       "%zu", max);
		buf_release(&small);
	}
}

TEST_MAIN(T(strings_are_escaped), T(every_byte_below_0x80_makes_legal_json),
	  T(numbers_are_decimal), T(message_has_mosquittos_keys_in_order),
	  T(payload_gives_the_exact_bytes_back), T(payload_may_be_json_itself),
	  T(properties_keep_order_and_duplicates),
	  T(one_subscription_id_is_a_number_and_several_an_array),
	  T(pretty_is_the_same_over_several_lines),
	  T(legal_json_loses_only_its_blanks), T(what_is_not_json_is_refused),
	  T(nesting_has_a_limit), T(a_full_buffer_is_told))
