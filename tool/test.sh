#!/bin/bash
# test.sh - proves it all: installs what tests need, runs everything in two
# lanes, ends with `N passed, N failed`.  A test says `ok …` or `not ok …`;
# what each suite said stays in build/proof/.
set -u
cd "$(dirname "$0")/.."

logs=build/proof
city=build/proof/city
began=$SECONDS

# suite NAME COMMAND… - counts the lines; a program that only succeeds or fails is one test.
# `suite NAME each COMMAND` without a file is nothing.
suite() {
    local name=$1 log=$logs/$1.log from=$SECONDS passed failed
    shift
    if [ "$1" = each ] && [ $# -eq 2 ]; then return; fi
    "$@" > "$log" 2>&1 < /dev/null
    local code=$?
    passed=$(grep -c '^ok ' "$log")
    failed=$(grep -c '^not ok ' "$log")
    if [ $code -ne 0 ] && [ "$failed" -eq 0 ]; then
        failed=1
        echo "not ok $name ended with $code" >> "$log"
    elif [ $((passed + failed)) -eq 0 ]; then
        passed=1
    fi
    echo "$passed $failed" > "$logs/$name.count"
    printf '%-24s %4d passed %4d failed %5ds\n' "$name" "$passed" "$failed" $((SECONDS - from))
    [ "$failed" -eq 0 ]
}

each() {   # each COMMAND FILE… - one after another, all of them
    local command=$1 bad=0
    shift
    for file in "$@"; do
        $command "$file" || bad=1
    done
    return $bad
}

unit() {   # one test program; its own tests are the lines
    CMOCKA_MESSAGE_OUTPUT=TAP "$1"
    local code=$?
    [ $code -eq 0 ] || echo "not ok $1 ended with $code"
    return $code
}

replay() {   # every input that seeds a parser or ever broke it
    local target=build/asan/test/fuzz_$(basename "$1" .c) inputs
    inputs=$(find "test/fuzz/seeds/$(basename "$1" .c)" "test/fuzz/fixed/$(basename "$1" .c)" -type f 2>/dev/null)
    if [ -n "$inputs" ] && "$target" $inputs; then echo "ok $(basename "$1" .c)"; else echo "not ok $(basename "$1" .c)"; return 1; fi
}

lane_c() {
    suite asan make --no-print-directory asan || return
    for symbolizer in /usr/lib/llvm-*/bin/llvm-symbolizer; do export ASAN_SYMBOLIZER_PATH=$symbolizer; done
    suite unit each unit $(find build/asan/test -maxdepth 1 -type f -perm -u+x -name 'test_*' | sort)
    suite scenario build/asan/test/scenario features/*/*.test test/scenario/*.test
    suite runner node test/check/runner.mjs build/asan/test/scenario
    suite story build/asan/test/scenario test/story/*.test
    suite fuzz each replay test/fuzz/*.c
}

drill() {
    rm -rf "$city"
    mkdir -p "$city"
    build/wangge drill --city 4405 --people 20000 --days 2 --until 2020-02-09 --store "sqlite:$city/wangge.db" > "$city/said" &&
        sed -n 's/^account //p' "$city/said" > "$city/accounts"
}

lane_pages() {
    suite check-text node test/check/text.mjs
    suite check-words node test/check/words.mjs
    suite check-pages node test/check/pages.mjs
    suite check-records node tool/records.mjs --check
    suite check-operations node tool/operations.mjs --check
    suite check-includes node test/check/includes.mjs
    suite check-format node test/check/format.mjs
    suite check-sql node test/check/sql.mjs
    suite check-postgres node test/check/postgres.mjs
    suite check-clock test/check/clock.sh
    suite check-package node test/check/package.mjs
    suite operator node test/story/operator.mjs
    suite operations node test/story/operations.mjs
    suite pages-types bash -c 'cd web && npm run --silent check'
    suite pages-unit each 'node --test --test-reporter=tap' $(find web test/unit -name node_modules -prune -o -name '*.test.mjs' -print)
    if suite drill drill; then
        suite drill-verify build/wangge verify --tables --store "sqlite:$city/wangge.db"
        suite city node test/story/city.mjs "$city"
        suite bundle node test/story/bundle.mjs "$city"
        suite form node test/story/form.mjs "$city"
        suite privacy node test/story/privacy.mjs "$city"
        suite bad-input node test/check/bad_input.mjs "$city"
        suite rights node test/check/rights.mjs "$city"
        suite sessions node test/check/sessions.mjs "$city"
        suite tls node test/check/tls.mjs "$city"
        suite memory node test/check/memory.mjs "$city"
        suite trace node test/story/trace.mjs "$city"
        suite fault each node test/fault/*.spec.mjs
        suite drill-rebuild bash -c "build/wangge rebuild --store sqlite:$city/wangge.db | tee /dev/stderr | grep -q ' unchanged '"
        suite browser each node test/browser/*.spec.mjs
        suite first-village node test/browser/first_village.mjs "$logs/first-village.png"
        suite screens env TEST_CITY="$city" node test/browser/screens.mjs "$logs/screens"
    fi
}

shopt -s nullglob
mkdir -p "$logs"
rm -f "$logs"/*.log "$logs"/*.count
# A made city for tests that look at one: the folder of its store and its accounts.
export TEST_CITY=$city
export LC_ALL=C.UTF-8 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ASAN_OPTIONS=detect_stack_use_after_return=1

if tool/deps.sh test && suite build make --no-print-directory all; then
    lane_c &
    lane_pages &
    wait
elif [ ! -e "$logs/build.count" ]; then
    echo "0 1" > "$logs/packages.count"
    echo "not ok packages" > "$logs/packages.log"
fi

for log in "$logs"/*.log; do
    grep -q '^not ok ' "$log" || continue
    echo
    echo "---- $log"
    # What a program said before it fell stands above its line, what a test says below it.
    grep -B 25 '^not ok .* ended with ' "$log" | cut -c1-400 | tail -60
    grep -v '^not ok .* ended with ' "$log" | grep -A 12 '^not ok ' | cut -c1-400 | head -120
done
passed=0 failed=0
for count in "$logs"/*.count; do
    read -r p f < "$count"
    passed=$((passed + p)) failed=$((failed + f))
done
echo
echo "$((SECONDS - began)) seconds"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
