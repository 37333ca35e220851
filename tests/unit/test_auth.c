/* SPDX-License-Identifier: MIT */
/* Enhanced authentication of the client against a server that does the other
 * side of SCRAM-SHA-256 (and cheats when the test asks for it). */
#include <mbedtls/md.h>

#include "base/text.h"
#include "client/auth.h"
#include "client_setup.h"
#include "mqtt/props.h"
#include "mqtt/reason.h"

#define HASH 32
#define SALT "salt of the test"

static atomic_int cheat;  /* 1: wrong signature, 2: none, 3: no dialogue */
static atomic_int proofs; /* good ones that the server has seen */

static void hmac(const void *key, size_t key_n, struct bytes in, uint8_t *ret)
{
	mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key,
			key_n, in.p, in.n, ret);
}

static void salted_password(const char *password, uint8_t *ret)
{
	uint8_t u[HASH];

	hmac(password, strlen(password), BYTES_LIT(SALT "\0\0\0\1"), u);
	memcpy(ret, u, HASH);
	for (int i = 1; i < 4096; i++) {
		hmac(password, strlen(password), bytes_of(u, HASH), u);
		for (int k = 0; k < HASH; k++)
			ret[k] ^= u[k];
	}
}

struct exchange {
	char bare[128], first[160], message[512];
};

/* What the server answers to client-first: a challenge. */
static void challenge(struct exchange *x, struct bytes client_first)
{
	const char *nonce;

	snprintf(x->bare, sizeof(x->bare), "%.*s", (int)client_first.n - 3,
		 (const char *)client_first.p + 3);
	nonce = strstr(x->bare, ",r=");
	snprintf(x->first, sizeof(x->first),
		 "r=%sserver,s=c2FsdCBvZiB0aGUgdGVzdA==,i=4096",
		 nonce ? nonce + 3 : "");
}

/* Checks the proof, fills the server's signature as "v=...". */
static bool check_proof(struct exchange *x, struct bytes client_final,
			struct buf *ret)
{
	char final[256];
	uint8_t salted[HASH], key[HASH], stored[HASH], sig[HASH];
	struct buf want = { 0 };
	struct bytes message;
	char *proof;
	bool is_good;

	snprintf(final, sizeof(final), "%.*s", (int)client_final.n,
		 (const char *)client_final.p);
	proof = strstr(final, ",p=");
	if (!proof)
		return false;
	*proof = '\0';
	snprintf(x->message, sizeof(x->message), "%s,%s,%s", x->bare, x->first,
		 final);
	message = bytes_str(x->message);
	salted_password("pencil", salted);
	hmac(salted, HASH, BYTES_LIT("Client Key"), key);
	mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), key, HASH,
		   stored);
	hmac(stored, HASH, message, sig);
	for (int k = 0; k < HASH; k++)
		key[k] ^= sig[k];
	is_good = text_base64(&want, bytes_of(key, HASH)) == 0 &&
		  strcmp(buf_cstr(&want), proof + 3) == 0;
	buf_release(&want);
	hmac(salted, HASH, BYTES_LIT("Server Key"), key);
	hmac(key, HASH, message, sig);
	if (atomic_load(&cheat) == 1)
		sig[0] ^= 1;
	return is_good && buf_append_str(ret, "v=") == 0 &&
	       text_base64(ret, bytes_of(sig, HASH)) == 0;
}

static void send_auth(struct peer *p, uint8_t reason, struct bytes data)
{
	struct buf props = { 0 }, out = { 0 };
	struct disconnect a = { .reason = reason };

	if (props_put_bytes(&props, PROP_AUTH_METHOD,
			    BYTES_LIT("SCRAM-SHA-256")) < 0 ||
	    props_put_bytes(&props, PROP_AUTH_DATA, data) < 0)
		atomic_store(&p->has_failed, true);
	a.props = buf_view(&props);
	if (encode_auth(&out, &a) == 0)
		peer_send(p, &out);
	buf_release(&props);
	buf_release(&out);
}

static void send_connack(struct peer *p, struct bytes data)
{
	struct buf props = { 0 }, out = { 0 };
	struct connack a = { 0 };

	if (props_put_bytes(&props, PROP_AUTH_METHOD,
			    BYTES_LIT("SCRAM-SHA-256")) < 0 ||
	    (data.n && props_put_bytes(&props, PROP_AUTH_DATA, data) < 0))
		atomic_store(&p->has_failed, true);
	a.props = buf_view(&props);
	if (encode_connack(&out, MQTT_5, &a) == 0)
		peer_send(p, &out);
	buf_release(&props);
	buf_release(&out);
}

