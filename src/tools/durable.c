/* SPDX-License-Identifier: MIT */
#include "tools/durable.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

/* "host:port" of a server, as the store remembers it. */
static void name_server(const struct client_server *s, char *dst, size_t size)
{
	if (s->unix_path)
		snprintf(dst, size, "unix:%s", s->unix_path);
	else
		snprintf(dst, size, "%s:%u", s->host, s->port);
}

static bool is_a_server(const struct tool_run *t, const char *name)
{
	const struct client_params *p = &t->settings.client;
	char own[300];

	for (size_t i = 0; i < p->server_count; i++) {
		name_server(&p->servers[i], own, sizeof(own));
		if (strcmp(own, name) == 0)
			return true;
	}
	return false;
}

/* The first run decides whose session it is. */
static int keep_session(struct tool_run *t, struct err *e)
{
	struct bytes id = t->settings.client.connect.client_id;
	struct sqlite_session v = { .client_id = (const char *)id.p };
	char server[300];

	if (!id.n)
		return err_set(
			e, ERR_USAGE, 0,
			"a store needs a client id: expected --id ID, or none to get one");
	name_server(&t->settings.client.servers[0], server, sizeof(server));
	v.server = server;
	if (sqlite_set_session(t->store, &v, e))
		return -1;
	return t->store->ops->commit(t->store, e);
}

static int take_session(struct tool_run *t, struct err *e)
{
	struct connect *c = &t->settings.client.connect;
	struct sqlite_session v;

	sqlite_get_session(t->store, &v);
	if (!v.client_id)
		return keep_session(t, e);
	if (t->settings.store.has_given_id &&
	    !bytes_equal(c->client_id, bytes_str(v.client_id)))
		return err_set(
			e, ERR_USAGE, 0,
			"store '%s' belongs to client id '%s', not to '%.*s'",
			t->settings.store.path, v.client_id,
			(int)c->client_id.n, (const char *)c->client_id.p);
	if (!is_a_server(t, v.server))
		log_line(
			LOG_WARN,
			"store '%s' was made for broker '%s': another one does not know its session",
			t->settings.store.path, v.server);
	c->client_id = bytes_str(v.client_id);
	return 0;
}

static bool load_heartbeat(void *ctx, struct bytes network,
			   struct heartbeat_finding *ret)
{
	struct sqlite_heartbeat v;

	if (!sqlite_get_heartbeat(ctx, network, &v))
		return false;
	*ret = (struct heartbeat_finding){ .current = v.current,
					   .good = v.good,
					   .bad = v.bad,
					   .changed = v.changed,
					   .is_settled = v.is_stable };
	return true;
}

static void save_heartbeat(void *ctx, struct bytes network,
			   const struct heartbeat_finding *found)
{
	const struct sqlite_heartbeat v = { .current = found->current,
					    .good = found->good,
					    .bad = found->bad,
					    .changed = found->changed,
					    .is_stable = found->is_settled };

	sqlite_set_heartbeat(ctx, network, &v);
}

int durable_open(struct tool_run *t, struct err *e)
{
	struct sqlite_options o = {
		.path = t->settings.store.path,
		.use = SQLITE_SEND,
		.survives_power_loss = t->settings.store.durability == 1,
		.max_bytes = 2 * t->settings.client.queue_bytes,
	};

	if (t->store || !o.path)
		return 0;
	t->store = sqlite_store_open(&o, clock_boot(), e);
	if (!t->store)
		return -1;
	if (!sqlite_has_log(t->store))
		log_line(
			LOG_WARN,
			"store '%s' is on a file system that makes it slow: expected a local disk",
			o.path);
	t->settings.client.heartbeat.load = load_heartbeat;
	t->settings.client.heartbeat.save = save_heartbeat;
	t->settings.client.heartbeat.ctx = t->store;
	return take_session(t, e);
}

void durable_close(struct tool_run *t)
{
	if (t->store)
		t->store->ops->free(t->store);
	t->store = NULL;
}

static struct store *open_as(const struct tool_run *t, enum sqlite_use use,
			     struct err *e)
{
	struct sqlite_options o = { .path = t->settings.store.path,
				    .use = use };

	return sqlite_store_open(&o, clock_boot(), e);
}

