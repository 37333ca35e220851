/* SPDX-License-Identifier: MIT */
#include "net/ws.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <wslay/wslay.h>

#include "base/text.h"
#include "net/http.h"
#include "net/ws_frame.h"
#include "net/ws_handshake.h"

enum {
	WS_READ_AHEAD = 32 * 1024,
	WS_PAYLOAD_MAX = 64 * 1024, /* of a frame that we make */
	WS_OUT_MAX = 4 * WS_PAYLOAD_MAX,
	WS_CONTROL_MAX = 125,
	WS_KEY_BYTES = 16,
	WS_STATUS_NONE = 1005,
};

/* A packet of MQTT has 256 MiB at most, and may come in one frame. */
#define WS_FRAME_DEFAULT (UINT64_C(512) << 20)

struct ws {
	struct stream s;
	wslay_frame_context_ptr frames;
	struct buf in;  /* bytes read ahead, before wslay sees them */
	struct buf out; /* frames that have to leave */
	struct ws_masks masks;
	size_t pending_n;    /* bytes of the caller's that are in out */
	struct bytes chunk;  /* of a payload, in wslay's hands */
	uint64_t frame_left; /* bytes of the frame's payload to come */
	uint64_t max_frame;
	uint8_t control[WS_CONTROL_MAX];
	size_t control_n;
	uint8_t pong[WS_CONTROL_MAX]; /* answer to the last ping */
	size_t pong_n;
	bool is_pong_due;
	bool is_in_frame, is_in_message;
	bool is_drained; /* the layer below had no more */
	bool is_close_sent;
	enum io below;       /* what stopped reading */
	enum io end;         /* IO_EOF or IO_FAIL once it has come to that */
	struct err *err;     /* of the call under way */
	struct err *end_err; /* why, when it could not be told at once */
	char *subprotocol;
	char key[WS_KEY_SIZE];
};

static struct ws *self(struct stream *s)
{
	return CONTAINER_OF(s, struct ws, s);
}

static enum io fail_protocol(struct ws *w, const char *what)
{
	err_set(w->err, ERR_PROTOCOL, 0,
		"the server broke the WebSocket "
		"protocol: %s",
		what);
	return IO_FAIL;
}

/* A pong waits for its turn here and is replaced by a newer one (section
 * 5.5.3): a flood of pings that are not answered fast enough fills nothing. */
static enum io flush(struct ws *w)
{
	enum io io = stream_write_buf(w->s.below, &w->out, w->err);

	if (io == IO_OK && w->is_pong_due && !w->is_close_sent) {
		w->is_pong_due = false;
		if (ws_put_frame(&w->out, WS_PONG, bytes_of(w->pong, w->pong_n),
				 &w->masks) < 0) {
			err_nomem(w->err);
			return IO_FAIL;
		}
		io = stream_write_buf(w->s.below, &w->out, w->err);
	}
	if (io == IO_OK)
		buf_trim(&w->out);
	return io;
}

/* --------------------------------------------------------------- handshake */

static enum io ws_step(struct stream *s, struct err *e)
{
	struct ws *w = self(s);
	struct bytes in;
	enum io io;
	size_t n;

	w->err = e;
	io = stream_write_buf(s->below, &w->out, e);
	if (io == IO_OK)
		buf_wipe(&w->out); /* there may be a password in it */
	while (io == IO_OK && !http_head_length(buf_view(&w->in))) {
		in = buf_view(&w->in);
		/* Something else, or too much of it. */
		if (in.n >= HTTP_HEAD_MAX || (in.n && !http_may_be_head(in)))
			break;
		io = stream_read_buf(s->below, &w->in, HTTP_HEAD_MAX - in.n, e);
	}
	if (io != IO_OK)
		return io;
	in = buf_view(&w->in);
	n = http_head_length(in);
	if (!n && http_may_be_head(in)) {
		err_set(e, ERR_PROTOCOL, 0,
			"the head of the server's HTTP "
			"answer is longer than %d bytes",
			HTTP_HEAD_MAX);
		return IO_FAIL;
	}
	if (ws_check_response(bytes_of(in.p, n ? n : in.n), w->key,
			      w->subprotocol, e) < 0)
		return IO_FAIL;
	buf_consume(&w->in, n);
	buf_trim(&w->in);
	return IO_OK;
}

