#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""That the budgets bite: bench/budgets.py finds what it is for, and docs/performance.md cannot be older than its figures."""
import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stdout

sys.dont_write_bytecode = True
import budgets  # noqa: E402
import lab  # noqa: E402
import measure  # noqa: E402
import page  # noqa: E402
import store  # noqa: E402

HVC = ("exits", "hvc", "v2-1")
COST = measure.Figure(1000, 2000, 20, 10, {"trap_handle": 600, "psci_call": 400}, {})


def report(budget, found, key=HVC):
    return budgets.compare({} if budget is None else {key: budget}, {} if found is None else {key: found})


class Compare(unittest.TestCase):
    def test_the_same_is_no_news(self):
        self.assertEqual(report(COST, COST), [])

    def test_noise_is_tolerated(self):
        self.assertEqual(report(COST, COST._replace(median=1010, worst=1980, code=26, data=4)), [])
        small = measure.Figure(100, None, None, None, {}, {})
        self.assertEqual(report(small, small._replace(median=103)), [])
        self.assertTrue(report(small, small._replace(median=104)))

    def test_dearer_names_the_functions(self):
        lines = report(COST, COST._replace(median=1011, functions={"trap_handle": 605, "psci_call": 400, "vgic_sync": 6}))
        self.assertIn("DEARER", lines[0])
        self.assertIn("hvc v2-1: median 1011, budget 1000 (+11, +1.1 %)", lines[0])
        self.assertEqual([line.split() for line in lines[2:]], [["vgic_sync", "0", "6", "+6"], ["trap_handle", "600", "605", "+5"]])

    def test_a_dear_worst_case_names_its_functions(self):
        lines = report(COST, COST._replace(worst=3000, most={"screen_show": 2500, "trap_handle": 500}))
        self.assertIn("DEARER", lines[0])
        self.assertIn("screen_show", lines[2])

    def test_cheaper_is_to_be_lowered(self):
        lines = report(COST, COST._replace(median=900))
        self.assertIn("cheaper", lines[0])
        self.assertIn("lower it", lines[0])
        self.assertEqual(len(lines), 1)

    def test_more_lines_of_memory(self):
        self.assertIn("DEARER   hvc v2-1: code 27, budget 20", report(COST, COST._replace(code=27))[0])

    def test_nothing_comes_or_goes_unseen(self):
        self.assertIn("MISSING", report(COST, None)[0])
        self.assertIn("new", report(None, COST)[0])
        self.assertIn("CHANGED", report(COST, COST._replace(worst=None))[0])

    def test_a_kernel_of_another_week(self):
        key = ("linux", "linux-hypervisor", "v2")
        boot = measure.single(7000000)
        self.assertEqual(report(boot, measure.single(7300000), key), [])
        self.assertTrue(report(boot, measure.single(7400000), key))

    def test_the_exit_status(self):
        with redirect_stdout(io.StringIO()):
            self.assertEqual(budgets.check({HVC: COST}, {HVC: COST}, ["exits"]), 0)
            self.assertEqual(budgets.check({HVC: COST}, {HVC: COST._replace(median=2000)}, ["exits"]), 1)
            self.assertEqual(budgets.check({HVC: COST}, {}, ["exits"]), 1)
            self.assertEqual(budgets.check({HVC: COST}, {}, ["boot"]), 0)


class Steady(unittest.TestCase):
    def test_a_median_of_many_and_the_worst(self):
        samples = [lab.Sample(count, 1, 2, {"f": count}) for count in (700, 1000, 990, 1000, 1000, 4000)]
        self.assertEqual(measure.steady(samples)[:2], (1000, 4000))
        self.assertEqual(measure.steady(samples).most, {"f": 4000})

    def test_the_plugins_lines(self):
        run = lab.Run(["marker 0xb001 12", "window 1 30 4 5 f=10 g=15 g=5", "stay 0 90 f=90", "all 120 f=120", "end 0 150"])
        self.assertEqual(run.marks[lab.MARK_FIRST], [12])
        self.assertEqual(run.windows[1], [lab.Sample(30, 4, 5, {"f": 10, "g": 20})])
        self.assertEqual((run.longest_stay.count, run.all.count), (90, 120))


class Files(unittest.TestCase):
    def test_what_is_written_is_read(self):
        figures = store.read_figures()
        self.assertGreater(len(figures), 100)
        here = store.ROOT
        with tempfile.TemporaryDirectory() as directory:
            os.makedirs(os.path.join(directory, store.RESULTS))
            store.ROOT = directory
            try:
                store.write_figures(figures)
                self.assertEqual(store.read_figures(), figures)
            finally:
                store.ROOT = here

    def test_each_figure_has_a_description_and_a_place(self):
        text = page.made(page.read())
        for group, figure, _ in store.read_figures():
            self.assertIn(group, measure.GROUPS)
            if not figure.startswith(("guest-", "host-")):  # shown as differences
                self.assertIn(measure.description(figure), text)

    def test_an_old_page_is_found(self):
        text = page.read()
        self.assertEqual(page.made(text), text)
        for old in (text.replace("| HVC PSCI_VERSION | ", "| HVC PSCI_VERSION | 1", 1), text.replace("<!-- table: memory -->", "")):
            page_read, page.read = page.read, lambda old=old: old
            try:
                self.assertEqual(page.check(), 1)
            finally:
                page.read = page_read


if __name__ == "__main__":
    unittest.main()
