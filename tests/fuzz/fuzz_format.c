/* SPDX-License-Identifier: MIT */
/*
 * Output formats and JSON: any format is refused in words or renders any
 * message, and JSON is always JSON without control characters.
 *
 * Input: a byte of switches, the format up to a newline, the topic up to a
 * newline, a byte with the length of the property list, that list, and the
 * payload.
 */
#include "tools/format.h"

#include <stdlib.h>

#include "base/text.h"
#include "mqtt/props.h"
#include "tools/json.h"

enum {
	NO_NEWLINE = 1,
	TERMINAL = 2,
	PRETTY = 4,
	RETAINED = 8,
	JSON_PAYLOAD_SHIFT = 4, /* two bits */
	QOS_SHIFT = 6,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static struct bytes take_line(struct bytes *in)
{
	const uint8_t *lf = in->n ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = lf ? (size_t)(lf - in->p) : in->n;
	struct bytes line = bytes_of(in->p, n);

	in->p += lf ? n + 1 : n;
	in->n -= lf ? n + 1 : n;
	return line;
}

static struct bytes take_props(struct bytes *in)
{
	struct bytes list;
	size_t n;

	if (!in->n)
		return BYTES_NULL;
	n = in->p[0] < in->n ? in->p[0] : in->n - 1;
	list = bytes_of(in->p + 1, n);
	in->p += n + 1;
	in->n -= n + 1;
	/* What the decoder would not let through never gets here. */
	return props_check(list, PROP_IN(PACKET_PUBLISH)) ? BYTES_NULL : list;
}

static bool has_control(struct bytes b)
{
	for (size_t i = 0; i < b.n; i++)
		if ((b.p[i] < 0x20 && b.p[i] != '\n') || b.p[i] == 0x7F)
			return true;
	return false;
}

/* What json_put_compact() makes is JSON, and stays as it is. */
static void check_compact(struct bytes text)
{
	struct buf once = { 0 }, twice = { 0 };

	if (json_put_compact(&once, text)) {
		require(text_is_utf8(buf_view(&once)));
		require(!has_control(buf_view(&once)));
		require(json_put_compact(&twice, buf_view(&once)));
		require(bytes_equal(buf_view(&once), buf_view(&twice)));
	} else {
		require(buf_len(&once) == 0);
	}
	buf_release(&once);
	buf_release(&twice);
}

static void check_json(const struct publish *m, const struct sub_settings *s)
{
	struct json_style style = { s->json_payload, s->pretty };
	struct buf out = { 0 }, compact = { 0 };

	require(!json_put_message(&out, &style, m, BYTES_LIT("now")));
	require(!has_control(buf_view(&out)));
	require(json_put_compact(&compact, buf_view(&out)));
	buf_release(&out);
	buf_release(&compact);
}

static void check_format(const struct publish *m, const struct sub_settings *s,
			 bool is_terminal)
{
	struct err e = { 0 };
	struct format *f = format_new(s, is_terminal, &e);
	struct buf out = { 0 }, again = { 0 };

	if (!f) {
		require(e.kind == ERR_USAGE && e.text[0]);
		return;
	}
	require(!format_render(f, m, 1234567890123456789, &out));
	require(!format_render(f, m, 1234567890123456789, &again));
	require(bytes_equal(buf_view(&out), buf_view(&again)));
	format_free(f);
	buf_release(&out);
	buf_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = bytes_of(data, size), format, topic;
	struct sub_settings s = { 0 };
	struct publish m = { 0 };
	char *text;
	uint8_t bits;

	if (!size)
		return 0;
	bits = in.p[0];
	in = bytes_of(in.p + 1, in.n - 1);
	format = take_line(&in);
	topic = take_line(&in);
	text = strndup((const char *)format.p, format.n);
	require(text != NULL);
	s.format = text;
	s.no_newline = bits & NO_NEWLINE;
	s.pretty = bits & PRETTY;
	s.json_payload = (bits >> JSON_PAYLOAD_SHIFT & 3) % 3;
	m.topic = text_is_utf8(topic) ? topic : BYTES_LIT("t");
	m.retain = bits & RETAINED;
	m.qos = (bits >> QOS_SHIFT & 3) % 3;
	m.pid = m.qos ? 7 : 0;
	m.props = take_props(&in);
	m.payload = in;
	check_format(&m, &s, bits & TERMINAL);
	check_json(&m, &s);
	check_compact(m.payload);
	free(text);
	return 0;
}
