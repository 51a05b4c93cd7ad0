#!/bin/bash
# run.sh SECONDS [TARGET…] - each target for a while, a line each:
#   fuzz NAME execs=… cov=… new=… clean|broken
# What was found goes on growing in build/fuzz/found/NAME; what broke a target
# is named by its line and kept beside its log: mend it, then keep the input in
# test/fuzz/fixed/NAME.
set -u
cd "$(dirname "$0")/../.."

each=$1
shift
[ $# -gt 0 ] || set -- $(basename -s .c test/fuzz/*.c)
for symbolizer in /usr/lib/llvm-*/bin/llvm-symbolizer; do export ASAN_SYMBOLIZER_PATH=$symbolizer; done
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 ASAN_OPTIONS=detect_stack_use_after_return=1
bad=0
for name in "$@"; do
    log=build/fuzz/$name.log found=build/fuzz/found/$name verdict=clean
    seeds=$(ls -d test/fuzz/seeds/$name test/fuzz/fixed/$name 2> /dev/null)
    mkdir -p "$found"
    build/fuzz/test/fuzz_$name -max_total_time="$each" -timeout=20 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 \
        -artifact_prefix=build/fuzz/$name- "$found" $seeds > "$log" 2>&1 || verdict="broken $(grep -ao 'build/fuzz/[^ ]*$' "$log" | tail -1)"
    stat() { sed -n "s/^stat::$1: *//p" "$log" | tail -1; }
    echo "fuzz $name execs=$(stat number_of_executed_units) cov=$(grep -ao 'cov: [0-9]*' "$log" | tail -1 | cut -c6-) new=$(stat new_units_added) $verdict"
    [ "$verdict" = clean ] || bad=1
done
exit $bad
