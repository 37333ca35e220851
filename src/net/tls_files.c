/* SPDX-License-Identifier: MIT */
#include "net/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <mbedtls/error.h>
#include <mbedtls/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "net/socket.h"
#include "net/tls_compat.h"
#include "net/tls_pbes2.h"

/* More than any collection of certificates; a device would never end. */
enum { TLS_FILE_MAX = 64 * 1024 * 1024, READ_SIZE = 64 * 1024 };

static int fail_file(struct err *e, const char *what, const char *path)
{
	char why[128];
	int error = errno;

	socket_reason(error, why, sizeof(why));
	return err_set(e, ERR_LOCAL, error, "cannot read %s '%s': %s", what,
		       path, why);
}

static int read_all(int fd, struct buf *b)
{
	for (;;) {
		uint8_t *room = buf_reserve(b, READ_SIZE);
		ssize_t n;

		if (!room) {
			errno = EFBIG;
			return -1;
		}
		n = read(fd, room, READ_SIZE);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			return 0;
		if (n > 0)
			buf_commit(b, (size_t)n);
	}
}

/* The parsers want a NUL behind PEM, and count it. */
static int load(struct buf *b, const char *what, const char *path,
		struct err *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int status;

	if (fd < 0)
		return fail_file(e, what, path);
	buf_init(b, TLS_FILE_MAX);
	status = read_all(fd, b);
	if (status < 0)
		fail_file(e, what, path);
	close(fd);
	if (status == 0 && buf_append_byte(b, 0) < 0)
		status = err_nomem(e);
	if (status < 0)
		buf_release(b);
	return status;
}

static int fail_content(struct err *e, const char *what, const char *path,
			int result)
{
	char why[128];

	mbedtls_strerror(result, why, sizeof(why));
	return err_set(e, ERR_TLS, result, "%s '%s' cannot be used: %s", what,
		       path, why);
}

/* DER ends where its length says: it must not be given the added NUL. */
static struct bytes content(const struct buf *b)
{
	struct bytes all = buf_view(b);

	if (!memmem(all.p, all.n, "-----BEGIN", 10))
		all.n--;
	return all;
}

static int parse_chain(mbedtls_x509_crt *chain, const char *what,
		       const char *path, struct err *e)
{
	struct buf b;
	struct bytes all;
	int result;

	if (load(&b, what, path, e) < 0)
		return -1;
	all = content(&b);
	result = mbedtls_x509_crt_parse(chain, all.p, all.n);
	buf_release(&b);
	if (result < 0)
		return fail_content(e, what, path, result);
	return result;
}

int tls_load_ca_file(mbedtls_x509_crt *chain, const char *path, struct err *e)
{
	/* A positive result counts certificates of kinds unknown to the
	 * library; the others are good. */
	return parse_chain(chain, "CA file", path, e) < 0 ? -1 : 0;
}

int tls_load_ca_path(mbedtls_x509_crt *chain, const char *path, struct err *e)
{
	struct stat st;
	int result;

	if (stat(path, &st) < 0)
		return fail_file(e, "CA directory", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_LOCAL, ENOTDIR,
			       "CA directory '%s' is "
			       "not a directory",
			       path);
	result = mbedtls_x509_crt_parse_path(chain, path);
	if (result < 0)
		return fail_content(e, "CA directory", path, result);
	if (!chain->raw.p)
		return err_set(e, ERR_TLS, 0,
			       "CA directory '%s' holds no "
			       "certificate",
			       path);
	return 0;
}

const char *tls_system_ca(void)
{
	/* Debian, Fedora, SUSE, Alpine. */
	static const char *const files[] = {
		"/etc/ssl/certs/ca-certificates.crt",
		"/etc/pki/tls/certs/ca-bundle.crt",
		"/etc/ssl/ca-bundle.pem",
		"/etc/ssl/cert.pem",
	};

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (access(files[i], R_OK) == 0)
			return files[i];
	return "/etc/ssl/certs";
}

