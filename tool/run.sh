#!/bin/sh
# run.sh [dev] - the invented city, working: installs, builds, makes the city if
# there is none, serves it.  With dev the pages come from Vite as they are edited.
set -eu
cd "$(dirname "$0")/.."

people=${PEOPLE:-100000} days=${DAYS:-3} listen=${LISTEN:-127.0.0.1:8440}
city=build/run making=build/run.making

tool/deps.sh run
make --no-print-directory all

# Made aside, so that a city half made is never taken for a whole one.
if [ ! -e $city/accounts ]; then
    rm -rf $city $making
    mkdir -p $making
    echo "making an invented city of $people people, $days days"
    build/wangge drill --city 4405 --people "$people" --days "$days" --store sqlite:$making/wangge.db > $making/said
    sed -n 's/^account //p' $making/said > $making/accounts
    mv $making $city
fi

printf '\n  account                     password\n'
for name in city district-440514 town-440513108 village-440513108216 grid-44051310821601; do
    sed -n "s/^\($name\) /\1 /p" $city/accounts | while read -r account password; do printf '  %-27s %s\n' "$account" "$password"; done
done
printf '\n  Nobody in this city exists. Ctrl-C ends it.\n\n'

if [ "${1:-}" = dev ]; then
    build/wangge serve --listen "$listen" --store sqlite:$city/wangge.db &
    trap "kill $!" EXIT
    cd web && WANGGE_URL=http://$listen npm run --silent dev
else
    exec build/wangge serve --listen "$listen" --store sqlite:$city/wangge.db
fi
