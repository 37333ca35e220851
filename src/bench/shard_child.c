/* SPDX-License-Identifier: MIT */
#include "bench/shards_private.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/write_all.h"
#include "bench/result_file.h"

/* The parent always reads, so this does not wait for long; when it is gone,
 * so are we. */
static void put(const struct shard_child *c, const void *data, size_t n)
{
	if (write_all(c->pipe_fd, bytes_of(data, n)) < 0)
		_exit(1);
}

static void send_frame(const struct shard_child *c, enum frame_type type,
		       const void *data, size_t n)
{
	struct frame f = { .type = type, .size = (uint32_t)n };

	put(c, &f, sizeof(f));
	put(c, data, n);
}

static void on_interval(void *ctx, const struct result *r,
			const struct interval *i, const char **ret_stop)
{
	struct shard_report report = { .interval = *i, .account = r->account };

	(void)ret_stop;
	send_frame(ctx, FRAME_INTERVAL, &report, sizeof(report));
}

static bool may_begin(void *ctx, uint64_t *ret_begin)
{
	struct shard_child *c = ctx;

	if (!c->is_ready)
		send_frame(c, FRAME_READY, NULL, 0);
	c->is_ready = true;
	*ret_begin = atomic_load(&c->page->begin);
	return *ret_begin != 0;
}

static void send_result(const struct shard_child *c, const struct result *r)
{
	json_t *root = result_to_json(r);
	char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	struct err e;

	if (text)
		send_frame(c, FRAME_RESULT, text, strlen(text));
	else
		send_frame(c, FRAME_ERROR, &e, (err_nomem(&e), sizeof(e)));
	free(text);
	json_decref(root);
}

void shard_child_run(struct shard_child *c, struct result *r)
{
	struct run_config config = *c->config;
	struct err e;

	config.ctx = c;
	config.on_interval = on_interval;
	config.may_begin = may_begin;
	config.sample_broker = NULL;
	r->shard = config.shard;
	r->shards = config.shards;
	if (run_execute(&config, r, &e) == 0)
		send_result(c, r);
	else
		send_frame(c, FRAME_ERROR, &e, sizeof(e));
	result_release(r);
	_exit(0);
}
