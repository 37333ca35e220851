/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "bench/scenario.h"
#include "mqtt/types.h"
#include "write_file.h"

static const char full[] =
	"name: everything\n"
	"description: all that can be said\n"
	"targets: [mqtt://127.0.0.1:1883, mqtts://localhost]\n"
	"mqtt: {version: 3.1.1, keepalive: 5m, window: 40}\n"
	"connect: {rate: 2k/s, pending: 50, timeout: 5s, retries: 2}\n"
	"phases: {start: 95%, deadline: 1m, settle: 1s, warmup: 2s,\n"
	"         drain: 3s}\n"
	"stages:\n"
	"  - {stage: ramp, to: 200%, for: 10s}\n"
	"  - {stage: hold, for: 5s}\n"
	"require: ['e2e.p99 < 20ms', lost == 0]\n"
	"seed: 0\n"
	"skip-after: 500ms\n"
	"groups:\n"
	"  - name: sub\n"
	"    clients: 10\n"
	"    subscribe:\n"
	"      - {filter: 't/%i', qos: 1}\n"
	"      - {filter: all/#}\n"
	"    slow: {ack-delay: 10ms, pause-every: 5s, pause-for: 1s}\n"
	"    churn: {every: 3s, how: unsubscribe}\n"
	"  - name: pub\n"
	"    clients: 20\n"
	"    targets: ['ws://a', 'ws://b', 'ws://c']\n"
	"    id: 'x-%04i'\n"
	"    mqtt: {version: 5, clean: no, session-expiry: 1h}\n"
	"    will: {topic: w/%c, payload: gone, qos: 1, retain: yes}\n"
	"    publish:\n"
	"      - {topic: 't/%{i%10}', qos: 2, size: 16, rate: 60/min}\n"
	"      - topic: all/%n\n"
	"        payload: '{\"h\":\"%h\",\"n\":%n}'\n"
	"        header: field:h\n"
	"        interval: 500ms\n"
	"        arrival: poisson\n"
	"        retain: yes\n"
	"        alias: yes\n"
	"        expiry: 1m\n"
	"        count: 100\n"
	"    churn: {every: 1s, share: 20%, down: 200ms, how: drop}\n"
	"    join: 4s\n"
	"    reconnect: no\n";

static struct scenario loaded(const char *text)
{
	struct document_source s = { "s.yaml", bytes_str(text) };
	struct scenario ret = { 0 };
	struct err e = { 0 };

	ok(scenario_load(&s, NULL, &ret, &e) == 0, "%s", e.text);
	return ret;
}

static void whole_is_understood(void)
{
	struct scenario s = loaded(full);

	if (!is_int(s.group_count, 2))
		return;
	is_str(s.name, "everything");
	is_int(s.common_targets, 2);
	is_int(s.target_count, 5);
	is_int(s.groups[0].target_count, 0);
	is_int(s.groups[1].first_target, 2);
	is_int(s.groups[1].target_count, 3);
	is_str(s.targets[4], "ws://c");
	is_str(s.targets[1], "mqtts://localhost");
	ok(fabs(s.connect.rate - 2000) < 1e-9);
	is_int(s.connect.pending, 50);
	is_int(s.connect.retries, 2);
	ok(fabs(s.phases.start_share - 0.95) < 1e-9);
	is_int(s.phases.warmup, 2 * CLOCK_SEC);
	is_int(s.phases.measure, 13 * CLOCK_SEC, "as long as the stages");
	is_int(stages_end(&s.stages), 15 * CLOCK_SEC);
	is_int(s.require_count, 2);
	is_str(s.require[1].text, "lost == 0");
	ok(s.has_seed);
	is_int(s.seed, 0);
	is_int(s.skip_after, 500 * CLOCK_MSEC);
	is_str(s.text, full);
	is_int(scenario_clients(&s), 30);
	ok(fabs(scenario_rate(&s) - 60) < 1e-9, "20 * (1 + 2)");
	is_int(s.field_count, 1);
	is_bytes(s.fields[0], BYTES_LIT("h"));
	scenario_release(&s);
}

