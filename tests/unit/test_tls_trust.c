/* SPDX-License-Identifier: MIT */
/* Whom TLS trusts, by which options, and how it says why not. */
#include "net/tls.h"

#include "tls_peer.h"

/* ------------------------------------------------------------ connections */

/* NULL when the handshake succeeds, else the error's text. */
static const char *try(const struct client *c, struct server *v)
{
	static struct err e;
	struct stream *s;
	enum io io;

	e = (struct err){ 0 };
	s = client_new(c, v, NULL, &e);
	if (!s)
		return e.text;
	io = handshake(s, v, &e);
	stream_free(s);
	server_close(v);
	if (io == IO_OK)
		return NULL;
	is_int(e.kind, ERR_TLS, "%s", e.text);
	return e.text;
}

static void expect(const char *text, const char *says, const char *what)
{
	if (!says)
		ok(!text, "%s: %s", what, text ? text : "");
	else
		ok(text && strstr(text, says), "%s: %s, expected %s", what,
		   text ? text : "accepted", says);
}

static const struct {
	const char *crt;  /* shown by the server, without ".crt" */
	const char *key;  /* NULL: the same */
	const char *host; /* NULL: localhost */
	const char *says; /* NULL: accepted */
	const char *try;  /* what is to be tried, in its last words */
} shown[] = {
	{ "server", NULL, NULL, NULL, NULL },
	{ "server", NULL, "127.0.0.1", NULL, NULL },
	{ "server", NULL, "::1", NULL, NULL },
	{ "server", NULL, "LOCALHOST.", NULL, NULL },
	{ "server", NULL, "127.0.0.2",
	  "certificate 'O=mqtt-tools test, "
	  "CN=localhost' by 'O=mqtt-tools test, CN=Test CA' is for "
	  "'localhost', '127.0.0.1', '::1', not for '127.0.0.2'",
	  "connect to it by such a name" },
	{ "server", NULL, "localhost.evil", "not for 'localhost.evil'",
	  "connect to it by such a name" },
	{ "wronghost", NULL, NULL,
	  "is for 'broker.example', not for "
	  "'localhost'",
	  "connect to it by such a name" },
	{ "expired", NULL, NULL,
	  "CN=localhost' by 'O=mqtt-tools test, "
	  "CN=Test CA' expired on 2020-02-01 00:00:00 UTC (this machine's "
	  "clock says 20",
	  "if the clock is right, the server needs a new "
	  "one" },
	{ "future", NULL, NULL,
	  "'CN=future' by 'O=mqtt-tools test, CN=Test "
	  "CA' is not valid before 2090-01-01 00:00:00 UTC (this machine's "
	  "clock says 20",
	  "is it right?)" },
	{ "rogue", NULL, NULL,
	  "CN=localhost' is issued by 'O=mqtt-tools "
	  "test, CN=Other CA', which is not among the trusted ones (",
	  "add its certificate to those to trust, or have the server send "
	  "it along" },
	{ "self", NULL, NULL,
	  "certificate 'CN=localhost' is self-signed and "
	  "not among the trusted ones (",
	  "if that is the right server, add "
	  "its certificate to those to trust" },
	{ "wildcard", NULL, "a.example.test", NULL, NULL },
	{ "wildcard", NULL, "example.test",
	  "is for '*.example.test', not "
	  "for 'example.test'",
	  "connect to it by such a name" },
	{ "wildcard", NULL, "a.b.example.test", "not for 'a.b.example",
	  "connect to it by such a name" },
	{ "address", NULL, "192.0.2.7", NULL, NULL },
	{ "address", NULL, "2001:db8::7", NULL, NULL },
	{ "address", NULL, NULL,
	  "is for '192.0.2.7', '2001:db8::7', not for "
	  "'localhost'",
	  "connect to it by such a name" },
	{ "cn", NULL, "cn", NULL, NULL },
	{ "cn", NULL, NULL, "is for 'cn', not for 'localhost'",
	  "connect to it by such a name" },
	{ "deep-chain", "deep", NULL, NULL, NULL },
	{ "deep", NULL, NULL,
	  "is issued by 'CN=Intermediate CA', which is "
	  "not among the trusted ones (",
	  "or have the server send it "
	  "along" },
	{ "weak", NULL, NULL,
	  "the key of certificate 'CN=weak' (RSA, 1024 "
	  "bits) or of its issuer 'O=mqtt-tools test, CN=Test CA' is too "
	  "weak",
	  "the server needs a stronger one" },
	{ "sha1", NULL, NULL,
	  "certificate 'CN=sha1' by 'O=mqtt-tools test, "
	  "CN=Test CA' is signed with SHA1, which is too weak",
	  "the server "
	  "needs a stronger one" },
	{ "revoked", NULL, NULL,
	  "certificate 'CN=revoked' with serial "
	  "number ",
	  "do not give this server secrets" },
	{ "revoked", NULL, NULL,
	  "was revoked by 'O=mqtt-tools test, "
	  "CN=Test CA'",
	  "do not give this server secrets" },
};

