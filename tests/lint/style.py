#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The laws of form that a machine can check: clang-format, length of functions and files, a README in each room.

    tests/lint/style.py [ROOT]

Prints every breach and the figures (median and 99th percentile of function length); exits with 1 on a breach.
"""
import os
import re
import statistics
import subprocess
import sys

ROOT = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("core", "arch", "bench", "tests", "tools")
FILE_LINES = 600
FUNCTION_LINES = 60
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# No comment can stand in these: expected output, data, lists that a tool reads as they are.
UNTAGGED = ("LICENSE", "CMakePresets.json", "tests/threads/renames.txt", "tests/guest/expect/", "tests/fuzz/regress/", "bench/results/")


def sources():
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.join(directory, name)


def functions(lines):
    """@return (first line, length) of each function body, by the brace in the first column that the format demands."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            yield start, sum(1 for text in lines[start:number - 1] if text.strip())
            start = None


def untagged():
    """@return breaches: files of the project that do not name their licence."""
    listed = subprocess.run(["git", "ls-files"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=ROOT)
    for name in listed.stdout.splitlines():  # none in a copy without git
        path = os.path.join(ROOT, name)
        if name.startswith(UNTAGGED) or not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            if LICENCE not in file.read():
                yield f"{name}: no line with {LICENCE}"


def main():
    breaches, lengths = [], []
    files = list(sources())
    for path in files:
        name = os.path.relpath(path, ROOT)
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        if len(lines) > FILE_LINES + 1:
            breaches.append(f"{name}: {len(lines) - 1} lines, at most {FILE_LINES}")
        for start, length in functions(lines):
            if name.startswith(("core/", "arch/")):
                lengths.append(length)
            if length > FUNCTION_LINES:
                breaches.append(f"{name}:{start}: function of {length} lines, at most {FUNCTION_LINES}")
        if name.startswith("core/") and re.search(r"\b(__)?asm(__)?\b", "\n".join(lines)):
            breaches.append(f"{name}: assembly in core")
    for entry in sorted(os.listdir(os.path.join(ROOT, "core"))):
        room = os.path.join(ROOT, "core", entry)
        if os.path.isdir(room) and not os.path.exists(os.path.join(room, "README.md")):
            breaches.append(f"core/{entry}: no README.md")
    formatted = subprocess.run(["clang-format", "--dry-run", "-Werror", *[f for f in files if f.endswith((".c", ".h"))]],
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300, cwd=ROOT)
    breaches += sorted({line.split(":")[0] + ": not as clang-format has it" for line in formatted.stderr.splitlines()
                        if "error:" in line})
    breaches += untagged()
    lengths.sort()
    print(f"{len(files)} files, {len(lengths)} functions in core and arch: median {statistics.median(lengths):.0f} lines, "
          f"99th percentile {lengths[len(lengths) * 99 // 100]}, longest {lengths[-1]}")
    for breach in breaches:
        print(breach)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
