/* SPDX-License-Identifier: MIT */
/*
 * What latencies mean: from the intended time, with our own lag told apart
 * from the broker's, and no figure where there is nothing to be known.
 */
#include "test.h"

#include <dirent.h>
#include <math.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/header.h"
#include "bench/report.h"
#include "bench_run.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"

#define MS 1e6

/* 1,000 messages a second through one broker. Few clients: how long connects
 * take, with a sanitizer on a busy machine, is not the question here. */
#define FLOW(measure, qos)                                     \
	"name: flow\n"                                         \
	"phases: {measure: " measure ", drain: 5s}\n"          \
	"groups:\n"                                            \
	"  - name: p\n"                                        \
	"    clients: 10\n"                                    \
	"    subscribe: [{filter: a/%i, qos: 1}]\n"            \
	"    publish: [{topic: a/%i, qos: " qos ", size: 64, " \
	"rate: 100/s}]\n"

static double percentile(const struct trial *t, enum timing k, double p)
{
	return (double)hist_percentile(&t->result.timings[k], p, 0);
}

/* ---------------------------------------------------------- the broker's */

/*
 * 6,000 messages, of which 2,000 were due while the peer stood still: the
 * one that was due first waited two seconds, the last nothing. So the
 * latency of the worst 1 % (60 messages) begins at 1.94 s. What is counted
 * from the real sending knows of those only that were on their way when it
 * began: 20 from each of the 10 clients at most.
 */
static void stall_of_the_peer_shows_in_full(void)
{
	struct trial t = { .yaml = FLOW("6s", "1"),
			   .faults = "stall=2s@2s,delay=20ms" };
	double p99, max;

	trial_run_undisturbed(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL);
	is_int(trial_count(&t, COUNT_SENT), 6000);
	is_int(trial_count(&t, COUNT_LOST), 0);
	ok(t.peer.counts->stalled >= 2 * CLOCK_SEC);
	p99 = trial_value(&t, "e2e.p99");
	max = trial_value(&t, "e2e.max");
	ok(p99 >= 1900 * MS && p99 < 3000 * MS, "p99 %g ms", p99 / MS);
	ok(max >= 1980 * MS && max >= p99 && max < 4000 * MS, "max %g ms",
	   max / MS);
	p99 = trial_value(&t, "pub.ack.p99");
	ok(p99 >= 1900 * MS && p99 < 3000 * MS, "ack p99 %g ms", p99 / MS);
	/* A third of the messages met it: the median did not. */
	ok(trial_value(&t, "e2e.p50") < 500 * MS);
	/* After 200 the windows were full, and that is where it is told. */
	ok(percentile(&t, TIMING_LAG_WINDOW, 99) >= 1650 * MS, "window %g ms",
	   percentile(&t, TIMING_LAG_WINDOW, 99) / MS);
	ok(percentile(&t, TIMING_LAG_TIMER, 99) < 500 * MS);
	is_int(percentile(&t, TIMING_LAG_SOCKET, 100), 0);
	is_int(t.result.timings[TIMING_E2E_RAW].total, 6000);
	ok(trial_value(&t, "e2e.raw.p90") < 1000 * MS, "raw p90 %g ms",
	   trial_value(&t, "e2e.raw.p90") / MS);
	ok(trial_value(&t, "e2e.raw.max") >= 1980 * MS);
	is_int(t.result.verdict.trust, TRUST_VALID,
	       "it was the peer that stood still");
	if (t.result.verdict.trust != TRUST_VALID)
		trial_tell(&t);
	trial_release(&t);
}

/* A peer that does not read fills the socket: 3,000 messages of 64 KiB. */
static void full_socket_is_told_apart(void)
{
	struct trial t = {
		.yaml = "name: socket\n"
			"phases: {measure: 2s, drain: 10s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 2\n"
			"    publish: [{topic: a/%i, qos: 0, size: 64KiB, "
			"rate: 300/s}]\n",
		.faults = "stall=1s@500ms",
	};

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL);
	is_int(t.peer.counts->publishes, 1200);
	/* What the kernel takes before is its own affair, and much. */
	ok(percentile(&t, TIMING_LAG_SOCKET, 99) > 50 * MS, "socket %g ms",
	   percentile(&t, TIMING_LAG_SOCKET, 99) / MS);
	is_int(percentile(&t, TIMING_LAG_WINDOW, 100), 0);
	/* All messages are in all parts, most of them with nothing. */
	is_int(t.result.timings[TIMING_LAG_TIMER].total, 1200);
	is_int(t.result.timings[TIMING_LAG_WINDOW].total, 1200);
	is_int(t.result.timings[TIMING_LAG_SOCKET].total, 1200);
	trial_release(&t);
}