/* One dialogue that client-first has begun; the signature goes to ret. */
static void converse(struct peer *p, struct bytes client_first, struct buf *ret)
{
	struct exchange x;
	struct packet k;

	challenge(&x, client_first);
	send_auth(p, REASON_CONTINUE_AUTH, bytes_str(x.first));
	if (!peer_expect(p, PACKET_AUTH, &k))
		return;
	if (check_proof(&x, props_value(k.auth.props, PROP_AUTH_DATA), ret))
		atomic_fetch_add(&proofs, 1);
}

static void script_scram(struct peer *p)
{
	struct buf signature = { 0 };
	struct packet k;

	peer_accept(p);
	if (!peer_expect(p, PACKET_CONNECT, &k))
		return;
	if (bytes_is_set(k.connect.password) || bytes_is_set(k.connect.user))
		atomic_store(&p->has_failed, true);
	if (atomic_load(&cheat) != 3)
		converse(p, props_value(k.connect.props, PROP_AUTH_DATA),
			 &signature);
	if (atomic_load(&cheat) >= 2)
		buf_clear(&signature);
	send_connack(p, buf_view(&signature));
	buf_clear(&signature);
	/* Once more, on the live connection. */
	while (peer_read(p, &k) && k.type != PACKET_DISCONNECT) {
		if (k.type != PACKET_AUTH)
			continue;
		if (k.auth.reason != REASON_REAUTH)
			atomic_store(&p->has_failed, true);
		converse(p, props_value(k.auth.props, PROP_AUTH_DATA),
			 &signature);
		send_auth(p, REASON_SUCCESS, buf_view(&signature));
	}
	buf_release(&signature);
}

static struct client *scram_client(struct peer *p, const char *password)
{
	struct err e;

	atomic_store(&proofs, 0);
	peer_start(p, script_scram);
	usual_params(p->port);
	params.connect.user = BYTES_LIT("user");
	params.connect.password = bytes_str(password);
	is_int(auth_scram_init(&params.auth, "SCRAM-SHA-256", &e), 0);
	return new_client();
}

static int socket_to(uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	is_int(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void end(struct client *c, struct peer *p)
{
	struct err e;

	client_disconnect(c, NULL, within(5000), &e);
	client_free(c);
	auth_scram_release(&params.auth);
	ok(peer_join(p));
	atomic_store(&cheat, 0);
}

static void both_sides_prove_themselves(void)
{
	struct client *c;
	struct peer p;
	struct err e = { 0 };

	c = scram_client(&p, "pencil");
	is_int(client_connect(c, within(5000), &e), 0, "%s", e.text);
	is_int(atomic_load(&proofs), 1);
	client_reauthenticate(c);
	wait_for(&proofs, 2);
	is_int(atomic_load(&proofs), 2);
	usleep(20000);
	is_int(client_state(c), CLIENT_CONNECTED);
	end(c, &p);
}

static void a_cheating_server_is_left(void)
{
	static const char *const texts[] = {
		"signature is wrong",
		"did not prove",
		"did not prove",
	};

	for (int how = 1; how <= 3; how++) {
		struct client *c;
		struct peer p;
		struct err e = { 0 };

		atomic_store(&cheat, how);
		c = scram_client(&p, "pencil");
		is_int(client_connect(c, within(5000), &e), -1);
		is_int(e.kind, ERR_REFUSED);
		ok(strstr(e.text, texts[how - 1]) != NULL, "%s", e.text);
		end(c, &p);
	}
}

static void a_wrong_password_has_a_wrong_proof(void)
{
	struct client *c;
	struct peer p;
	struct err e = { 0 };

	c = scram_client(&p, "crayon");
	is_int(client_connect(c, within(5000), &e), -1);
	is_int(atomic_load(&proofs), 0);
	end(c, &p);
}

static void a_password_that_cannot_be_used_ends_it(void)
{
	struct client *c;
	struct peer p;
	struct err e = { 0 };

	c = scram_client(&p, "\xc3\xa4");
	is_int(client_connect(c, within(2000), &e), -1);
	is_int(e.kind, ERR_USAGE);
	client_free(c);
	auth_scram_release(&params.auth);
	close(socket_to(p.port)); /* so that the script ends */
	(void)peer_join(&p);
}

TEST_MAIN(T(both_sides_prove_themselves), T(a_cheating_server_is_left),
	  T(a_wrong_password_has_a_wrong_proof),
	  T(a_password_that_cannot_be_used_ends_it))
