#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generator of mutations on small sources: what each kind makes, keys, the draw, equivalents; and on all of the tree, that it reads it."""
import collections
import itertools
import pathlib
import tempfile
import unittest

import generate
import lab
import run
import sample
from generate import EquivalentsError, all_mutants, draw, mutants_of, read_equivalents, stale
from kinds import KINDS
from lab import ROOT
from source import Source


def body(*lines, head="void f(struct cpu *cpu, struct cpu *other)"):
    return head + "\n{\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


def made(kind, text):
    """What one kind makes of a file: the lines that differ, squeezed."""
    return sorted(generate.squeezed(mutant.new) for mutant in mutants_of("core/room/file.c", text) if mutant.kind == kind)


class Kinds(unittest.TestCase):
    def test_drop(self):
        text = body("if (cpu->off)", "    return;", "while (other->busy)", "    step(other);", "int x = 3;", "cpu->x = x;")
        self.assertEqual(made("drop", text), ["", "", ";"])
        self.assertNotIn("int x", "".join(made("drop", text)))

    def test_swap(self):
        self.assertEqual(made("swap", body("first(cpu);", "second(other, 1);")), ["second(1, other);", "second(other, 1);\nfirst(cpu);"])
        self.assertEqual(made("swap", "static const int table[] = {1, 2, 3};\n"),
                         ["static const int table[] = {1, 3, 2};", "static const int table[] = {2, 1, 3};"])

    def test_condition(self):
        self.assertEqual(made("condition", body("if (a < b && c)", "    f();")),
                         ["if (!(a < b && c))", "if (a < b || c)", "if (a <= b && c)", "if (c)"])
        self.assertEqual(made("condition", body("if (!cpu->off)", "    f();")), ["if (cpu->off)"])

    def test_off_by_one(self):
        self.assertEqual(made("off-by-one", body("x = list[i + 1] << 0x10;")),
                         ["x = list[i + 0] << 0x10;", "x = list[i + 1 + 1] << 0x10;", "x = list[i + 1] << 0x11;", "x = list[i + 1] << 0xf;",
                          "x = list[i + 2] << 0x10;", "x = list[i ] << 0x10;"])
        self.assertEqual(made("off-by-one", "#define REGISTER 0x18 /* 4.3 */\n"), ["#define REGISTER 0x17 /* 4.3 */", "#define REGISTER 0x19 /* 4.3 */"])

    def test_unit(self):
        self.assertEqual(made("unit", body("x = y * 1000;")), ["x = y * 2000;", "x = y * 500;", "x = y ;"])
        self.assertEqual(made("unit", body("x = align_up(y, PAGE_SIZE);")), ["x = align_up(y, BLOCK_SIZE);"])

    def test_width(self):
        self.assertIn("uint32_t x = y;", made("width", body("uint64_t x = y;")))
        self.assertIn("return (uint32_t)(x + 1);", made("width", body("return x + 1;", head="uint64_t f(void)")))

    def test_other(self):
        self.assertEqual(made("other", body("cpu->x = 1;")), ["other->x = 1;"])
        self.assertIn("wake(other, list[0]);", made("other", body("wake(other, list[other->id]);")))
        self.assertIn("x = 0u;", made("other", body("x = arch_cpu_id();")))

    def test_lock(self):
        text = body("arch_spin_lock(&cpu->lock);", "cpu->x = 1;", "arch_spin_unlock(&cpu->lock);", "x = load_acquire(&cpu->y);")
        self.assertEqual(made("lock", text), ["", "", "cpu->x = 1;", "x = load_relaxed(&cpu->y);"])

    def test_reset(self):
        text = body("cpu->x = 0;", "g((struct a){.b = 1, .c = 2});", head="void cpu_reset(struct cpu *cpu)")
        # the assignment itself is drop's: a change is one mutation, however many kinds know it
        self.assertEqual(made("reset", text), ["g((struct a){ .c = 2});", "g((struct a){.b = 1, });"])

    def test_gic(self):
        self.assertEqual(made("gic", body("if (version == GIC_V2)", "    f();")), ["if (version == GIC_V3)"])

    def test_undo(self):
        text = body("if (open(cpu) != HV_OK) {", "    close(cpu);", "    report(cpu);", "    return HV_E_NOMEM;", "}", "HV_TRY(next(cpu));")
        self.assertIn("(void)(next(cpu));", made("undo", text))
        self.assertIn("return HV_OK;", made("undo", text))

    def test_strings_and_comments_stay(self):
        text = body('print("1 < 2 && x"); // 3 < 4', "/* 5 */")
        self.assertEqual([mutant.kind for mutant in mutants_of("core/room/file.c", text)], ["drop"])