static double mean(const struct trial *t, enum timing k)
{
	return hist_mean(&t->result.timings[k]);
}

/* Timers of the threads that only receive are no messages: among hundreds of
 * them a few late messages would not be seen. */
static void who_receives_does_not_dilute_the_lag(void)
{
	struct trial t = {
		.yaml = "name: few\n"
			"phases: {measure: 1s, drain: 1s}\n"
			"groups:\n"
			"  - {name: s, clients: 8, subscribe: [{filter: a}]}\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 0, rate: 30/s}]\n",
	};

	(void)trial_run(&t);
	is_int(t.status, 0, "%s", t.err.text);
	is_int(t.result.timings[TIMING_LAG_TIMER].total, 30);
	ok(t.result.timings[TIMING_LAG_RECEIVE].total > 50);
	is_int(judge_own_lag(&t.result), TIMING_LAG_TIMER);
	trial_release(&t);
}

/* Messages larger than what the kernel holds are stuck themselves: the time
 * until their last byte has left is the socket's, not the broker's. */
static void half_written_waits_for_the_socket(void)
{
	static const char *const yaml[] = {
		"name: half\n"
		"phases: {measure: 2s, drain: 4m}\n"
		"groups: [{name: p, clients: 1, publish: "
		"[{topic: a, qos: 1, size: 32MiB, rate: 1/s}]}]\n",
		"name: half\n"
		"phases: {measure: 2s, drain: 4m}\n"
		"groups: [{name: p, clients: 1, publish: "
		"[{topic: a, qos: 2, size: 32MiB, rate: 1/s}]}]\n",
	};
	double lags;

	for (int qos = 1; qos <= 2; qos++) {
		enum timing all = qos == 1 ? TIMING_PUB_ACK : TIMING_PUB_TOTAL;
		struct trial t = { .yaml = yaml[qos - 1],
				   .faults = "stall=1500ms@1s",
				   .ack_timeout = 240 * CLOCK_SEC };

		(void)trial_run(&t);
		is_int(t.status, 0, "%s", t.err.text);
		is_int(trial_count(&t, COUNT_ACKED), 2);
		is_int(t.result.timings[all].total, 2);
		is_int(t.result.timings[TIMING_LAG_SOCKET].total, 2);
		ok(percentile(&t, TIMING_LAG_SOCKET, 100) > 5 * MS,
		   "socket %g ms", percentile(&t, TIMING_LAG_SOCKET, 100) / MS);
		lags = mean(&t, TIMING_LAG_TIMER) +
		       mean(&t, TIMING_LAG_WINDOW) +
		       mean(&t, TIMING_LAG_SOCKET);
		ok(fabs(mean(&t, all) - mean(&t, TIMING_PUB_RAW) - lags) <
			   0.01 * mean(&t, all) + 5 * MS,
		   "QoS %d: all %g ms, raw %g ms, lags %g ms", qos,
		   mean(&t, all) / MS, mean(&t, TIMING_PUB_RAW) / MS,
		   lags / MS);
		trial_release(&t);
	}
}

/* ------------------------------------------------------------------- ours */

static void sleep_for(uint64_t ns)
{
	const struct timespec t = { (time_t)(ns / CLOCK_SEC),
				    (long)(ns % CLOCK_SEC) };

	nanosleep(&t, NULL);
}

static NORETURN void stop_and_exit(pid_t pid, uint64_t length)
{
	kill(pid, SIGSTOP);
	sleep_for(length);
	kill(pid, SIGCONT);
	_exit(0);
}

/* Stops this whole process for a while, from outside. */
static pid_t stop_me(uint64_t after, uint64_t length)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	sleep_for(after);
	stop_and_exit(parent, length);
}