/* ----------------------------------------------------------------- reading */

static ssize_t recv_callback(uint8_t *p, size_t n, int flags UNUSED, void *ctx)
{
	struct ws *w = ctx;
	struct bytes in;

	if (buf_len(&w->in) == 0) {
		w->below = stream_read_buf(w->s.below, &w->in, WS_READ_AHEAD,
					   w->err);
		if (w->below != IO_OK)
			return -1;
	}
	w->below = IO_OK;
	in = buf_view(&w->in);
	if (n > in.n)
		n = in.n;
	memcpy(p, in.p, n);
	buf_consume(&w->in, n);
	return (ssize_t)n;
}

static int put_close(struct ws *w, unsigned int status)
{
	const uint8_t payload[] = { (uint8_t)(status >> 8),
				    (uint8_t)(status & 0xff) };

	if (w->is_close_sent)
		return 0;
	w->is_close_sent = true;
	return ws_put_frame(&w->out, WS_CLOSE,
			    bytes_of(payload, status == WS_STATUS_NONE
						      ? 0
						      : sizeof(payload)),
			    &w->masks);
}

static const char *status_text(unsigned int status)
{
	switch (status) {
	case 1002:
		return "protocol error";
	case 1003:
		return "unsupported data";
	case 1007:
		return "invalid payload";
	case 1008:
		return "policy violation";
	case 1009:
		return "message too big";
	case 1010:
		return "extension missing";
	case 1011:
		return "internal error";
	case 1012:
		return "service restart";
	case 1013:
		return "try again later";
	default:
		return "unknown reason";
	}
}

/* The answer is a courtesy; nobody waits for it to leave. */
static enum io take_close(struct ws *w)
{
	struct bytes got = bytes_of(w->control, w->control_n);
	unsigned int status = WS_STATUS_NONE;
	char shown[WS_CONTROL_MAX];

	if (got.n == 1)
		return fail_protocol(w, "a close frame with half a status");
	if (got.n)
		status = (unsigned int)got.p[0] << 8 | got.p[1];
	if (status < WSLAY_CODE_NORMAL_CLOSURE)
		return fail_protocol(w, "a close frame with a bad status");
	if (put_close(w, status) == 0)
		(void)stream_write_buf(w->s.below, &w->out, NULL);
	if (status == WS_STATUS_NONE || status == WSLAY_CODE_NORMAL_CLOSURE ||
	    status == WSLAY_CODE_GOING_AWAY)
		return IO_EOF;
	text_visible(shown, sizeof(shown), bytes_of(got.p + 2, got.n - 2));
	err_set(w->err, ERR_LOST, (int)status,
		"the server closed the "
		"WebSocket connection: %s (%u)%s%s",
		status_text(status), status, *shown ? ": " : "", shown);
	return IO_FAIL;
}

static enum io take_control(struct ws *w, uint8_t opcode)
{
	if (opcode == WSLAY_CONNECTION_CLOSE)
		return take_close(w);
	if (opcode == WSLAY_PING) {
		memcpy(w->pong, w->control, w->control_n);
		w->pong_n = w->control_n;
		w->is_pong_due = true;
	}
	return IO_OK;
}

static enum io check_frame(struct ws *w, const struct wslay_frame_iocb *f)
{
	if (f->mask)
		return fail_protocol(w, "a masked frame");
	if (f->rsv)
		return fail_protocol(w, "a frame of an extension");
	if (wslay_is_ctrl_frame(f->opcode))
		return IO_OK;
	if (f->payload_length > w->max_frame) {
		(void)put_close(w, WSLAY_CODE_MESSAGE_TOO_BIG);
		(void)stream_write_buf(w->s.below, &w->out, NULL);
		err_set(w->err, ERR_PROTOCOL, 0,
			"a WebSocket frame of %ju "
			"bytes came, at most %ju are accepted",
			(uintmax_t)f->payload_length, (uintmax_t)w->max_frame);
		return IO_FAIL;
	}
	if (f->opcode == WSLAY_TEXT_FRAME) /* [MQTT-6.0.0-1] */
		return fail_protocol(w, "a text frame, MQTT has binary ones");
	if (f->opcode !=
	    (w->is_in_message ? WSLAY_CONTINUATION_FRAME : WSLAY_BINARY_FRAME))
		return fail_protocol(w, "a frame of the wrong kind between "
					"others");
	return IO_OK;
}