int tls_load_system_ca(mbedtls_x509_crt *chain, struct err *e)
{
	const char *where = tls_system_ca();
	struct stat st;
	int status;

	if (stat(where, &st) == 0 && S_ISREG(st.st_mode))
		return tls_load_ca_file(chain, where, e);
	status = tls_load_ca_path(chain, where, e);
	if (status < 0)
		err_set(e, ERR_TLS, 0,
			"this system has no trusted "
			"certificates in %s (Debian package ca-certificates): "
			"name a CA file",
			where);
	return status;
}

int tls_load_crl(mbedtls_x509_crl *crl, const char *path, struct err *e)
{
	static const char what[] = "certificate revocation list";
	struct buf b;
	struct bytes all;
	int result;

	if (load(&b, what, path, e) < 0)
		return -1;
	all = content(&b);
	result = mbedtls_x509_crl_parse(crl, all.p, all.n);
	buf_release(&b);
	return result == 0 ? 0 : fail_content(e, what, path, result);
}

int tls_load_cert(mbedtls_x509_crt *chain, const char *path, struct err *e)
{
	static const char what[] = "client certificate";
	int result = parse_chain(chain, what, path, e);

	if (result > 0)
		return err_set(e, ERR_TLS, 0,
			       "%s '%s' has %d certificates "
			       "of a kind that is not supported",
			       what, path, result);
	return result;
}

/* The older way encrypts what is between the lines of PEM (RFC 1421). */
static bool is_encrypted(struct bytes text)
{
	static const char mark[] = "Proc-Type: 4,ENCRYPTED";

	return memmem(text.p, text.n, mark, strlen(mark)) ||
	       pbes2_is_encrypted(text);
}

/* A wrong passphrase may leave valid padding behind, one in 256 does: then
 * what comes out is no key. */
static bool is_wrong_passphrase(int result)
{
	int kind = -(-result & ~0x7f);

	return result == MBEDTLS_ERR_PEM_PASSWORD_MISMATCH ||
	       kind == MBEDTLS_ERR_PK_PASSWORD_MISMATCH ||
	       kind == MBEDTLS_ERR_PK_KEY_INVALID_FORMAT ||
	       kind == MBEDTLS_ERR_PK_KEY_INVALID_VERSION;
}

static int fail_key(struct err *e, const char *path, struct bytes text,
		    bool has_passphrase, int result)
{
	if (!is_encrypted(text))
		return fail_content(e, "private key", path, result);
	if (!has_passphrase)
		return err_set(e, ERR_TLS, result,
			       "private key '%s' is "
			       "encrypted: its passphrase is needed",
			       path);
	if (is_wrong_passphrase(result))
		return err_set(e, ERR_TLS, result,
			       "private key '%s': the "
			       "passphrase is wrong",
			       path);
	return fail_content(e, "private key", path, result);
}

static int parse_key(mbedtls_pk_context *key, struct bytes text,
		     struct bytes passphrase)
{
	struct buf clear;
	int result;

	buf_init(&clear, TLS_FILE_MAX);
	switch (pbes2_decrypt(text, passphrase, &clear)) {
	case PBES2_OK:
		result = tls_compat_parse_key(key, buf_view(&clear),
					      BYTES_NULL);
		break;
	case PBES2_NEEDS_PASSPHRASE:
		result = MBEDTLS_ERR_PK_PASSWORD_REQUIRED;
		break;
	case PBES2_WRONG_PASSPHRASE:
		result = MBEDTLS_ERR_PK_PASSWORD_MISMATCH;
		break;
	default:
		result = tls_compat_parse_key(key, text, passphrase);
	}
	buf_wipe(&clear);
	return result;
}

int tls_load_key(mbedtls_pk_context *key, const char *path,
		 struct bytes passphrase, struct err *e)
{
	struct buf b;
	int result;

	if (load(&b, "private key", path, e) < 0)
		return -1;
	result = parse_key(key, content(&b), passphrase);
	if (result != 0)
		result = fail_key(e, path, content(&b), passphrase.n > 0,
				  result);
	buf_wipe(&b);
	return result;
}
