# SPDX-License-Identifier: MIT
# shellcheck shell=bash
#
# What every bats file loads:   load helper/helpers
#
# Programs    run_tool [STATUS] CMD...   with a deadline; $output, $stderr
#             start NAME CMD...          in the background; $STARTED is its pid
#                                        START_STDIN=FILE: its input
#             finish NAME [STATUS]       wait for it; its $output, $stderr
#             stop NAME                  end it
#             at_rest NAME               has it nothing more to do by itself?
#             no_signal_waits NAME       has it taken what kill sent?
# Brokers     start_broker [LINE...]     a mosquitto of this test's own: $PORT
#             subscribed TOPIC           true when somebody has subscribed
# Waiting     wait_for SECONDS CMD...    until it succeeds, or the test fails
# Checking    assert VALUE OP VALUE [TEXT], assert_files_equal A B, die TEXT
#
# Whatever was started is stopped after the test, and what a failed test
# printed is shown.  All files of a test are in $BATS_TEST_TMPDIR.
# What is slow to start serves all tests of a file: setup_file begins with
# file_setup, teardown_file is file_teardown.

bats_require_minimum_version 1.5.0

# shellcheck source=/dev/null
source "${top_builddir:-${BASH_SOURCE[0]%/*}/../../build}/tests/env"
# shellcheck source=tests/helper/ports.bash
source "${BASH_SOURCE[0]%/*}/ports.bash"
PATH=$TOOLS_DIR:$PATH

# Seconds that one program may take, unless the test says otherwise; that it
# may take to end when it is told to; and that every wait may take.  A busy
# machine may need seconds for what is a matter of milliseconds, and nothing
# is slower for it when all is well.
TOOL_TIMEOUT=${TOOL_TIMEOUT:-120}
STOP_TIMEOUT=20
WAIT_AT_LEAST=30

setup() {
  basic_setup
}

teardown() {
  basic_teardown
}

# For its report of a failure bats notes before each command where it is, which
# takes longer than most commands.  From here on it does so in the test and its
# setup alone; in what they call, when a command has failed.
trace_failures_only() {
  set +o functrace
  declare -ft bats_error_trap bats_check_status_from_trap
  ! declare -F "${BATS_TEST_NAME-}" > /dev/null || declare -ft "$BATS_TEST_NAME"
  trap 'note_failure || bats_error_trap' ERR
}

# shellcheck disable=SC2034
note_failure() {
  local status=$?
  case ${FUNCNAME[1]-} in
  "${BATS_TEST_NAME-}" | setup) # noted; then came the call of this
    BATS_DEBUG_LAST_STACK_TRACE=("${BATS_DEBUG_LASTLAST_STACK_TRACE[@]}")
    ;;
  *)
    bats_capture_stack_trace
    BATS_DEBUG_LAST_STACK_TRACE_IS_VALID=1
    ;;
  esac
  return "$status"
}

# For files that need a setup of their own; they call these first and last.
basic_setup() {
  trace_failures_only
  cd "$BATS_TEST_TMPDIR" || return 1
  mkdir jobs
  # What the user has set up for himself is not for the tests.
  export HOME=$BATS_TEST_TMPDIR
  unset XDG_CONFIG_HOME "${!MQTT_TOOLS_@}"
}

