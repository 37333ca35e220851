/* SPDX-License-Identifier: MIT */
#include "tools/format.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "mqtt/props.h"
#include "tools/format_ops.h"

/* One message on its way into the output. */
struct render {
	struct format *f;
	const struct publish *m;
	uint64_t received;
	struct buf *out;
};

struct op *format_add_op(struct format *f, enum op_kind kind, struct err *e)
{
	if (f->count == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 8;
		struct op *ops = realloc(f->ops, cap * sizeof(*ops));

		if (!ops) {
			err_nomem(e);
			return NULL;
		}
		f->ops = ops;
		f->cap = cap;
	}
	f->ops[f->count] = (struct op){ .kind = kind };
	return &f->ops[f->count++];
}

int format_add_json(struct format *f, const struct json_style *json,
		    struct err *e)
{
	struct op *op = format_add_op(f, OP_JSON, e);

	if (!op)
		return -1;
	op->json = *json;
	stamp_init(&op->stamp, "%FT%T", true);
	f->shows_time = true;
	return 0;
}

static int add_text(struct format *f, struct bytes text, struct err *e)
{
	struct op *op = format_add_op(f, OP_TEXT, e);

	if (!op)
		return -1;
	op->text = text;
	return 0;
}

static int compile(struct format *f, const struct sub_settings *sub,
		   struct err *e)
{
	struct json_style json = { sub->json_payload, sub->pretty };

	if (sub->json)
		return format_add_json(f, &json, e);
	if (sub->format)
		return format_parse(f, sub->format, &json, e);
	if (!sub->verbose)
		return format_add_op(f, OP_PAYLOAD, e) ? 0 : -1;
	if (!format_add_op(f, OP_TOPIC, e) || add_text(f, BYTES_LIT(" "), e) ||
	    !format_add_op(f, OP_PAYLOAD_SHOWN, e))
		return -1;
	return 0;
}

struct format *format_new(const struct sub_settings *sub, bool is_terminal,
			  struct err *e)
{
	struct format *f = calloc(1, sizeof(*f));

	if (!f) {
		err_nomem(e);
		return NULL;
	}
	tzset();
	f->is_terminal = is_terminal;
	if (compile(f, sub, e) ||
	    (!sub->no_newline && add_text(f, BYTES_LIT("\n"), e))) {
		format_free(f);
		return NULL;
	}
	return f;
}

void format_free(struct format *f)
{
	if (!f)
		return;
	free(f->ops);
	free(f->literals);
	free(f);
}

bool format_shows_time(const struct format *f)
{
	return f->shows_time;
}

/* Characters of UTF-8 text; each malformed byte counts about one. */
static size_t count_chars(struct bytes b)
{
	size_t chars = 0;

	for (size_t i = 0; i < b.n; i++)
		chars += (b.p[i] & 0xC0) != 0x80;
	return chars;
}

/* At most max characters, never a part of one. */
static struct bytes cut(struct bytes b, size_t max)
{
	size_t n = 0;

	while (n < b.n && ((b.p[n] & 0xC0) == 0x80 || max-- > 0))
		n++;
	return bytes_of(b.p, n);
}

static int put_wire(const struct render *r, const struct op *op, struct bytes b)
{
	if (op->has_precision)
		b = cut(b, op->precision);
	if (UNLIKELY(r->f->is_terminal))
		return text_append_visible(r->out, b);
	return buf_append(r->out, b);
}

static int put_hex_groups(struct buf *out, struct bytes b, const struct op *op)
{
	const char *digits = op->is_upper ? "0123456789ABCDEF"
					  : "0123456789abcdef";

	for (size_t i = 0; i < b.n * 2; i++) {
		int nibble = i % 2 ? b.p[i / 2] & 15 : b.p[i / 2] >> 4;

		if (i && i % op->precision == 0 &&
		    buf_append_byte(out, (uint8_t)op->separator))
			return -1;
		if (buf_append_byte(out, (uint8_t)digits[nibble]))
			return -1;
	}
	return 0;
}

static int put_hex(const struct render *r, const struct op *op)
{
	if (op->precision)
		return put_hex_groups(r->out, r->m->payload, op);
	return text_hex(r->out, r->m->payload, op->is_upper);
}

/* The payload as a number in the byte order of this machine. */
static int put_float(const struct render *r, const struct op *op)
{
	struct bytes b = r->m->payload;
	size_t want = op->kind == OP_FLOAT ? sizeof(float) : sizeof(double);
	int decimals = op->has_precision ? (int)op->precision : 6;
	char topic[128];
	double d;
	float f;

	if (b.n != want) {
		text_visible(topic, sizeof(topic), r->m->topic);
		log_line(
			LOG_WARN,
			"payload on '%s' is not a number: it has %zu bytes, %zu are needed",
			topic, b.n, want);
		return 0;
	}
	if (op->kind == OP_FLOAT) {
		memcpy(&f, b.p, sizeof(f));
		d = (double)f;
	} else {
		memcpy(&d, b.p, sizeof(d));
	}
	return buf_printf(r->out, "%.*f", decimals, d);
}

static int put_prop_nums(const struct render *r, const struct op *op)
{
	bool is_first = true;
	struct prop p;

	for (size_t pos = 0; props_next(r->m->props, &pos, &p);) {
		if (p.info->id != op->prop)
			continue;
		if ((!is_first && buf_append_byte(r->out, ',')) ||
		    json_put_uint(r->out, p.num))
			return -1;
		is_first = false;
	}
	return 0;
}

