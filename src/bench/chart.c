/* SPDX-License-Identifier: MIT */
#include "bench/chart.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The drawing's own units, of which text is 12 high. */
#define WIDTH 640.0
#define HEIGHT 270.0
#define LEFT 68.0
#define RIGHT (WIDTH - 14)
#define TOP 34.0
#define BOTTOM (HEIGHT - 34)

#define LOG_FROM 30.0 /* greatest to least value: a logarithmic axis */
#define READOUTS 200  /* places where values can be read off, at most */
#define TICKS 5
#define NEXT_LABEL 52 /* for two of them not to touch */

struct scale {
	double x_min, x_max, y_min, y_max; /* y: logarithms when is_log */
	bool is_log;
};

struct drawing {
	const struct chart *c;
	struct html *h;
	struct scale s;
};

double chart_percentile_place(double p)
{
	return -log10(1 - fmin(p, 99.9999999) / 100);
}

static double place(const struct chart *c, double x)
{
	return c->axis == CHART_PERCENTILES ? chart_percentile_place(x) : x;
}

static double to_x(const struct drawing *d, double x)
{
	double share = (place(d->c, x) - d->s.x_min) /
		       (d->s.x_max - d->s.x_min);

	return LEFT + fmax(0, fmin(1, share)) * (RIGHT - LEFT);
}

static double to_y(const struct drawing *d, double y)
{
	double share;

	if (d->s.is_log)
		y = log10(fmax(y, 1e-9));
	share = (y - d->s.y_min) / (d->s.y_max - d->s.y_min);
	return BOTTOM - fmax(0, fmin(1, share)) * (BOTTOM - TOP);
}

/* ------------------------------------------------------------------ numbers */

/* "1.00 ms" as "1 ms": round numbers stand at axes. */
static const char *tick_text(char dst[32], enum metric_unit unit, double v)
{
	char *dot, *end;

	metric_format(dst, 32, unit, v);
	dot = strchr(dst, '.');
	if (!dot)
		return dst;
	end = dot + 1 + strspn(dot + 1, "0123456789");
	while (end[-1] == '0') {
		memmove(end - 1, end, strlen(end) + 1);
		end--;
	}
	if (end[-1] == '.')
		memmove(end - 1, end, strlen(end) + 1);
	return dst;
}

/* 1, 2 or 5 times a power of ten, at least v. */
static double round_up(double v)
{
	double power = pow(10, floor(log10(v)));
	double digit = v / power;

	return power * (digit <= 1.0001   ? 1
			: digit <= 2.0001 ? 2
			: digit <= 5.0001 ? 5
					  : 10);
}

/* Steps of an axis; bytes have powers of two. */
static double step_of(double span, enum metric_unit unit)
{
	double base = 1;

	if (span <= 0)
		return 1;
	while (unit == UNIT_BYTES && span / base > 1024)
		base *= 1024;
	return base * round_up(span / base / TICKS);
}

static double seconds_step(double span)
{
	static const double steps[] = { 0.1,  0.2,  0.5,   1,     2,
					5,    10,   15,    30,    60,
					120,  300,  600,   900,   1800,
					3600, 7200, 14400, 43200, 86400 };
	size_t i = 0;

	while (i + 1 < ARRAY_SIZE(steps) && span / steps[i] > 8)
		i++;
	return steps[i];
}

static const char *seconds_text(char dst[32], double v, double step)
{
	if (fabs(v) < step / 2)
		snprintf(dst, 32, "0");
	else if (step >= 3600)
		snprintf(dst, 32, "%g h", v / 3600);
	else if (step >= 60)
		snprintf(dst, 32, "%g min", v / 60);
	else
		snprintf(dst, 32, "%g s", v);
	return dst;
}

/* ------------------------------------------------------------------- scales */

static double low_of(const struct chart_series *s, size_t i)
{
	return s->low ? s->low[i] : s->y[i];
}

static double high_of(const struct chart_series *s, size_t i)
{
	return s->high ? s->high[i] : s->y[i];
}

