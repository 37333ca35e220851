#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# --store and what goes with it: who may use it when, what it says, inputs
# that go on, the queue of an absent broker, manual acknowledgement.

load helper/helpers
load helper/peer

info() {
  mqtt-pub --store "$1" --store-info | sed -n "s/^$2 *//p"
}

@test "messages are enqueued without a broker and sent by --flush" {
  start_broker
  start got mosquitto_sub -p "$PORT" -V 311 -q 2 -t t -C 4 -W 20
  wait_for 5 subscribed t
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  assert "$output$stderr" = ''
  run_tool bash -c "printf 'two\nthree\n' | mqtt-pub --store s.db --enqueue -q 2 -t t -l"
  assert "$(info s.db queued)" = 3
  run_tool mqtt-pub -p "$PORT" --store s.db --flush
  assert "$output$stderr" = ''
  assert "$(info s.db queued)" = 0
  assert "$(info s.db broker)" = "localhost:$PORT"
  run_tool mqtt-pub -p "$PORT" -t t -m end
  finish got
  assert "$output" = $'one\ntwo\nthree\nend'
}

@test "what is enqueued while another process sends is sent by that one" {
  start_broker
  mkfifo in
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -C 2 -W 20
  wait_for 5 subscribed t
  exec 9<> in
  START_STDIN=in start pub mqtt-pub -p "$PORT" -q 1 -t t -l --store s.db
  echo mine >&9
  wait_for 5 grep -q mine got.out
  run_tool 12 mqtt-pub -p "$PORT" --store s.db --flush
  assert "$stderr" =~ "store 's.db' is in use by process $(job_pid pub) "
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m theirs
  finish got
  assert "$output" = $'mine\ntheirs'
  stop pub || true
  exec 9>&-
}

@test "more may wait in a store than in memory, and input waits for it" {
  start_broker
  seq -f 'first-%0100g' 400 > first
  seq -f 'then-%0100g' 200 > second
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -C 600 -W 40
  wait_for 5 subscribed t
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -l < first
  run_tool mqtt-pub -p "$PORT" --store s.db -q 1 -t t -l --queue-bytes 4k \
    < second
  finish got
  assert_files_equal got.out <(cat first second)
}

@test "one store has one lock, whatever it is called" {
  start_broker
  mkfifo in
  exec 9<> in
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  ln -s s.db link.db
  START_STDIN=in start pub mqtt-pub -p "$PORT" -q 1 -t t -l --store s.db
  wait_for 5 grep -q mqtt-pub s.db.lock
  run_tool 12 mqtt-pub --store link.db --flush
  assert "$stderr" =~ "store 'link.db' is in use by process $(job_pid pub) "
  stop pub
  exec 9>&-
  # A name that means no file to SQLite.
  run_tool mqtt-pub --store :memory: --enqueue -q 1 -t t -m one
  assert "$(info :memory: queued)" = 1
}

@test "--flush ends when all is sent, whatever finds room in memory at once" {
  start_broker
  for n in 1 2 3 4 5; do
    head -c 3000 /dev/zero | tr '\0' "$n" > message
    run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -f message
  done
  run_tool 4 mqtt-pub -p "$(free_port)" --store s.db --flush --queue-bytes 1k
  assert "$stderr" =~ '; 5 messages are kept in store '
  run_tool mqtt-pub -p "$PORT" --store s.db --flush --queue-bytes 1k
  assert "$(info s.db queued)" = 0
}

@test "a store is cleared only after a yes" {
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  run_tool 2 mqtt-pub --store s.db --store-clear
  assert "$stderr" =~ '--yes'
  assert "$(info s.db queued)" = 1
  run_tool mqtt-pub --store s.db --store-clear --yes
  assert "$(info s.db queued)" = 0
  run_tool 12 mqtt-pub --store nowhere.db --store-clear --yes
  run_tool 12 mqtt-pub --store nowhere.db --store-info
}

@test "the client id is made once and stays" {
  start_broker
  run_tool mqtt-pub -p "$PORT" --store s.db -q 1 -t t -m a
  id=$(info s.db 'client id')
  assert "$id" =~ ^mqttpub
  run_tool mqtt-pub -p "$PORT" --store s.db -q 1 -t t -m a
  assert "$(info s.db 'client id')" = "$id"
  grep -q "as $id .*c0" broker.err
  run_tool 2 mqtt-pub -p "$PORT" --store s.db -i other -q 1 -t t -m a
  assert "$stderr" =~ "belongs to client id '$id', not to 'other'"
}