static bool ends_with(const char *text, const char *end)
{
	size_t n = text ? strlen(text) : 0, m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

static void show(size_t i)
{
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.crl_file = cert("ca.crl"),
	};
	struct client c = { .options = &o, .host = shown[i].host };
	char crt[32], key[32];
	struct server v;
	const char *text;

	snprintf(crt, sizeof(crt), "%s.crt", shown[i].crt);
	snprintf(key, sizeof(key), "%s.key",
		 shown[i].key ? shown[i].key : shown[i].crt);
	server_init(&v, crt, key);
	text = try(&c, &v);
	expect(text, shown[i].says, crt);
	if (shown[i].try)
		ok(ends_with(text, shown[i].try), "%s, expected %s", text,
		   shown[i].try);
	/* Whoever asks for it gets any of them; but newer libraries do not
	 * even make a signature with the weak key. */
	o.is_insecure = true;
	if (strcmp(shown[i].crt, "weak") != 0)
		expect(try(&c, &v), NULL, crt);
	server_release(&v);
}

static void certificates_of_all_kinds(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		show(i);
}

static void several_faults_are_all_told(void)
{
	struct tls_options o = { .ca_file = cert("other-ca.crt") };
	struct client c = { .options = &o, .host = "elsewhere" };
	struct server v;
	const char *text;

	server_init(&v, "expired.crt", "expired.key");
	text = try(&c, &v);
	expect(text, "expired on 2020-02-01", "date");
	expect(text, "CN=localhost' is issued by", "issuer");
	expect(text, "is for 'localhost'", "name");
	server_release(&v);
}

static void finer_switches(void)
{
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.no_verify_host = true,
	};
	struct client c = { .options = &o };
	struct server v;

	server_init(&v, "wronghost.crt", "wronghost.key");
	expect(try(&c, &v), NULL, "any name");
	server_release(&v);
	server_init(&v, "rogue.crt", "rogue.key");
	expect(try(&c, &v), "not among the trusted", "but no stranger");
	server_release(&v);
}

static void pins(void)
{
	static const char wrong[] = "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
				    "AAAAAAAAAAAA=";
	const char *list[2] = { wrong, NULL };
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.is_insecure = true, /* pins hold all the same */
		.pins = list,
		.pin_count = 1,
	};
	struct client c = { .options = &o };
	struct server v;
	const char *text;
	char pin[64];

	server_init(&v, "self.crt", "self.key");
	text = try(&c, &v);
	expect(text,
	       "the server's public key is none of the 1 pinned: it is "
	       "sha256//",
	       "wrong pin");
	snprintf(pin, sizeof(pin), "%s", strstr(text, "sha256//"));
	list[1] = pin;
	o.pin_count = 2;
	expect(try(&c, &v), NULL, "the right one among two");
	list[1] = pin + strlen("sha256//");
	expect(try(&c, &v), NULL, "without a prefix");
	list[1] = "sha256//short";
	expect(try(&c, &v), "is not the base64 of a SHA-256", "no pin");
	server_release(&v);
}

static void directories_of_certificates(void)
{
	struct tls_options o = { .ca_path = certs };
	struct client c = { .options = &o };
	struct server v;
	struct err e = { 0 };

	server_init(&v, "server.crt", "server.key");
	expect(try(&c, &v), NULL, "a directory");
	o.ca_path = cert("ca.crt");
	expect(try(&c, &v), "is not a directory", "a file");
	o.ca_path = "/proc/self/task";
	expect(try(&c, &v), "holds no certificate", "an empty one");
	o.ca_path = "/nonexistent";
	expect(try(&c, &v),
	       "cannot read CA directory '/nonexistent': no such "
	       "file or directory",
	       "none");
	o.ca_path = NULL;
	expect(try(&c, &v), "not among the trusted ones (/etc/",
	       "the "
	       "system's");
	ok(!tls_config_new(&(struct tls_options){ .ca_file = certs }, &e));
	is_int(e.kind, ERR_LOCAL);
	ok(strstr(e.text, "is a directory"), "%s", e.text);
	server_release(&v);
}

