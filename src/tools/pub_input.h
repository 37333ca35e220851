/* SPDX-License-Identifier: MIT */
#ifndef TOOLS_PUB_INPUT_H
#define TOOLS_PUB_INPUT_H

/*
 * Where the payloads of mqtt-pub come from: an argument, a whole file, the
 * whole of stdin, or its lines. Records have a length and may hold any
 * bytes, NUL included; the line feed is not part of a line, a carriage
 * return is, and a last line without a line feed counts too.
 *
 * Main thread. It never blocks on a pipe, terminal or socket: it says that
 * it has to wait, and whoever drives it polls its descriptor. It owns its
 * buffer, which holds one block or the longest record, and the file.
 */

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "config/settings.h"
#include "mqtt/packet.h"

struct pub_input;

enum pub_input_state {
	PUB_INPUT_GOT,  /* at least one record */
	PUB_INPUT_WAIT, /* none now: poll pub_input_fd() for POLLIN */
	PUB_INPUT_END,
	PUB_INPUT_FAIL, /* e says why (ERR_LOCAL) */
};

/* Opens the file of -f. NULL with ERR_LOCAL. */
struct pub_input *pub_input_new(const struct pub_settings *pub, struct err *e);
void pub_input_free(struct pub_input *in);

/* Sets the payload of up to max messages, and only that. The views die with
 * the next call. */
enum pub_input_state pub_input_next(struct pub_input *in,
				    struct publish *messages, size_t max,
				    size_t *ret_count, struct err *e);
/* Reads nothing more: what has been read comes as records, then the end. A
 * line that is not complete is dropped. NULL is fine. */
void pub_input_stop(struct pub_input *in);

/* Where the bytes of a stream come from if not from read(2): appends some to
 * buf. GOT without any: the end. */
struct pub_input_reader {
	void *ctx;
	enum pub_input_state (*fill)(void *ctx, struct buf *buf, struct err *e);
};
/* Before the first pub_input_next(). What was read before goes in front. */
int pub_input_set_reader(struct pub_input *in, const struct pub_input_reader *r,
			 struct bytes before, struct err *e) MUST_CHECK;
/* Where the input begins: bytes and records that do not come any more. */
int pub_input_skip(struct pub_input *in, uint64_t offset, uint64_t records,
		   bool seek, struct err *e) MUST_CHECK;
/* Bytes of the input up to the end of a record that has just been got, its
 * line feed included. */
uint64_t pub_input_offset(const struct pub_input *in, const struct publish *m);
/* What has been read of a record that is not complete. */
struct bytes pub_input_rest(const struct pub_input *in);

/* No record is needed any more: gives the storage back. NULL is fine. */
void pub_input_forget(struct pub_input *in);
int pub_input_fd(const struct pub_input *in);

#endif
