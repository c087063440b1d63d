#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# clang-tidy over core, with the checks of .clang-tidy and the compile commands of a host build.
#
#   tests/lint/clang-tidy.sh BUILD_DIRECTORY
set -euo pipefail
build=$(realpath "$1")
cd "$(dirname "$0")/../.."
find core -name '*.c' -print0 | sort -z | xargs -0 -P "$(nproc)" -n 8 clang-tidy -p "$build" --quiet
