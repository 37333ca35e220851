/* SPDX-License-Identifier: MIT */
#ifndef BENCH_SCENARIO_H
#define BENCH_SCENARIO_H

/*
 * A load test as it was written down: groups of clients, what each does, how
 * the load changes over time, what must hold. Loaded from YAML (a file, one
 * of the built-in ones, or what the command line was turned into), checked,
 * and read-only from then on, except for the adjustments below.
 *
 * One thread until it is loaded, then any. It owns everything it points to.
 * Durations are nanoseconds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/template.h"
#include "bench/document.h"
#include "bench/identities.h"
#include "bench/require.h"
#include "bench/schedule.h"
#include "bench/stages.h"
#include "mqtt/types.h"

enum { SCENARIO_CLIENTS_MAX = 10000000, GROUP_PUBLISHES_MAX = 16 };

/* What the clients of a group announce in CONNECT. */
struct mqtt_plan {
	enum mqtt_version version;
	uint16_t keepalive; /* seconds */
	bool is_clean;
	uint32_t session_expiry; /* seconds; MQTT 5 only */
	uint16_t receive_max;    /* for messages to us; 0: not said */
	uint16_t window;         /* for messages from us; 0: 20, or what the
				  * broker allows when that is less */
};

struct will_plan {
	struct template *topic; /* NULL: no will */
	struct template *payload;
	uint8_t qos;
	bool retain;
};

struct subscribe_plan {
	struct template *filter;
	uint8_t options; /* as in struct subscription */
};

enum payload_kind { PAYLOAD_SIZE, PAYLOAD_TEMPLATE, PAYLOAD_BYTES };

enum header_place {
	HEADER_NONE,     /* not measured: too small, or asked for */
	HEADER_FRONT,    /* the first 16 bytes */
	HEADER_FIELD,    /* %h in a template, found by the field's name */
	HEADER_PROPERTY, /* a user property of MQTT 5 */
};

struct payload_plan {
	enum payload_kind kind;
	uint64_t size[2]; /* PAYLOAD_SIZE: from, to */
	struct template *template;
	struct buf bytes; /* PAYLOAD_BYTES: content of a file */
	enum header_place header;
	char *field; /* HEADER_FIELD, HEADER_PROPERTY: its name */
};

struct publish_plan {
	struct template *topic;
	struct payload_plan payload;
	uint8_t qos;
	bool retain;
	double rate;    /* per client; 0: as fast as it goes */
	uint64_t count; /* of the whole group; 0: no limit */
	enum arrival arrival;
	enum schedule_phase phase;
	uint32_t burst;
	uint64_t *trace; /* ARRIVAL_TRACE */
	uint64_t trace_count;
	uint32_t expiry;        /* seconds; 0: none */
	bool use_alias;         /* topic aliases, MQTT 5 */
	struct template *reply; /* a request: response topic, MQTT 5 */
};

enum churn_how {
	CHURN_DISCONNECT,  /* DISCONNECT, orderly */
	CHURN_DROP,        /* without a word: the will is sent */
	CHURN_UNSUBSCRIBE, /* stays connected */
};

struct churn_plan {
	uint64_t every; /* 0: no churn */
	double share;   /* of the clients, each time */
	uint64_t after; /* from the begin of sending */
	uint64_t down;  /* before connecting or subscribing again */
	uint32_t times; /* 0: until the end */
	enum churn_how how;
};

struct group {
	char *name;
	uint32_t clients;
	/* Targets of its own, among those of the scenario; 0: the common
	 * ones. */
	size_t first_target, target_count;
	struct template *id, *username, *password; /* the latter may be NULL */
	struct identities from;                    /* row_count 0: none */
	struct mqtt_plan mqtt;
	struct will_plan will;
	struct subscribe_plan *subscribe;
	size_t subscribe_count;
	size_t listed_count; /* of these, before the reply topics */
	struct publish_plan *publish;
	size_t publish_count;
	bool responds; /* to requests, on their response topic */
	uint8_t respond_qos;
	uint64_t ack_delay; /* slow consumers */
	uint64_t pause_every, pause_for;
	struct churn_plan churn;
	uint64_t join; /* connects that long after sending began;
			* 0: before */
	bool reconnects;
	uint64_t reconnect_delay;
	struct stages stages; /* count 0: those of the scenario */
};

