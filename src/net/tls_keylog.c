/* SPDX-License-Identifier: MIT */
#include "net/tls_keylog.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"

/* Longest label, 32 bytes of random and 64 of secret in hexadecimal. */
enum { KEYLOG_LINE_MAX = 512 };

static int compose(struct buf *line, const char *label, struct bytes random,
		   struct bytes secret)
{
	if (buf_printf(line, "%s ", label) < 0 ||
	    text_hex(line, random, false) < 0 ||
	    buf_append_byte(line, ' ') < 0 || text_hex(line, secret, false) < 0)
		return -1;
	return buf_append_byte(line, '\n');
}

/* A connection does not fail because its secrets cannot be logged. */
static void keylog_write(struct tls_key_sink *sink, const char *label,
			 const uint8_t random[32], struct bytes secret)
{
	struct tls_keylog *k = CONTAINER_OF(sink, struct tls_keylog, sink);
	struct buf line;

	buf_init(&line, KEYLOG_LINE_MAX);
	if (compose(&line, label, bytes_of(random, 32), secret) == 0)
		(void)!write(k->fd, line.data, buf_len(&line));
	buf_wipe(&line);
}

int tls_keylog_open(struct tls_keylog *k, const char *path, struct err *e)
{
	k->sink.log = keylog_write;
	k->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (k->fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot open key log '%s'", path);
	return 0;
}

void tls_keylog_close(struct tls_keylog *k)
{
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
}
