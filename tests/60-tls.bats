#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# TLS through the programs, against a real mosquitto: which certificates are
# taken, which refused, and what the user reads then.

load helper/helpers
load helper/peer

# Certificates of all kinds, once for this file.
setup_file() {
  export TLS_CERTS=$BATS_FILE_TMPDIR/certs
  mkdir "$TLS_CERTS"
  sh "$top_srcdir/tests/unit/tls_certs.sh" "$TLS_CERTS"
}

setup() {
  basic_setup
  C=$TLS_CERTS
}

# start_tls_broker NAME [LINE...]: $TLS_PORT shows the certificate NAME.
start_tls_broker() {
  local name=$1
  shift
  TLS_PORT=$(free_port)
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    "cafile $C/ca.crt" "certfile $C/$name.crt" \
    "keyfile $C/${name%-chain}.key" "$@"
}

# publish [STATUS] OPTION...: one message to $TLS_PORT
publish() {
  local want=0
  if [[ $1 =~ ^[0-9]+$ ]]; then
    want=$1
    shift
  fi
  run_tool "$want" mqtt-pub -h localhost -p "$TLS_PORT" --tls-ca "$C/ca.crt" \
    -t a -m b -q 1 "$@"
}

# refused CERTIFICATE REGEX OPTION...: exit status 5, one line that matches.
refused() {
  local cert=$1 text=$2
  shift 2
  start_tls_broker "$cert"
  publish 5 "$@"
  assert "$stderr" =~ "^mqtt-pub: cannot connect to '[^']*:$TLS_PORT': "
  assert "$stderr" =~ "$text"
  assert "$(wc -l < tool.err)" -eq 1
  stop broker
}

@test "a good certificate is accepted, by name and by address" {
  start_tls_broker server
  publish
  assert "$stderr" = ''
  publish -h 127.0.0.1
  start sub mqtt-sub --url "mqtts://localhost:$TLS_PORT/x/y" \
    --cafile "$C/ca.crt" -C 1 -q 1
  wait_for 10 subscribed x/y
  run_tool mqtt-pub -h localhost -p "$TLS_PORT" --cafile "$C/ca.crt" \
    -t x/y -m hello -q 2
  finish sub
  assert "$output" = hello
}

@test "expired, and not yet valid: the dates are named" {
  refused expired 2020-02-01
  refused future 2090-01-01
}

@test "another host's certificate: the names are given" {
  refused wronghost "'broker.example'"
  assert "$stderr" =~ "'localhost'"
  start_tls_broker wronghost
  publish --tls-no-verify-host
}

@test "an address counts only when the certificate has it" {
  refused wildcard '127\.0\.0\.1' -h 127.0.0.1
  refused address '192\.0\.2\.7' -h 127.0.0.1
}

@test "unknown CA, self-signed, incomplete chain" {
  refused server 'not among the trusted|unknown' --tls-ca "$C/other-ca.crt"
  refused self 'self-signed'
  refused deep 'Intermediate CA'
}

# OpenSSL and so mosquitto would not even show these, unless told to.
@test "a weak key and a weak hash" {
  TLS_PORT=$(free_port)
  for cert in weak sha1; do
    start server openssl s_server -quiet -accept "127.0.0.1:$TLS_PORT" \
      -cert "$C/$cert.crt" -key "$C/$cert.key" -cipher 'ALL:@SECLEVEL=0'
    wait_for 10 port_open "$TLS_PORT"
    publish 5
    assert "$stderr" =~ '1024|SHA-?1'
    stop server || true
  done
}

@test "the same are let in when trusted or told to" {
  start_tls_broker self
  publish --tls-ca "$C/self.crt"
  publish --tls-insecure
  assert "$stderr" =~ 'does not check who the broker is'
  stop broker
  start_tls_broker deep-chain
  publish
}

@test "a revoked certificate is refused with --tls-crl" {
  start_tls_broker revoked
  publish
  stop broker
  refused revoked 'revoked' --tls-crl "$C/ca.crl"
  start_tls_broker server
  publish --tls-crl "$C/ca.crl"
}

@test "a pinned key: this one and no other" {
  local pin other='sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA='
  start_tls_broker server
  run_tool mqtt-sub -h localhost -p "$TLS_PORT" --tls-ca "$C/ca.crt" --tls-info
  pin=$(sed -n 's/^  pin *//p' tool.out | head -n 1)
  publish --tls-pin "$pin"
  publish --tls-pin "$other" --tls-pin "$pin"
  publish 5 --tls-pin "$other"
  assert "$stderr" =~ "${pin//+/\\+}"
}