@test "options that need each other say so" {
  run_tool 2 mqtt-pub --flush
  assert "$stderr" =~ "'--flush' needs --store"
  run_tool 2 mqtt-pub --store s.db -t t -m a
  assert "$stderr" =~ 'needs --qos 1 or 2'
  run_tool 2 mqtt-pub --store s.db --exactly-once -q 1 -t t -m a
  assert "$stderr" =~ 'needs --qos 2'
  run_tool 2 mqtt-sub --store s.db --exactly-once -q 2 -t t
  assert "$stderr" =~ 'needs --output'
  run_tool 2 mqtt-pub --store s.db --flush --enqueue
  assert "$stderr" =~ 'exclude each other'
  # What would be passed over.
  for what in '-m a' '-f s.db' -n -s -l; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-pub --store s.db --flush -q 1 -t t $what
    assert "$stderr" =~ "'--flush' and option '${what::2}' exclude each other"
  done
  for what in --resume '--source-ack 2'; do
    # shellcheck disable=SC2086
    run_tool 2 mqtt-pub --store s.db --enqueue -q 1 -t t -l $what
    assert "$stderr" =~ "'--enqueue' and option '${what% *}' exclude each other"
  done
}

@test "a file goes on where it was left, and nothing is sent twice" {
  start_broker
  printf 'one\ntwo\nlast' > in
  start got mosquitto_sub -p "$PORT" -V 311 -q 2 -t t -C 6 -W 20 -F '<%p>'
  wait_for 5 subscribed t
  run_tool mqtt-pub -p "$PORT" --store s.db -q 2 -t t -l < in
  run_tool mqtt-pub -p "$PORT" --store s.db -q 2 -t t -l < in
  printf '\nmore\n\nend' >> in
  # After a boot or a mount its disk may have another number.
  sqlite3 s.db 'UPDATE source SET device = device + 1'
  run_tool mqtt-pub -p "$PORT" --store s.db -q 2 -t t -l < in
  finish got
  assert "$output" = $'<one>\n<two>\n<last>\n<more>\n<>\n<end>'
  assert "$(info s.db input)" =~ '6 records, 22 bytes, at its end'
}

@test "another file in the middle of one is refused" {
  start_puppet <<< $'on send puback all drop\nserve'
  seq 1 5 > in
  seq 11 15 > other
  mkfifo pipe
  exec 9<> pipe
  START_STDIN=pipe start pub mqtt-pub -p "$PUPPET_PORT" --store s.db -q 1 \
    -t t -l
  cat in >&9
  wait_for 10 puppet_saw 'recv publish.*payload=5'
  stop pub KILL
  exec 9>&-
  run_tool 12 mqtt-pub -p "$PUPPET_PORT" --store s.db -q 1 -t t -l < other
  assert "$stderr" =~ "was left in the middle of another input, after 5 records"
}

@test "with --resume the input comes anew and is compared" {
  start_broker
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -C 4 -W 20
  wait_for 5 subscribed t
  pub=(mqtt-pub -p "$PORT" --store s.db -q 1 -t t -l --resume)
  mkfifo pipe
  exec 9<> pipe
  START_STDIN=pipe start pub "${pub[@]}"
  printf 'a\nb\n' >&9
  wait_for 10 grep -q b got.out
  kill -TERM "$(job_pid pub)"
  finish pub 143
  exec 9>&-
  run_tool 12 "${pub[@]}" < <(printf 'a\nc\nd\n')
  assert "$stderr" =~ 'input differs from what was stored'
  run_tool 12 "${pub[@]}" < <(printf 'a\n')
  assert "$stderr" =~ 'ended 1 records before'
  run_tool "${pub[@]}" < <(printf 'a\nb\nc\nd\n')
  finish got
  assert "$output" = $'a\nb\nc\nd'
}