static void groups_are_understood(void)
{
	struct scenario s = loaded(full);
	struct group *g;

	if (!is_int(s.group_count, 2))
		return;
	g = &s.groups[0];
	is_int(g->mqtt.version, MQTT_3_1_1);
	is_int(g->mqtt.keepalive, 300);
	is_int(g->mqtt.window, 40);
	ok(g->mqtt.is_clean);
	is_int(g->subscribe_count, 2);
	is_int(g->subscribe[0].options, 1);
	is_int(g->churn.how, CHURN_UNSUBSCRIBE);
	is_int(g->ack_delay, 10 * CLOCK_MSEC);
	is_int(g->pause_for, CLOCK_SEC);
	ok(g->reconnects);
	ok(!g->will.topic);
	g = &s.groups[1];
	is_int(g->mqtt.version, MQTT_5);
	is_int(g->mqtt.keepalive, 300, "of the scenario");
	is_int(g->mqtt.session_expiry, 3600);
	ok(!g->mqtt.is_clean);
	is_int(g->will.qos, 1);
	ok(g->will.retain);
	is_int(g->churn.every, CLOCK_SEC);
	is_int(g->churn.after, CLOCK_SEC);
	is_int(g->churn.how, CHURN_DROP);
	ok(fabs(g->churn.share - 0.2) < 1e-9);
	is_int(g->join, 4 * CLOCK_SEC);
	ok(!g->reconnects);
	scenario_release(&s);
}

static void publishes_are_understood(void)
{
	struct scenario s = loaded(full);
	struct publish_plan *p;

	if (!is_int(s.group_count, 2) || !is_int(s.groups[1].publish_count, 2))
		return;
	p = &s.groups[1].publish[0];
	is_int(p->qos, 2);
	is_int(p->payload.kind, PAYLOAD_SIZE);
	is_int(p->payload.size[1], 16);
	is_int(p->payload.header, HEADER_FRONT);
	ok(fabs(p->rate - 1) < 1e-9);
	is_int(p->arrival, ARRIVAL_CONSTANT);
	is_int(p->phase, PHASE_UNIFORM);
	p = &s.groups[1].publish[1];
	is_int(p->payload.kind, PAYLOAD_TEMPLATE);
	is_int(p->payload.header, HEADER_FIELD);
	is_str(p->payload.field, "h");
	ok(fabs(p->rate - 2) < 1e-9);
	is_int(p->arrival, ARRIVAL_POISSON);
	is_int(p->expiry, 60);
	is_int(p->count, 100);
	ok(p->retain && p->use_alias);
	scenario_release(&s);
}

#define HEAD "name: x\ngroups:\n  - name: g\n    clients: 2\n"
#define G "groups: [{name: g, clients: 1}]\n"
#define PUB HEAD "    publish:\n      - topic: t\n"

