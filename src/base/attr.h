/* SPDX-License-Identifier: MIT */
#ifndef BASE_ATTR_H
#define BASE_ATTR_H

/*
 * Compiler attributes, the only place where GNU extensions are spelled out.
 * Everybody may include it; it owns nothing and has no code of its own.
 *
 * Lock annotations are checked by clang's -Wthread-safety on functions:
 * _locked functions carry REQUIRES, public ones EXCLUDES.
 */

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define UNUSED __attribute__((unused))
#define NORETURN __attribute__((noreturn))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)
/* Index of the lowest bit that is set in a 64-bit number; not for 0. */
#define LOWEST_BIT(x) ((unsigned int)__builtin_ctzll(x))

/* Runs FN(&variable) when the variable leaves its scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* Moves a pointer out of a local: yields it and leaves NULL behind. */
#define STEAL(p)                        \
	(__extension__({                \
		__typeof__(p) t_ = (p); \
		(p) = NULL;             \
		t_;                     \
	}))

/* Of a 64-bit value that is not 0. */
#define LEADING_ZEROS(v) ((unsigned)__builtin_clzll(v))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The structure that holds MEMBER, from a pointer to the member. */
#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#if defined(__clang__)
#define CAPABILITY(x) __attribute__((capability(x)))
#define ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))
#define REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define EXCLUDES(...) __attribute__((locks_excluded(__VA_ARGS__)))
#define NO_LOCK_CHECK __attribute__((no_thread_safety_analysis))
#else
#define CAPABILITY(x)
#define ACQUIRE(...)
#define RELEASE(...)
#define REQUIRES(...)
#define EXCLUDES(...)
#define NO_LOCK_CHECK
#endif

#endif