@test "client certificates: wanted, wrong, right, with a passphrase" {
  start_tls_broker server 'require_certificate true' \
    'use_identity_as_username true'
  publish 5
  assert "$stderr" =~ 'client certificate'
  publish 5 --cert "$C/rogue.crt" --key "$C/rogue.key"
  publish --cert "$C/client.crt" --key "$C/client.key"
  echo secret > pass
  for form in old new; do
    publish --cert "$C/client.crt" --key "$C/secret-$form.key" \
      --tls-key-passphrase-file pass
    publish --cert "$C/client.crt" --key "$C/secret-$form.key" \
      --tls-key-passphrase-command 'echo secret'
  done
  echo wrong > pass
  publish 5 --cert "$C/client.crt" --key "$C/secret-new.key" \
    --tls-key-passphrase-file pass
  assert "$stderr" =~ 'passphrase'
}

@test "the passphrase of a key: option, descriptor, environment, terminal" {
  local key=(--cert "$C/client.crt" --key "$C/secret-new.key")
  start_tls_broker server 'require_certificate true'
  echo secret > pass
  publish "${key[@]}" --tls-key-passphrase secret
  publish "${key[@]}" --tls-key-passphrase-fd 5 5< pass
  MQTT_TOOLS_TLS_KEY_PASSPHRASE=secret publish "${key[@]}"
  publish 5 "${key[@]}"
  assert "$stderr" =~ 'is encrypted: its passphrase is needed'
  mkfifo keyboard
  START_STDIN=keyboard start terminal script -qfec "exec mqtt-pub -t a -m b \
    -h localhost -p $TLS_PORT --tls-ca $C/ca.crt ${key[*]} \
    --tls-key-passphrase-prompt" typescript
  exec 5> keyboard
  wait_for 10 grep -q 'Passphrase of .*secret-new.key: ' typescript
  echo secret >&5
  finish terminal
  exec 5>&-
  run ! grep -q 'secret$' typescript
}

@test "a pre-shared key" {
  printf 'dev:0123456789abcdef\n' > psk
  TLS_PORT=$(free_port)
  start_broker "listener $TLS_PORT 127.0.0.1" 'allow_anonymous true' \
    'psk_hint x' "psk_file $PWD/psk"
  run_tool mqtt-pub -p "$TLS_PORT" --psk 0123456789abcdef --psk-identity dev \
    -t a -m b
  run_tool 5 mqtt-pub -p "$TLS_PORT" --psk 0123456789abcd00 \
    --psk-identity dev -t a -m b
  assert "$(wc -l < tool.err)" -eq 1
}

# OpenSSL has a second certificate for whoever asks for broker.example.
@test "SNI, ALPN, version, cipher suite, a CA directory, a key log" {
  TLS_PORT=$(free_port)
  mkdir ca
  cp "$C/ca.crt" ca
  start server openssl s_server -quiet -accept "127.0.0.1:$TLS_PORT" \
    -cert "$C/server.crt" -key "$C/server.key" -alpn mqtt \
    -servername broker.example -cert2 "$C/wronghost.crt" \
    -key2 "$C/wronghost.key"
  wait_for 10 port_open "$TLS_PORT"
  local options=(-h localhost -p "$TLS_PORT" --tls-ca-path ca --tls-info)
  run_tool mqtt-pub "${options[@]}" --tls-alpn x --tls-alpn mqtt \
    --tls-max-version 1.2 --tls-ciphers ECDHE-ECDSA-AES128-GCM-SHA256 \
    --tls-keylog keys
  assert "$output" =~ 'version      TLSv1.2'
  assert "$output" =~ 'suite        TLS-ECDHE-ECDSA-WITH-AES-128-GCM-SHA256'
  assert "$output" =~ ' mqtt'
  assert "$output" =~ 'CN=localhost'
  assert "$(grep -cE '^CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}$' keys)" -eq 1
  assert "$(stat -c %a keys)" = 600
  run_tool 5 mqtt-pub "${options[@]}" --tls-alpn x
  assert "$stderr" =~ 'none of the ALPN protocols'
  run_tool 5 mqtt-sub "${options[@]}" --tls-sni broker.example
  assert "$stderr" =~ "is for 'broker.example', not for 'localhost'"
  stop server || true
}

@test "versions that do not meet" {
  start_tls_broker server 'tls_version tlsv1.3'
  publish 5 --tls-max-version 1.2
  assert "$stderr" =~ 'takes none of the TLS versions offered'
  stop broker
  start_tls_broker server 'tls_version tlsv1.2'
  publish --tls-min-version 1.2
  publish 2 --tls-min-version 1.3 --tls-max-version 1.2
}

@test "plain on a TLS port, TLS on a plain port" {
  start_tls_broker server
  run_tool 7 mqtt-pub -p "$TLS_PORT" -t a -m b
  assert "$stderr" =~ 'does this port want TLS\?'
  run_tool 5 mqtt-pub -p "$PORT" --tls -t a -m b
  assert "$stderr" =~ 'speak TLS'
}

