# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/performance.md, made of the files in bench/results: each stands between two comments of the page."""
import os
import re
import sys

from lab import ROOT, operations
from measure import BYTES, Figure, description, single
from store import PEERS, PREDICTIONS, number, read_figures, rows

PAGE = os.path.join("docs", "performance.md")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end of table -->)", re.DOTALL)
CONFIGURATIONS = {"1": "1 vCPU", "2": "2 vCPUs, 2 CPUs", "2on1": "2 vCPUs, 1 CPU"}


class Figures:
    """All that was measured: of Bulkhead under the name "", of its peers under theirs."""

    def __init__(self):
        self.table = {("", figure, configuration): value for (_, figure, configuration), value in read_figures().items()}
        self.groups = {}
        for group, figure, _ in read_figures():
            if figure not in self.groups.setdefault(group, []):
                self.groups[group].append(figure)
        for row in rows(PEERS):
            self.table[row["peer"], row["figure"], row["configuration"]] = \
                Figure(*(number(row[column]) for column in ("median", "worst", "code", "data")), {}, {})

    def get(self, peer, figure, *configurations):
        """The first that there is of several configurations, or None."""
        found = (self.table.get((peer, figure, configuration)) for configuration in configurations)
        return next((value for value in found if value is not None), None)


def shown(count):
    return "" if count is None else f"{count:,}" if abs(count) < 1000000 else f"{count / 1e6:,.3f} M"


def of(figure):
    return "" if figure is None else shown(figure.median)


def with_worst(figure):
    if figure is None or figure.worst in (None, figure.median):
        return of(figure)
    return f"{of(figure)} ({shown(figure.worst)})"


def lines_of(figure):
    return "" if figure is None else f"{figure.code} + {figure.data}"


def minus(more, *less):
    if more is None or None in less:
        return None
    return single(more.median - sum(figure.median for figure in less))


def markdown(header, lines):
    cells = [[str(cell) for cell in line] for line in [header, *lines]]
    head, *body = ["| " + " | ".join(line) + " |" for line in cells]
    return "\n".join([head, "|---" * len(header) + "|", *body]) + "\n"


def boot(figures):
    columns = (("", "v2"), ("", "v3"), ("xen", "v2"), ("xen", "v3"))

    def row(text, value):
        return [text, *(of(value(*column)) for column in columns)]

    def more(figure):
        return lambda peer, gic: minus(figures.get(peer, figure, gic), figures.get(peer, "first-instruction", gic))

    def plain(figure):
        return lambda peer, gic: figures.get(peer, figure, gic)

    return markdown(["", "GICv2", "GICv3", "Xen, GICv2", "Xen, GICv3"], [
        row("reset to the first instruction of a 128 MiB domain", plain("first-instruction")),
        row("each further domain", plain("further-domain")),
        row("128 MiB to 1 GiB of guest RAM", more("guest-1gib")),
        row("2 GiB to 8 GiB of host RAM", more("host-8gib")),
        row("32 MiB of kernel more", plain("kernel-32mib")),
        row(description("eager-memory"), plain("eager-memory")),
        row(description("device-assigned"), plain("device-assigned")),
        ["SYSTEM_RESET to the first instruction, 128 MiB domain",
         *(of(figures.get(peer, "reset", f"{gic}-1")) for peer, gic in columns)]])


def linux(figures):
    columns = (("", "v2"), ("", "v3"), ("xen", "v2"), ("bare", "v2"))
    names = ("linux-init", "linux-hypervisor", "linux-copying", "linux-zeroing")
    lines = [[description(name), *(of(figures.get(peer, name, gic)) for peer, gic in columns)] for name in names]
    lines.append(["all else that the hypervisor does", *(of(minus(*(figures.get(peer, name, gic) for name in names[1:])))
                                                         for peer, gic in columns)])
    name = "linux-longest-stay"
    lines.append([description(name), *(of(figures.get(peer, name, gic)) for peer, gic in columns)])
    return markdown(["", "GICv2", "GICv3", "Xen, GICv2", "no hypervisor"], lines)


def exit_figures(figures):
    """In the order in which bench/guest/operations.h has them."""
    measured = [figure for group in ("exits", "switch", "device") for figure in figures.groups.get(group, [])]
    return [name for name, _ in operations().values() if name in measured]


def exits(figures, gic):
    table = []
    for figure in exit_figures(figures) + ["longest-stay"]:
        cells = [with_worst(figures.get("", figure, f"{gic}-{configuration}")) for configuration in CONFIGURATIONS]
        theirs = of(figures.get("xen", figure, f"{gic}-1", f"{gic}-2"))
        if any(cells):
            table.append([description(figure), *cells, theirs])
    return markdown([f"GIC{gic}", *CONFIGURATIONS.values(), "Xen"], table)


def exits_v2(figures):
    return exits(figures, "v2")


def exits_v3(figures):
    return exits(figures, "v3")


def lines(figures):
    columns = [(peer, gic) for peer in ("", "xen") for gic in ("v2", "v3")]
    table = []
    for figure in exit_figures(figures) + figures.groups.get("reset", []):
        cells = [lines_of(figures.get(peer, figure, f"{gic}-1", f"{gic}-2")) for peer, gic in columns]
        table.append([description(figure), *cells])
    return markdown(["code + data", "GICv2", "GICv3", "Xen, GICv2", "Xen, GICv3"], table)


def memory(figures):
    return markdown(["", "bytes"], [[description(name), f"{figures.get('', name, 'all').median:,}"] for name in BYTES])


def predictions(_):
    return markdown(["system", "measured", "predicted", "error"],
                    [[row["system"], f"{int(row['measured']):,}", f"{int(row['predicted']):,}",
                      f"{100 * (int(row['predicted']) - int(row['measured'])) / int(row['measured']):+.1f} %"]
                     for row in rows(PREDICTIONS)])


TABLES = {function.__name__: function for function in (boot, linux, exits_v2, exits_v3, lines, memory, predictions)}


def made(text):
    """@return the page with its tables as the results have them."""
    figures = Figures()
    return BLOCK.sub(lambda match: match[1] + TABLES[match[2]](figures) + match[4], text)


def read():
    with open(os.path.join(ROOT, PAGE), encoding="utf-8") as file:
        return file.read()


def write():
    text = made(read())
    with open(os.path.join(ROOT, PAGE), "w", encoding="utf-8") as file:
        file.write(text)
    return 0


def check():
    """@return 1 and says why where a table is missing or is not what the results say."""
    text = read()
    missing = TABLES.keys() - {match[2] for match in BLOCK.finditer(text)}
    for name in sorted(missing):
        print(f"{PAGE}: no table {name}", file=sys.stderr)
    if made(text) != text:
        print(f"{PAGE}: its tables are not what bench/results says: run bench/budgets.py --docs", file=sys.stderr)
    return 1 if missing or made(text) != text else 0
