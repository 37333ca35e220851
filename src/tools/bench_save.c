/* SPDX-License-Identifier: MIT */
#include "tools/bench_save.h"

#include <stdlib.h>
#include <string.h>

#include "bench/result_file.h"

static int save(const char *path, const json_t *o, struct err *e)
{
	char *text = json_dumps(o, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	AUTO(buf_release) struct buf lines = { 0 };
	int r = -1;

	if (!text || buf_printf(&lines, "%s\n", text) < 0)
		err_nomem(e);
	else if (strcmp(path, "-") == 0)
		r = bench_print(buf_view(&lines), false, e);
	else
		r = file_save(path, buf_view(&lines), e);
	free(text);
	return r;
}

int bench_print_and_save(struct bench *b, struct bytes text, json_t *o,
			 struct err *e)
{
	const char *path = b->options->json;
	bool to_stderr = path && strcmp(path, "-") == 0;
	int r = bench_print(text, to_stderr, e);

	if (r == 0 && path)
		r = o ? save(path, o, e) : err_nomem(e);
	json_decref(o);
	return r;
}
