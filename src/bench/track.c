/* SPDX-License-Identifier: MIT */
#include "bench/track.h"

#include <stdlib.h>
#include <string.h>

#include "bench/header.h"

/* A peer that drops every other message must not eat the memory: beyond so
 * many gaps the oldest is given up. */
#define GAPS_MAX 16384u
#define SEQUENCE_BITS 40
#define UNSEEN HEADER_SEQUENCE_MAX /* any number may be the first */
#define EMPTY UINT64_MAX
#define WINDOW 63u

/* Missing: from <= sequence < to. */
struct gap {
	uint64_t from, to;
	bool is_excused; /* may still come, and is not lost if not */
};

struct gaps {
	uint32_t count, cap;
	uint64_t given_up;   /* messages missing in gaps that were dropped */
	uint64_t first_lost; /* the first of them */
	uint64_t floor;      /* nothing is known of those below */
	struct gap list[];   /* in rising order */
};

/*
 * key: publisher << 40 | the number after its highest.
 * state: 0 when nothing is missing; a pointer to struct gaps, which is a
 * multiple of four, with OPEN beside it when what is missing up to the next
 * message is not missed; or, for a sparse publisher, window << 1 | 1, where
 * bit i of the window is the number next - 1 - i.
 */
#define SPARSE UINT64_C(1)
#define OPEN UINT64_C(2)

struct track_slot {
	uint64_t key;
	uint64_t state;
};

static uint32_t publisher_of(const struct track_slot *s)
{
	return (uint32_t)(s->key >> SEQUENCE_BITS);
}

static uint64_t next_of(const struct track_slot *s)
{
	return s->key & HEADER_SEQUENCE_MAX;
}

static void set_next(struct track_slot *s, uint64_t next)
{
	s->key = (s->key & ~HEADER_SEQUENCE_MAX) | next;
}

static struct gaps *gaps_of(const struct track_slot *s)
{
	return s->state & SPARSE ? NULL
				 : (struct gaps *)(uintptr_t)(s->state & ~OPEN);
}

static void set_gaps(struct track_slot *s, struct gaps *g)
{
	s->state = (uintptr_t)g | (s->state & OPEN);
}

/* Is the next message taken as it comes? */
static bool is_open(const struct track_slot *s)
{
	return next_of(s) == UNSEEN || (s->state & (SPARSE | OPEN)) == OPEN;
}

/* Of sparse ones nothing is missed anyway. */
static void set_open(struct track_slot *s)
{
	if (!(s->state & SPARSE))
		s->state |= OPEN;
}

void track_release(struct track *t)
{
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].key != EMPTY)
			free(gaps_of(&t->slots[i]));
	free(t->slots);
	*t = (struct track){ 0 };
}

/* The slot of a publisher, or the empty one where it belongs; cap is a power
 * of two. NULL when it is not there and the table is full. */
static struct track_slot *find(const struct track *t, uint32_t publisher)
{
	uint32_t at = publisher * UINT32_C(2654435769) >> 7;
	struct track_slot *s;

	for (uint32_t i = 0; i < t->cap; i++) {
		s = &t->slots[(at + i) & (t->cap - 1)];
		if (s->key == EMPTY || publisher_of(s) == publisher)
			return s;
	}
	return NULL;
}

static bool is_crowded(const struct track *t)
{
	/* One publisher is the common case, and needs one slot only. */
	return t->used >= t->cap - t->cap / 4;
}

static int grow(struct track *t)
{
	struct track bigger = { .cap = t->cap ? 2 * t->cap : 1,
				.is_late = t->is_late };

	bigger.slots = malloc(bigger.cap * sizeof(*bigger.slots));
	if (!bigger.slots)
		return -1;
	memset(bigger.slots, 0xff, bigger.cap * sizeof(*bigger.slots));
	for (uint32_t i = 0; i < t->cap; i++)
		if (t->slots[i].key != EMPTY)
			*find(&bigger,
			      publisher_of(&t->slots[i])) = t->slots[i];
	bigger.used = t->used;
	free(t->slots);
	*t = bigger;
	return 0;
}

