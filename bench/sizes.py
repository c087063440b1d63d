#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How large the two halves of the hypervisor are, in lines and in bytes: what only boots, and what stays.

    sizes.py [PRESET=DIR ...]            the tables of docs/sizes.md, of the builds in DIR (build/PRESET for each preset of limits.txt)
    sizes.py --update [PRESET=DIR ...]   writes them there
    sizes.py --check [PRESET=DIR ...]    fails where what stays is more than arch/aarch64/limits.txt allows, or where the page misleads: a
                                         figure that is off by more than a fiftieth and by more than 20 lines or 512 bytes

Lines are those of the files: all of .c and .S that left anything in the image, and of headers apart, each counted for what stays if anything there
includes it. Bytes are those
of the functions and objects that a file's lines became; what the compiler names after no line is in the last row. Where a function
was inlined, its bytes are its caller's.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
PAGE = os.path.join(ROOT, "docs", "sizes.md")
AARCH64 = os.path.join(ROOT, "arch", "aarch64")
BLOCK = re.compile(r"(<!-- sizes: ([\w-]+) -->\n)(.*?)(<!-- end of sizes -->)", re.DOTALL)
LIBRARIES = ("libfdt", "libz", "libc")
UNNAMED = "strings, gaps"
COLUMNS = ("boots: lines", "headers", "bytes", "stays: lines", "headers", "bytes")


def read_limits():
    """By preset: lines and bytes that may stay."""
    with open(os.path.join(AARCH64, "limits.txt"), encoding="utf-8") as file:
        rows = [line.split() for line in file if line.strip() and not line.startswith("#")]
    return {preset: (int(lines), int(size)) for preset, _, _, lines, size in rows}


def boot_half():
    """What matches the files of the boot half."""
    with open(os.path.join(AARCH64, "boot_half.txt"), encoding="utf-8") as file:
        lines = [line.strip() for line in file if line.strip() and not line.startswith(("#", "door "))]
    return re.compile("|".join(f"(?:{line})" for line in lines))


def sources(build):
    """The sources of the image, from the top of the tree."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as file:
        commands = json.load(file)
    return sorted({os.path.relpath(item["file"], ROOT) for item in commands
                   if re.search(r"/(core|backend)\.dir/", item.get("output", item["command"]))})


def left_in(build):
    """The .c files of which an instruction or an object is in the image: a driver that a build does without is compiled, and dropped."""
    image = os.path.join(build, "bulkhead.elf")
    found = re.findall(r"((?:core|arch/aarch64)/[\w/.]+\.c):$", tool("objdump", "--dwarf=decodedline", image), re.MULTILINE)
    found += re.findall(r"/((?:core|arch/aarch64)/[\w/.]+\.c):\d+$", tool("nm", "-l", "--defined-only", image), re.MULTILINE)
    return set(found)


def headers(source, found):
    """Adds to @found the tree's headers that @source includes, and what these do."""
    with open(os.path.join(ROOT, source), encoding="utf-8") as file:
        names = re.findall(r'^\s*#include "([^"]+)"', file.read(), re.MULTILINE)
    for name in names:
        for folder in ("core", os.path.dirname(source)):
            path = os.path.normpath(os.path.join(folder, name))
            if path not in found and os.path.exists(os.path.join(ROOT, path)):
                found.add(path)
                headers(path, found)
    return found