basic_teardown() {
  local job
  for job in "$BATS_TEST_TMPDIR"/jobs/*.pid; do
    [ -e "$job" ] || continue
    job=${job##*/}
    stop "${job%.pid}"
  done
  release_ports
  # Of programs whose exit status nobody asked for, too.
  if grep -lE 'Sanitizer|runtime error:' "$BATS_TEST_TMPDIR"/*.err 2> /dev/null
  then
    head -n 60 "$BATS_TEST_TMPDIR"/*.err
    die "a sanitizer complained"
  fi
}

# The jobs of a file are kept apart from those of its tests.
file_setup() {
  export BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
  basic_setup
}

# All are told to end before the first is waited for.
file_teardown() {
  local job
  BATS_TEST_TMPDIR=$BATS_FILE_TMPDIR
  for job in "$BATS_TEST_TMPDIR"/jobs/*.pid; do
    kill -TERM "$(cat "$job")" 2> /dev/null || true
  done
  STOP_TIMEOUT=60 basic_teardown
}

# --- checking ---------------------------------------------------------------

die() {
  echo "# $*" >&2
  return 1
}

# assert VALUE OP VALUE [TEXT]: OP is = != =~ !~ or one of [ (-eq, -lt, ...).
assert() {
  local actual=$1 op=$2 expected=$3 text=${4:-assertion failed} held=0
  case $op in
  = | ==) [[ $actual == "$expected" ]] || held=1 ;;
  !=) [[ $actual != "$expected" ]] || held=1 ;;
  =~) [[ $actual =~ $expected ]] || held=1 ;;
  !~) [[ ! $actual =~ $expected ]] || held=1 ;;
  -*) test "$actual" "$op" "$expected" || held=1 ;;
  *) die "assert: no operator '$op'" || return 1 ;;
  esac
  [ $held -eq 0 ] && return
  {
    echo "# $text"
    printf "#   expected %s '%s'\n" "$op" "$expected"
    printf "#   actual   %s '%s'\n" "${op//?/ }" "$actual"
  } >&2
  return 1
}

assert_files_equal() {
  cmp -- "$1" "$2" && return
  echo "# the files differ (< $1, > $2):" >&2
  diff <(od -c -- "$1" | head -n 2000) <(od -c -- "$2" | head -n 2000) |
    head -n 20 >&2
  return 1
}

# --- programs ---------------------------------------------------------------

# Reads what a program left in the files NAME.out and NAME.err.  Bytes that
# bash cannot hold (NUL) are dropped: compare the files where they matter.
read_output() {
  output=$(tr -d '\0' < "$BATS_TEST_TMPDIR/$1.out")
  stderr=$(tr -d '\0' < "$BATS_TEST_TMPDIR/$1.err")
}

check_status() { # CMD WANT GOT
  printf '$ %s\n' "$1"
  [ -z "$output" ] || printf '%s\n' "$output" | head -n 50
  [ -z "$stderr" ] || printf '%s\n' "$stderr" | head -n 50 | sed 's/^/2> /'
  [ "$3" -eq "$2" ] && return
  [ "$3" -ne 124 ] || echo "# killed after $TOOL_TIMEOUT s" >&2
  die "exit status $3, expected $2"
}

# run_tool [STATUS] CMD...: bytes of stdout and stderr are in the files
# tool.out and tool.err, as text in $output and $stderr.
run_tool() {
  local want=0
  status=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    want=$1
    shift
  fi
  timeout --foreground -k 5 "$TOOL_TIMEOUT" "$@" 3>&- \
    > "$BATS_TEST_TMPDIR/tool.out" 2> "$BATS_TEST_TMPDIR/tool.err" ||
    status=$?
  read_output tool
  check_status "$*" "$want" "$status"
}

# Never inside $(...): that would wait for the program.
start() { # NAME CMD...
  local name=$1
  shift
  # The child's redirection comes later than we look: what an earlier job of
  # that name has written must not be taken for its output.
  : > "$BATS_TEST_TMPDIR/$name.out"
  : > "$BATS_TEST_TMPDIR/$name.err"
  "$@" < "${START_STDIN:-/dev/null}" 3>&- \
    > "$BATS_TEST_TMPDIR/$name.out" 2> "$BATS_TEST_TMPDIR/$name.err" &
  STARTED=$!
  echo "$STARTED" > "$BATS_TEST_TMPDIR/jobs/$name.pid"
  printf '%s\n' "$*" > "$BATS_TEST_TMPDIR/jobs/$name.cmd"
}

job_pid() {
  cat "$BATS_TEST_TMPDIR/jobs/$1.pid"
}

# A zombie has ended too: it only waits to be asked for its status.  Without a
# process, because this is what a test asks most often.
has_ended() {
  local pid stat=
  read -r pid < "$BATS_TEST_TMPDIR/jobs/$1.pid" || return 0
  read -r stat 2> /dev/null < "/proc/$pid/stat" || :
  [[ ${stat##*)} != ' '[!ZX]* ]]
}

# Its threads, each with its state, and how far it has read its input.
activity() { # PID
  sed -n 's/^State:.\(.\).*/\1/p' "/proc/$1"/task/*/status
  grep '^pos:' "/proc/$1/fdinfo/0"
}

