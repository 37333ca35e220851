/* SPDX-License-Identifier: MIT */
#include "tools/ack_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/parse.h"
#include "base/text.h"

enum { LINE_LIMIT = 64, CHUNK = 4096 };

static void on_ready(struct watch *w, uint32_t events);

void ack_input_init(struct ack_input *a, void (*on_change)(void *ctx),
		    void *ctx)
{
	*a = (struct ack_input){ .first = 1,
				 .ctx = ctx,
				 .on_change = on_change };
	a->watch.fd = -1;
	a->watch.on_ready = on_ready;
}

void ack_input_release(struct ack_input *a)
{
	buf_release(&a->line);
	buf_release(&a->done);
}

int ack_input_attach(struct ack_input *a, struct client *c, int fd,
		     struct err *e)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return err_sys(e, ERR_LOCAL,
			       "cannot read numbers from descriptor %d", fd);
	a->client = c;
	if (loop_watch(client_loop(c), &a->watch, fd, EPOLLIN, e) < 0)
		return err_prefix(e, "cannot read numbers from descriptor %d",
				  fd);
	a->is_open = true;
	return 0;
}

void ack_input_detach(struct ack_input *a)
{
	if (a->is_open)
		loop_unwatch(client_loop(a->client), &a->watch);
	a->is_open = false;
}

/* All at the front that are done. */
static void acknowledge(struct ack_input *a)
{
	struct bytes done = buf_view(&a->done);
	size_t n = 0;

	while (n < done.n && done.p[n])
		n++;
	if (!n)
		return;
	a->first += n;
	buf_consume(&a->done, n);
	client_acknowledge(a->client, a->first - 1);
}

int ack_input_add(struct ack_input *a, uint64_t delivery, bool is_done)
{
	/* Nobody has seen the numbers in between. */
	while (a->first + buf_len(&a->done) < delivery)
		if (buf_append_byte(&a->done, true))
			return -1;
	if (buf_append_byte(&a->done, is_done))
		return -1;
	if (is_done)
		acknowledge(a);
	else
		atomic_fetch_add(&a->open, 1);
	return 0;
}

size_t ack_input_open(const struct ack_input *a)
{
	return atomic_load(&a->open);
}

static void note_done(struct ack_input *a, uint64_t number)
{
	uint8_t *done;

	if (number < a->first)
		return;
	done = a->done.data + a->done.start + (number - a->first);
	if (!*done)
		atomic_fetch_sub(&a->open, 1);
	*done = 1;
}

static void take_line(struct ack_input *a, struct bytes line)
{
	uint64_t last = a->first + buf_len(&a->done), n;
	char text[LINE_LIMIT];

	text_visible(text, sizeof(text), line);
	if (line.n >= LINE_LIMIT || parse_uint(text, 1, UINT64_MAX, &n, NULL) ||
	    n >= last) {
		log_line(LOG_WARN, "'%s' is not the number of a message", text);
		return;
	}
	note_done(a, n);
}

static void take_lines(struct ack_input *a)
{
	struct bytes all = buf_view(&a->line);
	size_t used = 0;
	const uint8_t *lf;

	while (all.n > used &&
	       (lf = memchr(all.p + used, '\n', all.n - used)) != NULL) {
		size_t end = (size_t)(lf - all.p);

		take_line(a, bytes_of(all.p + used, end - used));
		used = end + 1;
	}
	buf_consume(&a->line, used);
	/* What cannot become a number any more stays too long for one. */
	if (buf_len(&a->line) > LINE_LIMIT)
		buf_truncate(&a->line, LINE_LIMIT);
	acknowledge(a);
}

static void on_ready(struct watch *w, uint32_t events)
{
	struct ack_input *a = CONTAINER_OF(w, struct ack_input, watch);
	uint8_t *room = buf_reserve(&a->line, CHUNK);
	ssize_t n = room ? read(w->fd, room, CHUNK) : 0;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		buf_commit(&a->line, (size_t)n);
		take_lines(a);
	} else {
		ack_input_detach(a);
	}
	a->on_change(a->ctx);
}
