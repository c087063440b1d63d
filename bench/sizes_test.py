#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/sizes.py notices what it is there for."""
import unittest

import sizes

LIMITS = (1000, 50000)


def table(lines, size):
    return {("core/plan", True): [500, 10, 3000], ("core/trap", False): [lines, 20, size]}


class Sizes(unittest.TestCase):
    def errors(self, found, said):
        return sizes.check("aarch64", table(*found), LIMITS, sizes.markdown(table(*said), LIMITS))

    def test_what_is_published_is_right(self):
        self.assertEqual(self.errors((900, 40000), (900, 40000)), [])

    def test_a_little_off_misleads_nobody(self):
        self.assertEqual(self.errors((910, 40500), (900, 40000)), [])

    def test_off(self):
        errors = self.errors((900, 42000), (900, 40000))
        self.assertIn("docs/sizes.md: core/trap: bytes: 40000, measured 42000", errors)
        self.assertTrue(self.errors((940, 40000), (900, 40000)))

    def test_a_room_that_is_not_published(self):
        errors = sizes.check("aarch64", {**table(900, 40000), ("core/new", False): [30, 0, 0]}, LIMITS,
                             sizes.markdown(table(900, 40000), LIMITS))
        self.assertIn("docs/sizes.md: core/new: stays: lines: 0, measured 30", errors)

    def test_over_the_limit(self):
        self.assertEqual(self.errors((1001, 40000), (1001, 40000)), ["aarch64: 1001 lines stay, limit 1000 (arch/aarch64/limits.txt)"])
        self.assertEqual(self.errors((900, 50001), (900, 50001)), ["aarch64: 50001 bytes stay, limit 50000 (arch/aarch64/limits.txt)"])

    def test_the_list_of_the_boot_half(self):
        boots = sizes.boot_half()
        self.assertTrue(boots.search("core/plan/plan.c"))
        self.assertTrue(boots.search("core/config/machine.c"))
        self.assertFalse(boots.search("core/plan/plan_print.c"))
        self.assertFalse(boots.search("core/trap/trap.c"))


if __name__ == "__main__":
    unittest.main()
