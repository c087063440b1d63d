"""Domains that do what they should not."""
import re

from lab import case, check, check_equal


@case(timeout=180)
def hostile(lab):
    """External aborts, undefined instructions, refused calls; few messages; and a neighbour whose timer stays exact."""
    system = lab.system([lab.guest_domain("hostile"), lab.guest_domain("timer", bootargs="ticks=200")], cpus=2)
    board = lab.boot(system)
    board.expect_all([r"hostile: hostile: done", r"timer: timer: done, 200 ticks"], timeout=120)
    text = "\n".join(board.lines("hostile"))
    accesses, aborts, others = numbers(text, r"hostile: (\d+) accesses to unowned addresses, (\d+) external aborts, (\d+) others")
    check_equal((aborts, others), (accesses, 0), "aborts of accesses to addresses that it does not own")
    check("FAILED" not in text and "fatal" not in text, "an answer that hardware would not give")
    check_equal(numbers(text, r"hostile: (\d+) fetch aborts"), [1], "aborts of instruction fetches")
    calls, refused, undefined = numbers(text, r"hostile: (\d+) unknown calls, (\d+) refused, (\d+) undefined")
    check(refused + undefined >= calls, f"{calls} unknown calls, only {refused} refused and {undefined} undefined")
    count, undefined = numbers(text, r"hostile: (\d+) accesses to foreign registers, (\d+) undefined")
    check(undefined >= count // 2, f"only {undefined} of {count} accesses to foreign registers were refused")
    check(len(board.lines("bulkhead")) < 120, "the hypervisor was made to print without limit")
    board.quit()


def numbers(text, pattern):
    match = re.search(pattern, text)
    check(match, f"no line like {pattern!r}")
    return [int(group) for group in match.groups()]


@case(timeout=180)
def hostile_alone_on_one_cpu(lab):
    """The same beside two others on one CPU: they get their time."""
    system = lab.system([lab.guest_domain("hostile", bootargs="rounds=1000"), lab.guest_domain("spin"),
                         lab.guest_domain("timer")], cpus=1)
    board = lab.boot(system)
    board.expect_all([r"hostile: hostile: done", r"spin: spin: done", r"timer: timer: done"], timeout=150)
    board.quit()
