#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Sets up the machine, builds the presets and runs all tests: unit and scenario tests on the host, system tests on QEMU.
#
#   tools/test.sh [CTEST OPTION]...
#
#   tools/test.sh -L unit            one label
#   tools/test.sh -R qemu-hello      by name
#   tools/test.sh -N                 lists what there is
#
# Every test has its own time limit; BULKHEAD_TEST_SECONDS (2400) bounds them all together.
set -euo pipefail
cd "$(dirname "$0")/.."

for argument in "$@"; do
    if [[ $argument == -h || $argument == --help ]]; then
        sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' tools/test.sh
        echo "Labels, by docs/testing.md: $(sed -n '/^| label/,/^$/s/^| `\([a-z]*\)` .*/\1/p' docs/testing.md | paste -sd ' ')."
        exit
    fi
done

tools/setup.sh
for preset in aarch64 aarch64-safety host; do
    cmake --preset "$preset" >/dev/null
    cmake --build --preset "$preset"
done
cd build/host
# Tests that keep both CPUs of QEMU busy count as two for -j (PROCESSORS), so that none is slowed by another.
survivors=tests/mutation/survivors.txt # of the mutations that this run draws: holes in the tests, which fail nothing
rm -f "$survivors"
status=0
timeout --foreground -k 10 "${BULKHEAD_TEST_SECONDS:-2400}" ctest --output-on-failure -j "$(nproc)" "$@" || status=$?
[[ ! -e $survivors ]] || cat "$survivors"
exit "$status"
