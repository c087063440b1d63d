#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Line and branch coverage of core/ from the host tests, and of all that runs at EL2 from the system tests on QEMU, for the target
# `coverage` of the preset of that name.
#
#   tests/coverage.sh BUILD_DIRECTORY [MINIMUM_LINE_PERCENT]
#
# Runs the unit and scenario tests, then the system tests with an image that counts; writes BUILD_DIRECTORY/coverage/index.html (both
# together), host.info and el2.info; prints the figures by folder and what the host tests do not cover; fails below the minimum of the
# host tests alone. BULKHEAD_COVERAGE_EL2=no leaves QEMU out.
set -euo pipefail
build=$(realpath "$1")
minimum=${2:-90}
source=$(realpath "$(dirname "$0")/..")
out=$build/coverage
lcov() { command lcov --quiet --rc lcov_branch_coverage=1 "$@"; }

mkdir -p "$out"
lcov --zerocounters --directory "$build"
(cd "$build" && ctest --output-on-failure -L 'unit|scenario' -j "$(nproc)")
lcov --capture --directory "$build" --output-file "$out/all.info"
lcov --extract "$out/all.info" "$source/core/*" --output-file "$out/host.info"
figures=("host tests=$out/host.info")
merged=$out/host.info

if [[ ${BULKHEAD_COVERAGE_EL2:-yes} != no ]]; then
    # beside the build, so that the host's counters are not taken for its own
    el2=${build}-el2
    cmake -S "$source" --preset aarch64 -B "$el2" -DBULKHEAD_COVERAGE=ON >/dev/null
    cmake --build "$el2" >/dev/null
    "$source/tests/qemu/coverage.py" --aarch64 "$el2" --bulkhead "$build/bulkhead" --out "$out/all.info" --jobs "$(nproc)"
    lcov --extract "$out/all.info" "$source/core/*" "$source/arch/aarch64/*" --output-file "$out/el2.info"
    merged=$out/merged.info
    lcov --add-tracefile "$out/host.info" --add-tracefile "$out/el2.info" --output-file "$merged"
    figures+=("EL2 on QEMU=$out/el2.info" "together=$merged")
fi
genhtml --quiet --rc lcov_branch_coverage=1 --prefix "$source" --output-directory "$out" "$merged"
"$source/tests/coverage_report.py" "$source" "$minimum" "${figures[@]}"
