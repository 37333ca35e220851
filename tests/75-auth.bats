#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
#
# Who we are: passwords and tokens from everywhere, SCRAM, methods of others.

load helper/helpers
load helper/peer

# publish STATUS OPTION...: one message to the puppet
publish() {
  local want=$1
  shift
  run_tool "$want" mqtt-pub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -m b \
    --no-reconnect "$@"
}

@test "a token from a file or command, anew for each connection" {
  start_puppet << 'EOF'
    accept
    expect connect password=first !user
    send connack reason=0x88
    close
    accept
    expect connect password=second
    send connack
    await disconnect
    expect close
EOF
  cat > token.sh << 'EOF'
[ -e was ] && echo second || echo first
touch was
EOF
  run_tool mqtt-pub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -m b \
    --token-command 'sh token.sh' --reconnect-first yes --reconnect-delay 0.1
  finish puppet
  echo header.claims.signature > token
  start_puppet << 'EOF'
    accept
    expect connect password=header.claims.signature
    send connack
    await disconnect
EOF
  publish 0 --token-file token
  finish puppet
}

@test "a user without a password, a password without a user" {
  start_puppet << 'EOF'
    accept
    expect connect user=joe !password
    send connack
    await disconnect
    accept
    expect connect password=secret !user
    send connack
    await disconnect
EOF
  publish 0 -u joe
  publish 0 -P secret
  finish puppet
  # MQTT 3.1.1 has no such thing.
  run_tool 2 mqtt-pub -V 311 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -m b \
    -P secret
  assert "$stderr" =~ '--user|user name'
}

@test "a method with its data from an option and from a file" {
  for how in '--auth-data hex:6869' '--auth-data-file data'; do
    printf hi > data
    start_puppet << 'EOF'
    accept
    expect connect authentication-method=X authentication-data=hi
    send connack authentication-method=X
    await disconnect
EOF
    # shellcheck disable=SC2086
    publish 0 --auth-method X $how
    finish puppet
  done
}

@test "a command that answers the broker" {
  cat > dialogue.sh << 'EOF'
echo aGVsbG8=
read -r word data
echo "$word $data" >> said
echo d29ybGQ=
read -r word data
echo "$word $data" >> said
[ "$data" = Z29vZA== ]
EOF
  start_puppet << 'EOF'
    accept
    expect connect authentication-method=X authentication-data=hello
    send auth reason=0x18 authentication-method=X authentication-data=what
    expect auth reason=0x18 authentication-data=world
    send connack authentication-method=X authentication-data=good
    await disconnect reason=0x00
    accept
    expect connect
    send auth reason=0x18 authentication-method=X authentication-data=what
    expect auth
    send connack authentication-method=X authentication-data=evil
    expect disconnect reason=0x87
EOF
  publish 0 --auth-method X --auth-command 'sh dialogue.sh'
  assert "$(cat said)" = $'continue d2hhdA==\nsuccess Z29vZA=='
  publish 12 --auth-method X --auth-command 'sh dialogue.sh'
  assert "$stderr" =~ 'ended with status 1'
  finish puppet
}

@test "a command that fails, says nonsense or nothing" {
  PEER_DEADLINE=60 start_puppet << 'EOF'
    loop 3
      accept
      expect end
    end
EOF
  publish 12 --auth-method X --auth-command 'exit 3'
  assert "$stderr" =~ 'status 3'
  publish 12 --auth-method X --auth-command 'echo =nonsense='
  assert "$stderr" =~ 'base64'
  publish 12 --auth-method X --auth-command 'exec sleep 60' \
    --connect-timeout 0.5
  assert "$stderr" =~ 'in time'
}

@test "an unexpected question ends the connection" {
  start_puppet << 'EOF'
    accept
    expect connect
    send auth reason=0x18 authentication-method=X authentication-data=what
    expect disconnect
EOF
  publish 8 --auth-method X --auth-data a
  assert "$stderr" =~ '--auth-command'
}

@test "SCRAM: proof and nothing else crosses the network" {
  start_puppet << 'EOF'
    accept
    expect connect authentication-method=SCRAM-SHA-256 !user !password
    send auth reason=0x18 authentication-method=SCRAM-SHA-256 authentication-data=r\x3dnot-ours,s\x3dc2FsdA\x3d\x3d,i\x3d4096
    expect disconnect
EOF
  publish 6 --auth-method SCRAM-SHA-256 -u joe -P secret
  assert "$stderr" =~ 'nonce'
  run_tool 2 mqtt-pub -t a -m b --auth-method SCRAM-SHA-256
  assert "$stderr" =~ '--user'
  run_tool 2 mqtt-pub -t a -m b --auth-data x
  assert "$stderr" =~ '--auth-method'
}

