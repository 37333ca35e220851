# SPDX-License-Identifier: MIT
# What the command line, the environment and the files of options do to the
# programs. Every spelling of every value is tested in tests/unit.

load helper/helpers

setup() {
  basic_setup
  export HOME=$BATS_TEST_TMPDIR
  unset XDG_CONFIG_HOME
}

# usage TEXT CMD...: one line on stderr, nothing on stdout, status 2.
usage() {
  local want=$1
  shift
  run_tool 2 "$@"
  assert "$output" = ""
  assert "$(head -n 1 <<< "$stderr")" = "$1: $want"
}

@test "a mistake is one clear line and status 2" {
  usage "option '-k': '10x' is not a whole number from 0 to 65535 (seconds), nor a time like 5m or 2h, nor auto" \
    mqtt-pub -t a -m b -k 10x
  usage "unknown option '--hsot'; did you mean '--host'?" mqtt-sub --hsot x
  usage "option '-t' needs a value: FILTER" mqtt-sub -t
  usage "unexpected argument 'b'" mqtt-pub -t a b
  usage "option '-t': 'a/+' contains a wildcard ('+' or '#')" \
    mqtt-pub -t a/+ -m b
  usage "option '-m' and option '-l' both say what to publish, expected one of them" \
    mqtt-pub -t a -m b -l
  usage "nothing to subscribe to: expected -t FILTER" mqtt-sub
  usage "option '-x' needs MQTT 5, but option '-V' says 3.1.1" \
    mqtt-sub -t a -x 60 -V 311
}

@test "nothing is sent when anything is wrong" {
  start_broker
  start sub mqtt-sub -p "$PORT" -t '#' -W 3
  wait_for 10 subscribed '#'
  usage "option '-q': '3' is not a whole number from 0 to 2" \
    mqtt-pub -p "$PORT" -t a -m b -q 3
  usage "option '--password-file': cannot read 'nowhere': No such file or directory" \
    mqtt-pub -p "$PORT" -t a -m b --password-file nowhere
  finish sub 27
  assert "$output" = ""
}

@test "options may stand in any form and order" {
  start_broker
  start sub mqtt-sub -p"$PORT" -vt form/# --count=4 -W 20
  wait_for 10 subscribed form/#
  run_tool mqtt-pub -p "$PORT" -t form/a -m 1
  run_tool mqtt-pub "-p$PORT" --topic=form/b -m2
  run_tool mqtt-pub -m 3 --topic form/c --port "$PORT" --
  run_tool mqtt-pub -rnq1 -t form/d -p "$PORT"
  finish sub
  assert "$output" = $'form/a 1\nform/b 2\nform/c 3\nform/d (null)'
}

@test "the environment says how to connect, the command line wins" {
  start_broker
  export MQTT_TOOLS_HOST=localhost MQTT_TOOLS_PORT=$PORT
  run_tool mqtt-pub -r -q 1 -t env/a -m hello
  assert "$stderr" = ""
  run_tool mqtt-sub -t env/a -C 1 -W 10
  assert "$output" = hello
  MQTT_TOOLS_PORT=1 run_tool mqtt-sub -p "$PORT" -t env/a -C 1 -W 10
  assert "$output" = hello
  MQTT_TOOLS_PORT=x run_tool 2 mqtt-sub -t env/a
  assert "$stderr" =~ "environment variable 'MQTT_TOOLS_PORT': 'x' is not"
  MQTT_TOOLS_HSOT=y run_tool mqtt-sub -t env/a -C 1 -W 10
  assert "$stderr" =~ "'MQTT_TOOLS_HSOT'; did you mean 'MQTT_TOOLS_HOST'"
}

@test "a command for the password does not see our variables" {
  start_broker
  MQTT_TOOLS_PASSWORD_COMMAND='env > seen; echo secret' MQTT_TOOLS_USER=u \
    run_tool mqtt-pub -p "$PORT" -t a -m b
  assert "$(wc -l < seen)" -gt 1
  assert "$(grep -c '^MQTT_TOOLS_' seen)" -eq 0
}

@test "credentials from every source reach the broker" {
  mosquitto_passwd -c -b users me secret 2> /dev/null ||
    skip "mosquitto_passwd is not installed"
  chmod 644 users
  local port
  port=$(free_port)
  start_broker "per_listener_settings true" "listener $port 127.0.0.1" \
    "allow_anonymous false" "password_file $PWD/users"
  PORT=$port
  echo secret > password
  export MQTT_TOOLS_PORT=$PORT
  run_tool 8 mqtt-pub -t a -m b
  run_tool 8 mqtt-pub -t a -m b -u me -P wrong
  run_tool mqtt-pub -t a -m b -u me -P secret
  run_tool mqtt-pub -t a -m b -u me --password-file password
  run_tool mqtt-pub -t a -m b -u me --password-command 'cat password'
  run_tool bash -c 'mqtt-pub -t a -m b -u me --password-fd 4 4< password'
  MQTT_TOOLS_PASSWORD=secret run_tool mqtt-pub -t a -m b -u me
  unset MQTT_TOOLS_PORT
  run_tool mqtt-pub -m b -L "mqtt://me:%73ecret@localhost:$PORT/a"
}

