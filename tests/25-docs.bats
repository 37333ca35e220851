# SPDX-License-Identifier: MIT
# Man pages and completions: they agree with the programs, and the examples
# in them work.

load helper/helpers

setup() {
  basic_setup
  export HOME=$BATS_TEST_TMPDIR
  unset XDG_CONFIG_HOME
}

pages=(mqtt-bench.1 mqtt-pub.1 mqtt-sub.1 mqtt-tools-profiles.5)

@test "what docgen writes is up to date (else: make update-docs)" {
  local file
  sh "$top_srcdir/contrib/scripts/update-docs.sh" \
    "$top_builddir/src/config/docgen" "$top_srcdir" "$PWD/new"
  (cd new && find . -type f) > files
  assert "$(wc -l < files)" -eq 13
  while read -r file; do
    assert_files_equal "$top_srcdir/$file" "new/$file"
  done < files
}

@test "the pages have all their sections, and no roff warnings" {
  command -v groff > /dev/null || skip "groff is not installed"
  local page section
  for page in "${pages[@]}"; do
    assert "$(groff -man -Tutf8 -ww -rF0 "$top_srcdir/man/$page" \
      2>&1 > /dev/null)" = ""
  done
  for page in mqtt-pub.1 mqtt-sub.1; do
    for section in NAME SYNOPSIS DESCRIPTION OPTIONS EXAMPLES '"EXIT STATUS"' \
      ENVIRONMENT FILES '"DIFFERENCES FROM MOSQUITTO_' '"SEE ALSO"'; do
      grep -q "^.SH $section" "$top_srcdir/man/$page" ||
        die "$page has no section $section"
    done
  done
}

@test "every option of --help is in the man page" {
  local tool option
  for tool in mqtt-bench mqtt-pub mqtt-sub; do
    man=$(sed 's/\\f[BIR]//g; s/\\-/-/g' "$top_srcdir/man/$tool.1")
    run_tool "$tool" --help
    while read -r option; do
      grep -qE -- "^(-., )?--(\[no-\])?$option( |$)" <<< "$man" ||
        die "$tool(1) does not have --$option"
    done < <(sed -nE 's/^ .{5}--(\[no-\])?([a-z0-9-]+).*/\2/p' <<< "$output")
  done
}

@test "the scenario of mqtt-bench(1) does what it requires" {
  start_broker
  sed -n '/^name: doors/,/^\.EE/p' "$top_srcdir/man/mqtt-bench.1" |
    sed '/^\.EE/d; s/\\-/-/g' > doors.yaml
  run_tool mqtt-bench validate doors.yaml
  # How late the timers of a busy machine are is not the page's matter.
  mqtt-bench run ./doors.yaml --target "mqtt://127.0.0.1:$PORT" \
    --json doors.json --progress none > doors.out || assert $? -eq 13
  cat doors.out
  assert "$(jq '.requirements | length' doors.json)" -eq 2
  assert "$(jq '[.requirements[].holds] | all' doors.json)" = true
}

