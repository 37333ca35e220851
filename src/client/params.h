/* SPDX-License-Identifier: MIT */
#ifndef CLIENT_PARAMS_H
#define CLIENT_PARAMS_H

/*
 * Everything needed to connect, as plain data: the configuration layer fills
 * it in, the client reads it. No code, no thread; all pointers are borrowed
 * and must outlive the client. All durations are nanoseconds.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "client/heartbeat.h"
#include "mqtt/packet.h"
#include "mqtt/session.h"
#include "mqtt/types.h"
#include "net/dial.h"

struct transport_config;

/* One server of the list. */
struct client_server {
	const char *host; /* NULL with unix_path */
	uint16_t port;
	const char *unix_path;
	/* TLS, WebSocket, proxy: see net/transport.h; NULL: plain. */
	const struct transport_config *transport;
};

enum client_server_order { SERVERS_FIXED, SERVERS_ROTATE, SERVERS_RANDOM };

/* What a publisher meets when the queue is full and nobody takes it off. */
enum client_queue_policy {
	QUEUE_BLOCK,
	QUEUE_DROP_OLDEST,
	QUEUE_DROP_NEWEST,
	QUEUE_FAIL,
};

struct reconnect_params {
	bool is_enabled;       /* after a connection was lost */
	bool retry_first;      /* also when the first connection fails */
	bool retry_refused;    /* also after permanent refusals */
	bool resend_only;      /* one-shot: only to confirm what was sent */
	uint64_t delay;        /* base of the back-off; default 1 s */
	uint64_t max_delay;    /* its cap; default 60 s */
	uint64_t stable_after; /* up this long: the back-off starts anew */
	uint32_t max_attempts; /* rounds without success; 0: no limit */
	uint64_t max_elapsed;  /* since the loss; 0: no limit */
	uint64_t seed;         /* 0: from the system */
};

/* Supplies secrets anew for each connection attempt, so that rotation needs
 * no restart. Runs on the receive thread; may read a small file; may block
 * only as long as a local file read does. Views live until the next call.
 * -1 with e ends the attempt. */
struct client_credentials {
	int (*load)(void *ctx, struct bytes *ret_user,
		    struct bytes *ret_password, struct err *e);
	void *ctx;
};

/*
 * Enhanced authentication [MQTT-4.12]: a dialogue per connection and per
 * re-authentication, on the receive thread; a step may block only as long as
 * a local program takes to answer. Each step appends the data to send to ret
 * (which may stay empty); -1 with e ends the connection.
 */
struct client_auth {
	const char *method; /* NULL: none */
	/* A new dialogue. c has user and password as loaded; what the method
	 * proves in another way is to be taken out of it. */
	int (*begin)(void *ctx, struct connect *c, struct buf *ret,
		     struct err *e);
	int (*answer)(void *ctx, struct bytes challenge, struct buf *ret,
		      struct err *e);
	/* The server is content; what it said last (absent: nothing) must
	 * be checked. */
	int (*finish)(void *ctx, struct bytes last, struct err *e);
	void *ctx;
};

/* --keepalive auto, see client/heartbeat.h. The calls come on the receive
 * thread with the connection's lock held, so that they may use its store;
 * they must not wait. */
struct client_heartbeat_params {
	struct heartbeat_params search; /* max 0: the keepalive is fixed */
	/* What an earlier run has found out; false: nothing. NULL: neither
	 * can be had. */
	bool (*load)(void *ctx, struct bytes network,
		     struct heartbeat_finding *ret);
	void (*save)(void *ctx, struct bytes network,
		     const struct heartbeat_finding *found);
	void *ctx;
};

struct client_params {
	const struct client_server *servers;
	size_t server_count;
	enum client_server_order server_order;
	enum dial_family family;
	const char *const *bind_addresses;
	size_t bind_count;

	uint64_t connect_timeout;  /* one server attempt, all phases */
	enum mqtt_version version; /* MQTT_AUTO: 5, 3.1.1, 3.1 on proof */
	bool needs_v5;             /* with MQTT_AUTO: no fallback */
	/* CONNECT as it is to be sent; version and, after the first
	 * connection of a kept session, clean_start are set per attempt.
	 * props only for MQTT 5. */
	struct connect connect;
	bool keep_session; /* our state outlives a connection */
	struct client_credentials credentials; /* load NULL: as in connect */
	struct client_auth auth;
	uint64_t reauth_interval; /* prove it again so often; 0: never */

	struct session_config session;
	struct reconnect_params reconnect;
	struct client_heartbeat_params heartbeat;
	/* Referrals (0x9C, 0x9D) in a row that are followed to another
	 * server, with the transport of the one that refers; 0: none. */
	uint32_t max_redirects;
	/* QoS 1/2 that may pile up while there is no connection, and what
	 * happens then; with one, publishers wait at 1 MiB at the latest. */
	size_t queue_bytes; /* 0: 1 MiB */
	size_t queue_count; /* 0: no limit */
	enum client_queue_policy queue_policy;
	uint64_t store_refresh; /* look this often for messages that others
				 * have put into the store; 0: never */
	bool trace;             /* packets to the debug log */
};

#endif
