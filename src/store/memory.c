/* SPDX-License-Identifier: MIT */
#include "store/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/attr.h"
#include "base/clock.h"

enum {
	/* Small enough for the allocator's quick lists: it comes and goes
	 * with each message of a slow publisher. They double while messages
	 * remain. */
	CHUNK_FIRST = 512,
	CHUNK_MAX = 64 * 1024,
	LARGE = 16 * 1024, /* gets a chunk of its own */
	ALIGN = sizeof(uint64_t),
	WORD_BITS = 64,
};

struct chunk {
	size_t size; /* of room */
	size_t used;
	size_t live; /* messages that are not gone yet */
	uint64_t room[];
};

/* What lies in a chunk, followed by topic, properties and payload. */
struct entry {
	struct chunk *chunk;
	struct message message;
	uint8_t data[];
};

struct memory_store {
	struct store base;
	size_t max_bytes;
	uint64_t last_seq;
	struct chunk *current; /* new messages are cut from it */
	struct chunk *spare;   /* one of full size, to save malloc and free */
	uint64_t *inbound;     /* bitmap of packet ids */
	size_t inbound_words;
};

static struct memory_store *memory_of(struct store *s)
{
	return CONTAINER_OF(s, struct memory_store, base);
}

static struct chunk *chunk_new(size_t size)
{
	struct chunk *c = malloc(sizeof(*c) + size);

	if (c)
		*c = (struct chunk){ .size = size };
	return c;
}

/* A chunk for a message of n bytes and others, as large as the load asks. */
static struct chunk *next_chunk(struct memory_store *s, size_t n)
{
	size_t size = CHUNK_FIRST;

	if (s->spare)
		return STEAL(s->spare);
	if (s->current)
		size = 2 * s->current->size;
	while (size < n)
		size *= 2;
	return chunk_new(size < CHUNK_MAX ? size : CHUNK_MAX);
}

/* The last message of the chunk is gone. */
static void drop_chunk(struct memory_store *s, struct chunk *c)
{
	if (s->current == c)
		s->current = NULL;
	if (s->base.count && !s->spare && c->size == CHUNK_MAX) {
		c->used = 0;
		s->spare = c;
		return;
	}
	free(c);
}

/* The chunk that n bytes are to be cut from. */
static struct chunk *chunk_for(struct memory_store *s, size_t n)
{
	struct chunk *c = s->current;

	if (n > LARGE)
		return chunk_new(n);
	if (c && n <= c->size - c->used)
		return c;
	c = next_chunk(s, n);
	if (c)
		s->current = c;
	return c;
}

static struct bytes copy_to(uint8_t **at, struct bytes b)
{
	struct bytes copy = bytes_of(*at, b.n);

	if (b.n)
		memcpy(*at, b.p, b.n);
	*at += b.n;
	return copy;
}

static void fill(struct entry *entry, const struct publish *p, uint64_t now)
{
	struct message *m = &entry->message;
	uint8_t *at = entry->data;

	*m = (struct message){
		.expires_at = CLOCK_NEVER,
		.state = MESSAGE_QUEUED,
		.qos = p->qos,
		.retain = p->retain,
		.has_expiry = p->has_expiry,
	};
	if (p->has_expiry)
		m->expires_at = clock_add(now, p->expiry * CLOCK_SEC);
	m->topic = copy_to(&at, p->topic);
	m->props = copy_to(&at, p->props);
	m->payload = copy_to(&at, p->payload);
}

static void append(struct store *s, struct message *m)
{
	m->prev = s->tail;
	if (s->tail)
		s->tail->next = m;
	else
		s->head = m;
	s->tail = m;
	s->count++;
}

static size_t size_of(const struct message *m)
{
	return m->topic.n + m->props.n + m->payload.n;
}