class Keys(unittest.TestCase):
    def key_of(self, text):
        return {mutant.key for mutant in mutants_of("core/room/file.c", text) if mutant.kind == "condition"}

    def test_stay_when_others_move(self):
        line = "if (a < b)"
        first = self.key_of(body(line, "    g();"))
        self.assertEqual(first, self.key_of("/* more */\n\n" + body("h();", line, "    k();")))
        self.assertNotEqual(first, self.key_of(body("if (a < c)", "    g();")))
        self.assertNotEqual(first, self.key_of(body(line, "    g();", head="void k(void)")))

    def test_of_two_that_look_the_same(self):
        keys = [mutant.key for mutant in mutants_of("core/room/file.c", body("g(cpu);", "x = 1;", "g(cpu);")) if mutant.kind == "drop"]
        self.assertEqual(len(set(keys)), 3)
        self.assertTrue(any(key.endswith("-2") for key in keys))


class Draw(unittest.TestCase):
    def setUp(self):
        self.mutants = all_mutants(ROOT)

    def test_the_same_for_a_seed(self):
        def first(seed):
            return [mutant.key for mutant in itertools.islice(draw(self.mutants, seed), 100)]
        self.assertEqual(first(1), first(1))
        self.assertNotEqual(first(1), first(2))

    def test_no_mutation_twice_and_none_left_out(self):
        few = [mutant for mutant in self.mutants if mutant.file in ("core/trace/trace.c", "core/drivers/gic.c")]
        self.assertEqual(sorted(mutant.key for mutant in draw(few, 3)), sorted(mutant.key for mutant in few))

    def test_by_weight(self):
        drawn = collections.Counter(mutant.kind for mutant in itertools.islice(draw(self.mutants, 4), 1000))
        whole = sum(weight for _, weight in KINDS.values())
        for kind, (_, weight) in KINDS.items():
            self.assertAlmostEqual(drawn[kind] / 1000, weight / whole, delta=0.05, msg=kind)


class Tree(unittest.TestCase):
    def test_every_file_is_read(self):
        """Each function is found, each room has mutations, and none changes the number of lines."""
        mutants = all_mutants(ROOT)
        rooms = {path.parent.name for path in ROOT.glob("core/*/*.c")}
        self.assertEqual({mutant.room for mutant in mutants}, rooms | {"arch/aarch64"})
        self.assertEqual({mutant.kind for mutant in mutants}, set(KINDS))
        self.assertEqual(len({mutant.key for mutant in mutants}), len(mutants))
        for mutant in mutants:
            self.assertEqual(len(mutant.old), len(mutant.new), mutant.diff())
        for path in ROOT.glob("core/*/*.c"):
            text = path.read_text(encoding="utf-8")
            functions = [function for function in Source(path.name, text).functions if function.kind == "function"]
            self.assertEqual(len(functions), sum(line == "{" for line in text.split("\n")), path.name)

    def test_texts_are_what_the_diffs_say(self):
        name = "core/sched/sched.c"
        text = (ROOT / name).read_text(encoding="utf-8")
        for mutant in mutants_of(name, text):
            before, after = text.split("\n"), mutant.apply(text).split("\n")
            place = slice(mutant.line - 1, mutant.line - 1 + len(mutant.old))
            self.assertEqual(tuple(before[place]), mutant.old)
            self.assertEqual(tuple(line.rstrip() for line in after[place]), mutant.new)