/* What came of a frame: it may be the first, a middle or the last part. */
static enum io take_part(struct ws *w, const struct wslay_frame_iocb *f)
{
	bool is_control = wslay_is_ctrl_frame(f->opcode);
	enum io io = IO_OK;

	if (!w->is_in_frame) {
		io = check_frame(w, f);
		if (io != IO_OK)
			return io;
		w->is_in_frame = true;
		w->frame_left = f->payload_length;
		w->control_n = 0;
	}
	if (is_control) {
		memcpy(w->control + w->control_n, f->data, f->data_length);
		w->control_n += f->data_length;
	} else {
		w->chunk = bytes_of(f->data, f->data_length);
	}
	w->frame_left -= f->data_length;
	if (w->frame_left)
		return IO_OK;
	w->is_in_frame = false;
	if (is_control)
		return take_control(w, f->opcode);
	w->is_in_message = !f->fin;
	return IO_OK;
}

static enum io stopped(struct ws *w)
{
	w->is_drained = true;
	if (w->below != IO_EOF || (!w->is_in_frame && !w->is_in_message))
		return w->below;
	err_set(w->err, ERR_LOST, 0,
		"the connection ended in the middle of a "
		"WebSocket message");
	return IO_FAIL;
}

/* Reads until there is a chunk of payload, or nothing more to read. */
static enum io next_chunk(struct ws *w)
{
	while (!w->chunk.n) {
		struct wslay_frame_iocb f = { .fin = 0 };
		ssize_t n;
		enum io io;

		w->below = IO_WANT_READ;
		n = wslay_frame_recv(w->frames, &f);
		/* It also asks for more when the bytes it got were only
		 * the beginning of a frame's header. */
		if (n == WSLAY_ERR_WANT_READ && w->below == IO_OK)
			continue;
		if (n == WSLAY_ERR_WANT_READ)
			return stopped(w);
		if (n < 0)
			return fail_protocol(w, "a malformed frame");
		w->is_drained = false;
		io = take_part(w, &f);
		if (io != IO_OK)
			return io;
	}
	return IO_OK;
}

/* The end is told after the bytes in front of it. */
static enum io end_later(struct ws *w, enum io io)
{
	w->end = io;
	if (io == IO_FAIL && w->err) {
		w->end_err = malloc(sizeof(*w->end_err));
		if (w->end_err)
			*w->end_err = *w->err;
	}
	return IO_OK;
}

static enum io end_now(struct ws *w)
{
	if (w->end == IO_FAIL && w->err && w->end_err)
		*w->err = *w->end_err;
	else if (w->end == IO_FAIL)
		err_set(w->err, ERR_LOST, 0,
			"the WebSocket connection "
			"failed");
	return w->end;
}

/* Bytes to write go first: whoever waits for reading does not come back for
 * writing. */
static enum io idle(struct ws *w, enum io io)
{
	enum io out = IO_OK;

	if (buf_len(&w->out) || w->is_pong_due)
		out = flush(w);
	return out == IO_OK ? io : out;
}

static enum io ws_read(struct stream *s, void *p, size_t n, size_t *ret_n,
		       struct err *e)
{
	struct ws *w = self(s);
	size_t done = 0;
	enum io io = IO_OK;

	w->err = e;
	if (w->end != IO_OK)
		return end_now(w);
	while (done < n) {
		size_t part;

		io = next_chunk(w);
		if (io != IO_OK)
			break;
		part = w->chunk.n < n - done ? w->chunk.n : n - done;
		memcpy((uint8_t *)p + done, w->chunk.p, part);
		w->chunk = bytes_of(w->chunk.p + part, w->chunk.n - part);
		done += part;
	}
	buf_trim(&w->in);
	if (io == IO_EOF || io == IO_FAIL) {
		end_later(w, io);
		if (!done)
			return io;
	} else if (!done) {
		return idle(w, io);
	}
	if (w->is_pong_due)
		(void)flush(w); /* else the next call does it */
	*ret_n = done;
	return IO_OK;
}

