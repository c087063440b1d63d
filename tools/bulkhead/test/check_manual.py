#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The manual page and --help must name the same options and commands.

    check_manual.py BULKHEAD MANUAL
"""
import re
import subprocess
import sys


def main():
    text = subprocess.run([sys.argv[1], "--help"], check=True, stdout=subprocess.PIPE, text=True, timeout=30).stdout
    with open(sys.argv[2], encoding="utf-8") as file:
        manual = file.read().replace("\\-", "-")
    helped = set(re.findall(r"^  (?:-\w, )?(--[a-z-]+)", text, re.M)) | set(re.findall(r"^  (-\w), --", text, re.M))
    options = manual[manual.index(".SH OPTIONS"):manual.index(".SH EXIT STATUS")]
    # An option's heading is the line after .TP
    headings = re.findall(r"^\.TP\n(.*)$", options, re.M)
    described = set(re.findall(r"(?<![\w-])(--?[a-z][a-z-]*)", " ".join(headings)))
    commands = set(re.findall(r"^  ([a-z-]+) (?:SYSTEM|HOST)", text, re.M))
    sections = set(re.findall(r"^\.TP\n\.B ([a-z-]+)$", manual[manual.index(".SH COMMANDS"):manual.index(".SH OPTIONS")], re.M))
    failed = False
    for what, left, right in (("options", helped, described), ("commands", commands, sections)):
        if not left or left != right:
            print(f"{what}: only in --help: {sorted(left - right)}, only in the manual: {sorted(right - left)}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