@test "--source-ack tells how many records are safe" {
  start_broker
  run_tool bash -c "printf 'a\nb\nc\n' |
    mqtt-pub -p $PORT --store s.db -q 1 -t t -l --source-ack 4 4> acks"
  assert "$(tail -n 1 acks)" = 3
}

@test "what remains is told with status 11, and where it is kept" {
  start_puppet <<< $'on send puback all drop\nserve'
  run_tool 11 mqtt-pub -p "$PUPPET_PORT" --store s.db -q 1 -t t -m a \
    --drain-timeout 2
  assert "$stderr" =~ "1 message is kept in store 's.db'"
  assert "$(info s.db sent)" = 1
}

@test "a queue that is full drops as told, and counts" {
  port=$(free_port)
  pub=(mqtt-pub -p "$port" -q 1 -t t -l --reconnect-first yes
    --drain-timeout 0.3 --store s.db --queue-limit 3)
  seq 1 9 > in
  run_tool 11 "${pub[@]}" --queue-policy drop-oldest < in
  assert "$stderr" =~ "6 messages were dropped because the queue was full"
  assert "$stderr" =~ "3 messages are kept"
  assert "$(sqlite3 s.db 'select group_concat(payload) from outbox')" = 7,8,9
  run_tool mqtt-pub --store s.db --store-clear --yes
  run_tool 11 "${pub[@]}" --queue-policy drop-newest < in
  assert "$(sqlite3 s.db 'select group_concat(payload) from outbox')" = 1,2,3
  run_tool mqtt-pub --store s.db --store-clear --yes
  run_tool 11 "${pub[@]}" --queue-policy fail < in
  assert "$stderr" =~ 'queue is full: 3 messages'
  run_tool mqtt-pub --store s.db --store-clear --yes
  run_tool 11 "${pub[@]}" --queue-policy block -W 3 < in
  assert "$(sqlite3 s.db 'select count(*) from outbox')" = 3
}

@test "the queue has a limit of bytes, too" {
  port=$(free_port)
  seq -f '%050g' 40 > in
  pub=(mqtt-pub -p "$port" -q 1 -t t -l --reconnect-first yes
    --drain-timeout 0.3 --queue-bytes 1k)
  run_tool 11 "${pub[@]}" --queue-policy fail < in
  assert "$stderr" =~ 'queue is full: [0-9]+ messages .10[0-9]+ bytes'
  run_tool 11 "${pub[@]}" --queue-policy drop-oldest --store s.db < in
  kept=$(info s.db queued)
  assert "$kept" -le 21
  assert "$stderr" =~ "$((40 - kept)) messages were dropped"
  assert "$(sqlite3 s.db 'select max(payload) + 0 from outbox')" = 40
}

@test "dropped messages are told when the broker is back" {
  port=$(free_port)
  seq 1 9 > in
  START_STDIN=in start pub mqtt-pub -p "$port" -q 1 -t t -l \
    --reconnect-first yes --reconnect-delay 50ms --queue-limit 3 \
    --queue-policy drop-oldest
  wait_for 10 at_rest pub
  start_puppet << END
listen $port
serve
END
  finish pub 11
  assert "$stderr" =~ '6 messages were dropped because the queue was full'
  assert "$(awk -f "$top_srcdir/tests/helper/delivered.awk" -v topic=t \
    puppet.out | tr '\n' ' ')" = '7 8 9 '
}

@test "a file that is shorter than what was written to it is refused" {
  start_broker
  run_tool mqtt-sub -p "$PORT" -q 2 -t t --store s.db --output out -E
  run_tool mqtt-pub -p "$PORT" -q 2 -t t -m hello
  run_tool mqtt-sub -p "$PORT" -q 2 -t t --store s.db --output out -C 1
  assert "$(cat out)" = hello
  : > out
  run_tool 12 mqtt-sub -p "$PORT" -q 2 -t t --store s.db --output out -C 1
  assert "$stderr" =~ 'has 0 bytes, but 6 were written'
}