@test "a command for the password that hangs or fails ends the attempt" {
  start_broker
  run_tool 12 mqtt-pub -p "$PORT" -t a -m b -u me --connect-timeout 0.5 \
    --password-command 'exec sleep 60'
  assert "$stderr" =~ "--password-command': it did not end in time\$"
  run_tool 12 mqtt-pub -p "$PORT" -t a -m b -u me \
    --password-command 'exit 3'
  assert "$stderr" =~ "--password-command': it ended with status 3\$"
}

# The shell of that process, and the two that it has started.
runs_three() { # PID
  local shell
  read -r shell < <(cat "/proc/$1/task/"*/children)
  [ "$(wc -w < "/proc/$shell/task/$shell/children")" = 2 ]
}

@test "a signal ends a command that hangs, and all that it has started" {
  start_broker
  mkfifo alive
  for option in --password-command '--auth-method X --auth-command'; do
    # shellcheck disable=SC2086
    start pub mqtt-pub -p "$PORT" -t a -m b -u me $option \
      'sleep 60 > alive | sleep 61; :'
    cat alive & # ends with the last of them
    wait_for 10 runs_three "$STARTED"
    kill -TERM "$STARTED"
    TOOL_TIMEOUT=10 finish pub 143
    wait $!
  done
}

@test "a password on the command line does not stay there" {
  start_broker
  local form n=0
  for form in "-p $PORT -Psesame" "-p $PORT -P sesame" \
    "-p $PORT --pw=sesame" "-L mqtt://u:sesame@localhost:$PORT"; do
    # shellcheck disable=SC2086
    start sub$((++n)) mqtt-sub -u u $form -t own/$n/topic -W 20
    wait_for 10 subscribed own/$n/topic
    assert "$(tr '\0' ' ' < "/proc/$STARTED/cmdline")" !~ sesame
  done
}

@test "an options file as mosquitto has it" {
  start_broker
  printf '# where\n-p %s\n\n-t file/topic\n-q 1\n-r\n' "$PORT" > opts
  echo '-D publish user-property a b c' >> opts
  run_tool mqtt-pub -o opts -m hello
  run_tool mqtt-sub -p "$PORT" -t file/topic -C 1 -W 10 -F '%p %P'
  assert "$output" = "hello a:b c"
  usage "option '-o': cannot read 'none': No such file or directory" \
    mqtt-pub -o none -t a -m b
}

@test "properties arrive as they were given" {
  start_broker
  start sub mqtt-sub -V 5 -p "$PORT" -t prop/# --json -C 2 -W 20
  wait_for 10 subscribed prop/#
  run_tool mqtt-pub -p "$PORT" -t prop/a -m x --content-type text/plain \
    --response-topic back --correlation-data hex:00ff --payload-format utf8 \
    --message-expiry 1m --user-property k=v --user-property k=w
  run_tool mqtt-pub -p "$PORT" -t prop/a -m x \
    -D publish content-type text/plain -D publish response-topic back \
    -D publish correlation-data base64:AP8= \
    -D publish payload-format-indicator 1 \
    -D publish message-expiry-interval 60 \
    -D publish user-property k v -D publish user-property k w
  finish sub
  run_tool jq -cS '.properties' sub.out
  local want='{"content-type":"text/plain","correlation-data":"AP8=",'
  want+='"message-expiry-interval":60,"payload-format-indicator":1,'
  want+='"response-topic":"back","user-properties":[{"k":"v"},{"k":"w"}]}'
  assert "$output" = "$want"$'\n'"$want"
}

@test "filters with options of their own" {
  start_broker
  run_tool mqtt-pub -p "$PORT" -r -q 1 -t own/kept -m kept
  start sub mqtt-sub -V 5 -p "$PORT" -F '%t %p %q %S' -C 3 -W 20 \
    --subscribe own/kept,retain-handling=never \
    --subscribe own/zero,qos=0,id=5 --subscribe own/two,qos=2,id=6
  wait_for 10 subscribed own/two
  run_tool mqtt-pub -p "$PORT" -q 2 -t own/zero -m a
  run_tool mqtt-pub -p "$PORT" -q 2 -t own/two -m b
  run_tool mqtt-pub -p "$PORT" -q 1 -t own/kept -m c
  finish sub
  assert "$output" = $'own/zero a 0 5\nown/two b 2 6\nown/kept c 0 '
}

@test "--show-config: values, origins, no secrets" {
  MQTT_TOOLS_PASSWORD=sesame MQTT_TOOLS_PORT=99 \
    run_tool mqtt-pub --show-config -k 7 -u me
  assert "$output" =~ "port: 99  # environment MQTT_TOOLS_PORT"
  assert "$output" =~ "keepalive: 7  # command line -k"
  assert "$output" =~ "host: localhost  # default"
  assert "$output" =~ 'password: "..."  # environment MQTT_TOOLS_PASSWORD'
  assert "$output" !~ sesame
}