/* wslay does not tell what it holds back: so as long as it has not asked in
 * vain, it may hold something. */
static bool ws_has_pending(const struct stream *s)
{
	const struct ws *w = CONTAINER_OF(s, const struct ws, s);

	return s->is_up && w->end == IO_OK && !w->is_drained;
}

/* ----------------------------------------------------------------- writing */

/* Bytes whose frame has not left yet are not reported as written: that is
 * how the caller knows that it has to come back. */
static enum io ws_write(struct stream *s, const void *p, size_t n,
			size_t *ret_n, struct err *e)
{
	struct ws *w = self(s);
	enum io io;

	w->err = e;
	if (w->is_close_sent) {
		err_set(e, ERR_LOST, 0,
			"the WebSocket connection has been "
			"closed");
		return IO_FAIL;
	}
	if (!w->pending_n) {
		if (n > WS_PAYLOAD_MAX)
			n = WS_PAYLOAD_MAX;
		if (ws_put_frame(&w->out, WS_BINARY, bytes_of(p, n),
				 &w->masks) < 0) {
			err_nomem(e);
			return IO_FAIL;
		}
		w->pending_n = n;
	}
	io = flush(w);
	if (io != IO_OK)
		return io;
	*ret_n = w->pending_n;
	w->pending_n = 0;
	return IO_OK;
}

static enum io ws_shutdown(struct stream *s, struct err *e)
{
	struct ws *w = self(s);

	w->err = e;
	if (!s->is_up)
		return IO_OK;
	if (put_close(w, WSLAY_CODE_NORMAL_CLOSURE) < 0) {
		err_nomem(e);
		return IO_FAIL;
	}
	return flush(w);
}

static void ws_free(struct stream *s)
{
	struct ws *w = self(s);

	if (w->frames)
		wslay_frame_context_free(w->frames);
	buf_wipe(&w->out); /* the request may not have left */
	buf_release(&w->in);
	free(w->end_err);
	free(w->subprotocol);
	free(w);
}

static const struct stream_ops ws_ops = {
	.name = "ws",
	.phase = "the WebSocket handshake",
	.failure = ERR_CONNECT,
	.step = ws_step,
	.read = ws_read,
	.write = ws_write,
	.has_pending = ws_has_pending,
	.shutdown = ws_shutdown,
	.free = ws_free,
};

/* ------------------------------------------------------------------ set-up */

static int make_key(struct ws *w)
{
	uint8_t random[WS_KEY_BYTES];
	struct buf text;
	int status = -1;

	buf_init(&text, WS_KEY_SIZE);
	if (getrandom(random, sizeof(random), 0) == sizeof(random) &&
	    text_base64(&text, bytes_of(random, sizeof(random))) == 0) {
		snprintf(w->key, sizeof(w->key), "%.*s", (int)buf_len(&text),
			 (const char *)buf_view(&text).p);
		status = 0;
	}
	buf_release(&text);
	return status;
}

static int set_up(struct ws *w, const struct ws_options *o,
		  const struct ws_peer *peer, struct err *e)
{
	const struct wslay_frame_callbacks callbacks = {
		.recv_callback = recv_callback,
	};

	buf_init(&w->in, WS_READ_AHEAD);
	buf_init(&w->out, WS_OUT_MAX);
	w->max_frame = o->max_frame ? o->max_frame : WS_FRAME_DEFAULT;
	w->subprotocol = strdup(o->subprotocol ? o->subprotocol : "mqtt");
	if (!w->subprotocol || make_key(w) < 0 ||
	    wslay_frame_context_init(&w->frames, &callbacks, w) != 0)
		return err_nomem(e);
	return ws_compose_request(&w->out, o, peer, w->key, e);
}

struct stream *ws_stream_new(struct stream *below, const struct ws_options *o,
			     const struct ws_peer *peer, struct err *e)
{
	struct ws *w = calloc(1, sizeof(*w));

	if (!w) {
		err_nomem(e);
		stream_free(below);
		return NULL;
	}
	w->s = (struct stream){ .ops = &ws_ops,
				.below = below,
				.fd = below->fd };
	if (set_up(w, o, peer, e) < 0) {
		stream_free(&w->s);
		return NULL;
	}
	return &w->s;
}
