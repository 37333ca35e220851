#!/bin/sh
# SPDX-License-Identifier: MIT
# tls_certs.sh DIR - what tests/brokers/certs.sh makes, and the odd ones:
#   future wildcard address self weak sha1 revoked cn     .crt and .key each
#   deep.crt deep-chain.crt deep.key   by an intermediate CA, without and with
#   ca.crl                             revokes revoked.crt
#   secret-*.key                       client.key encrypted with "secret"
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
sh "$here/../brokers/certs.sh" "$1"
cd "$1"

key='ec -pkeyopt ec_paramgen_curve:prime256v1'

mkdir db
: > db/index.txt
echo 1000 > db/serial
cat > db/ca.cnf << 'CNF'
[ca]
default_ca = test
[test]
database = db/index.txt
serial = db/serial
new_certs_dir = db
default_md = sha256
default_crl_days = 30
policy = any
copy_extensions = copy
[any]
organizationName = optional
commonName = supplied
CNF

sign() { # NAME KEY SAN CA [OPTION...]: SAN may be empty
  name=$1 kind=$2 san=$3 ca=$4
  shift 4
  # shellcheck disable=SC2086
  openssl req -new -newkey $kind -nodes -subj "/CN=$name" \
    ${san:+-addext "subjectAltName=$san"} \
    -keyout "$name.key" -out "$name.csr" 2> /dev/null
  openssl ca -batch -notext -config db/ca.cnf -cert "$ca.crt" \
    -keyfile "$ca.key" -days 30 "$@" -in "$name.csr" -out "$name.crt" \
    2> /dev/null
  rm "$name.csr"
}

sign future "$key" DNS:localhost ca \
  -startdate 20900101000000Z -enddate 20910101000000Z
sign wildcard "$key" 'DNS:*.example.test' ca
sign address "$key" IP:192.0.2.7,IP:2001:db8::7 ca
sign cn "$key" '' ca
sign weak rsa:1024 DNS:localhost ca
sign sha1 "$key" DNS:localhost ca -md sha1
sign revoked "$key" DNS:localhost ca

# shellcheck disable=SC2086
openssl req -x509 -newkey $key -nodes -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout self.key -out self.crt \
  2> /dev/null

# shellcheck disable=SC2086
openssl req -new -newkey $key -nodes -subj '/CN=Intermediate CA' \
  -addext basicConstraints=critical,CA:TRUE -keyout inter.key \
  -out inter.csr 2> /dev/null
openssl ca -batch -notext -config db/ca.cnf -cert ca.crt -keyfile ca.key \
  -days 30 -in inter.csr -out inter.crt 2> /dev/null
rm inter.csr
sign deep "$key" DNS:localhost inter
cat deep.crt inter.crt > deep-chain.crt

openssl ca -config db/ca.cnf -cert ca.crt -keyfile ca.key \
  -revoke revoked.crt 2> /dev/null
openssl ca -config db/ca.cnf -cert ca.crt -keyfile ca.key -gencrl \
  -out ca.crl 2> /dev/null

openssl ec -in client.key -aes256 -passout pass:secret \
  -out secret-old.key 2> /dev/null
openssl pkcs8 -topk8 -in client.key -v2 aes-256-cbc -passout pass:secret \
  -out secret-new.key
# Many passphrases are tried on these: no stretching.
openssl pkcs8 -topk8 -in client.key -v2 aes-128-cbc -v2prf hmacWithSHA1 \
  -iter 1 -passout pass:secret -outform DER -out secret-der.key
openssl pkcs8 -topk8 -in client.key -v2 des3 -iter 1 -passout pass:secret \
  -out secret-des3.key
openssl pkcs8 -topk8 -in client.key -v2 des3 -iter 1 -passout pass:secret \
  -outform DER -out secret-des3-der.key
rm -r db
