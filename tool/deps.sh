#!/bin/sh
# deps.sh run|test|deb    installs what `make run`, `make test` or `make deb` needs, nothing when all is there
# deps.sh check run|test|deb|pages   only says what is missing
set -eu
cd "$(dirname "$0")/.."

run='gcc libc6-dev make meson ninja-build pkgconf ca-certificates libmicrohttpd-dev libgnutls28-dev'
run="$run libsqlite3-dev libsodium-dev nettle-dev libgmp-dev libqrencode-dev libgeos-dev zlib1g-dev"
test='dpkg-dev clang libclang-rt-14-dev llvm-14 clang-format libcmocka-dev sqlite3 postgresql chromium fonts-noto-cjk procps util-linux git'

check=
[ "$1" = check ] && { check=yes; shift; }
case "$1" in
    run) packages=$run ;;
    test) packages="$run $test" ;;
    deb) packages="$run dpkg-dev" ;;
    pages) packages= ;;
    *) sed -n 2,3p "$0"; exit 2 ;;
esac
# A node of one's own is as good as Debian's, from 18 on.
node -e 'process.exit(parseInt(process.versions.node) >= 18 ? 0 : 1)' 2>/dev/null && npm --version >/dev/null 2>&1 || packages="$packages nodejs npm"

missing=
for package in $packages; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
pages=
installed=web/node_modules/.package-lock.json
[ ! -f web/package-lock.json ] || { [ -f $installed ] && [ ! web/package-lock.json -nt $installed ]; } || pages=yes

if [ -n "$check" ]; then
    [ -z "$missing" ] || echo "missing packages:$missing"
    [ -z "$pages" ] || echo "missing: npm packages in web/"
    [ -z "$missing$pages" ] || { echo "tool/deps.sh $1 installs them"; exit 1; }
    exit 0
fi
if [ -n "$missing" ]; then
    echo "installing$missing"
    as_root=env
    [ "$(id -u)" = 0 ] || as_root='sudo env'
    $as_root apt-get update -q
    $as_root DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $missing
fi
if [ -n "$pages" ]; then
    echo "installing npm packages"
    (cd web && npm ci --no-audit --no-fund --loglevel=error)
    touch $installed
fi
