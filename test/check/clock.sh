#!/bin/sh
# clock.sh - a released program holds the real clock and nothing of the tests.
cd "$(dirname "$0")/../.." || exit 1
symbols=$(nm build/wangge)
case "$symbols" in
    *test_clock*) echo 'not ok the released program has no clock of the tests'; exit 1 ;;
    *' T time_now'*) echo 'ok the released program has no clock of the tests' ;;
    *) echo 'not ok the released program has a clock'; exit 1 ;;
esac
