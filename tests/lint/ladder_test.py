#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That tests/lint/ladder.py finds each kind of breach."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent


class Ladder(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bulkhead-ladder-")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.write("core/README.md", "# core\n\n## The ladder\n\n    low | middle\n    high\n\nWords.\n\n    another block\n")
        self.write("core/low/low.h", "")
        self.write("core/middle/middle.c", '#include <stdint.h>\n#include "low/low.h"\n#include "middle/middle.h"\n')
        self.write("core/high/high.c", '#include "low/low.h"\n')

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def breaches(self):
        result = subprocess.run([sys.executable, "-B", HERE / "ladder.py", self.root], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        lines = [line for line in result.stdout.splitlines() if line][:-1]
        self.assertEqual(result.returncode, 1 if lines else 0)
        return lines

    def test_none(self):
        self.assertEqual(self.breaches(), [])

    def test_climb(self):
        self.write("core/low/low.c", '#include "low/low.h"\n  # include "high/high.h"\n')
        [line] = self.breaches()
        self.assertTrue(line.startswith("core/low/low.c:2: includes high/high.h, which climbs"), line)

    def test_known_climb(self):
        self.write("core/low/low.c", '#include "high/high.h"\n')
        self.write("tests/lint/ladder.txt", "# words\nlow/low.c high/high.h\n")
        self.assertEqual(self.breaches(), [])

    def test_climb_that_is_gone(self):
        self.write("tests/lint/ladder.txt", "# words\nlow/low.c high/high.h\n")
        self.assertEqual(self.breaches(), ["tests/lint/ladder.txt:2: low/low.c high/high.h does not climb any more: remove the line"])

    def test_room_without_a_place(self):
        self.write("core/new/new.c", "")
        self.assertTrue(self.breaches()[0].startswith("core/new: is not on the ladder"))

    def test_place_without_a_room(self):
        (self.root / "core/high/high.c").unlink()
        self.assertEqual(self.breaches(), ["core/README.md: high is on the ladder, but there is no such room"])


if __name__ == "__main__":
    unittest.main()
