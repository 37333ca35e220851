/* SPDX-License-Identifier: MIT */
/*
 * A peer in a thread of the test program: listens on 127.0.0.1, runs a script
 * (a C function) that accepts, reads and sends packets with the codec's
 * server side. Every wait has a deadline of ten seconds; a script that waits
 * in vain marks the peer as failed. Included by the tests of the client.
 */
#ifndef PEER_THREAD_H
#define PEER_THREAD_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "mqtt/decode.h"
#include "mqtt/encode.h"

#define PEER_WAIT_MS 10000

struct peer {
	int listen_fd, fd;
	uint16_t port;
	enum mqtt_version version;
	struct buf in;
	size_t used; /* of the packet read last */
	pthread_t thread;
	void (*script)(struct peer *p);
	atomic_bool has_failed;
	atomic_int step; /* for scripts to tell how far they are */
};

static inline int peer_ready(struct peer *p, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (poll(&pfd, 1, PEER_WAIT_MS) > 0)
		return 1;
	atomic_store(&p->has_failed, true);
	return 0;
}

static inline void peer_accept(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
	buf_clear(&p->in);
	p->used = 0;
	if (peer_ready(p, p->listen_fd))
		p->fd = accept(p->listen_fd, NULL, NULL);
}

static inline void peer_close(struct peer *p)
{
	if (p->fd >= 0)
		close(p->fd);
	p->fd = -1;
}

/* The next packet; its views live until the next call. False at EOF. */
static inline bool peer_read(struct peer *p, struct packet *ret)
{
	struct decode_result r;
	uint8_t *room;
	ssize_t n;

	buf_consume(&p->in, p->used);
	p->used = 0;
	for (;;) {
		struct decoder d = { p->version, DECODE_FROM_CLIENT, 0 };

		switch (decode_packet(&d, buf_view(&p->in), &r)) {
		case DECODE_OK:
			p->used = r.used;
			*ret = r.packet;
			return true;
		case DECODE_BAD:
			atomic_store(&p->has_failed, true);
			return false;
		case DECODE_MORE:
			break;
		}
		room = buf_reserve(&p->in, 65536);
		if (!room || !peer_ready(p, p->fd))
			return false;
		n = recv(p->fd, room, 65536, 0);
		if (n <= 0)
			return false;
		buf_commit(&p->in, (size_t)n);
	}
}

/* Reads packets until one of that type comes (others are passed over). */
static inline bool peer_expect(struct peer *p, enum packet_type type,
			       struct packet *ret)
{
	while (peer_read(p, ret))
		if (ret->type == type)
			return true;
	atomic_store(&p->has_failed, true);
	return false;
}

static inline void peer_send(struct peer *p, const struct buf *out)
{
	struct bytes b = buf_view(out);

	if (send(p->fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
		atomic_store(&p->has_failed, true);
}

static inline void peer_connack(struct peer *p, uint8_t reason,
				bool session_present)
{
	struct connack a = { .reason = reason,
			     .return_code = reason,
			     .session_present = session_present };
	struct buf b = { 0 };

	if (encode_connack(&b, p->version, &a) == 0)
		peer_send(p, &b);
	buf_release(&b);
}

/* Reads CONNECT, takes over its version, answers with success. */
static inline void peer_welcome(struct peer *p, bool session_present)
{
	struct packet k;

	if (!peer_expect(p, PACKET_CONNECT, &k))
		return;
	p->version = k.connect.version;
	peer_connack(p, 0, session_present);
}

static inline void peer_ack(struct peer *p, enum packet_type type, uint16_t pid)
{
	struct ack a = { .pid = pid };
	struct buf b = { 0 };

	if (encode_ack(&b, p->version, type, &a) == 0)
		peer_send(p, &b);
	buf_release(&b);
}

static inline void *peer_main(void *arg)
{
	struct peer *p = arg;

	p->script(p);
	peer_close(p);
	return NULL;
}

/* A listening socket without a script yet. */
static inline void peer_listen(struct peer *p)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	memset(p, 0, sizeof(*p));
	p->fd = -1;
	p->version = MQTT_5;
	p->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(p->listen_fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(p->listen_fd, 16) < 0)
		atomic_store(&p->has_failed, true);
	getsockname(p->listen_fd, (struct sockaddr *)&a, &len);
	p->port = ntohs(a.sin_port);
}

static inline void peer_run(struct peer *p, void (*script)(struct peer *p))
{
	p->script = script;
	pthread_create(&p->thread, NULL, peer_main, p);
}

static inline void peer_start(struct peer *p, void (*script)(struct peer *p))
{
	peer_listen(p);
	peer_run(p, script);
}

/* Waits for the script to end. True when everything it waited for came. */
static inline bool peer_join(struct peer *p)
{
	pthread_join(p->thread, NULL);
	close(p->listen_fd);
	buf_release(&p->in);
	return !atomic_load(&p->has_failed);
}

#endif
