/* SPDX-License-Identifier: MIT */
#include "tools/pub_input.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "mqtt/types.h"

#define BLOCK ((size_t)256 * 1024)
/* Storage above this was for a long record and is given back after it. */
#define KEEP ((size_t)1024 * 1024)

struct pub_input {
	enum pub_source source;
	const char *name;
	struct bytes message; /* of the argument */
	struct buf buf;
	size_t used;    /* bytes in front that the caller has as records */
	size_t scanned; /* bytes after those without a line feed */
	uint64_t lines; /* handed out so far */
	uint64_t base;  /* bytes of the input before those in buf */
	struct pub_input_reader reader;
	int fd;
	bool owns_fd;
	bool is_plain; /* a regular file, never waits */
	bool at_end;
	bool is_cut;  /* the end is where we stopped to read */
	bool is_done; /* the last record is out */
	bool is_bad;  /* the next record is not the text it should be */
	bool check_utf8;
};

static int set_fd(struct pub_input *in, int fd, struct err *e)
{
	struct stat st;

	in->fd = fd;
	if (fstat(fd, &st) < 0)
		return err_sys(e, ERR_LOCAL, "cannot read '%s'", in->name);
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return err_sys(e, ERR_LOCAL, "cannot read '%s'", in->name);
	}
	in->is_plain = S_ISREG(st.st_mode) || S_ISBLK(st.st_mode);
	/* A regular file's size spares the doubling; the byte more finds its
	 * end. It may still grow, and says 0 in /proc. */
	if (in->source != PUB_LINES && in->is_plain && st.st_size > 0 &&
	    (uint64_t)st.st_size < MQTT_VARINT_MAX &&
	    !buf_reserve(&in->buf, (size_t)st.st_size + 1))
		return err_nomem(e);
	return 0;
}

static int open_source(struct pub_input *in, const struct pub_settings *pub,
		       struct err *e)
{
	int fd;

	in->name = "stdin";
	if (pub->source == PUB_STDIN || pub->source == PUB_LINES)
		return set_fd(in, STDIN_FILENO, e);
	if (pub->source != PUB_FILE)
		return 0;
	in->name = pub->file;
	/* Opening a FIFO must not wait for its writer; poll does. */
	fd = open(pub->file, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot open '%s'", pub->file);
	in->owns_fd = true;
	return set_fd(in, fd, e);
}

struct pub_input *pub_input_new(const struct pub_settings *pub, struct err *e)
{
	struct pub_input *in = calloc(1, sizeof(*in));

	if (!in) {
		err_nomem(e);
		return NULL;
	}
	in->source = pub->source;
	in->message = pub->message;
	in->check_utf8 = pub->check_utf8;
	in->fd = -1;
	buf_init(&in->buf, MQTT_VARINT_MAX);
	if (open_source(in, pub, e)) {
		pub_input_free(in);
		return NULL;
	}
	return in;
}

void pub_input_free(struct pub_input *in)
{
	if (!in)
		return;
	if (in->owns_fd)
		close(in->fd);
	buf_release(&in->buf);
	free(in);
}

void pub_input_stop(struct pub_input *in)
{
	if (!in || in->at_end)
		return;
	in->at_end = true;
	in->is_cut = true;
}

void pub_input_forget(struct pub_input *in)
{
	pub_input_stop(in);
	if (!in)
		return;
	buf_release(&in->buf);
	in->used = in->scanned = 0;
}

int pub_input_fd(const struct pub_input *in)
{
	return in->fd;
}

/* Somebody else may read the same pipe or terminal, so this asks first;
 * between the two calls it can still be outrun. */
static bool is_readable(const struct pub_input *in)
{
	struct pollfd p = { .fd = in->fd, .events = POLLIN };

	return in->is_plain || poll(&p, 1, 0) != 0;
}

static enum pub_input_state too_long(const struct pub_input *in, struct err *e)
{
	if (in->source == PUB_LINES)
		err_set(e, ERR_LOCAL, 0,
			"line %ju of %s is longer than MQTT can carry (%u bytes)",
			(uintmax_t)in->lines + 1, in->name, MQTT_VARINT_MAX);
	else
		err_set(e, ERR_LOCAL, 0,
			"'%s' is longer than MQTT can carry (%u bytes)",
			in->name, MQTT_VARINT_MAX);
	return PUB_INPUT_FAIL;
}

/* One read. GOT: there are more bytes, or the end has been found. */
static enum pub_input_state fill(struct pub_input *in, struct err *e)
{
	size_t room = buf_room(&in->buf);
	uint8_t *dst;
	ssize_t n;

