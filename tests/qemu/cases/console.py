# SPDX-License-Identifier: Apache-2.0
"""One UART for all: whole lines with their owner's name, one keyboard that moves."""
import re

from lab import CTRL_A3, case, check, check_equal


@case(timeout=120)
def keyboard(lab):
    """What is typed goes to one domain; three Ctrl-A move it on, around to the hypervisor's own console and its keys."""
    system = lab.system([lab.guest_domain("echo", name="first"), lab.guest_domain("echo", name="second")])
    board = lab.boot(system)
    board.expect_all([r"first: echo: ready", r"second: echo: ready", r"first: echo> "])
    board.send_line("good morning")
    board.expect(r'first: echo: got "good morning"')
    board.send(CTRL_A3)
    board.expect(r"bulkhead: keyboard -> second")
    board.expect(r"second: echo> ")
    board.send_line("good evening")
    board.expect(r'second: echo: got "good evening"')
    # fewer than three are the domain's own
    board.send("a\x01b\x01\x01c\r")
    board.expect(r'second: echo: got "a\\x01b\\x01\\x01c"')
    board.send(CTRL_A3)
    board.expect(r"bulkhead: keyboard -> bulkhead")
    board.send("h")
    for key in "dmtq":
        board.expect(rf"bulkhead: {key}  \w+")
    board.send("d")
    board.expect(r"bulkhead: 1 +first +running")
    board.expect(r"bulkhead: 2 +second +running")
    board.send("m")
    board.expect(r"bulkhead: domain 2 second")
    board.expect(r"bulkhead: ram 0x[0-9a-f]+ \+0x[0-9a-f]+ free")
    board.expect(r"bulkhead: ram 0x[0-9a-f]+ \+0x[0-9a-f]+ second: ram")
    board.send("\x01\x01" "1")  # straight to it
    board.expect(r"bulkhead: keyboard -> first")
    board.send_line("again")
    board.expect(r'first: echo: got "again"')
    check_equal(sum("good morning" in line for line in board.lines("second")), 0, "lines of the other's input")
    board.send_line("off")
    board.keyboard_to("second")
    board.send_line("reset")
    board.expect(r"second: echo: ready")
    board.quit()


@case(timeout=120)
def flooded_input(lab):
    """More is typed than a domain takes: nothing stops, and the domain goes on with what it got."""
    board = lab.boot(lab.system([lab.guest_domain("spin", bootargs="lines=8"), lab.guest_domain("echo")]))
    board.expect(r"spin: spin: 1 of")
    for _ in range(20):
        board.send("0123456789" * 20)
    board.expect(r"spin: spin: done")
    board.keyboard_to("echo")
    board.send("\r")  # ends what of the flood came here when the other domain had gone
    board.expect(r'echo: echo: got "')
    board.send_line("still here")
    board.expect(r'echo: echo: got "still here"')
    board.quit()


@case(timeout=120)
def typing_beside_noise(lab):
    """A line is typed slowly beside a neighbour that prints: the terminal shows one copy of it, below what the neighbour says."""
    board = lab.boot(lab.system([lab.guest_domain("echo"), lab.guest_domain("spin", bootargs="lines=60 period-us=50000")]))
    board.expect(r"echo: echo> ")
    for character in "one command":
        board.send(character)
        board.expect(r"spin: spin: \d+ of")
    board.expect(r"spin: spin: \d+ of")
    before = board.text
    copies = [line for line in board.lines("echo") if "one" in line]
    check(len(copies) <= 1, f"copies of what is typed: {copies}")
    check(before.count("\r\x1b[K") >= 5, "the line that is typed does not come back behind the neighbour's")
    board.send("\r")
    board.expect(r'echo: echo: got "one command"')
    board.expect(r"spin: spin: done")
    board.send_line("off")
    check_equal([line for line in board.lines("echo") if line.startswith("echo> one")], ["echo> one command"], "copies")
    check_equal(len([line for line in board.lines("spin") if " of " in line]), 60, "lines of the neighbour")
    board.quit()


@case(timeout=120)
def timeline(lab):
    """The boot timeline: every stage and every domain, in order of time, in microseconds that agree with the counter."""
    board = lab.boot(lab.system([lab.guest_domain("hello", name="one"), lab.guest_domain("hello", name="two")]))
    board.expect_all([r"one: hello: done", r"two: hello: done"])
    text = board.quit()
    lines = [line.rstrip("\r") for line in text.split("\n")]
    rows = [re.match(r"bulkhead: +(\d+)\.(\d+) +\d+\.\d+ +(\d+)  (\S+) +(.*)", line) for line in lines]
    rows = [row for row in rows if row]
    check(len(rows) > 10, f"only {len(rows)} marks")
    times = [int(row.group(1)) * 1000 + int(row.group(2)) for row in rows]
    check_equal(times, sorted(times), "order of time")
    check(re.search(r"0 us: counter \d+, 62500000 Hz", text), "the timeline does not say what time 0 is")
    check_equal([time % 16 for time in times], [0] * len(times), "nanoseconds, at 62.5 MHz")
    check(max(map(len, lines)) <= 80, "a line does not fit 80 columns")
    for owner in ("one", "two"):
        check(any(row.group(4) == owner and "first instruction" in row.group(5) for row in rows), f"{owner} never began")
