/* SPDX-License-Identifier: MIT */
#include "config/resolve.h"

#include <string.h>

#include "config/keep.h"
#include "mqtt/props.h"
#include "mqtt/types.h"

/* Handled elsewhere: expiry and aliases by the engine, which counts the one
 * down and knows what the broker allows; identifiers filter by filter;
 * authentication step by step. */
static bool is_apart(const struct option *o)
{
	return !strcmp(o->property, "publish message-expiry-interval") ||
	       !strcmp(o->property, "connect authentication-method") ||
	       !strcmp(o->property, "connect authentication-data") ||
	       !strcmp(o->property, "publish topic-alias") ||
	       !strcmp(o->property, "subscribe subscription-identifier");
}

static int put_pairs(const struct text_list *list, struct buf *out)
{
	for (size_t i = 0; i + 1 < list->n; i += 2)
		if (props_put_pair(out, bytes_str(list->v[i]),
				   bytes_str(list->v[i + 1])))
			return -1;
	return 0;
}

static int put_row(const struct settings *s, const struct option *o,
		   struct buf *out)
{
	const void *field = (const char *)s + o->offset;
	const char *name = strchr(o->property, ' ') + 1;
	uint8_t id = prop_info_by_name(name)->id;

	switch (o->type) {
	case OPTION_PAIRS:
		return put_pairs(field, out);
	case OPTION_BINARY:
		return props_put_bytes(out, id, *(const struct bytes *)field);
	case OPTION_STRING:
	case OPTION_TOPIC:
		return props_put_bytes(out, id,
				       bytes_str(*(const char *const *)field));
	case OPTION_FLAG:
		return props_put_num(out, id, *(const bool *)field);
	default:
		return props_put_num(out, id, *(const uint32_t *)field);
	}
}

static bool is_of(const struct option *o, const char *command)
{
	size_t n = strlen(command);

	return o->property && !strncmp(o->property, command, n) &&
	       o->property[n] == ' ';
}

int resolve_props(struct settings *s, const char *command, uint32_t packet,
		  struct bytes *ret, struct err *e)
{
	AUTO(buf_release) struct buf list = { .max = MQTT_VARINT_MAX };
	const char *copy;

	for (size_t i = 0; i < option_count; i++) {
		const struct option *o = &options[i];

		if (!(o->tools & s->tool) || !is_of(o, command) ||
		    is_apart(o) || s->origins[i].kind == ORIGIN_DEFAULT)
			continue;
		if (put_row(s, o, &list))
			return err_nomem(e);
	}
	if (props_check(buf_view(&list), packet))
		return err_set(e, ERR_USAGE, 0,
			       "the properties of %s break the rules of MQTT",
			       command);
	copy = keep_bytes(s, buf_view(&list));
	if (!copy)
		return err_nomem(e);
	*ret = bytes_of(copy, buf_len(&list));
	return 0;
}

int resolve_implied(struct settings *s, const struct implied_prop *p,
		    struct bytes *list, struct err *e)
{
	AUTO(buf_release) struct buf more = { .max = MQTT_VARINT_MAX };
	const char *copy;

	if (buf_append(&more, *list) || props_put_num(&more, p->id, p->num))
		return err_nomem(e);
	copy = keep_bytes(s, buf_view(&more));
	if (!copy)
		return err_nomem(e);
	*list = bytes_of(copy, buf_len(&more));
	return 0;
}
