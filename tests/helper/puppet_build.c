/* SPDX-License-Identifier: MIT */
#include "puppet.h"

#include <stdlib.h>

#include "base/parse.h"
#include "dump.h"
#include "mqtt/encode.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

enum { PAYLOAD_MAX = 64 * 1024 * 1024 };

/* Escapes are resolved in place, so each word is copied first. */
struct words_copy {
	struct words_copy *next;
	char text[];
};

void fields_release(struct fields *f)
{
	struct words_copy *next;

	for (; f->copies; f->copies = next) {
		next = f->copies->next;
		free(f->copies);
	}
	buf_release(&f->props);
	buf_release(&f->reasons);
	buf_release(&f->made);
}

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = strchr(digits, c | 32);

	return c && at ? (int)(at - digits) : -1;
}

/* \xHH and \\ in place, which can only make the text shorter. */
static int unescape(char *text, struct bytes *ret, struct err *e)
{
	char *to = text;
	const char *from = text;
	int high, low;

	while (*from) {
		if (*from != '\\') {
			*to++ = *from++;
		} else if (from[1] == '\\') {
			*to++ = '\\';
			from += 2;
		} else {
			high = from[1] == 'x' ? hex_digit(from[2]) : -1;
			low = high >= 0 ? hex_digit(from[3]) : -1;
			if (low < 0)
				return err_set(e, ERR_USAGE, 0,
					       "'%s': expected \\xHH", from);
			*to++ = (char)(high << 4 | low);
			from += 4;
		}
	}
	*ret = bytes_of(text, (size_t)(to - text));
	return 0;
}

static int read_number(const char *key, const char *value, uint64_t max,
		       uint64_t *ret, struct err *e)
{
	char *end;
	unsigned long long n = strtoull(value, &end, 0);

	if (end == value || *end || n > max)
		return err_set(e, ERR_USAGE, 0,
			       "%s: '%s' is not a number up "
			       "to %llu",
			       key, value, (unsigned long long)max);
	*ret = n;
	return 0;
}

static int read_reasons(struct fields *f, char *value, struct err *e)
{
	char *save, *word = strtok_r(value, ",", &save);
	uint64_t n = 0;

	buf_clear(&f->reasons);
	for (; word; word = strtok_r(NULL, ",", &save))
		if (read_number("reasons", word, 255, &n, e) < 0 ||
		    buf_append_byte(&f->reasons, (uint8_t)n) < 0)
			return -1;
	return 0;
}

/* A payload of n times x, for what is too long to write. */
static int make_payload(struct fields *f, uint64_t n, struct err *e)
{
	uint8_t *to = buf_reserve(&f->made, n + 1);

	if (!to)
		return err_nomem(e);
	memset(to, 'x', n);
	f->payload = bytes_of(to, n);
	return 0;
}

static int read_payload_file(struct fields *f, const char *name, struct err *e)
{
	FILE *in = fopen(name, "re");
	uint8_t *to = buf_reserve(&f->made, PAYLOAD_MAX);
	size_t n;

	if (!in || !to) {
		if (in)
			fclose(in);
		return err_sys(e, ERR_LOCAL, "cannot read '%s'", name);
	}
	n = fread(to, 1, PAYLOAD_MAX, in);
	fclose(in);
	f->payload = bytes_of(to, n);
	return 0;
}

static int read_pair(struct fields *f, char *value, struct err *e)
{
	char *equals = strchr(value, '=');
	struct bytes name, text;

	if (!equals)
		return err_set(e, ERR_USAGE, 0, "'%s' is not NAME=VALUE",
			       value);
	*equals = '\0';
	if (unescape(value, &name, e) < 0 || unescape(equals + 1, &text, e) < 0)
		return -1;
	return props_put_pair(&f->props, name, text) < 0 ? err_nomem(e) : 0;
}

static int read_prop(struct fields *f, const char *key, char *value,
		     struct err *e)
{
	const struct prop_info *info = prop_info_by_name(key);
	struct bytes text;
	uint64_t n = 0;
	int rc;

	if (!info)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is neither field nor property", key);
	switch (info->type) {
	case PROP_PAIR:
		return read_pair(f, value, e);
	case PROP_STRING:
	case PROP_BINARY:
		if (unescape(value, &text, e) < 0)
			return -1;
		rc = props_put_bytes(&f->props, info->id, text);
		break;
	default:
		if (read_number(key, value, UINT32_MAX, &n, e) < 0)
			return -1;
		rc = props_put_num(&f->props, info->id, (uint32_t)n);
	}
	return rc < 0 ? err_nomem(e) : 0;
}

