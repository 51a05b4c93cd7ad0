#!/bin/sh
# chroot.sh run|test|install [FOLDER] - what a newcomer does on a bare Debian 12:
# debootstrap, a clean clone of what is committed, `make run` or `make test`
# inside; or the package of build/ installed, started, removed and purged
# (test/check/installed.sh). By hand, as root, with debootstrap installed.
# FOLDER is kept and used again; without one a new one is made and removed.
set -eu
cd "$(dirname "$0")/.."
verb=${1:?run, test or install}
root=${2:-}
[ "$(id -u)" = 0 ] || { echo 'chroot.sh needs root'; exit 1; }
[ -n "$root" ] || { root=$(mktemp -d); kept=no; }

leave() {
    for place in dev/pts dev sys proc; do umount -l "$root/$place" 2>/dev/null || true; done
    [ "${kept:-yes}" = yes ] || rm -rf --one-file-system "$root"
}
trap leave EXIT INT TERM

# Packages come from where this machine takes its own, through the proxy it uses.
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    sed -n 's/^URIs: *\([^ ]*\).*/\1/p; s/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\).*/\2/p' | grep '/debian/\{0,1\}$' | head -1)
if [ ! -e "$root/etc/debian_version" ]; then
    debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"}
fi
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/*
for file in /etc/apt/sources.list /etc/apt/sources.list.d/*debian* /etc/apt/apt.conf /etc/apt/apt.conf.d/*proxy* /etc/apt/auth.conf \
        /etc/resolv.conf /etc/hosts /etc/npmrc /root/.npmrc /usr/etc/npmrc; do
    [ ! -f "$file" ] || install -D -m 644 "$file" "$root$file"
done
[ -e "$root/etc/apt/sources.list" ] || ls "$root"/etc/apt/sources.list.d/* > /dev/null 2>&1 || echo "deb $mirror bookworm main" > "$root/etc/apt/sources.list"
# Certificates the machine trusts beside Debian's own.
if [ -d /usr/local/share/ca-certificates ]; then
    mkdir -p "$root/usr/local/share/ca-certificates" && cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
fi
mkdir -p "$root/proc" "$root/sys" "$root/dev"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev" && mount --make-rslave "$root/dev"
mount -t sysfs sysfs "$root/sys" 2>/dev/null || true

inside() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 $(env | grep -iE '^(https?|no)_proxy=' || true) chroot "$root" "$@"; }
if [ "$verb" = install ]; then
    install -D -m 644 -t "$root/tmp/package" build/wangge_*.deb
    install -m 755 test/check/installed.sh "$root/tmp/package"
    inside sh -c '/tmp/package/installed.sh /tmp/package/wangge_*.deb'
    exit
fi
rm -rf "$root/wangge"
git clone -q . "$root/wangge"
inside sh -c 'command -v make > /dev/null || { apt-get update -q && apt-get install -q -y --no-install-recommends make; }'
inside make -C /wangge "$verb"