/* ------------------------------------------------------- who we are */

static void server_wants_client(struct server *v)
{
	struct err e = { 0 };

	server_init(v, "server.crt", "server.key");
	if (tls_load_ca_file(&v->ca, cert("ca.crt"), &e) < 0)
		abort();
	mbedtls_ssl_conf_ca_chain(&v->conf, &v->ca, NULL);
	mbedtls_ssl_conf_authmode(&v->conf, MBEDTLS_SSL_VERIFY_REQUIRED);
}

static void client_certificates(void)
{
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.cert_file = cert("client.crt"),
		.key_file = cert("client.key"),
		.max_version = TLS_1_2, /* 1.3 tells only later */
	};
	struct client c = { .options = &o };
	struct server v;

	server_wants_client(&v);
	expect(try(&c, &v), NULL, "the right one");
	o.cert_file = cert("rogue.crt");
	o.key_file = cert("rogue.key");
	expect(try(&c, &v),
	       "unknown CA (alert 48): it does not trust the "
	       "issuer of our certificate",
	       "a stranger");
	o.cert_file = o.key_file = NULL;
	/* How a server says this differs; here it just hangs up. */
	expect(try(&c, &v), "want a client certificate", "none");
	server_release(&v);
}

static const char *const secrets[] = {
	"secret-old.key",      "secret-der.key", "secret-des3.key",
	"secret-des3-der.key", "secret-new.key", /* slow */
};

static void keys_with_passphrases(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(secrets); i++) {
		struct tls_options o = {
			.ca_file = cert("ca.crt"),
			.cert_file = cert("client.crt"),
			.key_file = cert(secrets[i]),
			.key_passphrase = BYTES_LIT("secret"),
		};
		struct err e = { 0 };
		struct tls_config *c = tls_config_new(&o, &e);

		ok(c, "%s: %s", secrets[i], e.text);
		tls_config_release(c);
		o.key_passphrase = BYTES_LIT("wrong");
		ok(!tls_config_new(&o, &e), "%s", secrets[i]);
		is_int(e.kind, ERR_TLS);
		ok(strstr(e.text, "passphrase is wrong"), "%s", e.text);
		o.key_passphrase = BYTES_NULL;
		ok(!tls_config_new(&o, &e), "%s", secrets[i]);
		is_int(e.kind, ERR_TLS);
		ok(strstr(e.text, "its passphrase is needed"), "%s", e.text);
	}
}

/* One passphrase in 256 decrypts to what ends as if it were right. */
static void lucky_passphrases(void)
{
	for (size_t i = 0; i < 10000; i++) {
		struct err e = { 0 };
		mbedtls_pk_context key;

		mbedtls_pk_init(&key);
		ok(tls_load_key(&key, cert(secrets[i % 4]),
				bytes_of(&i, sizeof(i)), &e) < 0);
		ok(strstr(e.text, "passphrase is wrong"), "%zu: %s", i, e.text);
		mbedtls_pk_free(&key);
	}
}

struct mistake {
	struct tls_options o;
	enum err_kind kind;
	const char *says;
};

static void expect_mistakes(const struct mistake *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct err e = { 0 };

		if (!ok(!tls_config_new(&cases[i].o, &e), "%s", cases[i].says))
			continue;
		is_int(e.kind, cases[i].kind, "%s", e.text);
		ok(strstr(e.text, cases[i].says), "%s, expected %s", e.text,
		   cases[i].says);
	}
}

