#!/bin/sh
# SPDX-License-Identifier: MIT
# install-packages.sh [build] - install the Debian packages of .ci/packages
# that are missing.  Its first paragraph is what a build and the demonstration
# need; the second is what the tests and the lint need, and "build" leaves it
# out.  Uses sudo unless run by root; does nothing when all are there.
set -eu
list=$(dirname "$0")/../../.ci/packages

wanted=$(cat "$list")
[ "${1:-}" != build ] || wanted=$(sed '/^$/q' "$list")

missing=
for package in $wanted; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2> /dev/null |
    grep -qx installed || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "installing:$missing" >&2
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
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing >&2
