#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each test that docs/testing.md names exists."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def known_names():
    names = set()
    for folder, _, files in os.walk(os.path.join(ROOT, "tests")):
        for file in files:
            if file.startswith("test_") and file.endswith(".c"):
                path = os.path.join(folder, file)
                room = os.path.relpath(folder, os.path.join(ROOT, "tests")).replace("/", "-")
                names.add(f"{room}-{file[len('test_'):-len('.c')]}")
                with open(path, encoding="utf-8") as source:
                    names.update(re.findall(r"START_TEST\((\w+)\)", source.read()))
            elif file.endswith(".py") and folder.endswith("/qemu/cases"):
                with open(os.path.join(folder, file), encoding="utf-8") as source:
                    text = source.read()
                names.update("qemu-" + name.replace("_", "-") for name in re.findall(r"^def (\w+)\(", text, re.M))
                names.update("qemu-" + name for name in re.findall(r"name=\"([\w-]+)\"", text))
    return names


def main():
    with open(os.path.join(ROOT, "docs", "testing.md"), encoding="utf-8") as file:
        text = file.read()
    section = text.split("## Bugs that others shipped", 1)[1].split("\n## ", 1)[0]
    rows = [line.rsplit("|", 2)[1] for line in section.splitlines() if line.startswith("| ")][2:]
    named = [name for row in rows for name in re.findall(r"`([\w-]+)`", row)]
    missing = [name for name in named if name not in known_names()]
    for name in missing:
        print(f"docs/testing.md: no test is called {name}")
    if len(named) < 20:
        print("docs/testing.md: the table of bugs was not found")
        return 1
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
