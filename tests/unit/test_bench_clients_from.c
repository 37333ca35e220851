/* SPDX-License-Identifier: MIT */
/* Scenarios whose clients are in a file: what is told of that file. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/scenario.h"
#include "write_file.h"

#define SCENARIO(topic)                                   \
	"name: x\ngroups:\n  - name: g\n    clients: 1\n" \
	"    clients-from: who\n    publish: [{topic: '" topic "'}]\n"

/* The scenario, with that file beside it, is refused with these words. */
static void is_refused(const char *text, const char *who, const char *why)
{
	const struct document_source src = { "s.yaml", bytes_str(text) };
	char dir[] = "/tmp/test_scenarioXXXXXX", path[300];
	struct scenario s;
	struct err e;

	if (!ok(mkdtemp(dir) != NULL))
		return;
	write_file(dir, "who", who);
	err_clear(&e);
	is_int(scenario_load(&src, dir, &s, &e), -1);
	ok(strstr(e.text, why), "%s\n# expected %s", e.text, why);
	snprintf(path, sizeof(path), "%s/who", dir);
	is_int(unlink(path), 0);
	is_int(rmdir(dir), 0);
}

static void a_file_is_of_use(void)
{
	is_refused(SCENARIO("w/%c"), "ID;site\na;1\n",
		   "s.yaml:5:19: groups[0].clients-from: no column of 'who' is "
		   "used: expected id, username, password, or one that is in a "
		   "template");
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

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		is_refused(SCENARIO("w/%{site}"), files[i][0], files[i][1]);
}

TEST_MAIN(T(a_file_is_of_use), T(rows_without_a_client_are_checked))
