/* SPDX-License-Identifier: MIT */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <termios.h>

#include "config_load.h"

#include "base/clock.h"
#include "config/secret.h"
#include "config/show.h"

static struct secret secret;

static bool secret_is(const char *want)
{
	return is_bytes(bytes_of(secret.data, secret.n), bytes_str(want));
}

static void first_line_of_a_file(void)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "sesame\n", "sesame" },
		{ "sesame", "sesame" },
		{ "sesame\r\nmore\n", "sesame" },
		{ " with blanks \nmore", " with blanks " },
	};
	struct err e = { 0 };

	make_home();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		write_home("pw", cases[i].text);
		is_int(secret_from_file(with_home("@/pw"), CLOCK_SEC, &secret,
					&e),
		       0, "%s", e.text);
		secret_is(cases[i].want);
	}
	write_home("pw", "\nsesame\n");
	is_int(secret_from_file(with_home("@/pw"), CLOCK_SEC, &secret, &e), -1);
	is_str(e.text, with_home("'@/pw': its first line is empty"));
	is_int(e.kind, ERR_USAGE);
	is_int(secret_from_file(with_home("@/no"), CLOCK_SEC, &secret, &e), -1);
	is_str(e.text,
	       with_home("cannot read '@/no': No such file or directory"));
	is_int(secret_from_file(home, CLOCK_SEC, &secret, &e), -1);
	is_int(e.kind, ERR_LOCAL, "%s", e.text);
	is_int(secret_from_file("/dev/zero", CLOCK_SEC, &secret, &e), -1);
	ok(strstr(e.text, "longer than 65535 bytes") != NULL, "%s", e.text);
	remove_home();
}

static void descriptor_is_read_to_the_newline(void)
{
	struct err e = { 0 };
	int p[2];

	ok(!pipe(p));
	is_int(write(p[1], "ses", 3), 3);
	is_int(write(p[1], "ame\nrest", 8), 8);
	/* The other end stays open: the newline is enough. */
	is_int(secret_from_fd(p[0], CLOCK_SEC, &secret, &e), 0, "%s", e.text);
	secret_is("sesame");
	is_int(secret_from_fd(p[0], 20 * CLOCK_MSEC, &secret, &e), -1);
	is_int(e.code, ETIMEDOUT, "%s", e.text);
	close(p[0]);
	close(p[1]);
	is_int(secret_from_fd(p[0], CLOCK_SEC, &secret, &e), -1);
	is_int(e.kind, ERR_LOCAL);
}

static int run(const char *command, uint64_t ms, struct err *e)
{
	return secret_from_command(command, ms * CLOCK_MSEC, &secret, e);
}

static void output_of_a_command(void)
{
	struct err e = { 0 };

	is_int(run("echo sesame; echo more", 5000, &e), 0, "%s", e.text);
	secret_is("sesame");
	is_int(run("cat; echo after", 5000, &e), 0, "its input is empty");
	secret_is("after");
	is_int(run("printf x; head -c 300000 /dev/zero", 5000, &e), -1);
	ok(strstr(e.text, "longer") != NULL, "%s", e.text);
	is_int(run("echo a; head -c 300000 /dev/zero", 5000, &e), 0, "%s",
	       e.text);
	secret_is("a");
}

static void commands_that_fail(void)
{
	uint64_t start;
	struct err e = { 0 };

	is_int(run("echo x; exit 3", 5000, &e), -1);
	is_str(e.text, "it ended with status 3");
	is_int(e.kind, ERR_LOCAL);
	is_int(run("kill -9 $$", 5000, &e), -1);
	is_str(e.text, "it died of signal 9");
	is_int(run("true", 5000, &e), -1);
	is_str(e.text, "its first line is empty");
	start = clock_now();
	is_int(run("exec sleep 60", 100, &e), -1);
	is_str(e.text, "it did not end in time");
	is_int(run("exec >&-; exec sleep 60", 100, &e), -1);
	is_str(e.text, "it did not end in time");
	ok(clock_now() - start < 10 * CLOCK_SEC);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
}

/* A pipe that only they hold open tells when all of them are gone. */
static void commands_go_with_their_children(void)
{
	struct pollfd p = { .events = POLLIN };
	struct err e = { 0 };
	int pipes[2];

	is_int(pipe(pipes), 0);
	is_int(fcntl(pipes[0], F_SETFD, FD_CLOEXEC), 0);
	is_int(run("sleep 60 | (sleep 61; :)", 100, &e), -1);
	is_str(e.text, "it did not end in time");
	close(pipes[1]);
	p.fd = pipes[0];
	is_int(poll(&p, 1, 10000), 1);
	close(pipes[0]);
}

