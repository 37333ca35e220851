# SPDX-License-Identifier: MIT
# The peers of the tests themselves, driven by the clients of mosquitto: what
# they say about our programs is worth as much as this.

load helper/helpers
load helper/peer

publish() { # STATUS PORT ARG...
  run_tool "$1" mosquitto_pub -p "$2" "${@:3}"
}

# For what mosquitto's clients do about a fault, which is their business.
whatever() {
  timeout 10 "$@" > /dev/null 2>&1 || true
}

# --- puppet -----------------------------------------------------------------

@test "puppet: a script is played, and the log is exact" {
  start_puppet <<< '
    accept
    expect connect version=5 clean=1 user=me password=p\x20w !will-topic
    send connack receive-maximum=3 user-property=a\x20b=c
    expect publish qos=2 payload=hello content-type=text
    save payload
    send pubrec
    expect pubrel pid=1
    send pubcomp reason-string=all\x20good
    expect disconnect
    expect close'
  publish 0 "$PUPPET_PORT" -V 5 -t a -m hello -q 2 -u me -P 'p w' \
    -D publish content-type text -D publish user-property 'x=y' 'ü'
  finish puppet
  assert "$(cat payload)" = hello
  puppet_saw '^1 recv publish topic=a qos=2 retain=0 dup=0 pid=1 .*at='
  puppet_saw ' user-property=x\\x3dy=\\xc3\\xbc length=5 payload=hello at='
  puppet_saw '^1 send connack .*receive-maximum=3 user-property=a\\x20b=c '
  puppet_saw '^1 closed '
}

@test "puppet: what is not as expected fails, and says where" {
  start_puppet <<< 'accept
    expect connect version=5'
  publish 7 "$PUPPET_PORT" -V 311 -t a -m x
  finish puppet 1
  assert "$stderr" =~ "line 2 'expect connect version=5': got 'connect version=4 "
}

@test "puppet: a client that does not come is not waited for" {
  start_puppet <<< 'within 200ms accept'
  finish puppet 1
  assert "$stderr" =~ "line 1 'within 200ms accept': not within its time"
  PEER_DEADLINE=1 start_puppet <<< 'accept'
  finish puppet 124
}

@test "puppet: a wrong script is refused" {
  local script
  for script in 'aczept' 'loop 3' 'end' 'within' 'listen nowhere'; do
    run_tool 2 "$PEERS/puppet" /dev/stdin <<< "$script"
    assert "$stderr" =~ ^puppet:
  done
}

@test "puppet: the second connection fares differently" {
  start_puppet <<< '
    accept
    expect connect
    send connack reason=0x87
    close
    accept
    auto
    await disconnect'
  publish 5 "$PUPPET_PORT" -t a -m x
  publish 0 "$PUPPET_PORT" -t a -m x -q 1
  finish puppet
  puppet_saw '^2 send puback'
}

@test "puppet: numbered messages come once each, in order" {
  seq 500 > numbers
  start_puppet <<< $'numbered a/b 500 window=7\nserve'
  run_tool mosquitto_sub -p "$PUPPET_PORT" -q 2 -c -i me -t 'a/+' -C 500
  assert_files_equal numbers tool.out
  wait_for 5 puppet_saw '^1 delivered all '
  assert "$(puppet_count ' dies | error ')" -eq 0
}

@test "puppet: who does not answer gets no more numbered messages than fit" {
  start_puppet <<< $'numbered t 500 window=7
    on recv pubrec all ignore
    serve'
  start sub mosquitto_sub -p "$PUPPET_PORT" -q 2 -c -i me -t t
  wait_for 5 puppet_saw '^1 recv pubrec '
  sleep 0.1
  assert "$(puppet_count '^1 send publish')" -eq 7
}

@test "puppet: auto serves publishers and subscribers in every version" {
  local version
  start_puppet <<< serve
  for version in 31 311 5; do
    start sub mosquitto_sub -V "$version" -q 2 -p "$PUPPET_PORT" \
      -t "$version/#" -C 300 -W 20
    wait_for 5 puppet_saw "recv subscribe pid=1 filter=$version/#"
    seq 300 > lines
    run_tool mosquitto_pub -V "$version" -q 2 -p "$PUPPET_PORT" \
      -t "$version/lines" -l < lines
    finish sub
    assert_files_equal lines sub.out
  done
}

