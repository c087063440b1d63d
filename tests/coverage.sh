#!/usr/bin/env bash
# Line and branch coverage of core/ from the host tests, for the target `coverage` of the preset of that name.
#
#   tests/coverage.sh BUILD_DIRECTORY [MINIMUM_LINE_PERCENT]
#
# Runs the unit and scenario tests, writes BUILD_DIRECTORY/coverage/index.html and core.info, prints the figures by folder and
# what is not covered, and fails below the minimum.
set -euo pipefail
build=$(realpath "$1")
minimum=${2:-90}
source=$(realpath "$(dirname "$0")/..")
out=$build/coverage

mkdir -p "$out"
lcov --quiet --zerocounters --directory "$build"
(cd "$build" && ctest --output-on-failure -L 'unit|scenario' -j "$(nproc)")
lcov --quiet --rc lcov_branch_coverage=1 --capture --directory "$build" --output-file "$out/all.info"
lcov --quiet --rc lcov_branch_coverage=1 --extract "$out/all.info" "$source/core/*" --output-file "$out/core.info"
genhtml --quiet --rc lcov_branch_coverage=1 --prefix "$source" --output-directory "$out" "$out/core.info"

python3 - "$out/core.info" "$source/" "$minimum" <<'PYTHON'
import collections
import sys

info, prefix, minimum = sys.argv[1], sys.argv[2], float(sys.argv[3])
lines, branches, uncovered, name = {}, {}, collections.defaultdict(list), None
for record in open(info):
    kind, _, rest = record.strip().partition(":")
    if kind == "SF":
        name = rest.removeprefix(prefix)
        folder = name.rsplit("/", 1)[0]
    elif kind == "DA":
        number, count = rest.split(",")[:2]
        hit, total = lines.get(folder, (0, 0))
        lines[folder] = (hit + (int(count) > 0), total + 1)
        if int(count) == 0:
            uncovered[name].append(int(number))
    elif kind == "BRDA":
        hit, total = branches.get(folder, (0, 0))
        branches[folder] = (hit + (rest.split(",")[3] not in ("-", "0")), total + 1)


def ranges(numbers):
    out, start, last = [], None, None
    for number in numbers + [None]:
        if last is not None and number is not None and number <= last + 1:
            last = number
            continue
        if last is not None:
            out.append(str(start) if start == last else f"{start}-{last}")
        start = last = number
    return ",".join(out)


def percent(hit, total):
    return 100.0 * hit / total if total else 100.0


print("\nnot covered:")
for name in sorted(uncovered):
    print(f"  {name}: {ranges(sorted(uncovered[name]))}")
print(f"\n{'folder':<20}{'lines':>16}{'branches':>20}")
for folder in sorted(lines):
    (lh, lt), (bh, bt) = lines[folder], branches.get(folder, (0, 0))
    print(f"{folder:<20}{lh:>6}/{lt:<5}{percent(lh, lt):5.1f} %{bh:>7}/{bt:<5}{percent(bh, bt):5.1f} %")
lh, lt = (sum(v[i] for v in lines.values()) for i in (0, 1))
bh, bt = (sum(v[i] for v in branches.values()) for i in (0, 1))
print(f"{'core':<20}{lh:>6}/{lt:<5}{percent(lh, lt):5.1f} %{bh:>7}/{bt:<5}{percent(bh, bt):5.1f} %")
if percent(lh, lt) < minimum:
    sys.exit(f"line coverage of core/ is below {minimum:.0f} %")
PYTHON