	if (!is_readable(in))
		return PUB_INPUT_WAIT;
	/* More at once would touch memory that a long line needs no more. */
	if (room < BLOCK / 2 || in->source == PUB_LINES)
		room = BLOCK;
	if (room > MQTT_VARINT_MAX - buf_len(&in->buf))
		room = MQTT_VARINT_MAX - buf_len(&in->buf);
	if (!room)
		return too_long(in, e);
	dst = buf_reserve(&in->buf, room);
	if (!dst) {
		err_nomem(e);
		return PUB_INPUT_FAIL;
	}
	do
		n = read(in->fd, dst, room);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return PUB_INPUT_WAIT;
	if (n < 0) {
		err_sys(e, ERR_LOCAL, "cannot read '%s'", in->name);
		return PUB_INPUT_FAIL;
	}
	in->at_end = n == 0;
	buf_commit(&in->buf, (size_t)n);
	return PUB_INPUT_GOT;
}

static enum pub_input_state refill(struct pub_input *in, struct err *e)
{
	size_t before = buf_len(&in->buf);
	enum pub_input_state s;

	if (!in->reader.fill)
		return fill(in, e);
	if (before >= MQTT_VARINT_MAX)
		return too_long(in, e);
	s = in->reader.fill(in->reader.ctx, &in->buf, e);
	in->at_end = s == PUB_INPUT_GOT && buf_len(&in->buf) == before;
	return s;
}

int pub_input_set_reader(struct pub_input *in, const struct pub_input_reader *r,
			 struct bytes before, struct err *e)
{
	in->reader = *r;
	return buf_append(&in->buf, before) < 0 ? err_nomem(e) : 0;
}

int pub_input_skip(struct pub_input *in, uint64_t offset, uint64_t records,
		   bool seek, struct err *e)
{
	if (seek && lseek(in->fd, (off_t)offset, SEEK_SET) < 0)
		return err_sys(e, ERR_LOCAL, "cannot go to byte %ju of '%s'",
			       (uintmax_t)offset, in->name);
	in->base = offset;
	in->lines = records;
	return 0;
}

uint64_t pub_input_offset(const struct pub_input *in, const struct publish *m)
{
	struct bytes all = buf_view(&in->buf);
	size_t end = (size_t)(m->payload.p + m->payload.n - all.p);

	return in->base + end + (end < all.n);
}

struct bytes pub_input_rest(const struct pub_input *in)
{
	struct bytes all = buf_view(&in->buf);

	return bytes_of(all.p + in->used, all.n - in->used);
}

static enum pub_input_state whole(struct pub_input *in, struct publish *message,
				  struct err *e)
{
	enum pub_input_state s = PUB_INPUT_GOT;

