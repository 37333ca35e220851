/* SPDX-License-Identifier: MIT */
#include "base/write_all.h"

#include <errno.h>
#include <unistd.h>

int write_all(int fd, struct bytes b)
{
	ssize_t n;

	while (b.n) {
		n = write(fd, b.p, b.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		b = bytes_of(b.p + n, b.n - (size_t)n);
	}
	return 0;
}
