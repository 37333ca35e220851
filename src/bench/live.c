/* SPDX-License-Identifier: MIT */
#include "bench/live.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "bench/judge.h"
#include "bench/metric.h"

#define BAR 30
#define AROUND_BAR 30
#define LINE_MAX_BYTES 512

/* A line is cut at the width; characters of several bytes are one column. The
 * rest of the old one is erased first: behind the last column the cursor
 * stands on it. */
static int put_line(struct live *l, const char *text, struct buf *out)
{
	size_t n = 0;
	unsigned columns = 0;

	for (; text[n]; n++) {
		if (((uint8_t)text[n] & 0xc0) == 0x80)
			continue;
		if (columns == l->width)
			break;
		columns++;
	}
	if (l->lines < LIVE_LINES)
		l->columns[l->lines++] = columns;
	return buf_append_str(out, "\033[K") |
	       buf_append(out, bytes_of(text, n)) | buf_append_byte(out, '\n');
}

static const char *time_text(char dst[32], double seconds)
{
	unsigned s = seconds > 0 ? (unsigned)(seconds + 0.5) : 0;

	if (s >= 3600)
		snprintf(dst, 32, "%u:%02u:%02u", s / 3600, s / 60 % 60,
			 s % 60);
	else
		snprintf(dst, 32, "%u:%02u", s / 60, s % 60);
	return dst;
}

/* What stands around the bar is worth more than it. */
static int bar_length(unsigned width)
{
	if (width >= BAR + AROUND_BAR)
		return BAR;
	return width > AROUND_BAR ? (int)width - AROUND_BAR : 0;
}

static void put_bar(char dst[BAR + 4], int length, double share)
{
	char *p = dst;

	if (length > 0) {
		*p++ = '[';
		for (int k = 0; k < length; k++)
			*p++ = k < (int)(share * length) ? '#' : '-';
		*p++ = ']';
		*p++ = ' ';
	}
	*p = '\0';
}

/* "measure  [########------]  41 %, 0:18 left" */
static int put_phase(struct live *l, const struct interval *i, struct buf *out)
{
	char line[LINE_MAX_BYTES], bar[BAR + 4], gone[32], left[32];
	bool is_connecting = i->phase == RUN_CONNECT || i->at < 0;
	double share = 0;

	if (is_connecting && l->clients)
		share = (double)i->connected / (double)l->clients;
	else if (l->length > 0)
		share = i->at / l->length;
	if (share > 1 || i->phase == RUN_DRAIN || i->phase == RUN_OVER)
		share = 1;
	put_bar(bar, bar_length(l->width), share);
	if (is_connecting)
		snprintf(line, sizeof(line), "%-8s %s%3.0f %%",
			 run_phase_name(i->phase), bar, share * 100);
	else if (l->length <= 0)
		snprintf(line, sizeof(line), "%-8s %s, until interrupted",
			 run_phase_name(i->phase), time_text(gone, i->at));
	else
		snprintf(line, sizeof(line), "%-8s %s%3.0f %%, %s left",
			 run_phase_name(i->phase), bar, share * 100,
			 time_text(left, l->length - i->at));
	return put_line(l, line, out);
}

static double per_second(uint64_t n, const struct interval *i)
{
	return i->length > 0 ? (double)n / i->length : 0;
}

static int put_traffic(struct live *l, const struct interval *i,
		       struct buf *out)
{
	char line[LINE_MAX_BYTES], in[32], received[32];

	snprintf(line, sizeof(line),
		 "clients  %" PRIu64 " of %" PRIu64
		 "   in %s   out %s   errors %" PRIu64,
		 i->connected, l->clients,
		 metric_format(in, sizeof(in), UNIT_PER_SECOND,
			       per_second(i->sent, i)),
		 metric_format(received, sizeof(received), UNIT_PER_SECOND,
			       per_second(i->delivered, i)),
		 l->errors);
	return put_line(l, line, out);
}

static const char *time_of(char dst[32], bool is_known, uint64_t ns)
{
	if (!is_known)
		return "-";
	return metric_format(dst, 32, UNIT_NS, (double)ns);
}