	while (!in->at_end && s == PUB_INPUT_GOT)
		s = fill(in, e);
	if (s != PUB_INPUT_GOT)
		return s;
	in->is_done = true;
	message->payload = buf_view(&in->buf);
	if (message->payload.n || in->source == PUB_FILE)
		return PUB_INPUT_GOT;
	/* Most likely a command before us failed; and with --retain it would
	 * delete what is retained. */
	err_set(e, ERR_LOCAL, 0,
		"stdin is empty: use --null-message (-n) to send an empty message");
	return PUB_INPUT_FAIL;
}

/* Lines that are in the buffer. */
static size_t split(struct pub_input *in, struct publish *messages, size_t max)
{
	struct bytes all = buf_view(&in->buf);
	const uint8_t *p, *from, *end, *lf;
	size_t count = 0;

	if (!all.n)
		return 0;
	p = all.p + in->used;
	from = p + in->scanned;
	end = all.p + all.n;
	while (count < max) {
		lf = memchr(from, '\n', (size_t)(end - from));
		if (!lf) {
			in->used = (size_t)(p - all.p);
			in->scanned = (size_t)(end - p);
			return count;
		}
		messages[count++].payload = bytes_of(p, (size_t)(lf - p));
		p = from = lf + 1;
	}
	in->used = (size_t)(p - all.p);
	in->scanned = 0;
	return count;
}

/* The bytes after the last line feed of the input. */
static size_t last_line(struct pub_input *in, struct publish *message)
{
	struct bytes all = buf_view(&in->buf);

	in->is_done = true;
	if (in->used == all.n || in->is_cut)
		return 0;
	message->payload = bytes_of(all.p + in->used, all.n - in->used);
	return 1;
}

/* The records of the call before are not needed any more. */
static void drop_used(struct pub_input *in)
{
	bool was_long = in->used > KEEP;

	buf_consume(&in->buf, in->used);
	in->base += in->used;
	in->used = 0;
	/* The next long line takes the place of this one. */
	if (was_long)
		buf_compact(&in->buf);
	if (in->buf.cap > KEEP)
		buf_trim(&in->buf);
}

static enum pub_input_state lines(struct pub_input *in,
				  struct publish *messages, size_t max,
				  size_t *ret_count, struct err *e)
{
	size_t count = split(in, messages, max);

	while (!count) {
		enum pub_input_state s;

		drop_used(in);
		if (in->at_end) {
			count = last_line(in, messages);
			if (!count)
				return PUB_INPUT_END;
			break;
		}
		s = refill(in, e);
		if (s != PUB_INPUT_GOT)
			return s;
		count = split(in, messages, max);
	}
	*ret_count = count;
	return PUB_INPUT_GOT;
}

static enum pub_input_state one(struct pub_input *in, struct publish *message,
				struct err *e)
{
	if (in->fd >= 0)
		return whole(in, message, e);
	in->is_done = true;
	message->payload = in->message;
	return PUB_INPUT_GOT;
}

static enum pub_input_state not_utf8(const struct pub_input *in, struct err *e)
{
	if (in->source == PUB_LINES)
		err_set(e, ERR_LOCAL, 0,
			"line %ju of %s is not UTF-8, as the payload format says",
			(uintmax_t)in->lines + 1, in->name);
	else
		err_set(e, ERR_LOCAL, 0,
			"payload is not UTF-8, as its format says");
	return PUB_INPUT_FAIL;
}

/* How many records there are before the first that is not text. */
static size_t count_text(const struct publish *messages, size_t count)
{
	size_t i = 0;

	while (i < count && text_is_utf8(messages[i].payload))
		i++;
	return i;
}

enum pub_input_state pub_input_next(struct pub_input *in,
				    struct publish *messages, size_t max,
				    size_t *ret_count, struct err *e)
{
	enum pub_input_state s;
	size_t count = 1;

	if (in->is_bad)
		return not_utf8(in, e);
	if (in->is_done)
		return PUB_INPUT_END;
	if (in->source == PUB_LINES)
		s = lines(in, messages, max, &count, e);
	else
		s = one(in, messages, e);
	if (s != PUB_INPUT_GOT)
		return s;
	if (in->check_utf8) {
		size_t good = count_text(messages, count);

		/* Those before it are still sent. */
		in->is_bad = good < count;
		count = good;
	}
	if (!count)
		return not_utf8(in, e);
	in->lines += count;
	*ret_count = count;
	return PUB_INPUT_GOT;
}
