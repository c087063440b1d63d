#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Checks that each file of the tree that a document names is there: links, and paths in backticks. Words in capitals stand for a name."""
import glob
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
TOP = ("core/", "arch/", "tests/", "tools/", "docs/", "bench/")


def documents():
    for pattern in ("*.md", "docs/*.md", "core/**/*.md", "arch/**/*.md", "tests/**/*.md", "tools/**/*.md", "bench/**/*.md"):
        for path in glob.glob(os.path.join(ROOT, pattern), recursive=True):
            yield os.path.relpath(path, ROOT)


def alternatives(path):
    """a{b,c} -> ab, ac"""
    match = re.search(r"\{([^{}]*)\}", path)
    if not match:
        return [path]
    return [found for part in match[1].split(",") for found in alternatives(path[:match.start()] + part + path[match.end():])]


def pattern_of(path):
    """What may stand for NAME or ROOM, in a path or a part of one."""
    return re.sub(r"[A-Z]{3,}", "*", path) if not re.search(r"README|LICENSE|CONTRIBUTING|CMake", path) else path


def named(line):
    """Paths that a line names: below the root, and those of its links, below the document's folder."""
    for text in re.findall(r"`([^`]*)`", line):
        word = text.split(" ")[0].split(":")[0]
        if word.startswith(TOP) and "<" not in word and "..." not in word:
            yield "", word
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", line):
        yield "link", link


def missing(document):
    with open(os.path.join(ROOT, document), encoding="utf-8") as file:
        lines = file.read().split("\n")
    for number, line in enumerate(lines, 1):
        for kind, path in named(line):
            places = [os.path.dirname(document)] if kind else ["", "core"]  # core is an include root
            for one in alternatives(path):
                if not any(glob.glob(os.path.join(ROOT, place, pattern_of(one).rstrip("/"))) for place in places):
                    yield f"{document}:{number}: names {path}, which is not there; name what took its place, or take the words out"


def main():
    breaches = sorted({breach for document in documents() for breach in missing(document)})
    print("\n".join(breaches) or "all files that documents name are there")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
