# SPDX-License-Identifier: MIT
# Profiles as the programs use them. Every kind of mistake in a file is
# tested in tests/unit/test_profile.c.

load helper/helpers

setup() {
  basic_setup
  export HOME=$BATS_TEST_TMPDIR
  unset XDG_CONFIG_HOME
  mkdir -p .config/mqtt-tools
  profiles=.config/mqtt-tools/profiles.yaml
}

@test "one profile serves both programs" {
  start_broker
  cat > "$profiles" << EOF
default:
  host: localhost
  port: $PORT
  qos: 1
  topic: prof/a
  subscribe: [prof/#]
  verbose: yes
EOF
  start sub mqtt-sub -C 1 -W 20
  wait_for 10 subscribed prof/#
  run_tool mqtt-pub -m hello
  assert "$stderr" = ""
  finish sub
  assert "$output" = "prof/a hello"
}

@test "a named profile, one that extends it, and the command line" {
  start_broker
  cat > "$profiles" << EOF
base: {host: nowhere.invalid, user: u}
here:
  extends: base
  host: localhost
  port: 1
EOF
  run_tool mqtt-pub --profile here -p "$PORT" -t a -m b
  MQTT_TOOLS_PROFILE=here run_tool mqtt-pub -p "$PORT" -t a -m b
  run_tool mqtt-pub --profile here --show-config
  assert "$output" =~ "user: u  # profile $HOME/$profiles:1:37"
  run_tool 2 mqtt-pub --profile her -t a -m b
  assert "$stderr" =~ "there is no profile 'her'; did you mean 'here'"
}

@test "a mistake in the file stops everything, with its place" {
  printf 'default:\n  port: 1883\n  keepalive: soon\n' > "$profiles"
  run_tool 2 mqtt-pub -t a -m b
  assert "$stderr" =~ \
    "$HOME/$profiles:3:14: 'keepalive': 'soon' is not a whole number"
  assert "$output" = ""
  # also when it is in another profile than the one in use
  printf 'default: {}\nother:\n  hsot: x\n' > "$profiles"
  run_tool 2 mqtt-sub -t a
  assert "$stderr" =~ \
    "$HOME/$profiles:3:3: unknown key 'hsot'; did you mean 'host'"
}

@test "a file that cannot be read is told" {
  mkdir "$profiles" # which even root cannot read
  run_tool 2 mqtt-pub -t a -m b
  assert "$stderr" =~ "cannot read '$HOME/$profiles': Is a directory"
}

@test "a profile in a file, with paths that begin there" {
  start_broker
  mkdir sub
  printf 'unix: ../sock\npassword-file: pw\nuser: u\n' > sub/p.yaml
  echo secret > sub/pw
  ln -s "$SOCKET" sock
  run_tool mqtt-pub --profile sub/p.yaml -t a -m b
  assert "$stderr" = ""
}

@test "--save-profile writes what can be used, without the password" {
  start_broker
  run_tool mqtt-pub --save-profile mine -p "$PORT" -u me -P sesame -k 5m
  assert "$output" = ""
  assert "$stderr" =~ "saved in '$HOME/$profiles'"
  assert "$stderr" =~ "--password is not saved"
  assert "$(stat -c %a "$profiles")" = 600
  assert "$(< "$profiles")" !~ sesame
  run_tool mqtt-pub --profile mine -t a -m b
  run_tool mqtt-sub --profile mine --show-config
  assert "$output" =~ "keepalive: 300  # profile "
}

@test "--save-profile leaves the old file alone when it cannot write" {
  echo 'a: {host: x}' > "$profiles"
  # A limit of no bytes per file holds for root as well.
  run_tool 12 bash -c 'trap "" XFSZ; ulimit -f 0; "$@"' bash \
    mqtt-pub --save-profile b -h y
  assert "$(< "$profiles")" = 'a: {host: x}'
  assert "$(ls -A .config/mqtt-tools)" = profiles.yaml
}
