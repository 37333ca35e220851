/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCENARIO_SCHEMA_H
#define BENCH_SCENARIO_SCHEMA_H

/*
 * The form of a scenario file: structures as libcyaml fills them in, and the
 * schema that says so. Values with units are still text here; scenario.c
 * and scenario_group.c understand them. Private to these. Absent optional
 * values are NULL or 0.
 */

#include <cyaml/cyaml.h>

/* 0 is "not said" in all of these. */
enum raw_flag { RAW_YES = 1, RAW_NO };
enum raw_qos { RAW_QOS0 = 1, RAW_QOS1, RAW_QOS2 };

struct raw_mqtt {
	int version; /* enum mqtt_version */
	char *keepalive;
	int clean; /* enum raw_flag */
	char *session_expiry;
	char *receive_maximum;
	char *window;
};

struct raw_will {
	char *topic, *payload;
	int qos, retain;
};

struct raw_subscribe {
	char *filter;
	int qos, no_local;
};

struct raw_publish {
	char *topic;
	int qos, retain;
	char *rate, *interval;
	char *count;
	char *size, *payload, *payload_file;
	char *header;
	int arrival; /* enum arrival + 1 */
	int phase;   /* enum schedule_phase + 1 */
	char *burst;
	char *trace;
	char *expiry;
	int alias;
	char *reply;
};

struct raw_churn {
	char *every, *share, *after, *down, *times;
	int how; /* enum churn_how + 1 */
};

struct raw_slow {
	char *ack_delay, *pause_every, *pause_for;
};

struct raw_stage {
	int kind; /* enum stage_kind + 1 */
	char *to, *duration;
};

struct raw_group {
	char *name;
	char *clients;
	char **targets;
	unsigned targets_count;
	char *id, *username, *password, *clients_from;
	struct raw_mqtt mqtt;
	struct raw_will *will;
	struct raw_subscribe *subscribe;
	unsigned subscribe_count;
	struct raw_publish *publish;
	unsigned publish_count;
	int respond; /* enum raw_qos */
	struct raw_slow slow;
	struct raw_churn *churn;
	char *join, *reconnect;
	struct raw_stage *stages;
	unsigned stages_count;
};

struct raw_connect {
	char *rate, *timeout, *pending, *retries;
};

struct raw_phases {
	char *start, *deadline, *settle, *warmup, *measure, *drain;
};

struct raw_scenario {
	char *name, *description;
	char **targets;
	unsigned targets_count;
	struct raw_mqtt mqtt;
	struct raw_connect connect;
	struct raw_phases phases;
	struct raw_stage *stages;
	unsigned stages_count;
	char **require;
	unsigned require_count;
	char *seed;
	char *tick, *skip_after;
	struct raw_group *groups;
	unsigned groups_count;
};

extern const cyaml_schema_value_t scenario_schema;

#endif
