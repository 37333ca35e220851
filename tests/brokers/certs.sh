#!/bin/sh
# SPDX-License-Identifier: MIT
# certs.sh DIR - a throw-away PKI (EC P-256) for the tests:
#   ca.crt             trusted             other-ca.crt        not trusted
#   server.crt/.key    localhost, 127.0.0.1, ::1
#   client.crt/.key    CN alice            rogue.crt/.key      by other-ca
#   wronghost.crt/.key broker.example      expired.crt/.key    ended in 2020
#   server-chain.pem   key, certificate and CA in one file
set -eu
umask 022
dir=${1:?usage: certs.sh DIR}
mkdir -p "$dir"
cd "$dir"

key='ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'

make_ca() { # NAME COMMON-NAME
  # shellcheck disable=SC2086
  openssl req -x509 -newkey $key -days 3650 -subj "/O=mqtt-tools test/CN=$2" \
    -addext basicConstraints=critical,CA:TRUE \
    -addext keyUsage=critical,keyCertSign,cRLSign \
    -keyout "$1.key" -out "$1.crt" 2> /dev/null
}

request() { # NAME COMMON-NAME
  # shellcheck disable=SC2086
  openssl req -new -newkey $key -subj "/O=mqtt-tools test/CN=$2" \
    -keyout "$1.key" -out "$1.csr" 2> /dev/null
  # A broker may run as a user of its own.
  chmod 644 "$1.key"
}

make_leaf() { # NAME COMMON-NAME SAN CA
  request "$1" "$2"
  printf '%s\n' 'basicConstraints=CA:FALSE' "subjectAltName=$3" \
    'extendedKeyUsage=serverAuth,clientAuth' > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$4.crt" -CAkey "$4.key" \
    -CAcreateserial -days 825 -extfile "$1.ext" -out "$1.crt" 2> /dev/null
  rm "$1.csr" "$1.ext"
}

# 'openssl x509' signs from today on only; 'openssl ca' takes any dates.
make_expired() {
  request expired localhost
  mkdir -p db
  : > db/index.txt
  echo 01 > db/serial
  cat > db/ca.cnf << 'CNF'
[ca]
default_ca = test
[test]
database = db/index.txt
serial = db/serial
new_certs_dir = db
default_md = sha256
policy = any
x509_extensions = leaf
[any]
organizationName = optional
commonName = supplied
[leaf]
basicConstraints = CA:FALSE
subjectAltName = DNS:localhost, IP:127.0.0.1
CNF
  openssl ca -batch -notext -config db/ca.cnf -cert ca.crt -keyfile ca.key \
    -startdate 20200101000000Z -enddate 20200201000000Z \
    -in expired.csr -out expired.crt 2> /dev/null
  rm -r db expired.csr
}

make_ca ca 'Test CA'
make_ca other-ca 'Other CA'
make_leaf server localhost 'DNS:localhost,IP:127.0.0.1,IP:::1' ca
make_leaf client alice 'DNS:alice' ca
make_leaf rogue localhost 'DNS:localhost,IP:127.0.0.1' other-ca
make_leaf wronghost broker.example 'DNS:broker.example' ca
make_expired
cat server.key server.crt ca.crt > server-chain.pem
