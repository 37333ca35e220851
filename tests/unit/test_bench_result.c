/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/judge.h"
#include "bench/result_file.h"
#include "bench_sample.h"

static char *text_of(const struct result *r)
{
	json_t *root = result_to_json(r);
	char *text = json_dumps(root, JSON_INDENT(1));

	json_decref(root);
	return text;
}

static void files_lose_nothing(void)
{
	char path[] = "/tmp/test_resultXXXXXX", *before, *after;
	struct result r, s;
	struct err e = { 0 };
	int fd = mkstemp(path);

	sample_result(&r, 1);
	is_int(judge_result(&r, &e), 0);
	result_init(&s);
	if (ok(fd >= 0))
		close(fd);
	is_int(result_save(&r, path, &e), 0);
	ok(result_load(path, &s, &e) == 0, "%s", e.text);
	before = text_of(&r);
	after = text_of(&s);
	is_str(after, before);
	is_mem(s.timings[TIMING_E2E].counts, HIST_SLOTS * sizeof(uint64_t),
	       r.timings[TIMING_E2E].counts, HIST_SLOTS * sizeof(uint64_t));
	is_int(s.seed, r.seed);
	is_int(s.tallies[0].unique[1], 999);
	is_int(s.tallies[0].receivers[1], 2);
	is_int(s.account.connect_reasons[0x87], 1);
	is_int(s.course_count, 12);
	free(before);
	free(after);
	result_release(&r);
	result_release(&s);
	unlink(path);
}

/* No reader may take what some never reached for a short time. */
static void figures_say_never(void)
{
	struct result r, s;
	struct err e;
	json_t *o, *root;

	sample_result(&r, 1);
	r.late_deliveries = 100;
	root = result_to_json(&r);
	o = json_object_get(json_object_get(root, "timings"), "e2e");
	is_str(json_string_value(json_object_get(o, "p99")), "never");
	is_str(json_string_value(json_object_get(o, "max")), "never");
	is_str(json_string_value(json_object_get(o, "mean")), "never");
	is_int(json_integer_value(json_object_get(o, "late")), 100);
	is_int(json_integer_value(json_object_get(o, "max_came")),
	       r.timings[TIMING_E2E].max);
	ok(json_is_integer(json_object_get(o, "p90")));
	/* 1999 deliveries are of 1000 messages. */
	ok(!json_object_get(o, "p99.9"));
	o = json_object_get(json_object_get(root, "timings"), "pub.ack");
	ok(json_is_integer(json_object_get(o, "p99")));
	ok(json_is_integer(json_object_get(o, "max")));
	result_init(&s);
	ok(result_from_json(root, &s, &e) == 0, "%s", e.text);
	is_int(s.timings[TIMING_E2E].max, r.timings[TIMING_E2E].max);
	json_decref(root);
	result_release(&r);
	result_release(&s);
}

/* Nobody knows, while it connects, when it will send. */
static void connecting_is_dated_afterwards(void)
{
	static const double length[] = { 1, 1, 0.5, 2.25, 1 };
	static const double at[] = { -1, -1, -0.25, 2, 3 };
	static const double is[] = { -1.75, -0.75, -0.25, 2, 3 };
	struct interval v = { 0 };
	struct result r;

	result_init(&r);
	result_date_course(&r);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++) {
		v.at = at[i];
		v.length = length[i];
		is_int(result_add_interval(&r, &v), 0);
	}
	result_date_course(&r);
	for (size_t i = 0; i < ARRAY_SIZE(at); i++)
		ok(fabs(r.course[i].at - is[i]) < 1e-9, "%zu: %g", i,
		   r.course[i].at);
	/* It never sent. */
	r.course_count = 2;
	result_date_course(&r);
	ok(fabs(r.course[0].at + 1) < 1e-9 && fabs(r.course[1].at) < 1e-9,
	   "%g, %g", r.course[0].at, r.course[1].at);
	result_release(&r);
}