static void files_that_will_not_do(void)
{
	const struct mistake cases[] = {
		{ { .ca_file = "/nonexistent" },
		  ERR_LOCAL,
		  "cannot read CA file '/nonexistent': no such file" },
		{ { .ca_file = cert("ca.key") },
		  ERR_TLS,
		  "ca.key' cannot be used: " },
		{ { .ca_file = "/dev/null" },
		  ERR_TLS,
		  "CA file '/dev/null' cannot be used: " },
		{ { .ca_file = cert("ca.crt"), .crl_file = cert("ca.crt") },
		  ERR_TLS,
		  "certificate revocation list '" },
		{ { .cert_file = cert("client.crt") },
		  ERR_USAGE,
		  "belong together: the key is missing" },
		{ { .key_file = cert("client.key") },
		  ERR_USAGE,
		  "belong together: the certificate is missing" },
		{ { .cert_file = cert("client.crt"),
		    .key_file = cert("rogue.key") },
		  ERR_TLS,
		  "does not belong to certificate '" },
		{ { .cert_file = cert("client.crt"),
		    .key_file = cert("client.crt") },
		  ERR_TLS,
		  "private key '" },
		{ { .cert_file = cert("client.key"),
		    .key_file = cert("client.key") },
		  ERR_TLS,
		  "client certificate '" },
	};

	expect_mistakes(cases, ARRAY_SIZE(cases));
}

static void options_that_will_not_do(void)
{
	static const char big[300];
	const struct mistake cases[] = {
		{ { .psk = BYTES_LIT("k") },
		  ERR_USAGE,
		  "the identity is missing" },
		{ { .psk_identity = "i" }, ERR_USAGE, "the key is missing" },
		{ { .psk = bytes_of(big, sizeof(big)), .psk_identity = "i" },
		  ERR_USAGE,
		  "of 300 bytes or its identity is too long" },
		{ { .ciphers = "TLS_NO_SUCH" },
		  ERR_USAGE,
		  "cipher suite 'TLS_NO_SUCH' is not known" },
		{ { .ciphers = "TLS-ECDHE-RSA-WITH-AES-128-GCM-SHA25" },
		  ERR_USAGE,
		  "did you mean TLS-ECDHE-RSA-WITH-AES-128-GCM-"
		  "SHA256" },
		{ { .ciphers = ":" }, ERR_USAGE, "no cipher suite is named" },
		{ { .alpn = (const char *const[]){ "" }, .alpn_count = 1 },
		  ERR_USAGE,
		  "the ALPN protocol '' is 0 bytes long" },
		{ { .min_version = TLS_1_3, .max_version = TLS_1_2 },
		  ERR_USAGE,
		  "TLS" },
		{ { .keylog_file = "/nonexistent/k" },
		  ERR_LOCAL,
		  "cannot open key log '/nonexistent/k'" },
	};

	expect_mistakes(cases, ARRAY_SIZE(cases));
}

/* ------------------------------------------------------ what is agreed on */

static void shared_keys(void)
{
	static const uint8_t key[] = { 1, 2, 3, 4 };
	struct tls_options o = {
		.psk = bytes_of(key, sizeof(key)),
		.psk_identity = "me",
		.max_version = TLS_1_2,
	};
	struct client c = { .options = &o };
	struct server v;

	server_init(&v, NULL, NULL);
	if (mbedtls_ssl_conf_psk(&v.conf, key, sizeof(key),
				 (const unsigned char *)"me", 2) != 0)
		abort();
	expect(try(&c, &v), NULL, "the right key");
	o.psk = bytes_of(key, 3);
	expect(try(&c, &v),
	       "the pre-shared key is not the server's, it "
	       "seems",
	       "a wrong key");
	o.psk = bytes_of(key, 4);
	o.psk_identity = "you";
	expect(try(&c, &v),
	       "unknown PSK identity (alert 115): it does not "
	       "know the PSK identity",
	       "another identity");
	server_release(&v);
}

