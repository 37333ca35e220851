/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PCG_H
#define BENCH_PCG_H

/*
 * Random numbers that a seed brings back on every machine: PCG-XSH-RR 64/32
 * (M. O'Neill 2014), small, fast and good enough for arrival times and
 * payloads; not for secrets. A value type of 16 bytes; one user at a time.
 *
 * Different streams of one seed are independent: a group of clients, a
 * connection or a payload generator takes its own stream number.
 */

#include <stdint.h>

struct pcg {
	uint64_t state;
	uint64_t inc; /* odd: the stream */
};

static inline uint32_t pcg_next(struct pcg *p)
{
	uint64_t old = p->state;
	uint32_t x = (uint32_t)(((old >> 18) ^ old) >> 27);
	uint32_t turn = (uint32_t)(old >> 59);

	p->state = old * UINT64_C(6364136223846793005) + p->inc;
	return x >> turn | x << ((32 - turn) & 31);
}

static inline void pcg_init(struct pcg *p, uint64_t seed, uint64_t stream)
{
	p->state = 0;
	p->inc = stream << 1 | 1;
	pcg_next(p);
	p->state += seed;
	pcg_next(p);
}

/* A whole number below n (n > 0), all equally likely. */
static inline uint32_t pcg_below(struct pcg *p, uint32_t n)
{
	uint32_t reject = -n % n; /* 2^32 mod n: the uneven rest */
	uint32_t x;

	do
		x = pcg_next(p);
	while (x < reject);
	return x % n;
}

/* Above 0 and at most 1, so that its logarithm is finite. */
static inline double pcg_unit(struct pcg *p)
{
	uint64_t x = (uint64_t)pcg_next(p) << 21 ^ pcg_next(p) >> 11;

	return (double)(x + 1) / 9007199254740992.0; /* 2^53 */
}

#endif