static const char *const wrong[][2] = {
	{ "name: x\n", "s.yaml:1:1: 'groups' is missing here" },
	{ HEAD "  - name: g\n    clients: 1\n",
	  "s.yaml:5:11: groups[1].name: 'g' is the name of another "
	  "group too" },
	{ "name: x\nphases: {warmup: long}\n" G,
	  "s.yaml:2:18: phases.warmup: 'long' is not a duration" },
	{ HEAD "    id: same\n", "s.yaml:5:9: groups[0].id: is the same "
				 "for all 2 clients: expected %i in it" },
	{ HEAD "    id: '%n'\n", "s.yaml:5:9: groups[0].id: "
				 "placeholder '%n': it has no meaning here" },
	{ HEAD "    subscribe: [{filter: 't/%n'}]\n",
	  "s.yaml:5:26: groups[0].subscribe[0].filter: placeholder "
	  "'%n': it has no meaning here" },
	{ PUB "        rate: fast\n",
	  "s.yaml:7:15: "
	  "groups[0].publish[0].rate: 'fast' is not a rate such as "
	  "5/s, 20k/s or 10/min" },
	{ PUB "        rate: 1\n        interval: 1s\n",
	  "s.yaml:8:19: "
	  "groups[0].publish[0].interval: there is a rate already" },
	{ PUB "        size: 8\n        header: front\n",
	  "s.yaml:8:17: "
	  "groups[0].publish[0].header: needs a size of 16 at least" },
	{ PUB "        payload: '%h'\n",
	  "s.yaml:7:18: "
	  "groups[0].publish[0].payload: %h needs 'header: "
	  "field:NAME', so that it can be found" },
	{ PUB "        payload: 'h=%h'\n        header: 'field:h='\n",
	  "s.yaml:8:17: groups[0].publish[0].header: nobody would find it: "
	  "expected \"h=\":\"%h\" in the payload" },
	{ PUB "        payload: '{\"x\":\"%h\"}'\n        header: field:h\n",
	  "s.yaml:8:17: groups[0].publish[0].header: nobody would find it: "
	  "expected \"h\":\"%h\" in the payload" },
	{ PUB "        size: 8\n        payload: x\n",
	  "s.yaml:6:9: "
	  "groups[0].publish[0]: expected one of size, payload and "
	  "payload-file" },
	{ PUB "        arrival: poisson\n",
	  "s.yaml:7:18: "
	  "groups[0].publish[0].arrival: poisson needs a rate" },
	{ PUB "        arrival: trace\n",
	  "s.yaml:6:9: "
	  "groups[0].publish[0].trace: is missing: a file of times" },
	{ PUB "    mqtt: {version: 3.1.1}\n    respond: 1\n",
	  "s.yaml:8:14: groups[0].respond: needs version: 5" },
	{ HEAD "    churn: {every: 0}\n",
	  "s.yaml:5:20: "
	  "groups[0].churn.every: expected more than 0" },
	{ HEAD "    stages: [{stage: hold, to: 5%, for: 1s}]\n",
	  "s.yaml:5:14: groups[0].stages[0]: a hold has no 'to'" },
	{ "name: x\ntargets: ['mqtt//h']\n" G, "s.yaml:2:11: targets[0]: " },
	{ "name: x\nrequire: ['lsot == 0']\n" G,
	  "s.yaml:2:11: require[0]: requirement 'lsot == 0'" },
	{ "name: x\ntargets: ['http://h']\n" G,
	  "s.yaml:2:11: targets[0]: expected a URL that begins with mqtt:" },
	{ HEAD "    targets: [mqtt://h, ftp://h]\n",
	  "s.yaml:5:25: groups[0].targets[1]: URL: scheme 'ftp' is not" },
	{ "name: x\nconnect: {pending: 0}\n" G,
	  "s.yaml:2:20: connect.pending: '0' is not a whole number from 1 " },
	{ "name: x\nconnect: {retries: x}\n" G,
	  "s.yaml:2:20: connect.retries: 'x' is not a whole number from 0 " },
	{ "name: x\nconnect: {timeout: 0}\n" G,
	  "s.yaml:2:20: connect.timeout: expected more than 0" },
	{ "name: x\nmqtt: {keepalive: 70000}\n" G,
	  "s.yaml:2:19: mqtt.keepalive: '70000' is not whole seconds" },
	{ "name: x\nmqtt: {version: 3.1.1, receive-maximum: 7}\n" G,
	  "s.yaml:2:41: mqtt.receive-maximum: needs version: 5" },
	{ HEAD "    mqtt: {window: 0}\n",
	  "s.yaml:5:20: groups[0].mqtt.window: '0' is not a whole number" },
	{ HEAD "    will: {topic: a/+}\n",
	  "s.yaml:5:19: groups[0].will.topic: 'a/+' contains a wildcard" },
	{ HEAD "    subscribe: [{filter: a/#/b}]\n",
	  "s.yaml:5:26: groups[0].subscribe[0].filter: 'a/#/b' has '#' "
	  "before its end" },
	{ HEAD "    publish: [{topic: '%u'}]\n",
	  "s.yaml:5:23: groups[0].publish[0].topic: '' is empty" },
	{ HEAD "    publish: [{topic: 'a/%{r:1-9}/#'}]\n",
	  "s.yaml:5:23: groups[0].publish[0].topic: 'a/1/#' contains "
	  "a wildcard" },
	{ PUB "        reply: '+'\n",
	  "s.yaml:7:16: groups[0].publish[0].reply: '+' contains a wildcard" },
	{ PUB "        reply: r\n        header: property\n",
	  "s.yaml:8:17: groups[0].publish[0].header: answers bring the "
	  "payload back and no property" },
	{ PUB "        rate: 0\n",
	  "s.yaml:7:15: groups[0].publish[0].rate: expected more than 0" },
	{ PUB "        interval: 0\n",
	  "s.yaml:7:19: groups[0].publish[0].interval: expected more than 0" },
	{ PUB "        burst: 5\n",
	  "s.yaml:6:9: groups[0].publish[0].arrival: a burst needs a rate" },
	{ PUB "        count: -5\n",
	  "s.yaml:7:16: groups[0].publish[0].count: '-5' is not a whole" },
	{ HEAD "    churn: {every: 1s, how: unsubscribe}\n",
	  "s.yaml:5:29: groups[0].churn.how: there is no 'subscribe'" },
	{ PUB "        reply: r\n"
	      "    churn: {every: 1s, how: unsubscribe}\n",
	  "s.yaml:8:29: groups[0].churn.how: there is no 'subscribe'" },
	{ HEAD "    churn: {every: 1s, times: 0}\n",
	  "s.yaml:5:31: groups[0].churn.times: '0' is not a whole number" },
	{ "name: x\ngroups:\n  - {name: g, clients: 0}\n",
	  "s.yaml:3:24: groups[0].clients: '0' is not a whole number from 1 "
	  "to 10000000" },
	{ "name: x\ngroups:\n  - {name: g, clients: 1k}\n",
	  "s.yaml:3:24: groups[0].clients: '1k' is not a whole number" },
	{ "name: x\ngroups:\n  - {name: g, clients: 1.5}\n",
	  "s.yaml:3:24: groups[0].clients: '1.5' is not a whole number" },
	{ "name: x\ngroups:\n  - {name: '', clients: 1}\n",
	  "s.yaml:3:12: groups[0].name: is empty" },
	{ HEAD "    mqtt: {version: 3.1.1}\n    password: x\n",
	  "s.yaml:6:15: groups[0].password: without a username it needs "
	  "version: 5" },
	{ HEAD "    respond: 1\n",
	  "s.yaml:5:14: groups[0].respond: there is no 'subscribe'" },
	{ HEAD "    slow: {ack-delay: 1s}\n",
	  "s.yaml:5:11: groups[0].slow: there is no 'subscribe'" },
	{ HEAD "    subscribe: [{filter: a}, {filter: $share/g/b}]\n",
	  "s.yaml:5:39: groups[0].subscribe[1].filter: a shared subscription "
	  "has to be the only one of its group" },
	{ HEAD "    subscribe: [{filter: $share/g/b}]\n"
	       "    publish: [{topic: t, reply: r}]\n",
	  "s.yaml:5:26: groups[0].subscribe[0].filter: a shared" },
	{ HEAD "    slow: {}\n",
	  "s.yaml:5:11: this set of 'key: value' is empty: "
	  "fill it or leave it out" },
	{ HEAD "    targets: []\n", "s.yaml:5:14: this list is empty: fill it "
				    "or leave it out" },
	{ HEAD "    mqtt: {}\n", "s.yaml:5:11: this set of" },
	{ HEAD "    publish: []\n", "s.yaml:5:14: this list is empty" },
	{ HEAD "    subscribe: []\n", "s.yaml:5:16: this list is empty" },
	{ HEAD "    stages: []\n", "s.yaml:5:13: this list is empty" },
	{ HEAD "    slow:\n", "s.yaml:5:10: " },
	{ HEAD "    targets:\n", "s.yaml:5:13: " },
	{ "name: x\nmqtt: {}\n" G, "s.yaml:2:7: this set of" },
	{ "name: x\nphases: {}\n" G, "s.yaml:2:9: this set of" },
	{ "name: x\nconnect: {}\n" G, "s.yaml:2:10: this set of" },
	{ "name: x\ntargets: []\n" G, "s.yaml:2:10: this list is empty" },
	{ "name: x\nstages: []\n" G, "s.yaml:2:9: this list is empty" },
	{ "name: x\nrequire: []\n" G, "s.yaml:2:10: this list is empty" },
	{ "name: x\ngroups: []\n", "s.yaml:2:9: this list is empty" },
	{ HEAD "    subscribe: [{filter: $share/g/b, no-local: yes}]\n",
	  "s.yaml:5:48: groups[0].subscribe[0].no-local: MQTT has none" },
};

