#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""BULKHEAD_PARTS as core/parts/parts.cmake reads it: which items it takes, what it compiles then, and what it says of the others."""
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PROJECT = f"""cmake_minimum_required(VERSION 3.22)
project(list NONE)
set(PROJECT_SOURCE_DIR {ROOT})
include({ROOT}/core/parts/parts.cmake)
bulkhead_parts(sources ${{CMAKE_BINARY_DIR}}/part_table.c ${{BULKHEAD_PARTS}})
message(STATUS "sources: ${{sources}}")
"""


class Parts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        with open(self.path("CMakeLists.txt"), "w", encoding="utf-8") as file:
            file.write(PROJECT)

    def path(self, *names):
        return os.path.join(self.folder.name, *names)

    def part(self, name):
        """A folder of somebody else's."""
        os.makedirs(self.path(name))
        with open(self.path(name, "part.c"), "w", encoding="utf-8"):
            pass
        return self.path(name)

    def configure(self, *items):
        """The status, and all that is printed, in one line."""
        result = subprocess.run(["cmake", "-S", self.folder.name, "-B", self.path("build"), "-DBULKHEAD_PARTS=" + ";".join(items)],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        return result.returncode, " ".join(result.stdout.split())

    def takes(self, *items):
        """@return the table, and the sources"""
        status, text = self.configure(*items)
        self.assertEqual(status, 0, text)
        with open(self.path("build", "part_table.c"), encoding="utf-8") as file:
            return file.read(), text

    def refuses(self, message, *items):
        status, text = self.configure(*items)
        self.assertNotEqual(status, 0, text)
        self.assertIn(message, text)

    def test_names_and_paths(self):
        mine = self.part("my_part2")
        table, text = self.takes("vgic", "tests/parts/scratch", mine)
        self.assertIn("{&my_part2_part, &scratch_part, &vgic_part, NULL}", table)
        self.assertIn('{"vpl011", "vpl011"}', table)  # which this build has not
        for source in f"{ROOT}/core/parts/vgic/part.c", f"{ROOT}/tests/parts/scratch/part.c", f"{mine}/part.c":
            self.assertIn(source, text)

    def test_a_path_may_end_in_a_slash(self):
        self.assertIn("&mine_part", self.takes("vgic", self.part("mine") + "/")[0])

    def test_a_name_is_a_word_of_c(self):
        for name in "my-part", "2nd", "Mine", "_mine", "a.b":
            self.refuses(f'"{self.part(name)}": the name of a part\'s folder is a small letter, then small letters, digits and _',
                         "vgic", self.path(name))

    def test_what_is_not_there(self):
        self.refuses(f"there is no part in {ROOT}/core/parts/nothing", "vgic", "nothing")
        self.refuses(f"there is no part in {self.path('nothing')}", "vgic", self.path("nothing"))

    def test_twice(self):
        self.refuses('there is a part "vgic" in the list already', "vgic", "core/parts/vgic")

    def test_at_most_eight(self):
        eight = ["vgic"] + [self.part(f"part{number}") for number in range(7)]
        self.takes(*eight)
        self.refuses("BULKHEAD_PARTS: 9 parts, at most 8 (HV_MAX_PARTS)", *eight, self.part("part7"))


if __name__ == "__main__":
    sys.exit(unittest.main())