@test "with --ack manual messages are acknowledged by number, in order" {
  start_puppet << 'END'
accept
expect connect
send connack
expect subscribe
send suback
send publish topic=t qos=1 pid=11 payload=a
send publish topic=t qos=0 payload=b
send publish topic=t qos=2 pid=13 payload=c
quiet 200
await puback pid=11
await pubrec pid=13
END
  mkfifo numbers
  exec 9<> numbers
  start sub bash -c "exec mqtt-sub -p $PUPPET_PORT -q 2 -t t --ack manual 3< numbers"
  wait_for 5 grep -q c sub.out
  sleep 0.3
  printf '3\n7\n' >&9
  sleep 0.1
  run puppet_saw pubrec
  assert "$status" -ne 0
  echo 1 >&9
  finish puppet
  assert "$(cat sub.out)" = $'1 a\nb\n3 c'
  assert "$(cat sub.err)" =~ "'7' is not the number of a message"
  stop sub || true
  exec 9>&-
}

@test "a damaged store is refused and left as it is" {
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  printf 'this is no database, however long it may be' > bad.db
  cp bad.db copy
  run_tool 12 mqtt-pub --store bad.db --flush
  assert "$stderr" =~ "store 'bad.db' is damaged"
  assert_files_equal bad.db copy
}

@test "a row that is no message is told, and not left behind in silence" {
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m one
  sqlite3 s.db "INSERT INTO outbox (qos, retain, topic, props, payload,
    queued_at) VALUES (0, 0, 't', '', 'by hand', 0)"
  run_tool 12 mqtt-pub --store s.db --flush
  assert "$stderr" =~ "store 's.db' is damaged \(row 2 of outbox is no message"
  assert "$(info s.db queued)" = 2
}

@test "a row that is no message is told when it comes while one sends" {
  start_broker
  mkfifo in
  start got mosquitto_sub -p "$PORT" -V 311 -q 1 -t t -C 2 -W 25
  wait_for 5 subscribed t
  exec 9<> in
  START_STDIN=in start pub mqtt-pub -p "$PORT" -q 1 -t t -l --store s.db \
    --events json --events-fd 2
  echo one >&9
  wait_for 5 grep -q one got.out
  sqlite3 s.db "INSERT INTO outbox (qos, retain, topic, props, payload,
    queued_at) VALUES (3, 0, 't', '', 'by hand', 0)"
  wait_for 10 grep -q '"event":"store_bad_row".*"row":2' pub.err
  grep -q "row 2 of outbox in store 's.db' is no message" pub.err
  run_tool mqtt-pub --store s.db --enqueue -q 1 -t t -m two
  finish got
  assert "$output" = $'one\ntwo'
  kill "$(job_pid pub)"
  finish pub 12
  exec 9>&-
  assert "$(info s.db queued)" = 1
}

@test "a store that cannot be written is told, and used again later" {
  start_broker
  mkfifo in
  exec 9<> in
  start got mosquitto_sub -p "$PORT" -V 311 -q 2 -t t -C 2 -W 25
  wait_for 5 subscribed t
  START_STDIN=in start pub mqtt-pub -p "$PORT" -q 2 -t t -l --store s.db \
    --events json --events-fd 2
  echo one >&9
  wait_for 5 grep -q one got.out
  # Somebody holds it longer than our patience.
  start holder sqlite3 s.db 'BEGIN IMMEDIATE' \
    '.shell touch held; until test -e let-go; do sleep 0.1; done' COMMIT
  wait_for 5 test -e held
  echo two >&9
  wait_for 10 grep -q '"event":"store_failed"' pub.err
  assert "$(grep -c two got.out)" = 0
  touch let-go
  finish got
  assert "$output" = $'one\ntwo'
  grep -q '"event":"store_works"' pub.err
  stop pub || true
  finish holder
  exec 9>&-
}

@test "events tell the life of a connection as JSON" {
  start_puppet << 'END'
accept
expect connect
send connack
close
accept
auto
END
  run_tool bash -c "exec mqtt-sub -h 127.0.0.1 -p $PUPPET_PORT -t t -C 1 \
    --reconnect-delay 1ms -W 3 --events json --events-fd 7 7> events" ||
    assert "$status" = 27
  for event in connecting connected lost end; do
    jq -se "any(.event == \"$event\" and .time and .queued == 0 and
      .unacknowledged == 0)" events
  done
  assert "$(jq -r 'select(.event == "lost") | .retry' events | head -n 1)" = true
  assert "$(jq -r 'select(.event == "end") | .status' events)" = "$status"
}
