#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy over one room of core, with the checks of .clang-tidy and the compile commands of a host build.

    tests/lint/clang_tidy.py [--deep] BUILD_DIRECTORY [ROOM]

The analyzer gives up on a function after NODES states of the program; with --deep after as many as it does by itself, three times
more. The sanitizers' options are left out: each of their checks is a branch more to follow, and none of core's.

A file that was clean is not looked at again while its preprocessed text, comments and all, its compile command, the checks and
clang-tidy are what they were: ${BULKHEAD_CACHE:-~/.cache/bulkhead}/clang-tidy knows, for all trees of this machine.
"""
import hashlib
import json
import os
import shlex
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
CACHE = os.path.join(os.environ.get("BULKHEAD_CACHE") or os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
                                                                      "bulkhead"), "clang-tidy")
KEPT_SECONDS = 60 * 86400
NODES = 75000


def commands(build, room):
    """Yields (file, arguments for clang) of the room's sources."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        for entry in json.load(file):
            path = os.path.realpath(os.path.join(entry["directory"], entry["file"]))
            if path.startswith(os.path.join(ROOT, "core", room, "")):
                words = shlex.split(entry["command"])
                first = next(i for i, word in enumerate(words) if word.startswith("-"))  # behind ccache and the compiler
                drop = {words.index("-o"), words.index("-o") + 1, words.index("-c"), words.index("-c") + 1}
                yield path, entry["directory"], [word for i, word in enumerate(words)
                                                 if i >= first and i not in drop and not word.startswith("-fsanitize")]


def fingerprint(path, directory, arguments, common):
    """What the verdict on a file depends on, or None where clang cannot read it: then it is looked at."""
    result = subprocess.run(["clang-14", "-E", "-C", "-w", *arguments, path], cwd=directory, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, timeout=60)
    if result.returncode != 0:
        return None
    told = common + [word.encode() for word in arguments] + [path.encode(), result.stdout]
    return hashlib.sha256(b"\0".join(told).replace(ROOT.encode(), b"")).hexdigest()


def forget_old():
    os.makedirs(CACHE, exist_ok=True)
    for entry in os.scandir(CACHE):
        if time.time() - entry.stat().st_mtime > KEPT_SECONDS:
            os.remove(entry.path)


def main():
    deep = "--deep" in sys.argv
    build, room = ([word for word in sys.argv[1:] if word != "--deep"] + [""])[:2]
    build = os.path.realpath(build)
    limit = [] if deep else ["-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={NODES}"]
    with open(os.path.join(ROOT, ".clang-tidy"), "rb") as file:
        common = [file.read(), subprocess.run(["clang-tidy", "--version"], stdout=subprocess.PIPE, check=True, timeout=60).stdout]
    forget_old()
    looked, clean, failed = 0, 0, False
    for path, directory, arguments in commands(build, room):
        key = fingerprint(path, directory, arguments, common + [" ".join(limit).encode()])
        known = key is not None and os.path.join(CACHE, key)
        if known and os.path.exists(known):
            os.utime(known)
            clean += 1
            continue
        looked += 1
        result = subprocess.run(["clang-tidy", "--quiet", path, "--", *arguments, *limit], cwd=directory, stderr=subprocess.DEVNULL)
        failed = failed or result.returncode != 0
        if result.returncode == 0 and known:
            open(known, "w", encoding="utf-8").close()
    if looked + clean == 0:
        sys.exit(f"core/{room}: no source there that {build} compiles")
    print(f"{looked} files looked at, {clean} are as they were when they were clean")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