@test "puppet: acknowledgements that are lost, late, doubled, refused, held" {
  start_puppet <<< '
    on conn 1 send puback 50 drop
    on conn 2 send puback all delay 300ms
    on conn 3 send pubrec 1 reason=0x97 reason-string=too\x20much
    on conn 4 send pubcomp 1 hold
    on conn 5 send puback 1 duplicate
    serve 4
    release
    serve 1'
  seq 50 > lines
  run_tool 124 timeout 2 mosquitto_pub -p "$PUPPET_PORT" -t a -q 1 -l < lines
  assert "$(puppet_count '1 send puback')" -eq 49
  run_tool mosquitto_pub -p "$PUPPET_PORT" -t a -q 1 -M 7 -l < lines
  wait_for 5 puppet_saw '^2 closed peak-in-flight=7 '
  run_tool mosquitto_pub -V 5 -p "$PUPPET_PORT" -t a -q 2 -m x
  assert "$stderr" =~ "Quota exceeded"
  run_tool 124 timeout 2 mosquitto_pub -p "$PUPPET_PORT" -t a -q 2 -m x
  run_tool mosquitto_pub -p "$PUPPET_PORT" -t a -q 1 -m x
  finish puppet
  assert "$(puppet_count '^5 send puback')" -eq 2
}

@test "puppet: MQTT 5 is refused in three ways" {
  local how
  for how in connack connack3 close; do
    start_puppet <<< "versions 3 4 else $how
      serve 2"
    whatever mosquitto_pub -V 5 -p "$PUPPET_PORT" -t a -m x
    publish 0 "$PUPPET_PORT" -V 311 -t a -m x
    finish puppet
  done
}

@test "puppet: sessions are kept by client id, or as told" {
  local n
  start_puppet <<< '
    serve 3
    session-present 0
    serve 1'
  for n in 1 2 3 4; do
    publish 0 "$PUPPET_PORT" -V 311 -c -i me -t a -m x -q 1
  done
  finish puppet
  puppet_saw '^1 send connack session-present=0'
  puppet_saw '^3 send connack session-present=1'
  puppet_saw '^4 send connack session-present=0'
}

@test "puppet: bytes, fragments, malformed packets, resets" {
  start_puppet <<< '
    accept
    fragment 1 every 5ms
    expect connect
    send hex 20 02 00 00
    expect publish
    send hex 4002 0001
    expect disconnect
    accept
    expect connect
    reset
    accept
    await publish'
  publish 0 "$PUPPET_PORT" -V 311 -t a -m x -q 1
  whatever mosquitto_pub -p "$PUPPET_PORT" -V 311 -t a -m x
  printf '\020\014\000\004MQTT\004\002\000\074\000\000\100\000' \
    > "/dev/tcp/127.0.0.1/$PUPPET_PORT"
  finish puppet 1
  puppet_saw '^3 recv malformed reason=0x8[12] why='
}

# Sends the bytes of a file, and keeps what comes back.
raw_client() { # PORT FILE
  exec 5<> "/dev/tcp/127.0.0.1/$1"
  cat "$2" >&5
  timeout 10 cat <&5
}

@test "puppet: an exchange of AUTH, then a redirection" {
  start_puppet <<< '
    accept
    expect connect authentication-method=M authentication-data=\x00a
    send auth reason=0x18 authentication-method=M authentication-data=\xff
    expect auth reason=0x18 authentication-method=M !authentication-data
    send connack session-present=1 authentication-method=M
    send disconnect reason=0x9c server-reference=other:%port%
    close'
  local end='e0109c0e1c000b6f746865723a(3[0-9]){5}'
  # CONNECT with a method and two bytes of data, then AUTH with the method.
  printf '%b' '\x10\x17\0\x04MQTT\x05\x02\0\0\x09\x15\0\x01M\x16\0\x02\0a\0\x01c' \
    '\xf0\x06\x18\x04\x15\0\x01M' > packets
  start client raw_client "$PUPPET_PORT" packets
  finish puppet
  finish client
  puppet_saw '^1 send auth reason=0x18 authentication-method=M authentication-data=\\xff '
  puppet_saw "^1 send disconnect reason=0x9c server-reference=other:$PUPPET_PORT "
  assert "$(od -An -tx1 client.out | tr -d ' \n')" =~ \
    "^f00a18081500014d160001ff20070100041500014d$end\$"
}