static void find_extremes(const struct chart *c, double *least, double *most)
{
	const struct chart_series *s = c->series;

	*least = HUGE_VAL;
	*most = c->limit;
	for (size_t n = 0; n < c->series_count; n++, s++) {
		for (size_t i = 0; i < c->count; i++) {
			if (isnan(s->y[i]))
				continue;
			*most = fmax(*most, high_of(s, i));
			if (low_of(s, i) > 0)
				*least = fmin(*least, low_of(s, i));
		}
	}
}

static bool make_scale(const struct chart *c, struct scale *s)
{
	double least, most, step;

	find_extremes(c, &least, &most);
	if (c->count < 2 || !isfinite(most))
		return false;
	s->x_min = place(c, c->x[0]);
	s->x_max = place(c, c->x[c->count - 1]);
	if (c->end > c->begin) {
		s->x_min = c->begin;
		s->x_max = c->end;
	}
	s->is_log = c->may_be_log && most > LOG_FROM * least;
	if (s->is_log) {
		s->y_min = floor(log10(least));
		s->y_max = log10(round_up(most));
	} else {
		step = step_of(most > 0 ? most : 1, c->unit);
		s->y_min = 0;
		s->y_max = ceil((most > 0 ? most : 1) / step - 1e-6) * step;
	}
	return s->x_max > s->x_min;
}

/* --------------------------------------------------------------------- axes */

static void draw_y_tick(struct drawing *d, double v)
{
	double y = to_y(d, v);
	char text[32];

	html_putf(d->h,
		  "<path class=g d=\"M%.0f %.1fH%.0f\"/>"
		  "<text x=\"%.0f\" y=\"%.1f\" class=e>%s</text>",
		  LEFT, y, RIGHT, LEFT - 7, y + 4,
		  tick_text(text, d->c->unit, v));
}

static void draw_y_axis(struct drawing *d)
{
	static const double between[] = { 2, 5 };
	double step = step_of(d->s.y_max, d->c->unit);

	if (!d->s.is_log) {
		for (int i = 0; i * step <= d->s.y_max * 1.001; i++)
			draw_y_tick(d, i * step);
		return;
	}
	for (int e = (int)d->s.y_min; e <= d->s.y_max + 1e-9; e++) {
		draw_y_tick(d, pow(10, e));
		for (size_t i = 0; i < 2 && d->s.y_max - d->s.y_min < 2.5; i++)
			if (e + log10(between[i]) <= d->s.y_max + 1e-9)
				draw_y_tick(d, between[i] * pow(10, e));
	}
}

static void draw_x_tick(struct drawing *d, double v, const char *text)
{
	double x = to_x(d, v);
	double half = 3.5 * (double)strlen(text);

	html_putf(d->h,
		  "<path class=g d=\"M%.1f %.0fV%.0f\"/>"
		  "<text x=\"%.1f\" y=\"%.0f\" class=m>%s</text>",
		  x, TOP, BOTTOM, fmin(x, WIDTH - half), BOTTOM + 18, text);
}

static void draw_x_axis(struct drawing *d)
{
	static const double shown[] = { 0,    50,    90,     99,
					99.9, 99.99, 99.999, 99.9999 };
	double step = seconds_step(d->s.x_max - d->s.x_min);
	char text[32];

	if (d->c->axis == CHART_SECONDS) {
		for (long i = (long)ceil(d->s.x_min / step - 1e-6);
		     (double)i <= d->s.x_max / step + 1e-6; i++)
			draw_x_tick(d, (double)i * step,
				    seconds_text(text, (double)i * step, step));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		if (chart_percentile_place(shown[i]) > d->s.x_max + 1e-6)
			break;
		if (i == 0 && to_x(d, shown[1]) - LEFT < NEXT_LABEL)
			continue;
		snprintf(text, sizeof(text), "%g %%", shown[i]);
		draw_x_tick(d, shown[i], text);
	}
}