static int put_user_props(const struct render *r, const struct op *op)
{
	bool is_first = true;
	struct prop p;

	for (size_t pos = 0; props_next(r->m->props, &pos, &p);) {
		if (p.info->type != PROP_PAIR)
			continue;
		if ((!is_first && buf_append_byte(r->out, ' ')) ||
		    put_wire(r, op, p.name) || buf_append_byte(r->out, ':') ||
		    put_wire(r, op, p.value))
			return -1;
		is_first = false;
	}
	return 0;
}

/* Nine digits, as a fraction needs them. */
static void store_nanoseconds(uint8_t *dst, uint64_t received)
{
	uint32_t n = (uint32_t)(received % CLOCK_SEC);

	for (int i = 8; i >= 0; i--) {
		dst[i] = (uint8_t)('0' + n % 10);
		n /= 10;
	}
}

static int put_nanoseconds(const struct render *r)
{
	uint8_t *dst = buf_reserve(r->out, 9);

	if (!dst)
		return -1;
	store_nanoseconds(dst, r->received);
	buf_commit(r->out, 9);
	return 0;
}

static int put_unix_time(const struct render *r)
{
	return json_put_uint(r->out, r->received / CLOCK_SEC) ||
			       buf_append_byte(r->out, '.') ||
			       put_nanoseconds(r)
		       ? -1
		       : 0;
}

static int put_json(const struct render *r, struct op *op)
{
	struct bytes to_second = stamp_text(&op->stamp, r->received);
	uint8_t tst[sizeof(op->stamp.text) + sizeof(".123456789Z")];

	memcpy(tst, to_second.p, to_second.n);
	tst[to_second.n] = '.';
	store_nanoseconds(tst + to_second.n + 1, r->received);
	tst[to_second.n + 10] = 'Z';
	return json_put_message(r->out, &op->json, r->m,
				bytes_of(tst, to_second.n + 11));
}

static int put_shown_payload(const struct render *r, const struct op *op)
{
	if (r->m->payload.n)
		return put_wire(r, op, r->m->payload);
	return buf_append_str(r->out, "(null)");
}

static int put_stamp(const struct render *r, struct op *op)
{
	struct bytes text = stamp_text(&op->stamp, r->received);

	if (op->has_precision)
		text = cut(text, op->precision);
	return buf_append(r->out, text);
}

static int run_op(const struct render *r, struct op *op)
{
	switch (op->kind) {
	case OP_TEXT:
		return buf_append(r->out, op->text);
	case OP_TOPIC:
		return put_wire(r, op, r->m->topic);
	case OP_PAYLOAD:
		return put_wire(r, op, r->m->payload);
	case OP_PAYLOAD_SHOWN:
		return put_shown_payload(r, op);
	case OP_PAYLOAD_LEN:
		return json_put_uint(r->out, r->m->payload.n);
	case OP_HEX:
		return put_hex(r, op);
	case OP_FLOAT:
	case OP_DOUBLE:
		return put_float(r, op);
	case OP_QOS:
		return json_put_uint(r->out, r->m->qos);
	case OP_RETAIN:
		return json_put_uint(r->out, r->m->retain);
	case OP_MID:
		return json_put_uint(r->out, r->m->pid);
	case OP_PROP_NUM:
		return put_prop_nums(r, op);
	case OP_PROP_BYTES:
		return put_wire(r, op, props_value(r->m->props, op->prop));
	case OP_USER_PROPS:
		return put_user_props(r, op);
	case OP_STAMP:
		return put_stamp(r, op);
	case OP_NANOSECONDS:
		return put_nanoseconds(r);
	case OP_UNIX_TIME:
		return put_unix_time(r);
	case OP_JSON:
		return put_json(r, op);
	}
	return -1;
}

/* Zeros are for what is a number and has digits. */
static uint8_t pad_with(const struct op *op, size_t chars)
{
	switch (op->kind) {
	case OP_PAYLOAD_LEN:
	case OP_HEX:
	case OP_QOS:
	case OP_RETAIN:
	case OP_MID:
	case OP_PROP_NUM:
		return op->is_zero && chars ? '0' : ' ';
	default:
		return ' ';
	}
}

/* Widens what has been put since start to the width of the field. */
static int pad(struct buf *out, size_t start, const struct op *op)
{
	struct bytes all = buf_view(out);
	size_t len = all.n - start;
	size_t chars = len ? count_chars(bytes_of(all.p + start, len)) : 0;
	size_t missing = op->width > chars ? op->width - chars : 0;
	uint8_t *dst;

	if (!missing)
		return 0;
	dst = buf_reserve(out, missing);
	if (!dst)
		return -1;
	buf_commit(out, missing);
	if (op->is_left) {
		memset(dst, ' ', missing);
		return 0;
	}
	memmove(dst - len + missing, dst - len, len);
	memset(dst - len, pad_with(op, chars), missing);
	return 0;
}

int format_render(struct format *f, const struct publish *m, uint64_t received,
		  struct buf *out)
{
	struct render r = { f, m, received, out };
	size_t mark = buf_len(out);

	for (size_t i = 0; i < f->count; i++) {
		struct op *op = &f->ops[i];
		size_t start = buf_len(out);

		if (run_op(&r, op) || (op->width && pad(out, start, op))) {
			buf_truncate(out, mark);
			return -1;
		}
	}
	return 0;
}
