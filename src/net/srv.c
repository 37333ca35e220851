/* SPDX-License-Identifier: MIT */
#include "net/srv.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	ANSWER_MAX = 64 * 1024,
	HEADER_SIZE = 12,
	QUESTION_FIXED = 4, /* type and class */
	RECORD_FIXED = 10,  /* type, class, time to live, length */
	SRV_FIXED = 6,      /* priority, weight, port */
};

static unsigned int get_u16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* Past a name and n bytes behind it; NULL when that is beyond the end. */
static const uint8_t *skip(const uint8_t *p, const uint8_t *end, size_t n)
{
	int name = dn_skipname(p, end);

	if (name < 0 || (size_t)(end - p) < (size_t)name + n)
		return NULL;
	return p + name + n;
}

static int parse_record(struct bytes answer, const uint8_t *p, size_t n,
			struct srv_record *ret)
{
	if (n <= SRV_FIXED)
		return -1;
	ret->priority = (uint16_t)get_u16(p);
	ret->weight = (uint16_t)get_u16(p + 2);
	ret->port = (uint16_t)get_u16(p + 4);
	return dn_expand(answer.p, p + n, p + SRV_FIXED, ret->host,
			 sizeof(ret->host)) < 0
		       ? -1
		       : 0;
}

int srv_parse(struct bytes answer, struct srv_record ret[SRV_MAX])
{
	const uint8_t *p = answer.p, *end = answer.p + answer.n;
	unsigned int questions, records;
	int count = 0;

	if (answer.n < HEADER_SIZE)
		return -1;
	questions = get_u16(p + 4);
	records = get_u16(p + 6);
	p += HEADER_SIZE;
	for (; questions; questions--)
		if (!(p = skip(p, end, QUESTION_FIXED)))
			return -1;
	for (; records && count < SRV_MAX; records--) {
		const uint8_t *data = skip(p, end, RECORD_FIXED);
		size_t n;

		if (!data)
			return -1;
		n = get_u16(data - 2);
		if ((size_t)(end - data) < n)
			return -1;
		if (get_u16(data - RECORD_FIXED) == ns_t_srv &&
		    parse_record(answer, data, n, &ret[count++]) < 0)
			return -1;
		p = data + n;
	}
	return count;
}

static int compare(const void *a, const void *b)
{
	const struct srv_record *x = a, *y = b;

	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	/* Weight 0 first: then it is chosen only by a random 0. */
	return (x->weight > y->weight) - (x->weight < y->weight);
}

/* RFC 2782, "Weight": moves one of the first n to the front. */
static void choose(struct srv_record *list, size_t n,
		   uint32_t (*random)(uint32_t max))
{
	struct srv_record chosen;
	uint32_t sum = 0, mark;
	size_t i = 0;

	for (size_t k = 0; k < n; k++)
		sum += list[k].weight;
	mark = random(sum);
	for (sum = list[0].weight; sum < mark; sum += list[i].weight)
		i++;
	chosen = list[i];
	memmove(&list[1], &list[0], i * sizeof(chosen));
	list[0] = chosen;
}

void srv_order(struct srv_record *list, size_t count,
	       uint32_t (*random)(uint32_t max))
{
	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++) {
		size_t n = 1;

		while (i + n < count &&
		       list[i + n].priority == list[i].priority)
			n++;
		choose(&list[i], n, random);
	}
}

/* A little uneven, which does not matter for choosing a server. */
static uint32_t kernel_random(uint32_t max)
{
	uint32_t r = 0;

	(void)!getrandom(&r, sizeof(r), 0);
	return (uint32_t)((uint64_t)r * ((uint64_t)max + 1) >> 32);
}

static int fail_query(const char *name, int error, struct err *e)
{
	const char *why = "the name server failed";

	if (error == HOST_NOT_FOUND || error == NO_DATA)
		why = "there are no SRV records of that name";
	else if (error == TRY_AGAIN)
		why = "no answer from the name server";
	return err_set(e, ERR_RESOLVE, error, "cannot resolve '%s': %s", name,
		       why);
}

static int ask(const char *name, uint8_t *answer, struct err *e)
{
	struct __res_state state = { 0 };
	int n;

	if (res_ninit(&state) < 0)
		return fail_query(name, NO_RECOVERY, e);
	n = res_nquery(&state, name, ns_c_in, ns_t_srv, answer, ANSWER_MAX);
	if (n < 0)
		fail_query(name, state.res_h_errno, e);
	res_nclose(&state);
	return n < ANSWER_MAX ? n : ANSWER_MAX;
}

int srv_query(const char *name, struct srv_record ret[SRV_MAX], struct err *e)
{
	uint8_t *answer = malloc(ANSWER_MAX);
	int n, count;

	if (!answer)
		return err_nomem(e);
	n = ask(name, answer, e);
	if (n < 0) {
		free(answer);
		return -1;
	}
	count = srv_parse(bytes_of(answer, (size_t)n), ret);
	free(answer);
	if (count < 0)
		return err_set(e, ERR_RESOLVE, 0,
			       "cannot resolve '%s': the "
			       "answer is malformed",
			       name);
	/* A target of "." says that the service is not offered. */
	if (count == 0 || !*ret[0].host || strcmp(ret[0].host, ".") == 0)
		return fail_query(name, NO_DATA, e);
	srv_order(ret, (size_t)count, kernel_random);
	return count;
}