static void wrong_files_are_refused(void)
{
	static const char *const wrong[][2] = {
		{ "{}", "is not a result of this version of mqtt-bench" },
		{ "{\"schema\":\"mqtt-bench/2\"}",
		  "'schema' is not 'mqtt-bench/1'" },
		{ "{\"schema\":\"mqtt-bench/1\",\"clients\":\"x\"}",
		  "'clients' is not a whole number" },
		{ "{\"schema\":\"mqtt-bench/1\",\"clients\":-1}",
		  "'clients' is not a whole number" },
		{ "{\"schema\":\"mqtt-bench/1\",\"seed\":\"xyz\"}",
		  "'seed' is not a hexadecimal number" },
		{ "{\"schema\":\"mqtt-bench/1\",\"timings\":{\"e2e\":"
		  "{\"count\":2,\"min\":1,\"max\":2,\"buckets\":[1,1]}}}",
		  "timings: 'e2e': a histogram contradicts itself" },
		{ "{\"schema\":\"mqtt-bench/1\",\"timings\":{\"e2e\":"
		  "{\"count\":1,\"buckets\":[99999999,1]}}}",
		  "'buckets' leads out of the histogram" },
		{ "{\"schema\":\"mqtt-bench/1\",\"tallies\":[{\"clients\":2,"
		  "\"sent\":[3,1]}]}",
		  "'sent' is not as long as there are clients" },
		{ "{\"schema\":\"mqtt-bench/1\"}", "'verdict' is not there" },
		{ "{\"schema\":\"mqtt-bench/1\",\"verdict\":{},"
		  "\"counts\":{},\"timings\":{},\"health\":{}}",
		  "'trust' is not VALID, SUSPECT or INVALID" },
		{ "{\"schema\":\"mqtt-bench/1\",\"verdict\":{\"trust\":"
		  "\"FINE\"},\"counts\":{},\"timings\":{},\"health\":{}}",
		  "'trust' is not VALID, SUSPECT or INVALID" },
		{ "nonsense", "is not a result of mqtt-bench" },
	};
	char path[] = "/tmp/test_resultXXXXXX";
	int fd = mkstemp(path);
	struct result r;
	struct err e;

	for (size_t i = 0; fd >= 0 && i < ARRAY_SIZE(wrong); i++) {
		is_int(ftruncate(fd, 0), 0);
		is_int(pwrite(fd, wrong[i][0], strlen(wrong[i][0]), 0),
		       strlen(wrong[i][0]));
		result_init(&r);
		err_clear(&e);
		is_int(result_load(path, &r, &e), -1);
		ok(strstr(e.text, wrong[i][1]) != NULL, "%s", e.text);
		result_release(&r);
	}
	close(fd);
	unlink(path);
	result_init(&r);
	is_int(result_load(path, &r, &e), -1);
	is_int(e.kind, ERR_LOCAL);
	is_int(result_load("/", &r, &e), -1);
	is_str(e.text, "cannot read '/': Is a directory");
	result_release(&r);
}

static void saving_leaves_no_halves(void)
{
	char dir[] = "/tmp/test_resultXXXXXX", path[300];
	struct result r;
	struct err e = { 0 };

	sample_result(&r, 1);
	if (!ok(mkdtemp(dir) != NULL))
		return;
	snprintf(path, sizeof(path), "%s/none/r.json", dir);
	is_int(result_save(&r, path, &e), -1);
	is_int(e.kind, ERR_LOCAL);
	is_int(result_save(&r, "/dev/full", &e), -1);
	ok(strstr(e.text, "cannot write '/dev/full'"), "%s", e.text);
	is_int(result_save(&r, "/dev/null", &e), 0);
	is_int(rmdir(dir), 0, "nothing is left in it");
	result_release(&r);
}

static void intervals_are_single_lines(void)
{
	struct interval i = {
		.at = 1.5, .phase = RUN_MEASURE, .sent = 7, .broker_cpu = -1
	};
	struct result r = { 0 };
	struct buf out = { 0 };

	is_int(interval_to_ndjson(&r, &i, &out), 0);
	is_int(interval_to_ndjson(&r, &i, &out), 0);
	ok(strstr(buf_cstr(&out), "\"phase\":\"measure\"") != NULL);
	ok(strstr(buf_cstr(&out), "broker") == NULL, "unknown is absent");
	is_int(strchr(buf_cstr(&out), '\n') - buf_cstr(&out),
	       (long)buf_len(&out) / 2 - 1);
	buf_release(&out);
}

