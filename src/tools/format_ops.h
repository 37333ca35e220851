/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_FORMAT_OPS_H
#define TOOLS_FORMAT_OPS_H

/*
 * The compiled form of an output format, between its compiler
 * (format_parse.c) and the code that runs it (format.c); nobody else needs
 * it. The format owns its operations and the literal text they point to.
 */

#include "base/err.h"
#include "tools/format.h"
#include "tools/json.h"
#include "tools/stamp.h"

enum op_kind {
	OP_TEXT, /* text, as it is */
	OP_TOPIC,
	OP_PAYLOAD,
	OP_PAYLOAD_SHOWN, /* "(null)" when empty, as -v has it */
	OP_PAYLOAD_LEN,
	OP_HEX,
	OP_FLOAT,
	OP_DOUBLE,
	OP_QOS,
	OP_RETAIN,
	OP_MID,
	OP_PROP_NUM, /* all of that id, with commas between */
	OP_PROP_BYTES,
	OP_USER_PROPS,
	OP_STAMP,       /* strftime */
	OP_NANOSECONDS, /* of the second, nine digits */
	OP_UNIX_TIME,
	OP_JSON,
};

struct op {
	enum op_kind kind;
	uint8_t prop;  /* PROP_NUM, PROP_BYTES */
	bool is_left;  /* padding goes behind */
	bool is_zero;  /* and consists of zeros (numbers and hex only) */
	bool is_upper; /* HEX */
	bool has_precision;
	char separator;   /* HEX: between groups of precision digits */
	size_t width;     /* least number of characters; 0: as it comes */
	size_t precision; /* most characters; decimals of a FLOAT */
	struct bytes text;
	struct stamp stamp;
	struct json_style json;
};

struct format {
	struct op *ops;
	size_t count, cap;
	uint8_t *literals; /* what text and stamp.format point to */
	bool is_terminal;
	bool shows_time;
};

/* A zeroed op at the end of the list, which lives until the next one is
 * added; NULL with e. */
struct op *format_add_op(struct format *f, enum op_kind kind, struct err *e);
/* %j, with the payload as json says. */
int format_add_json(struct format *f, const struct json_style *json,
		    struct err *e) MUST_CHECK;

/* Compiles the text of -F onto the end of f, whose literals must be unset;
 * is_pretty: for %j and %J. */
int format_parse(struct format *f, const char *text,
		 const struct json_style *json, struct err *e) MUST_CHECK;

#endif