struct connect_plan {
	double rate;      /* connects per second; 0: no limit */
	uint32_t pending; /* connects under way at most */
	uint64_t timeout;
	uint32_t retries; /* of a first connect that failed */
};

struct phases {
	double start_share; /* connected clients needed to begin */
	uint64_t start_deadline;
	uint64_t settle, warmup, measure, drain; /* measure 0: no end */
};

struct scenario {
	char *name, *description;
	char **targets; /* URLs: the common ones, then those of groups */
	size_t target_count, common_targets;
	struct connect_plan connect;
	struct phases phases;
	struct stages stages; /* count 0: none */
	struct require *require;
	size_t require_count;
	uint64_t seed;
	bool has_seed;
	uint64_t tick;       /* see struct schedule_config */
	uint64_t skip_after; /* messages later than this are skipped;
			      * 0: never */
	struct group *groups;
	size_t group_count;
	/* Names of the fields that headers may stand in. */
	struct bytes *fields;
	size_t field_count;
	char *text; /* the YAML it came from */
};

/* Files it names (credentials, payloads, traces) are read too, relative to
 * `directory` (NULL: the working directory). ERR_USAGE or ERR_LOCAL. */
int scenario_load(const struct document_source *s, const char *directory,
		  struct scenario *ret, struct err *e) MUST_CHECK;
void scenario_release(struct scenario *s);

/* Multiplies clients (at least 1 in each group that had some), connect rate
 * and limits by a factor, so that the shape stays; rates per client stay. */
void scenario_scale(struct scenario *s, double factor);
/* A hundredth of the clients (but up to ten as they are) and 30 s at most,
 * for laptops and test suites. */
void scenario_quicken(struct scenario *s);
/* Sets the lengths of warm-up and measured phase (0: no end). Stages, late
 * joins and counted churn are stretched or shortened with them, so that the
 * whole of the scenario happens. */
void scenario_set_times(struct scenario *s, uint64_t warmup, uint64_t measure);
/* Makes every group speak that version. Sessions of MQTT 3 have no expiry: a
 * kept one is kept. e when a group does what that version cannot. */
int scenario_set_version(struct scenario *s, enum mqtt_version v, struct err *e)
	MUST_CHECK;
/* Sets the rate of all publishing clients together, in proportion to what
 * they had, or of each, all its topics together; e when no group has a rate
 * to set. */
int scenario_set_total_rate(struct scenario *s, double rate, struct err *e)
	MUST_CHECK;
int scenario_set_client_rate(struct scenario *s, double rate, struct err *e)
	MUST_CHECK;

/* Sets how many clients there are in all, in proportion to what the groups
 * have; or of those that only subscribe. Rates per client stay. e when there
 * are no such groups, or too few clients for them. */
int scenario_set_clients(struct scenario *s, uint64_t clients, struct err *e)
	MUST_CHECK;
int scenario_set_subscribers(struct scenario *s, uint64_t clients,
			     struct err *e) MUST_CHECK;

/* Has every group as many identities as clients? e when it was scaled beyond
 * the file that they come from. */
int scenario_check_identities(const struct scenario *s, struct err *e)
	MUST_CHECK;

/* Messages per second that the whole is meant to publish at factor 1; 0 when
 * it publishes as fast as it goes. */
double scenario_rate(const struct scenario *s);
uint64_t scenario_clients(const struct scenario *s);
/* What templates of a client of a group need. Its id and user name are
 * rendered into `text` when t asks for them; views live as long as that. -1
 * when out of memory. */
int group_values(const struct group *g, uint32_t client,
		 const struct template *t, struct buf *text,
		 struct template_values *ret) MUST_CHECK;
/* Appends t rendered for that client. */
int group_render(const struct group *g, uint32_t client,
		 const struct template *t, struct buf *ret) MUST_CHECK;
/* The stages that govern a group, or NULL for a constant load. */
const struct stages *scenario_stages(const struct scenario *s,
				     const struct group *g);

#endif