static unsigned count_descriptors(pid_t pid)
{
	char path[32];
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* The same, when it has so many descriptors. */
static pid_t stop_me_with(unsigned descriptors, uint64_t length)
{
	uint64_t deadline = clock_boot() + 60 * CLOCK_SEC;
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	while (count_descriptors(parent) < descriptors &&
	       clock_boot() < deadline)
		sleep_for(5 * CLOCK_MSEC);
	stop_and_exit(parent, length);
}

static void stopped_generator_is_found_out(void)
{
	struct trial t = { .yaml = FLOW("3s", "1") };
	pid_t pid = stop_me(2 * CLOCK_SEC, CLOCK_SEC);
	bool is_told = false;

	(void)trial_run(&t);
	waitpid(pid, NULL, 0);
	is_int(t.status, 0, "%s", t.err.text);
	is_str(t.result.imbalances, NULL, "the books balance even so");
	is_int(trial_count(&t, COUNT_SENT), 3000);
	ok(trial_value(&t, "e2e.p99") >= 800 * MS);
	ok(percentile(&t, TIMING_LAG_TIMER, 99) >= 800 * MS,
	   "it is our lag: %g ms", percentile(&t, TIMING_LAG_TIMER, 99) / MS);
	ok(percentile(&t, TIMING_LAG_WINDOW, 99) < 500 * MS,
	   "and not the broker's: %g ms",
	   percentile(&t, TIMING_LAG_WINDOW, 99) / MS);
	is_int(t.result.verdict.trust, TRUST_INVALID);
	is_int(t.result.verdict.bound, BOUND_GENERATOR);
	for (size_t i = 0; i < t.result.verdict.count; i++)
		is_told |= strstr(t.result.verdict.reasons[i].text,
				  "this program's timer lag p") != NULL;
	ok(is_told);
	trial_release(&t);
}

/* Of 1,000 connects in seven seconds many are due while it is stopped, even if
 * that begins late. */
static void connects_that_are_late_by_us_are_told(void)
{
	struct trial t = { .yaml = "name: ramp\n"
				   "connect: {rate: 150/s, pending: 20}\n"
				   "phases: {measure: 1s}\n"
				   "groups: [{name: c, clients: 1000}]\n" };
	pid_t pid = stop_me_with(300, 3 * CLOCK_SEC);

	(void)trial_run(&t);
	waitpid(pid, NULL, 0);
	is_int(t.status, 0, "%s", t.err.text);
	is_int(t.result.timings[TIMING_LAG_CONNECT].total, 1000);
	is_int(t.result.timings[TIMING_LAG_PENDING].total, 1000);
	ok(percentile(&t, TIMING_LAG_CONNECT, 90) >= 300 * MS,
	   "also of those that waited for room then: %g ms",
	   percentile(&t, TIMING_LAG_CONNECT, 90) / MS);
	is_int(judge_own_lag(&t.result), TIMING_LAG_CONNECT);
	is_int(t.result.verdict.trust, TRUST_INVALID);
	is_int(t.result.verdict.bound, BOUND_GENERATOR);
	trial_release(&t);
}

/* One of five is refused: nobody may take the rest for all. */
static void connects_that_failed_are_infinitely_late(void)
{
	struct trial t = { .yaml = "name: ramp\n"
				   "phases: {start: 50%, measure: 1s}\n"
				   "groups: [{name: c, clients: 100}]\n",
			   .faults = "refuse-connect=5" };

	(void)trial_run(&t);
	is_int(trial_count(&t, COUNT_CONNECTED), 80);
	is_int(judge_late(&t.result, TIMING_CONN_TOTAL), 20);
	ok(!isinf(trial_value(&t, "conn.total.p50")));
	ok(isinf(trial_value(&t, "conn.total.p90")));
	ok(isinf(trial_value(&t, "conn.total.max")));
	trial_release(&t);
}

/* Nobody acknowledges or receives: there are rates only. */
static void stopped_generator_of_rates_is_found_out(void)
{
	struct trial t = {
		.yaml = "name: rates\n"
			"phases: {measure: 2s, drain: 5s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 10\n"
			"    publish: [{topic: a/%i, qos: 0, rate: 100/s}]\n",
	};
	pid_t pid = stop_me(1500 * CLOCK_MSEC, CLOCK_SEC);

	(void)trial_run(&t);
	waitpid(pid, NULL, 0);
	is_int(trial_count(&t, COUNT_SENT), 2000);
	is_int(t.result.verdict.trust, TRUST_INVALID);
	is_int(t.result.verdict.bound, BOUND_GENERATOR);
	ok(strstr(t.result.verdict.reasons[0].text,
		  "of the second by which rates are counted"),
	   "%s", t.result.verdict.reasons[0].text);
	trial_release(&t);
}

/* ----------------------------------------------------- nothing to be known */

static void report(const struct trial *t, struct buf *out)
{
	const struct report_style style = { 0 };

	is_int(report_text(&t->result, &style, out), 0);
	ok(buf_cstr(out) != NULL);
}

static void qos_0_has_no_acknowledgements(void)
{
	struct trial t = { .yaml = FLOW("500ms", "0") };
	static const char *const names[] = { "pub.ack.p50", "pub.total.p50",
					     "pub.raw.p50", "pub.ack.max" };
	struct buf text = { 0 };
	struct reading r;
	struct metric m;

	(void)trial_run(&t);
	is_int(trial_count(&t, COUNT_SENT), 500);
	is_int(trial_count(&t, COUNT_SENT_QOS0), 500);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		is_int(metric_parse(names[i], &m, NULL), 0);
		judge_read(&t.result, &m, NULL, &r);
		ok(r.missing != NULL, "%s", names[i]);
	}
	report(&t, &text);
	ok(!strstr(buf_cstr(&text), "pub."), "%s", buf_cstr(&text));
	buf_release(&text);
	trial_release(&t);
}

