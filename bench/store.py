# SPDX-License-Identifier: Apache-2.0
"""The files of bench/results that hold figures: written by scripts, read by people, compared by tests."""
import csv
import os

from lab import ROOT
from measure import Figure

RESULTS = os.path.join("bench", "results")
BUDGETS = os.path.join(RESULTS, "budgets.csv")  # the figures
FUNCTIONS = os.path.join(RESULTS, "functions.txt")  # of each figure: instructions by function
PREDICTIONS = os.path.join(RESULTS, "predictions.csv")
PEERS = os.path.join(RESULTS, "peers.csv")
COLUMNS = ("group", "figure", "configuration", "median", "worst", "code", "data")
LICENCE = "# SPDX-License-Identifier: Apache-2.0\n"


def rows(name):
    """The lines of a file of results as dictionaries; none where there is no such file."""
    path = os.path.join(ROOT, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def write_rows(name, comment, columns, lines):
    with open(os.path.join(ROOT, name), "w", encoding="utf-8", newline="") as file:
        file.write(LICENCE + "".join(f"# {line}\n" for line in comment.splitlines()))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(lines)


def read_functions():
    """@return {(figure, configuration): {function: instructions}}"""
    table = {}
    path = os.path.join(ROOT, FUNCTIONS)
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file:
                if not line.startswith("#"):
                    figure, configurations, *fields = line.split()
                    pairs = [field.rsplit("=", 1) for field in fields]
                    for configuration in configurations.split(","):
                        table[figure, configuration] = {name: int(count) for name, count in pairs}
    return table


def write_functions(figures):
    alike = {}  # a line for all configurations that execute the same
    for (_, figure, configuration), value in figures.items():
        counts = sorted(value.functions.items(), key=lambda item: (-item[1], item[0]))
        alike.setdefault((figure, tuple(counts)), []).append(configuration)
    with open(os.path.join(ROOT, FUNCTIONS), "w", encoding="utf-8") as file:
        file.write(LICENCE + "# Written by bench/budgets.py --update: instructions by function, of each figure's median.\n")
        for (figure, counts), configurations in alike.items():
            if counts:
                file.write(" ".join([figure, ",".join(configurations), *(f"{name}={count}" for name, count in counts)]) + "\n")


def number(text):
    return int(text) if text else None


def read_figures():
    """@return {(group, figure, configuration): Figure}"""
    functions = read_functions()
    return {(row["group"], row["figure"], row["configuration"]):
            Figure(*(number(row[column]) for column in COLUMNS[3:]), functions.get((row["figure"], row["configuration"]), {}), {})
            for row in rows(BUDGETS)}


def write_figures(figures):
    write_rows(BUDGETS, "Written by bench/budgets.py --update: what may be exceeded by its tolerance only. bench/measure.py says what is "
               "what.", COLUMNS, [[*key, *("" if value is None else value for value in figure[:4])] for key, figure in figures.items()])
    write_functions(figures)
