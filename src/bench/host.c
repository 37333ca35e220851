/* SPDX-License-Identifier: MIT */
#include "bench/host.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/attr.h"

#define TEXT_MAX 8192

/* The begin of a small file as text; empty when it cannot be read. */
static const char *read_text(const char *path, char dst[TEXT_MAX])
{
	FILE *f = fopen(path, "re");
	size_t n = 0;

	if (f) {
		n = fread(dst, 1, TEXT_MAX - 1, f);
		fclose(f);
	}
	dst[n] = '\0';
	return dst;
}

/* The number behind a word at the begin of a line; 0 when it is not there. */
static uint64_t number_of(const char *text, const char *word)
{
	size_t len = strlen(word);
	uint64_t v = 0;

	while (text && strncmp(text, word, len) != 0) {
		text = strchr(text, '\n');
		text += text != NULL;
	}
	if (text)
		sscanf(text + len, "%*[: \t]%" SCNu64, &v);
	return v;
}

static uint64_t hash(uint64_t h, const char *text)
{
	while (*text)
		h = (h ^ (unsigned char)*text++) * UINT64_C(0x100000001b3);
	return h;
}

uint64_t host_clock_id(void)
{
	char text[TEXT_MAX];
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	h = hash(h, read_text("/proc/sys/kernel/random/boot_id", text));
	return hash(h, read_text("/proc/self/timens_offsets", text));
}

unsigned host_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		return (unsigned)CPU_COUNT(&set);
	return 1;
}

static void put_line(json_t *facts, const char *key, const char *path)
{
	char text[TEXT_MAX];

	read_text(path, text);
	text[strcspn(text, "\n")] = '\0';
	if (*text)
		json_object_set_new(facts, key, json_string(text));
}

static void put_processor(json_t *facts)
{
	char text[TEXT_MAX], *p;

	read_text("/proc/cpuinfo", text);
	p = strstr(text, "model name");
	p = p ? strchr(p, ':') : NULL;
	if (!p)
		return;
	p += 2;
	p[strcspn(p, "\n")] = '\0';
	json_object_set_new(facts, "processor", json_string(p));
}

json_t *host_facts(void)
{
	json_t *facts = json_object();
	char text[TEXT_MAX];
	struct utsname u;
	struct rlimit l;

	if (uname(&u) == 0) {
		json_object_set_new(facts, "name", json_string(u.nodename));
		json_object_set_new(facts, "system",
				    json_sprintf("%s %s %s", u.sysname,
						 u.release, u.machine));
	}
	put_processor(facts);
	json_object_set_new(facts, "processors", json_integer(host_cpus()));
	json_object_set_new(
		facts, "memory",
		json_integer(1024 * (json_int_t)number_of(
					    read_text("/proc/meminfo", text),
					    "MemTotal")));
	put_line(facts, "governor",
		 "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
	put_line(facts, "cgroup_cpu", "/sys/fs/cgroup/cpu.max");
	put_line(facts, "cgroup_memory", "/sys/fs/cgroup/memory.max");
	put_line(facts, "port_range", "/proc/sys/net/ipv4/ip_local_port_range");
	if (getrlimit(RLIMIT_NOFILE, &l) == 0)
		json_object_set_new(facts, "descriptors",
				    json_integer((json_int_t)l.rlim_cur));
	return facts;
}

uint64_t host_resident(long pid)
{
	char path[64], text[TEXT_MAX];
	uint64_t pages = 0;

	snprintf(path, sizeof(path),
		 pid ? "/proc/%ld/statm" : "/proc/self/statm", pid);
	sscanf(read_text(path, text), "%*u %" SCNu64, &pages);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t host_memory(void)
{
	char text[TEXT_MAX];
	uint64_t kib = number_of(read_text("/proc/self/smaps_rollup", text),
				 "Pss");

	return kib ? kib * 1024 : host_resident(0);
}

static double own_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

double host_cpu_seconds(long pid)
{
	char path[64], text[TEXT_MAX], *p;
	unsigned long user, system;

	if (pid == 0)
		return own_seconds();
	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	/* The name in parentheses may hold anything. */
	p = strrchr(read_text(path, text), ')');
	if (!p || sscanf(p + 1,
			 " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
			 "%lu %lu",
			 &user, &system) != 2)
		return -1;
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* Version 2 counts in us, version 1 in ns. */
static double throttled_in(const char *dir, const char *path)
{
	char name[512], text[TEXT_MAX];

	if (snprintf(name, sizeof(name), "/sys/fs/cgroup%s%s/cpu.stat", dir,
		     path) >= (int)sizeof(name))
		return 0;
	read_text(name, text);
	return (double)number_of(text, "throttled_usec") / 1e6 +
	       (double)number_of(text, "throttled_time") / 1e9;
}

/* In a cgroup, or in one above it: limits hold for all below. What a container
 * sees of the names may begin further up than what it sees of the files. */
static double throttled_along(char *path)
{
	static const char *const dirs[] = { "", "/unified", "/cpu",
					    "/cpu,cpuacct" };
	double most = 0;
	char *end;

	do {
		end = strrchr(path, '/');
		if (end && !end[1])
			*end = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
			most = fmax(most, throttled_in(dirs[i], path));
		end = strrchr(path, '/');
		if (end)
			end[1] = '\0';
	} while (end);
	return most;
}

/* "4:cpu,cpuacct:/PATH", or of version 2 "0::/PATH". */
static bool is_of_processor(const char *line)
{
	const char *names = strchr(line, ':');

	return names && (names[1] == ':' || strncmp(names, ":cpu,", 5) == 0 ||
			 strncmp(names, ":cpu:", 5) == 0 ||
			 strncmp(names, ":cpuacct,cpu:", 13) == 0);
}

double host_throttled_seconds(void)
{
	char text[TEXT_MAX], *line, *rest = text, *path;
	double most = 0;

	read_text("/proc/self/cgroup", text);
	while ((line = strsep(&rest, "\n"))) {
		path = strchr(line, '/');
		if (path && is_of_processor(line))
			most = fmax(most, throttled_along(path));
	}
	return most;
}

double host_steal_seconds(void)
{
	char text[TEXT_MAX];
	unsigned long steal = 0;

	sscanf(read_text("/proc/stat", text),
	       "cpu %*u %*u %*u %*u %*u %*u %*u %lu", &steal);
	return (double)steal / (double)sysconf(_SC_CLK_TCK);
}