/* Finds or makes the slot; NULL when out of memory. */
static struct track_slot *slot_of(struct track *t, uint32_t publisher)
{
	struct track_slot *s = find(t, publisher);

	if (s && s->key != EMPTY)
		return s;
	if (is_crowded(t) && grow(t) < 0)
		return NULL;
	s = find(t, publisher);
	s->key = (uint64_t)publisher << SEQUENCE_BITS;
	s->state = 0;
	if (t->is_late)
		set_next(s, UNSEEN);
	t->used++;
	return s;
}

static void give_up_oldest(struct gaps *g)
{
	if (g->given_up == 0)
		g->first_lost = g->list[0].from;
	if (!g->list[0].is_excused)
		g->given_up += g->list[0].to - g->list[0].from;
	g->floor = g->list[0].to;
	memmove(g->list, g->list + 1, --g->count * sizeof(*g->list));
}

/* Room for one more gap in the list; -1 when out of memory. */
static int make_room(struct track_slot *s)
{
	struct gaps *g = gaps_of(s), *bigger;
	uint32_t cap = g ? g->cap * 2 : 2;

	if (g && g->count < g->cap)
		return 0;
	if (g && g->count == GAPS_MAX) {
		give_up_oldest(g);
		return 0;
	}
	bigger = realloc(g, sizeof(*g) + cap * sizeof(*g->list));
	if (!bigger)
		return -1;
	if (!g)
		*bigger = (struct gaps){ 0 };
	bigger->cap = cap;
	set_gaps(s, bigger);
	return 0;
}

static int add_gap(struct track_slot *s, uint64_t from, uint64_t to,
		   bool is_excused)
{
	struct gaps *g;

	if (make_room(s) < 0)
		return -1;
	g = gaps_of(s);
	g->list[g->count++] = (struct gap){ from, to, is_excused };
	return 0;
}