static void mistakes_have_a_place(void)
{
	struct scenario s;
	struct err e;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct document_source src = { "s.yaml",
					       bytes_str(wrong[i][0]) };

		err_clear(&e);
		is_int(scenario_load(&src, NULL, &s, &e), -1);
		ok(strncmp(e.text, wrong[i][1], strlen(wrong[i][1])) == 0,
		   "%s\n# expected %s", e.text, wrong[i][1]);
		is_int(e.kind, ERR_USAGE);
	}
}

static void files_are_read_beside_the_scenario(void)
{
	static const char text[] = PUB
		"        arrival: trace\n        trace: times\n"
		"        payload-file: data\n"
		"      - {topic: '%{site}/%u', rate: 1}\n"
		"    clients-from: who.csv\n";
	struct document_source src = { "s.yaml", bytes_str(text) };
	char dir[] = "/tmp/test_scenarioXXXXXX", path[300];
	struct scenario s = { 0 };
	struct err e = { 0 };
	struct group *g;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	is_int(scenario_load(&src, dir, &s, &e), -1);
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "s.yaml:11:19: groups[0].clients-from: cannot "
			  "open '/tmp/test_scenario"),
	   "%s", e.text);
	write_file(dir, "times", "# s\n0.5\n0.5\n2\n");
	write_file(dir, "data", "payload");
	write_file(dir, "who.csv", "id,username,site\na,u1,x\nb,u2,y\n");
	if (ok(scenario_load(&src, dir, &s, &e) == 0, "%s", e.text)) {
		g = &s.groups[0];
		is_int(g->publish[0].trace_count, 3);
		is_int(g->publish[0].trace[2], 2 * CLOCK_SEC);
		is_bytes(buf_view(&g->publish[0].payload.bytes),
			 BYTES_LIT("payload"));
		is_int(g->from.row_count, 2);
		is_int(template_uses(g->id), TEMPLATE_COLUMN);
		is_int(template_uses(g->username), TEMPLATE_COLUMN);
		ok(!g->password);
		is_int(scenario_check_identities(&s, &e), 0);
		scenario_scale(&s, 2);
		is_int(scenario_check_identities(&s, &e), -1);
		is_str(e.text, "group 'g' has 4 clients now, and 'who.csv', "
			       "its clients-from, only 2");
		scenario_release(&s);
	}
	write_file(dir, "who.csv", "id,username,site\na,u1,x\n");
	is_int(scenario_load(&src, dir, &s, &e), -1);
	ok(strstr(e.text, "has 1 clients, expected 2"), "%s", e.text);
	write_file(dir, "times", "3\n1\n");
	write_file(dir, "who.csv", "id,username,site\na,u1,x\nb,u2,y\n");
	is_int(scenario_load(&src, dir, &s, &e), -1);
	ok(strstr(e.text, "trace: line 2: goes back in time"), "%s", e.text);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir,
			 i == 0   ? "times"
			 : i == 1 ? "data"
				  : "who.csv");
		unlink(path);
	}
	rmdir(dir);
}

