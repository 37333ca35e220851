#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --store when something is in the way: a full disk, a limit, a newer file,
# somebody who reads or types meanwhile.

load helper/helpers
load helper/peer

TOOL_TIMEOUT=40

info() {
  mqtt-pub --store "$1" --store-info | sed -n "s/^$2 *//p"
}

# on_terminal ANSWER CMD...: with a terminal for everything; what it showed is
# the file terminal.
on_terminal() {
  local answer=$1
  shift
  printf -v command '%q ' "$@"
  status=0
  { sleep 0.3 && printf '%s\n' "$answer" && sleep 0.3; } |
    timeout --foreground -k 5 "$TOOL_TIMEOUT" script -qec "$command" \
      terminal > /dev/null 3>&- || status=$?
}

# on_small_disk TAKEN CMD...: in the background, as pub; it alone has a disk of
# 2 MiB in the directory small, of which so many bytes are taken.
on_small_disk() {
  # shellcheck disable=SC2016
  START_STDIN=lines start pub unshare -rm bash -c '
    mount -t tmpfs -o size=2M none small
    head -c "$1" /dev/zero > small/ballast
    shift
    exec "$@"' small "$@"
  SMALL=/proc/$STARTED/root$BATS_TEST_TMPDIR/small
}

@test "a disk that is full is told, and used again when there is room" {
  start_broker
  mkdir small
  seq -f '%0500g' 4000 > lines
  start got mosquitto_sub -p "$PORT" -V 311 -q 2 -t t -C 4000 -W 40
  wait_for 5 subscribed t
  on_small_disk 1850000 mqtt-pub -p "$PORT" -q 2 -t t -l --store small/s.db \
    --inflight 100
  wait_for 20 grep -q 'nothing is sent or read until it can be written' pub.err
  grep -q "cannot write store 'small/s.db': .*full" pub.err
  assert "$(wc -l < got.out)" -lt 4000
  rm "$SMALL/ballast"
  finish pub
  assert "$stderr" =~ "store 'small/s.db' can be written again"
  finish got
  assert_files_equal got.out lines
}

@test "a queue never fills the disk so far that it cannot be sent" {
  port=$(free_port)
  mkdir small
  seq -f '%0500g' 4000 > lines
  on_small_disk 0 mqtt-pub -p "$port" -q 2 -t t -l --store small/s.db \
    --inflight 100 --reconnect-first yes --reconnect-delay 50ms \
    --events json --events-fd 2
  wait_for 20 grep -q 'what is read waits until messages are confirmed' pub.err
  grep -q '"event":"store_low"' pub.err
  wait_for 20 at_rest pub
  start_puppet << END
listen $port
serve
END
  finish pub
  assert "$stderr" !~ 'cannot write'
  awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic=t puppet.out > got
  assert_files_equal got lines
}

@test "at the limit of a file's size it ends with status 11 or 12, and goes on" {
  seq -f '%0500g' 4000 > lines
  # shellcheck disable=SC2016
  run_tool 12 bash -c 'ulimit -f 200; exec mqtt-pub "$@"' pub --store s.db \
    --enqueue -q 1 -t t -l < lines
  assert "$stderr" =~ "cannot write store 's.db'"
  kept=$(info s.db queued)
  assert "$kept" -lt 4000
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m more
  assert "$(info s.db queued)" = $((kept + 1))
}

@test "a file of a newer version is refused, and not touched" {
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  sqlite3 s.db 'PRAGMA user_version=77'
  cp s.db copy
  for what in --flush --store-info '--store-clear --yes' '--enqueue -q 1 -t t -m a'
  do
    # shellcheck disable=SC2086
    run_tool 12 mqtt-pub --store s.db $what
    assert "$stderr" =~ 'written by a newer version .schema 77,'
  done
  assert_files_equal s.db copy
}

@test "the sqlite3 shell reads and others enqueue while one sends" {
  start_puppet <<< $'on send puback all hold\nserve'
  mkfifo in
  exec 9<> in
  START_STDIN=in start pub mqtt-pub -p "$PUPPET_PORT" -q 1 -t t -l --store s.db
  printf 'a\nb\n' >&9
  wait_for 5 puppet_saw 'recv publish .*payload=b'
  for i in 1 2 3 4 5; do
    run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m "other$i"
    sqlite3 s.db 'SELECT payload FROM outbox ORDER BY seq' > rows
    assert "$(head -n 2 rows | xargs)" = 'a b'
    assert "$(tail -n 1 rows)" = "other$i"
  done
  wait_for 5 puppet_saw 'recv publish .*payload=other5'
  assert "$(info s.db sent)" = 7
  stop pub KILL
  exec 9>&-
}

@test "on a terminal --store-clear asks" {
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  on_terminal n mqtt-pub --store s.db --store-clear
  assert "$status" = 1
  grep -q "Forget 1 message, and all else, in 's.db'? \[y/N\]" terminal
  grep -q "store 's.db' was left as it is" terminal
  on_terminal '' mqtt-pub --store s.db --store-clear
  assert "$status" = 1 'just Enter is no'
  assert "$(info s.db queued)" = 1
  on_terminal y mqtt-pub --store s.db --store-clear
  assert "$status" = 0
  assert "$(info s.db queued)" = 0
}

@test "a long drain shows on a terminal how much is left" {
  start_puppet <<< $'on send puback all hold\nserve'
  seq 7 > lines
  on_terminal '' bash -c "mqtt-pub -p $PUPPET_PORT -q 1 -t t -l \
    --store s.db --drain-timeout 2.5 < lines"
  assert "$status" = 11
  grep -q '7 messages left to confirm' terminal
  grep -q "7 messages are kept in store 's.db'" terminal
  # Elsewhere there is only the error.
  run_tool 11 mqtt-pub -p "$PUPPET_PORT" --store s.db --flush \
    --drain-timeout 1.5
  assert "$(wc -l < tool.err)" = 1
  assert "$stderr" !~ 'left to confirm'
}
