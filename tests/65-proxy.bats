#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Through proxies: a real SOCKS5 one (microsocks) and a real HTTP one
# (tinyproxy), by option and by the environment, with and without a password.

load helper/helpers

setup() {
  basic_setup
  unset ALL_PROXY HTTP_PROXY HTTPS_PROXY NO_PROXY
  unset all_proxy http_proxy https_proxy no_proxy
  start_ws_broker
  ON_WS=(--url "ws://localhost:$WS/mqtt")
  ON_WSS=(--url "wss://localhost:$WSS/mqtt" --tls-ca "$CERTS/ca.crt")
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
    'MaxClients 20' 'LogLevel Connect' "ConnectPort $PORT" "ConnectPort $WS" \
    "ConnectPort $WSS" "$@" > tiny.conf
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

# proxied STATUS OPTION...: one message; the environment says by which way.
proxied() {
  local want=$1
  shift
  run_tool "$want" mqtt-pub -t a -m b -q 1 "$@"
}

@test "the environment: ALL_PROXY counts for every transport" {
  local dead
  dead=$(free_port)
  start_socks
  ALL_PROXY=socks5://127.0.0.1:$SOCKS publish
  assert "$(grep -c 'connected to' socks.err)" -eq 1
  ALL_PROXY=socks5h://127.0.0.1:$SOCKS proxied 0 "${ON_WS[@]}"
  all_proxy=socks5h://127.0.0.1:$SOCKS proxied 0 "${ON_WSS[@]}"
  assert "$(grep -c 'connected to' socks.err)" -eq 3
  ALL_PROXY=socks5://127.0.0.1:$dead publish 4
  assert "$stderr" =~ ":$dead"
  ALL_PROXY=socks5://127.0.0.1:$dead publish --proxy ''
}

@test "the environment: HTTP_PROXY for ws alone, HTTPS_PROXY for wss alone" {
  local dead
  dead=http://127.0.0.1:$(free_port)
  start_http 'BasicAuth joe secret'
  export HTTP_PROXY=http://joe:secret@127.0.0.1:$HTTP HTTPS_PROXY=$dead
  proxied 0 "${ON_WS[@]}"
  grep -q "CONNECT localhost:$WS" http.out
  proxied 4 "${ON_WSS[@]}"
  export HTTP_PROXY=$dead HTTPS_PROXY=http://joe:secret@127.0.0.1:$HTTP
  proxied 0 "${ON_WSS[@]}"
  grep -q "CONNECT localhost:$WSS" http.out
  proxied 4 "${ON_WS[@]}"
  export HTTP_PROXY=$dead HTTPS_PROXY=$dead
  publish
  HTTPS_PROXY=http://joe:wrong@127.0.0.1:$HTTP proxied 4 "${ON_WSS[@]}"
  assert "$stderr" =~ '40[0-9]'
  assert "$stderr" !~ 'wrong'
}

@test "the environment: SOCKS5 with user and password" {
  start_socks -u joe -P secret
  ALL_PROXY=socks5h://joe:secret@127.0.0.1:$SOCKS publish
  ALL_PROXY=socks5h://joe:wrong@127.0.0.1:$SOCKS publish 4
  assert "$stderr" !~ 'wrong'
}

@test "the environment: NO_PROXY names who is reached directly" {
  local list
  export ALL_PROXY
  ALL_PROXY=socks5://127.0.0.1:$(free_port)
  for list in 127.0.0.1 '*' "x, 127.0.0.1 ,y" 127.0.0.0/8 "127.0.0.1:$PORT"
  do
    NO_PROXY=$list publish
  done
  for list in '' 127.0.0.2 128.0.0.0/1 "127.0.0.1:$WS" 0.1; do
    NO_PROXY=$list publish 4
  done
  NO_PROXY=localhost proxied 0 "${ON_WSS[@]}"
}
