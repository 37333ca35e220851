/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

/*
 * struct settings: everything a tool was told, from the built-in defaults,
 * a profile, the environment and the command line (the later ones win).
 *
 * The option table (config/option.h) writes into it; settings_load() then
 * checks the whole and fills in what follows from it (client, publish,
 * subscriptions ...). A tool reads client, run and its own part; typed and
 * origins belong to the configuration layer. Main thread only, before any
 * other thread is started; afterwards it is read-only.
 *
 * It owns everything its pointers lead to, until settings_release(), and it
 * must not be moved once loaded. Durations are nanoseconds, 0 when there is
 * no limit.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/log.h"
#include "client/params.h"
#include "mqtt/packet.h"

/* Bits, so that a row of the table can serve several. */
enum tool {
	TOOL_PUB = 1,
	TOOL_SUB = 2,
	TOOL_RR = 4,
	TOOL_BENCH = 8,
	TOOL_CHECK = 16,
};

/* What the options ask of the program. */
enum settings_action {
	SETTINGS_RUN,   /* its work */
	SETTINGS_PRINT, /* write settings.text to stdout and exit with 0 */
};

/* Values of a repeatable option, in the order given. */
struct text_list {
	const char **v;
	size_t n;
};

/* Where a value comes from, the weakest first. */
enum origin_kind {
	ORIGIN_DEFAULT,
	ORIGIN_PROFILE,
	ORIGIN_ENVIRONMENT,
	ORIGIN_OPTIONS_FILE, /* -o FILE */
	ORIGIN_ARGV,
};

struct origin {
	enum origin_kind kind;
	unsigned depth;    /* PROFILE: how many others extend this one */
	const char *where; /* "FILE:LINE:COLUMN", the variable's name or the
			    * option as typed; NULL for defaults */
};

/* Limits of the whole run and what it says about itself. */
struct run_settings {
	uint64_t timeout;         /* --timeout, -W: the whole run */
	uint64_t ack_timeout;     /* longest wait for one acknowledgement */
	uint64_t idle_timeout;    /* nothing happened for so long: end with 0 */
	uint64_t drain_timeout;   /* after the end of input */
	enum log_level log_level; /* from --quiet and -d */
	bool tls_info;            /* show it and end */
	bool coalesce;            /* false: write every packet at once */
	unsigned events;          /* 1: as JSON on events_fd */
	uint32_t events_fd;
};

/* --store and what goes with it. */
struct store_settings {
	const char *path;    /* NULL: none */
	unsigned durability; /* 1: survives power loss */
	bool exactly_once;
	bool info, clear, yes; /* look or clear, and end */
	bool has_given_id;     /* else the store's own client id is used */
};

/* How mqtt-bench shows that it is at work. */
enum bench_progress {
	PROGRESS_AUTO, /* a live view on a terminal, else lines */
	PROGRESS_LIVE,
	PROGRESS_LINES, /* one each interval */
	PROGRESS_NONE,
};

enum bench_vary { VARY_RATE, VARY_CLIENTS, VARY_FANOUT };

/* As typed; scenarios understand the same words, and src/bench checks them
 * there. NULL and 0: not said. */
struct bench_settings {
	struct text_list targets, topics, require;
	uint32_t clients, qos, window, pending, threads, repeat, broker_pid;
	const char *size, *message, *payload_file, *header;
	bool retain, quick, is_owner, plan, broker_stats;
	const char *rate, *client_rate, *interval;
	const char *connect_rate, *connect_interval;
	unsigned arrival, phase; /* 0, or the value + 1 */
	uint64_t limit, seed;
	const char *duration, *warmup, *drain, *tick, *skip_after;
	const char *scale, *shard, *start_at, *run_id;
	const char *json, *ndjson, *html, *hgrm, *metrics, *title;
	uint64_t report_every;
	uint64_t clock_bound;  /* ns; 0: not stated */
	unsigned progress;     /* enum bench_progress */
	unsigned vary;         /* enum bench_vary */
	const char *from, *to; /* of a search */
	const char *id;
	bool clean;
	uint32_t session_expiry;
	bool has_target; /* --host, --port ... on the command line, or
			  * in a profile that was asked for there */
	bool has_clients, has_seed, has_version, has_keepalive, has_qos;
};

