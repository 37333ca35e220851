/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "bench/live.h"
#include "bench/report.h"

static const struct interval second = {
	.at = 3,
	.length = 1,
	.phase = RUN_MEASURE,
	.connected = 4,
	.sent = 1000,
	.delivered = 2000,
	.e2e_count = 2000,
	.e2e_p50 = 500000,
	.e2e_p99 = 900000,
	.e2e_max = 950000,
	.lag = { 1000, 40000, 60000 },
	.broker_cpu = -1,
};

/* What goes to the screen for one drawing. */
static const char *draw(struct live *l, const struct interval *i)
{
	static struct buf out;
	const char *text;

	buf_clear(&out);
	is_int(live_draw(l, i, &out), 0);
	text = buf_cstr(&out);
	return text ? text : "";
}

/* The longest line in columns, control sequences left out. */
static unsigned longest(const char *p)
{
	unsigned most = 0, now = 0;

	for (; *p; p++) {
		if (*p == '\033') {
			p += strcspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
			continue;
		}
		now = *p == '\n' || *p == '\r' ? 0 : now;
		if (*p != '\n' && *p != '\r' && ((uint8_t)*p & 0xc0) != 0x80)
			now++;
		most = now > most ? now : most;
	}
	return most;
}

static void a_title_drives_no_terminal(void)
{
	struct live l = { .title = "a\033[31m", .width = 80 };

	ok(strstr(draw(&l, &second), "a\\x1B[31m\n") != NULL);
	is_int(l.columns[0], 9);
}

static void the_course_is_drawn_with_what_there_is(void)
{
	struct live l = { .title = "small", .width = 80 };
	struct interval half = second;

	half.delivered = second.delivered / 2;
	(void)draw(&l, &second);
	ok(strstr(draw(&l, &half), "course   █▄\n") != NULL);
	l = (struct live){ .title = "small", .width = 80, .is_ascii = true };
	(void)draw(&l, &second);
	ok(strstr(draw(&l, &half), "course   @=\n") != NULL);
}

static void it_is_drawn_over_itself(void)
{
	struct live l = {
		.title = "small", .clients = 4, .length = 10, .width = 80
	};
	const char *text = draw(&l, &second);

	ok(strncmp(text, "\033[Ksmall\n", 9) == 0, "%s", text);
	ok(strstr(text, " 30 %, 0:07 left\n") != NULL, "%s", text);
	ok(strstr(text, "e2e p50 500 us  p99 900 us  max 950 us   ack p50 -"),
	   "%s", text);
	ok(strstr(text, "late p99 40.0 us  max 60.0 us "), "%s", text);
	text = draw(&l, &second);
	ok(strncmp(text, "\033[6A\r\033[Ksmall\n", 14) == 0, "%s", text);
}

/* Of 80 columns four lines have more than 36, and none more than 72. */
static void a_new_width_is_heeded(void)
{
	struct live l = {
		.title = "small", .clients = 4, .length = 10, .width = 80
	};
	const char *text;

	(void)draw(&l, &second);
	l.width = 36;
	text = draw(&l, &second);
	ok(strncmp(text, "\033[10A\r\033[J", 9) == 0,
	   "four of the six lines take two rows now: %.12s", text + 1);
	is_int(longest(text), 36, "%s", text);
	ok(strstr(text, "left\n") != NULL, "the bar gives way: %s", text);
	l.width = 30;
	text = draw(&l, &second);
	ok(strstr(text, "measure   30 %, ") != NULL, "nothing of it: %s", text);
	l.width = 200;
	text = draw(&l, &second);
	ok(strncmp(text, "\033[6A\r\033[J", 8) == 0, "%.12s", text + 1);
	ok(longest(text) < 80);
	l.width = 1;
	is_int(longest(draw(&l, &second)), 1);
}

static void nothing_is_no_time(void)
{
	struct interval none = { .at = -1,
				 .phase = RUN_CONNECT,
				 .broker_cpu = -1 };
	struct interval few = second;
	struct live l = { .title = "small", .width = 80 };
	struct buf out = { 0 };

	is_int(report_interval(&none, &out), 0);
	ok(strstr(buf_cstr(&out), "ack p50 - p99 - errors") != NULL, "%s",
	   buf_cstr(&out));
	buf_clear(&out);
	is_int(report_interval(&second, &out), 0);
	ok(strstr(buf_cstr(&out), "e2e p50 500 us p99 900 us ") != NULL, "%s",
	   buf_cstr(&out));
	buf_clear(&out);
	few.sent = 999; /* of which each came twice */
	is_int(report_interval(&few, &out), 0);
	ok(strstr(buf_cstr(&out), "e2e p50 500 us p99 - ") != NULL, "%s",
	   buf_cstr(&out));
	few.lag = (struct own_delay){ 999, 0, 60000 };
	ok(strstr(draw(&l, &few), "late p99 -  max 60.0 us "));
	few.lag = (struct own_delay){ 0 };
	ok(strstr(draw(&l, &few), "late p99 -  max - "));
	buf_release(&out);
}

TEST_MAIN(T(it_is_drawn_over_itself), T(a_title_drives_no_terminal),
	  T(the_course_is_drawn_with_what_there_is), T(a_new_width_is_heeded),
	  T(nothing_is_no_time))
