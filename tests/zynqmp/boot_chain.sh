#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Boots TF-A, U-Boot, Bulkhead and two Linux domains on QEMU's xlnx-zcu102, as docs/zynqmp.md says it, and reports.
#
#   tests/zynqmp/boot_chain.sh [--jobs N] [--no-build] [CASE...]
#
#   CASE          jtag, sd, sd-incomplete, tftp, one-cpu (all)
#   --jobs N      of the firmware's build (2)
#   --no-build    boots what is built already
#
# By hand, not in CI: TF-A and U-Boot are built from Debian's source packages, some minutes; then each boot takes half a minute.
# Everything is in build/zynqmp, and stays there: only what is missing is built again.
set -euo pipefail
cd "$(dirname "$0")/../.."

build=true
jobs=2
cases=()
while (($# > 0)); do
    case $1 in
    --jobs) jobs=$2; shift ;;
    --no-build) build=false ;;
    -h | --help) exec sed -n '3,/^set/{/^set/d;s/^# \{0,1\}//;p}' tests/zynqmp/boot_chain.sh ;;
    -*) echo "boot_chain.sh: unknown option $1" >&2; exit 2 ;;
    *) cases+=("$1") ;;
    esac
    shift
done
if $build; then
    tools/setup.sh
    cmake --preset aarch64 >/dev/null
    cmake --build --preset aarch64
    cmake --preset host >/dev/null
    cmake --build --preset host --target bulkhead
    started=$SECONDS
    tests/zynqmp/firmware.sh build/zynqmp "$jobs"
    echo "zynqmp: the firmware took $((SECONDS - started)) s"
fi
# Debian's python: it is the one that has python3-pexpect
exec "$(PATH=/usr/bin:$PATH command -v python3)" -B tests/zynqmp/boot_chain.py ${cases[@]+"${cases[@]}"}
