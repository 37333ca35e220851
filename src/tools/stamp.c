/* SPDX-License-Identifier: MIT */
#include "tools/stamp.h"

#include <time.h>

#include "base/clock.h"

/* Called through a pointer because the format comes from the user and is
 * checked by format_parse.c, where the compiler wants a literal. */
static size_t (*const make_text)(char *, size_t, const char *,
				 const struct tm *) = strftime;

void stamp_init(struct stamp *s, const char *format, bool is_utc)
{
	s->format = format;
	s->is_utc = is_utc;
	s->is_valid = false;
	s->sec = 0;
	s->len = 0;
}

static void refresh(struct stamp *s, uint64_t sec)
{
	time_t t = (time_t)sec;
	struct tm tm = { 0 };

	s->sec = sec;
	s->is_valid = true;
	s->len = 0;
	if (s->is_utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm))
		s->len = make_text(s->text, sizeof(s->text), s->format, &tm);
}

struct bytes stamp_text(struct stamp *s, uint64_t ns)
{
	uint64_t sec = ns / CLOCK_SEC;

	if (!s->is_valid || sec != s->sec)
		refresh(s, sec);
	return bytes_of(s->text, s->len);
}