def lines(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as file:
        return sum(1 for _ in file)


def room(path):
    parts = path.split("/")
    if parts[0] == "build":  # the table of the parts that a build has
        return "core/parts"
    return "/".join(parts[:3 if parts[:2] == ["core", "parts"] else 2])


def tool(name, *arguments):
    return subprocess.run([f"aarch64-linux-gnu-{name}", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          check=True).stdout


def placed(build):
    """(address, size, file or library) of what the linker took from archives and from assembly, which have no lines."""
    with open(os.path.join(build, "bulkhead.elf.map"), encoding="utf-8") as file:
        text = file.read()
    for address, size, path in re.findall(r"^ \.[\w.]+\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+)$", text, re.MULTILINE):
        library = re.search(r"/(lib\w+)\.a\(", path)
        assembly = re.search(r"backend\.dir/(\w+\.S)", path)
        if int(size, 16) != 0 and (library or assembly):
            yield int(address, 16), int(size, 16), library[1] if library else f"arch/aarch64/{assembly[1]}"


def occupied(build):
    """(address, size, room) of all in the file that can be told apart."""
    found = [(address, size, path if path in LIBRARIES else room(path)) for address, size, path in placed(build)]
    for line in tool("nm", "-Sl", "--defined-only", os.path.join(build, "bulkhead.elf")).splitlines():
        match = re.match(r"([0-9a-f]+) ([0-9a-f]+) [tTrRdD] \S+\t.*?/((?:core|arch/aarch64)/[\w/.]+):\d+$", line)
        if match:
            found.append((int(match[1], 16), int(match[2], 16), room(match[3])))
    return found


def measure(build):
    """By (room, whether it boots): [lines of sources, lines of headers, bytes]."""
    table = collections.defaultdict(lambda: [0, 0, 0])
    boots = boot_half()
    included = {True: set(), False: set()}
    left = left_in(build)
    for source in sources(build):
        if source.startswith(("core/", "arch/")) and source.endswith(".c") and source not in left:
            continue
        half = boots.search(source) is not None
        table[room(source), half][0] += lines(source)
        headers(source, included[half])
    for half, names in ((False, included[False]), (True, included[True] - included[False])):
        for name in names:
            table[room(name), half][1] += lines(name)
    names = {fields[2]: int(fields[0], 16) for fields in map(str.split, tool("nm", os.path.join(build, "bulkhead.elf")).splitlines())
             if len(fields) == 3}
    low, high, end = names["boot_start"], names["boot_end"], names["file_end"]
    for address, size, owner in occupied(build):
        if names["image_start"] <= address < end:
            table[owner, low <= address < high][2] += size
    for half, size in ((True, high - low), (False, end - names["image_start"] - (high - low))):
        table[UNNAMED, half][2] = size - sum(row[2] for (_, boot), row in table.items() if boot == half)
    return table


def total(table, half):
    return [sum(row[column] for (_, boot), row in table.items() if boot == half) for column in range(3)]


def markdown(table, limits):
    rooms = sorted({name for name, _ in table} - {*LIBRARIES, UNNAMED})
    rows = [(name, table.get((name, True), [0] * 3) + table.get((name, False), [0] * 3))
            for name in [*rooms, *LIBRARIES, UNNAMED]]
    rows.append(("**all**", total(table, True) + total(table, False)))
    rows.append(("limit", [0, 0, 0, limits[0], 0, limits[1]]))
    text = "| | " + " | ".join(COLUMNS) + " |\n|---|" + "--:|" * len(COLUMNS) + "\n"
    for name, figures in rows:
        text += f"| {name} | " + " | ".join(f"{figure:,}" if figure else "" for figure in figures) + " |\n"
    return text


def figures(text):
    """The cells of a table by row and column."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]
    return {(row[0], column): int(cell.replace(",", "") or 0) for row in rows for column, cell in enumerate(row[1:])}


def misleading(published, measured):
    """What a reader would take wrong from the page."""
    for name, column in sorted(measured.keys() | published.keys()):
        said, found = published.get((name, column), 0), measured.get((name, column), 0)
        if abs(said - found) > max(found / 50, 512 if column % 3 == 2 else 20):
            yield f"docs/sizes.md: {name}: {COLUMNS[column]}: {said}, measured {found}"


def check(preset, table, limits, published):
    stays, errors = total(table, False), []
    for what, figure, limit in (("lines", stays[0], limits[0]), ("bytes", stays[2], limits[1])):
        if figure > limit:
            errors.append(f"{preset}: {figure} {what} stay, limit {limit} (arch/aarch64/limits.txt)")
    return errors + list(misleading(figures(published), figures(markdown(table, limits))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("builds", nargs="*", metavar="PRESET=DIR")
    parser.add_argument("--update", action="store_true", help="write docs/sizes.md")
    parser.add_argument("--check", action="store_true", help="compare with it, and with the limits")
    options = parser.parse_args()
    limits = read_limits()
    builds = dict(item.split("=", 1) for item in options.builds) or \
        {preset: path for preset in limits if os.path.exists(path := os.path.join(ROOT, "build", preset))}
    tables = {preset: measure(path) for preset, path in builds.items()}
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    published = {match[2]: match[3] for match in BLOCK.finditer(page)}
    errors = [error for preset, table in tables.items() if options.check
              for error in check(preset, table, limits[preset], published.get(preset, ""))]
    if options.update:
        page = BLOCK.sub(lambda match: match[1] + (markdown(tables[match[2]], limits[match[2]]) if match[2] in tables else match[3])
                         + match[4], page)
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(page)
    elif not options.check:
        for preset, table in tables.items():
            print(f"{preset}\n{markdown(table, limits[preset])}")
    for error in errors:
        print(error, file=sys.stderr)
    if errors:
        print("Where that is meant: bench/sizes.py --update, and say in the commit what grew and why.", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
