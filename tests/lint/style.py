#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The laws of form that a machine can check: clang-format, length of functions and files, a README in each room, a licence in each file.

    tests/lint/style.py [ROOT]

Prints every breach as FILE:LINE: what is wrong; what mends it. Then the figures (median and 99th percentile of function length).
Exits with 1 on a breach.
"""
import os
import re
import shlex
import statistics
import subprocess
import sys

ROOT = os.path.realpath(sys.argv[1] if len(sys.argv) > 1 else os.path.join(os.path.dirname(__file__), "..", ".."))
FOLDERS = ("core", "arch", "bench", "tests", "tools")
FILE_LINES = 600
FUNCTION_LINES = 60
LICENCE = "SPDX-License-Identifier: Apache-2.0"
# No comment can stand in these: expected output, data, lists that a tool reads as they are.
UNTAGGED = ("LICENSE", "CMakePresets.json", "tests/threads/renames.txt", "tests/guest/expect/", "tools/bulkhead/test/assign/", "tests/fuzz/regress/", "bench/results/")
COMMENTS = {".c": "// {}", ".h": "/* {} */", ".S": "/* {} */", ".md": "<!-- {} --> (as the last line)"}


def sources():
    """Names below ROOT."""
    for folder in FOLDERS:
        for directory, _, names in os.walk(os.path.join(ROOT, folder)):
            for name in sorted(names):
                if name.endswith((".c", ".h", ".S")):
                    yield os.path.relpath(os.path.join(directory, name), ROOT)


def functions(lines):
    """@return (first line, length) of each function body, by the brace in the first column that the format demands."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start is not None:
            yield start, sum(1 for text in lines[start:number - 1] if text.strip())
            start = None


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def long_ones(name, lines):
    if len(lines) > FILE_LINES + 1:
        yield f"{name}:{FILE_LINES + 1}: {len(lines) - 1} lines, at most {FILE_LINES}; move what belongs together into a file of its own"
    for start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield f"{name}:{start}: a function of {length} lines, at most {FUNCTION_LINES}; split it"


def assembly(name, lines):
    for number, line in enumerate(lines, 1):
        if re.search(r"\b(__)?asm(__)?\b", line):
            yield f"{name}:{number}: assembly in core; instructions belong into arch/, behind a function of core/arch/"


def rooms_without_readme():
    for entry in sorted(os.listdir(os.path.join(ROOT, "core"))):
        room = os.path.join(ROOT, "core", entry)
        if os.path.isdir(room) and not os.path.exists(os.path.join(room, "README.md")):
            yield f"core/{entry}/README.md:1: is not there; write what comes in, what goes out, what always holds, who calls it"


def unformatted(names):
    """@return a breach for each file, with the lines that clang-format would change"""
    result = subprocess.run(["clang-format", "--dry-run", "-Werror", *names], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=300, cwd=ROOT)
    places = {}
    for name, line in re.findall(r"^(.+?):(\d+):\d+: error: code should be clang-formatted", result.stderr, re.MULTILINE):
        places.setdefault(name, set()).add(int(line))
    for name, lines in sorted(places.items()):
        first, *others = sorted(lines)
        further = f" (also {', '.join(map(str, others[:8]))}{' ...' if len(others) > 8 else ''})" if others else ""
        yield f"{name}:{first}: not as clang-format has it{further}; clang-format -i {shlex.quote(name)}"
    if result.returncode != 0 and not places:
        yield f".clang-format:1: clang-format fails: {result.stderr.strip().splitlines()[-1]}"


def untagged():
    """@return breaches: files of the project that do not name their licence."""
    listed = subprocess.run(["git", "ls-files"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, cwd=ROOT)
    for name in listed.stdout.splitlines():  # none in a copy without git
        if name.startswith(UNTAGGED) or not os.path.exists(os.path.join(ROOT, name)) or LICENCE in read(name):
            continue
        yield f"{name}:1: names no licence; add {COMMENTS.get(os.path.splitext(name)[1], '# {}').format(LICENCE)}"


def main():
    breaches, lengths = [], []
    names = list(sources())
    for name in names:
        lines = read(name).split("\n")
        breaches += long_ones(name, lines)
        if name.startswith("core/"):
            breaches += assembly(name, lines)
        if name.startswith(("core/", "arch/")):
            lengths += [length for _, length in functions(lines)]
    breaches += rooms_without_readme()
    breaches += unformatted([name for name in names if name.endswith((".c", ".h"))])
    breaches += untagged()
    for breach in breaches:
        print(breach)
    lengths.sort()
    print(f"{len(names)} files, {len(lengths)} functions in core and arch: median {statistics.median(lengths):.0f} lines, "
          f"99th percentile {lengths[len(lengths) * 99 // 100]}, longest {lengths[-1]}; {len(breaches)} breaches")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