# scram_peer METHOD WORD...: a server that knows joe's password, secret, and
# does what the words say besides.
scram_peer() {
  local method=$1
  shift
  start_puppet << EOF
    accept
    expect connect authentication-method=$method !user !password
    scram joe secret $*
    await disconnect
    expect close
EOF
}

@test "SCRAM-SHA-1, -256 and -512 with a server that knows the password" {
  for method in SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-512; do
    scram_peer $method
    publish 0 --auth-method $method -u joe -P secret
    assert "$stderr" = ''
    finish puppet
    assert "$(puppet_count 'send connack .*reason=0x00')" -eq 1
  done
}

@test "SCRAM: a wrong password is refused by the server" {
  start_puppet << 'EOF'
    accept
    expect connect authentication-method=SCRAM-SHA-256
    scram joe secret
    close
EOF
  publish 8 --auth-method SCRAM-SHA-256 -u joe -P other
  assert "$stderr" =~ 'not authorized \(0x87\)'
  assert "$(wc -l < tool.err)" -eq 1
}

@test "SCRAM: a server that does not know the password is refused by us" {
  for cheat in signature silence proof; do
    scram_peer SCRAM-SHA-256 cheat=$cheat
    publish 8 --auth-method SCRAM-SHA-256 -u joe -P secret
    assert "$stderr" =~ 'does not know the password|did not prove'
    assert "$(wc -l < tool.err)" -eq 1
    finish puppet
    assert "$(puppet_count 'recv publish')" -eq 0
  done
}

@test "SCRAM: a method that the server does not know" {
  start_puppet << 'EOF'
    accept
    expect connect authentication-method=SCRAM-SHA-512
    send connack reason=0x8c
    close
EOF
  publish 8 --auth-method SCRAM-SHA-512 -u joe -P secret
  assert "$stderr" =~ 'bad authentication method \(0x8c\)'
}

# Too few would let a listener guess the password, too many cost hours.
@test "SCRAM: only a sensible number of iterations" {
  for count in 4095 1000001; do
    start_puppet << EOF
    accept
    expect connect
    scram joe secret iterations=$count cheat=challenge
    expect end
EOF
    publish 6 --auth-method SCRAM-SHA-256 -u joe -P secret
    assert "$stderr" =~ '4096 to 1000000'
    finish puppet
  done
  scram_peer SCRAM-SHA-256 iterations=20000
  publish 0 --auth-method SCRAM-SHA-256 -u joe -P secret
  finish puppet
}

# scram_again STATEMENT...: a subscription is confirmed, then the client comes
# to authenticate itself again, and once more; then come the statements.
scram_again() {
  start_puppet << EOF
    accept
    expect connect authentication-method=SCRAM-SHA-256
    scram joe secret
    await subscribe
    send suback
    await auth reason=0x19 authentication-method=SCRAM-SHA-256
    scram joe secret
    await auth reason=0x19
$(printf '%s\n' "$@")
    await disconnect
EOF
}

@test "SCRAM: again on the live connection, with a server that stays honest" {
  scram_again 'scram joe secret' 'send publish topic=a payload=done'
  run_tool mqtt-sub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -C 1 -u joe \
    -P secret --auth-method SCRAM-SHA-256 --reauth-interval 100ms
  assert "$output" = "done"
  finish puppet
  scram_again 'scram joe secret cheat=signature'
  run_tool 8 mqtt-sub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -C 1 -u joe \
    -P secret --auth-method SCRAM-SHA-256 --reauth-interval 100ms
  assert "$stderr" =~ 'does not know the password'
}

@test "--reauth-interval: again on the live connection" {
  start_puppet << 'EOF'
    accept
    expect connect authentication-method=X authentication-data=hi
    send connack authentication-method=X
    expect subscribe
    send suback
    expect auth reason=0x19 authentication-method=X authentication-data=hi
    send auth reason=0x00 authentication-method=X
    expect auth reason=0x19
    send auth reason=0x00 authentication-method=X
    send publish topic=a payload=done
    await disconnect
EOF
  run_tool mqtt-sub -V 5 -h 127.0.0.1 -p "$PUPPET_PORT" -t a -C 1 \
    --auth-method X --auth-data hi --reauth-interval 100ms
  assert "$output" = "done"
  finish puppet
  run_tool 2 mqtt-sub -t a --reauth-interval 10
  assert "$stderr" =~ '--auth-method'
}