static void blocked_signals_end_the_wait(void)
{
	sigset_t set, was;
	struct err e = { 0 };
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &was);
	kill(getpid(), SIGTERM);
	is_int(run("exec sleep 60", 60000, &e), -1);
	is_int(e.kind, ERR_STATE);
	is_int(e.code, EINTR);
	is_int(waitpid(-1, NULL, WNOHANG), -1, "no child is left");
	is_int(sigwait(&set, &number), 0, "it still waits for who takes it");
	sigprocmask(SIG_SETMASK, &was, NULL);
}

/* Runs in a session of its own, with the pty as its terminal. */
static void ask(void)
{
	struct err e = { 0 };
	int rc;

	signal(SIGINT, SIG_DFL); /* ignored where the tests run in background */
	rc = secret_from_terminal("Password: ", 5 * CLOCK_SEC, &secret, &e);
	if (rc)
		dprintf(STDOUT_FILENO, "{%s}\n", e.text);
	else
		dprintf(STDOUT_FILENO, "{got %s}\n", secret.data);
	_exit(rc ? 1 : 0);
}

/* Reads from the pty until the text comes. */
static bool expect(int fd, const char *text, char *seen, size_t size)
{
	size_t n = strlen(seen);

	while (!strstr(seen, text) && n < size - 1) {
		ssize_t got = read(fd, seen + n, size - 1 - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
		seen[n] = '\0';
	}
	return n < size - 1;
}

static bool wait_for_no_echo(int fd)
{
	struct termios t;

	for (int i = 0; i < 500; i++) {
		if (!tcgetattr(fd, &t) && !(t.c_lflag & ECHO))
			return true;
		usleep(10000);
	}
	return false;
}

static void terminal_is_asked_without_echo(void)
{
	char seen[500] = "";
	struct termios t;
	int fd, status;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (!pid)
		ask();
	ok(pid > 0);
	ok(expect(fd, "Password: ", seen, sizeof(seen)));
	ok(wait_for_no_echo(fd));
	is_int(write(fd, "sesame\n", 7), 7);
	ok(expect(fd, "{got sesame}", seen, sizeof(seen)), "%s", seen);
	ok(!strstr(seen, "sesame\r\n{"), "not echoed: %s", seen);
	is_int(waitpid(pid, &status, 0), pid);
	is_int(status, 0);
	ok(!tcgetattr(fd, &t) && (t.c_lflag & ECHO), "the echo is back");
	close(fd);
}

static void interrupt_restores_the_terminal(void)
{
	char seen[500] = "";
	struct termios t;
	int fd, status;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (!pid)
		ask();
	ok(pid > 0);
	ok(expect(fd, "Password: ", seen, sizeof(seen)));
	ok(wait_for_no_echo(fd));
	is_int(write(fd, "\x03", 1), 1);
	is_int(waitpid(pid, &status, 0), pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
	ok(!tcgetattr(fd, &t) && (t.c_lflag & ECHO), "the echo is back");
	close(fd);
}

static void without_a_terminal(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct err e = { 0 };

		setsid();
		if (!secret_from_terminal("?", CLOCK_SEC, &secret, &e))
			_exit(1);
		_exit(strncmp(e.text, "there is no terminal to ask on", 30)
			      ? 2
			      : 0);
	}
	is_int(waitpid(pid, &status, 0), pid);
	is_int(status, 0);
}

static void sources_of_the_password(void)
{
	struct bytes user, password;
	struct loaded l;

	make_home();
	write_home("pw", "one\n");
	load(&l, TOOL_PUB, with_home("-t|t|-n|-u|me|--password-file|@/pw"));
	is_int(l.rc, 0, "%s", l.e.text);
	ok(l.s.client.credentials.load != NULL);
	write_home("pw", "two\n"); /* read anew for each connection */
	is_int(l.s.client.credentials.load(l.s.client.credentials.ctx, &user,
					   &password, &l.e),
	       0);
	is_bytes(password, BYTES_LIT("two"));
	is_bytes(user, BYTES_LIT("me"));
	unlink(with_home("@/pw"));
	is_int(l.s.client.credentials.load(l.s.client.credentials.ctx, &user,
					   &password, &l.e),
	       -1);
	is_str(l.e.text, with_home("option '--password-file': cannot read "
				   "'@/pw': No such file or directory"));
	unload(&l);
	load(&l, TOOL_PUB, "-t|t|-n|--password-command|echo $((6 * 7))");
	is_int(l.rc, 0, "%s", l.e.text);
	is_int(l.s.client.credentials.load(l.s.client.credentials.ctx, &user,
					   &password, &l.e),
	       0);
	is_bytes(password, BYTES_LIT("42"));
	ok(!bytes_is_set(user));
	unload(&l);
	remove_home();
}

static void password_of_a_descriptor(void)
{
	struct loaded l;
	char args[60];
	int p[2];

	ok(!pipe(p));
	is_int(write(p[1], "sesame\n", 7), 7);
	snprintf(args, sizeof(args), "-t|t|-n|--password-fd|%d", p[0]);
	load(&l, TOOL_PUB, args);
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.password, BYTES_LIT("sesame"));
	unload(&l);
	close(p[0]);
	close(p[1]);
	load(&l, TOOL_PUB, args);
	is_int(l.rc, -1);
	is_str(l.e.text, "option '--password-fd': cannot read it: Bad file "
			 "descriptor");
	unload(&l);
}