enum pub_source {
	PUB_NOTHING, /* --flush */
	PUB_MESSAGE, /* -m: pub.message */
	PUB_NULL,    /* -n: no payload; pub.message is empty */
	PUB_FILE,    /* -f: the whole of pub.file */
	PUB_STDIN,   /* -s: the whole of stdin */
	PUB_LINES,   /* -l: each line of stdin */
};

struct pub_settings {
	enum pub_source source;
	const char *file;
	struct bytes message;
	/* Each message, without its payload: topic, QoS, retain, properties
	 * (payload format, content type ...) and expiry. */
	struct publish publish;
	uint64_t repeat;       /* times to send it; 1 unless told */
	uint64_t repeat_delay; /* at least this long between two */
	bool check_utf8;       /* refuse payloads that are not UTF-8 */
	bool enqueue, flush;   /* only store, only send */
	bool resume;           /* skip records that are stored already */
	int source_ack;        /* descriptor; -1: none */
};

enum sub_ack { SUB_ACK_ON_WRITE, SUB_ACK_MANUAL };

/* How payloads appear in JSON. */
enum json_payload {
	JSON_PAYLOAD_AUTO,   /* text when it is UTF-8, else base64 */
	JSON_PAYLOAD_BASE64, /* always base64 */
	JSON_PAYLOAD_JSON,   /* parsed as JSON, like %J */
};

#define KEEPALIVE_AUTO UINT32_MAX

struct sub_settings {
	/* One SUBSCRIBE per subscription identifier in use; filters[] of all
	 * of them is in the order of the command line. None with -U alone. */
	const struct subscribe *subscribes;
	size_t subscribe_count;
	struct subscribe unsubscribe;   /* -U; count 0: none */
	const struct bytes *filter_out; /* -T */
	size_t filter_out_count;

	uint64_t count;       /* -C: end after so many; 0: no limit */
	bool exit_subscribed; /* -E: end when subscribed */
	bool no_retained;     /* -R */
	bool retained_only;
	bool remove_retained;
	bool partial_ok;      /* some filters may be refused */
	bool validate_utf8;   /* refuse text payloads that are not UTF-8 */
	double random_filter; /* percent of the messages to show; 100: all */

	bool verbose;       /* -v: the topic in front */
	bool no_newline;    /* -N */
	const char *format; /* -F; NULL: none */
	bool json;          /* --json */
	enum json_payload json_payload;
	bool pretty;        /* JSON over several lines */
	const char *output; /* --output FILE; NULL: stdout */
	unsigned ack;       /* enum sub_ack */
	uint32_t ack_fd;
	bool at_most_once; /* acknowledge before writing */
};

/* Topic filters with the QoS that -q had asked for before each of them;
 * FILTER_QOS_OPEN when it had not been given yet. */
enum { FILTER_QOS_OPEN = 0xff };
struct filter_list {
	struct text_list names;
	uint8_t *qos; /* one per name */
};

/* Variables that programs share: whose proxy for whom. */
enum { PROXY_ALL, PROXY_HTTP, PROXY_HTTPS, PROXY_NOT_FOR, PROXY_VARIABLES };

/* As typed, before the whole is known: the configuration layer's own. */
struct typed {
	const char *host, *unix_path, *url;
	uint32_t port; /* 0: by the scheme */
	struct text_list servers, bind;
	unsigned server_order;
	bool ipv4, ipv6, nodelay;

	const char *url_password, *url_topic; /* parts of the URL */

	const char *user, *password;
	const char *password_file, *password_command;
	uint32_t password_fd;
	bool password_prompt;

	bool tls, tls_os_certs, tls_insecure, tls_any_host;
	const char *tls_ca, *tls_ca_path, *tls_crl, *tls_cert, *tls_key;
	const char *key_passphrase, *key_passphrase_file;
	const char *key_passphrase_command;
	uint32_t key_passphrase_fd;
	bool key_passphrase_prompt;
	struct bytes tls_psk;
	const char *tls_psk_identity, *tls_sni, *tls_ciphers, *tls_keylog;
	struct text_list tls_alpn, tls_pins;
	unsigned tls_min_version, tls_max_version, tls_keyform;