@test "every count and time that can be required is in mqtt-bench(1)" {
  local name page
  page=$(sed 's/\\-/-/g' "$top_srcdir/man/mqtt-bench.1.in")
  run_tool mqtt-bench conn --target self -c 1 --duration 0.1 --progress none \
    --json result.json
  while read -r name; do
    grep -qw -- "$name" <<< "$page" || die "mqtt-bench(1) does not tell $name"
  done < <(jq -r '(.counts | to_entries[] | select(.value | type == "number")),
    (.timings | to_entries[]) | .key' result.json | grep -vx lag.floor)
}

# --- examples ----------------------------------------------------------------

# Writes the examples of a page to the files example.1, example.2 ...
extract_examples() {
  sed -e 's/\\-/-/g; s/\\(aq/'"'"'/g; s/\\&//g; s/\\e/\\/g' \
    "$top_srcdir/man/$1" |
    awk -v wanted="$2" '
      /^\.SH/ { inside = $2 == wanted }
      /^\.EE/ { copying = 0; close(file) }
      copying { print > file }
      inside && /^\.EX/ { copying = 1; file = "example." ++n }
      END { print n }'
}

# What the examples speak of.
prepare() {
  TLS_PORT=$(free_port)
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    "certfile $CERTS/server.crt" "keyfile $CERTS/server.key"
  cp "$CERTS/ca.crt" .
  export TLS_PORT MQTT_TOOLS_PORT=$PORT
  seq -f 'entry %g' 1 20 > plant.log
  head -c 3000 /dev/urandom > door.jpg
  echo secret > password
  echo secret > plant.password
  local message
  for message in sensors/kitchen/temperature=21 sensors/kitchen/state=on \
    alarms/fire=no old/a=1 old/b=2; do
    mqtt-pub -r -q 1 -t "${message%=*}" -m "${message#*=}"
  done
  mqtt-pub -r -q 1 -t camera/door -f door.jpg
}

# An example that would go on for ever is stopped, and must have printed.
run_example() {
  if grep -qE 'mqtt-pub|mqtt-bench|-(C|W|E)|--idle|--show|--save' "$1"; then
    run_tool bash -euo pipefail "$1"
  else
    run_tool 124 timeout -k 5 2 bash -euo pipefail "$1"
    assert "$output" != ""
  fi
}

run_examples() {
  local n
  prepare
  for ((n = 1; n <= $(extract_examples "$1" EXAMPLES); n++)); do
    sed 's/^/# /' "example.$n"
    run_example "example.$n"
  done
  assert "$n" -gt "$2"
}

@test "the examples of mqtt-pub(1) work" {
  run_examples mqtt-pub.1 8
}

@test "the examples of mqtt-sub(1) work" {
  run_examples mqtt-sub.1 9
  assert_files_equal door.jpg door-now.jpg
}

@test "the examples of mqtt-bench(1) work" {
  run_examples mqtt-bench.1 5
  jq -e '.schema == "mqtt-bench/1"' result.json
}

@test "the scenario of mqtt-bench(1) is one" {
  extract_examples mqtt-bench.1 SCENARIOS
  mv example.1 example.yaml
  run_tool mqtt-bench validate example.yaml
  run_tool mqtt-bench run ./example.yaml --target mqtt://127.0.0.1:1 --plan
  assert "$output" =~ "50/s in all, 0.10/s each"
}

@test "the examples of mqtt-tools-profiles(5) work" {
  run_examples mqtt-tools-profiles.5 2
}

@test "the profiles of mqtt-tools-profiles(5) are as it says" {
  extract_examples mqtt-tools-profiles.5 DESCRIPTION
  mkdir -p .config/mqtt-tools
  cp example.1 .config/mqtt-tools/profiles.yaml
  run_tool mqtt-sub --show-config
  assert "$output" =~ "host: localhost  # profile "
  run_tool mqtt-sub --show-config --profile plant-test
  assert "$output" =~ "host: test.plant.example  # profile "
  assert "$output" =~ "keepalive: 300  # profile "
  assert "$output" =~ "- stage=test"
}

@test "the sample profiles load" {
  local name
  mkdir -p .config/mqtt-tools
  cp "$top_srcdir/contrib/profiles/profiles.yaml" .config/mqtt-tools/
  for name in default plant plant-redundant legacy; do
    run_tool mqtt-pub --profile "$name" --show-config
    assert "$stderr" = ""
  done
  run_tool mqtt-sub --show-config \
    --profile "$top_srcdir/contrib/profiles/local-socket.yaml"
  assert "$output" =~ "unix: /run/mosquitto/mosquitto.sock  # profile "
}

@test "the JSON in mqtt-sub(1) is JSON" {
  extract_examples mqtt-sub.1 '"JSON'
  run_tool jq -r .payload example.1
  assert "$output" = hello
}

# --- completions --------------------------------------------------------------

@test "the completions are well-formed" {
  local tool
  for tool in mqtt-bench mqtt-pub mqtt-sub; do
    bash -n "$top_srcdir/completions/bash/$tool"
    if command -v zsh > /dev/null; then
      zsh -n "$top_srcdir/completions/zsh/_$tool"
    fi
    if command -v fish > /dev/null; then
      fish -n "$top_srcdir/completions/fish/$tool.fish"
    fi
  done
}

# What bash would offer for the last of these words.
complete_bash() {
  # shellcheck source=/dev/null
  source "$top_srcdir/completions/bash/$1"
  COMP_WORDS=("$@")
  COMP_CWORD=$(($# - 1))
  COMPREPLY=()
  "_${1//-/_}" || true # as compgen has it when there is nothing
  output=${COMPREPLY[*]}
}

@test "bash completes options, values and profiles" {
  mkdir -p .config/mqtt-tools
  printf 'prod:\n  host: x\nproof: {}\n' > .config/mqtt-tools/profiles.yaml
  touch a-file
  complete_bash mqtt-pub --ret
  assert "$output" = "--retain"
  complete_bash mqtt-pub -q ""
  assert "$output" = "0 1 2"
  complete_bash mqtt-pub -V = m
  assert "$output" = ""
  complete_bash mqtt-pub --protocol-version = 3
  assert "$output" = "311 31"
  complete_bash mqtt-sub --profile pro
  assert "$output" = "prod proof"
  complete_bash mqtt-pub -f a-f
  assert "$output" = "a-file"
  complete_bash mqtt-sub --no-c
  assert "$output" = "--no-coalesce"
}

@test "fish completes options and values" {
  command -v fish > /dev/null || skip "fish is not installed"
  run_tool fish --no-config -c "source $top_srcdir/completions/fish/mqtt-sub.fish; complete -C 'mqtt-sub --retain-h'"
  assert "$output" =~ ^--retain-handling
  run_tool fish --no-config -c "source $top_srcdir/completions/fish/mqtt-sub.fish; complete -C 'mqtt-sub --retain-handling n'"
  assert "$(cut -f 1 <<< "$output" | sort)" = $'never\nnew'
}

@test "zsh completes options" {
  command -v zsh > /dev/null || skip "zsh is not installed"
  cat > try.zsh << EOF
fpath=($top_srcdir/completions/zsh \$fpath)
autoload -Uz compinit && compinit -D -u
print -r -- \${_comps[mqtt-sub]} \${_comps[mqtt-pub]}
EOF
  run_tool zsh -f try.zsh
  assert "$output" = "_mqtt-sub _mqtt-pub"
}
