#!/bin/sh
# SPDX-License-Identifier: MIT
# install-packages.sh [build] - install the Debian packages of .ci/packages
# that are missing.  Its first paragraph is what a build and the demonstration
# need; the second is what the tests and the lint need, and "build" leaves it
# out.  Uses sudo unless run by root; does nothing when all are there.
#
# One broker of the tests, aedes, is no Debian package: npm puts it into
# build/aedes, in the versions of tests/brokers/aedes/package-lock.json.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)

# Also what others provide: node's own packages have npm in them.
installed() {
  # shellcheck disable=SC2016
  dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
    sed -n 's/^installed //p' | tr -s ', ' '\n'
}

install_missing() { # PACKAGE...
  echo "installing: $*" >&2
  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  # No service may start because of us: the tests start what they need.
  policy=/usr/sbin/policy-rc.d
  quiet=
  if [ ! -e $policy ]; then
    quiet=$policy
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy > /dev/null
    $as_root chmod 755 $policy
  fi
  trap '[ -z "$quiet" ] || $as_root rm -f "$quiet"' EXIT
  $as_root apt-get update -q >&2
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "$@" >&2
}

install_aedes() {
  from=$top/tests/brokers/aedes
  to=$top/build/aedes
  cmp -s "$from/package-lock.json" "$to/installed" && return
  echo "installing: aedes" >&2
  mkdir -p "$to"
  cp "$from/package.json" "$from/package-lock.json" "$to/"
  (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund) >&2
  cp "$from/package-lock.json" "$to/installed"
}

wanted=$(cat "$top/.ci/packages")
[ "${1:-}" != build ] || wanted=$(sed '/^$/q' "$top/.ci/packages")
there=$(installed)
set -- "${1:-}"
for package in $wanted; do
  printf '%s\n' "$there" | grep -qxF "$package" || set -- "$@" "$package"
done
for_what=$1
shift
[ $# -eq 0 ] || install_missing "$@"
[ "$for_what" = build ] || install_aedes