@test "puppet: on a Unix socket, and on two ports" {
  start_puppet <<< "listen unix:$BATS_TEST_TMPDIR/socket
    listen 127.0.0.1:0
    listen [::1]:0
    serve 3"
  run_tool mosquitto_pub --unix "$BATS_TEST_TMPDIR/socket" -t a -m 1 -q 1
  publish 0 "$PUPPET_PORT2" -t a -m 2 -q 1
  run_tool mosquitto_pub -h ::1 -p "$PUPPET_PORT3" -t a -m 3 -q 1
  finish puppet
}

@test "puppet: topic aliases are resolved" {
  start_puppet <<< '
    connack topic-alias-maximum=3
    serve'
  start sub mosquitto_sub -V 5 -p "$PUPPET_PORT" -t alias -C 1 -W 20
  wait_for 5 puppet_saw 'recv subscribe'
  publish 0 "$PUPPET_PORT" -V 5 -t alias -m 1 -D publish topic-alias 2
  finish sub
  assert "$output" = 1
  puppet_saw 'recv publish topic=alias .*topic-alias=2'
  assert "$(puppet_count 'send publish.*topic-alias')" -eq 0
}

# --- proxy ------------------------------------------------------------------

@test "proxy: lets everything through, and records it" {
  start_broker
  start_proxy "$PORT" 'chunk 1'
  head -c 100000 /dev/urandom | base64 -w 0 > payload
  start sub mosquitto_sub -p "$PORT" -t p -N -C 1 -W 20
  wait_for 5 subscribed p
  publish 0 "$PROXY_PORT" -V 5 -t p -f payload -q 2
  finish sub
  assert_files_equal payload sub.out
  proxy_saw '^1 up connect version=5 '
  proxy_saw "^1 up publish topic=p .*length=$(wc -c < payload) "
  proxy_saw '^1 down pubcomp pid=1'
}

@test "proxy: resets at a packet border" {
  start_broker
  start_proxy "$PORT" 'up before publish 2 reset'
  seq 3 > lines
  whatever mosquitto_pub -p "$PROXY_PORT" -t p -q 1 -l < lines
  assert "$(proxy_log | grep -c '^1 up publish')" -eq 1
  proxy_saw '^1 reset'
}

@test "proxy: black hole, stall, refuse, cut, latency by control" {
  start_broker
  start_proxy "$PORT" 'conn 2 down before puback 1 black-hole both'
  start sub mosquitto_sub -p "$PROXY_PORT" -t z -C 3 -W 20
  wait_for 5 subscribed z
  run_tool 124 timeout 2 mosquitto_pub -p "$PROXY_PORT" -t y -q 1 -m 0
  proxy_saw '^2 down puback .*lost=1'
  proxy_do 'conn 1 down stall'
  publish 0 "$PORT" -t z -m 1
  sleep 0.3
  assert "$(cat sub.out)" = ""
  proxy_do resume
  wait_for 5 grep -q 1 sub.out
  proxy_do refuse
  wait_for 5 eval "! port_open $PROXY_PORT"
  proxy_do accept
  wait_for 5 port_open "$PROXY_PORT"
  proxy_do 'conn 1 latency 2000'
  publish 0 "$PORT" -t z -m 2
  sleep 0.2
  assert "$(cat sub.out)" = 1
  wait_for 10 grep -q 2 sub.out
  proxy_do cut
  wait_for 10 proxy_saw 'open.*' # it connects again
  wait_for 10 eval "proxy_log | tail -n 5 | grep -q 'down suback'"
  publish 0 "$PORT" -t z -m 3
  finish sub
}

@test "proxy: a wrong rule is refused" {
  run_tool 2 "$PEERS/proxy" --to 1 'before lunch 1 cut'
  assert "$stderr" =~ "'lunch' is no packet type"
}

# --- counter and limit ------------------------------------------------------

