#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Through proxies: a real SOCKS5 one (microsocks) and a real HTTP one
# (tinyproxy), by option and by the environment, with and without a password.

load helper/helpers

setup() {
  basic_setup
  start_broker
}

# microsocks itself waits for nothing; $SOCKS is its port.
start_socks() { # OPTION...
  SOCKS=$(free_port)
  start socks microsocks -i 127.0.0.1 -p "$SOCKS" "$@"
  wait_for 10 port_open "$SOCKS"
}

start_http() { # LINE...
  HTTP=$(free_port)
  printf '%s\n' "Port $HTTP" 'Listen 127.0.0.1' 'Timeout 60' \
    'MaxClients 20' 'LogLevel Connect' "ConnectPort $PORT" "$@" > tiny.conf
  start http tinyproxy -d -c tiny.conf
  wait_for 10 port_open "$HTTP"
}

# What the broker saw of this test's client, for a port that is nobody's else.
publish() {
  local want=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    want=$1
    shift
  fi
  run_tool "$want" mqtt-pub -h 127.0.0.1 -p "$PORT" -t a -m b -q 1 "$@"
}

@test "SOCKS5, names resolved here or there" {
  start_socks
  publish --proxy "socks5://127.0.0.1:$SOCKS"
  # A name for us, and for every resolver one address; localhost has two.
  publish --proxy "socks5://127.0.0.1:$SOCKS" -h 127.1
  publish --proxy "socks5h://127.0.0.1:$SOCKS" -h 127.1
  grep -q 'connected to' socks.err
}

@test "SOCKS5 with user and password: right, wrong, none" {
  start_socks -u joe -P secret
  publish --proxy "socks5://joe:secret@127.0.0.1:$SOCKS"
  publish 4 --proxy "socks5://joe:wrong@127.0.0.1:$SOCKS"
  assert "$stderr" =~ 'password|authentication|refused'
  assert "$stderr" !~ 'wrong'
  publish 4 --proxy "socks5://127.0.0.1:$SOCKS"
  assert "$(wc -l < tool.err)" -eq 1
}

@test "SOCKS5 to a port where nobody listens" {
  start_socks
  run_tool 4 mqtt-pub --proxy "socks5://127.0.0.1:$SOCKS" -h 127.0.0.1 \
    -p "$(free_port)" -t a -m b
  assert "$stderr" =~ 'refused'
}

@test "HTTP CONNECT, with and without a password" {
  start_http
  publish --proxy "http://127.0.0.1:$HTTP"
  stop http
  start_http 'BasicAuth joe secret'
  publish --proxy "http://joe:secret@127.0.0.1:$HTTP"
  publish 4 --proxy "http://joe:other@127.0.0.1:$HTTP"
  assert "$stderr" =~ '40[0-9]'
  assert "$stderr" !~ 'other'
}

@test "a proxy that forbids the port says so" {
  start_http
  run_tool 4 mqtt-pub --proxy "http://127.0.0.1:$HTTP" -h 127.0.0.1 -p 1 \
    -t a -m b
  assert "$stderr" =~ '403'
}

@test "the environment: ALL_PROXY, HTTP_PROXY for ws alone, NO_PROXY" {
  local dead
  dead=$(free_port)
  start_socks
  ALL_PROXY=socks5://127.0.0.1:$SOCKS publish
  ALL_PROXY=socks5://127.0.0.1:$dead publish 4
  assert "$stderr" =~ ":$dead"
  ALL_PROXY=socks5://127.0.0.1:$dead NO_PROXY=127.0.0.1 publish
  HTTP_PROXY=http://127.0.0.1:$dead HTTPS_PROXY=http://127.0.0.1:$dead publish
  ALL_PROXY=socks5://127.0.0.1:$dead publish --proxy ''
}
