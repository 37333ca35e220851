/* SPDX-License-Identifier: MIT */
/* The smart heartbeat against networks that forget after a time of ours,
 * section 4 of the design. */
#include "base/clock.h"
#include "client/heartbeat.h"
#include "test.h"

#define S CLOCK_SEC
#define KEEPALIVE (540 * S) /* what 600 s leave for pings */
#define CAP (513 * S)
#define WALL (1000000 * S)

static const struct heartbeat_params usual = { .min = 30 * S,
					       .max = 600 * S,
					       .step = 60 * S };

/* A network, and a day of one connection after the other through it. */
struct net {
	uint64_t forgets; /* after so much silence */
	uint64_t wall;
	int losses;
};

static bool beat(struct heartbeat *h, struct net *n)
{
	uint64_t interval = heartbeat_interval(h);

	n->wall += interval;
	if (interval < n->forgets)
		return heartbeat_answered(h, 20 * CLOCK_MSEC, n->wall);
	n->losses++;
	n->wall += heartbeat_timeout(h);
	bool is_new = heartbeat_lost(h, n->wall);
	heartbeat_start(h, KEEPALIVE, n->wall);
	return is_new;
}

static void search(struct heartbeat *h, struct net *n)
{
	for (int i = 0; i < 300 && !h->found.is_settled; i++)
		(void)beat(h, n);
	ok(h->found.is_settled);
}

static struct heartbeat begin(const struct heartbeat_finding *known)
{
	struct heartbeat h;

	heartbeat_init(&h, &usual, known);
	heartbeat_start(&h, KEEPALIVE, WALL);
	return h;
}

static void it_settles_within_a_step_below_the_limit(void)
{
	for (uint64_t t = 31; t < 700; t++) {
		struct heartbeat h = begin(NULL);
		struct net n = { .forgets = t * S, .wall = WALL };
		uint64_t limit = t * S < CAP ? t * S : CAP + 1;

		search(&h, &n);
		ok(h.found.current < limit, "%d s", (int)t);
		ok(limit - h.found.current <= usual.step, "%d s: %d s", (int)t,
		   (int)(h.found.current / S));
		ok(n.losses <= 4, "%d s: %d connections lost", (int)t,
		   n.losses);
		for (int i = 0; i < 50; i++)
			ok(!beat(&h, &n), "and stays there");
	}
}

static void three_answers_go_up_one_loss_goes_nowhere(void)
{
	struct heartbeat h = begin(NULL);

	is_int(heartbeat_interval(&h), 30 * S);
	ok(!heartbeat_answered(&h, 1, WALL));
	ok(!heartbeat_answered(&h, 1, WALL));
	ok(!heartbeat_lost(&h, WALL));
	is_int(heartbeat_interval(&h), 30 * S, "once proves nothing");
	for (int i = 0; i < 2; i++)
		ok(!heartbeat_answered(&h, 1, WALL), "in a row");
	ok(heartbeat_answered(&h, 1, WALL));
	is_int(heartbeat_interval(&h), 90 * S);
	is_int(h.found.good, 30 * S);
}

static void after_a_loss_it_halves(void)
{
	struct heartbeat_params p = usual;
	struct net n = { .forgets = 200 * S, .wall = WALL };
	struct heartbeat h;

	p.step = 160 * S;
	heartbeat_init(&h, &p, NULL);
	heartbeat_start(&h, KEEPALIVE, WALL);
	for (int i = 0; i < 6; i++)
		(void)beat(&h, &n);
	is_int(heartbeat_interval(&h), 350 * S);
	(void)beat(&h, &n);
	ok(beat(&h, &n), "two losses");
	is_int(h.found.bad, 350 * S);
	is_int(heartbeat_interval(&h), 270 * S, "between 190 and 350");
	(void)beat(&h, &n);
	(void)beat(&h, &n);
	ok(h.found.is_settled);
	is_int(heartbeat_interval(&h), 190 * S - p.step / 3);
}

static void it_recovers_when_the_limit_shrinks(void)
{
	struct net n = { .forgets = 400 * S, .wall = WALL };
	struct heartbeat h = begin(NULL);

	search(&h, &n);
	n.forgets = 100 * S;
	ok(!beat(&h, &n));
	ok(h.found.is_settled, "one loss may be chance");
	ok(beat(&h, &n));
	ok(!h.found.is_settled);
	is_int(heartbeat_interval(&h), 30 * S);
	search(&h, &n);
	ok(h.found.current < 100 * S && h.found.current >= 40 * S);
	n.forgets = 50 * S; /* in the middle of things */
	search(&h, &n);
	for (int i = 0; i < 20; i++)
		(void)beat(&h, &n);
	search(&h, &n);
	is_int(heartbeat_interval(&h), 30 * S);
}