static int put_latency(struct live *l, const struct interval *i,
		       struct buf *out)
{
	char line[LINE_MAX_BYTES], a[32], b[32], c[32], d[32], e[32];

	snprintf(line, sizeof(line),
		 "latency  e2e p50 %s  p99 %s  max %s   "
		 "ack p50 %s  p99 %s",
		 time_of(a, judge_interval_has(i, true, 50), i->e2e_p50),
		 time_of(b, judge_interval_has(i, true, 99), i->e2e_p99),
		 time_of(c, i->e2e_count, i->e2e_max),
		 time_of(d, judge_interval_has(i, false, 50), i->ack_p50),
		 time_of(e, judge_interval_has(i, false, 99), i->ack_p99));
	return put_line(l, line, out);
}

static int put_health(struct live *l, const struct interval *i, struct buf *out)
{
	char line[LINE_MAX_BYTES], p99[32], max[32], memory[32];
	char broker[64] = "", m[32];

	if (i->broker_cpu >= 0)
		snprintf(broker, sizeof(broker), "   broker %.0f %%, %s",
			 i->broker_cpu * 100,
			 metric_format(m, sizeof(m), UNIT_BYTES,
				       (double)i->broker_memory));
	snprintf(line, sizeof(line),
		 "machine  late p99 %s  max %s   %.0f %%, %s%s",
		 time_of(p99, i->lag.p99, i->lag.p99),
		 time_of(max, i->lag.count, i->lag.max), i->cpu * 100,
		 metric_format(memory, sizeof(memory), UNIT_BYTES,
			       (double)i->memory),
		 broker);
	return put_line(l, line, out);
}

/* The last minute of messages per second, the highest as a full block. */
static int put_course(struct live *l, struct buf *out)
{
	static const char *const blocks[2][9] = {
		{ " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" },
		{ " ", ".", ":", "-", "=", "+", "*", "#", "@" }
	};
	char line[LINE_MAX_BYTES] = "course   ";
	size_t n = strlen(line);
	double most = 0;

	for (unsigned k = 0; k < l->count; k++)
		if (l->history[k] > most)
			most = l->history[k];
	for (unsigned k = 0; k < l->count; k++)
		n += (size_t)snprintf(
			line + n, sizeof(line) - n, "%s",
			blocks[l->is_ascii]
			      [most > 0 ? (int)(l->history[k] / most * 8) : 0]);
	return put_line(l, line, out);
}

static void remember(struct live *l, double rate)
{
	if (l->count == LIVE_HISTORY) {
		memmove(l->history, l->history + 1,
			(LIVE_HISTORY - 1) * sizeof(l->history[0]));
		l->count--;
	}
	l->history[l->count++] = rate;
}

/* Rows that line breaks have made of the lines since. */
static unsigned count_rows(const struct live *l)
{
	unsigned rows = l->lines;

	for (unsigned k = 0; k < l->lines; k++)
		if (l->columns[k] > l->width)
			rows += (l->columns[k] - 1) / l->width;
	return rows;
}

static int go_up(struct live *l, struct buf *out)
{
	int r = l->lines ? buf_printf(out, "\033[%uA\r", count_rows(l)) : 0;

	if (l->lines && l->width != l->drawn_width)
		r |= buf_append_str(out, "\033[J");
	l->lines = 0;
	l->drawn_width = l->width;
	return r;
}

int live_draw(struct live *l, const struct interval *i, struct buf *out)
{
	uint64_t most = i->delivered > i->sent ? i->delivered : i->sent;
	char title[LINE_MAX_BYTES];

	text_visible(title, sizeof(title), bytes_str(l->title));
	l->errors += i->errors;
	remember(l, per_second(most, i));
	return go_up(l, out) | put_line(l, title, out) | put_phase(l, i, out) |
	       put_traffic(l, i, out) | put_latency(l, i, out) |
	       put_health(l, i, out) | put_course(l, out);
}

int live_erase(struct live *l, struct buf *out)
{
	return l->lines ? go_up(l, out) | buf_append_str(out, "\033[J") : 0;
}