class Equivalents(unittest.TestCase):
    def read(self, text):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "equivalents.txt"
            path.write_text(text, encoding="utf-8")
            return read_equivalents(path)

    def test_read(self):
        text = "# comment\n[0123456789ab] core/room/file.c f\n-a < b\n+a <= b\nThe two are never equal:\nsee g().\n"
        self.assertEqual(self.read(text), {"0123456789ab": "The two are never equal: see g()."})

    def test_without_a_reason(self):
        with self.assertRaisesRegex(EquivalentsError, r"\[0123456789ab\] says not why"):
            self.read("[0123456789ab] core/room/file.c f\n-a\n+b\n")

    def test_stale(self):
        mutants = mutants_of("core/room/file.c", body("if (a < b)", "    f();"))
        self.assertEqual(stale({mutants[0].key: "why", "0123456789ab": "why"}, mutants), ["0123456789ab"])


class Broken(unittest.TestCase):
    """A test that fails without any mutation is an error that says what to mend."""

    def lab(self, script):
        found = lab.Lab(pathlib.Path("."), 1)
        found.tests = [lab.Test({"name": "unit-x", "command": ["sh", "-c", script]}, found.build)]
        return found

    def test_says_what_it_printed(self):
        found = self.lab("echo first line; echo 'test_x.c:12:F:case:which_one:0: 3 is not 4'; exit 1")
        with self.assertRaisesRegex(lab.LabError, r"(?s)unit-x fails without any mutation: which_one; .*first line\n.*3 is not 4"):
            found.first_failure(found.tests, found.build)
        self.assertEqual(len(found.baseline()), 1)

    def test_one_that_works_says_nothing(self):
        found = self.lab("exit 0")
        self.assertIsNone(found.first_failure(found.tests, found.build))
        self.assertEqual(found.baseline(), [])

    def test_the_others_are_decided(self):
        sampler = sample.Sampler(None, None, None)
        found = self.lab("exit 3")
        for _ in range(2):
            self.assertEqual(sampler.first_failure(lambda: found.first_failure(found.tests, found.build)), "time")
        self.assertEqual(len(sampler.broken), 1)
        self.assertEqual(sampler.first_failure(lambda: "unit-y: case"), "unit-y: case")


class Scores(unittest.TestCase):
    def test_add_up(self):
        """Only what was decided counts; a room is a line; QEMU's part is of what the host tests let through and of arch."""
        rows = [{"room": room, "host": host, "qemu": qemu} for room, host, qemu in (
            ("mem", "caught", ""), ("mem", "survived", "caught"), ("mem", "time", ""), ("vcpu", "survived", "survived"), ("arch/aarch64", "", "caught"))]
        self.assertEqual(sample.scores(rows), {"mem": (1, 2, 2, 2), "vcpu": (0, 1, 0, 1), "arch/aarch64": (0, 0, 1, 1), "all": (1, 3, 3, 4)})


class Table(unittest.TestCase):
    def test_says_which_entry_and_what_to_do(self):
        mutation = run.Mutation("name", 7)
        mutation.file, mutation.original, mutation.replacement = "core/sched/sched.c", ["    while (*link == NULL)"], [""]
        with self.assertRaisesRegex(run.TableError, r"mutations\.txt:7: \[name\] core/sched/sched\.c has no such text any more.* change the '-' and '\+' lines .*"
                                                    r"Nearest: core/sched/sched\.c:\d+: while \(\*link != NULL\)"):
            mutation.apply((ROOT / mutation.file).read_text(encoding="utf-8"))
        mutation.original = ["    while (*link != NULL)"]
        with self.assertRaisesRegex(run.TableError, r"has this text 2 times.* Add a line"):
            mutation.apply((ROOT / mutation.file).read_text(encoding="utf-8"))


if __name__ == "__main__":
    unittest.main()