static void scenarios_can_be_scaled(void)
{
	struct scenario s = loaded(full);
	struct err e = { 0 };

	if (!is_int(s.group_count, 2))
		return;
	scenario_scale(&s, 0.01);
	is_int(s.groups[0].clients, 1, "at least one");
	is_int(s.groups[1].publish[1].count, 1);
	scenario_scale(&s, 5000);
	is_int(s.groups[1].clients, 5000);
	scenario_quicken(&s);
	is_int(s.groups[1].clients, 50);
	is_int(s.phases.measure, 13 * CLOCK_SEC);
	is_int(scenario_set_total_rate(&s, 30, &e), 0);
	ok(fabs(scenario_rate(&s) - 30) < 1e-9);
	ok(fabs(s.groups[1].publish[0].rate - 0.2) < 1e-9);
	is_int(scenario_set_client_rate(&s, 7, &e), 0);
	ok(fabs(s.groups[1].publish[0].rate + s.groups[1].publish[1].rate - 7) <
		   1e-9,
	   "all topics of a client together");
	scenario_release(&s);
	s = loaded(HEAD);
	is_int(scenario_set_total_rate(&s, 30, &e), -1);
	is_str(e.text, "scenario 'x' has no publishers whose rate could be "
		       "set");
	s.phases.measure = 0;
	scenario_quicken(&s);
	is_int(s.phases.measure, 30 * CLOCK_SEC);
	scenario_release(&s);
}