static struct message *memory_put(struct store *store, const struct publish *p,
				  uint64_t tag, uint64_t now, struct err *e)
{
	struct memory_store *s = memory_of(store);
	size_t bytes = p->topic.n + p->props.n + p->payload.n;
	size_t n = (sizeof(struct entry) + bytes + ALIGN - 1) / ALIGN * ALIGN;
	struct entry *entry;
	struct chunk *c;

	if (s->max_bytes && (store->bytes > s->max_bytes ||
			     bytes > s->max_bytes - store->bytes)) {
		err_set(e, ERR_LOCAL, 0,
			"the outbox is full: %zu of %zu bytes are in use",
			store->bytes, s->max_bytes);
		return NULL;
	}
	c = chunk_for(s, n);
	if (!c) {
		err_nomem(e);
		return NULL;
	}
	entry = (void *)((uint8_t *)c->room + c->used);
	c->used += n;
	c->live++;
	entry->chunk = c;
	fill(entry, p, now);
	entry->message.tag = tag;
	/* Whoever restores a store sets the numbers of an earlier run. */
	if (store->tail && store->tail->seq > s->last_seq)
		s->last_seq = store->tail->seq;
	entry->message.seq = ++s->last_seq;
	append(store, &entry->message);
	store->bytes += bytes;
	return &entry->message;
}

static void memory_update(struct store *store UNUSED, struct message *m UNUSED)
{
}

static void memory_remove(struct store *store, struct message *m)
{
	struct memory_store *s = memory_of(store);
	struct entry *entry = CONTAINER_OF(m, struct entry, message);
	struct chunk *c = entry->chunk;

	if (m->prev)
		m->prev->next = m->next;
	else
		store->head = m->next;
	if (m->next)
		m->next->prev = m->prev;
	else
		store->tail = m->prev;
	store->count--;
	store->bytes -= size_of(m);
	/* Every message in it counts in live. NOLINTNEXTLINE(*-unix.Malloc) */
	if (--c->live == 0)
		drop_chunk(s, c);
	if (store->count == 0)
		free(STEAL(s->spare));
}

static uint64_t bit_of(uint16_t pid)
{
	return UINT64_C(1) << pid % WORD_BITS;
}

static int grow_inbound(struct memory_store *s, size_t words)
{
	size_t n = s->inbound_words ? s->inbound_words : 1;
	uint64_t *bits;

	while (n < words)
		n *= 2;
	bits = realloc(s->inbound, n * sizeof(*bits));
	if (!bits)
		return -1;
	memset(bits + s->inbound_words, 0,
	       (n - s->inbound_words) * sizeof(*bits));
	s->inbound = bits;
	s->inbound_words = n;
	return 0;
}

static int memory_inbound_add(struct store *store, uint16_t pid)
{
	struct memory_store *s = memory_of(store);
	size_t word = pid / WORD_BITS;

	if (word >= s->inbound_words && grow_inbound(s, word + 1) < 0)
		return -1;
	s->inbound[word] |= bit_of(pid);
	return 0;
}

static bool memory_inbound_has(struct store *store, uint16_t pid)
{
	struct memory_store *s = memory_of(store);
	size_t word = pid / WORD_BITS;

	return word < s->inbound_words && s->inbound[word] & bit_of(pid);
}

static void memory_inbound_remove(struct store *store, uint16_t pid)
{
	struct memory_store *s = memory_of(store);
	size_t word = pid / WORD_BITS;

	if (word < s->inbound_words)
		s->inbound[word] &= ~bit_of(pid);
}

static void memory_inbound_clear(struct store *store)
{
	struct memory_store *s = memory_of(store);

	free(STEAL(s->inbound));
	s->inbound_words = 0;
}

static int memory_commit(struct store *store UNUSED, struct err *e UNUSED)
{
	return 0;
}

static void memory_free(struct store *store)
{
	struct memory_store *s;

	if (!store)
		return;
	s = memory_of(store);
	while (store->head)
		memory_remove(store, store->head);
	free(s->inbound);
	free(s);
}

static const struct store_ops memory_ops = {
	.put = memory_put,
	.update = memory_update,
	.remove = memory_remove,
	.inbound_add = memory_inbound_add,
	.inbound_has = memory_inbound_has,
	.inbound_remove = memory_inbound_remove,
	.inbound_clear = memory_inbound_clear,
	.commit = memory_commit,
	.free = memory_free,
};

struct store *memory_store_new(size_t max_bytes)
{
	struct memory_store *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->base.ops = &memory_ops;
	s->max_bytes = max_bytes;
	return &s->base;
}
