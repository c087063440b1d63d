# SPDX-License-Identifier: Apache-2.0
"""The example of docs/zynqmp.md: its commands, run as they are printed there, and the files that they must write."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
DOCUMENT = os.path.join(ROOT, "docs", "zynqmp.md")


def block(beginning):
    """The indented block of the document whose first line begins so, without its indentation."""
    with open(DOCUMENT, encoding="utf-8") as file:
        blocks = re.findall(r"(?:^(?: {4}.*)?\n)+", file.read(), re.M)
    blocks = ["\n".join(line[4:] for line in text.strip("\n").split("\n")) + "\n" for text in blocks]
    found = [text for text in blocks if text.startswith(beginning)]
    if len(found) != 1:
        raise ValueError(f"docs/zynqmp.md has {len(found)} blocks that begin with \"{beginning}\", not one")
    return found[0]


def run(commands, folder, timeout=300):
    """Runs a block of commands in @folder; returns what they print."""
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=folder, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, timeout=timeout, check=False)
    if result.returncode != 0:
        raise ValueError(f"the commands of docs/zynqmp.md end with {result.returncode}:\n{commands}{result.stdout}")
    return result.stdout


def make(folder, source):
    """Makes the document's system in @folder/system, to be booted from @source."""
    make_initramfs, make_system = "tools/make_initramfs.py", "tools/make_system.py"
    commands = block(make_initramfs)
    if make_system not in commands or "--boot-from sd" not in commands:
        raise ValueError("docs/zynqmp.md: the example does not make a system for an SD card")
    return run(commands.replace("--boot-from sd", f"--boot-from {source}"), folder)