# True when all threads of NAME have slept over ten looks, and it has read no
# more of its input meanwhile: it waits for somebody else.  A thread that only
# lacks a processor does not sleep, so a slow machine makes this no less true.
at_rest() { # NAME
  local pid first i
  pid=$(job_pid "$1")
  first=$(activity "$pid") || return 1
  [[ $first != *[RD]* ]] || return 1
  for ((i = 0; i < 10; i++)); do
    sleep 0.02
    [ "$(activity "$pid")" = "$first" ] || return 1
  done
}

no_signal_waits() { # NAME
  ! grep -q '^\(Shd\|Sig\)Pnd:.*[1-9a-f]' "/proc/$(job_pid "$1")/status"
}

# finish NAME [STATUS]: wait for what start began, as run_tool does.
finish() {
  local name=$1 want=${2:-0} pid
  pid=$(job_pid "$name")
  wait_for "$TOOL_TIMEOUT" has_ended "$name" || return 1
  status=0
  wait "$pid" || status=$?
  rm "$BATS_TEST_TMPDIR/jobs/$name.pid"
  read_output "$name"
  check_status "$(cat "$BATS_TEST_TMPDIR/jobs/$name.cmd")" "$want" "$status"
}

stop() { # NAME [SIGNAL]
  local pid
  pid=$(job_pid "$1")
  kill -"${2:-TERM}" "$pid" 2> /dev/null
  if ! poll "$STOP_TIMEOUT" has_ended "$1"; then
    echo "# $1 did not end on SIG${2:-TERM}, killed"
    kill -KILL "$pid" 2> /dev/null
  fi
  wait "$pid" 2> /dev/null || : # its status is the signal
  rm -f "$BATS_TEST_TMPDIR/jobs/$1.pid"
}

# --- waiting ----------------------------------------------------------------

# Each look is a process or two, and many tests wait at a time: after two
# seconds 20 ms are not what matters.  The pause is no process: it is a read
# from a pipe that has nothing.
poll() { # SECONDS CMD...
  local end=$((SECONDS + $1 + 1)) looks=0 nothing result=0
  shift
  "$@" > /dev/null 2>&1 && return 0
  exec {nothing}<> <(:)
  until "$@" > /dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { result=1 && break; }
    read -rt "0.0$((looks++ < 100 ? 2 : 5))" -u "$nothing" || :
  done
  exec {nothing}>&-
  return $result
}

wait_for() {
  local limit=$(($1 < WAIT_AT_LEAST ? WAIT_AT_LEAST : $1))
  poll "$limit" "${@:2}" || die "not within $limit s: ${*:2}"
}

# --- brokers ----------------------------------------------------------------

# start_broker [LINE...]: a mosquitto for everybody on 127.0.0.1:$PORT and on
# the Unix socket $SOCKET; each LINE is added to its configuration.  Unless
# told, it drops nothing for a slow subscriber (0, for no limit, would make 2.0
# end connections whose messages it refuses).  Its log, with every packet unless
# BROKER_LOG says of what, is broker.err.  BROKER=NAME when a test needs several.
start_broker() {
  local name=${BROKER:-broker}
  # shellcheck disable=SC2119
  PORT=$(free_port) || return 1
  SOCKET=$BATS_TEST_TMPDIR/$name.sock
  {
    printf '%s\n' 'user root' 'log_dest stderr' "log_type ${BROKER_LOG:-all}" \
      'max_queued_messages 1000000' "$@"
    printf '%s\n' "listener $PORT 127.0.0.1" 'allow_anonymous true'
    printf '%s\n' "listener 0 $SOCKET" 'allow_anonymous true'
  } > "$BATS_TEST_TMPDIR/$name.conf"
  start "$name" "$MOSQUITTO" -c "$BATS_TEST_TMPDIR/$name.conf"
  wait_for 10 port_open "$PORT"
}

# With WebSocket too, on $WS, and over TLS on $WSS.
start_ws_broker() {
  WS=$(free_port 2)
  WSS=$((WS + 1))
  start_broker "listener $WS 127.0.0.1" 'protocol websockets' \
    'socket_domain ipv4' 'allow_anonymous true' \
    "listener $WSS 127.0.0.1" 'protocol websockets' 'socket_domain ipv4' \
    'allow_anonymous true' "certfile $CERTS/server.crt" \
    "keyfile $CERTS/server.key"
  wait_for 10 port_open "$WSS"
}

# Has the broker answered a subscription to TOPIC?
subscribed() {
  grep -qF -- "	$1 (QoS" "$BATS_TEST_TMPDIR/${BROKER:-broker}.err"
}
