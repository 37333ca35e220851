/* SPDX-License-Identifier: MIT */
#include "tools/json.h"

#include <stdio.h>

#include "base/text.h"
#include "mqtt/props.h"

/* How a byte appears in a string: 0 as it is, 'u' as \u00XX, '2' depends on
 * the byte after it, anything else behind a backslash. */
static const char escapes[256] = {
	['\0'] = 'u', [1] = 'u',  [2] = 'u',    [3] = 'u',     [4] = 'u',
	[5] = 'u',    [6] = 'u',  [7] = 'u',    ['\b'] = 'b',  ['\t'] = 't',
	['\n'] = 'n', [11] = 'u', ['\f'] = 'f', ['\r'] = 'r',  [14] = 'u',
	[15] = 'u',   [16] = 'u', [17] = 'u',   [18] = 'u',    [19] = 'u',
	[20] = 'u',   [21] = 'u', [22] = 'u',   [23] = 'u',    [24] = 'u',
	[25] = 'u',   [26] = 'u', [27] = 'u',   [28] = 'u',    [29] = 'u',
	[30] = 'u',   [31] = 'u', ['"'] = '"',  ['\\'] = '\\', [127] = 'u',
	[0xC2] = '2',
};

static int put_escape(struct buf *out, uint8_t c, char how)
{
	static const char hex[] = "0123456789abcdef";
	char text[6] = { '\\', how, '0', '0', hex[c >> 4], hex[c & 15] };

	return buf_append(out, bytes_of(text, how == 'u' ? 6 : 2));
}

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* The top bit of each byte that is b; a carry may set others above it. */
static uint64_t bytes_that_are(uint64_t word, uint8_t b)
{
	uint64_t x = word ^ EACH_BYTE(b);

	return (x - EACH_BYTE(1)) & ~x & EACH_BYTE(0x80);
}

/* Eight bytes of ASCII that all appear as they are. */
static bool is_plain_word(const uint8_t *p)
{
	uint64_t word, below_blank, del;

	memcpy(&word, p, sizeof(word));
	below_blank = (word - EACH_BYTE(0x20)) & ~word;
	del = word + EACH_BYTE(1);
	return !((word | below_blank | del) & EACH_BYTE(0x80)) &&
	       !bytes_that_are(word, '"') && !bytes_that_are(word, '\\');
}

/* The first byte from p on that needs an escape, or end. */
static const uint8_t *plain_end(const uint8_t *p, const uint8_t *end)
{
	while (end - p >= 8 && is_plain_word(p))
		p += 8;
	for (; p < end; p++) {
		char how = escapes[*p];

		/* C2 80 to C2 9F are the C1 control characters. */
		if (how == '2' ? p + 1 < end && p[1] < 0xA0 : how != 0)
			break;
	}
	return p;
}

int json_put_string(struct buf *out, struct bytes text)
{
	const uint8_t *p = text.p, *end = text.p + text.n;

	if (buf_append_byte(out, '"'))
		return -1;
	while (p < end) {
		const uint8_t *stop = plain_end(p, end);

		if (buf_append(out, bytes_of(p, (size_t)(stop - p))))
			return -1;
		if (stop == end)
			break;
		if (*stop == 0xC2)
			stop++;
		if (put_escape(out, *stop,
			       *stop >= 0x80 ? 'u' : escapes[*stop]))
			return -1;
		p = stop + 1;
	}
	return buf_append_byte(out, '"');
}

