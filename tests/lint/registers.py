#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares docs/registers.md with core/arch/vcpu_registers.h: the same registers are switched by that list, by the same encoding."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def in_the_list():
    """name -> encoding. A debug register that exists several times has the number in its name."""
    text = read("core", "arch", "vcpu_registers.h")
    found = re.findall(r"X\((\w+), \w+, (\d+), (\d+), (\d+), (\d+), (\d+)\)", text)
    return {name: f"S{op0}_{op1}_C{crn}_C{crm}_{op2}" for name, op0, op1, crn, crm, op2 in found}


def on_the_page():
    rows = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in read("docs", "registers.md").splitlines()]
    return {row[1]: row[2] for row in rows if len(row) == 7 and row[5].startswith("vcpu_registers.h")}


def main():
    registers, documented = in_the_list(), on_the_page()
    findings = [f"{name}: {registers.get(name, 'not')} in core/arch/vcpu_registers.h, {documented.get(name, 'not')} in docs/registers.md"
                for name in sorted(registers.keys() | documented.keys()) if registers.get(name) != documented.get(name)]
    if len(registers) < 20:
        findings.append("core/arch/vcpu_registers.h: the list was not found")
    print("\n".join(findings))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
