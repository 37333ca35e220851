/* SPDX-License-Identifier: MIT */
#include "bench/scenario_schema.h"

#include "bench/scenario.h"

#define OPT CYAML_FLAG_OPTIONAL
#define PTR (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

#define TEXT(key, type, member) \
	CYAML_FIELD_STRING_PTR(key, PTR, type, member, 0, CYAML_UNLIMITED)
#define CHOICE(key, type, member, names)                                    \
	CYAML_FIELD_ENUM(key, OPT | CYAML_FLAG_STRICT, type, member, names, \
			 sizeof(names) / sizeof((names)[0]))
#define LIST(key, type, member, entry) \
	CYAML_FIELD_SEQUENCE(key, PTR, type, member, entry, 0, CYAML_UNLIMITED)

static const cyaml_strval_t flags[] = {
	{ "yes", RAW_YES },
	{ "no", RAW_NO },
	{ "true", RAW_YES },
	{ "false", RAW_NO },
};

static const cyaml_strval_t levels[] = {
	{ "0", RAW_QOS0 },
	{ "1", RAW_QOS1 },
	{ "2", RAW_QOS2 },
};

static const cyaml_strval_t versions[] = {
	{ "3.1", MQTT_3_1 },
	{ "3.1.1", MQTT_3_1_1 },
	{ "5", MQTT_5 },
	/* As -V says it, and other generators of load. */
	{ "5.0", MQTT_5 },
	{ "31", MQTT_3_1 },
	{ "311", MQTT_3_1_1 },
	{ "3", MQTT_3_1 },
	{ "4", MQTT_3_1_1 },
};

static const cyaml_strval_t arrivals[] = {
	{ "constant", ARRIVAL_CONSTANT + 1 },
	{ "poisson", ARRIVAL_POISSON + 1 },
	{ "burst", ARRIVAL_BURST + 1 },
	{ "trace", ARRIVAL_TRACE + 1 },
};

static const cyaml_strval_t phase_names[] = {
	{ "uniform", PHASE_UNIFORM + 1 },
	{ "aligned", PHASE_ALIGNED + 1 },
};

static const cyaml_strval_t stage_names[] = {
	{ "ramp", STAGE_RAMP + 1 },
	{ "hold", STAGE_HOLD + 1 },
	{ "step", STAGE_STEP + 1 },
	{ "spike", STAGE_SPIKE + 1 },
};

static const cyaml_strval_t churn_names[] = {
	{ "disconnect", CHURN_DISCONNECT + 1 },
	{ "drop", CHURN_DROP + 1 },
	{ "unsubscribe", CHURN_UNSUBSCRIBE + 1 },
};

static const cyaml_schema_value_t text_value = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, CYAML_UNLIMITED),
};

static const cyaml_schema_field_t mqtt_fields[] = {
	CHOICE("version", struct raw_mqtt, version, versions),
	TEXT("keepalive", struct raw_mqtt, keepalive),
	CHOICE("clean", struct raw_mqtt, clean, flags),
	TEXT("session-expiry", struct raw_mqtt, session_expiry),
	TEXT("receive-maximum", struct raw_mqtt, receive_maximum),
	TEXT("window", struct raw_mqtt, window),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t will_fields[] = {
	CYAML_FIELD_STRING_PTR("topic", CYAML_FLAG_POINTER, struct raw_will,
			       topic, 0, CYAML_UNLIMITED),
	TEXT("payload", struct raw_will, payload),
	CHOICE("qos", struct raw_will, qos, levels),
	CHOICE("retain", struct raw_will, retain, flags), CYAML_FIELD_END
};

static const cyaml_schema_field_t subscribe_fields[] = {
	CYAML_FIELD_STRING_PTR("filter", CYAML_FLAG_POINTER,
			       struct raw_subscribe, filter, 0,
			       CYAML_UNLIMITED),
	CHOICE("qos", struct raw_subscribe, qos, levels),
	CHOICE("no-local", struct raw_subscribe, no_local, flags),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t subscribe_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_subscribe,
			    subscribe_fields),
};

static const cyaml_schema_field_t publish_fields[] = {
	CYAML_FIELD_STRING_PTR("topic", CYAML_FLAG_POINTER, struct raw_publish,
			       topic, 0, CYAML_UNLIMITED),
	CHOICE("qos", struct raw_publish, qos, levels),
	CHOICE("retain", struct raw_publish, retain, flags),
	TEXT("rate", struct raw_publish, rate),
	TEXT("interval", struct raw_publish, interval),
	TEXT("count", struct raw_publish, count),
	TEXT("size", struct raw_publish, size),
	TEXT("payload", struct raw_publish, payload),
	TEXT("payload-file", struct raw_publish, payload_file),
	TEXT("header", struct raw_publish, header),
	CHOICE("arrival", struct raw_publish, arrival, arrivals),
	CHOICE("phase", struct raw_publish, phase, phase_names),
	TEXT("burst", struct raw_publish, burst),
	TEXT("trace", struct raw_publish, trace),
	TEXT("expiry", struct raw_publish, expiry),
	CHOICE("alias", struct raw_publish, alias, flags),
	TEXT("reply", struct raw_publish, reply),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t publish_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_publish,
			    publish_fields),
};

