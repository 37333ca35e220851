/* SPDX-License-Identifier: MIT */
/* Scenarios whose clients are in a file: what is told of that file. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/scenario.h"

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[300];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (ok(f != NULL)) {
		fputs(text, f);
		fclose(f);
	}
}

static void a_file_is_of_use(void)
{
	static const char text[] = "name: x\ngroups:\n  - name: g\n"
				   "    clients: 1\n    clients-from: who\n"
				   "    publish: [{topic: 'w/%c'}]\n";
	const struct document_source src = { "s.yaml", bytes_str(text) };
	char dir[] = "/tmp/test_scenarioXXXXXX", path[300];
	struct scenario s;
	struct err e;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	write_file(dir, "who", "ID;site\na;1\n");
	err_clear(&e);
	is_int(scenario_load(&src, dir, &s, &e), -1);
	is_str(e.text, "s.yaml:5:19: groups[0].clients-from: no column of "
		       "'who' is used: expected id, username, password, or "
		       "one that is in a template");
	snprintf(path, sizeof(path), "%s/who", dir);
	is_int(unlink(path), 0);
	is_int(rmdir(dir), 0);
}

/* --scale may get to the others. */
static void rows_without_a_client_are_checked(void)
{
	static const char *const files[][2] = {
		{ "id,username,site\n\na,\"u\nv\",1\n\nb,u,x#y\n",
		  "'w/x#y' contains a wildcard ('+' or '#') (who:6)" },
		{ "{\"id\":\"a\",\"site\":1}\n\n{\"id\":\"b\",\"site\":\"+\"}\n",
		  "'w/+' contains a wildcard ('+' or '#') (who:3)" },
		{ "id,site\nb,1\nab,2\na,3\n,4\n,5\nab,6\n",
		  "groups[0].id: 'ab' of who:7 is that of line 3, too" },
	};
	static const char text[] = "name: x\ngroups:\n  - name: g\n"
				   "    clients: 1\n    clients-from: who\n"
				   "    publish: [{topic: 'w/%{site}'}]\n";
	const struct document_source src = { "s.yaml", bytes_str(text) };
	char dir[] = "/tmp/test_scenarioXXXXXX", path[300];
	struct scenario s;
	struct err e;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		write_file(dir, "who", files[i][0]);
		err_clear(&e);
		is_int(scenario_load(&src, dir, &s, &e), -1);
		ok(strstr(e.text, files[i][1]), "%s", e.text);
	}
	snprintf(path, sizeof(path), "%s/who", dir);
	is_int(unlink(path), 0);
	is_int(rmdir(dir), 0);
}

TEST_MAIN(T(a_file_is_of_use), T(rows_without_a_client_are_checked))