/* Fields that are numbers; false when it is none of them. */
static bool set_number(struct fields *f, const char *key, uint64_t n)
{
	if (!strcmp(key, "reason"))
		f->reason = (uint8_t)n;
	else if (!strcmp(key, "code"))
		f->code = (uint8_t)n;
	else if (!strcmp(key, "qos"))
		f->qos = (uint8_t)n;
	else if (!strcmp(key, "retain"))
		f->retain = n != 0;
	else if (!strcmp(key, "dup"))
		f->dup = n != 0;
	else if (!strcmp(key, "session-present"))
		f->session_present = n != 0;
	else if (!strcmp(key, "form"))
		f->is_v3_form = n == 3;
	else if (!strcmp(key, "pid"))
		f->pid = (uint16_t)n;
	else
		return false;
	f->has_pid |= !strcmp(key, "pid");
	return true;
}

static int read_field(struct fields *f, const char *key, char *value,
		      struct err *e)
{
	struct fields probe = { 0 };
	uint64_t n = 0;

	if (!strcmp(key, "topic"))
		return unescape(value, &f->topic, e);
	if (!strcmp(key, "payload"))
		return unescape(value, &f->payload, e);
	if (!strcmp(key, "file"))
		return read_payload_file(f, value, e);
	if (!strcmp(key, "reasons"))
		return read_reasons(f, value, e);
	if (!strcmp(key, "size"))
		return read_number(key, value, PAYLOAD_MAX, &n, e) < 0
			       ? -1
			       : make_payload(f, n, e);
	if (!set_number(&probe, key, 0))
		return read_prop(f, key, value, e);
	if (read_number(key, value, MQTT_PID_MAX, &n, e) < 0)
		return -1;
	set_number(f, key, n);
	return 0;
}

static int read_word(struct fields *f, char *word, struct err *e)
{
	char *equals = strchr(word, '=');
	int rc;

	if (!equals)
		return err_set(e, ERR_USAGE, 0, "'%s' is not KEY=VALUE", word);
	*equals = '\0';
	rc = read_field(f, word, equals + 1, e);
	*equals = '=';
	return rc;
}

int fields_read(struct fields *f, char **words, struct err *e)
{
	struct words_copy *copy;
	size_t n;

	for (; *words; words++) {
		n = strlen(*words) + 1;
		copy = malloc(sizeof(*copy) + n);
		if (!copy)
			return err_nomem(e);
		memcpy(copy->text, *words, n);
		copy->next = f->copies;
		f->copies = copy;
		if (read_word(f, copy->text, e) < 0)
			return -1;
	}
	return 0;
}

static int build_publish(struct buf *out, enum mqtt_version v,
			 const struct fields *f)
{
	struct publish p = { .topic = f->topic,
			     .payload = f->payload,
			     .props = buf_view(&f->props),
			     .qos = f->qos,
			     .retain = f->retain,
			     .dup = f->dup,
			     .pid = f->pid };

	return encode_publish(out, v, &p);
}

static int build_connack(struct buf *out, enum mqtt_version v,
			 const struct fields *f)
{
	struct connack p = { .session_present = f->session_present,
			     .reason = f->reason,
			     .return_code = f->code,
			     .is_v3_form = f->is_v3_form,
			     .props = buf_view(&f->props) };

	return encode_connack(out, v, &p);
}

int build_packet(struct buf *out, enum mqtt_version v, enum packet_type type,
		 const struct fields *f, struct err *e)
{
	struct ack ack = { f->pid, f->reason, buf_view(&f->props) };
	struct suback suback = { f->pid, buf_view(&f->reasons),
				 buf_view(&f->props) };
	struct disconnect end = { f->reason, buf_view(&f->props) };
	int rc;

	switch (type) {
	case PACKET_CONNACK:
		rc = build_connack(out, v, f);
		break;
	case PACKET_PUBLISH:
		rc = build_publish(out, v, f);
		break;
	case PACKET_PUBACK:
	case PACKET_PUBREC:
	case PACKET_PUBREL:
	case PACKET_PUBCOMP:
		rc = encode_ack(out, v, type, &ack);
		break;
	case PACKET_SUBACK:
	case PACKET_UNSUBACK:
		rc = encode_suback(out, v, type, &suback);
		break;
	case PACKET_PINGREQ:
	case PACKET_PINGRESP:
		rc = encode_ping(out, type);
		break;
	case PACKET_DISCONNECT:
		rc = encode_disconnect(out, v, &end);
		break;
	case PACKET_AUTH:
		rc = encode_auth(out, &end);
		break;
	default:
		return err_set(e, ERR_USAGE, 0,
			       "a %s is not made here: send "
			       "it in hex",
			       dump_type_name(type));
	}
	return rc < 0 ? err_set(e, ERR_USAGE, 0, "that makes no %s",
				dump_type_name(type))
		      : 0;
}

int build_hex(struct buf *out, char **words, struct err *e)
{
	for (; *words; words++)
		if (parse_hex(*words, out, e) < 0)
			return -1;
	return 0;
}
