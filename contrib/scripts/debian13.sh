#!/bin/bash
# SPDX-License-Identifier: MIT
# debian13.sh CMD... - run a command in a Debian 13 of its own, in the current
# directory; the source tree is shared with it.  The first run makes it in
# build/debian13 (debootstrap, 1 to 3 minutes) with the packages of
# .ci/packages; later ones take it as it is, until that list changes.
#
# Debian 13 has mbedTLS 3.6, and with it TLS 1.3.  DEBIAN_MIRROR says where to
# get it from, unless that is where this system gets its own packages.
#
# Mounts and chroot are for root; anybody else needs sudo, which may ask for a
# password.  The command itself then runs as the user, and the user owns what
# it leaves behind; but build/debian13 belongs to root.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
root=$top/build/debian13
[ $# -gt 0 ] || {
  echo "usage: debian13.sh CMD..." >&2
  exit 2
}

# Root, and a mount namespace that ends with the last process in it.
if [ "${IN_NAMESPACE:-}" != "$$" ]; then
  as_root=
  [ "$(id -u)" = 0 ] || as_root="sudo -E"
  [ -z "$as_root" ] || command -v sudo > /dev/null || {
    echo "debian13.sh: neither root nor sudo: it cannot mount and chroot" >&2
    exit 1
  }
  # shellcheck disable=SC2016
  exec $as_root unshare -m --propagation private \
    bash -c 'IN_NAMESPACE=$$ exec "$@"' - bash "$0" "$@"
fi
unset IN_NAMESPACE

# Of the tests' packages, those that only judge sources or fetch something
# are for one system.
wanted() {
  tr -s '\n' < "$top/.ci/packages" |
    grep -vxE 'clang.*|cppcheck|lcov|libclang-rt-dev|shellcheck|debootstrap|npm'
}

mirror() {
  local own
  own=$(apt-cache policy base-files | grep -oE 'https?://[^ ]+' |
    grep -v security | head -n 1)
  echo "${DEBIAN_MIRROR:-${own:-http://deb.debian.org/debian}}"
}

mount_all() {
  local uid=${SUDO_UID:-$(id -u)}
  local ports=${TMPDIR:-/tmp}/mqtt-tools-ports.$uid
  mkdir -p "$root$top"
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc" 2> /dev/null ||
    mount --rbind /proc "$root/proc"
  mount --rbind /dev "$root/dev"
  mount --rbind /sys "$root/sys"
  mount --bind "$top" "$root$top"
  # The network is that of all, and so is what is known of taken ports: see
  # tests/helper/ports.bash.
  [ -d "$ports" ] || install -d -o "$uid" "$ports"
  mkdir -p "$root/tmp/${ports##*/}"
  mount --bind "$ports" "$root/tmp/${ports##*/}"
}

inside() {
  # shellcheck disable=SC2086
  chroot ${as_user:-} "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive CI="${CI:-}" \
    ${http_proxy:+http_proxy="$http_proxy"} "$@"
}

make_root() {
  echo "debian13.sh: making $root" >&2
  rm -rf --one-file-system "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase trixie "$root" "$(mirror)" > "$root.log"
  # No service may start, and nothing need survive a loss of power.
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  echo force-unsafe-io > "$root/etc/dpkg/dpkg.cfg.d/fast"
  cp /etc/resolv.conf /etc/hosts "$root/etc/"
}

install_packages() {
  inside apt-get update -q >> "$root.log" 2>&1
  # shellcheck disable=SC2046
  inside apt-get install -q -y --no-install-recommends \
    -o Acquire::Retries=3 $(wanted) >> "$root.log" 2>&1
  inside apt-get clean
}

if [ "$(cat "$root/packages" 2> /dev/null)" != "$(wanted)" ]; then
  [ -e "$root/etc/dpkg/dpkg.cfg.d/fast" ] || make_root
  mount_all
  install_packages || {
    tail -n 20 "$root.log" >&2
    exit 1
  }
  wanted > "$root/packages"
else
  mount_all
fi
# Not a mere chroot: from within one, no test could have user namespaces.
dir=$PWD
cd "$root"
pivot_root . mnt
umount -l /mnt
root=/
# What it leaves behind belongs to who asked for it.
as_user=${SUDO_UID:+--userspec=$SUDO_UID:$SUDO_GID}
# shellcheck disable=SC2016
inside bash -c 'cd "$1" && shift && exec "$@"' - "$dir" "$@"
