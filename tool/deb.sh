#!/bin/sh
# deb.sh - makes build/wangge_VERSION_ARCH.deb: the program, its manual page, data, unit and settings.
# The build is one of its own, since a package lives in /usr.
set -eu
cd "$(dirname "$0")/.."

tool/deps.sh check deb
build=build/deb root=build/deb/root
[ -e $build/build.ninja ] || meson setup $build --prefix=/usr --sysconfdir=/etc > build/deb.log 2>&1 || { cat build/deb.log; exit 1; }
ninja -C $build --quiet wangge wangge.1
# The same sources give the same package.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH

rm -rf $root
DESTDIR=$PWD/$root meson install -C $build --no-rebuild --quiet --strip > build/deb.log 2>&1 || { cat build/deb.log; exit 1; }
gzip -9nf $root/usr/share/man/man1/wangge.1
install -D -m 644 deploy/debian/copyright $root/usr/share/doc/wangge/copyright
version=$(sed -n "s/^  version: '\(.*\)',/\1/p" meson.build)
arch=$(dpkg --print-architecture)

# dpkg-shlibdeps looks for debian/control and writes its answer there.
mkdir -p $build/debian $root/DEBIAN
printf 'Source: wangge\n\nPackage: wangge\nArchitecture: any\n' > $build/debian/control
depends=$(cd $build && dpkg-shlibdeps -O root/usr/bin/wangge 2>/dev/null | sed -n 's/^shlibs:Depends=//p')
cat > $root/DEBIAN/control <<END
Package: wangge
Version: $version
Architecture: $arch
Maintainer: the wangge contributors <wangge@localhost>
Installed-Size: $(du -ks --exclude=DEBIAN $root | cut -f1)
Depends: $depends, adduser, init-system-helpers
Section: net
Priority: optional
Description: the grid workers' epidemic-response system
 A city, a district or a single village holds an epidemic at the door: who
 answers for which grid, which doors have been entered, by what means, who
 refused, who must be visited again. One program with an embedded store and
 pages for desks and phones; it needs no internet.
END
echo /etc/wangge/wangge.conf > $root/DEBIAN/conffiles
for script in postinst prerm postrm; do install -m 755 deploy/debian/$script $root/DEBIAN/$script; done
(cd $root && find . -type f -not -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort | xargs -d '\n' md5sum > DEBIAN/md5sums)
find $root -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group --build $root build/wangge_${version}_$arch.deb > /dev/null
echo build/wangge_${version}_$arch.deb
