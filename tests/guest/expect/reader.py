# SPDX-License-Identifier: Apache-2.0
"""What the guest programs print, for tests in Python: see README.md."""
import os
import re

FOLDER = os.path.dirname(os.path.realpath(__file__))


def pattern_of(line):
    """One line of a file as a regular expression for whole lines."""
    repeat = line[0] if line[0] in "+?" else ""
    text = re.escape(line[1:] if repeat else line).replace(r"\*", ".*").replace(r"\?", ".")
    return f"(?:{text}\n){repeat}"


def whole(lines):
    """Without what the screen shows of a line before its end has come: the keyboard's owner is shown what it has not finished
    after a while, and all of the line again if another domain printed meanwhile. On a busy machine a pause may come anywhere."""
    return [line for line, following in zip(lines, lines[1:] + [None])
            if following is None or not line or not following.startswith(line)]


def matches(program, lines):
    """Whether @lines are what @program prints, no more and no less."""
    with open(os.path.join(FOLDER, program + ".txt"), encoding="utf-8") as file:
        pattern = "".join(pattern_of(line) for line in file.read().splitlines())
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None
