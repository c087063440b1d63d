"""What the guest programs print, for tests in Python: see README.md."""
import os
import re

FOLDER = os.path.dirname(os.path.realpath(__file__))


def pattern_of(line):
    """One line of a file as a regular expression for whole lines."""
    repeat = line[0] if line[0] in "+?" else ""
    text = re.escape(line[1:] if repeat else line).replace(r"\*", ".*").replace(r"\?", ".")
    return f"(?:{text}\n){repeat}"


def matches(program, lines):
    """Whether @lines are what @program prints, no more and no less."""
    with open(os.path.join(FOLDER, program + ".txt"), encoding="utf-8") as file:
        pattern = "".join(pattern_of(line) for line in file.read().splitlines())
    return re.fullmatch(pattern, "".join(line + "\n" for line in lines)) is not None