/* What stands behind the lines. */
static void draw_bands(struct drawing *d)
{
	const struct chart_band *b = d->c->bands;

	for (size_t i = 0; i < d->c->band_count; i++, b++) {
		double from = to_x(d, b->from), to = to_x(d, b->to);

		if (to - from < 0.5)
			continue;
		if (b->is_shaded)
			html_putf(d->h,
				  "<rect class=b x=\"%.1f\" y=\"%.0f\" "
				  "width=\"%.1f\" height=\"%.0f\"/>",
				  from, TOP, to - from, BOTTOM - TOP);
		if (to - from < 7.0 * (double)strlen(b->name))
			continue;
		html_putf(d->h, "<text class=p x=\"%.1f\" y=\"%.0f\">",
			  (from + to) / 2, TOP - 5);
		html_text(d->h, b->name);
		html_put(d->h, "</text>");
	}
}

/* -------------------------------------------------------------------- lines */

/* Is there nothing between a stretch and the one before? */
static bool follows(const struct chart *c, size_t i)
{
	return !c->from ||
	       c->from[i] - c->x[i - 1] < (c->x[i] - c->from[i]) / 2;
}

static double left_of(const struct drawing *d, size_t i)
{
	return to_x(d, d->c->from ? d->c->from[i] : d->c->x[i]);
}

static void draw_line(struct drawing *d, const struct chart_series *s)
{
	const struct chart *c = d->c;
	bool is_open = false;

	html_putf(d->h, "<path class=\"l s%u%s\" d=\"", s->color,
		  s->is_dashed ? " d" : "");
	for (size_t i = 0; i < c->count; i++) {
		is_open = is_open && follows(c, i);
		if (!isnan(s->y[i]))
			html_putf(d->h, "%c%.1f %.1f", is_open ? 'L' : 'M',
				  left_of(d, i), to_y(d, s->y[i]));
		if (!isnan(s->y[i]) && c->from)
			html_putf(d->h, "H%.1f", to_x(d, c->x[i]));
		is_open = !isnan(s->y[i]);
	}
	html_put(d->h, "\"/>");
}

/* The points that follow each other from one on: where they end. */
static size_t end_of_run(const struct chart *c, const struct chart_series *s,
			 size_t i)
{
	for (i++; i < c->count && !isnan(s->y[i]) && follows(c, i);)
		i++;
	return i;
}

/* Between the least and the greatest values, as steps: there along the one and
 * back along the other. */
static void draw_range(struct drawing *d, const struct chart_series *s)
{
	const struct chart *c = d->c;
	size_t end;

	if (!s->low || !s->high)
		return;
	html_putf(d->h, "<path class=\"w s%u\" d=\"", s->color);
	for (size_t i = 0; i < c->count; i = end) {
		end = i + 1;
		if (isnan(s->y[i]))
			continue;
		end = end_of_run(c, s, i);
		html_putf(d->h, "M%.1f %.1f", left_of(d, i),
			  to_y(d, s->high[i]));
		for (size_t k = i; k < end; k++)
			html_putf(d->h, "V%.1fH%.1f", to_y(d, s->high[k]),
				  to_x(d, c->x[k]));
		for (size_t k = end; k-- > i;)
			html_putf(d->h, "V%.1fH%.1f", to_y(d, s->low[k]),
				  left_of(d, k));
		html_put(d->h, "z");
	}
	html_put(d->h, "\"/>");
}

static void draw_limit(struct drawing *d)
{
	double y = to_y(d, d->c->limit);

	if (d->c->limit <= 0)
		return;
	html_putf(d->h,
		  "<path class=r d=\"M%.0f %.1fH%.0f\"/>"
		  "<text class=q x=\"%.0f\" y=\"%.1f\">",
		  LEFT, y, RIGHT, RIGHT - 4, y - 5);
	html_text(d->h, d->c->limit_name);
	html_put(d->h, "</text>");
}

/* Two digits of what is left to 100. */
static int decimals_of(double percentile)
{
	double left = 1 - floor(log10(fmax(100 - percentile, 1e-9)));

	return (int)fmax(0, fmin(8, left));
}