static const cyaml_schema_field_t churn_fields[] = {
	CYAML_FIELD_STRING_PTR("every", CYAML_FLAG_POINTER, struct raw_churn,
			       every, 0, CYAML_UNLIMITED),
	TEXT("share", struct raw_churn, share),
	TEXT("after", struct raw_churn, after),
	TEXT("down", struct raw_churn, down),
	TEXT("times", struct raw_churn, times),
	CHOICE("how", struct raw_churn, how, churn_names),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t slow_fields[] = {
	TEXT("ack-delay", struct raw_slow, ack_delay),
	TEXT("pause-every", struct raw_slow, pause_every),
	TEXT("pause-for", struct raw_slow, pause_for), CYAML_FIELD_END
};

static const cyaml_schema_field_t stage_fields[] = {
	CYAML_FIELD_ENUM("stage", CYAML_FLAG_STRICT, struct raw_stage, kind,
			 stage_names,
			 sizeof(stage_names) / sizeof(stage_names[0])),
	TEXT("to", struct raw_stage, to),
	CYAML_FIELD_STRING_PTR("for", CYAML_FLAG_POINTER, struct raw_stage,
			       duration, 0, CYAML_UNLIMITED),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t stage_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_stage, stage_fields),
};

static const cyaml_schema_field_t group_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_group,
			       name, 1, CYAML_UNLIMITED),
	CYAML_FIELD_STRING_PTR("clients", CYAML_FLAG_POINTER, struct raw_group,
			       clients, 0, CYAML_UNLIMITED),
	LIST("targets", struct raw_group, targets, &text_value),
	TEXT("id", struct raw_group, id),
	TEXT("username", struct raw_group, username),
	TEXT("password", struct raw_group, password),
	TEXT("clients-from", struct raw_group, clients_from),
	CYAML_FIELD_MAPPING("mqtt", OPT, struct raw_group, mqtt, mqtt_fields),
	CYAML_FIELD_MAPPING_PTR("will", PTR, struct raw_group, will,
				will_fields),
	LIST("subscribe", struct raw_group, subscribe, &subscribe_value),
	LIST("publish", struct raw_group, publish, &publish_value),
	CHOICE("respond", struct raw_group, respond, levels),
	CYAML_FIELD_MAPPING("slow", OPT, struct raw_group, slow, slow_fields),
	CYAML_FIELD_MAPPING_PTR("churn", PTR, struct raw_group, churn,
				churn_fields),
	TEXT("join", struct raw_group, join),
	TEXT("reconnect", struct raw_group, reconnect),
	LIST("stages", struct raw_group, stages, &stage_value),
	CYAML_FIELD_END
};

static const cyaml_schema_value_t group_value = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct raw_group, group_fields),
};

static const cyaml_schema_field_t connect_fields[] = {
	TEXT("rate", struct raw_connect, rate),
	TEXT("timeout", struct raw_connect, timeout),
	TEXT("pending", struct raw_connect, pending),
	TEXT("retries", struct raw_connect, retries), CYAML_FIELD_END
};

static const cyaml_schema_field_t phases_fields[] = {
	TEXT("start", struct raw_phases, start),
	TEXT("deadline", struct raw_phases, deadline),
	TEXT("settle", struct raw_phases, settle),
	TEXT("warmup", struct raw_phases, warmup),
	TEXT("measure", struct raw_phases, measure),
	TEXT("drain", struct raw_phases, drain),
	CYAML_FIELD_END
};

static const cyaml_schema_field_t scenario_fields[] = {
	CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_POINTER, struct raw_scenario,
			       name, 1, CYAML_UNLIMITED),
	TEXT("description", struct raw_scenario, description),
	LIST("targets", struct raw_scenario, targets, &text_value),
	CYAML_FIELD_MAPPING("mqtt", OPT, struct raw_scenario, mqtt,
			    mqtt_fields),
	CYAML_FIELD_MAPPING("connect", OPT, struct raw_scenario, connect,
			    connect_fields),
	CYAML_FIELD_MAPPING("phases", OPT, struct raw_scenario, phases,
			    phases_fields),
	LIST("stages", struct raw_scenario, stages, &stage_value),
	LIST("require", struct raw_scenario, require, &text_value),
	TEXT("seed", struct raw_scenario, seed),
	TEXT("tick", struct raw_scenario, tick),
	TEXT("skip-after", struct raw_scenario, skip_after),
	LIST("groups", struct raw_scenario, groups, &group_value),
	CYAML_FIELD_END
};

const cyaml_schema_value_t scenario_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_scenario,
			    scenario_fields),
};