/* The line of a timing in the report; empty when there is none. */
static const char *line_of(const struct buf *text, const char *name,
			   char dst[256])
{
	const char *at = strstr((const char *)buf_view(text).p, name);

	snprintf(dst, 256, "%.*s", at ? (int)strcspn(at, "\n") : 0,
		 at ? at : "");
	return dst;
}

static void few_samples_give_no_percentile(void)
{
	struct trial t = { .yaml = FLOW("500ms", "1") };
	struct buf text = { 0 };
	struct reading r;
	struct metric m;
	char line[256];

	(void)trial_run(&t);
	is_int(metric_parse("e2e.p99", &m, NULL), 0);
	judge_read(&t.result, &m, NULL, &r);
	is_str(r.missing, "too few messages for that percentile");
	(void)trial_value(&t, "e2e.p90");
	report(&t, &text);
	ok(strstr(line_of(&text, "  e2e ", line), "-        -        -"),
	   "p99, p99.9 and p99.99 are open: %s", line);
	buf_release(&text);
	trial_release(&t);
}

/* Fan-out makes no samples: 100 publishes to 20 receivers are 100. */
static void deliveries_of_one_message_are_one_sample(void)
{
	struct trial t = {
		.yaml = "name: fan\n"
			"phases: {measure: 1s, drain: 5s}\n"
			"groups:\n"
			"  - {name: s, clients: 20, subscribe: [{filter: a}]}\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 1, rate: 100/s}]\n",
	};
	struct reading r;
	struct metric m;

	(void)trial_run(&t);
	is_int(t.result.timings[TIMING_E2E].total, 2000);
	is_int(metric_parse("e2e.p99", &m, NULL), 0);
	judge_read(&t.result, &m, NULL, &r);
	is_str(r.missing, "too few messages for that percentile");
	trial_release(&t);
}

static void closed_model_is_labelled(void)
{
	struct trial t = {
		.yaml = "name: closed\n"
			"phases: {measure: 300ms, drain: 10s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 1\n"
			"    publish: [{topic: a, qos: 1, size: 64}]\n",
	};
	struct buf text = { 0 };

	(void)trial_run(&t);
	report(&t, &text);
	ok(strstr(buf_cstr(&text), "Service time at saturation, not what a "
				   "client would see at a lower rate\n"));
	ok(!strstr(buf_cstr(&text), "Latency from the intended time"));
	buf_release(&text);
	trial_release(&t);
}

/* --------------------------------------------------------------- schedules */

/* A subscriber of its own, that knows nothing of the engine. */
static int listen_in(const struct trial *t)
{
	const struct connect c = { .version = MQTT_3_1_1,
				   .clean_start = true,
				   .client_id = BYTES_LIT("ear") };
	struct subscription filter = { .filter = BYTES_LIT("#") };
	const struct subscribe s = { .pid = 1, .filters = &filter, .count = 1 };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(t->peer.port) };
	struct timeval limit = { .tv_sec = 20 };
	struct buf out = { 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	is_int(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)),
	       0);
	is_int(connect(fd, (struct sockaddr *)(void *)&a, sizeof(a)), 0);
	is_int(encode_connect(&out, &c), 0);
	is_int(encode_subscribe(&out, MQTT_3_1_1, &s), 0);
	is_int(send(fd, buf_view(&out).p, buf_len(&out), 0), buf_len(&out));
	buf_release(&out);
	return fd;
}