@test "files that are missing, broken, or do not belong together" {
  start_tls_broker server
  publish 12 --tls-ca missing.pem
  assert "$stderr" =~ "'missing.pem'"
  echo nonsense > bad.pem
  publish 5 --tls-ca bad.pem
  assert "$stderr" =~ "'bad.pem'"
  publish 5 --cert "$C/client.crt" --key "$C/server.key"
  assert "$stderr" =~ 'client.crt|server.key'
}

@test "--tls-info: version, suite, chain, days left" {
  start_tls_broker deep-chain
  for tool in mqtt-pub mqtt-sub; do
    run_tool "$tool" -h localhost -p "$TLS_PORT" --tls-ca "$C/ca.crt" \
      --tls-info
    assert "$output" =~ 'version      TLSv1\.[23]'
    assert "$output" =~ 'suite        TLS'
    assert "$output" =~ 'verified     yes'
    assert "$output" =~ 'certificate  0: CN=deep'
    assert "$output" =~ 'certificate  1: CN=Intermediate CA'
    assert "$output" =~ '\((29|30) days left\)'
    assert "$stderr" = ''
  done
  run_tool 5 mqtt-pub -p "$TLS_PORT" --tls-ca "$C/other-ca.crt" --tls-info
  assert "$output" = ''
  run_tool mqtt-pub -p "$TLS_PORT" --tls --tls-insecure --tls-info
  assert "$output" =~ 'verified     no: '
  run_tool 2 mqtt-pub -p "$PORT" --tls-info
  assert "$stderr" =~ '--tls-info'
}

@test "what is replaced counts next: certificate, key, its passphrase" {
  start_tls_broker server 'require_certificate true'
  cp "$C/rogue.crt" cert.pem
  openssl pkcs8 -topk8 -in "$C/rogue.key" -v2 aes-256-cbc \
    -passout pass:first -out key.pem
  echo first > pass
  mkfifo lines
  START_STDIN=lines start pub mqtt-pub -h localhost -p "$TLS_PORT" \
    --tls-ca "$C/ca.crt" --cert cert.pem --key key.pem -t a -l -q 1 \
    --tls-key-passphrase-command 'cat pass' \
    --reconnect-first yes --reconnect-delay 0.1
  exec 4> lines
  wait_for 10 grep -q 'trying again' pub.err || {
    cat pub.err
    return 1
  }
  echo secret > pass
  cp "$C/secret-new.key" key.pem
  cp "$C/client.crt" cert.pem
  echo hello >&4
  exec 4>&-
  finish pub
}

@test "a peer that stalls or resets in the handshake: a clear end" {
  start_puppet << 'EOF'
    accept
    silence 10s
EOF
  run_tool 5 mqtt-pub -p "$PUPPET_PORT" --tls --connect-timeout 0.5 -t a -m b
  assert "$stderr" =~ 'the TLS handshake did not finish within 0.5 s'
  finish puppet
  start_puppet << 'EOF'
    accept
    send hex 16 03 03 00 7a 02 00
    delay 100ms
    reset
EOF
  run_tool 5 mqtt-pub -p "$PUPPET_PORT" --tls -t a -m b
  assert "$(wc -l < tool.err)" -eq 1
}

# A publisher through a proxy that does RULE to its stream.
publish_through() { # STATUS RULE
  start_proxy "$TLS_PORT" "$2"
  run_tool "$1" mqtt-pub -h localhost -p "$PROXY_PORT" -f big -t a -q 1 \
    --tls-ca "$C/ca.crt" --connect-timeout 2 --ack-timeout 2 -k 1 \
    --no-reconnect -W 15
  assert "$(wc -l < tool.err)" -ge 1
  stop proxy || true
}

@test "a connection that breaks in mid-record: a clear end, no hang" {
  start_tls_broker server
  head -c 300000 /dev/zero | tr '\0' x > big
  publish_through 11 'up after 100000 reset'
  publish_through 11 'up after 100000 cut'
  publish_through 11 'up after 100000 stall both'
  assert "$stderr" =~ 'not confirmed'
}

# BULK_MIB=1024 for the long form.
@test "bulk both ways at once through TLS" {
  local mib=${BULK_MIB:-32} n
  n=$((mib * 16))
  start_tls_broker server
  head -c 65535 /dev/zero | tr '\0' x > line
  for i in 1 2; do
    start "sub$i" sh -c "exec mqtt-sub -h localhost -p $TLS_PORT --tls-ca \
      $C/ca.crt -t bulk/$i -q 1 -C $n --timeout 300 | wc -c"
    wait_for 10 subscribed "bulk/$i"
  done
  for i in 1 2; do
    start "pub$i" mqtt-pub -h localhost -p "$TLS_PORT" --tls-ca "$C/ca.crt" \
      -t "bulk/$i" -q 1 -f line --repeat "$n"
  done
  TOOL_TIMEOUT=300
  for i in 1 2; do
    finish "pub$i"
    finish "sub$i"
    assert "$((output))" -eq $((n * 65536))
  done
}