/* Of the points of a column. */
static void put_range(struct drawing *d, const struct chart_series *s, size_t i,
		      size_t end)
{
	double low = NAN, high = NAN;
	char from[32], to[32];

	for (; i < end; i++) {
		low = fmin(low, low_of(s, i));
		high = fmax(high, high_of(s, i));
	}
	if (isnan(low))
		return;
	html_putf(d->h, "<tspan class=s%u dx=10>", s->color);
	html_text(d->h, s->name);
	html_putf(d->h, "</tspan> %s",
		  metric_format(from, sizeof(from), d->c->unit, low));
	metric_format(to, sizeof(to), d->c->unit, high);
	if (strcmp(from, to) != 0)
		html_putf(d->h, " to %s", to);
}

/* One column that, under the pointer, shows where it is and all values of the
 * points from i to before end. */
static void draw_readout(struct drawing *d, size_t i, size_t end, double from,
			 double to)
{
	const struct chart *c = d->c;
	double x = c->from ? (from + to) / 2 : to_x(d, c->x[i]);

	html_putf(d->h,
		  "<g class=c><rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" "
		  "height=\"%.0f\"/><path d=\"M%.1f %.0fV%.0f\"/>"
		  "<text x=\"%.0f\" y=\"14\">",
		  from, TOP, fmax(to - from, 0.1), BOTTOM - TOP, x, TOP, BOTTOM,
		  RIGHT);
	if (c->axis == CHART_PERCENTILES)
		html_putf(d->h, "p%.*f", decimals_of(c->x[i]), c->x[i]);
	else if (c->from)
		html_putf(d->h, "%.4g to %.4g s", c->from[i], c->x[end - 1]);
	else
		html_putf(d->h, "%.4g s", c->x[i]);
	for (size_t s = 0; s < c->series_count; s++)
		put_range(d, &c->series[s], i, end);
	html_put(d->h, "</text></g>");
}

/* Stretches are put together where they are too many; of points, some are
 * left out. */
static void draw_readouts(struct drawing *d)
{
	const struct chart *c = d->c;
	size_t step = c->count / READOUTS + 1, after, end;
	double from = LEFT, to;

	for (size_t i = 0; i < c->count; i = after) {
		after = i + step;
		end = c->from ? (after < c->count ? after : c->count) : i + 1;
		to = after < c->count ? to_x(d, c->x[end - 1]) : RIGHT;
		if (after < c->count && !c->from)
			to = (to + to_x(d, c->x[after])) / 2;
		draw_readout(d, i, end, c->from ? to_x(d, c->from[i]) : from,
			     to);
		from = to;
	}
}

static void write_caption(struct drawing *d)
{
	const struct chart *c = d->c;

	html_put(d->h, "<figcaption><b>");
	html_text(d->h, c->title);
	html_put(d->h, "</b>");
	for (size_t i = 0; i < c->series_count; i++) {
		html_putf(d->h, "<span class=\"k s%u%s\">", c->series[i].color,
			  c->series[i].is_dashed ? " d" : "");
		html_text(d->h, c->series[i].name);
		html_put(d->h, "</span>");
	}
	if (d->s.is_log)
		html_put(d->h, "<small>logarithmic</small>");
	html_put(d->h, "</figcaption>");
}

void chart_write(const struct chart *c, struct html *h)
{
	struct drawing d = { .c = c, .h = h };

	if (!make_scale(c, &d.s))
		return;
	html_put(h, "<figure>");
	write_caption(&d);
	html_putf(h, "<svg viewBox=\"0 0 %.0f %.0f\" role=img aria-label=\"",
		  WIDTH, HEIGHT);
	html_text(h, c->title);
	html_put(h, "\">");
	draw_bands(&d);
	draw_y_axis(&d);
	draw_x_axis(&d);
	for (size_t i = c->series_count; i-- > 0;)
		draw_range(&d, &c->series[i]);
	for (size_t i = c->series_count; i-- > 0;)
		draw_line(&d, &c->series[i]);
	draw_limit(&d);
	draw_readouts(&d);
	html_put(h, "</svg>");
	if (c->note) {
		html_put(h, "<p class=n>");
		html_text(h, c->note);
		html_put(h, "</p>");
	}
	html_put(h, "</figure>\n");
}