	bool ws;
	const char *ws_path, *ws_subprotocol, *ws_origin;
	const char *ws_user, *ws_password;
	struct text_list ws_headers;

	const char *proxy;
	const char *proxy_env[PROXY_VARIABLES];
	bool srv;
	struct transport_config *transports; /* one per server */
	size_t transport_count;
	unsigned proxy_protocol;
	const char *proxy_source, *proxy_destination;

	unsigned version;
	const char *id, *id_prefix;
	bool keep_session; /* -c */
	uint32_t session_expiry;
	uint32_t keepalive; /* seconds or KEEPALIVE_AUTO */
	uint64_t keepalive_min, keepalive_max, keepalive_step;
	bool keepalive_probe_anyway;
	uint32_t inflight;
	uint32_t receive_max, max_packet, topic_alias_max;
	bool response_info, problem_info;
	const char *auth_method;
	struct bytes auth_data;
	const char *auth_file, *auth_command;
	struct text_list connect_user;
	uint32_t disconnect_expiry;
	struct text_list disconnect_user;

	const char *will_topic, *will_payload, *will_file;
	uint32_t will_qos, will_delay, will_expiry;
	bool will_retain;
	unsigned will_format;
	const char *will_content_type, *will_response_topic;
	struct bytes will_correlation;
	struct text_list will_user;

	uint64_t connect_timeout;
	bool reconnect;
	uint64_t reconnect_delay, reconnect_max_delay;
	uint32_t reconnect_attempts;
	bool reconnect_first, reconnect_refused;
	uint64_t reconnect_time, reconnect_stable;
	unsigned on_session_loss, queue_policy;
	uint64_t queue_count;
	uint32_t queue_bytes, source_ack;
	bool debug, quiet;

	uint32_t qos;
	bool retain; /* mqtt-pub, down to user_props */
	const char *topic, *message;
	bool null_message, stdin_whole, stdin_lines;
	bool utf8;
	unsigned payload_format;
	uint32_t message_expiry, topic_alias;
	const char *content_type, *response_topic;
	struct bytes correlation;
	struct text_list user_props;

	struct filter_list filters; /* mqtt-sub: -t */
	struct text_list subscribe; /* FILTER,OPTION... */
	struct text_list unsubscribe, filter_out;
	bool no_local, retain_as_published;
	unsigned retain_handling;
	uint32_t subscription_id;
	struct text_list subscribe_user, unsubscribe_user;

	const char *profile, *save_profile, *options_file;
	bool show_config, help, version_asked;
};

struct kept; /* memory that lives as long as the settings */

struct settings {
	enum tool tool;
	enum settings_action action;
	struct buf text;           /* with SETTINGS_PRINT */
	struct text_list warnings; /* one line each, for the user */

	struct client_params client;
	struct disconnect disconnect; /* for client_disconnect() */
	struct run_settings run;
	struct store_settings store;
	struct pub_settings pub;
	struct sub_settings sub;
	struct bench_settings bench;
	struct text_list operands; /* words that are no options, of the tools
				    * that take some */

	struct typed typed;
	struct origin *origins; /* one per row of the table */
	struct kept *kept;
};

/* What the process was started with. argv is NULL-terminated; secrets in it
 * are overwritten. Our own variables are taken out of env, so that programs
 * started later do not inherit them. */
struct settings_input {
	enum tool tool;
	char **argv;
	char **env;
};

/*
 * Reads and checks everything. May read files (profiles, password files),
 * run the password command and ask on the terminal. On failure e is one line
 * for the user (ERR_USAGE, or ERR_LOCAL when something could not be read),
 * and s is still to be released.
 */
int settings_load(struct settings *s, const struct settings_input *in,
		  struct err *e) MUST_CHECK;
/* mqtt-bench only, whose scenarios may name the brokers: fills in client for
 * these URLs, or, without any, for what --host and the like say. */
int settings_resolve_targets(struct settings *s, const struct text_list *urls,
			     struct err *e) MUST_CHECK;
/* Zeroed settings are fine. Secrets are wiped. */
void settings_release(struct settings *s);

#endif