static void one_source_the_strongest(void)
{
	struct loaded l;

	fails(TOOL_PUB, "-t|t|-n|-P|x|--password-command|true",
	      "option '-P' and option '--password-command' both give a "
	      "password, expected one of them");
	load_with(&l, TOOL_PUB, "-t|t|-n|-P|x",
		  "MQTT_TOOLS_PASSWORD_FILE=/nowhere/pw");
	is_int(l.rc, 0, "%s", l.e.text);
	is_bytes(l.s.client.connect.password, BYTES_LIT("x"));
	ok(!l.s.client.credentials.load);
	unload(&l);
	fails(TOOL_PUB, "-t|t|-n|--password-file|/nowhere/pw",
	      "option '--password-file': cannot read '/nowhere/pw': No such "
	      "file or directory");
}

static void secrets_are_masked_and_wiped(void)
{
	struct loaded l;
	const char *text;

	load(&l, TOOL_PUB,
	     "--show-config|-P|sesame|-L|mqtt://u:open@h|"
	     "--auth-method|m|--auth-data|hex:5e5a");
	is_int(l.rc, 0, "%s", l.e.text);
	text = buf_cstr(&l.s.text);
	ok(!strstr(text, "sesame") && !strstr(text, "open") &&
		   !strstr(text, "5e5a"),
	   "%s", text);
	ok(strstr(text, "password: \"***\"  # command line -P\n") != NULL, "%s",
	   text);
	ok(strstr(text, "auth-data: \"***\"") != NULL);
	ok(strstr(text, "@h") != NULL);
	unload(&l);
}

/* Whether others see the password in the list of processes. */
static bool is_visible(void)
{
	char out[4096] = "";
	FILE *f = fopen("/proc/self/cmdline", "r");
	size_t n = f ? fread(out, 1, sizeof(out) - 1, f) : 0;

	if (!f)
		return true;
	fclose(f);
	return memmem(out, n, "sesame", 6) != NULL;
}

/* The child has a password on its command line; it loads its settings from
 * there and looks at what the system shows. */
static int child(char **argv)
{
	char *env[] = { NULL };
	struct settings_input in = { TOOL_PUB, argv + 1, env };
	bool was_visible = is_visible(), is_right;
	struct settings s;
	struct err e;

	if (settings_load(&s, &in, &e))
		return 2;
	is_right = s.client.connect.password.n == 7;
	settings_release(&s);
	return was_visible && is_right && !is_visible() ? 0 : 1;
}

static void argv_is_overwritten_at_once(void)
{
	static const char *const forms[][3] = {
		{ "-P", "sesame7", NULL },
		{ "-Psesame7", NULL, NULL },
		{ "--password=sesame7", NULL, NULL },
		{ "-L", "mqtt://u:sesame7@h", NULL },
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		int status;
		pid_t pid = fork();

		if (!pid) {
			setenv("HOME", "/nonexistent", 1);
			execl("/proc/self/exe", "test", "--child", "-tt", "-n",
			      forms[i][0], forms[i][1], NULL);
			_exit(9);
		}
		is_int(waitpid(pid, &status, 0), pid);
		is_int(status, 0, "%s", forms[i][0]);
	}
}

int main(int argc, char **argv)
{
	static const struct test all[] = {
		T(first_line_of_a_file),
		T(descriptor_is_read_to_the_newline),
		T(output_of_a_command),
		T(commands_that_fail),
		T(commands_go_with_their_children),
		T(blocked_signals_end_the_wait),
		T(terminal_is_asked_without_echo),
		T(interrupt_restores_the_terminal),
		T(without_a_terminal),
		T(sources_of_the_password),
		T(password_of_a_descriptor),
		T(one_source_the_strongest),
		T(secrets_are_masked_and_wiped),
		T(argv_is_overwritten_at_once),
	};

	if (argc > 1 && !strcmp(argv[1], "--child")) {
		argv[1] = argv[0];
		return child(argv);
	}
	return test_main(all, sizeof(all) / sizeof(*all), argc, argv);
}