/* The first gap that ends behind a number. */
static uint32_t gap_at(const struct gaps *g, uint64_t sequence)
{
	uint32_t low = 0, high = g->count, middle;

	while (low < high) {
		middle = (low + high) / 2;
		if (g->list[middle].to <= sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes one number out of gap i, which then shrinks, splits or goes. */
static int fill(struct track_slot *s, uint32_t i, uint64_t sequence)
{
	struct gaps *g = gaps_of(s);
	struct gap old = g->list[i];
	uint64_t floor = g->floor;

	if (sequence > old.from && sequence + 1 < old.to) {
		if (make_room(s) < 0)
			return -1;
		g = gaps_of(s);
		/* Room may have been made at the front: by this very gap? */
		if (g->floor != floor && i-- == 0) {
			g->given_up -= !old.is_excused;
			return 0;
		}
		memmove(g->list + i + 1, g->list + i,
			(g->count++ - i) * sizeof(*g->list));
		g->list[i].to = sequence;
		g->list[i + 1].from = sequence + 1;
	} else if (sequence > old.from) {
		g->list[i].to = sequence;
	} else if (sequence + 1 < old.to) {
		g->list[i].from = sequence + 1;
	} else {
		memmove(g->list + i, g->list + i + 1,
			(--g->count - i) * sizeof(*g->list));
	}
	return 0;
}

static enum track_result see_earlier(struct track_slot *s, uint64_t sequence)
{
	struct gaps *g = gaps_of(s);
	uint32_t i;

	if (!g)
		return TRACK_DUPLICATE;
	if (sequence < g->floor)
		return TRACK_OLD;
	i = gap_at(g, sequence);
	if (i == g->count || sequence < g->list[i].from)
		return TRACK_DUPLICATE;
	return fill(s, i, sequence) < 0 ? TRACK_FULL : TRACK_LATE;
}

enum track_result track_see(struct track *t, uint32_t publisher,
			    uint64_t sequence)
{
	struct track_slot *s = slot_of(t, publisher);
	uint64_t next;

	if (!s)
		return TRACK_FULL;
	next = next_of(s) == UNSEEN ? 0 : next_of(s);
	if (sequence < next)
		return see_earlier(s, sequence);
	if (sequence > next && add_gap(s, next, sequence, is_open(s)) < 0)
		return TRACK_FULL;
	s->state &= ~OPEN;
	set_next(s, sequence + 1);
	return TRACK_NEW;
}

enum track_result track_see_sparse(struct track *t, uint32_t publisher,
				   uint64_t sequence)
{
	struct track_slot *s = slot_of(t, publisher);
	uint64_t next, window, behind, bit;

	if (!s)
		return TRACK_FULL;
	next = next_of(s);
	window = s->state >> 1;
	if (next == UNSEEN || sequence >= next) {
		behind = next == UNSEEN ? WINDOW : sequence + 1 - next;
		window = behind < WINDOW ? window << behind : 0;
		set_next(s, sequence + 1);
		s->state = (window | 1) << 1 | 1;
		return TRACK_NEW;
	}
	behind = next - 1 - sequence;
	if (behind >= WINDOW)
		return TRACK_OLD;
	bit = UINT64_C(1) << behind;
	if (window & bit)
		return TRACK_DUPLICATE;
	s->state = (window | bit) << 1 | 1;
	return TRACK_LATE;
}

void track_restart(struct track *t)
{
	struct track_slot *s;

	t->is_late = true;
	for (uint32_t i = 0; i < t->cap; i++) {
		s = &t->slots[i];
		if (s->key != EMPTY)
			set_open(s);
	}
}

void track_excuse_last(struct track *t, uint64_t n)
{
	struct gaps *g;
	uint64_t next;

	for (uint32_t i = 0; i < t->cap; i++) {
		g = t->slots[i].key == EMPTY ? NULL : gaps_of(&t->slots[i]);
		next = next_of(&t->slots[i]);
		for (uint32_t k = g ? g->count : 0;
		     k > 0 && g->list[k - 1].to + n > next; k--)
			g->list[k - 1].is_excused = true;
	}
}

void track_restart_one(struct track *t, uint32_t publisher)
{
	struct track_slot *s = find(t, publisher);

	if (s && s->key != EMPTY)
		set_open(s);
}

uint64_t track_lost(const struct track *t, uint32_t publisher, uint64_t sent,
		    uint64_t *ret_first)
{
	const struct track_slot *s = find(t, publisher);
	const struct gaps *g;
	uint64_t lost = 0, next = t->is_late ? sent : 0, first = 0;

	if (s && s->key != EMPTY) {
		next = is_open(s) ? sent : next_of(s);
		g = gaps_of(s);
		if (g && g->given_up) {
			lost = g->given_up;
			first = g->first_lost;
		}
		for (uint32_t i = 0; g && i < g->count; i++) {
			if (g->list[i].is_excused)
				continue;
			if (lost == 0)
				first = g->list[i].from;
			lost += g->list[i].to - g->list[i].from;
		}
	}
	if (sent > next && lost == 0)
		first = next;
	if (sent > next)
		lost += sent - next;
	if (lost)
		*ret_first = first;
	return lost;
}

bool track_settled(const struct track *t, uint32_t publisher,
		   uint64_t *ret_settled)
{
	const struct track_slot *s = find(t, publisher);
	bool is_known = s && s->key != EMPTY;
	uint64_t first;

	if (is_known ? is_open(s) : t->is_late)
		return false;
	*ret_settled = is_known ? next_of(s) - track_lost(t, publisher,
							  next_of(s), &first)
				: 0;
	return true;
}

bool track_next(const struct track *t, uint32_t *at, uint32_t *ret_publisher)
{
	while (*at < t->cap && t->slots[*at].key == EMPTY)
		++*at;
	if (*at == t->cap)
		return false;
	*ret_publisher = publisher_of(&t->slots[(*at)++]);
	return true;
}
