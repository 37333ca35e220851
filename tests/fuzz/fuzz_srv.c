/* SPDX-License-Identifier: MIT */
/* What a name server may say when it is asked for SRV records. */
#include "net/srv.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t half(uint32_t max)
{
	return max / 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct srv_record list[SRV_MAX];
	int count = srv_parse(bytes_of(data, size), list);

	if (count < -1 || count > SRV_MAX)
		abort();
	if (count > 0)
		srv_order(list, (size_t)count, half);
	for (int i = 0; i < count; i++)
		if (strlen(list[i].host) >= sizeof(list[i].host))
			abort();
	return 0;
}