enum { HEARD = 300 };

/* Intended times by publisher and number, from the earliest. */
struct heard {
	uint64_t intended[3][HEARD];
	uint64_t count[3];
};

static void note(struct heard *h, const struct publish *p)
{
	struct header m;

	if (!ok(header_read(p->payload, &m)) || !ok(m.publisher < 3) ||
	    !ok(m.sequence < HEARD))
		return;
	h->intended[m.publisher][m.sequence] = m.intended;
	h->count[m.publisher]++;
}

/* What was delivered meanwhile waits in the socket and at the peer. */
static void hear(int fd, uint64_t messages, struct heard *ret)
{
	struct decoder d = { .version = MQTT_3_1_1,
			     .side = DECODE_FROM_SERVER };
	struct decode_result r;
	struct buf in = { 0 };
	uint8_t *room;
	ssize_t n = 1;

	while (messages && n > 0) {
		room = buf_reserve(&in, 4096);
		n = recv(fd, room, 4096, 0);
		ok(n > 0, "%d messages are missing", (int)messages);
		buf_commit(&in, n > 0 ? (size_t)n : 0);
		while (decode_packet(&d, buf_view(&in), &r) == DECODE_OK) {
			if (r.packet.type == PACKET_PUBLISH) {
				note(ret, &r.packet.publish);
				messages--;
			}
			buf_consume(&in, r.used);
		}
	}
	buf_release(&in);
	close(fd);
}

static void rebase(struct heard *h)
{
	uint64_t first = UINT64_MAX;

	for (int p = 0; p < 3; p++)
		for (uint64_t i = 0; i < h->count[p]; i++)
			if (h->intended[p][i] < first)
				first = h->intended[p][i];
	for (int p = 0; p < 3; p++)
		for (uint64_t i = 0; i < h->count[p]; i++)
			h->intended[p][i] -= first;
}

static void hear_schedule(uint64_t seed, unsigned threads, struct heard *ret)
{
	struct trial t = {
		.yaml = "name: schedule\n"
			"phases: {measure: 1s, drain: 5s}\n"
			"groups:\n"
			"  - name: p\n"
			"    clients: 3\n"
			"    publish: [{topic: a/%i, qos: 0, size: 64, "
			"rate: 100/s, arrival: poisson}]\n",
		.seed = seed,
		.threads = threads,
		.run_id = seed + threads,
	};
	int fd;

	memset(ret, 0, sizeof(*ret));
	if (trial_begin(&t) < 0)
		return;
	fd = listen_in(&t);
	trial_execute(&t);
	ok(trial_count(&t, COUNT_SENT) > 200);
	hear(fd, trial_count(&t, COUNT_SENT), ret);
	peer_stop(&t.peer);
	trial_release(&t);
	rebase(ret);
}

static void one_seed_is_one_schedule(void)
{
	static struct heard first, again, other;

	hear_schedule(7, 1, &first);
	hear_schedule(7, 2, &again);
	hear_schedule(8, 1, &other);
	is_mem(&again, sizeof(again), &first, sizeof(first),
	       "to the nanosecond, however many threads");
	ok(memcmp(&other, &first, sizeof(first)) != 0,
	   "another seed is another schedule");
}

TEST_MAIN(T(stall_of_the_peer_shows_in_full), T(full_socket_is_told_apart),
	  T(who_receives_does_not_dilute_the_lag),
	  T(half_written_waits_for_the_socket),
	  T(stopped_generator_is_found_out),
	  T(stopped_generator_of_rates_is_found_out),
	  T(connects_that_are_late_by_us_are_told),
	  T(connects_that_failed_are_infinitely_late),
	  T(qos_0_has_no_acknowledgements), T(few_samples_give_no_percentile),
	  T(deliveries_of_one_message_are_one_sample),
	  T(closed_model_is_labelled), T(one_seed_is_one_schedule))
