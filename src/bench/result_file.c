/* SPDX-License-Identifier: MIT */
#include "bench/result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/write_all.h"
#include "bench/result_json.h"

/* Not a regular file (a pipe, /dev/null): written as it is. */
bool file_is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static int save_plain(int fd, const char *path, struct bytes content,
		      struct err *e)
{
	if (fd < 0)
		return err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
	if (write_all(fd, content) == 0)
		return 0;
	return err_sys(e, ERR_LOCAL, "cannot write '%s'", path);
}

/* A new file beside path, whose name is in `name`. */
static int open_beside(const char *path, struct buf *name, char **ret_name,
		       struct err *e)
{
	int fd;

	if (buf_printf(name, "%s.XXXXXX", path) < 0 ||
	    !(*ret_name = (char *)(uintptr_t)buf_cstr(name)))
		return err_nomem(e);
	fd = mkostemp(*ret_name, O_CLOEXEC);
	return fd < 0 ? err_sys(e, ERR_LOCAL, "cannot create '%s'", path) : fd;
}

static int fill(int fd, struct bytes content)
{
	mode_t mask = umask(0);

	umask(mask);
	if (fchmod(fd, 0666 & ~mask) < 0 || write_all(fd, content) < 0)
		return -1;
	return fsync(fd);
}

static int save_beside(const char *path, struct bytes content, struct err *e)
{
	struct buf name = { 0 };
	char *temp;
	int fd = open_beside(path, &name, &temp, e), r = fd < 0 ? -1 : 0;

	if (r == 0 && (fill(fd, content) < 0 || rename(temp, path) < 0)) {
		r = err_sys(e, ERR_LOCAL, "cannot write '%s'", path);
		unlink(temp);
	}
	if (fd >= 0)
		close(fd);
	buf_release(&name);
	return r;
}

static int check_beside(const char *path, struct err *e)
{
	struct buf name = { 0 };
	char *temp;
	int fd = open_beside(path, &name, &temp, e);

	if (fd >= 0) {
		close(fd);
		unlink(temp);
	}
	buf_release(&name);
	return fd < 0 ? -1 : 0;
}

int file_check(const char *path, struct err *e)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return 0;
	if (stat(path, &st) < 0)
		return check_beside(path, e);
	/* One that may not be written is not replaced either. */
	if (!S_ISDIR(st.st_mode) && access(path, W_OK) == 0)
		return S_ISREG(st.st_mode) ? check_beside(path, e) : 0;
	if (S_ISDIR(st.st_mode))
		errno = EISDIR;
	return err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
}

int file_save(const char *path, struct bytes content, struct err *e)
{
	int fd, r;

	if (strcmp(path, "-") == 0)
		return save_plain(STDOUT_FILENO, "standard output", content, e);
	if (!file_is_special(path))
		return save_beside(path, content, e);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	r = save_plain(fd, path, content, e);
	if (fd >= 0)
		close(fd);
	return r;
}

int result_save(const struct result *r, const char *path, struct err *e)
{
	json_t *root = result_to_json(r);
	char *text = root ? json_dumps(root, JSON_INDENT(1)) : NULL;
	struct buf out = { 0 };
	int result = -1;

	if (!text || buf_append_str(&out, text) < 0 ||
	    buf_append_byte(&out, '\n') < 0)
		err_nomem(e);
	else
		result = file_save(path, buf_view(&out), e);
	free(text);
	json_decref(root);
	buf_release(&out);
	return result;
}

int result_load(const char *path, struct result *r, struct err *e)
{
	json_error_t why;
	FILE *f = strcmp(path, "-") ? fopen(path, "re") : stdin;
	bool has_failed;
	json_t *root;
	int result;

	if (!f)
		return err_sys(e, ERR_LOCAL, "cannot open '%s'", path);
	root = json_loadf(f, JSON_REJECT_DUPLICATES, &why);
	has_failed = !root && ferror(f);
	if (has_failed)
		err_sys(e, ERR_LOCAL, "cannot read '%s'", path);
	if (f != stdin)
		fclose(f);
	if (has_failed)
		return -1;
	if (!root)
		return err_set(e, ERR_USAGE, 0,
			       "'%s' is not a result of "
			       "mqtt-bench: %s:%d:%d: %s",
			       path, path, why.line, why.column, why.text);
	result = result_from_json(root, r, e);
	json_decref(root);
	return result < 0 ? err_prefix(e, "'%s'", path) : 0;
}
