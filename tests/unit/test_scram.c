/* SPDX-License-Identifier: MIT */
/* SCRAM with the examples of its RFCs, and servers that cheat. */
#include "client/scram.h"
#include "test.h"

#define USER BYTES_LIT("user")
#define PENCIL BYTES_LIT("pencil")

#define NONCE_1 "fyko+d2lbbFgONRv9qkxdawL"
#define FIRST_1 "r=" NONCE_1 "3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
#define NONCE_256 "rOprNGfwEbeRWgbNEkqO"
#define FIRST_256                                        \
	"r=" NONCE_256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0," \
	"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

static struct scram *dialogue(const char *method, const char *nonce,
			      const char *first, struct buf *out)
{
	struct err e = { 0 };
	struct scram *s = scram_new(method, USER, PENCIL, nonce, &e);

	ok(s != NULL, "%s", e.text);
	is_int(scram_first(s, out, &e), 0);
	buf_clear(out);
	is_int(scram_final(s, bytes_str(first), out, &e), 0, "%s", e.text);
	return s;
}

/* RFC 5802, section 5. */
static void the_example_of_rfc_5802(void)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	struct scram *s = scram_new("SCRAM-SHA-1", USER, PENCIL, NONCE_1, &e);

	is_int(scram_first(s, &out, &e), 0);
	is_str(buf_cstr(&out), "n,,n=user,r=" NONCE_1);
	buf_clear(&out);
	is_int(scram_final(s, BYTES_LIT(FIRST_1), &out, &e), 0, "%s", e.text);
	is_str(buf_cstr(&out), "c=biws,r=" NONCE_1 "3rfcNHYJY1ZVvWVs7j,"
			       "p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=");
	is_int(scram_verify(s, BYTES_LIT("v=rmF9pqV8S7suAoZWja4dJRkFsKQ="), &e),
	       0, "%s", e.text);
	scram_free(s);
	buf_release(&out);
}

/* RFC 7677, section 3. */
static void the_example_of_rfc_7677(void)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	struct scram *s = dialogue("SCRAM-SHA-256", NONCE_256, FIRST_256, &out);

	is_str(buf_cstr(&out),
	       "c=biws,r=" NONCE_256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	       "p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
	is_int(scram_verify(s,
			    BYTES_LIT("v=6rriTRBi23WpRR/wtup+mMhUZUn/"
				      "dB5nLTJRsjl95G4="),
			    &e),
	       0);
	scram_free(s);
	buf_release(&out);
}

static void a_server_that_does_not_know_the_password_is_refused(void)
{
	static const char *const wrong[] = {
		"v=rmF9pqV8S7suAoZWja4dJRkFsKR=",
		"v=AAAA",
		"",
		"x=1",
		"e=invalid-proof",
		"v=",
	};
	struct buf out = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct scram *s = dialogue("SCRAM-SHA-1", NONCE_1, FIRST_1,
					   &out);

		is_int(scram_verify(s, bytes_str(wrong[i]), &e), -1, "%s",
		       wrong[i]);
		ok(e.kind == ERR_REFUSED || e.kind == ERR_PROTOCOL);
		scram_free(s);
		buf_clear(&out);
	}
	buf_release(&out);
}

/* CONNACK without a challenge before it: nothing was proved. */
static void a_server_that_asks_nothing_is_refused(void)
{
	struct err e = { 0 };
	struct scram *s = scram_new("SCRAM-SHA-512", USER, PENCIL, NULL, &e);

	is_int(scram_verify(s, BYTES_LIT("v=AAAA"), &e), -1);
	is_int(e.kind, ERR_REFUSED);
	scram_free(s);
}

static void bad_challenges_are_refused(void)
{
	static const struct {
		const char *message, *text;
	} bad[] = {
		{ "r=other,s=QSXCR+Q6sek8bf92,i=4096", "nonce" },
		{ "r=" NONCE_1 ",s=QSXCR+Q6sek8bf92,i=4096", "nonce" },
		{ "r=" NONCE_1 "x,s=***,i=4096", "base64" },
		{ "r=" NONCE_1 "x,s=,i=4096", "base64" },
		{ "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4095", "iterations" },
		{ "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=1000001", "iterations" },
		{ "r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4096x", "iterations" },
		{ "s=QSXCR+Q6sek8bf92,r=" NONCE_1 "x,i=4096", "malformed" },
		{ "m=ext,r=" NONCE_1 "x,s=QSXCR+Q6sek8bf92,i=4096",
		  "malformed" },
		{ "", "malformed" },
		{ "e=unknown-user", "unknown-user" },
	};
	struct buf out = { 0 };
	struct err e = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct scram *s = scram_new("SCRAM-SHA-1", USER, PENCIL,
					    NONCE_1, &e);

		is_int(scram_final(s, bytes_str(bad[i].message), &out, &e), -1,
		       "%s", bad[i].message);
		ok(strstr(e.text, bad[i].text) != NULL, "%s", e.text);
		scram_free(s);
	}
	buf_release(&out);
}

static void a_second_challenge_is_refused(void)
{
	struct buf out = { 0 };
	struct err e = { 0 };
	struct scram *s = dialogue("SCRAM-SHA-1", NONCE_1, FIRST_1, &out);

	is_int(scram_final(s, BYTES_LIT(FIRST_1), &out, &e), -1);
	is_int(e.kind, ERR_PROTOCOL);
	scram_free(s);
	buf_release(&out);
}

static void names_are_escaped_and_nonces_fresh(void)
{
	struct buf a = { 0 }, b = { 0 };
	struct err e = { 0 };
	struct scram *s, *t;

	s = scram_new("SCRAM-SHA-256", BYTES_LIT("a,b=c"), PENCIL, NULL, &e);
	t = scram_new("SCRAM-SHA-256", BYTES_LIT("a,b=c"), PENCIL, NULL, &e);
	is_int(scram_first(s, &a, &e), 0);
	is_int(scram_first(t, &b, &e), 0);
	ok(strncmp(buf_cstr(&a), "n,,n=a=2Cb=3Dc,r=", 17) == 0);
	is_int(buf_len(&a), 17 + 24);
	ok(!bytes_equal(buf_view(&a), buf_view(&b)));
	scram_free(s);
	scram_free(t);
	buf_release(&a);
	buf_release(&b);
}

static void what_cannot_be_used_is_named(void)
{
	struct err e = { 0 };

	ok(!scram_knows("PLAIN") && scram_knows("SCRAM-SHA-512"));
	ok(!scram_new("SCRAM-MD5", USER, PENCIL, NULL, &e));
	is_str(e.text, "unknown SCRAM method 'SCRAM-MD5'");
	ok(!scram_new("SCRAM-SHA-1", USER, BYTES_LIT("p\xc3\xa4ss"), NULL, &e));
	is_str(e.text, "the password for SCRAM has characters outside "
		       "printable ASCII");
	ok(!scram_new("SCRAM-SHA-1", BYTES_NULL, PENCIL, NULL, &e));
	is_str(e.text, "SCRAM needs a user name");
}

TEST_MAIN(T(the_example_of_rfc_5802), T(the_example_of_rfc_7677),
	  T(a_server_that_does_not_know_the_password_is_refused),
	  T(a_server_that_asks_nothing_is_refused),
	  T(bad_challenges_are_refused), T(a_second_challenge_is_refused),
	  T(names_are_escaped_and_nonces_fresh),
	  T(what_cannot_be_used_is_named))
