#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs the libFuzzers, one after the other, for as long as wanted; builds them first.
#
#   tests/fuzz/run.sh [--seconds N] [--runs N] [--build FOLDER] [FUZZER...]
#
# Each fuzzer gets N seconds (600), or ends after --runs executions. What it learns is kept in FOLDER/tests/fuzz/corpus
# (FOLDER: build/fuzz) and is where the next run begins. An input that crashes is left in FOLDER/tests/fuzz/crashes.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=600 runs=-1 build=$PWD/build/fuzz fuzzers=()
while (($# > 0)); do
    case $1 in
    --seconds) seconds=$2 && shift ;;
    --runs) runs=$2 && shift ;;
    --build) build=$(realpath "$2") && shift ;;
    -*) sed -n '2,7p' "$0" && exit 2 ;;
    *) fuzzers+=("${1#fuzz_}") ;;
    esac
    shift
done
((${#fuzzers[@]} > 0)) || fuzzers=(dt plan fragment image vgic smccc trap)

# Long sequences find little that short ones do not, and large trees little that small ones do not: they only take longer.
declare -A longest=([dt]=8192 [plan]=8192 [fragment]=8192 [image]=4096 [vgic]=256 [smccc]=256 [trap]=384)

cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" --target fuzzers
folder=$build/tests/fuzz
mkdir -p "$folder/crashes"
status=0
for fuzzer in "${fuzzers[@]}"; do
    mkdir -p "$folder/corpus/$fuzzer"
    regress=tests/fuzz/regress/$fuzzer
    log=$folder/$fuzzer.log
    timeout -k 10 $((seconds + 120)) "$folder/fuzz_$fuzzer" -max_total_time="$seconds" -runs="$runs" \
        -max_len="${longest[$fuzzer]:-4096}" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$folder/crashes/$fuzzer-" "$folder/corpus/$fuzzer" "$folder/seeds/$fuzzer" \
        $([[ -d $regress ]] && echo "$regress") >"$log" 2>&1 || status=1
    printf '%-6s %10s executions, %s a second, %s\n' "$fuzzer" \
        "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" \
        "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" \
        "$(grep -m 1 -E 'ERROR:|does not hold|runtime error' "$log" || echo 'nothing found')"
done
exit $status