static void a_settled_time_is_searched_for_again_after_a_week(void)
{
	struct net n = { .forgets = 200 * S, .wall = WALL };
	struct heartbeat h = begin(NULL);
	uint64_t settled;

	search(&h, &n);
	settled = heartbeat_interval(&h);
	/* The same network: it comes back to the same, week after week. */
	for (int week = 0; week < 5; week++) {
		n.wall += HEARTBEAT_RECHECK;
		heartbeat_start(&h, KEEPALIVE, n.wall);
		ok(!h.found.is_settled);
		ok(heartbeat_interval(&h) > settled);
		search(&h, &n);
		is_int(heartbeat_interval(&h), settled);
	}
	n.forgets = 1000 * S;
	for (int i = 0; i < 3; i++)
		ok(!beat(&h, &n), "not before");
	n.wall += HEARTBEAT_RECHECK;
	heartbeat_start(&h, KEEPALIVE, n.wall);
	search(&h, &n);
	is_int(heartbeat_interval(&h), CAP, "a better one");
}

static void the_servers_keepalive_is_the_limit(void)
{
	struct net n = { .forgets = 1000 * S, .wall = WALL };
	struct heartbeat h = begin(NULL);

	search(&h, &n);
	is_int(heartbeat_interval(&h), CAP);
	heartbeat_start(&h, 90 * S, n.wall);
	is_int(heartbeat_interval(&h), 90 * S - 90 * S / 20);
	for (int i = 0; i < 20; i++)
		(void)beat(&h, &n);
	ok(h.found.is_settled);
	heartbeat_start(&h, 18 * S, n.wall);
	ok(heartbeat_interval(&h) < 18 * S, "even below the minimum");
	heartbeat_start(&h, 0, n.wall);
	is_int(h.cap, 600 * S, "no keepalive, no limit but ours");
}

static void when_the_minimum_fails_it_is_not_the_silence(void)
{
	struct net n = { .forgets = 1, .wall = WALL };
	struct heartbeat h = begin(NULL);

	for (int i = 0; i < 10; i++) {
		(void)beat(&h, &n);
		is_int(heartbeat_interval(&h), 30 * S);
		is_int(h.found.bad, 0);
	}
	n.forgets = 1000 * S;
	search(&h, &n);
	is_int(heartbeat_interval(&h), CAP);
}

static void findings_of_an_earlier_run_go_on(void)
{
	struct heartbeat_finding f = { .current = 190 * S,
				       .good = 210 * S,
				       .bad = 240 * S,
				       .changed = WALL,
				       .is_settled = true };
	struct heartbeat h = begin(&f);

	is_int(heartbeat_interval(&h), 190 * S);
	ok(h.found.is_settled);
	/* Nonsense from a file is made harmless. */
	f = (struct heartbeat_finding){ .current = UINT64_MAX,
					.good = 5 * S,
					.bad = 7 * S,
					.changed = UINT64_MAX };
	h = begin(&f);
	is_int(heartbeat_interval(&h), CAP);
	is_int(h.found.good, 30 * S);
	is_int(h.found.bad, 0);
	f.current = 0;
	h = begin(&f);
	is_int(heartbeat_interval(&h), 30 * S);
}

static void an_answer_is_awaited_as_the_round_trip_says(void)
{
	struct heartbeat h = begin(NULL);

	is_int(heartbeat_timeout(&h), 5 * S);
	(void)heartbeat_answered(&h, 3 * S, WALL);
	is_int(heartbeat_timeout(&h), 9 * S);
	for (int i = 0; i < 100; i++)
		(void)heartbeat_answered(&h, 30 * S, WALL);
	is_int(heartbeat_timeout(&h), 20 * S, "never longer");
}

TEST_MAIN(T(it_settles_within_a_step_below_the_limit),
	  T(three_answers_go_up_one_loss_goes_nowhere),
	  T(after_a_loss_it_halves), T(it_recovers_when_the_limit_shrinks),
	  T(a_settled_time_is_searched_for_again_after_a_week),
	  T(the_servers_keepalive_is_the_limit),
	  T(when_the_minimum_fails_it_is_not_the_silence),
	  T(findings_of_an_earlier_run_go_on),
	  T(an_answer_is_awaited_as_the_round_trip_says))
