/* SPDX-License-Identifier: MIT */
/*
 * main() for a fuzz target without a fuzzer: runs it once for each file given,
 * and for each file in each directory given, so that make check replays the
 * corpora with any compiler.  Prints how many inputs ran.  Each input is named
 * on stderr before it runs: after a crash, the last line there is the culprit.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t inputs;

static void die(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	exit(1);
}

static void replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	/* Of exactly this size, so that ASan sees the first byte beyond. */
	uint8_t *data = malloc(size ? size : 1);

	if (!f || !data || fread(data, 1, size, f) != size)
		die(path);
	fclose(f);
	fprintf(stderr, "%s\n", path);
	if (LLVMFuzzerTestOneInput(data, size) != 0)
		fprintf(stderr, "%s: rejected\n", path);
	free(data);
	inputs++;
}

static void replay(const char *path);

static void replay_dir(const char *path)
{
	DIR *dir = opendir(path);
	char name[PATH_MAX];
	struct dirent *e;

	if (!dir)
		die(path);
	while ((e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		if (snprintf(name, sizeof(name), "%s/%s", path, e->d_name) >=
		    (int)sizeof(name)) {
			errno = ENAMETOOLONG;
			die(path);
		}
		replay(name);
	}
	closedir(dir);
}

static void replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		die(path);
	if (S_ISDIR(st.st_mode))
		replay_dir(path);
	else
		replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("%zu inputs\n", inputs);
	return inputs == 0;
}