static void show_oldest(uint64_t wall)
{
	time_t t = (time_t)(wall / CLOCK_SEC);
	struct tm tm;
	char text[40];

	if (wall && localtime_r(&t, &tm) &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S%z", &tm))
		printf("oldest     %s\n", text);
}

static void show_source(const struct store *s)
{
	struct sqlite_source v;

	sqlite_get_source(s, &v);
	if (v.is_set)
		printf("input      %s, %" PRIu64 " records, %" PRIu64
		       " bytes%s\n",
		       v.inode ? "file" : "stream", v.records, v.offset,
		       v.at_eof ? ", at its end" : "");
}

static int show(struct store *s, const char *path, struct err *e)
{
	struct sqlite_session v;
	struct sqlite_info i;

	if (sqlite_get_info(s, &i, e))
		return -1;
	sqlite_get_session(s, &v);
	printf("file       %s\nschema     %d\n", path, i.schema);
	if (v.client_id)
		printf("client id  %s\nbroker     %s\n", v.client_id, v.server);
	printf("queued     %zu\nsent       %zu\nreleased   %zu\n"
	       "inbound    %zu\nbytes      %" PRIu64 "\n",
	       i.queued, i.sent, i.released, i.inbound, i.bytes);
	show_oldest(i.oldest);
	show_source(s);
	if (fflush(stdout))
		return err_sys(e, ERR_LOCAL, "cannot write to 'stdout'");
	return 0;
}

int durable_show(const struct tool_run *t, struct err *e)
{
	struct store *s = open_as(t, SQLITE_LOOK, e);
	int ret;

	if (!s)
		return -1;
	ret = show(s, t->settings.store.path, e);
	s->ops->free(s);
	return ret;
}

/* On the terminal alone: a yes in a pipe would be somebody's data. */
static int ask(const struct tool_run *t, size_t n, struct err *e)
{
	char answer[16] = { 0 };

	if (t->settings.store.yes)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(
			e, ERR_USAGE, 0,
			"--store-clear asks on a terminal: expected one, or --yes");
	fprintf(stderr, "Forget %zu message%s, and all else, in '%s'? [y/N] ",
		n, n == 1 ? "" : "s", t->settings.store.path);
	if (fgets(answer, sizeof(answer), stdin) &&
	    (answer[0] == 'y' || answer[0] == 'Y'))
		return 0;
	return err_set(e, ERR_NO, 0, "store '%s' was left as it is",
		       t->settings.store.path);
}

int durable_clear(const struct tool_run *t, struct err *e)
{
	struct sqlite_info i;
	struct store *s;
	int ret;

	if (access(t->settings.store.path, F_OK))
		return err_sys(e, ERR_LOCAL, "cannot open store '%s'",
			       t->settings.store.path);
	s = open_as(t, SQLITE_SEND, e);
	if (!s)
		return -1;
	/* There may be more in the file than in memory. */
	ret = sqlite_get_info(s, &i, e);
	if (ret == 0)
		ret = ask(t, i.queued + i.sent + i.released, e);
	if (ret == 0)
		ret = sqlite_clear(s, e);
	s->ops->free(s);
	return ret;
}

static struct err bad_row(const struct tool_run *t, uint64_t row)
{
	struct err e;

	err_set(&e, ERR_LOCAL, 0,
		"row %" PRIu64
		" of outbox in store '%s' is no message: it is not sent, and stays there",
		row, t->settings.store.path);
	return e;
}

void durable_note(const struct tool_run *t, const struct client_store_event *ev)
{
	if (ev->why)
		log_line(LOG_WARN,
			 "%s; nothing is sent or read until it can be written",
			 ev->why->text);
	else if (ev->is_low)
		log_line(
			LOG_WARN,
			"the disk of store '%s' has less than 1 MiB left; what is read waits until messages are confirmed",
			t->settings.store.path);
	else if (ev->bad_row)
		log_line(LOG_WARN, "%s", bad_row(t, ev->bad_row).text);
	else if (ev->took)
		log_line(LOG_WARN, "store '%s' is slow: writing took %.1f s",
			 t->settings.store.path, (double)ev->took / CLOCK_SEC);
	else
		log_line(LOG_WARN, "store '%s' can be written again",
			 t->settings.store.path);
}

static int get_bad_row(void *ctx, struct session *session UNUSED,
		       struct store *store)
{
	*(uint64_t *)ctx = store->bad_row;
	return 0;
}

int durable_check_rows(const struct tool_run *t, struct err *e)
{
	uint64_t row = 0;

	if (t->store && t->client)
		(void)client_with_store(t->client, get_bad_row, &row);
	if (!row)
		return 0;
	*e = bad_row(t, row);
	return -1;
}

/* Of those that found no room in memory only the file knows. */
static int count_kept(void *ctx, struct session *session UNUSED,
		      struct store *store)
{
	struct sqlite_info i;
	size_t *n = ctx;

	*n = store->count;
	if (store->has_more && sqlite_get_info(store, &i, NULL) == 0)
		*n = i.queued + i.sent + i.released;
	return 0;
}

void durable_say_where(const struct tool_run *t, struct err *e)
{
	struct err was = *e;
	size_t n;

	if (!t->store || !t->client)
		return;
	(void)client_with_store(t->client, count_kept, &n);
	if (n)
		err_set(e, was.kind, was.code,
			"%.300s; %zu message%s kept in store '%s'", was.text, n,
			n == 1 ? " is" : "s are", t->settings.store.path);
}