@test "counter: counts what arrives, in order" {
  local qos
  seq -f %010g 1000 > lines
  for qos in 0 1 2; do
    start_counter --check-numbers --clients 1
    run_tool mosquitto_pub -V 5 -p "$COUNTER_PORT" -t a -q $qos -l < lines
    finish counter
    assert "$output" =~ " received=1000 .*qos$qos=1000 .*payload=10000 "
    assert "$output" =~ " lost=0 errors=0 .*misordered=0 "
  done
  seq 3 2 9 > lines
  start_counter --check-numbers
  publish 0 "$COUNTER_PORT" -t a -q 1 -l < lines
  assert "$(counter_result misordered)" -eq 3
}

@test "counter: hands out what is asked for, exactly" {
  local qos
  seq -f %010g 5000 > numbers
  for qos in 0 1 2; do
    start_counter --clients 1
    run_tool mosquitto_sub -p "$COUNTER_PORT" -q 2 -C 5000 \
      -t "numbered/5000/10/$qos"
    assert_files_equal numbers tool.out
    finish counter
    assert "$output" =~ " sent=5000 "
  done
  start_counter
  run_tool mosquitto_sub -p "$COUNTER_PORT" -C 3 -t flood/3/4 -t other
  assert "$output" = $'abcd\nabcd\nabcd'
  assert "$(counter_result filters)" -eq 2
}

@test "counter: a message that is cut off is not counted" {
  start_counter --clients 1
  printf '\020\014\000\004MQTT\004\002\000\074\000\000\060\007\000\001a1234\060\007\000\001a123' \
    > "/dev/tcp/127.0.0.1/$COUNTER_PORT"
  finish counter
  assert "$(counter_result received)" -eq 1
}

@test "limit and counter agree" {
  local qos
  for qos in 0 1 2; do
    start_counter --clients 1
    run_tool "$PEERS/limit" pub "$COUNTER_PORT" --count 20000 --qos $qos
    finish counter
    assert "$output" =~ " received=20000 .*qos$qos=20000 .*payload=1280000 repeated=0 "
  done
  start_counter --clients 1
  run_tool "$PEERS/limit" sub "$COUNTER_PORT" --count 20000
  finish counter
  assert "$output" =~ " sent=20000 "
}

# LETTER:PID is a PUBLISH down, -PID a PUBREC, +PID a PUBREL with its PUBCOMP.
faults() { # STEP...
  local step
  for step in "$@"; do
    case $step in
    *:*) echo "1 down publish qos=2 pid=${step#*:} payload=${step%:*} at=1" ;;
    -*) echo "1 up pubrec pid=${step#-} at=1" ;;
    +*) printf '1 %s pid=%s at=1\n' 'down pubrel' "${step#+}" \
      'up pubcomp' "${step#+}" ;;
    esac
  done | awk -f "$top_srcdir/tests/helper/broker_faults.awk" | sort
}

@test "broker_faults.awk: excuses what no subscriber can mend, only" {
  assert "$(faults a:5 -5 a:5 -5 +5 +5 b:5 -5 +5)" = ''
  assert "$(faults a:5 -5 +5 a:6 -6 +6)" = 'repeated a'
  # An id in use: the later message is not seen, until it comes again.
  assert "$(faults a:5 -5 b:5 -5 +5)" = 'hidden b'
  assert "$(faults a:5 -5 b:5 -5 +5 b:5)" = 'hidden b'
  assert "$(faults a:5 -5 b:5 -5 +5 b:5 -5)" = ''
  # Who knows which of them was taken.
  assert "$(faults a:5 b:5 -5 +5)" = $'hidden a\nhidden b'
}

# --- helpers.bash -------------------------------------------------------------

# failure LINE...: what bats says of a test of these lines.
failure() {
  {
    printf '%s\n' 'load helper/helpers' 'inner() {' \
      '  [[ $1 = good ]]' '}' '@test "t" {' "$@" '}'
  } > t.bats
  ln -sfn "$top_srcdir/tests/helper" helper
  run_tool 1 bats --tap t.bats > /dev/null
  sed -n 's/^# //p' tool.out | tr -d '\n'
}

@test "a failure is reported where it was" {
  assert "$(failure : false :)" =~ "t.bats, line 7.*false. failed"
  assert "$(failure : '[[ a = b ]]' :)" =~ "t.bats, line 7.*a = b ]]. failed"
  assert "$(failure 'inner good' 'inner bad')" =~ \
    "from function .inner. in file .*t.bats, line 3,.*t.bats, line 7"
}
