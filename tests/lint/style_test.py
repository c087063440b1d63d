#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That tests/lint/style.py finds each kind of breach, and says where and what mends it."""
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TAG = "// SPDX-License-Identifier: Apache-2.0\n"
GOOD = TAG + "int f(void);\nint f(void)\n{\n    return 1;\n}\n"


class Style(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="bulkhead-style-")
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        shutil.copy(ROOT / ".clang-format", self.root)
        for folder in ("core/room", "arch", "bench", "tests", "tools"):
            (self.root / folder).mkdir(parents=True)
        self.write("core/room/README.md", "<!-- SPDX-License-Identifier: Apache-2.0 -->\n")
        self.write("core/room/good.c", GOOD)

    def write(self, name, text):
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text)

    def breaches(self):
        result = subprocess.run([sys.executable, "-B", HERE / "style.py", self.root], stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        *lines, figures = result.stdout.splitlines()
        self.assertTrue(figures.endswith(f"{len(lines)} breaches"), figures)
        self.assertEqual(result.returncode, 1 if lines else 0)
        return lines

    def test_none(self):
        self.assertEqual(self.breaches(), [])

    def test_format(self):
        self.write("core/room/bad.c", GOOD.replace("    return", "  return") + "int  x;\n\nint y ;\n")
        self.assertEqual(self.breaches(), ["core/room/bad.c:4: not as clang-format has it (also 7, 9); clang-format -i core/room/bad.c"])
        subprocess.run(["clang-format", "-i", "core/room/bad.c"], cwd=self.root, check=True, timeout=60)
        self.assertEqual(self.breaches(), [])

    def test_no_format_at_all(self):
        self.write(".clang-format", "BasedOnStyle: Nobody\n")
        self.assertRegex(self.breaches()[0], r"^\.clang-format:1: clang-format fails: ")

    def test_long_function(self):
        self.write("arch/long.c", TAG + "int f(void);\nint f(void)\n{\n" + "    f();\n" * 61 + "}\n")
        self.assertEqual(self.breaches(), ["arch/long.c:4: a function of 61 lines, at most 60; split it"])

    def test_long_file(self):
        self.write("tools/long.h", TAG + "int x;\n" * 600)
        self.assertRegex(self.breaches()[0], r"^tools/long\.h:601: 601 lines, at most 600; ")

    def test_assembly(self):
        self.write("core/room/asm.c", GOOD.replace("return 1;", '__asm__("nop");\n    return 1;'))
        self.assertRegex(self.breaches()[0], r"^core/room/asm\.c:5: assembly in core; ")

    def test_room(self):
        self.write("core/other/good.c", GOOD)
        self.assertRegex(self.breaches()[0], r"^core/other/README\.md:1: is not there; ")

    def test_licence(self):
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True, timeout=60)
        self.write("core/room/none.c", GOOD.replace(TAG, ""))
        self.write("tools/none.py", "")
        subprocess.run(["git", "add", "core", "tools"], cwd=self.root, check=True, timeout=60)
        self.assertEqual(self.breaches(), ["core/room/none.c:1: names no licence; add // SPDX-License-Identifier: Apache-2.0",
                                           "tools/none.py:1: names no licence; add # SPDX-License-Identifier: Apache-2.0"])


if __name__ == "__main__":
    unittest.main()
