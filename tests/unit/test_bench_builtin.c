/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>

#include "bench/builtin.h"
#include "bench/plan.h"
#include "bench/scenario.h"

static struct scenario loaded(const char *name)
{
	const struct builtin *b = builtin_find(name, NULL);
	struct scenario s = { 0 };
	struct err e = { 0 };

	if (ok(b != NULL, "%s", name)) {
		struct document_source src = { b->name, bytes_str(b->text) };

		ok(scenario_load(&src, NULL, &s, &e) == 0, "%s", e.text);
	}
	return s;
}

static void all_are_well_formed(void)
{
	ok(builtin_count >= 37, "%zu scenarios", builtin_count);
	for (size_t i = 0; i < builtin_count; i++) {
		struct scenario s = loaded(builtins[i].name);

		is_str(s.name, builtins[i].name);
		ok(s.description != NULL, "%s", builtins[i].name);
		ok(s.target_count == 0, "%s leaves the target to the user",
		   builtins[i].name);
		ok(s.phases.measure > 0, "%s ends", builtins[i].name);
		scenario_quicken(&s);
		ok(scenario_clients(&s) <= 12000, "%s is quick: %d clients",
		   builtins[i].name, (int)scenario_clients(&s));
		scenario_release(&s);
	}
}

/* Deliveries of a message, on average; 1 where nobody subscribes. */
static double fan_out(const struct scenario *s)
{
	const struct plan_limits none = { .descriptors_hard = 20000,
					  .processors = 2 };
	struct err e = { 0 };
	struct plan p;

	if (!ok(plan_make(s, 1, &none, &p, &e) == 0, "%s", e.text))
		return 0;
	return p.rate_in > 0 && p.receivers ? p.rate_out / p.rate_in : 1;
}

/* Whatever its size: what was published to somebody still is. */
static void all_keep_their_shape(void)
{
	static const double factors[] = { 1, 0.1, 3, 0 };

	for (size_t i = 0; i < builtin_count; i++) {
		for (size_t k = 0; k < ARRAY_SIZE(factors); k++) {
			struct scenario s = loaded(builtins[i].name);

			if (scenario_clients(&s) > 20000)
				scenario_scale(&s, 0.1);
			if (factors[k] > 0)
				scenario_scale(&s, factors[k]);
			else
				scenario_quicken(&s);
			ok(fan_out(&s) > 0.99, "%s, scaled by %g: %g", s.name,
			   factors[k], fan_out(&s));
			scenario_release(&s);
		}
	}
}

/* Names, clients in all, messages in per second. */
static void suite_has_its_parameters(void)
{
	static const struct {
		const char *name;
		unsigned clients;
		double rate;
	} suite[] = {
		{ "conn-tcp-10K-100", 10000, 0 },
		{ "conn-tcp-1M-5K", 1000000, 0 },
		{ "fanout-1-1K-1-1K", 1001, 1 },
		{ "fanout-5-1000-5-250K", 1005, 250 },
		{ "p2p-1K-1K-1K-1K", 2000, 1000 },
		{ "p2p-50K-50K-50K-50K", 100000, 50000 },
		{ "sharedsub-1K-5-1K-1K", 1005, 1000 },
		{ "sharedsub-50K-500-50K-50K", 50500, 50000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(suite); i++) {
		struct scenario s = loaded(suite[i].name);

		is_int(scenario_clients(&s), suite[i].clients, "%s",
		       suite[i].name);
		ok(fabs(scenario_rate(&s) - suite[i].rate) < 1e-6, "%s: %g",
		   suite[i].name, scenario_rate(&s));
		is_int(s.groups[0].mqtt.keepalive, 300);
		ok(s.groups[0].mqtt.is_clean);
		is_int(s.groups[0].mqtt.version,
		       strncmp(suite[i].name, "shared", 6) ? MQTT_3_1_1
							   : MQTT_5);
		if (s.group_count > 1) {
			is_int(s.groups[1].publish[0].payload.size[1], 16);
			is_int(s.groups[1].publish[0].qos, 1);
			is_int(s.groups[0].subscribe[0].options, 1);
		}
		scenario_release(&s);
	}
}

static void names_are_found(void)
{
	struct err e = { 0 };

	ok(builtin_find("P2P-1k-1K-1k-1K", &e) != NULL, "any case");
	ok(!builtin_find("brust", &e));
	is_str(e.text, "there is no scenario 'brust', did you mean 'burst'?");
	is_int(e.kind, ERR_USAGE);
	ok(!builtin_find("quite something else", &e));
	is_str(e.text, "there is no scenario 'quite something else': see "
		       "'mqtt-bench list', or name a file with a '/' in it");
}

TEST_MAIN(T(all_are_well_formed), T(all_keep_their_shape),
	  T(suite_has_its_parameters), T(names_are_found))