int json_put_uint(struct buf *out, uint64_t n)
{
	char text[20];
	size_t i = sizeof(text);

	if (n < 10)
		return buf_append_byte(out, (uint8_t)('0' + n));
	do {
		text[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return buf_append(out, bytes_of(text + i, sizeof(text) - i));
}

static int put_base64(struct buf *out, struct bytes data)
{
	return buf_append_byte(out, '"') || text_base64(out, data) ||
			       buf_append_byte(out, '"')
		       ? -1
		       : 0;
}

/* One object under construction; an error sticks until the end. */
struct object {
	struct buf *out;
	unsigned indent; /* 0: all on one line */
	bool has_members;
	bool failed;
};

static void object_break(struct object *o, unsigned indent)
{
	static const char blanks[] = "\n        ";

	if (o->indent && buf_append(o->out, bytes_of(blanks, 1 + indent * 2)))
		o->failed = true;
}

static struct object object_open(struct buf *out, char bracket, unsigned indent)
{
	struct object o = { .out = out, .indent = indent };

	if (buf_append_byte(out, (uint8_t)bracket))
		o.failed = true;
	return o;
}

static void object_next(struct object *o)
{
	if (o->has_members && buf_append_byte(o->out, ','))
		o->failed = true;
	o->has_members = true;
	object_break(o, o->indent);
}

/* A key with all that surrounds it on one line. */
#define KEY(name) BYTES_LIT(",\"" name "\":")

static void object_key(struct object *o, struct bytes key)
{
	size_t comma = o->has_members ? 0 : 1;

	if (!o->indent) {
		o->has_members = true;
		if (buf_append(o->out, bytes_of(key.p + comma, key.n - comma)))
			o->failed = true;
		return;
	}
	object_next(o);
	if (buf_append(o->out, bytes_of(key.p + 1, key.n - 1)) ||
	    buf_append_byte(o->out, ' '))
		o->failed = true;
}

static int object_close(struct object *o, char bracket)
{
	if (o->has_members && o->indent)
		object_break(o, o->indent - 1);
	if (buf_append_byte(o->out, (uint8_t)bracket))
		o->failed = true;
	return o->failed ? -1 : 0;
}

static void object_string(struct object *o, struct bytes key, struct bytes v)
{
	object_key(o, key);
	if (json_put_string(o->out, v))
		o->failed = true;
}

static void object_uint(struct object *o, struct bytes key, uint64_t n)
{
	object_key(o, key);
	if (json_put_uint(o->out, n))
		o->failed = true;
}

static void object_base64(struct object *o, struct bytes key, struct bytes v)
{
	object_key(o, key);
	if (put_base64(o->out, v))
		o->failed = true;
}

static void put_property(struct object *o, const struct prop *p)
{
	char text[64];
	struct bytes key = bytes_of(text, 0);

	key.n = (size_t)snprintf(text, sizeof(text), ",\"%s\":", p->info->name);
	switch (p->info->type) {
	case PROP_STRING:
		object_string(o, key, p->value);
		break;
	case PROP_BINARY:
		object_base64(o, key, p->value);
		break;
	default:
		object_uint(o, key, p->num);
	}
}

/* [MQTT-3.3.2-17,-18] The order and the duplicates of user properties mean
 * something, so they are an array of objects with one member each. */
static void put_user_properties(struct object *o, struct bytes list)
{
	unsigned deeper = o->indent ? o->indent + 1 : 0;
	struct object array, pair;
	struct prop p;

	object_key(o, KEY("user-properties"));
	array = object_open(o->out, '[', deeper);
	for (size_t pos = 0; props_next(list, &pos, &p);) {
		if (p.info->type != PROP_PAIR)
			continue;
		object_next(&array);
		pair = object_open(o->out, '{', 0);
		if (json_put_string(o->out, p.name) ||
		    buf_append_byte(o->out, ':') ||
		    json_put_string(o->out, p.value))
			pair.failed = true;
		if (object_close(&pair, '}'))
			array.failed = true;
	}
	if (object_close(&array, ']'))
		o->failed = true;
}

/* A number when there is one, as mosquitto has it; several may have matched
 * [3.3.4], and then it is an array. */
static void put_subscription_ids(struct object *o, struct bytes list,
				 size_t count)
{
	struct object array;
	struct prop p;

	if (count == 1) {
		object_uint(o, KEY("subscription-identifier"),
			    props_num(list, PROP_SUBSCRIPTION_ID, 0));
		return;
	}
	object_key(o, KEY("subscription-identifier"));
	array = object_open(o->out, '[', 0);
	for (size_t pos = 0; props_next(list, &pos, &p);) {
		if (p.info->id != PROP_SUBSCRIPTION_ID)
			continue;
		object_next(&array);
		if (json_put_uint(o->out, p.num))
			array.failed = true;
	}
	if (object_close(&array, ']'))
		o->failed = true;
}

static void put_properties(struct object *o, struct bytes list)
{
	size_t ids = 0, users = 0;
	struct object inner;
	struct prop p;

	object_key(o, KEY("properties"));
	inner = object_open(o->out, '{', o->indent ? o->indent + 1 : 0);
	for (size_t pos = 0; props_next(list, &pos, &p);) {
		if (p.info->type == PROP_PAIR)
			users++;
		else if (p.info->id == PROP_SUBSCRIPTION_ID)
			ids++;
		else
			put_property(&inner, &p);
	}
	if (ids)
		put_subscription_ids(&inner, list, ids);
	if (users)
		put_user_properties(&inner, list);
	if (object_close(&inner, '}'))
		o->failed = true;
}

static bool put_parsed_payload(struct object *o, struct bytes payload)
{
	size_t mark = buf_len(o->out);
	bool had_members = o->has_members;

	object_key(o, KEY("payload"));
	if (json_put_compact(o->out, payload))
		return true;
	buf_truncate(o->out, mark);
	o->has_members = had_members;
	return false;
}

static void put_payload(struct object *o, enum json_payload how,
			struct bytes payload)
{
	if (how == JSON_PAYLOAD_AUTO && text_is_utf8(payload))
		object_string(o, KEY("payload"), payload);
	else if (how != JSON_PAYLOAD_JSON || !put_parsed_payload(o, payload))
		object_base64(o, KEY("payload_b64"), payload);
}

int json_put_message(struct buf *out, const struct json_style *style,
		     const struct publish *m, struct bytes tst)
{
	struct object o = object_open(out, '{', style->pretty ? 1 : 0);

	object_key(&o, KEY("tst"));
	if (buf_append_byte(out, '"') || buf_append(out, tst) ||
	    buf_append_byte(out, '"'))
		o.failed = true;
	object_string(&o, KEY("topic"), m->topic);
	object_uint(&o, KEY("qos"), m->qos);
	object_key(&o, KEY("retain"));
	if (buf_append(out, m->retain ? BYTES_LIT("true") : BYTES_LIT("false")))
		o.failed = true;
	object_uint(&o, KEY("payloadlen"), m->payload.n);
	if (m->qos)
		object_uint(&o, KEY("mid"), m->pid);
	if (m->props.n)
		put_properties(&o, m->props);
	put_payload(&o, style->payload, m->payload);
	return object_close(&o, '}');
}