/* What is not shown for want of messages is not written either. */
static void intervals_have_percentiles_of_enough(void)
{
	struct interval i = { .phase = RUN_MEASURE,
			      .sent = 999,
			      .e2e_count = 5000,
			      .e2e_p50 = 7,
			      .e2e_p99 = 8,
			      .e2e_max = 9,
			      .ack_count = 19,
			      .ack_p50 = 5,
			      .ack_p99 = 6,
			      .ack_mean = 5,
			      .broker_cpu = -1 };
	struct result r = { 0 };
	struct buf out = { 0 };
	const char *text;

	is_int(interval_to_ndjson(&r, &i, &out), 0);
	text = buf_cstr(&out);
	ok(strstr(text, "\"e2e_p50\":7,") != NULL, "%s", text);
	ok(!strstr(text, "e2e_p99"), "999 messages, of five receivers");
	ok(strstr(text, "\"e2e_max\":9,") != NULL);
	ok(!strstr(text, "ack_p") && strstr(text, "ack_mean"));
	i.sent = 1000;
	i.ack_count = 20;
	buf_clear(&out);
	i.lag = (struct own_delay){ 1000, 3, 4 };
	i.turn = (struct own_delay){ 999, 0, 4 };
	is_int(interval_to_ndjson(&r, &i, &out), 0);
	text = buf_cstr(&out);
	ok(strstr(text, "\"lag_p99\":3,\"lag_max\":4,") != NULL, "%s", text);
	ok(strstr(text, "\"turn_count\":999,\"turn_max\":4,") != NULL);
	ok(strstr(text, "\"e2e_p99\":8,") != NULL);
	ok(strstr(text, "\"ack_p50\":5,") && !strstr(text, "ack_p99"));
	i.e2e_count = i.ack_count = 0;
	buf_clear(&out);
	is_int(interval_to_ndjson(&r, &i, &out), 0);
	text = buf_cstr(&out);
	ok(!strstr(text, "e2e_m") && !strstr(text, "ack_m"), "%s", text);
	i.lag.count = 0;
	buf_clear(&out);
	is_int(interval_to_ndjson(&r, &i, &out), 0);
	ok(!strstr(buf_cstr(&out), "lag_max"));
	buf_release(&out);
}

/* Whatever a file says. */
static void delays_of_intervals_are_read_back(void)
{
	static const struct own_delay lag = { 1000, 7, 9 };
	struct result r, s;
	struct err e = { 0 };
	json_t *root, *o;

	sample_result(&r, 1);
	r.course[1].lag = lag;
	root = result_to_json(&r);
	o = json_array_get(json_object_get(root, "course"), 2);
	json_object_set_new(o, "lag_count", json_integer(999));
	result_init(&s);
	ok(result_from_json(root, &s, &e) == 0, "%s", e.text);
	ok(memcmp(&s.course[1].lag, &lag, sizeof(lag)) == 0);
	is_int(s.course[2].lag.p99, 0);
	is_int(s.course[2].lag.max, 60000);
	json_decref(root);
	result_release(&r);
	result_release(&s);
}

static void lists_of_texts_are_bounded(void)
{
	struct result r;
	char text[32];

	result_init(&r);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text), "cause %d", i);
		result_count_cause(r.causes, text, 1);
		result_add_worst(&r, text, (uint64_t)(i * 7 % 100));
	}
	result_count_cause(r.causes, "cause 3", 5);
	is_int(r.causes[3].count, 6);
	is_str(r.causes[RESULT_CAUSES - 1].text, "others");
	is_int(r.causes[RESULT_CAUSES - 1].count, 100 - RESULT_CAUSES + 1);
	is_int(r.worst[0].lost, 99);
	for (int i = 1; i < RESULT_WORST; i++)
		is_int(r.worst[i].lost, 99 - i);
	result_release(&r);
}

TEST_MAIN(T(files_lose_nothing), T(figures_say_never),
	  T(connecting_is_dated_afterwards), T(wrong_files_are_refused),
	  T(saving_leaves_no_halves), T(intervals_are_single_lines),
	  T(intervals_have_percentiles_of_enough),
	  T(delays_of_intervals_are_read_back), T(lists_of_texts_are_bounded))