static void long_stages_are_squeezed(void)
{
	struct scenario s = loaded(
		"name: x\nstages:\n"
		"  - {stage: step, to: 300%, for: 10m}\ngroups:\n"
		"  - {name: g, clients: 1, publish: [{topic: t, rate: 1}]}\n");

	scenario_quicken(&s);
	is_int(stages_end(&s.stages), 30 * CLOCK_SEC);
	ok(fabs(stages_mass(&s.stages, CLOCK_NEVER) - 90) < 1e-6);
	ok(scenario_stages(&s, &s.groups[0]) == &s.stages);
	scenario_release(&s);
}

/* The second of two stages is as long as the first, in any time. */
static void stages_fit_into_the_time(void)
{
	static const uint64_t times[][2] = {
		{ 0, 15 }, { 10, 15 }, { 5, 5 }, { 0, 10 }, { 5, 15 }
	};
	struct scenario s;
	uint64_t all;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		s = loaded("name: x\nphases: {warmup: 5s, measure: 15s}\n"
			   "stages:\n"
			   "  - {stage: step, to: 100%, for: 10s}\n"
			   "  - {stage: step, to: 200%, for: 10s}\n"
			   "groups:\n"
			   "  - {name: g, clients: 1, join: 10s,"
			   " publish: [{topic: t, rate: 1}]}\n");
		all = (times[i][0] + times[i][1]) * CLOCK_SEC;
		scenario_set_times(&s, times[i][0] * CLOCK_SEC,
				   times[i][1] * CLOCK_SEC);
		is_int(s.phases.warmup, times[i][0] * CLOCK_SEC);
		is_int(stages_end(&s.stages), all);
		is_int(s.stages.list[1].begin, all / 2);
		is_int(s.groups[0].join, all / 2);
		scenario_release(&s);
	}
}

static void clients_are_shared_out(void)
{
	static const char yaml[] =
		"name: x\ngroups:\n"
		"  - {name: a, clients: 1, subscribe: [{filter: t}]}\n"
		"  - {name: b, clients: 2, subscribe: [{filter: t}]}\n"
		"  - {name: c, clients: 3, publish: [{topic: t}]}\n";
	static const uint64_t all[] = { 3, 4, 5, 6, 7, 100, 99999 };
	struct scenario s;
	struct err e = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		s = loaded(yaml);
		is_int(scenario_set_clients(&s, all[i], &e), 0, "%s", e.text);
		is_int(scenario_clients(&s), all[i]);
		for (size_t k = 0; k < s.group_count; k++)
			ok(s.groups[k].clients > 0);
		scenario_release(&s);
	}
	s = loaded(yaml);
	is_int(scenario_set_clients(&s, 2, &e), -1);
	is_str(e.text, "2 clients are too few for 3 groups");
	is_int(scenario_set_subscribers(&s, 30, &e), 0);
	is_int(s.groups[0].clients, 10);
	is_int(s.groups[1].clients, 20);
	is_int(s.groups[2].clients, 3, "they do more than subscribe");
	s.groups[0].subscribe_count = s.groups[1].subscribe_count = 0;
	is_int(scenario_set_subscribers(&s, 30, &e), -1);
	is_str(e.text, "there is no group that only subscribes");
	s.groups[0].subscribe_count = s.groups[1].subscribe_count = 1;
	scenario_release(&s);
}

