/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

enum {
	LOG_TEXT_MAX = 2048, /* longer texts are cut */
	LOG_LINE_MAX = LOG_TEXT_MAX + 128,
};

static const char *log_name = "";
static enum log_level log_level = LOG_ERROR;

void log_init(const char *name, enum log_level level)
{
	log_name = name;
	log_level = level;
}

enum log_level log_get_level(void)
{
	return log_level;
}

/* Normally one write, so that lines of several threads never mix. */
static void write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = write(STDERR_FILENO, p, n);

		if (done < 0 && errno != EINTR)
			return; /* there is nowhere left to say so */
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

void log_line(enum log_level level, const char *fmt, ...)
{
	int saved = errno;
	char text[LOG_TEXT_MAX], line[LOG_LINE_MAX];
	size_t n = 0;
	va_list ap;

	if (level > log_level)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (*log_name)
		n = (size_t)snprintf(line, 100, "%.90s: ", log_name);
	/* One byte is kept for the newline that takes the NUL's place. */
	text_visible(line + n, sizeof(line) - n - 1, bytes_str(text));
	n += strlen(line + n);
	line[n++] = '\n';
	write_all(line, n);
	errno = saved;
}