static void versions_suites_and_protocols(void)
{
	static const char *const alpn[] = { "x-first", "mqtt" };
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.alpn = alpn,
		.alpn_count = 2,
		.max_version = TLS_1_2,
		.ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256",
	};
	struct client c = { .options = &o };
	struct err e = { 0 };
	struct tls_info info;
	struct server v;
	struct stream *s;

	server_init(&v, "server.crt", "server.key");
	v.alpn[0] = "mqtt";
	mbedtls_ssl_conf_alpn_protocols(&v.conf, v.alpn);
	s = client_new(&c, &v, NULL, &e);
	ok(tls_get_info(s, &info, &e) < 0, "not before it is up");
	if (is_int(handshake(s, &v, &e), IO_OK, "%s", e.text) &&
	    is_int(tls_get_info(s, &info, &e), 0, "%s", e.text)) {
		is_str(info.version, "TLSv1.2");
		is_str(info.suite, "TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256");
		is_str(info.alpn, "mqtt");
		is_int(info.chain_count, 1);
		is_str(info.chain[0].names, "'localhost', '127.0.0.1', "
					    "'::1'");
		is_int(info.chain[0].days_left, 824);
		is_str(info.chain[0].key, "EC 256");
		is_str(info.chain[0].signature, "SHA256");
		is_int(strlen(info.chain[0].pin), 52);
		ok(info.is_verified && !info.is_resumed);
		is_str(info.problems, "");
		tls_info_release(&info);
	}
	stream_free(s);
	server_close(&v);
	o.ciphers = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256";
	expect(try(&c, &v), "no TLS version or cipher suite in common",
	       "a "
	       "suite for another kind of key");
	o.ciphers = NULL;
	o.alpn_count = 1;
	expect(try(&c, &v), "it takes none of the ALPN protocols", "x");
	server_release(&v);
}

static void what_was_let_pass_is_told(void)
{
	struct tls_options o = {
		.ca_file = cert("ca.crt"),
		.is_insecure = true,
	};
	struct client c = { .options = &o };
	struct err e = { 0 };
	struct tls_info info;
	struct server v;
	struct stream *s;

	server_init(&v, "expired.crt", "expired.key");
	s = client_new(&c, &v, NULL, &e);
	if (is_int(handshake(s, &v, &e), IO_OK, "%s", e.text) &&
	    is_int(tls_get_info(s, &info, &e), 0, "%s", e.text)) {
		ok(!info.is_verified);
		ok(strstr(info.problems, "expired on 2020"), "%s",
		   info.problems);
		ok(info.chain[0].days_left < -365);
		tls_info_release(&info);
	}
	stream_free(s);
	server_release(&v);
}

/* LABEL, the client's random number, a secret: all that an analyzer needs. */
static bool is_key_line(const char *line)
{
	static const char *const labels[] = {
		"CLIENT_RANDOM ",
		"CLIENT_HANDSHAKE_TRAFFIC_SECRET ",
		"SERVER_HANDSHAKE_TRAFFIC_SECRET ",
		"CLIENT_TRAFFIC_SECRET_0 ",
		"SERVER_TRAFFIC_SECRET_0 ",
		"EXPORTER_SECRET ",
	};
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++) {
		size_t n = strlen(labels[i]);
		const char *secret = line + n + 64 + 1;

		if (strncmp(line, labels[i], n) == 0)
			return strspn(line + n, hex) == 64 &&
			       secret[-1] == ' ' && strspn(secret, hex) >= 64 &&
			       strcmp(secret + strspn(secret, hex), "\n") == 0;
	}
	return false;
}

static void secrets_are_logged(void)
{
	struct tls_options o = { .ca_file = cert("ca.crt") };
	struct client c = { .options = &o };
	char path[PATH_MAX + 16], line[512] = "";
	struct server v;
	struct stat st;
	FILE *f;

	snprintf(path, sizeof(path), "%s/keys", certs);
	o.keylog_file = path;
	o.max_version = TLS_1_2;
	server_init(&v, "server.crt", "server.key");
	expect(try(&c, &v), NULL, "with a key log");
	o.max_version = TLS_DEFAULT;
	expect(try(&c, &v), NULL, "and with the newest version");
	f = fopen(path, "r");
	if (ok(f)) {
		ok(fgets(line, sizeof(line), f));
		is_int(strlen(line), strlen("CLIENT_RANDOM ") + 64 + 1 + 96 + 1,
		       "%s", line);
		is_mem(line, 14, "CLIENT_RANDOM ", 14);
		do
			ok(is_key_line(line), "%s", line);
		while (fgets(line, sizeof(line), f));
		fclose(f);
	}
	is_int(stat(path, &st), 0);
	is_int(st.st_mode & 0777, 0600);
	server_release(&v);
}

TEST_MAIN(T(certificates_of_all_kinds), T(several_faults_are_all_told),
	  T(finer_switches), T(pins), T(directories_of_certificates),
	  T(client_certificates), T(keys_with_passphrases),
	  T(lucky_passphrases), T(files_that_will_not_do),
	  T(options_that_will_not_do), T(shared_keys),
	  T(versions_suites_and_protocols), T(what_was_let_pass_is_told),
	  T(secrets_are_logged))