/* Not the first client's: what a column has in it is anybody's guess. */
static void columns_are_checked_for_all_clients(void)
{
	static const struct {
		const char *yaml, *row, *error;
	} cases[] = {
		{ "will: {topic: 'w/%{site}'}", "c,u,p,+",
		  "will.topic: 'w/+' contains a wildcard ('+' or '#') "
		  "(who.csv:3)" },
		{ "publish: [{topic: '%{site}'}]", "c,u,p,",
		  "publish[0].topic: '' is empty (who.csv:3)" },
		{ "publish: [{topic: 'a/%c'}]", "c#,u,p,x",
		  "publish[0].topic: 'a/c#' contains a wildcard" },
		{ "publish: [{topic: 'a/%u', reply: 'r/%{site}'}]", "c,u,p,r+",
		  "publish[0].reply: 'r/r+' contains a wildcard" },
		{ "subscribe: [{filter: 'a/%{site}/b'}]", "c,u,p,#",
		  "subscribe[0].filter: 'a/#/b' has '#' before its end" },
		{ "subscribe: [{filter: '%{site}/g/t'}]", "c,u,p,$share",
		  "subscribe[0].filter: is a shared subscription of some "
		  "clients only: make another group for the others" },
		{ "subscribe: [{filter: a}, {filter: '%u/g/t'}]",
		  "c,$share,p,x",
		  "subscribe[1].filter: is a shared subscription of some" },
		{ "publish: [{topic: t}]", "c,\xff,p,x",
		  "username: '\\xFF' is not valid UTF-8 (who.csv:3)" },
	};
	char dir[] = "/tmp/test_scenarioXXXXXX", text[300], path[300];
	struct document_source src = { "s.yaml", { 0 } };
	struct scenario s;
	struct err e;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		snprintf(text, sizeof(text),
			 "id,username,password,site\na,u,p,1\n%s\nb,u,p,2\n",
			 cases[i].row);
		write_file(dir, "who.csv", text);
		snprintf(text, sizeof(text),
			 "name: x\ngroups:\n  - name: g\n    clients: 3\n"
			 "    clients-from: who.csv\n    %s\n",
			 cases[i].yaml);
		src.text = bytes_str(text);
		err_clear(&e);
		is_int(scenario_load(&src, dir, &s, &e), -1);
		ok(strstr(e.text, cases[i].error), "%s\n# expected %s", e.text,
		   cases[i].error);
	}
	snprintf(path, sizeof(path), "%s/who.csv", dir);
	is_int(unlink(path), 0);
	is_int(rmdir(dir), 0);
}

/* Numbers get longer. */
static void the_longest_topics_are_checked(void)
{
	static const char *const ends[] = { "%i", "%n", "%{r:1-10}" };
	char text[MQTT_STRING_MAX + 400], fill[MQTT_STRING_MAX];
	struct document_source src = { "s.yaml", { 0 } };
	struct scenario s;
	struct err e;

	memset(fill, 'a', sizeof(fill) - 1);
	fill[sizeof(fill) - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		snprintf(text, sizeof(text),
			 "name: x\ngroups:\n  - name: g\n    clients: 10\n"
			 "    publish: [{topic: '%s%s'}]\n",
			 fill, ends[i]);
		src.text = bytes_str(text);
		err_clear(&e);
		is_int(scenario_load(&src, NULL, &s, &e), -1);
		ok(strstr(e.text, "is longer than 65535 bytes (client 10)"),
		   "%s: %s", ends[i], e.text);
	}
}

TEST_MAIN(T(whole_is_understood), T(groups_are_understood),
	  T(publishes_are_understood), T(mistakes_have_a_place),
	  T(files_are_read_beside_the_scenario),
	  T(columns_are_checked_for_all_clients),
	  T(the_longest_topics_are_checked), T(scenarios_can_be_scaled),
	  T(stages_fit_into_the_time), T(clients_are_shared_out),
	  T(long_stages_are_squeezed))
