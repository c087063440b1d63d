# SPDX-License-Identifier: Apache-2.0
"""All mutations that the kinds know for a tree, a draw of them by seed, and those that are argued to be none."""
import dataclasses
import hashlib
import random
import re

from kinds import KINDS, macro
from source import Source

MATTER = {"core": "core/*/*.c", "arch": "arch/aarch64/*.c"}


class EquivalentsError(Exception):
    """The file of equivalents is wrong."""


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One change: text[start:end] of @file becomes @text."""
    file: str
    function: str
    kind: str
    start: int
    end: int
    text: str
    old: tuple  # the lines that change, and what they become
    new: tuple
    line: int
    key: str

    @property
    def room(self):
        return "arch/aarch64" if self.file.startswith("arch/") else self.file.split("/")[1]

    def apply(self, text):
        return text[:self.start] + self.text + text[self.end:]

    def diff(self):
        """For people to read, and for patch."""
        return "\n".join([f"--- a/{self.file}", f"+++ b/{self.file}", f"@@ -{self.line},{len(self.old)} +{self.line},{len(self.new)} @@ {self.function}",
                          *["-" + line for line in self.old], *["+" + line for line in self.new]])


def squeezed(lines):
    return "\n".join(filter(None, (re.sub(r"\s+", " ", line).strip() for line in lines)))


def key_of(file, function, old, new):
    """Stays the same while the function's name and the lines that change do."""
    return hashlib.sha256("\0".join((file, function, squeezed(old), squeezed(new))).encode()).hexdigest()[:12]


def changed_lines(text, start, end, replacement):
    """@return (number of the first line, lines, what they become)"""
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", end)
    old = text[first:last].split("\n")
    new = (text[first:start] + replacement + text[end:last]).split("\n")
    return text.count("\n", 0, start) + 1, old, [line.rstrip() for line in new]


def changes(source):
    """(kind, function's name, start, end, text) of all that the kinds know for one file"""
    for function in source.functions:
        if function.first <= function.last:
            for kind, (generate, _) in KINDS.items():
                for change in generate(source, function):
                    yield (kind, function.name, *change)
    for name, tokens in source.macros:
        for kind, *change in macro(tokens):
            yield (kind, name, *change)


def mutants_of(name, text):
    """All of one file, without those that two kinds know. Two places that look the same get a number."""
    found, keys = {}, {}
    for kind, function, start, end, replacement in changes(Source(name, text)):
        mutated = (start, end, replacement)
        if mutated in found or text[start:end] == replacement:
            continue
        line, old, new = changed_lines(text, start, end, replacement)
        key = key_of(name, function, old, new)
        keys[key] = keys.get(key, 0) + 1
        if keys[key] > 1:
            key += f"-{keys[key]}"
        found[mutated] = Mutant(name, function, kind, start, end, replacement, tuple(old), tuple(new), line, key)
    return list(found.values())


def all_mutants(root, rooms=()):
    """Those of the tree below @root; of the @rooms, if any are given."""
    mutants = []
    for pattern in MATTER.values():
        for path in sorted(root.glob(pattern)):
            mutants += mutants_of(str(path.relative_to(root)), path.read_text(encoding="utf-8"))
    return [mutant for mutant in mutants if not rooms or mutant.room in rooms]


def draw(mutants, seed):
    """Endless but for the end of them: a kind by its weight, a place in all the code evenly, one of the changes there. Without repeating."""
    chance = random.Random(seed)
    left = {kind: {} for kind in KINDS}
    for mutant in mutants:
        left[mutant.kind].setdefault((mutant.file, mutant.start), []).append(mutant)
    while any(left.values()):
        kind = chance.choices(list(KINDS), [weight if left[name] else 0 for name, (_, weight) in KINDS.items()])[0]
        place = chance.choice(sorted(left[kind]))
        at = left[kind][place]
        yield at.pop(chance.randrange(len(at)))
        if not at:
            del left[kind][place]


def read_equivalents(path):
    """@return key -> why it is no bug. An entry: "[key] file function", lines of "-" and "+" for people, and the reason."""
    reasons, key = {}, None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        header = re.fullmatch(r"\[([0-9a-f]{12}(?:-\d+)?)\] \S+ \w+", line)
        if header:
            key = header[1]
            if key in reasons:
                raise EquivalentsError(f"{path.name}:{number}: a second [{key}]")
            reasons[key] = ""
        elif line and line[0] not in "#-+":
            if key is None:
                raise EquivalentsError(f"{path.name}:{number}: text before the first [key]")
            reasons[key] = (reasons[key] + " " + line).strip()
    for key, reason in reasons.items():
        if len(reason) < 20:
            raise EquivalentsError(f"{path.name}: [{key}] says not why it changes nothing")
    return reasons


def stale(equivalents, mutants):
    """The keys that no mutation of the tree has any more."""
    return sorted(set(equivalents) - {mutant.key for mutant in mutants})
