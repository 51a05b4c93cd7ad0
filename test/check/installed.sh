#!/bin/bash
# installed.sh PACKAGE - inside a bare Debian 12, as root: the package goes in with what it depends on, its server answers
# as its own user, settings and data outlive a removal, and a purge leaves what was recorded.  `tool/chroot.sh install` runs it.
set -u
package=$1
bad=0
check() {   # check WORDS COMMAND…
    local words=$1
    shift
    if "$@" > /tmp/said 2>&1; then echo "ok $words"; else echo "not ok $words"; cat /tmp/said; bad=1; fi
}
get() { exec 3<> "/dev/tcp/127.0.0.1/$port" && printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$1" >&3 && cat <&3; }
answers() { get "$1" | head -1 | grep -q ' 200 '; }
owned() { [ "$(stat -c '%U %G %a' "$1")" = "$2" ]; }
as_user() { setpriv --reuid wangge --regid wangge --clear-groups "$@"; }

export DEBIAN_FRONTEND=noninteractive
apt-get update -q > /tmp/said 2>&1 || cat /tmp/said
check 'it installs, with what it depends on and nothing recommended' apt-get install -q -y --no-install-recommends "$package"
check 'the package is whole' dpkg --verify wangge
check 'no library is missing' bash -c '! ldd /usr/bin/wangge | grep "not found"'
check 'its user owns its folder and nobody else looks in' owned /var/lib/wangge 'wangge wangge 700'
check 'its user cannot sign in' bash -c 'getent passwd wangge | grep -Eq "(nologin|false)$"'
check 'the service begins with the machine' test -e /etc/systemd/system/multi-user.target.wants/wangge.service
check 'the manual is there' bash -c 'zcat /usr/share/man/man1/wangge.1.gz | grep -q wangge'

# systemd is not here: its words are taken from the unit.
words=$(sed -n 's/^ExecStart=//p' /usr/lib/systemd/system/wangge.service)
cd /var/lib/wangge || exit 1
umask 0077
setpriv --reuid wangge --regid wangge --clear-groups $words --listen 127.0.0.1:0 > /tmp/serving 2>&1 &
server=$!
for _ in $(seq 100); do port=$(sed -n 's/^listening .*:\([0-9]*\).*/\1/p' /tmp/serving); [ -n "$port" ] && break; sleep 0.1; done
check 'the server listens' test -n "${port:-}"
check '/healthz answers' answers /healthz
check 'so do the pages' answers /
check 'and the contract' answers /api/openapi.json
check 'the store and its keys are its own' bash -c '[ -z "$(find /var/lib/wangge -type f \( ! -user wangge -o -perm /077 \))" ] && ls /var/lib/wangge/wangge.db'
kill -TERM "$server"
check 'it ends when it is told to' wait "$server"
cd /
check 'the ledgers verify' as_user /usr/bin/wangge verify --config /etc/wangge/wangge.conf

echo '# of the operator' >> /etc/wangge/wangge.conf
check 'it installs over itself' apt-get install -q -y --reinstall "$package"
check 'and leaves changed settings alone' grep -q '# of the operator' /etc/wangge/wangge.conf
check 'it is removed' apt-get remove -q -y wangge
check 'program and unit are gone' test ! -e /usr/bin/wangge -a ! -e /usr/lib/systemd/system/wangge.service
check 'settings and what was recorded stay' test -e /etc/wangge/wangge.conf -a -e /var/lib/wangge/wangge.db
check 'it is purged' apt-get purge -q -y wangge
check 'settings and links are gone' bash -c '[ ! -e /etc/wangge ] && [ -z "$(find /etc/systemd /var/lib/systemd -name "wangge*" 2>/dev/null)" ]'
check 'what was recorded stays' test -e /var/lib/wangge/wangge.db.keys.master
check 'it comes back to what was recorded' apt-get install -q -y --no-install-recommends "$package"
check 'and verifies it' as_user /usr/bin/wangge verify --config /etc/wangge/wangge.conf
check 'a purge that is told so' env WANGGE_PURGE=data apt-get purge -q -y wangge
check 'leaves nothing' bash -c '[ ! -e /var/lib/wangge ] && ! getent passwd wangge'
exit $bad
