#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks the ladder of core's rooms, which core/README.md draws: a room includes only rooms to its left. What still climbs is in ladder.txt,
a line each, "FILE INCLUDED"; a line that is not true any more is a breach as well, so that the list only gets shorter."""
import pathlib
import re
import sys

HEADING = "## The ladder"


def read_ladder(readme):
    """The rooms from left to right."""
    text = readme.read_text(encoding="utf-8")
    if HEADING not in text:
        raise SystemExit(f"{readme}: has no part {HEADING!r}")
    block = re.search(r"\n\n((?:    .*\n)+)", text[text.index(HEADING):])
    return block[1].replace("|", " ").split()


def includes(core):
    for path in sorted([*core.rglob("*.c"), *core.rglob("*.h")]):
        name = path.relative_to(core).as_posix()
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if match:
                yield name, number, match[1]


def known_climbs(path):
    if not path.exists():
        return {}
    lines = path.read_text(encoding="utf-8").split("\n")
    return {tuple(line.split()): number for number, line in enumerate(lines, 1) if line.strip() and not line.startswith("#")}


def room(path):
    return path.split("/")[0]


def check(root):
    core = root / "core"
    ladder = read_ladder(core / "README.md")
    known = known_climbs(root / "tests/lint/ladder.txt")
    found = set()
    rooms = {room(path.relative_to(core).as_posix()) for path in core.rglob("*.[ch]")}
    for name in sorted(rooms - set(ladder)):
        yield f"core/{name}: is not on the ladder; write it into core/README.md, right of the rooms that it includes"
    for name in sorted(set(ladder) - rooms):
        yield f"core/README.md: {name} is on the ladder, but there is no such room"
    for name, number, included in includes(core):
        pair = (room(name), room(included))
        if not set(pair) <= set(ladder) or ladder.index(pair[1]) <= ladder.index(pair[0]):
            continue
        found.add((name, included))
        if (name, included) not in known:
            yield (f"core/{name}:{number}: includes {included}, which climbs the ladder; move what is needed to the left, or hand a function "
                   "pointer down")
    for entry, number in known.items():
        if entry not in found:
            yield f"tests/lint/ladder.txt:{number}: {' '.join(entry)} does not climb any more: remove the line"


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2])
    breaches = list(check(root))
    print("\n".join(breaches))
    print(f"ladder: {len(breaches)} breaches, {len(known_climbs(root / 'tests/lint/ladder.txt'))} includes that are known to climb")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
