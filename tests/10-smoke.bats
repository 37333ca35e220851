# SPDX-License-Identifier: MIT
# The main job in its simplest forms: do the programs work at all?

load helper/helpers

@test "--version and --help are data" {
  local program
  for program in mqtt-pub mqtt-sub; do
    run_tool "$program" --version
    assert "$output" =~ "^$program \(mqtt-tools\) [0-9]"
    assert "$stderr" = ""
    run_tool "$program" --help
    assert "$output" =~ "^Usage: $program "
    assert "$stderr" = ""
  done
}

# each line of a file through the broker: VERSION QOS
lines_arrive() {
  start_broker
  seq -f 'line %06g' 1 2000 > lines
  printf '\nafter an empty line\n' >> lines
  start sub mqtt-sub -p "$PORT" -V "$1" -q "$2" -t smoke/lines -C 2002 -W 25
  wait_for 10 subscribed smoke/lines
  run_tool mqtt-pub -p "$PORT" -V "$1" -q "$2" -t smoke/lines -l < lines
  assert "$output$stderr" = ""
  finish sub
  assert_files_equal lines sub.out
  assert "$stderr" = ""
}

@test "lines arrive: MQTT 5, QoS 0" { lines_arrive 5 0; }
@test "lines arrive: MQTT 5, QoS 1" { lines_arrive 5 1; }
@test "lines arrive: MQTT 5, QoS 2" { lines_arrive 5 2; }
@test "lines arrive: MQTT 3.1.1, QoS 0" { lines_arrive 311 0; }
@test "lines arrive: MQTT 3.1.1, QoS 1" { lines_arrive 311 1; }
@test "lines arrive: MQTT 3.1.1, QoS 2" { lines_arrive 311 2; }
@test "lines arrive: MQTT 3.1, QoS 0" { lines_arrive 31 0; }
@test "lines arrive: MQTT 3.1, QoS 1" { lines_arrive 31 1; }
@test "lines arrive: MQTT 3.1, QoS 2" { lines_arrive 31 2; }

@test "through a Unix socket" {
  start_broker
  start sub mqtt-sub --unix "$SOCKET" -t smoke/unix -C 1 -W 20
  wait_for 10 subscribed smoke/unix
  run_tool mqtt-pub --unix "$SOCKET" -t smoke/unix -m 'by socket'
  finish sub
  assert "$output" = "by socket"
}

@test "a retained message, as text and as JSON" {
  start_broker
  run_tool mqtt-pub -p "$PORT" -q 1 -r -t smoke/kept -m 'kept "so"'
  run_tool mqtt-sub -p "$PORT" -v -t 'smoke/#' -C 1 -W 20
  assert "$output" = 'smoke/kept kept "so"'
  run_tool mqtt-sub -p "$PORT" --json -t 'smoke/#' -C 1 -W 20
  assert "$(jq -r '.topic, .payload' <<< "$output")" = \
    $'smoke/kept\nkept "so"'
}

@test "nobody listens: status 4 and one line" {
  local port
  port=$(free_port)
  run_tool 4 mqtt-pub -p "$port" -t smoke -m x
  assert "$output" = ""
  assert "$(wc -l < tool.err)" -eq 1
  assert "$stderr" =~ "^mqtt-pub: cannot connect .*127\.0\.0\.1:$port"
}

@test "an unknown option: status 2 and a suggestion" {
  run_tool 2 mqtt-pub --topc smoke -m x
  assert "$output" = ""
  assert "$stderr" =~ --topc
  assert "$stderr" =~ --topic
}

@test "time is up: status 27" {
  start_broker
  run_tool 27 mqtt-sub -p "$PORT" -t smoke/nothing -W 0.5
  assert "$output" = ""
}
