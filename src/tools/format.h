/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_FORMAT_H
#define TOOLS_FORMAT_H

/*
 * How a message is shown: plain, with its topic, as JSON, or in the format
 * language of mosquitto_sub's -F. Whatever is asked for is compiled once to a
 * list of operations; each message is then rendered into one buf.
 *
 * A format belongs to one thread at a time (it caches the text of the second
 * in which the last message came). Local time is that of the environment
 * when the format was made.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/settings.h"
#include "mqtt/packet.h"

struct format;

/* sub: verbose, no_newline, format, json, json_payload, pretty; borrowed only
 * during the call. is_terminal: control characters from the wire are made
 * visible (those of the format itself are not touched). NULL with ERR_USAGE
 * naming what is wrong in the format. */
struct format *format_new(const struct sub_settings *sub, bool is_terminal,
			  struct err *e);
void format_free(struct format *f);

/* True when the time of arrival is wanted by format_render(). */
bool format_shows_time(const struct format *f);

/* Appends the message to out. received: ns since 1970. -1 when out is full
 * or memory is short; out is then as it was. */
int format_render(struct format *f, const struct publish *m, uint64_t received,
		  struct buf *out) MUST_CHECK;

#endif
